"""Chance. A stream is named by hashing what it is for, never by adding numbers, so that no two overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b
from random import Random

import numpy as np

MASK = 2**64 - 1


def stream(*name: int | str) -> Random:
    """The stream of this name: a seed, then whatever tells its purpose and place."""
    return Random(digest(*name))


def digest(*name: int | str) -> int:
    """A number of 128 bits that depends on every part of the name."""
    text = "\x1f".join(f"{type(part).__name__}:{part}" for part in name)
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest())


def row_words(key: int, index: int, attempt: int) -> Iterator[int]:
    """Words of 64 random bits without end: those of one attempt at one row. They are what Philox 4×64-10 gives at the counters
    ``[1, attempt, index, 0]``, ``[2, attempt, index, 0]``, … under a key of 128 bits (Salmon et al. 2011, "Parallel random numbers:
    as easy as 1, 2, 3"), so any row is had without those before it, and no two rows under one key share a counter."""
    generator = np.random.Philox(counter=np.array([0, attempt, index, 0], np.uint64), key=key)
    while True:
        yield from generator.random_raw(64).tolist()


# Fingerprints, which are cheap enough to be taken of every row in machine code too.

FINGERPRINT_START, FINGERPRINT_FACTOR, FINGERPRINT_SHIFT = 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, 32


def fingerprint(tokens: Iterable[str]) -> int:
    """A number of 64 bits that depends on every token and its place: each token's own number is mixed in by a multiplication and a
    shift, both of which lose nothing. It is no defence against those who look for two sequences with the same one."""
    mixed = FINGERPRINT_START
    for token in tokens:
        mixed = (mixed ^ token_number(token)) * FINGERPRINT_FACTOR & MASK
        mixed ^= mixed >> FINGERPRINT_SHIFT
    mixed = mixed * FINGERPRINT_FACTOR & MASK
    return mixed ^ mixed >> FINGERPRINT_SHIFT


@cache
def token_number(token: str) -> int:
    """The number of 64 bits by which a token enters fingerprints."""
    return digest("token", token) & MASK
