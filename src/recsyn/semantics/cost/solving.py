"""From equations to a formula. Three ways are tried, each of which proves what it finds:

- where all arguments that are matched are like numbers or lists, an ansatz, polynomial in their lengths, whose coefficients are
  what makes every equation an identity; else the recurrence in one length, solved as such (first order by sums and products);
- where one argument is taken apart a constructor at a time, the quantity is a sum over the nodes that the recursion meets, so that
  the formula follows from the equations by collecting what each kind of node adds; or the greatest along any way through them.
  Where matching looks at the constructors below as well, the sum may still be one but for what the smallest values take;
- an ansatz again, with the lengths of whatever goes on in one field, binary numbers too, and with the least of two lengths of which
  one is larger by 1, as arguments need that change places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement, product
from typing import TYPE_CHECKING, TypeAlias

import sympy

from recsyn.lang.program import Path
from recsyn.semantics.cost.cases import Part, Shown, Symbolic, in_words
from recsyn.semantics.cost.measures import ITSELF, Formula, Walk
from recsyn.semantics.cost.refusal import NoClosedForm
from recsyn.values import CONS, TUPLE

if TYPE_CHECKING:
    from recsyn.semantics.cost.analysis import Analysis, Equation, System

_HIGHEST_DEGREE, _MOST_MONOMIALS, _MOST_ROOTS, _LONGEST_SUMMAND = 3, 60, 64, 200


def solved(analysis: Analysis, system: System) -> Formula:
    """The quantity of the system's root over measures of its parameters. Raises :class:`NoClosedForm`."""
    refused: NoClosedForm | None = None
    for way in (_without_recursion, _polynomial, _recurrence, _over_nodes):
        try:
            return way(analysis, system)
        except NoClosedForm as reason:
            refused = reason
    for way in (_tallest, _but_for_the_smallest, _in_turns):
        with suppress(NoClosedForm):
            return way(analysis, system)
    assert refused is not None
    raise _undecided(system) or refused


def _undecided(system: System) -> NoClosedForm | None:
    """What decides, besides the constructors of the arguments, which of several equations holds."""
    found: dict[str, None] = {}
    for equations in system.equations.values():
        for one, other in combinations(equations, 2):
            shown, conditions = dict(other.roots), dict(other.conditions)
            if one.formula != other.formula and all(shown.get(part, c) == c for part, c in one.roots):
                found |= {in_words(key): None for key, c in one.conditions if conditions.get(key, c) != c}
    return NoClosedForm(f"it depends on {' and on '.join(found)}") if found else None


def _without_recursion(analysis: Analysis, system: System) -> Formula:
    equations = system.equations[system.root]
    if len(equations) == 1 and not analysis.unknowns(equations[0].formula):
        formula = equations[0].formula
        if all(not p.path for _, p in analysis.measures.atoms(formula).values()):
            return formula
    raise NoClosedForm("it recurs")


# An ansatz over the measures of the arguments


def _polynomial(analysis: Analysis, system: System) -> Formula:
    return _by_ansatz(analysis, system, _HIGHEST_DEGREE, in_turns=False)


def _in_turns(analysis: Analysis, system: System) -> Formula:
    return _by_ansatz(analysis, system, 1, in_turns=True)


def _by_ansatz(analysis: Analysis, system: System, highest: int, *, in_turns: bool) -> Formula:
    lengths = {name: _lengths(analysis, equations, in_turns) for name, equations in system.equations.items()}
    if in_turns:
        _hand_back(analysis, system, lengths)
    bases = {name: _bases(analysis, name, es, lengths[name], in_turns) for name, es in system.equations.items()}
    ansatz = _Ansatz(analysis, system, bases)
    for degree in range(highest + 1):
        found = _fitted(ansatz, degree)
        if found is not None:
            return _with_greatest(found, bases[system.root].least)
    raise NoClosedForm("it is no polynomial in the measures of its arguments")


def _with_greatest(formula: Formula, least: Mapping[_Lengths, Formula]) -> Formula:
    """The formula with the least of some lengths written out, and what two of them are more than the least as the greatest."""
    for lengths, symbol in least.items():
        factor = formula.coeff(symbol, 1)
        smaller = sympy.Min(*(length + more for length, more in lengths))
        if factor.is_Integer and factor < 0 and len(lengths) == 2:
            rest = sympy.expand(formula - factor * (symbol - sum(length + more for length, more in lengths)))
            if all(rest.coeff(length, 1).is_Integer and rest.coeff(length, 1) >= 0 for length, _ in lengths):
                formula = rest - factor * sympy.Max(*(length + more for length, more in lengths))
        formula = formula.xreplace({symbol: smaller})
    return formula


