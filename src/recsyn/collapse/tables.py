"""What came of a study as tables, the theory and published figures beside it in brackets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor, isfinite, log10

import numpy as np

from recsyn.collapse.findings import Findings, band_of, chosen, in_words, metrics_of, predictions_of
from recsyn.collapse.outcome import Band, Label, Outcome, Prediction
from recsyn.collapse.published import Published, published_of
from recsyn.collapse.theory.comparison import Comparison, compare
from recsyn.data.markdown import Table, fenced, on_one_line

UNKNOWN = "–"
_MOST_GENERATIONS = 5
_BEFORE: Mapping[Label, str] = {"exact": "", "asymptotic": "≈ ", "bound": "bound "}
"""What stands before a prediction."""


def metric_table(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published] = ()) -> Table:
    """Rows are settings, columns a few generations, the first, the last and published ones among them. A cell is the mean and its
    standard error, in brackets what the theory says and what was published. The last column says by how many standard errors the
    mean of the last generation differs from an exact result."""
    measured = [outcome for outcome in outcomes if metric in outcome.values]
    axes = _axes(measured)
    generations = _columns(measured, metric, published)
    beside = _beside(measured, metric, published)
    exact = any(each.label == "exact" for outcome in measured for each in predictions_of(outcome, metric))
    rows = []
    for outcome in measured:
        known = band_of(outcome, metric)
        told = [_cell(outcome, metric, known, generation, published, beside) for generation in generations]
        z = [_z(outcome, metric, known)] if exact else []
        rows.append((*_point(outcome, axes), *told, *z))
    header = (*axes, *(f"generation {generation}" for generation in generations), *(["z of the last"] if exact else []))
    return Table(_title(measured, metric, beside), header, tuple(rows))


def profile_table(outcomes: Sequence[Outcome]) -> Table:
    """What each metric was in the first generation and what it became in the last."""
    axes, metrics = _axes(outcomes), metrics_of(outcomes)
    rows = []
    for outcome in outcomes:
        if outcome.values:
            ends = [band_of(outcome, metric).mean for metric in metrics]
            told = [f"{number(mean[0])} → {number(mean[-1])}" if len(mean) else UNKNOWN for mean in ends]
            rows.append((*_point(outcome, axes), *told))
    return Table("means in the first and in the last generation", (*axes, *map(in_words, metrics)), tuple(rows))


def compared(outcome: Outcome) -> list[tuple[Prediction, Comparison]]:
    """The chains of a setting beside each prediction of a metric that they have."""
    found = []
    for prediction in outcome.predictions:
        observed = outcome.values.get(prediction.metric)
        if observed is not None:
            found.append((prediction, compare(observed, prediction.values[: observed.shape[1]], prediction.label)))
    return found


def theory_table(outcomes: Sequence[Outcome]) -> Table | None:
    """Runs held against what the theory says of all their generations together. ``None`` where it says nothing."""
    axes = _axes(outcomes)
    rows = []
    for outcome in outcomes:
        for prediction, comparison in compared(outcome):
            told = (prediction.result, prediction.label, in_words(prediction.metric), *_verdict(comparison))
            rows.append((*_point(outcome, axes), *told))
    header = (*axes, "result", "label", "of", "measured, as a multiple", "largest gap", "p", "verdict")
    return Table("held against the theory, all generations together", header, tuple(rows)) if rows else None


def _verdict(comparison: Comparison) -> tuple[str, str, str, str]:
    factor = UNKNOWN if np.isnan(comparison.factor) else f"{comparison.factor:.4f} ± {comparison.factor_error:.4f}"
    if comparison.label == "bound":
        factor = UNKNOWN
    gaps = [gap for gap in comparison.gap if isfinite(gap)]
    gap = f"{max(gaps, key=abs):+.1%}" if gaps else UNKNOWN
    chance = UNKNOWN if np.isnan(comparison.p_value) or comparison.label == "asymptotic" else f"{comparison.p_value:.2g}"
    words = {None: UNKNOWN, False: "kept" if comparison.label == "bound" else "agrees", True: "contradicted"}
    collapsed = f" ({comparison.collapsed:,} collapsed chains left out)" if comparison.collapsed else ""
    return factor, gap, chance, words[comparison.contradicts()] + collapsed


def settings_table(outcomes: Sequence[Outcome]) -> Table:
    axes = _axes(outcomes)
    counted = [(o.chains, o.generations, len({c.chain for c in o.collapses}), "yes" if o.failed else "no") for o in outcomes]
    rows = tuple((*_point(outcome, axes), *map(str, counts)) for outcome, counts in zip(outcomes, counted, strict=True))
    return Table("settings", (*axes, "chains", "generations", "chains collapsed", "failed"), rows)


def collapse_table(outcomes: Sequence[Outcome]) -> Table | None:
    """Why chains could not go on, how many, and in which generations. ``None`` where all could."""
    axes = _axes(outcomes)
    rows = []
    for outcome in outcomes:
        for cause in dict.fromkeys(collapse.cause for collapse in outcome.collapses):
            alike = [collapse for collapse in outcome.collapses if collapse.cause == cause]
            first, last = (end(collapse.generation for collapse in alike) for end in (min, max))
            when = str(first) if first == last else f"{first} to {last}"
            rows.append((*_point(outcome, axes), f"{len({c.chain for c in alike})} of {outcome.chains}", when, on_one_line(cause)))
    header = (*axes, "chains", "in generation", "cause")
    return Table("chains that collapsed", header, tuple(rows)) if rows else None


def failure_table(outcomes: Sequence[Outcome]) -> Table | None:
    """What kept chains from running at all. ``None`` where nothing did."""
    axes = _axes(outcomes)
    rows = tuple((*_point(outcome, axes), on_one_line(why)) for outcome in outcomes for why in outcome.failed)
    return Table("chains that did not run; they are tried again by running again", (*axes, "why"), rows) if rows else None


def tables(findings: Findings) -> list[Table]:
    """All of them that are not empty."""
    outcomes = findings.outcomes
    measured = [metric_table(outcomes, metric, findings.published) for metric in metrics_of(outcomes)]
    profile = [profile_table(outcomes)] if len(measured) > 1 else []
    rest = theory_table(outcomes), collapse_table(outcomes), failure_table(outcomes)
    return [*measured, *profile, *filter(None, rest)]


def sources(findings: Findings) -> list[str]:
    """Where published figures are from."""
    return list(dict.fromkeys(published.source for published in findings.published))


def markdown(findings: Findings) -> str:
    """All tables on a page of Markdown."""
    told = [each.markdown() for each in tables(findings)]
    cited = [f"Published: {'; '.join(map(on_one_line, sources(findings)))}."] if findings.published else []
    read = ["Read from:", fenced(findings.configuration, "yaml")] if findings.configuration else []
    return "\n\n".join(filter(None, [f"# {on_one_line(findings.title)}", findings.about, *told, *cited, *read])) + "\n"


def number(value: float) -> str:
    return f"{value:.4g}" if isfinite(value) else UNKNOWN


def with_error(mean: float, error: float) -> str:
    """A mean to as many digits as its standard error bears."""
    if not isfinite(mean) or not isfinite(error) or error <= 0:
        return number(mean)
    digits = 1 - floor(log10(error))
    if not 0 <= digits <= 8 or abs(mean) >= 1e6:
        return f"{mean:.4g} ± {error:.2g}"
    return f"{mean:.{digits}f} ± {error:.{digits}f}"


# Cells


def _axes(outcomes: Sequence[Outcome]) -> list[str]:
    return list(dict.fromkeys(axis for outcome in outcomes for axis in outcome.point))


def _point(outcome: Outcome, axes: Sequence[str]) -> list[str]:
    return [on_one_line(outcome.point.get(axis, UNKNOWN)) for axis in axes]


def _columns(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published]) -> list[int]:
    longest = max((outcome.values[metric].shape[1] for outcome in outcomes), default=0)
    told = {g for outcome in outcomes for p in published_of(published, outcome.point, metric) for g in p.by_generation}
    inner = chosen(sorted(g for g in told if 1 < g < longest), _MOST_GENERATIONS)
    return sorted({1, longest, *inner}) if inner and longest else chosen(range(1, longest + 1), _MOST_GENERATIONS)


def _beside(outcomes: Sequence[Outcome], metric: str, published: Sequence[Published]) -> tuple[str, ...]:
    """What the brackets of a table hold."""
    theory = any(predictions_of(outcome, metric) for outcome in outcomes)
    told = any(True for outcome in outcomes for _ in published_of(published, outcome.point, metric))
    return tuple(what for what, there in (("theory", theory), ("published", told)) if there)


def _title(outcomes: Sequence[Outcome], metric: str, beside: Sequence[str]) -> str:
    many = sorted({_chains(outcome, metric) for outcome in outcomes})
    chains = f"{many[0]:,}" if len(many) == 1 else f"{many[0]:,} to {many[-1]:,}" if many else "no"
    told = f"{in_words(metric)}, mean ± standard error over {chains} chain{'' if chains == '1' else 's'}"
    labels = {predictions_of(outcome, metric)[0].label for outcome in outcomes if predictions_of(outcome, metric)}
    meant = ["≈ asymptotic"] * ("asymptotic" in labels) + ["others exact"] * ("exact" in labels and len(labels) > 1)
    theory = f"the theory ({', '.join(meant)})" if meant else "the theory"
    inside = [{"theory": theory, "published": "what was published"}[what] for what in beside]
    return f"{told}; in brackets {', then '.join(inside)}" if inside else told


def _cell(
    outcome: Outcome, metric: str, known: Band, generation: int, published: Sequence[Published], beside: Sequence[str]
) -> str:
    at = generation - 1
    if at >= len(known.mean):
        told = UNKNOWN
    else:
        told = with_error(float(known.mean[at]), float(known.error[at]))
        ran = int(np.isfinite(outcome.values[metric][:, at]).sum())
        of = _chains(outcome, metric)
        told += f" [{ran:,} of {of:,} chains]" if 0 < ran < of else ""
    theory = next((each for each in predictions_of(outcome, metric) if at < len(each.values) and isfinite(each.values[at])), None)
    figures = [p.by_generation[generation] for p in published_of(published, outcome.point, metric) if generation in p.by_generation]
    inside = {
        "theory": f"{_BEFORE[theory.label]}{number(float(theory.values[at]))}" if theory else UNKNOWN,
        "published": " or ".join(map(number, figures)) or UNKNOWN,
    }
    return f"{told} ({'; '.join(inside[what] for what in beside)})" if beside else told


def _chains(outcome: Outcome, metric: str) -> int:
    """Those of which the metric is known at all: profiles are of some chains of a batch."""
    return int(np.isfinite(outcome.values[metric]).any(1).sum())


def _z(outcome: Outcome, metric: str, known: Band) -> str:
    """Of the last generation alone: generations of a chain depend on one another."""
    exact = [each for each in predictions_of(outcome, metric) if each.label == "exact" and len(each.values) >= len(known.mean)]
    if not exact or not len(known.mean):
        return UNKNOWN
    away = float(known.mean[-1]) - float(exact[0].values[len(known.mean) - 1])
    error = float(known.error[-1])
    return f"{away / error:+.1f}" if isfinite(away) and isfinite(error) and error > 0 else UNKNOWN
