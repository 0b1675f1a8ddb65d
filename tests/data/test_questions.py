"""What is asked of a function: right answers against rules written by hand, answers read back, and wrong ones told from right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, pairwise
from math import sqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data import generation, questions
from recsyn.data.questions import QUESTIONS
from recsyn.data.rows import generate
from recsyn.data.tasks import Task, task_from_config
from recsyn.data.unrolling import lines_of
from recsyn.errors import RecsynError
from recsyn.values import TUPLE, Datum, Value, from_iterable

PROGRAM = """
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
type Tree a = Leaf as "EMPTY" | Branch a (Tree a) (Tree a)
fun succ (n : Pos) : Pos = match n with One => XO One | XO b => XI b | XI b => XO (succ b) end
fun mirror (t : Tree a) : Tree a = match t with Leaf => Leaf | Branch v l r => Branch v (mirror r) (mirror l) end
fun preorder (t : Tree a) : List a = match t with Leaf => [] | Branch v l r => v :: preorder l ++ preorder r end
fun add (m : Pos) (n : Pos) : Pos =
  match m, n with
  | One, n => succ n | m, One => succ m
  | XO a, XO b => XO (add a b) | XO a, XI b => XI (add a b)
  | XI a, XO b => XI (add a b) | XI a, XI b => XO (add (succ a) b)
  end
fun insert (n : Int) (ns : List Int) : List Int =
  match ns with [] => [n] | m :: ms => if n <= m then n :: ns else m :: insert n ms end
