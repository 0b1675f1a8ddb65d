"""Rows in parts of like lengths: each once, and with little padding."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.batching import parts_of, wasted
from recsyn.data.experiments import load_experiment, preset_names
from recsyn.data.generation import generate

LENGTHS = st.lists(st.tuples(st.integers(1, 30), st.integers(1, 30)), max_size=150)


def columns(rows: list[tuple[int, int]]) -> list[np.ndarray]:
    return [np.array([row[side] for row in rows], np.int64) for side in (0, 1)]


@given(rows=LENGTHS)
def test_every_row_is_in_one_part_and_the_longest_come_first(rows: list[tuple[int, int]]) -> None:
    parts = parts_of(columns(rows))
    assert sorted(row for part in parts for row in part.tolist()) == list(range(len(rows)))
    whole = [[sum(rows[row]) for row in part.tolist()] for part in parts]
    assert all(min(one) >= max(other) for one, other in pairwise(whole))
    assert [part.tolist() for part in parts] == [part.tolist() for part in parts_of(columns(rows))]


@given(rows=LENGTHS)
def test_a_part_is_worth_its_while(rows: list[tuple[int, int]]) -> None:
    lengths = columns(rows)
    parts = parts_of(lengths)

    def positions(parts: list[np.ndarray]) -> int:
        return sum(len(part) * int(column[part].max()) for part in parts for column in lengths)

    assert positions(parts) <= positions([np.arange(len(rows))] if rows else []) - 48 * max(0, len(parts) - 1)


def test_waste_is_the_share_of_positions_that_are_padding() -> None:
    lengths = [np.array([1, 3, 2, 2]), np.array([5, 5, 1, 3])]
    assert wasted(lengths, [np.array([0, 1]), np.array([2, 3])]) == pytest.approx(1 - 22 / (6 + 10 + 4 + 6))
    assert wasted(lengths, [np.array([0]), np.array([1]), np.array([2]), np.array([3])]) == 0


@pytest.mark.parametrize("name", preset_names())
def test_presets_waste_little(name: str) -> None:
    """Less than 15 % of the positions; near a half where all rows of a batch are as long as the longest."""
    experiment = load_experiment(name)
    size = experiment.training.get("batch_size", 64)
    rows = generate(experiment.task, 60 * size, 0)
    lengths = (rows.source.lengths, rows.target.lengths)
    batches = [
        first + part
        for first in range(0, 60 * size, size)
        for part in parts_of([column[first : first + size] for column in lengths])
    ]
    assert wasted(lengths, batches) < 0.15
