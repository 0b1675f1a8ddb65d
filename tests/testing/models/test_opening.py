"""Models from the words that name them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.command import Command
from recsyn.testing.models.opening import KINDS, open_model
from recsyn.testing.models.single import OneAtATime
from recsyn.testing.verdicts import Judge, examine
from recsyn.values import Datum, Value

CALLABLES = """
from recsyn.testing.models.single import one_at_a_time
from recsyn.values import Value

def batch(inputs):
    return [Value("XO", (each,)) for each in inputs]

def one(input):
    if str(input) == "XI One":
        raise ValueError("too odd")
    return Value("XO", (input,))

single = one_at_a_time(one)
number = 7

class Holder:
    inner = staticmethod(batch)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_model.py"
    path.write_text(CALLABLES)
    return path


def doubled(inputs: list[Datum]) -> list[Any]:
    return [Value("XO", (each,)) for each in inputs]


@pytest.mark.parametrize("name", ["batch", "Holder.inner"])
def test_a_callable_on_batches(name: str, file: Path, succ: Task, numbers: list[Datum]) -> None:
    opened = open_model(f"{file}:{name}", succ, Asking(batch_size=3))
    assert opened.task is succ
    assert opened.name == f"{file}:{name}"
    assert opened.model(numbers) == doubled(numbers)


@pytest.mark.parametrize("spec", ["one:{}:one", "one:{}:single", "{}:single"])
def test_a_callable_on_one_input(spec: str, file: Path, succ: Task, numbers: list[Datum]) -> None:
    opened = open_model(spec.format(file), succ, Asking(timeout=60))
    assert isinstance(opened.model, OneAtATime)
    assert opened.model.timeout == 60
    expected = [Unanswered("raised", "ValueError: too odd") if str(n) == "XI One" else Value("XO", (n,)) for n in numbers]
    assert opened.model(numbers) == expected


def test_a_module_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, succ: Task, numbers: list[Datum]) -> None:
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").write_text("")
    (tmp_path / "my_package" / "answers.py").write_text(CALLABLES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert open_model("my_package.answers:batch", succ).model(numbers) == doubled(numbers)


def test_a_file_finds_what_stands_beside_it(tmp_path: Path, succ: Task, numbers: list[Datum]) -> None:
    (tmp_path / "beside_my_model.py").write_text("from recsyn.values import Value\n")
    (tmp_path / "json.py").write_text("import beside_my_model\ndef batch(inputs): return inputs\n")
    assert open_model(f"{tmp_path / 'json.py'}:batch", succ).model(numbers) == numbers
    import json

    assert hasattr(json, "dumps"), "a file's name is in nobody's way"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("batsch", "defines no 'batsch'\n  hint: did you mean .batch."),
        ("number", "is 7, which cannot be called"),
        ("Holder", "is a class, and no model yet\n  hint: name an instance"),
        ("", "names no model"),
    ],
)
def test_what_is_no_model_in_a_file_is_told(name: str, told: str, file: Path, succ: Task) -> None:
    with pytest.raises(RecsynError, match=told):
        open_model(f"{file}:{name}", succ)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 / 0", "cannot be loaded: ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(4)", "cannot be loaded: SystemExit: 4"),
        ("def (", "cannot be loaded: SyntaxError: "),
        ("import no_such_module_anywhere", "cannot be loaded: ModuleNotFoundError: No module named"),
        ("raise KeyError('x' * 10_000)", "cannot be loaded: KeyError: 'xxx"),
    ],
)
def test_a_file_that_does_not_run_through_is_told(text: str, told: str, tmp_path: Path, succ: Task) -> None:
    path = tmp_path / "broken.py"
    path.write_text(text)
    with pytest.raises(RecsynError, match=told) as refused:
        open_model(f"{path}:model", succ)
    assert len(str(refused.value)) < 600
    path.write_text("def model(inputs): return inputs")
    assert open_model(f"{path}:model", succ).model([1]) == [1]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("nowhere.py:model", "there is no file 'nowhere.py'"),
        ("no_such_package_anywhere:model", "'no_such_package_anywhere' cannot be loaded: ModuleNotFoundError"),
        ("one:", "names no model\n  hint: a model is the folder of a checkpoint"),
        (":model", "names no model"),
        ("my_model.py", "names no model in that file\n  hint: say which: my_model.py:NAME"),
        ("exec:", "names no command"),
        ("exec:echo 'open", "cannot be split into words: No closing quotation"),
        ("exec:no-such-program-anywhere", "cannot be started"),
        ("http://", "no address of an endpoint"),
        ("no-such-folder", "no-such-folder: there is no such folder"),
    ],
)
def test_words_that_name_nothing_are_told(spec: str, told: str, succ: Task) -> None:
    with pytest.raises(RecsynError, match=told):
        open_model(spec, succ)


@pytest.mark.parametrize("spec", ["http://localhost:1/v1", "exec:cat", "one:a.py:b", "a.py:b"])
def test_every_model_but_a_checkpoint_needs_a_task(spec: str) -> None:
    with pytest.raises(RecsynError, match=r"brings no task .*\n  hint: give one, on the command line by --task: a preset"):
        open_model(spec)


def test_a_command(command: Callable[[str], str], succ: Task, numbers: list[Datum]) -> None:
    opened = open_model(command("for row in rows: say(row['id'], 'X0 ' + row['input'])\n"), succ, Asking(timeout=20))
    assert isinstance(opened.model, Command)
    assert opened.name.endswith("answering.py")
    assert opened.model(numbers) == [Answer(tuple(succ.output_codec.encode(each))) for each in doubled(numbers)]
    opened.model.close()


