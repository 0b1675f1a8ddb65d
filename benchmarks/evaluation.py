"""Evaluating programs, beside Python written by hand."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import recsyn
from recsyn.benchmarks import Ratio, interleaved

SUCCESSOR = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
fun succ n = match n with One => XO One | XO b => XI b | XI b => XO (succ b) end
"""


def by_hand(n: tuple[Any, ...]) -> tuple[Any, ...]:
    if n[0] == "One":
        return ("XO", n)
    return ("XI", n[1]) if n[0] == "XO" else ("XO", by_hand(n[1]))


def ratios() -> Iterator[Ratio]:
    """W1: the successor of numbers of 20 to 64 digits, by the reference machine and by hand-written Python on tuples."""
    rng = Random(0)
    program = recsyn.loads(SUCCESSOR)
    digits = [[rng.choice("OI") for _ in range(rng.randrange(19, 64))] for _ in range(2_000)]
    values, tuples = [], []
    for number in digits:
        value, built = recsyn.Value("One"), ("One",)
        for digit in number:
            value, built = recsyn.Value("X" + digit, (value,)), ("X" + digit, built)
        values.append(value)
        tuples.append(built)
    machine, hand = interleaved(lambda: program["succ"].of_each(values), lambda: [by_hand(t) for t in tuples])
    yield Ratio("reference machine / Python by hand, W1", machine, hand)
