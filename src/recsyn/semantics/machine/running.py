"""Running a transducer: one rule for each token, a stack of our own, time in proportion to input and output."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from recsyn.lang import core
from recsyn.lang.printer import show_term
from recsyn.lang.types import Constructor
from recsyn.semantics.machine.derivation import show_guard
from recsyn.semantics.machine.machine import END, RETURN, START, Row, Update
from recsyn.semantics.machine.residual import renamed
from recsyn.semantics.machine.transducer import ANY, AS_READ, LABEL, Entry, Held, Mark, Next, Piece, Rule, Segment, Transducer
from recsyn.semantics.primitives import BINARY, UNARY
from recsyn.semantics.reference import Reference
from recsyn.semantics.symbolic import NOWHERE, told_apart
from recsyn.values import CONS, Datum, Value, digits_of, preorder, show, to_list

Registers: TypeAlias = tuple[Datum, ...]
Computed: TypeAlias = Callable[[Registers], Datum]
Stack: TypeAlias = "tuple[_Entry, Registers, Stack] | None"


@dataclass(frozen=True, slots=True, eq=False)
class _Output:
    """A constructor, or in a notation what is computed from registers."""

    notation: str
    mark: Mark
    computed: Computed | None


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A state, or output that is held (``state`` is then -1), and what goes into its registers."""

    state: int
    outputs: tuple[_Output, ...]
    registers: tuple[Computed, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Rule:
    name: str
    guards: tuple[tuple[Computed, str | None, Datum, bool], ...]
    outputs: tuple[_Output, ...]
    pushed: tuple[_Entry, ...]
    next: _Entry | None


class Runner:
    """A transducer with names for its states, ready to run."""

    def __init__(
        self, transducer: Transducer, names: Sequence[str], constructors: Mapping[str, Constructor], reference: Reference
    ) -> None:
        self.names = names
        self.table: list[Row] = []
        self._transducer = transducer
        self._constructors = constructors
        self._reference = reference
        self._start = self._rule("", transducer.start)
        self._rules: list[dict[str | None, tuple[_Rule, ...]]] = [{} for _ in names]
        for number, token, rule in transducer.rules:
            if number is not None:
                row = self._row(number, token, rule)
                self.table.append(row)
                self._rules[number][token] = (*self._rules[number].get(token, ()), self._rule(row.rule, rule))

    # The table

    @property
    def start(self) -> Row:
        """What is done before anything is read, which no input changes."""
        rule = self._transducer.start
        stackless = self._transducer.returns is not None
        pushes = () if stackless else tuple(t for entry in rule.pushed for t in self._pushed(entry, {}))
        emits = tuple(self._shown(p, {}) for p in rule.emitted)
        return Row(START, "", "", emits, pushes, self.names[rule.next.state] if rule.next else END, self._set(rule, {}))

    def _row(self, number: int, token: str | None, rule: Rule) -> Row:
        state = self._transducer.states[number]
        hints = dict(state.hints)
        read = token if token == ANY else token_of(token, self._constructors) if token is not LABEL else state.label
        if token is LABEL:
            hints[f"${state.registers}"] = read
        stackless = self._transducer.returns is not None
        pushes = () if stackless else tuple(t for entry in rule.pushed for t in self._pushed(entry, hints))
        guard = " and ".join(show_guard(g, hints) for g in rule.guards)
        emits = tuple(ANY if p == AS_READ else self._shown(p, hints) for p in rule.emitted)
        return Row(self.names[number], read, guard, emits, pushes, self._following(number, rule), self._set(rule, hints))

    def _set(self, rule: Rule, hints: Mapping[str, str]) -> tuple[str, ...]:
        if rule.next is None:
            return ()
        registers = self._transducer.states[rule.next.state].hints
        shown = ((registers[f"${i}"], self._shown(Segment("value", term), hints)) for i, term in enumerate(rule.next.registers))
        return tuple(f"{name} = {value}" for name, value in shown if name != value)

    def _following(self, number: int, rule: Rule) -> str:
        if rule.next:
            return self.names[rule.next.state]
        if self._transducer.returns is None:
            return RETURN
        back = self._transducer.returns[number]
        return END if back is None else self.names[back]

    def _pushed(self, entry: Entry, hints: Mapping[str, str]) -> list[str]:
        if isinstance(entry, Next):
            return [self.names[entry.state]]
        by = {f"${i}": term for i, term in enumerate(entry.registers)}
        pieces = (p if isinstance(p, Mark) else Segment(p.notation, renamed(p.term, by)) for p in entry.pieces)
        return [self._shown(p, hints) for p in pieces]

    def _shown(self, piece: Piece, hints: Mapping[str, str]) -> str:
        if isinstance(piece, Mark):
            return token_of(piece.constructor, self._constructors)
        return show_term(renamed(piece.term, {name: core.Local(hint, NOWHERE) for name, hint in hints.items()}))

    # Making rules ready

    def _rule(self, name: str, rule: Rule) -> _Rule:
        guards = tuple((self._computed(g.term), g.constructor, g.literal, g.holds) for g in rule.guards)
        following = self._entry(rule.next) if rule.next else None
        return _Rule(name, guards, self._outputs(rule.emitted), tuple(map(self._entry, rule.pushed)), following)

    def _entry(self, entry: Entry) -> _Entry:
        registers = tuple(map(self._computed, entry.registers))
        if isinstance(entry, Held):
            return _Entry(-1, self._outputs(entry.pieces), registers)
        return _Entry(entry.state, (), registers)

    def _outputs(self, pieces: Sequence[Piece]) -> tuple[_Output, ...]:
        nothing = Mark("", 0)
        return tuple(
            _Output("", p, None)
            if isinstance(p, Mark)
            else _Output("as read", nothing, None)
            if p == AS_READ
            else _Output(p.notation, nothing, self._computed(p.term))
            for p in pieces
        )

    def _computed(self, term: core.Term) -> Computed:
        """A term over registers as a function of them."""
        if isinstance(term, core.Literal):
            value = term.value
            return lambda _: value
        if isinstance(term, core.Local):
            place = int(term.name[1:])
            return lambda registers: registers[place]
        if isinstance(term, core.Primitive) and term.operator not in ("&&", "||", "++"):
            operands = [self._computed(o) for o in term.operands]
            if len(operands) == 1:
                unary, (only,) = UNARY[term.operator], operands
                return lambda registers: unary(only(registers))
            binary, (left, right) = BINARY[term.operator], operands
            return lambda registers: binary(left(registers), right(registers))
        used = sorted({at.name for at in core.terms_in(term) if isinstance(at, core.Local) and at.name[0] == "$"})
        if not used:
            constant = self._reference.evaluate(told_apart(term))
            return lambda _: constant
        places = [int(name[1:]) for name in used]
        function = self._reference.evaluate(told_apart(core.Lambda(tuple(used), term, NOWHERE)))
        return lambda registers: self._reference.apply(function, tuple(registers[p] for p in places))

    # Running

    def run(self, inputs: Sequence[Datum]) -> tuple[Update, list[Update], list[Mark | Datum]]:
        """What is done before the first token, the updates, and the output as constructors and atoms in prefix order."""
        out: list[Mark | Datum] = []
        state, registers = -1, ()
        stack: Stack = None
        state, registers, stack = self._apply(self._start, (), None, out)
        after = self.names[state] if state >= 0 else END
        start = Update(-1, "", START, START, *self._written(out), after, _Below(self, stack))
        updates: list[Update] = []
        pending = list(reversed(inputs))
        while pending:
            datum = pending.pop()
            number, rules = state, self._rules[state]
            begun = len(out)
            before = self.names[state]
            any_rule = rules.get(ANY)
            if any_rule:
                fired = any_rule[0]
                arity = len(datum.fields) if isinstance(datum, Value) else 0
                if fired.outputs:
                    out.append(Mark(datum.constructor, arity) if isinstance(datum, Value) else datum)
                if isinstance(datum, Value):
                    pending.extend(reversed(datum.fields))
                again = fired.next
                assert again is not None
                for _ in range(arity - 1):
                    stack = again, (), stack
                if not arity:
                    state, registers, stack = self._returned(stack, out)
            else:
                if LABEL in rules:
                    fired = _firing(rules[LABEL], (*registers, datum))
                    state, registers, stack = self._apply(fired, (*registers, datum), stack, out)
                else:
                    pending.extend(reversed(datum.fields))
                    fired = _firing(rules[datum.constructor], registers)
                    state, registers, stack = self._apply(fired, registers, stack, out)
            if state < 0 and pending:
                # Without a stack, one state may stand for several parts of the input in a row.
                assert self._transducer.returns is not None
                returned = self._transducer.returns[number]
                assert returned is not None
                state, registers = returned, ()
            after = self.names[state] if state >= 0 else END
            emitted, shown = self._written(out[begun:])
            token = token_at(datum, self._constructors)
            updates.append(Update(len(updates), token, before, fired.name, emitted, shown, after, _Below(self, stack)))
        assert state < 0
        return start, updates, out

    def _apply(self, rule: _Rule, registers: Registers, stack: Stack, out: list[Mark | Datum]) -> tuple[int, Registers, Stack]:
        for output in rule.outputs:
            _put_out(output, registers, out)
        for entry in reversed(rule.pushed):
            stack = entry, tuple([f(registers) for f in entry.registers]), stack
        if rule.next is None:
            return self._returned(stack, out)
        return rule.next.state, tuple([f(registers) for f in rule.next.registers]), stack

    def _returned(self, stack: Stack, out: list[Mark | Datum]) -> tuple[int, Registers, Stack]:
        """The state on top of the stack; the output above it is emitted."""
        while stack is not None:
            entry, registers, stack = stack
            if entry.state >= 0:
                return entry.state, registers, stack
            for output in entry.outputs:
                _put_out(output, registers, out)
        return -1, (), None

    def _written(self, out: Sequence[Mark | Datum]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tokens_at(out, self._constructors), shown_at(out, self._constructors)

    def names_below(self, stack: Stack) -> tuple[str, ...]:
        """A stack as text, from the top down."""
        if self._transducer.returns is not None:
            return ()
        found: list[str] = []
        while stack is not None:
            entry, registers, stack = stack
            if entry.state >= 0:
                found.append(self.names[entry.state])
            else:
                held: list[Mark | Datum] = []
                for output in entry.outputs:
                    _put_out(output, registers, held)
                found.extend(shown_at(held, self._constructors))
        return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Below:
    """A stack that is written out when it is asked for."""

    runner: Runner
    stack: Stack

    def __call__(self) -> tuple[str, ...]:
        return self.runner.names_below(self.stack)


def token_of(constructor: str, constructors: Mapping[str, Constructor]) -> str:
    """How a constructor is written in sequences."""
    found = constructors.get(constructor)
    return found.token if found else constructor


def token_at(at: Mark | Datum, constructors: Mapping[str, Constructor]) -> str:
    """A constructor or an atom as a token, as the codecs of data write it: a character is itself."""
    if isinstance(at, Mark | Value):
        return token_of(at.constructor, constructors)
    return digits_of(at) if isinstance(at, int) else str(at)


def tokens_at(out: Iterable[Mark | Datum], constructors: Mapping[str, Constructor]) -> tuple[str, ...]:
    return tuple(token_at(at, constructors) for at in out)


def shown_at(out: Iterable[Mark | Datum], constructors: Mapping[str, Constructor]) -> tuple[str, ...]:
    """The tokens as text for people: a character as the language writes it."""
    return tuple(show(at) if isinstance(at, str) else token_at(at, constructors) for at in out)


def _firing(rules: Sequence[_Rule], registers: Registers) -> _Rule:
    return next(rule for rule in rules if all(_holds(g, registers) for g in rule.guards))


def _holds(guard: tuple[Computed, str | None, Datum, bool], registers: Registers) -> bool:
    computed, constructor, literal, holds = guard
    value: Any = computed(registers)
    return (value == literal if constructor is None else value.constructor == constructor) is holds


def _put_out(output: _Output, registers: Registers, out: list[Mark | Datum]) -> None:
    if output.computed is None:
        out.append(output.mark)
        return
    value = output.computed(registers)
    if output.notation == "value":
        out.extend(_marked(value))
        return
    for item in to_list(value):
        if output.notation == "cells":
            out.append(Mark(CONS, 2))
        out.extend(_marked(item))


def _marked(value: Datum) -> Iterator[Mark | Datum]:
    for datum in preorder(value):
        yield Mark(datum.constructor, len(datum.fields)) if isinstance(datum, Value) else datum


def assembled(out: Sequence[Mark | Datum]) -> list[Datum]:
    """The values that constructors and atoms in prefix order write, one after another."""
    built: list[Datum] = []
    for at in reversed(out):
        if isinstance(at, Mark):
            first = len(built) - at.arity
            fields = tuple(reversed(built[first:]))
            del built[first:]
            built.append(Value(at.constructor, fields))
        else:
            built.append(at)
    built.reverse()
    return built
