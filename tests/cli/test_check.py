"""``recsyn check``: many files and folders, data for programs, explanations, and watching."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from recsyn.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> tuple[int, str, str]:
        code = main(["check", *map(str, arguments)])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.rec").write_text("fun f (x : Int) : Int = x\nproperty same (x : Int) = f x == x\nexample f 1 = 1\n")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "uses.rec").write_text('import "../good.rec", nat\nfun g x = f x\nfun h (n : Nat) = n\n')
    (tmp_path / "notes.txt").write_text("no program")
    return tmp_path


def test_folders(check: Run, folder: Path) -> None:
    code, out, err = check(folder)
    assert (code, err) == (0, "")
    assert f"{folder / 'good.rec'}: accepted, 1 example and 1 property checked\n  f : Int -> Int" in out
    assert f"{folder / 'inner' / 'uses.rec'}: accepted" in out
    assert "add : Nat" not in out, "what is imported is not described"


def test_a_folder_without_programs(check: Run, tmp_path: Path) -> None:
    code, _, err = check(tmp_path)
    assert code == 2
    assert "holds no source file" in err


def test_a_missing_file_hides_no_other(check: Run, folder: Path) -> None:
    code, out, err = check(folder / "nothing.rec", folder / "good.rec")
    assert code == 2
    assert "there is no file" in err
    assert "good.rec: accepted" in out


def test_a_file_that_cannot_be_read_is_data_too(check: Run, tmp_path: Path) -> None:
    (tmp_path / "bytes.rec").write_bytes(b"\xff")
    code, out, err = check(tmp_path / "bytes.rec", tmp_path / "none.rec", "--json")
    found = [(d["severity"], d["code"], d["file"], d["line"], d["column"]) for d in json.loads(out)]
    assert (code, err) == (2, "")
    assert found == [("error", "missing-file", str(tmp_path / name), 1, 1) for name in ("bytes.rec", "none.rec")]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("fun f x = x\n", 0),
        ("fun f x = 1\n", 0),
        ("fun f (x : Int) = x\nexample f 1 = 2\n", 1),
        ("fun f (x : Int) = x\nproperty p (x : Int) = f x == 0\n", 1),
        ("fun f x = y\n", 2),
        ("partial fun f x = f x\nexample f 1 = 2\n", 2),
        ("partial fun f x = f x\nexample f 1 = 2\nexample 1 = 2\n", 2),
        ("type T = |\n", 2),
    ],
)
def test_exit_codes(check: Run, tmp_path: Path, source: str, code: int) -> None:
    (tmp_path / "a.rec").write_text(source)
    assert check(tmp_path / "a.rec")[0] == code
    assert check(tmp_path / "a.rec", "--json")[0] == code


def test_json_holds_everything(check: Run, tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_text("fun f (x : Int) y = x\nexample f 1 1 = 2\n")
    (tmp_path / "b.rec").write_text("fun g x =\n  (x,\n   z)\nfun h x = x\n")
    code, out, err = check(tmp_path / "a.rec", tmp_path / "b.rec", "--json")
    found = json.loads(out)
    assert (code, err) == (2, "")
    assert [(d["severity"], d["code"], d["line"], d["column"], d["end_line"], d["end_column"]) for d in found] == [
        ("warning", "unused-name", 1, 17, 1, 18),
        ("error", "failed-example", 2, 1, 2, 18),
        ("error", "unknown-name", 3, 4, 3, 5),
    ]
    assert {key for d in found for key in d} == {
        "severity", "code", "message", "file", "line", "column", "end_line", "end_column", "hint",
    }  # fmt: skip
    assert found[2]["file"] == str(tmp_path / "b.rec")


def test_an_error_in_an_import_is_told_once(check: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.rec").write_text("fun f x = y\n")
    (tmp_path / "one.rec").write_text('import "./broken.rec"\nfun g x = f x\n')
    (tmp_path / "two.rec").write_text('import "./broken.rec"\nfun g x = f x\n')
    code, out, err = check(tmp_path)
    assert code == 2
    assert err.count("error[") == 1
    assert out == ""


def test_explanations(check: Run) -> None:
    code, out, _ = check("--explain", "not-terminating")
    assert code == 0
    assert "```rec" in out
    code, _, err = check("--explain", "not-termnating")
    assert code == 2
    assert "not-terminating" in err


def test_nothing_to_check(check: Run) -> None:
    code, _, err = check()
    assert code == 2
    assert "no file is named" in err


def test_more_inputs_find_rarer_failures(check: Run, tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_text("property p (x : Int) = x != 60\n")
    assert check(tmp_path / "a.rec", "--max-examples", "5")[0] == 0
    assert check(tmp_path / "a.rec", "--max-examples", "2000")[0] == 1


def test_watching(tmp_path: Path) -> None:
    """A change of a file, and of one that it imports, is checked; Ctrl-C ends."""
    (tmp_path / "a.rec").write_text('import "./b.rec"\nfun f x = g x\n')
    (tmp_path / "b.rec").write_text("fun g x = x\n")
    command = [sys.executable, "-u", "-m", "recsyn", "check", "--watch", "a.rec"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    watching = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert watching.stdout
    patience = threading.Timer(120, watching.kill)
    patience.start()
    seen: list[str] = []

    def wait_for(text: str) -> None:
        assert watching.stdout
        for line in watching.stdout:
            seen.append(line)
            if text in line:
                return
        raise AssertionError("".join(seen))

    try:
        wait_for("watching 1 file")
        assert any("a.rec: accepted" in line for line in seen)
        (tmp_path / "b.rec").write_text("fun g x = yy\n")
        wait_for("yy")
        wait_for("watching")
        (tmp_path / "b.rec").write_text("fun h x = x\n")
        wait_for("there is no variable or function `g`")
        wait_for("watching")
        (tmp_path / "b.rec").write_text("fun g x = [x]\n")
        wait_for("f : a -> List a")
        wait_for("watching")
        time.sleep(0.1)
        watching.send_signal(2)
        watching.communicate(timeout=30)
        assert watching.returncode == 0
    finally:
        patience.cancel()
        watching.kill()
        watching.wait()
