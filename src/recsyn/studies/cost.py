"""What a study costs before it is run: a few steps of each kind of its trainings are taken, and timed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from recsyn.data.generation import generate
from recsyn.data.tasks import task_from_config
from recsyn.neural.running import Running
from recsyn.neural.training import train
from recsyn.studies.study import Cell

_STEPS = 6
"""Steps that are timed, the first of which is left out."""
_ROWS = 256


@dataclass(frozen=True)
class Cost:
    """``seconds`` of training one cell after another, of ``trainings`` with ``steps`` in all; judging them comes on top."""

    trainings: int
    steps: int
    seconds: float


def cost(cells: Sequence[Cell]) -> Cost:
    """Raises :class:`RecsynError` for what cannot be trained."""
    known: dict[str, float] = {}
    seconds = 0.0
    for cell in cells:
        kind = json.dumps([cell.task, cell.architecture.to_config(), cell.recipe.batch_size], sort_keys=True)
        if kind not in known:
            known[kind] = _seconds_a_step(cell)
        seconds += known[kind] * cell.recipe.steps
    return Cost(len(cells), sum(cell.recipe.steps for cell in cells), seconds)


def _seconds_a_step(cell: Cell) -> float:
    task, ends = task_from_config(cell.task), list[float]()
    few = replace(cell.recipe, steps=_STEPS, check_every=0, patience=0)
    train(task, cell.architecture, few, lambda *_: ends.append(time.perf_counter()), Running(trainer=cell.trainer))
    # After the training, which has made the tables that rows are drawn by.
    began = time.perf_counter()
    generate(task, _ROWS, few.seed, values=False)
    rows = (time.perf_counter() - began) / _ROWS * few.batch_size
    return median(after - before for before, after in pairwise(ends)) + rows
