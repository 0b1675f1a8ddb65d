"""Which recursion other languages accept as it stands.

Coq asks that every call passes on, at one place for each function, a variable that a match has shown to be a part of what the
caller got at its own (the guard condition, Coq reference manual, "Inductive types and recursive functions"). Lean, where no such
place is, looks for an order of the arguments in which the calls decrease.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeAlias

from recsyn.lang import core
from recsyn.lang.program import Definition, Path, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.components import datatype_components, is_uniform, types_in
from recsyn.lang.targets.sugar import variables_used
from recsyn.lang.termination import Call, Place, calls_of
from recsyn.lang.types import ARROW, PRIMITIVE_TYPES, Type, TypeConstant, TypeVariable, constructors_of
from recsyn.values import TUPLE

Positions: TypeAlias = Mapping[str, int]
"""For each function the place of the argument that it recurs on."""

_MOST_CHOICES = 5_000


@dataclass(frozen=True)
class _Call:
    caller: str
    callee: str
    arguments: tuple[Place | None, ...]


class Guard:
    """Coq's guard condition, over the datatypes of one program."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._together: dict[str, frozenset[str]] = {"List": frozenset({"List"})}
        self._through_group: set[str] = set()
        transparent, in_groups = {"List", TUPLE, ARROW}, set[str]()
        for datatypes in datatype_components(program):
            names = frozenset(d.name for d in datatypes)
            around = {
                at.name
                for at in types_in(field for d in datatypes for c in d.constructors for field in c.fields)
                if isinstance(at, TypeConstant) and not names.isdisjoint(_names(at.arguments))
            }
            if around <= names | transparent:
                self._together.update(dict.fromkeys(names, names))
            if not in_groups.isdisjoint(around):
                self._through_group |= names
            if len(datatypes) > 1:
                in_groups |= names
            elif is_uniform(datatypes):
                transparent |= names

    def is_positive(self, datatype: str) -> bool:
        """Whether Coq sees that a datatype is strictly positive: it looks into the parameters only of types that recur at their own
        parameters."""
        return datatype in self._together

    def is_definable(self, datatype: str) -> bool:
        """Whether Coq has such datatypes at all: it has none that are parts of themselves through the parameter of a type that is
        defined together with others."""
        return datatype not in self._through_group

    def positions(self, definitions: Sequence[Definition]) -> Positions | None:
        """Where these functions, which call each other, decrease; ``None`` where Coq would not see it."""
        group = {d.name: d for d in definitions}
        calls = [call for d in definitions for call in _calls(d, group)]
        return _first(definitions, lambda chosen: all(self._decreases(call, chosen, group) for call in calls))

    def any_positions(self, definitions: Sequence[Definition]) -> Positions:
        """Arguments that Coq can be told of, the most promising, for functions that end for another reason."""
        arities = {d.name: len(d.parameters) for d in definitions}
        return {d.name: _most_decreasing(list(_candidates(d)), calls_of(d, arities)) for d in definitions}

    def _decreases(self, call: _Call, chosen: Positions, group: Mapping[str, Definition]) -> bool:
        position = chosen[call.callee]
        place = call.arguments[position] if position < len(call.arguments) else None
        if place is None or place[0] != chosen[call.caller]:
            return False
        return self._is_recursive(_parameter_types(group[call.caller])[place[0]], place[1])

    def _is_recursive(self, type: Type, path: Path) -> bool:
        """Whether a way leads from a datatype only through parts in which it, or what it is defined together with, occurs again by
        its own definition, and not because its parameter stands for such a type."""
        if not path or not isinstance(type, TypeConstant) or type.name not in self._together:
            return False
        together = self._together[type.name]
        at: Type = TypeConstant(type.name, tuple(TypeVariable(p) for p in self._program.datatypes[type.name].parameters))
        for constructor, field in path:
            at = next(c for c in constructors_of(at, self._program.datatypes) if c.name == constructor).fields[field]
            if together.isdisjoint(_names([at])):
                return False
        return True


def lexicographic(definitions: Sequence[Definition]) -> bool:
    """Whether the calls of these functions decrease in some order of the arguments of the one function, or, where there are several
    functions, never increase in one argument of each and decrease on every way round."""
    arities = {d.name: len(d.parameters) for d in definitions}
    calls = [call for d in definitions for call in calls_of(d, arities)]
    if len(definitions) > 1:

        def ends(chosen: Positions) -> bool:
            steps = [[bool(path) for i, path in c.places[chosen[c.callee]] if i == chosen[c.caller]] for c in calls]
            level = [(c.caller, c.callee) for c, smaller in zip(calls, steps, strict=True) if not any(smaller)]
            return all(steps) and _acyclic(level)

        return _first(definitions, ends) is not None
    waiting = [[{bool(path) for i, path in places if i == j} for j, places in enumerate(call.places)] for call in calls]
    while waiting:
        columns = (j for j in range(len(waiting[0])) if all(c[j] for c in waiting) and any(True in c[j] for c in waiting))
        column = next(columns, None)
        if column is None:
            return False
        waiting = [call for call in waiting if True not in call[column]]
    return True


