"""Families whose fit has the mean and the covariance of its rows: Gaussians by maximum likelihood, discrete distributions by
counting, and kernel densities, which add the covariance of their kernel.

A draw from K values, written as a unit vector of K coordinates, has a covariance whose trace is the Gini–Simpson index 1 − Σp².
So what holds of the trace of a Gaussian's covariance holds of that index, each by E|x|² staying what it was while the mean
drifts: the variance that a fit lacks is E‖μ̂ − μ‖².
"""

from __future__ import annotations

from recsyn.collapse.theory.formulas import Written
from recsyn.collapse.theory.result import Condition, Quantity, Result, Shorthand

_DERIVED = "derived for recsyn"
_N = Quantity("n", "the generation, 1 for the model fitted to real rows", 20)

_SPREAD = Quantity("sigma", "the root of the real rows' mean squared distance from a point, all coordinates together", 1, "amount")
_BANDWIDTH = Quantity("h", "the bandwidth, the standard deviation of the kernel in each coordinate", 0.1, "amount")
_DIMENSIONS = Quantity("d", "the number of coordinates", 1)


def _both(
    workflow: str,
    statement: str,
    factor: str,
    why: str,
    quantities: tuple[Quantity, ...] = (),
    conditions: tuple[Condition, ...] = (),
    where: tuple[tuple[str, str], ...] = (),
    name: str | None = None,
) -> tuple[Result, Result]:
    """A factor over the ``ROWS`` of a generation, for the two families of which it is true; ``where`` names shares."""
    name = name or workflow

    def of(letter: str) -> tuple[Shorthand, ...]:
        return tuple(Shorthand(short, Written(formula.replace("ROWS", letter)), "share") for short, formula in where)

    def held(letter: str) -> tuple[Condition, ...]:
        return tuple(Condition(each.relation.replace("ROWS", letter), each.why) for each in conditions)

    return (
        Result(
            f"gaussian-{name}",
            "gaussian",
            workflow,
            "variance kept",
            f"The share of the real variance that is left, E tr Σ̂/tr Σ; E‖μ̂ − μ‖²/tr Σ is what it lacks of 1. {statement}",
            Written(factor.replace("ROWS", "s")),
            (Quantity("s", "the rows of a generation", 100), *quantities, _N),
            f"{_DERIVED}: {why.replace('ROWS', 's')}",
            "exact",
            held("s"),
            of("s"),
        ),
        Result(
            f"discrete-{name}",
            "discrete",
            workflow,
            "Gini–Simpson index",
            f"The mean of 1 − Σp²; E‖p̂ − p‖² is what it lacks of the true one, G0. {statement}",
            Written(f"G0*({factor.replace('ROWS', 'N')})"),
            (
                Quantity("G0", "the Gini–Simpson index of the true distribution", 0.9, "share"),
                Quantity("N", "the rows of a generation", 100),
                *quantities,
                _N,
            ),
            f"{_DERIVED}: {why.replace('ROWS', 'N')}",
            "exact",
            held("N"),
            of("N"),
        ),
    )


_REPLACE = _both(
    "replace",
    "Each generation is fitted to rows of the newest model alone, and loses one part in the number of rows.",
    "c**n",
    "E Σ̂_n = (1 − 1/ROWS)E Σ̂_(n-1) with the mean estimated",
    where=(("c", "1 - 1/ROWS"),),
)
_ACCUMULATE = _both(
    "accumulate",
    "Each generation is fitted to all rows so far.",
    "Product(1 - 1/(ROWS*i**2), (i, 1, n))",
    "μ̂_n = μ̂_(n-1) + (x̄_n − μ̂_(n-1))/n, so that E tr Σ̂_n = (1 − 1/(ROWS n²)) E tr Σ̂_(n-1)",
    conditions=(Condition("ROWS > 1", "one row has no variance"),),
)
_MULTIPLE = _both(
    "replace-multiple",
    "Generation n is fitted to n times as many rows as the first, all of the newest model.",
    "Product(1 - 1/(ROWS*i), (i, 1, n))",
    "E Σ̂_n = (1 − 1/(n ROWS))E Σ̂_(n-1)",
    conditions=(Condition("ROWS > 1", "one row has no variance"),),
)
_SUBSAMPLE = _both(
    "accumulate-subsample",
    "Generation n is fitted to as many of all rows so far as the first had, drawn without replacement.",
    "(1 - 1/ROWS)*Product(1 - (3 - 1/ROWS)/(i*(i*ROWS - 1)), (i, 2, n))",
    "with K_n = E‖the sum of the pool‖² and P_n = E‖μ̂_n‖², K_n = (1 + 2/(n − 1))K_(n-1) + ROWS E‖x‖² + ROWS(ROWS − 1)P_(n-1), "
    "since a subset has the mean of its pool, and P_n follows from K_n, since any two of its rows are any two of the pool",
    conditions=(Condition("ROWS > 1", "one row has no variance"),),
    name="subsample",
)
_MIX = _both(
    "mix",
    "r of the rows of every generation are real and fresh, the others of the newest model.",
    "1 - Sum(c**i, (i, 0, n - 1))/ROWS",
    "with β = 1 − r/ROWS, M_n = E‖μ̂_n − μ‖²/tr Σ = 1/ROWS + β(β − 1/ROWS)M_(n-1)",
    (Quantity("r", "the fresh real rows of a generation", 50),),
    (Condition("r <= ROWS", "the real rows are some of those of the generation"),),
    (("c", "(1 - r/ROWS)*(1 - r/ROWS - 1/ROWS)"),),
)
_WEIGHTED = _both(
    "weighted",
    "Each generation is fitted to r fresh real rows, of weight w in all, and to m rows of the newest model, of weight 1 − w in "
    "all; the first to real rows alone.",
    "1 - c**(n - 1)/ROWS - (w**2/r + (1 - w)**2/m)*Sum(c**i, (i, 0, n - 2))",
    "M_n = E‖μ̂_n − μ‖²/tr Σ = w²/r + (1 − w)²/m + (1 − w)²(1 − 1/m)M_(n-1), M_1 = 1/ROWS",
    (
        Quantity("w", "the weight of the real rows together", 0.618, "share"),
        Quantity("r", "the fresh real rows of a generation", 100),
        Quantity("m", "the synthetic rows of a generation", 100),
    ),
    where=(("c", "(1 - w)**2*(1 - 1/m)"),),
)


