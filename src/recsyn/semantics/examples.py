"""Running the examples that a program declares."""

from __future__ import annotations

from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.program import Program
from recsyn.lang.source import Source, Span
from recsyn.semantics.reference import Reference, StepLimit
from recsyn.values import equal, show


def failed_examples(program: Program, reference: Reference) -> list[Diagnostic]:
    """A diagnostic for each example whose sides have different values, or do not end within the limit."""
    failed = []
    for example in program.examples:
        try:
            left, right = reference.evaluate(example.left), reference.evaluate(example.right)
        except StepLimit as stopped:
            failed.append(past_the_limit(stopped, example.source, example.span))
            continue
        if not equal(left, right):
            message = f"the left side is `{shortened(show(left))}`, the right side `{shortened(show(right))}`"
            failed.append(Diagnostic("error", "failed-example", message, example.source, example.span))
    return failed


def past_the_limit(stopped: StepLimit, source: Source, span: Span) -> Diagnostic:
    """What is said where an evaluation ran into its limit."""
    return Diagnostic("error", "step-limit", stopped.message, source, span, stopped.hint)


def shortened(text: str) -> str:
    return text if len(text) <= 200 else text[:197] + "…"
