"""The cells of a study run: each goes on where it was, and what it came to is found again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsyn.collapse.chain import Generation, generations
from recsyn.collapse.family import Array, Readable, Rows
from recsyn.collapse.keeping import Ended, forget_generations, keep_ended, keep_generation, kept_ended, kept_generations
from recsyn.collapse.outcome import Collapse, Outcome, Prediction
from recsyn.collapse.study import Cell, Setting, Study
from recsyn.engines import Done, Engine
from recsyn.errors import RecsynError

_SHOWN = 400
"""Rows of a generation that are kept to be shown."""


OnGeneration = Callable[[Cell, int], None]
"""Is told of every generation that is done and kept."""


@dataclass(frozen=True)
class Finished:
    """A cell is done, or ``failed`` says why it is not; running it again goes on after its last generation."""

    cell: Cell
    failed: str | None = None


def run_cells(cells: Sequence[Cell], folder: Path, engine: Engine, on_generation: OnGeneration) -> Iterator[Finished]:
    """Run cells that have not ended, what is kept of them in ``folder`` left as it is; they come as they are done. What goes wrong
    in one is its own. Raises :class:`RecsynError` where nothing can be begun."""
    items = [(cell, str(folder.resolve())) for cell in cells]

    def heard(number: int, generation: int) -> None:
        on_generation(cells[number], generation)

    for event in engine.run(_work, items, heard):
        yield Finished(cells[event.number], event.result if isinstance(event, Done) else event.why)


def still_to_run(cells: Sequence[Cell], folder: Path) -> list[Cell]:
    """The cells that have not ended. Those that have may have been killed before they cleared up after themselves."""
    found = []
    for cell in cells:
        if not kept_ended(folder / cell.key):
            found.append(cell)
        elif not cell.keep_rows:
            forget_generations(folder / cell.key)
    return found


def _work(item: tuple[Cell, str], tell: Callable[[int], None]) -> str | None:
    cell, folder = item
    try:
        run_cell(cell, Path(folder), tell)
    except RecsynError as error:
        return str(error)
    except MemoryError:
        return "this needs more memory than there is"
    return None


def run_cell(cell: Cell, folder: Path, tell: Callable[[int], None]) -> Ended:
    """Run one cell, or find what it came to. Raises :class:`RecsynError`."""
    place = folder / cell.key
    ended = kept_ended(place)
    if ended:
        if not cell.keep_rows:
            forget_generations(place)
        return ended
    began = time.perf_counter()
    done = list(kept_generations(place))
    chain = cell.chain()
    scored = [_scored(generation) for generation in done]
    shown = {
        generation.number: rows for generation in done if (rows := _shown(generation.made, chain.chains is not None)) is not None
    }
    for generation in generations(chain, done):
        keep_generation(place, generation)
        scored.append(_scored(generation))
        if (rows := _shown(generation.made, chain.chains is not None)) is not None:
            shown[generation.number] = rows
        tell(generation.number)
    ended = _ended(cell, scored, shown, time.perf_counter() - began)
    keep_ended(place, ended)
    if not cell.keep_rows:
        forget_generations(place)
    return ended


def _scored(generation: Generation) -> Generation:
    """A generation without its rows, which may be many."""
    return Generation(generation.number, generation.scores, collapsed=generation.collapsed)


def _shown(made: Rows | None, batched: bool) -> Array | None:
    """Rows that the first chain's model made, where they are numbers or tokens that can be looked at."""
    if made is None or isinstance(made, tuple):
        return None
    rows = (made[0] if batched else made)[:_SHOWN]
    return np.array(rows)


def _ended(cell: Cell, scored: Sequence[Generation], shown: Mapping[int, Array], seconds: float) -> Ended:
    metrics = dict.fromkeys(metric for generation in scored for metric in generation.scores)
    values = {metric: np.full((cell.count, cell.setting.generations), np.nan) for metric in metrics}
    collapses = []
    for generation in scored:
        for metric, each in generation.scores.items():
            values[metric][:, generation.number - 1] = each
        collapses += [Collapse(cell.first + c, generation.number, why) for c, why in sorted(generation.collapsed.items())]
    return Ended(values, tuple(collapses), shown, seconds)


def outcomes(
    study: Study, folder: Path, failed: Mapping[str, str], predict: Callable[[Setting], tuple[Prediction, ...]]
) -> list[Outcome]:
    """What the settings of a study have come to so far, the metrics that it names first; ``failed`` says by the key of a cell why
    it is not there."""
    found = []
    for setting in study.settings:
        cells = list(study.cells_of(setting))
        found.append(_outcome(setting, cells, folder, failed, predict(setting), study.metrics))
    return found


def _outcome(
    setting: Setting,
    cells: Sequence[Cell],
    folder: Path,
    failed: Mapping[str, str],
    predictions: tuple[Prediction, ...],
    first: Sequence[str],
) -> Outcome:
    ran = [(cell, ended) for cell in cells if (ended := kept_ended(folder / cell.key))]
    found = [ended for _, ended in ran]
    numbers = tuple(number for cell, _ in ran for number in range(cell.first, cell.first + cell.count))
    had = dict.fromkeys(metric for ended in found for metric in ended.values)
    metrics = dict.fromkeys([*(metric for metric in first if metric in had), *had])
    values = {metric: np.concatenate([_values(ended, metric) for ended in found]) for metric in metrics}
    collapses = tuple(collapse for ended in found for collapse in ended.collapses)
    shown = found[0].shown if found else {}
    why = tuple(f"{cell.name}: {failed[cell.key]}" for cell in cells if cell.key in failed)
    return Outcome(setting.point, values, collapses, predictions, shown, why, _texts(setting, shown), numbers)


def _values(ended: Ended, metric: str) -> Array:
    """A metric that the first generation of a chain has come to without is not known of it."""
    known = ended.values.get(metric)
    return np.full_like(next(iter(ended.values.values())), np.nan) if known is None else known


def _texts(setting: Setting, shown: Mapping[int, Array]) -> dict[int, tuple[str, ...]]:
    family = setting.opened()[0] if shown else None
    if not isinstance(family, Readable):
        return {}
    return {generation: tuple(family.lines(rows)) for generation, rows in shown.items()}
