"""What came of a cell of a study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from recsyn.testing.evaluation import right_to_json
from recsyn.testing.findings import Rate

Rates = Mapping[str, Rate]
"""By column; a rate is the share that is wrong."""


@dataclass(frozen=True)
class Outcome:
    """``answers`` are wrong where the whole sequence is not right. Where a study runs evaluations to the end, ``values`` are those
    inputs whose evaluation does not end with the function's value, and ``steps`` the wrong ones among the steps that began right;
    these there are only where something was trained on steps. ``devices`` is what the training ran on. ``failed`` says why there
    are no figures."""

    answers: Rates = field(default_factory=dict)
    values: Rates = field(default_factory=dict)
    steps: Rates = field(default_factory=dict)
    seconds: float = 0.0
    devices: tuple[str, ...] = ()
    failed: str | None = None

    def to_json(self) -> dict[str, Any]:
        measured = {"answers": self.answers, "values": self.values, "steps": self.steps}
        shares = {what: {column: right_to_json(rate) for column, rate in rates.items()} for what, rates in measured.items()}
        return {**shares, "seconds": self.seconds, "devices": list(self.devices), "failed": self.failed}

    @staticmethod
    def from_metrics(metrics: Mapping[str, Any]) -> Outcome:
        """The outcome that is kept in the metrics of a cell's checkpoint."""

        def rates(what: str) -> Rates:
            return {column: Rate(*counts) for column, counts in metrics["figures"][what].items()}

        return Outcome(rates("answers"), rates("values"), rates("steps"), metrics["seconds"], tuple(metrics["devices"]))

    def to_metrics(self) -> dict[str, Any]:
        """The other way."""
        measured = {"answers": self.answers, "values": self.values, "steps": self.steps}
        counts = {what: {c: [rate.failures, rate.tested] for c, rate in rates.items()} for what, rates in measured.items()}
        return {"figures": counts, "seconds": self.seconds, "devices": list(self.devices)}
