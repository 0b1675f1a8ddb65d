"""Drawing: by size, by depth, in order, with distinct labels, and by certified floating point, against values listed by brute
force.

Chi-square tests have fixed seeds and a false-alarm rate of 1e-6 each (``fits``), so one of the some fifty here fails by chance once
in 20,000 choices of seeds, and never from one run to the next.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import comb, perm
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data import certified, distributions
from recsyn.data.certified import CertifiedCounts
from recsyn.data.distributions import Enumeration, Mixture, Sampler, Uniform, distribution_from_config
from recsyn.data.features import recursion_of
from recsyn.data.labelling import Labelling
from recsyn.data.populations import Population
from recsyn.data.space import Alphabet, Space, _shared, space_of
from recsyn.data.tasks import Task
from recsyn.data.treegrammar import Production, TreeGrammar
from recsyn.errors import RecsynError
from recsyn.lang.checker import check, check_type
from recsyn.lang.source import Source
from recsyn.values import Datum, Value, depth, preorder, size

Draw = Callable[[Random], Datum]
Everything = Callable[..., dict[int, set[Datum]]]
Fits = Callable[..., bool]

UNIFORM = {
    "Pos": 6,
    "Tree Int": 7,
    "List Int": 6,
    "List (List Bool)": 7,
    "Even": 9,
    "List Even": 7,
    "Pair (Tree Int) (List Char)": 7,
    "(Pos, Int, Bool)": 6,
    "Rose Int": 5,
    "Expr": 4,
    "Branchy": 8,
    "Pair Nat (Rose Bool)": 8,
}
"""Types, parametric and mutual ones among them, and a size at which each has some ten to thousand values."""


def share(values: Any) -> dict[Datum, float]:
    return dict.fromkeys(values, 1 / len(values))


@pytest.mark.parametrize("text", UNIFORM)
def test_values_of_a_size_are_drawn_uniformly(text: str, space: Callable[..., Space], everything: Everything, fits: Fits) -> None:
    here, rng, at = space(text), Random(f"by rank {text}"), UNIFORM[text]
    values = everything(here, at)[at]
    assert fits(Counter(here.grammar.drawn(here.type, at, rng) for _ in range(20 * len(values))), share(values))


@pytest.mark.parametrize("text", UNIFORM)
def test_certified_draws_are_uniform(text: str, space: Callable[..., Space], everything: Everything, fits: Fits) -> None:
    here, rng, at = space(text), Random(f"certified {text}"), UNIFORM[text]
    values = everything(here, at)[at]
    assert fits(Counter(here.grammar.certified.drawn(here.type, at, rng) for _ in range(20 * len(values))), share(values))


@pytest.mark.parametrize("text", UNIFORM)
def test_exact_numbers_decide_where_floating_point_cannot(
    text: str, space: Callable[..., Space], everything: Everything, fits: Fits, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With errors said to be a hundred million million times greater, many choices are left to the exact numbers."""
    exactly = certified._compound
    monkeypatch.setattr(certified, "_compound", lambda error, roundings: exactly(error, roundings * 10**14))
    here, rng, at = space(text), Random(f"exactly {text}"), UNIFORM[text]
    counts = CertifiedCounts(here.grammar)
    values = everything(here, at)[at]
    assert fits(Counter(counts.drawn(here.type, at, rng) for _ in range(20 * len(values))), share(values))
    assert counts.undecided > len(values) or len(values) == 1


@pytest.mark.parametrize("text", [*UNIFORM, "Int", "Bool", "Nat"])
def test_certified_counts_are_as_near_as_they_say(text: str, space: Callable[..., Space]) -> None:
    here = space(text)
    for n in range(-1, 120):
        mantissa, exponent, error = here.grammar.certified.count(here.type, n)
        count = here.grammar.count(here.type, n)
        assert bool(mantissa) == bool(count)
        if count:
            assert abs(Fraction(mantissa) * Fraction(2) ** exponent / count - 1) <= Fraction(error) < 1e-10
        assert here.grammar.certified.fewer(here.type, n, 2**50) == (count if count < 2**50 else None)
        assert here.grammar.fewer(here.type, n, 1000) == (count if count < 1000 else None)
        assert here.grammar.derives(here.type, n) == bool(count)


