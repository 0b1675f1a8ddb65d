"""``recsyn demo``: the whole path on binary successor, live. Nothing that it prints is stored."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from rich.text import Text

from recsyn.cli.arguments import whole
from recsyn.cli.campaign import campaign_showing, show_result
from recsyn.cli.check import describe
from recsyn.cli.evaluation import show_evaluation
from recsyn.cli.rows import show_distribution, show_rows
from recsyn.cli.terminal import say, table
from recsyn.cli.trace import show_trace
from recsyn.cli.train import train_showing
from recsyn.data.distributions import ByDepth, Mixture
from recsyn.data.experiments import example_path, load_experiment
from recsyn.data.rows import generate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError, extra
from recsyn.front import load, load_model
from recsyn.testing.budget import Budget
from recsyn.testing.crashes import write_crashes
from recsyn.testing.evaluation import Evaluation
from recsyn.testing.findings import Result
from recsyn.testing.keeping import keep
from recsyn.values import size

_SHARE = 0.1
"""How much of the repaired model's training goes to long carries."""
_BUDGET = Budget(examples=4_000, fresh=2_000, rate=1_000)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--out", metavar="FOLDER", default=".recsyn/demo", help="where it keeps what it makes (default %(default)s)"
    )
    parser.add_argument("--seed", type=whole, default=0)


class _Clock:
    """What each part took."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, float]] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        say(Text(f"\n{len(self.parts) + 1}. {name}", style="bold cyan"))
        started = perf_counter()
        yield
        self.parts.append((name, perf_counter() - started))


def run(options: Namespace) -> int:
    with extra("the demo", "all"):
        import jinja2  # noqa: F401
        import lightning  # noqa: F401
        import matplotlib  # noqa: F401

        from recsyn.testing.report import Report, Study, write_report
    folder, clock = Path(options.out), _Clock()
    experiment = load_experiment("successor-reverse")
    task = experiment.task
    training = {**experiment.training, "seed": options.seed}

    with clock.part("A recursive program, checked"):
        path = example_path("successor.rec")
        program = load(path)
        say(path.read_text("utf-8"))
        if program.failed_examples():
            raise RecsynError(f"{path} has an example that does not hold")
        say(f"accepted, {len(program.checked.examples)} examples checked\n{describe(program)}")
    with clock.part("One example, reduced step by step"):
        show_trace(program.trace("succ (XI (XI (XO One)))"))
    with clock.part("Training data: carries of at most 5"):
        rows = generate(task, 2_000, options.seed)
        show_rows(task, rows, 5)
        show_distribution(task, rows)
    with clock.part("A transformer, trained on it"):
        trained = train_showing(task, experiment.model, training, "training")
        held_out = generate(task, 1_000, options.seed, "test")
        first, evaluation = keep(trained, held_out, folder / "as-trained")
        show_evaluation(evaluation, "exact match on held-out rows of the same distribution")
    with clock.part("The model held against the program"):
        before = _fuzz(str(first.folder), options.seed, "fuzzing")
        show_result(before)
        for crash in write_crashes(before, folder / "crashes", str(first.folder.resolve())):
            say(f"crash file: {crash}")
    with clock.part(f"Repaired: {_SHARE:.0%} of long carries mixed in, trained and fuzzed again"):
        longer = _with_long_carries(task)
        repaired = train_showing(longer, experiment.model, training, "training again")
        second, evaluation_after = keep(repaired, held_out, folder / "repaired")
        after = _fuzz(str(second.folder), options.seed, "fuzzing again")
        _show_side_by_side((evaluation, before), (evaluation_after, after))
        write_crashes(after, folder / "crashes", str(second.folder.resolve()))
    with clock.part("A report"):
        studies = (Study("as trained", before, trained.losses), Study("repaired", after, repaired.losses))
        summary = (
            "A transformer trained on binary successor with carries of at most 5, the rule that predicts where it fails, "
            f"and the same network trained again with {_SHARE:.0%} of longer carries."
        )
        report = write_report(folder / "report.html", Report("recsyn demo: binary successor", summary, studies, tuple(clock.parts)))
        say(f"report: {report.resolve().as_uri()}")
    table("what each part took", ("part", "seconds"), [(name, round(seconds, 2)) for name, seconds in clock.parts])
    say(f"{sum(seconds for _, seconds in clock.parts):.1f} s in all")
    return 0


def _fuzz(folder: str, seed: int, label: str) -> Result:
    model = load_model(folder)
    return campaign_showing(model, model.checkpoint.task, _BUDGET, seed, None, label)


def _with_long_carries(task: Task) -> Task:
    """The task with a share of inputs whose carries are longer than any it was trained on."""
    seen = task.distribution
    assert isinstance(seen, ByDepth)
    longer = replace(seen, min_size=seen.max_depth + 2, min_depth=seen.max_depth + 1, max_depth=seen.max_size - 1)
    return task.with_distribution(Mixture(((1 - _SHARE, seen), (_SHARE, longer))))


def _show_side_by_side(*models: tuple[Evaluation, Result]) -> None:
    def column(evaluation: Evaluation, result: Result) -> list[str]:
        failing, fresh = int(result.searched.failing.sum()), int(result.fresh.failing.sum())
        smallest = min((f.counterexample for f in result.findings), key=size, default=None)
        return [
            f"{evaluation.accuracy:.2%}",
            f"{failing} of {len(result.searched.inputs)}",
            f"{fresh} of {len(result.fresh.inputs)}",
            f"{result.rate.share:.2%}",
            "; ".join(str(f.rule or "no simple rule") for f in result.findings) or "none",
            "none" if smallest is None else " ".join(result.task.input_codec.encode(smallest)),
        ]

    names = [
        "exact match, held-out rows",
        "failures in the search",
        "failures on fresh inputs",
        "failure rate, uniform by size",
        "wrong where",
        "smallest counterexample",
    ]
    columns = (column(evaluation, result) for evaluation, result in models)
    table("before and after", ("", "as trained", "repaired"), zip(names, *columns, strict=True))
