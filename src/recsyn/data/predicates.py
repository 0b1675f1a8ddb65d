"""Statements about the features of an input, as in a configuration: ``recursion_depth > 5 and not 3 <= size < 9``.

Features and whole numbers are compared by ``< <= > >= = !=`` (or ``≤ ≥ ≠ ==``), several in a row as in mathematics; comparisons are
joined by ``not``, ``and`` and ``or``, which bind in that order, and grouped by parentheses. The rules that explanations are written
in (:mod:`recsyn.testing.rules`) read as such statements.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from numpy.typing import NDArray

from recsyn.data.features import Columns
from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import nearest

_LONGEST = 2_000
"""Characters."""
_RELATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    "≤": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "≥": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "≠": operator.ne,
}
_Operand: TypeAlias = "str | int"
_Comparison: TypeAlias = tuple[_Operand, str, _Operand]
_Step: TypeAlias = "_Comparison | tuple[str, int]"
"""A comparison, whose outcome goes on a stack; or ``not``, ``and``, ``or`` and how many outcomes it takes off."""


@dataclass(frozen=True)
class Predicate:
    """``text`` as it was written. Make one with :meth:`of`."""

    text: str
    steps: tuple[_Step, ...]

    @staticmethod
    def of(text: str) -> Predicate:
        """The predicate that a text writes. Raises :class:`RecsynError` naming the place where it is none."""
        if len(text) > _LONGEST:
            raise RecsynError(f"a predicate of {len(text):,} characters is longer than the {_LONGEST:,} that are read")
        try:
            steps: Any = _lark().parse(text)
        except UnexpectedInput as error:
            raise RecsynError(*_refusal(text, error)) from None
        return Predicate(text, tuple(steps))

    @property
    def features(self) -> tuple[str, ...]:
        """The features it speaks of, in order."""
        operands = (o for step in self.steps if len(step) == 3 for o in (step[0], step[2]))
        return tuple(dict.fromkeys(o for o in operands if isinstance(o, str)))

    def check(self, known: Collection[str]) -> None:
        """Raise :class:`RecsynError` where it speaks of a feature that is not among the known ones."""
        for feature in self.features:
            if feature not in known:
                raise RecsynError(
                    f"inputs have no feature `{feature}`, of which `{self.text}` speaks",
                    nearest(feature, known) or f"their features are {', '.join(known)}",
                )

    def holds(self, columns: Columns) -> NDArray[np.bool_]:
        """``bool [n]``: of which rows it holds."""
        outcomes: list[NDArray[np.bool_]] = []
        for step in self.steps:
            if len(step) == 3:
                left, right = (columns[o] if isinstance(o, str) else o for o in (step[0], step[2]))
                outcomes.append(_RELATIONS[step[1]](left, right))
                continue
            join, width = step
            taken = outcomes[len(outcomes) - width :]
            del outcomes[len(outcomes) - width :]
            reduce = np.logical_and if join == "and" else np.logical_or
            outcomes.append(np.logical_not(taken[0]) if join == "not" else reduce.reduce(np.broadcast_arrays(*taken)))
        length = max(map(len, columns.values()), default=0)
        return np.broadcast_to(outcomes[0], (length,))

    def __str__(self) -> str:
        return self.text


class _Steps(Transformer[Token, list[_Step]]):
    """What is to be done, operands first; built while the parser reduces, so that no nesting costs a stack."""

    def comparison(self, children: list[Token]) -> list[_Step]:
        operands = [int(o) if o.type == "NUMBER" else str(o) for o in children[::2]]
        steps: list[_Step] = [(a, str(r), b) for (a, b), r in zip(pairwise(operands), children[1::2], strict=True)]
        return [*steps, ("and", len(steps))] if len(steps) > 1 else steps

    def negation(self, children: list[list[_Step]]) -> list[_Step]:
        return [*children[0], ("not", 1)]

    def both(self, children: list[list[_Step]]) -> list[_Step]:
        return _joined("and", children)

    def either(self, children: list[list[_Step]]) -> list[_Step]:
        return _joined("or", children)


def _joined(join: str, parts: list[list[_Step]]) -> list[_Step]:
    return parts[0] if len(parts) == 1 else [*(step for part in parts for step in part), (join, len(parts))]


@cache
def _lark() -> Lark:
    grammar = (files("recsyn") / "grammars" / "predicate.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", lexer="basic", start="either", transformer=_Steps())


def _refusal(text: str, error: UnexpectedInput) -> tuple[str, str]:
    hint = "compare features with numbers, as in `recursion_depth > 5 and size <= 12`"
    place = min(max(error.pos_in_stream or 0, 0), len(text))
    if isinstance(error, UnexpectedCharacters) and text[place].isdecimal():
        return f"the number at character {place + 1} of `{text}` has more than 18 digits", hint
    if isinstance(error, UnexpectedCharacters):
        return f"`{text[place]}`, character {place + 1} of `{text}`, means nothing in a predicate", hint
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        return f"`{error.token}`, at character {place + 1} of `{text}`, cannot stand there in a predicate", hint
    return f"the predicate `{text}` ends too early", hint
