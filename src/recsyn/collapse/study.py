"""Studies of collapse: settings of one chain, changed along axes, each with many independent chains; written as YAML.

======================  ==============================================================================================
``title`` ``about``     what is asked, in a line (the name of the file); where it was asked first, and what of it is ours
``family``              its ``kind`` (:mod:`recsyn.collapse.opening`) and its own fields
``workflow``            one of :mod:`recsyn.collapse.workflow`
``rows``                real rows of the first generation
``generations``         how many models a chain has
``chains``              independent chains of each setting
``together``            of families that run many at once, how many chains make a batch (500)
``test_rows``           real rows that models are scored on (1,000)
``budget``              ``match: rows`` fits every generation to as many rows as the first one, drawn from what the workflow hands
                        it; ``match: steps`` with ``steps`` gives every fit as many steps of its optimiser
``seed``                of all chance
``axes``                for each axis its points by name, and what each changes in any of the above but ``title``, ``about``,
                        ``together`` and ``seed``; there is a setting for every choice of one point of each
``metrics``             those that tables and plots show first
``keep_rows``           whether the rows that models made are kept after a chain has ended
``published``           means ``at`` some points, ``figures`` by metric and generation, and their ``source``
``quick``               what the small version changes, in any of these; of an axis it may list the points that are kept
======================  ==============================================================================================

A change is laid over what it changes: mappings of the same ``kind`` are merged, all else is replaced, ``null`` takes a field away.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import product
from pathlib import Path
from re import findall
from typing import Any, TypeVar

from recsyn.collapse.chain import Chain
from recsyn.collapse.family import TEST_LOSS, Batchable, Checked, Family, Iterative, Judging
from recsyn.collapse.opening import family_from_config, family_identity
from recsyn.collapse.published import Published
from recsyn.collapse.workflow import REAL, Lot, Matched, Workflow, fitted_rows, workflow_from_config
from recsyn.data.configurations import Shelf
from recsyn.errors import RecsynError, quoted
from recsyn.studies.reading import chosen_axes, kept_axes, known, listed, mapping, merged

_T = TypeVar("_T")
COLLAPSES = Shelf("study of collapse", "presets/collapse")
_VERSION = 1
"""Of what chains compute: another one never takes what this one kept."""
_CHANGED = ("family", "workflow", "rows", "generations", "chains", "test_rows", "budget")
_FIELDS = ("title", "about", *_CHANGED, "together", "seed", "axes", "metrics", "keep_rows", "published", "quick")
_COLUMNS = ("study", "chain", "generation", "metric", "value", "cause")
"""Columns of records, which no axis may be called."""
_MOST_SETTINGS = 10_000
_MOST_ROWS = 10_000_000
_MOST_CHAINS = 1_000_000
_MOST_GENERATIONS = 10_000
_LONGEST = 100
"""Bytes of a setting's points in the name of its folder."""


@dataclass(frozen=True)
class Setting:
    """One choice of a point on each axis. ``family`` and ``workflow`` are configurations, which go to other processes;
    ``identity`` is all of the family that could change what comes out; ``steps`` of an optimiser where the budget fixes them."""

    point: Mapping[str, str]
    family: Mapping[str, Any]
    workflow: Mapping[str, Any]
    matched: bool
    rows: int
    generations: int
    chains: int
    test_rows: int
    steps: int | None
    identity: Mapping[str, Any]
    batched: bool

    @property
    def name(self) -> str:
        return ", ".join(f"{axis} {name}" for axis, name in self.point.items())

    def opened(self) -> tuple[Family, Workflow]:
        workflow = workflow_from_config(self.workflow)
        return family_from_config(self.family), Matched(workflow) if self.matched else workflow


