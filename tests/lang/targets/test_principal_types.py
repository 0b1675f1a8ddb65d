"""Principal types, against OCaml's: a program is exported without annotations, OCaml infers its types anew, and both must agree."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

import recsyn
from recsyn.lang.program import Program
from recsyn.lang.targets.ocaml import ocaml
from recsyn.lang.types import ARROW, Type, TypeVariable

pytestmark = pytest.mark.skipif(shutil.which("ocamlc") is None, reason="OCaml is not installed")

TYPES = """
type Nat = Z | S Nat
type Maybe a = Nothing | Just a
type Tree a = Leaf | Branch a (Tree a) (Tree a)
type Rose a = Node a (List (Rose a))
type Both a b = Both a b
type Reader r a = Reader (r -> a)
type Even = EZ | ES Odd
and Odd = OS Even
"""
DEFINITIONS = """
fun identity x = x
fun constant x _ = x
fun flip f x y = f y x
fun compose f g x = f (g x)
fun apply f x = f x
fun twice f x = f (f x)
fun s f g x = f x (g x)
fun pipe x f = f x
fun on f g x y = f (g x) (g y)
fun pair x y = (x, y)
fun swap (x, y) = (y, x)
fun first (x, _) = x
fun curry f x y = f (x, y)
fun uncurry f (x, y) = f x y
fun assoc ((x, y), z) = (x, (y, z))
fun fork f g x = (f x, g x)
fun both f (x, y) = (f x, f y)
fun nothing = []
fun single x = [x]
fun double x = x + x
fun same x y = x == y
fun differ x y = if x != y then Just x else Nothing
fun smaller x y = x < y
fun letter c = c < 'a'
fun choose b x y = if b then x else y
fun negate b = not b
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun filter p xs = match xs with [] => [] | x :: xs => if p x then x :: filter p xs else filter p xs end
fun fold f e xs = match xs with [] => e | x :: xs => f x (fold f e xs) end
fun fold_left f e xs = match xs with [] => e | x :: xs => fold_left f (f e x) xs end
fun append xs ys = match xs with [] => ys | x :: xs => x :: append xs ys end
fun reverse xs = match xs with [] => [] | x :: xs => reverse xs ++ [x] end
fun zip xs ys = match xs, ys with x :: xs, y :: ys => (x, y) :: zip xs ys | _, _ => [] end
fun unzip ps = match ps with [] => ([], []) | (x, y) :: ps => let (xs, ys) = unzip ps in (x :: xs, y :: ys) end
fun length xs = match xs with [] => 0 | _ :: xs => 1 + length xs end
fun member x xs = match xs with [] => False | y :: ys => x == y || member x ys end
fun lookup k ps = match ps with [] => Nothing | (j, v) :: ps => if j == k then Just v else lookup k ps end
fun concat xss = match xss with [] => [] | xs :: xss => xs ++ concat xss end
fun flat f xs = concat (map f xs)
fun compose_all fs = fold compose identity fs
fun maybe d f m = match m with Nothing => d | Just x => f x end
fun bind m f = match m with Nothing => Nothing | Just x => f x end
fun sequence ms = match ms with [] => Just [] | m :: ms => bind m (fn x => bind (sequence ms) (fn xs => Just (x :: xs))) end
fun head xs = match xs with [] => Nothing | x :: _ => Just x end
fun add a b = match a with Z => b | S a => S (add a b) end
fun iterate n f x = match n with Z => x | S n => f (iterate n f x) end
fun of_nat n = match n with Z => 0 | S n => 1 + of_nat n end
fun preorder t = match t with Leaf => [] | Branch x l r => x :: preorder l ++ preorder r end
fun mirror t = match t with Leaf => Leaf | Branch x l r => Branch x (mirror r) (mirror l) end
fun tree_map f t = match t with Leaf => Leaf | Branch x l r => Branch (f x) (tree_map f l) (tree_map f r) end
fun tree_fold l b t = match t with Leaf => l | Branch x s u => b x (tree_fold l b s) (tree_fold l b u) end
fun insert x t = match t with Leaf => Branch x Leaf Leaf | Branch y l r =>
  if x < y then Branch y (insert x l) r else Branch y l (insert x r) end
