from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
from contextlib import suppress

import pytest
import safetensors.torch
import torch

from recsyn.errors import RecsynError
from recsyn.neural import checkpoint
from recsyn.neural.checkpoint import CheckpointError, load, save, seal
from recsyn.neural.networks import network_for

FILES = ["config.json", "metrics.json", "model.safetensors", "program.rec", "vocabulary.json"]
FOR_PEOPLE = ["README.md", "experiment.yaml"]


@pytest.fixture
def folder(tmp_path, half_trained):
    return save(tmp_path / "runs" / "copy", half_trained, {"accuracy": 0.5, "by length": [1, 2.5]})


def refused(folder, *words):
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    message = caught.value.message
    assert message.startswith(str(folder))
    assert all(word in message for word in words), message
    assert "\n" not in message


def reseal(folder, change):
    """Changes the configuration as someone would who knows how it is protected."""
    config = json.loads((folder / "config.json").read_text())
    change(config)
    config["seal"] = seal(config)
    (folder / "config.json").write_text(json.dumps(config))


def replace_model(folder, data):
    (folder / "model.safetensors").write_bytes(data)
    reseal(folder, lambda config: config["files"].update({"model.safetensors": hashlib.sha256(data).hexdigest()}))


def test_a_round_trip_gives_the_same_model(folder, half_trained, rows):
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES + FOR_PEOPLE)
    assert [path.name for path in folder.parent.iterdir()] == ["copy"]
    loaded = load(str(folder))
    assert (loaded.task, loaded.architecture, loaded.recipe) == (
        half_trained.task,
        half_trained.architecture,
        half_trained.recipe,
    )
    assert loaded.metrics == {"accuracy": 0.5, "by length": [1, 2.5]}
    assert not loaded.model.training
    source, target = torch.from_numpy(rows.source).long(), torch.from_numpy(rows.target).long()
    assert torch.equal(loaded.model(source, target), half_trained.model(source, target))
    loaded.model(source, target).sum().backward()  # It can be trained further.


@pytest.mark.parametrize("kind", ["encoder-decoder", "decoder-only", "encoder-only"])
@pytest.mark.parametrize("tied", [False, True])
def test_every_network_comes_back(tmp_path, half_trained, rows, kind, tied):
    shape = dataclasses.replace(half_trained.architecture, kind=kind, tied=tied, positions="rotary", loops=2, norm="after")
    model = network_for(shape, len(half_trained.task.vocabulary)).eval()
    loaded = load(save(tmp_path / "it", dataclasses.replace(half_trained, model=model, architecture=shape), {}))
    assert loaded.architecture == shape
    source, target = torch.from_numpy(rows.source).long(), torch.from_numpy(rows.target).long()
    assert torch.equal(loaded.model(source, target[:, :4]), model(source, target[:, :4]))
    assert (loaded.model.output.weight is loaded.model.tokens.weight) == tied
    assert len(list(loaded.model.parameters())) == len(list(model.parameters()))


def test_saving_again_replaces_and_a_loaded_model_lives_on(folder, half_trained):
    loaded = load(folder)
    save(folder, half_trained, {"accuracy": 0.75})
    assert load(folder).metrics == {"accuracy": 0.75}
    assert [path.name for path in folder.parent.iterdir()] == ["copy"]
    assert torch.isfinite(loaded.model.output.weight).all()


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_what_is_for_people_is_theirs(folder, name, half_trained):
    """Loading never looks at it, and a checkpoint without it, or with another, is one that may be written over."""
    path = folder / name
    whole = path.read_bytes()
    for change in (lambda: path.write_bytes(whole + b"\xffMine"), path.unlink, path.mkdir):
        change()
        assert load(folder).task == half_trained.task
    path.rmdir()
    path.symlink_to(folder.parent / "nowhere")
    load(folder)
    save(folder, half_trained, {})
    assert path.read_bytes()


def test_nothing_of_the_users_is_overwritten(tmp_path, folder, half_trained):
    (folder / "notes.txt").write_text("mine")
    other = tmp_path / "other"
    other.mkdir()
    (other / "config.json").write_text('{"kind": "another tool"}')
    carded = tmp_path / "carded"
    carded.mkdir()
    (carded / "README.md").write_text("mine")
    file = tmp_path / "file"
    file.write_text("mine")
    for place, words in [
        (folder, "holds notes.txt"),
        (other, "not recsyn's"),
        (carded, "not recsyn's"),
        (file, "is a file"),
        (file / "under", "cannot be"),
    ]:
        with pytest.raises(CheckpointError, match=words):
            save(place, half_trained, {})
    assert (folder / "notes.txt").read_text() == file.read_text() == "mine"
    save(tmp_path / "empty", half_trained, {})


@pytest.mark.parametrize("failing", ["write_bytes", "rename"])
def test_saving_is_whole_or_not_at_all(folder, half_trained, monkeypatch, failing):
    done = []

    def full_disk(path, *arguments):
        done.append(path)
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        return plain(path, *arguments)

    plain = getattr(checkpoint.Path, failing)
    monkeypatch.setattr(checkpoint.Path, failing, full_disk)
    with pytest.raises(CheckpointError, match="No space left on device"):
        save(folder, half_trained, {"accuracy": 1})
    assert load(folder).metrics["accuracy"] == 0.5
    assert [path.name for path in folder.parent.iterdir()] == ["copy"]


@pytest.mark.parametrize("metrics", [{"loss": float("nan")}, {"model": object()}, {1: 1, "1": 1}])
def test_metrics_that_are_not_json_are_refused(tmp_path, half_trained, metrics):
    with pytest.raises(CheckpointError, match="metrics cannot be written"):
        save(tmp_path / "new", half_trained, metrics)
    assert not list(tmp_path.iterdir())


