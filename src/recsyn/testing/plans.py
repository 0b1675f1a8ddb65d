"""What a value of a given size may look like: a spine, full, or as chance will have it. Strategies draw values by plans, so that a
size is chosen first and shapes that bugs hide in are common. No value is counted: which sizes there are is all that is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from random import Random
from typing import Literal

from recsyn.data.space import Space
from recsyn.data.treegrammar import Symbol, reached
from recsyn.values import Datum, Value

Atom = Literal["integer", "character"]
_Split = Literal["least", "greatest", "either", "even", "any"]
_SPLITS: tuple[_Split, ...] = ("least", "greatest", "either", "even", "even", "any", "any")
_LABELS = (None, None, 2, 3, 10)
"""From how many of the first integers and characters labels are, ``None`` for all of them."""


@dataclass(frozen=True)
class Sizes:
    """A set of sizes, not empty, as bits, that of size 0 the lowest."""

    bits: int

    @cached_property
    def least(self) -> int:
        return (self.bits & -self.bits).bit_length() - 1

    @cached_property
    def greatest(self) -> int:
        return self.bits.bit_length() - 1

    @cached_property
    def _digits(self) -> str:
        return bin(self.bits)[:1:-1]

    def __contains__(self, size: int) -> bool:
        return 0 <= size < len(self._digits) and self._digits[size] == "1"

    def __iter__(self) -> Iterator[int]:
        return (size for size, digit in enumerate(self._digits) if digit == "1")


def together(one: int, other: int, limit: int) -> int:
    """The sums of a size of one set and a size of another, as bits, up to a limit."""
    fewer, more = sorted((one, other), key=int.bit_count)
    mask = (2 << limit) - 1
    if fewer == 1:
        return more & mask
    total = 0
    while fewer:
        lowest = fewer & -fewer
        total |= more * lowest
        fewer ^= lowest
    return total & mask


@dataclass(eq=False)
class Build:
    """A constructor, and what stands in its fields. ``rests[i]`` are the sizes of the fields from the i-th on together."""

    constructor: str
    fields: tuple[Sort, ...]
    rests: tuple[Sizes, ...] = ()


@dataclass(eq=False)
class Sort:
    """What may stand at a place in a value, and how large it may be. The first of its builds leads to the least values; the others
    are in the order in which they are declared."""

    number: int
    atom: Atom | None
    sizes: Sizes
    builds: list[Build] = field(default_factory=list)

    @cached_property
    def is_chain(self) -> bool:
        """Whether its values hold further ones of the sort in last fields alone, as lists do."""
        own = [[part is self for part in build.fields] for build in self.builds]
        return any(map(any, own)) and not any(any(places[:-1]) for places in own)


def sort_of(space: Space, limit: int) -> Sort:
    """The values of a space up to a size, of which there are some."""
    grammar = space.shapes
    grammar.derives(space.type, limit)
    start = grammar.symbol(space.type)
    mask = (2 << limit) - 1
    found: dict[Symbol, Sort] = {}
    # In an order that is the same in every run: numbers are labels of what Hypothesis keeps.
    waiting, there = [start], {s for s in reached(start) if s.there & mask}
    while waiting:
        symbol = waiting.pop()
        if symbol not in found:
            letter = symbol.letters[0] if symbol.letters else None
            atom: Atom | None = None if letter is None else "integer" if isinstance(letter, int) else "character"
            found[symbol] = Sort(len(found), atom, Sizes(symbol.there & mask))
            waiting.extend(part for way in reversed(symbol.ways) if there.issuperset(way.fields) for part in reversed(way.fields))
    for symbol, sort in found.items():
        for way in symbol.ways:
            if there.issuperset(way.fields):
                build = Build(way.constructor, tuple(found[part] for part in way.fields))
                rests = [1]
                for part in reversed(build.fields):
                    rests.append(together(rests[-1], part.sizes.bits, limit))
                if all(rests):
                    build.rests = tuple(map(Sizes, reversed(rests)))
                    sort.builds.append(build)
        if sort.builds:
            least = min(sort.builds, key=lambda build: build.rests[0].least)
            sort.builds.sort(key=lambda build: build is not least)
    return found[start]


def atoms_of(sort: Sort) -> list[Atom]:
    """The kinds of labels that values may hold."""
    seen: dict[int, Sort] = {}
    waiting = [sort]
    while waiting:
        at = waiting.pop()
        if at.number not in seen:
            seen[at.number] = at
            waiting.extend(part for build in at.builds for part in build.fields)
    return sorted({at.atom for at in seen.values() if at.atom})


@dataclass(frozen=True)
class Plan:
    """How sizes are shared out among fields; whether nodes of one sort are built alike; of how many labels a value is made."""

    split: _Split
    steady: bool
    labels: int | None
    rng: Random

    def size(self, sizes: Sequence[int]) -> int:
        """One of some sizes, in order: small ones often, the greatest now and then."""
        if self is LEAST:
            return sizes[0]
        lot = self.rng.random()
        if lot < 0.1:
            return sizes[-1]
        return sizes[self.rng.randrange(min(6, len(sizes)) if lot < 0.6 else len(sizes))]

    def build(self, sort: Sort, size: int) -> Build:
        """One that has values of this size, where there is any."""
        possible = [b for b in sort.builds if size - 1 in b.rests[0]]
        if len(possible) < 2:
            return possible[0] if possible else sort.builds[0]
        if self.steady:
            return possible[-1 - sort.number % len(possible)]
        return possible[0] if self.split == "least" else self.rng.choice(possible)

    def shares(self, build: Build, size: int) -> list[int]:
        """Sizes of the fields of a build, together as near to ``size`` as they can be."""
        if size not in build.rests[0]:
            size = build.rests[0].least
        shares: list[int] = []
        many = sum(part.atom is None for part in build.fields)
        for part, rest in zip(build.fields, build.rests[1:], strict=True):
            if part.atom is not None:
                shares.append(0)
                continue
            if many == 1:
                shares.append(size)
                continue
            low, high = max(part.sizes.least, size - rest.greatest), min(part.sizes.greatest, size - rest.least)
            own = _nearest(self._wanted(low, high, size, many), low, high, part.sizes, size, rest)
            shares.append(own)
            size -= own
            many -= 1
        return shares

    def _wanted(self, low: int, high: int, size: int, many: int) -> int:
        if low >= high or self.split == "least":
            return low
        if self.split == "greatest":
            return high
        if self.split == "even":
            return size // many
        return self.rng.choice((low, high)) if self.split == "either" else self.rng.randint(low, high)


LEAST = Plan("least", False, None, Random(0))
"""Makes the least shape of a size."""


def plan_of(seed: int) -> Plan:
    rng = Random(seed)
    return Plan(rng.choice(_SPLITS), rng.random() < 0.3, rng.choice(_LABELS), rng)


def _nearest(wanted: int, low: int, high: int, sizes: Sizes, whole: int, rest: Sizes) -> int:
    """The size from ``low`` to ``high`` nearest to the one that is wanted, among those that leave one of ``rest``; there is one."""
    wanted = min(max(wanted, low), high)
    near = (size for away in range(high - low + 1) for size in (wanted - away, wanted + away))
    return next(size for size in near if size in sizes and whole - size in rest)


def laid_out(sort: Sort, size: int, plan: Plan) -> list[Build | Atom]:
    """The shape of a size that a plan makes: constructors before their fields, and which places hold which labels."""
    pieces: list[Build | Atom] = []
    stack = [(sort, size)]
    while stack:
        at, size = stack.pop()
        if at.atom is not None:
            pieces.append(at.atom)
            continue
        build = plan.build(at, size)
        pieces.append(build)
        stack.extend(zip(reversed(build.fields), reversed(plan.shares(build, size - 1)), strict=True))
    return pieces


def assembled(pieces: Sequence[Build | Atom], labels: Mapping[Atom, Iterable[Datum]]) -> Datum:
    """The value of a shape with these labels, in order."""
    given = {kind: iter(own) for kind, own in labels.items()}
    filled = [piece if isinstance(piece, Build) else next(given[piece]) for piece in pieces]
    stack: list[Datum] = []
    for piece in reversed(filled):
        if isinstance(piece, Build):
            stack.append(Value(piece.constructor, tuple([stack.pop() for _ in piece.fields])))
        else:
            stack.append(piece)
    return stack[0]
