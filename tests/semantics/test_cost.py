"""Formulas for the cost of a function: against δ steps counted one by one, against what a person would work out, and on programs
made up at random. A formula that is offered must never be wrong; that one is offered is asked only where it is known to exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from math import factorial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang import checker, core
from recsyn.lang.library import module_names
from recsyn.lang.program import Program
from recsyn.lang.source import Source
from recsyn.semantics.cost import Cost, Counts, TooManyUnfoldings, cost_of, counted
from recsyn.semantics.cost.counting import not_first_order, small_inputs
from recsyn.semantics.steps import steps
from recsyn.values import TRUE, Value, from_iterable, preorder, to_list

KINDS = ("unfoldings", "own", "rounds")
LIBRARY = Path(recsyn.__file__).parent / "library"

PRELUDE = """
type Nat = Z | S Nat
type Tree a = Leaf | Branch a (Tree a) (Tree a)
fun add (m : Nat) (n : Nat) : Nat = match m with Z => n | S m => S (add m n) end
fun mul (m : Nat) (n : Nat) : Nat = match m with Z => Z | S m => add n (mul m n) end
fun append (xs : List a) (ys : List a) : List a = match xs with [] => ys | x :: xs => x :: append xs ys end
"""
KNOWN = checker.check(
    Source(
        "<known>",
        PRELUDE
        + """
fun reverse (xs : List a) : List a = match xs with [] => [] | x :: xs => append (reverse xs) [x] end
fun onto (xs : List a) (ys : List a) : List a = match xs with [] => ys | x :: xs => onto xs (x :: ys) end
fun from_behind (xs : List a) (ys : List a) : List a = match xs with [] => ys | x :: xs => from_behind xs (append ys [x]) end
fun length (xs : List a) : Int = match xs with [] => 0 | _ :: xs => 1 + length xs end
fun sum (ns : List Int) : Int = match ns with [] => 0 | n :: ns => n + sum ns end
fun concat (xss : List (List a)) : List a = match xss with [] => [] | xs :: xss => append xs (concat xss) end
fun zip (xs : List a) (ys : List b) : List (a, b) = match xs, ys with x :: xs, y :: ys => (x, y) :: zip xs ys | _, _ => [] end
fun least (a : Nat) (b : Nat) (c : Nat) : Nat = match a, b, c with S a, S b, S c => S (least a b c) | _, _, _ => Z end
fun half (n : Nat) : Nat = match n with S (S n) => S (half n) | _ => Z end
fun last (xs : List a) (d : a) : a = match xs with [] => d | [x] => x | _ :: xs => last xs d end
fun even (n : Nat) : Bool = match n with Z => True | S n => odd n end
and odd (n : Nat) : Bool = match n with Z => False | S n => even n end
fun ping (n : Nat) : Nat = match n with Z => Z | S n => add (S (S Z)) (pong n) end
and pong (n : Nat) : Nat = match n with Z => Z | S n => S (ping n) end
fun power (m : Nat) (n : Nat) : Nat = match n with Z => S Z | S n => mul m (power m n) end
fun product (n : Nat) : Nat = match n with Z => S Z | S m => mul n (product m) end
fun triangle (n : Nat) : Nat = match n with Z => Z | S m => add n (triangle m) end
fun fibonacci (n : Nat) : Int = match n with Z => 0 | S Z => 1 | S (S k as m) => fibonacci m + fibonacci k end
fun hanoi (n : Nat) : List Int = match n with Z => [] | S n => append (hanoi n) (1 :: hanoi n) end
fun cons_all (x : a) (xss : List (List a)) : List (List a) =
  match xss with [] => [] | xs :: xss => (x :: xs) :: cons_all x xss end
fun powerset (xs : List a) : List (List a) =
  match xs with [] => [[]] | x :: xs => let without = powerset xs in append without (cons_all x without) end
fun inorder (t : Tree a) : List a = match t with Leaf => [] | Branch v l r => append (inorder l) (v :: inorder r) end
fun preorder (t : Tree a) : List a = match t with Leaf => [] | Branch v l r => v :: append (preorder l) (preorder r) end
fun flatten (t : Tree a) (rest : List a) : List a =
  match t with Leaf => rest | Branch v l r => flatten l (v :: flatten r rest) end
