"""Tokens and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from recsyn.errors import RecsynError

PAD, START, END = 0, 1, 2
SPECIAL = ("<pad>", "<start>", "<end>")


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of a task in order; a token's number is its place. The first three are padding, start and end."""

    tokens: tuple[str, ...]

    @staticmethod
    def of(tokens: Iterable[str]) -> Vocabulary:
        """The vocabulary of these tokens, in order of first appearance, after the special ones. Raises :class:`RecsynError` for a
        token that is written like a special one."""
        own = dict.fromkeys(tokens)
        for special in SPECIAL:
            if special in own:
                raise RecsynError(f"the token `{special}` is kept for the ends and the padding of sequences")
        return Vocabulary((*SPECIAL, *own))

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {token: number for number, token in enumerate(self.tokens)}

    def encode(self, tokens: Sequence[str]) -> list[int]:
        """The tokens' numbers. Raises :class:`RecsynError` for one that is not in the vocabulary."""
        try:
            return [self._numbers[t] for t in tokens]
        except KeyError as missing:
            raise RecsynError(
                f"`{' '.join(tokens)[:80]}` holds {missing}, which is not in this task's vocabulary of {len(self)} tokens",
                "the integers that inputs and outputs may hold are the task's `integers`, the characters its `characters`; "
                "one integer of any size is written by the codec `digits`",
            ) from None

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The tokens that these numbers stand for; special ones stay, as ``<pad>`` and so on."""
        return [self.tokens[n] for n in numbers]
