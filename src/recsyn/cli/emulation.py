"""How an emulation looks in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from recsyn.cli.evaluation import show_groups, shown_right
from recsyn.cli.terminal import say, table
from recsyn.testing.findings import Rate
from recsyn.testing.runs import Emulation, Run

_WRONG = 3
"""Evaluations that are shown from the first wrong step on."""
_NUMBERS = {"rounds": "round", "step": "step", "next": "line", "trace": "line"}


def show_emulation(emulation: Emulation, title: str) -> None:
    """How often steps are right, and whole evaluations; where they go wrong, and how."""
    number = _NUMBERS[emulation.task.asks]
    rates: list[tuple[str, Rate]] = [
        ("steps, where all was right before", emulation.step_rate),
        ("inputs whose every step is right", emulation.path_rate),
        ("inputs whose value is right", emulation.value_rate),
    ]
    table(title, ("", "tested", "right", "95 % interval"), [(what, rate.tested, *shown_right(rate)) for what, rate in rates])
    say(f"were steps right independently of one another, every step would be of {emulation.if_independent:.1%} of the inputs")
    show_groups("inputs whose every step is right, by how many they take", "steps", emulation.by_length(), "inputs", "right")
    show_groups(f"steps by their {number}", number, emulation.by_number(), "steps", "right")
    say("evaluations ended with: " + ", ".join(f"{end} ({count})" for end, count in emulation.ends.items()))
    if emulation.kinds:
        say("wrong steps: " + ", ".join(f"{count} {kind}" for kind, count in emulation.kinds.items()))
    wrong = [run for run in emulation.runs if run.first_wrong is not None]
    if wrong:
        _show_first_wrong(emulation, sorted(wrong, key=lambda run: run.length)[:_WRONG], number)


def _show_first_wrong(emulation: Emulation, runs: Sequence[Run], number: str) -> None:
    rows = []
    for run in runs:
        step = run.first_wrong
        assert step is not None
        source = " ".join(emulation.task.input_codec.encode(run.input))
        rows.append((source, step.number, " ".join(step.given), " ".join(step.expected), str(step.answer)))
    table("first wrong in the shortest of these", ("input", number, "given", "expected", "answered"), rows)
