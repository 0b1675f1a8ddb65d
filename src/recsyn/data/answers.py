"""What a model answered to one input, and where it went wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """A sequence of tokens without start and end. ``ended`` is false where the model never said that it was done."""

    tokens: tuple[str, ...]
    ended: bool = True

    def __str__(self) -> str:
        text = " ".join(self.tokens)
        return text if self.ended else f"{text} …".lstrip()


@dataclass(frozen=True, slots=True)
class Mistake:
    """Why an answer is not the right one. ``position`` counts its tokens from 0; it is their number where one is missing."""

    position: int
    reason: str

    def __str__(self) -> str:
        return f"at token {self.position + 1}: {self.reason}"
