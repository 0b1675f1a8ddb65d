"""Messages in a file that grows: the way of what is told where processes have nothing in common but a folder."""

from __future__ import annotations

import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

_LENGTH = 8
"""Bytes in which the length of a message is written before it."""


def tell_in(path: Path, message: Any) -> None:
    """Add a message. It is closed each time, so that shared folders show it to others."""
    packed = pickle.dumps(message)
    with suppress(OSError), path.open("ab") as file:  # Progress that nobody hears changes no result.
        file.write(len(packed).to_bytes(_LENGTH, "little") + packed)


def heard_in(path: Path, place: int) -> tuple[list[Any], int]:
    """The whole messages from a place in the file on, and the place after them; of a file that is not there yet, none."""
    messages: list[Any] = []
    try:
        with path.open("rb") as file:
            file.seek(place)
            read = file.read()
    except OSError:
        return messages, place
    begin = 0
    while True:
        end = begin + _LENGTH + int.from_bytes(read[begin : begin + _LENGTH], "little")
        if begin + _LENGTH > len(read) or end > len(read):
            return messages, place + begin
        messages.append(pickle.loads(read[begin + _LENGTH : end]))
        begin = end
