"""What is drawn of chains of models, on axes of matplotlib, in the colours of paper or of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np

from recsyn.collapse.findings import SHARE, band_of, chosen, in_words, predictions_of
from recsyn.collapse.made import Categories, Heat, Numbers, Points, density
from recsyn.collapse.outcome import Label, Outcome
from recsyn.collapse.panels import Panel, Setting
from recsyn.collapse.published import Published, published_of

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_POWERS_FROM = 30
"""How many times the least number the greatest must be for an axis of powers."""
_MOST_MARKED, _MOST_SHADED = 14, 240
_MOST_RIDGES = 8
_ROOM = 0.4
"""Above and below its lines, in their range, how far a plot of curves goes at most."""
_MOST_PLOTTED = 800
_FAINTEST, _STRONGEST = 0.06, 0.92
MARKERS = "osD^vP"
DASHES: Mapping[Label, tuple[float, ...]] = {"exact": (3.2, 1.4), "asymptotic": (3.6, 1, 0.9, 1), "bound": (0.9, 0.9)}
_THEORY: Mapping[str, Any] = {"linewidth": 3.2, "alpha": 0.5, "zorder": 1.8}
"""Broad and below what was measured, so that both are seen where they agree."""


@dataclass(frozen=True)
class Look:
    """Colours: of words and lines, of a grid, of what lies behind, and of settings by their style."""

    ink: str
    faint: str
    ground: str
    settings: tuple[str, ...]


PAPER = Look("#403d38", "#e4e0d8", "#ffffff", ("#4a5bdc", "#a8281e", "#159a7e", "#c08200", "#8a4aa5", "#12123c"))
"""Told apart by those who see no red, no green or no blue, and on white by all. ``page.html`` has the same."""


def legible(text: str, room: int = 60) -> str:
    """A text on one line, as far as there is room for it, without what no letter stands for."""
    words = "".join(c if c.isprintable() else "\ufffd" for c in " ".join(text.split()))
    return words if len(words) <= room else f"{words[: room - 1].rstrip()}…"


def folded(text: str, width: int = 30, lines: int = 2) -> str:
    """A text on a few short lines."""
    return "\n".join(wrap(legible(text, width * lines), width, max_lines=lines, placeholder="…"))


def plainly(axes: Axes, look: Look) -> None:
    """Axes without what only fills them, and without formulas in their words."""
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color=look.ink, linewidth=0.8)
    axes.tick_params(length=3, width=0.8, color=look.ink, labelcolor=look.ink, labelsize=8)
    axes.tick_params(which="minor", length=0)


def name_sides(axes: Axes, across: str, up: str, look: Look) -> None:
    axes.set_xlabel(legible(across), color=look.ink, fontsize=9, parse_math=False)
    axes.set_ylabel(legible(up), color=look.ink, fontsize=9, parse_math=False)


# Curves

_margins = np.errstate(over="ignore")
"""Matplotlib leaves some room around what it draws, which may begin where numbers end."""


def by_powers(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published]) -> bool:
    """Whether an axis of powers shows a metric better: all means and predictions are above 0, and the range asks for it."""
    numbers = [band_of(outcome, metric).mean for outcome in outcomes]
    numbers += [np.asarray(each.values, float) for outcome in outcomes for each in predictions_of(outcome, metric)]
    numbers += [np.array([*p.by_generation.values()], float) for o in outcomes for p in published_of(published, o.point, metric)]
    known = np.concatenate([[], *numbers])
    known = known[np.isfinite(known)]
    return bool(known.size and known.min() > 0 and known.max() / known.min() >= _POWERS_FROM)


@_margins
def draw_curves(axes: Axes, panel: Panel, metric: str, published: Sequence[Published], powers: bool, look: Look) -> None:
    """The mean of each setting by generation, in a narrow band of two standard errors and a wide one of most chains; the theory
    dashed, published figures as hollow markers, collapses as crosses."""
    plainly(axes, look)
    if powers:
        axes.set_yscale("log")
    for setting in panel.settings:
        _draw_chains(axes, setting, metric, look)
    for setting in panel.settings:
        _draw_beside(axes, setting, metric, published, look)
    longest = max([1, *(setting.outcome.generations for setting in panel.settings)])
    margin = 0.03 * longest if longest > 1 else 0.5
    axes.set_xlim(1 - margin, longest + margin)
    axes.set_xticks(_round_generations(longest))
    axes.grid(axis="y", color=look.faint, linewidth=0.7)
    _keep_to_lines(axes, powers)


def _keep_to_lines(axes: Axes, powers: bool) -> None:
    """A few chains that go far are no reason to draw all means flat: wide bands may be cut off."""
    drawn = np.concatenate([[], *(np.asarray(line.get_ydata(), float) for line in axes.lines)])
    drawn = drawn[np.isfinite(drawn) & ((drawn > 0) | (not powers))]
    if not drawn.size:
        return
    there, back = (np.log, np.exp) if powers else (np.positive, np.positive)
    least, most = there(drawn.min()), there(drawn.max())
    room = _ROOM * (most - least)
    if room > 0:
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, float(back(least - room))), min(high, float(back(most + room))))


@_margins
def alike(places: Sequence[Axes]) -> None:
    """One range for all panels."""
    if not places:
        return
    low, high = (np.array([axes.get_ylim() for axes in places])[:, end] for end in (0, 1))
    for axes in places:
        axes.set_ylim(low.min(), high.max())


def _round_generations(longest: int) -> list[int]:
    """The first, and round ones up to the last."""
    step = next(width * 10**power for power in range(20) for width in (1, 2, 5) if width * 10**power * 6 >= longest)
    return [1, *(generation for generation in range(step, longest + 1, step) if generation > 1 + step // 2)]


def _draw_chains(axes: Axes, setting: Setting, metric: str, look: Look) -> None:
    known = band_of(setting.outcome, metric)
    generations = np.arange(1, len(known.mean) + 1)
    if not np.isfinite(known.mean).any():
        return
    colour = look.settings[setting.style]
    places = np.array(chosen(range(len(generations)), _MOST_SHADED))
    bands = ((known.low, known.high, 0.10), (known.mean - 2 * known.error, known.mean + 2 * known.error, 0.22))
    for low, high, strength in bands:
        if np.isfinite(low[places]).any():
            axes.fill_between(generations[places], low[places], high[places], color=colour, alpha=strength, linewidth=0)
    axes.plot(
        generations,
        known.mean,
        color=colour,
        linewidth=1.2,
        marker=MARKERS[setting.style],
        markersize=3.8,
        markevery=max(1, len(generations) // _MOST_MARKED),
        label=legible(setting.label),
    )


def _draw_beside(axes: Axes, setting: Setting, metric: str, published: Sequence[Published], look: Look) -> None:
    outcome, colour = setting.outcome, look.settings[setting.style]
    for each in predictions_of(outcome, metric):
        values = np.asarray(each.values, float)
        at = np.arange(1, len(values) + 1)
        # A single generation is no line, so that its theory is a dash across it.
        across, up = (at, values) if len(values) > 1 else (np.array([0.8, 1.2]), np.repeat(values, 2))
        shown = np.where(np.isfinite(up), up, np.nan)
        axes.plot(across, shown, color=colour, dashes=DASHES[each.label], label=f"theory, {each.label}", **_THEORY)
    for figures in published_of(published, outcome.point, metric):
        marker = MARKERS[setting.style]
        at, values = (np.array(list(part), float) for part in (figures.by_generation, figures.by_generation.values()))
        style: dict[str, Any] = {
            "marker": marker,
            "markersize": 7,
            "markerfacecolor": look.ground,
            "markeredgecolor": colour,
            "markeredgewidth": 1.4,
        }
        axes.plot(at, np.where(np.isfinite(values), values, np.nan), linestyle="none", zorder=4, label="published", **style)
    _draw_collapses(axes, outcome, metric, colour)


def _draw_collapses(axes: Axes, outcome: Outcome, metric: str, colour: str) -> None:
    """A cross in the generation that could not be, at what its chain came to before; at the foot where there is nothing before."""
    values = outcome.values.get(metric)
    if values is None or not outcome.collapses:
        return
    at: list[tuple[int, float]] = []
    foot: list[int] = []
    for collapse in outcome.collapses:
        place = outcome.place_of(collapse.chain)
        chain = np.asarray([] if place is None else values[place, : collapse.generation - 1], float)
        known = chain[np.isfinite(chain)]
        if known.size:
            at.append((collapse.generation, float(known[-1])))
        else:
            foot.append(collapse.generation)
    style: dict[str, Any] = {"marker": "x", "s": 34, "linewidths": 1.6, "color": colour, "zorder": 5}
    if at:
        axes.scatter(*zip(*at, strict=True), label="collapsed", **style)
    if foot:
        axes.scatter(foot, [0.02] * len(foot), transform=axes.get_xaxis_transform(), clip_on=False, label="collapsed", **style)


def keys(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published], look: Look) -> list[tuple[Artist, str]]:
    """What lines, bands and marks mean, apart from settings."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    found: list[tuple[Artist, str]] = []
    used = {each.label for outcome in outcomes for each in predictions_of(outcome, metric)}
    for label, dashes in DASHES.items():
        if label in used:
            found.append((Line2D([], [], color=look.ink, dashes=dashes, **_THEORY), f"theory, {label}"))
    for source in dict.fromkeys(p.source for o in outcomes for p in published_of(published, o.point, metric)):
        found.append((_mark("o", look, markerfacecolor=look.ground, markersize=7), folded(f"published: {source}")))
    if any(outcome.collapses for outcome in outcomes):
        found.append((_mark("x", look, markersize=6), "collapsed"))
    if any(outcome.chains > 1 for outcome in outcomes):
        found.append((Patch(color=look.ink, alpha=0.34, linewidth=0), "mean ± 2 standard errors"))
        found.append((Patch(color=look.ink, alpha=0.12, linewidth=0), f"{SHARE:.0%} of the chains".replace("%", " %")))
    return found


