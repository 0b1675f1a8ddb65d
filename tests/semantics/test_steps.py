"""Traces: their exact text, their rules, where they stop, and that what they print stays an expression."""

from __future__ import annotations

import json

import pytest

import recsyn
from recsyn.lang.printer import show_term
from recsyn.semantics.function import InvalidValue
from recsyn.semantics.steps import rules_in_reach
from recsyn.values import show

PROGRAM = recsyn.loads(
    """
type Nat = Z | S Nat
type F = F (Int -> Int)
fun add x y = x + y
fun four = 4
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun hold (f : Int -> Int) (x : Int) : Int = x
fun nest n = match n with Z => (fn x => x) | S m => hold (nest m) end
fun box n = match n with Z => F (fn x => x) | S m => F (keep (box m)) end
and keep (F f) (x : Int) = x
"""
)

SUCCESSOR = """\
   ⟦succ (XI One)⟧
δ  ⟦(fn n => …) (XI One)⟧
β  ⟦match XI One with … end⟧
ι  XO ⟦(succ One)⟧
δ  XO ⟦((fn n => …) One)⟧
β  XO ⟦match One with … end⟧
ι  XO (XO One)"""


def test_the_successor_of_three(successor: recsyn.Program) -> None:
    trace = successor.trace("succ (XI One)")
    assert str(trace) == SUCCESSOR
    assert trace.complete
    assert len(trace) == 6
    assert str(successor["succ"].trace(successor.value("XI One"))) == SUCCESSOR


@pytest.mark.parametrize("limit", range(6))
def test_a_limit_leaves_a_trace_incomplete(successor: recsyn.Program, limit: int) -> None:
    trace = successor.trace("succ (XI One)", limit=limit)
    assert not trace.complete
    assert len(trace) == limit
    lines = SUCCESSOR.replace("⟦", "").replace("⟧", "").splitlines()
    assert str(trace).splitlines()[-1].removesuffix("  …").split() == lines[limit].split()


def test_a_limit_that_is_just_enough(successor: recsyn.Program) -> None:
    assert successor.trace("succ (XI One)", limit=6).complete


def test_json(successor: recsyn.Program) -> None:
    trace = successor.trace("succ (XI One)").to_json()
    assert json.loads(json.dumps(trace)) == trace
    assert trace["steps"][2] == {
        "number": 3,
        "rule": "ι",
        "before": "⟦match XI One with … end⟧",
        "redex": "match XI One with … end",
        "after": "XO (succ One)",
    }
    assert (trace["initial"], trace["result"], trace["complete"]) == ("succ (XI One)", "XO (XO One)", True)
    assert trace["strategy"] == "call-by-value"


@pytest.mark.parametrize(
    ("text", "rules", "result"),
    [
        ("3", "", "3"),
        ("four", "δ", "4"),
        ("1 + 2 * (3 - -4)", "- * +", "15"),
        ("-(1 / 0) % 2", "/ - %", "0"),
        ("not (1 < 2) || [] ++ [1] == [1]", "< not || ++ ==", "True"),
        ("False && 1 / 0 == 0", "&&", "False"),
        ("True || four == 4", "||", "True"),
        ("if 'a' >= 'b' then four else 5", ">= if", "5"),
        ("let x = four in x + x", "δ ζ +", "8"),
        ("(fn x y => x) 1 2", "β", "1"),
        ("(fn x => fn y => x) 1 2", "β β", "1"),
        ("add 1 2", "δ β +", "3"),
        ("(add 1) 2", "δ β +", "3"),
        ("add 1", "", "add 1"),
        ("fn x => 1 + 2", "", "fn x => …"),
        ("map (add four) []", "δ δ β ι", "[]"),
        ("(1 + 1, [2 + 2, 3 + 3])", "+ + +", "(2, [4, 6])"),
        ("match 1 + 1, 'a' with 2, c => [c] | _, _ => [] end", "+ ι", '"a"'),
        ("let (x, F f) = (1, F (add 2)) in f x", "ι δ β +", "3"),
        ("[add 1, fn x => x]", "", "[add 1, fn x => …]"),
        ("[F (add 1), F (fn x => x)]", "", "[F (add 1), F (fn x => …)]"),
    ],
)
def test_rules(text: str, rules: str, result: str) -> None:
    trace = PROGRAM.trace(text)
    assert [step.rule for step in trace] == rules.split()
    assert trace.to_json()["result"] == result


