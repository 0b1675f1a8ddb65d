"""What a user names in a Python file or a module of their own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from hashlib import sha256
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import nearest


def found_in_python(place: str, what: str, kinds: str) -> Any:
    """What stands under a name, FILE.py:NAME or package.module:NAME; the file or module is run. Messages call it ``what``, which
    may be one of ``kinds``. Raises :class:`RecsynError` for whatever goes wrong in there."""
    where, _, name = place.rpartition(":")
    if not where or not name:
        raise RecsynError(f"{place!r} names no {what}", f"a {what} is {kinds}")
    try:
        module = _from_file(Path(where)) if where.endswith(".py") else _from_package(where)
    except RecsynError:
        raise
    except (Exception, SystemExit) as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise RecsynError(f"{where!r} cannot be loaded: {why}", "it has to run through when it is imported") from None
    try:
        return attrgetter(name)(module)
    except AttributeError:
        known = [each for each in vars(module) if not each.startswith("_")]
        raise RecsynError(f"{where!r} defines no {name!r}", nearest(name, known)) from None


def _from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise RecsynError(f"there is no file {str(path)!r}")
    path = path.resolve()
    _find_in(path.parent)
    # A name of its own, that no module of the same name is in its way; it is kept, for what pickles or looks up its classes.
    name = f"{path.stem}_{sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    described = importlib.util.spec_from_file_location(name, path)
    assert described and described.loader  # noqa: PT018
    module = importlib.util.module_from_spec(described)
    sys.modules[name] = module
    try:
        described.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _from_package(name: str) -> ModuleType:
    _find_in(Path.cwd())
    return importlib.import_module(name)


def _find_in(folder: Path) -> None:
    """What stands beside a model is imported as from a script there."""
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
