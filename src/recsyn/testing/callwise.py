"""Evaluations call by call, by models of one round or one step.

What such a model answers (``asks: rounds`` with ``rounds: 1``, ``asks: step``) leaves calls, each ``UNROLL[ … ]`` around an input
of the same function. So they go back to the model, and what it answers is put in the place of the call: after one round that of
every call that is left, after one step that of the call which comes next by value. This goes on until no call is left. It needs no
rows that the model was not trained on, and it leaves all work to the model, so only those tasks can be evaluated so whose right
answers hold calls of the function itself and are otherwise done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from recsyn.data.answers import Answer
from recsyn.data.codecs import Bracketed, DecodeError, Mirror
from recsyn.data.questions import Line
from recsyn.data.shifting import BLANK, ShiftedCodec, unshifted
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.semantics.rounds import CLOSE, UNROLL
from recsyn.testing.runs import End, Run, Step
from recsyn.testing.verdicts import Model, ask, ask_further, batches, kind_of
from recsyn.values import Datum

_UNASKED = Answer((), ended=False)
_Part: TypeAlias = "str | _Call"


def call_by_call(model: Model, task: Task, inputs: Sequence[Datum], limit: int) -> list[Run]:
    """The evaluations of n inputs, each of at most ``limit`` calls. Raises :class:`RecsynError` for a task whose right answers hold
    more than calls, and :class:`~recsyn.testing.verdicts.ModelError`."""
    known: dict[Datum, Answer] = {}
    rightly = _right_evaluations(task, inputs, limit, known)

    def answers_to(calls: Sequence[Datum], number: int) -> list[Answer]:
        return ask(model, task, calls) if number == 1 else ask_further(model, task, calls)

    evaluations = _run(answers_to, task, inputs, limit)
    return [_judged(task, *both, known) for both in zip(evaluations, rightly, strict=True)]


def _judged(task: Task, evaluation: _Evaluation, right: _Evaluation, known: Mapping[Datum, Answer]) -> Run:
    """An evaluation held against the right one; ``known`` has the right answers to the calls in that."""
    steps: list[Step] = []
    wrong: set[int] = set()
    """The calls that an answer led to which was wrong, or is wrong itself, by identity."""
    for call in evaluation.answered:
        if call.above is not None and id(call.above) in wrong:
            wrong.add(id(call))
            continue
        expected = known[call.value].tokens
        kind = kind_of(expected, call.answer)
        steps.append(Step(call.number, call.tokens, expected, call.answer, kind))
        if kind is not None:
            wrong.add(id(call))
    line, expected = tuple(evaluation.line()), tuple(right.line())
    astray = len(evaluation.answered) - len(steps)
    return Run(evaluation.root.value, len(right.answered), tuple(steps), astray, evaluation.end(), line, expected)


@dataclass(slots=True, eq=False)
class _Call:
    """A call in a line: what it is made on, as tokens and as a value, the call that it came from, and once the model was asked, the
    number of the round or step, the answer, and what is put in its place; that is ``None`` for what cannot be."""

    tokens: Line
    value: Datum
    above: _Call | None
    number: int = 0
    answer: Answer = _UNASKED
    parts: list[_Part] | None = None

    @property
    def repeats(self) -> bool:
        """Whether it came from a call of the same, which no evaluation that ends does."""
        above = self.above
        while above is not None and above.tokens != self.tokens:
            above = above.above
        return above is not None


@dataclass(slots=True, eq=False)
class _Evaluation:
    """The evaluation of one input as far as it is: the calls that are left, the next one first, and those that were answered, in
    order. ``ended`` says why it cannot end well."""

    task: Task
    root: _Call
    left: list[_Call]
    answered: list[_Call] = field(default_factory=list)
    met: set[Line] = field(default_factory=set)
    """The calls that came up so far."""
    ended: End | None = None

    def stop(self, why: End) -> None:
        self.ended = self.ended or why

    def line(self) -> list[str]:
        """The line that it is at, without blanks before it."""
        return list(_written(self.root, isinstance(self.task.output_codec, Bracketed)))

    def end(self) -> End:
        if self.ended is not None:
            return self.ended
        try:
            self.task.output_codec.decode(self.line())
        except DecodeError:
            return "no value"
        return "value"


def _run(
    answers_to: Callable[[Sequence[Datum], int], list[Answer]], task: Task, inputs: Sequence[Datum], limit: int
) -> list[_Evaluation]:
    """The evaluations of inputs, side by side, by what gives the answers to calls, and is told the number of the step."""
    codec = unshifted(task.input_codec)
    evaluations = []
    for value in inputs:
        root = _Call(tuple(codec.encode(value)), value, None)
        evaluations.append(_Evaluation(task, root, [root], met={root.tokens}))
    number, going_on = 0, evaluations
    while going_on:
        number += 1
        asked = [(each, call) for each in going_on for call in _next(task, each, limit)]
        for batch in batches(asked):
            answers = answers_to([call.value for _, call in batch], number)
            for (evaluation, call), answer in zip(batch, answers, strict=True):
                call.number, call.answer = number, answer
                evaluation.answered.append(call)
                _go_on(evaluation, call)
        going_on = [each for each in going_on if each.left]
    return evaluations


def _next(task: Task, evaluation: _Evaluation, limit: int) -> list[_Call]:
    """The calls that are asked next, taken from what is left; none where the limit is reached."""
    many = len(evaluation.left) if task.asks == "rounds" else 1
    room = limit - len(evaluation.answered)
    taken = evaluation.left[: min(many, room)]
    if many > room:
        evaluation.stop("limit")
        evaluation.left = []
    elif task.asks == "rounds":
        evaluation.left = []
    else:
        evaluation.left = evaluation.left[1:]
    return taken


def _go_on(evaluation: _Evaluation, call: _Call) -> None:
    """Put an answer in the place of its call, and the calls in it before those that are left."""
    try:
        call.parts = _parts(evaluation.task, call)
    except DecodeError:
        evaluation.stop("no answer")
        return
    inside = [part for part in call.parts if isinstance(part, _Call)]
    if isinstance(evaluation.task.output_codec, Mirror):
        inside.reverse()  # What is written last is reduced first.
    new = [part for part in inside if part.tokens not in evaluation.met or not part.repeats]
    evaluation.met.update(part.tokens for part in new)
    if len(new) < len(inside):
        evaluation.stop("repetition")
    evaluation.left = [*evaluation.left, *new] if evaluation.task.asks == "rounds" else [*new, *evaluation.left]


def _parts(task: Task, call: _Call) -> list[_Part]:
    """The answer to a call as tokens and further calls, the blanks before it left out. Raises :class:`DecodeError` where it is no
    answer, or holds a call on what is no input."""
    tokens = call.answer.tokens
    if not call.answer.ended:
        raise DecodeError(len(tokens), "the answer has no end")
    task.question.read(tokens)
    codec = unshifted(task.input_codec)
    parts: list[_Part] = []
    place = 0
    while place < len(tokens):
        if tokens[place] == UNROLL:
            close = tokens.index(CLOSE, place)  # There is one, as an answer was read.
            inside = tokens[place + 1 : close]
            parts.append(_Call(inside, codec.decode(inside), call))
            place = close
        elif tokens[place] != BLANK or not isinstance(task.input_codec, ShiftedCodec):
            parts.append(tokens[place])
        place += 1
    return parts


def _written(root: _Call, bracketed: bool) -> Iterator[str]:
    """The tokens of a call, or of what was put in its place. In ``bracketed`` notation a node that comes to stand in another one
    gets its brackets."""
    stack: list[tuple[_Part, bool]] = [(root, False)]
    while stack:
        part, child = stack.pop()
        if isinstance(part, str):
            yield part
        elif part.parts is None:
            yield from (UNROLL, *part.tokens, CLOSE)
        else:
            node = bracketed and len(part.parts) > 1
            below: list[_Part] = ["(", *part.parts, ")"] if node and child else part.parts
            stack.extend((each, child or node) for each in reversed(below))


def _right_evaluations(task: Task, inputs: Sequence[Datum], limit: int, known: dict[Datum, Answer]) -> list[_Evaluation]:
    """The evaluations by a model that is always right, which shows whether the task is one that can be evaluated so; its answers
    are put into ``known``. Raises :class:`RecsynError` where it is not."""
    name = core.spelled(task.function.name)

    def right(calls: Sequence[Datum], number: int) -> list[Answer]:
        new = [call for call in dict.fromkeys(calls) if call not in known]
        answers = task.answers(new, task.function.of_each(new))
        known.update((call, Answer(tuple(tokens))) for call, tokens in zip(new, answers, strict=True))
        return [known[call] for call in calls]

    evaluations = _run(right, task, inputs, limit)
    for evaluation, output in zip(evaluations, task.function.of_each(inputs), strict=True):
        if evaluation.ended == "limit":
            raise RecsynError(
                f"the evaluation of {name} on an input takes more than {limit:,} calls",
                "draw smaller inputs, or give a larger limit",
            )
        if evaluation.ended or evaluation.line() != task.output_codec.encode(output):
            unfit = next((call for call in evaluation.answered if not _fits(task, call)), evaluation.root)
            example = " ".join(unfit.answer.tokens)
            raise RecsynError(
                f"after one {'round' if task.asks == 'rounds' else 'step'} more is left of {name} than calls of itself on inputs: "
                f"`{example if len(example) <= 80 else example[:77] + '…'}`",
                "train on `asks: next` or `asks: trace`, whose lines hold all that is left, or write the function so that its "
                "calls stand in constructors or under `++`",
            )
    return evaluations


def _fits(task: Task, call: _Call) -> bool:
    """Whether the right answer to a call is the value, once every call in it is replaced by its own."""
    if call.parts is None:
        return False
    done: list[_Part] = []
    for part in call.parts:
        if isinstance(part, _Call):
            value: list[_Part] = [*task.output_codec.encode(task.function(part.value))]
            done.append(_Call(part.tokens, part.value, None, parts=value))
        else:
            done.append(part)
    filled = _Call(call.tokens, call.value, None, parts=done)
    return list(_written(filled, isinstance(task.output_codec, Bracketed))) == task.output_codec.encode(task.function(call.value))
