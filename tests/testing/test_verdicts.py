"""What an answer is worth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.answers import Answer
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.verdicts import Failure, ModelError, ask, examine, kind_of
from recsyn.values import Datum, Value

TOKENS = st.lists(st.sampled_from("ab"), max_size=5).map(tuple)


@given(expected=TOKENS, tokens=TOKENS, ended=st.booleans())
def test_kinds_of_failure(expected: tuple[str, ...], tokens: tuple[str, ...], ended: bool) -> None:
    kind = kind_of(expected, Answer(tokens, ended))
    assert (kind is None) == (ended and tokens == expected)
    assert (kind == "no end of sequence") == (not ended)
    assert (kind == "too short") == (ended and len(tokens) < len(expected))
    assert (kind == "too long") == (ended and len(tokens) > len(expected))


@given(expected=TOKENS, tokens=TOKENS)
def test_the_first_difference(expected: tuple[str, ...], tokens: tuple[str, ...]) -> None:
    place = Failure(None, expected, Answer(tokens), "wrong token").first_difference
    assert expected[:place] == tokens[:place]
    if place < min(len(expected), len(tokens)):
        assert expected[place] != tokens[place]
    else:
        assert place == min(len(expected), len(tokens))


@pytest.mark.parametrize(
    "raw",
    [
        Value("XI", (Value("One"),)),
        ["X1", "01"],
        ("X1", "01"),
        "X1 01",
        "  X1\n01 ",
        Answer(("X1", "01")),
        np.array(["X1", "01"]),
        np.array(["X1 01"])[0],
    ],
    ids=str,
)
def test_an_answer_may_be_given_in_many_ways(raw: Any, succ: Task) -> None:
    assert ask(lambda inputs: [raw], succ, [Value("One")]) == [Answer(("X1", "01"))]
    assert ask(lambda inputs: iter([raw]), succ, [Value("One")]) == [Answer(("X1", "01"))]


def test_answers_that_are_lists_inside_count_the_same(succ: Task) -> None:
    given_list: Any = Answer(["X0", "01"])  # type: ignore[arg-type]
    assert examine(lambda inputs: [given_list], succ, [Value("One")]) == [None]
    with pytest.raises(ModelError, match="no sequence of tokens"):
        ask(lambda inputs: [Answer(None)], succ, [Value("One")])  # type: ignore[arg-type]


def test_labels_may_be_answered_as_numbers(inorder: Task) -> None:
    leaf = Value("Leaf")
    tree = Value("Branch", (3, Value("Branch", (1, leaf, leaf)), leaf))
    assert examine(lambda inputs: [[1, 3]], inorder, [tree]) == [None]
    assert examine(lambda inputs: [[]], inorder, [leaf]) == [None]
    assert examine(lambda inputs: np.array([[1, 3]]), inorder, [tree]) == [None]
    assert examine(lambda inputs: [list(np.array([1, 3]))], inorder, [tree]) == [None]
    assert ask(lambda inputs: [[10**5_000]], inorder, [leaf])[0].tokens[0].startswith("1000")


def test_the_model_is_given_a_list_of_its_own(succ: Task) -> None:
    inputs = (Value("One"), Value("XO", (Value("One"),)))

    def greedy(batch: Any) -> list[Any]:
        outputs = succ.function.of_each(batch)
        batch.clear()
        return outputs

    assert examine(greedy, succ, inputs) == [None, None]
    assert len(inputs) == 2


class Judging:
    """A model that tells which answers would be right, and remembers which it was asked to write out."""

    def __init__(self, right: Any, answers: dict[str, str]) -> None:
        self.right, self.answers, self.asked = right, answers, []  # type: ignore[var-annotated]

    def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> Any:
        if isinstance(self.right, Exception):
            raise self.right
        return self.right

    def __call__(self, inputs: Sequence[Datum]) -> list[str]:
        self.asked.append([str(v) for v in inputs])
        return [self.answers[str(v)] for v in inputs]


def test_only_doubtful_answers_are_written_out(succ: Task) -> None:
    one, two = Value("One"), Value("XO", (Value("One"),))
    model = Judging(np.array([True, False]), {"XO One": "X0 01"})
    verdicts = examine(model, succ, [one, two])
    assert model.asked == [["XO One"]]
    assert verdicts[0] is None
    assert verdicts[1] == Failure(two, ("X1", "01"), Answer(("X0", "01")), "wrong token")
    certain = Judging(np.array([True, True]), {})
    assert examine(certain, succ, [one, two]) == [None, None]
    assert certain.asked == []


@pytest.mark.parametrize(
    ("right", "said"),
    [
        (np.array([True]), "judged 1 of its answers in a batch of 2"),
        (None, "raised TypeError"),
        (ValueError("no device"), "raised ValueError: no device"),
        (RecsynError("as it is"), "as it is"),
    ],
)
def test_a_judge_that_fails_is_told_so(right: Any, said: str, succ: Task) -> None:
    with pytest.raises(RecsynError, match=said):
        examine(Judging(right, {}), succ, [Value("One"), Value("One")])
