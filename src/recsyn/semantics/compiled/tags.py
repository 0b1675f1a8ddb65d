"""Constructors and function values by number, the same for both backends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from recsyn.lang.program import Program
from recsyn.semantics.compiled import ir
from recsyn.semantics.reference import FunctionValue, Reference
from recsyn.values import TUPLE, Datum, Value


@dataclass(frozen=True, eq=False)
class Tags:
    """The constructors of a program, in its order, then the function values that a unit makes."""

    program: Program
    unit: ir.Unit
    reference: Reference

    @cached_property
    def names(self) -> tuple[ir.Tag, ...]:
        return (*numbers_of(self.program), *self.unit.made)

    @cached_property
    def constructors(self) -> Mapping[int, str]:
        """Those among the tags that are constructors."""
        return {number: name for name, number in numbers_of(self.program).items()}

    @cached_property
    def numbers(self) -> Mapping[ir.Tag, int]:
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def _by_origin(self) -> Mapping[str | int, str]:
        """Routines by what they came from, a ``fn`` by its identity."""
        return {r.origin if isinstance(r.origin, str) else id(r.origin): r.name for r in self.unit.made.values()}

    def tag_of(self, function: FunctionValue) -> ir.FunctionTag | None:
        """The tag of a function value, or ``None`` for one that the unit does not make."""
        routine = self._by_origin.get(id(function.code.origin) if function.code.origin else function.code.name)
        tag = ir.FunctionTag(routine, len(function.held)) if routine else None
        return tag if tag in self.numbers else None

    def datum(self, tag: ir.Tag, fields: tuple[Datum, ...]) -> Datum:
        """What a tag and its fields stand for outside."""
        if isinstance(tag, str):
            return Value(tag, fields)
        routine = self.unit.made[tag]
        assert routine.origin is not None
        return self.reference.function(routine.origin, fields, len(routine.parameters) - tag.held)


def numbers_of(program: Program) -> dict[str, int]:
    """The constructors of a program by number: in the order of their declaration, then that of tuples."""
    return {name: number for number, name in enumerate((*program.constructors, TUPLE))}
