"""Texts: of Python's documentation, and of files."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsyn.collapse.families.texts import DOCUMENTATION, UNKNOWN, corpus, documents_of
from recsyn.errors import RecsynError

pytestmark = pytest.mark.filterwarnings("error")


def test_the_documentation_of_python_is_always_there() -> None:
    documents = documents_of(DOCUMENTATION, None)
    assert sum(map(len, documents)) > 1_500_000
    assert len(set(documents)) == len(documents)
    assert json.__doc__ is not None
    for known in (json.__doc__.strip()[:60], 'The "assert" statement'):
        assert any(document.startswith(known) for document in documents)
    # Programs in the library's folder that are no part of it.
    assert not any("Simple text browser for IDLE" in document for document in documents)


def test_gathering_it_runs_none_of_its_modules() -> None:
    """``this`` and ``antigravity`` would print and open a browser."""
    code = """if True:
        import sys
        from hashlib import sha256
        from recsyn.collapse.families.texts import documents_of
        found = documents_of("documentation", None)
        run = {"this", "antigravity", "tkinter", "turtle"} & set(sys.modules)
        print(sha256("\\0".join(found).encode()).hexdigest(), *sorted(run))
    """
    env = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"}
    told = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.split() == [sha256("\0".join(documents_of(DOCUMENTATION, None)).encode()).hexdigest()]


def test_documents_go_to_the_halves_by_turns(text: Path) -> None:
    found = corpus(str(text), None, "character", 100)
    training, held_out = ("".join(found.vocabulary[n] for n in half) for half in (found.training, found.held_out))
    assert training == "\n\n".join(["the cat sat on the mat and the dog sat on the cat, and all sat."] * 30)
    # What the vocabulary, which is that of the training half, lacks is one token.
    assert held_out.startswith(f"a dog and a cat sat on mats{UNKNOWN} the mats sat on the dog{UNKNOWN}")
    assert found.vocabulary[0] == UNKNOWN


def test_words(text: Path) -> None:
    found = corpus(str(text), None, "word", 100)
    words = [found.vocabulary[n] for n in found.training[:17]]
    assert " ".join(words) == "the cat sat on the mat and the dog sat on the cat , and all sat"
    assert [found.vocabulary[n] for n in found.held_out[:8]] == [UNKNOWN, "dog", "and", UNKNOWN, "cat", "sat", "on", UNKNOWN]
    few = corpus(str(text), None, "word", 4)
    assert set(few.vocabulary) == {UNKNOWN, "the", "sat", "and"}
    assert (few.training == 0).mean() > 0.3


def test_a_single_document_is_cut_in_two(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("abab" * 10 + "cdcd" * 10)
    found = corpus(str(tmp_path / "one.txt"), None, "character", 10)
    assert found.vocabulary == (UNKNOWN, "a", "b")
    assert (found.held_out == np.zeros(40)).all()


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".parquet"])
@pytest.mark.parametrize("field", [None, "story"])
def test_records_are_documents(tmp_path: Path, suffix: str, field: str | None) -> None:
    stories = ["Once upon a time.\n\nThere was a cat.", "Später.", "The end."]
    records = [{field or "text": story, "number": n} for n, story in enumerate(stories)]
    path = tmp_path / f"stories{suffix}"
    if suffix == ".parquet":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(records), path)
    else:
        path.write_text("\n".join(json.dumps(record) for record in records) + "\n\n")
    assert documents_of(str(path), field) == tuple(stories)


def test_the_digest_tells_texts_apart(tmp_path: Path) -> None:
    digests = set()
    for name, content in (
        ("a", "one\n\ntwo"),
        ("b", "one\n\ntwo\n\nthree"),
        ("c", "one two"),
        ("d", "one\n\ntwo"),
        ("e", "onetwo"),
    ):
        (tmp_path / f"{name}.txt").write_text(content)
        digests.add(corpus(str(tmp_path / f"{name}.txt"), None, "character", 50).digest)
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("name", "content", "field", "message"),
    [
        ("none.txt", None, None, "there is no file"),
        ("none.parquet", None, None, "there is no file"),
        ("empty.txt", "\n \n\n", None, "there is no text in"),
        ("plain.txt", "words", "text", "is plain text, which has no field 'text'"),
        ("broken.jsonl", '{"text": "a"}\n{"text": \n', None, "line 2 of"),
        ("numbers.jsonl", '{"text": 3}', None, "line 1 of"),
        ("list.jsonl", "[1]", None, "there is no text in it at all"),
        ("other.jsonl", '{"story": "a", "title": "b"}', "stori", "did you mean `story`?"),
        ("fields.jsonl", '{"story": "a", "title": "b"}', None, "give `field`, one of story, title"),
        ("broken.parquet", "PAR1 and nothing more", None, "cannot be read as Parquet"),
    ],
)
def test_texts_that_cannot_be_had_are_refused(tmp_path: Path, name: str, content: Any, field: Any, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(RecsynError) as refusal:
        documents_of(str(tmp_path / name), field)
    assert message in str(refusal.value)


def test_columns_without_text_are_refused(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pa.table({"number": [1], "story": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(RecsynError, match="give `field`, one of story"):
        documents_of(str(tmp_path / "a.parquet"), "number")


def test_the_documentation_has_no_fields() -> None:
    with pytest.raises(RecsynError, match="has no fields"):
        documents_of(DOCUMENTATION, "text")
