"""What the names of a file mean. Every type, constructor and function of a linked program has one name of its own there: as the
main file says it, bare where that is enough, else with its module before it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from recsyn.lang.core import spelled
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
    "nil": "the empty list is written `[]`",
    "Cons": "a list with an item before it is written `x :: xs`",
    "cons": "a list with an item before it is written `x :: xs`",
    "mod": "the remainder is written `a % b`",
    "div": "the quotient is written `a / b`",
    "otherwise": "the last case is written `_ => …`, and the last branch of an `if` `else …`",
    "fst": "it is called `first` in the library: `import pair`",
    "snd": "it is called `second` in the library: `import pair`",
    "foldr": "it is called `fold_right` in the library: `import list`",
    "foldl": "it is called `fold_left` in the library: `import list`",
    "Just": "it is called `Some` in the library: `import option`",
    "Nothing": "it is called `None` in the library: `import option`",
    "Maybe": "it is called `Option` in the library: `import option`",
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
    modules: dict[str, str] = field(default_factory=dict)
    """The words that stand before names of imports, and for each the module that it means."""
    own: tuple[Collection[str], Collection[str], Collection[str]] = ((), (), ())
    """The types, constructors and values that the text being read defines, also further down."""

    def meaning(self, table: Table, written: str, span: Span, noun: str, also: Iterable[str] = ()) -> Meaning:
        """What a name in a table means. ``also`` are names that are known there without being in the table. Raises
        :class:`Fault` for a name that is unknown, or that two imports bring in."""
        found = table.get(written)
        if found is None:
            raise self._unknown(table, written, span, noun, also)
        if len(found) > 1:
            modules = [next(word for word, module in self.modules.items() if module == m.module) for m in found]
            said = [f"`{module}.{written}`" for module in modules]
            message = f"`{written}` comes from {_listed([f'`{m}`' for m in modules], 'and')}"
            raise Fault("duplicate-name", message, span, f"write {_listed(said, 'or')}")
        return found[0]

    def type_spelling(self, name: str) -> str:
        """How the file writes a type of the program."""
        return _spelling(self.types, name)

    def constructor_spelling(self, name: str) -> str:
        """How the file writes a constructor of the program."""
        return _spelling(self.constructors, name)

    def value_spelling(self, name: str) -> str:
        """How the file writes a function of the program."""
        return _spelling(self.values, name)

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
            if namespace < 2:
                hint = "its type is declared further down: a declaration sees those before it, so move the type up"
        else:
            library = [f"`import {m}`" for m in modules_with(written, namespace) if m not in self.modules]
            found = _ELSEWHERE.get(written)
            if library and found is None:
                found = f"`{written}` is in the library: {_listed(library, 'or')}"
            close = nearest(written, [*also, *table])
            hint = f"{found}; or {close}" if found and close else found or close
        return Fault("unknown-name", f"there is no {noun} `{written}`", span, hint)


def _spelling(table: Table, name: str) -> str:
    """The shortest name in a table that means this alone. What a file has no name for goes by its own in the program."""
    if table.get(name) == (Meaning(name),):
        return name
    written = [word for word, meanings in table.items() if len(meanings) == 1 and meanings[0].name == name]
    return min(written, key=len, default=spelled(name))


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
