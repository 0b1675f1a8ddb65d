"""The routines, linked into this process and callable with arrays and numbers."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recsyn.data.native import drawing, encoding, layout, measuring
from recsyn.data.native.writing import llvm_ir
from recsyn.errors import MissingExtra
from recsyn.semantics.compiled.native.linking import Linked, linked

Given: TypeAlias = "int | NDArray[np.int64] | NDArray[np.int32] | NDArray[np.int8] | NDArray[np.uint64]"

_WRITTEN = (drawing, encoding, measuring, layout)


@dataclass(frozen=True, eq=False)
class Routines:
    """Each takes its parameters by name, arrays as where they begin. They hold no lock of Python's while they run."""

    draw: Callable[..., int]
    encode: Callable[..., int]
    measure: Callable[..., int]
    lay_out: Callable[..., int]
    linked: Linked
    """The owner of their memory."""


@cache
def routines() -> Routines:
    """Raises :class:`MissingExtra` where llvmlite is not installed."""
    module = llvm_ir().Module("data")
    for part in _WRITTEN:
        part.write(module)
    names = ("draw", "encode", "measure", "lay_out")
    code = linked([str(module)], *names)
    parameters = dict(zip(names, (part.PARAMETERS for part in _WRITTEN), strict=True))
    draw, encode, measure, lay_out = (_callable(code.addresses[name], parameters[name]) for name in names)
    return Routines(draw, encode, measure, lay_out, code)


def machine() -> Routines | None:
    """The routines, or ``None`` where llvmlite is not installed."""
    try:
        return routines()
    except MissingExtra:
        return None


def _callable(address: int, parameters: tuple[str, ...]) -> Callable[..., int]:
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * len(parameters))(address)

    def call(**given: Given) -> int:
        return int(function(*(_word(given[name]) for name in parameters)))

    return call


def _word(given: Given) -> int:
    return given if isinstance(given, int) else int(given.ctypes.data)
