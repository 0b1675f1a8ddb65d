from __future__ import annotations

import csv
import dataclasses
import inspect

import lightning
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger

from recsyn.errors import RecsynError
from recsyn.neural import running as running_module
from recsyn.neural.networks import network_for
from recsyn.neural.recipe import Recipe
from recsyn.neural.running import Running
from recsyn.neural.training import Seq2SeqModule, TaskDataModule, train

RECIPE = Recipe(steps=12, batch_size=8)


def table(folder):
    (path,) = folder.rglob("metrics.csv")
    with path.open() as file:
        return list(csv.DictReader(file))


def test_the_log_holds_loss_rate_and_checks(task, small, tmp_path):
    recipe = Recipe(steps=12, batch_size=8, schedule="vaswani", warmup=4, check_every=4, check_rows=30)
    trained = train(task, small, recipe, None, Running(log=["csv"], log_folder=tmp_path, trainer={"log_every_n_steps": 1}))
    rows = table(tmp_path)
    losses = [float(row["loss"]) for row in rows if row["loss"]]
    assert losses == pytest.approx(trained.losses)
    rates = [float(row["lr-AdamW"]) for row in rows if row["lr-AdamW"]]
    assert rates == pytest.approx([recipe.rate(step, small.width) for step in range(12)])
    checks = [row for row in rows if row["validation_loss"]]
    assert [int(row["step"]) for row in checks] == [3, 7, 11]
    assert all(0 <= float(row["validation_exact_match"]) <= 1 for row in checks)


def test_a_check_is_of_all_its_rows_together(task, small, rows):
    """Its last batch is smaller than the others, and has no more say for it."""
    recipe = Recipe(steps=150, learning_rate=3e-3, warmup=20, batch_size=64, check_every=150, check_rows=100)
    seen = []

    class Seen(lightning.Callback):
        def on_validation_end(self, trainer, pl_module):
            seen.append(dict(trainer.callback_metrics))
            data = trainer.datamodule.val_dataloader()
            assert [sum(len(source) for source, _ in batch) for batch in data] == [64, 36]
            whole = [part for batch in data for part in batch]
            logits = [(pl_module.model(source, target[:, :-1]), target[:, 1:]) for source, target in whole]
            told = [(scores.log_softmax(-1).gather(-1, to[..., None])[..., 0], to) for scores, to in logits]
            tokens = sum(int((to != 0).sum()) for _, to in told)
            loss = -sum(float(scores[to != 0].sum()) for scores, to in told) / tokens
            exact = sum(int(((scores[..., 2:].argmax(-1) + 2 == to) | (to == 0)).all(1).sum()) for scores, to in logits) / 100
            seen.append({"loss": loss, "exact": exact})

    module = Seq2SeqModule(network_for(small, len(task.vocabulary)), recipe)
    Running().made(recipe, [Seen()]).fit(module, datamodule=TaskDataModule(task, recipe))
    assert float(seen[0]["validation_loss"]) == pytest.approx(seen[1]["loss"], rel=1e-4)
    assert float(seen[0]["validation_exact_match"]) == pytest.approx(seen[1]["exact"])
    assert seen[1]["exact"] > 0.5


@pytest.mark.parametrize("watched", ["loss", "exact match"])
def test_training_ends_when_patience_does_and_not_while_it_gets_better(task, small, watched):
    recipe = Recipe(steps=100, learning_rate=3e-3, warmup=20, check_every=20, check_rows=200, patience=3, watched=watched)
    assert len(train(task, small, recipe).losses) == 100
    # At such a rate not a bit of a weight changes.
    idle = dataclasses.replace(recipe, learning_rate=1e-9, check_every=4, batch_size=8)
    assert len(train(task, small, idle).losses) == 16


def test_losses_are_the_same_with_and_without_checks(task, small):
    one = train(task, small, RECIPE)
    other = train(task, small, Recipe(steps=12, batch_size=8, check_every=5, check_rows=10))
    assert one.losses == other.losses


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"trainer": {"acelerator": "cpu"}}, "no argument 'acelerator'\n.*did you mean 'accelerator'"),
        ({"trainer": {"max_steps": 3}}, "settled by the recipe\n.*set steps"),
        ({"trainer": {"logger": True}}, "set by recsyn"),
        ({"log": ["wandb"]}, "no log 'wandb'\n.*csv, tensorboard"),
    ],
)
def test_what_training_cannot_be_told_is_refused(options, words):
    with pytest.raises(RecsynError, match=words):
        Running(**options)


