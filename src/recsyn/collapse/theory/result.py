"""A result of theory: what it says of which run, when it holds, how far it is to be trusted, and its value at any generation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from math import isfinite
from numbers import Real
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recsyn.collapse.theory.formulas import Formula, Written
from recsyn.errors import RecsynError, extra, quoted
from recsyn.lang.diagnostics import nearest

Label: TypeAlias = Literal["exact", "asymptotic", "bound"]
Numbers: TypeAlias = "NDArray[np.float64]"

GENERATION = "n"
"""What every result calls the generation; the model fitted to real rows is generation 1."""
_FARTHEST = 10_000_000
"""The last generation that is summed up to: a few arrays of as many numbers."""


@dataclass(frozen=True)
class Quantity:
    """A symbol of a formula. A ``count`` is a whole number from 1 up, an ``amount`` any number from 0 up, a ``share`` one from 0
    to 1. The formula is drawn at the ``default`` where nothing else is said."""

    name: str
    meaning: str
    default: float
    kind: Literal["count", "amount", "share"] = "count"

    @cached_property
    def symbol(self) -> Any:
        """A SymPy symbol. Limits are taken for amounts and shares above 0, and hold at 0 by continuity."""
        with extra("theory in closed form", "symbolic"):
            from sympy import Symbol
        return Symbol(self.name, positive=True, integer=True if self.kind == "count" else None)

    def check(self, value: object) -> None:
        """Raise :class:`RecsynError` for what the quantity cannot be."""
        wanted = {"count": "a whole number from 1 up", "amount": "a number from 0 up", "share": "a number from 0 to 1"}[self.kind]
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) and _fits(value) else float("nan")
        fine = (
            isfinite(number)
            and {
                "count": number >= 1 and number == int(number),
                "amount": number >= 0,
                "share": 0 <= number <= 1,
            }[self.kind]
        )
        if not fine:
            raise RecsynError(f"{self.name} is {quoted(value)}, not {wanted}", f"it is {self.meaning}")


def _fits(value: Real) -> bool:
    try:
        return isfinite(float(value))
    except OverflowError:
        return False


@dataclass(frozen=True)
class Condition:
    """A relation between quantities, in SymPy's notation, without which a result says nothing, and why."""

    relation: str
    why: str


@dataclass(frozen=True)
class Shorthand:
    """A part of a formula that has a name of its own. A ``share`` lies from 0 up to but without 1 wherever the conditions hold,
    and a ``ratio`` is a positive number that may lie on either side of 1: the limit of their powers needs to know."""

    name: str
    formula: Written
    kind: Literal["value", "share", "ratio"] = "value"

    @cached_property
    def symbol(self) -> Any:
        with extra("theory in closed form", "symbolic"):
            from sympy import Symbol
        return Symbol(self.name, positive=True)


@dataclass(frozen=True)
class Result:
    """What theory says of one metric, over independent chains its mean, of one family in one workflow.

    ``statement`` says it in words; ``formula`` may use the names of ``where``, each of which may use those before it. An ``exact``
    result is an equality at every size, an ``asymptotic`` one an equality in a limit of sizes that its conditions name, a
    ``bound`` what the mean is never above.
    """

    name: str
    family: str
    workflow: str
    metric: str
    statement: str
    formula: Formula
    quantities: tuple[Quantity, ...]
    source: str
    label: Label
    conditions: tuple[Condition, ...] = ()
    where: tuple[Shorthand, ...] = ()

    @property
    def defaults(self) -> dict[str, float]:
        return {quantity.name: quantity.default for quantity in self.quantities}

    @property
    def by_generation(self) -> bool:
        """Whether the generation is one of its quantities."""
        return GENERATION in self.defaults

    @property
    def symbols(self) -> dict[str, Any]:
        """SymPy's symbols of the quantities, by name."""
        return {quantity.name: quantity.symbol for quantity in self.quantities}

    @property
    def short(self) -> Any:
        """The formula as a SymPy expression in which the shorthands stand by their names. Raises :class:`MissingExtra`."""
        return self.formula.expression({**self.symbols, **{each.name: each.symbol for each in self.where}})

    @property
    def meanings(self) -> dict[str, Any]:
        """SymPy expressions, in the quantities alone, of what the shorthands stand for."""
        found: dict[str, Any] = {}
        for each in self.where:
            known = {**self.symbols, **{other.name: other.symbol for other in self.where[: self.where.index(each)]}}
            found[each.name] = self.spelled(each.formula.expression(known), found)
        return found

    @property
    def expression(self) -> Any:
        """The formula as a SymPy expression in the quantities alone. Raises :class:`MissingExtra`."""
        return self.spelled(self.short, self.meanings)

    def spelled(self, expression: Any, meanings: Mapping[str, Any]) -> Any:
        """An expression with what the shorthands stand for in their place."""
        return expression.subs([(each.symbol, meanings[each.name]) for each in self.where if each.name in meanings])

    @property
    def relations(self) -> list[Any]:
        """The conditions as SymPy relations, in order. Their symbols are real numbers of which nothing else is assumed, so that
        none is settled before there are values."""
        with extra("theory in closed form", "symbolic"):
            from sympy import Symbol
        symbols = {quantity.name: Symbol(quantity.name, real=True) for quantity in self.quantities}
        return [Written(condition.relation).expression(symbols) for condition in self.conditions]


