"""Partly reduced outputs, token by token: the papers' examples as they stand there, and all small inputs against rules written by
hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import recsyn
from recsyn.data.codecs import codec_for
from recsyn.data.space import Alphabet
from recsyn.data.tasks import Task
from recsyn.data.unrolling import after_rounds, unrolled
from recsyn.errors import RecsynError
from recsyn.values import Datum, Value

EXAMPLE = (109, (390, None, (5, None, None)), (755, (6, None, None), None))


@pytest.mark.parametrize(
    ("function", "number", "tokens"),
    [
        ("inorder", 0, "UNROLL[ 109 ( 390 EMPTY ( 5 EMPTY EMPTY ) ) ( 755 ( 6 EMPTY EMPTY ) EMPTY ) ]"),
        ("inorder", 1, "UNROLL[ 390 EMPTY ( 5 EMPTY EMPTY ) ] 109 UNROLL[ 755 ( 6 EMPTY EMPTY ) EMPTY ]"),
        (
            "inorder",
            2,
            "UNROLL[ EMPTY ] 390 UNROLL[ 5 EMPTY EMPTY ] 109 UNROLL[ 6 EMPTY EMPTY ] 755 UNROLL[ EMPTY ]",
        ),
        ("inorder", 3, "390 UNROLL[ EMPTY ] 5 UNROLL[ EMPTY ] 109 UNROLL[ EMPTY ] 6 UNROLL[ EMPTY ] 755"),
        ("inorder", 4, "390 5 109 6 755"),
        ("inorder", 9, "390 5 109 6 755"),
        ("preorder", 1, "109 UNROLL[ 390 EMPTY ( 5 EMPTY EMPTY ) ] UNROLL[ 755 ( 6 EMPTY EMPTY ) EMPTY ]"),
        ("preorder", 4, "109 390 5 755 6"),
    ],
)
def test_the_traversals_as_the_papers_write_them(
    task: Callable[..., Task], tree: Callable[[Any], Value], function: str, number: int, tokens: str
) -> None:
    assert after_rounds(task(function), tree(EXAMPLE), number) == tokens.split()


@pytest.mark.parametrize(
    ("codecs", "lines"),
    [
        (("prefix", "prefix"), ["UNROLL[ X1 X1 X0 01 ]", "X0 UNROLL[ X1 X0 01 ]", "X0 X0 UNROLL[ X0 01 ]", "X0 X0 X1 01"]),
        (("mirror", "mirror"), ["UNROLL[ 01 X0 X1 X1 ]", "UNROLL[ 01 X0 X1 ] X0", "UNROLL[ 01 X0 ] X0 X0", "01 X1 X0 X0"]),
    ],
)
def test_the_successor_in_both_orders(
    task: Callable[..., Task], pos: Callable[[str], Value], codecs: tuple[str, str], lines: list[str]
) -> None:
    made = task("succ", codecs=codecs)
    assert [" ".join(after_rounds(made, pos("110"), n)) for n in range(4)] == lines


def traversed(value: Datum, number: int, place: int) -> list[str]:
    """The papers' rule for both traversals, written without recursion schemes: the label stands at ``place`` among the parts."""
    if number == 0:
        return ["UNROLL[", *bracketed(value, True), "]"]
    if not value.fields:
        return []
    label, left, right = value.fields
    parts = [traversed(left, number - 1, place), traversed(right, number - 1, place)]
    parts.insert(place, [str(label)])
    return [token for part in parts for token in part]


def bracketed(value: Datum, root: bool) -> list[str]:
    if not value.fields:
        return ["EMPTY"]
    label, left, right = value.fields
    inner = [str(label), *bracketed(left, False), *bracketed(right, False)]
    return inner if root else ["(", *inner, ")"]


@pytest.mark.parametrize(("function", "place"), [("preorder", 0), ("inorder", 1)])
def test_every_small_tree_after_every_number_of_rounds(task: Callable[..., Task], function: str, place: int) -> None:
    made = task(function)
    for value in made.space.smallest(60):
        for number in range(6):
            assert after_rounds(made, value, number) == traversed(value, number, place)


PROGRAM = recsyn.loads(
    """
type Tree a = Leaf as "EMPTY" | Branch a (Tree a) (Tree a)
type Nat = Z | S Nat
fun mirror (t : Tree Int) : Tree Int = match t with Leaf => Leaf | Branch v l r => Branch v (mirror r) (mirror l) end
fun length (xs : List Int) : Int = match xs with [] => 0 | _ :: xs => 1 + length xs end
fun even (n : Nat) : Bool = match n with Z => True | S n => odd n end
and odd (n : Nat) : Bool = match n with Z => False | S n => even n end
partial fun double (xs : List Int) : List Int = match xs with [] => [] | x :: xs => x :: x :: double (double xs) end
fun last (xs : List Int) : Int = match xs with [] => 0 | x :: xs => match xs with [] => x | _ :: _ => last xs end end
fun runs (xs : List Int) : List Int = match xs with [] => [] | x :: xs => match runs xs with [] => [x] | _ :: ys => x :: ys end end
"""
)


@pytest.mark.parametrize(
    ("function", "value", "codecs", "number", "tokens"),
    [
        ("mirror", "Branch 1 (Branch 2 Leaf Leaf) Leaf", "bracketed bracketed", 1, "1 UNROLL[ EMPTY ] UNROLL[ 2 EMPTY EMPTY ]"),
        ("mirror", "Branch 1 (Branch 2 Leaf Leaf) Leaf", "bracketed bracketed", 2, "1 EMPTY ( 2 UNROLL[ EMPTY ] UNROLL[ EMPTY ] )"),
        (
            "mirror",
            "Branch 1 (Branch 2 Leaf Leaf) Leaf",
            "prefix prefix",
            1,
            "Branch 1 UNROLL[ EMPTY ] UNROLL[ Branch 2 EMPTY EMPTY ]",
        ),
        ("length", "[7, 8]", "flat prefix", 1, "+ 1 UNROLL[ 8 ]"),
        ("even", "S (S Z)", "prefix prefix", 1, "UNROLL[ odd S Z ]"),
        ("even", "S (S Z)", "prefix prefix", 2, "UNROLL[ Z ]"),
        ("double", "[3]", "flat flat", 1, "3 3 double UNROLL[ ]"),
    ],
)
def test_what_is_no_traversal(function: str, value: str, codecs: str, number: int, tokens: str) -> None:
    made = PROGRAM[function]
    alphabet, datatypes = Alphabet(), PROGRAM.checked.datatypes
    kinds = codecs.split()
    types = (made.parameters[0], made.result)
    input, output = (codec_for(kind, type, datatypes, alphabet) for kind, type in zip(kinds, types, strict=True))
    round = made.rounds(PROGRAM.value(value)).after(number)
    assert unrolled(round, function, input, output, datatypes) == tokens.split()


def test_a_match_has_no_tokens() -> None:
    made = PROGRAM["runs"]
    codec = codec_for("flat", made.result, PROGRAM.checked.datatypes, Alphabet())
    round = made.rounds(PROGRAM.value("[1, 2]")).after(1)
    with pytest.raises(RecsynError, match="hangs on a match"):
        unrolled(round, "runs", codec, codec, PROGRAM.checked.datatypes)
