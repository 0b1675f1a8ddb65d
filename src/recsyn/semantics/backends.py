"""The ways to evaluate a function, by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.diagnostics import nearest
from recsyn.lang.program import Program
from recsyn.semantics.compiled.python.code import TooDeep
from recsyn.semantics.compiled.python.code import compiled as compiled_to_python
from recsyn.semantics.reference import Reference, Unfinished
from recsyn.values import Datum

if TYPE_CHECKING:
    from recsyn.semantics.batch import Array, Batch


class Code(Protocol):
    """A function, or a closed term, made ready by a backend. What it is given is trusted to have the right types."""

    def call(self, arguments: Sequence[Datum], limit: int) -> Datum:
        """Its value. Raises :class:`StepLimit` after more than ``limit`` calls of partial functions."""
        ...

    def rows(self, columns: Sequence[Batch], limit: int) -> tuple[Array, Array]:
        """Its values on batches of arguments, as the words and starts of another."""
        ...


@dataclass(frozen=True, eq=False)
class ReferenceCode:
    """The reference machine, which the others are held against."""

    program: Program
    entry: str | core.Term
    reference: Reference

    def call(self, arguments: Sequence[Datum], limit: int) -> Datum:
        if isinstance(self.entry, str):
            return self.reference.call(self.entry, tuple(arguments), limit)
        return self.reference.evaluate(self.entry, limit)

    def within(self, calls: int, arguments: Sequence[Datum], limit: int) -> Datum:
        """Its value. Raises :class:`Unfinished` where it takes more than so many calls of any functions."""
        if isinstance(self.entry, str):
            return self.reference.call(self.entry, tuple(arguments), limit, calls)
        return self.reference.evaluate(self.entry, limit, calls)

    def rows(self, columns: Sequence[Batch], limit: int) -> tuple[Array, Array]:
        from recsyn.semantics.batch import rows_of

        return rows_of(self.program, (self.call(arguments, limit) for arguments in zip(*columns, strict=True)))


FEW = 8
"""Calls that the reference machine makes in less time than values take into the python backend and out of it again."""


@dataclass(frozen=True, eq=False)
class DefaultCode:
    """What evaluates where no backend is named: the reference machine where it takes a few calls only; else the python backend,
    made ready when it is needed; and for programs that that cannot take the reference machine again."""

    program: Program
    entry: str | core.Term
    reference: Reference

    def call(self, arguments: Sequence[Datum], limit: int) -> Datum:
        try:
            return self._first.within(FEW, arguments, limit)
        except Unfinished:
            return self._then.call(arguments, limit)

    def rows(self, columns: Sequence[Batch], limit: int) -> tuple[Array, Array]:
        return self._then.rows(columns, limit)

    @cached_property
    def _first(self) -> ReferenceCode:
        return ReferenceCode(self.program, self.entry, self.reference)

    @cached_property
    def _then(self) -> Code:
        try:
            return compiled_to_python(self.program, self.entry, self.reference)
        except TooDeep:
            return self._first


BACKENDS = ("python", "native", "reference")
"""``python`` is always there; ``native`` is the extra of that name; ``reference`` is what both are held against."""
MEMORY = 2**32
"""Bytes that an evaluation by the native backend may use, where nothing else is said."""


def code_for(backend: str, program: Program, entry: str | core.Term, reference: Reference, memory: int = MEMORY) -> Code:
    """A function of the program, or a closed term over it, made ready by the backend of this name; the native one may use so many
    bytes for an evaluation. Raises :class:`RecsynError` where there is no such backend, and :class:`MissingExtra` where it is not
    installed."""
    if backend == "python":
        return compiled_to_python(program, entry, reference)
    if backend == "native":
        from recsyn.semantics.compiled.native.code import compiled as compiled_to_native

        return compiled_to_native(program, entry, reference, memory, lambda: DefaultCode(program, entry, reference))
    if backend == "reference":
        return ReferenceCode(program, entry, reference)
    raise RecsynError(
        f"there is no backend {backend!r}", nearest(str(backend), BACKENDS) or f"the backends are {', '.join(BACKENDS)}"
    )
