"""What a machine is to a user: states with names, a table of rules, and runs that say for every update what was read, which rule
fired and what was emitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from recsyn.lang import core
from recsyn.lang.printer import Piece, abridged, show_term
from recsyn.semantics.frames import Frame
from recsyn.semantics.machine.diagram import Arrow, dot, svg
from recsyn.values import Datum, show

Kind: TypeAlias = Literal["finite-state", "pushdown", "abstract"]
Order: TypeAlias = Literal["prefix", "mirror"]
END = "end"
"""Where a rule leads after which nothing is left to read."""
RETURN = "the top of the stack"
START = "start"
"""The name of what is done before a token is read."""
UNREAD = "unread"
"""The label of a token that a machine did not look at."""

BETWEEN = " | "
"""What stands between the parts of a stack, and of an output in which terms have spaces. Names of states have spaces and commas."""

_TITLE = 30
"""Nodes of a term that a title shows."""
_AROUND = 24
"""So many tokens before and after the current one are shown in a picture."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a machine's table. ``reads`` is a token, a label's name, or ``…`` for any, with the operator that reads it if the
    machine is abstract; ``guard`` a test or empty; ``pushes`` what goes on the stack, the top first; ``next`` a state, :data:`END`
    or :data:`RETURN`; ``sets`` what goes into the registers of that state, where they do not stay as they are. Tokens are written
    as the language writes them."""

    state: str
    reads: str
    guard: str
    emits: tuple[str, ...]
    pushes: tuple[str, ...]
    next: str
    sets: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The name of the rule: its state and what it reads, with its guard where it has one."""
        return f"{self.state} · {self.reads}" + (f" [{self.guard}]" if self.guard else "")

    @property
    def cells(self) -> tuple[str, ...]:
        """What a table says of it, column by column."""
        pushes = BETWEEN.join(self.pushes)
        return self.state, self.reads, self.guard, _listed(self.emits), pushes, self.next, ", ".join(self.sets)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Update:
    """One update of a run: the place of the token in the sequence, from 0, the token, the state before, the rule that fired, the
    tokens that it emitted, these as the language writes them, and the state after. ``below`` is the stack then, its names from the
    top down."""

    position: int
    token: str
    state: str
    rule: str
    emitted: tuple[str, ...]
    shown: tuple[str, ...]
    after: str
    below: Callable[[], tuple[str, ...]]

    @property
    def stack(self) -> tuple[str, ...]:
        return self.below()

    def __repr__(self) -> str:
        return f"<update at {self.position} by {self.rule}>"


@dataclass(frozen=True, eq=False, repr=False)
class MachineRun:
    """A machine's run on one input. ``start`` is what is done before a token is read. ``tokens`` are the input's in the machine's
    order, as sequences of tokens have them (a character is itself), ``shown`` the same as the language writes them (``'a'``);
    ``output`` is the value."""

    initial: core.Term
    machine: Machine
    tokens: tuple[str, ...]
    shown: tuple[str, ...]
    start: Update
    updates: Sequence[Update]
    output: Datum

    @property
    def title(self) -> str:
        return f"{show_term(abridged(self.initial, _TITLE)[0])}, by its {self.machine.kind} machine"

    def __len__(self) -> int:
        return len(self.updates)

    def __iter__(self) -> Iterator[Update]:
        return iter(self.updates)

    def __repr__(self) -> str:
        return f"<run of {self.title}: {_counted(len(self), 'update')}>"

    @property
    def first(self) -> tuple[str, ...]:
        """What was emitted before a token was read."""
        return self.start.emitted

    @cached_property
    def emitted(self) -> tuple[str, ...]:
        """The tokens of the output, in the machine's order."""
        made = (*self.first, *(token for update in self.updates for token in update.emitted))
        return made[::-1] if self.machine.order == "mirror" else made

    def labels(self) -> tuple[str, ...]:
        """For each token the state in which it was read first, aligned with :attr:`tokens`; :data:`UNREAD` where it was not."""
        found = [UNREAD] * len(self.tokens)
        for update in reversed(self.updates):
            found[update.position] = update.state
        return tuple(found)

    def __str__(self) -> str:
        """A line for every update: place, token, state before, rule, emitted tokens, state after, and the stack then. Before them
        what is done at the start, where that is anything."""
        rows = []
        if self.start.emitted or self.start.stack or not self.updates:
            rows.append(("", "", "", START, " ".join(self.start.shown), self.start.after, BETWEEN.join(self.start.stack)))
        for u in self.updates:
            rule = u.rule.removeprefix(f"{u.state} · ")
            stack = BETWEEN.join(u.stack)
            rows.append((str(u.position), self.shown[u.position], u.state, rule, " ".join(u.shown), u.after, stack))
        return _columns(("#", "token", "state", "rule", "emits", "then", "stack"), rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "initial": show_term(self.initial),
            "machine": self.machine.to_json(),
            "tokens": list(self.tokens),
            "labels": list(self.labels()),
            "first": list(self.first),
            "start": {"emitted": list(self.first), "after": self.start.after, "stack": list(self.start.stack)},
            "updates": [
                {
                    "position": u.position,
                    "token": u.token,
                    "state": u.state,
                    "rule": u.rule,
                    "emitted": list(u.emitted),
                    "after": u.after,
                    "stack": list(u.stack),
                }
                for u in self.updates
            ],
            "emitted": list(self.emitted),
            "output": show(self.output),
        }

    def frames(self) -> tuple[Frame, ...]:
        """The sequence before the first update, and for each the token that it reads marked, with what is known after it."""
        emitted = list(self.start.shown)
        frames = [Frame("", self._text(None), state=self._state(self.start.after, emitted, self.start.stack))]
        for update in self.updates:
            emitted.extend(update.shown)
            frames.append(Frame(update.rule, self._text(update.position), state=self._state(update.after, emitted, update.stack)))
        return tuple(frames)

    def _text(self, position: int | None) -> tuple[Piece, ...]:
        middle = position if position is not None else len(self.shown) if self.machine.order == "mirror" else 0
        first, last = max(0, middle - _AROUND), min(len(self.shown), middle + _AROUND + 1)
        pieces: list[Piece] = [("… ", False)] if first else []
        for i in range(first, last):
            pieces.extend([(self.shown[i], i == position), (" ", False)] if i + 1 < last else [(self.shown[i], i == position)])
        return tuple([*pieces, (" …", False)] if last < len(self.shown) else pieces)

    def _state(self, state: str, emitted: Sequence[str], stack: Sequence[str]) -> tuple[tuple[str, str], ...]:
        shown = list(emitted[-_AROUND:])
        if self.machine.order == "mirror":
            shown.reverse()
        cut = len(emitted) > _AROUND
        out = " ".join([*shown, "…"] if cut and self.machine.order == "mirror" else ["…", *shown] if cut else shown)
        below = BETWEEN.join([*stack[:_AROUND], *(["…"] if len(stack) > _AROUND else [])])
        return ("state", state), ("output", out), *((("stack", below),) if self.machine.kind != "finite-state" else ())