fun mirror (t : Tree a) : Tree a = match t with Leaf => Leaf | Branch v l r => Branch v (mirror r) (mirror l) end
fun size (t : Tree a) : Int = match t with Leaf => 0 | Branch _ l r => size l + 1 + size r end
fun leftmost (t : Tree a) : Int = match t with Leaf => 0 | Branch _ l _ => 1 + leftmost l end
fun weigh (n : Nat) (t : Tree a) : Nat = match t with Leaf => Z | Branch _ l r => add n (add (weigh n l) (weigh n r)) end
fun tally (ns : List Int) (k : Nat) : Nat = match ns with [] => k | n :: ns => if n == 0 then tally ns (S k) else tally ns k end
fun two : Nat = S (S Z)
fun plus_two (n : Nat) : Nat = add two n
fun insert (n : Int) (ns : List Int) : List Int =
  match ns with [] => [n] | m :: ms => if n <= m then n :: ns else m :: insert n ms end
fun sort (ns : List Int) : List Int = match ns with [] => [] | n :: ns => insert n (sort ns) end
fun member (x : Int) (t : Tree Int) : Bool =
  match t with Leaf => False | Branch v l r => x == v || (if x < v then member x l else member x r) end
fun same (s : Tree a) (t : Tree a) : Bool =
  match s, t with Leaf, Leaf => True | Branch _ l r, Branch _ k q => same l k && same r q | _, _ => False end
fun ackermann (m : Nat) (n : Nat) : Nat =
  match m, n with Z, _ => S n | S m, Z => ackermann m (S Z) | S k, S n => ackermann k (ackermann m n) end
fun map (f : a -> b) (xs : List a) : List b = match xs with [] => [] | x :: xs => f x :: map f xs end
fun twice_all (ns : List Int) : List Int = map (fn n => 2 * n) ns
partial fun forever (n : Int) : Int = forever n
type Bits = End | O Bits | I Bits
fun interleave (xs : List a) (ys : List a) : List a = match xs with [] => ys | x :: xs => x :: interleave ys xs end
fun minimum (t : Tree a) (default : a) : a =
  match t with Leaf => default | Branch v Leaf _ => v | Branch _ l _ => minimum l default end
fun maximum (t : Tree a) : List a = match t with Leaf => [] | Branch v _ Leaf => [v] | Branch _ _ r => maximum r end
fun greater (m : Nat) (n : Nat) : Nat = match m, n with Z, _ => n | _, Z => m | S m, S n => S (greater m n) end
fun depth (t : Tree a) : Nat = match t with Leaf => Z | Branch _ l r => S (greater (depth l) (depth r)) end
fun agree (p : Bits) (q : Bits) (so_far : Bool) : Bool =
  match p, q with
  | End, End => so_far
  | End, _ => False
  | _, End => False
  | O p, O q => agree p q so_far
  | I p, I q => agree p q so_far
  | O p, I q => agree p q False
  | I p, O q => agree p q False
  end
fun zero_or_next (n : Int) (m : Nat) : Nat = match n with 0 => plus_two m | 1 => m | _ => S m end
fun second (ns : List Int) : Int = match ns with _ :: (n :: _ as ns) => if n == 0 then second ns else n | _ => 0 end
fun squares (n : Nat) (ns : List Nat) : Nat =
  match n with Z => Z | S n => mul (squares n ns) (squares n []) end
