"""The values of the language.

A datum is an ``int``, a one-character ``str`` (a ``Char``), a function, or a :class:`Value`: a constructor and its fields.
Nothing here uses the host's stack, so a list a million long is an ordinary value: it is compared, hashed, printed, pickled and
copied by loops. Shared parts stay shared, so a value that is a graph of n nodes costs n and not the size of its unfolding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

NIL = "[]"
CONS = "::"
TUPLE = "(,)"

Datum = Any
"""An ``int``, a one-character ``str``, a :class:`Value`, or a function value."""

T = TypeVar("T")


class Value:
    """One value of a datatype: the name of its constructor and the tuple of its fields. Immutable."""

    __slots__ = ("_hash", "constructor", "fields")
    constructor: str
    fields: tuple[Datum, ...]
    _hash: int

    def __init__(self, constructor: str, fields: tuple[Datum, ...] = ()) -> None:
        _set_constructor(self, constructor)
        _set_fields(self, fields)

    def __setattr__(self, name: str, _: object) -> None:
        raise AttributeError(f"a Value is immutable; build a new one instead of setting {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a Value is immutable; {name!r} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Value):
            return NotImplemented
        return equal(self, other)

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            pass
        for node in postorder(self):
            if not hasattr(node, "_hash"):
                _set_hash(node, hash((node.constructor, node.fields)))
        return self._hash

    def __str__(self) -> str:
        return show(self)

    def __repr__(self) -> str:
        return show(self)

    def _repr_html_(self) -> str:
        from recsyn.drawing import value_as_html

        return value_as_html(self)

    def __copy__(self) -> Value:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Value:
        return self

    def __reduce__(self) -> tuple[Callable[[list[Any]], Value], tuple[list[Any]]]:
        place: dict[int, int] = {}
        rows: list[Any] = []
        for node in postorder(self):
            place[id(node)] = len(rows)
            rows.append((node.constructor, tuple((place[id(f)], None) if isinstance(f, Value) else f for f in node.fields)))
        return _rebuild, (rows,)


_set_constructor = Value.__dict__["constructor"].__set__
_set_fields = Value.__dict__["fields"].__set__
_set_hash = Value.__dict__["_hash"].__set__


def _rebuild(rows: list[Any]) -> Value:
    built: list[Value] = []
    for constructor, fields in rows:
        built.append(Value(constructor, tuple(built[f[0]] if isinstance(f, tuple) else f for f in fields)))
    return built[-1]


def postorder(root: Value) -> Iterator[Value]:
    """Every distinct node under ``root``, each after all of its fields, ``root`` last. A shared node comes once."""
    seen: set[int] = set()
    stack: list[tuple[Value, bool]] = [(root, False)]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((f, False) for f in reversed(node.fields) if isinstance(f, Value) and id(f) not in seen)


def preorder(root: Datum) -> Iterator[Datum]:
    """Every datum of ``root`` as a tree, each before its fields, fields from left to right."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, Value):
            stack.extend(reversed(node.fields))


def fold(root: Value, combine: Callable[[Value, list[Any]], T]) -> T:
    """``combine`` applied to every node from the leaves up: to the node and its fields, each :class:`Value` among them
    replaced by what ``combine`` gave for it."""
    done: dict[int, Any] = {}
    for node in postorder(root):
        done[id(node)] = combine(node, [done[id(f)] if isinstance(f, Value) else f for f in node.fields])
    result: T = done[id(root)]
    return result


def equal(left: Datum, right: Datum) -> bool:
    """Structural equality, in time proportional to the distinct pairs of nodes that are compared."""
    stack = [(left, right)]
    seen: set[tuple[int, int]] = set()
    while stack:
        a, b = stack.pop()
        if a is b:
            continue
        if not (isinstance(a, Value) and isinstance(b, Value)):
            if type(a) is not type(b) or a != b:
                return False
            continue
        if a.constructor != b.constructor or len(a.fields) != len(b.fields):
            return False
        if not a.fields or (id(a), id(b)) in seen:
            continue
        seen.add((id(a), id(b)))
        stack.extend(zip(a.fields, b.fields, strict=True))
    return True


