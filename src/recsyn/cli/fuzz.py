"""``recsyn fuzz MODEL``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from recsyn.cli.arguments import from_yaml, positive, seconds, whole
from recsyn.cli.asking import add_asking, asking_of, task_named
from recsyn.cli.campaign import campaign_showing, certify_showing, show_certificate, show_result
from recsyn.cli.terminal import complain, note, say
from recsyn.data.distributions import Distribution, Sampler, distribution_from_config
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError, extra
from recsyn.front import Program
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import CampaignStopped
from recsyn.testing.crashes import earlier_inputs, make_crash_folder, write_crashes
from recsyn.testing.findings import Result
from recsyn.testing.junit import write_junit
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.opening import KINDS, open_model
from recsyn.testing.pooling import pooled
from recsyn.testing.tyche import write_tyche
from recsyn.testing.verdicts import Model
from recsyn.testing.writing import check_writable
from recsyn.values import Datum


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help=KINDS)
    parser.add_argument(
        "--task",
        metavar="TASK",
        help="what it is held against, where it is no checkpoint: a preset, a YAML file, or FILE.rec:FUNCTION",
    )
    budget = parser.add_argument_group("how much")
    budget.add_argument("--max-examples", type=positive, default=5_000, metavar="N", help="inputs to search (default 5000)")
    budget.add_argument("--max-seconds", type=seconds, metavar="S", help="end after so long, with a report")
    budget.add_argument("--max-findings", type=positive, metavar="N", help="end the search after so many different findings")
    budget.add_argument("--max-size", type=positive, metavar="N", help="most constructors of an input (default: the task's)")
    budget.add_argument("--exhaustive", type=positive, metavar="N", help="instead of a search, every input of up to N constructors")
    what = parser.add_argument_group("what")
    what.add_argument("--case", action="append", metavar="VALUE", help="an input to ask first, in the notation of the language")
    what.add_argument(
        "--distribution",
        metavar="YAML",
        help="what the failure rate is over (default: sizes uniform): '{kind: natural, sizes: [1, 9]}'",
    )
    what.add_argument("--seed", type=whole, default=0)
    add_asking(parser)
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes that answer for the model")
    reports = parser.add_argument_group("reports")
    reports.add_argument(
        "--crashes",
        metavar="FOLDER",
        default=".recsyn/crashes",
        help="where crash files go, and whose inputs are asked first (default %(default)s)",
    )
    reports.add_argument("--html", metavar="FILE", help="a page that needs nothing else")
    reports.add_argument("--junit", metavar="FILE", help="XML that continuous integration reads")
    reports.add_argument("--tyche", metavar="FILE", help="JSON lines that Hypothesis's Tyche reads")
    reports.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    task = task_named(options.task) if options.task else None
    asking = asking_of(options)
    if options.exhaustive:
        _check_alone(options)
        with _opened(options, task, asking) as held:
            return _certify(held, options)
    make_crash_folder(options.crashes)
    for path, what in ((options.html, "the report"), (options.junit, "the JUnit file"), (options.tyche, "the file for Tyche")):
        if path:
            check_writable(path, what)
    if options.html:
        with extra("an HTML report", "report"):
            import jinja2  # noqa: F401
            import matplotlib  # noqa: F401
    with _opened(options, task, asking) as held:
        sampling = _sampling(held.task, options.distribution)
        cases = [*_cases(held.task, options.case or ()), *earlier_inputs(held.task, options.crashes)]
        budget = Budget.of(options.max_examples, options.max_findings, options.max_seconds)
        try:
            result = campaign_showing(
                held.model, held.task, budget, options.seed, options.max_size, f"fuzzing {held.task.name}", cases, sampling
            )
        except CampaignStopped as stopped:
            _hand_over(stopped.result, held, options)
            complain(str(stopped))
            return 2
    _hand_over(result, held, options)
    if result.interrupted and result.holds:
        return 130
    return 0 if result.holds else 1


@dataclass(frozen=True, eq=False)
class _Held:
    """A model, what it is held against, what it is called, and the words that name it in a crash file."""

    model: Model
    task: Task
    name: str
    spec: str


@contextmanager
def _opened(options: Namespace, task: Task | None, asking: Asking) -> Iterator[_Held]:
    devices = options.device or ["cpu"]
    opened = open_model(options.model, task, replace(asking, device=devices[0]))
    spec = str(Path(options.model).resolve()) if Path(options.model).is_dir() else options.model
    if options.workers == 1 and len(devices) == 1:
        yield _Held(opened.model, opened.task, opened.name, spec)
        return
    again = partial(open_again, options.model, task.to_config() if task else None, asking)
    with pooled(again, max(options.workers, len(devices)), devices) as pool:
        yield _Held(pool, opened.task, opened.name, spec)


def open_again(spec: str, config: dict[str, Any] | None, asking: Asking, device: str) -> Model:
    """The model as another process opens it."""
    return open_model(spec, None if config is None else task_from_config(config), replace(asking, device=device)).model


def _cases(task: Task, expressions: Sequence[str]) -> Iterator[Datum]:
    program = Program(task.function.program)
    return map(program.value, expressions)


def _sampling(task: Task, text: str | None) -> Distribution | None:
    if text is None:
        return None
    try:
        sampling = distribution_from_config(from_yaml("--distribution", text))
        Sampler(sampling, task.space)
    except RecsynError as error:
        raise RecsynError(f"in --distribution: {error.message}", error.hint) from None
    return sampling


_OF_A_SEARCH = ("max_seconds", "max_findings", "max_size", "case", "distribution", "html", "junit", "tyche")


def _check_alone(options: Namespace) -> None:
    """Raises :class:`RecsynError` where what is asked for beside every input would be left out."""
    for name in _OF_A_SEARCH:
        if getattr(options, name) is not None:
            raise RecsynError(
                f"--{name.replace('_', '-')} is for a search, and with --exhaustive there is none", "leave one of the two out"
            )


def _certify(held: _Held, options: Namespace) -> int:
    certificate = certify_showing(held.model, held.task, options.exhaustive)
    if options.json:
        say(json.dumps({"model": held.name, **certificate.to_json()}, indent=2, ensure_ascii=False))
    else:
        show_certificate(certificate)
    return 0 if certificate.holds else 1


def _hand_over(result: Result, held: _Held, options: Namespace) -> None:
    crashes = write_crashes(result, options.crashes, held.spec) if result.findings else []
    if options.json:
        report = {"model": held.name, **result.to_json(), "crashes": [str(p) for p in crashes]}
        say(json.dumps(report, indent=2, ensure_ascii=False))
    else:
        show_result(result)
        for path in crashes:
            say(f"crash file: {path}")
    if options.html:
        with extra("an HTML report", "report"):
            from recsyn.testing.report import Report, Study, write_report
        title = f"{result.task.name}: a campaign"
        summary = f"{held.name} held against {result.task.function.name} on inputs of up to {result.max_size} constructors."
        written = write_report(options.html, Report(title, summary, (Study(held.name, result),)))
        note(f"report: {written}")
    if options.junit:
        note(f"JUnit: {write_junit(options.junit, result)}")
    if options.tyche:
        note(f"Tyche: {write_tyche(options.tyche, result)}")
