"""The profile of collapse: what rows that a model made have lost."""

from __future__ import annotations

import numpy as np

from recsyn.collapse.family import Rows, Scores


def profile(made: Rows, test: Rows, fitted_to: Rows, first: Rows, batched: bool) -> Scores:
    """Of rows that a model made, beside real ones of no model, those that it was fitted to, and those of the first model. In a
    batch, float[chains] a metric."""
    rows = np.asarray(made, float)
    return {"variance": rows.var(tuple(range(1, rows.ndim))) if batched else float(rows.var())}
