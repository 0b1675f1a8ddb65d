"""A source text and places in it."""

from __future__ import annotations

import stat
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from recsyn.errors import RecsynError


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a source: offsets in code points, the end exclusive."""

    start: int
    end: int


@dataclass(frozen=True)
class Source:
    """A text and the name under which messages speak of it. ``path`` is where it lies, resolved, if it was read from a file: what
    it imports is found from there. A text that was not may bring the ``files`` along that it imports, by name."""

    name: str
    text: str
    path: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def _line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1, the column in code points."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def line(self, number: int) -> str:
        start = self._line_starts[number - 1]
        end = self._line_starts[number] - 1 if number < len(self._line_starts) else len(self.text)
        return self.text[start:end].rstrip("\r")

    def excerpt(self, span: Span) -> str:
        """What stands in a span, on one line and short enough for a message; parentheses around all of it are left out."""
        text = " ".join(self.text[span.start : min(span.end, span.start + 1_000)].split())
        while text.startswith("(") and text.endswith(")") and _closes_last(text):
            text = text[1:-1].strip()
        return text if len(text) <= 40 else text[:39] + "…"


def _closes_last(text: str) -> bool:
    """Whether the parenthesis that a text begins with is closed at its end, around something that is no tuple."""
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return index == len(text) - 1
        if depth == 1 and character == ",":
            return False
    return False


EMPTY = Source("<nothing>", "")


def read_source(path: str | Path, name: str | None = None) -> Source:
    """The text of a source file; messages call it ``name``, or else by its path. Raises :class:`RecsynError` for a file that is
    missing, a folder, no regular file, unreadable or not UTF-8 text."""
    file = Path(path)
    name = name or str(path)
    try:
        mode = file.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            # A pipe may never end, and a device has no end.
            raise RecsynError(f"{name!r} is a pipe or a device, not a file", "save the text in a .rec file")
        data = file.read_bytes()
        where = file.resolve()
    except FileNotFoundError:
        raise RecsynError(f"there is no file {name!r}", "check the spelling and the folder you are in") from None
    except IsADirectoryError:
        raise RecsynError(f"{name!r} is a folder, not a source file", "name one .rec file in it") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RecsynError(f"{name!r} cannot be read: {reason}") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecsynError(
            f"{name!r} is not a text file: byte {error.start} is not UTF-8", "recsyn reads sources written in UTF-8"
        ) from None
    if "\0" in text:
        raise RecsynError(f"{name!r} is not a text file: it holds a NUL character at offset {text.index(chr(0))}")
    return Source(name, text, where)
