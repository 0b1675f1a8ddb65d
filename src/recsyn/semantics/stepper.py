"""Runs as one HTML page to step through, which needs nothing else: no network, no library."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from recsyn.semantics.frames import Frame, Run


def stepper_page(*runs: Run) -> str:
    """The page, each run under a tab of its own. Nothing that a run says is taken for markup or for a script: it travels as data,
    and the page's policy admits no script but its own."""
    template = files("recsyn.semantics").joinpath("stepper.html").read_text("utf-8")
    script = template.rpartition("<script>")[2].partition("</script>")[0]
    filled: Mapping[str, str] = {
        "title": escape(runs[0].title if runs else "nothing to show"),
        "digest": b64encode(sha256(script.encode()).digest()).decode(),
        "runs": _embedded(
            [
                {"title": run.title, "tab": tab, "frames": [_packed(frame) for frame in run.frames()]}
                for run, tab in zip(runs, _tabs([run.title for run in runs]), strict=True)
            ]
        ),
    }
    # All at once: what is filled in is not searched again.
    return re.sub(r"\{\{(\w+)\}\}", lambda place: filled[place[1]], template)


def _tabs(titles: Sequence[str]) -> list[str]:
    """What tells titles apart: where all are of one expression, what comes after it."""
    parts = [title.rpartition(", ") for title in titles]
    return [after for _, _, after in parts] if len({before for before, _, _ in parts}) == 1 else list(titles)


def _packed(frame: Frame) -> list[Any]:
    text = [[text, int(marked)] for text, marked in frame.text]
    tree = [[node.label, node.children, int(node.marked)] for node in frame.tree]
    return [frame.rule, text, tree, frame.state]


def _embedded(data: object) -> str:
    """JSON that no reader of HTML takes for anything else: in ASCII, and without the characters that begin and end markup."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
