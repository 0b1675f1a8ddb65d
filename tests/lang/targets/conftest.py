"""Programs for every exporter, with examples that recsyn has verified: the oracle that exported programs are held to."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

import recsyn
from recsyn.values import show

HERE = Path(__file__).parent
BASE = """
type Tree a = Leaf | Branch a (Tree a) (Tree a)
fun total xs = match xs with [] => 0 | x :: xs => x + total xs end
fun map f xs = match xs with [] => [] | x :: xs => f x :: map f xs end
fun twice f x = f (f x)
fun fst (x, _) = x
fun choose b = if b then fn x _ => x else fn _ y => y
fun three = 1 + 2
fun inorder t = match t with Leaf => [] | Branch x l r => inorder l ++ x :: inorder r end
fun upper c = if c < 'f' then 'A' else c
"""
IMPORTS = """
import list
fun map f xs = list.map f (xs ++ xs)
fun same list_map = list.map (fn x => x) list_map
example same [1] = [1]
example list.reverse (map (fn x => x) "ab") = "baba"
"""
LEAVES: dict[str, list[str]] = {
    "Int": ["three", "0", "1", "7", "(-2)"],
    "Bool": ["True", "False"],
    "Char": ["'a'", "'z'", "'\\''", "'\\n'"],
    "List Int": ["[]", "[1]", "[2, 3, 5]"],
    "List Char": ['""', '"ab\\"c"', "['x']"],
    "(Int, Bool)": ["(1, True)", "(-1, False)"],
    "Tree Int": ["Leaf", "(Branch 4 Leaf Leaf)"],
    "Int -> Int": ["(fn n => n + 1)", "(choose False 3)"],
}
NODES: dict[str, list[str]] = {
    "Int": [
        "({Int} + {Int})",
        "({Int} - {Int})",
        "({Int} / {Int})",
        "({Int} % {Int})",
        "(-{Int})",
        "({Int -> Int} {Int})",
        "(total {List Int})",
        "(twice {Int -> Int} {Int})",
        "(fst {(Int, Bool)})",
        "(choose {Bool} {Int} {Int})",
        "((fn g => g {Int}) {Int -> Int})",
    ],
    "Bool": [
        "({Int} < {Int})",
        "({Char} >= {Char})",
        "({Int} == {Int})",
        "({List Int} != {List Int})",
        "({Tree Int} == {Tree Int})",
        "({(Int, Bool)} == {(Int, Bool)})",
        "({Bool} && {Bool})",
        "({Bool} || {Bool})",
        "(not {Bool})",
        "({Bool} == {Bool})",
    ],
    "Char": ["(upper {Char})"],
    "List Int": [
        "({List Int} ++ {List Int})",
        "({Int} :: {List Int})",
        "(map {Int -> Int} {List Int})",
        "[{Int}, {Int}]",
        "(inorder {Tree Int})",
    ],
    "List Char": ["({List Char} ++ {List Char})", "({Char} :: {List Char})", "(map upper {List Char})"],
    "(Int, Bool)": ["({Int}, {Bool})"],
    "Tree Int": ["(Branch {Int} {Tree Int} {Tree Int})"],
    "Int -> Int": ["(twice {Int -> Int})", "(choose {Bool} {Int})"],
}


def expression(chance: random.Random, type: str, scope: dict[str, str], depth: int) -> str:
    """A random expression of a type, with variables that hide each other."""

    def of(type: str, **bound: str) -> str:
        return expression(chance, type, {**scope, **bound}, depth - 1)

    leaves = [name for name, bound in scope.items() if bound == type] * 2 + LEAVES[type]
    if depth == 0:
        return chance.choice(leaves)
    name = chance.choice("xyz")
    ways: list[Callable[[], str]] = [
        lambda: chance.choice(leaves),
        lambda: f"(if {of('Bool')} then {of(type)} else {of(type)})",
        lambda: (lambda bound: f"(let {name} = {of(bound)} in {of(type, **{name: bound})})")(chance.choice(list(LEAVES))),
        lambda: (
            f"(match {of('List Int')} with | [x] => {of(type, x='Int')} | (x :: y) as z => "
            f"{of(type, x='Int', y='List Int', z='List Int')} | [] => {of(type)} end)"
        ),
        lambda: (
            f"(match {of('(Int, Bool)')}, {of('Int')} with (x, True), 0 => {of(type, x='Int')} | (0, _), x => {of(type, x='Int')}"
            f" | _, x => {of(type, x='Int')} end)"
        ),
        lambda: f"(let (y, x) = {of('(Int, Bool)')} in {of(type, y='Int', x='Bool')})",
    ]
    if type == "Int -> Int":
        ways += [lambda: f"(fn {name} => {of('Int', **{name: 'Int'})})"] * 3
    template = chance.choice([None, *NODES[type]])
    if template is None:
        return chance.choice(ways)()
    for needed in NODES:
        while f"{{{needed}}}" in template:
            template = template.replace(f"{{{needed}}}", of(needed), 1)
    return template


def with_random_examples(seed: int, count: int) -> str:
    """A program whose examples say of random expressions what recsyn finds that they are worth."""
    chance = random.Random(seed)
    program = recsyn.loads(BASE)
    examples = []
    types = [type for type in LEAVES if "->" not in type]
    for _ in range(count):
        text = expression(chance, chance.choice(types), {}, 4)
        examples.append(f"example {text} = {show(program.value(text))}\n")
    return BASE + "".join(examples)


def verified(text: str) -> recsyn.Program:
    """The program of a text, whose examples hold as recsyn itself has found."""
    program = recsyn.loads(text)
    assert program.failed_examples() == []
    assert program.checked.examples
    return program


@pytest.fixture(scope="session")
def programs(examples: Path) -> dict[str, recsyn.Program]:
    """Programs by what they are for. The examples of each hold."""
    found = {
        "constructs": verified((HERE / "constructs.rec").read_text("utf-8")),
        "hostile names": verified((HERE / "hostile.rec").read_text("utf-8")),
        "random": verified(with_random_examples(seed=1, count=150)),
        "successor": recsyn.load(examples / "successor.rec"),
        "traversal": recsyn.load(examples / "traversal.rec"),
        "imports": verified(IMPORTS),
    }
    for module in (files("recsyn") / "library").iterdir():
        if module.name.endswith(".rec"):
            found[module.name] = recsyn.load(Path(str(module)))
    return found


@pytest.fixture(scope="session")
def wrong() -> recsyn.Program:
    """A program whose second example does not hold."""
    program = recsyn.loads("fun f x = x + 1\nexample f 1 = 2\nexample f 2 = 2\nexample f 3 = 4\n")
    assert len(program.failed_examples()) == 1
    return program
