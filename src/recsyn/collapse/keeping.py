"""What is kept of chains while they run, and of those that have ended: each in a folder of its own that is named by the hash of its
configuration, so that records of another one are never taken for it. A file is written whole or not at all.
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recsyn.collapse.chain import Generation
from recsyn.collapse.family import Array, Rows
from recsyn.collapse.outcome import Collapse
from recsyn.collapse.workflow import Lot
from recsyn.errors import RecsynError

_ENDED = "ended.npz"
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Ended:
    """Chains that have ended: ``values`` are float[chains, generations] by metric; ``shown`` rows of the first chain by generation.
    ``seconds`` is what they took."""

    values: Mapping[str, Array]
    collapses: tuple[Collapse, ...]
    shown: Mapping[int, Array]
    seconds: float


def keep_generation(folder: Path, generation: Generation) -> None:
    """Raises :class:`RecsynError` where the disk refuses."""
    made = generation.made
    parts = () if made is None else made if isinstance(made, tuple) else (made,)
    told = {
        "number": generation.number,
        "tuple": isinstance(made, tuple),
        "made": len(parts),
        "collapsed": {str(c): why for c, why in generation.collapsed.items()},
        "lot": asdict(generation.lot) if generation.lot else None,
    }
    arrays = {f"made.{i}": part for i, part in enumerate(parts)}
    arrays |= {f"score.{metric}": values for metric, values in generation.scores.items()}
    arrays |= {f"state.{name}": np.asarray(values) for name, values in generation.state.items()}
    _write(folder / _name(generation.number), told, arrays)


def kept_generations(folder: Path) -> Iterator[Generation]:
    """Those that are there, from the first on, without a gap."""
    number = 1
    while True:
        try:
            told, arrays = _read(folder / _name(number))
            parts = tuple(arrays[f"made.{i}"] for i in range(told["made"]))
            made: Rows | None = (parts if told["tuple"] else parts[0]) if parts else None
            collapsed = {int(c): str(why) for c, why in told["collapsed"].items()}
            lot = Lot(**told["lot"]) if told["lot"] else None
            yield Generation(number, _of(arrays, "score."), made, _of(arrays, "state."), collapsed, lot)
        except _DAMAGED:
            return
        number += 1


def kept_rows(folder: Path) -> Iterator[tuple[Lot, Rows]]:
    """The rows that models made, of chains that kept them (``keep_rows``), with their provenance. Real rows are found again by the
    family and their chance."""
    for generation in kept_generations(folder):
        if generation.made is not None and generation.lot is not None:
            yield generation.lot, generation.made


def keep_ended(folder: Path, ended: Ended) -> None:
    """Keep what chains came to. Raises :class:`RecsynError` where the disk refuses."""
    collapses = [[each.chain, each.generation, each.cause] for each in ended.collapses]
    arrays = {f"value.{metric}": values for metric, values in ended.values.items()}
    arrays |= {f"shown.{generation}": rows for generation, rows in ended.shown.items()}
    _write(folder / _ENDED, {"collapses": collapses, "seconds": ended.seconds}, arrays)


def kept_ended(folder: Path) -> Ended | None:
    """``None`` where chains have not ended, or what they came to is damaged."""
    try:
        told, arrays = _read(folder / _ENDED)
        collapses = tuple(Collapse(int(chain), int(number), str(cause)) for chain, number, cause in told["collapses"])
        shown = {int(generation): rows for generation, rows in _of(arrays, "shown.").items()}
        return Ended(_of(arrays, "value."), collapses, shown, float(told["seconds"]))
    except _DAMAGED:
        return None


def forget_generations(folder: Path) -> None:
    """Of chains that have ended, what only going on would need."""
    drafts = folder.glob(".generation-*.npz.*")
    for path in (*folder.glob("generation-*.npz"), *drafts):
        with suppress(OSError):
            path.unlink()


def _name(number: int) -> str:
    return f"generation-{number:04d}.npz"


def _of(arrays: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def _write(path: Path, told: Mapping[str, Any], arrays: Mapping[str, Array]) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            np.savez(file, allow_pickle=False, told=np.array(json.dumps(told)), **arrays)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise RecsynError(f"{str(path)!r} cannot be written: {error.strerror or error}", "nothing that was kept is lost") from None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Array]]:
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(str(arrays.pop("told"))), arrays
