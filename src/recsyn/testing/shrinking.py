"""The smallest input that still fails in the same way. Every round proposes smaller inputs in batches, since a model answers those,
the first ones short, since each input asked costs; it goes on from the smallest of those that fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, chain, combinations, islice, takewhile
from typing import TypeAlias

from recsyn.data.space import Space, relabelled
from recsyn.lang.types import INT, Constructor, Type, constructors_of
from recsyn.testing.flat import Flat, flattened, rebuilt
from recsyn.values import Datum, Value, preorder

Key: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
_FIRST_BATCH, _BATCH = 16, 256
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
    return deque(chain([value], shrinking(space, value, still_fails, most_calls)), maxlen=1).pop()


def shrinking(
    space: Space, value: Datum, still_fails: Callable[[Sequence[Datum]], Sequence[bool]], most_calls: int = 20_000
) -> Iterator[Datum]:
    """The same, each smaller failing input as it is reached."""
    calls = 0
    seen = {value}
    improved = True
    while improved and calls < most_calls:
        improved = False
        here, width = order(space, value), _FIRST_BATCH
        proposals = (p for p in smaller(space, value) if p not in seen and order(space, p) < here)
        while batch := list(dict.fromkeys(islice(proposals, min(width, most_calls - calls)))):
            width = min(2 * width, _BATCH)
            seen.update(batch)
            calls += len(batch)
            failing = [p for p, fails in zip(batch, still_fails(batch), strict=True) if fails]
            if failing:
                value = min(failing, key=lambda p: order(space, p))
                improved = True
                yield value
                break


def smaller(space: Space, value: Datum) -> Iterator[Datum]:
    """Inputs simpler than this one, the boldest changes first: a part for the whole, the least value for a part, nodes left out, an
    earlier constructor for a later one, what is large moved to later places, an earlier letter for a later one. Last, all inputs of
    the sizes at which there are few."""
    flat = flattened(space, value)
    parts = [p for p in range(1, len(flat.nodes)) if flat.types[p] == space.type]
    yield from (flat.nodes[p] for p in sorted(parts, key=lambda p: flat.ends[p] - p))
    nodes = [p for p, node in enumerate(flat.nodes) if isinstance(node, Value)]
    chosen = nodes[:: max(1, -(-len(nodes) // _MOST_PLACES))]
    for place in chosen:
        least = _least(space, flat.types[place])
        if least is not None:
            yield flat.with_part(place, list(preorder(least)))
    for stride in _strides(len(nodes)):
        for place in chosen:
            yield from _left_out(flat, place, stride)
    for place in chosen:
        for constructor in _earlier(space, flat, place):
            node = Value(constructor.name, flat.nodes[place].fields)
            yield flat.with_part(place, [node, *flat.part(place)[1:]])
    for place in chosen:
        yield from _later(space, flat, place)
    yield from _simpler_letters(space, value, flat)
    counts = accumulate(space.grammar.count(space.type, s) for s in range(len(nodes) + 1))
    for size, _ in takewhile(lambda counted: counted[1] <= _FEW, enumerate(counts)):
        yield from space.grammar.values(space.type, size)


def _strides(nodes: int) -> list[int]:
    """How many nodes of a path are left out at once: half of all, a quarter, …, one."""
    return [1 << power for power in reversed(range(max(1, nodes.bit_length() - 1)))]


def _left_out(flat: Flat, place: int, stride: int) -> Iterator[Datum]:
    """The part replaced by one of its own type, ``stride`` steps down along some field."""
    for field in flat.fields(place):
        way = [field]
        while way and len(way) < stride:
            below = [f for f in flat.fields(way[-1]) if flat.types[f] == flat.types[place]]
            way = [*way, below[0]] if below else []
        if way and flat.types[way[-1]] == flat.types[place]:
            yield flat.with_part(place, flat.part(way[-1]))


def _own(space: Space, flat: Flat, place: int) -> Constructor:
    return next(c for c in constructors_of(flat.types[place], space.datatypes) if c.name == flat.nodes[place].constructor)


def _earlier(space: Space, flat: Flat, place: int) -> Iterator[Constructor]:
    """The constructors declared before the one that stands there, with the same fields."""
    own = _own(space, flat, place)
    siblings = constructors_of(flat.types[place], space.datatypes)
    return (c for c in siblings[: siblings.index(own)] if c.fields == own.fields)


def _later(space: Space, flat: Flat, place: int) -> Iterator[Datum]:
    """What stands there moved to a later place: two fields exchanged, a node turned over its first field, two constructors
    exchanged."""
    fields = flat.fields(place)
    for a, b in combinations(range(len(fields)), 2):
        if flat.types[fields[a]] == flat.types[fields[b]]:
            exchanged = list(fields)
            exchanged[a], exchanged[b] = exchanged[b], exchanged[a]
            yield flat.with_part(place, [flat.nodes[place], *(n for f in exchanged for n in flat.part(f))])
    own = [f for f in fields if flat.types[f] == flat.types[place]]
    if len(own) > 1 and flat.nodes[own[0]].constructor == flat.nodes[place].constructor:
        yield _turned(flat, place, own)
    earlier = {c.name for c in _earlier(space, flat, place)}
    after = [p for p in range(place + 1, len(flat.nodes)) if earlier and _named(flat, p, place, earlier)]
    for other in dict.fromkeys([*after[:1], *after[-1:]]):
        nodes = list(flat.nodes)
        nodes[place] = Value(flat.nodes[other].constructor, flat.nodes[place].fields)
        nodes[other] = Value(flat.nodes[place].constructor, flat.nodes[other].fields)
        yield rebuilt(nodes)


def _named(flat: Flat, place: int, like: int, names: set[str]) -> bool:
    return flat.types[place] == flat.types[like] and flat.nodes[place].constructor in names


def _turned(flat: Flat, place: int, own: Sequence[int]) -> Datum:
    """p (q x … y) … z becomes p x … (q y … z): the node under the first field comes to stand under the last."""
    below = [f for f in flat.fields(own[0]) if flat.types[f] == flat.types[place]]
    inner = {below[0]: below[-1], below[-1]: own[-1]}
    under = [n for f in flat.fields(own[0]) for n in flat.part(inner.get(f, f))]
    outer = {own[0]: flat.part(below[0]), own[-1]: [flat.nodes[own[0]], *under]}
    return flat.with_part(place, [flat.nodes[place], *(n for f in flat.fields(place) for n in outer.get(f, flat.part(f)))])


def _simpler_letters(space: Space, value: Datum, flat: Flat) -> Iterator[Datum]:
    places = [p for p, node in enumerate(flat.nodes) if not isinstance(node, Value)]
    if not places:
        return
    held = [flat.nodes[p] for p in places]
    alphabets = [_letters(space, flat.types[p]) for p in places]
    yield relabelled(value, [alphabet[0] for alphabet in alphabets])
    for letter, alphabet in dict(zip(held, alphabets, strict=True)).items():
        for earlier in takewhile(lambda other, letter=letter: other != letter, alphabet):  # type: ignore[misc]
            yield relabelled(value, [earlier if h == letter and type(h) is type(letter) else h for h in held])
    for i in range(min(len(places), _MOST_PLACES)):
        for earlier in takewhile(lambda other, i=i: other != held[i], alphabets[i]):  # type: ignore[misc]
            yield relabelled(value, [*held[:i], earlier, *held[i + 1 :]])


def _letters(space: Space, type: Type) -> Sequence[Datum]:
    return space.alphabet.integers if type == INT else space.alphabet.characters


def _least(space: Space, type: Type) -> Datum | None:
    """The first value of the smallest size that the type has, among sizes up to 8."""
    size = next((s for s in range(9) if space.shapes.count(type, s)), None)
    return None if size is None else space.shapes.value(type, size, 0)
