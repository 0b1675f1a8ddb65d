"""Racket on structures, and Redex, its library for reduction semantics, step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from pathlib import Path

from recsyn.benchmarks.rivals.rival import PATIENCE, SHORT_PATIENCE, Rival, output_of, written
from recsyn.benchmarks.workloads import Case

_DRIVER = "driver.rkt"


def build(program: str, patience: float, case: Case, folder: Path) -> Callable[[float], float]:
    """A program of this folder, compiled to machine code by ``raco make``."""
    for name in (_DRIVER, program):
        (folder / name).write_text((files("recsyn.benchmarks.rivals") / name).read_text("utf-8"), "utf-8")
    (folder / "values").write_text(written(case), "utf-8")
    output_of(["racket", "-l-", "raco", "make", program], folder)

    def run(seconds: float) -> float:
        return float(output_of(["racket", program, case.workload.function, "values", str(seconds)], folder, patience))

    return run


_VERSION = ("racket", "-l", "racket/base", "-e", "(displayln (version))")
RACKET = Rival("Racket", "racket", _VERSION, partial(build, "structures.rkt", PATIENCE))
REDEX = Rival(
    "Redex",
    "racket",
    # A minimal Racket comes without it.
    ("racket", "-l", "racket/base", "-l", "redex/reduction-semantics", "-e", "(displayln (version))"),
    partial(build, "redex.rkt", SHORT_PATIENCE),
    remark="reduces step by step; one example, that of median size, is evaluated once",
    slow=True,
)
