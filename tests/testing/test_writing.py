"""Files that a campaign writes are refused before it runs, where they could not be written after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from recsyn.errors import RecsynError
from recsyn.testing.writing import check_writable, write_text


def test_what_is_there_stays_and_nothing_is_left_behind(tmp_path: Path) -> None:
    kept = write_text(tmp_path / "kept", "mine é", "a file")
    check_writable(kept, "the report")
    check_writable(tmp_path / "new", "the report")
    assert kept.read_text("utf-8") == "mine é"
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.parametrize("name", ["", "missing/new", "file/new"])
def test_what_could_not_be_written_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    for attempt in (lambda path: check_writable(path, "the report"), lambda path: write_text(path, "", "the report")):
        with pytest.raises(RecsynError, match="the report cannot be written to"):
            attempt(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
