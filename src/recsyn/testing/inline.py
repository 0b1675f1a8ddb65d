"""Figures of matplotlib as elements of a page.

They are drawn in colours that stand for those of the page and are replaced afterwards by its CSS variables, so one drawing serves
the light page and the dark one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, CARD = "#010101", "#020202", "#030303"
STUDIES = tuple(f"#05000{i}" for i in range(6))
_ON_PAGE = {INK: "var(--muted)", FAINT: "var(--line)", CARD: "var(--card)"} | {
    colour: f"var(--study-{i})" for i, colour in enumerate(STUDIES)
}


@contextmanager
def drawing(width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of so many inches, whatever the settings of matplotlib on this machine."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"axes.edgecolor": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK})
        matplotlib.rcParams.update(
            {"text.color": INK, "svg.fonttype": "none", "svg.hashsalt": "recsyn", "font.size": 9, "axes.linewidth": 0.8}
        )
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.add_subplot()
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(length=3, width=0.8)
        axes.tick_params(which="minor", length=0, labelleft=False)
        yield figure, axes


def _to_hundredths(path: re.Match[str]) -> str:
    """Of a point, which is finer than what any screen shows."""
    return re.sub(r"\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), path[0])


def inline(figure: Figure, name: str) -> str:
    """The figure as an element of a page: no prologue, styles or names that would reach out of it, colours of the page."""
    out = StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = re.sub(r"<!--.*?-->|<style.*?</style>", "", out.getvalue(), flags=re.DOTALL)
    opening = re.search(r"<svg\b[^>]*?\b(viewBox=\"[^\"]*\")[^>]*>", text)
    assert opening is not None
    body = text[opening.end() :].strip()
    body = re.sub(r' d="[^"]*"', _to_hundredths, body)
    body = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", body.replace("xlink:href", "href"))
    body = re.sub("|".join(_ON_PAGE), lambda found: _ON_PAGE[found[0]], body)
    return f'<svg {opening[1]} aria-hidden="true" focusable="false">{body}'
