"""Failures made into findings: each a rule that predicts some of them, the smallest of every kind, and how well the rule does on
inputs drawn anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from recsyn.data.answers import Answer
from recsyn.data.codecs import DecodeError
from recsyn.data.features import Columns
from recsyn.data.tasks import Task
from recsyn.testing.events import Shrunk
from recsyn.testing.findings import Evidence, Finding
from recsyn.testing.interview import Ended, Interview
from recsyn.testing.rules import Mask, Rule, Score, fit_rule, score
from recsyn.testing.shrinking import StillFails, order, shrinking, smallest_of_all
from recsyn.testing.verdicts import Failure, Kind
from recsyn.values import Datum

MOST_FINDINGS = 5
_HEAVIEST = 100.0
_PROPOSED = 10
"""So many times the inputs that may be asked are proposed at most: what is known already costs nothing."""
_MOST_FITTED = 2_000
_LEAST_F1 = 0.5
"""A rule that describes the failures of the search worse than this explains nothing, and is not shown as if it did."""


def findings(interview: Interview, seen: Evidence, fresh: Evidence, most: int, most_calls: int) -> Iterator[Finding]:
    """One finding after another, ``most`` of them, each for failures that those before it do not predict. Where no rule describes
    what is left, the last finding takes it all, without a rule. Rules are fitted to ``seen`` and scored on ``fresh``; each
    counterexample is shrunk by asking ``most_calls`` inputs at most."""
    unexplained = fresh.failing
    earlier: list[Rule] = []
    for rule, members in _grouped(seen, most):
        if rule is None:
            yield _finding(interview, seen.failed(members), None, Score(0, 0, int(unexplained.sum())), earlier, most_calls)
            return
        open_question = unexplained | ~fresh.failing
        scored = score(rule, _selected(fresh.columns, open_question), unexplained[open_question])
        yield _finding(interview, seen.failed(members), rule, scored, earlier, most_calls)
        earlier.append(rule)
        unexplained = unexplained & ~rule.holds(fresh.columns)


def groups(seen: Evidence) -> int:
    """How many findings the failures seen so far would make."""
    return sum(1 for _ in _grouped(seen, MOST_FINDINGS))


def _grouped(seen: Evidence, most: int) -> Iterator[tuple[Rule | None, Mask]]:
    """Each rule with the failures that it is about, ``bool [n]``; the last without a rule where none describes what is left."""
    remaining = seen.failing
    passing = ~remaining
    found = 0
    while remaining.any():
        open_question = remaining | passing
        columns, failing = _selected(seen.columns, open_question), remaining[open_question]
        rule = _fitted(columns, failing)
        found += 1
        members = remaining & rule.holds(seen.columns)
        whole = bool((members == remaining).all())
        if (found == most and not whole) or score(rule, columns, failing).f1 < _LEAST_F1:
            yield None, remaining
            return
        yield rule, members
        remaining = remaining & ~members


def _finding(
    interview: Interview, failures: Sequence[Failure], rule: Rule | None, scored: Score, earlier: Sequence[Rule], most_calls: int
) -> Finding:
    task = interview.task
    kinds = Counter(f.kind for f in failures)
    known = [f for f in interview.failures if f.kind in kinds]
    belonging = _belong(task, [f.input for f in known], rule, earlier)
    members = [f for f, belongs in zip(known, belonging, strict=True) if belongs]
    smallest = []
    for kind in kinds:
        start = min((f for f in members if f.kind == kind), key=lambda f: order(task.space, f.input))
        smallest.append(_smallest(interview, start, most_calls, rule, earlier))
    smallest.sort(key=lambda f: order(task.space, f.input))
    first = smallest[0]
    return Finding(
        smallest=tuple(smallest),
        expected=task.function.of_each([first.input])[0],
        actual=_decoded(task, first.answer),
        kinds=dict(kinds.most_common()),
        rule=rule,
        score=scored,
    )


def shrunk(
    interview: Interview, failure: Failure, most_calls: int, rule: Rule | None = None, earlier: Sequence[Rule] = ()
) -> Failure:
    """A small failure of the same kind reached from one, among those that the rule predicts and no earlier one does."""
    reached = [failure.input]
    with suppress(Ended):
        still_fails = _alike(interview, failure.kind, rule, earlier, interview.calls + most_calls)
        reached.extend(shrinking(interview.task.space, failure.input, still_fails, _PROPOSED * most_calls))
    return _told(interview, failure, reached[-1])


def _smallest(interview: Interview, failure: Failure, most_calls: int, rule: Rule | None, earlier: Sequence[Rule]) -> Failure:
    """The same, and the smallest of all where the inputs up to its size are few."""
    limit = interview.calls + most_calls
    small = shrunk(interview, failure, most_calls, rule, earlier)
    reached = small.input
    with suppress(Ended):
        still_fails = _alike(interview, failure.kind, rule, earlier, limit)
        reached = smallest_of_all(interview.task.space, reached, still_fails, most_calls)
    return small if reached == small.input else _told(interview, small, reached)


def _told(interview: Interview, before: Failure, reached: Datum) -> Failure:
    after = interview.verdicts[reached]
    assert isinstance(after, Failure)
    interview.listener(Shrunk(before, after))
    return after


def _alike(interview: Interview, kind: Kind, rule: Rule | None, earlier: Sequence[Rule], limit: int) -> StillFails:
    """Which inputs fail in this way and belong together. Raises :class:`Ended` where the calls of the interview would pass the
    limit."""

    def still_fails(inputs: Sequence[Datum]) -> list[bool]:
        new = [value for value in inputs if value not in interview.verdicts]
        if interview.calls + len(new) > limit:
            raise Ended
        interview.learn(new)
        verdicts = [interview.verdicts[value] for value in inputs]
        alike = [v for v in verdicts if isinstance(v, Failure) and v.kind == kind]
        belonging = _belong(interview.task, [v.input for v in alike], rule, earlier)
        found = {v.input for v, belongs in zip(alike, belonging, strict=True) if belongs}
        return [value in found for value in inputs]

    return still_fails


def _belong(task: Task, inputs: Sequence[Datum], rule: Rule | None, earlier: Sequence[Rule]) -> Mask:
    """Which inputs a rule predicts and no earlier one does."""
    belong = np.ones(len(inputs), dtype=np.bool_)
    if not inputs or (rule is None and not earlier):
        return belong
    columns = task.features(inputs, task.function.of_each(inputs))
    if rule:
        belong &= rule.holds(columns)
    for other in earlier:
        belong &= ~other.holds(columns)
    return belong


def _decoded(task: Task, answer: Answer) -> Datum | Answer:
    if not answer.ended:
        return answer
    try:
        value = task.question.read(answer.tokens)
    except DecodeError:
        return answer
    return answer if value is None else value


def _fitted(columns: Columns, failing: Mask) -> Rule:
    """A rule fitted to these inputs; where there are very many, to some at even distances, failing and passing ones apart."""
    kept = np.zeros(len(failing), dtype=np.bool_)
    share = np.ones(len(failing))
    for side in (np.flatnonzero(failing), np.flatnonzero(~failing)):
        stride = max(1, -(-len(side) // _MOST_FITTED))
        kept[side[::stride]] = True
        share[side] = stride
    weights = share * _by_size(columns["size"])
    return fit_rule(_selected(columns, kept), failing[kept], weights[kept])


def _by_size(sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Weights by which every size counts as much, ``float64 [n]``: small inputs were listed, each once, and what rules are scored
    on has as many of each size."""
    _, places, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    weights: NDArray[np.float64] = len(sizes) / len(counts) / counts[places]
    return np.minimum(weights, _HEAVIEST)


def _selected(columns: Columns, rows: Mask) -> Columns:
    return {name: column[rows] for name, column in columns.items()}
