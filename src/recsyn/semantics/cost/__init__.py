"""What a function costs, as a formula over measures of its arguments that follows from the function's own recurrence.

Counted are *unfoldings*, the δ steps of call-by-value evaluation: of all functions that are called, or of the function's own group
(itself and those defined with it) alone; and *rounds* (:mod:`recsyn.semantics.rounds`), in each of which every outstanding call of
the group is unfolded once, while other functions take no time: where no call waits for another, the height of the tree of the
group's calls. Operators (``++`` among them) unfold nothing.

A formula holds for every argument of the right type. It is proved from the recurrence by substitution, or collected from it node by
node, and before it is offered it is held against counted runs of the smallest inputs. Where that does not succeed there is none,
and the reason is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recsyn.errors import RecsynError, extra
from recsyn.lang.components import components
from recsyn.lang.core import Global, spelled, terms_in
from recsyn.lang.program import Program
from recsyn.lang.types import Type
from recsyn.semantics.cost.counting import (
    Counts,
    TooManyUnfoldings,
    counted,
    defined,
    not_first_order,
    parameter_types,
    reached_from,
    small_inputs,
)
from recsyn.semantics.function import Function
from recsyn.semantics.reference import Reference
from recsyn.values import Datum

if TYPE_CHECKING:
    from recsyn.semantics.cost.analysis import Analysis

_NAMES = {"unfoldings": "unfoldings", "own": "of its own group", "rounds": "rounds"}
_SHAPE_SIZES = 5
"""Specialisations are held against runs on so many sizes of the shape."""
_LONGEST_RUN, _LONGEST_RUNS = 2_000, 20_000
"""What one run, and all together, may take that a formula is held against, in unfoldings; inputs that take more are passed over."""


@dataclass(frozen=True)
class Definition:
    """A measure of one parameter: its symbol in formulas, and what it is, in words."""

    symbol: Any
    words: str


@dataclass(frozen=True)
class Special:
    """The formulas where a parameter is of one shape, over the number that says how large it is. ``None`` where there is none."""

    parameter: str
    shape: str
    unfoldings: Any
    own: Any
    rounds: Any


@dataclass(frozen=True)
class Cost:
    """The cost of one function. ``unfoldings``, ``own`` and ``rounds`` are SymPy expressions over the symbols in ``measures``, or
    ``None`` where no closed form was found; ``reasons`` says then why, by the same names."""

    function: str
    unfoldings: Any
    own: Any
    rounds: Any
    reasons: Mapping[str, str]
    measures: tuple[Definition, ...]
    recurrences: tuple[str, ...]
    shapes: tuple[Special, ...]
    _evaluate: Callable[[str, tuple[Datum, ...]], int] = field(repr=False, compare=False)

    def unfoldings_on(self, *arguments: Datum) -> int:
        """The unfoldings of all functions on these arguments, by the formula. Raises :class:`RecsynError` where there is none,
        :class:`InvalidValue` for arguments of another type."""
        return self._on("unfoldings", arguments)

    def own_on(self, *arguments: Datum) -> int:
        """The unfoldings of the function's own group; raises as :meth:`unfoldings_on`."""
        return self._on("own", arguments)

    def rounds_on(self, *arguments: Datum) -> int:
        """The rounds on these arguments; raises as :meth:`unfoldings_on`."""
        return self._on("rounds", arguments)

    def _on(self, quantity: str, arguments: tuple[Datum, ...]) -> int:
        if quantity in self.reasons:
            message = f"no closed form was found for the {_NAMES[quantity]} of `{self.function}`: {self.reasons[quantity]}"
            raise RecsynError(message, "count one run, with the function's `counted`")
        return self._evaluate(quantity, arguments)

    def rows(self) -> list[tuple[str, str]]:
        """A table of two columns, for a terminal: the formulas, what they speak of, where they come from, and what they become on
        shapes. A row with nothing on its right begins a part."""
        found = [(f"the cost of {self.function}", "")]
        for name, said in _NAMES.items():
            formula = getattr(self, name)
            found.append((said, f"no closed form found: {self.reasons[name]}" if formula is None else _said(formula)))
        if self.measures:
            found += [("where", ""), *((str(m.symbol), m.words) for m in self.measures)]
        if self.recurrences:
            found += [("from", ""), *(_sides(line) for line in self.recurrences)]
        for special in self.shapes:
            found.append((f"where {special.parameter} is {special.shape}", ""))
            for name, said in _NAMES.items():
                if getattr(special, name) is not None:
                    found.append((said, _said(getattr(special, name))))
        return found

    def __str__(self) -> str:
        rows = self.rows()
        width = max(len(left) for left, right in rows if right)
        return "\n".join(f"  {left:<{width}}  {right}" if right else left for left, right in rows)

    def to_json(self) -> dict[str, Any]:
        """As plain data; formulas are text that SymPy prints, ``null`` where there is none."""

        def formulas(of: Cost | Special) -> dict[str, str | None]:
            return {name: None if getattr(of, name) is None else str(getattr(of, name)) for name in _NAMES}

        return {
            "function": self.function,
            **formulas(self),
            "reasons": dict(self.reasons),
            "measures": [{"symbol": str(m.symbol), "definition": m.words} for m in self.measures],
            "recurrences": list(self.recurrences),
            "shapes": [{"parameter": s.parameter, "shape": s.shape, **formulas(s)} for s in self.shapes],
        }


