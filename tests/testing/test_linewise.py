"""Whole evaluations line by line: models that know nothing but lines, right ones and such as are wrong by a rule or never end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise
from math import sqrt
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.answers import Answer
from recsyn.data.questions import Line
from recsyn.data.rows import generate, rows_of
from recsyn.data.shifting import BLANK
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.semantics.rounds import CLOSE, UNROLL
from recsyn.testing.campaign import run_campaign
from recsyn.testing.emulation import emulate
from recsyn.testing.evaluation import evaluate
from recsyn.testing.findings import Rate
from recsyn.testing.runs import Emulation
from recsyn.testing.verdicts import ModelError
from recsyn.values import Datum, Value, from_iterable, to_list

EXAMPLES = Path(__file__).parents[2] / "examples"
Model = Callable[[Sequence[Line]], list[Any]]
WRITTEN: dict[str, tuple[str, str, str, str]] = {
    "successor": ("successor", "succ", "prefix", "prefix"),
    "natural": ("successor", "succ", "mirror", "mirror"),
    "preorder": ("traversal", "preorder", "bracketed", "flat"),
    "inorder": ("traversal", "inorder", "bracketed", "flat"),
    "postorder": ("traversal", "postorder", "bracketed", "flat"),
    "mirror": ("mirror", "mirror", "bracketed", "bracketed"),
    "reversal": ("reversal", "reverse", "flat", "flat"),
    "sorting": ("sorting", "sort", "flat", "flat"),
    "addition": ("addition", "add", "prefix", "prefix"),
    "multiplication": ("multiplication", "times", "mirror", "mirror"),
    "search-tree": ("search", "build", "flat", "bracketed"),
    "search-tree-insertion": ("search", "insert", "prefix", "prefix"),
    "expression": ("expression", "evaluate", "prefix", "prefix"),
}
"""Every preset, that of expressions with its value as one token."""


@cache
def made(name: str, padding: int = 0) -> Task:
    program, function, source, target = WRITTEN[name]
    return task_from_config(
        {
            "name": name,
            "source": (EXAMPLES / f"{program}.rec").read_text(),
            "function": function,
            "input": source,
            "output": target,
            "asks": "next",
            "integers": [0, 4],
            "distribution": {"kind": "uniform", "sizes": [1, 7]},
            "padding": padding,
        }
    )


def inputs_of(task: Task, most: int = 30) -> list[Datum]:
    """Inputs of which no line holds an integer that is not among the task's: those of sums may have larger ones."""
    known = set(task.question.tokens)
    drawn = dict.fromkeys([*task.space.smallest(6), *(task.sampler.draw(Random(seed)) for seed in range(most))])
    return [value for value in drawn if all(known.issuperset(line) for line in task.lines(value))]


def table(task: Task, inputs: Sequence[Datum]) -> dict[Line, Line]:
    """The line after each."""
    return {line: after for value in inputs for line, after in pairwise(task.lines(value))}


def looked_up(after: dict[Line, Any]) -> Model:
    return lambda lines: [after[line] for line in lines]


def rates(emulation: Emulation) -> tuple[int, int, int]:
    return emulation.step_rate.failures, emulation.path_rate.failures, emulation.value_rate.failures


def numbers(*items: int) -> Datum:
    return from_iterable(items)


# Models that are right


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("padding", [0, 2])
def test_a_model_that_is_right_comes_to_the_functions_value(name: str, padding: int) -> None:
    task = made(name, padding=padding)
    inputs = inputs_of(task)
    emulation = emulate(looked_up(table(task, inputs)), task, inputs)
    assert len(inputs) > 9
    assert rates(emulation) == (0, 0, 0)
    assert emulation.ends == {"value": len(inputs)}
    for value, run in zip(inputs, emulation.runs, strict=True):
        assert run.line == tuple(task.output_codec.encode(task.function(value)))
        assert [step.answer.tokens for step in run.steps] == task.lines(value)[1:]
        assert (run.length, run.astray, run.value_right) == (len(run.steps), 0, True)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_line_says_which_one_is_next(name: str) -> None:
    """What a model is given is enough to answer: no line is followed by two, whatever the input."""
    task = made(name)
    after: dict[Line, Line] = {}
    for value in inputs_of(task, 60):
        lines = task.lines(value)
        for line, following in pairwise(lines):
            assert after.setdefault(line, following) == following
        assert lines[0] == (UNROLL, *task.input_codec.encode(value), CLOSE)
        assert lines[-1] == tuple(task.output_codec.encode(task.function(value)))
        assert len(set(lines)) == len(lines)