def setting_keys(settings: Sequence[Setting], look: Look) -> list[tuple[Artist, str]]:
    from matplotlib.lines import Line2D

    style = {"linewidth": 1.2, "markersize": 5}
    colours = [(look.settings[s.style], MARKERS[s.style], folded(s.label)) for s in settings]
    return [(Line2D([], [], color=colour, marker=marker, **style), label) for colour, marker, label in colours]  # type: ignore[arg-type]


def _mark(marker: str, look: Look, **style: Any) -> Line2D:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=look.ink, marker=marker, linestyle="none", markeredgewidth=1.4, **style)


# Rows


def generation_name(generation: int) -> str:
    """Before the first there are real rows."""
    return str(generation) if generation else "real"


def draw_ridges(axes: Axes, numbers: Numbers, look: Look) -> None:
    """The density of each generation, the first on top, each to a height of its own, over a line that is that of the first."""
    generations = chosen(list(numbers.rows), _MOST_RIDGES)
    places = np.linspace(numbers.low, numbers.high, 160)
    heights = [density(numbers.rows[generation], places) for generation in generations]
    scaled = [height / max(float(height.max()), 1e-300) for height in heights]
    plainly(axes, look)
    axes.spines["left"].set_visible(False)
    for level, height in zip(range(len(scaled))[::-1], scaled, strict=True):
        order = 3 * (len(scaled) - level)
        axes.fill_between(places, level, level + 1.5 * height, color=look.ground, linewidth=0, zorder=order)
        axes.fill_between(places, level, level + 1.5 * height, color=look.settings[0], alpha=0.28, linewidth=0, zorder=order)
        axes.plot(places, level + 1.5 * scaled[0], color=look.ink, linewidth=0.7, alpha=0.75, zorder=order + 1)
        axes.plot(places, level + 1.5 * height, color=look.settings[0], linewidth=1.5, zorder=order + 2)
    axes.set_yticks(range(len(scaled))[::-1], [generation_name(generation) for generation in generations])
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(numbers.low, numbers.high)
    axes.set_ylim(-0.1, len(scaled) + 0.6)
    name_sides(axes, "value", "generation", look)


