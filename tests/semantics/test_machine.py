"""Machines: their tables against hand-made ones, their runs against evaluation on every small input, and that they are small."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.data.codecs import codec_for
from recsyn.data.space import Alphabet
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.library import module_names, module_source
from recsyn.semantics.function import InvalidValue
from recsyn.semantics.machine.machine import END, UNREAD, Machine, MachineRun, Row
from recsyn.semantics.machine.naming import COPYING
from recsyn.values import Datum, Value, equal, from_iterable, to_list

# The successor

SUCCESSOR = {
    ("carrying", "01"): (("X0", "01"), END),
    ("carrying", "X0"): (("X1",), "copying"),
    ("carrying", "X1"): (("X0",), "carrying"),
    ("copying", "…"): (("…",), "copying"),
}


def binary(word: str) -> Value:
    value = Value("One")
    for digit in reversed(word):
        value = Value({"0": "XO", "1": "XI"}[digit], (value,))
    return value


@pytest.mark.parametrize("order", ["prefix", "mirror"])
def test_the_successor_has_the_table_made_by_hand(successor: recsyn.Program, order: str) -> None:
    machine = successor["succ"].machine(order=order)  # type: ignore[arg-type]
    assert (machine.kind, machine.states, machine.initial, machine.first) == (
        "finite-state",
        ("carrying", "copying"),
        "carrying",
        (),
    )
    assert {(r.state, r.reads): (r.emits, r.next) for r in machine.table} == SUCCESSOR
    assert all(r.guard == "" and r.pushes == () for r in machine.table)


@pytest.mark.parametrize("length", range(7))
def test_every_successor_in_both_orders(successor: recsyn.Program, length: int) -> None:
    """States and tokens from the digits alone: it carries up to and with the first ``X0``, and ``01`` where there is none."""
    forward, backward = successor["succ"].machine(), successor["succ"].machine(order="mirror")
    for letters in product("01", repeat=length):
        word = "".join(letters)
        carry = len(word) - len(word.lstrip("1"))
        tokens = [*(f"X{d}" for d in word), "01"]
        labels = ["carrying"] * (carry + 1) + ["copying"] * (length - carry)
        flipped = ["X0"] * carry + (["X1", *tokens[carry + 1 :]] if carry < length else ["X0", "01"])
        run, mirrored = forward.run(binary(word)), backward.run(binary(word))
        assert (list(run.tokens), list(run.labels()), list(run.emitted)) == (tokens, labels, flipped)
        assert [list(part)[::-1] for part in (mirrored.tokens, mirrored.labels(), mirrored.emitted)] == [tokens, labels, flipped]
        assert [u.position for u in mirrored] == list(range(length, -1, -1))
        assert run.output == mirrored.output == successor["succ"](binary(word))


def test_a_run_as_text(successor: recsyn.Program) -> None:
    assert (
        str(successor.machine("succ (XI (XO One))"))
        == """\
#  token  state     rule  emits  then
0  X1     carrying  X1    X0     carrying
1  X0     carrying  X0    X1     copying
2  01     copying   …     01     end"""
    )


def test_a_run_with_a_stack(traversal: recsyn.Program) -> None:
    run = traversal.machine("inorder (Branch 2 (Branch 1 Leaf Leaf) (Branch 3 Leaf Leaf))")
    assert (
        str(run)
        == """\
#  token   state      rule    emits  then       stack
0  Branch  inorder    Branch         holding v
1  2       holding v  v              inorder    2 | inorder
2  Branch  inorder    Branch         holding v  2 | inorder
3  1       holding v  v              inorder    1 | inorder | 2 | inorder
4  EMPTY   inorder    EMPTY   1      inorder    2 | inorder
5  EMPTY   inorder    EMPTY   2      inorder
6  Branch  inorder    Branch         holding v
7  3       holding v  v              inorder    3 | inorder
8  EMPTY   inorder    EMPTY   3      inorder
9  EMPTY   inorder    EMPTY          end"""
    )
    assert (
        str(run.machine)
        == """\
a pushdown machine with 2 states
state      reads   pushes       then
inorder    EMPTY                the top of the stack
inorder    Branch               holding v
holding v  v       v | inorder  inorder"""
    )
    assert dict(run.frames()[4].state)["stack"] == "1 | inorder | 2 | inorder"


def test_what_is_done_before_the_first_token() -> None:
    run = recsyn.loads("import list").machine("append [1] [3, 4]")
    assert (run.machine.first, run.machine.start.pushes, run.start.stack) == ((), ("3", "4"), ("3", "4"))
    assert (
        f"{run.machine}\n\n{run}"
        == """\
