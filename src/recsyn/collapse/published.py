"""What others published of the same chains, to stand beside what came of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A metric by generation, the first of which is 1, as ``source`` tells it. It is of all settings that have these points on
    these axes; those on other axes may be any."""

    at: Mapping[str, str]
    metric: str
    by_generation: Mapping[int, float]
    source: str

    def is_of(self, point: Mapping[str, str]) -> bool:
        return all(point.get(axis) == name for axis, name in self.at.items())


def published_of(published: Sequence[Published], point: Mapping[str, str], metric: str) -> Iterator[Published]:
    """What there is of one metric of one setting."""
    return (each for each in published if each.metric == metric and each.is_of(point))
