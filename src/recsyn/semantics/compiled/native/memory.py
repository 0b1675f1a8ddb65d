"""The memory that an evaluation runs in, and values in it as words."""

from __future__ import annotations

import ctypes
import mmap
from array import array
from collections.abc import Mapping, Sequence

from recsyn.semantics.compiled.native import layout as at
from recsyn.semantics.compiled.order import inside_out, parts_first
from recsyn.semantics.compiled.tags import Tags
from recsyn.semantics.compiled.words import MOST_FIELDS, WORD, TooLarge, arity_of, atom, constant, header, is_character
from recsyn.values import Datum, Value

_ASKING = {
    at.PUT_DOWN: ctypes.pythonapi.PyEval_SaveThread,
    at.TAKE_UP: ctypes.pythonapi.PyEval_RestoreThread,
    at.SIGNALS: ctypes.pythonapi.PyErr_CheckSignals,
}


class Block:
    """A stretch of memory and the context of the evaluation in it. Pages that were never used take no room."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._map = mmap.mmap(-1, size)
        self.words = memoryview(self._map).cast("q")
        self._pinned = ctypes.c_char.from_buffer(self._map)
        self.address = ctypes.addressof(self._pinned)
        self.context = (ctypes.c_int64 * at.CONTEXT_WORDS)()
        for place, function in _ASKING.items():
            self.context[place] = ctypes.cast(function, ctypes.c_void_p).value or 0
        self.pointer = ctypes.addressof(self.context)

    def begin(self, used: int, left: int, constants: int) -> None:
        """Make ready for an evaluation: so many words are used already, so many calls of partial functions left."""
        context = self.context
        context[at.HEAP] = self.address + used * WORD
        context[at.STACK] = self.address + self.size
        context[at.FUEL] = at.FUEL_BETWEEN_QUESTIONS
        context[at.LEFT] = left
        context[at.STATUS] = 0
        context[at.CONSTANTS] = constants

    @property
    def status(self) -> int:
        return int(self.context[at.STATUS])

    def close(self) -> None:
        self.words.release()
        del self._pinned
        self._map.close()


class Words:
    """The way of values into a block and out of it. What went in comes out as itself, and what is shared stays shared."""

    def __init__(self, tags: Tags, block: Block, others: Mapping[int, Datum]) -> None:
        self.tags = tags
        self.block = block
        self.known: dict[int, Datum] = {}
        """What an address stands for."""
        self.others = others
        """The same, for what lies outside of the block."""
        self.used = 0

    def inward(self, data: Sequence[Datum]) -> list[int] | None:
        """The words of some data, whose cells come first in the block; ``None`` if it is too small. Raises :class:`TooLarge`."""
        words: list[int] = []
        done: dict[int, int] = {}
        known, numbers, base = self.known, self.tags.numbers, self.block.address
        for datum in data:
            for part in parts_first(datum):
                if id(part) in done:
                    continue
                if part.__class__ is Value:
                    fields, number = part.fields, numbers[part.constructor]
                else:
                    tag = self.tags.tag_of(part)
                    if tag is None:
                        raise TooLarge("a function value was made elsewhere, or a constructor has too many fields")
                    fields, number = part.held, numbers[tag]
                if not fields:
                    done[id(part)] = constant(number)
                    continue
                if len(fields) > MOST_FIELDS:
                    raise TooLarge("a function value was made elsewhere, or a constructor has too many fields")
                address = base + 8 * len(words)
                words.append(header(number, len(fields)))
                words += [done[id(f)] if id(f) in done else atom(f) for f in fields]
                done[id(part)] = address
                known[address] = part
        self.used = len(words)
        if self.used * WORD > self.block.size // 2:
            return None
        self.block.words[: self.used] = memoryview(array("q", words))
        return [done[id(d)] if id(d) in done else atom(d) for d in data]

    def outward(self, word: int) -> Datum:
        if word & 7 or word in self.known or word in self.others:
            return self._simple(word)
        words, base, known, others = self.block.words, self.block.address, self.known, self.others
        # The cells in the order in which they are met; backwards, every cell comes after what is in it, unless one is met twice.
        rows: dict[int, list[int]] = {word: []}
        order, twice = [word], False
        for address in order:
            place = address - base >> 3
            row = [words[i] for i in range(place, place + 1 + arity_of(words[place]))]
            rows[address] = row
            for w in row[1:]:
                if not w & 7 and w not in known and w not in others:
                    if w in rows:
                        twice = True
                    else:
                        rows[w] = row
                        order.append(w)
        if twice:
            order = inside_out(word, lambda address: [w for w in rows[address][1:] if w in rows])
        else:
            order.reverse()
        names, constructors, simple = self.tags.names, self.tags.constructors, self._simple
        for address in order:
            head, *fields = rows[address]
            data = tuple([known[w] if w in known else w >> 1 if w & 1 else simple(w) for w in fields])
            number = head >> 16
            known[address] = Value(constructors[number], data) if number in constructors else self.tags.datum(names[number], data)
        return known[word]

    def _simple(self, word: int) -> Datum:
        if word & 1:
            return word >> 1
        if not word & 7:
            return self.known[word] if word in self.known else self.others[word]
        if is_character(word):
            return chr(word >> 3)
        return self.tags.datum(self.tags.names[word >> 3], ())
