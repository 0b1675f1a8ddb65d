"""The backends mean what the reference machine means: on values of any shape, with functions as values, at any depth, and where an
evaluation cannot go on."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
import threading
import weakref
from copy import deepcopy
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.errors import MissingExtra
from recsyn.semantics.backends import BACKENDS
from recsyn.semantics.compiled.python.code import TooDeep
from recsyn.semantics.compiled.words import INTEGERS
from recsyn.semantics.function import InvalidValue
from recsyn.semantics.reference import FunctionValue, OutOfMemory, StepLimit
from recsyn.values import Value, from_iterable, show, to_list

pytest.importorskip("llvmlite")

PROGRAM = recsyn.loads(
    """
type Nat = Z | S Nat
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Shape = Dot | Line Int | Box Int Int | Named (List Char) Shape
type Rose a = Rose a (List (Rose a))

fun add m n = match m with Z => n | S m => S (add m n) end
fun twice n = match n with Z => Z | S n => S (S (twice n)) end
fun even n = match n with Z => True | S n => odd n end
and odd n = match n with Z => False | S n => even n end
fun ack m n = match m, n with Z, n => S n | S m, Z => ack m (S Z) | S m as k, S n => ack m (ack k n) end
fun half n = match n with S (S n) => S (half n) | _ => Z end
fun interleave xs ys =
  match xs, ys with [], _ => ys | _, [] => xs | x :: xs, y :: ys => x :: y :: interleave xs ys end
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun foldr f e xs = match xs with [] => e | x :: xs => f x (foldr f e xs) end
fun foldl f e xs = match xs with [] => e | x :: xs => foldl f (f e x) xs end
fun comp f g = fn x => f (g x)
fun nest n = match n with Z => (fn x => x) | S m => comp (nest m) (fn y => y + 1) end
fun applied n = nest n 0
fun rev xs = match xs with [] => [] | x :: xs => rev xs ++ [x] end
fun mirror t = match t with Leaf => Leaf | Branch x l r => Branch x (mirror r) (mirror l) end
fun sums t =
  match t with Leaf => (0, 0) | Branch x l r => match sums l, sums r with (a, b), (c, d) => (a + c + x, b + d + 1) end end
