"""A program in Lean 4, its examples as ``#guard``, which are evaluated when Lean reads the file."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.coverage import Coverage
from recsyn.lang.layout import HARD, LINE, Doc, align, concat, fill, group, joined, nest, render
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.annotations import Annotations, annotate, annotate_example, arguments_and_result
from recsyn.lang.targets.comments import paragraphs, source_name
from recsyn.lang.targets.components import datatype_components, definition_components, is_uniform, types_in
from recsyn.lang.targets.generality import ORDER
from recsyn.lang.targets.guardedness import Guard, lexicographic
from recsyn.lang.targets.naming import identifiers, local_identifiers
from recsyn.lang.targets.notation import Part, operator_parts, type_text
from recsyn.lang.targets.rows import end_of_list, operands_in_a_row
from recsyn.lang.targets.simplification import Simplify, simplified
from recsyn.lang.targets.sugar import (
    Named,
    definition_groups,
    delayed,
    globals_used,
    list_of_patterns,
    list_of_terms,
    needed,
    proposition,
    text_of,
    variables_used,
)
from recsyn.lang.types import (
    ARROW,
    BUILTIN_DATATYPES,
    PRIMITIVE_TYPES,
    Constructor,
    Datatype,
    Type,
    TypeConstant,
    TypeVariable,
    holding_functions,
    type_names,
)
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
_NAMED = frozenset("BEq Bool Char IO Inhabited Int List Repr String Unit bne decide default false none not rfl some true".split())
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
_DEEPEST = 2000
"""The column beyond which lines are not indented."""
_NOT_SEEN = "-- Lean does not see that this ends; recsyn has checked it, by the size-change principle."


def lean(program: Program) -> str:
    """The program as the text of a Lean file. Raises :class:`RecsynError` for a type that Lean's recursion does not reach."""
    program = _without_aliases(simplified(needed(program)))
    writer = _Writer(program)
    parts: list[Doc] = [f"-- Written by recsyn from {source_name(program)}.", "namespace Recsyn"]
    for datatypes in datatype_components(program):
        parts += writer.datatypes(datatypes)
    functions: list[Doc] = []
    for definitions, recursive in definition_components(program):
        functions.append(run(writer.definitions(definitions, recursive)))
    examples: list[Doc] = []
    for example in program.examples:
        examples.append(run(writer.example(example)))
    # Which values have to be known to exist, the functions have said.
    parts += [*writer.inhabitants(), *functions]
    if examples:
        parts += ["-- Examples", joined(HARD, examples)]
    return render(joined(concat(HARD, HARD), [*parts, "end Recsyn"]), deepest=_DEEPEST) + "\n"


def _without_aliases(program: Program) -> Program:
    """The program without other names for what has one: Lean does not see that these are as small."""
    coverage = Coverage(program.datatypes, program.constructors)
    definitions = {name: replace(d, body=run(_Unaliased(coverage).term(d.body))) for name, d in program.definitions.items()}
    return replace(program, definitions=definitions)


