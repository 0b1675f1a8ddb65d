"""Any model from the words that name it, in this process or, from the same words, in another."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from recsyn.data.plugging import found_in_python
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, extra, quoted
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.portions import Fitted, Portions
from recsyn.testing.models.single import OneAtATime, one_at_a_time
from recsyn.testing.verdicts import Model

KINDS = (
    "the folder of a checkpoint or of a Hugging Face model, FILE.py:NAME or package.module:NAME for a callable on batches "
    "or a LightningModule, one:FILE.py:NAME for a callable on one input, http://… or https://… for an endpoint, exec:COMMAND "
    "for a command"
)


@dataclass(frozen=True, eq=False)
class Opened:
    """A model, the task that it is held against, and what it is called in what is told of it."""

    model: Model
    task: Task
    name: str


def open_model(spec: str, task: Task | None = None, asking: Asking | None = None) -> Opened:
    """The model that ``spec`` names, which is one of :data:`KINDS`. A checkpoint brings its task; another one may be given that has
    the same tokens. Every other kind needs one.

    Opening runs the user's own Python file and command, and asks an endpoint or a command one question; of a folder no code is run.
    The same words, the task's configuration and ``asking`` open the model again elsewhere. Raises :class:`RecsynError`.
    """
    asking = asking or Asking()
    if spec.startswith(("http://", "https://")):
        return _endpoint(spec, _needed(task), asking)
    if spec.startswith("exec:"):
        return _command(spec.removeprefix("exec:"), _needed(task), asking)
    if spec.startswith("one:"):
        return _single(spec, _needed(task), asking)
    if Path(spec).is_dir() and _is_pretrained(Path(spec)):
        return _hugging_face(spec, _needed(task), asking)
    if not Path(spec).exists() and ":" in spec:
        return _found(spec, _needed(task), asking)
    if Path(spec).suffix == ".py":
        raise RecsynError(f"{spec!r} names no model in that file", f"say which: {spec}:NAME")
    return _checkpoint(spec, task, asking)


def is_checkpoint(spec: str) -> bool:
    """Whether the words name a checkpoint of recsyn's, which brings its task."""
    return not spec.startswith(("http://", "https://", "exec:", "one:")) and Path(spec).is_dir() and not _is_pretrained(Path(spec))


def _needed(task: Task | None) -> Task:
    if task is None:
        raise RecsynError(
            "a model that is no checkpoint brings no task that it could be held against",
            "give one, on the command line by --task: a preset, a YAML file, or FILE.rec:FUNCTION",
        )
    return task


def _checkpoint(folder: str, task: Task | None, asking: Asking) -> Opened:
    with extra("loading a trained model", "neural"):
        from recsyn.neural.answering import CheckpointModel
        from recsyn.neural.checkpoint import load
    found = load(folder)
    if task is not None:
        if task.vocabulary != found.task.vocabulary:
            raise RecsynError(
                f"the tokens of {task.name} are not those of {found.task.name}, which {folder!r} was trained on",
                "leave the task out: a checkpoint brings its own",
            )
        found = replace(found, task=task)
    found.model.to(_device(asking.device))
    return Opened(Fitted(CheckpointModel(found), asking.batch_size), found.task, Path(folder).name or folder)


def _hugging_face(folder: str, task: Task, asking: Asking) -> Opened:
    with extra("a Hugging Face model", "huggingface"):
        from recsyn.testing.models.huggingface import TEMPLATE, HuggingFace
        from recsyn.testing.models.pretrained import check_tokens, load_pretrained
    pretrained = load_pretrained(Path(folder), _device(asking.device))
    check_tokens(pretrained, task)
    model = HuggingFace(pretrained, task, asking.prompt or TEMPLATE, Portions(asking.batch_size))
    model.check()
    return Opened(model, task, Path(folder).resolve().name)


