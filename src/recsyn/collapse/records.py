"""Records of a study: one row for each chain, generation and metric, as pandas and polars read them.

The columns are ``study``, one for each axis, ``chain``, ``generation``, ``metric`` and ``value``; a row of the metric ``collapsed``
also has a ``cause``, which is empty in all others: so that every row has every column, and every column one type.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from recsyn.collapse.outcome import Outcome
from recsyn.errors import RecsynError, extra, quoted

KINDS = (".parquet", ".jsonl")


def write_records(path: Path, study: str, outcomes: Sequence[Outcome]) -> None:
    """Write them as Parquet or JSON lines, by the ending of the name; whole or not at all. Values that are none are left out in
    JSON lines, and NaN in Parquet. Raises :class:`RecsynError`."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    writers = {".parquet": _parquet, ".jsonl": _lines}
    if path.suffix not in writers:
        raise RecsynError(f"records are not written as {quoted(path.name)}", f"its name ends in {' or '.join(KINDS)}")
    try:
        writers[path.suffix](draft, study, outcomes)
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise RecsynError(f"{str(path)!r} cannot be written: {error.strerror or error}") from None


def _columns(study: str, outcome: Outcome) -> Iterator[tuple[dict[str, Any], dict[str, np.ndarray]]]:
    """What is the same in a run of rows, and the columns that differ."""
    same = {"study": study, **outcome.point}
    for metric, values in outcome.values.items():
        numbers = np.arange(len(values)) if outcome.numbers is None else np.array(outcome.numbers)
        chain, generation = np.meshgrid(numbers, np.arange(values.shape[1]), indexing="ij")
        known = ~np.isnan(values)
        different = {"chain": chain[known], "generation": generation[known] + 1, "value": values[known]}
        yield {**same, "metric": metric, "cause": ""}, different
    for each in outcome.collapses:
        one = {"chain": np.array([each.chain]), "generation": np.array([each.generation]), "value": np.ones(1)}
        yield {**same, "metric": "collapsed", "cause": each.cause}, one


def _lines(path: Path, study: str, outcomes: Sequence[Outcome]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for outcome in outcomes:
            for same, different in _columns(study, outcome):
                for chain, generation, value in zip(*(column.tolist() for column in different.values()), strict=True):
                    row = {**same, "chain": chain, "generation": generation, "value": value if isfinite(value) else None}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _parquet(path: Path, study: str, outcomes: Sequence[Outcome]) -> None:
    with extra("records as Parquet", "parquet"):
        import pyarrow as pa
        from pyarrow import parquet
    axes = list(dict.fromkeys(axis for outcome in outcomes for axis in outcome.point))
    names = pa.dictionary(pa.int32(), pa.string())
    fields = [(name, names) for name in ("study", *axes)]
    fields += [
        ("chain", pa.int64()),
        ("generation", pa.int64()),
        ("metric", names),
        ("value", pa.float64()),
        ("cause", pa.string()),
    ]
    schema = pa.schema(fields)
    with parquet.ParquetWriter(path, schema) as writer:
        for outcome in outcomes:
            tables = [_table(pa, schema, same, different) for same, different in _columns(study, outcome)]
            if tables:
                writer.write_table(pa.concat_tables(tables).unify_dictionaries())


def _table(pa: Any, schema: Any, same: Mapping[str, Any], different: Mapping[str, np.ndarray]) -> Any:
    count = len(different["value"])
    columns = []
    for field in schema:
        if field.name in different:
            columns.append(pa.array(different[field.name], field.type))
        elif pa.types.is_dictionary(field.type):
            columns.append(pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([same.get(field.name)])))
        else:
            columns.append(pa.array([same.get(field.name)] * count, field.type))
    return pa.table(columns, schema=schema)
