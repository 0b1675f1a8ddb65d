"""``--trainer.KEY VALUE``: arguments of ``lightning.Trainer``, for every verb that trains."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import yaml

from recsyn.cli.arguments import Parser
from recsyn.errors import RecsynError

_FLAG = "--trainer."


def add_trainer_flags(parser: Parser) -> None:
    parser.add_family(
        _FLAG,
        "trainer",
        "Lightning",
        "an argument of lightning.Trainer, as YAML: devices, strategy, accelerator, precision, …; repeatable",
    )


def trainer_arguments(options: Namespace) -> dict[str, Any]:
    """What was given, read as YAML. Raises :class:`RecsynError` for a value that is none."""
    return {key: _value(key, text) for key, text in options.trainer.items()}


def _value(key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        raise RecsynError(f"the value of {_FLAG}{key} is not YAML", "put a text with signs in it between quotes") from None
