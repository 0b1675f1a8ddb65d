"""Text to syntax tree.

The tokens of a file are cut at the words that begin a declaration, where they stand first on their line, and each part is parsed
alone: an error in one declaration does not hide the next. The tree is built while the parser reduces, so that its depth costs no
stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise, takewhile
from typing import Any, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from recsyn.lang import tree
from recsyn.lang.comments import blanked, comments_of, documentation_before
from recsyn.lang.diagnostics import Diagnostic, Fault, LanguageError
from recsyn.lang.source import Source, Span
from recsyn.lang.syntax import Declaration, Expression, FunctionGroup, TypeExpression, TypeGroup

_MOST_BAD_CHARACTERS = 20
"""After so many, what is read is no program, and more of the same would help nobody."""

_OPENERS = frozenset({"IMPORT", "TYPE", "FUN", "PARTIAL", "EXAMPLE", "PROPERTY"})
_WORDS = {
    "LOWER": "a name",
    "UPPER": "a type or constructor",
    "QUALIFIED_LOWER": "a name",
    "QUALIFIED_UPPER": "a type or constructor",
    "INTEGER": "an integer",
    "CHARACTER": "a character",
    "STRING": "a string",
    "$END": "the end of the declaration",
}
_OPERATORS = frozenset(
    "OR_OR AND_AND EQUALS DIFFERS AT_MOST AT_LEAST LESS GREATER CONS APPEND PLUS MINUS STAR SLASH PERCENT".split()
)
_EXPRESSION_STARTS = frozenset("LOWER UPPER QUALIFIED_LOWER QUALIFIED_UPPER INTEGER CHARACTER STRING LPAR LSQUARE MATCH".split())
_PATTERN_STARTS = frozenset("LOWER UPPER QUALIFIED_UPPER INTEGER CHARACTER STRING LPAR LSQUARE".split())
_TYPE_STARTS = frozenset("LOWER UPPER QUALIFIED_UPPER LPAR".split())


@cache
def _lark() -> Lark:
    grammar = (files("recsyn") / "grammars" / "recsyn.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start=["declaration", "expression", "_type"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=tree.TreeBuilder(),
    )


@cache
def _spelling() -> dict[str, str]:
    return {t.name: t.pattern.value for t in _lark().terminals if t.name not in _WORDS}


@dataclass(frozen=True)
class Tokens:
    """A text as the parser reads it, and what in it could not be read."""

    tokens: tuple[Token, ...]
    comments: tuple[Span, ...]
    errors: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Parsed:
    """The declarations of a source that parse, and an error for each part that does not. ``promised`` are the names that those
    parts would have defined."""

    source: Source
    declarations: tuple[Declaration, ...]
    errors: tuple[Diagnostic, ...]
    promised: frozenset[str]


def parse_program(source: Source) -> Parsed:
    """Read a source, each of its declarations alone."""
    read = tokens_of(source)
    errors = list(read.errors)
    declarations: list[Declaration] = []
    promised: set[str] = set()
    unread = [e.span.start for e in errors]
    for part, end in declaration_parts(read.tokens, len(source.text)):
        if any(_span(part[0]).start <= at < end for at in unread):
            promised.update(_promised(part))
            continue
        if part[0].type not in _OPENERS:
            errors.append(_no_declaration(part[0]).diagnostic(source))
            promised.update(_promised(part))
            continue
        try:
            declaration = cast(Declaration, _parse(part, "declaration", len(source.text)))
        except Fault as fault:
            errors.append(fault.diagnostic(source))
            promised.update(_promised(part))
        else:
            declarations.append(_documented(declaration, part, source.text, read.comments))
    if not read.tokens and not errors:
        message = "this file holds no declaration"
        errors.append(Fault("syntax", message, Span(0, 0), "begin with a `type` or a `fun`").diagnostic(source))
    return Parsed(source, tuple(declarations), tuple(errors), frozenset(promised))


def _promised(part: Sequence[Token]) -> Iterator[str]:
    """The names that a part which does not parse may have been meant to define."""
    if part[0].type not in _OPENERS:
        yield from (str(token) for token in takewhile(lambda token: token.type != "EQUAL", part))
    for before, token in pairwise(part):
        if before.type in ("FUN", "AND") or (token.type == "UPPER" and part[0].type == "TYPE"):
            yield str(token)


def _no_declaration(token: Token) -> Fault:
    hint = "a declaration begins with `type`, `fun`, `partial fun`, `example`, `property` or `import`, first on its line"
    return Fault("syntax", f"expected a declaration here, found {_found(token)}", _span(token), hint)


def _documented(declaration: Declaration, part: Sequence[Token], text: str, comments: Sequence[Span]) -> Declaration:
    """The declaration with what the comments before each of its members say of it."""
    if not isinstance(declaration, TypeGroup | FunctionGroup):
        return declaration
    openings = [part[0], *(t for t in part if t.type == "AND")]
    texts = [documentation_before(_span(token).start, text, comments) for token in openings]
    if not any(texts):
        return declaration
    if isinstance(declaration, TypeGroup):
        types = (replace(m, documentation=d) for m, d in zip(declaration.types, texts, strict=True))
        return replace(declaration, types=tuple(types))
    functions = (replace(m, documentation=d) for m, d in zip(declaration.functions, texts, strict=True))
    return replace(declaration, functions=tuple(functions))


def parse_expression(source: Source) -> Expression:
    """The one expression that a text holds. Raises :class:`LanguageError`."""
    return cast(Expression, _parse_whole(source, "expression", "an expression"))


def parse_type(source: Source) -> TypeExpression:
    """The one type that a text holds. Raises :class:`LanguageError`."""
    return cast(TypeExpression, _parse_whole(source, "_type", "a type"))


def _parse_whole(source: Source, start: str, noun: str) -> Any:
    read = tokens_of(source)
    errors = list(read.errors)
    if not read.tokens and not errors:
        errors.append(Fault("syntax", f"expected {noun}, found nothing", Span(0, 0)).diagnostic(source))
    if errors:
        raise LanguageError(errors)
    try:
        return _parse(read.tokens, start, len(source.text))
    except Fault as fault:
        raise LanguageError([fault.diagnostic(source)]) from None


def tokens_of(source: Source) -> Tokens:
    """The tokens and comments of a text; what is no token is reported and left out."""
    errors: list[Diagnostic] = []
    try:
        comments = tuple(comments_of(source.text))
    except Fault as fault:
        return Tokens((), (), (fault.diagnostic(source),))
    text = blanked(source.text, comments)
    while True:
        try:
            return Tokens(tuple(_lark().lex(text)), comments, tuple(errors))
        except UnexpectedCharacters as error:
            at = error.pos_in_stream or 0
            errors.append(_bad_character(text, at).diagnostic(source))
            line_end = text.find("\n", at)
            stop = at + 1 if text[at] not in "\"'" else len(text) if line_end < 0 else line_end
            if len(errors) == _MOST_BAD_CHARACTERS:
                return Tokens((), comments, tuple(errors))
            text = text[:at] + " " * (stop - at) + text[stop:]


def _bad_character(text: str, at: int) -> Fault:
    character = text[at]
    if character == '"':
        return Fault("syntax", "this string is not closed on its line", Span(at, at + 1), 'close it with `"`')
    if character == "'":
        hint = "a character literal is one character between quotes, as in 'a'"
        return Fault("syntax", "this is not a character literal", Span(at, at + 1), hint)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    operator = "`&` means nothing alone; `&&` is an operator" if character == "&" else None
    return Fault("syntax", f"the character `{shown}` is not part of the language", Span(at, at + 1), operator)


def declaration_parts(tokens: Sequence[Token], end: int) -> Iterator[tuple[Sequence[Token], int]]:
    """The parts of a file, each with the offset at which the next begins."""
    start, line = 0, 0
    for index, token in enumerate(tokens):
        opens = token.line != line and token.type in _OPENERS
        if opens and index > start and tokens[index - 1].type != "PARTIAL":
            yield tokens[start:index], _span(token).start
            start = index
        line = token.line or 0
    if tokens:
        yield tokens[start:], end


def _parse(tokens: Sequence[Token], start: str, end: int) -> Any:
    parser = _lark().parse_interactive(start=start)
    noun = {"declaration": "the declaration", "expression": "the expression"}.get(start, "the type")
    parser_of: Any = parser
    for token in tokens:
        try:
            parser_of.feed_token(token)
        except UnexpectedToken:
            raise _unexpected(_found(token), parser_of.accepts(), _span(token)) from None
    try:
        result = parser_of.feed_eof(tokens[-1])
    except UnexpectedToken:
        last = tokens[-1].end_pos or end
        raise _unexpected("the end of " + noun, parser_of.accepts(), Span(max(0, last - 1), last)) from None
    return result.children[0] if start == "_type" else result


def _unexpected(found: str, accepted: set[str], span: Span) -> Fault:
    return Fault("syntax", f"expected {_in_words(accepted)}, found {found}", span)


def _in_words(accepted: set[str]) -> str:
    rest = set(accepted)
    words: list[str] = []
    noun: str
    for starts, noun in ((_EXPRESSION_STARTS, "an expression"), (_PATTERN_STARTS, "a pattern"), (_TYPE_STARTS, "a type")):
        if starts <= rest:
            rest -= starts
            rest -= {"FN", "LET", "IF"} if noun == "an expression" else set()
            rest -= {"MINUS"} if noun == "a pattern" or not rest >= _OPERATORS else set()
            words.append(noun)
            break
    if rest >= _OPERATORS:
        rest -= _OPERATORS
        words.append("an operator")
    words.extend(sorted({_WORDS[name] if name in _WORDS else f"`{_spelling()[name]}`" for name in rest}))
    if len(words) < 2:
        return words[0] if words else "nothing more"
    return ", ".join(words[:-1]) + " or " + words[-1]


def _found(token: Token) -> str:
    text = str(token)
    return f"`{text if len(text) <= 40 else text[:37] + '…'}`"


def _span(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)
