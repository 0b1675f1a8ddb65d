"""``recsyn compare``: what it prints, its exit codes, and what it says to bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recsyn.data.tasks import task_from_config
from recsyn.testing.campaign import Budget, run_campaign


@pytest.fixture(scope="module")
def files(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The campaign against a model that answers with its input, and that against one that is right."""
    source = (examples / "successor.rec").read_text("utf-8")
    task = task_from_config(
        {"source": source, "function": "succ", "distribution": {"kind": "uniform", "sizes": [1, 9]}, "name": "successor"}
    )
    folder = tmp_path_factory.mktemp("campaigns")
    for name, model in (("copying", list), ("right", task.function.of_each)):
        result = run_campaign(model, task, budget=Budget(200, 100, 100))
        (folder / name).write_text(json.dumps({**result.to_json(), "model": f"runs/{name}"}))
    return folder / "copying", folder / "right"


def test_a_new_finding_exits_with_1_and_one_that_is_gone_with_0(recsyn, files: tuple[Path, Path]) -> None:
    copying, right = files
    code, out, err = recsyn("compare", copying, right)
    assert (code, err) == (0, "")
    assert "gone: wrong where always\n  smallest counterexample in A: One (too short)\n" in out
    assert "failure rate of B less that of A: -100.00 points (95 % interval -100.00 to -9" in out
    assert "runs/copying" in out
    assert "failure rate by recursion depth" in out
    assert "both rates are of the same 100 inputs" in out
    code, out, _ = recsyn("compare", right, copying)
    assert code == 1
    assert "new: wrong where always\n  smallest counterexample in B: One" in out
    code, out, _ = recsyn("compare", copying, copying)
    assert code == 0
    assert "in both: wrong where always\n  smallest counterexample in both: One" in out


def test_as_json(recsyn, files: tuple[Path, Path]) -> None:
    code, out, _ = recsyn("compare", files[1], files[0], "--json")
    assert code == 1
    told = json.loads(out)
    assert told["worse"]
    assert [finding["standing"] for finding in told["findings"]] == ["new"]
    assert told["difference"]["share"] == 1.0
    assert told["after"]["model"] == "runs/copying"


def test_bad_files_give_one_message_and_2(recsyn, files: tuple[Path, Path], tmp_path: Path) -> None:
    for second, told in ((tmp_path / "none.json", "there is no campaign file"), (tmp_path, "is a folder")):
        code, out, err = recsyn("compare", files[0], second)
        assert (code, out) == (2, "")
        assert told in err
        assert "recsyn fuzz CHECKPOINT --json > FILE" in err
