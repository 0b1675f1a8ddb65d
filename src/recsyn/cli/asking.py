"""Which model is asked, how, and about what: options that several verbs share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import fields
from pathlib import Path

from recsyn.cli.arguments import Parser, from_yaml
from recsyn.data.experiments import load_experiment
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, quoted
from recsyn.front import load, plain_task
from recsyn.lang.diagnostics import nearest
from recsyn.testing.models.asking import Asking

_LARGEST = 20
"""Constructors of an input, where a function alone is named."""


def add_asking(parser: ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    keys = [f.name for f in fields(Asking) if f.name != "device"]
    parser.add_argument(
        "--device", action="append", metavar="DEVICE", help="where the model runs (default cpu); several share the work"
    )
    parser.add_family("--ask.", "asking", "how the model is asked", f"one of {', '.join(keys)}; see recsyn.testing.models.asking")


def asking_of(options: Namespace) -> Asking:
    """Raises :class:`RecsynError` for a key that there is not, and for a value that it cannot have."""
    known = [f.name for f in fields(Asking) if f.name != "device"]
    for key in options.asking:
        if key not in known:
            raise RecsynError(f"there is no option {quoted('--ask.' + key)}", nearest(key, known) or f"they are {', '.join(known)}")
    return Asking(**{key: from_yaml(f"--ask.{key}", value) for key, value in options.asking.items()})


def task_named(name: str) -> Task:
    """The task of a preset or of a YAML file; of ``FILE.rec:FUNCTION``, that of the function in the plainest notation. A
    function of several arguments is asked about tuples of them."""
    path, _, function = name.rpartition(":")
    if path.endswith(".rec"):
        return plain_task(load(path)[function].of_tuple, _LARGEST)
    if Path(name).suffix == ".rec":
        raise RecsynError(f"{quoted(name)} names no function of that file", f"say which: {name}:FUNCTION")
    return load_experiment(name).task
