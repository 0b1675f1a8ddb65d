"""What the abstract machine of a function may look at, and which functions may look next: its table, from the program alone.

A match, an ``if`` or an operator may look at the input where what it is about may hold parts of it that are not known yet. That is
a least fixed point over the functions: a variable may hold such parts where what it stands for may, a parameter where an argument
may that it is given, and the result of a function where that of its body may.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from recsyn.lang import core
from recsyn.lang.printer import abridged, show_term
from recsyn.lang.program import Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.types import Constructor
from recsyn.semantics.machine.machine import RETURN, Row
from recsyn.semantics.machine.naming import COPYING
from recsyn.semantics.machine.residual import split
from recsyn.semantics.machine.running import token_of
from recsyn.semantics.machine.transducer import ANY, Mark, Segment
from recsyn.values import CONS, FALSE, NIL, TRUE, TUPLE, Datum, Value, show

_TERM = 16
"""Nodes of a term that a rule shows."""
_TRUTHS = TRUE.constructor, FALSE.constructor


def reading(site: core.Term | None, datum: Datum, constructors: Mapping[str, Constructor]) -> str:
    """What a term reads where it looks at a datum, as the machine's table says it."""
    if site is None:
        return ANY
    if _reads_whole(site):
        return _whole(site)
    if isinstance(datum, Value):
        return token_of(datum.constructor, constructors)
    known = isinstance(site, core.Match) and datum in _literals(site)
    return show(datum) if known else ANY


def rows_of(program: Program, name: str, call: core.Term, listed: bool, opaque: bool) -> Iterator[Row]:
    """A row for each function that may look at the input, for what it may read there, and for each function that may look next.
    ``opaque`` says whether functions that are known by their values only are among what is fixed: they look at their arguments."""
    table = _Table(program, name, opaque)
    copies = table.filled(call)
    notations = _notations(program, call, "items" if listed else "value")
    for state, reads in table.rows:
        emits = tuple(table.emitted(state, reads, notations.get(state)))
        for following in table.following(state, reads):
            yield Row(state, reads, "", emits, (), following)
    if copies:
        yield Row(COPYING, ANY, "", (ANY,), (), RETURN)


@dataclass(slots=True, eq=False)
class _Stretch:
    """A part of a body in which nothing is chosen by what is read: the functions that it mentions, and whether it looks itself."""

    mentions: dict[str, None] = field(default_factory=dict)
    looks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Choice:
    """What may follow a look: the part of the body that goes on, whether it may go back from there at once, and the term that is
    the value, where that is certain."""

    stretch: _Stretch
    ends: bool
    value: core.Term | None = None


