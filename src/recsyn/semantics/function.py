"""One function of a program, as something to call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.diagnostics import nearest
from recsyn.lang.program import Definition, Program, RecursionShape
from recsyn.lang.types import ARROW, Type, TypeConstant, arrow, instance, substitute
from recsyn.semantics.backends import MEMORY, Code, DefaultCode, code_for
from recsyn.semantics.batch import Batch, InvalidBatch, without_functions
from recsyn.semantics.compiled.words import TooLarge
from recsyn.semantics.conformance import misfit
from recsyn.semantics.machine.deriving import Subject, holds_functions, machine_of
from recsyn.semantics.machine.machine import Machine, MachineRun, Order
from recsyn.semantics.reference import LIMIT, OutOfMemory, Reference
from recsyn.semantics.rounds import Rounds
from recsyn.semantics.steps import Step, steps
from recsyn.semantics.strategies import CALL_BY_VALUE
from recsyn.semantics.trace import Trace, trace
from recsyn.values import TUPLE, Datum

if TYPE_CHECKING:
    from recsyn.semantics.cost import Cost, Counts


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
        return self._default(*arguments)

    def of_each(self, inputs: Iterable[Datum]) -> list[Datum]:
        """The value on each of many inputs of a function of one parameter; the inputs are trusted to have its type."""
        return self._default.of_each(inputs)

    def compile(self, backend: str = "python", *, limit: int = LIMIT, memory: int = MEMORY) -> Compiled:
        """The function made ready by a backend, one of :data:`~recsyn.semantics.backends.BACKENDS`: ``python``; ``native``, where
        an evaluation may use so many bytes of ``memory``; or ``reference``. One evaluation makes at most ``limit`` further calls of
        partial functions. Raises :class:`RecsynError` for a backend that does not exist, or is not installed."""
        for name, number, least in (("limit", limit, 0), ("memory", memory, 1)):
            if not isinstance(number, int) or number < least:
                raise RecsynError(f"{name} is a whole number from {least} up, not {number!r}")
        return Compiled(self, code_for(backend, self.program, self.name, self.reference, memory), limit)

    def batch(self, *columns: Batch, backend: str | None = None, limit: int = LIMIT) -> Batch:
        """The values on each row of some batches, one for each parameter and all of one length, by the backend of this name, else
        as where the function is called. Raises :class:`InvalidValue` for others, and :class:`InvalidBatch` where a value does not
        fit into a batch."""
        ready = self._default if backend is None else self._ready(backend)
        return replace(ready, limit=limit).batch(*columns)

    @cached_property
    def _default(self) -> Compiled:
        return Compiled(self, DefaultCode(self.program, self.name, self.reference), LIMIT)

    def _ready(self, backend: str) -> Compiled:
        if backend not in self._compiled:
            self._compiled[backend] = self.compile(backend)
        return self._compiled[backend]

    @cached_property
    def _compiled(self) -> dict[str, Compiled]:
        return {}

    @cached_property
    def of_tuple(self) -> Function:
        """The same function, but of one argument: the tuple of its own ones, or itself where it takes one or none. Its name has
        that of this function in it (:func:`~recsyn.lang.core.spelled`)."""
        own, span = self.definition, self.definition.span
        if len(own.parameters) < 2:
            return self
        given = "arguments#tuple"
        pattern = core.Built(TUPLE, tuple(core.Bind(name) for name in own.parameters))
        call = core.Apply(core.Global(self.name, span), tuple(core.Local(name, span) for name in own.parameters), span)
        tupled = Definition(
            name=f"{self.name}#tuple",
            parameters=(given,),
            body=core.Match((core.Local(given, span),), (core.Arm((pattern,), call, span),), span),
            scheme=replace(own.scheme, type=arrow(TypeConstant(TUPLE, self.parameters), self.result)),
            group=(f"{self.name}#tuple",),
            span=span,
            partial=own.partial,
        )
        program = replace(self.program, definitions={**self.program.definitions, tupled.name: tupled})
        return Function(program, tupled.name, Reference(program))

    def trace(self, *arguments: Datum, limit: int = 10_000, strategy: str = CALL_BY_VALUE.name) -> Trace:
        """The steps of its reduction on these arguments, at most ``limit``."""
        return trace(self.program, self._applied(arguments), limit, strategy)

    def steps(self, *arguments: Datum, strategy: str = CALL_BY_VALUE.name) -> Iterator[Step]:
        """The steps of its reduction on these arguments, one after another; none is kept."""
        return steps(self.program, self._applied(arguments), strategy)

    def rounds(self, *arguments: Datum, limit: int = 10_000) -> Rounds:
        """The rounds of its reduction on these arguments, at most ``limit``."""
        return Rounds(self.program, self.reference, self._applied(arguments), limit)

    def machine(self, fixed: Mapping[str, Datum] | None = None, order: Order = "prefix") -> Machine:
        """The machine that computes it on the tokens of its arguments, one after another; those parameters that are ``fixed``, by
        name, are not read. With ``order`` ``mirror`` it reads and writes from the right. Raises :class:`InvalidValue` where a fixed
        one is not of its parameter's type, and :class:`RecsynError` where what is to be read or written holds functions."""
        # Parameters that are patterns have no name of their own.
        own = {core.spelled(name): (name, type) for name, type in zip(self.definition.parameters, self.parameters, strict=True)}
        terms = {}
        for spelled, value in (fixed or {}).items():
            if spelled not in own:
                raise RecsynError(f"{self.name} has no parameter `{spelled}` to fix", nearest(spelled, own))
            name, type = own[spelled]
            self._fits((value,), (type,))
            terms[name] = core.Literal(value, self.definition.span)
        return machine_of(self._subject(terms), order)

    def machine_run(self, arguments: Sequence[core.Term], order: Order = "prefix") -> MachineRun:
        """The run of its machine on closed terms: it reads the argument that the function recurs on, else the last that holds no
        functions; the others are fixed."""
        plain = [i for i, type in enumerate(self.parameters) if not holds_functions(type, self.program)]
        read = self.shape.position if self.shape else plain[-1] if plain else 0
        evaluate, span = self.reference.evaluate, self.definition.span
        terms = [core.Literal(evaluate(term), span) if i in plain else term for i, term in enumerate(arguments)]
        fixed = {name: term for i, (name, term) in enumerate(zip(self.definition.parameters, terms, strict=True)) if i != read}
        return machine_of(self._subject(fixed), order).run(evaluate(terms[read]))

    def _subject(self, fixed: Mapping[str, core.Term]) -> Subject:
        return Subject(self.program, self.reference, self.name, self.parameters, self.result, fixed, self._fits)

    def cost(self) -> Cost:
        """What it costs, as formulas over measures of its arguments. Raises :class:`MissingExtra` where SymPy is not installed."""
        from recsyn.semantics.cost import cost_of

        return cost_of(self.program, self.name)

    def counted(self, *arguments: Datum, limit: int = 10_000_000) -> Counts:
        """The unfoldings and rounds of one call on these arguments, counted. Raises :class:`InvalidValue` for other arguments,
        :class:`RecsynError` where it, or one that it calls, is not of first order, and :class:`TooManyUnfoldings` where there are
        more than ``limit`` unfoldings."""
        from recsyn.semantics.cost import counted

        self.check(arguments)
        return counted(self.program, self.name, arguments, limit)

    def _applied(self, arguments: tuple[Datum, ...]) -> core.Term:
        self.check(arguments)
        span = self.definition.span
        function = core.Global(self.name, span)
        return core.Apply(function, tuple(core.Literal(a, span) for a in arguments), span) if arguments else function

    def check(self, arguments: Sequence[Datum]) -> None:
        """Raise :class:`InvalidValue` unless these are arguments of the function."""
        self._fits(arguments, self.parameters)

    def result_of_batches(self, columns: Sequence[Batch]) -> Type:
        """The type of the values on each row of some batches. Raises :class:`InvalidValue` unless these are batches of arguments,
        and :class:`InvalidBatch` where the values hold functions."""
        if len(columns) != len(self.parameters):
            raise InvalidValue(f"{self.name} takes {_arguments(len(self.parameters))}, not {len(columns)}")
        for column in columns:
            if not isinstance(column, Batch) or column.program is not self.program:
                raise InvalidValue(
                    f"{column!r} is no batch of values of this program", 'make one with program.batch("TYPE", values)'
                )
            if len(column) != len(columns[0]):
                raise InvalidValue(f"the batches have {len(columns[0])} and {len(column)} rows")
        found = instance(self.parameters, (column.type for column in columns))
        if found is None:
            wanted, given = (", ".join(map(str, types)) for types in (self.parameters, [c.type for c in columns]))
            raise InvalidValue(f"{self.name} takes {wanted}, and the batches are of {given}")
        result = substitute(self.result, found)
        without_functions(self.program, result)
        return result

    def _fits(self, arguments: Sequence[Datum], types: Sequence[Type]) -> None:
        if len(arguments) != len(types):
            raise InvalidValue(f"{self.name} takes {_arguments(len(types))}, not {len(arguments)}")
        for argument, type in zip(arguments, types, strict=True):
            wrong = misfit(argument, type, self.program.datatypes)
            if wrong:
                hint = 'write values with program.value("…"), in the notation of the language'
                raise InvalidValue(f"{self.name} takes {_one(type)}, and {wrong}", hint)

    def __repr__(self) -> str:
        return f"<function {self.name} : {self.definition.scheme}>"


