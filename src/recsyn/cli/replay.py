"""``recsyn replay FILE …``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from recsyn.cli.asking import add_asking, asking_of
from recsyn.cli.campaign import side_by_side
from recsyn.cli.terminal import say
from recsyn.errors import RecsynError
from recsyn.testing.crashes import read_crash, replay
from recsyn.testing.models.opening import KINDS, Opened, is_checkpoint, open_model
from recsyn.testing.verdicts import Failure, Lost


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--model", metavar="MODEL", help=f"ask this model instead of the one that failed: {KINDS}")
    add_asking(parser)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    asking = asking_of(options)
    opened: dict[tuple[str, str], Opened] = {}
    still_failing = 0
    outcomes = []
    for path in options.files:
        crash = read_crash(path)
        spec = options.model or crash.model
        if spec is None:
            raise RecsynError(f"{path!r} does not say which model failed", "name one with --model")
        about = None if is_checkpoint(spec) else crash.task
        key = (spec, json.dumps(about.to_config()) if about else "")
        if key not in opened:
            opened[key] = open_model(spec, about, asking)
        asked, failed = opened[key].task, crash.task
        if (asked.function.name, asked.program_hash) != (failed.function.name, failed.program_hash):
            is_about = f"{failed.function.name} of {failed.name}"
            raise RecsynError(f"{path!r} is about {is_about}, and {spec!r} answers {asked.function.name} of {asked.name}")
        for (value, kind), verdict in zip(crash.inputs, replay(crash, opened[key].model), strict=True):
            tokens = " ".join(crash.task.input_codec.encode(value))
            still_failing += verdict is not None
            now = "right" if verdict is None else verdict.loss if isinstance(verdict, Lost) else verdict.kind
            outcomes.append({"file": path, "input": tokens, "was": kind, "now": now})
            if not options.json:
                _show(verdict, tokens, kind)
    if options.json:
        say(json.dumps(outcomes, indent=2, ensure_ascii=False))
    else:
        say(f"{still_failing} of {len(outcomes)} inputs still fail")
    return 1 if still_failing else 0


def _show(verdict: Failure | Lost | None, tokens: str, was: str) -> None:
    if verdict is None:
        say(f"    right now: {tokens} (was: {was})")
    elif isinstance(verdict, Lost):
        say(f"    {verdict.loss}: {tokens} (was: {was}): {verdict.why}")
    else:
        for line in side_by_side(verdict, tokens):
            say(line)