@dataclass(frozen=True)
class _Bases:
    """What a polynomial is sought over: measures of parameters, and the least of any lengths that are matched together."""

    atoms: tuple[Formula, ...]
    least: Mapping[_Lengths, Formula]

    @property
    def all(self) -> tuple[Formula, ...]:
        return (*self.atoms, *self.least.values())


_Lengths: TypeAlias = tuple[tuple[Formula, int], ...]
"""Lengths, each with what is added to it."""


def _bases(analysis: Analysis, name: str, equations: Sequence[Equation], lengths: Mapping[int, int], in_turns: bool) -> _Bases:
    """The lengths of what is matched, and every measure that the equations speak of, for the whole parameter."""
    measures = analysis.measures
    atoms = [measures.atom(m, Part(j)) for j, m in lengths.items()]
    for equation in equations:
        for measure, part in measures.atoms(equation.formula).values():
            atoms.append(measures.atom(measure, Part(part.parameter)))
    several = [(measures.atom(m, Part(j)), 0) for j, m in lengths.items()]
    chosen = [some for count in range(2, len(several) + 1) for some in combinations(several, count)]
    if in_turns:
        pairs = [some for some in chosen if len(some) == 2]
        chosen += [((one, more), (other, 1 - more)) for (one, _), (other, _) in pairs for more in (0, 1)]
    least = {some: sympy.Symbol(f"least{some} of {name}", integer=True, nonnegative=True) for some in chosen}
    return _Bases(tuple(dict.fromkeys(atoms)), least)


def _lengths(analysis: Analysis, equations: Sequence[Equation], any_constructor: bool = False) -> dict[int, int]:
    """For each argument that is matched and is like a number or a list (one constructor goes on, or ``any_constructor``, in one
    field), the measure that counts what goes on."""
    measures = analysis.measures
    found: dict[int, int] = {}
    for equation in equations:
        for part, constructor in equation.roots:
            onward = [c for c in measures.family(constructor) if measures.recursive(c)]
            alike = all(len(measures.recursive(c)) == 1 for c in onward)
            if not part.path and alike and (len(onward) == 1 or (onward and any_constructor)):
                found[part.parameter] = measures.count(*onward)
    return dict(sorted(found.items()))


def _hand_back(analysis: Analysis, system: System, lengths: dict[str, dict[int, int]]) -> None:
    """Give those parameters a length too of which a recursive call hands something on to one that has a length."""
    changed = True
    while changed:
        changed = False
        for name, equations in system.equations.items():
            for call in (c for e in equations for c in analysis.unknowns(e.formula).values()):
                for place, measure in list(lengths[call.function].items()):
                    part = call.arguments[place]
                    if isinstance(part, Part) and part.parameter not in lengths[name]:
                        lengths[name][part.parameter] = measure
                        changed = True


@dataclass(frozen=True)
class _Ansatz:
    analysis: Analysis
    system: System
    bases: Mapping[str, _Bases]

    def at(self, name: str, arguments: Sequence[Symbolic], shown: Shown) -> dict[Formula, Formula]:
        """What each base is for these arguments of a function."""
        values: dict[Formula, Formula] = {}
        for atom in self.bases[name].atoms:
            ((measure, part),) = self.analysis.measures.atoms(atom).values()
            values[atom] = self.analysis.measured(measure, arguments[part.parameter], shown)
        for lengths, symbol in self.bases[name].least.items():
            values[symbol] = _least([(values[length] + more).as_coeff_Add() for length, more in lengths])
        return values


def _least(lengths: Sequence[tuple[Formula, Formula]]) -> Formula:
    """The smallest of some lengths, each a number and a rest that is not negative."""
    shared = min(number for number, _ in lengths)
    rests = sorted((number - shared + rest for number, rest in lengths), key=str)
    if sympy.Integer(0) in rests:
        return sympy.Integer(shared)
    return shared + sympy.Symbol(f"least{rests}", integer=True, nonnegative=True)


def _monomials(bases: Sequence[Formula], degree: int) -> list[Formula]:
    return [sympy.Mul(*factors) for d in range(degree + 1) for factors in combinations_with_replacement(bases, d)]


