"""How an evaluation looks in the terminal."""

from __future__ import annotations

from recsyn.cli.terminal import bar, say, table
from recsyn.testing.evaluation import Evaluation


def show_evaluation(evaluation: Evaluation, title: str) -> None:
    feature = evaluation.grouping
    rows = [(v, rate.tested, f"{1 - rate.share:.1%}", bar(1 - rate.share)) for v, rate in evaluation.by(feature)]
    table(title, (feature, "rows", "exact match", ""), rows)
    say(f"exact match {evaluation.accuracy:.2%} of {evaluation.rate.tested} rows")
    if evaluation.kinds:
        say("failures: " + ", ".join(f"{count} {kind}" for kind, count in evaluation.kinds.items()))
