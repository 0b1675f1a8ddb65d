"""A unit as LLVM assembly.

A component is one function of LLVM. Its variables are cells on LLVM's stack that ``sroa`` turns into registers, its routines and
labels blocks, its calls of itself branches; what waits for them stands on the evaluation's own stack. Where a component jumps into
constructors, every result in it is written to an address that is handed on (destination passing).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence

from recsyn.lang.stackless import Deep, run
from recsyn.lang.types import Constructor
from recsyn.semantics.compiled import ir, words
from recsyn.semantics.compiled.native import layout as at
from recsyn.semantics.compiled.tags import Tags
from recsyn.values import FALSE, TRUE, TUPLE, Datum, Value, postorder

_COMPARISONS = {"<": "slt", "<=": "sle", ">": "sgt", ">=": "sge"}
_HEAD = """\
declare i64 @refuelled(ptr)
declare i64 @equal(ptr, i64, i64, i64, i64)
declare {i64, i1} @llvm.sadd.with.overflow.i64(i64, i64)
declare {i64, i1} @llvm.ssub.with.overflow.i64(i64, i64)
declare {i64, i1} @llvm.smul.with.overflow.i64(i64, i64)
!0 = !{!"branch_weights", i32 1, i32 1000000}
"""
_STATE = {"heap": at.HEAP, "stack": at.STACK, "fuel": at.FUEL}
"""What is in registers while a component runs. It is handed on to every component that is called, and comes back with the result,
but for the stack, which is then where it was."""
_RESULT = "{i64, i64, i64}"
"""A result, and the heap and the fuel after it. No word is 0: that says that there is none."""
_UNENTERED = -1
"""The return point of a component's first caller."""


def emitted(unit: ir.Unit, tags: Tags) -> tuple[str, list[Datum]]:
    """The assembly, whose ``@enter`` takes a context and an array of arguments, and the constants that it takes from the context's
    table."""
    emission = _Emission(unit, tags)
    for index, component in enumerate(unit.components):
        _Component(emission, index, component).write()
    emission.write_entry()
    return "\n".join([_HEAD, *emission.lines]) + "\n", emission.constants


class _Emission:
    """The module while it is written."""

    def __init__(self, unit: ir.Unit, tags: Tags) -> None:
        self.unit = unit
        self.tags = tags
        self.lines: list[str] = []
        self.constants: list[Datum] = []
        self.true, self.false = words.constant(tags.numbers[TRUE.constructor]), words.constant(tags.numbers[FALSE.constructor])
        self.home = {r.name: (i, c) for i, c in enumerate(unit.components) for r in c.routines}
        self.arities = {r.name: len(r.parameters) for r in unit.routines()}

    def widest(self, component: ir.Component) -> int:
        return max(self.arities[name] for name in component.entries)

    def call(self, routine: str, arguments: Sequence[str]) -> str:
        """The instruction that calls a routine, with the state of the heap, the stack and the fuel before its arguments."""
        index, component = self.home[routine]
        spare = ["0"] * (self.widest(component) - len(arguments) + len(_STATE))
        head = [r.name for r in component.routines].index(routine)
        given = "".join(f", i64 {a}" for a in (str(head), *arguments, *spare))
        return f"call fastcc {_RESULT} @component{index}(ptr %context{given})"

    def write_entry(self) -> None:
        arity = self.arities[self.unit.entry]
        self.lines.append("define i64 @enter(ptr %context, ptr %arguments) {")
        for cell, place in _STATE.items():
            self.lines.append(f"  %{cell}.place = getelementptr i64, ptr %context, i64 {place}")
            self.lines.append(f"  %{cell} = load i64, ptr %{cell}.place")
        for i in range(arity):
            self.lines.append(f"  %p{i} = getelementptr i64, ptr %arguments, i64 {i}")
            self.lines.append(f"  %a{i} = load i64, ptr %p{i}")
        names = [*(f"%{cell}" for cell in _STATE), *(f"%a{i}" for i in range(arity))]
        self.lines.append(f"  %all = {self.call(self.unit.entry, names)}")
        self.lines.append(f"  %r = extractvalue {_RESULT} %all, 0")
        self.lines.append(f"  %heap.after = extractvalue {_RESULT} %all, 1")
        self.lines.append("  store i64 %heap.after, ptr %heap.place")
        self.lines.append("  ret i64 %r")
        self.lines.append("}")

    def descends(self, component: ir.Component) -> bool:
        """Whether a component is one function of the program, which calls itself on a part of an argument only."""
        if len(component.routines) != 1 or not isinstance(component.routines[0].origin, str):
            return False
        definition = self.tags.program.definitions.get(component.routines[0].origin)
        return definition is not None and definition.shape is not None

    def others(self, tag: ir.Tag) -> Mapping[str, Constructor] | None:
        """The other constructors of the type of one; ``None`` for a function, whose type is not known."""
        if isinstance(tag, ir.FunctionTag):
            return None
        if tag == TUPLE:
            return {}
        datatype = self.tags.program.datatypes[self.tags.program.constructors[tag].datatype]
        return {c.name: c for c in datatype.constructors if c.name != tag}


