"""Text to syntax tree.

The tokens of a file are cut at the words that begin a declaration, where they stand first on their line, and each part is parsed
alone: an error in one declaration does not hide the next. The tree is built while the parser reduces, so that its depth costs no
stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from itertools import pairwise, takewhile
from typing import Any, cast

from lark import Lark, Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from recsyn.lang import tree
from recsyn.lang.comments import blanked, comments_of, documentation_before, is_documentation
from recsyn.lang.diagnostics import Diagnostic, Fault, LanguageError, nearest
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
_STRAY = {
    "&": "`&` means nothing alone; `&&` is an operator",
    "\\": "a function without a name is written `fn x => …`",
    "^": "lists and strings are joined with `++`",
    "@": "lists and strings are joined with `++`",
    "!": "the opposite of a truth value is written `not x`",
    "$": "what belongs together stands in parentheses",
    ";": "items of a list have `,` between them, declarations nothing, and definitions in an expression `let … in`",
    "`": "an infix function is written before its arguments",
    "#": "a comment is written `-- …` or `{- … -}`",
    "{": "there are no records and no blocks: a `type` has constructors, and what belongs together stands in parentheses",
    "}": "there are no records and no blocks: a `type` has constructors, and what belongs together stands in parentheses",
    "?": "a choice is written `if … then … else …`",
    ".": "a dot stands in names from a module alone, as in `list.map`",
}
"""Characters of other languages, and what this one has in their place."""
_OTHER_OPENERS = {
    "let": "at the top of a file a name is defined by `fun`",
    "def": "a function is defined by `fun`",
    "function": "a function is defined by `fun`",
    "data": "a datatype is declared by `type`",
    "val": "a constant is defined by `fun` without parameters, and its type stands in it: `fun x : T = …`",
    "open": "modules are brought in by `import`",
    "use": "modules are brought in by `import`",
    "from": "modules are brought in by `import`",
    "module": "a module is a file of its own, brought in by `import`",
    "rec": "a function that calls itself is defined by `fun`, as any other",
    **dict.fromkeys(("Inductive", "Fixpoint", "Definition", "Theorem", "Require"), "this is Gallina, which `recsyn import` reads"),
}
_UNCLOSED = {
    "END": "a `match` is closed by `end`",
    "ELSE": "an `if` always has an `else`",
    "IN": "a `let` goes on with `in` and what it is for",
}
_CLOSED_BY = {"MATCH": "END", "LPAR": "RPAR", "LSQUARE": "RSQUARE"}
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
    parts would have defined; with ``imports_unread`` one of them was an import."""

    source: Source
    declarations: tuple[Declaration, ...]
    errors: tuple[Diagnostic, ...]
    promised: frozenset[str]
    imports_unread: bool

    @cached_property
    def declared(self) -> tuple[list[str], list[str], list[str]]:
        """The types, the constructors and the functions that the declarations define."""
        types = [t for d in self.declarations if isinstance(d, TypeGroup) for t in d.types]
        functions = [f.name for d in self.declarations if isinstance(d, FunctionGroup) for f in d.functions]
        return [t.name for t in types], [c.name for t in types for c in t.constructors], functions


class _Unread(Exception):
    """Raised for a part whose characters could not be read, which has been reported."""


def parse_program(source: Source) -> Parsed:
    """Read a source, each of its declarations alone."""
    read = tokens_of(source)
    errors = list(read.errors)
    declarations: list[Declaration] = []
    promised: set[str] = set()
    imports_unread = False
    unread = [e.span.start for e in errors]
    for part, end in declaration_parts(read.tokens, len(source.text)):
        try:
            if any(_span(part[0]).start <= at < end for at in unread):
                raise _Unread
            if part[0].type not in _OPENERS:
                raise _no_declaration(part[0])
            declaration = cast(Declaration, _parse(part, "declaration", len(source.text)))
        except (Fault, _Unread) as fault:
            errors += [fault.diagnostic(source)] if isinstance(fault, Fault) else []
            promised.update(_promised(part))
            imports_unread = imports_unread or part[0] == "import" or nearest(str(part[0]), ["import"]) is not None
        else:
            declarations.append(_documented(declaration, part, source.text, read.comments))
    if not read.tokens and not errors:
        message = "this file holds no declaration"
        errors.append(Fault("syntax", message, Span(0, 0), "begin with a `type` or a `fun`").diagnostic(source))
    return Parsed(source, tuple(declarations), tuple(errors), frozenset(promised), imports_unread)


