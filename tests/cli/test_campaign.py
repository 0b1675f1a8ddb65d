"""How a campaign that ended early looks."""

from __future__ import annotations

from pathlib import Path

import pytest

import recsyn
from recsyn.cli.campaign import show_result
from recsyn.front import plain_task
from recsyn.testing.campaign import run_campaign


def test_what_was_found_before_an_interrupt_is_shown(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    succ = recsyn.load(examples / "successor.rec")["succ"]
    batches = 0

    def model(inputs: list[recsyn.Value]) -> list[recsyn.Value]:
        nonlocal batches
        batches += 1
        if batches > 2:
            raise KeyboardInterrupt
        return inputs

    show_result(run_campaign(model, plain_task(succ, 12)))
    out = capsys.readouterr().out
    assert "smallest counterexample: One" in out
    assert "the campaign ended before the rule was scored" in out
    assert "failure rate on inputs drawn uniformly by size: not measured" in out
    assert "nan" not in out
    assert "interrupted: this is what was found until then" in out