""",
    )
)


def nat(n: int) -> Value:
    value = Value("Z")
    for _ in range(n):
        value = Value("S", (value,))
    return value


LEAF = Value("Leaf")


def tree(size: int, rng: Random) -> Value:
    if size == 0:
        return LEAF
    left = rng.randrange(size)
    return Value("Branch", (rng.randrange(3), tree(left, rng), tree(size - 1 - left, rng)))


def count(value: Value, constructor: str) -> int:
    return sum(isinstance(v, Value) and v.constructor == constructor for v in preorder(value))


def height(t: Value) -> int:
    return 1 + max(height(t.fields[1]), height(t.fields[2])) if t.fields else 0


def left_sum(t: Value) -> int:
    return count(t.fields[1], "Branch") + left_sum(t.fields[1]) + left_sum(t.fields[2]) if t.fields else 0


def unfoldings_in_steps(program: Program, name: str, arguments: tuple[Any, ...]) -> int:
    span = program.definitions[name].span
    term: core.Term = core.Global(name, span)
    if arguments:
        term = core.Apply(term, tuple(core.Literal(a, span) for a in arguments), span)
    return sum(step.rule == "δ" for step in steps(program, term))


def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


def nats(rng: Random) -> Value:
    return nat(rng.randrange(6))


def lists(rng: Random) -> Value:
    return from_iterable([rng.randrange(3) for _ in range(rng.randrange(7))])


def trees(rng: Random) -> Value:
    return tree(rng.randrange(10), rng)


def n(value: Value) -> int:
    return count(value, "S")


def length(value: Value) -> int:
    return len(to_list(value))


def branches(value: Value) -> int:
    return count(value, "Branch")


def bits(rng: Random) -> Value:
    value = Value("End")
    for _ in range(rng.randrange(6)):
        value = Value(rng.choice("OI"), (value,))
    return value


def digits(value: Value) -> int:
    return count(value, "O") + count(value, "I")


def in_turns(a: Value, b: Value) -> int:
    return 2 * length(a) + 1 if length(a) <= length(b) else 2 * length(b) + 2


def spine(t: Value, side: int) -> int:
    return 1 + spine(t.fields[side], side) if t.fields else 0


def lesser_heights(t: Value) -> int:
    if not t.fields:
        return 0
    _, left, right = t.fields
    return min(height(left), height(right)) + lesser_heights(left) + lesser_heights(right)


Inputs = Callable[[Random], Value]
BY_HAND: dict[str, tuple[tuple[Inputs, ...], Callable[..., int], Callable[..., int] | None]] = {
    "add": ((nats, nats), lambda a, b: n(a) + 1, lambda a, b: n(a) + 1),
    "mul": ((nats, nats), lambda a, b: n(a) * (n(b) + 2) + 1, lambda a, b: n(a) + 1),
    "append": ((lists, lists), lambda a, b: length(a) + 1, lambda a, b: length(a) + 1),
    "reverse": ((lists,), lambda a: length(a) + 1 + length(a) * (length(a) + 1) // 2, lambda a: length(a) + 1),
    "onto": ((lists, lists), lambda a, b: length(a) + 1, lambda a, b: length(a) + 1),
    "from_behind": (
        (lists, lists),
        lambda a, b: length(a) + 1 + sum(length(b) + i + 1 for i in range(length(a))),
        lambda a, b: length(a) + 1,
    ),
    "length": ((lists,), lambda a: length(a) + 1, lambda a: length(a) + 1),
    "sum": ((lists,), lambda a: length(a) + 1, lambda a: length(a) + 1),
    "concat": (
        (lambda rng: from_iterable([lists(rng) for _ in range(rng.randrange(5))]),),
        lambda a: 1 + sum(length(xs) + 2 for xs in to_list(a)),
        lambda a: length(a) + 1,
    ),
    "zip": ((lists, lists), lambda a, b: min(length(a), length(b)) + 1, lambda a, b: min(length(a), length(b)) + 1),
    "least": ((nats, nats, nats), lambda a, b, c: min(n(a), n(b), n(c)) + 1, lambda a, b, c: min(n(a), n(b), n(c)) + 1),
    "half": ((nats,), lambda a: n(a) // 2 + 1, lambda a: n(a) // 2 + 1),
    "last": ((lists, lambda _: 0), lambda a, _: max(1, length(a)), lambda a, _: max(1, length(a))),
    "even": ((nats,), lambda a: n(a) + 1, lambda a: n(a) + 1),
    "odd": ((nats,), lambda a: n(a) + 1, lambda a: n(a) + 1),
    "ping": ((nats,), lambda a: 1 + 4 * ((n(a) + 1) // 2) + n(a) // 2, lambda a: n(a) + 1),
    "power": (
        (lambda rng: nat(rng.randrange(3)), lambda rng: nat(rng.randrange(4))),
        lambda a, b: n(b) + 1 + sum(n(a) * (n(a) ** i + 2) + 1 for i in range(n(b))),
        None,
    ),
    "product": (
        (nats,),
        lambda a: n(a) + 1 + sum(i * (factorial(i - 1) + 2) + 1 for i in range(1, n(a) + 1)),
        None,
    ),
    "triangle": ((nats,), lambda a: n(a) + 1 + sum(i + 1 for i in range(1, n(a) + 1)), lambda a: n(a) + 1),
    "fibonacci": ((nats,), lambda a: 2 * fibonacci(n(a) + 1) - 1, lambda a: max(1, n(a))),
    "hanoi": (
        (nats,),
        lambda a: 2 ** (n(a) + 1) - 1 + sum(2 ** (n(a) - 1 - i) * 2**i for i in range(n(a))),
        lambda a: n(a) + 1,
    ),
    "powerset": ((lists,), lambda a: length(a) + 1 + sum(2 * (2**i + 1) for i in range(length(a))), lambda a: length(a) + 1),
    "inorder": ((trees,), lambda t: 3 * branches(t) + 1 + left_sum(t), lambda t: height(t) + 1),
    "preorder": ((trees,), lambda t: 3 * branches(t) + 1 + left_sum(t), lambda t: height(t) + 1),
    "flatten": ((trees, lists), lambda t, _: 2 * branches(t) + 1, lambda t, _: height(t) + 1),
    "mirror": ((trees,), lambda t: 2 * branches(t) + 1, lambda t: height(t) + 1),
    "size": ((trees,), lambda t: 2 * branches(t) + 1, lambda t: height(t) + 1),
    "tally": ((lists, nats), lambda a, _: length(a) + 1, lambda a, _: length(a) + 1),
    "two": ((), lambda: 1, lambda: 0),
    "plus_two": ((nats,), lambda _: 5, lambda _: 3),
    "weigh": (
        (nats, trees),
        lambda a, t: 2 * branches(t) + 1 + (2 + n(a)) * branches(t) + n(a) * left_sum(t),
        lambda a, t: height(t) + 1,
    ),
    "interleave": ((lists, lists), in_turns, in_turns),
    "minimum": ((trees, lambda _: 0), lambda t, _: max(1, spine(t, 1)), lambda t, _: max(1, spine(t, 1))),
    "maximum": ((trees,), lambda t: max(1, spine(t, 2)), lambda t: max(1, spine(t, 2))),
    "greater": ((nats, nats), lambda a, b: min(n(a), n(b)) + 1, lambda a, b: min(n(a), n(b)) + 1),
    "depth": ((trees,), lambda t: 3 * branches(t) + 1 + lesser_heights(t), None),
    "agree": (
        (bits, bits, lambda _: TRUE),
        lambda p, q, _: min(digits(p), digits(q)) + 1,
        lambda p, q, _: min(digits(p), digits(q)) + 1,
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_what_a_person_works_out(name: str) -> None:
    inputs, unfoldings, rounds = BY_HAND[name]
    cost = cost_of(KNOWN, name)
    rng = Random(name)
    for _ in range(12):
        arguments = tuple(draw(rng) for draw in inputs)
        assert cost.unfoldings_on(*arguments) == unfoldings(*arguments)
        if rounds is not None:
            assert cost.rounds_on(*arguments) == rounds(*arguments)
        assert cost.unfoldings_on(*arguments) == unfoldings_in_steps(KNOWN, name, arguments)
        assert cost.own_on(*arguments) == counted(KNOWN, name, arguments).own


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("insert", "it depends on what `<=` gives"),
        ("sort", "it depends on what `<=` gives (in `insert`)"),
        ("member", "it depends on what `==` gives and on what `<` gives"),
        ("same", "it depends on what `same` gives"),
        ("ackermann", "its recursive calls"),
        ("map", "`map` takes or gives functions"),
        ("twice_all", "`twice_all` makes a function with `fn`"),
        ("forever", "`forever` is partial, and may not end"),
        ("zero_or_next", "it depends on which number or character stands there"),
        ("squares", "a recursive call counts more than a few times"),
    ],
)
def test_where_there_is_none_it_says_why(name: str, reason: str) -> None:
    cost = cost_of(KNOWN, name)
    assert cost.unfoldings is None
    assert reason in cost.reasons["unfoldings"]
    assert f"no closed form found: {cost.reasons['unfoldings']}" in str(cost)
    with pytest.raises(RecsynError, match="no closed form was found"):
        cost.unfoldings_on(*small_inputs(KNOWN, name)[0])


def test_sorting_has_rounds_all_the_same() -> None:
    cost = cost_of(KNOWN, "sort")
    assert str(cost.rounds) == "length(ns) + 1"
    assert cost.rounds_on(from_iterable([3, 1, 2])) == 4


def test_there_are_no_rounds_where_calls_wait_or_are_not_needed() -> None:
    waiting = "fun depths (t : Tree a) : (Nat, Nat) = match t with Leaf => (Z, Z) | Branch _ l r => " + (
        "let (a, b) = depths l in let (c, d) = depths r in (S a, add b (add c d)) end"
    )
    cost = cost_of(checker.check(Source("<waiting>", PRELUDE + waiting)), "depths")
    assert cost.reasons["rounds"] == "some of its recursive calls wait for what others give"
    assert str(cost.own) == "2*Branch(t) + 1"
    assert cost_of(KNOWN, "power").reasons["rounds"] == "what some of its recursive calls give is not always needed"


def test_a_function_that_does_not_recur_takes_the_rounds_of_what_it_calls() -> None:
    text = PRELUDE + "fun onto (m : Nat) : Nat = S (add (S m) m)\nfun mixed (m : Nat) : Nat = add (mul m m) m"
    program = checker.check(Source("<outer>", text))
    assert str(cost_of(program, "onto").rounds) == "S(m) + 2"
    assert "functions of several groups" in cost_of(program, "mixed").reasons["rounds"]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("same", "T(same (Branch _ l r) (Branch _ k q)) = T(same l k) + 1, if not (same l k)"),
        ("same", "T(same (Branch _ l r) (Branch _ k q)) = T(same l k) + T(same r q) + 1, if same l k"),
        ("member", "T(member x (Branch v l r)) = T(member x l) + 1, if x != v and x < v"),
        ("minimum", "T(minimum (Branch v (Branch _ _ _ as l) _) default) = T(minimum l default) + 1"),
        ("second", "T(second (_ :: (n :: _ as ns))) = T(second ns) + 1, if n == 0"),
        ("zero_or_next", "T(zero_or_next n m) = 1, if n is not 0"),
        ("product", "T(product (S m)) = S(m)*factorial(S(m)) + 2*S(m) + T(product m) + factorial(S(m)) + 4"),
        ("tally", "T(tally (n :: ns) k) = T(tally ns (S k)) + 1, if n == 0"),
        ("agree", "T(agree (O p) (I q) so_far) = T(agree p q False) + 1"),
    ],
)
def test_an_equation_says_when_it_holds(name: str, line: str) -> None:
    assert line in cost_of(KNOWN, name).recurrences


def unbound(program: Program, line: str) -> set[str]:
    """The variables on the right of an equation that its left side does not bind."""
    left, _, right = line.partition(" = ")
    names = {core.spelled(d).rpartition(".")[2] for d in program.definitions}
    said = {*re.findall(r"[a-z]\w*(?=\()", right), "field", "of", "if", "and", "is", "not", "k"} | names
    words = re.compile(r"(?<![\w'.])[a-z][\w']*")
    return set(words.findall(re.sub("'.'", "", right))) - said - set(words.findall(left))


def hold_recurrences(program: Program, cost: Cost) -> None:
    """What is on the right of an equation is bound on the left, and no other equation says something else of the same."""
    lines = cost.recurrences
    assert not [line for line in lines if unbound(program, line)]
    lefts = [line.partition(" = ")[0] for line in lines if ", if " not in line]
    assert len(set(lefts)) == len(lefts), lines
    assert len(set(lines)) == len(lines), lines


@pytest.mark.parametrize("name", ["same", "member", "insert", "minimum", "second", "product", "fibonacci", "ackermann"])
def test_variables_are_bound_and_no_two_equations_hold_at_once(name: str) -> None:
    hold_recurrences(KNOWN, cost_of(KNOWN, name))


def test_two_parts_of_one_name_are_told_apart() -> None:
    text = PRELUDE + (
        "fun hidden (xs : List Nat) (ys : List Nat) : Nat = match xs with [] => Z | _ :: ys => hidden ys ys end\n"
        "fun named (xs : List Nat) (k : List Nat) : Nat =\n"
        "  match xs with [] => Z | Z :: xs => named xs k | S _ :: ys => named ys xs end\n"
    )
    program = checker.check(Source("<named>", text))
    assert "T(hidden (_ :: ys) _) = T(hidden ys ys) + 1" in cost_of(program, "hidden").recurrences
    assert "T(named (S _ :: xs' as xs) k) = T(named xs' xs) + 1" in cost_of(program, "named").recurrences


def test_a_sum_that_stays_one_is_said_to_have_no_closed_form() -> None:
    cost = cost_of(KNOWN, "product")
    (said,) = (right for left, right in cost.rows() if left == "unfoldings")
    assert cost.unfoldings.has(sympy.Sum)
    assert said == f"{cost.unfoldings}, where SymPy knows no closed form of the sum"
    assert "SymPy knows" not in cost.to_json()["unfoldings"]


def test_of_a_loaded_program(examples: Path) -> None:
    program = recsyn.load(examples / "successor.rec")
    number = program.value("XI (XI (XO One))")
    assert program["succ"].cost() == cost_of(program.checked, "succ")
    assert program["succ"].cost().unfoldings_on(number) == 3
    assert program["succ"].counted(number) == Counts(3, 3, 3)
    with pytest.raises(TooManyUnfoldings, match=r"more than 1 unfolding$"):
        program["succ"].counted(number, limit=1)
    with pytest.raises(RecsynError, match="succ takes 1 argument, not 0"):
        program["succ"].counted()
    with pytest.raises(RecsynError, match="succ takes a Pos, and 3 is no Pos"):
        program["succ"].cost().rounds_on(3)


def test_what_cannot_be_asked_is_one_clear_error(examples: Path) -> None:
    program = recsyn.load(examples / "successor.rec")
    one = program.value("One")
    for ask in (lambda p, name: cost_of(p, name), lambda p, name: counted(p, name, [one])):
        with pytest.raises(RecsynError, match=r"(?s)a checked program is needed.*hint.*cost\(\)"):
            ask(program, "succ")
        with pytest.raises(RecsynError, match=r"(?s)defines no function `suc`.*did you mean `succ`"):
            ask(program.checked, "suc")
        with pytest.raises(RecsynError, match=r"defines no function `nat\.add`"):
            ask(program.checked, "nat.add")
    for wrong in (one, [], [one, one]):
        with pytest.raises(RecsynError, match="counted on a list of as many arguments as it takes, 1"):
            counted(program.checked, "succ", wrong)


def test_a_function_of_another_module_goes_by_its_qualified_name() -> None:
    program = checker.check(Source("<importing>", "import nat\nfun twice (n : Nat) : Nat = nat.add n n"))
    assert str(cost_of(program, "nat.add").unfoldings) == "Succ(m) + 1"


def test_the_successor_takes_the_carry_and_one(examples: Path) -> None:
    program = checker.load_program(examples / "successor.rec")
    assert str(cost_of(program, "succ")) == SUCCESSOR


SUCCESSOR = """\
the cost of succ
  unfoldings        leading_XI(n) + 1
  of its own group  leading_XI(n) + 1
  rounds            leading_XI(n) + 1
