"""Terms over what is not read yet: variables ``?…`` stand for unread parts of the input, ``$…`` for registers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.lang.types import ARROW, Type, TypeConstant, constructors_of
from recsyn.semantics.machine.transducer import Mark, Piece, Segment
from recsyn.semantics.primitives import BINARY
from recsyn.semantics.symbolic import NOWHERE
from recsyn.values import CONS, NIL, Value, preorder

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "negate"})
_LOGIC = frozenset({"==", "!=", "<", "<=", ">", ">=", "not", "&&", "||"})


class NotDerivable(Exception):
    """No transducer was found; the text says why."""


def variables(term: core.Term) -> Iterator[str]:
    """The unread parts and the registers in a term, as often as they occur, in order."""
    return (at.name for at in core.terms_in(term) if isinstance(at, core.Local) and at.name[0] in "?$")


def unread(term: core.Term) -> set[str]:
    return {name for name in variables(term) if name[0] == "?"}


def replaced(term: core.Term, change: Callable[[core.Term], core.Term | None]) -> core.Term:
    """The term with those of its parts changed for which ``change`` gives another, from the outside in."""
    results: list[core.Term] = []
    stack: list[tuple[core.Term, bool]] = [(term, False)]
    while stack:
        at, ready = stack.pop()
        parts = core.children(at)
        if ready:
            first = len(results) - len(parts)
            results[first:] = [core.with_children(at, tuple(results[first:]))]
            continue
        other = change(at)
        if other is not None or not parts:
            results.append(at if other is None else other)
        else:
            stack.append((at, True))
            stack.extend((part, False) for part in reversed(parts))
    return results[0]


def renamed(term: core.Term, by: Mapping[str, core.Term]) -> core.Term:
    return replaced(term, lambda at: by.get(at.name) if isinstance(at, core.Local) else None)


def fingerprint(term: core.Term) -> tuple[Any, ...]:
    """What two terms have in common exactly when they are the same, wherever in the source they stand."""
    return tuple(_sign(at) for at in core.terms_in(term))


def _sign(term: core.Term) -> Any:
    if isinstance(term, core.Local | core.Global):
        return type(term).__name__, term.name
    if isinstance(term, core.Literal):
        return type(term.value).__name__, term.value
    if isinstance(term, core.Construct):
        return term.constructor, len(term.fields)
    if isinstance(term, core.Apply):
        return "Apply", len(term.arguments)
    if isinstance(term, core.Lambda):
        return "Lambda", term.parameters
    if isinstance(term, core.Let):
        return "Let", term.name
    if isinstance(term, core.Primitive):
        return "Primitive", term.operator
    if isinstance(term, core.Match):
        return "Match", len(term.scrutinees), tuple(id(arm.patterns) for arm in term.arms)
    return "If"


def size(term: core.Term) -> int:
    """The nodes of a term, and the words of its numbers, since one that is squared again and again has few nodes and no end."""
    return sum(1 + (_words(at.value) if isinstance(at, core.Literal) else 0) for at in core.terms_in(term))


def _words(datum: Any) -> int:
    parts = preorder(datum) if isinstance(datum, Value) else [datum]
    return sum(part.bit_length() // 64 for part in parts if isinstance(part, int))


# Output


def split(segment: Segment) -> list[Piece]:
    """A stretch of output as constructors that are known to stand there, and the stretches between them."""
    pieces: list[Piece] = []
    stack = [(segment.notation, segment.term)]
    while stack:
        notation, term = stack.pop()
        listed = notation != "value"
        if isinstance(term, core.Primitive) and term.operator == "++":
            left = "cells" if notation == "value" else notation
            stack.extend([(notation, term.operands[1]), (left, term.operands[0])])
        elif isinstance(term, core.Literal) and isinstance(term.value, Value):
            pieces.extend(_constant(notation, term.value))
        elif not isinstance(term, core.Construct):
            pieces.append(Segment(notation, term))
        else:
            if not listed or (notation == "cells" and term.constructor == CONS):
                pieces.append(Mark(term.constructor, len(term.fields)))
            parts = [("value", field) for field in term.fields]
            if listed and parts:
                parts[1] = (notation, term.fields[1])
            stack.extend(reversed(parts))
    return pieces


def _constant(notation: str, value: Value) -> Iterator[Piece]:
    if notation == "value":
        for datum in preorder(value):
            yield Mark(datum.constructor, len(datum.fields)) if isinstance(datum, Value) else Segment("value", literal(datum))
        return
    while value.constructor != NIL:
        if notation == "cells":
            yield Mark(CONS, 2)
        item, value = value.fields
        yield from split(Segment("value", literal(item)))


def literal(datum: Any) -> core.Literal:
    return core.Literal(datum, NOWHERE)


# Atoms


def is_atom(term: core.Term, program: Program) -> bool:
    """Whether a term is known to be an ``Int``, a ``Char`` or a ``Bool``, or a register."""
    if isinstance(term, core.Local):
        return term.name[0] == "$"
    if isinstance(term, core.Primitive):
        return term.operator in _ARITHMETIC or term.operator in _LOGIC
    if isinstance(term, core.Literal):
        return isinstance(term.value, int | str)
    if isinstance(term, core.Apply) and isinstance(term.function, core.Global):
        result = after(program.definitions[term.function.name].scheme.type, len(term.arguments))
        return isinstance(result, TypeConstant) and result.name in ("Int", "Char", "Bool")
    return False


def after(type: Type, arguments: int) -> Type | None:
    """The type of what a function of some type gives for so many arguments, as far as its own type says."""
    for _ in range(arguments):
        if not isinstance(type, TypeConstant) or type.name != ARROW:
            return None
        type = type.arguments[1]
    return type


def evaluated(term: core.Term) -> Sequence[core.Term]:
    """The parts of a term that are evaluated whatever is chosen."""
    if isinstance(term, core.Lambda | core.Literal):
        return ()
    if isinstance(term, core.Match):
        return term.scrutinees
    if isinstance(term, core.If) or (isinstance(term, core.Primitive) and term.operator in ("&&", "||")):
        return core.children(term)[:1]
    return core.children(term)


# Sums


def linear(term: core.Term) -> core.Term:
    """The term with sums in one form: each unread addend once, with one factor, then what is known. Integers commute, so that two
    orders of adding up are one."""
    return replaced(term, _sum)


def _sum(term: core.Term) -> core.Term | None:
    if not (isinstance(term, core.Primitive) and term.operator in ("+", "-", "*", "negate")):
        return None
    if unread(term):
        known, factors = _combined(term, unread)
        return _added(factors, _sum(known) or known)
    known, factors = _combined(term, lambda at: set(variables(at)))
    return _added(factors, known)


_Factors = dict[tuple[Any, ...], tuple[core.Term, core.Term]]


def _added(factors: _Factors, known: core.Term) -> core.Term:
    addends = [_times(factor, atom) for atom, factor in factors.values()]
    if not addends:
        return known
    result = addends[0]
    for addend in [*addends[1:], *([] if _is(known, 0) else [known])]:
        result = core.Primitive("+", (result, addend), NOWHERE)
    return result


def _times(factor: core.Term, atom: core.Term) -> core.Term:
    if _is(factor, 1):
        return atom
    return core.Primitive("negate", (atom,), NOWHERE) if _is(factor, -1) else core.Primitive("*", (factor, atom), NOWHERE)


def _combined(term: core.Term, open_in: Callable[[core.Term], set[str]]) -> tuple[core.Term, _Factors]:
    """A sum as a known part and, by fingerprint, the open addends with their known factors."""
    constant: core.Term = literal(0)
    factors: _Factors = {}
    stack: list[tuple[core.Term, core.Term]] = [(term, literal(1))]
    while stack:
        at, factor = stack.pop()
        operator = at.operator if isinstance(at, core.Primitive) else ""
        parts = core.children(at)
        if not open_in(at):
            constant = _operate("+", constant, _operate("*", factor, at))
        elif operator == "+":
            stack.extend([(parts[1], factor), (parts[0], factor)])
        elif operator == "-":
            stack.extend([(parts[1], _operate("*", literal(-1), factor)), (parts[0], factor)])
        elif operator == "negate":
            stack.append((parts[0], _operate("*", literal(-1), factor)))
        elif operator == "*" and not open_in(parts[0]):
            stack.append((parts[1], _operate("*", factor, parts[0])))
        elif operator == "*" and not open_in(parts[1]):
            stack.append((parts[0], _operate("*", factor, parts[1])))
        else:
            atom = core.with_children(at, tuple(linear(part) for part in parts)) if parts else at
            known = factors.get(fingerprint(atom))
            factors[fingerprint(atom)] = atom, _operate("+", known[1], factor) if known else factor
    return constant, {key: pair for key, pair in factors.items() if not _is(pair[1], 0)}


def _operate(operator: str, left: core.Term, right: core.Term) -> core.Term:
    if isinstance(left, core.Literal) and isinstance(right, core.Literal):
        return literal(BINARY[operator](left.value, right.value))
    unit = 0 if operator == "+" else 1
    if _is(left, unit):
        return right
    return left if _is(right, unit) else core.Primitive(operator, (left, right), NOWHERE)


def _is(term: core.Term, number: int) -> bool:
    return isinstance(term, core.Literal) and isinstance(term.value, int) and term.value == number


# Finite results


@cache
def _patterns(constructor: str) -> tuple[core.Pattern, ...]:
    return (core.Built(constructor, ()),)


def table(scrutinee: core.Term, results: Iterable[tuple[str, core.Term]]) -> core.Term:
    """What follows from each value that the scrutinee may have, as a match; nothing but the scrutinee where each value is its own
    result, and nothing but the result where they are all the same."""
    rows = list(results)
    if len({fingerprint(result) for _, result in rows}) == 1:
        return rows[0][1]
    if all(isinstance(r, core.Literal) and isinstance(r.value, Value) and r.value.constructor == c for c, r in rows):
        return scrutinee
    arms = tuple(core.Arm(_patterns(c), result, NOWHERE) for c, result in rows)
    return core.Match((scrutinee,), arms, NOWHERE)


def finite(term: core.Term, program: Program) -> tuple[str, ...]:
    """The constructors of the type of a call, where none of them has fields; else none."""
    if not (isinstance(term, core.Apply) and isinstance(term.function, core.Global)):
        return ()
    result = after(program.definitions[term.function.name].scheme.type, len(term.arguments))
    constructors = constructors_of(result, program.datatypes) if result else ()
    return () if any(c.fields for c in constructors) else tuple(c.name for c in constructors)
