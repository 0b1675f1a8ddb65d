"""Prompts, and the answers in replies."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.questions import QUESTIONS
from recsyn.data.records import generated
from recsyn.data.rows import split_of
from recsyn.data.tasks import Task
from recsyn.testing.models.reading import read
from recsyn.testing.models.writing import PROMPT, Prompt, written

TOKENS = ("01", "X0", "X1")


@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=6), blank=st.sampled_from([" ", "  ", "\n", " \t"]))
def test_tokens_alone_are_the_answer(tokens: list[str], blank: str, succ: Task) -> None:
    assert read(succ, blank.join(tokens)) == Answer(tuple(tokens))
    assert read(succ, blank.join(tokens), ended=False) == Answer(tuple(tokens), False)


@given(
    tokens=st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6),
    before=st.sampled_from(["", "The output is:\n", "Let me see.\n\nX1 becomes X0.\n"]),
    around=st.sampled_from(["{}", "`{}`", "```\n{}\n```", "```text\n{}\n```", "It is `{}`, I think.", "**Output**: `{}`"]),
    after=st.sampled_from(["", "\nWell, X0 01 it is not.", "\n\nDone!"]),
)
def test_one_line_or_span_with_a_text_around_it(tokens: list[str], before: str, around: str, after: str, succ: Task) -> None:
    assert read(succ, before + around.format(" ".join(tokens)) + after) == Answer(tuple(tokens))


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ("I cannot do that.", "no answer in 'I cannot do that.'"),
        ("X0 01\nor\nX1 01", "2 answers in 'X0 01 or X1 01'"),
        ("either `X0 01` or `X1 01`", "2 answers"),
        ("X0, X1, 01", "no answer"),
        ("X0 X7 01", "no answer in 'X0 X7 01'"),
        ("word " * 100, "word …'"),
    ],
)
def test_nothing_is_guessed(reply: str, said: str, succ: Task) -> None:
    answer = read(succ, reply)
    assert isinstance(answer, Unanswered)
    assert answer.trouble == "unreadable"
    assert said in answer.why
    assert len(answer.why) < 130


def test_the_same_answer_twice_is_one(succ: Task) -> None:
    assert read(succ, "X0 01\n\nso: `X0  01`") == Answer(("X0", "01"))


def test_an_integer_that_no_row_has_is_an_answer(inorder: Task) -> None:
    assert read(inorder, "1 -77") == Answer(("1", "-77"))


def test_inputs_are_written_as_data_sets_have_them(succ: Task, inorder: Task) -> None:
    for task in (succ, inorder):
        records = generated(task, 20, 3, "train")
        values = [task.input_codec.decode(text.split()) for text in records.values]
        assert tuple(written(task, task.asked(value)) for value in values) == records.inputs
    assert written(succ, ("X1", "<line>")) == "X1 <line>"


def test_the_prompt_shows_the_program_and_rows_of_the_training_split(succ: Task) -> None:
    text = Prompt(succ, shown=5, seed=1).around("X1 X1 01")
    assert text.endswith("input: X1 X1 01\noutput:")
    assert succ.program_source.strip() in text
    assert "`succ`" in text
    assert all(f"`{token}`" in text for token in TOKENS)
    shown = re.findall(r"input: (.*)\noutput: (.+)\n", text)
    assert len(set(shown)) == 5
    for given_text, answer in shown:
        value = succ.input_codec.decode(given_text.split())
        assert succ.output_codec.encode(succ.function(value)) == answer.split()
        assert split_of(succ, value) == "train"
    assert text == Prompt(succ, shown=5, seed=1).around("X1 X1 01")
    assert text != Prompt(succ, shown=5, seed=2).around("X1 X1 01")


def test_no_row_is_shown_twice(make_task: Callable[..., Task]) -> None:
    text = Prompt(make_task("succ", largest=2), shown=8).around("01")
    shown = re.findall(r"input: (.*)\noutput: (.+)\n", text)
    assert len(shown) == len(set(shown)) < 8


@pytest.mark.parametrize("asks", QUESTIONS)
def test_the_prompt_says_what_is_asked(asks: str, make_task: Callable[..., Task]) -> None:
    rounds = {"rounds": 3} if asks == "rounds" else {}
    task = make_task("succ", asks=asks, **rounds)
    text = Prompt(task).around("01")
    assert "{" not in text
    assert {"value": "the function's value", "rounds": "by 3 rounds", "next": "the line after it"}.get(asks, "output is") in text


def test_a_prompt_of_ones_own(succ: Task) -> None:
    assert Prompt(succ, "{program}{input}").around("") == succ.program_source.strip()
    assert Prompt(succ, "{input} -> {no} {function}({input})").around("{notation}") == "{notation} -> {no} succ({notation})"
    assert "input: " not in Prompt(succ, PROMPT.replace("input: {input}", "{input}"), shown=0).around("X1")
