"""The demo, live: its story must be true of the model that it has just trained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recsyn.cli.main import main


def test_the_demo_tells_the_truth(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert [line for line in out.splitlines() if re.match(r"\d\. ", line)] == [
        "1. A recursive program, checked",
        "2. One example, reduced step by step",
        "3. Training data: carries of at most 5",
        "4. A transformer, trained on it",
        "5. The model held against the program",
        "6. Repaired: 10% of long carries mixed in, trained and fuzzed again",
        "7. A report",
    ]
    assert float(re.search(r"exact match ([\d.]+)% of", out)[1]) > 98
    assert "finding 1: wrong where recursion_depth >= 6\n" in out
    precision, recall = (float(re.search(rf"{name} +([\d.]+) ", out)[1]) for name in ("precision", "recall"))
    assert precision > 0.95
    assert recall > 0.95
    assert "smallest counterexample: XI (XI (XI (XI (XI (XI One)))))\n" in out
    before, after = map(int, re.search(r"failures on fresh inputs +(\d+) of \d+ +(\d+) of", out).groups())
    assert after < before / 4
    assert (tmp_path / "report.html").stat().st_size > 10_000
