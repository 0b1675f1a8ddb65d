"""The standard library: every function documented, shown by an example and held by a property; and right, by Python's own."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from math import factorial, gcd
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.lang.checker import globals_of
from recsyn.lang.formatting import formatted
from recsyn.lang.library import module_names, module_source
from recsyn.values import Value, boolean, from_iterable, to_list

NAMED = "bool option pair list nat pos tree char int".split()
IMPORT_ALL = f"import {', '.join(module_names())}\n"


@pytest.fixture(scope="module")
def library() -> recsyn.Program:
    return recsyn.loads(IMPORT_ALL)


def module(name: str) -> recsyn.Program:
    return recsyn.loads(module_source(name).text, f"{name}.rec")


def test_the_modules() -> None:
    assert set(NAMED) <= set(module_names())


@pytest.mark.parametrize("name", module_names())
def test_a_module_is_accepted_and_what_it_says_holds(name: str) -> None:
    program = module(name)
    assert [d.render() for d in program.checked.warnings] == []
    assert [d.render() for d in program.failed_examples()] == []
    assert [d.render() for d in program.falsified_properties()] == []


@pytest.mark.parametrize("name", module_names())
def test_every_function_is_documented_shown_and_held(name: str) -> None:
    checked = module(name).checked
    shown = {g.name for e in checked.examples for side in (e.left, e.right) for g in globals_of(side)}
    held = {g.name for p in checked.properties for g in globals_of(p.body)}
    for function in checked.own:
        assert checked.definitions[function].documentation, f"{function} is not documented"
        assert function in shown, f"{function} has no example"
        assert function in held, f"{function} has no property"
        assert not checked.definitions[function].partial


def test_what_the_papers_use_is_there(library: recsyn.Program) -> None:
    for name in """pos.succ pos.add pos.mul nat.add nat.mul list.append list.reverse list.map list.fold_left list.fold_right
        list.filter list.insertion_sort list.merge_sort tree.preorder tree.inorder tree.postorder tree.mirror tree.depth
        tree.flatten tree.insert expression.evaluate""".split():
        assert library[name].name.endswith(name.partition(".")[2])


# Against Python

ints = st.integers(-20, 20)
small = st.integers(0, 12)
lists = st.lists(ints, max_size=12)


def nat(n: int) -> Value:
    value = Value("nat.Zero")
    for _ in range(n):
        value = Value("nat.Succ", (value,))
    return value


def count(value: Value) -> int:
    steps = 0
    while value.fields:
        value, steps = value.fields[0], steps + 1
    return steps


def pos(n: int) -> Value:
    value = Value("pos.One")
    for bit in bin(n)[3:]:
        value = Value("pos.XI" if bit == "1" else "pos.XO", (value,))
    return value


def number(value: Value) -> int:
    if not value.fields:
        return 1
    return 2 * number(value.fields[0]) + value.constructor.endswith("XI")


def bare(value: Any) -> Any:
    """A value in Python's terms, whatever modules its constructors come from."""
    if not isinstance(value, Value):
        return value
    name = value.constructor.rpartition(".")[2]
    if name in ("True", "False"):
        return name == "True"
    if value.constructor in ("[]", "::"):
        return [bare(x) for x in to_list(value)]
    if name in ("None", "Some"):
        return bare(value.fields[0]) if value.fields else None
    if name in ("Zero", "Succ"):
        return count(value)
    if name in ("One", "XO", "XI"):
        return number(value)
    return tuple(bare(f) for f in value.fields)


def the(x: Any) -> Any:
    return from_iterable(map(the, x)) if isinstance(x, list) else boolean(x) if isinstance(x, bool) else x


@pytest.fixture(scope="module")
def names(library: recsyn.Program) -> dict[str, Callable[..., Any]]:
    """Each function of the library from Python's values to Python's values; naturals and positives are given as values."""

    class Functions(dict[str, Callable[..., Any]]):
        def __missing__(self, name: str) -> Callable[..., Any]:
            function = library[name]
            constructors = {c.rpartition(".")[2]: c for c in library.checked.constructors}

            def spoken(value: Any) -> Any:
                """The value with its constructors under the names that this program has for them."""
                if not isinstance(value, Value):
                    return value
                plain = value.constructor
                return Value(constructors.get(plain.rpartition(".")[2], plain), tuple(spoken(f) for f in value.fields))

            self[name] = lambda *arguments: bare(function(*(spoken(the(a)) for a in arguments)))
            return self[name]

    return Functions()


