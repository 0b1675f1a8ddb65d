"""The programs of ``examples/``."""

from __future__ import annotations

from pathlib import Path

import pytest

import recsyn


@pytest.fixture(scope="session")
def successor(examples: Path) -> recsyn.Program:
    return recsyn.load(examples / "successor.rec")


@pytest.fixture(scope="session")
def traversal(examples: Path) -> recsyn.Program:
    return recsyn.load(examples / "traversal.rec")
