"""Splits: which inputs are held out, by what, and that nothing but the input decides it."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.rows import generate, split_of
from recsyn.data.splits import Splits, splits_from_config
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError
from recsyn.values import Datum, Value, size

GROUPS = {
    "deep": "recursion_depth > 4 and size < 14",
    "spine": {"where": "off_spine_Branch_3 = 0 and size > 3", "distribution": {"kind": "spines", "sizes": [5, 21]}},
    "longer": {"where": "size > 15", "distribution": {"kind": "uniform", "sizes": [17, 21]}},
}
ALL: list[dict[str, Any]] = [
    {},
    {"by": "shape", "few": 4},
    {"groups": GROUPS},
    {"by": "shape", "few": 0, "shares": {"train": 0.5, "test": 0.5}, "groups": GROUPS},
]


def shape(value: Datum) -> Any:
    """The tree without its labels, as nested tuples."""
    return None if value.constructor == "Leaf" else tuple(map(shape, value.fields[1:]))


def height(t: Value) -> int:
    return 0 if t.constructor == "Leaf" else 1 + max(height(t.fields[1]), height(t.fields[2]))


def only_to_the_right(t: Value) -> bool:
    return t.constructor == "Leaf" or (t.fields[1].constructor == "Leaf" and only_to_the_right(t.fields[2]))


def group_of(value: Value) -> str | None:
    """The first of GROUPS that claims a tree, written anew."""
    if height(value) > 4 and size(value) < 14:
        return "deep"
    if only_to_the_right(value) and size(value) > 3:
        return "spine"
    return "longer" if size(value) > 15 else None


@pytest.fixture(scope="module", params=range(len(ALL)), ids=lambda number: str(ALL[number])[:50])
def made(request: pytest.FixtureRequest, task: Callable[..., Task]) -> Task:
    result: Task = task("inorder", splits=ALL[request.param])
    return result


@pytest.fixture(scope="module")
def drawn(made: Task) -> dict[str, tuple[Datum, ...]]:
    return {name: generate(made, 150, number, name).inputs for number, name in enumerate(made.splits.names)}


def test_every_row_is_of_the_split_that_was_asked_for(made: Task, drawn: dict[str, tuple[Datum, ...]]) -> None:
    for name, inputs in drawn.items():
        assert {split_of(made, value) for value in inputs} == {name}


def test_no_two_splits_share_an_input_or_by_shape_a_shape(made: Task, drawn: dict[str, tuple[Datum, ...]]) -> None:
    seen: dict[Any, str] = {}
    shapes: dict[Any, str] = {}
    for name, inputs in drawn.items():
        for value in inputs:
            assert seen.setdefault(value, name) == name
            if made.splits.by == "shape" and name in dict(made.splits.shares):
                assert shapes.setdefault(shape(value), name) == name


def test_groups_hold_what_their_predicates_claim_and_nothing_else_does(made: Task, drawn: dict[str, tuple[Datum, ...]]) -> None:
    if not made.splits.groups:
        return
    for name, inputs in drawn.items():
        assert {group_of(value) for value in inputs} == {name if name in GROUPS else None}


def test_groups_are_drawn_from_their_own_distribution(task: Callable[..., Task]) -> None:
    made = task("inorder", splits={"groups": GROUPS})
    assert {size(v) for v in generate(made, 200, 0, "longer").inputs} == {17, 19, 21}
    assert max(size(v) for v in generate(made, 300, 0, "spine").inputs) == 21
    assert max(size(v) for v in generate(made, 200, 0, "deep").inputs) == 13
    assert max(size(v) for v in generate(made, 300, 0, "train").inputs) == 15


def test_an_input_is_split_alike_whatever_codec_and_distribution_write_and_draw_it(task: Callable[..., Task]) -> None:
    for splits in ALL:
        one = task("inorder", splits=splits)
        other = task("inorder", {"kind": "uniform", "sizes": [3, 21]}, ("prefix", "prefix"), splits=splits, name="other")
        inputs = generate(other, 200, 5).inputs
        assert [split_of(one, v) for v in inputs] == [split_of(other, v) for v in inputs]
    reverse, natural = task(), task(codecs=("mirror", "mirror"))
    numbers = list(reverse.space.grammar.values(reverse.space.type, 10))
    assert [split_of(reverse, v) for v in numbers] == [split_of(natural, v) for v in numbers]


def test_a_shape_is_split_alike_whatever_its_labels(task: Callable[..., Task]) -> None:
    made = task("inorder", splits={"by": "shape", "few": 4}, integers=[0, 2])
    by_shape: dict[Any, set[str]] = {}
    for tree in made.space.grammar.values(made.space.type, 9):
        by_shape.setdefault(shape(tree), set()).add(split_of(made, tree))
    assert len(by_shape) == 14
    assert all(len(names) == 1 for names in by_shape.values())
    assert len(set.union(*by_shape.values())) > 1


def test_shapes_have_their_shares(task: Callable[..., Task], fits: Callable[..., bool]) -> None:
    shares = {"train": 0.6, "validation": 0.3, "test": 0.1}
    made = task("inorder", splits={"by": "shape", "shares": shares}, integers=[7, 7])
    trees = list(made.space.grammar.values(made.space.type, 19))
    assert len(trees) == 4862
    assert fits(Counter(split_of(made, v) for v in trees), shares)


def test_small_sizes_are_all_for_training(task: Callable[..., Task]) -> None:
    """Trees of 1, 3, 5, … constructors have 1, 1, 2, 5, 14, 42 shapes."""
    for few, sizes in ((0, ()), (5, (1, 3, 5)), (6, (1, 3, 5, 7)), (43, (1, 3, 5, 7, 9, 11))):
        made = task("inorder", splits={"by": "shape", "few": few, "shares": {"train": 1e-6, "test": 1 - 1e-6}}, integers=[0, 0])
        whole = []
        for n in (1, 3, 5, 7, 9, 11):
            found = {split_of(made, v) for v in made.space.grammar.values(made.space.type, n)}
            whole += [n] if found == {"train"} else []
        assert tuple(whole) == sizes


def test_a_split_has_what_is_of_it(made: Task) -> None:
    for value in list(made.space.smallest(60)):
        own = split_of(made, value)
        assert [name for name in made.splits.names if made.division.has(name, value)] == [own]


def test_many_inputs_are_split_as_each_of_them(made: Task) -> None:
    inputs = [v for n in (1, 3, 5) for v in list(made.space.grammar.values(made.space.type, n))[:30]]
    division = made.division
    numbers = division.of_each(inputs)
    assert [division.names[n] for n in numbers] == [division.of(v) for v in inputs]
    columns = made.features(inputs, made.function.of_each(inputs))
    fingerprints = np.array([division.fingerprint(v) for v in inputs], dtype=np.uint64)
    assert division.divided(fingerprints, [size(v) for v in inputs], columns).tolist() == numbers.tolist()
    assert division.of_each([]).tolist() == []


def test_fingerprints_divide_where_the_shares_say(task: Callable[..., Task]) -> None:
    division = task(splits={"few": 0}).division
    edges = [0, int(0.8 * 2**64) - 4096, int(0.8 * 2**64) + 4096, int(0.9 * 2**64) - 4096, int(0.9 * 2**64) + 4096, 2**64 - 1]
    names = [division.names[n] for n in division.divided(np.array(edges, dtype=np.uint64), [9] * 6, {})]
    assert names == ["train", "train", "validation", "validation", "test", "test"]


# Configurations


def test_what_is_left_out_is_by_input(task: Callable[..., Task], config: Callable[..., dict[str, Any]]) -> None:
    assert task().splits == task(splits={}).splits == Splits()
    assert "splits" not in task(splits=None).to_config()
    assert Splits().to_config() == {
        "by": "input",
        "shares": {"train": 0.8, "validation": 0.1, "test": 0.1},
        "few": 64,
        "groups": {},
    }


def test_a_configuration_comes_back(made: Task) -> None:
    written = json.loads(json.dumps(made.to_config()))
    again = Task.from_config(written)
    assert again.splits == made.splits
    assert again.to_config() == written
    assert splits_from_config(made.splits.to_config()) == made.splits
    assert again.splits.names == made.splits.names


WRONG: list[tuple[Any, str, str]] = [
    (3, "`splits` is 3", "by, shares"),
    ({"bye": "shape"}, "no field 'bye'", "`by`"),
    ({"by": "shpe"}, "'shpe'", "did you mean `shape`?"),
    ({"by": ["shape"]}, r"\['shape'\]", "input, shape"),
    ({"few": -1}, "`few`", ""),
    ({"few": True}, "`few`", ""),
    ({"shares": {"train": 0.5, "tests": 0.5}}, "no field 'tests'", "`test`"),
    ({"shares": {"train": 0.5}}, "0.5 together", ""),
    ({"shares": {"test": 1}}, "'train' is 0", ""),
    ({"shares": {"train": float("nan"), "test": 0.1}}, "'train' is nan", ""),
    ({"shares": {"train": 1.5, "test": -0.5}}, "'train' is 1.5", ""),
    ({"shares": {"train": 0.9, "validation": 1e-21, "test": 0.1}}, "'validation' is 1e-21, and the least", "leave it out"),
    ({"groups": ["deep"]}, "`groups`", ""),
    ({"groups": {"Deep": "size > 3"}}, "'Deep' cannot name", "small letters"),
    ({"groups": {"../x": "size > 3"}}, "cannot name", "small letters"),
    ({"groups": {"all": "size > 3"}}, "'all' cannot name", "not `all`"),
    ({"groups": {3: "size > 3"}}, "3 cannot name", ""),
    ({"groups": {"test": "size > 3"}}, "'test' is called as a split", ""),
    ({"groups": {"deep": 3}}, "'deep' is 3", "where"),
    ({"groups": {"deep": {}}}, "no predicate `where`", ""),
    ({"groups": {"deep": {"were": "size > 3"}}}, "no field 'were'", "`where`"),
    ({"groups": {"deep": "size >"}}, "in the group 'deep': the predicate", ""),
    ({"groups": {"deep": "siz > 3"}}, "in the group 'deep': inputs have no feature `siz`", "`size`"),
    ({"groups": {"deep": {"where": "size > 3", "distribution": {"kind": "uniform"}}}}, "in the group 'deep': `sizes`", ""),
    ({"groups": {"deep": {"where": "size > 3", "distribution": {"kind": "uniform", "sizes": [2, 2]}}}}, "in the group 'deep'", ""),
]


@pytest.mark.parametrize(("splits", "said", "hint"), WRONG, ids=lambda x: str(x)[:40])
def test_wrong_splits_are_told_by_their_field(splits: Any, said: str, hint: str, config: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(RecsynError, match=said) as caught:
        task_from_config(config("inorder") | {"splits": splits})
    assert hint in str(caught.value.hint)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 40),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["shape", "size > 3", "depth", "train"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.sampled_from(["where", "train", "kind", "x"]), st.sampled_from(["size > 3", 1, 0.5]), max_size=2),
)


@given(data=st.data())
@settings(max_examples=150)
def test_no_splits_give_another_error(data: st.DataObject, config: Callable[..., dict[str, Any]]) -> None:
    """One to three places changed or dropped at random: they are splits that come back, or a RecsynError."""
    splits = copy.deepcopy(ALL[3])
    for _ in range(data.draw(st.integers(1, 3))):
        place: Any = splits
        while True:
            key = data.draw(st.sampled_from(sorted(place, key=str)))
            if not isinstance(place[key], dict) or not place[key] or data.draw(st.booleans()):
                break
            place = place[key]
        if data.draw(st.booleans()) and len(place) > 1:
            del place[key]
        else:
            place[data.draw(st.sampled_from([key, "more"]))] = data.draw(JUNK)
    said = None
    try:
        made = task_from_config(config("inorder") | {"splits": splits})
    except RecsynError as error:
        said = error.message
    else:
        said = "made"
        assert task_from_config(made.to_config()).splits == made.splits
    assert said


def test_unknown_and_empty_splits_say_so(task: Callable[..., Task]) -> None:
    made = task("inorder", splits={"shares": {"train": 0.9, "test": 0.1}, "groups": {"deep": "recursion_depth > 40"}})
    with pytest.raises(RecsynError, match="no split 'dep'") as caught:
        generate(made, 1, 0, "dep")
    assert caught.value.hint == "did you mean `deep`?"
    with pytest.raises(RecsynError, match="no split 'validation'") as caught:
        generate(made, 1, 0, "validation")
    assert caught.value.hint == "the splits are train, test, deep"
    with pytest.raises(RecsynError, match="no input of the split 'deep'") as caught:
        generate(made, 1, 0, "deep")
    assert "a distribution of its own" in str(caught.value.hint)
    greedy = task("inorder", splits={"groups": {"every": "size > 0"}})
    with pytest.raises(RecsynError, match="no input of the split 'train'") as caught:
        generate(greedy, 1, 0)
    assert "(every) claim" in str(caught.value.hint)


def test_a_group_may_be_about_the_answer(task: Callable[..., Task]) -> None:
    """The inputs on which the output is longer: all digits are ones."""
    made = task(splits={"groups": {"grows": "growth > 0"}}, distribution={"kind": "by-depth", "sizes": [1, 9], "depths": [0, 8]})
    assert {str(v).count("XO") for v in generate(made, 60, 0, "grows").inputs} == {0}
    assert all("XO" in str(v) for v in generate(made, 60, 0, "test").inputs)


def test_the_splits_of_the_documentation(task: Callable[..., Task]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "tasks.md").read_text("utf-8")
    (block,) = re.findall(r"^```yaml\n(splits:.*?)^```", text, re.DOTALL | re.MULTILINE)
    config = yaml.safe_load(block)["splits"]
    made = task("inorder", splits=config)
    assert made.splits.to_config() == config
    assert made.splits.names == ("train", "validation", "test", "deep", "to_the_right", "longer")