fun size t = match t with Node _ ts => 1 + sizes ts end
and sizes ts = match ts with [] => 0 | t :: ts => size t + sizes ts end
fun rose_map f t = match t with Node x ts => Node (f x) (roses_map f ts) end
and roses_map f ts = match ts with [] => [] | t :: ts => rose_map f t :: roses_map f ts end
fun is_even n = match n with Z => True | S n => is_odd n end
and is_odd n = match n with Z => False | S n => is_even n end
fun run (Reader f) r = f r
fun ask = Reader (fn r => r)
fun local f m = Reader (fn r => run m (f r))
fun join m = Reader (fn r => run (run m r) r)
fun left (Both x _) = x
fun merge (Both f g) x = Both (f x) (g x)
fun even_to_nat e = match e with EZ => Z | ES o => S (odd_to_nat o) end
and odd_to_nat o = match o with OS e => S (even_to_nat e) end
fun polymorphic_let x = let f = fn y => (y, x) in (f 1, f 'a')
fun monomorphic f = (f 1, f 2)
fun let_pair x = let (a, b) = (fn z => z, x) in a b
fun nested x = let f = fn y => let g = fn z => (x, y, z) in g in f
fun shadow x = let x = (x, x) in let x = [x] in x
fun alias xs = match xs with (y :: _) as ys => (y, ys) :: [] | [] => [] end
fun literals n = match n with 0 => 'a' | -1 => 'b' | _ => 'c' end
fun string s = match s with "yes" => True | _ => False end
fun three x y z = match x, y, z with Just a, Just b, _ => (a, b, z) | _, _, _ => (0, z, z + 1) end
fun church = fn f => fn x => f (f x)
fun self_pair x = (fn y => (y, y)) ((fn y => (y, y)) x)
fun arithmetic x y = -x * y / 2 % 3 - 1
fun logic p q = p && q || not p
fun ordered xs = match xs with x :: y :: _ => x <= y | _ => True end
fun sections = map (fn x => x + 1) [1, 2, 3]
"""
Shape = tuple  # a type as nested tuples: a name and its arguments


def ours(type: Type, variables: dict[str, int]) -> Shape:
    if isinstance(type, TypeVariable):
        return ("variable", variables.setdefault(type.name, len(variables)))
    name = {ARROW: "->", "(,)": "*"}.get(type.name, type.name.lower())
    return (name, *(ours(a, variables) for a in type.arguments))


def theirs(text: str) -> Shape:
    """A type as OCaml prints it."""
    tokens = re.findall(r"'?[a-z_][\w']*|->|[()*,]", text)
    variables: dict[str, int] = {}

    def arrow() -> Shape:
        parameter = product()
        if tokens and tokens[0] == "->":
            tokens.pop(0)
            return ("->", parameter, arrow())
        return parameter

    def product() -> Shape:
        items = [applied()]
        while tokens and tokens[0] == "*":
            tokens.pop(0)
            items.append(applied())
        return items[0] if len(items) == 1 else ("*", *items)

    def applied() -> Shape:
        token = tokens.pop(0)
        if token == "(":
            arguments = [arrow()]
            while tokens.pop(0) == ",":
                arguments.append(arrow())
        elif token.startswith("'"):
            arguments = [("variable", variables.setdefault(token, len(variables)))]
        else:
            arguments = [(token,)]
        while tokens and re.match(r"[a-z_]", tokens[0]):
            arguments = [(tokens.pop(0), *arguments)]
        [whole] = arguments
        return whole

    found = arrow()
    assert not tokens
    return found


def inferred_by_ocaml(program: Program, folder: Path) -> dict[str, Shape]:
    file = folder / "program.ml"
    file.write_text(ocaml(program))
    shown = subprocess.run(["ocamlc", "-i", str(file)], capture_output=True, text=True, check=True).stdout
    return {name: theirs(type) for name, type in re.findall(r"^val (\S+) : ((?:.|\n )*)", shown, re.MULTILINE)}


def generalises(general: Shape, special: Shape, filled: dict[Shape, Shape]) -> bool:
    """Whether a type is an instance of another."""
    if general[0] == "variable":
        return filled.setdefault(general, special) == special
    if general[0] != special[0] or len(general) != len(special):
        return False
    return all(generalises(g, s, filled) for g, s in zip(general[1:], special[1:], strict=True))


def test_ocaml_infers_the_same_types(tmp_path: Path) -> None:
    program = recsyn.loads(TYPES + DEFINITIONS).checked
    found = inferred_by_ocaml(program, tmp_path)
    compared = [name for name in program.own if name in found]
    assert len(compared) >= 60
    assert set(program.own) - set(compared) <= {"local", "constant"}, "few names are words of OCaml"
    differing = {
        name: (str(program.definitions[name].scheme), found[name])
        for name in compared
        if ours(program.definitions[name].scheme.type, {}) != found[name]
    }
    assert differing == {}


@pytest.mark.parametrize("module", sorted(f.name for f in (files("recsyn") / "library").iterdir() if f.name.endswith(".rec")))
def test_what_the_library_says_of_its_functions(module: str, tmp_path: Path) -> None:
    """Annotations there may say less than OCaml infers, never more."""
    program = recsyn.load(Path(str(files("recsyn") / "library" / module))).checked
    found = inferred_by_ocaml(program, tmp_path)
    compared = [name for name in program.own if name in found]
    assert len(compared) >= 0.7 * len(program.own)
    wrong = [name for name in compared if not generalises(found[name], ours(program.definitions[name].scheme.type, {}), {})]
    assert wrong == []
