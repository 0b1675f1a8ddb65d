"""The portable folder: a trained network, all that made it and how well it does, loaded without running any code.

::

    model.safetensors   the weights                      vocabulary.json   the tokens, in the order of their ids
    program.rec         the source of the program        metrics.json      whatever was measured
    config.json         format, architecture, recipe and task, and the SHA-256 of each file above and of itself

    README.md           a card for readers               experiment.yaml   trains the same again

The last two are for people to go on with: no hash is kept of them, and loading reads neither.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import safetensors.torch
import torch

from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.card import card, experiment
from recsyn.neural.networks import Network, network_for
from recsyn.neural.recipe import Recipe

if TYPE_CHECKING:  # Training needs Lightning, which takes seconds to import and which loading has no use for.
    from recsyn.neural.training import Trained

KIND = "recsyn checkpoint"
FORMAT = 2
CONFIG, MODEL, PROGRAM, VOCABULARY, METRICS = (
    "config.json",
    "model.safetensors",
    "program.rec",
    "vocabulary.json",
    "metrics.json",
)
CARD, EXPERIMENT = "README.md", "experiment.yaml"
_PARTS = {CONFIG, MODEL, PROGRAM, VOCABULARY, METRICS, CARD, EXPERIMENT}
S = TypeVar("S", Architecture, Recipe)
_LARGEST_TEXT = 64 * 2**20
_LARGEST_HEADER = 2**20


class CheckpointError(RecsynError):
    """A checkpoint that cannot be loaded or written: the message names the folder, the file and what is wrong with it."""


@dataclass(frozen=True)
class Checkpoint:
    """What :func:`load` gives: the model is in eval mode, on the CPU."""

    task: Task
    architecture: Architecture
    recipe: Recipe
    model: Network
    metrics: dict[str, Any]
    folder: Path


def save(folder: str | Path, trained: Trained, metrics: Mapping[str, Any]) -> Path:
    """Writes the folder whole or not at all, in the place of a checkpoint that is there already, and returns its path.

    Raises :class:`CheckpointError` when something else is there, when ``metrics`` are not JSON and when the disk refuses.
    """
    folder = Path(folder)
    with _blaming(str(folder)):
        place = Path(os.path.realpath(folder))
        contents = _contents(trained, metrics)
        try:
            _check_free(place)
            _write(place, contents)
        except OSError as error:
            raise CheckpointError(f"the checkpoint cannot be written: {_reason(error)}") from None
    return folder


def check_place(folder: str | Path) -> None:
    """Passes where :func:`save` could write: a long training should not end in finding out. Raises :class:`CheckpointError`."""
    with _blaming(str(folder)):
        place = Path(os.path.realpath(folder))
        try:
            _check_free(place)
            place.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=place.parent):
                pass
        except OSError as error:
            raise CheckpointError(f"the checkpoint cannot be written: {_reason(error)}") from None


def load(folder: str | Path) -> Checkpoint:
    """The checkpoint in a folder that :func:`save` wrote. Everything is read as data; nothing in the folder is executed.

    Raises :class:`CheckpointError` for a folder that is not whole and unaltered.
    """
    folder = Path(folder)
    with _blaming(str(folder)):
        _check_folder(folder)
        config = _config(folder)
        with _blaming(CONFIG):
            architecture, recipe = _settings(Architecture, config), _settings(Recipe, config)
            task = Task.from_config(config["task"])
        if _text(_read(folder, PROGRAM, config["program"]), PROGRAM) != task.program_source:
            raise CheckpointError(f"{PROGRAM} is not the program of the task in {CONFIG}")
        if _json(_read(folder, VOCABULARY, config["files"][VOCABULARY]), VOCABULARY) != list(task.vocabulary.tokens):
            raise CheckpointError(f"{VOCABULARY} does not hold the tokens of the task in {CONFIG}")
        metrics = _json(_read(folder, METRICS, config["files"][METRICS]), METRICS)
        if not isinstance(metrics, dict):
            raise CheckpointError(f"{METRICS} must hold a JSON object")
        model = _model(folder, config["files"][MODEL], architecture, len(task.vocabulary))
        return Checkpoint(task, architecture, recipe, model, metrics, folder)


def _contents(trained: Trained, metrics: Mapping[str, Any]) -> dict[str, bytes]:
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in trained.model.weights().items()}
    try:
        measured = _dumped(dict(metrics))
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError(f"the metrics cannot be written as JSON: {error}") from None
    contents = {
        MODEL: safetensors.torch.save(tensors),
        PROGRAM: trained.task.program_source.encode(),
        VOCABULARY: _dumped(list(trained.task.vocabulary.tokens)),
        METRICS: measured,
    }
    config = {
        "kind": KIND,
        "format": FORMAT,
        "recsyn": _version(),
        "architecture": trained.architecture.to_config(),
        "recipe": trained.recipe.to_config(),
        "task": trained.task.to_config(),
        "program": _digest(contents[PROGRAM]),
        "files": {name: _digest(contents[name]) for name in (MODEL, VOCABULARY, METRICS)},
    }
    told = {CARD: card(trained, metrics, EXPERIMENT, _version()), EXPERIMENT: experiment(trained, PROGRAM)}
    return contents | {CONFIG: _dumped(config | {"seal": seal(config)})} | {name: text.encode() for name, text in told.items()}


def _check_free(place: Path) -> None:
    """Passes where nothing would be lost: nothing is there, or an empty folder, or a checkpoint without any file beside it."""
    if not place.exists():
        return
    if not place.is_dir():
        raise CheckpointError("is a file, not a folder")
    present = {path.name for path in place.iterdir()}
    if not present:
        return
    strangers = sorted(present - _PARTS)
    if strangers:
        raise CheckpointError(f"holds {strangers[0]}, which is no part of a checkpoint and would be lost", "choose another folder")
    try:
        ours = json.loads((place / CONFIG).read_bytes())["kind"] == KIND
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        ours = False
    if not ours:
        raise CheckpointError("holds files that are not recsyn's and would be lost", "choose another folder")


def _write(place: Path, contents: Mapping[str, bytes]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    suffix = secrets.token_hex(4)
    fresh, former = (place.with_name(f".{place.name}.{suffix}.{role}") for role in ("new", "old"))
    try:
        fresh.mkdir()
        for name, data in contents.items():
            (fresh / name).write_bytes(data)
        if place.exists():
            place.rename(former)
        fresh.rename(place)
    except BaseException:
        if former.exists() and not place.exists():
            former.rename(place)
        raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)


def _check_folder(folder: Path) -> None:
    try:
        if not folder.is_dir():
            raise CheckpointError("is a file, not a folder" if folder.exists() else "there is no such folder")
        if not any(folder.iterdir()):
            raise CheckpointError("the folder is empty")
    except OSError as error:
        raise CheckpointError(f"the folder cannot be read: {_reason(error)}") from None


def _config(folder: Path) -> dict[str, Any]:
    """The configuration, its own fields checked; what the architecture, the recipe and the task hold is left to them."""
    config = _json(_read(folder, CONFIG), CONFIG)
    if not isinstance(config, dict) or config.get("kind") != KIND:
        raise CheckpointError(f"{CONFIG} does not describe a recsyn checkpoint")
    version = config.get("format")
    if type(version) is not int or version != FORMAT:
        raise CheckpointError(f"{CONFIG} is not of format {FORMAT}, the only one that this recsyn reads", "upgrade recsyn")
    shapes: dict[str, Any] = {"recsyn": str, "architecture": dict, "recipe": dict, "task": dict, "files": dict}
    for name, shape in shapes.items():
        if not isinstance(config.get(name), shape):
            raise CheckpointError(f"{CONFIG}: {name} must be a JSON {'string' if shape is str else 'object'}")
    files = config["files"]
    if set(files) != {MODEL, VOCABULARY, METRICS}:
        raise CheckpointError(f"{CONFIG}: files must name {MODEL}, {VOCABULARY} and {METRICS}, and nothing else")
    hashes = {"program": config.get("program"), "seal": config.get("seal"), **files}
    for name, value in hashes.items():
        if not isinstance(value, str) or not re.fullmatch("[0-9a-f]{64}", value):
            raise CheckpointError(f"{CONFIG}: the hash of {name} must be 64 hexadecimal digits")
    unknown = sorted(set(config) - {*shapes, "kind", "format", "program", "seal"})
    if unknown:
        raise CheckpointError(f"{CONFIG} has a field that this recsyn does not know: {unknown[0]!r}")
    if seal(config) != config["seal"]:
        _altered(CONFIG)
    return config


def seal(config: Mapping[str, Any]) -> str:
    """The SHA-256, in hexadecimal, of a configuration without its own ``seal``. It finds damage; it is no signature."""
    try:
        return _digest(_dumped({name: value for name, value in config.items() if name != "seal"}))
    except (ValueError, RecursionError):
        raise CheckpointError(f"{CONFIG} holds a number that is not finite, or is nested too deeply") from None


def _settings(kind: type[S], config: Mapping[str, Any]) -> S:
    written = config[kind.__name__.lower()]
    settings = kind.from_config(written)
    # A default may change between versions of recsyn, so a checkpoint leaves none to it.
    missing = sorted(set(settings.to_config()) - set(written))
    if missing:
        raise CheckpointError(f"{kind.__name__.lower()} lacks the field {missing[0]!r}")
    return settings


def _model(folder: Path, digest: str, architecture: Architecture, vocabulary_size: int) -> Network:
    # On the meta device a network has shapes and no memory: no configuration can make us allocate more than the file holds.
    with torch.device("meta"):
        model = network_for(architecture, vocabulary_size)
    expected = model.weights()
    largest = sum(tensor.nbytes for tensor in expected.values()) + _LARGEST_HEADER
    data = _read(folder, MODEL, digest, largest)
    try:
        tensors = safetensors.torch.load(data)
    except Exception:  # Whatever the foreign parser makes of bytes that may be anyone's.
        raise CheckpointError(f"{MODEL} is not a safetensors file") from None
    for name in sorted(set(expected) ^ set(tensors)):
        raise CheckpointError(f"{MODEL} {'lacks' if name in expected else 'has the unknown'} tensor {name!r}")
    for name, tensor in expected.items():
        found = tensors[name]
        if found.shape != tensor.shape or found.dtype != tensor.dtype:
            raise CheckpointError(f"{MODEL}: {name} is {_shape(found)}, and the architecture in {CONFIG} makes it {_shape(tensor)}")
    model.take(tensors)
    return model.eval()


def _shape(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"


def _read(folder: Path, name: str, digest: str | None = None, largest: int = _LARGEST_TEXT) -> bytes:
    path = folder / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise CheckpointError(f"{name} is a link, a folder or a device, and must be a plain file")
        if status.st_size > largest:
            raise CheckpointError(f"{name} has {status.st_size} bytes, and should have at most {largest}")
        data = path.read_bytes()
    except FileNotFoundError:
        raise CheckpointError(f"{name} is missing") from None
    except OSError as error:
        raise CheckpointError(f"{name} cannot be read: {_reason(error)}") from None
    if digest is not None and _digest(data) != digest:
        _altered(name)
    return data


def _altered(name: str) -> NoReturn:
    raise CheckpointError(f"{name} is not as it was saved: its hash differs", "copy the checkpoint again, or train it again")


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CheckpointError(f"{name} is not UTF-8 text") from None


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(_text(data, name))
    except (ValueError, RecursionError):
        raise CheckpointError(f"{name} is not JSON") from None


def _dumped(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True, allow_nan=False).encode() + b"\n"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _version() -> str:
    try:
        return metadata.version("recsyn")
    except metadata.PackageNotFoundError:  # Run from its source tree.
        return "unknown"


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


@contextmanager
def _blaming(where: str) -> Iterator[None]:
    try:
        yield
    except RecsynError as error:
        raise CheckpointError(f"{where}: {error.message}", error.hint) from None
