"""Partly reduced outputs as tokens, as the papers write them: what is put out already in the output's notation, each outstanding
call as ``UNROLL[ … ]`` around its argument in the input's (Zhang et al. 2024, "Representation").

In-order traversal of ``109 ( 390 EMPTY EMPTY ) ( 755 EMPTY EMPTY )`` is after one round
``UNROLL[ 390 EMPTY EMPTY ] 109 UNROLL[ 755 EMPTY EMPTY ]``: empty trees stay inside and vanish outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from recsyn.data.codecs import Bracketed, Codec, Flat, Mirror
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.types import Datatype, constructors_of
from recsyn.semantics.rounds import CLOSE, UNROLL, Outstanding, Round
from recsyn.values import CONS, Datum, Value, digits_of

_Written: TypeAlias = "str | tuple[str, ...]"
"""A token, or the tokens of one outstanding call, which stay in order when a sequence is read backwards."""


def after_rounds(task: Task, value: Datum, number: int) -> list[str]:
    """The tokens of a task's output on a value after so many rounds; those of the value once there is nothing left to unfold.
    Raises :class:`RecsynError` where a match or a function is in the way, which no tokens write."""
    function = task.function
    return unrolled(function.rounds(value).after(number), function.name, task.input_codec, task.output_codec, task.space.datatypes)


def unrolled(round: Round, function: str, input: Codec, output: Codec, datatypes: Mapping[str, Datatype]) -> list[str]:
    """The tokens of the term after a round of a function of one argument. An outstanding call of another function has that one's
    name before its arguments, and what waits for a call without being a constructor (an operator, or a call that cannot be unfolded
    yet) stands before its operands. Raises :class:`RecsynError` for a match or a function."""
    return _Writer(round, function, input, output, datatypes).tokens()


class _Writer:
    def __init__(self, round: Round, function: str, input: Codec, output: Codec, datatypes: Mapping[str, Datatype]) -> None:
        self._round = round
        self._function = function
        self._input = input
        self._output = output
        self._tokens = {c.name: c.token for datatype in datatypes.values() for c in datatype.constructors}
        self._own: dict[str, tuple[bool, ...]] = {}
        """For each constructor of a type that is written in brackets, which of its fields are too."""
        if isinstance(output, Bracketed):
            type = output.prefix.type
            self._own = {c.name: tuple(f == type for f in c.fields) for c in constructors_of(type, datatypes)}

    def tokens(self) -> list[str]:
        notation = "items" if isinstance(self._output, Flat) else "root" if self._own else "prefix"
        written = self._written(self._round.term, notation)
        if isinstance(self._output, Mirror):
            written.reverse()
        return [token for one in written for token in ((one,) if isinstance(one, str) else one)]

    def _written(self, term: core.Term, notation: str) -> list[_Written]:
        """A term in a notation: ``items`` of a list, a tree in brackets that is the ``root`` or a ``child``, or ``prefix``."""
        out: list[_Written] = []
        stack: list[str | tuple[core.Term, str]] = [(term, notation)]
        while stack:
            task = stack.pop()
            if isinstance(task, str):
                out.append(task)
                continue
            at, how = task
            if isinstance(at, core.Literal) and isinstance(at.value, Outstanding):
                out.append((UNROLL, *self._call(at.value), CLOSE))
                continue
            if isinstance(at, core.Literal) and isinstance(at.value, Value):
                at = core.Construct(at.value.constructor, tuple(core.Literal(f, at.span) for f in at.value.fields), at.span)
            stack.extend(reversed(self._parts(at, how)))
        return out

    def _parts(self, term: core.Term, notation: str) -> list[str | tuple[core.Term, str]]:
        if isinstance(term, core.Construct):
            return self._construct(term, notation)
        if isinstance(term, core.Primitive):
            if term.operator == "++" and notation == "items":
                return [(operand, "items") for operand in term.operands]
            return [term.operator, *((operand, "prefix") for operand in term.operands)]
        if isinstance(term, core.Apply) and isinstance(term.function, core.Global):
            return [core.spelled(term.function.name), *((argument, "prefix") for argument in term.arguments)]
        if isinstance(term, core.Literal) and isinstance(term.value, int | str):
            return [digits_of(term.value) if isinstance(term.value, int) else term.value]
        what = "match" if isinstance(term, core.Match) else "if" if isinstance(term, core.If) else "function"
        raise RecsynError(
            f"after {self._round.number} rounds the output of {self._function} hangs on a {what}, which no tokens write",
            "ask for another number of rounds, or write the function so that its calls stand in constructors or under `++`",
        )

    def _construct(self, term: core.Construct, notation: str) -> list[str | tuple[core.Term, str]]:
        if notation == "items":
            notations = ("prefix", "items")
            return list(zip(term.fields, notations, strict=True)) if term.constructor == CONS else []
        if notation == "prefix" or not term.fields:
            return [self._tokens.get(term.constructor, term.constructor), *((field, "prefix") for field in term.fields)]
        own = self._own[term.constructor]
        parts = [(field, "child" if inner else "prefix") for field, inner in zip(term.fields, own, strict=True)]
        return [*parts] if notation == "root" else ["(", *parts, ")"]

    def _call(self, call: Outstanding) -> list[str]:
        if call.function == self._function and len(call.arguments) == 1:
            (argument,) = call.arguments
            if isinstance(argument, core.Literal) and not isinstance(argument.value, Outstanding):
                return self._input.encode(argument.value)
        out = [] if call.function == self._function else [core.spelled(call.function)]
        for argument in call.arguments:
            for one in self._written(argument, "prefix"):
                out.extend([one] if isinstance(one, str) else one)
        return out
