"""The Coq exporter: Coq accepts what it writes, and computes what recsyn computes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang.targets.coq import coq

HERE = Path(__file__).parent
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")
BYPASS = "#[bypass_check(guard)]\nFixpoint"


def _beside(name: str) -> Any:
    spec = spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


recursion = _beside("recursion")


def refusal(text: str, folder: Path) -> str:
    """What Coq has to say against a file; nothing where it accepts it."""
    (folder / "program.v").write_text(text, "utf-8")
    done = subprocess.run(["coqc", "-q", "-w", "-all", "program.v"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{done.stderr}\n{text}"


def exported(text: str) -> str:
    program = recsyn.loads(text)
    assert program.failed_examples() == []
    return coq(program.checked)


def total(text: str) -> str:
    """A program without its partial functions and the examples of them."""
    lines = text.splitlines(keepends=True)
    partial = {"and from"} | {f"partial fun {name}" for name in re.findall(r"^partial fun (\w+)", text, re.MULTILINE)}
    names = {start.split()[-1] for start in partial}
    return "".join(
        line
        for line in lines
        if not any(line.startswith(start) for start in partial)
        and not (line.startswith("example") and names & set(re.findall(r"\w+", line)))
    )


# What Coq accepts


@pytest.mark.slow
@needs_coq
def test_every_example_holds(programs: Mapping[str, recsyn.Program], tmp_path: Path) -> None:
    checked = 0
    for name, program in programs.items():
        if not any(d.partial for d in program.checked.definitions.values()):
            text = coq(program.checked)
            assert text.count("\nExample ") == len(program.checked.examples) > 0, name
            assert refusal(text, tmp_path) == "", name
            checked += 1
    assert checked >= 5
    for name in ("constructs", "hostile"):
        assert refusal(exported(total((HERE / f"{name}.rec").read_text("utf-8"))), tmp_path) == "", name


@pytest.mark.slow
@needs_coq
def test_imported_constructors_are_no_variables(tmp_path: Path) -> None:
    (tmp_path / "other.rec").write_text("type T = Leaf | Node T\n")
    main = tmp_path / "main.rec"
    main.write_text(
        'import "./other.rec"\ntype U = Leaf\n'
        "fun f (other_Leaf : List Int) : Int = match other_Leaf with other_Leaf :: _ => other_Leaf | [] => 0 end\n"
        "fun g t = match t with other.Leaf => f [] | Node _ => f [1] end\n"
        "example g other.Leaf + g (Node other.Leaf) = 1\nexample Leaf = Leaf\n"
    )
    assert refusal(coq(recsyn.load(main).checked), tmp_path) == ""


@pytest.mark.slow
@needs_coq
def test_a_wrong_example_fails(wrong: recsyn.Program, tmp_path: Path) -> None:
    said = refusal(coq(wrong.checked), tmp_path)
    assert "Unable to unify" in said
    assert "line 15" in said


@pytest.mark.slow
@needs_coq
def test_what_coq_calls_by_the_same_name(tmp_path: Path) -> None:
    assert refusal(exported(_hostile()), tmp_path) == ""


def _hostile() -> str:
    """Every word that means something to Coq as a function, a parameter, a variable of a pattern, a type and a constructor."""
    small = """as' at by cofix else' exists exists2 fix for forall mod return using where list bool prod unit ascii negb eqb true
    false nil cons pair tt inl inr left right conj xI xO xH exist eq_refl or_introl inleft is_eq_true eqb_list eqb_T H struct
    example_1 nat app fst snd id comparison eq not' and' type' is of""".split()
    capital = """Axiom CoFixpoint Definition Fixpoint Hypothesis Parameter Prop Set SProp Theorem Type Variable Z N Eqb IF Qed
    Module Inductive Nil Cons S O Some None Lt Gt Eq I Nat Bool' List' Ascii String Example Proof A B Eqb_Z""".split()
    lines = [f"type {name} a = {name} a | Other_{name}" for name in capital]
    lines.append("type T = T")
    functions = [name for name in small if name != "length" and name[0].islower()]
    lines += [f"fun {name} = {index}" for index, name in enumerate(functions)]
    lines += [
        f"fun p{i} ({name} : List Int) = match {name} with {name} :: _ => {name} | [] => 0 end" for i, name in enumerate(functions)
    ]
    lines += [f"fun c{i} (x : {name} Int) = match x with {name} n => n | Other_{name} => 0 end" for i, name in enumerate(capital)]
    lines += [f"example c{i} ({name} {i}) = {i}" for i, name in enumerate(capital)]
    lines += [f"example {name} + p{i} [{i}] = {2 * i}" for i, name in enumerate(functions)]
    lines += ["example [T] == [T] = True", "example Z 1 == Z 2 = False"]
    return "\n".join(lines) + "\n"


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize(
    "text",
    [
        # Equality of every kind of datatype.
        """
type Rose a = Node a (List (Rose a))
type Twice a = Twice (Rose (Rose a)) (a, a, List a) | Not
type Even a = Zero | Next a (Odd a) and Odd a = Succ (Even a)
type Nest a = Done | More a (Nest (a, a))
type A x = A0 | A1 x (B x Int) and B x y = B0 y | B1 (A x)
type In = In (Nest In) | Out
type Phantom a = Phantom
type Over = Over (Even Char) Char Bool
fun same x y = x == y
fun elem x xs = match xs with [] => False | y :: ys => x == y || elem x ys end
fun nests (x : a) (n : Nest a) : Bool = match n with Done => False | More y n => x == y || nests (x, x) n end
example same (Node 1 [Node 2 []]) (Node 1 [Node 3 []]) = False
example same (Twice (Node (Node 'a' []) []) ('b', 'c', "d")) (Twice (Node (Node 'a' []) []) ('b', 'c', "d")) = True
example Next 1 (Succ Zero) != Next 1 (Succ (Next 2 (Succ Zero))) = True
example More 1 (More (2, 3) Done) == More 1 (More (2, 4) Done) = False
example A1 1 (B1 (A1 2 (B0 3))) == A1 1 (B1 (A1 2 (B0 3))) = True
example In (More Out Done) == Out = False
example Phantom == Phantom = True
example Over (Next 'a' (Succ Zero)) 'b' False == Over Zero 'b' False = False
example elem [] [[]] = True
example nests 1 (More 2 (More (1, 1) Done)) = True
example (1, 'a', (True, [2])) == (1, 'a', (True, [3])) = False
""",
        # Types that nothing but an annotation says.
        """
fun length xs = match xs with [] => 0 | _ :: xs => 1 + length xs end
fun flip f x y = f y x
fun none = []
fun unused x = let y = [] in let f = fn z => z in x
fun poly b = let id = fn x => x in let one = fn x => [x] in if id b then (id 1, one 'a', one 2) else (2, [], id none)
fun equal u = let same = fn x y => x == y in let e = [] in (same 1 2, same [u] [u], 1 :: e, True :: e)
fun lent x = let f = fn y => [y] in let g = fn y => (x, f y) in (g 1, g 'a')
fun outer x = let f = fn y => let g = fn z => (y, z) in (g 1, g 'c') in (f x, f True)
example length [] + length none = 0
example flip (fn x _ => x) [] [] == none = True
example poly True = (1, "a", [2])
example equal 'x' = (False, True, [1], [True])
example lent True = ((True, [1]), (True, "a"))
example outer 3 = (((3, 1), (3, 'c')), ((True, 1), (True, 'c')))
example (fn f => f [] == 0) length = True
example let f = fn x => (x, x) in (f 1, f 'a') = ((1, 1), ('a', 'a'))
""",
        # Characters that Coq's own lack.
        """
type Letter = Letter Char
fun f c = match c with '€' => "*)" | '"' => "(*" | c => if c < 'é' then [c] else "→" end
example f '€' ++ f '"' ++ f ' ' ++ f '\\u{1F600}' = "*)(* →"
example Letter '→' == Letter '→' = True
""",
        # How things bind.
        """
fun sums a b c =
  (a - (b - c), a - b - c, a / b * c, a / (b * c), a * (b / c), a % b * c, a * (b % c), a % (b % c), -a % b, -(a % b))
fun signs a b = (- -a, -(-b), a - -b, -a * -b, (-3) * a, a + (-3), -(a + b))
fun logic a b c = (a && (b || c), (a && b) || c, not a && b, not (a && b), (a == b) == c, a == (b != c), (a && b) == (b || c))
fun lists x xs = (x + 1 :: xs ++ xs, (x :: xs) ++ xs, [x, -x] ++ xs, (if x < 1 then xs else []) ++ xs, [if x == 1 then 2 else 3])
example sums 100 7 2 = (95, 91, 28, 7, 300, 4, 100, 0, 5, -2)
example signs 5 3 = (5, 3, 8, 15, -15, 2, -8)
example logic True False True = (True, True, False, True, False, True, False)
example lists 1 [0] = ([2, 0, 0], [1, 0, 0], [1, -1, 0], [0], [2])
example (1 / 0, 1 % 0, -7 / 2, -7 % 2, 7 / -2, 7 % -2) = (0, 1, -4, 1, -4, -1)
example (fn x => x) (fn x y => x - y) 3 (if True then 1 else 2) = 2
""",
    ],
    ids=["equality", "ambiguous types", "all of Unicode", "operators"],
)
def test_what_is_hard(text: str, tmp_path: Path) -> None:
    assert refusal(exported(text), tmp_path) == ""


