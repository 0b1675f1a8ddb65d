"""The proof that the splits of a written data set share nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from recsyn.data.codecs import DecodeError
from recsyn.data.records import Records
from recsyn.data.shapes import shape_of
from recsyn.data.tasks import Task
from recsyn.data.workers import Each, here
from recsyn.errors import RecsynError
from recsyn.values import show


class Leak(RecsynError):
    """Rows of two splits that share what they may not, or that are in the wrong one."""


def check_disjoint(task: Task, splits: Mapping[str, Iterable[Records]], each: Each | None = None) -> dict[str, int]:
    """Prove of written rows that no two splits share an input (nor, where splits are by shape, a shape), and that every row is
    where its recorded features say; how rows were divided when they were drawn has no part in it. Gives the number of different
    inputs of each split. Raises :class:`Leak`."""
    kinds = ("input", "shape") if task.splits.by == "shape" else ("input",)
    keys: dict[str, dict[str, NDArray[np.bytes_]]] = {kind: {} for kind in kinds}
    for split, portions in splits.items():
        parts = list((each or here(task))(_keys, (_placed(task, split, records).values for records in portions)))
        for place, kind in enumerate(kinds):
            keys[kind][split] = np.unique(np.frombuffer(b"".join(part[place] for part in parts), dtype="S16"))
    for kind, by_split in keys.items():
        for one, other in combinations([n for n in by_split if kind == "input" or n in dict(task.splits.shares)], 2):
            shared = len(np.intersect1d(by_split[one], by_split[other], assume_unique=True))
            if shared:
                raise Leak(f"{one} and {other} share {shared:,} {kind}{'s' * (shared > 1)}")
    return {split: len(found) for split, found in keys["input"].items()}


def _placed(task: Task, split: str, records: Records) -> Records:
    """The records, once every one is known to be in the first group that claims it, and in none where none does."""
    for group in task.splits.groups:
        holds = group.where.holds(records.features)
        stray = ~holds if group.name == split else holds
        if stray.any():
            row = records.values[int(np.flatnonzero(stray)[0])]
            raise Leak(f"`{row}` is in {split}, and {'not ' * (group.name == split)}in {group.name} by its features")
        if group.name == split:
            return records
    return records


def _keys(task: Task, inputs: Sequence[str]) -> tuple[bytes, bytes]:
    """Digests of 16 bytes of the values, and of their shapes, that these texts write."""
    values, shapes = [], []
    for text in inputs:
        try:
            value = task.input_codec.decode(text.split())
        except DecodeError as error:
            raise Leak(f"`{text[:80]}` was written, which is no input of {task.name}: {error.message}") from None
        values.append(blake2b(show(value).encode(), digest_size=16).digest())
        shapes.append(blake2b(show(shape_of(value)).encode(), digest_size=16).digest())
    return b"".join(values), b"".join(shapes)
