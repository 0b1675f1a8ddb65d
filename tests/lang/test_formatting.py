"""Layout: what it keeps, that it settles at once, and what it looks like."""

from __future__ import annotations

import re
import threading
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsyn import LanguageError, RecsynError
from recsyn.lang import formatting
from recsyn.lang.comments import comments_of
from recsyn.lang.formatting import formatted
from recsyn.lang.library import module_names, module_source
from recsyn.lang.parser import parse_program
from recsyn.lang.source import Source, Span


def laid_out(text: str) -> str:
    return formatted(Source("test.rec", text))


def shape(text: str) -> list[Any]:
    """The syntax tree without its places, written down in order by a loop."""
    parsed = parse_program(Source("", text))
    assert parsed.errors == ()
    out: list[Any] = []
    todo: list[Any] = [parsed.declarations]
    while todo:
        at = todo.pop()
        if isinstance(at, tuple):
            out.append(len(at))
            todo.extend(at)
        elif is_dataclass(at):
            out.append(type(at).__name__)
            todo.extend(value for field in fields(at) if not isinstance(value := getattr(at, field.name), Span))
        else:
            out.append(at)
    return out


def comments(text: str) -> list[str]:
    """The comments without the blanks at the ends of their lines."""
    return [re.sub(r"\s*?(\n|\Z)", r"\1", text[c.start : c.end]) for c in comments_of(text)]


def without_comments(text: str) -> str:
    for comment in reversed(comments_of(text)):
        text = text[: comment.start] + "#" + text[comment.end :]
    return text


@settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_program(programs: st.SearchStrategy[str], data: st.DataObject) -> None:
    text = data.draw(programs)
    result = laid_out(text)
    assert shape(result) == shape(text)
    assert comments(result) == comments(text)
    assert laid_out(result) == result
    assert result.endswith("\n")
    assert not result.endswith("\n\n")
    assert "\n\n\n" not in without_comments(result)
    assert not re.search(r"[\t\r\f]| \n", without_comments(result))
