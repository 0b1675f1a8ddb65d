"""Three ways to look for a bug, each with so many calls of the model: a campaign, Hypothesis on lists, and uniform sampling."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from hypothesis import HealthCheck, given, settings
from hypothesis.errors import HypothesisException

from recsyn.benchmarks.planted.catalogue import Answering, Correct, Planted, Subject, subjects
from recsyn.benchmarks.planted.lists import strategy
from recsyn.benchmarks.planted.recording import Reach, Recorder, Spent, are_right
from recsyn.data.distributions import Sampler, Uniform
from recsyn.data.randomness import stream
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.findings import Result
from recsyn.values import Datum

CALLS = 20_000
"""Inputs that a search may ask a model about, in all."""
_BUDGET = Budget(examples=14_000, fresh=500, rate=2_000, shrink=4_000, calls=CALLS, findings=1)
"""It ends with the first finding, as Hypothesis does, and leaves room for shrinking."""
_SEED = 0
_BATCH = 500
_AT_FIRST = 2_000
"""Inputs that Hypothesis draws for a subject before all of them, most of which are not needed where bugs show early."""


@dataclass(frozen=True, eq=False)
class Hunt:
    """What a campaign reached, and what it told: ``result`` is ``None`` where it asked more than it may."""

    reach: Reach
    result: Result | None

    @property
    def told(self) -> tuple[Datum, ...]:
        """The counterexamples of its findings."""
        return tuple(finding.counterexample for finding in self.result.findings) if self.result else ()


def by_campaign(model: Planted | Correct, budget: Budget = _BUDGET, calls: int = CALLS) -> Hunt:
    subject = model.subject
    recorder = Recorder(model.model(), subject.task, model.smallest if isinstance(model, Planted) else None, calls)
    result = None
    with suppress(Spent):
        result = run_campaign(recorder, subject.task, budget=budget, seed=_SEED, max_size=subject.tested)
    return Hunt(recorder.reach, result)


def _recorder(model: Planted, calls: int) -> Recorder:
    return Recorder(model.model(), model.subject.task, model.smallest, calls)


def first_alike(subject: Subject) -> Subject:
    """The first of the subjects that have the same inputs, which are drawn once for all of them."""
    return next(other for other in subjects().values() if _inputs(other) == _inputs(subject))


def _inputs(subject: Subject) -> tuple[object, ...]:
    return str(subject.task.space.type), subject.task.alphabet, subject.tested


# Uniform sampling


def by_sampling(model: Planted, calls: int = CALLS) -> Reach:
    recorder, inputs = _recorder(model, calls), drawn_uniformly(first_alike(model.subject), calls)
    for start in range(0, calls, _BATCH):
        recorder(inputs[start : start + _BATCH])
    return recorder.reach


@cache
def drawn_uniformly(subject: Subject, calls: int) -> tuple[Datum, ...]:
    """Inputs with sizes up to what is tested each as likely. They do not depend on a model."""
    sampler = Sampler(Uniform(1, subject.tested), subject.task.space)
    return tuple(sampler.draw(stream(_SEED, "planted", "uniform", index)) for index in range(calls))


# Hypothesis


def by_hypothesis(model: Planted, calls: int = CALLS) -> Reach:
    """What Hypothesis reaches. Until a test fails it draws what it draws for one that never does: that is drawn once, and where a
    model is right on all of it Hypothesis need not be run again."""
    subject = first_alike(model.subject)
    for many in (min(_AT_FIRST, calls), calls):
        rehearsal = _recorder(model, many)
        inputs = drawn_by_hypothesis(subject, many)
        for start in range(0, len(inputs), _BATCH):
            rehearsal(inputs[start : start + _BATCH])
            if rehearsal.reach.failure is not None:
                return hypothesis_itself(model, calls)
    return rehearsal.reach


def hypothesis_itself(model: Planted, calls: int = CALLS) -> Reach:
    recorder = _recorder(model, calls)
    # What it says in the end, that a test failed or does not always, is no matter: the recorder saw all.
    with suppress(AssertionError, HypothesisException, ExceptionGroup, Spent):
        _run(model.subject, recorder, calls)
    return recorder.reach


@cache
def drawn_by_hypothesis(subject: Subject, calls: int) -> tuple[Datum, ...]:
    """The inputs that it gives to a test that never fails, in order."""
    drawn: list[Datum] = []

    def right(inputs: Sequence[Datum]) -> list[Datum]:
        if len(drawn) == calls:
            raise Spent
        drawn.extend(inputs)
        return subject.task.function.of_each(inputs)

    with suppress(Spent):
        _run(subject, right, calls)
    return tuple(drawn)


def _run(subject: Subject, model: Answering, calls: int) -> None:
    @settings(max_examples=calls, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy(subject))
    def model_is_right(value: Datum) -> None:
        assert all(are_right(subject.task, [value], model([value])))

    model_is_right()
