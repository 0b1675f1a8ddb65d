"""Transducers by driving (Turchin): a state is what is left to compute, over the parts of the input that are not read yet. For
each token that can come next, the first of them becomes that constructor, the rest is evaluated as far as it goes, what stands in
front of the output is emitted, and what is left is the next state, up to the names of its variables.

Where the output falls into stretches, each over its own part of the input, the first is the next state and the others wait on the
stack. Where a test of atoms decides, a rule has a guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from recsyn.lang import core
from recsyn.lang.printer import show_term
from recsyn.lang.program import Definition, Program
from recsyn.lang.stackless import run
from recsyn.lang.types import Constructor, Type, constructors_of
from recsyn.semantics.machine.accumulation import Accumulation
from recsyn.semantics.machine.residual import (
    NotDerivable,
    evaluated,
    fingerprint,
    finite,
    is_atom,
    linear,
    literal,
    renamed,
    replaced,
    size,
    split,
    table,
    unread,
    variables,
)
from recsyn.semantics.machine.transducer import (
    ANY,
    AS_READ,
    LABEL,
    Entry,
    Guard,
    Held,
    Mark,
    Next,
    Piece,
    Rule,
    Segment,
    State,
    Transducer,
    apart,
)
from recsyn.semantics.reference import Reference
from recsyn.semantics.symbolic import NOWHERE, Evaluation, Scope, Unknown, term_of
from recsyn.values import FALSE, TRUE, Value, show

MOST_STATES, MOST_SIZE, MOST_UNFOLDED, MOST_GUARDS = 40, 250, 3_000, 10

COPY, SKIP = "copying", "skipping"
_NONE: Mapping[str, frozenset[Any]] = {}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the input: the variable that stands for it, its type, and what the program calls it."""

    variable: str
    type: Type
    name: str


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A stretch of output over its part of the input: pieces, and the unread variables with their types. Without pieces it is
    skipped, without variables it is held."""

    pieces: tuple[Piece, ...]
    unread: tuple[tuple[str, Type], ...]

    @property
    def copies(self) -> bool:
        """Whether it puts out what it reads, as it is."""
        wanted = [Segment("value", core.Local(name, NOWHERE)) for name, _ in self.unread]
        return len(self.pieces) == 1 and list(self.pieces) == wanted


@dataclass(frozen=True, slots=True)
class _Trail:
    """How a group of things to do was come to: the tokens and tests on the way, and what the program calls its variables."""

    path: tuple[str, ...]
    hints: Mapping[str, str]

    def on(self, step: str, hints: Mapping[str, str] | None = None) -> _Trail:
        return _Trail((*self.path, step), {**self.hints, **(hints or {})})


_Key: TypeAlias = Any


def derive(program: Program, reference: Reference, segment: Segment, parts: Sequence[Part]) -> Transducer:
    """The transducer that puts out a stretch of output over parts of the input, in order. First with every integer that the program
    mentions as part of the states; then, where that does not end, with them in registers. Raises :class:`NotDerivable`."""
    try:
        return _Search(program, reference, counting=False).found(segment, parts)
    except NotDerivable as why:
        try:
            return _Search(program, reference, counting=True).found(segment, parts)
        except NotDerivable:
            raise why from None


@dataclass
class _Found:
    """A state while its rules are looked for."""

    group: _Waiting | None
    registers: int
    trail: _Trail
    rules: dict[str | None, tuple[Rule, ...]] = field(default_factory=dict)


class _Search:
    def __init__(self, program: Program, reference: Reference, counting: bool) -> None:
        self.program = program
        self.reference = reference
        self.counting = counting
        self.accumulation = Accumulation(program)
        self.states: dict[_Key, int] = {}
        self.found_states: list[_Found] = []
        self.unfolded = 0
        self._unbounded: dict[Type, bool] = {}

    def found(self, segment: Segment, parts: Sequence[Part]) -> Transducer:
        group = _Waiting((segment,), tuple((p.variable, p.type) for p in parts))
        (start,) = self._rules(group, {}, (), 0, _Trail((), {p.variable: p.name for p in parts}))
        done = 0
        while done < len(self.found_states):
            if done >= MOST_STATES:
                raise NotDerivable(f"there are more than {MOST_STATES} different things that can be left to compute")
            self._drive(self.found_states[done])
            done += 1
        states = (
            State(f.group.pieces if f.group else (), f.registers, f.trail.hints, f.trail.path, f.rules) for f in self.found_states
        )
        return Transducer(start, tuple(states))

    # One state

    def _drive(self, state: _Found) -> None:
        if state.group is None:
            return
        (head, type), rest = state.group.unread[0], state.group.unread[1:]
        count = len(state.group.unread)
        constructors = constructors_of(type, self.program.datatypes)
        if not constructors:
            register = f"${state.registers}"
            after = _Waiting(state.group.pieces, rest)
            known: dict[str, core.Term] = {head: core.Local(register, NOWHERE)}
            called = apart(state.trail.hints[head], [state.trail.hints[f"${i}"] for i in range(state.registers)])
            trail = state.trail.on(called, {register: called})
            state.rules[LABEL] = tuple(self._rules(after, known, (), state.registers + 1, trail))
            return
        for constructor in constructors:
            fields = tuple((f"?{count + i}", f) for i, f in enumerate(constructor.fields))
            node = core.Construct(constructor.name, tuple(core.Local(name, NOWHERE) for name, _ in fields), NOWHERE)
            after = _Waiting(state.group.pieces, (*fields, *rest))
            called_so = _field_names(constructor, state.group.pieces, self.program)
            trail = state.trail.on(constructor.token, {name: c for (name, _), c in zip(fields, called_so, strict=True)})
            state.rules[constructor.name] = tuple(self._rules(after, {head: node}, (), state.registers, trail))

    def _rules(
        self,
        group: _Waiting,
        known: Mapping[str, core.Term],
        guards: tuple[Guard, ...],
        registers: int,
        trail: _Trail,
        unequal: Mapping[str, frozenset[Any]] = _NONE,
    ) -> Iterator[Rule]:
        """The rules that lead on from a group once some variables are known, a rule for each way that tests can turn out."""
        pieces = self._evaluated(group, known, registers, unequal)
        decided = [(fingerprint(g.term), g.literal) for g in guards]
        tests = (t for p in pieces if isinstance(p, Segment) and unread(p.term) for t in self._tests(p.term))
        test = next((t for t in tests if (fingerprint(t.term), t.literal) not in decided), None)
        left = _Waiting(tuple(pieces), group.unread)
        if test is None:
            yield replace(self._rule(left, trail), guards=guards)
            return
        if len(guards) >= MOST_GUARDS:
            raise NotDerivable("too many tests of atoms follow each other before a token is read")
        for holds in (True, False):
            guard = replace(test, holds=holds)
            on = trail.on(show_guard(guard, trail.hints))
            if guard.constructor is not None:
                result = literal(Value(guard.constructor) if holds else FALSE)
                assumed = _Waiting(tuple(_assumed(p, guard.term, result) for p in pieces), group.unread)
                yield from self._rules(assumed, {}, (*guards, guard), registers, on, unequal)
                continue
            if not isinstance(guard.term, core.Local):
                raise NotDerivable("what is computed from atoms is matched with literals")
            name, number = guard.term.name, guard.literal
            if holds:
                yield from self._rules(left, {name: literal(number)}, (*guards, guard), registers, on, unequal)
            else:
                excluded = {**unequal, name: unequal.get(name, frozenset()) | {number}}
                yield from self._rules(left, {}, (*guards, guard), registers, on, excluded)

    def _evaluated(
        self, group: _Waiting, known: Mapping[str, core.Term], registers: int, unequal: Mapping[str, frozenset[Any]]
    ) -> list[Piece]:
        evaluation = Evaluation(self.program, self.reference, (), self._count)
        scope: Scope = {}
        for i in range(registers):
            scope[f"${i}"] = evaluation.unknown(Unknown(f"${i}", True, unequal.get(f"${i}", frozenset())))
        for name, _ in group.unread:
            scope[name] = evaluation.unknown(Unknown(name))
        for name, term in known.items():
            scope[name] = run(evaluation.evaluate(term, scope))
        pieces: list[Piece] = []
        for piece in group.pieces:
            if isinstance(piece, Mark):
                pieces.append(piece)
                continue
            term = term_of(run(evaluation.evaluate(piece.term, scope)))
            if size(term) > MOST_SIZE:
                raise NotDerivable("what is left to compute grows with the input")
            pieces.extend(split(replace(piece, term=self._normal(term))))
        return pieces

    def _count(self, definition: Definition) -> None:
        self.unfolded += 1
        if self.unfolded > MOST_UNFOLDED:
            raise NotDerivable(f"`{core.spelled(definition.name)}` and others are unfolded more than {MOST_UNFOLDED:,} times")

    def _normal(self, term: core.Term) -> core.Term:
        return linear(self.accumulation.outside(self._tabulated(term)))

    def _tabulated(self, term: core.Term) -> core.Term:
        """Where all hangs on one call with finitely many results, and nothing else is unread: what follows from each of them."""
        path = [term]
        while not finite(path[-1], self.program):
            inside = [part for part in evaluated(path[-1]) if unread(part)]
            if len(inside) != 1:
                return term
            path.append(inside[0])
        call = path[-1]
        mark = fingerprint(call)
        if call is term or any(unread(replaced(part, _put(mark, literal(TRUE)))) for part in (term,)):
            return term
        rows = []
        for constructor in finite(call, self.program):
            result = replaced(term, _put(mark, literal(Value(constructor))))
            evaluation = Evaluation(self.program, self.reference, (), self._count)
            scope: Scope = {name: evaluation.unknown(Unknown(name, True)) for name in variables(result)}
            rows.append((constructor, term_of(run(evaluation.evaluate(result, scope)))))
        return table(call, rows)

    def _tests(self, term: core.Term) -> Iterator[Guard]:
        """The tests of registers that the evaluation of a term hangs on."""
        stack = [term]
        while stack:
            at = stack.pop()
            if not unread(at):
                continue
            if isinstance(at, core.Match):
                for arm in at.arms:
                    yield from _match_tests(zip(arm.patterns, at.scrutinees, strict=True))
            elif isinstance(at, core.If) or (isinstance(at, core.Primitive) and at.operator in ("&&", "||")):
                condition = core.children(at)[0]
                if not unread(condition):
                    yield Guard(condition, TRUE.constructor, None)
            stack.extend(reversed(evaluated(at)))

    # What follows

    def _rule(self, group: _Waiting, trail: _Trail) -> Rule:
        pieces = list(group.pieces)
        first = next((i for i, p in enumerate(pieces) if _open(p)), len(pieces))
        emitted, pieces = tuple(pieces[:first]), pieces[first:]
        waiting = _grouped(pieces, group.unread)
        if not waiting:
            return Rule(emitted)
        head = waiting[0]
        uniform = all(w.copies for w in waiting) or all(not w.pieces for w in waiting)
        if not uniform and not self._is_unbounded(head.unread[0][1]):
            head = _Waiting(tuple(p for w in waiting for p in w.pieces), tuple(v for w in waiting for v in w.unread))
            waiting = [head]
        entries = [self._entry(w, trail.on("then") if i else trail) for i, w in enumerate(waiting)]
        assert isinstance(entries[0], Next)
        return Rule(emitted, tuple(entries[1:]), entries[0])

    def _entry(self, group: _Waiting, trail: _Trail) -> Entry:
        if not group.pieces or group.copies:
            return Next(self._state(COPY if group.pieces else SKIP, None, 0, _Trail(trail.path, {})))
        registers: dict[tuple[Any, ...], tuple[str, core.Term]] = {}

        def atom(term: core.Term) -> core.Term | None:
            if isinstance(term, core.Lambda) and not unread(term):
                return renamed(term, {name: _register(registers, core.Local(name, NOWHERE)) for name in variables(term)})
            if unread(term) or not is_atom(term, self.program):
                return None
            if isinstance(term, core.Literal) and not (self.counting and isinstance(term.value, int)):
                return None
            return _register(registers, term)

        names = {name: core.Local(f"?{i}", NOWHERE) for i, (name, _) in enumerate(group.unread)}
        pieces = tuple(
            p if isinstance(p, Mark) else Segment(p.notation, _with_atoms(renamed(p.term, names), atom)) for p in group.pieces
        )
        values = tuple(term for _, term in registers.values())
        if not group.unread:
            return Held(pieces, values)
        types = tuple(type for _, type in group.unread)
        key = (
            tuple(p if isinstance(p, Mark) else (p.notation, *fingerprint(p.term)) for p in pieces),
            types,
        )
        renumbered = _Waiting(pieces, tuple((f"?{i}", type) for i, type in enumerate(types)))
        hints = {f"?{i}": trail.hints[name] for i, (name, _) in enumerate(group.unread)}
        for i, term in enumerate(values):
            plain = next((trail.hints[v].rstrip("'") for v in variables(term)), "n")
            hints[f"${i}"] = apart(plain, [hints[f"${j}"] for j in range(i)])
        return Next(self._state(key, renumbered, len(values), _Trail(trail.path, hints)), values)

    def _state(self, key: _Key, group: _Waiting | None, registers: int, trail: _Trail) -> int:
        if key not in self.states:
            self.states[key] = len(self.found_states)
            state = _Found(group, registers, trail)
            if group is None:
                emitted = (AS_READ,) if key == COPY else ()
                state.rules[ANY] = (Rule(emitted, (), Next(self.states[key])),)
            self.found_states.append(state)
        return self.states[key]

    def _is_unbounded(self, type: Type) -> bool:
        """Whether values of a type can have any number of tokens: whether it holds itself."""
        if type not in self._unbounded:
            self._unbounded[type] = _holds_itself(type, self.program)
        return self._unbounded[type]


def _match_tests(pairs: Iterable[tuple[core.Pattern, core.Term]]) -> Iterator[Guard]:
    """The tests of registers that patterns ask for, until one does not match."""
    waiting = list(pairs)
    waiting.reverse()
    while waiting:
        pattern, term = waiting.pop()
        if isinstance(pattern, core.Alias):
            waiting.append((pattern.pattern, term))
        elif isinstance(pattern, core.Built) and isinstance(term, core.Construct):
            if pattern.constructor != term.constructor:
                return
            waiting.extend(reversed(list(zip(pattern.fields, term.fields, strict=True))))
        elif isinstance(pattern, core.Bind | core.Ignore) or isinstance(term, core.Literal) or unread(term):
            continue
        elif isinstance(pattern, core.Exactly):
            yield Guard(term, None, pattern.value)
        elif pattern.constructor in (TRUE.constructor, FALSE.constructor):
            yield Guard(term, TRUE.constructor, None)
        else:
            raise NotDerivable(f"`{core.spelled(pattern.constructor)}` is looked for in what is computed from atoms")


def _field_names(constructor: Constructor, pieces: Sequence[Piece], program: Program) -> list[str]:
    """What the program calls the fields of a constructor where it takes one apart for these pieces, as far as it says."""
    waiting = [p.term for p in pieces if isinstance(p, Segment)]
    looked: set[str] = set()
    while waiting:
        for at in core.terms_in(waiting.pop(0)):
            if isinstance(at, core.Match):
                for pattern in (p for arm in at.arms for p in arm.patterns):
                    if not (isinstance(pattern, core.Built) and pattern.constructor == constructor.name):
                        continue
                    if len(pattern.fields) == len(constructor.fields):
                        names = [core.spelled(f.name) if isinstance(f, core.Bind) else "_" for f in pattern.fields]
                        if any(name != "_" for name in names):
                            return [name.lstrip("_") or "it" for name in names]
            elif isinstance(at, core.Global) and at.name not in looked:
                looked.add(at.name)
                waiting.append(program.definitions[at.name].body)
    return ["it" for _ in constructor.fields]


def show_guard(guard: Guard, hints: Mapping[str, str]) -> str:
    """A test as text, in the program's names."""
    term = renamed(guard.term, {name: core.Local(hint, NOWHERE) for name, hint in hints.items()})
    if guard.constructor is None:
        return f"{show_term(term)} {'==' if guard.holds else '!='} {show(guard.literal)}"
    return show_term(term if guard.holds else core.Primitive("not", (term,), NOWHERE))


