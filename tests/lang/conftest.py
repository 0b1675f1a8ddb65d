"""The programs of ``examples/``, and programs that only the grammar knows of."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import strategies as st
from lark import Lark
from lark.grammar import NonTerminal, Symbol

import recsyn
from recsyn.lang.parser import parse_program
from recsyn.lang.source import Source


@pytest.fixture(scope="session")
def examples_programs(examples: Path) -> dict[str, recsyn.Program]:
    return {name: recsyn.load(examples / f"{name}.rec") for name in ("successor", "traversal")}


WORDS = {
    "LOWER": ["x", "f", "_", "xs'", "a_long_name_of_a_variable", "as'", "x'a'"],
    "UPPER": ["A", "Int", "None'", "ALongNameOfAConstructor"],
    "QUALIFIED_LOWER": ["list.map", "fun.x"],
    "QUALIFIED_UPPER": ["tree.Tree"],
    "INTEGER": ["0", "12", "1234567890123456789"],
    "CHARACTER": ["'a'", "'\"'", "'\\''", "'\\u{41}'", "' '"],
    "STRING": ['"ab"', '"--"', '"{-"', '"\\""', '"é\\u{1F600}"', '"a-long-string-that-fills-the-line"'],
}
BLANKS = [" ", "\n", "\n\n", "\n \t\n\r\n", "\t", "\f", "\r\n  "]
COMMENTS = [
    "-- c\n",
    "--- documentation \t\n",
    "--\n",
    "---- rule\n",
    "{- b -}",
    "{--}",
    "{- {- n -}\n  -- {- -} m \n\tx -}",
    "-- w \r\n",
]


@cache
def _expansions() -> tuple[dict[str, list[list[Symbol]]], dict[str, int], dict[str, str]]:
    """What each rule of the grammar may be, the least depth of what it stands for, and the spelling of each fixed word."""
    lark = Lark(
        (files("recsyn") / "grammars" / "recsyn.lark").read_text("utf-8"), parser="lalr", lexer="basic", start="declaration"
    )
    rules = defaultdict(list)
    for rule in lark.rules:
        rules[rule.origin.name].append(list(rule.expansion))
    depths: dict[str, int] = {}
    while len(depths) < len(rules):
        for name, expansions in rules.items():
            known = [d for d in (_depth(e, depths) for e in expansions) if d is not None]
            if known:
                depths.setdefault(name, 1 + min(known))
    return rules, depths, {t.name: t.pattern.value for t in lark.terminals}


def _depth(expansion: list[Symbol], depths: dict[str, int]) -> int | None:
    inside = [depths.get(symbol.name) for symbol in expansion if isinstance(symbol, NonTerminal)]
    return None if None in inside else max(inside, default=0)


@st.composite
def _declarations(draw: st.DrawFn) -> list[str]:
    """The words of a declaration."""
    rules, depths, spelling = _expansions()
    size = draw(st.integers(5, 150))
    words: list[str] = []
    todo: list[Symbol] = [NonTerminal("declaration")]
    while todo:
        symbol = todo.pop()
        if not isinstance(symbol, NonTerminal):
            choice = WORDS.get(symbol.name)
            words.append(draw(st.sampled_from(choice)) if choice else spelling[symbol.name])
            continue
        expansions = rules[symbol.name]
        if len(words) + len(todo) > size:
            least = min(_depth(e, depths) for e in expansions)
            expansions = [e for e in expansions if _depth(e, depths) == least]
        chosen = expansions[0] if len(expansions) == 1 else draw(st.sampled_from(expansions))
        todo.extend(reversed(chosen))
    return words


@st.composite
def _gaps(draw: st.DrawFn, before: str, after: str) -> str:
    """What may stand between two words: blanks, line breaks and comments."""
    touching = before in "([,)]" or after in "([,)]"
    parts = draw(st.lists(st.sampled_from(BLANKS) | st.sampled_from(COMMENTS), max_size=3)) if draw(st.integers(0, 3)) == 0 else []
    return ("" if touching and draw(st.booleans()) else " ") + "".join(parts)


@st.composite
def _programs(draw: st.DrawFn) -> str:
    out: list[str] = []
    for words in draw(st.lists(_declarations(), min_size=1, max_size=4)):
        out.append(draw(_gaps(")", "(")) + "\n" + words[0])
        for before, after in pairwise(words):
            out.extend([draw(_gaps(before, after)), after])
    return "".join(out) + draw(_gaps(")", "("))


@pytest.fixture(scope="session")
def programs() -> st.SearchStrategy[str]:
    """Texts that parse, with blanks, line breaks and comments of every kind between their words; their names mean nothing."""
    return _programs().filter(lambda text: not parse_program(Source("", text)).errors)