class _Component:
    """A function of LLVM while it is written."""

    def __init__(self, emission: _Emission, index: int, component: ir.Component) -> None:
        self.emission = emission
        self.index = index
        self.component = component
        self.members = {r.name: r for r in component.routines}
        self.bodies = {**{r.name: r.body for r in component.routines}, **dict(component.labels)}
        self.heads = {name: place for place, name in enumerate(self.bodies)}
        inside = [b for body in self.bodies.values() for b in ir.bodies_in(body)]
        self.awaits = [b for b in inside if isinstance(b, ir.Await)]
        self.into = any(isinstance(b, ir.JumpInto) for b in inside)
        # What only ever jumps into constructors ends when the memory does, and a loop down one argument when the argument does.
        jumps = any(isinstance(b, ir.Jump) for b in inside) and not emission.descends(component)
        self.long = bool(self.awaits) or jumps or any(map(_calls, inside))
        self.fresh = 0
        self.endings: dict[int, str] = {}
        self.cells: dict[str, None] = {}
        self.code: list[str] = []
        self.dead = False

    # The frame of the function

    def write(self) -> None:
        widest = self.emission.widest(self.component)
        for name, body in self.bodies.items():
            self.block(f"h{self.heads[name]}")
            if name in self.members:
                if self.long:
                    self.burn()
                if self.members[name].counted:
                    self.count()
            run(self.body(body, None))
        for awaited in self.awaits:
            self.resume(awaited)
        self.block("return")
        self.give_back()
        for status, ending in self.endings.items():
            self.block(ending)
            self.add(f"store i64 {status}, ptr {self.context(at.STATUS)}")
            self.leave("br label %fail")
        code, self.code = self.code, []
        named = ("head", *(f"{cell}.before" for cell in _STATE), *(f"p{i}" for i in range(widest)))
        parameters = "".join(f", i64 %{name}" for name in named)
        self.code.append(f"define internal fastcc {_RESULT} @component{self.index}(ptr %context{parameters}) {{")
        self.code.append("entry:")
        self.dead = False
        for cell in (*_STATE, "result", "destination"):
            self.cells.setdefault(f"%{cell}")
        for routine in self.component.routines:
            for number in routine.parameters:
                self.cells.setdefault(f"%v{number}")
        for cell in self.cells:
            self.add(f"{cell} = alloca i64")
        for cell in _STATE:
            self.add(f"store i64 %{cell}.before, ptr %{cell}")
        self.begin()
        entries = [self.members[name] for name in self.component.entries]
        if len(entries) == 1:
            self.enter(entries[0])
        else:
            cases = " ".join(f"i64 {self.heads[r.name]}, label %e{self.heads[r.name]}" for r in entries)
            self.leave(f"switch i64 %head, label %e{self.heads[entries[0].name]} [ {cases} ]")
            for routine in entries:
                self.block(f"e{self.heads[routine.name]}")
                self.enter(routine)
        self.emission.lines += [*self.code, *code, "fail:", f"  ret {_RESULT} zeroinitializer", "}"]

    def enter(self, routine: ir.Routine) -> None:
        for i, number in enumerate(routine.parameters):
            self.add(f"store i64 %p{i}, ptr %v{number}")
        self.leave(f"br label %h{self.heads[routine.name]}")

    def begin(self) -> None:
        """Where the first caller's result goes, and what is found when nothing waits any more."""
        if self.awaits:
            slot = self.push([str(_UNENTERED), "0"])
            if self.into:
                self.add(f"store i64 {self.plus(slot, words.WORD)}, ptr %destination")
        elif self.into:
            self.add(f"store i64 {self.value('ptrtoint ptr %result to i64')}, ptr %destination")

    def give_back(self) -> None:
        """From the block where results arrive: to what waits on top of the stack, or to the caller."""
        if self.awaits:
            top = self.value("load i64, ptr %stack")
            point = self.load(top)
            cases = " ".join(f"i64 {a.point}, label %r{a.point}" for a in self.awaits)
            self.leave(f"switch i64 {point}, label %done [ {cases} ]")
            self.block("done")
            if self.into:
                self.add(f"store i64 {self.load(self.plus(top, words.WORD))}, ptr %result")
            self.add(f"store i64 {self.plus(top, 2 * words.WORD)}, ptr %stack")
        whole = "undef"
        for i, cell in enumerate(("result", "heap", "fuel")):
            whole = self.value(f"insertvalue {_RESULT} {whole}, i64 {self.value(f'load i64, ptr %{cell}')}, {i}")
        self.leave(f"ret {_RESULT} {whole}")

    # Lines

    def add(self, line: str) -> None:
        if not self.dead:
            self.code.append(f"  {line}")

    def value(self, instruction: str) -> str:
        self.fresh += 1
        self.add(f"%t{self.fresh} = {instruction}")
        return f"%t{self.fresh}"

    def leave(self, terminator: str) -> None:
        """The end of a block. What is written until the next one begins can never be reached."""
        self.add(terminator)
        self.dead = True

    def block(self, name: str) -> None:
        self.dead = False
        self.code.append(f"{name}:")

    def label(self) -> str:
        self.fresh += 1
        return f"b{self.fresh}"

    def unless(self, bad: str, status: int) -> None:
        """End the evaluation with this status where ``bad``, a bit, is set."""
        on = self.label()
        self.leave(f"br i1 {bad}, label %{self.ending(status)}, label %{on}, !prof !0")
        self.block(on)

    def stop(self, status: int) -> None:
        self.leave(f"br label %{self.ending(status)}")

    def ending(self, status: int) -> str:
        """The block that ends the evaluation with this status."""
        return self.endings.setdefault(status, f"s{status}")

    # Memory

    def context(self, place: int) -> str:
        return self.value(f"getelementptr i64, ptr %context, i64 {place}")

    def plus(self, address: str, bytes: int) -> str:
        return self.value(f"add i64 {address}, {bytes}") if bytes else address

    def load(self, address: str) -> str:
        return self.value(f"load i64, ptr {self.value(f'inttoptr i64 {address} to ptr')}")

    def store(self, word: str, address: str) -> None:
        self.add(f"store i64 {word}, ptr {self.value(f'inttoptr i64 {address} to ptr')}")

    def allocate(self, many: int) -> str:
        """The address of so many new words on the heap."""
        heap = self.value("load i64, ptr %heap")
        after = self.plus(heap, many * words.WORD)
        self.unless(self.value(f"icmp ugt i64 {after}, {self.value('load i64, ptr %stack')}"), at.EXHAUSTED)
        self.add(f"store i64 {after}, ptr %heap")
        return heap

    def push(self, pushed: Sequence[str]) -> str:
        """The address of these words on the stack."""
        top = self.plus(self.value("load i64, ptr %stack"), -len(pushed) * words.WORD)
        self.unless(self.value(f"icmp ult i64 {top}, {self.value('load i64, ptr %heap')}"), at.EXHAUSTED)
        for i, word in enumerate(pushed):
            self.store(word, self.plus(top, i * words.WORD))
        self.add(f"store i64 {top}, ptr %stack")
        return top

    def cell(self, tag: ir.Tag, fields: Sequence[str], address: str) -> None:
        self.store(str(words.header(self.emission.tags.numbers[tag], len(fields))), address)
        for i, word in enumerate(fields):
            self.store(word, self.plus(address, (i + 1) * words.WORD))

    def burn(self) -> None:
        """One unit of fuel, and the question whether to go on when it is used up."""
        fuel = self.value(f"sub i64 {self.value('load i64, ptr %fuel')}, 1")
        self.add(f"store i64 {fuel}, ptr %fuel")
        ask, on = self.label(), self.label()
        self.leave(f"br i1 {self.value(f'icmp slt i64 {fuel}, 0')}, label %{ask}, label %{on}, !prof !0")
        self.block(ask)
        more = self.value("call i64 @refuelled(ptr %context)")
        self.unless(self.value(f"icmp slt i64 {more}, 0"), at.INTERRUPTED)
        self.add(f"store i64 {more}, ptr %fuel")
        self.leave(f"br label %{on}")
        self.block(on)

    def count(self) -> None:
        """One call of a partial function."""
        place = self.context(at.LEFT)
        left = self.value(f"sub i64 {self.value(f'load i64, ptr {place}')}, 1")
        self.add(f"store i64 {left}, ptr {place}")
        self.unless(self.value(f"icmp slt i64 {left}, 0"), at.LIMITED)

    def variable(self, number: int) -> str:
        self.cells.setdefault(f"%v{number}")
        return f"%v{number}"

    def set(self, number: int, word: str) -> None:
        self.add(f"store i64 {word}, ptr {self.variable(number)}")

    # Bodies

    def body(self, body: ir.Body, yielding: tuple[int, str] | None) -> Deep[None]:
        """Write a body. What it returns goes to whoever waits, or, if ``yielding``, into a variable and on with a block."""
        while isinstance(body, ir.Bind | ir.Inner):
            if isinstance(body, ir.Bind):
                self.set(body.number, self.word(body.bound))
            else:
                after = self.label()
                yield self.body(body.inner, (body.number, after))
                self.block(after)
            body = body.body
        if isinstance(body, ir.Return):
            self.give(self.word(body.value), yielding)
        elif isinstance(body, ir.Branch):
            yield self.branch(body, yielding)
        elif isinstance(body, ir.Goto):
            self.leave(f"br label %h{self.heads[body.label]}")
        elif isinstance(body, ir.Jump):
            self.jump(body.member, [self.word(a) for a in body.arguments])
        elif isinstance(body, ir.Await):
            self.wait(body)
        elif isinstance(body, ir.JumpInto):
            self.jump_into(body)

    def give(self, word: str, yielding: tuple[int, str] | None) -> None:
        if yielding:
            self.set(yielding[0], word)
            self.leave(f"br label %{yielding[1]}")
            return
        if self.into:
            self.store(word, self.value("load i64, ptr %destination"))
        else:
            self.add(f"store i64 {word}, ptr %result")
        self.leave("br label %return")

    def jump(self, member: str, arguments: Sequence[str]) -> None:
        for number, word in zip(self.members[member].parameters, arguments, strict=True):
            self.set(number, word)
        self.leave(f"br label %h{self.heads[member]}")

    def wait(self, body: ir.Await) -> None:
        arguments = [self.word(a) for a in body.arguments]
        live = [self.value(f"load i64, ptr {self.variable(n)}") for n in body.live]
        if self.into:
            top = self.push([str(body.point), "0", self.value("load i64, ptr %destination"), *live])
            self.add(f"store i64 {self.plus(top, words.WORD)}, ptr %destination")
        else:
            self.push([str(body.point), *live])
        self.jump(body.member, arguments)

    def resume(self, body: ir.Await) -> None:
        self.block(f"r{body.point}")
        top = self.value("load i64, ptr %stack")
        first = 3 if self.into else 1
        for i, number in enumerate(body.live):
            self.set(number, self.load(self.plus(top, (first + i) * words.WORD)))
        if self.into:
            self.set(body.number, self.load(self.plus(top, words.WORD)))
            self.add(f"store i64 {self.load(self.plus(top, 2 * words.WORD))}, ptr %destination")
        else:
            self.set(body.number, self.value("load i64, ptr %result"))
        self.add(f"store i64 {self.plus(top, (first + len(body.live)) * words.WORD)}, ptr %stack")
        run(self.body(body.body, None))

    def jump_into(self, body: ir.JumpInto) -> None:
        fields = [[None if i == s.hole else self.word(f) for i, f in enumerate(s.fields)] for s in body.shells]
        arguments = [self.word(a) for a in body.arguments]
        start = self.allocate(sum(1 + len(shell.fields) for shell in body.shells))
        addresses = [start]
        for shell in body.shells[:-1]:
            addresses.append(self.plus(addresses[-1], (1 + len(shell.fields)) * words.WORD))
        for i, (shell, row) in enumerate(zip(body.shells, fields, strict=True)):
            inner = addresses[i + 1] if i + 1 < len(addresses) else "0"
            self.cell(shell.tag, [inner if word is None else word for word in row], addresses[i])
        self.store(start, self.value("load i64, ptr %destination"))
        hole = self.plus(addresses[-1], (1 + body.shells[-1].hole) * words.WORD)
        self.add(f"store i64 {hole}, ptr %destination")
        self.jump(body.member, arguments)

    def branch(self, body: ir.Branch, yielding: tuple[int, str] | None) -> Deep[None]:
        *others, (last, otherwise) = body.arms
        excluded: set[tuple[int, ir.Tag]] = set()
        for tests, inner in others:
            following = self.label()
            for test in tests:
                if not self.is_left(test, excluded):
                    passed = self.label()
                    self.leave(f"br i1 {self.test(test)}, label %{passed}, label %{following}")
                    self.block(passed)
                self.unpack(test)
            yield self.body(inner, yielding)
            self.block(following)
            if len(tests) == 1 and isinstance(tests[0], ir.Is):
                excluded.add((tests[0].number, tests[0].tag))
        for test in last:
            self.unpack(test)
        yield self.body(otherwise, yielding)

    def is_left(self, test: ir.Test, excluded: Container[tuple[int, ir.Tag]]) -> bool:
        """Whether a test has to hold because all other constructors are excluded."""
        if not isinstance(test, ir.Is):
            return False
        others = self.emission.others(test.tag)
        return others is not None and all((test.number, other) in excluded for other in others)

    def test(self, test: ir.Test) -> str:
        if isinstance(test, ir.Holds):
            return self.bit(test.condition)
        word = self.value(f"load i64, ptr {self.variable(test.number)}")
        if isinstance(test, ir.Equals):
            literal = _immediate(test.literal)
            return "false" if literal is None else self.value(f"icmp eq i64 {word}, {literal}")
        number = self.emission.tags.numbers[test.tag]
        if not test.fields:
            return self.value(f"icmp eq i64 {word}, {words.constant(number)}")
        others = self.emission.others(test.tag)
        if others is not None and all(other.fields for other in others.values()):
            return self.value(f"icmp eq i64 {self.load(word)}, {words.header(number, len(test.fields))}")
        is_cell = self.value(f"icmp eq i64 {self.value(f'and i64 {word}, 7')}, 0")
        if others is not None and not any(other.fields for other in others.values()):
            return is_cell
        look, on = self.label(), self.label()
        self.cells.setdefault("%found")
        self.add("store i64 0, ptr %found")
        self.leave(f"br i1 {is_cell}, label %{look}, label %{on}")
        self.block(look)
        same = self.value(f"icmp eq i64 {self.load(word)}, {words.header(number, len(test.fields))}")
        self.add(f"store i64 {self.value(f'zext i1 {same} to i64')}, ptr %found")
        self.leave(f"br label %{on}")
        self.block(on)
        return self.value(f"icmp ne i64 {self.value('load i64, ptr %found')}, 0")

    def unpack(self, test: ir.Test) -> None:
        if isinstance(test, ir.Is) and any(f is not None for f in test.fields):
            word = self.value(f"load i64, ptr {self.variable(test.number)}")
            for i, number in enumerate(test.fields):
                if number is not None:
                    self.set(number, self.load(self.plus(word, (i + 1) * words.WORD)))

    # Expressions, which are never deep

    def word(self, expression: ir.Expression) -> str:
        """The value of an expression."""
        if isinstance(expression, ir.Local):
            return self.value(f"load i64, ptr {self.variable(expression.number)}")
        if isinstance(expression, ir.Constant):
            return self.constant(expression.value)
        if isinstance(expression, ir.Construct):
            if not expression.fields:
                return str(words.constant(self.emission.tags.numbers[expression.tag]))
            fields = [self.word(f) for f in expression.fields]
            address = self.allocate(1 + len(fields))
            self.cell(expression.tag, fields, address)
            return address
        if isinstance(expression, ir.Call):
            arguments = [self.word(a) for a in expression.arguments]
            state = [self.value(f"load i64, ptr %{cell}") for cell in _STATE]
            whole = self.value(self.emission.call(expression.routine, [*state, *arguments]))
            result, heap, fuel = (self.value(f"extractvalue {_RESULT} {whole}, {i}") for i in range(3))
            on = self.label()
            self.leave(f"br i1 {self.value(f'icmp eq i64 {result}, 0')}, label %fail, label %{on}, !prof !0")
            self.block(on)
            self.add(f"store i64 {heap}, ptr %heap")
            self.add(f"store i64 {fuel}, ptr %fuel")
            return result
        if isinstance(expression, ir.Choose):
            return self.chosen(expression)
        if isinstance(expression, ir.Foreign):
            self.stop(at.HANDED_OVER)
            self.block(self.label())
            return "0"
        assert isinstance(expression, ir.Operate)
        if expression.operator in _ARITHMETIC:
            return _ARITHMETIC[expression.operator](self, *(self.word(o) for o in expression.operands))
        return self.value(f"select i1 {self.bit(expression)}, i64 {self.emission.true}, i64 {self.emission.false}")

    def constant(self, datum: Datum) -> str:
        if isinstance(datum, Value) and not datum.fields:
            return str(words.constant(self.emission.tags.numbers[datum.constructor]))
        if isinstance(datum, Value) and all(_is_small(field) for node in postorder(datum) for field in node.fields):
            self.emission.constants.append(datum)
            table = self.value(f"load ptr, ptr {self.context(at.CONSTANTS)}")
            place = self.value(f"getelementptr i64, ptr {table}, i64 {len(self.emission.constants) - 1}")
            return self.value(f"load i64, ptr {place}")
        word = _immediate(datum)
        if word is None:
            # No word can hold it, or an integer in it.
            self.stop(at.HANDED_OVER)
            self.block(self.label())
            return "0"
        return str(word)

    def chosen(self, expression: ir.Choose) -> str:
        yes, no, on = self.label(), self.label(), self.label()
        cell = f"%c{self.label()}"
        self.cells.setdefault(cell)
        self.leave(f"br i1 {self.bit(expression.condition)}, label %{yes}, label %{no}")
        for label, side in ((yes, expression.yes), (no, expression.no)):
            self.block(label)
            self.add(f"store i64 {self.word(side)}, ptr {cell}")
            self.leave(f"br label %{on}")
        self.block(on)
        return self.value(f"load i64, ptr {cell}")

    def bit(self, expression: ir.Expression) -> str:
        """The value of a condition, as a bit."""
        if isinstance(expression, ir.Operate):
            if expression.operator == "not":
                return self.value(f"xor i1 {self.bit(expression.operands[0])}, true")
            if expression.operator in _COMPARISONS:
                left, right = (self.word(o) for o in expression.operands)
                return self.value(f"icmp {_COMPARISONS[expression.operator]} i64 {left}, {right}")
            if expression.operator in ("==", "!="):
                same = self.equal(*expression.operands)
                return same if expression.operator == "==" else self.value(f"xor i1 {same}, true")
        return self.value(f"icmp eq i64 {self.word(expression)}, {self.emission.true}")

    def equal(self, left: ir.Expression, right: ir.Expression) -> str:
        one, other = self.word(left), self.word(right)
        same = self.value(f"icmp eq i64 {one}, {other}")
        if any(isinstance(side, ir.Constant) and _immediate(side.value) is not None for side in (left, right)):
            return same
        self.cells.setdefault("%found")
        self.add(f"store i64 {self.value(f'zext i1 {same} to i64')}, ptr %found")
        either = self.value(f"or i64 {self.value(f'or i64 {one}, {other}')}, {self.value(f'zext i1 {same} to i64')}")
        cells = self.value(f"icmp eq i64 {self.value(f'and i64 {either}, 7')}, 0")
        look, on = self.label(), self.label()
        self.leave(f"br i1 {cells}, label %{look}, label %{on}")
        self.block(look)
        heap, stack = (self.value(f"load i64, ptr %{cell}") for cell in ("heap", "stack"))
        found = self.value(f"call i64 @equal(ptr %context, i64 {heap}, i64 {stack}, i64 {one}, i64 {other})")
        compared = self.label()
        self.leave(f"br i1 {self.value(f'icmp eq i64 {found}, 2')}, label %fail, label %{compared}, !prof !0")
        self.block(compared)
        self.add(f"store i64 {found}, ptr %found")
        self.leave(f"br label %{on}")
        self.block(on)
        return self.value(f"icmp ne i64 {self.value('load i64, ptr %found')}, 0")

    def checked(self, operation: str, left: str, right: str) -> str:
        """The result of an operation, unless it takes more bits than there are."""
        pair = self.value(f"call {{i64, i1}} @llvm.{operation}.with.overflow.i64(i64 {left}, i64 {right})")
        self.unless(self.value(f"extractvalue {{i64, i1}} {pair}, 1"), at.HANDED_OVER)
        return self.value(f"extractvalue {{i64, i1}} {pair}, 0")


