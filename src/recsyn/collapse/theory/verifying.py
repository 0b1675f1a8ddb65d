"""What a filter does that keeps right rows at one rate and wrong ones at another (the setting of arXiv 2406.07515).

A model makes rows of which a share q is right; those kept are right with odds φ/ψ times as high; the next model reproduces what
it is fitted to. With finitely many rows the share is a random one around this.
"""

from __future__ import annotations

from recsyn.collapse.theory.formulas import Written
from recsyn.collapse.theory.result import Condition, Quantity, Result, Shorthand

_PAPER = "arXiv 2406.07515"
_RIGHT = Quantity("phi", "the share of right rows that the filter keeps", 0.9, "share")
_WRONG = Quantity("psi", "the share of wrong rows that the filter keeps", 0.5, "share")
_START = Quantity("q0", "the share of right rows of the model that the first filtered rows are drawn from", 0.6, "share")
_ROUNDS = Quantity("n", "how often rows were drawn, filtered and fitted to", 20)
_KEPT = Condition("phi > 0", "some right rows must be kept")

RESULTS = (
    Result(
        "verified",
        "discrete",
        "verified",
        "share right",
        "Every round multiplies the odds of a right row by φ/ψ: all become right where right rows are kept more often than wrong "
        "ones, and none where less often. As the rows of a generation grow.",
        Written("q0/(q0 + (1 - q0)*rho**n)"),
        (_START, _RIGHT, _WRONG, _ROUNDS),
        f"derived for recsyn, in the setting of {_PAPER}: q' = φq/(φq + ψ(1 − q))",
        "asymptotic",
        (_KEPT, Condition("q0 > 0", "what was never right stays so")),
        (Shorthand("rho", Written("psi/phi"), "ratio"),),
    ),
    Result(
        "verified-errors",
        "discrete",
        "verified",
        "share right",
        "The model also makes a share e of its right rows wrong each round: it settles at ((1 − e)φ − ψ)/(φ − ψ) where (1 − e)φ "
        "> ψ, and all is lost elsewhere. As the rows of a generation grow.",
        Written("1/(rho**n/q0 + b*Sum(rho**i, (i, 0, n - 1)))"),
        (_START, _RIGHT, _WRONG, Quantity("e", "the share of right rows that the model makes wrong", 0.1, "share"), _ROUNDS),
        "derived for recsyn: q' = (1 − e)φq/(φq + ψ(1 − q)), which is linear in 1/q",
        "asymptotic",
        (
            _KEPT,
            Condition("q0 > 0", "what was never right stays so"),
            Condition("e < 1", "a model that makes all rows wrong has no right ones to keep"),
            Condition("e > 0", "without errors of the model this is `verified`"),
        ),
        (
            Shorthand("rho", Written("psi/((1 - e)*phi)"), "ratio"),
            Shorthand("b", Written("(phi - psi)/((1 - e)*phi)")),
        ),
    ),
    Result(
        "verifier-threshold",
        "classification",
        "verified",
        "share wrong",
        "The share of wrong rows below which the kept rows are right more often than wrong, so that a classifier fitted to them "
        "comes to be right as rows grow; above it, it comes to be wrong.",
        Written("1/(1 + psi/phi)"),
        (_RIGHT, _WRONG),
        f"{_PAPER} (second-hand); (1 − p)φ > pψ",
        "asymptotic",
        (_KEPT,),
    ),
)
