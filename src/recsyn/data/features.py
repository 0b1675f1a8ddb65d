"""Structural facts of inputs, as columns: one number a row. They are what explanations are written in.

====================  ==================================================================================================
``size``              constructors in the input; integers and characters count nothing
``depth``             constructors on its longest path
``recursion_depth``   how deep the function's calls of itself nest on it; 0 where it answers at once
``calls``             how many calls of itself the function makes on it, in all
``rest``              constructors of the smallest part at which the recursion stops
``count_C``           constructors ``C`` in the input
``spine_C_i``         steps from the root along field i of constructor ``C`` (fields from 1), where ``C`` has two fields of its type
``off_spine_C_i``     constructors ``C`` that are not on that spine
``forks``             constructors of which two or more fields of the type go on in fields of the type themselves
``imbalance``         the largest difference in depth between two fields of one constructor that are of its type
``balance``           the depth of the root's last field of its type less that of its first, where it has several; else 0
``labels``            integers and characters in the input
``repeats``           how many of them occur before, in order
``output_length``     tokens of the right output
``growth``            how many tokens longer the output is than the input
``longer``            1 where the output is longer than the input, else 0
====================  ==================================================================================================

They are defined here value by value. For batches, and for many values, machine code works the same out, where it is installed.
Calls are counted up to 2^62. A user's own are handed to a task as :class:`Feature`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recsyn.data.native.measures import measures
from recsyn.data.native.measuring import MOST_CALLS
from recsyn.data.native.routines import machine
from recsyn.data.space import Space
from recsyn.errors import RecsynError, quoted
from recsyn.lang.program import Path, Program, RecursionShape
from recsyn.lang.types import Type, constructors_of
from recsyn.semantics.batch import Batch, InvalidBatch, rows_of
from recsyn.values import Datum, Value, depth, postorder, preorder, size

Columns = Mapping[str, NDArray[np.int64]]
OF_ANSWERS = ("output_length", "growth", "longer")
"""The features that depend on the right output, and not on the input alone."""
_MANY, _LARGE = 64, 4_096
"""Values, and constructors in all of them, for which machine code is worth loading."""


class Feature(Protocol):
    """A feature of a user's own: :class:`OfValues`, :class:`OfBatches`, or anything like them. Its name is a word, and not that
    of a feature that there is already."""

    @property
    def name(self) -> str: ...

    def column(self, program: Program, type: Type, inputs: Sequence[Datum] | Batch) -> NDArray[np.int64]:
        """The feature of each of n inputs of this type, ``int64 [n]``."""
        ...


@dataclass(frozen=True)
class OfValues:
    """A feature that a function gives of one value."""

    name: str
    function: Callable[[Datum], int]

    def column(self, program: Program, type: Type, inputs: Sequence[Datum] | Batch) -> NDArray[np.int64]:
        return _whole_numbers(self.name, [self.function(value) for value in inputs])


@dataclass(frozen=True)
class OfBatches:
    """A feature that a function gives of a whole :class:`~recsyn.semantics.batch.Batch`, one number a row."""

    name: str
    function: Callable[[Batch], ArrayLike]

    def column(self, program: Program, type: Type, inputs: Sequence[Datum] | Batch) -> NDArray[np.int64]:
        batch = inputs if isinstance(inputs, Batch) else Batch(program, type, *rows_of(program, inputs))
        return _whole_numbers(self.name, self.function(batch))


def _whole_numbers(name: str, given: ArrayLike) -> NDArray[np.int64]:
    """What a user's function gave, as a column. Raises :class:`RecsynError` for what is no whole number of 64 bits."""
    try:
        found = np.asarray(given)
    except ValueError:  # rows of different lengths
        found = np.empty(0, object)
    if found.size and not np.can_cast(found.dtype, np.int64, "safe"):
        raise RecsynError(f"the feature {name!r} gives {quoted(given)}, and not a whole number of 64 bits for each input")
    return found.astype(np.int64)


def features(
    space: Space,
    inputs: Sequence[Datum] | Batch,
    input_lengths: Sequence[int] | NDArray[np.int64],
    output_lengths: Sequence[int] | NDArray[np.int64],
    program: Program | None = None,
    own: Sequence[Feature] = (),
) -> Columns:
    """The features of inputs of a space, and those of a user's ``own``, each column ``int64 [n]``. Lengths are in tokens. The
    ``program`` of the inputs is needed for features of one's own, and to make a batch of many inputs. Raises :class:`RecsynError`
    for a feature that is no number for each input, or is called as another one is."""
    if program and not isinstance(inputs, Batch) and (len(inputs) >= _MANY or sum(map(size, inputs)) >= _LARGE):
        inputs = _batch(program, space, inputs)
    columns = _measured(space, inputs)
    columns["output_length"] = np.array(output_lengths, dtype=np.int64)
    columns["growth"] = columns["output_length"] - np.array(input_lengths, dtype=np.int64)
    columns["longer"] = (columns["growth"] > 0).astype(np.int64)
    for feature in own:
        if not feature.name.isidentifier():
            raise RecsynError(f"a feature is called {quoted(feature.name)}, which is no word", "use letters, digits and `_`")
        if feature.name in columns:
            raise RecsynError(f"there is a feature {feature.name!r} already", "give yours another name")
        assert program is not None
        column = feature.column(program, space.type, inputs)
        if column.shape != (len(inputs),):
            raise RecsynError(f"the feature {feature.name!r} of {len(inputs)} inputs has the shape {column.shape}")
        columns[feature.name] = column
    return columns


