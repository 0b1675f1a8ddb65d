"""A unit as Python source: a function for each entry of a component.

A component that awaits calls keeps its own stack: a chain of tuples, each what is needed after a call, and the rest of the
stack. So Python's stack is never used, and pushing and popping cost about what a call of Python's does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from recsyn.lang.stackless import Deep, run
from recsyn.semantics.compiled import ir
from recsyn.semantics.compiled.tags import Tags
from recsyn.values import FALSE, TRUE, Datum, Value


@dataclass(frozen=True, slots=True)
class Source:
    """Python source, the name of the entry in it, and data that it calls ``D0``, ``D1`` and so on. Constructors without fields are
    ``K`` and their number there. Where calls are ``counted``, the first argument is a list of how many are left and how many
    there were."""

    text: str
    entry: str
    data: tuple[Datum, ...]
    counted: bool


def written(unit: ir.Unit, tags: Tags) -> Source:
    """The source of a unit."""
    counted = any(routine.counted for routine in unit.routines())
    writer = _Writer(unit, tags, counted)
    text = writer.source()
    return Source(text, writer.names[unit.entry], tuple(writer.data), counted)


# How a component is written: the lines of its loop, and where a value goes that a body ends with.

_RETURN, _RESULT = "return {}", "r = {}"
_LONGEST_NUMBER = 600


@dataclass
class _Here:
    """The component that is being written: ``heads`` are its routines and labels by place; ``points`` how what waits at each is
    resumed; ``leaf`` how a value is given back, ``again`` how control goes to a head."""

    members: dict[str, ir.Routine]
    heads: dict[str, int]
    leaf: str
    again: str = "continue"
    points: dict[int, ir.Await | ir.JumpInto] = field(default_factory=dict)
    several: bool = False


class _Writer:
    def __init__(self, unit: ir.Unit, tags: Tags, counted: bool) -> None:
        self.unit = unit
        self.tags = tags
        self.counted = counted
        self.names = {routine.name: f"f{index}" for index, routine in enumerate(unit.routines())}
        self.lines: list[str] = []
        self.data: list[Datum] = []
        self.here = _Here({}, {}, _RETURN)

    def source(self) -> str:
        for index, component in enumerate(self.unit.components):
            self.component(index, component)
        return "\n".join(self.lines) + "\n"

    def write(self, indent: int, line: str) -> None:
        self.lines.append(" " * indent + line)

    # Components

    def component(self, index: int, component: ir.Component) -> None:
        bodies = {**{r.name: r.body for r in component.routines}, **dict(component.labels)}
        inside = [at for body in bodies.values() for at in ir.bodies_in(body)]
        points = {at.point: at for at in inside if isinstance(at, ir.Await | ir.JumpInto)}
        jumps = any(isinstance(at, ir.Jump | ir.Goto) for at in inside)
        members = {r.name: r for r in component.routines}
        heads = {name: place for place, name in enumerate(bodies)}
        self.here = _Here(members, heads, _RESULT if points else _RETURN, points=points, several=len(points) > 1)
        if len(component.routines) == 1:
            (routine,) = component.routines
            self.write(0, f"def {self.names[routine.name]}({self.parameters(routine)}):")
            if len(bodies) > 1:
                self.write(1, "h = 0")
        else:
            widest = max(len(members[name].parameters) for name in component.entries)
            own = f"loop{index}"
            spare = [f"p{i}=None" for i in range(widest)]
            for name in component.entries:
                given = ", ".join((*self.context(), str(heads[name]), *(f"v{n}" for n in members[name].parameters)))
                self.write(0, f"def {self.names[name]}({self.parameters(members[name])}):")
                self.write(1, f"return {own}({given})")
            self.write(0, f"def {own}({', '.join((*self.context(), 'h', *spare))}):")
            for name in component.entries:
                if members[name].parameters:
                    left = ", ".join(f"v{n}" for n in members[name].parameters)
                    right = ", ".join(f"p{i}" for i in range(len(members[name].parameters)))
                    self.write(1, f"if h == {heads[name]}: {left} = {right}")
        if not jumps and not points and len(bodies) == 1:
            run(self.head(component.routines[0].name, component.routines[0].body, 1))
            return
        if points:
            self.write(1, "s = None")
        self.write(1, "while True:")
        self.dispatch("h", [(heads[name], name) for name in bodies], 2, lambda name, indent: self.head(name, bodies[name], indent))
        if points:
            self.write(2, "while s is not None:")
            if self.here.several:
                self.write(3, "k = s[0]")
            self.here.again = "break"
            self.dispatch("k", [(point, point) for point in sorted(points)], 3, self.resumed)
            self.write(2, "else:")
            self.write(3, "return r")

    def context(self) -> tuple[str, ...]:
        return ("c",) if self.counted else ()

    def parameters(self, routine: ir.Routine) -> str:
        return ", ".join((*self.context(), *(f"v{n}" for n in routine.parameters)))

    def dispatch(self, on: str, cases: Sequence[tuple[int, Any]], indent: int, write: Any) -> None:
        """One of several pieces of code by a number, found by halving."""
        waiting: list[tuple[Sequence[tuple[int, Any]], int] | tuple[str, int]] = [(cases, indent)]
        while waiting:
            some, at = waiting.pop()
            if isinstance(some, str):
                self.write(at, some)
            elif len(some) == 1:
                run(write(some[0][1], at))
            else:
                half = len(some) // 2
                self.write(at, f"if {on} < {some[half][0]}:")
                waiting.extend([(some[half:], at + 1), ("else:", at), (some[:half], at + 1)])

    def head(self, name: str, body: ir.Body, indent: int) -> Deep[None]:
        if name in self.here.members and self.here.members[name].counted:
            self.write(indent, "c[0] -= 1")
            self.write(indent, "if c[0] < 0: raise ended(c[1])")
        yield self.body(body, indent)

    def resumed(self, point: int, indent: int) -> Deep[None]:
        """What is done with the result of a call that was waited for."""
        at = self.here.points[point]
        key = ("_",) if self.here.several else ()
        if isinstance(at, ir.Await):
            self.write(indent, f"{', '.join((*key, *(f'v{n}' for n in at.live), 's'))}, = s")
            self.write(indent, f"v{at.number} = r")
            yield self.body(at.body, indent)
            return
        kept = [(i, j) for i, shell in enumerate(at.shells) for j in self.kept(shell)]
        self.write(indent, f"{', '.join((*key, *(f't{i}_{j}' for i, j in kept), 's'))}, = s")
        inside = "r"
        for i, shell in reversed(list(enumerate(at.shells))):
            fields = [self.expression(f) if isinstance(f, ir.Constant) else f"t{i}_{j}" for j, f in enumerate(shell.fields)]
            fields[shell.hole] = inside
            inside = f"({', '.join((str(self.tags.numbers[shell.tag]), *fields))})"
        self.write(indent, f"r = {inside}")

    def kept(self, shell: ir.Shell) -> list[int]:
        """The fields of a shell that have to be found before the call."""
        return [i for i, f in enumerate(shell.fields) if i != shell.hole and not isinstance(f, ir.Constant)]

    # Bodies

    def body(self, at: ir.Body, indent: int) -> Deep[None]:
        while isinstance(at, ir.Bind | ir.Inner):
            if isinstance(at, ir.Bind):
                self.write(indent, f"v{at.number} = {self.expression(at.bound)}")
            else:
                outer, self.here.leaf = self.here.leaf, f"v{at.number} = {{}}"
                yield self.body(at.inner, indent)
                self.here.leaf = outer
            at = at.body
        if isinstance(at, ir.Return):
            self.write(indent, self.here.leaf.format(self.expression(at.value)))
        elif isinstance(at, ir.Branch):
            yield self.branch(at, indent)
        elif isinstance(at, ir.Goto):
            self.jump(at.label, (), indent)
        elif isinstance(at, ir.Jump):
            self.jump(at.member, at.arguments, indent)
        elif isinstance(at, ir.Await):
            self.push(at.point, [f"v{n}" for n in at.live], indent)
            self.jump(at.member, at.arguments, indent)
        elif isinstance(at, ir.JumpInto):
            self.push(at.point, [self.expression(shell.fields[i]) for shell in at.shells for i in self.kept(shell)], indent)
            self.jump(at.member, at.arguments, indent)

    def push(self, point: int, kept: Sequence[str], indent: int) -> None:
        key = (str(point),) if self.here.several else ()
        self.write(indent, f"s = ({', '.join((*key, *kept, 's'))},)")

    def jump(self, member: str, arguments: Sequence[ir.Expression], indent: int) -> None:
        if member in self.here.members:
            moved = zip(self.here.members[member].parameters, arguments, strict=True)
            moves = [(f"v{n}", self.expression(a)) for n, a in moved if a != ir.Local(n)]
            if moves:
                self.write(indent, f"{', '.join(to for to, _ in moves)} = {', '.join(value for _, value in moves)}")
        if len(self.here.heads) > 1:
            self.write(indent, f"h = {self.here.heads[member]}")
        self.write(indent, self.here.again)

    def branch(self, at: ir.Branch, indent: int) -> Deep[None]:
        *others, (last, otherwise) = at.arms
        for place, (tests, body) in enumerate(others):
            conditions, bound = self.conditions(tests)
            self.write(indent, f"{'elif' if place else 'if'} {' and '.join(conditions) or 'True'}:")
            self.unpack(tests, bound, indent + 1)
            yield self.body(body, indent + 1)
        if others:
            self.write(indent, "else:")
            indent += 1
        self.unpack(last, set(), indent)
        yield self.body(otherwise, indent)

    def conditions(self, tests: Sequence[ir.Test]) -> tuple[list[str], set[int]]:
        """The tests of an arm as Python's, and the variables that are bound in them, since later tests look at them."""
        holder = {f: (test.number, i + 1) for test in tests if isinstance(test, ir.Is) for i, f in enumerate(test.fields)}
        bound: set[int] = set()
        conditions = []
        for test in tests:
            if isinstance(test, ir.Holds):
                conditions.append(self.expression(test.condition))
                continue
            looked_at = f"v{test.number}"
            if test.number in holder and test.number not in bound:
                bound.add(test.number)
                above, place = holder[test.number]
                looked_at = f"(v{test.number} := v{above}[{place}])"
            conditions.append(self.condition(test, looked_at))
        return conditions, bound

    def condition(self, test: ir.Is | ir.Equals, looked_at: str) -> str:
        if isinstance(test, ir.Equals):
            return f"{looked_at} == {self.expression(ir.Constant(test.literal))}"
        if test.tag == TRUE.constructor:
            return looked_at
        if test.tag == FALSE.constructor:
            return f"not {looked_at}"
        number = self.tags.numbers[test.tag]
        constant = isinstance(test.tag, str) and not test.fields
        return f"{looked_at} is K{number}" if constant else f"{looked_at}[0] == {number}"

    def unpack(self, tests: Sequence[ir.Test], bound: set[int], indent: int) -> None:
        for test in tests:
            if not isinstance(test, ir.Is):
                continue
            wanted = [(i, f) for i, f in enumerate(test.fields) if f is not None and f not in bound]
            if len(wanted) > 1 and len(wanted) == len(test.fields):
                self.write(indent, f"{', '.join(('_', *(f'v{f}' for _, f in wanted)))} = v{test.number}")
            else:
                for i, f in wanted:
                    self.write(indent, f"v{f} = v{test.number}[{i + 1}]")

    # Expressions

    def expression(self, at: ir.Expression) -> str:
        if isinstance(at, ir.Local):
            return f"v{at.number}"
        if isinstance(at, ir.Constant):
            return self.constant(at.value)
        if isinstance(at, ir.Construct):
            return f"({', '.join((str(self.tags.numbers[at.tag]), *map(self.expression, at.fields)))},)"
        if isinstance(at, ir.Operate):
            return self.operation(at.operator, at.operands)
        if isinstance(at, ir.Call):
            return f"{self.names[at.routine]}({', '.join((*self.context(), *map(self.expression, at.arguments)))})"
        if isinstance(at, ir.Choose):
            condition, yes, no = map(self.expression, ir.operands(at))
            if at.no == ir.Constant(FALSE):
                return f"({condition} and {yes})"
            if at.yes == ir.Constant(TRUE):
                return f"({condition} or {no})"
            return f"({yes} if {condition} else {no})"
        assert isinstance(at, ir.Foreign)
        return f"foreign({', '.join(map(self.expression, ir.operands(at)))})"

    def operation(self, operator: str, operands: Sequence[ir.Expression]) -> str:
        given = [self.expression(o) for o in operands]
        if operator == "negate":
            return f"(-{given[0]})"
        if operator == "not":
            return f"(not {given[0]})"
        if operator in ("==", "!="):
            if any(isinstance(o, ir.Constant) and not isinstance(o.value, Value) for o in operands):
                return f"({given[0]} {operator} {given[1]})"
            return f"equal({given[0]}, {given[1]})" if operator == "==" else f"(not equal({given[0]}, {given[1]}))"
        if operator in ("/", "%"):
            if isinstance(operands[1], ir.Constant) and operands[1].value:
                return f"({given[0]} {'//' if operator == '/' else '%'} {given[1]})"
            return f"{'div' if operator == '/' else 'mod'}({given[0]}, {given[1]})"
        return f"({given[0]} {operator} {given[1]})"

    def constant(self, value: Datum) -> str:
        if isinstance(value, str):
            return repr(value)
        if isinstance(value, int) and abs(value) < 10**_LONGEST_NUMBER:
            return f"({value})" if value < 0 else str(value)
        if isinstance(value, Value) and not value.fields:
            if value.constructor in (TRUE.constructor, FALSE.constructor):
                return value.constructor
            return f"K{self.tags.numbers[value.constructor]}"
        self.data.append(value)
        return f"D{len(self.data) - 1}"
