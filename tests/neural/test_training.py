from __future__ import annotations

import logging
import os
import signal
import time
import warnings

import lightning
import pytest
import torch

from recsyn.data.generation import Sequences
from recsyn.errors import RecsynError
from recsyn.neural import training
from recsyn.neural.architecture import Architecture
from recsyn.neural.decoding import teacher_forced
from recsyn.neural.networks import EncoderDecoder, trimmed
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import Seq2SeqModule, TaskDataModule, train

SHORT = Recipe(steps=6, batch_size=8)


def test_training_learns_and_tells_of_every_step(task, small, rows):
    heard = []
    trained = train(task, small, Recipe(steps=150, learning_rate=3e-3, warmup=20), lambda *step: heard.append(step))
    assert heard == list(enumerate(trained.losses, 1))
    assert len(heard) == 150
    assert trained.losses[-1] < 0.1 < 1 < trained.losses[0]
    assert not trained.model.training
    verdicts = teacher_forced(trained.model, torch.from_numpy(rows.source).long(), torch.from_numpy(rows.target).long())
    assert verdicts.float().mean() > 0.98


def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before(task, small):
    recipe = Recipe(steps=20, batch_size=16, seed=3)
    architecture = Architecture.from_config(small.to_config() | {"dropout": 0.1})
    one = train(task, architecture, recipe)
    torch.rand(5)
    other, third = train(task, architecture, recipe), train(task, architecture, Recipe(steps=20, batch_size=16, seed=4))
    weights = [trained.model.state_dict() for trained in (one, other, third)]
    assert one.losses == other.losses != third.losses
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert not torch.equal(weights[0]["output.weight"], weights[2]["output.weight"])


def test_training_is_quiet_and_leaves_the_process_as_it_was(task, small, capfd, caplog, recwarn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    threads, level, handler = (
        torch.get_num_threads(),
        logging.getLogger("lightning.pytorch").level,
        signal.getsignal(signal.SIGINT),
    )
    torch.set_num_threads(2)
    during = []
    torch.manual_seed(9)
    expected = torch.rand(3)
    torch.manual_seed(9)
    train(task, small, SHORT, lambda *_: during.append(torch.get_num_threads()))
    assert set(during) == {1}
    assert torch.get_num_threads() == 2
    torch.set_num_threads(threads)
    assert torch.equal(torch.rand(3), expected)
    assert logging.getLogger("lightning.pytorch").level == level
    assert signal.getsignal(signal.SIGINT) is handler
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert list(recwarn) == []
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_reaches_the_caller_and_the_next_one_still_counts(task, small):
    def interrupt(step, _):
        if step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    handler, threads = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            train(task, small, SHORT, interrupt)
        assert signal.getsignal(signal.SIGINT) is handler
        assert torch.get_num_threads() == threads


def test_ctrl_c_before_the_first_step(task, small, monkeypatch):
    def interrupted(data, stage):
        raise KeyboardInterrupt

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(TaskDataModule, "setup", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train(task, small, SHORT)
    assert signal.getsignal(signal.SIGINT) is handler


def test_the_callers_own_errors_and_exits_pass(task, small):
    for ending in (ZeroDivisionError, SystemExit):

        def fail(step, _, ending=ending):
            raise ending

        with pytest.raises(ending):
            train(task, small, SHORT, fail)


def test_a_loss_that_diverges_names_its_step(task, small, monkeypatch):
    forward, calls = EncoderDecoder.forward, []

    def poisoned(model, source, target_in):
        calls.append(source)
        return forward(model, source, target_in) * (torch.nan if len(calls) == 4 else 1)

    monkeypatch.setattr(EncoderDecoder, "forward", poisoned)
    with pytest.raises(RecsynError, match=r"step 4 of 6\n.*lower learning_rate"):
        train(task, small, SHORT)


def test_weights_that_the_last_step_ruins_are_not_handed_out(task, small):
    def ruin(step, _):
        if step == 6:
            seen[0].output.bias.data.fill_(torch.inf)

    seen = []
    register = EncoderDecoder.__init__

    def remembering(model, *arguments):
        register(model, *arguments)
        seen.append(model)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EncoderDecoder, "__init__", remembering)
        with pytest.raises(RecsynError, match="no longer a finite number at step 6"):
            train(task, small, SHORT, ruin)


def test_padding_is_no_part_of_the_loss(task, small, rows, monkeypatch):
    module = Seq2SeqModule(EncoderDecoder(small, len(task.vocabulary)), SHORT)
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    source, target = torch.from_numpy(rows.source).long(), torch.from_numpy(rows.target).long()
    logits = module.model(source, target[:, :-1]).log_softmax(-1)
    chosen = logits.gather(-1, target[:, 1:, None])[..., 0][target[:, 1:] != 0]
    assert module.training_step([(source, target)], 0).item() == pytest.approx(-chosen.mean().item(), rel=1e-5)


@pytest.mark.parametrize(("positions", "side"), [(6, "source rows of 7"), (7, "target rows of 8")])
def test_a_task_that_does_not_fit_is_refused_before_a_row_is_made(task, monkeypatch, positions, side):
    monkeypatch.setattr(training, "generate", lambda *_: pytest.fail("it began"))
    with pytest.raises(RecsynError, match=side):
        train(task, Architecture(max_positions=positions), SHORT)


def test_rows_longer_than_the_task_foresaw_are_refused_too(task, monkeypatch):
    monkeypatch.setattr(type(task), "max_source_length", 1)
    monkeypatch.setattr(type(task), "max_target_length", 1)
    with pytest.raises(RecsynError, match="source rows of 7"):
        train(task, Architecture(max_positions=6), SHORT, lambda *_: pytest.fail("it began"))


def test_batches_are_all_rows_in_order_each_part_cut_to_its_longest(task):
    data = TaskDataModule(task, Recipe(steps=20, batch_size=30))
    batches = list(data.train_dataloader())
    assert len(batches) == 20
    assert any(len(parts) > 1 for parts in batches)
    parts = [part for batch in batches for part in batch]
    assert all(len(source) == len(target) for source, target in parts)
    assert all((source != 0).any(0).all() and (target != 0).any(0).all() for source, target in parts)
    # Source and target of a row stay together: the task is to copy.
    assert all(s[s > 2].tolist() == t[t > 2].tolist() for source, target in parts for s, t in zip(source, target, strict=True))
    made = [[token for token in row if token] for row in data.generated().source.padded().tolist()]
    for number, batch in enumerate(batches):
        read = [[token for token in row if token] for source, _ in batch for row in source.tolist()]
        assert sorted(read) == sorted(made[30 * number : 30 * (number + 1)])


def test_parts_change_nothing_but_the_time_that_they_take(task, small, rows, monkeypatch):
    """The loss and its gradient are those of the whole batch."""
    module = Seq2SeqModule(EncoderDecoder(small, len(task.vocabulary)), SHORT)
    monkeypatch.setattr(module, "log", lambda *_, **__: None)
    source, target = torch.from_numpy(rows.source).long(), torch.from_numpy(rows.target).long()
    gradients = []
    for batch in ([(source, target)], [(source[:5], target[:5]), (trimmed(source[5:]), trimmed(target[5:]))]):
        module.zero_grad()
        module.training_step(batch, 0).backward()
        gradients.append(torch.cat([weights.grad.flatten() for weights in module.parameters()]))
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-6)


