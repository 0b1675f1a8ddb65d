"""Cells trained, judged, kept and found again."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from recsyn.data.tasks import task_from_config
from recsyn.errors import RecsynError
from recsyn.front import load_model
from recsyn.neural.resuming import Diverged
from recsyn.studies import grid
from recsyn.studies.cost import cost
from recsyn.studies.grid import outcomes
from recsyn.studies.judging import check, rows_of_column
from recsyn.studies.outcome import Outcome, Score
from recsyn.studies.records import kept
from recsyn.studies.study import STUDIES, Cell, Study, load_study
from recsyn.studies.tables import different_inputs, report, tables
from recsyn.testing.findings import Rate


@pytest.fixture
def small(study: Path) -> Study:
    return load_study(str(study), quick=True)


def done(cells, folder: Path, processes: int = 1) -> dict[str, Outcome]:
    return {cell.key: outcome for cell, outcome in outcomes(cells, folder, processes, lambda *_: None)}


@pytest.fixture
def each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every step is told."""
    monkeypatch.setattr(grid, "_TELL_EVERY", 1)


def known(cell: Cell, folder: Path) -> Outcome | None:
    record = kept(cell, folder)
    return record and record.outcome(cell)


def trained_steps(cells, folder: Path) -> int:
    steps: list[int] = []
    list(outcomes(cells, folder, 1, lambda _, step: steps.append(step)))
    return len(steps)


@pytest.mark.usefixtures("each_step")
def test_figures_are_those_of_the_checkpoint_that_is_kept(small: Study, tmp_path: Path) -> None:
    steps: list[tuple[str, int]] = []
    found = {c.key: o for c, o in outcomes(small.cells, tmp_path / "out", 1, lambda c, s: steps.append((c.key, s)))}
    assert steps == [(cell.key, step) for cell in small.cells for step in (1, 2, 3, 4)]
    for cell in small.cells:
        model = load_model(tmp_path / "out" / cell.key)
        task = model.checkpoint.task
        assert task.to_config() == cell.task
        assert (model.checkpoint.architecture, model.checkpoint.recipe) == (cell.architecture, cell.recipe)
        for column in cell.columns:
            rows = rows_of_column(column, task, cell.rows)
            answers = task.answers(rows.inputs, rows.outputs)
            wrong = sum(list(a.tokens) != right or not a.ended for a, right in zip(model(rows.inputs), answers, strict=True))
            score = found[cell.key].scores[column.name]
            assert score == Score(Rate(wrong, 40), len(set(map(str, rows.inputs))))
        assert "Exact match" in (tmp_path / "out" / cell.key / "README.md").read_text("utf-8")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {name for key in found for name in (key, f"{key}.json")}
    assert {cell.key: known(cell, tmp_path / "out") for cell in small.cells} == found


def test_the_rows_of_a_column_are_those_of_its_split(study: Path) -> None:
    text = study.read_text("utf-8").replace(
        "  distribution: {kind: by-depth, sizes: [1, 8]",
        "  splits: {groups: {far: recursion_depth > 4}}\n  distribution: {kind: by-depth, sizes: [1, 8]",
    )
    study.write_text(text.replace("  deep: {", "  deep: {split: far, "), "utf-8")
    cell = load_study(str(study)).cells[0]
    check([cell])
    task = task_from_config(cell.task)
    for column, split in zip(cell.columns, ("train", "far"), strict=True):
        assert {task.division.of(value) for value in rows_of_column(column, task, 40).inputs} == {split}


def test_a_column_has_the_rows_that_its_predicate_holds_of(study: Path) -> None:
    cell = load_study(str(study)).cells[0]
    task = task_from_config({**cell.task, "padding": 4})
    column = replace(cell.columns[0], where="input_length <= 9 and recursion_depth > 1")
    rows = rows_of_column(column, task, 30)
    assert len(rows) == 30
    for value in rows.inputs:
        tokens = task.input_codec.encode(value)
        assert len(tokens) <= 9
        assert " ".join(tokens).replace("<blank> ", "").startswith("X1 X1")
        assert task.division.of(value) == "train"
    assert {len(task.input_codec.encode(value)) - str(value).count("X") - 1 for value in rows.inputs} > {0, 1}
    with pytest.raises(RecsynError, match="of 1,500 rows that were drawn, 0 are such that size > 99, and 30 are asked for"):
        rows_of_column(replace(column, where="size > 99"), task, 30)
    with pytest.raises(RecsynError, match="depht"):
        rows_of_column(replace(column, where="recursion_depht > 1"), task, 30)