def size(datum: Datum) -> int:
    """The number of constructors in a datum. Integers, characters and functions count nothing."""
    if not isinstance(datum, Value):
        return 0
    return fold(datum, lambda node, counts: 1 + sum(_of_values(node, counts)))


def depth(datum: Datum) -> int:
    """The number of constructors on the longest path from the root; 0 for an integer, a character or a function."""
    if not isinstance(datum, Value):
        return 0
    return fold(datum, lambda node, depths: 1 + max(_of_values(node, depths), default=0))


def _of_values(node: Value, results: list[int]) -> Iterator[int]:
    """The results for those fields that are values, not integers, characters or functions."""
    return (result for field, result in zip(node.fields, results, strict=True) if isinstance(field, Value))


TRUE = Value("True")
FALSE = Value("False")
EMPTY_LIST = Value(NIL)


def boolean(truth: bool) -> Value:
    return TRUE if truth else FALSE


def from_iterable(items: Iterable[Datum]) -> Value:
    """The language's list of these items, in order."""
    result = EMPTY_LIST
    for item in reversed(list(items)):
        result = Value(CONS, (item, result))
    return result


def to_list(value: Value) -> list[Datum]:
    """The items of one of the language's lists. Raises ``TypeError`` for a value that is no list."""
    items: list[Datum] = []
    while value.constructor == CONS:
        items.append(value.fields[0])
        value = value.fields[1]
    if value.constructor != NIL:
        raise TypeError(f"{value.constructor} is not a constructor of lists")
    return items


_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0", "\\": "\\\\"}


def escaped(text: str, quote: str) -> str:
    """Characters as they stand between two ``quote`` marks in a source file."""
    return "".join(_ESCAPES.get(c) or ("\\" + c if c == quote else c if c.isprintable() else f"\\u{{{ord(c):x}}}") for c in text)


def show(datum: Datum) -> str:
    """The datum as an expression of the language that reads back; a list of characters as a string."""
    out: list[str] = []
    stack: list[tuple[Datum, bool] | str] = [(datum, False)]
    while stack:
        task = stack.pop()
        if isinstance(task, str):
            out.append(task)
            continue
        item, argument = task
        if isinstance(item, int):
            digits = digits_of(item)
            out.append(f"({digits})" if argument and item < 0 else digits)
        elif isinstance(item, str):
            out.append(f"'{escaped(item, chr(39))}'")
        elif not isinstance(item, Value):
            out.append(str(item))
        elif not item.fields:
            out.append(item.constructor)
        elif item.constructor == CONS:
            elements = to_list(item)
            if all(isinstance(e, str) for e in elements):
                out.append(f'"{escaped("".join(elements), chr(34))}"')
            else:
                stack.extend(_between("[", elements, ", ", "]", False))
        elif item.constructor == TUPLE:
            stack.extend(_between("(", item.fields, ", ", ")", False))
        else:
            opening, closing = ("(", ")") if argument else ("", "")
            stack.extend(_between(f"{opening}{item.constructor} ", item.fields, " ", closing, True))
    return "".join(out)


def _between(opening: str, items: Iterable[Datum], separator: str, closing: str, argument: bool) -> list[tuple[Datum, bool] | str]:
    tasks: list[tuple[Datum, bool] | str] = [opening]
    for position, item in enumerate(items):
        if position:
            tasks.append(separator)
        tasks.append((item, argument))
    tasks.append(closing)
    tasks.reverse()
    return tasks


_CHUNK = 600
"""Digits that Python converts whatever `sys.set_int_max_str_digits` says (the smallest limit that it takes is 640)."""
_SMALL = 10**_CHUNK


def digits_of(number: int) -> str:
    """An integer of any size in decimal, by halving, so that the interpreter's limit on digits is neither met nor moved."""
    if number < 0:
        return "-" + digits_of(-number)
    if number < _SMALL:
        return str(number)
    width = _CHUNK
    while 10 ** (2 * width) <= number:
        width *= 2
    high, low = divmod(number, 10**width)
    return digits_of(high) + digits_of(low).rjust(width, "0")


def integer_of(digits: str) -> int:
    """The integer that a string of decimal digits writes, of any length."""
    if len(digits) <= _CHUNK:
        return int(digits)
    half = len(digits) // 2
    return integer_of(digits[:-half]) * int(10**half) + integer_of(digits[-half:])
