"""The families as studies run them: opened by name, in every workflow that they can be in, by the loop that is the same for all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsyn.collapse.chain import Chain, generations
from recsyn.collapse.family import Batchable, Checked, Configured, Judging
from recsyn.collapse.opening import family_from_config, family_identity
from recsyn.collapse.profile import METRICS
from recsyn.collapse.workflow import workflow_from_config

pytestmark = pytest.mark.filterwarnings("error")

WORKFLOWS: list[Any] = [
    "replace",
    "accumulate",
    "accumulate-subsample",
    "replace-multiple",
    {"kind": "mix", "real": 0.3},
    {"kind": "weighted", "real": "golden"},
]
FAMILIES: list[dict[str, Any]] = [
    {"kind": "gaussian", "dimensions": 2, "covariance": [1, 4]},
    {"kind": "kernel-density", "data": "moons", "bandwidth": "silverman"},
    {"kind": "discrete", "probabilities": {"zipf": 20}},
    {"kind": "ngram", "length": 8, "order": 3},
]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=str)
@pytest.mark.parametrize("config", FAMILIES, ids=lambda config: config["kind"])
def test_every_family_runs_in_every_workflow(config: dict[str, Any], workflow: Any, text: Path) -> None:
    if config["kind"] == "ngram":
        config = {**config, "text": str(text)}
    family = family_from_config(config)
    assert isinstance(family, Checked)
    assert isinstance(family, Configured)
    assert family_identity(config["kind"], family, config)["kind"] == config["kind"]
    family.check(30)
    for chains in (None, 3) if isinstance(family, Batchable) else (None,):
        chain = Chain(family, workflow_from_config(workflow), 30, 4, chains=chains, test_rows=40)
        found = list(generations(chain))
        assert [generation.number for generation in found] == [1, 2, 3, 4]
        for generation in found:
            assert not generation.collapsed
            for metric in ("test_loss", *METRICS):
                assert generation.scores[metric].shape == (chains or 1,)
                assert np.isfinite(generation.scores[metric]).all()


@pytest.mark.parametrize(("right", "wrong", "helps"), [(0.9, 0.3, True), (0.5, 0.5, False)])
def test_a_filter_helps_where_it_keeps_right_rows_more_often_by_enough(right: float, wrong: float, helps: bool) -> None:
    """A model turns a tenth of what is right wrong; kept are right rows with odds 0.9 p φ : (1 − 0.9 p) ψ (arXiv 2406.07515)."""
    config = {"kind": "discrete", "probabilities": [3, 3, 2, 2], "right": [0, 1], "error": 0.1}
    family = family_from_config(config)
    assert isinstance(family, Judging)
    workflow = workflow_from_config({"kind": "verified", "right": right, "wrong": wrong})
    found = list(generations(Chain(family, workflow, 2000, 6, chains=20, test_rows=1)))
    share = 0.6
    for generation in found:
        expected = 0.9 * share
        error = generation.scores["right_share"].std() / 20**0.5
        assert abs(generation.scores["right_share"].mean() - expected) < 5 * error + 1e-3
        share = expected * right / (expected * right + (1 - expected) * wrong)
    assert (found[-1].scores["right_share"].mean() > found[0].scores["right_share"].mean()) == helps


def test_a_users_own_family_runs(examples: Path) -> None:
    config = {"kind": f"{examples / 'collapse_family.py'}:Laplace", "scale": 2.0}
    family = family_from_config(config)
    runs = [
        [float(g.scores["scale"][0]) for g in generations(Chain(family, workflow_from_config("replace"), 40, 12, (seed,)))]
        for seed in range(60)
    ]
    scales = np.array(runs)
    assert scales[:, 0].mean() == pytest.approx(2, abs=0.1)
    # The expected logarithm falls by as much in every generation.
    falls = -np.diff(np.log(scales), axis=1).mean(0)
    assert 0 < falls.mean() < 0.06
    assert np.log(scales[:, -1] / scales[:, 0]).mean() < -0.1


def test_a_users_own_family_takes_weights(examples: Path) -> None:
    family: Any = family_from_config({"kind": f"{examples / 'collapse_family.py'}:Laplace"})
    g = np.random.default_rng(0)
    rows, weights = family.real(21, g), np.arange(21) % 3
    one, other = family.fit(rows, weights, g), family.fit(np.repeat(rows, weights), np.ones(weights.sum()), g)
    assert one.middle == pytest.approx(other.middle)
    assert one.scale == pytest.approx(other.scale)
    assert one.middle == pytest.approx(sorted(np.repeat(rows, weights))[(weights.sum() - 1) // 2])
