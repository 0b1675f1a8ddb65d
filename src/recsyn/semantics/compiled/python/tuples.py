"""Values as the python backend has them, and back: a constructor is a tuple of its number and its fields, one without fields always
the same tuple, ``True`` and ``False`` are Python's own, integers and characters themselves. What is shared stays shared, and what
went in comes out as itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from recsyn.semantics.compiled.order import inside_out, parts_first
from recsyn.semantics.compiled.tags import Tags
from recsyn.semantics.compiled.words import arity_of, atom, constant, header, is_character
from recsyn.values import FALSE, TRUE, Datum, Value

Raw: TypeAlias = Any
"""An ``int``, a one-character ``str``, a ``bool``, or a tuple."""

FOREIGN = -1
"""The number of a function value that the unit does not make; it is the only field."""


def constants_of(tags: Tags) -> Mapping[int, Raw]:
    """The constructors without fields, by number."""
    numbers = [tags.numbers[c.name] for c in tags.program.constructors.values() if not c.fields]
    found: dict[int, Raw] = {number: (number,) for number in numbers}
    return found | {tags.numbers[TRUE.constructor]: True, tags.numbers[FALSE.constructor]: False}


class Crossing:
    """The way in and out of one evaluation."""

    def __init__(self, tags: Tags, constants: Mapping[int, Raw]) -> None:
        self.tags = tags
        self.constants = constants
        self.known: dict[int, Datum] = {id(raw): tags.datum(tags.names[number], ()) for number, raw in constants.items()}
        """What a tuple stands for, by its identity."""
        self.kept: list[Raw] = []
        """Tuples that may not die, since others could get their identity."""

    def inward(self, datum: Datum) -> Raw:
        done: dict[int, Raw] = {}
        made_of = done.get
        numbers, constants, known, keep = self.tags.numbers, self.constants, self.known, self.kept.append
        for at in parts_first(datum):
            if at.__class__ is Value:
                if not at.fields:
                    done[id(at)] = constants[numbers[at.constructor]]
                    continue
                made = (numbers[at.constructor], *map(made_of, map(id, at.fields), at.fields))
            else:
                tag = self.tags.tag_of(at)
                made = (numbers[tag], *map(made_of, map(id, at.held), at.held)) if tag else (FOREIGN, at)
            done[id(at)] = made
            known[id(made)] = at
            keep(made)
        return done.get(id(datum), datum)

    def outward(self, raw: Raw) -> Datum:
        known = self.known
        if raw.__class__ is not tuple or id(raw) in known:
            return known.get(id(raw), raw)
        # As in `parts_first`.
        order, seen, twice = [raw], {id(raw)}, False
        for at in order:
            for part in at:
                if part.__class__ is tuple and id(part) not in known:
                    if id(part) in seen:
                        twice = True
                    else:
                        seen.add(id(part))
                        order.append(part)
        if twice:
            order = inside_out(raw, self._unknown, id)
        else:
            order.reverse()
        names, constructors, value_of = self.tags.names, self.tags.constructors, known.get
        for at in order:
            number, parts = at[0], at[1:]
            data = tuple(map(value_of, map(id, parts), parts))
            if number in constructors:
                known[id(at)] = Value(constructors[number], data)
            else:
                known[id(at)] = data[0] if number == FOREIGN else self.tags.datum(names[number], data)
        self.kept += order
        return known[id(raw)]

    def read(self, row: Sequence[int]) -> Raw:
        """The tuple of a row of words, constructors before their fields."""
        constants = self.constants
        stack: list[Raw] = []
        for word in reversed(row):
            if word & 1:
                stack.append(word >> 1)
            elif is_character(word):
                stack.append(chr(word >> 3))
            elif word & 7:
                stack.append(constants[word >> 3])
            else:
                fields = stack[: -arity_of(word) - 1 : -1]
                del stack[-arity_of(word) :]
                stack.append((word >> 16, *fields))
        return stack[0]

    def write(self, raw: Raw) -> list[int]:
        """The row of words of a tuple. Raises :class:`TooLarge`."""
        row: list[int] = []
        stack = [raw]
        true, false = (constant(self.tags.numbers[b.constructor]) for b in (TRUE, FALSE))
        while stack:
            at = stack.pop()
            if at.__class__ is not tuple:
                row.append(true if at is True else false if at is False else atom(at))
            elif len(at) == 1:
                row.append(constant(at[0]))
            else:
                row.append(header(at[0], len(at) - 1))
                stack.extend(at[:0:-1])
        return row

    def _unknown(self, raw: Raw) -> Iterable[Raw]:
        return [part for part in raw if part.__class__ is tuple and id(part) not in self.known]


def equal(left: Raw, right: Raw) -> bool:
    """Structural equality, in time proportional to the distinct pairs of nodes that are compared."""
    if left is right:
        return True
    if left.__class__ is not tuple:
        same: bool = left == right
        return same
    stack = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while stack:
        a, b = stack.pop()
        if a is b:
            continue
        if a.__class__ is not tuple:
            if a != b:
                return False
        elif a[0] != b[0] or len(a) != len(b):
            return False
        elif len(a) > 1 and (id(a), id(b)) not in seen:
            seen.add((id(a), id(b)))
            stack.extend(zip(a[1:], b[1:], strict=True))
    return True
