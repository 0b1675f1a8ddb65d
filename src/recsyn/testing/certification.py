"""Every input up to a size: a model is right on all of them, or these are the exceptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from time import perf_counter
from typing import Any

from recsyn.data.populations import Population
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.testing.events import BatchTested, Finished, Listener, PhaseStarted, unheard
from recsyn.testing.interview import LOST_IN_A_ROW
from recsyn.testing.verdicts import Failure, Judge, Lost, Model, batches, examine, examine_each
from recsyn.values import Datum, show

_MOST = 100_000_000
"""Inputs of one certification; more take days."""
_CHECKED = 100
"""Verdicts that are held against the model's own answers, one input at a time."""
MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """Verdicts in batches beside the same one at a time, by writing the answers: of how many inputs, how many differ, and the
    seconds that one input took in each way, everything included."""

    inputs: int
    differing: int
    batched: float
    one_at_a_time: float

    @property
    def ratio(self) -> float:
        """How many times as fast batches are."""
        return self.one_at_a_time / self.batched


@dataclass(frozen=True, eq=False)
class Certificate:
    """What came of all inputs of up to ``max_size`` constructors. ``exceptions`` are those on which the model fails, the smallest
    first, at most 10,000 of ``failures``; ``lost`` those without a verdict. ``inputs`` is how many there are, ``tested`` how many
    of them were, which is fewer where it was interrupted, or the model stopped
    answering, as ``stopped`` then says."""

    task: Task
    max_size: int
    inputs: int
    tested: int
    failures: int
    exceptions: tuple[Failure, ...]
    lost: tuple[Lost, ...]
    comparison: Comparison | None
    seconds: float
    interrupted: bool
    stopped: str | None = None

    @property
    def holds(self) -> bool:
        """Whether the model is right on every input, and the answers that were written agree with the verdicts."""
        agree = self.comparison is None or not self.comparison.differing
        return self.tested == self.inputs and not self.failures and not self.lost and agree

    def to_json(self) -> dict[str, Any]:
        compared = self.comparison
        return {
            "task": self.task.name,
            "function": core.spelled(self.task.function.name),
            "max_size": self.max_size,
            "inputs": self.inputs,
            "tested": self.tested,
            "failures": self.failures,
            "exceptions": [
                {"input": show(f.input), "expected": " ".join(f.expected), "actual": str(f.answer), "kind": f.kind}
                for f in self.exceptions
            ],
            "lost": [{"input": show(lost.input), "loss": lost.loss, "why": lost.why} for lost in self.lost],
            "one_at_a_time": compared
            and {"inputs": compared.inputs, "differing": compared.differing, "batches_are_faster_by": round(compared.ratio, 1)},
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
            "interrupted": self.interrupted,
        }


def certify(model: Model, task: Task, max_size: int, *, listener: Listener = unheard) -> Certificate:
    """Test a model on every input of up to ``max_size`` constructors, in order of size. A model that can judge, as a checkpoint
    does by teacher forcing, judges in batches, and some of its verdicts are held against the answers it writes one at a time.
    Ctrl-C ends it, and so does a model that no longer answers; what was tested until then is told. Raises :class:`RecsynError`
    where there are no inputs, or too many, and where the model cannot be asked at all."""
    levels = [level for size in range(max_size + 1) if (level := Population(task.space, task.space.type, size))]
    inputs = sum(level.count for level in levels)
    if not inputs:
        raise RecsynError(f"no {task.space.type} has up to {max_size} constructors", "allow larger inputs")
    if inputs > _MOST:
        raise RecsynError(
            f"there are {inputs:,} inputs of up to {max_size} constructors, and at most {_MOST:,} are gone through",
            "allow fewer constructors, or a smaller alphabet in the task",
        )
    tally = _Tally(model, task, inputs, listener)
    started = perf_counter()
    listener(PhaseStarted("every input", inputs))
    interrupted, stopped = False, None
    try:
        for batch in batches(chain.from_iterable(_members(level) for level in levels)):
            tally.test(batch)
            if tally.silent >= LOST_IN_A_ROW:
                stopped = f"the model no longer answers: none of {tally.silent} inputs in a row: {tally.lost[-1].why}"
                break
    except KeyboardInterrupt:
        interrupted = True
    seconds = perf_counter() - started
    comparison = None if interrupted or stopped else tally.compared(seconds)
    listener(Finished(seconds))
    return Certificate(
        task,
        max_size,
        inputs,
        tally.tested,
        tally.failures,
        tuple(tally.exceptions),
        tuple(tally.lost),
        comparison,
        seconds,
        interrupted,
        stopped,
    )


def _members(level: Population) -> Iterator[Datum]:
    if level.distinct:
        return (level.value(rank) for rank in range(level.count))
    return level.space.grammar.values(level.start, level.size)


class _Tally:
    def __init__(self, model: Model, task: Task, inputs: int, listener: Listener) -> None:
        self.model, self.task, self.listener = model, task, listener
        self.stride = max(1, inputs // _CHECKED)
        self.tested = self.failures = self.silent = 0
        self.exceptions: list[Failure] = []
        self.lost: list[Lost] = []
        self.to_compare: list[tuple[Datum, bool]] = []

    def test(self, batch: list[Datum]) -> None:
        verdicts = examine_each(self.model, self.task, batch)
        lost = [v for v in verdicts if isinstance(v, Lost)]
        if not self.tested and len(lost) == len(batch):
            examine(self.model, self.task, batch)  # says why, where the model answers nothing at all
        unanswered = [v for v in lost if v.loss != "no truth"]
        self.silent = self.silent + len(lost) if unanswered and len(lost) == len(batch) else 0
        failing = [v for v in verdicts if isinstance(v, Failure)]
        self.to_compare += [
            (value, verdict is None)
            for place, (value, verdict) in enumerate(zip(batch, verdicts, strict=True), self.tested)
            if place % self.stride == 0 and not isinstance(verdict, Lost)
        ]
        self.tested += len(batch)
        self.failures += len(failing)
        self.exceptions += failing[: MOST_KEPT - len(self.exceptions)]
        self.lost += lost
        self.listener(BatchTested("every input", self.tested, self.failures, len(self.lost)))

    def compared(self, seconds: float) -> Comparison | None:
        """Some of the inputs asked again one at a time, their answers written; ``None`` for models that do not judge. ``seconds``
        is what all took."""
        if not isinstance(self.model, Judge) or not self.to_compare:
            return None
        model, differing = self.model, 0
        started = perf_counter()
        for value, right in self.to_compare:
            differing += right != (examine(lambda inputs: model(inputs), self.task, [value]) == [None])
        taken = perf_counter() - started
        return Comparison(len(self.to_compare), differing, seconds / self.tested, taken / len(self.to_compare))
