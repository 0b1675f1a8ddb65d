"""A program in Lean 4, its examples as ``#guard``. No test runs Lean: the texts are held to golden ones only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.layout import HARD, LINE, Doc, align, concat, fill, group, joined, nest, render
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.annotations import Annotations, annotate, annotate_example, arguments_and_result
from recsyn.lang.targets.comments import paragraphs, source_name
from recsyn.lang.targets.components import datatype_components, definition_components, is_uniform
from recsyn.lang.targets.generality import ORDER, holding_functions
from recsyn.lang.targets.guardedness import Guard, lexicographic
from recsyn.lang.targets.naming import identifiers, local_identifiers
from recsyn.lang.targets.rows import end_of_list, operands_in_a_row
from recsyn.lang.targets.simplification import simplified
from recsyn.lang.targets.sugar import list_of_patterns, list_of_terms, needed, terms_in, text_of, variables_used
from recsyn.lang.types import ARROW, Constructor, Datatype, Type, TypeVariable
from recsyn.values import CONS, NIL, TUPLE, digits_of

KEYWORDS = frozenset(
    """Prop Sort Type abbrev at attribute axiom break by calc catch class coinductive continue decreasing_by def default deriving
    declare_syntax_cat do elab elab_rules else end exists example export extends finally for forall from fun generalizing have
    hiding if import in include inductive infix infixl infixr init_quot initialize inductive_fixpoint instance let local macro
    macro_rules match meta module mut mutual namespace nofun nomatch noncomputable nonrec notation omit opaque open partial
    partial_fixpoint postfix prefix private protected public rec renaming return scoped section set_option show sorry structure
    suffices syntax termination_by then theorem this throw try unif_hint universe unless unsafe using variable where while
    with""".split()
)
_NAMED = frozenset("BEq Bool Char Int List String Unit bne decide false none not rfl some true".split())
"""What the text itself names, and what a pattern would take for a constructor."""
_TAKEN = KEYWORDS | _NAMED
_GREEK = dict(zip("abcdefgh", "αβγδεζηθ", strict=True))

# Lean's own precedences.
OPEN, OPERAND, NOT, COMPARISON, APPEND, CONS_LEVEL, NEGATION, APPLICATION, ATOM = 0, 10, 40, 50, 65, 67, 75, 1022, 1024
_INFIX = {
    "||": ("||", 30),
    "&&": ("&&", 35),
    "==": ("==", COMPARISON),
    "!=": ("!=", COMPARISON),
    "<": ("<", COMPARISON),
    "<=": ("≤", COMPARISON),
    ">": (">", COMPARISON),
    ">=": ("≥", COMPARISON),
    "++": ("++", APPEND),
    "+": ("+", 65),
    "-": ("-", 65),
    "*": ("*", 70),
}
_FUNCTIONS = {"/": "Int.fdiv", "%": "Int.fmod"}
"""These round down, and give 0 and the dividend where the divisor is 0."""
_LONG_TEXT = 3
"""More characters than this are written as a string."""


def lean(program: Program) -> str:
    """The program as the text of a Lean file. Raises :class:`RecsynError` for a type that Lean's recursion does not reach."""
    program = simplified(needed(program))
    writer = _Writer(program)
    parts: list[Doc] = [f"-- Written by recsyn from {source_name(program)}.", "namespace Recsyn"]
    parts += [writer.datatypes(datatypes) for datatypes in datatype_components(program)]
    for definitions, recursive in definition_components(program):
        parts.append(run(writer.definitions(definitions, recursive)))
    examples: list[Doc] = []
    for example in program.examples:
        examples.append(run(writer.example(example)))
    if examples:
        parts += ["-- Examples", joined(HARD, examples)]
    return render(joined(concat(HARD, HARD), [*parts, "end Recsyn"])) + "\n"


@dataclass(frozen=True)
class _Here:
    """What holds in the definition or example that is being written."""

    names: dict[str, str]
    variables: dict[str, str]
    used: frozenset[str]
    notes: Annotations


