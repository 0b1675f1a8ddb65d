"""What tests on every floor share: a checkpoint trained once, live, by the command that a user would run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from recsyn.cli.main import main

# How long something takes is measured by benchmarks, and no test fails where a machine is busy.
settings.register_profile("recsyn", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("recsyn")

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A successor model trained on carries of at most 5."""
    folder = tmp_path_factory.mktemp("runs") / "successor"
    assert main(["train", "successor-reverse", "--out", str(folder)]) == 0
    return folder
