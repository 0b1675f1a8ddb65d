"""What came of whole evaluations by a model: each step that it took, how each evaluation ended, and how often both are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from recsyn.data.answers import Answer
from recsyn.data.questions import Line
from recsyn.data.tasks import Task
from recsyn.testing.evaluation import Group, groups_over, right_share, share_to_json
from recsyn.testing.findings import Rate
from recsyn.testing.verdicts import Kind
from recsyn.values import Datum

End = Literal["value", "no value", "no answer", "repetition", "limit"]
"""How an evaluation ended: with a value; with a last line that has no call left and is none, or, in a scratchpad, is none yet; with
what is no answer to the question; with a call that led to itself; with more calls than the limit."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step up to which all was right. ``number`` is its round, step or line, from 1. ``given`` is the call that is worked off, in
    a scratchpad the line before; ``kind`` says how the answer differs from the right one, and is ``None`` where it does not."""

    number: int
    given: Line
    expected: Line
    answer: Answer
    kind: Kind | None

    def to_json(self) -> dict[str, Any]:
        texts = {"given": " ".join(self.given), "expected": " ".join(self.expected), "actual": str(self.answer)}
        return {"number": self.number, **texts, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Run:
    """One input's evaluation by a model. ``length`` is how many steps the right one has; ``steps`` are those that the model took
    with nothing wrong on the way to them, in order, and ``astray`` how many it took beside. ``line`` is the last one, ``expected``
    what it should be: the value."""

    input: Datum
    length: int
    steps: tuple[Step, ...]
    astray: int
    end: End
    line: Line
    expected: Line

    @property
    def value_right(self) -> bool:
        return self.end == "value" and self.line == self.expected

    @property
    def first_wrong(self) -> Step | None:
        return next((step for step in self.steps if step.kind is not None), None)


@dataclass(frozen=True, eq=False)
class Emulation:
    """What came of n inputs."""

    task: Task
    runs: tuple[Run, ...]

    @property
    def step_rate(self) -> Rate:
        """The share of steps that are wrong, among those that began right."""
        steps = [step.kind is not None for run in self.runs for step in run.steps]
        return Rate(sum(steps), len(steps))

    @property
    def value_rate(self) -> Rate:
        """The share of inputs whose evaluation does not end with the function's value."""
        return Rate(sum(not run.value_right for run in self.runs), len(self.runs))

    @property
    def path_rate(self) -> Rate:
        """The share of inputs with a wrong step."""
        return Rate(sum(run.first_wrong is not None for run in self.runs), len(self.runs))

    @property
    def if_independent(self) -> float:
        """The share of inputs whose every step would be right if each step were right with the same chance, whatever the others
        are: the mean of s^k over the inputs, of k steps, where s is the share of steps that are right."""
        right = right_share(self.step_rate)
        return sum(right**run.length for run in self.runs) / len(self.runs) if self.runs else float("nan")

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind of wrong step was met."""
        return dict(Counter(step.kind for run in self.runs for step in run.steps if step.kind is not None).most_common())

    @property
    def ends(self) -> dict[str, int]:
        """How often evaluations ended in each way."""
        return dict(Counter(run.end for run in self.runs).most_common())

    def by_length(self) -> list[Group]:
        """Inputs by how many steps they take, in ranges where these are many; wrong are those with a wrong step."""
        return _groups([(run.length, run.first_wrong is not None) for run in self.runs])

    def by_number(self) -> list[Group]:
        """Steps that began right by their round, step or line, in ranges where these are many."""
        return _groups([(step.number, step.kind is not None) for run in self.runs for step in run.steps])

    def to_json(self) -> dict[str, Any]:
        return {
            "asks": self.task.asks,
            "steps": share_to_json(self.step_rate, "steps"),
            "values": share_to_json(self.value_rate, "inputs"),
            "every_step": {**share_to_json(self.path_rate, "inputs"), "if_independent": self.if_independent if self.runs else None},
            "kinds": self.kinds,
            "ends": self.ends,
            "by_length": [_named(group, "inputs") for group in self.by_length()],
            "by_number": [_named(group, "steps") for group in self.by_number()],
            "runs": [self._run_to_json(run) for run in self.runs],
        }

    def _run_to_json(self, run: Run) -> dict[str, Any]:
        wrong = run.first_wrong
        return {
            "input": " ".join(self.task.input_codec.encode(run.input)),
            "length": run.length,
            "steps": len(run.steps),
            "right_steps": sum(step.kind is None for step in run.steps),
            "astray": run.astray,
            "end": run.end,
            "line": " ".join(run.line),
            "value_right": run.value_right,
            "first_wrong": None if wrong is None else wrong.to_json(),
        }


def _groups(rows: Sequence[tuple[int, bool]]) -> list[Group]:
    """Groups of numbers; with each stands whether it is wrong."""
    column = np.array([number for number, _ in rows], dtype=np.int64)
    return groups_over(column, np.array([wrong for _, wrong in rows], dtype=np.bool_))


def _named(group: Group, what: str) -> dict[str, Any]:
    return {**group.place, **share_to_json(group.wrong, what)}
