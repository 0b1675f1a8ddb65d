"""Termination by the size-change principle (Lee, Jones and Ben-Amram, POPL 2001) over the structural subterm order, and the
shape of the recursion that it accepts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from recsyn.lang import core
from recsyn.lang.components import components
from recsyn.lang.diagnostics import Fault
from recsyn.lang.program import Definition, Path, RecursionShape, RecursiveCall
from recsyn.lang.source import Source, Span
from recsyn.lang.stackless import Deep, run
from recsyn.values import TUPLE

Place: TypeAlias = tuple[int, Path]
"""A part of a parameter: which parameter, and the way to the part."""
Edges = frozenset[tuple[int, int, bool]]
"""What one call says of sizes: (parameter of the caller, parameter of the callee, whether it became smaller)."""

Graph = tuple[str, str, Edges]
"""One call or several in a row: from which function, to which, and what they say of sizes."""

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "negate"})

_MOST_GRAPHS, _MOST_WORK = 20_000, 20_000_000
"""So many ways in which calls combine are looked at, and so many pairs of what two of them say."""
_DEEPEST = 500
"""How far down into a parameter the parts are known that a pattern binds."""
_MOST_SHOWN = 5
"""So many functions on the way round are named."""


@dataclass(frozen=True, eq=False, slots=True)
class Branch:
    """One branch of an ``if`` or a match, of which an evaluation takes one. ``choice`` tells these apart, ``number`` is larger for
    what is further in."""

    outer: Branch | None
    choice: int
    number: int


@dataclass(frozen=True, eq=False)
class Call:
    """One call from a function to one of its group."""

    caller: str
    callee: str
    places: tuple[frozenset[Place], ...]
    arguments: tuple[core.Term | None, ...]
    shown: tuple[tuple[Place, str], ...]
    span: Span
    branch: Branch | None
    given_to: str | None = None
    """The function of which this is an argument, where it is one."""

    @cached_property
    def edges(self) -> Edges:
        return frozenset((i, j, bool(path)) for j, places in enumerate(self.places) for i, path in places)


class _Walk:
    """All calls that one definition makes to its group."""

    def __init__(self, definition: Definition, arities: Mapping[str, int]) -> None:
        self.definition = definition
        self.arities = arities
        self.places: dict[str, frozenset[Place]] = {name: frozenset({(i, ())}) for i, name in enumerate(definition.parameters)}
        self.shown: dict[Place, object] = {}
        self.tuples: dict[str, core.Construct] = {}
        """The variables that stand for a tuple made here."""
        self.calls: list[Call] = []
        self.branch: Branch | None = None
        self.branches = 0
        self._given: dict[Span, str] = {}

    def term(self, term: core.Term) -> Deep[None]:
        if isinstance(term, core.Global):
            self._call(term, (), term.span)
        elif isinstance(term, core.Apply):
            if isinstance(term.function, core.Global):
                self._call(term.function, term.arguments, term.span)
                self._given.update((argument.span, term.function.name) for argument in term.arguments)
            else:
                yield self.term(term.function)
            for argument in term.arguments:
                yield self.term(argument)
        elif isinstance(term, core.Construct):
            for item in term.fields:
                yield self.term(item)
        elif isinstance(term, core.Primitive):
            for item in term.operands:
                yield self.term(item)
        elif isinstance(term, core.If):
            yield self.term(term.condition)
            yield self._choice((term.consequent, term.alternative))
        elif isinstance(term, core.Lambda):
            yield self.term(term.body)
        elif isinstance(term, core.Let):
            yield self.term(term.bound)
            yield self._show(term.bound, core.Bind(term.name))
            yield self.term(term.body)
        elif isinstance(term, core.Match):
            yield self._match(term)

    def _match(self, match: core.Match) -> Deep[None]:
        for scrutinee in match.scrutinees:
            yield self.term(scrutinee)
        outer, choice = self.branch, self.branches
        for arm in match.arms:
            before = dict(self.shown)
            for scrutinee, pattern in zip(match.scrutinees, arm.patterns, strict=True):
                yield self._show(scrutinee, pattern)
            yield self._inside(outer, choice, arm.body)
            self.shown = before
        self.branch = outer

    def _choice(self, alternatives: Sequence[core.Term]) -> Deep[None]:
        outer, choice = self.branch, self.branches
        for alternative in alternatives:
            yield self._inside(outer, choice, alternative)
        self.branch = outer

    def _inside(self, outer: Branch | None, choice: int, term: core.Term) -> Deep[None]:
        self.branches += 1
        self.branch = Branch(outer, choice, self.branches)
        yield self.term(term)

    def _given_by(self, term: core.Term) -> Deep[core.Term]:
        """What a term gives: the body of a `let`, also of one that takes something apart, and a tuple for its name."""
        while True:
            taken_apart: list[tuple[core.Term, core.Pattern]]
            if isinstance(term, core.Let):
                taken_apart = [(term.bound, core.Bind(term.name))]
                body = term.body
            elif isinstance(term, core.Match) and len(term.arms) == 1:
                taken_apart = list(zip(term.scrutinees, term.arms[0].patterns, strict=True))
                body = term.arms[0].body
            else:
                return self.tuples.get(term.name, term) if isinstance(term, core.Local) else term
            for bound, pattern in taken_apart:
                if any(name not in self.places for name in core.binders(pattern)):
                    yield self._show(bound, pattern)
            term = body

    def _show(self, scrutinee: core.Term, pattern: core.Pattern) -> Deep[None]:
        """What a successful match of ``pattern`` says: where its variables lie, and what stands at each place."""
        stack: list[tuple[core.Term | frozenset[Place], core.Pattern]] = [(scrutinee, pattern)]
        while stack:
            matched, at = stack.pop()
            if isinstance(at, core.Ignore):
                continue
            if not isinstance(matched, frozenset):
                matched = yield self._given_by(matched)
            if isinstance(at, core.Built) and isinstance(matched, core.Construct) and matched.constructor == TUPLE:
                stack.extend(zip(matched.fields, at.fields, strict=True))
                continue
            places = matched if isinstance(matched, frozenset) else (yield self.located(matched))
            if isinstance(at, core.Bind | core.Alias):
                self.places[at.name] = places
                if isinstance(matched, core.Construct) and matched.constructor == TUPLE:
                    self.tuples[at.name] = matched
            if isinstance(at, core.Alias):
                stack.append((matched, at.pattern))
            elif isinstance(at, core.Bind):
                continue
            elif isinstance(at, core.Exactly):
                self.shown.update(dict.fromkeys(places, at.value))
            else:
                for place in places:
                    self.shown[place] = at.constructor
                for index, item in enumerate(at.fields):
                    inside = ((p, (*path, (at.constructor, index))) for p, path in places if len(path) < _DEEPEST)
                    stack.append((frozenset(inside), item))

    def located(self, term: core.Term) -> Deep[frozenset[Place]]:
        """The places whose content the term is known to equal."""
        if isinstance(term, core.Let | core.Match):
            term = yield self._given_by(term)
        if isinstance(term, core.Local):
            return self.places.get(term.name, frozenset())
        if isinstance(term, core.Literal):
            return frozenset(p for p, shown in self.shown.items() if type(shown) is type(term.value) and shown == term.value)
        if not isinstance(term, core.Construct):
            return frozenset()
        candidates = {p for p, shown in self.shown.items() if shown == term.constructor}
        for index, item in enumerate(term.fields):
            inside = yield self.located(item)
            step = (term.constructor, index)
            candidates &= {(p, path[:-1]) for p, path in inside if path and path[-1] == step}
            if not candidates:
                break
        return frozenset(candidates)

    def _call(self, function: core.Global, arguments: Sequence[core.Term], span: Span) -> None:
        arity = self.arities.get(function.name)
        if arity is None:
            return
        given = list(arguments[:arity])
        located = [run(self.located(a)) for a in given] + [frozenset[Place]()] * (arity - len(given))
        shown = tuple((place, str(what)) for place, what in self.shown.items() if isinstance(what, str))
        padded = (*given, *[None] * (arity - len(given)))
        given_to = self._given.get(span)
        self.calls.append(Call(self.definition.name, function.name, tuple(located), padded, shown, span, self.branch, given_to))


def calls_of(definition: Definition, arities: Mapping[str, int]) -> list[Call]:
    """The calls that a definition makes to the functions in ``arities``, which gives each one's number of parameters."""
    walk = _Walk(definition, arities)
    run(walk.term(definition.body))
    return walk.calls


