"""``recsyn replay FILE …``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from functools import cache

from recsyn.cli.campaign import side_by_side
from recsyn.cli.terminal import say
from recsyn.errors import RecsynError
from recsyn.front import load_model
from recsyn.testing.crashes import read_crash, replay


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--checkpoint", metavar="CHECKPOINT", help="ask this model instead of the one that failed")
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    model_of = cache(load_model)
    still_failing = 0
    outcomes = []
    for path in options.files:
        crash = read_crash(path)
        folder = options.checkpoint or crash.model
        if folder is None:
            raise RecsynError(f"{path!r} does not say which checkpoint failed", "name one with --checkpoint")
        model = model_of(folder)
        asked, failed = model.checkpoint.task, crash.task
        if (asked.function.name, asked.program_hash) != (failed.function.name, failed.program_hash):
            about = f"{failed.function.name} of {failed.name}"
            raise RecsynError(f"{path!r} is about {about}, and {folder!r} answers {asked.function.name} of {asked.name}")
        verdicts = replay(crash, model)
        for (value, kind), failure in zip(crash.inputs, verdicts, strict=True):
            tokens = " ".join(crash.task.input_codec.encode(value))
            still_failing += failure is not None
            outcomes.append({"file": path, "input": tokens, "was": kind, "now": failure.kind if failure else "right"})
            if options.json:
                continue
            if failure is None:
                say(f"    right now: {tokens} (was: {kind})")
            else:
                for line in side_by_side(failure, tokens):
                    say(line)
    if options.json:
        say(json.dumps(outcomes, indent=2, ensure_ascii=False))
    else:
        say(f"{still_failing} of {len(outcomes)} inputs still fail")
    return 1 if still_failing else 0
