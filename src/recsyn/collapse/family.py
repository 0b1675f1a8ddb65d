"""What a chain of models is made of, where users plug in their own.

A *family* knows the truth (:meth:`Family.real` draws real rows) and fits models to rows; a *model* makes rows and is scored. Rows
are an array, one row a place of its first axis, or a tuple of such arrays. This is a whole family, of which nothing more is asked::

    class Mean:
        def real(self, n, generator):
            return generator.normal(3.0, 1.0, n)

        def fit(self, rows, weights, generator):
            return MeanModel(numpy.average(rows, weights=weights))

    @dataclass
    class MeanModel:
        mean: float

        def sample(self, n, generator):
            return generator.normal(self.mean, 1.0, n)

        def score(self, test):
            return {"test_loss": ((test - self.mean) ** 2).mean()}

The other protocols are for those that want more; a family or a model has them by having their methods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]
Rows: TypeAlias = "Array | tuple[Array, ...]"
"""Of one chain, axis 0 counts rows. Of a batch of chains (:class:`Batchable`), axis 0 counts chains and axis 1 rows."""
Scores: TypeAlias = "Mapping[str, float | Array]"
"""By metric: a number, or one for each chain of a batch."""

TEST_LOSS = "test_loss"
"""The metric that every score has; the lower, the better."""


class Collapsed(Exception):
    """Raised by a family that cannot fit what it is given: the chain ends there, and the message is recorded as the cause."""


class Model(Protocol):
    """What was fitted."""

    def sample(self, n: int, generator: Generator) -> Rows:
        """``n`` rows."""

    def score(self, test: Rows) -> Scores:
        """How good it is on rows that are real and that nothing was fitted to: :data:`TEST_LOSS`, and whatever else."""


class Family(Protocol):
    """A truth, and a way to fit models to rows."""

    def real(self, n: int, generator: Generator) -> Rows:
        """``n`` real rows. They depend on nothing but the generator, so that a chain that was interrupted finds them again."""

    def fit(self, rows: Rows, weights: Array, generator: Generator) -> Model:
        """A model of these rows, the first fitted or the last; ``weights`` has a number above or equal to 0 for each of them, in a
        batch float[chains, rows] or float[rows]. Raises :class:`Collapsed` where that cannot be."""


@runtime_checkable
class Batchable(Protocol):
    """A family that runs many chains at once, in tensors."""

    def batch(self, chains: int, whole: bool, generator: Generator) -> Family:
        """The family of that many chains: what it draws, fits and scores has an axis of chains before all others. What the
        generations of a chain share (a design, a truth that is drawn) is drawn here. ``whole`` tells that no row will ever be
        parted from those it was drawn with, so that sufficient statistics may stand for them: then what counts rows counts
        statistics."""


@runtime_checkable
class HeldOut(Protocol):
    """A family whose test rows are not just other real rows: those of a text, say, that are left out of training."""

    def held_out(self, n: int, generator: Generator) -> Rows: ...


@runtime_checkable
class Judging(Protocol):
    """A family that knows which rows are right, for verified workflows."""

    def right(self, rows: Rows) -> Array:
        """bool[rows], in a batch bool[chains, rows]."""


@runtime_checkable
class Iterative(Protocol):
    """A family fitted by an optimiser, whose steps a budget may fix; without one they grow with the rows."""

    def with_steps(self, steps: int) -> Family: ...


@runtime_checkable
class Checked(Protocol):
    """A family that refuses what cannot be before anything runs."""

    def check(self, rows: int) -> None:
        """Raise :class:`RecsynError` where a fit to so many rows makes no sense."""


@runtime_checkable
class Configured(Protocol):
    """A family that says all that could change what it computes, where that is more than the fields it was made from."""

    def to_config(self) -> dict[str, Any]: ...


@runtime_checkable
class Readable(Protocol):
    """A family whose rows people read, as text."""

    def lines(self, rows: Rows) -> Sequence[str]: ...


@runtime_checkable
class Joining(Protocol):
    """A family whose rows are put together in a way of its own."""

    def joined(self, portions: Sequence[Rows]) -> Rows: ...


@runtime_checkable
class Profiled(Protocol):
    """A model that profiles itself, exactly, where others are profiled by rows that they make (:mod:`recsyn.collapse.profile`)."""

    def state(self) -> Mapping[str, Array]:
        """What later models are held against, kept with the first generation."""

    def profile(self, first: Mapping[str, Array]) -> Scores:
        """``first`` is the state of the first generation's model."""


def joined(family: Family, portions: Sequence[Rows], axis: int) -> Rows:
    """Portions of rows, one after another."""
    if isinstance(family, Joining):
        return family.joined(portions)
    if len(portions) == 1:
        return portions[0]
    if isinstance(portions[0], tuple):
        parts = zip(*portions, strict=True)
        return tuple(np.concatenate(part, axis) for part in parts)
    return np.concatenate(portions, axis)


def taken(rows: Rows, places: Array) -> Rows:
    """The rows at ``places``: int[k] of one chain, int[chains, k] of a batch."""
    if isinstance(rows, tuple):
        return tuple(_taken(part, places) for part in rows)
    return _taken(rows, places)


def _taken(rows: Array, places: Array) -> Array:
    return rows[places] if places.ndim == 1 else rows[np.arange(len(rows))[:, None], places]
