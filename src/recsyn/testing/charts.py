"""The drawings of a report, as inline SVG in the colours of the page around it: shares of failures, heat maps, losses, trees.

Nothing that a user wrote is drawn by matplotlib: names stand in the page's own legends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recsyn.data.space import Space
from recsyn.lang.types import constructors_of
from recsyn.testing.inline import FAINT, STUDIES, drawing, inline
from recsyn.testing.rates import Rate
from recsyn.testing.rules import Mask
from recsyn.values import Value, show, size

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES: tuple[tuple[str, tuple[float, ...], str], ...] = (
    ("o", (), '<circle cx="14" cy="7" r="3.5"/>'),
    ("s", (5, 2), '<rect x="10.5" y="3.5" width="7" height="7"/>'),
    ("^", (1.5, 1.5), '<path d="M14 2.5l4.5 8h-9z"/>'),
    ("D", (6, 2, 1.5, 2), '<path d="M14 2.5l4.5 4.5l-4.5 4.5l-4.5-4.5z"/>'),
)
"""For each study in turn a marker, the dashes of its line, and the marker in a legend: colour alone tells nothing apart."""
_MOST_POINTS = 400
_MOST_DRAWN = 80
_FAINTEST = 0.12

Range = tuple[int, int]
"""Whole numbers from the first to the second, both included."""
Column = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Axis:
    """One side of a heat map: its label, the feature of each input, and the ranges that are its cells."""

    label: str
    column: Column
    ranges: Sequence[Range]


def ranges_over(columns: Sequence[Column], most: int) -> list[Range]:
    """At most ``most`` ranges of one width that hold all numbers of the columns. Empty where there are no numbers."""
    numbers = [n for column in columns if len(column) for n in (int(column.min()), int(column.max()))]
    if not numbers:
        return []
    low, high = min(numbers), max(numbers)
    width = -(-(high - low + 1) // most)
    return [(start, min(start + width - 1, high)) for start in range(low, high + 1, width)]


def within(column: Column, range: Range) -> Mask:
    """``bool [n]``: where a column lies in a range."""
    return (column >= range[0]) & (column <= range[1])


def rates_over(column: Column, failing: Mask, ranges: Sequence[Range]) -> list[Rate]:
    """The share of failures in each range."""
    inside = [within(column, r) for r in ranges]
    return [Rate(int((failing & mask).sum()), int(mask.sum())) for mask in inside]


def study_style(study: int) -> int:
    """Which of the page's colours is a study's, from 0."""
    return study % len(STUDIES)


def swatch(study: int) -> str:
    """A study's line and marker, for a legend."""
    _, dashes, shape = _STYLES[study % len(_STYLES)]
    stroke = f'stroke="currentColor" stroke-width="2" stroke-dasharray="{" ".join(map(str, dashes)) or "none"}"'
    line = f'<path d="M0 7H28" fill="none" {stroke}/>'
    return f'<svg class="swatch study-{study_style(study)}" viewBox="0 0 28 14" aria-hidden="true">{line}{shape}</svg>'


def share_chart(name: str, axis: str, ranges: Sequence[Range], studies: Sequence[Sequence[Rate]]) -> str:
    """Shares of failures over ranges of a feature, a line for each study, its 95 % interval around it. ``name`` is the chart's
    own on its page."""
    with drawing(4.3, 2.7) as (figure, axes):
        for study, rates in enumerate(studies):
            known = [(sum(r) / 2, rate) for r, rate in zip(ranges, rates, strict=True) if rate.tested]
            at = [x for x, _ in known]
            low, high = (np.array([rate.interval[end] for _, rate in known]) for end in (0, 1))
            marker, dashes, _ = _STYLES[study % len(_STYLES)]
            colour = STUDIES[study_style(study)]
            axes.fill_between(at, low, high, color=colour, alpha=0.13, linewidth=0)
            axes.plot(at, [r.share for _, r in known], color=colour, marker=marker, markersize=4, dashes=dashes or (None, None))
        axes.set_ylim(-0.04, 1.04)
        axes.grid(axis="y", color=FAINT, linewidth=0.7)
        _label(axes, axis, "share that failed")
        _percent(axes)
        return inline(figure, name)


def heat_map(name: str, study: int, across: Axis, up: Axis, failing: Mask) -> str:
    """Shares of failures over two features, the stronger the colour the greater; blank where nothing was tested."""
    from matplotlib.collections import PatchCollection
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    cells, colours = [], []
    for column, x in enumerate(across.ranges):
        here = within(across.column, x)
        for row, rate in enumerate(rates_over(up.column[here], failing[here], up.ranges)):
            if rate.tested:
                cells.append(Rectangle((column + 0.05, row + 0.05), 0.9, 0.9))
                colours.append((*to_rgb(STUDIES[study_style(study)]), _FAINTEST + (1 - _FAINTEST) * rate.share))
    with drawing(4.3, 3.3) as (figure, axes):
        axes.add_collection(PatchCollection(cells, facecolors=colours, linewidths=0))
        axes.set_xlim(0, len(across.ranges))
        axes.set_ylim(0, len(up.ranges))
        axes.set_xticks(*_ticks(across.ranges))
        axes.set_yticks(*_ticks(up.ranges))
        axes.set_xlabel(across.label)
        axes.set_ylabel(up.label)
        return inline(figure, name)


