"""A command as a model: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.questions import Line
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.models.process import Ended, Process, Silent
from recsyn.testing.models.reading import beginning
from recsyn.testing.models.writing import first_input, written
from recsyn.values import Datum, digits_of

_TIMEOUT = 60.0
_GRACE = 1.0
"""Seconds for an answer that may still come when as many lines as inputs have."""
_MOST_FRUITLESS = 2
HINT = 'for each line {"id": 0, "input": "…"} it writes one {"id": 0, "output": "…"}, tokens between blanks, and flushes its output'


class Command:
    """For each input, ``{"id": 0, "input": "X1 X0 01"}`` is written to the command on a line of its own, and one line ``{"id": 0,
    "output": "X0 X1 01"}`` is read for it, in whatever order; ``"error"`` instead of ``"output"`` says why there is none. Ids are
    never used again. The command is kept running between batches; it may take ``timeout`` seconds for each line.

    Where it ends or falls silent, inputs of that batch that have no answer yet are :class:`Unanswered`, and it is started again for
    the next one, unless it has twice ended without a single answer. Lines that are no answer to anything asked are left out.

    :meth:`check` raises :class:`RecsynError` where it does not answer at all; :meth:`close` ends it, as the end of Python does.
    """

    def __init__(self, arguments: Sequence[str], task: Task, timeout: float | None = None) -> None:
        self.arguments = tuple(arguments)
        self.task = task
        self.timeout = _TIMEOUT if timeout is None else timeout
        self._process: Process | None = None
        self._next = 0
        self._fruitless = 0
        self._last = ""

    def __call__(self, inputs: Sequence[Datum | Line], /) -> list[Answer | Unanswered]:
        ids = range(self._next, self._next + len(inputs))
        self._next = ids.stop
        if self._fruitless >= _MOST_FRUITLESS:
            return [Unanswered("raised", f"the command is not started again: {self._last}")] * len(inputs)
        try:
            process = self._process = self._process or Process(self.arguments)
        except RecsynError as error:
            return [Unanswered("raised", error.message)] * len(inputs)
        rows = [{"id": id, "input": written(self.task, each)} for id, each in zip(ids, inputs, strict=True)]
        process.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
        return self._collected(process, ids)

    def check(self) -> None:
        """Ask one question, whatever the answer. Raises :class:`RecsynError` where none comes."""
        self._process = self._process or Process(self.arguments)
        (answer,) = self([first_input(self.task)])
        if isinstance(answer, Unanswered) and (self._process is None or answer.trouble != "raised"):
            self.close()
            raise RecsynError(f"the command `{shlex.join(self.arguments)}` answers nothing: {answer.why}", HINT)
        self._fruitless = 0

    def close(self) -> None:
        """End the command. It is started again when something is asked."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _collected(self, process: Process, ids: range) -> list[Answer | Unanswered]:
        """What comes back for these ids, and why nothing does for the others."""
        answers: dict[int, Answer | Unanswered] = {}
        strays: list[str] = []
        while len(answers) < len(ids):
            all_said = len(answers) + len(strays) >= len(ids)
            try:
                line = process.line(min(_GRACE, self.timeout) if all_said else self.timeout)
            except Silent:
                if all_said:
                    lost = Unanswered("unreadable", f"no answer to it, but {strays[0]}")
                else:
                    lost = Unanswered("timed out", f"no line within {self.timeout:g} s{process.told}")
                    self._gone(answers, lost.why)
            except Ended as ended:
                lost = Unanswered("raised", str(ended))
                self._gone(answers, lost.why)
            else:
                _take(line, ids, answers, strays)
                continue
            answers |= {id: lost for id in ids if id not in answers}
        return [answers[id] for id in ids]

    def _gone(self, answers: Mapping[int, Any], why: str) -> None:
        self.close()
        self._last = why
        self._fruitless = 0 if answers else self._fruitless + 1


def _take(line: bytes, ids: range, answers: dict[int, Answer | Unanswered], strays: list[str]) -> None:
    """Put a line where it belongs."""
    text = line.decode("utf-8", "replace")
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        strays.append(f"a line that is no JSON: {beginning(text)}")
        return
    id = row.get("id") if isinstance(row, dict) else None
    if not isinstance(id, int) or isinstance(id, bool) or not 0 <= id < ids.stop:
        strays.append(f"a line without an id that was asked: {beginning(text)}")
    elif id in answers:
        answers[id] = Unanswered("unreadable", "it was answered twice")
    elif id in ids:  # Else it answers an earlier batch, again or too late.
        answers[id] = _read(row, text)


def _read(row: Mapping[str, Any], text: str) -> Answer | Unanswered:
    output = row.get("output")
    if isinstance(output, str):
        return Answer(tuple(output.split()))
    if isinstance(output, list) and all(isinstance(token, str | int) and not isinstance(token, bool) for token in output):
        return Answer(tuple(digits_of(token) if isinstance(token, int) else token for token in output))
    if "error" in row:
        return Unanswered("raised", beginning(str(row["error"])))
    return Unanswered("unreadable", f"no output in {beginning(text)}")
