"""Every result that is laid over a setting, held against chains of it: that of another setting, or one off by 3 %, fails."""

from typing import Any

import numpy as np
import pytest

from recsyn.collapse.chain import Chain, generations
from recsyn.collapse.laid_over import predictions
from recsyn.collapse.opening import family_from_config, family_identity
from recsyn.collapse.study import Setting
from recsyn.collapse.theory.comparison import compare
from recsyn.collapse.workflow import workflow_from_config

GENERATIONS = 5


def setting(family: dict[str, Any], workflow: Any, rows: int, matched: bool = False) -> Setting:
    identity = family_identity(family["kind"], family_from_config(family), family)
    return Setting(
        {}, family, workflow_from_config(workflow).to_config(), matched, rows, GENERATIONS, 1, 1, None, identity, batched=True
    )


LINEAR = {"kind": "linear", "features": 3}
FRESH = {**LINEAR, "design": "fresh"}
WIDE = {"kind": "linear", "features": 12, "design": "fresh", "noise": 0.0}
GAUSSIAN = {"kind": "gaussian", "dimensions": 3, "covariance": [1.0, 2.0, 0.5]}
MEAN = {"kind": "gaussian", "known": "covariance", "dimensions": 2, "covariance": [1.0, 4.0]}
DISCRETE = {"kind": "discrete", "probabilities": {"zipf": 6}}
JUDGED = {"kind": "discrete", "probabilities": [0.3, 0.3, 0.2, 0.2], "right": [0, 1, 2]}
DENSITY = {"kind": "kernel-density", "bandwidth": 0.4}
WEIGHTED = {"kind": "weighted", "real": "golden", "made": 0.5}

EXACT = [
    (LINEAR, "replace", 20, 20000, "linear-replace-fixed"),
    (FRESH, "replace", 20, 20000, "linear-replace-fresh"),
    ({**FRESH, "covariance": [1.0, 3.0, 0.2]}, "replace", 20, 20000, "linear-replace-fresh"),
    (LINEAR, "accumulate", 20, 20000, "linear-accumulate-fixed"),
    (FRESH, "accumulate", 20, 20000, "linear-accumulate-fresh"),
    (LINEAR, "replace-multiple", 20, 20000, "linear-replace-multiple-fixed"),
    (FRESH, "replace-multiple", 20, 20000, "linear-replace-multiple-fresh"),
    (FRESH, {"kind": "mix", "real": 0.25}, 20, 20000, "linear-mix-fresh"),
    (WIDE, "replace", 6, 2000, "linear-overparameterised"),
    (WIDE, "accumulate", 6, 4000, "linear-overparameterised-accumulate"),
    ({**WIDE, "noise": 0.3}, "replace", 6, 4000, "linear-overparameterised-noisy"),
    (GAUSSIAN, "replace", 8, 8000, "gaussian-replace"),
    (GAUSSIAN, "accumulate", 8, 8000, "gaussian-accumulate"),
    (GAUSSIAN, "accumulate-subsample", 8, 8000, "gaussian-subsample"),
    (GAUSSIAN, "replace-multiple", 8, 8000, "gaussian-replace-multiple"),
    (GAUSSIAN, {"kind": "mix", "real": 0.25}, 8, 8000, "gaussian-mix"),
    (GAUSSIAN, WEIGHTED, 8, 8000, "gaussian-weighted"),
    (MEAN, WEIGHTED, 8, 12000, "golden-ratio-transient"),
    (DISCRETE, "replace", 20, 2000, "discrete-replace"),
    (DISCRETE, "accumulate", 20, 2000, "discrete-accumulate"),
    (DISCRETE, "accumulate-subsample", 20, 2000, "discrete-subsample"),
    (DISCRETE, "replace-multiple", 20, 2000, "discrete-replace-multiple"),
    (DISCRETE, {"kind": "mix", "real": 0.25}, 20, 2000, "discrete-mix"),
    (DISCRETE, WEIGHTED, 20, 2000, "discrete-weighted"),
    *((DENSITY | {"data": data}, "replace", 20, 2500, "kernel-density-replace") for data in ("gaussian", "blobs", "swiss-roll")),
    *((DENSITY | {"data": data}, "accumulate", 20, 2500, "kernel-density-accumulate") for data in ("gaussian", "circles", "moons")),
    (DENSITY, "accumulate-subsample", 20, 2500, "kernel-density-subsample"),
]


