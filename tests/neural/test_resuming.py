from __future__ import annotations

import dataclasses
import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import lightning
import pytest
import torch

from recsyn.errors import RecsynError
from recsyn.neural import resuming
from recsyn.neural.networks import EncoderDecoder
from recsyn.neural.recipe import Recipe
from recsyn.neural.resuming import CONFIG, LAST, forget
from recsyn.neural.running import Running
from recsyn.neural.training import train

RECIPE = Recipe(steps=60, batch_size=8, learning_rate=3e-3, warmup=5, seed=2)
# Nothing is learned that fast, so patience ends at its third check after the first.
CHECKED = dataclasses.replace(RECIPE, learning_rate=1e-6, check_every=6, check_rows=40, patience=3, watched="exact match")

HINT = "remove {!r} to start anew (`recsyn train --restart` does), or give another --out"


@pytest.fixture(scope="module")
def dropping(small):
    return dataclasses.replace(small, dropout=0.1)


@pytest.fixture
def undisturbed(task, dropping):
    return train(task, dropping, RECIPE)


@pytest.fixture
def running(tmp_path):
    return Running(folder=tmp_path / "run.training", keep_every=7)


def same(one, other):
    weights = [trained.model.state_dict() for trained in (one, other)]
    return one.losses == other.losses and all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def interrupting(at):
    def tell(step, _):
        if step == at:
            os.kill(os.getpid(), signal.SIGINT)

    return tell


def test_ctrl_c_and_again_gives_the_weights_of_an_undisturbed_run(task, dropping, running, undisturbed):
    went_on = []
    # At 37, one step later, before anything more was kept, and at the last step.
    for at in (37, 38, 60):
        with pytest.raises(KeyboardInterrupt):
            train(task, dropping, RECIPE, interrupting(at), running, went_on.append)
    heard = []
    resumed = train(task, dropping, RECIPE, lambda step, _: heard.append(step), running, went_on.append)
    assert went_on == [35, 35, 56]
    assert heard == [57, 58, 59, 60]
    assert same(resumed, undisturbed)
    assert len(resumed.losses) == 60
    # Dropout has a part in it, and each step its own.
    assert not same(train(task, dataclasses.replace(dropping, dropout=0.0), RECIPE), undisturbed)


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from conftest import CopyTask, copies
from recsyn.neural import training
from recsyn.neural.architecture import Architecture
from recsyn.neural.recipe import Recipe
from recsyn.neural.running import Running

