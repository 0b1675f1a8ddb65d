"""Which inputs are for training, which are held out. An input belongs to one split, decided from the input alone.

Groups come first: an input belongs to the first group whose predicate over its features (:mod:`recsyn.data.features`) holds. What
no group claims is divided into ``train``, ``validation`` and ``test`` by the fingerprint
(:func:`recsyn.data.randomness.fingerprint`) of its tokens in prefix, whatever codec the task writes it in: of all of them, or of
its shape, in which the first letters of the alphabet stand for all others, so that the inputs of one shape are in one split. No
seed and no distribution has a part in it, and codecs only where a group speaks of how long the right output is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from math import isclose, isfinite
from re import fullmatch
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from recsyn.data.codecs import Prefix
from recsyn.data.distributions import Distribution, distribution_from_config
from recsyn.data.features import Columns
from recsyn.data.predicates import Predicate
from recsyn.data.randomness import fingerprint
from recsyn.data.space import Space
from recsyn.errors import RecsynError, quoted
from recsyn.lang.diagnostics import nearest
from recsyn.values import Datum, Value, preorder, size

By = Literal["input", "shape"]
SPLITS = ("train", "validation", "test")
"""The splits that a fingerprint decides."""

_SHARES = (("train", 0.8), ("validation", 0.1), ("test", 0.1))
_LEAST_SHARE = 1e-9
"""Smaller ones are next to nothing of 2^64 fingerprints."""
_FEW = 64
_FIELDS = ("by", "shares", "few", "groups")
_GROUP_FIELDS = ("where", "distribution")
_NAME = "[a-z][a-z0-9_]{0,39}"
"""What names a file everywhere, and a split to those who read data sets."""
_RESERVED = "all"
"""What every split is called together by those who read data sets."""


@dataclass(frozen=True)
class Group:
    """The inputs of which ``where`` holds, held out from training. They are drawn from ``distribution``, or from the task's."""

    name: str
    where: Predicate
    distribution: Distribution | None = None

    def to_config(self) -> Any:
        if self.distribution is None:
            return self.where.text
        return {"where": self.where.text, "distribution": self.distribution.to_config()}


