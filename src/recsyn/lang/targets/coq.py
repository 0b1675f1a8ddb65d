"""A program in Gallina, for Coq 8.16 and later: examples become statements that are proved by computation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.layout import HARD, LINE, Doc, align, concat, fill, group, joined, nest, render
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.stackless import Deep, run
from recsyn.lang.targets.annotations import Annotations, annotate, annotate_example, arguments_and_result
from recsyn.lang.targets.comments import paragraphs, source_name
from recsyn.lang.targets.components import datatype_components, definition_components, is_uniform
from recsyn.lang.targets.guardedness import Guard
from recsyn.lang.targets.naming import fresh_identifier, identifiers, local_identifiers
from recsyn.lang.targets.notation import Part, operator_parts, type_text
from recsyn.lang.targets.rows import characters_in, end_of_list, operands_in_a_row, types_of
from recsyn.lang.targets.simplification import simplified
from recsyn.lang.targets.sugar import as_lets, list_of_patterns, list_of_terms, needed, variables_used
from recsyn.lang.types import BOOL, CHAR, INT, Constructor, Datatype, Type, TypeConstant, TypeVariable, type_names
from recsyn.values import CONS, NIL, TUPLE, digits_of

KEYWORDS = frozenset(
    """Axiom CoFixpoint Definition Fixpoint Hypothesis Parameter Prop Set SProp Theorem Type Variable as at by cofix else end exists
    exists2 fix for forall fun if in let match mod return then using where with""".split()
)
_CONSTRUCTORS = frozenset(
    """bet_S bet_emp conj cons eq_refl ex_intro ex_intro2 exist exist2 existT existT2 exists_S exists_le false inhabits inl inleft
    inr inright is_eq_true le_S le_n left mkRmorph mk_art mk_reqe mk_rt mk_seqe mk_srt mkdiv_th mkhypo mkmorph mkpow_th mksign_th
    nil nth_O nth_S or_introl or_intror pair right true tt xH xI xO""".split()
)
"""Lower-case constructors of Coq's library, which are no variables in a pattern."""
_NAMED = frozenset("Eqb N Z ascii bool eqb list negb unit".split())
"""What the text itself names."""
_TAKEN = KEYWORDS | _CONSTRUCTORS | _NAMED
_BUILTIN = {"Bool": "bool", "List": "list"}
_DEEPEST = 200
"""The column beyond which lines are not indented."""

# How tightly things bind: Coq's levels 200, 100, 70, 60, 50, 40, 35, 10 and 0. `mod` does not associate with `*`.
OPEN, OPERAND, COMPARISON, APPEND, SUM, REMAINDER, PRODUCT, NEGATION, APPLICATION, ATOM = range(10)
_INFIX = {
    "&&": ("&&", PRODUCT),
    "||": ("||", SUM),
    "==": ("==", COMPARISON),
    "<": ("<?", COMPARISON),
    "<=": ("<=?", COMPARISON),
    ">": (">?", COMPARISON),
    ">=": (">=?", COMPARISON),
    "++": ("++", APPEND),
    "+": ("+", SUM),
    "-": ("-", SUM),
    "*": ("*", PRODUCT),
    "/": ("/", PRODUCT),
    "%": ("mod", REMAINDER),
}
_NOT_GUARDED = "(* Coq does not see that this ends; recsyn has checked it, by the size-change principle. *)"
_EQUALITY_NOT_GUARDED = "(* Coq does not see that this ends, since it recurs through the equality of another type. *)"
_NOT_POSITIVE = "(* Coq does not see that this type is strictly positive; recsyn has checked it. *)"
_CLASS = """\
(* Equality *)

Class Eqb (A : Type) := eqb : A -> A -> bool.
Infix "==" := eqb (at level 70, no associativity)."""
_EQUALITY_OF_LISTS = """\
Definition {list} {{A : Type}} (eqb_A : A -> A -> bool) : list A -> list A -> bool :=
  fix equal (xs ys : list A) {{struct xs}} : bool :=
    match xs, ys with
    | [], [] => true
    | x :: xs, y :: ys => eqb_A x y && equal xs ys
    | _, _ => false
    end."""
