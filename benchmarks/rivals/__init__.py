"""Other languages on the same workloads: each program is built once, is held to the reference machine's outputs, and then times
itself, evaluation alone, on the CPU clock of its own process."""

from __future__ import annotations

from recsyn.benchmarks.rivals.coq import COQ
from recsyn.benchmarks.rivals.haskell import GHC
from recsyn.benchmarks.rivals.ocaml import OCAML
from recsyn.benchmarks.rivals.racket import RACKET, REDEX

RIVALS = (OCAML, GHC, COQ, RACKET, REDEX)
