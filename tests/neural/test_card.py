"""What a checkpoint says of itself to people: its card, and the experiment that trains the same again."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import yaml

from recsyn.data import generation, rows
from recsyn.data.experiments import load_experiment
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.neural import card, checkpoint, training
from recsyn.neural.architecture import Architecture
from recsyn.neural.checkpoint import load, save
from recsyn.neural.recipe import Recipe
from recsyn.neural.running import device_name
from recsyn.neural.training import Trained, train
from recsyn.testing.emulation import emulate

EXAMPLES = Path(__file__).parents[2] / "examples"
TREES = {
    "name": "a  task\nwith *stars*", "program": "traversal.rec", "source": (EXAMPLES / "traversal.rec").read_text("utf-8"),
    "function": "inorder", "input": "bracketed", "output": "flat", "distribution": {"kind": "uniform", "sizes": [1, 9]},
}  # fmt: skip
MEASURED = {
    "rows": 400, "exact_match": 0.975, "low": 0.95, "high": 0.99,
    "by": {
        "input_length": [],
        "recursion_depth": [{"value": d, "rows": 200, "exact_match": 0.975, "low": 0.94, "high": 0.99} for d in (1, 2)],
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def _real_task(_copy_task: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "generate", generation.generate)
    monkeypatch.setattr(card, "generate", generation.generate)
    monkeypatch.setattr(checkpoint, "Task", Task)


def trained(recipe: Recipe | None = None, architecture: dict[str, Any] | None = None, **fields: Any) -> Trained:
    shape = Architecture(**{"width": 16, "heads": 2, "feedforward": 32, **(architecture or {})})
    return train(task_from_config({**TREES, **fields}), shape, recipe or Recipe(steps=3, batch_size=8))


def read(folder: Path) -> str:
    return (folder / "README.md").read_text("utf-8")


def settings(text: str) -> Any:
    return yaml.safe_load(re.search(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1])


@pytest.mark.parametrize(
    ("asks", "words"),
    [
        ({}, "the value of the function `inorder`"),
        ({"asks": "rounds", "rounds": 1}, "what is left of the function `inorder` after 1 round;"),
        ({"asks": "rounds", "rounds": 2}, "after 2 rounds;"),
        ({"asks": "step"}, "the first step of the reduction of the function `inorder`"),
        ({"asks": "trace"}, "all steps of the reduction of the function `inorder`"),
        ({"asks": "next"}, "the line after a given one of the reduction of the function `inorder`"),
        ({"asks": "states", "input": "prefix", "function": "preorder"}, "the states of the machine of the function `preorder`"),
    ],
    ids=str,
)
def test_the_card_says_what_is_asked_and_shows_a_right_row(tmp_path: Path, asks: dict[str, Any], words: str) -> None:
    made = trained(**asks, architecture={"max_positions": 512})
    text = read(save(tmp_path / "it", made, {"held_out": MEASURED}))
    assert "# a task with *stars*\n" in text
    assert words in text
    source, target = re.findall(r"^```\n(.*?)\n```", text, re.DOTALL | re.MULTILINE)[:2]
    if made.task.asks_of_lines:
        reductions = [made.task.lines(value) for value in rows.generate(made.task, 64, 0).inputs]
        assert (tuple(source.split()), tuple(target.split())) in {pair for lines in reductions for pair in pairwise(lines)}
    else:
        assert made.task.mistake(made.task.input_codec.decode(source.split()), target.split()) is None
    assert made.task.program_source.strip() in text


def test_the_card_says_how_good_it_is(tmp_path: Path) -> None:
    made = trained()
    text = read(save(tmp_path / "it", made, {"held_out": MEASURED}))
    assert "Exact match on 400 held-out rows: **97.50%** (95 % interval 95.00% to 99.00%)." in text
    assert "| recursion depth | rows | exact match | 95 % interval |" in text
    assert "| 2 | 200 | 97.5% | 94.0% to 99.0% |" in text
    flat = {**MEASURED, "by": {"input_length": [], "size": MEASURED["by"]["recursion_depth"]}}
    assert "| size | rows |" in read(save(tmp_path / "it", made, {"held_out": flat}))
    for other in ({}, {"held_out": 0.5}, {"held_out": {"rows": 3}}, {"held_out": {**MEASURED, "by": {}}}):
        assert "It was not measured when it was saved" in read(save(tmp_path / "it", made, other))


@pytest.mark.parametrize(
    ("architecture", "recipe", "there", "absent"),
    [
        ({}, {}, {"position_scale", "learning_rate", "decoder_layers"}, {"room", "factor", "check_rows", "watched"}),
        ({"positions": "rotary"}, {"schedule": "vaswani"}, {"factor", "schedule"}, {"position_scale", "learning_rate"}),
        ({"kind": "encoder-only"}, {"check_every": 2}, {"room", "check_rows"}, {"decoder_layers", "patience"}),
        ({"kind": "decoder-only"}, {"check_every": 2, "patience": 9}, {"patience", "watched"}, {"encoder_layers", "room"}),
    ],
)
def test_the_card_names_the_settings_that_play_a_part(
    tmp_path: Path, architecture: dict[str, Any], recipe: dict[str, Any], there: set[str], absent: set[str]
) -> None:
    made = trained(Recipe(steps=3, batch_size=8, **recipe), architecture)
    named = settings(read(save(tmp_path / "it", made, {})))
    every = {**named["model"], **named["training"]}
    assert there <= every.keys()
    assert not absent & every.keys()
    assert every.items() <= {**made.architecture.to_config(), **made.recipe.to_config()}.items()


def test_the_card_says_what_it_was_trained_on(tmp_path: Path) -> None:
    made = trained()
    assert made.devices == ("the CPU",)
    size = sum(weights.numel() for weights in made.model.parameters())
    text = read(save(tmp_path / "it", dataclasses.replace(made, devices=("the CPU", "4 × NVIDIA H100"), seconds=1234.56), {}))
    assert f"A network of {size:,} parameters, trained for 3 steps of 8 rows" in text
    assert f"in 1,234.6 s on the CPU then 4 × NVIDIA H100, by recsyn {checkpoint._version()} with torch {torch.__version__}" in text


def test_devices_are_called_as_people_call_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"Card {device.index}")
    assert device_name(torch.device("cpu"), 1) == "the CPU"
    assert device_name(torch.device("cpu"), 2) == "the CPU, in 2 processes"
    assert device_name(torch.device("cuda", 3), 1) == "Card 3"
    assert device_name(torch.device("cuda", 0), 8) == "8 × Card 0"
    assert device_name(torch.device("mps"), 1) == "mps"


ASKED: list[dict[str, Any]] = [
    {}, {"asks": "rounds", "rounds": 1}, {"asks": "rounds", "rounds": 2}, {"asks": "step"}, {"asks": "trace"}, {"asks": "next"},
]  # fmt: skip


@pytest.mark.parametrize("asks", ASKED, ids=str)
def test_the_python_of_the_card_is_right(tmp_path: Path, asks: dict[str, Any]) -> None:
    folder = save(tmp_path / "it", trained(**asks, architecture={"max_positions": 512}), {})
    code = re.search(r"^```python\n(.*?)^```", read(folder), re.DOTALL | re.MULTILINE)[1]
    answers: list[Any] = []
    exec(compile(code.replace("FOLDER", str(folder)), "card", "exec"), {"print": answers.append})
    assert len(answers) == 1


@pytest.mark.parametrize("asks", ASKED, ids=str)
def test_the_card_advises_what_can_be_done_with_it(tmp_path: Path, asks: dict[str, Any]) -> None:
    """A campaign, but where lines are given; and whole evaluations, where a model can be run to their end."""
    made = trained(**asks, architecture={"max_positions": 512})
    text = read(save(tmp_path / "it", made, {"held_out": MEASURED}))
    by_lines = asks.get("asks") == "next"
    assert ("recsyn fuzz" in text) == (not by_lines)
    try:
        emulate(lambda inputs: ["" for _ in inputs], made.task, [])
        runs = True
    except RecsynError:
        runs = False
    assert ("recsyn eval FOLDER --emulate" in text) == runs == (asks not in (ASKED[0], ASKED[2]))
    assert ("`recsyn eval --emulate` runs whole evaluations." in text) == by_lines


def odd(tmp_path: Path) -> Task:
    """A program in a folder of its own, which imports one that has the name that programs have in a checkpoint."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "program.rec").write_text("type P = A | B P\n\nfun same (p : P) : P = p  \n-- \u2028 \x85 \U0001f600\r\n", "utf-8")
    (tmp_path / "deep" / "main.rec").write_text('import "../program.rec", list\nfun f (p : P) : P = B (same p)\n', "utf-8")
    (tmp_path / "odd.yaml").write_text(
        "task: {program: deep/main.rec, function: f, distribution: {kind: mixture, parts: ["
        "{weight: 0.00001, kind: uniform, sizes: [1, 9]}, {weight: 1, kind: restricted, where: size > 3, "
        "from: {kind: uniform, sizes: [1, 9]}}]}}"
    )
    return load_experiment(str(tmp_path / "odd.yaml")).task


