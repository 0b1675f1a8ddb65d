"""What a study costs before it is run: the first generations of a chain of each setting are run, and timed."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from recsyn.collapse.chain import generations
from recsyn.collapse.study import Cell
from recsyn.collapse.workflow import REAL, Lot, fitted_rows
from recsyn.errors import RecsynError

_TIMED = 3
"""Generations of which the last is timed: the one before may be first to do something."""
_LONG = 5.0
"""Seconds after which no further generation of a setting is timed: nothing of it is kept."""
_FEW = 20
"""Chains of a batch that are timed."""


@dataclass(frozen=True)
class Cost:
    """``seconds`` of running one cell after another, of ``chains`` with ``generations`` in all."""

    chains: int
    generations: int
    seconds: float


def cost(cells: Sequence[Cell]) -> Cost:
    """An estimate, within a factor of a few: a generation is taken to cost as the rows that it is fitted to and makes. A setting
    that fails at once costs nothing; why it does is told when it is run."""
    known: dict[str, float] = {}
    seconds = 0.0
    for cell in cells:
        kind = json.dumps(dict(cell.setting.point), sort_keys=True)
        if kind not in known:
            known[kind] = _seconds_a_row(cell) * sum(_rows(cell))
        seconds += known[kind] * cell.count
    return Cost(sum(c.count for c in cells), sum(c.count * c.setting.generations for c in cells), seconds)


def _rows(cell: Cell) -> list[int]:
    """Rows that each generation is fitted to and makes, and those it is scored on."""
    setting = cell.setting
    _, workflow = setting.opened()
    lots = [Lot(1, REAL, setting.rows)]
    found = []
    for number in range(1, setting.generations + 1):
        if number > 1:
            need = workflow.need(number, setting.rows)
            lots += [Lot(number, REAL, need.real), Lot(number, number - 1, need.made)]
        plan = workflow.plan(number, setting.rows, lots)
        made = workflow.need(number + 1, setting.rows).made
        found.append(fitted_rows(plan, lots) + made + setting.test_rows)
    return found


def _seconds_a_row(cell: Cell) -> float:
    few = min(cell.count, _FEW)
    number = min(_TIMED, cell.setting.generations)
    ends = [time.perf_counter()]
    timed = replace(cell, setting=replace(cell.setting, generations=number), count=few)
    try:
        for _ in generations(timed.chain()):
            ends.append(time.perf_counter())
            if ends[-1] - ends[0] > _LONG:
                break
    except (RecsynError, MemoryError):
        return 0.0
    return (ends[-1] - ends[-2]) / few / _rows(cell)[len(ends) - 2]