class _Table:
    def __init__(self, program: Program, name: str, opaque: bool) -> None:
        self.rows: dict[tuple[str, str], list[_Choice]] = {}
        self._program = program
        self._name = name
        self._opaque = opaque
        self._results: dict[str, bool] = {}
        self._given: set[str] = set()
        self._bodies: dict[str, _Stretch] = {}
        self._last: set[int] = set()
        """The matches whose values are those of their functions, by identity."""

    def filled(self, call: core.Term) -> bool:
        """Whether the value of the call may hold parts of the input as they are, once the rows are there."""
        names = [self._name, *(at.name for at in core.terms_in(call) if isinstance(at, core.Global))]
        reached = list(dict.fromkeys(names))
        for name in reached:
            mentioned = (at.name for at in core.terms_in(self._program.definitions[name].body) if isinstance(at, core.Global))
            reached.extend(other for other in dict.fromkeys(mentioned) if other not in reached)
        self._last.update(id(match) for name in reached for match in _last_matches(self._program.definitions[name].body))
        while True:
            self.rows.clear()
            found, given = {}, len(self._given)
            for name in reached:
                self._bodies[name] = _Stretch()
                definition = self._program.definitions[name]
                held = {parameter: f"{name} {parameter}" in self._given for parameter in definition.parameters}
                found[name] = run(self._walk(definition.body, name, held, self._bodies[name]))
            whole = run(self._walk(call, self._name, {}, _Stretch()))
            if found == self._results and given == len(self._given):
                return whole
            self._results = found

    def following(self, state: str, reads: str) -> Sequence[str]:
        """The states that may look next, or where the machine goes back to."""
        found: dict[str, None] = {}
        for choice in self.rows[state, reads]:
            looking = dict.fromkeys([state] if choice.stretch.looks else [])
            waiting = list(choice.stretch.mentions)
            for name in waiting:
                # A function that looks at nothing is no state: those that it calls look next.
                if self._bodies[name].looks:
                    looking[name] = None
                waiting.extend(other for other in self._bodies[name].mentions if other not in waiting)
            found.update(looking)
            if choice.ends or not looking:
                found[RETURN] = None
        return list(found)

    def emitted(self, state: str, reads: str, notation: str | None) -> Iterator[str]:
        """What is certainly put out as soon as this is read, where the values of the function are put out in this notation."""
        choices = self.rows[state, reads]
        if notation and len(choices) == 1 and choices[0].value:
            for piece in split(Segment(notation, choices[0].value)):
                if isinstance(piece, Mark):
                    yield token_of(piece.constructor, self._program.constructors)
                elif isinstance(piece.term, core.Literal):
                    yield show(piece.term.value)
                else:
                    return

    def _looks(self, state: str, reads: str, choice: _Choice) -> None:
        self.rows.setdefault((state, reads), []).append(choice)

    def _walk(self, term: core.Term, state: str, held: dict[str, bool], stretch: _Stretch) -> Deep[bool]:
        """Whether the value of a term may hold input, after the rows of all looks inside of it. ``held`` says it of variables."""
        if isinstance(term, core.Local):
            return held.get(term.name, True)
        if isinstance(term, core.Global):
            stretch.mentions[term.name] = None
            parameters = self._program.definitions[term.name].parameters
            self._give(term.name, [True] * len(parameters))
            return self._results.get(term.name, False) and not parameters
        if isinstance(term, core.Let):
            held[term.name] = yield self._walk(term.bound, state, held, stretch)
            return bool((yield self._walk(term.body, state, held, stretch)))
        if isinstance(term, core.Match):
            return bool((yield self._matched(term, state, held, stretch)))
        if isinstance(term, core.If):
            looks = yield self._walk(term.condition, state, held, stretch)
            stretch.looks |= looks
            may: bool = False
            for reads, branch in zip(_TRUTHS, (term.consequent, term.alternative), strict=True):
                inner = _Stretch() if looks else stretch
                if looks:
                    self._looks(state, reads, _Choice(inner, False))
                may |= yield self._walk(branch, state, held, inner)
            return may
        if isinstance(term, core.Apply):
            return bool((yield self._applied(term, state, held, stretch)))
        parts = []
        for part in core.children(term):
            parts.append((yield self._walk(part, state, held, stretch)))
        if isinstance(term, core.Primitive):
            lazy = term.operator in ("&&", "||", "++")
            if parts[0] if lazy else any(parts):
                stretch.looks = True
                for reads in (_whole(term),) if not lazy else (CONS, NIL) if term.operator == "++" else _TRUTHS:
                    self._looks(state, reads, _Choice(stretch, True))
            return any(parts) if term.operator == "++" else lazy and bool(parts[1])
        return isinstance(term, core.Lambda) or any(parts)

    def _applied(self, term: core.Apply, state: str, held: dict[str, bool], stretch: _Stretch) -> Deep[bool]:
        arguments = []
        for argument in term.arguments:
            arguments.append((yield self._walk(argument, state, held, stretch)))
        known = term.function if isinstance(term.function, core.Global) else None
        further = len(arguments) - len(self._program.definitions[known.name].parameters) if known else 1
        if known and further >= 0:
            stretch.mentions[known.name] = None
            self._give(known.name, arguments)
        else:
            yield self._walk(term.function, state, held, stretch)
        if further and self._opaque and any(arguments):
            stretch.looks = True
            self._looks(state, _whole(term), _Choice(stretch, True))
        return self._results.get(known.name, False) if known and not further else True

    def _give(self, name: str, arguments: Sequence[bool]) -> None:
        parameters = self._program.definitions[name].parameters
        self._given.update(f"{name} {p}" for p, may in zip(parameters, arguments, strict=False) if may)

    def _matched(self, term: core.Match, state: str, held: dict[str, bool], stretch: _Stretch) -> Deep[bool]:
        columns = []
        for scrutinee in term.scrutinees:
            columns.append((yield self._walk(scrutinee, state, held, stretch)))
        cases = list(_cases(term, columns, self._program)) if any(columns) else []
        stretch.looks |= bool(cases)
        inner = [_Stretch() if cases else stretch for _ in term.arms]
        for reads, places in cases:
            for place, decided in places:
                value = term.arms[place].body if decided and len(places) == 1 and id(term) in self._last else None
                self._looks(state, reads, _Choice(inner[place], False, value))
        may = False
        for arm, own in zip(term.arms, inner, strict=True):
            for pattern, looks in zip(arm.patterns, columns, strict=True):
                held.update(dict.fromkeys(core.binders(pattern), looks))
            may |= yield self._walk(arm.body, state, held, own)
        return may


def _last_matches(body: core.Term) -> Iterator[core.Match]:
    """The matches that a body ends with, whatever is chosen before."""
    waiting = [body]
    while waiting:
        at = waiting.pop()
        if isinstance(at, core.Match):
            yield at
            waiting.extend(arm.body for arm in at.arms)
        elif isinstance(at, core.If):
            waiting.extend((at.consequent, at.alternative))
        elif isinstance(at, core.Let):
            waiting.append(at.body)


