"""The syntax tree as the parser reduces: one method for each rule of the grammar, with the children it has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from lark import Token, Transformer

from recsyn.lang import syntax as s
from recsyn.lang.chains import grouped, span_of
from recsyn.lang.diagnostics import Fault
from recsyn.lang.source import Span
from recsyn.values import CONS, NIL, TUPLE, integer_of

Children: TypeAlias = Sequence[Any]

PRECEDENCE = {
    "||": 2,
    "&&": 3,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "::": 5,
    "++": 5,
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
    "%": 7,
}
"""How tightly each binary operator binds. 4 does not chain; 2, 3 and 5 group to the right, 6 and 7 to the left."""
COMPARISON = 4
RIGHT_GROUPING = frozenset({2, 3, 5})

_ESCAPE = re.compile(r"\\(u\{([0-9A-Fa-f]{1,6})\}|.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "\\": "\\", "'": "'", '"': '"'}


def _nodes(children: Children) -> list[Any]:
    return [c for c in children if not isinstance(c, Token)]


def _unescape(token: Token) -> str:
    def one(escape: re.Match[str]) -> str:
        if escape[2]:
            code = int(escape[2], 16)
            if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
                return chr(code)
        elif escape[1] in _ESCAPED:
            return _ESCAPED[escape[1]]
        start = (token.start_pos or 0) + 1 + escape.start()
        hint = r"the escapes are \n \t \r \0 \\ \' \" and \u{…}, the code point in hexadecimal"
        raise Fault("syntax", f"`{escape[0]}` is no escape", Span(start, start + len(escape[0])), hint)

    return _ESCAPE.sub(one, str(token)[1:-1])


def _list_pattern(items: Sequence[Any], span: Span) -> Any:
    result: Any = s.ConstructorPattern(NIL, (), span, span)
    for item in reversed(items):
        result = s.ConstructorPattern(CONS, (item, result), span, span)
    return result


class TreeBuilder(Transformer[Token, Any]):
    """Called by the parser at each reduction, never on a finished tree."""

    # Types

    def type_variable(self, c: Children) -> s.TypeVariableName:
        return s.TypeVariableName(str(c[0]), span_of(c))

    def type_name(self, c: Children) -> s.TypeName:
        return s.TypeName(str(c[0]), (), span_of(c))

    def applied_type(self, c: Children) -> s.TypeName:
        return s.TypeName(str(c[0]), tuple(c[1:]), span_of(c))

    def parenthesised_type(self, c: Children) -> Any:
        return c[1]

    def tuple_type(self, c: Children) -> s.TupleTypeExpression:
        return s.TupleTypeExpression(tuple(_nodes(c)), span_of(c))

    def arrow_type(self, c: Children) -> s.ArrowTypeExpression:
        return s.ArrowTypeExpression(c[0], c[2], span_of(c))

    # Patterns

    def variable_pattern(self, c: Children) -> Any:
        return s.WildcardPattern(span_of(c)) if c[0] == "_" else s.VariablePattern(str(c[0]), span_of(c))

    def constant_pattern(self, c: Children) -> s.ConstructorPattern:
        return s.ConstructorPattern(str(c[0]), (), span_of(c), span_of(c))

    def constructor_pattern(self, c: Children) -> s.ConstructorPattern:
        return s.ConstructorPattern(str(c[0]), tuple(c[1:]), span_of(c), span_of(c[:1]))

    def integer_pattern(self, c: Children) -> s.LiteralPattern:
        number = integer_of(str(c[-1]))
        return s.LiteralPattern(-number if len(c) == 2 else number, span_of(c))

    def character_pattern(self, c: Children) -> s.LiteralPattern:
        return s.LiteralPattern(_unescape(c[0]), span_of(c))

    def string_pattern(self, c: Children) -> Any:
        return _list_pattern([s.LiteralPattern(x, span_of(c)) for x in _unescape(c[0])], span_of(c))

    def parenthesised_pattern(self, c: Children) -> Any:
        return c[1]

    def tuple_pattern(self, c: Children) -> s.ConstructorPattern:
        return s.ConstructorPattern(TUPLE, tuple(_nodes(c)), span_of(c), span_of(c))

    def list_pattern(self, c: Children) -> Any:
        return _list_pattern(_nodes(c), span_of(c))

    def cons_pattern(self, c: Children) -> s.ConstructorPattern:
        return s.ConstructorPattern(CONS, (c[0], c[2]), span_of(c), span_of(c[1:2]))

    def alias_pattern(self, c: Children) -> Any:
        return c[0] if c[2] == "_" else s.AliasPattern(c[0], str(c[2]), span_of(c))

    # Expressions

    def name(self, c: Children) -> s.Name:
        return s.Name(str(c[0]), span_of(c))

    def constructor_name(self, c: Children) -> s.ConstructorName:
        return s.ConstructorName(str(c[0]), span_of(c))

    def integer(self, c: Children) -> s.LiteralExpression:
        return s.LiteralExpression(integer_of(str(c[0])), span_of(c))

    def character(self, c: Children) -> s.LiteralExpression:
        return s.LiteralExpression(_unescape(c[0]), span_of(c))

    def string(self, c: Children) -> s.StringExpression:
        return s.StringExpression(_unescape(c[0]), span_of(c))

    def parenthesised(self, c: Children) -> Any:
        return replace(c[1], span=span_of(c))

    def tuple(self, c: Children) -> s.TupleExpression:
        return s.TupleExpression(tuple(_nodes(c)), span_of(c))

    def annotated(self, c: Children) -> s.AnnotatedExpression:
        return s.AnnotatedExpression(c[1], c[3], span_of(c))

    def list(self, c: Children) -> s.ListExpression:
        return s.ListExpression(tuple(_nodes(c)), span_of(c))

    def application(self, c: Children) -> s.ApplyExpression:
        return s.ApplyExpression(c[0], tuple(c[1:]), span_of(c))

    def negation(self, c: Children) -> Any:
        return _negate(c[0], c[1])

    def negated_open(self, c: Children) -> Any:
        return _negate(c[0], c[1])

    def fn(self, c: Children) -> s.FnExpression:
        return s.FnExpression(tuple(_nodes(c[:-1])), c[-1], span_of(c))

    def let(self, c: Children) -> s.LetExpression:
        return s.LetExpression(c[1], c[3], c[5], span_of(c))

    def if_(self, c: Children) -> s.IfExpression:
        return s.IfExpression(c[1], c[3], c[5], span_of(c))

    def arm(self, c: Children) -> s.ArmExpression:
        nodes = _nodes(c)
        return s.ArmExpression(tuple(nodes[:-1]), nodes[-1], span_of(c))

    def match(self, c: Children) -> s.MatchExpression:
        nodes = _nodes(c)
        scrutinees = tuple(n for n in nodes if not isinstance(n, s.ArmExpression))
        return s.MatchExpression(scrutinees, tuple(n for n in nodes if isinstance(n, s.ArmExpression)), span_of(c))

    def expression(self, c: Children) -> Any:
        return c[0] if len(c) == 1 else grouped(c, _binds_first, _operation)

    # Declarations

    def constructor(self, c: Children) -> s.ConstructorDeclaration:
        token = _unescape(c[-1]) if isinstance(c[-1], Token) and c[-1].type == "STRING" else None
        if token is not None and (not token or re.search(r"\s", token)):
            raise Fault("syntax", "a token is not empty and holds no white space", span_of(c[-1:]))
        return s.ConstructorDeclaration(str(c[0]), tuple(_nodes(c)), token, span_of(c), span_of(c[:1]))

    def type_declaration(self, c: Children) -> s.TypeDeclaration:
        parameters = tuple(s.TypeVariableName(str(t), span_of([t])) for t in c if isinstance(t, Token) and t.type == "LOWER")
        return s.TypeDeclaration(str(c[0]), parameters, tuple(_nodes(c)), span_of(c), span_of(c[:1]))

    def type_group(self, c: Children) -> s.TypeGroup:
        return s.TypeGroup(tuple(_nodes(c)), span_of(c))

    def parameter(self, c: Children) -> s.Parameter:
        return s.Parameter(c[0], None, span_of(c))

    def annotated_parameter(self, c: Children) -> s.Parameter:
        return s.Parameter(c[1], c[3], span_of(c))

    def function(self, c: Children) -> s.FunctionDeclaration:
        parameters = tuple(x for x in c if isinstance(x, s.Parameter))
        nodes = [n for n in _nodes(c) if not isinstance(n, s.Parameter)]
        result = nodes[0] if len(nodes) == 2 else None
        return s.FunctionDeclaration(str(c[0]), parameters, result, nodes[-1], span_of(c), span_of(c[:1]))

    def function_group(self, c: Children) -> s.FunctionGroup:
        return s.FunctionGroup(tuple(_nodes(c)), False, span_of(c))

    def partial(self, c: Children) -> s.FunctionGroup:
        return s.FunctionGroup(c[1].functions, True, span_of(c))

    def example(self, c: Children) -> s.ExampleDeclaration:
        return s.ExampleDeclaration(c[1], c[3], span_of(c))

    def guard(self, c: Children) -> s.Guard:
        return s.Guard(c[1], span_of(c))

    def property(self, c: Children) -> s.PropertyDeclaration:
        parameters = tuple(x for x in c if isinstance(x, s.Parameter))
        guard = next((x.condition for x in c if isinstance(x, s.Guard)), None)
        return s.PropertyDeclaration(str(c[1]), parameters, guard, c[-1], span_of(c), span_of(c[1:2]))

    def library_module(self, c: Children) -> s.ModuleName:
        return s.ModuleName(str(c[0]), False, span_of(c))

    def file_module(self, c: Children) -> s.ModuleName:
        return s.ModuleName(_unescape(c[0]), True, span_of(c))

    def declaration(self, c: Children) -> Any:
        return c[0]

    def import_(self, c: Children) -> s.ImportDeclaration:
        return s.ImportDeclaration(tuple(_nodes(c)), span_of(c))


setattr(TreeBuilder, "if", TreeBuilder.if_)
setattr(TreeBuilder, "import", TreeBuilder.import_)


def _negate(minus: Token, operand: Any) -> Any:
    if isinstance(operand, s.LiteralExpression) and isinstance(operand.value, int):
        return s.LiteralExpression(-operand.value, span_of([minus, operand]))
    return s.OperatorExpression("-", None, operand, span_of([minus, operand]), span_of([minus]))


def _operation(operator: Token, left: Any, right: Any) -> s.OperatorExpression:
    return s.OperatorExpression(str(operator), left, right, span_of([left, right]), span_of([operator]))


def _binds_first(waiting: Token, coming: Token) -> bool:
    level = PRECEDENCE[coming]
    if PRECEDENCE[waiting] != level:
        return PRECEDENCE[waiting] > level
    if level == COMPARISON:
        hint = "two comparisons are joined with `&&`, as in `0 < x && x < 10`"
        raise Fault("syntax", f"`{waiting}` and `{coming}` do not chain", span_of([coming]), hint)
    return level not in RIGHT_GROUPING
