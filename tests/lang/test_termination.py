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
    "itself through let": ("f x = let y = x in f y", "its argument `y` is `x` itself, no smaller"),
    "growing": ("f n = f (S n)", "its argument `S n` is built here and no part of what `f` was given"),
    "growing where it matched": ("f n = match n with Z => Z | S m => f (S (S m)) end", "`S (S m)` is built here and no part of"),
    "rebuilt": ("f n = match n with Z => Z | S m => f (S m) end", "its argument `S m` is `n` itself, no smaller"),
    "rebuilt as another": ("f xs = match xs with x :: y :: r => f (y :: x :: r) | _ => 0 end", "`y :: x :: r` is built here"),
    "one way round does not shrink": (
        "f a b = match a with Z => b | S p => match b with Z => f p a | S q => f (S q) a end end",
        "not known to end",
    ),
    "mutual": ("f n = g n and g n = f n", "itself, no smaller"),
    "mutual, grows again": (
        "f n = match n with Z => Z | S m => g m end and g n = f (S n)",
        "this call of `f`, which comes back by way of `g`, is not known to end: its argument `S n` is built here and no part of",
    ),
    "swapped without shrinking": ("f a b = match a with Z => b | S _ => f b a end", "its argument for `a` is `b` itself"),
    "the other argument shrinks, in turn": (
        "f a b = match a, b with S p, S q => if True then f p (S b) else f (S a) q | _, _ => Z end",
        "not known to end",
    ),
    "the result of a call": (
        "f n = match n with Z => Z | S m => f (add Z m) end",
        "its argument `add Z m` is the result of a call",
    ),
    "the result of its own call": ("f n = match n with Z => Z | S m => f (f m) end", "its argument `f m` is the result of a call"),
    "arithmetic": ("f n = if n == 0 then 0 else f (n - 1)", "its argument `n - 1` is the result of `-`, whose size is not known"),
    "an if": ("f n = match n with Z => Z | S m => f (if True then m else m) end", "is the result of an `if`"),
    "a match": ("f n = match n with Z => Z | S m => f (match m with Z => m | _ => m end) end", "is the result of a `match`"),
    "a parameter of a function": ("f n = match n with Z => Z | S m => (fn k => f k) m end", "`k` is not known to be a part of"),
    "named without arguments": (
        "size t = match t with Rose _ kids => match map size kids with [] => 1 | n :: _ => n end end",
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
        "its argument `(m, S n)` is built here",
    ),
    "a part of what stays": ("f a b = match a with Z => b | S p => f a p end", "its argument for `a` is `a` itself, no smaller"),
    "what another case shows": ("f n = match n with S (S Z) => Z | _ => f (S Z) end", "`S Z` is built here and no part of what"),
    "part of the wrong parameter": ("f a _ = match a with Z => Z | S p => f (S (S p)) p end", "not known to end"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    definition, reason = REFUSED[case]
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(f"{PRELUDE}fun {definition}")
    [diagnostic] = caught.value.diagnostics
    assert diagnostic.code == "not-terminating"
    assert reason in diagnostic.message


@pytest.mark.parametrize(
    ("case", "hint"),
    [
        (
            "named without arguments",
            "`map` may give `size` anything: write what it does here as a function joined to `size` by `and`",
        ),
        ("too few arguments", "`map` may give `f` anything: write what it does here as a function joined to `f` by `and`"),
        ("named in a let", "write the arguments here: a function that is passed on may be given anything"),
        ("a part of a tuple grows", "recur in a function of several parameters, called on the tuple's parts"),
        ("arithmetic", "recur on a value that has, such as a `Nat` of the library, or write `partial fun f`"),
        ("the result of a call", "recur on a variable that a pattern binds inside the argument, or write `partial fun f`"),
        ("growing", "recur on a variable that a pattern binds inside the argument"),
        ("constant through a list", "there are no infinite values"),
    ],
)
def test_hints(case: str, hint: str) -> None:
    with pytest.raises(LanguageError) as caught:
        recsyn.loads(PRELUDE + "fun " + REFUSED[case][0])
    assert hint in str(caught.value.diagnostics[0].hint)


def test_the_other_functions_on_the_way_round_are_named() -> None:
    ring = " and ".join(f"f{i} n = f{(i + 1) % 9} n" for i in range(9))
    with pytest.raises(LanguageError, match=r"which comes back by way of (`f[0-8]`, ){4}`f[0-8]` and 3 more, is not known to end"):
        recsyn.loads(f"fun {ring}")


# Programs that the literature speaks of, with the verdict that follows from what docs/language.md promises: nothing where they are
# accepted, else the function whose call is blamed.

LISP = "type Sexp = Nil | Cons Sexp Sexp\n"
LEE_JONES_BEN_AMRAM = {
    "1, reverse with an accumulator": (
        "rev ls = r1 ls Nil and r1 ls a = match ls with Nil => a | Cons h t => r1 t (Cons h a) end",
        None,
    ),
    "2, indirect recursion": ("f i x = match i with Nil => x | Cons _ t => g t x i end and g a b c = f a (Cons b c)", None),
    "3, Ackermann": ("a m n = match m, n with Z, _ => S n | S p, Z => a p (S Z) | S p, S q => a p (a m q) end", None),
    "4, permuted parameters": ("p m n r = match r, n with S k, _ => p m k n | Z, S k => p r k m | Z, Z => m end", None),
    "5, permuted and discarded parameters": (
        "f x y = match y, x with Nil, _ => x | Cons _ t, Nil => f y t | Cons _ _, Cons _ t => f y t end",
        None,
    ),
    "6, a descent that begins late": (
        "f a b = match b with Nil => g a Nil | Cons h t => f (Cons h a) t end "
        "and g c d = match c with Nil => d | Cons h t => g t (Cons h d) end",
        None,
    ),
}
KNOWN = {
    "McCarthy's 91": ("mc n = if n > 100 then n - 10 else mc (mc (n + 11))", "mc"),
    "Collatz": ("c n = if n == 1 then 0 else if n % 2 == 0 then c (n / 2) else c (3 * n + 1)", "c"),
    "Takeuchi": ("tak x y z = if x <= y then z else tak (tak (x - 1) y z) (tak (y - 1) z x) (tak (z - 1) x y)", "tak"),
    "Hofstadter's G": ("g n = if n == 0 then 0 else n - g (g (n - 1))", "g"),
    "Euclid by subtraction": ("gcd a b = if a == b then a else if a < b then gcd a (b - a) else gcd (a - b) b", "gcd"),
    "factorial on Int": ("fact n = if n == 0 then 1 else n * fact (n - 1)", "fact"),
    "Fibonacci on Nat": ("fib n = match n with S (S m as p) => add (fib p) (fib m) | _ => n end", None),
    "Fibonacci, the smaller argument rebuilt": ("fib n = match n with S (S m) => add (fib (S m)) (fib m) | _ => n end", None),
    "even and odd": (
        "even n = match n with Z => True | S m => odd m end and odd n = match n with Z => False | S m => even m end",
        None,
    ),
    "Ackermann, its second argument under fn": (
        "ack m = match m with Z => fn n => S n | S p => fn n => match n with Z => ack p (S Z) | S q => ack p (ack (S p) q) end end",
        "ack",
    ),
    "Ackermann by iteration": (
        "iterate f n x = match n with Z => x | S m => f (iterate f m x) end "
        "and ack m = match m with Z => fn n => S n | S p => fn n => iterate (ack p) n (ack p (S Z)) end",
        None,
    ),
    "subtraction": ("minus m n = match m, n with S p, S q => minus p q | _, _ => m end", None),
    "division by repeated subtraction": (
        "div m n = match minus m n with Z => Z | S p => S (div p n) end "
        "and minus m n = match m, n with S p, S q => minus p q | _, _ => m end",
        "div",
    ),
    "logarithm by halving": (
        "half n = match n with S (S m) => S (half m) | _ => Z end "
        "and log n = match n with S (S m) => S (log (S (half m))) | _ => Z end",
        "log",
    ),
    "merge": (
        "merge xs ys = match xs, ys with [], _ => ys | _, [] => xs "
        "| x :: r, y :: s => if x <= y then x :: merge r ys else y :: merge xs s end",
        None,
    ),
    "merge, the other list rebuilt": (
        "merge a b = match a, b with [], ys => ys | xs, [] => xs "
        "| x :: xs, y :: ys => if x <= y then x :: merge xs (y :: ys) else y :: merge (x :: xs) ys end",
        None,
    ),
    "interleaving": ("weave xs ys = match xs with [] => ys | x :: r => x :: weave ys r end", None),
    "interleaving a pair": ("weave p = match p with ([], ys) => ys | (x :: xs, ys) => x :: weave (ys, xs) end", "weave"),
    "quicksort": (
        "below p xs = match xs with [] => [] | x :: r => if x < p then x :: below p r else below p r end "
        "and sort xs = match xs with [] => [] | x :: r => sort (below x r) ++ [x] end",
        "sort",
    ),
    "insertion sort": (
        "insert x xs = match xs with [] => [x] | y :: r => if x <= y then x :: xs else y :: insert x r end "
        "and sort xs = match xs with [] => [] | x :: r => insert x (sort r) end",
        None,
    ),
    "shuffling by reversal": (
        "rev a xs = match xs with [] => a | x :: r => rev (x :: a) r end "
        "and shuffle xs = match xs with [] => [] | x :: r => x :: shuffle (rev [] r) end",
        "shuffle",
    ),
    "joining a list of lists, item by item": (
        "concat xss = match xss with [] => [] | [] :: r => concat r | (x :: xs) :: r => x :: concat (xs :: r) end",
        "concat",
    ),
    "joining a list of lists, by two functions": (
        "concat xss = match xss with [] => [] | xs :: r => onto xs r end "
        "and onto xs r = match xs with [] => concat r | x :: xs => x :: onto xs r end",
        None,
    ),
    "a tree flattened with an accumulator": (
        "flat t acc = match t with Leaf => acc | Branch v l r => flat l (v :: flat r acc) end",
        None,
    ),
    "a tree flattened by rotations": (
        "flat t = match t with Leaf => [] | Branch v Leaf r => v :: flat r "
        "| Branch v (Branch w a b) c => flat (Branch w a (Branch v b c)) end",
        "flat",
    ),
    "a rose tree by two functions": (
        "size t = match t with Rose _ ts => S (all ts) end and all ts = match ts with [] => Z | t :: r => add (size t) (all r) end",
        None,
    ),
    "a rose tree by map": ("mirror t = match t with Rose n ts => Rose n (map mirror ts) end", "mirror"),
    "a rose tree by map under fn": ("mirror t = match t with Rose n ts => Rose n (map (fn k => mirror k) ts) end", "mirror"),
    "a fold": ("fold f z xs = match xs with [] => z | x :: r => f x (fold f z r) end", None),
    "a fold that calls through its function": (
        "all p = fold (fn x y => p x && y) True and fold f z xs = match xs with [] => z | x :: r => f x (fold f z r) end",
        None,
    ),
    "a function that is given itself": ("f g n = match n with Z => Z | S m => g m end and h n = f h n", "h"),
    "swapped and smaller": ("f a b = match a with Z => b | S p => f b p end", None),
    "swapped and no smaller": ("f a b = match a with Z => b | S _ => f b a end", "f"),
    "lexicographic, the second grows": (
        "f a b = match a, b with S p, Z => f p (S (S p)) | S _, S q => f a q | Z, _ => Z end",
        None,
    ),
    "a step down from what came from nowhere": (
        "f a b = match a, b with S p, Z => f p (S a) | S _, S q => f q q | Z, _ => Z end",
        "f",
    ),
    "two down and one up, by a helper": ("f n = match n with S (S m) => g m | _ => n end and g n = f (S n)", "f"),
    "growing, in a helper of the group": ("f n = match n with Z => Z | S m => g m end and g n = f (S n)", "f"),
    "growing, in an earlier helper": ("f n = match n with Z => Z | S m => f (add m m) end", "f"),
    "three functions, one step down": (
        "f n = g n n and g n m = h m n and h n _ = match n with Z => Z | S m => f m end",
        None,
    ),
    "three functions, one way round without a step": (
        "f n = g n and g n = match n with Z => h n | S m => f m end and h n = g (add n n)",
        "g",
    ),
    "a step down that is discarded": ("f a b = match a with Z => b | S _ => f b b end", "f"),
    "a step down from the wrong one": ("f a b = match b with Z => a | S q => f a (S (S q)) end", "f"),
    "through a let": ("f n = match n with Z => Z | S m => let k = m in let j = k in f j end", None),
    "the components of a tuple in a let": ("f a b = let (x, y) = (b, a) in match y with Z => x | S k => f k x end", None),
    "as, of the part": ("f n = match n with Z => Z | S (S _ as m) => f m | S Z => Z end", None),
    "as, of the whole": ("f n = match n with Z => Z | S _ as m => f m end", "f"),
    "a literal is no part": ("f n = match n with 0 => 0 | 1 => f 0 | m => m end", "f"),
    "a variable pattern is the whole": ("f n = match n with 0 => 0 | m => f m end", "f"),
    "in a branch that is never taken": ("f n = if False then f n else n", "f"),
    "partial application, smaller": ("f k x = match k with Z => [x] | S j => map (fn y => y) (f j x) end", None),
    "partial application, the rest unknown": (
        "f n m = match n with Z => [m] | S k => match map (f k) [m] with [] => [] | x :: _ => x end end",
        None,
    ),
    "partial application, what decreases unknown": (
        "f m n = match n with Z => [m] | S k => match map (f m) [k] with [] => [] | x :: _ => x end end",
        "f",
    ),
    "a constant": ("xs = 1 :: xs", "xs"),
    "a constant by a function": ("n = S (f n) and f m = m", "n"),
    "a constant under fn": ("f = fn n => match n with Z => Z | S m => f m end", "f"),
    "hidden by a parameter": ("f n = (fn f => f n) (fn m => m)", None),
    "polymorphic recursion": ("depth (n : Nest a) : Nat = match n with End => Z | Nest _ m => S (depth m) end", None),
}
TABLE = {**{f"Lee, Jones and Ben-Amram {k}": v for k, v in LEE_JONES_BEN_AMRAM.items()}, **KNOWN}


def checked(definition: str) -> recsyn.Program:
    return recsyn.loads(f"{PRELUDE}{LISP}type Nest a = End | Nest a (Nest (a, a))\nfun {definition}")


def test_the_table_is_large() -> None:
    assert len(TABLE) >= 40


@pytest.mark.parametrize("case", TABLE)
def test_known_programs(case: str) -> None:
    definition, blamed = TABLE[case]
    if blamed is None:
        checked(definition)
        return
    with pytest.raises(LanguageError) as caught:
        checked(definition)
    [error] = [d for d in caught.value.diagnostics if d.severity == "error"]
    assert error.code == "not-terminating"
    assert error.message.startswith((f"this call of `{blamed}`", f"`{blamed}` is defined by itself"))
    assert error.source.text[error.span.start : error.span.end].strip("(").split(" ")[0].rstrip(")") == blamed


@pytest.mark.parametrize("case", [c for c in TABLE if TABLE[c][1] is not None])
def test_partial_waives_the_check_and_only_that(case: str) -> None:
    """For its whole group; a function outside it may not call any of them."""
    definition, blamed = TABLE[case]
    program = recsyn.loads(f"{PRELUDE}partial fun {definition}")
    names = program[str(blamed)].definition.group
    assert all(program[name].definition.partial for name in names)
    with pytest.raises(LanguageError, match=r"`outside` must end, but calls `.*`, which is partial and may not"):
        recsyn.loads(f"{PRELUDE}partial fun {definition}\nfun outside x = (x, {names[-1]})")
    with pytest.raises(LanguageError, match="type-mismatch"):
        recsyn.loads(f"{PRELUDE}partial fun {definition} and wrong x = x + 'a'")


def test_a_long_ring() -> None:
    """A hundred functions, each of which calls the next on what is left."""
    ring = "\nand ".join(f"s{i} xs = match xs with [] => {i} | _ :: xs => s{(i + 1) % 100} xs end" for i in range(100))
    assert recsyn.loads(f"fun {ring}").value("s0 [1, 1, 1]") == 3


def test_too_many_permutations_end_too() -> None:
    """Nine parameters permuted in two ways that generate every permutation: 362,880 compositions, which nobody waits for."""
    names = "abcdeghij"
    calls = f"f {' '.join('brcdeghij')} + f {' '.join('bcdeghijr')}"
    with pytest.raises(LanguageError, match="in too many ways to decide"):
        recsyn.loads(f"fun f {' '.join(names)} = match a with [] => 0 | _ :: r => {calls} end")


def test_permutations_beside_one_parameter_that_always_becomes_smaller() -> None:
    calls = "f b a c d e g h i j r + f b c d e g h i j a r"
    recsyn.loads(f"fun f a b c d e g h i j xs = match xs with [] => a + b | _ :: r => {calls} end")


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
        ("f n = match n with Z => Z | S m => f (let k = m in k) end", ("n", 0), [(("S", 0),)]),
        ("f n = match n with Z => Z | S m => f (let (a, _) = (m, n) in a) end", ("n", 0), [(("S", 0),)]),
        (
            "f n k = match n, k with S m, j => let t = (let x = m in (x, j)) in match t with (a, b) => f a b end | _, _ => Z end",
            ("n", 0),
            [(("S", 0),)],
        ),
        (
            "f n k = match n, k with S m, j => match (let x = m in (x, j)) with (a, b) => f a b end | _, _ => Z end",
            ("n", 0),
            [(("S", 0),)],
        ),
        ("f x n = let p = (n, x) in match p with (S m, y) => f y m | _ => Z end", ("n", 1), [(("S", 0),)]),
        (
            "f n x = match (n, x) with (S _, _) as p => match p with (S m, y) => f m y | _ => Z end | _ => Z end",
            ("n", 0),
            [(("S", 0),)],
        ),
    ],
)
def test_decreasing_argument(definition: str, parameter: tuple[str, int], paths: list[object]) -> None:
    found = shape(definition)
    assert found is not None
    assert (found.parameter, found.position) == parameter
    assert [c.path for c in found.calls] == paths


@pytest.mark.parametrize(
    ("definition", "calls"),
    [
        ("f n b = match n with Z => Z | S a => if b then f a b else f a b end", 1),
        ("f n = match n with Z => Z | S a => match a with Z => f a | S b => f b end end", 1),
        ("f n b = match n with Z => Z | S a => if b then add (f a b) (f a b) else f a b end", 2),
        ("f n b = match n with Z => Z | S a => add (if b then f a b else Z) (if b then Z else add (f a b) (f a b)) end", 3),
        ("f n b = match n, b with Z, _ => Z | S a, True => f a b | S a, False => add (f a b) (f a b) end", 2),
        ("f n = match n with Z => Z | S a => f a end and other x = S x", 1),
    ],
)
def test_calls_of_which_one_evaluation_makes_some(definition: str, calls: int) -> None:
    found = shape(definition)
    assert found is not None
    assert (found.calls_at("Z"), found.calls_at("S")) == (0, calls)


@pytest.mark.parametrize("case", ["no recursion", "swapped arguments", "lexicographic", "mutual even and odd", "Ackermann"])
def test_no_shape(case: str) -> None:
    assert shape(ACCEPTED[case], ACCEPTED[case].split()[0]) is None
