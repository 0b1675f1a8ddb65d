"""Configurations by name and by file: what is neither is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsyn.data.configurations import Shelf
from recsyn.errors import RecsynError

SHELF = Shelf("task", "presets")
LONG = "a" * 400


@pytest.mark.parametrize("name", ["mine", "mine.yaml"])
def test_a_folder_is_no_configuration(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(RecsynError, match=r"is a folder, and a task is a YAML file\n.*name a YAML file in it"):
        SHELF.read(str(tmp_path / name))


def test_what_ships_is_found_beside_a_folder_of_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inorder").mkdir()
    monkeypatch.chdir(tmp_path)
    assert SHELF.read("inorder").content["task"]["function"] == "inorder"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("inordr", "there is no task 'inordr'\n.*'inorder'"),
        ("my.yaml", "there is no file"),
        (LONG, "there is no task 'a+[.]+a+'\n"),
        (f"{LONG}.yaml", "cannot be read: File name too long"),
    ],
)
def test_what_is_not_there_is_said_in_few_words(name: str, said: str) -> None:
    with pytest.raises(RecsynError, match=said):
        SHELF.read(name)
