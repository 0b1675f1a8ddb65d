"""``recsyn export --to LANGUAGE FILE``"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from recsyn.cli.terminal import say, tell
from recsyn.errors import RecsynError
from recsyn.front import load
from recsyn.lang.targets import TARGETS, exported


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--to", choices=sorted(TARGETS), required=True, metavar="LANGUAGE", help=", ".join(sorted(TARGETS)))
    parser.add_argument("-o", "--output", metavar="FILE", help="write it there instead of printing it")


def run(options: Namespace) -> int:
    program = load(options.file).checked
    tell(program.warnings)
    write(exported(program, options.to), options.output, instead_of=options.file)
    return 0


def write(text: str, output: str | None, instead_of: str) -> None:
    """Print a program, or write it into a file, but not into that which it was read from. Raises :class:`RecsynError` where it
    cannot be written."""
    if output is None:
        say(text.rstrip("\n"))
        return
    try:
        if Path(output).exists() and Path(output).samefile(instead_of):
            raise RecsynError(f"{output!r} is the file that was read", "write to another")
        Path(output).write_text(text, "utf-8")
    except OSError as error:
        raise RecsynError(f"{output!r} cannot be written: {error.strerror or error}") from None
