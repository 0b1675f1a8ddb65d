"""Texts as tokens, of which one half is trained on and the other left out.

A text is a list of documents. That of recsyn is what stands in every Python: the docstrings of the standard library, read from its
sources without running them, and the topics of ``help()``. A user's own is a file: JSON lines or Parquet, a document in a field of
each record, or else plain text, whose documents are apart by an empty line.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sysconfig
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from recsyn.collapse.family import Array
from recsyn.errors import RecsynError, extra, quoted
from recsyn.lang.diagnostics import nearest
from recsyn.lang.source import read_source

DOCUMENTATION = "documentation"
"""The name of the text that is always there."""
UNKNOWN = "\ufffd"
"""The token of all characters and words that are not in the vocabulary; its number is 0."""
UNITS = ("character", "word")

_LEFT_OUT = {"test", "tests", "idle_test", "idlelib", "lib2to3", "turtledemo", "ensurepip", "site-packages", "dist-packages"}
_BETWEEN = "\n\n"
_WORD = re.compile(r"\w+|[^\w\s]|\n")
_JSON_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class Corpus:
    """``vocabulary`` has the tokens by number; ``training`` and ``held_out`` are the two halves, int32[tokens]; ``digest`` differs
    where the text does."""

    vocabulary: tuple[str, ...]
    training: Array
    held_out: Array
    digest: str


@lru_cache(maxsize=4)
def corpus(text: str, field: str | None, unit: str, vocabulary: int) -> Corpus:
    """A text as characters or words. ``text`` is a file or :data:`DOCUMENTATION`, ``field`` that of its records; ``vocabulary`` is
    how many tokens are kept apart, the most frequent ones of the training half. Documents belong to the halves by turns; a single
    one is cut in two. Raises :class:`RecsynError` for a text that cannot be had."""
    documents = documents_of(text, field)
    halves = _BETWEEN.join(documents[0::2]), _BETWEEN.join(documents[1::2])
    if len(documents) == 1:
        middle = len(documents[0]) // 2
        halves = documents[0][:middle], documents[0][middle:]
    digest = sha256("\0".join(documents).encode("utf-8", "surrogatepass")).hexdigest()[:16]
    training, held_out = (list(half) if unit == "character" else _WORD.findall(half) for half in halves)
    # Of tokens as frequent as each other the first in the alphabet: the order of a set must not matter.
    frequent = sorted(Counter(training).items(), key=lambda token: (-token[1], token[0]))[: vocabulary - 1]
    tokens = (UNKNOWN, *(token for token, _ in frequent if token != UNKNOWN))
    numbers = {token: number for number, token in enumerate(tokens)}
    ids = [np.array([numbers.get(token, 0) for token in half], np.int32) for half in (training, held_out)]
    return Corpus(tokens, ids[0], ids[1], digest)


def documents_of(text: str, field: str | None) -> tuple[str, ...]:
    """Raises :class:`RecsynError` where there are none."""
    if text == DOCUMENTATION:
        if field is not None:
            raise RecsynError(f"the text {DOCUMENTATION} has no fields, and {quoted(field)} is asked for", "leave `field` out")
        return _documentation()
    suffix = Path(text).suffix.lower()
    if suffix == ".parquet":
        found = _of_parquet(text, field or "text")
    elif suffix in _JSON_LINES:
        found = _of_json_lines(text, field or "text")
    else:
        if field is not None:
            raise RecsynError(f"{text!r} is plain text, which has no field {quoted(field)}", "leave `field` out")
        found = re.split(r"\n\s*\n", read_source(text).text)
    documents = tuple(document for document in found if document.strip())
    if not documents:
        raise RecsynError(f"there is no text in {text!r}", f"name another file, or use the text {DOCUMENTATION}")
    return documents


def _of_json_lines(path: str, field: str) -> list[str]:
    found = []
    for number, line in enumerate(read_source(path).text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise RecsynError(f"line {number} of {path!r} is not JSON", "a file of JSON lines has one object in each") from None
        if not isinstance(record, dict) or not isinstance(record.get(field), str):
            known = [name for name, value in record.items() if isinstance(value, str)] if isinstance(record, dict) else []
            raise RecsynError(f"line {number} of {path!r} has no text in a field {field!r}", _other(field, known))
        found.append(record[field])
    return found


def _of_parquet(path: str, field: str) -> list[str]:
    with extra("Parquet", "parquet"):
        import pyarrow as pa
        from pyarrow import parquet
    try:
        with parquet.ParquetFile(path) as file:
            known = [column.name for column in file.schema_arrow if _is_text(pa, column.type)]
            if field not in known:
                raise RecsynError(f"{path!r} has no text in a column {field!r}", _other(field, known))
            column = file.read([field]).column(field)
    except FileNotFoundError:
        raise RecsynError(f"there is no file {path!r}", "check the spelling and the folder you are in") from None
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecsynError(f"{path!r} cannot be read as Parquet: {reason}") from None
    return [document for document in column.to_pylist() if document]


def _is_text(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _other(field: str, known: list[str]) -> str:
    return nearest(field, known) or (f"give `field`, one of {', '.join(known[:10])}" if known else "there is no text in it at all")


# The documentation of Python


@lru_cache(maxsize=1)
def _documentation() -> tuple[str, ...]:
    """Each text once, in the order of the sources' names; texts repeated word by word would be in both halves."""
    root = sysconfig.get_path("stdlib")
    found = [text for path in _sources(root) for text in _docstrings(path)]
    if not found:
        raise RecsynError(f"the sources of Python's standard library are not in {root!r}", "give a file of your own as `text`")
    from pydoc_data import topics

    found += [text for _, text in sorted(topics.topics.items())]
    return tuple(dict.fromkeys(found))


def _sources(root: str) -> Iterator[str]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in _LEFT_OUT and name != "__pycache__")
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".py"))


def _docstrings(path: str) -> Iterator[str]:
    try:
        module = ast.parse(Path(path).read_bytes())
    except (OSError, SyntaxError, ValueError):  # Sources of another Python, or templates.
        return
    waiting: list[ast.AST] = [module]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text and text.strip():
                yield text
        # Definitions stand in bodies only, and not in expressions, of which there are far more.
        waiting += [each for part in ("orelse", "body") for each in reversed(_statements(node, part))]


def _statements(node: ast.AST, part: str) -> list[ast.AST]:
    found = getattr(node, part, None)
    return [each for each in found if isinstance(each, ast.stmt)] if isinstance(found, list) else []