class _Writer:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.guard = Guard(program)
        self.types = identifiers([n for n in program.datatypes if n not in ("Bool", "List")], str, _TAKEN)
        self.values = identifiers(program.definitions, str, _TAKEN)
        self.types |= {"Bool": "Bool", "List": "List"}
        self.constructors = {"True": "true", "False": "false"}
        for name, datatype in program.datatypes.items():
            if name not in ("Bool", "List"):
                # A constructor lives in the namespace of its type.
                own = identifiers([c.name for c in datatype.constructors], _last_part, KEYWORDS)
                self.constructors |= {c: f"{self.types[name]}.{written}" for c, written in own.items()}
        self.holding = holding_functions(program)
        self.inhabited = any(d.partial for d in program.definitions.values())
        self.here = _Here({}, {}, frozenset(), Annotations({}, {}, {}, {}, {}, ()))

    # Types

    def type(self, type: Type, variables: dict[str, str], level: int = 0) -> str:
        """``level`` 1 asks for the parameter of an arrow, 2 for an item of a product, 3 for an argument."""
        out: list[str] = []
        stack: list[tuple[Type, int] | str] = [(type, level)]
        while stack:
            task = stack.pop()
            if isinstance(task, str):
                out.append(task)
                continue
            at, wanted = task
            if isinstance(at, TypeVariable):
                out.append(variables[at.name])
                continue
            inside: list[tuple[Type, int] | str]
            if at.name == ARROW:
                own, inside = 0, [(at.arguments[0], 1), " → ", (at.arguments[1], 0)]
            elif at.name == TUPLE:
                own, inside = 1, [(at.arguments[0], 2)]
                for item in at.arguments[1:]:
                    inside += [" × ", (item, 2)]
            else:
                inside = [self.types.get(at.name, at.name)]
                for item in at.arguments:
                    inside += [" ", (item, 3)]
                own = 2 if at.arguments else 3
            stack.extend(reversed(["(", *inside, ")"] if wanted > own else inside))
        return "".join(out)

    def datatypes(self, datatypes: Sequence[Datatype]) -> Doc:
        names = [self.types[d.name] for d in datatypes]
        if not is_uniform(datatypes):
            raise RecsynError(
                f"`{datatypes[0].name}` is defined by itself at other parameters than its own, which Lean's types cannot be",
                "export to another language",
            )
        declared = joined(HARD, [self._datatype(datatype) for datatype in datatypes])
        derived = [] if any(d.name in self.holding for d in datatypes) else ["Repr", "BEq"]
        if len(datatypes) == 1:
            return concat(declared, nest(2, HARD, f"deriving {', '.join(derived)}")) if derived else declared
        instances: list[Doc] = [HARD, f"deriving instance {', '.join(derived)} for {', '.join(names)}"] if derived else []
        return concat("mutual", HARD, declared, HARD, "end", *instances)

    def _datatype(self, datatype: Datatype) -> Doc:
        variables = identifiers(datatype.parameters, _type_variable, _TAKEN.union(self.types.values()))
        binder = f" ({' '.join(variables.values())} : Type)" if variables else ""
        result = " ".join([self.types[datatype.name], *variables.values()])
        cases = [self._case(c, variables, result) for c in datatype.constructors]
        head = f"inductive {self.types[datatype.name]}{binder} : Type where"
        return concat(self._documented(datatype), head, nest(2, HARD, joined(HARD, cases)))

    def _case(self, constructor: Constructor, variables: dict[str, str], result: str) -> Doc:
        fields: list[Doc] = [concat(self.type(f, variables, 1), " →") for f in constructor.fields]
        name = self.constructors[constructor.name].rpartition(".")[2]
        return group(f"| {name} :", nest(4, LINE, joined(LINE, [*fields, result])))

    # Declarations

    def definitions(self, definitions: Sequence[Definition], recursive: bool) -> Deep[Doc]:
        ends = not any(d.partial for d in definitions)
        if recursive and ends and self.guard.positions(definitions) is None:
            ends = lexicographic(definitions)
        keyword = "def" if ends or not recursive else "partial def"
        written: list[Doc] = []
        for definition in definitions:
            written.append((yield self._definition(definition, keyword)))
        if len(written) == 1:
            return written[0]
        return concat("mutual", HARD, joined(concat(HARD, HARD), written), HARD, "end")

    def _definition(self, definition: Definition, keyword: str) -> Deep[Doc]:
        self._enter(
            definition.parameters,
            (definition.body,),
            definition.scheme.variables,
            annotate(self.program, definition, overloaded=True),
        )
        types, result = arguments_and_result(definition.scheme.type, len(definition.parameters))
        binders: list[str] = []
        if definition.scheme.variables:
            binders.append(f"{{{' '.join(self.here.variables[v] for v in definition.scheme.variables)} : Type}}")
        binders += [f"[BEq {self.here.variables[v]}]" for v in definition.scheme.variables if v in definition.scheme.equality]
        binders += self._binders(definition.parameters, types)
        binders.append(f": {self.type(result, self.here.variables)} :=")
        head = nest(4, fill("", [f"{keyword} {self.values[definition.name]}", *binders]))
        body = yield self.term(definition.body)
        return concat(self._documented(definition), group(head, nest(2, LINE, body)))

    def _enter(self, names: Sequence[str], bodies: Sequence[core.Term], quantified: Sequence[str], notes: Annotations) -> None:
        """Choose identifiers for what is bound in a definition, or on one side of an example."""
        types = _TAKEN.union(self.types.values())
        variables = identifiers(quantified, _type_variable, types)
        local = [v for scheme in notes.polymorphic.values() for v in scheme.variables]
        variables |= identifiers(local, lambda _: "α", types.union(variables.values()))
        called = {self.values[at.name] for at in terms_in(*bodies) if isinstance(at, core.Global)}
        taken = _TAKEN.union(called, variables.values(), self.types.values())
        chosen: dict[str, str] = {}
        for body in bodies:
            chosen |= local_identifiers(names, body, str, taken, hiding=True)
        self.here = _Here(chosen, variables, variables_used(*bodies), notes)

    def _binders(self, names: Sequence[str], types: Sequence[Type]) -> list[str]:
        """Parameters with their types, those of one type that stand together in one pair of parentheses."""
        rows: list[tuple[list[str], Type]] = []
        for name, type in zip(names, types, strict=True):
            shown = self.here.names[name] if name in self.here.used or core.spelled(name) != "_" else "_"
            if rows and rows[-1][1] == type:
                rows[-1][0].append(shown)
            else:
                rows.append(([shown], type))
        return [f"({' '.join(row)} : {self.type(type, self.here.variables)})" for row, type in rows]

    def example(self, example: Example) -> Deep[Doc]:
        self._enter((), (example.left, example.right), (), annotate_example(self.program, example, overloaded=True))
        left = yield self.term(example.left, COMPARISON + 1)
        right = yield self.term(example.right, COMPARISON + 1)
        return group("#guard", nest(2, LINE, group(left, " ==", LINE, right)))

    def _documented(self, declared: Definition | Datatype) -> Doc:
        if not declared.documentation:
            return ""
        text = declared.documentation.replace("-/", "- /").replace("/-", "/ -")
        return concat("/-- ", align(joined(HARD, paragraphs(text))), " -/", HARD)

    # Terms

    def term(self, at: core.Term, level: int = OPEN) -> Deep[Doc]:
        """A term, in parentheses where ``level`` asks for one that binds more tightly."""
        doc: Doc
        if id(at) in self.here.notes.ascribed:
            doc = yield self._term(at, OPEN)
            return concat("(", doc, f" : {self.type(self.here.notes.ascribed[id(at)], self.here.variables)})")
        doc = yield self._term(at, level)
        return doc

    def _term(self, at: core.Term, level: int) -> Deep[Doc]:
        doc: Doc
        if isinstance(at, core.Local):
            types = self.here.notes.arguments.get(id(at), ())
            given = [self.type(type, self.here.variables, 3) for type in types]
            doc = _wrapped(" ".join([self.here.names[at.name], *given]), bool(given) and level > APPLICATION)
        elif isinstance(at, core.Global):
            doc = self.values[at.name]
        elif isinstance(at, core.Literal):
            doc = _literal(at.value, level)
        elif isinstance(at, core.Construct):
            doc = yield self._construct(at, level)
        elif isinstance(at, core.Apply):
            doc = yield self._application((yield self.term(at.function, APPLICATION)), at.arguments, level)
        elif isinstance(at, core.Primitive):
            doc = yield self._primitive(at, level)
        elif isinstance(at, core.Lambda):
            binders = self._binders(at.parameters, [self.here.notes.variables[p] for p in at.parameters])
            body = yield self.term(at.body)
            doc = _wrapped(group(f"fun {' '.join(binders)} =>", nest(2, LINE, body)), level > OPEN)
        elif isinstance(at, core.If):
            doc = yield self._if(at, level)
        else:
            doc = yield (self._match(at, level) if isinstance(at, core.Match) and not _is_let(at) else self._lets(at, level))
        return doc

    def _application(self, function: Doc, terms: Sequence[core.Term], level: int) -> Deep[Doc]:
        arguments: list[Doc] = []
        for argument in terms:
            arguments.extend([LINE, (yield self.term(argument, ATOM))])
        return _wrapped(group(function, nest(2, *arguments)), level > APPLICATION)

    def _construct(self, at: core.Construct, level: int) -> Deep[Doc]:
        doc: Doc
        if at.constructor in (CONS, NIL):
            doc = yield self._list(at, level)
        elif at.constructor == TUPLE:
            items: list[Doc] = []
            for item in at.fields:
                items.append((yield self.term(item, OPERAND)))
            doc = _row("(", items, ")")
        elif not at.fields:
            doc = self.constructors[at.constructor]
        else:
            doc = yield self._application(self.constructors[at.constructor], at.fields, level)
        return doc

    def _list(self, at: core.Construct, level: int) -> Deep[Doc]:
        items, rest = list_of_terms(at)
        text = text_of(items)
        if rest is None and text is not None and len(text) > _LONG_TEXT:
            return f'"{"".join(_escaped(c, chr(34)) for c in text)}".toList'
        docs: list[Doc] = []
        ascribed = bool(items) and id(end_of_list(at)) in self.here.notes.ascribed
        for item in items:
            docs.append((yield self.term(item, OPERAND if rest is None and not ascribed else CONS_LEVEL + 1)))
        if rest is None and not ascribed:
            return _row("[", docs, "]")
        docs.append((yield self.term(end_of_list(at), CONS_LEVEL)))
        return _wrapped(group(joined(concat(" ::", LINE), docs)), level > CONS_LEVEL)

    def _primitive(self, at: core.Primitive, level: int) -> Deep[Doc]:
        doc: Doc
        if at.operator in _FUNCTIONS:
            doc = yield self._application(_FUNCTIONS[at.operator], at.operands, level)
        elif at.operator == "not":
            doc = _wrapped(concat("!", (yield self.term(at.operands[0], ATOM))), level > NOT)
        elif at.operator == "negate":
            doc = _wrapped(concat("-", (yield self.term(at.operands[0], APPLICATION))), level > NEGATION)
        elif at.operator in ORDER:
            doc = _wrapped(group("decide (", align((yield self._infix(at, OPEN))), ")"), level > APPLICATION)
        else:
            doc = yield self._infix(at, level)
        return doc

    def _infix(self, at: core.Primitive, level: int) -> Deep[Doc]:
        symbol, own = _INFIX[at.operator]
        docs: list[Doc] = []
        for index, operand in enumerate(operands_in_a_row(at)):
            docs.append((yield self.term(operand, own if index == 0 and own != COMPARISON else own + 1)))
        return _wrapped(group(joined(concat(f" {symbol}", LINE), docs)), level > own)

    def _if(self, at: core.If, level: int) -> Deep[Doc]:
        out: list[Doc] = []
        rest: core.Term = at
        while isinstance(rest, core.If):
            condition = rest.condition
            if isinstance(condition, core.Primitive) and condition.operator in ORDER:
                shown = yield self._infix(condition, OPERAND)
            else:
                shown = yield self.term(condition, OPERAND)
            consequent = yield self.term(rest.consequent, OPERAND)
            out.extend([group("if ", align(shown), " then"), nest(2, LINE, consequent), LINE, "else "])
            rest = rest.alternative
        out[-1] = "else"
        out.append(nest(2, LINE, (yield self.term(rest))))
        return _wrapped(group(*out), level > OPEN)

    def _lets(self, at: core.Term, level: int) -> Deep[Doc]:
        """``let``s one below the other, and what they are for."""
        lines: list[Doc] = []
        while True:
            if isinstance(at, core.Let):
                lines.append((yield self._binding(at)))
                at = at.body
            elif isinstance(at, core.Match) and _is_let(at):
                head = concat("let ", (yield self.pattern(at.arms[0].patterns[0], OPEN)), " :=")
                lines.append(group(head, nest(2, LINE, (yield self.term(at.scrutinees[0])))))
                at = at.arms[0].body
            else:
                break
        lines.append((yield self.term(at)))
        return _wrapped(joined(HARD, lines), level > OPEN)

    def _binding(self, let: core.Let) -> Deep[Doc]:
        binders: list[str] = []
        scheme = self.here.notes.polymorphic.get(let.name)
        if scheme is not None:
            names = [self.here.variables[v] for v in scheme.variables]
            binders = [f"({' '.join(names)} : Type)"]
            binders += [f"[BEq {n}]" for n, v in zip(names, scheme.variables, strict=True) if v in scheme.equality]
        bound, result = let.bound, self.here.notes.variables[let.name]
        if isinstance(bound, core.Lambda):
            types, result = arguments_and_result(result, len(bound.parameters))
            binders += self._binders(bound.parameters, types)
            bound = bound.body
        binders.append(f": {self.type(result, self.here.variables)} :=")
        head = nest(4, fill("", [f"let {self.here.names[let.name]}", *binders]))
        return group(head, nest(2, LINE, (yield self.term(bound))))

    def _match(self, at: core.Match, level: int) -> Deep[Doc]:
        scrutinees: list[Doc] = []
        for scrutinee in at.scrutinees:
            scrutinees.append((yield self.term(scrutinee, OPERAND)))
        arms: list[Doc] = []
        for arm in at.arms:
            patterns: list[Doc] = []
            for pattern in arm.patterns:
                patterns.append((yield self.pattern(pattern, OPEN)))
            body = yield self.term(arm.body)
            arms.append(group("| ", joined(", ", patterns), " =>", nest(4, LINE, body)))
        head = concat("match ", joined(", ", scrutinees), " with")
        return _wrapped(concat(head, HARD, joined(HARD, arms)), level > OPEN)

    # Patterns

    def pattern(self, at: core.Pattern, level: int) -> Deep[Doc]:
        if isinstance(at, core.Bind):
            return self.here.names[at.name]
        if isinstance(at, core.Ignore):
            return "_"
        if isinstance(at, core.Exactly):
            return _literal(at.value, level)
        if isinstance(at, core.Alias):
            inside = yield self.pattern(at.pattern, OPEN)
            return concat(f"{self.here.names[at.name]}@(", inside, ")")
        docs: list[Doc] = []
        if at.constructor in (CONS, NIL):
            items, rest = list_of_patterns(at)
            for item in items:
                docs.append((yield self.pattern(item, OPERAND if rest is None else CONS_LEVEL + 1)))
            if rest is None:
                return _row("[", docs, "]")
            docs.append((yield self.pattern(rest, CONS_LEVEL)))
            return _wrapped(group(joined(concat(" ::", LINE), docs)), level > CONS_LEVEL)
        for field in at.fields:
            docs.append((yield self.pattern(field, OPERAND if at.constructor == TUPLE else ATOM)))
        if at.constructor == TUPLE:
            return _row("(", docs, ")")
        return _wrapped(joined(" ", [self.constructors[at.constructor], *docs]), bool(docs) and level > APPLICATION)


