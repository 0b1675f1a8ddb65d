"""The inputs of a function: all values of its parameter's type over an alphabet, and those on which it recurs to a given depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import comb
from typing import Literal

from recsyn.data.labelling import Depths, Labelling, Range
from recsyn.data.treegrammar import Nonterminal, Production, Symbol, TreeGrammar, Way
from recsyn.errors import RecsynError
from recsyn.lang.program import RecursionShape
from recsyn.lang.types import (
    ARROW,
    CHAR,
    INT,
    Datatype,
    Type,
    TypeConstant,
    TypeVariable,
    constructors_of,
    substitute,
    variables_of,
)
from recsyn.values import Datum, Value, digits_of, preorder

DepthOf = Literal["recursion", "value"]
"""Whose depth: that of the function's recursion on an input, or that of the input itself."""
_MOST_TYPES, _MOST_NAMES, _DEEPEST_TYPE = 1_000, 2_000, 100
"""Of types within one another, of names in one of them, and how deep it nests."""
_MOST_SHARES = 500_000
"""Ways to share out labels among the fields of a constructor."""
_LARGEST_SMALL = 4_000
"""The greatest size in which the smallest values are looked for."""
_MOST_LABELS = 64
"""Of one value, where labels are distinct and shapes of one size differ in how many they have: more take too long to count."""


@dataclass(frozen=True)
class Alphabet:
    """The integers and the characters that inputs may hold, each in order. Where they are ``distinct``, no input that is drawn
    holds one of them twice."""

    integers: tuple[int, ...] = tuple(range(10))
    characters: tuple[str, ...] = tuple("abcdefghij")
    distinct: bool = False

    @cached_property
    def ranks(self) -> Mapping[Datum, int]:
        """The place of every letter among those of its type."""
        return {x: rank for letters in (self.integers, self.characters) for rank, x in enumerate(letters)}

    def tokens_of(self, type: Type) -> tuple[str, ...]:
        return tuple(map(digits_of, self.integers)) if type == INT else self.characters if type == CHAR else ()


@dataclass(frozen=True, slots=True)
class _Deep:
    """The values of a type on which a function recurs to depth ``depth`` exactly, or at most."""

    type: Type
    depth: int
    exactly: bool

    def __str__(self) -> str:
        return f"{self.type} of recursion depth{'' if self.exactly else ' up to'} {self.depth}"


@dataclass(frozen=True, slots=True)
class _Tall:
    """The values of a type whose own depth is ``depth`` exactly, or at most."""

    type: Type
    depth: int
    exactly: bool

    def __str__(self) -> str:
        return f"{self.type} of depth{'' if self.exactly else ' up to'} {self.depth}"


@dataclass(frozen=True, slots=True)
class Labels:
    """Numbers of integers and characters, and what derives the shapes that have so many, of the size that is meant."""

    start: Nonterminal
    integers: int
    characters: int


@dataclass(frozen=True, slots=True)
class _Holding:
    """The values of a nonterminal that hold so many integers and so many characters."""

    nonterminal: Nonterminal
    integers: int
    characters: int


@dataclass(frozen=True, slots=True)
class _Spine:
    """The values of a type that branch at ``constructor`` alone, and go on there in field ``index`` alone."""

    type: Type
    constructor: str
    index: int


@dataclass(frozen=True, slots=True)
class _Leaf:
    """The values of a type whose root has no field of that type."""

    type: Type


