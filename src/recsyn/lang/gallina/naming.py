"""Names of Gallina as names of the language: legal there, and different where they were different."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Literal

_LEGAL = {"upper": re.compile(r"[A-Z][A-Za-z0-9_']*"), "lower": re.compile(r"[a-z_][A-Za-z0-9_']*")}


@dataclass
class Naming:
    """The names of one namespace. A name that is legal as it stands keeps its spelling if it is ``claimed`` before the others are
    asked for."""

    case: Literal["upper", "lower"]
    reserved: Collection[str]
    known: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def claim(self, names: Iterable[str]) -> None:
        for name in names:
            if self._is_free(name) and name != "_":
                self.known[name] = name
                self.taken.add(name)

    def of(self, name: str, wanted: str | None = None) -> str:
        """The name for ``name``, spelled as ``wanted`` where that is free."""
        if name not in self.known:
            spelling = _adapted(wanted or name, self.case)
            while not self._is_free(spelling):
                spelling += "'"
            self.known[name] = spelling
            self.taken.add(spelling)
        return self.known[name]

    def _is_free(self, spelling: str) -> bool:
        return bool(_LEGAL[self.case].fullmatch(spelling)) and spelling not in self.reserved and spelling not in self.taken


def _adapted(name: str, case: Literal["upper", "lower"]) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    plain = re.sub(r"[^A-Za-z0-9_']", "_", plain)
    if not plain.strip("_'"):
        plain = "x" + plain
    if case == "lower":
        return plain[0].lower() + plain[1:] if plain[0].isalpha() or plain[0] == "_" else "x" + plain
    plain = plain.lstrip("_'")
    return plain[0].upper() + plain[1:] if plain[0].isalpha() else "N" + plain
