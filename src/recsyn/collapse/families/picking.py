"""Places drawn with given probabilities, for many chains at once."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from recsyn.collapse.family import Array


def picked(shares: Array, n: int, generator: Generator) -> Array:
    """``n`` places each from one or several lists of shares: ``float[..., places]`` to ``int[..., n]``. Shares are no less than 0,
    and those of a list sum to more than that; a place without a share is never drawn."""
    lists = shares.reshape(-1, shares.shape[-1])
    many, places = lists.shape
    sums = np.cumsum(lists, -1)
    sums /= sums[:, -1:]
    # All lists are searched in one, the i-th between i and i + 1.
    which = np.arange(many)[:, None]
    sums += which
    found = np.searchsorted(sums.reshape(-1), (which + generator.random((many, n))).reshape(-1), side="right").reshape(many, n)
    # Where rounding led out of a list, its last place that has a share is meant.
    last = places - 1 - np.argmax(lists[:, ::-1] > 0, -1)
    made: Array = np.minimum(found - which * places, last[:, None]).reshape(*shares.shape[:-1], n)
    return made
