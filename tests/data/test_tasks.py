"""Tasks: from a configuration and back, and what is said of a wrong one."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsyn.data.experiments import load_experiment
from recsyn.data.questions import QUESTIONS
from recsyn.data.rows import generate
from recsyn.data.tasks import Task, task_from_config
from recsyn.data.vocabulary import END, PAD, START, Vocabulary
from recsyn.errors import RecsynError, quoted
from recsyn.semantics.function import Function

DISTRIBUTIONS = [
    {"kind": "uniform", "sizes": [1, 15]},
    {"kind": "by-depth", "sizes": [1, 12], "depths": [0, 3]},
    {
        "kind": "mixture",
        "parts": [
            {"weight": 9, "kind": "uniform", "sizes": [1, 9]},
            {"weight": 0.5, "kind": "by-depth", "sizes": [8, 15], "depths": [4, 4]},
        ],
    },
    {"kind": "natural", "sizes": [2, 9], "depth": 3, "of": "value"},
    {"kind": "enumeration", "first": 2, "last": 90},
    {"kind": "restricted", "where": "recursion_depth < 4", "from": {"kind": "extremes", "sizes": [3, 12]}},
]
CODECS = {
    "succ": [("prefix", "prefix"), ("mirror", "mirror"), ("prefix", "mirror")],
    "inorder": [("bracketed", "flat"), ("prefix", "prefix")],
}


@pytest.mark.parametrize("distribution", [*DISTRIBUTIONS, {"kind": "spines", "sizes": [3, 15]}], ids=lambda d: d["kind"])
@pytest.mark.parametrize(("function", "codecs"), [(f, c) for f, all_of in CODECS.items() for c in all_of])
def test_a_configuration_comes_back(function: str, codecs: tuple[str, str], distribution: Any, task: Callable[..., Task]) -> None:
    if function == "succ" and distribution["kind"] == "spines":
        with pytest.raises(RecsynError, match="no value of Pos fits the distribution"):
            task(function, distribution, codecs)
        return
    made = task(function, distribution, codecs, integers=[-2, 4], characters="xyz")
    config = json.loads(json.dumps(made.to_config()))
    again = Task.from_config(config)
    assert again.to_config() == config
    assert (again.vocabulary, again.program_hash) == (made.vocabulary, made.program_hash)
    one, other = generate(made, 60, 7), generate(again, 60, 7)
    assert (one.source == other.source).all()
    assert (one.target == other.target).all()
    assert one.inputs == other.inputs


def test_what_is_left_out_has_a_default(config: Callable[..., dict[str, Any]]) -> None:
    short = {name: config()[name] for name in ("source", "function", "distribution")}
    made = task_from_config(short)
    assert (made.name, made.input, made.output) == ("task", "prefix", "prefix")
    assert made.alphabet.integers == tuple(range(10))


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": 3}, "'name'"),
    ({"name": ""}, "'name'"),
    ({"source": None}, "'source'"),
    ({"source": "fun"}, "program.rec|successor.rec"),
    ({"source": "fun succ (n : Int) : Int = n +"}, "successor.rec"),
    ({"function": "suc"}, "no function 'suc'"),
    ({"function": ["succ"]}, "'function'"),
    ({"input": "prefx"}, "codec 'prefx'"),
    ({"output": "flat"}, "`flat`"),
    ({"input": "bracketed"}, "brackets"),
    ({"integers": [3]}, "`integers`"),
    ({"integers": [3, 2]}, "`integers`"),
    ({"integers": [0, 10**9]}, "`integers`"),
    ({"integers": [True, 4]}, "`integers`"),
    ({"characters": ""}, "'characters'"),
    ({"characters": "a\ud800"}, "'characters'"),
    ({"source": "-- \udfff"}, "'source'"),
    ({"distribution": None}, "distribution"),
    ({"distribution": {"kind": "normal"}}, "distribution"),
    ({"distribution": {"kind": ["uniform"]}}, "distribution"),
    ({"distribution": {"kind": "uniform"}}, "`sizes`"),
    ({"distribution": {"kind": "uniform", "sizes": [0, 4]}}, "`sizes`"),
    ({"distribution": {"kind": "uniform", "sizes": [5, 4]}}, "`sizes`"),
    ({"distribution": {"kind": "uniform", "sizes": [1, 10**6]}}, "`sizes`"),
    ({"distribution": {"kind": "uniform", "sizes": [1.0, 4]}}, "`sizes`"),
    ({"distribution": {"kind": "uniform", "sizes": [1, 4], "depths": [0, 1]}}, "'depths'"),
    ({"distribution": {"kind": "by-depth", "sizes": [1, 4]}}, "`depths`"),
    ({"distribution": {"kind": "by-depth", "sizes": [1, 4], "depths": [4, 9]}}, "no value of Pos fits"),
    ({"distribution": {"kind": "mixture", "parts": []}}, "`parts`"),
    ({"distribution": {"kind": "mixture", "parts": [3]}}, "`parts`"),
    (
        {"distribution": {"kind": "mixture", "sizes": [1, 4], "parts": [{"weight": 1, "kind": "uniform", "sizes": [1, 4]}]}},
        "'sizes'",
    ),
    *(
        ({"distribution": {"kind": "mixture", "parts": [{"weight": w, "kind": "uniform", "sizes": [1, 4]}]}}, "`weight`")
        for w in (0, -1, None, "1", True, float("nan"), float("inf"), 1e308, 10**400)
    ),
    ({"integers": [-(16**9000), 16**9000]}, "`integers`"),
    ({"imports": ["mine.rec"]}, "`imports`"),
    ({"imports": {"mine.rec": 3}}, "`imports`"),
    ({"sorce": "x"}, "'sorce'"),
    ({3: 4}, "3"),
    ({16**5_000: 4}, "has no field an integer of 20,001 bits"),
    ({"splits": {16**5_000: 4}}, "has no field an integer of 20,001 bits"),
]


@pytest.mark.parametrize(("change", "named"), WRONG, ids=lambda x: quoted(x).encode("ascii", "replace").decode())
def test_a_wrong_configuration_is_told_by_its_field(
    change: dict[str, Any], named: str, config: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(RecsynError, match=named):
        task_from_config(config() | change)


def test_near_misses_are_offered(config: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(RecsynError, match="did you mean `distribution`") as caught:
        task_from_config(config() | {"distributon": 1})
    assert caught.value.hint
    with pytest.raises(RecsynError, match="did you mean `succ`"):
        task_from_config(config() | {"function": "suc"})


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("fun f (x : Int) (g : Int -> Int) : Int = g x", "functions"),
        ("fun f : Int = 3", "takes 0 arguments"),
        ("fun f (g : Int -> Int) : Int = g 1", "functions"),
        ("fun f (x : Int) : Int -> Int = fn y => x", "functions"),
        ('type T = A as "<end>" | B\nfun f (t : T) : T = t', "`<end>`"),
        ('type T = A as "<pad>" | B\nfun f (t : T) : T = t', "`<pad>`"),
    ],
)
def test_a_function_whose_rows_could_not_be_written_is_refused(
    source: str, why: str, config: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(RecsynError, match=why):
        task_from_config(config("f", codecs=("prefix", "prefix")) | {"source": source})


def test_a_program_may_import_files_which_its_configuration_holds(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "numbers.rec").write_text('import "../same.rec"\ntype P = A | B P\nfun next (p : P) : P = B (same p)\n')
    (tmp_path / "same.rec").write_text("fun same (x : a) : a = x\n")
    (tmp_path / "mine.rec").write_text('import "./parts/numbers.rec", list\nfun f (p : P) : P = next p\n')
    drawn = {"kind": "uniform", "sizes": [1, 9]}
    (tmp_path / "mine.yaml").write_text(json.dumps({"task": {"program": "mine.rec", "function": "f", "distribution": drawn}}))
    made = load_experiment(str(tmp_path / "mine.yaml")).task
    config = made.to_config()
    assert config["program"] == "mine.rec"
    assert sorted(config["imports"]) == ["parts/numbers.rec", "same.rec"]
    for path in tmp_path.glob("**/*.rec"):
        path.unlink()
    again = task_from_config(json.loads(json.dumps(config)))
    assert again.to_config() == config
    assert again.program_hash == made.program_hash
    assert generate(again, 5, 0).outputs == generate(made, 5, 0).outputs


def test_mixtures_may_nest_but_not_without_end(task: Callable[..., Task]) -> None:
    distribution: dict[str, Any] = {"kind": "uniform", "sizes": [1, 6]}
    for level in range(5_000):
        distribution = {"kind": "mixture", "parts": [{"weight": 1, **distribution}]}
        if level == 4:
            assert task(distribution=distribution).to_config()["distribution"] == distribution | {
                "parts": [{"weight": 1.0, **distribution["parts"][0]}]
            }
    with pytest.raises(RecsynError, match="nests mixtures"):
        task(distribution=distribution)


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    for key in data if isinstance(data, dict) else range(len(data)) if isinstance(data, list) else ():
        found += paths(data[key], (*path, key))
    return found


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 40),
    st.sampled_from([10**30, -(10**30)]),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["prefix", "mirror", "flat", "bracketed", "uniform", "by-depth", "spines", "mixture", "inorder", "append"]),
    st.sampled_from(QUESTIONS),
    st.lists(st.integers(-2, 12), max_size=3),
    st.dictionaries(st.sampled_from(["kind", "sizes", "weight", "parts", "x"]), st.integers(), max_size=2),
)


@given(data=st.data())
@settings(max_examples=300)
def test_no_configuration_gives_another_error(data: st.DataObject, config: Callable[..., dict[str, Any]]) -> None:
    """One to three places changed, dropped or added at random: it is a task whose rows can be made, or a RecsynError."""
    function = data.draw(st.sampled_from(sorted(CODECS)))
    mutated = copy.deepcopy(config(function, data.draw(st.sampled_from(DISTRIBUTIONS))))
    for _ in range(data.draw(st.integers(1, 3))):
        *above, last = data.draw(st.sampled_from(paths(mutated)))
        place = mutated
        for key in above:
            place = place[key]
        act = data.draw(st.sampled_from(["change", "change", "drop", "add"]))
        if act == "drop" and len(paths(mutated)) > 3:
            del place[last]
        elif act == "add" and isinstance(place, dict):
            place[data.draw(st.sampled_from(["asks", "rounds"]) | st.text(max_size=8))] = data.draw(JUNK)
        else:
            place[last] = data.draw(JUNK)
    try:
        made = task_from_config(mutated)
        rows = generate(made, 3, 0)
    except RecsynError as error:
        said = error.message
    else:
        said = f"{len(rows)} rows"
        assert said == "3 rows"
        assert Task.from_config(made.to_config()).to_config() == made.to_config()
    assert said


@given(cut=st.integers(0, 1_000), put=st.text(max_size=5), data=st.data())
@settings(max_examples=100)
def test_no_source_gives_another_error(cut: int, put: str, data: st.DataObject, config: Callable[..., dict[str, Any]]) -> None:
    whole = config("inorder")
    start = cut % len(whole["source"])
    whole["source"] = whole["source"][:start] + put + whole["source"][start + data.draw(st.integers(0, 8)) :]
    with suppress(RecsynError):
        generate(task_from_config(whole), 2, 0)


# Rows as numbers


def test_rows_are_written_between_start_end_and_padding(task: Callable[..., Task], pos: Callable[[str], Any]) -> None:
    made = task()
    inputs = [pos("1"), pos("")]
    source, target = made.encode_source(inputs), made.encode_target(inputs, [pos("0"), pos("01")])
    one, zero, up = (made.vocabulary.encode([t])[0] for t in ("01", "X0", "X1"))
    assert source.tolist() == [[up, one, END], [one, END, PAD]]
    assert target.tolist() == [[START, zero, one, END, PAD], [START, zero, up, one, END]]
    assert source.dtype == target.dtype == "int32"
    assert made.encode_source([]).shape == (0, 0)


def test_the_longest_rows_are_known(task: Callable[..., Task]) -> None:
    made = task(distribution={"kind": "by-depth", "sizes": [6, 6], "depths": [5, 5]})
    assert made.max_source_length == 7
    assert made.max_target_length == 9


def test_vocabularies_number_tokens_in_order() -> None:
    vocabulary = Vocabulary.of(["b", "a", "b"])
    assert vocabulary.tokens == ("<pad>", "<start>", "<end>", "b", "a")
    assert (PAD, START, END) == (0, 1, 2)
    assert vocabulary.encode(["a", "b", "<end>"]) == [4, 3, END]
    assert vocabulary.decode([1, 4, 3, 2, 0]) == ["<start>", "a", "b", "<end>", "<pad>"]
    with pytest.raises(RecsynError, match=r"`.*c.*` holds 'c', which is not in this task's vocabulary of 5"):
        vocabulary.encode(["c"])
    with pytest.raises(RecsynError, match="`<start>`"):
        Vocabulary.of(["a", "<start>"])


def test_the_distribution_can_be_changed(task: Callable[..., Task]) -> None:
    made, other = task(), task(distribution=DISTRIBUTIONS[1])
    changed = made.with_distribution(other.distribution)
    assert changed.to_config() == other.to_config()
    assert isinstance(changed.function, Function)
    assert generate(changed, 30, 3).inputs == generate(other, 30, 3).inputs