fun sort (ns : List Int) : List Int = match ns with [] => [] | n :: ns => insert n (sort ns) end
fun length (xs : List Int) : Int = match xs with [] => 0 | _ :: xs => 1 + length xs end
fun runs (xs : List Int) : List Int = match xs with [] => [] | x :: xs => match runs xs with [] => [x] | _ :: ys => x :: ys end end
fun twice (f : Int -> Int) (n : Int) : Int = f (f n)
fun four (ns : List Int) : Int = match ns with n :: _ => twice (fn n => n + 2) n | [] => 0 end
partial fun spin (n : Int) : Int = if n > 9 then n else spin (n + 1)
partial fun count (n : Pos) : Int = spin 0
type Odd = Stop as "]" | Go Odd
fun odd (n : Odd) : Odd = match n with Stop => Stop | Go n => odd n end
fun spaces (n : Pos) : List Char = match n with One => [] | XO n => ' ' :: spaces n | XI n => ' ' :: spaces n end
fun one (n : Pos) : Bool = match n with One => True | _ => False end
"""
SUCC = {"function": "succ"}
MIRRORED = {"function": "succ", "input": "mirror", "output": "mirror"}
TREE = {"function": "mirror", "input": "bracketed", "output": "bracketed"}
PREORDER = {"function": "preorder", "input": "bracketed", "output": "flat"}
SORT = {"function": "sort", "input": "flat", "output": "flat"}
TASKS: list[dict[str, Any]] = [
    SUCC,
    MIRRORED,
    TREE,
    TREE | {"input": "prefix", "output": "prefix"},
    PREORDER,
    PREORDER | {"input": "prefix", "output": "prefix"},
    SORT,
    SORT | {"input": "prefix", "output": "prefix"},
    {"function": "add"},
    {"function": "add", "input": "mirror", "output": "mirror"},
    {"function": "length"},
    {"function": "one"},
]
ASKED: list[dict[str, Any]] = [
    {"asks": "value"},
    *({"asks": "rounds", "rounds": n} for n in (1, 2, 4, 50)),
    {"asks": "step"},
    {"asks": "next"},
    {"asks": "trace"},
    {"asks": "states"},
]


@pytest.fixture(scope="module")
def made() -> Callable[..., Task]:
    def of(task: dict[str, Any] = SUCC, **fields: Any) -> Task:
        distribution = {"kind": "uniform", "sizes": [1, 9]}
        return task_from_config({"source": PROGRAM, "distribution": distribution, "integers": [0, 9]} | task | fields)

    return of


def answer(task: Task, input: str) -> str:
    value = task.input_codec.decode(input.split())
    return " ".join(task.question.answer(value, task.function(value)))


@pytest.mark.parametrize(
    ("task", "asked", "input", "expected"),
    [
        (SUCC, {"asks": "value"}, "X1 X0 01", "X0 X1 01"),
        (SUCC, {"asks": "rounds", "rounds": 1}, "X1 X1 01", "X0 UNROLL[ X1 01 ]"),
        (SUCC, {"asks": "rounds", "rounds": 3}, "X1 X1 01", "X0 X0 X0 01"),
        (SUCC, {"asks": "step"}, "X1 X1 01", "X0 UNROLL[ X1 01 ]"),
        (SUCC, {"asks": "step"}, "X0 X1 01", "X1 X1 01"),
        (SUCC, {"asks": "trace"}, "X1 X1 01", "X0 UNROLL[ X1 01 ] => X0 X0 UNROLL[ 01 ] => X0 X0 X0 01"),
        (MIRRORED, {"asks": "trace"}, "01 X1 X1", "UNROLL[ 01 X1 ] X0 => UNROLL[ 01 ] X0 X0 => 01 X0 X0 X0"),
        (SUCC, {"asks": "states"}, "X1 X1 X0 X1 01", "carrying carrying carrying copying copying"),
        (MIRRORED, {"asks": "states"}, "01 X1 X0 X1 X1", "copying copying carrying carrying carrying"),
        (PREORDER, {"asks": "rounds", "rounds": 1}, "1 ( 2 EMPTY EMPTY ) EMPTY", "1 UNROLL[ 2 EMPTY EMPTY ] UNROLL[ EMPTY ]"),
        # A round unfolds both calls, a step the left one alone.
        (
            PREORDER,
            {"asks": "trace"},
            "1 ( 2 EMPTY EMPTY ) EMPTY",
            "1 UNROLL[ 2 EMPTY EMPTY ] UNROLL[ EMPTY ] => 1 2 UNROLL[ EMPTY ] UNROLL[ EMPTY ] UNROLL[ EMPTY ]"
            " => 1 2 UNROLL[ EMPTY ] UNROLL[ EMPTY ] => 1 2 UNROLL[ EMPTY ] => 1 2",
        ),
        (TREE, {"asks": "step"}, "1 ( 2 EMPTY EMPTY ) EMPTY", "1 UNROLL[ EMPTY ] UNROLL[ 2 EMPTY EMPTY ]"),
        (
            SORT,
            {"asks": "trace"},
            "2 1",
            "UNROLL[ insert 2 UNROLL[ 1 ] ] => UNROLL[ insert 2 UNROLL[ insert 1 UNROLL[ ] ] ]"
            " => UNROLL[ insert 2 UNROLL[ insert 1 [] ] ] => UNROLL[ insert 2 :: 1 [] ] => 1 UNROLL[ insert 2 [] ] => 1 2",
        ),
        ({"function": "add"}, {"asks": "rounds", "rounds": 1}, "(,) X0 01 X1 01", "X1 UNROLL[ (,) 01 01 ]"),
        ({"function": "add"}, {"asks": "value"}, "(,) X1 01 X0 01", "X1 X0 01"),
        ({"function": "length"}, {"asks": "step"}, ":: 4 []", "+ 1 UNROLL[ [] ]"),
        ({"function": "runs", "output": "flat"}, {"asks": "trace"}, ":: 4 []", "4"),
        ({"function": "four"}, {"asks": "trace"}, ":: 3 []", "+ 5 2 => 7"),
    ],
)
def test_what_is_answered(
    task: dict[str, Any], asked: dict[str, Any], input: str, expected: str, made: Callable[..., Task]
) -> None:
    assert answer(made(task, **asked), input) == expected


# Against rules written by hand


def digits(value: Datum) -> list[str]:
    out = []
    while value.fields:
        out.append({"XO": "X0", "XI": "X1"}[value.constructor])
        (value,) = value.fields
    return [*out, "01"]


def carried(tokens: list[str], number: int) -> list[str]:
    """The successor of digits after so many unfoldings, at least one."""
    carry = next(i for i, token in enumerate(tokens) if token != "X1")
    if number <= carry:
        return [*["X0"] * number, "UNROLL[", *tokens[number:], "]"]
    return [*["X0"] * carry, *(["X0", "01"] if tokens[carry] == "01" else ["X1", *tokens[carry + 1 :]])]


def test_the_successor_step_by_step(made: Callable[..., Task]) -> None:
    traced, stepped, states, next_one = (made(asks=asks) for asks in ("trace", "step", "states", "next"))
    for size in range(1, 8):
        for value in traced.space.grammar.values(traced.space.type, size):
            tokens = digits(value)
            carry = next(i for i, token in enumerate(tokens) if token != "X1")
            lines = [carried(tokens, n) for n in range(1, carry + 2)]
            output = traced.function(value)
            assert traced.question.answer(value, output) == [t for line in lines for t in ("=>", *line)][1:]
            assert stepped.question.answer(value, output) == lines[0]
            whole = [["UNROLL[", *tokens, "]"], *lines]
            assert next_one.lines(value) == list(map(tuple, whole))
            assert (next_one.question.given(value), next_one.question.answer(value, output)) in list(pairwise(whole))
            reading = ["carrying"] * (carry + 1) + ["copying"] * (len(tokens) - carry - 1)
            assert states.question.answer(value, output) == reading


def exchanged(value: Datum) -> Iterator[list[str]]:
    """The exchange of left and right as it goes, line by line: a tree of lists, in which a call is the tree that it is on, and of
    the calls the first is worked off."""
    root: list[Any] = [value]
    while True:
        out: list[str] = []
        first: tuple[list[Any], int] | None = None
        stack: list[tuple[Any, int, str]] = [(root, 0, "root")]
        while stack:
            parent, place, how = stack.pop()
            at = parent if place < 0 else parent[place]
            if how == ")":
                out.append(")")
            elif isinstance(at, Value):
                first = first or (parent, place)
                out += ["UNROLL[", *bracketed(at, True), "]"]
            elif not at:
                out.append("EMPTY")
            else:
                out += ([] if how == "root" else ["("]) + [str(at[0])]
                stack += [] if how == "root" else [(at, -1, ")")]
                stack += [(at, 2, "child"), (at, 1, "child")]
        yield out
        if first is None:
            return
        parent, place = first
        done = parent[place]
        parent[place] = [done.fields[0], done.fields[2], done.fields[1]] if done.fields else []


def bracketed(value: Datum, root: bool) -> list[str]:
    if not value.fields:
        return ["EMPTY"]
    inner = [str(value.fields[0]), *bracketed(value.fields[1], False), *bracketed(value.fields[2], False)]
    return inner if root else ["(", *inner, ")"]


def test_a_trace_unfolds_the_calls_from_left_to_right(made: Callable[..., Task]) -> None:
    task = made(TREE, asks="trace")
    for value in task.space.smallest(60):
        _, *lines = exchanged(value)
        assert task.question.answer(value, task.function(value)) == [t for line in lines for t in ("=>", *line)][1:]


# The next line


def test_every_line_of_a_reduction_but_the_last_is_as_likely_to_be_given(made: Callable[..., Task]) -> None:
    """All lists of four numbers in order take as many steps as one another. Bounds are six standard deviations."""
    task = made(SORT, asks="next")
    values = [from_iterable(items) for items in combinations(range(10), 4)]
    lines = {value: task.lines(value) for value in values}
    (many,) = {len(rest) - 1 for rest in lines.values()}
    places = Counter(rest.index(tuple(task.question.given(value))) for value, rest in lines.items())
    assert set(places) == set(range(many))
    expected = len(values) / many
    assert all(abs(count - expected) < 6 * sqrt(expected) for count in places.values())
    for value, rest in lines.items():
        given = tuple(task.question.given(value))
        assert task.asked(value) == given
        assert tuple(task.question.answer(value, task.function(value))) == rest[rest.index(given) + 1]


@pytest.mark.parametrize("n", [20, 130])
def test_rows_of_lines(n: int, made: Callable[..., Task]) -> None:
    """A source is a line, one by one and in arrays; a line is encoded as it stands, and an input as the line in its row."""
    task, plain = made(SORT, asks="next"), made(SORT)
    rows = generate(task, n, 3)
    assert rows.inputs == generate(plain, n, 3).inputs
    sources = [task.vocabulary.decode(number for number in row if number)[:-1] for row in rows.source.tolist()]
    assert sources == [task.question.given(value) for value in rows.inputs]
    assert (
        task.encode_source(rows.inputs).tolist() == task.encode_source(list(map(tuple, sources))).tolist() == rows.source.tolist()
    )
    columns = task.features(rows.inputs, rows.outputs)
    assert (columns["output_length"] - columns["growth"]).tolist() == list(map(len, sources))
    assert columns["recursion_depth"].tolist() == plain.features(rows.inputs, rows.outputs)["recursion_depth"].tolist()
    with pytest.raises(RecsynError, match="not for the next line"):
        plain.lines(rows.inputs[0])
    assert plain.asked(rows.inputs[0]) == rows.inputs[0]


@pytest.mark.parametrize("n", [40, 400])
def test_the_lines_of_a_row_are_found_once(n: int, made: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are kept: both sides of a row stand on neighbouring lines."""
    monkeypatch.setattr(questions, "ROWS_KEPT", 64)
    monkeypatch.setattr(generation, "ROWS_KEPT", 64)
    task, found = made(SORT, asks="next"), 0

    def counted(*arguments: Any) -> Iterator[list[str]]:
        nonlocal found
        found += 1
        return lines_of(*arguments)

    monkeypatch.setattr(questions, "lines_of", counted)
    generation.generate(task, n, 3)
    assert n / 2 < found <= n