where
  leading_XI(n)     the number of `XI` at the start of n, before any other constructor
from
  T(succ One)       = 1
  T(succ (XO b))    = 1
  T(succ (XI b))    = T(succ b) + 1
  R(succ One)       = 1
  R(succ (XO b))    = 1
  R(succ (XI b))    = R(succ b) + 1"""


def test_preorder_with_append_is_quadratic_on_a_left_spine_and_linear_on_a_right_one(examples: Path) -> None:
    program = checker.load_program(examples / "traversal.rec")
    for name in ("preorder", "inorder"):
        left, right, complete = cost_of(program, name).shapes
        n, d = (sympy.Symbol(s, integer=True, nonnegative=True) for s in "nd")
        assert (left.shape, right.shape) == ("a left spine of n `Branch`", "a right spine of n `Branch`")
        assert sympy.expand(left.unfoldings - (n**2 + 5 * n + 2) / 2) == 0
        assert right.unfoldings == 3 * n + 1
        assert sympy.simplify(complete.unfoldings - (d * 2**d / 2 + 2 * 2**d - 1)) == 0
        assert (left.rounds, right.rounds, complete.rounds) == (n + 1, n + 1, d + 1)


def test_the_recurrence_is_shown_in_the_names_of_the_source(examples: Path) -> None:
    cost = cost_of(checker.load_program(examples / "traversal.rec"), "preorder")
    assert "T(preorder (Branch v l r)) = Branch(l) + T(preorder l) + T(preorder r) + 2" in cost.recurrences
    assert "R(preorder (Branch v l r)) = Max(R(preorder l), R(preorder r)) + 1" in cost.recurrences
    words = {str(m.symbol): m.words for m in cost.measures}
    assert words["left_sum_Branch(t)"] == "the sum over every `Branch` in t of the number of `Branch` in its field 2"


def test_symbols_of_a_formula_are_those_of_its_measures() -> None:
    for name in BY_HAND:
        cost = cost_of(KNOWN, name) if name in ("weigh", "zip", "ping", "concat") else None
        if cost is not None:
            spoken_of = {m.symbol for m in cost.measures}
            assert cost.unfoldings.free_symbols <= spoken_of
            assert len(spoken_of) == len(cost.measures)


def test_json() -> None:
    plain = cost_of(KNOWN, "preorder").to_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["unfoldings"] == "3*Branch(t) + left_sum_Branch(t) + 1"
    assert plain["reasons"] == {}
    assert [s["shape"] for s in plain["shapes"]] == [
        "a left spine of n `Branch`",
        "a right spine of n `Branch`",
        "complete, d `Branch` deep",
    ]
    assert cost_of(KNOWN, "insert").to_json()["rounds"] is None


def test_a_formula_is_evaluated_on_values_of_any_depth() -> None:
    spine = LEAF
    for label in range(20_000):
        spine = Value("Branch", (label, spine, LEAF))
    cost = cost_of(KNOWN, "preorder")
    assert cost.unfoldings_on(spine) == (20_000**2 + 5 * 20_000 + 2) // 2
    assert cost.rounds_on(spine) == 20_001


def test_arguments_of_another_type_are_refused() -> None:
    cost = cost_of(KNOWN, "add")
    with pytest.raises(RecsynError, match="takes 2 arguments, not 1"):
        cost.unfoldings_on(nat(1))
    with pytest.raises(RecsynError, match="takes a Nat"):
        cost.unfoldings_on(nat(1), 7)


def test_a_count_that_is_too_long_stops() -> None:
    with pytest.raises(TooManyUnfoldings, match="more than 1,000 unfoldings"):
        counted(KNOWN, "ackermann", (nat(3), nat(9)), 1_000)
    with pytest.raises(RecsynError, match="cannot be counted: `map` takes or gives functions"):
        counted(KNOWN, "map", ())


def test_a_wrong_formula_is_withdrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the analysis gives is held against runs before it is offered."""
    from recsyn.semantics.cost import solving

    def wrong(*_: Any) -> Any:
        return sympy.Integer(3)

    monkeypatch.setattr(solving, "solved", wrong)
    cost = cost_of(KNOWN, "reverse")
    assert (cost.unfoldings, cost.own, cost.rounds) == (None, None, None)
    assert "not what runs count" in cost.reasons["unfoldings"]


