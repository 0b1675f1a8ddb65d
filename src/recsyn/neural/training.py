"""Training: a Lightning module and a data module for anyone's Trainer, and :func:`train`, which runs them to the end."""

from __future__ import annotations

import logging
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities.types import STEP_OUTPUT, OptimizerLRSchedulerConfig
from torch import Tensor
from torch.multiprocessing.spawn import ProcessRaisedException
from torch.nn import functional
from torch.optim import AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR

from recsyn.data.batching import parts_of
from recsyn.data.generation import Generated, generate
from recsyn.data.randomness import digest
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import PAD
from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.decoding import teacher_forced
from recsyn.neural.networks import Network, network_for, one_thread
from recsyn.neural.recipe import Recipe
from recsyn.neural.resuming import Diverged, Keeping, anew, begin, diverged, kept_in
from recsyn.neural.running import Running, device_name

Batch = Sequence[tuple[Tensor, Tensor]]
"""The rows of a step in parts of like lengths, each source int64[n, Ls] and target int64[n, Lt]."""


@dataclass(frozen=True)
class Trained:
    """A network and all that made it; ``losses`` holds one a step, in nats a token, ``seconds`` the wall-clock time of the steps,
    those before an interruption included; ``waiting`` is the share of it, the making of rows before them included and what was
    before an interruption not, in which training waited for data; ``devices`` is what it ran on (:func:`device_name`), one after
    the other where it was interrupted and went on elsewhere."""

    model: Network
    task: Task
    architecture: Architecture
    recipe: Recipe
    losses: tuple[float, ...]
    seconds: float
    waiting: float
    devices: tuple[str, ...]


class Seq2SeqModule(lightning.LightningModule):
    """Teacher forcing of a network by a recipe: loss, optimiser, schedule and clipping; logs ``loss``, and at each check
    ``validation_loss``, in nats a token, and ``validation_exact_match``, a share of rows.

    The processes of a training each hold some rows of a batch; loss and gradient are those of all of them together.

    Raises :class:`RecsynError`, naming the step, when the loss is no longer a finite number.
    """

    def __init__(self, model: Network, recipe: Recipe) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self._checked = [0.0] * 4

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The mean cross-entropy of the tokens after START, PAD left out, in nats a token; of all parts of the batch together, so
        that how it is cut into parts changes nothing."""
        tokens = torch.stack([(target[:, 1:] != PAD).sum() for _, target in batch]).sum()
        loss = torch.stack([self._surprise(source, target) for source, target in batch]).sum()
        # The mean over processes, which is what they take of gradients, is then that over the tokens of them all.
        loss = loss / _mean(self._trainer, tokens)
        told = _mean(self._trainer, loss.detach())
        if not torch.isfinite(told):
            raise diverged(self.global_step + 1, self.recipe)
        self.log("loss", told, prog_bar=True)
        return loss

    def _surprise(self, source: Tensor, target: Tensor) -> Tensor:
        """The cross-entropy of all tokens of a part, in nats."""
        logits = self.model(source, target[:, :-1])
        return functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten(), ignore_index=PAD, reduction="sum")

    def on_validation_epoch_start(self) -> None:
        self._checked = [0.0] * 4

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        for source, target in batch:
            right = teacher_forced(self.model, source, target).sum()
            found = (self._surprise(source, target).item(), (target[:, 1:] != PAD).sum().item(), right.item(), len(target))
            self._checked = [before + more for before, more in zip(self._checked, found, strict=True)]

    def on_validation_epoch_end(self) -> None:
        loss, tokens, right, rows = _mean(self._trainer, torch.tensor(self._checked, device=self.device)).unbind()
        self.log("validation_loss", loss / tokens)
        self.log("validation_exact_match", right / rows)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """AdamW, its rate set at every step."""
        recipe, width = self.recipe, self.model.architecture.width
        # The schedule gives rates, and torch wants factors of one.
        optimizer = AdamW(self.parameters(), lr=1.0, betas=recipe.betas, weight_decay=recipe.weight_decay)
        schedule = LambdaLR(optimizer, lambda step: recipe.rate(step, width))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clips to the recipe's norm unless the Trainer names its own."""
        limit = self.recipe.clip if gradient_clip_val is None else gradient_clip_val
        self.clip_gradients(optimizer, gradient_clip_val=limit, gradient_clip_algorithm=gradient_clip_algorithm)


def _mean(trainer: lightning.Trainer | None, number: Tensor) -> Tensor:
    """Over all processes, the same in each."""
    if trainer is None or trainer.world_size == 1:
        return number
    mean = trainer.strategy.reduce(number.float(), reduce_op="mean")
    assert isinstance(mean, Tensor)
    return mean