# Every task, asked everything


PAIRS = [(t, a) for t in TASKS for a in ASKED if a["asks"] != "states" or t.get("input", "prefix") in ("prefix", "mirror")]


@pytest.fixture(scope="module", params=PAIRS, ids=lambda pair: " ".join(str(v) for half in pair for v in half.values()))
def asked(request: pytest.FixtureRequest, made: Callable[..., Task]) -> Task:
    task, fields = request.param
    return made(task, **fields)


def test_answers_are_written_and_read(asked: Task) -> None:
    rows = generate(asked, 25, 3)
    answers = asked.answers(rows.inputs, rows.outputs)
    for value, output, tokens, numbers in zip(rows.inputs, rows.outputs, answers, rows.target.tolist(), strict=True):
        assert asked.vocabulary.decode(numbers)[1 : len(tokens) + 2] == [*tokens, "<end>"]
        assert set(tokens) <= set(asked.question.tokens)
        assert asked.mistake(value, tokens) is None
        read = asked.question.read(tokens)
        if asked.asks in ("value", "trace") or (
            asked.asks in ("rounds", "step", "next") and "UNROLL[" not in tokens and read is not None
        ):
            assert read == output
        elif asked.asks == "states":
            assert len(tokens) == len(asked.input_codec.encode(value))
        if asked.rounds == 50:
            assert read == output
    config = asked.to_config()
    assert Task.from_config(config).to_config() == config


