"""A checkpoint as a model that a campaign can question: values or lines in, answers or verdicts out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.questions import Line
from recsyn.data.vocabulary import PAD
from recsyn.errors import RecsynError
from recsyn.neural.checkpoint import Checkpoint
from recsyn.neural.decoding import greedy, log_likelihoods, teacher_forced
from recsyn.values import Datum


@dataclass(frozen=True)
class CheckpointModel:
    """A checkpoint that answers batches of its task's inputs, ``batch_size`` of them at a time. Where the next line is asked for,
    it takes lines too, as tuples of tokens; an input then stands for the line that its row has.

    Its methods raise :class:`RecsynError` for an input that the task cannot encode or that is too long for the model.
    """

    checkpoint: Checkpoint
    batch_size: int = 512

    def __call__(self, inputs: Sequence[Datum | Line]) -> list[Answer | Unanswered]:
        """The greedy answer to each input; one that the model does not end is cut at its last position."""
        if not inputs:
            return []
        vocabulary = self.checkpoint.task.vocabulary
        decoded = greedy(self.checkpoint.model, self._source(inputs), batch_size=self.batch_size)
        return [
            Answer(tuple(vocabulary.decode(each.tokens)), each.ended)
            if each.numbers
            else Unanswered("not a number", "the logits of the model are not numbers")
            for each in decoded
        ]

    def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.bool_]:
        """Whether the answer to each of n inputs is its output: bool[n], found in one pass without writing the answers."""
        if not inputs:
            return np.zeros(0, dtype=np.bool_)
        target = torch.from_numpy(self.checkpoint.task.encode_target(inputs, outputs)).long()
        verdicts: NDArray[np.bool_] = teacher_forced(self.checkpoint.model, self._source(inputs), target, self.batch_size).numpy()
        return verdicts

    def losses(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.float64]:
        """The negative log-likelihood of the output given for each of n inputs: float64[n], in nats."""
        if not inputs:
            return np.zeros(0)
        target = torch.from_numpy(self.checkpoint.task.encode_target(inputs, outputs)).long()
        found: NDArray[np.float64] = -log_likelihoods(self.checkpoint.model, self._source(inputs), target, self.batch_size).numpy()
        return found

    def _source(self, inputs: Sequence[Datum | Line]) -> torch.Tensor:
        source = self.checkpoint.task.encode_source(inputs)
        limit = self.checkpoint.architecture.max_positions
        lengths = (source != PAD).sum(axis=1)
        worst = int(lengths.argmax())
        if lengths[worst] > limit:
            raise RecsynError(
                f"input {worst + 1} is {lengths[worst]} tokens long, END included, and the model reads at most {limit}",
                "ask for smaller inputs, or train a model with more max_positions",
            )
        return torch.from_numpy(source).long()