def _register(registers: dict[tuple[Any, ...], tuple[str, core.Term]], term: core.Term) -> core.Term:
    name, _ = registers.setdefault(fingerprint(term), (f"${len(registers)}", term))
    return core.Local(name, NOWHERE)


def _with_atoms(term: core.Term, atom: Any) -> core.Term:
    """The term with registers for what is known in its evaluated parts; in branches only the registers get their new names."""
    other = atom(term)
    if other is not None:
        return other  # type: ignore[no-any-return]
    parts = core.children(term)
    count = len(evaluated(term))
    done = [_with_atoms(part, atom) for part in parts[:count]]
    done.extend(
        replaced(part, lambda at: atom(at) if isinstance(at, core.Local) and at.name[0] == "$" else None) for part in parts[count:]
    )
    return core.with_children(term, tuple(done))


def _open(piece: Piece) -> bool:
    return isinstance(piece, Segment) and bool(unread(piece.term))


def _put(mark: tuple[Any, ...], term: core.Term) -> Any:
    return lambda at: term if fingerprint(at) == mark else None


def _assumed(piece: Piece, test: core.Term, result: core.Term) -> Piece:
    if isinstance(piece, Mark):
        return piece
    return replace(piece, term=replaced(piece.term, _put(fingerprint(test), result)))


