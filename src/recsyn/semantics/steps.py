"""Small-step reduction, call by value, arguments from left to right.

The rules are δ (unfold a definition), β (apply a function), ι (choose the case of a match), ζ (a ``let``), ``if``, and one for each
operator, named after it. A state is a focus in a context, the context a linked list of frames, so a step costs what it changes and
a trace of n steps shares all that stays the same.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

from recsyn.lang import core
from recsyn.lang.core import children, with_children
from recsyn.lang.printer import FunctionTerm, Marked, Piece, Printable, pieces, show_term
from recsyn.lang.program import Program
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.values import TRUE, Datum, Value

Context: TypeAlias = tuple[core.Term, int, "Context"] | None
"""The frames around a focus, innermost first: a term, which of its children the focus replaces, and the frames around it."""


@dataclass(frozen=True, slots=True)
class Step:
    """One reduction: the rule, the redex, what it became, and what stood around it."""

    rule: str
    redex: core.Term
    contractum: core.Term
    context: Context

    def before(self) -> list[Piece]:
        """The whole term before the step as stretches of text, those of the redex marked."""
        return pieces(_plugged(Marked(self.redex), self.context))

    def show_before(self, opening: str = "⟦", closing: str = "⟧") -> str:
        return show_term(_plugged(Marked(self.redex), self.context), opening, closing)

    def show_after(self) -> str:
        return show_term(_plugged(self.contractum, self.context))


@dataclass(frozen=True)
class Trace:
    """The steps of one evaluation. ``result`` is the last term, a value unless ``complete`` is false."""

    initial: core.Term
    steps: tuple[Step, ...]
    result: core.Term
    complete: bool

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __str__(self) -> str:
        """A line for every term: the rule that led to it, then the term, its redex between ``⟦`` and ``⟧``."""
        rules = ["", *(step.rule for step in self.steps)]
        terms = [step.show_before() for step in self.steps] + [show_term(self.result) + ("" if self.complete else "  …")]
        width = max(map(len, rules))
        return "\n".join(f"{rule:>{width}}  {term}" for rule, term in zip(rules, terms, strict=True))

    def to_json(self) -> dict[str, Any]:
        steps = [{"rule": s.rule, "before": s.show_before(), "redex": show_term(s.redex), "after": s.show_after()} for s in self]
        return {"initial": show_term(self.initial), "steps": steps, "result": show_term(self.result), "complete": self.complete}


def trace(program: Program, term: core.Term, limit: int = 10_000) -> Trace:
    """The reduction of a closed term, of at most ``limit`` steps."""
    reduction = steps(program, term)
    taken: list[Step] = []
    while True:
        try:
            step = next(reduction)
        except StopIteration as stop:
            return Trace(term, tuple(taken), stop.value, True)
        if len(taken) == limit:
            return Trace(term, tuple(taken), _plugged(step.redex, step.context), False)
        taken.append(step)


def steps(program: Program, term: core.Term) -> Generator[Step, None, core.Term]:
    """The steps of a closed term's reduction, one by one; the generator returns the value, as a term."""
    focus: core.Term = term
    context: Context = None
    while True:
        position = _next_child(program, focus)
        if position is not None:
            context = (focus, position, context)
            focus = children(focus)[position]
            continue
        rule, contractum = _contract(program, focus)
        if rule:
            yield Step(rule, focus, contractum, context)
            focus = contractum
            continue
        if context is None:
            return contractum
        parent, position, context = context
        focus = _with_child(parent, position, contractum)


def _next_child(program: Program, term: core.Term) -> int | None:
    """Which child is to be reduced first, if any."""
    if isinstance(term, core.Literal | core.Lambda | core.Global | core.Local):
        return None
    reducible = children(term)
    if isinstance(term, core.Let | core.If) or (isinstance(term, core.Primitive) and term.operator in ("&&", "||")):
        reducible = reducible[:1]
    elif isinstance(term, core.Match):
        reducible = term.scrutinees
    for position, child in enumerate(reducible):
        if not _finished(program, child):
            return position
    return None


def _finished(program: Program, term: core.Term) -> bool:
    """Whether the term is a value: a datum, or a function that waits for arguments."""
    if isinstance(term, core.Global):
        return bool(program.definitions[term.name].parameters)
    return isinstance(term, core.Literal | core.Lambda)


def _datum(term: core.Term) -> Datum:
    return term.value if isinstance(term, core.Literal) else FunctionTerm(term)


def _value_term(datum: Datum, span: Span) -> core.Term:
    return datum.term if isinstance(datum, FunctionTerm) else core.Literal(datum, span)


def _contract(program: Program, term: core.Term) -> tuple[str | None, core.Term]:
    """The rule that applies at the root and what it gives; with no rule, the term as a value."""
    if isinstance(term, core.Construct):
        return None, core.Literal(Value(term.constructor, tuple(_datum(f) for f in term.fields)), term.span)
    if isinstance(term, core.Global):
        definition = program.definitions[term.name]
        return (None, term) if definition.parameters else ("δ", definition.body)
    if isinstance(term, core.Apply):
        return _contract_application(program, term)
    if isinstance(term, core.Let):
        return "ζ", run(_substituted(term.body, {term.name: term.bound}))
    if isinstance(term, core.If):
        assert isinstance(term.condition, core.Literal)
        return "if", term.consequent if term.condition.value == TRUE else term.alternative
    if isinstance(term, core.Match):
        return "ι", _chosen(term)
    if isinstance(term, core.Primitive):
        return _contract_primitive(term)
    return None, term


