"""How much a campaign may ask, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

from recsyn.errors import RecsynError, quoted


@dataclass(frozen=True)
class Budget:
    """How much to test.

    ``examples`` inputs are searched, ``rate`` are drawn for the failure rate, ``fresh`` for scoring rules, and ``shrink`` at most
    are asked to make one counterexample smaller; ``calls`` bounds all of these together (to grade the inputs of a climb is not
    counted). The search ends early once it has found ``findings`` different ones, and all of the campaign, but for what was begun,
    after ``seconds``."""

    examples: int = 5_000
    fresh: int = 2_000
    rate: int = 1_000
    shrink: int = 2_000
    calls: int | None = None
    findings: int | None = None
    seconds: float | None = None

    @staticmethod
    def of(examples: int, findings: int | None = None, seconds: float | None = None) -> Budget:
        """A budget in proportion to a search of ``examples`` inputs."""
        fresh, rate = (max(200, min(most, examples)) for most in (2_000, 1_000))
        return Budget(examples, fresh, rate, max(200, min(2_000, examples)), findings=findings, seconds=seconds)

    def __post_init__(self) -> None:
        for name in ("examples", "fresh", "rate", "shrink", "calls", "findings"):
            number = getattr(self, name)
            if number is not None and number < 1:
                raise RecsynError(f"the budget of {name} is {quoted(number)}, and a campaign needs at least 1")
        if self.seconds is not None and not (isinstance(self.seconds, int | float) and self.seconds > 0):
            raise RecsynError(f"the budget of seconds is {quoted(self.seconds)}, and a campaign needs some time")
