"""Which inputs fail, as a rule a person can read: a conjunction of at most three conditions on structural features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recsyn.data.features import Columns

Relation = Literal[">=", "<=", "=="]
Mask = NDArray[np.bool_]

_PREFERRED = ("recursion_depth", "size", "rest", "growth", "depth")
"""Where several features tell failures apart equally well, these are named first."""
_MOST_THRESHOLDS = 64
_BEAM = 24
_NOTHING = np.zeros(0, dtype=np.int64)
_PRICE, _FEW = 0.01, 0.5
"""What a further condition must gain in F1 to be worth reading: more, the fewer failures there are to fit it to."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One feature compared with a number."""

    feature: str
    relation: Relation
    threshold: int

    def holds(self, columns: Columns) -> Mask:
        column = columns.get(self.feature, _NOTHING)
        if self.relation == ">=":
            return column >= self.threshold
        return column <= self.threshold if self.relation == "<=" else column == self.threshold

    def __str__(self) -> str:
        return f"{self.feature} {self.relation} {self.threshold}"


@dataclass(frozen=True, slots=True)
class Rule:
    """All of its conditions hold. Without conditions it holds everywhere."""

    conditions: tuple[Condition, ...] = ()

    def holds(self, columns: Columns) -> Mask:
        """``bool [n]``: where the rule holds."""
        mask = np.ones(max(map(len, columns.values()), default=0), dtype=np.bool_)
        for condition in self.conditions:
            mask &= condition.holds(columns)
        return mask

    def __str__(self) -> str:
        return " and ".join(map(str, self.conditions)) or "always"

    def to_json(self) -> list[dict[str, Any]]:
        return [{"feature": c.feature, "relation": c.relation, "threshold": c.threshold} for c in self.conditions]


@dataclass(frozen=True, slots=True)
class Score:
    """How well a rule predicts failures on some inputs: of ``predicted`` inputs ``hits`` failed; ``failures`` failed in all."""

    hits: int
    predicted: int
    failures: int

    @property
    def precision(self) -> float:
        """The share of predicted inputs that failed; NaN where none was predicted."""
        return self.hits / self.predicted if self.predicted else float("nan")

    @property
    def recall(self) -> float:
        """The share of failures that were predicted; NaN where nothing failed."""
        return self.hits / self.failures if self.failures else float("nan")

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 0 where nothing failed and nothing was predicted."""
        return 2 * self.hits / max(self.predicted + self.failures, 1)


def score(rule: Rule, columns: Columns, failing: Mask) -> Score:
    """The rule held against inputs on which it is known whether they fail, ``failing`` being ``bool [n]``."""
    predicted = rule.holds(columns)
    return Score(int((predicted & failing).sum()), int(predicted.sum()), int(failing.sum()))


def fit_rule(columns: Columns, failing: Mask, weights: NDArray[np.float64] | None = None, most_conditions: int = 3) -> Rule:
    """The rule of highest F1 on these inputs that a beam search finds, each condition after the first having to earn its place.
    ``failing`` is ``bool [n]`` with at least one true; ``weights``, ``float64 [n]``, say for how much each input counts."""
    conditions, masks = _conditions(columns)
    if not conditions:
        return Rule()
    share = np.ones(len(failing), dtype=np.float32) if weights is None else weights.astype(np.float32)
    truth = failing * share
    positives = float(truth.sum())
    price = max(_PRICE, _FEW / float(failing.sum()))
    weighed = np.stack([truth, share], axis=1)
    everywhere = np.ones(len(failing), dtype=np.float32)
    best, best_worth = Rule(), _f1(positives, float(share.sum()), positives)
    beam: list[tuple[tuple[int, ...], NDArray[np.float32]]] = [((), everywhere)]
    for length in range(1, most_conditions + 1):
        found: dict[frozenset[int], tuple[float, tuple[int, ...]]] = {}
        for chosen, mask in beam:
            counts = masks @ (weighed * mask[:, None])
            worths = 2 * counts[:, 0] / (counts[:, 1] + positives)
            for index in np.argsort(-worths, kind="stable")[: 4 * _BEAM]:
                if int(index) not in chosen:
                    found.setdefault(frozenset((*chosen, int(index))), (float(worths[index]), (*chosen, int(index))))
        ranked = sorted(found.values(), key=lambda item: (-round(item[0], 6), item[1]))[:_BEAM]
        if ranked and ranked[0][0] - price * (length - 1) > best_worth + 1e-9:
            best_worth = ranked[0][0] - price * (length - 1)
            best = Rule(tuple(conditions[i] for i in ranked[0][1]))
        beam = [(chosen, masks[list(chosen)].min(axis=0)) for _, chosen in ranked]
    return best


def _f1(hits: float, predicted: float, positives: float) -> float:
    return 2 * hits / (predicted + positives)


def _conditions(columns: Columns) -> tuple[list[Condition], NDArray[np.float32]]:
    """Every condition that some inputs meet and others do not, plainer ones first, and where each holds: ``float32 [k, n]``."""
    names = [n for n in _PREFERRED if n in columns] + [n for n in columns if n not in _PREFERRED]
    relations: Sequence[Relation] = (">=", "<=", "==")
    found: list[Condition] = []
    masks: list[Mask] = []
    seen: set[bytes] = set()
    for name in names:
        for relation in relations:
            for threshold in _thresholds(columns[name]):
                condition = Condition(name, relation, threshold)
                mask = condition.holds(columns)
                key = np.packbits(mask).tobytes()
                if mask.any() and not mask.all() and key not in seen:
                    seen.add(key)
                    found.append(condition)
                    masks.append(mask)
    return found, np.array(masks, dtype=np.float32)


def _thresholds(column: NDArray[np.int64]) -> list[int]:
    values = np.unique(column)
    if len(values) > _MOST_THRESHOLDS:
        values = np.unique(np.quantile(values, np.linspace(0, 1, _MOST_THRESHOLDS), method="nearest"))
    return [int(v) for v in values]
