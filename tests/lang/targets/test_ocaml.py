"""The OCaml exporter: what it writes compiles, and computes what recsyn computes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang.targets.ocaml import ocaml

needs_ocaml = pytest.mark.skipif(shutil.which("ocamlc") is None, reason="OCaml is not installed")


def compiled(text: str, folder: Path) -> Path:
    (folder / "program.ml").write_text(text)
    done = subprocess.run(["ocamlc", "-o", "program", "program.ml"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + text
    return folder / "program"


@needs_ocaml
def test_every_example_holds(programs: dict[str, recsyn.Program], tmp_path: Path) -> None:
    for name, program in programs.items():
        text = ocaml(program.checked)
        assert text.count("assert") >= len(program.checked.examples) > 0, name
        done = subprocess.run([compiled(text, tmp_path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (name, done.stderr, text)


@needs_ocaml
def test_a_wrong_example_fails(wrong: recsyn.Program, tmp_path: Path) -> None:
    done = subprocess.run([compiled(ocaml(wrong.checked), tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Assert_failure" in done.stderr


@needs_ocaml
def test_integers_stay_integers(tmp_path: Path) -> None:
    """What is `Int` only because nothing says otherwise is no 'a in OCaml, and a type that is general here is so there."""
    program = recsyn.loads(
        "fun less x y = x < y\nfun letter (x : Char) y = x < y\nfun id x = x\nfun compose f g x = f (g x)\n"
        "fun idid = compose id id\nfun pair = (compose id id, 1)\nfun inner z = let l = fn x y => x >= y in (l, z)\n"
    )
    (tmp_path / "program.ml").write_text(ocaml(program.checked))
    shown = subprocess.run(["ocamlc", "-i", tmp_path / "program.ml"], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines() == [
        "val less : int -> int -> bool",
        "val letter : char -> char -> bool",
        "val id : 'a -> 'a",
        "val compose : ('a -> 'b) -> ('c -> 'a) -> 'c -> 'b",
        "val idid : 'a -> 'a",
        "val pair : unit -> ('a -> 'a) * int",
        "val inner : 'a -> (int -> int -> bool) * 'a",
    ]


def test_what_is_written(examples: Path) -> None:
    text = ocaml(recsyn.load(examples / "traversal.rec").checked)
    assert text.startswith(
        """\
(* Written by recsyn from traversal.rec. Integers have 63 bits here. *)

type 'a tree = Leaf | Branch of 'a * 'a tree * 'a tree

let rec append xs ys =
  match xs with
  | [] -> ys
  | x :: xs -> x :: append xs ys

let rec preorder t =
  match t with
  | Leaf -> []
  | Branch (v, l, r) -> v :: append (preorder l) (preorder r)
"""
    )
    assert text.endswith("\nlet () = assert (inorder (Branch (2, Branch (1, Leaf, Leaf), Branch (3, Leaf, Leaf))) = [1; 2; 3])\n")


def test_annotations_only_where_they_are_needed() -> None:
    text = ocaml(
        recsyn.loads(
            """
fun sorted (x : Int) (y : Int) : Bool = x < y
fun evident x y = x + 1 < y && y < x
fun insert (x : a) (xs : List a) : List a = match xs with [] => [x] | y :: ys => y :: insert x ys end
type Nest a = Done | More a (Nest (a, a))
fun depth (n : Nest a) : Int = match n with Done => 0 | More _ rest => 1 + depth rest end
"""
        ).checked
    )
    assert "let sorted x y = (x : int) < y\n" in text
    assert "let evident x y = x + 1 < y && y < x\n" in text
    assert "let rec insert x xs =\n" in text
    assert "let rec depth : 'a. 'a nest -> int = fun n ->\n" in text


def test_only_what_is_used_is_written() -> None:
    text = ocaml(recsyn.loads('import list\nexample length "ab" = 2').checked)
    assert "let rec length" in text
    assert "reverse" not in text
    assert "floor_div" not in text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("fun f x = x + 4611686018427387904", "4611686018427387904"),
        ("fun f x = match x with 4611686018427387904 => 1 | _ => 2 end", "4611686018427387904"),
        ("fun f = -4611686018427387905", "-4611686018427387905"),
        (f"fun f = 1{'0' * 5000}", "5001 digits"),
        ("fun f = '\u2192'", "U+2192"),
        ('fun f = "a\u0100"', "U+0100"),
        ("fun f c = match c with '\u2192' => 1 | _ => 2 end", "U+2192"),
    ],
)
def test_what_ocaml_cannot_say(source: str, said: str) -> None:
    with pytest.raises(RecsynError) as caught:
        ocaml(recsyn.loads(source).checked)
    assert said in caught.value.message
    assert caught.value.hint


def test_long_and_deep_terms() -> None:
    program = recsyn.loads(f"type Nat = Z | S Nat\nfun f = {'S (' * 5_000}Z{')' * 5_000}\nfun g = [{', '.join(['7'] * 5_000)}]")
    text = ocaml(program.checked)
    assert len(re.findall(r"S\s+\(", text)) == 4_999
    assert text.count("7") == 5_000
    assert max(map(len, text.splitlines()[-100:])) <= 100
