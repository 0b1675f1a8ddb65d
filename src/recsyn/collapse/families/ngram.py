"""n-gram language models of a text.

===============  =============================================================================================================
``text``         ``documentation``, that of Python itself, or a file (:mod:`recsyn.collapse.families.texts`)
``field``        of the records of a file of JSON lines or Parquet (``text``)
``unit``         ``character`` or ``word``, which punctuation marks and ends of lines are too
``order``        tokens of the longest n-gram: the last and those before it on which it depends (5)
``length``       tokens of a row (64)
``temperature``  at which models are sampled (1): shares are raised to the power of 1 / temperature
``vocabulary``   the greatest number of tokens that are kept apart (128 characters or 5,000 words); all others are one token
``digest``       of the text: where it is given, another text is refused
===============  =============================================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from recsyn.collapse.families.reading import fields_of, number, one_of, whole
from recsyn.collapse.families.texts import DOCUMENTATION, UNITS, Corpus, corpus
from recsyn.collapse.family import TEST_LOSS, Array, Scores
from recsyn.errors import RecsynError, quoted

_FIELDS = ("text", "field", "unit", "order", "length", "temperature", "vocabulary", "digest")
_VOCABULARY = {"character": 128, "word": 5_000}
_AT_ONCE = 2**11
"""Rows for which all that may follow is in memory together."""
_ROUNDING = 1e-12


@dataclass(frozen=True)
class NGram:
    """Rows are lines of the text, the numbers of their tokens: int32[n, length]. Raises :class:`RecsynError` for a text that cannot
    be had, and for n-grams that are too many to be numbered."""

    text: str = DOCUMENTATION
    field: str | None = None
    unit: str = "character"
    order: int = 5
    length: int = 64
    temperature: float = 1.0
    vocabulary: int | None = None

    def __post_init__(self) -> None:
        tokens = len(self.corpus.vocabulary)
        if tokens**self.order >= 2**63:
            raise RecsynError(
                f"{tokens:,} tokens have too many {self.order}-grams to be numbered in 63 bits",
                "take a lower `order` or a smaller `vocabulary`",
            )
        for half, which in ((self.corpus.training, "trained on"), (self.corpus.held_out, "tested on")):
            if len(half) < self.length:
                raise RecsynError(
                    f"the half of the text that is {which} has {len(half):,} tokens, and a row has {self.length:,}",
                    "give a longer text, or shorter rows by `length`",
                )

    @cached_property
    def corpus(self) -> Corpus:
        return corpus(self.text, self.field, self.unit, self.vocabulary or _VOCABULARY[self.unit])

    def to_config(self) -> dict[str, Any]:
        """A text is known by its digest, wherever its file is."""
        return {
            "kind": "ngram",
            "text": Path(self.text).name,
            "field": self.field,
            "unit": self.unit,
            "order": self.order,
            "length": self.length,
            "temperature": self.temperature,
            "vocabulary": self.vocabulary or _VOCABULARY[self.unit],
            "digest": self.corpus.digest,
        }

    def check(self, rows: int) -> None:
        """Raises :class:`RecsynError` where the text has fewer lines."""
        lines = len(self.corpus.training) // self.length
        if not 1 <= rows <= lines:
            raise RecsynError(
                f"{rows:,} rows of {self.length} tokens are asked of a text whose training half has {lines:,}",
                "give fewer rows, or a longer text",
            )

    def real(self, n: int, generator: Generator) -> Array:
        """Lines of the training half, none twice before all were drawn."""
        return _lines(self.corpus.training, self.length, n, generator)

    def held_out(self, n: int, generator: Generator) -> Array:
        """Lines of the other half."""
        return _lines(self.corpus.held_out, self.length, n, generator)

    def fit(self, rows: Array, weights: Array, generator: Generator) -> NGramModel:
        """Interpolated Witten–Bell smoothing (Witten and Bell, IEEE Transactions on Information Theory 37, 1991; as in Chen and
        Goodman, 1999, section 2.6). After a context h that was seen c(h) times and before T(h) different tokens,
        p(w | h) = (c(h w) + T(h) p(w | h')) / (c(h) + T(h)), where h' is h without its first token, down to the empty context and,
        below it, the uniform distribution. A row of weight w counts as w rows; at the start of a row contexts are as long as there
        are tokens."""
        used = weights > 0
        tables = _tables(rows[used], weights[used].astype(float), self.order, len(self.corpus.vocabulary))
        return NGramModel(self, tables)

    def lines(self, rows: Array) -> list[str]:
        """The rows as text."""
        between = "" if self.unit == "character" else " "
        return [between.join(self.corpus.vocabulary[token] for token in row) for row in rows]


@dataclass(frozen=True)
class Table:
    """The n-grams of one length that were seen. ``keys`` numbers each, its tokens the digits of a number to the base of the
    vocabulary, the last one the least: int64[n-grams], ascending, so that those of a context are together. ``sums`` has how often
    all before each were seen, and at the end all: float[n-grams + 1]."""

    keys: Array
    sums: Array
    vocabulary: int

    def after(self, contexts: Array) -> tuple[Array, Array]:
        """Between which places the n-grams of these contexts are."""
        return np.searchsorted(self.keys, contexts * self.vocabulary), np.searchsorted(self.keys, (contexts + 1) * self.vocabulary)

    def count(self, keys: Array) -> Array:
        """How often each of these n-grams was seen."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.sums[places + 1] - self.sums[places], 0.0)


@dataclass(frozen=True)
class NGramModel:
    """``tables`` are those of the n-grams of lengths 1, 2, … up to the order."""

    family: NGram
    tables: tuple[Table, ...]

    def probabilities(self, rows: Array) -> Array:
        """That of each token after those before it in its row: float[n, length]."""
        tokens = len(self.family.corpus.vocabulary)
        shares = np.full(rows.shape, 1 / tokens)
        context, ending = np.zeros(rows.shape, np.int64), np.asarray(rows, np.int64)
        for longer, table in enumerate(self.tables):
            if longer >= rows.shape[1]:
                break
            if longer:
                context, ending = ending[:, :-1], _extended(rows, ending, longer, tokens)
                context = context[:, : ending.shape[1]]
            start, end = table.after(context)
            seen, kinds = table.sums[end] - table.sums[start], end - start
            shorter = shares[:, longer:]
            with np.errstate(invalid="ignore"):
                here = (table.count(ending) + kinds * shorter) / (seen + kinds)
            shares[:, longer:] = np.where(kinds > 0, here, shorter)
        return shares

    def score(self, test: Array) -> Scores:
        """The test loss is the cross-entropy of the test rows in nats per token, ``perplexity`` its exponential."""
        loss = -float(np.log(self.probabilities(test)).mean())
        return {TEST_LOSS: loss, "perplexity": float(np.exp(loss))}

    def sample(self, n: int, generator: Generator) -> Array:
        length = self.family.length
        made = np.empty((n, length), np.int32)
        drawn, at_once = self._interpolated, n
        if self.family.temperature != 1:
            drawn, at_once = self._tempered, _AT_ONCE
        for first in range(0, n, at_once):
            rows = made[first : first + at_once]
            for place in range(length):
                rows[:, place] = drawn(self._contexts(rows[:, :place]), generator)
        return made

    def _contexts(self, rows: Array) -> list[Array]:
        """By length, the numbers of the contexts that rows end with."""
        contexts = [np.zeros(len(rows), np.int64)]
        tokens = len(self.family.corpus.vocabulary)
        for back in range(1, min(len(self.tables), rows.shape[1] + 1)):
            contexts.append(contexts[-1] + rows[:, -back].astype(np.int64) * tokens ** (back - 1))
        return contexts

    def _interpolated(self, contexts: list[Array], generator: Generator) -> Array:
        """A token each: the smoothed distribution is a mixture, and its part is drawn first."""
        tokens = len(self.family.corpus.vocabulary)
        made = generator.integers(tokens, size=len(contexts[0]))
        open_ = np.arange(len(made))
        for table, context in reversed(list(zip(self.tables, contexts, strict=False))):
            start, end = table.after(context[open_])
            seen, kinds = table.sums[end] - table.sums[start], end - start
            chosen = generator.random(len(open_)) * (seen + kinds)
            here = chosen < seen
            start, end, chosen = start[here], end[here], chosen[here]
            places = np.searchsorted(table.sums, table.sums[start] + chosen, side="right") - 1
            made[open_[here]] = table.keys[np.clip(places, start, end - 1)] % tokens
            open_ = open_[~here]
        return made

    def _tempered(self, contexts: list[Array], generator: Generator) -> Array:
        """A token each. After a context, tokens that never followed its last one have shares in proportion to those of the shortest
        n-grams; only the others are raised one by one, so that a large vocabulary costs little."""
        tokens, power = len(self.family.corpus.vocabulary), 1 / self.family.temperature
        longest, which = np.unique(contexts[-1], return_inverse=True)
        which = which.reshape(-1)
        base, greatest = self._base, self._base.max()
        raised = (base / greatest) ** power
        below = np.concatenate([[0.0], np.cumsum(raised)])

        # What followed, in pairs of a context and a token.
        followed = [_Followed(table, longest % tokens**longer) for longer, table in enumerate(self.tables[: len(contexts)])][1:]
        context, token = followed[0].pairs(tokens) if followed else (np.zeros(0, np.int64),) * 2
        pairs, first = context * tokens + token, np.searchsorted(context, np.arange(len(longest) + 1))
        shares, left = base[token], np.ones(len(longest))
        for each in followed:
            back = np.where(each.kinds > 0, each.kinds / np.maximum(each.seen + each.kinds, 1e-300), 1.0)
            left *= back
            shares *= back[context]
            longer_context, longer_token = each.pairs(tokens)
            at = np.searchsorted(pairs, longer_context * tokens + longer_token)
            shares[at] += each.counts / (each.seen + each.kinds)[longer_context]
        top = left * greatest
        np.maximum.at(top, context, shares)
        heat = np.concatenate([[0.0], np.cumsum((shares / top[context]) ** power)])
        hot = heat[first[1:]] - heat[first[:-1]]
        taken = np.concatenate([[0.0], np.cumsum(raised[token])])
        rest = below[-1] - (taken[first[1:]] - taken[first[:-1]])
        rest[rest < _ROUNDING * below[-1]] = 0
        cold = (left * greatest / top) ** power * rest

        chosen = generator.random(len(which)) * (hot + cold)[which]
        found = np.searchsorted(heat, heat[first[which]] + chosen, side="right") - 1
        made = np.zeros(len(which), np.int64)
        is_hot = (chosen < hot[which]) | (rest[which] == 0)
        made[is_hot] = token[np.clip(found, first[which], first[which + 1] - 1)[is_hot]]
        # Among the others: how much of them is before each pair's token tells how many pairs to step over.
        others = which[~is_hot]
        chosen = generator.random(len(others)) * rest[others]
        before = below[token] - (taken[:-1] - taken[first[context]])
        over = np.searchsorted(context + before / (2 * below[-1]), others + chosen / (2 * below[-1]), side="right")
        target = chosen + taken[np.clip(over, first[others], first[others + 1])] - taken[first[others]]
        made[~is_hot] = np.minimum(np.searchsorted(below, target, side="right") - 1, tokens - 1)
        return made

    @cached_property
    def _base(self) -> Array:
        """The smoothed distribution after the empty context."""
        tokens, (table, *_) = len(self.family.corpus.vocabulary), self.tables
        kinds = len(table.keys)
        shares = np.full(tokens, kinds / tokens)
        shares[table.keys] += np.diff(table.sums)
        base: Array = shares / (table.sums[-1] + kinds)
        return base


class _Followed:
    """The n-grams of a table after each of some contexts."""

    def __init__(self, table: Table, contexts: Array) -> None:
        start, end = table.after(contexts)
        self.kinds = end - start
        self.seen = table.sums[end] - table.sums[start]
        self._places = np.arange(self.kinds.sum()) + np.repeat(start - np.cumsum(self.kinds) + self.kinds, self.kinds)
        self._table = table

    @property
    def counts(self) -> Array:
        counts: Array = self._table.sums[self._places + 1] - self._table.sums[self._places]
        return counts

    def pairs(self, tokens: int) -> tuple[Array, Array]:
        """Which context, and the token after it, in ascending order: int64[pairs] each."""
        return np.repeat(np.arange(len(self.kinds)), self.kinds), self._table.keys[self._places] % tokens


def _lines(tokens: Array, length: int, n: int, generator: Generator) -> Array:
    lines: Array = tokens[: len(tokens) // length * length].reshape(-1, length)
    rounds = [generator.permutation(len(lines)) for _ in range(-(-n // len(lines)))]
    return lines[np.concatenate(rounds)[:n]] if rounds else lines[:0]


def _tables(rows: Array, weights: Array, order: int, tokens: int) -> tuple[Table, ...]:
    tables, ending = [], np.asarray(rows, np.int64)
    for longer in range(min(order, rows.shape[1])):
        if longer:
            ending = _extended(rows, ending, longer, tokens)
        keys, places = np.unique(ending.reshape(-1), return_inverse=True)
        counts = np.bincount(places.reshape(-1), np.repeat(weights, ending.shape[1]), len(keys))
        tables.append(Table(keys, np.concatenate([[0.0], np.cumsum(counts)]), tokens))
    return tuple(tables)


def _extended(rows: Array, ending: Array, longer: int, tokens: int) -> Array:
    """The numbers of the n-grams that end at each place, from those of the n-grams that are shorter by one: int64[n, places]."""
    extended: Array = ending[:, 1:] + rows[:, : ending.shape[1] - 1].astype(np.int64) * tokens**longer
    return extended


def ngram_from_config(config: object) -> NGram:
    """Raises :class:`RecsynError` for what is none."""
    written = fields_of(config, "ngram", _FIELDS)
    text, field, digest = (written.get(name) for name in ("text", "field", "digest"))
    for name, value in (("text", text), ("field", field), ("digest", digest)):
        if value is not None and not isinstance(value, str):
            raise RecsynError(f"{name} of ngram is {quoted(value)}, not a text", "put it between quotes")
    temperature = number("temperature of ngram", written.get("temperature", 1.0), 0)
    if temperature < 0.01:
        raise RecsynError(f"the temperature of ngram is {temperature:g}", "give 0.01 or more")
    vocabulary = written.get("vocabulary")
    family = NGram(
        text or DOCUMENTATION,
        field,
        one_of("unit of ngram", written.get("unit", "character"), UNITS),
        whole("order of ngram", written.get("order", 5), 1, 20),
        whole("length of ngram", written.get("length", 64), 1, 100_000),
        temperature,
        None if vocabulary is None else whole("vocabulary of ngram", vocabulary, 2, 1_000_000),
    )
    if digest and digest != family.corpus.digest:
        raise RecsynError(
            f"the text {family.text!r} is not the one that the configuration was made with: its digest is {family.corpus.digest}",
            "that of Python's documentation differs from one Python to another; leave `digest` out to take this text",
        )
    return family
