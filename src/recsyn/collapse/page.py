"""A study of chains as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

import numpy as np

from recsyn.collapse import drawings, tables
from recsyn.collapse.drawings import DASHES, PAPER, Look, legible
from recsyn.collapse.findings import SHARE, Findings, band_of, chosen, in_words, metrics_of, predictions_of
from recsyn.collapse.made import Categories, Heat, Numbers, Points, heat_of_metrics, heat_of_rows, made
from recsyn.collapse.outcome import Outcome
from recsyn.collapse.panels import Panel, Setting, panels
from recsyn.collapse.published import Published, published_of
from recsyn.data.markdown import Table
from recsyn.testing.inline import CARD, FAINT, INK, STUDIES, drawing, inline
from recsyn.testing.pages import file, template
from recsyn.testing.writing import write_text

_LOOK = Look(INK, FAINT, CARD, STUDIES)
_MOST_SETTINGS = 24
"""Of which rows are shown."""
_MOST_GENERATIONS, _MOST_LINES, _LONGEST_LINE = 6, 5, 400
_MARKS = (
    '<circle cx="14" cy="7" r="3.5"/>',
    '<rect x="10.5" y="3.5" width="7" height="7"/>',
    '<path d="M14 2.5l4.5 8h-9z"/>',
    '<path d="M14 2.5l4.5 4.5l-4.5 4.5l-4.5-4.5z"/>',
    '<path d="M14 11.5l4.5-8h-9z"/>',
    '<path d="M12.2 3h3.6v2.2h2.2v3.6h-2.2v2.2h-3.6v-2.2h-2.2v-3.6h2.2z"/>',
)
"""Of :data:`recsyn.collapse.drawings.MARKERS`, for legends."""
_LINE = '<path d="M0 7H28" fill="none" stroke="currentColor" stroke-width="{}" stroke-dasharray="{}" opacity="{}"/>'


@dataclass(frozen=True)
class _Drawing:
    """What stands over it, the drawing as SVG, what it shows in words, and the settings of its own legend by their style."""

    heading: str
    svg: str
    words: str
    settings: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True)
class _Curves:
    """A metric. ``settings`` are those of a legend for all drawings, ``varied`` what they name; ``keys`` what marks mean."""

    name: str
    drawings: tuple[_Drawing, ...]
    settings: tuple[tuple[int, str], ...]
    varied: str
    keys: tuple[tuple[str, str], ...]
    note: str
    table: Table


@dataclass(frozen=True)
class _Picture:
    """``scale`` has for some strengths their colour, the strength in percent, and what it says."""

    title: str
    drawings: tuple[_Drawing, ...]
    note: str = ""
    what: str = ""
    scale: tuple[tuple[int, float, str], ...] = ()


@dataclass(frozen=True)
class _Shown:
    """What came out of one setting's models."""

    name: str
    pictures: tuple[_Picture, ...]
    texts: tuple[tuple[str, tuple[str, ...]], ...]


def write_page(path: str | Path, findings: Findings) -> Path:
    """Write what a study found as one HTML file. The same findings give the same bytes. Raises :class:`MissingExtra` without the
    packages of the extra ``report``, and :class:`RecsynError` where the file cannot be written."""
    return write_text(path, _page(findings), "the page")


def _page(findings: Findings) -> str:
    outcomes = findings.outcomes
    axes = {axis for outcome in outcomes for axis in outcome.point}

    def heads_of(table: Table) -> int:
        return sum(1 for _ in takewhile(axes.__contains__, table.header))

    whole = template(file("recsyn.collapse", "page.html"), {"heads_of": heads_of, "parted": _parted, "swatch": _swatch})
    metrics = metrics_of(outcomes)
    told = [outcome for outcome in outcomes if outcome.values or outcome.shown or outcome.texts]
    left = len(told) - _MOST_SETTINGS
    return whole.render(
        title=findings.title,
        script="\n" + file("recsyn.collapse", "page.js"),
        light=PAPER.settings,
        about=[paragraph for paragraph in findings.about.split("\n\n") if paragraph.strip()],
        counts=_counts(outcomes),
        settings=tables.settings_table(outcomes),
        curves=[_curves(place, outcomes, metric, findings.published) for place, metric in enumerate(metrics)],
        theory=tables.theory_table(outcomes),
        profile=tables.profile_table(outcomes) if len(metrics) > 1 else None,
        rows=[_shown(place, outcome) for place, outcome in enumerate(told[:_MOST_SETTINGS])],
        left=f"{left} more settings are not drawn here: all would make this page too large." if left > 0 else "",
        ended=list(filter(None, (tables.collapse_table(outcomes), tables.failure_table(outcomes)))),
        sources=tables.sources(findings),
        configuration=findings.configuration,
    )


