"""Rows of a task: inputs drawn, evaluated and encoded. A row is addressed by seed, split and index; splits share no input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recsyn.data.randomness import digest, stream
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.values import Datum, Value, preorder

Split = Literal["train", "validation", "test"]
SPLITS: tuple[str, ...] = get_args(Split)

_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}
_FEW = 64
"""Where a size has fewer values than this, holding some out would leave holes in a space that a learner must see whole; all of
them belong to ``train``."""
_TRIES = 1_000


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
    return Rows(tuple(inputs), tuple(outputs), task.encode_source(inputs), task.encode_target(outputs))


def generate(task: Task, n: int, seed: int, split: str = "train") -> Rows:
    """``n`` rows drawn from the task's distribution, of one split. The same arguments give the same rows. Raises
    :class:`RecsynError` where the distribution has no input in that split."""
    if split not in SPLITS:
        raise RecsynError(f"there is no split {split!r}", f"the splits are {', '.join(SPLITS)}")
    return rows_of(task, [draw(task, seed, split, index) for index in range(n)])


def draw(task: Task, seed: int, split: str, index: int) -> Datum:
    """The input at one index of a split."""
    rng = stream(seed, split, index)
    for _ in range(_TRIES):
        value = task.sampler.draw(rng)
        if split_of(task, value) == split:
            return value
    raise RecsynError(
        f"{task.name}: {_TRIES} draws from its distribution held no input of the split {split!r}",
        f"inputs of a size with fewer than {_FEW} values all belong to 'train'; allow larger sizes",
    )


def split_of(task: Task, value: Datum) -> str:
    """The split that an input belongs to: by the hash of its tokens, so it never depends on a seed."""
    size = sum(isinstance(part, Value) for part in preorder(value))
    if task.space.grammar.count(task.space.type, size) < _FEW:
        return "train"
    place = digest("split", " ".join(task.input_codec.encode(value))) / 2**128
    for split, share in _SHARES.items():
        place -= share
        if place < 0:
            return split
    return SPLITS[-1]
