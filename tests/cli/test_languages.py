"""``recsyn export`` and ``recsyn import``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import recsyn
from recsyn.cli.main import main
from recsyn.lang.targets import TARGETS

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def verb(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.mark.parametrize("language", sorted(TARGETS))
def test_export(verb: Run, examples: Path, tmp_path: Path, language: str) -> None:
    code, out, err = verb("export", "--to", language, examples / "successor.rec")
    assert (code, err) == (0, "")
    assert "succ" in out
    assert "XI" in out
    assert verb("export", "--to", language, examples / "successor.rec", "-o", tmp_path / "out")[:2] == (0, "")
    assert (tmp_path / "out").read_text("utf-8").rstrip("\n") == out.rstrip("\n")


def test_export_says_what_it_cannot(verb: Run, examples: Path, tmp_path: Path) -> None:
    assert verb("export", "--to", "cobol", examples / "successor.rec")[0] == 2
    (tmp_path / "partial.rec").write_text("partial fun f x = f x\n")
    code, _, err = verb("export", "--to", "coq", tmp_path / "partial.rec")
    assert code == 2
    assert "`f`" in err
    (tmp_path / "wrong.rec").write_text("fun f x = y\n")
    assert verb("export", "--to", "coq", tmp_path / "wrong.rec")[0] == 2
    assert verb("export", "--to", "ocaml", examples / "successor.rec", "-o", tmp_path / "no" / "such" / "folder")[0] == 2


def test_import(verb: Run, examples: Path, tmp_path: Path) -> None:
    code, _, err = verb("import", examples / "successor.v", "-o", tmp_path / "back.rec")
    assert (code, err) == (0, "")
    program = recsyn.load(tmp_path / "back.rec")
    assert len(program.checked.examples) == 3
    assert program.failed_examples() == []
    assert str(program.value("succ (XI (XI One))")) == "XO (XO (XO One))"
    assert str(program.value("succ three")) == "XO (XO One)"


@pytest.mark.parametrize(("verb_", "name"), [(["export", "--to", "coq"], "a.rec"), (["import"], "a.v")])
def test_what_was_read_is_not_overwritten(verb: Run, tmp_path: Path, verb_: list[str], name: str) -> None:
    text = "fun f = 1\n" if name.endswith("rec") else "Definition f := 1.\n"
    (tmp_path / name).write_text(text)
    code, _, err = verb(*verb_, tmp_path / name, "-o", tmp_path / "." / name)
    assert code == 2
    assert "is the file that was read" in err
    assert (tmp_path / name).read_text() == text


def test_an_import_that_is_refused_is_written_and_said_to_be(verb: Run, tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text("Fixpoint f (n : nat) : nat := f n.\n")
    code, out, err = verb("import", tmp_path / "a.v")
    assert (code, "fun f (n : Nat) : Nat = f n" in out) == (2, True)
    assert "error[not-terminating]" in err
    assert "a.rec:" in err


def test_import_says_what_it_cannot(verb: Run, tmp_path: Path) -> None:
    (tmp_path / "a.v").write_text("Definition one := 1.\n\nLemma l : 1 = 1.\nProof. auto. Qed.\n")
    code, _, err = verb("import", tmp_path / "a.v")
    assert code == 2
    assert "Lemma" in err
    assert "a.v:3:1" in err
    assert verb("import", tmp_path / "nothing.v")[0] == 2