def _said(formula: Any) -> str:
    """A formula for a table, which says where it is no closed form in the strict sense."""
    return f"{formula}, where SymPy knows no closed form of the sum" if "Sum(" in str(formula) else str(formula)


def _sides(equation: str) -> tuple[str, str]:
    left, _, right = equation.partition(" = ")
    return left, f"= {right}"


def cost_of(program: Program, name: str) -> Cost:
    """The cost of a function of a checked program. Raises :class:`RecsynError` where there is no such function, and
    :class:`MissingExtra` where SymPy is not installed."""
    name = defined(program, name)
    with extra("the cost of a function", "symbolic"):
        from recsyn.semantics.cost.analysis import Analysis
        from recsyn.semantics.cost.measures import Measures
    refused = not_first_order(program, name)
    if refused is not None:
        return Cost(spelled(name), None, None, None, dict.fromkeys(_NAMES, refused), (), (), (), _nothing)
    return _Costing(program, name, Analysis(program, Measures(program))).cost()


def _nothing(quantity: str, arguments: tuple[Datum, ...]) -> int:
    raise AssertionError(quantity, arguments)


def _callees_first(program: Program, name: str) -> Iterator[str]:
    """What a function calls, each after what it calls itself, so that no long row of calls is analysed one within another."""
    calls = {d.name: [t.name for t in terms_in(d.body) if isinstance(t, Global)] for d in reached_from(program, name)}
    for group in components(calls):
        yield from group


