"""JUnit XML of campaigns: its shape, that it says what was found, and that no text breaks it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.campaign import Budget, run_campaign
from recsyn.testing.findings import Result, Tally
from recsyn.testing.junit import cases, write_junit
from recsyn.testing.verdicts import Lost
from recsyn.values import Datum, Value

Answering = Callable[[Sequence[Datum]], list[Any]]
ENDED = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
# The schema that Jenkins' plug-in is tested by, so far as it is used here: the attributes that must and may be there, the children.
SHAPE: dict[str, tuple[set[str], set[str], str]] = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, set(), "(testsuite )*"),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id", "package", "skipped"},
        set(),
        "properties (testcase )*system-out system-err ",
    ),
    "properties": (set(), set(), "(property )*"),
    "property": ({"name", "value"}, set(), ""),
    "testcase": ({"name", "classname", "time"}, set(), "(failure |error )?"),
    "failure": ({"type", "message"}, set(), ""),
    "error": ({"type", "message"}, set(), ""),
    "system-out": (set(), set(), ""),
    "system-err": (set(), set(), ""),
}


@pytest.fixture(scope="module")
def result(inorder: Task, planted: Callable[[Task, str], Answering], brief: Budget) -> Result:
    bug = "fun bug t = match t with Leaf => [] | Branch v l r => v :: append (bug l) (bug r) end"
    found = run_campaign(planted(inorder, bug), inorder, budget=brief, seed=1)
    leaf = Value("Leaf")
    lost = tuple(Lost(Value("Branch", (i % 7, leaf, leaf)), "timed out" if i % 2 else "raised", f"why {i}") for i in range(50))
    return dataclasses.replace(found, lost=lost, tallies=(Tally("small", 250, 0, 0), Tally("wide", 750, 300, 50)), seconds=30.5)


def written(folder: Path, result: Result) -> ElementTree.Element:
    root = ElementTree.parse(write_junit(folder / "junit.xml", result, ENDED)).getroot()
    for element in root.iter():
        required, optional, children = SHAPE[element.tag]
        assert required <= set(element.attrib) <= required | optional
        assert re.fullmatch(children, "".join(f"{child.tag} " for child in element))
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["tests"]) == len(list(suite.iter("testcase")))
        assert int(suite.attrib["failures"]) == len(list(suite.iter("failure")))
        assert int(suite.attrib["errors"]) == len(list(suite.iter("error")))
        assert re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}", suite.attrib["timestamp"])
    return root


def test_findings_fail_losses_are_errors_and_sound_phases_pass(tmp_path: Path, result: Result) -> None:
    root = written(tmp_path, result)
    listed = {case.attrib["name"]: case for case in root.iter("testcase")}
    failed = [case for case in listed.values() if case.find("failure") is not None]
    assert len(failed) == len(result.findings) > 0
    for case, finding in zip(failed, result.findings, strict=True):
        assert str(finding.rule or "no simple rule") in case.attrib["name"]
        told = case.find("failure").text
        assert " ".join(finding.failure.expected) in told
        assert " ".join(result.task.input_codec.encode(finding.counterexample)) in told
    assert len(listed["small: 250 inputs"]) == 0
    assert not [name for name in listed if name.startswith("wide")]
    error = listed["lost: timed out"].find("error")
    assert error.attrib["message"] == "25 inputs without a verdict: timed out"
    assert error.text.splitlines()[0].endswith(": why 1")
    assert error.text.splitlines()[-1] == "and 5 more"
    properties = {p.attrib["name"]: p.attrib["value"] for p in root.iter("property")}
    assert properties["seed"] == "1"
    assert float(properties["rate.low"]) < float(properties["rate"]) < float(properties["rate.high"])
    assert [s.attrib["timestamp"] for s in root.iter("testsuite")] == ["2026-05-04T11:59:59"]


def test_a_campaign_that_ended_early_is_an_error(tmp_path: Path, result: Result) -> None:
    for ended, kind in (({"stopped": "the model died"}, "stopped"), ({"interrupted": True}, "interrupted")):
        root = written(tmp_path, dataclasses.replace(result, **ended))
        case = next(c for c in root.iter("testcase") if c.attrib["name"] == "the whole campaign")
        assert case.find("error").attrib["type"] == kind


def test_failures_that_no_finding_tells_fail_their_phase(result: Result) -> None:
    bare = dataclasses.replace(result, findings=(), lost=())
    assert [(case.name, case.outcome) for case in cases(bare)] == [("small: 250 inputs", None), ("wide: 750 inputs", "failure")]


@given(st.text(st.characters(exclude_categories=()), max_size=20))
def test_whatever_a_model_says_is_legal_xml(result: Result, tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    lost = (dataclasses.replace(result.lost[0], why=text),)
    root = written(tmp_path_factory.getbasetemp(), dataclasses.replace(result, lost=lost, stopped=text, remarks=(text,)))
    legal = "".join(c for c in text if c >= " " and c.isprintable())
    if legal == text:
        assert next(root.iter("system-err")).text == (text or None)


def test_a_file_that_cannot_be_written(tmp_path: Path, result: Result) -> None:
    with pytest.raises(RecsynError, match="JUnit XML cannot be written"):
        write_junit(tmp_path, result)