def _is_let(at: core.Match) -> bool:
    """Whether a match only takes a tuple apart. Lean's ``let`` would take a constructor for the name of a function."""
    pattern = at.arms[0].patterns[0]
    if len(at.scrutinees) > 1 or not (isinstance(pattern, core.Built) and pattern.constructor == TUPLE):
        return False
    return all(isinstance(field, core.Bind | core.Ignore) for field in pattern.fields)


def _type_variable(name: str) -> str:
    return _GREEK.get(name) or name[0].upper() + name[1:]


def _last_part(name: str) -> str:
    return name.rpartition(".")[2]


def _wrapped(doc: Doc, needed: bool) -> Doc:
    return concat("(", align(doc), ")") if needed else doc


def _row(opening: str, items: Sequence[Doc], closing: str) -> Doc:
    return group(opening, align(fill(",", items)), closing)


def _literal(value: int | str, level: int) -> str:
    if isinstance(value, str):
        return f"'{_escaped(value, chr(39))}'"
    return f"({digits_of(value)})" if value < 0 and level > NEGATION else digits_of(value)


def _escaped(character: str, quote: str) -> str:
    if character in (quote, "\\"):
        return f"\\{character}"
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    if short or character.isprintable() or ord(character) > 0xFFFF:
        return short or character
    return f"\\u{ord(character):04x}"
