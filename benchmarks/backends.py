"""recsyn's own backends on all the inputs of a case: from values to values, from arrays to arrays, and evaluation alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ctypes import PYFUNCTYPE, addressof, byref, c_int64, c_void_p, sizeof
from dataclasses import dataclass
from typing import Any

from recsyn.benchmarks.workloads import Case
from recsyn.semantics.batch import Batch
from recsyn.semantics.compiled.native import layout
from recsyn.semantics.compiled.native.code import NativeCode
from recsyn.semantics.compiled.native.linking import linked, runtime
from recsyn.semantics.compiled.native.memory import Block, Words
from recsyn.semantics.compiled.python.code import compiled
from recsyn.semantics.compiled.python.tuples import Crossing


@dataclass(frozen=True)
class Work:
    """All the inputs of a case evaluated in this process. ``expected`` are the outputs of the reference machine as this side has
    them; ``outputs`` finds this side's in what ``run`` gives."""

    run: Callable[[], Any]
    expected: Sequence[Any]
    outputs: Callable[[Any], Sequence[Any]] = list


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


_MEMORY = 2**26
_LOOP = f"""
; Every input of an array evaluated, its memory given back after each.
define void @each(ptr %context, ptr %inputs, i64 %many) {{
entry:
  %heap.again = getelementptr i64, ptr %context, i64 {layout.HEAP}
  %first = load i64, ptr %heap.again
  br label %row
row:
  %i = phi i64 [ 0, %entry ], [ %next, %row ]
  %input = getelementptr i64, ptr %inputs, i64 %i
  %result = call i64 @enter(ptr %context, ptr %input)
  store i64 %first, ptr %heap.again
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %many
  br i1 %more, label %row, label %done
done:
  ret void
}}
"""


def native_alone(case: Case) -> Work:
    """The native backend on inputs that it has in memory, by a loop in the same machine code."""
    code = case.function.compile("native").code
    assert isinstance(code, NativeCode)
    block = Block(_MEMORY)
    words = Words(code.tags, block, code.constants.known)
    given = words.inward(case.inputs)
    assert given is not None
    inputs = (c_int64 * len(given))(*given)
    block.begin(words.used, 0, addressof(code.constants.table))
    loop = linked([runtime(), code.assembly + _LOOP], "enter", "each")
    enter = PYFUNCTYPE(c_int64, c_void_p, c_void_p)(loop.addresses["enter"])
    each = PYFUNCTYPE(None, c_void_p, c_void_p, c_int64)(loop.addresses["each"])

    def run() -> object:
        each(block.pointer, inputs, len(inputs))
        return code, loop  # They own the memory that the loop and the context point to.

    at = [byref(inputs, i * sizeof(c_int64)) for i in range(len(inputs))]
    return Work(run, case.outputs, lambda _: [words.outward(enter(block.pointer, place)) for place in at])