LISTS: list[tuple[str, Callable[..., Any]]] = [
    ("list.length", len),
    ("list.reverse", lambda xs: xs[::-1]),
    ("list.naive_reverse", lambda xs: xs[::-1]),
    ("list.insertion_sort", sorted),
    ("list.merge_sort", sorted),
    ("list.sum", sum),
    ("list.unique", lambda xs: [x for i, x in enumerate(xs) if x not in xs[:i]]),
    ("list.maximum", lambda xs: max(xs, default=None)),
    ("list.minimum", lambda xs: min(xs, default=None)),
    ("list.is_sorted", lambda xs: xs == sorted(xs)),
    ("list.is_palindrome", lambda xs: xs == xs[::-1]),
    ("list.prefixes", lambda xs: [xs[:i] for i in range(len(xs) + 1)]),
    ("list.suffixes", lambda xs: [xs[i:] for i in range(len(xs) + 1)]),
    ("list.init", lambda xs: xs[:-1]),
    ("list.tail", lambda xs: xs[1:]),
    ("list.last", lambda xs: xs[-1] if xs else None),
    ("list.run_lengths", lambda xs: [(x, len(list(g))) for x, g in groupby(xs)]),
]


@pytest.mark.parametrize(("name", "oracle"), LISTS, ids=[n for n, _ in LISTS])
def test_lists(names: dict[str, Callable[..., Any]], name: str, oracle: Callable[..., Any]) -> None:
    @settings(max_examples=40)
    @given(lists)
    def agrees(xs: list[int]) -> None:
        assert names[name](xs) == oracle(xs)

    agrees()


@settings(max_examples=40)
@given(lists, lists, ints)
def test_two_lists(names: dict[str, Callable[..., Any]], xs: list[int], ys: list[int], n: int) -> None:
    assert names["list.append"](xs, ys) == xs + ys
    assert names["list.zip"](xs, ys) == list(zip(xs, ys, strict=False))
    assert names["list.merge"](sorted(xs), sorted(ys)) == sorted(xs + ys)
    assert names["list.is_prefix"](xs, ys) == (ys[: len(xs)] == xs)
    assert names["list.is_permutation"](xs, ys) == (sorted(xs) == sorted(ys))
    assert names["list.take"](n, xs) == xs[: max(n, 0)]
    assert names["list.drop"](n, xs) == xs[max(n, 0) :]
    assert names["list.member"](n, xs) == (n in xs)
    assert names["list.count"](n, xs) == xs.count(n)
    assert names["list.index_of"](n, xs) == (xs.index(n) if n in xs else None)


@settings(max_examples=40)
@given(small, small)
def test_naturals(names: dict[str, Callable[..., Any]], m: int, n: int) -> None:
    a, b = nat(m), nat(n)
    assert names["nat.add"](a, b) == m + n
    assert names["nat.mul"](a, b) == m * n
    assert names["nat.sub"](a, b) == max(m - n, 0)
    assert names["nat.divmod"](a, b) == (divmod(m, n) if n else (0, m))
    assert names["nat.gcd"](a, b) == gcd(m, n)
    assert names["nat.less"](a, b) == (m < n)
    assert names["nat.even"](a) == (m % 2 == 0)
    if m <= 5:
        assert names["nat.factorial"](a) == factorial(m)


@settings(max_examples=60)
@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_positives(names: dict[str, Callable[..., Any]], m: int, n: int) -> None:
    a, b = pos(m), pos(n)
    assert number(a) == m
    assert names["pos.to_int"](a) == m
    assert names["pos.succ"](a) == m + 1
    assert names["pos.pred"](a) == max(m - 1, 1)
    assert names["pos.add"](a, b) == m + n
    assert names["pos.mul"](a, b) == m * n
    assert names["pos.less"](a, b) == (m < n)
    assert names["pos.size"](a) == m.bit_length()
    assert names["pos.count_ones"](a) == m.bit_count()


def expressions() -> st.SearchStrategy[tuple[Value, str]]:
    number = st.integers(-9, 9).map(lambda n: (Value("Number", (n,)), f"({n})"))

    def grown(inner: st.SearchStrategy[tuple[Value, str]]) -> st.SearchStrategy[tuple[Value, str]]:
        operators = st.sampled_from([("Plus", "+"), ("Minus", "-"), ("Times", "*")])
        two = st.tuples(operators, inner, inner).map(
            lambda t: (Value(t[0][0], (t[1][0], t[2][0])), f"({t[1][1]} {t[0][1]} {t[2][1]})")
        )
        return two | inner.map(lambda e: (Value("Negate", (e[0],)), f"(-{e[1]})"))

    return st.recursive(number, grown, max_leaves=10)


@pytest.fixture(scope="module")
def arithmetic() -> recsyn.Program:
    return recsyn.loads("import expression")


@settings(max_examples=60)
@given(expressions())
def test_expressions(arithmetic: recsyn.Program, written: tuple[Value, str]) -> None:
    value, text = written
    meant, program = eval(text), arithmetic
    assert program["evaluate"](value) == meant
    assert bare(program.value(f"evaluate (simplify ({value}))")) == meant
    assert bare(program.value(f"run (compile ({value})) []")) == [meant]


@pytest.mark.parametrize("name", module_names())
def test_the_sources_are_laid_out(name: str) -> None:
    assert formatted(module_source(name)) == module_source(name).text
    assert module_source(name).text.startswith("--"), "what the module is for"
