"""Asking a network for its answer: token by token, or all at once when only the verdict on a known answer is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from recsyn.data.vocabulary import END, PAD, START
from recsyn.errors import RecsynError
from recsyn.neural.architecture import EncoderDecoder, Memory, one_thread, trimmed


@dataclass(frozen=True)
class Decoded:
    """One answer: its token ids without START and END, and whether END came before the longest length allowed was over."""

    tokens: tuple[int, ...]
    ended: bool


@torch.inference_mode()
def greedy(model: EncoderDecoder, source: Tensor, max_length: int, batch_size: int = 512) -> list[Decoded]:
    """The likeliest token, again and again until END, for each row of ``source`` int64[B, Ls]; never PAD, never START.

    An answer that END does not follow within ``max_length`` tokens is cut there. ``batch_size`` rows are decoded at a time.
    Raises :class:`RecsynError` when rows of ``source``, or START and ``max_length`` tokens, pass the model's positions.
    """
    limit = model.architecture.max_positions
    if not 0 <= max_length < limit:
        raise RecsynError(f"max_length must be from 0 to {limit - 1} for a model of {limit} positions, not {max_length}")
    with _evaluating(model):
        chunks = torch.split(source.to(model.output.weight.device), batch_size) if len(source) else ()
        return [answer for chunk in chunks for answer in _greedy(model, trimmed(chunk), max_length)]


@torch.inference_mode()
def teacher_forced(model: EncoderDecoder, source: Tensor, target: Tensor, batch_size: int = 512) -> Tensor:
    """Whether :func:`greedy` answers each row of ``source`` int64[B, Ls] with ``target`` int64[B, Lt]: bool[B], in one pass.

    It does exactly when, after every correct prefix, the likeliest token is the next correct one, END included. A target too
    long for the model's positions is one that it cannot give. Raises :class:`RecsynError` when rows of ``source`` pass them.
    """
    device = model.output.weight.device
    with _evaluating(model):
        pairs = zip(*(torch.split(rows.to(device), batch_size) for rows in (source, target)), strict=True)
        verdicts = [_teacher_forced(model, trimmed(one), trimmed(other)) for one, other in pairs if len(one)]
    return torch.cat(verdicts).cpu() if verdicts else torch.zeros(0, dtype=torch.bool)


def _teacher_forced(model: EncoderDecoder, source: Tensor, target: Tensor) -> Tensor:
    reach = model.architecture.max_positions + 1
    within, beyond = target[:, :reach], target[:, reach:]
    correct = within[:, 1:]
    right = (_likeliest(model(source, within[:, :-1])) == correct) | (correct == PAD)
    return right.all(1) & (beyond == PAD).all(1)


def _likeliest(logits: Tensor) -> Tensor:
    """The best id of each float[…, V] that may be written: END and all after it, which leaves out PAD and START."""
    return logits[..., END:].argmax(-1) + END


def _greedy(model: EncoderDecoder, source: Tensor, max_length: int) -> list[Decoded]:
    answers = torch.full((len(source), max_length), PAD)
    ended = torch.zeros(len(source), dtype=torch.bool)
    writers = _Writers.of(model, model.encode(source))
    rows, tokens = torch.arange(len(source), device=source.device), torch.full_like(source[:, 0], START)
    for position in range(max_length + 1):
        tokens = _likeliest(writers.step(model, tokens, position))
        going = tokens != END
        ended[rows[~going].cpu()] = True
        if not going.all():
            rows, tokens, writers = rows[going], tokens[going], writers.only(going)
        if position == max_length or not len(rows):
            break
        answers[rows.cpu(), position] = tokens.cpu()
    return [
        Decoded(tuple(token for token in row if token != PAD), end)
        for row, end in zip(answers.tolist(), ended.tolist(), strict=True)
    ]


@dataclass
class _Writers:
    """Rows that are being written. Every decoder layer keeps the keys and values of all it attends to, of its own states and of
    the memory, each [2, B, heads, L, width / heads], so that a step computes one position and not the whole prefix again."""

    layers: list[nn.TransformerDecoderLayer]
    own: list[Tensor]
    memory: list[Tensor]
    visible: Tensor

    @staticmethod
    def of(model: EncoderDecoder, memory: Memory) -> _Writers:
        layers = cast("list[nn.TransformerDecoderLayer]", list(model.decoder))
        read = [_keys_and_values(layer.multihead_attn, memory.states) for layer in layers]
        return _Writers(layers, [each[..., :0, :] for each in read], read, ~memory.padding[:, None, None, :])

    def only(self, rows: Tensor) -> _Writers:
        own, memory = ([each[:, rows] for each in kept] for kept in (self.own, self.memory))
        return _Writers(self.layers, own, memory, self.visible[rows])

    def step(self, model: EncoderDecoder, tokens: Tensor, position: int) -> Tensor:
        """Logits float[B, V] after ``tokens`` int64[B] at ``position``: what :meth:`EncoderDecoder.decode` gives there."""
        states = model.embed(tokens[:, None], model.target_positions[position : position + 1])
        for index, layer in enumerate(self.layers):
            query = layer.norm1(states)
            self.own[index] = torch.cat([self.own[index], _keys_and_values(layer.self_attn, query)], dim=3)
            states = states + _attend(layer.self_attn, query, self.own[index])
            states = states + _attend(layer.multihead_attn, layer.norm2(states), self.memory[index], self.visible)
            states = states + layer.linear2(functional.relu(layer.linear1(layer.norm3(states))))
        return model.read_out(states)[:, 0]


def _keys_and_values(attention: nn.MultiheadAttention, states: Tensor) -> Tensor:
    rows, length, width = states.shape
    both = functional.linear(states, attention.in_proj_weight[width:], attention.in_proj_bias[width:])
    return both.view(rows, length, 2, attention.num_heads, -1).permute(2, 0, 3, 1, 4)


def _attend(attention: nn.MultiheadAttention, states: Tensor, read: Tensor, visible: Tensor | None = None) -> Tensor:
    rows, length, width = states.shape
    query = functional.linear(states, attention.in_proj_weight[:width], attention.in_proj_bias[:width])
    by_head = query.view(rows, length, attention.num_heads, -1).transpose(1, 2)
    mixed = functional.scaled_dot_product_attention(by_head, read[0], read[1], attn_mask=visible)
    attended: Tensor = attention.out_proj(mixed.transpose(1, 2).flatten(2))
    return attended


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    was = model.training
    model.eval()
    try:
        with one_thread():
            yield
    finally:
        model.train(was)
