"""A file and all that it imports, directly or not: found, read and parsed, and every thing in it given a name of its own."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from recsyn.errors import RecsynError
from recsyn.lang import syntax as s
from recsyn.lang.diagnostics import Diagnostic, Fault, nearest
from recsyn.lang.library import module_names, module_source, parsed_module
from recsyn.lang.names import Meaning, Names, bring_in
from recsyn.lang.parser import Parsed, parse_program
from recsyn.lang.source import EMPTY, Source, Span, read_source
from recsyn.lang.stackless import Deep, run
from recsyn.lang.types import BUILTIN_DATATYPES, PRIMITIVE_TYPES

_MOST_SHOWN = 10
"""Of a cycle of imports so many files are named."""

Key = tuple[str, str]
"""``("library", name)``, ``("file", path)``, or ``("text", name)`` for a text that is no file."""


@dataclass(frozen=True)
class Import:
    """One import of a file: what it leads to, and the word that stands before names from there."""

    key: Key
    qualifier: str
    source: Source
    span: Span


@dataclass(frozen=True)
class Module:
    """A file, or several texts that continue each other. With ``guessing`` an import failed, and no name is known to be unknown."""

    key: Key
    parts: tuple[Parsed, ...]
    imports: tuple[Import, ...]
    errors: tuple[Diagnostic, ...]
    guessing: bool


@dataclass(frozen=True)
class Exports:
    """What a text declares: for each name there, the name in the whole program."""

    types: Mapping[str, str]
    constructors: Mapping[str, str]
    values: Mapping[str, str]


@dataclass(frozen=True)
class Linked:
    """The modules of a program, each after those that it imports, the main one last."""

    modules: tuple[Module, ...]
    labels: Mapping[Key, str]
    """How each module is told from the others: its name, with primes where two share one."""
    exports: Mapping[Key, tuple[Exports, ...]]
    """For each module what its parts declare."""

    @property
    def main(self) -> Module:
        return self.modules[-1]

    def bring_in(self, names: Names, module: Module, part: Parsed) -> None:
        """Add what one text of a module imports to the names that it may use."""
        for imported in (i for i in module.imports if i.source is part.source):
            names.modules[imported.qualifier] = self.labels[imported.key]
            for exports in self.exports[imported.key]:
                for table, exported in (
                    (names.types, exports.types),
                    (names.constructors, exports.constructors),
                    (names.values, exports.values),
                ):
                    bring_in(table, exported, self.labels[imported.key], imported.qualifier)


def builtin_names() -> Names:
    """What every file may use."""
    names = Names()
    names.types.update((t, (Meaning(t),)) for t in (*BUILTIN_DATATYPES, *PRIMITIVE_TYPES))
    names.constructors.update((c.name, (Meaning(c.name),)) for d in BUILTIN_DATATYPES.values() for c in d.constructors)
    return names


def link(sources: Sequence[Source]) -> Linked:
    """The program whose main file is the first source, continued by the others; without sources, the empty one."""
    loader = _Loader()
    first = sources[0] if sources else EMPTY
    run(loader.module(("file", str(first.path)) if first.path else ("text", first.name), first.name, sources))
    modules = tuple(loader.modules.values())
    labels = _labels(modules)
    return Linked(modules, labels, _exports(modules, labels))


class _Loader:
    """Reads modules depth first. ``trail`` holds those whose imports are being read, by the name to show."""

    def __init__(self) -> None:
        self.modules: dict[Key, Module] = {}
        self.trail: dict[Key, str] = {}

    def module(self, key: Key, name: str, sources: Sequence[Source]) -> Deep[None]:
        self.trail[key] = name
        parts = tuple(parsed_module(key[1]) if key[0] == "library" else parse_program(source) for source in sources)
        errors = [e for part in parts for e in part.errors]
        imports: dict[Key, Import] = {}
        failed = any(part.imports_unread for part in parts)
        for part in parts:
            for written in (m for d in part.declarations if isinstance(d, s.ImportDeclaration) for m in d.modules):
                try:
                    found, source = _found(written, part.source)
                    self._refuse_cycle(found, written)
                except Fault as fault:
                    errors.append(fault.diagnostic(part.source))
                    failed = True
                    continue
                if found not in imports:
                    word = _untaken(_qualifier(written), {i.qualifier for i in imports.values()})
                    imports[found] = Import(found, word, part.source, written.span)
                if found not in self.modules:
                    yield self.module(found, source.name, [source])
        del self.trail[key]
        self.modules[key] = Module(key, parts, tuple(imports.values()), tuple(errors), failed)

    def _refuse_cycle(self, key: Key, written: s.ModuleName) -> None:
        if key not in self.trail:
            return
        keys = list(self.trail)
        paths = [self.trail[k] for k in keys[keys.index(key) :]]
        names = [Path(path).name for path in paths]
        names = names if len(set(names)) == len(names) else paths
        names = names if len(names) <= _MOST_SHOWN else [*names[: _MOST_SHOWN - 1], "…", names[-1]]
        message = f"this import leads back to where it began: {' → '.join([*names, names[0]])}"
        raise Fault("import-cycle", message, written.span, "move what both need into a file that imports neither")


def _found(written: s.ModuleName, source: Source) -> tuple[Key, Source]:
    """What an import of a source leads to. Raises :class:`Fault` where there is no such module or file."""
    if not written.file:
        if written.name in module_names():
            return ("library", written.name), module_source(written.name)
        beside = source.path is not None and (source.path.parent / f"{written.name}.rec").is_file()
        hint = f'a file is imported by its path: `import "./{written.name}.rec"`' if beside else None
        hint = hint or nearest(written.name, module_names()) or f"the library has {', '.join(module_names())}"
        raise Fault("unknown-name", f"there is no module `{written.name}` in the library", written.span, hint)
    name = os.path.normpath(Path(source.name).parent / written.name)
    if source.path is None and name in source.files:
        return ("text", name), replace(source, name=name, text=source.files[name])
    if source.path is None:
        message = f"a text that is not a file cannot import the file {written.name!r}"
        raise Fault("missing-file", message, written.span, "save it as a .rec file beside what it imports")
    if not written.name.endswith(".rec") or Path(written.name).is_absolute():
        message = f"{written.name!r} does not name a file beside this one"
        hint = 'a file is imported by its path from this one: `import "./mine.rec"`'
        if written.name in module_names():
            hint = f"a module of the library is imported without quotes: `import {written.name}`"
        raise Fault("missing-file", message, written.span, hint)
    path = source.path.parent / written.name
    try:
        read = read_source(path, name)
    except RecsynError as error:
        hint = error.hint if os.path.lexists(path) else _nearest_file(written.name, path.parent)
        raise Fault("missing-file", error.message, written.span, hint) from None
    return ("file", str(read.path)), read


def _nearest_file(written: str, folder: Path) -> str:
    before = written[: written.rfind("/") + 1]
    there: list[str] = []
    with suppress(OSError):
        there = sorted(f"{before}{name}" for name in os.listdir(folder) if name.endswith(".rec"))
    return nearest(written, there) or "a file is looked for from the folder of the one that imports it"


def _qualifier(written: s.ModuleName) -> str:
    """The word before names of a module: for a file its name, made one that the language allows."""
    if not written.file:
        return written.name
    word = re.sub(r"[^A-Za-z0-9_]", "_", Path(written.name).stem)
    return f"_{word}" if word[0].isdigit() else word[0].lower() + word[1:]


def _untaken(word: str, taken: Container[str]) -> str:
    while word in taken:
        word += "'"
    return word


def _labels(modules: Sequence[Module]) -> dict[Key, str]:
    """What the main file imports is named first, so that its own words for things hold in messages."""
    labels: dict[Key, str] = {}
    taken: set[str] = set()
    for module in (modules[-1], *reversed(modules[:-1])):
        for imported in module.imports:
            if imported.key not in labels:
                labels[imported.key] = _untaken(imported.qualifier, taken)
                taken.add(labels[imported.key])
    labels[modules[-1].key] = ""
    return labels


def _exports(modules: Sequence[Module], labels: Mapping[Key, str]) -> dict[Key, tuple[Exports, ...]]:
    main = modules[-1]
    declared = {module.key: [part.declared for part in module.parts] for module in modules}
    direct = {i.key for i in main.imports}
    bare: list[frozenset[str]] = []
    for space in range(3):
        own = {name for part in declared[main.key] for name in part[space]}
        counted: dict[str, int] = {}
        for key in direct:
            for name in {n for part in declared[key] for n in part[space]}:
                counted[name] = counted.get(name, 0) + 1
        bare.append(frozenset(name for name, count in counted.items() if count == 1 and name not in own))
    exports: dict[Key, tuple[Exports, ...]] = {}
    for module in modules[:-1]:
        label = labels[module.key]
        spaces = [
            {n: n if module.key in direct and n in bare[space] else f"{label}.{n}" for n in names}
            for space, names in enumerate(declared[module.key][0])
        ]
        exports[module.key] = (Exports(*spaces),)
    exports[main.key] = tuple(_own(declared[main.key]))
    return exports


def _own(parts: Sequence[tuple[list[str], list[str], list[str]]]) -> Iterator[Exports]:
    """The main file's own names; of two texts that define one name, the later keeps it bare."""
    for index, part in enumerate(parts):
        later = [{n for p in parts[index + 1 :] for n in p[space]} for space in range(3)]
        yield Exports(*({n: f"{n}#{index}" if n in later[space] else n for n in part[space]} for space in range(3)))
