"""Which redex is contracted next: the four strategies.

A *redex* is a term that a rule applies to at its root: a constant; an application of a known function, or of a ``fn``, to as many
arguments as it takes (``f x y`` with an ``f`` of one parameter is the redex ``f x``, applied to ``y``; a ``fn`` takes as many as
are given); a ``match`` whose scrutinees show which case it is; an ``if`` whose condition, an operator whose operands are values; a
``let``. Nothing under a ``fn`` or in a branch not yet chosen counts as a part of a term here: reduction is *weak*.

The strict strategies contract a redex once its parts are values, and a ``let`` once what it binds is one.

- *Call by value*: of a function and its arguments, all of these are evaluated first, from left to right, those included that the
  function hands on to its result (Plotkin, TCS 1, 1975, for functions of any number of arguments).
- *Leftmost-innermost*: the leftmost redex that has no redex in its parts (Baader and Nipkow, Term Rewriting and All That, 1998).
  In ``f x y`` with an ``f`` of one parameter, ``f x`` lies to the left of ``y`` and is contracted before ``y`` is looked at.

For weak reduction the two coincide (Sestoft, Demonstrating Lambda Calculus Reduction, 2002) but for such applications to more
arguments than the function takes; there they contract the same redexes in another order, and take equally many steps.

The lazy ones contract an application as soon as its function is known, and a ``let`` at once; arguments are handed on unevaluated,
and evaluated again wherever they are needed again. Operators are strict: they take whole values.

- *Call by name*: of the scrutinees of a ``match`` that part is reduced, up to its constructor, at which matching its patterns, case
  by case and from left to right, is stuck (Plotkin 1975; Wadler in Peyton Jones, The Implementation of Functional Programming
  Languages, 1987, for patterns).
- *Leftmost-outermost*: of the redexes that lie in no other, the leftmost. Until a ``match`` is a redex, that is the leftmost one in
  its scrutinees, whether its patterns ask for it or not.

The two differ where a pattern passes over something that can be reduced: ``match (e, e') with (_, 0) => … | (_, _) => …`` is stuck
at ``e'``, and ``e`` lies to the left of it. This is why leftmost-outermost reduction may miss the end of a program with ``partial``
functions that call by name finds (Huet and Lévy, in Computational Logic, 1991, on orthogonal rewriting systems).

Constructor fields, and the arguments of a function that waits for more, are evaluated by the lazy strategies too, at the end and
from left to right, so that every strategy ends with the same value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.diagnostics import nearest
from recsyn.lang.printer import FunctionTerm, Suspended
from recsyn.lang.program import Program
from recsyn.lang.source import Span
from recsyn.values import Datum


class Need(Enum):
    """How far a term is to be reduced: to its constructor or ``fn``, its head normal form, or to a value."""

    HEAD = "head normal form"
    VALUE = "value"


Place: TypeAlias = tuple[tuple[int, ...], Need]
"""The way down to a part, as positions among :func:`core.children`, and how far that part is to be reduced."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """What has to be reduced before an application, a ``match`` and a ``let``, each ``None`` where nothing has. An application is
    left as it is where it lacks arguments and only its head normal form is needed."""

    name: str
    of_application: Callable[[Program, core.Apply, Need], Place | None]
    of_match: Callable[[Program, core.Match], Place | None]
    of_let: Callable[[Program, core.Let], Place | None]

    def next_part(self, program: Program, term: core.Term, need: Need) -> Place | None:
        """Which part of a term is to be reduced first; ``None`` where the term is a redex, or reduced as far as it needs to be."""
        if isinstance(term, core.Apply):
            return self.of_application(program, term, need)
        if isinstance(term, core.Match):
            return self.of_match(program, term)
        if isinstance(term, core.Let):
            return self.of_let(program, term)
        if isinstance(term, core.Construct):
            return None if need is Need.HEAD else _first_unfinished(program, term.fields)
        if isinstance(term, core.If):
            return _first_unfinished(program, (term.condition,))
        if isinstance(term, core.Primitive):
            return _first_unfinished(program, term.operands[:1] if term.operator in ("&&", "||") else term.operands)
        return None


def strategy_named(name: str) -> Strategy:
    """Raises :class:`RecsynError` where there is none of this name."""
    if name in STRATEGIES:
        return STRATEGIES[name]
    known = f"the strategies are {', '.join(STRATEGIES)}"
    raise RecsynError(f"there is no strategy `{name}`", nearest(str(name), STRATEGIES) or known)


# What a term is already


def finished(program: Program, term: core.Term) -> bool:
    """Whether the term is a value: a datum, or a function that waits for arguments."""
    if isinstance(term, core.Literal):
        return not isinstance(term.value, Suspended)
    return isinstance(term, core.Lambda) or (isinstance(term, core.Global) and bool(program.definitions[term.name].parameters))


def in_head_normal_form(program: Program, term: core.Term) -> bool:
    """Whether the constructor of a term, or that it is a function, is known. What is inside it may still be reducible."""
    return isinstance(term, core.Construct) or finished(program, term) or (isinstance(term, core.Apply) and waits(program, term))


def waits(program: Program, term: core.Apply) -> bool:
    """Whether a function of the program is applied to fewer arguments than it takes."""
    given = len(term.arguments)
    function = term.function
    while True:
        if isinstance(function, core.Literal) and isinstance(function.value, FunctionTerm):
            function = function.value.term
        elif isinstance(function, core.Apply):
            given += len(function.arguments)
            function = function.function
        else:
            return isinstance(function, core.Global) and given < len(program.definitions[function.name].parameters)


def taken(program: Program, function: core.Term) -> int:
    """How many arguments a function in head normal form takes before it is contracted; 0 for any other term."""
    if isinstance(function, core.Lambda):
        return len(function.parameters)
    return len(program.definitions[function.name].parameters) if isinstance(function, core.Global) else 0


def flattened(program: Program, term: core.Apply) -> core.Apply:
    """The application with the arguments of a function that waits for more, and its own, side by side."""
    function, arguments = term.function, term.arguments
    while True:
        if isinstance(function, core.Literal) and isinstance(function.value, FunctionTerm):
            function = function.value.term
            continue
        if not isinstance(function, core.Apply) or not waits(program, function):
            return term if function is term.function else core.Apply(function, arguments, term.span)
        arguments = (*function.arguments, *arguments)
        function = function.function


# Matching


@dataclass(frozen=True, slots=True)
class Chosen:
    """The case of a ``match`` whose patterns all fit, and the parts of the scrutinees that its variables stand for."""

    arm: core.Arm
    bound: Mapping[str, core.Term]


@dataclass(frozen=True, slots=True)
class Stuck:
    """The way down to the first part of the scrutinees that matching has to know the constructor of."""

    path: tuple[int, ...]


_Way: TypeAlias = "tuple[int, _Way | None]"


def outcome(program: Program, term: core.Match) -> Chosen | Stuck:
    """Match the scrutinees against the cases from the first on, and against the patterns of each from left to right."""
    for arm in term.arms:
        bound: dict[str, core.Term] = {}
        stack: list[tuple[core.Pattern, core.Term, _Way]] = [
            (pattern, scrutinee, (position, None))
            for position, (pattern, scrutinee) in enumerate(zip(arm.patterns, term.scrutinees, strict=True))
        ]
        stack.reverse()
        while stack:
            pattern, part, way = stack.pop()
            if isinstance(pattern, core.Alias):
                bound[pattern.name] = part
                stack.append((pattern.pattern, part, way))
            elif isinstance(pattern, core.Bind):
                bound[pattern.name] = part
            elif not isinstance(pattern, core.Ignore):
                if not in_head_normal_form(program, part):
                    return Stuck(_unrolled(way))
                fields = _fields_under(pattern, part)
                if fields is None:
                    break
                stack.extend((p, f, (i, way)) for i, p, f in reversed(fields))
        else:
            return Chosen(arm, bound)
    raise AssertionError("a checked match covers every value")


def _fields_under(pattern: core.Exactly | core.Built, part: core.Term) -> list[tuple[int, core.Pattern, core.Term]] | None:
    """What is to be matched inside a part in head normal form, or ``None`` where it does not fit the pattern at its root."""
    if isinstance(pattern, core.Exactly):
        return [] if isinstance(part, core.Literal) and part.value == pattern.value else None
    if isinstance(part, core.Construct):
        constructor, fields = part.constructor, part.fields
    else:
        assert isinstance(part, core.Literal)
        constructor, fields = part.value.constructor, tuple(_value_term(f, part.span) for f in part.value.fields)
    if constructor != pattern.constructor:
        return None
    return list(zip(range(len(fields)), pattern.fields, fields, strict=True))


def _value_term(datum: Datum, span: Span) -> core.Term:
    return datum.term if isinstance(datum, FunctionTerm) else core.Literal(datum, span)


def _unrolled(way: _Way | None) -> tuple[int, ...]:
    positions: list[int] = []
    while way is not None:
        position, way = way
        positions.append(position)
    return tuple(reversed(positions))


# What comes first


def _first_unfinished(program: Program, parts: Sequence[core.Term], first: int = 0) -> Place | None:
    for position, part in enumerate(parts, first):
        if not finished(program, part):
            return (position,), Need.VALUE
    return None


def _all_arguments(program: Program, term: core.Apply, need: Need) -> Place | None:
    return _first_unfinished(program, (term.function, *term.arguments))


def _arguments_taken(program: Program, term: core.Apply, need: Need) -> Place | None:
    if not finished(program, term.function):
        return (0,), Need.VALUE
    return _first_unfinished(program, term.arguments[: taken(program, term.function)], 1)


def _function(program: Program, term: core.Apply, need: Need) -> Place | None:
    if not in_head_normal_form(program, term.function):
        return (0,), Need.HEAD
    if need is Need.VALUE and waits(program, term):
        return _first_unfinished(program, term.arguments, 1)
    return None


def _scrutinees(program: Program, term: core.Match) -> Place | None:
    return _first_unfinished(program, term.scrutinees)


def _what_patterns_need(program: Program, term: core.Match) -> Place | None:
    found = outcome(program, term)
    return (found.path, Need.HEAD) if isinstance(found, Stuck) else None


def _leftmost_in_scrutinees(program: Program, term: core.Match) -> Place | None:
    """Where a constructor comes to light within the reach of the patterns, matching is tried again before anything else."""
    if isinstance(outcome(program, term), Chosen):
        return None
    position = next(i for i, s in enumerate(term.scrutinees) if not finished(program, s))
    reach = max(_reach(arm.patterns[position]) for arm in term.arms)
    path, at = [position], term.scrutinees[position]
    while isinstance(at, core.Construct) and reach > 0:
        unfinished = next((i for i, f in enumerate(at.fields) if not finished(program, f)), None)
        if unfinished is None:
            break
        path.append(unfinished)
        at = at.fields[unfinished]
        reach -= 1
    return tuple(path), Need.VALUE if in_head_normal_form(program, at) else Need.HEAD


def _reach(pattern: core.Pattern) -> int:
    """How many constructors deep a pattern looks."""
    deepest, stack = 0, [(pattern, 0)]
    while stack:
        at, depth = stack.pop()
        if isinstance(at, core.Alias):
            stack.append((at.pattern, depth))
        elif isinstance(at, core.Exactly | core.Built):
            deepest = max(deepest, depth + 1)
            stack.extend((p, depth + 1) for p in (at.fields if isinstance(at, core.Built) else ()))
    return deepest


def _what_is_bound(program: Program, term: core.Let) -> Place | None:
    return _first_unfinished(program, (term.bound,))


def _nothing(program: Program, term: core.Let) -> Place | None:
    return None


CALL_BY_VALUE = Strategy("call-by-value", _all_arguments, _scrutinees, _what_is_bound)
CALL_BY_NAME = Strategy("call-by-name", _function, _what_patterns_need, _nothing)
LEFTMOST_INNERMOST = Strategy("leftmost-innermost", _arguments_taken, _scrutinees, _what_is_bound)
LEFTMOST_OUTERMOST = Strategy("leftmost-outermost", _function, _leftmost_in_scrutinees, _nothing)
STRATEGIES: Mapping[str, Strategy] = {s.name: s for s in (CALL_BY_VALUE, CALL_BY_NAME, LEFTMOST_INNERMOST, LEFTMOST_OUTERMOST)}
