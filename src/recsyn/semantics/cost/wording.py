"""Equations and formulas as text, in the names that their author gave."""

from __future__ import annotations

from collections.abc import Iterator

import sympy

from recsyn.lang.core import spelled
from recsyn.semantics.cost.analysis import Analysis, Equation, System
from recsyn.semantics.cost.cases import Called, Joined, Known, Made, Part, Symbolic
from recsyn.semantics.cost.measures import Formula
from recsyn.values import CONS, TUPLE, Value, show

LETTERS = {"unfoldings": "T", "own": "G", "rounds": "R"}
"""How each quantity is called in recurrences."""


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
    """The equations of a system, one a line."""
    for function, equations in system.equations.items():
        for equation in sorted(equations, key=lambda e: len(analysis.unknowns(e.formula))):
            yield _Words(analysis, system, function).line(equation)


class _Words:
    def __init__(self, analysis: Analysis, system: System, function: str) -> None:
        self.analysis = analysis
        self.letter = LETTERS[system.quantity.kind]
        self.function = function
        self.parameters = parameter_names(analysis, function)
        self.names = analysis.cases(function).names

    def line(self, equation: Equation) -> str:
        shown = dict(equation.roots)
        arguments = [self._pattern(Part(j), equation, shown, True) for j in range(len(self.parameters))]
        left = " ".join([spelled(self.function), *arguments])
        by = {
            s: sympy.Symbol(f"{self.letter}({self._call(u.function, u.arguments)})")
            for s, u in self.analysis.unknowns(equation.formula).items()
        }
        for symbol, (measure, part) in self.analysis.measures.atoms(equation.formula).items():
            by[symbol] = sympy.Symbol(f"{self.analysis.measures.all[measure].name}({self._part(part)})")
        return f"{self.letter}({left}) = {equation.formula.xreplace(by)}"

    def _part(self, part: Part) -> str:
        if not part.path:
            return self.parameters[part.parameter]
        fields = "".join(f".{index + 1}" for _, index in part.path)
        return self.names.get(part, f"{self.parameters[part.parameter]}{fields}")

    def _pattern(self, part: Part, equation: Equation, shown: dict[Part, str], argument: bool) -> str:
        constructor = equation.shown.get(part)
        if constructor is None:
            return self._part(part) if part in self.names or not part.path else "_"
        if constructor == TUPLE:
            return self._part(part)
        count = len(self.analysis.program.constructors[constructor].fields)
        inside = [Part(part.parameter, (*part.path, (constructor, i))) for i in range(count)]
        if constructor == CONS:
            text = f"{self._pattern(inside[0], equation, shown, True)} :: {self._pattern(inside[1], equation, shown, False)}"
        else:
            text = " ".join([spelled(constructor), *(self._pattern(p, equation, shown, True) for p in inside)])
        return f"({text})" if argument and inside else text

    def _call(self, function: str, arguments: tuple[Symbolic, ...]) -> str:
        return " ".join([spelled(function), *(self._value(a, True) for a in arguments)])

    def _value(self, value: Symbolic, argument: bool) -> str:
        if isinstance(value, Part):
            return self._part(value)
        if isinstance(value, Known):
            text = show(value.datum)
            return f"({text})" if argument and isinstance(value.datum, Value) and " " in text and text[0] not in '["(' else text
        if isinstance(value, Called):
            text = self._call(value.function, value.arguments)
        elif isinstance(value, Joined):
            text = f"{self._value(value.left, True)} ++ {self._value(value.right, True)}"
        elif isinstance(value, Made) and value.constructor == CONS:
            text = f"{self._value(value.fields[0], True)} :: {self._value(value.fields[1], False)}"
        elif isinstance(value, Made) and value.constructor == TUPLE:
            return f"({', '.join(self._value(f, False) for f in value.fields)})"
        elif isinstance(value, Made):
            text = " ".join([spelled(value.constructor), *(self._value(f, True) for f in value.fields)])
        else:
            return "…"
        return f"({text})" if argument and " " in text else text
