"""``recsyn collapse run STUDY``, and what ``recsyn reproduce`` does with a study of collapse."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from recsyn.cli.arguments import Parser, positive
from recsyn.cli.studying import chosen_points, folder_of, make_folder
from recsyn.cli.terminal import note, progress, say, shown_time, table
from recsyn.collapse.study import COLLAPSES, Cell, Study, load_collapse
from recsyn.engines.choosing import ENGINES, engine_named
from recsyn.errors import MissingExtra, extra

if TYPE_CHECKING:
    from recsyn.collapse.family import Array
    from recsyn.collapse.findings import Findings
    from recsyn.collapse.outcome import Prediction
    from recsyn.collapse.study import Setting

_WIDE = 132


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
        show_listed()
        return 0
    whole = load_collapse(options.study, options.quick)
    study = whole.only(chosen_points(options.only))
    folder = folder_of(study.name, options.quick, options.out)
    way = Way(folder, options.engine, options.address, options.processes, options.records, options.cost, options.json)
    return run_study(study, whole, way)


def show_listed() -> None:
    """The studies that ship, and how many chains each has, whole and quick."""
    rows = []
    for name in COLLAPSES.names:
        whole, quick = (load_collapse(name, quick) for quick in (False, True))
        rows.append((name, whole.title, *(sum(s.chains for s in study.settings) for study in (whole, quick))))
    table("studies of collapse", ("name", "what is asked", "chains", "quick"), rows, whole=("name",))


def run_study(study: Study, whole: Study, way: Way) -> int:
    """Run a study that is a part of a ``whole`` one, or all of it. Files tell all that there is of the whole one."""
    from recsyn.collapse.running import still_to_run

    left = still_to_run(study.cells, way.folder)
    title = f"{study.title}{' (small version)' if study.quick else ''}"
    done = sum(cell.count for cell in study.cells) - sum(cell.count for cell in left)
    many = f"{_counted(len(study.settings), 'setting')}, {_chains(study.cells)}"
    note(f"{title}: {many}, of which {done:,} are in {way.folder} already")
    if way.cost_only:
        say(_cost(left, way) if left else "nothing is still to be run")
        return 0
    suffix = _suffix(way.records)
    engine = engine_named(way.engine, way.processes, way.address, way.folder)
    if left:
        make_folder(way.folder)
        if not study.quick:
            note(_cost(left, way))
    failed: dict[str, str] = {}
    try:
        _run(left, way, engine, failed)
    finally:
        findings = _written(study, whole, way.folder, failed, suffix)
    _show(study, findings, way)
    return 2 if failed else 0


def _chains(cells: Sequence[Cell]) -> str:
    return _counted(sum(cell.count for cell in cells), "chain")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _suffix(records: str | None) -> str:
    if records is None:
        return "parquet" if find_spec("pyarrow") else "jsonl"
    if records == "parquet":
        with extra("records as Parquet", "parquet"):
            import pyarrow  # noqa: F401
    return records


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
            before, reached[cell.key] = reached[cell.key], generation * cell.count
            shown.update(bar, advance=reached[cell.key] - before)

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


def _written(study: Study, whole: Study, folder: Path, failed: Mapping[str, str], suffix: str) -> Findings:
    """What there is of a study so far. All files that tell it tell what is there of the other settings of the whole one too."""
    from recsyn.collapse.findings import Findings
    from recsyn.collapse.records import write_records
    from recsyn.collapse.running import outcomes
    from recsyn.collapse.tables import markdown
    from recsyn.studies.records import write_whole

    points = [setting.point for setting in study.settings]
    every = outcomes(whole, folder, failed, _predictions)
    found = [outcome for outcome in every if outcome.values or outcome.point in points]
    title = f"{study.title}{' (small version)' if study.quick else ''}"
    configuration = yaml.safe_dump(dict(study.written), sort_keys=False, allow_unicode=True, width=_WIDE)
    findings = Findings(title, study.about, tuple(found), whole.published, configuration)
    if any(outcome.values for outcome in found):
        write_records(folder / f"records.{suffix}", study.name, found)
        write_whole(folder / "tables.md", markdown(findings))
        _draw(folder, findings, study.metrics)
    part = tuple(outcome for outcome in found if outcome.point in points)
    return replace(findings, outcomes=part, published=study.published)


def _predictions(setting: Setting) -> tuple[Prediction, ...]:
    """Nothing without SymPy, which is told once all has run."""
    if not find_spec("sympy"):
        return ()
    from recsyn.collapse.laid_over import predictions

    return predictions(setting)


def _draw(folder: Path, findings: Findings, metrics: Sequence[str]) -> None:
    try:
        from recsyn.collapse.findings import metrics_of
        from recsyn.collapse.page import write_page
        from recsyn.collapse.plots import write_plots

        write_page(folder / "page.html", findings)
        measured = [metric for metric in metrics if metric in metrics_of(findings.outcomes)]
        write_plots(folder / "plots", findings.outcomes, measured, findings.published)
    except MissingExtra as missing:
        note(f"no plots and no page: {missing}")


def _show(study: Study, findings: Findings, way: Way) -> None:
    from recsyn.collapse.tables import collapse_table, failure_table, metric_table, theory_table

    outcomes = findings.outcomes
    if way.as_json:
        say(json.dumps(report(study, findings), indent=2, ensure_ascii=False))
        return
    measured = [metric for metric in study.metrics if any(metric in outcome.values for outcome in outcomes)]
    shown = [metric_table(outcomes, metric, findings.published) for metric in measured]
    for each in filter(None, (*shown, theory_table(outcomes), collapse_table(outcomes), failure_table(outcomes))):
        table(each.title, each.header, each.rows, whole=("result",))
        say()
    if study.about:
        say(study.about)
    if not find_spec("sympy"):
        note('no theory is laid over: pip install "recsyn[symbolic]"')
    say(f"page, plots, tables and records: {way.folder}")


def report(study: Study, findings: Findings) -> dict[str, Any]:
    """All of it as JSON-able data: means and standard errors by generation, what the theory says, and how the two compare."""
    from recsyn.collapse.findings import band_of, metrics_of
    from recsyn.collapse.tables import compared

    settings = []
    for outcome in findings.outcomes:
        bands = {metric: band_of(outcome, metric) for metric in metrics_of([outcome])}
        settings.append(
            {
                "point": dict(outcome.point),
                "chains": outcome.chains,
                "metrics": {m: {"mean": _numbers(b.mean), "standard_error": _numbers(b.error)} for m, b in bands.items()},
                "theory": [{"result": p.result, "metric": p.metric, **c.to_json()} for p, c in compared(outcome)],
                "collapses": [asdict(collapse) for collapse in outcome.collapses],
                "failed": list(outcome.failed),
            }
        )
    about = {"study": study.name, "title": study.title, "about": study.about, "quick": study.quick}
    published = [{**asdict(each), "at": dict(each.at), "by_generation": dict(each.by_generation)} for each in study.published]
    return {**about, "settings": settings, "published": published}


def _numbers(values: Array) -> list[float | None]:
    return [float(value) if isfinite(value) else None for value in values]
