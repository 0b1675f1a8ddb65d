"""Configurations in YAML: those that ship with recsyn, by name, and a user's own, by file."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from recsyn.errors import RecsynError, quoted
from recsyn.lang.source import read_source

_LONGEST = 200
"""Characters of a name that a message repeats in full."""


@dataclass(frozen=True)
class Configuration:
    """What stands in a file."""

    content: Any
    path: Path


@dataclass(frozen=True)
class Shelf:
    """The configurations of one kind that ship, in a folder of the package; messages call them ``noun``."""

    noun: str
    folder: str

    @property
    def names(self) -> list[str]:
        here = files("recsyn").joinpath(self.folder)
        return sorted(f.name.removesuffix(".yaml") for f in here.iterdir() if f.name.endswith(".yaml"))

    def read(self, name: str) -> Configuration:
        """What ships under a name, or a YAML file. Raises :class:`RecsynError` where there is none, or a folder, or no YAML."""
        if name in self.names:
            path = Path(str(files("recsyn").joinpath(self.folder, f"{name}.yaml")))
        elif os.path.isdir(name):
            raise RecsynError(f"{name!r} is a folder, and a {self.noun} is a YAML file", "name a YAML file in it")
        elif name.endswith((".yaml", ".yml")) or os.path.isfile(name):  # Path.is_file fails for a name that no file can have.
            path = Path(name)
        else:
            near = difflib.get_close_matches(name, self.names, n=1)
            raise RecsynError(
                f"there is no {self.noun} {name!r}" if len(name) <= _LONGEST else f"there is no {self.noun} {quoted(name)}",
                f"did you mean {near[0]!r}?" if near else f"name a YAML file or one of: {', '.join(self.names)}",
            )
        return Configuration(_loaded(path), path)


def _loaded(path: Path) -> Any:
    try:
        return yaml.safe_load(read_source(path).text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise RecsynError(f"{str(path)!r} is not YAML{place}") from None
    except RecursionError:
        raise RecsynError(f"{str(path)!r} is nested too deeply") from None
    except (ValueError, ArithmeticError, LookupError, AttributeError):  # PyYAML lets through what Python says of such a value.
        raise RecsynError(
            f"{str(path)!r} holds a value that is not what it looks like: a date that is none, or a number of thousands of digits",
            "put a text that begins with a digit between quotes",
        ) from None