@pytest.mark.parametrize("make", [odd, lambda _: task_from_config({**TREES, "name": "yes", "characters": "'\"#&😀\\"})])
def test_the_experiment_is_that_of_the_checkpoint(tmp_path: Path, make: Any) -> None:
    task = make(tmp_path)
    recipe = Recipe(steps=2, batch_size=4, learning_rate=1e-5, schedule="vaswani", betas=(0.1, 1e-7))
    made = train(task, Architecture(width=16, heads=2, tied=True, positions="none"), recipe)
    folder = save(tmp_path / "it", made, {})
    for path in (tmp_path / "program.rec", tmp_path / "deep" / "main.rec"):
        path.unlink(missing_ok=True)  # Nothing but the folder is needed.
    experiment = load_experiment(str(folder / "experiment.yaml"))
    own = task.to_config()
    assert experiment.task.to_config() == {**own, "program": own["program"] if "imports" in own else "program.rec"}
    assert Architecture.from_config(experiment.model) == made.architecture
    assert Recipe.from_config(experiment.training) == made.recipe
    again = train(experiment.task, made.architecture, made.recipe)
    for one, other in zip(made.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert load(folder).task.to_config() == own


def test_a_training_that_goes_on_elsewhere_names_both() -> None:
    watch = training._Watch(None, 0)
    watch.load_state_dict({"losses": torch.zeros(3), "seconds": 1.0, "devices": ["NVIDIA H100"]})
    trainer: Any = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device("cpu")), world_size=1)
    module: Any = None
    watch.on_train_start(trainer, module)
    watch.on_train_start(trainer, module)
    assert watch.state_dict()["devices"] == ["NVIDIA H100", "the CPU"]