def test_sympy_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, recsyn.semantics.cost; sys.exit('sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The library


def wrong_in(program: Program, name: str, cost: Cost, most: int) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for arguments in small_inputs(program, name, most):
        try:
            counts = counted(program, name, arguments, 1_500)
        except TooManyUnfoldings:
            continue
        yield from (
            (k, arguments)
            for k in KINDS
            if getattr(cost, k) is not None and getattr(cost, f"{k}_on")(*arguments) != getattr(counts, k)
        )


@pytest.mark.parametrize("module", ["nat"])
def test_every_formula_of_the_library_is_what_runs_count(module: str) -> None:
    assert formulas_in(module, 25) > 10


@pytest.mark.slow
@pytest.mark.parametrize("module", module_names())
def test_every_formula_of_the_whole_library_is_what_runs_count_on_more(module: str) -> None:
    assert formulas_in(module, 300) > 4


def formulas_in(module: str, most: int) -> int:
    """How many functions of a module have a formula for their unfoldings, after all have been held against runs."""
    program = checker.load_program(LIBRARY / f"{module}.rec")
    offered = 0
    for name in program.own:
        if not_first_order(program, name) is None:
            cost = cost_of(program, name)
            offered += cost.unfoldings is not None
            assert not list(wrong_in(program, name, cost, most)), name
            hold_recurrences(program, cost)
            assert all("not what runs count" not in reason for reason in cost.reasons.values()), name
    return offered


# Programs made up at random

TYPES = ("Nat", "List Nat", "Tree Nat")
CASES = {
    "Nat": [("Z", {}), ("S n1", {"n1": "Nat"})],
    "List Nat": [("[]", {}), ("x1 :: xs1", {"x1": "Nat", "xs1": "List Nat"})],
    "Tree Nat": [("Leaf", {}), ("Branch v1 l1 r1", {"v1": "Nat", "l1": "Tree Nat", "r1": "Tree Nat"})],
}
PARTS = {"Nat": ("n1",), "List Nat": ("xs1",), "Tree Nat": ("l1", "r1")}


@st.composite
def made_up(draw: st.DrawFn) -> tuple[str, tuple[str, str]]:
    """A function ``f`` of two arguments that recurs on its first, and their types."""
    first, second, result = (draw(st.sampled_from(TYPES)) for _ in range(3))

    def expression(type: str, scope: dict[str, str], fuel: int) -> str:
        options = [name for name, t in scope.items() if t == type]
        options.append({"Nat": "Z", "List Nat": "[]", "Tree Nat": "Leaf"}[type])
        if fuel > 0:
            options.append("build")
            options.append("help")
            options.append("choose")
            if type == result and PARTS[first][0] in scope:
                options += ["recur", "recur", "recur"]
        chosen = draw(st.sampled_from(options))

        def inner(t: str) -> str:
            return f"({expression(t, scope, fuel - 1)})"

        if chosen == "build":
            return {
                "Nat": lambda: f"S {inner('Nat')}",
                "List Nat": lambda: f"{inner('Nat')} :: {inner('List Nat')}",
                "Tree Nat": lambda: f"Branch {inner('Nat')} {inner('Tree Nat')} {inner('Tree Nat')}",
            }[type]()
        if chosen == "help":
            return {
                "Nat": lambda: draw(st.sampled_from(["add", "mul"])) + f" {inner('Nat')} {inner('Nat')}",
                "List Nat": lambda: f"append {inner('List Nat')} {inner('List Nat')}",
                "Tree Nat": lambda: f"flip {inner('Tree Nat')}",
            }[type]()
        if chosen == "recur":
            return f"f {draw(st.sampled_from(PARTS[first]))} {inner(second)}"
        if chosen == "choose":
            condition = draw(st.sampled_from(["1 < 2", f"{inner('Nat')} == Z", f"{inner('List Nat')} == []"]))
            return f"if {condition} then {inner(type)} else {inner(type)}"
        return chosen

    cases = []
    for pattern, bound in CASES[first]:
        inside = expression(result, {"y": second, **bound}, 3)
        cases.append(f"{pattern} => {inside}")
    body = f"match x with {' | '.join(cases)} end"
    flip = "fun flip (t : Tree a) : Tree a = match t with Leaf => Leaf | Branch v l r => Branch v (flip r) (flip l) end\n"
    return f"{PRELUDE}{flip}fun f (x : {first}) (y : {second}) : {result} = {body}\n", (first, second)


def some_value(type: str, rng: Random) -> Value:
    if type == "Nat":
        return nat(rng.randrange(5))
    if type == "List Nat":
        return from_iterable([nat(rng.randrange(3)) for _ in range(rng.randrange(6))])

    def labelled(t: Value) -> Value:
        return Value("Branch", (nat(rng.randrange(3)), labelled(t.fields[1]), labelled(t.fields[2]))) if t.fields else t

    return labelled(tree(rng.randrange(7), rng))


def hold_made_up(text: str, types: tuple[str, str], seed: int) -> int:
    program = checker.check(Source("<made up>", text))
    cost = cost_of(program, "f")
    assert all("not what runs count" not in reason for reason in cost.reasons.values()), text
    rng = Random(seed)
    for _ in range(12):
        arguments = tuple(some_value(type, rng) for type in types)
        try:
            counts: Counts = counted(program, "f", arguments, 400)
        except TooManyUnfoldings:
            continue
        assert counts.unfoldings == unfoldings_in_steps(program, "f", arguments)
        for kind in KINDS:
            if getattr(cost, kind) is not None:
                assert getattr(cost, f"{kind}_on")(*arguments) == getattr(counts, kind), (kind, text)
    return cost.unfoldings is not None


FEW = settings(max_examples=12, suppress_health_check=list(HealthCheck))


@FEW
@given(made_up(), st.integers(0, 2**32))
def test_no_made_up_function_has_a_wrong_formula(program: tuple[str, tuple[str, str]], seed: int) -> None:
    hold_made_up(*program, seed)


@pytest.mark.slow
@settings(FEW, max_examples=600)
@given(made_up(), st.integers(0, 2**32))
def test_no_made_up_function_has_a_wrong_formula_among_many(program: tuple[str, tuple[str, str]], seed: int) -> None:
    hold_made_up(*program, seed)
