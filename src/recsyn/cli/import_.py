"""``recsyn import FILE.v``"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from recsyn.cli.export import write
from recsyn.cli.terminal import note, tell
from recsyn.lang.checker import check
from recsyn.lang.diagnostics import LanguageError
from recsyn.lang.gallina import from_gallina
from recsyn.lang.source import Source, read_source


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the program there instead of printing it")


def run(options: Namespace) -> int:
    source = read_source(options.file)
    text = from_gallina(source)
    write(text, options.output, instead_of=options.file)
    try:
        check(Source(options.output or f"{Path(source.name).stem}.rec", text))
    except LanguageError as error:
        note("the program is written as the file says it, and is refused")
        tell(error.diagnostics)
        return 2
    return 0
