"""The folder in which a training in progress is kept, so that one that was interrupted goes on.

::

    last.ckpt       Lightning's checkpoint: weights, optimiser, schedule, early stopping, losses so far. Only ever one's own
    training.json   the configuration that it belongs to

Rows and dropout are addressed by seed and step, so nothing of them is kept. Both files are written whole or not at all.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.types import STEP_OUTPUT

from recsyn.errors import RecsynError, quoted
from recsyn.neural.recipe import Recipe

LAST, CONFIG = "last.ckpt", "training.json"


@dataclass(frozen=True)
class Kept:
    """A training that was interrupted after so many steps."""

    path: Path
    step: int


def kept_in(folder: Path, config: Mapping[str, Any], watch: lightning.Callback) -> Kept | None:
    """What a folder keeps of a training of this configuration, which ``watch`` is told of; ``None`` where it keeps nothing yet.

    Raises :class:`RecsynError` where it keeps one of another configuration, naming what differs, where it was kept by a recsyn
    whose ``watch`` had another state, and where it cannot be read.
    """
    last = folder / LAST
    try:
        if not last.exists():
            return None
        written = json.loads((folder / CONFIG).read_text("utf-8"))
        state = torch.load(last, map_location="cpu", weights_only=True)
        step, watched = state["global_step"], state["callbacks"].get(watch.state_key, {})
    except Exception as error:  # Whatever torch makes of bytes that are no checkpoint: often a page.
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise RecsynError(f"the interrupted training in {str(folder)!r} cannot be read: {why}", _elsewhere(folder)) from None
    if watched.keys() != watch.state_dict().keys():
        earlier = f"the interrupted training in {str(folder)!r} was kept by an earlier recsyn, and cannot be gone on with"
        raise RecsynError(earlier, _elsewhere(folder))
    for name, before, now in _differences("", written, json.loads(_written(config))):
        change = f"{name} was {quoted(before)} and is {quoted(now)}"
        raise RecsynError(f"{str(folder)!r} holds an interrupted training of another configuration: {change}", _elsewhere(folder))
    return Kept(last, step)


def begin(folder: Path, config: Mapping[str, Any]) -> None:
    """Write down which training the folder is for. Raises :class:`RecsynError` when the disk refuses."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f"{CONFIG}.new"
        fresh.write_text(_written(config), "utf-8")
        os.replace(fresh, folder / CONFIG)
    except OSError as error:
        raise RecsynError(f"the training cannot be kept in {str(folder)!r}: {error.strerror or error}") from None


def forget(folder: Path) -> None:
    """Remove what is kept of a training: the files that it is made of, and the folder where nothing else is in it."""
    for name in (LAST, CONFIG, f"{LAST}.new", f"{CONFIG}.new"):
        part = folder / name
        if part.is_dir():  # What sharded strategies write.
            shutil.rmtree(part)
        else:
            part.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


class Keeping(lightning.Callback):
    """Keeps the training in a folder whenever ``every`` steps have passed; it comes after all callbacks with a state.

    Raises :class:`RecsynError` when the disk refuses, telling where the state of an earlier step is.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], recipe: Recipe, every: int, kept: int) -> None:
        self.folder, self.config, self.recipe, self.every, self.kept = folder, config, recipe, every, kept

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: STEP_OUTPUT, batch: Any, batch_idx: int
    ) -> None:
        checked = self.recipe.checks and trainer.global_step % self.recipe.check_every == 0
        # What a check decides belongs to its step: it is kept after it or not at all.
        if not checked:
            self._keep(trainer, pl_module)

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        # That training is over is no part of Lightning's checkpoint.
        if not trainer.should_stop:
            self._keep(trainer, pl_module)

    def _keep(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        step = trainer.global_step
        if step - self.kept < self.every or step >= self.recipe.steps:
            return
        # The loss of the next step would tell, too late for what is kept.
        if not all(torch.isfinite(weights).all() for weights in module.parameters()):
            raise diverged(step, self.recipe)
        fresh = self.folder / f"{LAST}.new"
        try:
            if trainer.is_global_zero and not self.folder.is_dir():  # Somebody removed it.
                begin(self.folder, self.config)
            trainer.save_checkpoint(fresh)
            if trainer.is_global_zero:
                _settle(fresh, self.folder / LAST)
        except (OSError, RecsynError) as error:
            why = error.message if isinstance(error, RecsynError) else error.strerror or str(error)
            stopped = f"training stopped at step {step} of {self.recipe.steps}, which cannot be kept: {why}"
            raise RecsynError(stopped, f"{self.where()}; mend that, and the same command goes on from there") from None
        self.kept = step

    def where(self) -> str:
        """Where the last state that was kept is."""
        last = self.folder / LAST
        return f"step {self.kept} is kept in {str(last)!r}" if self.kept and last.exists() else "nothing of it was kept"


def anew(folder: Path) -> str:
    """How a training that is kept in a folder is begun from its start."""
    return f"remove {str(folder)!r} to start anew (`recsyn train --restart` does)"


def _elsewhere(folder: Path) -> str:
    return f"{anew(folder)}, or give another --out"


class Diverged(RecsynError):
    """Loss or weights are no longer numbers."""


def diverged(step: int, recipe: Recipe) -> Diverged:
    """What is said at such a step."""
    rate = f"factor ({recipe.factor:g})" if recipe.schedule == "vaswani" else f"learning_rate ({recipe.learning_rate:g})"
    return Diverged(
        f"the loss is no longer a finite number at step {step} of {recipe.steps}",
        f"lower {rate} or clip ({recipe.clip:g}), or raise warmup ({recipe.warmup})",
    )


def _written(config: Mapping[str, Any]) -> str:
    # Arguments of Trainer may be objects, of which the kind must do.
    return json.dumps(config, indent=1, default=lambda thing: type(thing).__name__)


def _settle(fresh: Path, last: Path) -> None:
    # Else the name could reach the disk before what it names.
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(fresh, last)


def _differences(name: str, before: Any, now: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in {**before, **now}:
            yield from _differences(f"{name}.{key}" if name else key, before.get(key), now.get(key))
    elif isinstance(before, list) and isinstance(now, list):
        for place, (one, other) in enumerate(zip_longest(before, now)):
            yield from _differences(f"{name}[{place}]", one, other)
    elif before != now:
        yield name, before, now
