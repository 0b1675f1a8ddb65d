"""What is kept of cells in the folder of a study: of each a checkpoint, written whole or not at all, and beside it a file with what
it made of columns, by their keys. A column that is new is judged with the checkpoint that is there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recsyn.errors import RecsynError
from recsyn.neural.checkpoint import CONFIG, Checkpoint, CheckpointError, check_place, load
from recsyn.studies.outcome import Outcome, Score
from recsyn.studies.study import Cell


@dataclass(frozen=True)
class Record:
    """A cell that was trained, and the scores of those columns that it was judged on."""

    checkpoint: Checkpoint
    scores: Mapping[str, Score]

    def outcome(self, cell: Cell) -> Outcome | None:
        """``None`` where a column is missing."""
        keys = {column.name: column.key(cell.rows, cell.whole) for column in cell.columns}
        if not set(keys.values()) <= set(self.scores):
            return None
        metrics = self.checkpoint.metrics
        scores = {name: self.scores[key] for name, key in keys.items()}
        return Outcome(scores, metrics["seconds"], tuple(metrics["devices"]))


def kept(cell: Cell, folder: Path) -> Record | None:
    """What is kept of a cell; ``None`` where that is nothing, or its checkpoint is damaged. Raises :class:`RecsynError` where
    something else lies in its place."""
    place = folder / cell.key
    if not place.exists():
        return None
    try:
        checkpoint = load(place)
    except CheckpointError:
        check_place(place)
        return None
    try:
        known = json.loads(_beside(place).read_text("utf-8"))
        scores = {key: Score.from_counts(counts) for key, counts in known["columns"].items()}
        return Record(checkpoint, scores if known["of"] == _seal(place) else {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # It is lost or damaged, and made again.
        return Record(checkpoint, {})


def keep_scores(cell: Cell, folder: Path, scores: Mapping[str, Score]) -> None:
    """Keep the scores of a cell, by the keys of columns. Raises :class:`RecsynError` where the disk refuses."""
    place = folder / cell.key
    known = {"of": _seal(place), "columns": {key: score.to_counts() for key, score in scores.items()}}
    write_whole(_beside(place), json.dumps(known, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """A file written whole or not at all. Raises :class:`RecsynError` where the disk refuses."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(path)
    except OSError as error:
        raise RecsynError(f"{str(path)!r} cannot be written: {error.strerror}") from None


def _beside(place: Path) -> Path:
    return place.with_name(f"{place.name}.json")


def _seal(place: Path) -> str:
    """What tells one checkpoint from another."""
    seal: str = json.loads((place / CONFIG).read_bytes())["seal"]
    return seal
