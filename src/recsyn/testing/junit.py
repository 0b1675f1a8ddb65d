"""A campaign as JUnit XML, which continuous integration shows: findings are failures, inputs without a verdict are errors.

The elements and attributes are those that the schemas of Ant and of Jenkins have in common.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from recsyn.lang import core
from recsyn.testing.findings import Finding, Result
from recsyn.testing.verdicts import Failure
from recsyn.testing.writing import write_text

_MOST_LISTED = 20
"""Lost inputs of one kind that are listed."""
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write."""


@dataclass(frozen=True, slots=True)
class Case:
    """One test case. ``outcome`` is ``None`` where it passed; else ``type``, ``message`` and ``text`` say what was wrong."""

    name: str
    outcome: Literal["failure", "error"] | None = None
    type: str = ""
    message: str = ""
    text: str = ""


def write_junit(path: str | Path, result: Result, ended: datetime | None = None) -> Path:
    """Write a campaign that ended then (by default now) as JUnit XML: one suite with a case for each finding, each phase without a
    failure, and each kind of loss. Raises :class:`RecsynError` where the file cannot be written."""
    function = core.spelled(result.task.function.name)
    listed = list(cases(result))
    started = (ended or datetime.now(UTC)) - timedelta(seconds=result.seconds)
    counts = {
        "tests": str(len(listed)),
        "failures": str(sum(case.outcome == "failure" for case in listed)),
        "errors": str(sum(case.outcome == "error" for case in listed)),
        "time": f"{result.seconds:.3f}",
    }
    root = _element("testsuites", {"name": "recsyn", **counts})
    own = {"id": "0", "package": "recsyn", "name": f"{result.task.name}: {function}", "hostname": "localhost", "skipped": "0"}
    suite = _element("testsuite", {**own, "timestamp": started.strftime("%Y-%m-%dT%H:%M:%S"), **counts}, root)
    properties = _element("properties", {}, suite)
    for name, value in _properties(result).items():
        _element("property", {"name": name, "value": value}, properties)
    for case in listed:
        element = _element("testcase", {"classname": f"recsyn.{function}", "name": case.name, "time": "0"}, suite)
        if case.outcome:
            _element(case.outcome, {"type": case.type, "message": case.message}, element).text = _writable(case.text)
    _element("system-out", {}, suite).text = _writable("\n".join(result.remarks))
    _element("system-err", {}, suite).text = _writable(result.stopped or "")
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return write_text(path, f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n', "JUnit XML")


def cases(result: Result) -> Iterator[Case]:
    """The test cases of a campaign. The failures of a phase are told by the findings, or by itself where there are none."""
    for number, finding in enumerate(result.findings, 1):
        yield _found(number, finding, result)
    for tally in result.tallies:
        name = f"{tally.phase}: {tally.asked} inputs"
        if not tally.failures:
            yield Case(name)
        elif not result.findings:
            told = f"{tally.failures} of {tally.asked} inputs failed"
            yield Case(name, "failure", "unexplained", told, told)
    for loss in dict.fromkeys(lost.loss for lost in result.lost):
        lost = [each for each in result.lost if each.loss == loss]
        lines = [f"{_asked(result, each.input)}: {each.why}" for each in lost[:_MOST_LISTED]]
        more = [f"and {len(lost) - _MOST_LISTED} more"] if len(lost) > _MOST_LISTED else []
        told = f"{len(lost)} input{'' if len(lost) == 1 else 's'} without a verdict: {loss}"
        yield Case(f"lost: {loss}", "error", loss, told, "\n".join(lines + more))
    if result.stopped is not None:
        yield Case("the whole campaign", "error", "stopped", result.stopped, result.stopped)
    elif result.interrupted:
        told = "interrupted: this is what was found until then"
        yield Case("the whole campaign", "error", "interrupted", told, told)


def _found(number: int, finding: Finding, result: Result) -> Case:
    rule = str(finding.rule) if finding.rule else "no simple rule predicts it"
    message = f"{finding.kind} on {_asked(result, finding.counterexample)}"
    text = "\n\n".join(_told(failure, result) for failure in finding.smallest)
    return Case(f"finding {number}: wrong where {rule}", "failure", finding.kind, message, text)


def _told(failure: Failure, result: Result) -> str:
    rows = ("input", _asked(result, failure.input)), ("expected", " ".join(failure.expected)), ("answered", str(failure.answer))
    return "\n".join([failure.kind, *(f"  {name:8}  {text}" for name, text in rows)])


def _asked(result: Result, value: object) -> str:
    return " ".join(result.task.input_codec.encode(value))


def _properties(result: Result) -> dict[str, str]:
    rate = result.rate
    low, high = rate.interval
    measured = {"rate": f"{rate.share:.6f}", "rate.low": f"{low:.6f}", "rate.high": f"{high:.6f}"} if rate.tested else {}
    return {
        "seed": str(result.seed),
        "max_size": str(result.max_size),
        "calls": str(result.calls),
        "program": result.task.program_hash,
        **measured,
        "rate.failures": str(rate.failures),
        "rate.tested": str(rate.tested),
        "rate.over": result.sampling,
    }


def _element(name: str, attributes: dict[str, str], parent: ElementTree.Element | None = None) -> ElementTree.Element:
    written = {key: _writable(value) for key, value in attributes.items()}
    return ElementTree.Element(name, written) if parent is None else ElementTree.SubElement(parent, name, written)


def _writable(text: str) -> str:
    """The text with what XML cannot hold written as the language escapes it."""
    return _FORBIDDEN.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)
