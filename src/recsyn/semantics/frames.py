"""A run as pictures, one after another: what a terminal, a page or a notebook draws. Steps, rounds and machines all give these."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Protocol

from recsyn.lang import core
from recsyn.lang.printer import FunctionTerm, Marked, Piece, Printable, Suspended, show_term, visible
from recsyn.values import CONS, Value, show, to_list


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a term drawn as a tree, in preorder: what it says, how many children follow, and whether it is marked."""

    label: str
    children: int
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: the rule that led here (empty for the first), the term as stretches of text, the same as a tree in preorder
    (empty where it is too large to be drawn), and what else is known there, as rows of a name and a text: control and stack of a
    machine, tokens read and written."""

    rule: str
    text: tuple[Piece, ...]
    tree: tuple[Node, ...] = ()
    state: tuple[tuple[str, str], ...] = ()


class Run(Protocol):
    """What can be looked at picture by picture."""

    @property
    def title(self) -> str: ...

    def frames(self) -> tuple[Frame, ...]: ...


def joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """The same text in as few stretches as can be."""
    return tuple(("".join(text for text, _ in stretch), marked) for marked, stretch in groupby(pieces, lambda piece: piece[1]))


def tree_of(term: Printable, most: int) -> tuple[Node, ...]:
    """A term as a tree in preorder, what is marked with all that is inside it; empty where it has more than ``most`` nodes. A
    string is one node; an application has the name of its function, or ``@`` where that is no name."""
    nodes: list[Node] = []
    stack: list[tuple[Printable, bool]] = [(term, False)]
    while stack:
        at, marked = stack.pop()
        if isinstance(at, Marked):
            at, marked = at.term, True
        while isinstance(at, core.Literal) and isinstance(at.value, FunctionTerm | Suspended):
            at = at.value.term
        label, parts = _drawn(at)
        nodes.append(Node(label, len(parts), marked))
        if len(nodes) + len(stack) + len(parts) > most:
            return ()
        stack.extend((part, marked) for part in reversed(parts))
    return tuple(nodes)


def _drawn(term: core.Term) -> tuple[str, tuple[core.Term, ...]]:
    """What a node says, and what is drawn under it."""
    if isinstance(term, core.Literal):
        value = term.value
        if not isinstance(value, Value) or not value.fields:
            return show(value), ()
        if value.constructor == CONS and isinstance(value.fields[0], str) and all(isinstance(c, str) for c in to_list(value)):
            return show(value), ()
        return value.constructor, tuple(core.Literal(field, term.span) for field in value.fields)
    if isinstance(term, core.Construct):
        return term.constructor, term.fields
    if isinstance(term, core.Apply):
        if isinstance(term.function, core.Global | core.Lambda):
            return show_term(term.function), term.arguments
        return "@", visible(term)
    if isinstance(term, core.Primitive):
        return "-" if term.operator == "negate" else term.operator, term.operands
    if isinstance(term, core.Match):
        return "match", visible(term)
    if isinstance(term, core.If):
        return "if", visible(term)
    return (f"let {core.spelled(term.name)}", visible(term)) if isinstance(term, core.Let) else (show_term(term), ())
