"""``recsyn train``: what an interruption leaves, and Lightning's own flags."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from recsyn.cli import train

MODEL = "model: {width: 16, heads: 2, feedforward: 32, max_positions: 32, dropout: 0.1}"


@pytest.fixture
def experiment(tmp_path: Path, examples: Path) -> Path:
    shutil.copy(examples / "successor.rec", tmp_path)
    path = tmp_path / "mine.yaml"
    task = "task: {program: successor.rec, function: succ, distribution: {kind: by-depth, sizes: [1, 12], depths: [0, 4]}}"
    path.write_text(f"{task}\n{MODEL}\ntraining: {{steps: 20, batch_size: 16}}\n")
    return path


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


def test_the_same_command_goes_on_where_it_was_interrupted(recsyn, experiment: Path, tmp_path: Path, monkeypatch) -> None:
    command = ("train", experiment, "--out", tmp_path / "m", "--keep-every", 6)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "keep", interrupted)
    code, out, err = recsyn(*command)
    assert (code, out) == (130, "")
    kept = tmp_path / "m.training"
    assert f"the same command goes on from what is kept in {kept}" in err
    monkeypatch.undo()

    code, out, err = recsyn(*command, "--seed", 7)
    assert (code, out) == (2, "")
    assert "recipe.seed was 0 and is 7" in err
    assert "--restart" in err

    assert recsyn("train", experiment, "--out", tmp_path / "undisturbed")[0] == 0
    code, _, err = recsyn(*command)
    assert code == 0
    assert "going on from step 18" in err
    assert not kept.exists()
    assert weights(tmp_path / "m") == weights(tmp_path / "undisturbed")
    assert len(json.loads((tmp_path / "m" / "metrics.json").read_text())["losses"]) == 20


def test_a_checkpoint_has_the_experiment_that_trains_the_same_again(recsyn, experiment: Path, tmp_path: Path) -> None:
    assert recsyn("train", experiment, "--out", tmp_path / "m", "--steps", 12, "--seed", 3)[0] == 0
    (tmp_path / "successor.rec").unlink()
    assert recsyn("train", tmp_path / "m" / "experiment.yaml", "--out", tmp_path / "again")[0] == 0
    assert weights(tmp_path / "m") == weights(tmp_path / "again")
    card = (tmp_path / "m" / "README.md").read_text("utf-8")
    assert "# mine" in card
    assert "Exact match on 1,000 held-out rows" in card
    assert json.loads((tmp_path / "m" / "metrics.json").read_text())["devices"] == ["the CPU"]


def test_restart_starts_anew(recsyn, experiment: Path, tmp_path: Path, monkeypatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(train, "keep", interrupted)
        recsyn("train", experiment, "--out", tmp_path / "m", "--keep-every", 6)
    code, _, err = recsyn("train", experiment, "--out", tmp_path / "m", "--seed", 7, "--restart")
    assert code == 0
    assert "going on" not in err
    assert not (tmp_path / "m.training").exists()


def test_logs_lie_beside_the_checkpoint(recsyn, experiment: Path, tmp_path: Path) -> None:
    assert recsyn("train", experiment, "--out", tmp_path / "m", "--log", "csv", "--trainer.log_every_n_steps", 5)[0] == 0
    (log,) = (tmp_path / "m.logs").rglob("metrics.csv")
    header, *rows = log.read_text().splitlines()
    assert {"loss", "lr-AdamW", "step"} <= set(header.split(","))
    assert len(rows) >= 4


@pytest.mark.slow
def test_tensorboard_is_told_the_loss(recsyn, experiment: Path, tmp_path: Path) -> None:
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    flags = ("--log", "tensorboard", "--trainer.log_every_n_steps", 1)
    assert recsyn("train", experiment, "--out", tmp_path / "m", "--steps", 3, *flags)[0] == 0
    (file,) = (tmp_path / "m.logs").rglob("events.out.tfevents.*")
    told = events.EventAccumulator(str(file)).Reload().Scalars("loss")
    losses = json.loads((tmp_path / "m" / "metrics.json").read_text())["losses"]
    assert [event.value for event in told] == pytest.approx(losses)


def test_training_that_ends_early_says_so(recsyn, experiment: Path, tmp_path: Path) -> None:
    idle = "{steps: 20, batch_size: 16, learning_rate: 1.0e-9, check_every: 3, check_rows: 20, patience: 2}"
    experiment.write_text(experiment.read_text().replace("{steps: 20, batch_size: 16}", idle))
    code, out, _ = recsyn("train", experiment, "--out", tmp_path / "m")
    assert code == 0
    assert "training ended at step 9 of 20: no better loss in 2 checks" in out


def test_lightnings_flags_may_stand_anywhere_and_are_yaml(recsyn, experiment: Path, tmp_path: Path) -> None:
    flags = ("--trainer.precision=bf16-mixed", "--trainer.log_every_n_steps", "5")
    assert recsyn("train", *flags, experiment, "--out", tmp_path / "mixed")[0] == 0
    assert recsyn("train", experiment, "--out", tmp_path / "exact")[0] == 0
    assert len(weights(tmp_path / "mixed")) == len(weights(tmp_path / "exact"))
    assert weights(tmp_path / "mixed") != weights(tmp_path / "exact")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--trainer.presicion", "16"), "did you mean 'precision'?"),
        (("--trainer.precision",), "--trainer.precision: expected one argument"),
        (("--trainer.precision", "--compile"), "--trainer.precision: expected one argument"),
        (("--trainer.", "5"), "Lightning's Trainer has no argument ''"),
        (("--trainer.KEY", "5"), "Lightning's Trainer has no argument 'KEY'"),
        (("--trainer.precision", "[16"), "the value of --trainer.precision is not YAML"),
        (("--trainer.precision", "five"), "Lightning's Trainer refuses its arguments"),
        (("--trainer.max_epochs", "5"), "set steps of `training`"),
        (("--log", "paper"), "there is no log 'paper'"),
        (("--keep-every", "0"), "not a whole number from 1 up"),
    ],
)
def test_a_wrong_flag_is_refused(recsyn, experiment: Path, tmp_path: Path, flags: tuple[str, ...], words: str) -> None:
    code, out, err = recsyn("train", experiment, "--out", tmp_path / "m", *flags)
    assert (code, out) == (2, "")
    assert words in err
    assert not (tmp_path / "m").exists()


@pytest.mark.slow
def test_two_processes_of_one_command(experiment: Path, tmp_path: Path) -> None:
    """Killed together and started again, they end with the weights of an undisturbed run."""
    flags = ["--trainer.devices", "2", "--trainer.strategy", "ddp", "--keep-every", "6", "--steps", "120"]

    def command(out: str) -> list[str]:
        return [sys.executable, "-m", "recsyn", "train", str(experiment), "--out", str(tmp_path / out), *flags]

    whole = subprocess.run(command("whole"), capture_output=True, text=True, timeout=300, check=True)
    assert whole.stdout.count("checkpoint:") == 1
    killed = subprocess.Popen(command("killed"), start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    last = tmp_path / "killed.training" / "last.ckpt"
    while not last.exists():
        assert killed.poll() is None
        with suppress(subprocess.TimeoutExpired):
            killed.wait(0.05)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    again = subprocess.run(command("killed"), capture_output=True, text=True, timeout=300, check=True)
    assert again.stderr.count("going on from step") == 1
    assert weights(tmp_path / "killed") == weights(tmp_path / "whole")
