"""Small matrices of many chains at once, chains on the last axis, where they lie side by side: float[…, chains]. Of symmetric ones
only the diagonal and what is above it is written and read."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from recsyn.collapse.family import Array

_SOUND = 1e-11
"""Of a pivot, beside the diagonal that it came from, so that what is divided by it means anything."""


def triangle(rows: int, features: int, chains: int, generator: Generator) -> Array:
    """The triangle R of X = QR, float[d, d, chains], where X is ``rows`` ≥ d rows of d independent standard normal numbers: exact
    in distribution, by Bartlett's decomposition of Wishart's (M. S. Bartlett, Proc. R. Soc. Edinburgh 53, 1933)."""
    factor = np.zeros((features, features, chains))
    for row in range(features):
        diagonal = factor[row, row]
        generator.standard_gamma((rows - row) / 2, chains, out=diagonal)
        diagonal *= 2
        np.sqrt(diagonal, out=diagonal)
        generator.standard_normal(out=factor[row, row + 1 :])
    return factor


def condition(factor: Array, found: Array) -> None:
    """Turn R, of rows x ~ N(0, I), into that of rows x ~ N(0, (I + uuᵀ)⁻¹), u being ``found``, float[d, chains]. Of such a row each
    number, given those before it, is normal with a mean that depends on nothing but their product with u."""
    features = len(found)
    after = 1 + np.add.reduce(found**2, 0)
    product = np.zeros(found.shape)
    for place in range(features):
        before, after = after, after - found[place] ** 2
        column = factor[: place + 1, place]
        column *= np.sqrt(after / before)
        column -= product[: place + 1] * (found[place] / before)
        product[: place + 1] += column * found[place]


def add_squares(rows: Array, weight: Array, vector: Array, gram: Array, moment: Array) -> None:
    """Add weight·XᵀX to ``gram``, and that times the vector to ``moment``, float[d, chains]. X is float[k, d, chains]; where k is d
    it is a triangle."""
    count, features, _ = rows.shape
    for place in range(features):
        known = place + 1 if count == features else count
        line = np.einsum("kc,kjc->jc", rows[:known, place], rows[:known, place:])
        line *= weight
        gram[place, place:] += line
    moment += np.einsum("kjc,kc->jc", rows, weight * times(rows, vector))


def times(matrix: Array, vector: Array) -> Array:
    """float[k, chains], of float[k, d, chains] and float[d, chains]."""
    product: Array = np.einsum("ijc,jc->ic", matrix, vector)
    return product


def factorise(gram: Array) -> Array:
    """Turn A into the triangle U of A = UᵀU, after Cholesky; bool[chains], whether A is far enough from having no inverse for what
    is divided by U to mean anything."""
    sound = np.ones(gram.shape[2], bool)
    for row in range(len(gram)):
        line = gram[row, row:]
        least = _SOUND * line[0]
        if row:
            line -= np.einsum("kc,kjc->jc", gram[:row, row], gram[:row, row:])
        sound &= line[0] > least
        line /= np.sqrt(line[0])
    return sound


def back(factor: Array, vector: Array) -> Array:
    """R⁻¹·v of a triangle: float[d, …, chains] as v is."""
    solution = np.empty(vector.shape)
    for row in reversed(range(len(factor))):
        rest = vector[row] - np.einsum("jc,j...c->...c", factor[row, row + 1 :], solution[row + 1 :])
        np.divide(rest, factor[row, row], out=solution[row])
    return solution


def forth(factor: Array, vector: Array) -> Array:
    """R⁻ᵀ·v of a triangle: float[d, …, chains] as v is."""
    solution = np.empty(vector.shape)
    for row in range(len(factor)):
        rest = vector[row] - np.einsum("jc,j...c->...c", factor[:row, row], solution[:row])
        np.divide(rest, factor[row, row], out=solution[row])
    return solution


def inverse(factor: Array) -> Array:
    """R⁻¹ of a triangle."""
    features, _, chains = factor.shape
    return back(factor, np.broadcast_to(np.eye(features)[..., None], (features, features, chains)))


def chains_last(array: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(array, 0, -1))


def chains_first(array: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(array, -1, 0))
