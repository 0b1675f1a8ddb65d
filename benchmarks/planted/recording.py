"""What a model was asked, counted at the model, so that no search is trusted about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from recsyn.benchmarks.planted.catalogue import Answering
from recsyn.data.tasks import Task
from recsyn.values import Datum, Value


class Spent(BaseException):
    """A search has asked all that it may. It is no ``Exception``, so that no search takes it for a failure of the model."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many inputs a model had been asked when it was first asked one on which it fails, and when the smallest such, these
    included; ``None`` where it never was. ``calls`` are all inputs that it was asked."""

    failure: int | None
    smallest: int | None
    calls: int


class Recorder:
    """A model that counts the inputs it is asked, each by itself and in the order of a batch; one asked twice counts twice. After
    ``most`` of them it raises :class:`Spent`."""

    def __init__(self, model: Answering, task: Task, smallest: Datum | None, most: int) -> None:
        self._model, self._task, self._target, self._most = model, task, smallest, most
        self.reach = Reach(None, None, 0)

    def __call__(self, inputs: Sequence[Datum]) -> list[Any]:
        counted = inputs[: self._most - self.reach.calls]
        answers = self._model(counted)
        self._count(counted, answers)
        if len(counted) < len(inputs):
            raise Spent
        return answers

    def _count(self, inputs: Sequence[Datum], answers: Sequence[Any]) -> None:
        before, failure, smallest = self.reach.calls, self.reach.failure, self.reach.smallest
        if failure is None:
            failure = next((before + i for i, right in enumerate(are_right(self._task, inputs, answers), 1) if not right), None)
        if smallest is None and self._target is not None:
            smallest = next((before + i for i, value in enumerate(inputs, 1) if value == self._target), None)
        self.reach = Reach(failure, smallest, before + len(inputs))


def are_right(task: Task, inputs: Sequence[Datum], answers: Sequence[Any]) -> list[bool]:
    """Which answers, each a value, a list of its tokens or a text of them, are the function's."""
    return [_is(task, answer, output) for answer, output in zip(answers, task.function.of_each(inputs), strict=True)]


def _is(task: Task, answer: Any, output: Datum) -> bool:
    if isinstance(answer, Value | int):
        return bool(answer == output)
    tokens = answer.split() if isinstance(answer, str) else answer
    return list(tokens) == task.output_codec.encode(output)
