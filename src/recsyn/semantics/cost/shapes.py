"""What a formula becomes on inputs of one shape, a spine or a complete tree: there a measure is a recurrence in one number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sympy

from recsyn.lang.core import spelled
from recsyn.lang.program import Path, Program
from recsyn.lang.types import Type, TypeConstant, constructors_of
from recsyn.semantics.cost.counting import smallest
from recsyn.semantics.cost.measures import Formula, Measures
from recsyn.semantics.cost.refusal import NoClosedForm
from recsyn.semantics.cost.solving import first_order, linear
from recsyn.values import Datum, Value


@dataclass(frozen=True)
class Shape:
    """Values that branch at ``constructor``, ``symbol`` of them below each other, go on in the fields ``growing``, and end in
    ``leaf``."""

    name: str
    symbol: Formula
    constructor: str
    leaf: str
    growing: tuple[Path, ...]


def shapes_of(type: Type, program: Program, measures: Measures, taken: Collection[str]) -> Iterator[Shape]:
    """The shapes of a type that branches; none of one that does not. Sizes are called by names that are not taken."""
    if not isinstance(type, TypeConstant):
        return
    constructors = [c.name for c in constructors_of(type, program.datatypes)]
    leaf = next((c for c in constructors if not measures.recursive(c)), None)
    constructor = next((c for c in constructors if len(measures.recursive(c)) > 1), None)
    if leaf is None or constructor is None:
        return
    fields = measures.recursive(constructor)
    size, depth = (next(name for name in names if name not in taken) for names in (("n", "k", "spine"), ("d", "h", "deep")))
    n, d = (sympy.Symbol(name, integer=True, nonnegative=True) for name in (size, depth))
    for place, path in enumerate(fields):
        side = ("left", "right")[place] + " " if len(fields) == 2 else ""
        into = "" if side else f" into field {path[0][1] + 1}"
        yield Shape(f"a {side}spine{into} of {size} `{spelled(constructor)}`", n, constructor, leaf, (path,))
    yield Shape(f"complete, {depth} `{spelled(constructor)}` deep", d, constructor, leaf, fields)


def on_shape(formula: Formula, parameter: int, shape: Shape, measures: Measures) -> Formula:
    """The formula where the parameter is of this shape. Raises :class:`NoClosedForm`."""
    known: dict[int, Formula] = {}
    atoms = measures.atoms(formula)
    by = {s: _along(m, shape, measures, known, ()) for s, (m, p) in atoms.items() if p.parameter == parameter}
    return sympy.simplify(sympy.expand(formula.subs(by, simultaneous=True)))


def _along(measure: int, shape: Shape, measures: Measures, known: dict[int, Formula], within: tuple[int, ...]) -> Formula:
    """A measure of a value of the shape. Measures rest on few others, so that the nesting here is small."""
    if measure in within:
        raise NoClosedForm("measures rest on one another")
    if measure in known:
        return known[measure]
    step = sympy.Symbol("step", integer=True, nonnegative=True)
    below = sympy.Symbol("below", integer=True, nonnegative=True)
    rule = sympy.sympify(measures.all[measure].rules.get(shape.constructor, 0))
    by: dict[Formula, Formula] = {}
    for symbol, (other, part) in measures.atoms(rule).items():
        if part.path in shape.growing:
            found = below if other == measure else _along(other, shape, measures, known, (*within, measure))
            by[symbol] = found.subs(shape.symbol, step)
        elif part.path in measures.recursive(shape.constructor):
            by[symbol] = _at_leaf(other, shape, measures)
        else:
            raise NoClosedForm("it depends on what stands in the other fields")
    factor, added = linear(rule.subs(by, simultaneous=True), below)
    known[measure] = first_order(factor, added, step, _at_leaf(measure, shape, measures), shape.symbol)
    return known[measure]


def _at_leaf(measure: int, shape: Shape, measures: Measures) -> Formula:
    rule = sympy.sympify(measures.all[measure].rules.get(shape.leaf, 0))
    if not rule.is_Integer:
        raise NoClosedForm("it depends on what stands in the last constructor")
    return rule


def built(shape: Shape, type: Type, size: int, program: Program) -> Datum:
    """A value of the shape, ``size`` for its symbol, with the smallest values in the other fields."""
    fields: Mapping[str, tuple[Type, ...]] = {c.name: c.fields for c in constructors_of(type, program.datatypes)}

    def others(constructor: str) -> list[Datum]:
        return [None if f == type else smallest(f, program.datatypes, 1)[0] for f in fields[constructor]]

    ended: Datum = Value(shape.leaf, tuple(others(shape.leaf)))
    value = ended
    growing = {path[0][1] for path in shape.growing}
    for _ in range(size):
        inside = others(shape.constructor)
        filled = (value if i in growing else ended if f is None else f for i, f in enumerate(inside))
        value = Value(shape.constructor, tuple(filled))
    return value
