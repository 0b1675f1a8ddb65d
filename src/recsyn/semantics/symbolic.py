"""Evaluation of terms with unknowns in them.

Everything is reduced as far as it goes (β, ι, ζ, ``if``, the operators, unfolding), and what hangs on an unknown is suspended: a
variable that nothing is known of yet, or a call that is not to be unfolded yet. The result is a graph, whose shared parts are
evaluated once; when an unknown becomes known, only what waited for it is evaluated further. Nothing is evaluated under ``fn`` or in
a branch not yet chosen.

A call stays a call while the matches at the root of its body hang on an unknown that it was given. Lists joined by ``++`` are kept
right-nested, and a function that is defined like ``++`` is taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeAlias

from recsyn.lang import core
from recsyn.lang.printer import FunctionTerm
from recsyn.lang.program import Definition, Program
from recsyn.lang.source import Span
from recsyn.lang.stackless import Deep, run
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.semantics.reference import FunctionValue, Reference
from recsyn.values import CONS, NIL, TRUE, Datum, Value, to_list

NOWHERE = Span(0, 0)

Node: TypeAlias = Any
"""What a term has come to: a datum, :class:`Built`, :class:`Closure`, :class:`Named` or :class:`Suspended`."""
Scope: TypeAlias = dict[str, Node]


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A constructor over nodes that are not all data."""

    constructor: str
    fields: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """A ``fn`` that waits for its arguments, and what its body sees."""

    parameters: tuple[str, ...]
    body: core.Term
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """A function of the program that waits for more arguments than it holds."""

    name: str
    held: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A variable. A ``register`` holds an atom that is known when the result is used, and different from those in ``unequal``."""

    name: str
    register: bool = False
    unequal: frozenset[Datum] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Calling:
    """A call of a function of the program, or of a node."""

    function: str | Node
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choosing:
    """A match, an ``if``, ``&&`` or ``||`` whose scrutinees do not decide yet."""

    term: core.Match | core.If | core.Primitive
    scope: Scope
    scrutinees: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Operating:
    operator: str
    operands: tuple[Node, ...]


@dataclass(slots=True, eq=False)
class Suspended:
    """What cannot be evaluated yet, until ``content`` takes its place at the time ``since``. ``needs`` is what it waits for."""

    form: Unknown | Calling | Choosing | Operating
    serial: int
    needs: Suspended | None = None
    content: Node = None
    since: int = 0
    due: int = -1
    """The time at which a call is unfolded, where that is known already."""
    waiting: list[Suspended] = field(default_factory=list)


def seen(node: Node) -> Node:
    """The node itself, or what took its place."""
    while isinstance(node, Suspended) and node.content is not None:
        node = node.content
    return node


class Evaluation:
    """One graph over a program. ``kept`` are the functions whose calls are not unfolded here but collected in ``calls``;
    ``unfolding`` is told of every function that is unfolded, and may raise."""

    def __init__(
        self, program: Program, reference: Reference, kept: Collection[str], unfolding: Callable[[Definition], None]
    ) -> None:
        self.program = program
        self.kept = frozenset(kept)
        self.calls: list[Suspended] = []
        self._unfolding = unfolding
        self._serial = 0
        self._hung: list[tuple[Suspended, Suspended]] = []
        self._constants: dict[str, Node] = {}
        self._appends = {name for name, d in program.definitions.items() if name not in self.kept and _is_append(d)}
        self._reference = reference

    def unknown(self, form: Unknown) -> Suspended:
        return self._suspended(form, None)

    def _suspended(self, form: Unknown | Calling | Choosing | Operating, needs: Suspended | None) -> Suspended:
        self._serial += 1
        made = Suspended(form, self._serial)
        if needs is not None:
            self._wait(made, needs)
        return made

    def _wait(self, node: Suspended, needs: Suspended) -> None:
        node.needs = needs
        needs.waiting.append(node)
        self._hung.append((needs, node))

    def evaluate(self, term: core.Term, scope: Scope) -> Deep[Node]:
        """The node of a term in a scope, which may be extended with the variables that the term binds."""
        while True:
            if isinstance(term, core.Local):
                return seen(scope[term.name])
            if isinstance(term, core.Literal):
                return (yield self.evaluate(term.value.term, scope)) if isinstance(term.value, FunctionTerm) else term.value
            if isinstance(term, core.Construct):
                fields = []
                for part in term.fields:
                    fields.append((yield self.evaluate(part, scope)))
                return built(term.constructor, fields)
            if isinstance(term, core.Lambda):
                return Closure(term.parameters, term.body, scope)
            if isinstance(term, core.Global):
                if self.program.definitions[term.name].parameters:
                    return Named(term.name)
                return (yield self._constant(term.name))
            if isinstance(term, core.Apply):
                function = yield self.evaluate(term.function, scope)
                arguments = []
                for part in term.arguments:
                    arguments.append((yield self.evaluate(part, scope)))
                return (yield self.apply(function, tuple(arguments)))
            if isinstance(term, core.Let):
                scope = _extended(scope, {term.name: (yield self.evaluate(term.bound, scope))})
                term = term.body
                continue
            if isinstance(term, core.Primitive) and term.operator not in ("&&", "||"):
                operands = []
                for part in term.operands:
                    operands.append((yield self.evaluate(part, scope)))
                return self._operated(Operating(term.operator, tuple(operands)))
            scrutinees = []
            for part in _decisive(term):
                scrutinees.append((yield self.evaluate(part, scope)))
            choice = Choosing(term, scope, tuple(scrutinees))
            chosen = _chosen(choice)
            if isinstance(chosen, Suspended):
                return self._suspended(choice, chosen)
            term, scope = chosen

    def _constant(self, name: str) -> Deep[Node]:
        if name not in self._constants:
            self._constants[name] = yield self._call(name, ())
        return seen(self._constants[name])

    def apply(self, function: Node, arguments: tuple[Node, ...]) -> Deep[Node]:
        """The node of a function applied to some arguments, however many it takes."""
        while arguments:
            function = seen(function)
            if isinstance(function, Named):
                held = (*function.held, *arguments)
                count = len(self.program.definitions[function.name].parameters)
                if len(held) < count:
                    return Named(function.name, held)
                function, arguments = (yield self._call(function.name, held[:count])), held[count:]
            elif isinstance(function, Closure):
                count = len(function.parameters)
                scope = {**function.scope, **dict(zip(function.parameters, arguments, strict=False))}
                if len(arguments) < count:
                    return Closure(function.parameters[len(arguments) :], function.body, scope)
                function, arguments = (yield self.evaluate(function.body, scope)), arguments[count:]
            elif isinstance(function, Suspended):
                return self._suspended(Calling(function, arguments), function)
            else:
                data = [self._datum(a) for a in arguments]
                open_one = next((d for d in data if isinstance(d, Suspended)), None)
                if open_one is not None:
                    return self._suspended(Calling(function, arguments), open_one)
                function, arguments = self._reference.apply(function, tuple(data)), ()
        return seen(function)

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Deep[Node]:
        if name in self.kept:
            kept = self._suspended(Calling(name, arguments), None)
            self.calls.append(kept)
            return kept
        if name in self._appends:
            return self._joined(*arguments)
        unfolded = yield self.unfolded(name, arguments)
        return self._suspended(Calling(name, arguments), unfolded.on) if isinstance(unfolded, Waiting) else unfolded

    def unfolded(self, name: str, arguments: tuple[Node, ...]) -> Deep[Node | Waiting]:
        """The body of a function on these arguments, or what the call waits for. A call that waits leaves nothing behind."""
        definition = self.program.definitions[name]
        self._unfolding(definition)
        serial, calls, hung, constants = self._serial, len(self.calls), len(self._hung), len(self._constants)
        node = yield self.evaluate(definition.body, dict(zip(definition.parameters, arguments, strict=True)))
        on = self._held_up(node, serial, arguments)
        if on is None:
            return node
        del self.calls[calls:]
        while len(self._constants) > constants:
            self._constants.popitem()
        while len(self._hung) > hung:
            needs, one = self._hung.pop()
            assert needs.waiting.pop() is one
        return Waiting(on)

    def _held_up(self, node: Node, serial: int, arguments: tuple[Node, ...]) -> Suspended | None:
        """What is older than the call and holds up the choice at the root of its body. A register holds up only a call that no
        other unknown goes into, since such a call has a value whenever the registers have."""
        if not (isinstance(node, Suspended) and isinstance(node.form, Choosing)):
            return None
        at: Suspended = node
        while at.serial > serial:
            needs = seen(at.needs)
            if not isinstance(needs, Suspended):
                return None
            at = needs
        # What is needed may be known by now, where its turn to be resumed has only not come yet.
        end, further = at, seen(at.needs)
        while isinstance(further, Suspended):
            end, further = further, seen(further.needs)
        if isinstance(end.form, Unknown) and end.form.register and any(self.unread(a) for a in arguments):
            return None
        return at

    def unread(self, *nodes: Node) -> bool:
        """Whether there is an unknown in nodes other than registers."""
        stack, done = list(nodes), set()
        while stack:
            at = seen(stack.pop())
            if id(at) in done:
                continue
            done.add(id(at))
            if isinstance(at, Suspended) and isinstance(at.form, Unknown) and not at.form.register:
                return True
            stack.extend(_inside(at))
        return False

    def resumed(self, node: Suspended) -> Deep[Node | None]:
        """What a suspended node has come to now that what it needed is known; ``None`` where it needs something else."""
        form = node.form
        if isinstance(form, Choosing):
            chosen = _chosen(form)
            if isinstance(chosen, Suspended):
                self._wait(node, chosen)
                return None
            return (yield self.evaluate(*chosen))
        if isinstance(form, Operating):
            return self._operated(form)
        assert isinstance(form, Calling)
        if not isinstance(form.function, str):
            return (yield self.apply(form.function, form.arguments))
        unfolded = yield self.unfolded(form.function, form.arguments)
        if isinstance(unfolded, Waiting):
            self._wait(node, unfolded.on)
            return None
        return unfolded

    def wait(self, node: Suspended, on: Suspended) -> None:
        """Have a call wait for what its unfolding waits for."""
        self._wait(node, on)

    def settled(self) -> None:
        """Between two evaluations: nothing can be taken back any more."""
        self._hung.clear()

    def _operated(self, form: Operating) -> Node:
        if form.operator == "++":
            return self._joined(*form.operands)
        data = [self._datum(o) for o in form.operands]
        open_one = next((d for d in data if isinstance(d, Suspended)), None)
        if open_one is not None:
            return self._suspended(form, open_one)
        operation: Any = BINARY[form.operator] if len(data) == 2 else UNARY[form.operator]
        return operation(*data)

    def _joined(self, left: Node, right: Node) -> Node:
        """``left ++ right``, items before joins and joins nested to the right."""
        right = seen(right)
        if isinstance(right, Value) and right.constructor == NIL:
            return seen(left)
        parts: list[tuple[Node, bool]] = []
        waiting = [left]
        while waiting:
            at = seen(waiting.pop())
            if isinstance(at, Suspended) and isinstance(at.form, Operating) and at.form.operator == "++":
                waiting.extend(reversed(at.form.operands))
            elif isinstance(at, Built):
                parts.append((at.fields[0], True))
                waiting.append(at.fields[1])
            elif isinstance(at, Suspended):
                parts.append((at, False))
            else:
                parts.extend((item, True) for item in to_list(at))
        for part, item in reversed(parts):
            if item:
                right = built(CONS, [part, right])
            else:
                empty = isinstance(right, Value) and right.constructor == NIL
                right = part if empty else self._suspended(Operating("++", (part, right)), part)
        return right

    def _datum(self, node: Node) -> Datum | Suspended:
        """The datum that a node is, or what in it is still open."""
        node = seen(node)
        if isinstance(node, Closure | Named):
            return self._reference.evaluate(told_apart(term_of(node)))
        if not isinstance(node, Built):
            return node
        results: list[Datum] = []
        stack: list[tuple[Node, bool]] = [(node, False)]
        while stack:
            at, ready = stack.pop()
            at = seen(at)
            if isinstance(at, Suspended):
                return at
            if ready:
                first = len(results) - len(at.fields)
                results[first:] = [Value(at.constructor, tuple(results[first:]))]
            elif isinstance(at, Built):
                stack.append((at, True))
                stack.extend((f, False) for f in reversed(at.fields))
            else:
                results.append(self._datum(at))
        return results[0]


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """A call cannot be unfolded yet: it waits for this."""

    on: Suspended


def built(constructor: str, fields: Sequence[Node]) -> Node:
    """A constructor over nodes: a datum where they all are."""
    fields = tuple(seen(f) for f in fields)
    if any(isinstance(f, Built | Closure | Named | Suspended) for f in fields):
        return Built(constructor, fields)
    return Value(constructor, fields)


def _decisive(term: core.Term) -> Sequence[core.Term]:
    """What decides which part of a choice is taken."""
    if isinstance(term, core.Match):
        return term.scrutinees
    return core.children(term)[:1]


def _extended(scope: Scope, bound: Scope) -> Scope:
    """A scope with more variables: itself, but where it has some of these names. Within a definition no two binders have one name,
    but a term read back from a graph holds copies of definitions."""
    if scope.keys().isdisjoint(bound):
        scope.update(bound)
        return scope
    return {**scope, **bound}


def _chosen(choice: Choosing) -> tuple[core.Term, Scope] | Suspended:
    """The part of a choice that is taken, and its scope, or what that hangs on."""
    term = choice.term
    if isinstance(term, core.Match):
        for arm in term.arms:
            bound: Scope = {}
            hanging = _matching(arm.patterns, choice.scrutinees, bound)
            if isinstance(hanging, Suspended):
                return hanging
            if hanging:
                return arm.body, _extended(choice.scope, bound)
        raise AssertionError("a checked match covers every value")
    first = seen(choice.scrutinees[0])
    if isinstance(first, Suspended):
        return first
    if isinstance(term, core.If):
        return (term.consequent if first == TRUE else term.alternative), choice.scope
    decided = (first == TRUE) == (term.operator == "||")
    return (core.Literal(first, term.span) if decided else term.operands[1]), choice.scope


def _matching(patterns: Sequence[core.Pattern], scrutinees: Sequence[Node], bound: Scope) -> bool | Suspended:
    """Whether the patterns match, or what that hangs on. A part that does not match decides whatever the others hang on."""
    hanging: Suspended | None = None
    stack = list(zip(patterns, scrutinees, strict=True))
    stack.reverse()
    while stack:
        pattern, node = stack.pop()
        node = seen(node)
        if isinstance(pattern, core.Alias):
            bound[pattern.name] = node
            stack.append((pattern.pattern, node))
        elif isinstance(pattern, core.Bind):
            bound[pattern.name] = node
        elif isinstance(pattern, core.Ignore):
            continue
        elif isinstance(node, Suspended):
            literal = isinstance(pattern, core.Exactly) and isinstance(node.form, Unknown)
            if literal and pattern.value in node.form.unequal:  # type: ignore[union-attr]
                return False
            hanging = hanging or node
        elif isinstance(pattern, core.Exactly):
            if node != pattern.value:
                return False
        elif node.constructor != pattern.constructor:
            return False
        else:
            stack.extend(reversed(list(zip(pattern.fields, node.fields, strict=True))))
    return hanging or True


def _is_append(definition: Definition) -> bool:
    """Whether a function is written as ``match xs with [] => ys | x :: rest => x :: append rest ys end``, up to names and the order
    of its cases."""
    body = definition.body
    if len(definition.parameters) != 2 or not isinstance(body, core.Match):
        return False
    left, right = definition.parameters
    if len(body.arms) != 2 or [_variable(s) for s in body.scrutinees] != [left]:
        return False
    arms = {arm.patterns[0].constructor: arm for arm in body.arms if isinstance(arm.patterns[0], core.Built)}
    if arms.keys() != {NIL, CONS} or _variable(arms[NIL].body) != right:
        return False
    pattern, step = arms[CONS].patterns[0], arms[CONS].body
    assert isinstance(pattern, core.Built)
    names = [f.name if isinstance(f, core.Bind) else None for f in pattern.fields]
    if not (isinstance(step, core.Construct) and step.constructor == CONS and None not in names):
        return False
    item, rest = step.fields
    return (
        _variable(item) == names[0]
        and isinstance(rest, core.Apply)
        and isinstance(rest.function, core.Global)
        and rest.function.name == definition.name
        and [_variable(a) for a in rest.arguments] == [names[1], right]
    )


def _variable(term: core.Term) -> str | None:
    return term.name if isinstance(term, core.Local) else None


def _inside(node: Node) -> Sequence[Node]:
    """The nodes directly inside of one that is no datum."""
    if isinstance(node, Built):
        return node.fields
    if isinstance(node, Named):
        return node.held
    if isinstance(node, Closure):
        return [node.scope[name] for name in core.free_in(node.body).difference(node.parameters)]
    if not isinstance(node, Suspended):
        return ()
    form = node.form
    if isinstance(form, Calling):
        return form.arguments if isinstance(form.function, str) else (form.function, *form.arguments)
    if isinstance(form, Operating):
        return form.operands
    if isinstance(form, Choosing):
        return (*form.scrutinees, *(form.scope[name] for name in core.free_in(form.term)))
    return ()


# Reading a graph back


def term_of(
    node: Node, time: int | None = None, call: Callable[[str, tuple[core.Term, ...]], core.Term] | None = None
) -> core.Term:
    """A node as a term, unknowns as variables in it; as it was at ``time``, where one is given. Calls that were unfolded at the
    next time are written by ``call``. What is shared in the graph is shared in the term."""
    return run(_Reading(time, call).term(node))


def told_apart(term: core.Term) -> core.Term:
    """The term with binders of different names, as the reference machine wants them: one that was read back from a graph may hold a
    part of a definition within another copy of it."""
    return run(_told_apart(term, {}, count()))


def _told_apart(term: core.Term, names: Mapping[str, str], numbers: Iterator[int]) -> Deep[core.Term]:
    if isinstance(term, core.Local):
        return core.Local(names.get(term.name, term.name), term.span)
    parts = []
    names_in = [
        {**names, **{name: f"{core.spelled(name)}#{next(numbers)}" for name in sorted(bound)}} if bound else names
        for bound in core.bound_in_children(term)
    ]
    for part, inside in zip(core.children(term), names_in, strict=True):
        parts.append((yield _told_apart(part, inside, numbers)))
    if isinstance(term, core.Lambda):
        return core.Lambda(tuple(names_in[0][name] for name in term.parameters), parts[0], term.span)
    if isinstance(term, core.Let):
        return core.Let(names_in[1][term.name], parts[0], parts[1], term.span)
    if isinstance(term, core.Match):
        count = len(term.scrutinees)
        arms = (
            core.Arm(tuple([run(_renamed(p, inside)) for p in arm.patterns]), body, arm.span)
            for arm, inside, body in zip(term.arms, names_in[count:], parts[count:], strict=True)
        )
        return core.Match(tuple(parts[:count]), tuple(arms), term.span)
    return core.with_children(term, tuple(parts)) if parts else term


def _renamed(pattern: core.Pattern, names: Mapping[str, str]) -> Deep[core.Pattern]:
    if isinstance(pattern, core.Bind):
        return core.Bind(names[pattern.name])
    if isinstance(pattern, core.Alias):
        return core.Alias((yield _renamed(pattern.pattern, names)), names[pattern.name])
    if isinstance(pattern, core.Built):
        fields = []
        for field in pattern.fields:
            fields.append((yield _renamed(field, names)))
        return core.Built(pattern.constructor, tuple(fields))
    return pattern


class _Reading:
    def __init__(self, time: int | None, call: Callable[[str, tuple[core.Term, ...]], core.Term] | None) -> None:
        self.time = time
        self.call = call
        self.done: dict[int, core.Term] = {}

    def term(self, node: Node) -> Deep[core.Term]:
        while isinstance(node, Suspended) and node.content is not None and (self.time is None or node.since <= self.time):
            node = node.content
        if not isinstance(node, Built | Closure | Named | Suspended):
            return core.Literal(node, NOWHERE)
        if id(node) not in self.done:
            self.done[id(node)] = yield self._read(node)
        return self.done[id(node)]

    def terms(self, nodes: Sequence[Node]) -> Deep[tuple[core.Term, ...]]:
        read = []
        for node in nodes:
            read.append((yield self.term(node)))
        return tuple(read)

    def _read(self, node: Node) -> Deep[core.Term]:
        if isinstance(node, Built):
            fields = yield self.terms(node.fields)
            if all(isinstance(f, core.Literal) and _plain(f.value) for f in fields):
                return core.Literal(Value(node.constructor, tuple(f.value for f in fields)), NOWHERE)
            return core.Construct(node.constructor, fields, NOWHERE)
        if isinstance(node, Closure):
            read: core.Term = yield self._closed(core.Lambda(node.parameters, node.body, NOWHERE), node.scope)
            return read
        if isinstance(node, Named):
            held = yield self.terms(node.held)
            named = core.Global(node.name, NOWHERE)
            return core.Apply(named, held, NOWHERE) if held else named
        form = node.form
        if isinstance(form, Unknown):
            return core.Local(form.name, NOWHERE)
        if isinstance(form, Operating):
            return core.Primitive(form.operator, (yield self.terms(form.operands)), NOWHERE)
        if isinstance(form, Calling):
            arguments = yield self.terms(form.arguments)
            if not isinstance(form.function, str):
                return core.Apply((yield self.term(form.function)), arguments, NOWHERE)
            if self.call and self.time is not None and node.due == self.time + 1:
                return self.call(form.function, arguments)
            function = core.Global(form.function, NOWHERE)
            return core.Apply(function, arguments, NOWHERE) if arguments else function
        assert isinstance(form, Choosing)
        scrutinees = yield self.terms(form.scrutinees)
        rest = yield self._parts(form.term, form.scope, len(scrutinees))
        return core.with_children(form.term, (*scrutinees, *rest))

    def _closed(self, term: core.Term, scope: Scope) -> Deep[core.Term]:
        """The term with what its scope holds for its free variables; the unknowns in that are named like no binder."""
        if isinstance(term, core.Local):
            return (yield self.term(scope[term.name])) if term.name in scope else term
        parts = yield self._parts(term, scope, 0)
        return core.with_children(term, parts) if parts else term

    def _parts(self, term: core.Term, scope: Scope, first: int) -> Deep[tuple[core.Term, ...]]:
        """What is directly inside a term, from one place on, closed."""
        parts = []
        for part, bound in list(zip(core.children(term), core.bound_in_children(term), strict=True))[first:]:
            hidden = bound & scope.keys()
            inner = {name: node for name, node in scope.items() if name not in hidden} if hidden else scope
            parts.append((yield self._closed(part, inner)))
        return tuple(parts)


def _plain(datum: Datum) -> bool:
    return isinstance(datum, int | str | Value | FunctionValue)