training.generate = copies
architecture = Architecture(width=32, heads=2, feedforward=64, max_positions=16, dropout=0.1)
recipe = Recipe(steps=60, batch_size=8, learning_rate=3e-3, warmup=5, seed=2)
kill = lambda step, _: step == 37 and os.kill(os.getpid(), signal.SIGKILL)
training.train(CopyTask(), architecture, recipe, kill, Running(folder=Path(sys.argv[2]), keep_every=7))
"""


def test_kill_9_and_again_gives_the_weights_of_an_undisturbed_run(task, dropping, running, undisturbed):
    killed = subprocess.run([sys.executable, "-c", KILLED, str(Path(__file__).parent), str(running.folder)], timeout=120)
    assert killed.returncode == -signal.SIGKILL
    went_on = []
    assert same(train(task, dropping, RECIPE, None, running, went_on.append), undisturbed)
    assert went_on == [35]


@pytest.mark.parametrize("every", [1, 6, 4])
def test_checks_and_patience_go_on_too(task, dropping, tmp_path, every):
    """However what is kept falls between checks, and wherever training is interrupted, it ends early at the same step."""
    undisturbed = train(task, dropping, CHECKED)
    assert len(undisturbed.losses) == 24
    running = Running(folder=tmp_path / "t", keep_every=every)
    for at in (3, 6, 7, 11, 12, 13, 19, 24):
        with pytest.raises(KeyboardInterrupt):
            train(task, dropping, CHECKED, interrupting(at), running)
    # Once more, as after an interruption between the end of training and the saving of what was trained.
    for _ in range(2):
        assert same(train(task, dropping, CHECKED, None, running), undisturbed)


def test_another_configuration_is_refused_by_what_differs(task, dropping, running):
    with pytest.raises(KeyboardInterrupt):
        train(task, dropping, RECIPE, interrupting(20), running)
    for change, words in (
        ((task, dropping, dataclasses.replace(RECIPE, betas=(0.9, 0.99))), r"recipe.betas\[1\] was 0.98 and is 0.99"),
        ((task, dataclasses.replace(dropping, width=64), RECIPE), "architecture.width was 32 and is 64"),
        ((dataclasses.replace(task, longest=5), dropping, RECIPE), "task.longest was 6 and is 5"),
    ):
        with pytest.raises(RecsynError, match=words) as refused:
            train(*change, lambda *_: pytest.fail("it began"), running)
        assert refused.value.hint == HINT.format(str(running.folder))
    forget(running.folder)
    assert not running.folder.exists()
    heard = []
    train(task, dropping, dataclasses.replace(RECIPE, steps=3), lambda step, _: heard.append(step), running)
    assert heard == [1, 2, 3]


def test_what_an_earlier_recsyn_kept_is_refused(task, dropping, running):
    """Before devices were told, its state had none."""
    with pytest.raises(KeyboardInterrupt):
        train(task, dropping, RECIPE, interrupting(20), running)
    last = running.folder / LAST
    state = torch.load(last, weights_only=True)
    del state["callbacks"]["_Watch"]["devices"]
    torch.save(state, last)
    with pytest.raises(RecsynError, match="was kept by an earlier recsyn, and cannot be gone on with") as refused:
        train(task, dropping, RECIPE, None, running)
    assert refused.value.hint == HINT.format(str(running.folder))


def test_what_cannot_be_read_is_no_training(task, dropping, running):
    with pytest.raises(KeyboardInterrupt):
        train(task, dropping, RECIPE, interrupting(20), running)
    last = running.folder / LAST
    whole = last.read_bytes()
    for damaged in (whole[: len(whole) // 2], b"", b"\x80\x04.", b"\x80\x02cos\nsystem\n."):
        last.write_bytes(damaged)
        with pytest.raises(RecsynError, match=r"cannot be read: .") as refused:
            train(task, dropping, RECIPE, None, running)
        assert "\n" not in refused.value.message
        assert refused.value.hint == HINT.format(str(running.folder))
    last.write_bytes(whole)
    (running.folder / CONFIG).write_text("{")
    with pytest.raises(RecsynError, match="cannot be read"):
        train(task, dropping, RECIPE, None, running)


def test_forgetting_leaves_what_is_not_ours(tmp_path):
    folder = tmp_path / "t"
    folder.mkdir()
    for name in (LAST, CONFIG, "notes.txt"):
        (folder / name).write_text("x")
    forget(folder)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    forget(tmp_path / "nowhere")


def test_a_disk_that_fills_up_loses_what_was_since_and_says_where_the_rest_is(task, dropping, running, undisturbed, monkeypatch):
    save = lightning.Trainer.save_checkpoint

    def full(trainer, path, *more):
        if trainer.global_step < 21:
            return save(trainer, path, *more)
        Path(path).write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lightning.Trainer, "save_checkpoint", full)
    with pytest.raises(RecsynError, match=r"stopped at step 21 of 60.*No space left(.|\n)*step 14 is kept in .*last.ckpt"):
        train(task, dropping, RECIPE, None, running)
    monkeypatch.undo()
    monkeypatch.setattr("recsyn.neural.training.generate", sys.modules[type(task).__module__].copies)
    went_on = []
    assert same(train(task, dropping, RECIPE, None, running, went_on.append), undisturbed)
    assert went_on == [14]


def test_a_folder_that_is_removed_is_made_again(task, dropping, running, undisturbed):
    def remove(step, _):
        if step == 20:
            shutil.rmtree(running.folder)
        if step == 23:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train(task, dropping, RECIPE, remove, running)
    assert same(train(task, dropping, RECIPE, None, running), undisturbed)


def test_a_folder_that_cannot_be_made_again_stops_training(task, dropping, running):
    def block(step, _):
        if step == 20:
            shutil.rmtree(running.folder)
            running.folder.write_text("in the way")

    with pytest.raises(RecsynError, match=r"stopped at step 21 of 60(.|\n)*nothing of it was kept"):
        train(task, dropping, RECIPE, block, running)


def test_a_loss_that_diverges_tells_the_last_good_checkpoint(task, small, running, monkeypatch):
    forward, calls = EncoderDecoder.forward, []

    def poisoned(model, source, target_in):
        calls.append(source)
        return forward(model, source, target_in) * (torch.nan if len(calls) > 30 else 1)

    monkeypatch.setattr(EncoderDecoder, "forward", poisoned)
    monkeypatch.setattr("recsyn.neural.training.parts_of", lambda lengths: [range(len(lengths[0]))])
    with pytest.raises(
        RecsynError, match=r"step 31 of 60(.|\n)*lower learning_rate.*, and remove .* to start anew.*step 28 is kept"
    ):
        train(task, small, RECIPE, None, running)


def test_weights_that_are_no_numbers_are_not_kept(task, small, running, monkeypatch):
    def ruin(step, _):
        if step == 14:
            network[0].output.bias.data.fill_(torch.inf)

    network = []
    begin = EncoderDecoder.__init__

    def remembering(model, *arguments):
        begin(model, *arguments)
        network.append(model)

    monkeypatch.setattr(EncoderDecoder, "__init__", remembering)
    with pytest.raises(resuming.Diverged, match=r"step 14 of 60(.|\n)*step 7 is kept"):
        train(task, small, RECIPE, ruin, running)


def test_being_killed_while_keeping_leaves_what_was_kept_before(task, dropping, running, undisturbed, monkeypatch):
    replace = os.replace

    def killed(source, target):
        if Path(target).name == LAST and (running.folder / LAST).exists():
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(resuming.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        train(task, dropping, RECIPE, None, running)
    monkeypatch.setattr(resuming.os, "replace", replace)
    went_on = []
    assert same(train(task, dropping, RECIPE, None, running, went_on.append), undisturbed)
    assert went_on == [7]
