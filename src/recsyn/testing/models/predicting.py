"""Modules of Lightning, the user's own and ours, as models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from recsyn.data.answers import Answer
from recsyn.data.questions import Line
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import END, PAD, START
from recsyn.errors import RecsynError
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.checkpoint import Checkpoint
from recsyn.neural.networks import Network
from recsyn.neural.recipe import Recipe
from recsyn.testing.models.portions import Portions, one_each
from recsyn.testing.verdicts import ModelError
from recsyn.values import Datum

_EXPECTED = "it gives the ids of the answers, whole numbers [n, M] or n lists of them"

_FIRST = 8


@dataclass(frozen=True, eq=False)
class Predicting:
    """A module that answers by ``predict_step(batch, batch_idx)``: it is given ids ``int64 [n, L]`` in the task's vocabulary, END
    and PAD after each input's tokens, and gives ids ``[n, M]`` or n lists of ids. An answer ends at END; a START before it and PAD
    are left out; an id that the vocabulary lacks is an unknown token.

    Raises :class:`ModelError` for anything else that it gives, and whatever it raises itself.
    """

    module: nn.Module
    task: Task
    portions: Portions = field(default_factory=Portions)

    def __call__(self, inputs: Sequence[Datum | Line], /) -> list[Answer]:
        if not inputs:
            return []
        source = torch.from_numpy(self.task.encode_source(inputs)).long()
        place = next((weight.device for weight in self.module.parameters()), torch.device("cpu"))
        with _evaluating(self.module), torch.inference_mode():
            return self.portions.over(list(source), lambda rows: self._predicted(torch.stack(list(rows)).to(place)))

    def check(self) -> None:
        """Ask for a few small inputs, whatever the answers. Raises :class:`RecsynError` where none come: for another vocabulary."""
        try:
            self([self.task.asked(each) for each in self.task.space.smallest(_FIRST)])
        except RecsynError:
            raise
        except Exception as error:
            raise RecsynError(
                f"predict_step of {type(self.module).__name__} raised {' '.join(f'{type(error).__name__}: {error}'.split())[:300]}",
                f"it is given ids int64 [n, L] of the {len(self.task.vocabulary)} tokens of {self.task.name}, {_EXPECTED}",
            ) from error

    def _predicted(self, batch: Tensor) -> list[Answer]:
        predict: Any = self.module
        raw = predict.predict_step(batch, 0)
        if isinstance(raw, Tensor) and (raw.ndim != 2 or raw.is_floating_point() or raw.is_complex()):
            raise ModelError(f"predict_step gave {str(raw.dtype).removeprefix('torch.')}{list(raw.shape)}", _EXPECTED)
        rows = raw.tolist() if isinstance(raw, Tensor) else one_each(raw, len(batch))
        return [self._answer(row) for row in one_each(rows, len(batch))]

    def _answer(self, row: Any) -> Answer:
        ids: list[Any] = row.tolist() if isinstance(row, Tensor) else list(row) if isinstance(row, Iterable) else [None]
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in ids):
            raise ModelError("predict_step gave an answer that is no list of ids", _EXPECTED)
        ended = END in ids
        own = [n for n in (ids[: ids.index(END)] if ended else ids) if n != PAD]
        own = own[1:] if own[:1] == [START] else own
        tokens = self.task.vocabulary.tokens
        return Answer(tuple(tokens[n] if 0 <= n < len(tokens) else f"<{n}>" for n in own), ended)


def network_model(network: Network, task: Task) -> CheckpointModel:
    """A network of ours that no folder holds. Raises :class:`RecsynError` where it was made for another vocabulary."""
    own = network.tokens.num_embeddings
    if own != len(task.vocabulary):
        raise RecsynError(
            f"the network has {own} tokens, and the vocabulary of {task.name} has {len(task.vocabulary)}",
            "hold it against the task that it was trained on",
        )
    return CheckpointModel(Checkpoint(task, network.architecture, Recipe(), network, {}, Path()))


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    was = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(was)
