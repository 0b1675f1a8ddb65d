"""How often a model is right on given rows, overall and by structure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsyn.data.features import Columns
from recsyn.data.rows import Rows
from recsyn.data.tasks import Task
from recsyn.testing.findings import Rate
from recsyn.testing.verdicts import Failure, Model, examine

_BATCH = 512


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Exact match on ``len(failures)`` rows; ``failures[i]`` is ``None`` where the model is right."""

    columns: Columns
    failures: tuple[Failure | None, ...]

    @property
    def rate(self) -> Rate:
        """The share of rows that are wrong."""
        return Rate(sum(f is not None for f in self.failures), len(self.failures))

    @property
    def accuracy(self) -> float:
        """The share of rows on which the model's whole sequence is right: exact match."""
        return 1 - self.rate.share

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind of failure was met."""
        return dict(Counter(f.kind for f in self.failures if f is not None).most_common())

    def by(self, feature: str) -> list[tuple[int, Rate]]:
        """The share of wrong rows for each value of a feature, in order."""
        failing = np.array([f is not None for f in self.failures], dtype=np.bool_)
        column = self.columns[feature]
        return [(int(v), Rate(int(failing[column == v].sum()), int((column == v).sum()))) for v in np.unique(column)]

    @property
    def grouping(self) -> str:
        """The feature that tells rows apart best for a reader: recursion depth, where the function recurs on its argument."""
        return "recursion_depth" if "recursion_depth" in self.columns else "size"

    def to_json(self) -> dict[str, Any]:
        groups = {
            feature: [{"value": v, "rows": rate.tested, "exact_match": 1 - rate.share} for v, rate in self.by(feature)]
            for feature in dict.fromkeys((self.grouping, "size"))
        }
        return {"rows": len(self.failures), "exact_match": self.accuracy, "kinds": self.kinds, "by": groups}


def evaluate(model: Model, task: Task, rows: Rows) -> Evaluation:
    """A model's exact match on rows of a task. Raises :class:`~recsyn.testing.verdicts.ModelError`."""
    failures: list[Failure | None] = []
    for start in range(0, len(rows), _BATCH):
        inputs: Sequence[Any] = rows.inputs[start : start + _BATCH]
        failures.extend(examine(model, task, inputs))
    return Evaluation(task.features(rows.inputs, rows.outputs), tuple(failures))
