"""Generated programs mean the same to Python, to the reference evaluator and to the steps.

An expression is generated as text together with a Python closure that computes what it should be worth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.values import TUPLE, Value, boolean, equal, from_iterable

PROGRAM = recsyn.loads(
    """
fun total xs = match xs with [] => 0 | x :: xs => x + total xs end
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun twice f x = f (f x)
fun fst (x, _) = x
fun choose b = if b then fn x _ => x else fn _ y => y
fun three = 1 + 2
fun plus n = fn k => let y = k + n in y
fun after f g = fn x => let y = g x in match (y, f y) with (_, x) => x end
"""
)
INT, BOOL, LIST, PAIR, FUNCTION = "Int", "Bool", "List Int", "(Int, Bool)", "Int -> Int"
Scope = dict[str, str]
Env = dict[str, Any]


@dataclass(frozen=True)
class Code:
    text: str
    value: Callable[[Env], Any]


def expressions(type: str, scope: Scope, depth: int) -> st.SearchStrategy[Code]:
    """Closed but for the variables in ``scope``, which gives each one's type."""
    leaves = [st.just(Code(n, lambda env, n=n: env[n])) for n, t in scope.items() if t == type]
    leaves.append(LEAVES[type])
    if depth == 0:
        return st.one_of(leaves)
    ways = [*leaves, *(node(type, scope, depth - 1) for node in (*ANY, *NODES[type]))]
    return st.one_of(ways)


def literal(number: int) -> Code:
    return Code(f"({number})", lambda env: number)


LEAVES: dict[str, st.SearchStrategy[Code]] = {
    INT: st.integers(-3, 9).map(literal) | st.just(Code("three", lambda env: 3)),
    BOOL: st.booleans().map(lambda b: Code(str(b), lambda env: b)),
    LIST: st.lists(st.integers(-1, 3), max_size=3).map(lambda items: Code(str(items), lambda env: items)),
    PAIR: st.tuples(st.integers(0, 3), st.booleans()).map(lambda pair: Code(str(pair), lambda env: pair)),
    FUNCTION: st.just(Code("(fn n => n + 1)", lambda env: lambda n: n + 1)),
}
NAMES = st.sampled_from(["x", "y", "z"])
TYPES = st.sampled_from([INT, BOOL, LIST, PAIR, FUNCTION])
PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b if b else 0,
    "%": lambda a, b: a % b if b else a,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "&&": lambda a, b: a and b,
    "||": lambda a, b: a or b,
    "++": lambda a, b: a + b,
    "::": lambda a, b: [a, *b],
}


