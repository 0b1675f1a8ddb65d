"""A campaign: a model held against a function.

Its phases: cases that were given, every small input, edge cases, inputs drawn uniformly by size, inputs that cover the features
where failures and uncertainty are, and, for models that tell their loss, inputs that raise it. They take turns, in growing
portions. The first failure of each kind is shrunk at once. At the end failures are grouped by the rules that predict them, each
rule scored on inputs drawn anew. The failure rate is of the inputs drawn uniformly alone, or of those of another
declared distribution; they are drawn whatever was found, and all of them are asked, unless time, calls or the model come to an
end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import islice, takewhile
from math import inf
from time import perf_counter

from recsyn.data.distributions import Distribution, Sampler, Uniform
from recsyn.data.randomness import stream
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, quoted
from recsyn.lang import core
from recsyn.semantics.conformance import misfit
from recsyn.testing.budget import Budget
from recsyn.testing.climbing import climb
from recsyn.testing.edges import edges
from recsyn.testing.events import Finished, Listener, unheard
from recsyn.testing.exploring import Explorer, probing
from recsyn.testing.findings import Evidence, Finding, Result
from recsyn.testing.grouping import MOST_FINDINGS, findings, groups, shrunk
from recsyn.testing.interview import Ended, Interview
from recsyn.testing.shrinking import order
from recsyn.testing.smallest import smallest
from recsyn.testing.verdicts import Graded, Kind, Lost, Model, ModelError, batches
from recsyn.values import Datum

_SMALL_SHARE, _EDGES_SHARE, _CLIMB_SHARE = 0.25, 0.05, 0.15
"""The shares of a search that go to the smallest inputs, to edge cases, and to those that raise the loss where there is one."""
_SEARCH_TIME, _FRESH_TIME = 0.7, 0.85
"""The shares of the time after which the search, and the scoring of rules, is over."""
_PATIENCE = 20
_PORTIONS = (16, 16, 32, 64, 128, 256)
"""What each phase is asked at its turns, and from then on as much as at the last."""


class CampaignStopped(ModelError):
    """A model that stopped answering before anything was found. ``result`` holds what was tested until then."""

    def __init__(self, error: RecsynError, result: Result) -> None:
        super().__init__(error.message, error.hint)
        self.result = result


def run_campaign(
    model: Model,
    task: Task,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    max_size: int | None = None,
    cases: Sequence[Datum] = (),
    sampling: Distribution | None = None,
    listener: Listener = unheard,
) -> Result:
    """Test a model against a task's function on inputs of up to ``max_size`` constructors (by default as large as the task draws).

    ``cases`` are inputs of any size that are asked first. The failure rate is over inputs drawn from ``sampling``, by default sizes
    from 1 to ``max_size`` uniformly. Deterministic for a seed and a deterministic model, but where time is short. Ctrl-C ends the
    search, and what it found is reported; so is what was found before a model stops answering. Raises :class:`CampaignStopped`
    where it stops before anything is found, :class:`ModelError` where it never answers, and :class:`RecsynError` for a case that is
    no input, and for a task that asks about lines of reductions: it is inputs that are searched, shrunk and explained."""
    if task.asks_of_lines:
        raise RecsynError(
            f"{task.name} asks for the line after one of a reduction, and a campaign is about inputs, each of which has many lines",
            "run whole evaluations by the model: `recsyn eval CHECKPOINT --emulate`",
        )
    for case in cases:
        if wrong := misfit(case, task.space.type, task.space.datatypes):
            name = core.spelled(task.function.name)
            raise RecsynError(f"the case {quoted(str(case))} is no input of {name}: {wrong}")
    largest = max_size or task.sampler.max_size
    drawn = sampling or Uniform(1, largest)
    return _Campaign(model, task, budget or Budget(), seed, largest, cases, drawn, listener).run()


class _Campaign:
    def __init__(
        self,
        model: Model,
        task: Task,
        budget: Budget,
        seed: int,
        max_size: int,
        cases: Sequence[Datum],
        sampling: Distribution,
        listener: Listener,
    ) -> None:
        self.model, self.task, self.budget, self.seed, self.max_size = model, task, budget, seed, max_size
        self.cases, self.sampling, self.listener = cases, sampling, listener
        self.interview = Interview(model, task, listener, budget.calls)
        self.searched: dict[Datum, None] = {}
        self.sampled: list[Datum] = []
        self.fresh: list[Datum] = []
        self.unseen = 0
        self.shrunk_kinds: set[Kind] = set()
        self.looked_at = 0
        self.grouped_at = 0
        self.started = perf_counter()

    def run(self) -> Result:
        interview = self.interview
        with self._part(_SEARCH_TIME):
            self._search()
        interview.check_answered()
        if interview.error and all(isinstance(v, Lost) for v in interview.verdicts.values()):
            raise interview.error
        seen = self._despite_interrupts(lambda: self._evidence(interview.verdicts))
        with self._part(_FRESH_TIME):
            self._score()
        found: tuple[Finding, ...] = ()
        if interview.error:  # Once the model is silent, those that have an answer were known before: no fair sample.
            silent = interview.silent
            self.sampled = list(takewhile(lambda value: value not in silent, self.sampled))
        searched, sampled, fresh = (
            self._despite_interrupts(lambda: self._evidence(inputs))  # noqa: B023
            for inputs in (self.searched, self.sampled, self.fresh)
        )
        most = min(MOST_FINDINGS, self.budget.findings or MOST_FINDINGS)
        with self._part(1):
            found = tuple(findings(interview, seen, fresh, most, self.budget.shrink))
        if interview.interrupted and not found:  # while they were grouped; nothing is asked any more
            found = tuple(findings(interview, seen, fresh, most, self.budget.shrink))
        result = Result(
            task=self.task,
            findings=found,
            searched=searched,
            sampled=sampled,
            fresh=fresh,
            unseen=self.unseen,
            sampling=_told(self.sampling),
            lost=interview.lost,
            tallies=interview.tallies,
            calls=interview.calls,
            max_size=self.max_size,
            seed=self.seed,
            seconds=perf_counter() - self.started,
            remarks=tuple(interview.remarks),
            stopped=self._why_stopped(),
            interrupted=interview.interrupted,
        )
        self.listener(Finished(result.seconds))
        if interview.error and not found:
            raise CampaignStopped(interview.error, result) from interview.error
        return result

    @contextmanager
    def _part(self, share: float) -> Iterator[None]:
        """A part of the campaign, which ends once this share of the time is over, or at Ctrl-C."""
        self.interview.deadline = inf if self.budget.seconds is None else self.started + share * self.budget.seconds
        try:
            with suppress(Ended):
                yield
        except KeyboardInterrupt:
            self.interview.interrupted = True

    def _despite_interrupts(self, work: Callable[[], Evidence]) -> Evidence:
        """What nothing has to be asked for: after Ctrl-C too, since the report is of it."""
        try:
            return work()
        except KeyboardInterrupt:
            self.interview.interrupted = True
            return work()

    def _why_stopped(self) -> str | None:
        if self.interview.error:
            return self.interview.error.message
        if self.interview.out_of == "time":
            return f"its {self.budget.seconds:g} seconds were over"
        return f"its {self.budget.calls} calls were used up" if self.interview.out_of == "calls" else None

    # Phases

    def _search(self) -> None:
        """The phases by turns. Once enough is found only the sample for the rate goes on, so that it does not depend on what is."""
        shares = self._shares()
        sources = {
            "given": _portioned(self.cases),
            "small": _portioned(smallest(self.task.space, self.max_size, shares["small"])),
            "uniform": self._sampling(),
            "edges": _portioned(edges(self.task.space, self.max_size, self.seed)),
            "coverage": self.explorer.propose,
            "climb": self._climbing(),
        }
        left = dict(shares)
        for phase, count in _turns(left):
            if phase != "uniform" and self._enough():
                continue
            self.interview.begin(phase, shares[phase])
            inputs = sources[phase](count, self._known)
            if phase in ("small", "edges"):  # Where these are few, the search goes on elsewhere.
                left["coverage"] += count - len(inputs)
            try:
                self.interview.test(phase, inputs)
            finally:
                self._keep(phase, inputs)
            self._learn(inputs)
            self._shrink_new_kinds()

    def _keep(self, phase: str, inputs: Sequence[Datum]) -> None:
        """What was answered; of the sample whole portions, so that those that were known before do not count for more."""
        known = [value for value in inputs if self._known(value)]
        if phase != "uniform":
            self.searched.update(dict.fromkeys(known))
        elif len(known) == len(inputs):
            self.sampled += inputs

    def _shares(self) -> dict[str, int]:
        examples = self.budget.examples
        small, edge = max(1, int(examples * _SMALL_SHARE)), int(examples * _EDGES_SHARE)
        climbed = int(examples * _CLIMB_SHARE) if isinstance(self.model, Graded) else 0
        coverage = max(0, examples - small - edge - climbed)
        shares = {"given": len(self.cases), "small": small, "edges": edge, "uniform": self.budget.rate}
        return {**shares, "coverage": coverage, "climb": climbed}

    @cached_property
    def explorer(self) -> Explorer:
        return Explorer(self.task, self.max_size, self.seed)

    def _known(self, value: Datum) -> bool:
        return value in self.interview.verdicts

    def _drawn(self, phase: str, distribution: Distribution) -> Iterator[Datum]:
        sampler = Sampler(distribution, self.task.space)
        index = 0
        while True:
            yield sampler.draw(stream(self.seed, "campaign", phase, index))
            index += 1

    def _sampling(self) -> Callable[[int, Callable[[Datum], bool]], list[Datum]]:
        """The sample for the rate, in which what is known counts like anything else."""
        drawn = self._drawn("uniform", self.sampling)
        return lambda count, known: list(islice(drawn, count))

    def _climbing(self) -> Callable[[int, Callable[[Datum], bool]], list[Datum]]:
        """Batches of a search that begins, when it is first asked for, with what was tested until then."""
        bred: list[Iterator[Datum]] = []

        def born(model: Graded) -> Iterator[Datum]:
            starts = list(self.interview.verdicts)[-512:]
            for batch in climb(model, self.task, starts, self.max_size, self.seed, self._known):
                yield from batch

        def proposals(count: int, known: Callable[[Datum], bool]) -> list[Datum]:
            if not bred and isinstance(self.model, Graded):
                bred.append(born(self.model))
            return list(islice(bred[0], count)) if bred else []

        return proposals

    def _learn(self, inputs: Sequence[Datum]) -> None:
        evidence = self._evidence(inputs)
        if evidence.inputs:
            self.explorer.learn(evidence.inputs, evidence.columns, evidence.failing)

    def _shrink_new_kinds(self) -> None:
        """Shrink the smallest failure of each kind that was not met before. What is asked on the way may be of a new kind again."""
        failures = self.interview.failures
        while new := [f for f in islice(failures, self.looked_at, None) if f.kind not in self.shrunk_kinds]:
            first = min(new, key=lambda f: order(self.task.space, f.input))
            self.shrunk_kinds.add(first.kind)
            shrunk(self.interview, first, self.budget.shrink)
        self.looked_at = len(failures)

    def _enough(self) -> bool:
        """Whether as many findings as were wanted are there. Failures are grouped anew each time that they have doubled."""
        wanted = self.budget.findings
        if wanted is None:
            return False
        failures = len(self.interview.failures)
        if failures < wanted:
            return False
        if wanted > 1 and self.grouped_at >= 0 and failures >= 2 * self.grouped_at:
            self.grouped_at = failures
            if groups(self._evidence(self.interview.verdicts)) >= wanted:
                self.grouped_at = -1
        return wanted == 1 or self.grouped_at < 0

    def _score(self) -> None:
        """Ask what rules are scored on: drawn anew, whatever was asked before; how many were not is told."""
        self.interview.begin("fresh", self.budget.fresh)
        known = frozenset(self.interview.verdicts)
        drawn = self._drawn("fresh", probing(self.task.space, self.max_size))
        for batch in batches(islice(drawn, self.budget.fresh)):
            self.interview.test("fresh", batch)
            self.fresh += batch
            self.unseen += sum(value not in known for value in batch)

    def _evidence(self, inputs: Iterable[Datum]) -> Evidence:
        """What is known of inputs, those without a verdict left out."""
        verdicts = [(v, self.interview.verdicts[v]) for v in inputs if v in self.interview.verdicts]
        known = [(value, verdict) for value, verdict in verdicts if not isinstance(verdict, Lost)]
        values = [value for value, _ in known]
        columns = self.task.features(values, self.task.function.of_each(values))
        return Evidence(tuple(values), columns, tuple(failure for _, failure in known))


def _turns(left: dict[str, int]) -> Iterator[tuple[str, int]]:
    """Which phase is asked for how many inputs, one after the other, until nothing is left of any share."""
    turn = 0
    while any(left.values()):
        portion = _PORTIONS[min(turn, len(_PORTIONS) - 1)]
        turn += 1
        for phase in left:
            count = min(portion, left[phase])
            if phase == "climb" and any(left[other] for other in left if other != "climb"):
                continue
            if count:
                left[phase] -= count
                yield phase, count


def _portioned(inputs: Iterable[Datum]) -> Callable[[int, Callable[[Datum], bool]], list[Datum]]:
    """The inputs in order, each once, those left out that are known by then; after long without a new one there are taken to be no
    more."""
    remaining = iter(inputs)

    def proposals(count: int, known: Callable[[Datum], bool]) -> list[Datum]:
        new: dict[Datum, None] = {}
        for value in islice(remaining, _PATIENCE * count):
            if not known(value):
                new[value] = None
            if len(new) == count:
                break
        return list(new)

    return proposals


def _told(sampling: Distribution) -> str:
    if isinstance(sampling, Uniform):
        return "inputs drawn uniformly by size"
    return f"inputs drawn from {json.dumps(sampling.to_config(), ensure_ascii=False)}"
