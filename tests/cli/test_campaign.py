"""How a campaign looks, also one that ended early."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

import recsyn
from recsyn.cli.campaign import show_result
from recsyn.front import plain_task
from recsyn.testing.campaign import Budget, run_campaign
from recsyn.testing.verdicts import Lost


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


def test_what_was_lost_and_where_it_fails_is_shown(examples: Path, capsys: pytest.CaptureFixture[str]) -> None:
    succ = recsyn.load(examples / "successor.rec")["succ"]

    def model(inputs: list[recsyn.Value]) -> list[recsyn.Value]:
        return [value if value.constructor == "XI" else succ(value) for value in inputs]

    one = recsyn.Value("One")
    lost = (
        Lost(one, "raised", "no luck"),
        Lost(one, "timed out", "after 5 s"),
        Lost(recsyn.Value("XO", (one,)), "raised", "again"),
    )
    result = run_campaign(model, plain_task(succ, 12), budget=Budget(300, 100, 200))
    show_result(dataclasses.replace(result, lost=lost, remarks=("a batch was halved",), stopped="the endpoint is down"))
    out = capsys.readouterr().out
    assert "2 inputs without a verdict: raised, the first on One\n  no luck\n1 input without a verdict: timed out, " in out
    assert "note: a batch was halved\nstopped: the endpoint is down\n" in out
    shown = re.findall(r"^(\d+) +(\d+) +([\d.]+)% ", out, re.MULTILINE)
    depths = result.sampled.columns["recursion_depth"]
    counted = [(d, result.sampled.failing[depths == d]) for d in sorted(set(depths.tolist()))]
    assert shown == [(str(d), str(len(failing)), f"{100 * failing.mean():.1f}") for d, failing in counted]
