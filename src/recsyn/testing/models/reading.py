"""The answer in a reply that may have a text around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.tasks import Task

_QUOTED = 80
_SPAN = re.compile(r"(`+)([^`]+)\1")


def read(task: Task, reply: str, ended: bool = True) -> Answer | Unanswered:
    """The reply itself where all of it is tokens of the task's answers, else the one line or code span of it that is. Where there
    is none, or where there are several that differ, nothing is guessed: it is unreadable."""
    pieces = reply.split()
    known = frozenset(task.question.tokens)
    if all(piece in known or piece.removeprefix("-").isdecimal() for piece in pieces):
        return Answer(tuple(pieces), ended)
    found = {tokens for text in _candidates(reply) if (tokens := tuple(text.split())) and known.issuperset(tokens)}
    if len(found) == 1:
        return Answer(found.pop(), ended)
    return Unanswered("unreadable", f"{'no answer' if not found else f'{len(found)} answers'} in {beginning(reply)}")


def beginning(text: str) -> str:
    """The first 80 characters of what came, on one line."""
    line = " ".join(text[: 4 * _QUOTED].split())
    return repr(line if len(line) <= _QUOTED else line[:_QUOTED] + "…")


def _candidates(reply: str) -> Iterator[str]:
    yield from reply.splitlines()
    yield from (span[2] for span in _SPAN.finditer(reply))
