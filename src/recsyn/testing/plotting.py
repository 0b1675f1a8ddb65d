"""Exact match as a picture: a panel for each feature, a point and its confidence interval for each group of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recsyn.data.describing import shortened
from recsyn.data.figures import check_plot, write_figure
from recsyn.testing.evaluation import Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ACROSS = 3
"""Panels beside one another."""


def plot(panels: Sequence[tuple[str, Sequence[Group]]], title: str, path: str | Path) -> None:
    """Draw exact match as a file, a panel for each feature and its groups; groups without rows are left out. The same groups give
    the same bytes. Raises :class:`RecsynError` for an unknown kind of file, and for one that cannot be written."""
    check_plot(path)
    from matplotlib.figure import Figure

    across = min(_ACROSS, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=(4.6 * across, 3.3 * down), layout="constrained")
    axes: list[Axes] = figure.subplots(down, across, squeeze=False).flatten().tolist()
    for axis, (feature, groups) in zip(axes, panels, strict=False):
        _draw(axis, feature, [group for group in groups if group.rows])
    for axis in axes[len(panels) :]:
        axis.set_visible(False)
    figure.suptitle(shortened(title), parse_math=False)
    write_figure(figure, path)


def _draw(axis: Axes, feature: str, groups: Sequence[Group]) -> None:
    places = list(range(len(groups)))
    right = [group.exact_match for group in groups]
    # Rounding may put a share of 0 or 1 just outside of its interval.
    below = [max(0.0, share - group.interval[0]) for share, group in zip(right, groups, strict=True)]
    above = [max(0.0, group.interval[1] - share) for share, group in zip(right, groups, strict=True)]
    axis.errorbar(places, right, yerr=[below, above], marker="o", capsize=3)
    axis.set_xticks(places, [str(group) for group in groups], rotation=45 if any(len(str(g)) > 2 for g in groups) else 0)
    axis.set(xlabel=feature.replace("_", " "), ylabel="exact match", ylim=(-0.05, 1.05))
