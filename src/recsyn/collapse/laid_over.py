"""Which results of the theory speak of a setting, and what they say of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from recsyn.collapse.families.density import KernelDensity
from recsyn.collapse.families.discrete import Discrete, JudgedDiscrete
from recsyn.collapse.families.gaussian import Gaussian
from recsyn.collapse.families.linear import Linear
from recsyn.collapse.family import TEST_LOSS, Family
from recsyn.collapse.outcome import Prediction
from recsyn.collapse.study import Setting
from recsyn.collapse.theory.catalogue import find
from recsyn.collapse.theory.result import curve
from recsyn.collapse.workflow import (
    Accumulate,
    AccumulateSubsample,
    Filter,
    Matched,
    Mix,
    Replace,
    ReplaceMultiple,
    Verified,
    Weighted,
    Workflow,
)
from recsyn.errors import MissingExtra, RecsynError


@dataclass(frozen=True)
class Spoken:
    """A result by name, the metric of a run that it is about, and its quantities without the generation. One that counts from the
    second generation on says nothing of the ``first``, which is given."""

    result: str
    metric: str
    values: Mapping[str, float]
    first: float | None = None


def predictions(setting: Setting) -> tuple[Prediction, ...]:
    """What theory says of the chains of a setting; nothing where no result speaks of them, or only under conditions that they do
    not meet. Raises :class:`~recsyn.errors.MissingExtra` without SymPy."""
    found = []
    for spoken in _spoken(setting):
        result = find(spoken.result)
        try:
            numbers = np.array(_numbers(spoken, setting.generations))
        except MissingExtra:
            raise
        except RecsynError:  # such quantities are outside its conditions
            continue
        found.append(Prediction(result.name, result.label, spoken.metric, numbers))
    return tuple(found)


def _numbers(spoken: Spoken, generations: int) -> list[float]:
    result = find(spoken.result)
    if spoken.first is None:
        return curve(result, spoken.values, generations)
    return [spoken.first, *(curve(result, spoken.values, generations - 1) if generations > 1 else ())]


def _spoken(setting: Setting) -> Iterator[Spoken]:
    family, workflow = setting.opened()
    kind = _kind(workflow)
    if kind and type(family) in _BY_FAMILY:
        yield from _BY_FAMILY[type(family)](family, workflow, kind, setting.rows)


def _kind(workflow: Workflow) -> str | None:
    """The name by which results know a workflow, ``None`` for ways of it that they do not speak of."""
    match workflow:
        case Matched(of=Replace() | Mix() as inner):  # these have no more rows than the first generation anyway
            return _kind(inner)
        case Replace():
            return "replace"
        case ReplaceMultiple():
            return "replace-multiple"
        case Accumulate(weights=weights) if len(set(weights)) == 1:
            return "accumulate"
        case AccumulateSubsample(drawn=None) | Matched(of=Accumulate(weights=(1.0,))):
            return "subsample"
        case Mix(real=share) if share > 0:
            return "mix"
        case Weighted():
            return "weighted"
        case Verified(of=Replace()):
            return "verified"
        case _:
            return None


def _needed(workflow: Workflow, rows: int) -> dict[str, float]:
    """Fresh real and made rows of a generation, and what the real ones weigh."""
    need = workflow.need(2, rows)
    inner = workflow.of if isinstance(workflow, Matched) else workflow
    if isinstance(inner, Weighted):
        return {"r": need.real, "m": need.made, "w": inner.weight(need.real, need.made)}
    return {"r": need.real} if isinstance(inner, Mix) else {}


def _linear(family: Linear, workflow: Workflow, kind: str, rows: int) -> Iterator[Spoken]:
    d, noise = family.features, family.noise
    if family.ridge or family.solver != "exact":
        return
    sizes = {"d": d, "T": rows, "sigma": noise}
    if rows <= d + 1:
        yield from _overparameterised(family, kind, rows)
    elif not noise:
        return  # the error is 0 but for rounding, which a test of an exact 0 would take for a contradiction
    elif kind in ("replace", "accumulate", "replace-multiple"):
        yield Spoken(f"linear-{kind}-{'fixed' if family.design == 'same' else 'fresh'}", TEST_LOSS, sizes)
        if kind == "accumulate":
            yield Spoken("linear-accumulate-bound", TEST_LOSS, sizes)
    elif kind == "subsample":
        yield Spoken("linear-subsample", TEST_LOSS, sizes)
    elif kind == "mix" and family.design == "fresh":
        yield Spoken("linear-mix-fresh", TEST_LOSS, {**sizes, **_needed(workflow, rows)})
    elif kind == "weighted" and family.design == "fresh":
        yield Spoken("linear-weighted", TEST_LOSS, {"d": d, "sigma": noise, **_needed(workflow, rows)})


def _overparameterised(family: Linear, kind: str, rows: int) -> Iterator[Spoken]:
    """With fewer rows than features, covariance and truth matter: these are of the identity and of a norm."""
    if rows >= family.features or family.design != "fresh" or family.covariance is not None or not isinstance(family.truth, float):
        return
    sizes = {"d": family.features, "T": rows, "a": family.truth}
    if kind == "replace" and not family.noise:
        yield Spoken("linear-overparameterised", TEST_LOSS, sizes)
    elif kind == "replace" and rows < family.features - 1:
        yield Spoken("linear-overparameterised-noisy", TEST_LOSS, {**sizes, "sigma": family.noise})
    elif kind == "accumulate" and not family.noise:
        yield Spoken("linear-overparameterised-accumulate", TEST_LOSS, sizes)


def _gaussian(family: Gaussian, workflow: Workflow, kind: str, rows: int) -> Iterator[Spoken]:
    if family.known == "none" and kind != "verified":
        yield Spoken(f"gaussian-{kind}", "trace_ratio", {"s": rows, **_needed(workflow, rows)})
    if family.known == "covariance" and kind == "weighted":
        spread = float(np.sqrt(np.trace(family.matrix)))
        yield Spoken("golden-ratio-transient", TEST_LOSS, {"sigma": spread, **_needed(workflow, rows)})


def _density(family: KernelDensity, workflow: Workflow, kind: str, rows: int) -> Iterator[Spoken]:
    if not isinstance(family.bandwidth, str) and kind in ("replace", "accumulate", "subsample"):
        sizes = {"sigma": float(np.sqrt(family.true_second_moment)), "h": family.bandwidth, "d": 1}
        yield Spoken(f"kernel-density-{kind}", "second_moment", sizes)


def _discrete(family: Discrete, workflow: Workflow, kind: str, rows: int) -> Iterator[Spoken]:
    if not family.smoothing and kind != "verified":
        index = float(1 - (family.truth**2).sum())
        yield Spoken(f"discrete-{kind}", "gini_simpson", {"G0": index, "N": rows, **_needed(workflow, rows)})


def _judged(family: JudgedDiscrete, workflow: Workflow, kind: str, rows: int) -> Iterator[Spoken]:
    if family.smoothing:
        return
    if not family.error and kind != "verified":
        yield from _discrete(family, workflow, kind, rows)
    kept = workflow.filter or (Filter(1.0, 1.0) if kind == "replace" else None)
    if kept and kept.right:
        start = float(family.truth[family.is_right].sum()) * (1 - family.error)
        sizes = {"q0": start, "phi": kept.right, "psi": kept.wrong}
        if family.error:
            yield Spoken("verified-errors", "right_share", {**sizes, "e": family.error}, start)
        else:
            yield Spoken("verified", "right_share", sizes, start)


_BY_FAMILY: Mapping[type, Callable[[Family, Workflow, str, int], Iterator[Spoken]]] = {
    Linear: _linear,  # type: ignore[dict-item]
    Gaussian: _gaussian,  # type: ignore[dict-item]
    KernelDensity: _density,  # type: ignore[dict-item]
    Discrete: _discrete,  # type: ignore[dict-item]
    JudgedDiscrete: _judged,  # type: ignore[dict-item]
}