def test_an_endpoint(serve: Any, succ: Task, numbers: list[Datum]) -> None:
    server = serve(lambda heard: {"parts": (b'{"choices": [{"message": {"content": "X0 01"}}]}',)})
    opened = open_model(server.address, succ, Asking(model="small", prompt="{input}?"))
    assert opened.name == f"small at {server.address.split('/')[2]}"
    assert opened.model(numbers[:1]) == [Answer(("X0", "01"))]
    assert server.heard[-1].question == "01?"


def test_a_model_is_opened_again_from_the_same_words_elsewhere(file: Path, succ: Task, numbers: list[Datum]) -> None:
    asking = Asking(batch_size=2)
    words = pickle.dumps((f"{file}:batch", succ.to_config(), asking))
    lines = (
        "import pickle, sys\n"
        "from recsyn.data.tasks import task_from_config\n"
        "from recsyn.testing.models.opening import open_model\n"
        "spec, config, asking = pickle.loads(sys.stdin.buffer.read())\n"
        "task = task_from_config(config)\n"
        "opened = open_model(spec, task, asking)\n"
        "print([str(each) for each in opened.model(list(task.space.smallest(3)))])\n"
        "assert 'torch' not in sys.modules\n"
    )
    told = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", lines], input=words, capture_output=True, env=told, check=True)
    assert run.stdout.decode().strip() == str([str(each) for each in doubled(numbers[:3])])


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("timeout", 0, "timeout is 0, not a number of seconds"),
        ("timeout", float("nan"), "timeout is nan"),
        ("timeout", "5", "timeout is '5'"),
        ("timeout", True, "timeout is True"),
        ("retries", -1, "retries is -1, not a whole number from 0 to 100"),
        ("concurrency", 0, "concurrency is 0"),
        ("concurrency", 1.5, "concurrency is 1.5"),
        ("batch_size", 0, "batch_size is 0, not a whole number from 1"),
        ("demonstrations", 10**9, "demonstrations is 1000000000"),
        ("seed", None, "seed is None"),
        ("max_tokens", False, "max_tokens is False"),
        ("prompt", "what is it?", "has no place for the input"),
    ],
)
def test_settings_that_cannot_be_are_told(field: str, value: Any, told: str) -> None:
    with pytest.raises(RecsynError, match=told):
        Asking(**{field: value})
    with pytest.raises(FrozenInstanceError):
        Asking().seed = 1  # type: ignore[misc]


def test_all_kinds_are_named() -> None:
    for kind in ("checkpoint", "Hugging Face", "FILE.py:NAME", "LightningModule", "one:", "https://", "exec:"):
        assert kind in KINDS


# Those that need torch.

MODULES = """
import lightning
import torch
from recsyn.neural.architecture import Architecture
from recsyn.neural.networks import network_for
from recsyn.neural.recipe import Recipe
from recsyn.neural.training import Seq2SeqModule

class Repeating(lightning.LightningModule):
    def predict_step(self, batch, batch_idx):
        return batch

network = network_for(Architecture(width=16, heads=2, feedforward=16, max_positions=40), 6)
ours, theirs, bare = Seq2SeqModule(network, Recipe()), Repeating(), torch.nn.Linear(1, 1)
"""


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("lightning")
    path = tmp_path_factory.mktemp("modules") / "my_modules.py"
    path.write_text(MODULES)
    return path


def test_modules_of_lightning(modules: Path, succ: Task, numbers: list[Datum], one_thread: None) -> None:
    theirs = open_model(f"{modules}:theirs", succ).model
    assert theirs(numbers) == [Answer(tuple(succ.input_codec.encode(each))) for each in numbers]
    ours, network = (open_model(f"{modules}:{name}", succ, Asking(batch_size=9)).model for name in ("ours", "network"))
    assert ours(numbers) == network(numbers)
    assert isinstance(ours, Judge)
    assert ours.portions.size == 9  # type: ignore[attr-defined]
    with pytest.raises(RecsynError, match="is a Linear without predict_step"):
        open_model(f"{modules}:bare", succ)


@pytest.mark.parametrize(
    ("device", "told"),
    [("cuda:99", "there is no device 'cuda:99'"), ("gpu", "there is no device 'gpu'"), ("meta", "holds no numbers")],
)
def test_a_device_that_is_not_there_is_told(device: str, told: str, modules: Path, succ: Task) -> None:
    with pytest.raises(RecsynError, match=f"{told}.*\n  hint: the processor is `cpu`"):
        open_model(f"{modules}:theirs", succ, Asking(device=device))


def test_a_checkpoint_brings_its_task(succ: Task, inorder: Task, numbers: list[Datum], one_thread: None) -> None:
    pytest.importorskip("lightning")
    folder = Path(__file__).parents[3] / "checkpoints" / "successor-reverse"
    opened = open_model(str(folder), asking=Asking(batch_size=10))
    assert opened.name == "successor-reverse"
    assert isinstance(opened.model, Judge)
    assert opened.model.portions.size == 10  # type: ignore[attr-defined]
    small = numbers[:15]
    assert examine(opened.model, opened.task, small) == [None] * 15
    same = open_model(str(folder), succ)
    assert same.task is succ
    assert examine(same.model, succ, small) == [None] * 15
    with pytest.raises(RecsynError, match="the tokens of inorder are not those of"):
        open_model(str(folder), inorder)
    with pytest.raises(RecsynError, match="there is no device"):
        open_model(str(folder), asking=Asking(device="cuda:99"))
