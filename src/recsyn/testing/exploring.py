"""Where a search looks next: inputs proposed in plenty, of which those are asked whose outcome is hardest to foresee.

Inputs are told apart by cells: a bin of one feature, or of two together. Every cell has a Beta(1/2, 1/2) prior on its share of
failures (Jeffreys'), updated by what was tested there. A proposal is worth the mean, over its cells, of the standard deviation of
one outcome at a share drawn from the cell's posterior (Thompson sampling): much in cells that nothing is known of and in those
where some inputs fail and others do not, little where all is clear either way. Asking the truth for a proposal's features costs the
model nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recsyn.data.distributions import ByDepth, Distribution, Extremes, Mixture, Sampler, Spines, Uniform
from recsyn.data.features import Columns
from recsyn.data.randomness import digest, stream
from recsyn.data.space import Space
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.semantics.reference import StepLimit
from recsyn.testing.edges import PATTERNS, patterned
from recsyn.testing.mutating import mutated
from recsyn.testing.rules import Mask
from recsyn.values import Datum

Cells: TypeAlias = NDArray[np.int64]
"""``int64 [n, k]``: the numbers of the k cells that each of n inputs is in."""
_DEEPEST = 1_000
"""The greatest size of a search by depth: to count larger inputs by depth takes long."""
_DEEPEST_VALUE = 200
_BINS = 32
_PLENTY = 2
"""Proposals for each input that is asked."""
_AT_RANDOM = 0.25
"""The share of what is asked that is taken as it comes, so that nothing that cells do not tell apart is passed over."""
_FIRST = 16
_PARENTS = 512
_TRIES = 12


def probing(space: Space, max_size: int) -> Distribution:
    """Inputs that cover shapes: sizes uniform, recursion depths uniform, spines, where the type has them."""
    parts: list[tuple[float, Distribution]] = [(0.4, Uniform(1, max_size))]
    if _has_depths(space) and max_size <= _DEEPEST:
        parts.append((0.4, ByDepth(1, max_size, 0, max_size)))
    if space.spines:
        parts.append((0.2, Spines(1, max_size)))
    return Mixture(tuple(parts))


def _has_depths(space: Space) -> bool:
    try:
        space.at_depth(0)
    except RecsynError:
        return False
    return True


def _sources(space: Space, max_size: int) -> Iterator[Sampler]:
    """What inputs are drawn from, each as often."""
    yield Sampler(Uniform(1, max_size), space)
    wanted: list[Distribution] = [Spines(1, max_size)] if space.spines else []
    if _has_depths(space) and max_size <= _DEEPEST:
        wanted += [ByDepth(1, max_size, 0, max_size), Extremes(1, max_size)]
    if space.branching and max_size <= _DEEPEST_VALUE:
        wanted += [ByDepth(1, max_size, 1, max_size, of="value"), Extremes(1, max_size, of="value")]
    for distribution in wanted:
        try:
            yield Sampler(distribution, space)
        except RecsynError:
            continue  # Some types have no values of these kinds, or too many to be counted in time.


class Explorer:
    """Proposes inputs of a task of up to ``max_size`` constructors, and learns from what came of them."""

    def __init__(self, task: Task, max_size: int, seed: int) -> None:
        self.task, self.max_size, self.seed = task, max_size, seed
        self._sources = list(_sources(task.space, max_size))
        self._drawn = 0
        self._exhausted = False
        self._parents: list[Datum] = []
        self._chance = stream(seed, "campaign", "exploring")
        self._numbers = np.random.default_rng(digest(seed, "campaign", "cells"))
        self._tested: NDArray[np.float64] = np.zeros(0)
        self._failed: NDArray[np.float64] = np.zeros(0)

    def learn(self, inputs: Sequence[Datum], columns: Columns, failing: Mask) -> None:
        """What came of n inputs: their features, and ``failing``, ``bool [n]``."""
        cells = _cells(columns)
        if not self._tested.size and cells.size:
            self._tested, self._failed = (np.zeros(len(columns) ** 2 * _BINS**2) for _ in range(2))
        np.add.at(self._tested, cells.ravel(), 1.0)
        np.add.at(self._failed, cells[failing].ravel(), 1.0)
        rare = np.argsort(-self._worth(cells), kind="stable")[: len(inputs) // 8 + 1]
        self._parents += [inputs[i] for i in {*rare.tolist(), *np.flatnonzero(failing)[:16].tolist()}]
        if len(self._parents) > _PARENTS:
            self._parents = self._chance.sample(self._parents, _PARENTS // 2)

    def propose(self, count: int, known: Callable[[Datum], bool]) -> list[Datum]:
        """About ``count`` inputs that are not known yet, fewer where few are left, none where there seem to be no more."""
        pool: dict[Datum, None] = {}
        for _ in range(0 if self._exhausted else _TRIES * count):
            if len(pool) >= _PLENTY * count:
                break
            value = self._proposal()
            if value is not None and not known(value):
                pool[value] = None
        self._exhausted = not pool
        inputs = list(pool)
        at_random = inputs[: round(count * _AT_RANDOM)] if len(inputs) > count else inputs
        others = inputs[len(at_random) :]
        if not others:
            return at_random
        try:
            columns = self.task.features(others, self.task.function.of_each(others))
        except StepLimit:
            return inputs[:count]
        best = np.argsort(-self._worth(_cells(columns)), kind="stable")[: count - len(at_random)]
        return [*at_random, *(others[i] for i in best)]

    def _worth(self, cells: Cells) -> NDArray[np.float64]:
        """``float64 [n]``: how hard the outcome of n inputs is to foresee."""
        if not cells.size or not self._tested.size:
            return np.zeros(len(cells))
        tested, failed = self._tested[cells], self._failed[cells]
        share = self._numbers.beta(failed + 0.5, tested - failed + 0.5)
        worth: NDArray[np.float64] = np.sqrt(share * (1 - share)).mean(axis=1)
        return worth

    def _proposal(self) -> Datum | None:
        """One input, in turn drawn, drawn and given letters in a pattern, and made from one that was of interest."""
        turn, self._drawn = self._drawn, self._drawn + 1
        chance = stream(self.seed, "campaign", "proposal", turn)
        if turn % 3 == 2 and self._parents:
            return mutated(self.task.space, self._chance.choice(self._parents), self.max_size, chance)
        value = self._sources[turn // 3 % len(self._sources)].draw(chance)
        alphabet = self.task.space.alphabet
        if turn % 3 == 0 or not self.task.space.lettered or alphabet.distinct:
            return value
        return patterned(self.task.space, value, chance.randrange(PATTERNS), chance)


def _cells(columns: Columns) -> Cells:
    bins = np.stack([_bins(column) for column in columns.values()], axis=1) if columns else np.zeros((0, 0), np.int64)
    features = bins.shape[1]
    pairs = [(i, i) for i in range(features)] + list(combinations(range(features), 2))
    cells = [((i * features + j) * _BINS + bins[:, i]) * _BINS + bins[:, j] for i, j in pairs]
    return np.stack(cells, axis=1) if cells else np.zeros((len(bins), 0), np.int64)


def _bins(column: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers one by one up to 16, then by halves of powers of two; negative ones by their distance, in odd bins."""
    positive = np.abs(column).astype(np.float64)
    large = _FIRST + np.floor(2 * np.log2(np.maximum(positive, _FIRST) / _FIRST)).astype(np.int64)
    bins = np.minimum(np.where(positive < _FIRST, positive.astype(np.int64), large), _BINS - 1)
    below = column < 0
    mirrored = _BINS - 1 - np.minimum(bins, _BINS // 2 - 1)
    found: NDArray[np.int64] = np.where(below, mirrored, bins)
    return found
