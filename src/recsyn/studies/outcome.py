"""What came of a cell of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsyn.testing.evaluation import right_to_json, share_to_json
from recsyn.testing.findings import Rate


@dataclass(frozen=True)
class Score:
    """What a cell makes of a column. ``answers`` are wrong where the whole sequence is not right; ``inputs`` is how many different
    ones there are among its rows. Where evaluations are run to the end, ``values`` are those inputs whose evaluation does not end
    with the function's value, and ``steps``, of what was trained on steps, the wrong ones among the steps that began right."""

    answers: Rate
    inputs: int
    values: Rate | None = None
    steps: Rate | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            **right_to_json(self.answers),
            "different_inputs": self.inputs,
            "values": self.values and share_to_json(self.values, "inputs"),
            "steps": self.steps and share_to_json(self.steps, "steps"),
        }

    def to_counts(self) -> dict[str, Any]:
        """As :meth:`from_counts` reads it."""
        rates = {"answers": self.answers, "values": self.values, "steps": self.steps}
        return {"inputs": self.inputs, **{name: rate and [rate.failures, rate.tested] for name, rate in rates.items()}}

    @staticmethod
    def from_counts(counts: Mapping[str, Any]) -> Score:
        answers, values, steps = (counts[name] and Rate(*counts[name]) for name in ("answers", "values", "steps"))
        return Score(answers, counts["inputs"], values, steps)


@dataclass(frozen=True)
class Outcome:
    """``scores`` by column; ``devices`` is what the training ran on, ``seconds`` how long. ``failed`` says why there are none."""

    scores: Mapping[str, Score] = field(default_factory=dict)
    seconds: float = 0.0
    devices: tuple[str, ...] = ()
    failed: str | None = None

    def to_json(self) -> dict[str, Any]:
        scores = {column: score.to_json() for column, score in self.scores.items()}
        return {"columns": scores, "seconds": self.seconds, "devices": list(self.devices), "failed": self.failed}