def sorts(line: Line) -> list[str]:
    """Insertion sort on tokens alone: the innermost call is replaced by what it is reduced to."""
    close = line.index(CLOSE)
    start = close - line[:close][::-1].index(UNROLL) - 1
    before, call, after = list(line[:start]), line[start + 1 : close], list(line[close + 1 :])
    inside = UNROLL in before
    if call[:1] != ("insert",):
        opened = [UNROLL, "insert", call[0], UNROLL, *call[1:], CLOSE, CLOSE] if call else ["[]"] * inside
        return [*before, *opened, *after]
    number, items = call[1], [token for token in call[2:] if token not in ("::", "[]")]
    if items and int(number) > int(items[0]):
        rest = [token for item in items[1:] for token in ("::", item)]
        return [*before, *["::"] * inside, items[0], UNROLL, "insert", number, *rest, "[]", CLOSE, *after]
    done = [number, *items]
    return [*before, *([token for item in done for token in ("::", item)] + ["[]"] if inside else done), *after]


@given(st.lists(st.integers(0, 4), max_size=5))
@settings(max_examples=30)
def test_insertion_sort_on_tokens_is_right(items: list[int]) -> None:
    task = made("sorting")
    emulation = emulate(lambda lines: [sorts(line) for line in lines], task, [numbers(*items)])
    assert rates(emulation) == (0, 0, 0)
    assert emulation.runs[0].line == tuple(map(str, sorted(items)))


def carries(line: Line) -> list[str]:
    start = line.index(UNROLL)
    digit, *rest = line[start + 1 : -1]
    if digit == "X1":
        return [*line[:start], "X0", UNROLL, *rest, CLOSE]
    return [*line[:start], *(["X0", "01"] if digit == "01" else ["X1", *rest])]


@given(st.lists(st.sampled_from(["XO", "XI"]), max_size=8))
@settings(max_examples=30)
def test_the_successor_on_tokens_is_right(digits: list[str]) -> None:
    value = Value("One")
    for digit in digits:
        value = Value(digit, (value,))
    emulation = emulate(lambda lines: [carries(line) for line in lines], made("successor"), [value])
    assert rates(emulation) == (0, 0, 0)


# Models that are wrong


def test_steps_are_judged_as_far_as_all_was_right_before() -> None:
    """The model forgets what an insertion goes past: the first such step is wrong, those after it are beside."""
    task = made("sorting")

    def forgets(line: Line) -> list[str]:
        tokens = sorts(line)
        return tokens[1:] if tokens[1:3] == [UNROLL, "insert"] else tokens

    inputs = [numbers(1), numbers(1, 2), numbers(2, 1)]
    emulation = emulate(lambda lines: [forgets(line) for line in lines], task, inputs)
    assert [run.length for run in emulation.runs] == [3, 5, 6]
    wrong = emulation.runs[2].first_wrong
    assert wrong is not None
    assert (wrong.number, wrong.kind) == (5, "too short")
    assert " ".join(wrong.given) == "UNROLL[ insert 2 :: 1 [] ]"
    assert " ".join(wrong.expected) == "1 UNROLL[ insert 2 [] ]"
    assert str(wrong.answer) == "UNROLL[ insert 2 [] ]"
    assert (emulation.runs[2].line, emulation.runs[2].astray, emulation.runs[2].end) == (("2",), 1, "value")
    assert (emulation.step_rate, emulation.path_rate, emulation.value_rate) == (Rate(1, 13), Rate(1, 3), Rate(1, 3))
    assert emulation.if_independent == pytest.approx(sum((12 / 13) ** n for n in (3, 5, 6)) / 3)
    report = emulation.to_json()
    assert (report["asks"], report["runs"][2]["input"]) == ("next", "2 1")


@pytest.mark.parametrize("name", ["preorder", "sorting", "mirror"])
def test_a_value_may_come_of_wrong_steps(name: str) -> None:
    """The model leaves out every other line."""
    task = made(name)
    inputs = [value for value in inputs_of(task) if len(task.lines(value)) > 2]
    after = table(task, inputs)
    emulation = emulate(looked_up({line: after.get(next, next) for line, next in after.items()}), task, inputs)
    assert rates(emulation) == (len(inputs), len(inputs), 0)
    assert [len(run.steps) + run.astray for run in emulation.runs] == [len(task.lines(value)) // 2 for value in inputs]


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (Answer(("1",), ended=False), "no answer"),
        ("1 UNROLL[", "no answer"),
        ("1 ]", "no answer"),
        ("1 X7", "no answer"),
        ("1 ::", "no answer"),
        ("UNROLL[ 1 :: ]", "no answer"),
        ("UNROLL[ 2 1 ]", "repetition"),
        ("", "value"),
        ("1 1", "value"),
    ],
)
def test_how_an_evaluation_ends_badly(answer: Any, end: str) -> None:
    task = made("sorting")
    run = emulate(lambda lines: [answer for _ in lines], task, [numbers(2, 1)]).runs[0]
    assert (run.end, run.value_right, len(run.steps), run.astray) == (end, False, 1, 0)
    assert " ".join(run.line) == ("UNROLL[ 2 1 ]" if end in ("no answer", "repetition") else answer)


def test_a_circle_is_found_also_where_the_call_is_not_on_it() -> None:
    task = made("sorting")
    answers = {"UNROLL[ 1 ]": "UNROLL[ 2 ]", "UNROLL[ 2 ]": "UNROLL[ 3 ]", "UNROLL[ 3 ]": "UNROLL[ 2 ]"}
    run = emulate(lambda lines: [answers[" ".join(line)] for line in lines], task, [numbers(1)]).runs[0]
    assert (run.end, len(run.steps), run.astray) == ("repetition", 1, 2)


