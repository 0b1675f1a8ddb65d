"""``recsyn reproduce``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recsyn.cli.terminal import shown_time
from recsyn.errors import RecsynError
from recsyn.studies.study import STUDIES, load_study

pytest.importorskip("lightning")


@pytest.fixture
def study(tmp_path: Path, examples: Path) -> Path:
    (tmp_path / "successor.rec").write_text((examples / "successor.rec").read_text("utf-8"), "utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(
        """
title: two orders
about: of a test
task: {program: successor.rec, function: succ, distribution: {kind: natural, sizes: [1, 8]}}
model: {width: 16, heads: 2, feedforward: 32, max_positions: 32}
training: {steps: 4, batch_size: 8}
axes: {order: {reverse: {}, natural: {task: {input: mirror, output: mirror}}}}
columns: {held out: {}}
rows: 20
published: [{at: {order: natural}, figures: {held out: 0.5}}]
quick: {training: {steps: 2}}
""",
        "utf-8",
    )
    return path


def test_figures_beside_the_published_ones(recsyn, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    code, printed, told = recsyn("reproduce", study, "--out", out, "--processes", 1)
    assert code == 0
    assert "exact match, 20 rows a figure, in brackets what was published" in printed
    assert "of which 0 are in" in told
    assert "still to do: 2 trainings, 8 steps in all: about" in told
    lines = [line.split() for line in printed.splitlines() if line.startswith(("reverse", "natural"))]
    assert [(line[0], line[2]) for line in lines] == [("reverse", "(–)"), ("natural", "(0.50)")]
    assert f"figures and checkpoints: {out}" in printed

    code, again, told = recsyn("reproduce", study, "--out", out)
    assert (code, again) == (0, printed)
    assert "of which 2 are in" in told
    code, written, _ = recsyn("reproduce", study, "--out", out, "--json")
    assert code == 0
    assert json.loads(written) == json.loads((out / "figures.json").read_text("utf-8"))
    assert "| natural | " in (out / "figures.md").read_text("utf-8")

    code, part, _ = recsyn("reproduce", study, "--out", out, "--only", "order=natural")
    assert code == 0
    assert "reverse" not in part
    assert "| reverse | " in (out / "figures.md").read_text("utf-8")

    code, cell, _ = recsyn("eval", out / load_study(str(study)).cells[0].key, "-n", 20)
    assert code == 0
    assert "exact match" in cell


def test_a_part_of_a_study(recsyn, study: Path, tmp_path: Path) -> None:
    code, printed, _ = recsyn("reproduce", study, "--quick", "--only", "order=natural", "--out", tmp_path / "out", "--json")
    assert code == 0
    (cell,) = json.loads(printed)["cells"]
    assert json.loads(printed)["quick"]
    assert (cell["point"], cell["steps"], cell["published"]) == ({"order": "natural"}, 2, {"held out": 0.5})
    assert cell["outcome"]["columns"]["held out"]["rows"] == 20


def test_what_it_costs_is_said_and_nothing_done(recsyn, study: Path, tmp_path: Path) -> None:
    code, printed, _ = recsyn("reproduce", study, "--cost", "--out", tmp_path / "out", "--processes", 2)
    assert code == 0
    assert printed.startswith("still to do: 2 trainings, 8 steps in all: about ")
    assert printed.rstrip().endswith("in 2 processes")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("succesor",), "there is no study 'succesor'\n  hint: did you mean 'successor'?"),
        (("successor", "--only", "ordre=natural"), "the study successor has no axis 'ordre'\n  hint: did you mean `order`?"),
        (("successor", "--only", "order"), "'order' chooses no points of an axis"),
        (("successor", "--trainer.devices", "2"), "devices of Lightning's Trainer is for trainings on several devices"),
        (("successor", "--quick", "--only", "C=0.3"), "the axis C has no point '0.3'"),
    ],
)
def test_what_is_refused(recsyn, given: tuple[str, ...], message: str) -> None:
    code, printed, told = recsyn("reproduce", *given)
    assert (code, printed) == (2, "")
    assert message in told


def test_what_fails_is_told_and_the_others_are_shown(recsyn, study: Path, tmp_path: Path, monkeypatch) -> None:
    from recsyn.studies import grid

    train, out = grid.train, tmp_path / "out"

    def failing(task, *rest):
        if task.input == "prefix":
            raise RecsynError("the loss is no longer a finite number at step 1 of 2")
        return train(task, *rest)

    monkeypatch.setattr(grid, "train", failing)
    reverse, _ = load_study(str(study), quick=True).cells
    code, printed, told = recsyn("reproduce", study, "--quick", "--out", out, "--processes", 1)
    assert code == 2
    assert f"{reverse.name}: the loss is no longer a finite number at step 1 of 2" in told
    lines = [line.split() for line in printed.splitlines() if line.startswith(("reverse", "natural"))]
    assert lines[0][1:] == ["failed", "(–)"]
    assert lines[1][2:] == ["(0.50)"]
    assert "failed" in (out / "figures.md").read_text("utf-8")


def test_a_folder_that_cannot_be_made(recsyn, study: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, told = recsyn("reproduce", study, "--quick", "--out", tmp_path / "file" / "out")
    assert code == 2
    assert "cannot be made" in told


def test_what_ships_is_listed_without_torch(monkeypatch: pytest.MonkeyPatch, recsyn) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("torch", "lightning")]:
        monkeypatch.setitem(sys.modules, name, None)
    code, out, _ = recsyn("reproduce")
    assert code == 0
    assert all(name in out for name in STUDIES.names)


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_several_processes_end_with_the_first_one_and_go_on(study: Path, tmp_path: Path, how: int) -> None:
    study.write_text(study.read_text("utf-8").replace("steps: 4", "steps: 300"), "utf-8")
    command = [sys.executable, "-m", "recsyn", "reproduce", str(study), "--out", str(tmp_path / "out"), "--processes", "2"]

    def interruptible() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not list((tmp_path / "out").glob("*.training/last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(how)
    _, told = run.communicate(timeout=60)
    assert "Traceback" not in told
    if how == signal.SIGINT:
        assert run.returncode == 130, told
        assert "the same command goes on from what is kept in" in told
    while alive(run.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(run.pid)
    again = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert again.returncode == 0, again.stderr
    assert "figures and checkpoints" in again.stdout


def test_times_are_told_as_people_say_them() -> None:
    assert [shown_time(s) for s in (42, 600, 20_000)] == ["42 s", "10 min", "5.6 h"]