def _density(workflow: str, statement: str, formula: str, why: str, *shares: Quantity, power: str | None = None) -> Result:
    return Result(
        f"kernel-density-{'subsample' if workflow == 'accumulate-subsample' else workflow}",
        "kernel-density",
        workflow,
        "second moment",
        f"The mean square of what the fitted density draws, about the point about which σ² is taken. {statement}",
        Written(formula),
        (_SPREAD, _BANDWIDTH, _DIMENSIONS, *shares, _N),
        f"{_DERIVED}: {why}",
        "exact",
        tuple(Condition(f"{share.name} > 0", "without real rows this is `replace`") for share in shares),
        (Shorthand("c", Written(power), "share"),) if power else (),
    )


_POOL = "the pool's mean square Q_n = Q_(n-1) + dh²/n"
_DENSITIES = (
    _density("replace", "Each generation adds the kernel's variance.", "sigma**2 + n*d*h**2", "M_n = M_(n-1) + dh²"),
    _density("accumulate", "All rows so far.", "sigma**2 + d*h**2*Sum(1/i, (i, 1, n))", _POOL),
    _density(
        "accumulate-subsample",
        "As many of all rows so far as the first had; a subset has the mean square of its pool.",
        "sigma**2 + d*h**2*Sum(1/i, (i, 1, n))",
        _POOL,
    ),
    _density("replace-multiple", "As many rows of the newest model as you like.", "sigma**2 + n*d*h**2", "M_n = M_(n-1) + dh²"),
    _density(
        "mix",
        "A share alpha of the rows of every generation is real and fresh.",
        "sigma**2 + d*h**2*Sum(c**i, (i, 0, n - 1))",
        "M_n = ασ² + (1 − α)M_(n-1) + dh²",
        Quantity("alpha", "the share of real rows", 0.5, "share"),
        power="1 - alpha",
    ),
)
_SPREAD_OF_ROWS = Quantity("sigma", "the root of the real rows' variance, all coordinates together", 1, "amount")
_ROWS = Quantity("s", "the rows of a generation", 100)
_DENSITY_VARIANCES = (
    Result(
        "kernel-density-replace-variance",
        "kernel-density",
        "replace",
        "variance",
        "The variance of what the fitted density draws, all coordinates together, about its own mean: it settles where the "
        "kernel adds what drawing takes.",
        Written("sigma**2*c**n + d*h**2*s*(1 - c**n)"),
        (_SPREAD_OF_ROWS, _BANDWIDTH, _DIMENSIONS, _ROWS, _N),
        f"{_DERIVED}: v_n = (1 − 1/s)v_(n-1) + dh²",
        "exact",
        where=(Shorthand("c", Written("1 - 1/s"), "share"),),
    ),
    Result(
        "kernel-density-accumulate-variance",
        "kernel-density",
        "accumulate",
        "variance",
        "The variance of what the fitted density draws, all coordinates together, about its own mean.",
        Written("Product(1 - 1/(s*i**2), (i, 1, n))*(sigma**2 + d*h**2*Sum(1/(i*Product(1 - 1/(s*j**2), (j, 1, i))), (i, 1, n)))"),
        (_SPREAD_OF_ROWS, _BANDWIDTH, _DIMENSIONS, _ROWS, _N),
        f"{_DERIVED}: v_n = (1 − 1/(sn²))v_(n-1) + dh²/n",
        "exact",
        (Condition("s > 1", "one row has no variance"),),
    ),
)

RESULTS = (
    *(pair[0] for pair in (_REPLACE, _ACCUMULATE, _MULTIPLE, _SUBSAMPLE, _MIX, _WEIGHTED)),
    *_DENSITIES,
    *_DENSITY_VARIANCES,
    *(pair[1] for pair in (_REPLACE, _ACCUMULATE, _MULTIPLE, _SUBSAMPLE, _MIX, _WEIGHTED)),
)
