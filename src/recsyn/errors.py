"""What a user is told when something they gave cannot be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from reprlib import Repr


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


class _Quoting(Repr):
    """Parts of what is quoted may be shared, so that all of it is as long as you like."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother = 2, 80, 80

    def repr_int(self, x: int, level: int) -> str:
        return repr(x) if abs(x) < 10**30 else f"an integer of {x.bit_length():,} bits"


def quoted(value: object) -> str:
    """Something of a user's as a message shows it: in few characters, however large and deep it is."""
    return _Quoting().repr(value)


@contextmanager
def extra(purpose: str, name: str) -> Iterator[None]:
    """Around the imports that ``purpose`` needs from the extra ``name``: what is not installed becomes :class:`MissingExtra`."""
    try:
        yield
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("recsyn"):
            raise
        raise MissingExtra(purpose, name) from None
