"""How a training is run, which has no part in what is trained: where it is kept, what it logs, and Lightning's own arguments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch.callbacks import Callback, EarlyStopping, LearningRateMonitor
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger

from recsyn.errors import RecsynError, quoted
from recsyn.neural.recipe import Recipe

LOGS = ("csv", "tensorboard")

_SETTLED = {
    "max_steps": "steps", "min_steps": "steps", "max_epochs": "steps", "min_epochs": "steps", "max_time": "steps",
    "limit_train_batches": "steps", "overfit_batches": "steps", "fast_dev_run": "steps",
    "accumulate_grad_batches": "batch_size", "gradient_clip_val": "clip",
    "val_check_interval": "check_every", "check_val_every_n_epoch": "check_every", "limit_val_batches": "check_rows",
}  # fmt: skip
"""What the recipe settles, by which field."""
_OWN = ("callbacks", "logger", "use_distributed_sampler", "reload_dataloaders_every_n_epochs", "num_sanity_val_steps")
"""What training sets for itself."""
_PLAIN = frozenset({int, float, bool, str, NoneType})


@dataclass(frozen=True)
class Running:
    """The default is one thread of the CPU, nothing logged and nothing kept.

    ====================  ============================================================================================
    ``folder``            where a training in progress is kept (:mod:`recsyn.neural.resuming`)
    ``keep_every``        so many steps
    ``log``               ``csv``, ``tensorboard``, and any of Lightning's loggers
    ``log_folder``        where the named ones write, in a folder for each run
    ``trainer``           arguments of ``lightning.Trainer``: ``accelerator``, ``devices``, ``strategy``, ``precision``, …
    ``compile``           whether ``torch.compile`` makes the network faster, which costs a minute at the start
    ====================  ============================================================================================

    Raises :class:`RecsynError` for an argument that Trainer does not have or that is settled otherwise, and for an unknown log.
    """

    folder: Path | None = None
    keep_every: int = 200
    log: Sequence[str | Logger] = ()
    log_folder: Path = Path("logs")
    trainer: Mapping[str, Any] = field(default_factory=dict)
    compile: bool = False

    def __post_init__(self) -> None:
        known = [name for name in inspect.signature(lightning.Trainer).parameters if name not in (*_SETTLED, *_OWN)]
        for name in self.trainer:
            if name in _SETTLED:
                raise RecsynError(f"{name} of Lightning's Trainer is settled by the recipe", f"set {_SETTLED[name]} of `training`")
            if name in _OWN:
                raise RecsynError(
                    f"{name} of Lightning's Trainer is set by recsyn",
                    "a Trainer of your own takes Seq2SeqModule and TaskDataModule",
                )
            if name not in known:
                nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
                raise RecsynError(f"Lightning's Trainer has no argument {quoted(name)}", f"did you mean {nearest!r}?")
        for log in self.log:
            if isinstance(log, str) and log not in LOGS:
                raise RecsynError(f"there is no log {quoted(log)}", f"name one of: {', '.join(LOGS)}")

    @property
    def parallel(self) -> bool:
        """Whether more than one process may take part."""
        return any(name in self.trainer for name in ("devices", "num_nodes", "strategy"))

    @property
    def leads(self) -> bool:
        """Whether this process is the one that tells and writes, of those that Lightning or a cluster has started."""
        return not self.parallel or rank_zero_only.rank == 0  # type: ignore[attr-defined]

    def made(self, recipe: Recipe, callbacks: Sequence[Callback]) -> lightning.Trainer:
        """A Trainer for a recipe. Raises :class:`RecsynError` where Lightning refuses its arguments, and for a log that needs a
        package which is not installed."""
        _check_kinds(self.trainer)
        loggers = [self._logger(log) for log in self.log]
        watching: list[Callback] = []
        if recipe.patience and recipe.checks:
            mode = "min" if recipe.watched == "loss" else "max"
            name = "validation_loss" if recipe.watched == "loss" else "validation_exact_match"
            watching.append(EarlyStopping(name, patience=recipe.patience, mode=mode, check_finite=False))
        if loggers:
            watching.append(LearningRateMonitor("step"))
        arguments = {
            "accelerator": "cpu",
            "devices": 1,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            # Named, because inside a cluster's job Lightning would take the job's tasks for its own ranks.
            **({} if self.parallel else {"plugins": [LightningEnvironment()]}),
            **self.trainer,
            "max_epochs": 1,
            "num_sanity_val_steps": 0,
            "use_distributed_sampler": False,
            "callbacks": [*watching, *callbacks],
            "logger": loggers or False,
            **({"val_check_interval": recipe.check_every} if recipe.checks else {"limit_val_batches": 0}),
        }
        try:
            return lightning.Trainer(**arguments)
        except (MisconfigurationException, TypeError, ValueError, RuntimeError, ImportError) as error:
            raise _refused(" ".join(str(error).split())) from None

    def _logger(self, log: str | Logger) -> Logger:
        if isinstance(log, Logger):
            return log
        if log == "csv":
            return CSVLogger(self.log_folder, name="csv")
        try:
            return TensorBoardLogger(self.log_folder, name="tensorboard")
        except ModuleNotFoundError:
            raise RecsynError(
                "the log tensorboard needs a package that is not installed", "pip install tensorboard, or log csv"
            ) from None


def _check_kinds(arguments: Mapping[str, Any]) -> None:
    """Raise :class:`RecsynError` for what Lightning would only trip over in the midst of training."""
    expected = get_type_hints(lightning.Trainer.__init__)
    for name, value in arguments.items():
        kinds = get_args(expected[name]) or (expected[name],)
        if _PLAIN.issuperset(kinds) and not isinstance(value, kinds):
            names = " or ".join(kind.__name__ for kind in kinds if kind is not NoneType)
            raise _refused(f"{name} is {quoted(value)}, not of type {names}")


def _refused(why: str) -> RecsynError:
    return RecsynError(f"Lightning's Trainer refuses its arguments: {why}")


def device_name(device: torch.device, processes: int) -> str:
    """What trains, as people call it: ``the CPU``, ``NVIDIA H100``, ``4 × NVIDIA H100``. Of several devices, all are taken to be
    like this one."""
    if device.type == "cpu":
        return "the CPU" if processes == 1 else f"the CPU, in {processes} processes"
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return name if processes == 1 else f"{processes} × {name}"