class TaskDataModule(lightning.LightningDataModule):
    """The rows that a recipe asks for, generated from its seed at the start of training and handed out in their order, those of a
    batch in parts of like lengths (:func:`recsyn.data.batching.parts_of`), and the rows of its checks. ``waited`` counts the
    seconds in which rows and batches were made.

    Raises :class:`RecsynError` where a batch has fewer rows than there are processes.
    """

    def __init__(self, task: Task, recipe: Recipe) -> None:
        super().__init__()
        self.task = task
        self.recipe = recipe
        self.rows: Generated | None = None
        self.held_out: Generated | None = None
        self.waited = 0.0

    def generated(self) -> Generated:
        """The rows, ``steps`` × ``batch_size`` of them, generated when first asked for."""
        if self.rows is None:
            recipe = self.recipe
            with self.waiting():
                self.rows = generate(self.task, recipe.steps * recipe.batch_size, recipe.seed, "train", values=False)
        return self.rows

    def checking(self) -> Generated | None:
        """The rows of the split ``validation`` that checks ask for, generated when first asked for; ``None`` without checks."""
        recipe = self.recipe
        if self.held_out is None and recipe.checks:
            with self.waiting():
                self.held_out = generate(self.task, recipe.check_rows, recipe.seed, "validation", values=False)
        return self.held_out

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a process that is spawned: a program that was compiled stays where it is, and the task is made again."""
        return {**self.__dict__, "task": (type(self.task), self.task.to_config())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        kind, config = state["task"]
        self.__dict__.update(state, task=kind.from_config(config))

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time that something takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.waited += time.perf_counter() - began

    def setup(self, stage: str) -> None:
        processes, rows = self.share()[1], self.recipe.batch_size
        if rows < processes:
            raise RecsynError(f"a batch of {rows} rows cannot be shared by {processes} processes", "raise batch_size")
        self.generated()
        self.checking()

    def share(self) -> tuple[int, int]:
        """Which of how many processes this is."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)

    def train_dataloader(self) -> Batches:
        return Batches(self, self.generated())

    def val_dataloader(self) -> Batches | list[Batch]:
        rows = self.checking()
        return Batches(self, rows) if rows else []


class Batches:
    """Rows in batches, of which each process of a training gets its part. Its state, which Lightning keeps in checkpoints, is
    the batch that comes next."""

    def __init__(self, data: TaskDataModule, rows: Generated) -> None:
        self.data, self.rows = data, rows
        self._first, self._next = 0, 0

    def __len__(self) -> int:
        return -(-len(self.rows) // self.data.recipe.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        first, self._first = self._first, 0
        for index in range(first, len(self)):
            self._next = index + 1
            yield self[index]

    def __getitem__(self, index: int) -> Batch:
        with self.data.waiting():
            first, (own, processes) = index * self.data.recipe.batch_size, self.data.share()
            chosen = np.arange(first, min(first + self.data.recipe.batch_size, len(self.rows)))[own::processes]
            sides = (self.rows.source, self.rows.target)
            parts = parts_of([side.lengths[chosen] for side in sides])
            source, target = ([torch.from_numpy(side.padded(chosen[part])).long() for part in parts] for side in sides)
            return list(zip(source, target, strict=True))

    def state_dict(self) -> dict[str, int]:
        return {"next": self._next}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        self._first = state["next"]


def train(
    task: Task,
    architecture: Architecture,
    recipe: Recipe,
    on_step: Callable[[int, float], None] | None = None,
    running: Running | None = None,
    on_resume: Callable[[int], None] | None = None,
) -> Trained:
    """A network trained on the task's fresh rows, on one thread of the CPU unless ``running`` says otherwise.

    ``on_step`` is told each step, counted from 1, and its loss; ``on_resume`` the step of an interrupted training that goes on.

    The same task, architecture and recipe give the same weights bit for bit, on the same machine and run in the same way; also
    where training was interrupted, by whatever means, and goes on from ``running.folder``, which :func:`resuming.forget` removes
    when what was trained is saved. Torch's threads and random state are left as they were. Raises :class:`RecsynError` when the
    task's rows are too long for the architecture, when the loss diverges and when the disk refuses what is to be kept, and
    ``KeyboardInterrupt`` when interrupted.
    """
    running = running or Running()
    _check_fit(task, architecture, task.max_source_length, task.max_target_length)
    watch = _Watch(on_step, recipe.seed)
    keeping, last = _kept(task, architecture, recipe, running, watch)
    if keeping and last and on_resume:
        on_resume(keeping.kept)
    try:
        with _alone_and_quiet():
            torch.manual_seed(recipe.seed)
            model = network_for(architecture, len(task.vocabulary))
            data = TaskDataModule(task, recipe)
            for rows in filter(None, (data.generated(), data.checking())):
                # The task tells its longest rows by a sample; these are the rows themselves.
                _check_fit(task, architecture, int(rows.source.lengths.max()), int(rows.target.lengths.max()))
            before = data.waited
            started = time.perf_counter()
            _fit(Seq2SeqModule(model, recipe), data, watch, running, keeping, last)
            seconds = time.perf_counter() - started
        if not all(torch.isfinite(weights).all() for weights in model.parameters()):
            raise diverged(len(watch.losses), recipe)
    except Diverged as error:
        if keeping is None:
            raise
        raise Diverged(error.message, f"{error.hint}, and {anew(keeping.folder)}; {keeping.where()}") from None
    waiting = data.waited / (before + seconds)
    losses, devices = tuple(watch.losses), tuple(watch.devices)
    return Trained(model.cpu().float().eval(), task, architecture, recipe, losses, watch.seconds, waiting, devices)


def _kept(
    task: Task, architecture: Architecture, recipe: Recipe, running: Running, watch: _Watch
) -> tuple[Keeping | None, Path | None]:
    """What keeps the training, and what it goes on from."""
    if running.folder is None:
        return None, None
    config = {
        "task": task.to_config(),
        "architecture": architecture.to_config(),
        "recipe": recipe.to_config(),
        "trainer": dict(running.trainer),
        "compile": running.compile,
    }
    kept = kept_in(running.folder, config, watch)
    if kept is None and running.leads:
        begin(running.folder, config)
    keeping = Keeping(running.folder, config, recipe, running.keep_every, kept.step if kept else 0)
    return keeping, kept.path if kept else None


def _check_fit(task: Task, architecture: Architecture, longest_source: int, longest_target: int) -> None:
    why = architecture.misfit(longest_source, longest_target)
    if why:
        raise RecsynError(f"the task {task.name} has {why}", "raise max_positions or room, or make the task's inputs smaller")


class _Watch(lightning.Callback):
    """Losses, seconds and devices, of earlier runs of a training too; and dropout, whose chance each step names anew."""

    def __init__(self, on_step: Callable[[int, float], None] | None, seed: int) -> None:
        self.losses: list[float] = []
        self.on_step = on_step
        self.seed = seed
        self.seconds = 0.0
        self.devices: list[str] = []
        self.elsewhere: Path | None = None
        self._since = 0.0

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._since = time.perf_counter()
        device = device_name(trainer.strategy.root_device, trainer.world_size)
        if self.devices[-1:] != [device]:
            self.devices.append(device)

    def on_train_batch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, batch: Batch, batch_idx: int
    ) -> None:
        torch.manual_seed(digest("dropout", self.seed, trainer.global_step, trainer.global_rank) & 2**63 - 1)

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: STEP_OUTPUT,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        assert isinstance(outputs, dict)
        self.losses.append(float(_mean(trainer, outputs["loss"])))
        now = time.perf_counter()
        self.seconds, self._since = self.seconds + now - self._since, now
        if self.on_step:
            self.on_step(len(self.losses), self.losses[-1])

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self.elsewhere and trainer.is_global_zero:
            torch.save(self.state_dict(), self.elsewhere)

    def state_dict(self) -> dict[str, Any]:
        return {"losses": torch.tensor(self.losses, dtype=torch.float64), "seconds": self.seconds, "devices": self.devices}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.losses, self.seconds = state_dict["losses"].tolist(), state_dict["seconds"]
        self.devices = list(state_dict["devices"])

    def __getstate__(self) -> dict[str, Any]:
        """What goes to a process that is spawned, where nobody looks."""
        return {**self.__dict__, "on_step": None}


