"""The loop: a model is fitted to what its workflow hands it, scored, profiled, and makes rows for the next one.

It is one loop for every family. Families that run many chains at once have a *batch* of them: all that is counted by rows is then
counted by chains first. Chance is named by the chain and by what it is for, and not by the workflow, so that all workflows that fit
the first generation alike begin with the same model; not so where rows are drawn from those of the first generation or weighted
before a fit that is not scale-free, and where statistics stand for rows in some workflows alone (``whole`` of
:class:`~recsyn.collapse.family.Batchable`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.random import SFC64, Generator

from recsyn.collapse.family import (
    TEST_LOSS,
    Array,
    Batchable,
    Collapsed,
    Family,
    HeldOut,
    Iterative,
    Judging,
    Model,
    Profiled,
    Rows,
    Scores,
    joined,
    taken,
)
from recsyn.collapse.profile import profile
from recsyn.collapse.workflow import REAL, Filter, Lot, Plan, Workflow
from recsyn.data.randomness import digest
from recsyn.errors import RecsynError, quoted

_T = TypeVar("_T")
_MOST_ROUNDS = 200
"""How often a model is asked again for rows that pass a filter."""
PROFILED = 64
"""Chains of a batch whose rows are profiled, its first ones: a profile costs more than many a fit, and its mean needs no more."""
_DIVERGED = (Collapsed, np.linalg.LinAlgError, ArithmeticError)
"""What says that a fit has come to nothing; all else that a family raises is a mistake in it."""


@dataclass(frozen=True)
class Chain:
    """One chain, or ``chains`` of them in a batch, ``None`` where the family takes one at a time. ``name`` names its chance."""

    family: Family
    workflow: Workflow
    rows: int
    generations: int
    name: tuple[int | str, ...] = (0,)
    chains: int | None = None
    test_rows: int = 1_000
    steps: int | None = None

    @property
    def axis(self) -> int:
        """That of rows."""
        return 0 if self.chains is None else 1

    def chance(self, purpose: str, generation: int = 0) -> Generator:
        return Generator(SFC64(digest(*self.name, purpose, generation)))

    def opened(self) -> Family:
        family = self.family
        if self.steps is not None:
            assert isinstance(family, Iterative)
            family = family.with_steps(self.steps)
        if self.chains is None:
            return family
        assert isinstance(family, Batchable)
        return family.batch(self.chains, not self.workflow.parts, self.chance("shared"))


@dataclass(frozen=True)
class Generation:
    """What is known of one generation, enough to go on after it: ``scores`` are float[chains] by metric, ``made`` the rows of its
    model and ``lot`` where they are from, ``state`` what a model that profiles itself wants to be kept of the first, ``collapsed``
    the chains that end here, and why."""

    number: int
    scores: Mapping[str, Array]
    made: Rows | None = None
    state: Mapping[str, Array] = field(default_factory=dict)
    collapsed: Mapping[int, str] = field(default_factory=dict)
    lot: Lot | None = None


def generations(chain: Chain, kept: Sequence[Generation] = ()) -> Iterator[Generation]:
    """The generations of a chain after those that are ``kept``, which are its first ones in order. It ends early where every chain
    of it has collapsed. Raises :class:`RecsynError` where the family makes a mistake."""
    yield from _Loop(chain).run(kept)


class _Loop:
    """The lots that a chain has so far, and what they hold."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.batched = chain.chains is not None
        self.number = 1
        self.family = self._asked("batch", chain.opened)
        self.lots: list[Lot] = []
        self.portions: list[Rows | None] = []
        self.kinds: list[tuple[str, tuple[int, ...]]] = []
        self.first: Generation | None = None
        self.ended: set[int] = set()

    def run(self, kept: Sequence[Generation]) -> Iterator[Generation]:
        last: Generation | None = None
        test: Rows | None = None
        for number in range(1, self.chain.generations + 1):
            self.number = number
            if len(self.ended) == (self.chain.chains or 1):
                return
            self._gather(last)
            if number <= len(kept):
                last = kept[number - 1]
            else:
                test = self._test() if test is None else test
                with np.errstate(all="ignore"):
                    last = self._generation(test)
                yield last
            self.first = self.first or last
            self.ended |= set(last.collapsed)

    def _gather(self, last: Generation | None) -> None:
        """The lots of this generation."""
        if last is None:
            self._add(Lot(1, REAL, self.chain.rows), self._real(self.chain.rows))
            return
        need = self.chain.workflow.need(self.number, self.chain.rows)
        if need.real:
            self._add(Lot(self.number, REAL, need.real), self._real(need.real))
        if need.made:
            assert last.made is not None
            self._add(Lot(self.number, self.number - 1, need.made), last.made)

    def _add(self, lot: Lot, rows: Rows) -> None:
        for part in rows if isinstance(rows, tuple) else (rows,):
            part.setflags(write=False)  # a family that wrote into them would change what later generations are fitted to
        self.lots.append(lot)
        self.portions.append(rows)

    def _real(self, count: int) -> Rows:
        return self._rows("real", count, lambda: self.family.real(count, self.chain.chance("real", self.number)))

    def _test(self) -> Rows:
        family, count, chance = self.family, self.chain.test_rows, self.chain.chance("test")
        if isinstance(family, HeldOut):
            return self._rows("held_out", count, lambda: family.held_out(count, chance))
        return self._rows("real", count, lambda: family.real(count, chance))

    def _generation(self, test: Rows) -> Generation:
        chain = self.chain
        rows, weights, real_share = self._fitted_to()
        try:
            model = self._asked("fit", lambda: self.family.fit(rows, weights, chain.chance("fit", self.number)))
            scores = self._scores(model, test)
            made, lacking = self._made(model)
            state = self._asked("state", model.state) if isinstance(model, Profiled) and self.number == 1 else {}
            profiled = self._profiled(model, made, test, rows, state)
            scores |= {metric: value for metric, value in profiled.items() if metric not in scores}
        except _DIVERGED as error:
            cause = " ".join(str(error).split()) or type(error).__name__
            return Generation(self.number, self._of_each({"real_share": real_share}), collapsed=self._all(cause))
        each = self._of_each({**scores, "real_share": real_share})
        found = {**self._not_finite(each[TEST_LOSS]), **lacking}
        collapsed = {c: why for c, why in found.items() if c not in self.ended}
        lot = None if made is None else Lot(self.number + 1, self.number, self._needed() or chain.rows)
        return Generation(self.number, each, self._of_living(made, collapsed), state, collapsed, lot)

    def _of_living(self, made: Rows | None, collapsed: Mapping[int, str]) -> Rows | None:
        """Chains of a batch that have ended go on with the rows of one that has not, so that nothing can go wrong in them for
        all."""
        dead = self.ended | set(collapsed)
        living = next((c for c in range(self.chain.chains or 0) if c not in dead), None)
        if made is None or not dead or living is None:
            return made
        chains = np.arange(self.chain.chains or 0)
        chains[list(dead)] = living
        return tuple(part[chains] for part in made) if isinstance(made, tuple) else made[chains]

    def _fitted_to(self) -> tuple[Rows, Array, float | Array]:
        """Rows, their weights, and the share of them that is real."""
        chain = self.chain
        plan = chain.workflow.plan(self.number, chain.rows, self.lots)
        # A workflow does not come back to what it leaves out.
        self.portions = [rows if weight else None for rows, weight in zip(self.portions, plan.weights, strict=True)]
        used = [
            (lot, rows, weight)
            for lot, rows, weight in zip(self.lots, self.portions, plan.weights, strict=True)
            if rows is not None
        ]
        rows = joined(self.family, [rows for _, rows, _ in used], chain.axis)
        counts = [_count(each, chain.axis) for _, each, _ in used]
        weights = np.repeat([weight for _, _, weight in used], counts)
        if plan.limit is None:
            total = sum(lot.count for lot, _, _ in used)
            return rows, weights, sum(lot.count for lot, _, _ in used if lot.real) / total
        places = self._places(plan, len(weights))
        real = np.repeat([lot.real for lot, _, _ in used], counts)
        return taken(rows, places), weights[places], real[places].mean(-1)

    def _places(self, plan: Plan, count: int) -> Array:
        chance = self.chain.chance("subsample", self.number)
        assert plan.limit is not None
        if plan.limit > count:
            raise RecsynError(f"{plan.limit:,} rows are to be drawn from {count:,}, without replacement")
        if self.chain.chains is None:
            return chance.permutation(count)[: plan.limit]
        if plan.limit == count:
            return np.broadcast_to(np.arange(count), (self.chain.chains, count))
        return np.argpartition(chance.random((self.chain.chains, count), np.float32), plan.limit, axis=1)[:, : plan.limit]

    def _needed(self) -> int:
        """Rows that the next generation wants of this one's model; none after the last."""
        chain = self.chain
        return chain.workflow.need(self.number + 1, chain.rows).made if self.number < chain.generations else 0

    def _made(self, model: Model) -> tuple[Rows | None, dict[int, str]]:
        """The rows for the next generation, and which chains lack some since too few passed the filter. Where none are needed, they
        are made for the profile."""
        chain = self.chain
        if not self._needed() and isinstance(model, Profiled):
            return None, {}
        count = self._needed() or chain.rows
        chance = chain.chance("make", self.number)
        if chain.workflow.filter is None:
            return self._rows("sample", count, lambda: model.sample(count, chance)), {}
        rows, lacking = self._filtered(model, count, chain.workflow.filter, chance)
        return rows, lacking if self._needed() else {}  # what is looked at alone, and not fitted to, need not be complete

    def _filtered(self, model: Model, count: int, filter: Filter, chance: Generator) -> tuple[Rows, dict[int, str]]:
        """The first ``count`` rows of each chain that the filter keeps."""
        axis, judging = self.chain.axis, self.family
        assert isinstance(judging, Judging)
        rows: Rows | None = None
        kept: Array = np.zeros(0, bool)
        for _ in range(_MOST_ROUNDS):
            more = self._rows("sample", count, lambda: model.sample(count, chance))
            right = self._judged(judging, more, count)
            passing = chance.random(right.shape) < np.where(right, filter.right, filter.wrong)
            kept = passing if rows is None else np.concatenate([kept, passing], axis)
            rows = more if rows is None else joined(self.family, [rows, more], axis)
            first = np.argsort(~kept, axis=axis, kind="stable")[..., :count]
            rows, kept = taken(rows, first), np.take_along_axis(kept, first, axis)
            if kept.all():
                break
        assert rows is not None
        passed = np.atleast_1d(kept.sum(axis))
        short = np.flatnonzero(passed < count)
        why = f"of {_MOST_ROUNDS * count:,} rows that its model made the filter kept"
        return rows, {int(c): f"{why} {passed[c]:,}, and {count:,} are needed" for c in short}

    def _profiled(self, model: Model, made: Rows | None, test: Rows, rows: Rows, state: Mapping[str, Array]) -> Scores:
        if isinstance(model, Profiled):
            return self._asked("profile", lambda: model.profile(state or (self.first.state if self.first else {})))
        first = self.first.made if self.first else made
        assert made is not None
        assert first is not None
        if not self.batched:
            return profile(made, test, rows, first, batched=False)
        made, test, rows, first = (_of_chains(each, PROFILED) for each in (made, test, rows, first))
        few = profile(made, test, rows, first, batched=True)
        lacking = np.full(max(0, (self.chain.chains or 0) - PROFILED), np.nan)
        return {metric: np.concatenate([np.asarray(values, float), lacking]) for metric, values in few.items()}

    # What a family answers

    def _asked(self, what: str, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except (*_DIVERGED, RecsynError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            raise RecsynError(f"{what!r} of {self._whose()} fails in generation {self.number}: {why}") from error

    def _rows(self, what: str, count: int, ask: Callable[[], Rows]) -> Rows:
        """What a family answers when it is asked for rows. Those of a batch may be statistics, which are not counted here."""
        given = self._asked(what, ask)
        parts = given if isinstance(given, tuple) else (given,)
        if not parts or not all(isinstance(part, np.ndarray) and part.ndim and not part.dtype.hasobject for part in parts):
            raise RecsynError(
                f"{what!r} of {self._whose()} gives {quoted(given)} in generation {self.number}, and not rows",
                "rows are a NumPy array of numbers whose first axis counts them, or a tuple of such arrays",
            )
        # Rows that were kept come back like this, and sums of an array that is strided are rounded in another way.
        parts = tuple(part if part.flags.forc else np.ascontiguousarray(part) for part in map(np.asarray, parts))
        if not self.batched:
            self._check(what, count, parts)
        return parts if isinstance(given, tuple) else parts[0]

    def _check(self, what: str, count: int, parts: tuple[Array, ...]) -> None:
        """Raise :class:`RecsynError` for rows of one chain that are too few or too many, or unlike the first real ones."""
        where = f"{what!r} of {self._whose()} gives"
        for part in parts:
            if len(part) != count:
                raise RecsynError(
                    f"{where} {len(part):,} rows in generation {self.number}, and was asked for {count:,}",
                    "the first axis of what it gives has to be as long as the number it is given",
                )
        kinds: list[tuple[str, tuple[int, ...]]] = [
            ("number" if part.dtype.kind in "biuf" else part.dtype.kind, part.shape[1:]) for part in parts
        ]
        self.kinds = self.kinds or kinds
        if kinds != self.kinds:
            shapes = [", ".join(f"{kind} {shape}" for kind, shape in each) for each in (kinds, self.kinds)]
            raise RecsynError(
                f"{where} rows of {shapes[0]} in generation {self.number}, and the first real rows are of {shapes[1]}",
                "rows that models make have to be of the same shape as real ones",
            )

    def _judged(self, judging: Judging, rows: Rows, count: int) -> Array:
        right = np.asarray(self._asked("right", lambda: judging.right(rows)))
        shape = (count,) if self.chain.chains is None else (self.chain.chains, count)
        if right.shape != shape or right.dtype.kind != "b":
            raise RecsynError(
                f"'right' of {self._whose()} gives {quoted(right)} of shape {right.shape} in generation {self.number}",
                f"it is asked for a truth value for each row: booleans of shape {shape}",
            )
        return right

    def _scores(self, model: Model, test: Rows) -> dict[str, Any]:
        scores: Any = self._asked("score", lambda: model.score(test))
        if not isinstance(scores, Mapping) or not all(isinstance(metric, str) for metric in scores):
            raise RecsynError(
                f"'score' of {self._whose()} gives {quoted(scores)}, and not numbers by the names of metrics",
                f"return for example `{{{TEST_LOSS!r}: 0.5}}`",
            )
        if TEST_LOSS not in scores:
            raise RecsynError(f"the scores of {self._whose()} have no {TEST_LOSS!r}", "`score` returns a mapping that has it")
        return dict(scores)

    def _whose(self) -> str:
        return f"the family {type(self.chain.family).__name__}"

    def _of_each(self, scores: Mapping[str, Any]) -> dict[str, Array]:
        """float[chains] by metric; those of chains that have ended are not numbers."""
        found = {}
        for metric, value in scores.items():
            try:
                each = np.array(np.broadcast_to(np.asarray(value, float), (self.chain.chains or 1,)))
            except (TypeError, ValueError):
                raise RecsynError(f"the score {metric!r} of {self._whose()} is no number: {str(value)[:80]}") from None
            each[list(self.ended)] = np.nan
            found[metric] = each
        return found

    def _not_finite(self, losses: Array) -> dict[int, str]:
        words = {True: "not a number", False: "infinite"}
        return {int(c): f"its test loss is {words[bool(np.isnan(losses[c]))]}" for c in np.flatnonzero(~np.isfinite(losses))}

    def _all(self, cause: str) -> dict[int, str]:
        return {c: cause for c in range(self.chain.chains or 1) if c not in self.ended}


def _count(rows: Rows, axis: int) -> int:
    return int((rows[0] if isinstance(rows, tuple) else rows).shape[axis])


def _of_chains(rows: Rows, most: int) -> Rows:
    """The rows of the first chains of a batch."""
    return tuple(part[:most] for part in rows) if isinstance(rows, tuple) else rows[:most]
