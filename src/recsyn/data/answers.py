"""What a model answered to one input."""

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
