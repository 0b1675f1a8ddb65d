"""Whether a datum is of a type."""

from __future__ import annotations

from collections.abc import Mapping

from recsyn.lang.types import ARROW, CHAR, INT, Datatype, Type, TypeVariable, constructors_of
from recsyn.values import Datum, Value


def misfit(datum: Datum, type: Type, datatypes: Mapping[str, Datatype]) -> str | None:
    """What in ``datum`` keeps it from being of ``type``, in words, or ``None``. A type variable admits any value."""
    stack = [(datum, type)]
    known: dict[Type, dict[str, tuple[Type, ...]]] = {}
    while stack:
        at, wanted = stack.pop()
        if isinstance(wanted, TypeVariable) or wanted.name == ARROW:
            if not isinstance(at, int | str | Value) and not callable(getattr(at, "__str__", None)):
                return f"{at!r} is no value of the language"
            continue
        if wanted == INT:
            if not isinstance(at, int) or isinstance(at, bool):
                return f"{_short(at)} is no Int"
        elif wanted == CHAR:
            if not isinstance(at, str) or len(at) != 1:
                return f"{_short(at)} is no Char"
        else:
            if wanted not in known:
                known[wanted] = {c.name: c.fields for c in constructors_of(wanted, datatypes)}
            if not isinstance(at, Value) or at.constructor not in known[wanted]:
                return f"{_short(at)} is no {wanted}"
            fields = known[wanted][at.constructor]
            if len(fields) != len(at.fields):
                return f"{at.constructor} has {len(fields)} fields, not {len(at.fields)}"
            stack.extend(zip(at.fields, fields, strict=True))
    return None


def _short(datum: Datum) -> str:
    text = str(datum) if isinstance(datum, Value) else repr(datum)
    return text if len(text) <= 60 else text[:57] + "…"
