"""Rounds: their exact text, that each follows from the one before, how many there are, and where they end."""

from __future__ import annotations

import json
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.library import module_names, module_source
from recsyn.lang.printer import show_term
from recsyn.semantics.reference import StepLimit
from recsyn.semantics.rounds import Rounds
from recsyn.values import Value, equal, show

# The successor and the traversals against their own rules


def digits(word: str) -> str:
    """A binary number as an expression, from ``X0`` and ``X1`` as ``0`` and ``1``."""
    return "".join({"0": "XO (", "1": "XI ("}[d] for d in word) + "One" + ")" * len(word)


def plain(expression: str) -> str:
    return expression.replace("(One)", "One")


def incremented(word: str, rounds: int) -> str:
    """What the successor of a number prints as after some rounds: as many carries as rounds, then the call on the rest."""
    carry = len(word) - len(word.lstrip("1"))
    if rounds <= carry:
        call = plain(f"succ ({digits(word[rounds:])})")
        inner = f"UNROLL[ {call} ]"
        if not rounds:
            return inner
        return "XO (" * (rounds - 1) + f"XO {inner}" + ")" * (rounds - 1)
    rest = word[carry:]
    return plain(digits("0" * carry + ("1" + rest[1:] if rest else "0")))


@pytest.mark.parametrize("length", range(7))
def test_every_successor(successor: recsyn.Program, length: int) -> None:
    for letters in product("01", repeat=length):
        word = "".join(letters)
        rounds = successor.rounds(plain(f"succ ({digits(word)})"))
        carry = len(word) - len(word.lstrip("1"))
        assert len(rounds) == carry + 1
        assert [str(r) for r in rounds] == [incremented(word, n) for n in range(carry + 2)]
        assert rounds.complete


def height(tree: Value) -> int:
    return 1 + max(map(height, tree.fields[1:])) if tree.fields else 0


trees = st.recursive(
    st.just(Value("Leaf")), lambda t: st.tuples(st.integers(-9, 99), t, t).map(lambda f: Value("Branch", f)), max_leaves=14
)


@pytest.mark.parametrize("function", ["inorder", "preorder"])
@given(tree=trees)
@settings(max_examples=30)
def test_each_round_is_one_round_from_the_one_before(traversal: recsyn.Program, function: str, tree: Value) -> None:
    """The text of a round reads back as an expression with the calls unfolded once more, and with the same value."""
    rounds = traversal[function].rounds(tree)
    assert len(rounds) == height(tree) + 1
    texts = [str(r) for r in rounds]
    assert texts[0] == f"UNROLL[ {show_term(rounds.initial)} ]"
    for text, following in pairwise(texts):
        expression = text.replace("UNROLL[ ", "(").replace(" ]", ")")
        assert str(traversal.rounds(expression).after(1)) == following
        assert equal(traversal.value(expression), traversal[function](tree))
    assert texts[-1] == show(traversal[function](tree))


# Any program

PROGRAM = recsyn.loads(
    """
import list
type Nat = Z | S Nat
fun even n = match n with Z => True | S n => odd n end
and odd n = match n with Z => False | S n => even n end
fun add m n = match m with Z => n | S m => S (add m n) end
fun twice f = fn x => f (f x)
fun sum_onto (xs : List Int) (total : Int) : Int = match xs with [] => total | x :: xs => sum_onto xs (total + x) end
fun total (xs : List Int) : Int = sum_onto xs 0
fun fib n = match n with Z => Z | S Z => S Z | S (S k as m) => add (fib m) (fib k) end
fun perfect n = match n with Z => [[0]] | S n => let half = perfect n in half ++ half end
fun both xs = match xs with [] => ([], []) | x :: xs => let (a, b) = both xs in (x :: b, a) end
fun sizes t = match t with Z => [] | S t => let n = sizes t in list.length n :: n end
partial fun collatz n = if n == 1 then [1] else n :: collatz (if n % 2 == 0 then n / 2 else 3 * n + 1)
partial fun ever n = ever (n + 1)
partial fun grow n = n :: grow (n + 1)
fun seven = list.sum [3, 4]
"""
)


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        ("even (S (S Z))", ["UNROLL[ even (S (S Z)) ]", "UNROLL[ odd (S Z) ]", "UNROLL[ even Z ]", "True"]),
        (
            "list.map (fn x => x * 2) [1, 2]",
            [
                "UNROLL[ map (fn x => …) [1, 2] ]",
                "2 :: UNROLL[ map (fn x => …) [2] ]",
                "2 :: 4 :: UNROLL[ map (fn x => …) [] ]",
                "[2, 4]",
            ],
        ),
        (
            "twice (add (S Z)) Z",
            ["UNROLL[ add (S Z) UNROLL[ add (S Z) Z ] ]", "S UNROLL[ add Z (S UNROLL[ add Z Z ]) ]", "S (S Z)"],
        ),
        ("(let g = add (S Z) in g) Z", ["UNROLL[ add (S Z) Z ]", "S UNROLL[ add Z Z ]", "S Z"]),
        ("total [5, 6]", ["UNROLL[ sum_onto [5, 6] 0 ]", "UNROLL[ sum_onto [6] 5 ]", "UNROLL[ sum_onto [] 11 ]", "11"]),
        (
            "list.insertion_sort [2, 1]",
            [
                "UNROLL[ insertion_sort [2, 1] ]",
                "insert 2 UNROLL[ insertion_sort [1] ]",
                "insert 2 (insert 1 UNROLL[ insertion_sort [] ])",
                "[1, 2]",
            ],
        ),
        ("both [1]", ["UNROLL[ both [1] ]", "match UNROLL[ both [] ] with … end", "([1], [])"]),
        ("if even Z then 1 else 2", ["if UNROLL[ even Z ] then … else …", "1"]),
        ("even Z || ever 1", ["UNROLL[ even Z ] || ever 1", "True"]),
        ("fn x => add x x", ["fn x => …"]),
        ("1 + seven", ["1 + UNROLL[ sum [3, 4] ]", "1 + (3 + UNROLL[ sum [4] ])", "1 + (3 + (4 + UNROLL[ sum [] ]))", "8"]),
        ("collatz 4", ["UNROLL[ collatz 4 ]", "4 :: UNROLL[ collatz 2 ]", "4 :: 2 :: UNROLL[ collatz 1 ]", "[4, 2, 1]"]),
        ("sizes (S Z)", ["UNROLL[ sizes (S Z) ]", "length UNROLL[ sizes Z ] :: UNROLL[ sizes Z ]", "[0]"]),
        ("add (S Z) (add Z Z)", ["UNROLL[ add (S Z) UNROLL[ add Z Z ] ]", "S UNROLL[ add Z Z ]", "S Z"]),
        ("add (add Z (S Z)) Z", ["add UNROLL[ add Z (S Z) ] Z", "UNROLL[ add (S Z) Z ]", "S UNROLL[ add Z Z ]", "S Z"]),
    ],
)
def test_exact_rounds(expression: str, lines: list[str]) -> None:
    rounds = PROGRAM.rounds(expression)
    assert [str(r) for r in rounds] == lines
    assert str(rounds.after(10**9)) == show_term(PROGRAM.trace(expression).result)


