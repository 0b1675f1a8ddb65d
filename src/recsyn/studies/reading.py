"""Studies in YAML: how their fields are read, and changes laid over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest


def merged(base: Any, change: Any) -> Any:
    """A change laid over what it changes."""
    if not isinstance(change, Mapping):
        return change
    found = dict(base) if isinstance(base, Mapping) else {}
    for name, value in change.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value)
    return found


def mapping(field: str, value: Any) -> Mapping[Any, Any]:
    """Raises :class:`RecsynError` where the value of a field is none."""
    if not isinstance(value, Mapping):
        raise RecsynError(f"{field} is {quoted(value)}, not a mapping of names")
    return value


def listed(field: str, value: Any) -> Sequence[Any]:
    """Raises :class:`RecsynError` where the value of a field is none."""
    if not isinstance(value, list):
        raise RecsynError(f"{field} is {quoted(value)}, not a list of them")
    return value


def known(noun: str, name: Any, names: Any, whose: str) -> None:
    """Raise :class:`RecsynError` for a name that is none of these."""
    if name not in names:
        near = nearest(name, names) if isinstance(name, str) else None
        there = f"there are {', '.join(map(str, names))}" if names else "there is none"
        raise RecsynError(f"{whose} has no {noun} {quoted(name)}", near or there)


def kept_axes(axes: Mapping[str, Any], kept: Mapping[Any, Any]) -> dict[str, Any]:
    """The axes of a study's small version, as they are written: of some a list of the points that are ``kept``, of some changes
    laid over them. Raises :class:`RecsynError` for what they do not have."""
    found = dict(axes)
    for axis, chosen in kept.items():
        known("axis", axis, axes, "the study")
        if isinstance(chosen, Mapping):
            found[axis] = merged(axes[axis], chosen)
            continue
        points = {str(name): change for name, change in mapping(f"axes.{axis}", axes[axis]).items()}
        for name in listed(f"quick.axes.{axis}", chosen):
            known("point", str(name), points, f"the axis {axis}")
        found[axis] = {str(name): points[str(name)] for name in chosen}
    return found


def chosen_axes(axes: Mapping[str, tuple[str, ...]], chosen: Mapping[str, Sequence[str]], study: str) -> dict[str, tuple[str, ...]]:
    """The points of each axis, of those in ``chosen`` some alone. Raises :class:`RecsynError` for what the study does not have."""
    found = dict(axes)
    for axis, names in chosen.items():
        known("axis", axis, axes, f"the study {study}")
        some = _named(axis, names, axes[axis])
        found[axis] = tuple(name for name in axes[axis] if name in some)
    return found


def _named(axis: str, written: Sequence[str], points: Sequence[str]) -> set[str]:
    """The points of an axis that were named with commas between them, which may stand in their names too."""
    parts = {point: [part.strip() for part in point.split(",")] for point in points}
    found, rest = set(), list(written)
    while rest:
        first = [point for point in points if parts[point] == rest[: len(parts[point])]]
        if not first:
            known("point", rest[0], points, f"the axis {axis}")
        longest = max(first, key=lambda point: len(parts[point]))
        found.add(longest)
        rest = rest[len(parts[longest]) :]
    return found
