"""Coverage of matches against brute force: all values up to a depth that no generated pattern looks below."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import recsyn
from recsyn import LanguageError, Value
from recsyn.lang.core import Alias, Bind, Built, Exactly, Ignore, Match, Pattern
from recsyn.lang.coverage import Coverage, Row, show_patterns
from recsyn.lang.types import CHAR, INT, Type, TypeConstant, constructors_of, list_of
from recsyn.values import TUPLE

DECLARATIONS = """type Pos = One | XO Pos | XI Pos
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Unit = Unit
type Shape a = Dot | Line a Bool | Box (Shape a) | Both (a, Shape a)
type Even = Zero | Next Odd and Odd = After Even
"""
PROGRAM = recsyn.loads(DECLARATIONS).checked
COVERAGE = Coverage(PROGRAM.datatypes, PROGRAM.constructors)
BOOL, POS, UNIT = TypeConstant("Bool"), TypeConstant("Pos"), TypeConstant("Unit")
COLUMNS: list[tuple[Type, ...]] = [
    (BOOL, BOOL, BOOL),
    (POS,),
    (POS, BOOL),
    (INT, BOOL),
    (CHAR,),
    (UNIT, UNIT),
    (list_of(BOOL),),
    (list_of(INT),),
    (TypeConstant(TUPLE, (BOOL, POS)),),
    (TypeConstant("Tree", (BOOL,)),),
    (list_of(TypeConstant(TUPLE, (BOOL, UNIT))),),
    (list_of(CHAR), BOOL),
    (TypeConstant(TUPLE, (INT, list_of(BOOL))),),
    (TypeConstant("Shape", (BOOL,)), UNIT),
    (TypeConstant("Even"),),
]
DEPTH = 2
"""How deep generated patterns look."""
LITERALS: dict[Type, list[Any]] = {INT: [0, 1, -1], CHAR: ["a", "b"]}
OTHERS: dict[Type, list[Any]] = {INT: [2], CHAR: ["c"]}
"""What no generated pattern names, but the checker may: the smallest that the others leave."""


@cache
def values(type: Type, depth: int) -> tuple[Any, ...]:
    if type in LITERALS:
        return (*LITERALS[type], *OTHERS[type])
    found = []
    for constructor in constructors_of(type, PROGRAM.datatypes):
        if depth or not constructor.fields:
            found += [Value(constructor.name, f) for f in product(*(values(t, max(depth - 1, 0)) for t in constructor.fields))]
    return tuple(found)


def matches(pattern: Pattern, value: Any) -> bool:
    if isinstance(pattern, Alias):
        return matches(pattern.pattern, value)
    if isinstance(pattern, Exactly):
        return pattern.value == value
    if isinstance(pattern, Built):
        return pattern.constructor == value.constructor and all(map(matches, pattern.fields, value.fields))
    return True


def row_matches(row: Row, inputs: tuple[Any, ...]) -> bool:
    return all(map(matches, row, inputs))


def patterns(type: Type, depth: int = DEPTH) -> st.SearchStrategy[Pattern]:
    ways: list[st.SearchStrategy[Pattern]] = [st.sampled_from([Ignore(), Bind("x")])]
    if type in LITERALS:
        ways.append(st.sampled_from(LITERALS[type]).map(Exactly))
    elif depth:
        for c in constructors_of(type, PROGRAM.datatypes):
            fields = st.tuples(*(patterns(t, depth - 1) for t in c.fields))
            built = fields.map(lambda f, name=c.name: Built(name, f))
            ways += [built, built]
    plain = st.one_of(ways)
    return st.one_of(plain, plain, plain.map(lambda p: Alias(p, "y")), plain.map(lambda p: Alias(Alias(p, "y"), "z")))


@st.composite
def matrices(draw: st.DrawFn) -> tuple[tuple[Type, ...], list[Row]]:
    types = draw(st.sampled_from(COLUMNS))
    return types, draw(st.lists(st.tuples(*map(patterns, types)), min_size=1, max_size=7))


def inputs(types: tuple[Type, ...]) -> Iterator[tuple[Any, ...]]:
    return product(*(values(t, DEPTH + 1) for t in types))


@given(matrices())
def test_exhaustive(matrix: tuple[tuple[Type, ...], list[Row]]) -> None:
    types, rows = matrix
    left_over = [i for i in inputs(types) if not any(row_matches(r, i) for r in rows)]
    missing = COVERAGE.missing(rows, len(types))
    assert bool(missing) == bool(left_over)
    for row in missing:
        instances = [i for i in inputs(types) if row_matches(row, i)]
        assert instances
        assert all(i in left_over for i in instances)


@given(matrices())
def test_redundant(matrix: tuple[tuple[Type, ...], list[Row]]) -> None:
    types, rows = matrix
    first = [next((n for n, row in enumerate(rows) if row_matches(row, i)), None) for i in inputs(types)]
    assert COVERAGE.redundant(rows) == [n for n in range(len(rows)) if n not in first]


@given(matrices())
def test_adding_what_is_missing_mends(matrix: tuple[tuple[Type, ...], list[Row]]) -> None:
    """The printed patterns read back, none of them is redundant, and in the end nothing is missing."""
    types, rows = matrix
    assume(COVERAGE.missing(rows, len(types)))
    redundant = COVERAGE.redundant(rows)
    rows = [r for i, r in enumerate(rows) if i not in redundant]
    arms = [show_patterns(tuple(Ignore() if isinstance(p, Bind) else p for p in _without_names(r))) for r in rows]
    parameters = " ".join(f"(x{i} : {t})" for i, t in enumerate(types))
    scrutinees = ", ".join(f"x{i}" for i in range(len(types)))
    for _ in range(60):
        cases = " ".join(f"| {arm} => 1" for arm in arms)
        try:
            program = recsyn.loads(f"{DECLARATIONS}fun f {parameters} = match {scrutinees} with {cases} end")
        except LanguageError as error:
            [diagnostic] = error.diagnostics
            assert diagnostic.code == "missing-patterns"
            shown = diagnostic.message.removeprefix("this match does not cover ").split("`")[1::2]
            # Literals are never used up, so there the wildcard has to do.
            arms += ["_, " * (len(types) - 1) + "_"] if any("Int" in str(t) or "Char" in str(t) for t in types) else shown
        else:
            assert program.checked.warnings == ()
            return
    raise AssertionError("still not exhaustive")


@given(matrices())
def test_whole_programs(matrix: tuple[tuple[Type, ...], list[Row]]) -> None:
    """Of a match in a program: it is refused where a value is not covered, what is printed fits only such values, exactly the cases
    that are never reached are warned of, and the case that runs is the first that fits."""
    types, rows = matrix
    written = [_written(row) for row in rows]
    parameters = " ".join(f"(x{i} : {t})" for i, t in enumerate(types))
    scrutinees = ", ".join(f"x{i}" for i in range(len(types)))

    def program(cases: list[str]) -> str:
        arms = "\n".join(f"| {case} => {i}" for i, case in enumerate(cases))
        return f"{DECLARATIONS}fun f {parameters} = match {scrutinees} with\n{arms}\nend"

    above = len(DECLARATIONS.splitlines()) + 2
    first = {i: next((n for n, row in enumerate(rows) if row_matches(row, i)), None) for i in inputs(types)}
    never = [n for n in range(1, len(rows)) if n not in first.values()]
    try:
        loaded = recsyn.loads(program(written))
    except LanguageError as refusal:
        remarks = refusal.diagnostics
        assert None in first.values()
    else:
        remarks = loaded.checked.warnings
        assert None not in first.values()
        for values_, case in list(first.items())[:50]:
            assert loaded["f"](*values_) == case
    assert [d.position[0] - above for d in remarks if d.code == "redundant-pattern"] == never
    for error in (d for d in remarks if d.code == "missing-patterns"):
        for shown in error.message.removeprefix("this match does not cover ").split("`")[1::2]:
            loaded = recsyn.loads(program([shown, ", ".join("_" * len(types))]))
            match = loaded["f"].definition.body
            assert isinstance(match, Match)
            covered = [i for i in first if row_matches(match.arms[0].patterns, i)]
            assert covered
            assert {first[i] for i in covered} == {None}


def _written(row: Row) -> str:
    """A row as a case of a source file, each variable under a name of its own."""
    count = iter(range(1_000))

    def text(pattern: Pattern) -> str:
        if isinstance(pattern, Alias):
            return f"({text(pattern.pattern)} as _v{next(count)})"
        if isinstance(pattern, Bind):
            return f"_v{next(count)}"
        if isinstance(pattern, Exactly):
            return f"'{pattern.value}'" if isinstance(pattern.value, str) else f"({pattern.value})"
        if isinstance(pattern, Built):
            fields = list(map(text, pattern.fields))
            if pattern.constructor == TUPLE:
                return f"({', '.join(fields)})"
            return f"({' :: '.join(fields)})" if pattern.constructor == "::" else f"({' '.join([pattern.constructor, *fields])})"
        return "_"

    return ", ".join(map(text, row)).replace("([])", "[]")


def _without_names(row: Row) -> Row:
    def plain(pattern: Pattern) -> Pattern:
        if isinstance(pattern, Alias):
            return plain(pattern.pattern)
        return Built(pattern.constructor, tuple(map(plain, pattern.fields))) if isinstance(pattern, Built) else pattern

    return tuple(map(plain, row))


@pytest.mark.parametrize(
    ("cases", "missing"),
    [
        ("One => 1", "`XO _`, `XI _`"),
        ("XO _ => 1", "`One`, `XI _`"),
        ("One => 1 | XO One => 2 | XI _ => 3", "`XO (XO _)`, `XO (XI _)`"),
        ("XI (XI (XI One)) => 1 | XO _ => 2", "`One`, `XI One`, `XI (XO _)`"),
        (
            "XI (XI One) => 1 | One => 2 | XI One => 3 | XI (XO _) => 4 | XO (XO (XO _)) => 5",
            "`XO One`, `XO (XI _)`, `XO (XO One)`",
        ),
    ],
)
def test_the_smallest_missing_patterns(cases: str, missing: str) -> None:
    with pytest.raises(LanguageError, match="missing-patterns") as caught:
        recsyn.loads(f"{DECLARATIONS}fun f x = match x with {cases} end")
    assert caught.value.diagnostics[0].message == f"this match does not cover {missing}"


@pytest.mark.parametrize(
    ("patterns", "missing"),
    [
        ("[]", "`_ :: _`"),
        ("[_] | []", "`_ :: _ :: _`"),
        ("(Leaf :: _) :: _ | []", "`[] :: _`, `(Branch _ _ _ :: _) :: _`"),
        ("(Leaf :: _) :: _ | [] | [] :: _", "`(Branch _ _ _ :: _) :: _`"),
        ('""', "`_ :: _`"),
        ("'a' :: _ | []", "`'b' :: _`"),
        ("'\\'' | 'a'", "`'b'`"),
        ("0 | 1 | -1", "`2`"),
        ("(0, Leaf)", "`(1, _)`"),
        ("Branch (-1) _ _ | Leaf", "`Branch 0 _ _`"),
    ],
)
def test_printed_patterns(patterns: str, missing: str) -> None:
    cases = " ".join(f"| {p.strip()} => 1" for p in patterns.split(" | "))
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"{DECLARATIONS}fun f x = match x with {cases} end")
    assert caught.value.diagnostics[0].message == f"this match does not cover {missing}"


@pytest.mark.parametrize("binder", ["fun f (XO x) = x", "fun f y = let XO x = y in x", "fun f y = (fn (XO x) => x) y"])
def test_patterns_outside_a_match_must_be_exhaustive(binder: str) -> None:
    with pytest.raises(LanguageError, match=r"does not cover `One`, `XI _`"):
        recsyn.loads(DECLARATIONS + binder)


def test_deep_patterns() -> None:
    """A witness is as deep as the pattern that it answers."""
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"fun f x = match x with {'(' * 3000}0{', _)' * 3000} => 1 end")
    assert f"{'(' * 3000}1{', _)' * 3000}" in caught.value.message
