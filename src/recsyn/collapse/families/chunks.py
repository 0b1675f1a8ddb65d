"""Chains side by side in pieces that stay in a processor's cache, several pieces at a time. What comes of them depends on neither
the number of processors nor who is first: each piece has a generator of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.random import SFC64, Generator, SeedSequence


def pieces(chains: int, most: int) -> list[slice]:
    """All chains, in as few pieces of like size as there can be with no more than ``most`` in each."""
    many = max(1, -(-chains // most))
    ends = [chains * i // many for i in range(many + 1)]
    return [slice(start, end) for start, end in pairwise(ends)]


def generators(generator: Generator, many: int) -> list[Generator]:
    """That many, named by what the generator draws next."""
    return seeded(generator.integers(0, 1 << 32, 8).tolist(), many)


def seeded(entropy: Sequence[int], many: int) -> list[Generator]:
    """That many, named by numbers above or equal to 0."""
    return [Generator(SFC64(seed)) for seed in SeedSequence(entropy).spawn(many)]


def side_by_side(work: Callable[..., None], *arguments: Iterable[Any]) -> None:
    """As ``map`` calls it, in threads: NumPy lets others run while it computes."""
    calls = list(zip(*arguments, strict=True))
    if len(calls) == 1 or processors() == 1:
        for call in calls:
            _quietly(work, *call)
        return
    for done in [_threads(os.getpid()).submit(_quietly, work, *call) for call in calls]:
        done.result()


def processors() -> int:
    """As many as this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def _threads(process: int) -> ThreadPoolExecutor:
    """Of this process: one that was forked has none of its parent's threads."""
    return ThreadPoolExecutor(processors())


def _quietly(work: Callable[..., None], *arguments: Any) -> None:
    # What NumPy is told of overflow and the like holds for the thread that tells it.
    with np.errstate(all="ignore"):
        work(*arguments)
