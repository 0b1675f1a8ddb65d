"""Measures of values: numbers that the constructors of a value decide, each by a rule for every constructor.

A *walk* says which parts of a value a recursion visits: from a state and a constructor, to which parts it goes on, and in which
state. A measure adds up a weight over the nodes that a walk meets, or takes the most steps that it makes in a row. Walks that meet
the same nodes are one walk here (their states are merged as Moore merged those of machines), so two functions that recur alike
share their measures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import factorial, floor
from typing import Any, TypeAlias

import sympy

from recsyn.lang.core import spelled
from recsyn.lang.program import Path, Program
from recsyn.lang.types import TypeConstant
from recsyn.semantics.cost.cases import Part
from recsyn.values import CONS, NIL, TUPLE, Datum, Value, postorder

Formula: TypeAlias = Any
"""A SymPy expression."""
State: TypeAlias = Any
Edges: TypeAlias = tuple[tuple[Path, State], ...]
Walk: TypeAlias = Mapping[State, Mapping[str, Edges]]
Weights: TypeAlias = Mapping[tuple[State, str], Formula]

ITSELF = -1
"""The parameter number of the value that a rule speaks of."""
_SPELLINGS = {CONS: "items", NIL: "ends", TUPLE: "tuples"}


@dataclass(frozen=True)
class Measure:
    """``rules`` gives for a constructor the measure of a value built by it, over measures of its parts; 0 where it has none.
    ``words`` defines it, with ``{0}`` for the value."""

    number: int
    name: str
    words: str
    rules: Mapping[str, Formula]

    def of(self, parameter: str) -> Formula:
        """The symbol for the measure of a parameter."""
        return sympy.Symbol(f"{self.name}({parameter})", integer=True, nonnegative=True)


_Rule: TypeAlias = tuple[int, list[tuple[int, tuple[int, ...]]], Callable[..., int]]
"""A measure, which measures of which parts its rule reads, and the rule."""


@dataclass
class Measures:
    """The measures that one analysis has met. Atoms are symbols that stand for one measure of one part."""

    program: Program
    all: list[Measure] = field(default_factory=list)
    _known: dict[Any, int] = field(default_factory=dict)
    _atoms: dict[Formula, tuple[int, Part]] = field(default_factory=dict)
    _compiled: dict[tuple[str, frozenset[int]], list[_Rule]] = field(default_factory=dict)

    def atom(self, measure: int, part: Part) -> Formula:
        path = "".join(f".{c}{i}" for c, i in part.path)
        symbol = sympy.Symbol(f"m{measure}@{part.parameter}{path}", integer=True, nonnegative=True)
        self._atoms[symbol] = (measure, part)
        return symbol

    def atoms(self, formula: Formula) -> dict[Formula, tuple[int, Part]]:
        """The atoms of a formula, and what each stands for."""
        found = {s: self._atoms[s] for s in formula.free_symbols if s in self._atoms}
        return dict(sorted(found.items(), key=lambda item: str(item[0])))

    def moved(self, formula: Formula, parameter: int) -> Formula:
        """The formula with its atoms on one parameter turned into those of the value itself."""
        atoms = self.atoms(formula)
        return formula.xreplace({s: self.atom(m, Part(ITSELF, p.path)) for s, (m, p) in atoms.items() if p.parameter == parameter})

    def count(self, *constructors: str) -> int:
        """The measure that counts constructors of one type in a value of it."""
        walk = {0: {c: tuple((p, 0) for p in self.recursive(c)) for c in self.family(constructors[0])}}
        return self.total(0, walk, {(0, c): 1 for c in constructors})

    def recursive(self, constructor: str) -> tuple[Path, ...]:
        """The ways to the fields of a constructor that are of its own type."""
        if constructor == TUPLE:
            return ()
        found = self.program.constructors[constructor]
        own = (i for i, f in enumerate(found.fields) if isinstance(f, TypeConstant) and f.name == found.datatype)
        return tuple(((constructor, i),) for i in own)

    def family(self, constructor: str) -> tuple[str, ...]:
        if constructor == TUPLE:
            return (TUPLE,)
        return tuple(c.name for c in self.program.datatypes[self.program.constructors[constructor].datatype].constructors)

    def total(self, root: State, walk: Walk, weights: Weights) -> int:
        """The measure that adds up the weights of the nodes that a walk meets. Weights speak of the parts of :data:`ITSELF`."""
        useful = {state for state, _ in weights}
        while more := {s for s, rows in walk.items() if s not in useful and any(t in useful for e in rows.values() for _, t in e)}:
            useful |= more
        kept = {
            s: {c: tuple((p, t) for p, t in e if t in useful) for c, e in rows.items()}
            for s, rows in walk.items()
            if s in useful or s == root
        }
        return self._define("total", root, kept, {k: sympy.sympify(w) for k, w in weights.items()})

    def height(self, root: State, walk: Walk) -> int:
        """The measure that gives the most steps that a walk makes in a row."""
        return self._define("height", root, walk, {})

    def _define(self, kind: str, root: State, walk: Walk, weights: Weights) -> int:
        merged, starts = _merged(walk, weights)
        keys = {state: (kind, _canonical(state, merged)) for state in merged}
        start = starts[root]
        if keys[start] in self._known:
            return self._known[keys[start]]
        fresh = [s for s in _reached(start, merged) if keys[s] not in self._known]
        for state in fresh:
            name, words = self._described(kind, state, merged)
            self._known[keys[state]] = len(self.all)
            self.all.append(Measure(len(self.all), self._unused(name), words, {}))
        for state in fresh:
            number = self._known[keys[state]]
            rules: dict[str, Formula] = {}
            for constructor, (weight, edges) in merged[state].items():
                below = [self.atom(self._known[keys[s]], Part(ITSELF, path)) for path, s in edges]
                if kind == "total":
                    rules[constructor] = weight + sum(below)
                elif below:
                    rules[constructor] = 1 + sympy.Max(*below)
            found = self.all[number]
            self.all[number] = Measure(number, found.name, found.words, rules)
        return self._known[keys[start]]

    def _unused(self, name: str) -> str:
        taken = {m.name for m in self.all}
        number = 2
        wanted = name
        while wanted in taken:
            wanted, number = f"{name}_{number}", number + 1
        return wanted

    def _described(self, kind: str, state: State, walk: _Merged) -> tuple[str, str]:
        """A name for a measure and its definition in words."""
        reached = _reached(state, walk)
        rows = [(s, c, weight, edges) for s in reached for c, (weight, edges) in walk[s].items()]
        going = [(c, edges) for _, c, _, edges in rows if edges]
        whole = self._whole([walk[s] for s in reached])
        met = self._met(going)
        several = len({c for _, c, _, _ in rows}) < len(rows)
        if several:
            met = self._met_by_turns(reached, walk)
        if kind == "height":
            if whole:
                return "height", "the number of steps on the longest way down {0}"
            return "height", f"the most steps in a row from the root of {{0}}, where one goes on {met}"
        weighed = [(c, weight) for _, c, weight, _ in rows if weight != 0]
        turns = [f" at turn {reached.index(s) + 1}" if several and not whole else "" for s, _, weight, _ in rows if weight != 0]
        said = " and ".join(f"`{spelled(c)}`{turn}" for (c, _), turn in zip(weighed, turns, strict=True))
        name = "_".join(dict.fromkeys(_SPELLINGS.get(c, spelled(c)) for c, _ in weighed))
        if all(weight == 1 for _, weight in weighed):
            if whole and len(reached) == 1 and weighed[0][0] == CONS:
                return "length", "the number of items in {0}"
            if whole:
                return name, f"the number of {said} in {{0}}"
            if not going:
                return f"is_{name}", f"1 where {{0}} is built by {said}, else 0"
            if len(going) == 1 and len(weighed) == 1 and going[0][0] == weighed[0][0]:
                return self._leading(*going[0], name, said)
            return f"met_{name}", f"the number of {said} met from the root of {{0}}, where one goes on {met}"
        where = "in {0}" if whole else f"met from the root of {{0}}, where one goes on {met},"
        parts = " and ".join(f"over every `{spelled(c)}` {where} of {self._weight(w)}" for c, w in weighed)
        side = self._side(weighed[0][1]) if len(weighed) == 1 else ""
        return f"{side}sum_{name}", f"the sum {parts}"

    def _whole(self, states: Sequence[Mapping[str, tuple[Formula, Edges]]]) -> bool:
        """Whether a walk goes, once, into every field that is of one of its types; into a field of any type, only where its states
        tell such fields apart from the rest."""
        weights: dict[str, set[Formula]] = {}
        for rows in states:
            for constructor, (weight, _) in rows.items():
                weights.setdefault(constructor, set()).add(weight)
        if any(len(found) > 1 for found in weights.values()):
            return False
        types = {self._datatype(c) for c in weights}
        for rows in states:
            for constructor in {other for c in rows for other in self.family(c)}:
                if constructor == TUPLE:
                    return False
                paths = [p for p, _ in rows.get(constructor, (0, ()))[1]]
                fields = self.program.constructors[constructor].fields
                own = {((constructor, i),) for i, f in enumerate(fields) if isinstance(f, TypeConstant) and f.name in types}
                if len(set(paths)) < len(paths) or not own <= set(paths) or any(len(p) > 1 for p in paths):
                    return False
                if len(states) == 1 and own != set(paths):
                    return False
        return True

    def _datatype(self, constructor: str) -> str:
        return TUPLE if constructor == TUPLE else self.program.constructors[constructor].datatype

    def _leading(self, constructor: str, edges: Edges, name: str, said: str) -> tuple[str, str]:
        ways = tuple(p for p, _ in edges)
        own = self.recursive(constructor)
        if ways == own:
            return f"leading_{name}", f"the number of {said} at the start of {{0}}, before any other constructor"
        where = f"the number of {said} met from the root of {{0}}, where one goes on {self._met([(constructor, edges)])}"
        if len(own) == 2 and ways in ((own[0],), (own[1],)):
            return f"{'left' if ways[0] == own[0] else 'right'}_{name}", where
        return f"met_{name}", where

    def _side(self, weight: Formula) -> str:
        """``left_`` or ``right_`` for a measure of one of the two fields that are of the constructor's own type."""
        atoms = list(self.atoms(weight).values())
        if len(atoms) == 1 and len(atoms[0][1].path) == 1:
            own = self.recursive(atoms[0][1].path[0][0])
            if len(own) == 2 and atoms[0][1].path in own:
                return "left_" if atoms[0][1].path == own[0] else "right_"
        return ""

    def _weight(self, weight: Formula) -> str:
        atoms = self.atoms(weight)
        if weight in atoms:
            measure, part = atoms[weight]
            return self.all[measure].words.format(f"its {_way(part.path)}")
        shown = {s: sympy.Symbol(f"{self.all[m].name}({_way(p.path)})") for s, (m, p) in atoms.items()}
        return f"{weight.xreplace(shown)}"

    def _met(self, going: Sequence[tuple[str, Edges]]) -> str:
        return ", ".join(f"from `{spelled(c)}` into {_ways([p for p, _ in edges])}" for c, edges in going) or "nowhere"

    def _met_by_turns(self, reached: Sequence[State], walk: _Merged) -> str:
        """Which way a walk goes on whose states do not go by constructors alone."""
        said = []
        for turn, state in enumerate(reached, 1):
            for constructor, (_, edges) in walk[state].items():
                onward = " and ".join(f"{_way(p)} for turn {reached.index(s) + 1}" for p, s in edges)
                if onward:
                    said.append(f"at turn {turn} from `{spelled(constructor)}` into {onward}")
        return ", ".join(said)

    def on(self, measures: Sequence[int], datum: Datum) -> list[int]:
        """Measures of a value, exactly, in one pass over its nodes."""
        needed, waiting = set(measures), list(measures)
        while waiting:
            for rule in self.all[waiting.pop()].rules.values():
                further = {m for m, _ in self.atoms(rule).values()} - needed
                needed |= further
                waiting.extend(further)
        if not isinstance(datum, Value):
            return [0] * len(measures)
        wanted = frozenset(needed)
        found: dict[int, dict[int, int]] = {m: {} for m in wanted}
        for node in postorder(datum):
            here = id(node)
            for number, reads, rule in self._rules_at(node.constructor, wanted):
                values = []
                for of, path in reads:
                    at: Datum = node
                    for index in path:
                        at = at.fields[index]
                    values.append(found[of].get(id(at), 0))
                found[number][here] = rule(*values)
        return [found[measure].get(id(datum), 0) for measure in measures]

    def _rules_at(self, constructor: str, needed: frozenset[int]) -> list[_Rule]:
        """How the measures that are needed are worked out at a constructor; those without a rule there are 0."""
        key = (constructor, needed)
        if key not in self._compiled:
            rules = [(m, self.all[m].rules[constructor]) for m in needed if constructor in self.all[m].rules]
            self._compiled[key] = []
            for number, rule in rules:
                atoms = self.atoms(rule)
                reads = [(m, tuple(index for _, index in part.path)) for m, part in atoms.values()]
                self._compiled[key].append((number, reads, compiled(rule, list(atoms))))
        return self._compiled[key]


