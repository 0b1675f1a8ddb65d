"""Reduction in rounds: in one round every outstanding call of the recursive functions is unfolded once, all in parallel, and all
else is reduced as far as it goes.

A call is outstanding when it has all of its arguments, stands neither under ``fn`` nor in a branch not yet chosen, and what the
matches at the root of its body look at is known; until it is, the call waits. Calls of functions outside of the recursive groups in
question do not count: they are unfolded in the round in which they can be.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from recsyn.lang import core
from recsyn.lang.printer import Marked, Piece, abridged, pieces, show_term
from recsyn.lang.program import Definition, Program
from recsyn.lang.stackless import run
from recsyn.semantics.frames import Frame, joined, tree_of
from recsyn.semantics.reference import Reference, StepLimit
from recsyn.semantics.symbolic import NOWHERE, Built, Calling, Evaluation, Node, Suspended, Waiting, seen, term_of

UNROLL, CLOSE = "UNROLL[", "]"

MOST_CALLS = 100_000
"""The calls of partial functions that one round may make."""
_TITLE, _ROOM, _DRAWN = 30, 400, 200
"""Nodes of a term that a title and a picture show, and of the largest that is drawn as a tree."""
_LONG = 200
"""Letters of an outstanding call that a picture shows."""


@dataclass(frozen=True, slots=True, eq=False)
class Outstanding:
    """A call that the next round unfolds. It stands in the term of a round as a literal."""

    function: str
    arguments: tuple[core.Term, ...]
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """The term after so many rounds, each outstanding call in it a literal of :class:`Outstanding`."""

    number: int
    term: core.Term

    def pieces(self) -> tuple[Piece, ...]:
        """The term as stretches of text, those of the outstanding calls marked."""
        return tuple((text, text.startswith(UNROLL)) for text, _ in pieces(self.term))

    def __str__(self) -> str:
        return show_term(self.term)

    @property
    def outstanding(self) -> tuple[Outstanding, ...]:
        """The outstanding calls from left to right, each once, those inside of another's arguments after it."""
        found: list[Outstanding] = []
        looked: set[int] = set()
        stack = [self.term]
        while stack:
            at = stack.pop()
            if id(at) in looked:
                continue
            looked.add(id(at))
            if isinstance(at, core.Literal) and isinstance(at.value, Outstanding):
                found.append(at.value)
                stack.extend(reversed(at.value.arguments))
            else:
                stack.extend(reversed(core.children(at)))
        return tuple(found)

    @property
    def complete(self) -> bool:
        """Whether the term is a value."""
        return isinstance(self.term, core.Literal) and not isinstance(self.term.value, Outstanding)