def _parted(cell: str) -> tuple[str, str]:
    """What was measured, and what stands beside it in brackets."""
    place = min((cell.index(mark) for mark in (" [", " (") if mark in cell), default=len(cell))
    return cell[:place], cell[place + 1 :]


def _counts(outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return "Nothing was run."
    collapsed = sum(len({collapse.chain for collapse in outcome.collapses}) for outcome in outcomes)
    failed = sum(bool(outcome.failed) for outcome in outcomes)
    told = [_counted(len(outcomes), "setting"), _counted(sum(outcome.chains for outcome in outcomes), "chain")]
    told.append(f"up to {_counted(max(outcome.generations for outcome in outcomes), 'generation')}")
    ended = [f"{_counted(collapsed, 'chain')} collapsed."] * bool(collapsed)
    ended += [f"In {_counted(failed, 'setting')} not all chains ran."] * bool(failed)
    return " ".join([f"{', '.join(told)}.", *ended])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", "\u202f")


# Curves


def _curves(number: int, outcomes: Sequence[Outcome], metric: str, published: Sequence[Published]) -> _Curves:
    measured = [outcome for outcome in outcomes if metric in outcome.values]
    laid = panels(measured)
    powers = drawings.by_powers(measured, metric, published)
    finite = [panel for panel in laid.panels if any(np.isfinite(band_of(s.outcome, metric).mean).any() for s in panel.settings)]
    drawn = []
    with ExitStack() as open_ones:
        size = (4.3, 2.7) if len(finite) == 1 else (3.5, 2.5)
        figures = [open_ones.enter_context(drawing(*size)) for _ in finite]
        for panel, (_, axes) in zip(finite, figures, strict=True):
            drawings.draw_curves(axes, panel, metric, published, powers, _LOOK)
            drawings.name_sides(axes, "generation", in_words(metric), _LOOK)
        drawings.alike([axes for _, axes in figures])
        for place, (panel, (figure, _)) in enumerate(zip(finite, figures, strict=True)):
            own = () if laid.alike else _legend(panel.settings)
            svg = inline(figure, f"curves-{number}-{place}")
            drawn.append(_Drawing(panel.title, svg, _curves_in_words(panel, metric), own))
    settings = _legend([setting for panel in laid.panels for setting in panel.settings]) if laid.alike else ()
    note = f"All have in common: {laid.common}. " if laid.common else ""
    note += "" if drawn else "No chain has a finite value of it. "
    note += "The scale is logarithmic." if powers and drawn else ""
    table = tables.metric_table(outcomes, metric, published)
    return _Curves(in_words(metric), tuple(drawn), settings, laid.varied, tuple(_keys(measured, metric, published)), note, table)


def _legend(settings: Sequence[Setting]) -> tuple[tuple[int, str], ...]:
    return tuple((style, label) for label, style in {setting.label: setting.style for setting in settings}.items())


def _curves_in_words(panel: Panel, metric: str) -> str:
    told = []
    for setting in panel.settings:
        mean = band_of(setting.outcome, metric).mean
        known = np.flatnonzero(np.isfinite(mean))
        if known.size:
            ends = [f"{tables.number(mean[place])} in generation {place + 1}" for place in dict.fromkeys(known[[0, -1]].tolist())]
            told.append(f"{setting.label}: {', '.join(ends)}")
    return f"{in_words(metric)} by generation; the numbers follow. {'; '.join(told)}"


def _keys(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published]) -> Iterator[tuple[str, str]]:
    used = {each.label for outcome in outcomes for each in predictions_of(outcome, metric)}
    for label, dashes in DASHES.items():
        if label in used:
            yield _mark(_LINE.format(3.2, " ".join(f"{3 * dash:g}" for dash in dashes), 0.5)), f"theory, {label}"
    if any(True for outcome in outcomes for _ in published_of(published, outcome.point, metric)):
        yield _mark('<circle cx="14" cy="7" r="4.5" fill="none" stroke="currentColor" stroke-width="1.6"/>'), "published"
    if any(outcome.collapses for outcome in outcomes):
        yield _mark('<path d="M10 3l8 8m0-8l-8 8" stroke="currentColor" stroke-width="1.8"/>'), "collapsed"
    if any(outcome.chains > 1 for outcome in outcomes):
        yield _mark('<rect y="3" width="28" height="8" opacity="0.4"/>'), "mean ± 2 standard errors"
        yield _mark('<rect y="3" width="28" height="8" opacity="0.15"/>'), f"{SHARE:.0%} of the chains".replace("%", " %")


