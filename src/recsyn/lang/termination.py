"""Termination by the size-change principle (Lee, Jones and Ben-Amram, POPL 2001) over the structural subterm order, and the
shape of the recursion that it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsyn.lang import core
from recsyn.lang.diagnostics import Fault
from recsyn.lang.program import Definition, Path, RecursionShape, RecursiveCall
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.values import TUPLE

Place = tuple[int, Path]
"""A part of a parameter: which parameter, and the way to the part."""
Edges = frozenset[tuple[int, int, bool]]
"""What one call says of sizes: (parameter of the caller, parameter of the callee, whether it became smaller)."""

_LIMIT = 20_000


@dataclass(frozen=True)
class Call:
    """One call from a function to one of its group."""

    caller: str
    callee: str
    places: tuple[frozenset[Place], ...]
    arguments: tuple[core.Term | None, ...]
    shown: tuple[tuple[Place, str], ...]
    span: Span

    def edges(self) -> Edges:
        return frozenset((i, j, bool(path)) for j, places in enumerate(self.places) for i, path in places)


class _Walk:
    """All calls that one definition makes to its group."""

    def __init__(self, definition: Definition, arities: Mapping[str, int]) -> None:
        self.definition = definition
        self.arities = arities
        self.places: dict[str, frozenset[Place]] = {name: frozenset({(i, ())}) for i, name in enumerate(definition.parameters)}
        self.shown: dict[Place, object] = {}
        self.calls: list[Call] = []

    def term(self, term: core.Term) -> Deep[None]:
        if isinstance(term, core.Global):
            self._call(term, (), term.span)
        elif isinstance(term, core.Apply):
            if isinstance(term.function, core.Global):
                self._call(term.function, term.arguments, term.span)
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
            for item in (term.condition, term.consequent, term.alternative):
                yield self.term(item)
        elif isinstance(term, core.Lambda):
            yield self.term(term.body)
        elif isinstance(term, core.Let):
            yield self.term(term.bound)
            self.places[term.name] = run(self.located(term.bound))
            yield self.term(term.body)
        elif isinstance(term, core.Match):
            yield self._match(term)

    def _match(self, match: core.Match) -> Deep[None]:
        for scrutinee in match.scrutinees:
            yield self.term(scrutinee)
        for arm in match.arms:
            before = dict(self.shown)
            for scrutinee, pattern in zip(match.scrutinees, arm.patterns, strict=True):
                self._show(scrutinee, pattern)
            yield self.term(arm.body)
            self.shown = before

    def _show(self, scrutinee: core.Term, pattern: core.Pattern) -> None:
        """What a successful match of ``pattern`` says: where its variables lie, and what stands at each place."""
        stack: list[tuple[core.Term | None, frozenset[Place], core.Pattern]] = [(scrutinee, run(self.located(scrutinee)), pattern)]
        while stack:
            term, places, at = stack.pop()
            if isinstance(at, core.Bind):
                self.places[at.name] = places
            elif isinstance(at, core.Alias):
                self.places[at.name] = places
                stack.append((term, places, at.pattern))
            elif isinstance(at, core.Exactly):
                self.shown.update(dict.fromkeys(places, at.value))
            elif isinstance(at, core.Built):
                for place in places:
                    self.shown[place] = at.constructor
                componentwise = isinstance(term, core.Construct) and term.constructor == TUPLE
                for index, item in enumerate(at.fields):
                    inner = term.fields[index] if componentwise else None  # type: ignore[union-attr]
                    below = frozenset((p, (*path, (at.constructor, index))) for p, path in places)
                    stack.append((inner, run(self.located(inner)) if inner is not None else below, item))

    def located(self, term: core.Term) -> Deep[frozenset[Place]]:
        """The places whose content the term is known to equal."""
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
        self.calls.append(Call(self.definition.name, function.name, tuple(located), padded, shown, span))


def calls_of(definition: Definition, arities: Mapping[str, int]) -> list[Call]:
    """The calls that a definition makes to the functions in ``arities``, which gives each one's number of parameters."""
    walk = _Walk(definition, arities)
    run(walk.term(definition.body))
    return walk.calls


