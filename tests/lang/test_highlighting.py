"""Colours: nothing of a text is lost, a program has no error in it, and words and comments are those of the language."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Token

from recsyn.lang.comments import comments_of
from recsyn.lang.diagnostics import Fault
from recsyn.lang.highlighting import RecsynLexer
from recsyn.lang.library import module_names, module_source
from recsyn.lang.parser import tokens_of
from recsyn.lang.source import Source
from recsyn.lang.syntax import KEYWORDS

ROOT = Path(__file__).parent.parent.parent
SOURCES = [p.read_text("utf-8") for p in sorted((ROOT / "examples").glob("*.rec"))]
SOURCES += [module_source(name).text for name in module_names()]


def pieces(text: str) -> list[tuple[object, str]]:
    found = list(RecsynLexer().get_tokens_unprocessed(text))
    assert "".join(piece for _, _, piece in found) == text
    assert all(text.startswith(piece, at) for at, _, piece in found)
    return [(kind, piece) for _, kind, piece in found]


def assert_agrees(text: str) -> None:
    """The lexer of the language and this one find the same keywords, literals and comments."""
    found = pieces(text)
    assert Error not in [kind for kind, _ in found]
    assert [piece for kind, piece in found if kind in Comment] == [
        text[c.start : c.end] for c in comments_of(text.replace("\r", " "))
    ]
    tokens = tokens_of(Source("", text)).tokens
    assert [piece for kind, piece in found if kind is Keyword] == [str(t) for t in tokens if t in KEYWORDS]
    assert [piece for kind, piece in found if kind in Number] == [str(t) for t in tokens if t.type == "INTEGER"]
    literals = "".join(piece for kind, piece in found if kind in String)
    assert literals == "".join(str(t) for t in tokens if t.type in ("STRING", "CHARACTER"))


@settings(max_examples=200)
@given(st.text() | st.text("fun x=()|:\n-{}'\"\\ 1A.\r"))
def test_any_text_round_trips(text: str) -> None:
    pieces(text)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_program(programs: st.SearchStrategy[str], data: st.DataObject) -> None:
    assert_agrees(data.draw(programs))


@pytest.mark.parametrize("text", SOURCES, ids=lambda text: text.split("\n")[0][:40])
def test_real_programs(text: str) -> None:
    assert_agrees(text)


@settings(max_examples=200)
@given(st.text("-{}\"' \nax\\"))
def test_comments_are_those_of_the_language(text: str) -> None:
    try:
        expected = [text[c.start : c.end] for c in comments_of(text)]
    except Fault:
        return
    if tokens_of(Source("", text)).errors:
        return
    assert [piece for kind, piece in pieces(text) if kind in Comment] == expected


def test_keywords_are_those_of_the_grammar() -> None:
    grammar = (files("recsyn") / "grammars" / "recsyn.lark").read_text("utf-8")
    assert set(KEYWORDS) == set(re.findall(r'^[A-Z]+: "([a-z]+)"$', grammar, re.MULTILINE))


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("fun succ", [(Keyword, "fun"), (Name.Function, "succ")]),
        ("funny fun' _x", [(Name, "funny"), (Name, "fun'"), (Name, "_x")]),
        (
            "list.map fun.x",
            [
                (Name.Namespace, "list"),
                (Punctuation, "."),
                (Name, "map"),
                *[(Name.Namespace, "fun"), (Punctuation, "."), (Name, "x")],
            ],
        ),
        ("tree.Leaf Leaf", [(Name.Namespace, "tree"), (Punctuation, "."), (Name.Class, "Leaf"), (Name.Class, "Leaf")]),
        ("Int Integer True", [(Keyword.Type, "Int"), (Name.Class, "Integer"), (Keyword.Constant, "True")]),
        ("not note", [(Name.Builtin, "not"), (Name, "note")]),
        ("a->b", [(Name, "a"), (Operator, "->"), (Name, "b")]),
        ("a--b", [(Name, "a"), (Comment.Single, "--b")]),
        ("--- d\n---- e", [(Comment.Special, "--- d"), (Comment.Single, "---- e")]),
        ("{- {- -} -}{--}1", [(Comment.Multiline, "{- {- -} -}"), (Comment.Multiline, "{--}"), (Number.Integer, "1")]),
        ("{- {- -} 1", [(Comment.Multiline, "{- {- -} 1")]),
        ('"a\\n"', [(String, '"'), (String, "a"), (String.Escape, "\\n"), (String, '"')]),
        ('"a\\q', [(String, '"'), (String, "a"), (Error, "\\q")]),
        ('"a\n1', [(String, '"'), (String, "a"), (Number.Integer, "1")]),
        ("'a' x'a'", [(String.Char, "'a'"), (Name, "x'a'")]),
        ("'\\u{41}'", [(String.Char, "'"), (String.Escape, "\\u{41}"), (String.Char, "'")]),
        ("é", [(Error, "é")]),
    ],
)
def test_kinds(text: str, kinds: list[tuple[object, str]]) -> None:
    assert [(kind, piece) for kind, piece in pieces(text) if kind is not Token.Text.Whitespace] == kinds


def test_pygments_finds_it() -> None:
    assert isinstance(get_lexer_by_name("recsyn"), RecsynLexer)
    assert isinstance(get_lexer_for_filename("a.rec"), RecsynLexer)
