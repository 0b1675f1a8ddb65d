"""Every command and every example of the documentation, run as a reader would run it."""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

import recsyn
from recsyn.data.distributions import FIELDS as DISTRIBUTIONS
from recsyn.data.questions import QUESTIONS
from recsyn.data.tasks import task_from_config
from recsyn.lang.library import module_names, module_source
from recsyn.lang.types import show_datatype

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SEMANTICS = (ROOT / "docs" / "semantics.md").read_text("utf-8")
TASKS = (ROOT / "docs" / "tasks.md").read_text("utf-8")
PAPERS = (ROOT / "docs" / "papers.md").read_text("utf-8")
MODELS = (ROOT / "docs" / "models.md").read_text("utf-8")
COLLAPSE = (ROOT / "docs" / "collapse.md").read_text("utf-8")
CAMPAIGNS = (ROOT / "docs" / "campaigns.md").read_text("utf-8")


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
    assert len(commands) == 28
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


def test_every_command_about_campaigns(workplace: Path) -> None:
    (workplace / "model.py").write_text(blocks(CAMPAIGNS, "python")[0])
    (commands,) = blocks(CAMPAIGNS, "sh")
    for command in commands.splitlines():
        code = int((re.search(r"# exits with (\d)", command) or ["", "0"])[1])
        done = run(command, workplace)
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr


def test_hypothesis_and_pytest_as_the_page_about_campaigns_shows_them(workplace: Path) -> None:
    _, hypothesis, marked = blocks(CAMPAIGNS, "python")
    (workplace / "test_strategies.py").write_text(hypothesis)
    (workplace / "test_marked.py").write_text(marked.replace("runs/successor", str(ROOT / "checkpoints" / "preorder")))
    done = run("python -m pytest -q -p no:cacheprovider test_strategies.py test_marked.py", workplace)
    assert "3 passed" in done.stdout, done.stdout
    assert "1 failed" in done.stdout, done.stdout
    assert "smallest counterexample" in done.stdout


def test_the_program_of_the_readme_is_the_example() -> None:
    def code(text: str) -> list[str]:
        return [line for line in text.splitlines() if line and not line.startswith("--")]

    shown, shipped = code(blocks(README, "recsyn")[0]), code((ROOT / "examples" / "successor.rec").read_text("utf-8"))
    assert set(shown) <= set(shipped)
    assert recsyn.loads("\n".join(shown)).failed_examples() == []


def test_the_experiment_of_the_documentation() -> None:
    config = yaml.safe_load(blocks(TASKS, "yaml")[0])
    source = (ROOT / "examples" / config["task"]["program"]).read_text("utf-8")
    assert task_from_config({**config["task"], "source": source}).distribution.to_config() == config["task"]["distribution"]


def test_the_distributions_of_the_documentation() -> None:
    table = TASKS.partition("| `kind` |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `([\w-]+)` \| `([^`]*)` \|", table, re.MULTILINE)
    assert {kind: tuple(fields.replace("[", "").replace("]", "").split()) for kind, fields in rows} == dict(DISTRIBUTIONS)
    config = next(block for text in blocks(TASKS, "yaml") if "padding" in (block := yaml.safe_load(text)))
    source = (ROOT / "examples" / "successor.rec").read_text("utf-8")
    made = task_from_config({"source": source, "function": "succ", **config}).to_config()
    assert {name: made[name] for name in config} == config


def test_the_questions_of_the_documentation() -> None:
    """The table of what is asked of `succ`: each right answer in it is one."""
    source = (ROOT / "examples" / "successor.rec").read_text("utf-8")
    table = TASKS.partition("| `asks` |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(\w+)`.*\| `([^`]*)`(?: for `rounds: (\d)`)? \|$", table, re.MULTILINE)
    assert [asks for asks, _, _ in rows] == list(QUESTIONS)
    for asks, answer, rounds in rows:
        config = {"source": source, "function": "succ", "asks": asks, "distribution": {"kind": "uniform", "sizes": [1, 9]}}
        task = task_from_config({**config, **({"rounds": int(rounds)} if rounds else {})})
        assert task.mistake(task.input_codec.decode("X1 X1 01".split()), answer.split()) is None, asks


def test_the_presets_of_the_documentation() -> None:
    table = TASKS.partition("| preset |")[2].partition("\n\n")[0]
    named = {name for line in table.splitlines()[2:] for name in re.findall(r"`([\w-]+)`", line.split("|")[1])}
    assert named == {path.stem for path in (ROOT / "src" / "recsyn" / "presets").glob("*.yaml")}


def test_the_architecture_of_the_documentation() -> None:
    pytest.importorskip("torch")
    from recsyn.neural.architecture import Architecture

    config = yaml.safe_load(blocks(MODELS, "yaml")[0])["model"]
    assert config.items() <= Architecture.from_config(config).to_config().items()


def test_the_studies_of_the_documentation(workplace: Path) -> None:
    pytest.importorskip("torch")
    from recsyn.studies.study import STUDIES, load_study

    rows = re.findall(r"^\| `(\w+)` \| .* \| (\d+) \| (\d+) \|$", PAPERS, re.MULTILINE)
    assert {name: (int(whole), int(quick)) for name, whole, quick in rows} == {
        name: (len(load_study(name).cells), len(load_study(name, quick=True).cells)) for name in STUDIES.names
    }
    own = workplace / "mine.yaml"
    own.write_text(blocks(PAPERS, "yaml")[0], "utf-8")
    assert len(load_study(str(own)).cells) == 4
    assert {cell.recipe.steps for cell in load_study(str(own), quick=True).cells} == {20}
    for command in blocks(PAPERS, "sh")[0].splitlines():
        done = run(command, workplace)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout


