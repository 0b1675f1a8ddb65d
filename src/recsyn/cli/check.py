"""``recsyn check FILE …``"""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from recsyn.cli.terminal import complain, say
from recsyn.errors import RecsynError
from recsyn.front import Program, load
from recsyn.lang.diagnostics import Diagnostic, LanguageError
from recsyn.lang.types import TypeConstant, constructors_of


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print the diagnostics as a list of objects")


def run(options: Namespace) -> int:
    found: list[Diagnostic] = []
    refused = False
    for path in options.files:
        try:
            program = load(path)
        except LanguageError as error:
            refused = True
            found.extend(error.diagnostics)
            if not options.json:
                complain(error.message + "\n", plain=True)
            continue
        except RecsynError as error:
            refused = True
            complain(str(error))
            continue
        remarks = [*program.checked.warnings, *program.failed_examples()]
        found.extend(remarks)
        if not options.json:
            for remark in remarks:
                complain(remark.render() + "\n", plain=True)
            if not any(r.severity == "error" for r in remarks):
                say(f"{path}: accepted, {_count(len(program.checked.examples), 'example')} checked\n{describe(program)}")
    if options.json:
        say(json.dumps([d.to_json() for d in found], indent=2, ensure_ascii=False))
    if refused:
        return 2
    return 1 if any(d.severity == "error" for d in found) else 0


def describe(program: Program) -> str:
    """The functions of a program, their types and how they recur."""
    lines = []
    for name in program:
        function = program[name]
        lines.append(f"  {name} : {function.definition.scheme}")
        shape = function.shape
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
