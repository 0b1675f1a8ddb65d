"""Generated programs that are well typed and end, with calls and what these are worth.

What a program means is said twice here: as text of the language, and as Python closures over a representation of values that is not
the package's. Every piece of text is written together with its closure, so that the two cannot come apart. Nothing is taken from
the package but the values that calls are handed over as.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

from hypothesis import strategies as st

from recsyn.values import Datum, Value, show

Env = dict[str, Any]
T = TypeVar("T")

MOST_CALLS, MOST_BITS, MOST_CONSTRUCTORS = 120, 400, 250
"""An input for which an evaluation makes more calls or larger values than this is left out."""
MOST_NODES, DEEPEST = 260, 3
"""So many pieces a program may have before only the smallest are written, and so deep it nests them."""

# Types


@dataclass(frozen=True, slots=True)
class Type:
    """A type or, with a small letter, a variable. Those whose names begin with ``k`` stand for types without functions."""

    name: str
    arguments: tuple[Type, ...] = ()

    def __str__(self) -> str:
        if self.name == "(,)":
            return f"({', '.join(map(str, self.arguments))})"
        shown = [f"({a})" if a.arguments and a.name != "(,)" else str(a) for a in self.arguments]
        return f"{shown[0]} -> {self.arguments[1]}" if self.name == "->" else " ".join([self.name, *shown])

    @property
    def variable(self) -> bool:
        return self.name[0].islower()


INT, CHAR, BOOL = Type("Int"), Type("Char"), Type("Bool")


def list_of(item: Type) -> Type:
    return Type("List", (item,))


def tuple_of(*parts: Type) -> Type:
    return Type("(,)", parts)


def arrow(*types: Type) -> Type:
    """From all but the last to the last."""
    result = types[-1]
    for type in reversed(types[:-1]):
        result = Type("->", (type, result))
    return result


TEXT = list_of(CHAR)


@dataclass(frozen=True)
class Scheme:
    variables: tuple[str, ...]
    type: Type


def substituted(type: Type, by: Mapping[str, Type]) -> Type:
    if type.variable:
        return by.get(type.name, type)
    return Type(type.name, tuple(substituted(a, by) for a in type.arguments))


def fitted(general: Type, wanted: Type, free: Sequence[str], found: dict[str, Type]) -> bool:
    """Whether ``general`` becomes ``wanted`` when its free variables stand for what is then in ``found``."""
    if general.name in free:
        return found.setdefault(general.name, wanted) == wanted
    if general.name != wanted.name or len(general.arguments) != len(wanted.arguments):
        return False
    return all(fitted(g, w, free, found) for g, w in zip(general.arguments, wanted.arguments, strict=True))


def parameters_of(type: Type) -> list[Type]:
    found = []
    while type.name == "->":
        found.append(type.arguments[0])
        type = type.arguments[1]
    return found


@dataclass(frozen=True)
class Datatype:
    """Its first constructor holds nothing of the type itself."""

    name: str
    parameters: tuple[str, ...]
    constructors: tuple[tuple[str, tuple[Type, ...]], ...]

    def __str__(self) -> str:
        cases = [
            " ".join([name, *(f"({f})" if f.arguments and f.name != "(,)" else str(f) for f in fields)])
            for name, fields in self.constructors
        ]
        return f"{' '.join([self.name, *self.parameters])} = {' | '.join(cases)}"


BUILT_IN = (
    Datatype("Bool", (), (("False", ()), ("True", ()))),
    Datatype("List", ("a",), (("[]", ()), ("::", (Type("a"), list_of(Type("a")))))),
)

# What programs are worth


class Exhausted(Exception):
    """An evaluation took too much."""


@dataclass(frozen=True)
class Data:
    """A constructor and what it holds. Integers are ``int``, characters ``str``, functions Python's own, of one argument each."""

    constructor: str
    fields: tuple[Any, ...]
    size: int


@dataclass
class Meter:
    """What one evaluation has taken, and what happened in it."""

    calls: int = 0
    wide: bool = False
    seen: Counter[str] = field(default_factory=Counter)

    def call(self) -> None:
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise Exhausted

    def integer(self, number: int) -> int:
        if not -(2**62) <= number < 2**62:
            self.wide = True
            self.seen["an integer beyond 63 bits"] += 1
            if not -(2**63) <= number < 2**63:
                self.seen["an integer beyond 64 bits"] += 1
            if number.bit_length() > MOST_BITS:
                raise Exhausted
        return number

    def items(self, items: Sequence[Any], rest: Data | None = None) -> Data:
        """A list of these, and of those of another."""
        result = rest or self.built("[]")
        for item in reversed(items):
            result = self.built("::", item, result)
        return result

    def built(self, constructor: str, *fields: Any) -> Data:
        size = 1 + sum(f.size for f in fields if isinstance(f, Data))
        if size > MOST_CONSTRUCTORS:
            raise Exhausted
        return Data(constructor, fields, size)


def datum(value: Any) -> Datum:
    """The package's value for one of ours."""
    return Value(value.constructor, tuple(map(datum, value.fields))) if isinstance(value, Data) else value


def has_63_bits(value: Any) -> bool:
    """Whether all integers in a value have."""
    if isinstance(value, Data):
        return all(map(has_63_bits, value.fields))
    return not isinstance(value, int) or -(2**62) <= value < 2**62


def curried(count: int, call: Callable[..., Any], held: tuple[Any, ...] = ()) -> Any:
    def one(argument: Any) -> Any:
        got = (*held, argument)
        return call(*got) if len(got) == count else curried(count, call, got)

    return one


