"""``recsyn check FILE …``"""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from recsyn.cli.arguments import positive, whole
from recsyn.cli.sources import source_files
from recsyn.cli.terminal import complain, console, note, say, tell
from recsyn.errors import RecsynError
from recsyn.front import Program, load
from recsyn.lang.diagnostics import Diagnostic, LanguageError
from recsyn.lang.source import Source, Span
from recsyn.lang.types import TypeConstant, constructors_of

_WAIT = 0.3
"""Seconds between two looks at the files that are watched."""


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="*", metavar="FILE", help="source files, or folders of them")
    parser.add_argument("--json", action="store_true", help="print the diagnostics as a list of objects")
    parser.add_argument("--max-examples", type=positive, default=100, metavar="N", help="small and random inputs a property (100)")
    parser.add_argument("--seed", type=whole, default=0, metavar="S", help="of the random inputs (0)")
    parser.add_argument("--watch", action="store_true", help="check again whenever a file changes, until Ctrl-C")
    parser.add_argument("--explain", metavar="CODE", help="explain a diagnostic, with a wrong program and a right one")


def run(options: Namespace) -> int:
    if options.explain is not None:
        from recsyn.lang.explanations import explanation

        say(explanation(options.explain).rstrip("\n"))
        return 0
    if not options.files:
        raise RecsynError("no file is named", "name a .rec file or a folder, or a diagnostic with `--explain CODE`")
    if options.watch:
        with suppress(KeyboardInterrupt):
            _watch(options)
        return 0
    return _report(_checked(options), options.json)


@dataclass(frozen=True)
class _Outcome:
    """What checking one file came to. ``problem`` says why it could not be read; ``read`` are the files it depends on."""

    path: Path
    program: Program | None
    diagnostics: tuple[Diagnostic, ...]
    problem: RecsynError | None
    read: frozenset[Path]


def _checked(options: Namespace) -> Iterator[_Outcome]:
    for path in source_files(options.files):
        try:
            program = load(path)
        except LanguageError as error:
            yield _Outcome(path, None, error.diagnostics, None, _files(error.sources))
        except RecsynError as error:
            unread = Diagnostic("error", "missing-file", error.message, Source(str(path), ""), Span(0, 0), error.hint)
            yield _Outcome(path, None, (unread,), error, frozenset())
        else:
            falsified = program.falsified_properties(max_examples=options.max_examples, seed=options.seed)
            remarks = (*program.checked.warnings, *program.failed_examples(), *falsified)
            yield _Outcome(path, program, remarks, None, _files(program.checked.sources))


def _files(sources: Iterable[Source]) -> frozenset[Path]:
    return frozenset(source.path for source in sources if source.path)


def _report(outcomes: Iterator[_Outcome], as_json: bool) -> int:
    """Tell what was found as it is found; returns the exit code."""
    found: list[Diagnostic] = []
    code = 0
    for outcome in outcomes:
        new = [d for d in outcome.diagnostics if d not in found]
        found += new
        errors = [d for d in outcome.diagnostics if d.severity == "error"]
        if outcome.problem is not None and not as_json:
            complain(str(outcome.problem))
        elif not as_json:
            tell(new)
            if outcome.program is not None and not errors:
                say(f"{outcome.path}: {_accepted(outcome.program)}\n{describe(outcome.program)}")
        if outcome.program is None or any(d.code not in ("failed-example", "falsified-property") for d in errors):
            code = 2
        elif errors:
            code = max(code, 1)
    if as_json:
        say(json.dumps([d.to_json() for d in found], indent=2, ensure_ascii=False))
    return code


def _watch(options: Namespace) -> None:
    """Check, and again whenever a file that was named or imported changes, appears or goes."""
    seen = _stamps(options.files, ())
    while True:
        outcomes = list(_checked(options))
        # What changed while the check ran is still to be seen; what it was the first to open is known from here on.
        seen = {path: seen.get(path, stamp) for path, stamp in _stamps(options.files, outcomes).items()}
        if console().is_terminal:
            console().clear()
        _report(iter(outcomes), options.json)
        note(f"{time.strftime('%H:%M:%S')}, watching {_count(len(outcomes), 'file')}; Ctrl-C ends")
        while (now := _stamps(options.files, outcomes)) == seen:
            time.sleep(_WAIT)
        seen = now


def _stamps(paths: Sequence[str], outcomes: Sequence[_Outcome]) -> dict[Path, tuple[int, int] | None]:
    """The time and size of every file that matters, ``None`` for one that is not there."""
    files = {path for outcome in outcomes for path in outcome.read}
    try:
        files.update(source_files(paths))
    except RecsynError:
        files.update(Path(path) for path in paths)
    return {path: _stamp(path) for path in files}


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def _accepted(program: Program) -> str:
    checked = program.checked
    held = [_count(len(checked.examples), "example")]
    if checked.properties:
        held.append(f"{len(checked.properties)} {'property' if len(checked.properties) == 1 else 'properties'}")
    return f"accepted, {' and '.join(held)} checked"


def describe(program: Program) -> str:
    """The functions of a program, their types and how they recur."""
    lines = []
    for name in program:
        function = program[name]
        lines.append(f"  {name} : {function.definition.scheme}")
        shape = function.shape
        if function.definition.partial:
            lines.append("    partial: not known to end")
        if shape is None:
            continue
        lines.append(f"    recurs on {shape.parameter}, which is smaller in every call")
        type = function.parameters[shape.position]
        if isinstance(type, TypeConstant):
            for constructor in constructors_of(type, program.checked.datatypes):
                calls = shape.calls_at(constructor.name)
                pattern = " ".join([constructor.name, *("_" for _ in constructor.fields)])
                pattern = "_ :: _" if constructor.name == "::" else pattern
                lines.append(f"      {pattern:<14} {_count(calls, 'recursive call') if calls else 'ends'}")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
