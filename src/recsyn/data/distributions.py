"""From which inputs a task draws. Sizes count constructors.

===============  ===============================================================================================================
``uniform``      ``sizes``: a size uniform among those that have inputs; an input uniform among those of that size
``by-depth``     ``sizes depths [of]``: a size, then a depth, each uniform among those that are possible; an input uniform among
                 those of that size and depth
``capped``       ``sizes depth [of]``: a size uniform; an input uniform among those of that size that are no deeper
``extremes``     ``sizes [of]``: a size, then its least or its greatest depth, uniform; an input uniform among those: edge cases
``spines``       ``sizes``: a size, then a kind of spine (see :attr:`Space.spines`), uniform; an input uniform among those
``natural``      ``sizes [depth of]``: every input of these sizes (and no deeper, where there is a depth) as likely as any other, so
                 that of binary numbers of sizes 1 to k all from 1 to 2^k - 1 are: the papers' natural distribution, also capped
``enumeration``  ``[first] last``: uniform among the inputs that have these places (from 1) where all are listed in order of
                 size, those of one size by rank. The first 2^k binary numbers are 1 … 2^k
``restricted``   ``where from``: another distribution, given that a predicate over the features of inputs holds: edge cases,
                 or depths capped
``mixture``      ``parts``: one of several distributions, each with its ``weight``
===============  ===============================================================================================================

A depth is ``of: recursion``, that of the task's function, or ``of: value``, the constructors on the longest path. Where labels are
distinct (:attr:`recsyn.data.space.Alphabet.distinct`), inputs that hold a label twice are none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from random import Random
from typing import Any, TypeAlias, get_args

from recsyn.data.features import OF_ANSWERS, Columns, features
from recsyn.data.growing import LARGEST, Start
from recsyn.data.populations import Population, population, too_few_letters
from recsyn.data.predicates import Predicate
from recsyn.data.space import DepthOf, Space
from recsyn.data.treegrammar import EXACT, Nonterminal
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest
from recsyn.values import Datum


@dataclass(frozen=True)
class Uniform:
    """A size uniform among those of the range that have values; a value uniform among those of that size."""

    min_size: int
    max_size: int

    def to_config(self) -> dict[str, Any]:
        return {"kind": "uniform", "sizes": [self.min_size, self.max_size]}


@dataclass(frozen=True)
class ByDepth:
    """A size uniform among those of the range that have values of a depth in range; a depth uniform among those that the size
    allows; a value uniform among those of that size and depth."""

    min_size: int
    max_size: int
    min_depth: int
    max_depth: int
    of: DepthOf = "recursion"

    def to_config(self) -> dict[str, Any]:
        sizes, depths = [self.min_size, self.max_size], [self.min_depth, self.max_depth]
        return {"kind": "by-depth", "sizes": sizes, "depths": depths, **_whose(self.of)}


@dataclass(frozen=True)
class Capped:
    """A size uniform among those of the range that have values of depth ``max_depth`` or less; a value uniform among those."""

    min_size: int
    max_size: int
    max_depth: int
    of: DepthOf = "recursion"

    def to_config(self) -> dict[str, Any]:
        return {"kind": "capped", "sizes": [self.min_size, self.max_size], "depth": self.max_depth, **_whose(self.of)}


@dataclass(frozen=True)
class Extremes:
    """A size uniform among those of the range that have values; its least or its greatest depth; a value uniform among those."""

    min_size: int
    max_size: int
    of: DepthOf = "recursion"

    def to_config(self) -> dict[str, Any]:
        return {"kind": "extremes", "sizes": [self.min_size, self.max_size], **_whose(self.of)}


@dataclass(frozen=True)
class Spines:
    """A size and a kind of spine (see :attr:`Space.spines`), both uniform; a value uniform among those."""

    min_size: int
    max_size: int

    def to_config(self) -> dict[str, Any]:
        return {"kind": "spines", "sizes": [self.min_size, self.max_size]}


@dataclass(frozen=True)
class Natural:
    """Uniform among all values of the sizes of a range and, where ``max_depth`` is given, of that depth or less."""

    min_size: int
    max_size: int
    max_depth: int | None = None
    of: DepthOf = "recursion"

    def to_config(self) -> dict[str, Any]:
        capped = {} if self.max_depth is None else {"depth": self.max_depth, **_whose(self.of)}
        return {"kind": "natural", "sizes": [self.min_size, self.max_size], **capped}


@dataclass(frozen=True)
class Enumeration:
    """Uniform among the inputs from the ``first`` to the ``last`` in order of size and of rank, counted from 1."""

    first: int
    last: int

    def __post_init__(self) -> None:
        if not 1 <= self.first <= self.last <= _FARTHEST:
            raise RecsynError(
                f"an enumeration from the place {quoted(self.first)} to {quoted(self.last)} has no places",
                f"places are whole numbers from 1 to {_FARTHEST:,}, the first no greater than the last",
            )

    def to_config(self) -> dict[str, Any]:
        return {"kind": "enumeration", "first": self.first, "last": self.last}


@dataclass(frozen=True)
class Restricted:
    """A distribution given that a predicate over the features of inputs holds."""

    where: Predicate
    whole: Distribution

    def to_config(self) -> dict[str, Any]:
        return {"kind": "restricted", "where": self.where.text, "from": self.whole.to_config()}


@dataclass(frozen=True)
class Mixture:
    """One of several distributions, each with its weight."""

    parts: tuple[tuple[float, Distribution], ...]

    def __post_init__(self) -> None:
        if not self.parts:
            raise RecsynError("a mixture has no parts", "give one distribution at least, with its weight")
        for weight, _ in self.parts:
            _check_weight(weight)

    def to_config(self) -> dict[str, Any]:
        return {"kind": "mixture", "parts": [{"weight": w, **part.to_config()} for w, part in self.parts]}


Distribution: TypeAlias = Uniform | ByDepth | Capped | Extremes | Spines | Natural | Enumeration | Restricted | Mixture
_Sized: TypeAlias = Uniform | ByDepth | Capped | Extremes | Spines | Natural
FIELDS = {
    "uniform": ("sizes",),
    "by-depth": ("sizes", "depths", "of"),
    "capped": ("sizes", "depth", "of"),
    "extremes": ("sizes", "of"),
    "spines": ("sizes",),
    "natural": ("sizes", "depth", "of"),
    "enumeration": ("first", "last"),
    "restricted": ("where", "from"),
    "mixture": ("parts",),
}
"""The fields of each kind of distribution in a configuration."""
_HEAVIEST = 1_000_000
_DEEPEST = 20
LARGEST_SIZE = 100_000
_FARTHEST = 10**15
"""The last place in an enumeration."""
_TRIES, _TRIED = 10_000, 300_000
"""Draws without one that a predicate holds of, and constructors in them, after which there is taken to be none."""
_WORK = 2 * 10**9
"""Products by which values may be counted before the first is drawn: less than a minute."""
_EFFORT = 20_000_000
"""Products by which the populations of an enumeration are counted, which are exact."""
_DEEP = 4_000
"""The greatest size whose least and greatest depths are told."""
_DEEPEST_WORK = 2_000_000
"""Of depths and sizes, their product."""
_FEW_LABELS, _NEAR_LABELS = 2_000, 64
"""Sizes up to the first are looked at for too few labels, and so many of them."""
_NEAR = 4
"""Sizes on either side that are looked at where none fits."""
_AT_ONCE = 64
"""Draws of which a predicate is asked together, at most."""


class Sampler:
    """Draws from a distribution over a space. What can be drawn is found once; an empty distribution is refused."""

    def __init__(self, distribution: Distribution, space: Space) -> None:
        self._drawing: _Drawing = _drawing(distribution, space)

    def draw(self, rng: Random) -> Datum:
        """One input."""
        return self._drawing.draw(rng)

    def starts(self) -> list[Start] | None:
        """What :func:`recsyn.data.growing.growth` grows the same distribution from; ``None`` where nonterminals with sizes cannot
        say it, or the exact numbers that it takes are too long."""
        starts: list[Start] = []
        for weight, members in self._drawing.shares(Fraction(1)):
            if members is None or members.distinct or members.size > EXACT:
                return None
            starts.append((weight, members.start, members.size))
        return starts

    @property
    def inputs(self) -> int:
        """How many different inputs it can draw, at most: parts of a mixture may share some, and predicates may leave some out. Of
        those of one size and kind no more than 2^50 are counted."""
        return self._drawing.inputs

    @property
    def max_size(self) -> int:
        """The greatest size that it can draw."""
        return self._drawing.max_size


class _Levels:
    """A size, then one of its populations, then a member, each uniform."""

    def __init__(self, sizes: Sequence[tuple[Population, ...]]) -> None:
        self._sizes = sizes

    def draw(self, rng: Random) -> Datum:
        populations = self._sizes[rng.randrange(len(self._sizes))]
        return populations[rng.randrange(len(populations))].drawn(rng)

    def shares(self, weight: Fraction) -> Iterator[tuple[Fraction, Population | None]]:
        for populations in self._sizes:
            for members in populations:
                yield weight / len(self._sizes) / len(populations), members

    @property
    def inputs(self) -> int:
        return sum(members.counted for populations in self._sizes for members in populations)

    @property
    def max_size(self) -> int:
        return max(members.size for populations in self._sizes for members in populations)


class _Listed:
    """Members with consecutive places in some populations, each as likely."""

    def __init__(self, populations: Sequence[Population], first: int, last: int) -> None:
        self._populations = populations
        self._ends = list(accumulate(members.count for members in populations))
        self._first, self._last = first, last

    def draw(self, rng: Random) -> Datum:
        return self.at(rng.randrange(self._first, self._last + 1))

    def at(self, place: int) -> Datum:
        number = bisect_right(self._ends, place)
        return self._populations[number].value(place - (self._ends[number - 1] if number else 0))

    def shares(self, weight: Fraction) -> Iterator[tuple[Fraction, Population | None]]:
        total = self._last - self._first + 1
        for end, members in zip(self._ends, self._populations, strict=True):
            within = min(end - 1, self._last) - max(end - members.count, self._first) + 1
            if within == members.count:
                yield weight * within / total, members
            elif within > 0:
                yield weight * within / total, None

    @property
    def inputs(self) -> int:
        return self._last - self._first + 1

    @property
    def max_size(self) -> int:
        return self._populations[bisect_right(self._ends, self._last)].size


class _Rejecting:
    """The inputs of another distribution of which a predicate holds."""

    def __init__(self, predicate: Predicate, whole: _Drawing, space: Space) -> None:
        self._whole, self._space, self._predicate = whole, space, predicate
        chance = Random(0)
        predicate.check([name for name in self._columns([whole.draw(chance)]) if name not in OF_ANSWERS])
        self.draw(chance)

    def draw(self, rng: Random) -> Datum:
        tried, many, constructors = 0, 1, 0
        while tried < _TRIES and constructors < _TRIED:
            for value in [self._whole.draw(rng) for _ in range(many)]:
                columns = self._columns([value])
                if self._predicate.holds(columns).any():
                    return value
                constructors += int(columns["size"][0])
            tried, many = tried + many, min(2 * many, _AT_ONCE, _TRIES - tried - many)
        raise RecsynError(f"none of {tried:,} values of {self._space.type} that were drawn is one where {self._predicate}")

    def _columns(self, values: Sequence[Datum]) -> Columns:
        nothing = [0] * len(values)
        return features(self._space, values, nothing, nothing)

    def shares(self, weight: Fraction) -> Iterator[tuple[Fraction, Population | None]]:
        yield weight, None

    @property
    def inputs(self) -> int:
        return self._whole.inputs

    @property
    def max_size(self) -> int:
        return self._whole.max_size


class _Mixed:
    """One of several, by weight."""

    def __init__(self, weights: Sequence[float], parts: Sequence[_Drawing]) -> None:
        self._weights, self._parts = weights, parts

    def draw(self, rng: Random) -> Datum:
        part = self._parts[0] if len(self._parts) == 1 else rng.choices(self._parts, self._weights)[0]
        return part.draw(rng)

    def shares(self, weight: Fraction) -> Iterator[tuple[Fraction, Population | None]]:
        total = sum(map(Fraction, self._weights))
        for own, part in zip(self._weights, self._parts, strict=True):
            yield from part.shares(weight * Fraction(own) / total)

    @property
    def inputs(self) -> int:
        return sum(part.inputs for part in self._parts)

    @property
    def max_size(self) -> int:
        return max(part.max_size for part in self._parts)


_Drawing: TypeAlias = _Levels | _Listed | _Rejecting | _Mixed


def _drawing(distribution: Distribution, space: Space) -> _Drawing:
    if isinstance(distribution, Mixture):
        return _Mixed([weight for weight, _ in distribution.parts], [_drawing(part, space) for _, part in distribution.parts])
    if isinstance(distribution, Restricted):
        return _Rejecting(distribution.where, _drawing(distribution.whole, space), space)
    if isinstance(distribution, Enumeration):
        return _listed(distribution, space)
    given = range(distribution.min_size, distribution.max_size + 1)
    if given.stop > LARGEST_SIZE + 1:
        raise RecsynError(f"sizes reach to {quoted(distribution.max_size)}, and are counted up to {LARGEST_SIZE:,} at most")
    tried = range(given.start, min([given.stop, *(largest + 1 for largest in _largest(distribution, space))]))
    if isinstance(distribution, Natural):
        _check_exact(distribution, space, tried)
        tried = range(tried.start, min(tried.stop, EXACT + 1))
    starts = _starts(distribution, space, tried)
    last = next((found[-1] for size in reversed(tried) if (found := starts(size))), None)
    if last is not None:
        # Extremes have a start for each size.
        check_work(space, last, tried[-1], None if last in starts(tried[0]) else "give smaller sizes")
    sizes = []
    for size in tried:
        possible = tuple(members for start in starts(size) if (members := population(space, start, size)))
        if possible:
            sizes.append(possible)
    if not sizes:
        raise RecsynError(
            f"no value of {space.type} fits the distribution {distribution.to_config()}", _missing(space, starts, given)
        )
    if not isinstance(distribution, Natural):
        return _Levels(sizes)
    populations = [members for possible in sizes for members in possible]
    return _Listed(populations, 0, sum(members.count for members in populations) - 1)


def _largest(distribution: _Sized, space: Space) -> Iterator[int]:
    """Sizes that no value which is drawn can exceed."""
    if space.largest is not None:
        yield space.largest
    if isinstance(distribution, ByDepth | Capped | Natural) and distribution.max_depth is not None:
        capped = _at(space, distribution.of)(distribution.max_depth, False)
        largest = space.grammar.largest(capped) if distribution.max_depth <= EXACT else None
        if largest is not None:
            yield largest


def _check_exact(distribution: Natural, space: Space, sizes: range) -> None:
    """Raise :class:`RecsynError` where a size whose values are not counted exactly has some."""
    depth = distribution.max_depth
    for size in range(max(sizes.start, EXACT + 1), sizes.stop):
        # No value is deeper than its size, so what that does not cap need not be told by depth.
        start = space.type if depth is None or depth >= size else _at(space, distribution.of)(depth, False)
        if population(space, space.type, size) and population(space, start, size):
            raise RecsynError(
                f"how many values there are is counted up to the size {EXACT} only", "give smaller `sizes`, or kind `uniform`"
            )


def check_work(space: Space, start: Nonterminal, size: int, hint: str | None = None) -> None:
    """Raise :class:`RecsynError` where it takes too long to count what a start derives, up to a size."""

    def work(size: int) -> int:
        return space.grammar.work(start, size) if size > EXACT else 0

    if work(size) > _WORK:
        most = bisect_right(range(size), _WORK, key=work) - 1
        raise _too_large(space, size, hint or f"sizes up to {most:,} take less than a minute")


def _too_large(space: Space, size: int, hint: str) -> RecsynError:
    return RecsynError(f"it takes too long to count the values of {space.type} of sizes up to {size:,}", hint)


def _missing(space: Space, starts: Callable[[int], Sequence[Nonterminal]], sizes: range) -> str:
    """What is said where no value of some sizes can be drawn."""
    near = sizes[:_NEAR_LABELS] if sizes.start < _FEW_LABELS else range(0)
    hints = (too_few_letters(space, start, near) for start in starts(sizes.stop - 1) or (space.type,))
    return next((hint for hint in hints if hint), None) or _sizes_near(space, sizes)


def _sizes_near(space: Space, tried: range) -> str:
    """What is said of the sizes that there are."""
    if any(space.grammar.derives(space.type, size) for size in tried):
        return "there are values of these sizes, but none of these depths or spines"
    near = (*range(max(0, tried.start - _NEAR), tried.start), *range(tried.stop, tried.stop + _NEAR))
    there = [size for size in near if space.grammar.derives(space.type, size)]
    if not there:
        return f"{space.type} has no values of sizes near these"
    return f"the sizes that values have near these are {', '.join(map(str, there))}"


def _listed(distribution: Enumeration, space: Space) -> _Listed:
    """The populations up to the last place, from the smallest on."""
    populations: list[Population] = []
    there, size, effort = 0, 0, 0
    while there < distribution.last:
        ends = space.largest is not None and size > space.largest
        if ends or size > LARGEST_SIZE or effort > _EFFORT:
            raise RecsynError(
                f"{space.type} has {there:,} values{'' if ends else f' of sizes up to {size - 1:,}, as far as they are listed'}, "
                f"and the enumeration goes to the place {distribution.last:,}"
            )
        members = population(space, space.type, size)
        if members:
            populations.append(members)
            there += members.count
        effort += space.shapes.effort() if space.alphabet.distinct else space.grammar.effort()
        size += 1
    return _Listed(populations, distribution.first - 1, distribution.last - 1)


def _at(space: Space, of: DepthOf) -> Callable[[int, bool], Nonterminal]:
    return space.at_depth if of == "recursion" else space.as_deep


def _starts(distribution: _Sized, space: Space, sizes: range) -> Callable[[int], Sequence[Nonterminal]]:
    """The sets of values that are equally likely at a size."""
    if isinstance(distribution, Uniform) or (isinstance(distribution, Natural) and distribution.max_depth is None):
        return lambda size: [space.type]
    if isinstance(distribution, Spines):
        return lambda size: space.spines
    at, most = _at(space, distribution.of), max(0, sizes.stop - 1)
    if isinstance(distribution, Extremes):
        at(0, True)  # which refuses what has no depth
        if most > _DEEP:
            raise _too_large(space, most, f"extremes are told up to the size {_DEEP:,}")
        return lambda size: _extremes(distribution.of, space, size)
    # No value is deeper than its size. Each depth is a nonterminal to count.
    assert distribution.max_depth is not None
    deepest = min(distribution.max_depth, most)
    if isinstance(distribution, ByDepth):
        _check_depth(space, deepest, most)
        depths = [at(depth, True) for depth in range(distribution.min_depth, deepest + 1)]
        return lambda size: depths
    capped = at(deepest, False)
    if deepest == most and most > LARGEST:
        return lambda size: [space.type]
    _check_depth(space, deepest, most)
    return lambda size: [capped]


def _check_depth(space: Space, depth: int, size: int) -> None:
    if size > EXACT and depth * size > _DEEPEST_WORK:
        raise _too_large(space, size, f"give smaller sizes, or depths up to {_DEEPEST_WORK // size:,}")


def _extremes(of: DepthOf, space: Space, size: int) -> list[Nonterminal]:
    """The values of a size that are least and most deep."""
    ends = space.depths(of, size)
    if ends is None:
        return []
    at, (least, greatest) = _at(space, of), ends
    found: list[Nonterminal | None] = [at(least, True), at(greatest, True)]
    if space.alphabet.distinct:
        up, down = range(least, greatest + 1), range(greatest, least - 1, -1)
        some = population(space, space.type, size) is not None
        found = [next((at(d, True) for d in ds if population(space, at(d, True), size)), None) for ds in (up, down) if some]
    return list(dict.fromkeys(start for start in found if start is not None))


# Configurations


def distribution_from_config(config: Any) -> Distribution:
    """The distribution that a configuration describes. Raises :class:`RecsynError` naming what is wrong in it."""
    return _from_config(config, 0)


def _from_config(config: Any, level: int) -> Distribution:
    kind = config.get("kind") if isinstance(config, Mapping) else None
    if not isinstance(kind, str) or kind not in FIELDS:
        near = nearest(kind, FIELDS) if isinstance(kind, str) else None
        raise RecsynError(f"{quoted(config)} is no distribution", near or f"give `kind`: one of {', '.join(FIELDS)}")
    fields = ("kind", *FIELDS[kind])
    for name in config:
        if name not in fields:
            near = nearest(name, fields) if isinstance(name, str) else None
            raise RecsynError(
                f"a distribution of kind {kind} has no field {quoted(name)}", near or f"its fields are {', '.join(fields)}"
            )
    if level > _DEEPEST:
        raise RecsynError(f"the distribution nests mixtures and restrictions more than {_DEEPEST} deep")
    if kind == "mixture":
        return _mixture(config, level)
    if kind == "restricted":
        where = config.get("where")
        if not isinstance(where, str):
            raise RecsynError(
                f"`where` is {quoted(where)}, not a predicate over features", "for example `where: recursion_depth <= 3`"
            )
        return Restricted(Predicate.of(where), _from_config(config.get("from"), level + 1))
    if kind == "enumeration":
        first, last = _whole(config, "first", 1, _FARTHEST, 1), _whole(config, "last", 1, _FARTHEST)
        if first > last:
            raise RecsynError(f"`first` is {first}, which is greater than `last`, {last}")
        return Enumeration(first, last)
    sizes = _range(config, "sizes", 1)
    if kind == "uniform":
        return Uniform(*sizes)
    if kind == "spines":
        return Spines(*sizes)
    of = config.get("of", "recursion")
    if of not in get_args(DepthOf):
        near = nearest(of, get_args(DepthOf)) if isinstance(of, str) else None
        raise RecsynError(f"there is no depth of {quoted(of)}", near or "a depth is `of: recursion` or `of: value`")
    if kind == "by-depth":
        return ByDepth(*sizes, *_range(config, "depths", 0), of)
    if kind == "extremes":
        return Extremes(*sizes, of)
    if kind == "natural" and config.get("depth") is None:
        if "of" in config:
            raise RecsynError("a depth is said to be `of` something, and no `depth` is given", "give `depth`, or leave `of` out")
        return Natural(*sizes)
    depth = _whole(config, "depth", 0, LARGEST_SIZE)
    return Capped(*sizes, depth, of) if kind == "capped" else Natural(*sizes, depth, of)


def _mixture(config: Mapping[str, Any], level: int) -> Mixture:
    parts = config.get("parts")
    if not isinstance(parts, list) or not parts or not all(isinstance(p, Mapping) for p in parts):
        raise RecsynError("a mixture has `parts`, a list of distributions, each with its `weight`")
    weighted = []
    for part in parts:
        weight = part.get("weight")
        _check_weight(weight)
        weighted.append((float(weight), _from_config({k: v for k, v in part.items() if k != "weight"}, level + 1)))
    return Mixture(tuple(weighted))


def _check_weight(weight: Any) -> None:
    if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight <= _HEAVIEST:
        raise RecsynError(f"the `weight` {quoted(weight)} in a mixture is no number above 0, {_HEAVIEST:,} at most")


def _whole(config: Mapping[str, Any], field: str, least: int, greatest: int, default: int | None = None) -> int:
    value = config.get(field, default)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise RecsynError(f"`{field}` is {quoted(value)}, not a whole number from {least} to {greatest:,}")
    return value


def _range(config: Mapping[str, Any], field: str, least: int) -> tuple[int, int]:
    value = config.get(field)
    if (
        not isinstance(value, list | tuple)
        or len(value) != 2
        or not all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        or not least <= value[0] <= value[1] <= LARGEST_SIZE
    ):
        raise RecsynError(f"`{field}` is {quoted(value)}, not a pair of whole numbers [least, greatest] from {least} up")
    return value[0], value[1]


def _whose(of: DepthOf) -> dict[str, str]:
    return {} if of == "recursion" else {"of": of}
