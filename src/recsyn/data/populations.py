"""Populations: all values of one size that a start derives, their labels repeated or distinct, every one as likely.

Where labels are distinct, the values of a shape with i integers and c characters are as many as there are arrangements of i of the
integers and c of the characters, so values are drawn by the number of their labels first, then by shape, then by arrangement; each
is as likely as any other of its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import perm
from random import Random

from recsyn.data.labelling import Range
from recsyn.data.space import Labels, Space, relabelled
from recsyn.data.treegrammar import Nonterminal
from recsyn.values import Datum, Value, preorder

_COUNTED = 2**50


@dataclass(frozen=True, eq=False)
class Population:
    """The values of ``size`` that ``start`` derives, none of them with a label twice where they are ``distinct``."""

    space: Space
    start: Nonterminal
    size: int

    @property
    def distinct(self) -> bool:
        return self.space.alphabet.distinct

    def __bool__(self) -> bool:
        return bool(self._labellings) if self.distinct else self.space.grammar.derives(self.start, self.size)

    @cached_property
    def count(self) -> int:
        """How many there are."""
        if not self.distinct:
            return self.space.grammar.count(self.start, self.size)
        return sum(self.space.shapes.count(labels.start, self.size) * self._arrangements(labels) for labels in self._labellings)

    @property
    def counted(self) -> int:
        """How many there are, or 2^50 where they are more; it makes no large numbers."""
        if not self.distinct:
            return _few(self.space.grammar.fewer(self.start, self.size, _COUNTED))
        shapes = (_few(self.space.shapes.fewer(labels.start, self.size, _COUNTED)) for labels in self._labellings)
        return min(_COUNTED, sum(n * self._arrangements(labels) for n, labels in zip(shapes, self._labellings, strict=True)))

    def value(self, rank: int) -> Datum:
        """The one with a rank from 0 up, below ``count``. Raises ``IndexError`` for another rank."""
        if not self.distinct:
            return self.space.grammar.value(self.start, self.size, rank)
        letters, shapes = self.space.alphabet, self.space.shapes
        for labels in self._labellings if rank >= 0 else ():
            arrangements = self._arrangements(labels)
            count = shapes.count(labels.start, self.size) * arrangements
            if rank < count:
                number, order = divmod(rank, arrangements)
                first, second = divmod(order, perm(len(letters.characters), labels.characters))
                integers = _arrangement(letters.integers, labels.integers, first)
                characters = _arrangement(letters.characters, labels.characters, second)
                return _lettered(shapes.value(labels.start, self.size, number), integers, characters)
            rank -= count
        raise IndexError(f"there are {self.count} values of size {self.size}, and no such rank")

    def drawn(self, rng: Random) -> Datum:
        """One of them, each as likely; there must be one."""
        if not self.distinct:
            return self.space.grammar.drawn(self.start, self.size, rng)
        if len(self._labellings) > 1:
            return self.value(rng.randrange(self.count))
        # Shapes are as likely as their values, so that neither need be counted exactly.
        (labels,), letters = self._labellings, self.space.alphabet
        shape = self.space.shapes.drawn(labels.start, self.size, rng)
        return _lettered(shape, rng.sample(letters.integers, labels.integers), rng.sample(letters.characters, labels.characters))

    @cached_property
    def _labellings(self) -> list[Labels]:
        return self.space.labellings(self.start, self.size)

    def _arrangements(self, labels: Labels) -> int:
        letters = self.space.alphabet
        return perm(len(letters.integers), labels.integers) * perm(len(letters.characters), labels.characters)


def population(space: Space, start: Nonterminal, size: int) -> Population | None:
    """The population, unless it is empty."""
    members = Population(space, start, size)
    return members if members else None


def too_few_letters(space: Space, start: Nonterminal, sizes: Sequence[int]) -> str | None:
    """What is said where values of these sizes would be there, were there more letters: labels are distinct."""
    if not space.alphabet.distinct:
        return None
    ranges = [found for size in sizes if (found := space.labelling.ranges(start, size))]
    if not ranges:
        return None
    (integers, _), (characters, _) = min(ranges, key=_fewest)
    held = [f"{n:,} different {what}" for n, what in ((integers, "integers"), (characters, "characters")) if n]
    letters = space.alphabet
    given = f"{len(letters.integers):,} integers and {len(letters.characters):,} characters"
    return f"labels are distinct: each holds {' and '.join(held)} at least, of an alphabet of {given}"


def _few(count: int | None) -> int:
    return _COUNTED if count is None else count


def _fewest(ranges: tuple[Range, Range]) -> int:
    return ranges[0][0] + ranges[1][0]


def _arrangement(letters: Sequence[Datum], many: int, rank: int) -> list[Datum]:
    """So many different letters in a row: that of a rank, below the number of such rows."""
    left = list(letters)
    found = []
    for _ in range(many):
        rank, place = divmod(rank, len(left))
        found.append(left.pop(place))
    return found


def _lettered(shape: Datum, integers: Sequence[Datum], characters: Sequence[Datum]) -> Datum:
    """The shape with these labels, each kind from left to right."""
    own, others = iter(integers), iter(characters)
    atoms = (atom for atom in preorder(shape) if not isinstance(atom, Value))
    return relabelled(shape, [next(own) if isinstance(atom, int) else next(others) for atom in atoms])