@given(data=st.data())
@settings(max_examples=10)
def test_a_changed_answer_is_wrong_at_some_place(data: st.DataObject, asked: Task) -> None:
    size = data.draw(st.sampled_from([n for n in range(2, 9) if asked.space.grammar.count(asked.space.type, n)]))
    rank = data.draw(st.integers(0, asked.space.grammar.count(asked.space.type, size) - 1))
    value = asked.space.grammar.value(asked.space.type, size, rank)
    right = asked.question.answer(value, asked.function(value))
    start = data.draw(st.integers(0, len(right)))
    put = data.draw(st.lists(st.sampled_from([*asked.question.tokens, "?"]), max_size=2))
    changed = [*right[:start], *put, *right[start + data.draw(st.integers(0, 2)) :]]
    found = asked.mistake(value, changed)
    assert (found is None) == (changed == right)
    if found:
        assert 0 <= found.position <= len(changed)
        assert str(found) == f"at token {found.position + 1}: {found.reason}"


@pytest.mark.parametrize(
    ("task", "asked", "tokens", "said"),
    [
        (SUCC, {"asks": "value"}, "X0 X1", "at token 3: the sequence ends where a Pos should follow"),
        (SUCC, {"asks": "value"}, "X0 X0 01", "at token 2: expected `X1`, found `X0`"),
        (SUCC, {"asks": "step"}, "X0 UNROLL[ X0 01", "at token 5: the sequence ends where `]` should follow"),
        (SUCC, {"asks": "step"}, "X0 X1 01 ]", "at token 4: `]` closes nothing"),
        (SUCC, {"asks": "step"}, "X0 UNROLL[ X0 ]", "at token 4: in a call, the sequence ends where a Pos should follow"),
        (SUCC, {"asks": "step"}, "X0 UNROLL[ 01 X0 ]", "at token 4: in a call, the value is complete, and `X0` follows"),
        (SUCC, {"asks": "step"}, "X0 ? 01", "at token 2: `?` stands in no value and in no call"),
        (SUCC, {"asks": "step"}, "X0 UNROLL[ X0 01 ] 01", "at token 6: expected the end, found `01`"),
        (SUCC, {"asks": "trace"}, "X0 UNROLL[ X0 01 ]", "at token 6: expected `=>`, found the end"),
        (SUCC, {"asks": "trace"}, "X0 UNROLL[ X0 01 ] => X0 X1", "at token 9: the sequence ends where a Pos should follow"),
        (SUCC, {"asks": "trace"}, "X0 UNROLL[ X0 01 ] => => X0 X1 01", "at token 7: the sequence ends where a Pos should follow"),
        (SUCC, {"asks": "states"}, "carrying carrying X0", "at token 3: `X0` is no state of the machine"),
        (SUCC, {"asks": "states"}, "carrying copying copying", "at token 2: expected `carrying`, found `copying`"),
        (SUCC, {"asks": "states"}, "carrying carrying", "at token 3: expected `copying`, found the end"),
    ],
)
def test_a_mistake_is_named_with_its_place(
    task: dict[str, Any], asked: dict[str, Any], tokens: str, said: str, made: Callable[..., Task]
) -> None:
    here = made(task, **asked)
    value = here.input_codec.decode(["X1", "X0", "01"])
    assert str(here.mistake(value, tokens.split())) == said


