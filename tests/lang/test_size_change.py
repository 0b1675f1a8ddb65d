"""Termination against the size-change principle as Lee, Jones and Ben-Amram state it, on random groups of functions."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn import LanguageError

PRELUDE = "type Nat = Z | S Nat\nfun add m n = match m with Z => n | S m => S (add m n) end\n"
Arrow = tuple[int, int, bool]
Graph = tuple[int, int, frozenset[Arrow]]
"""From which function to which, and from which parameter to which, with whether it becomes smaller."""


@dataclass(frozen=True)
class Call:
    """``arguments`` are a parameter of the caller and whether a part of it is given, or ``None`` for what is neither."""

    caller: int
    callee: int
    arguments: tuple[tuple[int, bool] | None, ...]

    def graph(self) -> Graph:
        arrows = frozenset((given[0], j, given[1]) for j, given in enumerate(self.arguments) if given)
        return self.caller, self.callee, arrows

    def __str__(self) -> str:
        given = ["(S x0)" if a is None else f"{'y' if a[1] else 'x'}{a[0]}" for a in self.arguments]
        return f"f{self.callee} {' '.join(given)}"


@dataclass(frozen=True)
class Group:
    arities: tuple[int, ...]
    calls: tuple[Call, ...]

    def __str__(self) -> str:
        functions = []
        for caller, arity in enumerate(self.arities):
            names = [f"x{i}" for i in range(arity)]
            body = "Z"
            for call in (c for c in self.calls if c.caller == caller):
                body = f"add ({call}) ({body})"
            parts, others = (", ".join(p) for p in ([f"S y{i}" for i in range(arity)], "_" * arity))
            functions.append(f"f{caller} {' '.join(names)} = match {', '.join(names)} with {parts} => {body} | {others} => Z end")
        return "fun " + "\nand ".join(functions)


@st.composite
def groups(draw: st.DrawFn) -> Group:
    arities = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    calls = []
    for _ in range(draw(st.integers(1, 5))):
        caller, callee = (draw(st.integers(0, len(arities) - 1)) for _ in range(2))
        argument = st.tuples(st.integers(0, arities[caller] - 1), st.booleans()) | st.none()
        calls.append(Call(caller, callee, tuple(draw(argument) for _ in range(arities[callee]))))
    return Group(tuple(arities), tuple(calls))


def composed(left: frozenset[Arrow], right: frozenset[Arrow]) -> frozenset[Arrow]:
    ways = {(i, m, s or t) for i, j, s in left for k, m, t in right if j == k}
    return frozenset(way for way in ways if way[2] or (way[0], way[1], True) not in ways)


def ends(group: Group) -> bool:
    """Theorem 4: of all compositions of calls, each from a function to itself that is its own square makes a parameter smaller."""
    graphs = {call.graph() for call in group.calls}
    closure: set[Graph] = set()
    more = graphs
    while more:
        closure |= more
        more = {(f, k, composed(a, b)) for f, g, a in more for h, k, b in graphs if g == h} - closure
    return all(any(i == j and s for i, j, s in a) for f, g, a in closure if f == g and composed(a, a) == a)


@settings(max_examples=300)
@given(groups())
def test_a_group_is_accepted_where_the_principle_accepts_it(group: Group) -> None:
    try:
        recsyn.loads(f"{PRELUDE}{group}")
    except LanguageError as refusal:
        accepted = False
        assert "not-terminating" in str(refusal)  # noqa: PT017
    else:
        accepted = True
    assert accepted == ends(group)
