"""What a campaign found out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from recsyn.data.answers import Answer
from recsyn.data.features import Columns
from recsyn.data.tasks import Task
from recsyn.lang import core
from recsyn.testing.evaluation import Group, grouping_of, groups_over
from recsyn.testing.rates import Rate as Rate
from recsyn.testing.rates import or_null
from recsyn.testing.rules import Mask, Rule, Score
from recsyn.testing.verdicts import Failure, Kind, Lost
from recsyn.values import Datum, show

FORMAT = 1
"""Of campaign files."""


@dataclass(frozen=True)
class Finding:
    """Failures that one rule predicts; ``rule`` is ``None`` for those that no simple rule does. ``smallest`` holds, for each kind
    of failure among them, the smallest that was reached; ``kinds`` how often each was met, also in shrinking. ``score`` holds the
    rule against fresh inputs, the failures that earlier findings predict left out."""

    smallest: tuple[Failure, ...]
    expected: Datum
    actual: Datum | Answer
    kinds: Mapping[Kind, int]
    rule: Rule | None
    score: Score

    @property
    def failure(self) -> Failure:
        """The smallest failure of all."""
        return self.smallest[0]

    @property
    def counterexample(self) -> Datum:
        return self.failure.input

    @property
    def kind(self) -> Kind:
        return self.failure.kind

    @property
    def precision(self) -> float:
        return self.score.precision

    @property
    def recall(self) -> float:
        return self.score.recall

    def to_json(self) -> dict[str, Any]:
        return {
            "counterexample": show(self.counterexample),
            "expected": " ".join(self.failure.expected),
            "actual": str(self.failure.answer),
            "kind": self.kind,
            "kinds": dict(self.kinds),
            "rule": str(self.rule) if self.rule else None,
            "conditions": self.rule.to_json() if self.rule else None,
            "precision": or_null(self.precision),
            "recall": or_null(self.recall),
            "scored_on": {"hits": self.score.hits, "predicted": self.score.predicted, "failures": self.score.failures},
        }


@dataclass(frozen=True, eq=False)
class Evidence:
    """Inputs with their features, and the failure of each that failed."""

    inputs: tuple[Datum, ...]
    columns: Columns
    failures: tuple[Failure | None, ...]

    @property
    def failing(self) -> Mask:
        """``bool [n]``."""
        return np.array([f is not None for f in self.failures], dtype=np.bool_)

    def failed(self, rows: Mask) -> list[Failure]:
        """The failures among some of the rows, ``rows`` being ``bool [n]``."""
        return [f for f, chosen in zip(self.failures, rows, strict=True) if chosen and f is not None]


@dataclass(frozen=True, slots=True)
class Tally:
    """What one phase came to: how many inputs the model was asked, how many it got wrong, and how many have no verdict."""

    phase: str
    asked: int
    failures: int
    lost: int


@dataclass(frozen=True, eq=False)
class Result:
    """A campaign's outcome.

    ``searched`` is where failures were looked for; ``sampled`` are inputs drawn as ``sampling`` says and by nothing that was found,
    of which alone failure rates are; ``fresh`` is what rules were scored on, drawn anew, ``unseen`` of them not asked before.
    ``lost`` are the inputs without a verdict, of all phases, which are in none of the three. ``stopped`` says why the campaign
    ended before its end, where it did. ``calls`` counts the inputs that the model was asked, in all."""

    task: Task
    findings: tuple[Finding, ...]
    searched: Evidence
    sampled: Evidence
    fresh: Evidence
    unseen: int
    sampling: str
    lost: tuple[Lost, ...]
    tallies: tuple[Tally, ...]
    calls: int
    max_size: int
    seed: int
    seconds: float
    remarks: tuple[str, ...] = ()
    stopped: str | None = None
    interrupted: bool = False

    @property
    def holds(self) -> bool:
        """Whether nothing was found, and the model answered all that it was asked."""
        return not self.findings and all(lost.loss == "no truth" for lost in self.lost)

    @property
    def rate(self) -> Rate:
        """The share of sampled inputs that fail."""
        return Rate(int(self.sampled.failing.sum()), len(self.sampled.inputs))

    @property
    def by(self) -> dict[str, list[Group]]:
        """How the rate is made up: for each feature the sampled inputs in groups, the feature that tells most first."""
        columns = self.sampled.columns
        names = dict.fromkeys((grouping_of(columns), *columns)) if self.sampled.inputs else ()
        return {name: groups_over(columns[name], self.sampled.failing) for name in names}

    @property
    def sample(self) -> str:
        """SHA-256 of the sampled inputs in hexadecimal: the same where two campaigns drew the same ones."""
        return sha256("\n".join(map(show, self.sampled.inputs)).encode("utf-8", "surrogatepass")).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """What a campaign file holds (:mod:`recsyn.testing.comparison` reads it), but for the model's name, which only who asked
        it knows."""
        return {
            "format": FORMAT,
            "task": self.task.name,
            "function": core.spelled(self.task.function.name),
            "program": self.task.program_hash,
            "config": self.task.to_config(),
            "seed": self.seed,
            "max_size": self.max_size,
            "searched": len(self.searched.inputs),
            "failures": int(self.searched.failing.sum()),
            "fresh": {"inputs": len(self.fresh.inputs), "unseen": self.unseen},
            "calls": self.calls,
            "phases": {t.phase: {"asked": t.asked, "failures": t.failures, "lost": t.lost} for t in self.tallies},
            "rate": {"over": self.sampling, "sample": self.sample, **self.rate.to_json()},
            "by": {name: [{**group.place, **group.wrong.to_json()} for group in groups] for name, groups in self.by.items()},
            "findings": [f.to_json() for f in self.findings],
            "lost": dict(Counter(lost.loss for lost in self.lost)),
            "remarks": list(self.remarks),
            "seconds": round(self.seconds, 3),
            "stopped": self.stopped,
            "interrupted": self.interrupted,
        }
