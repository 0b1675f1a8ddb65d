"""Programs to Coq and back: what is read again is the same program, and computes the same."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from itertools import islice, product
from pathlib import Path

import pytest

import recsyn
from recsyn.data.space import Alphabet, space_of
from recsyn.lang.gallina import from_gallina
from recsyn.lang.source import Source
from recsyn.lang.targets.coq import coq
from recsyn.lang.types import ARROW, INT, Type, substitute, variables_of
from recsyn.semantics.function import Function
from recsyn.values import Datum, show

ROOT = Path(__file__).parent.parent.parent.parent
LIBRARY = Path(str(files("recsyn") / "library"))
EXAMPLES = [path for path in sorted((ROOT / "examples").glob("*.rec")) if path.stem != "reversal"]
PROGRAMS = [*EXAMPLES, LIBRARY / "nat.rec", LIBRARY / "expression.rec"]
"""Those that do without `==` and without characters: type classes and strings are outside the part of Gallina that is read."""


def inputs(program: recsyn.Program, function: Function) -> Iterator[tuple[Datum, ...]]:
    """Small arguments, those of type variables integers: a factorial in Peano's numbers is long."""
    spaces = []
    for parameter in function.parameters:
        type: Type = substitute(parameter, dict.fromkeys(variables_of(parameter), INT))
        spaces.append(list(islice(space_of(type, program.checked.datatypes, Alphabet()).smallest(), 4)))
    return islice(product(*spaces), 60)


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_there_and_back(path: Path) -> None:
    program = recsyn.load(path)
    again = recsyn.loads(from_gallina(Source(f"{path.stem}.v", coq(program.checked))))
    assert len(again.checked.examples) == len(program.checked.examples) > 0
    assert again.failed_examples() == []
    compared = 0
    renamed = set(program.checked.own) - set(again.checked.own)
    assert renamed <= {"mod"}, "an operator of Coq"
    for name in set(program.checked.own) - renamed:
        function = program[name]
        assert str(again[name].definition.scheme) == str(function.definition.scheme)
        if not any(ARROW in str(type) for type in (*function.parameters, function.result)):
            for arguments in inputs(program, function):
                assert show(again[name](*arguments)) == show(function(*arguments)), (name, arguments)
                compared += 1
    assert compared > 3
