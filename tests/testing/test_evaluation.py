"""Exact match by structure, against counting by hand on models that are wrong where a feature says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.answers import Answer
from recsyn.data.rows import Rows, generate, rows_of
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.evaluation import SHAPE_ROWS, Evaluation, Group, evaluate, told_apart
from recsyn.testing.findings import Rate
from recsyn.testing.plotting import plot
from recsyn.values import Datum, Value

Wrong = Callable[[Datum], bool]
RANGES = st.lists(st.tuples(st.integers(-2, 40), st.integers(0, 20)).map(lambda r: (r[0], r[0] + r[1])), max_size=5)
LEAF = Value("Leaf")


@pytest.fixture(scope="module")
def rows(inorder: Task) -> Rows:
    return generate(inorder, 700, seed=3)


def wrong_where(task: Task, wrong: Wrong) -> Callable[[Sequence[Datum]], list[Any]]:
    """The task's function, but that it adds a label where an input is one of these."""

    def model(inputs: Sequence[Datum]) -> list[Any]:
        right = [task.output_codec.encode(output) for output in task.function.of_each(inputs)]
        return [[*tokens, "0"] if wrong(value) else tokens for value, tokens in zip(inputs, right, strict=True)]

    return model


def labels(tree: Datum) -> list[int]:
    assert isinstance(tree, Value)
    return [] if tree == LEAF else [tree.fields[0], *labels(tree.fields[1]), *labels(tree.fields[2])]


def shape(tree: Datum) -> str:
    assert isinstance(tree, Value)
    return "." if tree == LEAF else f"({shape(tree.fields[1])}{shape(tree.fields[2])})"


def height(tree: Datum) -> int:
    assert isinstance(tree, Value)
    return 0 if tree == LEAF else 1 + max(height(tree.fields[1]), height(tree.fields[2]))


WRONGS: dict[str, Wrong] = {
    "never": lambda tree: False,
    "always": lambda tree: True,
    "deep": lambda tree: height(tree) > 3,
    "large": lambda tree: len(labels(tree)) >= 5,
    "odd": lambda tree: sum(labels(tree)) % 2 == 1,
}


@pytest.mark.parametrize("name", WRONGS)
def test_groups_count_rows_and_those_that_are_wrong(name: str, inorder: Task, rows: Rows) -> None:
    wrong = WRONGS[name]
    evaluation = evaluate(wrong_where(inorder, wrong), inorder, rows)
    assert evaluation.rate == Rate(sum(map(wrong, rows.inputs)), 700)
    assert evaluation.kinds == ({"too long": evaluation.rate.failures} if evaluation.rate.failures else {})
    often = Counter(shape(tree) for tree in rows.inputs)
    measures: dict[str, Callable[[Datum], int]] = {
        "recursion_depth": height,
        "size": lambda tree: 2 * len(labels(tree)) + 1,
        "output_length": lambda tree: len(labels(tree)),
        "input_length": lambda tree: len(inorder.input_codec.encode(tree)),
        SHAPE_ROWS: lambda tree: often[shape(tree)],
    }
    assert set(measures) == set(evaluation.groupings)
    for feature, measure in measures.items():
        measured = [measure(tree) for tree in rows.inputs]
        groups = evaluation.by(feature)
        assert [group.least for group in groups] == sorted(set(measured))
        for group in [*groups, *evaluation.over(feature, 4)]:
            inside = [t for t, m in zip(rows.inputs, measured, strict=True) if group.least <= m <= group.greatest]
            assert group.wrong == Rate(sum(map(wrong, inside)), len(inside))
        assert sum(group.rows for group in evaluation.over(feature, 4)) == 700


def test_shapes_count_as_right_where_all_their_rows_are(inorder: Task, rows: Rows) -> None:
    wrong = WRONGS["odd"]
    evaluation = evaluate(wrong_where(inorder, wrong), inorder, rows)
    shapes = {shape(tree) for tree in rows.inputs}
    assert evaluation.shape_rate == Rate(len({shape(tree) for tree in rows.inputs if wrong(tree)}), len(shapes))
    assert 0 < evaluation.shape_rate.failures < len(shapes)


def _evaluation(values: Sequence[int], failing: Sequence[bool]) -> Evaluation:
    failures: list[Any] = [object() if f else None for f in failing]
    return Evaluation({"f": np.array(values, dtype=np.int64)}, tuple(failures), ("",) * len(values))


@given(st.lists(st.tuples(st.integers(-9, 40), st.booleans()), min_size=1, max_size=60), RANGES, st.integers(1, 9))
def test_ranges_hold_what_lies_in_them(rows: list[tuple[int, bool]], ranges: list[tuple[int, int]], most: int) -> None:
    evaluation = _evaluation([v for v, _ in rows], [f for _, f in rows])
    groups = evaluation.within("f", ranges)
    assert [(group.least, group.greatest) for group in groups] == ranges
    equal = evaluation.over("f", most)
    assert len(equal) <= most
    assert all(group.rows for group in equal)
    assert sum(group.rows for group in equal) == len(rows)
    for group in [*groups, *equal]:
        inside = [failed for value, failed in rows if group.least <= value <= group.greatest]
        assert group.wrong == Rate(sum(inside), len(inside))
    if len({v for v, _ in rows}) > most:
        assert len({group.greatest - group.least for group in equal[:-1]}) <= 1


