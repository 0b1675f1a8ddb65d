"""Equations and formulas as text, in the names that their author gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import sympy

from recsyn.lang import core
from recsyn.lang.core import spelled
from recsyn.lang.printer import show_term
from recsyn.semantics.cost.analysis import Analysis, Equation, System
from recsyn.semantics.cost.cases import IS, Called, Cases, Computed, Field, Joined, Known, Made, Part, Shown, Symbolic, inside
from recsyn.semantics.cost.counting import NOWHERE
from recsyn.semantics.cost.measures import Formula
from recsyn.values import CONS, TUPLE

LETTERS = {"unfoldings": "T", "own": "G", "rounds": "R"}
"""How each quantity is called in recurrences."""
_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def parameter_names(analysis: Analysis, function: str) -> tuple[str, ...]:
    """The names of a function's parameters, each its own; one that is a pattern has none, and is called by its place."""
    found: list[str] = []
    for place, parameter in enumerate(analysis.program.definitions[function].parameters):
        name = spelled(parameter)
        found.append(name if name[0] != "_" and name not in found else f"x{place + 1}")
    return tuple(found)


def for_parameters(analysis: Analysis, function: str, formula: Formula) -> Formula:
    """The formula with a readable symbol for each measure of a parameter."""
    names = parameter_names(analysis, function)
    atoms = analysis.measures.atoms(formula)
    return formula.xreplace({s: analysis.measures.all[m].of(names[p.parameter]) for s, (m, p) in atoms.items()})


def recurrences(analysis: Analysis, system: System) -> Iterator[str]:
    """The equations of a system, one a line, each with the conditions under which it holds. Every variable on the right is bound on
    the left."""
    letter = LETTERS[system.quantity.kind]
    for function, equations in system.equations.items():
        for equation in sorted(equations, key=lambda e: len(analysis.unknowns(e.formula))):
            yield _line(analysis, letter, function, equation)


def _line(analysis: Analysis, letter: str, function: str, equation: Equation) -> str:
    calls = analysis.unknowns(equation.formula)
    atoms = analysis.measures.atoms(equation.formula)
    spoken_of = [*(a for call in calls.values() for a in call.arguments), *(p for _, p in atoms.values())]
    needed = dict.fromkeys(v for v in inside([*spoken_of, *(k for k, _ in equation.conditions)]) if isinstance(v, Part))
    words = _Words(analysis, analysis.cases(function), equation.shown, parameter_names(analysis, function), needed)
    left = show_term(_applied(function, [words.pattern(Part(j)) for j in range(len(words.parameters))]))
    by = {s: sympy.Symbol(f"{letter}({show_term(words.term(Called(u.function, u.arguments)))})") for s, u in calls.items()}
    by |= {s: sympy.Symbol(f"{analysis.measures.all[m].name}({words.names[p]})") for s, (m, p) in atoms.items()}
    found = (words.condition(v, c) for v, c in equation.conditions if not _follows(v, c, equation))
    conditions = " and ".join(found)
    return f"{letter}({left}) = {equation.formula.xreplace(by)}{', if ' if conditions else ''}{conditions}"


def _follows(value: Symbolic, constructor: str, equation: Equation) -> bool:
    """Whether a condition says that a value is not the number which another says that it is."""
    if not isinstance(value, Computed) or value.operator != IS or constructor == "True":
        return False
    others = ((v, c) for v, c in equation.conditions if isinstance(v, Computed) and v.operator == IS)
    return any(c == "True" and v.operands[0] == value.operands[0] for v, c in others)


class _Words:
    """What is said of one equation. Each part that it speaks of has a name of its own: its author's, with primes where another part
    has it already."""

    def __init__(self, analysis: Analysis, cases: Cases, shown: Shown, parameters: tuple[str, ...], needed: Iterable[Part]) -> None:
        self.program, self.cases, self.shown, self.parameters = analysis.program, cases, shown, parameters
        authors: Mapping[Part, str] = {**cases.names, **{Part(j): name for j, name in enumerate(parameters)}}
        self.names: dict[Part, str] = {}
        taken: set[str] = set()
        for part in needed:
            if not self._is_constant(part):
                name = authors.get(part, "x")
                while name in taken or (part not in authors and name in authors.values()):
                    name += "'"
                self.names[part] = name
                taken.add(name)
        for part, name in chain(((Part(j), name) for j, name in enumerate(parameters)), cases.names.items()):
            if part not in self.names and part not in shown and name not in taken:
                self.names[part] = name
                taken.add(name)

    def _is_constant(self, part: Part) -> bool:
        constructor = self.shown.get(part)
        return constructor not in (None, TUPLE) and not self.program.constructors[constructor].fields

    def pattern(self, part: Part) -> core.Term:
        """What the equation asks of a part, written as a term."""
        constructor = self.shown.get(part)
        if constructor is None:
            return core.Local(self.names.get(part, "_"), NOWHERE)
        count = self.cases.lengths[part] if constructor == TUPLE else len(self.program.constructors[constructor].fields)
        fields = (self.pattern(Part(part.parameter, (*part.path, (constructor, i)))) for i in range(count))
        built = core.Construct(constructor, tuple(fields), NOWHERE)
        return core.Local(f"({show_term(built)} as {self.names[part]})", NOWHERE) if part in self.names else built

    def condition(self, value: Symbolic, constructor: str) -> str:
        """That a value is built by a constructor."""
        if isinstance(value, Computed) and value.operator == IS:
            one, other = (show_term(self.term(v)) for v in value.operands)
            return f"{one} is {other}" if constructor == "True" else f"{one} is not {other}"
        if constructor not in ("True", "False"):
            count = 0 if constructor == TUPLE else len(self.program.constructors[constructor].fields)
            built = f"_ {CONS} _" if constructor == CONS else " ".join([spelled(constructor), *["_"] * count])
            return f"{show_term(self.term(value))} is {built}"
        holds = constructor == "True"
        while isinstance(value, Computed) and value.operator == "not":
            (value,), holds = value.operands, not holds
        if not holds and isinstance(value, Computed) and value.operator in _OPPOSITES:
            value, holds = Computed(_OPPOSITES[value.operator], value.operands), True
        term = self.term(value)
        return show_term(term if holds else core.Primitive("not", (term,), NOWHERE))

    def term(self, value: Symbolic) -> core.Term:
        """A value as a term of the language; what stands for values is never deep."""
        if isinstance(value, Part):
            if self._is_constant(value):
                return core.Construct(self.shown[value], (), NOWHERE)
            return core.Local(self.names[value], NOWHERE)
        if isinstance(value, Known):
            return core.Literal(value.datum, NOWHERE)
        if isinstance(value, Called):
            return _applied(value.function, [self.term(a) for a in value.arguments])
        if isinstance(value, Made):
            return core.Construct(value.constructor, tuple(map(self.term, value.fields)), NOWHERE)
        if isinstance(value, Joined):
            return core.Primitive("++", (self.term(value.left), self.term(value.right)), NOWHERE)
        if isinstance(value, Field):
            # No term of the language takes a field out of a value by itself: it reads like a constructor on the value here.
            return core.Construct(f"field {value.index + 1} of", (self.term(value.of),), NOWHERE)
        return core.Primitive(value.operator, tuple(map(self.term, value.operands)), NOWHERE)


def _applied(function: str, arguments: Sequence[core.Term]) -> core.Term:
    head = core.Global(function, NOWHERE)
    return core.Apply(head, tuple(arguments), NOWHERE) if arguments else head