_EQUALITY_OF_PAIRS = """\
Definition {prod} {{A B : Type}} (eqb_A : A -> A -> bool) (eqb_B : B -> B -> bool) (x y : A * B) : bool :=
  let '(x1, x2) := x in
  let '(y1, y2) := y in
  eqb_A x1 y1 && eqb_B x2 y2."""


def coq(program: Program) -> str:
    """The program as the text of a Coq file. Raises :class:`RecsynError` for a partial function."""
    program = simplified(needed(program))
    for definition in program.definitions.values():
        if definition.partial:
            raise RecsynError(
                f"`{core.spelled(definition.name)}` is partial, and Coq has only functions that end",
                "make it recur on a part of its argument, or export to another language",
            )
    writer = _Writer(program)
    types = [writer.datatypes(datatypes) for datatypes in datatype_components(program)]
    functions: list[Doc] = []
    for definitions, recursive in definition_components(program):
        functions.append(run(writer.definitions(definitions, recursive)))
    examples: list[Doc] = []
    for example in program.examples:
        examples.append(run(writer.example(example)))
    if examples:
        examples.insert(0, "(* Examples *)")
    return (
        render(joined(concat(HARD, HARD), [writer.head(), *types, *writer.equality(), *functions, *examples]), deepest=_DEEPEST)
        + "\n"
    )


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
        # Coq has one namespace for all of these.
        self.types = identifiers([n for n in program.datatypes if n not in _BUILTIN], str, _TAKEN)
        taken = _TAKEN.union(self.types.values())
        self.values = identifiers(program.definitions, str, taken)
        taken |= set(self.values.values())
        own = [c.name for c in program.constructors.values() if c.datatype not in _BUILTIN]
        self.constructors = identifiers(own, lambda name: f"mk{name}" if name in taken else name, taken)
        taken |= set(self.constructors.values())
        named = {"List": "list", TUPLE: "prod", **self.types}
        self.equalities = identifiers(named, lambda name: f"eqb_{named[name]}", taken) if named else {}
        taken |= set(self.equalities.values())
        atoms = {INT.name: "Z", CHAR.name: "char", "Bool": "bool"}
        self.instances = identifiers(atoms | named, lambda name: f"Eqb_{(atoms | named)[name]}", taken)
        self.taken = taken.union(self.instances.values())
        self.types |= _BUILTIN
        self.constructors |= {"True": "true", "False": "false"}
        self.sharing = {d.name: _longest(together) for together in datatype_components(program) for d in together}
        characters = set(characters_in(program))
        self.has_characters = bool(characters) or CHAR in types_of(program)
        self.wide = max(map(ord, characters), default=0) > 255 or len(characters) > 255
        """Whether characters are numbers here, since Coq's own end at 255."""
        self.equated: list[Type] = []
        self.examples = 0

    def head(self) -> Doc:
        libraries = ["Bool", "List", "ZArith", *(["NArith" if self.wide else "Ascii"] if self.has_characters else [])]
        scopes = ["bool_scope", *(["char_scope"] if self.has_characters and not self.wide else []), "Z_scope"]
        lines = [f"(* Written by recsyn from {_comment(source_name(self.program))}. *)"]
        if self.has_characters:
            characters = "their code points, of type N" if self.wide else "of type ascii, and end at code point 255"
            lines.append(f"(* Characters are {characters}. *)")
        lines += [f"From Coq Require Import {' '.join(libraries)}.", "Import ListNotations."]
        return joined(HARD, [*lines, *(f"Open Scope {scope}." for scope in scopes)])

    # Types

    def type(self, type: Type, variables: dict[str, str], level: int = 0) -> str:
        """``level`` 1 asks for the parameter of an arrow, 2 for an item of a product, 3 for an argument."""
        return type_text(type, level, variables, self._parts)

    def _parts(self, type: TypeConstant, wanted: int) -> list[Part]:
        return operator_parts(type, wanted, " -> ", " * ", self._applied_type)

    def _applied_type(self, type: TypeConstant) -> list[Part]:
        parts: list[Part] = [self._type_constant(type)]
        for argument in type.arguments:
            parts += [" ", (argument, 3)]
        return [*parts, *[" unit"] * self._padding(type.name)]

    def _type_constant(self, type: TypeConstant) -> str:
        if type.name == CHAR.name:
            return "N" if self.wide else "ascii"
        return "Z" if type.name == INT.name else self.types[type.name]

    def _padding(self, datatype: str) -> int:
        """How many parameters a datatype lacks of those that its group shares."""
        return len(self.sharing[datatype]) - len(self.program.datatypes[datatype].parameters) if datatype in self.sharing else 0

    def datatypes(self, datatypes: Sequence[Datatype]) -> Doc:
        if not all(self.guard.is_definable(d.name) for d in datatypes):
            message = (
                f"Coq has no type like `{datatypes[0].name}`, which is a part of itself through types that are defined together"
            )
            raise RecsynError(message, "export to another language, or define it together with those types")
        shared = list(self._shared(datatypes).values())
        declared: list[Doc] = []
        arguments: list[Doc] = []
        for index, datatype in enumerate(datatypes):
            variables = dict(zip(datatype.parameters, shared, strict=False))
            result = " ".join([self.types[datatype.name], *variables.values(), *shared[len(variables) :]])
            cases = [self._case(c, variables, result) for c in datatype.constructors]
            binder = f" ({' '.join(shared)} : Type)" if shared else ""
            keyword = "with" if index else "Inductive"
            head = f"{keyword} {self.types[datatype.name]}{binder} : Type :="
            declared.append(concat(self._documented(datatype), head, nest(2, HARD, joined(HARD, cases))))
            for constructor in datatype.constructors if shared else ():
                blanks = " _" * len(constructor.fields)
                arguments.append(f"Arguments {self.constructors[constructor.name]} {{{' '.join(shared)}}}{blanks}.")
        before: list[Doc] = []
        if not all(self.guard.is_positive(d.name) for d in datatypes):
            before = [_NOT_POSITIVE, HARD, "#[bypass_check(positivity)]", HARD]
        return concat(*before, joined(HARD, declared), ".", *(concat(HARD, a) for a in arguments))

    def _shared(self, datatypes: Sequence[Datatype]) -> dict[str, str]:
        return identifiers(self.sharing[datatypes[0].name], _upper, self.taken)

    def _case(self, constructor: Constructor, variables: dict[str, str], result: str) -> Doc:
        fields: list[Doc] = [concat(self.type(f, variables, 1), " ->") for f in constructor.fields]
        return group(f"| {self.constructors[constructor.name]} :", nest(4, LINE, joined(LINE, [*fields, result])))

    # Equality

    def equality(self) -> list[Doc]:
        """The class of types with equality, and its instances for those types that need one."""
        if not self.equated:
            return []
        wanted = set(self._with_equality())
        parts: list[Doc] = [_lines(_CLASS)]
        atoms = [(INT, "Z.eqb"), (BOOL, "Bool.eqb"), (CHAR, self._equality_of_characters())]
        chosen = [f"{self._instance(t.name, self._type_constant(t))} := {equal}." for t, equal in atoms if t.name in wanted]
        if chosen:
            parts.append(joined(HARD, chosen))
        for name, text, parameters in (("List", _EQUALITY_OF_LISTS, ["A"]), (TUPLE, _EQUALITY_OF_PAIRS, ["A", "B"])):
            if name in wanted:
                type = "list A" if name == "List" else "A * B"
                lines = _lines(text.format(list=self.equalities["List"], prod=self.equalities[TUPLE]))
                parts.append(concat(lines, HARD, self._instances(name, type, parameters, parameters)))
        for datatypes in datatype_components(self.program):
            if not wanted.isdisjoint(d.name for d in datatypes):
                parts.append(self._equality_of(datatypes))
        return parts

    def _with_equality(self) -> Iterable[str]:
        found: set[str] = set()
        stack = list(self.equated)
        while stack:
            at = stack.pop()
            if isinstance(at, TypeConstant):
                stack.extend(at.arguments)
                if at.name not in found and at.name in self.program.datatypes:
                    stack.extend(f for c in self.program.datatypes[at.name].constructors for f in c.fields)
                found.add(at.name)
        return found

    def _equality_of_characters(self) -> str:
        return "N.eqb" if self.wide else "Ascii.eqb"

    def _instance(self, name: str, type: str, binders: str = "") -> str:
        return f"#[global] Instance {self.instances[name]}{binders} : Eqb {type}"

    def _instances(self, name: str, type: str, parameters: Sequence[str], equated: Sequence[str]) -> str:
        binders = (f" {{{' '.join(parameters)} : Type}}" if parameters else "") + "".join(f" `{{Eqb {p}}}" for p in equated)
        shown = f"({type})" if " " in type else type
        return f"{self._instance(name, shown, binders)} := {self.equalities[name]}{' eqb' * len(equated)}."

    def _equality_of(self, datatypes: Sequence[Datatype]) -> Doc:
        shared = list(self._shared(datatypes).values())
        inner = self._is_local_fix(datatypes)
        written: list[Doc] = []
        instances: list[Doc] = []
        recursive = self._is_recursive(datatypes)
        for index, datatype in enumerate(datatypes):
            own = dict(zip(datatype.parameters, shared, strict=False))
            type = " ".join([self.types[datatype.name], *own.values(), *shared[len(own) :]])
            padded = " ".join([self.types[datatype.name], *own.values(), *["unit"] * (len(shared) - len(own))])
            binders = f" {{{' '.join(shared)} : Type}}" if shared else ""
            binders += "".join(f" (eqb_{v} : {v} -> {v} -> bool)" for v in own.values())
            name = self.equalities[datatype.name]
            body = self._compared(datatype, own, {d.name for d in datatypes} if inner else set())
            if inner:
                head = f"Definition {name}{binders} : {type} -> {type} -> bool :="
                fix = concat(f"fix {name} (x y : {type}) {{struct x}} : bool :=", nest(2, HARD, body))
                written.append(concat(head, nest(2, HARD, fix)))
            else:
                keyword = "with" if index else "Fixpoint" if recursive else "Definition"
                struct = " {struct x}" if recursive else ""
                written.append(concat(f"{keyword} {name}{binders} (x y : {type}){struct} : bool :=", nest(2, HARD, body)))
            instances.append(self._instances(datatype.name, padded, list(own.values()), list(own.values())))
        before: list[Doc] = []
        if recursive and not all(self.guard.is_positive(d.name) for d in datatypes):
            before = [_EQUALITY_NOT_GUARDED, HARD, "#[bypass_check(guard)]", HARD]
        return concat(*before, joined(HARD, written), ".", HARD, joined(HARD, instances))

    def _is_recursive(self, datatypes: Sequence[Datatype]) -> bool:
        names = {d.name for d in datatypes}
        return not names.isdisjoint(type_names(f for d in datatypes for c in d.constructors for f in c.fields))

    def _is_local_fix(self, datatypes: Sequence[Datatype]) -> bool:
        """Whether the equality is a function of the equalities of its parameters whose result recurs. Coq sees through those when
        the equality of a type that is nested in this one recurs through it."""
        return len(datatypes) == 1 and is_uniform(datatypes) and self._is_recursive(datatypes)

    def _compared(self, datatype: Datatype, variables: dict[str, str], own: set[str]) -> Doc:
        arms: list[str] = []
        for constructor in datatype.constructors:
            name, numbers = self.constructors[constructor.name], range(1, len(constructor.fields) + 1)
            left, right = ("".join(f" {side}{n}" for n in numbers) for side in "xy")
            tests = [self._comparison(f, variables, own, n) for f, n in zip(constructor.fields, numbers, strict=True)]
            arms.append(f"| {name}{left}, {name}{right} => {' && '.join(tests) or 'true'}")
        if len(arms) > 1:
            arms.append("| _, _ => false")
        return joined(HARD, ["match x, y with", *arms, "end"])

    def _comparison(self, type: Type, variables: dict[str, str], own: set[str], number: int) -> str:
        if type == INT:
            return f"(x{number} =? y{number})"
        return f"{self._equality(type, variables, own)} x{number} y{number}"

    def _equality(self, type: Type, variables: dict[str, str], own: set[str]) -> str:
        """The equality function of a type. Those of ``own`` take no equality of parameters, since they are inside a ``fix``."""
        out: list[str] = []
        stack: list[tuple[Type, bool] | str] = [(type, False)]
        while stack:
            task = stack.pop()
            if isinstance(task, str):
                out.append(task)
                continue
            at, argument = task
            if isinstance(at, TypeVariable):
                out.append(f"eqb_{variables[at.name]}")
                continue
            items: list[Type] = [] if at.name in own else list(at.arguments)
            if at.name == TUPLE and len(items) > 2:
                items = [TypeConstant(TUPLE, tuple(items[:-1])), items[-1]]
            atoms = {INT.name: "Z.eqb", BOOL.name: "Bool.eqb", CHAR.name: self._equality_of_characters()}
            inside: list[tuple[Type, bool] | str] = [atoms.get(at.name) or self.equalities[at.name]]
            for item in items:
                inside += [" ", (item, True)]
            if argument and items:
                inside = ["(", *inside, ")"]
            stack.extend(reversed(inside))
        return "".join(out)

    # Declarations

    def definitions(self, definitions: Sequence[Definition], recursive: bool) -> Deep[Doc]:
        positions = self.guard.positions(definitions) if recursive else {}
        before: list[Doc] = []
        if positions is None:
            positions = self.guard.any_positions(definitions)
            before = [_NOT_GUARDED, HARD, "#[bypass_check(guard)]", HARD]
        written: list[Doc] = []
        for index, definition in enumerate(definitions):
            keyword = "with" if index else "Fixpoint" if recursive else "Definition"
            written.append((yield self._definition(definition, keyword, positions.get(definition.name))))
        documented = self._documented(definitions[0])
        return concat(documented, *before, joined(HARD, written), ".")

    def _definition(self, definition: Definition, keyword: str, decreasing: int | None) -> Deep[Doc]:
        notes = annotate(self.program, definition)
        self._enter(definition.parameters, (definition.body,), definition.scheme.variables, notes)
        types, result = arguments_and_result(definition.scheme.type, len(definition.parameters))
        binders: list[str] = []
        if definition.scheme.variables:
            binders.append(f"{{{' '.join(self.here.variables[v] for v in definition.scheme.variables)} : Type}}")
        binders += [f"`{{Eqb {self.here.variables[v]}}}" for v in definition.scheme.variables if v in definition.scheme.equality]
        binders += self._binders(definition.parameters, types, decreasing)
        if decreasing is not None:
            binders.append(f"{{struct {self.here.names[definition.parameters[decreasing]]}}}")
        binders.append(f": {self.type(result, self.here.variables)} :=")
        head = nest(4, fill("", [f"{keyword} {self.values[definition.name]}", *binders]))
        documented = self._documented(definition) if keyword == "with" else ""
        body = yield self.term(definition.body)
        return group(documented, head, nest(2, LINE, body))

    def _enter(self, names: Sequence[str], bodies: Sequence[core.Term], quantified: Sequence[str], notes: Annotations) -> None:
        """Choose identifiers for what is bound in a definition, or on one side of an example."""
        inside = list(core.terms_in(*bodies))
        variables = identifiers(quantified, _upper, self.taken)
        local = [v for scheme in notes.polymorphic.values() for v in scheme.variables]
        variables |= identifiers(local, lambda _: "A", self.taken.union(variables.values()))
        called = {self.values[at.name] for at in inside if isinstance(at, core.Global)}
        taken = _TAKEN.union(self.constructors.values(), called, variables.values())
        chosen: dict[str, str] = {}
        for body in bodies:
            chosen |= local_identifiers(names, body, str, taken, hiding=True)
        self.here = _Here(chosen, variables, variables_used(*bodies), notes)
        self.equated.extend(notes.equated)

    def _binders(self, names: Sequence[str], types: Sequence[Type], needed: int | None = None) -> list[str]:
        """Parameters with their types, those of one type that stand together in one pair of parentheses."""
        rows: list[tuple[list[str], Type]] = []
        for index, (name, type) in enumerate(zip(names, types, strict=True)):
            shown = self.here.names[name] if name in self.here.used or index == needed or core.spelled(name) != "_" else "_"
            if rows and rows[-1][1] == type:
                rows[-1][0].append(shown)
            else:
                rows.append(([shown], type))
        return [f"({' '.join(row)} : {self.type(type, self.here.variables)})" for row, type in rows]

    def example(self, example: Example) -> Deep[Doc]:
        notes = annotate_example(self.program, example)
        self._enter((), (example.left, example.right), (), notes)
        left = yield self.term(example.left, COMPARISON + 1)
        right = yield self.term(example.right, COMPARISON + 1)
        self.examples += 1
        name = fresh_identifier(f"example_{self.examples}", self.taken)
        self.taken |= {name}
        statement = group(f"Example {name} :", nest(2, LINE, group(left, LINE, "= ", right), "."))
        return concat(statement, HARD, "Proof. vm_compute. reflexivity. Qed.")

    def _documented(self, declared: Definition | Datatype) -> Doc:
        if not declared.documentation:
            return ""
        return concat("(** ", align(joined(HARD, paragraphs(_comment(declared.documentation)))), " *)", HARD)

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
            doc = self._variable(at, level)
        elif isinstance(at, core.Global):
            doc = self.values[at.name]
        elif isinstance(at, core.Literal):
            doc = self._literal(at.value, level > NEGATION)
        elif isinstance(at, core.Construct):
            doc = yield self._construct(at, level)
        elif isinstance(at, core.Apply):
            doc = yield self._application((yield self.term(at.function, APPLICATION)), at.arguments, level)
        elif isinstance(at, core.Primitive):
            doc = yield self._primitive(at, level)
        elif isinstance(at, core.Lambda):
            types = [self.here.notes.variables[p] for p in at.parameters]
            binders = self._binders(at.parameters, types)
            shown = binders[0][1:-1] if len(binders) == 1 else " ".join(binders)
            body = yield self.term(at.body)
            doc = _wrapped(group(f"fun {shown} =>", nest(2, LINE, body)), level > OPEN)
        elif isinstance(at, core.If):
            doc = yield self._if(at, level)
        else:
            doc = yield (self._match(at) if isinstance(at, core.Match) and not self._is_let(at) else self._lets(at, level))
        return doc

    def _variable(self, at: core.Local, level: int) -> Doc:
        types = self.here.notes.arguments.get(id(at))
        name = self.here.names[at.name]
        if types is None:
            return name
        scheme = self.here.notes.polymorphic[at.name]
        given = [_in_type_scope(self.type(type, self.here.variables, 3)) for type in types]
        return _wrapped(" ".join([name, *given, *["_"] * len(scheme.equality)]), level > APPLICATION)

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
            doc = _row("(", items, ",", ")")
        elif not at.fields:
            doc = self.constructors[at.constructor]
        else:
            doc = yield self._application(self.constructors[at.constructor], at.fields, level)
        return doc

    def _list(self, at: core.Construct, level: int) -> Deep[Doc]:
        items, rest = list_of_terms(at)
        docs: list[Doc] = []
        ascribed = self.here.notes.ascribed.get(id(end_of_list(at)))
        for item in items:
            docs.append((yield self.term(item, OPERAND if rest is None else APPEND + 1)))
        if rest is None and (ascribed is None or not items):
            return _row("[", docs, ";", "]")
        docs.append((yield self.term(end_of_list(at), APPEND)))
        return _wrapped(group(joined(concat(" ::", LINE), docs)), level > APPEND)

    def _primitive(self, at: core.Primitive, level: int) -> Deep[Doc]:
        doc: Doc
        operands = at.operands
        type = self.here.notes.operands.get(id(at))
        if at.operator == "not":
            doc = yield self._application("negb", operands, level)
        elif at.operator == "negate":
            doc = _wrapped(concat("- ", (yield self.term(operands[0], NEGATION + 1))), level > NEGATION)
        elif at.operator == "!=":
            equal = yield self._infix(self._equal(type), COMPARISON, operands, OPEN)
            doc = _wrapped(group("negb (", align(equal), ")"), level > APPLICATION)
        elif at.operator == "==":
            doc = yield self._infix(self._equal(type), COMPARISON, operands, level)
        elif type == CHAR:
            function = f"{'N' if self.wide else 'Ascii'}.{'ltb' if len(at.operator) == 1 else 'leb'}"
            doc = yield self._application(function, operands if at.operator[0] == "<" else operands[::-1], level)
        else:
            symbol, own = _INFIX[at.operator]
            doc = yield self._infix(symbol, own, operands_in_a_row(at), level)
        return doc

    def _equal(self, type: Type | None) -> str:
        if type == INT:
            return "=?"
        assert type is not None
        self.equated.append(type)
        return "=="

    def _infix(self, symbol: str, own: int, operands: Sequence[core.Term], level: int) -> Deep[Doc]:
        first = own + 1 if own in (COMPARISON, APPEND, REMAINDER) else own
        docs: list[Doc] = []
        for index, operand in enumerate(operands):
            wanted = own if own == APPEND and index == len(operands) - 1 else own + 1 if index else first
            docs.append((yield self.term(operand, PRODUCT + 1 if own == REMAINDER else wanted)))
        return _wrapped(group(joined(concat(f" {symbol}", LINE), docs)), level > own)

    def _if(self, at: core.If, level: int) -> Deep[Doc]:
        out: list[Doc] = []
        rest: core.Term = at
        while isinstance(rest, core.If):
            condition = yield self.term(rest.condition, OPERAND)
            consequent = yield self.term(rest.consequent, OPERAND)
            out.extend([group("if ", align(condition)), LINE, "then ", align(consequent), LINE, "else "])
            rest = rest.alternative
        out.append(align((yield self.term(rest))))
        return _wrapped(group(*out), level > OPEN)

    def _is_let(self, at: core.Match) -> bool:
        return len(at.scrutinees) == 1 and as_lets(at, self.program) is not None

    def _lets(self, at: core.Term, level: int) -> Deep[Doc]:
        """``let``s one after the other, and what they are for."""
        bindings: list[Doc] = []
        while True:
            if isinstance(at, core.Let):
                bindings.append((yield self._binding(at)))
                at = at.body
            elif isinstance(at, core.Match) and self._is_let(at):
                pattern = at.arms[0].patterns[0]
                quote = "'" if isinstance(pattern, core.Built | core.Alias) else ""
                head = concat(f"let {quote}", (yield self.pattern(pattern, ATOM)))
                bindings.append(group(head, " :=", nest(2, LINE, (yield self.term(at.scrutinees[0]))), " in"))
                at = at.arms[0].body
            else:
                break
        inside = yield self.term(at)
        return _wrapped(concat(joined(HARD, bindings), HARD, inside), level > OPEN)

    def _binding(self, let: core.Let) -> Deep[Doc]:
        binders: list[str] = []
        scheme = self.here.notes.polymorphic.get(let.name)
        if scheme is not None:
            names = [self.here.variables[v] for v in scheme.variables]
            binders = [f"({' '.join(names)} : Type)"]
            binders += [f"(_ : Eqb {n})" for n, v in zip(names, scheme.variables, strict=True) if v in scheme.equality]
        bound, result = let.bound, self.here.notes.variables[let.name]
        if isinstance(bound, core.Lambda):
            types, result = arguments_and_result(result, len(bound.parameters))
            binders += self._binders(bound.parameters, types)
            bound = bound.body
        if scheme is not None:
            binders.append(f": {self.type(result, self.here.variables)}")
        head = nest(4, fill("", [f"let {self.here.names[let.name]}", *binders, ":="]))
        return group(head, nest(2, LINE, (yield self.term(bound))), " in")

    def _match(self, at: core.Match) -> Deep[Doc]:
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
        return concat("match ", joined(", ", scrutinees), " with", HARD, joined(HARD, arms), HARD, "end")

    # Patterns

    def pattern(self, at: core.Pattern, level: int) -> Deep[Doc]:
        if isinstance(at, core.Bind):
            return self.here.names[at.name]
        if isinstance(at, core.Ignore):
            return "_"
        if isinstance(at, core.Exactly):
            return self._literal(at.value, level > OPEN)
        if isinstance(at, core.Alias):
            inside = yield self.pattern(at.pattern, ATOM)
            return concat("(", inside, f" as {self.here.names[at.name]})")
        docs: list[Doc] = []
        if at.constructor in (CONS, NIL):
            items, rest = list_of_patterns(at)
            for item in items:
                docs.append((yield self.pattern(item, OPERAND if rest is None else APPEND + 1)))
            if rest is None:
                return _row("[", docs, ";", "]")
            docs.append((yield self.pattern(rest, APPEND)))
            return _wrapped(group(joined(concat(" ::", LINE), docs)), level > APPEND)
        for field in at.fields:
            docs.append((yield self.pattern(field, OPERAND if at.constructor == TUPLE else ATOM)))
        if at.constructor == TUPLE:
            return _row("(", docs, ",", ")")
        return _wrapped(joined(" ", [self.constructors[at.constructor], *docs]), bool(docs) and level > OPERAND)

    def _literal(self, value: int | str, in_parentheses: bool) -> str:
        if isinstance(value, int):
            return f"({digits_of(value)})" if value < 0 and in_parentheses else digits_of(value)
        if self.wide:
            shown = f" (* {value} *)" if value.isprintable() and value not in '"*() ' else ""
            return f"{ord(value)}%N{shown}"
        return f'"{value}"' if " " <= value <= "~" and value != '"' else '""""' if value == '"' else f'"{ord(value):03}"'


def _upper(name: str) -> str:
    return name[0].upper() + name[1:]


def _wrapped(doc: Doc, needed: bool) -> Doc:
    return concat("(", align(doc), ")") if needed else doc


def _row(opening: str, items: Sequence[Doc], separator: str, closing: str) -> Doc:
    return group(opening, align(fill(separator, items)), closing)


def _lines(text: str) -> Doc:
    return joined(HARD, text.split("\n"))


def _in_type_scope(type: str) -> str:
    return f"{type}%type" if type.startswith("(") else type


def _longest(datatypes: Sequence[Datatype]) -> tuple[str, ...]:
    return max((d.parameters for d in datatypes), key=len)


def _comment(text: str) -> str:
    """Text that can stand in a comment, where Coq reads strings too."""
    if text.count('"') % 2:
        text = text.replace('"', "''")
    return text.replace("(*", "( *").replace("*)", "* )")
