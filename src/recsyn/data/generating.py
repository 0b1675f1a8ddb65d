"""Generating functions: the numbers of values of a type by size as one formula, T(x) = N_0 + N_1 x + N_2 x^2 + …

Productions read as equations: a constructor is a factor x, its fields are factors, alternatives are summands, and an atom is the
number of its letters (the symbolic method; Flajolet and Sedgewick, Analytic Combinatorics, I.2). SymPy holds the equations and
solves them as far as square roots go: what is linear in an unknown is solved for it and put into the others, and a quadratic that
is left has one root whose series has these numbers. A solution is kept as ``(P_0 + P_1 sqrt(D_1) + …) / Q`` in polynomials, and
such a formula gives its coefficients one by one, exactly and each in a few steps: sqrt(D) satisfies 2 D s' = D' s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from math import isqrt, prod
from typing import Any

from recsyn.data.treegrammar import EXACT, Nonterminal, TreeGrammar
from recsyn.errors import extra

Expression = Any
"""A SymPy expression or polynomial."""
_MOST = 24
"""Equations of a system that is solved: elimination takes long for many."""
_HIGHEST = 64
"""The degree of polynomials beyond which no formula is looked for: those of depth d have degree 2^d."""
_LONGEST = 20_000
"""The size up to which numbers are worked out by a formula: together they have too many digits beyond."""
_LETTERS = frozenset("ABDFGHJKLMPRTUVWYZ")
"""What may be called so: SymPy reads the other letters as constants and classes of its own, and x is the variable."""
_NEAR = 10**9
"""Solutions are told apart where x is so many times smaller than the numbers of small values, squared, would have it."""


@dataclass(frozen=True, eq=False)
class GeneratingFunctions:
    """Those of the nonterminals that ``start`` leads to. ``names`` are the letters that stand for them."""

    names: Mapping[Nonterminal, str]
    start: Nonterminal
    equations: Mapping[str, Expression]
    """For each letter what it is equal to: a polynomial in ``x`` and the letters, as SymPy symbols."""
    first: Mapping[str, tuple[int, ...]]
    """For each letter the numbers of values of sizes 0 to 3."""

    @property
    def name(self) -> str:
        return self.names[self.start]

    @property
    def system(self) -> list[Expression]:
        """The equations, each ``Eq(T(x), …)``, in functions of ``x``."""
        from sympy import Eq, Function, Symbol

        x = Symbol("x")
        applied = {Symbol(name): Function(name)(x) for name in self.equations}
        return [Eq(applied[Symbol(name)], equation.xreplace(applied)) for name, equation in self.equations.items()]

    @cached_property
    def closed(self) -> ClosedForm | None:
        """The formula of ``start``; ``None`` where it takes more than square roots of polynomials."""
        return _Solving(self).formula() if len(self.equations) <= _MOST else None

    def lines(self) -> list[str]:
        """The equations and, where there is one, the formula, as text that SymPy reads."""
        shown = [f"{equation.lhs} = {equation.rhs}" for equation in self.system]
        closed = [] if self.closed is None else [f"{self.name}(x) = {self.closed.expression}"]
        return [*shown, *(line for line in closed if line not in shown)]


@dataclass(frozen=True, eq=False)
class ClosedForm:
    """The sum of ``polynomial * sqrt(radicand)`` over ``terms``, over ``denominator``: integer polynomials as lists of
    coefficients, from that of x^0 up. The number in a radicand is a square."""

    terms: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
    denominator: tuple[int, ...]

    @property
    def expression(self) -> Expression:
        from sympy import Symbol, sqrt

        x = Symbol("x")
        top = sum(_polynomial(factor, x) * sqrt(_polynomial(radicand, x)) for factor, radicand in self.terms)
        return top / _polynomial(self.denominator, x)

    def coefficients(self, size: int) -> list[int]:
        """How many values have the sizes 0 to ``size``, in some ``size`` times the degrees steps."""
        valuation = next(i for i, c in enumerate(self.denominator) if c)
        length = size + 1 + valuation
        scale = self._scale
        total = [0] * length
        for factor, radicand in self.terms:
            root = _root(_scaled(radicand, scale), length)
            for shift, c in enumerate(_scaled(factor, scale)):
                if c:
                    for n in range(shift, length):
                        total[n] += c * root[n - shift]
        lowest, *others = _scaled(self.denominator, scale)[valuation:]
        found: list[int] = []
        for n in range(size + 1):
            known = sum(c * found[n - 1 - k] for k, c in enumerate(others) if c and k < n)
            found.append((total[n + valuation] - known) // lowest)
        return [value // scale**n for n, value in enumerate(found)]

    @cached_property
    def _scale(self) -> int:
        """In powers of x over this all series have whole coefficients, since those of sqrt(1 + 4 z) are whole where those of z
        are."""
        widest = 4 * prod(radicand[0] for _, radicand in self.terms)
        return next(
            scale
            for scale in range(1, widest + 1)
            if all(c * scale**n % (4 * radicand[0]) == 0 for _, radicand in self.terms for n, c in enumerate(radicand) if n)
        )


def generating_functions(grammar: TreeGrammar, start: Nonterminal) -> GeneratingFunctions:
    """The generating functions of a nonterminal and of all that it leads to. Raises :class:`RecsynError` where SymPy is not
    installed."""
    with extra("a generating function", "symbolic"):
        import sympy  # noqa: F401
    return _equations(grammar, start)


def _equations(grammar: TreeGrammar, start: Nonterminal) -> GeneratingFunctions:
    from sympy import Integer, Symbol

    x = Symbol("x")
    reached = _reached(grammar, start)
    names = _names(reached)
    letters = {at: grammar.letters(at) for at in reached}

    def factor(at: Nonterminal) -> Expression:
        own = grammar.letters(at)
        return Symbol(names[at]) if own is None else Integer(len(own))

    equations = {}
    for at in reached:
        own = letters[at]
        summands = [x * prod(map(factor, p.fields), start=Integer(1)) for p in _productions(grammar, at)]
        equations[names[at]] = sum(summands, Integer(0)) if own is None else Integer(len(own))
    first = {names[at]: tuple(grammar.count(at, size) for size in range(4)) for at in reached}
    return GeneratingFunctions(names, start, equations, first)


def are_few(grammar: TreeGrammar, start: Nonterminal) -> bool:
    """Whether a nonterminal leads to so few others that their generating functions can be shown and solved."""
    return len(_reached(grammar, start, _MOST + 1)) <= _MOST


def _reached(grammar: TreeGrammar, start: Nonterminal, most: int | None = None) -> list[Nonterminal]:
    """What a nonterminal leads to, itself first, but for what derives letters; of more than ``most`` the first ones."""
    reached: dict[Nonterminal, None] = {}
    waiting = [start]
    while waiting and (most is None or len(reached) < most):
        at = waiting.pop()
        if at not in reached and (grammar.letters(at) is None or at == start):
            reached[at] = None
            waiting.extend(f for p in reversed(_productions(grammar, at)) for f in reversed(p.fields))
    return list(reached)


def _productions(grammar: TreeGrammar, at: Nonterminal) -> Sequence[Any]:
    return grammar.productions(at) if grammar.letters(at) is None else ()


def _names(nonterminals: Sequence[Nonterminal]) -> dict[Nonterminal, str]:
    """A letter for each, by what it is called, with a number where another has it already."""
    found: dict[Nonterminal, str] = {}
    taken = Counter[str]()
    for at in nonterminals:
        letter = next((c for c in str(at).upper() if c in _LETTERS), "T")
        found[at] = f"{letter}{taken[letter]}" if taken[letter] else letter
        taken[letter] += 1
    return found


class _Solving:
    """Elimination of the unknowns of a system. Solutions are quotients of polynomials in x and in symbols for square roots, of
    which none is in a denominator."""

    def __init__(self, functions: GeneratingFunctions) -> None:
        from sympy import Symbol

        self._x = Symbol("x")
        self._start = Symbol(functions.name)
        self._left: dict[Any, Expression] = {Symbol(name): e for name, e in functions.equations.items()}
        self._first = {Symbol(name): counts for name, counts in functions.first.items()}
        self._roots: dict[Any, Expression] = {}
        """What each symbol for a square root is the root of: a polynomial in x."""

    def formula(self) -> ClosedForm | None:
        """That of the start, if square roots are enough."""
        solved: list[tuple[Any, Expression]] = []
        while self._left:
            found = self._linear() or self._quadratic()
            if found is None:
                return None
            solved.append(found)
            unknown, solution = found
            del self._left[unknown]
            if any(self._is_high(expression, {unknown: solution}) for expression in self._left.values()):
                return None
            self._left = {u: self._normal(e.subs(unknown, solution)) if e.has(unknown) else e for u, e in self._left.items()}
        # Each is solved in terms of those that were solved later.
        values: dict[Any, Expression] = {}
        for unknown, solution in reversed(solved):
            if self._is_high(solution, values):
                return None
            values[unknown] = self._normal(solution.subs(values))
        return self._form(values[self._start])

    def _linear(self) -> tuple[Any, Expression] | None:
        """An unknown whose equation is linear in it, and its solution; the start last."""
        for unknown in sorted(self._left, key=lambda u: (u == self._start, len(self._left[u].free_symbols))):
            polynomial = self._polynomial(unknown)
            if polynomial.degree() == 1:
                slope, constant = polynomial.all_coeffs()
                return unknown, self._normal(-constant / slope)
        return None

    def _quadratic(self) -> tuple[Any, Expression] | None:
        """An unknown whose equation is a quadratic in x and it alone, and that solution which has its series."""
        from sympy import Poly, factor_list

        for unknown in self._left:
            polynomial = self._polynomial(unknown)
            if polynomial.degree() != 2 or polynomial.free_symbols != {self._x, unknown}:
                continue
            a, b, c = polynomial.all_coeffs()
            unit, factors = factor_list(b**2 - 4 * a * c, self._x)
            outside = prod((factor ** (power // 2) for factor, power in factors), start=unit**0)
            inside = Poly(unit * prod(factor for factor, power in factors if power % 2), self._x)
            lowest = inside.nth(0)
            if lowest <= 0 or isqrt(int(lowest)) ** 2 != lowest:
                return None
            root = self._root(inside.as_expr())
            if root is None:
                return None
            for sign in (1, -1):
                solution = self._normal((-b + sign * outside * root) / (2 * a))
                if self._fits(unknown, solution):
                    return unknown, solution
        return None

    def _root(self, radicand: Expression) -> Expression | None:
        """A symbol for the square root of a polynomial, or the root of a number; ``None`` where it is a product of those known, so
        that symbols would not be independent."""
        from sympy import Dummy, factor_list

        if radicand.is_number:
            return radicand**0 * isqrt(int(radicand))
        for root, other in self._roots.items():
            if other == radicand:
                return root
        for many in range(2, len(self._roots) + 1):
            for some in combinations(self._roots.values(), many):
                if all(power % 2 == 0 for _, power in factor_list(radicand * prod(some), self._x)[1]):
                    return None
        root = Dummy()
        self._roots[root] = radicand
        return root

    def _is_high(self, expression: Expression, solutions: Mapping[Any, Expression]) -> bool:
        """Whether polynomials of too high a degree come of putting solutions into an expression."""
        there = [(unknown, solution) for unknown, solution in solutions.items() if expression.has(unknown)]
        within = sum(_degree(expression, unknown) * _degree(solution) for unknown, solution in there)
        return bool(there) and _degree(expression) + within > _HIGHEST

    def _polynomial(self, unknown: Any) -> Any:
        """What is 0 by the equation of an unknown, in that unknown; with whole coefficients where they are numbers."""
        from sympy import Poly

        return Poly((self._left[unknown] - unknown).together().as_numer_denom()[0], unknown)

    def _normal(self, expression: Expression) -> Expression:
        """The same with no square root in the denominator, and in lowest terms."""
        from sympy import cancel

        top, bottom = cancel(expression).as_numer_denom()
        for root in self._roots:
            if bottom.has(root):
                conjugate = bottom.subs(root, -root)
                top, bottom = cancel(self._reduced(top * conjugate) / self._reduced(bottom * conjugate)).as_numer_denom()
        return cancel(self._reduced(top) / bottom)

    def _reduced(self, polynomial: Expression) -> Expression:
        """A polynomial with squares of roots written out."""
        from sympy import rem

        for root, radicand in self._roots.items():
            if polynomial.has(root):
                polynomial = rem(polynomial, root**2 - radicand, root)
        return polynomial

    def _fits(self, unknown: Any, solution: Expression) -> bool:
        """Whether a solution begins like the series of the numbers of values, seen where x is small: the two solutions of a
        quadratic differ there by more than later terms can."""
        from sympy import Rational, sqrt

        near = Rational(1, _NEAR * max(1, *(max(counts) for counts in self._first.values())) ** 2)
        value = solution.subs({root: sqrt(radicand) for root, radicand in self._roots.items()}).subs(self._x, near)
        return bool(abs((value - sum(count * near**n for n, count in enumerate(self._first[unknown]))).evalf(60)) < near**2)

    def _form(self, solution: Expression) -> ClosedForm:
        from sympy import Poly, cancel

        top, bottom = cancel(solution).as_numer_denom()
        bottom = Poly(bottom, self._x)
        if next(c for c in reversed(bottom.all_coeffs()) if c) < 0:
            top, bottom = -top, -bottom
        terms = []
        parts = Poly(top, *self._roots).terms() if self._roots else [((), top)]
        for powers, factor in parts:
            radicand = prod((r for r, power in zip(self._roots.values(), powers, strict=True) if power), start=self._x**0)
            terms.append((_coefficients(Poly(factor, self._x)), _coefficients(Poly(radicand, self._x))))
        return ClosedForm(tuple(terms), _coefficients(bottom))


def _degree(expression: Expression, unknown: Any = None) -> int:
    """The greater degree of numerator and denominator, in all unknowns together or in one."""
    from sympy import Poly

    both = [part for part in expression.together().as_numer_denom() if part.free_symbols]
    return max((int(Poly(part, unknown).degree() if unknown else Poly(part).total_degree()) for part in both), default=0)


def _coefficients(polynomial: Expression) -> tuple[int, ...]:
    """Those of a polynomial with whole coefficients, from the lowest up."""
    return tuple(int(c) for c in reversed(polynomial.all_coeffs()))


def _polynomial(coefficients: Sequence[int], x: Any) -> Expression:
    from sympy import Poly

    return Poly.from_list(list(reversed(coefficients)), x).as_expr()


def _scaled(coefficients: Sequence[int], scale: int) -> list[int]:
    return [c * scale**n for n, c in enumerate(coefficients)]


def _root(radicand: Sequence[int], length: int) -> list[int]:
    """The coefficients of the square root of a polynomial, which are whole: with D the polynomial and s the root, 2 D s' = D' s."""
    lowest = radicand[0]
    found = [isqrt(lowest)]
    for n in range(1, length):
        known = sum((k - 2 * (n - k)) * radicand[k] * found[n - k] for k in range(1, min(n, len(radicand) - 1) + 1))
        found.append(known // (2 * n * lowest))
    return found


def exact_counts(grammar: TreeGrammar, start: Nonterminal, size: int) -> list[int] | None:
    """How many values of the sizes 0 to ``size`` a nonterminal derives: by a formula where sizes are large and there is one;
    ``None`` where they are large and there is none. Raises :class:`RecsynError` where sizes are large and SymPy is not
    installed."""
    if size <= EXACT:
        return [grammar.count(start, n) for n in range(size + 1)]
    if size > _LONGEST or not are_few(grammar, start):
        return None
    closed = generating_functions(grammar, start).closed
    return None if closed is None else closed.coefficients(size)
