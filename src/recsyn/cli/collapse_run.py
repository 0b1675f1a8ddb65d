"""``recsyn collapse run STUDY``, and what ``recsyn reproduce`` does with a study of collapse."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from recsyn.cli.arguments import Parser, positive
from recsyn.cli.choosing import chosen_points
from recsyn.cli.terminal import note, progress, say, shown_time, table
from recsyn.collapse.study import COLLAPSES, Cell, Study, load_collapse
from recsyn.engines.choosing import ENGINES, engine_named
from recsyn.errors import RecsynError, extra

_RUNS = Path("runs")


@dataclass(frozen=True)
class Way:
    """How a study is run: where, by which engine, and what is told."""

    folder: Path
    engine: str = "local"
    address: str | None = None
    processes: int | None = None
    records: str | None = None
    cost_only: bool = False
    as_json: bool = False


def add_arguments(parser: Parser) -> None:
    parser.add_argument("study", metavar="STUDY", nargs="?", help="one that ships, or a YAML file; without it, those that ship")
    parser.add_argument("--quick", action="store_true", help="the small version, minutes on two cores")
    parser.add_argument("--out", metavar="FOLDER", help="where all goes (default runs/STUDY, or runs/STUDY-quick)")
    parser.add_argument(
        "--only", action="append", default=[], metavar="AXIS=POINT,…", help="these points of an axis alone; once for each axis"
    )
    parser.add_argument("--processes", type=positive, metavar="N", help="cells at a time, one thread each (default: the cores)")
    parser.add_argument(
        "--engine", choices=ENGINES, default="local", help="where cells run: in processes of this machine, or on Ray"
    )
    parser.add_argument("--address", metavar="ADDRESS", help="of a Ray cluster, whose nodes all see FOLDER")
    parser.add_argument(
        "--records", choices=("parquet", "jsonl"), help="the kind of file for records (default: parquet where pyarrow is installed)"
    )
    parser.add_argument("--cost", action="store_true", help="say what is still to be done and what it costs, and do nothing")
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    if options.study is None:
        table("studies of collapse", ("name", "what is asked", "chains", "quick"), listed(), whole=("name",))
        return 0
    study = load_collapse(options.study, options.quick).only(chosen_points(options.only))
    folder = out_folder(study, options.out)
    way = Way(folder, options.engine, options.address, options.processes, options.records, options.cost, options.json)
    return run_study(study, way)


def out_folder(study: Study, out: str | None) -> Path:
    return Path(out) if out else _RUNS / f"{study.name}{'-quick' if study.quick else ''}"


def listed() -> list[tuple[str, str, int, int]]:
    """The studies that ship: name, title, and how many chains each has, whole and quick."""
    rows = []
    for name in COLLAPSES.names:
        whole, quick = (sum(s.chains for s in load_collapse(name, q).settings) for q in (False, True))
        rows.append((name, load_collapse(name).title, whole, quick))
    return rows


def run_study(study: Study, way: Way) -> int:
    from recsyn.collapse.keeping import kept_ended

    left = [cell for cell in study.cells if not kept_ended(way.folder / cell.key)]
    title = f"{study.title}{' (small version)' if study.quick else ''}"
    done = sum(cell.count for cell in study.cells) - sum(cell.count for cell in left)
    note(f"{title}: {len(study.settings):,} settings, {_chains(study.cells)}, of which {done:,} are in {way.folder} already")
    if way.cost_only:
        say(_cost(left, way) if left else "nothing is still to be run")
        return 0
    suffix = _suffix(way.records)
    engine = engine_named(way.engine, way.processes, way.address, way.folder)
    if left:
        _make(way.folder)
        if not study.quick:
            note(_cost(left, way))
    failed: dict[str, str] = {}
    try:
        _run(left, way, engine, failed)
    finally:
        findings = _written(study, way.folder, failed, suffix)
    _show(findings, way)
    return 2 if failed else 0


def _chains(cells: Sequence[Cell]) -> str:
    number = sum(cell.count for cell in cells)
    return f"{number:,} chain{'' if number == 1 else 's'}"


def _suffix(records: str | None) -> str:
    if records is None:
        return "parquet" if find_spec("pyarrow") else "jsonl"
    if records == "parquet":
        with extra("records as Parquet", "parquet"):
            import pyarrow  # noqa: F401
    return records


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecsynError(f"{str(folder)!r} cannot be made: {error.strerror}", "give another --out") from None


def _cost(cells: Sequence[Cell], way: Way) -> str:
    from recsyn.collapse.cost import cost

    note("timing the first generations of each setting")
    ahead = cost(cells)
    processes = min(way.processes or os.cpu_count() or 1, len(cells))
    together = f", {shown_time(ahead.seconds / processes)} in {processes} processes" if processes > 1 else ""
    return f"still to do: {_chains(cells)}, {ahead.generations:,} generations in all: about {shown_time(ahead.seconds)}{together}"


def _run(left: Sequence[Cell], way: Way, engine: Any, failed: dict[str, str]) -> None:
    from recsyn.collapse.running import run_cells

    if not left:
        return
    reached = {cell.key: 0 for cell in left}
    total = sum(cell.count * cell.setting.generations for cell in left)
    with progress("generations") as shown:
        bar = shown.add_task("running", total=total, note=f"0 of {len(left)} done")

        def tell(cell: Cell, generation: int) -> None:
            reached[cell.key] = generation * cell.count
            shown.update(bar, completed=sum(reached.values()))

        try:
            for number, finished in enumerate(run_cells(left, way.folder, engine, tell), 1):
                tell(finished.cell, finished.cell.setting.generations)
                shown.update(bar, note=f"{number} of {len(left)} done")
                if finished.failed:
                    failed[finished.cell.key] = finished.failed
                    shown.console.print(f"{finished.cell.name}: {finished.failed}")
        except KeyboardInterrupt:
            note(f"the same command goes on from what is kept in {way.folder}")
            raise
    if failed:
        note("what failed is tried again by the same command")
