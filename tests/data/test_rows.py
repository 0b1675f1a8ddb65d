"""Rows: which are drawn, how often, and that nothing leaks between splits."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.features import recursion_of
from recsyn.data.randomness import digest, stream
from recsyn.data.rows import Rows, generate, rows_of, split_of
from recsyn.data.splits import SPLITS
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.values import Datum, size


def fingerprint(rows: Rows) -> str:
    return sha256(rows.source.tobytes() + rows.target.tobytes()).hexdigest()


@pytest.fixture(scope="module", params=["succ", "inorder"])
def made(request: pytest.FixtureRequest, task: Callable[..., Task]) -> Task:
    result: Task = task(request.param)
    return result


@given(n=st.integers(0, 30), more=st.integers(0, 30), seed=st.integers(0, 10**20), split=st.sampled_from(SPLITS))
@settings(max_examples=20)
def test_rows_are_addressed_by_index(made: Task, n: int, more: int, seed: int, split: str) -> None:
    some, all_of_them = generate(made, n, seed, split), generate(made, n + more, seed, split)
    assert len(some) == n
    assert all_of_them.inputs[:n] == some.inputs
    assert all_of_them.outputs[:n] == some.outputs
    width = some.source.shape[1]
    assert (all_of_them.source[:n, :width] == some.source).all()
    assert not all_of_them.source[:n, width:].any()


def test_rows_hold_what_the_function_gives(made: Task) -> None:
    rows = generate(made, 200, 1)
    for value, output, source, target in zip(rows.inputs, rows.outputs, rows.source, rows.target, strict=True):
        assert output == made.function(value)
        tokens = made.vocabulary.decode(source)
        end = tokens.index("<end>")
        assert made.input_codec.decode(tokens[:end]) == value
        assert set(tokens[end + 1 :]) <= {"<pad>"}
        tokens = made.vocabulary.decode(target)
        end = tokens.index("<end>")
        assert tokens[0] == "<start>"
        assert made.output_codec.decode(tokens[1:end]) == output
        assert set(tokens[end + 1 :]) <= {"<pad>"}
    assert rows.source.dtype == rows.target.dtype == np.int32
    again = rows_of(made, rows.inputs)
    assert fingerprint(again) == fingerprint(rows)


@pytest.mark.parametrize("seeds", [(0, 0, 0), (0, 1, 2)])
def test_splits_share_no_input(made: Task, seeds: tuple[int, ...]) -> None:
    parts = {split: set(generate(made, 600, seed, split).inputs) for split, seed in zip(SPLITS, seeds, strict=True)}
    assert not parts["train"] & parts["validation"]
    assert not parts["train"] & parts["test"]
    assert not parts["validation"] & parts["test"]
    assert all(split_of(made, value) == split for split, part in parts.items() for value in part)


def test_splits_do_not_depend_on_the_distribution(task: Callable[..., Task]) -> None:
    one, other = task(), task(distribution={"kind": "by-depth", "sizes": [3, 22], "depths": [2, 9]})
    drawn = generate(one, 300, 0).inputs
    assert [split_of(one, v) for v in drawn] == [split_of(other, v) for v in drawn]


def test_splits_have_their_shares(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    made = task()
    values = list(made.space.grammar.values(made.space.type, 13))
    assert fits(Counter(split_of(made, v) for v in values), {"train": 0.8, "validation": 0.1, "test": 0.1})


def test_small_sizes_are_all_for_training(task: Callable[..., Task]) -> None:
    made = task()
    few = [v for s in range(1, 7) for v in made.space.grammar.values(made.space.type, s)]
    assert {split_of(made, v) for v in few} == {"train"}
    assert len({split_of(made, v) for v in made.space.grammar.values(made.space.type, 7)}) == 3
    with pytest.raises(RecsynError, match="no input of the split 'test'") as caught:
        generate(task(distribution={"kind": "uniform", "sizes": [1, 6]}), 1, 0, "test")
    assert "allow larger sizes" in str(caught.value.hint)


def test_every_index_is_a_draw_of_its_own(task: Callable[..., Task]) -> None:
    """Of 2^49 numbers no two are drawn twice in 300 rows, but for one chance in 10^10."""
    large = task(distribution={"kind": "uniform", "sizes": [50, 50]})
    assert len(set(generate(large, 300, 0).inputs)) == 300


def test_seeds_and_splits_are_different_rows(made: Task) -> None:
    drawn = {fingerprint(generate(made, 30, seed, split)) for seed in range(6) for split in SPLITS}
    assert len(drawn) == 18


def test_a_fresh_process_makes_the_same_rows(config: Callable[..., dict[str, Any]], task: Callable[..., Task]) -> None:
    """Whatever the hashes of strings are there."""
    script = (
        "import json, sys; from hashlib import sha256; from recsyn.data.tasks import Task; from recsyn.data.rows import generate\n"
        "rows = generate(Task.from_config(json.load(sys.stdin)), 300, 5, 'test')\n"
        "print(sha256(rows.source.tobytes() + rows.target.tobytes()).hexdigest())"
    )
    expected = fingerprint(generate(task("inorder"), 300, 5, "test"))
    source = str(Path(__file__).parents[2] / "src")
    for hash_seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=json.dumps(config("inorder")),
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": source},
        )
        assert done.stdout.strip() == expected


def test_an_unknown_split_is_refused(made: Task) -> None:
    with pytest.raises(RecsynError, match="no split 'dev'") as caught:
        generate(made, 1, 0, "dev")
    assert caught.value.hint == "the splits are train, validation, test"


# How often


def carry(value: Datum) -> int:
    run = 0
    while value.constructor == "XI":
        run, value = run + 1, value.fields[0]
    return run


def test_the_demo_draws_sizes_and_carries_uniformly(demo: Task, fits: Callable[..., bool]) -> None:
    rng = Random(16)
    drawn = Counter((size(v), carry(v)) for v in (demo.sampler.draw(rng) for _ in range(10_000)))
    by_size = {n: {c: k for (s, c), k in drawn.items() if s == n} for n in range(1, 17)}
    assert fits({n: sum(carries.values()) for n, carries in by_size.items()}, dict.fromkeys(range(1, 17), 1 / 16))
    for n, carries in by_size.items():
        possible = range(min(n - 1, 5) + 1)
        assert fits(carries, dict.fromkeys(possible, 1 / len(possible)))


def test_the_demo_draws_uniformly_within_a_size_and_a_carry(demo: Task, fits: Callable[..., bool]) -> None:
    rng, space = Random(17), demo.space
    drawn = Counter(v for v in (demo.sampler.draw(rng) for _ in range(20_000)) if carry(v) == 1 and size(v) == 6)
    values = list(space.grammar.values(space.at_depth(1), 6))
    assert len(values) == 8
    assert fits(drawn, dict.fromkeys(values, 1 / 8))


def test_the_demos_training_rows_keep_to_what_is_left_to_train_on(demo: Task, fits: Callable[..., bool]) -> None:
    """Drawing again where an input belongs to another split weighs every carry of a size by the share of its values in ``train``,
    which is known exactly by listing them."""
    rows = generate(demo, 6_000, 0)
    for n in (6, 7, 8, 9, 10):
        shares = {}
        for c in range(min(n - 1, 5) + 1):
            values = list(demo.space.grammar.values(demo.space.at_depth(c), n))
            shares[c] = Fraction(sum(split_of(demo, v) == "train" for v in values), len(values))
        total = sum(shares.values())
        expected = {c: float(share / total) for c, share in shares.items() if share}
        assert fits(Counter(carry(v) for v in rows.inputs if size(v) == n), expected)


def test_uniform_sizes_skip_those_without_values(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    made, rng = task("inorder", {"kind": "uniform", "sizes": [2, 9]}), Random(1)
    assert fits(Counter(size(made.sampler.draw(rng)) for _ in range(2_000)), dict.fromkeys((3, 5, 7, 9), 1 / 4))


def test_spines_are_drawn_evenly(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    made, rng = task("inorder", {"kind": "spines", "sizes": [7, 7]}, integers=[0, 0]), Random(1)
    assert set(Counter(str(made.sampler.draw(rng)) for _ in range(50))) == {
        "Branch 0 Leaf (Branch 0 Leaf (Branch 0 Leaf Leaf))",
        "Branch 0 (Branch 0 (Branch 0 Leaf Leaf) Leaf) Leaf",
    }


def test_mixtures_are_drawn_by_weight(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    parts = [{"weight": w, "kind": "by-depth", "sizes": [9, 9], "depths": [d, d]} for w, d in ((1, 0), (2, 3))]
    nested = {"kind": "mixture", "parts": [{"weight": 30, "kind": "mixture", "parts": parts}, {**parts[0], "weight": 10}]}
    made, rng = task(distribution=nested), Random(5)
    shape = made.space.shape
    assert shape is not None
    drawn = Counter(recursion_of(shape, made.sampler.draw(rng)).depth for _ in range(4_000))
    assert fits(drawn, {0: 0.5, 3: 0.5})
    assert made.sampler.max_size == 9


# Chance


def test_streams_are_told_apart_by_every_part_of_their_name() -> None:
    names: list[tuple[int | str, ...]] = [
        (0, "a", 1),
        (0, "a", 2),
        (1, "a", 1),
        (0, "a1"),
        ("0", "a", 1),
        (0, "b", 1),
        (0, "a", "1"),
        (),
    ]
    assert len({digest(*name) for name in names}) == len(names)
    assert len({stream(*name).random() for name in names}) == len(names)
    assert stream(3, "x").random() == stream(3, "x").random()
