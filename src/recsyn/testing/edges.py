"""Edge cases: inputs made to be extreme, of the greatest size first. The deepest and the flattest, spines, one constructor and one
letter throughout, parts repeated: what shortcuts go wrong on, and what uniform draws seldom hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, count, permutations
from random import Random

from recsyn.data.distributions import Distribution, Extremes, Sampler, Spines, Uniform
from recsyn.data.randomness import stream
from recsyn.data.space import Space, relabelled
from recsyn.errors import RecsynError
from recsyn.lang.types import Type, constructors_of
from recsyn.testing.flat import Flat, flattened, rebuilt
from recsyn.values import Datum, Value, preorder, size

_DEEPEST = 1_000
"""The greatest size that extremes of depth are made of: to count larger inputs by depth takes long."""
PATTERNS = 6


def edges(space: Space, max_size: int, seed: int) -> Iterator[Datum]:
    """Extreme inputs without end, sizes going round from ``max_size`` to half of it, a third, and so on."""
    for turn in count():
        for part in chain([1.0, 0.5, 0.75], (1 / k for k in range(3, max_size + 1))):
            greatest = max(1, round(max_size * part))
            for index, sampler in enumerate(_samplers(space, greatest)):
                chance = stream(seed, "campaign", "edges", turn, greatest, index)
                yield from (value for value in _extreme(space, sampler.draw(chance), chance) if size(value) <= max_size)


def _samplers(space: Space, greatest: int) -> Iterator[Sampler]:
    """What is drawn from at a size, or at the next smaller one that has inputs."""
    least = next((s for s in range(greatest, 0, -1) if space.shapes.derives(space.type, s)), greatest)
    wanted: list[Distribution] = [Extremes(least, least)] if least <= _DEEPEST else []
    wanted += [Spines(least, least)] if space.spines else []
    for distribution in (*wanted, Uniform(least, least)):
        try:
            yield Sampler(distribution, space)
        except RecsynError:
            continue  # A type may have no depth that can be read off, or no spine of this size.


def _extreme(space: Space, value: Datum, chance: Random) -> Iterator[Datum]:
    """The value with one letter throughout, as it is, with one constructor throughout for each that it could have, and with the
    first of its parts repeated."""
    lettered = space.lettered and not space.alphabet.distinct
    if lettered:
        yield patterned(space, value, 0, chance)
    alike = dict.fromkeys([value, *_uniform(space, flattened(space, value))])
    yield from alike
    if not space.alphabet.distinct:
        for each in alike:
            yield from _repeated(flattened(space, each))
    if lettered:
        yield patterned(space, value, chance.randrange(1, PATTERNS), chance)


def _uniform(space: Space, flat: Flat) -> Iterator[Datum]:
    """All constructors of a type that have the same fields made the same one, for each type in the value and each of them."""
    for type in dict.fromkeys(flat.types):
        siblings = constructors_of(type, space.datatypes)
        for constructor in siblings:
            alike = {c.name for c in siblings if c.fields == constructor.fields}
            if len(alike) > 1:
                yield rebuilt([_renamed(n, constructor.name) if _is(n, t, alike, type) else n for n, t in _typed(flat)])


def _typed(flat: Flat) -> Iterator[tuple[Datum, Type]]:
    return zip(flat.nodes, flat.types, strict=True)


def _is(node: Datum, type: Type, names: set[str], wanted: Type) -> bool:
    return isinstance(node, Value) and type == wanted and node.constructor in names


def _renamed(node: Value, name: str) -> Value:
    return Value(name, node.fields)


def _repeated(flat: Flat) -> Iterator[Datum]:
    """Each field of the root once more in the place of each other of its type."""
    for one, other in permutations(flat.fields(0), 2):
        if flat.types[one] == flat.types[other]:
            yield flat.with_part(other, flat.part(one))


def patterned(space: Space, value: Datum, pattern: int, chance: Random) -> Datum:
    """The value's shape with letters in a pattern: all the same, two in turn, rising, falling, a palindrome, or the ends of the
    alphabet, as ``pattern`` says from 0 on."""
    atoms = [atom for atom in preorder(value) if not isinstance(atom, Value)]
    letters = {
        kind: iter(_row(alphabet, sum(type(atom) is kind for atom in atoms), pattern, chance))
        for kind, alphabet in ((int, space.alphabet.integers), (str, space.alphabet.characters))
    }
    return relabelled(value, [next(letters[type(atom)]) for atom in atoms])


def _row(alphabet: Sequence[Datum], many: int, pattern: int, chance: Random) -> list[Datum]:
    row = [chance.choice(alphabet) for _ in range(many)]
    if pattern == 0:
        return row[:1] * many
    if pattern == 1:
        return [row[i % 2] for i in range(many)] if many > 1 else row
    if pattern in (2, 3):
        return sorted(row, reverse=pattern == 3)
    if pattern == 4:
        return [row[min(i, many - 1 - i)] for i in range(many)]
    return [chance.choice((alphabet[0], alphabet[-1])) for _ in range(many)]
