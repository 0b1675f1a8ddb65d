"""From definitions to equations: what each case of a function costs, or how large what it gives is, over measures of its arguments
and the same quantity of its recursive calls. A call of another function is replaced by that function's own formula."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import sympy

from recsyn.lang import core
from recsyn.lang.core import spelled
from recsyn.lang.program import Path, Program
from recsyn.semantics.cost.cases import (
    Called,
    Case,
    Cases,
    Field,
    Joined,
    Known,
    Made,
    Part,
    Shown,
    Symbolic,
    cases_of,
    field_of,
    inside,
    parts_of,
    resolved,
    siblings,
)
from recsyn.semantics.cost.counting import NOWHERE, recursive_groups
from recsyn.semantics.cost.measures import ITSELF, Formula, Measures
from recsyn.semantics.cost.refusal import NoClosedForm
from recsyn.values import CONS, NIL

_DEEPEST = 30
"""So many functions are analysed, each for the sake of another."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What is asked of a function: ``unfoldings``, ``own`` unfoldings, ``rounds``, or of its ``output`` a measure of the part at
    the end of ``path``."""

    kind: str
    path: Path = ()
    measure: int = -1


@dataclass(frozen=True, slots=True)
class Unknown:
    """A recursive call in an equation, with what is shown of the arguments there."""

    function: str
    arguments: tuple[Symbolic, ...]
    shown: Shown


@dataclass(frozen=True, slots=True)
class Equation:
    """The quantity where ``roots`` is what matching has shown of the arguments (``shown`` with all that is beside it), and the
    values in ``conditions``, which are no parts of them, are built by these constructors."""

    roots: tuple[tuple[Part, str], ...]
    shown: Shown
    formula: Formula
    conditions: tuple[tuple[Symbolic, str], ...]


@dataclass(frozen=True, slots=True)
class System:
    """The equations of a function and of those of its group that it calls, of one quantity."""

    root: str
    quantity: Quantity
    equations: Mapping[str, tuple[Equation, ...]]


@dataclass
class Analysis:
    """All that is found out about one program. Formulas of a function speak of atoms, each a measure of one parameter."""

    program: Program
    measures: Measures
    systems: dict[tuple[str, Quantity], System] = field(default_factory=dict)
    _cases: dict[str, Cases] = field(default_factory=dict)
    _found: dict[tuple[str, Quantity], Formula | NoClosedForm] = field(default_factory=dict)
    _within: list[tuple[frozenset[str], Quantity]] = field(default_factory=list)
    _dropping: dict[tuple[str, int], bool] = field(default_factory=dict)
    _unknowns: dict[Formula, Unknown] = field(default_factory=dict)
    _symbols: dict[object, Formula] = field(default_factory=dict)

    def formula(self, function: str, quantity: Quantity) -> Formula:
        """The quantity of a function over measures of its parameters. Raises :class:`NoClosedForm`."""
        from recsyn.semantics.cost.solving import solved

        key = (function, quantity)
        if key not in self._found:
            members = self._members(function)
            if any(quantity == q and not names.isdisjoint(members) for names, q in self._within):
                raise NoClosedForm(f"the sizes of what `{spelled(function)}` gives depend on one another")
            if len(self._within) == _DEEPEST:
                raise NoClosedForm("the sizes of what it calls rest on each other in too long a row")
            self._within.append((frozenset(members), quantity))
            try:
                system = System(function, quantity, {m: self._equations(m, quantity) for m in members})
                self.systems[key] = system
                self._found[key] = solved(self, system)
            except NoClosedForm as refused:
                self._found[key] = refused
            finally:
                self._within.pop()
        found = self._found[key]
        if isinstance(found, NoClosedForm):
            inside = self._within and function not in self._within[-1][0] and "(in `" not in str(found)
            raise NoClosedForm(f"{found} (in `{spelled(function)}`)") if inside else found
        return found

    def cases(self, function: str) -> Cases:
        if function not in self._cases:
            self._cases[function] = cases_of(self.program, self.program.definitions[function])
        return self._cases[function]

    def unknowns(self, formula: Formula) -> dict[Formula, Unknown]:
        """The recursive calls in a formula."""
        found = {s: self._unknowns[s] for s in formula.free_symbols if s in self._unknowns}
        return dict(sorted(found.items(), key=lambda item: str(item[0])))

    def measured(self, measure: int, value: Symbolic, shown: Shown) -> Formula:
        """A measure of a value over atoms and recursive calls. Raises :class:`NoClosedForm`."""
        value = resolved(value, shown, self.program)
        if isinstance(value, Known):
            return sympy.Integer(self.measures.on([measure], value.datum)[0])
        if isinstance(value, Part):
            return self.measures.atom(measure, value)
        if isinstance(value, Made):
            rule = sympy.sympify(self.measures.all[measure].rules.get(value.constructor, 0))
            return rule.xreplace(
                {s: self.measured(m, self._at(value, p.path, shown), shown) for s, (m, p) in self.measures.atoms(rule).items()}
            )
        if isinstance(value, Joined):
            return self._joined(measure, value, shown)
        path: Path = ()
        at: Symbolic = value
        while isinstance(at, Field):
            if len(siblings(self.program, at.constructor)) > 1:
                break
            path = ((at.constructor, at.index), *path)
            at = at.of
        if isinstance(at, Called):
            return self._of_call(at, Quantity("output", path, measure), shown)
        raise NoClosedForm("it depends on a part of what a call gives, or on what an operator gives")

    def _at(self, value: Symbolic, path: Path, shown: Shown) -> Symbolic:
        for constructor, index in path:
            value = resolved(value, shown, self.program)
            if isinstance(value, Made) and value.constructor != constructor:
                raise NoClosedForm("it depends on a part that is not there")
            value = field_of(value, constructor, index)
        return value

    def _joined(self, measure: int, value: Joined, shown: Shown) -> Formula:
        """Of ``left ++ right``, where every item of a list adds to the measure what it has itself."""
        rules = self.measures.all[measure].rules
        step, end = sympy.sympify(rules.get(CONS, 0)), sympy.sympify(rules.get(NIL, 0))
        rest = self.measures.atom(measure, Part(ITSELF, ((CONS, 1),)))
        item = step - rest
        if any(p.path[:1] == ((CONS, 1),) for _, p in self.measures.atoms(item).values()):
            if step == 0 and end == 0:
                return sympy.Integer(0)
            raise NoClosedForm("it depends on where `++` joins two lists")
        return self.measured(measure, value.left, shown) + self.measured(measure, value.right, shown) - end

    def _of_call(self, call: Called, quantity: Quantity, shown: Shown) -> Formula:
        names, asked = self._within[-1]
        if asked == quantity and call.function in names:
            within = [v for v in inside(call.arguments) if isinstance(v, Part)]
            known = frozenset((k, c) for k, c in shown.items() if isinstance(k, Part) and any(_under(k, p) for p in within))
            key = (call.function, call.arguments, known, quantity)
            if key not in self._symbols:
                symbol = sympy.Symbol(f"x{len(self._symbols)}", integer=True, nonnegative=True)
                self._symbols[key] = symbol
                self._unknowns[symbol] = Unknown(call.function, call.arguments, shown)
            return self._symbols[key]
        formula = self.formula(call.function, quantity)
        atoms = self.measures.atoms(formula)
        by = {s: self.measured(m, self._at(call.arguments[p.parameter], p.path, shown), shown) for s, (m, p) in atoms.items()}
        return formula.subs(by, simultaneous=True)

    def _members(self, function: str) -> tuple[str, ...]:
        """The functions of a function's group that it calls, itself first."""
        group = self.program.definitions[function].group
        found = {function: None}
        waiting = [function]
        for name in waiting:
            for case in self.cases(name).each:
                for call in case.calls:
                    if call.function in group and call.function not in found:
                        found[call.function] = None
                        waiting.append(call.function)
        return tuple(found)

    def _equations(self, function: str, quantity: Quantity) -> tuple[Equation, ...]:
        """One equation for each way in which the arguments, and what else decides, come out."""
        ways = {tuple(c.shown.items()): sympy.expand(self._of_case(c, function, quantity)) for c in self.cases(function).each}
        found = []
        for way, formula in self._coarsest(ways).items():
            shown = dict(way)
            conditions = tuple((k, c) for k, c in way if not isinstance(k, Part))
            found.append(Equation(self._roots(shown), shown, formula, conditions))
        return tuple(found)

    def _of_case(self, case: Case, function: str, quantity: Quantity) -> Formula:
        if quantity.kind == "output":
            value = self._at(case.result, quantity.path, case.shown)
            return self.measured(quantity.measure, value, case.shown)
        if quantity.kind == "rounds":
            return self._rounds(case, function, quantity)
        group = self.program.definitions[function].group
        counted = case.calls if quantity.kind == "unfoldings" else [c for c in case.calls if c.function in group]
        return 1 + sum(self._of_call(c, quantity, case.shown) for c in counted)

    def _rounds(self, case: Case, function: str, quantity: Quantity) -> Formula:
        """A function that recurs takes a round and then those of its calls that take the most; another no round of its own. Where
        one call waits for another, there is no saying."""
        groups = recursive_groups(self.program, core.Global(function, NOWHERE))
        if len(groups) > 1:
            raise NoClosedForm("it calls recursive functions of several groups, which are all unfolded in rounds")
        if not groups:
            return sympy.Integer(0)
        (names,) = groups

        def counts(name: str) -> bool:
            return name in names or names in recursive_groups(self.program, core.Global(name, NOWHERE))

        def waits(values: Iterable[Symbolic]) -> bool:
            return any(isinstance(v, Called) and counts(v.function) for v in inside(values))

        if function in names:
            taken = [(c, before) for c, before in zip(case.calls, case.looked_at, strict=True) if c.function in names]
        else:
            taken = [(c, before) for c, before in zip(case.calls, case.looked_at, strict=True) if counts(c.function)]
        for call, before in taken:
            looked_at = [a for j, a in enumerate(call.arguments) if call.function not in names or self._looks_at(call.function, j)]
            if waits([*before, *looked_at]):
                raise NoClosedForm("some of its recursive calls wait for what others give")
        used = list(self._used([case.result, *(v for before in case.looked_at for v in before)]))
        if any(call not in used for call, _ in taken):
            raise NoClosedForm("what some of its recursive calls give is not always needed")
        most = sympy.Max(0, *(self._of_call(c, quantity, case.shown) for c, _ in taken))
        return most + 1 if function in names else most

    def _used(self, values: Iterable[Symbolic]) -> Iterator[Symbolic]:
        """The values and what they are made of, without what a function gets for a parameter that it may drop."""
        waiting = list(values)
        while waiting:
            at = waiting.pop()
            yield at
            if isinstance(at, Called):
                waiting.extend(a for j, a in enumerate(at.arguments) if not self._drops(at.function, j))
            else:
                waiting.extend(v for v in parts_of(at))

    def _drops(self, function: str, parameter: int) -> bool:
        """Whether there is a case in which a function neither looks at what it gets for a parameter nor puts it into its result."""
        key = (function, parameter)
        if key not in self._dropping:
            self._dropping[key] = False
            part = Part(parameter)
            self._dropping[key] = any(
                part not in case.shown
                and not any(isinstance(v, Part) and v.parameter == parameter for v in self._used([case.result, *case.shown]))
                for case in self.cases(function).each
            )
        return self._dropping[key]

    def _looks_at(self, function: str, parameter: int) -> bool:
        """Whether a function's way depends on what it gets for a parameter."""
        return any(
            isinstance(v, Part) and v.parameter == parameter
            for case in self.cases(function).each
            for v in inside([*case.shown, *(v for before in case.looked_at for v in before)])
        )

    def _roots(self, shown: Shown) -> tuple[tuple[Part, str], ...]:
        kept = ((k, c) for k, c in shown.items() if isinstance(k, Part) and (not k.path or len(siblings(self.program, c)) > 1))
        return tuple(sorted(kept, key=lambda item: (item[0].parameter, item[0].path, item[1])))

    def _coarsest(self, ways: dict[_Path, Formula]) -> dict[_Path, Formula]:
        """The ways, which are those down a tree of decisions, without each decision after which all goes on alike."""
        for length in range(max(map(len, ways), default=0), 0, -1):
            below: dict[_Path, dict[str, dict[_Path, Formula]]] = {}
            for way, formula in ways.items():
                if len(way) >= length:
                    below.setdefault(way[: length - 1], {}).setdefault(way[length - 1][1], {})[way[length:]] = formula
            kept = {way: formula for way, formula in ways.items() if len(way) < length}
            for before, each in below.items():
                key = next(way[length - 1][0] for way in ways if len(way) >= length and way[: length - 1] == before)
                first = next(iter(each.values()))
                alike = all(further == first for further in each.values())
                if alike and not self._speaks_of_what_is_in(key, first):
                    kept |= {(*before, *further): formula for further, formula in first.items()}
                else:
                    kept |= {(*before, (key, c), *rest): f for c, further in each.items() for rest, f in further.items()}
            ways = kept
        return ways

    def _speaks_of_what_is_in(self, key: Symbolic, ways: dict[_Path, Formula]) -> bool:
        if not isinstance(key, Part):
            return False
        parts = [p for f in ways.values() for _, p in self.measures.atoms(f).values()]
        values = [a for f in ways.values() for u in self.unknowns(f).values() for a in u.arguments]
        parts.extend(v for v in inside([*values, *(k for way in ways for k, _ in way)]) if isinstance(v, Part))
        return any(p != key and _under(p, key) for p in parts)


_Path: TypeAlias = tuple[tuple[Symbolic, str], ...]
"""What was found out on one way, in order."""


def _under(part: Part, other: Part) -> bool:
    return part.parameter == other.parameter and part.path[: len(other.path)] == other.path
