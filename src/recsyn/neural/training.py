"""Training: a Lightning module and a data module for anyone's Trainer, and :func:`train`, which runs them to the end."""

from __future__ import annotations

import logging
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.utilities.types import STEP_OUTPUT, OptimizerLRSchedulerConfig
from torch import Tensor
from torch.nn import functional
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset

from recsyn.data.batching import parts_of
from recsyn.data.generation import Generated, generate
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import PAD
from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.networks import Network, network_for, one_thread
from recsyn.neural.recipe import Recipe

Batch = Sequence[tuple[Tensor, Tensor]]
"""The rows of a step in parts of like lengths, each source int64[n, Ls] and target int64[n, Lt]."""


@dataclass(frozen=True)
class Trained:
    """A network and all that made it; ``losses`` holds one a step, in nats a token, ``seconds`` the wall-clock time of the steps;
    ``waiting`` is the share of it, the making of rows before them included, in which training waited for data."""

    model: Network
    task: Task
    architecture: Architecture
    recipe: Recipe
    losses: tuple[float, ...]
    seconds: float
    waiting: float = 0.0


class Seq2SeqModule(lightning.LightningModule):
    """Teacher forcing of a network by a recipe: loss, optimiser, schedule and clipping; logs ``loss``.

    Raises :class:`RecsynError`, naming the step, when the loss is no longer a finite number.
    """

    def __init__(self, model: Network, recipe: Recipe) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The mean cross-entropy of the tokens after START, PAD left out, in nats a token; of all parts of the batch together, so
        that how it is cut into parts changes nothing."""
        tokens = sum((target[:, 1:] != PAD).sum() for _, target in batch)
        loss = torch.stack([self._surprise(source, target) for source, target in batch]).sum() / tokens
        if not torch.isfinite(loss):
            raise _diverged(self.global_step + 1, self.recipe)
        self.log("loss", loss, prog_bar=True)
        return loss

    def _surprise(self, source: Tensor, target: Tensor) -> Tensor:
        """The cross-entropy of all tokens of a part, in nats."""
        logits = self.model(source, target[:, :-1])
        return functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=PAD, reduction="sum")

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW, its rate set at every step."""
        recipe = self.recipe
        optimizer = AdamW(self.parameters(), lr=recipe.learning_rate, betas=recipe.betas, weight_decay=recipe.weight_decay)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": LambdaLR(optimizer, recipe.rate), "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clips to the recipe's norm unless the Trainer names its own."""
        limit = self.recipe.clip if gradient_clip_val is None else gradient_clip_val
        self.clip_gradients(optimizer, gradient_clip_val=limit, gradient_clip_algorithm=gradient_clip_algorithm)


class TaskDataModule(lightning.LightningDataModule):
    """The rows that a recipe asks for, generated from its seed at the start of training and handed out in their order, those of a
    batch in parts of like lengths (:func:`recsyn.data.batching.parts_of`). ``waited`` counts the seconds in which rows and
    batches were made.
    """

    def __init__(self, task: Task, recipe: Recipe) -> None:
        super().__init__()
        self.task = task
        self.recipe = recipe
        self.rows: Generated | None = None
        self.waited = 0.0

    def generated(self) -> Generated:
        """The rows, ``steps`` × ``batch_size`` of them, generated when first asked for."""
        if self.rows is None:
            recipe = self.recipe
            with self.waiting():
                self.rows = generate(self.task, recipe.steps * recipe.batch_size, recipe.seed, "train", values=False)
        return self.rows

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time that something takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.waited += time.perf_counter() - began

    def setup(self, stage: str) -> None:
        self.generated()

    def train_dataloader(self) -> DataLoader[Batch]:
        return DataLoader(_Batches(self), batch_size=None)


class _Batches(Dataset[Batch]):
    def __init__(self, data: TaskDataModule) -> None:
        self.data, self.rows = data, data.generated()

    def __len__(self) -> int:
        return -(-len(self.rows) // self.data.recipe.batch_size)

    def __getitem__(self, index: int) -> Batch:
        if not 0 <= index < len(self):
            raise IndexError(index)
        with self.data.waiting():
            first = index * self.data.recipe.batch_size
            sides = (self.rows.source, self.rows.target)
            parts = parts_of([side.lengths[first : first + self.data.recipe.batch_size] for side in sides])
            source, target = ([torch.from_numpy(side.padded(first + part)).long() for part in parts] for side in sides)
            return list(zip(source, target, strict=True))


def train(task: Task, architecture: Architecture, recipe: Recipe, on_step: Callable[[int, float], None] | None = None) -> Trained:
    """A network trained on the task's fresh rows, on one thread of the CPU.

    ``on_step`` is told each step, counted from 1, and its loss.

    The same task, architecture and recipe give the same weights bit for bit. Torch's threads and random state are left as they
    were. Raises :class:`RecsynError` when the task's rows are too long for the architecture and when the loss diverges, and
    ``KeyboardInterrupt`` when interrupted.
    """
    _check_fit(task, architecture, task.max_source_length, task.max_target_length)
    watch = _Watch(on_step)
    with _alone_and_quiet():
        torch.manual_seed(recipe.seed)
        model = network_for(architecture, len(task.vocabulary))
        data = TaskDataModule(task, recipe)
        rows = data.generated()
        # The task tells its longest rows by a sample; these are the rows themselves.
        _check_fit(task, architecture, int(rows.source.lengths.max()), int(rows.target.lengths.max()))
        before = data.waited
        started = time.perf_counter()
        _fit(Seq2SeqModule(model, recipe), data, watch)
        seconds = time.perf_counter() - started
    if not all(torch.isfinite(weights).all() for weights in model.parameters()):
        raise _diverged(recipe.steps, recipe)
    waiting = data.waited / (before + seconds)
    return Trained(model.eval(), task, architecture, recipe, tuple(watch.losses), seconds, waiting)


def _check_fit(task: Task, architecture: Architecture, longest_source: int, longest_target: int) -> None:
    why = architecture.misfit(longest_source, longest_target)
    if why:
        raise RecsynError(f"the task {task.name} has {why}", "raise max_positions or room, or make the task's inputs smaller")


def _diverged(step: int, recipe: Recipe) -> RecsynError:
    return RecsynError(
        f"the loss is no longer a finite number at step {step} of {recipe.steps}",
        f"lower learning_rate ({recipe.learning_rate:g}) or clip ({recipe.clip:g}), or raise warmup ({recipe.warmup})",
    )


class _Watch(lightning.Callback):
    def __init__(self, on_step: Callable[[int, float], None] | None) -> None:
        self.losses: list[float] = []
        self.on_step = on_step

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: STEP_OUTPUT,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        assert isinstance(outputs, dict)
        self.losses.append(float(outputs["loss"]))
        if self.on_step:
            self.on_step(len(self.losses), self.losses[-1])


def _fit(module: Seq2SeqModule, data: TaskDataModule, watch: _Watch) -> None:
    interrupt = signal.getsignal(signal.SIGINT)
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=1,
        callbacks=[watch],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        # Named, because inside a cluster's job Lightning would take the job's tasks for its own ranks.
        plugins=[LightningEnvironment()],
    )
    try:
        trainer.fit(module, datamodule=data)
    except SystemExit as ending:
        # On Ctrl-C Lightning ignores all further ones and ends the whole process; whether to end is the caller's choice.
        if not isinstance(ending.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, interrupt)
        raise KeyboardInterrupt from None


@contextmanager
def _alone_and_quiet() -> Iterator[None]:
    """One torch thread, random numbers of its own, and no chatter from Lightning."""
    log = logging.getLogger("lightning.pytorch")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with one_thread(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
