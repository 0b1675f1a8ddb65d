"""``recsyn trace``: what it prints and writes of steps, rounds, machines and costs, and that steps stream."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from recsyn.cli.main import main

Traced = Callable[..., tuple[int, str, str]]
THREE = "succ (XI (XI One))"


@pytest.fixture
def trace(capsys: pytest.CaptureFixture[str], examples: Path) -> Traced:
    """Trace an expression of the example, before options: the exit code, standard output and standard error."""

    def run(*options: object, file: Path = examples / "successor.rec") -> tuple[int, str, str]:
        try:
            code = main(["trace", str(file), *map(str, options)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def test_every_and_last(trace: Traced) -> None:
    every = [
        "   0     ⟦succ (XI (XI One))⟧",
        "   3  ι  XO ⟦(succ (XI One))⟧",
        "   6  ι  XO (XO ⟦(succ One)⟧)",
        "   9  ι  XO (XO (XO One))",
    ]
    assert trace(THREE, "--every", 3) == (0, "\n".join(every) + "\n", "")
    assert trace(THREE, "--every", 3, "--last", 2)[1].splitlines() == every[2:]
    four = trace(THREE, "--every", 4)[1].splitlines()
    assert [line.split()[0] for line in four] == ["0", "4", "8", "9"]
    assert trace(THREE, "--last", 100)[1].splitlines()[3::3] == every[1:]


def test_a_limit(trace: Traced) -> None:
    code, out, err = trace(THREE, "--limit", 1, "--every", 5)
    assert (code, out) == (0, "0     ⟦succ (XI (XI One))⟧\n1  δ  (fn n => …) (XI (XI One))\n")
    assert err == "recsyn: stopped after 1 step; --limit allows more\n"


def test_json(trace: Traced) -> None:
    _, out, _ = trace(THREE, "--json")
    whole = json.loads(out)
    assert whole["initial"] == THREE
    assert whole["strategy"] == "call-by-value"
    assert (whole["result"], whole["complete"]) == ("XO (XO (XO One))", True)
    assert [step["number"] for step in whole["steps"]] == list(range(1, 10))
    assert len(out.splitlines()) == 9 + 8, "a line for each step"
    assert json.loads(trace(THREE, "--json", "--every", 4)[1])["steps"] == whole["steps"][3::4]
    assert json.loads(trace(THREE, "--json", "--last", 2)[1])["steps"] == whole["steps"][-2:]
    assert json.loads(trace("One", "--json")[1])["steps"] == []
    stopped = json.loads(trace(THREE, "--json", "--limit", 4)[1])
    assert stopped["steps"] == whole["steps"][:4]
    assert (stopped["result"], stopped["complete"]) == ("XO ((fn n => …) (XI One))", False)


def test_strategies(trace: Traced, tmp_path: Path) -> None:
    file = tmp_path / "k.rec"
    file.write_text("fun const x y = x\n")
    assert len(trace("const 1 (2 + 3)", file=file)[1].splitlines()) == 4
    assert len(trace("const 1 (2 + 3)", "--strategy", "call-by-name", file=file)[1].splitlines()) == 3
    code, out, err = trace("One", "--strategy", "leftmost-inermost")
    assert (code, out) == (2, "")
    assert "there is no strategy `leftmost-inermost`" in err
    assert "did you mean `leftmost-innermost`?" in err


def test_other_views(trace: Traced) -> None:
    assert trace("succ (XI One)", "--as", "rounds")[1].splitlines()[0] == "0  UNROLL[ succ (XI One) ]"
    assert trace("succ (XI One)", "--as", "rounds", "--limit", 1)[2] == "recsyn: stopped after 1 round; --limit allows more\n"
    machine = trace("succ (XI One)", "--as", "machine")[1]
    assert "carrying" in machine
    assert "copying" in machine
    assert json.loads(trace("succ (XI One)", "--as", "machine", "--json")[1])["labels"] == ["carrying", "carrying"]
    assert json.loads(trace("succ (XI One)", "--as", "rounds", "--json")[1])["complete"] is True


def test_latex(trace: Traced) -> None:
    assert r"\underline{\texttt{succ\ One}}" in trace("succ One", "--latex")[1]
    assert r"\begin{align*}" in trace("succ One", "--as", "rounds", "--latex")[1]


def test_a_page_of_all_views(trace: Traced, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    code, out, err = trace("succ (XI One)", "--as", "steps", "--as", "rounds", "--as", "machine", "--html", page)
    assert (code, out, err) == (0, "", f"page: {page.as_uri()}\n")
    data = page.read_text("utf-8").partition('id="runs">')[2].partition("</script>")[0]
    assert [len(run["frames"]) for run in json.loads(data)] == [7, 3, 3]


def test_a_diagram(trace: Traced, tmp_path: Path) -> None:
    assert trace("succ One", "--diagram", tmp_path / "succ.svg")[0] == 0
    assert ElementTree.parse(tmp_path / "succ.svg").getroot().tag.endswith("svg")
    assert trace("succ One", "--diagram", tmp_path / "succ.dot")[0] == 0
    assert (tmp_path / "succ.dot").read_text("utf-8").startswith("digraph")


def test_cost(trace: Traced) -> None:
    pytest.importorskip("sympy", reason="costs are worked out by SymPy, which is not installed")
    assert trace("succ", "--cost")[1] == trace("succ One", "--cost")[1]
    assert json.loads(trace("succ", "--cost", "--json")[1])["function"] == "succ"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--as", "round"), "did you mean `rounds`?"),
        (("--as", "x"), "the views are steps, rounds, machine"),
        (("--as", "steps", "--as", "rounds"), "one view is printed at a time"),
        (("--as", "rounds", "--every", 2), "--every says nothing of the rounds"),
        (("--as", "machine", "--limit", 2), "it is for --as steps and --as rounds"),
        (("--order", "mirror"), "--order says nothing of the steps"),
        (("--cost", "--latex"), "--cost prints a formula, of which --latex says nothing"),
        (("--cost", "--as", "rounds"), "leave --as out; --json is possible"),
        ((), "usage: recsyn trace"),
        (("--html", "page.html", "--last", 2), "--every and --last choose lines of printed steps"),
        (("--html", "no/such/folder/page.html"), "the page cannot be written to 'no/such/folder/page.html': No such file"),
        (("--diagram", "machine.png"), "a file whose name ends in .svg or .dot"),
        (("--diagram", "m.svg", "--as", "steps"), "--diagram draws a machine"),
        (("--json", "--latex"), "not allowed with argument --json"),
        (("--every", 0), "is not a whole number from 1 up"),
    ],
)
def test_what_cannot_be_done(trace: Traced, options: tuple[object, ...], message: str) -> None:
    code, out, err = trace("succ One", *options) if options else trace()
    assert (code, out) == (2, "")
    assert message in err


def test_the_cost_of_what_is_no_function(trace: Traced) -> None:
    assert "--cost is of a function" in trace("XO One", "--cost")[2]


LOOP = "partial fun loop n = loop (n + 1)\npartial fun down n = if n <= 0 then 0 else down (n - 1)\n"


def interrupted(folder: Path, *options: str) -> tuple[int, str, str]:
    """What is printed of an endless reduction that is interrupted once it has begun to print."""
    (folder / "loop.rec").write_text(LOOP)
    command = [sys.executable, "-m", "recsyn", "trace", str(folder / "loop.rec"), "loop 0", "--limit", "1000000000", *options]
    complaints = folder / "complaints"
    with complaints.open("w") as err, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True) as process:
        first = process.stdout.read(200)
        process.send_signal(signal.SIGINT)
        printed = first + process.stdout.read()
    return process.returncode, printed, complaints.read_text()


def test_an_interrupted_reduction_keeps_what_was_printed(tmp_path: Path) -> None:
    code, out, err = interrupted(tmp_path, "--every", "100")
    assert (code, err) == (130, "recsyn: interrupted\n")
    numbers = [int(line.split()[0]) for line in out.splitlines()]
    assert numbers == list(range(0, 100 * len(numbers), 100))


def test_an_interrupted_json_is_json(tmp_path: Path) -> None:
    code, out, _ = interrupted(tmp_path, "--json")
    assert code == 130
    whole = json.loads(out)
    assert whole["complete"] is False
    assert [step["number"] for step in whole["steps"]] == list(range(1, len(whole["steps"]) + 1))


@pytest.mark.slow
def test_a_million_steps_in_the_memory_of_none(tmp_path: Path) -> None:
    (tmp_path / "loop.rec").write_text(LOOP)
    program = """
import resource, sys
from recsyn.cli.main import main
main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""

    def peak(steps: int) -> tuple[int, list[str]]:
        options = [
            "trace",
            str(tmp_path / "loop.rec"),
            "down 300000",
            "--limit",
            str(steps),
            "--every",
            str(steps // 4),
            "--last",
            "3",
        ]
        done = subprocess.run([sys.executable, "-c", program, *options], capture_output=True, text=True, check=True)
        *lines, resident = done.stdout.splitlines()
        return int(resident), [line.split()[0] for line in lines]

    small, _ = peak(1_000)
    large, numbers = peak(1_000_000)
    assert numbers == ["500000", "750000", "1000000"]
    assert large < small * 1.1


def test_the_page_about_it(trace: Traced, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "semantics.md").read_text("utf-8")
    shown = re.search(r"^\$ recsyn trace \S+ '(.*)'\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert trace(shown[1])[1] == shown[2]
    monkeypatch.chdir(root)
    exec(re.search(r"^```python\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1], {})
    assert capsys.readouterr().out.splitlines()[-1] == "6 True δ XO (XO One)"
