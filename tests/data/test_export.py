"""Data sets as folders: the same bytes always, whole or not there, and known again by their hashes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recsyn.data.export as export
from recsyn.data.describing import describe
from recsyn.data.export import read_dataset, write_dataset
from recsyn.data.features import OfValues
from recsyn.data.leaks import Leak, check_disjoint
from recsyn.data.manifests import read_manifest
from recsyn.data.records import FORMATS, Records, format_named, generated, records_of
from recsyn.data.rows import generate, rows_of
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError

SIZES = {"train": 90, "test": 12, "deep": 7}
SPLITS = {"by": "shape", "few": 4, "groups": {"deep": "recursion_depth > 4"}}


@pytest.fixture(scope="module")
def made(task: Callable[..., Task]) -> Task:
    result: Task = task("inorder", splits=SPLITS)
    return result


@pytest.fixture(params=FORMATS)
def format(request: pytest.FixtureRequest) -> str:
    if request.param == "parquet":
        pytest.importorskip("pyarrow")
    return str(request.param)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_was_written_is_read_again(made: Task, format: str, tmp_path: Path) -> None:
    told: list[int] = []
    manifest = write_dataset(made, tmp_path / "set", SIZES, 3, format, on_rows=told.append)
    assert sum(told) == sum(SIZES.values())
    assert sorted(contents(tmp_path / "set")) == sorted([*(f"{name}.{format}" for name in SIZES), "README.md", "recsyn.json"])
    read = read_dataset(tmp_path / "set")
    assert read.task.to_config() == made.to_config()
    assert read.manifest.to_json() == manifest.to_json()
    for name, size in SIZES.items():
        rows = generate(made, size, 3, name)
        records = read.records[name]
        assert [made.input_codec.decode(text.split()) for text in records.inputs] == list(rows.inputs)
        assert [made.output_codec.decode(text.split()) for text in records.outputs] == list(rows.outputs)
        columns = made.features(rows.inputs, rows.outputs)
        assert list(records.features) == list(columns)
        assert all((records.features[feature] == column).all() for feature, column in columns.items())
        assert all(column.dtype == np.int64 for column in records.features.values())


def test_lines_are_written_with_the_input_that_they_are_of(task: Callable[..., Task], format: str, tmp_path: Path) -> None:
    """What is proved is about inputs: different ones lead to one line."""
    made = task("inorder", splits=SPLITS, asks="next")
    manifest = write_dataset(made, tmp_path / "set", SIZES, 3, format)
    read = read_dataset(tmp_path / "set").records
    for part in manifest.parts:
        rows = generate(made, part.rows, 3, part.split)
        records = read[part.split]
        assert records.starts == records.values
        assert [made.input_codec.decode(text.split()) for text in records.values] == list(rows.inputs)
        assert [text.split() for text in records.inputs] == [made.question.given(value) for value in rows.inputs]
        assert [text.split() for text in records.outputs] == made.answers(rows.inputs, rows.outputs)
        assert part.distinct == len(set(rows.inputs))
        assert records.only([1, 0]).texts == {name: (column[1], column[0]) for name, column in records.texts.items()}
        assert describe(made, read).duplicates(part.split) == part.rows - part.distinct
    with pytest.raises(Leak, match="train and test share"):
        check_disjoint(made, {"train": [read["train"]], "test": [read["train"]]})
    assert "No two splits share a `start`" in (tmp_path / "set" / "README.md").read_text("utf-8")


def test_duplicates_and_hashes_are_counted_and_kept(made: Task, tmp_path: Path) -> None:
    manifest = write_dataset(made, tmp_path / "set", SIZES, 3)
    for part in manifest.parts:
        data = (tmp_path / "set" / part.file).read_bytes()
        inputs = [json.loads(line)["input"] for line in data.decode().split("\n")[:-1]]
        assert (part.rows, part.distinct, part.bytes) == (len(inputs), len(set(inputs)), len(data))
        assert part.duplicates == len(inputs) - len(set(inputs))
        assert part.sha256 == sha256(data).hexdigest()
    assert manifest.parts[0].duplicates > 0
    assert [part.split for part in manifest.parts] == ["train", "test", "deep"]


def test_lines_are_json_in_utf8(task: Callable[..., Task], tmp_path: Path) -> None:
    source = 'type T = E as "→é" | S T as "𝄞\\"\\\\"\nfun same (t : T) : T = match t with E => E | S t => S (same t) end'
    made = task("same", codecs=("prefix", "prefix"), source=source, splits={"few": 0})
    write_dataset(made, tmp_path / "set", {"train": 20}, 0)
    lines = (tmp_path / "set" / "train.jsonl").read_bytes().decode("utf-8").split("\n")
    assert lines.pop() == ""
    assert len(lines) == 20
    assert all(json.loads(line)["input"] == json.loads(line)["output"] for line in lines)
    assert "→é" in lines[0]
    assert [len(t.split(" ")) for t in read_dataset(tmp_path / "set").records["train"].inputs] == [
        len(json.loads(line)["input"].split(" ")) for line in lines
    ]


# The same bytes


def test_the_same_bytes_by_any_number_of_processes(
    made: Task, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In portions of 32 rows, so that several processes share the work."""
    monkeypatch.setattr(export, "CHUNK", 32)
    write_dataset(made, tmp_path / "one", SIZES, 3, format)
    write_dataset(made, tmp_path / "three", SIZES, 3, format, processes=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")
    write_dataset(made, tmp_path / "other", SIZES, 4, format)
    assert contents(tmp_path / "one")[f"train.{format}"] != contents(tmp_path / "other")[f"train.{format}"]


def test_its_configuration_makes_it_again(made: Task, format: str, tmp_path: Path) -> None:
    """In another process, whatever the hashes of strings are there."""
    write_dataset(made, tmp_path / "set", SIZES, 3, format)
    script = (
        "import sys; from recsyn.data.export import write_dataset; from recsyn.data.manifests import read_manifest\n"
        "m = read_manifest(sys.argv[1]); write_dataset(m.task, sys.argv[2], m.sizes, m.seed, m.format)"
    )
    environment = {"PYTHONHASHSEED": "7", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-c", script, str(tmp_path / "set"), str(tmp_path / "again")]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    assert contents(tmp_path / "set") == contents(tmp_path / "again")


# Whole or not there


@pytest.mark.parametrize("limit", [500, 9_000])
def test_a_full_disk_leaves_nothing_under_the_final_name(made: Task, format: str, tmp_path: Path, limit: int) -> None:
    """A process that may write so many bytes into a file is told what one on a full disk is."""
    script = (
        "import json, resource, sys; from recsyn.data.export import write_dataset; from recsyn.data.tasks import Task\n"
        "from recsyn.errors import RecsynError\n"
        "task = Task.from_config(json.load(sys.stdin)); limit = int(sys.argv[2])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\n"
        "try:\n    write_dataset(task, sys.argv[1], {'train': 500, 'test': 5}, 0, sys.argv[3])\n"
        "except RecsynError as error:\n    print(error.message)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "set"), str(limit), format],
        input=json.dumps(made.to_config()),
        capture_output=True,
        text=True,
        env=environment,
    )
    assert "cannot be written" in done.stdout, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_whatever_goes_wrong_leaves_an_earlier_data_set_as_it_was(
    made: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "set"
    write_dataset(made, folder, SIZES, 3)
    before = contents(folder)
    monkeypatch.setattr(export, "CHUNK", 32)
    for wrong in (KeyboardInterrupt(), OSError(28, "No space left on device"), RecsynError("no more rows")):
        count = 0

        def fail(*arguments: Any, wrong: BaseException = wrong) -> Any:
            nonlocal count
            count += 1
            if count == 5:
                raise wrong
            return generated(*arguments)

        monkeypatch.setattr(export, "generated", fail)
        with pytest.raises((type(wrong), RecsynError)):
            write_dataset(made, folder, SIZES, 4)
        assert contents(folder) == before
    read_dataset(folder)


def test_an_earlier_data_set_is_replaced_whole(made: Task, tmp_path: Path) -> None:
    folder = tmp_path / "set"
    write_dataset(made, folder, SIZES, 3)
    (folder / "notes.txt").write_text("mine")
    write_dataset(made, folder, {"train": 5, "test": 4}, 0)
    assert sorted(contents(folder)) == ["README.md", "notes.txt", "recsyn.json", "test.jsonl", "train.jsonl"]
    assert len(read_dataset(folder).records["train"]) == 5
    (tmp_path / "fresh").mkdir()
    write_dataset(made, tmp_path / "fresh", {"train": 5, "test": 4}, 0)
    assert contents(tmp_path / "fresh") == {k: v for k, v in contents(folder).items() if k != "notes.txt"}


def test_other_files_are_not_written_over(made: Task, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(RecsynError, match=r"holds a file 'README.md' that is of no data set"):
        write_dataset(made, tmp_path, SIZES, 3)
    assert contents(tmp_path) == {"README.md": b"mine"}
    with pytest.raises(RecsynError, match="it is a file"):
        write_dataset(made, tmp_path / "README.md", SIZES, 3)


def test_what_is_no_file_is_in_the_way(made: Task, tmp_path: Path) -> None:
    """It is refused before anything is drawn, and the manifest of an earlier data set stays."""
    folder = tmp_path / "set"
    write_dataset(made, folder, {"test": 5}, 3)
    (folder / "train.jsonl").mkdir()
    before = (folder / "recsyn.json").read_bytes()
    with pytest.raises(RecsynError, match=r"holds a folder 'train.jsonl', where a file is to be written"):
        write_dataset(made, folder, SIZES, 3, on_rows=lambda rows: pytest.fail("rows were drawn"))
    assert (folder / "recsyn.json").read_bytes() == before
    read_dataset(folder)
    (folder / "test.jsonl").unlink()
    (folder / "test.jsonl").mkdir()
    write_dataset(made, folder, {"deep": 5}, 3)
    assert len(read_dataset(folder).records["deep"]) == 5


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ({"trian": 3}, "no split 'trian'"),
        ({}, "one row at least"),
        ({"train": 0}, "one row at least"),
        ({"train": 3, "validation": 1, "never": 1}, "no input of the split 'never'"),
    ],
)
def test_what_cannot_be_drawn_is_said_before_anything_is_written(
    task: Callable[..., Task], sizes: dict[str, int], said: str, tmp_path: Path
) -> None:
    made = task("inorder", splits={"groups": {"never": "size > 100"}})
    with pytest.raises(RecsynError, match=said):
        write_dataset(made, tmp_path / "set", sizes, 0)
    assert list(tmp_path.iterdir()) == []


def test_no_input_twice_where_that_is_asked_for(made: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are those that come without it, in their order, but for the repetitions."""
    plain = generate(made, 2_000, 3)
    different = list(dict.fromkeys(plain.inputs))[:150]
    for name, portion, processes in (("one", 4_096, 1), ("other", 4_096, 2)):
        monkeypatch.setattr(export, "CHUNK", portion)
        write_dataset(made, tmp_path / name, {"train": 150, "test": 20}, 3, unique=True, processes=processes)
    assert contents(tmp_path / "one") == contents(tmp_path / "other")
    read = read_dataset(tmp_path / "one")
    assert read.manifest.unique
    assert [part.duplicates for part in read.manifest.parts] == [0, 0]
    assert [made.input_codec.decode(text.split()) for text in read.records["train"].inputs] == different


def test_more_different_rows_than_exist_are_refused(task: Callable[..., Task], tmp_path: Path) -> None:
    """There are 63 numbers of up to 6 digits, 31 of which have an even successor; all of them are for training."""
    made = task(distribution={"kind": "uniform", "sizes": [1, 6]}, splits={"groups": {"grows": "recursion_depth > 0"}})
    with pytest.raises(RecsynError, match="64 different inputs of the split 'train' were asked for, and there are 63"):
        write_dataset(made, tmp_path / "set", {"train": 64}, 0, unique=True)
    with pytest.raises(RecsynError, match="33 different inputs of the split 'train' were asked for, and 32 were found"):
        write_dataset(made, tmp_path / "set", {"train": 33}, 0, unique=True)
    assert list(tmp_path.iterdir()) == []
    write_dataset(made, tmp_path / "set", {"train": 32, "grows": 31}, 0, unique=True)
    assert {len(set(r.inputs)) for r in read_dataset(tmp_path / "set").records.values()} == {31, 32}


def test_features_of_a_users_own_are_in_no_configuration(made: Task, tmp_path: Path) -> None:
    own = replace(made, own_features=(OfValues("one", lambda value: 1),))
    with pytest.raises(RecsynError, match="a feature 'one' of its own"):
        write_dataset(own, tmp_path / "set", SIZES, 0)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_format_offers_the_nearest(made: Task, tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="no format 'json'") as caught:
        write_dataset(made, tmp_path / "set", SIZES, 0, "json")
    assert "jsonl" in str(caught.value.hint)


def test_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(RecsynError, match="Parquet needs packages") as caught:
        format_named("parquet")
    assert "recsyn[parquet]" in str(caught.value.hint)


# Known again


@pytest.fixture(scope="module")
def written(made: Task, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "set"
    write_dataset(made, folder, SIZES, 3)
    return folder


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_file_is_refused(written: Path, data: st.DataObject, tmp_path: Path) -> None:
    """One bit anywhere, a file cut short, one longer, one gone."""
    copy = tmp_path / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(written, copy)
    path = copy / data.draw(st.sampled_from(["train.jsonl", "test.jsonl", "deep.jsonl", "recsyn.json"]))
    content = path.read_bytes()
    place = data.draw(st.integers(0, len(content) - 1))
    act = data.draw(st.sampled_from(["bit", "bit", "cut", "longer", "gone"]))
    if act == "bit":
        path.write_bytes(content[:place] + bytes([content[place] ^ 1 << data.draw(st.integers(0, 6))]) + content[place + 1 :])
    elif act == "cut":
        path.write_bytes(content[:place])
    elif act == "longer":
        path.write_bytes(content + b" {}\n")
    else:
        path.unlink()
    try:
        read_dataset(copy)
    except RecsynError as error:
        assert error.message  # noqa: PT017
    else:
        # White space between the parts of a configuration says nothing.
        assert path.name == "recsyn.json"
        assert json.loads(path.read_bytes()) == json.loads(content)


def test_what_is_no_data_set_is_said(written: Path, tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="holds no data set"):
        read_dataset(tmp_path)
    for text, said in (
        ("[]", "not one that recsyn wrote"),
        ("{", "cannot be read"),
        (f'{{"format": {"2" * 5_000}}}', "a number of thousands of digits"),
        ('{"format": 1}', "format 1, and this recsyn"),
    ):
        (tmp_path / "recsyn.json").write_text(text)
        with pytest.raises(RecsynError, match=said):
            read_manifest(tmp_path)
    config = json.loads((written / "recsyn.json").read_text())
    config["task"]["integers"] = [0, 3]
    (tmp_path / "recsyn.json").write_text(json.dumps(config))
    with pytest.raises(RecsynError, match="has changed since it was written"):
        read_manifest(tmp_path)


# Leaks


def planted(task: Task, **inputs: list[Any]) -> dict[str, list[Records]]:
    return {split: [records_of(task, rows_of(task, values))] for split, values in inputs.items()}


def test_the_proof_finds_leaks_that_are_planted(task: Callable[..., Task], tree: Callable[[Any], Any]) -> None:
    """It is told nothing of how rows are divided, so that it finds them where the division itself is wrong."""
    by_input, by_shape = task("inorder"), task("inorder", splits={"by": "shape", "groups": {"deep": "recursion_depth > 1"}})
    one, other, same_shape = tree((1, None, None)), tree(None), tree((2, None, None))
    deep = tree((1, (2, None, None), None))
    assert check_disjoint(by_input, planted(by_input, train=[one, one, other], test=[same_shape])) == {"train": 2, "test": 1}
    with pytest.raises(Leak, match="train and test share 1 input"):
        check_disjoint(by_input, planted(by_input, train=[one, other], validation=[same_shape], test=[other]))
    assert check_disjoint(by_shape, planted(by_shape, train=[one, same_shape], test=[other], deep=[deep])) == {
        "train": 2,
        "test": 1,
        "deep": 1,
    }
    with pytest.raises(Leak, match="train and validation share 1 shape"):
        check_disjoint(by_shape, planted(by_shape, train=[one], validation=[same_shape]))
    with pytest.raises(Leak, match=r"is in train, and in deep by its features"):
        check_disjoint(by_shape, planted(by_shape, train=[deep]))
    with pytest.raises(Leak, match=r"is in deep, and not in deep by its features"):
        check_disjoint(by_shape, planted(by_shape, deep=[deep, one]))
    broken = Records(("1 EMPTY",), ("1",), by_input.features([one], by_input.function.of_each([one])))
    with pytest.raises(Leak, match="which is no input"):
        check_disjoint(by_input, {"train": [broken]})


def test_a_division_that_leaks_writes_nothing(made: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "generated", lambda task, n, seed, split, first=0: generated(task, n, seed, "train", first))
    with pytest.raises(Leak, match="train and test share"):
        write_dataset(made, tmp_path / "set", {"train": 40, "test": 40}, 0)
    assert list(tmp_path.iterdir()) == []


# For others to read


def test_the_card_names_every_file_and_split(written: Path) -> None:
    text = (written / "README.md").read_text("utf-8")
    _, front, body = text.split("---\n", 2)
    config = yaml.safe_load(front)
    (only,) = config["configs"]
    assert only["data_files"] == [{"split": name, "path": f"{name}.jsonl"} for name in SIZES]
    assert config["size_categories"] == ["n<1K"]
    assert "| deep | 7 |" in body
    assert "`recursion_depth > 4`" in body
    assert "fun inorder" in body


def test_the_card_is_for_people_to_go_on_with(task: Callable[..., Task], tmp_path: Path) -> None:
    """Whatever white space names and predicates hold, it is laid out; and no hash is kept of it."""
    groups = {"deep": "recursion_depth > 4\n\n  and size > 2"}
    write_dataset(task("inorder", name="one\n\n# two", splits={"groups": groups}), tmp_path / "set", {"deep": 5}, 0)
    card = tmp_path / "set" / "README.md"
    text = card.read_text("utf-8")
    assert "\n\n# one # two\n\n" in text
    assert "| deep | 5 | 5 | held out: `recursion_depth > 4 and size > 2` |\n" in text
    assert "the SHA-256 of every data file" in text
    card.write_text(text + "\nMine.\n", "utf-8")
    assert len(read_dataset(tmp_path / "set").records["deep"]) == 5


@pytest.mark.slow
def test_hugging_faces_datasets_loads_the_folder(made: Task, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    write_dataset(made, tmp_path / "set", SIZES, 3, format)
    loaded = datasets.load_dataset(str(tmp_path / "set"), cache_dir=str(tmp_path / "cache"))
    read = read_dataset(tmp_path / "set")
    assert {name: len(part) for name, part in loaded.items()} == SIZES
    for name, part in loaded.items():
        records = read.records[name]
        assert list(part["input"]) == list(records.inputs)
        assert list(part["output"]) == list(records.outputs)
        assert [row["size"] for row in part["features"]] == records.features["size"].tolist()
