"""The cells of a study trained and judged, one after another or in several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from recsyn.data.tasks import task_from_config
from recsyn.engines import Done, Tell
from recsyn.engines.local import Local
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

OnStep = Callable[[Cell, int], None]
_KEEP_EVERY = 200
_TELL_EVERY = 20
"""Steps after which it is said how far a cell is."""


def outcomes(cells: Sequence[Cell], folder: Path, processes: int, on_step: OnStep) -> Iterator[tuple[Cell, Outcome]]:
    """Train and judge cells, what is kept of them in ``folder`` (:mod:`recsyn.studies.records`) left as it is; they come as they
    are done. What cannot be trained, judged or kept, or ends before its time, is an outcome too, which says why, and the others go
    on. After a ``KeyboardInterrupt`` the same call goes on where it was, but for what was since each cell last kept its state."""

    def heard(number: int, step: int) -> None:
        on_step(cells[number], step)

    for each in Local(processes).run(_work, [(cell, folder) for cell in cells], heard):
        if isinstance(each, Done):
            yield cells[each.number], each.result
        else:
            yield cells[each.number], Outcome(failed=f"{each.why}; the same command goes on where it was")


def _work(item: tuple[Cell, Path], tell: Tell) -> Outcome:
    def on_step(cell: Cell, step: int) -> None:
        if step % _TELL_EVERY == 0 or step == cell.recipe.steps:
            tell(step)

    return _done(*item, on_step)


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