_EXACT = {
    "Max": max,
    "Min": min,
    "floor": floor,
    "factorial": lambda n: factorial(int(n)),
    "fibonacci": lambda n: int(sympy.fibonacci(int(n))),
}


def compiled(formula: Formula, symbols: Sequence[Formula]) -> Callable[..., int]:
    """The formula as a function of integers, which computes exactly. It raises ``ArithmeticError`` where a value is no integer."""
    formula = sympy.sympify(formula)
    if formula.has(sympy.Sum):
        return lambda *values: _whole(formula.subs(dict(zip(symbols, values, strict=True)), simultaneous=True).doit())
    plain = (sympy.Add, sympy.Mul, sympy.Symbol, sympy.Integer, sympy.Max, sympy.Min)
    if all(isinstance(e, plain) for e in sympy.preorder_traversal(formula)):
        whole: Callable[..., int] = sympy.lambdify(symbols, formula, modules=[_EXACT])
        return whole
    # Python would divide into floating point: with fractions for all numbers and variables, it does not.
    parts = sorted(formula.atoms(sympy.Rational) - formula.atoms(sympy.Integer))
    names = [sympy.Symbol(f"part{i}") for i in range(len(parts))]
    function = sympy.lambdify([*names, *symbols], formula.xreplace(dict(zip(parts, names, strict=True))), modules=[_EXACT, "math"])
    fractions = [Fraction(int(part.p), int(part.q)) for part in parts]
    return lambda *values: _whole(function(*fractions, *map(Fraction, values)))


