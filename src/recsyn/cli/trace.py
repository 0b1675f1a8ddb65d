"""``recsyn trace FILE EXPRESSION``"""

from __future__ import annotations

import json
import signal
import threading
from argparse import ArgumentParser, Namespace
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from rich.table import Table

from recsyn.cli.arguments import positive
from recsyn.cli.terminal import complain, console, marked, note
from recsyn.errors import RecsynError
from recsyn.front import Program, load
from recsyn.lang import core
from recsyn.lang.checker import check_expression
from recsyn.lang.diagnostics import nearest
from recsyn.lang.printer import Piece, abridged, pieces, show_term
from recsyn.lang.source import Source
from recsyn.semantics.cost import cost_of
from recsyn.semantics.frames import joined
from recsyn.semantics.latex import latex
from recsyn.semantics.machine.machine import MachineRun
from recsyn.semantics.rounds import Rounds
from recsyn.semantics.stepper import stepper_page
from recsyn.semantics.steps import Step, plugged, rules_in_reach
from recsyn.semantics.strategies import CALL_BY_VALUE, STRATEGIES
from recsyn.semantics.trace import Trace

_ROOM = 2_000
"""Nodes of a term that a terminal shows; in a file or a pipe it stands whole."""


VIEWS: Mapping[str, Callable[[Program, Namespace], Trace | Rounds | MachineRun]] = {
    "steps": lambda program, options: program.trace(options.expression, *_of_steps(options)),
    "rounds": lambda program, options: program.rounds(options.expression, options.limit or _LIMIT),
    "machine": lambda program, options: program.machine(options.expression, options.order or "prefix"),
}
_LIMIT = 1_000
_MEANT_FOR = {
    "strategy": ("steps",),
    "order": ("machine",),
    "limit": ("steps", "rounds"),
    "every": ("steps",),
    "last": ("steps",),
}
"""The views that an option says something of."""


def _of_steps(options: Namespace) -> tuple[int, str]:
    return options.limit or _LIMIT, options.strategy or CALL_BY_VALUE.name


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("expression", metavar="EXPRESSION", nargs="?")
    views = ", ".join(VIEWS)
    seen_as = f"{views} (default steps); with --html, several give a tab each"
    parser.add_argument("--as", dest="views", action="append", metavar="VIEW", help=seen_as)
    named = ", ".join(STRATEGIES)
    parser.add_argument("--strategy", metavar="S", help=f"of steps: {named} (default {CALL_BY_VALUE.name})")
    parser.add_argument("--order", choices=("prefix", "mirror"), help="in which a machine reads (default prefix)")
    parser.add_argument("--limit", type=positive, metavar="N", help=f"stop after N steps or rounds (default {_LIMIT})")
    parser.add_argument("--every", type=positive, metavar="K", help="print every K-th term of the steps, and the last")
    parser.add_argument("--last", type=positive, metavar="K", help="print the last K terms of the steps only")
    parser.add_argument("--cost", action="store_true", help="print what the function costs, as a formula")
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print as JSON")
    shown.add_argument("--latex", action="store_true", help="print as a display for LaTeX")
    shown.add_argument("--html", metavar="PAGE", help="write a page to step through, in one file")
    shown.add_argument("--diagram", metavar="FILE", help="draw the machine, as FILE.svg or FILE.dot")


def run(options: Namespace) -> int:
    program = load(options.file)
    views = list(dict.fromkeys(options.views or ["machine" if options.diagram else "steps"]))
    for view in views:
        if view not in VIEWS:
            raise RecsynError(f"there is no view `{view}`", nearest(view, VIEWS) or f"the views are {', '.join(VIEWS)}")
    if len(views) > 1 and not options.html:
        raise RecsynError("one view is printed at a time", "--html PAGE shows several, under a tab each")
    _check_options(options, views)
    printed = views == ["steps"] and not (options.latex or options.html or options.diagram or options.cost)
    if (options.every or options.last) and not printed:
        raise RecsynError("--every and --last choose lines of printed steps", "leave them out; --limit says how much is shown")
    if options.cost:
        cost = cost_of(program.checked, _called(program, options.expression))
        print(json.dumps(cost.to_json(), indent=2, ensure_ascii=False) if options.json else cost)
    elif printed:
        _print_steps(program, options)
    else:
        _show(program, views, options)
    return 0


