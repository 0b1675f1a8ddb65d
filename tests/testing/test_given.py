"""Tests of functions of the language in Hypothesis, as a user writes them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import Phase, example, find, given, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import InvalidArgument
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

import recsyn
from recsyn.testing.given import observed, shape_class
from recsyn.testing.registration import _hook
from recsyn.values import Datum, Value, depth, size, to_list

PROGRAM = recsyn.loads(
    """
    type Nat = Z | S Nat
    type Tree a = Leaf | Branch a (Tree a) (Tree a)
    fun plus m n = match m with Z => n | S k => S (plus k n) end
    fun mirror t = match t with Leaf => Leaf | Branch x l r => Branch x (mirror r) (mirror l) end
    fun twice f x = f (f x)
    fun zero = Z
    """
)
plus, mirror = PROGRAM["plus"], PROGRAM["mirror"]
QUICK = settings(database=None, derandomize=True, max_examples=100)


@QUICK
@recsyn.given_function(plus, max_size=12)
def test_each_parameter_gets_a_value(m: Value, n: Value) -> None:
    assert max(size(m), size(n)) <= 12
    assert size(plus(m, n)) == size(m) + size(n) - 1


class TestAsAMethod:
    @pytest.mark.parametrize("times", [2, 4])
    @recsyn.given_function(mirror, integers=st.integers(3, 4), min_size=3)
    @QUICK
    @example(PROGRAM.value("Branch 3 Leaf (Branch 4 Leaf Leaf)"))
    def test_it_stands_beside_other_arguments(self, times: int, tree: Value) -> None:
        again = tree
        for _ in range(times):
            again = mirror(again)
        assert again == tree
        assert size(tree) >= 3


def test_it_ends_at_the_smallest_input() -> None:
    seen: list[tuple[Value, Value]] = []

    @recsyn.given_function(plus)
    @QUICK
    def small(m: Value, n: Value) -> None:
        seen.append((m, n))
        assert size(m) < 4 or size(n) < 3

    with pytest.raises(AssertionError):
        small()
    assert tuple(map(str, seen[-1])) == ("S (S (S Z))", "S (S Z)")


def told(function: Any) -> tuple[set[str], set[str]]:
    """The events, and the labels of targets, of a test that passes."""
    events: set[str] = set()
    targets: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recsyn.testing.given.event", events.add)
        patch.setattr("recsyn.testing.given.target", lambda number, label: targets.add(label))
        function()
    return events, targets


def test_shapes_are_events() -> None:
    events, targets = told(recsyn.given_function(mirror)(QUICK(lambda tree: None)))
    assert events == {f"tree: {kind}" for kind in ("leaf", "spine", "balanced", "mixed")}
    assert not targets


def test_losses_are_targets() -> None:
    """Of 200 examples, those that a loss leads are deeper than the others."""

    class Unsure:
        def losses(self, inputs: list[Value], outputs: list[Datum]) -> Any:
            assert [plus(*pair.fields) for pair in inputs] == outputs
            return np.array([float(size(value)) for value in outputs])

    events, targets = told(recsyn.given_function(plus, loss=Unsure())(QUICK(lambda m, n: None)))
    assert targets == {"loss"}
    assert {"m: spine", "n: leaf"} <= events

    losses: list[float] = []

    @recsyn.given_function(mirror, loss=lambda tree: losses.append(float(depth(tree))) or losses[-1])  # type: ignore[func-returns-value]
    @settings(QUICK, max_examples=200, phases=[Phase.generate, Phase.target])
    def looked(tree: Value) -> None: ...

    looked()
    assert max(losses[100:]) >= max(losses[:100])


def test_any_strategy_can_be_observed() -> None:
    events, targets = told(given(observed(PROGRAM.strategy("Tree Int"), name="t", loss=size))(QUICK(lambda value: None)))
    assert "t: balanced" in events
    assert targets == {"loss of t"}
    assert find(observed(PROGRAM.strategy("Nat")), lambda n: size(n) > 2, settings=QUICK) == PROGRAM.value("S (S Z)")


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("3", "atom"),
        ("Z", "leaf"),
        ("S Z", "spine"),
        ("[1, 2, 3]", "spine"),
        ("Branch 1 Leaf Leaf", "spine"),
        ("Branch 1 (Branch 2 Leaf Leaf) (Branch 2 Leaf Leaf)", "balanced"),
        ("Branch 1 (Branch 2 Leaf Leaf) (Branch 2 Leaf (Branch 3 Leaf Leaf))", "balanced"),
        ("Branch 1 (Branch 2 Leaf Leaf) (Branch 2 Leaf (Branch 3 Leaf (Branch 3 Leaf Leaf)))", "mixed"),
    ],
)
def test_classes_of_shapes(expression: str, kind: str) -> None:
    assert shape_class(PROGRAM.value(expression)) == kind


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda: recsyn.given_function(len), "takes a function of a program"),  # type: ignore[arg-type]
        (lambda: recsyn.given_function(PROGRAM["zero"]), "zero has no parameters to draw"),
        (lambda: recsyn.given_function(PROGRAM["twice"]), "twice cannot be given values: .*hold functions"),
        (lambda: recsyn.given_function(plus, loss=3), "loss=3 is neither callable nor a model"),  # type: ignore[arg-type]
        (lambda: recsyn.given_function(plus, max_size=0), "no value of Nat has a size from 0 to 0"),
        (lambda: observed(st.just(1), loss=3), "loss=3 cannot be called"),  # type: ignore[arg-type]
        (recsyn.given_function(plus, loss=lambda m, n: "much")(QUICK(lambda m, n: None)), "a loss is a number, not 'much'"),
        (recsyn.given_function(plus)(QUICK(lambda m: None)), "[Tt]oo many positional arguments"),
    ],
)
def test_what_cannot_be_given_is_told(asked: Callable[[], Any], said: str) -> None:
    with pytest.raises(InvalidArgument, match=said):
        asked()


# Strategies among others


def test_strategies_go_where_others_do() -> None:
    lists = PROGRAM.strategy("List Int")
    assert find(lists.map(to_list), lambda items: sum(items) > 9, settings=QUICK) == [10]
    assert str(find(lists.filter(lambda v: size(v) > 2), lambda v: True, settings=QUICK)) == "[0, 0]"
    longer = lists.flatmap(lambda v: PROGRAM.strategy("Nat", min_size=size(v) + 1))
    assert str(find(longer, lambda v: True, settings=QUICK)) == "S Z"
    assert find(st.lists(PROGRAM.strategy("Nat")), lambda ns: sum(map(size, ns)) > 3, settings=QUICK)


def test_strategies_in_a_state_machine() -> None:
    class Sums(RuleBasedStateMachine):
        total = 0

        @rule(n=PROGRAM.strategy("Nat", max_size=5))
        def add(self, n: Value) -> None:
            self.total += size(n) - 1
            assert self.total < 7

    with pytest.raises(AssertionError):
        run_state_machine_as_test(Sums, settings=settings(QUICK, max_examples=200))


@pytest.mark.parametrize(
    ("text", "max_size", "least"), [("Tree Int", 30, 7), ("List Int", 2_000, 500), ("Tree Char", 400, 101), ("Nat", 10, 1)]
)
def test_the_failing_example_is_the_first_that_is_tried_again(text: str, max_size: int, least: int) -> None:
    tried: list[Value] = []

    @settings(database=InMemoryExampleDatabase(), max_examples=200, phases=[Phase.reuse, Phase.generate, Phase.shrink])
    @given(value=PROGRAM.strategy(text, max_size=max_size))
    def check(value: Value) -> None:
        tried.append(value)
        if size(value) >= least:
            raise AssertionError

    with pytest.raises(AssertionError):
        check()
    smallest = tried[-1]
    assert size(smallest) == least
    tried.clear()
    with pytest.raises(AssertionError):
        check()
    assert tried[0] == smallest


# The entry point


def test_values_are_inferred_from_annotations() -> None:
    _hook()
    kinds: set[str] = set()

    @QUICK
    @given(value=...)
    def any_value(value: Value) -> None:
        assert isinstance(value, Value)
        kinds.add(value.constructor)

    any_value()
    assert {"True", "::", "(,)", "Leaf"} <= kinds
    nat = Annotated[Value, PROGRAM.strategy("Nat")]
    assert str(find(st.from_type(nat), lambda n: size(n) > 1, settings=QUICK)) == "S Z"


def test_hypothesis_finds_the_entry_point() -> None:
    found = [entry for entry in entry_points(group="hypothesis") if entry.value.startswith("recsyn")]
    if not found:
        pytest.skip("recsyn is not installed as it is here")
    assert found[0].load() is _hook
