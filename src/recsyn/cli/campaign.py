"""How a campaign looks in the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from recsyn.cli.terminal import bar, progress, say, table
from recsyn.data.distributions import Distribution
from recsyn.data.tasks import Task
from recsyn.lang import core
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.certification import MOST_KEPT, Certificate, certify
from recsyn.testing.evaluation import Group
from recsyn.testing.events import BatchTested, Event, PhaseStarted, Shrunk
from recsyn.testing.findings import Finding, Result
from recsyn.testing.verdicts import Failure, Lost, Model
from recsyn.values import Datum, show

_MOST_SHOWN = 20


def campaign_showing(
    model: Model,
    task: Task,
    budget: Budget,
    seed: int,
    max_size: int | None,
    label: str,
    cases: Sequence[Datum] = (),
    sampling: Distribution | None = None,
) -> Result:
    """Run a campaign with a progress bar."""
    with progress("inputs") as shown:
        bar = shown.add_task(label, total=len(cases) + budget.examples + budget.fresh + budget.rate, note="")
        phases: dict[str, BatchTested] = {}

        def listen(event: Event) -> None:
            if isinstance(event, BatchTested):
                phases[event.phase] = event
                failures = sum(phase.failures for phase in phases.values())
                shown.update(
                    bar, completed=sum(phase.tested for phase in phases.values()), note=f"{event.phase}: {failures} failures"
                )
            elif isinstance(event, Shrunk):
                shown.update(bar, note=f"shrunk to {' '.join(task.input_codec.encode(event.after.input))[:60]}")

        return run_campaign(
            model, task, budget=budget, seed=seed, max_size=max_size, cases=cases, sampling=sampling, listener=listen
        )


def certify_showing(model: Model, task: Task, max_size: int) -> Certificate:
    """Certify a model with a progress bar."""
    with progress("inputs") as shown:
        bar = shown.add_task(f"every input of {task.name}", total=None, note="")

        def listen(event: Event) -> None:
            if isinstance(event, PhaseStarted):
                shown.update(bar, total=event.planned)
            elif isinstance(event, BatchTested):
                shown.update(bar, completed=event.tested, note=f"{event.failures} failures")

        return certify(model, task, max_size, listener=listen)


def show_certificate(certificate: Certificate) -> None:
    """All correct, or the exceptions."""
    task = certificate.task
    sizes = f"of up to {certificate.max_size} constructors"
    if certificate.holds:
        say(
            Text(
                f"all {certificate.inputs:,} correct: every input of {core.spelled(task.function.name)} {sizes}", style="bold green"
            )
        )
    else:
        say(f"{certificate.tested:,} of the {certificate.inputs:,} inputs {sizes} tested: {certificate.failures:,} exceptions")
    for failure in certificate.exceptions[:_MOST_SHOWN]:
        for line in side_by_side(failure, " ".join(task.input_codec.encode(failure.input))):
            say(line)
    if certificate.failures > _MOST_SHOWN:
        say(f"    … and {certificate.failures - _MOST_SHOWN:,} more; --json has {min(certificate.failures, MOST_KEPT):,} of them")
    for lost in certificate.lost[:_MOST_SHOWN]:
        say(f"    {lost.loss}: {' '.join(task.input_codec.encode(lost.input))}: {lost.why}")
    say(f"{certificate.tested:,} inputs in {certificate.seconds:.1f} s")
    compared = certificate.comparison
    if compared:
        alike = "the same verdicts" if not compared.differing else f"{compared.differing} verdicts that differ"
        say(
            f"{compared.inputs} of them asked one at a time, their answers written: {alike}; "
            f"teacher forcing in batches is {compared.ratio:.0f} times as fast"
        )
    if certificate.stopped is not None:
        say(f"stopped: {certificate.stopped}")
    if certificate.interrupted:
        say("interrupted: this is what was tested until then")


def show_result(result: Result) -> None:
    """Every finding, then the failure rate."""
    failing = int(result.searched.failing.sum())
    say(f"searched {len(result.searched.inputs)} inputs of up to {result.max_size} constructors: {failing} failures")
    for number, finding in enumerate(result.findings, 1):
        _show_finding(number, finding, result)
    if result.searched.inputs and not result.findings:
        say("no failure found")
    say(f"failure rate on {result.sampling}: {result.rate}")
    if result.rate.failures:
        feature, groups = next(iter(result.by.items()))
        _show_rates(feature, groups)
    _show_lost(result.lost)
    for remark in result.remarks:
        say(f"note: {remark}")
    if result.stopped is not None:
        say(f"stopped: {result.stopped}")
    if result.interrupted:
        say("interrupted: this is what was found until then")


def _show_rates(feature: str, groups: Sequence[Group]) -> None:
    """How the rate is made up, by the feature that tells most."""
    rows = []
    for group in groups:
        low, high = group.wrong.interval
        share = group.wrong.share
        rows.append((str(group), group.rows, f"{share:.1%}", f"{low:.1%} to {high:.1%}", bar(share)))
    table(f"failure rate by {feature.replace('_', ' ')}", (feature, "inputs", "failed", "95 % interval", ""), rows)


def _show_lost(lost: Sequence[Lost]) -> None:
    """How many inputs have no verdict, for each kind of loss, and the first of them."""
    first = {each.loss: each for each in reversed(lost)}
    for loss, many in Counter(each.loss for each in lost).most_common():
        say(f"{many} input{'' if many == 1 else 's'} without a verdict: {loss}, the first on {show(first[loss].input)}")
        say(f"  {first[loss].why}")


def _show_finding(number: int, finding: Finding, result: Result) -> None:
    say(Text(f"\nfinding {number}: wrong where {finding.rule or 'no simple rule predicts it'}", style="bold"))
    if finding.rule and not result.fresh.inputs:
        say("  the campaign ended before the rule was scored")
    elif finding.rule:
        score = finding.score
        precision = f"{finding.precision:.3f}" if score.predicted else "not measured"
        recall = f"{finding.recall:.3f}" if score.failures else "not measured"
        say(f"  on {len(result.fresh.inputs)} fresh inputs, {result.unseen} of which were not asked before:")
        say(f"    precision {precision}  {score.hits} of the {score.predicted} that it predicts fail")
        say(f"    recall    {recall}  it predicts {score.hits} of {score.failures} failures")
    say("  kinds: " + ", ".join(f"{count} {kind}" for kind, count in finding.kinds.items()))
    say(f"  smallest counterexample: {finding.counterexample}")
    for failure in finding.smallest:
        for line in side_by_side(failure, " ".join(result.task.input_codec.encode(failure.input))):
            say(line)


def side_by_side(failure: Failure, tokens: str) -> list[Text]:
    """A failure as three lines: the input, the right output, the answer, which is marked from its first difference on."""
    at = failure.first_difference
    right, wrong = failure.answer.tokens[:at], failure.answer.tokens[at:]
    tail = " ".join(wrong) + ("" if failure.answer.ended else " …")
    answer = Text.assemble(f"      answered  {' '.join(right)}{' ' if right else ''}", (tail.strip() or "<end>", "bold red"))
    return [
        Text(f"    {failure.kind}: {tokens}"),
        Text(f"      expected  {' '.join(failure.expected)}"),
        answer,
    ]
