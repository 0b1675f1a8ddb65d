"""The rows of columns, and what a cell's model makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from recsyn.data.predicates import Predicate
from recsyn.data.rows import Rows, generate, rows_of
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.studies.outcome import Score
from recsyn.studies.study import Cell, Column
from recsyn.testing.emulation import emulate
from recsyn.testing.evaluation import evaluate, told_apart
from recsyn.testing.verdicts import Model
from recsyn.values import Datum

_SEED = 10**9
"""Of the rows that cells are judged on: none that a training is likely to have, so that the column of what was trained has draws of
its own."""
_TRIES = 50
"""Rows that are drawn for each one that is asked for, at most."""
_FEW = 8
"""Rows of a column that show whether evaluations of them can be run to the end."""


def rows_of_column(column: Column, task: Task, n: int) -> Rows:
    """The first ``n`` rows that a column has of a cell's task, the same for all cells that draw alike. Raises :class:`RecsynError`
    where nothing can be drawn, and where the predicate holds of too few, or speaks of what rows do not have."""
    drawn = column.drawn(task)
    if column.where is None:
        return generate(drawn, n, _SEED, column.split)
    predicate = Predicate.of(column.where)
    found: list[Datum] = []
    for first in range(0, _TRIES * n, n):
        rows = generate(drawn, n, _SEED, column.split, first)
        columns = told_apart(drawn, rows)
        predicate.check(list(columns))
        found += [value for value, holds in zip(rows.inputs, predicate.holds(columns), strict=True) if holds]
        if len(found) >= n:
            return rows_of(drawn, found[:n])
    raise RecsynError(
        f"of {_TRIES * n:,} rows that were drawn, {len(found):,} are such that {column.where}, and {n:,} are asked for",
        "draw from a `distribution` that has more of them, or ask for fewer `rows`",
    )


def held_out(cell: Cell) -> Rows:
    """Rows of the split ``test`` that its checkpoint is measured on, as that of any training is. Raises :class:`RecsynError` where
    there are none."""
    return generate(task_from_config(cell.task), cell.rows, _SEED, "test")


def check(cells: Sequence[Cell]) -> None:
    """Raise :class:`RecsynError`, naming cell and column, for what could be trained, and then not be judged: a column of which no
    rows can be drawn or only such as are too long for the network, and what cannot be run to the end."""
    lengths: dict[str, tuple[int, int]] = {}
    held: set[str] = set()
    for cell in cells:
        written = json.dumps(cell.task, sort_keys=True)
        if written not in held:
            held.add(written)
            held_out(cell)
        for column in cell.columns:
            try:
                # A column that draws for itself has the same rows of all tasks that differ in where they draw from.
                own = {n: v for n, v in cell.task.items() if n not in ("name", *(["distribution"] if column.distribution else []))}
                kind = json.dumps([own, column.key(cell.rows, cell.whole)], sort_keys=True)
                if kind not in lengths:
                    task = task_from_config(cell.task)
                    rows = rows_of_column(column, task, cell.rows)
                    if cell.whole and task.asks != "value":
                        emulate(lambda inputs: [""] * len(inputs), task, rows.inputs[:_FEW])
                    lengths[kind] = rows.source.shape[1], rows.target.shape[1]
                why = cell.architecture.misfit(*lengths[kind])
                if why:
                    raise RecsynError(f"the task has {why}", "raise max_positions or room, or draw smaller inputs")
            except RecsynError as error:
                raise RecsynError(f"at {cell.name}, in the column {column.name!r}: {error.message}", error.hint) from None


def judged(cell: Cell, column: Column, task: Task, model: Model) -> Score:
    """A cell's trained model on a column. Raises :class:`RecsynError`."""
    rows = rows_of_column(column, task, cell.rows)
    answers, inputs = evaluate(model, task, rows).rate, len(set(rows.inputs))
    if not cell.whole:
        return Score(answers, inputs)
    if task.asks == "value":
        return Score(answers, inputs, values=answers)
    run = emulate(model, task, rows.inputs)
    return Score(answers, inputs, run.value_rate, run.step_rate)
