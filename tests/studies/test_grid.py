"""Cells trained, judged, kept and found again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("lightning")

from recsyn.data.rows import generate
from recsyn.data.tasks import task_from_config
from recsyn.errors import RecsynError
from recsyn.front import load_model
from recsyn.neural.resuming import Diverged
from recsyn.studies import grid
from recsyn.studies.cost import cost, shown_time
from recsyn.studies.grid import kept, outcomes
from recsyn.studies.outcome import Outcome
from recsyn.studies.study import Study, load_study
from recsyn.studies.tables import report, tables
from recsyn.testing.findings import Rate


@pytest.fixture
def small(study: Path) -> Study:
    return load_study(str(study), quick=True)


def done(cells, folder: Path, processes: int = 1) -> dict[str, Outcome]:
    return {cell.key: outcome for cell, outcome in outcomes(cells, folder, processes, lambda *_: None)}


def test_figures_are_those_of_the_checkpoint_that_is_kept(small: Study, tmp_path: Path) -> None:
    steps: list[tuple[str, int]] = []
    found = {c.key: o for c, o in outcomes(small.cells, tmp_path / "out", 1, lambda c, s: steps.append((c.key, s)))}
    assert steps == [(cell.key, step) for cell in small.cells for step in (1, 2, 3, 4)]
    for cell in small.cells:
        model = load_model(tmp_path / "out" / cell.key)
        assert model.checkpoint.task.to_config() == cell.task
        assert (model.checkpoint.architecture, model.checkpoint.recipe) == (cell.architecture, cell.recipe)
        for column in cell.columns:
            drawn = column.drawn(model.checkpoint.task)
            rows = generate(drawn, cell.rows, grid._SEED, column.split)
            answers = drawn.answers(rows.inputs, rows.outputs)
            wrong = sum(list(a.tokens) != right or not a.ended for a, right in zip(model(rows.inputs), answers, strict=True))
            assert found[cell.key].answers[column.name] == Rate(wrong, 40)
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(found)
    assert {cell.key: kept(cell, tmp_path / "out") for cell in small.cells} == found


def test_a_column_has_the_rows_that_its_predicate_holds_of(study: Path) -> None:
    cell = load_study(str(study)).cells[0]
    task = task_from_config({**cell.task, "padding": 4})
    column = replace(cell.columns[0], where="input_length <= 9 and recursion_depth > 1")
    rows = grid.rows_of_column(column, task, 30)
    assert len(rows) == 30
    for value in rows.inputs:
        tokens = task.input_codec.encode(value)
        assert len(tokens) <= 9
        assert " ".join(tokens).replace("<blank> ", "").startswith("X1 X1")
        assert task.division.of(value) == "train"
    assert {len(task.input_codec.encode(value)) - str(value).count("X") - 1 for value in rows.inputs} > {0, 1}
    with pytest.raises(RecsynError, match="of 1,500 rows that were drawn, 0 are such that size > 99, and 30 are asked for"):
        grid.rows_of_column(replace(column, where="size > 99"), task, 30)
    with pytest.raises(RecsynError, match="depht"):
        grid.rows_of_column(replace(column, where="recursion_depht > 1"), task, 30)


def test_a_cell_that_was_interrupted_goes_on_and_ends_with_the_same_weights(small: Study, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(grid, "_KEEP_EVERY", 1)
    cell = small.cells[0]

    def stop(_, step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(outcomes([cell], tmp_path / "a", 1, stop))
    assert kept(cell, tmp_path / "a") is None
    steps: list[int] = []
    list(outcomes([cell], tmp_path / "a", 1, lambda _, step: steps.append(step)))
    assert steps[0] > 1
    done([cell], tmp_path / "b")
    weights = [(tmp_path / run / cell.key / "model.safetensors").read_bytes() for run in "ab"]
    assert weights[0] == weights[1]


def test_a_damaged_cell_is_not_found(small: Study, tmp_path: Path) -> None:
    cell = small.cells[0]
    done([cell], tmp_path)
    assert kept(cell, tmp_path)
    metrics = tmp_path / cell.key / "metrics.json"
    metrics.write_text(metrics.read_text().replace("figures", "figure"))
    assert kept(cell, tmp_path) is None
    assert done([cell], tmp_path)[cell.key] == kept(cell, tmp_path)
    (tmp_path / cell.key / "config.json").write_text("{}")
    with pytest.raises(RecsynError, match=f"at {cell.name}: .* would be lost"):
        done([cell], tmp_path)
    shutil.rmtree(tmp_path / cell.key)
    assert kept(cell, tmp_path) is None


def test_what_diverges_is_an_outcome_and_the_others_go_on(small: Study, tmp_path: Path, monkeypatch) -> None:
    train = grid.train

    def diverging(task, architecture, recipe, *rest):
        if task.input == "prefix":
            raise Diverged("the loss is no longer a finite number at step 3 of 4", "lower factor")
        return train(task, architecture, recipe, *rest)

    monkeypatch.setattr(grid, "train", diverging)
    first, second = small.cells
    found = done(small.cells, tmp_path)
    assert found[first.key] == Outcome(failed="the loss is no longer a finite number at step 3 of 4")
    assert found[second.key].failed is None
    assert kept(first, tmp_path) is None
    assert [row[2] for row in tables(small, found)[0].rows] == [
        "diverged (–)",
        f"{1 - found[second.key].answers['trained'].share:.2f} (0.50)",
    ]


def test_columns_that_are_too_long_are_refused_before_anything_is_trained(study: Path, tmp_path: Path) -> None:
    study.write_text(
        study.read_text("utf-8").replace("sizes: [6, 12], depths: [5, 11]", "sizes: [6, 40], depths: [5, 39]"), "utf-8"
    )
    with pytest.raises(RecsynError, match="at order reverse, heads 1, seed 0, in the column 'deep': the task has source rows of"):
        done(load_study(str(study)).cells, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("asked", ["asks: rounds, rounds: 2", "asks: states"])
def test_what_cannot_be_run_to_the_end_is_refused_before_anything_is_trained(study: Path, tmp_path: Path, asked: str) -> None:
    text = study.read_text("utf-8").replace("rows: 40", "rows: 40\nwhole: true")
    study.write_text(text.replace("natural: {task: {", f"natural: {{task: {{{asked}, "), "utf-8")
    with pytest.raises(RecsynError, match="at order natural, heads 2, seed 3, in the column 'trained': the task asks for"):
        done(load_study(str(study), quick=True).cells, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_evaluations_run_to_the_end_are_judged_too(study: Path, tmp_path: Path) -> None:
    text = study.read_text("utf-8").replace("rows: 40", "rows: 40\nwhole: true")
    study.write_text(text.replace("natural: {task: {", "natural: {task: {asks: rounds, rounds: 1, "), "utf-8")
    read = load_study(str(study), quick=True)
    found = done(read.cells, tmp_path)
    at_once, by_rounds = (found[cell.key] for cell in read.cells)
    assert (at_once.values, at_once.steps) == (at_once.answers, {})
    assert set(by_rounds.values) == set(by_rounds.steps) == {"trained", "deep"}
    assert by_rounds.steps["trained"].tested >= 40
    assert [table.title.split(",")[0] for table in tables(read, found)] == [
        "exact match",
        "whole evaluations that end with the right value",
        "right steps",
    ]


def test_the_mean_of_seeds_stands_beside_what_was_published(study: Path) -> None:
    read = load_study(str(study))
    found = {
        cell.key: Outcome({"trained": Rate(10 * cell.recipe.seed, 40), "deep": Rate(40, 40)})
        for cell in read.cells
        if cell.point["order"] == "natural"
    }
    (table,) = tables(read, found)
    assert table.header == ("order", "heads", "trained", "deep")
    assert table.rows == (
        ("reverse", "1", "– (–)", "– (–)"),
        ("reverse", "2", "– (–)", "– (–)"),
        ("natural", "1", "0.62 [0.25, 1.00] (–)", "0.00 (fails)"),
        ("natural", "2", "0.62 [0.25, 1.00] (0.50)", "0.00 (0.25–0.50)"),
    )
    assert table.markdown().splitlines()[-1] == "| natural | 2 | 0.62 [0.25, 1.00] (0.50) | 0.00 (0.25–0.50) |"
    cells = report(read, found)["cells"]
    assert [cell["outcome"] is None for cell in cells] == [True] * 4 + [False] * 4
    assert cells[-1]["outcome"]["answers"]["trained"]["exact_match"] == 0.25
    assert cells[-1]["published"] == {"trained": 0.5, "deep": [0.25, 0.5]}


def test_what_is_still_to_be_done_is_timed(small: Study) -> None:
    ahead = cost(small.cells)
    assert (ahead.trainings, ahead.steps) == (2, 8)
    assert ahead.seconds > 0
    assert str(ahead).startswith("2 trainings, 8 steps in all: about ")
    assert [shown_time(s) for s in (42, 600, 20_000)] == ["42 s", "10 min", "5.6 h"]


@pytest.mark.slow
def test_several_processes_do_the_same(study: Path, tmp_path: Path) -> None:
    cells = load_study(str(study)).cells[:3]
    alone, together = done(cells, tmp_path / "one"), done(cells, tmp_path / "two", processes=2)
    assert {key: outcome.answers for key, outcome in alone.items()} == {key: outcome.answers for key, outcome in together.items()}
    for cell in cells:
        one, two = ((tmp_path / run / cell.key / "model.safetensors").read_bytes() for run in ("one", "two"))
        assert one == two
