"""Values drawn for a notebook: as text and, where they are small, as a tree. Fragments of HTML that need nothing else, in the
colours of the page around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import islice

from recsyn.values import CONS, NIL, TUPLE, Datum, Value, preorder, show

_WRITTEN = 400
"""Constructors of a value that are written out."""
_COUNTED = 3_000_000
"""Parts of a value that are counted at the most."""
_DRAWN = 60
"""Nodes of the largest value that is drawn."""
_CHARACTERS = 4_000
_CHARACTER, _HEIGHT, _LEVEL, _GAP, _PADDING = 7.3, 22, 42, 10, 12


def value_as_html(value: Value) -> str:
    """A value in its notation, as far as there is room, and a drawing of it, where it branches and is small."""
    left = _left_out(value)
    text = show(_beginning(value) if left else value)
    written = text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + "…"
    more = f' <span style="opacity:.65">{left}</span>' if left else _drawing(value)
    return (
        f'<div class="recsyn-value"><code style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(written)}</code>{more}</div>'
    )


def _left_out(value: Value) -> str:
    """How many constructors there is no room for, in words. They are counted only so far: a value may share what is in it, and have
    more parts than could be counted."""
    parts = constructors = 0
    for part in islice(preorder(value), _COUNTED):
        parts += 1
        constructors += isinstance(part, Value)
    if constructors <= _WRITTEN:
        return ""
    return f"… {'more than ' if parts == _COUNTED else ''}{constructors - _WRITTEN:,} more constructors"


class _Ellipsis:
    def __str__(self) -> str:
        return "…"


def _beginning(value: Value) -> Value:
    """The value with all but its first constructors, in preorder, replaced by ``…``. A list that is cut is written with ``::``."""
    room = _WRITTEN
    done: list[Datum] = []
    stack: list[tuple[Datum, bool]] = [(value, False)]
    while stack:
        at, ready = stack.pop()
        if ready:
            fields = done[len(done) - len(at.fields) :]
            done[len(done) - len(at.fields) :] = [Value(at.constructor, tuple(fields))]
        elif not isinstance(at, Value):
            done.append(at)
        elif room == 0:
            done.append(_Ellipsis())
        else:
            room -= 1
            stack.append((at, True))
            stack.extend((field, False) for field in reversed(at.fields))
    cut: Value = done[0]
    return cut


@dataclass(slots=True)
class _Node:
    label: str
    children: list[_Node]
    wide: float = 0.0
    x: float = 0.0
    level: int = 0


def _drawing(value: Value) -> str:
    nodes = _nodes(value)
    if not nodes:
        return ""
    _place(nodes)
    width, height = nodes[0].wide + 2, max(node.level for node in nodes) * _LEVEL + _HEIGHT + 2
    lines = [
        f'<line x1="{node.x:.1f}" y1="{_y(node):.1f}" x2="{child.x:.1f}" y2="{_y(child) - _HEIGHT / 2:.1f}"/>'
        for node in nodes
        for child in node.children
    ]
    labels = [f'<text x="{node.x:.1f}" y="{_y(node) - _HEIGHT / 2 + 4:.1f}">{escape(node.label)}</text>' for node in nodes]
    style = 'stroke="currentColor" stroke-opacity=".35" fill="none"'
    text = 'fill="currentColor" text-anchor="middle" font-family="ui-monospace,Menlo,Consolas,monospace" font-size="12"'
    return (
        f'<svg role="img" aria-label="the value as a tree" viewBox="-1 0 {width:.1f} {height}" width="{width:.1f}"'
        ' style="display:block;max-width:100%;height:auto;margin:.6em 0">'
        f"<g {style}>{''.join(lines)}</g><g {text}>{''.join(labels)}</g></svg>"
    )


def _nodes(value: Value) -> list[_Node]:
    """Every part in preorder; none where there are too many, or where nothing branches. Lists, strings and tuples of what does not
    branch are one node, in their notation."""
    if not any(_branches(part) for part in preorder(value)):
        return []
    nodes: list[_Node] = []
    stack: list[tuple[Datum, _Node | None]] = [(value, None)]
    while stack:
        at, parent = stack.pop()
        flat = (
            not isinstance(at, Value)
            or not at.fields
            or (at.constructor in (CONS, TUPLE) and not any(map(_branches, preorder(at))))
        )
        label = show(at) if flat else at.constructor
        node = _Node(label if len(label) <= 24 else label[:23] + "…", [])
        nodes.append(node)
        if len(nodes) > _DRAWN:
            return []
        if parent:
            parent.children.append(node)
            node.level = parent.level + 1
        if not flat:
            stack.extend((field, node) for field in reversed(at.fields))
    return nodes


def _branches(part: Datum) -> bool:
    """Whether a value is neither a list, a string, a tuple nor a chain."""
    if not isinstance(part, Value) or part.constructor in (CONS, NIL, TUPLE):
        return False
    return sum(isinstance(field, Value) for field in part.fields) > 1


def _place(nodes: Sequence[_Node]) -> None:
    """Each node as wide as what stands under it, its parent over the middle of that."""
    for node in reversed(nodes):
        node.wide = max(len(node.label) * _CHARACTER + _PADDING, _inner(node))
    nodes[0].x = nodes[0].wide / 2
    for node in nodes:
        left = node.x - _inner(node) / 2
        for child in node.children:
            child.x = left + child.wide / 2
            left += child.wide + _GAP


def _inner(node: _Node) -> float:
    return sum(child.wide + _GAP for child in node.children) - _GAP if node.children else 0.0


def _y(node: _Node) -> float:
    """The lower edge of a node's label."""
    return node.level * _LEVEL + _HEIGHT
