"""A unit as Python functions, called with values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.semantics.compiled.lowering import EXPRESSION, is_partial
from recsyn.semantics.compiled.python.source import Source, written
from recsyn.semantics.compiled.python.tuples import Crossing, Raw, constants_of, equal
from recsyn.semantics.compiled.sequencing import unit as unit_of
from recsyn.semantics.compiled.tags import Tags
from recsyn.semantics.compiled.words import TooLarge
from recsyn.semantics.reference import Reference, StepLimit
from recsyn.values import Datum

if TYPE_CHECKING:
    from recsyn.semantics.batch import Array, Batch


class TooDeep(RecsynError):
    """A program that Python's own compiler cannot take."""

    def __init__(self, entry: str | core.Term) -> None:
        super().__init__(
            f"{f'`{entry}`' if isinstance(entry, str) else EXPRESSION} needs code that nests deeper than Python's compiler goes",
            'evaluate it with the backend "native" or "reference"',
        )


@dataclass(frozen=True, eq=False)
class PythonCode:
    """A unit as Python functions. ``run`` is its entry, on tuples; the first call of it counts as none where it is ``partial``."""

    tags: Tags
    constants: Mapping[int, Raw]
    source: Source
    run: Callable[..., Raw]
    partial: bool

    def call(self, arguments: Sequence[Datum], limit: int) -> Datum:
        """The value of the entry on arguments, of which at most ``limit`` further calls of partial functions are made. Raises
        :class:`StepLimit`."""
        crossing = Crossing(self.tags, self.constants)
        return crossing.outward(self.on_tuples([crossing.inward(argument) for argument in arguments], limit))

    def rows(self, columns: Sequence[Batch], limit: int) -> tuple[Array, Array]:
        """The values of the entry on batches of arguments, as the words and starts of another. Raises :class:`StepLimit`, and
        :class:`TooLarge`."""
        import numpy as np

        given = [(column.words.tolist(), column.starts.tolist()) for column in columns]
        words: list[int] = []
        starts = [0]
        crossing = Crossing(self.tags, self.constants)
        for i in range(len(columns[0])):
            arguments = [crossing.read(row[begin[i] : begin[i + 1]]) for row, begin in given]
            try:
                words += crossing.write(self.on_tuples(arguments, limit))
            except TooLarge as error:
                error.place = i
                raise
            starts.append(len(words))
        return np.array(words, np.int64), np.array(starts, np.int64)

    def on_tuples(self, arguments: Sequence[Raw], limit: int) -> Raw:
        """The value on arguments that are tuples, as a tuple."""
        return self.run([limit + self.partial, limit], *arguments) if self.source.counted else self.run(*arguments)


def compiled(program: Program, entry: str | core.Term, reference: Reference) -> PythonCode:
    """A function of the program, or a closed term over it, for the python backend. Raises :class:`TooDeep`."""
    unit = unit_of(program, entry)
    tags = Tags(program, unit, reference)
    constants, source = constants_of(tags), written(unit, tags)

    def foreign(function: Raw, *arguments: Raw) -> Raw:
        crossing = Crossing(tags, constants)
        return crossing.inward(reference.apply(function[1], tuple(crossing.outward(a) for a in arguments)))

    crossing = Crossing(tags, constants)
    names: dict[str, Any] = {"equal": equal, "div": _div, "mod": _mod, "foreign": foreign, "ended": StepLimit}
    names |= {f"K{number}": constant for number, constant in constants.items()}
    names |= {f"D{place}": crossing.inward(datum) for place, datum in enumerate(source.data)}
    try:
        exec(compile(source.text, f"<{unit.entry}, compiled>", "exec"), names)
    except (MemoryError, RecursionError, SyntaxError):
        raise TooDeep(entry) from None
    return PythonCode(tags, constants, source, names[source.entry], is_partial(program, entry))


def _div(left: int, right: int) -> int:
    return left // right if right else 0


def _mod(left: int, right: int) -> int:
    return left % right if right else left
