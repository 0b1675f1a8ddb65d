"""A program in Python, from 3.11 on and with nothing but its standard library. Its examples are assertions, made when it is run."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.layout import HARD, LINE, SOFT, Broken, Doc, concat, fill, group, joined, nest, render
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.comments import paragraphs, source_name
from recsyn.lang.targets.naming import fresh_identifier, identifiers, local_identifiers
from recsyn.lang.targets.sugar import (
    as_lets,
    chain,
    datatype_groups,
    definition_groups,
    delayed,
    globals_used,
    irrefutable,
    list_of_patterns,
    list_of_terms,
    needed,
    proposition,
    text_of,
)
from recsyn.lang.types import Datatype, show_type
from recsyn.values import CONS, NIL, TUPLE, digits_of

KEYWORDS = frozenset({*keyword.kwlist, *keyword.softkwlist, "type"})
_BUILTINS = frozenset({"dataclass", "isinstance", "object", "reversed"})
"""What the generated code uses without defining it."""

# How tightly things bind.
OPEN, CONDITIONAL, OR, AND, NOT, COMPARISON, SUM, PRODUCT, NEGATION, ATOM = range(10)
_INFIX = {
    "||": ("or", OR),
    "&&": ("and", AND),
    "==": ("==", COMPARISON),
    "!=": ("!=", COMPARISON),
    "<": ("<", COMPARISON),
    "<=": ("<=", COMPARISON),
    ">": (">", COMPARISON),
    ">=": (">=", COMPARISON),
    "+": ("+", SUM),
    "-": ("-", SUM),
    "*": ("*", PRODUCT),
    "/": ("//", PRODUCT),
    "%": ("%", PRODUCT),
}
_DEEPEST = 1000
"""The column beyond which lines are not indented: deeper than Python lets blocks be."""
_LONGEST_NUMBER = 4000
"""More digits than this Python reads in hexadecimal alone."""

_HEAD = """\
# Written by recsyn from {source}.
#
# A constructor is a class, and so are those of lists, `{nil}` and `{cons}`: `match` takes them apart,
# and they print as they are written. A function that is known by name takes all its arguments at
# once; one that is a value takes one at a time. Python's recursion limit bounds how deep functions
# go, and how deep `==` looks: see `sys.setrecursionlimit`.