@given(st.integers(5, 40))
@settings(max_examples=20)
def test_what_grows_without_end_is_cut_at_the_limit(limit: int) -> None:
    asked = 0

    def grows(lines: Sequence[Line]) -> list[Any]:
        nonlocal asked
        asked += len(lines)
        return [[UNROLL, "insert", "1", *line, CLOSE] for line in lines]

    run = emulate(grows, made("sorting"), [numbers(1)], limit).runs[0]
    assert (run.end, asked, len(run.steps) + run.astray) == ("limit", limit, limit)


def test_an_evaluation_over_the_limit_is_refused_before_the_model_is_asked() -> None:
    task, asked = made("sorting"), list[Any]()
    with pytest.raises(RecsynError, match="takes more than 5 lines"):
        emulate(lambda lines: asked.extend(lines) or [], task, [numbers(1), numbers(2, 1)], 5)
    assert not asked
    assert emulate(lambda lines: [sorts(line) for line in lines], task, [numbers(2, 1)], 6).runs[0].value_right


def test_a_line_that_the_model_cannot_read_is_its_own_fault() -> None:
    """It reads up to nine tokens, and writes one more number than it should where there are two."""
    task = made("sorting")

    def reads_nine(lines: Sequence[Line]) -> list[Any]:
        if any(len(line) > 9 for line in lines):
            raise RecsynError("too long")
        return [[UNROLL, *"1 2 3 4 1 2 3 4".split(), CLOSE] if "2" in line else sorts(line) for line in lines]

    emulation = emulate(reads_nine, task, [numbers(2, 1), numbers(1), numbers()])
    assert [run.end for run in emulation.runs] == ["no answer", "value", "value"]
    assert rates(emulation) == (1, 1, 1)
    with pytest.raises(RecsynError, match="too long"):
        emulate(reads_nine, task, [numbers(1), numbers(*[1] * 8)])
    with pytest.raises(ModelError, match="the batch began with"):
        emulate(lambda lines: [1 / 0 for _ in lines], task, [numbers(1)])


def test_blanks_are_part_of_every_line() -> None:
    task = made("sorting", padding=3)
    value = next(v for v in inputs_of(task) if v != numbers() and task.lines(v)[0].count(BLANK) == 2)
    assert {line.count(BLANK) for line in task.lines(value)} == {2}

    def drops_them(lines: Sequence[Line]) -> list[Any]:
        return [sorts(tuple(token for token in line if token != BLANK)) for line in lines]

    run = emulate(drops_them, task, [value]).runs[0]
    assert run.first_wrong is not None
    assert (run.first_wrong.number, run.end, run.value_right) == (1, "value", True)


def test_independent_errors_compound() -> None:
    """Of p = 0.95 a step, over ten steps, 0.95 ^ 10 = 60 % of evaluations remain. Bounds are six standard deviations."""
    task, right, many = made("successor"), 0.95, 500
    chance = Random(4)
    value = Value("One")
    for _ in range(9):
        value = Value("XI", (value,))
    length = len(task.lines(value)) - 1
    emulation = emulate(
        lambda lines: [carries(line) if chance.random() < right else ["01"] for line in lines], task, [value] * many
    )
    assert length == 10
    assert 1 - emulation.step_rate.share == pytest.approx(right, abs=6 * sqrt(right * (1 - right) / emulation.step_rate.tested))
    assert 1 - emulation.path_rate.share == pytest.approx(right**length, abs=6 * sqrt(right**length / many))
    survivors = [group.rows for group in emulation.by_number()]
    assert survivors == sorted(survivors, reverse=True)


# Rows


def test_rows_are_judged_by_their_line() -> None:
    """Exact match is about the line that stands in a row; what is asked of the model are these lines."""
    task = made("sorting")
    rows = rows_of(task, generate(task, 150, seed=2).inputs)
    asked: list[Line] = []

    def model(lines: Sequence[Line]) -> list[Any]:
        asked.extend(lines)
        return [sorts(line) if len(line) < 8 else ["1"] for line in lines]

    evaluation = evaluate(model, task, rows)
    decoded = [tuple(task.vocabulary.decode(n for n in row if n)[:-1]) for row in rows.source.tolist()]
    assert asked == decoded
    assert evaluation.failing.tolist() == [len(line) >= 8 for line in decoded]
    assert evaluation.columns["input_length"].tolist() == list(map(len, decoded))
    assert 20 < evaluation.rate.failures < 130
    assert any(to_list(value) for value in rows.inputs)


def test_a_campaign_is_refused() -> None:
    asked: list[Any] = []
    with pytest.raises(RecsynError, match="a campaign is about inputs") as caught:
        run_campaign(lambda lines: asked.extend(lines) or [], made("sorting"))
    assert "--emulate" in str(caught.value.hint)
    assert not asked
