"""``recsyn collapse theory NAME``"""

from __future__ import annotations

import json
from argparse import Namespace
from math import isinf, isnan
from typing import Any

from recsyn.cli.arguments import Parser, positive
from recsyn.cli.terminal import say, table
from recsyn.collapse.theory.catalogue import RESULTS, find
from recsyn.collapse.theory.limits import limit, limit_value
from recsyn.collapse.theory.result import GENERATION, Result, curve, evaluate
from recsyn.errors import RecsynError, extra, quoted

_MOST_GENERATIONS = 10_000
"""Rows of a curve's table."""


def add_arguments(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="a result; without it, those there are")
    parser.add_argument(
        "--at", metavar="NAME=VALUE,…", action="append", default=[], help="quantities, such as `d=10,T=100,sigma=1,n=20`"
    )
    parser.add_argument("--generations", type=positive, metavar="N", help="the curve of the generations 1 to N too")
    parser.add_argument("--latex", action="store_true", help="formulas in LaTeX")
    parser.add_argument("--json", action="store_true")


def run(options: Namespace) -> int:
    if options.name is None:
        return _list(options)
    result = find(options.name)
    values: dict[str, Any] = {**result.defaults, **_values(options.at)}
    if options.generations:
        _check_generations(result, options.generations)
    value = evaluate(result, values)
    points = curve(result, values, options.generations) if options.generations else []
    end = limit(result) if result.by_generation else None
    number = limit_value(result, values)
    if options.json:
        shown = _to_json(result, values) | {"value": _or_null(value), "curve": points}
        if result.by_generation:
            written = {"formula": None, "latex": None} if end is None else {"formula": str(end), "latex": _latex(end)}
            shown["limit"] = written | {"value": "infinite" if isinf(number) else _or_null(number)}
        say(json.dumps(shown, indent=2, ensure_ascii=False))
        return 0
    _tell(result, values, options.latex)
    if result.by_generation:
        _tell_limit(end, number, options.latex)
    at = ", ".join(f"{name} = {_short(values[name])}" for name in result.defaults)
    say(f"value at {at}: {value:.6g}")
    if points:
        say()
        rows = [(generation, f"{point:.6g}") for generation, point in enumerate(points, 1)]
        table(f"{result.metric} by generation", (GENERATION, result.metric), rows)
    return 0


def _list(options: Namespace) -> int:
    if options.at or options.generations or options.latex:
        raise RecsynError("no result is named", "write `recsyn collapse theory NAME`; without a name it lists those there are")
    if options.json:
        say(json.dumps([_identity(result) for result in RESULTS.values()], indent=2, ensure_ascii=False))
        return 0
    rows = [(each.name, each.family, each.workflow, each.metric, each.label) for each in RESULTS.values()]
    table("results of theory", ("name", "family", "workflow", "metric", "label"), rows, whole=("name",))
    return 0


def _tell(result: Result, values: dict[str, Any], latex: bool) -> None:
    say(f"{result.name}: {result.metric} ({result.family}, {result.workflow}; {result.label})")
    say(result.statement)
    say()
    say(_indented(_formula(result.short, latex)))
    for each in result.where:
        known = result.symbols | {other.name: other.symbol for other in result.where}
        say("with")
        say(_indented(_equation(each.symbol, each.formula.expression(known), latex)))
    say()
    for condition, relation in zip(result.conditions, result.relations, strict=True):
        say(f"where {_line(relation, latex)}: {condition.why}")
    for quantity in result.quantities:
        say(f"{_line(quantity.symbol, latex)} ({quantity.name} = {_short(values[quantity.name])}): {quantity.meaning}")
    say(f"source: {result.source}")


def _tell_limit(end: Any | None, number: float, latex: bool) -> None:
    if end is None:
        found = "it does not settle by generation 2^20" if isnan(number) else f"numerically {number:.6g}"
        say(f"limit as n → ∞: no closed form found; {found}")
        return
    if isinf(number) and end.is_infinite:
        say("limit as n → ∞: infinite")
        return
    say("limit as n → ∞:")
    say(_indented(_formula(end, latex)))
    say("  = infinite" if isinf(number) else f"  = {number:.6g}")


def _formula(expression: Any, latex: bool) -> str:
    with extra("formulas", "symbolic"):
        from sympy import pretty
    return _latex(expression) if latex else str(pretty(expression, use_unicode=True, wrap_line=False))


def _equation(name: Any, expression: Any, latex: bool) -> str:
    from sympy import Eq

    return _formula(Eq(name, expression, evaluate=False), latex)


def _line(expression: Any, latex: bool) -> str:
    """In one line."""
    if latex:
        return _latex(expression)
    from sympy import pretty

    written = str(pretty(expression, use_unicode=True, wrap_line=False))
    return written if "\n" not in written else str(expression)


def _latex(expression: Any) -> str:
    from sympy import latex

    return str(latex(expression))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}".rstrip() for line in text.split("\n"))


def _identity(result: Result) -> dict[str, str]:
    names = ("name", "family", "workflow", "metric", "label")
    return {name: getattr(result, name) for name in names}


def _to_json(result: Result, values: dict[str, Any]) -> dict[str, Any]:
    return {
        **_identity(result),
        "statement": result.statement,
        "formula": str(result.expression),
        "latex": _latex(result.expression),
        "conditions": [{"relation": each.relation, "why": each.why} for each in result.conditions],
        "quantities": [
            {"name": each.name, "meaning": each.meaning, "kind": each.kind, "value": values[each.name]}
            for each in result.quantities
        ],
        "source": result.source,
    }


def _values(written: list[str]) -> dict[str, float]:
    """What ``--at`` gives, by name. Raises :class:`RecsynError` for what gives none, and for a name that is given twice."""
    found: dict[str, float] = {}
    for part in (part.strip() for text in written for part in text.split(",")):
        name, given, number = (piece.strip() for piece in part.partition("="))
        if not name or not given:
            raise RecsynError(f"{quoted(part)} gives no quantity a value", "write for example `--at d=10,T=100`")
        if name in found:
            raise RecsynError(f"--at gives {name} twice")
        found[name] = _number(name, number)
    return found


def _number(name: str, text: str) -> float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise RecsynError(f"{name} is {quoted(text)}, not a number", "write for example `--at d=10,T=100`") from None


def _check_generations(result: Result, generations: int) -> None:
    if not result.by_generation:
        raise RecsynError(f"{result.name} does not depend on the generation, and has no curve", "leave `--generations` out")
    if generations > _MOST_GENERATIONS:
        raise RecsynError(
            f"{generations:,} generations are more than the {_MOST_GENERATIONS:,} that are listed",
            "ask for one of them with `--at n=…`",
        )


def _short(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _or_null(number: float) -> float | None:
    """JSON has neither NaN nor infinity."""
    return None if isnan(number) or isinf(number) else number
