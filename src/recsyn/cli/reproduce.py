"""``recsyn reproduce STUDY``"""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recsyn.cli.arguments import Parser, positive
from recsyn.cli.lightning import add_trainer_flags, trainer_arguments
from recsyn.cli.terminal import note, progress, say, table
from recsyn.errors import RecsynError, extra, quoted
from recsyn.studies.study import STUDIES, Cell, load_study

if TYPE_CHECKING:
    from recsyn.studies.outcome import Outcome

_RUNS = Path("runs")


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
    study = load_study(options.study, options.quick).only(_chosen(options.only)).on(trainer_arguments(options))
    with extra("training models", "neural"):
        from recsyn.studies.cost import cost, shown_time
        from recsyn.studies.grid import kept
        from recsyn.studies.tables import report, tables
    folder = Path(options.out) if options.out else _RUNS / f"{study.name}{'-quick' if options.quick else ''}"
    outcomes = {cell.key: known for cell in study.cells if (known := kept(cell, folder)) is not None}
    left = [cell for cell in study.cells if cell.key not in outcomes]
    processes = min(options.processes or os.cpu_count() or 1, max(1, len(left)))
    note(f"{study.title}: {len(study.cells)} trainings, of which {len(outcomes)} are in {folder} already")
    if left and (options.cost or not options.quick):
        note("timing a few steps of each kind")
        ahead = cost(left)
        together = f", {shown_time(ahead.seconds / processes)} in {processes} processes" if processes > 1 else ""
        say(f"still to do: {ahead}{together}") if options.cost else note(f"still to do: {ahead}{together}")
    if options.cost:
        return 0
    _train(left, folder, processes, outcomes)
    found = tables(study, outcomes)
    _write(folder, "figures.md", "\n".join([f"# {study.title}", "", study.about, "", *(t.markdown() for t in found)]))
    _write(folder, "figures.json", json.dumps(report(study, outcomes), indent=1, ensure_ascii=False) + "\n")
    if options.json:
        say(json.dumps(report(study, outcomes), indent=2, ensure_ascii=False))
        return 0
    for each in found:
        table(each.title, each.header, each.rows)
        say()
    say(study.about)
    if not study.published:
        say("no figure of this is known to be published")
    say(f"figures and checkpoints: {folder}")
    return 0


def _list() -> int:
    rows = []
    for name in STUDIES.names:
        study = load_study(name)
        rows.append((name, study.title, len(study.cells), len(load_study(name, quick=True).cells)))
    table("studies", ("name", "what is varied, and by what it is judged", "trainings", "quick"), rows, whole=("name",))
    return 0


def _chosen(written: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for text in written:
        axis, given, points = text.partition("=")
        if not given or not points:
            raise RecsynError(f"{quoted(text)} chooses no points of an axis", "write for example `--only order=natural`")
        found.setdefault(axis, []).extend(point.strip() for point in points.split(","))
    return found


def _train(left: Sequence[Cell], folder: Path, processes: int, outcomes: dict[str, Outcome]) -> None:
    from recsyn.studies.grid import outcomes as come

    if not left:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecsynError(f"{str(folder)!r} cannot be made: {error.strerror}", "give another --out") from None
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


def _write(folder: Path, name: str, text: str) -> None:
    try:
        (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise RecsynError(f"{str(folder / name)!r} cannot be written: {error.strerror}") from None
