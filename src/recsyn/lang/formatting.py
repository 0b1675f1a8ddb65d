"""Source text laid out in the one way that all sources are.

The text is parsed again, by the same grammar but into a document for :mod:`recsyn.lang.layout`, in which every token stands once
and in order, so that nothing can be lost; each comment belongs to the token that it stands before or after. The document is built
while the parser reduces, and costs no stack either.

The author decides where an empty line is, and whether a ``let``, an ``if`` or a ``match`` that fits on one line stands on one; all
else follows from the tokens and the comments.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from operator import itemgetter
from typing import Any, TypeAlias

from lark import Lark, Token, Transformer, Tree

from recsyn.errors import RecsynError
from recsyn.lang.comments import documentation_before
from recsyn.lang.diagnostics import LanguageError
from recsyn.lang.layout import (
    HARD,
    LINE,
    Broken,
    Doc,
    Flat,
    OwnLines,
    Suffix,
    Traits,
    Verbatim,
    align,
    concat,
    either,
    group,
    joined,
    nest,
    render,
    traits_of,
    width_of,
)
from recsyn.lang.parser import Tokens, declaration_parts, parse_program, tokens_of
from recsyn.lang.source import Source, Span
from recsyn.lang.tree import PRECEDENCE

_DEEPEST = 60
"""The last column in which a line begins, however deep it is nested."""
_WIDEST_ALIGNED, _MOST_PADDING = 40, 30
"""The patterns of a match that are followed by ``=>`` in one column."""
_SMALL = 16
"""The widest item of a list that shares its line with others, where the list needs several."""

_EMPTY_LINE = concat(HARD, HARD)


def formatted(source: Source) -> str:
    """The text of a source, laid out. Raises :class:`LanguageError` where it does not parse."""
    errors = parse_program(source).errors
    if errors:
        raise LanguageError(errors)
    read = tokens_of(source)
    text = _laid_out(source, read)
    result = Source(source.name, text)
    if _content(result, tokens_of(result)) != _content(source, read):
        raise RecsynError(
            f"{source.name} would have changed its meaning, so that it was left as it is; this is a fault of recsyn's",
            "please report it, with the file",
        )
    return text


# Words: the tokens with the comments that belong to them


@dataclass(slots=True)
class _Gap:
    """What stands between two tokens: comments that end the line of the first, comments on lines of their own, and comments right
    before the second. ``blanks`` says of each of those in the middle, and of what comes after them, whether an empty line is before
    it, ``broken`` whether there is a line break anywhere, and ``ending`` how many of those in the middle belong to the declaration
    that ends here, if one does: those that begin further to the right than the next one."""

    trailing: list[str]
    own: list[str]
    inline: list[str]
    blanks: list[bool]
    broken: bool
    ending: int = 0

    def leading(self, with_own: bool) -> Doc:
        """The comments that stand before the second token."""
        inline = [part for c in self.inline for part in (Verbatim(c) if "\n" in c else c, " ")]
        if not with_own or not self.own:
            return concat(*inline)
        texts = self.own[:1]
        for text, blank in zip(self.own[1:], self.blanks[1:], strict=False):
            texts.extend(["", text] if blank else [text])
        return concat(OwnLines(tuple(texts)), *inline)


@dataclass(frozen=True, slots=True)
class _Word:
    """A token. ``blank`` says whether its author put an empty line before it, and ``after`` is the break that they put after it."""

    type: str
    text: str
    leading: Doc
    trailing: Doc
    line: int
    blank: bool
    after: Doc

    @property
    def doc(self) -> Doc:
        return self.spelled(self.text)

    def spelled(self, text: Doc) -> Doc:
        return concat(self.leading, text, self.trailing)


@dataclass(frozen=True, slots=True)
class _Passage:
    """A declaration, or at last nothing, with what stands above it."""

    words: tuple[_Word, ...]
    above: _Gap


def _passages(source: Source, read: Tokens) -> Iterator[_Passage]:
    gaps = _gaps(source.text, read)
    _settle(read.tokens, gaps)
    index = 0
    for part, _ in declaration_parts(read.tokens, len(source.text)):
        above = gaps[index]
        words: list[_Word] = []
        for token in part:
            gap, after = gaps[index], gaps[index + 1]
            index += 1
            word = _Word(
                token.type,
                str(token),
                gap.leading(with_own=bool(words)),
                Suffix(" ".join(after.trailing)) if after.trailing else "",
                token.line or 0,
                gap.blanks[0],
                LINE if not after.broken else _EMPTY_LINE if after.blanks[0] else HARD,
            )
            if token.type != "BAR" and words and _begins_cases(words[-1].type, part[0].type):
                # The bar that may be left out, so that comments before the first case come before the bar.
                words.append(replace(word, type="BAR", text="|", trailing=""))
                word = replace(word, leading="")
            words.append(word)
        yield _Passage(tuple(words), above)
    yield _Passage((), gaps[-1])


def _begins_cases(before: str, opener: str) -> bool:
    """Whether a bar may follow a token, in a declaration that begins with ``opener``, without being needed there."""
    return before == "WITH" or (before == "EQUAL" and opener == "TYPE")


def _gaps(text: str, read: Tokens) -> list[_Gap]:
    """What stands before each token, and after the last."""
    places = [(t.start_pos or 0, t.end_pos or 0) for t in read.tokens]
    comments = iter([*read.comments, Span(len(text) + 1, len(text) + 1)])
    comment = next(comments)
    gaps = []
    for index, start in enumerate([*(start for start, _ in places), len(text)]):
        at = places[index - 1][1] if index else 0
        inside = []
        breaks = []
        columns = []
        while comment.end <= start:
            inside.append(_tidied(text[comment.start : comment.end]))
            breaks.append(text.count("\n", at, comment.start))
            if breaks[-1]:
                columns.append(_column(text, comment.start))
            at, comment = comment.end, next(comments)
        breaks.append(text.count("\n", at, start))
        # The text begins and ends with a line.
        breaks[0] = breaks[0] if index else 1
        breaks[-1] = breaks[-1] if index < len(places) else 1
        gap = _gap(inside, breaks)
        if index and gap.own and not gap.blanks[0]:
            right = _column(text, start) if index < len(places) else 0
            ours = [column > right and not comment.startswith("---") for comment, column in zip(gap.own, columns, strict=False)]
            gap.ending = [*ours, False].index(False)
        gaps.append(gap)
    return gaps


def _column(text: str, offset: int) -> int:
    return offset - text.rfind("\n", 0, offset) - 1


def _tidied(comment: str) -> str:
    return re.sub(r"[ \t\r\f\v]+(?=\n|\Z)", "", comment)


def _gap(comments: list[str], breaks: list[int]) -> _Gap:
    """``breaks`` counts the line breaks before each comment, and before what follows the last."""
    first, last = 0, len(comments)
    while first < last and breaks[first] == 0:
        first += 1
    if not any(breaks):
        first = 0
    while last > first and breaks[last] == 0:
        last -= 1
    own: list[str] = []
    blanks: list[bool] = []
    for comment, count in zip(comments[first:last], breaks[first:last], strict=True):
        if count:
            own.append(comment)
            blanks.append(count > 1)
        else:
            # Alone on its line it might be the documentation that it was not.
            own[-1] += " " + comment
    return _Gap(comments[:first], own, comments[last:], [*blanks, breaks[last] > 1], any(breaks))


def _settle(tokens: Sequence[Token], gaps: list[_Gap]) -> None:
    """Where the author put a comma or a closing bracket after a comment, it comes before it, unless two comments would change
    places or share a line."""
    for index in reversed(range(len(tokens))):
        gap, after = gaps[index], gaps[index + 1]
        if tokens[index].type == "COMMA" and not gap.inline and not after.trailing:
            after.own[:0], after.blanks[:0] = gap.own, gap.blanks[:-1]
            gap.own, gap.blanks = [], gap.blanks[-1:]
        while index < len(tokens) and tokens[index].type in ("COMMA", "RPAR", "RSQUARE"):
            gap, after = gaps[index], gaps[index + 1]
            if not gap.trailing or gap.own or gap.inline or after.trailing:
                break
            gap.trailing, after.trailing = [], gap.trailing
            index += 1


def _content(source: Source, read: Tokens) -> list[Any]:
    """What layout has no part in: tokens, but for bars that may be left out, what documents what, and comments."""
    content: list[Any] = [_tidied(source.text[c.start : c.end]) for c in read.comments]
    for part, _ in declaration_parts(read.tokens, len(source.text)):
        content.append(str(part[0]))
        for before, token in pairwise(part):
            if token.type != "BAR" or not _begins_cases(before.type, part[0].type):
                content.append(str(token))
        openings = [part[0], *(t for t in part if t.type == "AND")]
        content.append([documentation_before(t.start_pos or 0, source.text, read.comments) for t in openings])
    return content


# Declarations one after another


def _laid_out(source: Source, read: Tokens) -> str:
    lines: list[str] = []
    before = ""
    for passage in _passages(source, read):
        above, ending = passage.above, passage.above.ending
        texts = ["  " * (i < ending) + comment for i, comment in enumerate(above.own)]
        texts.extend([_declaration(passage.words)] if passage.words else [])
        blanks = above.blanks[: len(texts)]
        opener = passage.words[0].type if passage.words else ""
        if opener in ("FUN", "PARTIAL") or (opener == "TYPE" and before != "TYPE"):
            blanks[ending] = blanks[ending] or not any(blanks[ending:])
        for text, blank in zip(texts, blanks, strict=True):
            lines.extend(["", text] if blank and lines else [text])
        before = opener
    return "\n".join(lines) + "\n"


def _declaration(words: Sequence[_Word]) -> str:
    parser: Any = _lark().parse_interactive(start="declaration")
    for word in words:
        parser.feed_token(word)
    laid: _Laid = parser.feed_eof()
    return render(laid.doc, deepest=_DEEPEST)


@cache
def _lark() -> Lark:
    grammar = (files("recsyn") / "grammars" / "recsyn.lark").read_text("utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        start="declaration",
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=_Layout(),
    )


# The layout of each form


@dataclass(frozen=True, slots=True)
class _Laid:
    """A form. ``loose`` is its content without the group around it, for a chain of such forms, which is one group; ``hugging`` is
    how it goes on in a line that others began, with its own lines below that."""

    doc: Doc
    kind: str = ""
    loose: Doc = ""
    hugging: Doc | None = None


@dataclass(frozen=True, slots=True)
class _Arm:
    patterns: Doc
    arrow: Doc
    body: Doc


Children: TypeAlias = Sequence[Any]


def _import(c: Children) -> _Laid:
    return _Laid(concat(c[0].doc, " ", group(nest(2, _separated(c[1:])))))


def _member(opening: Doc, c: Children) -> Doc:
    """``f (x : A) : B = body``: a function, or what follows the first word of a property."""
    name, *head, equal, body = c
    if len(head) > 1 and isinstance(head[-2], _Word):
        colon, type = head[-2:]
        head[-2:] = [_Laid(concat(colon.doc, " ", align(type.doc)))]
    parts = [concat(LINE, piece.doc) if piece.kind == "guard" else group(LINE, piece.doc) for piece in head]
    header, below = concat(name.doc, nest(4, *parts)), nest(2, LINE, body.doc)
    content = concat(header, nest(2, " ", equal.doc), below)
    if traits_of(header) == Traits():
        content = either(concat(Flat(header), " ", equal.doc, group(below)), content)
    return concat(opening, content)


def _members(c: Children) -> _Laid:
    """``type … and …`` or ``fun … and …``."""
    parts: list[Doc] = [c[0].doc, " ", c[1].doc]
    for joint, member in zip(c[2::2], c[3::2], strict=True):
        parts.extend([_EMPTY_LINE if joint.blank else HARD, joint.doc, " ", member.doc])
    return _Laid(concat(*parts))


def _atom(c: Children) -> _Laid:
    return _Laid(c[0].doc, "atom")


def _applied(c: Children) -> _Laid:
    """A constructor and its fields, in a pattern or a type."""
    return _Laid(group(nest(2, c[0].doc, *(group(LINE, field.doc) for field in c[1:]))))


def _parenthesised(c: Children) -> _Laid:
    opening, inner, closing = c
    hugging = None if inner.hugging is None else concat(opening.doc, inner.hugging, closing.doc)
    return _Laid(concat(opening.doc, align(inner.doc), closing.doc), f"({inner.kind})", hugging=hugging)


def _annotated(c: Children) -> _Laid:
    opening, inner, colon, type, closing = c
    content = group(inner.doc, nest(2, LINE, colon.doc, " ", align(type.doc)))
    return _Laid(concat(opening.doc, align(content), closing.doc))


def _bracketed(c: Children) -> _Laid:
    """``(a, b)`` or ``[a, b]``."""
    items = c[1:-1:2]
    kind = "atom" if not items else "row" if all(item.kind == "atom" for item in items) else ""
    return _Laid(group(c[0].doc, align(_separated(c[1:-1])), c[-1].doc), kind)


def _separated(c: Children) -> Doc:
    """Items with commas between them: where they need several lines one on each, but small ones share lines."""
    small = all(item.kind in ("atom", "row") and width_of(item.doc, _SMALL) is not None for item in c[::2])
    parts: list[Doc] = [piece.doc for piece in c[:1]]
    for comma, item in zip(c[1::2], c[2::2], strict=True):
        parts.extend([comma.doc, group(LINE, item.doc)] if small else [comma.doc, LINE, item.doc])
    return concat(*parts)


def _operators(c: Children, first: int, last: int) -> Doc:
    """The part of a chain ``operand operator operand …`` from one operand to another, broken before the operators that bind least.
    The depth of the recursion is that of the table of precedences."""
    if first == last:
        return c[first].doc  # type: ignore[no-any-return]
    levels = [PRECEDENCE[c[i].text] for i in range(first + 1, last, 2)]
    loosest = min(levels)
    ends = [first + 1 + 2 * i for i, level in enumerate(levels) if level == loosest]
    parts: list[Doc] = [_operators(c, first, ends[0] - 1)]
    for at, end in zip(ends, [*ends[1:], last + 1], strict=True):
        parts.extend([LINE, c[at].doc, " ", align(_operators(c, at + 1, end - 1))])
    return group(nest(2, *parts))


def _application(c: Children) -> _Laid:
    """Arguments that are words follow each other on a line; others have lines of their own, but that a function written out as the
    last argument goes on in the line of the others, and an application as the only one."""
    parts: list[Doc] = [c[0].doc]
    for before, argument in pairwise(c):
        words = before.kind == argument.kind == "atom"
        parts.append(group(LINE, argument.doc) if words else concat(LINE, argument.doc))
    content = nest(2, *parts)
    last, others = c[-1], joined(" ", [piece.doc for piece in c[:-1]])
    hugs = last.kind == "(fn)" or (last.kind == "(application)" and len(c) == 2)
    if hugs and traits_of(others) == Traits() and not traits_of(last.doc).opens:
        content = either(concat(Flat(others), " ", last.hugging), content)
    return _Laid(group(content), "application", hugging=content)


def _match(c: Children) -> _Laid:
    """On one line only if its author wrote it so."""
    cases = next(index for index, piece in enumerate(c) if isinstance(piece, _Word) and piece.type == "WITH") + 1
    bars, arms = c[cases:-1:2], c[cases + 1 : -1 : 2]
    line = LINE if c[0].line == c[-1].line else HARD
    parts: list[Doc] = [group(c[0].doc, nest(2, LINE, _separated(c[1 : cases - 1])), LINE, c[cases - 1].doc)]
    for bar, arm, padding in zip(bars, arms, _paddings(arms), strict=True):
        first = bar is bars[0]
        parts.append(_EMPTY_LINE if bar.blank and line.hard and not first else line)
        parts.append(bar.spelled(Broken("| ")) if first else concat(bar.doc, " "))
        parts.extend([nest(2, arm.patterns), Broken(padding), " ", arm.arrow, group(nest(2, LINE, arm.body))])
    return _Laid(align(group(*parts, line, c[-1].doc)), "match")


def _paddings(arms: Sequence[_Arm]) -> list[str]:
    """Blanks that put the arrows of the arms in one column, if their patterns are short and not too different."""
    widths = [width_of(arm.patterns, _WIDEST_ALIGNED) for arm in arms]
    known = [w for w in widths if w is not None]
    if len(known) < len(arms) or max(known) - min(known) > _MOST_PADDING:
        return [""] * len(arms)
    return [" " * (max(known) - w) for w in known]


def _branch(word: _Word, body: _Laid) -> Doc:
    return group(word.doc, nest(2, LINE, body.doc))


def _type_declaration(c: Children) -> _Laid:
    """A constructor a line, if they do not all fit on one."""
    equal = next(index for index, piece in enumerate(c) if piece.type == "EQUAL")
    head, (bar, first, *others) = c[: equal + 1], c[equal + 1 :]
    parts: list[Doc] = [LINE, bar.spelled(Broken("| ")), first.doc]
    for bar, constructor in zip(others[::2], others[1::2], strict=True):
        parts.extend([LINE, bar.doc, " ", constructor.doc])
    return _Laid(group(nest(2, joined(" ", [word.doc for word in head]), *parts)))


def _constructor(c: Children) -> _Laid:
    name, *fields = c
    if isinstance(c[-1], _Word) and len(c) > 1:
        *fields, word, token = fields
        fields.append(_Laid(concat(word.doc, " ", token.doc)))
    return _applied([name, *fields])


def _function(c: Children) -> _Laid:
    return _Laid(_member("", c))


def _partial(c: Children) -> _Laid:
    return _Laid(concat(c[0].doc, " ", c[1].doc))


def _example(c: Children) -> _Laid:
    word, left, equal, right = c
    return _Laid(concat(word.doc, " ", group(nest(2, left.doc, LINE, equal.doc, " ", align(right.doc)))))


def _property(c: Children) -> _Laid:
    return _Laid(_member(concat(c[0].doc, " "), c[1:]))


def _guard(c: Children) -> _Laid:
    return _Laid(concat(c[0].doc, " ", align(c[1].doc)), "guard")


def _expression(c: Children) -> _Laid:
    return c[0] if len(c) == 1 else _Laid(_operators(c, 0, len(c) - 1))


def _negation(c: Children) -> _Laid:
    """Two minuses that touch would begin a comment."""
    minus, operand = c
    touching = operand.kind not in ("negation", "fn", "let", "if")
    return _Laid(concat(minus.doc, "" if touching else " ", operand.doc), "negation")


def _fn(c: Children) -> _Laid:
    *head, arrow, body = c
    content = concat(group(nest(4, joined(LINE, [piece.doc for piece in head]))), " ", arrow.doc, nest(2, LINE, body.doc))
    return _Laid(group(content), "fn", hugging=content)


def _let(c: Children) -> _Laid:
    """On one line only if its author wrote it so."""
    word, pattern, equal, bound, joint, body = c
    below = nest(2, LINE, bound.doc)
    value = either(concat(" ", bound.hugging), below) if bound.kind == "fn" else below
    binding = group(word.doc, " ", align(pattern.doc), " ", equal.doc, value, LINE, joint.doc)
    content = concat(binding, joint.after, body.loose if body.kind == "let" else body.doc)
    return _Laid(align(group(content)), "let", content)


def _if(c: Children) -> _Laid:
    """On one line only if its author wrote it so."""
    word, condition, then, consequent, otherwise, alternative = c
    line = LINE if word.line == otherwise.line else HARD
    last = concat(otherwise.doc, " ", group(alternative.loose)) if alternative.kind == "if" else _branch(otherwise, alternative)
    content = concat(_branch(word, condition), line, _branch(then, consequent), line, last)
    return _Laid(align(group(content)), "if", content)


def _arm(c: Children) -> _Arm:
    *patterns, arrow, body = c
    return _Arm(group(align(_separated(patterns))), arrow.doc, body.doc)


def _integer_pattern(c: Children) -> _Laid:
    return _Laid(concat(*(word.doc for word in c)), "atom")


def _cons_pattern(c: Children) -> _Laid:
    head, cons, tail = c
    content = concat(head.doc, LINE, cons.doc, " ", tail.loose if tail.kind == "cons" else tail.doc)
    return _Laid(group(nest(2, content)), "cons", content)


def _alias_pattern(c: Children) -> _Laid:
    pattern, word, name = c
    content = concat(pattern.loose if pattern.kind == "alias" else pattern.doc, LINE, word.doc, " ", name.doc)
    return _Laid(group(nest(2, content)), "alias", content)


def _arrow_type(c: Children) -> _Laid:
    parameter, arrow, result = c
    content = concat(parameter.doc, LINE, arrow.doc, " ", result.loose if result.kind == "arrow" else result.doc)
    return _Laid(group(content), "arrow", content)


_RULES: dict[str, Callable[[Children], Any]] = {
    **dict.fromkeys(("type_group", "function_group"), _members),
    **dict.fromkeys(("declaration", "parameter"), itemgetter(0)),
    **dict.fromkeys("library_module file_module name constructor_name integer character string".split(), _atom),
    **dict.fromkeys("variable_pattern constant_pattern character_pattern string_pattern type_variable type_name".split(), _atom),
    **dict.fromkeys(("constructor_pattern", "applied_type"), _applied),
    **dict.fromkeys(("parenthesised", "parenthesised_pattern", "parenthesised_type"), _parenthesised),
    **dict.fromkeys(("annotated", "annotated_parameter"), _annotated),
    **dict.fromkeys(("tuple", "list", "tuple_pattern", "list_pattern", "tuple_type"), _bracketed),
    **dict.fromkeys(("negation", "negated_open"), _negation),
    "import": _import,
    "type_declaration": _type_declaration,
    "constructor": _constructor,
    "function": _function,
    "partial": _partial,
    "example": _example,
    "property": _property,
    "guard": _guard,
    "expression": _expression,
    "application": _application,
    "fn": _fn,
    "let": _let,
    "if": _if,
    "match": _match,
    "arm": _arm,
    "integer_pattern": _integer_pattern,
    "cons_pattern": _cons_pattern,
    "alias_pattern": _alias_pattern,
    "arrow_type": _arrow_type,
}


class _Layout(Transformer[Any, Any]):
    """Called by the parser at each reduction."""

    def __default__(self, data: str, children: list[Any], meta: Any) -> Any:
        # What a rule without a layout of its own holds is taken by the rule that uses it.
        return _RULES[data](children) if data in _RULES else Tree(data, children)