def _fitted(ansatz: _Ansatz, degree: int) -> Formula | None:
    """The polynomial of this degree with which every equation is an identity, if there is one."""
    analysis, system = ansatz.analysis, ansatz.system
    terms = {name: _monomials(bases.all, degree) for name, bases in ansatz.bases.items()}
    if sum(map(len, terms.values())) > _MOST_MONOMIALS:
        return None
    coefficients = {name: sympy.symbols(f"c{place}_:{len(terms[name])}") for place, name in enumerate(terms)}
    everything = [c for cs in coefficients.values() for c in cs]

    def form(name: str, values: Mapping[Formula, Formula]) -> Formula:
        return sum(c * m.xreplace(values) for c, m in zip(coefficients[name], terms[name], strict=True))

    conditions: list[Formula] = []
    for name, equations in system.equations.items():
        parameters = [Part(j) for j in range(len(analysis.program.definitions[name].parameters))]
        for equation in equations:
            calls = analysis.unknowns(equation.formula)
            here = {s: form(u.function, ansatz.at(u.function, u.arguments, u.shown)) for s, u in calls.items()}
            if any(analysis.unknowns(value) for value in here.values()):
                raise NoClosedForm("one recursive call is an argument of another")
            difference = form(name, ansatz.at(name, parameters, equation.shown)) - equation.formula.xreplace(here)
            variables = sorted(difference.free_symbols - set(everything), key=str)
            try:
                polynomial = sympy.Poly(difference, *variables, *everything)
            except sympy.PolynomialError:
                return None
            conditions.extend(_coefficients(polynomial, len(variables)))
    if any(c.total_degree() > 1 for c in conditions):
        return None
    wanted = [c.as_expr() for c in conditions]
    solutions = list(sympy.linsolve(wanted, everything)) if wanted else [(sympy.Integer(0),) * len(everything)]
    if not solutions:
        return None
    values = dict(zip(everything, (s.xreplace(dict.fromkeys(everything, sympy.Integer(0))) for s in solutions[0]), strict=True))
    root = system.root
    return sympy.expand(sum(values[c] * m for c, m in zip(coefficients[root], terms[root], strict=True)))


def _coefficients(polynomial: Formula, variables: int) -> list[Formula]:
    """The coefficients of a polynomial in its first ``variables`` generators, as polynomials in the others."""
    found: dict[tuple[int, ...], dict[tuple[int, ...], Formula]] = {}
    for powers, number in polynomial.terms():
        found.setdefault(powers[:variables], {})[powers[variables:]] = number
    return [sympy.Poly.from_dict(c, *polynomial.gens[variables:]) for c in found.values() if any(c.values())]


# A recurrence in one length


def _recurrence(analysis: Analysis, system: System) -> Formula:
    """Solve for one length: the first values are given, and each later one is found from those before it."""
    equations = system.equations[system.root]
    lengths = _lengths(analysis, equations)
    matched = {part.parameter for e in equations for part, _ in e.roots}
    if len(system.equations) != 1 or len(lengths) != 1 or set(lengths) != matched:
        raise NoClosedForm("its recursion is on more than one length")
    ((parameter, measure),) = lengths.items()
    kept = _invariant(analysis, system)
    first: dict[int, Formula] = {}
    general: list[tuple[int, Formula, Formula]] = []
    for equation in equations:
        shown, rest = analysis.measured(measure, Part(parameter), equation.shown).as_coeff_Add()
        if len(equation.roots) != shown + (rest == 0):
            raise NoClosedForm("it depends on more than a length")
        speaks_of = analysis.measures.atoms(equation.formula).items()
        if any((p.path or p.parameter not in kept) and s != rest for s, (_, p) in speaks_of):
            raise NoClosedForm("it depends on more than a length")
        if rest != 0 or analysis.unknowns(equation.formula):
            general.append((int(shown), rest, equation.formula))
        elif first.setdefault(int(shown), equation.formula) != equation.formula:
            raise NoClosedForm("it depends on more than a length")
    if len(general) != 1 or set(first) != set(range(general[0][0])):
        raise NoClosedForm("its recursion is on more than one length")
    ((start, rest, formula),) = general
    before: dict[int, Formula] = {}
    for symbol, call in analysis.unknowns(formula).items():
        shift = analysis.measured(measure, call.arguments[parameter], call.shown) - rest
        if not shift.is_Integer or not 0 <= shift < start:
            raise NoClosedForm("the length that a recursive call receives is not known")
        before.setdefault(int(shift), sympy.Symbol(f"before{shift}", nonnegative=True))
        formula = formula.xreplace({symbol: before[int(shift)]})
    n = analysis.measures.atom(measure, Part(parameter))
    return _Later(start, before, formula, rest).solved([first[i] for i in range(start)], n)


def _invariant(analysis: Analysis, system: System) -> set[int]:
    """The parameters that every recursive call hands on as they are, in their place."""
    fewest = min(len(analysis.program.definitions[name].parameters) for name in system.equations)
    found = set(range(fewest))
    for equations in system.equations.values():
        for equation in equations:
            for call in analysis.unknowns(equation.formula).values():
                found = {j for j in found if call.arguments[j] == Part(j)}
    return found


