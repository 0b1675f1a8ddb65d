"""Runs as one HTML page to step through, which needs nothing else: no network, no library."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from recsyn.semantics.frames import Frame, Run

_START = """
const runs = JSON.parse(document.getElementById("runs").textContent);
const { choose, show, view } = stepping(document, runs, new AbortController().signal);
"""


def stepper_page(*runs: Run) -> str:
    """The page, each run under a tab of its own. Nothing that a run says is taken for markup or for a script: it travels as data,
    and the page's policy admits no script but its own."""
    parts = stepper_parts()
    script = parts.script + _START
    filled: Mapping[str, str] = {
        "title": escape(runs[0].title if runs else "nothing to show"),
        "digest": digest(f"\n{script}"),
        "style": parts.style,
        "markup": parts.markup,
        "runs": embedded(packed(runs)),
        "script": script,
    }
    # All at once: what is filled in is not searched again.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: filled[place[1]], _part("stepper.html"))


@dataclass(frozen=True, slots=True)
class StepperParts:
    """What a page needs to step through runs: ``style`` and ``markup`` for a document or a shadow of one, and a ``script`` that
    defines ``stepping(root, runs, signal)``, which does it there with runs as :func:`packed` gives them until the signal aborts."""

    style: str
    markup: str
    script: str


def stepper_parts() -> StepperParts:
    return StepperParts(_part("stepper.css"), _part("stepper-markup.html"), _part("stepper.js"))


def _part(name: str) -> str:
    return files("recsyn.semantics").joinpath(name).read_text("utf-8")


def packed(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Runs as JSON-able data: of each its title, what its tab says, and its frames."""
    tabs = _tabs([run.title for run in runs])
    return [
        {"title": run.title, "tab": tab, "frames": [_packed(frame) for frame in run.frames()]}
        for run, tab in zip(runs, tabs, strict=True)
    ]


def digest(script: str) -> str:
    """What a page's policy calls a script by: SHA-256 in base 64, of all that stands between the tags."""
    return b64encode(sha256(script.encode()).digest()).decode()


def _tabs(titles: Sequence[str]) -> list[str]:
    """What tells titles apart: where all are of one expression, what comes after it."""
    parts = [title.rpartition(", ") for title in titles]
    of_one = len(titles) > 1 and len({before for before, _, _ in parts}) == 1
    return [after for _, _, after in parts] if of_one else list(titles)


def _packed(frame: Frame) -> list[Any]:
    text = [[text, int(marked)] for text, marked in frame.text]
    tree = [[node.label, node.children, int(node.marked)] for node in frame.tree]
    return [frame.rule, text, tree, frame.state]


def embedded(data: object) -> str:
    """JSON that no reader of HTML takes for anything else: in ASCII, and without the characters that begin and end markup."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
