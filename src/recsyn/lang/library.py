"""The standard library: modules written in the language, which travel with the package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from recsyn.lang.parser import Parsed, parse_program
from recsyn.lang.source import Source


@cache
def module_names() -> tuple[str, ...]:
    """The modules that ``import`` takes by name, in alphabetical order."""
    found = (entry.name for entry in (files("recsyn") / "library").iterdir())
    return tuple(sorted(name.removesuffix(".rec") for name in found if name.endswith(".rec")))


@cache
def module_source(name: str) -> Source:
    """The text of a module of the library. Raises ``KeyError`` where there is none of that name."""
    if name not in module_names():
        raise KeyError(name)
    return Source(f"library/{name}.rec", (files("recsyn") / "library" / f"{name}.rec").read_text("utf-8"))


@cache
def parsed_module(name: str) -> Parsed:
    """A module of the library, parsed once. Raises ``KeyError`` where there is none of that name."""
    return parse_program(module_source(name))


def modules_with(name: str, namespace: int) -> tuple[str, ...]:
    """The modules that define a type (namespace 0), a constructor (1) or a function (2) of this name."""
    return tuple(module for module in module_names() if name in parsed_module(module).declared[namespace])