def draw_points(axes: Axes, points: Points, generation: int, look: Look) -> None:
    rows = points.rows[generation][:_MOST_PLOTTED]
    plainly(axes, look)
    strength = float(np.clip(12 / np.sqrt(len(rows)), 0.25, 0.9))
    axes.plot(rows[:, 0], rows[:, 1], "o", color=look.settings[0], markersize=2.6, markeredgewidth=0, alpha=strength)
    axes.set_xlim(points.low[0], points.high[0])
    axes.set_ylim(points.low[1], points.high[1])
    axes.locator_params(nbins=4)


def draw_bars(axes: Axes, categories: Categories, generation: int, look: Look) -> None:
    """The share of each category, over a line that is that of the first generation."""
    first = next(iter(categories.shares.values()))
    places = np.arange(len(first))
    plainly(axes, look)
    axes.bar(places, categories.shares[generation], width=0.8, color=look.settings[0], alpha=0.75, linewidth=0)
    axes.step(np.arange(len(first) + 1) - 0.5, [*first, first[-1]], where="post", color=look.ink, linewidth=1.0)
    shown = _every(len(first), 38 // max(2, *(1 + len(legible(name, 22)) for name in categories.names)))
    label_places(axes, "x", shown, [categories.names[place] for place in shown])
    axes.set_xlim(-0.6, len(first) - 0.4)
    axes.set_ylim(0, 1.06 * max(float(share.max()) for share in categories.shares.values()))
    axes.grid(axis="y", color=look.faint, linewidth=0.7)
    axes.locator_params(axis="y", nbins=5)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:g} %")


