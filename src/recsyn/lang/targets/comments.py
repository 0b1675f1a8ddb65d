"""What comments of generated programs say."""

from __future__ import annotations

from pathlib import PurePath

from recsyn.lang.program import Program


def source_name(program: Program) -> str:
    """The program's file, without its folder, on one line."""
    return " ".join(paragraphs(PurePath(program.source.name).name))


def paragraphs(text: str) -> list[str]:
    """The lines of a text, without characters that would not show."""
    return ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in text.splitlines()] or [""]
