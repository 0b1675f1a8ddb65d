"""Studies: one experiment, changed along axes, each change trained and judged; written as YAML. Those that ship are the papers'.

======================  ==============================================================================================
``title`` ``about``     what is asked, in a line; where it was asked first, and what of it is ours
``experiment``          a preset or a file, beside ``task``, ``model`` and ``training`` of the study's own, which change it
``axes``                for each axis its points by name, and what each changes in ``task``, ``model`` and ``training``; there is a
                        cell for every choice of one point of each, and every seed
``seeds``               of training, one or more
``columns``             what every cell is judged on, by name: rows of a ``split`` (``test``), drawn from a ``distribution`` of the
                        column's own or from that of the cell, ``where`` a predicate over their features holds
``rows``                for each figure
``whole``               whether cells that ask for one step, one round or a trace are also run to the end
                        (:mod:`recsyn.testing.emulation`)
``published``           figures by column, each ``at`` some points: a share, a pair of shares between which it lies, or words
``quick``               what the small version changes, in any of these; of an axis it may list the points that are kept
======================  ==============================================================================================

A change is laid over what it changes: mappings are merged, all else is replaced, and ``null`` takes a field away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import product
from pathlib import Path
from re import findall
from typing import Any, TypeAlias

from recsyn.data.configurations import Configuration, Shelf
from recsyn.data.distributions import distribution_from_config
from recsyn.data.experiments import PRESETS, experiment_of
from recsyn.data.predicates import Predicate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import LanguageError
from recsyn.neural.architecture import Architecture
from recsyn.neural.recipe import Recipe
from recsyn.studies.reading import chosen_axes, kept_axes, known, listed, mapping, merged

STUDIES = Shelf("study", "presets/studies")
_CHANGED = ("task", "model", "training")
_FIELDS = ("title", "about", "experiment", *_CHANGED, "axes", "seeds", "columns", "rows", "whole", "published", "quick")
_MOST_CELLS = 10_000
_MOST_ROWS = 1_000_000
_LONGEST = 100
"""Letters of a cell's points in the name of its folder."""
_ONE_DEVICE = ("devices", "num_nodes", "strategy")
"""Arguments of Lightning's Trainer by which one training takes more than one process."""

Figure: TypeAlias = "float | tuple[float, float] | str"
"""What was published: a share, two that it lies between, or words."""


@dataclass(frozen=True)
class Column:
    """Rows that cells are judged on; without a ``distribution`` they are drawn from that of the cell's task. ``where`` is a
    predicate (:mod:`recsyn.data.predicates`) over the features of a row and its ``input_length``, in tokens."""

    name: str
    split: str
    distribution: Mapping[str, Any] | None
    where: str | None

    def key(self, rows: int, whole: bool) -> str:
        """What its figures are kept under: all that could change them, but for the model."""
        return _digest([self.split, self.distribution, self.where, rows, whole])

    def drawn(self, task: Task) -> Task:
        """The task whose rows of :attr:`split` these are. Raises :class:`RecsynError`."""
        task.splits.check(self.split)
        return task if self.distribution is None else task.with_distribution(distribution_from_config(self.distribution))


@dataclass(frozen=True)
class Cell:
    """A training, as plain data that goes to another process. ``point`` names its place on each axis, the seed left out;
    ``trainer`` has arguments of Lightning's Trainer."""

    point: Mapping[str, str]
    task: Mapping[str, Any]
    architecture: Architecture
    recipe: Recipe
    columns: tuple[Column, ...]
    rows: int
    whole: bool
    trainer: Mapping[str, Any]

    @property
    def name(self) -> str:
        return ", ".join([*(f"{axis} {name}" for axis, name in self.point.items()), f"seed {self.recipe.seed}"])

    @cached_property
    def key(self) -> str:
        """What its checkpoint is called: it tells all that could change the weights."""
        task = {name: value for name, value in self.task.items() if name != "name"}
        digest = _digest([task, self.architecture.to_config(), self.recipe.to_config(), dict(self.trainer)])
        words = findall(r"[\w.]+", " ".join(self.point.values()))
        return "-".join(["-".join(words)[:_LONGEST], str(self.recipe.seed), digest])


