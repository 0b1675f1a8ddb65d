"""A model questioned about a task: what was asked, what came of it, and why it ended where it did.

An input is asked once; what is known of it is remembered. Losing inputs one by one ends nothing; a model that no longer answers
at all does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import inf
from time import perf_counter

from recsyn.data.answers import Answer
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.testing.events import BatchTested, Listener, PhaseStarted
from recsyn.testing.findings import Tally
from recsyn.testing.verdicts import Failure, Lost, Model, ModelError, ask, ask_each, batches, examine_each
from recsyn.values import Datum

LOST_IN_A_ROW = 256
"""So many inputs without one answer, and the model is taken to be gone."""
_SILENT = 16
"""So many from the first on, and it is taken to answer none. What is asked first may be a hard case or two."""
_ASKED_ALONE = 8


class Ended(Exception):
    """No more questions: the budget of this part is used up, the user has interrupted, or the model no longer answers."""


@dataclass
class _Count:
    asked: int = 0
    failures: int = 0
    lost: int = 0


class Interview:
    """``calls`` counts the inputs that the model was asked, at most ``most_calls``. ``deadline``, in the seconds of
    :func:`time.perf_counter`, may be put off; after it no batch is begun. ``failures`` are all that were met, those on the way of
    shrinking too."""

    def __init__(self, model: Model, task: Task, listener: Listener, most_calls: int | None) -> None:
        self.model, self.task, self.listener, self.most_calls = model, task, listener, most_calls
        self.verdicts: dict[Datum, Failure | Lost | None] = {}
        self.deadline = inf
        self.calls = 0
        self.interrupted = False
        self.error: RecsynError | None = None
        self.out_of: str | None = None
        self.remarks: list[str] = []
        self.failures: list[Failure] = []
        self._answered = False
        self._counts: dict[str, _Count] = {}
        self._in_a_row = 0
        self._seconds = 0.0

    @property
    def tallies(self) -> tuple[Tally, ...]:
        return tuple(Tally(phase, c.asked, c.failures, c.lost) for phase, c in self._counts.items())

    @property
    def lost(self) -> tuple[Lost, ...]:
        return tuple(v for v in self.verdicts.values() if isinstance(v, Lost))

    @property
    def silent(self) -> frozenset[Datum]:
        """The inputs that were lost since the last one that was answered."""
        backwards = reversed(self.verdicts.items())
        return frozenset(value for value, _ in takewhile(lambda one: isinstance(one[1], Lost), backwards))

    @property
    def over(self) -> bool:
        """Whether nothing can be asked any more, whatever time is left."""
        return self.interrupted or self.error is not None

    def begin(self, phase: str, planned: int | None) -> None:
        """Say that a phase begins, once."""
        if phase not in self._counts:
            self._counts[phase] = _Count()
            self.listener(PhaseStarted(phase, planned))

    def test(self, phase: str, inputs: Sequence[Datum]) -> list[Failure | Lost | None]:
        """The verdict on each input, those that are known already not asked again. Raises :class:`Ended`, after which what was
        answered so far is in ``verdicts``."""
        for batch in batches(inputs):
            self.learn([value for value in dict.fromkeys(batch) if value not in self.verdicts])
            count = self._counts[phase]
            found = [self.verdicts[value] for value in batch]
            count.asked += len(batch)
            count.failures += sum(isinstance(v, Failure) for v in found)
            count.lost += sum(isinstance(v, Lost) for v in found)
            self.listener(BatchTested(phase, count.asked, count.failures, count.lost))
        return [self.verdicts[value] for value in inputs]

    def learn(self, inputs: Sequence[Datum]) -> None:
        """Ask inputs that are not known yet, all in one batch, or fewer at a time where that would take longer than there is time.
        Raises :class:`Ended`."""
        left = list(inputs)
        while left:
            self._check_open(len(left))
            batch = left[: self._in_time()]
            self._learn(batch)
            left = left[len(batch) :]

    def _in_time(self) -> int | None:
        """How many inputs will be answered before the deadline, if they take as long as those before; at least one."""
        if self.deadline == inf or not self._seconds:
            return None
        return max(1, int((self.deadline - perf_counter()) / self._seconds * self.calls))

    def _learn(self, inputs: Sequence[Datum]) -> None:
        began = perf_counter()
        try:
            found = examine_each(self.model, self.task, inputs)
        except KeyboardInterrupt:
            self.interrupted = True
            raise Ended from None
        except RecsynError as error:
            self.error = error
            raise Ended from None
        self.calls += len(inputs)
        self._seconds += perf_counter() - began
        failing = [v for v in found if isinstance(v, Failure)]
        first = not self.failures
        self.verdicts.update(zip(inputs, found, strict=True))
        self.failures += failing
        self._check_answering(found)
        if first and failing:
            self._ask_alone(inputs, failing)

    def check_answered(self) -> None:
        """Once all is asked, hold it for an error where there is no verdict at all."""
        if not self.over and self.verdicts and all(isinstance(v, Lost) for v in self.verdicts.values()):
            first = min(self.lost, key=lambda lost: lost.loss == "no truth")
            name, many = core.spelled(self.task.function.name), len(self.verdicts)
            none = f"{name} ends on" if first.loss == "no truth" else "the model answered"
            self.error = ModelError(f"{none} none of {many} input{'s' * (many != 1)}: {first.loss}: {first.why}")

    def _check_open(self, many: int) -> None:
        if self.over:
            raise Ended
        if self.most_calls is not None and self.calls + many > self.most_calls:
            self.out_of = "calls"
            raise Ended
        if perf_counter() >= self.deadline:
            self.out_of = "time"
            raise Ended

    def _check_answering(self, found: Sequence[Failure | Lost | None]) -> None:
        """End the interview where the model has answered nothing yet, or nothing for long. What the function does not end on says
        nothing about the model."""
        told = [v for v in found if not (isinstance(v, Lost) and v.loss == "no truth")]
        if not told:
            return
        silent = [v for v in told if isinstance(v, Lost)]
        self._answered = self._answered or len(silent) < len(told)
        self._in_a_row = self._in_a_row + len(silent) if len(silent) == len(told) else 0
        if not self._answered and self._in_a_row >= _SILENT:
            self.error = self._refusal([lost.input for lost in silent], silent[0])
            raise Ended
        if self._in_a_row >= LOST_IN_A_ROW:
            self.error = ModelError(f"the model no longer answers: none of {self._in_a_row} inputs in a row: {silent[-1].why}")
            raise Ended

    def _refusal(self, inputs: Sequence[Datum], first: Lost) -> RecsynError:
        """What is told of a model that has not answered once: what it does with the whole batch, in the words for that."""
        try:
            ask(self.model, self.task, [self.task.asked(value) for value in inputs])
        except RecsynError as error:
            return error
        return ModelError(f"the model answered none of {len(inputs)} inputs: {first.loss}: {first.why}")

    def _ask_alone(self, batch: Sequence[Datum], failures: Sequence[Failure]) -> None:
        """Ask the first failures again, each alone: a model that mixes up its answers is right then."""
        left = inf if self.most_calls is None else self.most_calls - self.calls
        again = failures[: int(min(_ASKED_ALONE, left))]
        if len(batch) == 1 or not again:
            return
        try:
            alone = [ask_each(self.model, self.task, [self.task.asked(f.input)])[0] for f in again]
        except KeyboardInterrupt:
            self.interrupted = True
            raise Ended from None
        self.calls += len(again)
        right = sum(isinstance(a, Answer) and a.ended and a.tokens == f.expected for a, f in zip(alone, again, strict=True))
        if not right:
            return
        expected = Counter(f.expected for f in failures)
        if len(failures) > 1 and expected == Counter(f.answer.tokens for f in failures):
            self.error = ModelError(
                f"the model answers a batch of {len(batch)} inputs in another order than it was asked",
                "the answer to the first input comes first, that to the last input last",
            )
            self.verdicts.clear()  # They are of other inputs.
            self.failures.clear()
            raise Ended
        self.remarks.append(
            f"{right} of the first {len(again)} failing inputs are answered right when asked again, alone: "
            "the answers depend on chance, or on the rest of the batch"
        )