def check_termination(group: Sequence[Definition], source: Source) -> dict[str, RecursionShape | None]:
    """The recursion shape of each function of a group, ``None`` where it has none (it does not recur, or on no one parameter).
    Raises :class:`Fault` where the group is not known to end."""
    arities = {d.name: len(d.parameters) for d in group}
    calls = [call for d in group for call in calls_of(d, arities)]
    for within in _still_circular(calls):
        circle = _circle_without_decrease(within)
        if circle:
            raise _not_terminating(circle, {d.name: d for d in group}, source)
    return {d.name: _shape(d, calls) for d in group}


def _circular(calls: Sequence[Call]) -> Iterable[list[Call]]:
    """The calls from which there is a way back, those of one component of the call graph together."""
    callees: dict[str, list[str]] = {}
    for call in calls:
        callees.setdefault(call.caller, []).append(call.callee)
        callees.setdefault(call.callee, [])
    home = {name: index for index, names in enumerate(components(callees)) for name in names}
    found: dict[int, list[Call]] = {}
    for call in calls:
        if home[call.caller] == home[call.callee]:
            found.setdefault(home[call.caller], []).append(call)
    return found.values()


def _circle_without_decrease(calls: Sequence[Call]) -> list[Call]:
    """Close the calls under composition; each that is its own square must make some parameter smaller (the paper's theorem 4).
    Returns the calls that compose to one that does not, or nothing."""
    known: dict[Graph, tuple[Graph | None, Call]] = {}
    waiting: list[Graph] = []
    work = 0
    for call in calls:
        graph = (call.caller, call.callee, call.edges)
        if graph not in known:
            known[graph] = None, call
            waiting.append(graph)
    calls_from: dict[str, list[Call]] = {}
    for call in calls:
        calls_from.setdefault(call.caller, []).append(call)
    while waiting:
        graph = waiting.pop()
        start, end, edges = graph
        if start == end and _compose(edges, edges) == edges and not any(i == j and smaller for i, j, smaller in edges):
            return _composed(graph, known)
        for call in calls_from[end]:
            joined = (start, call.callee, _compose(edges, call.edges))
            work += len(edges) * len(call.edges)
            if joined not in known:
                known[joined] = graph, call
                waiting.append(joined)
        if len(known) > _MOST_GRAPHS or work > _MOST_WORK:
            raise Fault("not-terminating", "these functions call each other in too many ways to decide", calls[0].span)
    return []