class _Unaliased(Simplify):
    def __init__(self, coverage: Coverage) -> None:
        super().__init__(coverage)
        self.meant: dict[str, core.Local] = {}

    def term(self, at: core.Term) -> Deep[core.Term]:
        while True:
            if isinstance(at, core.Local):
                return self._meant(at)
            if isinstance(at, core.Let) and isinstance(at.bound, core.Local):
                self.meant[at.name] = self._meant(at.bound)
                at = at.body
            elif isinstance(at, core.Match) and len(at.arms) == 1 and not (kept := self._kept(at)):
                at = at.arms[0].body
            else:
                break
        if isinstance(at, core.Match) and len(at.arms) == 1:
            arm = replace(at.arms[0], patterns=tuple(pattern for pattern, _ in kept))
            at = replace(at, scrutinees=tuple(scrutinee for _, scrutinee in kept), arms=(arm,))
        result: core.Term = yield super().term(at)
        return result

    def _meant(self, at: core.Local) -> core.Local:
        return replace(self.meant[at.name], span=at.span) if at.name in self.meant else at

    def _kept(self, at: core.Match) -> list[Named]:
        """What a match with one case takes apart besides variables that get other names and tuples made on the spot."""
        kept: list[Named] = []
        stack = list(zip(at.arms[0].patterns, at.scrutinees, strict=True))[::-1]
        while stack:
            pattern, scrutinee = stack.pop()
            made = isinstance(scrutinee, core.Construct) and scrutinee.constructor == TUPLE
            if made and isinstance(pattern, core.Built):
                stack.extend(zip(pattern.fields[::-1], core.children(scrutinee)[::-1], strict=True))
            elif isinstance(pattern, core.Bind) and isinstance(scrutinee, core.Local):
                self.meant[pattern.name] = self._meant(scrutinee)
            else:
                kept.append((pattern, scrutinee))
        return kept

    def _reached(self, at: core.Match) -> core.Match:
        return at


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
        self.holding = holding_functions(program.datatypes.values())
        self.indexed = frozenset(d.name for group in datatype_components(program) if not is_uniform(group) for d in group)
        """Datatypes that mention themselves at other parameters than their own, which are indices in Lean, in a larger universe."""
        self.universe = "Type _" if self.indexed else "Type"
        self.thunks = {d.name for together in definition_groups(program) for d in delayed(together)}
        self.unsafe: set[str] = set()
        self.witnesses = _witnesses(program)
        self.wanted: dict[str, None] = {}
        """Datatypes of which Lean has to be shown that they have a value."""
        self.here = _Here({}, {}, frozenset(), Annotations({}, {}, {}, {}, {}, ()))

    # Types

    def type(self, type: Type, variables: dict[str, str], level: int = 0) -> str:
        """``level`` 1 asks for the parameter of an arrow, 2 for an item of a product, 3 for an argument."""
        return type_text(type, level, variables, self._parts)

    def _parts(self, type: TypeConstant, wanted: int) -> list[Part]:
        return operator_parts(type, wanted, " → ", " × ", self._applied_type)

    def _applied_type(self, type: TypeConstant) -> list[Part]:
        parts: list[Part] = [self.types.get(type.name, type.name)]
        for argument in type.arguments:
            parts += [" ", (argument, 3)]
        return parts

    def datatypes(self, datatypes: Sequence[Datatype]) -> list[Doc]:
        self._check(datatypes)
        names = [self.types[d.name] for d in datatypes]
        holding = any(d.name in self.holding for d in datatypes)
        if datatypes[0].name in self.indexed:
            declared: list[Doc] = [self._indexed(datatype) for datatype in datatypes]
            return [_mutual(declared)] if holding else [_mutual(declared), *self._equality(datatypes)]
        declared = [self._datatype(datatype) for datatype in datatypes]
        derived = [] if holding else ["Repr", "BEq"] if self._is_shown(datatypes) else ["BEq"]
        if len(datatypes) == 1:
            return [concat(declared[0], nest(2, HARD, f"deriving {', '.join(derived)}")) if derived else declared[0]]
        instances: list[Doc] = [HARD, f"deriving instance {', '.join(derived)} for {', '.join(names)}"] if derived else []
        return [concat(_mutual(declared), *instances)]

    def _check(self, datatypes: Sequence[Datatype]) -> None:
        """Raise an error for recursion that datatypes with indices do not have."""
        names = {d.name for d in datatypes}
        indexed = datatypes[0].name in self.indexed
        for at in types_in(f for d in datatypes for c in d.constructors for f in c.fields):
            if not isinstance(at, TypeConstant) or at.name == ARROW or not (indexed or at.name in self.indexed):
                continue
            if not names.isdisjoint(type_names(at.arguments)):
                raise RecsynError(
                    f"Lean cannot define `{datatypes[0].name}`, which occurs in its own definition inside of `{at}`",
                    "define a datatype of its own for what is there, or export to another language",
                )

    def _is_shown(self, datatypes: Sequence[Datatype]) -> bool:
        """Whether an instance of ``Repr`` can be derived: there is none for datatypes with indices."""
        seen = {d.name for d in datatypes}
        stack = list(seen)
        while stack:
            datatype = self.program.datatypes.get(stack.pop())
            for other in type_names(f for c in datatype.constructors for f in c.fields) if datatype else ():
                if other not in seen:
                    seen.add(other)
                    stack.append(other)
        return seen.isdisjoint(self.indexed)

    def _datatype(self, datatype: Datatype) -> Doc:
        variables = self._parameters(datatype)
        binder = f" ({' '.join(variables.values())} : {self.universe})" if variables else ""
        result = " ".join([self.types[datatype.name], *variables.values()])
        cases = [self._case(c, "", variables, result) for c in datatype.constructors]
        sort = " : Type" if self.universe == "Type" else ""
        head = f"inductive {self.types[datatype.name]}{binder}{sort} where"
        return concat(self._documented(datatype), head, nest(2, HARD, joined(HARD, cases)))

    def _indexed(self, datatype: Datatype) -> Doc:
        variables = self._parameters(datatype)
        result = " ".join([self.types[datatype.name], *variables.values()])
        cases = [self._case(c, _quantified(variables.values(), "Type"), variables, result) for c in datatype.constructors]
        head = f"inductive {self.types[datatype.name]} : {'Type → ' * len(variables)}Type 1 where"
        return concat(self._documented(datatype), head, nest(2, HARD, joined(HARD, cases)))

    def _parameters(self, datatype: Datatype) -> dict[str, str]:
        return identifiers(datatype.parameters, _type_variable, _TAKEN.union(self.types.values()))

    def _equality(self, datatypes: Sequence[Datatype]) -> list[Doc]:
        """What Lean does not derive for datatypes with indices."""
        functions: list[Doc] = []
        instances: list[Doc] = []
        for datatype in datatypes:
            variables = self._parameters(datatype)
            name = self.types[datatype.name]
            type = " ".join([name, *variables.values()])
            binders = _quantified(variables.values(), "Type") + "".join(f" [BEq {v}]" for v in variables.values())
            arms: list[Doc] = []
            for constructor in datatype.constructors:
                tests = [self._test(field, number, datatypes) for number, field in enumerate(constructor.fields, 1)]
                sides = [" ".join([self.constructors[constructor.name], *(f"{x}{n + 1}" for n in range(len(tests)))]) for x in "xy"]
                arms.append(f"| {', '.join(sides)} => {' && '.join(tests) or 'true'}")
            if len(arms) > 1:
                arms.append("| _, _ => false")
            head = f"def {name}.equal{binders} (x y : {type}) : Bool :="
            functions.append(concat(head, nest(2, HARD, joined(HARD, ["match x, y with", *arms]))))
            shown = f"({type})" if variables else type
            instances.append(f"instance{binders} : BEq {shown} := ⟨{name}.equal⟩")
        return [_mutual(functions), joined(HARD, instances)]

    def _test(self, field: Type, number: int, datatypes: Sequence[Datatype]) -> str:
        if isinstance(field, TypeConstant) and field.name in {d.name for d in datatypes}:
            return f"{self.types[field.name]}.equal x{number} y{number}"
        return f"x{number} == y{number}"

    def _case(self, constructor: Constructor, binders: str, variables: dict[str, str], result: str) -> Doc:
        fields: list[Doc] = [concat(self.type(f, variables, 1), " →") for f in constructor.fields]
        name = self.constructors[constructor.name].rpartition(".")[2]
        return group(f"| {name}{binders} :", nest(4, LINE, joined(LINE, [*fields, result])))

    # Declarations

    def definitions(self, definitions: Sequence[Definition], recursive: bool) -> Deep[Doc]:
        partial = any(d.partial for d in definitions)
        keyword, note = "def", ""
        if recursive and (partial or not self._is_seen(definitions)):
            note = "" if partial else _NOT_SEEN
            keyword = "partial def" if all(self._is_inhabited(d) for d in definitions) else "unsafe def"
        if not self.unsafe.isdisjoint(globals_used(*(d.body for d in definitions))):
            keyword = "unsafe def"
        if keyword == "unsafe def":
            self.unsafe.update(d.name for d in definitions)
        written: list[Doc] = []
        for definition in definitions:
            written.append((yield self._definition(definition, keyword)))
        return concat(note, HARD, _mutual(written)) if note else _mutual(written)

    def _is_seen(self, definitions: Sequence[Definition]) -> bool:
        """Whether Lean finds by itself that functions end. It does not look into tuples that are made to be taken apart."""
        for at in core.terms_in(*(d.body for d in definitions)):
            taken_apart = at.scrutinees if isinstance(at, core.Match) else ()
            if any(isinstance(term, core.Construct) and term.constructor == TUPLE for term in taken_apart):
                return False
        return self.guard.positions(definitions) is not None or lexicographic(definitions)

    def _is_inhabited(self, definition: Definition) -> bool:
        """Whether Lean finds that a function has a result, given its arguments, as it asks of a partial one. It has to be shown so
        of datatypes."""
        names, _ = _head(definition)
        parameters, result = arguments_and_result(definition.scheme.type, len(names))
        if result in parameters:
            return True
        if not _inhabited(result, {p.name for p in parameters if isinstance(p, TypeVariable)}, self.witnesses):
            return False
        stack = [result]
        while stack:
            for name in type_names([stack.pop()]):
                if name in self.witnesses and name not in self.wanted:
                    self.wanted[name] = None
                    stack.extend(self.witnesses[name][0].fields)
        return True

    def inhabitants(self) -> list[Doc]:
        """The instances for the datatypes that partial functions return."""
        found: list[Doc] = []
        for name, (constructor, assuming) in self.witnesses.items():
            if name in self.wanted:
                variables = self._parameters(self.program.datatypes[name])
                binders = _quantified(variables.values(), self.universe)
                binders += "".join(f" [Inhabited {v}]" for v in variables.values()) if assuming else ""
                type = " ".join([self.types[name], *variables.values()])
                shown = f"({type})" if variables else type
                value = " ".join([self.constructors[constructor.name], *["default"] * len(constructor.fields)])
                found.append(f"instance{binders} : Inhabited {shown} := ⟨{value}⟩")
        return [joined(HARD, found)] if found else []

    def _definition(self, definition: Definition, keyword: str) -> Deep[Doc]:
        names, body = _head(definition)
        self._enter(names, (body,), definition.scheme.variables, annotate(self.program, definition, overloaded=True))
        types, result = arguments_and_result(definition.scheme.type, len(names))
        quantified = [self.here.variables[v] for v in definition.scheme.variables]
        binders = [_quantified(quantified, self.universe).lstrip()] if quantified else []
        binders += [f"[BEq {self.here.variables[v]}]" for v in definition.scheme.variables if v in definition.scheme.equality]
        binders += ["(_ : Unit)"] if definition.name in self.thunks else []
        binders += self._binders(names, types)
        binders.append(f": {self.type(result, self.here.variables)} :=")
        head = nest(4, fill("", [f"{keyword} {self.values[definition.name]}", *binders]))
        inside = yield self.term(body)
        return concat(self._documented(definition), group(head, nest(2, LINE, inside)))

    def _enter(self, names: Sequence[str], bodies: Sequence[core.Term], quantified: Sequence[str], notes: Annotations) -> None:
        """Choose identifiers for what is bound in a definition, or on one side of an example."""
        types = _TAKEN.union(self.types.values())
        variables = identifiers(quantified, _type_variable, types)
        local = [v for scheme in notes.polymorphic.values() for v in scheme.variables]
        variables |= identifiers(local, lambda _: "α", types.union(variables.values()))
        called = {self.values[at.name] for at in core.terms_in(*bodies) if isinstance(at, core.Global)}
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
        holds = yield self.term(proposition(example))
        if self.unsafe.isdisjoint(globals_used(example.left, example.right)):
            return group("#guard", nest(2, LINE, holds))
        line, _ = example.source.position(example.span.start)
        error = f'throw (IO.userError "the example on line {line} does not hold")'
        return group("#eval show IO Unit from", nest(2, LINE, "if ", align(holds), " then pure ()", LINE, f"else {error}"))

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
            thunk = at.name in self.thunks
            doc = _wrapped(f"{self.values[at.name]} ()" if thunk else self.values[at.name], thunk and level > APPLICATION)
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
            binders = [f"({' '.join(names)} : {self.universe})"]
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