from dataclasses import dataclass
"""
_LIST_OF, _APPEND = "list of", "++"
_PRELUDE = {
    CONS: (
        "Cons",
        '''@dataclass(frozen=True, slots=True)
class {nil}:
    """The empty list."""


@dataclass(frozen=True, slots=True)
class {cons}:
    """A list of a first item and the others."""

    first: object
    others: object
''',
    ),
    NIL: ("Nil", ""),
    _LIST_OF: (
        "list_of",
        '''def {name}(items):
    """The list of these items, or of the characters of a string."""
    result = {nil}()
    for item in reversed(items):
        result = {cons}(item, result)
    return result
''',
    ),
    _APPEND: (
        "list_append",
        '''def {name}(xs, ys):
    """The items of the first list, then those of the second."""
    items = []
    while isinstance(xs, {cons}):
        items.append(xs.first)
        xs = xs.others
    for item in reversed(items):
        ys = {cons}(item, ys)
    return ys
''',
    ),
    "/": (
        "floor_div",
        '''def {name}(x, y):
    """Division rounds down, and by zero gives zero."""
    return x // y if y else 0
''',
    ),
    "%": (
        "floor_mod",
        '''def {name}(x, y):
    """The remainder has the sign of the divisor; by zero it is the dividend."""
    return x % y if y else x
''',
    ),
}


def python(program: Program) -> str:
    """The program as the text of a Python module. Raises :class:`RecsynError` for what is nested too deeply for Python to read."""
    program = needed(program)
    writer = _Writer(program)
    parts: list[Doc] = []
    for datatypes in datatype_groups(program):
        parts.extend(writer.datatype(datatype) for datatype in datatypes)
    for definitions in definition_groups(program):
        writer.delayed.update(d.name for d in delayed(definitions))
        for definition in definitions.definitions:
            parts.append(run(writer.definition(definition)))
    if program.examples:
        parts.append(run(writer.examples(program.examples)))
    body = render(joined(concat(HARD, HARD, HARD), parts), deepest=_DEEPEST)
    names = {"nil": writer.values[NIL], "cons": writer.values[CONS]}
    prelude = [text.format(name=writer.values[key], **names) for key, (_, text) in _PRELUDE.items() if key in writer.used and text]
    text = "\n\n".join([_HEAD.format(source=source_name(program), **names), *prelude, body + "\n"])
    try:
        compile(text, "<export>", "exec")
    except (MemoryError, RecursionError, SyntaxError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise RecsynError(f"Python cannot read this program: {reason}", "OCaml and Haskell take programs that nest more") from None
    return text


def _value_name(name: str) -> str:
    spelled = _PRELUDE[name][0] if name in _PRELUDE else name.replace("'", "_prime")
    reserved = spelled in KEYWORDS or (spelled.startswith("__") and spelled.endswith("__"))
    return f"{spelled}_" if reserved else spelled


def _constructor_name(name: str) -> str:
    return _value_name(name[0].upper() + name[1:])


@dataclass
class _Here:
    """What holds in the definition that is being written. ``taken`` are all names that mean something there, ``functions`` those
    that a local function may not have; ``statements`` are the terms that take a statement, by their ``id``."""

    names: dict[str, str]
    taken: set[str]
    functions: set[str]
    statements: frozenset[int]
    before: list[Doc] = field(default_factory=list)
    """Functions that have to be defined in front of the statement that is being written."""


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.constructors = identifiers((c for c in program.constructors if c not in (CONS, NIL)), _constructor_name, _BUILTINS)
        self.constructors |= {"True": "True", "False": "False"}
        # Names of the module's own come last: what clashes with them keeps its own.
        taken = _BUILTINS | set(self.constructors.values())
        self.values = identifiers([*program.definitions, *_PRELUDE], _value_name, taken)
        self.parameters = {d.name: _merged(d)[0] for d in program.definitions.values()}
        self.used: set[str] = set()
        self.delayed: set[str] = set()
        self.module_names = {*taken, *self.values.values()}
        self.here = _Here({}, set(), set(), frozenset())

    def _begin(self, parameters: Sequence[str], term: core.Term, in_module: bool = False) -> None:
        """Begin to write a definition. With ``in_module`` what it needs is defined in the module itself, and so not under a name
        that means something anywhere in it."""
        used = {self.values[name] for name in (*_PRELUDE, *globals_used(term))}
        taken = {*_BUILTINS, *self.constructors.values(), *used}
        names = local_identifiers(parameters, term, _value_name, taken)
        self.here = _Here(names, {*taken, *names.values()}, self.module_names if in_module else set(), _taking_statements(term))

    def _fresh(self, base: str) -> str:
        name = fresh_identifier(base, self.here.taken)
        self.here.taken.add(name)
        return name

    def _fresh_function(self, base: str) -> str:
        name = fresh_identifier(base, self.here.taken | self.here.functions)
        self.here.taken.add(name)
        self.here.functions.add(name)
        return name

    # Declarations

    def datatype(self, datatype: Datatype) -> Doc:
        head = " ".join([core.spelled(datatype.name), *datatype.parameters])
        parts: list[Doc] = [joined(HARD, _commented([f"type {head}", *paragraphs(datatype.documentation or "")]))]
        for constructor in datatype.constructors:
            types = [
                f"({show_type(f)})" if " " in show_type(f) and show_type(f)[0] != "(" else show_type(f) for f in constructor.fields
            ]
            shown = " ".join([core.spelled(constructor.name), *types])
            lines: list[Doc] = ["@dataclass(frozen=True, slots=True)", HARD, f"class {self.constructors[constructor.name]}:"]
            body: list[Doc] = [HARD, f'"""`{shown}`"""']
            for index in range(len(constructor.fields)):
                body += [*([] if index else [HARD]), HARD, f"field{index + 1}: object"]
            parts.append(concat(*lines, nest(4, *body)))
        return joined(concat(HARD, HARD, HARD), [concat(parts[0], HARD, parts[1]), *parts[2:]])

    def definition(self, definition: Definition) -> Deep[Doc]:
        names, body = _merged(definition)
        name = self.values[definition.name]
        if names or definition.name in self.delayed:
            self._begin(names, body)
            statements = yield self._block(body)
            documentation = _docstring(definition.documentation)
            return _function(name, [self.here.names[n] for n in names], [*documentation, *statements])
        self._begin((), body, in_module=True)
        value = yield self._statement(f"{name} = ", body)
        comments = _commented(paragraphs(definition.documentation)) if definition.documentation else []
        lines = joined(HARD, [*comments, value])
        return joined(concat(HARD, HARD, HARD), [*self.here.before, lines])

    def examples(self, examples: Sequence[Example]) -> Deep[Doc]:
        lines: list[Doc] = []
        for example in examples:
            term = proposition(example)
            self._begin((), term, in_module=True)
            said = yield self.expression(term)
            lines += [
                *(concat(function, HARD) for function in self.here.before),
                concat("assert ", _parted(said)),
            ]
        return concat('if __name__ == "__main__":', nest(4, HARD, joined(HARD, lines)))

    # Statements

    def _block(self, at: core.Term) -> Deep[list[Doc]]:
        """The statements of a function that returns what a term is worth."""
        around, self.here.before = self.here.before, []
        out: list[Doc] = []
        while True:
            if isinstance(at, core.Let):
                statement = yield self._let(at)
                at_next = at.body
            elif isinstance(at, core.If):
                condition = yield self.expression(at.condition)
                consequent = yield self._block(at.consequent)
                statement = concat("if ", _parted(condition), ":", nest(4, HARD, joined(HARD, consequent)))
                at_next = at.alternative
            elif isinstance(at, core.Match) and (named := self._assignments(at)) is not None:
                assigned: list[Doc] = []
                for pattern, scrutinee in named:
                    assigned.append((yield self._statement(f"{self._target(pattern)} = ", scrutinee)))
                statement = joined(HARD, assigned)
                at_next = at.arms[0].body
            elif isinstance(at, core.Match):
                statement = yield self._match(at)
                at_next = None
            else:
                statement = yield self._statement("return ", at)
                at_next = None
            out += [*(concat(function, HARD) for function in self.here.before), statement]
            self.here.before.clear()
            if at_next is None:
                break
            at = at_next
        self.here.before = around
        return out

    def _statement(self, head: str, at: core.Term) -> Deep[Doc]:
        value = yield self.expression(at)
        return concat(head, value if self._is_bracketed(at) else _parted(value))

    def _is_bracketed(self, at: core.Term) -> bool:
        """Whether a term is written as something in brackets, inside which lines may end."""
        if isinstance(at, core.Apply) and isinstance(at.function, core.Global):
            return len(at.arguments) >= len(self.parameters[at.function.name])
        if isinstance(at, core.Primitive):
            return at.operator == "++"
        return isinstance(at, core.Construct) or (isinstance(at, core.Apply) and isinstance(at.function, core.Local))

    def _let(self, let: core.Let) -> Deep[Doc]:
        name = self.here.names[let.name]
        if isinstance(let.bound, core.Lambda):
            return concat((yield self._local_function(name, let.bound)), HARD)
        statement: Doc = yield self._statement(f"{name} = ", let.bound)
        return statement

    def _local_function(self, name: str, at: core.Lambda) -> Deep[Doc]:
        first, *others = at.parameters
        body = core.Lambda(tuple(others), at.body, at.span) if others else at.body
        return _function(name, [self.here.names[first]], (yield self._block(body)))

    def _assignments(self, match: core.Match) -> Sequence[tuple[core.Pattern, core.Term]] | None:
        """The patterns and terms of a match that Python can write as assignments."""
        named: list[tuple[core.Pattern, core.Term]] = []
        for pattern, term in as_lets(match, self.program) or []:
            inner = pattern
            while isinstance(inner, core.Alias):
                named.append((core.Bind(inner.name), term))
                term, inner = core.Local(inner.name, match.span), inner.pattern
            named.append((inner, term))
        stack = [pattern for pattern, _ in named]
        while stack:
            at = stack.pop()
            if isinstance(at, core.Built) and at.constructor == TUPLE:
                stack.extend(at.fields)
            elif not isinstance(at, core.Bind | core.Ignore):
                return None
        return named or None

    def _target(self, pattern: core.Pattern) -> str:
        out: list[str] = []
        stack: list[core.Pattern | str] = [pattern]
        while stack:
            at = stack.pop()
            if isinstance(at, str):
                out.append(at)
            elif isinstance(at, core.Built):
                inside: list[core.Pattern | str] = []
                for index, item in enumerate(at.fields):
                    inside += [", ", item] if index else [item]
                stack.extend(reversed(inside if at is pattern else ["(", *inside, ")"]))
            else:
                out.append(self.here.names[at.name] if isinstance(at, core.Bind) else "_")
        return "".join(out)

    def _match(self, at: core.Match) -> Deep[Doc]:
        scrutinees: list[Doc] = []
        for scrutinee in at.scrutinees:
            scrutinees.append((yield self.expression(scrutinee, CONDITIONAL)))
        subject = scrutinees[0] if len(scrutinees) == 1 else joined(concat(",", LINE), scrutinees)
        cases: list[Doc] = []
        for arm in at.arms:
            patterns: list[Doc] = []
            for pattern in arm.patterns:
                patterns.append((yield self.pattern(pattern)))
            body = yield self._block(arm.body)
            cases.append(concat("case ", joined(", ", patterns), ":", nest(4, HARD, joined(HARD, body))))
            if all(irrefutable(pattern, self.program) for pattern in arm.patterns):
                # Python refuses cases that can never be reached.
                break
        return concat("match ", _parted(subject), ":", nest(4, HARD, joined(HARD, cases)))

    # Expressions

    def expression(self, at: core.Term, level: int = OPEN) -> Deep[Doc]:
        """A term as an expression, in parentheses where ``level`` asks for one that binds more tightly."""
        if isinstance(at, core.Local):
            return self.here.names[at.name]
        if isinstance(at, core.Literal):
            return _wrapped(_literal(at.value), isinstance(at.value, int) and at.value < 0 and level > NEGATION)
        doc: Doc
        if isinstance(at, core.Global):
            doc = yield self._applied(at, (), level)
        elif isinstance(at, core.Construct):
            doc = yield self._construct(at)
        elif isinstance(at, core.Apply):
            doc = yield self._apply(at, level)
        elif isinstance(at, core.Primitive):
            doc = yield self._primitive(at, level)
        elif isinstance(at, core.Lambda):
            doc = yield self._lambda(at, level)
        elif isinstance(at, core.If):
            doc = yield self._conditional(at, level)
        else:
            name = self._fresh_function("matched" if isinstance(at, core.Match) else "value")
            statements = yield self._block(at)
            self.here.before.append(_function(name, [], statements))
            doc = f"{name}()"
        return doc

    def _arguments(self, terms: Sequence[core.Term]) -> Deep[list[Doc]]:
        docs: list[Doc] = []
        for term in terms:
            docs.append((yield self.expression(term)))
        return docs

    def _apply(self, at: core.Apply, level: int) -> Deep[Doc]:
        if isinstance(at.function, core.Global):
            result: Doc = yield self._applied(at.function, at.arguments, level)
            return result
        function = yield self.expression(at.function, ATOM)
        return _one_by_one(function, (yield self._arguments(at.arguments)))

    def _applied(self, function: core.Global, arguments: Sequence[core.Term], level: int) -> Deep[Doc]:
        """A function that is known by name, applied to any number of arguments."""
        name = self.values[function.name]
        if function.name in self.delayed:
            name += "()"
        parameters = self.parameters[function.name]
        given = yield self._arguments(arguments)
        count = len(parameters)
        if len(given) >= count:
            called = _call(name, given[:count]) if count else name
            return _one_by_one(called, given[count:])
        if not given and count == 1:
            return name
        missing = count
        prefix: list[Doc] = []
        if not any(self._computes(a) for a in arguments):
            prefix, given, missing = given, [], count - len(given)
        # What the arguments are worth is found before the function is applied, so they stay outside of it.
        names = [
            self._fresh(_value_name(core.spelled(p)) if core.spelled(p) != "_" else "x") for p in parameters[count - missing :]
        ]
        curried = concat("".join(f"lambda {n}: " for n in names), _call(name, [*prefix, *names]))
        if given:
            return _one_by_one(concat("(", curried, ")"), given)
        return _wrapped(curried, level > OPEN)

    def _computes(self, at: core.Term) -> bool:
        if isinstance(at, core.Global):
            return at.name in self.delayed
        return not isinstance(at, core.Local | core.Literal | core.Lambda)

    def _construct(self, at: core.Construct) -> Deep[Doc]:
        if at.constructor in ("True", "False"):
            return at.constructor
        if at.constructor in (CONS, NIL):
            self.used |= {CONS, NIL}
            items, rest = list_of_terms(at)
            text = text_of(items)
            if rest is None and items:
                self.used.add(_LIST_OF)
                if text is not None:
                    return f"{self.values[_LIST_OF]}({_quoted(text)})"
                docs = yield self._arguments(items)
                return group(f"{self.values[_LIST_OF]}([", nest(4, SOFT, fill(",", docs)), SOFT, "])")
            return _call(self.values[at.constructor], (yield self._arguments(at.fields)))
        docs = yield self._arguments(at.fields)
        return _call("" if at.constructor == TUPLE else self.constructors[at.constructor], docs)

    def _primitive(self, at: core.Primitive, level: int) -> Deep[Doc]:
        operator, operands = at.operator, at.operands
        if operator == "not":
            return _wrapped(concat("not ", (yield self.expression(operands[0], NOT))), level > NOT)
        if operator == "negate":
            return _wrapped(concat("-", (yield self.expression(operands[0], NEGATION + 1))), level > NEGATION)
        if not _is_infix(at):
            self.used |= {CONS, NIL, _APPEND} if operator == "++" else {operator}
            return _call(self.values[operator], (yield self._arguments(operands)))
        own = _INFIX[operator][1]
        chained, operators = chain(
            at, lambda p: own != COMPARISON and _is_infix(p) and _INFIX[p.operator][1] == own, own in (OR, AND)
        )
        out: list[Doc] = [(yield self.expression(chained[0], own + 1))]
        for each, operand in zip(operators, chained[1:], strict=True):
            out.extend([LINE, f"{_INFIX[each][0]} ", (yield self.expression(operand, own + 1))])
        return _wrapped(group(*out), level > own)

    def _lambda(self, at: core.Lambda, level: int) -> Deep[Doc]:
        if id(at.body) in self.here.statements:
            name = self._fresh_function("function")
            self.here.before.append((yield self._local_function(name, at)))
            return name
        head = "".join(f"lambda {self.here.names[p]}: " for p in at.parameters)
        return _wrapped(concat(head, (yield self.expression(at.body))), level > OPEN)

    def _conditional(self, at: core.If, level: int) -> Deep[Doc]:
        out: list[Doc] = []
        rest: core.Term = at
        while isinstance(rest, core.If):
            consequent = yield self.expression(rest.consequent, CONDITIONAL + 1)
            condition = yield self.expression(rest.condition, CONDITIONAL + 1)
            out += [consequent, LINE, "if ", condition, LINE, "else "]
            rest = rest.alternative
        return _wrapped(group(*out, (yield self.expression(rest, CONDITIONAL))), level > CONDITIONAL)

    # Patterns

    def pattern(self, at: core.Pattern, level: int = OPEN) -> Deep[Doc]:
        if isinstance(at, core.Bind):
            return self.here.names[at.name]
        if isinstance(at, core.Ignore):
            return "_"
        if isinstance(at, core.Exactly):
            return _literal(at.value)
        if isinstance(at, core.Alias):
            if isinstance(at.pattern, core.Ignore):
                return self.here.names[at.name]
            inside = yield self.pattern(at.pattern, ATOM)
            return _wrapped(concat(inside, f" as {self.here.names[at.name]}"), level > OPEN)
        if at.constructor in ("True", "False"):
            return at.constructor
        if at.constructor in (CONS, NIL):
            self.used |= {CONS, NIL}
            items, rest = list_of_patterns(at)
            doc = _call(self.values[NIL], []) if rest is None else (yield self.pattern(rest))
            for item in reversed(items):
                doc = _call(self.values[CONS], [(yield self.pattern(item)), doc])
            return doc
        docs: list[Doc] = []
        for inner in at.fields:
            docs.append((yield self.pattern(inner)))
        return _call("" if at.constructor == TUPLE else self.constructors[at.constructor], docs)


def _merged(definition: Definition) -> tuple[tuple[str, ...], core.Term]:
    """The parameters that a definition takes at once, and its body."""
    if not definition.parameters and isinstance(definition.body, core.Lambda):
        return definition.body.parameters, definition.body.body
    return definition.parameters, definition.body


def _is_infix(at: core.Primitive) -> bool:
    """Whether Python has an operator that does the same."""
    if at.operator in ("/", "%"):
        return isinstance(at.operands[1], core.Literal) and at.operands[1].value != 0
    return at.operator in _INFIX


def _taking_statements(term: core.Term) -> frozenset[int]:
    """The terms inside one that are a ``match`` or a ``let`` or have one inside, by their ``id``."""
    found: set[int] = set()
    for at in reversed(list(core.terms_in(term))):
        if isinstance(at, core.Let | core.Match) or any(id(child) in found for child in core.children(at)):
            found.add(id(at))
    return frozenset(found)


def _function(name: str, parameters: Sequence[str], statements: Sequence[Doc]) -> Doc:
    return concat(f"def {name}(", _fold(parameters), "):", nest(4, HARD, joined(HARD, statements)))


def _fold(items: Sequence[Doc]) -> Doc:
    return group(nest(4, SOFT, joined(concat(",", LINE), items)), SOFT) if items else ""


def _call(function: str, arguments: Sequence[Doc]) -> Doc:
    return concat(f"{function}(", _fold(arguments), ")")


def _one_by_one(function: Doc, arguments: Sequence[Doc]) -> Doc:
    return concat(function, *(concat("(", _fold([argument]), ")") for argument in arguments))


def _parted(doc: Doc) -> Doc:
    """The expression, in parentheses where it takes more than a line."""
    return group(Broken("("), nest(4, SOFT, doc), SOFT, Broken(")"))


def _wrapped(doc: Doc, needed: bool) -> Doc:
    return concat("(", doc, ")") if needed else doc


def _commented(lines: Sequence[str]) -> list[Doc]:
    return [f"# {line}" for line in lines if line]


def _docstring(documentation: str | None) -> list[Doc]:
    if not documentation:
        return []
    lines = [line.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') for line in paragraphs(documentation)]
    ends_in_quote = lines[-1].endswith('"')
    return [concat('"""', joined(HARD, [*lines[:-1], lines[-1] + (" " if ends_in_quote else "")]), '"""')]


def _literal(value: int | str) -> str:
    if isinstance(value, str):
        return _quoted(value)
    digits = digits_of(value)
    return digits if len(digits) <= _LONGEST_NUMBER else hex(value)


_ESCAPES: Mapping[str, str] = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _quoted(text: str) -> str:
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else _code_point(ord(c))) for c in text) + '"'


def _code_point(number: int) -> str:
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
