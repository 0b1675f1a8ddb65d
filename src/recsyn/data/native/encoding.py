"""Values, as rows of words, written as the numbers of tokens: what the codecs of :mod:`recsyn.data.codecs` do."""

from __future__ import annotations

from typing import Any

from recsyn.data.native.writing import Routine, Word

PREFIX, MIRROR, FLAT, BRACKETED = range(4)
"""Notations."""

PARAMETERS = (
    "words", "starts", "rows", "notation", "before", "after",
    "known", "least", "integers", "constructors", "characters",
    "node", "own", "opening", "closing",
    "tokens", "places", "stack",
)  # fmt: skip
"""``before`` and ``after`` are tokens put before and after each row, unless negative. ``known`` has the tokens of so many
``integers`` from ``least`` on, then those of so many ``constructors`` by number, then those of so many ``characters`` by code,
then -1, which is also the token of any that has none. ``node`` is the word of a tree in brackets, ``own`` a bit for each of its
fields that is a tree too. ``tokens`` has room for two for each word and each row, ``places`` gets where each row begins, and at
its end the end; ``stack`` has room for one for each word of a row."""


def write(module: Any) -> None:
    """``encode``: writes rows, and gives the first with a word that has no token, else their number."""
    _Encoding(module).write()


class _Encoding:
    def __init__(self, module: Any) -> None:
        r = self.r = Routine(module, "encode", PARAMETERS)
        self.words, self.starts = r.array("words"), r.array("starts")
        self.tokens, self.places, self.stack = r.array("tokens", 32), r.array("places"), r.array("stack")
        self.known = r.array("known", 32)
        self.place, self.row = r.variable(), r.variable()

    def write(self) -> None:
        r, row = self.r, self.row
        with r.while_(lambda: row.now < r["rows"]):
            self.places[row.now] = self.place.now
            with r.if_(r["before"].is_not(-1)):
                self.put(r["before"])
            start, end = self.starts[row.now], self.starts[row.now + 1]
            for notation, written in ((PREFIX, self.prefix), (MIRROR, self.mirror), (FLAT, self.flat), (BRACKETED, self.bracketed)):
                with r.if_(r["notation"].is_(notation)):
                    written(start, end)
            with r.if_(r["after"].is_not(-1)):
                self.put(r["after"])
            row.add(1)
        self.places[r["rows"]] = self.place.now
        r.give(r["rows"])

    def prefix(self, start: Word, end: Word) -> None:
        with self.r.each(start, end) as at:
            self.put_word(self.words[at])

    def mirror(self, start: Word, end: Word) -> None:
        at = self.r.variable(end)
        with self.r.while_(lambda: at.now > start):
            at.add(-1)
            self.put_word(self.words[at.now])

    def flat(self, start: Word, end: Word) -> None:
        """``due`` values are still to come. Where that is one, a list goes on or ends, and neither is written."""
        due = self.r.variable(1)
        with self.r.each(start, end) as at:
            word = self.words[at]
            with self.r.if_(due.now.is_not(1)):
                self.put_word(word)
            due.add(fields_of(self.r, word) - 1)

    def bracketed(self, start: Word, end: Word) -> None:
        """On the stack are the fields that open trees are at, by number. ``due`` values of a field in prefix are still to come."""
        r = self.r
        height, due, complete = r.variable(0), r.variable(0), r.variable(0)
        many = (r["node"] >> 3) & 4095
        with r.each(start, end) as at:
            word = self.words[at]

            def open_tree() -> None:
                with r.if_(height.now.is_not(0)):
                    self.put(r["opening"])
                self.stack[height.now] = 0
                height.add(1)
                due.set((r["own"] & 1) ^ 1)

            def in_prefix(word: Word = word) -> None:
                self.put_word(word)
                with r.if_(due.now.is_not(0)):
                    due.add(fields_of(r, word) - 1)
                complete.set(r.chosen(due.now.is_(0), 1, 0))

            is_tree = r.builder.and_(due.now.is_(0), word.is_(r["node"]))
            r.either(is_tree, open_tree, in_prefix)
            with r.while_(lambda: r.builder.and_(complete.now.is_not(0), height.now.is_not(0))):
                top = height.now - 1
                field = self.stack[top] + 1

                def close(top: Word = top) -> None:
                    height.set(top)
                    with r.if_(top.is_not(0)):
                        self.put(r["closing"])

                def next_field(top: Word = top, field: Word = field) -> None:
                    self.stack[top] = field
                    due.set(((r["own"] >> field) & 1) ^ 1)
                    complete.set(0)

                r.either(field.is_(many), close, next_field)

    def put(self, token: Word) -> None:
        self.tokens[self.place.now] = token
        self.place.add(1)

    def put_word(self, word: Word) -> None:
        """Without a branch, which would be foreseen too seldom."""
        r = self.r
        is_integer, is_character = (word & 1).is_(1), (word & 7).is_(6)
        named = r.chosen((word & 7).is_(0), word >> 16, word >> 3)
        number = r.chosen(is_integer, word.halved(1) - r["least"], named)
        many = r.chosen(is_integer, r["integers"], r.chosen(is_character, r["characters"], r["constructors"]))
        after_integers = r["integers"] + r.chosen(is_character, r["constructors"], 0)
        first, last = r.chosen(is_integer, 0, after_integers), r["integers"] + r["constructors"] + r["characters"]
        token = self.known[r.chosen(number < many, first + number, last)]
        with r.if_(token.is_negative(), likely=False):
            r.give(self.row.now)
        self.put(token)


def fields_of(r: Routine, word: Word) -> Word:
    """How many values follow as the fields of a word."""
    return r.chosen((word & 7).is_(0), (word >> 3) & 4095, 0)
