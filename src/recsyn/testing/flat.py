"""Values as lists of their nodes in prefix order, in which a part is a slice: what shrinking and search edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsyn.data.space import Space
from recsyn.lang.types import INT, Constructor, Type, TypeVariable, constructors_of
from recsyn.values import Datum, Value


@dataclass(frozen=True, slots=True, eq=False)
class Flat:
    """The nodes of a value in prefix order, the type of each, and the place after the last node of its part."""

    nodes: list[Datum]
    types: list[Type]
    ends: list[int]

    def part(self, place: int) -> list[Datum]:
        """The nodes of the part that begins there."""
        return self.nodes[place : self.ends[place]]

    def with_part(self, place: int, nodes: Sequence[Datum]) -> Datum:
        """The value with another part, of the same type, in the place of that one."""
        return rebuilt([*self.nodes[:place], *nodes, *self.nodes[self.ends[place] :]])

    def fields(self, place: int) -> list[int]:
        """The places of the fields of a constructor."""
        found, at = [], place + 1
        while at < self.ends[place]:
            found.append(at)
            at = self.ends[at]
        return found


def flattened(space: Space, value: Datum) -> Flat:
    """A value of a space, flat."""
    nodes: list[Datum] = []
    types: list[Type] = []
    ends: list[int] = []
    stack: list[tuple[Datum, Type]] = [(value, space.type)]
    known: dict[tuple[Type, str], Constructor] = {}
    while stack:
        node, type = stack.pop()
        type = INT if isinstance(type, TypeVariable) else type
        nodes.append(node)
        types.append(type)
        if isinstance(node, Value):
            if (type, node.constructor) not in known:
                known.update(((type, c.name), c) for c in constructors_of(type, space.datatypes))
            below = known[type, node.constructor].fields
            stack.extend(reversed(list(zip(node.fields, below, strict=True))))
    ends = [0] * len(nodes)
    for place in reversed(range(len(nodes))):
        end, own = place + 1, nodes[place]
        for _ in own.fields if isinstance(own, Value) else ():
            end = ends[end]
        ends[place] = end
    return Flat(nodes, types, ends)


def rebuilt(nodes: Sequence[Datum]) -> Datum:
    """The value with these nodes in prefix order; of each constructor the name and the number of fields count, not the fields."""
    built: list[Datum] = []
    for node in reversed(nodes):
        if isinstance(node, Value) and node.fields:
            kept = len(built) - len(node.fields)
            node = Value(node.constructor, tuple(reversed(built[kept:])))
            del built[kept:]
        built.append(node)
    return built[0]
