"""Gallina: what is read means what Coq says that it means, and everything else is named, with its place."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.lang.diagnostics import LanguageError
from recsyn.lang.formatting import formatted
from recsyn.lang.gallina import from_gallina
from recsyn.lang.source import Source

ROOT = Path(__file__).parent.parent.parent.parent
needs_coq = pytest.mark.skipif(shutil.which("coqc") is None, reason="Coq is not installed")


def _beside(name: str) -> Any:
    spec = spec_from_file_location(name, Path(__file__).parent / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


programs = _beside("programs")
GOOD = [*programs.PROGRAMS.values(), (ROOT / "examples" / "successor.v").read_text("utf-8")]
WORDS = """Inductive Fixpoint Definition Example Arguments Set Implicit Theorem Proof. Qed. match with end fun forall let in if then
    else as return struct fix Type Prop nat bool list O S true false nil cons x A (x : nat) := => -> : ; , | . [ ] { } ( ) (* *) ' @
    % _ 0 1 12 + - * / ^ = <> < <= =? && || :: ++ /\\ é \0 " ..""".split(" ")


@pytest.mark.parametrize("text", GOOD, ids=[*programs.PROGRAMS, "successor.v"])
def test_what_coq_proves_holds(text: str) -> None:
    read = from_gallina(Source("program.v", text))
    assert formatted(Source("program.rec", read)) == read
    program = recsyn.loads(read)
    assert len(program.checked.examples) == text.count("Example ") > 0
    assert program.failed_examples() == []


@pytest.mark.slow
@needs_coq
@pytest.mark.parametrize("text", GOOD, ids=[*programs.PROGRAMS, "successor.v"])
def test_coq_proves_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "program.v").write_text(text, "utf-8")
    done = subprocess.run(["coqc", "-q", "-w", "-all", "program.v"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", programs.REFUSALS)
def test_what_is_not_read_is_named(name: str) -> None:
    text, said, place = programs.REFUSALS[name]
    with pytest.raises(LanguageError) as caught:
        from_gallina(Source("program.v", text))
    [diagnostic] = caught.value.diagnostics
    assert said in diagnostic.message
    assert diagnostic.source.position(diagnostic.span.start) == place
    assert diagnostic.span.start < diagnostic.span.end or name == "nothing"


def test_documentation_is_what_stands_before() -> None:
    text = """(** doc of b *)
Inductive b := C (** of C *) | D. (** of D *)
(** one, *)
(** and two *)
Definition x := (** inner *) C.
(** apart *)

(* plain *)
Definition y := D. Example e : x = C. Proof. (* k1 *) reflexivity. (* k2 *) Qed. (* k3 *)
"""
    assert from_gallina(Source("program.v", text)) == (
        """\
-- of C
-- of D
--- doc of b
type B = C | D

-- inner
--- one,
--- and two
fun x = C

-- apart

-- plain
fun y = D

-- k1
-- k2
-- k3
example x = C
"""
    )


def test_comments_are_kept() -> None:
    text = """(** One. *)
Definition a := true. (* two *)

(* three *)

(** What it does,
    on two lines. *)
Definition f (n : bool) : bool := match n with (* four *) true => (* five *) false | false => n end.
(** six *) Example e : f a = false. Proof. (* seven *) reflexivity. Qed.
(* eight *) Compute a. (* nine *)
(* ten *)
"""
    assert from_gallina(Source("program.v", text)) == (
        """\
-- two
--- One.
fun a = True

-- three

-- four
-- five
--- What it does,
--- on two lines.
fun f (n : Bool) : Bool =
  match n with
  | True  => False
  | False => n
  end

-- six
-- seven
example f a = False

-- eight
-- nine

-- ten
"""
    )


def test_every_error_is_reported_and_none_twice() -> None:
    text = (
        "Record r := mk { a : nat }.\n"
        "Definition uses (x : r) := mk 1.\n"
        "Fixpoint f (n : nat) := fix.\n"
        "Definition g := f 1.\n"
        "Lemma l : 1 = 1. Proof. reflexivity. Qed.\n"
        "Definition fine := 1.\n"
    )
    with pytest.raises(LanguageError) as caught:
        from_gallina(Source("program.v", text))
    assert [d.source.position(d.span.start)[0] for d in caught.value.diagnostics] == [1, 3, 5]


def survives(text: str) -> None:
    """Whatever a text is, what comes back is a program's text, or a refusal that stands within it."""
    try:
        read = from_gallina(Source("program.v", text))
    except LanguageError as refusal:
        for diagnostic in refusal.diagnostics:
            assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(text)
            assert diagnostic.render()
        return
    # It parses; whether it makes sense is checked as for any program.
    formatted(Source("program.rec", read))
    with contextlib.suppress(LanguageError):
        recsyn.loads(read)


@settings(max_examples=150)
@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_words(words: list[str]) -> None:
    survives(" ".join(words))


@settings(max_examples=250)
@given(st.sampled_from(GOOD), st.data())
def test_programs_with_something_changed(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 12)))
        text = text[:start] + data.draw(st.sampled_from(["", " ", *WORDS])) + text[end:]
    survives(text)


@pytest.mark.parametrize(
    "text",
    [
        f"Definition x := {'(' * 20_000}1{')' * 20_000}.",
        f"Definition x := {'S (' * 300}O{')' * 300}.",
        f"Definition x := {'(' * 20_000}.",
        f"Definition x := {' + '.join(['1'] * 2_000)}.",
        f"Definition x := [{'; '.join(['true'] * 5_000)}].",
        f"Definition f (n : nat) := {'match n with O => 1 | S n => ' * 200}2{' end' * 200}.",
        f"Definition x := {'9' * 20_000}.",
        f"Definition {'x' * 100_000} := 1.",
        "(* " * 20_000,
        "Inductive t := " + " | ".join(f"c{i}" for i in range(5_000)) + ".",
    ],
    ids=["parentheses", "numbers", "open", "sum", "list", "matches", "a long number", "a long name", "comments", "constructors"],
)
def test_what_is_long_or_deep(text: str) -> None:
    survives(text)
