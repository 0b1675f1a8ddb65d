"""Partly reduced outputs as tokens, as the papers write them: what is put out already in the output's notation, each outstanding
call as ``UNROLL[ … ]`` around its argument in the input's (Zhang et al. 2024, "Representation").

In-order traversal of ``109 ( 390 EMPTY EMPTY ) ( 755 EMPTY EMPTY )`` is after one round
``UNROLL[ 390 EMPTY EMPTY ] 109 UNROLL[ 755 EMPTY EMPTY ]``: empty trees stay inside and vanish outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import TYPE_CHECKING, TypeAlias

from recsyn.data.codecs import Bracketed, Codec, Flat, Mirror
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.types import Datatype, constructors_of
from recsyn.semantics.function import Function
from recsyn.semantics.rounds import CLOSE, UNROLL, Outstanding, Round
from recsyn.semantics.steps import Step
from recsyn.values import CONS, TUPLE, Datum, Value, digits_of

if TYPE_CHECKING:
    from recsyn.data.tasks import Task


_Piece: TypeAlias = "str | bool | tuple[core.Term, str]"
"""A token; where a call begins or ends; or a term and its notation."""


class NoTokens(RecsynError):
    """A term with a match, an ``if`` or a function in it, which no tokens write."""


def after_rounds(task: Task, value: Datum, number: int) -> list[str]:
    """The tokens of a task's output on a value after so many rounds; those of the value once there is nothing left to unfold.
    Raises :class:`NoTokens` where a match or a function is in the way."""
    function = task.function
    return unrolled(function.rounds(value).after(number), function.name, task.input_codec, task.output_codec, task.space.datatypes)


def unrolled(round: Round, function: str, input: Codec, output: Codec, datatypes: Mapping[str, Datatype]) -> list[str]:
    """The tokens of the term after a round of a function. An outstanding call of another function has that one's name before its
    arguments, and what waits for a call without being a constructor (an operator, or a call that cannot be unfolded yet) stands
    before its operands. Raises :class:`NoTokens` for a match or a function."""
    try:
        return _Writer(function, input, output, datatypes).tokens(round.term)
    except NoTokens as error:
        raise NoTokens(
            f"after {round.number} rounds the output of {core.spelled(function)} {error.message}",
            "ask for another number of rounds, or write the function so that its calls stand in constructors or under `++`",
        ) from None


def lines_of(
    function: Function, value: Datum, input: Codec, output: Codec, datatypes: Mapping[str, Datatype], limit: int
) -> Iterator[list[str]]:
    """The terms of the function's reduction by value, each as tokens, from the first after the call to the value. All calls stand
    in ``UNROLL[ … ]``. Terms that no tokens write are passed over, and what is written like the line before it. Raises
    :class:`RecsynError` after ``limit`` steps."""
    writer = _Writer(function.name, input, output, datatypes)
    steps = function.steps(value)
    last = [UNROLL, *input.encode(value), CLOSE]
    for _ in range(limit):
        try:
            step = next(steps)
        except StopIteration:
            return
        if not _writable(step):
            continue
        try:
            tokens = writer.tokens(_with_calls(step.after()))
        except NoTokens:
            continue
        if tokens != last:
            yield tokens
            last = tokens
    raise RecsynError(
        f"{core.spelled(function.name)} takes more than {limit:,} steps on an input, too many to be written down",
        "draw smaller inputs",
    )


def _writable(step: Step) -> bool:
    """Whether the term after a step may have tokens, as far as its focus and what stands right around that tell."""
    terms, context = [step.contractum], step.context
    while context:
        terms.append(context.term)
        context = context.outer
    return all(
        isinstance(t, core.Literal | core.Construct | core.Primitive | core.Global | core.Local)
        or (isinstance(t, core.Apply) and isinstance(t.function, core.Global))
        for t in terms
    )


def _with_calls(term: core.Term) -> core.Term:
    """The term with each call of a function by its name as an outstanding one, and what is a value as one literal."""
    order = list(core.terms_in(term))
    done: list[core.Term] = []
    for at in reversed(order):
        parts = tuple(done.pop() for _ in core.children(at))
        if isinstance(at, core.Apply) and isinstance(at.function, core.Global):
            done.append(core.Literal(Outstanding(at.function.name, parts[1:], ""), at.span))
        elif isinstance(at, core.Construct) and all(map(_is_value, parts)):
            fields = tuple(part.value for part in parts if isinstance(part, core.Literal))
            done.append(core.Literal(Value(at.constructor, fields), at.span))
        else:
            done.append(core.with_children(at, parts))
    return done[0]


def _is_value(term: core.Term) -> bool:
    return isinstance(term, core.Literal) and isinstance(term.value, Value | int | str)


class _Writer:
    def __init__(self, function: str, input: Codec, output: Codec, datatypes: Mapping[str, Datatype]) -> None:
        self._own = {function, core.spelled(function)}
        self._input = input
        self._output = output
        self._tokens = {c.name: c.token for datatype in datatypes.values() for c in datatype.constructors}
        self._trees: dict[str, tuple[bool, ...]] = {}
        """For each constructor of a type that is written in brackets, which of its fields are too."""
        if isinstance(output, Bracketed):
            type = output.prefix.type
            self._trees = {c.name: tuple(f == type for f in c.fields) for c in constructors_of(type, datatypes)}

    def tokens(self, term: core.Term) -> list[str]:
        """A term that is nothing but constructors, operators and calls, as tokens. Raises :class:`NoTokens`."""
        notation = "items" if isinstance(self._output, Flat) else "root" if self._trees else "prefix"
        written, ends = self._written(term, notation)
        if not isinstance(self._output, Mirror):
            return written
        # What stands between two ends is one token, or one call, which stays in order when the rest is read backwards.
        return list(chain.from_iterable(written[start:end] for start, end in reversed(list(pairwise(ends)))))

    def _written(self, term: core.Term, notation: str) -> tuple[list[str], list[int]]:
        """A term in a notation: ``items`` of a list, a tree in brackets that is the ``root`` or a ``child``, or ``prefix``; and
        where each token or call that is in no other call begins, and the last one ends."""
        out: list[str] = []
        ends = [0]
        inside = 0
        stack: list[_Piece] = [(term, notation)]
        while stack:
            task = stack.pop()
            if isinstance(task, tuple):
                stack.extend(reversed(self._parts(*task)))
                continue
            if isinstance(task, bool):
                inside += 1 if task else -1
                out.append(UNROLL if task else CLOSE)
            else:
                out.append(task)
            if not inside:
                ends.append(len(out))
        return out, ends

    def _parts(self, term: core.Term, notation: str) -> list[_Piece]:
        if isinstance(term, core.Literal) and isinstance(term.value, Outstanding):
            return [True, *self._call(term.value), False]
        if isinstance(term, core.Literal) and isinstance(term.value, Value):
            fields = tuple(core.Literal(f, term.span) for f in term.value.fields)
            return self._construct(core.Construct(term.value.constructor, fields, term.span), notation)
        if isinstance(term, core.Literal) and isinstance(term.value, int | str):
            return [digits_of(term.value) if isinstance(term.value, int) else term.value]
        if isinstance(term, core.Construct):
            return self._construct(term, notation)
        if isinstance(term, core.Primitive):
            if term.operator == "++" and notation == "items":
                return [(operand, "items") for operand in term.operands]
            return [term.operator, *((operand, "prefix") for operand in term.operands)]
        if isinstance(term, core.Global):
            return [core.spelled(term.name)]
        if isinstance(term, core.Apply) and isinstance(term.function, core.Global):
            return [core.spelled(term.function.name), *((argument, "prefix") for argument in term.arguments)]
        what = "match" if isinstance(term, core.Match) else "if" if isinstance(term, core.If) else "function"
        raise NoTokens(f"hangs on a {what}, which no tokens write")

    def _construct(self, term: core.Construct, notation: str) -> list[_Piece]:
        if notation == "items":
            notations = ("prefix", "items")
            return list(zip(term.fields, notations, strict=True)) if term.constructor == CONS else []
        if notation == "prefix" or not term.fields:
            return [self._tokens.get(term.constructor, term.constructor), *((field, "prefix") for field in term.fields)]
        own = self._trees[term.constructor]
        parts = [(field, "child" if inner else "prefix") for field, inner in zip(term.fields, own, strict=True)]
        return [*parts] if notation == "root" else ["(", *parts, ")"]

    def _call(self, call: Outstanding) -> list[_Piece]:
        if call.function not in self._own:
            return [core.spelled(call.function), *((argument, "prefix") for argument in call.arguments)]
        known = [a.value for a in call.arguments if isinstance(a, core.Literal) and _is_value(a)]
        if len(known) == len(call.arguments):
            return [*self._input.encode(known[0] if len(known) == 1 else Value(TUPLE, tuple(known)))]
        return [(argument, "prefix") for argument in call.arguments]
