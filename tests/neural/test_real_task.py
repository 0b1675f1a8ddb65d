"""The floor on a task as users have it: a program, a distribution, rows that the data floor generates."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from pathlib import Path

import pytest

from recsyn.data import generation
from recsyn.data.answers import Answer
from recsyn.data.rows import generate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.neural import card, checkpoint, training
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.architecture import Architecture
from recsyn.neural.checkpoint import Checkpoint, CheckpointError, load, save, seal
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import train
from recsyn.testing.emulation import emulate

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


# The next line

SORTING = {
    "name": "sorting",
    "source": """fun insert (n : Int) (ns : List Int) : List Int =
  match ns with [] => [n] | m :: ms => if n <= m then n :: ns else m :: insert n ms end
fun sort (ns : List Int) : List Int = match ns with [] => [] | n :: ns => insert n (sort ns) end
""",
    "function": "sort",
    "asks": "next",
    "input": "flat",
    "output": "flat",
    "distribution": {"kind": "uniform", "sizes": [1, 5]},
}


def sorter(steps):
    task = Task.from_config(SORTING)
    trained = train(task, Architecture(max_positions=32), Recipe(steps=steps))
    return CheckpointModel(Checkpoint(task, trained.architecture, trained.recipe, trained.model, {}, Path("nowhere")))


def test_a_model_is_asked_about_inputs_and_about_lines():
    model = sorter(2)
    task = model.checkpoint.task
    rows = generate(task, 20, 1)
    assert model(rows.inputs) == model([task.asked(value) for value in rows.inputs])
    answers = [
        answer == Answer(tuple(right))
        for answer, right in zip(model(rows.inputs), task.answers(rows.inputs, rows.outputs), strict=True)
    ]
    assert model.correct(rows.inputs, rows.outputs).tolist() == answers
    with pytest.raises(RecsynError, match="at most 32"):
        model([("UNROLL[",) * 40])
    assert len(emulate(model, task, rows.inputs).runs) == 20


@pytest.mark.slow
def test_sorting_is_learned_line_by_line():
    model = sorter(1_500)
    found = emulate(model, model.checkpoint.task, generate(model.checkpoint.task, 200, 1, "test").inputs)
    assert found.step_rate.share < 0.1
    assert found.value_rate.share < 0.5
