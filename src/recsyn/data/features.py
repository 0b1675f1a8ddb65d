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
``labels``            integers and characters in the input
``repeats``           how many of them occur before, in order
``output_length``     tokens of the right output
``growth``            how many tokens longer the output is than the input
====================  ==================================================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recsyn.data.space import Space
from recsyn.lang.program import Path, RecursionShape
from recsyn.lang.types import constructors_of
from recsyn.values import Datum, Value, depth, postorder, preorder, size

Columns = Mapping[str, NDArray[np.int64]]


def features(space: Space, inputs: Sequence[Datum], input_lengths: Sequence[int], output_lengths: Sequence[int]) -> Columns:
    """The features of inputs of a space, each column ``int64 [n]``. Lengths are in tokens."""
    rows = [_row(space, value) for value in inputs]
    columns = {name: np.array([row[name] for row in rows], dtype=np.int64) for name in (rows[0] if rows else ())}
    columns["output_length"] = np.array(output_lengths, dtype=np.int64)
    columns["growth"] = columns["output_length"] - np.array(input_lengths, dtype=np.int64)
    return columns


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
        row |= {"forks": _forks(space, parts), "imbalance": _imbalance(value, branching)}
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
            done[id(at)] = Recursion(
                1 + max(r.depth for r in results), len(results) + sum(r.calls for r in results), min(r.rest for r in results)
            )
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
