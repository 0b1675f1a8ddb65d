"""``recsyn fuzz`` and ``recsyn replay``, of models of one's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
SUCC = f"{ROOT / 'examples' / 'successor.rec'}:succ"
INORDER = f"{ROOT / 'examples' / 'traversal.rec'}:inorder"
MODEL = f"""
import recsyn
succ = recsyn.load({str(ROOT / "examples" / "successor.rec")!r})["succ"]

def clamped(inputs):
    return ["01" if str(n).startswith("XI (XI (XI") else succ(n) for n in inputs]

right = succ.of_each

def raises(n):
    if str(n).startswith("XI (XI"):
        raise ValueError("two ones")
    return succ(n)

def never(inputs):
    raise OSError("no such server")
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fuzz(recsyn: Run, name: str, *options: str, task: str = SUCC) -> tuple[int, str, str]:
    return recsyn("fuzz", name, "--task", task, "--max-examples", "200", *options)


def test_a_callable_is_held_against_a_function(recsyn: Run, place: Path) -> None:
    code, out, _ = fuzz(recsyn, "model.py:clamped")
    assert code == 1
    assert "smallest counterexample: XI (XI (XI One))" in out
    assert "failure rate on inputs drawn uniformly by size" in out
    code, out, _ = fuzz(recsyn, "model.py:right")
    assert code == 0
    assert "no failure found" in out


def test_a_function_of_two_arguments_is_asked_about_pairs(recsyn: Run, place: Path) -> None:
    (place / "two.rec").write_text(
        "type Nat = Z | S Nat\nfun plus (a : Nat) (b : Nat) : Nat = match a with Z => b | S m => S (plus m b) end"
    )
    (place / "second.py").write_text("def second(pairs):\n    return [pair.fields[1] for pair in pairs]")
    code, out, _ = fuzz(recsyn, "second.py:second", task="two.rec:plus")
    assert code == 1
    assert "smallest counterexample: (S Z, Z)" in out
    (crash,) = (place / ".recsyn" / "crashes").iterdir()
    assert crash.name.startswith("plus-")
    code, out, _ = recsyn("replay", str(crash))
    assert (code, out.splitlines()[-1]) == (1, "1 of 1 inputs still fail")
    code, out, _ = fuzz(recsyn, "second.py:second", "--exhaustive", "3", task="two.rec:plus")
    assert (code, out.splitlines()[0]) == (0, "all 1 correct: every input of plus of up to 3 constructors")


def test_inputs_without_an_answer_are_told_and_fail(recsyn: Run, place: Path) -> None:
    code, out, _ = fuzz(recsyn, "one:model.py:raises")
    assert code == 1
    assert "no failure found" in out
    assert "inputs without a verdict: raised, the first on XI (XI One)" in out
    assert "ValueError: two ones" in out


def test_earlier_crashes_and_cases_are_asked_first(recsyn: Run, place: Path) -> None:
    code, out, _ = fuzz(recsyn, "model.py:clamped", "--json")
    report = json.loads(out)
    assert code == 1
    assert report["model"] == "model.py:clamped"
    assert "given" not in report["phases"]
    _, out, _ = fuzz(recsyn, "model.py:right", "--json", "--case", "XI (XO One)", "--case", "XI (XI (XI (XI One)))")
    crashed = {tuple(f["input"]) for path in report["crashes"] for f in json.loads(Path(path).read_text("utf-8"))["failures"]}
    assert json.loads(out)["phases"]["given"]["asked"] == len(crashed | {("X1", "X0", "01"), ("X1", "X1", "X1", "X1", "01")})


def test_a_campaign_ends_with_the_first_finding_or_after_a_time(recsyn: Run, place: Path) -> None:
    code, out, _ = fuzz(recsyn, "model.py:clamped", "--json", "--max-findings", "1")
    report = json.loads(out)
    assert code == 1
    assert len(report["findings"]) == 1
    assert report["searched"] < 150
    code, out, _ = recsyn("fuzz", "model.py:right", "--task", SUCC, "--max-examples", "1000000", "--max-seconds", "0.5", "--json")
    assert code == 0
    assert json.loads(out)["stopped"] == "its 0.5 seconds were over"


def test_the_rate_is_of_what_is_declared(recsyn: Run, place: Path) -> None:
    config = "{kind: natural, sizes: [4, 4]}"
    _, out, _ = fuzz(recsyn, "model.py:clamped", "--json", "--distribution", config)
    rate = json.loads(out)["rate"]
    assert "natural" in rate["over"]
    low, high = rate["low"], rate["high"]
    assert low < 1 / 8 < high, "one of eight inputs of four constructors has three ones"


