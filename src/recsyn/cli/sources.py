"""Which files a list of files and folders stands for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from recsyn.errors import RecsynError


def source_files(paths: Sequence[str]) -> list[Path]:
    """The files named, and for each folder all source files in it and below, but for hidden ones, in alphabetical order; none
    twice. A file that does not exist is left for its reader to report. Raises :class:`RecsynError` for a folder without any."""
    found: dict[Path, Path] = {}
    for path in map(Path, paths):
        for file in _below(path) if os.path.isdir(path) else [path]:
            found.setdefault(file.absolute(), file)
    return list(found.values())


def _below(folder: Path) -> list[Path]:
    files = sorted(f for f in folder.rglob("*.rec") if f.is_file() and not _hidden(f.relative_to(folder)))
    if not files:
        raise RecsynError(f"the folder {str(folder)!r} holds no source file", "source files end in `.rec`")
    return files


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