fun area s = match s with Dot => 0 | Line -1 => -1 | Line _ => 0 | Box a b => a * b | Named "no" _ => 0 | Named _ s => area s end
fun total r = match r with Rose x rs => x + totals rs end
and totals rs = match rs with [] => 0 | r :: rs => total r + totals rs end
fun arithmetic x y = [x + y, x - y, x * y, x / y, x % y, -x]
fun compare x y = [x < y, x <= y, x > y, x >= y, x == y, x != y]
fun same a b = a == b
fun power n = match n with Z => 2 | S n => let p = power n in p * p end
fun weird x n = match n with Z => x | S m => (let y = (match m with Z => weird x m | S _ => weird (x + 1) m + 1 end) in y * 2) end
fun three = [1, 2, 3]
fun adders = map (fn x y => x + y) three
fun pick n = match n with Z => (fn x _ => x) | S _ => (fn _ y => y) end
fun doubled n = match n with Z => [] | S n => let r = doubled n in 1 :: r ++ r end
fun shared n = match n with Z => Leaf | S n => let t = shared n in Branch 0 t t end
fun equal_shared n = shared n == shared n
fun label c = if c < 'm' && c != 'a' || c == 'z' then [c] else "no"
fun pairs xs = map (fn x => (x, fn y => y + x)) xs
fun use p = match p with (x, f) => f x end
fun used xs = map use (pairs xs)
partial fun collatz n = if n <= 1 then 0 else 1 + collatz (if n % 2 == 0 then n / 2 else 3 * n + 1)
"""
)
EVERY = pytest.mark.parametrize("backend", BACKENDS)
COMPILED = pytest.mark.parametrize("backend", ["python", "native"])


def nat(n: int) -> Value:
    value = Value("Z")
    for _ in range(n):
        value = Value("S", (value,))
    return value


def number(value: Value) -> int:
    count = 0
    while value.fields:
        value, count = value.fields[0], count + 1
    return count


# Against Python's own


@EVERY
def test_against_python(backend: str) -> None:
    def run(name: str, *arguments: object) -> object:
        return PROGRAM[name].compile(backend)(*arguments)

    for m in range(6):
        assert number(run("twice", nat(m))) == 2 * m
        assert number(run("half", nat(m))) == m // 2
        assert (show(run("even", nat(m))), show(run("odd", nat(m)))) == (str(m % 2 == 0), str(m % 2 == 1))
        for n in range(4):
            assert number(run("add", nat(m), nat(n))) == m + n
    assert number(run("ack", nat(2), nat(3))) == 9
    assert run("applied", nat(9)) == 9
    assert run("power", nat(7)) == 2**128
    xs, ys = from_iterable(range(5)), from_iterable(range(10, 17))
    assert to_list(run("interleave", xs, ys)) == [0, 10, 1, 11, 2, 12, 3, 13, 4, 14, 15, 16]
    assert to_list(run("rev", xs)) == [4, 3, 2, 1, 0]
    assert to_list(run("used", xs)) == [0, 2, 4, 6, 8]
    assert [to_list(run("label", c)) for c in "az"] == [list("no"), ["z"]]
    assert run("collatz", 27) == 111


@EVERY
@given(x=st.integers(), y=st.integers() | st.sampled_from([0, 1, -1, INTEGERS[0], INTEGERS[-1], 2**62, 2**63, -(2**62)]))
@settings(max_examples=60)
def test_integers_of_any_size(backend: str, x: int, y: int) -> None:
    expected = [x + y, x - y, x * y, x // y if y else 0, x % y if y else x, -x]
    assert to_list(PROGRAM["arithmetic"].compile(backend)(x, y)) == expected
    compared = [x < y, x <= y, x > y, x >= y, x == y, x != y]
    assert [show(b) for b in to_list(PROGRAM["compare"].compile(backend)(x, y))] == list(map(str, compared))


@COMPILED
@pytest.mark.parametrize("name", ["mirror", "sums"])
@given(tree=PROGRAM.strategy("Tree Int", max_size=30, integers=st.integers() | st.sampled_from([2**61, -(2**62), 2**62])))
@settings(max_examples=40)
def test_trees(backend: str, name: str, tree: Value) -> None:
    assert PROGRAM[name].compile(backend)(tree) == PROGRAM[name].compile("reference")(tree)


@COMPILED
@given(
    shape=PROGRAM.strategy("Shape", max_size=12, integers=st.integers(-2, 2), characters=st.sampled_from("no")),
    rose=PROGRAM.strategy("Rose Int", max_size=20),
    n=st.integers(0, 7),
)
@settings(max_examples=40)
def test_patterns_and_labels(backend: str, shape: Value, rose: Value, n: int) -> None:
    for name, arguments in (("area", (shape,)), ("total", (rose,)), ("weird", (n, nat(n)))):
        assert PROGRAM[name].compile(backend)(*arguments) == PROGRAM[name].compile("reference")(*arguments)


@COMPILED
@given(
    left=PROGRAM.strategy("Tree Int", max_size=8, integers=st.integers(0, 1)),
    right=PROGRAM.strategy("Tree Int", max_size=8, integers=st.integers(0, 1)),
)
def test_structural_equality(backend: str, left: Value, right: Value) -> None:
    assert show(PROGRAM["same"].compile(backend)(left, right)) == str(left == right)
    assert show(PROGRAM["same"].compile(backend)(left, deepcopy(left))) == "True"


# Functions as values


@EVERY
@pytest.mark.parametrize("given_by", BACKENDS)
def test_functions_come_out_and_go_in(backend: str, given_by: str) -> None:
    """A function value that one backend made is an argument of another."""
    adders = to_list(PROGRAM["adders"].compile(given_by)())
    assert all(isinstance(f, FunctionValue) for f in adders)
    for f, n in zip(adders, (1, 2, 3), strict=True):
        assert to_list(PROGRAM["map"].compile(backend)(f, from_iterable([10, 20]))) == [10 + n, 20 + n]
    pick = PROGRAM["pick"].compile(given_by)(nat(1))
    assert PROGRAM["foldl"].compile(backend)(pick, 0, from_iterable([4, 5])) == 5
    chosen = PROGRAM["comp"].compile(given_by)(adders[0], adders[2])
    assert PROGRAM["foldr"].compile(backend)(pick, chosen, from_iterable([])) is chosen
    assert to_list(PROGRAM["map"].compile(backend)(chosen, from_iterable([1]))) == [5]


@EVERY
def test_functions_of_an_expression(backend: str) -> None:
    """The unit knows nothing of a ``fn`` that stands in an expression."""
    f = PROGRAM.value("let k = 5 in fn x => x * k")
    assert to_list(PROGRAM["map"].compile(backend)(f, from_iterable([1, 2**70]))) == [5, 5 * 2**70]
    partly = PROGRAM.value("fn x y z => x + y * z")
    assert PROGRAM["foldl"].compile(backend)(PROGRAM.value("fn x y => x - y"), 10, from_iterable([1, 2])) == 7
    (waiting,) = to_list(PROGRAM["map"].compile(backend)(partly, from_iterable([1])))
    assert PROGRAM["foldr"].compile(backend)(waiting, 10, from_iterable([4])) == 41


# Sharing and identity


@EVERY
def test_what_is_shared_costs_once(backend: str) -> None:
    """A tree of 2^60 nodes is a graph of 60, going in, being compared, and coming out."""
    tree = PROGRAM["shared"].compile(backend)(nat(60))
    assert tree.fields[1] is tree.fields[2]
    assert show(PROGRAM["equal_shared"].compile("python")(nat(60))) == "True"
    assert PROGRAM["use"].compile(backend)(Value("(,)", (tree, PROGRAM.value("fn t => match t with Leaf => 0 | _ => 1 end")))) == 1


@COMPILED
def test_what_went_in_comes_out_as_itself(backend: str) -> None:
    tail = from_iterable([3, 4])
    joined = PROGRAM["interleave"].compile(backend)(from_iterable([1]), tail)
    assert joined.fields[1].fields[1] is tail.fields[1]


# Depth

DEEP = 20_000


@EVERY
@pytest.mark.parametrize("in_a_thread", [False, True])
def test_depth(backend: str, in_a_thread: bool) -> None:
    _in_a_thread(lambda: _deep(backend, DEEP), in_a_thread)


@pytest.mark.slow
@EVERY
def test_a_million_deep(backend: str) -> None:
    for in_a_thread in (False, True):
        _in_a_thread(lambda: _deep(backend, 1_000_000), in_a_thread)


def _deep(backend: str, depth: int) -> None:
    deep = nat(depth)
    assert number(PROGRAM["twice"].compile(backend)(deep)) == 2 * depth
    assert show(PROGRAM["even"].compile(backend)(deep)) == str(depth % 2 == 0)
    assert PROGRAM["applied"].compile(backend)(deep) == depth
    assert show(PROGRAM["same"].compile(backend)(deep, nat(depth))) == "True"
    items = from_iterable(range(depth))
    assert to_list(PROGRAM["map"].compile(backend)(PROGRAM.value("fn x => x + 1"), items))[-1] == depth
    assert PROGRAM["foldr"].compile(backend)(PROGRAM.value("fn x y => x + y"), 0, items) == depth * (depth - 1) // 2
    assert pickle.loads(pickle.dumps(items)) == items == deepcopy(items)
    assert hash(items) == hash(from_iterable(range(depth)))
    assert PROGRAM.value(repr(items)) == items


def _in_a_thread(work: object, really: bool) -> None:
    if not really:
        work()  # type: ignore[operator]
        return
    raised: list[BaseException] = []

    def caught() -> None:
        try:
            work()  # type: ignore[operator]
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=caught)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


# Where an evaluation cannot go on


@EVERY
def test_partial_functions_are_counted_alike(backend: str) -> None:
    assert PROGRAM["collatz"].compile(backend, limit=111)(27) == 111
    with pytest.raises(StepLimit, match="no value after 110 calls"):
        PROGRAM["collatz"].compile(backend, limit=110)(27)
    assert PROGRAM["collatz"].compile(backend, limit=111)(27) == 111


def test_unknown_backend() -> None:
    with pytest.raises(recsyn.RecsynError, match="there is no backend 'nativ'\n  hint: did you mean `native`"):
        PROGRAM["rev"].compile("nativ")
    with pytest.raises(recsyn.RecsynError, match="the backends are python, native, reference"):
        PROGRAM["rev"].batch(PROGRAM.batch("List Int", []), backend="gpu")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from recsyn.semantics.compiled.native import linking

    monkeypatch.setitem(sys.modules, "llvmlite", None)
    linking._llvm.cache_clear()
    with pytest.raises(MissingExtra, match=r'hint: pip install "recsyn\[native\]"'):
        PROGRAM["rev"].compile("native")


@EVERY
def test_wrong_arguments(backend: str) -> None:
    compiled = PROGRAM["rev"].compile(backend)
    with pytest.raises(InvalidValue, match="rev takes 1 argument, not 2"):
        compiled(from_iterable([]), from_iterable([]))
    with pytest.raises(InvalidValue, match="rev takes a List a, and 3 is no List a"):
        compiled(3)


def test_memory_has_a_limit() -> None:
    rev = PROGRAM["rev"].compile("native", memory=2**22)
    with pytest.raises(OutOfMemory, match="no value within 4 MiB of memory"):
        rev(from_iterable(range(1_000)))
    assert to_list(rev(from_iterable(range(100)))) == list(range(100))[::-1]


EXHAUSTED = """
import resource, sys, recsyn
from recsyn.semantics.reference import OutOfMemory
program = recsyn.loads("type Nat = Z | S Nat\\nfun many n = match n with Z => [0] | S n => many n ++ many n end")
many, thirty = program["many"].compile(sys.argv[1]), program.value("S (" * 30 + "Z" + ")" * 30)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**25, used + 2**25))
try:
    many(thirty)
