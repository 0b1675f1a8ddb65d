"""Evaluations by models that write a whole reduction as one answer (``asks: trace``), whose lines are the steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from recsyn.data.answers import Answer
from recsyn.data.codecs import DecodeError
from recsyn.data.questions import BECOMES, Line
from recsyn.data.shifting import unshifted
from recsyn.data.tasks import Task
from recsyn.semantics.rounds import CLOSE, UNROLL
from recsyn.testing.runs import End, Run, Step
from recsyn.testing.verdicts import Model, ask, batches, kind_of
from recsyn.values import Datum


def scratchpads(model: Model, task: Task, inputs: Sequence[Datum]) -> Iterator[Run]:
    codec = unshifted(task.input_codec)
    for batch in batches(inputs):
        right_answers = task.answers(batch, task.function.of_each(batch))
        for value, right, answer in zip(batch, right_answers, ask(model, task, batch), strict=True):
            call = (UNROLL, *codec.encode(value), CLOSE)
            yield _scratchpad(task, value, call, _lines(right), answer)


def _scratchpad(task: Task, value: Datum, call: Line, right: list[Line], answer: Answer) -> Run:
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


def _lines(tokens: Sequence[str]) -> list[Line]:
    """The lines of a scratchpad, of which there is always one."""
    lines: list[list[str]] = [[]]
    for token in tokens:
        if token == BECOMES:
            lines.append([])
        else:
            lines[-1].append(token)
    return [tuple(line) for line in lines]
