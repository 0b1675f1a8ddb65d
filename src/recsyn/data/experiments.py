"""Experiments: a task with the network and the training that go with it, written as YAML. Those that ship are presets."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import LanguageError, nearest
from recsyn.lang.modules import link
from recsyn.lang.source import Source, read_source

_SECTIONS = ("task", "model", "training")
_LONGEST = 200
"""Characters of a name that a message repeats in full."""


@dataclass(frozen=True, eq=False)
class Experiment:
    """``model`` and ``training`` are left to the floor that trains."""

    task: Task
    model: Mapping[str, Any]
    training: Mapping[str, Any]


def preset_names() -> list[str]:
    """The experiments that ship with recsyn."""
    return sorted(f.name.removesuffix(".yaml") for f in (files("recsyn") / "presets").iterdir() if f.name.endswith(".yaml"))


def example_path(name: str) -> Path:
    """An example program that ships with recsyn."""
    return Path(str(files("recsyn") / "examples" / name))


def load_experiment(name: str) -> Experiment:
    """A preset by name, or the experiment in a YAML file. Raises :class:`RecsynError` naming what is wrong in it."""
    if name in preset_names():
        path = Path(str(files("recsyn") / "presets" / f"{name}.yaml"))
    elif name.endswith((".yaml", ".yml")) or os.path.isfile(name):  # Path.is_file fails for a name that no file can have.
        path = Path(name)
    else:
        near = difflib.get_close_matches(name, preset_names(), n=1)
        raise RecsynError(
            f"there is no task {name!r}" if len(name) <= _LONGEST else f"there is no task {quoted(name)}",
            f"did you mean {near[0]!r}?" if near else f"name a YAML file or one of: {', '.join(preset_names())}",
        )
    text = read_source(path).text
    try:
        config: Any = yaml.safe_load(text)
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
    return _experiment(config, path)


def _experiment(config: Any, path: Path) -> Experiment:
    if not isinstance(config, Mapping) or not isinstance(config.get("task"), Mapping):
        raise RecsynError(f"{str(path)!r} describes no experiment", f"its sections are {', '.join(_SECTIONS)}")
    for section, content in config.items():
        if section not in _SECTIONS:
            named = nearest(section, _SECTIONS) if isinstance(section, str) else None
            near = named or f"its sections are {', '.join(_SECTIONS)}"
            raise RecsynError(f"{str(path)!r} has a section {quoted(section)}", near)
        if content is not None and not isinstance(content, Mapping):
            raise RecsynError(f"the section {section!r} of {str(path)!r} is {quoted(content)}, not a mapping of names to values")
    task = dict(config["task"])
    program = task.get("program")
    if not isinstance(program, str):
        raise RecsynError(f"the task in {str(path)!r} names no program", "give `program`, a .rec file beside it")
    if "source" not in task:
        beside = path.parent / program
        source = read_source(beside if beside.exists() else _shipped(program, beside))
        task |= {"source": source.text, "imports": _imported(source, program)}
    model, training = config.get("model") or {}, config.get("training") or {}
    try:
        return Experiment(task_from_config({"name": path.stem, **task}), model, training)
    except LanguageError:
        raise
    except RecsynError as error:
        raise RecsynError(f"in {str(path)!r}: {error.message}", error.hint) from None


def _imported(source: Source, program: str) -> dict[str, str]:
    """The files that a program imports, by names that go from that of the program."""
    parts = (part.source for module in link([replace(source, name=program)]).modules for part in module.parts)
    return {part.name: part.text for part in parts if part.path is not None and part.path != source.path}


def _shipped(program: str, beside: Path) -> Path:
    shipped = example_path(program) if Path(program).name == program else beside
    return shipped if shipped.exists() else beside
