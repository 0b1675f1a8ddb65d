"""What `import recsyn` promises."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import recsyn

HEAVY = ("torch", "lightning", "sympy", "matplotlib", "numpy", "lark", "hypothesis", "rich")


def loaded_by(statement: str) -> set[str]:
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(m.partition('.')[0] for m in sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(json.loads(printed.splitlines()[-1]))


def test_importing_recsyn_imports_nothing_heavy() -> None:
    assert not loaded_by("import recsyn, recsyn.errors, recsyn.values") & set(HEAVY)


def test_the_pytest_plugin_adds_nothing_heavy() -> None:
    assert not (loaded_by("import pytest, recsyn.pytest_plugin") - loaded_by("import pytest")) & set(HEAVY)


def test_the_language_needs_no_torch() -> None:
    used = loaded_by("import recsyn\np = recsyn.loads('fun f x = x + 1')\np['f'](1)\np.strategy('Int')")
    assert not used & {"torch", "lightning", "matplotlib", "jinja2"}


def test_every_public_name_is_there() -> None:
    for name in recsyn.__all__:
        assert getattr(recsyn, name) is not None
        assert name in dir(recsyn)
    with pytest.raises(AttributeError, match="no attribute 'lod'"):
        _ = recsyn.lod


def test_a_missing_extra_says_which_to_install() -> None:
    code = (
        "import sys\nsys.modules['torch'] = None\nimport recsyn\n"
        "try:\n    recsyn.load_model('x')\nexcept recsyn.RecsynError as e:\n    print(e)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 'pip install "recsyn[neural]"' in printed
