"""What ``recsyn eval`` prints, of a model that is wrong where a feature says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from recsyn.cli.main import main
from recsyn.data.distributions import Uniform
from recsyn.data.rows import generate, split_of
from recsyn.data.splits import Splits
from recsyn.data.tasks import Task, task_from_config
from recsyn.neural.architecture import Architecture
from recsyn.values import Datum

Run = Callable[..., tuple[int, str, str]]
TOO_DEEP = 2
"""Carries that the model gets wrong."""


@dataclass
class Fake:
    """A checkpoint's model whose answer ends too early where the carry is long, and that counts what it is asked."""

    task: Task
    asked: int = 0

    @property
    def checkpoint(self) -> Any:
        return SimpleNamespace(task=self.task, architecture=Architecture(max_positions=24))

    def __call__(self, inputs: Sequence[Datum]) -> list[list[str]]:
        self.asked += len(inputs)
        outputs = self.task.function.of_each(inputs)
        deep = self.task.features(inputs, outputs)["recursion_depth"] >= TOO_DEEP
        return [tokens[: len(tokens) - d] for tokens, d in zip(self.task.answers(inputs, outputs), deep, strict=True)]


@pytest.fixture
def model(examples: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    fake = Fake(
        task_from_config(
            {
                "name": "carries",
                "source": (examples / "successor.rec").read_text(),
                "function": "succ",
                "distribution": {"kind": "by-depth", "sizes": [1, 10], "depths": [0, 5]},
                "splits": {"groups": {"longer": {"where": "size > 10", "distribution": {"kind": "uniform", "sizes": [11, 20]}}}},
            }
        )
    )
    monkeypatch.setattr("recsyn.cli.eval.load_model", lambda folder: fake)
    return fake


@pytest.fixture
def one_round(model: Fake) -> Fake:
    """The same of a model that is asked for one round."""
    model.task = replace(model.task, asks="rounds", rounds=1)
    return model


@pytest.fixture
def evaluated(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the verb on the fake: its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["eval", "folder", *map(str, arguments)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_tables_by_depth_lengths_size_and_shape(model: Fake, evaluated: Run) -> None:
    code, out, _ = evaluated("-n", 300)
    assert code == 0
    assert out.startswith("carries: exact match on 300 rows of test\n")
    titles = [line for line in out.splitlines() if line.startswith("by ")]
    assert titles == ["by recursion_depth", "by input_length", "by output_length", "by size", "by shape_rows"]
    depths = out.partition("by input_length")[0].splitlines()[3:]
    assert [line.split()[0] for line in depths] == ["0", "1", "2", "3", "4", "5"]
    assert [line.split()[2] for line in depths] == ["100.0%"] * 2 + ["0.0%"] * 4
    rows = generate(model.task, 300, 0, "test")
    wrong = int((model.task.features(rows.inputs, rows.outputs)["recursion_depth"] >= TOO_DEEP).sum())
    assert f"exact match {1 - wrong / 300:.2%} of 300 rows (95 % interval " in out
    assert f"failures: {wrong} too short\n" in out


def test_a_group_by_ranges_of_ones_own(model: Fake, evaluated: Run) -> None:
    """The training rows reach 10 tokens and a depth of 5."""
    asked = ("--by", "input_length=+1-4,+4-6,+8-10,90", "--by", "recursion_depth=0-1,2-3", "--by", "growth")
    code, out, _ = evaluated("-n", 200, "--split", "longer", "--json", *asked)
    assert code == 0
    report = json.loads(out)
    assert (report["task"], report["split"], report["seed"], report["rows"]) == ("carries", "longer", 0, 200)
    assert set(report["by"]) >= {"recursion_depth", "size", "shape_rows", "growth", *asked[1::2]}
    rows = generate(model.task, 200, 0, "longer")
    columns = model.task.features(rows.inputs, rows.outputs)
    right = columns["recursion_depth"] < TOO_DEEP
    for (least, greatest), group in zip([(11, 14), (14, 16), (18, 20)], report["by"][asked[1]], strict=False):
        inside = (columns["size"] >= least) & (columns["size"] <= greatest)
        assert (group["least"], group["greatest"], group["rows"]) == (least, greatest, int(inside.sum()))
        assert group["exact_match"] == pytest.approx(right[inside].mean())
        assert 0 <= group["low"] < group["exact_match"] <= group["high"] <= 1
    assert report["by"][asked[1]][-1] == {"value": 90, "rows": 0, "exact_match": None, "low": 0.0, "high": 1.0}
    assert [group["exact_match"] for group in report["by"][asked[3]]] == [1.0, 0.0]
    assert [group["value"] for group in report["by"]["growth"]] == sorted(set(columns["growth"].tolist()))


def test_rows_of_another_distribution(model: Fake, evaluated: Run) -> None:
    """They are of the split, and what is beyond training still counts from what the task itself draws."""
    model.task = replace(model.task, splits=Splits())
    asked = "input_length=+2-4,+8-10"
    flags = ("-n", 200, "--seed", 3, "--distribution", "{kind: uniform, sizes: [12, 20]}", "--by", asked)
    code, out, _ = evaluated(*flags, "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["split"], report["distribution"]) == ("test", {"kind": "uniform", "sizes": [12, 20]})
    rows = generate(model.task.with_distribution(Uniform(12, 20)), 200, 3, "test")
    assert {split_of(model.task, value) for value in rows.inputs} == {"test"}
    columns = model.task.features(rows.inputs, rows.outputs)
    assert report["exact_match"] == pytest.approx((columns["recursion_depth"] < TOO_DEEP).mean())
    for (least, greatest), group in zip([(12, 14), (18, 20)], report["by"][asked], strict=True):
        inside = int(((columns["size"] >= least) & (columns["size"] <= greatest)).sum())
        assert (group["least"], group["greatest"], group["rows"]) == (least, greatest, inside)
        assert inside > 0
    assert "200 rows of test, drawn from {'kind': 'uniform', 'sizes': [12, 20]}\n" in evaluated(*flags)[1]


def test_only_what_is_asked_for_is_shown(model: Fake, evaluated: Run) -> None:
    code, out, _ = evaluated("-n", 50, "--by", "rest", "--by", "recursion_depth=+1-2")
    assert code == 0
    assert [line for line in out.splitlines() if line.startswith("by ")] == ["by rest", "by recursion_depth"]
    assert "6–7" in out


def test_a_plot(model: Fake, evaluated: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    code, out, _ = evaluated("-n", 100, "--plot", tmp_path / "p.svg")
    assert (code, out.splitlines()[-1]) == (0, f"plot: {tmp_path / 'p.svg'}")
    drawn = (tmp_path / "p.svg").read_text("utf-8")
    assert "recursion depth" in drawn
    assert "input length" in drawn
    assert evaluated("-n", 100, "--by", "rest", "--plot", tmp_path / "q.svg")[0] == 0
    assert "recursion depth" not in (tmp_path / "q.svg").read_text("utf-8")


def test_whole_evaluations_by_a_model_of_one_round(one_round: Fake, evaluated: Run) -> None:
    """What carries too far loses its last token at the first step, which then is no call."""
    code, out, _ = evaluated("-n", 150, "--emulate", "--json")
    assert code == 0
    report = json.loads(out)
    found = report["emulation"]
    rows = generate(one_round.task, 150, 0, "test")
    depths = one_round.task.features(rows.inputs, rows.outputs)["recursion_depth"]
    right = int((depths < TOO_DEEP).sum())
    assert found["every_step"]["right"] == found["values"]["right"] == report["exact_match"] == right / 150
    assert found["steps"]["steps"] == 150 + int((depths == 1).sum())
    assert found["ends"] == {"value": right, "no answer": 150 - right}
    assert len(found["runs"]) == 150
    code, out, _ = evaluated("-n", 150, "--emulate")
    assert code == 0
    assert out.index("by recursion_depth") < out.index("carries: whole evaluations of 150 inputs of test")
    assert f"evaluations ended with: no answer ({150 - right}), value ({right})" in out
    assert f"wrong steps: {150 - right} too short" in out
    assert "first wrong in the shortest of these" in out


@dataclass
class Lines(Fake):
    """The same of a model that is asked for the next line, and says nothing more once this has three digits before its call."""

    def __call__(self, lines: Sequence[Any]) -> list[Any]:
        self.asked += len(lines)
        return [["X7"] if line[:3] == ("X0",) * 3 else self._next(" ".join(line)) for line in lines]

    def _next(self, line: str) -> str:
        before, call = line.removesuffix(" ]").split("UNROLL[ ")
        return before + {"X1": f"X0 UNROLL[ {call[3:]} ]", "X0": f"X1 {call[3:]}", "01": "X0 01"}[call[:2]]


def test_whole_evaluations_by_a_model_of_the_next_line(model: Fake, evaluated: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines(replace(model.task, asks="next"))
    monkeypatch.setattr("recsyn.cli.eval.load_model", lambda folder: lines)
    code, out, _ = evaluated("-n", 150, "--emulate", "--json")
    assert code == 0
    found = json.loads(out)["emulation"]
    rows = generate(lines.task, 150, 0, "test")
    depths = lines.task.features(rows.inputs, rows.outputs)["recursion_depth"]
    right = int((depths < 3).sum())
    assert 0 < right < 150
    assert found["asks"] == "next"
    assert found["every_step"]["right"] == found["values"]["right"] == right / 150
    assert found["steps"]["steps"] == int((1 + depths.clip(max=3)).sum())
    assert found["ends"] == {"value": right, "no answer": 150 - right}
    code, out, _ = evaluated("-n", 150, "--emulate")
    assert code == 0
    assert "steps by their line" in out
    assert evaluated("-n", 150, "--emulate", "--limit", 2)[2].count("more than 2 lines") == 1


def test_evaluations_longer_than_the_limit_are_refused(one_round: Fake, evaluated: Run) -> None:
    code, out, err = evaluated("-n", 150, "--emulate", "--limit", 3)
    assert (code, out) == (2, "")
    assert "more than 3 calls" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--by", "recursion_dept"), "did you mean `recursion_depth`?"),
        (("--by", "size=1-"), "no ranges of 'size'"),
        (("--by", "size="), "no ranges of 'size'"),
        (("--by", "size=5-3"), "no ranges of 'size'"),
        (("--by", "shape_rows=+1"), "it has no greatest in training\n  hint: leave out the `+`"),
        (("--distribution", "{kind"), "--distribution is not YAML"),
        (("--distribution", "2001-99-99"), "--distribution is not YAML"),
        (("--distribution", ""), "in --distribution: None is no distribution"),
        (("--distribution", "{kind: unifrm}"), "did you mean `uniform`?"),
        (("--distribution", "{kind: by-depth, sizes: [1, 1], depths: [9, 9]}"), "in --distribution: no value of Pos fits"),
        (("--distribution", "{kind: uniform, sizes: [8, 9]}", "--split", "tset"), "did you mean `test`?"),
        (("--distribution", "{kind: uniform, sizes: [11, 15]}", "--split", "longer"), "'longer' has a distribution of its own"),
        (("--split", "tset"), "did you mean `test`?"),
        (("--plot", "p.jpg"), "names no kind of plot"),
        (("--limit", "9"), "none are asked for"),
        (("--emulate",), "the task asks for its value"),
    ],
)
def test_bad_input_is_refused_before_the_model_is_asked(arguments: tuple[str, ...], said: str, model: Fake, evaluated: Run) -> None:
    code, out, err = evaluated("-n", 20, *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert model.asked == 0


def test_rows_that_are_too_long_for_the_model_are_refused(model: Fake, evaluated: Run) -> None:
    """It has 24 positions, and END takes one."""
    model.task = replace(model.task, splits=Splits())
    assert evaluated("-n", 20, "--distribution", "{kind: uniform, sizes: [22, 22]}")[0] == 0
    model.asked = 0
    code, out, err = evaluated("-n", 20, "--distribution", "{kind: uniform, sizes: [24, 24]}")
    assert (code, out, model.asked) == (2, "", 0)
    assert "too long for the model: source rows of 25 tokens, and the architecture has 24 positions" in err
