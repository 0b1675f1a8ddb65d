"""The steps of one evaluation, kept: what prints, exports and is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from recsyn.lang import core
from recsyn.lang.printer import Printable, abridged, pieces, show_term
from recsyn.lang.program import Program
from recsyn.semantics.frames import Frame, joined, tree_of
from recsyn.semantics.steps import Around, Step, around, plugged, steps
from recsyn.semantics.strategies import CALL_BY_VALUE


@dataclass(frozen=True, eq=False, repr=False)
class Trace:
    """The steps of one evaluation. ``result`` is the last term, a value unless ``complete`` is false."""

    initial: core.Term
    steps: tuple[Step, ...]
    result: core.Term
    complete: bool
    strategy: str = CALL_BY_VALUE.name

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[Step]:
        return iter(self.steps)

    def __repr__(self) -> str:
        many = f"{len(self):,} step{'' if len(self) == 1 else 's'}{'' if self.complete else ' and more'}"
        return f"<trace of {self.title}: {many}>"

    def __str__(self) -> str:
        """A line for every term: the rule that led to it, then the term, its redex between ``⟦`` and ``⟧``."""
        rules = ["", *(step.rule for step in self.steps)]
        terms = [step.show_before() for step in self.steps] + [show_term(self.result) + ("" if self.complete else "  …")]
        width = max(map(len, rules))
        return "\n".join(f"{rule:>{width}}  {term}" for rule, term in zip(rules, terms, strict=True))

    def to_json(self) -> dict[str, Any]:
        return {
            "initial": show_term(self.initial),
            "strategy": self.strategy,
            "steps": [{"number": number, **step.to_json()} for number, step in enumerate(self, 1)],
            "result": show_term(self.result),
            "complete": self.complete,
        }

    @property
    def title(self) -> str:
        first, _ = abridged(self.initial, _TITLE)
        return f"{show_term(first)}, {self.strategy.replace('-', ' ')}"

    def frames(self) -> tuple[Frame, ...]:
        """A picture of every term. As its state, what a machine of control and stack would hold there: the redex, how many frames
        stand around it, and these, innermost first. Of large terms what is nearest to the redex."""
        return (*self._before(), self._end())

    def _before(self) -> Iterator[Frame]:
        rules = ["", *(step.rule for step in self.steps)]
        for rule, step in zip(rules, self.steps, strict=False):
            yield _frame(rule, *step.excerpt(_ROOM), _state(step))

    def _end(self) -> Frame:
        last, left = abridged(self.result, _ROOM)
        state = () if self.complete else (("stopped", f"after {len(self):,} steps; there are more"),)
        return _frame(self.steps[-1].rule if self.steps else "", last, left >= 0, state)

    def _repr_html_(self) -> str:
        from recsyn.semantics.notebook import run_as_html

        return run_as_html(self.title, [*islice(self._before(), _LISTED), self._end()], max(len(self) - _LISTED, 0))


_LISTED = 100
"""Terms that a notebook shows before the last."""
_ROOM = 400
"""Nodes of a term that a picture shows, and of one in the title and in a row of the state."""
_TITLE, _ROW = 30, 16
_DRAWN = 200
"""Nodes of the largest term that is drawn as a tree."""
_ROWS = 12


def _frame(rule: str, term: Printable, whole: bool, state: tuple[tuple[str, str], ...]) -> Frame:
    return Frame(rule, joined(pieces(term)), tree_of(term, _DRAWN) if whole else (), state)


def _state(step: Step) -> tuple[tuple[str, str], ...]:
    rows = [("control", show_term(abridged(step.redex, _ROW)[0])), ("depth", str(step.context.depth if step.context else 0))]
    context = step.context
    for row in range(_ROWS):
        if context is None:
            return tuple(rows)
        hole = Around(context.term, context.position, context.need, None, 1)
        shown, _ = around(core.Local("□", context.term.span), hole, _ROW)
        rows.append(("" if row else "stack", show_term(shown)))
        context = context.outer
    return (*rows, ("", f"… {context.depth:,} more")) if context else tuple(rows)


def trace(program: Program, term: core.Term, limit: int = 10_000, strategy: str = CALL_BY_VALUE.name) -> Trace:
    """The reduction of a closed term, of at most ``limit`` steps. Raises :class:`RecsynError` where there is no such strategy."""
    reduction = steps(program, term, strategy)
    taken: list[Step] = []
    while True:
        try:
            step = next(reduction)
        except StopIteration as stop:
            return Trace(term, tuple(taken), stop.value, True, strategy)
        if len(taken) == limit:
            return Trace(term, tuple(taken), plugged(step.redex, step.context), False, strategy)
        taken.append(step)
