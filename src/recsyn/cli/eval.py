"""``recsyn eval CHECKPOINT``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from recsyn.cli.arguments import positive, whole
from recsyn.cli.evaluation import show_evaluation
from recsyn.cli.terminal import say
from recsyn.data.rows import generate
from recsyn.front import load_model
from recsyn.testing.evaluation import evaluate


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("-n", type=positive, default=1_000, metavar="N", help="rows (default 1000)")
    parser.add_argument("--split", default="test", metavar="NAME", help="of which split or group (default test)")
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    model = load_model(options.checkpoint)
    task = model.checkpoint.task
    evaluation = evaluate(model, task, generate(task, options.n, options.seed, options.split))
    if options.json:
        say(json.dumps({"checkpoint": options.checkpoint, "split": options.split, **evaluation.to_json()}, indent=2))
    else:
        show_evaluation(evaluation, f"{task.name}: exact match on {options.n} rows of {options.split}")
    return 0
