"""Normal distributions, fitted by maximum likelihood.

==============  =============================================================================================================
``dimensions``  of a row (1)
``covariance``  of the truth, whose mean is 0: a number for all dimensions (1), a number for each, or a matrix as a list of rows
``known``       what models are given and do not fit: ``none``, ``mean`` or ``covariance``. With the covariance known only the
                mean is fitted, as in the weighting of arXiv 2502.18049
==============  =============================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.random import Generator

from recsyn.collapse.families.batches import Chains
from recsyn.collapse.families.reading import fields_of, number, one_of, whole
from recsyn.collapse.family import TEST_LOSS, Array, Collapsed, Scores
from recsyn.errors import RecsynError, quoted

Covariance: TypeAlias = "float | tuple[float, ...] | tuple[tuple[float, ...], ...]"

_FIELDS = ("dimensions", "covariance", "known")
_KNOWN = ("none", "mean", "covariance")
_MOST_DIMENSIONS = 1000
_SINGULAR = 1e-13
"""The least variance in any direction, as a share of the greatest, that is taken for more than rounding."""
_NOTHING = 1e-290
"""A variance that is no longer told from 0: its reciprocal is soon infinite."""


@dataclass(frozen=True)
class Gaussian:
    """Rows are ``float[n, dimensions]``, in a batch ``float[chains, n, dimensions]``. Raises :class:`RecsynError` for a covariance
    that is none."""

    dimensions: int = 1
    covariance: Covariance = 1.0
    known: str = "none"

    def __post_init__(self) -> None:
        matrix, size = self.matrix, (self.dimensions, self.dimensions)
        if matrix.shape != size:
            raise RecsynError(
                f"the covariance of {self.dimensions} dimensions is {quoted(self.covariance)}",
                f"give a number, a list of {self.dimensions} variances, or a matrix of {size[0]} by {size[1]}",
            )
        if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
            raise RecsynError("the covariance is not symmetric", "the covariance of the first with the second is that of both")
        least, most = np.linalg.eigvalsh(matrix)[[0, -1]]
        if least <= _SINGULAR * most or least <= _NOTHING:
            raise RecsynError(
                f"the covariance is not positive definite: its least eigenvalue is {least:.3g}, its greatest {most:.3g}",
                "leave out dimensions that follow from others",
            )

    @cached_property
    def matrix(self) -> Array:
        """The covariance of the truth: float[dimensions, dimensions]."""
        given = np.array(self.covariance, float)
        if given.ndim == 0:
            return given * np.eye(self.dimensions)
        return np.diag(given) if given.ndim == 1 else given

    @cached_property
    def _truth(self) -> tuple[Array, Array]:
        variances, axes = np.linalg.eigh(self.matrix)
        return variances, axes

    def to_config(self) -> dict[str, Any]:
        covariance = np.array(self.covariance).tolist()
        return {"kind": "gaussian", "dimensions": self.dimensions, "covariance": covariance, "known": self.known}

    def check(self, rows: int) -> None:
        """Raises :class:`RecsynError` where the covariance of so few rows is singular."""
        least = {"none": self.dimensions + 1, "mean": self.dimensions, "covariance": 1}[self.known]
        if rows < least:
            raise RecsynError(
                f"the covariance of {rows} rows of {self.dimensions} dimensions is singular from the first generation on",
                f"give {least} rows or more" + ("" if self.known == "mean" else ", or `known: covariance`"),
            )

    def batch(self, chains: int, whole: bool, generator: Generator) -> Chains:
        return Chains(self, chains)

    def real(self, n: int, generator: Generator) -> Array:
        variances, axes = self._truth
        return _drawn(np.zeros(self.dimensions), variances, axes, n, generator)

    def fit(self, rows: Array, weights: Array, generator: Generator) -> GaussianModel:
        """Weighted maximum likelihood: x̄ = Σwx / Σw and Σ̂ = Σw(x − x̄)(x − x̄)ᵀ / Σw, about 0 where the mean is known. Raises
        :class:`Collapsed` where the covariance of the rows of one chain is singular."""
        shares = weights / weights.sum(-1, keepdims=True)
        lead = rows.shape[:-2]
        mean = np.zeros((*lead, self.dimensions)) if self.known == "mean" else (shares[..., None, :] @ rows)[..., 0, :]
        if self.known == "covariance":
            variances, axes = self._truth
            return GaussianModel(self, mean, np.broadcast_to(variances, mean.shape), np.broadcast_to(axes, (*lead, *axes.shape)))
        centred = rows - mean[..., None, :]
        variances, axes, alive = _axes_of((centred.swapaxes(-1, -2) * shares[..., None, :]) @ centred)
        if not lead and not alive:
            raise Collapsed("the covariance of the rows is singular: in some direction they do not differ")
        return GaussianModel(self, np.where(alive[..., None], mean, np.nan), variances, axes)


@dataclass(frozen=True)
class GaussianModel:
    """Of one chain or of many: mean float[..., d], and the covariance as variances float[..., d] along axes float[..., d, d], its
    columns. NaN in chains that collapsed."""

    truth: Gaussian
    mean: Array
    variances: Array
    axes: Array

    @property
    def covariance(self) -> Array:
        """float[..., d, d]."""
        return (self.axes * self.variances[..., None, :]) @ self.axes.swapaxes(-1, -2)

    def sample(self, n: int, generator: Generator) -> Array:
        return _drawn(self.mean, self.variances, self.axes, n, generator)

    def score(self, test: Array) -> Scores:
        """Exact, so that the test rows are not looked at. The test loss is the expected negative log-likelihood of real rows less
        what the truth itself would have, that is, the Kullback–Leibler divergence of the model from the truth,
        (tr Σ̂⁻¹Σ + x̄ᵀΣ̂⁻¹x̄ − d + ln det Σ̂ − ln det Σ) / 2, in nats; where the covariance is known, the squared error of the mean.
        ``mean_error`` is ‖x̄‖², ``trace_ratio`` tr Σ̂ / tr Σ."""
        truth = self.truth.matrix
        mean_error = (self.mean**2).sum(-1)
        trace_ratio = self.variances.sum(-1) / np.trace(truth)
        scores = {"mean_error": mean_error, "trace_ratio": np.where(np.isnan(mean_error), np.nan, trace_ratio)}
        if self.truth.known == "covariance":
            return {TEST_LOSS: mean_error, **scores}
        with np.errstate(over="ignore"):
            spread = ((truth @ self.axes) * self.axes).sum(-2)
            along = (self.mean[..., None, :] @ self.axes)[..., 0, :]
            terms = (spread + along**2) / self.variances - 1 + np.log(self.variances)
        return {TEST_LOSS: (terms.sum(-1) - np.log(self.truth._truth[0]).sum()) / 2, **scores}


def _drawn(mean: Array, variances: Array, axes: Array, n: int, generator: Generator) -> Array:
    standard = generator.standard_normal((*mean.shape[:-1], n, mean.shape[-1]))
    return mean[..., None, :] + (standard * np.sqrt(variances)[..., None, :]) @ axes.swapaxes(-1, -2)


def _axes_of(covariance: Array) -> tuple[Array, Array, Array]:
    """Variances and axes of each covariance, NaN where it is singular; and where it is not."""
    finite: Array = np.asarray(np.isfinite(covariance).all((-2, -1)))
    variances, axes = np.linalg.eigh(np.where(finite[..., None, None], covariance, np.eye(covariance.shape[-1])))
    alive: Array = finite & (variances[..., 0] > _SINGULAR * variances[..., -1]) & (variances[..., 0] > _NOTHING)
    return np.where(alive[..., None], variances, np.nan), axes, alive


def gaussian_from_config(config: object) -> Gaussian:
    """Raises :class:`RecsynError` for what is none."""
    written = fields_of(config, "gaussian", _FIELDS)
    dimensions = whole("dimensions of gaussian", written.get("dimensions", 1), 1, _MOST_DIMENSIONS)
    known = one_of("known of gaussian", written.get("known", "none"), _KNOWN)
    return Gaussian(dimensions, _covariance(written.get("covariance", 1.0), dimensions), known)


def _covariance(written: object, dimensions: int) -> Covariance:
    if not isinstance(written, list):
        return number("covariance of gaussian", written)
    if not any(isinstance(row, list) for row in written):
        return tuple(number("a variance of gaussian", each) for each in written)
    if any(not isinstance(row, list) or len(row) != dimensions for row in written):
        raise RecsynError(
            f"the covariance of {dimensions} dimensions is {quoted(written)}",
            f"a matrix has {dimensions} rows of {dimensions} numbers",
        )
    return tuple(tuple(number("a number of the covariance", each) for each in row) for row in written)
