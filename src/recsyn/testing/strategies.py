"""Hypothesis strategies for values of the language. A strategy draws a size, then a shape of that size node by node, then the
labels, in one flat sequence of draws: nothing nests, and Hypothesis shrinks by leaving out nodes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from recsyn.data.space import Space
from recsyn.values import Datum, Value, fold


def values(
    space: Space,
    *,
    min_size: int = 0,
    max_size: int = 30,
    integers: st.SearchStrategy[int] | None = None,
    characters: st.SearchStrategy[str] | None = None,
) -> st.SearchStrategy[Datum]:
    """Values of a type with ``min_size`` to ``max_size`` constructors. ``integers`` and ``characters`` draw the labels (by default
    any integer, any character). Raises ``InvalidArgument`` where no value has such a size."""
    for name, bound in (("min_size", min_size), ("max_size", max_size)):
        if not isinstance(bound, int) or isinstance(bound, bool) or bound < 0:
            raise InvalidArgument(f"{name}={bound!r} is not a whole number from 0 up")
    if min_size > max_size:
        raise InvalidArgument(f"min_size={min_size} is greater than max_size={max_size}")
    sizes = [s for s in range(min_size, max_size + 1) if space.shapes.count(space.type, s)]
    if not sizes:
        raise InvalidArgument(f"no value of {space.type} has a size from {min_size} to {max_size}")
    whole = integers if integers is not None else st.integers()
    letters = characters if characters is not None else st.characters(exclude_categories=["Cs"])
    return _values(space, sizes, whole, letters)


@st.composite
def _values(
    draw: st.DrawFn, space: Space, sizes: list[int], integers: st.SearchStrategy[int], characters: st.SearchStrategy[str]
) -> Datum:
    size = draw(st.sampled_from(sizes))
    shape = space.shapes.grown(space.type, size, lambda ways: draw(st.integers(0, ways - 1)) if ways > 1 else 0)

    def label(atom: Datum) -> Datum:
        return draw(integers if isinstance(atom, int) else characters)

    if not isinstance(shape, Value):
        return label(shape)

    def relabel(node: Value, fields: list[Datum]) -> Value:
        labelled = (f if isinstance(raw, Value) else label(raw) for f, raw in zip(fields, node.fields, strict=True))
        return Value(node.constructor, tuple(labelled))

    return fold(shape, relabel)
