"""Or-patterns as the patterns without `|` that they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product

from recsyn.lang.diagnostics import Fault
from recsyn.lang.gallina import tree as t
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep

_MOST_CASES = 256
"""The most cases that one with or-patterns becomes."""


def only(alternatives: Sequence[t.Pattern], span: Span) -> t.Pattern:
    if len(alternatives) > 1:
        raise Fault("syntax", "alternatives with `|` stand in a `match`", span)
    return alternatives[0]


def alternatives(pattern: t.Pattern) -> Deep[list[t.Pattern]]:
    """The patterns without `|` that a pattern stands for."""
    match pattern:
        case t.OrPattern():
            found: list[t.Pattern] = []
            for alternative in pattern.patterns:
                found.extend((yield alternatives(alternative)))
                if len(found) > _MOST_CASES:
                    raise _too_many(pattern.span)
            return found
        case t.NamePattern(fields=parts) | t.TuplePattern(items=parts) | t.ListPattern(items=parts):
            pass
        case t.ConsPattern(head, tail):
            parts = (head, tail)
        case t.AliasPattern(inner):
            parts = (inner,)
        case _:
            return [pattern]
    choices: list[list[t.Pattern]] = []
    for part in parts:
        choices.append((yield alternatives(part)))
    if all(len(choice) == 1 for choice in choices):
        # Its parts hold no `|`, or only one of one alternative, which the grammar does not have.
        return [pattern]
    return [_rebuilt(pattern, fields) for fields in combined(choices, pattern.span)]


def _rebuilt(pattern: t.Pattern, parts: tuple[t.Pattern, ...]) -> t.Pattern:
    match pattern:
        case t.NamePattern():
            return replace(pattern, fields=parts)
        case t.TuplePattern() | t.ListPattern():
            return replace(pattern, items=parts)
        case t.ConsPattern():
            return replace(pattern, head=parts[0], tail=parts[1])
        case t.AliasPattern():
            return replace(pattern, pattern=parts[0])
        case _:
            return pattern


def combined(choices: Sequence[Sequence[t.Pattern]], span: Span) -> list[tuple[t.Pattern, ...]]:
    count = 1
    for choice in choices:
        count *= len(choice)
        if count > _MOST_CASES:
            raise _too_many(span)
    return list(product(*choices))


def _too_many(span: Span) -> Fault:
    return Fault("syntax", f"these alternatives become more than {_MOST_CASES} cases", span, "write fewer of them in one pattern")
