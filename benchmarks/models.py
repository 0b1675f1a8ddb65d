"""Writing a model's answers, and judging them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from recsyn.benchmarks import Figure, Table, interleaved, timed
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import generate
from recsyn.data.vocabulary import END, PAD, START
from recsyn.neural.architecture import Architecture
from recsyn.neural.decoding import Decoded, greedy, teacher_forced
from recsyn.neural.networks import Network, network_for, trimmed
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import train

_BATCH, _ALONE = 256, 8
"""Rows that are written together, and those that are written one after another."""
_FASTER = 20.0
_TOGETHER, _ONE_BY_ONE = "together, keys and values kept", "one at a time, nothing kept"


def tables() -> Iterator[Table]:
    torch.set_num_threads(1)
    yield writing()
    yield judging()


def writing() -> Table:
    """A batch of rows of different lengths, and each row by itself with everything computed again for each token. The networks are
    untrained and never end, so that every row goes on to the last position."""
    experiment = load_experiment("successor-reverse")
    rows = generate(experiment.task, _BATCH, 1)
    source = torch.from_numpy(rows.source).long()
    costs = {}
    for kind in ("encoder-decoder", "decoder-only"):
        torch.manual_seed(0)
        model = network_for(Architecture(kind=kind, encoder_layers=2, decoder_layers=2), len(experiment.task.vocabulary)).eval()
        with torch.no_grad():
            model.output.bias[END] = -1e4
        assert greedy(model, source[:_ALONE]) == alone(model, source[:_ALONE])
        sides = {
            _TOGETHER: timed(partial(greedy, model, source, None, _BATCH), _BATCH),
            _ONE_BY_ONE: timed(partial(alone, model, source[:_ALONE]), _ALONE),
        }
        costs[kind] = interleaved(sides, 5)
    table = Table("writing a model's answers, for each row", "ms", costs, (_TOGETHER,))
    ratios = {kind: table.ratio(kind, _ONE_BY_ONE, _TOGETHER) for kind in costs}
    figures = [Figure(f"{_ONE_BY_ONE} / {_TOGETHER}, {kind}", ratio, at_least=_FASTER) for kind, ratio in ratios.items() if ratio]
    return replace(table, figures=tuple(figures))


@torch.inference_mode()
def alone(model: Network, source: Tensor) -> list[Decoded]:
    """The definition of greedy decoding: the whole prefix anew for every token, one row at a time."""
    found = []
    for row in source:
        row = trimmed(row[None])
        written, longest = [START], int(model.longest(row))
        while len(written) <= longest + 1:
            token = int(model(row, torch.tensor([written]))[0, -1, END:].argmax()) + END
            if token == END:
                break
            written.append(token)
        found.append(Decoded(tuple(written[1 : longest + 1]), len(written) <= longest + 1))
    return found


def judging() -> Table:
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
    sides = {
        "greedy": timed(lambda: greedy(trained.model, source, 20), len(answers)),
        "teacher-forced": timed(lambda: teacher_forced(trained.model, source, target), len(answers)),
    }
    return Table("judging a model's answers, for each row", "µs", {"2,000 rows": interleaved(sides)}, ("teacher-forced",))