def _digest(made: Any) -> str:
    return sha256(json.dumps(made, sort_keys=True, default=str).encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Published:
    """Figures of a paper for all cells that have these points, by column."""

    at: Mapping[str, str]
    figures: Mapping[str, Figure]


@dataclass(frozen=True)
class Study:
    """``axes`` names the points of each axis in order."""

    name: str
    title: str
    about: str
    quick: bool
    axes: Mapping[str, tuple[str, ...]]
    columns: tuple[Column, ...]
    cells: tuple[Cell, ...]
    published: tuple[Published, ...]

    @property
    def rows(self) -> int:
        """Rows a figure."""
        return self.cells[0].rows

    @property
    def whole(self) -> bool:
        return self.cells[0].whole

    def figure(self, point: Mapping[str, str], column: str) -> Figure | None:
        """What was published for a cell; ``None`` where nothing is known."""
        for each in self.published:
            if column in each.figures and all(point[axis] == name for axis, name in each.at.items()):
                return each.figures[column]
        return None

    def only(self, chosen: Mapping[str, Sequence[str]]) -> Study:
        """The study of some points of some axes. Raises :class:`RecsynError` for what it does not have."""
        axes = chosen_axes(self.axes, chosen, self.name)
        cells = tuple(cell for cell in self.cells if all(name in axes[axis] for axis, name in cell.point.items()))
        return replace(self, axes=axes, cells=cells)

    def on(self, trainer: Mapping[str, Any]) -> Study:
        """The study trained with such arguments of Lightning's Trainer. Raises :class:`RecsynError` for those by which a training
        takes several devices."""
        for name in trainer:
            if name in _ONE_DEVICE:
                raise RecsynError(
                    f"{name} of Lightning's Trainer is for trainings on several devices, and one of a study has one",
                    "let several trainings run at a time with `--processes`",
                )
        return replace(self, cells=tuple(replace(cell, trainer=trainer) for cell in self.cells))


def load_study(name: str, quick: bool = False) -> Study:
    """A study that ships, by name, or the one in a YAML file: whole, or its small version. Raises :class:`RecsynError` naming what
    is wrong in it."""
    configuration = STUDIES.read(name)
    path = str(configuration.path)
    try:
        return _study(_Reading(configuration.path, _fields(configuration.content), quick))
    except LanguageError:
        raise
    except RecsynError as error:
        raise RecsynError(f"in {path!r}: {error.message}", error.hint) from None
    except RecursionError:
        raise RecsynError(f"{path!r} is nested too deeply") from None


def _fields(content: Any) -> dict[str, Any]:
    if not isinstance(content, Mapping) or "axes" not in content:
        raise RecsynError("this describes no study", f"its fields are {', '.join(_FIELDS)}, and it has axes at least")
    for field in content:
        known("field", field, _FIELDS, "a study")
    return dict(content)


class _Reading:
    """The fields of a study, the changes of its small version laid over them where that is asked for; ``axes`` as they are without
    it."""

    def __init__(self, path: Path, fields: dict[str, Any], quick: bool) -> None:
        self.path, self.quick = path, quick
        self.axes = {
            str(axis): {str(name) for name in mapping(f"axes.{axis}", points)}
            for axis, points in mapping("axes", fields["axes"]).items()
        }
        small = fields.pop("quick", None)
        if quick:
            if small is None:
                raise RecsynError("the study has no small version", "give it one in `quick`, or leave `--quick` out")
            small = mapping("quick", small)
            for field in small:
                known("field", field, [f for f in _FIELDS if f != "quick"], "a study")
            kept = mapping("axes", small.get("axes", {}))
            fields = merged(fields, {name: change for name, change in small.items() if name != "axes"})
            fields["axes"] = kept_axes(mapping("axes", fields["axes"]), kept)
        self.fields = fields

    def text(self, field: str) -> str:
        value = self.fields.get(field, "")
        if not isinstance(value, str):
            raise RecsynError(f"{field} is {quoted(value)}, not a text")
        return " ".join(value.split())


def _study(reading: _Reading) -> Study:
    columns = tuple(_columns(reading.fields.get("columns", {"test": {}})))
    axes = {str(axis): _points(axis, points) for axis, points in mapping("axes", reading.fields["axes"]).items()}
    seeds = _seeds(reading.fields.get("seeds", [0]))
    cells = tuple(_cells(reading, axes, seeds, columns))
    names = {axis: tuple(points) for axis, points in axes.items()}
    published = tuple(_published(reading, names, [column.name for column in columns]))
    title = reading.text("title")
    return Study(reading.path.stem, title, reading.text("about"), reading.quick, names, columns, cells, published)


def _seeds(seeds: Any) -> Sequence[Any]:
    if not isinstance(seeds, list) or not seeds or len(set(map(str, seeds))) < len(seeds):
        raise RecsynError(f"seeds is {quoted(seeds)}, not a list of different ones", "give one at least: `seeds: [0]`")
    return seeds


def _points(axis: Any, points: Any) -> dict[str, Mapping[str, Any]]:
    found = {}
    for name, change in mapping(f"axes.{axis}", points).items():
        found[str(name)] = mapping(f"axes.{axis}.{name}", {} if change is None else change)
        for section, content in found[str(name)].items():
            known("section", section, _CHANGED, f"the point {name} of {axis}")
            _section(f"axes.{axis}.{name}.{section}", content)
    if not found:
        raise RecsynError(f"the axis {axis} has no points", "name one at least, with what it changes")
    return found


def _section(where: str, content: Any) -> Mapping[Any, Any]:
    """One of the sections that may be changed. Raises :class:`RecsynError` where it is none."""
    found = mapping(where, content)
    if "seed" in found and where.endswith("training"):
        raise RecsynError(f"{where} names a seed", "a study has `seeds`, each of which every cell is trained with")
    return found


def _cells(
    reading: _Reading, axes: Mapping[str, Mapping[str, Mapping[str, Any]]], seeds: Sequence[Any], columns: tuple[Column, ...]
) -> Iterator[Cell]:
    fields = reading.fields
    whole, rows = fields.get("whole", False), fields.get("rows", 1_000)
    if not isinstance(whole, bool):
        raise RecsynError(f"whole is {quoted(whole)}, not true or false")
    if type(rows) is not int or not 1 <= rows <= _MOST_ROWS:
        raise RecsynError(f"rows is {quoted(rows)}, not a whole number from 1 to {_MOST_ROWS:,}")
    base, path = _base(reading)
    number = len(seeds)
    for points in axes.values():
        number *= len(points)
    if number > _MOST_CELLS:
        raise RecsynError(f"the axes and seeds make {number:,} cells, and a study has {_MOST_CELLS:,} at most")
    tasks: dict[str, dict[str, Any]] = {}
    for names in product(*axes.values()):
        config = base
        for axis, name in zip(axes, names, strict=True):
            config = merged(config, axes[axis][name])
        point = dict(zip(axes, names, strict=True))
        where = ", ".join(f"{axis} {name}" for axis, name in point.items())
        try:
            # A program is checked for each task, and most cells of a grid share theirs.
            same = repr(config["task"])
            if same not in tasks:
                tasks[same] = experiment_of(Configuration(config, path)).task.to_config()
            written = tasks[same]
            architecture = Architecture.from_config(config.get("model", {}))
            for seed in seeds:
                recipe = Recipe.from_config({**config.get("training", {}), "seed": seed})
                yield Cell(point, written, architecture, recipe, columns, rows, whole, {})
        except LanguageError:
            raise
        except RecsynError as error:
            raise RecsynError(f"at {where}: {error.message}", error.hint) from None


def _base(reading: _Reading) -> tuple[dict[str, Any], Path]:
    """The experiment that all cells start from, and the file beside which its program is looked for."""
    own = {name: _section(name, reading.fields[name]) for name in _CHANGED if reading.fields.get(name) is not None}
    name = reading.fields.get("experiment")
    if name is None:
        return {"task": {}, **own}, reading.path
    if not isinstance(name, str):
        raise RecsynError(f"experiment is {quoted(name)}, not the name of a preset or of a file")
    beside = reading.path.parent / name
    found = PRESETS.read(str(beside) if os.path.isfile(beside) else name)
    experiment = {"task": {}, **mapping("experiment", found.content)}
    whole = {section: {} if content is None else content for section, content in experiment.items()}
    return merged(whole, own), found.path


def _columns(columns: Any) -> Iterator[Column]:
    for name, content in mapping("columns", columns).items():
        fields = mapping(f"columns.{name}", {} if content is None else content)
        for field in fields:
            known("field", field, ("split", "distribution", "where"), f"the column {name}")
        split, distribution, where = fields.get("split", "test"), fields.get("distribution"), fields.get("where")
        if not isinstance(split, str):
            raise RecsynError(f"the split of the column {name} is {quoted(split)}, not a name")
        if where is not None and not isinstance(where, str):
            raise RecsynError(f"`where` of the column {name} is {quoted(where)}, not a text", "write a predicate: `size > 5`")
        if where is not None:
            Predicate.of(where)
        if distribution is not None:
            distribution = distribution_from_config(distribution).to_config()
        yield Column(str(name), split, distribution, where)


def _published(reading: _Reading, axes: Mapping[str, tuple[str, ...]], columns: Sequence[str]) -> Iterator[Published]:
    for entry in listed("published", reading.fields.get("published") or []):
        fields = mapping("published", entry)
        for field in fields:
            known("field", field, ("at", "figures"), "what is published")
        at = {str(axis): str(name) for axis, name in mapping("at", fields.get("at", {})).items()}
        for axis, name in at.items():
            known("axis", axis, axes, "the study")
            known("point", name, {*axes[axis], *reading.axes.get(axis, ())}, f"the axis {axis}")
        figures = {str(column): _figure(figure) for column, figure in mapping("figures", fields.get("figures", {})).items()}
        for column in figures:
            known("column", column, columns, "the study")
        # The small version leaves points out.
        if all(name in axes[axis] for axis, name in at.items()):
            yield Published(at, figures)


def _figure(written: Any) -> Figure:
    if isinstance(written, str):
        return written
    if _share(written):
        return float(written)
    if isinstance(written, list) and len(written) == 2 and all(map(_share, written)):
        return float(written[0]), float(written[1])
    raise RecsynError(f"a published figure is {quoted(written)}", "give a share from 0 to 1, a pair of such, or words")


def _share(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
