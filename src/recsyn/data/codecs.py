"""Values to tokens and back. Decoding follows the type, so two types may share a token; what is no value raises
:class:`DecodeError`, which says where and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from recsyn.data.space import Alphabet, types_within
from recsyn.errors import RecsynError
from recsyn.lang.diagnostics import nearest
from recsyn.lang.types import CHAR, INT, Constructor, Datatype, Type, TypeConstant, constructors_of
from recsyn.values import Datum, Value, digits_of, from_iterable, integer_of, preorder, to_list


class DecodeError(RecsynError):
    """A sequence of tokens that is no value. ``position`` counts tokens from 0."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"at token {position + 1}: {reason}")
        self.position = position
        self.reason = reason


class Codec(Protocol):
    """Values of one type as sequences of tokens."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token that an encoding may hold."""
        ...

    def encode(self, value: Datum) -> list[str]: ...

    def decode(self, tokens: Sequence[str]) -> Datum:
        """The value that the tokens write. Raises :class:`DecodeError`."""
        ...


@dataclass(frozen=True)
class Prefix:
    """Constructors before their fields: ``XI (XO One)`` is ``X1 X0 01``. No two values are written alike, and none begins another:
    the type that is due and the token, of which a type has each once, say what follows."""

    type: Type
    datatypes: Mapping[str, Datatype]
    alphabet: Alphabet

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for type in types_within(self.type, self.datatypes):
            names = [c.token for c in constructors_of(type, self.datatypes)] or self.alphabet.tokens_of(type)
            found.update(dict.fromkeys(names))
        return tuple(found)

    def encode(self, value: Datum) -> list[str]:
        tokens = self._tokens
        return [tokens[d.constructor] if isinstance(d, Value) else _letter(d) for d in preorder(value)]

    def decode(self, tokens: Sequence[str]) -> Datum:
        value, end = self.decode_from(tokens, 0)
        if end < len(tokens):
            raise DecodeError(end, f"the value is complete, and `{tokens[end]}` follows")
        return value

    def decode_from(self, tokens: Sequence[str], position: int) -> tuple[Datum, int]:
        """The value that begins at ``position``, and the position after it."""
        results: list[Datum] = []
        tasks: list[Type | tuple[str, int]] = [self.type]
        while tasks:
            task = tasks.pop()
            if isinstance(task, tuple):
                name, width = task
                fields = tuple(results[len(results) - width :])
                del results[len(results) - width :]
                results.append(Value(name, fields))
                continue
            read = self._reader(task)
            if position >= len(tokens):
                raise DecodeError(position, f"the sequence ends where {_a(task)} should follow")
            if tokens[position] not in read:
                raise DecodeError(position, f"`{tokens[position]}` does not begin {_a(task)}")
            found = read[tokens[position]]
            position += 1
            if isinstance(found, Constructor):
                tasks.append((found.name, len(found.fields)))
                tasks.extend(reversed(found.fields))
            else:
                results.append(found)
        return results[0], position

    @cached_property
    def _tokens(self) -> dict[str, str]:
        types = types_within(self.type, self.datatypes)
        return {c.name: c.token for type in types for c in constructors_of(type, self.datatypes)}

    @cached_property
    def _readers(self) -> dict[Type, dict[str, Constructor | Datum]]:
        return {}

    def _reader(self, type: Type) -> dict[str, Constructor | Datum]:
        """What each token stands for where a value of this type is due."""
        if type not in self._readers:
            letters: Sequence[Datum] = self.alphabet.integers if type == INT else self.alphabet.characters if type == CHAR else ()
            self._readers[type] = {str(x): x for x in letters} or {c.token: c for c in constructors_of(type, self.datatypes)}
        return self._readers[type]


@dataclass(frozen=True)
class Mirror:
    """The prefix sequence read backwards: the papers' natural order of binary digits. No two values are written alike, as in
    prefix, whatever the type; but one may begin another (``01`` and ``01 X0``), so several cannot follow one another."""

    forward: Prefix

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.forward.tokens

    def encode(self, value: Datum) -> list[str]:
        return self.forward.encode(value)[::-1]

    def decode(self, tokens: Sequence[str]) -> Datum:
        try:
            return self.forward.decode(tokens[::-1])
        except DecodeError as error:
            raise DecodeError(max(0, len(tokens) - 1 - error.position), f"read from the end, {error.reason}") from None


