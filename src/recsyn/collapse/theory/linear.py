"""Linear regression: x ~ N(0, Σ), y = x·w* + ε, ε ~ N(0, σ²), ordinary least squares, T rows a generation.

The test error of a model ŵ is E (x·ŵ − x·w*)², the noise of the labels left out; B = σ²d/(T − d − 1) is that of the first model.
It is the same for every Σ of full rank, since x = Σ^½z changes ŵ − w* by Σ^−½ alone.
"""

from __future__ import annotations

from recsyn.collapse.theory.formulas import Written
from recsyn.collapse.theory.result import Condition, Quantity, Result, Shorthand

_PAPER = "arXiv 2404.01413"
_DERIVED = "derived for recsyn"

_D = Quantity("d", "the number of features", 10)
_T = Quantity("T", "the rows of a generation", 100)
_SIGMA = Quantity("sigma", "the standard deviation of the labels' noise", 1, "amount")
_N = Quantity("n", "the generation, 1 for the model fitted to real rows", 20)
_NORM = Quantity("a", "the norm of the true weights", 1, "amount")
_REAL = Quantity("r", "the fresh real rows among the T of a generation", 50)
_SIZES = (_D, _T, _SIGMA, _N)

_FINITE = Condition(
    "T > d + 1",
    "the inverse Gram matrix of T Gaussian rows has a finite mean only then (and z-scores need a finite variance: T > d + 3)",
)
_WIDE = Condition("T < d", "the least-squares fit of least norm is one that interpolates only with fewer rows than features")
_FIRST = Shorthand("B", Written("sigma**2*d/(T - d - 1)"))
_KEPT = Shorthand("c", Written("T/d"), "share")

