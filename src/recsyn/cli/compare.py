"""``recsyn compare A B``: 0 where B has no finding that A has not."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping

from rich.text import Text

from recsyn.cli.terminal import say, table
from recsyn.testing.comparison import Campaign, Comparison, Range, compare, read_campaign
from recsyn.testing.rates import Rate


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("before", metavar="A", help="a campaign file, which `recsyn fuzz --json` prints")
    parser.add_argument("after", metavar="B", help="the campaign file that is held against it")
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    comparison = compare(read_campaign(options.before), read_campaign(options.after))
    if options.json:
        say(json.dumps(comparison.to_json(), indent=2, ensure_ascii=False))
    else:
        _show(comparison)
    return 1 if comparison.is_worse else 0


def _show(comparison: Comparison) -> None:
    before, after = comparison.before, comparison.after
    facts = [(name, told(before), told(after)) for name, told in _FACTS.items()]
    table(f"{before.function}: two campaigns", ("", "A", "B"), facts)
    apart = comparison.difference
    measured = before.rate.tested and after.rate.tested
    say(f"failure rate of B less that of A: {apart if measured else 'not measured'}")
    for matched in comparison.findings:
        say(Text(f"\n{matched.standing}: {matched.after or matched.before}", style="bold"))
        if matched.before and matched.after and matched.before.rule != matched.after.rule:
            say(f"  in A: {matched.before}")
        smallest = {
            side: f"{t.counterexample} ({t.kind})" for side, t in zip("AB", (matched.before, matched.after), strict=True) if t
        }
        shared = len(smallest) == 2 and len(set(smallest.values())) == 1
        for side, counterexample in [("both", smallest["A"])] if shared else smallest.items():
            say(f"  smallest counterexample in {side}: {counterexample}")
    if not comparison.findings:
        say("no finding in either")
    if comparison.feature is not None:
        _show_rates(comparison, comparison.feature)
    for remark in comparison.remarks:
        say(f"note: {remark}")


def _show_rates(comparison: Comparison, feature: str) -> None:
    rows = [(_shown_range(at), _shown(a), _within(a), _shown(b), _within(b)) for at, a, b in comparison.by(feature)]
    say()
    table(f"failure rate by {feature.replace('_', ' ')}", (feature, "A", "95 % interval", "B", "95 % interval"), rows)


_FACTS: Mapping[str, Callable[[Campaign], str]] = {
    "campaign": lambda c: c.file,
    "model": lambda c: c.model or "not said",
    "failure rate": lambda c: _shown(c.rate),
    "95 % interval": lambda c: _within(c.rate),
    "findings": lambda c: str(len(c.findings)),
    "inputs lost": lambda c: ", ".join(f"{many} {kind}" for kind, many in c.lost.items()) or "none",
    "model calls": lambda c: f"{c.calls}",
    "largest input": lambda c: f"{c.max_size} constructors",
    "seed": lambda c: str(c.seed),
}


def _shown(rate: Rate) -> str:
    return f"{rate.share:.2%} ({rate.failures} of {rate.tested})" if rate.tested else "–"


def _within(rate: Rate) -> str:
    low, high = rate.interval
    return f"{low:.2%} to {high:.2%}" if rate.tested else ""


def _shown_range(at: Range) -> str:
    return str(at[0]) if at[0] == at[1] else f"{at[0]}–{at[1]}"
