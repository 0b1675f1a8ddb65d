"""The abstract machine of any program: demand-driven evaluation, as far as the next piece of output needs it, with access to the
whole input at once. It reads a part of the input when a match or an operator looks at it; each such look is one update.

The control is the function whose body runs, the stack the calls that wait for it. Evaluation is by need (Launchbury 1993): what
is shared is evaluated once, so that no part is looked at twice for the same reason. Operands are evaluated from left to right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from recsyn.errors import RecsynError
from recsyn.lang import core
from recsyn.lang.program import Program
from recsyn.semantics.machine.transducer import Mark
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.semantics.reference import LIMIT, Reference, StepLimit
from recsyn.semantics.symbolic import NOWHERE
from recsyn.values import CONS, NIL, TRUE, Datum, Value, boolean, postorder, preorder

Node: TypeAlias = Any
"""A datum, :class:`Place`, :class:`Built`, :class:`Delayed` or a function."""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A part of the input that was not looked at yet, and where it begins; of an input that nobody has given yet, without value."""

    value: Datum | None
    position: int


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    constructor: str
    fields: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """The variables of a body in one call, and the function whose body it is."""

    owner: str
    names: dict[str, Node]


@dataclass(slots=True, eq=False)
class Delayed:
    """A term that is evaluated when it is needed, once."""

    term: core.Term | None
    scope: Scope | None
    node: Node = None


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    parameters: tuple[str, ...]
    body: core.Term
    scope: Scope


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    name: str
    held: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at the input: where, at what, in which call and by which term there (none where it is put out as it is), with what
    waiting below, and how much had been put out before."""

    position: int
    datum: Datum | None
    scope: Scope | None
    site: core.Term | None
    stack: Stack
    put_out: int


class Unread(Exception):
    """An input that nobody has given yet would be looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """What is done with a node once it is known, and the call that waits for it; none where nothing but sharing does."""

    scope: Scope | None
    resume: Callable[[Node], Step]


Task: TypeAlias = tuple[core.Term | None, Any]
"""A term to evaluate and its scope, or none and a node that is needed."""
Step: TypeAlias = tuple[Task, Frame | None]
"""What is evaluated next, and what is then done with it, if not what was waiting already."""
Stack: TypeAlias = "tuple[Frame, Stack] | None"


