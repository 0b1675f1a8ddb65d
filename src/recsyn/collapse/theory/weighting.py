"""How much weight fresh real rows deserve beside synthetic ones (arXiv 2502.18049).

Generation t estimates the mean of N(θ, σ²), σ known, from r fresh real rows of weight w in all and m rows of N(θ̂_(t-1), σ²) of
weight 1 − w in all; the first from r real rows.
"""

from __future__ import annotations

from recsyn.collapse.theory.formulas import Least, Written
from recsyn.collapse.theory.result import Condition, Quantity, Result, Shorthand

_PAPER = "arXiv 2502.18049"
_WEIGHT = Quantity("w", "the weight of the real rows together", 0.618, "share")
_RATIO = Quantity("k", "fresh real rows for each synthetic one", 1, "amount")
_SIZES = (
    _WEIGHT,
    Quantity("r", "the fresh real rows of a generation", 100),
    Quantity("m", "the synthetic rows of a generation", 100),
    Quantity("sigma", "the standard deviation of a row", 1, "amount"),
)
_SOME_REAL = Condition("w > 0", "without real rows the variance grows for ever")
_STEADY = "sigma**2*(w**2/r + (1 - w)**2/m)/(w*(2 - w))"

RESULTS = (
    Result(
        "golden-ratio",
        "mean",
        "weighted",
        "best weight",
        "The weight of the real rows at which the variance that generations settle at is least: the golden ratio's inverse, "
        "0.618, at as many real rows as synthetic ones. There the variance is w σ²/r, w times that of the real rows alone.",
        Least(Written("(w**2/k + (1 - w)**2)/(1 - (1 - w)**2)"), over="w"),
        (_RATIO,),
        f"{_PAPER}; here by differentiating golden-ratio-variance",
        "exact",
        (Condition("k > 0", "there must be real rows"),),
    ),
    Result(
        "golden-ratio-variance",
        "mean",
        "weighted",
        "variance of the estimate",
        "The variance that the estimates of the mean settle at.",
        Written(_STEADY),
        _SIZES,
        f"{_PAPER}; derived for recsyn: the fixed point of V = σ²(w²/r + (1 − w)²/m) + (1 − w)²V",
        "exact",
        (_SOME_REAL,),
    ),
    Result(
        "golden-ratio-transient",
        "mean",
        "weighted",
        "variance of the estimate",
        "The variance of generation n's estimate of the mean.",
        Written("sigma**2*((w**2/r + (1 - w)**2/m)*Sum(c**i, (i, 0, n - 2)) + c**(n - 1)/r)"),
        (*_SIZES, Quantity("n", "the generation, 1 for the model fitted to real rows alone", 20)),
        "derived for recsyn: V_n = σ²(w²/r + (1 − w)²/m) + (1 − w)²V_(n-1), V_1 = σ²/r",
        "exact",
        (_SOME_REAL,),
        (Shorthand("c", Written("(1 - w)**2"), "share"),),
    ),
)