def operation(operators: list[str], left: str, right: str) -> Callable[[str, Scope, int], st.SearchStrategy[Code]]:
    @st.composite
    def build(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
        operator = draw(st.sampled_from(operators))
        a, b = draw(expressions(left, scope, depth)), draw(expressions(right, scope, depth))
        return Code(f"({a.text} {operator} {b.text})", lambda env: PYTHON[operator](a.value(env), b.value(env)))

    return build


@st.composite
def if_(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
    c, a, b = (draw(expressions(t, scope, depth)) for t in (BOOL, type, type))
    return Code(f"(if {c.text} then {a.text} else {b.text})", lambda env: a.value(env) if c.value(env) else b.value(env))


@st.composite
def let(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
    name, bound_type = draw(NAMES), draw(TYPES)
    bound = draw(expressions(bound_type, scope, depth))
    body = draw(expressions(type, {**scope, name: bound_type}, depth))
    return Code(f"(let {name} = {bound.text} in {body.text})", lambda env: body.value({**env, name: bound.value(env)}))


@st.composite
def match_list(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
    xs = draw(expressions(LIST, scope, depth))
    one = draw(expressions(type, {**scope, "x": INT}, depth))
    more = draw(expressions(type, {**scope, "x": INT, "y": LIST, "z": LIST}, depth))
    none = draw(expressions(type, scope, depth))
    text = f"match {xs.text} with | [x] => {one.text} | (x :: y) as z => {more.text} | [] => {none.text} end"

    def value(env: Env) -> Any:
        match xs.value(env):
            case []:
                return none.value(env)
            case [x]:
                return one.value({**env, "x": x})
            case [x, *y] as z:
                return more.value({**env, "x": x, "y": y, "z": z})

    return Code(text, value)


@st.composite
def match_two(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
    pair, number = draw(expressions(PAIR, scope, depth)), draw(expressions(INT, scope, depth))
    first, second, third = (draw(expressions(type, {**scope, "x": INT}, depth)) for _ in range(3))
    cases = f"(x, True), 0 => {first.text} | (0, _), x => {second.text} | _, x => {third.text}"

    def value(env: Env) -> Any:
        (x, flag), n = pair.value(env), number.value(env)
        if flag and n == 0:
            return first.value({**env, "x": x})
        return (second if x == 0 else third).value({**env, "x": n})

    return Code(f"match {pair.text}, {number.text} with {cases} end", value)


def call(template: str, types: list[str], meaning: Callable[..., Any]) -> Callable[[str, Scope, int], st.SearchStrategy[Code]]:
    @st.composite
    def build(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
        parts = [draw(expressions(t, scope, depth)) for t in types]
        return Code(f"({template.format(*(p.text for p in parts))})", lambda env: meaning(*(p.value(env) for p in parts)))

    return build


@st.composite
def function(draw: st.DrawFn, type: str, scope: Scope, depth: int) -> Code:
    name = draw(NAMES)
    body = draw(expressions(INT, {**scope, name: INT}, depth))
    return Code(f"(fn {name} => {body.text})", lambda env: lambda x: body.value({**env, name: x}))


ANY = [if_, let, match_list, match_two]
NODES: dict[str, list[Callable[[str, Scope, int], st.SearchStrategy[Code]]]] = {
    INT: [
        operation(["+", "-", "*", "/", "%"], INT, INT),
        call("-{}", [INT], lambda a: -a),
        call("{} {}", [FUNCTION, INT], lambda f, x: f(x)),
        call("total {}", [LIST], sum),
        call("twice {} {}", [FUNCTION, INT], lambda f, x: f(f(x))),
        call("fst {}", [PAIR], lambda pair: pair[0]),
        call("choose {} {} {}", [BOOL, INT, INT], lambda b, x, y: x if b else y),
        call("(fn g => g {}) {}", [INT, FUNCTION], lambda x, f: f(x)),
    ],
    BOOL: [
        operation(["<", ">=", "==", "!="], INT, INT),
        operation(["==", "!="], LIST, LIST),
        operation(["==", "!="], PAIR, PAIR),
        operation(["&&", "||"], BOOL, BOOL),
        call("not {}", [BOOL], lambda a: not a),
    ],
    LIST: [
        operation(["++"], LIST, LIST),
        operation(["::"], INT, LIST),
        call("map {} {}", [FUNCTION, LIST], lambda f, xs: [f(x) for x in xs]),
        call("[{}, {}]", [INT, INT], lambda a, b: [a, b]),
    ],
    PAIR: [call("{}, {}", [INT, BOOL], lambda a, b: (a, b))],
    FUNCTION: [
        function,
        call("twice {}", [FUNCTION], lambda f: lambda x: f(f(x))),
        call("plus {}", [INT], lambda n: lambda k: k + n),
        call("after {} {}", [FUNCTION, FUNCTION], lambda f, g: lambda x: f(g(x))),
        call("choose {} {}", [BOOL, INT], lambda b, x: lambda y: x if b else y),
    ],
}


def datum(value: Any) -> Any:
    if isinstance(value, bool):
        return boolean(value)
    if isinstance(value, list):
        return from_iterable(value)
    return Value(TUPLE, tuple(map(datum, value))) if isinstance(value, tuple) else value


RULES = {"δ", "β", "ι", "ζ", "if", "not", *PYTHON} - {"::"}
CLOSED = st.sampled_from([INT, BOOL, LIST, PAIR]).flatmap(lambda type: expressions(type, {}, 4))


@settings(max_examples=150, deadline=None)
@given(CLOSED)
def test_three_meanings(code: Code) -> None:
    expected = datum(code.value({}))
    assert equal(PROGRAM.value(code.text), expected)
    trace = PROGRAM.trace(code.text)
    assert trace.complete
    assert equal(trace.result.value, expected)


@settings(max_examples=50, deadline=None)
@given(CLOSED)
def test_steps_follow_each_other(code: Code) -> None:
    trace = PROGRAM.trace(code.text)
    for step, following in zip(trace.steps[:200], trace.steps[1:], strict=False):
        assert step.rule in RULES
        marked = step.show_before()
        assert marked.count("⟦") == marked.count("⟧") == 1
        after = step.show_after()
        # A list whose first item has just become a value prints as one list only once it is a value itself.
        assert after == following.show_before("", "") or ":: [" in after
