"""Making data: rows drawn, evaluated and written as padded arrays of tokens, by recsyn and by Python written by hand."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate
from math import comb
from random import Random
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

import recsyn
from recsyn.benchmarks import Costs, Figure, Side, Table, interleaved, on_tuples
from recsyn.benchmarks.on_tuples import Tuple
from recsyn.benchmarks.workloads import WORKLOADS
from recsyn.data.distributions import Uniform
from recsyn.data.features import features
from recsyn.data.generation import generate
from recsyn.data.space import Alphabet
from recsyn.data.tasks import Task, padded
from recsyn.data.vocabulary import END, START
from recsyn.errors import MissingExtra, RecsynError
from recsyn.values import CONS, NIL

BY_HAND, PYTHON, NATIVE = "Python by hand, tuples", "recsyn, python backend", "recsyn, native backend"
FEATURES = "recsyn, their features"

Rows = tuple[NDArray[np.int32], NDArray[np.int32]]
"""Source and target, padded."""


@dataclass(frozen=True, eq=False)
class Making:
    """A task, and the same by hand: an input drawn and the function, both on tuples, and how inputs and outputs become tokens."""

    name: str
    task: Task
    draw: Callable[[Random], Any]
    function: Callable[[Any], Any]
    source: Callable[[Any, Mapping[Any, int]], list[int]]
    target: Callable[[Any, Mapping[Any, int]], list[int]]

    @cached_property
    def numbers(self) -> Mapping[Any, int]:
        """The number of every label, and of every constructor by name."""
        tokens = {token: number for number, token in enumerate(self.task.vocabulary.tokens)}
        named = {c.name: tokens[c.token] for c in self.task.function.program.constructors.values() if c.token in tokens}
        return {**named, **{label: tokens[str(label)] for label in self.task.alphabet.integers if str(label) in tokens}}

    def by_hand(self, many: int, seed: int) -> Rows:
        chance, numbers = Random(seed), self.numbers
        inputs = [self.draw(chance) for _ in range(many)]
        outputs = [self.function(value) for value in inputs]
        source = padded([[*self.source(value, numbers), END] for value in inputs])
        return source, padded([[START, *self.target(value, numbers), END] for value in outputs])

    def by_recsyn(self, many: int, backend: str, seed: int) -> Rows:
        made = generate(self.task, many, seed, backend=backend, values=False)
        return made.source.padded(), made.target.padded()

    def measured(self, many: int) -> Side:
        """The features of so many rows that are there."""
        rows = generate(self.task, many, 0)
        lengths = rows.source.lengths - 1, rows.target.lengths - 2
        return _timed(lambda _: features(self.task.space, rows.inputs, *lengths), many)


def makings() -> list[Making]:
    """Of the workloads W1, W2 and rev of :mod:`recsyn.benchmarks.workloads`."""
    tree = _trees(127)
    return [
        Making("W1", _task("W1", "prefix", "prefix", 20, 64), _number, on_tuples.succ, _chain, _chain),
        Making("W2", _task("W2", "prefix", "flat", 63, 255), tree, on_tuples.preorder, _in_prefix, _items),
        Making("rev", _task("rev", "flat", "flat", 65, 65, 1_000), _list, on_tuples.reverse, _items, _items),
    ]


def _task(name: str, input: str, output: str, least: int, greatest: int, labels: int = 10) -> Task:
    [workload] = [w for w in WORKLOADS if w.name == name]
    function = recsyn.loads(workload.source)[workload.function]
    return Task(name, function, input, output, Uniform(least, greatest), Alphabet(tuple(range(labels))))


def _number(chance: Random) -> Tuple:
    number: Tuple = ("One",)
    for _ in range(chance.randrange(19, 64)):
        number = (chance.choice(("XO", "XI")), number)
    return number


def _trees(most: int) -> Callable[[Random], Tuple]:
    """Trees of 31 branches or more, uniform by size: how many branches stand on the left is as likely as there are such trees."""
    catalan = [comb(2 * n, n) // (n + 1) for n in range(most + 1)]
    left = [list(accumulate(catalan[i] * catalan[n - 1 - i] / catalan[n] for i in range(n))) for n in range(most + 1)]

    def grow(branches: int, chance: Random) -> Tuple:
        if not branches:
            return ("Leaf",)
        own = min(bisect(left[branches], chance.random()), branches - 1)
        return ("Branch", chance.randrange(10), grow(own, chance), grow(branches - 1 - own, chance))

    return lambda chance: grow(chance.randrange(31, most + 1), chance)


def _list(chance: Random) -> Tuple:
    items: Tuple = (NIL,)
    for _ in range(64):
        items = (CONS, chance.randrange(1_000), items)
    return items


def _chain(value: Tuple, numbers: Mapping[Any, int]) -> list[int]:
    row = []
    while len(value) > 1:
        row.append(numbers[value[0]])
        value = value[1]
    row.append(numbers[value[0]])
    return row


def _in_prefix(value: Tuple, numbers: Mapping[Any, int]) -> list[int]:
    row, stack = [], [value]
    while stack:
        node = stack.pop()
        row.append(numbers[node[0]])
        if len(node) > 1:
            row.append(numbers[node[1]])
            stack.append(node[3])
            stack.append(node[2])
    return row


def _items(value: Tuple, numbers: Mapping[Any, int]) -> list[int]:
    row = []
    while len(value) > 1:
        row.append(numbers[value[1]])
        value = value[2]
    return row


def tables() -> Iterator[str | Table]:
    yield from making(makings())


def making(
    makings: Sequence[Making],
    repetitions: int = 7,
    rows: Mapping[str, int] = {BY_HAND: 500, PYTHON: 500, NATIVE: 20_000},
) -> Iterator[str | Table]:
    """What a row costs on every side, medians of so many repetitions; so many rows are made in each."""
    costs: dict[str, Costs] = {}
    remarks, tokens = [], {}
    for made in makings:
        sides: dict[str, Side] = {BY_HAND: _timed(partial(made.by_hand, rows[BY_HAND]), rows[BY_HAND])}
        _check(made, made.by_hand(20, 0))
        for side, backend in ((PYTHON, "python"), (NATIVE, "native")):
            try:
                first = made.by_recsyn(100, backend, 0)
            except MissingExtra as missing:
                remarks.append(f"{side} has no figure: {missing}")
                continue
            _check(made, first)
            sides[side] = _timed(partial(made.by_recsyn, rows[side], backend), rows[side])
        if NATIVE in sides:
            sides[FEATURES] = made.measured(rows[NATIVE])
        tokens[made.name] = sum(int((part != 0).sum()) for part in made.by_recsyn(1_000, "python", 0)) / 1_000
        yield f"{made.name}: {repetitions} repetitions of {len(sides)} sides …"
        costs[made.name] = interleaved(sides, repetitions)
        remarks.append(f"{made.name}: {made.task.function.name}, {tokens[made.name]:.0f} tokens a row, source and target together")
    table = Table("making rows, for each row", "µs", costs, (BY_HAND,), remarks=tuple(remarks))
    yield replace(table, figures=tuple(_figures(table, tokens)))


def _figures(table: Table, tokens: Mapping[str, float]) -> Iterator[Figure]:
    for subject, least in (("W1", 6.0), ("W2", 15.0), ("rev", 15.0)):
        ratio = table.ratio(subject, BY_HAND, NATIVE) if subject in table.costs else None
        if ratio is not None:
            yield Figure(f"{BY_HAND} / {NATIVE}, {subject}", ratio, at_least=least)
    for subject in table.costs:
        cost = table.cost(subject, NATIVE)
        if cost is not None:
            yield Figure(
                f"{NATIVE}, {subject}", tokens[subject] / cost / 1e6, "M tokens/s", at_least=40.0 if subject == "W2" else None
            )


def _timed(work: Callable[[int], Any], rows: int) -> Side:
    """Each repetition makes other rows."""
    seed = 0

    def side() -> float:
        nonlocal seed
        seed += 1
        started = process_time()
        work(seed)
        return (process_time() - started) / rows

    return side


def _check(made: Making, rows: Rows) -> None:
    """Nobody times wrong work. Raises :class:`RecsynError` where a target is not what the function makes of the source."""
    task = made.task
    for source, target in zip(*rows, strict=True):
        tokens = task.vocabulary.decode(source[: source.tolist().index(END)])
        value = task.input_codec.decode(tokens)
        right = task.encode_target([value], [task.function(value)])[0]
        if target[: len(right)].tolist() != right.tolist() or target[len(right) :].any():
            raise RecsynError(f"{made.name}: {task.function.name} ({value}) is made wrongly")