def test_waiting_for_data_is_told(task, small, monkeypatch):
    """Each batch takes a while to make, and training little more."""
    padded = Sequences.padded

    def slowly(self, *rows):
        time.sleep(0.02)
        return padded(self, *rows)

    trained = train(task, small, Recipe(steps=5))
    monkeypatch.setattr(Sequences, "padded", slowly)
    slowed = train(task, small, Recipe(steps=5))
    assert 0 < trained.waiting < slowed.waiting < 1
    assert slowed.waiting * slowed.seconds > 0.1


def test_both_modules_serve_a_users_own_trainer(task, small, tmp_path):
    recipe = Recipe(steps=12, batch_size=16, clip=1e-6, learning_rate=1e-2, warmup=0)
    module = Seq2SeqModule(EncoderDecoder(small, len(task.vocabulary)), recipe)
    norms = []

    class Norms(lightning.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            norms.append(float(torch.nn.utils.get_total_norm(p.grad for p in pl_module.parameters())))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trainer = lightning.Trainer(
            accelerator="cpu", max_epochs=1, default_root_dir=tmp_path, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, callbacks=[Norms()],
        )  # fmt: skip
        trainer.fit(module, datamodule=TaskDataModule(task, recipe))
    assert trainer.global_step == 12
    assert 0 < float(trainer.callback_metrics["loss"]) < 5
    assert max(norms) <= 1.1e-6
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(0)


def test_batches_start_anew_each_time_but_for_where_a_checkpoint_says_to_go_on(task):
    data = TaskDataModule(task, Recipe(steps=5, batch_size=4))
    batches = data.train_dataloader()

    def read(batches):
        return [sorted(source.tolist()) for parts in batches for source, _ in parts]

    whole = read(batches)
    walk = iter(batches)
    next(walk), next(walk)
    state = batches.state_dict()
    assert read(batches) == whole
    other = data.train_dataloader()
    other.load_state_dict(state)
    assert read(other) == read(batches[index] for index in range(2, 5))
    assert read(other) == whole


def test_the_processes_of_a_training_share_the_rows_of_each_batch(task):
    class Process:
        world_size = 3

        def __init__(self, rank):
            self.global_rank = rank

    def read(batch):
        return [source[source != 0].tolist() for part, _ in batch for source in part]

    data = TaskDataModule(task, Recipe(steps=4, batch_size=7, check_every=2, check_rows=9))
    whole = [read(batch) for batch in data.train_dataloader()]
    shares = []
    for rank in range(3):
        data.trainer = Process(rank)
        shares.append([read(batch) for batch in data.train_dataloader()])
        assert [len(read(batch)) for batch in data.val_dataloader()] == [3 if rank == 0 else 2, 1 if rank < 2 else 0]
    for number, batch in enumerate(whole):
        assert sorted(batch) == sorted(row for share in shares for row in share[number])
        assert [len(share[number]) for share in shares] == [3, 2, 2]
    data.recipe = Recipe(batch_size=2)
    with pytest.raises(RecsynError, match="2 rows cannot be shared by 3 processes"):
        data.setup("fit")
