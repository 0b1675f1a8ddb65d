"""What holds generated programs against each other says so where one of them is wrong."""

from __future__ import annotations

import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import recsyn
from recsyn.values import Value


def _beside(name: str) -> Any:
    spec = spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


agreement = _beside("test_agreement")
programs = agreement.programs
SOURCE = """\
fun rounded (x : Int) : Int = x / 2 * 2
fun both (x : Int) (y : Int) : (Int, Int) = (rounded x, rounded y)
"""


def claimed(*worth: int) -> Any:
    """A program with one call, and what it is claimed to be worth; it is worth (-4, 2)."""
    return programs.Generated(SOURCE, (programs.Call("both", (-3, 3), Value("(,)", worth), True, True, {}),))


@pytest.mark.parametrize("side", agreement.SIDES)
def test_every_side_can_disagree(side: str) -> None:
    sides = {side: agreement.SIDES[side]}
    agreement.check(claimed(-4, 2), sides)
    with pytest.raises(agreement.Disagreement, match=r"both \(-3\) 3 = \(-2, 2\)") as caught:
        agreement.check(claimed(-2, 2), sides)
    assert caught.value.side == side


@pytest.mark.skipif(shutil.which("ocamlc") is None, reason="OCaml is not installed")
def test_ocaml_can_disagree(tmp_path: Path) -> None:
    right, wrong = (recsyn.loads(agreement.with_examples(claimed(*worth))) for worth in [(-4, 2), (-2, 2)])
    assert agreement.ocaml_disagreements([right, right], tmp_path) == {}
    assert agreement.ocaml_disagreements([right, wrong, right], tmp_path).keys() == {1}


@pytest.mark.skipif(shutil.which("ocamlc") is None, reason="OCaml is not installed")
def test_what_ocaml_refuses_is_told_from_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, broken = recsyn.loads("fun f x = x + 1"), recsyn.loads("fun broken x = x + 1")
    write = agreement.ocaml
    monkeypatch.setattr(agreement, "ocaml", lambda checked: write(checked).replace("let broken x =", "let broken x = x ^"))
    found = agreement.ocaml_disagreements([plain, broken, plain], tmp_path)
    assert found.keys() == {1}
    assert "Error" in found[1]


def test_programs_depend_on_the_seed_alone() -> None:
    first, again, other = [], [], []
    for number, kept in [(3, first), (3, again), (4, other)]:
        agreement.each(number, 8, kept.append)
    assert first == again
    assert first != other


def test_the_smallest_program_is_reported(tmp_path: Path) -> None:
    """A side that gets negative remainders wrong is found, and most of what has nothing to do with it is gone."""

    def wrong(program: recsyn.Program, function: Any, calls: Any) -> Any:
        if "%" in program.checked.source.text:
            raise ArithmeticError
        return [None] * len(calls)

    with pytest.raises(agreement.Disagreement, match="wrong: ArithmeticError") as caught:
        agreement.campaign(0, 50, tmp_path, {"wrong": wrong})
    assert len(str(caught.value).splitlines()) < 40
