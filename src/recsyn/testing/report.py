"""A report: what campaigns found out about one or more models, as one HTML page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, zip_longest
from pathlib import Path
from typing import Any, Literal

from recsyn.data.codecs import DecodeError
from recsyn.data.tasks import Task
from recsyn.lang.printer import Piece, show_term
from recsyn.semantics.stepper import embedded, stepper_parts
from recsyn.testing import charts
from recsyn.testing.embedding import explored, stepped
from recsyn.testing.findings import Evidence, Result
from recsyn.testing.pages import file, template
from recsyn.testing.rates import Rate
from recsyn.testing.verdicts import Failure, Lost
from recsyn.testing.words import feature_in_words, rule_in_words
from recsyn.testing.writing import write_text
from recsyn.values import Datum, Value, show

_AROUND = 40
"""How many tokens are shown on each side of the first difference."""
_MOST_RANGES = 40
_MOST_CELLS = 20
_MOST_WRITTEN = 40_000
"""Characters of a reduction that is written out, step under step."""
_MOST_LOST = 5
"""Lost inputs of a kind that are shown."""


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
    return write_text(path, _page(report), "the report")


def _page(report: Report) -> str:
    words: dict[str, Callable[..., Any]] = {"share": _share, "seconds": _seconds, "count": _count, "words": rule_in_words}
    words |= {"show": show, "joined": _joined, "counted": feature_in_words, "aligned": aligned, "pictures": _pictures}
    words |= {"reduction": reduction, "next": next, "lost_by_kind": _lost_by_kind}
    words |= {"swatch": charts.swatch, "style_of": charts.study_style}
    whole = template(file("recsyn.testing", "report.html"), words)
    parts = stepper_parts()
    cases = stepped([(s.result.task, f.input) for s in report.studies for finding in s.result.findings for f in finding.smallest])
    explorable = explored([(study.name, study.result) for study in report.studies])
    return whole.render(
        title=report.title,
        script=f"\n{parts.script}\n{file('recsyn.testing', 'report.js')}",
        report=report,
        figures=list(_figures(report.studies)),
        programs=_programs(report.studies),
        stepper=parts,
        cases=enumerate(cases),
        data=embedded({"explored": explorable, "stepped": [case.runs for case in cases]}),
    )


# Words


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


@dataclass(frozen=True)
class Reduction:
    """Steps written out, each its rule and its term as stretches of text. ``taken`` is how many there are, of which the last may be
    left out; ``result`` is where they lead, the value where they are ``complete``."""

    steps: tuple[tuple[str, tuple[Piece, ...]], ...]
    taken: int
    result: str
    complete: bool


def reduction(task: Task, value: Datum) -> Reduction:
    """How the task's function reduces an input, as much of it as is read on a page."""
    trace = task.function.trace(value, limit=200)
    written: list[tuple[str, tuple[Piece, ...]]] = []
    room = _MOST_WRITTEN
    for step in trace:
        pieces = tuple(_joined(step.before()))
        room -= sum(len(text) for text, _ in pieces)
        if room < 0:
            break
        written.append((step.rule, pieces))
    result = show_term(trace.result)
    shown = result if len(result) <= _MOST_WRITTEN // 10 else f"{result[: _MOST_WRITTEN // 10]}…"
    return Reduction(tuple(written), len(trace), shown, trace.complete)


def _lost_by_kind(result: Result) -> list[tuple[str, int, list[Lost]]]:
    """The kinds of loss, the most frequent first, with how often each was met and the first of them."""
    met = Counter(lost.loss for lost in result.lost)
    return [(loss, many, [each for each in result.lost if each.loss == loss][:_MOST_LOST]) for loss, many in met.most_common()]


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
        "Fresh inputs, drawn anew to cover sizes and depths evenly, whatever was asked before. "
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
