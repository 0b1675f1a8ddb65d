"""Streams of chance. A stream is named by hashing what it is for, never by adding numbers, so that no two overlap."""

from __future__ import annotations

from hashlib import blake2b
from random import Random


def stream(*name: int | str) -> Random:
    """The stream of this name: a seed, then whatever tells its purpose and place."""
    return Random(digest(*name))


def digest(*name: int | str) -> int:
    """A number of 128 bits that depends on every part of the name."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in name)
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest())
