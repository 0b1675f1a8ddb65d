"""Colours for source text, in every tool that uses Pygments: terminals, editors, documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pygments.lexer import ExtendedRegexLexer, LexerContext, bygroups, words
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Whitespace, _TokenType

from recsyn.lang.syntax import KEYWORDS

_FENCE = re.compile(r"\{-|-\}")
_LOWER = r"[a-z_][A-Za-z0-9_']*"
_UPPER = r"[A-Z][A-Za-z0-9_']*"
_ESCAPE = r"\\(?:u\{[0-9A-Fa-f]{1,6}\}|[ntr0\\'\"])"


def _block_comment(lexer: RecsynLexer, opening: re.Match[str], context: LexerContext) -> Iterator[tuple[int, _TokenType, str]]:
    """A comment is one token however deep it nests; one that is never closed is the rest of the text."""
    depth, at = 1, opening.end()
    while depth:
        fence = _FENCE.search(context.text, at)
        if fence is None:
            at = len(context.text)
            break
        depth += 1 if fence.group() == "{-" else -1
        at = fence.end()
    yield opening.start(), Comment.Multiline, context.text[opening.start() : at]
    context.pos = at


class RecsynLexer(ExtendedRegexLexer):  # type: ignore[misc]  # Pygments is written without types
    """Source text in pieces of one colour."""

    name = "recsyn"
    aliases: ClassVar = ["recsyn", "rec"]
    filenames: ClassVar = ["*.rec"]

    tokens: ClassVar = {
        "root": [
            (r"\s+", Whitespace),
            (r"---(?!-).*", Comment.Special),
            (r"--.*", Comment.Single),
            (r"\{-", _block_comment),
            (rf"({_LOWER})(\.)({_LOWER})", bygroups(Name.Namespace, Punctuation, Name)),
            (rf"({_LOWER})(\.)({_UPPER})", bygroups(Name.Namespace, Punctuation, Name.Class)),
            (rf"(fun|and|property)(\s+)({_LOWER})", bygroups(Keyword, Whitespace, Name.Function)),
            (words(sorted(KEYWORDS), suffix=r"(?![A-Za-z0-9_'])"), Keyword),
            (r"not(?![A-Za-z0-9_'])", Name.Builtin),
            (r"(Int|Char|Bool|List)(?![A-Za-z0-9_'])", Keyword.Type),
            (r"(True|False)(?![A-Za-z0-9_'])", Keyword.Constant),
            (_LOWER, Name),
            (_UPPER, Name.Class),
            (r"[0-9]+", Number.Integer),
            (rf"(')({_ESCAPE})(')", bygroups(String.Char, String.Escape, String.Char)),
            (r"'[^'\\\n]'", String.Char),
            (r'"', String, "string"),
            (r"\|\||&&|==|!=|<=|>=|=>|->|::|\+\+|[-+*/%<>=|:]", Operator),
            (r"[()\[\],]", Punctuation),
        ],
        "string": [
            (r'[^"\\\n]+', String),
            (_ESCAPE, String.Escape),
            (r'"', String, "#pop"),
            (r"\\.?", Error),
            (r"\n", Whitespace, "#pop"),
        ],
    }
