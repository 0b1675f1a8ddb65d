"""The cells of a study trained and judged, one after another or in several processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from recsyn.data.tasks import task_from_config
from recsyn.errors import RecsynError
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.checkpoint import check_place
from recsyn.neural.resuming import forget
from recsyn.neural.running import Running
from recsyn.neural.training import train
from recsyn.studies.judging import held_out, judged
from recsyn.studies.outcome import Outcome
from recsyn.studies.records import Record, keep_scores, kept
from recsyn.studies.study import Cell
from recsyn.testing.keeping import keep

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

OnStep = Callable[[Cell, int], None]
_KEEP_EVERY = 200
_TELL_EVERY = 20
"""Steps after which a process says how far it is."""
_LOOK_EVERY = 0.5
"""Seconds."""


def outcomes(cells: Sequence[Cell], folder: Path, processes: int, on_step: OnStep) -> Iterator[tuple[Cell, Outcome]]:
    """Train and judge cells, what is kept of them in ``folder`` (:mod:`recsyn.studies.records`) left as it is; they come as they
    are done. What cannot be trained, judged or kept is an outcome too, which says why, and the others go on. After a
    ``KeyboardInterrupt`` the same call goes on where it was, but for what was since each cell last kept its state."""
    if processes < 2 or len(cells) < 2:
        for cell in cells:
            yield cell, _done(cell, folder, on_step)
        return
    yield from _elsewhere(cells, folder, min(processes, len(cells)), on_step)


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
    Thread(target=_end_with_the_first, daemon=True).start()
    _telling[:] = [told]
    told.put((None, os.getpid()))


def _end_with_the_first() -> None:
    """A process whose first one was killed would train on beside whoever starts it again."""
    first = parent_process()
    assert first
    first.join()
    os._exit(1)


def _work(number: int, cell: Cell, folder: Path) -> Outcome:
    def on_step(cell: Cell, step: int) -> None:
        if step % _TELL_EVERY == 0 or step == cell.recipe.steps:
            _telling[0].put((number, step))

    return _done(cell, folder, on_step)


def _done(cell: Cell, folder: Path, on_step: OnStep) -> Outcome:
    try:
        record = kept(cell, folder) or _trained(cell, folder, on_step)
        task = record.checkpoint.task
        model = CheckpointModel(record.checkpoint)
        keys = {column.key(cell.rows, cell.whole): column for column in cell.columns}
        new = {key: judged(cell, column, task, model) for key, column in keys.items() if key not in record.scores}
        scores = {**record.scores, **new}
        keep_scores(cell, folder, scores)
    except RecsynError as error:
        return Outcome(failed=str(error))
    outcome = Record(record.checkpoint, scores).outcome(cell)
    assert outcome
    return outcome


def _trained(cell: Cell, folder: Path, on_step: OnStep) -> Record:
    place = folder / cell.key
    check_place(place)
    training = place.with_name(f"{place.name}.training")
    running = Running(folder=training, keep_every=_KEEP_EVERY, trainer=cell.trainer)
    task = task_from_config(cell.task)
    trained = train(task, cell.architecture, cell.recipe, lambda step, _: on_step(cell, step), running)
    checkpoint, _ = keep(trained, held_out(cell), place)
    forget(training)
    return Record(checkpoint, {})