def _still_circular(calls: Sequence[Call]) -> Iterator[list[Call]]:
    """What is left to be decided of calls from which there is a way back. Where along every call one parameter of each function
    never becomes larger, no evaluation makes infinitely many of the calls in which it becomes smaller, and without those the rest
    must end. Most recursion is decided by this alone, in time that grows with the calls and not with the ways that they combine."""
    waiting = list(_circular(calls))
    while waiting:
        within = waiting.pop()
        smaller = next(filter(None, (_smaller_along(within, i) for i in sorted({i for i, _, _ in within[0].edges}))), None)
        if smaller is None:
            yield within
        else:
            waiting.extend(_circular([call for call in within if call not in smaller]))


def _smaller_along(calls: Sequence[Call], start: int) -> set[Call] | None:
    """The calls in which one parameter of each function becomes smaller, if it becomes larger in none: in the caller of the first
    call that is the parameter ``start``, in the others the one that receives it."""
    calls_from: dict[str, list[Call]] = {}
    for call in calls:
        calls_from.setdefault(call.caller, []).append(call)
    followed = {calls[0].caller: start}
    waiting = [calls[0].caller]
    found: set[Call] = set()
    while waiting:
        caller = waiting.pop()
        for call in calls_from[caller]:
            received = {j: smaller for i, j, smaller in sorted(call.edges) if i == followed[caller]}
            if call.callee not in followed:
                if not received:
                    return None
                followed[call.callee] = start if start in received else min(received)
                waiting.append(call.callee)
            if followed[call.callee] not in received:
                return None
            if received[followed[call.callee]]:
                found.add(call)
    return found or None


