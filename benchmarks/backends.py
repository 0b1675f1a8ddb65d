"""recsyn's own backends on all the inputs of a case: from values to values, from arrays to arrays, and evaluation alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import recsyn
from recsyn.benchmarks.workloads import Case
from recsyn.lang.types import constructors_of
from recsyn.semantics.batch import Batch
from recsyn.semantics.compiled.python.code import compiled
from recsyn.semantics.compiled.python.tuples import Crossing
from recsyn.values import Value


@dataclass(frozen=True)
class Work:
    """All the inputs of a case evaluated in this process, each so many ``times``. ``expected`` are the outputs of the reference
    machine as this side has them; ``outputs`` finds this side's in what ``run`` gives."""

    run: Callable[[], Any]
    expected: Sequence[Any]
    outputs: Callable[[Any], Sequence[Any]] = list
    times: int = 1


def on_values(case: Case, backend: str) -> Work:
    """From values to values, one at a time."""
    ready = case.function.compile(backend)
    return Work(lambda: ready.of_each(case.inputs), case.outputs)


def on_arrays(case: Case, backend: str) -> Work:
    """From arrays to arrays, all at once."""
    ready, [parameter] = case.function.compile(backend), case.function.parameters
    batch = Batch.of(case.function.program, parameter, case.inputs)
    return Work(lambda: ready.batch(batch), case.outputs)


def python_alone(case: Case) -> Work:
    """The python backend from the tuples that it works on to such tuples."""
    code = compiled(case.function.program, case.function.name, case.function.reference)
    crossing, entry = Crossing(code.tags, code.constants), code.run
    inputs = [crossing.inward(value) for value in case.inputs]
    return Work(lambda: [entry(x) for x in inputs], [crossing.inward(value) for value in case.outputs])


_IN_A_ROW = 8
"""Evaluations in one round of the loop below, beside which the loop itself costs little."""
# Every output is looked at, so that no evaluation can be left out; what is given where one is empty is the output too.
_AGAIN = """
type Fuel = Spent | Left Fuel

fun again (fuel : Fuel) (x : {input}) : {output} =
  match fuel with
  | Spent     => {empty}
  | Left rest =>
    {others}
    match {function} x, rest with
    | value, Spent => value
    | _, _         => again rest x
    end
    {ends}
  end

fun againAndAgain (fuel : Fuel) (inner : Fuel) (x : {input}) : {output} =
  match fuel with
  | Spent     => {empty}
  | Left rest =>
    match again inner x, rest with
    | value, Spent => value
    | _, _         => againAndAgain rest inner x
    end
  end
"""
_OTHER = "match {function} x with {empty} => {empty} | _ => "


def native_alone(case: Case) -> Work:
    """The native backend on inputs that it has in memory: each is read once and then evaluated so often, by a loop in the language
    itself, that little of the way in and out and of the loop is left in the time of one evaluation."""
    [parameter], result, again = case.function.parameters, case.function.result, case.workload.again
    empty = next(c.name for c in constructors_of(result, case.function.program.datatypes) if not c.fields)
    names = {"function": case.workload.function, "empty": empty}
    others, ends = _OTHER.format(**names) * (_IN_A_ROW - 1), "end " * (_IN_A_ROW - 1)
    program = recsyn.loads(case.workload.source + _AGAIN.format(input=parameter, output=result, others=others, ends=ends, **names))
    fuel = Value("Spent")
    for _ in range(again):
        fuel = Value("Left", (fuel,))
    fuels, inputs = program.batch("Fuel", [fuel] * len(case.inputs)), program.batch(str(parameter), case.inputs)
    ready = program["againAndAgain"].compile("native")
    return Work(lambda: ready.batch(fuels, fuels, inputs), case.outputs, times=_IN_A_ROW * again**2)
