"""The facts of values that :mod:`recsyn.data.features` defines, row after row."""

from __future__ import annotations

from typing import Any

from recsyn.data.native.encoding import fields_of
from recsyn.data.native.writing import Routine, Variable, Word

PARAMETERS = (
    "words", "starts", "rows", "constructors", "calls", "many_calls", "spines", "many_spines", "columns", "facts",
    "ends", "depths", "sizes", "nesting", "made", "rests", "seen", "stamps", "mask",
)  # fmt: skip
"""``facts``, full of zeros, gets so many ``columns`` for each row: :data:`FIXED`, then a length for each spine, then counts of
constructors.

``constructors`` has for each by its number: the column that counts it, or -1; a bit for each of its fields that is of its type,
where it has two of them or more; and 1 where it has any. ``calls`` has for each recursive call what matching has shown: how many
parts, and for each its path and its constructor; then the path of the part that the call receives. A path is how many steps, and
for each a constructor and a field. ``spines`` has constructors and fields. The others are scratch: a word for each word of the
longest row; ``seen`` and ``stamps`` are of a length that is a power of two, above twice that, of which ``mask`` is one less, the
stamps 0."""

SIZE, DEPTH, NESTING, CALLS, REST, FORKS, IMBALANCE, BALANCE, ATOMS, DISTINCT = range(10)
FIXED = 10
CONSTRUCTOR = 3
"""Words of a constructor."""
MOST_CALLS = 2**62
"""Where counting calls ends: they may double with every constructor."""


def write(module: Any) -> None:
    """``measure``: fills in the facts."""
    _Measuring(module).write()