@dataclass(frozen=True, eq=False, repr=False)
class Machine:
    """A machine that computes a function of a program on its input's tokens. ``start`` is what it does before a token is read.
    ``why`` says of an abstract one why no transducer was found; ``registers`` is the most labels that a state holds."""

    function: str
    kind: Kind
    order: Order
    states: tuple[str, ...]
    start: Row
    table: tuple[Row, ...]
    registers: int
    why: str
    runner: Callable[[Machine, tuple[Datum, ...]], MachineRun]

    @property
    def initial(self) -> str:
        """The state in which the first token is read."""
        return self.start.next

    @property
    def first(self) -> tuple[str, ...]:
        """What is emitted before a token is read."""
        return self.start.emits

    def run(self, *arguments: Datum) -> MachineRun:
        """The run on an input: on the arguments that were not fixed, one after another. Raises :class:`InvalidValue`."""
        return self.runner(self, arguments)

    def __repr__(self) -> str:
        return f"<{self.kind} machine of {self.function}: {_counted(len(self.states), 'state')}>"

    @property
    def described(self) -> str:
        """Its kind in words and, if it is abstract, why."""
        article = "an" if self.kind == "abstract" else "a"
        said = f"{article} {self.kind} machine with {_counted(len(self.states), 'state')}"
        if self.order == "mirror":
            said += ", which reads and writes from the right"
        return f"{said}; no transducer was found: {self.why}" if self.why else said

    def __str__(self) -> str:
        """What kind of machine it is, and its table: state, token, guard, emitted tokens, what goes on the stack, next state. In
        front what is done at the start, where that is anything."""
        begins = self.start.emits or self.start.pushes or self.start.sets
        rows = [row.cells for row in ((self.start, *self.table) if begins else self.table)]
        return f"{self.described}\n{_columns(('state', 'reads', 'if', 'emits', 'pushes', 'then', 'with'), rows)}".rstrip()

    def to_json(self) -> dict[str, Any]:
        return {
            "function": self.function,
            "kind": self.kind,
            "order": self.order,
            "states": list(self.states),
            "initial": self.initial,
            "first": list(self.first),
            "start": _as_json(self.start),
            "registers": self.registers,
            "why": self.why,
            "table": [{**_as_json(row), "rule": row.rule} for row in self.table],
        }

    def dot(self) -> str:
        """The machine as a graph in the language of Graphviz."""
        return dot(self.function, self.states, self._arrows)

    def svg(self) -> str:
        """The machine as a drawing, complete in itself."""
        return svg(self.function, self.states, self._arrows)

    @property
    def _arrows(self) -> tuple[Arrow, ...]:
        """What leads to the first state, then what leads from one to another."""
        begins = self.start.emits or self.start.pushes or self.start.sets
        found: dict[tuple[str, str], list[str]] = {("", self.initial): [_arrow(self.start)] if begins else []}
        for row in self.table:
            found.setdefault((row.state, row.next), []).append(_arrow(row))
        return tuple(Arrow(start, end, tuple(labels)) for (start, end), labels in found.items())


def _arrow(row: Row) -> str:
    label = (row.reads or "·") + (f" [{row.guard}]" if row.guard else "") + f" / {_listed(row.emits) or 'ε'}"
    label += f"  push {BETWEEN.join(row.pushes)}" if row.pushes else ""
    return f"{label}  {', '.join(row.sets)}" if row.sets else label


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "state": row.state,
        "reads": row.reads,
        "guard": row.guard,
        "emits": list(row.emits),
        "pushes": list(row.pushes),
        "next": row.next,
        "sets": list(row.sets),
    }


def _listed(emits: Sequence[str]) -> str:
    """Tokens, and terms for what they are computed by: with more than spaces between them where terms have spaces."""
    return (BETWEEN if any(" " in part and part[0] != "'" for part in emits) else " ").join(emits)


def _counted(many: int, what: str) -> str:
    return f"{many:,} {what}{'' if many == 1 else 's'}"


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their heads; a column that is empty throughout is left out."""
    used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    table = [[heads[i] for i in used], *([row[i] for i in used] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(used))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
