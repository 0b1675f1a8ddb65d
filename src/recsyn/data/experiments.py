"""Experiments: a task with the network and the training that go with it, written as YAML. Those that ship are presets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from recsyn.data.configurations import Configuration, Shelf
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import LanguageError, nearest
from recsyn.lang.modules import link
from recsyn.lang.source import Source, read_source

_SECTIONS = ("task", "model", "training")


@dataclass(frozen=True, eq=False)
class Experiment:
    """``model`` and ``training`` are left to the floor that trains."""

    task: Task
    model: Mapping[str, Any]
    training: Mapping[str, Any]


PRESETS = Shelf("task", "presets")


def preset_names() -> list[str]:
    """The experiments that ship with recsyn."""
    return PRESETS.names


def example_path(name: str) -> Path:
    """An example program that ships with recsyn."""
    return Path(str(files("recsyn") / "examples" / name))


def load_experiment(name: str) -> Experiment:
    """A preset by name, or the experiment in a YAML file. Raises :class:`RecsynError` naming what is wrong in it."""
    return experiment_of(PRESETS.read(name))


def experiment_of(configuration: Configuration) -> Experiment:
    """The experiment that a configuration describes; files that it names are found beside its own. Raises :class:`RecsynError`."""
    config, path = configuration.content, configuration.path
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
