"""What is asked of a function on an input, and what is the right answer, as tokens: its value, what it is reduced to after some
rounds or one step, every step of the reduction or the one after a line of it, or the states of its machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice
from typing import Protocol, TypeAlias

from recsyn.data.answers import Mistake
from recsyn.data.codecs import Codec, DecodeError, Digits, Mirror, Prefix
from recsyn.data.randomness import fingerprint
from recsyn.data.space import types_within
from recsyn.data.unrolling import lines_of, unrolled
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.diagnostics import nearest
from recsyn.lang.types import INT, Datatype, Type, constructors_of, substitute, variables_of
from recsyn.semantics.function import Function
from recsyn.semantics.machine.machine import UNREAD, Machine
from recsyn.semantics.rounds import CLOSE, UNROLL
from recsyn.values import Datum, digits_of

QUESTIONS = ("value", "rounds", "step", "next", "trace", "states")
_NAMES = {"next": "the next line"}
"""What reads otherwise in a sentence."""
BECOMES = "=>"
"""What stands between the lines of a written trace."""
MOST_ROUNDS = 10_000
MOST_STEPS = 100_000
"""Steps of the longest reduction that is written down."""
_MOST_TYPES = 200
"""Of a function on the way, whose type may hold ever larger ones."""
ROWS_KEPT = 8_192
"""Inputs of which it is kept which lines stand in their rows."""

Line: TypeAlias = "tuple[str, ...]"
"""A term on the way from a call to its value, as tokens."""


class Question(Protocol):
    """Something asked of a function on one input after another."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token that a right answer may hold."""
        ...

    def given(self, input: Datum) -> list[str]:
        """What a model is given to answer the question for an input, as tokens."""
        ...

    def answer(self, input: Datum, output: Datum) -> list[str]:
        """The right answer, where ``output`` is the function's value. Raises :class:`RecsynError` where no tokens write it."""
        ...

    def read(self, tokens: Sequence[str]) -> Datum | None:
        """The value that an answer gives, right or wrong; ``None`` where it is an answer, but gives none yet. Raises
        :class:`DecodeError` where it is no answer to the question."""
        ...


def mistake(question: Question, input: Datum, output: Datum, tokens: Sequence[str]) -> Mistake | None:
    """Where an answer goes wrong, and why; ``None`` where it is right. ``output`` is the function's value on the input."""
    right = question.answer(input, output)
    if list(tokens) == right:
        return None
    try:
        question.read(tokens)
    except DecodeError as error:
        return Mistake(error.position, error.reason)
    place = next((i for i, (a, b) in enumerate(zip(right, tokens, strict=False)) if a != b), min(len(right), len(tokens)))
    expected, found = (f"`{row[place]}`" if place < len(row) else "the end" for row in (right, tokens))
    return Mistake(place, f"expected {expected}, found {found}")


def question_for(
    asks: str, rounds: int | None, function: Function, input: Codec, output: Codec, datatypes: Mapping[str, Datatype]
) -> Question:
    """The question of this kind, one of :data:`QUESTIONS`, about a function of one argument. ``rounds`` is for ``rounds`` only, and
    says how many. Raises :class:`RecsynError` where there is no such question, or it cannot be answered in tokens."""
    if asks not in QUESTIONS:
        raise RecsynError(f"nothing can ask for {asks!r}", nearest(asks, QUESTIONS) or f"a task asks for {', '.join(QUESTIONS)}")
    if (asks == "rounds") != (rounds is not None):
        why = (
            "asks for rounds, and does not say how many"
            if asks == "rounds"
            else f"asks for {_NAMES.get(asks, f'its {asks}')}, of which there are no rounds"
        )
        raise RecsynError(f"the task {why}", "give `asks: rounds` and `rounds: 2`, or whatever number")
    if asks == "value":
        return AskedValue(input, output)
    if asks == "states":
        return AskedStates(function, input)
    if isinstance(output, Digits):
        what = _NAMES.get(asks, asks)
        raise RecsynError(
            f"the task asks for {what}, and in what is partly reduced the `digits` of neighbouring numbers run together",
            "write the output in `prefix`, each integer as one token",
        )
    reduction = _Reduction(function, input, output, datatypes)
    if asks == "rounds":
        assert rounds is not None
        return AskedRounds(reduction, rounds)
    if asks == "next":
        return AskedNext(reduction)
    return AskedStep(reduction) if asks == "step" else AskedTrace(reduction)


@dataclass(frozen=True)
class AskedValue:
    """The function's value, in the output's notation."""

    input: Codec
    output: Codec

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.output.tokens

    def given(self, input: Datum) -> list[str]:
        return self.input.encode(input)

    def answer(self, input: Datum, output: Datum) -> list[str]:
        return self.output.encode(output)

    def read(self, tokens: Sequence[str]) -> Datum | None:
        return self.output.decode(tokens)


