"""Many values of one type in two arrays, without a Python object for each.

``words`` holds the values one after another, constructors before their fields, each as one word of 64 bits (see
:mod:`recsyn.semantics.compiled.words`); ``starts`` says where each begins, and, at its end, where the last one ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from recsyn.errors import RecsynError
from recsyn.lang.program import Program
from recsyn.lang.types import ARROW, CHAR, INT, Constructor, Type, constructors_of, holding_functions, type_names
from recsyn.semantics.compiled import words as w
from recsyn.semantics.compiled.tags import numbers_of
from recsyn.semantics.conformance import misfit
from recsyn.values import Datum, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array: TypeAlias = NDArray[np.int64]


class InvalidBatch(RecsynError, ValueError):
    """Arrays that hold no values of the type, or values that no array can hold."""


@dataclass(frozen=True, eq=False, repr=False)
class Batch:
    """Values of ``type`` as arrays of ``int64``: ``words`` of any length, ``starts`` one longer than there are values. Make
    one with :meth:`of` or :meth:`from_arrays`; both check that the arrays hold what they should, which evaluation relies on."""

    program: Program
    type: Type
    words: Array
    starts: Array

    @staticmethod
    def of(program: Program, type: Type, values: Iterable[Datum]) -> Batch:
        """These values. Raises :class:`InvalidBatch` for one that is not of the type, or holds a function or an integer of
        more than 63 bits."""
        without_functions(program, type)
        return Batch(program, type, *rows_of(program, _checked(program, type, values)))

    @staticmethod
    def from_arrays(program: Program, type: Type, words: Any, starts: Any) -> Batch:
        """The values that two arrays hold, checked word by word. Raises :class:`InvalidBatch`."""
        import numpy as np

        without_functions(program, type)
        try:
            given = [np.asarray(words), np.asarray(starts)]
            # An empty list makes an array of floats.
            words, starts = (np.ascontiguousarray(a if a.size else a.astype(np.int64), np.int64) for a in given)
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidBatch(f"the arrays are no integers of 64 bits: {error}") from None
        if any(a.size and not np.can_cast(a.dtype, np.int64, "safe") for a in given):
            raise InvalidBatch(f"the arrays are no integers of 64 bits, but {given[0].dtype} and {given[1].dtype}")
        batch = Batch(program, type, words, starts)
        if batch.words.ndim != 1 or batch.starts.ndim != 1 or not len(batch.starts):
            raise InvalidBatch("words and starts have to be arrays of one dimension, starts one longer than there are values")
        ends = batch.starts
        if ends[0] != 0 or ends[-1] != len(batch.words) or (np.diff(ends) < 1).any():
            raise InvalidBatch(f"starts has to rise from 0 to {len(batch.words)}, the number of words")
        for place in range(len(batch)):
            batch._check(place)
        return batch

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[Datum]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> Datum: ...

    @overload
    def __getitem__(self, place: slice) -> Batch: ...

    def __getitem__(self, place: int | slice) -> Datum | Batch:
        """One value, or, for a slice, those values as a batch. Raises ``IndexError`` where there is none."""
        if isinstance(place, slice):
            return self._rows(range(len(self))[place])
        place = range(len(self))[place]
        row: list[int] = self.words[self.starts[place] : self.starts[place + 1]].tolist()
        names = tuple(self._numbers)
        stack: list[Datum] = []
        for word in reversed(row):
            if word & 1:
                stack.append(word >> 1)
            elif w.is_character(word):
                stack.append(chr(word >> 3))
            elif word & 7:
                stack.append(Value(names[word >> 3]))
            else:
                arity = w.arity_of(word)
                fields = tuple(reversed(stack[len(stack) - arity :]))
                del stack[len(stack) - arity :]
                stack.append(Value(names[word >> 16], fields))
        return stack[0]

    def _rows(self, places: range) -> Batch:
        import numpy as np

        if places.step == 1 and places:
            starts = self.starts[places.start : places.stop + 1]
            return Batch(self.program, self.type, self.words[starts[0] : starts[-1]], starts - starts[0])
        words = [self.words[:0], *(self.words[self.starts[place] : self.starts[place + 1]] for place in places)]
        starts = np.concatenate([[0], np.cumsum(self.lengths[list(places)])]) if places else np.zeros(1, np.int64)
        return Batch(self.program, self.type, np.concatenate(words), starts)

    def __repr__(self) -> str:
        return f"<batch of {len(self):,} values of type {self.type}>"

    @property
    def lengths(self) -> Array:
        """How many words each value has: its constructors, integers and characters."""
        return self.starts[1:] - self.starts[:-1]

    @cached_property
    def _numbers(self) -> Mapping[str, int]:
        return numbers_of(self.program)

    @cached_property
    def _readers(self) -> dict[Type, dict[int, Constructor]]:
        return {}

    def _check(self, place: int) -> None:
        """Raise :class:`InvalidBatch` unless the words of one value are of the type."""
        first = int(self.starts[place])
        wanted: list[Type] = [self.type]
        for at, word in enumerate(self.words[first : self.starts[place + 1]].tolist(), first):
            if not wanted:
                raise InvalidBatch(f"word {at}: value {place} is complete before its end")
            type = wanted.pop()
            if type == INT:
                fits = bool(word & 1)
            elif type == CHAR:
                fits = w.is_character(word) and 0 <= word >> 3 < 0x110000
            else:
                constructor = self._reader(type).get(word)
                fits = constructor is not None
                wanted.extend(reversed(constructor.fields if constructor else ()))
            if not fits:
                raise InvalidBatch(f"word {at}, in value {place}: {word} begins no {type}")
        if wanted:
            raise InvalidBatch(f"value {place} ends where a {wanted[-1]} should follow")

    def _reader(self, type: Type) -> dict[int, Constructor]:
        """What each word stands for where a value of this type is due."""
        if type not in self._readers:
            self._readers[type] = {
                w.header(self._numbers[c.name], len(c.fields)) if c.fields else w.constant(self._numbers[c.name]): c
                for c in constructors_of(type, self.program.datatypes)
            }
        return self._readers[type]


def rows_of(program: Program, values: Iterable[Datum]) -> tuple[Array, Array]:
    """Words and starts of values that are trusted to be of one type. Raises :class:`InvalidBatch` for an integer of more than 63
    bits."""
    import numpy as np

    numbers = numbers_of(program)
    words: list[int] = []
    starts = [0]
    for place, value in enumerate(values):
        try:
            words.extend(_row(value, numbers))
        except w.TooLarge as error:
            raise InvalidBatch(f"value {place} of a batch: {error.message}", error.hint) from None
        starts.append(len(words))
    return np.array(words, np.int64), np.array(starts, np.int64)


def _checked(program: Program, type: Type, values: Iterable[Datum]) -> Iterator[Datum]:
    for place, value in enumerate(values):
        wrong = misfit(value, type, program.datatypes)
        if wrong:
            raise InvalidBatch(f"value {place} of a batch of {type}: {wrong}")
        yield value


def without_functions(program: Program, type: Type) -> None:
    """Raise :class:`InvalidBatch` if values of the type hold functions."""
    holding = holding_functions(program.datatypes.values())
    if any(name in holding or name == ARROW for name in type_names([type])):
        raise InvalidBatch(f"a batch holds no functions, and {type} has some in it", "call the function with one input at a time")


def _row(value: Datum, numbers: Mapping[str, int]) -> Iterator[int]:
    stack = [value]
    while stack:
        at = stack.pop()
        if not isinstance(at, Value):
            yield w.atom(at)
        elif at.fields:
            yield w.header(numbers[at.constructor], len(at.fields))
            stack.extend(reversed(at.fields))
        else:
            yield w.constant(numbers[at.constructor])
