"""What the names of a file mean. Every type, constructor and function of a linked program has one name of its own there: as the
main file says it, bare where that is enough, else with its module before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from recsyn.lang.diagnostics import Fault, nearest
from recsyn.lang.source import Span


@dataclass(frozen=True, slots=True)
class Meaning:
    """A thing of the program by its own name, and the import that brings it in; the file's own have none."""

    name: str
    module: str | None = None


Table = dict[str, tuple[Meaning, ...]]
"""From a name as written to what it may mean: several things where imports clash."""


@dataclass(frozen=True)
class Names:
    """The names that one file may use, for each namespace: ``map``, and ``list.map`` where ``list`` is imported."""

    types: Table = field(default_factory=dict)
    constructors: Table = field(default_factory=dict)
    values: Table = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)

    def meaning(self, table: Table, written: str, span: Span, noun: str, also: Iterable[str] = ()) -> Meaning:
        """What a name in a table means. ``also`` are names that are known there without being in the table. Raises
        :class:`Fault` for a name that is unknown, or that two imports bring in."""
        found = table.get(written)
        if found is None:
            raise self._unknown(table, written, span, noun, also)
        if len(found) > 1:
            modules = [str(m.module) for m in found]
            said = [f"`{module}.{written}`" for module in modules]
            message = f"`{written}` comes from {_listed([f'`{m}`' for m in modules], 'and')}"
            raise Fault("duplicate-name", message, span, f"write {_listed(said, 'or')}")
        return found[0]

    def _unknown(self, table: Table, written: str, span: Span, noun: str, also: Iterable[str]) -> Fault:
        module, dot, name = written.rpartition(".")
        if dot and module not in self.modules:
            mend = nearest(module, self.modules) or f"bring it in with `import {module}`"
            return Fault("unknown-name", f"no module `{module}` is imported here", span, mend)
        if dot:
            inside = [w.removeprefix(f"{module}.") for w in table if w.startswith(f"{module}.")]
            return Fault("unknown-name", f"the module `{module}` has no {noun} `{name}`", span, nearest(name, inside))
        return Fault("unknown-name", f"there is no {noun} `{written}`", span, nearest(written, [*also, *table]))


def bring_in(table: Table, exported: Mapping[str, str], module: str, qualifier: str) -> None:
    """Add what a module exports to a table: for each name there, the program's own."""
    for written, name in exported.items():
        meaning = Meaning(name, module)
        for spelling in (written, f"{qualifier}.{written}"):
            others = table.get(spelling, ())
            if meaning not in others:
                table[spelling] = (*others, meaning)


def _listed(words: list[str], conjunction: str) -> str:
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"
