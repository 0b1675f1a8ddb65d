"""Studies as they are written: what their cells are, what is published of them, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from recsyn.errors import RecsynError
from recsyn.studies.reading import merged
from recsyn.studies.study import STUDIES, load_study

VALUES = st.recursive(
    st.one_of(st.integers(), st.text(max_size=2)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abcd"), inner, max_size=4)),
    max_leaves=12,
)
CONFIGS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@given(CONFIGS, CONFIGS)
def test_a_change_is_there_once_it_is_made_and_all_else_is_as_it_was(base: dict, change: dict) -> None:
    found = merged(base, change)
    assert merged(found, change) == found
    assert merged(base, {}) == base
    assert set(found) == set(base) | set(change)
    assert "None" not in repr(merged({}, change))
    for name in set(base) - set(change):
        assert found[name] == base[name]
    for name, value in change.items():
        inside = base.get(name) if isinstance(base.get(name), dict) else {}
        assert found[name] == (merged(inside, value) if isinstance(value, dict) else value)


@given(CONFIGS, st.sampled_from("abcd"))
def test_null_takes_a_field_away(base: dict, name: str) -> None:
    assert merged(base, {name: None}) == {n: v for n, v in base.items() if n != name}
    assert merged({}, {"new": {name: None}}) == {"new": {}}


def test_there_is_a_cell_for_every_choice(study: Path) -> None:
    read = load_study(str(study))
    assert read.axes == {"order": ("reverse", "natural"), "heads": ("1", "2")}
    found = [(cell.point["order"], cell.point["heads"], cell.recipe.seed) for cell in read.cells]
    assert found == [(order, heads, seed) for order in ("reverse", "natural") for heads in ("1", "2") for seed in (0, 3)]
    assert len({cell.key for cell in read.cells}) == 8
    for cell in read.cells:
        assert cell.architecture.heads == int(cell.point["heads"])
        assert cell.task["input"] == cell.task["output"] == {"reverse": "prefix", "natural": "mirror"}[cell.point["order"]]
        assert (cell.recipe.steps, cell.rows, cell.whole) == (6, 40, False)


def test_the_small_version(study: Path) -> None:
    whole, small = load_study(str(study)), load_study(str(study), quick=True)
    assert [cell.name for cell in small.cells] == ["order reverse, heads 2, seed 3", "order natural, heads 2, seed 3"]
    assert {cell.recipe.steps for cell in small.cells} == {4}
    assert small.columns[1].distribution == {"kind": "by-depth", "sizes": [6, 12], "depths": [4, 11]}
    assert not {cell.key for cell in small.cells} & {cell.key for cell in whole.cells}


def test_what_was_published_of_a_cell(study: Path) -> None:
    read = load_study(str(study))
    figures = {
        (o, h, c): read.figure({"order": o, "heads": h}, c) for o in read.axes["order"] for h in "12" for c in ("trained", "deep")
    }
    assert {place: figure for place, figure in figures.items() if figure is not None} == {
        ("natural", "2", "trained"): 0.5,
        ("natural", "2", "deep"): (0.25, 0.5),
        ("natural", "1", "deep"): "fails",
    }


def test_the_folder_of_a_cell_tells_all_that_could_change_the_weights(study: Path) -> None:
    cell = load_study(str(study)).cells[0]
    others = [
        replace(cell, task={**cell.task, "padding": 1}),
        replace(cell, architecture=replace(cell.architecture, width=32)),
        replace(cell, recipe=replace(cell.recipe, learning_rate=1e-4)),
        replace(cell, trainer={"precision": "bf16-mixed"}),
    ]
    assert len({cell.key, *(other.key for other in others)}) == 1 + len(others)
    # What it is called and how it is judged changes nothing about the weights.
    same = [replace(cell, task={**cell.task, "name": "other"}), replace(cell, columns=()), replace(cell, rows=1, whole=True)]
    assert {other.key for other in same} == {cell.key}
    assert load_study(str(study)).cells[0].key == cell.key
    assert all(character.isalnum() or character in "-." for character in cell.key)
    long = replace(cell, point={"a": "x" * 300, "b": "y / z | “…”"})
    assert len(long.key) < 130
    assert "/" not in long.key


def test_the_key_of_a_column_tells_all_that_could_change_its_figures(study: Path) -> None:
    column = load_study(str(study)).columns[1]
    others = [replace(column, split="train"), replace(column, distribution=None), replace(column, where="size > 5")]
    keys = [each.key(40, False) for each in (column, *others)] + [column.key(41, False), column.key(40, True)]
    assert len(set(keys)) == len(keys)
    assert replace(column, name="other").key(40, False) == keys[0]


def test_a_training_of_a_study_has_one_device(study: Path) -> None:
    read = load_study(str(study))
    assert {cell.trainer["precision"] for cell in read.on({"precision": "bf16-mixed"}).cells} == {"bf16-mixed"}
    with pytest.raises(RecsynError, match="devices of Lightning's Trainer is for trainings on several devices") as refused:
        read.on({"devices": 2})
    assert "--processes" in (refused.value.hint or "")


def test_some_points_alone(study: Path) -> None:
    read = load_study(str(study)).only({"heads": ["2"], "order": ["natural"]})
    assert [cell.name for cell in read.cells] == ["order natural, heads 2, seed 0", "order natural, heads 2, seed 3"]
    with pytest.raises(RecsynError, match="the study mine has no axis 'head'") as refused:
        read.only({"head": ["2"]})
    assert refused.value.hint == "did you mean `heads`?"
    with pytest.raises(RecsynError, match="the axis order has no point 'neutral'"):
        read.only({"order": ["neutral"]})


REFUSED = [
    ({"axis": {}}, "a study has no field 'axis'", "did you mean `axes`?"),
    ({"axes": {"order": {}}}, "the axis order has no points", "name one at least, with what it changes"),
    ({"axes": {"order": {"a": {"mode": {}}}}}, "the point a of order has no section 'mode'", "did you mean `model`?"),
    ({"axes": ["order"]}, "axes is ['order'], not a mapping of names", None),
    ({"axes": {"heads": {"3": {"model": {"heads": 3}}}}}, "at heads 3: architecture: width must be divisible by heads", "width 18"),
    ({"axes": {"heads": {"3": {"model": {"head": 3}}}}}, "at heads 3: architecture has no field 'head'", "did you mean 'heads'?"),
    ({"training": {"step": 3}}, "at order reverse, heads 1: recipe has no field 'step'", "did you mean 'steps'?"),
    ({"task": {"program": "successor.rec", "function": "suc"}}, "defines no function 'suc'", "did you mean `succ`?"),
    ({"columns": {"a": {"from": {}}}}, "the column a has no field 'from'", None),
    ({"columns": {"a": {"distribution": {"kind": "unifrom"}}}}, "unifrom", "uniform"),
    ({"columns": {"a": {"where": "size >"}}}, "size >", None),
    ({"columns": {"a": {"where": 3}}}, "`where` of the column a is 3, not a text", "size > 5"),
    ({"rows": 0}, "rows is 0, not a whole number from 1", None),
    ({"whole": 1}, "whole is 1, not true or false", None),
    ({"seeds": []}, "seeds is [], not a list of different ones", "seeds: [0]"),
    ({"seeds": [0, 0]}, "seeds is [0, 0], not a list of different ones", None),
    ({"training": {"seed": 4}}, "training names a seed", "a study has `seeds`"),
    ({"training": [1]}, "training is [1], not a mapping of names", None),
    ({"axes": {"a": {"b": {"training": [1]}}}}, "axes.a.b.training is [1], not a mapping of names", None),
    ({"axes": {"a": {"b": {"task": None}}}}, "axes.a.b.task is None, not a mapping of names", None),
    ({"task": None}, "the task in", "give `program`"),
    ({"task": {1: 2, "program": "successor.rec"}}, "a task has no field 1", None),
    ({"experiment": "x" * 400}, "there is no task 'xxx", "name a YAML file"),
    ({"published": [{"at": {"heads": "7"}}]}, "the axis heads has no point '7'", None),
    ({"seeds": list(range(10_000))}, "make 40,000 cells", None),
    ({"published": [{"at": {"orders": "a"}}]}, "the study has no axis 'orders'", "did you mean `order`?"),
    ({"published": [{"figures": {"trained": 1.5}}]}, "a published figure is 1.5", "a share from 0 to 1"),
    ({"published": [{"figures": {"train": 1}}]}, "the study has no column 'train'", "did you mean `trained`?"),
    ({"experiment": "successor-revers"}, "there is no task 'successor-revers'", "did you mean 'successor-reverse'?"),
    ({"title": 3}, "title is 3, not a text", None),
]


@pytest.mark.parametrize(("change", "message", "hint"), REFUSED, ids=[str(change)[:40] for change, _, _ in REFUSED])
def test_what_is_refused(study: Path, change: dict, message: str, hint: str | None) -> None:
    study.write_text(yaml.safe_dump({**yaml.safe_load(study.read_text("utf-8")), **change}, sort_keys=False), "utf-8")
    with pytest.raises(RecsynError) as refused:
        load_study(str(study))
    assert refused.value.message.startswith(f"in {str(study)!r}: ")
    assert message in refused.value.message
    assert hint is None or hint in (refused.value.hint or "")


def test_a_study_without_a_small_version(study: Path) -> None:
    content = yaml.safe_load(study.read_text("utf-8"))
    del content["quick"]
    study.write_text(yaml.safe_dump(content), "utf-8")
    with pytest.raises(RecsynError, match="the study has no small version"):
        load_study(str(study), quick=True)


def test_an_alias_to_itself(study: Path) -> None:
    text = study.read_text("utf-8").replace("    reverse: {}", "    reverse: &r {task: {distribution: *r}}")
    study.write_text(text, "utf-8")
    with pytest.raises(RecsynError, match="nested too deeply"):
        load_study(str(study))


def test_an_unknown_study_names_the_nearest() -> None:
    with pytest.raises(RecsynError, match="there is no study 'succesor'") as refused:
        load_study("succesor")
    assert refused.value.hint == "did you mean 'successor'?"


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", STUDIES.names)
def test_those_that_ship(name: str, quick: bool) -> None:
    read = load_study(name, quick)
    assert read.title
    assert read.about
    assert len({cell.key for cell in read.cells}) == len(read.cells)
    if name != "stepwise":
        # The papers' network, from which the small versions differ by size alone.
        for cell in read.cells:
            assert (cell.architecture.positions, cell.architecture.norm, cell.recipe.schedule) == ("sinusoidal", "after", "vaswani")
            assert cell.architecture.heads == 2
            if not quick:
                assert cell.architecture.width == 128
        assert not quick or len(read.cells) <= 12
    assert all(cell.key not in {other.key for other in load_study(name, not quick).cells} for cell in read.cells)


NAMES = ("training", "+2–4", "+4–6", "+8–10", "+18–20")
PUBLISHED = """
encoder-only  none  1.00 1.00 .99 .85 .01
encoder-only  3     1.00 .90 .77 .33 .03
encoder-only  6     1.00 .88 .76 .24 .06
decoder-only  none  .99 .52 .31 .09 0
decoder-only  3     1.00 .04 .00 .00 0
decoder-only  6     .99 .52 .18 .04 0
"""
"""Zhang et al., arXiv 2305.14699: encoder-only and decoder-only networks in natural order, by row: in training, +2–4, +4–6, +8–10
and +18–20. Typed once more, as it stands there."""


def test_the_published_figures_of_architectures() -> None:
    read = load_study("architectures")
    lines = [line.split("  ") for line in PUBLISHED.strip().splitlines()]
    for network, cap, *rest in ([part.strip() for part in line if part] for line in lines):
        point = {"network": network, "cap": cap}
        assert [read.figure(point, name) for name in NAMES] == [float(f) for f in rest[0].split()]
        assert read.figure(point, "+2–4, carries 7+") is None
    point = {"network": "encoder-decoder", "cap": "none"}
    assert [read.figure(point, name) for name in NAMES] == [None] * 5