a pushdown machine with 2 states
state          reads  emits  pushes  then
start                        3 | 4   copying items
copying items  []                    the top of the stack
copying items  ::                    emitting it
emitting it    it     it             copying items

#  token  state          rule   emits  then           stack
                         start         copying items  3 | 4
0  ::     copying items  ::            emitting it    3 | 4
1  1      emitting it    it     1      copying items  3 | 4
2  []     copying items  []     3 4    end"""
    )
    assert run.frames()[0].state == (("state", "copying items"), ("output", ""), ("stack", "3 | 4"))
    assert run.to_json()["start"] == {"emitted": [], "after": "copying items", "stack": ["3", "4"]}
    assert run.machine.to_json()["start"]["pushes"] == ["3", "4"]


def test_where_nothing_is_read() -> None:
    """The argument is dropped before a match asks for it, and what is left to compute grows too fast for a transducer."""
    program = recsyn.loads(
        """
partial fun loop (n : Int) (m : Int) : List Int =
  if n == 0 then [m] else if m == 2000 then loop (n - 1) 0 else loop n (m + 1)
partial fun quiet (x : Int) : List Int = loop 5 0
"""
    )
    run = program["quiet"].machine().run(1)
    assert run.machine.kind == ABSTRACT
    assert (run.machine.states, run.machine.initial, run.machine.first, run.labels()) == ((), END, ("0",), (UNREAD,))
    assert str(run) == "rule   emits  then\nstart  0      end"
    assert [frame.state for frame in run.frames()] == [(("state", END), ("output", "0"), ("stack", ""))]
    assert "<title>quiet</title>" in run.machine.svg()


def test_characters_are_written_as_in_the_language() -> None:
    program = recsyn.loads(
        """
fun plain (cs : List Char) : List Char =
  match cs with [] => ['\\n', 'A'] | '\\n' :: cs => ' ' :: plain cs | c :: cs => c :: plain cs end
fun backwards (cs : List Char) : List Char = match cs with [] => [] | c :: cs => backwards cs ++ [c] end
"""
    )
    value = program.value(r'"a\n"')
    run = program["plain"].machine().run(value)
    assert (
        f"{run.machine}\n\n{run}"
        == r"""
a finite-state machine with 2 states
state       reads  if          emits     then
plain       []                 '\n' 'A'  end
plain       ::                           testing it
testing it  it     it == '\n'  ' '       plain
testing it  it     it != '\n'  it        plain

#  token  state       rule             emits     then
0  ::     plain       ::                         testing it
1  'a'    testing it  it [it != '\n']  'a'       plain
2  ::     plain       ::                         testing it
3  '\n'   testing it  it [it == '\n']  ' '       plain
4  []     plain       []               '\n' 'A'  end""".lstrip()
    )
    assert (run.tokens, run.emitted) == (("::", "a", "::", "\n", "[]"), ("a", " ", "\n", "A"))
    assert run.shown == ("::", "'a'", "::", r"'\n'", "[]")
    assert run.frames()[2].text == (("::", False), (" ", False), ("'a'", True), (" ", False), ("::", False), (" ", False),
                                    (r"'\n'", False), (" ", False), ("[]", False))  # fmt: skip
    assert run.frames()[-1].state[1] == ("output", r"'a' ' ' '\n' 'A'")
    assert program["backwards"].machine().run(value).updates[-2].stack == (r"'\n'", "'a'")
    drawn = run.machine.dot() + run.machine.svg()
    assert r"it [it == '\\n'] / ' '" in drawn


def test_what_machines_and_runs_are_to_the_shell(successor: recsyn.Program) -> None:
    run = successor.machine("succ (XI One)")
    assert repr(run) == "<run of succ (XI One), by its finite-state machine: 2 updates>"
    assert repr(run.machine) == "<finite-state machine of succ: 2 states>"
    assert repr(run.updates[0]) == "<update at 0 by carrying · X1>"
    assert str(successor["succ"].machine(order="mirror")).startswith(
        "a finite-state machine with 2 states, which reads and writes from the right\nstate "
    )


# Many functions, on every small input

PROGRAM = recsyn.loads(
    """
