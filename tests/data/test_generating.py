"""Generating functions against counts, against SymPy's own series, and against values listed by brute force."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_uppercase
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.generating import are_few, exact_counts, generating_functions
from recsyn.data.space import Alphabet, Space
from recsyn.data.treegrammar import Production, TreeGrammar
from recsyn.values import Datum

sympy = pytest.importorskip("sympy")

TYPES = {
    "Int": 1,
    "Bool": 1,
    "Pos": 8,
    "Nat": 8,
    "Tree Int": 8,
    "List Int": 8,
    "List (List Bool)": 7,
    "Even": 8,
    "Odd": 8,
    "Pair (Tree Int) (List Char)": 7,
    "(Pos, Int, Bool)": 7,
    "Rose Int": 8,
    "Expr": 6,
    "Branchy": 8,
    "List (Tree Char)": 8,
    "Pair (Tree Int) (Rose Bool)": 8,
    "Pair (Tree Int) (Tree Int)": 8,
    "(Tree Int, Tree Bool, Int)": 8,
}
"""Types whose generating functions take square roots at most, and a size up to which their values can be listed."""


@pytest.mark.parametrize("text", TYPES)
def test_closed_forms_have_the_numbers_of_values(
    text: str, space: Callable[..., Space], everything: Callable[..., dict[int, set[Datum]]]
) -> None:
    here, most = space(text), TYPES[text]
    closed = generating_functions(here.grammar, here.type).closed
    assert closed is not None
    listed = [len(values) for values in everything(here, most).values()]
    series = sympy.series(closed.expression, sympy.Symbol("x"), 0, most + 1).removeO()
    assert [series.coeff(sympy.Symbol("x"), n) for n in range(most + 1)] == listed
    assert closed.coefficients(most) == listed
    assert closed.coefficients(150) == [here.grammar.count(here.type, n) for n in range(151)]


@pytest.mark.parametrize("text", [*TYPES, "Tree (Tree Int)"])
def test_counts_satisfy_the_equations(text: str, space: Callable[..., Space]) -> None:
    """Both sides as series: the equations hold of the counts, whether they are solved or not."""
    here, order, x = space(text), 10, sympy.Symbol("x")
    functions = generating_functions(here.grammar, here.type)
    series = {
        sympy.Function(name)(x): sum(here.grammar.count(at, n) * x**n for n in range(order)) for at, name in functions.names.items()
    }
    for equation in functions.system:
        difference = sympy.Poly((equation.lhs - equation.rhs).subs(series), x)
        assert all(difference.nth(n) == 0 for n in range(order))


def test_known_formulas(space: Callable[..., Space]) -> None:
    x = sympy.Symbol("x")
    letters = Alphabet((0, 1, 2), ("a",))
    for text, formula in {
        "Tree Int": (1 - sympy.sqrt(1 - 12 * x**2)) / (6 * x),
        "Pos": x / (1 - 2 * x),
        "Nat": x / (1 - x),
        "Even": x / (1 - x**2),
        "Branchy": (1 - x - sympy.sqrt(1 - 2 * x - 3 * x**2)) / (2 * x),
        "List Int": x / (1 - 3 * x),
    }.items():
        here = space(text, letters)
        closed = generating_functions(here.grammar, here.type).closed
        assert closed is not None
        assert sympy.simplify(closed.expression - formula) == 0


def test_what_is_shown(space: Callable[..., Space]) -> None:
    here = space("List (Tree Int)", Alphabet(tuple(range(10)), ("a",)))
    functions = generating_functions(here.grammar, here.type)
    assert functions.lines() == [
        "L(x) = x*L(x)*T(x) + x",
        "T(x) = 10*x*T(x)**2 + x",
        "L(x) = (-x*sqrt(1 - 40*x**2) + 19*x)/(2*x**2 + 18)",
    ]
    assert {str(at): name for at, name in functions.names.items()} == {"List (Tree Int)": "L", "Tree Int": "T"}


@pytest.mark.parametrize(
    "text",
    [*TYPES, "Tree (Tree Int)", *(f"{c}{'type'[:n]}" for c in ascii_uppercase for n in (0, 4)), "Éa", "Xx Int"],
)
def test_sympy_reads_what_is_shown(text: str, space: Callable[..., Space]) -> None:
    if text in TYPES or "(" in text:
        here = space(text)
        functions = generating_functions(here.grammar, here.type)
    else:
        # A name for each of the letters of the alphabet, and a second one like it.
        grammar = TreeGrammar(lambda at: [Production("c", (text, f"{text}2")), Production("d", ())], lambda at: None)
        functions = generating_functions(grammar, text)
    sides = [[sympy.sympify(side) for side in line.split(" = ")] for line in functions.lines()]
    x = sympy.Symbol("x")
    assert [left for left, _ in sides[: len(functions.system)]] == [equation.lhs for equation in functions.system]
    assert [right for _, right in sides[: len(functions.system)]] == [equation.rhs for equation in functions.system]
    assert all(left.func(x) == left and right.free_symbols <= {x} for left, right in sides)


def test_formulas_of_a_high_degree_are_not_looked_for(space: Callable[..., Space]) -> None:
    """Values of depth d have generating functions of degree 2^d: equations and counts are all that is said of them."""
    here = space("Tree Int")
    for deep, known in ((3, True), (10, False), (40, False)):
        functions = generating_functions(here.grammar, here.as_deep(deep))
        assert (functions.closed is not None) == known
        assert len(functions.lines()) == len(functions.equations) + known
        assert are_few(here.grammar, here.as_deep(deep)) == (deep < 40)
    assert exact_counts(here.grammar, here.as_deep(10), 300) is None


def test_what_takes_more_than_square_roots_of_polynomials_has_no_closed_form(space: Callable[..., Space]) -> None:
    nested = space("Tree (Tree Int)")
    functions = generating_functions(nested.grammar, nested.type)
    assert functions.closed is None
    assert len(functions.lines()) == 2
    ternary = TreeGrammar(lambda at: [Production("E", ()), Production("N", ("t", "t", "t"))], lambda at: None)
    assert generating_functions(ternary, "t").closed is None


def test_ten_thousand_nodes_are_counted_exactly(space: Callable[..., Space]) -> None:
    """Catalan's numbers by their product formula, and the certified ones."""
    here = space("Tree Int", Alphabet((0,), ("a",)))
    closed = generating_functions(here.grammar, here.type).closed
    assert closed is not None
    counts, catalan = closed.coefficients(10_000), 1
    for n in range(5_000):
        assert counts[2 * n + 1] == catalan
        assert counts[2 * n] == 0
        catalan = catalan * 2 * (2 * n + 1) // (n + 2)


FIELDS = st.sampled_from(["a", "b", "c", "letter"])


@st.composite
def grammars(draw: st.DrawFn) -> dict[str, list[Production]]:
    """Up to three nonterminals, up to three productions each, two fields at most."""
    return {
        name: [
            Production(f"{name}{i}", fields)
            for i, fields in enumerate(draw(st.lists(st.lists(FIELDS, max_size=2).map(tuple), max_size=3)))
        ]
        for name in "abc"
    }


@given(rules=grammars(), letters=st.integers(0, 3))
@settings(max_examples=40)
def test_formulas_of_any_system(rules: Any, letters: int) -> None:
    grammar = TreeGrammar(lambda at: rules[at], lambda at: tuple(range(letters)) if at == "letter" else None)
    closed = generating_functions(grammar, "a").closed
    if closed is not None:
        assert closed.coefficients(40) == [grammar.count("a", n) for n in range(41)]
