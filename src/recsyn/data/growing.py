"""Values grown from words of random bits, each uniform among those of its size.

A growth is a weighted set of starts, each a nonterminal of a tree grammar with a size, and for every nonterminal and size that they
lead to a choice among the ways to go on, weighted by how many values each leads to (the recursive method; Nijenhuis and Wilf 1978).
Weights are whole numbers and choices exact, so values are exactly uniform. Everything is in tables, which machine code reads too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from recsyn.data.choosing import WIDTH, Choice
from recsyn.data.treegrammar import Nonterminal, TreeGrammar
from recsyn.values import Datum, Value

LARGEST, MOST_WAYS = 512, 2**16
"""The greatest size, and the ways to go on, all states together, beyond which tables take too long to make."""

Start: TypeAlias = tuple[Fraction, Nonterminal, int]
"""A weight, a nonterminal and a size."""
_Item: TypeAlias = "int | _Place"
"""A piece, or a state that is still to be numbered."""


class TooManyWays(Exception):
    """The tables would be too large."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An atom, or a constructor without its fields."""

    datum: Datum
    arity: int = 0


@dataclass(frozen=True, slots=True)
class State:
    """What may come next, and how likely. A way is what replaces the state, as a row of items from the last to the first: further
    states by their numbers, and pieces by ``-1 - number``."""

    choice: Choice
    ways: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Growth:
    """Tables of which each value is a walk that begins in state 0."""

    pieces: tuple[Piece, ...]
    states: tuple[State, ...]
    sizes: tuple[int, ...]
    """The sizes that values may have."""

    def row(self, words: Iterator[int]) -> list[int]:
        """The pieces of one value by number, constructors before their fields."""
        states, row, stack = self.states, [], [0]
        while stack:
            item = stack.pop()
            if item < 0:
                row.append(-1 - item)
            else:
                state = states[item]
                stack.extend(state.ways[state.choice(words)])
        return row

    def value(self, words: Iterator[int]) -> Datum:
        """One value."""
        stack: list[Datum] = []
        for number in reversed(self.row(words)):
            piece = self.pieces[number]
            if isinstance(piece.datum, Value):
                fields = tuple(stack.pop() for _ in range(piece.arity))
                stack.append(Value(piece.datum.constructor, fields) if fields else piece.datum)
            else:
                stack.append(piece.datum)
        return stack[0]


def growth(grammar: TreeGrammar, starts: Sequence[Start], width: int = WIDTH) -> Growth:
    """The growth from these starts, each of which derives some value. Raises :class:`TooManyWays`."""
    if max(size for _, _, size in starts) > LARGEST:
        raise TooManyWays
    return _Growing(grammar, width).all(starts)


@dataclass(frozen=True, slots=True)
class _Place:
    """What a state is for: a nonterminal with a size; or, of a production of it, the fields from ``field`` on with a size."""

    nonterminal: Nonterminal
    size: int
    production: int = -1
    field: int = 0


