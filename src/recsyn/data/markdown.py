"""Texts as they stand on a page of Markdown, which the cards of data sets and of checkpoints are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from re import findall

_RULES = {"l": "---", "r": "---:"}


@dataclass(frozen=True)
class Table:
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        return f"{self.title}\n\n{table(self.header, 'l' * len(self.header), self.rows)}"


def on_one_line(text: str) -> str:
    """A text with a space in place of all white space between its words."""
    return " ".join(text.split())


def fenced(text: str, language: str = "") -> str:
    """A text shown as it is, whatever it holds."""
    fence = "`" * (3 + max((len(run) for run in findall("`{3,}", text)), default=0))
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def table(head: Sequence[str], aligned: str, rows: Iterable[Sequence[object]]) -> str:
    """A table; ``aligned`` has an ``l`` or an ``r`` for each column."""
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in (head, *rows)]
    lines.insert(1, f"|{'|'.join(_RULES[side] for side in aligned)}|")
    return "\n".join(lines)


def _cell(content: object) -> str:
    """A bar would end it."""
    return str(content).replace("|", r"\|")