def _whole(number: Formula | Fraction | int) -> int:
    if number != int(number):
        raise ArithmeticError(f"{number} is no whole number")
    return int(number)


_Merged: TypeAlias = dict[State, dict[str, tuple[Formula, Edges]]]


def _merged(walk: Walk, weights: Weights) -> tuple[_Merged, dict[State, int]]:
    """The walk with states that cannot be told apart made one (Moore's refinement), and which state each became."""
    kind = dict.fromkeys(walk, 0)
    while True:
        signatures = {
            s: (
                kind[s],
                frozenset(
                    (c, weights.get((s, c), 0), tuple(sorted((p, kind[t]) for p, t in edges)))
                    for c, edges in rows.items()
                    if edges or (s, c) in weights
                ),
            )
            for s, rows in walk.items()
        }
        numbers: dict[Any, int] = {}
        refined = {s: numbers.setdefault(signature, len(numbers)) for s, signature in signatures.items()}
        if len(numbers) == len(set(kind.values())):
            break
        kind = refined
    merged: _Merged = {}
    for s, rows in walk.items():
        merged.setdefault(
            kind[s],
            {
                c: (sympy.sympify(weights.get((s, c), 0)), tuple(sorted((p, kind[t]) for p, t in edges)))
                for c, edges in rows.items()
                if edges or (s, c) in weights
            },
        )
    return merged, kind


def _reached(start: State, walk: _Merged) -> list[State]:
    found = {start: None}
    waiting = [start]
    for state in waiting:
        for constructor in sorted(walk[state]):
            for _, other in walk[state][constructor][1]:
                if other not in found:
                    found[other] = None
                    waiting.append(other)
    return list(found)


def _canonical(start: State, walk: _Merged) -> Any:
    order = {state: number for number, state in enumerate(_reached(start, walk))}
    return tuple(
        tuple((c, weight, tuple((p, order[t]) for p, t in edges)) for c, (weight, edges) in sorted(walk[state].items()))
        for state in order
    )


def _way(path: Path) -> str:
    """A way to a part in words, fields counted from 1."""
    return " of ".join(f"field {index + 1}" for _, index in reversed(path))


def _ways(paths: Sequence[Path]) -> str:
    """Ways to parts in words; one that is gone more than once is counted as often."""
    times = {1: "", 2: " twice", 3: " three times"}
    return " and ".join(_way(p) + times.get(paths.count(p), f" {paths.count(p)} times") for p in dict.fromkeys(paths))