def test_a_wrong_trace_may_end_with_the_right_value(made: Callable[..., Task], pos: Callable[[str], Value]) -> None:
    task = made(asks="trace")
    tokens = "X0 UNROLL[ X1 01 ] => X0 X1 01".split()
    assert task.question.read(tokens) == pos("01")
    assert task.mistake(pos("10"), tokens) is not None


# What cannot be asked


@pytest.mark.parametrize(
    ("task", "fields", "why"),
    [
        (SUCC, {"asks": "vlaue"}, "did you mean `value`"),
        (SUCC, {"asks": "everything"}, "a task asks for value, rounds, step, next, trace, states"),
        (SUCC, {"asks": 3}, "'asks' is 3, not a text"),
        (SUCC, {"asks": "rounds"}, "does not say how many"),
        (SUCC, {"rounds": 2}, "asks for its value, of which there are no rounds"),
        (SUCC, {"asks": "trace", "rounds": 2}, "asks for its trace"),
        (SUCC, {"asks": "next", "rounds": 2}, "asks for the next line, of which there are no rounds"),
        ({"function": "length", "output": "digits"}, {"asks": "next"}, "asks for the next line, and in what is partly"),
        *((SUCC, {"asks": "rounds", "rounds": n}, "`rounds` is .*, not a whole number") for n in (0, -1, True, 1.0, "2", 10**9)),
        ({"function": "runs"}, {"asks": "rounds", "rounds": 1}, "hangs on a match"),
        ({"function": "length", "output": "digits"}, {"asks": "trace"}, "digits"),
        ({"function": "odd"}, {"asks": "trace"}, "the token `\\]`"),
        ({"function": "count"}, {"asks": "trace", "integers": [0, 10]}, "count takes more than 30 steps"),
        (SORT, {"asks": "states"}, "`prefix` or `mirror`"),
        (TREE, {"asks": "states"}, "`prefix` or `mirror`"),
        (SUCC, {"characters": "a b"}, "white space"),
        *(({"function": "spaces"}, {"asks": a}, "white space stands between tokens") for a in ("trace", "step")),
    ],
)
def test_what_cannot_be_asked_is_refused(
    task: dict[str, Any], fields: dict[str, Any], why: str, made: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST_STEPS", 30)
    with pytest.raises(RecsynError) as caught:
        made(task, **fields)
    assert re.search(why, str(caught.value))


def test_every_question_is_asked_here() -> None:
    assert {fields["asks"] for fields in ASKED} == set(QUESTIONS)


# Several arguments


def test_a_function_of_several_arguments_is_asked_of_their_tuple(made: Callable[..., Task]) -> None:
    task = made({"function": "add"})
    assert str(task.space.type) == "(Pos, Pos)"
    assert task.to_config()["function"] == "add"
    rows = generate(task, 40, 1)
    number = {v: int("".join(t[1] for t in digits(v))[::-1], 2) for pair in rows.inputs for v in pair.fields}
    for pair, output in zip(rows.inputs, rows.outputs, strict=True):
        assert pair.constructor == TUPLE
        assert int("".join(t[1] for t in digits(output))[::-1], 2) == sum(number[v] for v in pair.fields)


@pytest.mark.parametrize("backend", ["python", "native", "reference"])
def test_a_function_of_a_tuple_is_the_same_on_every_backend(backend: str, made: Callable[..., Task]) -> None:
    if backend == "native":
        pytest.importorskip("llvmlite")
    task = made({"function": "insert", "output": "flat"})
    pairs = list(task.space.smallest(40))
    of_tuple = task.function.compile(backend).of_each(pairs)
    assert of_tuple == [sorted_in(pair) for pair in pairs]


def sorted_in(pair: Datum) -> Datum:
    """The number put before the first in the list that is not smaller."""
    number, rest = pair.fields
    before = []
    while rest.fields and rest.fields[0] < number:
        before.append(rest.fields[0])
        rest = rest.fields[1]
    out = Value("::", (number, rest))
    for item in reversed(before):
        out = Value("::", (item, out))
    return out
