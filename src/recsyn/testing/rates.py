"""Shares of failures, and how far those of two samples are apart, each with what chance leaves open."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, sqrt
from typing import Any


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of failures with its 95 % confidence interval."""

    failures: int
    tested: int

    @property
    def share(self) -> float:
        return self.failures / self.tested if self.tested else float("nan")

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's score interval (Wilson, JASA 22, 1927), which stays sound at 0 and 1."""
        if not self.tested:
            return 0.0, 1.0
        z, n, p = 1.959963984540054, self.tested, self.share
        centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, centre - half), min(1.0, centre + half)

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {"failures": self.failures, "tested": self.tested, "share": or_null(self.share), "low": low, "high": high}

    def __str__(self) -> str:
        if not self.tested:
            return "not measured"
        low, high = self.interval
        return f"{self.share:.2%} ({self.failures} of {self.tested}; 95 % interval {low:.2%} to {high:.2%})"


@dataclass(frozen=True, slots=True)
class Difference:
    """By how much the share of failures of one sample is above that of another drawn apart from it."""

    before: Rate
    after: Rate

    @property
    def share(self) -> float:
        """Not a number where one of the two has nothing tested."""
        return self.after.share - self.before.share

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % hybrid score interval for independent proportions (Newcombe, Statistics in Medicine 17, 1998, method 10)."""
        if not self.before.tested or not self.after.tested:
            return -1.0, 1.0
        (a, (a_low, a_high)), (b, (b_low, b_high)) = ((r.share, r.interval) for r in (self.before, self.after))
        return max(-1.0, b - a - hypot(b - b_low, a_high - a)), min(1.0, b - a + hypot(b_high - b, a - a_low))

    def to_json(self) -> dict[str, Any]:
        low, high = self.interval
        return {"share": or_null(self.share), "low": low, "high": high}

    def __str__(self) -> str:
        low, high = (100 * end for end in self.interval)
        return f"{100 * self.share:+.2f} points (95 % interval {low:+.2f} to {high:+.2f})"


def or_null(number: float) -> float | None:
    """JSON has no NaN."""
    return None if number != number else number