def _one(type: Type) -> str:
    if isinstance(type, TypeConstant) and type.name == ARROW:
        return f"a function of type {type}"
    return f"{'an' if str(type)[0] in 'AEIOU' else 'a'} {type}"


def _arguments(many: int) -> str:
    return f"{many} argument{'' if many == 1 else 's'}"


@dataclass(frozen=True, eq=False)
class Compiled:
    """A function made ready by a backend: called with values, it gives its value."""

    function: Function
    code: Code
    limit: int

    def __call__(self, *arguments: Datum) -> Datum:
        """The value on these arguments. Raises :class:`InvalidValue` where they are too few, too many or of the wrong type,
        :class:`StepLimit` and :class:`OutOfMemory`."""
        self.function.check(arguments)
        try:
            return self.code.call(arguments, self.limit)
        except MemoryError as error:
            raise OutOfMemory.after(error) from None

    def of_each(self, inputs: Iterable[Datum]) -> list[Datum]:
        """The value on each of many inputs of a function of one parameter; the inputs are trusted to have its type."""
        try:
            return [self.code.call((item,), self.limit) for item in inputs]
        except MemoryError as error:
            raise OutOfMemory.after(error) from None

    def batch(self, *columns: Batch) -> Batch:
        """The values on each row of some batches, as :meth:`Function.batch` says."""
        result = self.function.result_of_batches(columns)
        try:
            words, starts = self.code.rows(columns, self.limit)
        except TooLarge as error:
            raise InvalidBatch(f"value {error.place} of a batch: {error.message}", error.hint) from None
        except MemoryError as error:
            raise OutOfMemory.after(error) from None
        return Batch(self.function.program, result, words, starts)

    def __repr__(self) -> str:
        return f"{self.function!r}, compiled"