def test_every_input_up_to_a_size(recsyn: Run, place: Path) -> None:
    code, out, _ = fuzz(recsyn, "model.py:right", "--exhaustive", "9")
    assert code == 0
    assert "all 511 correct" in out
    code, out, _ = fuzz(recsyn, "model.py:clamped", "--exhaustive", "5", "--json")
    assert code == 1
    assert {e["input"] for e in json.loads(out)["exceptions"]} == {
        "XI (XI (XI One))", "XI (XI (XI (XO One)))", "XI (XI (XI (XI One)))",
    }  # fmt: skip


@pytest.mark.parametrize("option", ["--max-seconds=1", "--max-size=3", "--case=One", "--html=a.html", "--junit=a.xml", "--tyche=a"])
def test_options_of_a_search_do_not_go_with_every_input(option: str, recsyn: Run, place: Path) -> None:
    code, out, errors = fuzz(recsyn, "model.py:right", "--exhaustive", "3", option)
    assert (code, out) == (2, "")
    assert f"{option.partition('=')[0]} is for a search, and with --exhaustive there is none" in errors
    assert [path.name for path in place.iterdir() if path.name != "__pycache__"] == ["model.py"]


def test_reports_are_written(recsyn: Run, place: Path) -> None:
    pytest.importorskip("jinja2")
    code, _, err = fuzz(recsyn, "model.py:clamped", "--html", "r.html", "--junit", "r.xml", "--tyche", "r.jsonl")
    assert code == 1
    assert "XI (XI (XI One))" in Path("r.html").read_text("utf-8")
    assert ElementTree.parse("r.xml").getroot().attrib["failures"] == "1"
    lines = [json.loads(line) for line in Path("r.jsonl").read_text("utf-8").splitlines()]
    assert {line["type"] for line in lines} >= {"test_case"}
    for name in ("report: r.html", "JUnit: r.xml", "Tyche: r.jsonl"):
        assert name in err


def test_crashes_are_replayed_also_by_another_model(recsyn: Run, place: Path) -> None:
    _, out, _ = fuzz(recsyn, "model.py:clamped", "--json")
    files = json.loads(out)["crashes"]
    assert recsyn("replay", *files)[0] == 1
    code, out, _ = recsyn("replay", *files, "--model", "model.py:right")
    assert code == 0
    assert "0 of" in out
    code, out, _ = recsyn("replay", *files, "--model", "one:model.py:raises", "--json")
    assert code == 1
    assert {each["now"] for each in json.loads(out)} == {"raised"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("model.py:clamped",), "brings no task"),
        (("model.py:clamped", "--task", str(ROOT / "examples" / "successor.rec")), "names no function of that file"),
        (("model.py:clamped", "--task", SUCC, "--case", "Leaf"), "no constructor `Leaf`"),
        (("model.py:clamped", "--task", SUCC, "--case", "3"), "the case '3' is no input of succ: 3 is no Pos"),
        (("model.py:clamped", "--task", SUCC, "--distribution", "{kind: uniform}"), "in --distribution"),
        (("model.py:clamped", "--task", SUCC, "--ask.timeot", "3"), "did you mean `timeout`?"),
        (("model.py:clamped", "--task", SUCC, "--ask.timeout", "-1"), "timeout is -1"),
        (("model.py:clamped", "--task", SUCC, "--junit", "nowhere/r.xml"), "the JUnit file cannot be written"),
        (("model.py:clampd", "--task", SUCC), "did you mean `clamped`?"),
        (("model.py:never", "--task", SUCC), "the model raised OSError: no such server"),
        (("http://127.0.0.1:9/v1", "--task", SUCC), "does not answer"),
        (("exec:false", "--task", SUCC), "exit"),
        (("nowhere",), "nowhere"),
    ],
)
def test_what_cannot_be_tested_is_one_error_before_anything_runs(
    arguments: tuple[str, ...], said: str, recsyn: Run, place: Path
) -> None:
    code, out, err = recsyn("fuzz", *arguments)
    assert code == 2
    assert said in err
    assert "Traceback" not in err
    assert out == ""


def test_a_wrong_time_is_refused(recsyn: Run, place: Path) -> None:
    code, _, err = fuzz(recsyn, "model.py:right", "--max-seconds", "-3")
    assert code == 2
    assert "'-3' is not a number of seconds above 0" in err
