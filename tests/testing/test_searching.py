"""Where a search looks: edges, edits, cells and losses. What is proposed is always an input of the type, and no larger than
allowed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recsyn.data.randomness import stream
from recsyn.data.space import Alphabet, Space, space_of
from recsyn.data.tasks import Task
from recsyn.data.treegrammar import EXACT, TreeGrammar
from recsyn.lang.checker import check, check_type
from recsyn.lang.source import Source
from recsyn.semantics.conformance import misfit
from recsyn.testing import shrinking
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.climbing import climb
from recsyn.testing.edges import PATTERNS, edges, patterned
from recsyn.testing.exploring import Explorer, _cells
from recsyn.testing.flat import flattened, rebuilt
from recsyn.testing.mutating import mutated
from recsyn.values import Datum, Value, depth, preorder, size

SOURCE = (
    "type Pos = One | XO Pos | XI Pos\ntype Tree a = Leaf | Branch a (Tree a) (Tree a)\ntype Rose a = Rose a (List (Rose a))\n"
    "type Even = Zero | Next Odd\nand Odd = Follows Even"
)
TYPES = ("Pos", "Tree Int", "List Int", "Rose Char", "Even", "(Pos, Pos)", "(Tree Int, Int)", "Bool")


def space(text: str, distinct: bool = False) -> Space:
    program = check(Source("types.rec", SOURCE))
    return space_of(check_type(program, Source("type", text)), program.datatypes, Alphabet(distinct=distinct))


def drawn(here: Space, greatest: int, count: int) -> list[Datum]:
    sizes = [s for s in range(greatest + 1) if here.grammar.count(here.type, s)]
    chance = Random(5)
    return [here.grammar.drawn(here.type, chance.choice(sizes), chance) for _ in range(count)]


@pytest.mark.parametrize("text", TYPES)
def test_flat_values_are_whole(text: str) -> None:
    here = space(text)
    for value in drawn(here, 14, 30):
        flat = flattened(here, value)
        assert rebuilt(flat.nodes) == value
        for place, type in enumerate(flat.types):
            assert misfit(rebuilt(flat.part(place)), type, here.datatypes) is None
            assert rebuilt(flat.part(place)) == flat.nodes[place]


def test_deep_values_are_flat_too() -> None:
    value = Value("One")
    for _ in range(50_000):
        value = Value("XI", (value,))
    assert rebuilt(flattened(space("Pos"), value).nodes) == value


@pytest.mark.parametrize("text", TYPES)
def test_edits_give_inputs_of_the_type(text: str) -> None:
    here = space(text)
    found = [mutated(here, v, 14, Random(i)) for i, v in enumerate(drawn(here, 14, 60))]
    for value in filter(None, found):
        assert misfit(value, here.type, here.datatypes) is None
        assert size(value) <= 14
    if text not in ("Bool", "Even"):
        assert len(set(found)) > 15


def test_edits_keep_labels_distinct() -> None:
    here = space("Tree Int", distinct=True)
    start = Value("Branch", (1, Value("Branch", (2, Value("Leaf"), Value("Leaf"))), Value("Leaf")))
    for i in range(200):
        value = mutated(here, start, 15, Random(i))
        letters = [a for a in preorder(value) if isinstance(a, int)] if value is not None else []
        assert len(letters) == len(set(letters))


@pytest.mark.parametrize("text", TYPES)
def test_edges_are_inputs_of_the_type(text: str) -> None:
    here = space(text)
    for value in islice(edges(here, 12, 0), 150):
        assert misfit(value, here.type, here.datatypes) is None
        assert size(value) <= 12


@pytest.mark.parametrize("text", ["Tree Int", "(Tree Int, Pos)"])
def test_large_inputs_are_not_counted_exactly(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exact numbers of large inputs take many seconds."""
    here, exactly = space(text), TreeGrammar.count

    def count(grammar: TreeGrammar, start: Any, size: int) -> int:
        assert size <= EXACT
        return exactly(grammar, start, size)

    monkeypatch.setattr(TreeGrammar, "count", count)
    large = list(islice(edges(here, 2_000, 0), 4))
    assert max(map(size, large)) > 1_900
    assert not list(shrinking._other_shapes(here, flattened(here, large[0])))


def test_the_first_edges_are_the_extremes(succ: Task, inorder: Task, pos: Callable[[str], Value]) -> None:
    numbers = set(islice(edges(succ.space, 16, 0), 40))
    assert {pos("1" * 15), pos("0" * 15)} <= numbers
    trees = list(islice(edges(inorder.space, 15, 0), 60))
    assert max(map(depth, trees)) == 8
    assert any(size(t) >= 13 and len({a for a in preorder(t) if isinstance(a, int)}) == 1 for t in trees)
    pairs = [v for v in islice(edges(space("(Pos, Pos)"), 13, 0), 60) if size(v) > 8]
    assert any(v.fields[0] == v.fields[1] for v in pairs)


