"""``recsyn reproduce STUDY``"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recsyn.cli import collapse_run
from recsyn.cli.arguments import Parser, positive
from recsyn.cli.lightning import add_trainer_flags, trainer_arguments
from recsyn.cli.studying import chosen_points, folder_of, make_folder
from recsyn.cli.terminal import note, progress, say, shown_time, table
from recsyn.collapse.study import is_collapse, load_collapse
from recsyn.errors import RecsynError, extra
from recsyn.studies.study import STUDIES, Cell, Study, load_study

if TYPE_CHECKING:
    from recsyn.studies.outcome import Outcome


def add_arguments(parser: Parser) -> None:
    parser.add_argument("study", metavar="STUDY", nargs="?", help="one that ships, or a YAML file; without it, those that ship")
    parser.add_argument("--quick", action="store_true", help="the small version, minutes on two cores")
    parser.add_argument(
        "--out", metavar="FOLDER", help="where checkpoints and figures go (default runs/STUDY, or runs/STUDY-quick)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="AXIS=POINT,…", help="these points of an axis alone; once for each axis"
    )
    parser.add_argument("--processes", type=positive, metavar="N", help="trainings at a time, one thread each (default: the cores)")
    parser.add_argument("--cost", action="store_true", help="say what is still to be done and what it costs, and do nothing")
    parser.add_argument("--json", action="store_true")
    add_trainer_flags(parser)


def run(options: Namespace) -> int:
    if options.study is None:
        return _list()
    if is_collapse(options.study):
        return _collapse(options)
    whole = load_study(options.study, options.quick).on(trainer_arguments(options))
    study = whole.only(chosen_points(options.only))
    with extra("training models", "neural"):
        from recsyn.studies.judging import check
        from recsyn.studies.records import kept
        from recsyn.studies.tables import report
    folder = folder_of(study.name, options.quick, options.out)
    records = {cell.key: record for cell in whole.cells if (record := kept(cell, folder))}
    known = {cell.key: records[cell.key].outcome(cell) for cell in whole.cells if cell.key in records}
    outcomes = {key: outcome for key, outcome in known.items() if outcome}
    left = [cell for cell in study.cells if cell.key not in outcomes]
    to_train = [cell for cell in left if cell.key not in records]
    title = f"{study.title}{' (small version)' if study.quick else ''}"
    note(f"{title}: {_trainings(len(study.cells))}, of which {len(study.cells) - len(to_train)} are in {folder} already")
    if left and not options.cost:
        make_folder(folder)
    check(left)
    processes = min(options.processes or os.cpu_count() or 1, max(1, len(left)))
    if options.cost:
        say(_cost(to_train, processes) if to_train else "nothing is still to be trained")
        return 0
    if to_train and not options.quick:
        note(_cost(to_train, processes))
    try:
        _train(left, folder, processes, outcomes)
    finally:
        if outcomes:
            _keep_figures(whole, folder, outcomes)
    if options.json:
        say(json.dumps(report(study, outcomes), indent=2, ensure_ascii=False))
    else:
        _show(study, outcomes)
        say(f"figures and checkpoints: {folder}")
    return 2 if any(outcomes[cell.key].failed for cell in study.cells) else 0


def _collapse(options: Namespace) -> int:
    """A study of models fitted to models' outputs, which has a verb with more options."""
    if trainer_arguments(options):
        raise RecsynError(f"{options.study} trains nothing with Lightning", "leave `--trainer.…` out")
    whole = load_collapse(options.study, options.quick)
    study = whole.only(chosen_points(options.only))
    folder = folder_of(study.name, options.quick, options.out)
    way = collapse_run.Way(folder, processes=options.processes, cost_only=options.cost, as_json=options.json)
    return collapse_run.run_study(study, whole, way)


def _show(study: Study, outcomes: Mapping[str, Outcome]) -> None:
    from recsyn.studies.tables import different_inputs, tables

    for each in tables(study, outcomes):
        table(each.title, each.header, each.rows)
        say()
    inputs = different_inputs(study, outcomes)
    if inputs:
        say("different inputs among the rows: " + ", ".join(f"{number:,} in {column}" for column, number in inputs.items()))
    if study.about:
        say(study.about)
    if not study.published and study.name in STUDIES.names:
        say("no figure of this is known to be published")


def _cost(cells: Sequence[Cell], processes: int) -> str:
    from recsyn.studies.cost import cost

    note("timing a few steps of each kind")
    ahead = cost(cells)
    together = f", {shown_time(ahead.seconds / processes)} in {processes} processes" if processes > 1 else ""
    return f"still to do: {_trainings(ahead.trainings)}, {ahead.steps:,} steps in all: about {shown_time(ahead.seconds)}{together}"


def _trainings(number: int) -> str:
    return f"{number:,} training{'' if number == 1 else 's'}"


def _keep_figures(study: Study, folder: Path, outcomes: Mapping[str, Outcome]) -> None:
    from recsyn.studies.records import write_whole
    from recsyn.studies.tables import page, report

    write_whole(folder / "figures.md", page(study, outcomes))
    write_whole(folder / "figures.json", json.dumps(report(study, outcomes), indent=1, ensure_ascii=False) + "\n")


def _list() -> int:
    rows = []
    for name in STUDIES.names:
        study = load_study(name)
        rows.append((name, study.title, len(study.cells), len(load_study(name, quick=True).cells)))
    table("studies", ("name", "what is varied, and by what it is judged", "trainings", "quick"), rows, whole=("name",))
    say()
    collapse_run.show_listed()
    return 0


def _train(left: Sequence[Cell], folder: Path, processes: int, outcomes: dict[str, Outcome]) -> None:
    from recsyn.studies.grid import outcomes as come

    if not left:
        return
    reached = {cell.key: 0 for cell in left}
    with progress("steps") as shown:
        bar = shown.add_task("training", total=sum(cell.recipe.steps for cell in left), note=f"0 of {len(left)} done")

        def tell(cell: Cell, step: int) -> None:
            reached[cell.key] = step
            shown.update(bar, completed=sum(reached.values()))

        try:
            for number, (cell, outcome) in enumerate(come(left, folder, processes, tell), 1):
                outcomes[cell.key] = outcome
                tell(cell, cell.recipe.steps)
                shown.update(bar, note=f"{number} of {len(left)} done")
                if outcome.failed:
                    shown.console.print(f"{cell.name}: {outcome.failed}")
        except KeyboardInterrupt:
            note(f"the same command goes on from what is kept in {folder}")
            raise
