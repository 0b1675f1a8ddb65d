"""Which settings of a study stand in one picture, and what they are called there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from recsyn.collapse.outcome import Outcome

MOST_TOGETHER = 6
"""Settings that can be told apart in one picture."""


@dataclass(frozen=True)
class Setting:
    """``style`` is its colour and its marker, from 0 to :data:`MOST_TOGETHER` - 1."""

    label: str
    style: int
    outcome: Outcome


@dataclass(frozen=True)
class Panel:
    title: str
    settings: tuple[Setting, ...]


@dataclass(frozen=True)
class Panels:
    """``common`` is what all settings have in common and ``varied`` the axes that labels name points of, both for a reader.
    ``alike`` tells that a label has one style in all panels."""

    panels: tuple[Panel, ...]
    common: str
    varied: str
    alike: bool


def panels(outcomes: Sequence[Outcome]) -> Panels:
    """One panel where settings are few; otherwise one for each point of an axis, or of several, such that panels are the fewest;
    and where no axes part them well, as many settings a panel as can be told apart, in turn."""
    axes = list(dict.fromkeys(axis for outcome in outcomes for axis in outcome.point))
    varied = [axis for axis in axes if len({outcome.point.get(axis) for outcome in outcomes}) > 1]
    common = {axis: outcomes[0].point[axis] for axis in axes if axis not in varied}
    apart = _apart(outcomes, varied)
    together = [axis for axis in varied if axis not in apart]
    groups = _by(outcomes, apart)
    if len(outcomes) > MOST_TOGETHER and not apart:
        groups = {str(start): outcomes[start : start + MOST_TOGETHER] for start in range(0, len(outcomes), MOST_TOGETHER)}
    named = [[(_label(outcome, together), outcome) for outcome in group] for group in groups.values()]
    styles = {label: style for style, label in enumerate(dict.fromkeys(label for group in named for label, _ in group))}
    alike = len(styles) <= MOST_TOGETHER and all(len(dict(group)) == len(group) for group in named)
    made = []
    for group in named:
        settings = tuple(Setting(label, styles[label] if alike else place, o) for place, (label, o) in enumerate(group))
        made.append(Panel(_told({axis: group[0][1].point.get(axis, "") for axis in apart}), settings))
    return Panels(tuple(made), _told(common), ", ".join(together), alike)


def _apart(outcomes: Sequence[Outcome], varied: Sequence[str]) -> tuple[str, ...]:
    """The axes that panels are points of."""
    if len(outcomes) <= MOST_TOGETHER:
        return ()
    fitting = [(len(groups), axes) for axes, groups in _partings(outcomes, varied) if 2 <= _largest(groups) <= MOST_TOGETHER]
    return min(fitting, default=(0, ()))[1]


def _partings(
    outcomes: Sequence[Outcome], varied: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Sequence[Outcome]]]]:
    for many in range(1, min(len(varied), 4)):
        for axes in combinations(varied, many):
            yield axes, _by(outcomes, axes)


def _largest(groups: Mapping[str, Sequence[Outcome]]) -> int:
    return max(map(len, groups.values()))


def _by(outcomes: Sequence[Outcome], axes: Sequence[str]) -> Mapping[str, Sequence[Outcome]]:
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(repr([outcome.point.get(axis) for axis in axes]), []).append(outcome)
    return groups


def _label(outcome: Outcome, axes: Sequence[str]) -> str:
    return ", ".join(filter(None, (outcome.point.get(axis, "") for axis in axes))) or outcome.name or "all chains"


def _told(point: Mapping[str, str]) -> str:
    return ", ".join(f"{axis} {name}" for axis, name in point.items())