def loss_chart(name: str, studies: Sequence[Sequence[float]]) -> str:
    """Losses by training step, a line for each study that has any, means of neighbours where there are very many."""
    with drawing(4.3, 2.7) as (figure, axes):
        positive = True
        for study, losses in enumerate(studies):
            width = max(1, -(-len(losses) // _MOST_POINTS))
            steps = [start + 1 for start in range(0, len(losses), width)]
            means = np.array([np.mean(losses[step - 1 : step - 1 + width]) for step in steps])
            means[~np.isfinite(means)] = np.nan
            positive = positive and not bool((means <= 0).any())
            dashes = _STYLES[study % len(_STYLES)][1]
            axes.plot(steps, means, color=STUDIES[study_style(study)], linewidth=1.4, dashes=dashes or (None, None))
        if positive:
            axes.set_yscale("log")
        axes.grid(axis="y", color=FAINT, linewidth=0.7)
        _label(axes, "training step", "loss")
        return inline(figure, name)


def label_of(range: Range) -> str:
    return str(range[0]) if range[0] == range[1] else f"{range[0]}–{range[1]}"


def _ticks(ranges: Sequence[Range]) -> tuple[list[float], list[str]]:
    labels = [label_of(r) for r in ranges]
    most = min(8, 36 // max(map(len, labels)) or 1)
    shown = range(0, len(ranges), -(-len(ranges) // most))
    return [i + 0.5 for i in shown], [labels[i] for i in shown]


def _label(axes: Axes, across: str, up: str) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


def _percent(axes: Axes) -> None:
    from matplotlib.ticker import PercentFormatter

    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


# Trees


@dataclass(slots=True)
class _Node:
    label: str
    depth: int
    children: list[_Node]
    at: float = 0.0


def tree(space: Space, value: Value) -> str | None:
    """A value of a space whose type branches, drawn as a tree; ``None`` where the type does not branch or the value is too large
    to be taken in. Each node bears its constructor's fields of other types, or its name where it has none; an end without
    either is a dot."""
    if not space.branching or size(value) > _MOST_DRAWN:
        return None
    nodes = _laid_out(space, value)
    gap = 14 + 6.5 * max(len(n.label) for n in nodes)
    width, height = (max(n.at for n in nodes) + 1) * gap, max(n.depth for n in nodes) * 38 + 30
    place = {id(n): (round((n.at + 0.5) * gap, 1), n.depth * 38 + 15) for n in nodes}
    edges = [(*place[id(n)], *place[id(child)]) for n in nodes for child in n.children]
    drawn = [f'<path class="edge" d="M{a} {b}L{c} {d}"/>' for a, b, c, d in edges]
    drawn += [_drawn(n, *place[id(n)]) for n in nodes]
    size_ = f'viewBox="0 0 {width:.1f} {height}" style="width: {width / 16:.2f}rem"'
    return f'<svg class="tree" {size_} role="img" aria-label="{escape("the tree " + show(value))}">{"".join(drawn)}</svg>'


def _laid_out(space: Space, value: Value) -> list[_Node]:
    """The nodes of the drawing, parents first: ends at 0, 1, 2, … from left to right, each parent midway over its children."""
    constructors = {c.name: c for c in constructors_of(space.type, space.datatypes)}
    plain_ends = [c for c in constructors.values() if not c.fields]
    root = _Node("", 0, [])
    nodes: list[_Node] = []
    stack = [(value, root)]
    ends = 0
    while stack:
        item, node = stack.pop()
        nodes.append(node)
        own = [type == space.type for type in constructors[item.constructor].fields]
        others = [show(f) for f, mine in zip(item.fields, own, strict=True) if not mine]
        silent = not item.fields and len(plain_ends) == 1
        node.label = " ".join(others) or ("" if silent else item.constructor)
        below = [f for f, mine in zip(item.fields, own, strict=True) if mine]
        node.children = [_Node("", node.depth + 1, []) for _ in below]
        stack.extend(reversed(list(zip(below, node.children, strict=True))))
        if not below:
            node.at, ends = float(ends), ends + 1
    for node in reversed(nodes):
        if node.children:
            node.at = (node.children[0].at + node.children[-1].at) / 2
    return nodes


def _drawn(node: _Node, x: float, y: int) -> str:
    if not node.label:
        return f'<circle class="end" cx="{x}" cy="{y}" r="3"/>'
    half = max(11.0, 5 + 3.5 * len(node.label))
    shape = f'<rect class="node" x="{x - half:.1f}" y="{y - 11}" width="{2 * half:.1f}" height="22" rx="11"/>'
    return f'{shape}<text x="{x}" y="{y + 4}">{escape(node.label)}</text>'
