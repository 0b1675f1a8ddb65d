"""A-normal form: every intermediate result has a slot, every body is a straight line of instructions that ends in a branch or a
return. Constants share the frame with variables, so an operand is always one index."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from recsyn.lang import core
from recsyn.lang.stackless import Deep, run
from recsyn.values import FALSE, TRUE, Datum, Value

Slot: TypeAlias = int


@dataclass(frozen=True, slots=True)
class Construct:
    target: Slot
    constructor: str
    fields: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Operate:
    target: Slot
    operator: str
    operands: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Make a function value of ``code`` over what it captures."""

    target: Slot
    code: Code
    captured: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """Call a function of the program with all of its arguments."""

    target: Slot
    function: str
    arguments: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply a function value to some arguments, however many it takes."""

    target: Slot
    function: Slot
    arguments: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class Name:
    """The function value of a function of the program."""

    target: Slot
    function: str


@dataclass(frozen=True, slots=True)
class Enter:
    """Run a block in the same frame; what it returns goes to ``target``."""

    target: Slot
    block: Block


@dataclass(frozen=True, slots=True)
class Branch:
    """The first arm whose tests all pass. A test unpacks the value in a slot if it has that constructor (``None``: if it equals
    that literal)."""

    arms: tuple[tuple[tuple[tuple[Slot, str | None, Any], ...], Block], ...]


@dataclass(frozen=True, slots=True)
class Return:
    slot: Slot


Block: TypeAlias = list[Any]


@dataclass(slots=True)
class Code:
    """A body: ``arity`` arguments, then captured values before them, then ``rest``: room for results, constants in place.
    ``origin`` is the ``fn`` that it was made from, if any."""

    name: str
    arity: int
    rest: list[Datum]
    block: Block
    origin: core.Lambda | None = None


def normalise(name: str, parameters: Iterable[str], body: core.Term, arities: dict[str, int]) -> Code:
    """The code of a function. ``arities`` gives the number of parameters of each function of the program."""
    return run(_Body(name, (), tuple(parameters), arities, None).code(body))


def codes_in(code: Code) -> Iterator[Code]:
    """The codes of all functions that stand in one."""
    blocks = [code.block]
    while blocks:
        for step in blocks.pop():
            if isinstance(step, Close):
                yield step.code
                blocks.append(step.code.block)
            elif isinstance(step, Enter):
                blocks.append(step.block)
            elif isinstance(step, Branch):
                blocks.extend(block for _, block in step.arms)


class _Body:
    """One frame while its code is written."""

    def __init__(
        self,
        name: str,
        captured: tuple[str, ...],
        parameters: tuple[str, ...],
        arities: dict[str, int],
        origin: core.Lambda | None,
    ) -> None:
        self.name = name
        self.origin = origin
        self.arities = arities
        self.parameters = parameters
        self.slots = {v: i for i, v in enumerate((*captured, *parameters))}
        self.first = len(captured) + len(parameters)
        self.rest: list[Datum] = []

    def code(self, body: core.Term) -> Deep[Code]:
        block: Block = []
        yield self.finish(body, block)
        return Code(self.name, len(self.parameters), self.rest, block, self.origin)

    def new(self, constant: Datum = None) -> Slot:
        self.rest.append(constant)
        return self.first + len(self.rest) - 1

    def finish(self, term: core.Term, block: Block) -> Deep[None]:
        """Write ``term`` so that the block ends with its value."""
        if isinstance(term, core.Match):
            scrutinees = []
            for scrutinee in term.scrutinees:
                scrutinees.append((yield self.slot(scrutinee, block)))
            arms = []
            for arm in term.arms:
                tests = tuple(self._tests(scrutinees, arm.patterns))
                inner: Block = []
                yield self.finish(arm.body, inner)
                arms.append((tests, inner))
            block.append(Branch(tuple(arms)))
        elif isinstance(term, core.If):
            condition = yield self.slot(term.condition, block)
            yes: Block = []
            no: Block = []
            yield self.finish(term.consequent, yes)
            yield self.finish(term.alternative, no)
            block.append(Branch(((((condition, TRUE.constructor, ()),), yes), ((), no))))
        elif isinstance(term, core.Let):
            self.slots[term.name] = yield self.slot(term.bound, block)
            yield self.finish(term.body, block)
        elif isinstance(term, core.Primitive) and term.operator in ("&&", "||"):
            yield self.finish(_as_if(term), block)
        else:
            block.append(Return((yield self.slot(term, block))))

    def slot(self, term: core.Term, block: Block) -> Deep[Slot]:
        """The slot that holds the value of ``term`` once what is added to the block has run."""
        if isinstance(term, core.Local):
            return self.slots[term.name]
        if isinstance(term, core.Literal):
            return self.new(term.value)
        if isinstance(term, core.Construct) and not term.fields:
            return self.new(Value(term.constructor))
        if isinstance(term, core.Let):
            self.slots[term.name] = yield self.slot(term.bound, block)
            return (yield self.slot(term.body, block))
        if isinstance(term, core.Global):
            target = self.new()
            block.append(Name(target, term.name) if self.arities[term.name] else Call(target, term.name, ()))
            return target
        if isinstance(term, core.Lambda):
            return (yield self._close(term, block))
        if isinstance(term, core.Apply):
            return (yield self._apply(term, block))
        if isinstance(term, core.Match | core.If) or (isinstance(term, core.Primitive) and term.operator in ("&&", "||")):
            inner: Block = []
            yield self.finish(term, inner)
            block.append(Enter(target := self.new(), inner))
            return target
        parts = []
        for part in term.fields if isinstance(term, core.Construct) else term.operands:
            parts.append((yield self.slot(part, block)))
        target = self.new()
        if isinstance(term, core.Construct):
            block.append(Construct(target, term.constructor, tuple(parts)))
        else:
            block.append(Operate(target, term.operator, tuple(parts)))
        return target

    def _apply(self, term: core.Apply, block: Block) -> Deep[Slot]:
        named = term.function if isinstance(term.function, core.Global) else None
        arity = self.arities[named.name] if named else 0
        direct = named is not None and 0 < arity <= len(term.arguments)
        function = -1 if direct else (yield self.slot(term.function, block))
        arguments = []
        for argument in term.arguments:
            arguments.append((yield self.slot(argument, block)))
        if direct and named:
            function = self.new()
            block.append(Call(function, named.name, tuple(arguments[:arity])))
            arguments = arguments[arity:]
        if not arguments:
            return function
        target = self.new()
        block.append(Apply(target, function, tuple(arguments)))
        return target

    def _close(self, term: core.Lambda, block: Block) -> Deep[Slot]:
        free = captured_by(term, self.slots)
        inner = _Body(f"fn in {self.name}", free, term.parameters, self.arities, term)
        code = yield inner.code(term.body)
        target = self.new()
        block.append(Close(target, code, tuple(self.slots[name] for name in free)))
        return target

    def _tests(self, scrutinees: list[Slot], patterns: tuple[core.Pattern, ...]) -> Iterable[tuple[Slot, str | None, Any]]:
        waiting = list(zip(scrutinees, patterns, strict=True))
        waiting.reverse()
        while waiting:
            slot, pattern = waiting.pop()
            if isinstance(pattern, core.Bind):
                self.slots[pattern.name] = slot
            elif isinstance(pattern, core.Alias):
                self.slots[pattern.name] = slot
                waiting.append((slot, pattern.pattern))
            elif isinstance(pattern, core.Exactly):
                yield slot, None, pattern.value
            elif isinstance(pattern, core.Built):
                fields = tuple(-1 if isinstance(f, core.Ignore) else self.new() for f in pattern.fields)
                yield slot, pattern.constructor, fields
                waiting.extend(reversed([(s, f) for s, f in zip(fields, pattern.fields, strict=True) if s >= 0]))


def _as_if(term: core.Primitive) -> core.If:
    left, right = term.operands
    if term.operator == "&&":
        return core.If(left, right, core.Literal(FALSE, term.span), term.span)
    return core.If(left, core.Literal(TRUE, term.span), right, term.span)


def captured_by(term: core.Lambda, scope: Container[str]) -> tuple[str, ...]:
    """The variables in scope that a function mentions, in order. Its own are none of them, since binders are unique."""
    mentioned = dict.fromkeys(at.name for at in core.terms_in(term.body) if isinstance(at, core.Local))
    return tuple(name for name in mentioned if name in scope)
