"""Comments, which nest and so are found by a scanner rather than by the grammar."""

from __future__ import annotations

import re

from recsyn.lang.diagnostics import Fault
from recsyn.lang.source import Span

_LANDMARK = re.compile(
    r"""(?P<skip>"(?:\\.|[^"\\\n])*"|[A-Za-z_][A-Za-z0-9_']*|'(?:\\u\{[0-9A-Fa-f]{1,6}\}|\\.|[^'\\\n])')"""
    r"""|(?P<line>--[^\n]*)|(?P<block>\{-)"""
)
_FENCE = re.compile(r"\{-|-\}")


def blank_comments(text: str) -> str:
    """The text with every comment replaced by blanks of the same length, so that offsets stay. Raises :class:`Fault` for a
    ``{-`` that is never closed."""
    out: list[str] = []
    at = 0
    while landmark := _LANDMARK.search(text, at):
        start, end = landmark.span()
        if landmark.lastgroup == "block":
            end = _end_of_block(text, start)
        comment = landmark.lastgroup != "skip"
        out.append(text[at:start])
        out.append(re.sub(r"[^\n]", " ", text[start:end]) if comment else text[start:end])
        at = end
    out.append(text[at:])
    return "".join(out)


def _end_of_block(text: str, start: int) -> int:
    depth, at = 1, start + 2
    while depth:
        fence = _FENCE.search(text, at)
        if fence is None:
            raise Fault("syntax", "this comment is never closed", Span(start, start + 2), "close it with `-}`")
        depth += 1 if fence.group() == "{-" else -1
        at = fence.end()
    return at
