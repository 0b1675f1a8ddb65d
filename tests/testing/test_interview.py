"""What becomes of a model that does not answer as it should: one input is lost, or the campaign ends, and what was found is
told."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest

from recsyn.data.answers import Unanswered
from recsyn.data.tasks import Task
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.events import unheard
from recsyn.testing.findings import Result
from recsyn.testing.interview import Ended, Interview
from recsyn.testing.verdicts import Failure, Lost, ModelError, examine, examine_each
from recsyn.values import Datum, Value, size

Answering = Callable[[Sequence[Datum]], Any]
PARTIAL = (
    'type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"\n'
    "partial fun f (n : Pos) : Pos = match n with XI (XI b) => f n | _ => n end"
)


def raising_on(succ: Task, bad: Callable[[Datum], bool]) -> Answering:
    def model(inputs: Sequence[Datum]) -> list[Any]:
        for value in inputs:
            if bad(value):
                raise ValueError(f"cannot say: {value}")
        return succ.function.of_each(inputs)

    return model


def test_a_model_that_raises_on_some_inputs_loses_those_alone(succ: Task, brief: Budget) -> None:
    result = run_campaign(raising_on(succ, lambda v: size(v) == 5), succ, budget=brief)
    assert not result.findings
    assert result.stopped is None
    assert {lost.loss for lost in result.lost} == {"raised"}
    assert {size(lost.input) for lost in result.lost} == {5}
    assert all("ValueError: cannot say" in lost.why for lost in result.lost)
    assert not any(size(v) == 5 for e in (result.searched, result.sampled, result.fresh) for v in e.inputs)
    assert sum(t.lost for t in result.tallies) >= len(result.lost)


def test_each_way_of_not_answering_is_told_apart(succ: Task, brief: Budget) -> None:
    said = {3: "timed out", 4: "unreadable", 5: "not a number", 6: "raised"}

    def model(inputs: Sequence[Datum]) -> list[Any]:
        outputs = succ.function.of_each(inputs)
        return [
            Unanswered(said[size(v)], "planted") if size(v) in said else o  # type: ignore[arg-type]
            for v, o in zip(inputs, outputs, strict=True)
        ]

    result = run_campaign(model, succ, budget=brief)
    assert {size(lost.input): lost.loss for lost in result.lost} == said
    assert result.to_json()["lost"].keys() == set(said.values())
    assert not result.findings


def test_a_first_case_without_an_answer_is_lost_alone(succ: Task, brief: Budget, pos: Callable[[str], Value]) -> None:
    case = pos("111111")
    result = run_campaign(raising_on(succ, lambda v: v == case), succ, budget=brief, cases=[case])
    assert [lost.input for lost in result.lost] == [case]
    assert result.stopped is None
    assert len(result.sampled.inputs) == brief.rate


def test_a_model_that_answers_none_of_a_few_inputs_is_told(make_task: Callable[..., Task], brief: Budget) -> None:
    source = "fun f (b : Bool) : Bool = b"
    task = make_task("f", ("prefix", "prefix"), source=source, program="f.rec", distribution={"kind": "uniform", "sizes": [1, 1]})
    with pytest.raises(ModelError, match="the model answered none of 2 inputs: raised: the model raised ValueError: cannot say"):
        run_campaign(raising_on(task, lambda v: True), task, budget=brief)


def test_a_function_that_ends_on_no_input_is_told(make_task: Callable[..., Task], brief: Budget) -> None:
    source = PARTIAL.replace("XI (XI b) => f n | _ => n", "m => f m")
    task = make_task("f", ("prefix", "prefix"), source=source, program="f.rec", distribution={"kind": "uniform", "sizes": [1, 2]})
    with pytest.raises(ModelError, match="f ends on none of 3 inputs: no truth: no value after"):
        run_campaign(lambda inputs: inputs, task, budget=Budget(20, 5, 5))


def test_an_input_on_which_the_function_does_not_end_has_no_truth(make_task: Callable[..., Task]) -> None:
    task = make_task("f", ("prefix", "prefix"), source=PARTIAL, program="f.rec", distribution={"kind": "uniform", "sizes": [1, 4]})
    result = run_campaign(lambda inputs: list(inputs), task, budget=Budget(20, 5, 5))
    assert {str(lost.input) for lost in result.lost} >= {"XI (XI One)"}
    assert {lost.loss for lost in result.lost} == {"no truth"}
    assert not result.findings
    assert all(not str(v).startswith("XI (XI") for v in result.searched.inputs)


def test_an_interview_ends_only_after_long_silence(succ: Task) -> None:
    interview = Interview(raising_on(succ, lambda v: size(v) > 3), succ, unheard, None)
    small = list(succ.space.smallest(7))
    assert interview.learn(small) is None
    large = [v for v in succ.space.smallest(600) if size(v) > 3]
    interview.learn(large[:200])
    with pytest.raises(Ended):
        interview.learn(large[200:300])
    assert interview.error is not None
    assert "none of 300 inputs in a row" in interview.error.message
    with pytest.raises(Ended):
        interview.learn(large[300:301])


def test_a_wrong_number_of_answers_is_asked_again_in_halves(succ: Task) -> None:
    """A model that drops answers of large batches answers small ones."""

    def model(inputs: Sequence[Datum]) -> list[Any]:
        return succ.function.of_each(inputs)[:7]

    inputs = list(succ.space.smallest(60))
    assert examine_each(model, succ, inputs) == [None] * 60
    with pytest.raises(ModelError, match="returned 7 answers for a batch of 60 inputs"):
        examine(model, succ, inputs)


def test_answers_in_another_order_are_an_error_and_no_finding(succ: Task, brief: Budget) -> None:
    def model(inputs: Sequence[Datum]) -> list[Any]:
        return [o for _, o in sorted(zip(inputs, succ.function.of_each(inputs), strict=True), key=lambda pair: str(pair[0]))]

    with pytest.raises(ModelError, match="in another order than it was asked"):
        run_campaign(model, succ, budget=brief)


def test_answers_that_depend_on_chance_are_remarked_on(succ: Task, brief: Budget) -> None:
    chance = Random(3)

    def model(inputs: Sequence[Datum]) -> list[Any]:
        return ["01" if chance.random() < 0.1 else o for o in succ.function.of_each(inputs)]

    result = run_campaign(model, succ, budget=brief)
    assert result.findings
    assert any("answered right when asked again, alone" in remark for remark in result.remarks)
    steady = run_campaign(lambda inputs: ["01"] * len(inputs), succ, budget=brief)
    assert not steady.remarks


def told(result: Result) -> set[Datum]:
    return {*result.searched.inputs, *result.sampled.inputs, *result.fresh.inputs}


@pytest.mark.parametrize("most", [1, 18, 40, 700])
def test_no_more_calls_are_made_than_allowed(most: int, succ: Task) -> None:
    asked: list[Datum] = []

    def model(inputs: Sequence[Datum]) -> list[Any]:
        asked.extend(inputs)
        return ["01" if size(v) > 3 else o for v, o in zip(inputs, succ.function.of_each(inputs), strict=True)]

    result = run_campaign(model, succ, budget=Budget(2_000, 500, 200, calls=most))
    assert len(asked) <= most
    assert result.calls == len(asked)
    assert result.stopped == f"its {most} calls were used up"
    assert told(result) <= set(asked)


def test_time_ends_a_campaign_with_what_was_found(succ: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that goes on by a second at each batch."""
    now = 0.0

    def model(inputs: Sequence[Datum]) -> list[Any]:
        nonlocal now
        now += 1
        return ["01" if size(v) > 6 else o for v, o in zip(inputs, succ.function.of_each(inputs), strict=True)]

    for module in ("campaign", "interview"):
        monkeypatch.setattr(f"recsyn.testing.{module}.perf_counter", lambda: now)
    result = run_campaign(model, succ, budget=Budget(5_000, 500, 500, seconds=30))
    assert result.stopped == "its 30 seconds were over"
    assert now <= 31
    assert size(result.findings[0].counterexample) == 7


