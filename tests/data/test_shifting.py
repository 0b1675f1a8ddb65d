"""Random padding: inputs and answers after blanks, whose number only the input decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from recsyn.data import generation
from recsyn.data.codecs import DecodeError
from recsyn.data.shifting import BLANK
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import SPECIAL
from recsyn.errors import RecsynError
from recsyn.values import Datum


def inputs_of(task: Task, most: int = 200) -> list[Datum]:
    return list(task.space.smallest(most))


@pytest.mark.parametrize(("function", "codecs"), [("succ", ("mirror", "mirror")), ("succ", ()), ("inorder", ())])
def test_what_is_read_is_what_was_written(function: str, codecs: Any, task: Callable[..., Task]) -> None:
    made, plain = task(function, codecs=codecs, padding=5), task(function, codecs=codecs)
    values = inputs_of(made)
    for value, output in zip(values, made.function.of_each(values), strict=True):
        tokens, bare = made.input_codec.encode(value), plain.input_codec.encode(value)
        blanks = tokens[: len(tokens) - len(bare)]
        assert (blanks, tokens[len(blanks) :]) == ([BLANK] * len(blanks), bare)
        assert len(blanks) <= 5
        assert made.input_codec.decode(tokens) == value
        (answer,) = made.answers([value], [output])
        assert answer == blanks + plain.answers([value], [output])[0]
        assert made.question.read(answer) == output
        assert made.mistake(value, answer) is None
        assert made.mistake(value, [BLANK, *answer]) is not None
        assert blanks == [] or made.mistake(value, answer[1:]) is not None


def test_every_line_has_the_blanks_of_its_input(task: Callable[..., Task]) -> None:
    made, plain = task(padding=5, asks="next"), task(asks="next")
    for value in inputs_of(made, 60):
        blanks = made.input_codec.encode(value)[: -len(plain.input_codec.encode(value))]
        assert made.lines(value) == [(*blanks, *line) for line in plain.lines(value)]
        assert made.question.given(value) == blanks + plain.question.given(value)
        assert made.question.answer(value, value) == blanks + plain.question.answer(value, value)


def test_every_number_of_blanks_is_as_likely(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    made = task(padding=4)
    counts = Counter(made.input_codec.encode(value).count(BLANK) for value in inputs_of(made, 2_000))
    assert fits(counts, dict.fromkeys(range(5), 1 / 5))


def test_splits_do_not_depend_on_blanks(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    made, plain = task(padding=1), task()
    values = inputs_of(made, 2_000)
    assert [made.division.of(v) for v in values] == [plain.division.of(v) for v in values]
    large = [v for v in values if len(plain.input_codec.encode(v)) > 7]
    held_out = Counter(made.input_codec.encode(v).count(BLANK) for v in large if made.division.of(v) == "test")
    assert fits(held_out, {0: 1 / 2, 1: 1 / 2})


@pytest.mark.parametrize("n", [40, 200])
def test_rows_are_written_with_their_blanks(n: int, task: Callable[..., Task]) -> None:
    """Few rows one by one and many in arrays."""
    made, plain = task("inorder", padding=3), task("inorder")
    rows, bare = generation.generate(made, n, 5), generation.generate(plain, n, 5)
    assert tuple(rows.inputs) == tuple(bare.inputs)
    assert BLANK in made.vocabulary.tokens
    blank = made.vocabulary.encode([BLANK])[0]
    assert blank >= len(SPECIAL), "padding that is written is no padding that is left out"
    for source, target, value in zip(rows.source.padded(), rows.target.padded(), rows.inputs, strict=True):
        expected = made.input_codec.encode(value).count(BLANK)
        assert (source == blank).sum() == (target == blank).sum() == expected
    assert {int((row == blank).sum()) for row in rows.source.padded()} == {0, 1, 2, 3}


def test_mistakes_are_told_by_their_place(task: Callable[..., Task], pos: Callable[[str], Datum]) -> None:
    made = task(padding=3)
    value = next(v for v in inputs_of(made) if made.input_codec.encode(v).count(BLANK) == 2)
    tokens = made.input_codec.encode(value)
    for wrong, position, reason in (
        ([*tokens, "01"], len(tokens), "complete"),
        ([*tokens[:2], BLANK, *tokens[2:]], 2, "2 times"),
        (tokens[1:], 1, "2 times"),
        ([BLANK, BLANK], 2, "ends where"),
        ([*tokens[:2], "X2"], 2, "does not begin"),
    ):
        with pytest.raises(DecodeError, match=reason) as caught:
            made.input_codec.decode(wrong)
        assert caught.value.position == position


def test_padding_is_part_of_the_configuration(task: Callable[..., Task]) -> None:
    made = task(padding=7)
    assert made.to_config()["padding"] == 7
    assert Task.from_config(made.to_config()).vocabulary == made.vocabulary
    assert "padding" not in task().to_config()
    for wrong in (-1, True, 1.5, "3", 10**9):
        with pytest.raises(RecsynError, match="`padding`"):
            task(padding=wrong)
    with pytest.raises(RecsynError, match="kept for padding"):
        task("f", codecs=("prefix", "prefix"), source='type T = A as "<blank>" | B\nfun f (t : T) : T = t', padding=1)
