"""Whether the cases of a match cover every value, and whether each can be reached: usefulness after Maranget, "Warnings for pattern
matching" (JFP 17, 2007), sections 3 and 5."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import TypeAlias

from recsyn.lang.core import Alias, Bind, Built, Exactly, Ignore, Pattern, spelled
from recsyn.lang.stackless import Deep, run
from recsyn.lang.types import Constructor, Datatype
from recsyn.values import CONS, TUPLE, escaped

Row = tuple[Pattern, ...]
Done: TypeAlias = "tuple[Done | None, tuple[str, int] | Pattern]"
"""What a value that is not covered begins with: heads and whole patterns, the last one outermost."""

_MOST_LOOKED_AT = 1_000
"""So many beginnings of values are looked at to find the smallest that is not covered."""


class Coverage:
    """The two questions, over the datatypes of one program."""

    def __init__(self, datatypes: Mapping[str, Datatype], constructors: Mapping[str, Constructor]) -> None:
        self._datatypes = datatypes
        self._constructors = constructors

    def missing(self, rows: Sequence[Row], width: int, limit: int = 3) -> list[Row]:
        """Up to ``limit`` rows of patterns that no row of the match covers, the smallest first; empty where it is exhaustive."""
        plain = [_plain(r) for r in rows]
        found: list[Row] = []
        run(self._missing(plain, width, limit, found, None))
        return self._smallest(plain, width, limit) or found if found else []

    def redundant(self, rows: Sequence[Row]) -> list[int]:
        """The places of the rows that no value reaches: those before cover all that they match."""
        found: list[int] = []
        before: list[Row] = []
        # Rows that begin with another constructor have no say, and most matches are long in the first column.
        alike: dict[tuple[object, int] | None, list[Row]] = {}
        for index, row in enumerate(map(_plain, rows)):
            head = None if not row or isinstance(row[0], Ignore) else _head(row[0])
            rivals = before if head is None else [*alike.get(head, ()), *alike.get(None, ())]
            if not run(self._useful(rivals, row)):
                found.append(index)
            before.append(row)
            alike.setdefault(head, []).append(row)
        return found

    def _missing(self, rows: list[Row], width: int, limit: int, found: list[Row], done: Done | None) -> Deep[None]:
        if len(found) >= limit:
            return
        if _covers_all(rows):
            return
        if width == 0:
            found.append(_rebuilt(done))
            return
        for _, rest, then, begun in self._begun(rows, width, done):
            yield self._missing(rest, then, limit, found, begun)

    def _smallest(self, rows: list[Row], width: int, limit: int) -> list[Row]:
        """Like :meth:`_missing`, but by size: sizes only grow, so what is complete first is smallest. Nothing where that is far."""
        found: list[Row] = []
        tick = count()
        waiting: list[tuple[int, int, list[Row], int, Done | None]] = [(width, next(tick), rows, width, None)]
        for _ in range(_MOST_LOOKED_AT):
            if not waiting or len(found) == limit:
                return found
            size, _, rows, width, done = heappop(waiting)
            if _covers_all(rows):
                continue
            if width == 0:
                found.append(_rebuilt(done))
                continue
            for bigger, rest, then, begun in (*self._begun(rows, width, done), *self._within(rows, width, done)):
                heappush(waiting, (size + bigger, next(tick), rest, then, begun))
        return []

    def _begun(self, rows: list[Row], width: int, done: Done | None) -> Iterator[tuple[int, list[Row], int, Done]]:
        """What a value that no row covers may have in the first of the columns: by how much larger it is than a wildcard, the rows
        and the columns that are left, and what it then begins with."""
        heads = dict.fromkeys(_head(r[0]) for r in rows if not isinstance(r[0], Ignore))
        signature = self._signature(heads)
        if signature and all(head in heads for head in signature):
            for head, specialised in _split(rows, signature):
                yield head[1], specialised, width - 1 + head[1], (done, head)
            return
        default = [r[1:] for r in rows if isinstance(r[0], Ignore)]
        absent = [h for h in signature if h not in heads]
        for name, arity in absent:
            begun: Done = (done, (name, arity))
            for _ in range(arity):
                begun = begun, Ignore()
            yield arity, default, width - 1, begun
        if not absent:
            yield 0, default, width - 1, (done, _fresh_literal(heads) if heads else Ignore())

    def _within(self, rows: list[Row], width: int, done: Done | None) -> Iterator[tuple[int, list[Row], int, Done]]:
        """What :meth:`_begun` leaves out: values that begin as some rows do, where no row begins as others do."""
        heads = dict.fromkeys(_head(r[0]) for r in rows if not isinstance(r[0], Ignore))
        if any(head not in heads for head in self._signature(heads)):
            for name, arity in heads:
                if isinstance(name, str):
                    yield arity, _specialise(rows, (name, arity)), width - 1 + arity, (done, (name, arity))

    def _useful(self, rows: list[Row], row: Row) -> Deep[bool]:
        if _covers_all(rows):
            return False
        if not row:
            return True
        if not isinstance(row[0], Ignore):
            head = _head(row[0])
            result: bool = yield self._useful(_specialise(rows, head), _specialise([row], head)[0])
            return result
        heads = dict.fromkeys(_head(r[0]) for r in rows if not isinstance(r[0], Ignore))
        signature = self._signature(heads)
        if signature and all(head in heads for head in signature):
            for head, specialised in _split(rows, signature):
                if (yield self._useful(specialised, _specialise([row], head)[0])):
                    return True
            return False
        result = yield self._useful([r[1:] for r in rows if isinstance(r[0], Ignore)], row[1:])
        return result

    def _signature(self, heads: Iterable[tuple[object, int]]) -> tuple[tuple[str, int], ...]:
        """Every constructor of the type that these heads belong to, with its number of fields; empty for literals."""
        for name, arity in heads:
            if name == TUPLE:
                return ((TUPLE, arity),)
            if arity >= 0 and isinstance(name, str):
                siblings = self._datatypes[self._constructors[name].datatype].constructors
                return tuple((c.name, len(c.fields)) for c in siblings)
        return ()


def _covers_all(rows: Sequence[Row]) -> bool:
    """Whether the last row, which often begins with wildcards only, is one of nothing else."""
    return bool(rows) and all(isinstance(p, Ignore) for p in rows[-1])


def _plain(row: Row) -> Row:
    return tuple(_strip(p) for p in row)


def _strip(pattern: Pattern) -> Pattern:
    while isinstance(pattern, Alias):
        pattern = pattern.pattern
    return Ignore() if isinstance(pattern, Bind) else pattern


def _head(pattern: Pattern) -> tuple[object, int]:
    """What a pattern looks for first: a constructor and its number of fields; a literal has -1 of them."""
    if isinstance(pattern, Built):
        return pattern.constructor, len(pattern.fields)
    assert isinstance(pattern, Exactly)
    return (type(pattern.value), pattern.value), -1


def _split(rows: Sequence[Row], signature: Sequence[tuple[str, int]]) -> Iterator[tuple[tuple[str, int], list[Row]]]:
    """For each constructor what :func:`_specialise` gives, in one pass where few rows begin with a wildcard."""
    kept: dict[tuple[object, int], list[int]] = {head: [] for head in signature}
    wild: list[int] = []
    for index, row in enumerate(rows):
        if isinstance(row[0], Ignore):
            wild.append(index)
        else:
            kept[_head(row[0])].append(index)
    for head in signature:
        yield head, _specialise([rows[i] for i in sorted([*kept[head], *wild])], head)


def _specialise(rows: Sequence[Row], head: tuple[object, int]) -> list[Row]:
    """The rows whose first pattern can match a value that begins with ``head``, that pattern replaced by those of its fields."""
    arity = max(head[1], 0)
    result: list[Row] = []
    for row in rows:
        first = row[0]
        if isinstance(first, Ignore):
            result.append((Ignore(),) * arity + row[1:])
        elif _head(first) == head:
            result.append((_plain(first.fields) if isinstance(first, Built) else ()) + row[1:])
    return result


def _fresh_literal(heads: Iterable[tuple[object, int]]) -> Pattern:
    used = {name[1] for name, _ in heads if isinstance(name, tuple)}
    if any(isinstance(v, str) for v in used):
        return Exactly(next(c for c in map(chr, range(ord("a"), 0x110000)) if c not in used))
    return Exactly(next(n for n in range(len(used) + 1) if n not in used))


def _rebuilt(done: Done | None) -> Row:
    """The patterns whose heads stand in ``done`` in prefix order."""
    stack: list[Pattern] = []
    while done is not None:
        done, item = done
        if isinstance(item, tuple):
            name, arity = item
            fields = tuple(stack.pop() for _ in range(arity))
            stack.append(Built(name, fields))
        else:
            stack.append(item)
    return tuple(reversed(stack))


def holds_literal(row: Row) -> bool:
    """Whether an integer or a character stands somewhere in a row: one of endlessly many."""
    stack = list(row)
    while stack:
        at = stack.pop()
        if isinstance(at, Exactly):
            return True
        if isinstance(at, Built):
            stack.extend(at.fields)
    return False


def show_patterns(row: Row, spelling: Callable[[str], str] = spelled) -> str:
    """A row of patterns as it is written in a source file, which spells constructors so."""
    out: list[str] = []
    stack: list[tuple[Pattern, int] | str] = [*reversed(_separated(row, ", ", 0))]
    while stack:
        task = stack.pop()
        if isinstance(task, str):
            out.append(task)
        else:
            stack.extend(reversed(_layout(*task, spelling)))
    return "".join(out)


def _layout(pattern: Pattern, level: int, spelling: Callable[[str], str]) -> list[tuple[Pattern, int] | str]:
    """The parts of a pattern in order. Level 0: anywhere; 1: left of ``::``; 2: as a field."""
    if isinstance(pattern, Exactly):
        return [f"'{escaped(pattern.value, chr(39))}'" if isinstance(pattern.value, str) else str(pattern.value)]
    if not isinstance(pattern, Built):
        return ["_"]
    if pattern.constructor == TUPLE:
        return ["(", *_separated(pattern.fields, ", ", 0), ")"]
    if not pattern.fields:
        return [spelling(pattern.constructor)]
    if pattern.constructor == CONS:
        parts: list[tuple[Pattern, int] | str] = [(pattern.fields[0], 1), " :: ", (pattern.fields[1], 0)]
        return ["(", *parts, ")"] if level else parts
    parts = [spelling(pattern.constructor), " ", *_separated(pattern.fields, " ", 2)]
    return ["(", *parts, ")"] if level == 2 else parts


def _separated(patterns: Sequence[Pattern], separator: str, level: int) -> list[tuple[Pattern, int] | str]:
    parts: list[tuple[Pattern, int] | str] = []
    for index, pattern in enumerate(patterns):
        parts.extend([separator, (pattern, level)] if index else [(pattern, level)])
    return parts
