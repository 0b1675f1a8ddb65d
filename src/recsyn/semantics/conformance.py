"""Whether a datum is of a type."""

from __future__ import annotations

from collections.abc import Mapping

from recsyn.lang.types import ARROW, CHAR, INT, Datatype, Type, TypeVariable, constructors_of
from recsyn.values import Datum, Value


def misfit(datum: Datum, type: Type, datatypes: Mapping[str, Datatype]) -> str | None:
    """What in ``datum`` keeps it from being of ``type``, in words, or ``None``. A type variable admits any value, and a
    function type any function."""
    stack = [(datum, type)]
    # By the identity of a type's arguments, which `fields_of` keeps alive: a type may be too deep to be hashed.
    fields_of: dict[tuple[object, ...], tuple[Type, dict[str, tuple[Type, ...]]]] = {}
    seen: set[tuple[int, int]] = set()
    while stack:
        at, wanted = stack.pop()
        if isinstance(wanted, TypeVariable) or wanted.name == ARROW:
            if isinstance(at, int | str | Value):
                if not isinstance(wanted, TypeVariable):
                    return f"{_short(at)} is no function"
            elif not callable(getattr(at, "__str__", None)):
                return f"{at!r} is no value of the language"
            continue
        if wanted == INT:
            if not isinstance(at, int) or isinstance(at, bool):
                return f"{_short(at)} is no Int"
        elif wanted == CHAR:
            if not isinstance(at, str) or len(at) != 1:
                return f"{_short(at)} is no Char"
        else:
            key = (wanted.name, *map(id, wanted.arguments))
            if key not in fields_of:
                fields_of[key] = wanted, {c.name: c.fields for c in constructors_of(wanted, datatypes)}
            same, by_constructor = fields_of[key]
            if not isinstance(at, Value) or at.constructor not in by_constructor:
                return f"{_short(at)} is no {wanted}"
            fields = by_constructor[at.constructor]
            if len(fields) != len(at.fields):
                return f"{at.constructor} has {len(fields)} fields, not {len(at.fields)}"
            if fields and (id(at), id(same)) not in seen:
                seen.add((id(at), id(same)))
                stack.extend(zip(at.fields, fields, strict=True))
    return None


def _short(datum: Datum) -> str:
    text = str(datum) if isinstance(datum, Value) else repr(datum)
    return text if len(text) <= 60 else text[:57] + "…"
