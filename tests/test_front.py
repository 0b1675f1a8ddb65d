"""The library as the README shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

import recsyn
from recsyn.testing.campaign import CampaignStopped

PROGRAM = recsyn.loads(
    'type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"\n'
    "fun succ (n : Pos) : Pos = match n with One => XO One | XO b => XI b | XI b => XO (succ b) end\n"
    "fun both (n : Pos) (m : Pos) : (Pos, Pos) = (n, m)\n"
)


@given(PROGRAM.strategy("Pos", min_size=1, max_size=40))
def test_a_strategy_draws_values_that_functions_take(value: recsyn.Value) -> None:
    assert PROGRAM["succ"](value) == PROGRAM.value(f"succ ({value})")


@given(st.data())
@settings(max_examples=20)
def test_a_strategy_keeps_its_sizes(data: st.DataObject) -> None:
    from recsyn.values import size

    low = data.draw(st.integers(1, 12))
    high = data.draw(st.integers(low, 30))
    assert low <= size(data.draw(PROGRAM.strategy("Pos", min_size=low, max_size=high))) <= high


def test_a_strategy_refuses_sizes_that_no_value_has() -> None:
    with pytest.raises(InvalidArgument, match="min_size=5 is greater than max_size=2"):
        PROGRAM.strategy("Pos", min_size=5, max_size=2)


def test_a_function_says_what_it_was_wrongly_given() -> None:
    with pytest.raises(recsyn.RecsynError, match="succ takes a Pos, and 3 is no Pos"):
        PROGRAM["succ"](3)
    with pytest.raises(recsyn.RecsynError, match="succ takes 1 argument, not 2"):
        PROGRAM["succ"](PROGRAM.value("One"), PROGRAM.value("One"))
    with pytest.raises(recsyn.RecsynError, match="did you mean `succ`"):
        PROGRAM["suc"]


def test_a_function_of_two_arguments_is_no_task() -> None:
    with pytest.raises(recsyn.RecsynError, match="both takes 2 arguments"):
        recsyn.fuzz(lambda inputs: inputs, PROGRAM["both"])


def stopping(after: int, wrong: bool) -> Callable[[list[recsyn.Value]], list[recsyn.Value]]:
    """A model that answers so many batches, right or wrong, and none after them."""
    calls = 0

    def model(inputs: list[recsyn.Value]) -> list[recsyn.Value]:
        nonlocal calls
        calls += 1
        if calls > after:
            raise ValueError("out of memory")
        return inputs if wrong else PROGRAM["succ"].of_each(inputs)

    return model


def test_what_was_found_before_a_model_stops_is_kept(tmp_path: Path) -> None:
    result = recsyn.fuzz(stopping(2, wrong=True), PROGRAM["succ"], crashes=tmp_path)
    assert result.stopped is not None
    assert "the model raised ValueError: out of memory" in result.stopped
    assert result.findings
    assert len(list(tmp_path.iterdir())) == len(result.findings)


def test_a_model_that_stops_before_anything_is_found_is_an_error() -> None:
    with pytest.raises(CampaignStopped, match="the model raised ValueError: out of memory") as stopped:
        recsyn.fuzz(stopping(2, wrong=False), PROGRAM["succ"])
    assert stopped.value.result.searched.inputs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_examples": "a"}, "max_examples is 'a', not a whole number from 1 up"),
        ({"max_size": 0}, "max_size is 0, not a whole number from 1 up"),
        ({"seconds": "1"}, "the budget of seconds is '1', and a campaign needs some time"),
        ({"cases": [3]}, "the case '3' is no input of succ: 3 is no Pos"),
        ({"model": 42}, "the model is 42, which cannot be called"),
        ({"function": "succ"}, "'succ' is no function of a program"),
    ],
)
def test_wrong_arguments_of_fuzz_are_named(arguments: dict[str, object], message: str) -> None:
    given = {"model": lambda inputs: inputs, "function": PROGRAM["succ"], **arguments}
    with pytest.raises(recsyn.RecsynError, match=message):
        recsyn.fuzz(given.pop("model"), given.pop("function"), **given)
