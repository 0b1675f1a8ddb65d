"""Laying out text on lines no wider than asked: Wadler's "A prettier printer" (2003), by loops, with groups that break whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
class Traits:
    """``hard``: a line break inside is certain, so that it never fits. ``opens``, ``closes``: it begins with a comment on lines of
    its own, or ends with one that ends its line, which breaks what goes on before it, or after it, but not the thing itself."""

    hard: bool = False
    opens: bool = False
    closes: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """On one line if that fits, else broken at each line break directly inside."""

    content: Doc
    traits: Traits


@dataclass(frozen=True, slots=True)
class Flat:
    """On one line, whatever fits."""

    content: Doc


@dataclass(frozen=True, slots=True)
class Either:
    """Where the group around it is broken, ``first`` if that fits up to its first line break, else ``second``. Both hold the same
    text, and are the same on one line."""

    first: Doc
    second: Doc
    traits: Traits


@dataclass(frozen=True, slots=True)
class Suffix:
    """A comment that ends its line."""

    text: str


@dataclass(frozen=True, slots=True)
class OwnLines:
    """Comments on lines of their own. An empty text is an empty line."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Text that runs over several lines, each left as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """``broken`` where the group around it is broken, else ``flat``."""

    broken: str
    flat: str = ""


@dataclass(frozen=True, slots=True)
class Concat:
    parts: tuple[Doc, ...]
    traits: Traits


Doc: TypeAlias = str | Line | Nest | Align | Group | Flat | Either | Suffix | OwnLines | Verbatim | Broken | Concat

LINE = Line()
SOFT = Line("")
HARD = Line(hard=True)
_PLAIN = Traits()


def concat(*parts: Doc) -> Doc:
    hard = opens = closes = False
    shown = tuple(part for part in parts if part != "")
    for index, part in enumerate(shown):
        traits = traits_of(part)
        hard = hard or traits.hard or closes or (traits.opens and index > 0)
        opens = opens or (traits.opens and index == 0)
        closes = traits.closes
    return Concat(shown, Traits(hard, opens, closes) if hard or opens or closes else _PLAIN)


def nest(by: int, *parts: Doc) -> Doc:
    return Nest(by, parts[0] if len(parts) == 1 else concat(*parts))


def align(*parts: Doc) -> Doc:
    return Align(parts[0] if len(parts) == 1 else concat(*parts))


def group(*parts: Doc) -> Doc:
    content = parts[0] if len(parts) == 1 else concat(*parts)
    return Group(content, traits_of(content))


def either(first: Doc, second: Doc) -> Doc:
    return Either(first, second, traits_of(second))


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
    out: list[Doc] = []
    for part in parts:
        out.extend([separator, group(LINE, part)] if out else [part])
    return concat(*out)


def traits_of(doc: Doc) -> Traits:
    while isinstance(doc, Nest | Align | Flat):
        doc = doc.content
    if isinstance(doc, Concat | Group | Either):
        return doc.traits
    if isinstance(doc, str):
        return _PLAIN
    hard = (isinstance(doc, Line) and doc.hard) or isinstance(doc, Verbatim)
    return Traits(hard, isinstance(doc, OwnLines), isinstance(doc, Suffix))


def width_of(doc: Doc, most: int) -> int | None:
    """How wide the document is on one line, if it can stand on one and that is not wider than ``most``."""
    width = 0
    todo = [doc]
    while todo:
        at = todo.pop()
        if isinstance(at, Line):
            width += len(at.flat)
        elif isinstance(at, str):
            width += len(at)
        elif isinstance(at, Broken):
            width += len(at.flat)
        elif isinstance(at, Nest | Align | Group | Flat):
            todo.append(at.content)
        elif isinstance(at, Either):
            todo.append(at.first)
        elif isinstance(at, Concat):
            todo.extend(reversed(at.parts))
        if width > most or isinstance(at, Suffix | OwnLines | Verbatim) or (isinstance(at, Line) and at.hard):
            return None
    return width


Task: TypeAlias = tuple[int, bool, "Doc"]


def render(doc: Doc, deepest: int | None = None) -> str:
    """The text. No line ends in blanks, and none begins further to the right than in column ``deepest``, which keeps the text of a
    very deep document as small as the document."""
    page = _Page()
    stack: list[Task] = [(0, False, doc)]
    while stack:
        indent, flat, at = stack.pop()
        column = indent if page.closed else page.column
        below = column if page.fresh else indent
        if isinstance(at, str):
            page.write(at, indent)
        elif isinstance(at, Concat):
            stack.extend((indent, flat, p) for p in reversed(at.parts))
        elif isinstance(at, Nest):
            stack.append((_at_most(indent + at.by, deepest), flat, at.content))
        elif isinstance(at, Align):
            stack.append((_at_most(page.column, deepest), flat, at.content))
        elif isinstance(at, Group):
            fits = flat or (not at.traits.hard and _fits(WIDTH - column, WIDTH - below, (True, at.content), stack))
            stack.append((indent, fits, at.content))
        elif isinstance(at, Flat):
            stack.append((indent, True, at.content))
        elif isinstance(at, Either):
            fits = flat or _fits(WIDTH - column, WIDTH - below, (False, at.first), stack)
            stack.append((indent, flat, at.first if fits else at.second))
        elif isinstance(at, Suffix):
            page.suffix(at.text, indent)
        elif isinstance(at, OwnLines):
            page.own_lines(at.texts, indent)
        elif isinstance(at, Verbatim):
            page.write(at.text, indent)
            page.column = len(at.text) - at.text.rfind("\n") - 1
        elif isinstance(at, Broken):
            page.write(at.flat if flat else at.broken, indent)
        elif flat and not at.hard:
            page.write(at.flat, indent)
        else:
            page.end_line(indent)
    page.strip()
    return "".join(page.out)


def _at_most(column: int, deepest: int | None) -> int:
    return column if deepest is None else min(column, deepest)


class _Page:
    """The text so far. ``fresh``: the last line is blank. ``closed``: it ends in a comment, and what comes next needs a new one."""

    __slots__ = ("closed", "column", "fresh", "out")

    def __init__(self) -> None:
        self.out: list[str] = []
        self.column = 0
        self.fresh = True
        self.closed = False

    def write(self, text: str, indent: int) -> None:
        if self.closed:
            self.column += len(text) - len(text.lstrip(" "))
            text = text.lstrip(" ")
            if not text:
                return
            self.end_line(indent)
        if text:
            self.out.append(text)
            self.column += len(text)
            self.fresh = False

    def suffix(self, text: str, indent: int) -> None:
        if self.closed:
            self.end_line(indent)
        if not self.fresh:
            self.strip()
            self.out.append("  ")
        self.out.append(text)
        self.fresh, self.closed = False, True

    def own_lines(self, texts: tuple[str, ...], indent: int) -> None:
        if not self.fresh:
            self.end_line(indent)
        for text in texts:
            self.out.append(text)
            self.end_line(self.column)

    def end_line(self, indent: int) -> None:
        self.strip()
        self.out.append("\n" + " " * indent)
        self.column = indent
        self.fresh, self.closed = True, False

    def strip(self) -> None:
        """Take back blanks at the end of the line."""
        while self.out:
            kept = self.out[-1].rstrip(" ")
            if kept:
                self.out[-1] = kept
                break
            self.out.pop()


def _fits(room: int, below: int, doc: tuple[bool, Doc], rest: list[Task]) -> bool:
    """Whether a document, on one line or broken as its flag says, and what follows it, fit up to the next line break. There is
    ``room`` for it, or ``below`` after comments on lines of their own."""
    following = len(rest)
    begun = False
    stack: list[tuple[bool, Iterator[Doc]]] = [(doc[0], iter((doc[1],)))]
    while room >= 0:
        if not stack:
            if following == 0:
                return True
            following -= 1
            _, flat, after = rest[following]
            stack.append((flat, iter((after,))))
            begun = True
        flat, docs = stack[-1]
        at = next(docs, None)
        if at is None:
            stack.pop()
        elif isinstance(at, str):
            room -= len(at)
            begun = True
        elif isinstance(at, Concat):
            stack.append((flat, iter(at.parts)))
        elif isinstance(at, Nest | Align | Group):
            stack.append((flat, iter((at.content,))))
        elif isinstance(at, Flat):
            stack.append((True, iter((at.content,))))
        elif isinstance(at, Either):
            stack.append((flat, iter((at.first if flat else at.second,))))
        elif isinstance(at, Broken):
            room -= len(at.flat if flat else at.broken)
        elif isinstance(at, OwnLines) and not begun:
            room = below
        elif isinstance(at, Verbatim):
            return room >= at.text.index("\n")
        elif isinstance(at, Suffix | OwnLines) or at.hard or not flat:
            return True
        else:
            room -= len(at.flat)
            begun = True
    return False
