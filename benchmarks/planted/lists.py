"""Inputs as one draws them with Hypothesis alone: lists of labels and digits, from which values are built."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hypothesis import strategies as st

from recsyn.benchmarks.planted.catalogue import Subject
from recsyn.values import TUPLE, Datum, Value, from_iterable


def strategy(subject: Subject) -> st.SearchStrategy[Datum]:
    """Inputs of a subject whose parts each fit into what is tested. All inputs of up to that size can be drawn."""
    return _STRATEGIES[str(subject.task.space.type)](subject)


def _pos(subject: Subject, around: int = 0) -> st.SearchStrategy[Datum]:
    return st.lists(st.booleans(), max_size=subject.tested - around - 1).map(pos)


def _nat(subject: Subject) -> st.SearchStrategy[Datum]:
    return st.integers(0, subject.tested - 3).map(nat)


def _label(subject: Subject) -> st.SearchStrategy[int]:
    integers = subject.task.alphabet.integers
    return st.integers(integers[0], integers[-1])


def _integers(subject: Subject, around: int = 0) -> st.SearchStrategy[Datum]:
    return st.lists(_label(subject), max_size=subject.tested - around - 1).map(from_iterable)


def _string(subject: Subject) -> st.SearchStrategy[Datum]:
    return st.lists(st.sampled_from(subject.task.alphabet.characters), max_size=subject.tested - 1).map(from_iterable)


def _pairs(subject: Subject) -> st.SearchStrategy[Datum]:
    pairs = st.tuples(_label(subject), _label(subject)).map(pair)
    return st.lists(pairs, max_size=(subject.tested - 1) // 2).map(from_iterable)


def _tree(subject: Subject) -> st.SearchStrategy[Datum]:
    labels = (subject.tested - 1) // 2
    return st.lists(st.tuples(_label(subject), st.integers(0, labels)), max_size=labels).map(tree)


def _expression(subject: Subject) -> st.SearchStrategy[Datum]:
    numbers = (subject.tested + 1) // 2
    operator = st.sampled_from(("Plus", "Minus", "Times"))
    return st.lists(st.tuples(operator, _label(subject), st.integers(0, numbers)), min_size=1, max_size=numbers).map(expression)


_STRATEGIES: Mapping[str, Callable[[Subject], st.SearchStrategy[Datum]]] = {
    "Pos": _pos,
    "(Pos, Pos)": lambda subject: st.tuples(_pos(subject, 2), _pos(subject, 2)).map(pair),
    "(Nat, Nat)": lambda subject: st.tuples(_nat(subject), _nat(subject)).map(pair),
    "Tree Int": _tree,
    "Expr": _expression,
    "List Int": _integers,
    "List Char": _string,
    "List (Int, Int)": _pairs,
    "(List Int, List Int)": lambda subject: st.tuples(_integers(subject, 2), _integers(subject, 2)).map(pair),
    "(Int, List Int)": lambda subject: st.tuples(_label(subject), _integers(subject, 1)).map(pair),
}


def pos(ones: Sequence[bool]) -> Datum:
    """The number whose digits below its highest one these are, the lowest first."""
    number = Value("One")
    for one in reversed(ones):
        number = Value("XI" if one else "XO", (number,))
    return number


def nat(count: int) -> Datum:
    number = Value("Zero")
    for _ in range(count):
        number = Value("Succ", (number,))
    return number


def pair(parts: tuple[Datum, Datum]) -> Datum:
    return Value(TUPLE, parts)


def tree(items: Sequence[tuple[int, int]]) -> Datum:
    """The tree with these labels in pre-order; the number beside each says how many of those after it go to its left."""
    if not items:
        return Value("Leaf")
    (label, cut), rest = items[0], items[1:]
    left = cut % (len(rest) + 1)
    return Value("Branch", (label, tree(rest[:left]), tree(rest[left:])))


def expression(items: Sequence[tuple[str, int, int]]) -> Datum:
    """The expression over these numbers from left to right; the first item says how many stand on the left of the operator, which
    is that of the first on its right."""
    _, number, cut = items[0]
    if len(items) == 1:
        return Value("Number", (number,))
    left = 1 + cut % (len(items) - 1)
    return Value(items[left][0], (expression(items[:left]), expression(items[left:])))
