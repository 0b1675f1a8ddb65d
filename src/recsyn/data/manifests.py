"""What a data set says of itself: to recsyn, which makes it again from that and knows its data files by their hashes; and to
readers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from recsyn.data.markdown import fenced, on_one_line, table
from recsyn.data.records import format_named
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError

MANIFEST, CARD = "recsyn.json", "README.md"
_VERSION = 2
_PART: dict[str, Callable[[Any], Any]] = {"file": str, "rows": int, "distinct": int, "bytes": int, "sha256": str}
_SIZE_CATEGORIES = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**30, "n>1B"),
)
_LINES = "`input` and `output` are neighbouring lines of the function's reduction on `start`. Those of two inputs may be the same."


@dataclass(frozen=True)
class Part:
    """One split of a data set: its file, its rows, how many of their inputs are different ones, bytes, and SHA-256."""

    split: str
    file: str
    rows: int
    distinct: int
    bytes: int
    sha256: str

    @property
    def duplicates(self) -> int:
        """Rows whose input an earlier row of the split has."""
        return self.rows - self.distinct


@dataclass(frozen=True, eq=False)
class Manifest:
    """What a data set was made from, and what came of it."""

    task: Task
    seed: int
    format: str
    parts: tuple[Part, ...]
    unique: bool = False
    """Whether inputs that a split has already were passed over."""

    @property
    def sizes(self) -> dict[str, int]:
        return {part.split: part.rows for part in self.parts}

    def to_json(self) -> dict[str, Any]:
        """As data, its own hash at the end."""
        parts = {p.split: {n: getattr(p, n) for n in _PART} for p in self.parts}
        return _sealed(
            {
                "format": _VERSION,
                "recsyn": metadata.version("recsyn"),
                "seed": self.seed,
                "unique": self.unique,
                "files": self.format,
                "splits": parts,
                "task": self.task.to_config(),
            }
        )

    @staticmethod
    def from_json(data: Any) -> Manifest:
        """The manifest that was written. Raises :class:`RecsynError` for what is none."""
        try:
            if data["format"] != _VERSION:
                raise RecsynError(
                    f"the data set has format {data['format']!r}, and this recsyn reads {_VERSION}", "write it again from its task"
                )
            if _sealed(data)["sha256"] != data["sha256"]:
                raise RecsynError(f"its {MANIFEST} has changed since it was written", "write the data set again from its task")
            task, suffix = task_from_config(data["task"]), format_named(data["files"]).suffix
            parts = tuple(
                Part(split, **{name: kind(part[name]) for name, kind in _PART.items()}) for split, part in data["splits"].items()
            )
            for part in parts:
                task.splits.check(part.split)
                if part.file != f"{part.split}.{suffix}":
                    raise TypeError
            return Manifest(task, int(data["seed"]), data["files"], parts, bool(data["unique"]))
        except (TypeError, KeyError, AttributeError, ValueError):
            raise RecsynError(f"its {MANIFEST} is not one that recsyn wrote") from None


def _sealed(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the SHA-256 of all the rest of it."""
    rest = {name: value for name, value in data.items() if name != "sha256"}
    return {**rest, "sha256": sha256(json.dumps(rest).encode()).hexdigest()}


def read_manifest(folder: str | Path) -> Manifest:
    """What the data set in a folder was made from; its files are not looked at. Raises :class:`RecsynError`."""
    path = Path(folder) / MANIFEST
    try:
        return Manifest.from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise RecsynError(
            f"{str(folder)!r} holds no data set, or one that was not written to its end", f"it has no {MANIFEST}"
        ) from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise RecsynError(f"{str(path)!r} cannot be read: {error}") from None
    except ValueError:  # What Python says of a number of thousands of digits.
        raise RecsynError(f"{str(path)!r} is not one that recsyn wrote: it holds a number of thousands of digits") from None
    except RecsynError as error:
        raise RecsynError(f"{str(folder)!r}: {error.message}", error.hint) from None


def card(manifest: Manifest) -> str:
    """The data set's README: what Hugging Face's ``datasets`` reads of it, then what people do. It is theirs to go on with: no hash
    is kept of it."""
    task, total = manifest.task, sum(manifest.sizes.values())
    front = {
        "pretty_name": on_one_line(task.name),
        "tags": ["recsyn", "synthetic", "structural-recursion"],
        "size_categories": [next(name for most, name in _SIZE_CATEGORIES if total < most)],
        "configs": [{"config_name": "default", "data_files": [{"split": p.split, "path": p.file} for p in manifest.parts]}],
    }
    shared = "a `start`" if task.asks_of_lines else "an input"
    shapes = ", and no two of train, validation and test a shape" if task.splits.by == "shape" else ""
    groups = {group.name: f"held out: `{on_one_line(group.where.text)}`" for group in task.splits.groups}
    lines = [
        f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---",
        f"# {on_one_line(task.name)}",
        f"What the function `{task.function.name}` gives for inputs drawn by recsyn {metadata.version('recsyn')}, "
        f"as tokens with a space between them, and the features of each input.",
        table(
            ("split", "rows", "different inputs", ""),
            "lrrl",
            [(p.split, f"{p.rows:,}", f"{p.distinct:,}", groups.get(p.split, "")) for p in manifest.parts],
        ),
        *([_LINES] if task.asks_of_lines else []),
        f"No two splits share {shared}{shapes}; this was checked when they were written.",
        f"`{MANIFEST}` holds the configuration and the SHA-256 of every data file; "
        "`recsyn data FOLDER --out NEW` makes them again.",
        fenced(task.program_source),
    ]
    return "\n\n".join(lines) + "\n"
