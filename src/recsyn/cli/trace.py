"""``recsyn trace FILE EXPRESSION``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from rich.text import Text

from recsyn.cli.arguments import positive
from recsyn.cli.terminal import complain, marked, say
from recsyn.front import load
from recsyn.lang.printer import show_term
from recsyn.semantics.steps import Trace


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("expression", metavar="EXPRESSION", nargs="?")
    parser.add_argument("--limit", type=positive, default=1_000, metavar="N", help="stop after N steps (default 1000)")
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    reduction = load(options.file).trace(options.expression, options.limit)
    if options.json:
        say(json.dumps(reduction.to_json(), indent=2, ensure_ascii=False))
    else:
        show_trace(reduction)
    if not reduction.complete:
        complain(f"stopped after {len(reduction)} steps; --limit allows more")
    return 0


def show_trace(reduction: Trace) -> None:
    """A line for every term: the rule that led to it, then the term, its redex marked."""
    width = max((len(step.rule) for step in reduction), default=0)
    rule = ""
    for step in reduction:
        say(Text.assemble((f"{rule:>{width}}", "bold cyan"), "  ", marked(step.before())))
        rule = step.rule
    say(Text.assemble((f"{rule:>{width}}", "bold cyan"), "  ", show_term(reduction.result)))
