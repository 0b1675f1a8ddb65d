"""Two campaigns side by side, from the files that ``recsyn fuzz --json`` writes: what the second found that the first did not, what
it no longer finds, and how far their failure rates are apart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recsyn.errors import RecsynError, quoted
from recsyn.testing.findings import FORMAT
from recsyn.testing.rates import Difference, Rate

Range = tuple[int, int]
Standing = Literal["gone", "in both", "new"]
"""Of a finding of the first campaign, of both, of the second."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding as a campaign file tells it: its smallest counterexample, how that fails, and the rule, where there is one."""

    counterexample: str
    kind: str
    rule: str | None

    def __str__(self) -> str:
        return f"wrong where {self.rule or 'no simple rule predicts it'}"


@dataclass(frozen=True)
class Campaign:
    """What a campaign file says. ``by`` holds for each feature the rate of each range of it; ``sample`` tells whether two campaigns
    drew the same inputs; ``whole`` is false where it ended early."""

    file: str
    model: str | None
    function: str
    program: str
    seed: int
    max_size: int
    rate: Rate
    sampling: str
    sample: str
    by: Mapping[str, Mapping[Range, Rate]]
    findings: tuple[Told, ...]
    lost: Mapping[str, int]
    calls: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Matched:
    """One finding: as the first campaign tells it, as the second does, ``None`` where one does not have it."""

    before: Told | None
    after: Told | None

    @property
    def standing(self) -> Standing:
        return "new" if self.before is None else "gone" if self.after is None else "in both"


@dataclass(frozen=True)
class Comparison:
    """Two campaigns against one function. ``findings`` are those of the first in order, then those that only the second has."""

    before: Campaign
    after: Campaign
    findings: tuple[Matched, ...]

    @property
    def difference(self) -> Difference:
        return Difference(self.before.rate, self.after.rate)

    @property
    def same_sample(self) -> bool:
        return bool(self.before.rate.tested) and self.before.sample == self.after.sample

    @property
    def is_worse(self) -> bool:
        """Whether the second campaign has a finding that the first has not."""
        return any(matched.standing == "new" for matched in self.findings)

    @property
    def feature(self) -> str | None:
        """The feature by which rates are shown: the first of the first campaign that both have."""
        return next((name for name in self.before.by if name in self.after.by), None)

    def by(self, feature: str) -> list[tuple[Range, Rate, Rate]]:
        """The rates of both campaigns for each range of a feature, in order; 0 of 0 where one has none."""
        first, second = self.before.by.get(feature, {}), self.after.by.get(feature, {})
        return [(at, first.get(at, Rate(0, 0)), second.get(at, Rate(0, 0))) for at in sorted({*first, *second})]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be known before the two are set against each other."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        a, b = self.before, self.after
        if a.program != b.program:
            yield f"the programs differ: {a.function} may not be the same function in both"
        if a.sampling != b.sampling:
            yield f"the rates are of different inputs: {a.sampling}; and {b.sampling}"
        elif self.same_sample:
            yield f"both rates are of the same {a.rate.tested:,} inputs, of which the interval of their difference makes no use"
        for campaign in (a, b):
            if not campaign.whole:
                yield f"{campaign.file} ended early: what it has not found may be there all the same"
            if campaign.lost:
                yield f"{campaign.file} has {sum(campaign.lost.values()):,} inputs without a verdict, which are in no rate"
        if any(matched.standing == "gone" for matched in self.findings):
            yield "what is gone was not found again, which proves nothing: `recsyn replay` asks its inputs of another model"

    def to_json(self) -> dict[str, Any]:
        return {
            "before": _campaign_to_json(self.before),
            "after": _campaign_to_json(self.after),
            "difference": self.difference.to_json(),
            "same_sample": self.same_sample,
            "findings": [
                {"standing": m.standing, "before": _told_to_json(m.before), "after": _told_to_json(m.after)} for m in self.findings
            ],
            "by": {
                name: [{"least": low, "greatest": high, "before": a.to_json(), "after": b.to_json()} for (low, high), a, b in rows]
                for name, rows in ((name, self.by(name)) for name in self.before.by if name in self.after.by)
            },
            "remarks": list(self.remarks),
            "worse": self.is_worse,
        }


def compare(before: Campaign, after: Campaign) -> Comparison:
    """Match the findings of two campaigns: those with the same smallest counterexample first, then those with the same rule. Raises
    :class:`RecsynError` where they are about functions of different names."""
    if before.function != after.function:
        raise RecsynError(
            f"{before.file} is about {before.function}, and {after.file} about {after.function}",
            "compare two campaigns against one function",
        )
    partners: dict[int, int] = {}
    for alike in (_same_counterexample, _same_rule):
        for i, told in enumerate(before.findings):
            free = (j for j in range(len(after.findings)) if j not in partners.values())
            match = next((j for j in free if alike(told, after.findings[j])), None)
            if i not in partners and match is not None:
                partners[i] = match
    matched = [Matched(t, after.findings[partners[i]] if i in partners else None) for i, t in enumerate(before.findings)]
    new = [Matched(None, told) for j, told in enumerate(after.findings) if j not in partners.values()]
    return Comparison(before, after, (*matched, *new))


