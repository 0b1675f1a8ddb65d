"""Components, and in each the order of what is done: every call inside a component stands alone, as a jump where nothing is left to
do after it, as a jump into constructors where only they are left (Bour, Clément and Scherer, "Tail modulo cons", 2021), and else
as a call that is awaited, with what is needed afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import TypeAlias

from recsyn.lang.components import components
from recsyn.lang.core import Term
from recsyn.lang.program import Program
from recsyn.lang.stackless import Deep, run
from recsyn.semantics.compiled import ir
from recsyn.semantics.compiled.lowering import EXPRESSION, lower

_LONGEST_CHAIN = 60
"""Components that may call each other in a chain, on the host's stack; beyond that all are one component."""
_DEEPEST = 12
"""Levels of an expression that a backend may write as one."""

_Part: TypeAlias = tuple[ir.Body, frozenset[int]]
"""A body, and the variables that it needs."""
_Bindings: TypeAlias = list[tuple[int, ir.Expression]]
_Then: TypeAlias = tuple[int, str] | None
"""Where a body's value goes: into a variable, and on with a label; or to the caller."""


def unit(program: Program, entry: str | Term) -> ir.Unit:
    """The components that a function of the program, or the value of a closed term over it, needs."""
    routines = lower(program, entry)
    first = entry if isinstance(entry, str) else EXPRESSION
    needs = _needed_by(first, routines)
    groups = components(needs)
    if _longest_chain(groups, needs) > _LONGEST_CHAIN:
        groups = [list(needs)]
    entered = {first}
    for group in groups:
        inside = set(group)
        entered.update(other for name in group for other in needs[name] if other not in inside)
    made = {tag: routines[tag.routine] for name in needs for tag in _function_tags(routines[name].body)}
    numbers = count(1 + max((n for routine in routines.values() for n in _numbers(routine)), default=0))
    parts = []
    for group in groups:
        sequencing = _Sequencing(numbers, [routines[name] for name in group])
        parts.append(sequencing.component(tuple(name for name in group if name in entered)))
    return ir.Unit(first, tuple(parts), made)


