"""The cells of a study trained and judged, one after another or in several processes. What is done is found again: the folder of a
cell is named by all that could change its outcome, and holds its checkpoint, written whole or not at all, with its figures."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import replace
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING

from recsyn.data.predicates import Predicate
from recsyn.data.rows import Rows, generate, rows_of
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.checkpoint import Checkpoint, CheckpointError, check_place, load, save
from recsyn.neural.resuming import Diverged, forget
from recsyn.neural.running import Running
from recsyn.neural.training import train
from recsyn.studies.outcome import Outcome
from recsyn.studies.study import Cell, Column
from recsyn.testing.emulation import emulate
from recsyn.testing.evaluation import evaluate, told_apart
from recsyn.testing.findings import Rate
from recsyn.values import Datum

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

OnStep = Callable[[Cell, int], None]
_KEEP_EVERY = 200
_TELL_EVERY = 20
"""Steps after which a process says how far it is."""
_LOOK_EVERY = 0.5
"""Seconds."""
_FEW = 8
"""Rows of a column that show whether it can be judged."""


def kept(cell: Cell, folder: Path) -> Outcome | None:
    """The outcome of a cell that was done before; ``None`` where it was not, or what is there is damaged."""
    place = folder / cell.key
    if not place.exists():
        return None
    try:
        return Outcome.from_metrics(load(place).metrics)
    except (CheckpointError, KeyError, TypeError):
        return None


def outcomes(cells: Sequence[Cell], folder: Path, processes: int, on_step: OnStep) -> Iterator[tuple[Cell, Outcome]]:
    """Train and judge cells, each into its folder of ``folder``; they come as they are done. A training
    that diverges is an outcome too, and is not kept. Raises :class:`RecsynError`, naming the cell,
    where one cannot be trained, judged or kept; and ``KeyboardInterrupt``, after which the same call goes on where it was, but for
    what was since each cell last kept its state."""
    _check(cells)
    if processes < 2 or len(cells) < 2:
        for cell in cells:
            yield cell, _done(cell, folder, on_step)
        return
    yield from _elsewhere(cells, folder, min(processes, len(cells)), on_step)


def _check(cells: Sequence[Cell]) -> None:
    """Raise :class:`RecsynError` for what could be trained, and then not be judged: a column of which no rows can be drawn or only
    such as are too long for the network, and what cannot be run to the end."""
    lengths: dict[str, tuple[int, int]] = {}
    for cell in cells:
        for column in cell.columns:
            try:
                kind = json.dumps([cell.task, column.split, column.distribution, column.where, cell.whole], sort_keys=True)
                if kind not in lengths:
                    task = column.drawn(task_from_config(cell.task))
                    rows = rows_of_column(column, task, _FEW)
                    if cell.whole and task.asks != "value":
                        emulate(lambda inputs: [""] * len(inputs), task, rows.inputs)
                    rows = rows_of_column(column, task, cell.rows)
                    lengths[kind] = rows.source.shape[1], rows.target.shape[1]
                why = cell.architecture.misfit(*lengths[kind])
                if why:
                    raise RecsynError(f"the task has {why}", "raise max_positions or room, or draw smaller inputs")
            except RecsynError as error:
                raise RecsynError(f"at {cell.name}, in the column {column.name!r}: {error.message}", error.hint) from None


def _elsewhere(cells: Sequence[Cell], folder: Path, processes: int, on_step: OnStep) -> Iterator[tuple[Cell, Outcome]]:
    context = get_context("spawn")
    told = context.SimpleQueue()
    pool = ProcessPoolExecutor(processes, context, _begin, (told,))
    working: list[int] = []
    try:
        waiting: dict[Future[Outcome], Cell] = {pool.submit(_work, i, cell, folder): cell for i, cell in enumerate(cells)}
        while waiting:
            done, _ = wait(waiting, _LOOK_EVERY, FIRST_COMPLETED)
            while not told.empty():
                number, step = told.get()
                if number is None:
                    working.append(step)
                else:
                    on_step(cells[number], step)
            for each in done:
                yield waiting.pop(each), each.result()
    except BrokenProcessPool:
        raise RecsynError(
            "a process that was training has ended before its time, perhaps for want of memory",
            "use fewer --processes; the same command goes on where it was",
        ) from None
    finally:
        # What they have kept is enough to go on from, and they have nothing else to end well.
        for process in working:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)
        pool.shutdown(cancel_futures=True)


_telling: list[SimpleQueue[tuple[int | None, int]]] = []
"""Where a process says how far it is."""


def _begin(told: SimpleQueue[tuple[int | None, int]]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and ends this process
    _telling[:] = [told]
    told.put((None, os.getpid()))


def _work(number: int, cell: Cell, folder: Path) -> Outcome:
    def on_step(cell: Cell, step: int) -> None:
        if step % _TELL_EVERY and step < cell.recipe.steps:
            return
        above = parent_process()
        if above is None or not above.is_alive():
            # It was killed, and whoever starts it again goes on from what is kept, beside nobody.
            os._exit(1)
        _telling[0].put((number, step))

    return _done(cell, folder, on_step)


def _done(cell: Cell, folder: Path, on_step: OnStep) -> Outcome:
    try:
        return _trained(cell, folder / cell.key, on_step)
    except Diverged as error:
        return Outcome(failed=error.message)
    except RecsynError as error:
        raise RecsynError(f"at {cell.name}: {error.message}", error.hint) from None


def _trained(cell: Cell, place: Path, on_step: OnStep) -> Outcome:
    check_place(place)
    task = task_from_config(cell.task)
    training = place.with_name(f"{place.name}.training")
    running = Running(folder=training, keep_every=_KEEP_EVERY, trainer=cell.trainer)
    trained = train(task, cell.architecture, cell.recipe, lambda step, _: on_step(cell, step), running)
    model = CheckpointModel(Checkpoint(task, cell.architecture, cell.recipe, trained.model, {}, place))
    outcome = replace(_judged(cell, task, model), seconds=trained.seconds, devices=trained.devices)
    save(place, trained, outcome.to_metrics())
    forget(training)
    return outcome


def _judged(cell: Cell, task: Task, model: CheckpointModel) -> Outcome:
    """A trained network on every column. Rows are the same for all cells that draw from the same distribution."""
    answers: dict[str, Rate] = {}
    values: dict[str, Rate] = {}
    steps: dict[str, Rate] = {}
    for column in cell.columns:
        drawn = column.drawn(task)
        rows = rows_of_column(column, drawn, cell.rows)
        answers[column.name] = evaluate(model, drawn, rows).rate
        if not cell.whole:
            continue
        if task.asks == "value":
            values[column.name] = answers[column.name]
            continue
        run = emulate(model, drawn, rows.inputs)
        values[column.name], steps[column.name] = run.value_rate, run.step_rate
    return Outcome(answers, values, steps)


def rows_of_column(column: Column, task: Task, n: int) -> Rows:
    """The first ``n`` rows that a column has of a task (:meth:`Column.drawn`). Raises :class:`RecsynError` where its predicate
    holds of too few, or speaks of what rows do not have."""
    if column.where is None:
        return generate(task, n, _SEED, column.split)
    predicate = Predicate.of(column.where)
    found: list[Datum] = []
    for first in range(0, _TRIES * n, n):
        rows = generate(task, n, _SEED, column.split, first)
        columns = told_apart(task, rows)
        predicate.check(list(columns))
        found += [value for value, holds in zip(rows.inputs, predicate.holds(columns), strict=True) if holds]
        if len(found) >= n:
            return rows_of(task, found[:n])
    raise RecsynError(
        f"of {_TRIES * n:,} rows that were drawn, {len(found):,} are such that {column.where}, and {n:,} are asked for",
        "draw from a `distribution` that has more of them, or ask for fewer `rows`",
    )


_SEED = 10**9
"""Of the rows that cells are judged on: none that a training is likely to have, so that the column of what was trained has draws of
its own."""
_TRIES = 50
"""Rows that are drawn for each one that is asked for, at most."""
