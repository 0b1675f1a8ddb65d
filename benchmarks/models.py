"""``make bench``: medians of interleaved repetitions, so that both sides of a ratio meet the same machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from statistics import median
from time import process_time
from typing import Any

import torch

import recsyn
from recsyn.cli.terminal import table
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import generate
from recsyn.data.vocabulary import PAD
from recsyn.neural.architecture import Architecture
from recsyn.neural.decoding import greedy, teacher_forced
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import train

_REPETITIONS = 7

SUCCESSOR = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
fun succ n = match n with One => XO One | XO b => XI b | XI b => XO (succ b) end
"""


def interleaved(*sides: Callable[[], Any]) -> list[float]:
    """Median CPU seconds of each side."""
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(_REPETITIONS):
        for side, taken in zip(sides, times, strict=True):
            started = process_time()
            side()
            taken.append(process_time() - started)
    return [median(taken) for taken in times]


def by_hand(n: tuple[Any, ...]) -> tuple[Any, ...]:
    if n[0] == "One":
        return ("XO", n)
    return ("XI", n[1]) if n[0] == "XO" else ("XO", by_hand(n[1]))


def evaluation() -> tuple[str, float, float]:
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
    return "reference machine / Python by hand, W1", machine, hand


def judging() -> tuple[str, float, float]:
    """2,000 rows judged one greedy token at a time with a key–value cache, and by one teacher-forced pass."""
    experiment = load_experiment("successor-reverse")
    trained = train(experiment.task, Architecture.from_config(experiment.model), Recipe(steps=100))
    rows = generate(experiment.task, 2_000, 1)
    source, target = torch.from_numpy(rows.source).long(), torch.from_numpy(rows.target).long()
    answers = greedy(trained.model, source, 20)
    right = [
        list(a.tokens) == [t for t in row[1:] if t != PAD][:-1] and a.ended
        for a, row in zip(answers, rows.target.tolist(), strict=True)
    ]
    assert right == teacher_forced(trained.model, source, target).tolist()
    one, other = interleaved(lambda: greedy(trained.model, source, 20), lambda: teacher_forced(trained.model, source, target))
    return "greedy / teacher-forced verdicts", one, other


def main() -> None:
    torch.set_num_threads(1)
    rows = [
        (name, f"{1e3 * one:.2f}", f"{1e3 * other:.2f}", f"{one / other:.2f}") for name, one, other in (evaluation(), judging())
    ]
    table("medians of CPU milliseconds", ("what", "first", "second", "ratio"), rows)


if __name__ == "__main__":
    main()
