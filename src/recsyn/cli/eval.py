"""``recsyn eval CHECKPOINT``"""

from __future__ import annotations

import json
import re
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recsyn.cli.arguments import from_yaml, positive, whole
from recsyn.cli.emulation import show_emulation
from recsyn.cli.evaluation import show_groups, show_overall
from recsyn.cli.terminal import say
from recsyn.data.distributions import distribution_from_config
from recsyn.data.figures import check_plot
from recsyn.data.rows import Rows, generate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, quoted
from recsyn.front import load_model
from recsyn.testing.charts import Range
from recsyn.testing.emulation import MOST_CALLS, emulate
from recsyn.testing.evaluation import INPUT_LENGTH, SHAPE_ROWS, check_feature, evaluate, told_apart
from recsyn.testing.plotting import plot

if TYPE_CHECKING:
    from recsyn.neural.answering import CheckpointModel

_TRAINED = 1_000
"""Training rows whose greatest feature is what ranges with a ``+`` begin at."""
_RANGE = re.compile(r"(\+?)(-?\d{1,9})(?:[-–](-?\d{1,9}))?", re.ASCII)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT")
    parser.add_argument("-n", type=positive, default=1_000, metavar="N", help="rows (default 1000)")
    parser.add_argument("--split", default="test", metavar="NAME", help="of which split or group (default test)")
    parser.add_argument(
        "--distribution",
        metavar="YAML",
        help="draw rows from this instead of the task's distribution: '{kind: uniform, sizes: [17, 30]}'",
    )
    parser.add_argument(
        "--by",
        action="append",
        metavar="FEATURE",
        help="exact match by this feature, once or more often; in ranges of your own by FEATURE=0-3,4-6, and by "
        "input_length=+2-4,+4-6 in such beyond what training rows have",
    )
    parser.add_argument("--plot", metavar="FILE", help="draw exact match with its intervals as a .png, .svg or .pdf")
    parser.add_argument(
        "--emulate",
        action="store_true",
        help="of a model of one step, one round, the next line or a trace: run whole evaluations by it, and judge every step",
    )
    parser.add_argument(
        "--limit", type=positive, metavar="N", help=f"with --emulate: calls or lines of an evaluation (default {MOST_CALLS})"
    )
    parser.add_argument("--seed", type=whole, default=0)
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    if options.plot is not None:
        check_plot(options.plot)
    if options.limit is not None and not options.emulate:
        raise RecsynError("`--limit` is for whole evaluations, and none are asked for", "give `--emulate` too, or leave it out")
    model = load_model(options.checkpoint)
    task = model.checkpoint.task
    drawn, origin = task, options.split
    if options.distribution is not None:
        drawn = _drawn_from(task, options.distribution, options.split)
        origin += f", drawn from {quoted(drawn.distribution.to_config())}"
    rows = generate(drawn, options.n, options.seed, options.split)
    if drawn is not task:
        _check_fit(model, rows)
    # What cannot be shown is refused before the model is asked.
    asked = [_Asked.of(text) for text in options.by or ()]
    ranges = [_ranges(each, task, rows, options.seed) for each in asked]
    emulation = emulate(model, task, rows.inputs, options.limit or MOST_CALLS) if options.emulate else None
    evaluation = evaluate(model, task, rows)
    title = f"{task.name}: exact match on {options.n} rows of {origin}"
    parts = [
        (each.feature, evaluation.over(each.feature) if chosen is None else evaluation.within(each.feature, chosen))
        for each, chosen in zip(asked, ranges, strict=True)
    ]
    if options.plot is not None:
        plot(parts or [(feature, evaluation.over(feature)) for feature in (evaluation.grouping, INPUT_LENGTH)], title, options.plot)
    if options.json:
        report = {"checkpoint": options.checkpoint, "task": task.name, "split": options.split, "seed": options.seed}
        if drawn is not task:
            report["distribution"] = drawn.distribution.to_config()
        report |= evaluation.to_json()
        for each, chosen, (_, groups) in zip(asked, ranges, parts, strict=True):
            report["by"][each.text] = [g.to_json() for g in (evaluation.by(each.feature) if chosen is None else groups)]
        if emulation is not None:
            report["emulation"] = emulation.to_json()
        say(json.dumps(report, indent=2, ensure_ascii=False))
        return 0
    say(title)
    for feature, groups in parts or [(feature, evaluation.over(feature)) for feature in evaluation.groupings]:
        show_groups(f"by {feature}", feature, groups)
    show_overall(evaluation)
    if emulation is not None:
        say()
        show_emulation(emulation, f"{task.name}: whole evaluations of {options.n} inputs of {origin}")
    if options.plot is not None:
        say(f"plot: {options.plot}")
    return 0


