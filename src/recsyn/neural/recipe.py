"""The recipe: how long, how fast and from which seed a network is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsyn.neural.settings import Settings, setting


@dataclass(frozen=True)
class Recipe(Settings):
    """Everything about training that is neither the task nor the network. Every row is fresh: there are no epochs.

    The learning rate rises in a straight line for ``warmup`` steps and then falls along a cosine to 0 at ``steps``; ``clip`` is
    the largest norm that a step's gradient keeps. Raises :class:`RecsynError`, naming the field, for a value out of bounds.
    """

    steps: int = setting(300, 1, 10_000_000)
    batch_size: int = setting(64, 1, 65_536)
    learning_rate: float = setting(1e-3, 1e-9, 10.0)
    betas: tuple[float, float] = setting((0.9, 0.98), 0.0, 0.999999)
    warmup: int = setting(50, 0, 10_000_000)
    clip: float = setting(1.0, 1e-6, 1e6)
    weight_decay: float = setting(0.01, 0.0, 10.0)
    seed: int = setting(0, 0, 2**63 - 1)

    def rate(self, step: int) -> float:
        """The share of ``learning_rate`` that step ``step`` is taken with, counted from 0; 0 after the last step."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return (1 + math.cos(math.pi * min(1.0, progress))) / 2
