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
from recsyn.lang.parser import parse_program, tokens_of
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


def assert_kept_and_settled(text: str) -> None:
    result = laid_out(text)
    assert shape(result) == shape(text)
    assert comments(result) == comments(text)
    assert laid_out(result) == result
    assert result.endswith("\n")
    assert not result.endswith("\n\n")
    assert "\n\n\n" not in without_comments(result)
    assert not re.search(r"[\t\r\f]| \n", without_comments(result))


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_program(programs: st.SearchStrategy[str], data: st.DataObject) -> None:
    assert_kept_and_settled(data.draw(programs))


@pytest.mark.slow
@settings(max_examples=500, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_program_at_length(programs: st.SearchStrategy[str], data: st.DataObject) -> None:
    assert_kept_and_settled(data.draw(programs))


ROOT = Path(__file__).parent.parent.parent
SOURCES = {p.stem: p.read_text("utf-8") for p in sorted((ROOT / "examples").glob("*.rec"))}
SNAPSHOTS = sorted((Path(__file__).parent / "layouts").glob("*.txt"))
SOURCES |= {f"library {name}": module_source(name).text for name in module_names()}


@pytest.mark.parametrize("text", SOURCES.values(), ids=SOURCES)
def test_real_programs(text: str) -> None:
    result = laid_out(text)
    assert shape(result) == shape(text)
    assert comments(result) == comments(text)
    assert laid_out(result) == result
    assert max(map(len, result.splitlines())) <= 100


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.rec")), ids=lambda p: p.name)
def test_examples_are_laid_out(path: Path) -> None:
    assert laid_out(path.read_text("utf-8")) == path.read_text("utf-8")


@pytest.mark.parametrize("text", SOURCES.values(), ids=SOURCES)
def test_only_empty_lines_and_chosen_breaks_matter(text: str) -> None:
    """How many blanks there are, which ones, and before which words lines are broken that have to be, says nothing."""
    out, at = [], 0
    for token in tokens_of(Source("", text)).tokens:
        gap = text[at : token.start_pos]
        out.append(re.sub(r"\n *\Z", " \r\n \t", gap) if "\n" in gap else "\t \f" if gap else "")
        out.append(str(token))
        at = token.end_pos or 0
    assert laid_out("".join(out)) == laid_out(text)


@pytest.mark.parametrize("snapshot", SNAPSHOTS, ids=lambda p: p.stem)
def test_snapshots(snapshot: Path) -> None:
    text, expected = snapshot.read_text("utf-8").split("=" * 60 + "\n")
    assert laid_out(text) == expected
    assert laid_out(expected) == expected


@pytest.mark.parametrize(
    "text", ["", "-- nothing\n", "fun f x = (", "fun f = 'ab'", "fun f = 1 == 2 == 3", 'fun f = "\\q"', "{- ", "f = 1"]
)
def test_what_does_not_parse(text: str) -> None:
    with pytest.raises(LanguageError):
        laid_out(text)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("fun f x = x", "fun f x = y"),
        ("fun f = 1", "fun f = 2 -- c"),
        ("fun f = 1 -- c", "fun f = 1 -- d"),
        ("fun f = 1", "--- f\nfun f = 1"),
    ],
)
def test_a_wrong_layout_is_refused(monkeypatch: pytest.MonkeyPatch, wrong: str, right: str) -> None:
    monkeypatch.setattr(formatting, "_laid_out", lambda *_: wrong)
    with pytest.raises(RecsynError, match="fault of recsyn's"):
        laid_out(right)


def test_a_comment_that_would_document_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formatting, "_laid_out", lambda *_: "fun f = 1\n--- c\nfun g = 2\n")
    with pytest.raises(RecsynError, match="fault of recsyn's"):
        laid_out("fun f = 1 --- c\nfun g = 2\n")


def deep(depth: int) -> dict[str, str]:
    return {
        "parentheses": f"fun x = {'(' * depth}1{')' * depth}",
        "lists": f"fun x = {'[' * depth}1{']' * depth}",
        "numbers": f"fun x = [{', '.join(map(str, range(2 * depth)))}]",
        "applications": f"fun x = {'S (' * depth}1{')' * depth}",
        "arguments": f"fun x = {'S 1 (' * depth}1{')' * depth}",
        "operators": f"fun x = {' + '.join('1' * depth)}",
        "minuses": f"fun x = {'- ' * depth}1",
        "lets": f"fun x = {'let a = 1 in ' * (depth // 5)}1",
        "ifs": f"fun x = {'if a then 1 else ' * (depth // 5)}1",
        "functions": f"fun x = {'f (fn x => ' * (depth // 5)}1{')' * (depth // 5)}",
        "types": f"fun x : {'Int -> ' * depth}Int = 1",
        "patterns": f"fun f ({'x :: ' * depth}y{' as y' * (depth // 5)}) = 1",
        "arms": f"fun f x = match x with {' | '.join(f'C{i} => {i}' for i in range(depth // 20))} end",
        "matches": f"fun f x = {'match x with A => ' * (depth // 20)}1{' end' * (depth // 20)}",
        "comments": "fun f = [\n" + "".join(f"-- {i}\n {i}, -- {i}\n" for i in range(depth // 20)) + "1]",
        "functions and comments": "".join(f"-- {i}\nfun f{i} (x : Int) : Int = x + {i} * 2 -- c\n" for i in range(depth // 30)),
    }


def settled_on_a_small_stack(text: str) -> None:
    """Lay the text out and then what came of it, on a stack of 256 KiB."""
    results: list[str] = []

    def twice() -> None:
        results.append(laid_out(text))
        results.append(laid_out(results[0]))

    before = threading.stack_size(256 * 1024)
    try:
        thread = threading.Thread(target=twice)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert len(results) == 2
    assert results[0] == results[1]
    assert len(results[0]) < 30 * len(text) + 1000


@pytest.mark.parametrize("kind", deep(1))
def test_deep_programs(kind: str) -> None:
    settled_on_a_small_stack(deep(2000)[kind])


@pytest.mark.slow
@pytest.mark.parametrize("kind", deep(1))
def test_very_deep_programs(kind: str) -> None:
    settled_on_a_small_stack(deep(100_000)[kind])
