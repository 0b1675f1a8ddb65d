"""From which inputs a task draws. Sizes count constructors; depth is the recursion depth of the task's function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

from recsyn.data.space import Space
from recsyn.data.treegrammar import Nonterminal
from recsyn.errors import RecsynError
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
    """A size uniform among those of the range that have values of a recursion depth in range; a depth uniform among those that the
    size allows; a value uniform among those of that size and depth."""

    min_size: int
    max_size: int
    min_depth: int
    max_depth: int

    def to_config(self) -> dict[str, Any]:
        return {"kind": "by-depth", "sizes": [self.min_size, self.max_size], "depths": [self.min_depth, self.max_depth]}


@dataclass(frozen=True)
class Spines:
    """A size and a kind of spine (see :attr:`Space.spines`), both uniform; a value uniform among those."""

    min_size: int
    max_size: int

    def to_config(self) -> dict[str, Any]:
        return {"kind": "spines", "sizes": [self.min_size, self.max_size]}


@dataclass(frozen=True)
class Mixture:
    """One of several distributions, each with its weight."""

    parts: tuple[tuple[float, Distribution], ...]

    @property
    def min_size(self) -> int:
        return min(part.min_size for _, part in self.parts)

    @property
    def max_size(self) -> int:
        return max(part.max_size for _, part in self.parts)

    def to_config(self) -> dict[str, Any]:
        return {"kind": "mixture", "parts": [{"weight": w, **part.to_config()} for w, part in self.parts]}


Distribution: TypeAlias = Uniform | ByDepth | Spines | Mixture
_FIELDS = {"uniform": ("sizes",), "by-depth": ("sizes", "depths"), "spines": ("sizes",), "mixture": ("parts",)}
_HEAVIEST = 1_000_000
_DEEPEST = 20


class Sampler:
    """Draws from a distribution over a space. What can be drawn is found once; an empty distribution is refused."""

    def __init__(self, distribution: Distribution, space: Space) -> None:
        self._space = space
        self._leaves: list[tuple[float, list[tuple[int, list[Any]]]]] = []
        self._enter(distribution, 1.0)

    def draw(self, rng: Random) -> Datum:
        """One input."""
        sizes = self._leaves[0][1]
        if len(self._leaves) > 1:
            sizes = rng.choices([s for _, s in self._leaves], [w for w, _ in self._leaves])[0]
        size, starts = sizes[rng.randrange(len(sizes))]
        start = starts[rng.randrange(len(starts))]
        grammar = self._space.grammar
        return grammar.value(start, size, rng.randrange(grammar.count(start, size)))

    def _enter(self, distribution: Distribution, weight: float) -> None:
        if isinstance(distribution, Mixture):
            total = sum(w for w, _ in distribution.parts)
            for own, part in distribution.parts:
                self._enter(part, weight * own / total)
            return
        starts = self._starts(distribution)
        sizes: list[tuple[int, list[Any]]] = []
        for size in range(distribution.min_size, distribution.max_size + 1):
            possible = [start for start in starts if self._space.grammar.count(start, size)]
            if possible:
                sizes.append((size, possible))
        if not sizes:
            raise RecsynError(f"no value of {self._space.type} fits the distribution {distribution.to_config()}")
        self._leaves.append((weight, sizes))

    def _starts(self, distribution: Uniform | ByDepth | Spines) -> Sequence[Nonterminal]:
        """The sets of values that are equally likely at a size."""
        if isinstance(distribution, Uniform):
            return [self._space.type]
        if isinstance(distribution, Spines):
            return self._space.spines
        deepest = min(distribution.max_depth, distribution.max_size)
        return [self._space.at_depth(depth) for depth in range(distribution.min_depth, deepest + 1)]


def distribution_from_config(config: Any) -> Distribution:
    """The distribution that a configuration describes. Raises :class:`RecsynError` naming what is wrong in it."""
    return _from_config(config, 0)


def _from_config(config: Any, level: int) -> Distribution:
    kind = config.get("kind") if isinstance(config, Mapping) else None
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise RecsynError(f"{config!r} is no distribution", f"give `kind`: one of {', '.join(_FIELDS)}")
    known = {"kind", *_FIELDS[kind]}
    extra = sorted(map(str, set(config) - known))
    if extra:
        raise RecsynError(f"a distribution of kind {kind} has no field {extra[0]!r}", f"its fields are {', '.join(sorted(known))}")
    if level > _DEEPEST:
        raise RecsynError(f"the distribution nests mixtures more than {_DEEPEST} deep")
    if kind == "mixture":
        parts = config.get("parts")
        if not isinstance(parts, list) or not parts or not all(isinstance(p, Mapping) for p in parts):
            raise RecsynError("a mixture has `parts`, a list of distributions, each with its `weight`")
        weighted = []
        for part in parts:
            weight = part.get("weight")
            if not isinstance(weight, int | float) or isinstance(weight, bool) or not 0 < weight <= _HEAVIEST:
                raise RecsynError(f"the `weight` {weight!r} in a mixture is no number above 0, {_HEAVIEST:,} at most")
            weighted.append((float(weight), _from_config({k: v for k, v in part.items() if k != "weight"}, level + 1)))
        return Mixture(tuple(weighted))
    sizes = _range(config, "sizes", 1)
    if kind == "by-depth":
        return ByDepth(*sizes, *_range(config, "depths", 0))
    return Uniform(*sizes) if kind == "uniform" else Spines(*sizes)


def _range(config: Mapping[str, Any], field: str, least: int) -> tuple[int, int]:
    value = config.get(field)
    if (
        not isinstance(value, list | tuple)
        or len(value) != 2
        or not all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        or not least <= value[0] <= value[1] <= 100_000
    ):
        raise RecsynError(f"`{field}` is {value!r}, not a pair of whole numbers [least, greatest] from {least} up")
    return value[0], value[1]
