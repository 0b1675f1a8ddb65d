"""Four strategies: what each contracts next, held against the definitions in the literature; that all end with the same value."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator
from functools import cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.data.space import Alphabet, space_of
from recsyn.lang import core
from recsyn.lang.library import module_names, module_source
from recsyn.lang.printer import FunctionTerm, Suspended, show_term
from recsyn.semantics.reference import Reference
from recsyn.semantics.steps import Step, plugged, steps
from recsyn.semantics.strategies import STRATEGIES
from recsyn.testing.strategies import values
from recsyn.values import TRUE, Value, equal, from_iterable, postorder

VALUE, NAME, INNERMOST, OUTERMOST = "call-by-value", "call-by-name", "leftmost-innermost", "leftmost-outermost"
PROGRAM = recsyn.loads(
    """
type Nat = Z | S Nat
fun add x y = x + y
fun pick b = if b then fn x => x + 1 else fn x => x
fun second p = match p with (_, 0) => 1 | (_, _) => 2 end
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun take n xs = match n, xs with Z, _ => [] | _, [] => [] | S m, x :: xs => x :: take m xs end
fun deep p = match p with (S (S _), 0) => 1 | (_, _) => 2 end
type T = A T | B T | C
fun nested p = match p with (A (A _), 0) => 1 | (_, _) => 2 end
partial fun endless (n : Int) : T = endless n
partial fun from n = n :: from (n + 1)
partial fun loop n = loop (n + 1)
partial fun down n = if n <= 0 then 0 else down (n - 1)
"""
)


def redexes(text: str, strategy: str, limit: int = 1_000) -> list[str]:
    return [step.show_before("[[", "]]") for step in islice(PROGRAM.steps(text, strategy), limit)]


# What sets each apart


def test_lazy_strategies_contract_an_application_before_its_arguments() -> None:
    assert redexes("add (1 + 1) 2", VALUE)[0] == "add [[(1 + 1)]] 2"
    assert redexes("add (1 + 1) 2", INNERMOST)[0] == "add [[(1 + 1)]] 2"
    assert redexes("add (1 + 1) 2", NAME)[0] == "[[add (1 + 1) 2]]"
    assert redexes("add (1 + 1) 2", OUTERMOST)[0] == "[[add (1 + 1) 2]]"


def test_lazy_strategies_evaluate_again_what_is_used_again() -> None:
    text = "let x = 1 + 1 in x * x"
    assert [len(redexes(text, s)) for s in (VALUE, INNERMOST, NAME, OUTERMOST)] == [3, 3, 4, 4]
    assert redexes(text, NAME)[0] == "[[let x = 1 + 1 in …]]"


def test_call_by_value_and_leftmost_innermost_differ_in_more_arguments_than_parameters() -> None:
    """`pick` has one parameter: `pick True` is a redex, to the left of `2 + 3`."""
    assert redexes("pick True (2 + 3)", VALUE)[0] == "pick True [[(2 + 3)]]"
    assert redexes("pick True (2 + 3)", INNERMOST)[0] == "[[pick True]] (2 + 3)"
    assert redexes("(fn x => fn y => x) 1 (2 + 3)", VALUE)[0] == "(fn x => …) 1 [[(2 + 3)]]"
    assert redexes("(fn x => fn y => x) 1 (2 + 3)", INNERMOST)[0] == "[[(fn x => …) 1]] (2 + 3)"


def test_call_by_name_and_leftmost_outermost_differ_in_what_a_pattern_passes_over() -> None:
    text = "second (1 + 2, 3 - 3)"
    assert redexes(text, NAME)[2:] == ["match (1 + 2, [[3 - 3]]) with … end", "[[match (1 + 2, 0) with … end]]"]
    assert redexes(text, OUTERMOST)[2:4] == ["match ([[1 + 2]], 3 - 3) with … end", "match (3, [[3 - 3]]) with … end"]


def test_patterns_are_matched_from_left_to_right() -> None:
    assert redexes("match 1 + 1, 2 - 2 with 2, 0 => 1 | _, _ => 2 end", NAME)[0] == "match [[1 + 1]], 2 - 2 with … end"
    assert redexes("match (1 + 1, 2 - 2) with (2, 0) => 1 | (_, _) => 2 end", NAME)[0] == "match ([[1 + 1]], 2 - 2) with … end"
    assert (
        redexes("match (1 + 1, 2 - 2) with (_, 0) => 1 | (2, _) => 2 | (_, _) => 3 end", NAME)[0]
        == "match (1 + 1, [[2 - 2]]) with … end"
    )


def test_matching_is_tried_again_as_soon_as_a_constructor_comes_to_light() -> None:
    """The first component is `S (…)` and not `S (S (…))` once its inside is known to be `Z`: the rest is not looked at."""
    text = "deep (S (if 1 < 2 then Z else S Z), loop 0)"
    for strategy in (NAME, OUTERMOST):
        trace = PROGRAM.trace(text, limit=50, strategy=strategy)
        assert trace.complete
        assert [step.rule for step in trace] == ["δ", "β", "<", "if", "ι"]
    # `A (B …)` is not `A (A _)`, whatever stands inside.
    assert PROGRAM.trace("nested (A (if 1 < 2 then B (endless 0) else C), loop 0)", limit=50, strategy=OUTERMOST).complete


def test_ends_where_only_call_by_name_does() -> None:
    assert PROGRAM.trace("second (loop 0, 1 - 1)", limit=50, strategy=NAME).complete
    for strategy in (VALUE, INNERMOST, OUTERMOST):
        assert not PROGRAM.trace("second (loop 0, 1 - 1)", limit=50, strategy=strategy).complete
    for strategy in (NAME, OUTERMOST):
        trace = PROGRAM.trace("take (S (S Z)) (from 1)", limit=100, strategy=strategy)
        assert trace.complete
        assert show_term(trace.result) == "[1, 2]"


def test_operators_and_conditions_need_what_they_always_need() -> None:
    for strategy in STRATEGIES:
        assert redexes("[1 + 1] == [2] && True || 1 / 0 == 0", strategy) == [
            "[[[1 + 1]]] == [2] && True || 1 / 0 == 0",
            "[[[2] == [2]]] && True || 1 / 0 == 0",
            "[[True && True]] || 1 / 0 == 0",
            "[[True || 1 / 0 == 0]]",
        ]


def test_what_waits_for_arguments_is_evaluated_at_the_end() -> None:
    for strategy in STRATEGIES:
        assert show_term(PROGRAM.trace("[add (1 + 1)]", strategy=strategy).result) == "[add 2]"
    assert redexes("(fn f => f 1) (add (1 + 1))", NAME)[1] == "[[add (1 + 1) 1]]"


@pytest.mark.parametrize("ask", [PROGRAM.steps, PROGRAM.trace])
def test_an_unknown_strategy(ask: Any) -> None:
    with pytest.raises(recsyn.RecsynError, match="there is no strategy `call-by-need`\n  hint: did you mean `call-by-name`"):
        ask("1", strategy="call-by-need")
    with pytest.raises(recsyn.RecsynError, match="the strategies are call-by-value, call-by-name"):
        PROGRAM["down"].steps(1, strategy="x")


# The same value, in every strategy


@cache
def module(name: str) -> recsyn.Program:
    return recsyn.loads(module_source(name).text, f"{name}.rec")


def ends_with(reduction: Generator[Step, None, core.Term], limit: int = 30_000) -> core.Term | None:
    """The last term, or ``None`` after so many steps: what is evaluated by name is evaluated again wherever it is used."""
    for _ in range(limit):
        try:
            next(reduction)
        except StopIteration as stop:
            return stop.value
    return None


@pytest.mark.parametrize("name", module_names())
def test_every_example_of_the_library(name: str) -> None:
    checked = module(name).checked
    reference = Reference(checked)
    for example in checked.examples:
        expected = reference.evaluate(example.right)
        for strategy in STRATEGIES:
            assert equal(ends_with(steps(checked, example.left, strategy)).value, expected), (strategy, show_term(example.left))


PROPERTIES = [(name, index) for name in module_names() for index in range(len(module(name).checked.properties))]


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PROPERTIES), st.data())
def test_every_property_of_the_library_holds_step_by_step(which: tuple[str, int], data: st.DataObject) -> None:
    """The properties are the oracle: no evaluator is asked."""
    name, index = which
    checked = module(name).checked
    tested = checked.properties[index]
    spaces = [space_of(type, checked.datatypes, Alphabet()) for type in tested.types]
    drawn = [data.draw(values(space, max_size=6, integers=st.integers(-9, 9))) for space in spaces]

    def holds(term: core.Term, strategy: str) -> bool | None:
        arguments = tuple(core.Literal(d, tested.span) for d in drawn)
        result = ends_with(steps(checked, core.Apply(term, arguments, tested.span) if arguments else term, strategy), 5_000)
        return None if result is None else result.value == TRUE

    for strategy in STRATEGIES:
        if tested.guard is None or holds(tested.guard, strategy):
            assert holds(tested.body, strategy) is not False


# What is contracted next, found by looking through the whole term


def core_of(term: core.Term) -> core.Term:
    """Without what is only there to be skipped by substitution."""
    while isinstance(term, core.Literal) and isinstance(term.value, Suspended | FunctionTerm):
        term = term.value.term
    return term


def arity(head: core.Term) -> int:
    if isinstance(head, core.Lambda):
        return len(head.parameters)
    return len(PROGRAM.checked.definitions[head.name].parameters) if isinstance(head, core.Global) else 0


def spine(term: core.Term) -> tuple[core.Term, list[core.Term]]:
    term = core_of(term)
    if not isinstance(term, core.Apply):
        return term, []
    head, before = spine(term.function)
    return head, [*before, *term.arguments]


Tree = tuple[str, tuple[Any, ...], bool]
"""A term as it is printed, its parts, and whether it is a redex but for what is inside it."""


def tree(term: core.Term, lazy: bool) -> Tree:
    term = core_of(term)
    shown = show_term(term)
    if isinstance(term, core.Apply):
        head, arguments = spine(term)
        takes = arity(head)
        whole = arguments if takes == 0 or (isinstance(head, core.Lambda) and len(arguments) <= takes) else arguments[:takes]
        function: Tree = tree(head, lazy)
        parts: list[Tree] = [tree(a, lazy) for a in whole]
        redex = takes > 0 and (isinstance(head, core.Lambda) or len(arguments) >= takes)
        first: Tree = (show_term(core.Apply(head, tuple(whole), term.span)), (function, *parts), redex)
        if len(whole) == len(arguments):
            return first
        return shown, (first, *(tree(a, lazy) for a in arguments[len(whole) :])), False
    if isinstance(term, core.Global):
        return shown, (), arity(term) == 0
    if isinstance(term, core.Construct):
        return shown, tuple(tree(f, lazy) for f in term.fields), False
    if isinstance(term, core.Let):
        return shown, (tree(term.bound, lazy),), True
    if isinstance(term, core.If):
        return shown, (tree(term.condition, lazy),), not lazy or isinstance(core_of(term.condition), core.Literal)
    if isinstance(term, core.Primitive):
        operands = term.operands[:1] if term.operator in ("&&", "||") else term.operands
        parts = [tree(o, lazy) for o in operands]
        return shown, tuple(parts), not any(any(True for _ in candidates(p)) for p in parts)
    if isinstance(term, core.Match):
        return shown, tuple(tree(s, lazy) for s in term.scrutinees), not lazy or decided(term)
    return shown, (), False


def decided(term: core.Match) -> bool:
    for arm in term.arms:
        fits = [fit(p, s) for p, s in zip(arm.patterns, term.scrutinees, strict=True)]
        first = next((f for f in fits if f is not True), True)
        if first is not False:
            return first is True
    raise AssertionError


def fit(pattern: core.Pattern, term: core.Term) -> bool | None:
    """Whether the term is known to match; ``None`` where that cannot be told before more of it is known."""
    term = core_of(term)
    if isinstance(pattern, core.Bind | core.Ignore):
        return True
    if isinstance(pattern, core.Alias):
        return fit(pattern.pattern, term)
    if isinstance(term, core.Literal) and isinstance(term.value, Value):
        fields = tuple(f.term if isinstance(f, FunctionTerm) else core.Literal(f, term.span) for f in term.value.fields)
        term = core.Construct(term.value.constructor, fields, term.span)
    if isinstance(pattern, core.Exactly):
        return term.value == pattern.value if isinstance(term, core.Literal) else None
    if not isinstance(term, core.Construct):
        return None
    if term.constructor != pattern.constructor:
        return False
    return next((f for p, t in zip(pattern.fields, term.fields, strict=True) if (f := fit(p, t)) is not True), True)


def candidates(at: Tree, inside: bool = True) -> Iterator[str]:
    """The redexes in a term, each before those inside it."""
    shown, parts, redex = at
    if redex:
        yield shown
    if inside:
        for part in parts:
            yield from candidates(part)


def innermost(at: Tree) -> Iterator[str]:
    shown, parts, redex = at
    found = [r for part in parts for r in innermost(part)]
    yield from found
    if redex and not found:
        yield shown


LEAVES = ["1", "(2 - 2)", "(if 1 < 2 then 3 else 4)", "(let x = 1 + 1 in x)", "(down 1)"]
NODES = [
    "(add {} {})",
    "(pick ({} < 2) {})",
    "(second ({}, {}))",
    "(match take (S Z) (map (add {}) [{}, 2]) with [x] => x + 1 | _ => 0 end)",
    "((fn f => f {}) (add {}))",
    "(match ({}, [{}]) with (_, [1]) => 1 | (2, _) => 5 | (x, y :: _) => x * y | (_, []) => 0 end)",
    "(match {}, {} with x, 0 => x | 1, _ => 2 | _, y => y end)",
    "((fn x => fn y => y - x) {} {})",
    "(if [{0}] == [{1}] && True then {0} else 7)",
]
TERMS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.builds(lambda node, a, b: node.format(a, b), st.sampled_from(NODES), inner, inner),
    max_leaves=6,
)


@settings(max_examples=40)
@given(TERMS)
def test_the_leftmost_of_the_innermost_and_of_the_outermost_redexes(text: str) -> None:
    for step in islice(PROGRAM.steps(text, INNERMOST), 150):
        whole = tree(plugged(step.redex, step.context), lazy=False)
        assert show_term(step.redex) == next(innermost(whole)), text
    for step in islice(PROGRAM.steps(text, OUTERMOST), 150):
        whole = tree(plugged(step.redex, step.context), lazy=True)
        assert show_term(step.redex) == next(candidates(whole)), text


@settings(max_examples=40)
@given(TERMS)
def test_what_the_strategies_have_in_common(text: str) -> None:
    by_strategy = {s: PROGRAM.trace(text, 20_000, s) for s in STRATEGIES}
    assert len({str(show_term(t.result)) for t in by_strategy.values()}) == 1
    by_value, innermost = by_strategy[VALUE], by_strategy[INNERMOST]
    counted = [Counter((step.rule, show_term(step.redex)) for step in trace) for trace in (by_value, innermost)]
    assert Counter(step.rule for step in by_value) == Counter(step.rule for step in innermost)
    if "pick" not in text and "fn x => fn y" not in text:
        # No function is applied to more arguments than it takes.
        assert counted[0] == counted[1]
        assert str(by_value) == str(innermost)


# In constant memory, and at a cost that is what a step changes


@pytest.mark.parametrize(("strategy", "many"), [(VALUE, 100_000), (INNERMOST, 20_000), (NAME, 20_000), (OUTERMOST, 20_000)])
def test_steps_are_not_kept(strategy: str, many: int) -> None:
    source = "partial fun down n = match n with 0 => 0 | _ => down (n - 1) end"
    reduction = recsyn.loads(source)["down"].steps(many, strategy=strategy)
    seen = sum(1 for _ in islice(reduction, 1_000))
    before = sys.getallocatedblocks()
    seen += sum(1 for _ in islice(reduction, many))
    assert seen == many + 1_000
    assert sys.getallocatedblocks() - before < 2_000, "a step that is kept takes several"


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_deep_values(successor: recsyn.Program, strategy: str) -> None:
    """A step must not cost what the value that it works on does: 6,000 steps on 2,000 constructors would be 12,000,000."""
    deep = successor.value("One")
    for _ in range(2_000):
        deep = Value("XI", (deep,))
    result = ends_with(successor["succ"].steps(deep, strategy=strategy))
    assert [node.constructor for node in postorder(result.value)] == ["One"] + ["XO"] * 2_001


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_deep_terms_that_are_not_evaluated(strategy: str) -> None:
    """By name, the accumulator is a term as long as the list, which every step hands on."""
    program = recsyn.loads("fun rev xs acc = match xs with [] => acc | x :: xs => rev xs (x + 0 :: acc) end")
    items = list(range(1_000))
    result = ends_with(program["rev"].steps(from_iterable(items), from_iterable([]), strategy=strategy))
    assert equal(result.value, from_iterable(reversed(items)))
