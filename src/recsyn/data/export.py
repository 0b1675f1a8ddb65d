"""Data sets as folders: a file for each split, a card that Hugging Face's ``datasets`` reads, and the configuration and the hashes
of the data files in ``recsyn.json``. The card is for people to go on with, so no hash is kept of it.

The same task, sizes, seed and format give the same bytes, in one process and in several. What was written is read again and
proved to be without leaks before it gets its name.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import file_digest
from itertools import count
from pathlib import Path

import numpy as np

from recsyn.data.leaks import check_disjoint
from recsyn.data.manifests import CARD, MANIFEST, Manifest, Part, card, read_manifest
from recsyn.data.records import CHUNK, Records, format_named, generated
from recsyn.data.tasks import Task
from recsyn.data.workers import Each, workers
from recsyn.errors import RecsynError

_LEAST = 64
"""Rows of a portion in which new inputs are looked for."""
_PATIENCE = 40
"""Portions without a new input, after which there is taken to be none."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """A data set that was read, each split as texts and features."""

    manifest: Manifest
    records: Mapping[str, Records]

    @property
    def task(self) -> Task:
        return self.manifest.task


def write_dataset(
    task: Task,
    folder: str | Path,
    sizes: Mapping[str, int],
    seed: int,
    format: str = "jsonl",
    unique: bool = False,
    processes: int = 1,
    on_rows: Callable[[int], None] | None = None,
) -> Manifest:
    """Write ``sizes[split]`` rows of each split or group to ``folder``, in the order of the task's splits; ``unique`` passes over
    inputs that a split has already. ``on_rows`` is told of each portion that is done. Every file gets its name only when all are
    whole and checked; those of an earlier data set are replaced.

    Raises :class:`RecsynError` where a distribution is empty or has too few inputs, where the task has features of a user's own,
    which no configuration holds, and where the folder cannot be written or holds other things under these names; :class:`Leak`
    where an input is in a split that it does not belong to.
    """
    kind = format_named(format)
    for name in sizes:
        task.splits.check(name)
    wanted = {name: sizes[name] for name in task.splits.names if sizes.get(name, 0) > 0}
    if not wanted:
        raise RecsynError("a data set has one row at least", "ask for rows of a split, for example of `train`")
    _check_possible(task, wanted, seed, unique)
    target = Path(folder)
    names = [*(f"{split}.{kind.suffix}" for split in wanted), CARD, MANIFEST]
    try:
        _check_place(target, names)
        with _drafts(target) as drafts, workers(task, processes) as each:
            files = {split: drafts / name for split, name in zip(wanted, names, strict=False)}
            for split, path in files.items():
                with kind.writing(path) as take:
                    for records in _rows(each, task, split, seed, wanted[split], unique):
                        take(records)
                        if on_rows:
                            on_rows(len(records))
            distinct = check_disjoint(task, {split: kind.read(path) for split, path in files.items()}, each)
            parts = [
                Part(split, path.name, wanted[split], distinct[split], path.stat().st_size, _sha256(path))
                for split, path in files.items()
            ]
            manifest = Manifest(task, seed, format, tuple(parts), unique)
            (drafts / CARD).write_bytes(card(manifest).encode())
            (drafts / MANIFEST).write_bytes(f"{json.dumps(manifest.to_json(), indent=2, ensure_ascii=False)}\n".encode())
            _give_names(drafts, target, names)
    except OSError as error:
        raise RecsynError(f"the data set cannot be written to {str(folder)!r}: {error.strerror or error}") from None
    return manifest


def read_dataset(folder: str | Path) -> DataSet:
    """The data set in a folder. Raises :class:`RecsynError` where there is none, and where a data file is not what was
    written."""
    manifest = read_manifest(folder)
    kind = format_named(manifest.format)
    records: dict[str, Records] = {}
    for part in manifest.parts:
        path = Path(folder) / part.file
        try:
            if path.stat().st_size != part.bytes or _sha256(path) != part.sha256:
                raise RecsynError(
                    f"{str(path)!r} has changed since it was written: its SHA-256 is not the one in {MANIFEST}",
                    f"write the data set again: recsyn data {folder} --out NEW",
                )
            records[part.split] = _joined(kind.read(path))
        except OSError as error:
            raise RecsynError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    return DataSet(manifest, records)


def _check_possible(task: Task, wanted: Mapping[str, int], seed: int, unique: bool) -> None:
    """Say before anything is written what is known not to come about."""
    if task.own_features:
        raise RecsynError(
            f"{task.name} has a feature {task.own_features[0].name!r} of its own, and no configuration makes that again",
            "write the data set of the task without it, and add the feature to what is read",
        )
    for split, rows in wanted.items():
        generated(task, 1, seed, split)
        exist = task.drawn_for(split).sampler.inputs
        if unique and exist < rows:
            raise _too_few(task, split, rows, f"there are {exist:,}")


def _too_few(task: Task, split: str, rows: int, found: str) -> RecsynError:
    return RecsynError(
        f"{task.name}: {rows:,} different inputs of the split {split!r} were asked for, and {found}",
        "ask for fewer rows, allow larger sizes, or let inputs come more than once",
    )


def _rows(each: Each, task: Task, split: str, seed: int, rows: int, unique: bool) -> Iterator[Records]:
    """So many rows of a split in portions, which no number of processes changes."""
    if not unique:
        yield from each(_make, ((split, seed, min(CHUNK, rows - first), first) for first in range(0, rows, CHUNK)))
        return
    seen: set[str] = set()
    without = 0
    size = min(CHUNK, max(rows, _LEAST))
    for records in each(_make, ((split, seed, size, first) for first in count(step=size))):
        first_places = {text: place for place, text in reversed(list(enumerate(records.values)))}
        new = sorted(place for text, place in first_places.items() if text not in seen)[: rows - len(seen)]
        seen.update(records.values[place] for place in new)
        if new:
            yield records.only(new)
        without = 0 if new else without + 1
        if len(seen) == rows:
            return
        if without == _PATIENCE:
            raise _too_few(task, split, rows, f"{len(seen):,} were found")


def _make(task: Task, portion: tuple[str, int, int, int]) -> Records:
    split, seed, rows, first = portion
    return generated(task, rows, seed, split, first)


# Files


@contextmanager
def _drafts(target: Path) -> Iterator[Path]:
    """A folder for files on their way to ``target``, on the same disk; gone in the end."""
    place = target.absolute()
    drafts = place / f".recsyn.{os.getpid()}" if place.is_dir() else place.with_name(f".{place.name}.{os.getpid()}")
    drafts.mkdir(parents=True)
    try:
        yield drafts
    finally:
        shutil.rmtree(drafts, ignore_errors=True)


def _check_place(target: Path, names: Sequence[str]) -> None:
    """Raise :class:`RecsynError` where a file would be written over that is of no data set, and where what has its name is none."""
    if target.exists() and not target.is_dir():
        raise RecsynError(f"the data set cannot be written to {str(target)!r}: it is a file")
    blocked = [name for name in names if (target / name).exists() and not (target / name).is_file()]
    if blocked:
        what = "a folder" if (target / blocked[0]).is_dir() else "a pipe or a device"
        raise RecsynError(f"{str(target)!r} holds {what} {blocked[0]!r}, where a file is to be written", "name another folder")
    foreign = [name for name in names if (target / name).exists()]
    if foreign and not (target / MANIFEST).exists():
        raise RecsynError(
            f"{str(target)!r} holds a file {foreign[0]!r} that is of no data set", "name a folder that is not there yet"
        )


def _give_names(drafts: Path, target: Path, names: Sequence[str]) -> None:
    """Move the drafts to where they are looked for, the manifest last: without it there is no data set."""
    for name in names:
        with (drafts / name).open("rb") as file:
            os.fsync(file.fileno())
    if not target.exists():
        drafts.rename(target)
        return
    earlier: tuple[Part, ...] = ()
    with suppress(RecsynError):
        earlier = read_manifest(target).parts
    (target / MANIFEST).unlink(missing_ok=True)
    for part in earlier:
        if part.file not in names and (target / part.file).is_file():
            (target / part.file).unlink()
    for name in names:
        (drafts / name).replace(target / name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _joined(portions: Iterable[Records]) -> Records:
    parts = list(portions)
    features = {name: np.concatenate([part.features[name] for part in parts]) for name in parts[0].features}
    return Records.of({name: [text for part in parts for text in part.texts[name]] for name in parts[0].texts}, features)
