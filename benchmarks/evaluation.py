"""Evaluating programs: recsyn's backends beside Python written by hand, and beside other languages where they are installed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from types import ModuleType
from typing import Any

import recsyn
from recsyn.benchmarks import MEAN, Costs, Figure, Side, Table, interleaved, on_dataclasses, on_tuples, timed
from recsyn.benchmarks.backends import Work, native_alone, on_arrays, on_values, python_alone
from recsyn.benchmarks.rivals import RIVALS
from recsyn.benchmarks.rivals.rival import Rival, TooSlow
from recsyn.benchmarks.workloads import ALL_FUNCTIONS, WORKLOADS, Case, drawn
from recsyn.errors import MissingExtra, RecsynError

TUPLES, DATACLASSES = "Python by hand, tuples", "Python by hand, dataclasses and match"
PYTHON, NATIVE = "recsyn python, evaluation alone", "recsyn native, evaluation alone"
OCAML = "OCaml"

SIDES: dict[str, Callable[[Case], Work]] = {
    TUPLES: lambda case: _by_hand(case, case.workload.on_tuples, on_tuples),
    DATACLASSES: lambda case: _by_hand(case, case.workload.on_dataclasses, on_dataclasses),
    "recsyn reference, values": partial(on_values, backend="reference"),
    "recsyn, values, no backend named": lambda case: Work(lambda: case.function.of_each(case.inputs), case.outputs),
    "recsyn python, values": partial(on_values, backend="python"),
    "recsyn python, arrays": partial(on_arrays, backend="python"),
    PYTHON: python_alone,
    "recsyn native, values": partial(on_values, backend="native"),
    "recsyn native, arrays": partial(on_arrays, backend="native"),
    NATIVE: native_alone,
}
"""What runs in this process."""


def tables() -> Iterator[str | Table]:
    yield from evaluation([drawn(workload, workload.examples) for workload in WORKLOADS], RIVALS)
    yield from compiling()


def evaluation(cases: Sequence[Case], rivals: Sequence[Rival], repetitions: int = 5, seconds: float = 0.1) -> Iterator[str | Table]:
    """What every side costs on every case: medians of so many repetitions, each of so many CPU seconds at least."""
    versions = {rival.name: rival.found() for rival in rivals}
    present = [rival for rival in rivals if versions[rival.name] is not None]
    costs: dict[str, Costs] = {}
    remarks = [f"{case.workload.name}: {case.workload.what}" for case in cases]
    remarks += [f"{rival.name}: {rival.remark}" for rival in present if rival.remark]
    remarks += [f"{rival.name} is not installed" for rival in rivals if rival not in present]
    for case in cases:
        name = case.workload.name
        with ExitStack() as folders:
            sides: dict[str, Side] = {}
            for side, work in SIDES.items():
                try:
                    sides[side] = _checked(case, side, work(case), seconds)
                except MissingExtra as missing:
                    remarks.append(f"{side} has no figure for {name}: {missing}")
            slow: dict[str, Side] = {}
            for rival in present:
                yield f"{name}: building {rival.name} …"
                folder = Path(folders.enter_context(TemporaryDirectory()))
                run = rival.build(case.middle() if rival.slow else case, folder)
                (slow if rival.slow else sides)[rival.name] = partial(run, seconds)
            yield f"{name}: {repetitions} repetitions of {len(sides)} sides …"
            found = dict(interleaved(sides, repetitions))
            for side, once in slow.items():
                yield f"{name}: {side} …"
                try:
                    found |= interleaved({side: once}, 1)
                except TooSlow as reason:
                    remarks.append(f"{side} has no figure for {name}: {reason.message}")
        costs[name] = found
    table = Table("evaluation, for each example", "µs", costs, (TUPLES, OCAML))
    took_part = {name: version for name, version in versions.items() if version is not None}
    yield replace(table, figures=tuple(targets(table)), remarks=tuple(remarks), versions=took_part)


def _by_hand(case: Case, function: Callable[[Any], Any], form: ModuleType) -> Work:
    inputs = [form.built(value) for value in case.inputs]
    return Work(lambda: [function(x) for x in inputs], [form.built(value) for value in case.outputs])


def _checked(case: Case, side: str, work: Work, seconds: float) -> Side:
    """Nobody times wrong work. Raises :class:`RecsynError` where the outputs are not those of the reference machine."""
    for given, output, found in zip(case.inputs, work.expected, work.outputs(work.run()), strict=True):
        if found != output:
            raise RecsynError(f"{case.workload.name}: {side} computes {case.workload.function} ({given}) wrongly")
    return timed(work.run, len(case.inputs), seconds)


def targets(table: Table) -> Iterator[Figure]:
    """What is aimed at, for the sides that the table has."""
    for subject in table.costs:
        python = table.ratio(subject, PYTHON, TUPLES)
        if python is not None:
            yield Figure(f"{PYTHON} / {TUPLES}, {subject}", python, at_most=1.5)
    for subject in table.costs:
        native = table.ratio(subject, TUPLES, NATIVE)
        if native is not None:
            yield Figure(f"{TUPLES} / {NATIVE}, {subject}", native, at_least=25.0 if subject in ("W2", "rev", "isort") else None)
    mean = table.ratios(TUPLES, NATIVE)[MEAN] if NATIVE in table.sides else None
    if mean is not None:
        yield Figure(f"{TUPLES} / {NATIVE}, geometric mean", mean, at_least=40.0)
    for subject in table.costs:
        native = table.ratio(subject, NATIVE, OCAML)
        if native is not None:
            yield Figure(f"{NATIVE} / {OCAML}, {subject}", native, at_most=1.0)


FIRST, COLD, CACHED = "first of all", "cold", "cached"


def compiling(repetitions: int = 5) -> Iterator[Table]:
    """What it costs to compile the nine functions of the workloads, from a checked program to its first value: ``first of all``,
    with nothing kept on disk; ``cold``, where another program was compiled before; and ``cached``, where this one was."""
    costs: dict[str, Costs] = {FIRST: {}, COLD: {}, CACHED: {}}
    remarks = []
    for backend in ("python", "native"):
        try:
            taken = [_compiling(backend) for _ in range(repetitions)]
        except MissingExtra as missing:
            remarks.append(f"recsyn {backend} is not measured: {missing}")
            continue
        for state, seconds in zip(costs, zip(*taken, strict=True), strict=True):
            costs[state] = {**costs[state], f"recsyn {backend}": seconds}
    table = Table("compiling nine functions", "ms", costs, remarks=tuple(remarks))
    figures = [
        Figure(f"{side}, {state}", 1e3 * cost, "ms", at_most=most)
        for state, most in ((COLD, 25.0), (CACHED, 5.0))
        for side in table.sides
        if (cost := table.cost(state, side)) is not None
    ]
    yield replace(table, figures=tuple(figures))


def _compiling(backend: str) -> tuple[float, float, float]:
    """CPU seconds first of all, cold, and cached."""
    with _nothing_kept():
        first = _first_value(backend, ALL_FUNCTIONS)
    with _nothing_kept():
        recsyn.loads("fun another = 1")["another"].compile(backend)()
        return first, _first_value(backend, ALL_FUNCTIONS), _first_value(backend, ALL_FUNCTIONS)


def _first_value(backend: str, source: str) -> float:
    program = recsyn.loads(source)
    function, smallest = program["all"], [program.value(text) for text in ("One", "Leaf", "[]", "[]")]
    started = process_time()
    function.compile(backend)(*smallest)
    return process_time() - started


@contextmanager
def _nothing_kept() -> Iterator[None]:
    """An empty folder in place of that in which compiled code is kept."""
    before = os.environ.get("XDG_CACHE_HOME")
    with TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            del os.environ["XDG_CACHE_HOME"]
            if before is not None:
                os.environ["XDG_CACHE_HOME"] = before
