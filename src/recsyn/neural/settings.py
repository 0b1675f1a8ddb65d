"""Frozen records of bounded numbers and of choices, as Python values and as JSON: what an architecture and a recipe are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Self, TypeVar

from recsyn.errors import RecsynError, quoted

T = TypeVar("T")


def setting(default: T, low: float, high: float) -> T:
    """A field of :class:`Settings`: a number of the default's type, or a tuple of as many, each from ``low`` to ``high``."""
    checked: T = field(default=default, metadata={"low": low, "high": high})
    return checked


def choice(default: T, *others: T) -> T:
    """A field of :class:`Settings` that is one of these."""
    checked: T = field(default=default, metadata={"options": (default, *others)})
    return checked


@dataclass(frozen=True)
class Settings:
    """A base for frozen dataclasses whose every field is a :func:`setting` or a :func:`choice`.

    Raises :class:`RecsynError`, naming the field, for a value of another kind, outside its bounds, or that is no option.
    """

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _checked(self._noun(), each, getattr(self, each.name)))

    @classmethod
    def _noun(cls) -> str:
        return cls.__name__.lower()

    def to_config(self) -> dict[str, Any]:
        """The fields as JSON has them; :meth:`from_config` gives an equal record back."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """The record that a configuration describes; a field it leaves out has its default.

        Raises :class:`RecsynError` for anything but a mapping, for an unknown field and for a value out of bounds.
        """
        if not isinstance(config, Mapping):
            raise RecsynError(f"{cls._noun()} must be a mapping of fields to values, not {quoted(config)}")
        names = [each.name for each in fields(cls)]
        for name in config:
            if name not in names:
                nearest = get_close_matches(quoted(name), names, n=1, cutoff=0.0)[0]
                raise RecsynError(f"{cls._noun()} has no field {quoted(name)}", f"did you mean {nearest!r}?")
        return cls(**config)


def _checked(noun: str, each: Field[Any], value: object) -> object:
    if "options" in each.metadata:
        return _chosen(noun, each, value)
    low, high = each.metadata["low"], each.metadata["high"]
    if isinstance(each.default, tuple):
        if isinstance(value, (tuple, list)) and len(value) == len(each.default) and all(_real(v, low, high) for v in value):
            return tuple(float(v) for v in value)
        kind = f"{len(each.default)} numbers, each"
    elif isinstance(each.default, float):
        if _real(value, low, high):
            return float(value)  # type: ignore[arg-type]
        kind = "a number"
    else:
        if isinstance(value, int) and _real(value, low, high):
            return value
        kind = "a whole number"
    raise RecsynError(f"{noun}: {each.name} must be {kind} from {low} to {high}, not {quoted(value)}")


def _chosen(noun: str, each: Field[Any], value: object) -> object:
    options = each.metadata["options"]
    # 0 and 1 are no truth values here, though Python takes them for equal.
    if any(type(value) is type(option) and value == option for option in options):
        return value
    near = get_close_matches(value, options, n=1) if isinstance(value, str) and isinstance(each.default, str) else []
    listed = ", ".join(map(str, options)).lower() if isinstance(each.default, bool) else ", ".join(options)
    hint = f"did you mean {near[0]!r}?" if near else None
    raise RecsynError(f"{noun}: {each.name} must be one of {listed}, not {quoted(value)}", hint)


def _real(value: object, low: float, high: float) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and low <= value <= high
