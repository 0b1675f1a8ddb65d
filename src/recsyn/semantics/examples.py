"""Running the examples that a program declares."""

from __future__ import annotations

from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.program import Program
from recsyn.semantics.reference import Reference
from recsyn.values import equal, show


def failed_examples(program: Program, reference: Reference) -> list[Diagnostic]:
    """A diagnostic for each example whose sides have different values."""
    failed = []
    for example in program.examples:
        left, right = reference.evaluate(example.left), reference.evaluate(example.right)
        if not equal(left, right):
            message = f"the left side is `{_short(show(left))}`, the right side `{_short(show(right))}`"
            failed.append(Diagnostic("error", "failed-example", message, program.source, example.span))
    return failed


def _short(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "…"
