"""Judging a model's answers."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from recsyn.benchmarks import Table, interleaved, timed
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import generate
from recsyn.data.vocabulary import PAD
from recsyn.neural.architecture import Architecture
from recsyn.neural.decoding import greedy, teacher_forced
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import train


def tables() -> Iterator[Table]:
    """2,000 rows judged one greedy token at a time with a key–value cache, and by one teacher-forced pass."""
    torch.set_num_threads(1)
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
    sides = {
        "greedy": timed(lambda: greedy(trained.model, source, 20), len(answers)),
        "teacher-forced": timed(lambda: teacher_forced(trained.model, source, target), len(answers)),
    }
    yield Table("judging a model's answers, for each row", "µs", {"2,000 rows": interleaved(sides)}, ("teacher-forced",))
