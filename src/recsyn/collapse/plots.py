"""Curves, densities and heat maps by generation, as figures of matplotlib and as files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recsyn.collapse import drawings
from recsyn.collapse.drawings import PAPER, folded, legible
from recsyn.collapse.findings import band_of, chosen, in_words
from recsyn.collapse.made import Categories, Numbers, Points, heat_of_metrics, heat_of_rows, made
from recsyn.collapse.outcome import Outcome
from recsyn.collapse.panels import panels
from recsyn.collapse.published import Published
from recsyn.data.figures import check_plot, write_figure
from recsyn.errors import RecsynError, extra

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS = 3
"""Panels beside one another."""
_MOST_PANELS = 6
_FORMATS = ("png", "svg")


def curves(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published] = ()) -> Figure:
    """A metric by generation: the mean of each setting, in bands of two standard errors and of most chains; the theory dashed
    in the same colour; published figures as hollow markers; collapses as crosses. Many settings stand in several panels. Raises
    :class:`MissingExtra` without matplotlib, as all functions here do."""
    drawn = [outcome for outcome in outcomes if metric in outcome.values]
    laid = panels(drawn)
    powers = drawings.by_powers(drawn, metric, published)
    many = max(1, len(laid.panels))
    # Panels with legends of their own stand below one another, so that there is room beside them.
    across = _ACROSS if laid.alike else 1
    figure, places = _figure(many, *((5.4, 3.8) if many == 1 else (4.1, 3.1) if laid.alike else (7.4, 3.4)), across)
    for place, (axes, panel) in enumerate(zip(places, laid.panels, strict=False)):
        drawings.draw_curves(axes, panel, metric, published, powers, PAPER)
        drawings.name_sides(axes, "generation", in_words(metric) if place % across == 0 else "", PAPER)
        _title(axes, panel.title)
        if not laid.alike:
            _legend(axes, drawings.setting_keys(panel.settings, PAPER), laid.varied)
    drawings.alike(places[: len(laid.panels)])
    meant = drawings.keys(drawn, metric, published, PAPER)
    if laid.alike:
        # From the top down as lines end.
        settings = {setting.label: setting for panel in laid.panels for setting in panel.settings}
        ordered = sorted(settings.values(), key=lambda s: -_last(s.outcome, metric)) if many == 1 else list(settings.values())
        _legend(figure, [*drawings.setting_keys(ordered, PAPER), *meant], laid.varied)
    else:
        _legend(figure, meant, "", "outside lower left")
    _heading(figure, laid.common)
    return figure


def densities(outcome: Outcome) -> Figure | None:
    """What the first chain's models made, by generation: the density of numbers, points of a plane, or shares of categories.
    ``None`` where nothing is shown that can be drawn."""
    rows = made(outcome.shown)
    if rows is None:
        return None
    if isinstance(rows, Numbers):
        figure, (axes,) = _figure(1, 5.6, 4.4)
        drawings.draw_ridges(axes, rows, PAPER)
        _note(figure, "each to a height of its own; thin line: the first")
    elif isinstance(rows, Points):
        figure = _by_generation(rows, list(rows.rows), 2.9, 2.8)
    else:
        figure = _by_generation(rows, list(rows.shares), 3.6, 2.4)
        _note(figure, "line: the first")
    _heading(figure, outcome.name)
    return figure


def heat_map(outcome: Outcome) -> Figure | None:
    """Values by generation where rows are numbers or categories; otherwise metrics by generation, relative to the first. ``None``
    where there is neither."""
    rows = made(outcome.shown)
    if isinstance(rows, Numbers | Categories):
        heat = heat_of_rows(rows)
    else:
        found = heat_of_metrics({metric: band_of(outcome, metric).mean for metric in outcome.values})
        if found is None:
            return None
        heat = found
    figure, (axes,) = _figure(1, 5.6, 3.6 if heat.edges is not None else max(2.2, 0.9 + 0.26 * len(heat.names)))
    drawings.draw_heat(axes, heat, PAPER)
    from matplotlib.patches import Patch

    meant: list[tuple[Artist, str]] = [
        (Patch(facecolor=drawings.shade(strength, PAPER), edgecolor=PAPER.faint, linewidth=0.5), says)
        for strength, says in heat.scale
    ]
    _legend(figure, meant, heat.what)
    _heading(figure, outcome.name)
    return figure


def write_plots(
    folder: str | Path, outcomes: Sequence[Outcome], metrics: Sequence[str], published: Sequence[Published] = ()
) -> list[Path]:
    """All of them as PNG and SVG: the curves of these metrics, and the rows and the heat map of each setting. The same outcomes
    give the same bytes. Raises :class:`RecsynError` where a file cannot be written."""
    target = Path(folder)
    check_plot(target / "curves.png")
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecsynError(f"{str(folder)!r} cannot be made: {error.strerror}", "give another folder") from None
    written = []
    for name, figure in _named(outcomes, metrics, published):
        for ending in _FORMATS:
            path = target / f"{name}.{ending}"
            write_figure(figure, path)
            written.append(path)
    return written


def _named(outcomes: Sequence[Outcome], metrics: Sequence[str], published: Sequence[Published]) -> Iterator[tuple[str, Figure]]:
    for name, metric in zip(_names(metrics), metrics, strict=True):
        yield f"curves-{name}", curves(outcomes, metric, published)
    for name, outcome in zip(_names([outcome.name for outcome in outcomes]), outcomes, strict=True):
        for what, figure in (("rows", densities(outcome)), ("heat", heat_map(outcome))):
            if figure is not None:
                yield f"{what}-{name}", figure


def _names(texts: Sequence[str]) -> list[str]:
    """Of files: letters, digits and signs that every file system takes, numbered where two would be one."""
    plain = [re.sub(r"[^a-z0-9._]+", "-", text.lower())[:60].strip("-.") or "all" for text in texts]
    return [name if plain.count(name) == 1 else f"{name}-{place}" for place, name in enumerate(plain, 1)]


# Figures


def _figure(many: int, width: float, height: float, most_across: int = _ACROSS) -> tuple[Figure, list[Axes]]:
    """So many axes of so many inches, whatever the settings of matplotlib on this machine."""
    with extra("plots", "report"):
        import matplotlib
        from matplotlib.figure import Figure

    across = min(most_across, many)
    down = -(-many // across)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=(width * across, height * down), layout="constrained")
        places: list[Axes] = figure.subplots(down, across, squeeze=False).flatten().tolist()
    for axes in places[many:]:
        axes.set_visible(False)
    return figure, places


def _by_generation(rows: Points | Categories, generations: list[int], width: float, height: float) -> Figure:
    shown = chosen(generations, _MOST_PANELS)
    figure, places = _figure(len(shown), width, height)
    for place, (axes, generation) in enumerate(zip(places, shown, strict=False)):
        if isinstance(rows, Points):
            drawings.draw_points(axes, rows, generation, PAPER)
            sides = rows.sides
        else:
            drawings.draw_bars(axes, rows, generation, PAPER)
            sides = ("category", "share of the rows")
        below = place + _ACROSS >= len(shown)
        drawings.name_sides(axes, sides[0] if below else "", sides[1] if place % _ACROSS == 0 else "", PAPER)
        _title(axes, f"generation {generation}" if generation else "real rows")
    return figure


def _last(outcome: Outcome, metric: str) -> float:
    mean = band_of(outcome, metric).mean
    known = mean[np.isfinite(mean)]
    return float(known[-1]) if known.size else -np.inf


def _title(axes: Axes, title: str) -> None:
    if title:
        axes.set_title(folded(title, 44, 2), fontsize=9, color=PAPER.ink, loc="left", parse_math=False)


def _heading(figure: Figure, heading: str) -> None:
    if heading:
        figure.suptitle(folded(heading, 90, 2), fontsize=10, color=PAPER.ink, x=0.01, ha="left", parse_math=False)


def _note(figure: Figure, note: str) -> None:
    figure.supxlabel(legible(note, 200), fontsize=8, color=PAPER.ink, x=0.99, ha="right", parse_math=False)


def _legend(place: Any, meant: Sequence[tuple[Artist, str]], title: str, where: str = "outside right upper") -> None:
    """On a figure ``where`` it is told to be, on axes beside them."""
    if not meant:
        return
    from matplotlib.axes import Axes

    handles, words = zip(*meant, strict=True)
    style: dict[str, Any] = {"fontsize": 8, "frameon": False, "labelcolor": PAPER.ink, "handlelength": 2.6, "title_fontsize": 8}
    style |= {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)} if isinstance(place, Axes) else {"loc": where}
    style |= {"ncols": 3} if "lower" in where else {}
    legend = place.legend(handles, words, title=folded(title) if title else None, alignment="left", **style)
    for text in (*legend.get_texts(), legend.get_title()):
        text.set(parse_math=False)
    legend.get_title().set(color=PAPER.ink)
