"""``--trainer.KEY VALUE``: arguments of ``lightning.Trainer``, for every verb that trains."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from recsyn.cli.arguments import Parser, from_yaml

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
    return {key: from_yaml(f"{_FLAG}{key}", text) for key, text in options.trainer.items()}
