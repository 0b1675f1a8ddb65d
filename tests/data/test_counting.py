"""Counting and sampling: a space against all of its values, listed by brute force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from math import comb
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.features import recursion_of
from recsyn.data.space import Alphabet, Space, checked_types_within, types_within
from recsyn.data.tasks import Task
from recsyn.data.treegrammar import Production, TreeGrammar
from recsyn.errors import RecsynError
from recsyn.lang.checker import check
from recsyn.lang.source import Source
from recsyn.lang.types import BUILTIN_DATATYPES, INT, TypeConstant
from recsyn.values import TUPLE, Datum, Value, preorder, size

SMALL = {
    "Int": 3,
    "Bool": 3,
    "Pos": 9,
    "Tree Int": 7,
    "List Int": 7,
    "List (List Bool)": 6,
    "Even": 9,
    "Odd": 9,
    "Pair (Tree Int) (List Char)": 7,
    "(Pos, Int, Bool)": 6,
    "Pair Pos Int": 7,
    "Rose Int": 7,
    "Expr": 6,
    "Branchy": 7,
}


@pytest.fixture(params=SMALL)
def small(request: pytest.FixtureRequest, space: Callable[..., Space]) -> tuple[Space, int]:
    return space(request.param), SMALL[request.param]


def shape_of(value: Datum) -> Any:
    return tuple(d.constructor if isinstance(d, Value) else type(d).__name__ for d in preorder(value))


def test_counts_are_those_of_brute_force(small: tuple[Space, int], everything: Callable[..., dict[int, set[Datum]]]) -> None:
    space, most = small
    counted = {s: space.grammar.count(space.type, s) for s in range(most + 1)}
    assert counted == {s: len(values) for s, values in everything(space, most).items()}


def test_ranks_are_a_bijection_onto_the_values_of_a_size(
    small: tuple[Space, int], everything: Callable[..., dict[int, set[Datum]]]
) -> None:
    space, most = small
    for s, expected in everything(space, most).items():
        listed = [space.grammar.value(space.type, s, rank) for rank in range(space.grammar.count(space.type, s))]
        assert len(set(listed)) == len(listed)
        assert set(listed) == expected
        assert list(space.grammar.values(space.type, s)) == listed


def test_shapes_are_values_up_to_letters(small: tuple[Space, int], everything: Callable[..., dict[int, set[Datum]]]) -> None:
    space, most = small
    for s, expected in everything(space, most).items():
        shapes = [shape_of(v) for v in space.shapes.values(space.type, s)]
        assert len(set(shapes)) == len(shapes)
        assert set(shapes) == {shape_of(v) for v in expected}


class Odometer:
    """Choices that begin with the given ones and go on with the first way each time."""

    def __init__(self, path: list[int]) -> None:
        self.path, self.taken = path, list[tuple[int, int]]()

    def __call__(self, ways: int) -> int:
        at = len(self.taken)
        choice = self.path[at] if at < len(self.path) else 0
        self.taken.append((choice, ways))
        return choice

    def following(self) -> list[int] | None:
        """The next choices in order; ``None`` after the last."""
        while self.taken and self.taken[-1][0] + 1 == self.taken[-1][1]:
            self.taken.pop()
        choices = [choice for choice, _ in self.taken]
        return [*choices[:-1], choices[-1] + 1] if choices else None


def test_every_value_can_be_chosen_node_by_node(small: tuple[Space, int], everything: Callable[..., dict[int, set[Datum]]]) -> None:
    """All sequences of choices, walked as an odometer, give all values, each once."""
    space, most = small
    for s, expected in everything(space, most - 1).items():
        if not expected:
            with pytest.raises(IndexError, match="no values of size"):
                space.grammar.grown(space.type, s, lambda ways: 0)
            continue
        listed: list[Datum] = []
        path: list[int] | None = []
        while path is not None:
            odometer = Odometer(path)
            listed.append(space.grammar.grown(space.type, s, odometer))
            path = odometer.following()
        assert len(set(listed)) == len(listed)
        assert set(listed) == expected


def test_a_rank_that_does_not_exist_is_refused(small: tuple[Space, int]) -> None:
    space, most = small
    for s in range(-1, most + 1):
        for rank in (-1, space.grammar.count(space.type, s)):
            with pytest.raises(IndexError, match="no rank"):
                space.grammar.value(space.type, s, rank)


def test_the_order_of_questions_does_not_matter(small: tuple[Space, int]) -> None:
    """Symbols that are reached late, or counted in jumps, have the same counts."""
    space, most = small
    fresh = Space(space.type, space.datatypes, space.alphabet)
    backwards = {s: fresh.grammar.count(space.type, s) for s in reversed(range(most + 1))}
    assert backwards == {s: space.grammar.count(space.type, s) for s in range(most + 1)}


def test_shared_symbols_that_come_late_are_counted_like_the_others(space: Callable[..., Space]) -> None:
    tree = space("Tree Int")
    tree.grammar.count(tree.type, 6)
    spine = tree.spines[0]
    fresh = space("Tree Int")
    assert [tree.grammar.count(spine, s) for s in range(12)] == [fresh.grammar.count(fresh.spines[0], s) for s in range(12)]


def test_known_sequences(space: Callable[..., Space]) -> None:
    """Catalan's numbers for the shapes of trees, powers of two for binary numbers, Motzkin's for unary-binary ones."""
    tree, binary, unary_binary = space("Tree Int"), space("Pos"), space("Branchy")
    assert [tree.shapes.count(tree.type, 2 * n + 1) for n in range(40)] == [comb(2 * n, n) // (n + 1) for n in range(40)]
    assert not any(tree.shapes.count(tree.type, 2 * n) for n in range(40))
    assert [tree.grammar.count(tree.type, 2 * n + 1) for n in range(20)] == [2**n * comb(2 * n, n) // (n + 1) for n in range(20)]
    assert [binary.grammar.count(binary.type, s) for s in range(40)] == [0, *(2**s for s in range(39))]
    assert [unary_binary.grammar.count(unary_binary.type, s) for s in range(11)] == [0, 1, 1, 2, 4, 9, 21, 51, 127, 323, 835]


@pytest.mark.parametrize(("text", "at"), [("Pos", 6), ("Tree Int", 7), ("Expr", 4), ("Pair (Tree Int) (List Char)", 7)])
def test_ranks_drawn_uniformly_give_values_drawn_uniformly(
    text: str, at: int, space: Callable[..., Space], fits: Callable[..., bool], everything: Callable[..., dict[int, set[Datum]]]
) -> None:
    here, rng = space(text), Random(2026)
    values = everything(here, at)[at]
    count = here.grammar.count(here.type, at)
    drawn = Counter(here.grammar.value(here.type, at, rng.randrange(count)) for _ in range(40 * len(values)))
    assert fits(drawn, dict.fromkeys(values, 1 / len(values)))


def test_large_sizes_are_counted_and_drawn(space: Callable[..., Space]) -> None:
    here = space("Pos")
    assert here.grammar.count(here.type, 2_000) == 2**1_999
    ones = here.grammar.value(here.type, 2_000, 2**1_999 - 1)
    assert size(ones) == 2_000
    assert [d.constructor for d in preorder(ones)] == ["XI"] * 1_999 + ["One"]
    digits = "".join("01"[d.constructor == "XI"] for d in preorder(here.grammar.value(here.type, 200, 123456789 << 100)))
    assert int(digits[:-1], 2) == 123456789 << 100


def test_the_sum_over_a_grammar_of_ones_own() -> None:
    """A grammar is more than a type: words over a and b without two a in a row, counted by Fibonacci's numbers."""
    rules = {
        "any": [Production("end", ()), Production("a", ("no a",)), Production("b", ("any",))],
        "no a": [Production("end", ()), Production("b", ("any",))],
    }
    grammar = TreeGrammar(lambda at: rules[str(at)], lambda at: None)
    assert [grammar.count("any", s) for s in range(1, 11)] == [1, 2, 3, 5, 8, 13, 21, 34, 55, 89]
    words = ["".join(d.constructor[0] for d in preorder(v)) for v in grammar.values("any", 7)]
    assert len(set(words)) == 21
    assert not any("aa" in w for w in words)