@dataclass(frozen=True, eq=False)
class Space:
    """The values of ``type``. Type variables in it stand for ``Int``. ``shape`` is the recursion of the function they are inputs
    of, where it has one."""

    type: Type
    datatypes: Mapping[str, Datatype]
    alphabet: Alphabet = field(default_factory=Alphabet)
    shape: RecursionShape | None = None

    def __post_init__(self) -> None:
        for at in checked_types_within(self.type, self.datatypes):
            if isinstance(at, TypeConstant) and at.name == ARROW:
                raise RecsynError(f"values of {self.type} hold functions, which cannot be listed or drawn")

    @cached_property
    def grammar(self) -> TreeGrammar:
        """The values, labels and all."""
        letters = {INT: self.alphabet.integers, CHAR: self.alphabet.characters}
        return TreeGrammar(self._productions, lambda at: letters.get(at) if isinstance(at, TypeConstant) else None)

    @cached_property
    def shapes(self) -> TreeGrammar:
        """The values with one label for all atoms of a type: their shapes."""
        letters = {INT: self.alphabet.integers[:1], CHAR: self.alphabet.characters[:1]}

        def letters_of(at: Nonterminal) -> Sequence[Datum] | None:
            if isinstance(at, _Holding):
                own = letters_of(at.nonterminal)
                return own if own is None or (at.integers, at.characters) == self._holds(at.nonterminal) else ()
            return letters.get(at) if isinstance(at, TypeConstant) else None

        return TreeGrammar(self._productions, letters_of)

    @cached_property
    def labelling(self) -> Labelling:
        """How many labels the shapes have."""
        return Labelling(self.shapes)

    @cached_property
    def largest(self) -> int | None:
        """A size that no value exceeds, which it reaches where labels are repeated; ``None`` where there is no such size."""
        largest = self.shapes.largest(self.type)
        if largest is not None or not self.alphabet.distinct:
            return largest
        return self.labelling.bound(self.type, len(self.alphabet.integers) + len(self.alphabet.characters))

    @cached_property
    def lettered(self) -> bool:
        """Whether values may hold integers or characters."""
        return any(self.alphabet.tokens_of(type) for type in types_within(self.type, self.datatypes))

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The place of every constructor in the declaration of its type."""
        return {c.name: rank for datatype in self.datatypes.values() for rank, c in enumerate(datatype.constructors)}

    def smallest(self, limit: int = 10_000) -> Iterator[Datum]:
        """Every shape in order of size, ``limit`` at most, labels of the alphabet in turn, so that neighbours differ. Where labels
        are distinct, shapes that need more than there are do not come."""
        given = 0
        for size in range(1 + (_LARGEST_SMALL if self.largest is None else min(self.largest, _LARGEST_SMALL))):
            if given == limit:
                return
            if not self.shapes.derives(self.type, size):
                continue
            starts = [labels.start for labels in self.labellings(self.type, size)] if self.alphabet.distinct else [self.type]
            for start in starts:
                for rank in range(min(self.shapes.count(start, size), limit - given)):
                    yield self.labelled(self.shapes.value(start, size, rank), given)
                    given += 1

    def labelled(self, shape: Datum, start: int) -> Datum:
        """A shape with labels in the order of the alphabet, integers and characters each beginning at the ``start``-th, from left
        to right."""
        places = {int: start, str: start}
        letters: list[Datum] = []
        for atom in preorder(shape):
            if not isinstance(atom, Value):
                of_kind: Sequence[Datum] = self.alphabet.integers if isinstance(atom, int) else self.alphabet.characters
                letters.append(of_kind[places[type(atom)] % len(of_kind)])
                places[type(atom)] += 1
        return relabelled(shape, letters)

    # Spines

    @cached_property
    def spines(self) -> tuple[Nonterminal, ...]:
        """A start for :attr:`grammar` for each kind of spine: every node of a constructor that has two or more fields of the type
        goes on in the same one of them, and ends at once in the others."""
        branching = self.branching
        return tuple(_Spine(self.type, name, index) for name, fields in branching.items() for index in fields)

    @cached_property
    def branching(self) -> Mapping[str, tuple[int, ...]]:
        """The constructors with two or more fields of the type itself, and which fields those are."""
        found = {}
        for constructor in constructors_of(self.type, self.datatypes):
            own = tuple(i for i, f in enumerate(constructor.fields) if f == self.type)
            if len(own) > 1:
                found[constructor.name] = own
        return found

    def _spine_productions(self, at: _Spine) -> Iterator[Production]:
        for constructor in constructors_of(at.type, self.datatypes):
            own = self.branching.get(constructor.name, ())
            if not own:
                yield Production(constructor.name, tuple(at if f == at.type else f for f in constructor.fields))
            elif constructor.name == at.constructor:
                chosen: list[Nonterminal] = list(constructor.fields)
                for i in own:
                    chosen[i] = at if i == at.index else _Leaf(at.type)
                yield Production(constructor.name, tuple(chosen))

    # Depth of the value itself

    def as_deep(self, depth: int, exactly: bool = True) -> Nonterminal:
        """The values with ``depth`` constructors on their longest path, or at most so many, as a start for :attr:`grammar`."""
        return _Tall(self.type, depth, exactly)

    def depths(self, of: DepthOf, size: int) -> Range | None:
        """The least and the greatest depth of values of a size, labels repeated; ``None`` where there are none. Raises
        :class:`RecsynError` as :meth:`at_depth` does."""
        if of not in self._depths:
            fields = self._recursive_fields if of == "recursion" else {}
            start = self.shapes.symbol(self.type)

            def counting(symbol: Symbol, way: Way) -> tuple[int, ...] | None:
                if of == "value":
                    return tuple(range(len(way.fields)))
                return fields.get(way.constructor) if symbol is start else None

            self._depths[of] = Depths(self.shapes, self.type, counting)
        return self._depths[of].range(size)

    @cached_property
    def _depths(self) -> dict[DepthOf, Depths]:
        return {}

    def _tall_productions(self, at: _Tall) -> Iterator[Production]:
        for constructor in constructors_of(at.type, self.datatypes):
            deep = tuple(i for i, f in enumerate(constructor.fields) if constructors_of(f, self.datatypes))
            if not deep:
                if at.depth == 1 or (at.depth > 1 and not at.exactly):
                    yield Production(constructor.name, constructor.fields)
                continue
            if at.depth < 2:
                continue
            # Depth d exactly: some field has d - 1; taking the first that has makes the productions disjoint.
            for first in deep if at.exactly else (-1,):
                chosen: list[Nonterminal] = list(constructor.fields)
                for i in deep:
                    chosen[i] = _Tall(constructor.fields[i], at.depth - (2 if i < first else 1), i == first)
                yield Production(constructor.name, tuple(chosen))

    # Numbers of labels

    def labellings(self, start: Nonterminal, size: int) -> list[Labels]:
        """The shapes of a size that need no more labels than there are, by how many they need. Raises :class:`RecsynError` where
        that takes too long to tell."""
        ranges = self.labelling.ranges(start, size)
        if ranges is None:
            return []
        letters = self.alphabet
        (fewest, most), (least, greatest) = ranges
        if fewest == most and least == greatest:
            return [Labels(start, most, greatest)] if most <= len(letters.integers) and greatest <= len(letters.characters) else []
        most, greatest = min(most, len(letters.integers)), min(greatest, len(letters.characters))
        if max(most, greatest) > _MOST_LABELS:
            raise RecsynError(
                f"values of {self.type} of size {size} hold from {fewest + least} to {most + greatest} labels, "
                f"and how many there are with distinct ones is not counted beyond {_MOST_LABELS}",
                "allow smaller sizes, a smaller alphabet, or repeated labels",
            )
        kinds = [(i, c) for i in range(fewest, most + 1) for c in range(least, greatest + 1)]
        found = [Labels(_Holding(start, integers, characters), integers, characters) for integers, characters in kinds]
        return [labels for labels in found if self.shapes.count(labels.start, size)]

    def _holding_productions(self, at: _Holding) -> Iterator[Production]:
        for production in self._productions(at.nonterminal):
            places = sum(None in self._holds(f) for f in production.fields)
            if comb(max(at.integers, at.characters) + places, places) > _MOST_SHARES:
                raise RecsynError(
                    f"there are too many ways to share out labels among the fields of {production.constructor}, so values of "
                    f"{self.type} with distinct ones cannot be counted",
                    "allow a smaller alphabet, or repeated labels",
                )
            for integers in _shared(at.integers, [self._holds(f)[0] for f in production.fields]):
                for characters in _shared(at.characters, [self._holds(f)[1] for f in production.fields]):
                    fields = zip(production.fields, integers, characters, strict=True)
                    yield Production(production.constructor, tuple(_Holding(*field) for field in fields))

    def _holds(self, at: Nonterminal) -> tuple[int | None, int | None]:
        """How many integers and characters every value of a nonterminal holds; ``None`` where that is not the same for all."""
        if isinstance(at, TypeVariable) or at == INT:
            return 1, 0
        if at == CHAR:
            return 0, 1
        type = at if isinstance(at, TypeConstant) else at.type  # type: ignore[attr-defined]
        if type not in self._letters_within:
            self._letters_within[type] = frozenset(types_within(type, self.datatypes))
        within = self._letters_within[type]
        return None if INT in within else 0, None if CHAR in within else 0

    @cached_property
    def _letters_within(self) -> dict[Type, frozenset[Type]]:
        return {}

    # Recursion depth

    def at_depth(self, depth: int, exactly: bool = True) -> Nonterminal:
        """The inputs on which the function recurs ``depth`` deep, or at most so deep, as a start for :attr:`grammar`. Raises
        :class:`RecsynError` where its recursion does not go by one constructor at a time, so that depth cannot be read off the
        input."""
        _ = self._recursive_fields
        return _Deep(self.type, depth, exactly)

    @cached_property
    def _recursive_fields(self) -> dict[str, tuple[int, ...]]:
        if self.shape is None:
            raise RecsynError(
                "this function does not call itself on a part of its argument, so inputs cannot be drawn by recursion depth",
                "use a distribution of kind `uniform`, or the function that recurs in place of one that calls it",
            )
        fields: dict[str, set[int]] = {}
        for call in self.shape.calls:
            if len(call.path) != 1 or [path for path, _ in call.shown] not in ([], [()]):
                raise RecsynError(
                    "this function looks more than one constructor deep before it recurs, so its depth cannot be drawn",
                    "use a distribution of kind `uniform`",
                )
            constructor, index = call.path[0]
            fields.setdefault(constructor, set()).add(index)
        return {constructor: tuple(sorted(indices)) for constructor, indices in fields.items()}

    def _productions(self, at: Nonterminal) -> list[Production]:
        if isinstance(at, TypeVariable):
            return self._productions(INT)
        if isinstance(at, TypeConstant):
            return [Production(c.name, c.fields) for c in constructors_of(at, self.datatypes)]
        if isinstance(at, _Leaf):
            return [Production(c.name, c.fields) for c in constructors_of(at.type, self.datatypes) if at.type not in c.fields]
        if isinstance(at, _Spine):
            return list(self._spine_productions(at))
        if isinstance(at, _Tall):
            return list(self._tall_productions(at))
        if isinstance(at, _Holding):
            return list(self._holding_productions(at))
        assert isinstance(at, _Deep)
        found: list[Production] = []
        for constructor in constructors_of(at.type, self.datatypes):
            recursive = self._recursive_fields.get(constructor.name, ())
            if not recursive:
                if at.depth == 0 or not at.exactly:
                    found.append(Production(constructor.name, constructor.fields))
            elif at.depth > 0:
                found.extend(self._recurring(constructor.name, constructor.fields, recursive, at))
        return found

    def _recurring(self, name: str, fields: tuple[Type, ...], recursive: tuple[int, ...], at: _Deep) -> Iterator[Production]:
        """Depth d exactly: some recursive field has d - 1; taking the first that has makes the productions disjoint."""
        if not at.exactly:
            below = _Deep(self.type, at.depth - 1, False)
            yield Production(name, tuple(below if i in recursive else f for i, f in enumerate(fields)))
            return
        for first in recursive:
            if at.depth == 1 and any(i < first for i in recursive):
                continue  # no field can be below depth 0
            chosen: list[Nonterminal] = list(fields)
            for i in recursive:
                chosen[i] = _Deep(self.type, at.depth - (2 if i < first else 1), i == first)
            yield Production(name, tuple(chosen))


def relabelled(shape: Datum, letters: Sequence[Datum]) -> Datum:
    """A shape with these integers and characters in place of its own, from left to right."""
    place = len(letters)
    built: list[Datum] = []
    for node in reversed(list(preorder(shape))):
        if isinstance(node, Value):
            kept = len(built) - len(node.fields)
            fields = tuple(reversed(built[kept:]))
            del built[kept:]
            built.append(Value(node.constructor, fields))
        else:
            place -= 1
            built.append(letters[place])
    return built[0]


def _shared(number: int, held: Sequence[int | None]) -> Iterator[tuple[int, ...]]:
    """The ways to share out ``number`` among places, some of which take a fixed part."""
    left = number - sum(h for h in held if h is not None)
    free = [place for place, h in enumerate(held) if h is None]
    if left < 0 or (not free and left):
        return
    shared = [h or 0 for h in held]
    if not free:
        yield tuple(shared)
        return
    shared[free[-1]] = left
    while True:
        yield tuple(shared)
        # The next in order: one more for the last place before which something is left, that and all after it to the last.
        place = next((i for i in range(len(free) - 1, 0, -1) if shared[free[i]]), 0)
        if not place:
            return
        rest = shared[free[place]]
        shared[free[place]] = 0
        shared[free[place - 1]] += 1
        shared[free[-1]] = rest - 1


def types_within(type: Type, datatypes: Mapping[str, Datatype]) -> Iterator[Type]:
    """The type and every type that its values hold parts of, each once; but for too large ones and what only those lead to."""
    return (at for at in _types_within(type, datatypes) if at is not None)


def checked_types_within(type: Type, datatypes: Mapping[str, Datatype]) -> Iterator[Type]:
    """The same. Raises :class:`RecsynError` where types are too large, as some are where there is no end of them, or too many."""
    for number, at in enumerate(_types_within(type, datatypes)):
        if at is None and not number:
            raise RecsynError(
                f"a type of more than {_MOST_NAMES:,} names, or nested more than {_DEEPEST_TYPE} deep, is too large for its values "
                "to be counted or written"
            )
        if at is None:
            raise RecsynError(f"{type} holds ever larger types, whose values cannot be counted or written")
        if number == _MOST_TYPES:
            raise RecsynError(f"{type} holds more than {_MOST_TYPES:,} types, too many for its values to be counted or written")
        yield at


def _types_within(type: Type, datatypes: Mapping[str, Datatype]) -> Iterator[Type | None]:
    """The type and those within; ``None`` for each too large one."""
    seen: set[Type] = set()
    stack = [type]
    while stack:
        at = stack.pop()
        if not _is_small(at):
            yield None
        elif at not in seen:
            seen.add(at)
            yield at
            stack.extend(f for c in reversed(constructors_of(at, datatypes)) for f in reversed(c.fields))


def _is_small(type: Type) -> bool:
    """Whether a type can be hashed, compared and written. Its arguments may be shared, so that few of them make a large type."""
    names = 0
    stack = [(type, 0)]
    while stack:
        at, depth = stack.pop()
        names += 1
        if names > _MOST_NAMES or depth > _DEEPEST_TYPE:
            return False
        if isinstance(at, TypeConstant):
            stack.extend((argument, depth + 1) for argument in at.arguments)
    return True


def space_of(type: Type, datatypes: Mapping[str, Datatype], alphabet: Alphabet, shape: RecursionShape | None = None) -> Space:
    """The space of a type, its variables taken for ``Int``."""
    closed = substitute(type, dict.fromkeys(variables_of(type), INT))
    return Space(closed, datatypes, alphabet, shape)
