"""Machines as drawings: what they say, and that no text lies on another."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest

import recsyn

PROGRAM = recsyn.loads("import list, tree, nat, pos\n")
DRAWN = [
    ("pos.succ", {}),
    ("tree.inorder", {}),
    ("list.is_sorted", {}),
    ("list.take", {"count": 3}),
    ("list.count", {"x": 3}),
    ("pos.to_int", {}),
    ("nat.even", {}),
    ("list.merge_sort", {}),
    ("tree.flatten", {}),
    ("list.lookup", {"key": 1}),
    ("list.append", {"ys": PROGRAM.value("[7, 8]")}),
    ("tree.mirror", {}),
]
Box = tuple[float, float, float, float]


def boxes(drawing: str) -> tuple[list[tuple[str, Box]], list[Box]]:
    """The texts and where they stand, reckoned by a letter's width of 7.8, and the states."""
    root = ElementTree.fromstring(drawing)
    space = "{http://www.w3.org/2000/svg}"
    texts = []
    for at in root.iter(f"{space}text"):
        width, x, y = 7.8 * len(at.text or ""), float(at.attrib["x"]), float(at.attrib["y"])
        left = x - width / 2 if at.attrib["text-anchor"] == "middle" else x
        texts.append((at.text or "", (left, y - 10, left + width, y + 3)))
    states = []
    for at in root.iter(f"{space}rect"):
        if at.attrib.get("class") == "state":
            x, y, width, height = (float(at.attrib[k]) for k in ("x", "y", "width", "height"))
            states.append((x, y, x + width, y + height))
    return texts, states


def apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


@pytest.mark.parametrize(("name", "fixed"), DRAWN, ids=[name for name, _ in DRAWN])
def test_no_text_lies_on_another(name: str, fixed: dict[str, int]) -> None:
    machine = PROGRAM[name].machine(fixed)
    drawing = machine.svg()
    texts, states = boxes(drawing)
    assert len(states) == len(machine.states)
    assert {text for text, _ in texts} >= set(machine.states)
    for (one, box), (other, at) in combinations(texts, 2):
        assert apart(box, at), (one, other)
    for state in states:
        inside = [text for text, box in texts if not apart(box, state)]
        assert len(inside) == 1, inside
    root = ElementTree.fromstring(drawing)
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    assert all(left >= 0 and top >= 0 and right <= width and bottom <= height for _, (left, top, right, bottom) in texts)


def test_graphviz(successor: recsyn.Program) -> None:
    assert (
        successor["succ"].machine().dot()
        == """\
digraph "succ" {
  node [shape=box, style=rounded, fontname="monospace"];
  edge [fontname="monospace"];
  "" [shape=point];
  "carrying";
  "copying";
  "end" [shape=plaintext];
  "" -> "carrying";
  "carrying" -> "end" [label="01 / X0 01"];
  "carrying" -> "copying" [label="X0 / X1"];
  "carrying" -> "carrying" [label="X1 / X0"];
  "copying" -> "copying" [label="… / …"];
}
"""
    )


def test_what_is_done_before_the_first_token_stands_at_the_first_arrow() -> None:
    machine = PROGRAM["list.append"].machine({"ys": PROGRAM.value("[7, 8]")})
    assert machine.start.pushes == ("7", "8")
    assert '  "" -> "copying items" [label="· / ε  push 7 | 8"];\n' in machine.dot()
    assert "· / ε  push 7 | 8" in [text for text, _ in boxes(machine.svg())[0]]
    drawn = [text for text, _ in boxes(PROGRAM["tree.inorder"].machine().svg())[0]]
    assert "v / ε  push v | inorder" in drawn


def test_what_would_break_a_drawing_is_escaped() -> None:
    program = recsyn.loads(
        r"""
fun quoted (cs : List Char) : List Char =
  match cs with [] => [] | c :: cs => if c < '"' then '\\' :: quoted cs else quoted cs end
"""
    )
    machine = program["quoted"].machine()
    assert [text for text, _ in boxes(machine.svg())[0] if """'"'""" in text]
    assert r"""'\"'""" in machine.dot()
    assert r"""'\\\\'""" in machine.dot()
