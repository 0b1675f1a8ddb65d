"""``recsyn data TASK``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections import Counter

from recsyn.cli.arguments import positive, whole
from recsyn.cli.terminal import bar, say, table
from recsyn.data.experiments import load_experiment
from recsyn.data.export import write_dataset
from recsyn.data.rows import SPLITS, Rows, generate
from recsyn.data.tasks import Task

_SHARES = {"train": 0.8, "validation": 0.1, "test": 0.1}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="a preset, or a YAML file")
    parser.add_argument("-n", type=positive, default=1_000, metavar="N", help="rows in all (default 1000)")
    parser.add_argument("--split", choices=SPLITS, default="train", help="which split to show (default train)")
    parser.add_argument("--out", metavar="FOLDER", help="write the data set there instead of showing it")
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    task = load_experiment(options.task).task
    if options.out:
        sizes = {split: max(1, round(options.n * share)) for split, share in _SHARES.items()}
        for path in write_dataset(task, options.out, sizes, options.seed):
            say(str(path))
        return 0
    rows = generate(task, options.n, options.seed, options.split)
    if options.json:
        for value, output in zip(rows.inputs, rows.outputs, strict=True):
            pair = {"input": " ".join(task.input_codec.encode(value)), "output": " ".join(task.output_codec.encode(output))}
            say(json.dumps(pair, ensure_ascii=False))
        return 0
    show_rows(task, rows, 5)
    show_distribution(task, rows)
    return 0


def show_rows(task: Task, rows: Rows, count: int) -> None:
    """The first rows, as tokens."""
    encoded = (
        (" ".join(task.input_codec.encode(value)), " ".join(task.output_codec.encode(output)))
        for value, output in zip(rows.inputs[:count], rows.outputs[:count], strict=True)
    )
    table(f"{task.name}: the first {min(count, len(rows))} of {len(rows)} rows", ("input", "output"), encoded)


def show_distribution(task: Task, rows: Rows) -> None:
    """How many rows there are of each recursion depth, or of each size where the function has none."""
    columns = task.features(rows.inputs, rows.outputs)
    feature = "recursion_depth" if "recursion_depth" in columns else "size"
    counts = sorted(Counter(int(v) for v in columns[feature]).items())
    most = max(count for _, count in counts)
    table(f"rows by {feature}", (feature, "rows", ""), [(v, count, bar(count / most)) for v, count in counts])
