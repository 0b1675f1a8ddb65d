"""Chains of linear regressions, many side by side, beside a plain loop over them that calls `pinv` once a generation."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
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
    with _blas_of_one_thread(), ProcessPoolExecutor(1, get_context("spawn")) as apart:
        for name, (_, _, chains) in CASES.items():
            yield name
            plain, ours = apart.submit(measured, name, chains, _PLAIN).result()
            rows[name] = (round(1 / plain), round(1 / ours), round(plain / ours))
            figures.append(Figure(f"chains a second, {name}: recsyn / plain loop", plain / ours, at_least=_FASTER))
    yield Listing(
        f"chains of {GENERATIONS} linear regressions, {FEATURES} features, {ROWS} rows",
        ("plain loop, chains a second", "recsyn, chains a second", "times as many"),
        rows,
        tuple(figures),
        (
            "Medians of the time that passes, both in one process and in turn. BLAS has one thread, since such small matrices gain "
            "next to nothing from more; recsyn takes all processors. Its loop makes a profile too, the plain one only test losses.",
        ),
    )


@contextmanager
def _blas_of_one_thread() -> Iterator[None]:
    """For processes that are started meanwhile: how many threads it has is read once, when NumPy is loaded."""
    before = dict(os.environ)
    os.environ.update({f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def measured(name: str, chains: int, plain_chains: int) -> tuple[float, float]:
    """The seconds that a chain takes: in the plain loop, and side by side."""
    workflow, design, _ = CASES[name]
    plain, ours = medians(partial(loop, workflow, design, plain_chains), partial(side_by_side, workflow, design, chains))
    return plain / plain_chains, ours / chains


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