@dataclass(frozen=True)
class Cell:
    """Chains that are run together: ``count`` of a setting's, from the one numbered ``first`` on."""

    setting: Setting
    seed: int
    first: int
    count: int
    keep_rows: bool

    @property
    def name(self) -> str:
        chains = f"chain {self.first}" if self.count == 1 else f"chains {self.first} to {self.first + self.count - 1}"
        return f"{self.setting.name}, {chains}" if self.setting.point else chains

    @cached_property
    def key(self) -> str:
        """What its folder is called: it tells all that could change its numbers."""
        setting = self.setting
        workflow = [setting.opened()[1].to_config(), setting.matched]
        sizes = [setting.rows, setting.generations, setting.test_rows, setting.steps]
        told = [_VERSION, setting.identity, workflow, sizes, self.seed, self.first, self.count, setting.batched]
        told += ["rows"] if self.keep_rows else []  # what has ended without its rows is run again for them
        digest = sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:12]
        words = "-".join(findall(r"[\w.]+", " ".join(setting.point.values()))).encode()[:_LONGEST].decode(errors="ignore")
        return "-".join(filter(None, [words, str(self.first), digest]))

    def chain(self) -> Chain:
        setting = self.setting
        family, workflow = setting.opened()
        sizes = setting.rows, setting.generations
        name = (self.seed, "chains", self.first)
        chains = self.count if setting.batched else None
        return Chain(family, workflow, *sizes, name, chains, setting.test_rows, setting.steps)


@dataclass(frozen=True)
class Study:
    """``axes`` names the points of each axis in order; ``written`` is its configuration as it was read, changes of the small
    version laid over it."""

    name: str
    title: str
    about: str
    quick: bool
    axes: Mapping[str, tuple[str, ...]]
    settings: tuple[Setting, ...]
    together: int
    seed: int
    metrics: tuple[str, ...]
    keep_rows: bool
    published: tuple[Published, ...]
    written: Mapping[str, Any]

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        return tuple(cell for setting in self.settings for cell in self.cells_of(setting))

    def only(self, chosen: Mapping[str, Sequence[str]]) -> Study:
        """The study of some points of some axes. Raises :class:`RecsynError` for what it does not have."""
        axes = chosen_axes(self.axes, chosen, self.name)
        settings = tuple(s for s in self.settings if all(name in axes[axis] for axis, name in s.point.items()))
        published = tuple(each for each in self.published if all(name in axes[axis] for axis, name in each.at.items()))
        return replace(self, axes=axes, settings=settings, published=published)

    def cells_of(self, setting: Setting) -> Iterator[Cell]:
        size = self.together if setting.batched else 1
        for first in range(0, setting.chains, size):
            yield Cell(setting, self.seed, first, min(size, setting.chains - first), self.keep_rows)


def load_collapse(name: str, quick: bool = False) -> Study:
    """A study that ships, by name, or the one in a YAML file: whole, or its small version. Raises :class:`RecsynError` naming what
    is wrong in it."""
    configuration = COLLAPSES.read(name)
    path = configuration.path
    try:
        return _study(path, configuration.content, quick)
    except RecsynError as error:
        raise RecsynError(f"in {str(path)!r}: {error.message}", error.hint) from None
    except RecursionError:
        raise RecsynError(f"{str(path)!r} is nested too deeply") from None


def is_collapse(name: str) -> bool:
    """Whether a study, by name or file, is one of collapse. Raises :class:`RecsynError` for a file that cannot be read."""
    if name in COLLAPSES.names:
        return True
    if not Path(name).is_file():
        return False
    content = COLLAPSES.read(name).content
    return isinstance(content, Mapping) and "family" in content


def _study(path: Path, content: Any, quick: bool) -> Study:
    if not isinstance(content, Mapping) or "family" not in content:
        had = ", ".join(_FIELDS)
        raise RecsynError("this describes no study of collapse", f"its fields are {had}, and it has a family at least")
    for name in content:
        known("field", name, _FIELDS, "a study of collapse")
    whole_axes = _axes(content.get("axes") or {})
    fields = _small(content) if quick else {name: value for name, value in content.items() if name != "quick"}
    axes = _axes(fields.get("axes") or {})
    settings = tuple(_settings(path, fields, axes))
    names = {axis: tuple(points) for axis, points in axes.items()}
    published = tuple(_published(fields.get("published") or [], whole_axes, axes))
    metrics = tuple(str(metric) for metric in listed("metrics", fields.get("metrics", [TEST_LOSS])))
    keep_rows = fields.get("keep_rows", False)
    if not isinstance(keep_rows, bool):
        raise RecsynError(f"keep_rows is {quoted(keep_rows)}, not true or false")
    return Study(
        path.stem,
        _text(fields, "title") or path.stem,
        _text(fields, "about"),
        quick,
        names,
        settings,
        _whole("together", fields.get("together", 500), 1, _MOST_CHAINS),
        _whole("seed", fields.get("seed", 0), 0, 2**63),
        metrics,
        keep_rows,
        published,
        fields,
    )


