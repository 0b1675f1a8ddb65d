"""Functions of one input as models."""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from typing import Any

import pytest

from recsyn.data.answers import Unanswered
from recsyn.testing.models.single import one_at_a_time


@one_at_a_time
def half(number: int) -> Any:
    if number == 13:
        raise ValueError("unlucky\n  number")
    if number == 14:
        sys.exit(3)
    return "odd" if number % 2 else number // 2


@pytest.mark.parametrize("timeout", [None, 60.0])
def test_what_it_raises_on_one_input_is_lost_alone(timeout: float | None) -> None:
    model = one_at_a_time(half.answer, timeout)
    assert model([12, 13, 14, 15]) == [
        6,
        Unanswered("raised", "ValueError: unlucky number"),
        Unanswered("raised", "SystemExit: 3"),
        "odd",
    ]


def test_long_reasons_are_cut() -> None:
    def wordy(_: int) -> None:
        raise ValueError("x" * 10_000)

    (lost,) = one_at_a_time(wordy)([1])
    assert len(lost.why) == 200
    assert lost.why.endswith("x…")


def test_what_takes_too_long_is_lost_alone() -> None:
    over = threading.Event()

    def slow(number: int) -> int:
        if number == 2:
            over.wait(30)
        return number

    model = one_at_a_time(slow, 1.0)
    assert model([1, 2, 3]) == [1, Unanswered("timed out", "no answer within 1 s"), 3]
    over.set()


def test_no_more_than_a_few_run_on() -> None:
    over, begun = threading.Event(), []

    def hanging(number: int) -> int:
        begun.append(number)
        over.wait(30)
        return number

    model = one_at_a_time(hanging, 0.01)
    answers = model(range(12))
    assert [answer.trouble for answer in answers] == ["timed out"] * 12
    assert "8 earlier inputs still run" in answers[-1].why
    over.set()
    # What ran on ends now, and there is room again.
    for thread in list(model._abandoned):
        thread.join(30)
    assert sorted(begun) == list(range(8))
    assert replace(model, timeout=30.0)([99]) == [99]


def test_an_interrupt_goes_through() -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        one_at_a_time(interrupted)([1])
