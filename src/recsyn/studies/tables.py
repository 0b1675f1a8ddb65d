"""The figures of a study as tables, the published ones beside them in brackets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recsyn.data.markdown import table
from recsyn.studies.outcome import Outcome, Rates
from recsyn.studies.study import Cell, Figure, Study
from recsyn.testing.evaluation import right_share

UNKNOWN = "–"


@dataclass(frozen=True)
class Table:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        return f"{self.title}\n\n{table(self.header, 'l' * len(self.header), self.rows)}\n"


def tables(study: Study, outcomes: Mapping[str, Outcome]) -> list[Table]:
    """What there is so far, ``outcomes`` by the keys of their cells: exact match of answers, with what was published; and where
    evaluations were run to the end, of their values and of their steps."""
    rows = f"{study.rows:,} rows a figure"
    published = ", in brackets what was published" if study.published else ""
    found = [_table(study, outcomes, "answers", f"exact match, {rows}{published}")]
    if study.whole:
        found.append(_table(study, outcomes, "values", f"whole evaluations that end with the right value, {rows}"))
        found.append(_table(study, outcomes, "steps", "right steps, of those that began right"))
    return found


def _table(study: Study, outcomes: Mapping[str, Outcome], what: str, title: str) -> Table:
    header = (*study.axes, *(column.name for column in study.columns))
    rows = []
    for point, cells in _by_point(study.cells):
        done = [outcomes[cell.key] for cell in cells if cell.key in outcomes]
        measured: list[Rates] = [getattr(outcome, what) for outcome in done]
        shown = [_shown([rates[column.name] for rates in measured if column.name in rates]) for column in study.columns]
        if done and all(outcome.failed for outcome in done):
            shown = ["diverged" for _ in shown]
        if what == "answers" and study.published:
            beside = [published_text(study.figure(point, column.name)) for column in study.columns]
            shown = [f"{ours} ({theirs})" for ours, theirs in zip(shown, beside, strict=True)]
        rows.append((*point.values(), *shown))
    return Table(title, header, tuple(rows))


def _by_point(cells: Sequence[Cell]) -> list[tuple[Mapping[str, str], list[Cell]]]:
    """Cells of one point, which differ in their seeds, together."""
    found: dict[tuple[str, ...], list[Cell]] = {}
    for cell in cells:
        found.setdefault(tuple(cell.point.values()), []).append(cell)
    return [(together[0].point, together) for together in found.values()]


def _shown(rates: Sequence[Any]) -> str:
    """The mean over seeds, and between what it lies where they differ."""
    if not rates:
        return UNKNOWN
    shares = [right_share(rate) for rate in rates]
    mean, least, greatest = (f"{share:.2f}" for share in (sum(shares) / len(shares), min(shares), max(shares)))
    return mean if least == greatest else f"{mean} [{least}, {greatest}]"


def published_text(figure: Figure | None) -> str:
    if figure is None:
        return UNKNOWN
    if isinstance(figure, str):
        return figure
    return f"{figure:.2f}" if isinstance(figure, float) else f"{figure[0]:.2f}–{figure[1]:.2f}"


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
    return {"study": study.name, "title": study.title, "about": study.about, "rows": study.rows, "cells": cells}
