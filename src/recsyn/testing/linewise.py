"""Evaluations line by line, by models of the next line (``asks: next``): each line that a model answers is what it is given next.

The first line is the call. This goes on until nothing is left to do in a line, which then is the value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from recsyn.data.answers import Answer
from recsyn.data.codecs import DecodeError
from recsyn.data.questions import Line
from recsyn.data.shifting import ShiftedCodec, without_blanks
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.testing.runs import End, Run, Step
from recsyn.testing.verdicts import Model, ask, ask_further, batches, kind_of
from recsyn.values import Datum


@dataclass(slots=True, eq=False)
class _Evaluation:
    """The evaluation of one input as far as it is: ``line`` is the one that it is at. ``right`` has its lines as they should be."""

    task: Task
    input: Datum
    right: list[Line]
    line: Line
    answers: list[Answer] = field(default_factory=list)
    end: End | None = None
    met: set[Line] = field(default_factory=set)
    """The lines before it."""

    def go_on(self, answer: Answer, limit: int) -> None:
        """Put an answer in the place of the line."""
        self.met.add(self.line)
        self.answers.append(answer)
        self.end = self._ended(answer, limit)
        if self.end != "no answer":
            self.line = answer.tokens

    def _ended(self, answer: Answer, limit: int) -> End | None:
        try:
            if not answer.ended:
                return "no answer"
            if self.task.question.read(answer.tokens) is not None:
                return "value"
        except DecodeError:
            return "no answer"
        if answer.tokens in self.met:
            return "repetition"
        return "limit" if len(self.answers) == limit else None

    def run(self) -> Run:
        """It held against the right one, once it has ended."""
        assert self.end is not None
        steps: list[Step] = []
        for number, (given, expected, answer) in enumerate(zip(self.right, self.right[1:], self.answers, strict=False), 1):
            steps.append(Step(number, given, expected, answer, kind_of(expected, answer)))
            if steps[-1].kind is not None:
                break
        line, expected = self._written(self.line), self._written(self.right[-1])
        return Run(self.input, len(self.right) - 1, tuple(steps), len(self.answers) - len(steps), self.end, line, expected)

    def _written(self, line: Line) -> Line:
        """A line without the blanks before it, where there may be some."""
        return tuple(without_blanks(line)) if isinstance(self.task.input_codec, ShiftedCodec) else line


def line_by_line(model: Model, task: Task, inputs: Sequence[Datum], limit: int) -> list[Run]:
    """The evaluations of n inputs, side by side, each of at most ``limit`` lines after the first. Raises :class:`RecsynError` for
    an input whose right one has more, or whose call the model cannot be asked about, and
    :class:`~recsyn.testing.verdicts.ModelError`."""
    rightly = [_right_lines(task, value, limit) for value in inputs]
    evaluations = [_Evaluation(task, value, right, right[0]) for value, right in zip(inputs, rightly, strict=True)]
    asking, going_on = ask, evaluations
    while going_on:
        for batch in batches(going_on):
            for evaluation, answer in zip(batch, asking(model, task, [each.line for each in batch]), strict=True):
                evaluation.go_on(answer, limit)
        asking, going_on = ask_further, [each for each in going_on if each.end is None]
    return [each.run() for each in evaluations]


def _right_lines(task: Task, value: Datum, limit: int) -> list[Line]:
    lines = task.lines(value)
    if len(lines) - 1 > limit:
        raise RecsynError(
            f"the evaluation of {core.spelled(task.function.name)} on an input takes more than {limit:,} lines",
            "draw smaller inputs, or give a larger limit",
        )
    return lines