def _head(definition: Definition) -> tuple[Sequence[str], core.Term]:
    """The parameters of a definition, or of the function that it is bound to, and what these return."""
    if not definition.parameters and isinstance(definition.body, core.Lambda):
        return definition.body.parameters, definition.body.body
    return definition.parameters, definition.body


_Witnesses: TypeAlias = Mapping[str, tuple[Constructor, bool]]
"""For datatypes a constructor that builds a value, and whether it needs values of the parameters."""


def _witnesses(program: Program) -> _Witnesses:
    found: dict[str, tuple[Constructor, bool]] = {}
    for assuming in (False, True):
        before = -1
        while before < len(found):
            before = len(found)
            for name, datatype in program.datatypes.items():
                given = datatype.parameters if assuming else ()
                builds = (c for c in datatype.constructors if all(_inhabited(f, given, found) for f in c.fields))
                if name not in found and name not in BUILTIN_DATATYPES and (constructor := next(builds, None)):
                    found[name] = constructor, assuming
    return found


def _inhabited(type: Type, given: Container[str], witnesses: _Witnesses) -> bool:
    """Whether Lean finds a value of a type, if it knows some of the types ``given``."""
    stack = [type]
    while stack:
        at = stack.pop()
        if isinstance(at, TypeVariable):
            if at.name not in given:
                return False
        elif at.name == ARROW:
            stack.append(at.arguments[1])
        elif at.name == TUPLE or (at.name in witnesses and witnesses[at.name][1]):
            stack.extend(at.arguments)
        elif at.name not in witnesses and at.name not in BUILTIN_DATATYPES and at.name not in PRIMITIVE_TYPES:
            return False
    return True


def _quantified(variables: Collection[str], universe: str) -> str:
    return f" {{{' '.join(variables)} : {universe}}}" if variables else ""


def _mutual(declarations: Sequence[Doc]) -> Doc:
    """Declarations that may mention each other."""
    if len(declarations) == 1:
        return declarations[0]
    return concat("mutual", HARD, joined(concat(HARD, HARD), declarations), HARD, "end")


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
    if 0xD800 <= ord(character) < 0xE000:
        raise RecsynError(f"Lean has no character U+{ord(character):04X}, half of a surrogate pair", "Python has it")
    if character in (quote, "\\"):
        return f"\\{character}"
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    if short or character.isprintable() or ord(character) > 0xFFFF:
        return short or character
    return f"\\u{ord(character):04x}"