def test_a_slow_model_is_asked_only_what_there_is_time_for(succ: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock that goes on by a second for each input."""
    clock = [0.0]

    def model(inputs: Sequence[Datum]) -> list[Any]:
        clock[0] += len(inputs)
        return succ.function.of_each(inputs)

    monkeypatch.setattr("recsyn.testing.interview.perf_counter", lambda: clock[0])
    interview = Interview(model, succ, unheard, None)
    interview.deadline = 40.0
    inputs = list(succ.space.smallest(200))
    interview.learn(inputs[:16])
    with pytest.raises(Ended):
        interview.learn(inputs[16:])
    assert clock[0] == 40.0
    assert len(interview.verdicts) == 40
    assert interview.out_of == "time"


@pytest.mark.parametrize("wanted", [1, 2])
def test_the_search_ends_with_findings_enough_and_the_sample_goes_on(
    wanted: int, succ: Task, planted: Callable[[Task, str], Answering]
) -> None:
    lines = (
        "fun carry (n : Pos) : Int = match n with XI b => 1 + carry b | _ => 0 end\n"
        "fun bug n = match n with XO b => One | _ => if carry n >= 4 then One else succ n end"
    )
    budget = Budget(1_500, 200, 300)
    whole = run_campaign(planted(succ, lines), succ, budget=budget)
    early = run_campaign(planted(succ, lines), succ, budget=Budget(1_500, 200, 300, findings=wanted))
    assert len(early.findings) >= wanted
    assert len(early.searched.inputs) < len(whole.searched.inputs) / 2
    assert early.rate == whole.rate
    assert early.rate.tested == 300


def test_the_rate_does_not_depend_on_the_search(succ: Task) -> None:
    """The same sample whatever else is asked, and as many as were planned."""

    def bad(inputs: Sequence[Datum]) -> list[Any]:
        return ["01" if size(v) % 3 == 0 else o for v, o in zip(inputs, succ.function.of_each(inputs), strict=True)]

    rates = {run_campaign(bad, succ, budget=Budget(examples, 50, 300), seed=2).rate for examples in (20, 200, 600)}
    assert len(rates) == 1
    (rate,) = rates
    low, high = rate.interval
    assert low < 5 / 16 < high  # sizes 3, 6, …, 15 of 1 to 16


def test_cases_are_asked_first_whatever_their_size(succ: Task, brief: Budget, pos: Callable[[str], Value]) -> None:
    batches: list[list[Datum]] = []

    def model(inputs: Sequence[Datum]) -> list[Any]:
        batches.append(list(inputs))
        return succ.function.of_each(inputs)

    cases = [pos("1" * 40), pos("10" * 30)]
    result = run_campaign(model, succ, budget=brief, cases=cases)
    assert batches[0] == cases
    assert result.tallies[0].phase == "given"
    assert set(cases) <= set(result.searched.inputs)


def test_a_judge_that_raises_is_asked_for_its_answers(succ: Task) -> None:
    class Judging:
        def __call__(self, inputs: Sequence[Datum]) -> list[Any]:
            return succ.function.of_each(inputs)

        def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> Any:
            raise MemoryError("too large")

    inputs = list(succ.space.smallest(5))
    assert examine_each(Judging(), succ, inputs) == [None] * 5


def test_a_loss_is_no_failure(succ: Task) -> None:
    verdicts = examine_each(lambda inputs: [math.nan for _ in inputs], succ, [Value("One")])
    assert isinstance(verdicts[0], Lost)
    assert not isinstance(verdicts[0], Failure)
    assert verdicts[0].loss == "unreadable"
