"""Termination by size change, and the shapes of recursion."""

from __future__ import annotations

import pytest

import recsyn
from recsyn import LanguageError
from recsyn.lang.program import RecursionShape

PRELUDE = """
type Nat = Z | S Nat
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Rose = Rose Int (List Rose)
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun add m n = match m with Z => n | S m => S (add m n) end
"""

ACCEPTED = {
    "structural": "f n = match n with Z => Z | S m => f m end",
    "two below": "f n = match n with S (S m) => f m | _ => Z end",
    "Ackermann": ("ack m n = match m, n with Z, _ => S n | S p, Z => ack p (S Z) | S p, S q => ack p (ack m q) end"),
    "mutual even and odd": (
        "even n = match n with Z => True | S m => odd m end and odd n = match n with Z => False | S m => even m end"
    ),
    "mutual, one call does not shrink": "f n = g n and g n = match n with Z => Z | S m => f m end",
    "swapped arguments": "f a b = match a with Z => b | S a => f b a end",
    "permuted arguments": "f a b c = match a with Z => b | S a => f b c a end",
    "rotated in either direction": "f a b c n = match n with Z => a | S m => add (f b c a m) (f c a b m) end",
    "one argument grows": "f acc n = match n with Z => acc | S m => f (S acc) m end",
    "lexicographic": "f a b = match a, b with Z, _ => Z | S a, Z => f a (S (S Z)) | S p, S b => f a b end",
    "lexicographic on a rebuilt argument": "f a b = match a, b with Z, _ => Z | S p, Z => f p p | S p, S b => f (S p) b end",
    "through let": "f n = match n with Z => Z | S m => let k = m in f k end",
    "through two lets": "f n = let k = n in match k with Z => Z | S m => let j = m in f j end",
    "through an alias": "f n = match n with Z => Z | S (m as k) => f k end",
    "the whole through an alias": "f n = match n with Z => Z | (S m) as k => match k with Z => Z | S j => f j end end",
    "nested match": "f n = match n with Z => Z | S m => match m with Z => Z | S k => f k end end",
    "nested match, rebuilt": "f n = match n with Z => Z | S m => match m with Z => Z | S k => f (S k) end end",
    "rebuilt from parts": "f xs ys = match xs, ys with x :: xs, y :: ys => f (x :: xs) ys | _, _ => 0 end",
    "rebuilt constant": "f a b = match a with Z => Z | S p => match b with Z => f p Z | S q => f a q end end",
    "a tuple is its components": "f xs ys = match (xs, ys) with (x :: xs, _) => f xs ys | _ => 0 end",
    "both subtrees": "f t = match t with Leaf => 0 | Branch v l r => v + f l + f r end",
    "in an argument": "f n = match n with Z => Z | S m => add (f m) (f m) end",
    "under fn": "f n = match n with Z => fn x => x | S m => fn x => f m x end",
    "over-application": "f n = match n with Z => fn x => x | S m => f m end",
    "an outer function given": "f t = match t with Rose n kids => n :: map (fn x => x) [n] end",
    "partial, with the smaller argument": "g k x = match k with Z => x | S k => g k x end and f k xs = map (g k) xs",
    "partial, smaller in its own body": "f k xs = match k with Z => xs | S k => map (fn x => x) (f k xs) end",
    "map (f k) xs": "f k x = match k with Z => [x] | S k => match map (f k) [x] with [] => [] | y :: _ => y end end",
    "kids by a function of the group": (
        "size t = match t with Rose n kids => 1 + sizes kids end "
        "and sizes ts = match ts with [] => 0 | t :: ts => size t + sizes ts end"
    ),
    "recursion in a scrutinee": "f n = match n with Z => Z | S m => match f m with Z => Z | S k => k end end",
    "recursion in a condition": "f n = match n with Z => True | S m => if f m then f m else f m end",
    "no recursion": "f n = S n",
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepted(case: str) -> None:
    recsyn.loads(f"{PRELUDE}fun {ACCEPTED[case]}")


REFUSED = {
    "itself": ("f x = f x", "its argument is `x` itself, no smaller"),
    "itself through let": ("f x = let y = x in f y", "its argument is `x` itself, no smaller"),
    "growing": ("f n = f (S n)", "its argument is not a part of what `f` was given"),
    "growing where it matched": ("f n = match n with Z => Z | S m => f (S (S m)) end", "is not a part of what `f` was given"),
    "rebuilt": ("f n = match n with Z => Z | S m => f (S m) end", "its argument is `n` itself, no smaller"),
    "rebuilt as another": ("f xs = match xs with x :: y :: r => f (y :: x :: r) | _ => 0 end", "is not a part of"),
    "one way round does not shrink": (
        "f a b = match a with Z => b | S p => match b with Z => f p a | S q => f (S q) a end end",
        "not known to end",
    ),
    "mutual": ("f n = g n and g n = f n", "itself, no smaller"),
    "mutual, grows again": (
        "f n = match n with Z => Z | S m => g m end and g n = f (S n)",
        "is not a part of what `g` was given",
    ),
    "swapped without shrinking": ("f a b = match a with Z => b | S _ => f b a end", "its argument for `a` is `b` itself"),
    "the other argument shrinks, in turn": (
        "f a b = match a, b with S p, S q => if True then f p (S b) else f (S a) q | _, _ => Z end",
        "not known to end",
    ),
    "the result of a call": ("f n = match n with Z => Z | S m => f (add Z m) end", "is not a part of what `f` was given"),
    "the result of its own call": ("f n = match n with Z => Z | S m => f (f m) end", "is not a part of what `f` was given"),
    "arithmetic": ("f n = if n == 0 then 0 else f (n - 1)", "is not a part of what `f` was given"),
    "an if": ("f n = match n with Z => Z | S m => f (if True then m else m) end", "is not a part of"),
    "a match": ("f n = match n with Z => Z | S m => f (match m with Z => m | _ => m end) end", "is not a part of"),
    "a parameter of a function": ("f n = match n with Z => Z | S m => (fn k => f k) m end", "is not a part of"),
    "named without arguments": (
        "size t = match t with Rose n kids => match map size kids with [] => 1 | n :: _ => n end end",
        "it is used here without arguments",
    ),
    "named in a let": ("f n = let g = f in match n with Z => Z | S m => g m end", "it is used here without arguments"),
    "too few arguments": ("f x n = match map (f x) [n] with [] => x | y :: _ => y end", "its argument for `n` is not given"),
    "constant by itself": ("x = x + 1", "`x` is defined by itself"),
    "constant by a function": ("x = f Z and f n = match n with Z => x | S _ => Z end", "`x` is defined by itself"),
    "constant through a list": ("xs = 1 :: xs", "`xs` is defined by itself"),
    "a matched but other parameter": (
        "f a b = match b with Z => Z | S _ => match a with Z => Z | S _ => f a b end end",
        "no smaller",
    ),
    "a part of a tuple grows": (
        "f (m, n) = match m with Z => n | S m => f (m, S n) end",
        "is not a part of what `f` was given",
    ),
    "a part of what stays": ("f a b = match a with Z => b | S p => f a p end", "its argument for `a` is `a` itself, no smaller"),
    "what another case shows": ("f n = match n with S (S Z) => Z | _ => f (S Z) end", "is not a part of what `f` was given"),
    "part of the wrong parameter": ("f a b = match a with Z => Z | S p => f (S (S p)) p end", "not known to end"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    definition, reason = REFUSED[case]
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"{PRELUDE}fun {definition}")
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "not-terminating"
    assert reason in diagnostic.message


def test_a_use_without_arguments_has_a_hint() -> None:
    with pytest.raises(LanguageError, match="hint: write the argument here, or define the function that needs it together with"):
        recsyn.loads(PRELUDE + "fun " + REFUSED["named without arguments"][0])


def test_a_long_ring() -> None:
    """A hundred functions, each of which calls the next on what is left."""
    ring = "\nand ".join(f"s{i} xs = match xs with [] => {i} | _ :: xs => s{(i + 1) % 100} xs end" for i in range(100))
    assert recsyn.loads(f"fun {ring}").value("s0 [1, 1, 1]") == 3


def test_too_many_permutations_end_too() -> None:
    """Nine parameters permuted in two ways that generate every permutation: 362,880 compositions, which nobody waits for."""
    names = "abcdeghij"
    calls = f"f {' '.join('bacdeghij')} r + f {' '.join(names[1:] + names[:1])} r"
    with pytest.raises(LanguageError, match="in too many ways to decide"):
        recsyn.loads(f"fun f {' '.join(names)} xs = match xs with [] => 0 | _ :: r => {calls} end")


# Shapes


def shape(definition: str, name: str = "f") -> RecursionShape | None:
    return recsyn.loads(f"{PRELUDE}fun {definition}")[name].shape


def test_shape_of_the_successor(examples_programs: dict[str, recsyn.Program]) -> None:
    found = examples_programs["successor"]["succ"].shape
    assert found is not None
    assert (found.parameter, found.position) == ("n", 0)
    assert {c: found.calls_at(c) for c in ("One", "XO", "XI")} == {"One": 0, "XO": 0, "XI": 1}
    [call] = found.calls
    assert (call.callee, call.path, call.shown) == ("succ", (("XI", 0),), (((), "XI"),))
    text = examples_programs["successor"].checked.source.text
    assert text[call.span.start : call.span.end] == "(succ b)"


def test_shapes_on_trees(examples_programs: dict[str, recsyn.Program]) -> None:
    program = examples_programs["traversal"]
    append, preorder = program["append"].shape, program["preorder"].shape
    assert append is not None
    assert preorder is not None
    assert (append.parameter, append.calls_at("[]"), append.calls_at("::")) == ("xs", 0, 1)
    assert (preorder.parameter, preorder.calls_at("Leaf"), preorder.calls_at("Branch")) == ("t", 0, 2)
    assert [c.path for c in preorder.calls] == [(("Branch", 1),), (("Branch", 2),)]


@pytest.mark.parametrize(
    ("definition", "parameter", "paths"),
    [
        ("f acc n = match n with Z => acc | S m => f (S acc) m end", ("n", 1), [(("S", 0),)]),
        ("f n = match n with S (S m) => f m | _ => Z end", ("n", 0), [(("S", 0), ("S", 0))]),
        ("f n = let k = n in match k with Z => Z | S m => f m end", ("n", 0), [(("S", 0),)]),
    ],
)
def test_decreasing_argument(definition: str, parameter: tuple[str, int], paths: list[object]) -> None:
    found = shape(definition)
    assert found is not None
    assert (found.parameter, found.position) == parameter
    assert [c.path for c in found.calls] == paths


@pytest.mark.parametrize("case", ["no recursion", "swapped arguments", "lexicographic", "mutual even and odd", "Ackermann"])
def test_no_shape(case: str) -> None:
    assert shape(ACCEPTED[case], ACCEPTED[case].split()[0]) is None