import list
type Bin = End as "01" | O Bin as "X0" | I Bin as "X1"
type Nat = Z | S Nat
type Tree a = Leaf as "EMPTY" | Branch a (Tree a) (Tree a)
type Sign = Plus | Minus | Stop
fun pred_double (p : Bin) : Bin = match p with End => End | O p => I (pred_double p) | I p => I (O p) end
fun double (p : Bin) : Bin = O p
fun flip (p : Bin) : Bin = match p with End => End | O p => I (flip p) | I p => O (flip p) end
fun same (p : Bin) : Bin = match p with End => End | O p => O (same p) | I p => I (same p) end
fun last_two (p : Bin) : Bin = match p with I (I b) => O (last_two b) | I b => I b | O b => O (last_two b) | End => End end
fun even (n : Nat) : Bool = match n with Z => True | S n => odd n end
and odd (n : Nat) : Bool = match n with Z => False | S n => even n end
fun half (n : Nat) : Nat = match n with S (S n) => S (half n) | _ => Z end
fun third (n : Nat) : Nat = match n with S (S (S n)) => S (third n) | _ => Z end
fun parity (n : Nat) : Bool = match n with Z => True | S n => not (parity n) end
fun size (n : Nat) : Int = match n with Z => 0 | S n => 1 + size n end
fun value (p : Bin) : Int = match p with End => 1 | O p => 2 * value p | I p => 2 * value p + 1 end
fun preorder (t : Tree Int) : List Int = match t with Leaf => [] | Branch v l r => v :: preorder l ++ preorder r end
fun inorder (t : Tree Int) : List Int = match t with Leaf => [] | Branch v l r => inorder l ++ v :: inorder r end
fun postorder (t : Tree Int) : List Int = match t with Leaf => [] | Branch v l r => postorder l ++ postorder r ++ [v] end
fun flatten (t : Tree Int) (rest : List Int) : List Int =
  match t with Leaf => rest | Branch v l r => flatten l (v :: flatten r rest) end
fun inorder_fast (t : Tree Int) : List Int = flatten t []
fun constant (t : Tree Int) : Tree Int = match t with Leaf => Leaf | Branch _ l r => Branch 7 (constant l) (constant r) end
fun zero_root (t : Tree Int) : Tree Int = match t with Leaf => Leaf | Branch _ l r => Branch 0 l r end
fun zero_right (t : Tree Int) : Tree Int = match t with Leaf => Leaf | Branch v l r => Branch 0 l (zero_right r) end
fun mirror (t : Tree Int) : Tree Int = match t with Leaf => Leaf | Branch v l r => Branch v (mirror r) (mirror l) end
fun left (t : Tree Int) : List Int = match t with Leaf => [] | Branch v l _ => v :: left l end
fun reverse (xs : List Int) : List Int = match xs with [] => [] | x :: xs => reverse xs ++ [x] end
fun onto (xs : List Int) (ys : List Int) : List Int = match xs with [] => ys | x :: xs => onto xs (x :: ys) end
fun reverse_fast (xs : List Int) : List Int = onto xs []
fun no_plus (xs : List Sign) : List Sign =
  match xs with [] => [] | Plus :: xs => no_plus xs | x :: xs => x :: no_plus xs end
fun until_stop (xs : List Sign) : List Sign = match xs with [] => [] | Stop :: _ => [] | x :: xs => x :: until_stop xs end
fun positive (xs : List Int) : List Int = match xs with [] => [] | x :: xs => if x > 0 then x :: positive xs else positive xs end
fun sum (xs : List Int) : Int = match xs with [] => 0 | x :: xs => x + sum xs end
fun ascending (xs : List Int) : Bool =
  match xs with x :: y :: zs => x <= y && ascending (y :: zs) | _ => True end
fun swap (xs : List Int) : List Int = match xs with x :: y :: zs => y :: x :: swap zs | _ => xs end
fun word (xs : List Int) : List Char =
  match xs with [] => "" | 0 :: xs => 'o' :: word xs | 1 :: xs => 'i' :: word xs | _ :: xs => '?' :: word xs end
fun squares (xs : List Int) : List Int = list.map (fn x => x * x) xs
fun sort (xs : List Int) : List Int = list.insertion_sort xs
fun pairs (xs : List (Int, Sign)) : List Int =
  match xs with [] => [] | (n, Plus) :: xs => n :: pairs xs | (n, _) :: xs => -n :: pairs xs end