@pytest.mark.parametrize("pattern", range(PATTERNS))
def test_patterns_change_letters_alone(pattern: int) -> None:
    here = space("Rose Char")
    for value in drawn(here, 9, 10):
        other = patterned(here, value, pattern, Random(1))
        shapes = [[n.constructor if isinstance(n, Value) else "" for n in preorder(v)] for v in (value, other)]
        assert shapes[0] == shapes[1]
        letters = [a for a in preorder(other) if isinstance(a, str)]
        facts = (len(set(letters)) <= 1, len(set(letters)) <= 2, letters == sorted(letters), letters[::-1] == sorted(letters))
        assert (*facts, letters == letters[::-1], set(letters) <= {"a", "j"})[pattern]


def test_proposals_are_new_and_no_larger_than_allowed(inorder: Task) -> None:
    explorer = Explorer(inorder, 11, 0)
    known: dict[Datum, None] = {}
    for _ in range(6):
        proposed = explorer.propose(40, known.__contains__)
        assert len(set(proposed)) == len(proposed) <= 40
        assert not known.keys() & set(proposed)
        assert all(size(v) <= 11 for v in proposed)
        known |= dict.fromkeys(proposed)
        columns = inorder.features(proposed, inorder.function.of_each(proposed))
        explorer.learn(proposed, columns, np.zeros(len(proposed), dtype=np.bool_))
    assert len(known) > 200


def test_there_is_nothing_to_propose_where_all_is_known(succ: Task) -> None:
    explorer = Explorer(succ, 4, 0)
    everything = set(succ.space.smallest(15))
    assert explorer.propose(20, everything.__contains__) == []
    assert explorer.propose(20, lambda value: False) == [], "what is exhausted stays so"


def test_a_search_goes_where_some_fail_and_some_do_not(succ: Task) -> None:
    """Half of the inputs of depth 5 fail; they come to be proposed more often than by chance."""

    def fails(value: Datum) -> bool:
        return str(value).startswith("XI (XI (XI (XI (XI (XO") and size(value) % 2 == 0

    def proposed(learning: bool) -> int:
        explorer, known, near = Explorer(succ, 16, 1), dict[Datum, None](), 0
        for _ in range(12):
            inputs = explorer.propose(64, known.__contains__)
            known |= dict.fromkeys(inputs)
            columns = succ.features(inputs, succ.function.of_each(inputs))
            failing = np.array([learning and fails(v) for v in inputs], dtype=np.bool_)
            explorer.learn(inputs, columns, failing)
            near += sum(str(v).startswith("XI (XI (XI (XI (XI (XO") for v in inputs)
        return near

    assert proposed(True) > 1.3 * proposed(False)


def test_what_is_hard_to_foresee_is_worth_most(succ: Task) -> None:
    """Of inputs like ones tested often: those of which some failed before those that never did and those that always did."""
    explorer, chance = Explorer(succ, 16, 1), Random(2)
    inputs = drawn(succ.space, 16, 3_000)
    columns = succ.features(inputs, succ.function.of_each(inputs))
    depths = columns["recursion_depth"]
    failing = (depths >= 3) | ((depths == 2) & np.array([chance.random() < 0.5 for _ in inputs]))
    explorer.learn(inputs, columns, failing)
    worth = explorer._worth(_cells(columns))
    by_depth = [worth[depths == d].mean() for d in range(4)]
    assert by_depth[2] > 2 * by_depth[0]
    assert by_depth[2] > by_depth[3]


class Unsure:
    """A right model whose loss is greater the more zeros follow one another, and which fails past 13 of them."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def zeros(self, value: Datum) -> int:
        return max(map(len, str(value).replace("(", "").replace(")", "").replace(" ", "").replace("XO", "0").split("XI")))

    def losses(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.float64]:
        return np.array([float(self.zeros(v)) for v in inputs])

    def __call__(self, inputs: Sequence[Datum]) -> list[Datum]:
        outputs = self.task.function.of_each(inputs)
        return [Value("One") if self.zeros(v) >= 17 else o for v, o in zip(inputs, outputs, strict=True)]


def test_a_search_climbs_the_loss(succ: Task) -> None:
    model = Unsure(succ)
    starts = drawn(succ.space, 20, 40)
    highest = max(model.losses(starts, starts))
    batches = list(islice(climb(model, succ, starts, 22, 0, lambda value: False), 20))
    assert max(model.losses(batches[-1], batches[-1])) > highest + 5
    assert all(size(v) <= 22 for batch in batches for v in batch)


def test_losses_that_are_no_numbers_are_not_climbed(succ: Task) -> None:
    model = Unsure(succ)
    model.losses = lambda inputs, outputs: np.full(len(inputs), np.nan)  # type: ignore[method-assign]
    assert list(climb(model, succ, drawn(succ.space, 9, 5), 9, 0, lambda value: False)) == []


def test_a_graded_model_has_a_phase_that_raises_its_loss(succ: Task) -> None:
    result = run_campaign(Unsure(succ), succ, budget=Budget(2_000, 100, 50), max_size=24)
    assert {t.phase for t in result.tallies} >= {"climb", "coverage"}
    assert result.findings


def test_streams_of_a_search_are_named_by_the_seed() -> None:
    assert list(islice(edges(space("Tree Int"), 9, 3), 30)) == list(islice(edges(space("Tree Int"), 9, 3), 30))
    assert list(islice(edges(space("Tree Int"), 9, 3), 30)) != list(islice(edges(space("Tree Int"), 9, 4), 30))
    assert stream(3, "campaign").random() != stream(4, "campaign").random()