def test_what_is_no_folder(tmp_path):
    refused(tmp_path / "absent", "no such folder")
    (tmp_path / "file").write_text("")
    refused(tmp_path / "file", "is a file")
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "empty")


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_needed_whole_and_as_it_was(folder, name):
    path = folder / name
    whole = path.read_bytes()
    chance = random.Random(name)
    for damaged in (b"", whole[: len(whole) // 2], whole[:-2], whole + b"\0", b"\xff" + whole[1:]):
        path.write_bytes(damaged)
        refused(folder, name)
    for _ in range(20):
        place = chance.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        refused(folder, name)
    path.unlink()
    refused(folder, name, "is missing")
    path.mkdir()
    refused(folder, name, "plain file")
    path.rmdir()
    elsewhere = folder.parent / "elsewhere"
    elsewhere.write_bytes(whole)
    path.symlink_to(elsewhere)
    refused(folder, name, "link")
    path.unlink()
    os.mkfifo(path)
    refused(folder, name, "plain file")


def test_a_pickle_is_never_run(folder, tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    for data in (pickle.dumps(Bomb()), pickle.dumps({"output.bias": Bomb()})):
        (folder / "model.safetensors").write_bytes(data)
        refused(folder, "model.safetensors", "hash differs")
        replace_model(folder, data)
        refused(folder, "model.safetensors is not a safetensors file")
    assert not (tmp_path / "exploded").exists()


def test_foreign_tensors(folder):
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    bias = tensors["output.bias"]
    without = {name: tensor for name, tensor in tensors.items() if name != "output.bias"}
    for foreign, words in [
        (without, "lacks tensor 'output.bias'"),
        (tensors | {"extra": bias.clone()}, "unknown tensor 'extra'"),
        (tensors | {"output.bias": bias[:-1].clone()}, "output.bias is float32[8]"),
        (tensors | {"output.bias": bias.half()}, "output.bias is float16[9]"),
        (tensors | {"extra": torch.zeros(10**6)}, "bytes, and should have at most"),
    ]:
        replace_model(folder, safetensors.torch.save(foreign))
        refused(folder, "model.safetensors", words)


def test_parts_that_do_not_belong_together(folder):
    for change, words in [
        (lambda c: c["architecture"].update(width=64), "model.safetensors: tokens.weight is"),
        (lambda c: c["architecture"].update(encoder_layers=64), "lacks tensor"),
        (lambda c: c["architecture"].update(width=10**12), "config.json: architecture: width must be"),
        (lambda c: c["architecture"].update(encoder_layers=10**9), "config.json: architecture: encoder_layers must be"),
        (lambda c: c["architecture"].pop("heads"), "config.json: architecture lacks the field 'heads'"),
        (lambda c: c["recipe"].update(stepz=1), "config.json: recipe has no field"),
        (lambda c: c["task"].update(source="fun id x = x\n"), "program.rec is not the program"),
        (lambda c: c["task"].pop("source"), "config.json: the task must have"),
        (lambda c: c["files"].update({"../secret": "0" * 64}), "config.json: files must name"),
        (lambda c: c.update(format=1), "config.json is not of format 2"),
        (lambda c: c.update(extra=0), "does not know: 'extra'"),
        (lambda c: c.update(seal="no", program=3), "config.json: the hash of program must be"),
    ]:
        kept = shutil.copytree(folder, folder.parent / "kept")
        reseal(kept, change)
        refused(kept, words)
        shutil.rmtree(kept)
    data = b'["<pad>"]'
    (folder / "vocabulary.json").write_bytes(data)
    reseal(folder, lambda c: c["files"].update({"vocabulary.json": hashlib.sha256(data).hexdigest()}))
    refused(folder, "vocabulary.json does not hold the tokens")


def places(node, path=()):
    """The path to every item of a JSON document."""
    yield path
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield from places(node[key], (*path, key))


def test_no_configuration_makes_loading_fail_otherwise(folder):
    whole = json.loads((folder / "config.json").read_text())
    values = [None, True, -1, 0, 10**30, 0.5, float("nan"), float("inf"), "", "\ud800", [], [[]], {}, {"a": 1}]
    loaded = 0
    for path in places(whole):
        for value in values:
            config = json.loads(json.dumps(whole))
            *parents, last = ("document", *path)
            parent = document = {"document": config}
            for key in parents:
                parent = parent[key]
            parent[last] = value
            for resealed in (False, True):
                if resealed and isinstance(document["document"], dict) and path != ("seal",):
                    try:
                        document["document"]["seal"] = seal(document["document"])
                    except RecsynError:
                        continue
                (folder / "config.json").write_text(json.dumps(document["document"]))
                with suppress(CheckpointError):
                    load(folder)
                    loaded += 1
    assert loaded > 0  # Among them are values that are as good as those they replace.


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 10_000, "1e999", "NaN", "null", '"x"', "\ufeff{}", ""])
@pytest.mark.parametrize("name", ["config.json", "metrics.json", "vocabulary.json"])
def test_strange_json(folder, name, text):
    (folder / name).write_text(text)
    if name != "config.json":
        reseal(folder, lambda c: c["files"].update({name: hashlib.sha256((folder / name).read_bytes()).hexdigest()}))
    refused(folder, name)


def test_loading_does_not_need_lightning():
    source = "import sys, recsyn.neural.answering; sys.exit('lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0


def test_the_package_alone_imports_nothing():
    source = "import sys, recsyn.neural, recsyn.neural.recipe; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0
