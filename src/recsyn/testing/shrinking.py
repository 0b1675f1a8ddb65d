"""The smallest input that still fails in the same way. Every round proposes smaller inputs in batches, since a model answers those,
the first ones short, since each input asked costs; it goes on from the smallest of those that fail."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations, cycle, islice, product, takewhile
from typing import TypeAlias

from recsyn.data.space import Space, relabelled
from recsyn.lang.types import INT, Constructor, Type, constructors_of
from recsyn.testing.flat import Flat, flattened, rebuilt
from recsyn.values import Datum, Value, preorder

Key: TypeAlias = tuple[int, tuple[int, ...], tuple[int, ...]]
StillFails: TypeAlias = Callable[[Sequence[Datum]], Sequence[bool]]
_FIRST_BATCH, _BATCH = 4, 256
_MOST_PLACES = 128
_FEW_SHAPES = 200
_MOST_FOR_PAIRS = 24


def order(space: Space, value: Datum) -> Key:
    """What makes an input small: fewer constructors, then constructors declared earlier (an earlier node counts more), then letters
    earlier in the alphabet."""
    ranks, letters = space.ranks, space.alphabet.ranks
    nodes = list(preorder(value))
    shape = tuple(ranks.get(n.constructor, 0) for n in nodes if isinstance(n, Value))
    return len(shape), shape, tuple(letters.get(n, len(letters)) for n in nodes if not isinstance(n, Value))


def shrink(space: Space, value: Datum, still_fails: StillFails, most_calls: int = 20_000) -> Datum:
    """The smallest failing input reached from ``value``: the smallest of all where inputs of its size are few.
    ``still_fails`` says of a batch which inputs fail in the same way; it is asked about at most ``most_calls`` inputs."""
    known: dict[Datum, bool] = {}

    def remembered(inputs: Sequence[Datum]) -> list[bool]:
        new = [v for v in inputs if v not in known]
        known.update(zip(new, still_fails(new) if new else (), strict=True))
        return [known[v] for v in inputs]

    reached = deque(chain([value], shrinking(space, value, remembered, most_calls)), maxlen=1).pop()
    return smallest_of_all(space, reached, remembered, most_calls - len(known))


def smallest_of_all(space: Space, value: Datum, still_fails: StillFails, most_calls: int) -> Datum:
    """The smallest failing input of all, where there are at most ``most_calls`` inputs up to its size; else ``value``, unless one
    of the smaller sizes that are gone through has one."""
    here = order(space, value)
    left = most_calls
    for size in range(here[0] + 1):
        left -= space.grammar.count(space.type, size)
        if left < 0:
            break
        level = (v for v in space.grammar.values(space.type, size) if size < here[0] or order(space, v) < here)
        failing: list[Datum] = []
        while batch := list(islice(level, _BATCH)):
            failing += [v for v, fails in zip(batch, still_fails(batch), strict=True) if fails]
        if failing:
            return min(failing, key=lambda v: order(space, v))
    return value


def shrinking(space: Space, value: Datum, still_fails: StillFails, most_calls: int = 20_000) -> Iterator[Datum]:
    """Each smaller failing input as it is reached by making one smaller and smaller.

    Each pass goes on while it helps, from the place where it did last, so that what was in vain before is not tried at once again;
    when none helps any more, the value is one that no pass makes smaller."""
    seen = {value}
    left = most_calls
    since_help = turn = 0
    while since_help < len(_PASSES) and left:
        since_help += 1
        first, width = 0, _FIRST_BATCH
        changes = _PASSES[turn % len(_PASSES)]
        helped = True
        while helped and left:
            helped = False
            here = order(space, value)
            numbered = _from(first, lambda: changes(space, flattened(space, value)))  # noqa: B023
            new = ((i, p) for i, p in numbered if p not in seen and order(space, p) < here)
            while batch := _distinct(islice(new, min(width, left))):
                width = min(2 * width, _BATCH)
                seen.update(batch)
                left -= len(batch)
                failing = [p for p, fails in zip(batch, still_fails(list(batch)), strict=True) if fails]
                if failing:
                    value = min(failing, key=lambda p: order(space, p))
                    first, width, helped, since_help = batch[value], _FIRST_BATCH, True, 0
                    yield value
                    break
        turn += 1


def _distinct(numbered: Iterator[tuple[int, Datum]]) -> dict[Datum, int]:
    """Each proposal with its number."""
    return {proposal: number for number, proposal in numbered}


def _from(first: int, proposals: Callable[[], Iterator[Datum]]) -> Iterator[tuple[int, Datum]]:
    """Numbered proposals, those from the first on, then those before it."""
    yield from islice(enumerate(proposals()), first, None)
    yield from islice(enumerate(proposals()), first)


def smaller(space: Space, value: Datum) -> Iterator[Datum]:
    """What is tried instead of a value, the boldest changes first."""
    flat = flattened(space, value)
    return chain.from_iterable(changes(space, flat) for changes in _PASSES)


# Passes


def _parts(space: Space, flat: Flat) -> Iterator[Datum]:
    """A part for the whole, the smallest first."""
    parts = [p for p in range(1, len(flat.nodes)) if flat.types[p] == space.type]
    return (flat.nodes[p] for p in sorted(parts, key=lambda p: flat.ends[p] - p))


def _all_simple(space: Space, flat: Flat) -> Iterator[Datum]:
    """Every constructor the first of those with its fields, and every letter the first; one of both; the constructors of half of
    the places, of a quarter, and so on."""
    places = list(range(len(flat.nodes)))
    simple = [_simplest(space, flat, p) for p in places]
    atoms = [p for p in places if not isinstance(flat.nodes[p], Value)]
    letters = list(flat.nodes)
    for p in atoms:
        letters[p] = simple[p]
    yield rebuilt(simple)
    yield rebuilt(letters)
    for phase in (0, 1):
        for turn, p in enumerate(atoms, phase):
            alphabet = _letters(space, flat.types[p])
            letters[p] = alphabet[turn % min(2, len(alphabet))]
        yield rebuilt(letters)
    for stride in _strides(len(places)):
        for start in range(0, len(places), 2 * stride):
            yield rebuilt([*flat.nodes[:start], *simple[start : start + 2 * stride], *flat.nodes[start + 2 * stride :]])


def _simplest(space: Space, flat: Flat, place: int) -> Datum:
    node = flat.nodes[place]
    if not isinstance(node, Value):
        return _letters(space, flat.types[place])[0]
    return next((Value(c.name, node.fields) for c in _earlier(space, flat, place)), node)


def _left_out(space: Space, flat: Flat) -> Iterator[Datum]:
    """Nodes left out, long stretches of a path first: a part replaced by one of its own type, further down along some field."""
    places = _chosen(flat)
    for stride in _strides(len(places)):
        for place in places:
            for field in flat.fields(place):
                way = [field]
                while way and len(way) < stride:
                    below = [f for f in flat.fields(way[-1]) if flat.types[f] == flat.types[place]]
                    way = [*way, below[0]] if below else []
                if way and flat.types[way[-1]] == flat.types[place]:
                    yield flat.with_part(place, flat.part(way[-1]))


def _least_parts(space: Space, flat: Flat) -> Iterator[Datum]:
    """The least value for a part."""
    for place in _chosen(flat):
        least = _least(space, flat.types[place])
        if least is not None:
            yield flat.with_part(place, list(preorder(least)))


def _earlier_constructors(space: Space, flat: Flat) -> Iterator[Datum]:
    """An earlier constructor for a later one with the same fields."""
    for place in _chosen(flat):
        for constructor in _earlier(space, flat, place):
            node = Value(constructor.name, flat.nodes[place].fields)
            yield flat.with_part(place, [node, *flat.part(place)[1:]])


def _alike(space: Space, flat: Flat) -> Iterator[Datum]:
    """Parts that occur more than once made smaller everywhere: by one of their own parts, by the least value, or by an earlier
    constructor."""
    places: dict[tuple[Type, Datum], list[int]] = {}
    for place in _chosen(flat)[1:]:
        places.setdefault((flat.types[place], flat.nodes[place]), []).append(place)
    for (type, part), occurring in places.items():
        if len(occurring) < 2 or not isinstance(part, Value):
            continue
        first = occurring[0]
        smaller_parts = [flat.part(f) for f in flat.fields(first) if flat.types[f] == type]
        least = _least(space, type)
        if least is not None:
            smaller_parts.append(list(preorder(least)))
        smaller_parts += [[Value(c.name, part.fields), *flat.part(first)[1:]] for c in _earlier(space, flat, first)]
        for nodes in smaller_parts:
            yield _everywhere(flat, occurring, nodes)


def _two_at_once(space: Space, flat: Flat) -> Iterator[Datum]:
    """Two parts made smaller together, of values that are small by now: what has to be alike on both sides cannot shrink on one."""
    places = _chosen(flat)[1:]
    if len(places) > _MOST_FOR_PAIRS:
        return
    for one, other in combinations(places, 2):
        if other >= flat.ends[one] and flat.types[one] == flat.types[other]:
            for a, b in product(_steps(space, flat, one), _steps(space, flat, other)):
                yield rebuilt([*flat.nodes[:one], *a, *flat.nodes[flat.ends[one] : other], *b, *flat.nodes[flat.ends[other] :]])


def _steps(space: Space, flat: Flat, place: int) -> list[list[Datum]]:
    """What a part is made into where two are at once: the least value, and each of its own parts of its type."""
    least = _least(space, flat.types[place])
    parts = [flat.part(f) for f in flat.fields(place) if flat.types[f] == flat.types[place]]
    return [list(preorder(least)), *parts] if least is not None and flat.nodes[place] != least else parts


def _everywhere(flat: Flat, places: Sequence[int], nodes: Sequence[Datum]) -> Datum:
    """The value with other nodes in the place of several parts, none of which lies in another."""
    found: list[Datum] = []
    at = 0
    for place in places:
        found += [*flat.nodes[at:place], *nodes]
        at = flat.ends[place]
    return rebuilt([*found, *flat.nodes[at:]])


def _other_shapes(space: Space, flat: Flat) -> Iterator[Datum]:
    """Every shape of the same size that comes earlier, where there are few, with the letters of the value, with all of them the
    last of their alphabet, and with all of them the first."""
    size = sum(isinstance(node, Value) for node in flat.nodes)
    if not space.lettered or space.shapes.fewer(space.type, size, _FEW_SHAPES + 1) is None:
        return
    own = {kind: [n for n in flat.nodes if type(n) is kind] for kind in (int, str)}
    for shape in space.shapes.values(space.type, size):
        atoms = [type(n) for n in preorder(shape) if not isinstance(n, Value)]
        turns = {kind: iter(cycle(letters)) for kind, letters in own.items() if letters}
        if all(kind in turns for kind in atoms):
            yield relabelled(shape, [next(turns[kind]) for kind in atoms])
        for end in (-1, 0):
            yield relabelled(
                shape, [(space.alphabet.integers if kind is int else space.alphabet.characters)[end] for kind in atoms]
            )


def _moved(space: Space, flat: Flat) -> Iterator[Datum]:
    """What is large moved to later places: fields exchanged, nodes turned, constructors exchanged."""
    return chain.from_iterable(_later(space, flat, place) for place in _chosen(flat))


def _chosen(flat: Flat) -> list[int]:
    """The places of constructors, at even distances where there are very many."""
    places = [p for p, node in enumerate(flat.nodes) if isinstance(node, Value)]
    return places[:: max(1, -(-len(places) // _MOST_PLACES))]


def _strides(nodes: int) -> list[int]:
    """How many nodes of a path are left out at once: half of all, a quarter, …, one."""
    return [1 << power for power in reversed(range(max(1, nodes.bit_length() - 1)))]


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


def _earlier_letters(space: Space, flat: Flat) -> Iterator[Datum]:
    """An earlier letter for a later one, wherever it stands, then at one place alone; two letters exchanged everywhere."""
    places = [p for p, node in enumerate(flat.nodes) if not isinstance(node, Value)]
    held = dict.fromkeys((flat.types[p], flat.nodes[p]) for p in places)
    for type, letter in held:
        for earlier in takewhile(lambda other, letter=letter: other != letter, _letters(space, type)):  # type: ignore[misc]
            yield rebuilt([earlier if (t, n) == (type, letter) else n for t, n in zip(flat.types, flat.nodes, strict=True)])
    for (type, one), (other_type, other) in combinations(held, 2):
        if type == other_type:
            exchanged = {one: other, other: one}
            yield rebuilt([exchanged.get(n, n) if t == type else n for t, n in zip(flat.types, flat.nodes, strict=True)])
    for p in places[:_MOST_PLACES]:
        for earlier in takewhile(lambda other, p=p: other != flat.nodes[p], _letters(space, flat.types[p])):  # type: ignore[misc]
            yield flat.with_part(p, [earlier])


def _letters(space: Space, type: Type) -> Sequence[Datum]:
    return space.alphabet.integers if type == INT else space.alphabet.characters


def _least(space: Space, type: Type) -> Datum | None:
    """The first value of the smallest size that the type has, among sizes up to 8."""
    size = next((s for s in range(9) if space.shapes.count(type, s)), None)
    return None if size is None else space.shapes.value(type, size, 0)


_PASSES: tuple[Callable[[Space, Flat], Iterator[Datum]], ...] = (
    _parts,
    _all_simple,
    _left_out,
    _least_parts,
    _earlier_constructors,
    _alike,
    _moved,
    _earlier_letters,
    _other_shapes,
    _two_at_once,
)