@dataclass(frozen=True)
class _Reduction:
    """A function, and how the terms that it is reduced to are written."""

    function: Function
    input: Codec
    output: Codec
    datatypes: Mapping[str, Datatype]

    def __post_init__(self) -> None:
        for mark in (UNROLL, CLOSE, BECOMES):
            if mark in self.own:
                raise RecsynError(
                    f"the token `{mark}` may stand in a value, and marks what is still to be reduced",
                    "give the constructor another token with `as`, or leave the character out of `characters`",
                )
        blank = next((token for token in self.own if any(c.isspace() for c in token)), None)
        if blank is not None:
            raise RecsynError(
                f"a call on the way holds the character {blank!r}, and white space stands between tokens",
                "ask for the value, or let the program write another character",
            )

    @cached_property
    def _calling(self) -> set[str]:
        """What is written for something still to be done: operators, and functions but the task's own."""
        found: set[str] = set()
        for name in self._reachable:
            if name not in (self.function.name, core.spelled(self.function.name)):
                found.add(core.spelled(name))
            body = self.function.program.definitions[name].body
            found.update(term.operator for term in core.terms_in(body) if isinstance(term, core.Primitive))
        return found

    @cached_property
    def _reachable(self) -> list[str]:
        """The functions that may be called on the way, by name, the task's own first."""
        names = [self.function.name]
        for name in names:
            terms = core.terms_in(self.function.program.definitions[name].body)
            names += dict.fromkeys(term.name for term in terms if isinstance(term, core.Global) and term.name not in names)
        return names

    @cached_property
    def own(self) -> dict[str, None]:
        """All that terms are written with but the marks: what inputs and outputs hold, then what the functions mention that may be
        called on the way (their names, operators, constructors and literals) and the constructors of their types."""
        found = dict.fromkeys([*self.input.tokens, *self.output.tokens, *sorted(self._calling)])
        token_of = {c.name: c.token for datatype in self.datatypes.values() for c in datatype.constructors}
        types: dict[Type, None] = {}
        for name in self._reachable:
            definition = self.function.program.definitions[name]
            closed = substitute(definition.scheme.type, dict.fromkeys(variables_of(definition.scheme.type), INT))
            types.update(dict.fromkeys(islice(types_within(closed, self.datatypes), _MOST_TYPES)))
            for term in core.terms_in(definition.body):
                if isinstance(term, core.Literal) and isinstance(term.value, int | str):
                    found[digits_of(term.value) if isinstance(term.value, int) else term.value] = None
                elif isinstance(term, core.Construct):
                    found[token_of.get(term.constructor, term.constructor)] = None
        for type in types:
            found.update(dict.fromkeys(c.token for c in constructors_of(type, self.datatypes)))
        return found

    @property
    def tokens(self) -> tuple[str, ...]:
        return (*self.own, UNROLL, CLOSE)

    def lines(self, value: Datum) -> Iterator[list[str]]:
        return lines_of(self.function, value, self.input, self.output, self.datatypes, MOST_STEPS)

    def after(self, value: Datum, rounds: int) -> list[str]:
        round = self.function.rounds(value, limit=rounds).after(rounds)
        return unrolled(round, self.function.name, self.input, self.output, self.datatypes)

    def read(self, tokens: Sequence[str], first: int = 0) -> Datum | None:
        """The value that a line writes, ``None`` where calls or operators are left in it. Positions are counted from ``first``."""
        open: list[int] = []
        called = False
        for position, token in enumerate(tokens):
            if token == UNROLL:
                open.append(position)
                called = True
            elif token == CLOSE:
                if not open:
                    raise DecodeError(first + position, f"`{CLOSE}` closes nothing")
                self._read_call(tokens[open.pop() + 1 : position], first + position)
            elif token not in self.own:
                raise DecodeError(first + position, f"`{token}` stands in no value and in no call")
        if open:
            raise DecodeError(first + len(tokens), f"the sequence ends where `{CLOSE}` should follow")
        if called:
            return None
        try:
            return self.output.decode(tokens)
        except DecodeError as error:
            if not self._calling.isdisjoint(tokens):
                return None
            raise DecodeError(first + error.position, error.reason) from None

    def _read_call(self, tokens: Sequence[str], end: int) -> None:
        """Refuse a call of the function itself on what is no input; of others the arguments have no notation of their own."""
        if UNROLL in tokens or (tokens and tokens[0] not in self.input.tokens):
            return
        try:
            self.input.decode(tokens)
        except DecodeError as error:
            raise DecodeError(end - len(tokens) + error.position, f"in a call, {error.reason}") from None


