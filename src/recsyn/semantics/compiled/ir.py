"""What programs are made of between the core and the backends: plain data.

Variables are numbers, and no two binders of a unit share one: a backend may give each a cell of its own, and code that is reached
by a jump finds them where they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from recsyn.lang import core
from recsyn.values import Datum


@dataclass(frozen=True, slots=True)
class FunctionTag:
    """The constructor of a function value: a routine and how many of its arguments are held, captured ones first."""

    routine: str
    held: int


Tag: TypeAlias = str | FunctionTag

# Expressions


@dataclass(frozen=True, slots=True)
class Local:
    number: int


@dataclass(frozen=True, slots=True)
class Constant:
    value: Datum


@dataclass(frozen=True, slots=True)
class Construct:
    tag: Tag
    fields: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Operate:
    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A routine called with all of its arguments."""

    routine: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choose:
    """One of two expressions; the other is not evaluated."""

    condition: Expression
    yes: Expression
    no: Expression


@dataclass(frozen=True, slots=True)
class Foreign:
    """Apply a function value that was made outside of the unit."""

    function: Expression
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Nested:
    """A body whose value is wanted in the middle of an expression. Sequencing leaves none."""

    body: Body


Expression: TypeAlias = Local | Constant | Construct | Operate | Call | Choose | Foreign | Nested

# Tests


@dataclass(frozen=True, slots=True)
class Is:
    """A variable holds this constructor; its fields go into variables, ``None`` for those that nothing uses."""

    number: int
    tag: Tag
    fields: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Equals:
    number: int
    literal: int | str


@dataclass(frozen=True, slots=True)
class Holds:
    condition: Expression


Test: TypeAlias = Is | Equals | Holds

# Bodies


@dataclass(frozen=True, slots=True)
class Return:
    value: Expression


@dataclass(frozen=True, slots=True)
class Bind:
    number: int
    bound: Expression
    body: Body


@dataclass(frozen=True, slots=True)
class Branch:
    """The first arm whose tests all pass, tried in order. The last one always does, so a backend need not try it."""

    arms: tuple[tuple[tuple[Test, ...], Body], ...]


@dataclass(frozen=True, slots=True)
class Inner:
    """A body that calls nothing of its own component; what it returns goes into a variable."""

    number: int
    inner: Body
    body: Body


@dataclass(frozen=True, slots=True)
class Await:
    """A call inside the component that is not the last thing to do. ``live`` are the variables that are needed after it."""

    point: int
    number: int
    member: str
    arguments: tuple[Expression, ...]
    live: tuple[int, ...]
    body: Body


@dataclass(frozen=True, slots=True)
class Jump:
    """A call inside the component that is the last thing to do."""

    member: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Shell:
    """A constructor one of whose fields is still to come. ``fields`` has a place for it, which means nothing, at ``hole``."""

    tag: Tag
    fields: tuple[Expression, ...]
    hole: int


@dataclass(frozen=True, slots=True)
class JumpInto:
    """A call whose result stands inside constructors in what is returned, from the outermost shell to the innermost."""

    point: int
    shells: tuple[Shell, ...]
    member: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Goto:
    """Go on with a label of the component, all variables as they are."""

    label: str


Body: TypeAlias = Return | Bind | Branch | Inner | Await | Jump | JumpInto | Goto

# Routines, components, units


@dataclass(frozen=True, slots=True)
class Routine:
    """A function without others inside it. A ``counted`` one is partial, and every call of it is counted. ``origin`` is what it
    came from: the name of a function of the program, a ``fn``, or ``None`` for ``++`` and what applies function values."""

    name: str
    parameters: tuple[int, ...]
    body: Body
    counted: bool = False
    origin: str | core.Lambda | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """Routines that call each other, and labels: bodies that several of their paths go on with. ``entries`` are the routines
    that are called from outside."""

    routines: tuple[Routine, ...]
    labels: tuple[tuple[str, Body], ...]
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """All that one routine calls, components after those that they call. ``made`` are the function values that it can make, with
    the routines behind them, some of which may be called outside alone."""

    entry: str
    components: tuple[Component, ...]
    made: Mapping[FunctionTag, Routine]

    def routines(self) -> Iterator[Routine]:
        for component in self.components:
            yield from component.routines


def operands(at: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside one, in order of evaluation."""
    if isinstance(at, Construct):
        return at.fields
    if isinstance(at, Operate):
        return at.operands
    if isinstance(at, Call):
        return at.arguments
    if isinstance(at, Choose):
        return (at.condition, at.yes, at.no)
    if isinstance(at, Foreign):
        return (at.function, *at.arguments)
    return ()


def with_operands(at: Expression, parts: tuple[Expression, ...]) -> Expression:
    """The expression with others in the place of its :func:`operands`."""
    if isinstance(at, Construct):
        return Construct(at.tag, parts)
    if isinstance(at, Operate):
        return Operate(at.operator, parts)
    if isinstance(at, Call):
        return Call(at.routine, parts)
    if isinstance(at, Choose):
        return Choose(*parts)
    if isinstance(at, Foreign):
        return Foreign(parts[0], parts[1:])
    return at


def bodies_in(body: Body) -> Iterator[Body]:
    """A body that is in order, and all bodies inside it."""
    waiting = [body]
    while waiting:
        at = waiting.pop()
        yield at
        if isinstance(at, Branch):
            waiting.extend(inner for _, inner in at.arms)
        elif isinstance(at, Inner):
            waiting.extend((at.inner, at.body))
        elif isinstance(at, Bind | Await):
            waiting.append(at.body)
