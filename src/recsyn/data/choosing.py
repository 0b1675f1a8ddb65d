"""One of several alternatives, with probabilities that are whole numbers over their sum, from words of random bits. Exactly so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 64
"""The bits of a word that are looked at first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An alias table (Walker 1977) in whole numbers, of 2^``bits`` cells of equal weight.

    The upper bits of a word choose a cell, the others are compared with the cell's threshold: below it the cell stands for its
    ``own`` alternative, else for the ``other`` one. Where a threshold is no number of those bits (``rests`` has what is left over,
    in units of 1 / ``total`` of the last bit), and the bits equal its whole part, further words decide. With one alternative
    there is nothing to choose, and no word is read.
    """

    bits: int
    thresholds: tuple[int, ...]
    own: tuple[int, ...]
    other: tuple[int, ...]
    rests: tuple[int, ...]
    total: int
    width: int

    @staticmethod
    def among(weights: Sequence[int], width: int = WIDTH) -> Choice:
        """Alternatives with these weights, all above 0. Less than 64 bits of ``width``, of which the cells take some, make further
        words needed more often, and change nothing else but speed."""
        many, total = len(weights), sum(weights)
        bits = (many - 1).bit_length()
        if bits >= width:
            raise ValueError(f"{many} alternatives take more than {width} bits to choose among")
        cells = 1 << bits
        # What is left of each alternative, where a cell holds `total`; the cells without an alternative of their own hold nothing.
        left = [weight << bits for weight in weights] + [0] * (cells - many)
        other = list(range(cells))
        parts = [0] * cells
        small = [i for i in range(cells - 1, -1, -1) if left[i] < total]
        large = [i for i in range(cells - 1, -1, -1) if left[i] >= total]
        while small:
            cell, giver = small.pop(), large[-1]
            parts[cell], other[cell] = left[cell], giver
            left[giver] -= total - left[cell]
            if left[giver] < total:
                small.append(large.pop())
        thresholds, rests = [], []
        for part in parts:
            threshold, rest = divmod(part << width - bits, total)
            thresholds.append(threshold)
            rests.append(rest)
        own = tuple(cell if cell < many else other[cell] for cell in range(cells))
        return Choice(bits, tuple(thresholds), own, tuple(other), tuple(rests), total, width)

    def __call__(self, words: Iterator[int]) -> int:
        """The number of an alternative. Reads one word, and seldom more; none where there is one alternative only."""
        if not self.bits:
            return 0
        word = next(words) >> WIDTH - self.width
        below = self.width - self.bits
        cell = word >> below
        bits, threshold = word & (1 << below) - 1, self.thresholds[cell]
        rest = self.rests[cell]
        while bits == threshold and rest:
            threshold, rest = divmod(rest << WIDTH, self.total)
            bits = next(words)
        return self.own[cell] if bits < threshold else self.other[cell]
