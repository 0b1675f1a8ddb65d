"""From a function of a program to its machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.core import spelled
from recsyn.lang.coverage import show_patterns
from recsyn.lang.program import Program
from recsyn.lang.types import ARROW, Constructor, Type, TypeConstant, constructors_of
from recsyn.semantics.machine.demand import Demand, Stack
from recsyn.semantics.machine.derivation import Part, derive
from recsyn.semantics.machine.machine import END, RETURN, Kind, Machine, MachineRun, Order, Row, Update
from recsyn.semantics.machine.minimisation import minimal
from recsyn.semantics.machine.naming import COPYING, state_names
from recsyn.semantics.machine.residual import NotDerivable
from recsyn.semantics.machine.running import Runner, assembled
from recsyn.semantics.machine.transducer import Mark, Segment
from recsyn.semantics.reference import Reference
from recsyn.semantics.symbolic import NOWHERE
from recsyn.values import CONS, NIL, Datum, Value, digits_of, from_iterable, preorder

_MOST_TYPES = 200


@dataclass(frozen=True, eq=False)
class Subject:
    """What a machine is derived for: a function, the types of its parameters and of its result, the terms of the parameters that
    are fixed, and how an argument that does not fit is refused."""

    program: Program
    reference: Reference
    name: str
    types: tuple[Type, ...]
    result: Type
    fixed: Mapping[str, core.Term]
    fits: Callable[[tuple[Datum, ...], tuple[Type, ...]], None]

    def __post_init__(self) -> None:
        if not self.parts:
            raise RecsynError(f"no argument of {spelled(self.name)} is left for a machine to read")
        for part in self.parts:
            if holds_functions(part.type, self.program):
                hint = f'fix it: machine(fixed={{"{part.name}": …}})'
                raise RecsynError(f"`{part.name}` is a {part.type}, and no sequence of tokens writes functions", hint)
        if holds_functions(self.result, self.program):
            raise RecsynError(f"{spelled(self.name)} gives a {self.result}, and no sequence of tokens writes functions")

    @property
    def parameters(self) -> tuple[str, ...]:
        return self.program.definitions[self.name].parameters

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the input: the arguments that are read."""
        free = [(name, type) for name, type in zip(self.parameters, self.types, strict=True) if name not in self.fixed]
        return tuple(Part(f"?{i}", type, spelled(name).lstrip("_") or "it") for i, (name, type) in enumerate(free))

    def call(self, given: Sequence[core.Term]) -> core.Term:
        """The call of the function on its fixed arguments and those that are read, in their places."""
        free = iter(given)
        arguments = tuple(self.fixed[name] if name in self.fixed else next(free) for name in self.parameters)
        return core.Apply(core.Global(self.name, NOWHERE), arguments, NOWHERE)

    @property
    def over_parts(self) -> core.Term:
        """The call on the parts of the input."""
        return self.call([core.Local(part.variable, NOWHERE) for part in self.parts])

    @property
    def listed(self) -> bool:
        return isinstance(self.result, TypeConstant) and self.result.name == "List"

    def check(self, arguments: tuple[Datum, ...]) -> None:
        self.fits(arguments, tuple(part.type for part in self.parts))

    @property
    def constructors(self) -> Mapping[str, Constructor]:
        return self.program.constructors


def machine_of(subject: Subject, order: Order = "prefix") -> Machine:
    """The machine of a function: a transducer where driving finds one, else its abstract machine."""
    if order not in ("prefix", "mirror"):
        raise RecsynError(f"there is no order {order!r}", "they are prefix, and mirror, which reads and writes from the right")
    segment = Segment("items" if subject.listed else "value", subject.over_parts)
    try:
        transducer = minimal(derive(subject.program, subject.reference, segment, subject.parts))
    except NotDerivable as why:
        return _abstract(subject, order, str(why))
    names = state_names(transducer)
    runner = Runner(transducer, names, subject.constructors, subject.reference)
    kind: Kind = "pushdown" if transducer.returns is None else "finite-state"
    initial = names[transducer.start.next.state] if transducer.start.next else END

    def run(machine: Machine, arguments: tuple[Datum, ...]) -> MachineRun:
        subject.check(arguments)
        first, updates, out = runner.run(arguments)
        return _run_of(subject, machine, arguments, first, updates, out, tuple(u.token for u in updates))

    most = max((state.registers for state in transducer.states), default=0)
    return Machine(subject.name, kind, order, names, initial, runner.first, tuple(runner.table), most, "", run)