@dataclass(frozen=True)
class _Later:
    """``X(rest + start) = formula``, where ``before[t]`` stands for ``X(rest + t)``."""

    start: int
    before: Mapping[int, Formula]
    formula: Formula
    rest: Formula

    def solved(self, first: Sequence[Formula], n: Formula) -> Formula:
        if set(self.before) == {self.start - 1}:
            (symbol,) = self.before.values()
            factor, added = linear(self.formula, symbol)
            value = first_order(factor, added, self.rest, first[-1], n - (self.start - 1))
            return self._from_the_start(first, value, n)
        if set(self.before) == {0}:
            (symbol,) = self.before.values()
            factor, added = linear(self.formula, symbol)
            if factor == 1 and self.rest not in added.free_symbols:
                return _in_periods(first, added, n)
        if set(self.before) == {0, 1} and self.start == 2:
            return self._fibonacci(first, n)
        raise NoClosedForm("its recurrence is of no kind that is solved here")

    def _from_the_start(self, first: Sequence[Formula], value: Formula, n: Formula) -> Formula:
        """``value`` holds from ``start - 1`` on; what comes before is as it is."""
        wrong = [i for i in range(self.start - 1) if sympy.simplify(value.subs(n, i) - first[i]) != 0]
        if not wrong:
            return value
        slope = sympy.expand(value).coeff(n, 1)
        rises = slope.is_Integer and slope > 0 and sympy.expand(value - slope * n).is_Integer
        if rises and all(sympy.Max(first[0], value.subs(n, i)) == f for i, f in enumerate(first)):
            return sympy.Max(first[0], value)
        return sympy.Piecewise(*((first[i], sympy.Eq(n, i)) for i in wrong), (value, True))

    def _fibonacci(self, first: Sequence[Formula], n: Formula) -> Formula:
        """``X(n + 2) = X(n + 1) + X(n) + g(n)`` over Fibonacci's numbers, or ``1 + Max(X(n + 1), X(n))``, which is ``n`` from 1
        on."""
        one, two = self.before[1], self.before[0]
        if self.formula == 1 + sympy.Max(one, two) and list(first) == [1, 1]:
            return sympy.Max(1, n)
        added = sympy.expand(self.formula - one - two)
        if {one, two} & added.free_symbols:
            raise NoClosedForm("its recurrence is of no kind that is solved here")
        low, high, at = sympy.symbols("low high at")
        terms = (low, high, at * low, at * high, sympy.Integer(1), at)
        coefficients = sympy.symbols("c0:6")
        form = sum(c * t for c, t in zip(coefficients, terms, strict=True))

        def moved(by: int) -> Formula:
            steps = {0: (low, high), 1: (high, low + high), 2: (low + high, low + 2 * high)}[by]
            return form.subs({low: steps[0], high: steps[1], at: at + by}, simultaneous=True)

        known = {sympy.fibonacci(self.rest + k): {0: low, 1: high, 2: low + high, 3: low + 2 * high}[k] for k in range(4)}
        wanted = sympy.expand(added).subs(known, simultaneous=True).subs(self.rest, at)
        if wanted.has(sympy.fibonacci):
            raise NoClosedForm("its recurrence is of no kind that is solved here")
        difference = sympy.expand(moved(2) - moved(1) - moved(0) - wanted)
        start = [form.subs({low: i, high: 1, at: i}) - first[i] for i in (0, 1)]
        conditions = [*sympy.Poly(difference, low, high, at).coeffs(), *start]
        solutions = list(sympy.linsolve(conditions, coefficients))
        if not solutions:
            raise NoClosedForm("its recurrence is of no kind that is solved here")
        values = dict(
            zip(coefficients, (s.xreplace(dict.fromkeys(coefficients, sympy.Integer(0))) for s in solutions[0]), strict=True)
        )
        found = form.xreplace(values)
        return found.subs({low: sympy.fibonacci(n), high: sympy.fibonacci(n + 1), at: n}, simultaneous=True)


def linear(formula: Formula, symbol: Formula) -> tuple[Formula, Formula]:
    """``a`` and ``b`` where the formula is ``a * symbol + b``. Raises :class:`NoClosedForm` where it is not."""
    formula = sympy.expand(formula)
    factor = formula.coeff(symbol, 1)
    added = sympy.expand(formula - factor * symbol)
    if symbol in added.free_symbols or symbol in factor.free_symbols:
        raise NoClosedForm("what it takes is no sum over its recursive calls")
    return factor, added


