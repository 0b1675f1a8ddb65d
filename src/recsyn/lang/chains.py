"""What the grammars leave to the trees: where a form stands, and chains of operators, which take their shape from precedence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lark import Token

from recsyn.lang.source import Span


def span_of(children: Sequence[Any]) -> Span:
    """From the first of some tokens and nodes to the last."""
    return Span(_start(children[0]), _end(children[-1]))


def _start(child: Any) -> int:
    return (child.start_pos or 0) if isinstance(child, Token) else int(child.span.start)


def _end(child: Any) -> int:
    return (child.end_pos or 0) if isinstance(child, Token) else int(child.span.end)


def grouped(chain: Sequence[Any], binds_first: Callable[[Token, Token], bool], operation: Callable[[Token, Any, Any], Any]) -> Any:
    """A flat chain ``operand operator operand …`` as nested operations. ``binds_first`` says whether of two operators, from the
    left, the first takes the operand between them."""
    operands = [chain[0]]
    operators: list[Token] = []

    def reduce() -> None:
        operator, right, left = operators.pop(), operands.pop(), operands.pop()
        operands.append(operation(operator, left, right))

    for operator, operand in zip(chain[1::2], chain[2::2], strict=True):
        while operators and binds_first(operators[-1], operator):
            reduce()
        operators.append(operator)
        operands.append(operand)
    while operators:
        reduce()
    return operands[0]
