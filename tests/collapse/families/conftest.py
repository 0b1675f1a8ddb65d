"""A small text of two kinds of document, so that both halves of it are known."""

from __future__ import annotations

from pathlib import Path

import pytest

TRAINING = "the cat sat on the mat and the dog sat on the cat, and all sat.\n"
HELD_OUT = "a dog and a cat sat on mats; the mats sat on the dog!\n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Documents of one half and of the other by turns, apart by empty lines."""
    path = tmp_path / "animals.txt"
    path.write_text("\n".join([TRAINING, HELD_OUT] * 30), encoding="utf-8")
    return path
