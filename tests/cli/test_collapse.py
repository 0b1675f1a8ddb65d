"""``recsyn collapse run``, and ``recsyn reproduce`` of a study of collapse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recsyn.cli import collapse_run
from recsyn.collapse.study import COLLAPSES

pytest.importorskip("sympy")

STUDY = """
title: how fast kinds die out
about: of a test
family: {kind: discrete, probabilities: {uniform: 5}}
rows: 8
generations: 4
chains: 30
together: 20
test_rows: 10
axes:
  workflow:
    replace: {workflow: replace}
    accumulate: {workflow: accumulate}
metrics: [gini_simpson]
published:
  - at: {workflow: replace}
    source: a paper
    figures: {gini_simpson: {1: 0.7, 4: 0.47}}
quick: {chains: 5}
"""


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots and pages take longer than all else, and are looked at by one test here."""
    monkeypatch.setattr(collapse_run, "_draw", lambda *_: None)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY, "utf-8")
    return path


def test_a_study_leaves_tables_plots_a_page_and_records(recsyn, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, printed, told = recsyn("collapse", "run", study, "--out", out, "--processes", 1)
    assert code == 0, told
    assert "how fast kinds die out: 2 settings, 60 chains, of which 0 are in" in told
    assert "still to do: 60 chains, 240 generations in all: about" in told
    assert "gini simpson, mean ± standard error over 30 chains; in brackets the theory, then what was published" in printed
    assert "discrete-accumulate" in printed
    assert f"page, plots, tables and records: {out}" in printed
    written = {path.name for path in out.iterdir() if path.is_file()}
    assert written == {"page.html", "tables.md", "records.parquet"}
    assert {path.name for path in (out / "plots").iterdir()} >= {"curves-gini_simpson.png", "curves-gini_simpson.svg"}
    assert "a paper" in (out / "page.html").read_text("utf-8")

    code, again, told = recsyn("collapse", "run", study, "--out", out)
    assert (code, again) == (0, printed)
    assert "of which 60 are in" in told


@pytest.mark.usefixtures("undrawn")
def test_all_of_it_as_data(recsyn, study: Path, tmp_path: Path) -> None:
    code, printed, _ = recsyn("collapse", "run", study, "--quick", "--out", tmp_path / "out", "--processes", 1, "--json")
    assert code == 0
    data = json.loads(printed)
    assert (data["quick"], [setting["chains"] for setting in data["settings"]]) == (True, [5, 5])
    (theory,) = data["settings"][0]["theory"]
    assert (theory["result"], theory["metric"]) == ("discrete-replace", "gini_simpson")
    assert theory["predicted"] == pytest.approx([0.8 * (7 / 8) ** n for n in range(1, 5)])
    assert data["published"][0]["by_generation"] == {"1": 0.7, "4": 0.47}
    means = data["settings"][0]["metrics"]["gini_simpson"]["mean"]
    assert theory["mean"] == pytest.approx(means)


@pytest.mark.usefixtures("undrawn")
def test_a_part_of_a_study_as_json_lines(recsyn, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    only = ("--only", "workflow=replace", "--records", "jsonl")
    assert recsyn("collapse", "run", study, "--quick", "--out", out, "--processes", 1, *only)[0] == 0
    rows = [json.loads(line) for line in (out / "records.jsonl").read_text("utf-8").splitlines()]
    assert {row["workflow"] for row in rows} == {"replace"}


@pytest.mark.usefixtures("undrawn")
def test_files_still_tell_of_the_whole_study_when_a_part_of_it_is_run(recsyn, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run = ("collapse", "run", study, "--quick", "--out", out, "--processes", 1, "--records", "jsonl")
    for part in ("replace", "accumulate"):
        code, printed, _ = recsyn(*run, "--only", f"workflow={part}", "--json")
        assert code == 0
        assert [setting["point"] for setting in json.loads(printed)["settings"]] == [{"workflow": part}]
    rows = [json.loads(line) for line in (out / "records.jsonl").read_text("utf-8").splitlines()]
    assert {row["workflow"] for row in rows} == {"replace", "accumulate"}
    assert "accumulate" in (out / "tables.md").read_text("utf-8").split("Read from:")[0]
    assert "| replace" in (out / "tables.md").read_text("utf-8")


def test_what_it_costs_is_said_and_nothing_is_done(recsyn, study: Path, tmp_path: Path) -> None:
    code, printed, _ = recsyn("collapse", "run", study, "--cost", "--out", tmp_path / "out")
    assert code == 0
    assert printed.startswith("still to do: 60 chains, 240 generations in all: about")
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("undrawn")
def test_reproduce_runs_it_too(recsyn, study: Path, tmp_path: Path) -> None:
    code, printed, _ = recsyn("reproduce", study, "--quick", "--out", tmp_path / "out", "--processes", 1)
    assert code == 0
    assert "(0.7; 0.7)" in printed
    code, _, told = recsyn("reproduce", study, "--quick", "--trainer.accelerator", "cpu")
    assert code == 2
    assert "trains nothing with Lightning" in told


def test_what_ships_is_listed_by_both_verbs(recsyn) -> None:
    for verb in (["collapse", "run"], ["reproduce"]):
        code, printed, _ = recsyn(*verb)
        assert code == 0
        assert all(name in printed for name in COLLAPSES.names)


def test_a_failure_is_told_and_leaves_with_2(recsyn, study: Path, tmp_path: Path) -> None:
    family = "class Broken:\n    def real(self, n, generator): return generator.random(n)\n    def fit(self, *_): return 1 / None\n"
    (tmp_path / "broken.py").write_text(family, "utf-8")
    (tmp_path / "broken.yaml").write_text('title: x\nfamily: {kind: "broken.py:Broken"}\nchains: 2\nquick: {rows: 9}\n', "utf-8")
    code, printed, told = recsyn(
        "collapse", "run", tmp_path / "broken.yaml", "--quick", "--out", tmp_path / "out", "--processes", 1
    )
    assert code == 2
    assert "'fit' of the family Broken fails in generation 1: TypeError" in told
    assert "what failed is tried again by the same command" in told
    assert "Traceback" not in told + printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear-regresion"], "there is no study of collapse 'linear-regresion'\n  hint: did you mean 'linear-regression'?"),
        (["linear-regression", "--address", "localhost:1"], "add --engine ray"),
        (["linear-regression", "--only", "workflow=replce"], "the axis workflow has no point 'replce'"),
    ],
)
def test_what_is_refused(recsyn, arguments: list[str], message: str, tmp_path: Path) -> None:
    code, _, told = recsyn("collapse", "run", *arguments, "--quick", "--out", tmp_path / "out")
    assert code == 2
    assert message in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("missing", ["matplotlib", *(pytest.param(each, marks=pytest.mark.slow) for each in ("sympy", "pyarrow"))])
def test_without_an_extra_the_rest_is_there(study: Path, tmp_path: Path, missing: str) -> None:
    """In a process of its own, where the package cannot be found."""
    script = f"""
import importlib.util, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "{missing}":
            raise ModuleNotFoundError("none", name="{missing}")
sys.meta_path.insert(0, Missing())
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name == "{missing}" else found(name, package)
from recsyn.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
    arguments = ["collapse", "run", str(study), "--quick", "--out", str(tmp_path / "out"), "--processes", "1"]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    hint = {"sympy": "symbolic", "matplotlib": "report", "pyarrow": None}[missing]
    assert hint is None or f'pip install "recsyn[{hint}]"' in done.stderr
    assert (tmp_path / "out" / ("records.jsonl" if missing == "pyarrow" else "records.parquet")).is_file()
    assert "gini simpson, mean" in done.stdout
