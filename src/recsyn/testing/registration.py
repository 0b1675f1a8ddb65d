"""What Hypothesis runs when it is imported, by its entry point: ``st.from_type(recsyn.Value)`` draws values. Nothing of recsyn but
what a value is comes with it, until one is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

_TYPES = ("Bool", "List Int", "List Char", "(Int, Bool)", "List (Int, List Char)", "Tree Int")
_PROGRAM = "type Tree a = Leaf | Branch a (Tree a) (Tree a)"


def _hook() -> None:
    from hypothesis.strategies import register_type_strategy

    from recsyn.values import Value

    register_type_strategy(Value, _values)


def _values(_: type[Any]) -> SearchStrategy[Any]:
    """Values of some types: a ``Value`` does not say of which it is. ``Annotated[Value, program.strategy("TYPE")]`` does."""
    from hypothesis.strategies import one_of

    from recsyn.data.space import Alphabet, space_of
    from recsyn.lang.checker import check, check_type
    from recsyn.lang.source import Source
    from recsyn.testing.strategies import values

    program = check(Source("<types>", _PROGRAM))
    types = [check_type(program, Source("<type>", type)) for type in _TYPES]
    return one_of([values(space_of(type, program.datatypes, Alphabet())) for type in types])
