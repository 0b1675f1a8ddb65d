"""``recsyn import FILE.v``"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from recsyn.cli.export import write
from recsyn.lang.gallina import from_gallina
from recsyn.lang.source import read_source


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the program there instead of printing it")


def run(options: Namespace) -> int:
    write(from_gallina(read_source(options.file)), options.output)
    return 0