@contextmanager
def deep_stack() -> Iterator[None]:
    """Room for evaluations, which use Python's stack."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 30_000))
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@dataclass(frozen=True)
class Code:
    """A piece of a program: its text, which may stand anywhere, and what it is worth where variables are worth what they are."""

    text: str
    value: Callable[[Env], Any]


@dataclass(frozen=True)
class Pattern:
    """A constructor with patterns for its fields, a literal, a variable or ``_``, and perhaps a name for the whole."""

    kind: str
    content: Any = None
    fields: tuple[Pattern, ...] = ()
    type: Type = INT
    alias: str = ""

    def __str__(self) -> str:
        if self.alias:
            return f"({replace(self, alias='')} as {self.alias})"
        if self.kind == "literal":
            return show(self.content)
        if self.kind != "constructor":
            return self.content or "_"
        fields = [str(f) for f in self.fields]
        if self.content == "(,)":
            return f"({', '.join(fields)})"
        if self.content == "::":
            return f"({' :: '.join(fields)})"
        return f"({' '.join([self.content, *fields])})" if fields else self.content

    def matches(self, value: Any, found: Env) -> bool:
        if self.alias:
            found[self.alias] = value
        if self.kind == "variable":
            found[self.content] = value
        elif self.kind == "literal":
            return bool(value == self.content)
        elif self.kind == "constructor":
            return value.constructor == self.content and all(
                p.matches(v, found) for p, v in zip(self.fields, value.fields, strict=True)
            )
        return True

    def parts(self) -> Iterator[Pattern]:
        yield self
        for item in self.fields:
            yield from item.parts()

    def bound(self, depth: int = 0) -> Iterator[tuple[str, Type, int]]:
        """The variables with their types and how many constructors stand over them."""
        if self.alias:
            yield self.alias, self.type, depth
        if self.kind == "variable":
            yield self.content, self.type, depth
        for item in self.fields:
            yield from item.bound(depth + 1)


def divided(a: int, b: int) -> tuple[int, int]:
    """Quotient and remainder as the language has them, by magnitudes and signs."""
    if b == 0:
        return 0, a
    quotient = abs(a) // abs(b)
    if (a < 0) != (b < 0):
        quotient = -quotient - (quotient * abs(b) != abs(a))
    return quotient, a - quotient * b


# What is handed on


@dataclass(frozen=True)
class Call:
    """A call of a function of the program, what it is worth, and what happens in it. ``narrow`` says that no integer in it has more
    than 63 bits, ``fits`` that none of its arguments and of what it is worth has."""

    function: str
    arguments: tuple[Datum, ...]
    worth: Datum
    narrow: bool
    fits: bool
    seen: Mapping[str, int]

    def __str__(self) -> str:
        """As an expression of the language."""
        shown = (show(a) for a in self.arguments)
        return " ".join([self.function, *(t if t[0] in "([\"'" or t.isalnum() else f"({t})" for t in shown)])


@dataclass(frozen=True)
class Generated:
    source: str
    calls: tuple[Call, ...]

    def __repr__(self) -> str:
        return "\n".join([self.source, *(f"example {call} = {show(call.worth)}" for call in self.calls)])


# Writing


@dataclass(frozen=True)
class Descent:
    """A term that recursion may go on with: the variable that it is made from, and whether it is smaller than the parameter or the
    parameter itself, which only a later function of the group may be given."""

    code: Code
    type: Type
    variable: str
    smaller: bool


@dataclass(frozen=True)
class Scope:
    """What may be named: variables, and terms that recursion may go on with."""

    variables: Mapping[str, Scheme]
    descents: tuple[Descent, ...] = ()

    def bind(self, names: Mapping[str, Scheme], descents: Sequence[Descent] = ()) -> Scope:
        kept = tuple(d for d in self.descents if d.variable not in names)
        return Scope({**self.variables, **names}, (*kept, *descents))

    def descent(self, variable: str) -> Descent | None:
        return next((d for d in self.descents if d.code.text == variable), None)


@dataclass(frozen=True)
class Member:
    """A function of the group that is being written: its type, and which parameter becomes smaller."""

    name: str
    type: Type
    position: int


@dataclass(frozen=True)
class Global:
    """A function that is written, or is to be: what is called once all of its arguments are there."""

    name: str
    scheme: Scheme
    arity: int
    partial: bool


@cache
def up_to(largest: int, turn: int) -> st.SearchStrategy[tuple[int, int]]:
    """The numbers up to ``largest``. Were the strategies of any two choices in a program equal, Hypothesis would make most programs
    from others by repeating what one of them drew, and half of these differ in nothing."""
    return st.sampled_from([(number, turn) for number in range(largest + 1)])


LITERALS = (0, 1, 2, 3, -1, 7, -3, 10, 1_000_003, -3_037_000_500, 2**62 - 1, -(2**62))
WIDE_LITERALS = (2**62, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30)
LETTERS = "abzA9 '\"\\\n\té"
NAMES = ("x", "y", "z", "n", "m", "xs", "ys", "t", "u", "acc", "g", "h", "p'", "_q", "x'1")
DATATYPES = ("Tree", "Rose", "Term", "Box", "Path", "Shape")


def items_of(value: Data) -> list[Any]:
    items = []
    while value.constructor == "::":
        items.append(value.fields[0])
        value = value.fields[1]
    return items


def folded_right(f: Any, last: Any, xs: Data) -> Any:
    for x in reversed(items_of(xs)):
        last = f(x)(last)
    return last


def folded_left(f: Any, first: Any, xs: Data) -> Any:
    for x in items_of(xs):
        first = f(first)(x)
    return first


A, B, C = map(Type, "abc")
CLASSICS: dict[str, tuple[str, Type, Callable[..., Any]]] = {
    "compose": ("f g x = f (g x)", arrow(arrow(B, C), arrow(A, B), A, C), lambda _, f, g, x: f(g(x))),
    "twice": ("f x = f (f x)", arrow(arrow(A, A), A, A), lambda _, f, x: f(f(x))),
    "flip": ("f x y = f y x", arrow(arrow(A, B, C), B, A, C), lambda _, f, x, y: f(y)(x)),
    "choose": (
        "b = if b then fn x _ => x else fn _ y => y",
        arrow(BOOL, A, A, A),
        lambda _, b: curried(2, lambda x, y: x if b.constructor == "True" else y),
    ),
    "plus": ("n = fn k => let m = k + n in m", arrow(INT, INT, INT), lambda meter, n: lambda k: meter.integer(k + n)),
    "map": (
        "f xs = match xs with [] => [] | x :: xs => f x :: map f xs end",
        arrow(arrow(A, B), list_of(A), list_of(B)),
        lambda meter, f, xs: meter.items([f(x) for x in items_of(xs)]),
    ),
    "foldr": (
        "f z xs = match xs with [] => z | x :: xs => f x (foldr f z xs) end",
        arrow(arrow(A, B, B), B, list_of(A), B),
        lambda _, f, z, xs: folded_right(f, z, xs),
    ),
    "foldl": (
        "f acc xs = match xs with [] => acc | x :: xs => foldl f (f acc x) xs end",
        arrow(arrow(B, A, B), B, list_of(A), B),
        lambda _, f, z, xs: folded_left(f, z, xs),
    ),
}
"""Functions that everybody has: what follows the name, the type, and what they are worth."""


class Author:
    """Writes one program. Every choice is drawn so that the first and smallest alternative is the simplest."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.meter = Meter()
        self.datatypes: dict[str, Datatype] = {d.name: d for d in BUILT_IN}
        self.globals: dict[str, Global] = {}
        self.values: dict[str, Any] = {}
        self.text: list[str] = []
        self.nodes = self.turn = 0
        self.rigid: tuple[str, ...] = ()
        self.group: dict[str, Member] = {}
        self.here = ""
        self.recursions = 0
        self.partial = False
        self.instances: dict[str, set[Type]] = {}
        self.wide = False
        self.annotated = "all"
        self.functions = True
        self.palette = [INT, list_of(INT), BOOL, arrow(INT, INT)]

    # Choices

    def number(self, largest: int) -> int:
        self.turn += 1
        return self.draw(up_to(largest, self.turn))[0] if largest else 0

    def pick(self, items: Sequence[T]) -> T:
        return items[self.number(len(items) - 1)]

    def chance(self, percent: int) -> bool:
        return self.number(99) >= 100 - percent

    def noted(self, what: str, code: Code) -> Code:
        """The code, whose evaluation is counted."""

        def value(env: Env) -> Any:
            self.meter.seen[what] += 1
            return code.value(env)

        return Code(code.text, value)

    # Types

    def constructors(self, type: Type) -> list[tuple[str, tuple[Type, ...]]]:
        if type.name == "(,)":
            return [("(,)", type.arguments)]
        datatype = self.datatypes[type.name]
        by = dict(zip(datatype.parameters, type.arguments, strict=True))
        return [(name, tuple(substituted(f, by) for f in fields)) for name, fields in datatype.constructors]

    def is_data(self, type: Type) -> bool:
        return type.name == "(,)" or type.name in self.datatypes

    def holds_functions(self, type: Type, path: frozenset[Type] = frozenset()) -> bool:
        if type.name == "->":
            return True
        if type in path or not self.is_data(type):
            return False
        return any(self.holds_functions(f, path | {type}) for _, fields in self.constructors(type) for f in fields)

    def comparable(self, type: Type) -> bool:
        """Whether ``==`` may compare its values: nothing that the type speaks of may hold functions, even where no value has it."""
        if type.variable:
            return type.name.startswith("k")
        return not self.holds_functions(type) and all(map(self.comparable, type.arguments))

    def plain(self, type: Type) -> bool:
        """Whether values of the type can be handed over: they hold neither functions nor what a variable stands for."""
        if type.variable or self.holds_functions(type):
            return False
        return all(self.plain(a) for a in type.arguments)

    def write_datatypes(self) -> None:
        for index in range(self.number(3)):
            names = [DATATYPES[index]]
            if self.chance(30):
                names.append(names[0] + "s")
            parameters = self.pick([(), ("a",), ("a", "b")])
            written = [self.datatype(name, names, parameters) for name in names]
            self.datatypes |= {d.name: d for d in written}
            self.text.append("type " + "\nand ".join(map(str, written)))
            self.palette += [Type(d.name, tuple(self.some_type(1) for _ in d.parameters)) for d in written]
        self.palette.append(self.some_type())

    def datatype(self, name: str, group: Sequence[str], parameters: tuple[str, ...]) -> Datatype:
        variables = tuple(map(Type, parameters))
        own = [Type(n, variables) for n in group]
        earlier = [
            Type(d.name, tuple((*variables, INT)[i % (len(variables) + 1)] for i in range(len(d.parameters))))
            for d in self.datatypes.values()
            if d not in BUILT_IN
        ]
        flat = [INT, *variables, CHAR, BOOL, TEXT, tuple_of(INT, BOOL), *earlier]
        functions = [arrow(INT, INT), arrow(INT, (*variables, INT)[0]), arrow(BOOL, INT, (*variables, INT)[-1])]
        recursive = [*own, *own, list_of(own[-1]), own[0], tuple_of(own[0], INT), *(arrow(INT, o) for o in own[:1])]
        constructors = [(f"{name}0", tuple(self.pick(flat) for _ in range(self.number(2))))]
        for index in range(1, 1 + self.number(3)):
            fields = []
            for _ in range(self.number(3)):
                kind = self.number(9)
                fields.append(self.pick(flat if kind < 4 else recursive if kind < 9 else functions))
            constructors.append((f"{name}{index}", tuple(fields)))
        return Datatype(name, parameters, tuple(constructors))

    def some_type(self, depth: int = 2, functions: bool = True) -> Type:
        """A type whose variables are those that are rigid here: as a rule one that the program has for other things too."""
        functions = functions and self.functions
        if self.rigid and self.chance(40):
            first, last = Type(self.rigid[0]), Type(self.rigid[-1])
            kinds = [first, last, list_of(first), tuple_of(last, INT)]
            return self.pick([*kinds, arrow(first, last), arrow(INT, first), arrow(first, INT)] if functions else kinds)
        usual = [t for t in self.palette if functions or not self.holds_functions(t)]
        index = self.number(len(usual) * 4 // 3)
        if index < len(usual):
            return usual[index]
        simple = [INT, BOOL, *map(Type, self.rigid), CHAR, TEXT]
        kind = self.number(9 if depth else 2)
        if kind < 3:
            return self.pick(simple)
        if kind < 5:
            return list_of(self.some_type(depth - 1, functions))
        if kind == 5:
            return tuple_of(*(self.some_type(depth - 1, functions) for _ in range(2 + self.number(1))))
        if kind < 8 or not functions:
            datatype = self.pick(list(self.datatypes.values())[::-1])
            return Type(datatype.name, tuple(self.some_type(depth - 1, functions) for _ in datatype.parameters))
        return arrow(*(self.some_type(depth - 1, functions) for _ in range(2 + self.number(1))))

    def plain_type(self) -> Type:
        rigid, self.rigid = self.rigid, ()
        type = self.some_type(functions=False)
        self.rigid = rigid
        return type if self.plain(type) else list_of(INT)

    # Names

    def new_name(self, scope: Scope, taken: Sequence[str] = ()) -> str:
        """A name to bind, which may hide another, but not the last variable of a type that nothing else has values of."""
        names = [n for n in NAMES if n not in taken] or ["v"]
        names = names * (60 // len(names)) + [n for n in self.globals if n not in taken][-4:]
        name = self.pick(names)
        needed = {v: [n for n, s in scope.variables.items() if s == Scheme((), Type(v))] for v in self.rigid}
        if name not in self.group and all(not have or set(have) - {name, *taken} for have in needed.values()):
            return name
        return f"v{len(scope.variables) + len(taken)}"

    def bind(self, scope: Scope, names: Mapping[str, Type], descents: Sequence[Descent] = ()) -> Scope:
        return scope.bind({n: Scheme((), t) for n, t in names.items()}, descents)

    # Expressions

    def expression(self, type: Type, scope: Scope, depth: int) -> Code:
        self.nodes += 1
        if depth <= 0 or self.nodes > MOST_NODES:
            return self.leaf(type, scope)
        own: list[Callable[[Type, Scope, int], Code | None]] = []
        if type == INT:
            own = [self.arithmetic] * 3
        elif type == BOOL:
            own = [self.comparison, self.logic, self.comparison, self.logic]
        elif type.name == "->":
            own = [self.function] * 3
        elif type.name == "List":
            own = [self.construction, self.construction, self.append, self.listed]
        elif self.is_data(type):
            own = [self.construction] * 3
        others = [self.application] * 4 + [self.recursion] * 4
        others += [self.let, self.conditional, self.match, self.match, self.polymorphic_let]
        return (
            self.pick([lambda *_: self.leaf(type, scope), *own, *others])(type, scope, depth)
            or self.pick([*own, self.application, self.match])(type, scope, depth)
            or self.leaf(type, scope)
        )

    def leaf(self, type: Type, scope: Scope) -> Code:
        variables = [n for n, s in scope.variables.items() if fitted(s.type, type, s.variables, {})]
        index = self.number(len(variables) - 1 if type.variable else len(variables) * 4 // 3)
        if index < len(variables):
            return self.variable(variables[~index])
        if type == INT:
            return self.literal(self.pick(LITERALS + WIDE_LITERALS if self.wide else LITERALS))
        if type == CHAR:
            letter = self.pick(LETTERS + "\u2192" if self.wide else LETTERS)
            return self.noted("a character", Code(show(letter), lambda env: letter))
        if type == TEXT and self.chance(60):
            return self.string()
        if type.name == "->":
            return self.function(type, scope, 0)
        constructors = self.constructors(type)
        if type == BOOL:
            name = self.pick(constructors)[0]
            return Code(name, lambda env: self.meter.built(name))
        plain = [c for c in constructors if not c[1]] or constructors[:1]
        return self.constructed(*self.pick(plain), scope, 0)

    def literal(self, number: int) -> Code:
        return Code(f"({number})" if number < 0 else str(number), lambda env: self.meter.integer(number))

    def variable(self, name: str) -> Code:
        return Code(name, lambda env: env[name])

    def string(self) -> Code:
        text = "".join(self.pick(LETTERS) for _ in range(self.number(3)))
        shown = "".join(show(c)[1:-1].replace("\\'", "'").replace('"', '\\"') for c in text)

        def value(env: Env) -> Any:
            self.meter.seen["a string"] += 1
            return self.meter.items(text)

        return Code(f'"{shown}"', value)

    def constructed(self, name: str, fields: Sequence[Type], scope: Scope, depth: int) -> Code:
        return self.built(name, fields, [self.expression(f, scope, depth - 1) for f in fields])

    def built(self, name: str, types: Sequence[Type], parts: Sequence[Code]) -> Code:
        texts = [p.text for p in parts]
        if name == "(,)":
            text = f"({', '.join(texts)})"
        elif name == "::":
            text = f"({' :: '.join(texts)})"
        else:
            text = f"({' '.join([name, *texts])})" if texts else name
        code = Code(text, lambda env: self.meter.built(name, *[p.value(env) for p in parts]))
        if any(t.name == "->" for t in types):
            code = self.noted("a function in data", code)
        return code

    def construction(self, type: Type, scope: Scope, depth: int) -> Code:
        return self.constructed(*self.pick(self.constructors(type)[::-1]), scope, depth)

    def listed(self, type: Type, scope: Scope, depth: int) -> Code:
        parts = [self.expression(type.arguments[0], scope, depth - 1) for _ in range(self.number(3))]

        def value(env: Env) -> Any:
            return self.meter.items([p.value(env) for p in parts])

        code = Code(f"[{', '.join(p.text for p in parts)}]", value)
        return self.noted("a function in data", code) if parts and type.arguments[0].name == "->" else code

    def append(self, type: Type, scope: Scope, depth: int) -> Code:
        left, right = self.expression(type, scope, depth - 1), self.expression(type, scope, depth - 1)

        def value(env: Env) -> Any:
            first, rest = left.value(env), right.value(env)
            return self.meter.items(items_of(first), rest)

        return Code(f"({left.text} ++ {right.text})", value)

    def arithmetic(self, type: Type, scope: Scope, depth: int) -> Code:
        return self.operated(self.pick("+-*/%n"), self.expression(INT, scope, depth - 1), scope, depth)

    def operated(self, operator: str, left: Code, scope: Scope, depth: int) -> Code:
        """The operator on what is there and a second operand."""
        if operator == "n":
            return Code(f"(-{left.text})", lambda env: self.meter.integer(-left.value(env)))
        right = self.expression(INT, scope, depth - 1)

        def value(env: Env) -> int:
            a, b = left.value(env), right.value(env)
            if operator in "/%":
                self.meter.seen[
                    "division by zero" if b == 0 else "division of negative numbers" if a < 0 or b < 0 else "division"
                ] += 1
                return self.meter.integer(divided(a, b)["/%".index(operator)])
            return self.meter.integer(a + b if operator == "+" else a - b if operator == "-" else a * b)

        return Code(f"({left.text} {operator} {right.text})", value)

    def comparison(self, type: Type, scope: Scope, depth: int) -> Code:
        if self.chance(60):
            kind = self.some_type(functions=False)
            operator = self.pick(["==", "!="])
            kind = kind if self.comparable(kind) else INT
        else:
            kind, operator = self.pick([INT, CHAR]), self.pick(["<", "<=", ">", ">="])
        left, right = self.expression(kind, scope, depth - 1), self.expression(kind, scope, depth - 1)
        holds: Callable[[Any, Any], bool] = {
            "==": lambda a, b: a == b,
            "!=": lambda a, b: a != b,
            "<": lambda a, b: a < b,
            "<=": lambda a, b: a <= b,
            ">": lambda a, b: a > b,
            ">=": lambda a, b: a >= b,
        }[operator]
        # An order that nothing determines is on `Int`, and one type of what is compared must be seen here.
        text = f"(({left.text} : {kind}) {operator} {right.text})" if kind == CHAR else f"({left.text} {operator} {right.text})"

        def value(env: Env) -> Any:
            return self.truth(holds(left.value(env), right.value(env)))

        return self.noted("structures compared", Code(text, value)) if self.is_data(kind) else Code(text, value)

    def truth(self, holds: bool) -> Data:
        return self.meter.built("True" if holds else "False")

    def logic(self, type: Type, scope: Scope, depth: int) -> Code:
        left = self.expression(BOOL, scope, depth - 1)
        operator = self.pick(["&&", "||", "not"])
        if operator == "not":
            return Code(f"(not {left.text})", lambda env: self.truth(left.value(env).constructor == "False"))
        right = self.expression(BOOL, scope, depth - 1)

        def value(env: Env) -> Any:
            first = left.value(env)
            if (first.constructor == "True") == (operator == "||"):
                self.meter.seen["a skipped operand"] += 1
                return first
            return right.value(env)

        return Code(f"({left.text} {operator} {right.text})", value)

    def function(self, type: Type, scope: Scope, depth: int) -> Code:
        """A ``fn`` of as many parameters as drawn, of those that the type has."""
        types = parameters_of(type)
        types = types[: 1 + self.number(len(types) - 1)]
        result = type
        for _ in types:
            result = result.arguments[1]
        patterns, inner = self.parameters(types, scope)
        body = self.expression(result, inner, depth - 1)
        text = f"(fn {' '.join(map(str, patterns))} => {body.text})"

        def value(env: Env) -> Any:
            def call(*arguments: Any) -> Any:
                self.meter.call()
                return body.value({**env, **self.taken(patterns, arguments)})

            return curried(len(patterns), call)

        return self.noted("a closure", Code(text, value)) if scope.variables else Code(text, value)

    def parameters(self, types: Sequence[Type], scope: Scope, position: int = -1) -> tuple[list[Pattern], Scope]:
        """A pattern for each parameter; the one at ``position`` is a variable."""
        patterns: list[Pattern] = []
        names: dict[str, Type] = {}
        for index, type in enumerate(types):
            if type.name == "(,)" and index != position and self.chance(40):
                fields = []
                for part in type.arguments:
                    name = self.new_name(scope, list(names))
                    names[name] = part
                    fields.append(Pattern("variable", name, type=part))
                patterns.append(Pattern("constructor", "(,)", tuple(fields), type))
            else:
                name = self.new_name(scope, list(names))
                names[name] = type
                patterns.append(Pattern("variable", name, type=type))
        return patterns, self.bind(scope, names)

    def taken(self, patterns: Sequence[Pattern], arguments: Sequence[Any]) -> Env:
        found: Env = {}
        for pattern, argument in zip(patterns, arguments, strict=True):
            pattern.matches(argument, found)
        return found

    def conditional(self, type: Type, scope: Scope, depth: int) -> Code:
        return self.chosen(self.expression(BOOL, scope, depth - 1), *(self.expression(type, scope, depth - 1) for _ in "yn"))

    def chosen(self, condition: Code, yes: Code, no: Code) -> Code:
        text = f"(if {condition.text} then {yes.text} else {no.text})"
        return Code(text, lambda env: (yes if condition.value(env).constructor == "True" else no).value(env))

    def let(self, type: Type, scope: Scope, depth: int, inside: Callable[[Type, Scope, int], Code] | None = None) -> Code:
        bound_type = self.some_type()
        if self.chance(25):
            # What is left of a function of the program, or of one of the group on what it recurs on.
            functions = [(m.type, m.position + 1) for m in self.group.values() if m.position + 1 < len(parameters_of(m.type))]
            functions += [(g.scheme.type, self.number(1)) for g in self.globals.values() if g.arity > 1 and not g.scheme.variables]
            if functions:
                bound_type, count = self.pick(functions)
                for _ in range(count):
                    bound_type = bound_type.arguments[1]
        bound = self.expression(bound_type, scope, depth - 1)
        patterns, inner = self.parameters([bound_type], scope)
        known = scope.descent(bound.text)
        if known and patterns[0].kind == "variable":
            name = patterns[0].content
            inner = Scope(inner.variables, (*inner.descents, Descent(self.variable(name), known.type, name, known.smaller)))
        hidden = any(name in scope.variables or name in self.globals for name, _, _ in patterns[0].bound())
        body = (inside or self.expression)(type, inner, depth - 1)

        def value(env: Env) -> Any:
            return body.value({**env, **self.taken(patterns, [bound.value(env)])})

        code = Code(f"(let {patterns[0]} = {bound.text} in {body.text})", value)
        return self.noted("a hidden name", code) if hidden else code

    def polymorphic_let(self, type: Type, scope: Scope, depth: int) -> Code:
        """A function that a ``let`` makes general, in scope for what follows."""
        variable = f"l{len(self.rigid)}"
        name, parameter = self.new_name(scope), self.new_name(scope)
        outer, self.rigid = self.rigid, (*self.rigid, variable)
        result = self.pick([Type(variable), tuple_of(Type(variable), INT), list_of(Type(variable)), INT])
        body = self.expression(result, self.bind(scope, {parameter: Type(variable)}), min(depth - 1, 1))
        self.rigid = outer
        general = Scheme((variable,), arrow(Type(variable), result))
        rest = self.expression(type, scope.bind({name: general}), depth - 1)

        def value(env: Env) -> Any:
            def call(argument: Any) -> Any:
                self.meter.call()
                return body.value({**env, parameter: argument})

            return rest.value({**env, name: call})

        text = f"(let {name} = fn {parameter} => {body.text} in {rest.text})"
        return self.noted("a let that generalises", Code(text, value))

    # Applications

    def visible(self, scope: Scope) -> list[tuple[str, Scheme]]:
        """What may be applied: variables, and functions of the program that no variable hides."""
        found = [(n, s) for n, s in scope.variables.items() if s.type.name == "->"]
        found += [
            (g.name, g.scheme)
            for g in self.globals.values()
            if g.name in self.values and g.name not in {*self.group, *scope.variables} and (self.partial or not g.partial)
        ]
        return found

    def application(self, type: Type, scope: Scope, depth: int) -> Code | None:
        """A function, of the program or a variable, on fewer arguments than it has parameters, on as many, or on more."""
        candidates = []
        for name, scheme in self.visible(scope):
            at, count = scheme.type, 0
            while True:
                found: dict[str, Type] = {}
                if (count or name in self.globals) and fitted(at, type, scheme.variables, found) and self.allowed(found):
                    candidates += [(name, scheme, count, found)] * (3 if name in scope.variables else 1)
                if at.name != "->":
                    break
                at, count = at.arguments[1], count + 1
        if not candidates:
            return None
        name, scheme, count, found = self.pick(candidates[::-1])
        for variable in scheme.variables:
            if variable not in found:
                kind = self.some_type(1, functions=not variable.startswith("k"))
                found[variable] = kind if self.allowed({variable: kind}) else INT
        local = name in scope.variables
        if scheme.variables and not local:
            self.instances.setdefault(name, set()).update(found.values())
        types = [substituted(t, found) for t in parameters_of(scheme.type)[:count]]
        arguments = [self.expression(t, scope, depth - 1) for t in types]
        code = self.applied(self.variable(name) if local else self.named(name), arguments)
        if not local:
            arity = self.globals[name].arity
            if arity == 0:
                code = self.noted("a constant", code)
            elif count < arity:
                code = self.noted("a partial application" if count else "a function named", code)
            elif count > arity:
                code = self.noted("more arguments than parameters", code)
            if len(self.instances.get(name, ())) > 1:
                code = self.noted("a function at several types", code)
        elif count:
            code = self.noted("a variable applied", code)
        return code

    def allowed(self, found: Mapping[str, Type]) -> bool:
        return all(self.comparable(t) for v, t in found.items() if v.startswith("k"))

    def named(self, name: str) -> Code:
        arity = self.globals[name].arity

        def value(env: Env) -> Any:
            return curried(arity, self.values[name]) if arity else self.values[name]()

        return Code(name, value)

    def applied(self, function: Code, arguments: Sequence[Code]) -> Code:
        if not arguments:
            return function

        def value(env: Env) -> Any:
            result = function.value(env)
            given = [a.value(env) for a in arguments]
            for argument in given:
                result = result(argument)
            return result

        return Code(f"({' '.join([function.text, *(a.text for a in arguments)])})", value)

    def recursion(self, type: Type, scope: Scope, depth: int) -> Code | None:
        """A call of a function of the group, on something smaller; perhaps without its last arguments."""
        if self.recursions <= 0:
            return None
        order = list(self.group)
        candidates = []
        for member in self.group.values():
            if member.name in scope.variables:
                continue
            later = order.index(member.name) > order.index(self.here)
            types = parameters_of(member.type)
            at = member.type
            for count in range(1, len(types) + 1):
                at = at.arguments[1]
                if at == type and count > member.position:
                    candidates += [
                        (member, count, d) for d in scope.descents if d.type == types[member.position] and (d.smaller or later)
                    ]
        if not candidates:
            return None
        member, count, descent = self.pick(candidates)
        self.recursions -= 1
        if descent.smaller and not self.chance(15):
            # One call for each smaller part, as a rule: more of them are soon too many.
            scope = Scope(scope.variables, tuple(d for d in scope.descents if d is not descent))
        arguments = [
            descent.code if i == member.position else self.expression(t, scope, depth - 1)
            for i, t in enumerate(parameters_of(member.type)[:count])
        ]
        code = self.applied(self.named(member.name), arguments)
        if member.name != self.here:
            code = self.noted("mutual recursion", code)
        if count < len(parameters_of(member.type)):
            code = self.noted("a recursive call as a function", code)
        return self.noted("recursion", code)

    # Matches

    def match(self, type: Type, scope: Scope, depth: int) -> Code:
        scrutinees: list[tuple[Code, Type]] = []
        for _ in range(1 + self.pick([0, 0, 1, 1, 2])):
            data = [n for n, s in scope.variables.items() if not s.variables and (self.is_data(s.type) or s.type in (INT, CHAR))]
            if data and self.chance(70):
                name = self.pick(data[::-1])
                scrutinees.append((self.variable(name), scope.variables[name].type))
            else:
                kind = self.some_type()
                scrutinees.append((self.expression(kind, scope, depth - 1), kind))
        return self.cases(scrutinees, scope, lambda inner: self.expression(type, inner, depth - 1))

    def cases(self, scrutinees: Sequence[tuple[Code, Type]], scope: Scope, body: Callable[[Scope], Code]) -> Code:
        arms: list[tuple[list[Pattern], Code]] = []
        for row in self.rows([t for _, t in scrutinees]):
            patterns: list[Pattern] = []
            taken: list[str] = []
            for pattern in row:
                patterns.append(self.with_names(pattern, scope, taken))
            descents: list[Descent] = []
            names: dict[str, Type] = {}
            for (scrutinee, _), pattern in zip(scrutinees, patterns, strict=True):
                known = scope.descent(scrutinee.text)
                for name, kind, under in pattern.bound():
                    names[name] = kind
                    if known:
                        descents.append(Descent(self.variable(name), kind, name, known.smaller or under > 0))
            arms.append((patterns, body(self.bind(scope, names, descents))))
        text = " ".join(f"| {', '.join(map(str, patterns))} => {code.text}" for patterns, code in arms)
        nested = any(f.kind in ("constructor", "literal") for ps, _ in arms for p in ps for f in p.fields)
        kinds = [{"as" if q.alias else q.kind for p in ps for q in p.parts()} for ps, _ in arms]

        def value(env: Env) -> Any:
            values = [s.value(env) for s, _ in scrutinees]
            if len(values) > 1:
                self.meter.seen["several scrutinees"] += 1
            if nested:
                self.meter.seen["nested patterns"] += 1
            for (patterns, code), kind in zip(arms, kinds, strict=True):
                found: Env = {}
                if all(p.matches(v, found) for p, v in zip(patterns, values, strict=True)):
                    if "as" in kind:
                        self.meter.seen["a pattern with `as`"] += 1
                    if "literal" in kind:
                        self.meter.seen["a literal pattern"] += 1
                    if found.keys() & (scope.variables.keys() | self.globals.keys()):
                        self.meter.seen["a hidden name"] += 1
                    return code.value({**env, **found})
            raise AssertionError("the cases cover everything")

        return Code(f"match {', '.join(s.text for s, _ in scrutinees)} with {text} end", value)

    def rows(self, types: Sequence[Type]) -> list[list[Pattern]]:
        """Rows of patterns that cover everything: one of holes, made finer some times; perhaps the last ones are then one again."""
        rows = [[Pattern("hole", type=t) for t in types]]
        for turn in range(1 + self.number(2)):
            index = 0 if turn == 0 else self.number(len(rows) - 1)
            holes = [p for p in self.holes(rows[index]) if not (p[1].variable or p[1].name == "->")]
            if not holes or len(rows) > 6:
                continue
            path, type = self.pick(holes) if turn else holes[0]
            finer = [
                [self.put(p, path[1:], new) if i == path[0] else p for i, p in enumerate(rows[index])] for new in self.split(type)
            ]
            rows[index : index + 1] = finer
        if self.chance(25):
            rows = [rows.pop(self.number(len(rows) - 1)) for _ in range(len(rows))]
        if len(rows) > 2 and self.chance(40):
            rows[1 + self.number(len(rows) - 2) :] = [[Pattern("hole", type=t) for t in types]]
        return rows

    def split(self, type: Type) -> list[Pattern]:
        """Patterns that cover a type together."""
        rest = Pattern("hole", type=type)
        if type == INT:
            literals = dict.fromkeys(self.pick((0, 1, -1, 2, 3, 2**62 - 1)) for _ in range(1 + self.number(1)))
            return [*(Pattern("literal", n, type=type) for n in literals), rest]
        if type == CHAR:
            return [Pattern("literal", self.pick(LETTERS), type=type), rest]
        covering = []
        for name, fields in self.constructors(type):
            covering.append(Pattern("constructor", name, tuple(Pattern("hole", type=f) for f in fields), type))
        return covering

    def holes(self, row: Sequence[Pattern], path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Type]]:
        for index, pattern in enumerate(row):
            if pattern.kind == "hole":
                yield (*path, index), pattern.type
            yield from self.holes(pattern.fields, (*path, index))

    def put(self, pattern: Pattern, path: Sequence[int], new: Pattern) -> Pattern:
        if not path:
            return new
        fields = list(pattern.fields)
        fields[path[0]] = self.put(fields[path[0]], path[1:], new)
        return replace(pattern, fields=tuple(fields))

    def with_names(self, pattern: Pattern, scope: Scope, taken: list[str]) -> Pattern:
        choice = self.number(7)
        if pattern.kind == "hole":
            if choice == 7:
                return replace(pattern, kind="any")
            name = self.new_name(scope, taken)
            taken.append(name)
            return replace(pattern, kind="variable", content=name)
        fields = tuple(self.with_names(f, scope, taken) for f in pattern.fields)
        alias = ""
        if choice == 7:
            alias = self.new_name(scope, taken)
            taken.append(alias)
        return replace(pattern, fields=fields, alias=alias)

    # Functions

    def write_group(self) -> None:
        count = 1 + self.pick([0, 0, 0, 1, 1, 2])
        kinds = ["recursive", "plain", "recursive", "constant", "recursive", "countdown"]
        kind = self.pick(kinds) if self.globals else "recursive"
        # Some can be called with values, the first ones always; the others take functions, or are general.
        self.functions = bool(self.globals) and not self.chance(25)
        self.partial = kind == "countdown" or (any(g.partial for g in self.globals.values()) and self.chance(40))
        self.rigid = self.pick([(), (), ("a",), ("a", "b"), ("k",)]) if kind in ("plain", "recursive") and self.functions else ()
        count = count if kind in ("recursive", "countdown") else 1
        family = [INT] if kind == "countdown" else self.family() if kind == "recursive" else []
        signatures = []
        for index in range(count):
            name = f"f{len(self.globals) + index}"
            types = [] if kind == "constant" else self.parameter_types()
            position = -1
            if family:
                position = self.number(len(types))
                types.insert(position, family[0] if index == 0 else self.pick(family))
            # What it recurs on, or what it carries along, is what it gives as a rule.
            result = self.pick([*types, *family, *family, list_of(INT), INT]) if types and self.chance(60) else self.some_type()
            signatures.append((Member(name, arrow(*types, result), position), types, result))
        self.functions = True
        self.group = {m.name: m for m, _, _ in signatures} if family else {}
        self.annotated = self.pick(["all", "none"])
        for member, types, _ in signatures:
            self.globals[member.name] = Global(member.name, Scheme(self.rigid, member.type), len(types), self.partial)
        written = []
        for member, types, result in signatures:
            self.here = member.name
            written.append(self.definition(member, types, result, kind))
        self.group, self.here = {}, ""
        if self.chance(50) and not self.rigid:
            # Then later functions take functions like this one.
            self.palette.append(signatures[-1][0].type)
        self.text.append(f"{'partial ' if self.partial else ''}fun " + "\nand ".join(written))

    def write_classics(self) -> None:
        for name, (text, type, worth) in CLASSICS.items():
            if self.chance(30):
                self.text.append(f"fun {name} {text}")
                variables = tuple(v for v in "abc" if v in str(type).replace("Int", "").replace("List", "").replace("Bool", ""))
                self.globals[name] = Global(name, Scheme(variables, type), len(text.partition(" =")[0].split()), False)
                self.values[name] = lambda *arguments, worth=worth: worth(self.meter, *arguments)

    def parameter_types(self) -> list[Type]:
        """Some types, each variable among them, so that there is always something of its type."""
        types = [self.some_type() for _ in range(self.number(2) if self.rigid else self.number(1) + self.number(1))]
        types += [Type(v) for v in self.rigid if Type(v) not in types]
        return types or [self.some_type()]

    def family(self) -> list[Type]:
        """A type to recur on, and those that its values are held in and hold."""
        recursive = [list_of(self.some_type(1)), list_of(INT)]
        for datatype in self.datatypes.values():
            type = Type(datatype.name, tuple(self.some_type(1) for _ in datatype.parameters))
            if datatype not in BUILT_IN and (self.functions or not self.holds_functions(type)):
                held = str([fields for _, fields in datatype.constructors])
                recursive[:0] = [type] * (3 if f"'{datatype.name}'" in held else 1)
        first = self.pick(recursive)
        family = [first]
        for kind in (first, list_of(first)):
            for _, fields in self.constructors(kind):
                family += [f for f in fields if self.is_data(f) and f not in family and f != BOOL]
        return family

    def definition(self, member: Member, types: Sequence[Type], result: Type, kind: str) -> str:
        patterns, scope = self.parameters(types, Scope({}), member.position)
        self.recursions = 4
        if member.position >= 0:
            name = patterns[member.position].content
            type = types[member.position]
            if kind == "countdown":
                by = [self.pick(["(%s - 1)", "(%s - 2)", "(%s / 2)"]), "(%s - 1)"]
                codes = {text % name: self.lowered(text, name) for text in by}
                descents = tuple(Descent(code, type, name, True) for code in codes.values())
                body = self.chosen(
                    Code(f"({name} <= 0)", lambda env: self.truth(env[name] <= 0)),
                    self.expression(result, scope, 1),
                    self.ending(result, Scope(scope.variables, descents), DEEPEST),
                )
                body = self.noted("a partial function", body)
            else:
                scope = Scope(scope.variables, (Descent(self.variable(name), type, name, False),))
                scrutinees = [(self.variable(name), type)]
                others = [n for n, s in scope.variables.items() if n != name and self.is_data(s.type)]
                if others and self.chance(30):
                    other = self.pick(others)
                    scrutinees.append((self.variable(other), scope.variables[other].type))
                body = self.cases(scrutinees, scope, lambda inner: self.ending(result, inner, DEEPEST))
        else:
            body = self.expression(result, scope, DEEPEST)
        # What names a variable for itself is not what another function of the group calls by the same name, unless all say so.
        annotated = self.annotated if self.rigid and len(self.group) > 1 else self.pick(["all", "all", "parameters", "none"])
        if annotated == "none":
            shown = [str(p) for p in patterns]
        else:
            shown = [f"({p} : {t})" for p, t in zip(patterns, types, strict=True)]

        def call(*arguments: Any) -> Any:
            self.meter.call()
            return body.value(self.taken(patterns, arguments))

        self.values[member.name] = call
        signature = " ".join([member.name, *shown]) + (f" : {result}" if annotated == "all" else "")
        return f"{signature} =\n  {body.text}"

    def lowered(self, text: str, name: str) -> Code:
        operator, by = text[4], int(text[6])
        return Code(text % name, lambda env: env[name] // by if operator == "/" else env[name] - by)

    def ending(self, type: Type, scope: Scope, depth: int) -> Code:
        """What a case gives: as a rule a recursive call where one is possible, in one of the places that compilers tell apart."""
        if depth <= 0 or not any(d.smaller for d in scope.descents) or self.chance(15):
            return self.expression(type, scope, depth)
        shapes: list[Callable[[Type, Scope, int], Code | None]] = [self.last_call, self.last_call]
        if type == INT:
            shapes += [self.call_under_operator] * 2
        elif self.is_data(type) and any(type in fields for _, fields in self.constructors(type)):
            shapes += [self.call_under_constructor] * 4
        shapes += [self.expression, self.ending_if, lambda t, s, d: self.let(t, s, d, self.ending)]
        return self.pick(shapes)(type, scope, depth) or self.expression(type, scope, depth)

    def ending_if(self, type: Type, scope: Scope, depth: int) -> Code:
        condition = self.expression(BOOL, scope, depth - 2)
        return self.chosen(condition, self.ending(type, scope, depth - 1), self.ending(type, scope, depth - 1))

    def last_call(self, type: Type, scope: Scope, depth: int) -> Code | None:
        call = self.recursion(type, scope, depth - 1)
        return self.noted("a call in tail position", call) if call else None

    def call_under_operator(self, type: Type, scope: Scope, depth: int) -> Code | None:
        call = self.recursion(type, scope, depth - 1)
        return self.operated(self.pick("+*-"), call, scope, depth) if call else None

    def call_under_constructor(self, type: Type, scope: Scope, depth: int) -> Code | None:
        name, fields = self.pick([c for c in self.constructors(type) if type in c[1]])
        last = len(fields) - 1 - fields[::-1].index(type)
        before = [self.expression(f, scope, depth - 2) for f in fields[:last]]
        call = self.recursion(type, scope, depth - 1)
        if call is None:
            return None
        after = [self.expression(f, scope, depth - 2) for f in fields[last + 1 :]]
        return self.built(name, fields, [*before, self.noted("a call under a constructor", call), *after])

    # Calls

    def write_entries(self) -> None:
        """Functions that can be called with values and give values, so that all the others are reached from somewhere."""
        for _ in range(1 + self.number(2)):
            self.partial = any(g.partial for g in self.globals.values()) and self.chance(60)
            self.rigid = ()
            name = f"f{len(self.globals)}"
            types = [self.plain_type() for _ in range(1 + self.number(1))]
            given = [g.scheme.type for g in self.globals.values() if not g.scheme.variables]
            given = [t for t in map(self.result, given) if self.plain(t)]
            result = self.pick(given[::-1]) if given and not self.chance(20) else self.plain_type()
            written = self.definition(Member(name, arrow(*types, result), -1), types, result, "plain")
            self.globals[name] = Global(name, Scheme((), arrow(*types, result)), len(types), self.partial)
            self.text.append(f"{'partial ' if self.partial else ''}fun {written}")

    def result(self, type: Type) -> Type:
        return self.result(type.arguments[1]) if type.name == "->" else type

    def value(self, type: Type, size: int) -> Any:
        if type == INT:
            return self.pick((0, 1, 2, -1, 3, 5, -7, 9, 2**31, 2**62 - 1, -(2**62), 2**63 - 1, -(2**63), 10**25))
        if type == CHAR:
            return self.pick(LETTERS)
        constructors = self.constructors(type)
        name, fields = self.pick(constructors[::-1] + constructors[1:]) if size > 0 else constructors[0]
        return self.meter.built(name, *[self.value(f, size - 1) for f in fields])

    def calls(self) -> list[Call]:
        found = []
        for function in self.globals.values():
            types = parameters_of(function.scheme.type)[: function.arity]
            result = function.scheme.type
            for _ in types:
                result = result.arguments[1]
            if function.scheme.variables or not all(map(self.plain, (*types, result))):
                continue
            for turn in range(1 if not types else 3):
                self.meter = Meter()
                try:
                    arguments = [self.value(t, 4 + turn) for t in types]
                    self.meter = Meter(wide=not all(map(has_63_bits, arguments)))
                    worth = self.values[function.name](*arguments)
                except Exhausted:
                    continue
                fits = all(map(has_63_bits, (*arguments, worth)))
                handed = tuple(map(datum, arguments))
                found.append(Call(function.name, handed, datum(worth), not self.meter.wide, fits, self.meter.seen))
        return found


@st.composite
def programs(draw: st.DrawFn) -> Generated:
    """A program and calls of its functions, with what they are worth."""
    author = Author(draw)
    author.wide = author.chance(12)
    author.write_datatypes()
    author.write_group()
    author.write_classics()
    for _ in range(author.number(4)):
        author.write_group()
    author.write_entries()
    with deep_stack():
        calls = author.calls()
    return Generated("\n\n".join(author.text) + "\n", tuple(calls))
