"""The floor on a task as users have it: a program, a distribution, rows that the data floor generates."""

from __future__ import annotations

import json
import random
from contextlib import suppress

import pytest

from recsyn.data import generation
from recsyn.data.answers import Answer
from recsyn.data.rows import generate
from recsyn.data.tasks import Task
from recsyn.neural import card, checkpoint, training
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.architecture import Architecture
from recsyn.neural.checkpoint import CheckpointError, load, save, seal
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import train

PROGRAM = """type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"

fun succ (n : Pos) : Pos =
  match n with
  | One => XO One
  | XO b => XI b
  | XI b => XO (succ b)
  end
"""
CONFIG = {
    "name": "successor",
    "source": PROGRAM,
    "function": "succ",
    "distribution": {"kind": "by-depth", "sizes": [1, 8], "depths": [1, 4]},
}


@pytest.fixture(autouse=True)
def _real_task(_copy_task: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "generate", generation.generate)
    monkeypatch.setattr(card, "generate", generation.generate)
    monkeypatch.setattr(checkpoint, "Task", Task)


@pytest.fixture
def folder(tmp_path):
    trained = train(Task.from_config(CONFIG), Architecture(width=32, heads=2, max_positions=16), Recipe(steps=60, batch_size=32))
    return save(tmp_path / "successor", trained, {})


def test_a_checkpoint_answers_for_its_task(folder):
    model = CheckpointModel(load(folder))
    rows = generate(model.checkpoint.task, 100, 1)
    answers, verdicts = model(rows.inputs), model.correct(rows.inputs, rows.outputs)
    codec = model.checkpoint.task.output_codec
    right = [answer == Answer(tuple(codec.encode(out)), True) for answer, out in zip(answers, rows.outputs, strict=True)]
    assert verdicts.tolist() == right


def test_a_task_altered_at_random_is_refused_or_loads(folder):
    whole = json.loads((folder / "config.json").read_text())
    chance, loaded = random.Random(0), 0
    values = [None, True, -1, 0, 0.5, "", "x", "\ud800", [], [[]], {}, {"kind": "uniform"}, [3, 1], [1, 2]]
    places = [("task", name) for name in whole["task"]] + [("task", "distribution", name) for name in whole["task"]["distribution"]]
    for place in places:
        for value in [*values, chance.randbytes(8).hex()]:
            config = json.loads(json.dumps(whole))
            parent = config
            for key in place[:-1]:
                parent = parent[key]
            parent[place[-1]] = value
            (folder / "config.json").write_text(json.dumps(config | {"seal": seal(config)}))
            with suppress(CheckpointError):
                load(folder)
                loaded += 1
    assert loaded > 0