def _grouped(pieces: Sequence[Piece], unread_parts: Sequence[tuple[str, Type]]) -> list[_Waiting]:
    """The finest division of output and input into stretches of output, each over its own consecutive part of the input."""
    place = {name: i for i, (name, _) in enumerate(unread_parts)}
    runs: list[tuple[list[Piece], int, int]] = []
    for piece in pieces:
        if not _open(piece):
            runs.append(([piece], -1, -1) if not runs or runs[-1][1] >= 0 else ([*runs.pop()[0], piece], -1, -1))
            continue
        assert isinstance(piece, Segment)
        used = [place[name] for name in unread(piece.term)]
        low, high = min(used), max(used)
        first = next((i for i, (_, _, last) in enumerate(runs) if last >= low), len(runs))
        merged = [p for inside, _, _ in runs[first:] for p in inside]
        low = min([low, *(start for _, start, _ in runs[first:] if start >= 0)])
        high = max([high, *(end for _, _, end in runs[first:])])
        runs[first:] = [([*merged, piece], low, high)]
    groups: list[_Waiting] = []
    at = 0
    for inside, low, high in runs:
        if low >= 0:
            groups.extend(_Waiting((), (part,)) for part in unread_parts[at:low])
            at = high + 1
        groups.append(_Waiting(tuple(inside), tuple(unread_parts[low : high + 1]) if low >= 0 else ()))
    groups.extend(_Waiting((), (part,)) for part in unread_parts[at:])
    return groups


def _holds_itself(type: Type, program: Program) -> bool:
    """Whether types go round below a type. One below which there are ever others counts too."""
    above: list[Type] = []
    stack: list[Type | None] = [type]
    looked: set[Type] = set()
    while stack:
        at = stack.pop()
        if at is None:
            looked.add(above.pop())
            continue
        if at in above or len(above) > 50:
            return True
        if at in looked:
            continue
        above.append(at)
        stack.append(None)
        stack.extend(f for c in constructors_of(at, program.datatypes) for f in c.fields)
    return False
