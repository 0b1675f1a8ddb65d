"""Workflows: how what a generation is fitted to is put together from real rows and from those that models made.

A chain has *lots*: rows that were made together. The first is real. Before each later generation its workflow asks for new ones,
fresh real rows and rows made by the last model; then it says which lots are fitted to, how much a row of each weighs, and how many
rows are drawn from them, without replacement, where that is not all.

====================================  ========================================================================================
``{kind: replace}``                   the rows of the last model alone
``{kind: accumulate}``                the real rows and those of all models; ``weights: [w₀, w₁, …]`` weighs a real row, one
                                      of the first model, and so on (the last stands for all that follow)
``{kind: accumulate-subsample}``      as many rows as the first generation had (or fewer: ``rows: k``), drawn from all that were
                                      accumulated
``{kind: replace-multiple}``          rows of the last model alone, n times as many in generation n
``{kind: mix, real: α}``              a share α of fresh real rows, the others of the last model
``{kind: weighted, real: w}``         as many fresh real rows as the first generation had, and ``made`` times as many of the last
                                      model; all real rows together weigh w, all others 1 − w. ``real: golden`` takes the best
                                      weight after arXiv 2502.18049, ``real: pooled`` the same weight for every row
``{kind: verified, right: φ, …}``     another workflow (``of``, itself written so), whose made rows pass a filter: a right row
                                      with probability φ, a wrong one with ``wrong: ψ``; models go on until all rows are there
====================================  ========================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite, sqrt
from typing import Any, Protocol

from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest

REAL = 0
"""The parent of rows that no model made."""


@dataclass(frozen=True)
class Lot:
    """The provenance of rows that were made together: for which generation, and by the model of which (:data:`REAL` for none)."""

    generation: int
    parent: int
    count: int

    @property
    def real(self) -> bool:
        return self.parent == REAL


@dataclass(frozen=True)
class Need:
    """New rows that a generation needs: fresh real ones, and ones of the last model."""

    real: int
    made: int


@dataclass(frozen=True)
class Plan:
    """What a generation is fitted to. ``weights`` has the weight of a row of each lot, 0 where it is left out; ``limit`` is how
    many rows are drawn of those that are not, ``None`` for all."""

    weights: tuple[float, ...]
    limit: int | None = None


def fitted_rows(plan: Plan, lots: Sequence[Lot]) -> int:
    """How many rows a generation is fitted to."""
    return plan.limit or sum(lot.count for lot, weight in zip(lots, plan.weights, strict=True) if weight)


@dataclass(frozen=True)
class Filter:
    """With what probability a right and a wrong row are kept."""

    right: float
    wrong: float


class Workflow(Protocol):
    """``parts`` tells whether rows that were made together may be parted."""

    @property
    def parts(self) -> bool: ...

    @property
    def filter(self) -> Filter | None: ...

    def need(self, generation: int, rows: int) -> Need:
        """What generation 2 or a later one needs, where the first one had ``rows`` real rows."""

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan: ...

    def check(self, rows: int) -> None:
        """Raise :class:`RecsynError` for what cannot be with so many real rows."""

    def to_config(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class _Whole:
    """What all workflows have that neither part rows nor filter them."""

    @property
    def parts(self) -> bool:
        return False

    @property
    def filter(self) -> Filter | None:
        return None

    def need(self, generation: int, rows: int) -> Need:
        return Need(0, rows)

    def check(self, rows: int) -> None:
        pass


@dataclass(frozen=True)
class Replace(_Whole):
    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        return _newest(generation, lots)

    def to_config(self) -> dict[str, Any]:
        return {"kind": "replace"}


@dataclass(frozen=True)
class ReplaceMultiple(_Whole):
    def need(self, generation: int, rows: int) -> Need:
        return Need(0, generation * rows)

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        return _newest(generation, lots)

    def to_config(self) -> dict[str, Any]:
        return {"kind": "replace-multiple"}


@dataclass(frozen=True)
class Accumulate(_Whole):
    weights: tuple[float, ...] = (1.0,)

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        return Plan(tuple(self.weights[min(lot.parent, len(self.weights) - 1)] for lot in lots))

    def to_config(self) -> dict[str, Any]:
        return {"kind": "accumulate", "weights": list(self.weights)}


@dataclass(frozen=True)
class AccumulateSubsample(_Whole):
    """``drawn`` rows, ``None`` for as many as the first generation had."""

    drawn: int | None = None

    @property
    def parts(self) -> bool:
        return True

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        return Plan((1.0,) * len(lots), self.drawn or rows)

    def check(self, rows: int) -> None:
        if self.drawn and self.drawn > rows:
            raise RecsynError(
                f"{self.drawn:,} rows cannot be drawn without replacement from the {rows:,} that the first generation has",
                f"draw {rows:,} at most, or leave `rows` of accumulate-subsample out",
            )

    def to_config(self) -> dict[str, Any]:
        return {"kind": "accumulate-subsample", "rows": self.drawn}


@dataclass(frozen=True)
class Mix(_Whole):
    real: float = 0.5

    def need(self, generation: int, rows: int) -> Need:
        fresh = round(self.real * rows)
        return Need(fresh, rows - fresh)

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        return _newest(generation, lots)

    def check(self, rows: int) -> None:
        if self.real and not round(self.real * rows):
            raise RecsynError(f"a share {self.real} of {rows:,} rows is no row", "mix in more, or none")

    def to_config(self) -> dict[str, Any]:
        return {"kind": "mix", "real": self.real}


@dataclass(frozen=True)
class Weighted(_Whole):
    """``made`` is a multiple of the real rows: m/n, which is 1/k, in arXiv 2502.18049."""

    real: float | str = "golden"
    made: float = 1.0

    def need(self, generation: int, rows: int) -> Need:
        return Need(rows, round(self.made * rows))

    def check(self, rows: int) -> None:
        if not round(self.made * rows):
            raise RecsynError(f"{self.made} times {rows:,} made rows are none", "let models make more, or use mix with `real: 1`")

    def weight(self, real: int, made: int) -> float:
        """Of all real rows together. Golden: (√(k² + 4k) − k)/2 at k = real/made (arXiv 2502.18049)."""
        if self.real == "pooled":
            return real / (real + made)
        if isinstance(self.real, str):
            k = real / made
            return (sqrt(k * k + 4 * k) - k) / 2
        return self.real

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        used = [lot for lot in lots if lot.generation == generation]
        real, made = (sum(lot.count for lot in used if lot.real is which) for which in (True, False))
        if not made:
            return _newest(generation, lots)
        share = self.weight(real, made)
        by_kind = {True: share / real, False: (1 - share) / made}
        return Plan(tuple((real + made) * by_kind[lot.real] if lot in used else 0.0 for lot in lots))

    def to_config(self) -> dict[str, Any]:
        return {"kind": "weighted", "real": self.real, "made": self.made}


@dataclass(frozen=True)
class Verified:
    right: float = 1.0
    wrong: float = 0.0
    of: Workflow = field(default_factory=Replace)

    @property
    def parts(self) -> bool:
        return True

    @property
    def filter(self) -> Filter | None:
        return Filter(self.right, self.wrong)

    def need(self, generation: int, rows: int) -> Need:
        return self.of.need(generation, rows)

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        return self.of.plan(generation, rows, lots)

    def check(self, rows: int) -> None:
        self.of.check(rows)

    def to_config(self) -> dict[str, Any]:
        return {"kind": "verified", "right": self.right, "wrong": self.wrong, "of": self.of.to_config()}


@dataclass(frozen=True)
class Matched:
    """A workflow whose every generation is fitted to as many rows as the first: the control for what more rows alone would do."""

    of: Workflow

    @property
    def parts(self) -> bool:
        return True

    @property
    def filter(self) -> Filter | None:
        return self.of.filter

    def need(self, generation: int, rows: int) -> Need:
        return self.of.need(generation, rows)

    def plan(self, generation: int, rows: int, lots: Sequence[Lot]) -> Plan:
        plan = self.of.plan(generation, rows, lots)
        return Plan(plan.weights, rows) if fitted_rows(plan, lots) > rows else plan

    def check(self, rows: int) -> None:
        self.of.check(rows)

    def to_config(self) -> dict[str, Any]:
        return {**self.of.to_config(), "matched": "rows"}


def _newest(generation: int, lots: Sequence[Lot]) -> Plan:
    return Plan(tuple(1.0 if lot.generation == generation else 0.0 for lot in lots))


# Reading


def workflow_from_config(config: object) -> Workflow:
    """Raises :class:`RecsynError` for what is none."""
    if isinstance(config, str):
        config = {"kind": config}
    if not isinstance(config, Mapping) or not isinstance(config.get("kind"), str):
        raise RecsynError(f"a workflow is {quoted(config)}", f"give its kind, one of {', '.join(_READERS)}")
    kind = config["kind"]
    if kind not in _READERS:
        raise RecsynError(f"there is no workflow {quoted(kind)}", nearest(kind, _READERS) or f"there are {', '.join(_READERS)}")
    fields, read = _READERS[kind]
    for name in config:
        if name != "kind" and name not in fields:
            known = nearest(name, fields) if isinstance(name, str) else None
            raise RecsynError(
                f"the workflow {kind} has no field {quoted(name)}",
                known or (f"its fields are {', '.join(fields)}" if fields else "it has none"),
            )
    return read(config)


def _accumulate(config: Mapping[str, Any]) -> Workflow:
    written = config.get("weights", [1])
    if not isinstance(written, list) or not written:
        raise RecsynError(f"weights of accumulate is {quoted(written)}, not a list of numbers", "for example `weights: [2, 1]`")
    weights = tuple(_number("a weight", each, 0, None) for each in written)
    if not any(weights):
        raise RecsynError("the weights of accumulate sum to nothing", "give one above 0 at least")
    if not weights[0]:
        raise RecsynError("real rows weigh nothing, and the first generation has no others", "give them a weight above 0")
    return Accumulate(weights)


def _subsample(config: Mapping[str, Any]) -> Workflow:
    drawn = config.get("rows")
    if drawn is not None and (type(drawn) is not int or drawn < 1):
        raise RecsynError(f"rows of accumulate-subsample is {quoted(drawn)}, not a whole number from 1 up")
    return AccumulateSubsample(drawn)


def _mix(config: Mapping[str, Any]) -> Workflow:
    return Mix(_number("real, the share of fresh real rows,", config.get("real", 0.5), 0, 1))


def _weighted(config: Mapping[str, Any]) -> Workflow:
    real = config.get("real", "golden")
    if isinstance(real, str):
        if real not in ("golden", "pooled"):
            raise RecsynError(f"real of weighted is {quoted(real)}", "give a weight from 0 to 1, golden or pooled")
    else:
        real = _number("real, the weight of all real rows,", real, 0, 1)
    made = _number("made, a multiple of the real rows,", config.get("made", 1.0), 0, None)
    return Weighted(real, made)


def _verified(config: Mapping[str, Any]) -> Workflow:
    right = _number("right, the share of right rows that are kept,", config.get("right", 1), 0, 1)
    wrong = _number("wrong, the share of wrong rows that are kept,", config.get("wrong", 0), 0, 1)
    if not right and not wrong:
        raise RecsynError("a filter that keeps neither right nor wrong rows keeps nothing", "give one of them a share above 0")
    inner = workflow_from_config(config.get("of", "replace"))
    if inner.filter:
        raise RecsynError("a verified workflow is verified again", "put both filters into one: multiply what they keep")
    return Verified(right, wrong, inner)


_READERS: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], Workflow]]] = {
    "replace": ((), lambda _: Replace()),
    "accumulate": (("weights",), _accumulate),
    "accumulate-subsample": (("rows",), _subsample),
    "replace-multiple": ((), lambda _: ReplaceMultiple()),
    "mix": (("real",), _mix),
    "weighted": (("real", "made"), _weighted),
    "verified": (("right", "wrong", "of"), _verified),
}
KINDS = tuple(_READERS)


def _number(what: str, value: object, least: float, most: float | None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise RecsynError(f"{what} is {quoted(value)}, not a number")
    if value < least or (most is not None and value > most):
        raise RecsynError(
            f"{what} is {quoted(value)}, not " + (f"from {least} to {most}" if most is not None else f"{least} or above")
        )
    return float(value)
