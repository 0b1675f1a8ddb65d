"""``recsyn run FILE EXPRESSION``"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from recsyn.cli.arguments import positive
from recsyn.cli.terminal import say
from recsyn.front import load
from recsyn.semantics.backends import BACKENDS
from recsyn.semantics.reference import LIMIT
from recsyn.values import show


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("expression", metavar="EXPRESSION", nargs="?")
    parser.add_argument(
        "--limit", type=positive, default=LIMIT, metavar="N", help=f"calls that partial functions may make ({LIMIT:,})"
    )
    parser.add_argument(
        "--backend", choices=BACKENDS, help="what evaluates it (without it the reference machine, after a few calls python)"
    )


def run(options: Namespace) -> int:
    say(show(load(options.file).value(options.expression, options.limit, options.backend)))
    return 0
