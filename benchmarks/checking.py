"""The cost of checking: a file of 2,000 lines from the command line, and how the cost grows with the length of a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from math import log
from pathlib import Path
from tempfile import TemporaryDirectory

import recsyn
from recsyn.benchmarks import Figure, Side, Table, interleaved, timed

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


def from_the_command_line(path: Path) -> Side:
    """``recsyn check`` on a file, start-up included."""

    def side() -> float:
        before = os.times()
        subprocess.run([sys.executable, "-m", "recsyn", "check", str(path)], check=True, stdout=subprocess.DEVNULL)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return side


def tables() -> Iterator[Table]:
    short, long = program_of(1_000), program_of(10_000)
    command, once, tenfold = (
        "recsyn check, 2,000 lines, start-up included",
        "recsyn.loads, 1,000 lines",
        "recsyn.loads, 10,000 lines",
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "program.rec"
        path.write_text(program_of(2_000), "utf-8")
        sides = {
            command: from_the_command_line(path),
            once: timed(lambda: recsyn.loads(short)),
            tenfold: timed(lambda: recsyn.loads(long)),
        }
        table = Table("checking", "ms", {"time": interleaved(sides, repetitions=5)})
    seconds, growth = table.cost("time", command), table.ratio("time", tenfold, once)
    assert seconds is not None
    assert growth is not None
    figures = (
        Figure(command, seconds, "s", at_most=2.0),
        # n·log n would grow so much from 1,000 lines to 10,000.
        Figure(f"{tenfold} / 1,000 lines", growth, at_most=10 * log(10_000) / log(1_000)),
    )
    yield replace(table, figures=figures)
