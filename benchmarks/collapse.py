"""Chains of linear regressions, many side by side, beside a plain loop over them that calls `pinv` once a generation."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from recsyn.benchmarks import Figure, Listing
from recsyn.collapse.chain import Chain, generations
from recsyn.collapse.families.linear import linear_from_config
from recsyn.collapse.workflow import workflow_from_config

FEATURES, ROWS, GENERATIONS = 10, 100, 20
_FASTER = 100.0
_REPETITIONS = 5
_PLAIN = 10
"""Chains that the plain loop runs each time."""
CASES: Mapping[str, tuple[str, str, int]] = {
    f"{workflow}, {design} X": (workflow, design, chains)
    for workflow, chains in (
        ("replace", 16_384),
        ("accumulate", 16_384),
        ("replace-multiple", 16_384),
        ("accumulate-subsample", 1_024),
    )
    for design in ("same", "fresh")
}
"""By name: workflow, design, and how many chains run side by side."""


def tables() -> Iterator[str | Listing]:
    rows, figures = {}, []
    for name, (workflow, design, chains) in CASES.items():
        yield name
        plain, ours = medians(partial(loop, workflow, design, _PLAIN), partial(side_by_side, workflow, design, chains))
        plain, ours = plain / _PLAIN, ours / chains
        rows[name] = (round(1 / plain), round(1 / ours), round(plain / ours))
        figures.append(Figure(f"chains a second, {name}: recsyn / plain loop", plain / ours, at_least=_FASTER))
    yield Listing(
        f"chains of {GENERATIONS} linear regressions, {FEATURES} features, {ROWS} rows",
        ("plain loop, chains a second", "recsyn, chains a second", "times as many"),
        rows,
        tuple(figures),
        (
            "Medians of the time that passes, both in this process and in turn: the plain loop with the threads that its BLAS "
            "takes, recsyn with its own. recsyn's loop makes a profile too, the plain one only the test loss.",
        ),
    )


def medians(*works: Callable[[], object]) -> tuple[float, ...]:
    """The seconds that each takes, done in turn, so that all meet the same machine."""
    taken: list[list[float]] = [[] for _ in works]
    collecting = gc.isenabled()
    for work in works:
        work()
    gc.disable()
    try:
        for _ in range(_REPETITIONS):
            for work, seconds in zip(works, taken, strict=True):
                started = perf_counter()
                work()
                seconds.append(perf_counter() - started)
    finally:
        if collecting:
            gc.enable()
    return tuple(map(median, taken))


def side_by_side(workflow: str, design: str, chains: int) -> NDArray[np.float64]:
    """Test losses, float[chains, generations]."""
    family = linear_from_config({"features": FEATURES, "design": design})
    chain = Chain(family, workflow_from_config(workflow), ROWS, GENERATIONS, chains=chains)
    return np.stack([generation.scores["test_loss"] for generation in generations(chain)], 1)


def loop(workflow: str, design: str, chains: int, seed: int = 0) -> NDArray[np.float64]:
    """The same, one chain after another, as one would write it."""
    generator, losses = np.random.default_rng(seed), np.empty((chains, GENERATIONS))
    for chain in range(chains):
        truth = generator.standard_normal(FEATURES)
        truth /= np.linalg.norm(truth)
        same = x = generator.standard_normal((ROWS, FEATURES))
        y = x @ truth + generator.standard_normal(ROWS)
        for n in range(1, GENERATIONS + 1):
            if workflow == "accumulate-subsample" and n > 1:
                some = generator.choice(len(y), ROWS, replace=False)
                w = np.linalg.pinv(x[some]) @ y[some]
            else:
                w = np.linalg.pinv(x) @ y
            losses[chain, n - 1] = np.sum((w - truth) ** 2)
            if n == GENERATIONS:
                break
            copies = n + 1 if workflow == "replace-multiple" else 1
            more = np.tile(same, (copies, 1)) if design == "same" else generator.standard_normal((copies * ROWS, FEATURES))
            labels = more @ w + generator.standard_normal(copies * ROWS)
            if workflow.startswith("accumulate"):
                x, y = np.concatenate([x, more]), np.concatenate([y, labels])
            else:
                x, y = more, labels
    return losses
