"""The cost of checking: a file of 2,000 lines from the command line, and how the cost grows with the length of a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from math import log
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import recsyn
from recsyn.benchmarks import Ratio, interleaved

_FUNCTIONS = """
type Tree{i} a = Leaf{i} | Branch{i} a (Tree{i} a) (Tree{i} a)

fun insert{i} (x : Int) (t : Tree{i} Int) : Tree{i} Int =
  match t with
  | Leaf{i} => Branch{i} x Leaf{i} Leaf{i}
  | Branch{i} y l r => if x < y then Branch{i} y (insert{i} x l) r else Branch{i} y l (insert{i} x r)
  end

fun inorder{i} t =
  match t with
  | Leaf{i}         => []
  | Branch{i} x l r => inorder{i} l ++ x :: inorder{i} r
  end

fun fold{i} f e xs =
  match xs with
  | []      => e
  | x :: xs => f x (fold{i} f e xs)
  end
"""
_LINES = _FUNCTIONS.count("\n")


def program_of(lines: int) -> str:
    """A program of so many lines or a few less, of functions that do not mention each other's."""
    return "".join(_FUNCTIONS.format(i=i) for i in range(lines // _LINES))


def from_the_command_line(lines: int, repetitions: int = 5) -> float:
    """Median CPU seconds of ``recsyn check`` on a file of so many lines, start-up included."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.rec"
        path.write_text(program_of(lines))
        taken = []
        for _ in range(repetitions):
            before = os.times()
            subprocess.run([sys.executable, "-m", "recsyn", "check", str(path)], check=True, stdout=subprocess.DEVNULL)
            after = os.times()
            taken.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return median(taken)


def ratios() -> Iterator[Ratio]:
    yield Ratio("recsyn check, 2,000 lines, start-up included / 1 s", from_the_command_line(2_000), 1.0, 2.0)
    short, long = program_of(1_000), program_of(10_000)
    small, large = interleaved(lambda: recsyn.loads(short), lambda: recsyn.loads(long), repetitions=5)
    # n·log n would grow so much from 1,000 lines to 10,000.
    yield Ratio("check, 10,000 lines / 1,000 lines", large, small, 10 * log(10_000) / log(1_000))
