"""What a result comes to after ever more generations, taken by SymPy where it can be.

SymPy is given what it needs to be right. Left alone, SymPy 1.14 loses the constant factors of ratios of gamma functions (the
limit of Π(1 − 1/(sk²)) came out as 1) and divides by zero in sums such as Σ 1/(i(i − a)). So rational sums are first written in
polygamma functions, products in gamma functions, and every limit is held against the values at late generations before it is
given.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any

from recsyn.collapse.theory.result import GENERATION, Result, Shorthand, evaluate
from recsyn.errors import extra

_DOUBLINGS = 20
"""A limit that has no closed form is sought up to generation 2 to this power."""
_SETTLES = 0.9
"""By what factor the steps from generation to twice the generation must shrink for a limit to be believed."""


@cache
def limit(result: Result) -> Any | None:
    """The limit of a result as the generation grows, as a SymPy expression in the other quantities: ``oo`` where it has none that
    is finite, and ``None`` where no closed form was found. A result that does not depend on the generation is its own limit.
    Raises :class:`MissingExtra` without SymPy."""
    if not result.by_generation:
        return result.expression.doit()
    found = _limit(result)
    return found if found is not None and _is_approached(result, found) else None


def limit_value(result: Result, values: Mapping[str, float]) -> float:
    """The limit at some sizes; a generation among them says nothing here. Where it has no closed form it is extrapolated from the
    generations up to a million, and not a number where those do not settle. Raises :class:`RecsynError` as
    :func:`~recsyn.collapse.theory.result.evaluate` does."""
    sizes = {name: value for name, value in values.items() if name != GENERATION or not result.by_generation}
    first = {GENERATION: 1.0} if result.by_generation else {}
    start = evaluate(result, {**sizes, **first})
    found = limit(result)
    if not result.by_generation:
        return start
    if found is None:
        return _extrapolated(result, sizes)
    return _number(result, found, sizes)


def _number(result: Result, expression: Any, sizes: Mapping[str, float]) -> float:
    symbols = result.symbols
    # Exact numbers keep SymPy from seeing 0.1 + 0.2 on another side of a condition than 0.3.
    from sympy import nsimplify

    exact = {symbols[name]: nsimplify(value, rational=True) for name, value in sizes.items()}
    return float(expression.subs(exact).evalf())


def _limit(result: Result) -> Any | None:
    with extra("limits of theory", "symbolic"):
        from sympy import And, Piecewise, factor, nan, zoo
    meanings = result.meanings
    powers = [each for each in result.where if each.kind != "value"]
    cases = []
    for regime in product(*(("below",) if each.kind == "share" else ("below", "at", "above") for each in powers)):
        found = _limit_where(result, dict(zip(powers, regime, strict=True)))
        ratios = [(each, side) for each, side in zip(powers, regime, strict=True) if each.kind == "ratio"]
        if found is None or found.has(nan, zoo):
            return None
        # The last case is what is left of all: every ratio is above 1.
        condition = all(side == "above" for _, side in ratios)
        if not condition:
            condition = And(*(_on(meanings[each.name], side) for each, side in ratios))
        spelled = result.spelled(found, meanings)
        cases.append((min(spelled, factor(spelled), key=lambda form: form.count_ops()), condition))
    return cases[0][0] if len(cases) == 1 else Piecewise(*cases)


def _on(value: Any, side: str) -> Any:
    from sympy import Eq

    return {"below": value < 1, "at": Eq(value, 1), "above": value > 1}[side]


def _limit_where(result: Result, regimes: Mapping[Shorthand, str]) -> Any | None:
    """The limit where the bases of powers lie on these sides of 1; they are written so that SymPy can see it."""
    from sympy import Integer, Limit, PoleError, Product, Sum, Symbol
    from sympy import limit as sympy_limit

    generation = result.symbols[GENERATION]
    expression = result.short
    back = []
    for number, (base, side) in enumerate(regimes.items()):
        beyond = Symbol(f"beyond_{number}", positive=True)
        written = {"below": 1 / (1 + beyond), "at": Integer(1), "above": 1 + beyond}[side]
        expression = expression.subs(base.symbol, written)
        back.append((beyond, 1 / base.symbol - 1 if side == "below" else base.symbol - 1))
    try:
        closed = _without_running(expression, generation)
        found = None if closed is None else sympy_limit(closed, generation, "oo")
    except (NotImplementedError, PoleError, ValueError, TypeError, RecursionError):
        return None
    if found is None or found.has(Limit, Sum, Product, generation):
        return None
    return found.subs(back).simplify() if back else found


def _without_running(expression: Any, generation: Any) -> Any | None:
    """An expression with geometric sums in closed form and the limits of other sums and products in their place, or ``None``
    where one has none that is known, or where such limits may not be taken one by one."""
    from sympy import Dummy, Product, Sum

    expression = expression.replace(_is_geometric, lambda part: part.doit())
    running = [part for part in expression.atoms(Sum, Product) if part.has(generation)]
    limits: dict[Any, Any] = {}
    for part in running:
        found = _of_sum(part, generation) if isinstance(part, Sum) else _of_product(part, generation)
        if found is None:
            return None
        limits[part] = found
    # 0 or infinity times what else depends on the generation is not the product of their limits.
    alone = not expression.subs({part: Dummy() for part in running}).has(generation)
    one_by_one = alone or all(found.is_finite and not found.is_zero for found in limits.values())
    return expression.subs(limits) if one_by_one else None


def _is_geometric(part: Any) -> bool:
    from sympy import Pow, Sum

    if not isinstance(part, Sum):
        return False
    term, index = part.function, part.limits[0][0]
    return term == 1 or (isinstance(term, Pow) and not term.base.has(index) and term.exp in (index, -index))


def _of_sum(part: Any, generation: Any) -> Any | None:
    """The limit of a sum of rational terms, by partial fractions: Σ (i + x)⁻ᵐ from a to b is (−1)ᵐ⁻¹/(m − 1)! · (ψ⁽ᵐ⁻¹⁾(b + 1 +
    x) − ψ⁽ᵐ⁻¹⁾(a + x)) (DLMF 5.15)."""
    from sympy import Add, Poly, apart, factorial, fraction, polygamma, together
    from sympy import limit as sympy_limit

    ((index, first, last),) = part.limits
    if not part.function.is_rational_function(index):
        return None
    total = 0
    for fractional in Add.make_args(apart(part.function, index)):
        above, below = fraction(together(fractional))
        power, linear = _power_of_linear(below, index)
        if above.has(index) or linear is None:
            return None
        slope, offset = Poly(linear, index).all_coeffs()
        shift, order = offset / slope, power - 1
        scale = above * linear**power / below / slope**power * (-1) ** order / factorial(order)
        total += scale.simplify() * (polygamma(order, last + 1 + shift) - polygamma(order, first + shift))
    return sympy_limit(total, generation, "oo")


def _power_of_linear(below: Any, index: Any) -> tuple[int, Any | None]:
    """The power and the linear factor of a denominator that has one such factor, up to what is free of the index."""
    from sympy import factor_list

    factors = [(base, power) for base, power in factor_list(below)[1] if base.has(index)]
    if len(factors) != 1 or factors[0][0].as_poly(index).degree() != 1:
        return 0, None
    return int(factors[0][1]), factors[0][0]


def _of_product(part: Any, generation: Any) -> Any | None:
    """The limit of a product of rational terms, which SymPy writes in gamma functions: as many above as below, since the terms
    tend to 1, and Γ(n + a)/Γ(n + b) goes as n to the power of a − b (DLMF 5.11.12)."""
    from sympy import Integer, RisingFactorial, gamma, gammasimp, powsimp

    closed = part.doit().replace(RisingFactorial, lambda start, terms: gamma(start + terms) / gamma(start)).rewrite(gamma)
    constant, depending = powsimp(closed).as_independent(generation, as_Add=False)
    growth, balance = Integer(0), 0
    for base, power in depending.as_powers_dict().items():
        if not isinstance(base, gamma) or not (base.args[0] - generation).expand().is_constant(generation):
            return None
        balance += power
        growth += power * (base.args[0] - generation)
    growth = growth.simplify()
    if balance != 0 or not (growth.is_zero or growth.is_negative):
        return None
    if growth.is_negative:
        return Integer(0)
    return min(constant, gammasimp(constant), key=lambda form: form.count_ops())


def _is_approached(result: Result, found: Any) -> bool:
    """Whether late generations are nearer to a limit than early ones are, at the sizes that the formula is drawn at."""
    sizes = {name: value for name, value in result.defaults.items() if name != GENERATION}
    early, late = (evaluate(result, {**sizes, GENERATION: generation}) for generation in (1_000, 100_000))
    end = _number(result, found, sizes)
    if end == float("inf"):
        return late > early
    return abs(late - end) <= max(abs(early - end), 1e-9 * abs(end))


def _extrapolated(result: Result, sizes: Mapping[str, float]) -> float:
    """Richardson's extrapolation by the rate at which the steps shrink from one doubling of the generation to the next."""
    a, b, c = (evaluate(result, {**sizes, GENERATION: 2**power}) for power in range(_DOUBLINGS - 2, _DOUBLINGS + 1))
    if b == a or c == b:
        return c
    shrinking = (c - b) / (b - a)
    return c + (c - b) * shrinking / (1 - shrinking) if abs(shrinking) < _SETTLES else float("nan")
