"""Core terms as text, the way their author would write them, bodies not yet reached left out as ``…``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from recsyn.lang import core
from recsyn.lang.core import spelled
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.lang.tree import COMPARISON, PRECEDENCE, RIGHT_GROUPING
from recsyn.values import CONS, NIL, TUPLE, Value, fold, postorder, show

OPEN, APPLICATION, ATOM = 0, 8, 9


@dataclass(frozen=True, slots=True)
class Marked:
    """A term to be picked out: the redex."""

    term: core.Term


@dataclass(frozen=True, slots=True)
class FunctionTerm:
    """A function inside a value in the middle of a reduction."""

    term: core.Term

    def __str__(self) -> str:
        return f"({show_term(self.term)})"


@dataclass(frozen=True, slots=True)
class Suspended:
    """A closed term where a value stands in the end: what is not evaluated until it is needed."""

    term: core.Term


Printable: TypeAlias = core.Term | Marked
Piece: TypeAlias = tuple[str, bool]
"""A stretch of text, and whether it belongs to what is marked."""


def show_term(term: Printable, opening: str = "", closing: str = "") -> str:
    """The term on one line; what is marked stands between ``opening`` and ``closing``."""
    out, inside = [], False
    for text, marked in pieces(term):
        if marked != inside:
            out.append(opening if marked else closing)
            inside = marked
        out.append(text)
    return "".join(out) + (closing if inside else "")


def pieces(term: Printable) -> list[Piece]:
    """The term as stretches of text, in order."""
    out: list[Piece] = []
    marked = False
    stack: list[tuple[Printable, int] | str | bool] = [(term, OPEN)]
    while stack:
        task = stack.pop()
        if isinstance(task, str):
            out.append((task, marked))
        elif isinstance(task, bool):
            marked = task
        elif isinstance(task[0], Marked):
            stack.extend([False, (task[0].term, task[1]), True])
        else:
            stack.extend(reversed(_layout(task[0], task[1])))
    return out


def visible(term: core.Term) -> tuple[core.Term, ...]:
    """Those of the children of a term that are printed: the first ones, up to a body or a branch."""
    if isinstance(term, core.Match):
        return term.scrutinees
    if isinstance(term, core.Lambda):
        return ()
    return core.children(term)[:1] if isinstance(term, core.Let | core.If) else core.children(term)


def abridged(term: core.Term, room: int) -> tuple[core.Term, int]:
    """The term with only so many of its nodes as there is room for, the others left out as ``…``, and the room that is left, below
    0 where any was. Costs what it gives, however large the term is."""
    left = [room]
    return run(_abridged(term, left)), left[0]


def _abridged(term: core.Term, left: list[int]) -> Deep[core.Term]:
    while isinstance(term, core.Literal) and isinstance(term.value, FunctionTerm | Suspended):
        term = term.value.term
    left[0] -= 1
    if left[0] < 0:
        return core.Local("…", term.span)
    if isinstance(term, core.Literal):
        if isinstance(term.value, int) and term.value.bit_length() > _LONG:
            return core.Local(f"(an integer of {term.value.bit_length():,} bits)", term.span)
        if not isinstance(term.value, Value):
            return term
        fields = tuple(core.Literal(field, term.span) for field in term.value.fields)
        opened: core.Term = core.Construct(term.value.constructor, fields, term.span)
    else:
        opened = term
    shown = visible(opened)
    parts = []
    for part in shown:
        parts.append((yield _abridged(part, left)))
    if all(a is b for a, b in zip(shown, parts, strict=True)):
        return term
    return core.with_children(opened, (*parts, *core.children(opened)[len(parts) :]))


_LONG = 1_000
"""Bits of an integer that is too long to be written where there is little room."""


def _layout(term: core.Term, level: int) -> list[tuple[Printable, int] | str | bool]:
    """The parts of a term in order, in parentheses where ``level`` asks for a tighter form than it has."""
    if isinstance(term, core.Local | core.Global):
        return [spelled(term.name)]
    if isinstance(term, core.Literal):
        return _literal(term, level)
    if isinstance(term, core.Construct):
        return _construct(term, level)
    if isinstance(term, core.Apply):
        parts: list[tuple[Printable, int] | str | bool] = [(term.function, APPLICATION)]
        for argument in term.arguments:
            parts.extend([" ", (argument, ATOM)])
        return _wrapped(parts, level > APPLICATION)
    if isinstance(term, core.Primitive):
        return _primitive(term, level)
    if isinstance(term, core.Match):
        parts = ["match "]
        for index, scrutinee in enumerate(term.scrutinees):
            parts.extend([", "] if index else [])
            parts.append((scrutinee, OPEN))
        return [*parts, " with … end"]
    if isinstance(term, core.If):
        return _wrapped(["if ", (term.condition, OPEN), " then … else …"], level > OPEN)
    if isinstance(term, core.Let):
        return _wrapped([f"let {spelled(term.name)} = ", (term.bound, OPEN), " in …"], level > OPEN)
    return _wrapped([f"fn {' '.join(spelled(p) for p in term.parameters)} => …"], level > OPEN)


def _literal(term: core.Literal, level: int) -> list[tuple[Printable, int] | str | bool]:
    value = term.value
    if isinstance(value, FunctionTerm | Suspended):
        return [(value.term, level)]
    if not isinstance(value, Value):
        return _wrapped([show(value)], isinstance(value, int) and value < 0 and level > APPLICATION - 1)
    if any(isinstance(field, FunctionTerm) for node in postorder(value) for field in node.fields):
        # As a term, since a function may hold values that hold functions: `show` would recurse from one into the next.
        return [(fold(value, lambda node, fields: _unfolded(node, fields, term.span)), level)]
    compound = value.fields and value.constructor not in (CONS, TUPLE)
    return _wrapped([show(value)], bool(compound) and level > APPLICATION)


def _unfolded(node: Value, fields: Sequence[Any], span: Span) -> core.Construct:
    done = (
        done if isinstance(field, Value) else core.Literal(field, span) for field, done in zip(node.fields, fields, strict=True)
    )
    return core.Construct(node.constructor, tuple(done), span)


def _construct(term: core.Construct, level: int) -> list[tuple[Printable, int] | str | bool]:
    if not term.fields:
        return [term.constructor]
    if term.constructor == TUPLE:
        return _row("(", term.fields, ")")
    if term.constructor == CONS:
        items = _items(term)
        if items is not None:
            return _row("[", items, "]")
        infix = PRECEDENCE[CONS]
        return _wrapped([(term.fields[0], infix + 1), " :: ", (term.fields[1], infix)], level > infix)
    parts: list[tuple[Printable, int] | str | bool] = [term.constructor]
    for field in term.fields:
        parts.extend([" ", (field, ATOM)])
    return _wrapped(parts, level > APPLICATION)


def _items(term: core.Construct) -> list[core.Term] | None:
    """The items of a list whose whole spine is there."""
    items: list[core.Term] = []
    at: core.Term = term
    while isinstance(at, core.Construct) and at.constructor == CONS:
        items.append(at.fields[0])
        at = at.fields[1]
    finished = isinstance(at, core.Construct | core.Literal) and show_term(at) == NIL
    return items if finished else None


def _primitive(term: core.Primitive, level: int) -> list[tuple[Printable, int] | str | bool]:
    if term.operator == "not":
        return _wrapped(["not ", (term.operands[0], ATOM)], level > APPLICATION)
    if term.operator == "negate":
        return _wrapped(["-", (term.operands[0], ATOM)], level > APPLICATION - 1)
    own = PRECEDENCE[term.operator]
    left = own + 1 if own in RIGHT_GROUPING or own == COMPARISON else own
    right = own if own in RIGHT_GROUPING else own + 1
    return _wrapped([(term.operands[0], left), f" {term.operator} ", (term.operands[1], right)], level > own)


def _row(opening: str, items: Sequence[core.Term], closing: str) -> list[tuple[Printable, int] | str | bool]:
    parts: list[tuple[Printable, int] | str | bool] = [opening]
    for index, item in enumerate(items):
        parts.extend([", "] if index else [])
        parts.append((item, OPEN))
    return [*parts, closing]


def _wrapped(parts: list[tuple[Printable, int] | str | bool], needed: bool) -> list[tuple[Printable, int] | str | bool]:
    return ["(", *parts, ")"] if needed else parts
