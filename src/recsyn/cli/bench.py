"""``recsyn bench [NAME …]``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from importlib import import_module

from recsyn.cli.terminal import note, say, table
from recsyn.errors import RecsynError, extra
from recsyn.lang.diagnostics import nearest


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("names", metavar="NAME", nargs="*", help="which benchmarks; all of them where none is named")
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    benchmarks = import_module("recsyn.benchmarks")
    for name in options.names:
        if name not in benchmarks.NAMES:
            hint = nearest(name, benchmarks.NAMES) or f"they are {', '.join(benchmarks.NAMES)}"
            raise RecsynError(f"there is no benchmark {name!r}", hint)
    found = []
    for name in options.names or benchmarks.NAMES:
        note(f"{name} …")
        with extra(f"the benchmark {name!r}", "neural"):
            found.extend(benchmarks.measured(name))
    if options.json:
        say(json.dumps([{**asdict(ratio), "ratio": ratio.one / ratio.other} for ratio in found], indent=2, ensure_ascii=False))
        return 0
    rows = [
        (r.what, f"{1e3 * r.one:.1f}", f"{1e3 * r.other:.1f}", f"{r.one / r.other:.2f}", f"≤ {r.target:.1f}" if r.target else "")
        for r in found
    ]
    table("medians of CPU milliseconds", ("what", "first", "second", "ratio", "target"), rows)
    return 0
