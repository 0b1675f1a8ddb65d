"""Writing a model's answers, judging them, and certifying a model on every input up to a size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from tempfile import TemporaryDirectory

import torch
from torch import Tensor

from recsyn.benchmarks import Figure, Table, interleaved, timed
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import generate
from recsyn.data.vocabulary import END, PAD, START
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.architecture import Architecture
from recsyn.neural.decoding import Decoded, greedy, teacher_forced
from recsyn.neural.networks import Network, network_for, trimmed
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import train
from recsyn.testing.certification import certify
from recsyn.testing.keeping import keep
from recsyn.testing.verdicts import batches, examine

_BATCH, _ALONE = 256, 8
"""Rows that are written together, and those that are written one after another."""
_FASTER = 20.0
_LARGEST = 12
"""Constructors of the inputs that are certified."""
_CERTIFIES = 50.0
_TOGETHER, _ONE_BY_ONE = "together, keys and values kept", "one at a time, nothing kept"
_CERTIFIED, _KEPT = "every input, teacher-forced", "one at a time, keys and values kept"


def tables() -> Iterator[Table]:
    torch.set_num_threads(1)
    yield writing()
    yield judging()
    yield certifying()


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


def certifying() -> Table:
    """Every input up to a size: listed, evaluated, judged by teacher forcing in batches; and some of them one at a time, by writing
    the answer, with keys and values kept as a checkpoint does it, and by the definition of greedy decoding."""
    experiment = load_experiment("successor-reverse")
    task = experiment.task
    trained = train(task, Architecture.from_config(experiment.model), Recipe(steps=300))
    with TemporaryDirectory() as folder:
        checkpoint, _ = keep(trained, generate(task, 10, 1, "test"), folder)
    model = CheckpointModel(checkpoint)
    everything = [value for size in range(_LARGEST + 1) for value in task.space.grammar.values(task.space.type, size)]
    some = everything[:: len(everything) // _ALONE]
    verdicts = certify(model, task, _LARGEST)
    assert verdicts.comparison is not None
    assert not verdicts.comparison.differing

    def certified() -> None:
        listed = (value for size in range(_LARGEST + 1) for value in task.space.grammar.values(task.space.type, size))
        for batch in batches(listed):
            examine(model, task, batch)

    def kept() -> None:
        for value in some:
            examine(lambda inputs: model(inputs), task, [value])

    source = torch.from_numpy(task.encode_source(some)).long()
    sides = {
        _CERTIFIED: timed(certified, len(everything)),
        _KEPT: timed(kept, len(some)),
        _ONE_BY_ONE: timed(partial(alone, checkpoint.model, source), len(some)),
    }
    table = Table("certifying a model, for each input", "µs", {f"{len(everything):,} inputs": interleaved(sides, 5)}, (_CERTIFIED,))
    ratios = [(side, table.ratio(f"{len(everything):,} inputs", side, _CERTIFIED)) for side in (_ONE_BY_ONE, _KEPT)]
    figures = [Figure(f"{side} / {_CERTIFIED}", ratio, at_least=_CERTIFIES) for side, ratio in ratios if ratio]
    return replace(table, figures=tuple(figures))
