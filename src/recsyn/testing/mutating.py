"""Random edits of inputs, by which a search goes from one that is worth a look to others like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from random import Random
from typing import TypeAlias

from recsyn.data.space import Space
from recsyn.lang.types import CHAR, INT, constructors_of
from recsyn.testing.flat import Flat, flattened
from recsyn.values import Datum, Value, preorder

Edit: TypeAlias = Callable[[Space, Flat, Random], Datum | None]
_LARGEST_PART = 7
_TRIES = 8


def mutated(space: Space, value: Datum, max_size: int, chance: Random) -> Datum | None:
    """The value after one or two random edits, of at most ``max_size`` constructors; ``None`` where none was possible. An edit may
    happen to change nothing."""
    found = None
    for _ in range(chance.choice((1, 1, 2))):
        found = _edited(space, value if found is None else found, max_size, chance) or found
    return found


def _edited(space: Space, value: Datum, max_size: int, chance: Random) -> Datum | None:
    flat = flattened(space, value)
    for _ in range(_TRIES):
        edited = chance.choice(_EDITS)(space, flat, chance)
        if edited is not None and _admitted(space, edited, max_size):
            return edited
    return None


def _admitted(space: Space, value: Datum, max_size: int) -> bool:
    nodes = list(preorder(value))
    letters = [node for node in nodes if not isinstance(node, Value)]
    return len(nodes) - len(letters) <= max_size and not (space.alphabet.distinct and len(letters) > len(set(letters)))


def _constructed(flat: Flat) -> list[int]:
    return [place for place, node in enumerate(flat.nodes) if isinstance(node, Value)]


def _another_part(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """A small random part in the place of one."""
    place = chance.choice(_constructed(flat) or [0])
    sizes = [s for s in range(_LARGEST_PART + 1) if space.grammar.count(flat.types[place], s)]
    if not sizes:
        return None
    part = space.grammar.drawn(flat.types[place], chance.choice(sizes), chance)
    return flat.with_part(place, list(preorder(part)))


def _copied_part(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """A part in the place of another one of its type, above or below it too."""
    place = chance.randrange(len(flat.nodes))
    alike = [other for other, type in enumerate(flat.types) if type == flat.types[place] and other != place]
    return flat.with_part(place, flat.part(chance.choice(alike))) if alike else None


def _another_constructor(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """A constructor in the place of one with the same fields."""
    place = chance.choice(_constructed(flat) or [0])
    siblings = constructors_of(flat.types[place], space.datatypes)
    own = next((c for c in siblings if isinstance(flat.nodes[place], Value) and c.name == flat.nodes[place].constructor), None)
    others = [c for c in siblings if own and c.fields == own.fields and c != own]
    if not others:
        return None
    node = Value(chance.choice(others).name, flat.nodes[place].fields)
    return flat.with_part(place, [node, *flat.part(place)[1:]])


def _exchanged_fields(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """Two fields of one constructor and one type exchanged."""
    place = chance.choice(_constructed(flat) or [0])
    fields = flat.fields(place)
    pairs = [(a, b) for a, b in combinations(fields, 2) if flat.types[a] == flat.types[b]]
    if not pairs:
        return None
    first, second = chance.choice(pairs)
    order = [second if f == first else first if f == second else f for f in fields]
    return flat.with_part(place, [flat.nodes[place], *(node for f in order for node in flat.part(f))])


def _one_more(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """A constructor put over a part, its other fields as small as can be."""
    place = chance.choice(_constructed(flat) or [0])
    type = flat.types[place]
    over = [(c, i) for c in constructors_of(type, space.datatypes) for i, field in enumerate(c.fields) if field == type]
    if not over:
        return None
    constructor, own = chance.choice(over)
    nodes: list[Datum] = [Value(constructor.name, (0,) * len(constructor.fields))]
    for i, field in enumerate(constructor.fields):
        if i == own:
            nodes += flat.part(place)
            continue
        least = next((s for s in range(_LARGEST_PART + 1) if space.grammar.count(field, s)), None)
        if least is None:
            return None
        nodes += preorder(space.grammar.drawn(field, least, chance))
    return flat.with_part(place, nodes)


def _one_less(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """A field of a constructor in its place."""
    place = chance.choice(_constructed(flat) or [0])
    own = [field for field in flat.fields(place) if flat.types[field] == flat.types[place]]
    return flat.with_part(place, flat.part(chance.choice(own))) if own else None


def _another_letter(space: Space, flat: Flat, chance: Random) -> Datum | None:
    """A letter in the place of one: any, or one that the input holds elsewhere, so that letters come to be repeated."""
    atoms = [place for place, node in enumerate(flat.nodes) if not isinstance(node, Value)]
    if not atoms:
        return None
    place = chance.choice(atoms)
    letters: Sequence[Datum] = space.alphabet.integers if flat.types[place] == INT else space.alphabet.characters
    held = [flat.nodes[other] for other in atoms if flat.types[other] == flat.types[place]]
    assert flat.types[place] in (INT, CHAR)
    return flat.with_part(place, [chance.choice(held if chance.random() < 0.5 else letters)])


_EDITS: tuple[Edit, ...] = (
    _another_part,
    _copied_part,
    _another_constructor,
    _exchanged_fields,
    _one_more,
    _one_less,
    _another_letter,
)