def _endpoint(address: str, task: Task, asking: Asking) -> Opened:
    from recsyn.testing.models.endpoint import open_endpoint

    endpoint = open_endpoint(address, task, asking)
    place = urlsplit(endpoint.url).netloc
    return Opened(endpoint, task, f"{endpoint.asking.model} at {place}" if endpoint.asking.model else place)


def _command(text: str, task: Task, asking: Asking) -> Opened:
    from recsyn.testing.models.command import Command

    try:
        arguments = shlex.split(text)
    except ValueError as error:
        raise RecsynError(f"the command {quoted(text)} cannot be split into words: {error}") from None
    if not arguments:
        raise RecsynError("`exec:` names no command", "write it after the colon: exec:python answer.py")
    command = Command(arguments, task, asking.timeout)
    command.check()
    return Opened(command, task, shlex.join(arguments))


def _single(spec: str, task: Task, asking: Asking) -> Opened:
    place = spec.removeprefix("one:")
    found = found_in_python(place, "model", KINDS)
    if not callable(found):
        raise _not_callable(place, found)
    return Opened(_timed(one_at_a_time(found), asking), task, place)


def _found(spec: str, task: Task, asking: Asking) -> Opened:
    found = found_in_python(spec, "model", KINDS)
    if isinstance(found, type):
        raise RecsynError(f"{spec!r} is a class, and no model yet", "name an instance of it")
    if is_module(found):
        return Opened(module_model(found.to(_device(asking.device)), spec, task, asking.batch_size), task, spec)
    if not callable(found):
        raise _not_callable(spec, found)
    if isinstance(found, OneAtATime):
        return Opened(_timed(found, asking), task, spec)
    return Opened(Fitted(found, asking.batch_size), task, spec)


def _timed(model: OneAtATime, asking: Asking) -> OneAtATime:
    return model if model.timeout is not None else replace(model, timeout=asking.timeout)


def is_module(found: object) -> bool:
    """Whether it is a module of torch's: who has made one has imported torch."""
    return "torch" in sys.modules and isinstance(found, sys.modules["torch"].nn.Module)


def module_model(found: Any, name: str, task: Task, batch_size: int | None = None) -> Model:
    """A module of torch's as a model: a network of ours, or a LightningModule by its ``predict_step``, on the device
    where it is. Raises :class:`RecsynError` for any other."""
    with extra("a module of Lightning's", "neural"):
        from recsyn.neural.networks import Network
        from recsyn.neural.training import Seq2SeqModule
        from recsyn.testing.models.predicting import Predicting, network_model
    network = found.model if isinstance(found, Seq2SeqModule) else found
    if isinstance(network, Network):
        return Fitted(network_model(network, task), batch_size)
    if not hasattr(found, "predict_step"):
        raise RecsynError(f"{name!r} is a {type(found).__name__} without predict_step", "wrap it in a LightningModule that has it")
    model = Predicting(found, task, Portions(batch_size))
    model.check()
    return model


def _is_pretrained(folder: Path) -> bool:
    """Whether the folder's configuration is that of a Hugging Face model; any other is left to what loads checkpoints."""
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(config, dict) and "kind" not in config and ("model_type" in config or "architectures" in config)


def _device(name: str) -> str:
    """The name of a device that is there. Raises :class:`RecsynError` for any other."""
    import torch

    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError, ImportError) as error:
        why = " ".join(str(error).split("\n")[0].split())[:160]
        raise RecsynError(
            f"there is no device {quoted(name)}: {why}", "the processor is `cpu`, graphics cards are `cuda:0`, …"
        ) from None
    if device.type == "meta":
        raise RecsynError(f"the device {quoted(name)} holds no numbers", "the processor is `cpu`, graphics cards are `cuda:0`, …")
    return str(device)


def _not_callable(spec: str, found: Any) -> RecsynError:
    return RecsynError(f"{spec!r} is {quoted(found)}, which cannot be called", "a model is called with a list of inputs")
