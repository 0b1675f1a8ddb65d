"""Two campaigns side by side: how findings are matched, and what files are refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.campaign import Budget, run_campaign
from recsyn.testing.comparison import Campaign, Told, compare, read_campaign
from recsyn.testing.findings import Result
from recsyn.testing.rates import Rate
from recsyn.values import Datum

Answering = Callable[[Sequence[Datum]], list[Any]]
SWAPPED = "fun bug t = match t with Leaf => [] | Branch v l r => v :: append (bug l) (bug r) end"
DEEP = (
    "fun upto (k : Int) (t : Tree a) : List a = match t with Leaf => []"
    " | Branch v l r => if k == 0 then [] else append (upto (k - 1) l) (v :: upto (k - 1) r) end\nfun bug t = upto 2 t"
)


@pytest.fixture(scope="module")
def results(inorder: Task, planted: Callable[[Task, str], Answering], itself: Callable[[Task], Answering]) -> dict[str, Result]:
    budget = Budget(600, 300, 200)
    models = {"swapped": planted(inorder, SWAPPED), "deep": planted(inorder, DEEP), "right": itself(inorder)}
    return {name: run_campaign(model, inorder, budget=budget, seed=4) for name, model in models.items()}


@pytest.fixture
def kept(results: dict[str, Result], tmp_path: Path) -> Callable[..., Path]:
    def keep(name: str, **changed: Any) -> Path:
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps({**results[name].to_json(), **changed}), "utf-8")
        return path

    return keep


def test_a_file_says_what_the_campaign_found(results: dict[str, Result], kept: Callable[..., Path]) -> None:
    result, read = results["deep"], read_campaign(kept("deep", model="runs/deep"))
    assert read.model == "runs/deep"
    assert (read.rate, read.function, read.whole) == (result.rate, "inorder", True)
    assert [t.counterexample for t in read.findings] == [str(f.counterexample) for f in result.findings]
    for name, column in result.sampled.columns.items():
        counted: dict[tuple[int, int], list[int]] = {at: [0, 0] for at in read.by[name]}
        for number, failure in zip(column.tolist(), result.sampled.failures, strict=True):
            (at,) = [(low, high) for low, high in counted if low <= number <= high]
            counted[at][0] += failure is not None
            counted[at][1] += 1
        assert {at: (rate.failures, rate.tested) for at, rate in read.by[name].items()} == {
            at: tuple(counts) for at, counts in counted.items()
        }


def test_what_is_gone_and_what_is_new(kept: Callable[..., Path]) -> None:
    swapped, right = read_campaign(kept("swapped")), read_campaign(kept("right"))
    worse, better, same = compare(right, swapped), compare(swapped, right), compare(swapped, swapped)
    assert (worse.is_worse, better.is_worse, same.is_worse) == (True, False, False)
    assert {m.standing for m in worse.findings} == {"new"}
    assert {m.standing for m in better.findings} == {"gone"}
    assert {m.standing for m in same.findings} == {"in both"}
    assert worse.same_sample
    assert worse.difference.share == pytest.approx(swapped.rate.share - right.rate.share)
    assert worse.difference.interval[0] > 0
    json.dumps(worse.to_json(), allow_nan=False)


def campaign(*findings: Told, **fields: Any) -> Campaign:
    base = Campaign("f", None, "f", "0", 0, 9, Rate(0, 9), "s", "x", {}, findings, {}, 0, True)
    return dataclasses.replace(base, **fields)


def test_a_counterexample_matches_before_a_rule_does() -> None:
    a, b = Told("1", "too short", "size >= 2"), Told("2", "too long", "size >= 3")
    moved, renamed = Told("2", "too long", "size >= 2"), Told("3", "too long", "size >= 2")
    comparison = compare(campaign(a, b), campaign(moved, renamed))
    assert [(m.before, m.after) for m in comparison.findings] == [(a, renamed), (b, moved)]
    unruled = compare(campaign(Told("1", "k", None)), campaign(Told("2", "k", None)))
    assert [m.standing for m in unruled.findings] == ["gone", "new"]


@given(*[st.lists(st.builds(Told, st.sampled_from("123"), st.just("k"), st.sampled_from(["r", "q", None])), max_size=4)] * 2)
def test_every_finding_is_told_once(first: list[Told], second: list[Told]) -> None:
    comparison = compare(campaign(*first), campaign(*second))
    assert [m.before for m in comparison.findings if m.before] == first
    assert sorted(map(str, (m.after for m in comparison.findings if m.after))) == sorted(map(str, second))
    for m in comparison.findings:
        if m.before and m.after:
            assert m.before.counterexample == m.after.counterexample or m.before.rule == m.after.rule is not None


def test_what_is_to_be_known_first() -> None:
    odd = campaign(program="1", sampling="t", lost={"raised": 3}, whole=False, file="g")
    remarks = compare(campaign(), odd).remarks
    assert [r.split(":")[0] for r in remarks[:3]] == ["the programs differ", "the rates are of different inputs", "g ended early"]
    assert "3 inputs without a verdict" in remarks[3]
    (remark,) = compare(campaign(), campaign()).remarks
    assert remark.startswith("both rates are of the same 9 inputs")
    assert "`recsyn replay`" in compare(campaign(Told("1", "too short", None)), campaign()).remarks[-1]


def test_what_was_not_measured_is_not_compared() -> None:
    comparison = compare(campaign(rate=Rate(0, 0)), campaign())
    assert not comparison.same_sample
    assert comparison.to_json()["difference"] == {"share": None, "low": -1.0, "high": 1.0}


def test_other_functions_are_refused() -> None:
    with pytest.raises(RecsynError, match="about f, and g about g"):
        compare(campaign(), campaign(function="g", file="g"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not JSON"),
        ("[]", "no campaign file"),
        ('{"format": 1}', "no campaign file"),
        ('{"format": 9, "rate": {}, "findings": []}', "format 9, and 1 is read"),
        ('{"format": 1, "rate": {}, "findings": []}', "damaged campaign file: it has no 'function'"),
        ('{"rate": 1' + "1" * 5_000 + "}", "not JSON"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(RecsynError, match=told):
        read_campaign(tmp_path / "a.json")
    with pytest.raises(RecsynError, match="there is no campaign file"):
        read_campaign(tmp_path / "b.json")
    with pytest.raises(RecsynError, match="is a folder"):
        read_campaign(tmp_path)


@settings(max_examples=150)
@given(st.data())
def test_a_damaged_file_is_refused_or_read_but_never_breaks(results: dict[str, Result], tmp_path_factory: Any, data: Any) -> None:
    told = json.loads(json.dumps(results["deep"].to_json()))
    at: Any = told
    while True:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    if data.draw(st.booleans()):
        del at[key]
    else:
        at[key] = data.draw(st.sampled_from([None, -1, 1.5, True, "x", [], {}, [[]], 10**30, {"a": None}]))
    path = tmp_path_factory.getbasetemp() / "damaged.json"
    path.write_text(json.dumps(told))
    message = "damaged.json"
    try:
        compare(read_campaign(path), read_campaign(path)).to_json()
    except RecsynError as error:
        message = error.message
    assert "damaged.json" in message
