"""A campaign as observations in the format of Hypothesis, which its Tyche and other tools read: JSON lines, one for each input.

The fields are those of https://hypothesis.readthedocs.io/en/latest/reference/integrations.html: all of them are there in every
line, empty or null where a campaign does not know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from time import time
from typing import Any

from recsyn.lang import core
from recsyn.testing.findings import Evidence, Result
from recsyn.testing.verdicts import Failure
from recsyn.testing.writing import write_text
from recsyn.values import Datum, show


def write_tyche(path: str | Path, result: Result, started: float | None = None) -> Path:
    """Write every input of a campaign that has a verdict, and every one that was lost, a line each. ``started`` is the time of
    its beginning, in seconds since 1970; by default as long ago as it took. Raises :class:`RecsynError` where the file cannot be
    written."""
    began = time() - result.seconds if started is None else started
    lines = (json.dumps(observation) for observation in observations(result, began))
    return write_text(path, "".join(f"{line}\n" for line in lines), "observations")


def observations(result: Result, started: float) -> Iterator[dict[str, Any]]:
    """What :func:`write_tyche` writes, and before it remarks of the campaign, and why it stopped, for people."""
    run = {"property": f"{result.task.name}: {core.spelled(result.task.function.name)}", "run_start": started}
    for remark in result.remarks:
        yield {"type": "alert", "title": "a remark", "content": remark, **run}
    if result.stopped is not None or result.interrupted:
        yield {"type": "error", "title": "ended early", "content": result.stopped or "interrupted", **run}
    for name, evidence in (("searched", result.searched), ("sampled", result.sampled), ("fresh", result.fresh)):
        yield from ({**row, **run} for row in _rows(result, name, evidence))
    for lost in result.lost:
        yield {**_row(result, lost.input, "gave_up", f"{lost.loss}: {lost.why}"), "metadata": {"loss": lost.loss}, **run}


def _rows(result: Result, name: str, evidence: Evidence) -> Iterator[dict[str, Any]]:
    columns = {feature: column.tolist() for feature, column in evidence.columns.items()}
    for place, (value, failure) in enumerate(zip(evidence.inputs, evidence.failures, strict=True)):
        features = {feature: column[place] for feature, column in columns.items()}
        yield {
            **_row(result, value, "failed" if failure else "passed", _reason(failure)),
            "how_generated": name,
            "features": features,
            "metadata": _metadata(failure),
        }


def _row(result: Result, value: Datum, status: str, reason: str) -> dict[str, Any]:
    written = show(value)
    return {
        "type": "test_case",
        "status": status,
        "status_reason": reason,
        "representation": f"{core.spelled(result.task.function.name)} ({written})",
        "arguments": {"input": written},
        "how_generated": None,
        "features": {},
        "coverage": None,
        "timing": {},
        "metadata": {},
    }


def _reason(failure: Failure | None) -> str:
    return failure.kind if failure else ""


def _metadata(failure: Failure | None) -> dict[str, Any]:
    return {"expected": " ".join(failure.expected), "answered": str(failure.answer)} if failure else {}
