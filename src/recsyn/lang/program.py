"""A checked program: plain data, and the only thing that this floor hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from recsyn.lang.core import Term
from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.names import Names
from recsyn.lang.source import Source, Span
from recsyn.lang.types import Constructor, Datatype, Scheme, Type

Path = tuple[tuple[str, int], ...]
"""The way from a value to a part of it: constructor and field number, again and again."""


@dataclass(frozen=True)
class RecursiveCall:
    """One call of a function within its own group. ``path`` leads from the decreasing argument to the part of it that the call
    receives there; ``shown`` is what matching has shown by then: the constructor at each of these paths."""

    callee: str
    path: Path
    shown: tuple[tuple[Path, str], ...]
    span: Span


@dataclass(frozen=True)
class RecursionShape:
    """How a function recurs: on which parameter (its name and its place, from 0), and the recursive calls that stand in it.
    ``most`` is how many of them one evaluation makes at the most, by the constructor of the decreasing argument where a match has
    shown it, and under ``None`` for any other; one that stands in a ``fn`` counts once, however often that is applied."""

    parameter: str
    position: int
    calls: tuple[RecursiveCall, ...]
    most: Mapping[str | None, int]

    def calls_at(self, constructor: str) -> int:
        """How many recursive calls the function makes, at the most, where its decreasing argument is built by this constructor."""
        return self.most.get(constructor, self.most[None])


@dataclass(frozen=True)
class Definition:
    """A function or, without parameters, a constant. ``group`` names the functions defined together with it; a ``partial`` one is
    not known to end. ``orders`` says for each ``<`` and its like, by where it stands, whether it compares ``Int`` or ``Char``."""

    name: str
    parameters: tuple[str, ...]
    body: Term
    scheme: Scheme
    group: tuple[str, ...]
    span: Span
    shape: RecursionShape | None = None
    partial: bool = False
    documentation: str | None = None
    orders: Mapping[Span, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """``example left = right``."""

    left: Term
    right: Term
    type: Type
    span: Span
    source: Source


@dataclass(frozen=True)
class Property:
    """``property name (x : A) when guard = body``. Guard and body are functions of the parameters, terms where there are none."""

    name: str
    parameters: tuple[str, ...]
    types: tuple[Type, ...]
    guard: Term | None
    body: Term
    span: Span
    source: Source


@dataclass(frozen=True)
class Program:
    """A source file that has passed every check made before anything runs, with all that it imports. ``own`` are the functions
    that it defines itself, in order; ``sources`` every text that was read for it."""

    source: Source
    datatypes: Mapping[str, Datatype]
    definitions: Mapping[str, Definition]
    names: Names
    own: tuple[str, ...]
    sources: tuple[Source, ...]
    examples: tuple[Example, ...] = ()
    properties: tuple[Property, ...] = ()
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def files(self) -> dict[str, str]:
        """The texts of the files that it imports, directly or not, by name; with them :class:`Source` makes it again from text."""
        there = (s for s in self.sources if s.path is not None or s.name in self.source.files)
        return {source.name: source.text for source in there if source is not self.source}

    @cached_property
    def constructors(self) -> Mapping[str, Constructor]:
        """Every constructor by name."""
        return {c.name: c for datatype in self.datatypes.values() for c in datatype.constructors}
