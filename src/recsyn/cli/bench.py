"""``recsyn bench [NAME …]``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from importlib import import_module
from math import floor, log10
from typing import Any

from recsyn.cli.terminal import note, say, table
from recsyn.errors import RecsynError, extra
from recsyn.lang.diagnostics import nearest

_IN_A_SECOND = {"µs": 1e6, "ms": 1e3}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="checking, collapse, evaluation, generation, models, planted; all of them where none is named",
    )
    parser.add_argument("--json", action="store_true", help="every repetition, the ratios, and what they were measured on")


def run(options: Namespace) -> int:
    benchmarks = import_module("recsyn.benchmarks")
    for name in options.names:
        if name not in benchmarks.NAMES:
            hint = nearest(name, benchmarks.NAMES) or f"they are {', '.join(benchmarks.NAMES)}"
            raise RecsynError(f"there is no benchmark {name!r}", hint)
    facts = import_module("recsyn.benchmarks.machine").facts()
    tables = []
    for name in options.names or benchmarks.NAMES:
        note(f"{name} …")
        with extra(f"the benchmark {name!r}", "neural"):
            for event in benchmarks.measured(name):
                if isinstance(event, str):
                    note(f"  {event}")
                else:
                    tables.append(event)
                    if not options.json:
                        show(event)
    if options.json:
        say(json.dumps({"machine": facts, "tables": [t.to_json() for t in tables]}, indent=2, ensure_ascii=False))
    else:
        say(", ".join(f"{what}: {fact}" for what, fact in facts.items()))
    return 0


def show(measured: Any) -> None:
    """A table or a listing of ``recsyn.benchmarks``, its figures and what else was said."""
    if isinstance(measured, import_module("recsyn.benchmarks").Listing):
        _show_listing(measured)
    else:
        _show_costs(measured)
    if measured.figures:
        rows = [
            (f.what, f"{_digits(f.value)} {f.unit}", _target(f), {None: "", True: "met", False: "missed"}[f.met])
            for f in measured.figures
        ]
        table(f"{measured.title}, figures", ("", "measured", "target", ""), rows)
    for remark in measured.remarks:
        say(remark)
    say()


def _show_costs(measured: Any) -> None:
    """The medians, how they compare with each baseline, and the other programs that took part."""
    subjects, unit = list(measured.costs), _IN_A_SECOND[measured.unit]
    medians = {side: [measured.cost(subject, side) for subject in subjects] for side in measured.sides}
    _numbers(f"{measured.title}, {measured.unit} of CPU time", subjects, medians, unit)
    for baseline in measured.baselines:
        if baseline in measured.sides:
            ratios = {side: measured.ratios(side, baseline) for side in measured.sides}
            columns = list(ratios[baseline])
            _numbers(
                f"{measured.title}, as multiples of {baseline}", columns, {side: list(r.values()) for side, r in ratios.items()}
            )
    for name, version in measured.versions.items():
        say(f"{name}: {version}")


def _show_listing(measured: Any) -> None:
    cells = [[*measured.columns], *(list(map(_cell, row)) for row in measured.rows.values())]
    words = [any(isinstance(cell, str) for cell in column) for column in zip(*measured.rows.values(), strict=True)]
    heads, *rows = _aligned(cells, [not of_words for of_words in words])
    table(measured.title, ("", *heads), [(subject, *row) for subject, row in zip(measured.rows, rows, strict=True)], whole=("",))


def _cell(content: Any) -> str:
    match content:
        case None:
            return "–"
        case bool():
            return "yes" if content else "no"
        case int():
            return f"{content:,}"
        case float():
            return f"{content:.2g}"
    return str(content)


def _numbers(title: str, columns: Sequence[str], rows: dict[str, list[float | None]], unit: float = 1.0) -> None:
    """A table of numbers, which stand under one another by their last digit."""
    cells = [[*columns], *(["–" if n is None else _digits(n * unit) for n in numbers] for numbers in rows.values())]
    heads, *aligned = _aligned(cells, [True] * len(columns))
    table(title, ("", *heads), [[name, *row] for name, row in zip(rows, aligned, strict=True)])


def _aligned(rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[list[str]]:
    """Cells as wide as their columns, those of some columns to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        [cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in zip(row, widths, right, strict=True)]
        for row in rows
    ]


def _digits(number: float) -> str:
    """Three significant digits at least."""
    return f"{number:,.{max(0, 2 - floor(log10(number)))}f}" if number > 0 else f"{number:g}"


def _target(figure: Any) -> str:
    bounds = (("≤", figure.at_most), ("≥", figure.at_least))
    return " ".join(f"{sign} {bound:.3g} {figure.unit}" for sign, bound in bounds if bound is not None)
