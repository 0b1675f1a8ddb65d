"""Predicates over features against Python's own reading of them."""

from __future__ import annotations

import logging
from importlib.resources import files
from typing import Any

import lark
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.predicates import Predicate
from recsyn.errors import RecsynError
from recsyn.testing.rules import Condition, Rule

NAMES = ("size", "recursion_depth", "count_::", "count_[]", "count_(,)", "spine_Branch_3", "notable", "orb")
ROWS = 40
COLUMNS = {name: np.random.default_rng(number).integers(-4, 5, ROWS) for number, name in enumerate(NAMES)}
IN_PYTHON = {"≤": "<=", "≥": ">=", "≠": "!=", "=": "=="}

operands = st.one_of(st.sampled_from(NAMES), st.integers(-5, 5).map(str))
relations = st.sampled_from(["<", "<=", "≤", ">", ">=", "≥", "=", "==", "!=", "≠"])
comparisons = st.tuples(operands, st.lists(st.tuples(relations, operands), min_size=1, max_size=3))


def compared(drawn: tuple[str, list[tuple[str, str]]]) -> tuple[str, str]:
    """As recsyn and as Python writes it."""
    first, rest = drawn
    ours = " ".join([first, *(word for pair in rest for word in pair)])
    python = " ".join([value(first), *(w for r, o in rest for w in (IN_PYTHON.get(r, r), value(o)))])
    return ours, f"({python})"


def value(operand: str) -> str:
    return f"row[{operand!r}]" if operand in NAMES else f"({operand})"


predicates = st.recursive(
    comparisons.map(compared),
    lambda inner: st.one_of(
        inner.map(lambda p: (f"not ({p[0]})", f"(not {p[1]})")),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]}) and ({p[1][0]})", f"({p[0][1]} and {p[1][1]})")),
        st.tuples(inner, inner).map(lambda p: (f"({p[0][0]})or({p[1][0]})", f"({p[0][1]} or {p[1][1]})")),
    ),
    max_leaves=12,
)


def in_python(text: str) -> list[bool]:
    rows = [{name: int(column[i]) for name, column in COLUMNS.items()} for i in range(ROWS)]
    return [bool(eval(text, {"row": row})) for row in rows]


@given(predicates)
@settings(max_examples=200)
def test_a_predicate_holds_where_python_says(pair: tuple[str, str]) -> None:
    ours, python = pair
    assert Predicate.of(ours).holds(COLUMNS).tolist() == in_python(python)


@given(st.lists(st.tuples(st.sampled_from(["", "not ", "not not "]), comparisons), min_size=1, max_size=5), st.data())
@settings(max_examples=200)
def test_not_binds_before_and_before_or(parts: list[Any], data: st.DataObject) -> None:
    ours, python = "", ""
    for place, (nots, drawn) in enumerate(parts):
        join = data.draw(st.sampled_from([" and ", " or "])) if place else ""
        one, other = compared(drawn)
        ours, python = ours + join + nots + one, python + join + nots + other
    assert Predicate.of(ours).holds(COLUMNS).tolist() == in_python(python)


def test_a_rule_that_explains_failures_is_a_predicate() -> None:
    rule = Rule((Condition("recursion_depth", ">=", 2), Condition("size", "<=", 3), Condition("orb", "==", -1)))
    assert (Predicate.of(str(rule)).holds(COLUMNS) == rule.holds(COLUMNS)).all()


def test_the_features_it_speaks_of_are_known() -> None:
    predicate = Predicate.of("recursion_depth > 5 and 3 <= size < count_:: or size = 2")
    assert predicate.features == ("recursion_depth", "size", "count_::")
    predicate.check(NAMES)
    with pytest.raises(RecsynError, match="no feature `recursion_dept`") as caught:
        Predicate.of("recursion_dept > 5").check(NAMES)
    assert caught.value.hint == "did you mean `recursion_depth`?"
    with pytest.raises(RecsynError, match="no feature `x`") as caught:
        Predicate.of("x > 5").check(NAMES)
    assert "size, recursion_depth" in str(caught.value.hint)


def test_without_rows_it_holds_nowhere() -> None:
    nothing = {name: column[:0] for name, column in COLUMNS.items()}
    for text in ("size > 1", "1 < 2", "not 1 < 2 or size = 2"):
        assert Predicate.of(text).holds(nothing).shape == (0,)
    assert Predicate.of("1 < 2").holds(COLUMNS).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends too early"),
        ("size", "ends too early"),
        ("size >", "ends too early"),
        ("(size > 3", "ends too early"),
        ("size > > 3", "`>`, at character 8 of"),
        ("size > 3)", "`)`, at character 9 of"),
        ("size > 3 size < 4", "`size`, at character 10 of"),
        ("size > 3 & size < 4", "`&`, character 10 of"),
        ("size > 1.5", "`.`, character 9 of"),
        ("size > " + "9" * 19, "the number at character 8 of"),
        ("not", "ends too early"),
        ("size > 3 " * 400, "longer than"),
    ],
)
def test_what_is_no_predicate_is_told_by_its_place(text: str, said: str) -> None:
    with pytest.raises(RecsynError) as caught:
        Predicate.of(text)
    assert said in caught.value.message


@given(st.text(max_size=30) | st.lists(st.sampled_from([*NAMES, "<", "and", "or", "not", "(", ")", "3", "-", " "])).map(" ".join))
@settings(max_examples=300)
def test_no_text_gives_another_error(text: str) -> None:
    said = None
    try:
        predicate = Predicate.of(text)
    except RecsynError as error:
        said = error.hint
    else:
        said = predicate.text
        assert said == text
    assert said is not None


def test_nesting_costs_no_stack() -> None:
    assert (Predicate.of("(" * 990 + "size > 1" + ")" * 990).holds(COLUMNS) == (COLUMNS["size"] > 1)).all()
    assert (Predicate.of("not " * 400 + "size > 1").holds(COLUMNS) == (COLUMNS["size"] > 1)).all()


def test_its_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    """Lark resolves them, and says so only where it is asked to."""
    grammar = (files("recsyn") / "grammars" / "predicate.lark").read_text("utf-8")
    caplog.set_level(logging.DEBUG, lark.logger.name)
    lark.Lark(grammar, parser="lalr", lexer="basic", start="either", debug=True)
    assert [record.getMessage() for record in caplog.records if "onflict" in record.getMessage()] == []
