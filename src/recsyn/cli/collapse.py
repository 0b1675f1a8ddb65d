"""``recsyn collapse run STUDY``, ``recsyn collapse theory NAME``"""

from __future__ import annotations

from argparse import Namespace
from types import ModuleType

from recsyn.cli import collapse_run, collapse_theory
from recsyn.cli.arguments import Parser

_PARTS: dict[str, tuple[ModuleType, str]] = {
    "run": (collapse_run, "run a study, its theory and published figures laid over what comes out"),
    "theory": (collapse_theory, "what is known of collapse, as formulas"),
}


def add_arguments(parser: Parser) -> None:
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True, parser_class=Parser)
    for name, (module, purpose) in _PARTS.items():
        part = parts.add_parser(name, help=purpose, description=purpose[0].upper() + purpose[1:] + ".", allow_abbrev=False)
        part.set_defaults(parser=part)
        module.add_arguments(part)


def run(options: Namespace) -> int:
    code: int = _PARTS[options.part][0].run(options)
    return code