def test_the_study_of_collapse_of_the_documentation(workplace: Path) -> None:
    from recsyn.collapse.study import COLLAPSES, load_collapse

    rows = re.findall(r"^\| `([\w-]+)` \| .* \| ([\d,]+) \| ([\d,]+) \|$", COLLAPSE, re.MULTILINE)
    chains = {
        name: [sum(s.chains for s in load_collapse(name, quick).settings) for quick in (False, True)] for name in COLLAPSES.names
    }
    assert {name: [int(number.replace(",", "")) for number in numbers] for name, *numbers in rows} == chains
    own = workplace / "mine.yaml"
    own.write_text(blocks(COLLAPSE, "yaml")[0], "utf-8")
    assert len(load_collapse(str(own)).settings) == 4


@pytest.mark.slow
def test_every_command_about_collapse(workplace: Path) -> None:
    (workplace / "mine.yaml").write_text(blocks(COLLAPSE, "yaml")[0], "utf-8")
    done = run("recsyn collapse run mine.yaml --quick", workplace)
    assert done.returncode == 0, done.stderr
    pytest.importorskip("pandas")
    (workplace / "read.py").write_text(blocks(COLLAPSE, "python")[0], "utf-8")
    for command in (*(line for block in blocks(COLLAPSE, "sh") for line in block.splitlines()), "python read.py"):
        done = run(command, workplace)
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        assert done.stdout or command == "python read.py"


def test_workflows_and_families_of_the_page_about_collapse() -> None:
    from recsyn.collapse.opening import KINDS as FAMILIES
    from recsyn.collapse.workflow import KINDS as WORKFLOWS

    named = re.findall(r"^\| `([\w-]+)` \|", COLLAPSE, re.MULTILINE)
    assert {*FAMILIES, *WORKFLOWS} <= set(named)


def test_the_programs_of_the_language_page() -> None:
    for source in blocks((ROOT / "docs" / "language.md").read_text("utf-8"), "rec"):
        program = recsyn.loads(source)
        assert [*program.checked.warnings, *program.failed_examples(), *program.falsified_properties()] == []


def test_the_commands_of_the_pages(workplace: Path) -> None:
    """What a command prints is shown without the blanks that end lines of a table."""
    shown = re.findall(r"^```\n\$ (.*?)\n(.*?)^```", README + SEMANTICS + TASKS + COLLAPSE, re.DOTALL | re.MULTILINE)
    shown += [(line, None) for block in blocks(SEMANTICS, "sh") for line in block.splitlines()]
    assert len(shown) >= 12
    for command, printed in shown:
        if re.search("--cost|--count|theory", command) and not find_spec("sympy"):
            continue
        done = run(command, workplace)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        if printed is not None:
            assert [line.rstrip() for line in done.stdout.splitlines()] == printed.splitlines(), command


@pytest.mark.parametrize(("page", "many"), [(SEMANTICS, 5), (TASKS, 4), (MODELS, 1)], ids=["semantics", "tasks", "models"])
def test_the_python_of_a_page(page: str, many: int, workplace: Path) -> None:
    """What a block prints is in the block after it, where one follows at once."""
    examples = re.findall(r"^```python\n(.*?)^```(?:\n\n```\n(.*?)^```)?", page, re.DOTALL | re.MULTILINE)
    assert len(examples) >= many
    for example, printed in examples:
        if "cost" in example and not find_spec("sympy"):
            continue
        (workplace / "example.py").write_text(example, "utf-8")
        done = run("python example.py", workplace)
        assert done.returncode == 0, f"{example}\n{done.stderr}"
        if printed:
            assert done.stdout == printed, example


def test_the_page_of_the_library_has_every_function() -> None:
    """`docs/library.md` is written from the library: `python tests/test_documentation.py` writes it anew."""
    assert (ROOT / "docs" / "library.md").read_text("utf-8") == library_page()


def library_page() -> str:
    lines = ["# The standard library", ""]
    lines += [
        "`import list` brings in a module's names, as `map` and as `list.map`. Each function has an example, and a property that"
    ]
    lines += ["`recsyn check` tests; the sources are in `src/recsyn/library/`."]
    for name in module_names():
        checked = recsyn.loads(module_source(name).text, f"{name}.rec").checked
        about = module_source(name).text.partition("\n")[0].lstrip("- ")
        lines += ["", f"## {name}", "", about, ""]
        declared = re.findall(r"^type (\w+)", module_source(name).text, re.MULTILINE)
        for datatype in (checked.datatypes[d] for d in declared):
            lines.append(f"- `{show_datatype(datatype)}` {_flowing(datatype.documentation or '')}")
        for function in checked.own:
            definition = checked.definitions[function]
            lines.append(f"- `{function} : {definition.scheme}` {_flowing(definition.documentation or '')}")
    return "\n".join(lines) + "\n"


def _flowing(text: str) -> str:
    return " ".join(text.split())


def test_the_docstring_of_the_package() -> None:
    assert doctest.testmod(recsyn).attempted == 3
    assert doctest.testmod(recsyn).failed == 0


if __name__ == "__main__":
    (ROOT / "docs" / "library.md").write_text(library_page(), "utf-8")
