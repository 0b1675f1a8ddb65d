"""Asking a network for its answer: token by token, or all at once when only the verdict on a known answer is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from recsyn.data.randomness import digest
from recsyn.data.vocabulary import END, PAD, START
from recsyn.errors import RecsynError
from recsyn.neural.networks import Network, one_thread, trimmed

Choose: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""The ids int64[n] of next tokens, by their logits float[n, V] and by the places int64[n] of their rows in the batch."""


@dataclass(frozen=True)
class Decoded:
    """One answer: its token ids without START and END, whether END came before the longest length allowed was over, and whether
    all logits that it was chosen by are numbers."""

    tokens: tuple[int, ...]
    ended: bool
    numbers: bool = True


@torch.inference_mode()
def greedy(model: Network, source: Tensor, max_length: int | None = None, batch_size: int = 512) -> list[Decoded]:
    """The likeliest token, again and again until END, for each row of ``source`` int64[B, Ls]; never PAD, never START.

    An answer that END does not follow within ``max_length`` tokens, or within the positions of the model, is cut there.
    ``batch_size`` rows are decoded at a time. Raises :class:`RecsynError` when rows of ``source`` pass the model's positions.
    """
    return _decoded(model, source, max_length, batch_size, lambda first: lambda logits, rows: _likeliest(logits))


@torch.inference_mode()
def sampled(
    model: Network, source: Tensor, seed: int, temperature: float = 1.0, max_length: int | None = None, batch_size: int = 512
) -> list[Decoded]:
    """Like :func:`greedy`, but each token is drawn as likely as the model holds it after its logits are divided by ``temperature``.
    The same rows, seed and ``batch_size`` give the same answers."""
    if not temperature > 0:
        raise RecsynError(f"the temperature is {temperature}, and must be above 0", "greedy decoding is what it comes to near 0")

    def chooser(first: int) -> Choose:
        chance = torch.Generator().manual_seed(digest("decoding", seed, first) & 2**63 - 1)

        def choose(logits: Tensor, rows: Tensor) -> Tensor:
            """By Gumbel's trick. Rows that are done get noise too, so that those that go on do not depend on them."""
            noise = torch.rand(batch_size, logits.shape[-1], generator=chance).clamp_(min=1e-30)[rows.cpu()]
            return _likeliest(logits / temperature - (-noise.log()).log().to(logits.device))

        return choose

    return _decoded(model, source, max_length, batch_size, chooser)


@torch.inference_mode()
def teacher_forced(model: Network, source: Tensor, target: Tensor, batch_size: int = 512) -> Tensor:
    """Whether :func:`greedy` answers each row of ``source`` int64[B, Ls] with ``target`` int64[B, Lt]: bool[B], in one pass.

    It does exactly when, after every correct prefix, the likeliest token is the next correct one, END included. A target too
    long for the model's positions is one that it cannot give. Raises :class:`RecsynError` when rows of ``source`` pass them.
    """
    device = _device(model)
    with _evaluating(model):
        pairs = zip(*(torch.split(rows.to(device), batch_size) for rows in (source, target)), strict=True)
        verdicts = [_teacher_forced(model, trimmed(one), trimmed(other)) for one, other in pairs if len(one)]
    return torch.cat(verdicts).cpu() if verdicts else torch.zeros(0, dtype=torch.bool)


def _teacher_forced(model: Network, source: Tensor, target: Tensor) -> Tensor:
    _check_source(model, source)
    fitting = (target != PAD).sum(1) - 2 <= model.longest(source)
    right = torch.zeros_like(fitting)
    if fitting.any():
        source, target = trimmed(source[fitting]), trimmed(target[fitting])
        correct = target[:, 1:]
        logits = model(source, target[:, :-1])
        alike = (_likeliest(logits) == correct) & ~logits.isnan().any(-1)
        right[fitting] = (alike | (correct == PAD)).all(1)
    return right