def _every(many: int, most: int) -> range:
    """Every place, every second, every third, …, such that they are not too many."""
    return range(0, many, -(-many // max(1, most)))


def label_places(axes: Axes, side: str, places: Sequence[float], names: Sequence[str]) -> None:
    axis = axes.xaxis if side == "x" else axes.yaxis
    axis.set_ticks(places, [legible(name, 22) for name in names], parse_math=False)


def draw_heat(axes: Axes, heat: Heat, look: Look) -> None:
    """A cell for each thing and generation, the stronger the greater; what has shrunk in another colour than what has grown."""
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    plainly(axes, look)
    things, columns = heat.strengths.shape
    edges = np.arange(things + 1.0) if heat.edges is None else heat.edges
    gap = 0.05 if heat.edges is None else 0.0
    cells, colours = [], []
    for thing in range(things):
        for column in range(columns):
            if np.isfinite(heat.strengths[thing, column]):
                foot, height = edges[thing] + gap, edges[thing + 1] - edges[thing] - 2 * gap
                cells.append(Rectangle((column + 0.04, foot), 0.92, height))
                colours.append(shade(float(heat.strengths[thing, column]), look))
    axes.add_collection(PatchCollection(cells, facecolors=colours, linewidths=0))
    axes.set_xlim(0, columns)
    axes.set_ylim(edges[0], edges[-1])
    shown = _every(columns, 12)
    label_places(axes, "x", [column + 0.5 for column in shown], [generation_name(heat.generations[c]) for c in shown])
    if heat.edges is None:
        axes.invert_yaxis()
        label_places(axes, "y", [thing + 0.5 for thing in range(things)], [in_words(name) for name in heat.names])
    name_sides(axes, "generation", "" if heat.edges is None else "value", look)


def shade(strength: float, look: Look) -> tuple[float, float, float, float]:
    from matplotlib.colors import to_rgb

    colour = look.settings[0 if strength >= 0 else 1]
    return (*to_rgb(colour), _FAINTEST + (_STRONGEST - _FAINTEST) * abs(strength))