def _calls(body: ir.Body) -> bool:
    """Whether a body, but for what is inside it, calls other components."""
    waiting: list[ir.Expression] = []
    if isinstance(body, ir.Return):
        waiting.append(body.value)
    elif isinstance(body, ir.Bind):
        waiting.append(body.bound)
    elif isinstance(body, ir.Branch):
        waiting.extend(test.condition for tests, _ in body.arms for test in tests if isinstance(test, ir.Holds))
    elif isinstance(body, ir.Await | ir.Jump | ir.JumpInto):
        waiting.extend(body.arguments)
    while waiting:
        at = waiting.pop()
        if isinstance(at, ir.Call):
            return True
        waiting.extend(ir.operands(at))
    return False


def _is_small(field: Datum) -> bool:
    return not isinstance(field, int) or field in words.INTEGERS


def _immediate(datum: Datum) -> int | None:
    """The word of an integer, a character or a constructor without fields, where the word alone says it."""
    if isinstance(datum, str):
        return words.character(datum)
    if isinstance(datum, int):
        return words.integer(datum) if datum in words.INTEGERS else None
    return None


# An integer n is the word 2n + 1.


def _add(self: _Component, left: str, right: str) -> str:
    return self.checked("sadd", left, self.value(f"sub i64 {right}, 1"))


