"""The reference evaluator: a machine of control, environment and continuation on the normal form (Felleisen and Friedman's CEK,
with slots for an environment). The host's stack is never used; a call in tail position leaves nothing behind."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.semantics import normal as n
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.values import Datum, Value

LIMIT = 1_000_000
"""The calls that an evaluation may make in a program whose functions are not all known to end."""
_ANY = -1
"""As many calls as it takes."""


@dataclass(frozen=True, slots=True, eq=False)
class FunctionValue:
    """A function as a value: its code, what it captured, and the arguments it already has."""

    code: n.Code
    held: tuple[Datum, ...]
    missing: int

    def __str__(self) -> str:
        return f"<{self.code.name}>"


class StepLimit(RecsynError):
    """Partial functions were called so often that the evaluation may never end."""

    def __init__(
        self, limit: int, hint: str = "if it should end, allow it more calls: `recsyn run --limit N`, in Python `limit=N`"
    ) -> None:
        super().__init__(f"no value after {limit:,} calls of partial functions, which may not end", hint)


class Unfinished(Exception):
    """There is no value yet after so many calls as were asked for."""


class OutOfMemory(RecsynError):
    """An evaluation needs more memory than there is, or than it may use: ``limit`` bytes."""

    def __init__(self, limit: int | None = None, hint: str | None = None) -> None:
        room = "the memory that there is" if limit is None else f"{limit / 2**20:,.0f} MiB of memory"
        super().__init__(f"no value within {room}", hint)

    @staticmethod
    def after(error: MemoryError) -> OutOfMemory:
        """What is told of Python's own error. That holds what has used the memory up, and is made to let it go first: words need
        some."""
        error.__traceback__ = None
        return OutOfMemory()


class Reference:
    """The evaluator of one program. It holds code only, so threads may share it. One evaluation makes at most ``limit`` calls of
    partial functions, then raises :class:`StepLimit`; without endless calls of those, every evaluation ends."""

    def __init__(self, program: Program, limit: int = LIMIT) -> None:
        self._limit = limit
        self._partial = frozenset(d.name for d in program.definitions.values() if d.partial)
        self._arities = {d.name: len(d.parameters) for d in program.definitions.values()}
        self._program = program

    @cached_property
    def _codes(self) -> dict[str, n.Code]:
        definitions = self._program.definitions.values()
        return {d.name: n.normalise(d.name, d.parameters, d.body, self._arities) for d in definitions}

    @cached_property
    def _closures(self) -> dict[int, n.Code]:
        """The code of each ``fn`` in the program, by the identity of its term."""
        found: dict[int, n.Code] = {}
        for code in self._codes.values():
            found.update((id(inner.origin), inner) for inner in n.codes_in(code))
        return found

    def function(self, origin: str | core.Lambda, held: tuple[Datum, ...], missing: int) -> FunctionValue:
        """The function value of a function of the program, or of a ``fn`` in it or in an expression, that holds these arguments,
        captured ones first, and waits for so many more."""
        if isinstance(origin, str):
            return FunctionValue(self._codes[origin], held, missing)
        return FunctionValue(self._closures.get(id(origin)) or self._of_expression(origin), held, missing)

    def _of_expression(self, origin: core.Lambda) -> n.Code:
        captured = n.captured_by(origin, core.free_in(origin))
        return n.normalise("fn in expression", (*captured, *origin.parameters), origin.body, self._arities)

    def call(self, function: str, arguments: tuple[Datum, ...], limit: int | None = None, calls: int = _ANY) -> Datum:
        """The value of a function of the program on all of its arguments, which are trusted to have the right types. Raises
        :class:`Unfinished` where it takes more than so many ``calls``."""
        code = self._codes[function]
        return self._run(code.block, [*arguments, *code.rest], limit, calls)

    def evaluate(self, term: core.Term, limit: int | None = None, calls: int = _ANY) -> Datum:
        """The value of a closed term over the program; raises as :meth:`call`."""
        code = n.normalise("expression", (), term, self._arities)
        return self._run(code.block, list(code.rest), limit, calls)

    def apply(self, function: Datum, arguments: tuple[Datum, ...]) -> Datum:
        """The value of a function value on some arguments, however many it takes; without arguments, the value itself."""
        return self._run(*_application(function, arguments)) if arguments else function

    def _run(self, block: n.Block, frame: list[Datum], limit: int | None = None, calls: int = _ANY) -> Datum:
        codes, partial = self._codes, self._partial
        stack: list[tuple[n.Block, int, list[Datum], int]] = []
        at = 0
        limit = self._limit if limit is None else limit
        left = limit
        while True:
            step = block[at]
            kind = type(step)
            at += 1
            if kind is n.Branch:
                block = _chosen(step, frame)
                at = 0
            elif kind is n.Construct:
                frame[step.target] = Value(step.constructor, tuple([frame[i] for i in step.fields]))
            elif kind is n.Return:
                result = frame[step.slot]
                if not stack:
                    return result
                block, at, frame, target = stack.pop()
                frame[target] = result
            elif kind is n.Call:
                if not calls:
                    raise Unfinished
                calls -= 1
                if step.function in partial:
                    if left == 0:
                        raise StepLimit(limit)
                    left -= 1
                code = codes[step.function]
                if not _tail(block, at, step.target):
                    stack.append((block, at, frame, step.target))
                frame = [*[frame[i] for i in step.arguments], *code.rest]
                block, at = code.block, 0
            elif kind is n.Operate:
                operands = [frame[i] for i in step.operands]
                operation: Any = BINARY[step.operator] if len(operands) == 2 else UNARY[step.operator]
                frame[step.target] = operation(*operands)
            elif kind is n.Enter:
                stack.append((block, at, frame, step.target))
                block, at = step.block, 0
            elif kind is n.Close:
                frame[step.target] = FunctionValue(step.code, tuple([frame[i] for i in step.captured]), step.code.arity)
            elif kind is n.Name:
                code = codes[step.function]
                frame[step.target] = FunctionValue(code, (), code.arity)
            else:
                function, arguments = frame[step.function], tuple([frame[i] for i in step.arguments])
                if len(arguments) < function.missing:
                    held = function.held + arguments
                    frame[step.target] = FunctionValue(function.code, held, function.missing - len(arguments))
                    continue
                if not calls:
                    raise Unfinished
                calls -= 1
                if function.code.name in partial:
                    if left == 0:
                        raise StepLimit(limit)
                    left -= 1
                if not _tail(block, at, step.target):
                    stack.append((block, at, frame, step.target))
                extra = arguments[function.missing :]
                if extra:
                    # The result is a function again: apply it, in a small frame of its own, to what is left.
                    rest, held = _application(None, extra)
                    stack.append((rest, 0, held, 0))
                frame = [*function.held, *arguments[: function.missing], *function.code.rest]
                block, at = function.code.block, 0


def _application(function: Datum, arguments: tuple[Datum, ...]) -> tuple[n.Block, list[Datum]]:
    """A block that applies the function in slot 0 to arguments, and the frame that it runs in."""
    return [n.Apply(0, 0, tuple(range(1, len(arguments) + 1))), n.Return(0)], [function, *arguments]


def _tail(block: n.Block, at: int, target: n.Slot) -> bool:
    following = block[at]
    return type(following) is n.Return and following.slot == target


def _chosen(branch: n.Branch, frame: list[Datum]) -> n.Block:
    for tests, block in branch.arms:
        for slot, constructor, expected in tests:
            value = frame[slot]
            if constructor is None:
                if value != expected:
                    break
            elif value.constructor != constructor:
                break
            else:
                for field, content in zip(expected, value.fields, strict=False):
                    if field >= 0:
                        frame[field] = content
        else:
            return block
    raise AssertionError("a checked match covers every value")
