"""How a campaign goes about it: what it asks, in what order, and that it keeps what it found."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from recsyn.data.distributions import Mixture, Uniform
from recsyn.data.randomness import digest
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import CampaignStopped, probing, run_campaign
from recsyn.testing.events import BatchTested, Event, Finished, PhaseStarted, Shrunk
from recsyn.testing.findings import Evidence, Result
from recsyn.testing.verdicts import ModelError, examine
from recsyn.values import Datum, Value, size

Answering = Callable[[Sequence[Datum]], list[Any]]
CLAMP = (
    "fun clamp (k : Int) (n : Pos) : Pos = match n with One => XO One | XO b => XI b"
    " | XI b => if k == 0 then XI b else XO (clamp (k - 1) b) end\nfun bug n = clamp 2 n"
)


class Recorded:
    """A model that remembers what it was asked, and does something else than answer from one call on."""

    def __init__(self, model: Answering, at: int = -1, instead: Callable[[], Any] | None = None) -> None:
        self.model, self.at, self.instead = model, at, instead
        self.batches: list[list[Datum]] = []

    def __call__(self, inputs: Sequence[Datum]) -> Any:
        self.batches.append(list(inputs))
        if self.instead and len(self.batches) - 1 >= self.at:
            return self.instead()
        return self.model(inputs)


@pytest.fixture(scope="module")
def clamped(succ: Task, planted: Callable[[Task, str], Answering]) -> Answering:
    return planted(succ, CLAMP)


def told(result: Result) -> str:
    data = result.to_json()
    del data["seconds"]
    return json.dumps(data, sort_keys=True)


def test_batches_are_never_empty_nor_large(succ: Task, clamped: Answering, brief: Budget) -> None:
    for model in (succ.function.of_each, clamped):
        recorded = Recorded(model)
        run_campaign(recorded, succ, budget=brief)
        assert all(1 <= len(batch) <= 512 for batch in recorded.batches)


def test_every_small_input_comes_first(succ: Task, brief: Budget) -> None:
    recorded = Recorded(succ.function.of_each)
    run_campaign(recorded, succ, budget=brief)
    asked = [value for batch in recorded.batches for value in batch]
    smallest = list(succ.space.smallest(250))
    assert asked[:16] == smallest[:16]
    assert set(smallest) <= set(asked)


def test_as_many_inputs_are_tested_as_the_budget_says(succ: Task) -> None:
    recorded = Recorded(succ.function.of_each)
    result = run_campaign(recorded, succ, budget=Budget(examples=700, fresh=90, rate=33))
    assert (len(result.searched.inputs), len(result.fresh.inputs), result.rate.tested) == (700, 90, 33)
    assert {t.phase: t.asked for t in result.tallies} == {
        "small": 175, "edges": 35, "uniform": 33, "coverage": 490, "fresh": 90,
    }  # fmt: skip


def test_no_input_is_asked_twice(succ: Task, brief: Budget) -> None:
    recorded = Recorded(succ.function.of_each)
    result = run_campaign(recorded, succ, budget=brief)
    asked = [value for batch in recorded.batches for value in batch]
    assert len(set(asked)) == len(asked) == result.calls
    assert set(asked) == {*result.searched.inputs, *result.sampled.inputs, *result.fresh.inputs}
    assert all(len(column) == len(result.searched.inputs) for column in result.searched.columns.values())


@pytest.mark.parametrize("name", ["examples", "fresh", "rate"])
def test_an_empty_budget_is_refused(name: str) -> None:
    with pytest.raises(RecsynError, match=f"budget of {name} is 0"):
        Budget(**{name: 0})
    assert getattr(Budget(**{name: 1}), name) == 1


def test_the_least_budget_is_enough(succ: Task, clamped: Answering) -> None:
    assert run_campaign(clamped, succ, budget=Budget(1, 1, 1)).rate.tested == 1


@pytest.mark.parametrize("largest", [1, 3, 7])
def test_no_input_is_larger_than_allowed(largest: int, succ: Task, clamped: Answering, brief: Budget) -> None:
    recorded = Recorded(clamped)
    result = run_campaign(recorded, succ, budget=brief, max_size=largest)
    assert max(size(v) for batch in recorded.batches for v in batch) == largest
    assert result.max_size == largest
    assert len({value for batch in recorded.batches for value in batch}) == min(brief.examples, 2**largest - 1), "all there are"


def test_a_seed_gives_the_same_campaign(succ: Task, clamped: Answering, brief: Budget) -> None:
    one, same, other = (Recorded(clamped) for _ in range(3))
    results = [run_campaign(m, succ, budget=brief, seed=seed) for m, seed in ((one, 4), (same, 4), (other, 5))]
    assert told(results[0]) == told(results[1])
    assert one.batches == same.batches
    assert one.batches != other.batches
    assert results[0].findings[0].counterexample == results[2].findings[0].counterexample


def test_the_rate_is_of_uniform_sizes_and_not_of_the_search(succ: Task, brief: Budget) -> None:
    """A model that is wrong on the larger half of sizes fails at a rate near one half, however the search went."""
    result = run_campaign(
        lambda inputs: [o if size(v) <= 8 else "01" for v, o in zip(inputs, succ.function.of_each(inputs), strict=True)],
        succ,
        budget=replace(brief, rate=2_000),
    )
    low, high = result.rate.interval
    assert low < 0.5 < high
    assert result.searched.failing.mean() != pytest.approx(0.5, abs=0.02)


def test_a_model_that_is_always_wrong_is_one_finding(succ: Task, brief: Budget) -> None:
    result = run_campaign(lambda inputs: [["?"]] * len(inputs), succ, budget=brief)
    (finding,) = result.findings
    assert str(finding.rule) == "always"
    assert (finding.precision, finding.recall) == (1, 1)
    assert (str(finding.counterexample), finding.kind) == ("One", "unknown token")
    assert str(finding.actual) == "?"
    assert str(finding.expected) == "XO One"


def test_answers_are_shown_as_values_where_they_are_some(succ: Task, clamped: Answering, brief: Budget) -> None:
    (finding,) = run_campaign(clamped, succ, budget=brief).findings
    assert isinstance(finding.actual, Value)
    assert str(finding.actual) == "XO (XO (XI One))"


def test_where_no_rule_tells_failures_apart_none_is_given(succ: Task, brief: Budget) -> None:
    """A model that is wrong here and there, by a hash of the input."""

    def model(inputs: Sequence[Datum]) -> list[Any]:
        outputs = succ.function.of_each(inputs)
        return ["?" if digest("fault", str(v)) % 10 == 0 else o for v, o in zip(inputs, outputs, strict=True)]

    result = run_campaign(model, succ, budget=brief)
    last = result.findings[-1]
    assert last.rule is None
    assert last.to_json()["rule"] is None
    assert (last.score.hits, last.score.predicted) == (0, 0)
    assert all(
        f.rule is not None and not f.rule.holds(succ.features([last.counterexample], [Value("One")]))[0]
        for f in result.findings[:-1]
    )
    assert examine(model, succ, [last.counterexample]) == [last.failure]


def test_counterexamples_are_of_their_own_finding(succ: Task, planted: Callable[[Task, str], Answering]) -> None:
    """Shrunk within what its rule predicts and no earlier rule does, even where a smaller failure of its kind is near."""
    lines = (
        "fun carry (n : Pos) : Int = match n with XI b => 1 + carry b | _ => 0 end\n"
        "fun bug n = match n with XO b => One | _ => if carry n >= 4 then One else succ n end"
    )
    result = run_campaign(planted(succ, lines), succ, budget=Budget(3_000, 500, 50))
    assert {str(f.counterexample) for f in result.findings} == {"XI (XI (XI (XI One)))", "XO One"}
    for finding in result.findings:
        assert finding.rule is not None
        (output,) = succ.function.of_each([finding.counterexample])
        assert finding.rule.holds(succ.features([finding.counterexample], [output])).all()
        assert finding.precision >= 0.95


def test_a_stray_failure_below_does_not_draw_a_counterexample_away(succ: Task, planted: Callable[[Task, str], Answering]) -> None:
    """`XO One` is a part of every large number that ends so, and fails for another reason."""
    lines = (
        "fun length (n : Pos) : Int = match n with One => 1 | XO b => 1 + length b | XI b => 1 + length b end\n"
        "fun bug n = match n with XO One => One | _ => if length n >= 9 then One else succ n end"
    )
    result = run_campaign(planted(succ, lines), succ, budget=Budget(2_000, 500, 50))
    assert str(result.findings[0].rule) == "size >= 9"
    assert succ.input_codec.encode(result.findings[0].counterexample) == ["X0"] * 8 + ["01"]
    assert str(result.findings[1].counterexample) == "XO One"


def test_smaller_failures_of_every_kind_are_kept(succ: Task, clamped: Answering, brief: Budget) -> None:
    (finding,) = run_campaign(clamped, succ, budget=brief).findings
    assert [(str(f.input), f.kind) for f in finding.smallest] == [
        ("XI (XI (XI One))", "too short"),
        ("XI (XI (XI (XO One)))", "wrong token"),
    ]


def test_where_a_search_looks_further(succ: Task, inorder: Task, make_task: Callable[..., Task]) -> None:
    def kinds(task: Task) -> list[str]:
        return [part["kind"] for part in probing(task.space, 9).to_config()["parts"]]

    assert kinds(succ) == ["uniform", "by-depth"]
    assert kinds(inorder) == ["uniform", "by-depth", "spines"]
    flat = make_task("f", ("prefix", "prefix"), source="fun f (x : Bool) : Bool = x", program="f.rec")
    assert kinds(flat) == ["uniform"]


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ("fun f (x : Bool) : Bool = x", "True"),
        ("fun f (xs : List Int) : List Int = xs", "[0]"),
        ("fun f (p : (Int, Bool)) : Int = match p with (n, _) => n end", "(0, True)"),
        ("type R = R (List R)\nfun f (r : R) : R = r", "R [R []]"),
    ],
)
def test_other_types_are_searched_too(source: str, wrong: Any, make_task: Callable[..., Task], brief: Budget) -> None:
    """Functions without a recursion of their own, without structure, and with structure through a list."""
    task = make_task("f", ("prefix", "prefix"), source=source, program="f.rec", distribution={"kind": "uniform", "sizes": [1, 5]})
    result = run_campaign(
        lambda inputs: ["?" if str(v) == wrong else o for v, o in zip(inputs, task.function.of_each(inputs), strict=True)],
        task,
        budget=brief,
    )
    assert str(result.findings[0].counterexample) == wrong


# Events


def test_events_tell_the_whole_course(succ: Task, clamped: Answering, brief: Budget) -> None:
    heard: list[Event] = []
    result = run_campaign(clamped, succ, budget=brief, listener=heard.append)
    planned = [("small", 250), ("edges", 50), ("uniform", 200), ("coverage", 700), ("fresh", 500)]
    assert [(e.phase, e.planned) for e in heard if isinstance(e, PhaseStarted)] == planned
    tested = {e.phase: (e.tested, e.failures) for e in heard if isinstance(e, BatchTested)}
    assert {phase: n for phase, (n, _) in tested.items()} == dict(planned)
    assert sum(tested[phase][1] for phase in ("small", "edges", "coverage")) == result.searched.failing.sum()
    assert tested["uniform"][1] == result.rate.failures
    shrunk = [e for e in heard if isinstance(e, Shrunk)]
    assert {e.after for e in shrunk} >= set(result.findings[0].smallest)
    assert all(e.before.kind == e.after.kind for e in shrunk)
    assert isinstance(heard[-1], Finished)
    assert heard[-1].seconds == result.seconds


# A model that stops, and Ctrl-C


def failing_then(succ: Task, clamped: Answering, stop: Callable[[], Any], at: int) -> Recorded:
    return Recorded(clamped, at, stop)


def broken() -> Any:
    raise ValueError("out of memory")


def interrupt() -> Any:
    raise KeyboardInterrupt


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 6])
def test_what_was_found_before_a_model_stopped_is_kept(at: int, succ: Task, clamped: Answering, brief: Budget) -> None:
    if at == 0:
        with pytest.raises(ModelError, match="the model raised ValueError: out of memory"):
            run_campaign(Recorded(clamped, at, broken), succ, budget=brief)
        return
    result = run_campaign(Recorded(clamped, at, broken), succ, budget=brief)
    assert not result.interrupted
    assert result.stopped is not None
    assert result.stopped.startswith("the model no longer answers: none of ")
    assert "the model raised ValueError: out of memory" in result.stopped
    assert str(result.findings[0].rule) == "recursion_depth >= 3"
    assert result.findings[0].smallest
    assert {lost.loss for lost in result.lost} == {"raised"}


def test_a_model_that_stops_before_anything_was_found_is_told(succ: Task, brief: Budget) -> None:
    with pytest.raises(CampaignStopped, match=r"no longer answers.*out of memory") as caught:
        run_campaign(Recorded(succ.function.of_each, 2, broken), succ, budget=brief)
    assert isinstance(caught.value, ModelError)
    assert len(caught.value.result.searched.inputs) == 32, "the smallest and the edges that were asked in two batches"
    assert set(caught.value.result.sampled.inputs) <= set(caught.value.result.searched.inputs), "known by then"
    assert not caught.value.result.findings


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 5, 6])
def test_an_interrupt_ends_the_search_and_keeps_what_was_found(at: int, succ: Task, clamped: Answering, brief: Budget) -> None:
    result = run_campaign(Recorded(clamped, at, interrupt), succ, budget=brief)
    assert result.interrupted
    assert result.to_json()["interrupted"] is True
    assert bool(result.findings) == (at > 0)


@pytest.mark.parametrize("last", [1, 2, 3, 4])
def test_an_interrupt_between_questions_keeps_what_was_found(
    last: int, succ: Task, clamped: Answering, brief: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after(calls: float) -> tuple[Result, int]:
        counted = 0

        def evidence(*parts: Any) -> Evidence:
            nonlocal counted
            counted += 1
            if counted == calls:
                interrupt()
            return Evidence(*parts)

        monkeypatch.setattr("recsyn.testing.campaign.Evidence", evidence)
        return run_campaign(clamped, succ, budget=brief), counted

    whole, calls = after(math.inf)
    result, _ = after(calls - last + 1)
    assert result.interrupted
    assert result.rate == whole.rate
    assert result.findings[0].kind == whole.findings[0].kind


def test_a_whole_campaign_is_not_interrupted(succ: Task, brief: Budget) -> None:
    assert not run_campaign(succ.function.of_each, succ, budget=brief).interrupted


BAD: dict[str, tuple[Callable[[Sequence[Datum]], Any], str]] = {
    "too few": (lambda inputs: list(inputs)[:-1], "returned 15 answers for a batch of 16 inputs"),
    "too many": (lambda inputs: [*inputs, *inputs], "returned 32 answers for a batch of 16 inputs"),
    "none at all": (lambda inputs: [], "returned 0 answers for a batch of 16 inputs"),
    "None": (lambda inputs: None, "returned one NoneType for a batch of 16 inputs"),
    "a number": (lambda inputs: 3, "returned one int for a batch of 16 inputs"),
    "a text": (lambda inputs: "X0 01", "returned one str for a batch of 16 inputs"),
    "bytes": (lambda inputs: b"X0 01", "returned one bytes for a batch of 16 inputs"),
    "a value": (lambda inputs: Value("One"), "returned one Value for a batch of 16 inputs"),
    "a dict": (lambda inputs: {v: v for v in inputs}, "returned one dict for a batch of 16 inputs"),
    "a set": (lambda inputs: set(inputs), "returned one set for a batch of 16 inputs"),
    "an object": (lambda inputs: [object() for _ in inputs], "answered One: <object object"),
    "a None": (lambda inputs: [None for _ in inputs], "answered One: None, which is no sequence of tokens"),
    "bools": (lambda inputs: [True for _ in inputs], "answered One: True, which is no sequence of tokens"),
    "lists of bools": (lambda inputs: [[True] for _ in inputs], r"answered One: \[True\], which is no sequence of tokens"),
    "floats": (lambda inputs: [[1.5] for _ in inputs], r"answered One: \[1.5\], which is no sequence of tokens"),
    "a dict each": (lambda inputs: [{"X0": 1} for _ in inputs], "answered One: {'X0': 1}, which is no sequence of tokens"),
    "another type": (lambda inputs: [Value("True") for _ in inputs], "a value of another type: True is no Pos"),
    "a number each": (lambda inputs: [7 for _ in inputs], "a value of another type: 7 is no Pos"),
    "too many fields": (
        lambda inputs: [Value("One", (1,)) for _ in inputs],
        "a value of another type: One has 0 fields, not 1",
    ),
    "raising": (lambda inputs: 1 / 0, "the model raised ZeroDivisionError: division by zero"),
    "wants more": (lambda: [], "the model raised TypeError"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_model_that_does_not_answer_is_told_so(kind: str, succ: Task, brief: Budget) -> None:
    model, said = BAD[kind]
    with pytest.raises(ModelError, match=said) as caught:
        run_campaign(model, succ, budget=brief)
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 250


def test_an_iterator_that_breaks_off_is_a_model_that_raises(succ: Task, brief: Budget) -> None:
    def answers(inputs: Sequence[Datum]) -> Iterator[Any]:
        yield from inputs[:3]
        raise OSError("connection lost")

    with pytest.raises(ModelError, match="the model raised OSError: connection lost"):
        run_campaign(answers, succ, budget=brief)


def test_an_error_of_the_users_own_keeps_its_words(succ: Task, brief: Budget) -> None:
    def model(inputs: Sequence[Datum]) -> list[Any]:
        raise RecsynError("the server is not running", "start it")

    with pytest.raises(RecsynError) as caught:
        run_campaign(model, succ, budget=brief)
    assert (caught.value.message, caught.value.hint) == ("the server is not running", "start it")


def test_mixtures_and_plain_distributions_both_bound_the_search(succ: Task, brief: Budget) -> None:
    mixed = succ.with_distribution(Mixture(((1.0, Uniform(1, 4)), (2.0, Uniform(3, 6)))))
    assert run_campaign(succ.function.of_each, mixed, budget=brief).max_size == 6
