"""A study so small that its trainings take a second."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

STUDY = """
title: "successor: order × heads"
about: made for a test
task:
  program: successor.rec
  function: succ
  distribution: {kind: by-depth, sizes: [1, 8], depths: [0, 3]}
model: {width: 16, heads: 2, feedforward: 32, max_positions: 32}
training: {steps: 6, batch_size: 8}
axes:
  order:
    reverse: {}
    natural: {task: {input: mirror, output: mirror}}
  heads:
    1: {model: {heads: 1}}
    2: {}
seeds: [0, 3]
rows: 40
columns:
  trained: {split: train}
  deep: {distribution: {kind: by-depth, sizes: [6, 12], depths: [5, 11]}}
published:
  - at: {order: natural, heads: 2}
    figures: {trained: 0.5, deep: [0.25, 0.5]}
  - at: {order: natural}
    figures: {deep: fails}
quick:
  axes: {heads: [2]}
  seeds: [3]
  training: {steps: 4}
  columns: {deep: {distribution: {depths: [4, 11]}}}
"""


@pytest.fixture
def study(tmp_path: Path, examples: Path) -> Path:
    """Where it is written."""
    shutil.copy(examples / "successor.rec", tmp_path)
    path = tmp_path / "mine.yaml"
    path.write_text(STUDY, "utf-8")
    return path