@pytest.mark.usefixtures("each_step")
def test_a_cell_that_was_interrupted_goes_on_and_ends_with_the_same_weights(small: Study, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(grid, "_KEEP_EVERY", 1)
    cell = small.cells[0]

    def stop(_, step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(outcomes([cell], tmp_path / "a", 1, stop))
    assert known(cell, tmp_path / "a") is None
    steps: list[int] = []
    list(outcomes([cell], tmp_path / "a", 1, lambda _, step: steps.append(step)))
    assert steps[0] > 1
    done([cell], tmp_path / "b")
    weights = [(tmp_path / run / cell.key / "model.safetensors").read_bytes() for run in "ab"]
    assert weights[0] == weights[1]


@pytest.mark.usefixtures("each_step")
def test_a_damaged_checkpoint_is_trained_again_and_figures_that_are_lost_are_made_again(small: Study, tmp_path: Path) -> None:
    cell = small.cells[0]
    found = done([cell], tmp_path)[cell.key]
    place, figures = tmp_path / cell.key, tmp_path / f"{cell.key}.json"
    assert trained_steps([cell], tmp_path) == 0
    for damage in ("", "{}", '{"of": "", "columns": {}}', figures.read_text().replace('"of": "', '"of": "0')):
        figures.write_text(damage)
        assert known(cell, tmp_path) is None
        assert trained_steps([cell], tmp_path) == 0
        assert known(cell, tmp_path) == found
    (place / "metrics.json").write_text("{}")
    assert kept(cell, tmp_path) is None
    assert trained_steps([cell], tmp_path) == 4
    assert known(cell, tmp_path).scores == found.scores

    (place / "config.json").write_text("{}")
    with pytest.raises(RecsynError, match="would be lost"):
        kept(cell, tmp_path)
    outcome = done([cell], tmp_path)[cell.key]
    assert "would be lost" in outcome.failed
    shutil.rmtree(place)
    assert kept(cell, tmp_path) is None


@pytest.mark.usefixtures("each_step")
def test_a_new_column_is_judged_with_the_checkpoint_that_is_there(small: Study, tmp_path: Path) -> None:
    cell = small.cells[0]
    done([cell], tmp_path)
    more = replace(cell, columns=(*cell.columns, replace(cell.columns[0], name="few", where="size < 4")))
    assert known(more, tmp_path) is None
    assert trained_steps([more], tmp_path) == 0
    assert set(known(more, tmp_path).scores) == {"trained", "deep", "few"}
    assert known(cell, tmp_path).scores == {n: s for n, s in known(more, tmp_path).scores.items() if n != "few"}


def test_what_diverges_is_an_outcome_and_the_others_go_on(small: Study, tmp_path: Path, monkeypatch) -> None:
    train = grid.train

    def diverging(task, architecture, recipe, *rest):
        if task.input == "prefix":
            raise Diverged("the loss is no longer a finite number at step 3 of 4", "lower factor")
        return train(task, architecture, recipe, *rest)

    monkeypatch.setattr(grid, "train", diverging)
    first, second = small.cells
    found = done(small.cells, tmp_path)
    assert found[first.key].failed.startswith("the loss is no longer a finite number at step 3 of 4")
    assert found[second.key].failed is None
    assert kept(first, tmp_path) is None
    right = 1 - found[second.key].scores["trained"].answers.share
    assert [row[2] for row in tables(small, found)[0].rows] == ["failed (–)", f"{right:.2f} (0.50)"]


def test_columns_that_are_too_long_are_refused(study: Path) -> None:
    study.write_text(
        study.read_text("utf-8").replace("sizes: [6, 12], depths: [5, 11]", "sizes: [6, 40], depths: [5, 39]"), "utf-8"
    )
    with pytest.raises(RecsynError, match="at order reverse, heads 1, seed 0, in the column 'deep': the task has source rows of"):
        check(load_study(str(study)).cells)


def test_a_split_that_is_none_is_refused(study: Path) -> None:
    study.write_text(study.read_text("utf-8").replace("split: train", "split: trian"), "utf-8")
    with pytest.raises(RecsynError, match=r"in the column 'trained': .*trian"):
        check(load_study(str(study)).cells)


@pytest.mark.parametrize("asked", ["asks: rounds, rounds: 2", "asks: states"])
def test_what_cannot_be_run_to_the_end_is_refused(study: Path, asked: str) -> None:
    text = study.read_text("utf-8").replace("rows: 40", "rows: 40\nwhole: true")
    study.write_text(text.replace("natural: {task: {", f"natural: {{task: {{{asked}, "), "utf-8")
    with pytest.raises(RecsynError, match="at order natural, heads 2, seed 3, in the column 'trained': the task asks for"):
        check(load_study(str(study), quick=True).cells)


def test_evaluations_run_to_the_end_are_judged_too(study: Path, tmp_path: Path) -> None:
    text = study.read_text("utf-8").replace("rows: 40", "rows: 40\nwhole: true")
    study.write_text(text.replace("natural: {task: {", "natural: {task: {asks: rounds, rounds: 1, "), "utf-8")
    read = load_study(str(study), quick=True)
    found = done(read.cells, tmp_path)
    at_once, by_rounds = (found[cell.key].scores["trained"] for cell in read.cells)
    assert (at_once.values, at_once.steps) == (at_once.answers, None)
    assert by_rounds.values.tested == 40
    assert by_rounds.steps.tested >= 40
    assert [table.title.split(",")[0] for table in tables(read, found)] == [
        "exact match",
        "whole evaluations that end with the right value",
        "right steps",
    ]
    written = report(read, found)["cells"][1]["outcome"]["columns"]["trained"]
    assert set(written["values"]) == {"inputs", "right", "low", "high"}
    assert set(written["steps"]) == {"steps", "right", "low", "high"}


def test_the_mean_of_seeds_stands_beside_what_was_published(study: Path) -> None:
    read = load_study(str(study))
    found = {
        cell.key: Outcome({"trained": Score(Rate(10 * cell.recipe.seed, 40), 30), "deep": Score(Rate(40, 40), 7)})
        for cell in read.cells
        if cell.point["order"] == "natural" and (cell.point["heads"], cell.recipe.seed) != ("1", 3)
    }
    (table,) = tables(read, found)
    assert table.title == "exact match, 40 rows a figure, means over 2 seeds [least, greatest], in brackets what was published"
    assert table.header == ("order", "heads", "trained", "deep")
    assert table.rows == (
        ("reverse", "1", "– (–)", "– (–)"),
        ("reverse", "2", "– (–)", "– (–)"),
        ("natural", "1", "1.00 (1 of 2 seeds) (–)", "0.00 (1 of 2 seeds) (fails)"),
        ("natural", "2", "0.62 [0.25, 1.00] (0.50)", "0.00 (0.25–0.50)"),
    )
    assert table.markdown().splitlines()[-1] == "| natural | 2 | 0.62 [0.25, 1.00] (0.50) | 0.00 (0.25–0.50) |"
    assert different_inputs(read, found) == {"trained": 30, "deep": 7}
    cells = report(read, found)["cells"]
    assert [cell["outcome"] is None for cell in cells] == [True] * 4 + [False, True, False, False]
    assert cells[-1]["outcome"]["columns"]["trained"]["exact_match"] == 0.25
    assert cells[-1]["published"] == {"trained": 0.5, "deep": [0.25, 0.5]}
    json.dumps(cells)


def test_what_is_still_to_be_done_is_timed(small: Study) -> None:
    ahead = cost(small.cells)
    assert (ahead.trainings, ahead.steps) == (2, 8)
    assert ahead.seconds > 0


@pytest.mark.slow
def test_several_processes_do_the_same(study: Path, tmp_path: Path) -> None:
    cells = load_study(str(study)).cells[:3]
    alone, together = done(cells, tmp_path / "one"), done(cells, tmp_path / "two", processes=2)
    assert {key: outcome.scores for key, outcome in alone.items()} == {key: outcome.scores for key, outcome in together.items()}
    for cell in cells:
        one, two = ((tmp_path / run / cell.key / "model.safetensors").read_bytes() for run in ("one", "two"))
        assert one == two


@pytest.mark.slow
def test_a_process_that_is_killed_fails_its_cell_and_the_others_go_on(study: Path, tmp_path: Path) -> None:
    study.write_text(study.read_text("utf-8").replace("steps: 6", "steps: 300"), "utf-8")
    cells = load_study(str(study)).cells[:3]
    begun: set[str] = set()
    killed: list[int] = []

    def kill(cell: Cell, step: int) -> None:
        begun.add(cell.key)
        if len(begun) == 2 and not killed and step < 200:
            killed.append(active_children()[0].pid)
            os.kill(killed[0], signal.SIGKILL)

    found = {cell.key: outcome for cell, outcome in outcomes(cells, tmp_path, 2, kill)}
    assert len(killed) == 1
    (lost,) = (cell for cell in cells if found[cell.key].failed)
    assert found[lost.key].failed.startswith("its process was ended before its time by SIGKILL, perhaps for want of memory")
    assert "the same command goes on where it was" in found[lost.key].failed
    assert known(lost, tmp_path) is None
    assert done([lost], tmp_path)[lost.key].failed is None


@pytest.mark.slow
@pytest.mark.parametrize("quick", [True, False])
@pytest.mark.parametrize("name", STUDIES.names)
def test_those_that_ship_can_be_judged(name: str, quick: bool) -> None:
    check(load_study(name, quick).cells)