def _most_decreasing(positions: Sequence[int], calls: Sequence[Call]) -> int:
    counts = {at: sum(any(i == at and path for i, path in places) for c in calls for places in c.places) for at in positions}
    return max(positions, key=counts.__getitem__)


def _acyclic(edges: Sequence[tuple[str, str]]) -> bool:
    rest = list(edges)
    while rest:
        callers = {caller for caller, _ in rest}
        kept = [(caller, callee) for caller, callee in rest if callee in callers]
        if len(kept) == len(rest):
            return False
        rest = kept
    return True


def _first(definitions: Sequence[Definition], suits: Callable[[Positions], bool]) -> Positions | None:
    names = [d.name for d in definitions]
    choices = product(*(tuple(_candidates(d)) for d in definitions))
    found = (dict(zip(names, choice, strict=True)) for choice in islice(choices, _MOST_CHOICES))
    return next((chosen for chosen in found if suits(chosen)), None)


def _candidates(definition: Definition) -> Iterator[int]:
    """The parameters that have parts."""
    for position, type in enumerate(_parameter_types(definition)):
        if isinstance(type, TypeConstant) and type.name != ARROW and type.name not in PRIMITIVE_TYPES:
            yield position


def _parameter_types(definition: Definition) -> list[Type]:
    type, found = definition.scheme.type, []
    for _ in definition.parameters:
        assert isinstance(type, TypeConstant)
        parameter, type = type.arguments
        found.append(parameter)
    return found


def _names(types: Sequence[Type]) -> set[str]:
    return {at.name for at in types_in(types) if isinstance(at, TypeConstant)}


def _calls(definition: Definition, group: Mapping[str, Definition]) -> list[_Call]:
    walk = _Walk(definition, group)
    run(walk.term(definition.body))
    return walk.calls


class _Walk:
    """The calls of one definition, with those arguments placed that are variables for a parameter or for a part of one."""

    def __init__(self, definition: Definition, group: Mapping[str, Definition]) -> None:
        self.definition = definition
        self.group = group
        self.places: dict[str, Place] = {name: (i, ()) for i, name in enumerate(definition.parameters)}
        self.calls: list[_Call] = []

    def term(self, term: core.Term) -> Deep[None]:
        inside = core.children(term)
        if isinstance(term, core.Global):
            self._call(term, ())
        elif isinstance(term, core.Apply) and isinstance(term.function, core.Global):
            self._call(term.function, term.arguments)
            inside = term.arguments
        elif isinstance(term, core.Match):
            for index, scrutinee in enumerate(term.scrutinees):
                # What stands twice beside itself, Coq replaces by what the first match has shown it to be.
                if variables_used(scrutinee).isdisjoint(variables_used(*term.scrutinees[:index])):
                    for arm in term.arms:
                        self._show(scrutinee, arm.patterns[index])
        elif isinstance(term, core.Let):
            yield self.term(term.bound)
            self._show(term.bound, core.Bind(term.name))
            inside = (term.body,)
        for child in inside:
            yield self.term(child)

    def _call(self, function: core.Global, arguments: Sequence[core.Term]) -> None:
        if function.name in self.group:
            self.calls.append(_Call(self.definition.name, function.name, tuple(map(self._place, arguments))))

    def _place(self, term: core.Term | None) -> Place | None:
        return self.places.get(term.name) if isinstance(term, core.Local) else None

    def _show(self, scrutinee: core.Term, pattern: core.Pattern) -> None:
        stack: list[tuple[core.Term | None, Place | None, core.Pattern]] = [(scrutinee, self._place(scrutinee), pattern)]
        while stack:
            term, place, at = stack.pop()
            if isinstance(at, core.Bind | core.Alias):
                if place is not None:
                    self.places[at.name] = place
                if isinstance(at, core.Alias):
                    stack.append((term, place, at.pattern))
            elif isinstance(at, core.Built):
                componentwise = isinstance(term, core.Construct) and term.constructor == TUPLE == at.constructor
                for index, field in enumerate(at.fields):
                    inner = term.fields[index] if componentwise else None  # type: ignore[union-attr]
                    below = self._place(inner) if inner is not None else place and (place[0], (*place[1], (at.constructor, index)))
                    stack.append((inner, below, field))