# Recursion depth


@pytest.mark.parametrize(("function", "most"), [("succ", 9), ("preorder", 9), ("inorder", 7)])
def test_depths_partition_the_values_of_a_size(function: str, most: int, task: Callable[..., Task]) -> None:
    space = task(function, integers=[0, 1]).space
    assert space.shape is not None
    for s in range(1, most + 1):
        by_depth: dict[int, set[Datum]] = {}
        for value in space.grammar.values(space.type, s):
            by_depth.setdefault(recursion_of(space.shape, value).depth, set()).add(value)
        for depth in range(most + 2):
            listed = list(space.grammar.values(space.at_depth(depth), s))
            assert len(listed) == len(set(listed))
            assert set(listed) == by_depth.get(depth, set())


MANY_WAYS = """
type T = E | U T | B T Int T | N T T T
fun left (t : T) : Int = match t with E => 0 | U _ => 1 | B l _ _ => 1 + left l | N l _ _ => left l end
fun all (t : T) : Int = match t with E => 0 | U t => all t | B l x r => all l + x + all r | N a b c => all a + all b + all c end
fun twice (t : T) : Int = match t with E => 0 | U t => twice t + twice t | B _ _ r => twice r | N a _ c => twice a + twice c end
fun none (t : T) : Int = match t with E => 0 | _ => 1 end
fun two (t : T) : Int = match t with U (U t) => two t | _ => 0 end
"""


