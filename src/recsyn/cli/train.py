"""``recsyn train TASK --out FOLDER``"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recsyn.cli.arguments import Parser, positive, whole
from recsyn.cli.evaluation import show_evaluation
from recsyn.cli.lightning import add_trainer_flags, trainer_arguments
from recsyn.cli.terminal import note, progress, say
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import generate
from recsyn.data.tasks import Task
from recsyn.errors import extra
from recsyn.testing.keeping import keep

if TYPE_CHECKING:
    from recsyn.neural.running import Running
    from recsyn.neural.training import Trained

_HELD_OUT = 1_000
"""Rows."""


def add_arguments(parser: Parser) -> None:
    parser.add_argument("task", metavar="TASK", help="a preset, or a YAML file")
    parser.add_argument("--out", metavar="FOLDER", required=True, help="where the checkpoint goes")
    parser.add_argument("--steps", type=positive, metavar="N", help="optimiser steps, instead of the experiment's")
    parser.add_argument("--seed", type=whole, help="the seed of rows and weights, instead of the experiment's")
    parser.add_argument("--restart", action="store_true", help="start anew where a training was interrupted, instead of going on")
    parser.add_argument(
        "--keep-every", type=positive, default=200, metavar="N",
        help="steps after which FOLDER.training keeps what an interruption would lose (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--log", action="append", default=[], metavar="KIND", help="csv or tensorboard, to FOLDER.logs; repeatable")
    parser.add_argument("--compile", action="store_true", help="torch.compile the network, which pays in long trainings")
    add_trainer_flags(parser)


def run(options: Namespace) -> int:
    experiment = load_experiment(options.task)
    with extra("training a model", "neural"):
        from recsyn.neural.checkpoint import check_place
        from recsyn.neural.resuming import LAST, forget
        from recsyn.neural.running import Running
    check_place(options.out)
    beside = Path(os.path.realpath(options.out))
    running = Running(
        folder=beside.with_name(f"{beside.name}.training"),
        keep_every=options.keep_every,
        log=options.log,
        log_folder=beside.with_name(f"{beside.name}.logs"),
        trainer=trainer_arguments(options),
        compile=options.compile,
    )
    assert running.folder
    if options.restart and running.leads:
        forget(running.folder)
    chosen = {name: getattr(options, name) for name in ("steps", "seed") if getattr(options, name) is not None}
    # What cannot be evaluated is refused before it is trained.
    held_out = generate(experiment.task, _HELD_OUT, options.seed or 0, "test")
    try:
        trained = train_showing(experiment.task, experiment.model, {**experiment.training, **chosen}, experiment.task.name, running)
        if not running.leads:
            return 0
        checkpoint, evaluation = keep(trained, held_out, options.out)
    except KeyboardInterrupt:
        if (running.folder / LAST).exists():
            note(f"the same command goes on from what is kept in {running.folder}")
        raise
    forget(running.folder)
    recipe, steps = trained.recipe, len(trained.losses)
    if steps < recipe.steps:
        say(f"training ended at step {steps} of {recipe.steps}: no better {recipe.watched} in {recipe.patience} checks")
    show_evaluation(evaluation, f"{experiment.task.name}: exact match on {_HELD_OUT} held-out rows")
    say(f"{trained.waiting:.1%} of the time training waited for data")
    say(f"checkpoint: {checkpoint.folder}")
    return 0


def train_showing(
    task: Task, model: Mapping[str, Any], training: Mapping[str, Any], label: str, running: Running | None = None
) -> Trained:
    """Train with a progress bar, and say where an interrupted training goes on."""
    with extra("training a model", "neural"):
        from recsyn.neural.architecture import Architecture
        from recsyn.neural.recipe import Recipe
        from recsyn.neural.training import train
    recipe = Recipe.from_config(training)
    architecture = Architecture.from_config(model)
    if running and not running.leads:
        return train(task, architecture, recipe, None, running)
    with progress("steps") as shown:
        bar = shown.add_task(label, total=recipe.steps, note="drawing rows")

        def tell(step: int, loss: float) -> None:
            shown.update(bar, completed=step, note=f"loss {loss:.4f}")

        def resume(step: int) -> None:
            shown.console.print(f"going on from step {step}, where training was interrupted")
            shown.update(bar, completed=step)

        return train(task, architecture, recipe, tell, running, resume)
