"""Small-step reduction.

The rules are δ (unfold a definition), β (apply a function), ι (choose the case of a match), ζ (a ``let``), ``if``, and one for each
operator, named after it. Which redex is contracted next is for a strategy to say. A state is a focus in a context, the context a
linked list of frames, so a step costs what it changes; nothing is kept of the steps that were.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, overload

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.core import children, with_children
from recsyn.lang.printer import FunctionTerm, Marked, Piece, Printable, Suspended, abridged, pieces, show_term, visible
from recsyn.lang.program import Program
from recsyn.lang.stackless import Deep, run
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.semantics.strategies import (
    CALL_BY_VALUE,
    Chosen,
    Need,
    Strategy,
    finished,
    flattened,
    outcome,
    strategy_named,
    taken,
    waits,
)
from recsyn.values import TRUE, Datum, Value


class Around(NamedTuple):
    """One frame around a focus: a term, which of its children the focus replaces, how far the term itself is to be reduced, the
    frames around it, and how many there are, this one counted."""

    term: core.Term
    position: int
    need: Need
    outer: Context
    depth: int


Context: TypeAlias = Around | None
"""The frames around a focus, innermost first."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Step:
    """One reduction: the rule, the redex, what it became, and what stood around it. A step is equal to itself only: what stands
    around it may be of any depth."""

    rule: str
    redex: core.Term
    contractum: core.Term
    context: Context

    def before(self) -> list[Piece]:
        """The whole term before the step as stretches of text, those of the redex marked."""
        return pieces(plugged(Marked(self.redex), self.context))

    def excerpt(self, room: int) -> tuple[Printable, bool]:
        """What of :meth:`before` is nearest to the redex, in ``room`` nodes, the rest left out as ``…``; and whether it is all."""
        redex, room = abridged(self.redex, room)
        return around(Marked(redex), self.context, room)

    def show_before(self, opening: str = "⟦", closing: str = "⟧") -> str:
        return show_term(plugged(Marked(self.redex), self.context), opening, closing)

    def show_after(self) -> str:
        return show_term(self.after())

    def __repr__(self) -> str:
        return f"<step {self.rule}: {show_term(abridged(self.redex, 30)[0])}>"

    def after(self) -> core.Term:
        """The whole term after the step."""
        return plugged(self.contractum, self.context)

    def to_json(self) -> dict[str, Any]:
        return {"rule": self.rule, "before": self.show_before(), "redex": show_term(self.redex), "after": self.show_after()}


def steps(program: Program, term: core.Term, strategy: str = CALL_BY_VALUE.name) -> Generator[Step, None, core.Term]:
    """The steps of a closed term's reduction, one by one; the generator returns the value, as a term. Raises :class:`RecsynError`
    where there is no such strategy."""
    return _reduction(program, term, strategy_named(strategy))


def _reduction(program: Program, term: core.Term, strategy: Strategy) -> Generator[Step, None, core.Term]:
    focus, need = term, Need.VALUE
    context: Context = None
    while True:
        if isinstance(focus, core.Literal) and isinstance(focus.value, Suspended):
            focus = focus.value.term
        if isinstance(focus, core.Apply):
            focus = flattened(program, focus)
        place = strategy.next_part(program, focus, need)
        if place is not None:
            path, part_need = place
            for position in path:
                context = Around(focus, position, need, context, context.depth + 1 if context else 1)
                focus, need = _child(focus, position), Need.HEAD
            need = part_need
            continue
        if isinstance(focus, core.Apply) and 0 < (count := taken(program, focus.function)) < len(focus.arguments):
            first = core.Apply(focus.function, focus.arguments[:count], focus.span)
            focus = core.Apply(first, focus.arguments[count:], focus.span)
            continue
        rule, contractum = _contract(program, focus)
        if rule:
            yield Step(rule, focus, contractum, context)
            focus = contractum
        elif context is None:
            return contractum
        else:
            focus, need, context = _with_child(context.term, context.position, contractum), context.need, context.outer


def _contract(program: Program, term: core.Term) -> tuple[str | None, core.Term]:
    """The rule that applies at the root and what it gives; with no rule, the term as a value where it is one."""
    if isinstance(term, core.Construct):
        return None, _as_value(program, term)
    if isinstance(term, core.Global):
        definition = program.definitions[term.name]
        return (None, term) if definition.parameters else ("δ", definition.body)
    if isinstance(term, core.Apply):
        return _contract_application(program, term)
    if isinstance(term, core.Let):
        return "ζ", run(_substituted(term.body, {term.name: _closed(program, term.bound)}))
    if isinstance(term, core.If):
        assert isinstance(term.condition, core.Literal)
        return "if", term.consequent if term.condition.value == TRUE else term.alternative
    if isinstance(term, core.Match):
        chosen = outcome(program, term)
        assert isinstance(chosen, Chosen)
        return "ι", run(_substituted(chosen.arm.body, {n: _closed(program, t) for n, t in chosen.bound.items()}))
    if isinstance(term, core.Primitive):
        return _contract_primitive(term)
    return None, term