@given(st.integers(0, 200), st.integers(1, 200))
def test_an_interval_holds_the_share_and_mirrors_that_of_failures(failures: int, more: int) -> None:
    wrong = Rate(failures, failures + more)
    group = Group(1, 2, wrong)
    low, high = group.interval
    assert -1e-12 <= low <= group.exact_match + 1e-12
    assert group.exact_match - 1e-12 <= high <= 1 + 1e-12
    assert (1 - high, 1 - low) == pytest.approx(wrong.interval)
    assert 0 <= high - low < 0.98


def test_the_interval_is_wilson_s() -> None:
    """The roots p of (p - 0.9)^2 = z^2 p (1 - p) / 10, for 9 of 10 right."""
    z = 1.959963984540054
    roots = np.roots([1 + z * z / 10, -(2 * 0.9 + z * z / 10), 0.81])
    assert Group(0, 0, Rate(1, 10)).interval == pytest.approx(tuple(sorted(roots)))


def test_data_hold_every_group_and_nothing_that_is_no_number(inorder: Task, rows: Rows) -> None:
    evaluation = evaluate(wrong_where(inorder, WRONGS["deep"]), inorder, rows)
    report = evaluation.to_json()
    assert report["rows"] == 700
    assert report["low"] < report["exact_match"] == evaluation.accuracy < report["high"]
    depths = report["by"]["recursion_depth"]
    assert [row["value"] for row in depths] == sorted({height(tree) for tree in rows.inputs})
    assert [row["exact_match"] for row in depths] == [float(row["value"] <= 3) for row in depths]
    assert report["shapes"]["shapes"] == len({shape(tree) for tree in rows.inputs})
    empty = evaluation.within("size", [(1_000, 1_001)])[0]
    assert empty.to_json() == {"least": 1_000, "greatest": 1_001, "rows": 0, "exact_match": None, "low": 0.0, "high": 1.0}


def test_kinds_are_counted(succ: Task) -> None:
    inputs = list(succ.space.smallest(8))
    right = {str(value): tuple(succ.output_codec.encode(succ.function(value))) for value in inputs}

    def model(asked: Sequence[Datum]) -> list[Answer]:
        changes: list[Callable[[tuple[str, ...]], Answer]] = [
            Answer,
            lambda tokens: Answer(tokens, ended=False),
            lambda tokens: Answer(tokens[:-1]),
            lambda tokens: Answer((*tokens, "01")),
            lambda tokens: Answer(("01",) * len(tokens)),
            lambda tokens: Answer(("X7", *tokens)),
            Answer,
            lambda tokens: Answer((*tokens, "01")),
        ]
        return [change(right[str(value)]) for change, value in zip(changes, asked, strict=True)]

    evaluation = evaluate(model, succ, rows_of(succ, inputs))
    ones = {"no end of sequence": 1, "too short": 1, "wrong token": 1, "unknown token": 1}
    assert evaluation.kinds == {"too long": 2, **ones}
    assert evaluation.rate == Rate(6, 8)


def test_padding_is_part_of_the_length_of_an_input(make_task: Callable[..., Task]) -> None:
    task = make_task("succ", padding=5)
    rows = generate(task, 50, seed=0)
    assert told_apart(task, rows)["input_length"].tolist() == [len(task.input_codec.encode(v)) for v in rows.inputs]


def test_an_unknown_feature_is_refused_with_the_nearest(inorder: Task, rows: Rows) -> None:
    evaluation = evaluate(inorder.function.of_each, inorder, rows)
    for ask in (evaluation.by, evaluation.over, lambda feature: evaluation.within(feature, [])):
        with pytest.raises(RecsynError, match="no feature 'recursion_dept'") as caught:
            ask("recursion_dept")
        assert caught.value.hint == "did you mean `recursion_depth`?"


@pytest.mark.parametrize(("name", "begins"), [("p.png", b"\x89PNG"), ("p.svg", b"<?xml"), ("p.pdf", b"%PDF")])
def test_plots_are_the_same_every_time(name: str, begins: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    groups = [Group(0, 0, Rate(0, 9)), Group(1, 3, Rate(2, 7)), Group(4, 4, Rate(0, 0)), Group(5, 9, Rate(3, 3))]
    panels = [(feature, groups) for feature in ("recursion_depth", "size", "size", "f")]
    plot(panels, "a $task^", tmp_path / name)
    first = (tmp_path / name).read_bytes()
    assert first.startswith(begins)
    plot(panels, "a $task^", tmp_path / name)
    assert (tmp_path / name).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [name]
    plot([("size", groups[:2])], "another", tmp_path / name)
    assert (tmp_path / name).read_bytes() != first


def test_a_plot_names_features_and_groups(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot(
        [("recursion_depth", [Group(0, 0, Rate(0, 9)), Group(1, 3, Rate(2, 7)), Group(44, 45, Rate(0, 0))])],
        "deep",
        tmp_path / "p.svg",
    )
    text = (tmp_path / "p.svg").read_text("utf-8")
    assert all(part in text for part in ("recursion depth", "1–3", "exact match", "deep"))
    assert "44–45" not in text


def test_plots_that_cannot_be_are_refused(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    groups = [Group(0, 0, Rate(0, 9))]
    with pytest.raises(RecsynError, match="names no kind of plot"):
        plot([("size", groups)], "t", tmp_path / "p.jpg")
    with pytest.raises(RecsynError, match="cannot be written"):
        plot([("size", groups)], "t", tmp_path / "nowhere" / "p.png")