@dataclass(frozen=True)
class Splits:
    """How inputs are divided. ``shares`` are those of the splits, none of them 0; where a size has fewer than ``few`` inputs (or
    shapes), holding some out would leave holes in a space that a learner must see whole: all of them belong to ``train``."""

    by: By = "input"
    shares: tuple[tuple[str, float], ...] = _SHARES
    few: int = _FEW
    groups: tuple[Group, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The splits, then the groups."""
        return (*(name for name, _ in self.shares), *(group.name for group in self.groups))

    @property
    def features(self) -> set[str]:
        """Those that the predicates of groups speak of."""
        return {feature for group in self.groups for feature in group.where.features}

    def check(self, name: str) -> None:
        """Raise :class:`RecsynError` for a name that is neither a split nor a group."""
        if name not in self.names:
            near = nearest(name, self.names)
            raise RecsynError(f"there is no split {name!r}", near or f"the splits are {', '.join(self.names)}")

    def to_config(self) -> dict[str, Any]:
        groups = {group.name: group.to_config() for group in self.groups}
        return {"by": self.by, "shares": dict(self.shares), "few": self.few, "groups": groups}


@dataclass(frozen=True, eq=False)
class Region:
    """Where the inputs of a split lie that no group claims: their fingerprints, from the ``least`` on, and not more than ``span``
    above it. Of sizes that are ``spared`` (1 by size, else 0) the split has all inputs or, unless it ``takes_spared``, none."""

    least: int
    span: int
    spared: NDArray[np.int8]
    takes_spared: bool


class Division:
    """The splits of the inputs of one space. ``facts`` gives the features of inputs; it is asked only where there are groups."""

    def __init__(self, splits: Splits, space: Space, facts: Callable[[Sequence[Datum]], Columns]) -> None:
        self.names = splits.names
        self._splits = splits
        self._space = space
        self._facts = facts
        self._prefix = Prefix(space.type, space.datatypes, space.alphabet)
        self._kept: dict[int, bool] = {}

    def of(self, value: Datum) -> str:
        """The split, or the group, of one input."""
        return self.names[int(self.of_each([value])[0])]

    def has(self, split: str, value: Datum) -> bool:
        """Whether an input belongs to a split or group."""
        number = self.names.index(split)
        if number < len(self._splits.shares):
            # Groups only take away, and what they go by takes longer to find than a fingerprint.
            plain = self.divided(np.array([self.fingerprint(value)], np.uint64), np.array([size(value)]), None)
            if plain[0] != number:
                return False
        return self.of(value) == split

    def of_each(self, values: Sequence[Datum]) -> NDArray[np.int64]:
        """The splits of many inputs, ``int64 [n]``: places in :attr:`names`."""
        fingerprints = np.array([self.fingerprint(value) for value in values], dtype=np.uint64)
        sizes = np.array([size(value) for value in values], dtype=np.int64)
        return self.divided(fingerprints, sizes, self._facts(values) if self._splits.groups and values else None)

    def divided(self, fingerprints: NDArray[np.uint64], sizes: NDArray[np.int64], columns: Columns | None) -> NDArray[np.int64]:
        """The splits of inputs of which this much is known, ``int64 [n]``: places in :attr:`names`. ``columns`` are their features;
        without them no group claims an input."""
        numbers = np.searchsorted(self._bounds, fingerprints, side="right")
        found = np.bincount(sizes)
        found[:] = [bool(many) and self._all_for_training(size) for size, many in enumerate(found.tolist())]
        numbers[found[sizes] > 0] = 0
        claimed = np.zeros(len(numbers), dtype=np.bool_)
        for number, group in enumerate(self._splits.groups, len(self._splits.shares)):
            if len(numbers) and columns is not None:
                new = group.where.holds(columns) & ~claimed
                numbers[new] = number
                claimed |= new
        return numbers.astype(np.int64)

    def region(self, split: str, largest: int) -> Region:
        """The region of a split, for sizes up to the largest."""
        number = self.names.index(split)
        bounds = [0, *self._bounds.tolist(), 2**64]
        spared = np.array([self._all_for_training(size) for size in range(largest + 1)], np.int8)
        return Region(bounds[number], bounds[number + 1] - bounds[number] - 1, spared, number == 0)

    def fingerprint(self, value: Datum) -> int:
        """The number of 64 bits by which an input is divided."""
        return fingerprint(self.tokens(value))

    def tokens(self, value: Datum) -> list[str]:
        """What of an input the fingerprint is taken of: two inputs with the same tokens are in one split, or claimed by groups."""
        tokens = self._prefix.encode(value)
        if self._splits.by == "shape":
            letters = self._space.alphabet
            for place, part in enumerate(preorder(value)):
                if not isinstance(part, Value):
                    tokens[place] = str(letters.integers[0] if isinstance(part, int) else letters.characters[0])
        return tokens

    @cached_property
    def _bounds(self) -> NDArray[np.uint64]:
        """The least fingerprint of each split but the first."""
        shares = [Fraction(share) for _, share in self._splits.shares]
        total = sum(shares)
        return np.array([int(below * 2**64 / total) for below in accumulate(shares[:-1])], dtype=np.uint64)

    def _all_for_training(self, size: int) -> bool:
        if size not in self._kept:
            grammar = self._space.shapes if self._splits.by == "shape" else self._space.grammar
            self._kept[size] = grammar.fewer(self._space.type, size, self._splits.few) is not None
        return self._kept[size]


def splits_from_config(config: Any) -> Splits:
    """The splits that a configuration describes; what is left out has its default. Raises :class:`RecsynError`."""
    if config is None:
        return Splits()
    _check_fields(config, _FIELDS, "`splits`")
    by = config.get("by", "input")
    if by not in get_args(By):
        known = get_args(By)
        raise RecsynError(f"inputs are not split by {quoted(by)}", _near(by, known) or f"`by` is one of {', '.join(known)}")
    few = config.get("few", _FEW)
    if not isinstance(few, int) or isinstance(few, bool) or not 0 <= few <= 10**9:
        raise RecsynError(f"`few` is {quoted(few)}, not a number of inputs from 0 up")
    groups = config.get("groups") or {}
    if not isinstance(groups, Mapping):
        raise RecsynError(f"`groups` is {quoted(groups)}, not a mapping of names to predicates")
    return Splits(by, _shares(config.get("shares")), few, tuple(_group(name, group) for name, group in groups.items()))


def _shares(config: Any) -> tuple[tuple[str, float], ...]:
    if config is None:
        return _SHARES
    _check_fields(config, SPLITS, "`shares`")
    shares: dict[str, float] = {}
    for name in SPLITS:
        share = config.get(name, 0)
        if not isinstance(share, int | float) or isinstance(share, bool) or not isfinite(share) or not 0 <= share <= 1:
            raise RecsynError(f"the share of {name!r} is {quoted(share)}, not a number from 0 to 1")
        if 0 < share < _LEAST_SHARE:
            raise RecsynError(f"the share of {name!r} is {share!r}, and the least one but 0 is {_LEAST_SHARE}", "leave it out")
        if share:
            shares[name] = float(share)
    if "train" not in shares:
        raise RecsynError("the share of 'train' is 0, and inputs of small sizes belong to it")
    if not isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise RecsynError(f"the shares of the splits are {sum(shares.values()):g} together, not 1")
    return tuple(shares.items())


def _group(name: Any, config: Any) -> Group:
    if not isinstance(name, str) or not fullmatch(_NAME, name) or name == _RESERVED:
        raise RecsynError(
            f"{quoted(name)} cannot name a group of inputs", f"use small letters, digits and `_`, 40 at most, and not `{_RESERVED}`"
        )
    if name in SPLITS:
        raise RecsynError(f"the group {name!r} is called as a split is", "give it a name of its own")
    if isinstance(config, str):
        config = {"where": config}
    _check_fields(config, _GROUP_FIELDS, f"the group {name!r}")
    if not isinstance(config.get("where"), str):
        raise RecsynError(f"the group {name!r} has no predicate `where`", "for example `where: recursion_depth > 5`")
    try:
        drawn = config.get("distribution")
        return Group(name, Predicate.of(config["where"]), None if drawn is None else distribution_from_config(drawn))
    except RecsynError as error:
        raise RecsynError(f"in the group {name!r}: {error.message}", error.hint) from None


def _check_fields(config: Any, fields: Sequence[str], what: str) -> None:
    if not isinstance(config, Mapping):
        raise RecsynError(f"{what} is {quoted(config)}, not a mapping of names to values", f"its fields are {', '.join(fields)}")
    for name in config:
        if name not in fields:
            raise RecsynError(f"{what} has no field {quoted(name)}", _near(name, fields) or f"its fields are {', '.join(fields)}")


def _near(name: Any, known: Sequence[str]) -> str | None:
    return nearest(name, known) if isinstance(name, str) else None
