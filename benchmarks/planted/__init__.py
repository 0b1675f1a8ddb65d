"""Bugs planted in functions: which of them a campaign finds, and what it asks the models for that, beside Hypothesis on lists and
uniform sampling with as many calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from recsyn.benchmarks import Figure, Listing
from recsyn.benchmarks.planted.catalogue import Correct, Planted, correct, planted
from recsyn.benchmarks.planted.recording import Reach
from recsyn.benchmarks.planted.searching import CALLS, Hunt, by_campaign, by_hypothesis, by_sampling

_OFTEN = 1e-4
"""Deterministic bugs of a higher rate are all to be found."""
_SMALLEST, _FEWER = 95.0, 90.0
RIVALS = {"Hypothesis": by_hypothesis, "uniform": by_sampling}
_NEVER = float("inf")


@dataclass(frozen=True, eq=False)
class Trial:
    """One planted bug, what a campaign came to, and what the others reached."""

    model: Planted
    hunt: Hunt
    rivals: Mapping[str, Reach]

    @property
    def found(self) -> bool:
        """Whether the campaign tells of a failure, and met one."""
        return self.hunt.reach.failure is not None and bool(self.hunt.told)

    @property
    def smallest_told(self) -> bool:
        return self.model.smallest is not None and self.model.smallest in self.hunt.told

    def to_failure(self) -> tuple[float, float]:
        """The calls to the first failure: the campaign's, and the fewest of the others'."""
        return _calls(self.hunt.reach.failure), min(_calls(reach.failure) for reach in self.rivals.values())

    def to_smallest(self) -> tuple[float, float]:
        """The calls to the smallest counterexample, or to the first failure where there is no smallest."""
        if self.model.smallest is None:
            return self.to_failure()
        return _calls(self.hunt.reach.smallest), min(_calls(reach.smallest) for reach in self.rivals.values())


def tables() -> Iterator[str | Listing]:
    trials = []
    for model in planted():
        yield str(model)
        trials.append(Trial(model, by_campaign(model), {name: search(model) for name, search in RIVALS.items()}))
    yield bugs(trials)
    hunts = {}
    for right in correct():
        yield f"{right}, in which there is no bug"
        hunts[right] = by_campaign(right)
    yield without_bugs(hunts)


def bugs(trials: Sequence[Trial]) -> Listing:
    """What was reached on models with a bug."""
    others = (f"{name[0]} {what}" for name in RIVALS for what in _REACHED)
    columns = ("kind", "rate", "found", "first", "least", "told", *others)
    rows = {str(trial.model): tuple(_row(trial)) for trial in trials}
    return Listing("planted bugs", columns, rows, tuple(figures(trials)), _REMARKS)


_REACHED = ("first", "least")
_REMARKS = (
    f"A call is one input that a model is asked, as often as it is asked; each search has {CALLS:,} of them for all that it does.",
    "first: the calls up to the first input on which the model fails; least: those up to the smallest such input.",
    "H: plain Hypothesis on lists; u: uniform sampling by size; the columns before theirs are of the campaign.",
    "told: whether a campaign gives that input as the counterexample of one of its findings.",
    "fewer calls: up to the smallest counterexample; where the bug comes and goes and there is none, up to the first failure.",
)


def _row(trial: Trial) -> Iterator[str | int | float | bool | None]:
    yield trial.model.kind
    yield trial.model.rate
    yield trial.found
    yield from _reached(trial.hunt.reach)
    yield trial.smallest_told if trial.model.smallest is not None else None
    for reach in trial.rivals.values():
        yield from _reached(reach)


def _reached(reach: Reach) -> tuple[int | None, int | None]:
    return reach.failure, reach.smallest


def figures(trials: Sequence[Trial]) -> Iterator[Figure]:
    """What is aimed at on models with a bug."""
    steady = [trial for trial in trials if trial.model.kind != "random"]
    often = [trial.found for trial in steady if trial.model.rate > _OFTEN]
    yield Figure(f"found of {len(often)} bugs without chance of a rate above {_OFTEN:g}", _percent(often), "%", at_least=100)
    yield Figure(f"found of all {len(trials)}", _percent([t.found for t in trials]), "%")
    for name in RIVALS:
        yield Figure(f"found by {name}", _percent([t.rivals[name].failure is not None for t in trials]), "%")
    told = [trial.smallest_told for trial in steady]
    yield Figure(f"smallest counterexample told of {len(steady)} without chance", _percent(told), "%", at_least=_SMALLEST)
    for name in RIVALS:
        reached = [t.rivals[name].smallest is not None for t in steady]
        yield Figure(f"smallest counterexample reached by {name}", _percent(reached), "%")
    ours = [trial.to_smallest() for trial in trials]
    yield Figure("fewer calls to the smallest than both others", _percent([a < b for a, b in ours]), "%", at_least=_FEWER)
    yield Figure("as many calls to the smallest as the better of the others", _percent([a == b < _NEVER for a, b in ours]), "%")
    first = [trial.to_failure() for trial in trials]
    yield Figure("fewer calls to the first failure than both others", _percent([a < b for a, b in first]), "%")
    yield Figure(
        "as many calls to the first failure as the better of the others", _percent([a == b < _NEVER for a, b in first]), "%"
    )


def without_bugs(hunts: Mapping[Correct, Hunt]) -> Listing:
    """What campaigns told of models that are right."""
    rows = {str(right): (len(hunt.told), hunt.reach.calls) for right, hunt in hunts.items()}
    wrong = sum(bool(hunt.told) for hunt in hunts.values())
    return Listing(
        "models without a bug", ("findings", "calls"), rows, (Figure(f"{len(hunts)} models with findings", wrong, "", at_most=0),)
    )


def _calls(number: int | None) -> float:
    return _NEVER if number is None else number


def _percent(held: Iterable[bool]) -> float:
    counted = list(held)
    return 100 * sum(counted) / len(counted)
