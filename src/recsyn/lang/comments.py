"""Comments, which nest and so are found by a scanner rather than by the grammar."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from recsyn.lang.diagnostics import Fault
from recsyn.lang.source import Span

_LANDMARK = re.compile(
    r"""(?P<skip>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*"|[A-Za-z_][A-Za-z0-9_']*|'(?:\\u\{[0-9A-Fa-f]{1,6}\}|\\.|[^'\\\n])')"""
    r"""|(?P<line>--[^\n]*)|(?P<block>\{-)"""
)
_FENCE = re.compile(r"\{-|-\}")
_DOCUMENTATION = re.compile(r"---(?!-)[ \t]?")


def comments_of(text: str) -> list[Span]:
    """Where the comments of a text stand, in order. Raises :class:`Fault` for a ``{-`` that is never closed."""
    found: list[Span] = []
    at = 0
    while landmark := _LANDMARK.search(text, at):
        start, at = landmark.span()
        if landmark.lastgroup == "block":
            at = _end_of_block(text, start)
        if landmark.lastgroup == "line" and text[at - 1] == "\r":
            at -= 1
        if landmark.lastgroup != "skip":
            found.append(Span(start, at))
    return found


def blanked(text: str, comments: Sequence[Span]) -> str:
    """The text with every comment replaced by blanks of the same length, so that offsets stay."""
    out: list[str] = []
    at = 0
    for comment in comments:
        out.append(text[at : comment.start])
        out.append(re.sub(r"[^\n]", " ", text[comment.start : comment.end]))
        at = comment.end
    out.append(text[at:])
    return "".join(out)


def is_documentation(comment: str) -> bool:
    return bool(_DOCUMENTATION.match(comment))


def documentation_before(offset: int, text: str, comments: Sequence[Span]) -> str | None:
    """What the ``---`` comments that end right before an offset say, a line for each."""
    lines: list[str] = []
    index = bisect_right(comments, offset, key=lambda c: c.start) - 1
    while index >= 0 and not text[comments[index].end : offset].strip():
        comment = text[comments[index].start : comments[index].end]
        mark = _DOCUMENTATION.match(comment)
        line_start = text.rfind("\n", 0, comments[index].start) + 1
        if mark is None or text[line_start : comments[index].start].strip():
            break
        lines.append(comment[mark.end() :].rstrip())
        offset = comments[index].start
        index -= 1
    return "\n".join(reversed(lines)) if lines else None


def _end_of_block(text: str, start: int) -> int:
    depth, at = 1, start + 2
    while depth:
        fence = _FENCE.search(text, at)
        if fence is None:
            raise Fault("syntax", "this comment is never closed", Span(start, start + 2), "close it with `-}`")
        depth += 1 if fence.group() == "{-" else -1
        at = fence.end()
    return at
