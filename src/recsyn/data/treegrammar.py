"""Sets of values as regular tree grammars: how many members have each size, and the member of a given rank.

A nonterminal derives values by productions, each a constructor with nonterminals for its fields; ``Int`` and ``Char`` derive the
letters of an alphabet, which have size 0. The numbers N of values by size follow from the productions alone,

    N_A[s] = sum over productions A -> c(F_1, …, F_k) of (N_F1 * … * N_Fk)[s - 1],

where * is convolution (the symbolic method; Flajolet and Sedgewick, Analytic Combinatorics, I.2), so a rank drawn uniformly gives a
value drawn exactly uniformly.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from recsyn.values import Datum, Value

Nonterminal: TypeAlias = Hashable


@dataclass(frozen=True, slots=True)
class Production:
    constructor: str
    fields: tuple[Nonterminal, ...]


class TreeGrammar:
    """``productions`` gives those of each nonterminal; ``letters`` the atoms of one that derives atoms, else ``None``."""

    def __init__(
        self,
        productions: Callable[[Nonterminal], Sequence[Production]],
        letters: Callable[[Nonterminal], Sequence[Datum] | None],
    ) -> None:
        self._rules = productions
        self._letters = letters
        self._symbols: dict[Nonterminal, _Symbol] = {}
        self._counted = 0

    def count(self, nonterminal: Nonterminal, size: int) -> int:
        """How many values of this size the nonterminal derives."""
        return self._symbol(nonterminal, size).counts[size] if size >= 0 else 0

    def value(self, nonterminal: Nonterminal, size: int, rank: int) -> Datum:
        """The value of this size and rank, ``0 <= rank < count``. Ranks follow the order of productions, then that of sizes and
        ranks from the first field to the last. Raises ``IndexError`` for another rank."""
        if not 0 <= rank < self.count(nonterminal, size):
            raise IndexError(f"there are {self.count(nonterminal, size)} values of size {size}, and no rank {rank}")
        results: list[Datum] = []
        # What is still to make, and the constructors to apply to the latest results.
        tasks: list[tuple[_Symbol, int, int] | _Way] = [(self._symbols[nonterminal], size, rank)]
        while tasks:
            task = tasks.pop()
            if isinstance(task, _Way):
                task.apply(results)
                continue
            symbol, size, rank = task
            if symbol.letters is not None:
                results.append(symbol.letters[rank])
                continue
            way, rank = symbol.chosen(size, rank)
            tasks.append(way)
            tasks.extend(reversed(way.split(size - 1, rank)))
        return results[0]

    def grown(self, nonterminal: Nonterminal, size: int, choose: Callable[[int], int]) -> Datum:
        """A value of this size, chosen node by node: ``choose(n)`` says which of ``n`` ways to go on with, from 0. Raises
        ``IndexError`` where there is no value of this size."""
        if not self.count(nonterminal, size):
            raise IndexError(f"there are no values of size {size}")
        results: list[Datum] = []
        tasks: list[tuple[_Symbol, int] | _Way] = [(self._symbols[nonterminal], size)]
        while tasks:
            task = tasks.pop()
            if isinstance(task, _Way):
                task.apply(results)
                continue
            symbol, size = task
            if symbol.letters is not None:
                results.append(symbol.letters[choose(len(symbol.letters))])
                continue
            possible = [way for way in symbol.ways if way.fillings[0][size - 1]]
            way = possible[choose(len(possible))]
            tasks.append(way)
            tasks.extend(reversed(way.spread(size - 1, choose)))
        return results[0]

    def values(self, nonterminal: Nonterminal, size: int) -> Iterator[Datum]:
        """Every value of this size, by rank."""
        return (self.value(nonterminal, size, rank) for rank in range(self.count(nonterminal, size)))

    def _symbol(self, nonterminal: Nonterminal, size: int) -> _Symbol:
        """What the nonterminal derives, counted up to ``size`` at least."""
        if nonterminal not in self._symbols:
            self._reach(nonterminal)
        while self._counted <= size:
            _advance(self._symbols.values(), self._counted)
            self._counted += 1
        return self._symbols[nonterminal]

    def _reach(self, start: Nonterminal) -> None:
        """Enter every nonterminal that ``start`` leads to, counted as far as the others are."""
        entered: dict[_Symbol, Sequence[Production]] = {}
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if at in self._symbols:
                continue
            letters = self._letters(at)
            productions = self._rules(at) if letters is None else ()
            self._symbols[at] = _Symbol(letters)
            entered[self._symbols[at]] = productions
            waiting.extend(field for p in productions for field in p.fields)
        for symbol, productions in entered.items():
            symbol.ways.extend(_Way(p.constructor, tuple(self._symbols[f] for f in p.fields)) for p in productions)
        for size in range(self._counted):
            _advance(entered, size)


@dataclass(slots=True, eq=False)
class _Symbol:
    """A nonterminal: its letters or its ways to derive, and how many values of each size it derives."""

    letters: Sequence[Datum] | None
    ways: list[_Way] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def chosen(self, size: int, rank: int) -> tuple[_Way, int]:
        """The way that derives the value of a rank, and its rank among those of that way."""
        for way in self.ways:
            count = way.fillings[0][size - 1]
            if rank < count:
                return way, rank
            rank -= count
        raise AssertionError("a rank below the count has a way")


@dataclass(slots=True, eq=False)
class _Way:
    """A production. ``fillings[i]`` holds the ways to fill the fields from the i-th on, by their size together."""

    constructor: str
    fields: tuple[_Symbol, ...]
    fillings: list[list[int]] = field(init=False)

    def __post_init__(self) -> None:
        self.fillings = [[] for _ in range(max(1, len(self.fields)))]

    def split(self, size: int, rank: int) -> list[tuple[_Symbol, int, int]]:
        """The sizes and ranks of the fields, when ``rank`` counts the ways to fill them all."""
        parts: list[tuple[_Symbol, int, int]] = []
        for symbol, rests in zip(self.fields, self.fillings[1:], strict=False):
            for own in range(size + 1):
                rest = rests[size - own]
                ways = symbol.counts[own] * rest
                if rank < ways:
                    own_rank, rank = divmod(rank, rest)
                    parts.append((symbol, own, own_rank))
                    size -= own
                    break
                rank -= ways
        if self.fields:
            parts.append((self.fields[-1], size, rank))
        return parts

    def spread(self, size: int, choose: Callable[[int], int]) -> list[tuple[_Symbol, int]]:
        """Sizes of the fields that make up ``size``, each chosen among those that leave values for all fields."""
        parts: list[tuple[_Symbol, int]] = []
        for symbol, rests in zip(self.fields, self.fillings[1:], strict=False):
            possible = [own for own in range(size + 1) if symbol.counts[own] and rests[size - own]]
            own = possible[choose(len(possible))]
            parts.append((symbol, own))
            size -= own
        if self.fields:
            parts.append((self.fields[-1], size))
        return parts

    def apply(self, results: list[Datum]) -> None:
        """Replace the latest results, one for each field, by the constructor applied to them."""
        kept = len(results) - len(self.fields)
        fields = tuple(results[kept:])
        del results[kept:]
        results.append(Value(self.constructor, fields))

    def fill(self, size: int) -> None:
        """Count the fillings of a size, all smaller sizes and the fields up to this size being counted."""
        self.fillings[-1].append(self.fields[-1].counts[size] if self.fields else int(size == 0))
        for index in range(len(self.fields) - 2, -1, -1):
            counts, rests = self.fields[index].counts, self.fillings[index + 1]
            self.fillings[index].append(sum(counts[own] * rests[size - own] for own in range(size + 1) if counts[own]))


def _advance(symbols: Iterable[_Symbol], size: int) -> None:
    """Count what these derive at ``size``, all smaller sizes being counted."""
    for symbol in symbols:
        for way in symbol.ways if size else ():
            way.fill(size - 1)
    for symbol in symbols:
        if symbol.letters is not None:
            symbol.counts.append(0 if size else len(symbol.letters))
        else:
            symbol.counts.append(sum(way.fillings[0][size - 1] for way in symbol.ways) if size else 0)
