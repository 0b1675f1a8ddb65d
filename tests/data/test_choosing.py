"""Choices by weight, against the probabilities that trying out every word gives."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from recsyn.data.choosing import WIDTH, Choice

WEIGHTS = st.lists(st.integers(1, 10**30) | st.integers(1, 5), min_size=1, max_size=20)


def shares(choice: Choice, alternatives: int, width: int) -> list[Fraction]:
    """How likely each alternative is, to within 2^-60: the first words one after another, and where a second one is asked for, the
    place from which on it decides otherwise, found by halving."""
    found = [Fraction(0)] * alternatives
    for upper in range(2**width):
        asked = 0

        def words(second: int, upper: int = upper) -> Iterator[int]:
            nonlocal asked
            yield upper << WIDTH - width
            asked += 1
            yield second
            while True:
                yield 0

        below, above = choice(words(0)), choice(words(2**WIDTH - 1))
        least, most = 0, 2**WIDTH
        while asked and most - least > 1:
            middle = (least + most) // 2
            least, most = (middle, most) if choice(words(middle)) == below else (least, middle)
        share = Fraction(most, 2**WIDTH)
        found[below] += share / 2**width
        found[above] += (1 - share) / 2**width
    return found


@given(weights=WEIGHTS, spare=st.integers(1, 4))
def test_every_alternative_is_as_likely_as_its_weight(weights: list[int], spare: int) -> None:
    width = (len(weights) - 1).bit_length() + spare
    choice, total = Choice.among(weights, width), sum(weights)
    for share, weight in zip(shares(choice, len(weights), width), weights, strict=True):
        assert abs(share - Fraction(weight, total)) < Fraction(1, 2**50)


@given(weights=WEIGHTS, word=st.integers(0, 2**WIDTH - 1))
def test_no_word_is_read_where_there_is_no_choice(weights: list[int], word: int) -> None:
    """Else one, and further ones only where it is the first word that stands at a boundary between two alternatives."""
    words = iter([word, *[0] * 9])
    assert 0 <= Choice.among(weights)(words) < len(weights)
    read = 10 - len(list(words))
    choice = Choice.among(weights)
    at_boundary = word and len({choice(iter([w, *[end] * 9])) for w in (word - 1, word) for end in (0, 2**WIDTH - 1)}) > 1
    assert read == 0 if len(weights) == 1 else read == 1 or at_boundary or word == 0


def test_a_tie_that_no_second_word_ends_goes_on_to_a_third() -> None:
    """The first cell is divided at 2/3, in bits 0.101010…: the word's own bit, then words that repeat the pattern."""
    choice, pattern = Choice.among([1, 2], 2), 0x5555555555555555
    assert choice(iter([1 << WIDTH - 2, pattern, pattern, pattern - 1])) == 0
    assert choice(iter([1 << WIDTH - 2, pattern, pattern, pattern + 1])) == 1
