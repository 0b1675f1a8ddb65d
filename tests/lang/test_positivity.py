"""Strict positivity, case by case: with it a program cannot call itself through a value."""

from __future__ import annotations

import pytest

import recsyn

REFUSED = {
    "directly": "type T = A (T -> Int)",
    "in the argument of an argument": "type T = A ((T -> Int) -> Int)",
    "in a tuple": "type T = A (Int, T -> Int)",
    "through another type": "type F a = F (a -> Int)\ntype T = A (F T)",
    "through two types": "type F a = F (a -> Int)\ntype G a = G (F a)\ntype T = A (G T)",
    "through its group": "type T = A U and U = B (T -> Int)",
    "as the argument of a parameter": "type F a = F (a -> Int)\ntype T = A (F (List T))",
}
ACCEPTED = {
    "in a result": "type T = A (Int -> T) | B",
    "through a list": "type Rose a = Rose a (List (Rose a))",
    "a parameter to the left": "type F a = F (a -> Int)",
    "a parameter that is itself a function": "type F a b = F (a -> b)\ntype T = A (F Int T) | B",
    "its group": "type T = A U and U = B T | C",
}


@pytest.mark.parametrize("source", REFUSED.values(), ids=REFUSED)
def test_refused(source: str) -> None:
    with pytest.raises(recsyn.LanguageError, match=r"not-positive") as refused:
        recsyn.loads(source)
    assert [d.code for d in refused.value.diagnostics] == ["not-positive"]


@pytest.mark.parametrize("source", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(source: str) -> None:
    recsyn.loads(source)
