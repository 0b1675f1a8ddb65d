"""A program in another language that is timed on a workload."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from recsyn.benchmarks.workloads import Case
from recsyn.data.space import types_within
from recsyn.errors import RecsynError
from recsyn.lang.types import Type, constructors_of
from recsyn.values import Datum, Value, preorder


class RivalFailed(RecsynError):
    """A rival's compiler or program failed, or its outputs are not those of the reference machine."""


class TooSlow(RivalFailed):
    """A command ran longer than anyone will wait."""


PATIENCE, SHORT_PATIENCE = 300.0, 30.0
"""Seconds that a command may take, and one that evaluates a single example of a slow rival."""


@dataclass(frozen=True)
class Rival:
    """``build`` makes the program for a case in an empty folder; what it gives runs that program once: for at least so many CPU
    seconds, and gives the CPU seconds for one example. ``executable`` is what must be installed; ``version`` a command that prints
    its version first, and fails where something is missing. ``remark`` says what its figures do not. One that is ``slow``
    evaluates one example, once."""

    name: str
    executable: str
    version: Sequence[str]
    build: Callable[[Case, Path], Callable[[float], float]]
    remark: str = ""
    slow: bool = False

    def found(self) -> str | None:
        """Its version, as its own first line says it, or ``None`` where it is not installed."""
        if shutil.which(self.executable) is None:
            return None
        with suppress(RivalFailed):
            return output_of(self.version, Path.cwd()).splitlines()[0].strip()
        return None


def output_of(command: Sequence[str], folder: Path, patience: float = PATIENCE) -> str:
    """What a command printed. Raises :class:`RivalFailed` where it failed, and :class:`TooSlow` after ``patience`` seconds."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=patience,
        )
    except subprocess.TimeoutExpired:
        raise TooSlow(f"`{' '.join(command)}` took more than {patience:g} seconds") from None
    except OSError as error:
        raise RivalFailed(f"`{command[0]}` cannot be run: {error.strerror or error}") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-1_000:]
        raise RivalFailed(f"`{' '.join(command)}` failed with code {done.returncode}: {said}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Reader:
    """How the values of a type are read: an integer as itself, else by the number of its constructor, then field by field;
    ``ways`` are the constructors in order, each with the readers' numbers for its fields; empty for an integer."""

    type: Type
    ways: tuple[tuple[str, tuple[int, ...]], ...]


def readers(types: Sequence[Type], case: Case) -> list[Reader]:
    """The readers for values of some types, which come first, and of all the types of their parts."""
    datatypes = case.function.program.datatypes
    found = list(dict.fromkeys([*types, *chain.from_iterable(types_within(type, datatypes) for type in types)]))
    number = {type: at for at, type in enumerate(found)}
    return [
        Reader(type, tuple((c.name, tuple(number[f] for f in c.fields)) for c in constructors_of(type, datatypes)))
        for type in found
    ]


def signature(case: Case) -> tuple[Type, Type]:
    """The types of inputs and outputs."""
    [parameter] = case.function.parameters
    return parameter, case.function.result


def written(case: Case) -> str:
    """The inputs and outputs of a case as integers: their number, all inputs, all outputs, each in preorder as a :class:`Reader`
    takes it."""
    ranks = {c.name: rank for type in case.function.program.datatypes.values() for rank, c in enumerate(type.constructors)}
    numbers = chain([len(case.inputs)], *(_numbers(value, ranks) for value in (*case.inputs, *case.outputs)))
    return " ".join(map(str, numbers)) + "\n"


def _numbers(value: Datum, ranks: Mapping[str, int]) -> Iterator[int]:
    return (ranks[node.constructor] if isinstance(node, Value) else node for node in preorder(value))
