"""One function of a program, as something to call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.program import Definition, Program, RecursionShape
from recsyn.lang.types import ARROW, Type, TypeConstant
from recsyn.semantics.conformance import misfit
from recsyn.semantics.reference import Reference
from recsyn.semantics.steps import Trace, trace
from recsyn.values import Datum


class InvalidValue(RecsynError, TypeError):
    """A function was called with something that is not a value of its parameter's type."""


@dataclass(frozen=True, eq=False)
class Function:
    """A function of a checked program: called with values, it gives its value."""

    program: Program
    name: str
    reference: Reference

    @property
    def definition(self) -> Definition:
        return self.program.definitions[self.name]

    @property
    def shape(self) -> RecursionShape | None:
        """How it recurs, or ``None`` where it does not recur on one parameter of its own."""
        return self.definition.shape

    @cached_property
    def parameters(self) -> tuple[Type, ...]:
        """The types of its parameters, from left to right."""
        return self._signature[0]

    @cached_property
    def result(self) -> Type:
        return self._signature[1]

    @cached_property
    def _signature(self) -> tuple[tuple[Type, ...], Type]:
        types: list[Type] = []
        at = self.definition.scheme.type
        while len(types) < len(self.definition.parameters):
            assert isinstance(at, TypeConstant)
            assert at.name == ARROW
            types.append(at.arguments[0])
            at = at.arguments[1]
        return tuple(types), at

    def __call__(self, *arguments: Datum) -> Datum:
        """The value on these arguments. Raises :class:`InvalidValue` where they are too few, too many or of the wrong type."""
        self._check(arguments)
        return self.reference.call(self.name, arguments)

    def of_each(self, inputs: Iterable[Datum]) -> list[Datum]:
        """The value on each of many inputs of a function of one parameter; the inputs are trusted to have its type."""
        return [self.reference.call(self.name, (item,)) for item in inputs]

    def trace(self, *arguments: Datum, limit: int = 10_000) -> Trace:
        """The steps of its reduction on these arguments, at most ``limit``."""
        self._check(arguments)
        span = self.definition.span
        function = core.Global(self.name, span)
        call = core.Apply(function, tuple(core.Literal(a, span) for a in arguments), span) if arguments else function
        return trace(self.program, call, limit)

    def _check(self, arguments: tuple[Datum, ...]) -> None:
        if len(arguments) != len(self.parameters):
            many = f"{len(self.parameters)} argument{'' if len(self.parameters) == 1 else 's'}"
            raise InvalidValue(f"{self.name} takes {many}, not {len(arguments)}")
        for argument, type in zip(arguments, self.parameters, strict=True):
            wrong = misfit(argument, type, self.program.datatypes)
            if wrong:
                hint = 'write values with program.value("…"), in the notation of the language'
                raise InvalidValue(f"{self.name} takes a {type}, and {wrong}", hint)

    def __repr__(self) -> str:
        return f"<function {self.name} : {self.definition.scheme}>"
