"""The figures of a study as tables, the published ones beside them in brackets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recsyn.data.markdown import Table
from recsyn.studies.outcome import Outcome
from recsyn.studies.study import Cell, Figure, Study
from recsyn.testing.evaluation import right_share
from recsyn.testing.findings import Rate

_UNKNOWN = "–"


def tables(study: Study, outcomes: Mapping[str, Outcome]) -> list[Table]:
    """What there is so far, ``outcomes`` by the keys of their cells: exact match of answers, with what was published; and where
    evaluations were run to the end, of their values and of their steps."""
    seeds = len({cell.recipe.seed for cell in study.cells})
    of = f"{study.rows:,} rows a figure" + (f", means over {seeds} seeds [least, greatest]" if seeds > 1 else "")
    published = f", in brackets what was published{' of the whole study' if study.quick else ''}" if study.published else ""
    found = [_table(study, outcomes, "answers", f"exact match, {of}{published}")]
    if study.whole:
        found.append(_table(study, outcomes, "values", f"whole evaluations that end with the right value, {of}"))
        found.append(_table(study, outcomes, "steps", "right steps, of those that began right"))
    return found


def different_inputs(study: Study, outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """How many different inputs each column has, the fewest of all cells; none where nothing is known."""
    scores = [outcome.scores for outcome in outcomes.values() if outcome.scores]
    return {c.name: min(each[c.name].inputs for each in scores) for c in study.columns} if scores else {}


def _table(study: Study, outcomes: Mapping[str, Outcome], what: str, title: str) -> Table:
    header = (*study.axes, *(column.name for column in study.columns))
    rows = []
    for point, cells in _by_point(study.cells):
        done = [outcomes[cell.key] for cell in cells if cell.key in outcomes]
        shown = []
        for column in study.columns:
            rates = [getattr(outcome.scores[column.name], what) for outcome in done if outcome.scores]
            text = "failed" if done and not rates else _shown([rate for rate in rates if rate is not None])
            text += f" ({len(rates)} of {len(cells)} seeds)" if 0 < len(rates) < len(cells) else ""
            beside = f" ({_published(study.figure(point, column.name))})" if what == "answers" and study.published else ""
            shown.append(f"{text}{beside}")
        rows.append((*point.values(), *shown))
    return Table(title, header, tuple(rows))


def _by_point(cells: Sequence[Cell]) -> list[tuple[Mapping[str, str], list[Cell]]]:
    """Cells of one point, which differ in their seeds, together."""
    found: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        found.setdefault(tuple(cell.point.values()), []).append(cell)
    return [(together[0].point, together) for together in found.values()]


def _shown(rates: Sequence[Rate]) -> str:
    """The mean over seeds, and between what it lies where they differ."""
    if not rates:
        return _UNKNOWN
    shares = [right_share(rate) for rate in rates]
    mean, least, greatest = (f"{share:.2f}" for share in (sum(shares) / len(shares), min(shares), max(shares)))
    return mean if least == greatest else f"{mean} [{least}, {greatest}]"


def _published(figure: Figure | None) -> str:
    if figure is None:
        return _UNKNOWN
    if isinstance(figure, str):
        return figure
    return f"{figure:.2f}" if isinstance(figure, float) else f"{figure[0]:.2f}–{figure[1]:.2f}"


def page(study: Study, outcomes: Mapping[str, Outcome]) -> str:
    """All tables on a page of Markdown."""
    title = f"# {study.title}{' (small version)' if study.quick else ''}"
    inputs = [f"{number:,} in {column}" for column, number in different_inputs(study, outcomes).items()]
    counted = [f"Different inputs among the rows: {', '.join(inputs)}."] if inputs else []
    tabled = [each.markdown() for each in tables(study, outcomes)]
    return "\n\n".join(filter(None, [title, study.about, *tabled, *counted])) + "\n"


def report(study: Study, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """All of it as JSON-able data, a record for each cell."""
    cells = []
    for cell in study.cells:
        outcome = outcomes.get(cell.key)
        published = {c.name: study.figure(cell.point, c.name) for c in study.columns}
        cells.append(
            {
                "point": dict(cell.point),
                "seed": cell.recipe.seed,
                "checkpoint": cell.key,
                "steps": cell.recipe.steps,
                "outcome": None if outcome is None else outcome.to_json(),
                "published": {name: list(f) if isinstance(f, tuple) else f for name, f in published.items()},
            }
        )
    about = {"study": study.name, "title": study.title, "about": study.about, "quick": study.quick}
    return {**about, "rows": study.rows, "whole": study.whole, "cells": cells}
