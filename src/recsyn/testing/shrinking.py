"""The smallest input that still fails in the same way. Every round proposes many smaller inputs at once, since a model answers
batches, and goes on from the smallest of those that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, islice, takewhile
from typing import TypeAlias

from recsyn.data.space import Space
from recsyn.lang.types import CHAR, INT, Type, TypeVariable, constructors_of
from recsyn.values import Datum, Value, preorder

Key: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
_BATCH = 256
_MOST_PLACES = 128
_FEW = 1_000
"""The smallest inputs, as many as this at most, are all tried before a search is given up."""


def order(space: Space, value: Datum) -> Key:
    """What makes an input small: fewer constructors, then constructors declared earlier (an earlier node counts more), then letters
    earlier in the alphabet."""
    ranks, letters = space.ranks, space.alphabet.ranks
    nodes = list(preorder(value))
    shape = tuple(ranks.get(n.constructor, 0) for n in nodes if isinstance(n, Value))
    return len(shape), shape, tuple(letters.get(n, len(letters)) for n in nodes if not isinstance(n, Value))


def shrink(space: Space, value: Datum, still_fails: Callable[[Sequence[Datum]], Sequence[bool]], most_calls: int = 20_000) -> Datum:
    """The smallest failing input reached from ``value``: the smallest of all where inputs of its size are few.
    ``still_fails`` says of a batch which inputs fail in the same way; it is asked about at most ``most_calls`` inputs."""
    calls = 0
    seen = {value}
    improved = True
    while improved and calls < most_calls:
        improved = False
        here = order(space, value)
        proposals = (p for p in smaller(space, value) if p not in seen and order(space, p) < here)
        while batch := list(dict.fromkeys(islice(proposals, min(_BATCH, most_calls - calls)))):
            seen.update(batch)
            calls += len(batch)
            failing = [p for p, fails in zip(batch, still_fails(batch), strict=True) if fails]
            if failing:
                value = min(failing, key=lambda p: order(space, p))
                improved = True
                break
    return value


@dataclass(frozen=True, slots=True)
class _Place:
    """A node of a value: the way to it from the root, what stands there and of what type."""

    path: tuple[int, ...]
    node: Datum
    type: Type


def smaller(space: Space, value: Datum) -> Iterator[Datum]:
    """Inputs simpler than this one, the boldest changes first: a part for the whole, the least value for a part, a node left out,
    an earlier constructor for a later one, two fields exchanged, an earlier letter for a later one. Last, all inputs
    of the sizes at which there are few."""
    places = _places(space, value)
    yield from (p.node for p in places[1:] if p.type == space.type)
    nodes = [p for p in places if isinstance(p.node, Value)]
    chosen = nodes[:: max(1, -(-len(nodes) // _MOST_PLACES))]
    for place in chosen:
        least = _least(space, place.type)
        if least is not None:
            yield _replaced(value, place.path, least)
    for place in chosen:
        for part in _places(space, place.node, place.type)[1:]:
            if len(part.path) == 1 and part.type == place.type:
                yield _replaced(value, place.path, part.node)
    for place in chosen:
        siblings = constructors_of(place.type, space.datatypes)
        own = next(c for c in siblings if c.name == place.node.constructor)
        for constructor in siblings[: siblings.index(own)]:
            if constructor.fields == own.fields:
                yield _replaced(value, place.path, Value(constructor.name, place.node.fields))
    for place in chosen:
        yield from (_replaced(value, place.path, node) for node in _exchanged(space, place))
    yield from _simpler_letters(space, value, [p for p in places if not isinstance(p.node, Value)])
    counts = accumulate(space.grammar.count(space.type, s) for s in range(len(nodes) + 1))
    for size, _ in takewhile(lambda counted: counted[1] <= _FEW, enumerate(counts)):
        yield from space.grammar.values(space.type, size)


def _exchanged(space: Space, place: _Place) -> Iterator[Value]:
    """The node with two fields of one type exchanged."""
    constructor = next(c for c in constructors_of(place.type, space.datatypes) if c.name == place.node.constructor)
    for i, j in combinations(range(len(constructor.fields)), 2):
        if constructor.fields[i] == constructor.fields[j]:
            fields = list(place.node.fields)
            fields[i], fields[j] = fields[j], fields[i]
            yield Value(constructor.name, tuple(fields))


def _simpler_letters(space: Space, value: Datum, atoms: Sequence[_Place]) -> Iterator[Datum]:
    first: dict[Type, Datum] = {INT: space.alphabet.integers[0], CHAR: space.alphabet.characters[0]}
    everywhere = value
    for place in atoms:
        everywhere = _replaced(everywhere, place.path, first[place.type])
    yield everywhere
    for place in atoms[:_MOST_PLACES]:
        letters: Sequence[Datum] = space.alphabet.integers if place.type == INT else space.alphabet.characters
        for letter in letters:
            if letter == place.node:
                break
            yield _replaced(value, place.path, letter)


def _places(space: Space, value: Datum, type: Type | None = None) -> list[_Place]:
    """The nodes of a value in prefix order."""
    found: list[_Place] = []
    stack = [_Place((), value, space.type if type is None else type)]
    while stack:
        place = stack.pop()
        found.append(place)
        if isinstance(place.node, Value):
            constructor = next(c for c in constructors_of(place.type, space.datatypes) if c.name == place.node.constructor)
            fields = zip(place.node.fields, constructor.fields, strict=True)
            below = [_Place((*place.path, i), f, INT if isinstance(t, TypeVariable) else t) for i, (f, t) in enumerate(fields)]
            stack.extend(reversed(below))
    return found


def _least(space: Space, type: Type) -> Datum | None:
    """The first value of the smallest size that the type has, among sizes up to 8."""
    size = next((s for s in range(9) if space.shapes.count(type, s)), None)
    return None if size is None else space.shapes.value(type, size, 0)


def _replaced(value: Datum, path: tuple[int, ...], part: Datum) -> Datum:
    above: list[Value] = []
    for index in path:
        above.append(value)
        value = value.fields[index]
    for node, index in zip(reversed(above), reversed(path), strict=True):
        part = Value(node.constructor, (*node.fields[:index], part, *node.fields[index + 1 :]))
    return part
