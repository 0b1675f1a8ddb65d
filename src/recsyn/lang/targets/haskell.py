"""A program in Haskell, every definition with its type. Its examples are checked by `main`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import hexdigits

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.layout import HARD, LINE, Doc, align, concat, fill, group, joined, nest, render
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.comments import paragraphs, source_name
from recsyn.lang.targets.generality import ORDER, Dialect, Generality, generality
from recsyn.lang.targets.naming import identifiers, local_identifiers
from recsyn.lang.targets.notation import Part, between, in_parentheses, type_text
from recsyn.lang.targets.sugar import (
    as_lets,
    chain,
    datatype_groups,
    globals_used,
    list_of_patterns,
    list_of_terms,
    needed,
    parameters,
    proposition,
    text_of,
    variables_used,
)
from recsyn.lang.tree import COMPARISON, PRECEDENCE, RIGHT_GROUPING
from recsyn.lang.types import ARROW, INT, Datatype, Scheme, Type, TypeConstant, holding_functions
from recsyn.values import CONS, NIL, TUPLE, digits_of

KEYWORDS = frozenset(
    """case class data default deriving do else forall foreign if import in infix infixl infixr instance let module newtype of then
    type where""".split()
)
_TYPES = {"Int": "Integer", "Char": "Char", "Bool": "Bool"}
_DEEPEST = 2000
"""The column beyond which lines are not indented, deeper than any ``case`` that someone writes: its arms have to be."""
_LONGEST_TUPLE = 15
"""Longer tuples cannot be compared."""

# How tightly things bind: Haskell's operators do as ours do, but for the unary minus, which binds like the binary one.
OPEN, OPERAND, MINUS, APPLICATION, ATOM = 0, 1, 6, 10, 11
_SYMBOLS = {CONS: ":", "!=": "/="}

_EXAMPLES = "examples"
_PRELUDE = {
    "/": (
        "floorDiv",
        """-- Division rounds down, and by zero gives zero.
{name} :: Integer -> Integer -> Integer
{name} x y = if y == 0 then 0 else P.div x y""",
    ),
    "%": (
        "floorMod",
        """-- The remainder has the sign of the divisor; by zero it is the dividend.
{name} :: Integer -> Integer -> Integer
{name} x y = if y == 0 then x else P.mod x y""",
    ),
}
_MAIN = """main :: P.IO ()
main = case [place | (place, False) <- {examples}] of
  [] -> P.putStrLn ("examples that hold: " P.++ P.show (P.length {examples}))
  places -> P.ioError (P.userError ("examples that do not hold: " P.++ P.unwords places))"""


def haskell(program: Program) -> str:
    """The program as the text of a Haskell module, its examples checked by ``main``. Raises :class:`RecsynError` for what Haskell
    lacks."""
    program = needed(program)
    dialect = Dialect(lambda term, scheme, _: bool(scheme.equality) and not isinstance(term, core.Lambda), signatures=True)
    writer = _Writer(program, generality(program, dialect))
    parts: list[Doc] = []
    for datatypes in datatype_groups(program):
        parts.extend(writer.datatype(datatype) for datatype in datatypes)
    for definition in program.definitions.values():
        parts.append(run(writer.definition(definition)))
    parts.append(run(writer.examples(program.examples)))
    body = render(joined(concat(HARD, HARD), parts), deepest=_DEEPEST)
    for key in _PRELUDE:
        if key in writer.used:
            writer.imported |= {"Integer", "(==)"}
    head = ["{-# LANGUAGE ExtendedDefaultRules #-}"] if writer.general.ambiguous else []
    head += [f"-- Written by recsyn from {source_name(program)}.", "module Main (main) where", ""]
    head.append(render(group("import Prelude", nest(2, LINE, "(", align(fill(",", sorted(writer.imported))), ")"))))
    head += ["import qualified Prelude as P", ""]
    for key, (_, text) in _PRELUDE.items():
        if key in writer.used:
            head += [text.format(name=writer.values[key]), ""]
    return "\n".join([*head, body, "", _MAIN.format(examples=writer.values[_EXAMPLES + "#"])]) + "\n"


def _value_name(name: str) -> str:
    return f"{name}_" if name in KEYWORDS else _PRELUDE[name][0] if name in _PRELUDE else name


def _capital_name(name: str) -> str:
    # The name of a file, and so what stands before names from it, may begin with an underscore.
    return f"C{name}" if name.startswith("_") else name[0].upper() + name[1:]


@dataclass
class _Here:
    """What holds in the definition that is being written."""

    names: dict[str, str]
    used: frozenset[str]
    thunks: set[str] = field(default_factory=set)
    """Variables bound to functions of no argument, since Haskell would not generalise them otherwise."""


class _Writer:
    def __init__(self, program: Program, general: Generality) -> None:
        self.program = program
        self.general = general
        self.holding = holding_functions(program.datatypes.values())
        # Names of the module's own come last: what clashes with them keeps its own.
        names = [*program.definitions, *_PRELUDE, _EXAMPLES + "#"]
        self.values = identifiers(names, _value_name, {"not", "main"})
        self.constructors = identifiers(program.constructors, _capital_name, {"True", "False"})
        self.constructors |= {"True": "True", "False": "False"}
        self.types = identifiers(program.datatypes, _capital_name, {"Integer", "Char", "Bool", "Eq", "Show"}) | _TYPES
        self.used: set[str] = set()
        self.imported = {"Bool (..)"}
        """What is said without its module."""
        self.here = _Here({}, frozenset())

    # Types

    def datatype(self, datatype: Datatype) -> Doc:
        variables = identifiers(datatype.parameters, _value_name, ())
        cases: list[Doc] = []
        for constructor in datatype.constructors:
            fields = [self._type(f, variables, APPLICATION) for f in constructor.fields]
            cases.append(group(joined(nest(4, LINE), [self.constructors[constructor.name], *fields])))
        head = " ".join(["data", self.types[datatype.name], *variables.values()])
        lines: list[Doc] = [LINE, "= ", joined(concat(LINE, "| "), cases)]
        if datatype.name not in self.holding:
            self.imported |= {"Eq", "Show"}
            lines += [LINE, "deriving (Eq, Show)"]
        return concat(_documented(datatype.documentation), group(head, nest(2, *lines)))

    def _signature(self, name: str, scheme: Scheme) -> Doc:
        variables = identifiers(scheme.variables, _value_name, ())
        compared = [f"Eq {variables[v]}" for v in scheme.variables if v in scheme.equality]
        context = ""
        if compared:
            self.imported.add("Eq")
            context = f"{compared[0]} => " if len(compared) == 1 else f"({', '.join(compared)}) => "
        parts: list[str] = []
        type = scheme.type
        while isinstance(type, TypeConstant) and type.name == ARROW:
            parts.append(self._type(type.arguments[0], variables, OPERAND))
            type = type.arguments[1]
        parts.append(self._type(type, variables))
        return group(f"{name} ::", nest(4, LINE, context, joined(concat(" ->", LINE), parts)))

    def _type(self, type: Type, variables: Mapping[str, str], level: int = OPEN) -> str:
        """``level`` OPERAND asks for what can stand before an arrow, APPLICATION for the parameter of a type."""
        return type_text(type, level, variables, self._parts)

    def _parts(self, type: TypeConstant, wanted: int) -> list[Part]:
        if type.name == ARROW:
            return in_parentheses([(type.arguments[0], OPERAND), " -> ", (type.arguments[1], OPEN)], wanted > OPEN)
        if type.name == "List":
            return ["[", (type.arguments[0], OPEN), "]"]
        if type.name == TUPLE:
            _check_tuple(len(type.arguments))
            return in_parentheses(between(type.arguments, ", ", OPEN), True)
        if type.name in _TYPES and type.name != "Bool":
            self.imported.add(_TYPES[type.name])
        applied: list[Part] = [self.types[type.name]]
        for argument in type.arguments:
            applied += [" ", (argument, APPLICATION)]
        return in_parentheses(applied, bool(type.arguments) and wanted >= APPLICATION)

    # Declarations

    def definition(self, definition: Definition) -> Deep[Doc]:
        names, body = definition.parameters, definition.body
        if not names and isinstance(body, core.Lambda):
            names, body = body.parameters, body.body
        self.here = _Here(local_identifiers(names, body, _value_name, self._taken(body), hiding=True), variables_used(body))
        name = self.values[definition.name]
        patterns, body = parameters(names, body, self.here.used, self.program)
        head: list[Doc] = [name]
        for pattern in patterns:
            head.extend([" ", (yield self.pattern(pattern, ATOM))])
        signature = self._signature(name, definition.scheme)
        equation = concat(*head, " =", group(nest(2, LINE, (yield self.term(body)))))
        return concat(_documented(definition.documentation), signature, HARD, equation)

    def _taken(self, body: core.Term) -> frozenset[str]:
        """What local names may not hide: functions that the body uses or may come to use."""
        return frozenset({"not", *(self.values[name] for name in (*_PRELUDE, *globals_used(body)))})

    def examples(self, examples: Sequence[Example]) -> Deep[Doc]:
        rows: list[Doc] = []
        for example in examples:
            term = proposition(example)
            self.here = _Here(local_identifiers((), term, _value_name, self._taken(term), hiding=True), variables_used(term))
            said = yield self.term(term)
            line, _ = example.source.position(example.span.start)
            rows.append(group(f'("line {line}", ', align(said), ")"))
        name = self.values[_EXAMPLES + "#"]
        listed = concat("[ ", joined(concat(HARD, ", "), rows), HARD, "]") if rows else "[]"
        head = concat("-- Where each example stands, and whether it holds.", HARD, f"{name} :: [(P.String, Bool)]", HARD)
        return concat(head, f"{name} =", nest(2, HARD, listed))

    # Terms

    def term(self, at: core.Term, level: int = OPEN) -> Deep[Doc]:
        """A term, in parentheses where ``level`` asks for one that binds more tightly."""
        if isinstance(at, core.Local):
            thunk = at.name in self.here.thunks
            return _wrapped(f"{self.here.names[at.name]} ()" if thunk else self.here.names[at.name], thunk and level > APPLICATION)
        if isinstance(at, core.Global):
            return self.values[at.name]
        if isinstance(at, core.Literal):
            return _wrapped(_literal(at.value), isinstance(at.value, int) and at.value < 0 and level > MINUS)
        doc: Doc
        if isinstance(at, core.Construct):
            doc = yield self._construct(at, level)
        elif isinstance(at, core.Apply):
            doc = yield self._application((yield self.term(at.function, APPLICATION)), at.arguments, level)
        elif isinstance(at, core.Primitive):
            doc = yield self._primitive(at, level)
        elif isinstance(at, core.Lambda):
            doc = yield self._lambda(at, level)
        elif isinstance(at, core.If):
            doc = yield self._if(at, level)
        elif isinstance(at, core.Let):
            doc = yield self._lets(at, level)
        else:
            doc = yield (self._match(at, level) if as_lets(at, self.program) is None else self._lets(at, level))
        return doc

    def _application(self, function: Doc, terms: Sequence[core.Term], level: int) -> Deep[Doc]:
        arguments: list[Doc] = []
        for term in terms:
            arguments.extend([LINE, (yield self.term(term, ATOM))])
        return _wrapped(group(function, nest(2, *arguments)), bool(terms) and level > APPLICATION)

    def _construct(self, at: core.Construct, level: int) -> Deep[Doc]:
        if at.constructor in (CONS, NIL):
            result: Doc = yield self._list(at, level)
        elif at.constructor == TUPLE:
            _check_tuple(len(at.fields))
            fields: list[Doc] = []
            for term in at.fields:
                fields.append((yield self.term(term, OPERAND)))
            result = _row("(", fields, ")")
        else:
            result = yield self._application(self.constructors[at.constructor], at.fields, level)
        return result

    def _list(self, at: core.Construct, level: int) -> Deep[Doc]:
        items, rest = list_of_terms(at)
        text = text_of(items)
        if rest is None and text is not None:
            return _quoted(text)
        own = PRECEDENCE[CONS]
        docs: list[Doc] = []
        for item in items:
            docs.append((yield self.term(item, own + 1 if rest else OPERAND)))
        if rest is None:
            return _row("[", docs, "]")
        docs.append((yield self.term(rest, own)))
        return _wrapped(group(joined(concat(" :", LINE), docs)), level > own)

    def _primitive(self, at: core.Primitive, level: int) -> Deep[Doc]:
        if at.operator in ("/", "%", "not"):
            if at.operator == "not":
                self.imported.add("not")
            else:
                self.used.add(at.operator)
            called: Doc = yield self._application(self.values.get(at.operator, "not"), at.operands, level)
            return called
        if at.operator == "negate":
            return _wrapped(concat("-", (yield self.term(at.operands[0], APPLICATION))), level > MINUS)
        own = PRECEDENCE[at.operator]
        operands, operators = chain(at, lambda p: own != COMPARISON and _is_infix(p.operator, own), own in RIGHT_GROUPING)
        out: list[Doc] = []
        for index, (operand, operator) in enumerate(zip(operands, operators, strict=False)):
            # A minus sign may stand before the first.
            first_of_sum = index == 0 and own == MINUS
            out.extend([(yield self.term(operand, own if first_of_sum else own + 1)), f" {_SYMBOLS.get(operator, operator)}", LINE])
            self.imported.add(f"({_SYMBOLS.get(operator, operator)})")
        if at.operator in ORDER and id(at) in self.general.undecided:
            # Nothing else shows what type is compared here.
            type = "Integer" if self.general.undecided[id(at)] == INT else "Char"
            self.imported.add(type)
            out[0] = concat("(", (yield self.term(operands[0], OPERAND)), f" :: {type})")
        return _wrapped(group(*out, (yield self.term(operands[-1], own + 1))), level > own)

    def _lambda(self, at: core.Lambda, level: int) -> Deep[Doc]:
        patterns, body = parameters(at.parameters, at.body, self.here.used, self.program)
        head: list[Doc] = []
        for pattern in patterns:
            head.append((yield self.pattern(pattern, ATOM)))
        inside = yield self.term(body)
        return _wrapped(group("\\", joined(" ", head), " ->", nest(2, LINE, inside)), level > OPEN)

    def _if(self, at: core.If, level: int) -> Deep[Doc]:
        out: list[Doc] = []
        rest: core.Term = at
        while isinstance(rest, core.If):
            condition = yield self.term(rest.condition)
            consequent = yield self.term(rest.consequent)
            out.extend(["if ", condition, " then", nest(2, LINE, consequent), LINE, "else "])
            rest = rest.alternative
        out[-1] = concat("else", nest(2, LINE, (yield self.term(rest))))
        return _wrapped(group(*out), level > OPEN)

    def _lets(self, at: core.Let | core.Match, level: int) -> Deep[Doc]:
        """``let``s one after the other, and what they are for. Each has its own ``in``: joined, they would see each other."""
        bindings: list[Doc] = []
        rest: core.Term = at
        while True:
            if isinstance(rest, core.Let):
                bindings.append((yield self._binding(rest)))
                rest = rest.body
            elif isinstance(rest, core.Match) and (named := as_lets(rest, self.program)) is not None:
                for pattern, scrutinee in named:
                    head = yield self.pattern(pattern)
                    bindings.append(_let(head, (yield self.term(scrutinee))))
                rest = rest.arms[0].body
            else:
                break
        inside = yield self.term(rest)
        return _wrapped(group(joined(LINE if len(bindings) == 1 else HARD, [*bindings, inside])), level > OPEN)

    def _binding(self, let: core.Let) -> Deep[Doc]:
        name = self.here.names[let.name]
        if id(let) in self.general.weak:
            self.here.thunks.add(let.name)
            return _let(f"{name} ()", (yield self.term(let.bound)))
        head: list[Doc] = [name]
        body = let.bound
        if isinstance(body, core.Lambda):
            patterns, body = parameters(body.parameters, body.body, self.here.used, self.program)
            for pattern in patterns:
                head.extend([" ", (yield self.pattern(pattern, ATOM))])
        return _let(concat(*head), (yield self.term(body)))

    def _match(self, at: core.Match, level: int) -> Deep[Doc]:
        scrutinees: list[Doc] = []
        for scrutinee in at.scrutinees:
            scrutinees.append((yield self.term(scrutinee, OPEN if len(at.scrutinees) == 1 else OPERAND)))
        _check_tuple(len(scrutinees))
        arms: list[Doc] = []
        for arm in at.arms:
            patterns: list[Doc] = []
            for pattern in arm.patterns:
                patterns.append((yield self.pattern(pattern)))
            pattern_doc = patterns[0] if len(patterns) == 1 else _row("(", patterns, ")")
            arms.append(group(pattern_doc, " ->", nest(2, LINE, (yield self.term(arm.body)))))
        subject = scrutinees[0] if len(scrutinees) == 1 else _row("(", scrutinees, ")")
        return _wrapped(concat("case ", subject, " of", nest(2, HARD, joined(HARD, arms))), level > OPEN)

    # Patterns

    def pattern(self, at: core.Pattern, level: int = OPEN) -> Deep[Doc]:
        if isinstance(at, core.Bind):
            return self.here.names[at.name]
        if isinstance(at, core.Ignore):
            return "_"
        if isinstance(at, core.Exactly):
            return _wrapped(_literal(at.value), isinstance(at.value, int) and at.value < 0 and level > OPEN)
        if isinstance(at, core.Alias):
            return concat(f"{self.here.names[at.name]}@", (yield self.pattern(at.pattern, ATOM)))
        docs: list[Doc] = []
        if at.constructor in (CONS, NIL):
            items, rest = list_of_patterns(at)
            text = text_of(items)
            if rest is None and text is not None:
                return _quoted(text)
            own = PRECEDENCE[CONS]
            for item in items:
                docs.append((yield self.pattern(item, own + 1 if rest else OPEN)))
            if rest is None:
                return _row("[", docs, "]")
            docs.append((yield self.pattern(rest, own)))
            return _wrapped(group(joined(concat(" :", LINE), docs)), level > own)
        for inner in at.fields:
            docs.append((yield self.pattern(inner, OPEN if at.constructor == TUPLE else ATOM)))
        if at.constructor == TUPLE:
            _check_tuple(len(docs))
            return _row("(", docs, ")")
        return _wrapped(
            group(joined(nest(2, LINE), [self.constructors[at.constructor], *docs])), bool(docs) and level > APPLICATION
        )


def _is_infix(operator: str, level: int) -> bool:
    return operator not in ("/", "%") and PRECEDENCE.get(operator) == level


def _wrapped(doc: Doc, needed: bool) -> Doc:
    return concat("(", align(doc), ")") if needed else doc


def _let(head: Doc, bound: Doc) -> Doc:
    """Lines of what is bound have to begin to the right of its name."""
    return group("let ", align(group(head, " =", nest(2, LINE, bound))), LINE, "in")


def _row(opening: str, items: Sequence[Doc], closing: str) -> Doc:
    return group(opening, align(fill(",", items)), closing)


def _documented(documentation: str | None) -> Doc:
    if not documentation:
        return ""
    return concat(*(concat("-- | " if not index else "-- ", line, HARD) for index, line in enumerate(paragraphs(documentation))))


def _check_tuple(length: int) -> None:
    if length > _LONGEST_TUPLE:
        message = f"Haskell compares tuples of at most {_LONGEST_TUPLE} components, and this program has one of {length}"
        raise RecsynError(message, "put some of them in a tuple of their own")


def _literal(value: int | str) -> str:
    return f"'{_escaped(value, chr(39))}'" if isinstance(value, str) else digits_of(value)


def _quoted(text: str) -> str:
    out: list[str] = []
    after_number = False
    for character in text:
        escaped = _escaped(character, '"')
        # Another digit would belong to the number.
        out.append(f"\\&{escaped}" if after_number and character in hexdigits else escaped)
        after_number = escaped.startswith("\\x")
    return f'"{"".join(out)}"'


def _escaped(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return f"\\{character}"
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    return named or (character if " " <= character <= "~" else f"\\x{ord(character):x}")
