"""What the values of a size can hold: the fewest and the most integers and characters, and the least and the greatest depth.

The same recurrences as that of the numbers of values (:mod:`recsyn.data.treegrammar`), with least or greatest in place of sums; in
place of products, sums of labels, and the greater of two depths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from recsyn.data.treegrammar import Nonterminal, Symbol, TreeGrammar, Way, productive, reached

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

    def bound(self, nonterminal: Nonterminal, labels: int) -> int | None:
        """A size that no value with so many labels at most exceeds; ``None`` where such values may have any size."""
        symbols = productive(reached(self._grammar.symbol(nonterminal)))
        ways = [(symbol, way) for symbol in symbols for way in symbol.ways if symbols.issuperset(way.fields)]
        bare: dict[Symbol, int] = {}
        """Those with a value that holds no label, and the size of the largest such value."""
        before = -1
        while before != len(bare):
            before = len(bare)
            bare.update((symbol, 0) for symbol, way in ways if all(part in bare for part in way.fields))
        below: dict[Symbol, set[Symbol]] = {symbol: set() for symbol in symbols}
        """In which parts values can go on, no label being beside them."""
        for symbol, way in ways:
            labelled = [part for part in way.fields if part not in bare]
            if len(labelled) < 2:
                below[symbol].update(labelled or way.fields)
        while ends := [symbol for symbol, parts in below.items() if below.keys().isdisjoint(parts)]:
            for symbol in ends:
                del below[symbol]
                if symbol in bare:
                    own = [way.fields for of, way in ways if of is symbol and all(part in bare for part in way.fields)]
                    bare[symbol] = max(1 + sum(bare[part] for part in fields) for fields in own)
        if below:
            return None
        # A value with t labels has t - 1 places at most where they part. Of the 2t - 1 paths between these, none passes a symbol
        # twice, and what hangs on them holds no label.
        hanging = max((len(way.fields) for _, way in ways), default=0) * max(bare.values(), default=0)
        return max(bare.values(), default=-1) if not labels else 3 * labels * len(symbols) * (1 + hanging)

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


@dataclass(slots=True, eq=False)
class _Depths:
    """Least and greatest depth by size, -1 where there is no value: ``int64 [2, sizes]``."""

    known: int = 0
    ends: NDArray[np.int64] = field(default_factory=lambda: np.full((2, 64), -1))

    def append(self, least: int, greatest: int) -> None:
        if self.known == self.ends.shape[1]:
            self.ends = np.concatenate([self.ends, np.full_like(self.ends, -1)], axis=1)
        self.ends[:, self.known] = least, greatest
        self.known += 1

    def up_to(self, size: int, counts: bool) -> NDArray[np.int64]:
        """Those of the sizes 0 to ``size``, or 0 for each that there is, where depth does not count."""
        ends = self.ends[:, : size + 1]
        return ends if counts else np.minimum(ends, 0)


class Depths:
    """The least and the greatest depth of values by size. ``counting`` says of each way of a symbol the fields whose depth counts,
    and ``None`` where the way has depth 0; else it is deeper by 1 than the deepest of these."""

    def __init__(self, grammar: TreeGrammar, start: Nonterminal, counting: Callable[[Symbol, Way], tuple[int, ...] | None]) -> None:
        self._start = grammar.symbol(start)
        self._columns = {symbol: _Depths() for symbol in reached(self._start)}
        ways = [(symbol, way) for symbol in self._columns for way in symbol.ways]
        self._counting = {way: counting(symbol, way) for symbol, way in ways}
        self._fillings = {way: [_Depths() for _ in way.fields] for _, way in ways}

    def range(self, size: int) -> Range | None:
        """The least and the greatest depth of the values of a size; ``None`` where there are none."""
        own = self._columns[self._start]
        while own.known <= size:
            self._advance(own.known)
        least, greatest = map(int, own.ends[:, size])
        return None if least < 0 else (least, greatest)

    def _advance(self, size: int) -> None:
        if size:
            for way in self._fillings:
                self._fill(way, size - 1)
        for symbol, column in self._columns.items():
            found = [self._ends(way, size) for way in symbol.ways] if size else [(0, 0)] * bool(symbol.letters)
            there = [ends for ends in found if ends[0] >= 0]
            column.append(min((least for least, _ in there), default=-1), max((greatest for _, greatest in there), default=-1))

    def _ends(self, way: Way, size: int) -> Range:
        """The least and the greatest depth of what a way makes of a size."""
        fillings = self._fillings[way]
        least, greatest = map(int, fillings[0].ends[:, size - 1]) if fillings else (0, 0) if size == 1 else (-1, -1)
        if least < 0 or self._counting[way] is None:
            return min(least, 0), min(least, 0)
        return least + 1, greatest + 1

    def _fill(self, way: Way, size: int) -> None:
        fillings, counting = self._fillings[way], self._counting[way] or ()
        for index in range(len(fillings) - 1, -1, -1):
            own = self._columns[way.fields[index]].up_to(size, index in counting)
            if index + 1 == len(fillings):
                fillings[index].append(*own[:, size])
                continue
            rest = fillings[index + 1].ends[:, size::-1][:, : size + 1]
            deepest = np.maximum(own, rest)[:, (own[0] >= 0) & (rest[0] >= 0)]
            fillings[index].append(*((deepest[0].min(), deepest[1].max()) if deepest.size else (-1, -1)))
