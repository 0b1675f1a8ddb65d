"""Every command and every example of the documentation, run as a reader would run it."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import recsyn
from recsyn.data.tasks import task_from_config

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)


def test_every_command_of_the_readme(workplace: Path) -> None:
    commands = [line for block in blocks(README, "sh") for line in block.splitlines()]
    assert len(commands) == 12
    for command in commands:
        if command.startswith("make "):
            assert run(f"make -n -C {ROOT} {command.split()[1]}", workplace).returncode == 0
            continue
        code = int((re.search(r"# exits with (\d)", command) or ["", "0"])[1])
        done = run(command, workplace)
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_the_python_of_the_readme(workplace: Path) -> None:
    library, plugin = blocks(README, "python")
    (workplace / "library.py").write_text(library)
    done = run("python library.py", workplace)
    assert done.returncode == 0, done.stderr
    promised = re.search(r"prints, at its end, `(.*?)`", README)[1]
    assert done.stdout.splitlines()[-1] == promised
    compile(plugin, "plugin.py", "exec")


def test_the_program_of_the_readme_is_the_example() -> None:
    def code(text: str) -> list[str]:
        return [line for line in text.splitlines() if line and not line.startswith("--")]

    shown, shipped = code(blocks(README, "recsyn")[0]), code((ROOT / "examples" / "successor.rec").read_text("utf-8"))
    assert set(shown) <= set(shipped)
    assert recsyn.loads("\n".join(shown)).failed_examples() == []


def test_the_experiment_of_the_documentation() -> None:
    config = yaml.safe_load(blocks((ROOT / "docs" / "tasks.md").read_text("utf-8"), "yaml")[0])
    source = (ROOT / "examples" / config["task"]["program"]).read_text("utf-8")
    assert task_from_config({**config["task"], "source": source}).distribution.to_config() == config["task"]["distribution"]


def test_the_words_that_are_not_read_yet_are_refused_by_name() -> None:
    for line in ("import list", "property p = True", "partial fun f x = f x"):
        with pytest.raises(
            recsyn.LanguageError, match=f"`{line.split()[0]}` is a word of the language that this version does not read"
        ):
            recsyn.loads(f"fun one = 1\n{line}\n")


def test_the_docstring_of_the_package() -> None:
    assert doctest.testmod(recsyn).attempted == 3
    assert doctest.testmod(recsyn).failed == 0