@pytest.mark.parametrize("module", module_names())
def test_the_examples_of_the_library(module: str) -> None:
    """The last round of every example of the standard library is its value."""
    library = recsyn.loads(module_source(module).text)
    assert library.checked.examples
    for example in library.checked.examples:
        rounds = Rounds(library.checked, library._reference, example.left)
        result = rounds.result
        assert rounds.complete
        if isinstance(result, core.Literal):
            assert equal(result.value, library._reference.evaluate(example.right))


@pytest.mark.parametrize("number", [0, 1, 2, 5, 9])
def test_what_is_shared_is_unfolded_once(number: int) -> None:
    rounds = PROGRAM.rounds("perfect (" + "S (" * number + "Z" + ")" * number + ")")
    assert len(rounds) == number + 1
    assert all(len(r.outstanding) == (r.number <= number) for r in rounds)
    assert rounds.result.value == recsyn.values.from_iterable([recsyn.values.from_iterable([0])] * 2**number)


def test_partial_functions_under_a_limit() -> None:
    rounds = PROGRAM.rounds("grow 0", limit=3)
    assert (len(rounds), rounds.complete, str(rounds.after(2))) == (3, False, "0 :: 1 :: UNROLL[ grow 2 ]")
    assert str(rounds).endswith("0 :: 1 :: 2 :: UNROLL[ grow 3 ]  …")
    assert str(rounds.after(5)) == "0 :: 1 :: 2 :: 3 :: 4 :: UNROLL[ grow 5 ]"
    endless = recsyn.loads(
        "partial fun ever n = ever (n + 1)\nfun id x = x\nfun f xs = match xs with [] => 0 | _ :: xs => f xs end\n"
    )
    assert not endless.rounds("ever 0", limit=50).complete
    with pytest.raises(ValueError, match="counted from 0"):
        rounds.after(-1)


def test_functions_that_are_free_may_not_run_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsyn.semantics.rounds.MOST_CALLS", 500)
    program = recsyn.loads(
        """
partial fun ever n = ever (n + 1)
partial fun f xs = match xs with [] => 0 | _ :: xs => f xs + ever 0 end
"""
    )
    with pytest.raises(StepLimit):
        program["f"].rounds(program.value("[1]"))


def test_deep_inputs(successor: recsyn.Program) -> None:
    deep = successor.value("One")
    for _ in range(100_000):
        deep = Value("XI", (deep,))
    rounds = successor["succ"].rounds(deep)
    assert str(rounds.after(3)).startswith("XO (XO (XO UNROLL[ succ (XI ")
    short = deep
    for _ in range(98_500):
        short = short.fields[0]
    assert len(successor["succ"].rounds(short)) == 1_501


def test_arguments_are_checked(successor: recsyn.Program) -> None:
    with pytest.raises(RecsynError, match="succ takes a Pos"):
        successor["succ"].rounds(3)


def test_what_is_drawn_and_exported(traversal: recsyn.Program) -> None:
    rounds = traversal.rounds("inorder (Branch 2 (Branch 1 Leaf Leaf) Leaf)")
    data: dict[str, Any] = json.loads(json.dumps(rounds.to_json()))
    assert data["rounds"][1] == {
        "round": 1,
        "term": "UNROLL[ inorder (Branch 1 Leaf Leaf) ] ++ 2 :: UNROLL[ inorder Leaf ]",
        "outstanding": ["UNROLL[ inorder (Branch 1 Leaf Leaf) ]", "UNROLL[ inorder Leaf ]"],
    }
    assert (data["initial"], data["result"]) == ("inorder (Branch 2 (Branch 1 Leaf Leaf) Leaf)", "[1, 2]")
    frames = rounds.frames()
    assert [f.rule for f in frames] == ["", "round 1", "round 2", "round 3"]
    assert [text for text, marked in frames[1].text if marked] == data["rounds"][1]["outstanding"]
    assert "".join(text for text, _ in frames[1].text) == data["rounds"][1]["term"]
    assert [node.label for node in frames[1].tree if node.marked][:2] == ["inorder", "Branch"]
    assert "rounds" in rounds.title