def _batch(program: Program, space: Space, inputs: Sequence[Datum]) -> Sequence[Datum] | Batch:
    """The inputs as a batch, where machine code can make use of one."""
    try:
        return Batch(program, space.type, *rows_of(program, inputs)) if machine() else inputs
    except InvalidBatch:
        return inputs  # An integer of more than 63 bits.


def _measured(space: Space, inputs: Sequence[Datum] | Batch) -> dict[str, NDArray[np.int64]]:
    """What the inputs alone say."""
    made = machine() if isinstance(inputs, Batch) else None
    if made and isinstance(inputs, Batch):
        return measures(made, space, inputs)
    rows = [_row(space, value) for value in inputs]
    return {name: np.array([row[name] for row in rows], dtype=np.int64) for name in (rows[0] if rows else ())}


def _row(space: Space, value: Datum) -> dict[str, int]:
    parts = list(preorder(value))
    names = [p.constructor for p in parts if isinstance(p, Value)]
    row = {"size": len(names), "depth": depth(value)}
    if space.shape is not None:
        recursion = recursion_of(space.shape, value)
        row |= {"recursion_depth": recursion.depth, "calls": recursion.calls, "rest": recursion.rest}
    branching = space.branching
    for constructor in constructors_of(space.type, space.datatypes):
        row[f"count_{constructor.name}"] = names.count(constructor.name)
    for constructor_name, fields in branching.items():
        for index in fields:
            steps = _spine(value, constructor_name, index)
            row[f"spine_{constructor_name}_{index + 1}"] = steps
            row[f"off_spine_{constructor_name}_{index + 1}"] = names.count(constructor_name) - steps
    if branching:
        row |= {"forks": _forks(space, parts), "imbalance": _imbalance(value, branching), "balance": _balance(value, branching)}
    if space.lettered:
        atoms = [p for p in parts if not isinstance(p, Value)]
        row |= {"labels": len(atoms), "repeats": len(atoms) - len(set(atoms))}
    return row


def _spine(value: Datum, constructor: str, index: int) -> int:
    steps = 0
    while isinstance(value, Value) and value.constructor == constructor:
        value = value.fields[index]
        steps += 1
    return steps


def _forks(space: Space, parts: Sequence[Datum]) -> int:
    going_on = {c.name for c in constructors_of(space.type, space.datatypes) if space.type in c.fields}
    nodes = [p for p in parts if isinstance(p, Value) and p.constructor in space.branching]
    return sum(sum(n.fields[i].constructor in going_on for i in space.branching[n.constructor]) > 1 for n in nodes)


def _imbalance(value: Datum, branching: Mapping[str, tuple[int, ...]]) -> int:
    worst = 0
    depths: dict[int, int] = {}
    for node in postorder(value):
        below = [depths[id(f)] for f in node.fields if isinstance(f, Value)]
        depths[id(node)] = 1 + max(below, default=0)
        if node.constructor in branching:
            own = [depths[id(node.fields[i])] for i in branching[node.constructor]]
            worst = max(worst, max(own) - min(own))
    return worst


def _balance(value: Datum, branching: Mapping[str, tuple[int, ...]]) -> int:
    if not isinstance(value, Value) or value.constructor not in branching:
        return 0
    own = branching[value.constructor]
    return depth(value.fields[own[-1]]) - depth(value.fields[own[0]])


@dataclass(frozen=True, slots=True)
class Recursion:
    """How a function recurs on one input: how deep, how many calls in all, and the size of the smallest part where it stops."""

    depth: int
    calls: int
    rest: int


def recursion_of(shape: RecursionShape, value: Datum) -> Recursion:
    """Follow a function's recursive calls through an input, by its shape. Exact where the function chooses its case by the
    constructors of that argument alone; else an upper bound."""
    done: dict[int, Recursion] = {}
    stack = [value]
    while stack:
        at = stack[-1]
        below = _called_on(shape, at)
        missing = [v for v in below if id(v) not in done]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        results = [done[id(v)] for v in below]
        if results:
            calls = min(MOST_CALLS, len(results) + sum(r.calls for r in results))
            done[id(at)] = Recursion(1 + max(r.depth for r in results), calls, min(r.rest for r in results))
        else:
            done[id(at)] = Recursion(0, 0, size(at))
    return done[id(value)]


def _called_on(shape: RecursionShape, value: Datum) -> list[Datum]:
    """The parts of a value that the function calls itself on at once."""
    found = []
    for call in shape.calls:
        if all(_constructor_at(value, path) == shown for path, shown in call.shown):
            part = value
            for _, index in call.path:
                part = part.fields[index]
            found.append(part)
    return found


def _constructor_at(value: Datum, path: Path) -> str | None:
    for constructor, index in path:
        if not isinstance(value, Value) or value.constructor != constructor:
            return None
        value = value.fields[index]
    return value.constructor if isinstance(value, Value) else None
