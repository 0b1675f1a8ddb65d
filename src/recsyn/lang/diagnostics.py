"""What the checker has to say about a source, as data and as text."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from recsyn.errors import RecsynError
from recsyn.lang.source import Source, Span

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Diagnostic:
    """One remark on a source. ``code`` is stable, and has a page of its own; the message speaks in the user's own names."""

    severity: Severity
    code: str
    message: str
    source: Source
    span: Span
    hint: str | None = None

    @property
    def position(self) -> tuple[int, int, int, int]:
        """Line, column, end line and end column: from 1, columns in code points, the end exclusive."""
        return *self.source.position(self.span.start), *self.source.position(max(self.span.end, self.span.start))

    def to_json(self) -> dict[str, Any]:
        line, column, end_line, end_column = self.position
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "file": self.source.name,
            "line": line,
            "column": column,
            "end_line": end_line,
            "end_column": end_column,
            "hint": self.hint,
        }

    def render(self) -> str:
        """The message over the source line, the span underlined, the hint below."""
        line, column, end_line, end_column = self.position
        text = self.source.line(line)
        stop = end_column if end_line == line else len(text) + 1
        text, column, stop = _window(text, column, max(stop, column + 1))
        gutter = " " * len(str(line))
        shown = [
            f"{self.severity}[{self.code}]: {_legible(self.message)}",
            f"{gutter}--> {self.source.name}:{line}:{self.position[1]}",
            f"{gutter} |",
            f"{line} | {text}",
            f"{gutter} | {_blank(text[: column - 1])}{'^' * (stop - column)}",
        ]
        if self.hint:
            shown.append(f"{gutter} = hint: {_legible(self.hint)}")
        return "\n".join(shown)


_WIDTH = 160
_LONG_NAME = re.compile(r"[A-Za-z0-9_']{200,}")


def _legible(message: str) -> str:
    """A message, the longest names in it cut: nobody reads them."""
    return _LONG_NAME.sub(lambda name: f"{name[0][:60]}…{name[0][-20:]}", message)


def _window(text: str, column: int, stop: int) -> tuple[str, int, int]:
    """A very long line cut to what surrounds the span."""
    if len(text) <= _WIDTH:
        return text, column, stop
    start = max(0, min(column - _WIDTH // 4, len(text) - _WIDTH))
    cut = text[start : start + _WIDTH]
    return cut, column - start, min(stop - start, len(cut) + 1)


def _blank(text: str) -> str:
    return "".join("\t" if c == "\t" else " " for c in text)


class LanguageError(RecsynError):
    """A source, or an expression, that the language does not accept. ``diagnostics`` holds every reason, those of one file in the
    order of its text; ``sources`` all that was read to find them, imports too."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Iterable[Source] = ()) -> None:
        found = list(diagnostics)
        self.sources = tuple(dict.fromkeys([*sources, *(d.source for d in found)]))
        files = list(dict.fromkeys(d.source.name for d in found))
        self.diagnostics = tuple(sorted(found, key=lambda d: (files.index(d.source.name), d.span.start)))
        super().__init__("\n\n".join(d.render() for d in self.diagnostics))


class Fault(Exception):
    """Raised inside the checker where one declaration cannot be understood further; becomes a :class:`Diagnostic`."""

    def __init__(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.span, self.hint = code, message, span, hint

    def diagnostic(self, source: Source) -> Diagnostic:
        return Diagnostic("error", self.code, self.message, source, self.span, self.hint)


_MANY = 500
"""Of more names than this only those are compared that begin alike: a file may hold as many errors."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint that offers the known name most like ``name``, where one is close."""
    candidates = [k for k in known if k != name]
    if len(candidates) > _MANY:
        candidates = [k for k in candidates if k[:1].lower() == name[:1].lower()]
    close = difflib.get_close_matches(name[:200], candidates, n=1, cutoff=0.6)
    if not close:
        close = [k for k in candidates if _looks(k) == _looks(name)][:1]
    return f"did you mean `{close[0]}`?" if close else None


def _looks(name: str) -> str:
    """Names that the eye takes for one another look the same: ``XO`` and ``X0``."""
    return name.lower().translate(_ALIKE)


_ALIKE = str.maketrans("01i", "oll")
