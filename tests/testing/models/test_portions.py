"""Batches that fit into memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.testing.models.portions import LARGEST, Fitted, Portions, is_out_of_memory
from recsyn.testing.verdicts import Graded, Judge, ModelError


class OutOfMemoryError(RuntimeError):
    """As torch calls it."""


SAID = [
    MemoryError(),
    OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate"),
]


class Small:
    """A model that has room for so many inputs at a time, and remembers how many it was asked."""

    def __init__(self, room: int, error: Exception = SAID[0]) -> None:
        self.room, self.error = room, error
        self.asked: list[int] = []

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        self.asked.append(len(inputs))
        if len(inputs) > self.room:
            raise self.error
        return [-each for each in inputs]


@given(many=st.integers(0, 60), room=st.integers(1, 70), size=st.none() | st.integers(1, 70))
def test_all_are_answered_in_order_whatever_fits(many: int, room: int, size: int | None) -> None:
    model = Small(room)
    assert Fitted(model, size)(range(many)) == [-each for each in range(many)]


@pytest.mark.parametrize("error", SAID, ids=str)
def test_what_fits_is_found_once(error: Exception) -> None:
    model = Small(10, error)
    fitted = Fitted(model, 64)
    fitted(range(100))
    assert model.asked == [64, 32, 16, *[8] * 12, 4]
    model.asked.clear()
    fitted(range(16))
    assert model.asked == [8, 8]


def test_no_more_than_is_needed_is_tried_at_first() -> None:
    model = Small(10**6)
    Fitted(model)(range(LARGEST + 1))
    assert model.asked == [LARGEST, 1]


@pytest.mark.parametrize("error", [ValueError("out of memory"), RuntimeError("shape mismatch")], ids=str)
def test_other_errors_are_not_memory(error: Exception) -> None:
    assert not is_out_of_memory(error)
    model = Small(1, error)
    with pytest.raises(type(error), match=str(error)):
        Fitted(model)(range(4))
    assert model.asked == [4]


def test_one_input_that_does_not_fit_is_told() -> None:
    with pytest.raises(MemoryError):
        Portions().over([1, 2], Small(0))


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([1], "1 answers for a batch of 2"),
        ([1, 2, 3], "3 answers for a batch of 2"),
        ("ab", "one str"),
        (None, "one NoneType"),
        ({1: 2, 3: 4}, "one dict"),
        (iter([]), "0 answers"),
    ],
)
def test_another_number_of_answers_is_told(raw: Any, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        Fitted(lambda inputs: raw)([1, 2])


class Judging(Small):
    def correct(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        self(inputs)
        return np.array([i == o for i, o in zip(inputs, outputs, strict=True)])


class Grading(Judging):
    def losses(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> Any:
        return np.array(self(inputs)) / 2


def test_it_judges_and_grades_as_its_model_does() -> None:
    plain, judging, grading = Fitted(Small(3)), Fitted(Judging(3)), Fitted(Grading(3))
    assert [isinstance(each, Judge) for each in (plain, judging, grading)] == [False, True, True]
    assert [isinstance(each, Graded) for each in (plain, judging, grading)] == [False, False, True]
    assert grading.correct([1, 2, 3, 4, 5], [1, 0, 3, 0, 5]).tolist() == [True, False, True, False, True]
    losses = grading.losses([1, 2, 3, 4, 5], [0] * 5)
    assert losses.dtype == np.float64
    assert losses.tolist() == [-0.5, -1.0, -1.5, -2.0, -2.5]
    assert judging.correct([], []).shape == (0,)