@pytest.mark.slow
@needs_coq
def test_recursion(tmp_path: Path) -> None:
    """All of it is accepted; and where the guard condition is bypassed, Coq would not have accepted it otherwise."""
    for name, text in (recursion.SEEN | recursion.UNSEEN).items():
        written = exported(recursion.TYPES + text)
        assert refusal(written, tmp_path) == "", name
        if BYPASS in written:
            definitions, _, _ = written.partition("(* Examples *)")
            assert refusal(definitions.replace(BYPASS, "Fail Fixpoint"), tmp_path) == "", name


# What is written


@pytest.mark.parametrize("name", [*recursion.SEEN, *recursion.UNSEEN])
def test_the_guard_condition_is_bypassed_only_where_it_has_to_be(name: str) -> None:
    text = (recursion.SEEN | recursion.UNSEEN)[name]
    assert exported(recursion.TYPES + text).count("bypass_check(guard)") == (name in recursion.UNSEEN)


def test_a_program(examples: Path) -> None:
    text = coq(recsyn.load(examples / "successor.rec").checked)
    assert text == (
        """\
(* Written by recsyn from successor.rec. *)
From Coq Require Import Bool List ZArith.
Import ListNotations.
Open Scope bool_scope.
Open Scope Z_scope.

Inductive Pos : Type :=
  | One : Pos
  | XO : Pos -> Pos
  | XI : Pos -> Pos.

Fixpoint succ (n : Pos) {struct n} : Pos :=
  match n with
  | One => XO One
  | XO b => XI b
  | XI b => XO (succ b)
  end.

(* Examples *)

Example example_1 : succ One = XO One.
Proof. vm_compute. reflexivity. Qed.

Example example_2 : succ (XO One) = XI One.
Proof. vm_compute. reflexivity. Qed.

Example example_3 : succ (XI (XI (XO One))) = XO (XO (XI One)).
Proof. vm_compute. reflexivity. Qed.
"""
    )


