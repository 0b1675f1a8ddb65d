"""Sets of values as regular tree grammars: how many members have each size, and the member of a given rank.

A nonterminal derives values by productions, each a constructor with nonterminals for its fields; ``Int`` and ``Char`` derive the
letters of an alphabet, which have size 0. The numbers N of values by size follow from the productions alone,

    N_A[s] = sum over productions A -> c(F_1, …, F_k) of (N_F1 * … * N_Fk)[s - 1],

where * is convolution (the symbolic method; Flajolet and Sedgewick, Analytic Combinatorics, I.2), so a rank drawn uniformly gives a
value drawn exactly uniformly.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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
        self._letters_of = letters
        self._productions: dict[Nonterminal, tuple[Production, ...]] = {}
        self._letters: dict[Nonterminal, Sequence[Datum]] = {}
        self._counts: dict[Nonterminal, list[int]] = {}
        self._counted = 0
        # For each production, at i: the ways to fill the fields from the i-th on, by their size together.
        self._fillings: dict[Production, list[list[int]]] = {}

    def count(self, nonterminal: Nonterminal, size: int) -> int:
        """How many values of this size the nonterminal derives."""
        self._extend(nonterminal, size)
        return self._counts[nonterminal][size] if size >= 0 else 0

    def value(self, nonterminal: Nonterminal, size: int, rank: int) -> Datum:
        """The value of this size and rank, ``0 <= rank < count``. Ranks follow the order of productions, then that of sizes and
        ranks from the first field to the last. Raises ``IndexError`` for another rank."""
        if not 0 <= rank < self.count(nonterminal, size):
            raise IndexError(f"there are {self.count(nonterminal, size)} values of size {size}, and no rank {rank}")
        results: list[Datum] = []
        # A value to make (nonterminal, size, rank), or a constructor to apply to the latest results (name, number of fields).
        tasks: list[tuple[Nonterminal, int, int] | tuple[str, int]] = [(nonterminal, size, rank)]
        while tasks:
            task = tasks.pop()
            if len(task) == 2:
                name, width = task
                fields = tuple(results[len(results) - width :])
                del results[len(results) - width :]
                results.append(Value(name, fields))
                continue
            at, at_size, at_rank = task
            if at in self._letters:
                results.append(self._letters[at][at_rank])
                continue
            production, at_rank = self._production(at, at_size, at_rank)
            tasks.append((production.constructor, len(production.fields)))
            tasks.extend(reversed(list(self._split(production, at_size - 1, at_rank))))
        return results[0]

    def values(self, nonterminal: Nonterminal, size: int) -> Iterator[Datum]:
        """Every value of this size, by rank."""
        return (self.value(nonterminal, size, rank) for rank in range(self.count(nonterminal, size)))

    def _production(self, nonterminal: Nonterminal, size: int, rank: int) -> tuple[Production, int]:
        for production in self._productions[nonterminal]:
            ways = self._fillings[production][0][size - 1]
            if rank < ways:
                return production, rank
            rank -= ways
        raise AssertionError("a rank below the count has a production")

    def _split(self, production: Production, size: int, rank: int) -> Iterator[tuple[Nonterminal, int, int]]:
        """The sizes and ranks of the fields, when ``rank`` counts the ways to fill them all."""
        fillings = self._fillings[production]
        for index, field in enumerate(production.fields):
            if index == len(production.fields) - 1:
                yield field, size, rank
                return
            counts = self._counts[field]
            for own in range(size + 1):
                rest = fillings[index + 1][size - own]
                ways = counts[own] * rest
                if rank < ways:
                    own_rank, rank = divmod(rank, rest)
                    yield field, own, own_rank
                    size -= own
                    break
                rank -= ways

    def _extend(self, nonterminal: Nonterminal, size: int) -> None:
        if nonterminal not in self._counts:
            self._reach(nonterminal)
        while self._counted <= size:
            self._advance(self._counts, self._counted)
            self._counted += 1

    def _reach(self, start: Nonterminal) -> None:
        """Enter every nonterminal that ``start`` leads to, counted as far as the others are."""
        entered: list[Nonterminal] = []
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if at in self._counts:
                continue
            letters = self._letters_of(at)
            if letters is not None:
                self._letters[at] = letters
            self._productions[at] = () if letters is not None else tuple(self._rules(at))
            waiting.extend(field for p in self._productions[at] for field in p.fields)
            self._counts[at] = []
            entered.append(at)
        for size in range(self._counted):
            self._advance(entered, size)

    def _advance(self, members: Iterable[Nonterminal], size: int) -> None:
        """Count what these nonterminals derive at ``size``, all smaller sizes being counted."""
        members = list(members)
        if size:
            for production in (p for at in members for p in self._productions[at]):
                fillings = self._fillings.setdefault(production, [[] for _ in range(len(production.fields) + 1)])
                if len(fillings[0]) < size:
                    self._fill(production, fillings, size - 1)
        for at in members:
            if at in self._letters:
                self._counts[at].append(len(self._letters[at]) if size == 0 else 0)
            else:
                self._counts[at].append(sum(self._fillings[p][0][size - 1] for p in self._productions[at]) if size else 0)

    def _fill(self, production: Production, fillings: list[list[int]], size: int) -> None:
        fillings[-1].append(1 if size == 0 else 0)
        for index in range(len(production.fields) - 1, -1, -1):
            counts, rest = self._counts[production.fields[index]], fillings[index + 1]
            fillings[index].append(sum(counts[own] * rest[size - own] for own in range(size + 1) if counts[own]))