def _subtract(self: _Component, left: str, right: str) -> str:
    return self.value(f"or i64 {self.checked('ssub', left, right)}, 1")


def _multiply(self: _Component, left: str, right: str) -> str:
    product = self.checked("smul", self.value(f"sub i64 {left}, 1"), self.value(f"ashr i64 {right}, 1"))
    return self.value(f"or i64 {product}, 1")


def _negate(self: _Component, operand: str) -> str:
    return self.checked("ssub", "2", operand)


def _divide(self: _Component, left: str, right: str) -> str:
    return _divided(self, left, right, by_zero=str(words.integer(0)), rounded=_quotient)


def _remainder(self: _Component, left: str, right: str) -> str:
    return _divided(self, left, right, by_zero=left, rounded=_modulus)


def _divided(self: _Component, left: str, right: str, by_zero: str, rounded: Callable[[_Component, str, str], str]) -> str:
    zero, some, on = self.label(), self.label(), self.label()
    cell = f"%c{self.label()}"
    self.cells.setdefault(cell)
    self.leave(f"br i1 {self.value(f'icmp eq i64 {right}, 1')}, label %{zero}, label %{some}")
    self.block(zero)
    self.add(f"store i64 {by_zero}, ptr {cell}")
    self.leave(f"br label %{on}")
    self.block(some)
    result = rounded(self, self.value(f"ashr i64 {left}, 1"), self.value(f"ashr i64 {right}, 1"))
    doubled = self.checked("smul", result, "2")
    self.add(f"store i64 {self.value(f'or i64 {doubled}, 1')}, ptr {cell}")
    self.leave(f"br label %{on}")
    self.block(on)
    return self.value(f"load i64, ptr {cell}")


def _rounds_down(self: _Component, remainder: str, divisor: str) -> str:
    """Whether rounding towards minus infinity is not what the machine's division did."""
    against = self.value(f"icmp slt i64 {self.value(f'xor i64 {remainder}, {divisor}')}, 0")
    return self.value(f"and i1 {against}, {self.value(f'icmp ne i64 {remainder}, 0')}")


def _quotient(self: _Component, left: str, right: str) -> str:
    down = _rounds_down(self, self.value(f"srem i64 {left}, {right}"), right)
    return self.value(f"sub i64 {self.value(f'sdiv i64 {left}, {right}')}, {self.value(f'zext i1 {down} to i64')}")


def _modulus(self: _Component, left: str, right: str) -> str:
    remainder = self.value(f"srem i64 {left}, {right}")
    down = _rounds_down(self, remainder, right)
    return self.value(f"add i64 {remainder}, {self.value(f'select i1 {down}, i64 {right}, i64 0')}")


_ARITHMETIC: Mapping[str, Callable[..., str]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "%": _remainder,
    "negate": _negate,
}
