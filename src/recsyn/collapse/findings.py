"""All that a study of chains found, as its tables, plots and page tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recsyn.collapse.outcome import Band, Label, Outcome, Prediction, band
from recsyn.collapse.published import Published


@dataclass(frozen=True)
class Findings:
    """``about`` is a paragraph; ``configuration`` is what the study was read from, as YAML."""

    title: str
    about: str
    outcomes: tuple[Outcome, ...]
    published: tuple[Published, ...] = ()
    configuration: str = ""


def metrics_of(outcomes: Sequence[Outcome]) -> list[str]:
    """What was measured, as it comes: what the study names first."""
    return list(dict.fromkeys(metric for outcome in outcomes for metric in outcome.values))


SHARE = 0.9
"""Of the chains, what a band is said to hold."""
LABELS: tuple[Label, ...] = ("exact", "asymptotic", "bound")
"""From what says the most to what says the least."""


def band_of(outcome: Outcome, metric: str) -> Band:
    """A metric by generation; nothing of it where the metric is missing."""
    with np.errstate(over="ignore", invalid="ignore"):
        return band(np.asarray(outcome.values.get(metric, np.empty((0, 0))), float), SHARE)


def predictions_of(outcome: Outcome, metric: str) -> list[Prediction]:
    """What the theory says of it, what says the most first."""
    return sorted((each for each in outcome.predictions if each.metric == metric), key=lambda each: LABELS.index(each.label))


def in_words(metric: str) -> str:
    return metric.replace("_", " ")


def chosen(among: Sequence[int], most: int) -> list[int]:
    """At most so many, evenly spread, the first and the last among them."""
    if len(among) <= most:
        return list(among)
    return [among[round(place * (len(among) - 1) / (most - 1))] for place in range(most)]