def test_arguments_from_left_to_right() -> None:
    redexes = [show_term(step.redex) for step in PROGRAM.trace("add (1 + 1) (2 + 2) :: [3 + 3]")]
    assert redexes == ["1 + 1", "2 + 2", "add 2 4", "(fn x y => …) 2 4", "2 + 4", "3 + 3"]


def test_what_a_step_shows_reads_back(traversal: recsyn.Program) -> None:
    """Where nothing is left out of it, the term of every step is an expression of the same value."""
    text = "append (inorder (Branch (-2) (Branch 1 Leaf Leaf) Leaf)) (preorder (Branch (3 - 1 - -1) Leaf Leaf))"
    value = show(traversal.value(text))
    shown = {s.show_before("", "") for s in traversal.trace(text)}
    readable = [s for s in shown if "…" not in s]
    assert len(readable) > 8
    assert {show(traversal.value(s)) for s in readable} == {value}


@pytest.mark.parametrize("name", ["nest", "box"])
def test_functions_that_hold_functions(name: str) -> None:
    """As deep as they are, they print: a partial application in the arguments of the next, or in a constructor there."""
    depth = 400
    argument = PROGRAM.value("S (" * depth + "Z" + ")" * depth)
    trace = PROGRAM[name].trace(argument)
    assert trace.complete
    assert show_term(trace.result).count("hold" if name == "nest" else "keep") == depth


def test_steps_one_by_one(successor: recsyn.Program) -> None:
    trace = successor.trace("succ (XI One)")
    assert [step.to_json() for step in successor.steps("succ (XI One)")] == [step.to_json() for step in trace]
    assert repr(trace) == "<trace of succ (XI One), call by value: 6 steps>"
    assert repr(trace.steps[3]) == "<step δ: succ One>"
    assert list(successor["succ"].steps(successor.value("XI One")))[-1].show_after() == "XO (XO One)"
    with pytest.raises(InvalidValue):
        successor["succ"].steps(3)


def test_rules_in_reach() -> None:
    """An upper bound that holds before the first step is made."""
    for text in ["3", "four", "-(1 / 0) % 2", "not (1 < 2) || [] ++ [1] == [1]", "map (add four) [1, 2]", "nest (S Z)"]:
        trace = PROGRAM.trace(text)
        assert {step.rule for step in trace} <= rules_in_reach(PROGRAM.checked, trace.initial)
    assert rules_in_reach(PROGRAM.checked, PROGRAM.trace("map (add four) []").initial) == {"δ", "β", "ι", "ζ", "+"}
    assert rules_in_reach(PROGRAM.checked, PROGRAM.trace("if not True then -four else 2").initial) > {"if", "not", "-"}


def test_long_lists(traversal: recsyn.Program) -> None:
    trace = traversal.trace(f"append [{', '.join(map(str, range(100)))}] [100]")
    assert trace.to_json()["result"] == str(list(range(101)))
    assert len(trace) == 3 * 101


def test_traces_of_deep_values(successor: recsyn.Program) -> None:
    deep = successor.value("One")
    for _ in range(2_000):
        deep = recsyn.Value("XI", (deep,))
    trace = successor["succ"].trace(deep)
    assert len(trace) == 3 * 2_001
    assert trace.result.value == successor["succ"](deep)
    assert trace.steps[-1].show_after().count("XO") == 2_001


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("comp (plus 1) (plus 2) 10", "13"),
        ("twice (twice (fn y => y * 2)) 1", "16"),
        ("power (S (S (S Z))) 0", "8"),
        ("both (both (fn p => p)) (1, 2)", "(1, 2)"),
    ],
)
def test_a_function_unfolded_inside_its_own_unfolding(expression: str, value: str) -> None:
    """Its binders stand there twice, under the same names, and are others each time."""
    program = recsyn.loads(
        """
type Nat = Z | S Nat
fun plus n = fn k => let y = k + n in y
fun comp f g = fn x => let y = g x in f y
fun twice f = fn x => f (f x)
fun power n = match n with Z => fn x => x + 1 | S m => let g = power m in fn x => g (g x) end
fun both f = fn p => match p with (a, b) => match f (b, a) with (b, a) => (a, b) end end
"""
    )
    assert show(program.value(expression)) == value
    assert show_term(program.trace(expression).result) == value