def test_settled_and_own_arguments_are_lightnings():
    known = set(inspect.signature(lightning.Trainer).parameters)
    assert {*running_module._SETTLED, *running_module._OWN} <= known
    assert set(running_module._SETTLED.values()) <= set(RECIPE.to_config())


@pytest.mark.parametrize(
    "trainer", [{"accelerator": "quantum"}, {"precision": 7}, {"devices": "many"}, {"strategy": "hope"}, {"devices": -3}]
)
def test_what_lightning_refuses_is_one_error(task, small, trainer):
    with pytest.raises(RecsynError, match="Lightning's Trainer refuses"):
        train(task, small, RECIPE, None, Running(trainer=trainer))


@pytest.mark.parametrize("trainer", [{"log_every_n_steps": "x"}, {"log_every_n_steps": [1]}, {"detect_anomaly": "yes"}])
def test_what_lightning_would_trip_over_is_refused_before_a_step(task, small, trainer):
    (name,) = trainer
    with pytest.raises(RecsynError, match=f"Lightning's Trainer refuses its arguments: {name} is .*, not of type (int|bool)"):
        train(task, small, RECIPE, lambda *_: pytest.fail("it began"), Running(trainer=trainer))


def test_a_log_that_needs_a_package(task, small, tmp_path, monkeypatch):
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARD_AVAILABLE", False)
    monkeypatch.setattr("lightning.fabric.loggers.tensorboard._TENSORBOARDX_AVAILABLE", False)
    with pytest.raises(RecsynError, match=r"not installed\n.*pip install tensorboard"):
        train(task, small, RECIPE, None, Running(log=["tensorboard"], log_folder=tmp_path))


def test_a_logger_of_ones_own(task, small, tmp_path):
    train(task, small, RECIPE, None, Running(log=[CSVLogger(tmp_path, "mine")], trainer={"log_every_n_steps": 4}))
    assert [int(row["step"]) for row in table(tmp_path / "mine") if row["loss"]] == [3, 7, 11]


def test_half_precision_gives_a_network_in_whole_precision(task, small):
    exact, mixed = (train(task, small, RECIPE, None, Running(trainer={"precision": p})) for p in ("32-true", "bf16-mixed"))
    assert {weights.dtype for weights in mixed.model.parameters()} == {torch.float32}
    assert exact.losses != mixed.losses
    assert mixed.losses == pytest.approx(exact.losses, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["ddp_spawn", "ddp_fork"])
def test_two_processes_learn_what_one_does(task, small, strategy, tmp_path):
    """Of each batch each has a half, of another number of tokens; the gradient is that of the whole."""
    recipe = Recipe(steps=12, batch_size=9, check_every=6, check_rows=20)
    alone = train(task, small, recipe, None, Running(log=["csv"], log_folder=tmp_path / "1"))
    both = Running(log=["csv"], log_folder=tmp_path / "2", trainer={"devices": 2, "strategy": strategy})
    together = train(task, small, recipe, None, both)
    assert together.losses == pytest.approx(alone.losses, rel=1e-3)
    assert (alone.devices, together.devices) == (("the CPU",), ("the CPU, in 2 processes",))
    for name, weights in alone.model.state_dict().items():
        assert torch.allclose(weights, together.model.state_dict()[name], atol=1e-3)
    checks = [[row["validation_exact_match"] for row in table(tmp_path / one)] for one in ("1", "2")]
    assert checks[0] == pytest.approx(checks[1])


@pytest.mark.slow
def test_what_is_compiled_learns_the_same_and_is_handed_on_as_it_was(task, small):
    plain, compiled = (train(task, small, RECIPE, None, Running(compile=chosen)) for chosen in (False, True))
    assert compiled.losses == pytest.approx(plain.losses, rel=1e-3)
    assert compiled.model.state_dict().keys() == plain.model.state_dict().keys()
    assert compiled.model._compiled_call_impl is None
