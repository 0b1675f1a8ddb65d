"""Rows of different lengths put one after another, or into the lines of a table."""

from __future__ import annotations

from typing import Any

from recsyn.data.native.writing import Array, Routine

PARAMETERS = ("source", "from_", "many", "rows", "target", "to")
"""All in bytes: row ``i`` is ``many[i]`` bytes at ``from_[i]`` of ``source``, and goes to ``to[i]`` of ``target``."""


def write(module: Any) -> None:
    """``lay_out``: copies rows."""
    r = Routine(module, "lay_out", PARAMETERS)
    source, target = Array(r, r["source"], 8), Array(r, r["target"], 8)
    first, many, to = r.array("from_"), r.array("many"), r.array("to")
    with r.each(0, r["rows"]) as row:
        r.copy(target.place(to[row]), source.place(first[row]), many[row])
    r.give(0)