def _check_options(options: Namespace, views: Sequence[str]) -> None:
    """Raises :class:`RecsynError` for an option that says nothing of what is shown."""
    if options.cost:
        other = next((o for o in ("views", "latex", "html", "diagram", *_MEANT_FOR) if getattr(options, o)), None)
        if other is not None:
            given = "as" if other == "views" else other
            raise RecsynError(
                f"--cost prints a formula, of which --{given} says nothing", f"leave --{given} out; --json is possible"
            )
    for option, meant in _MEANT_FOR.items():
        if getattr(options, option) is not None and not set(meant) & set(views):
            hint = f"it is for {' and '.join(f'--as {view}' for view in meant)}"
            raise RecsynError(f"--{option} says nothing of the {' and '.join(views)}", hint)


def _called(program: Program, expression: str) -> str:
    term, _ = check_expression(program.checked, Source("<expression>", expression))
    called = term.function if isinstance(term, core.Apply) else term
    if not isinstance(called, core.Global):
        raise RecsynError("--cost is of a function, and this is neither one nor a call of one", "write its name, as in `succ`")
    return called.name


def _show(program: Program, views: Sequence[str], options: Namespace) -> None:
    runs = [VIEWS[view](program, options) for view in views]
    first = runs[0]
    if options.html:
        _write(options.html, stepper_page(*runs), "page")
    elif options.diagram:
        if not isinstance(first, MachineRun) or Path(options.diagram).suffix not in (".svg", ".dot"):
            raise RecsynError("--diagram draws a machine, as a file whose name ends in .svg or .dot", "for one, --diagram succ.svg")
        machine = first.machine
        _write(options.diagram, machine.svg() if options.diagram.endswith(".svg") else machine.dot(), "diagram")
    elif options.latex:
        print(latex(first))
    elif options.json:
        print(json.dumps(first.to_json(), indent=2, ensure_ascii=False))
    else:
        print(f"{first.machine}\n\n{first}" if isinstance(first, MachineRun) else first)
    for run in runs:
        if not isinstance(run, MachineRun) and not run.complete:
            _say_that_there_is_more(len(run), "step" if isinstance(run, Trace) else "round")


def _write(name: str, text: str, what: str) -> None:
    path = Path(name)
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise RecsynError(f"the {what} cannot be written to {name!r}: {error.strerror or error}") from None
    note(f"{what}: {path.resolve().as_uri()}")


def _say_that_there_is_more(number: int, what: str) -> None:
    complain(f"stopped after {number} {what}{'' if number == 1 else 's'}; --limit allows more")


def _print_steps(program: Program, options: Namespace) -> None:
    limit, strategy = _of_steps(options)
    reduction = program.steps(options.expression, strategy)
    with _interrupted_between_lines() as interruption:
        terms = _terms(reduction, limit, interruption)
        last = (_write_json if options.json else _print)(program, terms, options)
    if not last.complete:
        _say_that_there_is_more(last.number, "step")


@contextmanager
def _interrupted_between_lines() -> Iterator[Callable[[], None]]:
    """Ctrl-C waits until what this gives is called, so that no line is cut; pressed again, it waits no longer."""
    pressed = 0

    def press(*_: object) -> None:
        nonlocal pressed
        pressed += 1
        if pressed > 1:
            raise KeyboardInterrupt

    def interruption() -> None:
        if pressed:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = signal.signal(signal.SIGINT, press)
    try:
        yield interruption
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, slots=True)
class _Term:
    """One term of a reduction: how many steps led to it, the rule of the last of them, and the step that follows; without one, the
    term itself, which is the last that is shown."""

    number: int
    rule: str
    step: Step | None
    result: Any = None
    complete: bool = True

    @property
    def whole(self) -> Any:
        return plugged(self.step.redex, self.step.context) if self.step else self.result

    def __str__(self) -> str:
        return self.step.show_before() if self.step else show_term(self.result)

    def excerpt(self) -> tuple[Piece, ...]:
        return joined(pieces(self.step.excerpt(_ROOM)[0] if self.step else abridged(self.result, _ROOM)[0]))