def _swatch(style: int) -> str:
    shape = _LINE.format(1.6, "none", 1) + _MARKS[style]
    return f'<svg class="swatch study-{style}" viewBox="0 0 28 14" aria-hidden="true">{shape}</svg>'


def _mark(shape: str) -> str:
    return f'<svg class="swatch mean" viewBox="0 0 28 14" aria-hidden="true">{shape}</svg>'


# Rows


def _shown(number: int, outcome: Outcome) -> _Shown:
    texts = [(generation, outcome.texts[generation]) for generation in chosen(sorted(outcome.texts), _MOST_GENERATIONS)]
    lines = [(f"Lines of {_called(g)}", tuple(legible(line, _LONGEST_LINE) for line in some[:_MOST_LINES])) for g, some in texts]
    return _Shown(outcome.name or "all chains", tuple(_pictures(f"rows-{number}", outcome)), tuple(lines))


def _pictures(name: str, outcome: Outcome) -> Iterator[_Picture]:
    rows = made(outcome.shown)
    by_metric = heat_of_metrics({metric: band_of(outcome, metric).mean for metric in outcome.values})
    if isinstance(rows, Numbers):
        with drawing(4.3, 3.6) as (figure, axes):
            drawings.draw_ridges(axes, rows, _LOOK)
            svg = inline(figure, f"{name}-density")
        words = "The density of the rows of each generation."
        note = (
            "Kernel density estimates of rows of the first chain, each to a height of its own; the thin line is the first of them."
        )
        yield _Picture("Densities", (_Drawing("", svg, words),), note)
    elif rows is not None:
        yield _each_generation(name, rows)
    if rows is not None and not isinstance(rows, Points):
        yield _heat(f"{name}-heat", "Rows by generation", heat_of_rows(rows))
    if by_metric is not None:
        yield _heat(f"{name}-metrics", "Metrics by generation", by_metric)


def _each_generation(name: str, rows: Points | Categories) -> _Picture:
    drawn = []
    for generation in chosen(list(rows.rows if isinstance(rows, Points) else rows.shares), _MOST_GENERATIONS):
        with drawing(3.2, 2.5) as (figure, axes):
            if isinstance(rows, Points):
                drawings.draw_points(axes, rows, generation, _LOOK)
                drawings.name_sides(axes, *rows.sides, _LOOK)
            else:
                drawings.draw_bars(axes, rows, generation, _LOOK)
                drawings.name_sides(axes, "category", "share of the rows", _LOOK)
            svg = inline(figure, f"{name}-{generation}")
        drawn.append(_Drawing(_called(generation), svg, f"The rows of {_called(generation)}."))
    note = "" if isinstance(rows, Points) else " The line is the first of them."
    return _Picture("Rows", tuple(drawn), f"Rows of the first chain.{note}")


def _heat(name: str, title: str, heat: Heat) -> _Picture:
    with drawing(4.3, 2.9 if heat.edges is not None else 0.8 + 0.22 * len(heat.names)) as (figure, axes):
        drawings.draw_heat(axes, heat, _LOOK)
        svg = inline(figure, name)
    words = f"{heat.what}, by generation."
    scale = tuple((0 if s >= 0 else 1, round(100 * drawings.shade(s, _LOOK)[3], 1), says) for s, says in heat.scale)
    return _Picture(title, (_Drawing("", svg, words),), "", heat.what, scale)


def _called(generation: int) -> str:
    return f"generation {generation}" if generation else "real rows"