RESULTS = (
    Result(
        "linear-replace-fixed",
        "linear",
        "replace",
        "test error",
        "Each generation relabels the same X with the newest model: its noise is added to all that came before.",
        Written("B*n"),
        _SIZES,
        f"{_PAPER}, after arXiv 2402.07712: e_n = e_(n-1) + X⁺ε_n, and E tr (XᵀX)⁻¹ = d/(T − d − 1)",
        "exact",
        (_FINITE,),
        (_FIRST,),
    ),
    Result(
        "linear-replace-fresh",
        "linear",
        "replace",
        "test error",
        "Each generation labels a fresh X with the newest model: the error grows as it does with the same X.",
        Written("B*n"),
        _SIZES,
        f"{_DERIVED}: e_n = e_(n-1) + X_n⁺ε_n",
        "exact",
        (_FINITE,),
        (_FIRST,),
    ),
    Result(
        "linear-accumulate-fixed",
        "linear",
        "accumulate",
        "test error",
        "Each generation relabels the same X and is fitted to all rows so far: its noise counts as one part in n.",
        Written("B*Sum(1/i**2, (i, 1, n))"),
        _SIZES,
        f"{_PAPER}, Theorem 2: e_n = e_(n-1) + X⁺ε_n/n",
        "exact",
        (_FINITE,),
        (_FIRST,),
    ),
    Result(
        "linear-accumulate-fresh",
        "linear",
        "accumulate",
        "test error",
        "Each generation labels a fresh X and is fitted to all rows so far.",
        Written("sigma**2*d*Sum(1/(i*(i*T - d - 1)), (i, 1, n))"),
        _SIZES,
        f"{_DERIVED}: e_n = e_(n-1) + G_n⁻¹X_nᵀε_n, G_n of all rows; X_nᵀX_n is exchangeable with the other n − 1, so that "
        "E tr G_n⁻¹X_nᵀX_nG_n⁻¹ = E tr G_n⁻¹/n",
        "exact",
        (_FINITE,),
    ),
    Result(
        "linear-accumulate-bound",
        "linear",
        "accumulate",
        "test error",
        "Accumulating keeps the error below a constant at every generation, with the same X and with fresh X.",
        Written("B*Sum(1/i**2, (i, 1, oo))"),
        (_D, _T, _SIGMA),
        f"{_PAPER}, Theorem 2; with fresh X since iT − d − 1 ≥ i(T − d − 1)",
        "bound",
        (_FINITE,),
        (_FIRST,),
    ),
    Result(
        "linear-replace-multiple-fixed",
        "linear",
        "replace-multiple",
        "test error",
        "Generation n is fitted to n·T synthetic rows, the same X labelled n times by the newest model.",
        Written("B*Sum(1/i, (i, 1, n))"),
        _SIZES,
        f"{_DERIVED}: e_n = e_(n-1) + X⁺ε̄_n, ε̄_n the mean of n noises",
        "exact",
        (_FINITE,),
        (_FIRST,),
    ),
    Result(
        "linear-replace-multiple-fresh",
        "linear",
        "replace-multiple",
        "test error",
        "Generation n is fitted to n·T synthetic rows with fresh X, labelled by the newest model.",
        Written("sigma**2*d*Sum(1/(i*T - d - 1), (i, 1, n))"),
        _SIZES,
        f"{_DERIVED}: e_n = e_(n-1) + X_n⁺ε_n of nT rows",
        "exact",
        (_FINITE,),
    ),
    Result(
        "linear-subsample",
        "linear",
        "accumulate-subsample",
        "test error",
        "Generation n is fitted to T of the nT rows so far, drawn without replacement; the same with the same X and with fresh "
        "X, as T grows beside d.",
        Written("B*(2 - 1/n + Sum((2 - 1/i)/(i + 1)**2, (i, 1, n - 1)))"),
        _SIZES,
        f"{_DERIVED}: the noise of a subset is that of the pool and a rest ν_n of variance (1 − 1/n)B, and "
        "e_n = Σ_(i≤n) δ_i/i + ν_n + Σ_(k<n) ν_k/(k + 1)",
        "asymptotic",
        (_FINITE,),
        (_FIRST,),
    ),
    Result(
        "linear-mix-fresh",
        "linear",
        "mix",
        "test error",
        "Each generation is fitted to T rows with fresh X, r of them real and the others labelled by the newest model. Where T "
        "is near d and r small, c is above 1: the error then grows without end in spite of the real rows.",
        Written("B*Sum(c**i, (i, 0, n - 1))"),
        (_D, _T, _REAL, _SIGMA, _N),
        f"{_DERIVED}: e_n = G⁻¹G_s e_(n-1) + G⁻¹Xᵀε, so that E_n = B + cE_(n-1) with c = E tr G_sG⁻²G_s/d from the second moments "
        "of the matrix beta distribution of G^−½G_sG^−½, which is independent of G",
        "exact",
        (_FINITE, Condition("r <= T", "the real rows are some of the T")),
        (
            _FIRST,
            Shorthand(
                "c",
                Written(
                    "(T - r)*(T**3 - T**2*d - T**2*r + 2*T*d*r - T*d + T*r - 3*T + 2*d - 2*r + 2)/(T*(T - 1)*(T + 2)*(T - d - 1))"
                ),
                "ratio",
            ),
        ),
    ),
    Result(
        "linear-mix",
        "linear",
        "mix",
        "test error",
        "A share alpha of the T rows of every generation is real and fresh, the others are labelled by the newest model, as T "
        "grows beside d.",
        Written("B*Sum(c**i, (i, 0, n - 1))"),
        (_D, _T, Quantity("alpha", "the share of real rows", 0.5, "share"), _SIGMA, _N),
        f"{_DERIVED}: E_n = B + (1 − α)²E_(n-1), the limit of linear-mix-fresh",
        "asymptotic",
        (_FINITE, Condition("alpha > 0", "without real rows this is `replace`")),
        (_FIRST, Shorthand("c", Written("(1 - alpha)**2"), "share")),
    ),
    Result(
        "linear-weighted",
        "linear",
        "weighted",
        "test error",
        "Each generation is fitted to r fresh real rows, of weight w in all, and to m rows of the newest model, of weight 1 − w "
        "in all; the first to r real rows. As r and m grow beside d.",
        Written("sigma**2*d*(A*Sum(c**i, (i, 0, n - 2)) + c**(n - 1)/r)"),
        (
            _D,
            Quantity("w", "the weight of the real rows together", 0.618, "share"),
            Quantity("r", "the fresh real rows of a generation", 100),
            Quantity("m", "the synthetic rows of a generation", 100),
            _SIGMA,
            _N,
        ),
        f"{_DERIVED}, in the setting of arXiv 2502.18049: e_n = wδ_r + (1 − w)(e_(n-1) + δ_m)",
        "asymptotic",
        (Condition("w > 0", "without real rows the error grows for ever"),),
        (Shorthand("A", Written("w**2/r + (1 - w)**2/m")), Shorthand("c", Written("(1 - w)**2"), "share")),
    ),
    Result(
        "linear-overparameterised",
        "linear",
        "replace",
        "test error",
        "Fewer rows than features and no noise, Σ = I: every generation projects the weights on the span of its fresh rows, and "
        "forgets the rest.",
        Written("a**2*(1 - c**n)"),
        (Quantity("d", "the number of features", 100), Quantity("T", "the rows of a generation", 50), _NORM, _N),
        f"{_PAPER}'s setting after arXiv 2402.07712; {_DERIVED}: ŵ_n = P_n⋯P_1w*, EP = (T/d)I",
        "exact",
        (_WIDE,),
        (_KEPT,),
    ),
    Result(
        "linear-overparameterised-noisy",
        "linear",
        "replace",
        "test error",
        "Fewer rows than features, with noise, Σ = I, fresh X, the fit of least norm.",
        Written("a**2*(1 - c**n) + sigma**2*T/(d - T - 1)*Sum(c**i, (i, 0, n - 1))"),
        (Quantity("d", "the number of features", 100), Quantity("T", "the rows of a generation", 50), _NORM, _SIGMA, _N),
        f"{_DERIVED}: ŵ_n = P_nŵ_(n-1) + X_n⁺ε_n, and E tr (XXᵀ)⁻¹ = T/(d − T − 1)",
        "exact",
        (Condition("T < d - 1", "the noise of an interpolating fit has a finite mean square only then"),),
        (_KEPT,),
    ),
    Result(
        "linear-overparameterised-accumulate",
        "linear",
        "accumulate",
        "test error",
        "Fewer rows than features and no noise, Σ = I, all rows so far: the first model interpolates all that is made of it, and "
        "no generation changes it.",
        Written("a**2*(1 - T/d)"),
        (Quantity("d", "the number of features", 100), Quantity("T", "the rows of a generation", 50), _NORM),
        f"{_DERIVED}: ŵ_1 lies in the span of the first rows and fits all later labels, so that ŵ_n = ŵ_1",
        "exact",
        (_WIDE,),
    ),
)
