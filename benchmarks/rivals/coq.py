"""Coq, by ``vm_compute``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from recsyn.benchmarks.rivals.rival import Rival, RivalFailed, output_of
from recsyn.benchmarks.workloads import Case
from recsyn.lang.targets import exported
from recsyn.values import CONS, NIL, Datum, Value

# An unused `let` would be left out; the argument of a constant is not.
_DRIVER = """
Definition inputs := [{inputs}].
Definition outputs := [{outputs}].
Goal map {function} inputs = outputs. Proof. vm_compute. reflexivity. Qed.
Definition after {{A B : Type}} (a : A) (b : B) : B := b.
Definition run (times : N) : unit :=
  N.iter times (fun u => fold_left (fun u x => after ({function} x) u) inputs u) tt.
"""
_TIMED = """\
From Coq Require Import ZArith.
Require Import program.
Time Eval vm_compute in (run 0).
Time Eval vm_compute in (run {times}).
"""
_SECONDS = re.compile(r"^Finished transaction in .*\(([\d.]+)u,([\d.]+)s\)", re.MULTILINE)
_RESOLUTION = 0.001
"""``Time`` prints milliseconds."""


def build(case: Case, folder: Path) -> Callable[[float], float]:
    """The exported program with the inputs in it, compiled once; a run evaluates them by ``Time Eval vm_compute``, less what it
    takes to evaluate none."""
    driver = _DRIVER.format(function=case.workload.function, inputs=_listed(case.inputs), outputs=_listed(case.outputs))
    (folder / "program.v").write_text(exported(case.function.program, "coq") + driver, "utf-8")
    output_of(["coqc", "-q", "program.v"], folder)

    times = 1

    def run(seconds: float) -> float:
        nonlocal times
        while True:
            (folder / "timed.v").write_text(_TIMED.format(times=times), "utf-8")
            printed = _SECONDS.findall(output_of(["coqc", "-q", "timed.v"], folder))
            if len(printed) != 2:
                raise RivalFailed("coqc did not print two times")
            baseline, taken = (float(user) + float(system) for user, system in printed)
            if taken - baseline >= max(seconds, _RESOLUTION):
                return (taken - baseline) / times / len(case.inputs)
            # The next run, and those after it, are as long as needed and a little longer.
            times *= 32 if taken - baseline < _RESOLUTION else max(2, round(1.5 * seconds / (taken - baseline)))

    return run


def _listed(values: Iterable[Datum]) -> str:
    return ";\n".join(map(_term, values))


def _term(value: Datum) -> str:
    """A value in Coq's notation, without the host's stack."""
    out: list[str] = []
    stack: list[Datum | None] = [value]
    while stack:
        at = stack.pop()
        if at is None:
            out.append(")")
        elif isinstance(at, Value):
            name = {CONS: "cons", NIL: "nil"}.get(at.constructor, at.constructor)
            out.append(f" ({name}")
            stack.append(None)
            stack.extend(reversed(at.fields))
        else:
            out.append(f" ({at})")
    return "".join(out)


COQ = Rival("Coq", "coqc", ("coqc", "--version"), build, "integers are binary numbers of Coq's own, `Z`")
