"""How many inputs a model takes at a time, found by trying: many, and half as many wherever memory does not suffice."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recsyn.testing.verdicts import Graded, Judge, Model, ModelError
from recsyn.values import Datum, Value

A = TypeVar("A")
B = TypeVar("B")
LARGEST = 512
_SAID = ("out of memory", "can't allocate memory", "not enough memory", "cublas_status_alloc_failed", "resource_exhausted")
"""What torch on either device, cuBLAS and XLA say, whose errors have no class of their own in every version."""


class Portions:
    """``size`` is how many rows are tried together, and what was found to fit is remembered in it."""

    def __init__(self, size: int | None = None) -> None:
        self.size = size or LARGEST

    def over(self, rows: Sequence[A], work: Callable[[Sequence[A]], Sequence[B]]) -> list[B]:
        """What ``work`` makes of all rows, as many as fit at a time; it gives one result for each. Raises what it raises, and
        memory's error where one row alone is too many."""
        found: list[B] = []
        while len(found) < len(rows):
            portion = rows[len(found) : len(found) + self.size]
            try:
                found += work(portion)
            except Exception as error:
                if len(portion) == 1 or not is_out_of_memory(error):
                    raise
                self.size = len(portion) // 2
            else:
                continue
            _release()  # Not before the error is gone, whose frames hold what did not fit.
        return found


class Fitted:
    """A model that is asked as many inputs at a time as it has memory for. It judges and grades where that model does."""

    correct: Callable[[Sequence[Datum], Sequence[Datum]], NDArray[np.bool_]]
    losses: Callable[[Sequence[Datum], Sequence[Datum]], NDArray[np.float64]]

    def __init__(self, model: Model, size: int | None = None) -> None:
        self.model = model
        self.portions = Portions(size)
        if isinstance(model, Judge):
            self.correct = lambda inputs, outputs: np.array(self._paired(model.correct, inputs, outputs), dtype=np.bool_)
        if isinstance(model, Graded):
            self.losses = lambda inputs, outputs: np.array(self._paired(model.losses, inputs, outputs), dtype=np.float64)

    def __call__(self, inputs: Sequence[Any], /) -> list[Any]:
        return self.portions.over(list(inputs), lambda portion: one_each(self.model(list(portion)), len(portion)))

    def _paired(self, told: Callable[[Any, Any], Iterable[Any]], inputs: Sequence[Datum], outputs: Sequence[Datum]) -> list[Any]:
        def of(pairs: Sequence[tuple[Datum, Datum]]) -> list[Any]:
            return one_each(told([i for i, _ in pairs], [o for _, o in pairs]), len(pairs))

        return self.portions.over(list(zip(inputs, outputs, strict=True)), of)


def one_each(raw: Any, many: int) -> list[Any]:
    """What a model gave for so many inputs, one for each. Raises :class:`ModelError` where it is anything else."""
    listed = isinstance(raw, Iterable) and not isinstance(raw, str | bytes | Value | Mapping | Set)
    answers = list(raw) if listed else None
    if answers is None or len(answers) != many:
        given = f"{len(answers)} answers" if answers is not None else f"one {type(raw).__name__}"
        raise ModelError(
            f"the model returned {given} for a batch of {many} inputs", "a model takes a list of inputs and returns one answer each"
        )
    return answers


def is_out_of_memory(error: Exception) -> bool:
    """Whether fewer inputs at a time might go better."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in _SAID)


def _release() -> None:
    """Give back what torch keeps of a device's memory for the sizes that it had before."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        gc.collect()
        torch.cuda.empty_cache()