except OutOfMemory as error:
    print(error.message)
print(many(program.value("S (S Z)")))
"""


@pytest.mark.parametrize("memory", [1, 100, 2**20 + 3])
def test_little_memory(memory: int) -> None:
    compiled = PROGRAM["rev"].compile("native", memory=memory)
    with pytest.raises(OutOfMemory, match="no value within"):
        compiled(from_iterable(range(1_000)))


@pytest.mark.parametrize("options", [{"memory": 0}, {"memory": 2.5}, {"limit": -1}])
def test_limits_that_are_none(options: dict[str, Any]) -> None:
    with pytest.raises(recsyn.RecsynError, match="is a whole number from"):
        PROGRAM["rev"].compile("native", **options)


@EVERY
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="what a process uses is looked up in /proc")
def test_exhausted_memory(backend: str) -> None:
    """Where the process may not have more, an evaluation ends with one error, and the next one is right."""
    done = subprocess.run([sys.executable, "-c", EXHAUSTED, backend], capture_output=True, text=True, check=False)
    first, second = done.stdout.splitlines()
    assert first.startswith("no value within ")
    assert second == "[0, 0, 0, 0]"


def test_what_has_used_memory_up_is_let_go_before_that_is_told() -> None:
    class Large:
        pass

    kept: list[weakref.ref[Large]] = []

    def exhausted() -> None:
        large = Large()
        kept.append(weakref.ref(large))
        raise MemoryError

    try:
        exhausted()
    except MemoryError as error:
        assert kept[0]() is not None
        told = OutOfMemory.after(error)
        assert kept[0]() is None
    assert told.message.startswith("no value within ")


def test_a_larger_block_is_taken() -> None:
    assert to_list(PROGRAM["rev"].compile("native")(from_iterable(range(1_000)))) == list(range(1_000))[::-1]
    many = [from_iterable(range(n)) for n in (3, 1_000, 2)]
    lists = PROGRAM["rev"].batch(PROGRAM.batch("List Int", many), backend="native")
    assert [len(to_list(x)) for x in lists] == [3, 1_000, 2]


@COMPILED
def test_interrupted(backend: str) -> None:
    """Control-C in the middle of an evaluation that takes years, and the next evaluation is right."""
    program = recsyn.loads("type Nat = Z | S Nat\nfun fib n = match n with Z => 0 | S Z => 1 | S (S m as k) => fib k + fib m end")
    fib = program["fib"].compile(backend)
    fib(nat(5))
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        begun = perf_counter()
        with pytest.raises(KeyboardInterrupt):
            fib(nat(90))
        assert perf_counter() - begun < 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert fib(nat(15)) == 610


def test_eight_threads() -> None:
    compiled = PROGRAM["rev"].compile("native")
    expected = [list(range(n))[::-1] for n in range(0, 300, 7)]
    answers: list[object] = []
    threads = [
        threading.Thread(target=lambda: answers.append([to_list(compiled(from_iterable(range(n)))) for n in range(0, 300, 7)]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 8


@pytest.mark.slow
def test_memory_does_not_grow() -> None:
    compiled = PROGRAM["half"].compile("native")
    small = nat(3)
    for _ in range(10_000):
        compiled(small)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(1_000_000):
        compiled(small)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2_048  # KiB


def _evaluated(program: str, cache: Path) -> tuple[str, str, int]:
    """What a process prints that evaluates ``f 1`` natively, and keeps its code there."""
    script = f"import recsyn; print(recsyn.loads({program!r})['f'].compile('native')(1))"
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    return done.stdout, done.stderr, done.returncode


def test_code_is_kept(tmp_path: Path) -> None:
    """Object code is found again by another process, and what is damaged is made again."""
    program = "fun f (x : Int) = x + 1"
    assert _evaluated(program, tmp_path) == ("2\n", "", 0)
    kept = list((tmp_path / "recsyn" / "native").iterdir())
    code = {file: file.read_bytes() for file in kept}
    assert len(kept) == 2
    for damage in (b"", b"no object code", None):
        for file in kept:
            file.write_bytes(code[file][:-9] + b"damaged !" if damage is None else damage)
        assert _evaluated(program, tmp_path) == ("2\n", "", 0)
        assert {file: file.read_bytes() for file in (tmp_path / "recsyn" / "native").iterdir()} == code


def test_where_nothing_can_be_kept(tmp_path: Path) -> None:
    (tmp_path / "recsyn").write_text("a file, no folder")
    assert _evaluated("fun f (x : Int) = x + 2", tmp_path) == ("3\n", "", 0)


# Programs that are large


def _chain(many: int) -> str:
    """Functions that call each other in a chain, which no backend may follow on the host's stack."""
    return "fun f0 x = x + 1\n" + "\n".join(f"fun f{i} x = f{i - 1} x + 1" for i in range(1, many))


