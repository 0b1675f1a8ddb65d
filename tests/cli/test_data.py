"""``recsyn data``: what it shows, writes, describes, and says to bad input."""

from __future__ import annotations

import json
import re
import shlex
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
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


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
