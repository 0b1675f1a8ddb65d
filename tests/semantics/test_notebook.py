"""What a notebook shows of a value and of a trace: fragments of HTML that are whole, escaped and never long."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recsyn
from recsyn.semantics.strategies import STRATEGIES
from recsyn.values import Value, from_iterable

LEAF = Value("Leaf")


def branch(label: Any, left: Value = LEAF, right: Value = LEAF) -> Value:
    return Value("Branch", (label, left, right))


def read(fragment: str) -> ElementTree.Element:
    """The fragment, which is also XML; the text of its style is not looked at."""
    return ElementTree.fromstring(fragment)


def texts(fragment: str) -> list[str]:
    return [node.text or "" for node in read(fragment).iter("text")]


def test_a_value_and_its_drawing() -> None:
    shown = branch(1, branch(2), LEAF)._repr_html_()
    assert "".join(read(shown).find("code").itertext()) == "Branch 1 (Branch 2 Leaf Leaf) Leaf"
    assert texts(shown) == ["Branch", "1", "Branch", "2", "Leaf", "Leaf", "Leaf"]
    assert len(list(read(shown).iter("line"))) == 6


def test_no_two_nodes_of_a_drawing_meet() -> None:
    tree = branch(100_000, branch(2, branch(3)), branch(4, LEAF, branch(5)))
    rows: dict[str, list[tuple[float, int]]] = {}
    for node in read(tree._repr_html_()).iter("text"):
        rows.setdefault(node.get("y"), []).append((float(node.get("x")), len(node.text)))
    for row in rows.values():
        for (x, length), (following, other) in pairwise(row):
            assert x + length * 3.65 < following - other * 3.65


@pytest.mark.parametrize("value", [from_iterable(range(9)), from_iterable("abc"), Value("S", (Value("S", (Value("Z"),)),)), LEAF])
def test_what_does_not_branch_is_not_drawn(value: Value) -> None:
    assert "<svg" not in value._repr_html_()
    assert "".join(read(value._repr_html_()).itertext()) == str(value)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"])))
def test_texts_are_escaped(text: str) -> None:
    string = branch(from_iterable(text))
    assert "".join(read(string._repr_html_()).find("code").itertext()) == str(string)
    constructor = Value("<b>&", (LEAF, LEAF))
    assert texts(constructor._repr_html_())[0] == "<b>&"


@pytest.mark.parametrize("depth", [1_000, 100_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_deep_values_are_cut(depth: int) -> None:
    deep = Value("Z")
    for _ in range(depth):
        deep = Value("S", (deep,))
    shown = deep._repr_html_()
    assert shown.count("S (") == 399
    assert f"… {depth + 1 - 400:,} more constructors" in shown
    assert len(shown) < 4_000


def test_shared_and_wide_values_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsyn.drawing._COUNTED", 30_000)
    tree = LEAF
    for _ in range(200):
        tree = branch(7, tree, tree)
    shown = tree._repr_html_()
    assert "… more than 19," in shown, "two thirds of its parts are constructors"
    wide = from_iterable([10**5_000])._repr_html_()
    assert len(wide) < 6_000


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trace(traversal: recsyn.Program, strategy: str) -> None:
    trace = traversal.trace("inorder (Branch 1 Leaf Leaf)", strategy=strategy)
    rows = list(read(trace._repr_html_()).iter("tr"))
    assert [row[0].text or "" for row in rows] == ["", *(step.rule for step in trace)]
    column = 2 + max(len(step.rule) for step in trace)
    lines = [line.replace("⟦", "").replace("⟧", "")[column:] for line in str(trace).splitlines()]
    assert ["".join(row[1].itertext()) for row in rows] == lines
    assert [row.find("td/mark") is not None for row in rows] == [True] * len(trace) + [False]


def test_long_traces_are_cut() -> None:
    trace = recsyn.loads("partial fun loop n = loop (n + 1)").trace("loop 0")
    shown = trace._repr_html_()
    rows = list(read(shown).iter("tr"))
    assert len(rows) == 102
    assert "".join(rows[-2].itertext()) == "… 9,900 more"
    assert "".join(rows[-1].itertext()) == "δ(fn n => …) 3333"


def test_a_trace_brings_no_more_than_its_own_style() -> None:
    shown = recsyn.loads("fun id x = x").trace('id "</td><script>alert(1)</script>"')._repr_html_()

    seen: set[str] = set()

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: Any) -> None:
            seen.add(tag)

    Tags().feed(shown)
    assert seen == {"div", "style", "table", "caption", "tr", "td", "mark"}
    style = read(shown).find("style").text
    assert all(rule.startswith(".recsyn-run") for rule in style.split("}") if rule)