def _composed(graph: Graph, known: Mapping[Graph, tuple[Graph | None, Call]]) -> list[Call]:
    """The calls that a graph was composed of, in order."""
    calls: list[Call] = []
    at: Graph | None = graph
    while at is not None:
        at, call = known[at]
        calls.append(call)
    return calls[::-1]


def _compose(left: Edges, right: Edges) -> Edges:
    joined: dict[tuple[int, int], bool] = {}
    for i, j, smaller in left:
        for k, m, then_smaller in right:
            if j == k:
                joined[i, m] = joined.get((i, m), False) or smaller or then_smaller
    return frozenset((i, j, smaller) for (i, j), smaller in joined.items())


def _not_terminating(circle: Sequence[Call], definitions: Mapping[str, Definition], source: Source) -> Fault:
    call = min(circle, key=lambda c: (bool(definitions[c.callee].parameters), len(c.edges) > 0, any(s for _, _, s in c.edges)))
    way = _way_round(circle, call)
    callee = definitions[call.callee]
    if not callee.parameters:
        hint = "there are no infinite values: only a function may call itself, on a smaller part of what it is given"
        message = f"`{said(call.callee)}` is defined by itself{f', by way of {way}' if way else ''}"
        return Fault("not-terminating", message, call.span, hint)
    message = f"this call of `{said(call.callee)}`{f', which comes back by way of {way},' if way else ''} is not known to end: "
    if all(a is None for a in call.arguments):
        return Fault("not-terminating", f"{message}it is used here without arguments", call.span, _hint(call))
    reasons = []
    for argument, places, parameter in zip(call.arguments, call.places, callee.parameters, strict=True):
        purpose = f" for `{core.spelled(parameter)}`" if len(callee.parameters) > 1 else ""
        text = f" `{source.excerpt(argument.span)}`" if argument is not None else ""
        if argument is None:
            why = "is not given"
        elif not places:
            why = _unlocated(argument, said(call.caller))
        elif any(path for _, path in places):
            why = "becomes smaller here, but not on every way round"
        else:
            same = core.spelled(definitions[call.caller].parameters[min(i for i, _ in places)])
            text = "" if text == f" `{same}`" else text
            why = f"is `{same}` itself, no smaller"
        reasons.append(f"its argument{text}{purpose} {why}")
    return Fault("not-terminating", message + ", and ".join(reasons), call.span, _hint(call))


