"""``recsyn run FILE EXPRESSION``"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from recsyn.cli.terminal import say
from recsyn.front import load
from recsyn.values import show


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("expression", metavar="EXPRESSION", nargs="?")


def run(options: Namespace) -> int:
    say(show(load(options.file).value(options.expression)))
    return 0
