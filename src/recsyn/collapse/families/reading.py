"""The fields of a family in a configuration, and what is refused of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest


def fields_of(config: object, family: str, known: Sequence[str]) -> dict[str, Any]:
    """The fields that are written, without ``kind``. Raises :class:`RecsynError` where one is not among those that are known."""
    if not isinstance(config, Mapping):
        raise RecsynError(f"the family {family} is written as {quoted(config)}", f"give its fields: {', '.join(known)}")
    for name in config:
        if name != "kind" and name not in known:
            hint = nearest(name, known) if isinstance(name, str) else None
            raise RecsynError(f"the family {family} has no field {quoted(name)}", hint or f"its fields are {', '.join(known)}")
    return {name: value for name, value in config.items() if name != "kind"}


def number(what: str, value: object, least: float = float("-inf"), most: float = float("inf")) -> float:
    """A finite number in this range. Raises :class:`RecsynError` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise RecsynError(f"{what} is {quoted(value)}, not a number")
    if not least <= value <= most:
        raise RecsynError(f"{what} is {quoted(value)}, not {_between(least, most)}")
    return float(value)


def whole(what: str, value: object, least: int, most: int) -> int:
    """A whole number in this range. Raises :class:`RecsynError` for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecsynError(f"{what} is {quoted(value)}, not a whole number")
    if not least <= value <= most:
        raise RecsynError(f"{what} is {quoted(value)}, not {_between(least, most)}")
    return value


def one_of(what: str, value: object, known: Sequence[str]) -> str:
    """One of these words. Raises :class:`RecsynError` for anything else."""
    if not isinstance(value, str) or value not in known:
        hint = nearest(value, known) if isinstance(value, str) else None
        raise RecsynError(f"{what} is {quoted(value)}", hint or f"give one of {', '.join(known)}")
    return value


def _between(least: float, most: float) -> str:
    if most == float("inf"):
        return f"{least:,} or above"
    return f"from {least:,} to {most:,}"
