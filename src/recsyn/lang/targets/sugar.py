"""What core has written out, as an author would write it: lists, texts, patterns for parameters, `let`; and what of a program is
worth writing."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from recsyn.lang import core
from recsyn.lang.program import Definition, Example, Program
from recsyn.lang.types import BUILTIN_DATATYPES, Datatype, type_names
from recsyn.values import CONS, NIL, TUPLE

Named: TypeAlias = tuple[core.Pattern, core.Term]
"""A pattern and the term whose value it takes apart."""


def list_of_terms(term: core.Term) -> tuple[list[core.Term], core.Term | None]:
    """The items at the front of a list, and what follows them: ``None`` where that is the empty list."""
    items: list[core.Term] = []
    while isinstance(term, core.Construct) and term.constructor == CONS:
        items.append(term.fields[0])
        term = term.fields[1]
    return items, None if isinstance(term, core.Construct) and term.constructor == NIL else term


def list_of_patterns(pattern: core.Pattern) -> tuple[list[core.Pattern], core.Pattern | None]:
    """The same of a pattern."""
    items: list[core.Pattern] = []
    while isinstance(pattern, core.Built) and pattern.constructor == CONS:
        items.append(pattern.fields[0])
        pattern = pattern.fields[1]
    return items, None if isinstance(pattern, core.Built) and pattern.constructor == NIL else pattern


def text_of(items: Sequence[core.Term | core.Pattern]) -> str | None:
    """The text that a list of characters spells; ``None`` for no characters and for anything else."""
    characters = [item.value for item in items if isinstance(item, core.Literal | core.Exactly) and isinstance(item.value, str)]
    return "".join(characters) if characters and len(characters) == len(items) else None


def irrefutable(pattern: core.Pattern, program: Program) -> bool:
    """Whether a pattern matches every value of its type, as can be seen from the pattern itself."""
    stack = [pattern]
    while stack:
        at = stack.pop()
        if isinstance(at, core.Alias):
            stack.append(at.pattern)
        elif isinstance(at, core.Built):
            if at.constructor != TUPLE and len(program.datatypes[program.constructors[at.constructor].datatype].constructors) > 1:
                return False
            stack.extend(at.fields)
        elif isinstance(at, core.Exactly):
            return False
    return True


def as_lets(match: core.Match, program: Program) -> list[Named] | None:
    """The patterns and scrutinees of a match whose only arm takes everything, which is a ``let``."""
    patterns = match.arms[0].patterns
    if len(match.arms) > 1 or not all(irrefutable(pattern, program) for pattern in patterns):
        return None
    return list(zip(patterns, match.scrutinees, strict=True))


def parameters(
    names: Sequence[str], body: core.Term, used: Container[str], program: Program
) -> tuple[list[core.Pattern], core.Term]:
    """A function's parameters as patterns, and its body without the matches that only take parameters apart. ``used`` are the
    variables that occur in the definition."""
    patterns: dict[str, core.Pattern] = {name: core.Bind(name) for name in names}
    unnamed = {name for name in names if core.spelled(name) == "_"}
    while isinstance(body, core.Match) and len(body.scrutinees) == len(body.arms) == 1:
        scrutinee, arm = body.scrutinees[0], body.arms[0]
        if not (isinstance(scrutinee, core.Local) and scrutinee.name in unnamed and irrefutable(arm.patterns[0], program)):
            break
        unnamed.remove(scrutinee.name)
        patterns[scrutinee.name] = arm.patterns[0]
        body = arm.body
    for name in unnamed:
        if name not in used:
            patterns[name] = core.Ignore()
    return list(patterns.values()), body


def chain(at: core.Primitive, joins: Callable[[core.Primitive], bool], to_the_right: bool) -> tuple[list[core.Term], list[str]]:
    """The operands of a row of operators that needs no parentheses, and the operators between them. ``joins`` says of an operator
    whether it belongs to the row where it stands on the side to which the row groups."""
    operands: list[core.Term] = []
    operators: list[str] = []
    rest: core.Term = at
    while isinstance(rest, core.Primitive) and (rest is at or joins(rest)):
        left, right = rest.operands
        operators.append(rest.operator)
        operands.append(left if to_the_right else right)
        rest = right if to_the_right else left
    operands.append(rest)
    return (operands, operators) if to_the_right else (operands[::-1], operators[::-1])


def proposition(example: Example) -> core.Term:
    """What an example says, as a term of type ``Bool``."""
    right = example.right
    if isinstance(right, core.Construct) and right.constructor == "True":
        return example.left
    if isinstance(right, core.Construct) and right.constructor == "False":
        return core.Primitive("not", (example.left,), example.span)
    return core.Primitive("==", (example.left, right), example.span)


def variables_used(*terms: core.Term) -> frozenset[str]:
    return frozenset(at.name for at in core.terms_in(*terms) if isinstance(at, core.Local))


def globals_used(*terms: core.Term) -> frozenset[str]:
    return frozenset(at.name for at in core.terms_in(*terms) if isinstance(at, core.Global))


def constructors_in(terms: Iterable[core.Term]) -> Iterator[str]:
    """The constructors that terms mention, in patterns too."""
    for at in core.terms_in(*terms):
        if isinstance(at, core.Construct):
            yield at.constructor
        elif isinstance(at, core.Match):
            stack = [pattern for arm in at.arms for pattern in arm.patterns]
            while stack:
                pattern = stack.pop()
                if isinstance(pattern, core.Alias):
                    stack.append(pattern.pattern)
                elif isinstance(pattern, core.Built):
                    yield pattern.constructor
                    stack.extend(pattern.fields)


def needed(program: Program) -> Program:
    """The program without what it imports and does not use."""
    sides = [side for example in program.examples for side in (example.left, example.right)]
    kept: set[str] = set(program.own)
    kept |= globals_used(*sides)
    for definition in reversed(list(program.definitions.values())):
        # What a definition uses comes before it, or in its group.
        if any(name in kept for name in definition.group):
            for name in _reached(definition.group, kept, program):
                kept |= globals_used(program.definitions[name].body)
    definitions = {name: d for name, d in program.definitions.items() if name in kept}

    datatypes = {
        meanings[0].name
        for written, meanings in program.names.types.items()
        if len(meanings) == 1 and meanings[0].module is None and "." not in written
    }
    mentioned = constructors_in([*sides, *(d.body for d in definitions.values())])
    stack = [*datatypes, *(program.constructors[c].datatype for c in mentioned if c != TUPLE)]
    stack += type_names(d.scheme.type for d in definitions.values())
    datatypes = set()
    while stack:
        name = stack.pop()
        if name in program.datatypes and name not in datatypes:
            datatypes.add(name)
            stack.extend(type_names(field for c in program.datatypes[name].constructors for field in c.fields))
    datatypes |= BUILTIN_DATATYPES.keys()
    return replace(program, datatypes={n: d for n, d in program.datatypes.items() if n in datatypes}, definitions=definitions)


def _reached(group: Sequence[str], kept: Container[str], program: Program) -> list[str]:
    """The functions of a group that those in ``kept`` need."""
    reached: dict[str, None] = {}
    stack = [name for name in group if name in kept]
    while stack:
        name = stack.pop()
        if name not in reached:
            reached[name] = None
            called = globals_used(program.definitions[name].body)
            stack.extend(other for other in group if other in called)
    return list(reached)


@dataclass(frozen=True)
class DefinitionGroup:
    """Functions defined together, and whether any of them mentions one of them."""

    definitions: tuple[Definition, ...]
    recursive: bool


def definition_groups(program: Program) -> list[DefinitionGroup]:
    """The definitions of a program by the groups that they stand in, in order."""
    members: dict[tuple[str, ...], list[Definition]] = {}
    for definition in program.definitions.values():
        members.setdefault(definition.group, []).append(definition)
    groups = []
    for group, definitions in members.items():
        mentioned = globals_used(*(d.body for d in definitions))
        groups.append(DefinitionGroup(tuple(definitions), not mentioned.isdisjoint(group)))
    return groups


def datatype_groups(program: Program) -> list[list[Datatype]]:
    """The datatypes that a program defines, in order, those that mention each other together."""
    defined = [datatype for datatype in program.datatypes.values() if datatype.name not in BUILTIN_DATATYPES]
    order = {datatype.name: index for index, datatype in enumerate(defined)}
    groups: list[list[Datatype]] = []
    furthest = -1
    for index, datatype in enumerate(defined):
        if index > furthest:
            groups.append([])
        groups[-1].append(datatype)
        mentioned = type_names(field for constructor in datatype.constructors for field in constructor.fields)
        furthest = max([furthest, index, *(order[name] for name in mentioned if name in order)])
    return groups


def delayed(group: DefinitionGroup) -> list[Definition]:
    """The constants of a group that cannot be evaluated where they stand: they need what comes later in the group, or may not
    end. Lambdas are not among them, since they are evaluated when they are applied."""
    return [
        d for d in group.definitions if not d.parameters and not isinstance(d.body, core.Lambda) and (d.partial or group.recursive)
    ]
