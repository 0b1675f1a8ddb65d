"""Models trained on one step of an evaluation, run to its end, and judged both step by step and as a whole.

A model that answers with one round or one step (``asks: rounds`` with ``rounds: 1``, ``asks: step``) leaves calls in its answer,
each ``UNROLL[ … ]`` around an input of the same function. So they go back to the model, and what it answers is put in the place of
the call: after one round that of every call that is left, after one step that of the call which comes next by value. This goes on
until no call is left. It needs no rows that the model was not trained on, and it leaves all work to the model, so only those tasks
can be emulated whose right answers hold calls of the function itself and are otherwise done.

A scratchpad (``asks: trace``) is one answer, and its lines are the steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from recsyn.data.answers import Answer
from recsyn.data.codecs import Bracketed, Codec, DecodeError, Mirror
from recsyn.data.questions import BECOMES
from recsyn.data.shifting import BLANK, ShiftedCodec
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.semantics.rounds import CLOSE, UNROLL
from recsyn.testing.evaluation import Group, groups_over, right_share, right_to_json
from recsyn.testing.findings import Rate
from recsyn.testing.verdicts import Kind, Model, ModelError, ask, kind_of
from recsyn.values import Datum

MOST_CALLS = 1_000
"""Calls of one evaluation, unless another limit is given."""
_BATCH = 512
_UNASKED = Answer((), ended=False)

End = Literal["value", "no value", "no answer", "repetition", "limit"]
"""How an evaluation ended: with a value; with a last line that has no call left and is none, or, in a scratchpad, is none yet; with
what is no answer to the question; with a call that led to itself; with more calls than the limit."""
_Tokens: TypeAlias = "tuple[str, ...]"
_Part: TypeAlias = "str | _Call"


@dataclass(frozen=True, slots=True)
class Step:
    """A step up to which all was right. ``number`` is its round, step or line, from 1. ``given`` is the call that is worked off, in
    a scratchpad the line before; ``kind`` says how the answer differs from the right one, and is ``None`` where it does not."""

    number: int
    given: _Tokens
    expected: _Tokens
    answer: Answer
    kind: Kind | None

    def to_json(self) -> dict[str, Any]:
        texts = {"given": " ".join(self.given), "expected": " ".join(self.expected), "actual": str(self.answer)}
        return {"number": self.number, **texts, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Run:
    """One input's evaluation by a model. ``length`` is how many steps the right one has; ``steps`` are those that the model took
    with nothing wrong on the way to them, in order, and ``astray`` how many it took beside. ``line`` is the last one, ``expected``
    what it should be: the value."""

    input: Datum
    length: int
    steps: tuple[Step, ...]
    astray: int
    end: End
    line: _Tokens
    expected: _Tokens

    @property
    def value_right(self) -> bool:
        return self.end == "value" and self.line == self.expected

    @property
    def first_wrong(self) -> Step | None:
        return next((step for step in self.steps if step.kind is not None), None)


@dataclass(frozen=True, eq=False)
class Emulation:
    """What came of n inputs."""

    task: Task
    runs: tuple[Run, ...]

    @property
    def step_rate(self) -> Rate:
        """The share of steps that are wrong, among those that began right."""
        steps = [step.kind is not None for run in self.runs for step in run.steps]
        return Rate(sum(steps), len(steps))

    @property
    def value_rate(self) -> Rate:
        """The share of inputs whose evaluation does not end with the function's value."""
        return Rate(sum(not run.value_right for run in self.runs), len(self.runs))

    @property
    def path_rate(self) -> Rate:
        """The share of inputs with a wrong step."""
        return Rate(sum(run.first_wrong is not None for run in self.runs), len(self.runs))

    @property
    def if_independent(self) -> float:
        """The share of inputs whose every step would be right if each step were right with the same chance, whatever the others
        are: the mean of s^k over the inputs, of k steps, where s is the share of steps that are right."""
        right = right_share(self.step_rate)
        return sum(right**run.length for run in self.runs) / len(self.runs) if self.runs else float("nan")

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind of wrong step was met."""
        return dict(Counter(step.kind for run in self.runs for step in run.steps if step.kind is not None).most_common())

    @property
    def ends(self) -> dict[str, int]:
        """How often evaluations ended in each way."""
        return dict(Counter(run.end for run in self.runs).most_common())

    def by_length(self) -> list[Group]:
        """Inputs by how many steps they take, in ranges where these are many; wrong are those with a wrong step."""
        return _groups([(run.length, run.first_wrong is not None) for run in self.runs])

    def by_number(self) -> list[Group]:
        """Steps that began right by their round, step or line, in ranges where these are many."""
        return _groups([(step.number, step.kind is not None) for run in self.runs for step in run.steps])

    def to_json(self) -> dict[str, Any]:
        return {
            "asks": self.task.asks,
            "steps": _share(self.step_rate, "steps"),
            "values": _share(self.value_rate, "inputs"),
            "every_step": {**_share(self.path_rate, "inputs"), "if_independent": self.if_independent if self.runs else None},
            "kinds": self.kinds,
            "ends": self.ends,
            "by_length": [_named(group, "inputs") for group in self.by_length()],
            "by_number": [_named(group, "steps") for group in self.by_number()],
            "runs": [self._run_to_json(run) for run in self.runs],
        }

    def _run_to_json(self, run: Run) -> dict[str, Any]:
        wrong = run.first_wrong
        return {
            "input": " ".join(self.task.input_codec.encode(run.input)),
            "length": run.length,
            "steps": len(run.steps),
            "right_steps": sum(step.kind is None for step in run.steps),
            "astray": run.astray,
            "end": run.end,
            "line": " ".join(run.line),
            "value_right": run.value_right,
            "first_wrong": None if wrong is None else wrong.to_json(),
        }


def _groups(rows: Sequence[tuple[int, bool]]) -> list[Group]:
    """Groups of numbers; with each stands whether it is wrong."""
    column = np.array([number for number, _ in rows], dtype=np.int64)
    return groups_over(column, np.array([wrong for _, wrong in rows], dtype=np.bool_))


def _share(wrong: Rate, what: str) -> dict[str, Any]:
    """A share of steps or of inputs that is right."""
    found = right_to_json(wrong)
    return {what: found["rows"], "right": found["exact_match"], "low": found["low"], "high": found["high"]}


def _named(group: Group, what: str) -> dict[str, Any]:
    return {**group.place, **_share(group.wrong, what)}


def emulate(model: Model, task: Task, inputs: Sequence[Datum], limit: int = MOST_CALLS) -> Emulation:
    """A model's evaluations of n inputs, each of at most ``limit`` calls; a scratchpad, which is one answer, ends by itself. Every
    call that comes up is asked, also where it came up before, as a model may answer by chance. Raises :class:`RecsynError` for a
    task of which no such evaluation can be made, and :class:`~recsyn.testing.verdicts.ModelError`."""
    if task.asks == "trace":
        return Emulation(task, tuple(_scratchpads(model, task, inputs)))
    if task.asks not in ("step", "rounds") or task.rounds not in (None, 1):
        asked = f"{task.rounds} rounds" if task.rounds else f"its {task.asks}"
        raise RecsynError(
            f"the task asks for {asked}, and only what is trained on one step, one round or a trace is run to the end",
            "train on `asks: step`, on `asks: rounds` with `rounds: 1`, or on `asks: trace`",
        )
    known: dict[Datum, Answer] = {}
    rightly = _right_evaluations(task, inputs, limit, known)
    evaluations = _run(lambda calls, number: _answers(model, task, calls, number == 1), task, inputs, limit)
    return Emulation(task, tuple(_judged(task, *both, known) for both in zip(evaluations, rightly, strict=True)))


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

    tokens: _Tokens
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
    met: set[_Tokens] = field(default_factory=set)
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
    codec = _plain(task.input_codec)
    evaluations = []
    for value in inputs:
        root = _Call(tuple(codec.encode(value)), value, None)
        evaluations.append(_Evaluation(task, root, [root], met={root.tokens}))
    number, going_on = 0, evaluations
    while going_on:
        number += 1
        asked = [(each, call) for each in going_on for call in _next(task, each, limit)]
        for start in range(0, len(asked), _BATCH):
            batch = asked[start : start + _BATCH]
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


def _answers(model: Model, task: Task, calls: Sequence[Datum], first: bool) -> list[Answer]:
    """The answers to calls. What the model cannot be asked, too long a call for instance, has an answer without end: it led itself
    there, unless it is the ``first`` that it is asked."""
    try:
        return ask(model, task, calls)
    except ModelError:
        raise
    except RecsynError:
        if first:
            raise
        if len(calls) == 1:
            return [Answer((), ended=False)]
        half = len(calls) // 2
        return [answer for part in (calls[:half], calls[half:]) for answer in _answers(model, task, part, first)]


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
    codec = _plain(task.input_codec)
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


def _plain(codec: Codec) -> Codec:
    """The codec of what stands in a call, where there are no blanks."""
    return codec.plain if isinstance(codec, ShiftedCodec) else codec


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
                "train on `asks: trace`, whose lines hold all that is left, or write the function so that its calls stand in "
                "constructors or under `++`",
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


def _scratchpads(model: Model, task: Task, inputs: Sequence[Datum]) -> Iterator[Run]:
    codec = _plain(task.input_codec)
    for start in range(0, len(inputs), _BATCH):
        batch = inputs[start : start + _BATCH]
        right_answers = task.answers(batch, task.function.of_each(batch))
        for value, right, answer in zip(batch, right_answers, ask(model, task, batch), strict=True):
            call = (UNROLL, *codec.encode(value), CLOSE)
            yield _scratchpad(task, value, call, _lines(right), answer)


def _scratchpad(task: Task, value: Datum, call: _Tokens, right: list[_Tokens], answer: Answer) -> Run:
    """A scratchpad held against the right lines."""
    lines = _lines(answer.tokens)
    steps: list[Step] = []
    for number, (given, expected) in enumerate(zip([call, *right], right, strict=False), 1):
        last = number == len(lines)
        # Of lines that are all right, one too few is a wrong step, and so is one too many: also where it is empty.
        missing, more = number > len(lines), number == len(right) < len(lines)
        found = Answer((), answer.ended) if missing else Answer(lines[number - 1], answer.ended or not last)
        kind = "too short" if missing else kind_of(expected, found)
        steps.append(Step(number, given, expected, found, kind))
        if kind is not None:
            break
        if more:
            steps.append(Step(number + 1, expected, (), Answer(lines[number], answer.ended or number + 1 < len(lines)), "too long"))
    try:
        end: End = "no answer" if not answer.ended else "no value" if task.question.read(answer.tokens) is None else "value"
    except DecodeError:
        end = "no answer"
    return Run(value, len(right), tuple(steps), max(0, len(lines) - len(steps)), end, lines[-1], right[-1])


def _lines(tokens: Sequence[str]) -> list[_Tokens]:
    """The lines of a scratchpad, of which there is always one."""
    lines: list[list[str]] = [[]]
    for token in tokens:
        if token == BECOMES:
            lines.append([])
        else:
            lines[-1].append(token)
    return [tuple(line) for line in lines]
