"""The Lean exporter. Where Lean is installed, it checks what is written; elsewhere only the texts are held."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang.targets.lean import lean

needs_lean = pytest.mark.skipif(shutil.which("lean") is None, reason="Lean is not installed")
TYPES = "type Nat = Z | S Nat\ntype Rose a = Node a (List (Rose a))\ntype Nest a = Done | More a (Nest (a, a))\n"


def written(text: str) -> str:
    return lean(recsyn.loads(TYPES + text).checked)


def refusal(text: str, folder: Path) -> str:
    """What Lean has to say against a file; nothing where it accepts it."""
    (folder / "Program.lean").write_text(text, "utf-8")
    done = subprocess.run(["lean", "Program.lean"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{done.stdout}\n{done.stderr}\n{text}"


@pytest.mark.slow
@needs_lean
def test_every_example_holds(programs: dict[str, recsyn.Program], tmp_path: Path) -> None:
    for name, program in programs.items():
        text = lean(program.checked)
        assert text.count("\n#guard") + text.count("\n#eval") == len(program.checked.examples) > 0, name
        assert refusal(text, tmp_path) == "", name


@pytest.mark.slow
@needs_lean
def test_a_wrong_example_fails(wrong: recsyn.Program, tmp_path: Path) -> None:
    assert "did not evaluate to `true`" in refusal(lean(wrong.checked), tmp_path)


def test_a_program(examples: Path) -> None:
    assert lean(recsyn.load(examples / "successor.rec").checked) == (
        """\
-- Written by recsyn from successor.rec.

namespace Recsyn

inductive Pos : Type where
  | One : Pos
  | XO : Pos → Pos
  | XI : Pos → Pos
  deriving Repr, BEq

def succ (n : Pos) : Pos :=
  match n with
  | Pos.One => Pos.XO Pos.One
  | Pos.XO b => Pos.XI b
  | Pos.XI b => Pos.XO (succ b)

-- Examples

#guard succ Pos.One == Pos.XO Pos.One
#guard succ (Pos.XO Pos.One) == Pos.XI Pos.One
#guard succ (Pos.XI (Pos.XI (Pos.XO Pos.One))) == Pos.XO (Pos.XO (Pos.XI Pos.One))

end Recsyn
"""
    )


def test_an_example_of_each(programs: dict[str, recsyn.Program]) -> None:
    for name, program in programs.items():
        text = lean(program.checked)
        assert len(re.findall(r"^#(?:guard|eval)\b", text, re.MULTILINE)) == len(program.checked.examples), name


def test_functions_that_lean_sees_end() -> None:
    text = written(
        "fun ack m n = match m, n with Z, n => S n | S m, Z => ack m (S Z) | S m, S n => ack m (ack (S m) n) end\n"
        "fun size t = match t with Node _ ks => 1 + sizes ks end\n"
        "and sizes ks = match ks with [] => 0 | k :: ks => size k + sizes ks end\n"
        "example (ack Z Z, sizes [Node 1 []]) = (S Z, 1)\n"
    )
    assert re.findall(r"^(?:partial |unsafe )?def (?:\w+)", text, re.MULTILINE)[-3:] == ["def ack", "def size", "def sizes"]


def test_functions_that_lean_does_not_see_end() -> None:
    text = written(
        "type Only = Only Nat\nfun last m n = match m with Z => Only n | S m => last n m end\nexample last (S Z) Z = Only Z\n"
    )
    assert "-- Lean does not see that this ends" in text
    assert "\npartial def last (m n : Nat) : Only :=\n" in text
    assert "\ninstance : Inhabited Nat := ⟨Nat.Z⟩\ninstance : Inhabited Only := ⟨Only.Only default⟩\n" in text


def test_partial_functions() -> None:
    text = written("partial fun count n = count (n + 1) + 1\npartial fun any x = any (x + 1)\n")
    assert "\npartial def count (n : Int) : Int := count (n + 1) + 1\n" in text
    assert "unsafe def any" in text, "a result of any type whatever is not known to exist"


def test_types_that_recur_at_other_parameters() -> None:
    text = written(
        "fun depth (n : Nest a) : Int = match n with Done => 0 | More _ m => 1 + depth m end\nexample Done == More 1 Done = False"
    )
    assert "inductive Nest : Type → Type 1 where\n" in text
    assert "instance {α : Type} [BEq α] : BEq (Nest α) := ⟨Nest.equal⟩" in text


def test_types_that_lean_does_not_have() -> None:
    with pytest.raises(RecsynError, match="Lean cannot define `Over`"):
        lean(recsyn.loads(f"{TYPES}type Over = Over (Nest Over)\nfun f (x : Over) = x\n").checked)


def test_words_of_lean() -> None:
    names = "def theorem where instance deriving at by do from mut structure".split()
    text = written("".join(f"fun {name} ({name} : Int) = {name}\n" for name in names))
    assert [name for name in names if re.search(rf"^def {name}\b(?!')", text, re.MULTILINE)] == []


def test_comments_cannot_end_early() -> None:
    assert "/-- Ends - / here, / - opens. -/" in written("--- Ends -/ here, /- opens.\nfun f = 1\n")
