"""What verbs have in common that run studies: which points of which axes, and where to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from recsyn.errors import RecsynError, quoted


def chosen_points(written: Sequence[str]) -> dict[str, list[str]]:
    """Of each axis the points that ``AXIS=POINT,…`` names. Raises :class:`RecsynError` for what is none of that kind."""
    found: dict[str, list[str]] = {}
    for text in written:
        axis, given, points = text.partition("=")
        if not given or not points:
            raise RecsynError(f"{quoted(text)} chooses no points of an axis", "write for example `--only order=natural`")
        found.setdefault(axis, []).extend(point.strip() for point in points.split(","))
    return found


def folder_of(study: str, quick: bool, out: str | None) -> Path:
    """Where a study goes that names no other place."""
    return Path(out) if out else Path("runs") / f"{study}{'-quick' if quick else ''}"


def make_folder(folder: Path) -> None:
    """Raises :class:`RecsynError` where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecsynError(f"{str(folder)!r} cannot be made: {error.strerror}", "give another --out") from None