def _run_of(
    subject: Subject,
    machine: Machine,
    arguments: tuple[Datum, ...],
    first: tuple[str, ...],
    updates: Sequence[Update],
    out: Sequence[Mark | Datum],
    tokens: tuple[str, ...],
) -> MachineRun:
    values = assembled(out)
    output = from_iterable(values) if subject.listed else values[0]
    if machine.order == "mirror":
        tokens, last = tokens[::-1], len(tokens) - 1
        updates = [replace(u, position=last - u.position) for u in updates]
    return MachineRun(subject.call([core.Literal(a, NOWHERE) for a in arguments]), machine, tokens, first, updates, output)


# The abstract machine


def _abstract(subject: Subject, order: Order, why: str) -> Machine:
    table = tuple(_cases(subject))

    def run(machine: Machine, arguments: tuple[Datum, ...]) -> MachineRun:
        subject.check(arguments)
        demand = Demand(subject.program, subject.reference, arguments)
        demand.run(
            subject.over_parts, {p.variable: place for p, place in zip(subject.parts, demand.places, strict=True)}, subject.listed
        )
        text = _Texts(subject.constructors)
        emitted = [text.of(at) for at in demand.out]
        marks = [*(look.put_out for look in demand.looks), len(emitted)]
        states = [*(look.function or COPYING for look in demand.looks), END]
        updates = [
            Update(
                look.position,
                text.of(look.datum),
                states[i],
                f"{states[i]} · {f'{look.operator} ' if look.operator else ''}{text.of(look.datum)}",
                tuple(emitted[marks[i] : marks[i + 1]]),
                states[i + 1],
                _Waiting(look.stack),
            )
            for i, look in enumerate(demand.looks)
        ]
        tokens = tuple(text.of(datum) for argument in arguments for datum in preorder(argument))
        return _run_of(subject, machine, arguments, tuple(emitted[: marks[0]]), updates, demand.out, tokens)

    states = tuple(dict.fromkeys(row.state for row in table))
    return Machine(subject.name, "abstract", order, states, subject.name, (), table, 0, why, run)


@dataclass(frozen=True)
class _Texts:
    """Constructors and atoms as tokens."""

    constructors: Mapping[str, Constructor]

    def of(self, at: Mark | Datum) -> str:
        if not isinstance(at, Mark | Value):
            return digits_of(at) if isinstance(at, int) else str(at)
        found = self.constructors.get(at.constructor)
        return found.token if found else at.constructor


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A stack of functions that wait, written out when it is asked for."""

    stack: Stack

    def __call__(self) -> tuple[str, ...]:
        found: list[str] = []
        stack = self.stack
        while stack is not None:
            frame, stack = stack
            if frame.owner:
                found.append(frame.owner)
        return tuple(found)


def _cases(subject: Subject) -> Iterator[Row]:
    """A row for each case of each function that the machine may run, and for each function that it calls there."""
    program = subject.program
    waiting = [subject.name]
    for name in waiting:
        body = program.definitions[name].body
        arms = [(show_patterns(a.patterns), a.body) for a in body.arms] if isinstance(body, core.Match) else [("", body)]
        for reads, result in arms:
            emits: tuple[str, ...] = ()
            if isinstance(result, core.Construct) and result.constructor not in (NIL, CONS):
                emits = (_Texts(subject.constructors).of(Mark(result.constructor, 0)),)
            called = dict.fromkeys(at.name for at in core.terms_in(result) if isinstance(at, core.Global))
            waiting.extend(other for other in called if other not in waiting)
            for following in called or (RETURN,):
                yield Row(name, reads, "", emits, (), following)


def holds_functions(type: Type, program: Program) -> bool:
    """Whether there may be functions in values of a type."""
    seen: set[Type] = set()
    waiting = [type]
    while waiting and len(seen) <= _MOST_TYPES:
        at = waiting.pop()
        if isinstance(at, TypeConstant) and at.name == ARROW:
            return True
        if at not in seen:
            seen.add(at)
            waiting.extend(f for c in constructors_of(at, program.datatypes) for f in c.fields)
    return False
