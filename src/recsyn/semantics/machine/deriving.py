"""From a function of a program to its machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.core import spelled
from recsyn.lang.program import Program
from recsyn.lang.types import ARROW, Constructor, Type, TypeConstant, constructors_of
from recsyn.semantics.machine.demand import Demand, Scope, Stack, Unread
from recsyn.semantics.machine.derivation import Part, derive
from recsyn.semantics.machine.looking import reading, rows_of
from recsyn.semantics.machine.machine import END, START, Kind, Machine, MachineRun, Order, Row, Update
from recsyn.semantics.machine.minimisation import minimal
from recsyn.semantics.machine.naming import COPYING, state_names
from recsyn.semantics.machine.residual import NotDerivable
from recsyn.semantics.machine.running import Runner, assembled, shown_at, token_at, tokens_at
from recsyn.semantics.machine.transducer import Mark, Segment
from recsyn.semantics.reference import Reference
from recsyn.semantics.symbolic import NOWHERE
from recsyn.values import Datum, Value, from_iterable, preorder

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
                raise RecsynError(f"`{part.name}` has the type {part.type}, and no sequence of tokens writes functions", hint)
        if holds_functions(self.result, self.program):
            said = f"the result of {spelled(self.name)} has the type {self.result}"
            raise RecsynError(f"{said}, and no sequence of tokens writes functions")

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

    def run(machine: Machine, arguments: tuple[Datum, ...]) -> MachineRun:
        subject.check(arguments)
        return _run_of(subject, machine, arguments, *runner.run(arguments))

    most = max((state.registers for state in transducer.states), default=0)
    return Machine(subject.name, kind, order, names, runner.start, tuple(runner.table), most, "", run)


def _run_of(
    subject: Subject,
    machine: Machine,
    arguments: tuple[Datum, ...],
    start: Update,
    updates: Sequence[Update],
    out: Sequence[Mark | Datum],
) -> MachineRun:
    values = assembled(out)
    output = from_iterable(values) if subject.listed else values[0]
    data = [datum for argument in arguments for datum in preorder(argument)]
    if machine.order == "mirror":
        data.reverse()
        updates = [replace(u, position=len(data) - 1 - u.position) for u in updates]
    tokens, shown = tokens_at(data, subject.constructors), shown_at(data, subject.constructors)
    initial = subject.call([core.Literal(a, NOWHERE) for a in arguments])
    return MachineRun(initial, machine, tokens, shown, start, updates, output)


# The abstract machine


def _abstract(subject: Subject, order: Order, why: str) -> Machine:
    fixed = zip(subject.parameters, subject.types, strict=True)
    opaque = any(
        isinstance(subject.fixed.get(name), core.Literal) and holds_functions(type, subject.program) for name, type in fixed
    )
    table = tuple(rows_of(subject.program, subject.name, subject.over_parts, subject.listed, opaque))

    def run(machine: Machine, arguments: tuple[Datum, ...]) -> MachineRun:
        subject.check(arguments)
        demand = _demand(subject, arguments)
        return _run_of(subject, machine, arguments, *_updates(subject, demand), demand.out)

    states = tuple(dict.fromkeys(row.state for row in table))
    return Machine(subject.name, "abstract", order, states, _start(subject), table, 0, why, run)


def _demand(subject: Subject, arguments: Sequence[Datum | None]) -> Demand:
    """The evaluation on some arguments; where these are ``None``, as far as it needs none."""
    demand = Demand(subject.program, subject.reference, arguments)
    parts = {part.variable: place for part, place in zip(subject.parts, demand.places, strict=True)}
    with suppress(Unread):
        demand.run(subject.name, subject.over_parts, parts, subject.listed)
    return demand


def _start(subject: Subject) -> Row:
    """What is done before a look at the input: the same whatever the input is, so that none is needed to find it."""
    start, _ = _updates(subject, _demand(subject, [None] * len(subject.parts)))
    return Row(START, "", "", start.shown, start.stack, start.after)


def _updates(subject: Subject, demand: Demand) -> tuple[Update, list[Update]]:
    """What an evaluation does before its first look, and an update for each look: what it then does until the next one."""
    looks, constructors = demand.looks, subject.constructors
    states = [*(look.scope.owner if look.scope else COPYING for look in looks), END]
    rules, read = [], dict[tuple[int, Datum], str]()
    for state, at in zip(states, looks, strict=False):
        # A term is laid out once for what it looks at, however often it looks.
        key = id(at.site), at.datum.constructor if isinstance(at.datum, Value) else at.datum
        if key not in read:
            read[key] = reading(at.site, at.datum, constructors)
        rules.append(f"{state} · {read[key]}")
    marks = [0, *(look.put_out for look in looks), len(demand.out)]
    done = []
    for i, look in enumerate([None, *looks]):
        out = demand.out[marks[i] : marks[i + 1]]
        place = look.position if look else -1
        token = token_at(look.datum, constructors) if look else ""
        before, rule = (states[i - 1], rules[i - 1]) if look else (START, START)
        written = tokens_at(out, constructors), shown_at(out, constructors)
        below = _Waiting(looks[i].stack, looks[i].scope) if i < len(looks) else _Waiting(None, None)
        done.append(Update(place, token, before, rule, *written, states[i], below))
    return done[0], done[1:]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """The calls that wait for another one, written out when they are asked for: each once, however much of its body waits."""

    stack: Stack
    scope: Scope | None

    def __call__(self) -> tuple[str, ...]:
        found: list[str] = []
        stack, above = self.stack, self.scope
        while stack is not None:
            frame, stack = stack
            if frame.scope is not None and frame.scope is not above:
                above = frame.scope
                found.append(above.owner)
        return tuple(found)


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
