"""An engine by its name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from recsyn.engines.choosing import engine_named
from recsyn.engines.local import Elsewhere
from recsyn.errors import MissingExtra, RecsynError


def test_those_that_there_are() -> None:
    assert engine_named("local", 3, None, Path("out")) == Elsewhere(3)
    assert engine_named("local", None, None, Path("out")) == Elsewhere(os.cpu_count() or 1)
    pytest.importorskip("ray")
    from recsyn.engines.ray import Ray

    assert engine_named("ray", None, None, Path("out")) == Ray(None, Path("out"), None)
    assert engine_named("ray", 5, "host:6379", Path("out")) == Ray("host:6379", Path("out"), 5)


@pytest.mark.parametrize(
    ("name", "hint"), [("rya", "did you mean `ray`?"), ("Local", "did you mean `local`?"), ("x", "local, ray")]
)
def test_another_name(name: str, hint: str) -> None:
    with pytest.raises(RecsynError, match=f"there is no engine '{name}'") as caught:
        engine_named(name, None, None, Path("out"))
    assert hint in caught.value.hint


def test_an_address_that_plays_no_part() -> None:
    with pytest.raises(RecsynError, match="goes to no address, and 'host:6379' is given") as caught:
        engine_named("local", None, "host:6379", Path("out"))
    assert caught.value.hint == "add --engine ray"


def test_without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "recsyn.engines.ray", raising=False)
    with pytest.raises(MissingExtra, match="working on Ray needs packages") as caught:
        engine_named("ray", None, None, Path("out"))
    assert caught.value.hint == 'pip install "recsyn[ray]"'


def test_choosing_the_local_one_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom recsyn.engines.choosing import engine_named\n"
        "engine_named('local', 2, None, Path())\nprint(*sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"ray", "numpy", "torch"} & set(printed.split())