@pytest.fixture
def many_ways(task: Callable[..., Task]) -> Callable[[str], Task]:
    return lambda function: task(function, codecs=("prefix", "prefix"), source=MANY_WAYS, program="t.rec", integers=[0, 1])


@pytest.mark.parametrize("function", ["left", "all", "twice"])
def test_depths_partition_for_other_recursions(function: str, many_ways: Callable[[str], Task]) -> None:
    space = many_ways(function).space
    assert space.shape is not None
    for s in range(1, 7):
        listed = [(depth, v) for depth in range(8) for v in space.grammar.values(space.at_depth(depth), s)]
        assert Counter(v for _, v in listed) == Counter(space.grammar.values(space.type, s))
        assert all(recursion_of(space.shape, v).depth == depth for depth, v in listed)


@pytest.mark.parametrize("function", ["none", "two"])
def test_depth_is_refused_where_it_cannot_be_drawn(function: str, many_ways: Callable[[str], Task]) -> None:
    with pytest.raises(RecsynError, match=r"cannot be drawn"):
        many_ways(function).space.at_depth(1)


# Spines


def is_spine(value: Datum, constructor: str, index: int, arity: dict[str, tuple[int, ...]]) -> bool:
    """By definition: where there are two fields of the type the way goes on in one, and the others end at once."""
    while arity.get(value.constructor):
        own = arity[value.constructor]
        if len(own) == 1:
            value = value.fields[own[0]]
            continue
        if value.constructor != constructor or any(arity.get(value.fields[i].constructor) for i in own if i != index):
            return False
        value = value.fields[index]
    return True


@pytest.mark.parametrize(
    ("text", "most", "arity"),
    [
        ("Tree Int", 9, {"Branch": (1, 2)}),
        ("Branchy", 9, {"On": (0,), "Two": (0, 1)}),
        ("Expr", 6, {"Neg": (0,), "Add": (0, 1), "Mul": (0, 1)}),
    ],
)
def test_spines_are_exactly_the_values_of_that_shape(
    text: str, most: int, arity: dict[str, tuple[int, ...]], space: Callable[..., Space]
) -> None:
    here = space(text)
    kinds = [(name, i) for name, own in arity.items() if len(own) > 1 for i in own]
    assert len(here.spines) == len(kinds)
    for start, (name, index) in zip(here.spines, kinds, strict=True):
        for s in range(1, most + 1):
            listed = list(here.grammar.values(start, s))
            assert len(listed) == len(set(listed))
            assert set(listed) == {v for v in here.grammar.values(here.type, s) if is_spine(v, name, index, arity)}


def test_types_that_do_not_branch_have_no_spines(space: Callable[..., Space]) -> None:
    assert not space("Pos").spines
    assert not space("List Int").spines
    assert not space("Rose Int").spines


# The smallest


