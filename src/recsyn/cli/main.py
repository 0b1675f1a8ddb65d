"""``recsyn VERB …``: 0 done, 1 a failure was found, 2 the input or the configuration is wrong."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from codecs import register_error
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module, metadata
from io import TextIOWrapper
from types import ModuleType

from recsyn.cli.arguments import Parser
from recsyn.cli.terminal import complain, tell
from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import LanguageError

VERBS = {
    "check": "check a program and run its examples",
    "fmt": "lay out source files",
    "run": "print the value of an expression",
    "trace": "print an expression's steps, rounds or machine, or a function's cost",
    "repl": "a dialogue: expressions, declarations, types and traces",
    "export": "write a program in another language",
    "import": "read a program written in Gallina, the language of Coq",
    "sample": "draw values of a type, or count them",
    "data": "show, write or describe a data set of a task",
    "train": "train a transformer on a task",
    "eval": "measure a checkpoint's exact match by depth, length, size and shape, and run whole evaluations by it",
    "fuzz": "find where a model fails, and say which rule predicts it",
    "replay": "run crash files again",
    "compare": "set two campaigns side by side",
    "reproduce": "run an experiment of the papers, its figures beside the published ones",
    "collapse": "fit models to models' outputs, generation after generation, beside the theory",
    "bench": "measure what costs what, as ratios",
    "demo": "all of it, on binary successor, in a minute",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    _make_usable()
    try:
        return _answered(given)
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except MemoryError:
        complain("this needs more memory than there is")
        return 2
    except BrokenPipeError:
        _discard_output()
        return 128 + signal.SIGPIPE
    except OSError as error:
        _discard_output()
        with suppress(OSError):
            complain(f"the output cannot be written: {error.strerror or error}")
        return 2


def _answered(given: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="recsyn", description="Recursive programs, exact and learned.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"recsyn {metadata.version('recsyn')}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=Parser)
    for name, purpose in VERBS.items():
        verb = verbs.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".", allow_abbrev=False)
        verb.set_defaults(parser=verb)
        if given[:1] == [name]:
            _module(name).add_arguments(verb)
    try:
        code = _run(parser, given)
        sys.stdout.flush()
        return code
    except LanguageError as error:
        tell(error.diagnostics)
    except RecsynError as error:
        complain(str(error))
    return 2


def _module(verb: str) -> ModuleType:
    """Where a verb lives; ``import`` is a word of Python's."""
    return import_module("recsyn.cli.import_" if verb == "import" else f"recsyn.cli.{verb}")


def _make_usable() -> None:
    """Whatever the streams are: what an encoding lacks is written as the language escapes it, and a stream that is closed gives
    nothing or takes anything."""
    register_error("recsyn", _escaped)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="recsyn")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return "".join(f"\\u{{{ord(c):x}}}" for c in error.object[error.start : error.end]), error.end


def _discard_output() -> None:
    """Nobody reads on; what Python would still flush at exit has nowhere to go."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())


def _run(parser: argparse.ArgumentParser, given: list[str]) -> int:
    options, unread = parser.parse_known_args(given)
    # An expression may begin with a minus, which argparse takes for an unknown option.
    if unread and getattr(options, "expression", "") is None:
        options.expression = unread.pop(0)
    if unread:
        options.parser.error(f"{unread[0]!r} is not understood; `recsyn {options.verb} --help` lists what is")
    if getattr(options, "expression", "") is None:
        options.parser.error("an expression is missing")
    code: int = _module(options.verb).run(options)
    return code