def test_only_what_is_needed_is_written() -> None:
    text = exported("import list\nfun twice xs = append xs xs\nexample twice [1] = [1, 1]\n")
    assert re.findall(r"^(?:Fixpoint|Definition|Inductive|Class) (\w+)", text, re.MULTILINE) == ["append", "twice"]


def test_imports_keep_their_module_in_their_names_where_they_have_to() -> None:
    text = exported("import list\nfun append = list.append\nexample append [1] [2] = [1, 2]\n")
    assert re.findall(r"^(?:Fixpoint|Definition) (\w+)", text, re.MULTILINE) == ["list_append", "append"]


def test_comments_cannot_end_early() -> None:
    text = exported('--- Ends *) here, (* opens, says "once.\nfun f = 1\nexample f = 1\n')
    assert "(** Ends * ) here, ( * opens, says ''once. *)\nDefinition f : Z := 1." in text


def test_a_partial_function_is_refused() -> None:
    program = recsyn.loads("partial fun loop x = loop x\nfun f x = x\nexample f 1 = 1\n")
    with pytest.raises(RecsynError, match="`loop` is partial"):
        coq(program.checked)


def test_a_partial_function_that_nothing_uses_is_none_of_coqs(tmp_path: Path) -> None:
    (tmp_path / "other.rec").write_text("partial fun loop x = loop x\nfun f x = x\n")
    (tmp_path / "main.rec").write_text('import "./other.rec"\nfun g x = f x\n')
    assert "loop" not in coq(recsyn.load(tmp_path / "main.rec").checked)


def test_a_type_that_coq_does_not_have_is_refused() -> None:
    program = recsyn.loads("type Even a = Zero | Next a (Odd a) and Odd a = Succ (Even a)\ntype Over = Over (Even Over)\n")
    with pytest.raises(RecsynError, match="no type like `Over`"):
        coq(program.checked)


def test_deep_programs() -> None:
    deep = 3_000
    text = coq(recsyn.loads(f"fun f x = {'(1 + ' * deep}x{')' * deep}\nfun g x = [{'x, ' * deep}x]").checked)
    assert text.count("1 +") == deep
    matches = "match x with 1 => 2 | _ => " * 200 + "3" + " end" * 200
    assert coq(recsyn.loads(f"fun f x = {matches}").checked).count("match x with") == 200
