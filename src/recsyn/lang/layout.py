"""Laying out text on lines no wider than asked: Wadler's "A prettier printer" (2003), by loops, with groups that break whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A line break, or ``flat`` where its group fits on one line. ``hard`` breaks always, and every group around it."""

    flat: str = " "
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Nest:
    """Lines inside begin ``by`` columns further to the right."""

    by: int
    content: Doc


@dataclass(frozen=True, slots=True)
class Align:
    """Lines inside begin in the column where it begins itself."""

    content: Doc


@dataclass(frozen=True, slots=True)
class Group:
    """On one line if that fits, else broken at each line break directly inside."""

    content: Doc
    hard: bool
    """Whether a hard line break is inside, so that it never fits."""


@dataclass(frozen=True, slots=True)
class Suffix:
    """Text that belongs at the end of the line, wherever that turns out to be: a comment."""

    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """``broken`` where the group around it is broken, else ``flat``."""

    broken: str
    flat: str = ""


@dataclass(frozen=True, slots=True)
class Concat:
    parts: tuple[Doc, ...]
    hard: bool


Doc: TypeAlias = str | Line | Nest | Align | Group | Suffix | Broken | Concat

LINE = Line()
SOFT = Line("")
HARD = Line(hard=True)


def concat(*parts: Doc) -> Doc:
    return Concat(parts, any(is_hard(p) for p in parts))


def nest(by: int, *parts: Doc) -> Doc:
    return Nest(by, parts[0] if len(parts) == 1 else concat(*parts))


def align(*parts: Doc) -> Doc:
    return Align(parts[0] if len(parts) == 1 else concat(*parts))


def group(*parts: Doc) -> Doc:
    content = parts[0] if len(parts) == 1 else concat(*parts)
    return Group(content, is_hard(content))


def joined(separator: Doc, parts: Iterable[Doc]) -> Doc:
    """The parts with ``separator`` between them."""
    out: list[Doc] = []
    for part in parts:
        if out:
            out.append(separator)
        out.append(part)
    return concat(*out)


def fill(separator: str, parts: Iterable[Doc]) -> Doc:
    """The parts with ``separator`` after all but the last, as many on each line as fit."""
    return joined(concat(separator, group(LINE)), parts)


def is_hard(doc: Doc) -> bool:
    """Whether a hard line break is inside."""
    while isinstance(doc, Nest | Align):
        doc = doc.content
    return isinstance(doc, Line | Group | Concat) and doc.hard


def render(doc: Doc, width: int = WIDTH) -> str:
    """The text. No line ends in blanks."""
    out: list[str] = []
    suffixes: list[str] = []
    column = 0
    stack: list[tuple[int, bool, Doc]] = [(0, False, doc)]
    while stack:
        indent, flat, at = stack.pop()
        if isinstance(at, str):
            out.append(at)
            column += len(at)
        elif isinstance(at, Concat):
            stack.extend((indent, flat, p) for p in reversed(at.parts))
        elif isinstance(at, Nest):
            stack.append((indent + at.by, flat, at.content))
        elif isinstance(at, Align):
            stack.append((column, flat, at.content))
        elif isinstance(at, Group):
            fits = flat or (not at.hard and _fits(width - column, at.content, stack))
            stack.append((indent, fits, at.content))
        elif isinstance(at, Suffix):
            suffixes.append(at.text)
        elif isinstance(at, Broken):
            stack.append((indent, flat, at.flat if flat else at.broken))
        elif flat and not at.hard:
            out.append(at.flat)
            column += len(at.flat)
        else:
            _end_line(out, suffixes)
            out.append("\n" + " " * indent)
            column = indent
    _end_line(out, suffixes)
    return "".join(out)


def _end_line(out: list[str], suffixes: list[str]) -> None:
    """Take back blanks at the end of the line, and put there what waits for it."""
    while out:
        kept = out[-1].rstrip(" ")
        if kept:
            out[-1] = kept
            break
        out.pop()
    out.extend("  " + s if out and not out[-1].endswith("\n") else s for s in suffixes)
    suffixes.clear()


def _fits(room: int, doc: Doc, rest: list[tuple[int, bool, Doc]]) -> bool:
    """Whether the document, flat, and what follows it up to the next line break fit into ``room`` columns."""
    following = len(rest)
    stack: list[tuple[bool, Doc]] = [(True, doc)]
    while room >= 0:
        if not stack:
            if following == 0:
                return True
            following -= 1
            stack.append(rest[following][1:])
            continue
        flat, at = stack.pop()
        if isinstance(at, str):
            room -= len(at)
        elif isinstance(at, Concat):
            stack.extend((flat, p) for p in reversed(at.parts))
        elif isinstance(at, Nest | Align | Group):
            stack.append((flat, at.content))
        elif isinstance(at, Broken):
            room -= len(at.flat if flat else at.broken)
        elif isinstance(at, Line):
            if at.hard or not flat:
                return True
            room -= len(at.flat)
    return False