def _promised(part: Sequence[Token]) -> Iterator[str]:
    """The names that a part which does not parse may have been meant to define."""
    if part[0].type not in _OPENERS:
        yield from (str(token) for token in takewhile(lambda token: token.type != "EQUAL", part))
    for before, token in pairwise(part):
        if before.type in ("FUN", "AND") or (token.type == "UPPER" and part[0].type == "TYPE"):
            yield str(token)


def _no_declaration(token: Token) -> Fault:
    hint = _OTHER_OPENERS.get(str(token)) or nearest(str(token), [_spelling()[opener] for opener in _OPENERS])
    if hint is None and token.type == "LOWER":
        hint = f"a function is defined by `fun {token} … = …`"
    hint = hint or "a declaration begins with `type`, `fun`, `partial fun`, `example`, `property` or `import`, first on its line"
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


def is_blank(source: Source) -> bool:
    """Whether a text holds nothing but white space and comments."""
    read = tokens_of(source)
    return not read.tokens and not read.errors


def is_declaration(source: Source) -> bool:
    """Whether a text begins as a declaration does, not as an expression."""
    tokens = tokens_of(source).tokens
    return bool(tokens) and tokens[0].type in _OPENERS


def is_unfinished(source: Source) -> bool:
    """Whether a declaration or an expression is right as far as it goes, and wants more."""
    read = tokens_of(source)
    if read.errors:
        return not read.tokens and read.errors[0].span.end - read.errors[0].span.start == 2
    if not read.tokens:
        # Documentation waits for what it documents.
        return any(is_documentation(source.text[c.start : c.end]) for c in read.comments[-1:])
    *_, (part, _) = declaration_parts(read.tokens, len(source.text))
    parser: Any = _lark().parse_interactive(start="declaration" if part[0].type in _OPENERS else "expression")
    try:
        for token in part:
            parser.feed_token(token)
    except (UnexpectedToken, Fault):
        return False
    return "$END" not in parser.accepts()


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
    told: set[tuple[int, str]] = set()
    bad_characters = 0
    try:
        comments = tuple(comments_of(source.text))
    except Fault as fault:
        return Tokens((), (), (fault.diagnostic(source),))
    text = blanked(source.text, comments)
    tokens: list[Token] = []
    while True:
        try:
            tokens.extend(_lark().lex(text))  # keeps those before an error
            return Tokens(tuple(tokens), comments, tuple(errors))
        except UnexpectedCharacters as error:
            at = error.pos_in_stream or 0
            bad_characters += 1
            found = _bad_character(text, at).diagnostic(source)
            # One on a line is enough of each: `[1; 2; 3]` is one mistake.
            if (found.position[0], found.message) not in told:
                told.add((found.position[0], found.message))
                errors.append(found)
            line_end = text.find("\n", at)
            stop = at + 1 if text[at] not in "\"'" else len(text) if line_end < 0 else line_end
            if bad_characters == _MOST_BAD_CHARACTERS:
                return Tokens((), comments, tuple(errors))
            # What has been read need not be read again.
            text = blanked(text, [Span(0, stop)])


def _bad_character(text: str, at: int) -> Fault:
    character = text[at]
    if character == '"':
        return Fault("syntax", "this string is not closed on its line", Span(at, at + 1), 'close it with `"`')
    if character == "'":
        hint = "a character literal is one character between quotes, as in 'a'; a type variable has none"
        return Fault("syntax", "this is not a character literal", Span(at, at + 1), hint)
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return Fault("syntax", f"the character `{shown}` is not part of the language", Span(at, at + 1), _STRAY.get(character))


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
    parser: Any = _lark().parse_interactive(start=start)
    noun = {"declaration": "the declaration", "expression": "the expression"}.get(start, "the type")
    for index, token in enumerate(tokens):
        try:
            parser.feed_token(token)
        except UnexpectedToken:
            accepted = parser.accepts()
            raise _unexpected(_found(token), accepted, _span(token), _mend(token, tokens[:index], accepted)) from None
    try:
        result = parser.feed_eof(tokens[-1])
    except UnexpectedToken:
        last = tokens[-1].end_pos or end
        accepted = parser.accepts()
        hint = next((hint for name, hint in _UNCLOSED.items() if name in accepted), None)
        hint = _left_open(tokens) or hint
        raise _unexpected("the end of " + noun, accepted, Span(max(0, last - 1), last), hint) from None
    return result.children[0] if start == "_type" else result


