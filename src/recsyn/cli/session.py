"""A dialogue with the language: a program that grows by what is typed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from recsyn.front import Program
from recsyn.lang import syntax as s
from recsyn.lang.checker import check
from recsyn.lang.diagnostics import Diagnostic
from recsyn.lang.parser import parse_program
from recsyn.lang.source import Source, read_source


@dataclass(frozen=True)
class Session:
    """A file, if one is loaded, and the declarations typed since; a later one hides an earlier of the same name."""

    program: Program = field(default_factory=lambda: Program(check()))
    file: Source | None = None
    typed: tuple[Source, ...] = ()

    def extended(self, text: str) -> Session:
        """The session after more declarations. Raises :class:`LanguageError` where they are refused."""
        folder = self.file.path.parent if self.file and self.file.path else Path.cwd()
        typed = (*self.typed, Source(f"<input {len(self.typed) + 1}>", text, folder / "<input>"))
        return replace(self, program=Program(check(*([self.file] if self.file else []), *typed)), typed=typed)

    @property
    def latest(self) -> Source | None:
        """What was typed or loaded last."""
        return self.typed[-1] if self.typed else self.file

    def introduced(self) -> Iterator[str]:
        """The types and functions of the latest declarations, a line for each."""
        for declaration in self._latest_declarations():
            if isinstance(declaration, s.TypeGroup):
                yield from (f"type {' '.join([t.name, *(p.name for p in t.parameters)])}" for t in declaration.types)
            elif isinstance(declaration, s.FunctionGroup):
                yield from (f"{f.name} : {self.program[f.name].definition.scheme}" for f in declaration.functions)

    def remarks(self) -> Iterator[Diagnostic]:
        """What is to be said of the latest declarations: warnings, and examples and properties that do not hold."""
        checked, latest = self.program.checked, self.latest
        imports = [d.span for d in self._latest_declarations() if isinstance(d, s.ImportDeclaration)]
        # What is imported here will be used later.
        yield from (
            w for w in checked.warnings if w.source is latest and not any(span.start <= w.span.start < span.end for span in imports)
        )
        mine = Program(
            replace(
                checked,
                examples=tuple(e for e in checked.examples if e.source is latest),
                properties=tuple(p for p in checked.properties if p.source is latest),
            )
        )
        yield from mine.failed_examples()
        yield from mine.falsified_properties()

    def _latest_declarations(self) -> tuple[s.Declaration, ...]:
        return parse_program(self.latest).declarations if self.latest else ()


def loaded(path: str | Path) -> Session:
    """A session that begins with a file. Raises :class:`RecsynError` where it cannot be read or is refused."""
    source = read_source(path)
    return Session(Program(check(source)), source)