def _contract_application(program: Program, term: core.Apply) -> tuple[str | None, core.Term]:
    function, arguments = term.function, term.arguments
    if isinstance(function, core.Literal):
        function = function.value.term
    if isinstance(function, core.Apply):
        return _contract_application(program, core.Apply(function.function, (*function.arguments, *arguments), term.span))
    if isinstance(function, core.Global):
        definition = program.definitions[function.name]
        if len(arguments) < len(definition.parameters):
            return None, core.Literal(FunctionTerm(core.Apply(function, arguments, term.span)), term.span)
        return "δ", core.Apply(core.Lambda(definition.parameters, definition.body, definition.span), arguments, term.span)
    assert isinstance(function, core.Lambda)
    count = len(function.parameters)
    body = run(_substituted(function.body, dict(zip(function.parameters, arguments, strict=False))))
    if len(arguments) < count:
        return "β", core.Lambda(function.parameters[len(arguments) :], body, function.span)
    return "β", core.Apply(body, arguments[count:], term.span) if len(arguments) > count else body


def _contract_primitive(term: core.Primitive) -> tuple[str, core.Term]:
    operands = [o.value if isinstance(o, core.Literal) else None for o in term.operands]
    if term.operator in ("&&", "||"):
        decided = (operands[0] == TRUE) == (term.operator == "||")
        return term.operator, term.operands[0] if decided else term.operands[1]
    operation: Any = BINARY[term.operator] if len(operands) == 2 else UNARY[term.operator]
    name = "-" if term.operator == "negate" else term.operator
    return name, core.Literal(operation(*operands), term.span)


def _chosen(term: core.Match) -> core.Term:
    for arm in term.arms:
        bound: dict[str, core.Term] = {}
        if all(_matches(p, s, bound) for p, s in zip(arm.patterns, term.scrutinees, strict=True)):
            return run(_substituted(arm.body, bound))
    raise AssertionError("a checked match covers every value")


def _matches(pattern: core.Pattern, scrutinee: core.Term, bound: dict[str, core.Term]) -> bool:
    stack: list[tuple[core.Pattern, core.Term]] = [(pattern, scrutinee)]
    while stack:
        at, term = stack.pop()
        if isinstance(at, core.Bind):
            bound[at.name] = term
        elif isinstance(at, core.Alias):
            bound[at.name] = term
            stack.append((at.pattern, term))
        elif isinstance(at, core.Exactly):
            assert isinstance(term, core.Literal)
            if term.value != at.value:
                return False
        elif isinstance(at, core.Built):
            assert isinstance(term, core.Literal)
            if term.value.constructor != at.constructor:
                return False
            stack.extend((p, _value_term(f, term.span)) for p, f in zip(at.fields, term.value.fields, strict=True))
    return True


def _substituted(term: core.Term, by: dict[str, core.Term]) -> Deep[core.Term]:
    """The term with closed terms for variables. A name that is bound again inside is another variable there: where a function is
    unfolded inside its own unfolding, its binders stand twice."""
    if isinstance(term, core.Local):
        return by.get(term.name, term)
    parts = children(term)
    if not parts or not by:
        return term
    done = []
    for part, bound in zip(parts, _bound_in_children(term), strict=True):
        free = by if by.keys().isdisjoint(bound) else {name: value for name, value in by.items() if name not in bound}
        done.append((yield _substituted(part, free)))
    if all(a is b for a, b in zip(parts, done, strict=True)):
        return term
    return with_children(term, tuple(done))


def _bound_in_children(term: core.Term) -> Sequence[Sequence[str]]:
    """For each child of a term the variables that the term binds in it."""
    if isinstance(term, core.Lambda):
        return (term.parameters,)
    if isinstance(term, core.Let):
        return ((), (term.name,))
    if isinstance(term, core.Match):
        arms = ([name for pattern in arm.patterns for name in core.binders(pattern)] for arm in term.arms)
        return (*((),) * len(term.scrutinees), *arms)
    return ((),) * len(children(term))


def _with_child(term: core.Term, position: int, child: core.Term) -> core.Term:
    parts = children(term)
    return with_children(term, (*parts[:position], child, *parts[position + 1 :]))


@overload
def _plugged(term: core.Term, context: Context) -> core.Term: ...
@overload
def _plugged(term: Marked, context: Context) -> Printable: ...
def _plugged(term: Printable, context: Context) -> Printable:
    """The whole term around a focus. A mark may stand where a term does, since only printing follows."""
    whole: Any = term
    while context is not None:
        parent, position, context = context
        whole = _with_child(parent, position, whole)
    result: Printable = whole
    return result
