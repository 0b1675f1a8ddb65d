"""The smallest inputs of a type, in an order that comes soon to what bugs are about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate, chain, takewhile

from recsyn.data.space import Space, relabelled
from recsyn.values import Datum, Value, preorder, size

_MANY_SHAPES = 1_000_000


def smallest(space: Space, max_size: int, count: int) -> Iterator[Datum]:
    """The smallest inputs in order of size: first those of two letters, with which most can be said; then all, up to a size at
    which they become many; then every shape, its letters in turn and all the same. Some come more than once."""
    largest = max_size if space.largest is None else min(max_size, space.largest)
    least = 0
    if not space.alphabet.distinct:
        if space.lettered:
            yield from _every(_of_two_letters(space), largest, count // 2)
        least = 1 + max(_sizes(space, largest, count), default=-1)
        yield from _every(space, largest, count)
    for value in takewhile(lambda value: size(value) <= largest, space.smallest(_MANY_SHAPES)):
        if size(value) >= least:
            yield value
            if space.lettered and not space.alphabet.distinct:
                letters = [atom for atom in preorder(value) if not isinstance(atom, Value)]
                yield relabelled(value, [_first(space, letter) for letter in letters])


def _of_two_letters(space: Space) -> Space:
    letters = space.alphabet
    return replace(space, alphabet=replace(letters, integers=letters.integers[:2], characters=letters.characters[:2]))


def _sizes(space: Space, largest: int, count: int) -> Iterator[int]:
    """The sizes from 0 on that have at most so many inputs together."""
    totals = accumulate(space.grammar.count(space.type, s) for s in range(largest + 1))
    return (s for s, _ in takewhile(lambda counted: counted[1] <= count, enumerate(totals)))


def _every(space: Space, largest: int, count: int) -> Iterator[Datum]:
    return chain.from_iterable(space.grammar.values(space.type, s) for s in _sizes(space, largest, count))


def _first(space: Space, letter: Datum) -> Datum:
    return space.alphabet.integers[0] if isinstance(letter, int) else space.alphabet.characters[0]