class Demand:
    """One evaluation, driven by its output. Where inputs are ``None`` it goes as far as the first look, which raises
    :class:`Unread`."""

    def __init__(self, program: Program, reference: Reference, inputs: Sequence[Datum | None]) -> None:
        self.looks: list[Look] = []
        self.out: list[Mark | Datum] = []
        self.length = 0
        self.places: list[Place] = []
        self._program = program
        self._reference = reference
        self._sizes: dict[int, int] = {}
        self._left = LIMIT
        for datum in inputs:
            self._measure(datum)
            self.places.append(Place(datum, self.length))
            self.length += self._size(datum)

    def run(self, owner: str, term: core.Term, parts: Mapping[str, Place], listed: bool) -> None:
        """Evaluate a term over the input and put its value out: the items of a list one after another, where it is to be listed,
        else in prefix order. What the term itself looks at counts as looked at by its owner."""
        waiting: list[tuple[bool, Node]] = [(listed, Delayed(term, Scope(owner, dict(parts))))]
        while waiting:
            items, node = waiting.pop()
            node = self._forced(node)
            if isinstance(node, Place):
                node = self._looked_at(node, None, None, None)
            if isinstance(node, Value):
                node = Built(node.constructor, node.fields)
            if not isinstance(node, Built):
                self.out.append(node)
                continue
            if not items:
                self.out.append(Mark(node.constructor, len(node.fields)))
            flags = (False, True) if items else (False,) * len(node.fields)
            waiting.extend(reversed(list(zip(flags, node.fields, strict=False))))

    # The input

    def _measure(self, root: Datum | None) -> None:
        for node in postorder(root) if isinstance(root, Value) else ():
            self._sizes[id(node)] = 1 + sum(map(self._size, node.fields))

    def _size(self, datum: Datum | None) -> int:
        return self._sizes[id(datum)] if isinstance(datum, Value) else 1

    def _look(self, position: int, datum: Datum | None, scope: Scope | None, site: core.Term | None, stack: Stack) -> None:
        self.looks.append(Look(position, datum, scope, site, stack, len(self.out)))
        if datum is None:
            raise Unread

    def _looked_at(self, place: Place, scope: Scope | None, site: core.Term | None, stack: Stack) -> Node:
        """The constructor or the atom that stands in a place."""
        datum = place.value
        self._look(place.position, datum, scope, site, stack)
        if not isinstance(datum, Value):
            return datum
        fields, position = [], place.position + 1
        for field in datum.fields:
            fields.append(Place(field, position))
            position += self._size(field)
        return Built(datum.constructor, tuple(fields))

    # Evaluation

    def _forced(self, node: Node) -> Node:
        """The node evaluated as far as its constructor."""
        stack: Stack = None
        task: Task = None, node
        while True:
            term, scope = task
            if term is not None:
                task, frame = self._evaluated(term, scope, stack)
            else:
                node = _known(scope)
                if isinstance(node, Delayed):
                    task, frame = (node.term, node.scope), Frame(None, _kept_in(node))
                    node.term = node.scope = None
                elif stack is None:
                    return node
                else:
                    waiting, stack = stack
                    task, frame = waiting.resume(node)
            if frame is not None:
                stack = frame, stack

    def _evaluated(self, term: core.Term, scope: Scope, stack: Stack) -> Step:
        if isinstance(term, core.Let):
            scope.names[term.name] = self._delayed(term.bound, scope)
            return (term.body, scope), None
        if isinstance(term, core.Apply):
            arguments = tuple(self._delayed(a, scope) for a in term.arguments)
            return (term.function, scope), Frame(None, lambda f: self._applied(f, arguments, scope, term, stack))
        if isinstance(term, core.If):
            branches = term.consequent, term.alternative
            return (term.condition, scope), Frame(
                scope, lambda c: ((branches[0] if self._is_true(c, scope, term, stack) else branches[1], scope), None)
            )
        if isinstance(term, core.Match):
            return self._matched(term, tuple(self._delayed(s, scope) for s in term.scrutinees), scope, {}, stack)
        if isinstance(term, core.Primitive):
            return self._operated(term, scope, stack)
        if isinstance(term, core.Global) and not self._program.definitions[term.name].parameters:
            return (self._program.definitions[term.name].body, Scope(term.name, {})), None
        return (None, self._delayed(term, scope)), None

    def _delayed(self, term: core.Term, scope: Scope) -> Node:
        """A term as a node that is evaluated when it is needed; at once where there is nothing to evaluate."""
        if isinstance(term, core.Local):
            return scope.names[term.name]
        if isinstance(term, core.Literal):
            return term.value
        if isinstance(term, core.Lambda):
            return Closure(term.parameters, term.body, scope)
        if isinstance(term, core.Global) and self._program.definitions[term.name].parameters:
            return Named(term.name)
        if isinstance(term, core.Construct):
            # A constructor inside of another waits, so that a term of many of them is not gone through at once.
            inner = [isinstance(f, core.Construct) and bool(f.fields) for f in term.fields]
            fields = (Delayed(f, scope) if deep else self._delayed(f, scope) for f, deep in zip(term.fields, inner, strict=True))
            return Built(term.constructor, tuple(fields))
        return Delayed(term, scope)

    def _applied(self, function: Node, arguments: tuple[Node, ...], caller: Scope, call: core.Term, stack: Stack) -> Step:
        if isinstance(function, Named):
            held = (*function.held, *arguments)
            definition = self._program.definitions[function.name]
            count = len(definition.parameters)
            if len(held) < count:
                return (None, Named(function.name, held)), None
            if definition.partial:
                if not self._left:
                    raise StepLimit(LIMIT)
                self._left -= 1
            names = dict(zip(definition.parameters, held, strict=False))
            return self._entered(definition.body, Scope(function.name, names), held[count:], call, stack)
        if isinstance(function, Closure):
            count = len(function.parameters)
            names = {**function.scope.names, **dict(zip(function.parameters, arguments, strict=False))}
            inner = Scope(function.scope.owner, names)
            if len(arguments) < count:
                return (None, Closure(function.parameters[len(arguments) :], function.body, inner)), None
            return self._entered(function.body, inner, arguments[count:], call, stack)

        def operation(*data: Datum) -> Datum:
            return self._reference.apply(function, data)

        return self._gathered(operation, arguments, list(reversed(arguments)), caller, call, stack)

    def _entered(self, body: core.Term, scope: Scope, further: tuple[Node, ...], call: core.Term, stack: Stack) -> Step:
        """A body to evaluate, its value applied to further arguments where there are some."""
        return (body, scope), Frame(None, lambda f: self._applied(f, further, scope, call, stack)) if further else None

    def _is_true(self, node: Node, scope: Scope, site: core.Term, stack: Stack) -> bool:
        if isinstance(node, Place):
            node = self._looked_at(node, scope, site, stack)
        found: bool = node.constructor == TRUE.constructor
        return found

    def _matched(self, term: core.Match, nodes: tuple[Node, ...], scope: Scope, looked: dict[int, Node], stack: Stack) -> Step:
        """The case that is taken; or, where that hangs on a node, that node and then this again."""
        for arm in term.arms:
            bound: dict[str, Node] = {}
            matches = self._matches(zip(arm.patterns, nodes, strict=True), bound, scope, term, looked, stack)
            if isinstance(matches, Delayed):
                return (None, matches), Frame(scope, lambda _: self._matched(term, nodes, scope, looked, stack))
            if matches:
                scope.names.update(bound)
                return (arm.body, scope), None
        raise AssertionError("a checked match covers every value")

    def _matches(
        self,
        pairs: Iterable[tuple[core.Pattern, Node]],
        bound: dict[str, Node],
        scope: Scope,
        site: core.Match,
        looked: dict[int, Node],
        stack: Stack,
    ) -> bool | Delayed:
        """Whether nodes match patterns, or what is needed to say so. Each place is looked at once, in ``looked``."""
        waiting = list(pairs)
        waiting.reverse()
        while waiting:
            pattern, node = waiting.pop()
            if isinstance(pattern, core.Bind):
                bound[pattern.name] = node
            elif isinstance(pattern, core.Alias):
                bound[pattern.name] = node
                waiting.append((pattern.pattern, node))
            elif not isinstance(pattern, core.Ignore):
                node = _known(node)
                if isinstance(node, Delayed):
                    return node
                if isinstance(node, Place):
                    if id(node) not in looked:
                        looked[id(node)] = self._looked_at(node, scope, site, stack)
                    node = looked[id(node)]
                if isinstance(pattern, core.Exactly):
                    if node != pattern.value:
                        return False
                elif node.constructor != pattern.constructor:
                    return False
                else:
                    waiting.extend(reversed(list(zip(pattern.fields, node.fields, strict=True))))
        return True

    def _operated(self, term: core.Primitive, scope: Scope, stack: Stack) -> Step:
        operator, operands = term.operator, term.operands
        if operator in ("&&", "||"):
            decisive = operator == "||"

            def chosen(first: Node) -> Step:
                decided = self._is_true(first, scope, term, stack) == decisive
                return ((None, boolean(decisive)) if decided else (operands[1], scope)), None

            return (operands[0], scope), Frame(scope, chosen)
        if operator == "++":
            right = self._delayed(operands[1], scope)
            return (operands[0], scope), Frame(scope, lambda left: self._joined(left, right, scope, term, stack))
        nodes = tuple(self._delayed(o, scope) for o in operands)
        operation: Any = BINARY[operator] if len(nodes) == 2 else UNARY[operator]
        return self._gathered(operation, nodes, list(reversed(nodes)), scope, term, stack)

    def _joined(self, left: Node, right: Node, scope: Scope, site: core.Term, stack: Stack) -> Step:
        """The items of a list, then those of another, an item at a time."""
        if isinstance(left, Place):
            left = self._looked_at(left, scope, site, stack)
        if left.constructor == NIL:
            return (None, right), None
        item, rest = left.fields
        again = core.Primitive("++", (core.Local("left", NOWHERE), core.Local("right", NOWHERE)), NOWHERE)
        return (None, Built(CONS, (item, Delayed(again, Scope(scope.owner, {"left": rest, "right": right}))))), None

    def _gathered(
        self, operation: Any, nodes: tuple[Node, ...], waiting: list[Node], scope: Scope, site: core.Term, stack: Stack
    ) -> Step:
        """An operation on whole data. What they hold is first gone through from left to right: what is delayed is evaluated, and
        what is input looked at. ``waiting`` has what is still to be gone through, the first at its end."""
        while waiting:
            node = _known(waiting.pop())
            if isinstance(node, Delayed):
                waiting.append(node)
                return (None, node), Frame(scope, lambda _: self._gathered(operation, nodes, waiting, scope, site, stack))
            if isinstance(node, Built):
                waiting.extend(reversed(node.fields))
            elif isinstance(node, Place):
                for offset, datum in enumerate(preorder(node.value) if node.value is not None else (None,)):
                    self._look(node.position + offset, datum, scope, site, stack)
        return (None, operation(*map(_datum, nodes))), None


def _datum(node: Node) -> Datum:
    """What a node is in which nothing is delayed."""
    results: list[Datum] = []
    tasks: list[tuple[Node, bool]] = [(node, False)]
    while tasks:
        at, ready = tasks.pop()
        at = _known(at)
        if ready:
            first = len(results) - len(at.fields)
            results[first:] = [Value(at.constructor, tuple(results[first:]))]
        elif isinstance(at, Built):
            tasks.append((at, True))
            tasks.extend((f, False) for f in reversed(at.fields))
        elif isinstance(at, Place):
            results.append(at.value)
        elif isinstance(at, Closure | Named):
            raise RecsynError(
                "a function of the program would be handed to one that is known by its value only",
                "give the function that is fixed as an expression, in the program's machine(…)",
            )
        else:
            results.append(at)
    return results[0]


def _known(node: Node) -> Node:
    while isinstance(node, Delayed) and node.node is not None:
        node = node.node
    return node


def _kept_in(delayed: Delayed) -> Callable[[Node], Step]:
    """Keep what a delayed term came to, for all that share it."""

    def keep(node: Node) -> Step:
        delayed.node = node
        return (None, node), None

    return keep
