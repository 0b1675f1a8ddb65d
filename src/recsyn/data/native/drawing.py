"""Rows grown as :mod:`recsyn.data.growing` grows them, from the same random words."""

from __future__ import annotations

from functools import partial
from typing import Any

from recsyn.data.native.writing import Array, Routine, Variable, Word, llvm_ir
from recsyn.data.randomness import FINGERPRINT_FACTOR, FINGERPRINT_SHIFT, FINGERPRINT_START

PARAMETERS = (
    "low_key", "high_key", "attempt", "attempts", "least", "span", "spared", "takes_spared", "indices", "first", "end",
    "states", "cells", "items", "pieces", "width",
    "words", "capacity", "starts", "stack", "fingerprints", "sizes", "left",
)  # fmt: skip
"""``indices`` says for each row which one it is. Of so many ``attempts`` from ``attempt`` on, the first is taken whose
fingerprint lies in a region of :mod:`recsyn.data.splits`. ``left`` gets 1 for a row that is left to Python, as a word did not
decide, or no attempt was taken. The other results of a row are ``words``, of which ``capacity`` has room, its ``starts``, its
fingerprint and its size."""

STATE_BITS = 6
"""A state is the number of its first cell, above the bits of its choice."""
CELL = 2
"""Words of a cell: its threshold; then its own way below, the other one above, each by the place of its items."""
PIECE = 3
"""Words of a piece: as a word of values, its number in fingerprints, and what it adds to the size."""

# Philox 4×64 (Salmon et al. 2011), with the constants of its authors.
_MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
_KEY_STEPS = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)
_ROUNDS = 10
_AT_ONCE = 2


def write(module: Any) -> None:
    """``draw``: grows rows from ``first`` up to ``end``, and gives the first that there was no room for, else ``end``."""
    _Drawing(module).write()


class _Drawing:
    def __init__(self, module: Any) -> None:
        r = self.r = Routine(module, "draw", PARAMETERS)
        self.states, self.cells, self.pieces = r.array("states"), r.array("cells"), r.array("pieces")
        self.items, self.stack = r.array("items", 32), r.array("stack", 32)
        self.words, self.starts, self.left = r.array("words"), r.array("starts"), r.array("left", 8)
        self.fingerprints, self.sizes, self.spared = r.array("fingerprints"), r.array("sizes"), r.array("spared", 8)
        self.row, self.attempt = r.variable(r["first"]), r.variable(r["attempt"])
        self.place, self.height = r.variable(), r.variable()
        self.mixed, self.size, self.undecided = r.variable(), r.variable(), r.variable()
        self.stream = _Stream(r)

    def write(self) -> None:
        r, row = self.r, self.row
        indices = r.array("indices")
        with r.while_(lambda: row.now < r["end"]):
            self.place.set(self.starts[row.now])
            self.stream.begin(indices[row.now], self.attempt.now)
            self.mixed.set(FINGERPRINT_START)
            self.size.set(0)
            self.undecided.set(0)
            self.height.set(1)
            self.stack[0] = 0
            with r.while_(lambda: self.height.now.is_not(0)):
                self.height.add(-1)
                item = self.stack[self.height.now]
                r.either(item.is_negative(), partial(self.put, item), partial(self.go_on, item))
            self.judge()
        r.give(r["end"])

    def put(self, item: Word) -> None:
        r, piece = self.r, (item ^ -1) * PIECE
        with r.if_(self.place.now.is_(r["capacity"]), likely=False):
            r.give(self.row.now)
        self.words[self.place.now] = self.pieces[piece]
        self.place.add(1)
        once = (self.mixed.now ^ self.pieces[piece + 1]) * FINGERPRINT_FACTOR
        self.mixed.set(once ^ once >> FINGERPRINT_SHIFT)
        self.size.add(self.pieces[piece + 2])

    def go_on(self, item: Word) -> None:
        r, state = self.r, self.states[item]
        bits, cell = state & 2**STATE_BITS - 1, state >> STATE_BITS
        way = r.variable(0)
        r.either(bits.is_(0), lambda: way.set(self.cells[cell * CELL + 1] & 2**32 - 1), lambda: way.set(self.chosen(bits, cell)))
        at_once, later = self.items[way.now], self.items[way.now + 1]
        first = way.now + 2
        with r.each(first, first + at_once) as i:
            self.put(self.items[i])
        with r.if_(r["capacity"] < self.height.now + later, likely=False):
            r.give(self.row.now)
        with r.each(first + at_once, first + at_once + later) as i:
            self.stack[self.height.now] = self.items[i]
            self.height.add(1)

    def chosen(self, bits: Word, first: Word) -> Word:
        """The way that the next word chooses."""
        r = self.r
        word = self.stream.next() >> r.word(64) - r["width"]
        below = r["width"] - bits
        cell = (first + (word >> below)) * CELL
        rest, threshold, ways = word & (r.word(1) << below) - 1, self.cells[cell], self.cells[cell + 1]
        with r.if_(rest.is_(threshold), likely=False):
            self.undecided.set(1)
        return r.chosen(rest < threshold, ways & 2**32 - 1, ways >> 32)

    def judge(self) -> None:
        """Take what was grown and go on to the next row, or try again."""
        r, row, attempt = self.r, self.row, self.attempt
        last = self.mixed.now * FINGERPRINT_FACTOR
        fingerprint = last ^ last >> FINGERPRINT_SHIFT
        near = r.chosen(fingerprint - r["least"] <= r["span"], 1, 0)
        inside = r.chosen(self.spared[self.size.now].is_not(0), r["takes_spared"], near)
        attempt.add(1)
        over = r.chosen(attempt.now.is_(r["attempt"] + r["attempts"]), 1, 0)
        with r.if_((inside | self.undecided.now | over).is_not(0), likely=True):
            self.left[row.now] = self.undecided.now | (inside ^ 1)
            self.fingerprints[row.now], self.sizes[row.now] = fingerprint, self.size.now
            self.starts[row.now + 1] = self.place.now
            row.add(1)
            attempt.set(r["attempt"])