@dataclass(frozen=True)
class _AskedTerm:
    """A term that the function is reduced to on an input."""

    reduction: _Reduction

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.reduction.tokens

    def given(self, input: Datum) -> list[str]:
        return self.reduction.input.encode(input)

    def read(self, tokens: Sequence[str]) -> Datum | None:
        return self.reduction.read(tokens)


@dataclass(frozen=True)
class AskedRounds(_AskedTerm):
    """What the function is reduced to after so many rounds (:mod:`recsyn.semantics.rounds`): its value, where that is earlier."""

    rounds: int

    def answer(self, input: Datum, output: Datum) -> list[str]:
        return self.reduction.after(input, self.rounds)


@dataclass(frozen=True)
class AskedStep(_AskedTerm):
    """The first term of the function's reduction by value, after the call itself, that tokens can write."""

    def answer(self, input: Datum, output: Datum) -> list[str]:
        return next(self.reduction.lines(input))


@dataclass(frozen=True)
class AskedNext(_AskedTerm):
    """The line after one of the function's reduction by value, of which the first is the call and the last the value. Which line
    is given for an input is decided by the input alone, from a fingerprint of it: across inputs as if drawn, each but the last as
    likely, and the same whenever an input comes again."""

    def lines(self, input: Datum) -> list[Line]:
        """The call, and what it is reduced to, to the value."""
        call = (UNROLL, *self.reduction.input.encode(input), CLOSE)
        return [call, *map(tuple, self.reduction.lines(input))]

    def given(self, input: Datum) -> list[str]:
        return list(self._row(input)[0])

    def answer(self, input: Datum, output: Datum) -> list[str]:
        return list(self._row(input)[1])

    @cached_property
    def _row(self) -> Callable[[Datum], tuple[Line, Line]]:
        """The line that is given for an input, and the next one."""

        def row(input: Datum) -> tuple[Line, Line]:
            lines = self.lines(input)
            place = fingerprint([BECOMES, *self.reduction.input.encode(input)]) % (len(lines) - 1)
            return lines[place], lines[place + 1]

        return lru_cache(ROWS_KEPT)(row)


@dataclass(frozen=True)
class AskedTrace(_AskedTerm):
    """All terms of the function's reduction by value that tokens can write, to the value itself, :data:`BECOMES` between them: a
    scratchpad (Nye et al., "Show Your Work", 2021)."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return (*self.reduction.tokens, BECOMES)

    def answer(self, input: Datum, output: Datum) -> list[str]:
        written: list[str] = []
        for line in self.reduction.lines(input):
            written += [BECOMES, *line]
        return written[1:]

    def read(self, tokens: Sequence[str]) -> Datum | None:
        """The value on the last line. Every line has to be one."""
        first = 0
        while BECOMES in (rest := tokens[first:]):
            here = rest.index(BECOMES)
            self.reduction.read(rest[:here], first)
            first += here + 1
        return self.reduction.read(tokens[first:], first)


@dataclass(frozen=True)
class AskedStates:
    """The states in which the function's machine (:mod:`recsyn.semantics.machine`) reads the tokens of the input, one for each."""

    function: Function
    input: Codec

    def __post_init__(self) -> None:
        if not isinstance(self.input, Prefix | Mirror):
            raise RecsynError(
                "the task asks for states, and a machine reads the tokens of `prefix` or `mirror`",
                "write the input in one of these",
            )
        self._labels  # noqa: B018  # names that clash are refused here

    @cached_property
    def _machine(self) -> Machine:
        return self.function.machine(order="mirror" if isinstance(self.input, Mirror) else "prefix")

    @cached_property
    def _labels(self) -> dict[str, str]:
        """The token of every state."""
        tokens = {state: "_".join(state.replace("#", " of ").split()) for state in (*self._machine.states, UNREAD)}
        if len(set(tokens.values())) < len(tokens):
            raise RecsynError(f"two states of {core.spelled(self.function.name)} have one name without spaces: {sorted(tokens)}")
        return tokens

    @property
    def tokens(self) -> tuple[str, ...]:
        return tuple(self._labels.values())

    def given(self, input: Datum) -> list[str]:
        return self.input.encode(input)

    def answer(self, input: Datum, output: Datum) -> list[str]:
        return [self._labels[label] for label in self._machine.run(input).labels()]

    def read(self, tokens: Sequence[str]) -> Datum | None:
        for position, token in enumerate(tokens):
            if token not in self.tokens:
                raise DecodeError(position, f"`{token}` is no state of the machine")
        return None
