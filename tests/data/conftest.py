"""Programs, spaces and tasks that the data floor is tried on, and oracles that share no code with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

from recsyn.data.space import Alphabet, Space, space_of
from recsyn.data.tasks import Task, task_from_config
from recsyn.lang.checker import check, check_type
from recsyn.lang.program import Program
from recsyn.lang.source import Source
from recsyn.lang.types import Type, constructors_of
from recsyn.values import Datum, Value

EXAMPLES = Path(__file__).parents[2] / "examples"

TYPES = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
type Tree a = Leaf as "EMPTY" | Branch a (Tree a) (Tree a)
type Even = Zero | Next Odd
and Odd = Follows Even
type Rose a = Rose a (List (Rose a))
type Pair a b = Pair a b
type Expr = Num Int | Neg Expr | Add Expr Expr | Mul Expr Expr
type Branchy = End | On Branchy | Two Branchy Branchy
type Nat = Z | S Nat
type Mixed = Nought | Labelled Int Mixed Mixed | Plain Mixed Mixed | Twice Int Int Mixed
"""


@pytest.fixture(scope="session")
def types() -> Program:
    return check(Source("types.rec", TYPES))


@pytest.fixture(scope="session")
def space(types: Program) -> Callable[..., Space]:
    """The space of a type given as text, two integers and one character as its letters unless others are given."""

    def of(text: str, alphabet: Alphabet = Alphabet((0, 1), ("a",))) -> Space:  # noqa: B008
        return space_of(check_type(types, Source("type", text)), types.datatypes, alphabet)

    return of


@pytest.fixture(scope="session")
def everything() -> Callable[[Space, int], dict[int, set[Datum]]]:
    """All values of a space by size, by closing the letters under the constructors until nothing new comes."""

    def closed(space: Space, most: int) -> dict[int, set[Datum]]:
        known: dict[Type, dict[Datum, int]] = {}

        def of(type: Type) -> dict[Datum, int]:
            if type not in known:
                letters = {"Int": space.alphabet.integers, "Char": space.alphabet.characters}.get(str(type), ())
                known[type] = dict.fromkeys(letters, 0)
            return known[type]

        of(space.type)
        before = -1
        while before != sum(map(len, known.values())) + len(known):
            before = sum(map(len, known.values())) + len(known)
            for type in list(known):
                for constructor in constructors_of(type, space.datatypes):
                    built: list[tuple[tuple[Datum, ...], int]] = [((), 1)]
                    for field in constructor.fields:
                        built = [((*f, v), s + n) for f, s in built for v, n in of(field).items() if s + n <= most]
                    known[type].update({Value(constructor.name, fields): size for fields, size in built if size <= most})
        found: dict[int, set[Datum]] = {size: set() for size in range(most + 1)}
        for value, size in known[space.type].items():
            found[size].add(value)
        return found

    return closed


@pytest.fixture(scope="session")
def fits() -> Callable[[Mapping[Any, int], Mapping[Any, float]], bool]:
    """Whether counts agree with expected shares by Pearson's chi-square, at a false-alarm rate of 1e-6 a call (the quantile by
    Wilson and Hilferty's approximation). Counts outside of the expected shares never agree."""

    def agree(observed: Mapping[Any, int], shares: Mapping[Any, float]) -> bool:
        if set(observed) - set(shares):
            return False
        draws, freedom = sum(observed.values()), len(shares) - 1
        if not freedom:
            return True
        assert draws * min(shares.values()) >= 5, "too few draws for chi-square"
        statistic = sum((observed.get(k, 0) - draws * p) ** 2 / (draws * p) for k, p in shares.items())
        quantile = freedom * (1 - 2 / (9 * freedom) + 4.7534 * sqrt(2 / (9 * freedom))) ** 3
        return statistic <= quantile

    return agree


@pytest.fixture(scope="session")
def config() -> Callable[..., dict[str, Any]]:
    """The configuration of a task on one of the example programs."""

    def of(function: str = "succ", distribution: Any = None, codecs: Sequence[str] = (), **fields: Any) -> dict[str, Any]:
        program = "successor" if function == "succ" else "traversal"
        source, target = codecs or (("prefix", "prefix") if function == "succ" else ("bracketed", "flat"))
        return {
            "name": function,
            "program": f"{program}.rec",
            "source": (EXAMPLES / f"{program}.rec").read_text(),
            "function": function,
            "input": source,
            "output": target,
            "distribution": distribution or {"kind": "uniform", "sizes": [1, 15]},
            **fields,
        }

    return of


@pytest.fixture(scope="session")
def task(config: Callable[..., dict[str, Any]]) -> Callable[..., Task]:
    return lambda *args, **fields: task_from_config(config(*args, **fields))


@pytest.fixture(scope="session")
def demo(task: Callable[..., Task]) -> Task:
    """What the demo trains on: sizes 1 to 16, carries 0 to 5."""
    made: Task = task(distribution={"kind": "by-depth", "sizes": [1, 16], "depths": [0, 5]})
    return made


@pytest.fixture(scope="session")
def pos() -> Callable[[str], Value]:
    """A binary number from its digits, the last one ``01``: ``pos("110")`` is X1 X1 X0 01."""

    def of(digits: str) -> Value:
        value = Value("One")
        for digit in reversed(digits):
            value = Value({"0": "XO", "1": "XI"}[digit], (value,))
        return value

    return of


@pytest.fixture(scope="session")
def tree() -> Callable[[Any], Value]:
    """A tree from nested tuples ``(label, left, right)`` and ``None``."""

    def of(nested: Any) -> Value:
        if nested is None:
            return Value("Leaf")
        label, left, right = nested
        return Value("Branch", (label, of(left), of(right)))

    return of
