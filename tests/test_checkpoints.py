"""The models that ship in ``checkpoints/``: each is what the preset of its name trains, and does what its card says."""

from __future__ import annotations

import json
import re
import shlex
from math import comb
from pathlib import Path

import pytest

pytest.importorskip("torch")

import recsyn
from recsyn.cli.main import main
from recsyn.data.experiments import load_experiment
from recsyn.data.rows import generate
from recsyn.neural.architecture import Architecture
from recsyn.neural.checkpoint import load
from recsyn.neural.recipe import Recipe

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(path.parent for path in (ROOT / "checkpoints").glob("*/config.json"))
PAGE = (ROOT / "checkpoints" / "README.md").read_text("utf-8")
ROWS = 200
FRESH = 20_261
"""A seed that no training, and no evaluation in a card, has used."""
IMPOSSIBLE = 1e-6


def at_most(many: int, rows: int, share: float) -> float:
    """The chance that at most so many of these rows are right, each with such a chance."""
    return sum(comb(rows, k) * share**k * (1 - share) ** (rows - k) for k in range(many + 1))


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_every_checkpoint_has_its_row_on_the_page() -> None:
    shown = re.findall(r"^\| \[`([\w-]+)`\]", PAGE, re.MULTILINE)
    assert shown == [path.name for path in FOLDERS]
    assert len(shown) >= 5
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert sorted(re.search(r"^CHECKPOINTS := (.*)$", makefile, re.MULTILINE)[1].split()) == shown


def test_it_is_small(folder: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    assert sum(sizes.values()) < 5_000_000
    assert sizes["metrics.json"] < 250_000


def test_it_is_what_its_preset_trains(folder: Path) -> None:
    checkpoint = load(folder)
    preset, own = load_experiment(folder.name), load_experiment(str(folder / "experiment.yaml"))
    assert (
        checkpoint.task.to_config()
        == preset.task.to_config()
        == {**own.task.to_config(), "program": checkpoint.task.to_config()["program"]}
    )
    assert checkpoint.architecture == Architecture.from_config(preset.model) == Architecture.from_config(own.model)
    assert checkpoint.recipe == Recipe.from_config(preset.training) == Recipe.from_config(own.training)
    assert len(checkpoint.metrics["losses"]) == checkpoint.recipe.steps


def test_it_does_what_its_card_says(folder: Path) -> None:
    model = recsyn.load_model(folder)
    said = model.checkpoint.metrics["held_out"]
    card = (folder / "README.md").read_text("utf-8")
    assert f"on {said['rows']:,} held-out rows: **{said['exact_match']:.2%}**" in card
    assert f"| {said['exact_match']:.1%} |" in row_of(folder)
    assert ("recsyn eval FOLDER --emulate" in card) == model.checkpoint.task.emulates
    rows = generate(model.checkpoint.task, ROWS, FRESH, "test")
    right = int(model.correct(rows.inputs, rows.outputs).sum())
    assert at_most(right, ROWS, said["low"]) > IMPOSSIBLE
    assert at_most(ROWS - right, ROWS, 1 - said["high"]) > IMPOSSIBLE


def row_of(folder: Path) -> str:
    return next(line for line in PAGE.splitlines() if line.startswith(f"| [`{folder.name}`]"))


def rules_found(capsys: pytest.CaptureFixture[str], folder: Path, crashes: Path, *flags: str) -> list[str]:
    main(["fuzz", str(folder), "--json", "--crashes", str(crashes), *flags])
    findings = json.loads(capsys.readouterr().out)["findings"]
    return [found["rule"] for found in findings if found["rule"] and (found["precision"] or 0) >= 0.9]


def test_the_weakness_of_the_successor_is_the_one_on_the_page(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = ROOT / "checkpoints" / "successor-reverse"
    assert row_of(folder).endswith("| `recursion_depth >= 6` |")
    assert rules_found(capsys, folder, tmp_path, "--max-examples", "1000") == ["recursion_depth >= 6"]


@pytest.mark.slow
def test_the_page_has_the_rules_that_campaigns_find(folder: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    within, _, beyond = row_of(folder).split("|")[-2].partition("with `--max-size 21`:")
    assert rules_found(capsys, folder, tmp_path) == re.findall("`(.*?)`", within)
    if beyond:
        assert rules_found(capsys, folder, tmp_path, "--max-size", "21") == re.findall("`(.*?)`", beyond)


def test_rows_beyond_training_are_what_the_page_on_models_says(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    (command,) = re.findall("^recsyn (eval .*--distribution .*)$", page, re.MULTILINE)
    words = shlex.split(command)
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["exact_match"] == 0
    groups = report["by"][words[-1]]
    assert [(group["least"], group["greatest"]) for group in groups] == [(18, 20), (20, 22), (24, 26)]
    assert min(group["rows"] for group in groups) > 100


def test_models_of_one_round_run_whole_evaluations(capsys: pytest.CaptureFixture[str]) -> None:
    rounds = [path for path in FOLDERS if load_experiment(path.name).task.asks == "rounds"]
    assert rounds
    for path in rounds:
        assert main(["eval", str(path), "--emulate", "-n", "50"]) == 0
        value = re.search(r"inputs whose value is right +50 +([\d.]+)%", capsys.readouterr().out)
        assert float(value[1]) > 90
