"""``recsyn data TASK``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from recsyn.cli.arguments import positive, whole
from recsyn.cli.terminal import bar, progress, say, table
from recsyn.data.describing import Description, check_plot, describe, plot, shortened
from recsyn.data.experiments import load_experiment
from recsyn.data.export import read_dataset, write_dataset
from recsyn.data.manifests import MANIFEST, Manifest, read_manifest
from recsyn.data.records import FORMATS, Records, generated, records_of
from recsyn.data.rows import Rows, generate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError

_GROUP = 0.1
"""The share of a group of inputs, beside those of the splits."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="a preset, a YAML file, or the folder of a data set")
    parser.add_argument("-n", type=positive, default=None, metavar="N", help="rows in all (default 1000, or those of the data set)")
    parser.add_argument("--rows", type=_sizes, metavar="NAME=N,…", help="rows of each split or group, instead of -n")
    parser.add_argument("--split", default="train", metavar="NAME", help="which split or group to show (default train)")
    parser.add_argument("--out", metavar="FOLDER", help="write the data set there instead of showing it")
    parser.add_argument("--format", metavar="FORMAT", help=f"of its files: {' or '.join(FORMATS)} (default jsonl)")
    parser.add_argument("--unique", action="store_true", help="no input twice in a split")
    parser.add_argument("--processes", type=positive, default=1, metavar="N", help="how many make the rows (default 1)")
    parser.add_argument("--describe", action="store_true", help="show how rows are distributed, and what splits share")
    parser.add_argument("--plot", metavar="FILE", help="draw that as a .png, .svg or .pdf")
    parser.add_argument("--seed", type=whole, default=None)
    parser.add_argument("--json", action="store_true")


def _sizes(text: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        if not equals or name in sizes:
            raise ArgumentTypeError(f"{part!r} is not a split and its number of rows, as in train=800,test=100")
        sizes[name] = whole(number)
    return sizes


def run(options: Namespace) -> int:
    if options.plot:
        check_plot(options.plot)
    written = _folder(options.task)
    manifest = read_manifest(written) if written else None
    task = manifest.task if manifest else load_experiment(options.task).task
    task.splits.check(options.split)
    seed = options.seed if options.seed is not None else manifest.seed if manifest else 0
    if options.out:
        _write(task, options, seed, manifest)
    elif options.describe or options.plot:
        _describe(task, _given(task, options, seed, written), options)
    else:
        _show(task, options, seed)
    return 0


def _folder(name: str) -> Path | None:
    """The folder of a data set, if this names one or its manifest."""
    path = Path(name)
    if path.name == MANIFEST and path.is_file():
        return path.parent
    return path if path.is_dir() else None


def _wanted(task: Task, options: Namespace, manifest: Manifest | None) -> dict[str, int]:
    """How many rows of each split and group."""
    if options.rows is not None:
        return dict(options.rows)
    if manifest and options.n is None:
        return manifest.sizes
    shares = {**dict(task.splits.shares), **{group.name: _GROUP for group in task.splits.groups}}
    return {split: max(1, round((options.n or 1_000) * share)) for split, share in shares.items()}


def _write(task: Task, options: Namespace, seed: int, earlier: Manifest | None) -> None:
    sizes = _wanted(task, options, earlier)
    format = options.format or (earlier.format if earlier else "jsonl")
    with nullcontext() if options.json else progress("rows") as shown:
        # Not to be seen before there is progress: what cannot be written is refused first.
        entry = shown.add_task(task.name, total=sum(sizes.values()), note="", visible=False) if shown else None

        def advance(rows: int) -> None:
            if shown and entry is not None:
                shown.update(entry, advance=rows, visible=True)

        unique = options.unique or (earlier is not None and earlier.unique)
        made = write_dataset(task, options.out, sizes, seed, format, unique, options.processes, advance)
    if options.json:
        say(json.dumps({"folder": options.out, **made.to_json()}, indent=2, ensure_ascii=False))
        return
    rows = [(p.split, p.rows, p.distinct, p.duplicates, p.file) for p in made.parts]
    table(f"{task.name}: no two splits share an input", ("split", "rows", "different", "duplicates", "file"), rows)
    say(f"data set: {options.out}")


def _given(task: Task, options: Namespace, seed: int, folder: Path | None) -> Mapping[str, Records]:
    """The rows to describe: those of a data set, checked against their hashes, or fresh ones."""
    if folder and options.n is None and options.rows is None:
        return read_dataset(folder).records
    sizes = _wanted(task, options, None)
    for split in sizes:
        task.splits.check(split)
    wanted = {split: sizes[split] for split in task.splits.names if sizes.get(split)}
    if not wanted:
        raise RecsynError("there are no rows to describe", "ask for rows of a split, for example `--rows train=100`")
    return {split: generated(task, n, seed, split) for split, n in wanted.items()}


def _describe(task: Task, records: Mapping[str, Records], options: Namespace) -> None:
    description = describe(task, records)
    if options.plot:
        plot(description, options.plot)
    if options.json:
        say(json.dumps(description.to_json(), indent=2, ensure_ascii=False))
        return
    show_description(description)
    if options.plot:
        say(f"plot: {options.plot}")


def show_description(description: Description) -> None:
    """Sizes and duplicates, distributions, shapes, overlaps and the first rows, as tables."""
    splits = description.splits
    rows = [(s, description.rows(s), description.duplicates(s), len(description.shapes[s])) for s in splits]
    table(description.name, ("split", "rows", "duplicates", "shapes"), rows)
    for measure in description.counts:
        bins = description.bins(measure)
        most = max(sum(b.rows.values()) for b in bins)
        lines = [(str(b), *(b.rows[s] for s in splits), bar(sum(b.rows.values()) / most)) for b in bins]
        table(f"rows by {measure}", (measure, *splits, ""), lines)
    shapes = [(shortened(shape), *(counts[s] for s in splits)) for shape, counts in description.common_shapes()]
    table("the most common shapes", ("shape", *splits), shapes)
    if len(splits) > 1:
        pairs = [(f"{o.one} and {o.other}", o.inputs, o.shapes) for o in description.overlaps]
        table("what splits share", ("splits", "inputs", "shapes"), pairs)
    firsts = [(split, *row) for split, pairs_of in description.first.items() for row in pairs_of]
    table("the first rows", ("split", "input", "output"), firsts)


def _show(task: Task, options: Namespace, seed: int) -> None:
    sizes = options.rows or {}
    rows = generate(task, sizes.get(options.split, options.n or 1_000), seed, options.split)
    if options.json:
        records = records_of(task, rows)
        for source, target in zip(records.inputs, records.outputs, strict=True):
            say(json.dumps({"input": source, "output": target}, ensure_ascii=False))
        return
    show_rows(task, rows, 5)
    show_distribution(task, rows)


def show_rows(task: Task, rows: Rows, count: int) -> None:
    """The first rows, as tokens."""
    first = records_of(task, rows)
    shown = zip(first.inputs[:count], first.outputs[:count], strict=True)
    table(f"{task.name}: the first {min(count, len(rows))} of {len(rows)} rows", ("input", "output"), shown)


def show_distribution(task: Task, rows: Rows) -> None:
    """How many rows there are of each recursion depth, or of each size where the function has none."""
    columns = task.features(rows.inputs, rows.outputs)
    feature = "recursion_depth" if "recursion_depth" in columns else "size"
    counts = sorted(Counter(int(v) for v in columns[feature]).items())
    most = max(count for _, count in counts)
    table(f"rows by {feature}", (feature, "rows", ""), [(v, count, bar(count / most)) for v, count in counts])
