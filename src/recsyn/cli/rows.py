"""Rows of tasks and data sets on the screen: the first ones, how they are distributed, and what splits share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from recsyn.cli.terminal import bar, console, table
from recsyn.data.describing import Description, shortened
from recsyn.data.features import Columns
from recsyn.data.records import Records, records_of
from recsyn.data.rows import Rows
from recsyn.data.tasks import Task

_FIRST = 5
_LEAST_ROOM = 40
"""Columns for texts, however narrow a terminal is."""


def show_description(description: Description) -> None:
    """Sizes and duplicates, distributions, shapes, overlaps and the first rows, as tables."""
    splits = description.splits
    rows = [(s, description.rows(s), description.duplicates(s), len(description.shapes[s])) for s in splits]
    table(description.name, ("split", "rows", "duplicates", "shapes"), rows)
    for measure in description.counts:
        bins = description.bins(measure)
        most = max(sum(b.rows.values()) for b in bins)
        lines = [(str(b), *(b.rows[s] for s in splits), bar(sum(b.rows.values()) / most)) for b in bins]
        table(f"rows by {measure}", (measure, *splits, ""), lines, whole=(measure, ""))
    room = _room(*splits)
    shapes = [(shortened(shape, room), *(counts[s] for s in splits)) for shape, counts in description.common_shapes()]
    table("the most common shapes", ("shape", *splits), shapes, whole=("shape",))
    if len(splits) > 1:
        pairs = [(f"{o.one} and {o.other}", o.inputs, o.shapes) for o in description.overlaps]
        table("what splits share", ("splits", "inputs", "shapes"), pairs)
    firsts = [(split, row) for split, pairs_of in description.first.items() for row in pairs_of]
    texts = _side_by_side([row for _, row in firsts], _room(max(splits, key=len), ""))
    table("the first rows", ("split", "input", "output"), [(s, *pair) for (s, _), pair in zip(firsts, texts, strict=True)])


def _room(*others: str) -> int:
    """The columns that others leave to texts."""
    return max(_LEAST_ROOM, console().width - 2 - sum(len(other) + 2 for other in others))


def _side_by_side(pairs: Sequence[tuple[str, str]], room: int) -> list[tuple[str, str]]:
    """Inputs and outputs as far as there is room for both on one line."""
    longest_input, longest_output = (max(map(len, texts)) for texts in zip(*pairs, strict=True))
    outputs = min(longest_output, max(room // 2, room - longest_input))
    return [(shortened(source, room - outputs), shortened(target, outputs)) for source, target in pairs]


def show_portions(task: Task, many: int, portions: Iterable[Records]) -> None:
    """The first of so many rows, which come in portions, and how all of them are distributed."""
    counts: Counter[int] = Counter()
    feature = ""
    for place, records in enumerate(portions):
        if not place:
            _show_first(task, records, _FIRST, many)
        feature, values = _measured(records.features)
        counts.update(values)
    _show_counts(feature, counts)


def show_rows(task: Task, rows: Rows, count: int) -> None:
    """The first rows, as tokens."""
    _show_first(task, records_of(task, rows), count, len(rows))


def show_distribution(task: Task, rows: Rows) -> None:
    """How many rows there are of each recursion depth, or of each size where the function has none."""
    feature, values = _measured(task.features(rows.inputs, rows.outputs))
    _show_counts(feature, Counter(values))


def _measured(columns: Columns) -> tuple[str, list[int]]:
    feature = "recursion_depth" if "recursion_depth" in columns else "size"
    return feature, columns[feature].tolist()


def _show_first(task: Task, records: Records, count: int, of: int) -> None:
    pairs = list(zip(records.inputs[:count], records.outputs[:count], strict=True))
    title = f"{task.name}: the first {len(pairs)} of {of} rows"
    table(title, ("input", "output"), _side_by_side(pairs, _room("")))


def _show_counts(feature: str, counts: Counter[int]) -> None:
    most = max(counts.values())
    table(f"rows by {feature}", (feature, "rows", ""), [(v, n, bar(n / most)) for v, n in sorted(counts.items())])
