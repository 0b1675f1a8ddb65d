"""A program in a form that generators can write word for word."""

from __future__ import annotations

from dataclasses import replace

from recsyn.lang import core
from recsyn.lang.coverage import Coverage
from recsyn.lang.program import Program
from recsyn.lang.stackless import Deep, run
from recsyn.values import TUPLE


def simplified(program: Program) -> Program:
    """The same program without the cases that are never reached, of which this language warns and which others refuse: calls in
    them are gone too, so that what is left may recur less. And matching a tuple made on the spot is matching several values, which
    others see through."""
    simplify = Simplify(Coverage(program.datatypes, program.constructors))
    definitions = {name: replace(d, body=run(simplify.term(d.body))) for name, d in program.definitions.items()}
    examples = tuple(replace(e, left=run(simplify.term(e.left)), right=run(simplify.term(e.right))) for e in program.examples)
    return replace(program, definitions=definitions, examples=examples)


class Simplify:
    def __init__(self, coverage: Coverage) -> None:
        self.coverage = coverage

    def term(self, at: core.Term) -> Deep[core.Term]:
        if isinstance(at, core.Match):
            at = _untupled(self._reached(at))
        inside: list[core.Term] = []
        for child in core.children(at):
            inside.append((yield self.term(child)))
        return core.with_children(at, tuple(inside))

    def _reached(self, at: core.Match) -> core.Match:
        redundant = set(self.coverage.redundant([arm.patterns for arm in at.arms]))
        return replace(at, arms=tuple(arm for index, arm in enumerate(at.arms) if index not in redundant))


def _untupled(at: core.Match) -> core.Match:
    """The match on the items of a tuple in place of the tuple. One case alone stays, as the ``let`` that it is."""
    position = 0
    while position < len(at.scrutinees) and len(at.arms) > 1:
        scrutinee = at.scrutinees[position]
        made = isinstance(scrutinee, core.Construct) and scrutinee.constructor == TUPLE
        if made and all(isinstance(arm.patterns[position], core.Built | core.Ignore) for arm in at.arms):
            at = _split(at, position)
        else:
            position += 1
    return at


def _split(at: core.Match, position: int) -> core.Match:
    scrutinee = at.scrutinees[position]
    assert isinstance(scrutinee, core.Construct)
    arms = []
    for arm in at.arms:
        pattern = arm.patterns[position]
        inside = pattern.fields if isinstance(pattern, core.Built) else (core.Ignore(),) * len(scrutinee.fields)
        arms.append(replace(arm, patterns=(*arm.patterns[:position], *inside, *arm.patterns[position + 1 :])))
    return replace(at, scrutinees=(*at.scrutinees[:position], *scrutinee.fields, *at.scrutinees[position + 1 :]), arms=tuple(arms))
