"""The inputs of a function: all values of its parameter's type over an alphabet, and those on which it recurs to a given depth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from recsyn.data.treegrammar import Nonterminal, Production, TreeGrammar
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
from recsyn.values import Datum, Value, preorder

_MOST_TYPES = 200


@dataclass(frozen=True)
class Alphabet:
    """The integers and the characters that inputs may hold, each in order."""

    integers: tuple[int, ...] = tuple(range(10))
    characters: tuple[str, ...] = tuple("abcdefghij")

    @cached_property
    def ranks(self) -> Mapping[Datum, int]:
        """The place of every letter among those of its type."""
        return {x: rank for letters in (self.integers, self.characters) for rank, x in enumerate(letters)}

    def tokens_of(self, type: Type) -> tuple[str, ...]:
        return tuple(str(i) for i in self.integers) if type == INT else self.characters if type == CHAR else ()


@dataclass(frozen=True, slots=True)
class _Deep:
    """The values of a type on which a function recurs to depth ``depth`` exactly, or at most."""

    type: Type
    depth: int
    exactly: bool


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
        for number, at in enumerate(types_within(self.type, self.datatypes)):
            if isinstance(at, TypeConstant) and at.name == ARROW:
                raise RecsynError(f"values of {self.type} hold functions, which cannot be listed or drawn")
            if number > _MOST_TYPES:
                raise RecsynError(f"{self.type} holds ever larger types, whose values cannot be counted")

    @cached_property
    def grammar(self) -> TreeGrammar:
        """The values, labels and all."""
        letters = {INT: self.alphabet.integers, CHAR: self.alphabet.characters}
        return TreeGrammar(self._productions, lambda at: letters.get(at) if isinstance(at, TypeConstant) else None)

    @cached_property
    def shapes(self) -> TreeGrammar:
        """The values with one label for all atoms of a type: their shapes."""
        letters = {INT: self.alphabet.integers[:1], CHAR: self.alphabet.characters[:1]}
        return TreeGrammar(self._productions, lambda at: letters.get(at) if isinstance(at, TypeConstant) else None)

    @cached_property
    def lettered(self) -> bool:
        """Whether values may hold integers or characters."""
        return any(self.alphabet.tokens_of(type) for type in types_within(self.type, self.datatypes))

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The place of every constructor in the declaration of its type."""
        return {c.name: rank for datatype in self.datatypes.values() for rank, c in enumerate(datatype.constructors)}

    def smallest(self, limit: int = 10_000) -> Iterator[Datum]:
        """Every shape in order of size, ``limit`` at most, labels of the alphabet in turn, so that neighbours differ."""
        given = 0
        size, empty = 0, 0
        while given < limit and empty < 64:
            count = self.shapes.count(self.type, size)
            empty = 0 if count else empty + 1
            for rank in range(min(count, limit - given)):
                yield self.labelled(self.shapes.value(self.type, size, rank), given)
                given += 1
            size += 1

    def labelled(self, shape: Datum, start: int) -> Datum:
        """A shape with labels in the order of the alphabet, beginning at the ``start``-th, from left to right."""
        integers, characters = self.alphabet.integers, self.alphabet.characters
        nodes = list(preorder(shape))
        place = start + sum(not isinstance(node, Value) for node in nodes)
        built: list[Datum] = []
        for node in reversed(nodes):
            if isinstance(node, Value):
                kept = len(built) - len(node.fields)
                fields = tuple(reversed(built[kept:]))
                del built[kept:]
                built.append(Value(node.constructor, fields))
            else:
                place -= 1
                letters: Sequence[Datum] = integers if isinstance(node, int) else characters
                built.append(letters[place % len(letters)])
        return built[0]

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

    # Recursion depth

    def at_depth(self, depth: int) -> Nonterminal:
        """The inputs on which the function recurs ``depth`` deep, as a start for :attr:`grammar`. Raises :class:`RecsynError` where
        its recursion does not go by one constructor at a time, so that depth cannot be read off the input."""
        _ = self._recursive_fields
        return _Deep(self.type, depth, True)

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


def types_within(type: Type, datatypes: Mapping[str, Datatype]) -> Iterator[Type]:
    """The type and every type that its values hold parts of, each once."""
    seen: set[Type] = set()
    stack = [type]
    while stack:
        at = stack.pop()
        if at not in seen:
            seen.add(at)
            yield at
            stack.extend(f for c in reversed(constructors_of(at, datatypes)) for f in reversed(c.fields))


def space_of(type: Type, datatypes: Mapping[str, Datatype], alphabet: Alphabet, shape: RecursionShape | None = None) -> Space:
    """The space of a type, its variables taken for ``Int``."""
    closed = substitute(type, dict.fromkeys(variables_of(type), INT))
    return Space(closed, datatypes, alphabet, shape)