def _text(fields: Mapping[str, Any], field: str) -> str:
    value = fields.get(field, "")
    if not isinstance(value, str):
        raise RecsynError(f"{field} is {quoted(value)}, not a text")
    return " ".join(value.split())


def _whole(what: str, value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise RecsynError(f"{what} is {quoted(value)}, not a whole number from {least:,} to {most:,}")
    return value


def _axes(written: Any) -> dict[str, dict[str, Mapping[str, Any]]]:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for axis, points in mapping("axes", written).items():
        if axis in _COLUMNS:
            raise RecsynError(f"an axis is called {axis}, and so is a column of the records", "call it something else")
        changes = mapping(f"axes.{axis}", points)
        named = {str(name): mapping(f"axes.{axis}.{name}", change or {}) for name, change in changes.items()}
        for name, change in named.items():
            for field in change:
                known("field", field, _CHANGED, f"the point {name} of {axis}")
        if not named:
            raise RecsynError(f"the axis {axis} has no points", "name one at least, with what it changes")
        found[str(axis)] = named
    return found


def _small(content: Mapping[str, Any]) -> dict[str, Any]:
    """The fields with the changes of the small version laid over them."""
    if content.get("quick") is None:
        raise RecsynError("the study has no small version", "give it one in `quick`, or leave `--quick` out")
    small = mapping("quick", content["quick"])
    for field in small:
        known("field", field, [f for f in _FIELDS if f != "quick"], "a study of collapse")
    whole = {name: value for name, value in content.items() if name != "quick"}
    fields = dict(_laid(whole, {name: change for name, change in small.items() if name != "axes"}))
    axes = kept_axes(mapping("axes", fields.get("axes") or {}), mapping("quick.axes", small.get("axes") or {}))
    return {**fields, "axes": axes}


def _laid(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A change laid over fields. A family or workflow of another kind shares none of its fields with the one before."""
    found = dict(base)
    for field, value in change.items():
        before = found.get(field)
        alike = isinstance(before, Mapping) and isinstance(value, Mapping) and value.get("kind") in (None, before.get("kind"))
        if isinstance(before, str) and isinstance(value, Mapping) and "kind" not in value:
            found[field] = merged({"kind": before}, value)
        else:
            found[field] = merged(before, value) if alike else value
    return found


def _settings(path: Path, fields: Mapping[str, Any], axes: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> Iterator[Setting]:
    number = 1
    for points in axes.values():
        number *= len(points)
    if number > _MOST_SETTINGS:
        raise RecsynError(f"the axes make {number:,} settings, and a study has {_MOST_SETTINGS:,} at most")
    base = {name: fields[name] for name in _CHANGED if fields.get(name) is not None}
    for names in product(*axes.values()):
        config = base
        for axis, name in zip(axes, names, strict=True):
            config = _laid(config, axes[axis][name])
        point = dict(zip(axes, names, strict=True))
        try:
            yield _setting(path, point, config)
        except RecsynError as error:
            where = ", ".join(f"{axis} {name}" for axis, name in point.items())
            raise RecsynError(f"at {where}: {error.message}" if where else error.message, error.hint) from None


def _setting(path: Path, point: Mapping[str, str], config: Mapping[str, Any]) -> Setting:
    rows = _whole("rows", config.get("rows", 100), 1, _MOST_ROWS)
    generations = _whole("generations", config.get("generations", 10), 1, _MOST_GENERATIONS)
    chains = _whole("chains", config.get("chains", 20), 1, _MOST_CHAINS)
    test_rows = _whole("test_rows", config.get("test_rows", 1_000), 1, _MOST_ROWS)
    written = _beside(path, config.get("family"))
    family = family_from_config(written)
    workflow = workflow_from_config(config.get("workflow", "replace"))
    workflow.check(rows)
    matched, steps = _budget(config.get("budget"), family)
    if workflow.filter and not isinstance(family, Judging):
        message = f"the workflow verifies rows, and the family {written['kind']} does not know which are right"
        raise RecsynError(message, "give it a method `right`")
    if isinstance(family, Checked):
        for count in sorted({rows, _least(workflow, rows)}):
            _asked(written["kind"], "check", lambda: family.check(count))  # noqa: B023
    fields = {name: value for name, value in written.items() if name != "kind"}
    identity = _asked(written["kind"], "to_config", lambda: family_identity(written["kind"], family, fields))
    batched = isinstance(family, Batchable)
    sizes = rows, generations, chains, test_rows
    return Setting(point, written, workflow.to_config(), matched, *sizes, steps, identity, batched)


def _asked(kind: str, method: str, ask: Callable[[], _T]) -> _T:
    """What a method of a family answers. Raises :class:`RecsynError` for whatever goes wrong in there."""
    try:
        return ask()
    except RecsynError:
        raise
    except Exception as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise RecsynError(f"{method!r} of the family {kind} fails: {why}") from None


def _least(workflow: Workflow, rows: int) -> int:
    """The fewest rows that a generation is fitted to: those of the first, or of one that others are fitted to as many rows as."""
    first = [Lot(1, REAL, rows)]
    need = workflow.need(2, rows)
    second = [*first, Lot(2, REAL, need.real), Lot(2, 1, need.made)]
    return min(fitted_rows(workflow.plan(number, rows, lots), lots) for number, lots in ((1, first), (2, second)))


def _beside(path: Path, config: Any) -> dict[str, Any]:
    """The configuration of a family, the file of a user's class or text looked for beside the study's first. Its path is absolute:
    other processes that read it may be in another folder."""
    written = dict(config) if isinstance(config, Mapping) else {"kind": config}
    kind = written.get("kind")
    if isinstance(kind, str) and ".py:" in kind:
        file, _, name = kind.rpartition(":")
        places = [place for place in (path.parent / file, Path(file)) if place.is_file()]
        if places:
            written["kind"] = f"{places[0].resolve()}:{name}"
    text = written.get("text")
    if kind == "ngram" and isinstance(text, str) and os.path.isfile(path.parent / text):
        written["text"] = str((path.parent / text).resolve())
    return written


def _budget(written: Any, family: Family) -> tuple[bool, int | None]:
    """Whether rows are matched, and the steps of an optimiser where those are."""
    if written is None:
        return False, None
    budget = mapping("budget", written)
    for field in budget:
        known("field", field, ("match", "steps"), "a budget")
    match = budget.get("match")
    if match == "rows" and "steps" not in budget:
        return True, None
    if match != "steps":
        raise RecsynError(f"a budget matches {quoted(match)}", "write `match: rows`, or `match: steps` with `steps: 1000`")
    if not isinstance(family, Iterative):
        raise RecsynError("the budget matches steps of an optimiser, and this family has none", "match rows")
    steps = _whole("steps of the budget", budget.get("steps"), 1, 10**9)
    _asked(type(family).__name__, "with_steps", lambda: family.with_steps(steps))  # refused for a solver that takes none
    return False, steps


def _published(written: Any, whole: Mapping[str, Any], axes: Mapping[str, Any]) -> Iterator[Published]:
    for each in listed("published", written):
        fields = mapping("published", each)
        for field in fields:
            known("field", field, ("at", "figures", "source"), "what is published")
        at = {str(axis): str(name) for axis, name in mapping("at", fields.get("at") or {}).items()}
        for axis, name in at.items():
            known("axis", axis, whole, "the study")
            known("point", name, {*whole[axis], *axes.get(axis, ())}, f"the axis {axis}")
        if not all(name in axes[axis] for axis, name in at.items()):
            continue  # the small version leaves it out
        for metric, figures in mapping("figures", fields.get("figures") or {}).items():
            by_generation = {_generation(n): _figure(value) for n, value in mapping(f"figures.{metric}", figures).items()}
            yield Published(at, str(metric), by_generation, str(fields.get("source", "")))


def _generation(written: Any) -> int:
    return _whole("a generation of what is published", written, 1, _MOST_GENERATIONS)


def _figure(written: Any) -> float:
    if isinstance(written, bool) or not isinstance(written, int | float):
        raise RecsynError(f"a published figure is {quoted(written)}", "give a number")
    return float(written)
