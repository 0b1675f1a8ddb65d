"""Rows of a task: inputs drawn, evaluated and encoded. A row is addressed by seed, split and index; splits share no input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsyn.data import generation
from recsyn.data.tasks import Task
from recsyn.values import Datum


@dataclass(frozen=True)
class Rows:
    """Inputs and right outputs, as values and as tokens: ``source`` is ``int32 [n, Ls]`` (tokens, end, padding), ``target``
    ``int32 [n, Lt]`` (start, tokens, end, padding)."""

    inputs: tuple[Datum, ...]
    outputs: tuple[Datum, ...]
    source: NDArray[np.int32]
    target: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.inputs)


def rows_of(task: Task, inputs: Sequence[Datum]) -> Rows:
    """The rows of given inputs."""
    outputs = task.function.of_each(inputs)
    return Rows(tuple(inputs), tuple(outputs), task.encode_source(inputs), task.encode_target(inputs, outputs))


def generate(task: Task, n: int, seed: int, split: str = "train", first: int = 0) -> Rows:
    """``n`` rows drawn from the task's distribution, of one split or group, from the index ``first`` on. The same arguments give
    the same rows. Raises :class:`RecsynError` where there is no such split, and where the distribution has no input in it."""
    made = generation.generate(task, n, seed, split, first)
    return Rows(tuple(made.inputs), tuple(made.outputs), made.source.padded(), made.target.padded())


def split_of(task: Task, value: Datum) -> str:
    """The split or group that an input belongs to, which never depends on a seed."""
    return task.division.of(value)
