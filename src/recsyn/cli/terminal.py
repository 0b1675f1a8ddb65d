"""How the command line looks: results on standard output, progress and complaints on standard error."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console, JustifyMethod
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.printer import Piece
from recsyn.values import CONS, Datum, Value, show, to_list

_WIDE = 132
"""Columns where no terminal says how many there are."""


class _Console(Console):
    """Rich's console, but that a closed pipe is told to the caller: to exit with 1 would say that a failure was found."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


_BAR = 28
"""The width of a bar that stands for all."""


def console(stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return _Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=None if stream.isatty() else _WIDE)


def say(text: str | Text = "") -> None:
    """A line of the result, never wrapped or cut."""
    console().print(text, soft_wrap=True)


def note(message: str) -> None:
    """What goes on, on standard error."""
    console(stderr=True).print(message, soft_wrap=True)


def complain(message: str) -> None:
    """What is wrong, on standard error."""
    note(f"recsyn: {message}")


def tell(diagnostics: Iterable[Diagnostic]) -> None:
    """Remarks on a source, on standard error, coloured where that is a terminal."""
    shown = console(stderr=True)
    for diagnostic in diagnostics:
        text = _coloured(diagnostic) if shown.is_terminal else Text(diagnostic.render())
        shown.print(text.append("\n"), soft_wrap=True)


def _coloured(diagnostic: Diagnostic) -> Text:
    from recsyn.lang.highlighting import RecsynLexer

    strong = "bold red" if diagnostic.severity == "error" else "bold yellow"
    head, place, blank, source, marks, *hint = diagnostic.render().split("\n")
    gutter = source.index("|") + 1
    code = Syntax("", RecsynLexer(), theme="ansi_dark").highlight(source[gutter:])
    code.rstrip()
    kind, colon, message = head.partition(":")
    return Text("\n").join(
        [
            Text.assemble((kind, strong), colon, (message, "bold")),
            Text(place, "dim"),
            Text(blank, "dim"),
            Text.assemble((source[:gutter], "dim"), code),
            Text.assemble((marks[:gutter], "dim"), (marks[gutter:], strong)),
            *(Text(line, "cyan") for line in hint),
        ]
    )


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]], whole: Collection[str] = ()) -> None:
    """A table of the result; numbers to the right. Where there is too little room, columns are folded, those in ``whole`` last."""
    say(Text(" ".join(title.split()), style="bold"))
    drawn = Table(box=None, padding=(0, 2, 0, 0))
    listed = [list(row) for row in rows]
    for index, name in enumerate(columns):
        numeric = bool(listed) and all(isinstance(row[index], int | float) for row in listed)
        side: JustifyMethod = "right" if numeric else "left"
        drawn.add_column(name, justify=side, overflow="fold", header_style="dim", no_wrap=name in whole)
    for row in listed:
        drawn.add_row(*(Text(f"{cell:.3f}" if isinstance(cell, float) else str(cell)) for cell in row))
    console().print(drawn)


_DEEPEST = 40
"""Levels of a value that are drawn; deeper parts are written."""


def drawing(value: Datum) -> Text:
    """A value as a tree: a constructor with its integers and characters stands above its other fields. What is a constructor over
    integers, characters and constants, a string, or very deep, stands on one line."""
    drawn = Text()
    stack = [(value, "", "", 0)]
    while stack:
        node, before, below, level = stack.pop()
        drawn.append(before, "dim").append_text(_head(node, level)).append("\n")
        parts = _drawn_below(node, level)
        places = [("├── ", "│   ")] * (len(parts) - 1) + [("└── ", "    ")]
        rows = [(part, below + own, below + under, level + 1) for part, (own, under) in zip(parts, places, strict=False)]
        stack.extend(reversed(rows))
    drawn.rstrip()
    return drawn


def _drawn_below(value: Datum, level: int) -> list[Datum]:
    """The parts that are drawn under a value: the items of a list, or the fields that are values themselves."""
    if not isinstance(value, Value) or level >= _DEEPEST or all(not f.fields for f in value.fields if isinstance(f, Value)):
        return []
    if value.constructor == CONS:
        items = to_list(value)
        return [] if all(isinstance(item, str) for item in items) else items
    return [part for part in value.fields if isinstance(part, Value)]


def _head(value: Datum, level: int) -> Text:
    """What stands on the line of a value."""
    if not _drawn_below(value, level):
        return Text(show(value))
    if value.constructor == CONS:
        return Text("[…]", "dim")
    atoms = (show(part) for part in value.fields if not isinstance(part, Value))
    return Text(" ".join([value.constructor, *atoms]))


def marked(pieces: Iterable[Piece]) -> Text:
    """Text with the redex picked out: underlined in a terminal, between ``⟦`` and ``⟧`` elsewhere."""
    text, inside = Text(), False
    coloured = console().is_terminal
    for piece, within in pieces:
        if within != inside and not coloured:
            text.append("⟦" if within else "⟧")
        inside = within
        text.append(piece, style="bold underline magenta" if within else "")
    return text.append("⟧") if inside and not coloured else text


def bar(share: float) -> str:
    return "█" * round(share * _BAR)


@contextmanager
def progress(noun: str) -> Iterator[Progress]:
    """A progress bar on standard error; ``{task.fields[note]}`` shows what else there is to say."""
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{noun}  {{task.fields[note]}}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left:", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=False) as shown:
        yield shown


def shown_time(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"
