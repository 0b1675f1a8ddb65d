"""What the names of a file mean. Every type, constructor and function of a linked program has one name of its own there: as the
main file says it, bare where that is enough, else with its module before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from recsyn.lang.diagnostics import Fault, nearest
from recsyn.lang.library import module_names, modules_with
from recsyn.lang.source import Span


@dataclass(frozen=True, slots=True)
class Meaning:
    """A thing of the program by its own name, and the import that brings it in; the file's own have none."""

    name: str
    module: str | None = None


Table = dict[str, tuple[Meaning, ...]]
"""From a name as written to what it may mean: several things where imports clash."""

_ELSEWHERE = {
    "true": "it is written `True`",
    "false": "it is written `False`",
    "Nil": "the empty list is written `[]`",
    "Cons": "a list with an item before it is written `x :: xs`",
    "String": "a string is a `List Char`",
    "Integer": "it is called `Int` here",
    "Boolean": "it is called `Bool` here",
}
"""What other languages call what this one has."""


@dataclass(frozen=True)
class Names:
    """The names that one file may use, for each namespace: ``map``, and ``list.map`` where ``list`` is imported."""

    types: Table = field(default_factory=dict)
    constructors: Table = field(default_factory=dict)
    values: Table = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    own: tuple[Collection[str], Collection[str], Collection[str]] = ((), (), ())
    """The types, constructors and values that the text being read defines, also further down."""

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
            mend = f"bring it in with `import {module}`" if module in module_names() else nearest(module, self.modules)
            return Fault("unknown-name", f"no module `{module}` is imported here", span, mend)
        if dot:
            inside = [w.removeprefix(f"{module}.") for w in table if w.startswith(f"{module}.")]
            return Fault("unknown-name", f"the module `{module}` has no {noun} `{name}`", span, nearest(name, inside))
        namespace = next(i for i, t in enumerate((self.types, self.constructors, self.values)) if t is table)
        if written in self.own[namespace]:
            hint: str | None = "it is defined further down: a declaration sees those before it, and its own group joined by `and`"
        else:
            library = [f"`import {m}`" for m in modules_with(written, namespace) if m not in self.modules]
            found = f"`{written}` is in the library: {_listed(library, 'or')}" if library else _ELSEWHERE.get(written)
            close = nearest(written, [*also, *table])
            hint = f"{found}; or {close}" if found and close else found or close
        return Fault("unknown-name", f"there is no {noun} `{written}`", span, hint)


def bring_in(table: Table, exported: Mapping[str, str], module: str, qualifier: str) -> None:
    """Add what a module exports to a table: for each name there, the program's own. The file's own names stay."""
    for written, name in exported.items():
        meaning = Meaning(name, module)
        for spelling in (written, f"{qualifier}.{written}"):
            others = table.get(spelling, ())
            if meaning not in others and all(m.module is not None for m in others):
                table[spelling] = (*others, meaning)


def _listed(words: list[str], conjunction: str) -> str:
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}" if len(words) > 1 else words[0]
