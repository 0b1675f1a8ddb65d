"""What a model answered to one input, and where it went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Trouble: TypeAlias = Literal["raised", "timed out", "unreadable", "not a number"]
"""Why there is no answer: the model raised an error on this input; it took too long; what came is no answer but, say, prose; its
logits are not numbers."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A sequence of tokens without start and end. ``ended`` is false where the model never said that it was done."""

    tokens: tuple[str, ...]
    ended: bool = True

    def __str__(self) -> str:
        text = " ".join(self.tokens)
        return text if self.ended else f"{text} …".lstrip()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """In the place of an answer, where a model has none for one input and goes on with the others. ``why`` is told to the user."""

    trouble: Trouble
    why: str

    def __str__(self) -> str:
        return f"{self.trouble}: {self.why}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why an answer is not the right one. ``position`` counts its tokens from 0; it is their number where one is missing."""

    position: int
    reason: str

    def __str__(self) -> str:
        return f"at token {self.position + 1}: {self.reason}"
