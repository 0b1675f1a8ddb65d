"""How an evaluation looks in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from recsyn.cli.terminal import bar, say, table
from recsyn.testing.evaluation import Evaluation, Group, right_share, right_within
from recsyn.testing.findings import Rate


def show_evaluation(evaluation: Evaluation, title: str) -> None:
    """Exact match by the feature that tells most, and overall."""
    show_groups(title, evaluation.grouping, evaluation.over(evaluation.grouping))
    show_overall(evaluation)


def show_groups(title: str, feature: str, groups: Sequence[Group], counted: str = "rows", share: str = "exact match") -> None:
    """Which share is right by one feature, of rows or of what else is ``counted``."""
    rows = [(str(group), group.rows, *shown_right(group.wrong), bar(group.exact_match) if group.rows else "") for group in groups]
    table(title, (feature, counted, share, "95 % interval", ""), rows)


def show_overall(evaluation: Evaluation) -> None:
    """Exact match of all rows, and how those that are wrong are."""
    share, interval = shown_right(evaluation.rate, digits=2)
    say(f"exact match {share} of {evaluation.rate.tested} rows (95 % interval {interval})")
    shapes = evaluation.shape_rate
    say(f"{shapes.tested - shapes.failures} of {shapes.tested} shapes have no row that is wrong")
    if evaluation.kinds:
        say("failures: " + ", ".join(f"{count} {kind}" for kind, count in evaluation.kinds.items()))


def shown_right(wrong: Rate, digits: int = 1) -> tuple[str, str]:
    """The share that is right, and its interval, as texts."""
    if not wrong.tested:
        return "–", ""
    low, high = right_within(wrong)
    return f"{right_share(wrong):.{digits}%}", f"{low:.{digits}%} to {high:.{digits}%}"
