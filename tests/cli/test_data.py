"""``recsyn data``: what it shows, writes, describes, and says to bad input."""

from __future__ import annotations

import json
import re
import shlex
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from recsyn.cli.main import main

TASK = """
task:
  program: traversal.rec
  function: inorder
  input: bracketed
  output: flat
  distribution: {kind: uniform, sizes: [1, 15]}
  splits:
    by: shape
    few: 4
    groups:
      deep: recursion_depth > 5
      longer: {where: size > 15, distribution: {kind: uniform, sizes: [17, 19]}}
"""


@pytest.fixture
def recsyn(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run ``recsyn data``: its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main(["data", *map(str, arguments)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(TASK)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_groups_are_written_beside_the_splits(recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path) -> None:
    code, out, err = recsyn(mine, "-n", 60, "--out", tmp_path / "set")
    assert code == 0, err
    assert "no two splits share an input" in out
    rows = {line.split()[0]: line.split()[1] for line in out.splitlines()[2:-1]}
    assert rows == {"train": "48", "validation": "6", "test": "6", "deep": "6", "longer": "6"}
    code, out, _ = recsyn(mine, "--rows", "train=5,deep=3", "--out", tmp_path / "few", "--json")
    written = json.loads(out)
    assert {name: part["rows"] for name, part in written["splits"].items()} == {"train": 5, "deep": 3}
    assert written["folder"] == str(tmp_path / "few")


def test_a_data_set_is_a_task_that_is_written_again(
    recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    one, two, three = tmp_path / "one", tmp_path / "two", tmp_path / "three"
    assert recsyn(mine, "--rows", "train=40,test=9", "--seed", 5, "--format", "parquet", "--unique", "--out", one)[0] == 0
    assert recsyn(one, "--out", two)[0] == 0
    assert recsyn(one / "recsyn.json", "--out", three)[0] == 0
    assert contents(one) == contents(two) == contents(three)


def test_describe_shows_distributions_shapes_overlaps_and_rows(
    recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path
) -> None:
    code, out, err = recsyn(mine, "-n", 60, "--describe")
    assert code == 0, err
    for title in ("rows by depth", "rows by input_length", "the most common shapes", "what splits share", "the first rows"):
        assert title in out
    assert recsyn(mine, "-n", 60, "--out", tmp_path / "set")[0] == 0
    assert recsyn(tmp_path / "set", "--describe")[1] == out
    code, text, _ = recsyn(tmp_path / "set", "--describe", "--json")
    described = json.loads(text)
    assert list(described["splits"]) == ["train", "validation", "test", "deep", "longer"]
    assert {overlap["inputs"] for overlap in described["overlaps"]} == {0}
    by_hash = [o for o in described["overlaps"] if not {"deep", "longer"} & set(o["splits"])]
    assert {overlap["shapes"] for overlap in by_hash} == {0}


def test_a_plot_is_drawn(recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    code, out, _ = recsyn(mine, "-n", 30, "--describe", "--plot", tmp_path / "plot.svg")
    assert code == 0
    assert f"plot: {tmp_path / 'plot.svg'}" in out
    drawn = (tmp_path / "plot.svg").read_text()
    assert all(word in drawn for word in ("recursion depth", "input length", "share of rows", "longer"))


def test_a_changed_data_set_is_refused(recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path) -> None:
    assert recsyn(mine, "-n", 30, "--out", tmp_path / "set")[0] == 0
    path = tmp_path / "set" / "test.jsonl"
    path.write_bytes(path.read_bytes().replace(b"EMPTY", b"EMPTX", 1))
    code, out, err = recsyn(tmp_path / "set", "--describe")
    assert (code, out) == (2, "")
    assert "has changed since it was written" in err


def test_a_group_is_shown(recsyn: Callable[..., tuple[int, str, str]], mine: Path) -> None:
    code, out, _ = recsyn(mine, "--split", "longer", "-n", 8, "--json")
    assert code == 0
    assert {json.loads(line)["input"].count("EMPTY") for line in out.splitlines()} == {9, 10}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--split", "dep"), "did you mean `deep`?"),
        (("--rows", "trian=3", "--out", "x"), "did you mean `train`?"),
        (("--rows", "train", "--out", "x"), "is not a split and its number of rows"),
        (("--rows", "train=x", "--out", "x"), "'x' is not a whole number"),
        (("--rows", "train=0", "--out", "x"), "one row at least"),
        (("--rows", "train=0", "--describe"), "no rows to describe"),
        (("--rows", "train=0"), "no rows of 'train' to show"),
        (("--rows", "test=3", "--split", "train"), "no rows of 'train' to show"),
        (("--rows", "trian=3"), "did you mean `train`?"),
        (("--rows", "trian=3", "--describe"), "did you mean `train`?"),
        (("--rows", "train=999999999999999999"), "more than the 1,000,000,000,000 that are made"),
        (("-n", "999999999999999999"), "more than the 1,000,000,000,000 that are made"),
        (("-n", "9" * 40), "a number of 40 digits is more than the 18 that are read"),
        (("-n", "3", "--rows", "train=3"), "not allowed with"),
        (("--split", "test", "--describe"), "`--split` is for rows that are shown"),
        (("--split", "test", "--out", "x"), "`--split` is for rows that are shown"),
        (("--unique", "--describe"), "`--unique` is for data sets that are written"),
        (("--processes", "2"), "`--processes` is for data sets that are written"),
        (("--format", "jsonl"), "`--format` is for data sets that are written"),
        (("--format", "parket"), "did you mean `parquet`?"),
        (("--out", ""), "names no folder"),
        (("--out", "mine.yaml"), "it is a file"),
        (("--plot", ""), "names no kind of plot"),
        (("--format", "parket", "--out", "x"), "did you mean `parquet`?"),
        (("--plot", "x.jpg"), "names no kind of plot"),
    ],
)
def test_wrong_arguments_give_one_message_and_2(
    recsyn: Callable[..., tuple[int, str, str]],
    mine: Path,
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = recsyn(mine, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith(("recsyn: ", "usage: "))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_a_split_of_which_rows_are_asked_for_is_shown(recsyn: Callable[..., tuple[int, str, str]], mine: Path) -> None:
    code, out, err = recsyn(mine, "--rows", "train=0,deep=3", "--json")
    assert code == 0, err
    assert out.count("\n") == 3
    assert out == recsyn(mine, "--split", "deep", "-n", 3, "--json")[1]


def test_rows_are_shown_in_portions(
    recsyn: Callable[..., tuple[int, str, str]], mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [recsyn(mine, "-n", 70)[1], recsyn(mine, "-n", 70, "--json")[1]]
    monkeypatch.setattr("recsyn.cli.data.CHUNK", 32)
    assert [recsyn(mine, "-n", 70)[1], recsyn(mine, "-n", 70, "--json")[1]] == shown
    assert len(set(shown[1].splitlines())) > 32


def test_a_data_set_is_shown_as_it_lies_there(recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    assert recsyn(mine, "--rows", "train=90,test=9", "--seed", 4, "--unique", "--out", folder)[0] == 0
    for options, name in (((), "train"), (("--split", "test"), "test"), (("--seed", 4), "train")):
        rows = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
        shown = [json.loads(line) for line in recsyn(folder, *options, "--json")[1].splitlines()]
        assert shown == [{"input": row["input"], "output": row["output"]} for row in rows]
    code, out, _ = recsyn(folder)
    assert code == 0
    assert "the first 5 of 90 rows" in out
    assert sum(int(line.split()[1]) for line in out.partition("recursion_depth  rows")[2].splitlines()[1:]) == 90
    code, out, err = recsyn(folder, "--split", "deep")
    assert (code, out) == (2, "")
    assert "holds no rows of 'deep'" in err
    for options in (("--seed", 3), ("--seed", 3, "--describe")):
        code, out, err = recsyn(folder, *options)
        assert (code, out) == (2, "")
        assert "are those of the seed 4" in err
    assert recsyn(folder, "--seed", 3, "-n", 5)[0] == 0
    with (folder / "train.jsonl").open("a") as file:
        file.write("{}\n")
    code, out, err = recsyn(folder)
    assert (code, out) == (2, "")
    assert "has changed since it was written" in err


def test_what_was_written_is_described_at_once(recsyn: Callable[..., tuple[int, str, str]], mine: Path, tmp_path: Path) -> None:
    code, out, err = recsyn(mine, "-n", 60, "--unique", "--out", tmp_path / "one", "--describe")
    assert code == 0, err
    written, described = out.split("data set: ")
    assert "no two splits share an input" in written
    assert described.partition("\n")[2] == recsyn(tmp_path / "one", "--describe")[1]
    code, out, _ = recsyn(mine, "-n", 60, "--unique", "--out", tmp_path / "two", "--describe", "--json")
    assert json.loads(out)["description"] == json.loads(recsyn(tmp_path / "two", "--describe", "--json")[1])
    assert "description" not in json.loads(recsyn(mine, "-n", 60, "--out", tmp_path / "three", "--json")[1])


@pytest.mark.parametrize("name", ["[/b]", "a $x^{$ b", "树 → 列", "one\n\n# two"])
def test_a_task_may_have_any_name(recsyn: Callable[..., tuple[int, str, str]], tmp_path: Path, name: str) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "mine.yaml"
    path.write_text(TASK.replace("task:", f"task:\n  name: {json.dumps(name)}", 1), "utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for plot in ("plot.svg", "plot.png"):
            code, out, err = recsyn(path, "-n", 20, "--out", tmp_path / "set", "--plot", tmp_path / plot)
            assert code == 0, err
    title = " ".join(name.split())
    assert f"{title}: no two splits share an input\n" in out
    assert err.startswith(title)
    assert f"\n\n# {title}\n\n" in (tmp_path / "set" / "README.md").read_text("utf-8")
    assert title in (tmp_path / "plot.svg").read_text("utf-8")


def test_a_task_that_is_not_there(recsyn: Callable[..., tuple[int, str, str]]) -> None:
    for name in ("", "a" * 5_000):
        code, out, err = recsyn(name)
        assert (code, out) == (2, "")
        assert err.startswith("recsyn: there is no task ")
        assert len(err) < 500


def test_a_folder_hides_no_preset_unless_it_holds_a_data_set(
    recsyn: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sorting").mkdir()
    code, out, err = recsyn("sorting", "-n", 3)
    assert code == 0, err
    assert "sorting: the first 3 of 3 rows" in out
    assert recsyn("inorder", "--rows", "test=4", "--out", "sorting")[0] == 0
    assert "inorder: the first 4 of 4 rows" in recsyn("sorting")[1]


@pytest.mark.parametrize("value", ["2020-99-99", "9" * 5_000, "!!int ''", "!!timestamp x", "0x" + "f" * 5_000])
def test_yaml_that_python_cannot_hold_is_refused(recsyn: Callable[..., tuple[int, str, str]], tmp_path: Path, value: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TASK.replace("task:", f"task:\n  name: {value}", 1))
    code, out, err = recsyn(path)
    assert (code, out) == (2, "")
    assert re.match("recsyn: .*(holds a value that is not what it looks like|is an integer of 20,000 bits, not a text)", err)
    assert len(err) < 500


def test_long_texts_stay_on_one_line(recsyn: Callable[..., tuple[int, str, str]], mine: Path) -> None:
    """Inputs of up to 19 constructors, answers of a thousand tokens, and more groups than there is room for."""
    text = TASK.replace("output: flat", "output: flat\n  asks: trace")
    groups = "".join(f"      a_group_with_a_name_{n}: size = {2 * n + 3}\n" for n in range(6))
    mine.write_text(text.replace("    groups:\n", f"    groups:\n{groups}"))
    code, out, err = recsyn(mine, "-n", 40, "--describe")
    assert code == 0, err
    assert max(map(len, out.splitlines())) == 132
    firsts = out.partition("the first rows\n")[2].splitlines()[1:]
    assert len(firsts) == 5 + 4 * 10
    assert sum("…" in line for line in firsts) > 10
    for line in out.partition("rows by size\n")[2].partition("rows by")[0].splitlines():
        assert not line.strip() or not set(line) <= {" ", "█"}
    shown = recsyn(mine, "-n", 40)[1].partition("rows by")[0].splitlines()
    assert len(shown) == 7


def test_a_folder_without_a_data_set_says_so(recsyn: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    code, out, err = recsyn(tmp_path)
    assert (code, out) == (2, "")
    assert "holds no data set" in err


def test_the_commands_of_the_documentation(
    recsyn: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("pyarrow", "matplotlib"):
        pytest.importorskip(package)
    text = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text("utf-8").partition("## Data sets")[2]
    (block,) = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    monkeypatch.chdir(tmp_path)
    for line in block.splitlines():
        program, verb, *arguments = shlex.split(line, comments=True)
        assert (program, verb) == ("recsyn", "data")
        code, _, err = recsyn(*arguments)
        assert code == 0, f"{line}\n{err}"
    assert contents(Path("runs/inorder")) == contents(Path("runs/again"))
    assert {path.name for path in Path("runs").iterdir()} == {"inorder", "few", "parquet", "again", "inorder.svg"}
