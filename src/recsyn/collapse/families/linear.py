"""Linear regression: y = x·w + ε with x ~ N(0, Σ) and ε ~ N(0, σ²), and models that are the weights fitted to such rows.

All is done in the principal axes of Σ, with which everything here turns: only its eigenvalues matter, and where w* lies among its
axes. There rows are ``float[chains, rows, d + 1]``, features first, the label last. Where they are never parted
(:meth:`~recsyn.collapse.family.Batchable.batch`) a lot is no rows but the triangle that they come to
(:mod:`recsyn.collapse.families.triangles`), drawn as such: exact in distribution, and at a cost that does not grow with the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from math import isfinite
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.random import Generator

from recsyn.collapse.families.lots import FreshDesigns, SameDesign
from recsyn.collapse.families.regression import RowByRow
from recsyn.collapse.family import Array, Family
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest


@dataclass(frozen=True)
class Decay:
    """Eigenvalues i^−exponent, i = 1 … d; their sum is not made to be anything."""

    exponent: float


Covariance: TypeAlias = "tuple[float, ...] | tuple[tuple[float, ...], ...] | Decay | None"


@dataclass(frozen=True)
class Linear:
    """The family. ``noise`` is σ; ``design`` whether all generations label the same X, that of the T rows of the first (of fewer
    rows real ones have its first, made ones its last; of k·T rows each has it k times), or draw a fresh one; ``covariance`` is Σ,
    the identity where it is ``None``; ``truth`` is w*, or its norm: then its direction is drawn uniformly for each chain.

    Fitted is the w of the least Σ weight·(y − x·w)² + ridge·|w|², of several the shortest (``exact``); or what gradient descent on
    that sum, divided by twice the sum of the weights, comes to from w = 0 after ``steps`` steps of ``rate``, as many as there are
    rows where ``steps`` is ``None`` (``gradient``)."""

    features: int
    noise: float = 1.0
    design: Literal["same", "fresh"] = "same"
    ridge: float = 0.0
    covariance: Covariance = None
    truth: float | tuple[float, ...] = 1.0
    solver: Literal["exact", "gradient"] = "exact"
    rate: float = 0.1
    steps: int | None = None

    def with_steps(self, steps: int) -> Linear:
        """Raises :class:`RecsynError` where the solver has no steps."""
        if self.solver != "gradient":
            raise RecsynError("steps are counted of a linear regression that takes none", "give it `solver: gradient`")
        return replace(self, steps=steps)

    def batch(self, chains: int, whole: bool, generator: Generator) -> Family:
        if not whole:
            return RowByRow(self, chains, generator)
        return SameDesign(self, chains, generator) if self.design == "same" else FreshDesigns(self, chains, generator)

    def check(self, rows: int) -> None:
        """Raises :class:`RecsynError` where a fit to that many rows, no two of the same x, has no finite expected error: ordinary
        least squares with noise on d − 1 to d + 1 rows, where the mean of an inverse Wishart matrix does not exist."""
        d = self.features
        if self.solver == "exact" and not self.ridge and self.noise and abs(rows - d) <= 1:
            raise RecsynError(
                f"the expected error of least squares on {rows:,} {'row' if rows == 1 else 'rows'} with {d:,} features is infinite",
                f"give it {d + 2:,} rows or more" + (f", {d - 2:,} or fewer" if d > 2 else "") + ", a ridge, or no noise",
            )

    @cached_property
    def variances(self) -> Array:
        """The eigenvalues of the covariance: float[d], in the order of the axes."""
        return self._spectrum[0]

    def in_axes(self, weights: Array) -> Array:
        """float[d] in the principal axes of the covariance."""
        axes = self._spectrum[1]
        return weights if axes is None else axes.T @ weights

    @cached_property
    def _spectrum(self) -> tuple[Array, Array | None]:
        match self.covariance:
            case None:
                return np.ones(self.features), None
            case Decay(exponent):
                return np.arange(1, self.features + 1, dtype=float) ** -exponent, None
            case written:
                array = np.array(written, float)
                if array.ndim == 1:
                    return array, None
                values, axes = np.linalg.eigh(array)
                return values, axes

    def to_config(self) -> dict[str, Any]:
        match self.covariance:
            case None:
                covariance: object = None
            case Decay(exponent):
                covariance = {"decay": exponent}
            case written:
                covariance = [list(row) if isinstance(row, tuple) else row for row in written]
        config = {
            "kind": "linear",
            "features": self.features,
            "noise": self.noise,
            "design": self.design,
            "ridge": self.ridge,
            "covariance": covariance,
            "truth": list(self.truth) if isinstance(self.truth, tuple) else self.truth,
            "solver": self.solver,
        }
        return config if self.solver == "exact" else {**config, "rate": self.rate, "steps": self.steps}


# Reading


def linear_from_config(config: object) -> Linear:
    """Raises :class:`RecsynError` for what is no linear regression."""
    if not isinstance(config, Mapping):
        raise RecsynError(f"a linear regression is {quoted(config)}, not a mapping", "for example `{kind: linear, features: 10}`")
    known = tuple(field.name for field in fields(Linear))
    for name in config:
        if name not in (*known, "kind"):
            close = nearest(name, known) if isinstance(name, str) else None
            raise RecsynError(f"linear has no field {quoted(name)}", close or f"its fields are {', '.join(known)}")
    if config.get("kind", "linear") != "linear":
        raise RecsynError(f"a linear regression is of the kind {quoted(config['kind'])}", "its kind is linear")
    if "features" not in config:
        raise RecsynError("linear has no features", "say how many numbers x has, for example `features: 10`")
    features = _whole("features", config["features"])
    solver = _one_of("solver", config.get("solver", "exact"), "exact", "gradient")
    if solver == "exact":
        for name in ("rate", "steps"):
            if config.get(name) is not None:
                raise RecsynError(f"linear has a {name}, and its solver takes no steps", "give it `solver: gradient`")
    rate, steps, covariance = config.get("rate"), config.get("steps"), config.get("covariance")
    return Linear(
        features,
        _number("noise", config.get("noise", 1.0)),
        _one_of("design", config.get("design", "same"), "same", "fresh"),
        _number("ridge", config.get("ridge", 0.0)),
        None if covariance is None else _covariance(covariance, features),
        _truth(config.get("truth", 1.0), features),
        solver,
        Linear.rate if rate is None else _above("rate", rate),
        None if steps is None else _whole("steps", steps),
    )


def _covariance(written: object, features: int) -> Covariance:
    if isinstance(written, Mapping):
        if set(written) != {"decay"}:
            raise RecsynError(f"covariance of linear is {quoted(written)}", "its one field is decay, as in `{decay: 1.5}`")
        return Decay(_number("decay of the covariance", written["decay"]))
    if not isinstance(written, list | tuple):
        raise RecsynError(
            f"covariance of linear is {quoted(written)}",
            "give a list of variances, a matrix, `{decay: a}`, or null for the identity",
        )
    if not any(isinstance(row, list | tuple) for row in written):
        return _numbers("covariance", written, features, _above)
    if len(written) != features:
        raise RecsynError(f"the covariance has {len(written):,} rows, and there are {features:,} features")
    rows = []
    for i, row in enumerate(written, 1):
        if not isinstance(row, list | tuple):
            raise RecsynError(f"row {i} of the covariance is {quoted(row)}, not a list")
        rows.append(_numbers(f"row {i} of the covariance", row, features, _any))
    matrix = np.array(rows)
    if not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
        raise RecsynError("the covariance is not symmetric")
    least = np.linalg.eigvalsh(matrix)[0]
    if least <= 1e-14 * np.abs(matrix).max():
        raise RecsynError(f"the covariance is not positive definite: its least eigenvalue is {least:.3g}")
    return tuple(rows)


def _truth(written: object, features: int) -> float | tuple[float, ...]:
    if isinstance(written, list | tuple):
        return _numbers("truth", written, features, _any)
    return _number("truth, a norm or a list of weights,", written)


def _numbers(what: str, written: list[Any] | tuple[Any, ...], many: int, read: Callable[[str, object], float]) -> tuple[float, ...]:
    if len(written) != many:
        raise RecsynError(f"{what} of linear has {len(written):,} numbers, and there are {many:,} features")
    return tuple(read(f"number {i} of {what}", number) for i, number in enumerate(written, 1))


def _whole(what: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RecsynError(f"{what} of linear is {quoted(value)}, not a whole number from 1 up")
    return value


def _any(what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise RecsynError(f"{what} of linear is {quoted(value)}, not a number")
    return float(value)


def _number(what: str, value: object) -> float:
    number = _any(what, value)
    if number < 0:
        raise RecsynError(f"{what} of linear is {quoted(value)}, below 0")
    return number


def _above(what: str, value: object) -> float:
    number = _any(what, value)
    if number <= 0:
        raise RecsynError(f"{what} of linear is {quoted(value)}, not above 0")
    return number


def _one_of(what: str, value: object, *known: Any) -> Any:
    if value not in known:
        close = nearest(value, known) if isinstance(value, str) else None
        raise RecsynError(f"{what} of linear is {quoted(value)}", close or f"it is one of {', '.join(known)}")
    return value