def test_certified_counts_do_not_depend_on_the_order_of_questions(space: Callable[..., Space]) -> None:
    here, fresh = space("Pair (Tree Int) (List Char)"), space("Pair (Tree Int) (List Char)")
    upwards = [here.grammar.certified.count(here.type, n) for n in range(100)]
    tree = space("Tree Int").type
    assert fresh.grammar.certified.count(tree, 71)[0]
    assert [fresh.grammar.certified.count(fresh.type, n) for n in (99, 20, 50)] == [upwards[n] for n in (99, 20, 50)]


@pytest.mark.parametrize(
    "text",
    [
        "Tree Int",
        "Rose Int",
        "Even",
        *(pytest.param(t, marks=pytest.mark.slow) for t in ("Expr", "Pos", "List (Tree Int)", "Branchy")),
    ],
)
def test_values_of_ten_thousand_nodes_are_ordinary(text: str, space: Callable[..., Space]) -> None:
    here = space(text)
    n = next(n for n in range(10_000, 9_990, -1) if here.grammar.derives(here.type, n))
    one, other = (here.grammar.drawn(here.type, n, Random(seed)) for seed in (1, 2))
    assert size(one) == size(other) == n
    assert one != other or here.grammar.fewer(here.type, n, 2) == 1


def test_large_trees_have_the_shape_of_random_ones(space: Callable[..., Space], fits: Fits) -> None:
    """The size of a uniform tree's left part has the distribution C_k C_(n-1-k) / C_n, which chi-square can see at any size."""
    here, n, draws, rng = space("Tree Int", Alphabet((0,), ("a",))), 140, 360, Random(7)

    def kind(k: int) -> int:
        return min(k, 5) if k < n / 2 else max(k, n - 6)

    catalan = [comb(2 * k, k) // (k + 1) for k in range(n + 1)]
    shares: dict[int, float] = {}
    for k in range(n):
        shares[kind(k)] = shares.get(kind(k), 0) + catalan[k] * catalan[n - 1 - k] / catalan[n]
    left = [here.grammar.drawn(here.type, 2 * n + 1, rng).fields[1] for _ in range(draws)]
    assert fits(Counter(kind(size(tree) // 2) for tree in left), shares)


@pytest.mark.parametrize(
    ("text", "largest"),
    [("Bool", 1), ("Int", 0), ("(Pos, Int, Bool)", None), ("(Bool, (Bool, Int))", 4), ("Even", None), ("List Bool", None)],
)
def test_the_largest_size_is_known(text: str, largest: int | None, space: Callable[..., Space]) -> None:
    here = space(text)
    assert here.grammar.largest(here.type) == largest


PARTS = st.sampled_from(["a", "b", "c", "letter"])
RULES = st.fixed_dictionaries({name: st.lists(st.lists(PARTS, max_size=3).map(tuple), max_size=3) for name in "abc"})


@given(rules=RULES, letters=st.integers(0, 2))
@settings(max_examples=150)
def test_any_grammar_is_counted_alike(rules: dict[str, list[tuple[str, ...]]], letters: int) -> None:
    """Exact and certified counts, the sizes that there are, and the largest: whatever has values of a size beyond what is derived
    without a nonterminal inside itself has no largest."""
    grammar = TreeGrammar(
        lambda at: [Production(f"{at}{i}", fields) for i, fields in enumerate(rules[str(at)])],
        lambda at: tuple(range(letters)) if at == "letter" else None,
    )
    counts = [grammar.count("a", n) for n in range(60)]
    for n, count in enumerate(counts):
        mantissa, exponent, error = grammar.certified.count("a", n)
        assert abs(Fraction(mantissa) * Fraction(2) ** max(exponent, -9) - count) <= Fraction(error) * count
    assert [n for n in range(-1, 60) if grammar.derives("a", n)] == [n for n, count in enumerate(counts) if count]
    sizes = [n for n, count in enumerate(counts) if count]
    most = grammar.largest("a")
    if most is None:
        assert sizes[-1] > 13
    else:
        assert most == max(sizes, default=-1) <= 13


@given(rules=RULES, letters=st.integers(0, 2), first=st.integers(0, 40))
@settings(max_examples=150)
def test_sizes_are_told_in_any_order(rules: dict[str, list[tuple[str, ...]]], letters: int, first: int) -> None:
    """Also of nonterminals that come late, and before or after any is counted."""

    def grammar() -> TreeGrammar:
        return TreeGrammar(
            lambda at: [Production(f"{at}{i}", fields) for i, fields in enumerate(rules[str(at)])],
            lambda at: tuple(range(letters)) if at == "letter" else None,
        )

    asked = grammar()
    asked.derives("c", first)
    asked.count("b", first // 2)
    for name in "abc":
        counted = grammar()
        assert [asked.derives(name, n) for n in range(40)] == [counted.count(name, n) > 0 for n in range(40)]
        assert [asked.count(name, n) for n in range(40)] == [counted.count(name, n) for n in range(40)]


@given(rules=RULES, labels=st.integers(0, 3))
@settings(max_examples=150)
def test_few_labels_bound_sizes(rules: dict[str, list[tuple[str, ...]]], labels: int) -> None:
    grammar = TreeGrammar(
        lambda at: [Production(f"{at}{i}", fields) for i, fields in enumerate(rules[str(at)])],
        lambda at: (0,) if at == "letter" else None,
    )
    labelling = Labelling(grammar)
    bound = labelling.bound("a", labels)
    sizes = [n for n in range(60) if (found := labelling.ranges("a", n)) and found[0][0] <= labels]
    assert bound is None or max(sizes, default=-1) <= bound


def test_what_needs_labels_to_grow_is_bounded_by_them(space: Callable[..., Space]) -> None:
    few = Alphabet(tuple(range(4)), ("a",), distinct=True)
    for text in ("Tree Int", "List Int", "List (Tree Int)", "(Pos, Int)", "Rose Bool", "Rose Int", "Expr", "Mixed", "Bool"):
        assert (space(text, few).largest is None) == (text in ("List (Tree Int)", "(Pos, Int)", "Rose Bool", "Expr", "Mixed")), text
    assert space("Tree Int").largest is None


def test_depths_bound_sizes(task: Callable[..., Task], space: Callable[..., Space]) -> None:
    here = task("inorder", integers=[0, 1]).space
    assert here.grammar.largest(here.as_deep(4)) == 15
    assert here.grammar.largest(here.as_deep(0)) == -1
    assert here.grammar.largest(here.at_depth(3)) == 15
    assert here.grammar.largest(space("Tree Int").type) is None


# The depth of a value


@pytest.mark.parametrize("text", [*UNIFORM, "Bool", "Odd"])
def test_depths_of_values_partition_them(text: str, space: Callable[..., Space]) -> None:
    here = space(text)
    for n in range(6):
        by_depth: dict[int, set[Datum]] = {}
        for value in here.grammar.values(here.type, n):
            by_depth.setdefault(depth(value), set()).add(value)
        up_to: set[Datum] = set()
        for deep in range(n + 2):
            listed = list(here.grammar.values(here.as_deep(deep), n))
            assert len(listed) == len(set(listed))
            assert set(listed) == by_depth.get(deep, set())
            up_to |= set(listed)
            capped = list(here.grammar.values(here.as_deep(deep, exactly=False), n))
            assert len(capped) == len(up_to)
            assert set(capped) == up_to


@pytest.mark.parametrize("text", [*UNIFORM, "Bool", "Odd", "Mixed"])
def test_the_least_and_the_greatest_depth_of_a_size_are_known(
    text: str, space: Callable[..., Space], everything: Everything
) -> None:
    here, most = space(text), min(UNIFORM.get(text, 6), 6)
    for n, values in everything(here, most).items():
        depths = {depth(value) for value in values if isinstance(value, Value)}
        assert here.depths("value", n) == ((min(depths), max(depths)) if depths else None)


@pytest.mark.parametrize(("function", "most"), [("succ", 9), ("preorder", 9)])
def test_the_least_and_the_greatest_recursion_of_a_size_are_known(function: str, most: int, task: Callable[..., Task]) -> None:
    here = task(function, integers=[0, 0]).space
    assert here.shape is not None
    for n in range(most + 1):
        depths = {recursion_of(here.shape, value).depth for value in here.grammar.values(here.type, n)}
        assert here.depths("recursion", n) == ((min(depths), max(depths)) if depths else None)


# Distinct labels


@given(number=st.integers(0, 6), held=st.lists(st.sampled_from([None, None, 0, 1, 2]), max_size=5))
def test_labels_are_shared_out_in_every_way_and_in_order(number: int, held: list[int | None]) -> None:
    """In the order of all tuples, on which the ranks of values depend."""
    every = product(*(range(number + 1) if part is None else (part,) for part in held))
    assert list(_shared(number, held)) == [parts for parts in every if sum(parts) == number]


def test_many_fields_share_labels() -> None:
    program = check(Source("r.rec", "type O = N | J Int\ntype R = R" + 8 * " (List O)"))
    here = space_of(check_type(program, Source("type", "R")), program.datatypes, Alphabet(tuple(range(10)), (), distinct=True))
    # Of size 15 are those with three items in eight lists: comb(10, 3) ways to place them, and each may hold a label.
    labelled = [comb(3, n) * perm(10, n) for n in range(4)]
    assert Population(here, here.type, 15).count == comb(10, 3) * sum(labelled)
    assert distinct(Population(here, here.type, 21).drawn(Random(2)))


def distinct(value: Datum) -> bool:
    atoms = [atom for atom in preorder(value) if not isinstance(atom, Value)]
    return len(set(atoms)) == len(atoms)


DISTINCT = {
    "Tree Int": 7,
    "List Int": 5,
    "Expr": 6,
    "Rose Int": 5,
    "Pair (Tree Int) (List Char)": 8,
    "List (Tree Char)": 7,
    "(Int, List (Int, Char))": 6,
    "Int": 0,
    "Pos": 5,
}


@pytest.mark.parametrize("text", DISTINCT)
def test_values_with_distinct_labels_are_listed_once(text: str, space: Callable[..., Space], everything: Everything) -> None:
    letters = Alphabet((0, 1, 2), ("a", "b"), distinct=True)
    here, most = space(text, letters), DISTINCT[text]
    for n, values in everything(here, most).items():
        members = Population(here, here.type, n)
        expected = {value for value in values if distinct(value)}
        listed = [members.value(rank) for rank in range(members.count)]
        assert len(set(listed)) == len(listed)
        assert set(listed) == expected
        assert bool(members) == bool(expected)
        for rank in (-1, members.count):
            with pytest.raises(IndexError, match="values of size"):
                members.value(rank)


@pytest.mark.parametrize(("text", "at"), [("Tree Int", 7), ("Expr", 5), ("Rose Int", 8), ("List (Tree Char)", 7)])
def test_values_with_distinct_labels_are_drawn_uniformly(
    text: str, at: int, space: Callable[..., Space], everything: Everything, fits: Fits
) -> None:
    here, rng = space(text, Alphabet((0, 1, 2, 3), ("a", "b"), distinct=True)), Random(f"distinct {text}")
    values = {value for value in everything(here, at)[at] if distinct(value)}
    members = Population(here, here.type, at)
    assert fits(Counter(members.drawn(rng) for _ in range(20 * len(values))), share(values))


def test_the_smallest_with_distinct_labels_end_with_the_alphabet(space: Callable[..., Space]) -> None:
    here = space("Expr", Alphabet((0, 1), ("a",), distinct=True))
    listed = list(here.smallest(500))
    assert all(map(distinct, listed))
    assert [size(v) for v in listed] == sorted(map(size, listed))
    assert len({str(v).translate({ord("0"): "n", ord("1"): "n"}) for v in listed}) == 500
    tree = space("Tree Int", Alphabet((0, 1, 2), ("a",), distinct=True))
    assert [size(v) for v in tree.smallest()] == [1, 3, 5, 5, 7, 7, 7, 7, 7]


def test_distinct_labels_of_large_trees(space: Callable[..., Space]) -> None:
    here = space("Tree Int", Alphabet(tuple(range(3_000)), ("a",), distinct=True))
    tree = Population(here, here.type, 5_001).drawn(Random(1))
    assert size(tree) == 5_001
    assert distinct(tree)


# Distributions


def sampler(space: Space, **config: Any) -> Sampler:
    return Sampler(distribution_from_config(config), space)


def number_of(value: Datum) -> int:
    """The binary number that a ``Pos`` stands for, by its definition."""
    digits = [node.constructor for node in preorder(value)]
    return int("1" + "".join("01"[d == "XI"] for d in reversed(digits[:-1])), 2)


@pytest.mark.parametrize("power", [0, 1, 5, 8])
def test_the_natural_distribution_is_all_numbers(power: int, space: Callable[..., Space], fits: Fits) -> None:
    here, rng = space("Pos"), Random(power)
    drawing = sampler(here, kind="enumeration", last=2**power)
    drawn = Counter(number_of(drawing.draw(rng)) for _ in range(30 * 2**power))
    assert fits(drawn, share(range(1, 2**power + 1)))
    assert (drawing.inputs, drawing.max_size) == (2**power, power + 1)


@pytest.mark.parametrize("text", ["Pos", "Tree Int", "Even", "Expr", "Pair (Tree Int) (List Char)"])
def test_enumerations_go_by_size_and_rank(text: str, space: Callable[..., Space], fits: Fits) -> None:
    here, rng = space(text), Random(f"enumeration {text}")
    order = [
        value for n in range(14) for value in (here.grammar.values(here.type, n) if here.grammar.count(here.type, n) < 999 else ())
    ]
    last = min(60, len(order))
    drawn = Counter(sampler(here, kind="enumeration", first=4, last=last).draw(rng) for _ in range(20 * last))
    assert fits(drawn, share(order[3:last]))


def test_enumerations_end_with_the_type(space: Callable[..., Space]) -> None:
    assert sampler(space("Bool"), kind="enumeration", last=2).inputs == 2
    with pytest.raises(RecsynError, match="Bool has 2 values, and the enumeration goes to the place 3"):
        sampler(space("Bool"), kind="enumeration", last=3)
    with pytest.raises(RecsynError, match="has 12 values"):
        sampler(space("(Bool, Int, Int)", Alphabet((1, 2, 3), ("a",), distinct=True)), kind="enumeration", last=13)
    assert sampler(space("(Bool, Int, Int)", Alphabet((1, 2, 3), ("a",), distinct=True)), kind="enumeration", last=12).inputs == 12


ONE_A_SIZE = "type U = U\ntype L = E | S L U\nfun f (l : L) : L = l"


def test_enumerations_are_looked_for_as_far_as_can_be_counted(space: Callable[..., Space], task: Callable[..., Task]) -> None:
    distinct = space("List Int", Alphabet(tuple(range(10)), ("a",), distinct=True))
    with pytest.raises(RecsynError, match=r"List Int has 9,864,101 values, and"):
        sampler(distinct, kind="enumeration", last=10**9)
    assert sum(perm(10, n) for n in range(11)) == 9_864_101
    with pytest.raises(RecsynError, match=r"L has [\d,]+ values of sizes up to [\d,]+, as far as they are listed, and"):
        task("f", {"kind": "enumeration", "last": 10**9}, ("prefix", "prefix"), source=ONE_A_SIZE, program="l.rec")


@pytest.mark.parametrize("of", ["recursion", "value"])
@pytest.mark.parametrize("kind", ["capped", "natural"])
def test_a_depth_beyond_every_size_is_no_other_than_the_greatest_size(kind: str, of: str, task: Callable[..., Task]) -> None:
    near, far = (task("inorder", {"kind": kind, "sizes": [1, 12], "depth": depth, "of": of}) for depth in (12, 100_000))
    assert [near.sampler.draw(Random(seed)) for seed in range(20)] == [far.sampler.draw(Random(seed)) for seed in range(20)]
    assert near.growth is not None
    assert far.growth is not None
    assert near.growth.states == far.growth.states
    large = task("inorder", {"kind": "capped", "sizes": [1, 2_000], "depth": 100_000, "of": of})
    whole = task("inorder", {"kind": "uniform", "sizes": [1, 2_000]})
    assert large.sampler.draw(Random(1)) == whole.sampler.draw(Random(1))


def test_ranges_of_sizes_are_looked_at_and_not_counted(task: Callable[..., Task]) -> None:
    made = task("inorder", {"kind": "uniform", "sizes": [1, 30_000]})
    assert made.sampler.max_size == 29_999
    assert made.space.grammar._counted == 0


def spread(levels: dict[Any, list[set[Datum]]]) -> dict[Datum, float]:
    """Sizes uniform, the sets of each uniform, their members uniform."""
    shares: Counter[Datum] = Counter()
    for sets in levels.values():
        for members in sets:
            for value in members:
                shares[value] += 1 / len(levels) / len(sets) / len(members)  # type: ignore[assignment]
    return dict(shares)


@pytest.mark.parametrize(("function", "most"), [("succ", 7), ("inorder", 7)])
@pytest.mark.parametrize("of", ["recursion", "value"])
def test_depths_are_drawn_capped_and_at_their_extremes(
    function: str, most: int, of: str, task: Callable[..., Task], fits: Fits
) -> None:
    here = task(function, integers=[0, 1]).space
    shape = here.shape
    assert shape is not None

    def deep(value: Datum) -> int:
        return depth(value) if of == "value" else recursion_of(shape, value).depth

    by_size = {n: values for n in range(3, most + 1) if (values := set(here.grammar.values(here.type, n)))}
    by_depth = {n: {d: {v for v in values if deep(v) == d} for d in set(map(deep, values))} for n, values in by_size.items()}
    rng = Random(f"{function} {of}")

    def agrees(expected: dict[Datum, float], **config: Any) -> bool:
        drawing = sampler(here, **config, **({"of": of} if len(config) > 2 or config["kind"] == "extremes" else {}))
        draws = int(6 / min(expected.values()))
        return fits(Counter(drawing.draw(rng) for _ in range(draws)), expected)

    chosen = {n: [values for d, values in depths.items() if 1 <= d <= 3] for n, depths in by_depth.items()}
    chosen = {n: sets for n, sets in chosen.items() if sets}
    assert agrees(spread(chosen), kind="by-depth", sizes=[3, most], depths=[1, 3])
    capped = {n: [{v for v in values if deep(v) <= 3}] for n, values in by_size.items()}
    assert agrees(spread({n: sets for n, sets in capped.items() if sets[0]}), kind="capped", sizes=[3, most], depth=3)
    shallow = {v for values in by_size.values() for v in values if deep(v) <= 3}
    assert agrees(share(shallow), kind="natural", sizes=[3, most], depth=3)
    assert agrees(share({v for values in by_size.values() for v in values}), kind="natural", sizes=[3, most])
    ends = {n: [depths[d] for d in {min(depths), max(depths)}] for n, depths in by_depth.items()}
    assert agrees(spread(ends), kind="extremes", sizes=[3, most])


def test_a_predicate_restricts_a_distribution(task: Callable[..., Task], fits: Fits) -> None:
    """The papers' numbers 1 … 2^n with depth capped."""
    here, rng = task().space, Random(3)
    drawing = sampler(here, kind="restricted", where="recursion_depth <= 1", **{"from": {"kind": "enumeration", "last": 32}})
    numbers = [n for n in range(1, 33) if n % 4 != 3 or n == 3]
    assert fits(Counter(number_of(drawing.draw(rng)) for _ in range(600)), share(numbers))
    assert drawing.starts() is None
    with pytest.raises(RecsynError, match=r"none of 10,000 values of Pos .* recursion_depth > 9"):
        sampler(here, kind="restricted", where="recursion_depth > 9", **{"from": {"kind": "uniform", "sizes": [1, 6]}})
    with pytest.raises(RecsynError, match="no feature `recursion_dept`") as caught:
        sampler(here, kind="restricted", where="recursion_dept > 9", **{"from": {"kind": "uniform", "sizes": [1, 6]}})
    assert "recursion_depth" in str(caught.value.hint)
    with pytest.raises(RecsynError, match="no feature `output_length`"):
        sampler(here, kind="restricted", where="output_length > 9", **{"from": {"kind": "uniform", "sizes": [1, 6]}})


def test_trial_draws_are_fewer_where_values_are_large(task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributions, "_TRIED", 2_000)
    with pytest.raises(RecsynError, match="none of 31 values of Pos"):
        sampler(task().space, kind="restricted", where="size < 3", **{"from": {"kind": "uniform", "sizes": [101, 101]}})


def test_edge_cases_are_drawn_at_their_ratio(task: Callable[..., Task], fits: Fits) -> None:
    here, rng = task().space, Random(4)
    parts = [{"weight": 3, "kind": "uniform", "sizes": [9, 9]}, {"weight": 1, "kind": "extremes", "sizes": [5, 5]}]
    drawn = [sampler(here, kind="mixture", parts=parts).draw(rng) for _ in range(2_000)]
    assert fits(Counter(map(size, drawn)), {9: 3 / 4, 5: 1 / 4})
    ones = Counter(number_of(v) == 31 for v in drawn if size(v) == 5)
    assert fits(ones, {True: 1 / 2, False: 1 / 2})


def test_starts_say_the_same_distribution(task: Callable[..., Task]) -> None:
    """What arrays are grown from: weights of populations, against the shares of what is drawn, exactly."""
    here = task("inorder", integers=[0, 1]).space
    parts = [
        {"weight": 2, "kind": "extremes", "sizes": [3, 7], "of": "value"},
        {"weight": 0.5, "kind": "enumeration", "first": 2, "last": 11},
        {"weight": 1, "kind": "capped", "sizes": [1, 7], "depth": 2},
        {"weight": 3.5, "kind": "natural", "sizes": [4, 7]},
    ]
    counts = [here.grammar.count(here.type, n) for n in range(8)]
    assert counts == [0, 1, 0, 2, 0, 8, 0, 40], "so that the places 2 to 11 are whole sizes"
    starts = sampler(here, kind="mixture", parts=parts).starts()
    assert starts is not None
    assert sum(weight for weight, _, _ in starts) == 1
    listed: Counter[int] = Counter()
    for weight, start, n in starts:
        assert here.grammar.count(start, n)
        listed[n] += weight  # type: ignore[assignment]
    mixed, places, capped, natural = Fraction(2, 7), Fraction(1, 14), Fraction(1, 7), Fraction(1, 2)
    assert listed[1] == capped / 4
    assert listed[3] == mixed / 3 + places * 2 / 10 + capped / 4
    assert listed[5] == mixed / 3 + places * 8 / 10 + capped / 4 + natural * 8 / 48
    assert listed[7] == mixed / 3 + capped / 4 + natural * 40 / 48
    assert sampler(here, kind="enumeration", first=2, last=10).starts() is None


# What cannot be drawn


@pytest.mark.parametrize(
    ("change", "said", "hint"),
    [
        (
            {"distribution": {"kind": "uniform", "sizes": [2, 2]}},
            "no value of Tree Int fits",
            "the sizes that values have near these are 1, 3, 5",
        ),
        (
            {"distribution": {"kind": "uniform", "sizes": [9, 9]}, "labels": "distinct"},
            "no value of Tree Int",
            "4 different integers",
        ),
        (
            {"distribution": {"kind": "capped", "sizes": [9, 9], "depth": 3, "of": "value"}},
            "no value of Tree Int",
            "there are values of these sizes",
        ),
        ({"labels": "distinkt"}, "labels of an input are not 'distinkt'", "distinct"),
        ({"labels": 3}, "labels of an input are not 3", "`repeated` or `distinct`"),
        ({"distribution": {"kind": "unform", "sizes": [1, 3]}}, "is no distribution", "uniform"),
        ({"distribution": {"kind": "uniform", "size": [1, 3]}}, "no field 'size'", "sizes"),
        ({"distribution": {"kind": "capped", "sizes": [1, 3]}}, "`depth` is None", None),
        ({"distribution": {"kind": "capped", "sizes": [1, 3], "depth": 1, "of": "vlaue"}}, "no depth of 'vlaue'", "value"),
        ({"distribution": {"kind": "enumeration", "first": 3, "last": 2}}, "`first` is 3", None),
        ({"distribution": {"kind": "natural", "sizes": [1, 300]}}, "up to the size 256", "uniform"),
        ({"distribution": {"kind": "natural", "sizes": [1, 100_000]}}, "up to the size 256", "uniform"),
        ({"distribution": {"kind": "natural", "sizes": [1, 100_000], "depth": 100_000}}, "up to the size 256", "uniform"),
        ({"distribution": {"kind": "natural", "sizes": [600, 100_000], "depth": 3}}, "no value of Tree Int fits", None),
        ({"distribution": {"kind": "uniform", "sizes": [1, 100_000]}}, "too long to count the values of Tree Int", "sizes up to 6"),
        ({"distribution": {"kind": "uniform", "sizes": [1, 100_001]}}, "not a pair", None),
        ({"distribution": {"kind": "extremes", "sizes": [1, 100_000]}}, "too long to count", "up to the size 4,000"),
        ({"distribution": {"kind": "extremes", "sizes": [1, 4_000]}}, "too long to count", "smaller sizes"),
        (
            {"distribution": {"kind": "by-depth", "sizes": [1, 9_000], "depths": [0, 9_000]}},
            "too long to count",
            "depths up to 222",
        ),
        (
            {"distribution": {"kind": "uniform", "sizes": [50, 100_000]}, "labels": "distinct"},
            "no value of Tree Int",
            "25 different integers",
        ),
        ({"distribution": {"kind": "natural", "sizes": [1, 3], "of": "value"}}, "no `depth` is given", None),
        ({"distribution": {"kind": "enumeration"}}, "`last` is None", None),
        ({"distribution": {"kind": "restricted", "from": {"kind": "uniform", "sizes": [1, 3]}}}, "`where` is None", None),
        ({"distribution": {"kind": "restricted", "where": "size > 1"}}, "None is no distribution", None),
        *(
            (
                {"distribution": {"kind": "restricted", "where": f"{name} > 1", "from": {"kind": "uniform", "sizes": [1, 3]}}},
                f"no feature `{name}`",
                None,
            )
            for name in ("output_length", "growth", "longer")
        ),
        ({"distribution": {"kind": "restricted", "where": "size >", "from": {}}}, "ends too early", None),
    ],
)
def test_what_cannot_be_drawn_is_refused(change: dict[str, Any], said: str, hint: str | None, task: Callable[..., Task]) -> None:
    with pytest.raises(RecsynError, match=said) as caught:
        task("inorder", **({"integers": [1, 3]} | change))
    if hint:
        assert hint in str(caught.value.hint)


def test_distributions_made_in_python_are_checked(space: Callable[..., Space]) -> None:
    with pytest.raises(RecsynError, match="no parts"):
        Mixture(())
    with pytest.raises(RecsynError, match="no number above 0"):
        Mixture(((0.0, Uniform(1, 3)),))
    for first, last in ((0, 5), (3, 2), (1, 10**5000)):
        with pytest.raises(RecsynError, match="has no places"):
            Enumeration(first, last)
    with pytest.raises(RecsynError, match="up to 100,000 at most"):
        Sampler(Uniform(1, 10**5000), space("Tree Int"))


@pytest.mark.parametrize("place", ["kind", "sizes", "depth", "of", "where", "last", "weight", "key", "whole"])
def test_what_a_message_quotes_may_be_of_any_length(place: str) -> None:
    """Lists that hold the one before ten times, as aliases in YAML make them, and integers that Python does not write out."""
    shared: Any = "a"
    for _ in range(40):
        shared = [shared] * 10
    for value, key in ((shared, None), (10**5000, 10**5000), ("x" * 10**6, "x" * 10**6)):
        config = {
            "kind": {"kind": value},
            "sizes": {"kind": "uniform", "sizes": [0, value]},
            "depth": {"kind": "capped", "sizes": [1, 3], "depth": value},
            "of": {"kind": "extremes", "sizes": [1, 3], "of": value},
            "where": {"kind": "restricted", "where": [value]},
            "last": {"kind": "enumeration", "last": value},
            "weight": {"kind": "mixture", "parts": [{"weight": value, "kind": "uniform", "sizes": [1, 3]}]},
            "key": {"kind": "uniform", "sizes": [1, 3], key: 1},
            "whole": value,
        }[place]
        with pytest.raises(RecsynError) as caught:
            distribution_from_config(config)
        assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "distribution",
    [
        {"kind": "by-depth", "sizes": [1, 9], "depths": [1, 3], "of": "value"},
        {"kind": "capped", "sizes": [1, 9], "depth": 2},
        {"kind": "capped", "sizes": [1, 9], "depth": 2, "of": "value"},
        {"kind": "extremes", "sizes": [1, 9]},
        {"kind": "natural", "sizes": [2, 7]},
        {"kind": "natural", "sizes": [2, 7], "depth": 2},
        {"kind": "natural", "sizes": [2, 7], "depth": 2, "of": "value"},
        {"kind": "enumeration", "first": 3, "last": 40},
        {"kind": "restricted", "where": "size > 3 and repeats = 0", "from": {"kind": "uniform", "sizes": [1, 7]}},
    ],
    ids=str,
)
@pytest.mark.parametrize("labels", ["repeated", "distinct"])
def test_configurations_come_back(distribution: dict[str, Any], labels: str, task: Callable[..., Task]) -> None:
    made = task("inorder", distribution, labels=labels)
    config = made.to_config()
    assert config["distribution"] == distribution
    assert config.get("labels", "repeated") == labels
    again = Task.from_config(config)
    drawn = [made.sampler.draw(Random(seed)) for seed in range(50)]
    assert drawn == [again.sampler.draw(Random(seed)) for seed in range(50)]
    assert labels == "repeated" or all(map(distinct, drawn))
    assert all(size(v) <= made.sampler.max_size for v in drawn)