@dataclass(frozen=True)
class Bracketed:
    """The papers' trees: a node is its fields, in brackets unless it is the root: ``109 ( 390 EMPTY EMPTY ) EMPTY``. The type has
    one constructor with fields, whose token is left out; the others are written as tokens. Fields of other types are in prefix."""

    prefix: Prefix

    def __post_init__(self) -> None:
        with_fields = [c for c in self._constructors if c.fields]
        if len(with_fields) != 1:
            raise RecsynError(
                f"{self.prefix.type} has {len(with_fields)} constructors with fields, and brackets tell apart only one",
                "use the codec `prefix`",
            )
        if "(" in self._leaves or ")" in self._leaves:
            raise RecsynError(f"{self.prefix.type} has a constructor written as a bracket", "use the codec `prefix`")
        own = self._fields[0]
        if len(self._fields) == 1 and (own is None or not self._leaves.keys().isdisjoint(own.tokens)):
            raise RecsynError(
                f"{self.prefix.type} has one field at {self._node.name}, and at the root it would read like a value without fields",
                "use the codec `prefix`",
            )

    @cached_property
    def _constructors(self) -> tuple[Constructor, ...]:
        return constructors_of(self.prefix.type, self.prefix.datatypes)

    @cached_property
    def _node(self) -> Constructor:
        return next(c for c in self._constructors if c.fields)

    @cached_property
    def _fields(self) -> tuple[Prefix | None, ...]:
        """How each field of a node is written; ``None`` for another tree."""
        own = self.prefix
        return tuple(None if f == own.type else Prefix(f, own.datatypes, own.alphabet) for f in self._node.fields)

    @cached_property
    def _leaves(self) -> dict[str, Value]:
        return {c.token: Value(c.name) for c in self._constructors if not c.fields}

    @cached_property
    def tokens(self) -> tuple[str, ...]:
        inner = [t for field in self._fields if field for t in field.tokens]
        return tuple(dict.fromkeys([*self._leaves, "(", ")", *inner]))

    def encode(self, value: Datum) -> list[str]:
        token_of = {c.name: c.token for c in self._constructors}
        out: list[str] = []
        stack: list[str | Datum] = [(value, True)]
        while stack:
            task = stack.pop()
            if isinstance(task, str):
                out.append(task)
                continue
            node, root = task
            if not node.fields:
                out.append(token_of[node.constructor])
                continue
            parts: list[str | Datum] = []
            for field, codec in zip(node.fields, self._fields, strict=True):
                parts.extend([(field, False)] if codec is None else codec.encode(field))
            stack.extend(reversed(parts if root else ["(", *parts, ")"]))
        return out

    def decode(self, tokens: Sequence[str]) -> Datum:
        if len(tokens) == 1 and tokens[0] in self._leaves:
            return self._leaves[tokens[0]]
        results: list[Datum] = []
        position = 0
        tasks: list[str | Prefix | None] = self._node_tasks(bracketed=False)
        while tasks:
            task = tasks.pop()
            here = tokens[position] if position < len(tokens) else None
            if task == "build":
                width = len(self._fields)
                fields = tuple(results[len(results) - width :])
                del results[len(results) - width :]
                results.append(Value(self._node.name, fields))
            elif task == ")":
                if here != ")":
                    raise DecodeError(position, f"expected `)`, found {_seen(here)}")
                position += 1
            elif isinstance(task, Prefix):
                field, position = task.decode_from(tokens, position)
                results.append(field)
            elif here == "(":
                position += 1
                tasks.extend(self._node_tasks(bracketed=True))
            elif here in self._leaves:
                results.append(self._leaves[here])
                position += 1
            else:
                raise DecodeError(position, f"expected {' or '.join(f'`{t}`' for t in ('(', *self._leaves))}, found {_seen(here)}")
        if position < len(tokens):
            raise DecodeError(position, f"the tree is complete, and `{tokens[position]}` follows")
        return results[0]

    def _node_tasks(self, bracketed: bool) -> list[str | Prefix | None]:
        tasks: list[str | Prefix | None] = [*self._fields, "build"]
        if bracketed:
            tasks.insert(len(self._fields), ")")
        return tasks[::-1]


@dataclass(frozen=True)
class Flat:
    """A list as its items one after another, each in prefix; the empty list is the empty sequence."""

    item: Prefix

    @property
    def tokens(self) -> tuple[str, ...]:
        return self.item.tokens

    def encode(self, value: Datum) -> list[str]:
        return [token for item in to_list(value) for token in self.item.encode(item)]

    def decode(self, tokens: Sequence[str]) -> Datum:
        items, position = [], 0
        while position < len(tokens):
            item, position = self.item.decode_from(tokens, position)
            items.append(item)
        return from_iterable(items)


@dataclass(frozen=True)
class Digits:
    """An integer of any size as its decimal digits, the first one first, ``-`` before those of a negative one."""

    @property
    def tokens(self) -> tuple[str, ...]:
        return ("-", *_DECIMAL)

    def encode(self, value: Datum) -> list[str]:
        return list(digits_of(value))

    def decode(self, tokens: Sequence[str]) -> Datum:
        first = 1 if tokens and tokens[0] == "-" else 0
        for position in range(first, len(tokens)):
            if tokens[position] not in _DECIMAL:
                raise DecodeError(position, f"expected a digit, found `{tokens[position]}`")
        if first == len(tokens):
            raise DecodeError(first, "the sequence ends where a digit should follow")
        if tokens[first] == "0" and len(tokens) > 1:
            why = "0 has no sign" if first and len(tokens) == 2 else "no number but 0 begins with `0`"
            raise DecodeError(first, why)
        number = integer_of("".join(tokens[first:]))
        return -number if first else number


_DECIMAL = tuple("0123456789")

CODECS = ("prefix", "mirror", "bracketed", "flat", "digits")


def codec_for(kind: str, type: Type, datatypes: Mapping[str, Datatype], alphabet: Alphabet) -> Codec:
    """The codec of this kind, one of :data:`CODECS`, for a type. Raises :class:`RecsynError` where there is none."""
    prefix = Prefix(type, datatypes, alphabet)
    if kind == "prefix":
        return prefix
    if kind == "mirror":
        return Mirror(prefix)
    if kind == "bracketed":
        return Bracketed(prefix)
    if kind == "flat":
        if not isinstance(type, TypeConstant) or type.name != "List":
            raise RecsynError(f"the codec `flat` writes lists, and {type} is none", "use the codec `prefix`")
        return Flat(Prefix(type.arguments[0], datatypes, alphabet))
    if kind == "digits":
        if type != INT:
            raise RecsynError(f"the codec `digits` writes one integer, and {type} is none", "use the codec `prefix`")
        return Digits()
    raise RecsynError(f"there is no codec {kind!r}", nearest(kind, CODECS) or f"the codecs are {', '.join(CODECS)}")


def _letter(atom: Datum) -> str:
    return digits_of(atom) if isinstance(atom, int) else str(atom)


def _a(type: Type) -> str:
    return f"an {type}" if str(type)[0] in "AEIO" else f"a {type}"


def _seen(token: str | None) -> str:
    return "the end" if token is None else f"`{token}`"