def first_order(factor: Formula, added: Formula, step: Formula, first: Formula, n: Formula) -> Formula:
    """The solution at ``n`` of ``X(step + 1) = factor * X(step) + added`` with ``X(0) = first``: by the product of the factors and,
    where they do not change, the sum of what is added; one that SymPy knows no closed form of stays a ``Sum`` where the factor
    is 1. Raises :class:`NoClosedForm` where there is no other solution."""
    m = sympy.Symbol("m", integer=True, nonnegative=True)
    k = sympy.Symbol("k", integer=True, nonnegative=True)
    if step not in factor.free_symbols:
        grown = sympy.Pow(factor, m) if factor != 1 else sympy.Integer(1)
        each = added.subs(step, k) * (sympy.Pow(factor, m - 1 - k) if factor != 1 else 1)
        each = sympy.powsimp(sympy.expand(each))
        if sympy.count_ops(each) > _LONGEST_SUMMAND:
            raise NoClosedForm("what its recurrence adds is too long to sum")
        value = first * grown + sum(sympy.summation(sympy.combsimp(t), (k, 0, m - 1)) for t in sympy.Add.make_args(each))
    elif added == 0:
        value = first * sympy.product(factor.subs(step, k), (k, 0, m - 1))
        if value.has(sympy.RisingFactorial):
            value = sympy.combsimp(value.rewrite(sympy.factorial))
    else:
        raise NoClosedForm("its recurrence is of no kind that is solved here")
    value = value.doit()
    if value.has(sympy.Integral, sympy.Product) or (value.has(sympy.Sum) and factor != 1):
        raise NoClosedForm("its recurrence has no solution in closed form that SymPy knows")
    value = sympy.expand(value) if value.is_polynomial(m) else sympy.simplify(value)
    if not _proved(value, factor.subs(step, m), added.subs(step, m), first, m):
        raise NoClosedForm("its recurrence has no solution in closed form that could be proved")
    return value.subs(m, n)


def _proved(value: Formula, factor: Formula, added: Formula, first: Formula, m: Formula) -> bool:
    """Whether ``value(0) = first`` and ``value(m + 1) = factor * value(m) + added``, in each of its cases."""
    for piece, condition in value.args if isinstance(value, sympy.Piecewise) else ((value, sympy.true),):
        by = {condition.lhs: condition.rhs} if isinstance(condition, sympy.Eq) else {}
        following = piece.subs(m, m + 1)
        for total in piece.atoms(sympy.Sum):
            ((k, _, _),) = total.limits
            following = following.subs(total.subs(m, m + 1), total + total.function.subs(k, m))
        difference = following - (factor * piece + added).subs(by)
        start = piece.subs(m, 0).doit() - first.subs(by)
        if sympy.simplify(start) != 0 or sympy.simplify(sympy.expand_func(difference)) != 0:
            return False
    return True


def _in_periods(first: Sequence[Formula], added: Formula, n: Formula) -> Formula:
    """``X(n + p) = X(n) + added``: a step for each of the places at which the value rises within a period."""
    period = len(first)
    value = first[0] + (added - (first[-1] - first[0])) * sympy.floor(n / period)
    for i in range(1, period):
        value += (first[i] - first[i - 1]) * sympy.floor((n + period - i) / sympy.Integer(period))
    return sympy.expand(value)


# One argument taken apart a constructor at a time


@dataclass(frozen=True)
class _Node:
    """What a function adds at a constructor of its argument, and the recursive calls there: on which part, of which function."""

    added: Formula
    calls: tuple[tuple[Path, str], ...]


def _over_nodes(analysis: Analysis, system: System) -> Formula:
    recurs = any(analysis.unknowns(e.formula) for es in system.equations.values() for e in es)
    said = "no one argument is taken apart all along its recursive calls" if recurs else "it looks into two arguments at once"
    refused = NoClosedForm(said)
    for positions in _positions(analysis, system):
        for weights in _accumulated(analysis, system, positions):
            try:
                nodes = _nodes(analysis, system, positions, weights)
                return _summed(analysis, system, positions[system.root], nodes) + sum(b * s for s, b in weights.items())
            except NoClosedForm as reason:
                refused = reason
    raise refused


def _positions(analysis: Analysis, system: System) -> Iterator[dict[str, int]]:
    """For each function of the group, the parameter that is taken apart."""
    options: list[list[int]] = []
    for equations in system.equations.values():
        roots = [{p.parameter for p, _ in e.roots if not p.path} for e in equations]
        options.append(sorted(set.intersection(*roots)))
    for chosen, _ in zip(product(*options), range(_MOST_ROOTS), strict=False):
        positions = dict(zip(system.equations, chosen, strict=True))
        if all(
            isinstance(part := call.arguments[positions[call.function]], Part) and part.parameter == positions[name] and part.path
            for name, equations in system.equations.items()
            for equation in equations
            for call in analysis.unknowns(equation.formula).values()
        ):
            yield positions


def _accumulated(analysis: Analysis, system: System, positions: Mapping[str, int]) -> Iterator[dict[Formula, Formula]]:
    """Guesses at how the quantity grows with what is handed along: first not at all, then with each measure of an argument that a
    case without recursion has, as it has it there."""
    yield {}
    found: dict[Formula, Formula] = {}
    if len(system.equations) > 1:
        return
    for equation in system.equations[system.root]:
        if not analysis.unknowns(equation.formula):
            for symbol, (_, part) in analysis.measures.atoms(equation.formula).items():
                factor = equation.formula.coeff(symbol, 1)
                if not part.path and part.parameter != positions[system.root] and factor.is_Integer:
                    found[symbol] = factor
    if found:
        yield found


