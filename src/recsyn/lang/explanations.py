"""A page for every code of a diagnostic: what it means, a wrong program, and a right one."""

from __future__ import annotations

from importlib.resources import files

from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import nearest

CODES = (
    "syntax",
    "unknown-name",
    "duplicate-name",
    "import-cycle",
    "missing-file",
    "type-mismatch",
    "arity",
    "missing-patterns",
    "redundant-pattern",
    "not-terminating",
    "not-positive",
    "failed-example",
    "falsified-property",
    "step-limit",
    "unused-name",
)
"""Every code, in the order in which a source meets the checks."""


def explanation(code: str) -> str:
    """The page of a code, in Markdown. Raises :class:`RecsynError` for a code that does not exist."""
    if code not in CODES:
        raise RecsynError(f"there is no code {code!r}", nearest(code, CODES) or f"the codes are {', '.join(CODES)}")
    return (files("recsyn") / "explanations" / f"{code}.md").read_text("utf-8")