def _same_counterexample(a: Told, b: Told) -> bool:
    return a.counterexample == b.counterexample


def _same_rule(a: Told, b: Told) -> bool:
    return a.rule is not None and a.rule == b.rule


def _campaign_to_json(campaign: Campaign) -> dict[str, Any]:
    return {
        "file": campaign.file,
        "model": campaign.model,
        "function": campaign.function,
        "program": campaign.program,
        "seed": campaign.seed,
        "max_size": campaign.max_size,
        "rate": {"over": campaign.sampling, **campaign.rate.to_json()},
        "findings": len(campaign.findings),
        "lost": dict(campaign.lost),
        "calls": campaign.calls,
        "whole": campaign.whole,
    }


def _told_to_json(told: Told | None) -> dict[str, Any] | None:
    return None if told is None else {"counterexample": told.counterexample, "kind": told.kind, "rule": told.rule}


# Reading


def read_campaign(path: str | Path) -> Campaign:
    """The campaign that a file holds. Raises :class:`RecsynError` saying what is wrong with the file."""
    file = str(path)
    try:
        data: Any = json.loads(Path(path).read_text("utf-8"))
    except FileNotFoundError:
        raise RecsynError(f"there is no campaign file {file!r}", _WRITTEN_BY) from None
    except IsADirectoryError:
        raise RecsynError(f"{file!r} is a folder, not a campaign file", _WRITTEN_BY) from None
    except OSError as error:
        raise RecsynError(f"{file!r} cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):  # also an integer of more digits than Python converts
        raise RecsynError(f"{file!r} is no campaign file: it is not JSON", _WRITTEN_BY) from None
    if not isinstance(data, dict) or "rate" not in data or "findings" not in data:
        raise RecsynError(f"{file!r} is no campaign file", _WRITTEN_BY)
    if data.get("format") != FORMAT:
        raise RecsynError(f"{file!r} is a campaign file of format {quoted(data.get('format'))}, and {FORMAT} is read", _AGAIN)
    try:
        return _campaign(file, data)
    except (KeyError, TypeError, ValueError) as error:
        missing = f"it has no {quoted(error.args[0])}" if isinstance(error, KeyError) else str(error)
        raise RecsynError(f"{file!r} is a damaged campaign file: {missing}", _AGAIN) from None


_WRITTEN_BY = "`recsyn fuzz CHECKPOINT --json > FILE` writes one"
_AGAIN = "run the campaign again: `recsyn fuzz CHECKPOINT --json > FILE`"


def _campaign(file: str, data: Mapping[str, Any]) -> Campaign:
    """Raises :class:`KeyError` for what is missing, :class:`TypeError` and :class:`ValueError` for what is of another kind."""
    rate, model = _of(dict, data["rate"]), data.get("model")
    return Campaign(
        file=file,
        model=None if model is None else _of(str, model),
        function=_of(str, data["function"]),
        program=_of(str, data["program"]),
        seed=_of(int, data["seed"]),
        max_size=_of(int, data["max_size"]),
        rate=_rate(rate),
        sampling=_of(str, rate["over"]),
        sample=_of(str, rate["sample"]),
        by={name: {_range(row): _rate(row) for row in _of(list, rows)} for name, rows in _of(dict, data["by"]).items()},
        findings=tuple(_told(_of(dict, row)) for row in _of(list, data["findings"])),
        lost={kind: _of(int, many) for kind, many in _of(dict, data["lost"]).items()},
        calls=_of(int, data["calls"]),
        whole=data["stopped"] is None and not _of(bool, data["interrupted"]),
    )


def _of(kind: type, value: Any) -> Any:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{quoted(value)} stands where {_KINDS[kind]} belongs")
    return value


_KINDS = {dict: "a mapping", list: "a list", str: "a text", int: "a whole number", bool: "true or false"}


def _rate(row: Any) -> Rate:
    failures, tested = (_of(int, _of(dict, row)[name]) for name in ("failures", "tested"))
    if not 0 <= failures <= tested:
        raise ValueError(f"{failures} failures of {tested} inputs cannot be")
    return Rate(failures, tested)


def _range(row: Any) -> Range:
    ends: Sequence[Any] = [row["value"]] * 2 if "value" in _of(dict, row) else [row["least"], row["greatest"]]
    low, high = (_of(int, end) for end in ends)
    return low, high


def _told(row: Mapping[str, Any]) -> Told:
    rule = row["rule"]
    return Told(_of(str, row["counterexample"]), _of(str, row["kind"]), None if rule is None else _of(str, rule))
