"""The Python exporter: what it writes runs, and computes what recsyn computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import recsyn
from recsyn.errors import RecsynError
from recsyn.lang.targets.python import python
from recsyn.values import CONS, NIL, Value, fold

TRAVERSAL = recsyn.load(Path(__file__).parents[3] / "examples" / "traversal.rec")


def executed(program: recsyn.Program, name: str = "__main__") -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile(python(program.checked), "program.py", "exec"), namespace)
    return namespace


def test_every_example_holds(programs: dict[str, recsyn.Program]) -> None:
    for program in programs.values():
        text = python(program.checked)
        assert text.count("    assert ") == len(program.checked.examples) > 0
        executed(program)


def test_a_wrong_example_fails(wrong: recsyn.Program) -> None:
    with pytest.raises(AssertionError):
        executed(wrong)
    executed(wrong, "imported")


TREE = TRAVERSAL.strategy("Tree Int")


@settings(max_examples=50)
@given(TREE)
def test_functions_agree(tree: Value) -> None:
    module = executed(TRAVERSAL)

    def theirs(value: Value) -> Any:
        classes = {NIL: module["Nil"], CONS: module["Cons"], **module}
        return fold(value, lambda node, fields: classes[node.constructor](*fields))

    for name in ("preorder", "inorder"):
        assert module[name](theirs(tree)) == theirs(TRAVERSAL[name](tree))


def test_functions_are_called_as_it_says() -> None:
    """Known by name with all arguments, as values with one at a time."""
    module = executed(recsyn.loads("fun add x y = x + y\nfun apply f = f 1 2\nfun more = fn x y z => x - y - z\nfun inc = add 1"))
    assert module["add"](1, 2) == 3
    assert module["apply"](lambda x: lambda y: 10 * x + y) == 12
    assert module["more"](9, 3, 2) == 4
    assert module["inc"](1) == 2


def test_values_are_found_once() -> None:
    """An argument of a partial application is evaluated before the function is applied, not each time."""
    text = python(recsyn.loads("fun add x y = x + y\nfun f xs = let g = add (xs * 2) in g 1 + g 2").checked)
    assert "(lambda x: lambda y: add(x, y))(xs * 2)" in text


def test_closures_keep_their_variables() -> None:
    program = recsyn.loads(
        """
fun adders xs = match xs with [] => [] | x :: xs => (fn y => match y with 0 => x | y => x + y end) :: adders xs end
fun run fs = match fs with [] => [] | f :: fs => f 0 :: f 10 :: run fs end
example run (adders [1, 2, 3]) = [1, 11, 2, 12, 3, 13]
"""
    )
    assert program.failed_examples() == []
    executed(program)


def test_what_is_written(examples: Path) -> None:
    text = python(recsyn.load(examples / "traversal.rec").checked)
    assert (
        '''\
# type Tree a
@dataclass(frozen=True, slots=True)
class Leaf:
    """`Leaf`"""


@dataclass(frozen=True, slots=True)
class Branch:
    """`Branch a (Tree a) (Tree a)`"""

    field1: object
    field2: object
    field3: object


def append(xs, ys):
    match xs:
        case Nil():
            return ys
        case Cons(x, xs1):
            return Cons(x, append(xs1, ys))
'''
        in text
    )


def test_documentation_becomes_docstrings() -> None:
    program = recsyn.loads('--- Ends """ with \\ and "\nfun f x = x\n--- A constant\n--- of two lines.\nfun k = 3\n')
    module = executed(program)
    assert module["f"].__doc__.strip() == 'Ends """ with \\ and "'
    assert "# A constant\n# of two lines.\nk = 3\n" in python(program.checked)


def test_integers_of_any_size() -> None:
    program = recsyn.loads(
        f"fun f n = match n with -1{'0' * 4999}7 => 1 | _ => n / 10 end\nexample f 1{'0' * 4999}7 = 1{'0' * 4999}"
    )
    assert program.failed_examples() == []
    executed(program)


@pytest.mark.parametrize(
    "source",
    [
        f"type Nat = Z | S Nat\nfun f = {'S (' * 300}Z{')' * 300}",
        f"fun f = {'1 + ' * 10_000}1",
        "fun f x = " + "match x with 0 => 1 | x => " * 150 + "x" + " end" * 150,
    ],
)
def test_what_python_cannot_read(source: str) -> None:
    with pytest.raises(RecsynError) as caught:
        python(recsyn.loads(source).checked)
    assert "Python cannot read" in caught.value.message
    assert caught.value.hint