fun seven (xs : List Sign) : Int = match xs with [] => 7 | _ :: xs => seven xs end
fun same_signs_in (xs : List Sign) : List Sign = match xs with [] => [] | x :: xs => x :: same_signs_in xs end
fun same_signs (xs : List Sign) : (Int, List Sign) = (1, same_signs_in xs)
fun equal_halves (t : Tree Int) : Bool = match t with Leaf => True | Branch _ l r => l == r end
"""
)

FINITE, PUSHDOWN, ABSTRACT = "finite-state", "pushdown", "abstract"
MACHINES = [
    ("pred_double", FINITE, 2),
    ("double", FINITE, 1),
    ("flip", FINITE, 1),
    ("same", FINITE, 1),
    ("last_two", FINITE, 3),
    ("even", FINITE, 2),
    ("half", FINITE, 2),
    ("third", FINITE, 3),
    ("parity", FINITE, 2),
    ("size", FINITE, 2),
    ("value", FINITE, 3),
    ("preorder", FINITE, 2),
    ("inorder", PUSHDOWN, 2),
    ("postorder", PUSHDOWN, 2),
    ("inorder_fast", PUSHDOWN, 2),
    ("constant", FINITE, 2),
    ("zero_root", FINITE, 3),
    ("zero_right", PUSHDOWN, 3),
    ("mirror", ABSTRACT, 2),
    ("left", FINITE, 3),
    ("reverse", PUSHDOWN, 2),
    ("reverse_fast", PUSHDOWN, 2),
    ("no_plus", FINITE, 2),
    ("until_stop", FINITE, 3),
    ("positive", FINITE, 2),
    ("sum", FINITE, 4),
    ("ascending", FINITE, 5),
    ("swap", FINITE, 4),
    ("word", FINITE, 2),
    ("squares", FINITE, 2),
    ("sort", ABSTRACT, 3),
    ("pairs", FINITE, 4),
    ("equal_halves", ABSTRACT, 1),
    ("seven", FINITE, 1),
    ("same_signs", FINITE, 1),
]


def inputs(type: str, most: int) -> Iterator[Datum]:
    """Values of a type with at most so many constructors (items, for lists), written out here by brute force."""
    if type == "Nat":
        for n in range(most + 1):
            value = Value("Z")
            for _ in range(n):
                value = Value("S", (value,))
            yield value
    elif type == "Bin":
        for n in range(most):
            for letters in product("OI", repeat=n):
                value = Value("End")
                for letter in letters:
                    value = Value(letter, (value,))
                yield value
    elif type == "Tree Int":
        yield from shaped(most)
    else:
        items = {"List Int": [0, 1, 2], "List Sign": [Value(n) for n in ("Plus", "Minus", "Stop")]}.get(type)
        if items is None:
            items = [Value("(,)", (n, Value(s))) for n, s in product([1, 2], ("Plus", "Stop"))]
        for n in range(most - 1):
            yield from map(from_iterable, product(items, repeat=n))


def shaped(most: int, label: int = 1) -> Iterator[Value]:
    """Trees with fewer than so many branches, with labels that tell their places apart."""
    yield Value("Leaf")
    for inner in range(most - 1):
        for left in shaped(inner + 1, 2 * label):
            for right in shaped(most - 1 - count(left), 2 * label + 1):
                yield Value("Branch", (label, left, right))


def count(tree: Value) -> int:
    return 1 + count(tree.fields[1]) + count(tree.fields[2]) if tree.fields else 0


@pytest.mark.parametrize(("name", "kind", "states"), MACHINES)
def test_machines_compute_their_functions(name: str, kind: str, states: int) -> None:
    function = PROGRAM[name]
    machine = function.machine()
    assert (machine.kind, len(machine.states)) == (kind, states), str(machine)
    assert len(set(machine.states)) == states
    assert bool(machine.why) == (kind == ABSTRACT)
    tried = 0
    for value in inputs(str(function.parameters[0]), {"Nat": 12, "Bin": 7, "Tree Int": 4}.get(str(function.parameters[0]), 6)):
        run = machine.run(value)
        assert equal(run.output, function(value))
        if kind != ABSTRACT:
            assert [u.position for u in run] == list(range(len(run.tokens)))
            assert run.labels() == tuple(u.state for u in run)
        assert run.updates[-1].after == END
        tried += 1
    assert tried > 12


def test_names_say_what_states_do() -> None:
    names = {name: PROGRAM[name].machine().states for name, _, _ in MACHINES}
    assert names["pred_double"] == ("carrying", "copying")
    assert names["same"] == ("copying",)
    assert names["even"] == ("even", "odd")
    assert names["half"] == ("half", "half after S")
    assert names["preorder"] == ("preorder", "emitting v")
    assert names["postorder"] == ("postorder", "holding v")
    assert names["positive"] == ("positive", "testing x")
    assert names["left"] == ("left", "emitting v", "skipping")
    assert names["zero_root"] == ("zero_root", "dropping it", "copying")
    assert names["ascending"] == ("ascending", "holding x", "ascending holding x", "testing x'", "skipping")
    assert names["sort"] == ("insertion_sort", "insert", "copying")


# Smallness


def outputs(machine: Machine, state: str, word: Sequence[str]) -> tuple[str, ...] | None:
    """What a finite-state machine emits on a word from a state, by its table alone."""
    rules = {(r.state, r.reads): r for r in machine.table}
    out: list[str] = []
    for token in word:
        if state == END:
            return None
        rule = rules.get((state, token)) or rules.get((state, "…"))
        if rule is None:
            return None
        out.extend(token if t == "…" else t for t in rule.emits)
        state = rule.next if not (rule.reads == "…" and token == "E") else END
    return tuple(out) if state == END else None


@st.composite
def transducers(draw: st.DrawFn) -> tuple[int, str]:
    """A program of up to four functions on words over A and B, each case a word before a call of one of them, or before the rest as
    it is, or a word alone."""
    functions = draw(st.integers(1, 4))
    words = st.text("AB", max_size=2)
    lines = []
    for number in range(functions):
        cases = [f"E => {built(draw(words), 'E')}"]
        for letter in "AB":
            rest = draw(st.sampled_from([*(f"f{i} t" for i in range(functions)), "t", "E"]))
            name = "t" if "t" in rest else "_"
            cases.append(f"{letter} {name} => {built(draw(words), rest)}")
        lines.append(f"{'and' if number else 'fun'} f{number} (t : Word) : Word = match t with {' | '.join(cases)} end")
    return functions, "type Word = E | A Word | B Word\n" + "\n".join(lines)


def built(word: str, rest: str) -> str:
    for letter in reversed(word):
        rest = f"{letter} ({rest})"
    return rest


def letters(value: Value) -> str:
    out = ""
    while value.fields:
        out, value = out + value.constructor, value.fields[0]
    return out + "E"


def spelt(word: str) -> Value:
    value = Value("E")
    for letter in reversed(word):
        value = Value(letter, (value,))
    return value


TWINS = """
type Word = E | A Word | B Word
fun f0 (t : Word) : Word = match t with E => B E | A t => f1 t | B t => A (f2 t) end
and f1 (t : Word) : Word = match t with E => E | A t => B (f2 t) | B t => f0 t end
and f2 (t : Word) : Word = match t with E => E | A t => B (f1 t) | B t => f0 t end
"""
LATE = """
type Word = E | A Word | B Word
fun f0 (t : Word) : Word = match t with E => E | A t => f1 t | B t => A (f2 t) end
and f1 (t : Word) : Word = match t with E => A E | A t => A (A (f2 t)) | B t => A (B (f2 t)) end
and f2 (t : Word) : Word = match t with E => E | A t => A (f2 t) | B t => B (f2 t) end
"""


_AHEAD = 6
"""Letters still to come, of which two functions with different residuals need no more to differ."""


@given(transducers())
@example((3, TWINS))
@example((3, LATE))
@settings(max_examples=25)
def test_no_machine_with_fewer_states_does_the_same(made: tuple[int, str]) -> None:
    """The least number of states by Myhill and Nerode's theorem for subsequential functions (Choffrut 2003): as many as there are
    different functions from what is still to come to what is still to be put out, found here by evaluation alone."""
    functions, text = made
    program = recsyn.loads(text)
    machine = program["f0"].machine()
    words = ["".join(w) for n in range(functions + _AHEAD + 1) for w in product("AB", repeat=n)]
    results = {word: letters(program["f0"](spelt(word))) for word in words}
    residuals = set()
    for prefix in (w for w in words if len(w) <= functions):
        ahead = [w for w in words if len(w) <= _AHEAD]
        following = {w: results[prefix + w] for w in ahead}
        certain = len(shared(list(following.values())))
        residuals.add(tuple(result[certain:] for result in following.values()))
    assert machine.kind == FINITE
    assert len(machine.states) == len(residuals)
    for word in words:
        run = machine.run(spelt(word))
        assert "".join(run.emitted) == results[word]
        assert "".join([*machine.first, *(outputs(machine, machine.initial, [*word, "E"]) or ())]) == results[word]
    for one, other in combinations(machine.states, 2):
        tried = ["".join(w) for n in range(6) for w in product("AB", repeat=n)]
        assert any(outputs(machine, one, [*w, "E"]) != outputs(machine, other, [*w, "E"]) for w in tried), (one, other)


def shared(words: Sequence[str]) -> str:
    """The longest common beginning."""
    least, greatest = min(words), max(words)
    return least[: next((i for i, (a, b) in enumerate(zip(least, greatest, strict=False)) if a != b), len(least))]


def test_output_is_emitted_as_soon_as_it_is_certain() -> None:
    machine = PROGRAM["list.last"].machine()
    assert {(r.reads, r.emits) for r in machine.table if r.state == "last"} == {("[]", ("None",)), ("::", ("Some",))}


# The abstract machine


def test_what_an_abstract_machine_looks_at() -> None:
    run = PROGRAM.machine("mirror (Branch 1 (Branch 2 Leaf Leaf) Leaf)")
    assert [(u.position, u.token, u.state, u.rule, u.emitted) for u in run] == [
        (0, "Branch", "mirror", "mirror · Branch", ("Branch",)),
        (1, "1", "copying", "copying · …", ("1",)),
        (6, "EMPTY", "mirror", "mirror · EMPTY", ("EMPTY",)),
        (2, "Branch", "mirror", "mirror · Branch", ("Branch",)),
        (3, "2", "copying", "copying · …", ("2",)),
        (5, "EMPTY", "mirror", "mirror · EMPTY", ("EMPTY",)),
        (4, "EMPTY", "mirror", "mirror · EMPTY", ("EMPTY",)),
    ]
    assert run.labels() == ("mirror", "copying", "mirror", "copying", "mirror", "mirror", "mirror")


def test_what_nothing_needs_is_not_looked_at() -> None:
    program = recsyn.loads(
        """
