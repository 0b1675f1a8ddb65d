"""Rows as they stand in files: texts and features, as JSON lines or as Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from recsyn.data.features import Columns, features
from recsyn.data.generation import Sequences, generate
from recsyn.data.rows import Rows
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import SPECIAL
from recsyn.errors import RecsynError, extra
from recsyn.lang.diagnostics import nearest
from recsyn.values import Datum

CHUNK = 4_096
"""Rows that are made, written and read together."""


@dataclass(frozen=True, eq=False)
class Records:
    """Tokens with a space between them, which none of them holds, and features, each ``int64 [n]``. ``inputs`` are what a model
    reads; where that is lines of reductions, ``starts`` are the function's inputs, with which these began."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    features: Columns
    starts: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.inputs)

    @property
    def values(self) -> tuple[str, ...]:
        """The function's inputs."""
        return self.inputs if self.starts is None else self.starts

    def only(self, places: Sequence[int]) -> Records:
        """Some of them."""
        columns = {name: column[list(places)] for name, column in self.features.items()}
        return Records.of({name: [column[p] for p in places] for name, column in self.texts.items()}, columns)

    @property
    def texts(self) -> dict[str, tuple[str, ...]]:
        """The columns of texts, by the names that they have in files."""
        starts = {} if self.starts is None else {"start": self.starts}
        return {"input": self.inputs, "output": self.outputs, **starts}

    @staticmethod
    def of(texts: Mapping[str, Sequence[str]], features: Columns) -> Records:
        """The records with these columns."""
        starts = texts.get("start")
        return Records(tuple(texts["input"]), tuple(texts["output"]), features, None if starts is None else tuple(starts))


def records_of(task: Task, rows: Rows) -> Records:
    """The records of rows."""
    return _as_texts(task, rows.inputs, rows.source.tolist(), rows.target.tolist(), task.features(rows.inputs, rows.outputs))


def generated(task: Task, n: int, seed: int, split: str, first: int = 0) -> Records:
    """The records of the ``n`` rows of a split from the index ``first`` on (see :func:`recsyn.data.generation.generate`)."""
    rows = generate(task, n, seed, split, first)
    # Without the end of a source, and the start and the end of a target.
    lengths = rows.source.lengths - 1, rows.target.lengths - 2
    columns = features(task.space, rows.inputs, *lengths, task.function.program, task.own_features)
    return _as_texts(task, rows.inputs, _apart(rows.source), _apart(rows.target), columns)


def _as_texts(
    task: Task, inputs: Iterable[Datum], sources: Iterable[list[int]], targets: Iterable[list[int]], columns: Columns
) -> Records:
    tokens = task.vocabulary.tokens

    def texts(sequences: Iterable[list[int]]) -> tuple[str, ...]:
        return tuple(" ".join([tokens[n] for n in row if n >= len(SPECIAL)]) for row in sequences)

    starts = tuple(" ".join(task.input_codec.encode(value)) for value in inputs) if task.asks_of_lines else None
    return Records(texts(sources), texts(targets), columns, starts)


def _apart(sequences: Sequences) -> Iterator[list[int]]:
    tokens, starts = sequences.tokens.tolist(), sequences.starts.tolist()
    return (tokens[start:end] for start, end in pairwise(starts))


class Format(Protocol):
    """A kind of file that holds records. The same records in the same portions give the same bytes."""

    @property
    def suffix(self) -> str: ...

    def writing(self, path: Path) -> AbstractContextManager[Callable[[Records], None]]:
        """What takes one portion of a file after another."""
        ...

    def read(self, path: Path) -> Iterator[Records]:
        """The records of a file, in portions."""
        ...


class JsonLines:
    """One object a line: ``input``, ``output``, ``start`` where there is one, and ``features``."""

    suffix = "jsonl"

    @contextmanager
    def writing(self, path: Path) -> Iterator[Callable[[Records], None]]:
        with path.open("wb") as file:
            yield lambda records: file.writelines(f"{line}\n".encode() for line in _lines(records))

    def read(self, path: Path) -> Iterator[Records]:
        with path.open("rb") as file:
            while lines := list(islice(file, CHUNK)):
                rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
                features = {name: [row["features"][name] for row in rows] for name in rows[0]["features"]}
                texts = {name: [row[name] for row in rows] for name in rows[0] if name != "features"}
                yield _records(texts, features)


class Parquet:
    """Columns ``input``, ``output``, ``start`` where there is one, and ``features``, a structure of whole numbers; one group of
    rows for each portion."""

    suffix = "parquet"

    def __init__(self) -> None:
        with extra("Parquet", "parquet"):
            import pyarrow.parquet  # noqa: F401

    @contextmanager
    def writing(self, path: Path) -> Iterator[Callable[[Records], None]]:
        import pyarrow as pa
        from pyarrow import parquet

        writer: Any = None
        with path.open("wb") as file:

            def take(records: Records) -> None:
                nonlocal writer
                table = _table(pa, records)
                writer = writer or parquet.ParquetWriter(file, table.schema, compression="zstd", version="2.6")
                writer.write_table(table, row_group_size=max(1, len(records)))

            try:
                yield take
            finally:
                if writer is not None:
                    writer.close()

    def read(self, path: Path) -> Iterator[Records]:
        from pyarrow import parquet

        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(CHUNK):
                features = batch.column("features")
                names = [field.name for field in features.type]
                columns = {name: column.to_pylist() for name, column in zip(names, features.flatten(), strict=True)}
                texts = {name: batch.column(name).to_pylist() for name in batch.schema.names if name != "features"}
                yield _records(texts, columns)


def format_named(name: str) -> Format:
    """The format of this name. Raises :class:`RecsynError` for an unknown one, and where a package is missing."""
    if name not in FORMATS:
        raise RecsynError(f"there is no format {name!r}", nearest(name, FORMATS) or f"the formats are {', '.join(FORMATS)}")
    return FORMATS[name]()


FORMATS: dict[str, Callable[[], Format]] = {"jsonl": JsonLines, "parquet": Parquet}


def _lines(records: Records) -> Iterator[str]:
    names = list(records.features)
    columns = zip(*(column.tolist() for column in records.features.values()), strict=True)
    for texts, values in zip(zip(*records.texts.values(), strict=True), columns, strict=True):
        row = {**dict(zip(records.texts, texts, strict=True)), "features": dict(zip(names, values, strict=True))}
        yield json.dumps(row, ensure_ascii=False)


def _table(pa: Any, records: Records) -> Any:
    columns = [pa.array(column) for column in records.features.values()]
    texts = {name: pa.array(column, pa.string()) for name, column in records.texts.items()}
    return pa.table({**texts, "features": pa.StructArray.from_arrays(columns, list(records.features))})


def _records(texts: Mapping[str, Sequence[str]], features: dict[str, list[int]]) -> Records:
    return Records.of(texts, {name: np.array(column, dtype=np.int64) for name, column in features.items()})
