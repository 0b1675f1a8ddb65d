"""A unit as machine code, called with values."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.semantics.compiled.lowering import is_partial
from recsyn.semantics.compiled.native import layout as at
from recsyn.semantics.compiled.native.emission import emitted
from recsyn.semantics.compiled.native.linking import Linked, linked, runtime
from recsyn.semantics.compiled.native.memory import Block, Words
from recsyn.semantics.compiled.sequencing import unit as unit_of
from recsyn.semantics.compiled.tags import Tags
from recsyn.semantics.compiled.words import WORD, TooLarge
from recsyn.semantics.reference import OutOfMemory, Reference, StepLimit
from recsyn.values import Datum

if TYPE_CHECKING:
    from recsyn.semantics.backends import Code
    from recsyn.semantics.batch import Array, Batch

_FIRST, _KEPT, _FACTOR = 2**20, 2**26, 8
"""Bytes of the first block, of the largest that is kept for the next evaluation, and how much larger the next one is."""


_MORE = 'give it more: `compile("native", memory=BYTES)`; or use the backend "python", which frees what is needed no more'


@dataclass(frozen=True, eq=False)
class Constants:
    """The constants of a program: in a block that is never given back, and by address in a table."""

    block: Block
    known: Mapping[int, Datum]
    table: Any


@dataclass(frozen=True, eq=False)
class NativeCode:
    """A unit as machine code. ``others`` makes ready what does the evaluations that this cannot do. Threads may share it: each
    evaluation has a block of its own, of at most ``memory`` bytes."""

    tags: Tags
    assembly: str
    linked: Linked
    constants: Constants
    partial: bool
    others: Callable[[], Code]
    memory: int
    _blocks: list[Block] = field(default_factory=list)

    @cached_property
    def _other(self) -> Code:
        return self.others()

    @cached_property
    def _evaluate(self) -> Any:
        # As one of Python's own functions: it is called with Python's thread, which it puts down itself, and may have raised.
        return ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)(self.linked.addresses["evaluate"])

    @cached_property
    def _batch(self) -> Any:
        pointer, number = ctypes.c_void_p, ctypes.c_int64
        shape = (pointer, number, number, number, pointer, pointer, number, pointer, pointer, pointer)
        return ctypes.PYFUNCTYPE(number, *shape)(self.linked.addresses["batch"])

    def call(self, arguments: Sequence[Datum], limit: int) -> Datum:
        """The value of the entry on arguments, of which at most ``limit`` further calls of partial functions are made. Raises
        :class:`StepLimit`, and :class:`OutOfMemory`."""
        try:
            return self._call(arguments, limit)
        except TooLarge:
            return self._other.call(arguments, limit)

    def _call(self, arguments: Sequence[Datum], limit: int) -> Datum:
        size = min(_FIRST, self.memory)
        while True:
            block = self._block(size)
            try:
                words = Words(self.tags, block, self.constants.known)
                given = words.inward(arguments)
                if given is not None:
                    row = (ctypes.c_int64 * max(1, len(given)))(*given)
                    block.begin(words.used, limit + self.partial, ctypes.addressof(self.constants.table))
                    result = self._evaluate(block.pointer, ctypes.addressof(row))
                    if result:
                        return words.outward(result)
                    _explain(block.status, limit)
            finally:
                self._give_back(block)
            size = self._larger(block.size)

    def rows(self, columns: Sequence[Batch], limit: int) -> tuple[Array, Array]:
        """The values of the entry on batches of arguments, as the words and starts of another. Raises :class:`StepLimit`,
        :class:`OutOfMemory`, and :class:`TooLarge`."""
        import numpy as np

        many, arity = len(columns[0]), len(columns)
        pointers = np.array([a.ctypes.data for column in columns for a in (column.words, column.starts)], np.int64)
        words = np.empty(2 * sum(len(column.words) for column in columns) + 64, np.int64)
        starts = np.zeros(many + 1, np.int64)
        verdicts = np.zeros(many, np.int8)
        arguments = np.empty(arity, np.int64)
        done, size = 0, min(_FIRST, self.memory)
        while done < many:
            block = self._block(size)
            try:
                block.begin(0, limit + self.partial, ctypes.addressof(self.constants.table))
                done = self._batch(
                    block.pointer, done, many, arity, pointers.ctypes.data, words.ctypes.data, len(words), starts.ctypes.data,
                    verdicts.ctypes.data, arguments.ctypes.data,
                )  # fmt: skip
            finally:
                self._give_back(block)
            if done < many:
                if block.status == at.OUTPUT_FULL:
                    words = np.concatenate([words, np.empty_like(words)])
                else:
                    _explain(block.status, limit)
                    size = self._larger(block.size)
        return self._with_others(columns, limit, words, starts, verdicts)

    def _with_others(self, columns: Sequence[Batch], limit: int, words: Array, starts: Array, verdicts: Any) -> tuple[Array, Array]:
        """Results, with those rows in their place that the other backend has to do."""
        import numpy as np

        others = np.flatnonzero(verdicts).tolist()
        if not others:
            return words[: starts[-1]].copy(), starts
        pieces, lengths, before = [], np.diff(starts), 0
        for i in others:
            try:
                row, _ = self._other.rows([column[i : i + 1] for column in columns], limit)
            except TooLarge as error:
                error.place = i
                raise
            pieces += [words[before : starts[i]], row]
            lengths[i] = len(row)
            before = starts[i]
        pieces.append(words[before : starts[-1]])
        return np.concatenate(pieces), np.concatenate([[0], np.cumsum(lengths)])

    def _block(self, size: int) -> Block:
        """A block of at least this size."""
        try:
            block = self._blocks.pop()
        except IndexError:
            pass
        else:
            if block.size >= size:
                return block
            block.close()
        try:
            return Block(size)
        except (OSError, MemoryError):
            raise OutOfMemory(size, _MORE) from None

    def _give_back(self, block: Block) -> None:
        if block.size <= _KEPT:
            self._blocks.append(block)
        else:
            block.close()

    def _larger(self, size: int) -> int:
        """The size of the next block. Raises :class:`OutOfMemory`."""
        if size >= self.memory:
            raise OutOfMemory(self.memory, _MORE)
        return min(size * _FACTOR, self.memory)


def _explain(status: int, limit: int) -> None:
    """Raise what an evaluation ended with, unless a larger block may help."""
    if status == at.HANDED_OVER:
        raise TooLarge("an integer takes more than 63 bits")
    if status == at.LIMITED:
        raise StepLimit(limit)


def compiled(program: Program, entry: str | core.Term, reference: Reference, memory: int, others: Callable[[], Code]) -> NativeCode:
    """A function of the program, or a closed term over it, for the native backend. Raises :class:`MissingExtra`."""
    unit = unit_of(program, entry)
    tags = Tags(program, unit, reference)
    assembly, data = emitted(unit, tags)
    code = linked([runtime(), assembly], "evaluate", "batch")
    memory = max(memory - memory % WORD, WORD)
    return NativeCode(tags, assembly, code, _constants(tags, data), is_partial(program, entry), others, memory)


def _constants(tags: Tags, data: Sequence[Datum]) -> Constants:
    size = _FIRST
    while True:
        block = Block(size)
        words = Words(tags, block, {})
        found = words.inward(data)
        if found is not None:
            return Constants(block, words.known, (ctypes.c_int64 * max(1, len(found)))(*found))
        block.close()
        size *= _FACTOR
