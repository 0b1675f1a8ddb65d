"""From the core to routines: no function stands inside another (Johnsson, "Lambda lifting", 1985), and a function value is a
constructor that one routine for each number of arguments takes apart (Reynolds, "Definitional interpreters", 1972). So what follows
knows calls of routines by name, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.lang.stackless import Deep, run
from recsyn.semantics.compiled import ir
from recsyn.semantics.normal import captured_by
from recsyn.values import CONS, EMPTY_LIST, FALSE, NIL, TRUE, Value

EXPRESSION = "the expression"
APPEND = "++"
_Scope = dict[str, ir.Expression]


def lower(program: Program, entry: str | core.Term) -> dict[str, ir.Routine]:
    """The routines that a function of the program needs, or the value of a closed term over it: that is :data:`EXPRESSION`."""
    return _Lowering(program).routines_from(entry)


def is_partial(program: Program, entry: str | core.Term) -> bool:
    """Whether the entry is itself a partial function, whose first call counts as none."""
    return isinstance(entry, str) and program.definitions[entry].partial


@dataclass(frozen=True, slots=True)
class _Lifted:
    """A ``fn``, or a function of the program, that is still to be lowered."""

    origin: str | core.Lambda
    parameters: tuple[str, ...]
    captured: tuple[str, ...]
    body: core.Term
    counted: bool


class _Lowering:
    def __init__(self, program: Program) -> None:
        self.definitions = program.definitions
        self.numbers = count()
        self.waiting: dict[str, _Lifted] = {}
        self.arities: dict[str, int] = {}
        self.tags: dict[ir.FunctionTag, None] = {}
        self.applied: dict[int, None] = {}
        self.lambdas: dict[int, str] = {}
        self.routines: dict[str, ir.Routine] = {}

    def routines_from(self, entry: str | core.Term) -> dict[str, ir.Routine]:
        if isinstance(entry, str):
            self.named(entry)
        else:
            self._wait(EXPRESSION, _Lifted(EXPRESSION, (), (), entry, False))
        while self.waiting:
            name = next(iter(self.waiting))
            lifted = self.waiting.pop(name)
            self.routines[name] = run(self.routine(name, lifted))
            if not self.waiting:
                self._close_under_application()
        for many in self.applied:
            self.routines[_applying(many)] = self._application(many)
        return self.routines

    # Routines

    def _wait(self, name: str, lifted: _Lifted) -> None:
        self.arities[name] = len(lifted.captured) + len(lifted.parameters)
        self.waiting[name] = lifted

    def named(self, name: str) -> str:
        """The routine of a function of the program."""
        if name not in self.arities:
            definition = self.definitions[name]
            self._wait(name, _Lifted(name, definition.parameters, (), definition.body, definition.partial))
        return name

    def routine(self, name: str, lifted: _Lifted) -> Deep[ir.Routine]:
        parameters = tuple(next(self.numbers) for _ in range(self.arities[name]))
        scope: _Scope = {v: ir.Local(n) for v, n in zip((*lifted.captured, *lifted.parameters), parameters, strict=True)}
        body = yield self.body(lifted.body, scope)
        return ir.Routine(name, parameters, body, lifted.counted, lifted.origin)

    def _close_under_application(self) -> None:
        """Function values that applying others to too few arguments makes, and applications of what applying to too many gives.
        Each may need further routines."""
        tags, applied = list(self.tags), list(self.applied)
        for many in applied:
            for tag in tags:
                missing = self.arities[tag.routine] - tag.held
                if many < missing:
                    self.tags.setdefault(ir.FunctionTag(tag.routine, tag.held + many))
                elif many > missing:
                    self.applied.setdefault(many - missing)
        if len(tags) < len(self.tags) or len(applied) < len(self.applied):
            self._close_under_application()

    def _application(self, many: int) -> ir.Routine:
        """What applies a function value to so many arguments."""
        function, *given = (next(self.numbers) for _ in range(many + 1))
        arguments = tuple(ir.Local(n) for n in given)
        arms: list[tuple[tuple[ir.Test, ...], ir.Body]] = []
        for tag in self.tags:
            held = tuple(next(self.numbers) for _ in range(tag.held))
            everything = (*(ir.Local(n) for n in held), *arguments)
            arity = self.arities[tag.routine]
            result: ir.Expression
            if len(everything) < arity:
                result = ir.Construct(ir.FunctionTag(tag.routine, len(everything)), everything)
            else:
                result = ir.Call(tag.routine, everything[:arity])
                if len(everything) > arity:
                    result = ir.Call(_applying(len(everything) - arity), (result, *everything[arity:]))
            arms.append(((ir.Is(function, tag, held),), ir.Return(result)))
        arms.append(((), ir.Return(ir.Foreign(ir.Local(function), arguments))))
        return ir.Routine(_applying(many), (function, *given), ir.Branch(tuple(arms)))

    # Bodies

    def body(self, term: core.Term, scope: _Scope) -> Deep[ir.Body]:
        if isinstance(term, core.Let):
            bound = yield self.expression(term.bound, scope)
            return (yield self._bound(term.name, bound, term.body, scope))
        if isinstance(term, core.If):
            condition = yield self.expression(term.condition, scope)
            yes = yield self.body(term.consequent, scope)
            no = yield self.body(term.alternative, scope)
            return ir.Branch((((ir.Holds(condition),), yes), ((), no)))
        if isinstance(term, core.Match):
            return (yield self._match(term, scope))
        return ir.Return((yield self.expression(term, scope)))

    def _bound(self, name: str, bound: ir.Expression, body: core.Term, scope: _Scope) -> Deep[ir.Body]:
        if isinstance(bound, ir.Local | ir.Constant):
            scope[name] = bound
            return (yield self.body(body, scope))
        number = next(self.numbers)
        scope[name] = ir.Local(number)
        return ir.Bind(number, bound, (yield self.body(body, scope)))

    def _match(self, term: core.Match, scope: _Scope) -> Deep[ir.Body]:
        scrutinees: list[int] = []
        bound: list[tuple[int, ir.Expression]] = []
        for scrutinee in term.scrutinees:
            value = yield self.expression(scrutinee, scope)
            if not isinstance(value, ir.Local):
                bound.append((next(self.numbers), value))
                value = ir.Local(bound[-1][0])
            scrutinees.append(value.number)
        arms = []
        for arm in term.arms:
            tests = tuple(self._tests(scrutinees, arm.patterns, scope))
            arms.append((tests, (yield self.body(arm.body, scope))))
        body: ir.Body = ir.Branch(tuple(arms))
        for number, value in reversed(bound):
            body = ir.Bind(number, value, body)
        return body

    def _tests(self, scrutinees: Sequence[int], patterns: Sequence[core.Pattern], scope: _Scope) -> list[ir.Test]:
        tests: list[ir.Test] = []
        waiting = list(zip(scrutinees, patterns, strict=True))[::-1]
        while waiting:
            number, pattern = waiting.pop()
            if isinstance(pattern, core.Bind):
                scope[pattern.name] = ir.Local(number)
            elif isinstance(pattern, core.Alias):
                scope[pattern.name] = ir.Local(number)
                waiting.append((number, pattern.pattern))
            elif isinstance(pattern, core.Exactly):
                tests.append(ir.Equals(number, pattern.value))
            elif isinstance(pattern, core.Built):
                fields = tuple(None if isinstance(f, core.Ignore) else next(self.numbers) for f in pattern.fields)
                tests.append(ir.Is(number, pattern.constructor, fields))
                waiting.extend([(n, f) for n, f in zip(fields, pattern.fields, strict=True) if n is not None][::-1])
        return tests

    # Expressions

    def expression(self, term: core.Term, scope: _Scope) -> Deep[ir.Expression]:
        if isinstance(term, core.Local):
            return scope[term.name]
        if isinstance(term, core.Literal):
            return ir.Constant(term.value)
        if isinstance(term, core.Global):
            return self._global(term.name)
        if isinstance(term, core.Lambda):
            return self._closed(term, scope)
        if isinstance(term, core.Apply):
            return (yield self._apply(term, scope))
        if isinstance(term, core.If) or (isinstance(term, core.Primitive) and term.operator in ("&&", "||")):
            parts = term.operands if isinstance(term, core.Primitive) else core.children(term)
            done = []
            for part in parts:
                done.append((yield self.expression(part, scope)))
            if isinstance(term, core.If):
                return ir.Choose(*done)
            left, right = done
            return (
                ir.Choose(left, right, ir.Constant(FALSE)) if term.operator == "&&" else ir.Choose(left, ir.Constant(TRUE), right)
            )
        if isinstance(term, core.Let | core.Match):
            return ir.Nested((yield self.body(term, scope)))
        fields = []
        for part in core.children(term):
            fields.append((yield self.expression(part, scope)))
        if isinstance(term, core.Construct):
            return _constructed(term.constructor, tuple(fields))
        if term.operator == APPEND:
            return ir.Call(self._append(), tuple(fields))
        return ir.Operate(term.operator, tuple(fields))

    def _global(self, name: str) -> ir.Expression:
        routine = self.named(name)
        return self._function(routine, ()) if self.arities[routine] else ir.Call(routine, ())

    def _function(self, routine: str, held: tuple[ir.Expression, ...]) -> ir.Expression:
        tag = ir.FunctionTag(routine, len(held))
        self.tags.setdefault(tag)
        return ir.Construct(tag, held)

    def _closed(self, term: core.Lambda, scope: _Scope) -> ir.Expression:
        captured = captured_by(term, scope)
        name = self.lambdas.get(id(term))
        if name is None:
            name = self.lambdas[id(term)] = f"fn {len(self.lambdas)}"
            self._wait(name, _Lifted(term, term.parameters, captured, term.body, False))
        return self._function(name, tuple(scope[v] for v in captured))

    def _apply(self, term: core.Apply, scope: _Scope) -> Deep[ir.Expression]:
        arguments: list[ir.Expression] = []
        if isinstance(term.function, core.Global):
            routine = self.named(term.function.name)
            arity = self.arities[routine]
            for argument in term.arguments:
                arguments.append((yield self.expression(argument, scope)))
            if len(arguments) < arity:
                return self._function(routine, tuple(arguments))
            called = ir.Call(routine, tuple(arguments[:arity]))
            return self._applied(called, arguments[arity:]) if len(arguments) > arity else called
        function = yield self.expression(term.function, scope)
        for argument in term.arguments:
            arguments.append((yield self.expression(argument, scope)))
        return self._applied(function, arguments)

    def _applied(self, function: ir.Expression, arguments: Sequence[ir.Expression]) -> ir.Call:
        self.applied.setdefault(len(arguments))
        return ir.Call(_applying(len(arguments)), (function, *arguments))

    def _append(self) -> str:
        """The routine of ``++``, which is a function like any other: ``xs ++ ys`` walks down ``xs``."""
        if APPEND not in self.routines:
            left, right, first, others = (next(self.numbers) for _ in range(4))
            more = ir.Construct(CONS, (ir.Local(first), ir.Call(APPEND, (ir.Local(others), ir.Local(right)))))
            arms = (
                ((ir.Is(left, NIL, ()),), ir.Return(ir.Local(right))),
                ((ir.Is(left, CONS, (first, others)),), ir.Return(more)),
            )
            self.routines[APPEND] = ir.Routine(APPEND, (left, right), ir.Branch(arms))
        return APPEND


def _applying(many: int) -> str:
    return f"apply {many}"


def _constructed(constructor: str, fields: tuple[ir.Expression, ...]) -> ir.Expression:
    """A constructor applied; one applied to constants is a constant."""
    if all(isinstance(f, ir.Constant) for f in fields):
        if constructor == NIL:
            return ir.Constant(EMPTY_LIST)
        return ir.Constant(Value(constructor, tuple(f.value for f in fields if isinstance(f, ir.Constant))))
    return ir.Construct(constructor, fields)
