"""What a model is given that knows nothing of recsyn: tokens as a row of a data set has them, and a prompt around them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from recsyn.data.questions import Line
from recsyn.data.records import generated
from recsyn.data.tasks import Task
from recsyn.lang import core
from recsyn.values import Datum

PROMPT = """\
You work out the function `{function}` of this program, written in a small functional language:

{program}

{notation}

{demonstrations}

Answer with the output's tokens on one line, and with nothing else.

input: {input}
output:"""
_SHOWN = 64
_OUTPUTS = {
    "value": "An output is the function's value on the input.",
    "rounds": "An output is what the call on the input is reduced to by {rounds} rounds, each of which unfolds every call once.",
    "step": "An output is what the call on the input is reduced to by its first step.",
    "next": "An input is a line of the function's reduction, and its output is the line after it.",
    "trace": "An output is all lines of the function's reduction on the input, to its value.",
    "states": "An output is the states in which the function's machine reads the tokens of the input, one for each.",
}
"""What is asked, by the names of :data:`~recsyn.data.questions.QUESTIONS`."""


@dataclass(frozen=True)
class Prompt:
    """A text with ``{input}`` where the input's tokens belong. It may have ``{function}``, ``{program}``, ``{notation}`` and
    ``{demonstrations}`` too: the function's name, its program, what is asked and in which tokens, and ``shown`` rows of the task's
    training split, drawn by ``seed``."""

    task: Task
    template: str = PROMPT
    shown: int = 4
    seed: int = 0

    def around(self, text: str) -> str:
        """The prompt of an input whose tokens are in ``text``."""
        return text.join(self._parts)

    @cached_property
    def _parts(self) -> list[str]:
        """What stands around the places of the input. Where a brace stands for itself, it stays."""
        told = {"function": self._function, "program": self._program, "notation": self._notation, "demonstrations": self._rows}
        places = re.compile(r"\{(function|program|notation|demonstrations)\}")
        return [places.sub(lambda found: told[found[1]](), part) for part in self.template.split("{input}")]

    def _function(self) -> str:
        return core.spelled(self.task.function.name)

    def _program(self) -> str:
        return self.task.program_source.strip()

    def _notation(self) -> str:
        task = self.task
        read, answered = task.question.tokens if task.asks_of_lines else task.input_codec.tokens, task.question.tokens
        asked = _OUTPUTS[task.asks].replace("{rounds}", str(task.rounds))
        tokens = f"The tokens of inputs are {_listed(read)}. The tokens of outputs are {_listed(answered)}."
        return f"{asked} Both are written as tokens with a blank between them. {tokens}"

    def _rows(self) -> str:
        if not self.shown:
            return ""
        # Some come twice where a task has few small inputs, and one row shown twice shows no more.
        records = generated(self.task, 4 * self.shown, self.seed, "train")
        rows = dict.fromkeys(zip(records.inputs, records.outputs, strict=True))
        return "\n\n".join(f"input: {given}\noutput: {answer}" for given, answer in list(rows)[: self.shown])


def written(task: Task, asked: Datum | Line) -> str:
    """What a model is asked, as the field ``input`` of a data set's row has it: tokens with a blank between them."""
    return " ".join(asked if isinstance(asked, tuple) else task.question.given(asked))


def first_input(task: Task) -> Datum:
    """One of the task's smallest inputs, which a model is asked before anything depends on its answers."""
    return next(iter(task.space.smallest(1)))


def _listed(tokens: tuple[str, ...]) -> str:
    own = tokens[:_SHOWN]
    return " ".join(f"`{token}`" for token in own) + (f" and {len(tokens) - _SHOWN:,} more" if len(tokens) > _SHOWN else "")
