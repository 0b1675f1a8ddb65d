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
from functools import cached_property
from random import Random
from typing import TYPE_CHECKING, TypeAlias

from recsyn.values import Datum, Value

if TYPE_CHECKING:
    from recsyn.data.certified import CertifiedCounts

Nonterminal: TypeAlias = Hashable
EXACT = 256
"""Values up to this size are drawn by rank, which takes the exact numbers of all smaller ones; larger ones by certified counts."""
_FEW = 4_096
"""So many values of a size at most are made once for all that they are parts of."""
_A_WAY, _A_SUM = 250, 1_500
"""Products that take as long as a way, or the sum over the sizes of one field, takes beside them at each size."""


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
        self.productions = productions
        self.letters = letters
        self._symbols: dict[Nonterminal, Symbol] = {}
        self._fillings: dict[tuple[Symbol, ...], list[int]] = {}
        self._counted = 0
        self._looked = 0

    def count(self, nonterminal: Nonterminal, size: int) -> int:
        """How many values of this size the nonterminal derives."""
        return self.symbol(nonterminal, size).counts[size] if size >= 0 else 0

    def value(self, nonterminal: Nonterminal, size: int, rank: int) -> Datum:
        """The value of this size and rank, ``0 <= rank < count``. Ranks follow the order of productions, then that of sizes and
        ranks from the first field to the last. Raises ``IndexError`` for another rank."""
        if not 0 <= rank < self.count(nonterminal, size):
            raise IndexError(f"there are {self.count(nonterminal, size)} values of size {size}, and no rank {rank}")
        return self._ranked(self._symbols[nonterminal], size, rank)

    def _ranked(self, symbol: Symbol, size: int, rank: int) -> Datum:
        results: list[Datum] = []
        # What is still to make, and the constructors to apply to the latest results.
        tasks: list[tuple[Symbol, int, int] | Way] = [(symbol, size, rank)]
        while tasks:
            task = tasks.pop()
            if isinstance(task, Way):
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
        tasks: list[tuple[Symbol, int] | Way] = [(self._symbols[nonterminal], size)]
        while tasks:
            task = tasks.pop()
            if isinstance(task, Way):
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

    def derives(self, nonterminal: Nonterminal, size: int) -> bool:
        """Whether the nonterminal derives a value of this size. Nothing is counted for that."""
        if size < 0:
            return False
        symbol = self.symbol(nonterminal)
        while self._looked <= size:
            _look(self._symbols.values(), self._looked)
            self._looked += 1
        return bool(symbol.there >> size & 1)

    def work(self, nonterminal: Nonterminal, size: int) -> int:
        """About how many products of two numbers take as long as it takes to count up to ``size`` in floating point."""
        ways = [way for symbol in reached(self.symbol(nonterminal)) for way in symbol.ways]
        sums = sum(field.letters is None for way in ways for field in way.fields[:-1])
        return size * (_A_WAY * len(ways) + sums * (_A_SUM + size // 2))

    def effort(self) -> int:
        """How many products it takes to count the next size exactly."""
        ways = (way for symbol in self._symbols.values() for way in symbol.ways)
        return sum(1 + sum(len(field.sizes) for field in way.fields[:-1]) for way in ways)

    def fewer(self, nonterminal: Nonterminal, size: int, limit: int) -> int | None:
        """How many values of this size the nonterminal derives, where they are fewer than ``limit`` (2^50 at most), else ``None``.
        It makes no large numbers."""
        if size <= EXACT:
            count = self.count(nonterminal, size)
            return count if count < limit else None
        return self.certified.fewer(nonterminal, size, limit)

    def drawn(self, nonterminal: Nonterminal, size: int, rng: Random) -> Datum:
        """A value of this size, each with the same probability exactly. Raises ``IndexError`` where there is none."""
        if size > EXACT:
            return self.certified.drawn(nonterminal, size, rng)
        count = self.count(nonterminal, size)
        if not count:
            raise IndexError(f"there are no values of size {size}")
        return self.value(nonterminal, size, rng.randrange(count))

    def largest(self, nonterminal: Nonterminal) -> int | None:
        """The greatest size of a value that the nonterminal derives: -1 where it derives none, ``None`` where sizes have no end."""
        start = self.symbol(nonterminal)
        there = productive(reached(start))
        if start not in there:
            return -1
        used = reached(start, lambda way: there.issuperset(way.fields))
        largest = dict.fromkeys(used, 0)
        # No path in a largest value passes a symbol twice: what still grows after as many rounds as there are symbols has no end.
        for _ in range(len(used) + 1):
            grown = {
                symbol: max(
                    (1 + sum(largest[f] for f in way.fields) for way in symbol.ways if there.issuperset(way.fields)), default=0
                )
                for symbol in used
            }
            if grown == largest:
                return largest[start]
            largest = grown
        return None

    def values(self, nonterminal: Nonterminal, size: int) -> Iterator[Datum]:
        """Every value of this size, by rank. Small parts are made once, and shared."""
        if size > EXACT:
            return (self.value(nonterminal, size, rank) for rank in range(self.count(nonterminal, size)))
        return self._listed(self.symbol(nonterminal, size), size, {}) if size >= 0 else iter(())

    def _listed(self, symbol: Symbol, size: int, made: dict[tuple[Symbol, int], list[Datum]]) -> Iterator[Datum]:
        if symbol.letters is not None:
            yield from symbol.letters if size == 0 else ()
        elif symbol.counts[size] > _FEW:
            for way in symbol.ways:
                for fields in self._rows(way.fields, way.fillings, size - 1, made):
                    yield Value(way.constructor, fields)
        else:
            if (symbol, size) not in made:
                made[symbol, size] = [self._ranked(symbol, size, rank) for rank in range(symbol.counts[size])]
            yield from made[symbol, size]

    def _rows(
        self,
        fields: tuple[Symbol, ...],
        fillings: list[list[int]],
        size: int,
        made: dict[tuple[Symbol, int], list[Datum]],
    ) -> Iterator[tuple[Datum, ...]]:
        """All fillings of fields that have a size together, in the order of ranks."""
        if not fields:
            yield from [()] if size == 0 else ()
        elif len(fields) == 1:
            yield from ((value,) for value in self._listed(fields[0], size, made))
        else:
            for own in range(size + 1):
                if fields[0].counts[own] and fillings[1][size - own]:
                    for value in self._listed(fields[0], own, made):
                        for rest in self._rows(fields[1:], fillings[1:], size - own, made):
                            yield (value, *rest)

    def symbol(self, nonterminal: Nonterminal, size: int = -1) -> Symbol:
        """What the nonterminal derives, counted up to ``size`` at least."""
        if nonterminal not in self._symbols:
            self._reach(nonterminal)
        self.advance(size)
        return self._symbols[nonterminal]

    def advance(self, size: int) -> None:
        """Count all symbols that were asked for up to ``size`` at least."""
        while self._counted <= size:
            _advance(self._symbols.values(), self._counted)
            self._counted += 1

    def _reach(self, start: Nonterminal) -> None:
        """Enter every nonterminal that ``start`` leads to, counted as far as the others are."""
        entered: dict[Symbol, Sequence[Production]] = {}
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if at in self._symbols:
                continue
            letters = self.letters(at)
            productions = self.productions(at) if letters is None else ()
            self._symbols[at] = Symbol(letters)
            entered[self._symbols[at]] = productions
            waiting.extend(field for p in productions for field in p.fields)
        for symbol, productions in entered.items():
            symbol.ways.extend(self._way(p) for p in productions)
        for size in range(self._counted):
            _advance(entered, size)
        for size in range(self._looked):
            _look(entered, size)

    def _way(self, production: Production) -> Way:
        """The way that a production is. Ways that end alike share what is counted of their ends."""
        fields = tuple(self._symbols[f] for f in production.fields)
        ends = [fields[index:] for index in range(max(1, len(fields)))]
        return Way(production.constructor, fields, [self._fillings.setdefault(end, []) for end in ends])

    @cached_property
    def certified(self) -> CertifiedCounts:
        """The same numbers in floating point, with bounds on their errors, for sizes whose exact numbers are long."""
        from recsyn.data.certified import CertifiedCounts

        return CertifiedCounts(self)


def reached(start: Symbol, allowed: Callable[[Way], bool] = lambda way: True) -> set[Symbol]:
    """The symbols that ``start`` leads to by allowed ways, and itself."""
    found: set[Symbol] = set()
    waiting = [start]
    while waiting:
        symbol = waiting.pop()
        if symbol not in found:
            found.add(symbol)
            waiting.extend(part for way in symbol.ways if allowed(way) for part in way.fields)
    return found


def productive(symbols: Iterable[Symbol]) -> set[Symbol]:
    """Those that derive any value, of symbols that lead only to one another."""
    found: set[Symbol] = set()
    waiting = list(symbols)
    before = -1
    while before != len(found):
        before = len(found)
        found.update(s for s in waiting if s.letters or any(found.issuperset(way.fields) for way in s.ways))
    return found


@dataclass(slots=True, eq=False)
class Symbol:
    """A nonterminal: its letters or its ways to derive, and how many values of each size it derives."""

    letters: Sequence[Datum] | None
    ways: list[Way] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    """Those of which there are values, as far as they are counted."""
    there: int = 0
    """The same as bits, that of size 0 the lowest, as far as they are looked at."""

    def chosen(self, size: int, rank: int) -> tuple[Way, int]:
        """The way that derives the value of a rank, and its rank among those of that way."""
        for way in self.ways:
            count = way.fillings[0][size - 1]
            if rank < count:
                return way, rank
            rank -= count
        raise AssertionError("a rank below the count has a way")


@dataclass(slots=True, eq=False)
class Way:
    """A production. ``fillings[i]`` holds the ways to fill the fields from the i-th on, by their size together."""

    constructor: str
    fields: tuple[Symbol, ...]
    fillings: list[list[int]]
    possible: list[int] = field(init=False)
    """Which sizes the fields from the i-th on can have together, of those fields that are no atoms, as bits: that of the size that
    was looked at last the lowest."""

    def __post_init__(self) -> None:
        self.possible = [0] * len(self.fields)

    def split(self, size: int, rank: int) -> list[tuple[Symbol, int, int]]:
        """The sizes and ranks of the fields, when ``rank`` counts the ways to fill them all."""
        parts: list[tuple[Symbol, int, int]] = []
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

    def spread(self, size: int, choose: Callable[[int], int]) -> list[tuple[Symbol, int]]:
        """Sizes of the fields that make up ``size``, each chosen among those that leave values for all fields."""
        parts: list[tuple[Symbol, int]] = []
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

    def fits(self, size: int) -> bool:
        """Whether the fields can have a size together, where this was asked of all smaller sizes."""
        if any(field.letters is not None and not field.letters for field in self.fields):
            return False
        parts = [field for field in self.fields if field.letters is None]
        if not parts:
            return not size
        fits = parts[-1].there >> size & 1
        for index in range(len(parts) - 2, -1, -1):
            self.possible[index + 1] = self.possible[index + 1] << 1 | fits
            fits = int(parts[index].there & self.possible[index + 1] != 0)
        return bool(fits)

    def fill(self, size: int) -> None:
        """Count the fillings of a size, all smaller sizes and the fields up to this size being counted."""
        for index in range(len(self.fillings) - 1, -1, -1):
            filling = self.fillings[index]
            if len(filling) > size:
                continue  # with another way that ends so
            if index + 1 == len(self.fillings):
                filling.append(self.fields[-1].counts[size] if self.fields else int(size == 0))
            else:
                counts, rests = self.fields[index].counts, self.fillings[index + 1]
                filling.append(sum(counts[own] * rests[size - own] for own in self.fields[index].sizes if own <= size))


def _look(symbols: Iterable[Symbol], size: int) -> None:
    """Find which of these derive values of ``size``, where that is known of all smaller sizes."""
    for symbol in symbols:
        # Each way is asked, since it keeps what it was asked before.
        fits = [way.fits(size - 1) for way in symbol.ways] if size else [bool(symbol.letters)]
        if any(fits):
            symbol.there |= 1 << size


def _advance(symbols: Iterable[Symbol], size: int) -> None:
    """Count what these derive at ``size``, all smaller sizes being counted."""
    for symbol in symbols:
        for way in symbol.ways if size else ():
            way.fill(size - 1)
    for symbol in symbols:
        if symbol.letters is not None:
            symbol.counts.append(0 if size else len(symbol.letters))
        else:
            symbol.counts.append(sum(way.fillings[0][size - 1] for way in symbol.ways) if size else 0)
        if symbol.counts[size]:
            symbol.sizes.append(size)
