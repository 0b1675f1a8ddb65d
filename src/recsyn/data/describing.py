"""What a data set looks like: how its rows are distributed, what its splits share, which rows are the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from recsyn.data.figures import check_plot, write_figure
from recsyn.data.markdown import on_one_line
from recsyn.data.records import Records
from recsyn.data.shapes import shape_of
from recsyn.data.tasks import Task
from recsyn.values import show

_MEASURES = ("depth", "recursion_depth", "size", "input_length", "output_length")
_BINS = 16
_SHAPES = 10
_FIRST = 5
_LONGEST = 100
"""Characters of a shape, and of a name, that are shown."""


@dataclass(frozen=True)
class Bin:
    """Values of a measure from ``least`` to ``greatest``, and how many rows of each split have one."""

    least: int
    greatest: int
    rows: Mapping[str, int]

    def __str__(self) -> str:
        return str(self.least) if self.least == self.greatest else f"{self.least}–{self.greatest}"


@dataclass(frozen=True)
class Overlap:
    """How many different inputs, and shapes, two splits have in common."""

    one: str
    other: str
    inputs: int
    shapes: int


@dataclass(frozen=True, eq=False)
class Description:
    """``counts[measure][split][value]`` are rows; ``inputs`` and ``shapes`` how often each input and each shape occurs in a split;
    ``first`` the first rows of each split, as texts."""

    name: str
    counts: Mapping[str, Mapping[str, Counter[int]]]
    inputs: Mapping[str, Counter[str]]
    shapes: Mapping[str, Counter[str]]
    first: Mapping[str, tuple[tuple[str, str], ...]]

    @property
    def splits(self) -> tuple[str, ...]:
        return tuple(self.inputs)

    def rows(self, split: str) -> int:
        return self.inputs[split].total()

    def duplicates(self, split: str) -> int:
        """Rows whose input an earlier row of the split has."""
        return self.rows(split) - len(self.inputs[split])

    @property
    def overlaps(self) -> list[Overlap]:
        """Every two splits, in order."""
        return [
            Overlap(a, b, len(self.inputs[a].keys() & self.inputs[b].keys()), len(self.shapes[a].keys() & self.shapes[b].keys()))
            for a, b in combinations(self.splits, 2)
        ]

    def bins(self, measure: str, most: int = _BINS) -> list[Bin]:
        """The rows by a measure: by each of its values, or, where there are more than ``most``, by ranges of equal width."""
        counts = self.counts[measure]
        values = sorted(set().union(*counts.values()))
        if len(values) <= most:
            return [Bin(v, v, {split: c[v] for split, c in counts.items()}) for v in values]
        width = -(-(values[-1] - values[0] + 1) // most)
        bins = [range(least, least + width) for least in range(values[0], values[-1] + 1, width)]
        return [Bin(b[0], b[-1], {split: sum(n for v, n in c.items() if v in b) for split, c in counts.items()}) for b in bins]

    def common_shapes(self, most: int = _SHAPES) -> list[tuple[str, dict[str, int]]]:
        """The most common shapes, and how many rows of each split have them."""
        total = sum(self.shapes.values(), Counter())
        ordered = sorted(total, key=lambda shape: (-total[shape], len(shape), shape))
        return [(shape, {split: c[shape] for split, c in self.shapes.items()}) for shape in ordered[:most]]

    def to_json(self) -> dict[str, Any]:
        return {
            "task": self.name,
            "splits": {
                split: {"rows": self.rows(split), "duplicates": self.duplicates(split), "shapes": len(self.shapes[split])}
                for split in self.splits
            },
            "overlaps": [{"splits": [o.one, o.other], "inputs": o.inputs, "shapes": o.shapes} for o in self.overlaps],
            "by": {
                measure: {split: [{"value": v, "rows": n} for v, n in sorted(c.items())] for split, c in by_split.items()}
                for measure, by_split in self.counts.items()
            },
            "shapes": [{"shape": shape, "rows": rows} for shape, rows in self.common_shapes()],
            "first": {split: [{"input": i, "output": o} for i, o in rows] for split, rows in self.first.items()},
        }


def describe(task: Task, splits: Mapping[str, Records]) -> Description:
    """What these rows look like. Raises :class:`RecsynError` for a row that is no input of the task."""
    counts: dict[str, dict[str, Counter[int]]] = {}
    inputs: dict[str, Counter[str]] = {}
    shapes: dict[str, Counter[str]] = {}
    for split, records in splits.items():
        values = [task.input_codec.decode(text.split()) for text in records.values]
        inputs[split] = Counter(show(value) for value in values)
        shapes[split] = Counter(show(shape_of(value)) for value in values)
        measured = {name: column.tolist() for name, column in records.features.items()}
        measured["input_length"] = [len(text.split()) for text in records.inputs]
        for measure in _MEASURES:
            if measure in measured:
                counts.setdefault(measure, {})[split] = Counter(measured[measure])
    first = {s: tuple(zip(r.inputs[:_FIRST], r.outputs[:_FIRST], strict=True)) for s, r in splits.items()}
    return Description(task.name, counts, inputs, shapes, first)


def shortened(text: str, room: int = _LONGEST) -> str:
    """A shape, or tokens, as far as there is room for them, to the end of a word."""
    if len(text) <= room:
        return text
    return f"{text[: room - 1].rpartition(' ')[0] or text[: room - 2]} …"


def plot(description: Description, path: str | Path) -> None:
    """Draw the distributions as a file, one panel for each measure and one for shapes by how common they are; every split is a
    line. The same description gives the same bytes. Raises :class:`RecsynError` for an unknown kind of file, and for one that
    cannot be written."""
    check_plot(path)
    from matplotlib.figure import Figure

    measures = list(description.counts)
    columns = 3
    rows = -(-(len(measures) + 1) // columns)
    figure = Figure(figsize=(4.2 * columns, 3.1 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False).flatten().tolist()
    for panel, measure in zip(panels, measures, strict=False):
        values = sorted(set().union(*description.counts[measure].values()))
        for split, counts in description.counts[measure].items():
            total = counts.total()
            panel.plot(values, [counts[v] / total for v in values], marker=".", label=split)
        panel.set_xlabel(measure.replace("_", " "))
        panel.set_ylabel("share of rows")
    ranks = panels[len(measures)]
    for split, shapes in description.shapes.items():
        ordered = sorted(shapes.values(), reverse=True)
        ranks.plot(range(1, len(ordered) + 1), ordered, label=split)
    ranks.set(xlabel="shapes, the most common first", ylabel="rows", xscale="log", yscale="log")
    for panel in panels[len(measures) + 1 :]:
        panel.set_visible(False)
    ranks.legend()
    figure.suptitle(shortened(on_one_line(description.name)), parse_math=False)
    write_figure(figure, path)