def _left_open(tokens: Sequence[Token]) -> str | None:
    """A hint that names the innermost of what has been opened on an earlier line and not closed."""
    opened: list[Token] = []
    for token in tokens:
        if token.type in _CLOSED_BY:
            opened.append(token)
        elif opened and token.type == _CLOSED_BY[opened[-1].type]:
            opened.pop()
    if not opened or opened[-1].line == tokens[-1].line:
        return None
    closing = _spelling()[_CLOSED_BY[opened[-1].type]]
    return f"the `{opened[-1]}` on line {opened[-1].line} is not closed; that takes `{closing}`"


def _unexpected(found: str, accepted: set[str], span: Span, hint: str | None) -> Fault:
    return Fault("syntax", f"expected {_in_words(accepted)}, found {found}", span, hint)


def _mend(token: Token, before: Sequence[Token], accepted: set[str]) -> str | None:
    """A hint for what is written otherwise in other languages."""
    found = token.type
    first = next((t for t in before if t.line == token.line), token)
    if first.column == 1 and str(first) in _OTHER_OPENERS:
        return _OTHER_OPENERS[str(first)]
    pair = (before[-1].type, found) if before else ("", found)
    if pair in (("LESS", "GREATER"), ("SLASH", "EQUAL")):
        return "that two values differ is written `!=`"
    if pair == ("LPAR", "STAR"):
        return "a comment is written `-- …` or `{- … -}`"
    if found == "ARROW" and "DOUBLE_ARROW" in accepted:
        return "before a value stands `=>`; `->` is for types"
    if found == "WHEN" and "match" in before:
        return "a case has no guard: `if … then … else …` stands behind its `=>`"
    if found == "BAR" and "DOUBLE_ARROW" in accepted:
        return "each pattern has a case of its own: `| p => … | q => …`"
    if found == "END" and before and before[-1].type == "BAR":
        return "leave out the last `|`"
    if found == "END" and "DOUBLE_ARROW" in accepted:
        return "a case is written `pattern => value`"
    if len(before) > 1 and before[-2].type == "LET" and "EQUAL" in accepted and found != "COLON":
        if before[-1] == "rec":
            return "a `let` does not see itself: a function that calls itself is defined by a `fun` of its own"
        return f"a function inside of an expression is a value: `let {before[-1]} = fn {token} => … in …`"
    if found == "STAR" and "ARROW" in accepted:
        return "the type of pairs is written `(a, b)`"
    if found == "LSQUARE" and accepted >= _TYPE_STARTS and not accepted >= _EXPRESSION_STARTS:
        return "the type of lists is written `List a`"
    if found == "ARROW" and before and before[0].type == "TYPE":
        return "a field that is a function stands in parentheses"
    if found == "DOUBLE_ARROW" and accepted >= _OPERATORS:
        return "cases stand in `match … with … end`"
    if found == "QUALIFIED_LOWER" and "STRING" in accepted:
        return f"a module is imported whole: `import {token.partition('.')[0]}`"
    if found in ("EQUAL", "COLON") and any(t.type == "EQUAL" for t in before):
        if "where" in before:
            return "there is no `where`: an expression names its parts with `let … = … in`"
        if found == "EQUAL":
            return "values are compared with `==`"
        return "an item is put before a list with `::`; an expression with its type stands in parentheses, as in `(x : Int)`"
    if found == "FUN" and accepted >= _EXPRESSION_STARTS:
        return "a function without a name is written `fn x => …`"
    if found == "LOWER" and "UPPER" in accepted:
        return "types and constructors begin with a capital letter"
    if found == "UPPER" and "LOWER" in accepted:
        return "names of functions, variables and modules begin with a small letter"
    if found == "WHEN" and accepted >= _OPERATORS:
        return "`when` stands in a property, before its `=`"
    if "LOWER" in accepted and not accepted >= _OPERATORS and str(token).isalpha() and found not in ("LOWER", "UPPER"):
        return f"`{token}` is a word of the language, and no name"
    return None


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