def _contract_application(program: Program, term: core.Apply) -> tuple[str | None, core.Term]:
    function, arguments = term.function, term.arguments
    if isinstance(function, core.Global):
        if waits(program, term):
            done = all(finished(program, a) for a in arguments)
            return None, core.Literal(FunctionTerm(term), term.span) if done else term
        definition = program.definitions[function.name]
        return "δ", core.Apply(core.Lambda(definition.parameters, definition.body, definition.span), arguments, term.span)
    if isinstance(function, core.Literal):
        raise RecsynError(
            f"there are no steps of {function.value}, a function that was evaluated before",
            "write the function in the expression: program.trace('map (fn x => x + 1) [1, 2]')",
        )
    assert isinstance(function, core.Lambda)
    given = {name: _closed(program, a) for name, a in zip(function.parameters, arguments, strict=False)}
    body = run(_substituted(function.body, given))
    if len(arguments) < len(function.parameters):
        return "β", core.Lambda(function.parameters[len(arguments) :], body, function.span)
    return "β", body


def _contract_primitive(term: core.Primitive) -> tuple[str, core.Term]:
    operands = [o.value if isinstance(o, core.Literal) else None for o in term.operands]
    if term.operator in ("&&", "||"):
        decided = (operands[0] == TRUE) == (term.operator == "||")
        return term.operator, term.operands[0] if decided else term.operands[1]
    operation: Any = BINARY[term.operator] if len(operands) == 2 else UNARY[term.operator]
    return _rule_of(term), core.Literal(operation(*operands), term.span)


def _rule_of(term: core.Primitive) -> str:
    return "-" if term.operator == "negate" else term.operator


def rules_in_reach(program: Program, term: core.Term) -> frozenset[str]:
    """The rules that a reduction of the term may use."""
    found, seen = {"δ", "β", "ι", "ζ"}, set[str]()
    terms = [term]
    while terms:
        for part in core.terms_in(terms.pop()):
            if isinstance(part, core.Primitive):
                found.add(_rule_of(part))
            elif isinstance(part, core.If):
                found.add("if")
            elif isinstance(part, core.Global) and part.name not in seen:
                seen.add(part.name)
                terms.append(program.definitions[part.name].body)
    return frozenset(found)


def _as_value(program: Program, term: core.Construct) -> core.Term:
    """A constructor of values is a value."""
    if not all(finished(program, f) for f in term.fields):
        return term
    return core.Literal(Value(term.constructor, tuple(_datum(f) for f in term.fields)), term.span)


def _datum(term: core.Term) -> Datum:
    return term.value if isinstance(term, core.Literal) else FunctionTerm(term)


def _closed(program: Program, term: core.Term) -> core.Term:
    """A closed term, wrapped so that substitution stops at it: nothing inside it is a variable of what it is put into."""
    if isinstance(term, core.Construct):
        term = _as_value(program, term)
    if isinstance(term, core.Literal | core.Global):
        return term
    return core.Literal(FunctionTerm(term) if isinstance(term, core.Lambda) else Suspended(term), term.span)


def _substituted(term: core.Term, by: Mapping[str, core.Term]) -> Deep[core.Term]:
    """The term with closed terms for variables. These are wrapped, so that all binders that are met are those of one definition, in
    which each is unique: none hides another."""
    if isinstance(term, core.Local):
        return by.get(term.name, term)
    parts = children(term)
    if not parts or not by:
        return term
    done = []
    for part in parts:
        done.append((yield _substituted(part, by)))
    if all(a is b for a, b in zip(parts, done, strict=True)):
        return term
    return with_children(term, tuple(done))


def _child(term: core.Term, position: int) -> core.Term:
    return term.scrutinees[position] if isinstance(term, core.Match) else children(term)[position]


def _with_child(term: core.Term, position: int, child: core.Term) -> core.Term:
    """The term with another in the place of one of its children; of a ``match``, of one of its scrutinees."""
    if isinstance(term, core.Match):
        return core.Match((*term.scrutinees[:position], child, *term.scrutinees[position + 1 :]), term.arms, term.span)
    parts = children(term)
    return with_children(term, (*parts[:position], child, *parts[position + 1 :]))


def around(term: Printable, context: Context, room: int) -> tuple[Printable, bool]:
    """A focus in so much of its context as there is room for, and whether it is all. Costs what it gives."""
    whole: Any = term
    complete = room >= 0
    while context is not None:
        if room <= 0:
            return core.Apply(core.Local("…", context.term.span), (whole,), context.term.span), False
        parts: list[Any] = list(visible(context.term))
        parts[context.position] = whole
        for position, part in enumerate(parts):
            if position != context.position:
                parts[position], room = abridged(part, max(room, 0))
                complete = complete and room >= 0
        whole = with_children(context.term, (*parts, *children(context.term)[len(parts) :]))
        room -= 1
        context = context.outer
    return whole, complete


@overload
def plugged(term: core.Term, context: Context) -> core.Term: ...
@overload
def plugged(term: Marked, context: Context) -> Printable: ...
def plugged(term: Printable, context: Context) -> Printable:
    """The whole term around a focus. A mark may stand where a term does, since only printing follows."""
    whole: Any = term
    while context is not None:
        whole = _with_child(context.term, context.position, whole)
        context = context.outer
    result: Printable = whole
    return result
