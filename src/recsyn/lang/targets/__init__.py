"""Programs written in other languages, from the core of a checked program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module

from recsyn.lang.program import Program

TARGETS: Mapping[str, str] = {name: f"recsyn.lang.targets.{name}" for name in ("coq", "haskell", "lean", "ocaml", "python")}
"""The languages that a program can be written in, and the module that writes each."""


def exported(program: Program, language: str) -> str:
    """The text of a program in one of :data:`TARGETS`. Raises :class:`RecsynError` for what that language cannot say."""
    write: Callable[[Program], str] = getattr(import_module(TARGETS[language]), language)
    return write(program)
