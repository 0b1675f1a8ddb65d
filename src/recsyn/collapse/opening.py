"""Families from their configurations: those that ship, by name, and a user's own class, by its place in Python."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from inspect import getsourcefile
from pathlib import Path
from typing import Any

from recsyn.collapse.family import Configured, Family
from recsyn.data.plugging import found_in_python
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest

_SHIPPED = {
    "linear": ("recsyn.collapse.families.linear", "linear_from_config"),
    "gaussian": ("recsyn.collapse.families.gaussian", "gaussian_from_config"),
    "kernel-density": ("recsyn.collapse.families.density", "density_from_config"),
    "discrete": ("recsyn.collapse.families.discrete", "discrete_from_config"),
    "ngram": ("recsyn.collapse.families.ngram", "ngram_from_config"),
}
KINDS = tuple(_SHIPPED)
_OTHERS = f"one of {', '.join(KINDS)}, or FILE.py:CLASS or package.module:CLASS for your own"


def family_from_config(config: object) -> Family:
    """The family of a configuration, ``kind`` and its own fields; those of a user's class go to its constructor by name. Raises
    :class:`RecsynError`."""
    if isinstance(config, str):
        config = {"kind": config}
    if not isinstance(config, Mapping) or not isinstance(config.get("kind"), str):
        raise RecsynError(f"a family is {quoted(config)}", f"give its kind, {_OTHERS}")
    kind = config["kind"]
    fields = {name: value for name, value in config.items() if name != "kind"}
    if ":" in kind:
        return _own(kind, fields)
    if kind not in _SHIPPED:
        raise RecsynError(f"there is no family {quoted(kind)}", nearest(kind, KINDS) or f"it is {_OTHERS}")
    module, reader = _SHIPPED[kind]
    family: Family = getattr(import_module(module), reader)(fields)
    return family


def family_identity(kind: str, family: Family, fields: Mapping[str, Any]) -> dict[str, Any]:
    """All of a family that could change what it computes, as JSON-able data. A user's own class counts with the file it stands in,
    and not with where that is."""
    written = family.to_config() if isinstance(family, Configured) else dict(fields)
    if ":" in kind:
        return {**written, "kind": kind.rpartition(":")[2], "source": _source(type(family))}
    return {**written, "kind": kind}


def _own(kind: str, fields: Mapping[str, Any]) -> Family:
    found = found_in_python(kind, "family", _OTHERS)
    if not isinstance(found, type):
        raise RecsynError(f"{kind!r} is {quoted(found)}, and not a class", "name the class of your family")
    for method in ("real", "fit"):
        if not callable(getattr(found, method, None)):
            raise RecsynError(f"{kind!r} has no method {method!r}", "a family has `real` and `fit` (recsyn.collapse.family)")
    try:
        made: Family = found(**fields)
    except RecsynError:
        raise
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise RecsynError(f"{kind!r} cannot be made from its fields in the configuration: {why}") from None
    return made


def _source(kind: type) -> str | None:
    """The hash of the file that a class stands in."""
    try:
        file = getsourcefile(kind)
        return sha256(Path(file).read_bytes()).hexdigest()[:12] if file else None
    except (TypeError, OSError):
        return None
