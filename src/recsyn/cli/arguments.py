"""What options may be."""

from __future__ import annotations

from argparse import ArgumentTypeError

_MOST_DIGITS = 18
_MOST_ROWS = 10**12


def positive(text: str) -> int:
    """A whole number from 1 up."""
    number = whole(text)
    if number < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return number


def whole(text: str) -> int:
    """A whole number from 0 up."""
    if not text.isascii() or not text.isdigit():
        raise ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    if len(text) > _MOST_DIGITS:
        raise ArgumentTypeError(f"a number of {len(text):,} digits is more than the {_MOST_DIGITS} that are read")
    return int(text)


def row_count(text: str) -> int:
    """A number of rows, from 1 up."""
    number = positive(text)
    if number > _MOST_ROWS:
        raise ArgumentTypeError(f"{number:,} rows are more than the {_MOST_ROWS:,} that are made at most")
    return number