@EVERY
def test_a_long_chain_of_functions(backend: str) -> None:
    assert recsyn.loads(_chain(400))["f399"].compile(backend)(0) == 400


@EVERY
def test_long_lists_and_many_cases(backend: str) -> None:
    items = ", ".join(f"x + {i}" for i in range(1_000))
    cases = " | ".join(f"{i} => {i * i}" for i in range(300))
    program = recsyn.loads(
        f"fun long x = [{items}]\nfun square x = match x with {cases} | _ => -1 end\nfun constant = [{items}]".replace(
            "constant = [" + items, "constant = [" + ", ".join(map(str, range(5_000)))
        )
    )
    assert to_list(program["long"].compile(backend)(7)) == list(range(7, 1_007))
    assert [program["square"].compile(backend)(n) for n in (0, 17, 299, 300)] == [0, 289, 299 * 299, -1]
    assert to_list(program["constant"].compile(backend)()) == list(range(5_000))


def test_deeper_than_python_compiles() -> None:
    """Calling such a function works all the same; the backend, asked for by name, says that it cannot."""
    nested = "match x with 0 => 0 | n => " * 150 + "x" + " end" * 150
    program = recsyn.loads(f"fun f x = {nested}")
    assert program["f"](3) == 3
    assert program["f"].compile("native")(3) == 3
    with pytest.raises(TooDeep, match='the backend "native" or "reference"'):
        program["f"].compile("python")
