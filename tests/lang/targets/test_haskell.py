"""The Haskell exporter: what it writes compiles, and computes what recsyn computes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang.targets.haskell import haskell

needs_ghc = pytest.mark.skipif(shutil.which("ghc") is None, reason="GHC is not installed")


def compiled(text: str, folder: Path) -> Path:
    (folder / "program.hs").write_text(text, "utf-8")
    command = ["ghc", "-v0", "-O0", "-o", "program", "program.hs"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + text
    return folder / "program"


@pytest.mark.slow
@needs_ghc
def test_every_example_holds(programs: dict[str, recsyn.Program], tmp_path: Path) -> None:
    for name, program in programs.items():
        text = haskell(program.checked)
        done = subprocess.run([compiled(text, tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, done.stderr, text)
        assert done.stdout == f"examples that hold: {len(program.checked.examples)}\n"


@pytest.mark.slow
@needs_ghc
def test_a_wrong_example_fails(wrong: recsyn.Program, tmp_path: Path) -> None:
    done = subprocess.run([compiled(haskell(wrong.checked), tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "examples that do not hold: line 3" in done.stderr


@pytest.mark.slow
@needs_ghc
def test_all_of_unicode_and_integers_of_any_size(tmp_path: Path) -> None:
    text = "→é\U0001f600\u0301\u0000\u007f0fA"
    program = recsyn.loads(
        f"""
fun f c = match c with '→' => "{text}" | _ => "" end
fun g xs = match xs with "{text}" => 1 | _ => 2 end
example (f '→', g "{text}", g "→") = ("{text}", 1, 2)
example 1{"0" * 4999}7 / 10 = 1{"0" * 4999}
"""
    )
    assert program.failed_examples() == []
    assert subprocess.run([compiled(haskell(program.checked), tmp_path)], check=False).returncode == 0


def test_what_is_written(examples: Path) -> None:
    text = haskell(recsyn.load(examples / "traversal.rec").checked)
    assert text.startswith(
        """\
-- Written by recsyn from traversal.rec.
module Main (main) where

import Prelude ((==), Bool (..), Eq, Show)
import qualified Prelude as P

data Tree a = Leaf | Branch a (Tree a) (Tree a) deriving (Eq, Show)

append :: [a] -> [a] -> [a]
append xs ys =
  case xs of
    [] -> ys
    x : xs -> x : append xs ys
"""
    )


def test_signatures() -> None:
    text = haskell(
        recsyn.loads(
            """
type Keep a = Keep (a -> Int)
type Kept = Kept (List (Keep Int))
fun member x xs = match xs with [] => False | y :: ys => x == y || member x ys end
fun both a b c d = a == b && c == d
fun compose f g x = f (g x)
fun keep (Keep f) c = f c < 3 && c < 'a'
"""
        ).checked
    )
    for line in (
        "data Keep a = Keep (a -> Integer)",
        "data Kept = Kept [Keep Integer]",
        "member :: Eq a => a -> [a] -> Bool",
        "both :: (Eq a, Eq b) => a -> a -> b -> b -> Bool",
        "compose :: (a -> b) -> (c -> a) -> c -> b",
        "keep :: Keep Char -> Char -> Bool",
    ):
        assert line in text.splitlines()


def test_what_haskell_cannot_say() -> None:
    for source in ("fun f x = (" + ", ".join("x" * 16) + ")", "type T = T (" + ", ".join(["Int"] * 16) + ")"):
        with pytest.raises(RecsynError) as caught:
            haskell(recsyn.loads(source).checked)
        assert "16" in caught.value.message
        assert caught.value.hint


def test_long_and_deep_terms() -> None:
    program = recsyn.loads(f"type Nat = Z | S Nat\nfun f = {'S (' * 5_000}Z{')' * 5_000}\nfun g = [{', '.join(['7'] * 5_000)}]")
    text = haskell(program.checked)
    assert len(re.findall(r"S\s+\(", text)) == 4_999
    assert text.count("7") == 5_000
