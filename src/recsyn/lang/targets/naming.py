"""Names of a program as identifiers of another language: legible, and never one for two."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

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


def local_identifiers(parameters: Iterable[str], body: core.Term, spelling: Spelling, taken: Container[str]) -> dict[str, str]:
    """An identifier for every variable bound in a definition: none in ``taken``, none that hides another in scope. Variables
    whose scopes do not meet may share one."""
    chosen: dict[str, str] = {}
    in_scope: set[str] = set()
    stack: list[core.Term | list[str] | frozenset[str]] = []

    def bind(names: Iterable[str]) -> frozenset[str]:
        added = set()
        for name in names:
            chosen[name] = _free(spelling(_legible(name)), lambda candidate: candidate in taken or candidate in in_scope)
            in_scope.add(chosen[name])
            added.add(chosen[name])
        return frozenset(added)

    bind(parameters)
    stack.append(body)
    while stack:
        at = stack.pop()
        if isinstance(at, frozenset):
            in_scope.difference_update(at)
        elif isinstance(at, list):
            # The scope ends after the term below it on the stack.
            term = stack.pop()
            stack.extend([bind(at), term])
        elif isinstance(at, core.Lambda):
            stack.extend([at.body, list(at.parameters)])
        elif isinstance(at, core.Let):
            stack.extend([at.body, [at.name], at.bound])
        elif isinstance(at, core.Match):
            for arm in reversed(at.arms):
                stack.extend([arm.body, [name for pattern in arm.patterns for name in core.binders(pattern)]])
            stack.extend(reversed(at.scrutinees))
        else:
            stack.extend(reversed(core.children(at)))
    return chosen


def _legible(name: str) -> str:
    spelled = core.spelled(name)
    return "x" if spelled == "_" else spelled


def _free(base: str, is_taken: Callable[[str], bool]) -> str:
    candidate, number = base, 0
    while is_taken(candidate):
        number += 1
        candidate = f"{base}{number}"
    return candidate
