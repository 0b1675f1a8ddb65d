"""n-gram models, against smoothing by recursion over counts by ``collections.Counter``."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import product
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsyn.collapse.families.ngram import NGram, ngram_from_config
from recsyn.collapse.family import HeldOut, Readable
from recsyn.errors import RecsynError

pytestmark = pytest.mark.filterwarnings("error")


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


class Recursion:
    """Witten–Bell smoothing as it is written in papers."""

    def __init__(self, rows: Any, weights: Any, order: int, tokens: int) -> None:
        self.order, self.tokens = order, tokens
        self.counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
        for row, weight in zip(np.asarray(rows).tolist(), weights, strict=True):
            for place, token in enumerate(row):
                for longer in range(min(order, place + 1)):
                    if weight:
                        self.counts[tuple(row[place - longer : place])][token] += weight

    def after(self, context: tuple[int, ...], token: int) -> float:
        context = context[max(0, len(context) - self.order + 1) :]
        shorter = self.after(context[1:], token) if context else 1 / self.tokens
        seen = self.counts.get(context)
        if not seen:
            return shorter
        return (seen[token] + len(seen) * shorter) / (sum(seen.values()) + len(seen))


@pytest.mark.parametrize("order", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("unit", ["character", "word"])
def test_probabilities_are_those_of_the_recursion(text: Path, unit: str, order: int) -> None:
    g = generator()
    family = NGram(str(text), unit=unit, order=order, length=7, vocabulary=12)
    rows, test = family.real(9, g), family.held_out(6, g)
    weights = np.array([1, 0, 2.5, 1, 1, 0, 3, 1, 0.25])
    model = family.fit(rows, weights, g)
    oracle = Recursion(rows, weights, order, len(family.corpus.vocabulary))
    found = [[oracle.after(tuple(row[:place]), row[place]) for place in range(7)] for row in test.tolist()]
    np.testing.assert_allclose(model.probabilities(test), found, rtol=1e-9)
    scores = model.score(test)
    assert scores["test_loss"] == pytest.approx(-sum(log(p) for row in found for p in row) / 42)
    assert scores["perplexity"] == pytest.approx(exp(scores["test_loss"]))


def test_probabilities_of_all_tokens_sum_to_one(text: Path) -> None:
    family = NGram(str(text), length=6, order=4)
    model = family.fit(family.real(12, generator()), np.ones(12), generator())
    tokens = len(family.corpus.vocabulary)
    for row in (*family.held_out(3, generator()), *family.real(3, generator())):
        for place in range(6):
            rows = np.repeat(row[None], tokens, 0)
            rows[:, place] = np.arange(tokens)
            assert model.probabilities(rows)[:, place].sum() == pytest.approx(1)


def test_a_row_of_weight_w_counts_as_w_rows(text: Path) -> None:
    family = NGram(str(text), length=8)
    rows, weights = family.real(10, generator()), np.arange(10) % 4
    one = family.fit(rows, weights, generator()).score(rows)
    other = family.fit(np.repeat(rows, weights, 0), np.ones(weights.sum()), generator()).score(rows)
    assert one["test_loss"] == pytest.approx(other["test_loss"])


@pytest.mark.parametrize("temperature", [1.0, 0.4, 2.0])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_models_draw_from_their_distribution(text: Path, order: int, temperature: float) -> None:
    """All rows of three tokens are counted, and held against the product of their probabilities."""
    g, many = generator(order), 60_000
    family = NGram(str(text), unit="word", order=order, length=3, vocabulary=5, temperature=temperature)
    rows = family.real(6, g)
    model, tokens = family.fit(rows, np.ones(6), g), len(family.corpus.vocabulary)
    oracle = Recursion(rows, np.ones(6), order, tokens)

    def after(context: tuple[int, ...]) -> np.ndarray:
        shares = np.array([oracle.after(context, token) for token in range(tokens)]) ** (1 / temperature)
        return shares / shares.sum()

    made = model.sample(many, g)
    counts = Counter(map(tuple, made.tolist()))
    compared, rare, rare_expected = 0, many, float(many)
    for a, b, c in product(range(tokens), repeat=3):
        expected = many * after(())[a] * after((a,))[b] * after((a, b))[c]
        if expected > 20:
            assert abs(counts[a, b, c] - expected) < 4 * sqrt(expected)
            compared, rare, rare_expected = compared + 1, rare - counts[a, b, c], rare_expected - expected
    assert made.shape == (many, 3)
    assert compared > 20
    assert abs(rare - rare_expected) < 4 * sqrt(rare_expected + 1)


def test_a_low_temperature_takes_the_likeliest_token(text: Path) -> None:
    family = NGram(str(text), length=12, order=4, temperature=0.01)
    rows = family.real(40, generator())
    model = family.fit(rows, np.ones(40), generator())
    made = model.sample(5, generator())
    assert (made == made[0]).all()
    oracle = Recursion(rows, np.ones(40), 4, len(family.corpus.vocabulary))
    for place in range(12):
        shares = [oracle.after(tuple(made[0, :place].tolist()), token) for token in range(oracle.tokens)]
        assert shares[made[0, place]] == max(shares)


def test_rows_are_lines_of_their_half(text: Path) -> None:
    family = NGram(str(text), length=10)
    assert isinstance(family, HeldOut)
    assert isinstance(family, Readable)
    for drawn, half in ((family.real, family.corpus.training), (family.held_out, family.corpus.held_out)):
        lines = half[: len(half) // 10 * 10].reshape(-1, 10)
        rows = drawn(len(lines), generator())
        assert sorted(rows.tolist()) == sorted(lines.tolist())
        assert rows.tolist() != lines.tolist()
        assert (drawn(5, generator(1)) == drawn(5, generator(1))).all()
        assert drawn(2 * len(lines) + 3, generator()).shape == (2 * len(lines) + 3, 10)
    assert "the cat sa" in family.lines(family.corpus.training[:10][None])


def test_a_chain_of_replaced_texts_gets_worse_and_one_that_accumulates_less_so(text: Path) -> None:
    g = generator(5)
    family = NGram(str(text), length=16, order=3)
    test, ones = family.held_out(40, g), np.ones(60)
    real = family.real(60, g)
    losses = {}
    for accumulate in (False, True):
        lots, losses[accumulate] = real, []
        for _ in range(5):
            model = family.fit(lots, np.ones(len(lots)), g)
            losses[accumulate].append(model.score(test)["test_loss"])
            made = model.sample(len(ones), g)
            lots = np.concatenate([lots, made]) if accumulate else made
    assert losses[False][0] == losses[True][0] < losses[True][-1] < losses[False][-1]


def test_configurations(text: Path) -> None:
    config = {"text": str(text), "unit": "word", "order": 3, "length": 8, "temperature": 0.5, "vocabulary": 9}
    family = ngram_from_config(config)
    written = family.to_config()
    assert written == {**config, "kind": "ngram", "text": "animals.txt", "field": None, "digest": family.corpus.digest}
    assert ngram_from_config({**config, "digest": written["digest"]}) == family
    text.write_text(text.read_text() + "more\n")
    from recsyn.collapse.families import texts

    texts.corpus.cache_clear()
    assert ngram_from_config(config).to_config() != written
    with pytest.raises(RecsynError, match="not the one that the configuration was made with"):
        ngram_from_config({**config, "digest": written["digest"]})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tempreature": 1}, "did you mean `temperature`?"),
        ({"temperature": 0}, "give 0.01 or more"),
        ({"temperature": -1}, "not 0 or above"),
        ({"unit": "words"}, "did you mean `word`?"),
        ({"order": 0}, "order of ngram is 0, not from 1 to 20"),
        ({"order": 20}, "too many 20-grams to be numbered in 63 bits"),
        ({"length": 10**5}, "and a row has 100,000"),
        ({"vocabulary": 1}, "vocabulary of ngram is 1"),
        ({"text": 3}, "text of ngram is 3, not a text"),
        ({"text": "nothing.txt"}, "there is no file 'nothing.txt'"),
        ({"field": "text"}, "is plain text, which has no field"),
        ("ngram", "give its fields: text, field"),
    ],
)
def test_impossible_configurations_are_refused(text: Path, config: Any, message: str) -> None:
    with pytest.raises(RecsynError) as refusal:
        ngram_from_config({"text": str(text), **config} if isinstance(config, dict) else config)
    assert message in str(refusal.value)


def test_more_rows_than_lines_are_refused(text: Path) -> None:
    family = NGram(str(text), length=10)
    lines = len(family.corpus.training) // 10
    family.check(lines)
    with pytest.raises(RecsynError, match="give fewer rows, or a longer text"):
        family.check(lines + 1)