@torch.inference_mode()
def log_likelihoods(model: Network, source: Tensor, target: Tensor, batch_size: int = 512) -> Tensor:
    """How likely each row of ``target`` int64[B, Lt] is as the answer to that of ``source`` int64[B, Ls]: float64[B], in nats, the
    sum over its tokens, END included; minus infinity where it is too long for the model's positions. Raises :class:`RecsynError`
    when rows of ``source`` pass them."""
    device = _device(model)
    with _evaluating(model):
        pairs = zip(*(torch.split(rows.to(device), batch_size) for rows in (source, target)), strict=True)
        found = [_log_likelihoods(model, trimmed(one), trimmed(other)) for one, other in pairs if len(one)]
    return torch.cat(found).double().cpu() if found else torch.zeros(0, dtype=torch.float64)


def _log_likelihoods(model: Network, source: Tensor, target: Tensor) -> Tensor:
    _check_source(model, source)
    fitting = (target != PAD).sum(1) - 2 <= model.longest(source)
    found = torch.full((len(source),), -torch.inf, device=source.device)
    if fitting.any():
        source, target = trimmed(source[fitting]), trimmed(target[fitting])
        correct = target[:, 1:]
        each = model(source, target[:, :-1]).float().log_softmax(-1).gather(-1, correct[..., None])[..., 0]
        found[fitting] = each.masked_fill(correct == PAD, 0.0).sum(1)
    return found


def _check_source(model: Network, source: Tensor) -> None:
    limit = model.architecture.max_positions
    if source.shape[1] > limit:
        raise RecsynError(
            f"a row of {source.shape[1]} tokens is longer than the {limit} positions of the model",
            f"an architecture with max_positions of {source.shape[1]} or more can read it",
        )


def _likeliest(logits: Tensor) -> Tensor:
    """The best id of each float[…, V] that may be written: END and all after it, which leaves out PAD and START."""
    return logits[..., END:].argmax(-1) + END


def _decoded(
    model: Network, source: Tensor, max_length: int | None, batch_size: int, chooser: Callable[[int], Choose]
) -> list[Decoded]:
    """``chooser`` is told the place of the first row of each batch."""
    if max_length is not None and max_length < 0:
        raise RecsynError(f"max_length must be 0 or more, not {max_length}")
    found: list[Decoded] = []
    with _evaluating(model):
        for first in range(0, len(source), batch_size):
            rows = trimmed(source[first : first + batch_size].to(_device(model)))
            found += _written(model, rows, max_length, chooser(first))
    return found


def _written(model: Network, source: Tensor, max_length: int | None, choose: Choose) -> list[Decoded]:
    _check_source(model, source)
    limits = model.longest(source)
    limits = limits if max_length is None else limits.clamp(max=max_length)
    answers = torch.full((len(source), int(limits.max())), PAD, device=source.device)
    ended, broken = (torch.zeros(len(source), dtype=torch.bool, device=source.device) for _ in range(2))
    writers = model.writers(source)
    rows, tokens = torch.arange(len(source), device=source.device), torch.full_like(source[:, 0], START)
    for position in range(answers.shape[1] + 1):
        logits = writers.step(tokens)
        broken[rows] |= logits.isnan().any(-1)
        tokens = choose(logits, rows)
        is_end = tokens == END
        ended[rows[is_end]] = True
        going = ~is_end & (limits[rows] > position)
        if not going.all():
            rows, tokens, writers = rows[going], tokens[going], writers.only(going)
        if not len(rows):
            break
        answers[rows, position] = tokens
    return [
        Decoded(tuple(token for token in row if token != PAD), end, not wrong)
        for row, end, wrong in zip(answers.tolist(), ended.tolist(), broken.tolist(), strict=True)
    ]


def _device(model: Network) -> torch.device:
    return model.tokens.weight.device


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    was = model.training
    model.eval()
    try:
        with one_thread():
            yield
    finally:
        model.train(was)
