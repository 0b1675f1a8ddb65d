"""A family of one's own for a study of collapse: the Laplace distribution, fitted by its median and mean absolute deviation.

In a study's configuration it is named by its file and class, and what else is written goes to the constructor by keyword::

    family: {kind: examples/collapse_family.py:Laplace, scale: 2.0}

A family knows the truth and fits models; a model makes rows and says how good it is. Nothing else is needed, and nothing has to be
inherited. The theory is quick to do by hand here: fitted to n rows of the last model, the expected logarithm of the scale falls by
the same amount in every generation, and the distribution shrinks to a point.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Laplace:
    scale: float = 1.0

    def real(self, n, generator):
        return generator.laplace(0.0, self.scale, n)

    def fit(self, rows, weights, generator):
        order = np.argsort(rows)
        middle = rows[order[np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)]]
        return Fitted(middle, np.average(np.abs(rows - middle), weights=weights))


@dataclass(frozen=True)
class Fitted:
    middle: float
    scale: float

    def sample(self, n, generator):
        return generator.laplace(self.middle, self.scale, n)

    def score(self, test):
        """The mean negative log-likelihood of real rows that nothing was fitted to."""
        return {"test_loss": np.log(2 * self.scale) + np.abs(test - self.middle).mean() / self.scale, "scale": self.scale}
