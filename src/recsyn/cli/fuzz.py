"""``recsyn fuzz CHECKPOINT``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from recsyn.cli.arguments import positive, whole
from recsyn.cli.campaign import campaign_showing, show_result
from recsyn.cli.terminal import complain, say
from recsyn.errors import extra
from recsyn.front import load_model
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import CampaignStopped
from recsyn.testing.crashes import make_crash_folder, write_crashes
from recsyn.testing.findings import Result


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("--max-examples", type=positive, default=5_000, metavar="N", help="inputs to search (default 5000)")
    parser.add_argument("--max-size", type=positive, metavar="N", help="most constructors of an input (default: the task's)")
    parser.add_argument("--crashes", metavar="FOLDER", default=".recsyn/crashes", help="where crash files go (default %(default)s)")
    parser.add_argument("--html", metavar="FILE", help="write a report as well")
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    model = load_model(options.checkpoint)
    task = model.checkpoint.task
    make_crash_folder(options.crashes)
    try:
        result = campaign_showing(
            model, task, Budget.of(options.max_examples), options.seed, options.max_size, f"fuzzing {task.name}"
        )
    except CampaignStopped as stopped:
        _hand_over(stopped.result, options)
        complain(str(stopped))
        return 2
    _hand_over(result, options)
    return 1 if result.findings else 0


def _hand_over(result: Result, options: Namespace) -> None:
    crashes = write_crashes(result, options.crashes, str(Path(options.checkpoint).resolve())) if result.findings else []
    if options.json:
        say(json.dumps({**result.to_json(), "crashes": [str(p) for p in crashes]}, indent=2, ensure_ascii=False))
    else:
        show_result(result)
        for path in crashes:
            say(f"crash file: {path}")
    if options.html:
        with extra("an HTML report", "report"):
            from recsyn.testing.report import Report, Study, write_report
        title = f"{result.task.name}: a campaign"
        summary = (
            f"{options.checkpoint} held against {result.task.function.name} on inputs of up to {result.max_size} constructors."
        )
        written = write_report(options.html, Report(title, summary, (Study(Path(options.checkpoint).name, result),)))
        complain(f"report: {written}")