def _nodes(
    analysis: Analysis, system: System, positions: Mapping[str, int], weights: Mapping[Formula, Formula]
) -> dict[str, dict[str, _Node]]:
    """For each function and constructor what is added there, over the parts of :data:`ITSELF`."""
    kept = _invariant(analysis, system) - set(positions.values())
    rounds = system.quantity.kind == "rounds" and any(analysis.unknowns(e.formula) for es in system.equations.values() for e in es)
    found: dict[str, dict[str, _Node]] = {name: {} for name in system.equations}
    for name, equations in system.equations.items():
        for equation in equations:
            if len(equation.roots) != 1:
                raise NoClosedForm("it looks more than one constructor deep, or into two arguments at once")
            ((_, constructor),) = equation.roots
            formula = sympy.expand(_rewritten(analysis, equation.formula, weights) - sum(b * s for s, b in weights.items()))
            calls: list[tuple[Path, str]] = []
            for symbol, call in analysis.unknowns(formula).items():
                factor: Formula = 1
                if not rounds:
                    factor, formula = linear(formula, symbol)
                    if not factor.is_Integer or not 1 <= factor <= 3:
                        raise NoClosedForm("a recursive call counts more than a few times")
                part = call.arguments[positions[call.function]]
                assert isinstance(part, Part)
                calls.extend([(part.path, call.function)] * int(factor))
            if rounds:
                formula, calls = sympy.Integer(1), list(dict.fromkeys(calls))
            for _, part in analysis.measures.atoms(formula).values():
                if part.parameter != positions[name] and (part.path or part.parameter not in kept):
                    raise NoClosedForm("it depends on what is handed along")
            node = _Node(analysis.measures.moved(formula, positions[name]), tuple(sorted(calls)))
            if found[name].setdefault(constructor, node) != node:
                raise NoClosedForm("it depends on more than the constructors of its argument")
    return found


def _rewritten(analysis: Analysis, formula: Formula, weights: Mapping[Formula, Formula]) -> Formula:
    """The formula with each recursive call replaced by itself and what the weights add for its arguments, in which there may be
    recursive calls again."""
    if not weights:
        return formula
    replaced: dict[Formula, Formula] = {}
    for symbol, call in analysis.unknowns(formula).items():
        extra: Formula = sympy.Integer(0)
        for atom, factor in weights.items():
            ((measure, part),) = analysis.measures.atoms(atom).values()
            extra += factor * _rewritten(analysis, analysis.measured(measure, call.arguments[part.parameter], call.shown), weights)
        replaced[symbol] = symbol + extra
    return formula.subs(replaced, simultaneous=True)


def _tallest(analysis: Analysis, system: System) -> Formula:
    """Where each recursion adds the same number to the greatest of what its calls give, and all else is one number: so many times
    the most steps that the recursion makes in a row."""
    for positions in _positions(analysis, system):
        walk: dict[str, dict[str, tuple[tuple[Path, str], ...]]] = {name: {} for name in system.equations}
        added: set[Formula] = set()
        ends: set[Formula] = set()
        for name, equations in system.equations.items():
            for equation in equations:
                calls = analysis.unknowns(equation.formula)
                number, greatest = equation.formula.as_coeff_Add()
                below = greatest.args if isinstance(greatest, sympy.Max) else (greatest,) if greatest != 0 else ()
                if len(equation.roots) != 1 or not number.is_Integer or any(call not in calls for call in below):
                    raise NoClosedForm("it is no greatest of what its recursive calls give")
                (added if calls else ends).add(number)
                parts = ((calls[s].arguments[positions[calls[s].function]], calls[s].function) for s in below)
                edges = tuple(sorted((p.path, called) for p, called in parts if isinstance(p, Part)))
                if walk[name].setdefault(equation.roots[0][1], edges) != edges:
                    raise NoClosedForm("it depends on more than the constructors of its argument")
        if len(added) == len(ends) == 1 and min(added) > 0:
            height = analysis.measures.height(system.root, walk)
            return min(ends) + min(added) * analysis.measures.atom(height, Part(positions[system.root]))
    raise NoClosedForm("it is no greatest of what its recursive calls give")


def _but_for_the_smallest(analysis: Analysis, system: System) -> Formula:
    """Where equations look at the constructors right below as well: a sum over nodes, and a number for the constructor at the root.
    What each constructor adds there and at the root are numbers such that every equation holds."""
    for positions in _positions(analysis, system):
        with suppress(NoClosedForm):
            return _Shifted(analysis, system, positions[system.root]).solved()
    raise NoClosedForm("it is no sum over the nodes of one argument")


