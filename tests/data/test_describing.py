"""Descriptions against counting by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.describing import Description, describe, plot, shortened
from recsyn.data.figures import check_plot
from recsyn.data.records import Records, generated, records_of
from recsyn.data.rows import rows_of
from recsyn.data.shapes import shape_of
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.values import show


@pytest.fixture(scope="module")
def made(task: Callable[..., Task]) -> Task:
    result: Task = task("inorder", splits={"groups": {"longer": "size > 11"}})
    return result


@pytest.fixture(scope="module")
def described(made: Task) -> Description:
    return describe(made, {split: generated(made, 80, 1, split) for split in made.splits.names})


def test_a_few_trees_by_hand(made: Task, tree: Callable[[Any], Any]) -> None:
    def records(*trees: Any) -> Records:
        return records_of(made, rows_of(made, [tree(t) for t in trees]))

    one, two, right = (1, None, None), (2, None, None), (1, None, (1, None, None))
    found = describe(made, {"train": records(one, one, two, None), "test": records(right, two)})
    assert [(s, found.rows(s), found.duplicates(s)) for s in found.splits] == [("train", 4, 1), ("test", 2, 0)]
    (shared,) = found.overlaps
    assert (shared.one, shared.other, shared.inputs, shared.shapes) == ("train", "test", 1, 1)
    assert list(found.counts) == ["depth", "recursion_depth", "size", "input_length", "output_length"]
    assert found.counts["recursion_depth"] == {"train": {0: 1, 1: 3}, "test": {1: 1, 2: 1}}
    assert found.counts["input_length"] == {"train": {1: 1, 3: 3}, "test": {3: 1, 7: 1}}
    assert found.common_shapes() == [
        ("Branch _ Leaf Leaf", {"train": 3, "test": 1}),
        ("Leaf", {"train": 1, "test": 0}),
        ("Branch _ Leaf (Branch _ Leaf Leaf)", {"train": 0, "test": 1}),
    ]
    assert found.first["test"] == (("1 EMPTY ( 1 EMPTY EMPTY )", "1 1"), ("2 EMPTY EMPTY", "2"))


def test_splits_share_no_input(described: Description) -> None:
    assert len(described.overlaps) == 6
    assert all(overlap.inputs == 0 for overlap in described.overlaps)
    assert {overlap.shapes > 0 for overlap in described.overlaps if overlap.other == "longer"} == {False}


@given(
    counts=st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.integers(-90, 90), st.integers(1, 9), min_size=1), min_size=1),
    most=st.integers(1, 20),
)
def test_bins_hold_every_row_once(counts: dict[str, dict[int, int]], most: int) -> None:
    made = Description("x", {"size": {split: Counter(c) for split, c in counts.items()}}, {}, {}, {})
    bins = made.bins("size", most)
    assert 1 <= len(bins) <= most
    for split, by_value in counts.items():
        assert sum(b.rows[split] for b in bins) == sum(by_value.values())
        for value, rows in by_value.items():
            (place,) = [b for b in bins if b.least <= value <= b.greatest]
            assert place.rows[split] >= rows
    assert len({b.greatest - b.least for b in bins}) == 1


def test_a_shape_is_a_value_without_labels(tree: Callable[[Any], Any]) -> None:
    assert show(shape_of(tree((3, (4, None, None), None)))) == "Branch _ (Branch _ Leaf Leaf) Leaf"
    assert shape_of(tree((3, None, None))) == shape_of(tree((5, None, None)))
    assert shape_of(tree((3, None, None))) != shape_of(tree(None))
    assert show(shape_of(7)) == show(shape_of("x")) == "_"


def test_json_says_the_same(described: Description) -> None:
    data = described.to_json()
    assert data["splits"]["train"] == {
        "rows": 80,
        "duplicates": described.duplicates("train"),
        "shapes": len(described.shapes["train"]),
    }
    assert sum(row["rows"] for row in data["by"]["size"]["longer"]) == 80
    assert all(row["value"] > 11 for row in data["by"]["size"]["longer"])
    assert len(data["overlaps"]) == 6
    assert len(data["first"]["test"]) == 5


@given(text=st.text("ab ", max_size=30), room=st.integers(3, 30))
def test_a_shortened_text_is_no_longer_than_there_is_room(text: str, room: int) -> None:
    short = shortened(text, room)
    assert len(short) <= room
    assert short == text if len(text) <= room else (short.endswith(" …") and text.startswith(short[:-2]))


def test_a_text_is_shortened_after_a_word() -> None:
    assert shortened("X1 X0 X1 01", 10) == "X1 X0 X1 …"
    assert shortened("X1 X0 X1 01", 9) == "X1 X0 …"
    assert shortened("X1X0X101", 5) == "X1X …"


@pytest.mark.parametrize(("name", "begins"), [("p.png", b"\x89PNG"), ("p.svg", b"<?xml"), ("p.pdf", b"%PDF")])
def test_plots_are_the_same_every_time(described: Description, name: str, begins: bytes, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    plot(described, tmp_path / name)
    first = (tmp_path / name).read_bytes()
    assert first.startswith(begins)
    plot(described, tmp_path / name)
    assert (tmp_path / name).read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_plots_that_cannot_be_are_refused(described: Description, tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="names no kind of plot") as caught:
        check_plot("plot.jpg")
    assert ".svg" in str(caught.value.hint)
    pytest.importorskip("matplotlib")
    with pytest.raises(RecsynError, match="cannot be written"):
        plot(described, tmp_path / "nowhere" / "plot.png")
