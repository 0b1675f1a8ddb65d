"""Many rows at once, in arrays: drawn, evaluated and written as tokens without a Python object for each value.

Each row is addressed by seed, split and index. Its input is grown from random words (:func:`~recsyn.data.randomness.row_words`)
under the key that seed and split hash to; where the input belongs to another split, it is grown anew from the words of the next
attempt. :func:`draw` says so for one row; machine code (:mod:`recsyn.data.native`) does the same for many, and leaves to Python
what it cannot do, so rows never depend on what is installed, on the backend, or on how many are made at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from recsyn.data.features import Columns, features
from recsyn.data.growing import Growth
from recsyn.data.native.routines import Routines, machine
from recsyn.data.native.tables import GrowthTables, NotationTables, growth_tables, notation_tables
from recsyn.data.questions import ROWS_KEPT, AskedValue
from recsyn.data.randomness import MASK, digest, row_words, stream, token_number
from recsyn.data.splits import Region
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import END, START
from recsyn.errors import RecsynError
from recsyn.semantics.batch import Batch, InvalidBatch, rows_of
from recsyn.semantics.compiled.words import TooLarge
from recsyn.values import Datum, size

TRIES = 1_000
"""Attempts at a row, after which a distribution is taken to have no input in its split."""
_FEW = 64
"""Rows for which machine code is not worth loading."""
_PORTION = 2**19
"""Words of inputs that are made together: few enough to stay near the processor."""

Values: TypeAlias = "Batch | tuple[Datum, ...]"


@dataclass(frozen=True, eq=False)
class Sequences:
    """Sequences of tokens one after another, ``tokens`` ``int32``; ``starts``, ``int64 [n + 1]``, says where each begins and, at
    its end, where the last one ends."""

    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]

    @staticmethod
    def of(rows: Sequence[Sequence[int]]) -> Sequences:
        starts = np.array([0, *accumulate(map(len, rows))], np.int64)
        return Sequences(np.array([token for row in rows for token in row], np.int32), starts)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """How many tokens each has."""
        return self.starts[1:] - self.starts[:-1]

    def padded(self, rows: slice | NDArray[np.int64] = slice(None)) -> NDArray[np.int32]:
        """Some or all of them as ``int32 [n, longest]``, zeros (padding) after each."""
        first, lengths = self.starts[:-1][rows], self.lengths[rows]
        longest = int(lengths.max(initial=0))
        table = np.zeros((len(first), longest), np.int32)
        made = machine()
        if made and len(first) >= _FEW:
            _lay_out(made, self.tokens, first, lengths, table, np.arange(len(first)) * longest)
        else:
            for row, start, length in zip(table, first.tolist(), lengths.tolist(), strict=True):
                row[:length] = self.tokens[start : start + length]
        return table


@dataclass(frozen=True, eq=False)
class Generated:
    """Rows: inputs and right outputs as values, which are batches where they fit into arrays, and as tokens. A ``source`` is the
    tokens of the input and the end, a ``target`` the start, the tokens of the right answer, and the end."""

    source: Sequences
    target: Sequences
    parts: tuple[tuple[Values, Values], ...]
    """Inputs and outputs, as they were made; none where only tokens were asked for."""

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def inputs(self) -> Values:
        return _joined([inputs for inputs, _ in self.parts])

    @cached_property
    def outputs(self) -> Values:
        return _joined([outputs for _, outputs in self.parts])


def generate(
    task: Task, n: int, seed: int, split: str = "train", first: int = 0, backend: str | None = None, values: bool = True
) -> Generated:
    """``n`` rows of one split or group, from the index ``first`` on; ``.source.padded()`` and ``.source.lengths`` are the tokens
    ``int32 [n, L]`` and how many each row has. The same arguments give the same rows, by whatever ``backend`` the function is
    evaluated: without a name by ``native``, where that is installed. Without ``values`` only the tokens are kept, which takes less
    time and memory. Raises :class:`RecsynError` where there is no such split, and where the distribution has no input in it."""
    task.splits.check(split)
    if n < 0 or first < 0 or first + n >= 2**63:
        raise RecsynError(f"there are no {n:,} rows from the index {first:,} on", "indices go from 0 up to 2^63")
    made = machine() if n >= _FEW else None
    if made:
        portions = _Portions(task, seed, split, made, _kept_tables(task, split), backend or "native")
        try:
            return portions.all(first, first + n, values)
        except InvalidBatch:
            pass  # An integer of more than 63 bits in an input.
    return _one_by_one(task, [draw(task, seed, split, index) for index in range(first, first + n)], backend)


def draw(task: Task, seed: int, split: str, index: int) -> Datum:
    """The input at one index of a split or group."""
    source = task.drawn_for(split)
    if source.growth is None:
        rng = stream(seed, split, index)
        candidates = (source.sampler.draw(rng) for _ in range(TRIES))
    else:
        growth, key = source.growth, _key(seed, split)
        candidates = (growth.value(row_words(key, index, attempt)) for attempt in range(TRIES))
    for value in candidates:
        if task.division.has(split, value):
            return value
    raise nothing_drawn(task, split)


def nothing_drawn(task: Task, split: str) -> RecsynError:
    """What is said where a distribution holds too few inputs of a split."""
    splits = task.splits
    if split == "train":
        hint = f"its groups ({', '.join(g.name for g in splits.groups)}) claim what is drawn; let them claim less"
    elif split in dict(splits.shares) and splits.few:
        what = "shapes" if splits.by == "shape" else "values"
        hint = f"inputs of a size with fewer than {splits.few} {what} all belong to 'train'; allow larger sizes"
    elif split in dict(splits.shares):
        hint = "allow larger sizes, or a larger share"
    else:
        hint = "let its predicate hold of more, or give the group a distribution of its own"
    return RecsynError(f"{task.name}: {TRIES:,} draws from its distribution held no input of the split {split!r}", hint)


def _key(seed: int, split: str) -> int:
    return digest("rows", seed, split)


def _one_by_one(task: Task, inputs: Sequence[Datum], backend: str | None) -> Generated:
    function = task.function
    outputs = function.of_each(inputs) if backend is None else function.compile(backend).of_each(inputs)
    encode, question = task.vocabulary.encode, task.question
    rows = [(question.given(input), question.answer(input, output)) for input, output in zip(inputs, outputs, strict=True)]
    source = Sequences.of([[*encode(given), END] for given, _ in rows])
    target = Sequences.of([[START, *encode(answer), END] for _, answer in rows])
    return Generated(source, target, ((tuple(inputs), tuple(outputs)),))


# In arrays

_kept: WeakKeyDictionary[Task, dict[str, _Tables]] = WeakKeyDictionary()


def _kept_tables(task: Task, split: str) -> _Tables:
    kept = _kept.setdefault(task, {})
    if split not in kept:
        kept[split] = _tables(task, split)
    return kept[split]


@dataclass(frozen=True, eq=False)
class _Tables:
    """What machine code reads of a task and one of its splits. Without tables of its growth, Python draws the inputs; without those
    of a notation, it writes the tokens."""

    grown: GrowthTables | None
    source: NotationTables | None
    target: NotationTables | None


def _tables(task: Task, split: str) -> _Tables:
    growth, program, division = task.drawn_for(split).growth, task.function.program, task.division
    try:
        grown = growth_tables(growth, program, lambda datum: token_number(*division.tokens(datum))) if growth else None
    except TooLarge:
        grown = None
    source = None if task.asks_of_lines else notation_tables(task.input_codec, task.vocabulary, program)
    target = notation_tables(task.output_codec, task.vocabulary, program) if isinstance(task.question, AskedValue) else None
    return _Tables(grown, source, target)


class _Written:
    """Sequences that are written one after another, ``many`` of them in the end."""

    def __init__(self, many: int) -> None:
        self.many = many
        self.tokens = np.empty(0, np.int32)
        self.used = 0
        self.starts: list[NDArray[np.int64]] = []

    def room(self, most: int) -> NDArray[np.int32]:
        """Where so many tokens may be written next."""
        if len(self.tokens) < self.used + most:
            # As many as all will take, if they go on as they began.
            there = sum(map(len, self.starts))
            foreseen = int(1.05 * self.used / there * self.many) if there else 0
            whole = np.empty(max(foreseen, 2 * self.used) + most, np.int32)
            whole[: self.used] = self.tokens[: self.used]
            self.tokens = whole
        return self.tokens[self.used :]

    def take(self, places: NDArray[np.int64]) -> None:
        """Keep what was written, sequences from each place to the next."""
        self.starts.append(places[:-1] + self.used)
        self.used += int(places[-1])

    def add(self, rows: Sequence[Sequence[int]]) -> None:
        added = Sequences.of(rows)
        self.room(len(added.tokens))[: len(added.tokens)] = added.tokens
        self.take(added.starts)

    def sequences(self) -> Sequences:
        return Sequences(self.tokens[: self.used], np.concatenate([*self.starts, [self.used]]))


class _Portions:
    """Rows of a task and a split, made a portion at a time."""

    def __init__(self, task: Task, seed: int, split: str, made: Routines, tables: _Tables, backend: str) -> None:
        self.task = task
        self.seed = seed
        self.split = split
        self.growth = task.drawn_for(split).growth
        self.wanted = task.splits.names.index(split)
        self.key = _key(seed, split)
        self.made = made
        self.tables = tables
        self.backend = backend
        self.typical = 4.0
        """Words of an input, as far as it is known."""
        # Memory that was never used costs more than what is written to it.
        self.words, self.stack = np.empty(0, np.int64), np.empty(0, np.int32)

    def all(self, first: int, end: int, values: bool) -> Generated:
        source, target, parts = _Written(end - first), _Written(end - first), []
        many = 2 * _FEW
        while first < end:
            many = min(many, end - first)
            inputs = self.inputs(np.arange(first, first + many), fresh=values)
            outputs = self.answered(inputs, source, target)
            if values:
                parts.append((inputs, outputs))
            first += many
            self.typical = max(1.0, len(inputs.words) / many)
            many = max(_FEW, int(_PORTION / self.typical))
            if self.task.asks_of_lines:
                many = min(many, ROWS_KEPT)  # Sources and targets are found together, and taken one after the other.
        return Generated(source.sequences(), target.sequences(), tuple(parts))

    def answered(self, inputs: Batch, source: _Written, target: _Written) -> Values:
        """The outputs. Inputs and right answers are written down as tokens."""
        task, tables = self.task, self.tables
        try:
            outputs: Values = task.function.batch(inputs, backend=self.backend)
        except InvalidBatch:
            # Functions and integers of more than 63 bits are in no batch.
            outputs = tuple(task.function.compile(self.backend).of_each(inputs))
        encode = task.vocabulary.encode
        if not (tables.source and self.encoded(inputs, tables.source, -1, source)):
            source.add([[*encode(task.question.given(value)), END] for value in inputs])
        if not (tables.target and isinstance(outputs, Batch) and self.encoded(outputs, tables.target, START, target)):
            target.add([[START, *encode(answer), END] for answer in task.answers(tuple(inputs), tuple(outputs))])
        return outputs

    def inputs(self, indices: NDArray[np.int64], fresh: bool) -> Batch:
        """The input at each index; unless they are ``fresh``, the next ones may take their place in memory. Raises
        :class:`InvalidBatch` for one with an integer of more than 63 bits."""
        many = len(indices)
        if self.growth is None or self.tables.grown is None:
            return self.batch([draw(self.task, self.seed, self.split, index) for index in indices.tolist()])
        if self.task.splits.groups:
            return self.gathered(self.not_in_groups(self.growth, self.tables.grown, indices), many)
        region = self.task.division.region(self.split, self.growth.sizes[-1])
        drawn, left = self.drawn(self.tables.grown, indices, 0, TRIES, region, fresh)
        if not left.any():
            return Batch(self.task.function.program, self.task.space.type, drawn.words, np.append(drawn.first, len(drawn.words)))
        batch = self.batch([draw(self.task, self.seed, self.split, index) for index in indices[left].tolist()])
        return self.gathered([drawn.only(~left), _Drawn.of(np.flatnonzero(left), batch)], many)

    def not_in_groups(self, growth: Growth, grown: GrowthTables, indices: NDArray[np.int64]) -> list[_Drawn]:
        """The same where groups go by features, which are found out of all candidates of one attempt after another."""
        task, taken = self.task, list[_Drawn]()
        waiting = np.arange(len(indices))
        everything = Region(0, MASK, np.zeros(growth.sizes[-1] + 1, np.int8), True)
        for attempt in range(TRIES):
            drawn, left = self.drawn(grown, indices[waiting], attempt, 1, everything, True)
            parts = [drawn.only(~left)]
            if left.any():
                values = [growth.value(row_words(self.key, index, attempt)) for index in indices[waiting[left]].tolist()]
                fingerprints = np.array([task.division.fingerprint(value) for value in values], np.uint64)
                sizes = np.array([size(value) for value in values], np.int64)
                parts.append(_Drawn.of(np.flatnonzero(left), self.batch(values), fingerprints, sizes))
            fitting = []
            for part in parts:
                fits = task.division.divided(part.fingerprints, part.sizes, self.facts(part)) == self.wanted
                fitting.append(part.rows[fits])
                taken.append(replace(part, rows=waiting[part.rows]).only(fits))
            waiting = np.delete(waiting, np.concatenate(fitting))
            if not len(waiting):
                return taken
        raise nothing_drawn(task, self.split)

    def drawn(
        self, grown: GrowthTables, indices: NDArray[np.int64], attempt: int, attempts: int, region: Region, fresh: bool
    ) -> tuple[_Drawn, NDArray[np.bool_]]:
        """The first value at each index that lies in a region, of so many attempts from ``attempt`` on, and which rows are left to
        Python."""
        many = len(indices)
        starts, left = np.zeros(many + 1, np.int64), np.zeros(many, np.int8)
        fingerprints, sizes = np.empty(many, np.uint64), np.empty(many, np.int64)
        room = int(1.25 * many * self.typical) + 64
        if fresh or len(self.words) < room:
            self.words, self.stack = np.empty(room, np.int64), np.empty(room, np.int32)
        done = 0
        while True:
            words, stack = self.words, self.stack
            done = self.made.draw(
                low_key=_signed(self.key & MASK), high_key=_signed(self.key >> 64), attempt=attempt, attempts=attempts,
                least=_signed(region.least), span=_signed(region.span), spared=region.spared, takes_spared=int(region.takes_spared),
                indices=indices, first=done, end=many, states=grown.states, cells=grown.cells, items=grown.items,
                pieces=grown.pieces, width=grown.width, words=words, capacity=len(words), starts=starts, stack=stack,
                fingerprints=fingerprints, sizes=sizes, left=left,
            )  # fmt: skip
            if done == many:
                break
            self.words = np.concatenate([words, np.empty_like(words)])
            self.stack = np.empty(len(self.words), np.int32)
        rows = np.arange(many)
        return _Drawn(rows, words[: starts[-1]], starts[:-1], np.diff(starts), fingerprints, sizes), left > 0

    def batch(self, values: Sequence[Datum]) -> Batch:
        program = self.task.function.program
        return Batch(program, self.task.space.type, *rows_of(program, values))

    def facts(self, drawn: _Drawn) -> Columns:
        """The features of what was drawn."""
        task, many = self.task, len(drawn.rows)
        inputs = self.gathered([replace(drawn, rows=np.arange(many))], many)
        if not task.groups_go_by_answers:
            unknown = np.zeros(many, np.int64)
            return features(task.space, inputs, unknown, unknown, task.function.program, task.own_features)
        source, target = _Written(many), _Written(many)
        try:
            self.answered(inputs, source, target)
        except RecsynError:  # One whose answer no tokens write is no reason to end where another split takes it.
            values = list(inputs)
            return task.features(values, task.function.of_each(values))
        lengths = source.sequences().lengths - 1, target.sequences().lengths - 2
        return features(task.space, inputs, *lengths, task.function.program, task.own_features)

    def gathered(self, parts: Sequence[_Drawn], many: int) -> Batch:
        """What was taken for each of so many rows."""
        lengths = np.empty(many, np.int64)
        for part in parts:
            lengths[part.rows] = part.lengths
        starts = np.concatenate([[0], np.cumsum(lengths)])
        words = np.empty(starts[-1], np.int64)
        for part in parts:
            _lay_out(self.made, part.words, part.first, part.lengths, words, starts[part.rows])
        return Batch(self.task.function.program, self.task.space.type, words, starts)

    def encoded(self, batch: Batch, tables: NotationTables, before: int, written: _Written) -> bool:
        """Write values down; false, and nothing is written, where one is in no vocabulary."""
        tokens = written.room(2 * len(batch.words) + 2 * len(batch))
        places = np.empty(len(batch) + 1, np.int64)
        stack = np.empty(int(batch.lengths.max(initial=0)), np.int64)
        done = self.made.encode(
            words=batch.words, starts=batch.starts, rows=len(batch), notation=tables.notation, before=before, after=END,
            known=tables.known, least=tables.least, integers=tables.integers, constructors=tables.constructors,
            characters=tables.characters, node=tables.node, own=tables.own,
            opening=tables.opening, closing=tables.closing, tokens=tokens, places=places, stack=stack,
        )  # fmt: skip
        if done == len(batch):
            written.take(places)
        return done == len(batch)


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Values drawn for some ``rows``, as so many ``words`` from ``first`` on, with what decides about their splits."""

    rows: NDArray[np.int64]
    words: NDArray[np.int64]
    first: NDArray[np.int64]
    lengths: NDArray[np.int64]
    fingerprints: NDArray[np.uint64]
    sizes: NDArray[np.int64]

    @staticmethod
    def of(
        rows: NDArray[np.int64],
        batch: Batch,
        fingerprints: NDArray[np.uint64] | None = None,
        sizes: NDArray[np.int64] | None = None,
    ) -> _Drawn:
        if fingerprints is None or sizes is None:
            fingerprints, sizes = np.zeros(len(rows), np.uint64), np.zeros(len(rows), np.int64)
        return _Drawn(rows, batch.words, batch.starts[:-1], batch.lengths, fingerprints, sizes)

    def only(self, which: NDArray[np.bool_]) -> _Drawn:
        rows, first, lengths = self.rows[which], self.first[which], self.lengths[which]
        return _Drawn(rows, self.words, first, lengths, self.fingerprints[which], self.sizes[which])


def _joined(parts: Sequence[Values]) -> Values:
    if len(parts) == 1:
        return parts[0]
    batches = [part for part in parts if isinstance(part, Batch)]
    if len(batches) < len(parts):
        return tuple(value for part in parts for value in part)
    before = np.cumsum([0, *(len(batch.words) for batch in batches)])
    starts = [batch.starts[:-1] + start for batch, start in zip(batches, before.tolist(), strict=False)]
    words = np.concatenate([batch.words for batch in batches])
    return Batch(batches[0].program, batches[0].type, words, np.concatenate([*starts, before[-1:]]))


def _lay_out(made: Routines, source: Any, first: Any, many: Any, target: Any, to: Any) -> None:
    """Copy rows: so ``many`` items of ``source`` from ``first`` on, to places of ``target``, all three by row."""
    size = source.itemsize
    made.lay_out(source=source, from_=first * size, many=many * size, rows=len(first), target=target, to=to * size)


def _signed(word: int) -> int:
    return word - 2**64 if word >> 63 else word
