"""Observations: every input is there, in the format that Hypothesis documents."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from recsyn.data.tasks import Task
from recsyn.testing.campaign import Budget, run_campaign
from recsyn.testing.findings import Result
from recsyn.testing.tyche import write_tyche
from recsyn.testing.verdicts import Lost
from recsyn.values import Datum, Value, show

observability = pytest.importorskip("hypothesis.internal.observability")
Answering = Callable[[Sequence[Datum]], list[Any]]
# Hypothesis's schema of observations, in which every property is required and no other is allowed.
RUN = {"property": str, "run_start": float}
CASE = RUN | {
    "type": str,
    "status": str,
    "status_reason": str,
    "representation": str,
    "arguments": dict,
    "how_generated": str | None,
    "features": dict,
    "coverage": dict | None,
    "timing": dict,
    "metadata": dict,
}
MESSAGE = RUN | {"type": str, "title": str, "content": str}


@pytest.fixture(scope="module")
def result(inorder: Task, planted: Callable[[Task, str], Answering]) -> Result:
    bug = "fun bug t = match t with Leaf => [] | Branch v l r => v :: append (bug l) (bug r) end"
    found = run_campaign(planted(inorder, bug), inorder, budget=Budget(300, 200, 100), seed=1)
    lost = (Lost(Value("Leaf"), "raised", "no \u2028 luck \ud800"),)
    return dataclasses.replace(found, lost=lost, remarks=("a remark",), stopped="the model died")


@pytest.fixture(scope="module")
def rows(result: Result, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    path = write_tyche(tmp_path_factory.mktemp("tyche") / "observed.jsonl", result, 12.5)
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def test_every_line_has_the_fields_of_its_type(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        fields = CASE if row["type"] == "test_case" else MESSAGE
        assert set(row) == set(fields)
        assert all(isinstance(row[name], kind) for name, kind in fields.items())
    assert {row["type"] for row in rows} == {"test_case", "alert", "error"}
    assert {row["status"] for row in rows if "status" in row} == {"passed", "failed", "gave_up"}


def test_the_fields_are_those_of_the_installed_hypothesis() -> None:
    fields = observability.TestCaseObservation.__dataclass_fields__
    assert set(fields) == set(CASE)
    assert set(observability.InfoObservation.__dataclass_fields__) == set(MESSAGE)


def test_every_input_is_there_with_its_verdict_and_features(result: Result, rows: list[dict[str, Any]]) -> None:
    told = [row for row in rows if row["type"] == "test_case"]
    evidence = {"searched": result.searched, "sampled": result.sampled, "fresh": result.fresh}
    assert Counter(row["how_generated"] for row in told) == {**{n: len(e.inputs) for n, e in evidence.items()}, None: 1}
    for name, each in evidence.items():
        of = [row for row in told if row["how_generated"] == name]
        assert [row["arguments"]["input"] for row in of] == list(map(show, each.inputs))
        assert [row["status"] == "failed" for row in of] == each.failing.tolist()
        assert [row["status_reason"] for row in of] == [f.kind if f else "" for f in each.failures]
        for feature, column in each.columns.items():
            assert [row["features"][feature] for row in of] == column.tolist()
    assert told[-1]["status"] == "gave_up"
    assert told[-1]["status_reason"].startswith("raised: no")
