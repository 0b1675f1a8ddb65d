"""How many integers and characters the values of a size can hold: the fewest and the most.

The same recurrence as that of the numbers of values (:mod:`recsyn.data.treegrammar`), with least or greatest in place of sums and
sums in place of products.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsyn.data.treegrammar import Nonterminal, Symbol, TreeGrammar, Way

_NONE = 2**40
"""More labels than any value holds: there is no value."""

Range = tuple[int, int]


@dataclass(slots=True, eq=False)
class _Column:
    """By size the fewest integers, the most integers, negated, and the same of characters: ``int64 [4, sizes]``."""

    known: int = 0
    least: NDArray[np.int64] = field(default_factory=lambda: np.full((4, 64), _NONE))

    def append(self, least: NDArray[np.int64]) -> None:
        if self.known == self.least.shape[1]:
            self.least = np.concatenate([self.least, np.full_like(self.least, _NONE)], axis=1)
        self.least[:, self.known] = np.where(least > _NONE // 2, _NONE, least)
        self.known += 1


class Labelling:
    """The numbers of labels in the values of a grammar."""

    def __init__(self, grammar: TreeGrammar) -> None:
        self._grammar = grammar
        self._columns: dict[Symbol, _Column] = {}
        self._fillings: dict[Way, list[_Column]] = {}

    def ranges(self, nonterminal: Nonterminal, size: int) -> tuple[Range, Range] | None:
        """The fewest and the most integers, and the fewest and the most characters, in values of this size; ``None`` where there
        are none."""
        start = self._grammar.symbol(nonterminal)
        self._enter(start)
        first = min(column.known for column in self._columns.values())
        for at in range(first, size + 1):
            self._advance(at)
        fewest, most, least, greatest = map(int, self._columns[start].least[:, size])
        return None if fewest == _NONE else ((fewest, -most), (least, -greatest))

    def _enter(self, start: Symbol) -> None:
        waiting = [start]
        while waiting:
            symbol = waiting.pop()
            if symbol not in self._columns:
                self._columns[symbol] = _Column()
                for way in symbol.ways:
                    self._fillings[way] = [_Column() for _ in way.fields]
                    waiting.extend(way.fields)

    def _advance(self, size: int) -> None:
        """Find what is not known yet at ``size``, all smaller sizes being known."""
        late = [symbol for symbol, column in self._columns.items() if column.known == size]
        if size:
            for symbol in late:
                for way in symbol.ways:
                    self._fill(way, size - 1)
        for symbol in late:
            least = np.full(4, _NONE)
            if symbol.letters and not size:
                held = int(isinstance(symbol.letters[0], int))
                least = np.array([held, -held, 1 - held, held - 1])
            for way in symbol.ways if size else ():
                fillings = self._fillings[way]
                least = np.minimum(least, fillings[0].least[:, size - 1] if fillings else 0 if size == 1 else _NONE)
            self._columns[symbol].append(least)

    def _fill(self, way: Way, size: int) -> None:
        fillings = self._fillings[way]
        for index in range(len(fillings) - 1, -1, -1):
            own = self._columns[way.fields[index]].least
            if index + 1 == len(fillings):
                fillings[index].append(own[:, size])
            else:
                rest = fillings[index + 1].least
                fillings[index].append((own[:, : size + 1] + rest[:, size::-1][:, : size + 1]).min(axis=1))
