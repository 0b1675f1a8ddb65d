"""The tasks that ship with recsyn: what each asks, against Python written by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import recsyn
from recsyn.data.rows import generate
from recsyn.data.tasks import task_from_config
from recsyn.values import Datum, to_list

ROOT = Path(__file__).parents[2]
PRESETS = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((ROOT / "src/recsyn/presets").glob("*.yaml"))}
PROGRAMS = sorted((ROOT / "examples").glob("*.rec"))


def number(value: Datum) -> int:
    place, total = 1, 0
    while value.fields:
        total += place * (value.constructor == "XI")
        place, value = 2 * place, value.fields[0]
    return total + place


def nested(tree: Datum) -> Any:
    return (tree.fields[0], nested(tree.fields[1]), nested(tree.fields[2])) if tree.fields else None


def preorder(tree: Any) -> list[Any]:
    return [tree[0], *preorder(tree[1]), *preorder(tree[2])] if tree else []


def inorder(tree: Any) -> list[Any]:
    return [*inorder(tree[1]), tree[0], *inorder(tree[2])] if tree else []


def postorder(tree: Any) -> list[Any]:
    return [*postorder(tree[1]), *postorder(tree[2]), tree[0]] if tree else []


def mirrored(tree: Any) -> Any:
    return (tree[0], mirrored(tree[2]), mirrored(tree[1])) if tree else None


def inserted(label: int, tree: Any) -> Any:
    if not tree:
        return (label, None, None)
    root, left, right = tree
    return (root, inserted(label, left), right) if label < root else (root, left, inserted(label, right))


def grown(labels: list[Any]) -> Any:
    tree = None
    for label in reversed(labels):
        tree = inserted(label, tree)
    return tree


def worth(e: Datum) -> int:
    if e.constructor == "Number":
        value: int = e.fields[0]
        return value
    left, right = map(worth, e.fields)
    return {"Plus": left + right, "Minus": left - right, "Times": left * right}[e.constructor]


ORACLES: dict[str, tuple[Callable[[Datum], Any], Callable[[Datum], Any]]] = {
    "successor-reverse": (number, lambda n: number(n) + 1),
    "successor-natural": (number, lambda n: number(n) + 1),
    "papers-successor": (number, lambda n: number(n) + 1),
    "papers-traversal": (to_list, lambda t: inorder(nested(t))),
    "addition": (number, lambda pair: number(pair.fields[0]) + number(pair.fields[1])),
    "multiplication": (number, lambda pair: number(pair.fields[0]) * number(pair.fields[1])),
    "preorder": (to_list, lambda t: preorder(nested(t))),
    "inorder": (to_list, lambda t: inorder(nested(t))),
    "inorder-round": (to_list, lambda t: inorder(nested(t))),
    "postorder": (to_list, lambda t: postorder(nested(t))),
    "mirror": (nested, lambda t: mirrored(nested(t))),
    "reversal": (to_list, lambda s: to_list(s)[::-1]),
    "sorting": (to_list, lambda ns: sorted(to_list(ns))),
    "search-tree": (nested, lambda ns: grown(to_list(ns))),
    "search-tree-insertion": (nested, lambda pair: inserted(pair.fields[0], nested(pair.fields[1]))),
    "expression": (int, worth),
}
"""For each preset, how an output is read, and what it should be on an input."""


def written(tree: Any) -> str:
    """A tree in the papers' notation, without the brackets around it."""
    if not tree:
        return "EMPTY"
    label, *subtrees = tree
    return " ".join([str(label), *(f"( {written(subtree)} )" if subtree else "EMPTY" for subtree in subtrees)])


def inorder_after_a_round(tree: Any) -> str:
    return f"UNROLL[ {written(tree[1])} ] {tree[0]} UNROLL[ {written(tree[2])} ]" if tree else ""


ANSWERS: dict[str, Callable[[Datum], str]] = {"inorder-round": lambda t: inorder_after_a_round(nested(t))}
"""For each preset that asks for something else than the value, the right answer to an input."""


def test_every_preset_has_an_oracle() -> None:
    assert set(ORACLES) == set(PRESETS)
    assert set(ANSWERS) == {name for name, config in PRESETS.items() if "asks" in config["task"]}


@pytest.mark.parametrize("name", ORACLES)
def test_a_preset_asks_what_it_says(name: str) -> None:
    config = PRESETS[name]
    assert set(config) <= {"task", "model", "training"}
    source = (ROOT / "examples" / config["task"]["program"]).read_text("utf-8")
    task = task_from_config({"name": name, "source": source, **config["task"]})
    rows = generate(task, 60, 5)
    read, expected = ORACLES[name]
    assert [read(output) for output in rows.outputs] == [expected(value) for value in rows.inputs]
    vocabulary = task.vocabulary
    for value, output, source_row, target_row in zip(
        rows.inputs, rows.outputs, rows.source.tolist(), rows.target.tolist(), strict=True
    ):
        asked, answered = vocabulary.decode(source_row), vocabulary.decode(target_row)
        assert task.input_codec.decode(asked[: asked.index("<end>")]) == value
        answer = answered[1 : answered.index("<end>")]
        if name in ANSWERS:
            assert " ".join(answer) == ANSWERS[name](value)
        else:
            assert task.question.read(answer) == output
    assert len(set(rows.inputs)) > 20
    longest = max(task.max_source_length, task.max_target_length)
    assert longest <= config["model"]["max_positions"]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_program_that_ships_holds_what_it_says_of_itself(path: Path) -> None:
    program = recsyn.load(path)
    assert program.checked.examples
    assert program.checked.properties
    assert [*program.checked.warnings, *program.failed_examples(), *program.falsified_properties()] == []
