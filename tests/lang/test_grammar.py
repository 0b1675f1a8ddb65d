"""The grammar: no conflicts, operator precedence, words, literals and comments."""

from __future__ import annotations

import logging
from importlib.resources import files

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn import LanguageError
from recsyn.lang import syntax as s
from recsyn.lang.comments import blanked, comments_of
from recsyn.lang.parser import parse_expression
from recsyn.lang.source import Source

EMPTY = recsyn.loads("fun id x = x")


def refusal(text: str) -> str:
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(text)
    return caught.value.message


def conflicts(grammar: str, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What Lark says of the conflicts that it resolves, which it otherwise does in silence."""
    caplog.set_level(logging.DEBUG, logger=lark.logger.name)
    lark.Lark(grammar, parser="lalr", lexer="basic", start=["declaration", "expression", "_type"], debug=True)
    return [r.getMessage() for r in caplog.records if "onflict" in r.getMessage()]


def test_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    grammar = (files("recsyn") / "grammars" / "recsyn.lark").read_text("utf-8")
    assert conflicts(grammar, caplog) == []


def test_conflicts_would_be_seen(caplog: pytest.LogCaptureFixture) -> None:
    grammar = (files("recsyn") / "grammars" / "recsyn.lark").read_text("utf-8")
    assert conflicts(grammar.replace("ELSE expression\n", "(ELSE expression)?\n"), caplog)


# Operators, against precedence climbing written from LANGUAGE.md

LEVELS = [
    ("||", 1, "right"),
    ("&&", 2, "right"),
    *((o, 3, "none") for o in ("==", "!=", "<", "<=", ">", ">=")),
    ("::", 4, "right"),
    ("++", 4, "right"),
    ("+", 5, "left"),
    ("-", 5, "left"),
    ("*", 6, "left"),
    ("/", 6, "left"),
    ("%", 6, "left"),
]
LEVEL = {operator: (level, side) for operator, level, side in LEVELS}


class Chained(Exception):
    """Two comparisons in a row."""


def climb(tokens: list[str], least: int = 0) -> str:
    """The fully parenthesised reading of ``operand operator operand …``; takes the tokens from the front."""
    left = f"(-{tokens.pop(0)})" if tokens[0] == "~" and tokens.pop(0) else tokens.pop(0)
    last = None
    while tokens and LEVEL[tokens[0]][0] >= least:
        operator = tokens.pop(0)
        level, side = LEVEL[operator]
        if last == level and side == "none":
            raise Chained
        right = climb(tokens, level if side == "right" else level + 1)
        left, last = f"({left}{operator}{right})", level
    return left


def parenthesised(written: s.Expression) -> str:
    if isinstance(written, s.OperatorExpression):
        left = parenthesised(written.left) if written.left else ""
        return f"({left}{written.operator}{parenthesised(written.right)})"
    if isinstance(written, s.ApplyExpression):
        return " ".join(map(parenthesised, (written.function, *written.arguments)))
    assert isinstance(written, s.Name)
    return written.name


@settings(deadline=None)
@given(st.data())
def test_precedence(data: st.DataObject) -> None:
    operators = data.draw(st.lists(st.sampled_from([o for o, _, _ in LEVELS]), max_size=8))
    tokens: list[str] = []
    for index in range(len(operators) + 1):
        tokens += ["~"] * data.draw(st.booleans()) + [data.draw(st.sampled_from(["x", "f y"]))] + operators[index : index + 1]
    text = " ".join(tokens).replace("~", "-")
    try:
        expected = climb(list(tokens))
    except Chained:
        with pytest.raises(LanguageError, match="do not chain"):
            parse_expression(Source("", text))
    else:
        assert parenthesised(parse_expression(Source("", text))) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-7 / 2", "-4"),
        ("-(7 / 2)", "-3"),
        ("- - 3", "3"),
        ("2 - -3", "5"),
        ("let f = 5 in f -1", "4"),
        ("2 * if True then 3 else 4 + 1", "6"),
        ("1 + let x = 2 in x * 3", "7"),
        ("- let x = 2 in x + 1", "-3"),
        ("(fn x y => x :: y) 1 [] ++ [2]", "[1, 2]"),
        ("not True || True", "True"),
        ("match 1 with 1 => 2 | _ => 3 end + 1", "3"),
        ("id match 1 with | 1 => 2 | _ => 3 end", "2"),
        ("match match 1 with x => x end with 1 => [1] | _ => [] end", "[1]"),
        ("(fn x => x : Int -> Int) 3", "3"),
        ("[(1), 2,3]", "[1, 2, 3]"),
        ("((1))", "1"),
    ],
)
def test_reach(text: str, value: str) -> None:
    assert str(EMPTY.value(text)) == value


# Words

NAMES = "class lambda None' __import__ self def x'a' as' funny endless i exec print True' __ _x typed iff matching type'".split()


@pytest.mark.parametrize("name", [n for n in NAMES if n[0].islower() or n[0] == "_"])
def test_names(name: str) -> None:
    program = recsyn.loads(f"fun {name} ({name} : a) = let {name} = {name} in (fn {name} => {name}) {name}\nexample {name} 3 = 3")
    assert program.failed_examples() == []
    assert program[name](4) == 4
    assert len(program.trace(f"{name} 5")) == 4


@pytest.mark.parametrize("name", ["None'", "None", "Type", "Object", "X'", "Fun", "Int", "List"])
def test_constructor_names(name: str) -> None:
    program = recsyn.loads(f"type T = {name} Int\nfun get ({name} n) = n\nexample get ({name} 3) = 3")
    assert program.failed_examples() == []


KEYWORDS = "type fun and partial match with end let in if then else fn import example property when as".split()


@pytest.mark.parametrize("word", KEYWORDS)
def test_keywords_are_no_names(word: str) -> None:
    assert "[syntax]" in refusal(f"fun {word} x = x")
    assert "[syntax]" in refusal(f"fun f {word} = 1")
    assert "[syntax]" in refusal(f"fun f x = x + {word}")


@pytest.mark.parametrize("word", ["import", "property", "partial", "when"])
def test_words_for_later(word: str) -> None:
    message = refusal(f"{word} list\nfun f x = x")
    assert f"`{word}` is a word of the language that this version does not read yet" in message


def test_declarations_begin_lines_but_may_go_on() -> None:
    assert list(recsyn.loads("fun f x =\n  x and g y = y\n\n  fun h z =\n z")) == ["f", "g", "h"]


# Literals


@pytest.mark.parametrize(
    ("text", "datum"),
    [
        (r"'\n'", "\n"),
        (r"'\''", "'"),
        ("'\"'", '"'),
        (r"'\"'", '"'),
        (r"'\u{1F600}'", "😀"),
        (r"'\u{0}'", "\0"),
        (r"'\0'", "\0"),
        (r"'\\'", "\\"),
        ("'é'", "é"),
        ("' '", " "),
        ("007", 7),
        ("-0", 0),
    ],
)
def test_literals(text: str, datum: object) -> None:
    assert EMPTY.value(text) == datum


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"'\q'", r"`\q` is no escape"),
        (r'"ab\u{110000}"', r"`\u{110000}` is no escape"),
        (r"'\u{D800}'", "is no escape"),
        ("'ab'", "not a character literal"),
        ("''", "not a character literal"),
        ("'", "not a character literal"),
        ('"abc', "not closed on its line"),
        ('"a\nb"', "not closed on its line"),
        ("a & b", "`&&` is an operator"),
        ("é", "`é` is not part of the language"),
        ("\u200b", "U+200B"),
        ("", "expected an expression, found nothing"),
        ("1 +", "found the end"),
        ("1 2 )", "found `)`"),
    ],
)
def test_bad_literals(text: str, message: str) -> None:
    with pytest.raises(LanguageError) as caught:
        EMPTY.value(text)
    assert message in caught.value.message


# Comments


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("a -- b\nc", "a     \nc"),
        ("a {- b {- c -} d -} e", "a                   e"),
        ("a {- -- -} b", "a          b"),
        ('"--" a', '"--" a'),
        ('"{-" a', '"{-" a'),
        (r'"\"--" a', r'"\"--" a'),
        ("'\"' -- \"", "'\"'     "),
        ("x' --'", "x'    "),
        ("a --{- b\nc", "a       \nc"),
        ('{- " -} a', "        a"),
        ("--- doc\na", "       \na"),
        ("a - - b", "a - - b"),
        ("{-\n-}", "  \n  "),
    ],
)
def test_comments(text: str, blank: str) -> None:
    assert blanked(text, comments_of(text)) == blank


def test_a_comment_that_never_ends() -> None:
    assert "this comment is never closed" in refusal("fun f x = x\n{- {- -}")


@settings(deadline=None)
@given(st.text("-{}\"' \nax\\"))
def test_blanking_keeps_places(text: str) -> None:
    try:
        blank = blanked(text, comments_of(text))
    except recsyn.lang.comments.Fault:
        return
    assert len(blank) == len(text)
    assert all(b == t or (b == " " and t != "\n") for b, t in zip(blank, text, strict=True))
