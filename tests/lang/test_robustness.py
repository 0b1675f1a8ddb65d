"""Whatever is given, what comes back is a program or a refusal in the user's terms, never a traceback."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn import LanguageError, RecsynError

ROOT = Path(__file__).parent.parent.parent
GOOD = [p.read_text("utf-8") for p in sorted((ROOT / "examples").glob("*.rec"))]
SNAPSHOTS = sorted((Path(__file__).parent / "diagnostics").glob("*.txt"))
GOOD += [p.read_text("utf-8").split("=" * 60)[0] for p in SNAPSHOTS]
WORDS = [
    *"type fun and match with end let in if then else fn example as import partial property when".split(),
    *"| => -> = == :: ++ + - * / % && || < <= ( ) [ ] , : _ -- {- -} 0 1 -1 'a' \"b\" '\\n' f g x xs' Int List A B True a".split(),
    *['"', "'", "\\", "\n", "\nfun ", "\ntype ", "\nexample ", "\0", "\ufeff", "é", "\u2028", "\r\n", "\t", "\x0b"],
]


def outcome(text: str) -> str:
    """How a text fares; every diagnostic of a refusal renders, and stands within the text."""
    try:
        program = recsyn.loads(text)
    except LanguageError as refusal:
        diagnostics = refusal.diagnostics
    else:
        program.failed_examples()
        return "accepted"
    assert diagnostics
    for diagnostic in diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
        assert "^" in diagnostic.render()
    return "refused"


@settings(deadline=None, max_examples=200)
@given(st.text() | st.text("fun x=()|:\n-{}'\"\\ 1A"))
def test_any_text(text: str) -> None:
    outcome(text)
    with contextlib.suppress(LanguageError):
        recsyn.loads("fun f x = x").value(text)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(WORDS), max_size=30))
def test_any_words(words: list[str]) -> None:
    outcome(" ".join(words))
    outcome("fun f x = " + " ".join(words))
    outcome("fun f x = match x with " + " ".join(words))


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_mutated_programs(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(GOOD))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(st.sampled_from(["", text[end : end + 9], *WORDS])) + text[end:]
    outcome(text)


@settings(deadline=None)
@given(st.binary() | st.text().map(lambda t: t.encode("utf-16")))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.rec"
    file.write_bytes(data)
    with contextlib.suppress(RecsynError):
        recsyn.load(file)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xfe", "is not a text file: byte 0 is not UTF-8"),
        (b"fun f x = \xe9", "is not a text file: byte 10 is not UTF-8"),
        (b"fun f x = \0", "holds a NUL character at offset 10"),
        (b"", "this file holds no declaration"),
        (b"\n\n", "this file holds no declaration"),
    ],
)
def test_files_that_are_no_programs(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "bad.rec").write_bytes(data)
    with pytest.raises(RecsynError) as caught:
        recsyn.load(tmp_path / "bad.rec")
    assert message in str(caught.value)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="there is no file"):
        recsyn.load(tmp_path / "missing.rec")
    with pytest.raises(RecsynError, match="is a folder, not a source file"):
        recsyn.load(tmp_path)
    with pytest.raises(RecsynError, match="cannot be read"):
        recsyn.load("nul\0inside.rec")
    with pytest.raises(RecsynError, match="cannot be read"):
        recsyn.load(tmp_path / ("x" * 10_000))


def test_marks_and_line_ends_of_other_systems(tmp_path: Path) -> None:
    (tmp_path / "windows.rec").write_bytes(b"\xef\xbb\xbf-- a comment\r\nfun f x =\r\n  x + 1\r\n\r\nexample f 1 = 2\r\n")
    program = recsyn.load(tmp_path / "windows.rec")
    assert program.failed_examples() == []
    assert program["f"](1) == 2


# Very large


def test_nested_parentheses() -> None:
    assert recsyn.loads("fun f x = x").value("(" * 100_000 + "7" + ")" * 100_000) == 7


@pytest.mark.parametrize("text", ["(" * 20_000, ")" * 20_000, "[" * 20_000, "(" * 20_000 + "1" + ")" * 19_999, "- " * 20_000])
def test_unbalanced(text: str) -> None:
    assert outcome(f"fun f x = {text}") == "refused"


@pytest.mark.parametrize("items", [20_000, pytest.param(200_000, marks=pytest.mark.slow)])
def test_a_long_list(items: int) -> None:
    assert recsyn.loads("fun f x = x").value(f"[{', '.join(['1'] * items)}]") == recsyn.values.from_iterable([1] * items)


def test_long_words() -> None:
    name, number = "x" * 100_000, "9" * 100_000
    program = recsyn.loads(f"type T = {name.upper()} Int\nfun {name} n = {name.upper()} (n + {number})")
    assert program[name](1).fields == (10**100_000,)
    assert str(program[name](1)) == f"{name.upper()} 1{'0' * 100_000}"
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"fun f x = {name}")
    assert caught.value.diagnostics[0].position == (1, 11, 1, 100_011)


DEEP = {
    "functions": ("fn x => " * 2_000 + "1", None),
    "applications": ("id (" * 5_000 + "1" + ")" * 5_000, "1"),
    "lets": ("let x = 1 in " * 5_000 + "x", "1"),
    "conditions": ("if True then " * 2_000 + "1" + " else 2" * 2_000, "1"),
    "matches": ("match 1 with _ => " * 2_000 + "1" + " end" * 2_000, "1"),
    "a chain of operators": ("1" + " + 1" * 20_000, "20001"),
    "a chain to the right": ("[]" + " ++ []" * 20_000, "[]"),
    "minus signs": ("- " * 20_000 + "1", "1"),
    "tuples": ("(" * 1_000 + "1" + ", 2)" * 1_000, None),
    "lists": ("[" * 1_000 + "]" * 1_000, None),
    "annotations": ("(" * 2_000 + "1" + " : Int)" * 2_000, "1"),
    "types": ("([] : " + "List (" * 2_000 + "Int" + ")" * 2_000 + ")", "[]"),
    "arrows": ("match [] with f :: _ => let _ = (f : " + "Int -> " * 2_000 + "Int) in 1 | [] => 2 end", "2"),
    "patterns": ("match [1] with " + "(" * 5_000 + "x" + ")" * 5_000 + " => 1 end", "1"),
    "cons patterns": ("match [] with " + "1 :: " * 2_000 + "_ => 1 | _ => 2 end", "2"),
    "a string": (f'"{"a" * 50_000}" == "b"', "False"),
    "a string pattern": (f'match "b" with "{"a" * 5_000}" => 1 | _ => 2 end', "2"),
}


@pytest.mark.parametrize("kind", DEEP)
def test_deep(kind: str) -> None:
    text, value = DEEP[kind]
    shown = str(recsyn.loads("fun id x = x").value(text))
    assert shown == (value or shown)
    assert outcome(f"fun id x = x\nfun g y = {text}") == "accepted"


def test_many_declarations() -> None:
    source = "\n".join(f"fun f{i} x = {f'f{i - 1} x' if i else 'x'}" for i in range(1_500))
    assert recsyn.loads(source)["f1499"](3) == 3


def test_many_errors() -> None:
    with pytest.raises(LanguageError) as caught:
        recsyn.loads("\n".join(f"fun f{i} x = )" for i in range(500)))
    assert len(caught.value.diagnostics) == 500
    with pytest.raises(LanguageError) as caught:
        recsyn.loads("$" * 10_000)
    assert len(caught.value.diagnostics) == 20
