"""Data sets as files: JSON lines for each split, and the configuration that makes them again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from recsyn.data.rows import SPLITS, Rows, generate
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.values import show

CONFIG = "recsyn.json"


def write_dataset(task: Task, folder: str | Path, sizes: Mapping[str, int], seed: int) -> list[Path]:
    """Write ``sizes[split]`` rows of each split to ``folder/split.jsonl``, and the configuration beside them. Each file is written
    whole or not at all. Raises :class:`RecsynError` where the distribution is empty or the folder cannot be written."""
    rows = {split: generate(task, sizes[split], seed, split) for split in SPLITS if sizes.get(split)}
    _check_disjoint(rows)
    target = Path(folder)
    config = {"format": 1, "seed": seed, "rows": {split: len(r) for split, r in rows.items()}, "task": task.to_config()}
    try:
        target.mkdir(parents=True, exist_ok=True)
        written = [_write(target / f"{split}.jsonl", _lines(task, r)) for split, r in rows.items()]
        return [*written, _write(target / CONFIG, [json.dumps(config, indent=2, ensure_ascii=False)])]
    except OSError as error:
        raise RecsynError(f"the data set cannot be written to {str(folder)!r}: {error.strerror or error}") from None


def _check_disjoint(rows: Mapping[str, Rows]) -> None:
    seen: dict[Any, str] = {}
    for split, part in rows.items():
        for value in part.inputs:
            if seen.setdefault(value, split) != split:
                raise AssertionError(f"{show(value)} is in {seen[value]} and in {split}")


def _lines(task: Task, rows: Rows) -> Iterator[str]:
    columns = task.features(rows.inputs, rows.outputs)
    for index, (value, output) in enumerate(zip(rows.inputs, rows.outputs, strict=True)):
        row = {
            "input": " ".join(task.input_codec.encode(value)),
            "output": " ".join(task.output_codec.encode(output)),
            "features": {name: int(column[index]) for name, column in columns.items()},
        }
        yield json.dumps(row, ensure_ascii=False)


def _write(path: Path, lines: Any) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