def _notations(program: Program, call: core.Term, notation: str) -> Mapping[str, str]:
    """The functions whose values are all put out as soon as they are known, and in which notation."""
    found: dict[str, set[str]] = {}
    waiting: list[tuple[core.Term, str]] = [(call, notation)]
    while waiting:
        at, wanted = waiting.pop()
        parts = core.children(at)
        kinds = [""] * len(parts)
        if isinstance(at, core.Construct) and wanted:
            kinds = ["value"] * len(parts)
            if wanted == "items" and at.constructor == CONS:
                kinds[1] = wanted
        elif isinstance(at, core.Let | core.If):
            kinds[1:] = [wanted] * (len(parts) - 1) if isinstance(at, core.If) else [wanted]
        elif isinstance(at, core.Match):
            kinds[len(at.scrutinees) :] = [wanted] * len(at.arms)
        elif isinstance(at, core.Apply):
            kinds[0] = wanted
        elif isinstance(at, core.Global) and wanted not in found.setdefault(at.name, set()):
            found[at.name].add(wanted)
            waiting.append((program.definitions[at.name].body, wanted))
        waiting.extend(zip(parts, kinds, strict=True))
    return {name: next(iter(kinds)) for name, kinds in found.items() if len(kinds) == 1 and "" not in kinds}


_Path: TypeAlias = tuple[tuple[str, int], ...]
"""Where in a row of patterns one stands: the column, then constructors and the fields of these that lead there."""


def _cases(term: core.Match, columns: Sequence[bool], program: Program) -> Iterator[tuple[str, list[tuple[int, bool]]]]:
    """What a match may read in those of its columns that may hold input, each with the arms that may be chosen then, and whether
    that one is then if no earlier one."""
    asked: dict[_Path, dict[str | int, None]] = {}
    literal: set[_Path] = set()
    for arm in term.arms:
        for path, test in _tests(arm):
            if columns[path[0][1]]:
                asked.setdefault(path, {})[_wanted(test)] = None
                literal.update([path] if isinstance(test, core.Exactly) else [])
    for path, tests in asked.items():
        if path in literal:
            yield from ((show(value), list(_open(term, path, value))) for value in tests)
            yield ANY, list(_open(term, path, None))
            continue
        for constructor in _family(str(next(iter(tests))), program):
            yield token_of(constructor, program.constructors), list(_open(term, path, constructor))


def _open(term: core.Match, path: _Path, read: str | int | None) -> Iterator[tuple[int, bool]]:
    """The arms that may be chosen where this constructor or literal is read there, and whether nothing else is asked for;
    ``None`` is a literal that no arm asks for."""
    for place, arm in enumerate(term.arms):
        tests = dict(_tests(arm))
        above = [(path[:n], path[n][0]) for n in range(1, len(path)) if path[:n] in tests]
        here = [tests[path]] if path in tests else []
        if all(_wanted(tests[at]) == known for at, known in above) and all(_wanted(test) == read for test in here):
            decided = len(above) + len(here) == len(tests)
            yield place, decided
            if decided:
                return


def _wanted(test: core.Built | core.Exactly) -> str | int:
    return test.value if isinstance(test, core.Exactly) else test.constructor


def _tests(arm: core.Arm) -> Iterator[tuple[_Path, core.Built | core.Exactly]]:
    """The patterns of an arm that ask for something, from left to right."""
    waiting: list[tuple[_Path, core.Pattern]] = [((("", i),), pattern) for i, pattern in enumerate(arm.patterns)]
    waiting.reverse()
    while waiting:
        path, at = waiting.pop()
        if isinstance(at, core.Alias):
            waiting.append((path, at.pattern))
        elif isinstance(at, core.Exactly | core.Built):
            yield path, at
            if isinstance(at, core.Built):
                waiting.extend(reversed([((*path, (at.constructor, i)), field) for i, field in enumerate(at.fields)]))


def _family(constructor: str, program: Program) -> tuple[str, ...]:
    """The constructors of its type, in order."""
    if constructor == TUPLE:
        return (TUPLE,)
    return tuple(c.name for c in program.datatypes[program.constructors[constructor].datatype].constructors)


def _literals(site: core.Match) -> Iterator[int | str]:
    return (test.value for arm in site.arms for _, test in _tests(arm) if isinstance(test, core.Exactly))


def _reads_whole(site: core.Term) -> bool:
    """Whether a term reads all of what it looks at, whatever it is."""
    return isinstance(site, core.Apply) or (isinstance(site, core.Primitive) and site.operator not in ("&&", "||", "++"))


def _whole(site: core.Term) -> str:
    return f"{ANY} in {show_term(abridged(site, _TERM)[0])}"