def _terms(reduction: Iterator[Step], limit: int, interruption: Callable[[], None]) -> Iterator[_Term]:
    number, rule = 0, ""
    while True:
        interruption()
        try:
            step = next(reduction)
        except StopIteration as stop:
            yield _Term(number, rule, None, stop.value)
            return
        if number == limit:
            yield _Term(number, rule, None, plugged(step.redex, step.context), complete=False)
            return
        yield _Term(number, rule, step)
        number, rule = number + 1, step.rule


def _print(program: Program, terms: Iterator[_Term], options: Namespace) -> _Term:
    """A line for every term that is asked for, as it comes; the last term of all."""
    first = next(terms)
    width = max(map(len, rules_in_reach(program.checked, first.whole))) if first.step else 0
    digits = len(str(options.limit or _LIMIT)) if options.every or options.last else 0
    line = _line(width, digits)
    kept: deque[_Term] = deque(maxlen=options.last)
    term = first
    try:
        for term in chain([first], terms):
            if term.step is None or term.number % (options.every or 1) == 0:
                if options.last:
                    kept.append(term)
                else:
                    line(term)
    finally:
        # Also where it was interrupted.
        for each in kept:
            line(each)
    return term


def _line(width: int, digits: int) -> Callable[[_Term], None]:
    """What prints a line: the number of the term, where numbers have ``digits``; the rule that led to it; the term, its redex
    marked. On a terminal a long term is folded beside its rule."""
    show = console()

    def folded(term: _Term) -> None:
        grid = Table.grid(padding=(0, 2, 0, 0))
        cells = (
            [(f"{term.number}", digits, "dim"), (term.rule, width, "bold cyan")] if digits else [(term.rule, width, "bold cyan")]
        )
        for _, wide, style in cells:
            grid.add_column(width=wide, justify="right", style=style, no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(*(text for text, _, _ in cells), marked(term.excerpt()))
        show.print(grid)

    def plain(term: _Term) -> None:
        number = f"{term.number:>{digits}}  " if digits else ""
        print(f"{number}{term.rule:>{width}}  {term}")

    return folded if show.is_terminal else plain


def _write_json(program: Program, terms: Iterator[_Term], options: Namespace) -> _Term:
    """One object, written as the reduction goes; it is closed, as not complete, also where it is interrupted."""
    first = next(terms)
    head = {"initial": show_term(first.whole), "strategy": _of_steps(options)[1]}
    print("{" + "".join(f"\n  {_json(key)}: {_json(value)}," for key, value in head.items()) + '\n  "steps": [', end="")
    kept: deque[tuple[int, Step]] = deque(maxlen=options.last)
    written, term, ended = 0, first, False

    def write(number: int, step: Step) -> None:
        nonlocal written
        print(f"{',' if written else ''}\n    {_json({'number': number, **step.to_json()})}", end="")
        written += 1

    try:
        for term in chain([first], terms):
            number = term.number + 1
            if term.step is None:
                ended = True
            elif options.last:
                kept.append((number, term.step))
            elif number % (options.every or 1) == 0:
                write(number, term.step)
    finally:
        for number, step in kept:
            if number % (options.every or 1) == 0:
                write(number, step)
        complete = ended and term.complete
        print(("\n  " if written else "") + f'],\n  "result": {_json(show_term(term.whole))},\n  "complete": {_json(complete)}\n}}')
    return term


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def show_trace(reduction: Trace) -> None:
    """A line for every term: the rule that led to it, then the term, its redex marked."""
    rules = ["", *(step.rule for step in reduction)]
    terms: Iterable[_Term] = (_Term(n, rule, step) for n, (rule, step) in enumerate(zip(rules, reduction, strict=False)))
    line = _line(max(map(len, rules)), 0)
    for term in chain(terms, [_Term(len(reduction), rules[-1], None, reduction.result)]):
        line(term)
