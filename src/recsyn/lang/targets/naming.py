"""Names of a program as identifiers of another language: legible, and never one for two."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from recsyn.lang import core

Spelling = Callable[[str], str]
"""From a name of the language, its dots already gone, to one that the other language allows."""


def identifiers(names: Iterable[str], spelling: Spelling, taken: Container[str]) -> dict[str, str]:
    """An identifier for each name of a program (``list.map`` has a dot), none of them in ``taken``."""
    chosen: dict[str, str] = {}
    used: set[str] = set()
    for name in names:
        chosen[name] = _free(
            spelling(core.spelled(name).replace(".", "_")), lambda candidate: candidate in taken or candidate in used
        )
        used.add(chosen[name])
    return chosen


def local_identifiers(
    parameters: Iterable[str], body: core.Term, spelling: Spelling, taken: Container[str], hiding: bool = False
) -> dict[str, str]:
    """An identifier for every variable bound in a definition: none in ``taken``, none that hides another in scope, but with
    ``hiding`` one that is not used there. Variables whose scopes do not meet may share one."""
    chosen: dict[str, str] = {}
    in_scope: dict[str, str] = {}
    uses, scopes_in_order = _uses(body)
    scopes = iter(scopes_in_order)
    stack: list[core.Term | _Opening | dict[str, str | None]] = [body]

    def bind(names: Iterable[str], start: int, end: int) -> dict[str, str | None]:
        hidden: dict[str, str | None] = {}

        def blocked(candidate: str) -> bool:
            if candidate in taken or candidate in hidden:
                return True
            if not hiding or start < 0 or candidate not in in_scope:
                return candidate in in_scope
            numbers = uses.get(in_scope[candidate], [])
            return bisect_left(numbers, start) < bisect_left(numbers, end)

        for name in names:
            identifier = chosen[name] = _free(spelling(_legible(name)), blocked)
            hidden[identifier] = in_scope.get(identifier)
            in_scope[identifier] = name
        return hidden

    bind(parameters, 0, 0)
    while stack:
        at = stack.pop()
        if isinstance(at, dict):
            for identifier, earlier in at.items():
                if earlier is None:
                    del in_scope[identifier]
                else:
                    in_scope[identifier] = earlier
        elif isinstance(at, _Opening):
            # The scope ends after the term below it on the stack.
            term = stack.pop()
            stack.extend([bind(at.names, *next(scopes)), term])
        else:
            stack.extend(reversed(_with_openings(at)))
    return chosen


@dataclass(frozen=True)
class _Opening:
    """The beginning of a scope, which is the term that follows. ``before`` counts the terms in front of it from which nothing may
    be hidden either, since languages whose ``let`` is recursive have them in scope; -1 forbids to hide anything."""

    names: tuple[str, ...]
    before: int = 0


def _with_openings(term: core.Term) -> list[core.Term | _Opening]:
    """The terms inside a term in order of evaluation, each scope announced."""
    if isinstance(term, core.Lambda):
        return [_Opening(term.parameters), term.body]
    if isinstance(term, core.Let):
        return [term.bound, _Opening((term.name,), 1), term.body]
    if not isinstance(term, core.Match):
        return list(core.children(term))
    out: list[core.Term | _Opening] = list(term.scrutinees)
    before = 0
    if len(term.arms) == 1:
        # A `let`, or a pattern that stands for a parameter and so beside the others.
        first = term.scrutinees[0]
        before = -1 if isinstance(first, core.Local) and core.spelled(first.name) == "_" else len(term.scrutinees)
    for arm in term.arms:
        out += [_Opening(tuple(name for pattern in arm.patterns for name in core.binders(pattern)), before), arm.body]
    return out


def _uses(body: core.Term) -> tuple[dict[str, list[int]], list[tuple[int, int]]]:
    """Uses of variables are numbered from left to right: the numbers of each variable's, and for each scope, in the order in which
    scopes open, the first number in it and the first after it. Where nothing may be hidden, the first is -1."""
    uses: dict[str, list[int]] = {}
    scopes: list[tuple[int, int]] = []
    count = 0
    # The numbers at which the parts of a term begin lie on the stack above each of them, to be filled in.
    stack: list[core.Term | tuple[_Opening, list[int]] | list[int] | int] = [body]
    while stack:
        at = stack.pop()
        if isinstance(at, int):
            scopes[at] = (scopes[at][0], count)
        elif isinstance(at, list):
            at.append(count)
        elif isinstance(at, tuple):
            opening, starts = at
            stack.insert(-2, len(scopes))
            scopes.append((-1 if opening.before < 0 else [*starts, count][-1 - opening.before], count))
        else:
            if isinstance(at, core.Local):
                uses.setdefault(at.name, []).append(count)
                count += 1
            starts = []
            for part in reversed(_with_openings(at)):
                stack.extend([(part, starts)] if isinstance(part, _Opening) else [part, starts])
    return uses, scopes


def fresh_identifier(base: str, taken: Container[str]) -> str:
    """``base``, with a number where it is taken."""
    return _free(base, lambda candidate: candidate in taken)


def _legible(name: str) -> str:
    spelled = core.spelled(name)
    return "argument" if spelled == "_" else spelled


def _free(base: str, is_taken: Callable[[str], bool]) -> str:
    candidate, number = base, 0
    while is_taken(candidate):
        number += 1
        candidate = f"{base}{number}"
    return candidate
