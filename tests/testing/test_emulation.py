"""Whole evaluations by models of one step: right models, models that are wrong by a rule or by chance, and such as never end."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.answers import Answer
from recsyn.data.questions import BECOMES
from recsyn.data.rows import generate
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.semantics.rounds import CLOSE, UNROLL
from recsyn.testing.emulation import emulate
from recsyn.testing.findings import Rate
from recsyn.testing.runs import Emulation
from recsyn.values import Datum, Value

EXAMPLES = Path(__file__).parents[2] / "examples"
Asked = Callable[[Sequence[Datum]], list[Any]]
ROUNDS: dict[str, Any] = {"asks": "rounds", "rounds": 1}
STEP: dict[str, Any] = {"asks": "step"}
TRACE: dict[str, Any] = {"asks": "trace"}
WRITTEN: dict[str, tuple[str, str, str]] = {
    "succ": ("successor", "prefix", "prefix"),
    "natural": ("successor", "mirror", "mirror"),
    "preorder": ("traversal", "bracketed", "flat"),
    "inorder": ("traversal", "bracketed", "flat"),
    "postorder": ("traversal", "bracketed", "flat"),
    "mirror": ("mirror", "bracketed", "bracketed"),
    "backwards": ("mirror", "mirror", "mirror"),
    "reverse": ("reversal", "flat", "flat"),
    "sort": ("sorting", "flat", "flat"),
    "add": ("addition", "prefix", "prefix"),
}
FUNCTIONS = {"natural": "succ", "backwards": "mirror"}
FROM_THE_END = ("natural", "backwards")
"""What is written so that the calls which come first stand last."""
CALL_BY_CALL = [
    *((name, ROUNDS) for name in ("succ", "natural", "preorder", "inorder", "postorder", "mirror", "backwards", "reverse")),
    *((name, STEP) for name in ("succ", "natural", "mirror", "backwards", "reverse")),
]
LEAF, ONE = Value("Leaf"), Value("One")


def made(name: str, **fields: Any) -> Task:
    program, source, target = WRITTEN[name]
    return task_from_config(
        {
            "name": name,
            "source": (EXAMPLES / f"{program}.rec").read_text(),
            "function": FUNCTIONS.get(name, name),
            "input": source,
            "output": target,
            "integers": [0, 4],
            "distribution": {"kind": "uniform", "sizes": [1, 11]},
            **fields,
        }
    )


def oracle(task: Task) -> Asked:
    return lambda calls: task.answers(calls, task.function.of_each(calls))


def changed(task: Task, change: Callable[[Datum, list[str]], Any]) -> Asked:
    """The model whose answers are the right ones, changed."""
    known: dict[Datum, list[str]] = {}

    def model(calls: Sequence[Datum]) -> list[Any]:
        new = [call for call in dict.fromkeys(calls) if call not in known]
        known.update(zip(new, oracle(task)(new), strict=True))
        return [change(call, known[call]) for call in calls]

    return model


def calls_in(tokens: Sequence[str]) -> list[list[str]]:
    """The tokens in each outermost call of a line without calls in calls."""
    opened = [i for i, token in enumerate(tokens) if token == UNROLL]
    return [list(tokens[i + 1 : list(tokens).index(CLOSE, i)]) for i in opened]


def digits(*ones_and_zeros: int) -> Datum:
    """A number, its least significant digit first, the last one ``01``."""
    value = ONE
    for digit in reversed(ones_and_zeros):
        value = Value("XI" if digit else "XO", (value,))
    return value


def rates(emulation: Emulation) -> tuple[int, int, int]:
    return emulation.step_rate.failures, emulation.path_rate.failures, emulation.value_rate.failures


@pytest.mark.parametrize(("name", "asks"), [*CALL_BY_CALL, *((name, TRACE) for name in WRITTEN)])
@pytest.mark.parametrize("padding", [0, 3])
def test_a_model_that_is_right_is_right_all_the_way(name: str, asks: dict[str, Any], padding: int) -> None:
    task = made(name, padding=padding, **asks)
    rows = generate(task, 40, seed=padding)
    emulation = emulate(oracle(task), task, rows.inputs)
    assert rates(emulation) == (0, 0, 0)
    assert emulation.ends == {"value": 40}
    assert emulation.kinds == {}
    assert emulation.if_independent == 1
    if asks is not TRACE:
        calls = task.features(rows.inputs, rows.outputs)["calls"].tolist()
        assert [run.length for run in emulation.runs] == [1 + n for n in calls]
        assert [run.line for run in emulation.runs] == [tuple(task.output_codec.encode(value)) for value in rows.outputs]
    for run in emulation.runs:
        assert run.length == len(run.steps)
        assert (run.astray, run.first_wrong, run.value_right) == (0, None, True)


@pytest.mark.parametrize(("name", "asks"), CALL_BY_CALL)
def test_what_is_asked_is_what_the_exact_reduction_leaves(name: str, asks: dict[str, Any]) -> None:
    """In round n every call that is left after n - 1 rounds; in step n the first one on the line of the trace before it, where
    that is written from its end, the last one."""
    task = made(name, **asks)
    for value in generate(task, 25, seed=7).inputs:
        asked: list[list[list[str]]] = []

        def model(calls: Sequence[Datum], asked: list[list[list[str]]] = asked) -> list[Any]:
            asked.append([task.input_codec.encode(call) for call in calls])
            return oracle(task)(calls)

        emulate(model, task, [value])
        assert asked[0] == [task.input_codec.encode(value)]
        if asks is ROUNDS:
            for n, calls in enumerate(asked[1:], 1):
                left = calls_in(made(name, asks="rounds", rounds=n).answers([value], [task.function(value)])[0])
                assert calls == (left[::-1] if name in FROM_THE_END else left)
        else:
            trace = " ".join(made(name, **TRACE).answers([value], [task.function(value)])[0]).split(BECOMES)
            lines = [calls_in(line.split()) for line in trace]
            assert [calls[0] for calls in asked[1:]] == [calls[-1 if name in FROM_THE_END else 0] for calls in lines if calls]


@pytest.mark.parametrize(
    ("name", "asks", "said"),
    [
        ("preorder", STEP, "UNROLL[ append "),
        ("sort", ROUNDS, "insert "),
        ("sort", STEP, "UNROLL[ insert "),
        ("add", ROUNDS, "UNROLL[ add_carry "),
        ("succ", {"asks": "value"}, "asks for its value"),
        ("succ", {"asks": "states"}, "asks for its states"),
        ("succ", {"asks": "rounds", "rounds": 2}, "asks for 2 rounds"),
    ],
)
def test_what_cannot_be_emulated_is_refused_before_the_model_is_asked(name: str, asks: dict[str, Any], said: str) -> None:
    task = made(name, **asks)
    asked: list[Any] = []
    with pytest.raises(RecsynError) as caught:
        emulate(lambda calls: asked.extend(calls) or [], task, generate(task, 40, seed=1).inputs)
    assert said in caught.value.message
    assert "asks: trace" in str(caught.value.hint)
    assert "asks: next" in str(caught.value.hint)
    assert not asked


def test_an_evaluation_over_the_limit_is_refused() -> None:
    task = made("succ", **ROUNDS)
    assert rates(emulate(oracle(task), task, [digits(1, 1, 1)], limit=4)) == (0, 0, 0)
    with pytest.raises(RecsynError, match="more than 3 calls"):
        emulate(oracle(task), task, [digits(1, 1, 1)], limit=3)


def test_no_inputs_are_an_emulation_too() -> None:
    for asks in (ROUNDS, TRACE):
        task = made("succ", **asks)
        assert json.loads(json.dumps(emulate(oracle(task), task, []).to_json()))["every_step"]["if_independent"] is None


def counted(tree: Datum) -> tuple[int, int, int]:
    """Of a model that loses the label 0: steps that begin right, those of them that are wrong, and all steps."""
    assert isinstance(tree, Value)
    if tree == LEAF:
        return 1, 0, 1
    below = [counted(subtree) for subtree in tree.fields[1:]]
    every = 1 + sum(n for _, _, n in below)
    if tree.fields[0] == 0:
        return 1, 1, every
    return 1 + sum(n for n, _, _ in below), sum(n for _, n, _ in below), every


@pytest.mark.parametrize("name", ["preorder", "inorder", "postorder"])
def test_a_rule_by_which_steps_are_wrong_gives_the_rates_that_follow(name: str) -> None:
    task = made(name, **ROUNDS)
    inputs = generate(task, 200, seed=2).inputs

    def lossy(call: Datum, tokens: list[str]) -> list[str]:
        if call == LEAF or call.fields[0] != 0:
            return tokens
        left, right = calls_in(tokens)
        return [UNROLL, *left, CLOSE, UNROLL, *right, CLOSE]

    emulation = emulate(changed(task, lossy), task, inputs)
    by_hand = [counted(tree) for tree in inputs]
    assert emulation.step_rate == Rate(sum(w for _, w, _ in by_hand), sum(s for s, _, _ in by_hand))
    assert emulation.path_rate == emulation.value_rate == Rate(sum(w > 0 for _, w, _ in by_hand), 200)
    assert 0 < emulation.path_rate.failures < 200
    assert emulation.ends == {"value": 200}
    assert emulation.kinds == {"too short": emulation.step_rate.failures}
    for run, (steps, wrong, every) in zip(emulation.runs, by_hand, strict=True):
        assert (len(run.steps), run.astray, run.length) == (steps, every - steps, every)
        assert sum(step.kind is not None for step in run.steps) == wrong
        assert [token for token in run.line if token != "0"] == [token for token in run.expected if token != "0"]
        if run.first_wrong is not None:
            assert run.first_wrong.given[0] == "0"
            assert run.first_wrong.number == min(step.number for step in run.steps if step.kind is not None)


@pytest.mark.parametrize("name", ["succ", "natural"])
@pytest.mark.parametrize("asks", [ROUNDS, STEP])
def test_where_it_first_went_wrong(name: str, asks: dict[str, Any]) -> None:
    """The model stops carrying where three digits are left: the third step of five digits is wrong."""
    task = made(name, **asks)

    def stops(call: Datum, tokens: list[str]) -> list[str]:
        return task.output_codec.encode(call) if len(task.input_codec.encode(call)) == 3 else tokens

    ones, other, short = digits(1, 1, 1, 1), digits(1, 0, 1, 1), digits(1)
    emulation = emulate(changed(task, stops), task, [ones, other, short])
    wrong = emulation.runs[0].first_wrong
    assert wrong is not None
    assert (wrong.number, list(wrong.given)) == (3, task.input_codec.encode(digits(1, 1)))
    assert emulation.runs[0].line == tuple(task.output_codec.encode(digits(0, 0, 1, 1)))
    assert [run.length for run in emulation.runs] == [5, 2, 2]
    assert [len(run.steps) for run in emulation.runs] == [3, 2, 2]
    assert (emulation.step_rate, emulation.path_rate, emulation.value_rate) == (Rate(1, 7), Rate(1, 3), Rate(1, 3))
    assert [(group.least, group.wrong) for group in emulation.by_length()] == [(2, Rate(0, 2)), (5, Rate(1, 1))]
    assert [(group.least, group.wrong) for group in emulation.by_number()] == [(1, Rate(0, 3)), (2, Rate(0, 3)), (3, Rate(1, 1))]
    assert emulation.if_independent == pytest.approx(((6 / 7) ** 5 + 2 * (6 / 7) ** 2) / 3)


def test_a_value_may_come_of_wrong_steps() -> None:
    task = made("mirror", **ROUNDS)
    inputs = generate(task, 100, seed=0).inputs
    emulation = emulate(lambda calls: [task.output_codec.encode(task.function(call)) for call in calls], task, inputs)
    more = sum(tree != LEAF for tree in inputs)
    assert rates(emulation) == (more, more, 0)
    assert all(len(run.steps) == 1 for run in emulation.runs)


@given(st.integers(1, 40), st.sampled_from([ROUNDS, STEP]))
@settings(deadline=None)
def test_what_leads_to_itself_is_cut(limit: int, asks: dict[str, Any]) -> None:
    task = made("succ", **asks)
    asked = 0

    def forth_and_back(calls: Sequence[Datum]) -> list[str]:
        nonlocal asked
        asked += len(calls)
        return ["X0 UNROLL[ X1 01 ]" if call == ONE else "X0 UNROLL[ 01 ]" for call in calls]

    run = emulate(forth_and_back, task, [ONE], limit).runs[0]
    assert (run.end, asked) == (("limit", 1) if limit == 1 else ("repetition", 2))
    assert not run.value_right
    assert (len(run.steps), run.astray) == (1, asked - 1)


@pytest.mark.parametrize("asks", [ROUNDS, STEP])
def test_a_circle_is_found_also_where_the_input_is_not_on_it(asks: dict[str, Any]) -> None:
    task = made("succ", **asks)
    answers = {digits(0): "X0 UNROLL[ 01 ]", ONE: "X0 UNROLL[ X1 01 ]", digits(1): "X0 UNROLL[ 01 ]"}
    run = emulate(lambda calls: [answers[call] for call in calls], task, [digits(0)]).runs[0]
    assert (run.end, len(run.steps) + run.astray) == ("repetition", 3)


@given(st.integers(1, 40), st.sampled_from([ROUNDS, STEP]), st.integers(1, 3))
@settings(deadline=None)
def test_what_grows_without_end_is_cut_at_the_limit(limit: int, asks: dict[str, Any], many: int) -> None:
    """Each call makes one larger call, or two, as often as it may."""
    task = made("mirror", **asks)
    asked = 0

    def growing(calls: Sequence[Datum]) -> list[list[str]]:
        nonlocal asked
        asked += len(calls)
        answers = []
        for call in calls:
            own = task.input_codec.encode(call)
            larger = ["1", *(["(", *own, ")"] if len(own) > 1 else own), "EMPTY"]
            answers.append(["1", UNROLL, *larger, CLOSE, *([UNROLL, *larger, CLOSE] if many > 1 else ["EMPTY"])])
        return answers

    emulation = emulate(growing, task, [LEAF] * many, limit)
    assert emulation.ends == {"limit": many}
    assert asked == many * limit
    assert rates(emulation)[1:] == (many, many)


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (Answer(("X0", "01"), ended=False), "no answer"),
        ("X0 X1", "no answer"),
        ("", "no answer"),
        ("X0 UNROLL[ 01", "no answer"),
        ("X0 ]", "no answer"),
        ("X0 UNROLL[ X1 ]", "no answer"),
        ("X0 UNROLL[ UNROLL[ 01 ] ]", "no answer"),
        ("X0 X7 UNROLL[ 01 ]", "no answer"),
        ("01 UNROLL[ 01 ]", "no value"),
        ("X1 01", "value"),
    ],
)
@pytest.mark.parametrize("asks", [ROUNDS, STEP])
def test_how_an_evaluation_ends_badly(answer: Any, end: str, asks: dict[str, Any]) -> None:
    task = made("succ", **asks)
    emulation = emulate(changed(task, lambda call, right: right if call == ONE else answer), task, [digits(1), digits(0)])
    assert emulation.runs[0].end == end
    assert emulation.runs[1].end == end
    assert rates(emulation) == ((1, 1, 1) if answer == "X1 01" else (2, 2, 2))


def test_other_calls_go_on_where_one_has_no_answer() -> None:
    task = made("inorder", **ROUNDS)
    tree = Value("Branch", (1, Value("Branch", (0, LEAF, LEAF)), Value("Branch", (2, LEAF, LEAF))))
    silent = changed(task, lambda call, right: Answer((), ended=False) if call != LEAF and call.fields[0] == 0 else right)
    run = emulate(silent, task, [tree]).runs[0]
    assert (len(run.steps), run.length, run.astray, run.end) == (5, 7, 0, "no answer")
    assert " ".join(run.line) == "UNROLL[ 0 EMPTY EMPTY ] 1 2"


def test_a_call_that_the_model_cannot_read_is_its_own_fault() -> None:
    task = made("succ", **ROUNDS)

    def reads_three(calls: Sequence[Datum]) -> list[Any]:
        if any(len(task.input_codec.encode(call)) > 3 for call in calls):
            raise RecsynError("too long")
        return changed(task, lambda call, right: [*"X0 UNROLL[ X0 X0 X0 01 ]".split()] if call == digits(1, 1) else right)(calls)

    emulation = emulate(reads_three, task, [digits(1, 1), digits(1), digits(0, 1)])
    assert [run.end for run in emulation.runs] == ["no answer", "value", "value"]
    assert rates(emulation) == (1, 1, 1)
    with pytest.raises(RecsynError, match="too long"):
        emulate(reads_three, task, [digits(1), digits(1, 1, 1)])


@pytest.mark.parametrize("asks", [ROUNDS, STEP, TRACE])
def test_independent_errors_compound(asks: dict[str, Any]) -> None:
    """Of p = 0.95 a step, over ten steps, 0.95 ^ 10 = 60 % of evaluations remain. Bounds are six standard deviations."""
    task, right, many, length = made("succ", **asks), 0.95, 1_000, 10
    chance = Random(4)

    def one_step(call: Datum, tokens: list[str]) -> list[str]:
        return tokens if chance.random() < right else [*tokens, "01"]

    def scratchpad(call: Datum, tokens: list[str]) -> list[str]:
        lines = " ".join(tokens).split(BECOMES)
        return f" {BECOMES} ".join(line if chance.random() < right else f"{line} 01" for line in lines).split()

    value = digits(*[1] * (length - 1))
    emulation = emulate(changed(task, scratchpad if asks is TRACE else one_step), task, [value] * many)
    whole = right**length
    steps = emulation.step_rate
    assert {run.length for run in emulation.runs} == {length}
    assert 1 - steps.share == pytest.approx(right, abs=6 * sqrt(right * (1 - right) / steps.tested))
    assert 1 - emulation.path_rate.share == pytest.approx(whole, abs=6 * sqrt(whole * (1 - whole) / many))
    assert emulation.if_independent == pytest.approx((1 - steps.share) ** length)
    assert emulation.if_independent == pytest.approx(1 - emulation.path_rate.share, abs=0.08)
    survivors = [group.rows for group in emulation.by_number()]
    assert survivors == sorted(survivors, reverse=True)
    assert survivors[0] == many


@given(place=st.integers(0, 4), change=st.sampled_from(["wrong", "cut", "doubled", "right"]), ended=st.booleans())
@settings(deadline=None)
def test_a_scratchpad_is_judged_by_its_lines(place: int, change: str, ended: bool) -> None:
    task = made("succ", **TRACE)
    value = digits(1, 1, 1, 1)
    right = [line.split() for line in " ".join(oracle(task)([value])[0]).split(BECOMES)]
    assert len(right) == 5
    lines = {
        "wrong": [*right[:place], ["X1", "01"], *right[place + 1 :]],
        "cut": right[:place],
        "doubled": [*right[: place + 1], *right[place:]],
        "right": right,
    }[change]
    tokens = f" {BECOMES} ".join(" ".join(line) for line in lines).split()
    run = emulate(lambda calls: [Answer(tuple(tokens), ended)], task, [value]).runs[0]
    first = next((i for i, (a, b) in enumerate(zip(lines, right, strict=False)) if a != b), min(len(lines), 5))
    if change == "cut" and not ended:
        first = max(0, first - 1)  # The last line there is has no end.
    if change == "right":
        assert (len(run.steps), run.first_wrong is None) == (5, ended)
    else:
        assert run.first_wrong is not None
        assert run.first_wrong.number == len(run.steps) == first + 1
        assert list(run.first_wrong.given) == (right[first - 1] if first else [UNROLL, *task.input_codec.encode(value), CLOSE])
    assert run.length == 5
    assert run.value_right == (ended and bool(lines) and lines[-1] == right[-1])
    assert len(run.steps) + run.astray == max(len(lines), first + (change != "right"))
    if not ended or not lines:
        assert run.end == "no answer"
    else:
        assert run.end == ("no value" if UNROLL in lines[-1] else "value")


DROPS = """fun drop (ns : List Int) : List Int = match ns with [] => [] | n :: ns => drop ns end"""


@pytest.mark.parametrize("asks", [ROUNDS, STEP, TRACE])
def test_a_line_may_be_nothing_but_a_call_and_a_value_no_token(asks: dict[str, Any]) -> None:
    distribution = {"kind": "uniform", "sizes": [1, 5]}
    codecs = {"input": "flat", "output": "flat"}
    task = task_from_config({"source": DROPS, "function": "drop", "distribution": distribution, **codecs, **asks})
    inputs = generate(task, 30, seed=0).inputs
    assert rates(emulate(oracle(task), task, inputs)) == (0, 0, 0)
    if asks is TRACE:
        two = task.input_codec.decode(["2"])
        assert oracle(task)([two]) == [["UNROLL[", "]", "=>"]]
        cut = emulate(lambda calls: ["UNROLL[ ]"], task, [two])
        assert cut.kinds == {"too short": 1}
        assert rates(cut) == (1, 1, 1)


@pytest.mark.parametrize("asks", [ROUNDS, STEP])
@pytest.mark.parametrize("name", ["mirror", "backwards"])
def test_a_call_in_the_place_of_a_subtree_leaves_the_brackets_right(name: str, asks: dict[str, Any]) -> None:
    """The model answers to a tree with the label 0 by a call of the same with the label 1."""
    task = made(name, **asks)

    def relabelled(tree: Datum) -> Datum:
        return tree if tree == LEAF else Value("Branch", (max(1, tree.fields[0]), *map(relabelled, tree.fields[1:])))

    def renames(call: Datum, right: list[str]) -> list[str]:
        if call == LEAF or call.fields[0]:
            return right
        return [UNROLL, *task.input_codec.encode(Value("Branch", (1, *call.fields[1:]))), CLOSE]

    inputs = generate(task, 60, seed=5).inputs
    emulation = emulate(changed(task, renames), task, inputs)
    for tree, run in zip(inputs, emulation.runs, strict=True):
        assert (run.end, list(run.line)) == ("value", task.output_codec.encode(task.function(relabelled(tree))))
    assert 0 < emulation.path_rate.failures < 60


def test_many_lengths_are_told_in_ranges() -> None:
    task = made("succ", **ROUNDS)
    inputs = [digits(*[1] * n) for n in range(40)]
    emulation = emulate(changed(task, lambda call, right: right if call != ONE else ["01"]), task, inputs)
    assert emulation.path_rate == Rate(40, 40)
    for groups, every in ((emulation.by_length(), 40), (emulation.by_number(), sum(range(41)))):
        assert len(groups) <= 16
        assert sum(group.rows for group in groups) == every
    first, *_ = emulation.to_json()["by_length"]
    assert (first["least"], first["greatest"], first["inputs"]) == (1, 3, 3)


def test_a_scratchpad_that_lacks_an_empty_last_line_is_wrong() -> None:
    task = made("sort", **TRACE)
    empty = Value("[]")
    assert oracle(task)([empty]) == [[]]
    assert rates(emulate(oracle(task), task, [empty])) == (0, 0, 0)
    more = emulate(lambda calls: [[BECOMES]], task, [empty])
    assert more.runs[0].first_wrong is not None
    assert (more.runs[0].first_wrong.number, more.kinds) == (2, {"too long": 1})
    assert rates(more) == (1, 1, 0)


def test_data_say_what_each_evaluation_came_to() -> None:
    task = made("succ", **ROUNDS)
    model = changed(task, lambda call, right: ["01"] if call == digits(1) else right)
    report = json.loads(json.dumps(emulate(model, task, [digits(1, 1), digits(0)]).to_json()))
    assert (report["steps"]["steps"], report["steps"]["right"]) == (3, pytest.approx(2 / 3))
    assert report["every_step"]["inputs"] == report["values"]["inputs"] == 2
    assert report["values"]["low"] < report["values"]["right"] == 0.5 < report["values"]["high"]
    first = {"number": 2, "given": "X1 01", "expected": "X0 UNROLL[ 01 ]", "actual": "01", "kind": "too short"}
    wrong, right = report["runs"]
    assert wrong["first_wrong"] == first
    assert (wrong["input"], wrong["line"], wrong["value_right"]) == ("X1 X1 01", "X0 01", False)
    assert (right["steps"], right["right_steps"], right["astray"], right["first_wrong"]) == (1, 1, 0, None)