class _Sequencing:
    """One component while its calls are put in order."""

    def __init__(self, numbers: Iterator[int], routines: Sequence[ir.Routine]) -> None:
        self.numbers = numbers
        self.points = count()
        self.routines = routines
        self.members = frozenset(r.name for r in routines)
        self.labels: dict[str, ir.Body] = {}
        self.needed: dict[str, frozenset[int]] = {}

    def component(self, entries: tuple[str, ...]) -> ir.Component:
        done = []
        for r in self.routines:
            body, _ = run(self.body(r.body, None))
            done.append(ir.Routine(r.name, r.parameters, body, r.counted, r.origin))
        return ir.Component(tuple(done), tuple(self.labels.items()), entries)

    def body(self, at: ir.Body, then: _Then) -> Deep[_Part]:
        if isinstance(at, ir.Bind):
            return (yield self.bind(at, then))
        if isinstance(at, ir.Branch):
            return (yield self.branch(at, then))
        if isinstance(at, ir.Return):
            return (yield self.finish(at.value, then))
        assert isinstance(at, ir.Goto)
        return at, self.needed[at.label]

    def branch(self, at: ir.Branch, then: _Then) -> Deep[_Part]:
        (tests, first), *others = at.arms
        if tests and isinstance(tests[0], ir.Holds) and not self.plain(tests[0].condition):
            # Only an `if` has a condition, and that one alone.
            before: _Bindings = []
            condition = yield self.flat(tests[0].condition, before)
            return (yield self.body(_binding(before, ir.Branch((((ir.Holds(condition),), first), *others))), then))
        arms, needed = [], frozenset[int]()
        for tests, inside in at.arms:
            body, needs = yield self.body(inside, then)
            used = tuple(_used(test, needs | _tested(tests)) for test in tests)
            arms.append((used, body))
            needed |= _needs_of(used, needs)
        return ir.Branch(tuple(arms)), needed

    def bind(self, at: ir.Bind, then: _Then) -> Deep[_Part]:
        bound = at.bound
        if self.plain(bound):
            body, needed = yield self.body(at.body, then)
            return ir.Bind(at.number, bound, body), (needed - {at.number}) | _needs(bound)
        if isinstance(bound, ir.Call) and bound.routine in self.members and all(map(self.plain, bound.arguments)):
            body, needed = yield self.body(at.body, then)
            live = needed - {at.number}
            awaited = ir.Await(next(self.points), at.number, bound.routine, bound.arguments, tuple(sorted(live)), body)
            return awaited, live.union(*map(_needs, bound.arguments))
        inner = _nested(bound)
        if inner is not None and self._calls(inner):
            label = f"after {at.number}"
            self.labels[label], self.needed[label] = yield self.body(at.body, then)
            return (yield self.body(inner, (at.number, label)))
        if inner is not None:
            inside, needs = yield self.body(inner, None)
            body, needed = yield self.body(at.body, then)
            return ir.Inner(at.number, inside, body), (needed - {at.number}) | needs
        before: _Bindings = []
        bound = yield self.flat_inside(bound, before)
        return (yield self.body(_binding(before, ir.Bind(at.number, bound, at.body)), then))

    def finish(self, value: ir.Expression, then: _Then) -> Deep[_Part]:
        if then is not None:
            number, label = then
            inner = None if self.plain(value) else _nested(value)
            if inner is not None:
                return (yield self.body(inner, then))
            return (yield self.bind(ir.Bind(number, value, ir.Goto(label)), None))
        if self.plain(value):
            return ir.Return(value), _needs(value)
        inner = _nested(value)
        if inner is not None:
            return (yield self.body(inner, None))
        if isinstance(value, ir.Call) and value.routine in self.members and all(map(self.plain, value.arguments)):
            return ir.Jump(value.routine, value.arguments), _needs(value)
        shells, call = self.shells(value)
        before: _Bindings = []
        if call is None:
            return (yield self.body(_binding(before, ir.Return((yield self.flat_inside(value, before)))), None))
        around = [f for shell in shells for i, f in enumerate(shell.fields) if i != shell.hole]
        if all(map(self.plain, (*around, *call.arguments))):
            jump = ir.JumpInto(next(self.points), tuple(shells), call.routine, call.arguments)
            return jump, frozenset[int]().union(*map(_needs, (*around, *call.arguments)))
        parts = []
        for shell in shells:
            fields = []
            for i, f in enumerate(shell.fields):
                fields.append(f if i == shell.hole else (yield self.flat(f, before)))
            parts.append(fields)
        rebuilt: ir.Expression = yield self.flat_inside(call, before)
        for shell, fields in zip(reversed(shells), reversed(parts), strict=True):
            fields[shell.hole] = rebuilt
            rebuilt = ir.Construct(shell.tag, tuple(fields))
        return (yield self.body(_binding(before, ir.Return(rebuilt)), None))

    def shells(self, value: ir.Expression) -> tuple[list[ir.Shell], ir.Call | None]:
        """The constructors around the last call in a value, and that call, if only constructors are around it."""
        shells: list[ir.Shell] = []
        at = value
        while isinstance(at, ir.Construct):
            hole = next((i for i in reversed(range(len(at.fields))) if not self.plain(at.fields[i])), None)
            if hole is None:
                break
            shells.append(ir.Shell(at.tag, at.fields, hole))
            at = at.fields[hole]
        return shells, at if shells and isinstance(at, ir.Call) and at.routine in self.members else None

    def plain(self, at: ir.Expression, level: int = 1) -> bool:
        """Whether a backend may write an expression as one, at some level of it: without calls inside the component, bodies, and
        too many levels."""
        waiting = [(at, level)]
        while waiting:
            inside, level = waiting.pop()
            if isinstance(inside, ir.Nested) or level > _DEEPEST:
                return False
            if isinstance(inside, ir.Call) and inside.routine in self.members:
                return False
            waiting.extend((part, level + 1) for part in ir.operands(inside))
        return True

    def flat(self, at: ir.Expression, before: _Bindings) -> Deep[ir.Expression]:
        """The expression without what is not plain in it: that is bound before it, each thing to a variable."""
        if self.plain(at):
            return at
        if not isinstance(at, ir.Choose | ir.Nested):
            at = yield self.flat_inside(at, before)
            if self.plain(at):
                return at
        number = next(self.numbers)
        before.append((number, at))
        return ir.Local(number)

    def flat_inside(self, at: ir.Expression, before: _Bindings) -> Deep[ir.Expression]:
        """The expression with parts that are plain where they stand."""
        parts: list[ir.Expression] = []
        for part in ir.operands(at):
            done = yield self.flat(part, before)
            if not self.plain(done, level=2):
                number = next(self.numbers)
                before.append((number, done))
                done = ir.Local(number)
            parts.append(done)
        return ir.with_operands(at, tuple(parts))

    def _calls(self, body: ir.Body) -> bool:
        return not self.members.isdisjoint(_called(body))


