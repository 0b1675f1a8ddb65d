"""What the script of a report works on: the features of inputs and which of them failed, and runs to step through."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.semantics.frames import Run
from recsyn.semantics.stepper import packed
from recsyn.testing.charts import study_style
from recsyn.testing.findings import Evidence, Result
from recsyn.testing.words import feature_in_words
from recsyn.values import Datum, size

_MOST_NUMBERS = 150_000
"""Numbers that all inputs of a page may have for features, of about three characters each."""
_MOST_CHARACTERS = 800_000
"""Characters that all pictures of a page may take."""
_MOST_STEPS, _MOST_ROUNDS, _LARGEST_IN_ROUNDS = 200, 100, 500
"""Pictures of a run, and constructors of an input that is also reduced in rounds: terms of rounds grow with it."""
_EXACT = 2**53
"""Up to which a browser's numbers are whole."""


def explored(results: Sequence[tuple[str, Result]]) -> list[dict[str, Any]]:
    """For each campaign and its name the features that tell its inputs apart, each with what it counts, and two sets of inputs:
    those that rates are of and those that rules were scored on, a column for each feature, and for each input ``1`` where it
    failed. ``style`` is which of the page's colours is the campaign's."""
    told = [(study, name, result, _telling(result)) for study, (name, result) in enumerate(results)]
    needs = [len(features) * len(sample.inputs) for _, _, result, features in told for sample in (result.sampled, result.fresh)]
    granted = iter(shared(needs, _MOST_NUMBERS))
    rooms = [(next(granted), next(granted)) for _ in told]
    return [
        {
            "style": study_style(study),
            "name": name,
            "features": [[feature, feature_in_words(feature)] for feature in features],
            "samples": list(_samples(result, features, room)),
        }
        for (study, name, result, features), room in zip(told, rooms, strict=True)
        if features
    ]


def _samples(result: Result, features: Sequence[str], rooms: tuple[int, int]) -> Iterator[dict[str, Any]]:
    described = (
        ("sampled", "drawn for the rate", result.sampling, result.sampled),
        ("fresh", "fresh, for the rules", "inputs that cover sizes and depths evenly", result.fresh),
    )
    for (name, title, over, evidence), room in zip(described, rooms, strict=True):
        if evidence.inputs:
            yield {"name": name, "title": title, "over": over, **_columns(evidence, features, max(1, room // len(features)))}


def _columns(evidence: Evidence, features: Sequence[str], most: int) -> dict[str, Any]:
    """The first inputs, at most so many: all are drawn alike, so that they stand for the others."""
    return {
        "inputs": len(evidence.inputs),
        "columns": [evidence.columns[feature][:most].tolist() for feature in features],
        "failing": "".join("01"[failed] for failed in evidence.failing[:most].tolist()),
    }


def _telling(result: Result) -> list[str]:
    """The features of which not all inputs have the same."""
    samples = [e for e in (result.sampled, result.fresh) if e.inputs]
    found = []
    for feature in samples[0].columns if samples else ():
        columns = [e.columns[feature] for e in samples]
        low, high = min(int(c.min()) for c in columns), max(int(c.max()) for c in columns)
        if low < high and max(-low, high) <= _EXACT:
            found.append(feature)
    return found


@dataclass(frozen=True)
class Stepped:
    """The runs of one counterexample as data of the stepper. ``shown`` of ``pictures`` are there; the others would make the page
    too large."""

    runs: list[dict[str, Any]]
    shown: int
    pictures: int


def stepped(cases: Sequence[tuple[Task, Datum]]) -> list[Stepped]:
    """For each input of a task the steps and the rounds of its function on it, cut so that all of them fit in a page."""
    made = [packed(list(_runs(task, value))) for task, value in cases]
    needs = [sum(map(_weight, run["frames"])) for run in chain.from_iterable(made)]
    granted = iter(shared(needs, _MOST_CHARACTERS))
    return [_stepped(runs, [next(granted) for _ in runs]) for runs in made]


def _stepped(runs: list[dict[str, Any]], granted: Sequence[int]) -> Stepped:
    cut = [{**run, "frames": _cut(run["frames"], room)} for run, room in zip(runs, granted, strict=True)]
    return Stepped(cut, sum(len(run["frames"]) for run in cut), sum(len(run["frames"]) for run in runs))


def _runs(task: Task, value: Datum) -> Iterator[Run]:
    yield task.function.trace(value, limit=_MOST_STEPS)
    if size(value) > _LARGEST_IN_ROUNDS:
        return
    try:
        rounds = task.function.rounds(value, limit=_MOST_ROUNDS)
        len(rounds)  # What makes too many calls in one round shows that here.
    except RecsynError:
        return
    yield rounds


def _cut(frames: list[Any], room: int) -> list[Any]:
    """As many frames from the first on as there is room for, one at least; the last one says how many are left out."""
    kept = 0
    while kept < len(frames) and (room := room - _weight(frames[kept])) >= 0:
        kept += 1
    if kept == len(frames):
        return frames
    *before, (rule, text, tree, state) = frames[: max(kept, 1)]
    return [*before, [rule, text, tree, [*state, ("left out", f"{len(frames) - max(kept, 1):,} more, for the page's size")]]]


def _weight(frame: Any) -> int:
    return len(json.dumps(frame, separators=(",", ":")))


def shared(needs: Sequence[int], room: int) -> list[int]:
    """How much each gets of what is too little for all: none more than it needs, and what it does not need goes to the others in
    equal parts."""
    granted = [0] * len(needs)
    for served, i in enumerate(sorted(range(len(needs)), key=needs.__getitem__)):
        granted[i] = min(needs[i], room // (len(needs) - served))
        room -= granted[i]
    return granted