def _drawn_from(task: Task, text: str, split: str) -> Task:
    """The task with another distribution, given as YAML. Raises :class:`RecsynError` for what is none, and for a group that has one
    of its own."""
    if task.drawn_for(split) is not task:
        raise RecsynError(f"the group {quoted(split)} has a distribution of its own", "leave --distribution out, or name a split")
    config = from_yaml("--distribution", text)
    try:
        drawn = task.with_distribution(distribution_from_config(config))
        _ = drawn.sampler
        return drawn
    except RecsynError as error:
        raise RecsynError(f"in --distribution: {error.message}", error.hint) from None


def _check_fit(model: CheckpointModel, rows: Rows) -> None:
    """Raise :class:`RecsynError` for rows of which some are wrong by their length alone, or cannot be asked at all."""
    misfit = model.checkpoint.architecture.misfit(rows.source.shape[1], rows.target.shape[1])
    if misfit:
        raise RecsynError(f"what --distribution draws is too long for the model: {misfit}", "draw smaller inputs")


@dataclass(frozen=True)
class _Asked:
    """A feature, as ``text`` asks for it. Its ranges are ``None`` where it names none; ``beyond`` says of each whether it counts
    from what training rows have."""

    text: str
    feature: str
    ranges: tuple[Range, ...] | None
    beyond: tuple[bool, ...] = ()

    @staticmethod
    def of(text: str) -> _Asked:
        """Raises :class:`RecsynError` for what asks for no feature, or for no ranges of it."""
        feature, given, written = text.partition("=")
        if not given:
            return _Asked(text, feature, None)
        found = [_RANGE.fullmatch(part.strip()) for part in written.split(",")]
        ranges = [(int(m[2]), int(m[3] or m[2])) for m in found if m]
        if len(ranges) < len(found) or any(least > greatest for least, greatest in ranges):
            raise RecsynError(
                f"{quoted(written)} are no ranges of {quoted(feature)}",
                "write for example `0-3,4-6`, or `+1-2` from the greatest in training",
            )
        return _Asked(text, feature, tuple(ranges), tuple(m[1] == "+" for m in found if m))


def _ranges(asked: _Asked, task: Task, rows: Rows, seed: int) -> list[Range] | None:
    """The ranges that are asked for, as values of the feature; ``None`` where none are. Raises :class:`RecsynError` for a feature
    that rows do not have."""
    check_feature(asked.feature, [*told_apart(task, rows), SHAPE_ROWS])
    if asked.ranges is None:
        return None
    greatest = 0
    if any(asked.beyond):
        if asked.feature == SHAPE_ROWS:
            raise RecsynError(
                f"{SHAPE_ROWS} counts the rows that are judged, so it has no greatest in training",
                f"leave out the `+`, as in `{SHAPE_ROWS}=1-2`",
            )
        trained = told_apart(task, generate(task, _TRAINED, seed))
        check_feature(asked.feature, trained)
        greatest = int(trained[asked.feature].max())
    return [(a + greatest * plus, b + greatest * plus) for (a, b), plus in zip(asked.ranges, asked.beyond, strict=True)]