type Tree a = Leaf | Branch a (Tree a) (Tree a)
fun swapped (t : Tree Int) : Tree Int = match t with Leaf => Leaf | Branch _ l r => Branch 0 r l end
"""
    )
    run = program["swapped"].machine().run(program.value("Branch 5 Leaf Leaf"))
    assert run.machine.kind == ABSTRACT
    assert run.labels() == ("swapped", UNREAD, "copying", "copying")


def test_the_table_of_an_abstract_machine() -> None:
    assert (
        str(PROGRAM["mirror"].machine())
        == """\
an abstract machine with 2 states; no transducer was found: there are more than 40 different things that can be left to compute
state    reads   emits   then
mirror   EMPTY   EMPTY   the top of the stack
mirror   Branch  Branch  mirror
copying  …       …       the top of the stack"""
    )


@pytest.mark.parametrize(
    ("source", "rules"),
    [
        # What only computed values are matched with, compared or added to is no look, nor is what no argument reaches.
        ("fun f (t : Tree) : Int = match t with Leaf => 0 | Node l r => f l + 1 + f r end", {"f · Leaf", "f · Node"}),
        (
            "fun f (t : Tree) : Int = match t with Leaf => 0 | Node l r => let (a, b) = (f l, f r) in if a < b then b else a end",
            {"f · Leaf", "f · Node"},
        ),
        (
            "fun same (t : Tree) (u : Tree) : Bool = t == u\nfun f (t : Tree) : Bool = same t Leaf && same Leaf Leaf",
            {"same · … in t == u"},
        ),
        (
            "fun f (x : Int) (b : Bool) (t : Tree) : Int =\n"
            "  match x, t with 3, Node Leaf _ => if b then 1 else g t | _, _ => g t end\n"
            "and g (t : Tree) : Int = match t with Leaf => 1 | Node l r => g l * g r end",
            {"f · 3", "f · …", "f · Leaf", "f · Node", "f · True", "f · False", "g · Leaf", "g · Node"},
        ),
    ],
)
def test_what_an_abstract_machine_may_look_at(source: str, rules: set[str]) -> None:
    machine = recsyn.loads(f"type Tree = Leaf | Node Tree Tree\n{source}\n")["f"].machine()
    assert machine.kind == ABSTRACT
    assert {row.rule for row in machine.table} == rules


def test_the_stack_of_an_abstract_machine() -> None:
    """As it is after each update, with one entry for each call that waits, however many operators wait in it."""
    run = PROGRAM.machine("sort [3, 1]")
    assert [u.stack for u in run][:4] == [("insert",), ("insert", "insert"), (), ()]
    assert [u.rule for u in run][3:5] == ["insert · … in n <= m", "insert · … in n <= m"]
    run = LIBRARY.machine("tree.size (Branch 1 (Branch 2 Leaf Leaf) Leaf)")
    assert [u.stack for u in run] == [("tree.size",), ("tree.size",) * 2, ("tree.size",) * 2, ("tree.size",), ()]


def test_operands_are_evaluated_from_left_to_right() -> None:
    run = LIBRARY.machine("tree.size (Branch 1 (Branch 2 Leaf Leaf) Leaf)")
    assert [u.position for u in run] == [0, 2, 4, 5, 6]
    program = recsyn.loads(
        """
