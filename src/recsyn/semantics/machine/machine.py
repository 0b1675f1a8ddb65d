"""What a machine is to a user: states with names, a table of rules, and runs that say for every update what was read, which rule
fired and what was emitted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
UNREAD = "unread"
"""The label of a token that a machine did not look at."""

_TITLE = 30
"""Nodes of a term that a title shows."""
_AROUND = 24
"""So many tokens before and after the current one are shown in a picture."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a machine's table. ``reads`` is a token, a label's name, or ``…`` for any; ``guard`` a test or empty; ``pushes``
    what goes on the stack, the top first; ``next`` a state, :data:`END` or :data:`RETURN`; ``sets`` what goes into the registers of
    that state, where they do not stay as they are."""

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


@dataclass(frozen=True, slots=True, eq=False)
class Update:
    """One update of a run: the place of the token in the sequence, from 0, the token, the state before, the rule that fired, the
    tokens that it emitted, and the state after. ``below`` is the stack then, its names from the top down."""

    position: int
    token: str
    state: str
    rule: str
    emitted: tuple[str, ...]
    after: str
    below: Callable[[], tuple[str, ...]]

    @property
    def stack(self) -> tuple[str, ...]:
        return self.below()


@dataclass(frozen=True, eq=False)
class MachineRun:
    """A machine's run on one input. ``tokens`` are the input's in the machine's order, ``first`` what was emitted before the first
    was read, ``output`` the value."""

    initial: core.Term
    machine: Machine
    tokens: tuple[str, ...]
    first: tuple[str, ...]
    updates: Sequence[Update]
    output: Datum

    @property
    def title(self) -> str:
        return f"{show_term(abridged(self.initial, _TITLE)[0])}, by its {self.machine.kind} machine"

    def __len__(self) -> int:
        return len(self.updates)

    def __iter__(self) -> Iterator[Update]:
        return iter(self.updates)

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
        """A line for every update: place, token, state before, rule, emitted tokens, state after, stack."""
        rows = [("", "", "", "start", " ".join(self.first), self.machine.initial, "")] if self.first else []
        for u in self.updates:
            rule = u.rule.removeprefix(f"{u.state} · ")
            rows.append((str(u.position), u.token, u.state, rule, " ".join(u.emitted), u.after, " ".join(u.stack)))
        return _columns(("#", "token", "state", "rule", "emits", "then", "stack"), rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "initial": show_term(self.initial),
            "machine": self.machine.to_json(),
            "tokens": list(self.tokens),
            "labels": list(self.labels()),
            "first": list(self.first),
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
        emitted = list(self.first)
        frames = [Frame("", self._text(None), state=self._state(self.machine.initial, emitted, ()))]
        for update in self.updates:
            emitted.extend(update.emitted)
            frames.append(Frame(update.rule, self._text(update.position), state=self._state(update.after, emitted, update.stack)))
        return tuple(frames)

    def _text(self, position: int | None) -> tuple[Piece, ...]:
        middle = position if position is not None else len(self.tokens) if self.machine.order == "mirror" else 0
        first, last = max(0, middle - _AROUND), min(len(self.tokens), middle + _AROUND + 1)
        pieces: list[Piece] = [("… ", False)] if first else []
        for i in range(first, last):
            pieces.extend([(self.tokens[i], i == position), (" ", False)] if i + 1 < last else [(self.tokens[i], i == position)])
        return tuple([*pieces, (" …", False)] if last < len(self.tokens) else pieces)

    def _state(self, state: str, emitted: Sequence[str], stack: Sequence[str]) -> tuple[tuple[str, str], ...]:
        shown = list(emitted[-_AROUND:])
        if self.machine.order == "mirror":
            shown.reverse()
        cut = len(emitted) > _AROUND
        out = " ".join([*shown, "…"] if cut and self.machine.order == "mirror" else ["…", *shown] if cut else shown)
        below = " ".join(stack[:_AROUND]) + (" …" if len(stack) > _AROUND else "")
        return ("state", state), ("output", out), *((("stack", below),) if self.machine.kind != "finite-state" else ())


@dataclass(frozen=True, eq=False)
class Machine:
    """A machine that computes a function of a program on its input's tokens. ``why`` says of an abstract one why no transducer was
    found; ``registers`` is the most labels that a state holds."""

    function: str
    kind: Kind
    order: Order
    states: tuple[str, ...]
    initial: str
    first: tuple[str, ...]
    table: tuple[Row, ...]
    registers: int
    why: str
    runner: Callable[[Machine, tuple[Datum, ...]], MachineRun] = field(repr=False)

    def run(self, *arguments: Datum) -> MachineRun:
        """The run on an input: on the arguments that were not fixed, one after another. Raises :class:`InvalidValue`."""
        return self.runner(self, arguments)

    def __str__(self) -> str:
        """The table: state, token, guard, emitted tokens, what goes on the stack, next state."""
        rows = [(r.state, r.reads, r.guard, " ".join(r.emits), " ".join(r.pushes), r.next, ", ".join(r.sets)) for r in self.table]
        if self.first:
            rows.insert(0, ("start", "", "", " ".join(self.first), "", self.initial, ""))
        return _columns(("state", "reads", "if", "emits", "pushes", "then", "with"), rows)

    def to_json(self) -> dict[str, Any]:
        return {
            "function": self.function,
            "kind": self.kind,
            "order": self.order,
            "states": list(self.states),
            "initial": self.initial,
            "first": list(self.first),
            "registers": self.registers,
            "why": self.why,
            "table": [
                {
                    "state": r.state,
                    "reads": r.reads,
                    "guard": r.guard,
                    "emits": list(r.emits),
                    "pushes": list(r.pushes),
                    "next": r.next,
                    "sets": list(r.sets),
                    "rule": r.rule,
                }
                for r in self.table
            ],
        }

    def dot(self) -> str:
        """The machine as a graph in the language of Graphviz."""
        return dot(self.function, self.states, self.initial, self._arrows)

    def svg(self) -> str:
        """The machine as a drawing, complete in itself."""
        return svg(self.function, self.states, self.initial, self._arrows)

    @property
    def _arrows(self) -> tuple[Arrow, ...]:
        found: dict[tuple[str, str], list[str]] = {}
        for row in self.table:
            emits = " ".join(row.emits) or "ε"
            label = (row.reads or "·") + (f" [{row.guard}]" if row.guard else "") + f" / {emits}"
            if row.pushes:
                label += f"  push {' '.join(row.pushes)}"
            if row.sets:
                label += f"  {', '.join(row.sets)}"
            found.setdefault((row.state, row.next), []).append(label)
        return tuple(Arrow(start, end, tuple(labels)) for (start, end), labels in found.items())


def _columns(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under their heads; a column that is empty throughout is left out."""
    used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    table = [[heads[i] for i in used], *([row[i] for i in used] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(used))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table)
