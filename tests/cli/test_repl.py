"""The dialogue: what is typed, what is answered, and that nothing typed ends it."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest

from recsyn.cli.main import main
from recsyn.cli.session import Session, loaded
from recsyn.errors import RecsynError


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, str]]:
    """Type lines into a dialogue: what it printed on standard output and on standard error."""

    def run(typed: str, *arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "stdin", StringIO(typed))
        assert main(["repl", *arguments]) == 0
        shown = capsys.readouterr()
        return shown.out, shown.err

    return run


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("1 + 2", "3 : Int\n"),
        ("-7 / 2", "-4 : Int\n"),
        ('"ab" ++ "c"', '"abc" : List Char\n'),
        ("(1, [True])", "(1, [True]) : (Int, List Bool)\n"),
        ("fn x => x", "<fn in expression> : a -> a\n"),
        ("1 +\n  2", "3 : Int\n"),
        ("match [1] with\n| [] => 0\n| x :: _ => x\nend", "1 : Int\n"),
        ("fun f x =\n  x + 1\nf 2", "f : Int -> Int\n3 : Int\n"),
        ("type T =\n  | A\n  | B Int\nB 1", "type T\nB 1 : T\n"),
        ("type T = A\n| B Int\nB 1", "type T\nB 1 : T\n"),
        (
            "fun even xs = match xs with [] => True | _ :: xs => odd xs end\n"
            "and odd xs = match xs with [] => False | _ :: xs => even xs end\nodd [1]",
            "even : List a -> Bool\nodd : List a -> Bool\nTrue : Bool\n",
        ),
        ("fun f x =\n  x\n\nf 2", "f : a -> a\n2 : Int\n"),
        (
            'type T = A as "a" | B T (List Int)\n:doc T',
            'type T\ntype T = A as "a" | B T (List Int)\n(the source says nothing of it)\n',
        ),
        ("import nat\n:doc Succ", "type Nat = Zero | Succ Nat\nA natural number: zero, or the one after another.\n"),
        ("type T = A | B Int\n[B 1, A]", "type T\n[B 1, A] : List T\n"),
        ("fun f x = 1\nfun f x = 2\nf 0", "f : a -> Int\nf : a -> Int\n2 : Int\n"),
        ("fun f x = 1\nfun g x = f x\nfun f x = 2\ng 0", "f : a -> Int\ng : a -> Int\nf : a -> Int\n1 : Int\n"),
        ("type T = A\ntype T = B\nB", "type T\ntype T\nB : T\n"),
        ("{- a comment\n-} 4", "4 : Int\n"),
        ("import nat\nadd (Succ Zero) Zero", "Succ Zero : Nat\n"),
        ("import nat\nnat.add Zero", "<add> : Nat -> Nat\n"),
        (":type fn x => [x]", "fn x => [x] : a -> List a\n"),
        ("--- Twice as much.\nfun twice x = x + x\n:doc twice", "twice : Int -> Int\ntwice : Int -> Int\nTwice as much.\n"),
        ("fun one = 1\nfun f x = x\n:names", "one : Int\nf : a -> a\none : Int\nf : a -> a\n"),
        ("1\n:quit\n2", "1 : Int\n"),
        ("\n\n3", "3 : Int\n"),
    ],
)
def test_answers(say, typed: str, answer: str) -> None:
    out, _ = say(typed)
    assert out == answer


def test_a_trace(say) -> None:
    out, _ = say("fun f x = x + 1\n:trace f 1")
    assert out.splitlines()[-1].split() == ["+", "2"]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("x", "there is no variable or function `x`"),
        ("1 + 'a'", "type-mismatch"),
        ("fun f x = f x", "not known to end"),
        ("1 + )", "syntax"),
        (":nothing", "there is no command `:nothing`"),
        (":typ 1", "did you mean `type`?"),
        (":load", "wants a file"),
        (":load /no/such.rec", "there is no file"),
        (":reload", "no file is loaded"),
        (":type", "expected an expression"),
        (":doc nothing", "no function `nothing`"),
        ("example 1 = 2", "failed-example"),
        ("property p (n : Int) = n == 0", "falsified-property"),
        ("partial fun loop x = loop x\nloop 1", "step-limit"),
        ("import nowhere", "no module `nowhere`"),
        ('import "./nowhere.rec"', "missing-file"),
        ("\x00", "not part of the language"),
        ('"', "not closed"),
        ("{- ", "never closed"),
    ],
)
def test_an_error_does_not_end_it(say, typed: str, message: str) -> None:
    out, err = say(f"{typed}\n\n40 + 2\n")
    assert message in err
    assert "Traceback" not in err
    assert out.endswith("42 : Int\n")


def test_a_refused_declaration_leaves_no_trace(say) -> None:
    out, _ = say("fun f x = 1\nfun f x = x + 'a'\nf 'b'")
    assert out.endswith("1 : Int\n")


def test_files(say, tmp_path: Path) -> None:
    file = tmp_path / "mine.rec"
    file.write_text("fun f x = x + 1\nexample f 1 = 3\n")
    out, err = say("f 1\nfun f x = 'a'\nf 1\n:reload\nf 1\n", str(file))
    assert out == "f : Int -> Int\n2 : Int\nf : a -> Char\n'a' : Char\nf : Int -> Int\n2 : Int\n"
    assert err.count("failed-example") == 2


def test_a_broken_file_at_the_start(say, tmp_path: Path) -> None:
    file = tmp_path / "mine.rec"
    file.write_text("fun f x = y\n")
    out, err = say("1\n", str(file))
    assert "unknown-name" in err
    assert out == "1 : Int\n"


def test_imports_are_found_from_the_loaded_file(tmp_path: Path) -> None:
    (tmp_path / "mine.rec").write_text("fun f x = x\n")
    (tmp_path / "other.rec").write_text("fun g x = x + 1\n")
    session = loaded(tmp_path / "mine.rec").extended('import "./other.rec"')
    assert list(session.remarks()) == []
    assert session.program.value("g (f 1)") == 2


def test_sessions_are_values() -> None:
    first = Session().extended("fun f x = 1")
    second = first.extended("fun f x = 2")
    assert (first.program.value("f 0"), second.program.value("f 0")) == (1, 2)
    with pytest.raises(RecsynError):
        Session().program.value("f 0")


def test_ctrl_c_stops_the_evaluation_and_not_the_session() -> None:
    command = [sys.executable, "-u", "-m", "recsyn", "repl"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as repl:
        assert repl.stdin
        assert repl.stdout
        assert repl.stderr
        print("fun f xs = match xs with [] => 0 | _ :: xs => f xs + f xs end\n", file=repl.stdin, flush=True)
        assert repl.stdout.readline() == "f : List a -> Int\n"
        print(f"f {[0] * 100}", file=repl.stdin, flush=True)
        time.sleep(0.5)
        repl.send_signal(signal.SIGINT)
        assert repl.stderr.readline() == "recsyn: interrupted\n"
        out, err = repl.communicate("40 + 2\n", timeout=60)
    assert out == "42 : Int\n"
    assert err == ""


def test_a_person_at_a_terminal(tmp_path: Path) -> None:
    """Enter ends what is whole and continues what is not; Ctrl-C drops a line, Ctrl-D ends; what was typed is remembered."""
    master, slave = pty.openpty()
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    repl = subprocess.Popen([sys.executable, "-m", "recsyn", "repl"], stdin=slave, stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    seen = ""

    def wait_for(text: str) -> None:
        nonlocal seen
        started = time.monotonic()
        while text not in seen:
            assert time.monotonic() - started < 60, seen
            if select.select([master], [], [], 1)[0]:
                seen += os.read(master, 65536).decode(errors="replace")
                if "\x1b[6n" in seen:
                    # The terminal is asked where its cursor is.
                    os.write(master, b"\x1b[1;1R")
                    seen = seen.replace("\x1b[6n", "")
        seen = seen[seen.index(text) + len(text) :]

    def type_in(text: bytes) -> None:
        # What is typed before the prompt asks for pastes to be marked is not the dialogue's.
        wait_for("\x1b[?2004h")
        os.write(master, text)

    try:
        wait_for("lists the commands")
        type_in(b"40 +\r2\r")
        wait_for("42 : Int")
        type_in(b"not this\x03")
        type_in(b"20 + 3\r")
        wait_for("23 : Int")
        type_in(b"type T =\r| A\r| B T\r\r")
        wait_for("type T")
        type_in(b"B A\r")
        wait_for("B A : T")
        type_in(b"partial fun grow n = grow (n * n)\r")
        wait_for("grow : ")
        type_in(b"grow 3\r")
        time.sleep(1)
        for _ in range(3):
            repl.send_signal(signal.SIGINT)
        wait_for("interrupted")
        type_in(b"50 + 1\r")
        wait_for("51 : Int")
        type_in(b"\x04")
        assert repl.wait(timeout=60) == 0
    finally:
        repl.kill()
        repl.wait()
        os.close(master)
    assert "20 + 3" in (tmp_path / "recsyn" / "history").read_text()