type Tree = Leaf Int | Branch Tree Tree
fun least (t : Tree) : Int =
  match t with Leaf n => n + 1 | Branch l r => if least l * least r < 9 then least l else least r end
fun first (t : Tree) : Int = match t with Leaf n => n | Branch (Leaf n) r => n - first r | Branch l r => first l * first r end
"""
    )
    assert [u.position for u in program.machine("least (Branch (Leaf 1) (Leaf 2))")] == [0, 1, 2, 3, 4, 1, 2]
    run = program.machine("first (Branch (Leaf 1) (Leaf 2))")
    assert (run.machine.kind, [u.position for u in run]) == (ABSTRACT, [0, 1, 2, 3, 4])


@pytest.mark.parametrize(
    ("function", "fixed", "value"),
    [
        ("list.map", {"f": "fn x => x + 1"}, "[1, 2]"),
        ("list.take", {"count": "2"}, "[1, 2, 3]"),
        ("list.fold_left", {"f": "fn x y => x + y", "start": "0"}, "[1, 2, 3]"),
        ("list.fold_right", {"f": "fn x xs => x :: xs", "start": "[0]"}, "[1, 2]"),
        ("list.append", {"ys": "[9]"}, "[1, 2]"),
        ("list.member", {"x": "2"}, "[1, 2]"),
    ],
)
def test_fixed_arguments(function: str, fixed: dict[str, str], value: str) -> None:
    made = PROGRAM[function]
    names = [core.spelled(p) for p in made.definition.parameters]
    by_value = made.machine({name: PROGRAM.value(text) for name, text in fixed.items()})
    arguments = [f"({fixed[name]})" if name in fixed else value for name in names]
    expression = f"{function} {' '.join(arguments)}"
    wanted = PROGRAM.value(expression)
    assert equal(by_value.run(PROGRAM.value(value)).output, wanted)
    assert equal(PROGRAM.machine(expression).output, wanted)


def test_several_arguments_are_read_one_after_another() -> None:
    machine = PROGRAM["list.append"].machine()
    run = machine.run(PROGRAM.value("[1]"), PROGRAM.value("[2, 3]"))
    assert run.tokens == ("::", "1", "[]", "::", "2", "::", "3", "[]")
    assert (machine.kind, run.emitted) == (FINITE, ("1", "2", "3"))


# Depth, mistakes, what is drawn


def test_a_hundred_thousand_tokens(successor: recsyn.Program) -> None:
    deep = binary("1" * 100_000)
    run = successor["succ"].machine().run(deep)
    assert run.output == successor["succ"](deep)
    assert set(run.labels()) == {"carrying"}
    items = from_iterable(range(10_000))
    reversed_ = PROGRAM["reverse"].machine().run(items)
    assert to_list(reversed_.output) == list(range(10_000))[::-1]
    assert reversed_.updates[1_000].stack[:2] == ("499", "498")
    spine = Value("Leaf")
    for label in range(3_000):
        spine = Value("Branch", (label, spine, Value("Leaf")))
    assert PROGRAM["mirror"].machine().run(spine).output == PROGRAM["mirror"](spine)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("1 + 1", "no call of one with all of its arguments"),
        ("list.map (fn x => x)", "no call of one with all of its arguments"),
        ("flatten Leaf", "no call of one with all of its arguments"),
        ("list.map (fn x => fn y => x) [1]", r"the result of adders has the type List \(Int -> Int\), and no sequence"),
    ],
)
def test_what_no_machine_is_derived_for(expression: str, said: str) -> None:
    if "fn y" in expression:
        program = recsyn.loads(
            "fun adders (xs : List Int) = match xs with [] => [] | x :: xs => (fn y => x + y) :: adders xs end\n"
        )
        with pytest.raises(RecsynError, match=said):
            program["adders"].machine()
        return
    with pytest.raises(RecsynError, match=said):
        PROGRAM.machine(expression)


def test_mistakes() -> None:
    with pytest.raises(RecsynError, match="`f` has the type a -> b, and no sequence of tokens writes functions"):
        PROGRAM["list.map"].machine()
    with pytest.raises(RecsynError, match="no parameter `g` to fix"):
        PROGRAM["list.map"].machine({"g": 1})
    with pytest.raises(RecsynError, match="did you mean `count`"):
        PROGRAM["list.take"].machine({"cuont": 1})
    with pytest.raises(InvalidValue, match=r"map takes a function of type a -> b, and 3 is no function"):
        PROGRAM["list.map"].machine({"f": 3})
    with pytest.raises(InvalidValue, match=r"take takes an Int, and 'c' is no Int"):
        PROGRAM["list.take"].machine({"count": "c"})
    with pytest.raises(RecsynError, match="no order 'sideways'"):
        PROGRAM["flip"].machine(order="sideways")  # type: ignore[arg-type]
    with pytest.raises(RecsynError, match="flip takes a Bin"):
        PROGRAM["flip"].machine().run(3)
    with pytest.raises(RecsynError, match="flip takes 1 argument, not 2"):
        PROGRAM["flip"].machine().run(3, 4)


def test_what_is_exported(successor: recsyn.Program) -> None:
    run = successor.machine("succ (XI One)")
    data = json.loads(json.dumps(run.to_json()))
    assert data["labels"] == ["carrying", "carrying"]
    assert data["updates"][0] == {
        "position": 0,
        "token": "X1",
        "state": "carrying",
        "rule": "carrying · X1",
        "emitted": ["X0"],
        "after": "carrying",
        "stack": [],
    }
    assert data["machine"]["table"][2] == {
        "state": "carrying",
        "reads": "X1",
        "guard": "",
        "emits": ["X0"],
        "pushes": [],
        "next": "carrying",
        "sets": [],
        "rule": "carrying · X1",
    }
    frames = run.frames()
    assert [f.rule for f in frames] == ["", "carrying · X1", "carrying · 01"]
    assert frames[1].text == (("X1", True), (" ", False), ("01", False))
    assert frames[2].state == (("state", END), ("output", "X0 X0 01"))
    assert "finite-state machine" in run.title


# Runs are by their tables


def faithful(run: MachineRun) -> None:
    """What a run says of itself is what its machine's table says, and what its tokens and its neighbours say."""
    machine = run.machine
    rows: dict[str, Row] = {row.rule: row for row in machine.table}
    assert {u.rule for u in run} <= rows.keys(), f"{machine}\n{run}"
    assert {u.state for u in run} <= set(machine.states)
    assert [u.state for u in run] == [u.after for u in (run.start, *run)][:-1]
    last = run.updates[-1] if run.updates else run.start
    assert (last.after, last.stack) == (END, ())
    assert (run.start.shown, run.start.stack, run.start.after) == (machine.first, machine.start.pushes, machine.initial)
    if machine.kind == ABSTRACT:
        for update in run:
            certain = rows[update.rule].emits
            assert certain == ("…",) or update.shown[: len(certain)] == certain, f"{machine}\n{run}"
            assert update.state != COPYING or (*update.shown, "")[0] == run.shown[update.position] or update.token in ("::", "[]")
    assert len(run.labels()) == len(run.tokens) == len(run.shown)
    assert set(run.labels()) <= {*machine.states, UNREAD}
    assert all(run.tokens[u.position] == u.token for u in run)
    assert [frame.rule for frame in run.frames()] == ["", *(u.rule for u in run)]


