"""A report: what campaigns found out about one or more models, as one HTML page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import groupby, islice, zip_longest
from pathlib import Path
from typing import Literal

from recsyn.data.codecs import DecodeError
from recsyn.data.tasks import Task
from recsyn.errors import MissingExtra, RecsynError
from recsyn.lang.printer import Piece, show_term
from recsyn.testing import charts
from recsyn.testing.findings import Evidence, Rate, Result
from recsyn.testing.rules import Condition, Rule
from recsyn.testing.verdicts import Failure
from recsyn.values import Datum, Value, show

_AROUND = 40
"""How many tokens are shown on each side of the first difference."""
_MOST_RANGES = 40
_MOST_CELLS = 20

_PHRASES = {
    "size": "the input holds {} constructor{s}",
    "depth": "the longest path of the input holds {} constructor{s}",
    "recursion_depth": "the recursion goes {} call{s} deep",
    "calls": "the function calls itself {} time{s}",
    "rest": "the smallest part at which the recursion stops holds {} constructor{s}",
    "imbalance": "the two sides of some node differ in depth by {}",
    "balance": "the input is {} deeper in its last part than in its first",
    "labels": "the input holds {} label{s}",
    "repeats": "the input repeats {} label{s}",
    "output_length": "the right output has {} token{s}",
    "growth": "the right output is {} token{s} longer than the input",
}
_AMOUNTS = {">=": "at least", "<=": "at most", "==": "exactly"}


@dataclass(frozen=True)
class Study:
    """One model and what a campaign found out about it. ``losses`` are those of its training, one a step; they may be missing."""

    name: str
    result: Result
    losses: tuple[float, ...] = ()


@dataclass(frozen=True)
class Report:
    """What one page says. ``summary`` is a paragraph; ``timings`` are parts of the work and how many seconds each took."""

    title: str
    summary: str
    studies: tuple[Study, ...]
    timings: tuple[tuple[str, float], ...] = ()


def write_report(path: str | Path, report: Report) -> Path:
    """Write the report as one HTML file. The same report gives the same bytes. Raises :class:`MissingExtra` without the packages
    of the extra ``report``, and :class:`RecsynError` where the file cannot be written."""
    target = Path(path)
    page = _page(report)
    try:
        target.write_bytes(page.encode("utf-8", "replace"))
    except OSError as error:
        raise RecsynError(f"the report cannot be written to {str(path)!r}: {error.strerror or error}") from None
    return target


def _page(report: Report) -> str:
    try:
        import jinja2
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra("an HTML report", "report") from None
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"share": _share, "seconds": _seconds, "count": _count, "words": rule_in_words}
    environment.filters |= {"show": show, "term": show_term, "joined": _joined}
    environment.globals |= {"aligned": aligned, "pictures": _pictures, "swatch": charts.swatch, "style_of": charts.study_style}
    template = environment.from_string(files("recsyn.testing").joinpath("report.html").read_text("utf-8"))
    return template.render(report=report, figures=list(_figures(report.studies)), programs=_programs(report.studies))


# Words


def rule_in_words(rule: Rule | None) -> str:
    """The rule as the end of a sentence that begins "it fails"."""
    if rule is None:
        return "where no simple rule predicts it"
    if not rule.conditions:
        return "on every input"
    return "where " + " and ".join(map(_condition_in_words, rule.conditions))


def _condition_in_words(condition: Condition) -> str:
    amount = f"{_AMOUNTS[condition.relation]} {condition.threshold}".replace("-", "−")
    phrase = _PHRASES.get(condition.feature)
    if phrase:
        return phrase.format(amount, s="" if condition.threshold == 1 else "s")
    if condition.feature == "longer":
        held = condition.threshold > 0 if condition.relation != "<=" else condition.threshold >= 1
        return f"the right output is {'' if held else 'no '}longer than the input"
    kind, _, of = condition.feature.partition("_")
    if kind == "count":
        return f"the input holds {amount} {of}"
    if condition.feature.startswith(("spine_", "off_spine_")):
        constructor, _, field = condition.feature.partition("spine_")[2].rpartition("_")
        spine = f"the spine along field {field} of {constructor}"
        return f"{spine} is {amount} long" if kind == "spine" else f"the input has {amount} {constructor} off {spine}"
    return f"{condition.feature} is {amount}"


def _share(number: float, digits: int = 2) -> str:
    return "not measured" if number != number else f"{number:.{digits}%}"


def _seconds(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", "\u202f")


# Failures


Cell = tuple[str, bool]
"""A token, or what the report says in its place: an end, or that tokens are left out. The second is true for those."""
_GAP: Cell = ("…", True)


@dataclass(frozen=True, slots=True)
class Place:
    """One place of two sequences: what was expected there and what was answered, ``None`` past the end."""

    expected: Cell | None
    answered: Cell | None
    difference: Literal["", "first", "further"] = ""


def aligned(failure: Failure) -> list[Place]:
    """The expected tokens over the answered ones, ends among them, place by place; far from the first difference left out."""
    expected: list[Cell] = [*((t, False) for t in failure.expected), ("end", True)]
    answered: list[Cell] = [*((t, False) for t in failure.answer.tokens), ("end" if failure.answer.ended else "goes on", True)]
    first = failure.first_difference
    length = max(len(expected), len(answered))
    start, stop = max(0, first - _AROUND), min(length, first + _AROUND)
    places = [Place(_GAP, _GAP)] if start else []
    for i, (left, right) in enumerate(islice(zip_longest(expected, answered), start, stop), start):
        places.append(Place(left, right, "first" if i == first else "" if left == right else "further"))
    return places + ([Place(_GAP, _GAP)] if stop < length else [])


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The same text in as few pieces as can be."""
    for marked, run in groupby(pieces, key=lambda piece: piece[1]):
        yield "".join(text for text, _ in run), marked