@dataclass(frozen=True)
class _Shifted:
    """``X(t) = S(t) + root(c)`` where ``c`` builds ``t``, and ``S(t) = node(c)`` and the sum of ``S`` over some parts of ``t``."""

    analysis: Analysis
    system: System
    parameter: int

    def solved(self) -> Formula:
        equations = self.system.equations[self.system.root]
        measures = self.analysis.measures
        whole = Part(self.parameter)
        constructors = measures.family(next(c for p, c in equations[0].roots if p == whole))
        nodes = {c: sympy.Symbol(f"node of {c}") for c in constructors}
        roots = {c: sympy.Symbol(f"root of {c}") for c in constructors}
        walk = self._walk(equations, constructors)
        if self.system.quantity.kind == "rounds" and any(len(calls) > 1 for calls in walk.values()):
            raise NoClosedForm("its rounds are no sum")
        conditions: list[Formula] = []
        for equation, known in self._known(equations, constructors):
            right = equation.formula
            for symbol, path in self._calls(equation).items():
                factor, _ = linear(equation.formula, symbol)
                if self.analysis.unknowns(factor):
                    raise NoClosedForm("what it takes is no sum over its recursive calls")
                right = right.xreplace({symbol: self._sum(path, known, walk, nodes) + roots[known[path]]})
            difference = sympy.expand(roots[known[()]] + self._sum((), known, walk, nodes) - right)
            variables = sorted(difference.free_symbols - {*nodes.values(), *roots.values()}, key=str)
            if not difference.is_polynomial(*variables):
                raise NoClosedForm("it is no sum over the nodes of one argument")
            conditions.extend(sympy.Poly(difference, *variables).coeffs() if variables else [difference])
        wanted = [*nodes.values(), *roots.values()]
        solutions = list(sympy.linsolve(conditions, wanted))
        if not solutions:
            raise NoClosedForm("it is no sum over the nodes of one argument")
        found = {s: v.xreplace(dict.fromkeys(wanted, sympy.Integer(0))) for s, v in zip(wanted, solutions[0], strict=True)}
        if any(v.free_symbols for v in found.values()):
            raise NoClosedForm("it is no sum over the nodes of one argument")
        each = {c: _Node(found[nodes[c]], walk[c]) for c in constructors}
        total = _summed(self.analysis, self.system, self.parameter, {self.system.root: each})
        return self._with_roots(total, each, {c: found[roots[c]] for c in constructors if found[roots[c]] != 0})

    def _with_roots(self, total: Formula, each: Mapping[str, _Node], roots: Mapping[str, Formula]) -> Formula:
        """The sum and what the root adds; where that is for a constructor which ends a value and adds nothing by itself, and every
        other adds as much, the greater of the two."""
        if len(roots) == 1:
            ((constructor, number),) = roots.items()
            others = [node.added for c, node in each.items() if c != constructor]
            if each[constructor] == _Node(sympy.Integer(0), ()) and 0 < number <= min(others, default=number):
                return sympy.Max(number, total)
        measures = self.analysis.measures
        for constructor, number in roots.items():
            built = measures.total(0, {0: dict.fromkeys(each, ())}, {(0, constructor): sympy.Integer(1)})
            total += number * measures.atom(built, Part(self.parameter))
        return total

    def _calls(self, equation: Equation) -> dict[Formula, Path]:
        """The parts that are called on, by their unknowns."""
        found: dict[Formula, Path] = {}
        for symbol, call in self.analysis.unknowns(equation.formula).items():
            part = call.arguments[self.parameter]
            if call.function != self.system.root or not isinstance(part, Part) or len(part.path) != 1:
                raise NoClosedForm("a recursive call is on no part right below")
            found[symbol] = part.path
        return found

    def _known(self, equations: Sequence[Equation], constructors: Sequence[str]) -> Iterator[tuple[Equation, Mapping[Path, str]]]:
        """The equations with the constructor at each path, once for each that a part which is called on may be built by."""
        for equation in equations:
            known = {p.path: c for p, c in equation.shown.items() if isinstance(p, Part) and p.parameter == self.parameter}
            open_ = [path for path in dict.fromkeys(self._calls(equation).values()) if path not in known]
            for chosen in product(constructors, repeat=len(open_)):
                yield equation, {**known, **dict(zip(open_, chosen, strict=True))}

    def _walk(self, equations: Sequence[Equation], constructors: Sequence[str]) -> dict[str, tuple[tuple[Path, str], ...]]:
        """Into which parts the sum goes on: those that any of the equations calls on."""
        found: dict[str, dict[tuple[Path, str], None]] = {c: {} for c in constructors}
        for equation in equations:
            for path in self._calls(equation).values():
                found[path[0][0]][path, self.system.root] = None
        return {c: tuple(sorted(calls)) for c, calls in found.items()}

    def _sum(
        self,
        path: Path,
        known: Mapping[Path, str],
        walk: Mapping[str, tuple[tuple[Path, str], ...]],
        nodes: Mapping[str, Formula],
    ) -> Formula:
        """``S`` of the part at the end of a path, as far as it is known; patterns are not deep."""
        if path not in known:
            return sympy.Symbol(f"S{path}")
        below = (self._sum((*path, *further), known, walk, nodes) for further, _ in walk[known[path]])
        return nodes[known[path]] + sum(below)


