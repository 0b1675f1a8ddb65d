"""The grammar: no conflicts, operator precedence, words, literals and comments."""

from __future__ import annotations

import logging
from importlib.resources import files

import lark
import pytest
from hypothesis import given
from hypothesis import strategies as st

import recsyn
from recsyn import LanguageError
from recsyn.lang import syntax as s
from recsyn.lang.comments import blanked, comments_of
from recsyn.lang.parser import parse_expression
from recsyn.lang.source import Source
from recsyn.lang.syntax import KEYWORDS

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


# Operators, against precedence climbing written from docs/language.md

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

NAMES = """class lambda __import__ self def x'a' as' funny endless i
    exec print __ _x typed iff matching type' eval __class__ globals""".split()


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    program = recsyn.loads(f"fun {name} ({name} : a) = let {name} = {name} in (fn {name} => {name}) {name}\nexample {name} 3 = 3")
    assert program.failed_examples() == []
    assert program[name](4) == 4
    assert len(program.trace(f"{name} 5")) == 4


@pytest.mark.parametrize(
    "name", ["None'", "True'", "None", "Type", "Object", "X'", "Fun", "Int", "List", "NotImplemented", "Exception"]
)
def test_constructor_names(name: str) -> None:
    program = recsyn.loads(f"type T = {name} Int\nfun get ({name} n) = n\nexample get ({name} 3) = 3")
    assert program.failed_examples() == []


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_keywords_are_no_names(word: str) -> None:
    assert "[syntax]" in refusal(f"fun {word} x = x")
    assert "[syntax]" in refusal(f"fun f {word} = 1")
    assert "[syntax]" in refusal(f"fun f x = x + {word}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import", "expected a name or a string, found the end of the declaration"),
        ("import list,", "expected a name or a string, found the end of the declaration"),
        ("import list nat", "expected `,` or the end of the declaration, found `nat`"),
        ("import List", "names of functions, variables and modules begin with a small letter"),
        ("import list.map", "a module is imported whole: `import list`"),
        ("partial type T = A", "expected `fun`, found `type`"),
        ("partial fun", "expected a name, found the end of the declaration"),
        ("property p", "expected a pattern, `=` or `when`, found the end of the declaration"),
        ("property P x = True", "expected a name, found `P`"),
        ("property p when True", "expected `=`, found the end of the declaration"),
        ("property p (x : Int) = True when x > 0", "`when` stands in a property, before its `=`"),
        ("fun f x when x = x", "expected a pattern, `:` or `=`, found `when`"),
        ("when True", "expected a declaration here, found `when`"),
        ("example 1", "expected `=`, found the end of the declaration"),
    ],
)
def test_malformed_declarations(text: str, message: str) -> None:
    assert message in refusal(text)


def test_every_kind_of_declaration() -> None:
    program = recsyn.loads(
        "import option, pair\nimport list\n"
        "partial fun down n = if n == 0 then [] else n :: up (n - 1) and up n = down n\n"
        "property p (xs : List a) (n : Int) when length xs == n && n < 2 = reverse xs == xs\n"
        "property q = first (swap (1, 'a')) == 'a'\n"
        "example list.map (fn x => Some x) (down 2) = [Some 2, Some 1]\n"
    )
    assert list(program) == ["down", "up"]
    assert [definition.partial for definition in (program["down"].definition, program["up"].definition)] == [True, True]
    assert [(p.name, len(p.types), p.guard is None) for p in program.checked.properties] == [("p", 2, False), ("q", 0, True)]
    assert program.checked.warnings == ()
    assert program.failed_examples() + program.falsified_properties() == []


DOCUMENTED = {
    "--- One.\nfun f x = x": "One.",
    "--- One.\n---  Two.\nfun f x = x": "One.\n Two.",
    "---\n--- One.\n\n---Two.   \n\nfun f x = x": "\nOne.\nTwo.",
    "fun e = 1\n--- One.\npartial fun f x = x": "One.",
    "---- No.\nfun f x = x": None,
    "-- No.\nfun f x = x": None,
    "--- No.\n-- In between.\nfun f x = x": None,
    "{- No. -}\nfun f x = x": None,
    "fun f x = x --- No.": None,
    "fun f x =\n  --- No.\n  x": None,
    "fun e = 1 --- No.\nfun f x = x": None,
    "--- No.\nfun e = 1\nfun f x = x": None,
}


@pytest.mark.parametrize("text", DOCUMENTED)
def test_documentation(text: str) -> None:
    assert recsyn.loads(text)["f"].definition.documentation == DOCUMENTED[text]


def test_documentation_of_a_group() -> None:
    program = recsyn.loads(
        "--- A.\ntype A = A\n--- B.\nand B = B and C = C\n--- f.\nfun f x = x\nand g x = x\n  --- h.\n  and h x = x\n"
    ).checked
    assert [program.datatypes[name].documentation for name in "ABC"] == ["A.", "B.", None]
    assert [program.definitions[name].documentation for name in "fgh"] == ["f.", None, "h."]


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


@given(st.text("-{}\"' \nax\\"))
def test_blanking_keeps_places(text: str) -> None:
    try:
        blank = blanked(text, comments_of(text))
    except recsyn.lang.comments.Fault:
        return
    assert len(blank) == len(text)
    assert all(b == t or (b == " " and t != "\n") for b, t in zip(blank, text, strict=True))
