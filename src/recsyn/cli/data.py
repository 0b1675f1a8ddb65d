"""``recsyn data TASK``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from functools import cache
from os.path import isdir, isfile
from pathlib import Path
from typing import Any

from rich.progress import Progress, TaskID

from recsyn.cli.arguments import positive, row_count, whole
from recsyn.cli.rows import show_description, show_portions
from recsyn.cli.terminal import progress, say, table
from recsyn.data.describing import describe, plot
from recsyn.data.experiments import load_experiment, preset_names
from recsyn.data.export import read_dataset, write_dataset
from recsyn.data.figures import check_plot
from recsyn.data.manifests import MANIFEST, Manifest, read_manifest
from recsyn.data.markdown import on_one_line
from recsyn.data.records import CHUNK, FORMATS, Records, format_named, generated
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError

_GROUP = 0.1
"""The share of a group of inputs, beside those of the splits."""
_ROWS = 1_000


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("task", metavar="TASK", help="a preset, a YAML file, or the folder of a data set")
    many = parser.add_mutually_exclusive_group()
    many.add_argument("-n", type=row_count, metavar="N", help=f"rows in all (default {_ROWS}, or those of the data set)")
    many.add_argument("--rows", type=_sizes, metavar="NAME=N,…", help="rows of each split or group, instead of -n")
    parser.add_argument("--split", metavar="NAME", help="which split or group to show (default the first one, train)")
    parser.add_argument("--out", metavar="FOLDER", help="write the data set there instead of showing it")
    parser.add_argument("--format", metavar="FORMAT", help=f"of its files: {' or '.join(FORMATS)} (default jsonl)")
    parser.add_argument("--unique", action="store_true", help="no input twice in a split of it")
    parser.add_argument("--processes", type=positive, metavar="N", help="how many make its rows (default 1)")
    parser.add_argument("--describe", action="store_true", help="show how rows are distributed, and what splits share")
    parser.add_argument("--plot", metavar="FILE", help="draw that as a .png, .svg or .pdf")
    parser.add_argument("--seed", type=whole)
    parser.add_argument("--json", action="store_true")


def _sizes(text: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        if not equals or name in sizes:
            raise ArgumentTypeError(f"{part!r} is not a split and its number of rows, as in train=800,test=100")
        sizes[name] = row_count(number) if whole(number) else 0
    return sizes


def run(options: Namespace) -> int:
    _check(options)
    folder = _folder(options.task)
    manifest = read_manifest(folder) if folder else None
    task = manifest.task if manifest else load_experiment(options.task).task
    for name in (*(options.rows or ()), *([] if options.split is None else [options.split])):
        task.splits.check(name)
    seed = options.seed if options.seed is not None else manifest.seed if manifest else 0
    if options.out is not None:
        _write(task, options, seed, manifest)
        return 0
    if folder and manifest and options.n is None and options.rows is None:
        if seed != manifest.seed:
            raise RecsynError(
                f"the rows in {options.task!r} are those of the seed {manifest.seed}",
                f"write those of another one: recsyn data {options.task} --seed {seed} --out NEW, or show fresh ones: -n {_ROWS}",
            )
        stored: Mapping[str, Records] | None = read_dataset(folder).records
    else:
        stored = None
    if _wants_description(options):
        description = _described(task, _fresh(task, options, seed) if stored is None else stored, options)
        if options.json:
            say(json.dumps(description, indent=2, ensure_ascii=False))
    elif stored is None:
        _show(task, *_made(task, options, seed), options)
    else:
        _show(task, *_chosen(stored, options), options)
    return 0


def _check(options: Namespace) -> None:
    """Raise :class:`RecsynError` for options that mean nothing, by themselves or beside the others."""
    if options.out == "":
        raise RecsynError("`--out` names no folder")
    if options.plot is not None:
        check_plot(options.plot)
    if options.format is not None:
        format_named(options.format)
    for option in ("format", "unique", "processes"):
        if getattr(options, option) and options.out is None:
            raise RecsynError(f"`--{option}` is for data sets that are written", "say where: --out FOLDER")
    if options.split is not None and (options.out is not None or _wants_description(options)):
        raise RecsynError("`--split` is for rows that are shown", f"write or describe one split by --rows {options.split}={_ROWS}")


def _wants_description(options: Namespace) -> bool:
    return options.describe or options.plot is not None


def _folder(name: str) -> Path | None:
    """The folder of a data set, if this names one or its manifest. A preset is not hidden by a folder that is called like it."""
    path = Path(name)
    if path.name == MANIFEST and isfile(path):
        return path.parent
    # Unlike the methods of Path, these fail for no name.
    known = isfile(path / MANIFEST) or (isdir(path) and name not in preset_names())
    return path if name and known else None


def _wanted(task: Task, options: Namespace, manifest: Manifest | None) -> dict[str, int]:
    """How many rows of each split and group."""
    if options.rows is not None:
        return dict(options.rows)
    if manifest and options.n is None:
        return manifest.sizes
    shares = {**dict(task.splits.shares), **{group.name: _GROUP for group in task.splits.groups}}
    return {split: max(1, round((options.n or _ROWS) * share)) for split, share in shares.items()}


def _write(task: Task, options: Namespace, seed: int, earlier: Manifest | None) -> None:
    """Write a data set, and say of what is there now what is asked for."""
    sizes = _wanted(task, options, earlier)
    format = options.format or (earlier.format if earlier else "jsonl")
    unique = options.unique or (earlier is not None and earlier.unique)
    with ExitStack() as until_written:

        @cache
        def progress_of_rows() -> tuple[Progress, TaskID]:
            """Not to be seen before there is progress: what cannot be written is refused first."""
            shown = until_written.enter_context(progress("rows"))
            return shown, shown.add_task(on_one_line(task.name), total=sum(sizes.values()), note="")

        def advance(rows: int) -> None:
            if not options.json:
                shown, entry = progress_of_rows()
                shown.advance(entry, rows)

        made = write_dataset(task, options.out, sizes, seed, format, unique, options.processes or 1, advance)
    if not options.json:
        parts = [(p.split, p.rows, p.distinct, p.duplicates, p.file) for p in made.parts]
        table(f"{task.name}: no two splits share an input", ("split", "rows", "different", "duplicates", "file"), parts)
        say(f"data set: {options.out}")
    asked = _wants_description(options)
    description = _described(task, read_dataset(options.out).records, options) if asked else None
    if options.json:
        written = {"folder": options.out, **made.to_json(), **({"description": description} if asked else {})}
        say(json.dumps(written, indent=2, ensure_ascii=False))


def _fresh(task: Task, options: Namespace, seed: int) -> Mapping[str, Records]:
    """Rows of all splits that were asked for."""
    sizes = _wanted(task, options, None)
    wanted = {split: sizes[split] for split in task.splits.names if sizes.get(split)}
    if not wanted:
        raise RecsynError("there are no rows to describe", "ask for rows of a split, for example `--rows train=100`")
    return {split: generated(task, n, seed, split) for split, n in wanted.items()}


def _described(task: Task, records: Mapping[str, Records], options: Namespace) -> Mapping[str, Any]:
    """Describe and plot rows as is asked for. Gives the description as data, for those who want it as that."""
    description = describe(task, records)
    if options.plot is not None:
        plot(description, options.plot)
    if not options.json:
        show_description(description)
        if options.plot is not None:
            say(f"plot: {options.plot}")
    return description.to_json()


def _made(task: Task, options: Namespace, seed: int) -> tuple[int, Iterable[Records]]:
    """How many rows of one split were asked for, and those rows in portions."""
    sizes: Mapping[str, int] = options.rows or {}
    split = options.split or next((name for name, n in sizes.items() if n), "train")
    many = options.n or _ROWS if options.rows is None else sizes.get(split, 0)
    if not many:
        raise RecsynError(f"there are no rows of {split!r} to show", f"ask for some, for example `--rows {split}=100`")
    return many, (generated(task, min(CHUNK, many - first), seed, split, first) for first in range(0, many, CHUNK))


def _chosen(stored: Mapping[str, Records], options: Namespace) -> tuple[int, Iterable[Records]]:
    """The rows of one split of a data set."""
    split = options.split or next(iter(stored))
    if split not in stored:
        raise RecsynError(f"{options.task!r} holds no rows of {split!r}", f"it has some of {', '.join(stored)}")
    return len(stored[split]), [stored[split]]


def _show(task: Task, many: int, portions: Iterable[Records], options: Namespace) -> None:
    if options.json:
        for records in portions:
            for texts in zip(*records.texts.values(), strict=True):
                say(json.dumps(dict(zip(records.texts, texts, strict=True)), ensure_ascii=False))
        return
    show_portions(task, many, portions)
