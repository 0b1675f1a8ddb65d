"""Crash files: one finding each, with all that is needed to run it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from recsyn.data.codecs import DecodeError
from recsyn.data.randomness import digest
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.testing.findings import Result
from recsyn.testing.verdicts import Failure, Lost, Model, examine_each
from recsyn.values import Datum

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Crash:
    """Inputs of a task that a model failed on, each with the kind of its failure. ``model`` is what names it and ``rule`` what
    predicts the failures, where there is one."""

    task: Task
    inputs: tuple[tuple[Datum, str], ...]
    model: str | None
    rule: str | None


def write_crashes(result: Result, folder: str | Path, model: str | None = None) -> list[Path]:
    """Write a file for each finding into ``folder``, which is made if need be. ``model`` is what names it: the folder of
    a checkpoint, say."""
    target = make_crash_folder(folder)
    written = []
    try:
        for finding in result.findings:
            inputs = [result.task.input_codec.encode(failure.input) for failure in finding.smallest]
            data = {
                "format": _FORMAT,
                "task": result.task.to_config(),
                "model": model,
                "seed": result.seed,
                "rule": str(finding.rule) if finding.rule else None,
                "finding": finding.to_json(),
                "failures": [_failure(f, tokens) for f, tokens in zip(finding.smallest, inputs, strict=True)],
            }
            name = digest(result.task.program_hash, model or "", *(" ".join(tokens) for tokens in inputs))
            path = target / f"{core.spelled(result.task.function.name)}-{name:032x}.json"
            path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
            written.append(path)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return written


def make_crash_folder(folder: str | Path) -> Path:
    """The folder, made if need be: before a campaign, so that it cannot end without a place for what it found."""
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            return Path(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: str | Path, error: OSError) -> RecsynError:
    return RecsynError(f"crash files cannot be written to {str(folder)!r}: {error.strerror or error}")


def _failure(failure: Failure, tokens: list[str]) -> dict[str, Any]:
    return {
        "input": tokens,
        "kind": failure.kind,
        "expected": list(failure.expected),
        "actual": list(failure.answer.tokens),
        "ended": failure.answer.ended,
    }


def read_crash(path: str | Path) -> Crash:
    """The crash that a file holds. Raises :class:`RecsynError` saying what is wrong with the file."""
    file = Path(path)
    try:
        data: Any = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise RecsynError(f"there is no crash file {str(path)!r}") from None
    except IsADirectoryError:
        raise RecsynError(f"{str(path)!r} is a folder, not a crash file", "name the files in it") from None
    except OSError as error:
        raise RecsynError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):  # also an integer of more digits than Python converts
        raise RecsynError(f"{str(path)!r} is no crash file: it is not JSON") from None
    if not isinstance(data, dict) or data.get("format") != _FORMAT or not isinstance(data.get("failures"), list):
        raise RecsynError(f"{str(path)!r} is no crash file of format {_FORMAT}")
    try:
        task = task_from_config(data.get("task"))
        inputs = tuple((task.input_codec.decode(_tokens(f)), str(f.get("kind"))) for f in data["failures"])
    except DecodeError as error:
        raise RecsynError(f"{str(path)!r}: an input is no {task.space.type}: {error}") from None
    except RecsynError as error:
        raise RecsynError(f"{str(path)!r}: {error.message}", error.hint) from None
    model, rule = data.get("model"), data.get("rule")
    return Crash(task, inputs, model if isinstance(model, str) else None, rule if isinstance(rule, str) else None)


def _tokens(failure: Any) -> list[str]:
    tokens = failure.get("input") if isinstance(failure, dict) else None
    if not isinstance(tokens, list) or not all(isinstance(t, str) for t in tokens):
        raise RecsynError("a failure in it has no input")
    return tokens


def earlier_inputs(task: Task, folder: str | Path) -> list[Datum]:
    """The inputs of the crash files in a folder that are about the same function of the same program. Other files, and damaged
    ones, are passed over."""
    found: dict[Datum, None] = {}
    for path in sorted(Path(folder).glob("*.json")):
        with suppress(RecsynError):
            crash = read_crash(path)
            if (crash.task.program_hash, crash.task.function.name) == (task.program_hash, task.function.name):
                found |= dict.fromkeys(value for value, _ in crash.inputs)
    return list(found)


def replay(crash: Crash, model: Model) -> Sequence[Failure | Lost | None]:
    """The crash's inputs run again: the failure of each, ``None`` where the model is right now."""
    return examine_each(model, crash.task, [value for value, _ in crash.inputs])
