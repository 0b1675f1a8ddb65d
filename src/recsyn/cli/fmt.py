"""``recsyn fmt FILE|FOLDER …``"""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path

from recsyn.cli.sources import source_files
from recsyn.cli.terminal import complain, note, say, tell
from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import LanguageError
from recsyn.lang.formatting import formatted
from recsyn.lang.source import Source, read_source


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="source files, or folders of them; `-` is standard input")
    parser.add_argument(
        "--check", action="store_true", help="change nothing, list what would change, and exit with 1 if anything does"
    )
    parser.add_argument("--diff", action="store_true", help="change nothing, and print what would change line by line")


def run(options: Namespace) -> int:
    if "-" in options.files:
        if options.files != ["-"]:
            raise RecsynError("`-`, standard input, goes with no other file")
        return _lay_out_input(options)
    files = source_files(options.files)
    changed, refused = 0, 0
    for path in files:
        try:
            changed += _lay_out(path, options)
        except LanguageError as error:
            refused += 1
            tell(error.diagnostics)
        except RecsynError as error:
            refused += 1
            complain(str(error))
    only_told = options.check or options.diff
    noun = "file" if len(files) == 1 else "files"
    note(f"{changed} of {len(files)} {noun} {'would change' if only_told else 'changed'}")
    return 2 if refused else int(options.check and changed > 0)


def _lay_out(path: Path, options: Namespace) -> bool:
    """Whether the file was changed, or would be."""
    source = read_source(path)
    text = formatted(source)
    if text == source.text:
        return False
    if options.diff:
        _print(_difference(source, text))
    elif options.check:
        say(str(path))
    if not (options.check or options.diff):
        _replace(path, text)
    return True


def _lay_out_input(options: Namespace) -> int:
    try:
        text = sys.stdin.buffer.read().decode("utf-8-sig") if sys.stdin else ""
    except UnicodeDecodeError as error:
        raise RecsynError(f"standard input is not text: byte {error.start} is not UTF-8") from None
    source = Source("<stdin>", text)
    result = formatted(source)
    if options.diff:
        _print(_difference(source, result))
    elif not options.check:
        _print(result)
    return int(options.check and result != source.text)


def _difference(source: Source, text: str) -> str:
    before, after = source.text.split("\n"), text.split("\n")
    lines = difflib.unified_diff(before, after, source.name, source.name, lineterm="")
    return "".join(line + "\n" for line in lines)


def _print(text: str) -> None:
    """Source text as it is: in the encoding that sources have, and with no line broken."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _replace(path: Path, text: str) -> None:
    """The file as a whole or not at all: a new one beside it takes its place. Raises :class:`RecsynError` where this cannot be."""
    target = Path(os.path.realpath(path))
    try:
        if not os.access(target, os.W_OK):
            raise PermissionError(0, "it is not writable")
        mode = target.stat().st_mode
        handle, name = tempfile.mkstemp(prefix=".recsyn-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            os.chmod(name, mode & 0o7777)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise RecsynError(f"{str(path)!r} cannot be written: {error.strerror or error}") from None
