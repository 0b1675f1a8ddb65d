"""The recipe: how long, how fast and from which seed a network is trained."""

from __future__ import annotations

import math
from dataclasses import dataclass

from recsyn.errors import RecsynError
from recsyn.neural.settings import Settings, choice, setting


@dataclass(frozen=True)
class Recipe(Settings):
    """Everything about training that is neither the task nor the network. Every row is fresh: there are no epochs.

    ====================  ============================================================================================
    ``steps``             of the optimiser, at most
    ``batch_size``        rows a step, those of all devices together
    ``schedule``          ``cosine``: the learning rate rises in a straight line to ``learning_rate`` for ``warmup`` steps and then
                          falls along a cosine to 0 at ``steps``; ``vaswani``: see :meth:`rate`, ``learning_rate`` plays no part
    ``learning_rate``     at its highest
    ``factor``            C of ``vaswani``
    ``warmup``            steps; none where it is 0
    ``betas``             of AdamW, as ``weight_decay`` is
    ``clip``              the largest norm that a step's gradient keeps
    ``check_every``       so many steps the network is held against ``check_rows`` rows of the split ``validation``; never where 0
    ``patience``          training ends at the check that is the so many-th in a row without a better ``watched``; never where 0
    ``watched``           the ``loss`` or the share of rows that are an ``exact match``, on the validation rows
    ``seed``              of rows, weights and dropout
    ====================  ============================================================================================

    Raises :class:`RecsynError`, naming the field, for a value out of bounds, and for patience where nothing is checked.
    """

    steps: int = setting(300, 1, 10_000_000)
    batch_size: int = setting(64, 1, 65_536)
    schedule: str = choice("cosine", "vaswani")
    learning_rate: float = setting(1e-3, 1e-9, 10.0)
    factor: float = setting(1.0, 1e-6, 1e3)
    betas: tuple[float, float] = setting((0.9, 0.98), 0.0, 0.999999)
    warmup: int = setting(50, 0, 10_000_000)
    clip: float = setting(1.0, 1e-6, 1e6)
    weight_decay: float = setting(0.01, 0.0, 10.0)
    check_every: int = setting(0, 0, 10_000_000)
    check_rows: int = setting(512, 1, 1_000_000)
    patience: int = setting(0, 0, 10_000_000)
    watched: str = choice("loss", "exact match")
    seed: int = setting(0, 0, 2**63 - 1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.patience and not self.check_every:
            raise RecsynError("recipe: patience is counted in checks, and check_every is 0", "check every 100 steps, for example")

    @property
    def checks(self) -> bool:
        """Whether the network is ever held against validation rows."""
        return 0 < self.check_every <= self.steps

    def rate(self, step: int, width: int) -> float:
        """The learning rate that step ``step``, counted from 0, of a network of such a width is taken with.

        ``vaswani`` is ``factor · width^-½ · min(s^-½, s · warmup^-3/2)`` with s counted from 1 (Vaswani et al. 2017, eq. 3, times
        C). ``cosine`` is 0 after the last step.
        """
        if self.schedule == "vaswani":
            s = step + 1
            rising = s * self.warmup**-1.5 if self.warmup else math.inf
            rate: float = self.factor * width**-0.5 * min(s**-0.5, rising)
            return rate
        if step < self.warmup:
            return self.learning_rate * ((step + 1) / self.warmup)
        progress = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * ((1 + math.cos(math.pi * min(1.0, progress))) / 2)
