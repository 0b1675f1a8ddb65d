"""What a user is told when something they gave cannot be used."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager


class RecsynError(Exception):
    """Something a user can mend. ``message`` says what is wrong and where; ``hint``, where there is one, what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class MissingExtra(RecsynError):
    """A part of recsyn that is not installed was asked for."""

    def __init__(self, purpose: str, extra: str) -> None:
        super().__init__(f"{purpose} needs packages that are not installed", f'pip install "recsyn[{extra}]"')


def quoted(value: object) -> str:
    """Something of a user's as a message shows it: short, however large it is, and however deep."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python writes no integers of thousands of digits.
        return "a number of thousands of digits"


@contextmanager
def extra(purpose: str, name: str) -> Iterator[None]:
    """Around the imports that ``purpose`` needs from the extra ``name``: what is not installed becomes :class:`MissingExtra`."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("recsyn"):
            raise
        raise MissingExtra(purpose, name) from None
