"""A task that copies short strings, with no program behind it: the neural floor asks nothing more of one."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lightning")

from recsyn.data.generation import Generated, Sequences
from recsyn.data.rows import Rows
from recsyn.data.vocabulary import END, START, Vocabulary
from recsyn.errors import RecsynError
from recsyn.neural import card, checkpoint, training
from recsyn.neural.architecture import Architecture
from recsyn.neural.networks import one_thread
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import Trained, train
from recsyn.values import Value, from_iterable, to_list

LETTERS = "abcdef"


@dataclass(frozen=True)
class CopyTask:
    longest: int = 6
    name: str = "copy"
    program_source: str = "fun copy x = x -- ⊢\n"
    asks: str = "value"
    emulates: bool = False
    asks_of_lines: bool = False

    @property
    def function(self) -> SimpleNamespace:
        return SimpleNamespace(name="copy")

    @property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(("<pad>", "<start>", "<end>", *LETTERS))

    @property
    def max_source_length(self) -> int:
        return self.longest + 1

    @property
    def max_target_length(self) -> int:
        return self.longest + 2

    def to_config(self) -> dict[str, Any]:
        return {"longest": self.longest, "source": self.program_source}

    @staticmethod
    def from_config(config: Mapping[str, Any]) -> CopyTask:
        longest, program = config.get("longest"), config.get("source")
        if set(config) != {"longest", "source"} or type(longest) is not int or not isinstance(program, str):
            raise RecsynError("the task must have a longest and a source")
        return CopyTask(longest, program_source=program)

    def encode_source(self, values: Sequence[Value]) -> np.ndarray:
        return self._encode(values, [])

    def encode_target(self, inputs: Sequence[Value], outputs: Sequence[Value]) -> np.ndarray:
        return self._encode(outputs, [START])

    def _encode(self, values: Sequence[Value], before: list[int]) -> np.ndarray:
        rows = [[*before, *self.vocabulary.encode(to_list(value)), END] for value in values]
        encoded = np.zeros((len(rows), max(map(len, rows))), np.int32)
        for row, ids in zip(encoded, rows, strict=True):
            row[: len(ids)] = ids
        return encoded


def copy_rows(task: CopyTask, n: int, seed: int, split: str = "train") -> Rows:
    chance = random.Random(f"{seed} {split}")
    values = tuple(from_iterable(chance.choices(LETTERS, k=chance.randint(0, task.longest))) for _ in range(n))
    return Rows(values, values, task.encode_source(values), task.encode_target(values, values))


def copies(task: CopyTask, n: int, seed: int, split: str = "train", values: bool = True) -> Generated:
    """The same rows as they are made for training."""
    rows = copy_rows(task, n, seed, split)
    source, target = (Sequences.of([row[row != 0].tolist() for row in side]) for side in (rows.source, rows.target))
    return Generated(source, target, ((rows.inputs, rows.outputs),))


@pytest.fixture(autouse=True)
def _copy_task(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "generate", copies)
    monkeypatch.setattr(card, "generate", copies)
    monkeypatch.setattr(checkpoint, "Task", CopyTask)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="session")
def task() -> CopyTask:
    return CopyTask()


@pytest.fixture(scope="session")
def small() -> Architecture:
    return Architecture(width=32, heads=2, feedforward=64, max_positions=16)


@pytest.fixture(scope="session")
def rows(task: CopyTask) -> Rows:
    """Rows that no training here has seen, but for the few strings that are short."""
    return copy_rows(task, 400, 7, "test")


@pytest.fixture(scope="session")
def half_trained(task: CopyTask, small: Architecture) -> Trained:
    """A model that is right some of the time, so that both verdicts are met."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "generate", copies)
        return train(task, dataclasses.replace(small, decoder_layers=2), Recipe(steps=40, learning_rate=3e-3, warmup=5))
