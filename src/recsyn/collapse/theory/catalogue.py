"""All results, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from recsyn.collapse.theory import linear, moments, verifying, weighting
from recsyn.collapse.theory.result import Result
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest

RESULTS: Mapping[str, Result] = MappingProxyType(
    {result.name: result for module in (linear, moments, weighting, verifying) for result in module.RESULTS}
)


def find(name: str) -> Result:
    """Raises :class:`RecsynError` for a name that no result has."""
    if name not in RESULTS:
        raise RecsynError(
            f"there is no result {quoted(name)}", nearest(name, RESULTS) or "`recsyn collapse theory` lists those there are"
        )
    return RESULTS[name]
