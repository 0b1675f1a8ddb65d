"""Machines as drawings: in the language of Graphviz, and as SVG by a layout of our own.

The layout is Sugiyama's: states in rows by their distance from the first, every arrow led through the rows between its ends. An
arrow's label is an item of a row too, so that no text covers another; loops stand beside their state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

_LETTER, _LINE = 7.9, 17.0
"""Width of a letter and height of a line in pixels, of the monospaced fonts that browsers have, at 13 pixels."""
_APART, _MARGIN, _LOOP = 26.0, 24.0, 30.0
_SWEEPS = 12


@dataclass(frozen=True, slots=True)
class Arrow:
    """What leads from one state to another: a label for each rule. One that starts at ``""`` leads to the first state."""

    start: str
    end: str
    labels: tuple[str, ...]


def dot(title: str, states: Sequence[str], arrows: Sequence[Arrow]) -> str:
    """A graph in the language of Graphviz, whose first arrow leads to the first state."""
    lines = [
        f"digraph {_quoted(title)} {{",
        '  node [shape=box, style=rounded, fontname="monospace"];',
        '  edge [fontname="monospace"];',
        '  "" [shape=point];',
    ]
    names = dict.fromkeys([*states, *(name for a in arrows for name in (a.start, a.end) if name)])
    for name in names:
        lines.append(f"  {_quoted(name)};" if name in states else f"  {_quoted(name)} [shape=plaintext];")
    for arrow in arrows:
        label = f" [label={_quoted(chr(10).join(arrow.labels))}]" if arrow.labels else ""
        lines.append(f"  {_quoted(arrow.start)} -> {_quoted(arrow.end)}{label};")
    return "\n".join([*lines, "}", ""])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


# SVG


@dataclass(slots=True, eq=False)
class _Item:
    """Something in a row: a state, a label, or the place where an arrow passes. ``x`` is its left edge, ``port`` the distance from
    there to where arrows meet it."""

    kind: str
    lines: tuple[str, ...]
    width: float
    height: float
    port: float
    beside: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    above: list[_Item] = field(default_factory=list)
    below: list[_Item] = field(default_factory=list)

    @property
    def middle(self) -> float:
        return self.x + self.port


def svg(title: str, states: Sequence[str], arrows: Sequence[Arrow]) -> str:
    """A drawing, complete in itself, of arrows of which the first leads to the first state."""
    (opening, *arrows), initial = arrows, arrows[0].end
    names = list(dict.fromkeys([initial, *states, *(name for a in arrows for name in (a.start, a.end))]))
    loops = {a.start: a.labels for a in arrows if a.start == a.end}
    layer = _layers(names, initial, arrows)
    rows: list[list[_Item]] = [[] for _ in range(2 * max(layer.values()) + 2)]
    nodes = {}
    for name in names:
        nodes[name] = _node(name, loops.get(name, ()), name in states)
        rows[2 * layer[name]].append(nodes[name])
    chains = [_chain(a, nodes, layer, rows) for a in arrows if a.start != a.end]
    for row in [r for r in rows if not r]:
        rows.remove(row)
    _arrange(rows)
    return _drawn(title, rows, chains, nodes[initial], opening.labels)


def _layers(names: Sequence[str], initial: str, arrows: Sequence[Arrow]) -> Mapping[str, int]:
    """How many arrows away from the first state each one is; what leads nowhere stands under all that leads to it."""
    layer = {initial: 0}
    waiting = [initial]
    for name in waiting:
        for arrow in arrows:
            if arrow.start == name and arrow.end not in layer:
                layer[arrow.end] = layer[name] + 1
                waiting.append(arrow.end)
    for name in names:
        layer.setdefault(name, max(layer.values()) + 1)
    leading = {a.start for a in arrows}
    for name in names:
        if name not in leading:
            layer[name] = max([layer[name], *(layer[a.start] + 1 for a in arrows if a.end == name)])
    return layer


def _node(name: str, beside: tuple[str, ...], state: bool) -> _Item:
    own = len(name) * _LETTER + 26
    extra = _LOOP + _width(beside) if beside else 0
    height = max(34.0, len(beside) * _LINE)
    return _Item("state" if state else "outside", (name,), own + extra, height, own / 2, beside)


def _width(lines: Sequence[str]) -> float:
    return max((len(line) for line in lines), default=0) * _LETTER + 8


def _chain(arrow: Arrow, nodes: Mapping[str, _Item], layer: Mapping[str, int], rows: list[list[_Item]]) -> list[_Item]:
    """The items that an arrow runs through, from its start to its end, its label in the first row under the upper end."""
    upper, lower = sorted((layer[arrow.start], layer[arrow.end]))
    width, height = _width(arrow.labels), len(arrow.labels) * _LINE
    label = _Item("label", arrow.labels, width, height, width / 2)
    if upper == lower:
        items = [nodes[arrow.start], label, nodes[arrow.end]]
        rows[2 * upper + 1].append(label)
        label.above.extend([items[0], items[2]])
        for node in (items[0], items[2]):
            node.below.append(label)
        return items
    down = layer[arrow.start] < layer[arrow.end]
    first, last = (arrow.start, arrow.end) if down else (arrow.end, arrow.start)
    items = [nodes[first], label]
    rows[2 * upper + 1].append(label)
    for row in range(2 * upper + 2, 2 * lower):
        passing = _Item("passing", (), 12.0, 0.0, 6.0)
        rows[row].append(passing)
        items.append(passing)
    items.append(nodes[last])
    for one, other in pairwise(items):
        one.below.append(other)
        other.above.append(one)
    return items if down else items[::-1]


def _arrange(rows: list[list[_Item]]) -> None:
    """Order every row by where its neighbours stand, then place it as near to them as its items leave room."""
    for row in rows:
        _pack(row)
    for sweep in range(_SWEEPS):
        downward = sweep % 2 == 0
        for row in rows if downward else rows[::-1]:
            wanted = {id(item): _near(item.above if downward else item.below, item) for item in row}
            row.sort(key=lambda item: wanted[id(item)])
            _pack(row)
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else rows[::-1]:
            _settle(row)
    left = min(item.x for row in rows for item in row)
    y = _MARGIN + 26
    for row in rows:
        height = max(item.height for item in row)
        for item in row:
            item.x += _MARGIN - left
            item.y = y + (height - item.height) / 2
        y += height + _APART


def _near(neighbours: Sequence[_Item], item: _Item) -> float:
    return sum(n.middle for n in neighbours) / len(neighbours) if neighbours else item.middle


def _pack(row: Sequence[_Item]) -> None:
    x = 0.0
    for item in row:
        item.x = x
        x += item.width + _APART


def _settle(row: Sequence[_Item]) -> None:
    """Move the items of a row towards their neighbours in both directions; those in each other's way keep their order and share the
    way that is left."""
    groups: list[tuple[float, float, list[tuple[_Item, float]]]] = []
    for item in row:
        wanted = _near([*item.above, *item.below], item) - item.port
        start, width, members = wanted, item.width + _APART, [(item, 0.0)]
        while groups and groups[-1][0] + groups[-1][1] > start:
            before, room, others = groups.pop()
            shifted = [(one, offset + room) for one, offset in members]
            weight = len(others) / (len(others) + len(members))
            start = before * weight + (start - room) * (1 - weight)
            width, members = room + width, [*others, *shifted]
        groups.append((start, width, members))
    for start, _, members in groups:
        for item, offset in members:
            item.x = start + offset


def _drawn(
    title: str, rows: Sequence[Sequence[_Item]], chains: Sequence[Sequence[_Item]], initial: _Item, opening: tuple[str, ...]
) -> str:
    items = [item for row in rows for item in row]
    width = max([*(item.x + item.width for item in items), initial.middle + 8 + _width(opening)]) + _MARGIN
    height = max(item.y + item.height for item in items) + _MARGIN
    lines, boxes = [], []
    ends = _ports(chains)
    for number, chain in enumerate(chains):
        lines.append(f'<path class="arrow" d="{_curve(chain, ends[number])}"/>')
    above, top = f"{initial.middle:.1f} {initial.y - 22:.1f}", f"{initial.middle:.1f} {initial.y - 2:.1f}"
    lines.append(f'<path class="arrow" d="M {above} L {top}"/>')
    boxes.extend(_text(opening, initial.middle + 8, initial.y - 14, "start"))
    for item in items:
        boxes.extend(_box(item))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
            f'height="{height:.0f}" role="img" aria-label="{escape(title, quote=True)}">',
            f"<title>{escape(title)}</title>",
            "<style>text{font:13px ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1c1c1c}"
            ".state{fill:#eef3fb;stroke:#33507a}.arrow{fill:none;stroke:#555;marker-end:url(#head)}"
            ".label{fill:#fff}</style>",
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
            'orient="auto-start-reverse"><path d="M0 1 L9 5 L0 9 z" fill="#555"/></marker></defs>',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#fff"/>',
            *lines,
            *boxes,
            "</svg>",
            "",
        ]
    )


def _ports(chains: Sequence[Sequence[_Item]]) -> list[tuple[float, float]]:
    """Where along its two states each arrow begins and ends, in the order in which they leave, so that none lies on another."""
    found = [[chain[0].middle, chain[-1].middle] for chain in chains]
    at: dict[tuple[int, bool], list[tuple[float, int, int]]] = {}
    for number, chain in enumerate(chains):
        for side, (node, other) in enumerate(((chain[0], chain[1]), (chain[-1], chain[-2]))):
            at.setdefault((id(node), other.y > node.y), []).append((other.middle, number, side))
    for meeting in at.values():
        meeting.sort()
        node = chains[meeting[0][1]][0 if meeting[0][2] == 0 else -1]
        room = min(18.0, 2 * (node.port - 10) / max(1, len(meeting)))
        for place, (_, number, side) in enumerate(meeting):
            found[number][side] += (place - (len(meeting) - 1) / 2) * room
    return [(start, end) for start, end in found]


def _curve(chain: Sequence[_Item], ends: tuple[float, float]) -> str:
    """A smooth way through the items, upright where it meets one."""
    points: list[tuple[float, float]] = []
    for place, item in enumerate(chain):
        x = ends[0] if place == 0 else ends[1] if place == len(chain) - 1 else item.middle
        if place == 0:
            points.append((x, item.y + item.height if chain[1].y > item.y else item.y))
        elif place == len(chain) - 1:
            points.append((x, item.y - 1 if chain[-2].y < item.y else item.y + item.height + 1))
        elif chain[place - 1].y < item.y < chain[place + 1].y or chain[place - 1].y > item.y > chain[place + 1].y:
            top, bottom = (x, item.y), (x, item.y + item.height)
            points.extend([top, bottom] if chain[place - 1].y < item.y else [bottom, top])
        else:
            points.append((x, item.y + item.height / 2))
    parts = [f"M {points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x, y), (u, v) in pairwise(points):
        half = (y + v) / 2
        parts.append(f"C {x:.1f} {half:.1f} {u:.1f} {half:.1f} {u:.1f} {v:.1f}")
    return " ".join(parts)


def _box(item: _Item) -> list[str]:
    if item.kind == "passing":
        return []
    own = 2 * item.port
    middle = item.y + item.height / 2
    if item.kind == "label":
        return [
            f'<rect class="label" x="{item.x:.1f}" y="{item.y:.1f}" width="{item.width:.1f}" height="{item.height:.1f}"/>',
            *_text(item.lines, item.middle, middle, "middle"),
        ]
    drawn = []
    if item.kind == "state":
        drawn.append(f'<rect class="state" x="{item.x:.1f}" y="{middle - 17:.1f}" width="{own:.1f}" height="34" rx="10"/>')
    drawn.extend(_text(item.lines, item.middle, middle, "middle"))
    if item.beside:
        x = item.x + own
        drawn.append(f'<path class="arrow" d="M {x:.1f} {middle - 7:.1f} c 26 -14 26 28 1 14"/>')
        drawn.extend(_text(item.beside, x + _LOOP, middle, "start"))
    return drawn


def _text(lines: Sequence[str], x: float, middle: float, anchor: str) -> list[str]:
    first = middle - (len(lines) - 1) * _LINE / 2 + 4.5
    return [
        f'<text x="{x:.1f}" y="{first + i * _LINE:.1f}" text-anchor="{anchor}" xml:space="preserve">{escape(line)}</text>'
        for i, line in enumerate(lines)
    ]
