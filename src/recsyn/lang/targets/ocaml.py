"""A program in OCaml. Definitions carry no types, so that OCaml's own inference speaks for itself, but where it needs them."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.layout import HARD, LINE, Broken, Doc, align, concat, fill, group, joined, nest, render
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.comments import paragraphs, source_name
from recsyn.lang.targets.generality import ORDER, Dialect, Generality, generality
from recsyn.lang.targets.naming import fresh_identifier, identifiers, local_identifiers
from recsyn.lang.targets.notation import Part, between, in_parentheses, type_text
from recsyn.lang.targets.sugar import (
    DefinitionGroup,
    as_lets,
    chain,
    datatype_groups,
    definition_groups,
    delayed,
    globals_used,
    list_of_patterns,
    list_of_terms,
    needed,
    parameters,
    proposition,
    text_of,
    variables_used,
)
from recsyn.lang.types import ARROW, INT, Datatype, Type, TypeConstant, holding_functions
from recsyn.lang.unify import parts
from recsyn.values import CONS, NIL, TUPLE, digits_of

KEYWORDS = frozenset(
    """and as assert asr begin class constraint do done downto else end exception external false for fun function functor if in
    include inherit initializer land lazy let lor lsl lsr lxor match method mod module mutable new nonrec object of open or private
    rec sig struct then to true try type val virtual when while with""".split()
)
_DEEPEST = 200
"""The column beyond which lines are not indented."""
_SMALLEST, _LARGEST = -(2**62), 2**62 - 1

# How tightly things bind. What ends in an open `match` would swallow the arms that follow, so an arm asks for ARM.
OPEN, ARM, OPERAND, OR, AND, COMPARISON, APPEND, CONS_LEVEL, SUM, PRODUCT, NEGATION, APPLICATION, ATOM = range(13)
_INFIX = {
    "||": ("||", OR),
    "&&": ("&&", AND),
    "==": ("=", COMPARISON),
    "!=": ("<>", COMPARISON),
    "<": ("<", COMPARISON),
    "<=": ("<=", COMPARISON),
    ">": (">", COMPARISON),
    ">=": (">=", COMPARISON),
    "++": ("@", APPEND),
    "+": ("+", SUM),
    "-": ("-", SUM),
    "*": ("*", PRODUCT),
}
_RIGHT_GROUPING = frozenset({OR, AND, APPEND, CONS_LEVEL})

_TEXT = '""'
_PRELUDE = {
    "/": (
        "floor_div",
        """(* Division rounds down, and by zero gives zero. *)
let {name} x y =
  if y = 0 then 0 else if x mod y <> 0 && x < 0 <> (y < 0) then (x / y) - 1 else x / y""",
    ),
    "%": (
        "floor_mod",
        """(* The remainder has the sign of the divisor; by zero it is the dividend. *)
