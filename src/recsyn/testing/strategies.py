"""Hypothesis strategies for values of the language.

A strategy plans a size and a kind of shape first (:mod:`recsyn.testing.plans`). Small values are then drawn constructor by
constructor, each a choice of its own that means the same wherever it stands, so that Hypothesis puts a part in the place of the
whole, leaves parts out and takes earlier constructors, and labels stay with their nodes. Large ones take few choices, from which
the plan makes the rest; they come after those of a small value, to which they shrink.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from hypothesis.errors import InvalidArgument
from hypothesis.strategies import SearchStrategy

from recsyn.data.space import Space
from recsyn.testing.plans import LEAST, Atom, Build, Plan, Sizes, Sort, assembled, atoms_of, laid_out, plan_of, sort_of, together
from recsyn.values import Datum

if TYPE_CHECKING:
    from hypothesis.internal.conjecture.data import ConjectureData

SMALL = 60
"""Values up to this size are drawn choice by choice."""
LARGEST = 100_000
_LARGE_SHARE = 0.2
"""How often a value is large, where it may be."""
_PARTS, _PART, _LAST = 8, 0.08, 0.2
"""How often a large value has the greatest size, and how often that of each part of the way there. Left to itself, Hypothesis stays
near the least."""
_SEEDS = 2**32
_GREATEST = 2**128
"""The greatest integer that labels are by default, and that of which Hypothesis draws any."""
_FIRST = 2**130
"""The number of a first constructor among choices: no label, so that neither is taken for the other."""
_FOLLOWED = 0.99
"""How often a choice goes as planned. What else it may be must be possible too, or nothing could be shrunk."""
_PALETTE = 8
"""Labels of each kind of which large values are made, beside those of the small one."""
_NEVER = 1e-9
_MORE = 100
"""Choices of a large value that mean nothing, so that it has more than a small one: Hypothesis takes fewer to be simpler."""
_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CHARACTERS = 0x110000 - 0x800


@dataclass(frozen=True)
class _Reading:
    """What is made of a shape and labels that were drawn: the same, or the least shape of that size, the labels sorted, or renamed
    so that simpler ones come first."""

    least: bool
    labels: Literal["rising", "as drawn", "falling", "renamed"]


_READINGS = (
    _Reading(True, "rising"),
    _Reading(True, "renamed"),
    _Reading(True, "as drawn"),
    _Reading(True, "falling"),
    _Reading(False, "rising"),
    _Reading(False, "renamed"),
    _Reading(False, "as drawn"),
)
"""By the first choice, which is otherwise the seed of a plan. When Hypothesis makes it smaller, it tries them all: steps that it
has no name for, since they change many choices at once."""


def values(
    space: Space,
    *,
    min_size: int = 0,
    max_size: int = 30,
    integers: SearchStrategy[int] | None = None,
    characters: SearchStrategy[str] | None = None,
) -> SearchStrategy[Datum]:
    """Values of a type with ``min_size`` to ``max_size`` constructors (100,000 at most). ``integers`` and ``characters`` draw the
    labels (by default any integer, shrunk towards 0, and any character, towards ``'a'``). Raises ``InvalidArgument`` where no value
    has such a size."""
    for name, bound in (("min_size", min_size), ("max_size", max_size)):
        if not isinstance(bound, int) or isinstance(bound, bool) or bound < 0:
            raise InvalidArgument(f"{name}={bound!r} is not a whole number from 0 up")
    if min_size > max_size:
        raise InvalidArgument(f"min_size={min_size} is greater than max_size={max_size}")
    if max_size > LARGEST:
        raise InvalidArgument(f"max_size={max_size} is greater than {LARGEST:,}, the greatest size that values are drawn in")
    for name, labels in (("integers", integers), ("characters", characters)):
        if labels is not None and not isinstance(labels, SearchStrategy):
            raise InvalidArgument(f"{name}={labels!r} is not a strategy, such as st.integers(0, 9) or st.sampled_from('abc')")
    if not any(space.shapes.derives(space.type, size) for size in range(min_size, max_size + 1)):
        raise InvalidArgument(f"no value of {space.type} has a size from {min_size} to {max_size}")
    return _Values(space, min_size, max_size, integers, characters)


class _Values(SearchStrategy[Datum]):
    def __init__(
        self,
        space: Space,
        min_size: int,
        max_size: int,
        integers: SearchStrategy[int] | None,
        characters: SearchStrategy[str] | None,
    ) -> None:
        super().__init__()
        self.asked = (str(space.type), min_size, max_size, integers, characters)
        self.given: dict[Atom, SearchStrategy[Datum] | None] = {"integer": integers, "character": characters}
        self.sort = sort_of(space, max_size)
        self.atoms = atoms_of(self.sort)
        sizes = [size for size in self.sort.sizes if size >= min_size]
        self.small = [size for size in sizes if size <= SMALL]
        self.large = sizes[len(self.small) :]
        last = len(self.large) - 1
        self.likely = {last * part // _PARTS: _PART for part in range(1, _PARTS)} | {last: _LAST}
        self.window = sum(1 << size for size in self.small)
        self.sums: dict[tuple[int, int], int] = {}

    def __repr__(self) -> str:
        type, least, greatest, integers, characters = self.asked
        labels = [f"{name}={own!r}" for name, own in (("integers", integers), ("characters", characters)) if own is not None]
        return f"values({', '.join([repr(type), *([f'min_size={least}'] if least else []), f'max_size={greatest}', *labels])})"

    def do_draw(self, data: ConjectureData) -> Datum:
        seed = data.draw_integer(0, _SEEDS - 1)
        plan = LEAST if seed < len(_READINGS) else plan_of(seed)
        # An integer: those that are few are made smaller before all else, while the small value is still as large as it can be.
        is_large = bool(self.large) and (not self.small or data.draw_integer(0, 1, weights={1: _LARGE_SHARE}) == 1)
        labels: dict[Atom, list[Datum]] = {"integer": [], "character": []}
        size = 0 if not self.small else self.small[-1] if is_large else plan.size(self.small)
        pieces = self._small(data, plan, size, labels) if self.small else []
        if not is_large:
            return (
                assembled(*_read(self.sort, pieces, labels, _READINGS[seed]))
                if seed < len(_READINGS)
                else assembled(pieces, labels)
            )
        place = data.draw_integer(0, len(self.large) - 1, weights=self.likely)
        for kind in self.atoms:
            labels[kind] += [self._label(data, kind, plan) for _ in range(_PALETTE)]
        data.start_span(_FIRST - 1)
        for _ in range(_MORE):
            data.draw_boolean(_NEVER)
        data.stop_span()
        shape = laid_out(self.sort, self.large[place], plan)
        return assembled(shape, {kind: _endless(own, plan) for kind, own in labels.items()})

    def _small(self, data: ConjectureData, plan: Plan, size: int, labels: dict[Atom, list[Datum]]) -> list[Build | Atom]:
        """A shape, ``size`` being planned, constructors before their fields; its labels are added to ``labels``."""
        pieces: list[Build | Atom] = []
        used = 0
        # A place with the size that is planned for it, the sizes that all places after it can have, and whether it begins a part;
        # None ends one. Lists are one part with a part for each item, not parts within parts: items can be put in another order.
        stack: list[tuple[Sort, int, int, bool] | None] = [(self.sort, size, 1, True)]
        while stack:
            place = stack.pop()
            if place is None:
                data.stop_span()
                continue
            sort, planned, after, begins = place
            if sort.atom is not None:
                pieces.append(sort.atom)
                labels[sort.atom].append(self._label(data, sort.atom, plan))
                continue
            if begins:
                data.start_span(_FIRST + 2 * sort.number)
                stack.append(None)
            if sort.is_chain:
                data.start_span(_FIRST + 2 * sort.number + 1)
            used += 1
            possible = [self._sum(build.rests[0], after) << used & self.window != 0 for build in sort.builds]
            build = self._build(data, sort, plan.build(sort, planned), possible)
            pieces.append(build)
            shares = zip(build.fields, plan.shares(build, planned - 1), build.rests[1:], strict=True)
            below = [(part, share, self._sum(rest, after), part is not sort or not sort.is_chain) for part, share, rest in shares]
            if sort.is_chain:
                goes_on = bool(below) and not below[-1][3]
                stack += [*below[-1:], None, *reversed(below[:-1])] if goes_on else [None, *reversed(below)]
            else:
                stack += reversed(below)
        return pieces

    def _build(self, data: ConjectureData, sort: Sort, planned: Build, possible: list[bool]) -> Build:
        """One of those that lead to a size within the bounds. Which number stands for which is the same at every place; one that is
        not possible stands for the first that is."""
        builds = sort.builds
        if len(builds) == 1:
            return builds[0]
        first = possible.index(True)
        place = builds.index(planned)
        likely = place if possible[place] else first
        chosen = data.draw_integer(_FIRST, _FIRST + len(builds) - 1, weights={_FIRST + likely: _FOLLOWED}, shrink_towards=_FIRST)
        return builds[chosen - _FIRST if possible[chosen - _FIRST] else first]

    def _label(self, data: ConjectureData, kind: Atom, plan: Plan) -> Datum:
        given = self.given[kind]
        if given is not None:
            return data.draw(given)
        if kind == "integer":
            return data.draw_integer(*((-_GREATEST, _GREATEST) if plan.labels is None else (0, plan.labels - 1)))
        return _character(data.draw_integer(0, (plan.labels or _CHARACTERS) - 1))

    def _sum(self, rest: Sizes, after: int) -> int:
        sizes = (rest.bits, after)
        if sizes not in self.sums:
            self.sums[sizes] = together(*sizes, self.small[-1])
        return self.sums[sizes]


def _read(
    sort: Sort, pieces: list[Build | Atom], labels: dict[Atom, list[Datum]], reading: _Reading
) -> tuple[list[Build | Atom], dict[Atom, list[Datum]]]:
    """A shape and labels as a reading has them."""
    if reading.least:
        shape = laid_out(sort, sum(isinstance(piece, Build) for piece in pieces), LEAST)
        if all(shape.count(kind) == len(own) for kind, own in labels.items()):
            pieces = shape
    if reading.labels == "as drawn":
        return pieces, labels
    if reading.labels == "renamed":
        names = {
            kind: dict(zip(dict.fromkeys(own), sorted(set(own), key=_simplicity), strict=True)) for kind, own in labels.items()
        }
        return pieces, {kind: [names[kind][label] for label in own] for kind, own in labels.items()}
    return pieces, {kind: sorted(own, key=_simplicity, reverse=reading.labels == "falling") for kind, own in labels.items()}


def _endless(labels: list[Datum], plan: Plan) -> Iterator[Datum]:
    """Labels, and then further ones that are among them."""
    yield from labels
    while labels:
        yield labels[-1] if plan is LEAST else plan.rng.choice(labels)


def _simplicity(label: Datum) -> tuple[int, bool]:
    """What Hypothesis shrinks labels by."""
    if isinstance(label, int):
        return abs(label), label < 0
    return (_PLAIN.index(label), False) if label in _PLAIN else (len(_PLAIN) + ord(label), False)


def _character(number: int) -> str:
    """The character of a number: the letters and digits, then all others in order, surrogates left out."""
    if number < len(_PLAIN):
        return _PLAIN[number]
    code = number - len(_PLAIN)
    for first, last in (("0", "9"), ("A", "Z"), ("a", "z"), ("\ud800", "\udfff")):
        if code >= ord(first):
            code += ord(last) - ord(first) + 1
    return chr(code)
