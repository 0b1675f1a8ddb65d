"""What the routines read: a growth and the notation of a type as arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from recsyn.data.codecs import Bracketed, Codec, Flat, Mirror, Prefix
from recsyn.data.growing import Growth
from recsyn.data.native import encoding
from recsyn.data.native.drawing import STATE_BITS
from recsyn.data.space import types_within
from recsyn.data.vocabulary import Vocabulary
from recsyn.lang.program import Program
from recsyn.lang.types import CHAR, INT, constructors_of
from recsyn.semantics.compiled import words as w
from recsyn.semantics.compiled.tags import numbers_of
from recsyn.values import Datum, Value


@dataclass(frozen=True, eq=False)
class GrowthTables:
    """See :mod:`recsyn.data.native.drawing`."""

    states: NDArray[np.int64]
    cells: NDArray[np.int64]
    items: NDArray[np.int32]
    pieces: NDArray[np.int64]
    width: int


def growth_tables(growth: Growth, program: Program, token_number: Callable[[Datum], int]) -> GrowthTables:
    """The tables of a growth whose pieces, constructors without their fields, enter fingerprints with these numbers. Raises
    :class:`~recsyn.semantics.compiled.words.TooLarge` for an integer of more than 63 bits."""
    states: list[int] = []
    items: list[int] = []
    thresholds: list[int] = []
    ways: list[int] = []
    for state in growth.states:
        places = []
        for way in state.ways:
            places.append(len(items))
            later = len(way)
            while later and way[later - 1] < 0:
                later -= 1
            items += (len(way) - later, later, *way[: later - len(way) - 1 : -1], *way[:later])
        states.append(len(thresholds) << STATE_BITS | state.choice.bits)
        thresholds += state.choice.thresholds
        ways += [places[own] | places[other] << 32 for own, other in zip(state.choice.own, state.choice.other, strict=True)]
    cells = np.stack([np.array(thresholds, np.uint64).view(np.int64), np.array(ways, np.uint64).view(np.int64)], axis=1)
    numbers = numbers_of(program)
    pieces = []
    for piece in growth.pieces:
        datum = piece.datum
        if isinstance(datum, Value):
            number = numbers[datum.constructor]
            word = w.header(number, piece.arity) if piece.arity else w.constant(number)
        else:
            word = w.atom(datum)
        pieces += [word % 2**64, token_number(datum), isinstance(datum, Value)]
    return GrowthTables(
        np.array(states, np.int64),
        np.ascontiguousarray(cells).reshape(-1),
        np.array(items, np.int32),
        np.array(pieces, np.uint64).view(np.int64),
        growth.states[0].choice.width,
    )


_WIDEST = 2**21
"""The numbers between the least and the greatest integer of an alphabet that a table holds."""


@dataclass(frozen=True, eq=False)
class NotationTables:
    """See :mod:`recsyn.data.native.encoding`."""

    notation: int
    known: NDArray[np.int32]
    least: int
    integers: int
    constructors: int
    characters: int
    node: int = 0
    own: int = 0
    opening: int = 0
    closing: int = 0


def notation_tables(codec: Codec, vocabulary: Vocabulary, program: Program) -> NotationTables | None:
    """The tables of a codec; ``None`` for one that the routines do not know, or whose tables would be too large."""
    if isinstance(codec, Prefix):
        prefix, notation = codec, encoding.PREFIX
    elif isinstance(codec, Mirror):
        prefix, notation = codec.forward, encoding.MIRROR
    elif isinstance(codec, Flat):
        prefix, notation = codec.item, encoding.FLAT
    elif isinstance(codec, Bracketed):
        prefix, notation = codec.prefix, encoding.BRACKETED
    else:
        return None
    numbers = numbers_of(program)
    tokens = {token: number for number, token in enumerate(vocabulary.tokens)}
    types = list(types_within(prefix.type, prefix.datatypes))
    constructors = np.full(len(numbers), -1, np.int32)
    for type in types:
        for constructor in constructors_of(type, prefix.datatypes):
            constructors[numbers[constructor.name]] = tokens.get(constructor.token, -1)
    letters = prefix.alphabet.integers if INT in types else ()
    least, greatest = (min(letters), max(letters)) if letters else (0, -1)
    if greatest - least >= _WIDEST or least not in w.INTEGERS or greatest not in w.INTEGERS:
        return None
    integers = np.full(greatest - least + 1, -1, np.int32)
    for letter in letters:
        integers[letter - least] = tokens[str(letter)]
    letters_of_text = prefix.alphabet.characters if CHAR in types else ()
    characters = np.full(max(map(ord, letters_of_text), default=-1) + 1, -1, np.int32)
    for character in letters_of_text:
        characters[ord(character)] = tokens[character]
    known = np.concatenate([integers, constructors, characters, np.full(1, -1, np.int32)])
    plain = NotationTables(notation, known, least, len(integers), len(constructors), len(characters))
    if not isinstance(codec, Bracketed):
        return plain
    node = next(c for c in constructors_of(prefix.type, prefix.datatypes) if c.fields)
    own = sum(1 << place for place, field in enumerate(node.fields) if field == prefix.type)
    if len(node.fields) >= 63:
        return None
    header = w.header(numbers[node.name], len(node.fields))
    return replace(plain, node=header, own=own, opening=tokens["("], closing=tokens[")"])
