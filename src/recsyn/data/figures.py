"""Pictures as files."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from recsyn.errors import RecsynError, extra

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STAMPS: Mapping[str, dict[str, None]] = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
"""The kinds of file, and what in each would make two of one picture differ."""


def check_plot(path: str | Path) -> None:
    """Raise :class:`RecsynError` where no plot could be written as this file."""
    if Path(path).suffix.lower() not in _STAMPS:
        raise RecsynError(f"{str(path)!r} names no kind of plot", f"its name ends in one of {' '.join(_STAMPS)}")
    with extra("a plot", "report"):
        import matplotlib  # noqa: F401


def write_figure(figure: Figure, path: str | Path) -> None:
    """Write a figure, whole or not at all; the same figure gives the same bytes. Raises :class:`RecsynError` for one that cannot be
    written."""
    import matplotlib

    draft = Path(path).with_name(f".draft.{Path(path).name}")
    try:
        with matplotlib.rc_context({"svg.hashsalt": "recsyn", "svg.fonttype": "none"}), warnings.catch_warnings():
            # Of letters that its fonts lack; they are in the file all the same, or boxes.
            warnings.filterwarnings("ignore", r"Glyph \d+", UserWarning)
            figure.savefig(draft, dpi=150, metadata=_STAMPS[Path(path).suffix.lower()])
        draft.replace(path)
    except OSError as error:
        raise RecsynError(f"the plot cannot be written to {str(path)!r}: {error.strerror or error}") from None
    finally:
        with suppress(OSError):
            draft.unlink()
