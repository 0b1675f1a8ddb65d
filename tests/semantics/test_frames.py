"""A reduction as pictures: texts, trees, what a machine would hold, and that large terms are cut and not drawn out."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import recsyn
from recsyn.lang import core
from recsyn.lang.printer import Marked, abridged, pieces, show_term
from recsyn.lang.source import Span
from recsyn.semantics.frames import Node, joined, tree_of
from recsyn.semantics.steps import plugged
from recsyn.semantics.strategies import STRATEGIES
from recsyn.values import Value

HERE = Span(0, 0)


def test_the_frames_of_a_reduction(traversal: recsyn.Program) -> None:
    trace = traversal.trace("1 :: append (2 :: preorder Leaf) []")
    frames = trace.frames()
    assert trace.title == "1 :: append (2 :: preorder Leaf) [], call by value"
    assert [frame.rule for frame in frames] == ["", *(step.rule for step in trace)]
    first = frames[0]
    assert first.text == (("1 :: append (2 :: ", False), ("preorder Leaf", True), (") []", False))
    assert first.tree == (
        Node("::", 2),
        Node("1", 0),
        Node("append", 2),
        Node("::", 2),
        Node("2", 0),
        Node("preorder", 1, True),
        Node("Leaf", 0, True),
        Node("[]", 0),
    )
    assert first.state == (
        ("control", "preorder Leaf"),
        ("depth", "3"),
        ("stack", "2 :: □"),
        ("", "append □ []"),
        ("", "1 :: □"),
    )
    assert frames[-1].text == (("[1, 2]", False),)
    assert frames[-1].state == ()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_texts_are_what_the_trace_prints(traversal: recsyn.Program, strategy: str) -> None:
    trace = traversal.trace("inorder (Branch (1 + 1) (Branch 2 Leaf Leaf) Leaf)", strategy=strategy)
    column = 2 + max(len(step.rule) for step in trace)
    lines = [line.replace("⟦", "").replace("⟧", "")[column:] for line in str(trace).splitlines()]
    assert ["".join(text for text, _ in frame.text) for frame in trace.frames()] == lines
    for frame, step in zip(trace.frames(), trace, strict=False):
        assert "".join(text for text, marked in frame.text if marked).strip("()") == show_term(step.redex).strip("()")
        assert (frame.state[1][1] == "0") == (step.context is None)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("\"abc\" ++ ['d']", ["++", '"abc"', '"d"']),
        ("[1, -2]", ["::", "1", "::", "-2", "[]"]),
        ("(fn f => f 1) (fn x => -x)", ["fn f => …", "fn x => …"]),
        ("(if True then (fn x => x) else (fn x => 1)) 2", ["@", "if", "True", "2"]),
        ("let x = (1, 2) in match x, 3 with _, _ => 4 end", ["let x", "(,)", "1", "2"]),
        ("match (1, 2), 3 with _, _ => 4 end", ["match", "(,)", "1", "2", "3"]),
    ],
)
def test_trees(text: str, labels: list[str]) -> None:
    trace = recsyn.loads("fun id x = x").trace(text)
    nodes = tree_of(trace.initial, 100)
    assert [node.label for node in nodes if node.label not in ("'d'",)] == labels or text.startswith('"')
    assert sum(node.children for node in nodes) == len(nodes) - 1
    assert tree_of(trace.initial, len(nodes)) == nodes
    assert tree_of(trace.initial, len(nodes) - 1) == ()
    assert all(node.marked for node in tree_of(Marked(trace.initial), 100))


def test_a_string_is_one_node() -> None:
    literal = core.Literal(recsyn.loads("fun id x = x").value('"abc"'), HERE)
    assert tree_of(literal, 10) == (Node('"abc"', 0),)


def test_pictures_of_deep_values_are_cut(successor: recsyn.Program) -> None:
    deep = successor.value("One")
    for _ in range(50_000):
        deep = Value("XI", (deep,))
    trace = successor["succ"].trace(deep, limit=121)
    seen = trace.frames()[:-1:40]
    for frame in seen:
        text = "".join(text for text, _ in frame.text)
        assert len(text) < 4_000
        assert "…" in text
        assert any(marked for _, marked in frame.text)
        assert frame.tree == ()
    assert seen[-1].state[1] == ("depth", str(120 // 3))
    assert seen[-1].state[-1][1].endswith(" more")
    assert trace.title.startswith("succ (XI (XI ")
    assert len(trace.title) < 200


def test_the_neighbourhood_of_the_redex_is_kept() -> None:
    items = list(range(1_000))
    program = recsyn.loads("fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end")
    trace = program.trace(f"map (fn x => x + 1) {items}", limit=3_000)
    middle = trace.steps[2_000]
    near, whole = middle.excerpt(50)
    text = show_term(near, "⟦", "⟧")
    assert not whole
    assert text.startswith("… ")
    assert "⟦" in text
    assert len(text) < 400
    everything, whole = middle.excerpt(20_000)
    assert whole
    assert joined(pieces(everything)) == joined(middle.before())


TERMS = st.recursive(
    st.integers(-3, 9).map(lambda n: core.Literal(n, HERE)) | st.just(core.Construct("Z", (), HERE)),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda fields: core.Construct("C", tuple(fields), HERE)),
        st.tuples(inner, inner).map(lambda parts: core.Primitive("+", parts, HERE)),
        st.tuples(inner, inner).map(lambda parts: core.Apply(core.Global("f", HERE), parts, HERE)),
        st.lists(st.integers(0, 3), max_size=3).map(lambda ns: core.Literal(Value("V", tuple(ns)), HERE)),
    ),
    max_leaves=20,
)


def nodes(term: Any) -> int:
    fields = term.value.fields if isinstance(term, core.Literal) and isinstance(term.value, Value) else ()
    return 1 + len(fields) + sum(map(nodes, core.children(term)))


@given(TERMS, st.integers(0, 40))
def test_an_abridged_term_is_as_long_as_there_is_room(term: Any, room: int) -> None:
    size = nodes(term)
    cut, left = abridged(term, room)
    assert (left < 0) == (size > room)
    if size <= room:
        assert left == room - size
        assert cut == term
    else:
        assert "…" in show_term(cut)
        assert nodes(cut) == room + show_term(cut).count("…")


def test_long_integers_are_named_where_there_is_little_room() -> None:
    term = core.Construct("C", (core.Literal(10**100_000, HERE),), HERE)
    assert show_term(abridged(term, 100)[0]) == "C (an integer of 332,193 bits)"


def test_a_picture_of_what_is_cut_off() -> None:
    program = recsyn.loads("partial fun loop n = loop (n + 1)")
    trace = program.trace("loop 0", limit=9)
    assert trace.frames()[-1].state == (("stopped", "after 9 steps; there are more"),)
    assert plugged(trace.steps[-1].contractum, trace.steps[-1].context) == trace.result
