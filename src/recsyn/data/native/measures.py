"""The facts of a batch as columns, by :mod:`recsyn.data.native.measuring`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsyn.data.native import measuring as at
from recsyn.data.native.routines import Routines
from recsyn.data.space import Space
from recsyn.lang.program import Path, RecursionShape
from recsyn.lang.types import constructors_of
from recsyn.semantics.batch import Batch
from recsyn.semantics.compiled.tags import numbers_of


def measures(made: Routines, space: Space, batch: Batch) -> dict[str, NDArray[np.int64]]:
    """The features that :mod:`recsyn.data.features` reads off inputs alone, each ``int64 [n]``."""
    numbers = numbers_of(batch.program)
    own = [c.name for c in constructors_of(space.type, space.datatypes)]
    spines = [(name, index) for name, fields in space.branching.items() for index in fields]
    counted = at.FIXED + len(spines)
    columns = counted + len(own)
    facts = np.zeros((len(batch), columns), np.int64)
    longest = int(batch.lengths.max(initial=1))
    slots = 1 << (2 * longest).bit_length()
    ends, depths, sizes, nesting, calls, rests = np.empty((6, longest + 1), np.int64)
    made.measure(
        words=batch.words, starts=batch.starts, rows=len(batch), constructors=_constructors(space, numbers, counted),
        calls=_calls(space.shape, numbers), many_calls=len(space.shape.calls) if space.shape else 0,
        spines=np.array([(numbers[name], index) for name, index in spines], np.int64), many_spines=len(spines),
        columns=columns, facts=facts, ends=ends, depths=depths, sizes=sizes, nesting=nesting, made=calls, rests=rests,
        seen=np.empty(slots, np.int64), stamps=np.zeros(slots, np.int64), mask=slots - 1,
    )  # fmt: skip
    column = {name: facts[:, place] for place, name in enumerate(own, counted)}
    found = {"size": facts[:, at.SIZE], "depth": facts[:, at.DEPTH]}
    if space.shape is not None:
        found |= {"recursion_depth": facts[:, at.NESTING], "calls": facts[:, at.CALLS], "rest": facts[:, at.REST]}
    found |= {f"count_{name}": column[name] for name in own}
    for place, (name, index) in enumerate(spines, at.FIXED):
        found[f"spine_{name}_{index + 1}"] = facts[:, place]
        found[f"off_spine_{name}_{index + 1}"] = column[name] - facts[:, place]
    if spines:
        found |= {"forks": facts[:, at.FORKS], "imbalance": facts[:, at.IMBALANCE], "balance": facts[:, at.BALANCE]}
    if space.lettered:
        found |= {"labels": facts[:, at.ATOMS], "repeats": facts[:, at.ATOMS] - facts[:, at.DISTINCT]}
    return {name: np.ascontiguousarray(fact) for name, fact in found.items()}


def _constructors(space: Space, numbers: dict[str, int], first: int) -> NDArray[np.int64]:
    table = np.zeros((len(numbers), at.CONSTRUCTOR), np.int64)
    table[:, 0] = -1
    for place, constructor in enumerate(constructors_of(space.type, space.datatypes), first):
        own = sum(1 << index for index in space.branching.get(constructor.name, ()))
        table[numbers[constructor.name]] = (place, own, space.type in constructor.fields)
    return table


def _calls(shape: RecursionShape | None, numbers: dict[str, int]) -> NDArray[np.int64]:
    row: list[int] = []

    def add(path: Path) -> None:
        row.append(len(path))
        for name, index in path:
            row.extend((numbers[name], index))

    for call in shape.calls if shape else ():
        row.append(len(call.shown))
        for path, constructor in call.shown:
            add(path)
            row.append(numbers[constructor])
        add(call.path)
    return np.array(row, np.int64)
