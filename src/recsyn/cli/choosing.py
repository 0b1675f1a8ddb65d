"""Points of the axes of a study, as they are chosen on the command line."""

from __future__ import annotations

from collections.abc import Sequence

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
