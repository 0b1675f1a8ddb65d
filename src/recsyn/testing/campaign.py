"""A campaign: a model held against a function. Every small input first, then draws that cover shapes and depths; the failures are
grouped by the rules that predict them, shrunk, and each rule is scored on inputs that it was not fitted to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from time import perf_counter

import numpy as np

from recsyn.data.answers import Answer
from recsyn.data.codecs import DecodeError
from recsyn.data.distributions import ByDepth, Distribution, Mixture, Sampler, Spines, Uniform
from recsyn.data.features import Columns
from recsyn.data.randomness import stream
from recsyn.data.space import Space
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.events import BatchTested, Finished, Listener, PhaseStarted, Shrunk, unheard
from recsyn.testing.findings import Evidence, Finding, Result
from recsyn.testing.rules import Mask, Rule, Score, fit_rule, score
from recsyn.testing.shrinking import order, shrink
from recsyn.testing.verdicts import Failure, Model, ModelError, batches, examine
from recsyn.values import Datum, size

_SMALL_SHARE = 0.25
"""The share of a search that goes to the smallest inputs, all of them in order."""
_DEEPEST = 1_000
"""The greatest size of a search by depth: to count larger inputs by depth takes long."""
_MOST_FINDINGS = 5
_LEAST_F1 = 0.5
"""A rule that describes the failures of the search worse than this explains nothing, and is not shown as if it did."""


class CampaignStopped(ModelError):
    """A model that stopped answering in mid-campaign. ``result`` holds what was found until then."""

    def __init__(self, error: RecsynError, result: Result) -> None:
        super().__init__(error.message, error.hint)
        self.result = result


@dataclass(frozen=True)
class Budget:
    """How much to test: ``examples`` inputs in the search, ``fresh`` for scoring rules, ``rate`` for the failure rate."""

    examples: int = 5_000
    fresh: int = 2_000
    rate: int = 1_000

    @staticmethod
    def of(examples: int) -> Budget:
        """A budget in proportion to a search of ``examples`` inputs."""
        return Budget(examples, *(max(200, min(most, examples)) for most in (2_000, 1_000)))

    def __post_init__(self) -> None:
        for name in ("examples", "fresh", "rate"):
            if getattr(self, name) < 1:
                raise RecsynError(f"the budget of {name} is {getattr(self, name)}, and a campaign needs at least 1")


def probing(space: Space, max_size: int) -> Distribution:
    """Where a search looks beyond the small inputs: sizes uniform, recursion depths uniform, spines, where the type has them."""
    parts: list[tuple[float, Distribution]] = [(0.4, Uniform(1, max_size))]
    try:
        space.at_depth(0)
    except RecsynError:
        pass
    else:
        if max_size <= _DEEPEST:
            parts.append((0.4, ByDepth(1, max_size, 0, max_size)))
    if space.spines:
        parts.append((0.2, Spines(1, max_size)))
    return Mixture(tuple(parts))


def run_campaign(
    model: Model,
    task: Task,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    max_size: int | None = None,
    listener: Listener = unheard,
) -> Result:
    """Test a model against a task's function on inputs of up to ``max_size`` constructors (by default as large as the task draws).
    Deterministic for a seed and a deterministic model. Ctrl-C ends the search, and what it found is reported. Raises
    :class:`CampaignStopped`, which holds what was found, where the model stops answering, and :class:`RecsynError` for a task that
    asks about lines of reductions: it is inputs that are searched, shrunk and explained."""
    if task.asks_of_lines:
        raise RecsynError(
            f"{task.name} asks for the line after one of a reduction, and a campaign is about inputs, each of which has many lines",
            "run whole evaluations by the model: `recsyn eval CHECKPOINT --emulate`",
        )
    campaign = _Campaign(model, task, budget or Budget(), seed, max_size or task.sampler.max_size, listener)
    return campaign.run()


class _Campaign:
    def __init__(self, model: Model, task: Task, budget: Budget, seed: int, max_size: int, listener: Listener) -> None:
        self.model, self.task, self.budget, self.seed, self.max_size, self.listener = model, task, budget, seed, max_size, listener
        self.error: RecsynError | None = None
        self.interrupted = False

    def run(self) -> Result:
        started = perf_counter()
        space = self.task.space
        small = int(self.budget.examples * _SMALL_SHARE)
        searched: list[tuple[Datum, Failure | None]] = []
        searched += self._test("small", self._small(small), small)
        wide = self.budget.examples - len(searched)
        searched += self._test("wide", self._draws("wide", probing(space, self.max_size)), wide)
        fresh = self._test("fresh", self._draws("fresh", probing(space, self.max_size)), self.budget.fresh)
        rate = self._test("rate", self._draws("rate", Uniform(1, self.max_size)), self.budget.rate)
        evidence, fresh_evidence = self._evidence(searched), self._evidence(fresh)
        sampled = self._evidence(rate)
        findings = tuple(self._findings(evidence, fresh_evidence))
        result = Result(
            task=self.task,
            findings=findings,
            searched=evidence,
            fresh=fresh_evidence,
            sampled=sampled,
            sampling=f"sizes from 1 to {self.max_size}, each as likely, and inputs of one size as likely",
            lost=(),
            tallies=(),
            calls=0,
            max_size=self.max_size,
            seed=self.seed,
            seconds=perf_counter() - started,
            interrupted=self.interrupted,
        )
        self.listener(Finished(result.seconds))
        if self.error:
            raise CampaignStopped(self.error, result) from self.error
        return result

    # Inputs

    def _small(self, count: int) -> Iterator[Datum]:
        def fits(value: Datum) -> bool:
            return size(value) <= self.max_size

        return takewhile(fits, self.task.space.smallest(count))

    def _draws(self, phase: str, distribution: Distribution) -> Iterator[Datum]:
        sampler = Sampler(distribution, self.task.space)
        index = 0
        while True:
            yield sampler.draw(stream(self.seed, "campaign", phase, index))
            index += 1

    def _test(self, phase: str, inputs: Iterable[Datum], planned: int) -> list[tuple[Datum, Failure | None]]:
        """Each input with its failure. A model that stops answering, or Ctrl-C, ends this phase and skips those that follow."""
        tested: list[tuple[Datum, Failure | None]] = []
        if self.error or self.interrupted:
            return tested
        self.listener(PhaseStarted(phase, planned))
        failures = 0
        try:
            for batch in batches(islice(inputs, planned)):
                verdicts = examine(self.model, self.task, batch)
                tested.extend(zip(batch, verdicts, strict=True))
                failures += sum(v is not None for v in verdicts)
                self.listener(BatchTested(phase, len(tested), failures))
        except KeyboardInterrupt:
            self.interrupted = True
        except RecsynError as error:
            self.error = error
        return tested

    def _evidence(self, tested: Sequence[tuple[Datum, Failure | None]]) -> Evidence:
        inputs = [value for value, _ in tested]
        columns = self.task.features(inputs, self.task.function.of_each(inputs))
        return Evidence(tuple(inputs), columns, tuple(failure for _, failure in tested))

    # Findings

    def _findings(self, searched: Evidence, fresh: Evidence) -> Iterator[Finding]:
        """One finding after another, each for failures that those before it do not predict. Where no rule describes what is left,
        or findings enough are made, the last finding takes it all, without a rule."""
        remaining, unexplained = searched.failing, fresh.failing
        passing = ~remaining
        earlier: list[Rule] = []
        while remaining.any():
            seen = remaining | passing
            rule = fit_rule(_selected(searched.columns, seen), remaining[seen])
            described = score(rule, _selected(searched.columns, seen), remaining[seen]).f1 >= _LEAST_F1
            if not described or len(earlier) + 1 == _MOST_FINDINGS:
                yield self._finding(searched.failed(remaining), None, Score(0, 0, int(unexplained.sum())), earlier)
                return
            open_question = unexplained | ~fresh.failing
            scored = score(rule, _selected(fresh.columns, open_question), unexplained[open_question])
            members = remaining & rule.holds(searched.columns)
            yield self._finding(searched.failed(members), rule, scored, earlier)
            earlier.append(rule)
            remaining = remaining & ~members
            unexplained = unexplained & ~rule.holds(fresh.columns)

    def _finding(self, failures: Sequence[Failure], rule: Rule | None, scored: Score, earlier: Sequence[Rule]) -> Finding:
        space = self.task.space
        smallest: list[Failure] = []
        for kind in dict.fromkeys(f.kind for f in failures):
            start = min((f for f in failures if f.kind == kind), key=lambda f: order(space, f.input))
            smallest.append(self._shrunk(start, rule, earlier))
        smallest.sort(key=lambda f: order(space, f.input))
        first = smallest[0]
        return Finding(
            smallest=tuple(smallest),
            expected=self.task.function.of_each([first.input])[0],
            actual=self._decoded(first.answer),
            kinds=dict(Counter(f.kind for f in failures).most_common()),
            rule=rule,
            score=scored,
        )

    def _shrunk(self, failure: Failure, rule: Rule | None, earlier: Sequence[Rule]) -> Failure:
        """The smallest failure of the same kind reached from one, among those that the same finding is about."""
        if self.error or self.interrupted:
            return failure
        known = {failure.input: failure}

        def still_fails(inputs: Sequence[Datum]) -> list[bool]:
            verdicts = examine(self.model, self.task, inputs)
            alike = [v for v in verdicts if v is not None and v.kind == failure.kind]
            belonging = self._belong([v.input for v in alike], rule, earlier)
            found = {v.input: v for v, belongs in zip(alike, belonging, strict=True) if belongs}
            known.update(found)
            return [value in found for value in inputs]

        try:
            reached = known[shrink(self.task.space, failure.input, still_fails)]
        except KeyboardInterrupt:
            self.interrupted = True
            return failure
        except RecsynError as error:
            self.error = error
            return failure
        self.listener(Shrunk(failure, reached))
        return reached

    def _belong(self, inputs: Sequence[Datum], rule: Rule | None, earlier: Sequence[Rule]) -> Mask:
        """Which inputs a rule predicts and no earlier one does."""
        columns = self.task.features(inputs, self.task.function.of_each(inputs))
        belong = rule.holds(columns) if rule else np.ones(len(inputs), dtype=np.bool_)
        for other in earlier:
            belong &= ~other.holds(columns)
        return belong

    def _decoded(self, answer: Answer) -> Datum | Answer:
        if not answer.ended:
            return answer
        try:
            value = self.task.question.read(answer.tokens)
        except DecodeError:
            return answer
        return answer if value is None else value


def _selected(columns: Columns, rows: Mask) -> Columns:
    return {name: column[rows] for name, column in columns.items()}
