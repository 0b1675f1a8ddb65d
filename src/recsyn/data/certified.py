"""Numbers of values too long to write out: floating point with a bound on every error, and values drawn by it exactly uniformly.

There are some 10^8004 trees of 10,001 nodes over ten labels, and to count all smaller ones exactly takes minutes. A choice needs
few of their digits: it is a comparison of a uniform number with a sum of quotients of counts, decided by floating point unless the
two lie closer than the error; then the exact numbers decide, so values are uniform exactly and not nearly (Denise and Zimmermann
1999, "Uniform random generation of decomposable structures using floating-point arithmetic"). The sizes of fields are tried from
both ends inwards, so a tree of n nodes takes some n log n comparisons (Flajolet, Zimmermann and Van Cutsem 1994, "A calculus for
the random generation of labelled combinatorial structures").

A count is ``mantissa * 2 ** exponent`` with a mantissa from 1/2 to below 1, or both 0: counts have no largest one, and are 0
exactly where there is no value. Counts below 2^50 are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import frexp, ldexp
from random import Random
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recsyn.data.treegrammar import Nonterminal, Symbol, TreeGrammar, Way
from recsyn.values import Datum

_UNIT = 2.0**-53
"""How far rounding moves a double, in proportion."""
_NOTHING = -(2**40)
"""The exponent of 0, below all others."""
_TINY = -1000
"""Summands smaller than this many binary places below the largest are left out; the bound has room for them."""

_WIDTH = 32
"""Numbers that are added up in one go."""

Approximation: TypeAlias = tuple[float, int, float]
"""Mantissa, exponent, and how far off the true number is at most, in proportion to it."""
_ZERO: Approximation = (0.0, _NOTHING, 0.0)


@dataclass(slots=True, eq=False)
class _Column:
    """Approximations by size, as arrays for sums over them and as tuples for single ones."""

    known: list[Approximation] = field(default_factory=list)
    mantissas: NDArray[np.float64] = field(default_factory=lambda: np.zeros(64))
    exponents: NDArray[np.int64] = field(default_factory=lambda: np.full(64, _NOTHING))
    errors: NDArray[np.float64] = field(default_factory=lambda: np.zeros(64))

    def append(self, value: Approximation) -> None:
        size = len(self.known)
        if size == len(self.mantissas):
            self.mantissas = np.concatenate([self.mantissas, np.zeros(size)])
            self.exponents = np.concatenate([self.exponents, np.full(size, _NOTHING)])
            self.errors = np.concatenate([self.errors, np.zeros(size)])
        self.known.append(value)
        self.mantissas[size], self.exponents[size], self.errors[size] = value


@dataclass(slots=True, eq=False)
class _Filling:
    """How many ways there are to fill the fields of a way from one on, by their size together."""

    first: Symbol
    own: _Column
    """Of the first of these fields."""
    rest: _Column | None
    """Of those that follow it, if any do."""
    both: _Column

    def fill(self, size: int) -> None:
        if self.rest is None:
            return
        if self.first.letters is not None:
            self.both.append(_product(self.own.known[0], self.rest.known[size]))
        else:
            self.both.append(_convolved(self.own, self.rest, size))


class CertifiedCounts:
    """How many values of each size the nonterminals of a grammar derive, approximately, and values drawn exactly uniformly."""

    def __init__(self, grammar: TreeGrammar) -> None:
        self._grammar = grammar
        self._columns: dict[Symbol, _Column] = {}
        self._fillings: dict[Way, tuple[_Filling, ...]] = {}
        self.undecided = 0
        """How many choices the exact numbers had to decide so far."""

    def count(self, nonterminal: Nonterminal, size: int) -> Approximation:
        """How many values of this size the nonterminal derives."""
        return self._column(nonterminal, size).known[size] if size >= 0 else _ZERO

    def fewer(self, nonterminal: Nonterminal, size: int, limit: int) -> int | None:
        """The number itself, where it is below ``limit`` (2^50 at most), else ``None``."""
        mantissa, exponent, _ = self.count(nonterminal, size)
        count = int(ldexp(mantissa, min(exponent, 52))) if mantissa else 0
        return count if count < limit else None

    def drawn(self, nonterminal: Nonterminal, size: int, rng: Random) -> Datum:
        """A value of this size, each with the same probability exactly. Raises ``IndexError`` where there is none."""
        if not self.count(nonterminal, size)[0]:
            raise IndexError(f"there are no values of size {size}")
        results: list[Datum] = []
        tasks: list[tuple[Symbol, int] | Way] = [(self._grammar.symbol(nonterminal), size)]
        while tasks:
            task = tasks.pop()
            if isinstance(task, Way):
                task.apply(results)
                continue
            symbol, size = task
            if symbol.letters is not None:
                results.append(symbol.letters[rng.randrange(len(symbol.letters))])
                continue
            way = symbol.ways[0]
            if len(symbol.ways) > 1:
                way = symbol.ways[self._chosen(_Ways(symbol, size, self._fillings), self._columns[symbol].known[size], rng)]
            tasks.append(way)
            parts: list[tuple[Symbol, int]] = []
            size -= 1
            for index, filling in enumerate(self._fillings[way]):
                own = size
                if filling.rest is not None:
                    own = 0
                    if filling.first.letters is None:
                        place = self._chosen(_Sizes(way, index, filling, size), filling.both.known[size], rng)
                        own = _from_ends(place, size)
                parts.append((filling.first, own))
                size -= own
            tasks.extend(reversed(parts))
        return results[0]

    def _chosen(self, among: _Ways | _Sizes, total: Approximation, rng: Random) -> int:
        """The place of one of several alternatives, each likely by its exact number over their sum."""
        bits = rng.getrandbits(53)
        # The uniform number lies between these two; further bits are drawn where it must be known better.
        low, high = bits * _UNIT, (bits + 1) * _UNIT
        passed, worst = 0.0, 0.0
        divisor, exponent, error = total
        for place, (mantissa, own, own_error) in enumerate(among.approximations()):
            if not mantissa:
                continue
            passed += ldexp(mantissa / divisor, max(own - exponent, _TINY))
            worst = max(worst, own_error)
            # Each of `place` additions and the division round once, of numbers whose sum is `passed`.
            margin = passed * (worst + error + (place + 4) * 2 * _UNIT) * 1.001 + 2.0**_TINY * (place + 1)
            if high <= passed - margin:
                return place
            if low < passed + margin:
                break
        return self._decided(among, bits, rng)

    def _decided(self, among: _Ways | _Sizes, bits: int, rng: Random) -> int:
        """The same choice by exact numbers, given the first 53 bits of the uniform number."""
        self.undecided += 1
        counts = among.counts(self._grammar)
        total = sum(counts)
        width = 53
        while True:
            # floor(total * u) for the least and for the greatest number u that begins with these bits.
            least, greatest = total * bits >> width, (total * (bits + 1) - 1) >> width
            for place, count in enumerate(counts):
                if least < count:
                    if greatest < count:
                        return place
                    break
                least -= count
                greatest -= count
            bits, width = bits << 64 | rng.getrandbits(64), width + 64

    def _column(self, nonterminal: Nonterminal, size: int) -> _Column:
        """The numbers of a nonterminal, up to ``size`` at least."""
        start = self._grammar.symbol(nonterminal)
        if start not in self._columns:
            self._enter(start)
        if len(self._columns[start].known) <= size:
            for at in range(min(len(column.known) for column in self._columns.values()), size + 1):
                self._advance(at)
        return self._columns[start]

    def _enter(self, start: Symbol) -> None:
        entered: list[Symbol] = []
        waiting = [start]
        while waiting:
            symbol = waiting.pop()
            if symbol not in self._columns:
                self._columns[symbol] = _Column()
                entered.append(symbol)
                waiting.extend(part for way in symbol.ways for part in way.fields)
        for symbol in entered:
            for way in symbol.ways:
                fillings: list[_Filling] = []
                for part in reversed(way.fields):
                    own = self._columns[part]
                    fillings.append(_Filling(part, own, *((fillings[-1].both, _Column()) if fillings else (None, own))))
                self._fillings[way] = tuple(reversed(fillings))

    def _advance(self, size: int) -> None:
        """Count what is not counted yet at ``size``, all smaller sizes being counted."""
        late = [symbol for symbol, column in self._columns.items() if len(column.known) == size]
        for symbol in late:
            for way in symbol.ways if size else ():
                for filling in reversed(self._fillings[way]):
                    filling.fill(size - 1)
        for symbol in late:
            if symbol.letters is not None:
                self._columns[symbol].append(_approximation(0 if size else len(symbol.letters)))
            elif size:
                self._columns[symbol].append(_sum(_Ways(symbol, size, self._fillings).approximations()))
            else:
                self._columns[symbol].append(_ZERO)


@dataclass(frozen=True, slots=True)
class _Ways:
    """The choice among the ways of a symbol to derive values of a size."""

    symbol: Symbol
    size: int
    fillings: dict[Way, tuple[_Filling, ...]]

    def approximations(self) -> Iterator[Approximation]:
        for way in self.symbol.ways:
            fillings = self.fillings[way]
            yield fillings[0].both.known[self.size - 1] if fillings else _approximation(int(self.size == 1))

    def counts(self, grammar: TreeGrammar) -> list[int]:
        grammar.advance(self.size)
        return [way.fillings[0][self.size - 1] for way in self.symbol.ways]


@dataclass(frozen=True, slots=True)
class _Sizes:
    """The choice among the sizes that one field can have, where it and those after it have a size together. Places are in the order
    of :func:`_from_ends`."""

    way: Way
    index: int
    filling: _Filling
    size: int

    def approximations(self) -> Iterator[Approximation]:
        assert self.filling.rest is not None
        own, rest, size = self.filling.own.known, self.filling.rest.known, self.size
        for place in range(size + 1):
            at = _from_ends(place, size)
            yield _product(own[at], rest[size - at])

    def counts(self, grammar: TreeGrammar) -> list[int]:
        grammar.advance(self.size + 1)
        own, rest = self.way.fields[self.index].counts, self.way.fillings[self.index + 1]
        return [own[at] * rest[self.size - at] for at in (_from_ends(place, self.size) for place in range(self.size + 1))]


def _from_ends(place: int, size: int) -> int:
    """The sizes 0, ``size``, 1, ``size - 1``, … by place."""
    return size - place // 2 if place % 2 else place // 2


def _approximation(count: int) -> Approximation:
    if not count:
        return _ZERO
    mantissa, exponent = frexp(count)
    return mantissa, exponent, 0.0 if count < 2**53 else _UNIT


def _product(a: Approximation, b: Approximation) -> Approximation:
    if not a[0] or not b[0]:
        return _ZERO
    product = a[0] * b[0]
    exponent = a[1] + b[1]
    error = _compound(a[2] + b[2], 1)
    return (product, exponent, error) if product >= 0.5 else (product * 2, exponent - 1, error)


def _sum(parts: Iterable[Approximation]) -> Approximation:
    listed = [part for part in parts if part[0]]
    if len(listed) < 2:
        return listed[0] if listed else _ZERO
    top = max(exponent for _, exponent, _ in listed)
    mantissa, shift = frexp(sum(ldexp(m, max(e - top, _TINY)) for m, e, _ in listed))
    return mantissa, top + shift, _compound(max(error for _, _, error in listed), len(listed))


def _convolved(left: _Column, right: _Column, size: int) -> Approximation:
    """The sum over all ways to divide ``size`` of the products."""
    many = size + 1
    exponents = left.exponents[:many] + right.exponents[size::-1][:many]
    top = int(exponents.max())
    if top < _NOTHING // 2:
        return _ZERO
    products = left.mantissas[:many] * right.mantissas[size::-1][:many]
    total, roundings = _total(np.ldexp(products, np.maximum(exponents - top, _TINY)))
    mantissa, shift = frexp(total)
    error = float((left.errors[:many] + right.errors[size::-1][:many]).max())
    return mantissa, top + shift, _compound(error, roundings + 1)


def _total(summands: NDArray[np.float64]) -> tuple[float, int]:
    """The sum of positive numbers, and how many roundings each of them may have gone through: it is a tree of sums of ``_WIDTH``
    numbers, so whatever order each of those is added up in, there are few of them (Higham, Accuracy and Stability of Numerical
    Algorithms, 4.2)."""
    roundings = 0
    while len(summands) > 1:
        rest = -len(summands) % _WIDTH
        if rest:
            summands = np.concatenate([summands, np.zeros(rest)])
        summands = summands.reshape(-1, _WIDTH).sum(axis=1)
        roundings += _WIDTH - 1
    return float(summands[0]), roundings


def _compound(error: float, roundings: int) -> float:
    """The error of a product of two numbers whose errors are ``error`` together, after so many roundings: (1 + a) (1 + b) (1 + u)^n
    is at most this more than 1, with room for what is left out of small summands and for rounding here."""
    return error + error * error / 4 + 1.01 * (roundings + 2) * _UNIT
