"""A Gallina text cut into sentences, and each of them parsed alone: what one of them gets wrong does not hide the next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from recsyn.lang.comments import blanked
from recsyn.lang.diagnostics import Fault
from recsyn.lang.gallina import tree
from recsyn.lang.source import Span

_STRING = r'"(?:[^"]|"")*"'
_LANDMARK = re.compile(rf"{_STRING}|(?P<comment>\(\*)|(?P<dot>\.(?=\s|$))")
_FENCE = re.compile(rf"{_STRING}|(?P<fence>\(\*|\*\))")
_ATTRIBUTES = re.compile(r"\s*(?:#\[[^\]]*\]\s*)*(?:(?:Local|Global|Polymorphic|Monomorphic|Cumulative|NonCumulative|Private)\s+)*")
_WORD = re.compile(r"[^\W\d][\w']*|\S")

_SHOWN = {
    "NAME": "a name",
    "QUALIFIED": "a name",
    "NUMBER": "a number",
    "$END": "the end of the sentence",
}
_TERM = frozenset({"NAME", "QUALIFIED", "NUMBER", "LPAR", "LSQUARE", "MATCH", "AT", "TYPE"})
_PATTERN = frozenset({"NAME", "QUALIFIED", "NUMBER", "LPAR", "LSQUARE"})
_BINDER = frozenset({"NAME", "LPAR", "LBRACE", "LSQUARE", "QUOTE"})
_TERM_ALSO = {"TYPE", "SET", "PROP", "SPROP", "FUN", "FORALL", "FORALL_SIGN", "LET", "IF", "MINUS", "AT"}
_OPERATORS = frozenset(
    """ARROW IFF AND OR EQUAL DIFFERENT EQUAL_BOOL LESS AT_MOST GREATER AT_LEAST LESS_BOOL AT_MOST_BOOL CONS APPEND PLUS MINUS
    OR_BOOL STAR SLASH AND_BOOL POWER PERCENT""".split()
)
_MISPLACED = {
    "in": "a `match` is read without the type of what it looks at",
    "as": "in a `match`, what it looks at has no name; bind it by `let` before",
}
_NOT_READ = {
    "return": "a `match` is read without the type that it returns",
    "fix": "write the function as a `Fixpoint` of its own",
    "cofix": "only functions that end are read",
    "where": "write what the notation stands for",
    "exists": "what is read is programs, not propositions",
    "exists2": "what is read is programs, not propositions",
}
"""Words that are no names in Gallina, and have no place in the part of it that is read."""
_STRAY = {
    '"': "notations and strings are not read",
    "~": "what is read is programs, not propositions",
    "`": "write the type parameters in braces, as in `{A : Type}`",
    "?": "what stands there is to be written out",
    "!": "what stands there is to be written out",
    ".": "a dot ends a sentence only where white space follows it",
}


@dataclass(frozen=True)
class Sentence:
    """A stretch of the text up to its dot, which ``text`` does not hold; comments in it are blanks. ``start`` is where it begins,
    and ``end`` where the next may begin."""

    text: str
    start: int
    end: int
    closed: bool

    @cached_property
    def _opening(self) -> re.Match[str]:
        skipped = _ATTRIBUTES.match(self.text)
        found = _WORD.search(self.text, skipped.end() if skipped else 0) or _WORD.search(self.text)
        assert found is not None  # a sentence holds more than white space
        return found

    @property
    def word(self) -> str:
        """What kind of sentence it is."""
        return self._opening.group()

    @property
    def rest(self) -> str:
        """What follows that word."""
        return self.text[self._opening.end() :]

    @property
    def word_span(self) -> Span:
        start, end = self._opening.span()
        return Span(self.start + start, self.start + end)

    @property
    def words(self) -> list[str]:
        return _WORD.findall(self.text)


@cache
def _lark() -> Lark:
    return Lark(
        (files("recsyn") / "grammars" / "gallina.lark").read_text("utf-8"),
        parser="lalr",
        lexer="basic",
        start=["inductive", "fixpoint", "definition"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=tree.TreeBuilder(),
    )


@cache
def _spelling() -> dict[str, str]:
    return {t.name: t.pattern.value for t in _lark().terminals if t.pattern.type == "str"} | {"ARROW": "->", "DOUBLE_ARROW": "=>"}


def comments_of(text: str) -> list[Span]:
    """Where the comments of a text stand, in order. Raises :class:`Fault` for one that is never closed."""
    found: list[Span] = []
    at = 0
    while landmark := _LANDMARK.search(text, at):
        start, at = landmark.span()
        if landmark.lastgroup == "comment":
            at = _end_of_comment(text, start)
            found.append(Span(start, at))
    return found


def _end_of_comment(text: str, start: int) -> int:
    depth, at = 1, start + 2
    while depth:
        fence = _FENCE.search(text, at)
        if fence is None:
            raise Fault("syntax", "this comment is never closed", Span(start, start + 2), "close it with `*)`")
        at = fence.end()
        if fence.lastgroup == "fence":
            depth += 1 if fence.group() == "(*" else -1
    return at


def sentences_of(text: str, comments: Sequence[Span]) -> Iterator[Sentence]:
    """The sentences of a text, in order; the last may lack its dot."""
    text = blanked(text, comments)
    start = 0
    for landmark in _LANDMARK.finditer(text):
        if landmark.lastgroup == "dot":
            yield from _sentence(text, start, landmark.start(), landmark.end(), True)
            start = landmark.end()
    yield from _sentence(text, start, len(text), len(text), False)


def _sentence(text: str, start: int, dot: int, end: int, closed: bool) -> Iterator[Sentence]:
    held = text[start:dot]
    said = held.lstrip()
    if said or closed:
        start += len(held) - len(said)
        yield Sentence(said.rstrip() or ".", min(start, dot), end, closed)


def parsed(sentence: Sentence, start: str) -> Any:
    """What a sentence says after its first word. Raises :class:`Fault`."""
    base = sentence.word_span.end
    text = sentence.rest
    parser: Any = _lark().parse_interactive(start=start)
    last = sentence.word_span
    try:
        for token in _lark().lex(text):
            token.start_pos, token.end_pos = base + (token.start_pos or 0), base + (token.end_pos or 0)
            last = Span(token.start_pos, token.end_pos)
            if token in _NOT_READ:
                raise Fault("syntax", f"`{token}` is not read in a program", last, _NOT_READ[token])
            try:
                parser.feed_token(token)
            except UnexpectedToken:
                raise _unexpected(token, parser.accepts(), last) from None
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
        raise _bad_character(text[at], Span(base + at, base + at + 1)) from None
    try:
        return parser.feed_eof()
    except UnexpectedToken:
        wanted = _in_words(parser.accepts())
        raise Fault("syntax", f"expected {wanted}, found the end of the sentence", Span(last.end - 1, last.end)) from None


def _unexpected(token: Token, accepted: set[str], span: Span) -> Fault:
    shown = f"`{token if len(token) <= 40 else token[:37] + '…'}`"
    return Fault("syntax", f"expected {_in_words(accepted)}, found {shown}", span, _MISPLACED.get(token))


def _bad_character(character: str, span: Span) -> Fault:
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return Fault("syntax", f"`{shown}` is not read in a program", span, _STRAY.get(character))


def _in_words(accepted: set[str]) -> str:
    rest = set(accepted)
    words: list[str] = []
    if rest >= _TERM:
        rest -= _TERM | _TERM_ALSO
        words.append("a term")
    elif rest >= _BINDER:
        rest -= _BINDER
        words.append("a parameter")
    elif rest >= _PATTERN:
        rest -= _PATTERN | {"AT"}
        words.append("a pattern")
    if rest >= _OPERATORS:
        rest -= _OPERATORS
        words.append("an operator")
    words.extend(sorted({_SHOWN[name] if name in _SHOWN else f"`{_spelling()[name]}`" for name in rest}))
    if len(words) < 2:
        return words[0] if words else "nothing more"
    return ", ".join(words[:-1]) + " or " + words[-1]
