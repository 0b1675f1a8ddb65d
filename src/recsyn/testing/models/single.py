"""A function of one input as a model, which answers batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from recsyn.data.answers import Unanswered

_MOST_ABANDONED = 8
_LONGEST_WHY = 200


@dataclass(frozen=True, eq=False)
class OneAtATime:
    """Asks ``answer`` for each input of a batch. One that it raises on is :class:`Unanswered`, and so is one that takes longer than
    ``timeout`` seconds.

    A time-out stops no work: Python has no way to end a thread, so that what runs on goes on taking its share of the processor, and
    code that never lets go of the interpreter's lock is waited for. Where as many as 8 run on, no other is begun before one ends.
    """

    answer: Callable[[Any], Any]
    timeout: float | None = None
    _abandoned: list[threading.Thread] = field(default_factory=list, repr=False)

    def __call__(self, inputs: Sequence[Any], /) -> list[Any]:
        return [self._answered(input) if self.timeout is None else self._in_time(input, self.timeout) for input in inputs]

    def _answered(self, input: Any) -> Any:
        try:
            return self.answer(input)
        except (Exception, SystemExit) as error:
            return raised(error)

    def _in_time(self, input: Any, seconds: float) -> Any:
        self._abandoned[:] = [thread for thread in self._abandoned if thread.is_alive()]
        if len(self._abandoned) >= _MOST_ABANDONED:
            self._abandoned[0].join(seconds)
            if self._abandoned[0].is_alive():
                return Unanswered("timed out", f"not begun: {_MOST_ABANDONED} earlier inputs still run after their time")
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(self._answered(input)), daemon=True)
        thread.start()
        thread.join(seconds)
        # What comes just now is late too, but no reason to lose it.
        if answers:
            return answers[0]
        self._abandoned.append(thread)
        return Unanswered("timed out", f"no answer within {seconds:g} s")


def one_at_a_time(answer: Callable[[Any], Any], timeout: float | None = None) -> OneAtATime:
    """The model that asks a function for one input at a time; also to be written above it as ``@one_at_a_time``."""
    return answer if isinstance(answer, OneAtATime) and timeout is None else OneAtATime(answer, timeout)


def raised(error: BaseException) -> Unanswered:
    """In the place of the answer to an input on which a model raised."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return Unanswered("raised", text if len(text) <= _LONGEST_WHY else text[: _LONGEST_WHY - 1] + "…")