class _Costing:
    """The way from an analysis to a :class:`Cost`."""

    def __init__(self, program: Program, name: str, analysis: Analysis) -> None:
        self.program, self.name, self.analysis = program, name, analysis
        self.types: tuple[Type, ...] = parameter_types(program.definitions[name])
        self.formulas: dict[str, Any] = {}
        self.reasons: dict[str, str] = {}
        self.compiled: dict[str, tuple[dict[int, list[int]], Callable[..., int]]] = {}

    def cost(self) -> Cost:
        from recsyn.semantics.cost.analysis import Quantity
        from recsyn.semantics.cost.refusal import NoClosedForm
        from recsyn.semantics.cost.wording import for_parameters

        for name in _callees_first(self.program, self.name):
            with suppress(NoClosedForm):
                self.analysis.formula(name, Quantity("unfoldings"))
        for kind in _NAMES:
            try:
                self.formulas[kind] = self.analysis.formula(self.name, Quantity(kind))
            except NoClosedForm as refused:
                self.reasons[kind] = str(refused)
        self._hold()
        shown = {kind: for_parameters(self.analysis, self.name, formula) for kind, formula in self.formulas.items()}
        return Cost(
            spelled(self.name),
            shown.get("unfoldings"),
            shown.get("own"),
            shown.get("rounds"),
            self.reasons,
            tuple(self._definitions()),
            tuple(self._recurrences()),
            tuple(self._shapes()),
            self._checked,
        )

    def _hold(self) -> None:
        """Hold the formulas against runs; one that is wrong anywhere is withdrawn."""
        left = _LONGEST_RUNS
        for arguments in small_inputs(self.program, self.name):
            if not self.formulas or left <= 0:
                return
            try:
                counts = counted(self.program, self.name, arguments, _LONGEST_RUN)
            except TooManyUnfoldings:
                left -= _LONGEST_RUN
                continue
            left -= counts.unfoldings
            for kind in list(self.formulas):
                if not self._right(kind, arguments, getattr(counts, kind)):
                    del self.formulas[kind]
                    self.reasons[kind] = "what follows from its recurrence is not what runs count"

    def _right(self, kind: str, arguments: Sequence[Datum], number: int) -> bool:
        try:
            return self._evaluated(kind, arguments) == number
        except ArithmeticError:
            return False

    def _evaluated(self, kind: str, arguments: Sequence[Datum]) -> int:
        from recsyn.semantics.cost.cases import Part
        from recsyn.semantics.cost.measures import compiled

        if kind not in self.compiled:
            atoms = self.analysis.measures.atoms(self.formulas[kind])
            reads: dict[int, list[int]] = {}
            for measure, part in atoms.values():
                reads.setdefault(part.parameter, []).append(measure)
            symbols = [self.analysis.measures.atom(m, Part(j)) for j, ms in reads.items() for m in ms]
            self.compiled[kind] = (reads, compiled(self.formulas[kind], symbols))
        reads, formula = self.compiled[kind]
        return formula(*(value for j, ms in reads.items() for value in self.analysis.measures.on(ms, arguments[j])))

    def _checked(self, kind: str, arguments: tuple[Datum, ...]) -> int:
        Function(self.program, self.name, Reference(self.program)).check(arguments)
        return self._evaluated(kind, arguments)

    def _definitions(self) -> list[Definition]:
        """The measures in the formulas, and those that these are made of."""
        from recsyn.semantics.cost.wording import parameter_names

        measures = self.analysis.measures
        names = parameter_names(self.analysis, self.name)
        found: dict[tuple[int, int], Definition] = {}
        for formula in self.formulas.values():
            waiting = [(m, p.parameter) for m, p in measures.atoms(formula).values()]
            for number, parameter in waiting:
                if (number, parameter) not in found:
                    measure = measures.all[number]
                    found[number, parameter] = Definition(measure.of(names[parameter]), measure.words.format(names[parameter]))
        return list(found.values())

    def _recurrences(self) -> list[str]:
        from recsyn.semantics.cost.analysis import Quantity
        from recsyn.semantics.cost.wording import recurrences

        systems = (self.analysis.systems.get((self.name, Quantity(kind))) for kind in ("unfoldings", "rounds"))
        return [line for system in systems if system is not None for line in recurrences(self.analysis, system)]

    def _shapes(self) -> list[Special]:
        from recsyn.semantics.cost.refusal import NoClosedForm
        from recsyn.semantics.cost.shapes import on_shape, shapes_of
        from recsyn.semantics.cost.wording import for_parameters, parameter_names

        measures = self.analysis.measures
        names = parameter_names(self.analysis, self.name)
        found: list[Special] = []
        for parameter, type in enumerate(self.types):
            speaking = {
                k: f for k, f in self.formulas.items() if any(p.parameter == parameter for _, p in measures.atoms(f).values())
            }
            for shape in shapes_of(type, self.program, measures, names) if speaking else ():
                special: dict[str, Any] = dict.fromkeys(_NAMES)
                for kind, formula in speaking.items():
                    try:
                        on_it = on_shape(formula, parameter, shape, measures)
                    except NoClosedForm:
                        continue
                    if self._holds_on(on_it, kind, parameter, shape):
                        special[kind] = for_parameters(self.analysis, self.name, on_it)
                if any(formula is not None for formula in special.values()):
                    found.append(Special(names[parameter], shape.name, special["unfoldings"], special["own"], special["rounds"]))
        return found

    def _holds_on(self, formula: Any, kind: str, parameter: int, shape: Any) -> bool:
        """Whether the formula for a shape is what runs count on it, beside the smallest other arguments."""
        from recsyn.semantics.cost.shapes import built

        measures = self.analysis.measures
        others = small_inputs(self.program, self.name, 1)[-1]
        atoms = {s: measures.on([m], others[p.parameter])[0] for s, (m, p) in measures.atoms(formula).items()}
        for size in range(_SHAPE_SIZES):
            value = built(shape, self.types[parameter], size, self.program)
            arguments = (*others[:parameter], value, *others[parameter + 1 :])
            if formula.subs({**atoms, shape.symbol: size}) != getattr(counted(self.program, self.name, arguments), kind):
                return False
        return True


__all__ = ["Cost", "Counts", "Definition", "Special", "cost_of", "counted"]
