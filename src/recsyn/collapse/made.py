"""Rows that models made, sorted out for pictures of them: numbers, points of a plane, or categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recsyn.collapse.family import Array
from recsyn.collapse.findings import chosen

_MOST_CATEGORIES = 24
_OUTSIDE = 0.005
"""The share of rows at each end that may lie outside a picture: one row far out would leave no room for all others."""
_REST = "all others"


@dataclass(frozen=True, eq=False)
class Numbers:
    """``rows`` has float[n] by generation; ``low`` and ``high`` are where a picture ends."""

    rows: Mapping[int, Array]
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Points:
    """``rows`` has float[n, 2] by generation; ``low`` and ``high`` are the corners of a picture, float[2], whose sides show what
    ``sides`` say."""

    rows: Mapping[int, Array]
    low: Array
    high: Array
    sides: tuple[str, str]


@dataclass(frozen=True, eq=False)
class Categories:
    """``shares`` has float[names] by generation."""

    names: tuple[str, ...]
    shares: Mapping[int, Array]


def made(shown: Mapping[int, Array]) -> Numbers | Points | Categories | None:
    """Rows by generation, their axis 0 counting rows: floats are numbers, floats in several columns points (of the plane in which
    the first rows spread most, where the columns are more than two), everything else categories. ``None`` where there are none."""
    arrays = {generation: np.asarray(shown[generation]) for generation in sorted(shown)}
    kinds = {array.dtype.kind for array in arrays.values() if array.size}
    if kinds == {"f"}:
        return _spread({generation: _columns(array) for generation, array in arrays.items() if array.size})
    if kinds and (kinds <= set("iub") or kinds == {"U"}):
        return _categories({generation: array.reshape(-1) for generation, array in arrays.items() if array.size})
    return None


def _columns(array: Array) -> Array:
    """float[n, columns], of rows that are finite."""
    flat: Array = array.reshape(len(array), -1).astype(float)
    finite: Array = flat[np.isfinite(flat).all(1)]
    return finite


def _spread(rows: Mapping[int, Array]) -> Numbers | Points | None:
    some = {generation: array for generation, array in rows.items() if len(array)}
    widths = {array.shape[1] for array in some.values()}
    if len(widths) != 1:
        return None
    sides = "first column", "second column"
    if max(widths) > 2:
        axes = _principal(next(iter(some.values())))
        some = {generation: array @ axes for generation, array in some.items()}
        sides = "first principal axis of the first rows", "second"
    low, high = _corners(list(some.values()))
    if widths == {1}:
        return Numbers({generation: array[:, 0] for generation, array in some.items()}, float(low[0]), float(high[0]))
    return Points(some, low, high, sides)


def _principal(rows: Array) -> Array:
    """float[columns, 2]: the two directions in which rows spread most, the largest entry of each above 0."""
    _, _, axes = np.linalg.svd(rows - rows.mean(0), full_matrices=True)
    two: Array = axes[:2].T
    turned: Array = two * np.sign(two[np.abs(two).argmax(0), [0, 1]])
    return turned


def _corners(arrays: Sequence[Array]) -> tuple[Array, Array]:
    """Where pictures begin and end in each column, so that of the rows of each generation nearly all are inside."""
    ends = np.array([np.quantile(array, [_OUTSIDE, 1 - _OUTSIDE], axis=0) for array in arrays])
    low, high = ends[:, 0].min(0), ends[:, 1].max(0)
    margin = np.where(high > low, 0.08 * (high - low), 0.5)
    return low - margin, high + margin


def _categories(rows: Mapping[int, Array]) -> Categories:
    """In their own order where they are few; otherwise those that the first rows had most, and all others together."""
    counts = {
        generation: dict(zip(*map(np.ndarray.tolist, np.unique(a, return_counts=True)), strict=True))
        for generation, a in rows.items()
    }
    met = sorted({name for counted in counts.values() for name in counted})
    first = next(iter(counts.values()))
    cut = len(met) > _MOST_CATEGORIES
    named = sorted(met, key=lambda name: -first.get(name, 0))[: _MOST_CATEGORIES - 1] if cut else met
    shares = {}
    for generation, counted in counts.items():
        many = [counted.get(name, 0) for name in named]
        total = sum(counted.values())
        shares[generation] = np.array([*many, *[total - sum(many)] * cut]) / total
    return Categories((*map(str, named), *[_REST] * cut), shares)


def density(rows: Array, places: Array) -> Array:
    """A kernel density estimate of float[n] at float[places], Gaussian, its bandwidth by Silverman's rule of thumb and not below
    what can be seen between places."""
    with np.errstate(over="ignore"):
        deviation = float(rows.std())
    spread = min(deviation, float(np.subtract(*np.quantile(rows, [0.75, 0.25]))) / 1.349 or np.inf)
    bandwidth = max(0.9 * spread * len(rows) ** -0.2, 1.5 * float(places[1] - places[0]))
    away = (places[:, None] - rows[None, :]) / bandwidth
    return np.asarray(np.exp(-(away**2) / 2).mean(1) / (bandwidth * np.sqrt(2 * np.pi)))


# Heat maps


_BINS = 36
_MOST_COLUMNS = 24
_TIMES = (4, 16, 100)
"""How much the strongest colour may mean; beyond the last, changes look the same, or small ones would not be seen beside them."""


@dataclass(frozen=True, eq=False)
class Heat:
    """A number for each of several things and each generation. ``strengths`` are float[things, generations] from -1 to 1, NaN
    where there is none; ``scale`` tells what some strengths mean. Things have ``names``, or are ranges between ``edges``."""

    what: str
    generations: tuple[int, ...]
    strengths: Array
    scale: tuple[tuple[float, str], ...]
    names: tuple[str, ...] = ()
    edges: Array | None = None


def heat_of_rows(rows: Numbers | Categories) -> Heat:
    """What share of the rows of a generation is in each range or category. A strength is the root of a share over the greatest, so
    that rare ones are seen."""
    if isinstance(rows, Numbers):
        generations = chosen(list(rows.rows), _MOST_COLUMNS)
        edges = np.linspace(rows.low, rows.high, _BINS + 1)
        shares = np.array([np.histogram(rows.rows[g], edges)[0] / len(rows.rows[g]) for g in generations]).T
        names: tuple[str, ...] = ()
    else:
        generations = chosen(list(rows.shares), _MOST_COLUMNS)
        shares = np.array([rows.shares[g] for g in generations]).T
        names, edges = rows.names, None
    greatest = max(float(shares.max()), 1e-12)
    scale = tuple((strength, f"{100 * greatest * strength**2:.2g} %") for strength in (0.25, 0.5, 0.75, 1.0))
    return Heat("share of the rows", tuple(generations), np.sqrt(shares / greatest), scale, names, edges)


def heat_of_metrics(means: Mapping[str, Array]) -> Heat | None:
    """How many times its first value each metric has become, from float[generations] by metric; the strength goes with the
    logarithm. Blank where the first value is 0, or the sign another. ``None`` where all is blank."""
    longest = max((len(mean) for mean in means.values()), default=0)
    generations = chosen(range(1, longest + 1), _MOST_COLUMNS)
    times = np.full((len(means), len(generations)), np.nan)
    for row, mean in enumerate(means.values()):
        for column, generation in enumerate(generations):
            if generation <= len(mean) and mean[0] != 0:
                times[row, column] = mean[generation - 1] / mean[0]
    times[~((times >= 0) & np.isfinite(times))] = np.nan
    if np.isnan(times).all():
        return None
    above = times[times > 0]
    furthest = max(above.max(initial=1), 1 / above.min(initial=1))
    most = next((times for times in _TIMES if furthest <= times), _TIMES[-1])
    with np.errstate(divide="ignore"):
        strengths = np.clip(np.log(times) / np.log(most), -1, 1)
    scale = tuple((strength, f"× {most**strength:.3g}") for strength in (-0.5, 0.0, 0.5))
    ends = (-1.0, f"× {1 / most:.3g} or less"), (1.0, f"× {most:.3g} or more")
    return Heat("times its value in generation 1", tuple(generations), strengths, (ends[0], *scale, ends[1]), tuple(means))