class _Measuring:
    def __init__(self, module: Any) -> None:
        r = self.r = Routine(module, "measure", PARAMETERS)
        self.words, self.starts, self.facts = r.array("words"), r.array("starts"), r.array("facts")
        self.constructors, self.calls, self.spines = r.array("constructors"), r.array("calls"), r.array("spines")
        self.ends, self.depths, self.sizes = r.array("ends"), r.array("depths"), r.array("sizes")
        self.nesting, self.made, self.rests = r.array("nesting"), r.array("made"), r.array("rests")
        self.seen, self.stamps = r.array("seen"), r.array("stamps")
        self.start, self.row_facts, self.stamp = r.variable(), r.variable(), r.variable()

    def write(self) -> None:
        r = self.r
        with r.each(0, r["rows"]) as row:
            self.start.set(self.starts[row])
            self.row_facts.set(row * r["columns"])
            self.stamp.set(row + 1)
            at = r.variable(self.starts[row + 1] - self.start.now)
            with r.while_(lambda: at.now.is_not(0)):
                at.add(-1)
                self.part(at.now)
            for fact, of in (
                (SIZE, self.sizes),
                (DEPTH, self.depths),
                (NESTING, self.nesting),
                (CALLS, self.made),
                (REST, self.rests),
            ):
                self.set(fact, of[0])
            with r.each(0, r["many_spines"]) as spine:
                self.spine(spine)
        r.give(r["rows"])

    # One row. Places are counted from its first word.

    def word(self, place: Word) -> Word:
        return self.words[self.start.now + place]

    def number(self, place: Word) -> Word:
        """The number of the constructor there, -1 for an atom."""
        word = self.word(place)
        named = self.r.chosen((word & 7).is_(0), word >> 16, word >> 3)
        return self.r.chosen(self.r.builder.or_((word & 1).is_(1), (word & 7).is_(6)), -1, named)

    def set(self, fact: Word | int, value: Word) -> None:
        self.facts[self.row_facts.now + fact] = value

    def add(self, fact: Word | int, value: Word | int) -> None:
        self.set(fact, self.facts[self.row_facts.now + fact] + value)

    def field(self, place: Word, index: Word) -> Word:
        """Where a field begins."""
        at = self.r.variable(place + 1)
        with self.r.each(0, index):
            at.set(self.ends[at.now])
        return at.now

    def part(self, place: Word) -> None:
        r = self.r
        number = self.number(place)
        after, deepest, size = r.variable(place + 1), r.variable(0), r.variable(0)
        with r.each(0, fields_of(r, self.word(place))):
            deepest.set(self.larger(deepest.now, self.depths[after.now]))
            size.add(self.sizes[after.now])
            after.set(self.ends[after.now])
        own = r.chosen(number.is_negative(), 0, 1)
        self.ends[place], self.depths[place], self.sizes[place] = after.now, deepest.now + own, size.now + own
        self.nesting[place], self.made[place], self.rests[place] = r.word(0), r.word(0), size.now + own
        r.either(number.is_negative(), lambda: self.atom(self.word(place)), lambda: self.constructor(place, number))

    def atom(self, word: Word) -> None:
        """A set of words by open addressing, emptied by another stamp."""
        r = self.r
        self.add(ATOMS, 1)
        mixed = word * 0x9E3779B97F4A7C15
        slot = r.variable((mixed >> 32) & r["mask"])
        with r.while_(lambda: r.builder.and_(self.stamps[slot.now].is_(self.stamp.now), self.seen[slot.now].is_not(word))):
            slot.set((slot.now + 1) & r["mask"])
        with r.if_(self.stamps[slot.now].is_not(self.stamp.now)):
            self.stamps[slot.now], self.seen[slot.now] = self.stamp.now, word
            self.add(DISTINCT, 1)

    def constructor(self, place: Word, number: Word) -> None:
        r = self.r
        entry = number * CONSTRUCTOR
        column, mask = self.constructors[entry], self.constructors[entry + 1]
        with r.if_(column.is_not(-1)):
            self.add(column, 1)
        with r.if_(mask.is_not(0)):
            self.branching(place, mask)
        self.recursion(place)

    def branching(self, place: Word, mask: Word) -> None:
        r = self.r
        left, child = r.variable(mask), r.variable(place + 1)
        going_on, first, last = r.variable(0), r.variable(-1), r.variable(0)
        most, least = r.variable(0), r.variable(2**62)
        with r.while_(lambda: left.now.is_not(0)):
            with r.if_((left.now & 1).is_(1)):
                depth = self.depths[child.now]
                most.set(self.larger(most.now, depth))
                least.set(r.chosen(depth < least.now, depth, least.now))
                first.set(r.chosen(first.now.is_(-1), depth, first.now))
                last.set(depth)
                going_on.add(self.constructors[self.number(child.now) * CONSTRUCTOR + 2])
            left.set(left.now >> 1)
            child.set(self.ends[child.now])
        self.add(FORKS, r.chosen(going_on.now > 1, 1, 0))
        self.set(IMBALANCE, self.larger(self.facts[self.row_facts.now + IMBALANCE], most.now - least.now))
        # The root comes last.
        self.set(BALANCE, r.chosen(place.is_(0), last.now - first.now, 0))

    def recursion(self, place: Word) -> None:
        r = self.r
        at, deepest, made, rest = r.variable(0), r.variable(0), r.variable(0), r.variable(-1)
        with r.each(0, r["many_calls"]):
            holds = r.variable(1)
            shown = self.calls[at.now]
            at.add(1)
            with r.each(0, shown):
                part = self.follow(place, at, holds)
                with r.if_(holds.now.is_not(0)):
                    holds.set(r.chosen(self.number(part.now).is_(self.calls[at.now]), 1, 0))
                at.add(1)
            part = self.follow(place, at, holds)
            with r.if_(holds.now.is_not(0)):
                deepest.set(self.larger(deepest.now, self.nesting[part.now] + 1))
                made.set(self.capped(made.now + self.made[part.now] + 1))
                rest.set(r.chosen(self.rests[part.now] < rest.now, self.rests[part.now], rest.now))
        with r.if_(rest.now.is_not(-1)):
            self.nesting[place], self.made[place], self.rests[place] = deepest.now, made.now, rest.now

    def follow(self, place: Word, at: Variable, holds: Variable) -> Variable:
        """The part at the end of the path that is read from ``at`` on; where it leads nowhere, nothing ``holds`` any more."""
        r = self.r
        part, steps = r.variable(place), self.calls[at.now]
        at.add(1)
        with r.each(0, steps):
            with r.if_(holds.now.is_not(0)):
                fits = self.number(part.now).is_(self.calls[at.now])
                holds.set(r.chosen(fits, 1, 0))
                with r.if_(fits):
                    part.set(self.field(part.now, self.calls[at.now + 1]))
            at.add(2)
        return part

    def spine(self, spine: Word) -> None:
        r = self.r
        at, steps = r.variable(0), r.variable(0)
        constructor, index = self.spines[spine * 2], self.spines[spine * 2 + 1]
        with r.while_(lambda: self.number(at.now).is_(constructor)):
            at.set(self.field(at.now, index))
            steps.add(1)
        self.set(spine + FIXED, steps.now)

    def larger(self, one: Word, other: Word) -> Word:
        return self.r.chosen(one > other, one, other)

    def capped(self, calls: Word) -> Word:
        return self.r.chosen(calls > MOST_CALLS, MOST_CALLS, calls)