def evaluate(result: Result, values: Mapping[str, float]) -> float:
    """The value at some generation and sizes, by the names of the quantities.

    Raises :class:`RecsynError` for a name that is none of theirs, one that is missing, a value that the quantity cannot have, and
    for values that violate a condition, which it names; :class:`MissingExtra` without SymPy.
    """
    checked = _checked(result, values, result.quantities)
    return float(_at(result, checked, np.array([checked.get(GENERATION, 1.0)]))[0])


def curve(result: Result, values: Mapping[str, float], generations: int) -> list[float]:
    """The values at the generations 1 to ``generations``; a generation among ``values`` says nothing here. Raises as
    :func:`evaluate` does."""
    Quantity(GENERATION, "the last generation of the curve", 1).check(generations)
    sizes = {name: value for name, value in values.items() if name != GENERATION or not result.by_generation}
    checked = _checked(result, sizes, [each for each in result.quantities if each.name != GENERATION])
    return [float(value) for value in _at(result, checked, np.arange(1.0, generations + 1))]


def _checked(result: Result, values: Mapping[str, float], quantities: Iterable[Quantity]) -> dict[str, float]:
    names = {quantity.name: quantity for quantity in quantities}
    for name in values:
        if name not in names:
            raise RecsynError(
                f"{result.name} has no quantity {quoted(name)}",
                nearest(str(name), names) or f"its quantities are {', '.join(names)}",
            )
    for name, quantity in names.items():
        if name not in values:
            raise RecsynError(f"{result.name} needs {name}, which is not given", f"{name} is {quantity.meaning}")
        quantity.check(values[name])
    found = {name: float(values[name]) for name in names}
    for condition, holds in zip(result.conditions, _conditions(result), strict=True):
        # A condition on the generation is checked where there is one.
        if holds.names <= found.keys() and not holds.of(**{name: found[name] for name in holds.names}):
            given = ", ".join(f"{name} = {values[name]}" for name in names if name in holds.names)
            raise RecsynError(f"{result.name} holds only where {condition.relation}, and {given}", condition.why)
    return found


@dataclass(frozen=True)
class _Holds:
    names: frozenset[str]
    of: Callable[..., bool]


@cache
def _conditions(result: Result) -> tuple[_Holds, ...]:
    with extra("theory in closed form", "symbolic"):
        from sympy import lambdify
    found = []
    for relation in result.relations:
        symbols = sorted(relation.free_symbols, key=str)
        found.append(_Holds(frozenset(map(str, symbols)), lambdify(symbols, relation, "math")))
    return tuple(found)


def _at(result: Result, checked: Mapping[str, float], generations: Numbers) -> Numbers:
    if generations[-1] > _FARTHEST:
        raise RecsynError(
            f"generation {int(generations[-1]):,} is too far to sum up to", f"ask for one up to {_FARTHEST:,}, or for the limit"
        )
    sizes = {name: value for name, value in checked.items() if name != GENERATION}
    # Powers of a ratio above 1 leave the range of floats, and most formulas are then at their limit.
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        found = _compiled(result)(sizes, generations)
    if np.isnan(found).any():
        late = int(generations[np.isnan(found)][0])
        raise RecsynError(
            f"{result.name} leaves the range of numbers at generation {late:,}", "ask for the limit, or fewer generations"
        )
    return found


@cache
def _compiled(result: Result) -> Callable[[Mapping[str, float], Numbers], Numbers]:
    symbols = result.symbols
    sizes = [symbols[name] for name in sorted(symbols) if name != GENERATION]
    generation = symbols.get(GENERATION) or Quantity(GENERATION, "the generation", 1).symbol
    program = _Program(result.expression, generation, sizes)

    def run(values: Mapping[str, float], generations: Numbers) -> Numbers:
        return program.run(generations, [np.float64(values[name]) for name in sorted(values)])

    return run


class _Program:
    """An expression over one variable, for many values of it at once. Sums and products that end at the variable become running
    ones: all values together cost as many terms as the last of them."""

    def __init__(self, expression: Any, variable: Any, sizes: list[Any]) -> None:
        from sympy import lambdify

        self._sizes = sizes
        self._running: list[_Running] = []
        body = self._without_running(expression, variable)
        self._body = lambdify([variable, *sizes, *(each.place for each in self._running)], body, "numpy")

    def _without_running(self, part: Any, variable: Any) -> Any:
        from sympy import Dummy, Product, Sum, lambdify, oo

        if not isinstance(part, Sum | Product):
            return part.func(*(self._without_running(each, variable) for each in part.args)) if part.args else part
        ((index, first, last),) = part.limits
        if last == oo:
            return part.doit()
        place = Dummy()
        term = _Program(part.function, index, self._sizes)
        self._running.append(_Running(place, isinstance(part, Sum), term, int(first), lambdify([variable], last, "numpy")))
        return place

    def run(self, at: Numbers, sizes: list[float]) -> Numbers:
        """Values at ``at``, of its shape ``[points]``."""
        running = [each.run(at, sizes) for each in self._running]
        return np.broadcast_to(np.asarray(self._body(at, *sizes, *running), dtype=np.float64), at.shape)


@dataclass(frozen=True)
class _Running:
    place: Any
    adds: bool
    term: _Program
    first: int
    last: Callable[[Numbers], Numbers]

    def run(self, at: Numbers, sizes: list[float]) -> Numbers:
        terms = np.rint(np.broadcast_to(self.last(at), at.shape)).astype(np.int64) - self.first + 1
        values = self.term.run(np.arange(self.first, self.first + max(0, int(terms.max())), dtype=np.float64), sizes)
        running = np.cumsum(values) if self.adds else np.cumprod(values)
        return np.concatenate([[0.0 if self.adds else 1.0], running])[np.maximum(terms, 0)]