class _Growing:
    def __init__(self, grammar: TreeGrammar, width: int) -> None:
        self.grammar = grammar
        self.width = width
        self.pieces: dict[Piece, int] = {}
        self.found: dict[_Place, list[tuple[int, list[_Item]]]] = {}
        self.fillings: dict[_Place, int] = {}

    def all(self, starts: Sequence[Start]) -> Growth:
        whole = lcm(*(weight.denominator for weight, _, _ in starts))
        first = [(int(weight * whole), self.item(_Place(start, size))) for weight, start, size in starts]
        waiting = [item for _, items in first for item in items if isinstance(item, _Place)]
        numbers: dict[_Place, int] = {}
        many = len(first)
        for place in waiting:  # which grows meanwhile
            if place in numbers:
                continue
            numbers[place] = len(numbers) + 1
            ways = self.ways(place)
            many += len(ways)
            if many > MOST_WAYS:
                raise TooManyWays
            waiting.extend(item for _, items in ways for item in items if isinstance(item, _Place))
        states = [self.state(first, numbers), *(self.state(self.ways(place), numbers) for place in numbers)]
        return Growth(tuple(self.pieces), tuple(states), tuple(sorted({size for _, _, size in starts})))

    def state(self, ways: Sequence[tuple[int, list[_Item]]], numbers: dict[_Place, int]) -> State:
        rows = (tuple(numbers[i] if isinstance(i, _Place) else i for i in reversed(items)) for _, items in ways)
        return State(Choice.among([weight for weight, _ in ways], self.width), tuple(rows))

    def item(self, place: _Place) -> list[_Item]:
        """The items that stand for a place: itself, or, where there is one way to go on and it is all pieces, those."""
        ways = self.ways(place) if self.few(place) else []
        if len(ways) == 1 and all(isinstance(item, int) for item in ways[0][1]):
            return ways[0][1]
        return [place]

    def few(self, place: _Place) -> bool:
        """Whether a place has one value, and a small one, so that it is worth while to look at its ways at once."""
        return place.production < 0 and place.size <= 1 and self.grammar.count(place.nonterminal, place.size) == 1

    def ways(self, place: _Place) -> list[tuple[int, list[_Item]]]:
        """The ways to go on, each with the number of values that it leads to."""
        if place not in self.found:
            self.found[place] = list(self._ways(place))
        return self.found[place]

    def _ways(self, place: _Place) -> Iterator[tuple[int, list[_Item]]]:
        if place.production >= 0:
            yield from self.spread(place)
            return
        letters = self.grammar.letters(place.nonterminal)
        if letters is not None:
            for letter in letters:
                yield 1, [self.piece(Piece(letter))]
            return
        for number, production in enumerate(self.grammar.productions(place.nonterminal)):
            fields = len(production.fields)
            head = self.piece(Piece(Value(production.constructor), fields))
            if not fields:
                if place.size == 1:
                    yield 1, [head]
                continue
            for weight, items in self.spread(_Place(place.nonterminal, place.size - 1, number)):
                yield weight, [head, *items]

    def spread(self, place: _Place) -> Iterator[tuple[int, list[_Item]]]:
        """The ways to give the fields their sizes, as far as the first that has several sizes to choose from, and the one after."""
        fields = self.grammar.productions(place.nonterminal)[place.production].fields
        count, size, at = self.grammar.count, place.size, place.field
        before: list[_Item] = []
        times = 1
        while at < len(fields) - 1:
            after = [_Place(place.nonterminal, size - own, place.production, at + 1) for own in range(size + 1)]
            ways = [(own, count(fields[at], own) * self.filling(rest)) for own, rest in enumerate(after) if count(fields[at], own)]
            ways = [(own, weight) for own, weight in ways if weight]
            if len(ways) != 1:
                for own, weight in ways:
                    rest = [after[own]] if at + 2 < len(fields) else self.item(_Place(fields[-1], size - own))
                    yield times * weight, [*before, *self.item(_Place(fields[at], own)), *rest]
                return
            own = ways[0][0]
            before += self.item(_Place(fields[at], own))
            times *= count(fields[at], own)
            size -= own
            at += 1
        last = count(fields[at], size)
        if last:
            yield times * last, [*before, *self.item(_Place(fields[at], size))]

    def filling(self, place: _Place) -> int:
        """How many ways there are to fill the fields of a place."""
        if place not in self.fillings:
            fields = self.grammar.productions(place.nonterminal)[place.production].fields
            count, size, at = self.grammar.count, place.size, place.field
            if at == len(fields) - 1:
                self.fillings[place] = count(fields[at], size)
            else:
                self.fillings[place] = sum(
                    own * self.filling(_Place(place.nonterminal, size - spent, place.production, at + 1))
                    for spent in range(size + 1)
                    if (own := count(fields[at], spent))
                )
        return self.fillings[place]

    def piece(self, piece: Piece) -> int:
        return -1 - self.pieces.setdefault(piece, len(self.pieces))
