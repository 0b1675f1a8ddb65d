"""Formulas as they are written down, which SymPy reads only when they are asked for.

Writing them as text keeps SymPy, which takes half a second to import, away from those who only look at names; a formula is data
that can be hashed, kept and sent to another process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from recsyn.errors import RecsynError, extra, quoted

_INDICES = ("i", "j")
"""Names over which formulas sum and multiply."""


class Formula(Protocol):
    """A formula over named quantities."""

    def expression(self, symbols: Mapping[str, Any]) -> Any:
        """It as a SymPy expression, in which the quantities are these symbols."""
        ...


@dataclass(frozen=True)
class Written:
    """A formula as SymPy's notation has it; ``i`` and ``j`` are whole numbers to sum and multiply over. SymPy runs such a text as
    it does a program: it is to be written by whoever runs it, and never read from a stranger's file."""

    text: str

    def expression(self, symbols: Mapping[str, Any]) -> Any:
        """Raises :class:`RecsynError` for a text that is no formula, or has other names in it than these symbols."""
        with extra("theory in closed form", "symbolic"):
            from sympy import Symbol, SympifyError, sympify
        indices = {name: Symbol(name, integer=True, positive=True) for name in _INDICES}
        try:
            found = sympify(self.text, locals={**indices, **symbols})
        except (SympifyError, TypeError, AttributeError, SyntaxError) as error:
            raise RecsynError(f"{quoted(self.text)} is no formula: {error}") from None
        strange = sorted(str(name) for name in getattr(found, "free_symbols", set()) - set(symbols.values()))
        if strange:
            raise RecsynError(f"{quoted(self.text)} speaks of {strange[0]}, which is none of its quantities")
        return found


@dataclass(frozen=True)
class Least:
    """Where a formula is least as one quantity, a share, varies: found by differentiating and solving."""

    of: Written
    over: str

    def expression(self, symbols: Mapping[str, Any]) -> Any:
        """Raises :class:`RecsynError` where there is not exactly one point between 0 and 1 at which the slope vanishes and
        rises."""
        with extra("theory in closed form", "symbolic"):
            from sympy import Symbol, diff, numer, simplify, solve, together
        varied = Symbol(self.over, positive=True)
        slope = diff(self.of.expression({**symbols, self.over: varied}), varied)
        somewhere = dict.fromkeys(slope.free_symbols - {varied}, 1)
        found = [
            simplify(point)
            for point in solve(numer(together(slope)), varied)
            if 0 < point.subs(somewhere) < 1 and diff(slope, varied).subs(varied, point).subs(somewhere) > 0
        ]
        if len(found) != 1:
            raise RecsynError(f"{quoted(self.of.text)} has {len(found)} least points over {self.over} between 0 and 1, not one")
        return found[0]