LIBRARY = recsyn.loads(f"import {', '.join(module_names())}\n")


@pytest.mark.parametrize("module", module_names())
def test_runs_are_by_their_tables(module: str) -> None:
    """Every function of the library, on its own examples, in both orders; where it takes functions, these are fixed."""
    kinds = set()
    machines: dict[str, Machine] = {}
    for case in recsyn.loads(module_source(module).text, f"{module}.rec").checked.examples:
        call = case.left
        if not isinstance(call, core.Apply) or not isinstance(call.function, core.Global):
            continue
        name = call.function.name
        function = LIBRARY[name if name in LIBRARY.checked.definitions else f"{module}.{name}"]
        if len(call.arguments) != len(function.parameters):
            continue
        try:
            machine = machines.setdefault(name, machines.get(name) or function.machine())
        except RecsynError:
            with suppress(RecsynError):
                faithful(function.machine_run(call.arguments))
            continue
        arguments = [function.reference.evaluate(argument) for argument in call.arguments]
        forward, backward = machine.run(*arguments), replace(machine, order="mirror").run(*arguments)
        codecs = [codec_for("prefix", p, function.program.datatypes, Alphabet()) for p in function.parameters]
        tokens = [token for codec, a in zip(codecs, arguments, strict=True) for token in codec.encode(a)]
        assert (list(forward.tokens), list(backward.tokens)) == (tokens, tokens[::-1])
        assert forward.labels() == backward.labels()[::-1]
        assert forward.emitted == backward.emitted[::-1]
        for run in (forward, backward):
            faithful(run)
        kinds.add(machine.kind)
    assert kinds


@pytest.mark.parametrize(("name", "kind", "states"), MACHINES)
def test_runs_on_small_inputs_are_by_their_tables(name: str, kind: str, states: int) -> None:
    function = PROGRAM[name]
    type = str(function.parameters[0])
    machine = function.machine(order="mirror")
    for value in inputs(type, {"Nat": 8, "Bin": 5, "Tree Int": 4}.get(type, 5)):
        faithful(machine.run(value))
        faithful(replace(machine, order="prefix").run(value))