def _pictures(task: Task, failure: Failure) -> list[tuple[str, str]]:
    """Drawings of the input, and of both outputs where they are values of its type, with what each shows."""
    shown: list[tuple[str, Datum]] = [("input", failure.input)]
    if task.output_type == task.space.type:
        shown += [("expected", _decoded(task, failure.expected)), ("answered", _decoded(task, failure.answer.tokens))]
    drawn = [(what, charts.tree(task.space, value)) for what, value in shown if isinstance(value, Value)]
    return [(what, drawing) for what, drawing in drawn if drawing]


def _decoded(task: Task, tokens: Sequence[str]) -> Datum | None:
    try:
        return task.question.read(tokens)
    except DecodeError:
        return None


# Charts


Drawing = tuple[str, str, str]
"""What stands over a chart, the chart as SVG, and what it shows in words for those who do not see it."""


@dataclass(frozen=True)
class Figure:
    """One or more drawings under one heading. ``names`` are the studies of its legend, ``rows`` the numbers that it shows."""

    title: str
    note: str
    drawings: tuple[Drawing, ...]
    names: tuple[tuple[int, str], ...] = ()
    rows: tuple[tuple[str, tuple[Rate, ...]], ...] = ()
    wide: bool = False


def _figures(studies: Sequence[Study]) -> Iterator[Figure]:
    tested = [(i, s.name, s.result.fresh) for i, s in enumerate(studies) if s.result.fresh.inputs]
    learned = [(i, s.name, s.losses) for i, s in enumerate(studies) if s.losses]
    recursive = all("recursion_depth" in evidence.columns for _, _, evidence in tested)
    if tested:
        yield _shares(tested, "recursion_depth" if recursive else "size")
    if learned:
        words = "; ".join(f"{name}: {len(line)} steps, from {line[0]:.3g} to {line[-1]:.3g}" for _, name, line in learned)
        drawing = "", charts.loss_chart("losses", [s.losses for s in studies]), words
        yield Figure("Training loss", "The loss at each step of training.", (drawing,), tuple((i, name) for i, name, _ in learned))
    if tested:
        yield _heat_maps(tested, "recursion_depth" if recursive else "depth")


def _shares(tested: Sequence[tuple[int, str, Evidence]], feature: str) -> Figure:
    axis = feature.replace("_", " ")
    ranges = charts.ranges_over([evidence.columns[feature] for _, _, evidence in tested], _MOST_RANGES)
    rates = {i: charts.rates_over(e.columns[feature], e.failing, ranges) for i, _, e in tested}
    lines = [rates.get(i, [Rate(0, 0)] * len(ranges)) for i in range(max(rates) + 1)]
    rows = tuple((charts.label_of(r), tuple(rates[i][k] for i in rates)) for k, r in enumerate(ranges))
    note = (
        "Fresh inputs, drawn to cover sizes and depths evenly and used for nothing else. "
        "The band around each line is its 95 % interval."
    )
    drawing = "", charts.share_chart("shares", axis, ranges, lines), f"The share of failures by {axis}; the numbers follow."
    names = tuple((i, name) for i, name, _ in tested)
    return Figure(f"Failures by {axis}", note, (drawing,), names, rows)


def _heat_maps(tested: Sequence[tuple[int, str, Evidence]], up: str) -> Figure:
    x, y = (charts.ranges_over([e.columns[name] for _, _, e in tested], _MOST_CELLS) for name in ("size", up))
    axis = up.replace("_", " ")
    drawings = []
    for i, name, e in tested:
        axes = charts.Axis("size", e.columns["size"], x), charts.Axis(axis, e.columns[up], y)
        total = f"{int(e.failing.sum())} of {len(e.inputs)} fresh inputs failed"
        drawings.append((name, charts.heat_map(f"map-{i}", i, *axes, e.failing), f"{name}, by size and {axis}: {total}."))
    note = "The same inputs. The stronger a cell, the greater the share of its inputs that failed; blank where none was tested."
    return Figure(f"Failures by size and {axis}", note, tuple(drawings), wide=True)


def _programs(studies: Sequence[Study]) -> list[Task]:
    """The tasks under test, one for each function of a program."""
    return list({(task.program_hash, task.function.name): task for task in (study.result.task for study in studies)}.values())
