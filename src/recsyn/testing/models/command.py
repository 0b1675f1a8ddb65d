"""A command as a model: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
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
"""Seconds for an answer that may still come when as many lines as inputs have, though garbled."""
_MOST_FRUITLESS = 2
HINT = 'for each line {"id": 0, "input": "…"} it writes one {"id": 0, "output": "…"}, tokens between blanks, and flushes its output'


class Command:
    """For each input, ``{"id": 0, "input": "X1 X0 01"}`` is written to the command on a line of its own, and one line ``{"id": 0,
    "output": "X0 X1 01"}`` is read for it, in whatever order; ``"error"`` instead of ``"output"`` says why there is none. Ids are
    never used again. The command is kept running between batches; it may take ``timeout`` seconds from one answer to the next.

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
        batch, since = _Batch(ids), monotonic()
        while batch.missing:
            waits = min(_GRACE, self.timeout) if batch.garbled >= batch.missing else self.timeout
            had = len(batch.answers)
            try:
                # What it says without answering gives it no more time.
                batch.take(process.line(since + waits - monotonic()))
            except Silent:
                lost = self._silence(process, batch)
            except Ended as ended:
                lost = Unanswered("raised", str(ended))
                self._gone(batch, lost.why)
            else:
                since = monotonic() if len(batch.answers) > had else since
                continue
            batch.answers |= {id: lost for id in ids if id not in batch.answers}
        return [batch.answers[id] for id in ids]

    def _silence(self, process: Process, batch: _Batch) -> Unanswered:
        """Why nothing has come. Where each line that is missing has come in some form, the command is well."""
        if batch.garbled >= batch.missing:
            return Unanswered("unreadable", f"no answer to it, but {batch.strays[0]}")
        late = f"no answer within {self.timeout:g} s"
        why = f"{late}, but {batch.strays[0]}" if len(batch.strays) >= batch.missing else f"{late}{process.told}"
        self._gone(batch, why)
        return Unanswered("unreadable" if len(batch.strays) >= batch.missing else "timed out", why)

    def _gone(self, batch: _Batch, why: str) -> None:
        self.close()
        self._last = why
        self._fruitless = 0 if batch.answers else self._fruitless + 1


@dataclass
class _Batch:
    """What has come of the answers to ``ids``. ``strays`` are lines that answer nothing, ``garbled`` how many of them were meant
    to: a command that tells what it is doing may be long about it, and what was answered in another form will not come again."""

    ids: range
    answers: dict[int, Answer | Unanswered] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    garbled: int = 0

    @property
    def missing(self) -> int:
        return len(self.ids) - len(self.answers)

    def take(self, line: bytes) -> None:
        """Put a line where it belongs."""
        text = line.decode("utf-8", "replace")
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            self._stray("a line that is no JSON", text)
            return
        id = row.get("id") if isinstance(row, dict) else None
        if not isinstance(id, int) or isinstance(id, bool) or not 0 <= id < self.ids.stop:
            self._stray("a line without an id that was asked", text)
        elif id in self.answers:
            self.answers[id] = Unanswered("unreadable", "it was answered twice")
        elif id in self.ids:  # Else it answers an earlier batch, again or too late.
            self.answers[id] = _read(row, text)

    def _stray(self, what: str, text: str) -> None:
        self.garbled += text.lstrip().startswith("{")
        if len(self.strays) < len(self.ids):
            self.strays.append(f"{what}: {beginning(text)}")


def _read(row: Mapping[str, Any], text: str) -> Answer | Unanswered:
    output = row.get("output")
    if isinstance(output, str):
        return Answer(tuple(output.split()))
    if isinstance(output, list) and all(isinstance(token, str | int) and not isinstance(token, bool) for token in output):
        return Answer(tuple(digits_of(token) if isinstance(token, int) else token for token in output))
    if "error" in row:
        return Unanswered("raised", beginning(str(row["error"])))
    return Unanswered("unreadable", f"no output in {beginning(text)}")