def _needed_by(first: str, routines: Mapping[str, ir.Routine]) -> dict[str, list[str]]:
    """The routines that are called from the first one on, each with those that it calls."""
    needs: dict[str, list[str]] = {}
    waiting = [first]
    while waiting:
        name = waiting.pop()
        if name not in needs:
            needs[name] = list(dict.fromkeys(_called(routines[name].body)))
            waiting.extend(needs[name])
    return needs


def _nested(at: ir.Expression) -> ir.Body | None:
    """The body that an expression is, if it is one."""
    if isinstance(at, ir.Nested):
        return at.body
    if isinstance(at, ir.Choose):
        return ir.Branch((((ir.Holds(at.condition),), ir.Return(at.yes)), ((), ir.Return(at.no))))
    return None


def _binding(before: _Bindings, body: ir.Body) -> ir.Body:
    for number, bound in reversed(before):
        body = ir.Bind(number, bound, body)
    return body


def _needs(at: ir.Expression) -> frozenset[int]:
    """The variables in a plain expression."""
    found: set[int] = set()
    waiting = [at]
    while waiting:
        inside = waiting.pop()
        if isinstance(inside, ir.Local):
            found.add(inside.number)
        else:
            waiting.extend(ir.operands(inside))
    return frozenset(found)


def _tested(tests: Iterable[ir.Test]) -> frozenset[int]:
    return frozenset(test.number for test in tests if not isinstance(test, ir.Holds))


def _used(test: ir.Test, needed: frozenset[int]) -> ir.Test:
    """The test without those fields that nothing needs."""
    if not isinstance(test, ir.Is):
        return test
    return ir.Is(test.number, test.tag, tuple(f if f in needed else None for f in test.fields))


def _needs_of(tests: Sequence[ir.Test], needed: frozenset[int]) -> frozenset[int]:
    """The variables that an arm needs: its tests, and its body but for what they bind."""
    for test in reversed(tests):
        if isinstance(test, ir.Holds):
            needed |= _needs(test.condition)
        else:
            needed = needed - frozenset(f for f in test.fields if f is not None) if isinstance(test, ir.Is) else needed
            needed |= {test.number}
    return needed


def _inside(body: ir.Body) -> Iterator[ir.Body | ir.Expression | ir.Test]:
    """All that is in a body before it is put in order."""
    waiting: list[ir.Body | ir.Expression | ir.Test] = [body]
    while waiting:
        at = waiting.pop()
        yield at
        if isinstance(at, ir.Bind):
            waiting.extend((at.body, at.bound))
        elif isinstance(at, ir.Branch):
            waiting.extend(part for tests, inner in at.arms for part in (inner, *tests))
        elif isinstance(at, ir.Return):
            waiting.append(at.value)
        elif isinstance(at, ir.Nested):
            waiting.append(at.body)
        elif isinstance(at, ir.Holds):
            waiting.append(at.condition)
        elif not isinstance(at, ir.Is | ir.Equals | ir.Goto | ir.Inner | ir.Await | ir.Jump | ir.JumpInto):
            waiting.extend(ir.operands(at))


def _called(body: ir.Body) -> Iterator[str]:
    return (at.routine for at in _inside(body) if isinstance(at, ir.Call))


def _function_tags(body: ir.Body) -> Iterator[ir.FunctionTag]:
    return (at.tag for at in _inside(body) if isinstance(at, ir.Construct) and isinstance(at.tag, ir.FunctionTag))


def _numbers(routine: ir.Routine) -> Iterator[int]:
    """The variables that a routine binds."""
    yield from routine.parameters
    for at in _inside(routine.body):
        if isinstance(at, ir.Bind):
            yield at.number
        elif isinstance(at, ir.Is):
            yield from (f for f in at.fields if f is not None)


def _longest_chain(groups: Sequence[Sequence[str]], needs: Mapping[str, Sequence[str]]) -> int:
    """How many components can call each other in a chain, given them in the order of need."""
    height: dict[str, int] = {}
    for group in groups:
        below = max((height[other] for name in group for other in needs[name] if other in height), default=0)
        height.update(dict.fromkeys(group, below + 1))
    return max(height.values(), default=0)