def test_the_smallest_are_every_shape_in_order_of_size(small: tuple[Space, int]) -> None:
    space, most = small
    counts = [space.shapes.count(space.type, s) for s in range(most + 1)]
    listed = list(islice(space.smallest(), sum(counts)))
    assert [size(v) for v in listed] == [s for s, count in enumerate(counts) for _ in range(count)]
    assert len({shape_of(v) for v in listed}) == sum(counts)


@given(limit=st.integers(0, 40))
def test_the_smallest_are_as_many_as_asked_for(limit: int, space: Callable[..., Space]) -> None:
    everyone = list(space("Tree Int").smallest(40))
    assert list(space("Tree Int").smallest(limit)) == everyone[:limit]
    assert len(everyone) == 40


def test_the_smallest_of_a_finite_type_end(space: Callable[..., Space]) -> None:
    assert [str(v) for v in space("Bool").smallest()] == ["False", "True"]
    assert list(space("Int").smallest()) == [0]


def test_integers_of_any_length_are_written() -> None:
    assert Alphabet((10**5000,)).tokens_of(INT) == ("1" + 5000 * "0",)


def test_letters_are_taken_from_left_to_right(space: Callable[..., Space]) -> None:
    here = space("Pair (Tree Int) (List Char)", Alphabet((5, 6, 7), ("x", "y")))
    shape = next(v for v in here.shapes.values(here.type, 11) if str(v).count("Branch") == 3 and str(v).count("'x'") == 0)
    labelled = here.labelled(shape, 1)
    assert [d for d in preorder(labelled) if isinstance(d, int)] == [6, 7, 5]
    assert shape_of(labelled) == shape_of(shape)
    assert here.labelled(3, 2) == 7


def test_the_smallest_may_be_large(task: Callable[..., Task]) -> None:
    declared = "type U = U\ntype Big = Big" + 70 * " U" + "\ntype Steps = Stop | Step Steps" + 90 * " U"
    space = task("f", source=f"{declared}\nfun f (b : Steps) : Big = Big{70 * ' U'}", codecs=("prefix", "prefix")).space
    assert [size(v) for v in space.smallest(4)] == [1, 92, 183, 274]
    assert [size(v) for v in Space(TypeConstant("Big"), space.datatypes).smallest()] == [71]


@pytest.mark.parametrize("fields", ["a (N (a, a))", "a (N (List a))", "(N (a, a)) (N (List a))", "(N (a -> a))"])
def test_ever_larger_types_are_told(fields: str, task: Callable[..., Task]) -> None:
    """Of the input and of the output; by how large they are, since the number of those that double says it too late."""
    source = f"type N a = Nil | Cons {fields}\nfun f (n : N Int) : Int = 0\nfun g (n : Int) : N Int = Nil"
    with pytest.raises(RecsynError, match=r"N Int holds ever larger types|hold functions"):
        task("f", source=source, codecs=("prefix", "prefix"), program="n.rec")
    datatypes = check(Source("n.rec", source)).datatypes
    within = types_within(TypeConstant("N", (INT,)), datatypes)
    assert len(list(islice(within, 3))) == 3
    with pytest.raises(RecsynError, match="N Int holds ever larger types"):
        list(checked_types_within(TypeConstant("N", (INT,)), datatypes))


def test_a_type_may_be_too_large_itself() -> None:
    doubled, nested = INT, INT
    for _ in range(60):
        doubled = TypeConstant(TUPLE, (doubled, doubled))
    for _ in range(5_000):
        nested = TypeConstant("List", (nested,))
    for type in (doubled, nested):
        with pytest.raises(RecsynError, match="too large"):
            Space(type, BUILTIN_DATATYPES)


def test_functions_and_ever_larger_types_cannot_be_listed(task: Callable[..., Task]) -> None:
    growing = "type Nest a = Flat a | Deep (Nest (List a))\nfun f (n : Nest Int) : Int = 0"
    with pytest.raises(RecsynError, match="ever larger types"):
        task("f", codecs=("prefix", "prefix"), source=growing, program="n.rec")
    with pytest.raises(RecsynError, match="hold functions"):
        task("g", codecs=("prefix", "prefix"), source="fun g (f : Int -> Int) : Int = f 1", program="g.rec")
