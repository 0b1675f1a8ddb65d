"""Rows that are trained on together, put with those of like lengths, so that little of what is computed is padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WORTH = 48
"""Positions that a further part must save: computing one costs a small network about as much, however short it is."""


def parts_of(lengths: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """The rows of one batch in parts, each of which is as long as its longest row, the longest rows first. ``lengths`` are those of
    the sequences that a row has, each ``int64 [n]``.

    A batch keeps its rows, of whatever lengths chance gives it. To put rows of like lengths into one batch, as is common, would
    save as much, and has a price: gradients of successive steps are then of one length after another, and a small network
    learns far more slowly.
    """
    found: list[NDArray[np.int64]] = []
    waiting = [np.argsort(np.sum(lengths, axis=0), kind="stable")]
    while waiting:
        part = waiting.pop()
        longest = np.sum([np.maximum.accumulate(column[part]) for column in lengths], axis=0)
        # The first k rows by themselves are as long as the k-th; what is left stays as long as the last.
        saved = np.arange(1, len(part)) * (longest[-1:] - longest[:-1])
        if saved.max(initial=0) >= _WORTH:
            cut = int(saved.argmax()) + 1
            waiting += [part[:cut], part[cut:]]
        elif len(part):
            found.append(part)
    return found


def wasted(lengths: Sequence[NDArray[np.int64]], parts: Sequence[NDArray[np.int64]]) -> float:
    """The share of positions that are padding, where each part is as long as its longest row."""
    used = sum(int(column[part].sum()) for part in parts for column in lengths)
    positions = sum(len(part) * int(column[part].max(initial=0)) for part in parts for column in lengths)
    return 1 - used / positions if positions else 0.0
