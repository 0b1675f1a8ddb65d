"""recsyn: write a recursive program, train a transformer on what it computes, and test the model as QuickCheck tests a function.

>>> import recsyn
>>> program = recsyn.loads("type Nat = Z | S Nat\\nfun twice n = match n with Z => Z | S m => S (S (twice m)) end")
>>> print(program["twice"](program.value("S Z")))
S (S Z)

Everything here is found when it is first asked for, so importing recsyn imports nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recsyn.errors import RecsynError as RecsynError
    from recsyn.front import Program as Program
    from recsyn.front import fuzz as fuzz
    from recsyn.front import given_function as given_function
    from recsyn.front import load as load
    from recsyn.front import load_model as load_model
    from recsyn.front import loads as loads
    from recsyn.lang.diagnostics import LanguageError as LanguageError
    from recsyn.values import Value as Value

_HOMES = {
    "LanguageError": "recsyn.lang.diagnostics",
    "Program": "recsyn.front",
    "RecsynError": "recsyn.errors",
    "Value": "recsyn.values",
    "fuzz": "recsyn.front",
    "given_function": "recsyn.front",
    "load": "recsyn.front",
    "load_model": "recsyn.front",
    "loads": "recsyn.front",
}
__all__ = ["LanguageError", "Program", "RecsynError", "Value", "fuzz", "given_function", "load", "load_model", "loads"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'recsyn' has no attribute {name!r}")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
