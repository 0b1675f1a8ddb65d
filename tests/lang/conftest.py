"""The programs of ``examples/``."""

from __future__ import annotations

from pathlib import Path

import pytest

import recsyn


@pytest.fixture(scope="session")
def examples_programs(examples: Path) -> dict[str, recsyn.Program]:
    return {name: recsyn.load(examples / f"{name}.rec") for name in ("successor", "traversal")}
