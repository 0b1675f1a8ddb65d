"""``recsyn fmt``: which files it lays out, what it says of them, and that a file is never lost."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from recsyn.cli import fmt
from recsyn.cli.main import main
from recsyn.cli.sources import source_files
from recsyn.errors import RecsynError

UGLY, NEAT, BAD = "fun  f x=x\r\n", "fun f x = x\n", "fun f x = (\n"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def recsyn_fmt(capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Lay out files: the exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["fmt", *map(str, arguments)])
        printed = capsysbinary.readouterr()
        return code, printed.out.decode(), printed.err.decode()

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what is laid out, what is not, what does not parse, and what is none of the command's business."""
    texts = {
        "ugly.rec": UGLY,
        "sub/ugly.rec": UGLY,
        "sub/neat.rec": NEAT,
        "sub/bad.rec": BAD,
        ".hidden/ugly.rec": UGLY,
        "ugly.txt": UGLY,
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_and_folders(recsyn_fmt: Run, folder: Path) -> None:
    before = contents(folder)
    code, out, err = recsyn_fmt(folder)
    assert (code, out) == (2, "")
    assert f"{folder / 'sub' / 'bad.rec'}:1:11" in err
    assert err.endswith("2 of 4 files changed\n")
    laid_out = {"ugly.rec": NEAT.encode(), os.path.join("sub", "ugly.rec"): NEAT.encode()}
    assert contents(folder) == before | laid_out
    assert recsyn_fmt(folder / "ugly.rec", folder / "sub" / "neat.rec") == (0, "", "0 of 2 files changed\n")


def test_check_changes_nothing(recsyn_fmt: Run, folder: Path) -> None:
    before = contents(folder)
    ugly, neat, bad = folder / "ugly.rec", folder / "sub" / "neat.rec", folder / "sub" / "bad.rec"
    assert recsyn_fmt("--check", neat, ugly) == (1, f"{ugly}\n", "1 of 2 files would change\n")
    assert recsyn_fmt("--check", neat) == (0, "", "0 of 1 file would change\n")
    code, out, _ = recsyn_fmt("--check", bad, ugly)
    assert (code, out) == (2, f"{ugly}\n")
    assert contents(folder) == before


def test_diff_changes_nothing(recsyn_fmt: Run, folder: Path) -> None:
    before = contents(folder)
    ugly = folder / "ugly.rec"
    code, out, _ = recsyn_fmt("--diff", ugly)
    assert code == 0
    assert out.startswith(f"--- {ugly}\n+++ {ugly}\n")
    assert "-fun  f x=x\r\n+fun f x = x\n" in out
    assert recsyn_fmt("--diff", "--check", ugly)[0] == 1
    assert contents(folder) == before


@pytest.mark.parametrize(
    ("arguments", "given", "result"),
    [
        ((), UGLY.encode(), (0, NEAT)),
        ((), '\ufefffun f = "é" -- \t ü'.encode(), (0, 'fun f = "é"  -- \t ü\n')),
        (("--check",), UGLY.encode(), (1, "")),
        (("--check",), NEAT.encode(), (0, "")),
        ((), BAD.encode(), (2, "")),
        ((), b"fun f = \xff", (2, "")),
        ((), b"", (2, "")),
    ],
)
def test_standard_input(
    recsyn_fmt: Run, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], given: bytes, result: tuple[int, str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="ascii"))
    code, out, err = recsyn_fmt("-", *arguments)
    assert (code, out) == result
    assert (code == 2) == bool(err)


def test_standard_input_stands_alone(recsyn_fmt: Run, folder: Path) -> None:
    code, _, err = recsyn_fmt("-", folder)
    assert code == 2
    assert "goes with no other file" in err


def test_the_mode_and_a_link_are_kept(recsyn_fmt: Run, folder: Path) -> None:
    ugly, link = folder / "ugly.rec", folder / "link.rec"
    ugly.chmod(0o751)
    link.symlink_to("ugly.rec")
    assert recsyn_fmt(link)[0] == 0
    assert link.is_symlink()
    assert ugly.read_text() == NEAT
    assert stat.S_IMODE(ugly.stat().st_mode) == 0o751


def test_what_is_laid_out_is_not_written(recsyn_fmt: Run, folder: Path) -> None:
    neat = folder / "sub" / "neat.rec"
    before = neat.stat()
    assert recsyn_fmt(neat)[0] == 0
    assert (neat.stat().st_ino, neat.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_that_cannot_be_replaced_is_left(recsyn_fmt: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(folder)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fmt.os, "replace", refuse)
    code, _, err = recsyn_fmt(folder / "ugly.rec", folder / "sub" / "ugly.rec")
    assert code == 2
    assert err.count("cannot be written: No space left on device") == 2
    assert contents(folder) == before


def test_a_file_laid_out_wrongly_is_left(recsyn_fmt: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(folder)
    monkeypatch.setattr("recsyn.lang.formatting._laid_out", lambda *_: "fun f x = y\n")
    code, _, err = recsyn_fmt(folder / "ugly.rec")
    assert code == 2
    assert "fault of recsyn's" in err
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["missing.rec", "x" * 300])
def test_a_missing_file_stops_no_other(recsyn_fmt: Run, folder: Path, name: str) -> None:
    code, _, err = recsyn_fmt(folder / name, folder / "ugly.rec")
    assert code == 2
    assert name in err
    assert "Traceback" not in err
    assert (folder / "ugly.rec").read_text() == NEAT


def test_source_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    found = source_files(["sub/ugly.rec", ".", "nothing.rec", "ugly.rec"])
    assert list(map(str, found)) == ["sub/ugly.rec", "sub/bad.rec", "sub/neat.rec", "ugly.rec", "nothing.rec"]
    assert list(map(str, source_files([".hidden"]))) == [".hidden/ugly.rec"]
    (folder / "empty").mkdir()
    with pytest.raises(RecsynError, match="holds no source file"):
        source_files(["empty"])
