"""The command line: what each verb prints, and what it says to bad input. Exit codes: 0, 1 for a failure found, 2 for bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from math import comb
from pathlib import Path

import pytest


def test_check_describes_what_it_accepts(recsyn, examples: Path) -> None:
    code, out, _ = recsyn("check", examples / "successor.rec", examples / "traversal.rec")
    assert code == 0
    assert "succ : Pos -> Pos\n    recurs on n" in out
    assert "XI _           1 recursive call" in out
    assert "Branch _ _ _   2 recursive calls" in out


def test_check_reports_errors_and_failed_examples(recsyn, tmp_path: Path) -> None:
    wrong, false = tmp_path / "wrong.rec", tmp_path / "false.rec"
    wrong.write_text("fun f x = g x\nfun h y = y + True\n")
    false.write_text("fun one = 1\nexample one = 2\n")
    code, _, err = recsyn("check", wrong)
    assert code == 2
    assert "error[unknown-name]" in err
    assert "error[type-mismatch]" in err
    code, _, err = recsyn("check", false)
    assert code == 1
    assert "the left side is `1`, the right side `2`" in err
    code, out, _ = recsyn("check", wrong, "--json")
    assert code == 2
    assert [d["code"] for d in json.loads(out)] == ["unknown-name", "type-mismatch"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [("succ (XI One)", "XO (XO One)"), ("-3", "-3"), ("-(1 + 2)", "-3"), ("(1, 'a')", "(1, 'a')"), ('"a\\n"', '"a\\n"')],
)
def test_run_prints_a_value_that_reads_back(recsyn, examples: Path, expression: str, value: str) -> None:
    assert recsyn("run", examples / "successor.rec", expression)[:2] == (0, value + "\n")
    assert recsyn("run", examples / "successor.rec", value)[:2] == (0, value + "\n")


def test_an_expression_that_looks_like_an_option_is_an_expression(recsyn, examples: Path) -> None:
    code, _, err = recsyn("run", examples / "successor.rec", "-x")
    assert code == 2
    assert "there is no variable or function `x`" in err


def test_trace_names_rules_and_marks_the_redex(recsyn, examples: Path) -> None:
    code, out, _ = recsyn("trace", examples / "successor.rec", "succ One")
    assert code == 0
    assert out.splitlines() == [
        "   ⟦succ One⟧",
        "δ  ⟦(fn n => …) One⟧",
        "β  ⟦match One with … end⟧",
        "ι  XO One",
    ]
    code, out, err = recsyn("trace", examples / "successor.rec", "succ (XI One)", "--limit", 2, "--json")
    assert code == 0
    assert [s["rule"] for s in json.loads(out)["steps"]] == ["δ", "β"]
    assert "stopped after 2 steps" in err


def test_sample_draws_and_counts(recsyn, examples: Path) -> None:
    assert len(recsyn("sample", examples / "traversal.rec", "Tree Int", "-n", 4)[1].splitlines()) == 4
    code, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", "--count", "--json", "--max-size", 7)
    assert code == 0
    assert [row["shapes"] for row in json.loads(out)["counts"]] == [1, 0, 1, 0, 2, 0, 5]


def test_sample_counts_by_a_generating_function(recsyn, examples: Path) -> None:
    code, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", "--count", "--max-size", 3)
    assert code == 0
    assert out.splitlines()[:3] == ["T(x) = 10*x*T(x)**2 + x", "T(x) = (1 - sqrt(1 - 40*x**2))/(20*x)", "where T is Tree Int"]
    large = ("--count", "--min-size", 1_000, "--max-size", 1_001)
    _, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", *large)
    assert out.splitlines()[-1].split() == ["1001", "5.394975e296", "5.394975e796"]
    _, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", *large, "--json")
    even, odd = (row["values"] for row in json.loads(out)["counts"])
    catalan = comb(1_000, 500) // 501
    assert (even, odd) == (0, str(catalan * 10**500))
    _, out, _ = recsyn("sample", examples / "traversal.rec", "Tree (Tree Int)", *large)
    assert "sqrt" not in out
    assert re.fullmatch(r"1001\s+≈ \d\.\d{6}e\d+\s+≈ \d\.\d{6}e\d+", out.splitlines()[-1].strip())


def test_sample_without_sympy_still_counts(recsyn, examples: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sympy", None)
    code, out, err = recsyn("sample", examples / "traversal.rec", "Tree Int", "--count", "--max-size", 5)
    assert code == 0
    assert out.splitlines()[-1].split() == ["5", "2", "200"]
    assert 'pip install "recsyn[symbolic]"' in err
    _, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", "--count", "--min-size", 1_001, "--max-size", 1_001)
    assert out.splitlines()[-1].split() == ["1001", "≈", "5.394975e296", "≈", "5.394975e796"]


def test_sample_counts_nothing_as_0(recsyn, tmp_path: Path) -> None:
    """Where sizes are large and no formula is known, too."""
    (tmp_path / "t.rec").write_text("type T = L | N T T T\n")
    _, out, _ = recsyn("sample", tmp_path / "t.rec", "T", "--count", "--json", "--min-size", 250, "--max-size", 300)
    values = {row["size"]: row["values"] for row in json.loads(out)["counts"]}
    assert len(values) == 51
    assert all((values[n] == 0) == (n % 3 != 1) for n in values)


def test_sample_knows_that_no_value_is_deeper_than_its_size(recsyn, examples: Path) -> None:
    deep = ("sample", examples / "traversal.rec", "Tree Int", "--depth", 1_000_000, "--max-size", 12)
    code, out, _ = recsyn(*deep, "--count", "--json")
    assert code == 0
    assert [row["values"] for row in json.loads(out)["counts"]] == [0] * 12
    for how in ((), ("--enumerate",)):
        code, out, err = recsyn(*deep, *how)
        assert (code, out) == (2, "")
        assert "no value of Tree Int fits" in err


def test_sample_shows_equations_without_a_formula(recsyn, examples: Path) -> None:
    deep = ("sample", examples / "traversal.rec", "Tree Int", "--count", "--max-size", 20, "--depth")
    _, out, _ = recsyn(*deep, 10)
    assert "sqrt" not in out
    assert len([line for line in out.splitlines() if " = " in line]) == 20
    assert out.splitlines()[-2].split() == ["19", "256", "256000000000"]
    _, out, err = recsyn(*deep, 18)
    assert " = " not in out
    assert "too many equations" in err


@pytest.mark.parametrize("how", [(), ("--enumerate",)])
def test_sample_says_why_there_is_nothing(recsyn, examples: Path, how: tuple[str, ...]) -> None:
    for sizes, hint in (
        (("--distinct", "--min-size", 23, "--max-size", 40), "11 different"),
        (("--min-size", 2, "--max-size", 2), "1, 3"),
    ):
        code, out, err = recsyn("sample", examples / "traversal.rec", "Tree Int", *sizes, *how)
        assert (code, out) == (2, "")
        assert "no value of Tree Int fits" in err
        assert hint in err


@pytest.mark.parametrize("how", [(), ("--enumerate",), ("--count",)])
def test_sample_has_a_greatest_size(recsyn, examples: Path, how: tuple[str, ...]) -> None:
    code, _, err = recsyn("sample", examples / "traversal.rec", "Tree Int", "--max-size", 1_000_000, *how)
    assert code == 2
    assert "greater than 100,000" in err


@pytest.mark.parametrize("how", [(), ("--count",)])
def test_sample_refuses_ever_larger_types(recsyn, tmp_path: Path, how: tuple[str, ...]) -> None:
    (tmp_path / "n.rec").write_text("type N a = Nil | Cons a (N (a, a))\n")
    code, _, err = recsyn("sample", tmp_path / "n.rec", "N Int", *how)
    assert code == 2
    assert "ever larger types" in err


def test_sample_lists_and_draws_by_depth(recsyn, examples: Path) -> None:
    _, out, _ = recsyn("sample", examples / "successor.rec", "Pos", "--enumerate", "-n", 5)
    assert out.splitlines() == ["One", "XO One", "XI One", "XO (XO One)", "XO (XI One)"]
    _, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", "--depth", 3, "--json", "-n", 20, "--distinct")
    rows = json.loads(out)
    assert {row["depth"] for row in rows} == {3}
    assert {row["size"] for row in rows} <= {5, 7}
    labels = [re.findall(r"\d", row["value"]) for row in rows]
    assert all(len(set(each)) == len(each) for each in labels)
    assert recsyn("sample", examples / "traversal.rec", "Tree Int", "--enumerate", "--count")[0] == 2
    assert recsyn("sample", examples / "traversal.rec", "Tree Int", "--depth", 9, "--max-size", 9)[0] == 2


def test_sample_draws_trees(recsyn, examples: Path) -> None:
    _, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", "--enumerate", "--min-size", 7, "-n", 1, "--tree")
    assert out.rstrip().splitlines() == [
        "Branch 0",
        "├── Leaf",
        "└── Branch 0",
        "    ├── Leaf",
        "    └── Branch 0 Leaf Leaf",
    ]
    large = ("--min-size", 4_000, "--max-size", 4_001, "-n", 1, "--tree")
    code, out, _ = recsyn("sample", examples / "traversal.rec", "Tree Int", *large)
    assert code == 0
    assert out.count("Branch") == 2_000


@pytest.mark.parametrize("task", ["successor-reverse", "successor-natural", "preorder", "inorder"])
def test_data_shows_and_writes_every_preset(recsyn, tmp_path: Path, task: str) -> None:
    code, out, _ = recsyn("data", task, "-n", 100)
    assert code == 0
    assert "rows by recursion_depth" in out
    assert recsyn("data", task, "-n", 100, "--out", tmp_path / "set")[0] == 0
    written = [json.loads(line) for line in (tmp_path / "set" / "train.jsonl").read_text().splitlines()]
    assert len(written) == 80
    assert set(written[0]) == {"input", "output", "features"}


def test_eval_reports_exact_match_by_depth(recsyn, checkpoint: Path) -> None:
    code, out, _ = recsyn("eval", checkpoint, "--json")
    assert code == 0
    report = json.loads(out)
    assert report["exact_match"] > 0.98
    assert [row["value"] for row in report["by"]["recursion_depth"]] == [0, 1, 2, 3, 4, 5]


def test_fuzz_finds_explains_and_replays(recsyn, checkpoint: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    code, out, _ = recsyn("fuzz", checkpoint, "--crashes", tmp_path / "crashes", "--html", page, "--json")
    assert code == 1
    report = json.loads(out)
    first = report["findings"][0]
    assert first["conditions"][0] == {"feature": "recursion_depth", "relation": ">=", "threshold": 6}
    assert first["precision"] > 0.95
    assert first["recall"] > 0.95
    assert first["counterexample"] == "XI (XI (XI (XI (XI (XI One)))))"
    assert "recursion_depth" in page.read_text()
    code, out, _ = recsyn("replay", *report["crashes"])
    assert code == 1
    assert "still fail" in out


def test_fuzz_without_failures_exits_with_0(recsyn, checkpoint: Path, tmp_path: Path) -> None:
    code, out, _ = recsyn("fuzz", checkpoint, "--max-size", 5, "--crashes", tmp_path)
    assert code == 0
    assert "no failure found" in out


BAD_FILES = ["missing", "folder", "binary", "empty"]


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("verb", [("check",), ("run", "1"), ("trace", "1"), ("sample", "Int")])
def test_bad_files_give_one_message_and_2(recsyn, tmp_path: Path, verb: tuple[str, ...], kind: str) -> None:
    path = tmp_path / "file.rec"
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(b"\xff\xfe\x00\x80" if kind == "binary" else b"")
    code, out, err = recsyn(verb[0], path, *verb[1:])
    assert (code, out) == (2, "")
    assert "file.rec" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("succ (", "expected an expression, found the end"),
        ("succ 3", "the first argument of `succ` must be of type `Pos`"),
        ("", "expected an expression, found nothing"),
    ],
)
def test_bad_expressions_give_one_message_and_2(recsyn, examples: Path, expression: str, message: str) -> None:
    for verb in ("run", "trace"):
        code, _, err = recsyn(verb, examples / "successor.rec", expression)
        assert code == 2
        assert message in err


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "vocabulary.json", "program.rec", "metrics.json"])
@pytest.mark.parametrize("damage", ["missing", "truncated", "altered"])
def test_a_damaged_checkpoint_gives_one_message_and_2(recsyn, checkpoint: Path, tmp_path: Path, name: str, damage: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(checkpoint, copy)
    content = (copy / name).read_bytes()
    if damage == "missing":
        (copy / name).unlink()
    elif damage == "truncated":
        (copy / name).write_bytes(content[: len(content) // 2])
    else:
        place = content.index(b"0") if b"0" in content else len(content) // 2
        (copy / name).write_bytes(content[:place] + b"1" + content[place + 1 :])
    for verb in ("eval", "fuzz"):
        code, out, err = recsyn(verb, copy)
        assert (code, out) == (2, "")
        assert name in err
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("data", "preordr"), "did you mean 'preorder'?"),
        (("train", "nothing.yaml", "--out", "x"), "there is no file 'nothing.yaml'"),
        (("eval", "nowhere"), "there is no such folder"),
        (("replay", "nowhere.json"), "there is no crash file 'nowhere.json'"),
        (("sample", "{examples}/successor.rec", "Poss"), "did you mean `Pos`?"),
        (("fuzz", "x", "--max-examples", "many"), "'many' is not a whole number"),
        (("run", "{examples}/successor.rec"), "an expression is missing"),
        (("check", "{examples}/successor.rec", "--jsn"), "'--jsn' is not understood"),
    ],
)
def test_wrong_arguments_give_one_message_and_2(recsyn, examples: Path, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = recsyn(*(a.replace("{examples}", str(examples)) for a in arguments))
    assert (code, out) == (2, "")
    assert message in err


def test_recsyn_is_a_module_and_survives_a_closed_pipe(examples: Path) -> None:
    command = f"{sys.executable} -m recsyn trace {examples / 'traversal.rec'} 'inorder (Branch 1 Leaf Leaf)' | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip().startswith("⟦inorder")
    assert done.stderr == ""


def test_output_that_cannot_be_written_is_no_failure_found(examples: Path) -> None:
    check = f"{sys.executable} -m recsyn check {examples / 'successor.rec'}"
    for command, code, said in (
        (f"{check} > /dev/full", 2, "the output cannot be written"),
        (f"{check} >&-", 0, ""),
        (f"PYTHONIOENCODING=ascii {sys.executable} -m recsyn trace {examples / 'successor.rec'} 'succ One'", 0, ""),
        (f"{sys.executable} -m recsyn check none.rec 2> /dev/full", 2, ""),
        (f"{sys.executable} -m recsyn run {examples / 'successor.rec'} '[1' 2> /dev/full", 2, ""),
        (f"{sys.executable} -m recsyn repl <&-", 0, ""),
    ):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        assert said in done.stderr
        assert "Traceback" not in done.stderr


def test_what_an_encoding_lacks_is_escaped_as_the_language_does(tmp_path: Path) -> None:
    (tmp_path / "a.rec").write_text('fun f = "é→\U0001f600a"\n', "utf-8")
    command = [sys.executable, "-m", "recsyn", "run", "a.rec"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(
        [*command, "f"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert shown == r'"\u{e9}\u{2192}\u{1f600}a"'
    again = subprocess.run([*command, f"f == {shown}"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert again == "True\n"


def test_what_cannot_be_kept_is_refused_before_it_is_made(recsyn, checkpoint: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("mine")
    for arguments in (("fuzz", checkpoint, "--crashes", blocked), ("train", "inorder", "--out", blocked)):
        code, out, err = recsyn(*arguments)
        assert (code, out) == (2, "")
        assert str(blocked) in err
        assert "drawing rows" not in err
    assert blocked.read_text() == "mine"


def test_a_crash_of_another_task_is_not_replayed(recsyn, checkpoint: Path, tmp_path: Path) -> None:
    recsyn("fuzz", checkpoint, "--crashes", tmp_path, "--max-examples", 400)
    (crash,) = tmp_path.glob("*.json")
    text = crash.read_text().replace("succ", "next")
    crash.write_text(text)
    code, _, err = recsyn("replay", crash, "--model", checkpoint)
    assert code == 2
    assert "is about next of nextessor-reverse" in err


@pytest.mark.parametrize("section", ["training: 7", "model: [1]", "tasks: {}"])
def test_a_wrong_section_of_an_experiment_is_named(recsyn, tmp_path: Path, section: str) -> None:
    path = tmp_path / "mine.yaml"
    distribution = "{kind: uniform, sizes: [1, 9]}"
    path.write_text(f"task: {{program: successor.rec, function: succ, distribution: {distribution}}}\n{section}\n")
    code, out, err = recsyn("data", path)
    assert (code, out) == (2, "")
    assert section.partition(":")[0] in err