def _fit(
    module: Seq2SeqModule, data: TaskDataModule, watch: _Watch, running: Running, keeping: Keeping | None, last: Path | None
) -> None:
    interrupt = signal.getsignal(signal.SIGINT)
    trainer = running.made(module.recipe, [watch, *([keeping] if keeping else [])])
    if running.compile:
        module.model.compile(dynamic=True)
    try:
        with _told_from_elsewhere(watch):
            trainer.fit(module, datamodule=data, ckpt_path=last, weights_only=True)
    except SystemExit as ending:
        # On Ctrl-C Lightning ignores all further ones and ends the whole process; whether to end is the caller's choice.
        if not isinstance(ending.__context__, KeyboardInterrupt):
            raise
        signal.signal(signal.SIGINT, interrupt)
        raise KeyboardInterrupt from None
    except MisconfigurationException as error:
        raise RecsynError(f"Lightning's Trainer refuses: {' '.join(str(error).split())}") from None
    except ProcessRaisedException as error:
        raise RecsynError(f"a process of the training failed: {str(error).strip().splitlines()[-1]}") from None
    finally:
        # What is compiled is compiled for these rows on this device.
        module.model._compiled_call_impl = None


@contextmanager
def _told_from_elsewhere(watch: _Watch) -> Iterator[None]:
    """Where training forks or spawns processes, the one that is watched there is not the one here."""
    with tempfile.TemporaryDirectory() as folder:
        watch.elsewhere = Path(folder) / "watch"
        yield
        if watch.elsewhere.exists():
            watch.load_state_dict(torch.load(watch.elsewhere, weights_only=True))


@contextmanager
def _alone_and_quiet() -> Iterator[None]:
    """One torch thread, random numbers of its own, and no chatter from Lightning."""
    logs = [logging.getLogger(f"lightning.{part}") for part in ("pytorch", "fabric")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.ERROR)
    try:
        with one_thread(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)