def check_termination(group: Sequence[Definition]) -> dict[str, RecursionShape | None]:
    """The recursion shape of each function of a group, ``None`` where it has none (it does not recur, or on no one parameter).
    Raises :class:`Fault` where the group is not known to end."""
    arities = {d.name: len(d.parameters) for d in group}
    calls = [call for d in group for call in calls_of(d, arities)]
    _refuse_cycles(calls, {d.name: d for d in group})
    return {d.name: _shape(d, group, calls) for d in group}


def _refuse_cycles(calls: Sequence[Call], definitions: Mapping[str, Definition]) -> None:
    """Close the calls under composition; each that is its own square must make some parameter smaller (the paper's theorem 4)."""
    known: dict[tuple[str, str, Edges], Call] = {}
    waiting: list[tuple[str, str, Edges]] = []
    for call in calls:
        graph = (call.caller, call.callee, call.edges())
        if graph not in known:
            known[graph] = call
            waiting.append(graph)
    while waiting:
        graph = waiting.pop()
        origin, (start, end, edges) = known[graph], graph
        if start == end and _compose(edges, edges) == edges and not any(i == j and smaller for i, j, smaller in edges):
            raise _not_terminating(origin, definitions)
        for call in calls:
            if call.caller == end:
                joined = (start, call.callee, _compose(edges, call.edges()))
                if joined not in known:
                    known[joined] = origin
                    waiting.append(joined)
        if len(known) > _LIMIT:
            raise Fault("not-terminating", "these functions call each other in too many ways to decide", origin.span)


def _compose(left: Edges, right: Edges) -> Edges:
    joined: dict[tuple[int, int], bool] = {}
    for i, j, smaller in left:
        for k, m, then_smaller in right:
            if j == k:
                joined[i, m] = joined.get((i, m), False) or smaller or then_smaller
    return frozenset((i, j, smaller) for (i, j), smaller in joined.items())


def _not_terminating(call: Call, definitions: Mapping[str, Definition]) -> Fault:
    caller, callee = definitions[call.caller], definitions[call.callee]
    message = f"this call of `{call.callee}` is not known to end: "
    if not callee.parameters:
        return Fault("not-terminating", f"`{call.callee}` is defined by itself", call.span)
    if all(a is None for a in call.arguments):
        hint = f"write the argument here, or define the function that needs it together with `{call.caller}`, joined by `and`"
        return Fault("not-terminating", f"{message}it is used here without arguments", call.span, hint)
    reasons = []
    for argument, places, name in zip(call.arguments, call.places, callee.parameters, strict=True):
        noun = f"its argument for `{core.spelled(name)}`" if len(callee.parameters) > 1 else "its argument"
        if argument is None:
            reasons.append(f"{noun} is not given")
        elif not places:
            reasons.append(f"{noun} is not a part of what `{call.caller}` was given")
        elif all(not path for _, path in places):
            same = core.spelled(caller.parameters[min(i for i, _ in places)])
            reasons.append(f"{noun} is `{same}` itself, no smaller")
        else:
            reasons.append(f"{noun} becomes smaller here, but not on every way round")
    hint = "recur on a variable that a pattern binds inside the argument"
    if any(isinstance(a, core.Construct) and a.constructor == TUPLE for a in call.arguments):
        hint = (
            "a tuple made here is no part of one given: recur in a function of several parameters, and call it on the tuple's parts"
        )
    return Fault("not-terminating", message + ", and ".join(reasons), call.span, hint)


def _shape(definition: Definition, group: Sequence[Definition], calls: Sequence[Call]) -> RecursionShape | None:
    own = [c for c in calls if c.caller == definition.name]
    if len(group) > 1 or not own:
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
            return RecursionShape(core.spelled(name), position, recursive)
    return None