class _Stream:
    """The random words of a row, some blocks of four at a time, so that the machine has several to work on at once."""

    def __init__(self, routine: Routine) -> None:
        self.routine = routine
        with routine.builder.goto_entry_block():
            kept = routine.builder.alloca(routine.type, size=llvm_ir().Constant(llvm_ir().IntType(32), 4 * _AT_ONCE))
            address = Word(routine, routine.builder.ptrtoint(kept, routine.type))
            self.kept = Array(routine, address, 64)
        self.index, self.attempt, self.block, self.used = (Variable(routine, 0) for _ in range(4))

    def begin(self, index: Word, attempt: Word) -> None:
        self.index.set(index)
        self.attempt.set(attempt)
        self.block.set(0)
        self.used.set(4 * _AT_ONCE)

    def next(self) -> Word:
        r = self.routine
        with r.if_(self.used.now.is_(4 * _AT_ONCE), likely=False):
            made = [word for i in range(_AT_ONCE) for word in self._philox(self.block.now + (i + 1))]
            self.block.add(_AT_ONCE)
            self.used.set(0)
            for i, word in enumerate(made):
                self.kept[i] = word
        word = self.kept[self.used.now]
        self.used.add(1)
        return word

    def _philox(self, block: Word) -> tuple[Word, ...]:
        r = self.routine
        a, b, c, d = block, self.attempt.now, self.index.now, r.word(0)
        low, high = r["low_key"], r["high_key"]
        for number in range(_ROUNDS):
            if number:
                low, high = low + _KEY_STEPS[0], high + _KEY_STEPS[1]
            (first_upper, first), (second_upper, second) = a.product(_MULTIPLIERS[0]), c.product(_MULTIPLIERS[1])
            a, b, c, d = second_upper ^ b ^ low, second, first_upper ^ d ^ high, first
        return a, b, c, d
