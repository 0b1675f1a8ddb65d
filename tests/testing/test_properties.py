"""Properties of programs: those that hold are let stand, those that do not are refuted by the smallest input there is."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.lang.diagnostics import Diagnostic
from recsyn.testing.properties import check_property
from recsyn.values import to_list

PRELUDE = """
type Nat = Zero | Succ Nat
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Colour = Red | Green | Blue
type Never = Never Never
fun add a b = match a with Zero => b | Succ a => Succ (add a b) end
fun length xs = match xs with [] => 0 | _ :: xs => 1 + length xs end
fun sum xs = match xs with [] => 0 | x :: xs => x + sum xs end
fun reverse xs = match xs with [] => [] | x :: xs => reverse xs ++ [x] end
fun depth t = match t with Leaf => 0 | Branch _ l r => 1 + (if depth l > depth r then depth l else depth r) end
fun size t = match t with Leaf => 0 | Branch _ l r => 1 + size l + size r end
partial fun loop x = loop x
"""


def remarks(properties: str) -> list[Diagnostic]:
    return recsyn.loads(PRELUDE + properties).falsified_properties()


def inputs_against(property: str) -> list[str]:
    program = recsyn.loads(PRELUDE + property)
    found = check_property(program.checked, program._reference, program.checked.properties[0])
    assert found.counterexample is not None
    return [str(x) for x in found.counterexample]


@pytest.mark.parametrize(
    "law",
    [
        "(a : Nat) (b : Nat) = add a b == add b a",
        "(xs : List a) = reverse (reverse xs) == xs",
        "(xs : List a) (ys : List a) = length (xs ++ ys) == length xs + length ys",
        "(n : Int) (m : Int) when m != 0 = n / m * m + n % m == n",
        "(t : Tree a) = depth t <= size t",
        "(c : Char) = c == c",
        "(c : Colour) (b : Bool) = c == c || b",
        "((a, b) : (Int, Int)) = a + b == b + a",
        "= 1 + 1 == 2",
    ],
)
def test_laws_stand(law: str) -> None:
    assert remarks(f"property law {law}") == []


@pytest.mark.parametrize(
    ("claim", "smallest"),
    [
        ("(xs : List Int) = reverse xs == xs", ["[0, 1]"]),
        ("(xs : List Int) = sum xs < 1000", ["[1000]"]),
        ("(n : Int) = n < 5000", ["5000"]),
        ("(n : Int) = n > -3000", ["-3000"]),
        ("(a : Nat) (b : Nat) = add a b == a", ["Zero", "Succ Zero"]),
        ("(t : Tree a) = size t < 3", ["Branch 0 Leaf (Branch 0 Leaf (Branch 0 Leaf Leaf))"]),
        ("(t : Tree a) = depth t == size t", ["Branch 0 (Branch 0 Leaf Leaf) (Branch 0 Leaf Leaf)"]),
        ("(c : Colour) = c != Blue", ["Blue"]),
        ("(a : Int) (b : Int) when a > 1 && b > 1 = a * b != 4", ["2", "2"]),
        ("(s : List Char) = length s < 2", ['"aa"']),
        ("(xs : List Int) when length xs > 4 = False", ["[0, 0, 0, 0, 0]"]),
    ],
)
def test_false_claims_are_refuted_by_the_smallest_input(claim: str, smallest: list[str]) -> None:
    assert inputs_against(f"property claim {claim}") == smallest


def test_the_smallest_by_brute_force() -> None:
    """Whatever lists of three colours a claim excludes, the input shown is no larger than the smallest of them."""
    colours = ("Red", "Green", "Blue")

    @settings(max_examples=60)
    @given(st.sets(st.lists(st.sampled_from(colours), max_size=3).map(tuple), min_size=1, max_size=8))
    def holds(bad: set[tuple[str, ...]]) -> None:
        claim = " && ".join(f"xs != [{', '.join(b)}]" for b in sorted(bad))
        program = recsyn.loads(PRELUDE + f"property p (xs : List Colour) = {claim}")
        found = check_property(program.checked, program._reference, program.checked.properties[0])
        assert found.counterexample is not None
        shown = tuple(str(x) for x in to_list(found.counterexample[0]))
        everything = [c for n in range(4) for c in product(colours, repeat=n)]
        smallest = min((c for c in everything if c in bad), key=lambda c: (len(c), [colours.index(x) for x in c]))
        assert shown == smallest

    holds()


def test_shrinking_keeps_to_the_type() -> None:
    """`Number` comes before `Negate` and has one field too, of another type."""
    source = "type Expr = Number Int | Negate Expr\nfun depth e = match e with Number _ => 0 | Negate e => 1 + depth e end\n"
    program = recsyn.loads(source + "property p (e : Expr) = depth e < 8")
    [found] = program.falsified_properties()
    assert found.message.startswith("`p` does not hold for `e` = `" + "Negate (" * 7 + "Negate (Number 0)")


def test_a_refuted_property_says_both_sides() -> None:
    [found] = remarks("property p (xs : List Int) = reverse xs == xs")
    assert found.code == "falsified-property"
    assert found.message == "`p` does not hold for `xs` = `[0, 1]`: the left side is `[1, 0]`, the right side `[0, 1]`"


def test_inputs_that_meet_the_guard_are_made_up_for() -> None:
    program = recsyn.loads(PRELUDE + "property p (n : Int) (m : Int) when n == m = n - m == 0")
    found = check_property(program.checked, program._reference, program.checked.properties[0], examples=50)
    assert found.tested >= 5
    assert found.counterexample is None


def test_a_guard_that_nothing_meets_is_said() -> None:
    [found] = remarks("property p (n : Int) when n != n = False")
    assert (found.severity, found.code) == ("warning", "falsified-property")
    assert "no input" in found.message


def test_what_may_not_end_is_stopped() -> None:
    [found] = remarks("property p (n : Int) = loop n == n")
    assert found.code == "step-limit"


def test_types_without_values_are_named() -> None:
    [found] = remarks("property p (n : Never) = True")
    assert "no value" in found.message


def test_functions_are_no_inputs() -> None:
    with pytest.raises(recsyn.LanguageError, match="functions"):
        recsyn.loads("property p (f : Int -> Int) = f 1 == f 1")


@pytest.mark.parametrize("wrong", ["(n : Int) = n", "(n : Int) when n = True"])
def test_what_a_property_says_is_a_bool(wrong: str) -> None:
    with pytest.raises(recsyn.LanguageError, match="Bool"):
        recsyn.loads(f"property p {wrong}")


@pytest.mark.slow
def test_the_same_seed_tests_the_same_inputs() -> None:
    program = recsyn.loads(PRELUDE + "property p (xs : List Int) = sum xs < 900000")
    runs = [check_property(program.checked, program._reference, program.checked.properties[0], seed=s) for s in (3, 3, 4)]
    assert runs[0].counterexample == runs[1].counterexample
    assert runs[0].tested == runs[1].tested
    assert runs[0].counterexample != runs[2].counterexample
