"""Accumulators: where a function puts a parameter at the end of its result and nowhere else, ``f x acc`` is ``f x [] ++ acc``, and
what is accumulated can wait outside of the call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.lang.types import TypeConstant
from recsyn.semantics.machine.residual import after, literal, replaced
from recsyn.semantics.symbolic import NOWHERE
from recsyn.values import CONS, EMPTY_LIST


@dataclass(frozen=True, eq=False)
class Accumulation:
    """The accumulators of a program."""

    program: Program

    @cached_property
    def places(self) -> frozenset[tuple[str, int]]:
        """Functions and which of their parameters are accumulators: the largest such set, since a call of one function may hand its
        accumulator to another."""
        places = {(name, i) for name, d in self.program.definitions.items() for i in range(len(d.parameters))}
        while True:
            kept = {(name, i) for name, i in places if self._ends_with(name, i, places)}
            if kept == places:
                return frozenset(places)
            places = kept

    def _ends_with(self, name: str, place: int, places: set[tuple[str, int]]) -> bool:
        """Whether a function's result always ends with this parameter, which occurs there only."""
        definition = self.program.definitions[name]
        result = after(definition.scheme.type, len(definition.parameters))
        if not isinstance(result, TypeConstant) or result.name != "List":
            return False
        parameter = definition.parameters[place]
        ends = [definition.body]
        while ends:
            at = ends.pop()
            if isinstance(at, core.Local) and at.name == parameter:
                continue
            end = list(_ends(at, parameter, places))
            others = [part for part in core.children(at) if all(part is not e for e in end)]
            if not end or any(_mentions(part, parameter) for part in others):
                return False
            ends.extend(end)
        return True

    def outside(self, term: core.Term) -> core.Term:
        """The term with what is accumulated outside of the calls that accumulate it."""
        return replaced(term, self._outside)

    def _outside(self, term: core.Term) -> core.Term | None:
        if not (isinstance(term, core.Apply) and isinstance(term.function, core.Global)):
            return None
        name, arguments = term.function.name, term.arguments
        place = next((i for n, i in self.places if n == name and i < len(arguments)), None)
        whole = len(arguments) == len(self.program.definitions[name].parameters)
        if place is None or not whole or arguments[place] == literal(EMPTY_LIST):
            return None
        inner = tuple(literal(EMPTY_LIST) if i == place else self.outside(a) for i, a in enumerate(arguments))
        return core.Primitive("++", (core.Apply(term.function, inner, NOWHERE), self.outside(arguments[place])), NOWHERE)


def _mentions(term: core.Term, name: str) -> bool:
    return any(isinstance(at, core.Local) and at.name == name for at in core.terms_in(term))


def _ends(term: core.Term, parameter: str, places: set[tuple[str, int]]) -> Iterator[core.Term]:
    """The parts of a term that its value, a list, ends with, whichever is chosen; of a call the accumulator with the parameter."""
    if isinstance(term, core.Construct) and term.constructor == CONS:
        yield term.fields[1]
    elif isinstance(term, core.Primitive) and term.operator == "++":
        yield term.operands[1]
    elif isinstance(term, core.Match):
        yield from (arm.body for arm in term.arms)
    elif isinstance(term, core.If):
        yield from (term.consequent, term.alternative)
    elif isinstance(term, core.Let):
        yield term.body
    elif isinstance(term, core.Apply) and isinstance(term.function, core.Global):
        name = term.function.name
        yield from (a for i, a in enumerate(term.arguments) if (name, i) in places and _mentions(a, parameter))
