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
from recsyn.semantics.reference import StepLimit
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


_PHRASES: Mapping[Trouble, str] = {
    "raised": "raised an error for",
    "timed out": "took too long for",
    "unreadable": "answered",
    "not a number": "has no numbers for",
}
_WHAT_AN_ANSWER_IS = "an answer is a value of the language, a list of tokens, or a text of tokens between blanks"


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
    """The failures of a model on inputs of a task, ``None`` where it is right. Raises :class:`ModelError`, also where the model has
    no answer to one of them, and :class:`~recsyn.semantics.reference.StepLimit` where the function does not end on one."""
    outputs = task.function.of_each(inputs)
    doubtful = _doubtful(model, inputs, outputs)
    asked = [inputs[i] for i in doubtful]
    answers = ask(model, task, [task.asked(value) for value in asked]) if asked else []
    verdicts: list[Failure | None] = [None] * len(inputs)
    for i, verdict in zip(doubtful, _compared(task, asked, [outputs[i] for i in doubtful], answers), strict=True):
        verdicts[i] = verdict
    return verdicts


def examine_each(model: Model, task: Task, inputs: Sequence[Datum]) -> list[Failure | Lost | None]:
    """The same, but that an input without a verdict is lost alone, whatever its batch was: where the model raises or gives another
    number of answers, the batch is halved and asked again. Raises :class:`RecsynError` where the model cannot be asked at all."""
    verdicts: list[Failure | Lost | None] = [None] * len(inputs)
    known, outputs = [], []
    for i, output in enumerate(_true_outputs(task, inputs)):
        if isinstance(output, StepLimit):
            verdicts[i] = Lost(inputs[i], "no truth", output.message)
        else:
            known.append(i)
            outputs.append(output)
    try:
        doubtful = _doubtful(model, [inputs[i] for i in known], outputs)
    except RecsynError:
        doubtful = list(range(len(known)))
    asked = [inputs[known[k]] for k in doubtful]
    answers = ask_each(model, task, [task.asked(value) for value in asked])
    answered = [(k, a) for k, a in zip(doubtful, answers, strict=True) if isinstance(a, Answer)]
    for k, unanswered in zip(doubtful, answers, strict=True):
        if isinstance(unanswered, Unanswered):
            verdicts[known[k]] = Lost(inputs[known[k]], unanswered.trouble, unanswered.why)
    values, right = [inputs[known[k]] for k, _ in answered], [outputs[k] for k, _ in answered]
    for (k, _), verdict in zip(answered, _compared(task, values, right, [a for _, a in answered]), strict=True):
        verdicts[known[k]] = verdict
    return verdicts


def _true_outputs(task: Task, inputs: Sequence[Datum]) -> Sequence[Datum | StepLimit]:
    try:
        return task.function.of_each(inputs)
    except StepLimit as stopped:
        if len(inputs) == 1:
            return [stopped]
        half = len(inputs) // 2
        return [*_true_outputs(task, inputs[:half]), *_true_outputs(task, inputs[half:])]


def _doubtful(model: Model, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> list[int]:
    """The places of the inputs whose answers have to be seen: of a judge, those that are not right."""
    if not isinstance(model, Judge) or not inputs:
        return list(range(len(inputs)))
    right = _judged(model, inputs, outputs)
    return [i for i in range(len(inputs)) if not right[i]]


def _compared(task: Task, inputs: Sequence[Datum], outputs: Sequence[Datum], answers: Sequence[Answer]) -> Iterator[Failure | None]:
    known = frozenset(task.question.tokens)
    for value, answer, expected in zip(inputs, answers, map(tuple, task.answers(inputs, outputs)), strict=True):
        kind = kind_of(expected, answer)
        if kind is not None and any(not _known(known, token) for token in answer.tokens):
            kind = "unknown token"
        yield Failure(value, expected, answer, kind) if kind else None


def _known(tokens: Set[str], token: str) -> bool:
    """Whether answers may hold the token: one of these, or an integer, of which a callable may give any."""
    return token in tokens or token.removeprefix("-").isdecimal()


def ask(model: Model, task: Task, asked: Sequence[Datum | Line]) -> list[Answer]:
    """A model's answers as tokens. Raises :class:`ModelError` where they are not as many as asked or one is no sequence."""
    found = _asked(model, task, asked)
    for answer, each in zip(found, asked, strict=True):
        if isinstance(answer, Unanswered):
            raise ModelError(f"the model {_PHRASES[answer.trouble]} {_short(each)}: {answer.why}", _WHAT_AN_ANSWER_IS)
    return [answer for answer in found if isinstance(answer, Answer)]


def ask_each(model: Model, task: Task, asked: Sequence[Datum | Line]) -> list[Answer | Unanswered]:
    """The same, with :class:`~recsyn.data.answers.Unanswered` for each that has none."""
    if not asked:
        return []
    try:
        return _asked(model, task, asked)
    except ModelError as error:
        if len(asked) == 1:
            return [Unanswered("raised" if error.__cause__ else "unreadable", error.message)]
    except RecsynError as error:
        if len(asked) == 1:
            return [Unanswered("raised", error.message)]
    half = len(asked) // 2
    return [*ask_each(model, task, asked[:half]), *ask_each(model, task, asked[half:])]


def _asked(model: Model, task: Task, asked: Sequence[Datum | Line]) -> list[Answer | Unanswered]:
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
    return [_answer(task, each) for each in answers]


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


def _answer(task: Task, raw: Any) -> Answer | Unanswered:
    if isinstance(raw, Unanswered):
        return raw
    raw = [_plain(token) for token in raw] if isinstance(raw, list | tuple) else _plain(raw)
    if isinstance(raw, Answer) and _is_sequence(raw.tokens):
        return Answer(tuple(raw.tokens), raw.ended)
    if isinstance(raw, str):
        return Answer(tuple(raw.split()))
    if task.asks == "value" and (isinstance(raw, Value) or (isinstance(raw, int) and not isinstance(raw, bool))):
        wrong = misfit(raw, task.output_type, task.space.datatypes)
        return Unanswered("unreadable", f"a value of another type: {wrong}") if wrong else _encoded(task, raw)
    if _is_sequence(raw):
        return Answer(tuple(digits_of(t) if isinstance(t, int) else str(t) for t in raw))
    return Unanswered("unreadable", f"{_short(raw)}, which is no sequence of tokens")


def _plain(raw: Any) -> Any:
    """What an array or a tensor holds, or one number out of it; anything else as it is."""
    return raw.tolist() if hasattr(raw, "tolist") else raw


def _encoded(task: Task, value: Datum) -> Answer:
    return Answer(tuple(task.output_codec.encode(value)))


def _is_sequence(raw: Any) -> bool:
    return isinstance(raw, list | tuple) and all(isinstance(t, str | int) and not isinstance(t, bool) for t in raw)


def _short(thing: Any) -> str:
    text = str(thing) if isinstance(thing, Value) else repr(thing)
    return text if len(text) <= 80 else text[:77] + "…"