let {name} x y =
  if y = 0 then x else if x mod y <> 0 && x < 0 <> (y < 0) then (x mod y) + y else x mod y""",
    ),
    _TEXT: ("chars", """let {name} s = List.init (String.length s) (String.get s)"""),
}


def ocaml(program: Program) -> str:
    """The program as the text of an OCaml file, its examples as assertions. Raises :class:`RecsynError` for what OCaml lacks."""
    program = needed(program)
    holding = holding_functions(program.datatypes.values())
    writer = _Writer(program, generality(program, Dialect(lambda t, s, weak: _is_weak(t, s.type, weak, holding), False)))
    groups: list[Doc] = []
    for datatypes in datatype_groups(program):
        groups.append(writer.datatypes(datatypes))
    for definitions in definition_groups(program):
        groups.append(run(writer.group(definitions)))
    examples = [run(writer.example(example)) for example in program.examples]
    if examples:
        groups.append(concat("(* Examples *)", HARD, HARD, joined(HARD, examples)))
    bits = " Integers have 63 bits here." if _has_integers(program) else ""
    head = [f"(* Written by recsyn from {_comment(source_name(program))}.{bits} *)"]
    head += [_PRELUDE[key][1].format(name=writer.values[key]) for key in _PRELUDE if key in writer.used]
    body = render(joined(concat(HARD, HARD), groups), deepest=_DEEPEST)
    return "\n\n".join([*head, *([body] if body else [])]) + "\n"


def _has_integers(program: Program) -> bool:
    types = [d.scheme.type for d in program.definitions.values()]
    types += [f for d in program.datatypes.values() for c in d.constructors for f in c.fields]
    terms = [d.body for d in program.definitions.values()] + [side for e in program.examples for side in (e.left, e.right)]
    written = any(isinstance(at, core.Literal) and isinstance(at.value, int) for at in core.terms_in(*terms))
    return written or any(part == INT for type in types for part in parts(type))


def _is_weak(term: core.Term, type: Type, weak: Container[str], holding: Container[str]) -> bool:
    """The value restriction: what is computed is not generalised in variables that a function takes or gives."""
    functional = any(isinstance(p, TypeConstant) and (p.name == ARROW or p.name in holding) for p in parts(type))
    stack = [term]
    while stack and functional:
        at = stack.pop()
        if isinstance(at, core.Construct):
            stack.extend(at.fields)
        elif isinstance(at, core.If):
            stack.extend([at.consequent, at.alternative])
        elif isinstance(at, core.Let):
            stack.extend([at.bound, at.body])
        elif isinstance(at, core.Global):
            if at.name in weak:
                return True
        elif not isinstance(at, core.Local | core.Literal | core.Lambda):
            return True
    return False


def _value_name(name: str) -> str:
    return f"{name}_" if name in KEYWORDS else _PRELUDE[name][0] if name in _PRELUDE else name


def _constructor_name(name: str) -> str:
    # The name of a file, and so what stands before names from it, may begin with an underscore.
    return f"C{name}" if name.startswith("_") else name[0].upper() + name[1:]


def _type_name(name: str) -> str:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return f"{snake.lower()}_" if snake.lower() in KEYWORDS else snake.lower()


def _type_variable(name: str) -> str:
    bare = name.replace("'", "_").lstrip("_") or "a"
    return f"'{bare}_" if bare in KEYWORDS else f"'{bare}"


@dataclass
class _Here:
    """What holds in the definition that is being written."""

    names: dict[str, str]
    used: frozenset[str]
    thunks: set[str] = field(default_factory=set)
    """Variables bound to functions of no argument, since OCaml would not generalise them otherwise."""


class _Writer:
    def __init__(self, program: Program, general: Generality) -> None:
        self.program = program
        self.general = general
        # Names of the prelude come last: what clashes with them keeps its own.
        self.values = identifiers([*program.definitions, *_PRELUDE], _value_name, {"not"})
        self.constructors = identifiers(program.constructors, _constructor_name, ())
        self.types = identifiers(program.datatypes, _type_name, {"int", "char", "bool", "list"})
        self.types |= {"Int": "int", "Char": "char", "Bool": "bool", "List": "list"}
        self.constructors |= {"True": "true", "False": "false"}
        self.used: set[str] = set()
        self.thunks: set[str] = set()
        self.here = _Here({}, frozenset())

    # Types

    def datatypes(self, datatypes: Sequence[Datatype]) -> Doc:
        return joined(concat(HARD, HARD), [self._datatype(d, "and" if i else "type") for i, d in enumerate(datatypes)])

    def _datatype(self, datatype: Datatype, keyword: str) -> Doc:
        variables = identifiers(datatype.parameters, _type_variable, ())
        cases: list[Doc] = []
        for constructor in datatype.constructors:
            fields = [self._type(f, variables, 1) for f in constructor.fields]
            of = [" of", nest(4, LINE, joined(concat(" *", LINE), fields))] if fields else []
            cases.append(group(self.constructors[constructor.name], *of))
        listed = [variables[p] for p in datatype.parameters]
        before = f"{listed[0]} " if len(listed) == 1 else f"({', '.join(listed)}) " if listed else ""
        body = group(nest(2, LINE, Broken("| "), joined(concat(LINE, "| "), cases)))
        return concat(self._documented(datatype.documentation), f"{keyword} {before}{self.types[datatype.name]} =", body)

    def _type(self, type: Type, variables: dict[str, str], level: int = 0) -> str:
        """``level`` 1 asks for the operand of ``*``, 2 for the parameter of a type."""
        return type_text(type, level, variables, self._parts)

    def _parts(self, type: TypeConstant, wanted: int) -> list[Part]:
        if type.name == ARROW:
            return in_parentheses([(type.arguments[0], 1), " -> ", (type.arguments[1], 0)], wanted > 0)
        if type.name == TUPLE:
            return in_parentheses(between(type.arguments, " * ", 1), True)
        if len(type.arguments) == 1:
            return [(type.arguments[0], 2), f" {self.types[type.name]}"]
        listed = in_parentheses(between(type.arguments, ", ", 0), True) if type.arguments else []
        return [*listed, f"{' ' if listed else ''}{self.types[type.name]}"]

    # Declarations

    def group(self, definitions: DefinitionGroup) -> Deep[Doc]:
        late = {d.name for d in delayed(definitions)}
        weak = (d for d in definitions.definitions if d.name in self.general.weak_constants)
        self.thunks |= late | {d.name for d in weak if not _is_function(d.scheme.type)}
        written: list[Doc] = []
        for index, definition in enumerate(definitions.definitions):
            keyword = "and" if index and definitions.recursive else "let rec" if definitions.recursive else "let"
            written.append((yield self._definition(definition, keyword)))
        return joined(concat(HARD, HARD), written)

    def _definition(self, definition: Definition, keyword: str) -> Deep[Doc]:
        names, body = definition.parameters, definition.body
        if not names and isinstance(body, core.Lambda):
            names, body = body.parameters, body.body
        taken = self._taken(body)
        chosen = local_identifiers(names, body, _value_name, taken, hiding=True)
        self.here = _Here(chosen, variables_used(body))
        name = self.values[definition.name]
        documentation = self._documented(definition.documentation)
        if definition.name in self.thunks:
            return concat(documentation, f"{keyword} {name} () =", (yield self._indented(body)))
        if definition.name in self.general.weak_constants:
            argument = fresh_identifier("x", {*chosen.values(), *taken})
            applied = yield self.term(body, APPLICATION)
            return concat(documentation, group(f"{keyword} {name} {argument} =", nest(2, LINE, applied, f" {argument}")))
        patterns, body = parameters(names, body, self.here.used, self.program)
        if definition.name in self.general.annotated:
            variables = identifiers(definition.scheme.variables, _type_variable, ())
            quantified = f"{' '.join(variables.values())}. " if variables else ""
            signature = f"{keyword} {name} : {quantified}{self._type(definition.scheme.type, variables)} ="
            head: list[Doc] = ["fun "] if patterns else []
            for pattern in patterns:
                head.extend([(yield self.pattern(pattern, ATOM)), " "])
            head.extend(["->"] if patterns else [])
            return concat(documentation, group(signature, nest(2, LINE, *head)), (yield self._indented(body)))
        head = [f"{keyword} {name}"]
        for pattern in patterns:
            head.extend([" ", (yield self.pattern(pattern, ATOM))])
        return concat(documentation, *head, " =", (yield self._indented(body)))

    def example(self, example: Example) -> Deep[Doc]:
        term = proposition(example)
        self.here = _Here(local_identifiers((), term, _value_name, self._taken(term), hiding=True), variables_used(term))
        return group("let () =", nest(2, LINE, "assert ", (yield self.term(term, ATOM))))

    def _taken(self, body: core.Term) -> frozenset[str]:
        """What local names may not hide: functions that the body uses or may come to use."""
        return frozenset({"not", *(self.values[name] for name in (*_PRELUDE, *globals_used(body)))})

    def _documented(self, documentation: str | None) -> Doc:
        if not documentation:
            return ""
        lines = paragraphs(_comment(documentation))
        return concat("(** ", align(joined(HARD, lines)), " *)", HARD)

    def _indented(self, body: core.Term) -> Deep[Doc]:
        return group(nest(2, LINE, (yield self.term(body))))

    # Terms

    def term(self, at: core.Term, level: int = OPEN) -> Deep[Doc]:
        """A term, in parentheses where ``level`` asks for one that binds more tightly."""
        doc: Doc
        if isinstance(at, core.Local):
            thunk = at.name in self.here.thunks
            return self._wrapped(
                f"{self.here.names[at.name]} ()" if thunk else self.here.names[at.name], thunk and level > APPLICATION
            )
        if isinstance(at, core.Global):
            thunk = at.name in self.thunks
            return self._wrapped(f"{self.values[at.name]} ()" if thunk else self.values[at.name], thunk and level > APPLICATION)
        if isinstance(at, core.Literal):
            return self._wrapped(_literal(at.value), isinstance(at.value, int) and at.value < 0 and level > CONS_LEVEL)
        if isinstance(at, core.Construct):
            doc = yield self._construct(at, level)
        elif isinstance(at, core.Apply):
            doc = yield self._application([at.function, *at.arguments], level)
        elif isinstance(at, core.Primitive):
            doc = yield self._primitive(at, level)
        elif isinstance(at, core.Lambda):
            patterns, body = parameters(at.parameters, at.body, self.here.used, self.program)
            doc = yield self._lambda(patterns, body, level)
        elif isinstance(at, core.If):
            doc = yield self._if(at, level)
        elif isinstance(at, core.Let):
            doc = yield self._lets(at, level)
        else:
            doc = yield (self._match(at, level) if as_lets(at, self.program) is None else self._lets(at, level))
        return doc

    def _wrapped(self, doc: Doc, needed: bool) -> Doc:
        return concat("(", align(doc), ")") if needed else doc

    def _application(self, terms: Sequence[core.Term], level: int) -> Deep[Doc]:
        function = yield self.term(terms[0], APPLICATION)
        arguments: list[Doc] = []
        for argument in terms[1:]:
            arguments.extend([LINE, (yield self.term(argument, ATOM))])
        return self._wrapped(group(function, nest(2, *arguments)), level > APPLICATION)

    def _called(self, function: str, operands: Sequence[core.Term], level: int) -> Deep[Doc]:
        arguments: list[Doc] = []
        for operand in operands:
            arguments.extend([LINE, (yield self.term(operand, ATOM))])
        return self._wrapped(group(function, nest(2, *arguments)), level > APPLICATION)

    def _construct(self, at: core.Construct, level: int) -> Deep[Doc]:
        if at.constructor in (CONS, NIL):
            result: Doc = yield self._list(at, level)
            return result
        if not at.fields:
            return self.constructors[at.constructor]
        if at.constructor != TUPLE and len(at.fields) == 1:
            result = yield self._called(self.constructors[at.constructor], at.fields, level)
            return result
        fields: list[Doc] = []
        for term in at.fields:
            fields.append((yield self.term(term, OPERAND)))
        row = _row("(", fields, ",", ")")
        if at.constructor == TUPLE:
            return row
        return self._wrapped(group(self.constructors[at.constructor], " ", row), level > APPLICATION)

    def _list(self, at: core.Construct, level: int) -> Deep[Doc]:
        items, rest = list_of_terms(at)
        text = text_of(items)
        if rest is None and text is not None and len(text) > 1:
            self.used.add(_TEXT)
            quoted = "".join(_escaped(c, '"') for c in text)
            return self._wrapped(f'{self.values[_TEXT]} "{quoted}"', level > APPLICATION)
        docs: list[Doc] = []
        for item in items:
            docs.append((yield self.term(item, CONS_LEVEL + 1 if rest else OPERAND)))
        if rest is None:
            return _row("[", docs, ";", "]")
        docs.append((yield self.term(rest, CONS_LEVEL)))
        return self._wrapped(group(joined(concat(" ::", LINE), docs)), level > CONS_LEVEL)

    def _primitive(self, at: core.Primitive, level: int) -> Deep[Doc]:
        if at.operator in ("/", "%"):
            self.used.add(at.operator)
        if at.operator in ("/", "%", "not"):
            called: Doc = yield self._called(self.values.get(at.operator, "not"), at.operands, level)
            return called
        if at.operator == "negate":
            return self._wrapped(concat("-", (yield self.term(at.operands[0], APPLICATION))), level > COMPARISON)
        own = _INFIX[at.operator][1]
        operands, operators = chain(
            at, lambda p: own != COMPARISON and _INFIX.get(p.operator, ("", OPEN))[1] == own, own in _RIGHT_GROUPING
        )
        out: list[Doc] = []
        for operand, operator in zip(operands, operators, strict=False):
            out.extend([(yield self.term(operand, own + 1)), f" {_INFIX[operator][0]}", LINE])
        if at.operator in ORDER and id(at) in self.general.undecided:
            # Nothing else shows what type is compared here.
            type = "int" if self.general.undecided[id(at)] == INT else "char"
            out[0] = concat("(", (yield self.term(operands[0], OPERAND)), f" : {type})")
        return self._wrapped(group(*out, (yield self.term(operands[-1], own + 1))), level > own)

    def _lambda(self, patterns: Sequence[core.Pattern], body: core.Term, level: int) -> Deep[Doc]:
        head: list[Doc] = ["fun"]
        for pattern in patterns:
            head.extend([" ", (yield self.pattern(pattern, ATOM))])
        inside = yield self.term(body, level if level <= ARM else OPEN)
        return self._wrapped(group(*head, " ->", nest(2, LINE, inside)), level > ARM)

    def _if(self, at: core.If, level: int) -> Deep[Doc]:
        out: list[Doc] = []
        rest: core.Term = at
        while isinstance(rest, core.If):
            condition = yield self.term(rest.condition, OPERAND)
            consequent = yield self.term(rest.consequent, OPERAND)
            out.extend(["if ", condition, " then", nest(2, LINE, consequent), LINE, "else "])
            rest = rest.alternative
        alternative = yield self.term(rest, level if level <= ARM else OPEN)
        out[-1] = concat("else", nest(2, LINE, alternative))
        return self._wrapped(group(*out), level > ARM)

    def _lets(self, at: core.Let | core.Match, level: int) -> Deep[Doc]:
        """``let``s one after the other, and what they are for."""
        bindings: list[Doc] = []
        rest: core.Term = at
        while True:
            if isinstance(rest, core.Let):
                bindings.append((yield self._binding(self.here.names[rest.name], rest)))
                rest = rest.body
            elif isinstance(rest, core.Match) and (named := as_lets(rest, self.program)) is not None:
                for pattern, scrutinee in named:
                    head = yield self.pattern(pattern)
                    bindings.append(group("let ", head, " =", nest(2, LINE, (yield self.term(scrutinee))), LINE, "in"))
                rest = rest.arms[0].body
            else:
                break
        inside = yield self.term(rest, level if level <= ARM else OPEN)
        return self._wrapped(group(joined(LINE if len(bindings) == 1 else HARD, [*bindings, inside])), level > ARM)

    def _binding(self, name: str, let: core.Let) -> Deep[Doc]:
        if id(let) in self.general.weak:
            self.here.thunks.add(let.name)
            return group(f"let {name} () =", nest(2, LINE, (yield self.term(let.bound))), LINE, "in")
        if not isinstance(let.bound, core.Lambda):
            return group(f"let {name} =", nest(2, LINE, (yield self.term(let.bound))), LINE, "in")
        patterns, body = parameters(let.bound.parameters, let.bound.body, self.here.used, self.program)
        head: list[Doc] = [f"let {name}"]
        for pattern in patterns:
            head.extend([" ", (yield self.pattern(pattern, ATOM))])
        return group(*head, " =", nest(2, LINE, (yield self.term(body))), LINE, "in")

    def _match(self, at: core.Match, level: int) -> Deep[Doc]:
        scrutinees: list[Doc] = []
        for scrutinee in at.scrutinees:
            scrutinees.append((yield self.term(scrutinee, OPERAND)))
        arms: list[Doc] = []
        for index, arm in enumerate(at.arms):
            patterns: list[Doc] = []
            for pattern in arm.patterns:
                patterns.append((yield self.pattern(pattern, OPERAND)))
            last = index == len(at.arms) - 1
            body = yield self.term(arm.body, level if last and level == OPEN else ARM)
            arms.append(group("| ", joined(", ", patterns), " ->", nest(4, LINE, body)))
        head = concat("match ", joined(", ", scrutinees), " with")
        return self._wrapped(concat(head, HARD, joined(HARD, arms)), level > OPEN)

    # Patterns

    def pattern(self, at: core.Pattern, level: int = OPEN) -> Deep[Doc]:
        if isinstance(at, core.Bind):
            return self.here.names[at.name]
        if isinstance(at, core.Ignore):
            return "_"
        if isinstance(at, core.Exactly):
            return self._wrapped(_literal(at.value), isinstance(at.value, int) and at.value < 0 and level > CONS_LEVEL)
        if isinstance(at, core.Alias):
            inside = yield self.pattern(at.pattern, OPERAND)
            return concat("(", inside, f" as {self.here.names[at.name]})")
        if at.constructor in (CONS, NIL):
            items, rest = list_of_patterns(at)
            docs: list[Doc] = []
            for item in items:
                docs.append((yield self.pattern(item, CONS_LEVEL + 1 if rest else OPERAND)))
            if rest is None:
                return _row("[", docs, ";", "]")
            docs.append((yield self.pattern(rest, CONS_LEVEL)))
            return self._wrapped(group(joined(concat(" ::", LINE), docs)), level > CONS_LEVEL)
        fields: list[Doc] = []
        single = at.constructor != TUPLE and len(at.fields) == 1
        for inner in at.fields:
            fields.append((yield self.pattern(inner, ATOM if single else OPERAND)))
        if at.constructor == TUPLE:
            return _row("(", fields, ",", ")")
        name = self.constructors[at.constructor]
        if not fields:
            return name
        return self._wrapped(concat(f"{name} ", fields[0] if single else _row("(", fields, ",", ")")), level > APPLICATION)


def _is_function(type: Type) -> bool:
    return isinstance(type, TypeConstant) and type.name == ARROW


def _row(opening: str, items: Sequence[Doc], separator: str, closing: str) -> Doc:
    return group(opening, align(fill(separator, items)), closing)


def _literal(value: int | str) -> str:
    if isinstance(value, str):
        return f"'{_escaped(value, chr(39))}'"
    if not _SMALLEST <= value <= _LARGEST:
        digits = digits_of(value)
        shown = digits if len(digits) < 40 else f"an integer of {len(digits)} digits"
        raise RecsynError(f"OCaml's integers have 63 bits, too few for {shown}", "Haskell and Python have integers of any size")
    return str(value)


def _escaped(character: str, quote: str) -> str:
    if ord(character) > 255:
        raise RecsynError(
            f"OCaml's characters end at 255, and this program has {character!r} (U+{ord(character):04X})",
            "Haskell and Python have all of Unicode",
        )
    if character in (quote, "\\"):
        return f"\\{character}"
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character) or (
        character if " " <= character <= "~" else f"\\{ord(character):03}"
    )


def _comment(text: str) -> str:
    """Text that can stand in a comment, where OCaml reads strings too."""
    if text.count('"') % 2 or "\\" in text or "'\"" in text:
        text = text.replace('"', "''")
    text = re.sub(r"\{(?=%*[\w.' ]*\|)", "{ ", text)
    return text.replace("(*", "( *").replace("*)", "* )")
