"""Random padding as in the papers: blank tokens before an input, as many before the right answer, so that no place in a sequence
has a meaning of its own and a model must write the blanks too.

How many there are is decided by the input alone, from a fingerprint of it that has nothing to do with its split: across inputs as
if drawn, from 0 to ``most``, each as likely, and the same whenever an input comes again, so rows need no further chance, and
whatever reads a sequence knows how it must begin.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from recsyn.data.codecs import Codec, DecodeError
from recsyn.data.questions import Question
from recsyn.data.randomness import fingerprint
from recsyn.errors import RecsynError
from recsyn.values import Datum

BLANK = "<blank>"
Read = TypeVar("Read")


@dataclass(frozen=True)
class ShiftedCodec:
    """Inputs after their blanks. ``plain`` writes them without."""

    plain: Codec
    most: int

    def __post_init__(self) -> None:
        _check(self.plain.tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        return (BLANK, *self.plain.tokens)

    def blanks(self, value: Datum) -> list[str]:
        """What stands before an input, and before the answer to it."""
        return [BLANK] * (fingerprint([BLANK, *self.plain.encode(value)]) % (self.most + 1))

    def encode(self, value: Datum) -> list[str]:
        return self.blanks(value) + self.plain.encode(value)

    def decode(self, tokens: Sequence[str]) -> Datum:
        value = _after_blanks(tokens, self.plain.decode)
        right, found = len(self.blanks(value)), _blanks(tokens)
        if found != right:
            raise DecodeError(min(found, right), f"{right} times `{BLANK}` stand before this value, and not {found}")
        return value


@dataclass(frozen=True)
class ShiftedQuestion:
    """A question whose answers come after the blanks of the input."""

    plain: Question
    input: ShiftedCodec

    def __post_init__(self) -> None:
        _check(self.plain.tokens)

    @property
    def tokens(self) -> tuple[str, ...]:
        return (BLANK, *self.plain.tokens)

    def given(self, input: Datum) -> list[str]:
        return self.input.blanks(input) + self.plain.given(input)

    def answer(self, input: Datum, output: Datum) -> list[str]:
        return self.input.blanks(input) + self.plain.answer(input, output)

    def read(self, tokens: Sequence[str]) -> Datum | None:
        """The value after whatever blanks there are: whether they are as many as those of the input, an answer does not say."""
        return _after_blanks(tokens, self.plain.read)


def unshifted(codec: Codec) -> Codec:
    """The codec that writes no blanks."""
    return codec.plain if isinstance(codec, ShiftedCodec) else codec


def without_blanks(tokens: Sequence[str]) -> Sequence[str]:
    """What follows the blanks."""
    return tokens[_blanks(tokens) :]


def _check(tokens: Sequence[str]) -> None:
    if BLANK in tokens:
        raise RecsynError(f"the token `{BLANK}` is kept for padding", "give the constructor another token with `as`")


def _blanks(tokens: Sequence[str]) -> int:
    return next((place for place, token in enumerate(tokens) if token != BLANK), len(tokens))


def _after_blanks(tokens: Sequence[str], read: Callable[[Sequence[str]], Read]) -> Read:
    """What follows the blanks; a mistake in it is told by its place in the whole."""
    many = _blanks(tokens)
    try:
        return read(tokens[many:])
    except DecodeError as error:
        raise DecodeError(many + error.position, error.reason) from None
