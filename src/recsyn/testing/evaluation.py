"""How often a model is right on given rows, overall and by structure: recursion depth, length, size, shape, or any feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from recsyn.data.features import Columns
from recsyn.data.rows import Rows
from recsyn.data.shapes import shape_of
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest
from recsyn.testing.charts import Column, Range, ranges_over, rates_over
from recsyn.testing.rates import Rate
from recsyn.testing.rules import Mask
from recsyn.testing.verdicts import Failure, Model, batches, examine
from recsyn.values import show

INPUT_LENGTH, SHAPE_ROWS = "input_length", "shape_rows"
"""What rows are told apart by beside the features of :mod:`recsyn.data.features`: tokens of the input, and how many of the rows
have an input of the same shape, so that those of rare shapes can be seen alone."""
_MOST_GROUPS = 16


@dataclass(frozen=True, slots=True)
class Group:
    """The rows of which a feature is from ``least`` to ``greatest``, both included. ``wrong`` is the share that is not right."""

    least: int
    greatest: int
    wrong: Rate

    @property
    def rows(self) -> int:
        return self.wrong.tested

    @property
    def exact_match(self) -> float:
        """The share of rows on which the whole sequence is right; not a number where there are none."""
        return right_share(self.wrong)

    @property
    def interval(self) -> tuple[float, float]:
        """Where that share lies, with 95 % confidence."""
        return right_within(self.wrong)

    def __str__(self) -> str:
        return str(self.least) if self.least == self.greatest else f"{self.least}–{self.greatest}"

    @property
    def place(self) -> dict[str, int]:
        """``value`` where the group is of one value, else ``least`` and ``greatest``."""
        return {"value": self.least} if self.least == self.greatest else {"least": self.least, "greatest": self.greatest}

    def to_json(self) -> dict[str, Any]:
        return {**self.place, **right_to_json(self.wrong)}


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Exact match on ``len(failures)`` rows; ``failures[i]`` is ``None`` where the model is right. ``shapes[i]`` is the input
    without its integers and characters, as text."""

    columns: Columns
    failures: tuple[Failure | None, ...]
    shapes: tuple[str, ...]

    @cached_property
    def failing(self) -> Mask:
        """``bool [n]``."""
        return np.array([f is not None for f in self.failures], dtype=np.bool_)

    @property
    def rate(self) -> Rate:
        """The share of rows that are wrong."""
        return Rate(int(self.failing.sum()), len(self.failures))

    @property
    def accuracy(self) -> float:
        """The share of rows on which the model's whole sequence is right: exact match."""
        return right_share(self.rate)

    @property
    def shape_rate(self) -> Rate:
        """The share of shapes of which some row is wrong."""
        wrong = {shape for shape, failure in zip(self.shapes, self.failures, strict=True) if failure is not None}
        return Rate(len(wrong), len(set(self.shapes)))

    @property
    def kinds(self) -> dict[str, int]:
        """How often each kind of failure was met."""
        return dict(Counter(f.kind for f in self.failures if f is not None).most_common())

    def by(self, feature: str) -> list[Group]:
        """A group for each value of a feature, in order. Raises :class:`RecsynError` for one that the rows do not have."""
        column = self._column(feature)
        return groups_over(column, self.failing, len(column))

    def over(self, feature: str, most: int = _MOST_GROUPS) -> list[Group]:
        """A group for each value of a feature; where there are more than ``most``, for ranges of equal width that hold rows. Raises
        :class:`RecsynError` for a feature that the rows do not have."""
        return groups_over(self._column(feature), self.failing, most)

    def within(self, feature: str, ranges: Sequence[Range]) -> list[Group]:
        """A group for each range of a feature, which may overlap, and may hold no rows. Raises :class:`RecsynError` for a feature
        that the rows do not have."""
        return _groups(self._column(feature), self.failing, ranges)

    def _column(self, feature: str) -> Column:
        check_feature(feature, self.columns)
        return self.columns[feature]

    @property
    def grouping(self) -> str:
        return grouping_of(self.columns)

    @property
    def groupings(self) -> tuple[str, ...]:
        """The features that an evaluation is reported by, that one first."""
        return tuple(dict.fromkeys((self.grouping, INPUT_LENGTH, "output_length", "size", SHAPE_ROWS)))

    def to_json(self) -> dict[str, Any]:
        return {
            **right_to_json(self.rate),
            "kinds": self.kinds,
            "by": {feature: [group.to_json() for group in self.by(feature)] for feature in self.groupings},
            "shapes": {"shapes": self.shape_rate.tested, "all_rows_right": self.shape_rate.tested - self.shape_rate.failures},
        }


def grouping_of(columns: Collection[str]) -> str:
    """The feature that tells rows apart best for a reader: recursion depth, where the function recurs on its argument."""
    return "recursion_depth" if "recursion_depth" in columns else "size"


def groups_over(column: Column, failing: Mask, most: int = _MOST_GROUPS) -> list[Group]:
    """A group for each number in a column; where there are more than ``most``, for ranges of equal width that hold some."""
    values = np.unique(column).tolist()
    ranges = [(v, v) for v in values] if len(values) <= most else ranges_over([column], most)
    return [group for group in _groups(column, failing, ranges) if group.rows]


def _groups(column: Column, failing: Mask, ranges: Sequence[Range]) -> list[Group]:
    rates = rates_over(column, failing, ranges)
    return [Group(least, greatest, rate) for (least, greatest), rate in zip(ranges, rates, strict=True)]


def check_feature(feature: str, known: Collection[str]) -> None:
    """Raise :class:`RecsynError` for a feature that is not among those that rows have."""
    if feature not in known:
        near = nearest(feature, known)
        raise RecsynError(f"rows have no feature {quoted(feature)}", near or f"they have {', '.join(known)}")


def right_share(wrong: Rate) -> float:
    """The share that is right; not a number where nothing was tested."""
    return (wrong.tested - wrong.failures) / wrong.tested if wrong.tested else float("nan")


def right_within(wrong: Rate) -> tuple[float, float]:
    """The 95 % confidence interval of the share that is right."""
    low, high = wrong.interval
    return 1 - high, 1 - low


def right_to_json(wrong: Rate) -> dict[str, Any]:
    """How many rows there are, and which share of them is right, ``None`` where there are none."""
    low, high = right_within(wrong)
    return {"rows": wrong.tested, "exact_match": right_share(wrong) if wrong.tested else None, "low": low, "high": high}


def share_to_json(wrong: Rate, what: str) -> dict[str, Any]:
    """The same of steps or of inputs, which are no rows: how many, and which share of them is right."""
    found = right_to_json(wrong)
    return {what: found["rows"], "right": found["exact_match"], "low": found["low"], "high": found["high"]}


def evaluate(model: Model, task: Task, rows: Rows) -> Evaluation:
    """A model's exact match on rows of a task. Raises :class:`~recsyn.testing.verdicts.ModelError`."""
    failures = [failure for inputs in batches(rows.inputs) for failure in examine(model, task, inputs)]
    shapes = tuple(show(shape_of(value)) for value in rows.inputs)
    often = Counter(shapes)
    column = np.array([often[shape] for shape in shapes], dtype=np.int64)
    return Evaluation({**told_apart(task, rows), SHAPE_ROWS: column}, tuple(failures), shapes)


def told_apart(task: Task, rows: Rows) -> Columns:
    """The features of rows, and the length of their inputs."""
    columns = task.features(rows.inputs, rows.outputs)
    return {INPUT_LENGTH: columns["output_length"] - columns["growth"], **columns}
