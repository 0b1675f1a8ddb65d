"""Values as rows of words of 64 bits, the form of batches and of the native backend.

An integer of 63 bits is the odd word twice as large; a character or a constructor without fields is its code or number in the upper
bits, marked in the lower three; a constructor with fields is a header, with its number and how many fields follow.
"""

from __future__ import annotations

from recsyn.errors import RecsynError
from recsyn.values import Datum

WORD = 8
"""The bytes of a word."""
INTEGERS = range(-(2**62), 2**62)
"""The integers that a word holds."""
MOST_FIELDS = 2**12 - 1
"""The fields that a header counts."""

_CONSTANT, _CHARACTER = 2, 6


class TooLarge(RecsynError):
    """Something that no word can hold, in a batch in the row ``place``."""

    place = 0


def integer(number: int) -> int:
    return 2 * number + 1


def character(letter: str) -> int:
    return ord(letter) << 3 | _CHARACTER


def atom(datum: Datum) -> int:
    """The word of an integer or a character. Raises :class:`TooLarge` for an integer that takes more bits."""
    if isinstance(datum, int):
        if datum not in INTEGERS:
            raise TooLarge("an integer takes more than 63 bits", 'evaluate it by itself, with the backend "python"')
        return 2 * datum + 1
    return character(datum)


def constant(number: int) -> int:
    """The constructor of this number, without fields."""
    return number << 3 | _CONSTANT


def header(number: int, arity: int) -> int:
    """The constructor of this number, before so many fields."""
    return number << 16 | arity << 3


def arity_of(header: int) -> int:
    return header >> 3 & MOST_FIELDS


def is_character(word: int) -> bool:
    return word & 7 == _CHARACTER
