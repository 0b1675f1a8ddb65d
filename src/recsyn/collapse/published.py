"""Figures that others published, to lay beside what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """Means of a metric by generation, for all settings that have these points, and where they stand."""

    at: Mapping[str, str]
    metric: str
    by_generation: Mapping[int, float]
    source: str
