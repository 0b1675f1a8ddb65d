"""Crash files: written, read, run again, and refused when they are damaged."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.randomness import digest
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.crashes import read_crash, replay, write_crashes
from recsyn.testing.findings import Result
from recsyn.values import Datum

Answering = Callable[[Sequence[Datum]], list[Any]]
STOPS = (
    "fun upto (k : Int) (t : Tree a) : List a = match t with Leaf => []"
    " | Branch v l r => if k == 0 then [] else append (upto (k - 1) l) (v :: upto (k - 1) r) end\nfun bug t = upto 1 t"
)


@pytest.fixture(scope="module")
def stopping(inorder: Task, planted: Callable[[Task, str], Answering]) -> Answering:
    return planted(inorder, STOPS)


@pytest.fixture(scope="module")
def result(inorder: Task, stopping: Answering) -> Result:
    return run_campaign(stopping, inorder, budget=Budget(600, 300, 50), seed=2)


@pytest.fixture(scope="module")
def crash_file(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    (path,) = write_crashes(result, tmp_path_factory.mktemp("crashes") / "new" / "folder", model="runs/one")
    return path


def test_a_crash_comes_back(crash_file: Path, result: Result, inorder: Task, stopping: Answering) -> None:
    crash = read_crash(crash_file)
    assert crash.task.to_config() == inorder.to_config()
    assert crash.inputs == tuple((f.input, f.kind) for f in result.findings[0].smallest)
    assert (crash.model, crash.rule) == ("runs/one", str(result.findings[0].rule))
    assert replay(crash, stopping) == list(result.findings[0].smallest)
    assert replay(crash, inorder.function.of_each) == [None] * len(crash.inputs)


def test_a_crash_file_reads_like_the_finding(crash_file: Path, result: Result) -> None:
    data = json.loads(crash_file.read_text("utf-8"))
    failure = result.findings[0].failure
    assert crash_file.name.startswith("inorder-")
    assert data["failures"][0] == {
        "input": ["0", "EMPTY", "(", "0", "EMPTY", "EMPTY", ")"],
        "kind": "too short",
        "expected": list(failure.expected),
        "actual": ["0"],
        "ended": True,
    }
    assert data["finding"] == json.loads(json.dumps(result.findings[0].to_json()))
    assert data["seed"] == 2


def test_writing_again_writes_the_same_file(crash_file: Path, result: Result) -> None:
    before = crash_file.read_bytes()
    assert write_crashes(result, crash_file.parent, model="runs/one") == [crash_file]
    assert crash_file.read_bytes() == before
    assert list(crash_file.parent.iterdir()) == [crash_file]


def test_models_that_are_no_files_leave_no_name(result: Result, tmp_path: Path) -> None:
    assert read_crash(write_crashes(result, str(tmp_path))[0]).model is None


def test_no_findings_are_no_files(inorder: Task, brief: Budget, tmp_path: Path) -> None:
    assert write_crashes(run_campaign(inorder.function.of_each, inorder, budget=brief), tmp_path / "x") == []


def test_a_folder_that_cannot_be_made_is_told(result: Result, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(RecsynError, match="crash files cannot be written to"):
        write_crashes(result, tmp_path / "file")
    with pytest.raises(RecsynError, match="crash files cannot be written to"):
        write_crashes(result, tmp_path / "file" / "below")


DAMAGE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "not JSON"),
    "binary": (bytes(range(256)), "not JSON"),
    "a NUL": (b"\0", "not JSON"),
    "a text": (b"hello", "not JSON"),
    "nested": (b"[" * 100_000, "not JSON"),
    "many digits": (b'{"format": 1' + b"0" * 5_000 + b"}", "not JSON"),
    "a list": (b"[]", "no crash file of format 1"),
    "null": (b"null", "no crash file of format 1"),
    "another format": (b'{"format": 2, "failures": []}', "no crash file of format 1"),
    "no failures": (b'{"format": 1}', "no crash file of format 1"),
    "failures that are none": (b'{"format": 1, "failures": 3}', "no crash file of format 1"),
    "no task": (b'{"format": 1, "failures": []}', "a task is a mapping"),
    "a foreign task": (b'{"format": 1, "failures": [], "task": {"x": 1}}', "a task has no field 'x'"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_no_crash_file_is_told(kind: str, tmp_path: Path) -> None:
    content, said = DAMAGE[kind]
    path = tmp_path / "crash.json"
    path.write_bytes(content)
    with pytest.raises(RecsynError, match=said) as caught:
        read_crash(path)
    assert "crash.json" in caught.value.message


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="there is no crash file"):
        read_crash(tmp_path / "none.json")
    with pytest.raises(RecsynError, match="is a folder"):
        read_crash(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(RecsynError, match="cannot be read"):
        read_crash(tmp_path / "file" / "below.json")


def test_every_truncation_is_told(crash_file: Path, tmp_path: Path) -> None:
    whole = crash_file.read_bytes()
    path = tmp_path / "cut.json"
    for end in {*range(0, len(whole.rstrip()), 37), len(whole.rstrip()) - 1}:
        path.write_bytes(whole[:end])
        with pytest.raises(RecsynError, match="not JSON"):
            read_crash(path)


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        (["0", "EMPTY"], "an input is no Tree Int: at token 3: expected"),
        (["0", "EMPTY", "EMPTY", "EMPTY"], "at token 4: the tree is complete"),
        (["99", "EMPTY", "EMPTY"], "`99` does not begin an Int"),
        ("0 EMPTY EMPTY", "has no input"),
        (None, "has no input"),
        ([0, "EMPTY", "EMPTY"], "has no input"),
    ],
)
def test_an_input_that_is_none_is_told(tokens: Any, said: str, crash_file: Path, tmp_path: Path) -> None:
    data = json.loads(crash_file.read_text("utf-8"))
    data["failures"][0]["input"] = tokens
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(data))
    with pytest.raises(RecsynError, match=said):
        read_crash(path)


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    below = data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ()
    return [*([path] if path else []), *(place for key in below for place in places(data[key], (*path, key)))]


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.text(max_size=8) | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@given(data=st.data())
@settings(max_examples=150)
def test_a_field_changed_at_random_is_harmless_or_told(
    data: st.DataObject, crash_file: Path, stopping: Answering, tmp_path_factory: pytest.TempPathFactory
) -> None:
    changed = copy.deepcopy(json.loads(crash_file.read_text("utf-8")))
    *above, last = data.draw(st.sampled_from(places(changed)))
    place = changed
    for key in above:
        place = place[key]
    if data.draw(st.booleans()):
        place[last] = data.draw(JUNK)
    else:
        del place[last]
    path = tmp_path_factory.getbasetemp() / "changed.json"
    path.write_text(json.dumps(changed))
    try:
        crash = read_crash(path)
        replay(crash, stopping)
    except RecsynError as error:
        told = error.message
    else:
        told = "harmless"
    assert told


def test_failures_without_a_rule_are_kept_too(inorder: Task, tmp_path: Path) -> None:
    def model(inputs: Sequence[Datum]) -> list[Any]:
        outputs = inorder.function.of_each(inputs)
        return [["?"] * 9 if digest("fault", str(v)) % 9 == 0 else o for v, o in zip(inputs, outputs, strict=True)]

    found = run_campaign(model, inorder, budget=Budget(600, 200, 50))
    assert found.findings[-1].rule is None
    crashes = [read_crash(path) for path in write_crashes(found, tmp_path)]
    assert crashes[-1].rule is None
    assert all(None not in replay(crash, model) for crash in crashes)