def _way_round(circle: Sequence[Call], call: Call) -> str:
    """The other functions on the way from what a call calls back to it."""
    after = next(index for index, c in enumerate(circle, 1) if c is call)
    others = [c.callee for c in (*circle[after:], *circle[:after]) if c.callee != call.callee]
    names = [f"`{said(name)}`" for name in dict.fromkeys(others)]
    if len(names) > _MOST_SHOWN:
        return f"{', '.join(names[:_MOST_SHOWN])} and {len(names) - _MOST_SHOWN} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _unlocated(argument: core.Term, caller: str) -> str:
    """Why an argument is not known to be smaller."""
    while isinstance(argument, core.Let) or (isinstance(argument, core.Match) and len(argument.arms) == 1):
        argument = argument.body if isinstance(argument, core.Let) else argument.arms[0].body
    if isinstance(argument, core.Construct):
        return f"is built here and no part of what `{caller}` was given"
    if isinstance(argument, core.Literal | core.Global | core.Lambda):
        return f"is no part of what `{caller}` was given"
    if isinstance(argument, core.Local):
        return f"is not known to be a part of what `{caller}` was given"
    nouns = {core.Apply: "a call", core.If: "an `if`", core.Match: "a `match`"}
    operator = "-" if isinstance(argument, core.Primitive) and argument.operator == "negate" else getattr(argument, "operator", "")
    return f"is the result of {nouns.get(type(argument), f'`{operator}`')}, whose size is not known"


def _hint(call: Call) -> str:
    caller, callee = said(call.caller), said(call.callee)
    if None in call.arguments:
        if call.given_to is None:
            return "write the arguments here: a function that is passed on may be given anything"
        other = said(call.given_to)
        return f"`{other}` may give `{callee}` anything: write what it does here as a function joined to `{caller}` by `and`"
    unlocated = [a for a, places in zip(call.arguments, call.places, strict=True) if not places]
    if any(isinstance(a, core.Construct) and a.constructor == TUPLE for a in unlocated):
        return "a tuple made here is no part of one given: recur in a function of several parameters, called on the tuple's parts"
    if any(isinstance(a, core.Primitive) and a.operator in _ARITHMETIC for a in unlocated):
        return f"numbers have no parts: recur on a value that has, such as a `Nat` of the library, or write `partial fun {caller}`"
    if any(isinstance(a, core.Apply) for a in unlocated):
        return f"recur on a variable that a pattern binds inside the argument, or write `partial fun {caller}`"
    return "recur on a variable that a pattern binds inside the argument"


def said(name: str) -> str:
    """A function as the file that defines it calls it."""
    return core.spelled(name).rpartition(".")[2]


def _shape(definition: Definition, calls: Sequence[Call]) -> RecursionShape | None:
    own = [c for c in calls if c.caller == definition.name]
    if not own or any(c.callee != definition.name for c in own):
        return None
    for position, name in enumerate(definition.parameters):
        steps = [[path for i, path in c.places[position] if i == position and path] for c in own]
        if all(steps):
            recursive = tuple(
                RecursiveCall(
                    c.callee,
                    min(paths),
                    tuple((path, shown) for (i, path), shown in c.shown if i == position),
                    c.span,
                )
                for c, paths in zip(own, steps, strict=True)
            )
            return RecursionShape(core.spelled(name), position, recursive, _most(recursive, [c.branch for c in own]))
    return None


def _most(calls: Sequence[RecursiveCall], branches: Sequence[Branch | None]) -> dict[str | None, int]:
    by_constructor: dict[str | None, list[Branch | None]] = {None: []}
    for call, branch in zip(calls, branches, strict=True):
        by_constructor.setdefault(dict(call.shown).get(()), []).append(branch)
    anywhere = by_constructor[None]
    return {c: _most_together(found if c is None else [*found, *anywhere]) for c, found in by_constructor.items()}


def _most_together(branches: Sequence[Branch | None]) -> int:
    """Of calls that stand in these branches, the most that one evaluation makes: of each choice it takes one branch."""
    inside = Counter(branches)
    reached: set[Branch] = set()
    for branch in branches:
        while branch is not None and branch not in reached:
            reached.add(branch)
            branch = branch.outer
    best: dict[Branch | None, dict[int, int]] = {}
    for branch in sorted(reached, key=lambda b: b.number, reverse=True):
        made = inside[branch] + sum(best.get(branch, {}).values())
        choices = best.setdefault(branch.outer, {})
        choices[branch.choice] = max(made, choices.get(branch.choice, 0))
    return inside[None] + sum(best.get(None, {}).values())