def _summed(analysis: Analysis, system: System, parameter: int, nodes: Mapping[str, Mapping[str, _Node]]) -> Formula:
    """The sum of what is added at the nodes that the recursion meets; of rounds, the longest row of them."""
    measures, here = analysis.measures, Part(parameter)
    root, nodes = _merged(system.root, nodes)
    walk = {name: {c: node.calls for c, node in rows.items()} for name, rows in nodes.items()}
    if system.quantity.kind == "rounds" and any(len(calls) > 1 for rows in walk.values() for calls in rows.values()):
        return 1 + measures.atom(measures.height(root, walk), here)
    constants: dict[tuple[str, str], Formula] = {}
    weighed: dict[Formula, dict[tuple[str, str], Formula]] = {}
    for name, rows in nodes.items():
        for constructor, node in rows.items():
            key = (name, constructor)
            constants[key] = sympy.Integer(0)
            for term in sympy.Add.make_args(node.added):
                own = [s for s, (_, p) in measures.atoms(term).items() if p.parameter == ITSELF]
                if not own:
                    constants[key] += term
                    continue
                factor, weight = term.as_independent(*own)
                number, outside = factor.as_coeff_Mul()
                there = weighed.setdefault(outside, {})
                there[key] = there.get(key, 0) + number * weight
    if weighed and not any(calls for rows in walk.values() for calls in rows.values()):
        raise NoClosedForm("it depends on a part of its argument")
    total: Formula = sympy.Integer(0)
    for counted, factor in _independent(root, walk, constants):
        total += factor * (measures.atom(measures.total(root, walk, {counted: sympy.Integer(1)}), here) if counted else 1)
    for outside, weights in weighed.items():
        whole = all(w.is_polynomial(*w.free_symbols) for w in weights.values())
        common = sympy.gcd_list([sympy.Poly(w).content() for w in weights.values()]) if whole else sympy.Integer(1)
        measure = measures.total(root, walk, {key: sympy.expand(w / common) for key, w in weights.items()})
        total += outside * common * measures.atom(measure, here)
    return sympy.expand(total)


def _merged(root: str, nodes: Mapping[str, Mapping[str, _Node]]) -> tuple[str, dict[str, dict[str, _Node]]]:
    """The functions that the root reaches; those that add alike and go on alike are one, called by the first of them."""
    parent = dict.fromkeys(nodes, root)
    while True:
        alike: dict[object, str] = {}
        refined = {}
        for name, rows in nodes.items():
            signature = frozenset((c, n.added, tuple((p, parent[t]) for p, t in n.calls)) for c, n in rows.items())
            refined[name] = alike.setdefault((parent[name], signature), name)
        stable = len(set(refined.values())) == len(set(parent.values()))
        parent = refined
        if stable:
            break
    found: dict[str, dict[str, _Node]] = {}
    waiting = [parent[root]]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            here = nodes[name].items()
            found[name] = {c: _Node(n.added, tuple((p, parent[t]) for p, t in n.calls)) for c, n in here}
            waiting.extend(t for n in found[name].values() for _, t in n.calls)
    return parent[root], found


def _independent(
    root: str, walk: Walk, constants: Mapping[tuple[str, str], Formula]
) -> list[tuple[tuple[str, str] | None, Formula]]:
    """A sum of node counts over as few of them as suffice, ``None`` standing for 1. The counts are bound by one law for each state
    of the walk: the nodes met in it are those that some node leads to, and the root."""
    order = list(walk)
    leads = {(s, c): [t for _, t in edges] for s, rows in walk.items() for c, edges in rows.items()}
    pairs = sorted(leads, key=lambda pair: (bool(leads[pair]), pair[1] not in (CONS, TUPLE), -order.index(pair[0])))
    rows = [[*(int(p[0] == state) - leads[p].count(state) for p in pairs), int(state == root)] for state in order]
    reduced, pivots = sympy.Matrix(rows).rref()
    free = [i for i in range(len(pairs)) if i not in pivots]
    one = sum((constants[pairs[pivot]] * reduced[row, len(pairs)] for row, pivot in enumerate(pivots)), sympy.Integer(0))
    found: list[tuple[tuple[str, str] | None, Formula]] = [(None, one)]
    for i in free:
        factor = constants[pairs[i]] - sum(constants[pairs[pivot]] * reduced[row, i] for row, pivot in enumerate(pivots))
        found.append((pairs[i], sympy.expand(factor)))
    return [(key, factor) for key, factor in found if factor != 0]
