"""``recsyn train TASK --out FOLDER``"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsyn.cli.arguments import positive, whole
from recsyn.cli.evaluation import show_evaluation
from recsyn.cli.terminal import progress, say
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import Rows, generate
from recsyn.data.tasks import Task
from recsyn.errors import extra
from recsyn.testing.evaluation import Evaluation, evaluate

if TYPE_CHECKING:
    from recsyn.neural.checkpoint import Checkpoint
    from recsyn.neural.training import Trained

_HELD_OUT = 1_000
"""Rows."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="a preset, or a YAML file")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the checkpoint goes")
    parser.add_argument("--steps", type=positive, metavar="N", help="optimiser steps, instead of the experiment's")
    parser.add_argument("--seed", type=whole, help="the seed of rows and weights, instead of the experiment's")


def run(options: Namespace) -> int:
    experiment = load_experiment(options.task)
    with extra("training a model", "neural"):
        from recsyn.neural.checkpoint import check_place
    check_place(options.out)
    chosen = {name: getattr(options, name) for name in ("steps", "seed") if getattr(options, name) is not None}
    # What cannot be evaluated is refused before it is trained.
    held_out = generate(experiment.task, _HELD_OUT, options.seed or 0, "test")
    trained = train_showing(experiment.task, experiment.model, {**experiment.training, **chosen}, experiment.task.name)
    checkpoint, evaluation = keep(trained, held_out, options.out)
    show_evaluation(evaluation, f"{experiment.task.name}: exact match on {_HELD_OUT} held-out rows")
    say(f"{trained.waiting:.1%} of the time training waited for data")
    say(f"checkpoint: {checkpoint.folder}")
    return 0


def train_showing(task: Task, model: Mapping[str, Any], training: Mapping[str, Any], label: str) -> Trained:
    """Train with a progress bar."""
    with extra("training a model", "neural"):
        from recsyn.neural.architecture import Architecture
        from recsyn.neural.recipe import Recipe
        from recsyn.neural.training import train
    recipe = Recipe.from_config(training)
    with progress("steps") as shown:
        bar = shown.add_task(label, total=recipe.steps, note="drawing rows")
        return train(
            task,
            Architecture.from_config(model),
            recipe,
            lambda step, loss: shown.update(bar, completed=step, note=f"loss {loss:.4f}"),
        )


def keep(trained: Trained, held_out: Rows, folder: str | Path) -> tuple[Checkpoint, Evaluation]:
    """Evaluate a trained network on held-out rows and save both; what is handed on was read back from the folder."""
    from recsyn.neural.answering import CheckpointModel
    from recsyn.neural.checkpoint import load, save

    save(folder, trained, {})
    model = CheckpointModel(load(folder))
    evaluation = evaluate(model, trained.task, held_out)
    took = {"losses": list(trained.losses), "seconds": trained.seconds, "waiting": trained.waiting}
    save(folder, trained, {"held_out": evaluation.to_json(), **took})
    return load(folder), evaluation
