"""Models trained on one step of an evaluation, run to its end, and judged both step by step and as a whole: call by call
(:mod:`recsyn.testing.callwise`), line by line (:mod:`recsyn.testing.linewise`), or by the lines of one answer
(:mod:`recsyn.testing.scratchpads`)."""

from __future__ import annotations

from collections.abc import Sequence

from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.callwise import call_by_call
from recsyn.testing.linewise import line_by_line
from recsyn.testing.runs import Emulation
from recsyn.testing.scratchpads import scratchpads
from recsyn.testing.verdicts import Model
from recsyn.values import Datum

MOST_CALLS = 1_000
"""Calls, or lines, of one evaluation, unless another limit is given."""


def emulate(model: Model, task: Task, inputs: Sequence[Datum], limit: int = MOST_CALLS) -> Emulation:
    """A model's evaluations of n inputs, each of at most ``limit`` calls or lines; a scratchpad, which is one answer, ends by
    itself. Every call and every line that comes up is asked, also where it came up before, as a model may answer by chance. Where
    the task asks for the next line, the model is given lines, each a tuple of tokens; else inputs. Raises :class:`RecsynError` for
    a task of which no such evaluation can be made, and :class:`~recsyn.testing.verdicts.ModelError`."""
    if not task.emulates:
        asked = f"{task.rounds} rounds" if task.rounds else f"its {task.asks}"
        raise RecsynError(
            f"the task asks for {asked}, and only what is trained on one step, one round, the next line or a trace is run to the "
            "end",
            "train on `asks: next`, `asks: step`, `asks: rounds` with `rounds: 1`, or `asks: trace`",
        )
    if task.asks == "trace":
        return Emulation(task, tuple(scratchpads(model, task, inputs)))
    if task.asks == "next":
        return Emulation(task, tuple(line_by_line(model, task, inputs, limit)))
    return Emulation(task, tuple(call_by_call(model, task, inputs, limit)))
