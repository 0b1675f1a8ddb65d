"""What a model answered, held against the truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, Protocol, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from recsyn.data.answers import Answer, Trouble, Unanswered
from recsyn.data.questions import Line
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.semantics.conformance import misfit
from recsyn.values import Datum, Value, digits_of

T = TypeVar("T")
_BATCH = 512
Kind = Literal["wrong token", "too short", "too long", "no end of sequence", "unknown token"]
Loss: TypeAlias = Trouble | Literal["no truth"]
"""Why an input has no verdict: the model gave no answer, or the function itself does not end on it within its limit."""


class Model(Protocol):
    """Anything that answers a batch of inputs: one answer for each, in order. An answer is a value of the language, a sequence of
    tokens, a text of tokens between blanks, an :class:`~recsyn.data.answers.Answer`, or, for an input that it has no answer to, an
    :class:`~recsyn.data.answers.Unanswered`. Where a task asks for the next line, what is given is no value but a line, a tuple of
    tokens."""

    def __call__(self, inputs: Sequence[Any], /) -> Sequence[Any]: ...


@runtime_checkable
class Judge(Protocol):
    """A model that can tell more cheaply than by answering whether its answers would be right."""

    def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.bool_]:
        """``bool [n]``: whether the answer to each input would be exactly the output given for it."""
        ...


@runtime_checkable
class Graded(Protocol):
    """A model that says how far it is from the right answers, so that a search can go where it is unsure."""

    def losses(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.float64]:
        """``float64 [n]``: for each input the negative log-likelihood, in nats, of the output given for it; larger is worse."""
        ...


class ModelError(RecsynError):
    """A model that did not answer as asked."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that a model got wrong: tokens expected and answered, and how they differ."""

    input: Datum
    expected: tuple[str, ...]
    answer: Answer
    kind: Kind

    @property
    def first_difference(self) -> int:
        """The place of the first token that differs, from 0; where one sequence continues the other, the end of the shorter."""
        pairs = zip(self.expected, self.answer.tokens, strict=False)
        shorter = min(len(self.expected), len(self.answer.tokens))
        return next((i for i, (a, b) in enumerate(pairs) if a != b), shorter)


@dataclass(frozen=True, slots=True)
class Lost:
    """One input without a verdict, and why."""

    input: Datum
    loss: Loss
    why: str


def batches(asked: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as a model is asked at once, taken when they are asked for."""
    remaining = iter(asked)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def kind_of(expected: Sequence[str], answer: Answer) -> Kind | None:
    """How an answer differs from the right one; ``None`` where it does not."""
    if not answer.ended:
        return "no end of sequence"
    if len(answer.tokens) != len(expected):
        return "too short" if len(answer.tokens) < len(expected) else "too long"
    return None if answer.tokens == tuple(expected) else "wrong token"


def examine(model: Model, task: Task, inputs: Sequence[Datum]) -> list[Failure | None]:
    """The failures of a model on inputs of a task, ``None`` where it is right. Raises :class:`ModelError`."""
    outputs = task.function.of_each(inputs)
    doubtful = list(range(len(inputs)))
    if isinstance(model, Judge):
        right = _judged(model, inputs, outputs)
        doubtful = [i for i in doubtful if not right[i]]
    verdicts: list[Failure | None] = [None] * len(inputs)
    if not doubtful:
        return verdicts
    asked = [inputs[i] for i in doubtful]
    right_answers = task.answers(asked, [outputs[i] for i in doubtful])
    known = frozenset(task.question.tokens)
    answers = ask(model, task, [task.asked(value) for value in asked])
    for i, answer, expected in zip(doubtful, answers, map(tuple, right_answers), strict=True):
        kind = kind_of(expected, answer)
        if kind is not None and any(not _known(known, token) for token in answer.tokens):
            kind = "unknown token"
        if kind is not None:
            verdicts[i] = Failure(inputs[i], expected, answer, kind)
    return verdicts


def _known(tokens: Set[str], token: str) -> bool:
    """Whether answers may hold the token: one of these, or an integer, of which a callable may give any."""
    return token in tokens or token.removeprefix("-").isdecimal()


def ask(model: Model, task: Task, asked: Sequence[Datum | Line]) -> list[Answer]:
    """A model's answers as tokens. Raises :class:`ModelError` where they are not as many as asked or one is no sequence."""
    try:
        raw = model(list(asked))
        listed = isinstance(raw, Iterable) and not isinstance(raw, str | bytes | Value | Mapping | Set)
        answers = list(raw) if listed else None
    except RecsynError:
        raise
    except Exception as error:
        raise _raised(error, asked) from error
    if answers is None or len(answers) != len(asked):
        given = f"{len(answers)} answers" if answers is not None else f"one {type(raw).__name__}"
        raise ModelError(
            f"the model returned {given} for a batch of {len(asked)} inputs",
            "a model takes a list of inputs and returns one answer each",
        )
    return [_answer(task, raw, each) for raw, each in zip(answers, asked, strict=True)]


def ask_further(model: Model, task: Task, asked: Sequence[Datum | Line]) -> list[Answer]:
    """A model's answers to what its own answers led to. What it cannot be asked, too long a line for instance, has an answer
    without end. Raises :class:`ModelError`."""
    try:
        return ask(model, task, asked)
    except ModelError:
        raise
    except RecsynError:
        if len(asked) == 1:
            return [Answer((), ended=False)]
        half = len(asked) // 2
        return [answer for part in (asked[:half], asked[half:]) for answer in ask_further(model, task, part)]


def _judged(judge: Judge, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> Sequence[bool]:
    try:
        right = [bool(r) for r in judge.correct(inputs, outputs)]
    except RecsynError:
        raise
    except Exception as error:
        raise _raised(error, inputs) from error
    if len(right) != len(inputs):
        raise ModelError(f"the model judged {len(right)} of its answers in a batch of {len(inputs)} inputs")
    return right


def _raised(error: Exception, asked: Sequence[Datum | Line]) -> ModelError:
    return ModelError(f"the model raised {type(error).__name__}: {error}", f"the batch began with {_short(asked[0])}")


def _answer(task: Task, raw: Any, asked: Datum | Line) -> Answer:
    if isinstance(raw, Answer) and _is_sequence(raw.tokens):
        return Answer(tuple(raw.tokens), raw.ended)
    if isinstance(raw, str):
        return Answer(tuple(raw.split()))
    if task.asks == "value" and (isinstance(raw, Value) or (isinstance(raw, int) and not isinstance(raw, bool))):
        wrong = misfit(raw, task.output_type, task.space.datatypes)
        if wrong:
            raise ModelError(f"the model answered {_short(asked)} with a value of another type: {wrong}")
        return Answer(tuple(task.output_codec.encode(raw)))
    if _is_sequence(raw):
        return Answer(tuple(digits_of(t) if isinstance(t, int) else str(t) for t in raw))
    raise ModelError(
        f"the model answered {_short(asked)} with {_short(raw)}, which is no sequence of tokens",
        "an answer is a value of the language, a list of tokens, or a text of tokens between blanks",
    )


def _is_sequence(raw: Any) -> bool:
    return isinstance(raw, list | tuple) and all(isinstance(t, str | int) and not isinstance(t, bool) for t in raw)


def _short(thing: Any) -> str:
    text = str(thing) if isinstance(thing, Value) else repr(thing)
    return text if len(text) <= 80 else text[:77] + "…"