class Rounds:
    """The rounds of one evaluation, from none on, made as they are asked for. Going through them ends with the value, or after
    ``limit`` rounds. Raises :class:`StepLimit` where partial functions are called without end."""

    def __init__(self, program: Program, reference: Reference, term: core.Term, limit: int = 10_000) -> None:
        self.initial = term
        self.limit = limit
        self._called = 0
        self._evaluation = Evaluation(program, reference, _recursive_groups(program, term), self._count)
        self._root = run(self._evaluation.evaluate(term, {}))
        self._time = 0
        self._waking: list[Suspended] = []
        self._due: list[tuple[Suspended, Node]] = []
        self._open = [self._root]
        self._closed: set[int] = set()
        self._look_ahead()

    @property
    def title(self) -> str:
        return f"{show_term(abridged(self.initial, _TITLE)[0])}, in rounds"

    def after(self, number: int) -> Round:
        """The term after this many rounds; where the value is reached before, the value. Raises ``ValueError`` below 0."""
        if number < 0:
            raise ValueError(f"rounds are counted from 0, and there is none numbered {number}")
        while self._time < number and not self._finished:
            self._advance()
        number = min(number, self._time)
        return Round(number, term_of(self._root, number, lambda f, given: core.Literal(_outstanding(f, given), NOWHERE)))

    def __iter__(self) -> Iterator[Round]:
        """The term before the first round, and after each."""
        for number in range(len(self) + 1):
            yield self.after(number)

    def __len__(self) -> int:
        """How many rounds there are until the value, or until the limit."""
        while self._time < self.limit and not self._finished:
            self._advance()
        return min(self._time, self.limit)

    @property
    def complete(self) -> bool:
        """Whether the value is reached within the limit."""
        return len(self) == self._time and self._finished

    @property
    def result(self) -> core.Term:
        """The last term: the value, where it is reached within the limit."""
        return self.after(len(self)).term

    def __str__(self) -> str:
        """A line for every round: its number, then the term."""
        width = len(str(len(self)))
        return "\n".join(f"{r.number:>{width}}  {r}" for r in self) + ("" if self.complete else "  …")

    def __repr__(self) -> str:
        return f"<rounds of {show_term(abridged(self.initial, _TITLE)[0])}>"

    def to_json(self) -> dict[str, Any]:
        rounds = [{"round": r.number, "term": str(r), "outstanding": [str(o) for o in r.outstanding]} for r in self]
        return {"initial": show_term(self.initial), "rounds": rounds, "result": show_term(self.result), "complete": self.complete}

    def frames(self) -> tuple[Frame, ...]:
        """A picture of every round, its outstanding calls marked."""
        return tuple(self._frame(round) for round in self)

    def _frame(self, round: Round) -> Frame:
        term, left = abridged(round.term, _ROOM)
        text = joined((t if len(t) <= _LONG else f"{t[:_LONG]}… {CLOSE}", m) for t, m in Round(round.number, term).pieces())
        calls: Any = term_of(self._root, round.number, _marked)
        state = ("round", str(round.number)), ("outstanding", f"{len(round.outstanding):,}")
        return Frame(f"round {round.number}" if round.number else "", text, tree_of(calls, _DRAWN) if left >= 0 else (), state)

    def _count(self, definition: Definition) -> None:
        if definition.partial:
            self._called += 1
            if self._called > MOST_CALLS:
                raise StepLimit(MOST_CALLS, "one round may make no more; its steps show where the calls come from")

    def _look_ahead(self) -> None:
        """Unfold what the next round unfolds without putting it in place: each call sees the others as they are before it."""
        evaluation = self._evaluation
        self._called = 0
        calls, evaluation.calls, self._waking = [*self._waking, *evaluation.calls], [], []
        for call in calls:
            assert isinstance(call.form, Calling)
            unfolded = run(evaluation.unfolded(call.form.function, call.form.arguments))
            if isinstance(unfolded, Waiting):
                evaluation.wait(call, unfolded.on)
            else:
                call.due = self._time + 1
                self._due.append((call, unfolded))
        evaluation.settled()

    def _advance(self) -> None:
        """One round: put in place what was unfolded, and evaluate what waited for it."""
        evaluation = self._evaluation
        self._time += 1
        filled: deque[Suspended] = deque()
        for call, unfolded in self._due:
            call.content, call.since = unfolded, self._time
            filled.append(call)
        self._due = []
        while filled:
            woken, known = filled.popleft(), None
            for node in woken.waiting:
                if isinstance(node.form, Calling) and node.form.function in evaluation.kept:
                    self._waking.append(node)
                    continue
                known = run(evaluation.resumed(node))
                if known is not None:
                    node.content, node.since = known, self._time
                    filled.append(node)
                evaluation.settled()
            woken.waiting = []
        self._look_ahead()

    @property
    def _finished(self) -> bool:
        """Whether the root is a value. Constructors stay for good, so that what is under them is looked at once."""
        while self._open:
            node = seen(self._open[-1])
            if isinstance(node, Suspended):
                return False
            self._open.pop()
            if isinstance(node, Built) and id(node) not in self._closed:
                self._closed.add(id(node))
                self._open.extend(reversed(node.fields))
        return True


def _call(function: str, arguments: tuple[core.Term, ...]) -> core.Term:
    named = core.Global(function, NOWHERE)
    return core.Apply(named, arguments, NOWHERE) if arguments else named


def _outstanding(function: str, arguments: tuple[core.Term, ...]) -> Outstanding:
    return Outstanding(function, arguments, f"{UNROLL} {show_term(_call(function, arguments))} {CLOSE}")


def _marked(function: str, arguments: tuple[core.Term, ...]) -> Any:
    return Marked(_call(function, arguments))


def _recursive_groups(program: Program, term: core.Term) -> set[str]:
    """The functions of the recursive groups that a term names, by itself or through functions that do not recur."""
    found: set[str] = set()
    looked = set()
    waiting = [term]
    while waiting:
        for at in core.terms_in(waiting.pop()):
            if not isinstance(at, core.Global) or at.name in looked:
                continue
            looked.add(at.name)
            definition = program.definitions[at.name]
            if _recurs(program, definition):
                found.update(definition.group)
            else:
                waiting.append(definition.body)
    return found


def _recurs(program: Program, definition: Definition) -> bool:
    inside = (at for name in definition.group for at in core.terms_in(program.definitions[name].body))
    return any(isinstance(at, core.Global) and at.name in definition.group for at in inside)
