"""How a campaign looks in the terminal."""

from __future__ import annotations

from rich.text import Text

from recsyn.cli.terminal import progress, say
from recsyn.data.tasks import Task
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.events import BatchTested, Event, PhaseStarted, Shrunk
from recsyn.testing.findings import Finding, Result
from recsyn.testing.verdicts import Failure, Model


def campaign_showing(model: Model, task: Task, budget: Budget, seed: int, max_size: int | None, label: str) -> Result:
    """Run a campaign with a progress bar."""
    with progress("inputs") as shown:
        bar = shown.add_task(label, total=budget.examples + budget.fresh + budget.rate, note="")
        earlier = {"tested": 0, "failures": 0}
        phase = {"tested": 0, "failures": 0}

        def listen(event: Event) -> None:
            if isinstance(event, PhaseStarted):
                for count in earlier:
                    earlier[count] += phase[count]
                    phase[count] = 0
            elif isinstance(event, BatchTested):
                phase.update(tested=event.tested, failures=event.failures)
                note = f"{event.phase}: {earlier['failures'] + phase['failures']} failures"
                shown.update(bar, completed=earlier["tested"] + phase["tested"], note=note)
            elif isinstance(event, Shrunk):
                shown.update(bar, note=f"shrunk to {' '.join(task.input_codec.encode(event.after.input))[:60]}")

        return run_campaign(model, task, budget=budget, seed=seed, max_size=max_size, listener=listen)


def show_result(result: Result) -> None:
    """Every finding, then the failure rate."""
    failing = int(result.searched.failing.sum())
    say(f"searched {len(result.searched.inputs)} inputs of up to {result.max_size} constructors: {failing} failures")
    for number, finding in enumerate(result.findings, 1):
        _show_finding(number, finding, result)
    if result.searched.inputs and not result.findings:
        say("no failure found")
    say(f"failure rate on inputs drawn uniformly by size: {result.rate if result.rate.tested else 'not measured'}")
    if result.interrupted:
        say("interrupted: this is what was found until then")


def _show_finding(number: int, finding: Finding, result: Result) -> None:
    say(Text(f"\nfinding {number}: wrong where {finding.rule or 'no simple rule predicts it'}", style="bold"))
    if finding.rule and not result.fresh.inputs:
        say("  the campaign ended before the rule was scored")
    elif finding.rule:
        score = finding.score
        precision = f"{finding.precision:.3f}" if score.predicted else "not measured"
        recall = f"{finding.recall:.3f}" if score.failures else "not measured"
        say(f"  on {len(result.fresh.inputs)} fresh inputs:")
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
