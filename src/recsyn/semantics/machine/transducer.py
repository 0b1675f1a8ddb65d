"""A transducer over tokens: what it is, as plain data, before anything is said of how it is found, drawn or run.

It reads an input's tokens in prefix order, each once. A state holds a fixed number of registers, atoms that were read and still
matter. What is to be done after the part of the input at hand waits on a stack: other states for the parts that follow, and output
that was held back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from recsyn.lang import core
from recsyn.lang.source import Span
from recsyn.values import Datum

LABEL = None
"""The key of the rules for an atom: an ``Int``, a ``Char``, or what a type variable stands for."""
ANY = "…"
"""The key of the rule for whatever comes, in a state that copies or skips it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A constructor in the output, before its fields."""

    constructor: str
    arity: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of output: a value in prefix order (``value``), or the items of a list, one after another (``items``) or each after
    ``::`` (``cells``), in both without ``[]``. What it says of the input stands in it as variables."""

    notation: str
    term: core.Term


Piece: TypeAlias = Mark | Segment
AS_READ = Segment("value", core.Local("?", Span(0, 0)))
"""What a state that copies puts out: the token at hand, whatever it is."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A test of registers: whether ``term`` is built by a constructor, or, where none is given, equals ``literal``."""

    term: core.Term
    constructor: str | None
    literal: Datum
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Next:
    """A state, and what goes into its registers, over the registers before and the atom just read."""

    state: int
    registers: tuple[core.Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Output that waits on the stack, over registers of its own."""

    pieces: tuple[Piece, ...]
    registers: tuple[core.Term, ...] = ()


Entry: TypeAlias = Next | Held


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done at a token, where all guards hold: what is emitted, what goes on the stack (the top first), and the next state.
    Without one, the part of the input is done, and the top of the stack says what follows."""

    emitted: tuple[Piece, ...]
    pushed: tuple[Entry, ...] = ()
    next: Next | None = None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """``pieces`` are what it has to put out, over the parts of the input ``unread`` (``?0``, …) and its registers (``$0``, …).
    ``hints`` are what the program calls these. ``path`` are the tokens and tests that first led here. ``rules`` are those for each
    constructor, in the order in which they are tried."""

    pieces: tuple[Piece, ...]
    registers: int
    hints: Mapping[str, str]
    path: tuple[str, ...]
    rules: Mapping[str | None, tuple[Rule, ...]] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the program calls the atom that is read next, told apart from those in registers."""
        return apart(self.hints["?0"], [self.hints[f"${i}"] for i in range(self.registers)])


@dataclass(frozen=True, slots=True, eq=False)
class Transducer:
    """``start`` is done before anything is read. Where no stack is needed, ``returns`` says for each state to which one a finished
    part of the input leads; whether there is another part, only the input knows."""

    start: Rule
    states: tuple[State, ...]
    returns: Mapping[int, int | None] | None = None

    @property
    def rules(self) -> Iterator[tuple[int | None, str | None, Rule]]:
        """Every rule, after its state and what it reads."""
        yield None, None, self.start
        for number, state in enumerate(self.states):
            for token, rules in state.rules.items():
                for rule in rules:
                    yield number, token, rule


def apart(name: str, taken: Collection[str]) -> str:
    """The name, primed until it is none of those taken."""
    while name in taken:
        name += "'"
    return name