def observed(of: Setting, chains: int, metric: str) -> np.ndarray:
    """float[chains, generations], scored without a profile, which is dear."""
    family, workflow = of.opened()
    run = generations(Chain(family, workflow, of.rows, GENERATIONS, (7,), chains, test_rows=1))
    return np.stack([generation.scores[metric] for generation in run], 1)


@pytest.mark.parametrize(
    ("family", "workflow", "rows", "chains", "name"), EXACT, ids=lambda each: each if isinstance(each, str) else None
)
def test_exact_results_hold_and_would_not_if_they_were_off_by_3_percent(
    family: dict[str, Any], workflow: Any, rows: int, chains: int, name: str
) -> None:
    of = setting(family, workflow, rows)
    exact = [prediction for prediction in predictions(of) if prediction.label == "exact"]
    assert [prediction.result for prediction in exact] == [name]
    values = observed(of, chains, exact[0].metric)
    held = compare(values, exact[0].values)
    assert held.contradicts() is False, str(held)
    # A chain counts once, by the mean of its generations' ratios to the prediction.
    if held.factor_error:
        assert held.factor_error < 0.0075
        assert abs(held.factor - 1) < 4 * held.factor_error


@pytest.mark.parametrize(("rows", "within"), [(30, 0.15), (300, 0.03)])
def test_an_asymptotic_result_comes_nearer_as_rows_grow(rows: int, within: float) -> None:
    of = setting(FRESH, "accumulate-subsample", rows)
    (prediction,) = predictions(of)
    assert (prediction.result, prediction.label) == ("linear-subsample", "asymptotic")
    held = compare(observed(of, 4000, "test_loss"), prediction.values, "asymptotic")
    assert max(abs(gap) for gap in held.gap) < within + 4 * held.factor_error


@pytest.mark.parametrize("error", [0.0, 0.1])
@pytest.mark.parametrize("kept", [(0.9, 0.3), (0.4, 0.8)])
def test_the_share_of_right_rows_of_a_verified_workflow(error: float, kept: tuple[float, float]) -> None:
    right, wrong = kept
    of = setting({**JUDGED, "error": error}, {"kind": "verified", "right": right, "wrong": wrong}, 2000)
    (prediction,) = predictions(of)
    assert prediction.result == ("verified-errors" if error else "verified")
    held = compare(observed(of, 100, "right_share"), prediction.values, "asymptotic")
    for mean, expected, error_of_mean in zip(held.mean, held.predicted, held.standard_error, strict=True):
        assert abs(mean - expected) < 4 * error_of_mean + 0.001


def test_the_bound_is_kept() -> None:
    of = setting(FRESH, "accumulate", 12)
    (bound,) = [prediction for prediction in predictions(of) if prediction.label == "bound"]
    assert bound.result == "linear-accumulate-bound"
    assert bound.values == pytest.approx([3 / 8 * np.pi**2 / 6] * GENERATIONS)
    assert compare(observed(of, 500, "test_loss"), bound.values, "bound").contradicts() is False


def test_budgets_matched_by_rows_make_a_subsample_of_what_accumulates() -> None:
    assert [each.result for each in predictions(setting(FRESH, "accumulate", 12, matched=True))] == ["linear-subsample"]
    assert [each.result for each in predictions(setting(FRESH, "replace", 12, matched=True))] == ["linear-replace-fresh"]


@pytest.mark.parametrize(
    ("family", "workflow", "matched"),
    [
        ({**LINEAR, "ridge": 0.1}, "replace", False),
        ({**LINEAR, "solver": "gradient"}, "replace", False),
        (LINEAR, {"kind": "accumulate", "weights": [2, 1]}, False),
        (LINEAR, {"kind": "accumulate-subsample", "rows": 10}, False),
        (LINEAR, {"kind": "mix", "real": 0.5}, False),
        (LINEAR, "replace-multiple", True),
        ({**WIDE, "design": "same"}, "replace", False),
        ({**WIDE, "covariance": {"decay": 1.0}}, "replace", False),
        ({"kind": "gaussian", "known": "mean"}, "replace", False),
        ({**DISCRETE, "smoothing": 0.5}, "replace", False),
        ({**DENSITY, "bandwidth": "scott"}, "replace", False),
        (DENSITY, {"kind": "mix", "real": 0.5}, False),
    ],
    ids=str,
)
def test_nothing_is_said_of_what_no_result_is_about(family: dict[str, Any], workflow: Any, matched: bool) -> None:
    assert (
        predictions(setting(family, workflow, 8 if family["features" if "features" in family else "kind"] == 12 else 12, matched))
        == ()
    )
