"""Transducers made smaller: output as early as it is certain (Mohri 2000), states that do the same merged (Moore's partition
refinement), and no stack where it never says more than its height."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recsyn.lang import core
from recsyn.semantics.machine.residual import fingerprint
from recsyn.semantics.machine.transducer import (
    ANY,
    AS_READ,
    LABEL,
    Entry,
    Held,
    Mark,
    Next,
    Piece,
    Rule,
    Segment,
    State,
    Transducer,
)


def minimal(transducer: Transducer) -> Transducer:
    """A transducer that puts out the same. Among those without registers and stack there is none with fewer states."""
    return _without_stack(_merged(_plainly_named(_early(transducer))))


# Output as early as possible


def _early(transducer: Transducer) -> Transducer:
    if any(rule.pushed for _, _, rule in transducer.rules):
        return transducer
    certain: dict[int, tuple[Piece, ...] | None] = dict.fromkeys(range(len(transducer.states)))
    changed = True
    while changed:
        changed = False
        for number, state in enumerate(transducer.states):
            ways = [w for rules in state.rules.values() for rule in rules if (w := _certainly(rule, certain)) is not None]
            common = _common_prefix(ways) if ways else None
            if ANY in state.rules:
                common = ()
            if common != certain[number]:
                certain[number], changed = common, True

    def moved(rule: Rule, number: int | None) -> Rule:
        done = len(certain[number] or ()) if number is not None else 0
        following = (certain[rule.next.state] or ()) if rule.next else ()
        return replace(rule, emitted=(*rule.emitted, *following)[done:])

    states = tuple(
        replace(state, rules={token: tuple(moved(r, number) for r in rules) for token, rules in state.rules.items()})
        for number, state in enumerate(transducer.states)
    )
    return Transducer(moved(transducer.start, None), states)


def _certainly(rule: Rule, certain: Mapping[int, tuple[Piece, ...] | None]) -> tuple[Piece, ...] | None:
    """The constant output with which a rule and all that follows it begin; ``None`` where that is not known yet."""
    following: tuple[Piece, ...] | None = certain[rule.next.state] if rule.next else ()
    if following is None:
        return None
    whole = (*rule.emitted, *following)
    constant = next((i for i, piece in enumerate(whole) if not _is_constant(piece)), len(whole))
    return whole[:constant]


def _is_constant(piece: Piece) -> bool:
    return isinstance(piece, Mark) or isinstance(piece.term, core.Literal)


def _common_prefix(ways: Sequence[tuple[Piece, ...]]) -> tuple[Piece, ...]:
    length = min(map(len, ways))
    shared = next((i for i in range(length) if len({_sign(way[i]) for way in ways}) > 1), length)
    return ways[0][:shared]


# States that do the same


def _plainly_named(transducer: Transducer) -> Transducer:
    """The transducer with the plain copying and skipping states in the place of those that only copy or skip."""
    for emits, pieces in ((True, (AS_READ,)), (False, ())):
        plain = _doing_only(transducer, emits)
        if len(plain) < (2 if any(ANY in transducer.states[n].rules for n in plain) else 1):
            continue
        first = min(plain)
        again = State((), 0, {}, transducer.states[first].path, {ANY: (Rule(pieces, (), Next(first)),)})
        states = [again if n == first else s for n, s in enumerate(transducer.states)]
        transducer = _renumbered(Transducer(transducer.start, tuple(states)), dict.fromkeys(plain, first))
    return transducer


def _doing_only(transducer: Transducer, emits: bool) -> set[int]:
    """The states that put out exactly what they read, or nothing, and lead to such states only. Where something waits on the stack,
    only those over one part of the input, since what comes after it does not wait for others."""

    def does(token: str | None, rule: Rule, registers: int) -> bool:
        if token == ANY or not emits:
            return rule.emitted == ((AS_READ,) if emits else ())
        if len(rule.emitted) != 1:
            return False
        piece = rule.emitted[0]
        if token is LABEL:
            return isinstance(piece, Segment) and isinstance(piece.term, core.Local) and piece.term.name == f"${registers}"
        return isinstance(piece, Mark) and piece.constructor == token

    states = transducer.states
    stack = any(rule.pushed for _, _, rule in transducer.rules)
    single = [n for n, s in enumerate(states) if not stack or sum(name.startswith("?") for name in s.hints) <= 1]
    plain = {n for n in single if all(does(t, r, states[n].registers) for t, rules in states[n].rules.items() for r in rules)}
    while True:
        left = {
            n
            for n in plain
            if all(
                isinstance(entry, Next) and entry.state in plain
                for rules in states[n].rules.values()
                for rule in rules
                for entry in _entries(rule)
            )
        }
        if left == plain:
            return plain
        plain = left


def _entries(rule: Rule) -> tuple[Entry, ...]:
    return (*([rule.next] if rule.next else []), *rule.pushed)


def _merged(transducer: Transducer) -> Transducer:
    states = transducer.states
    classes = _classes([(s.registers, tuple(s.rules)) for s in states])
    while True:
        finer = _classes(
            [
                (
                    classes[n],
                    tuple((token, tuple(_rule_sign(rule, classes) for rule in rules)) for token, rules in s.rules.items()),
                )
                for n, s in enumerate(states)
            ]
        )
        if len(set(finer)) == len(set(classes)):
            break
        classes = finer
    return _renumbered(transducer, {n: classes.index(c) for n, c in enumerate(classes)})


def _classes(signs: Sequence[Any]) -> list[int]:
    numbers: dict[Any, int] = {}
    return [numbers.setdefault(sign, len(numbers)) for sign in signs]


def _rule_sign(rule: Rule, classes: Sequence[int]) -> Any:
    guards = tuple((fingerprint(g.term), g.constructor, g.literal, g.holds) for g in rule.guards)
    entries = tuple(_entry_sign(e, classes) for e in rule.pushed)
    return guards, tuple(map(_sign, rule.emitted)), entries, _entry_sign(rule.next, classes) if rule.next else None


def _entry_sign(entry: Entry, classes: Sequence[int]) -> Any:
    registers = tuple(map(fingerprint, entry.registers))
    return (classes[entry.state] if isinstance(entry, Next) else tuple(map(_sign, entry.pieces))), registers


def _sign(piece: Piece) -> Any:
    return piece if isinstance(piece, Mark) else (piece.notation, fingerprint(piece.term))


def _renumbered(transducer: Transducer, by: Mapping[int, int]) -> Transducer:
    """The transducer with states in the place of others, and only those that are reached, in the order in which they are."""
    numbers: dict[int, int] = {}

    def entry(at: Entry) -> Entry:
        if isinstance(at, Held):
            return at
        state = by.get(at.state, at.state)
        return Next(numbers.setdefault(state, len(numbers)), at.registers if transducer.states[state].registers else ())

    def rule(at: Rule) -> Rule:
        following = entry(at.next) if at.next else None
        assert not isinstance(following, Held)
        return replace(at, next=following, pushed=tuple(map(entry, at.pushed)))

    start = rule(transducer.start)
    states: list[State] = []
    while len(states) < len(numbers):
        state = transducer.states[list(numbers)[len(states)]]
        states.append(replace(state, rules={token: tuple(map(rule, rules)) for token, rules in state.rules.items()}))
    return Transducer(start, tuple(states))


# No stack


def _without_stack(transducer: Transducer) -> Transducer:
    """Where in each state all that can be on the stack is one state without registers, the stack says no more than the rest of the
    input does, and is left out."""
    below: list[set[Entry]] = [set() for _ in transducer.states]

    def put(state: int, entries: set[Entry]) -> bool:
        new = entries - below[state]
        below[state] |= new
        return bool(new)

    if any(isinstance(e, Held) or e.registers for _, _, rule in transducer.rules for e in rule.pushed):
        return transducer
    changed = True
    while changed:
        changed = False
        for number, token, rule in transducer.rules:
            under = set() if number is None else below[number]
            entries = {*under, *rule.pushed}
            if token == ANY and number is not None:
                entries.add(Next(number))
            if rule.next:
                changed |= put(rule.next.state, entries)
            if rule.next is None or token == ANY:
                for top in entries:
                    assert isinstance(top, Next)
                    changed |= put(top.state, entries)
    if any(len(entries) > 1 for entries in below):
        return transducer
    returns = {n: next((e.state for e in entries if isinstance(e, Next)), None) for n, entries in enumerate(below)}
    return replace(transducer, returns=returns)
