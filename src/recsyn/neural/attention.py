"""Layers of attention over states, whose keys and values may be kept, and what positions do to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from recsyn.neural.architecture import Architecture

_ROTARY_BASE, _SINE_BASE = 10_000.0, 10_000.0


@dataclass
class Kept:
    """Keys and values that are attended to, each ``[B, heads, L, width / heads]``."""

    keys: Tensor
    values: Tensor

    def with_more(self, keys: Tensor, values: Tensor) -> Kept:
        return Kept(torch.cat([self.keys, keys], dim=2), torch.cat([self.values, values], dim=2))

    def only(self, rows: Tensor) -> Kept:
        return Kept(self.keys[rows], self.values[rows])


class Attention(nn.Module):
    """Multi-head attention by PyTorch's fused kernel. Rotary positions turn queries and keys here."""

    def __init__(self, shape: Architecture) -> None:
        super().__init__()
        self.heads = shape.heads
        self.dropout = shape.dropout
        self.query = nn.Linear(shape.width, shape.width)
        self.read = nn.Linear(shape.width, 2 * shape.width)
        self.out = nn.Linear(shape.width, shape.width)
        for part, outputs in ((self.query, 1), (self.read, 2)):
            # As if query, keys and values were one matrix, as they are in nn.MultiheadAttention.
            nn.init.xavier_uniform_(part.weight, gain=math.sqrt((1 + outputs) / 4))
            nn.init.zeros_(part.bias)
        nn.init.xavier_uniform_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def keep(self, states: Tensor, turn: Tensor | None = None) -> Kept:
        """The keys and values of states ``[B, L, width]``, the keys turned by :func:`turns`."""
        keys, values = (self._by_head(part) for part in self.read(states).chunk(2, dim=-1))
        return Kept(_turned(keys, turn), values)

    def forward(self, states: Tensor, kept: Kept, mask: Tensor | None, turn: Tensor | None = None) -> Tensor:
        """States ``[B, L, width]`` that attend to what is kept. ``mask``, which broadcasts to ``[B, heads, L, kept]``, is true
        where they may, or is added to the logits."""
        query = _turned(self._by_head(self.query(states)), turn)
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(query, kept.keys, kept.values, attn_mask=mask, dropout_p=dropout)
        attended: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return attended

    def _by_head(self, states: Tensor) -> Tensor:
        rows, length, width = states.shape
        return states.view(rows, length, self.heads, width // self.heads).transpose(1, 2)


class Layer(nn.Module):
    """Self-attention, then attention to a memory where there is one, then two linear maps; each beside the states that go in."""

    def __init__(self, shape: Architecture, with_memory: bool) -> None:
        super().__init__()
        self.before = shape.norm == "before"
        self.self_attention = Attention(shape)
        self.memory_attention = Attention(shape) if with_memory else None
        self.widen, self.narrow = nn.Linear(shape.width, shape.feedforward), nn.Linear(shape.feedforward, shape.width)
        for part in (self.widen, self.narrow):
            nn.init.xavier_uniform_(part.weight)
        self.norms = nn.ModuleList(nn.LayerNorm(shape.width) for _ in range(3 if with_memory else 2))
        self.activation: Callable[[Tensor], Tensor] = functional.relu if shape.activation == "relu" else functional.gelu
        self.dropout = nn.Dropout(shape.dropout)

    def forward(
        self,
        states: Tensor,
        mask: Tensor | None,
        turn: Tensor | None,
        earlier: Kept | None = None,
        memory: Kept | None = None,
        memory_mask: Tensor | None = None,
    ) -> tuple[Tensor, Kept]:
        """States ``[B, L, width]`` after the layer, and the keys and values of the ``earlier`` ones and of these, to which they
        attend as ``mask`` says."""
        own = self.norms[0](states) if self.before else states
        kept = self.self_attention.keep(own, turn)
        if earlier is not None:
            kept = earlier.with_more(kept.keys, kept.values)
        states = self._added(0, states, self.self_attention(own, kept, mask, turn))
        if self.memory_attention is not None:
            assert memory is not None
            own = self.norms[1](states) if self.before else states
            states = self._added(1, states, self.memory_attention(own, memory, memory_mask))
        last = len(self.norms) - 1
        own = self.norms[last](states) if self.before else states
        return self._added(last, states, self.narrow(self.dropout(self.activation(self.widen(own))))), kept

    def _added(self, part: int, states: Tensor, found: Tensor) -> Tensor:
        added = states + self.dropout(found)
        normed: Tensor = added if self.before else self.norms[part](added)
        return normed


# Positions


def sines(positions: Tensor, width: int) -> Tensor:
    """Sinusoidal positions ``[…, width]`` (Vaswani et al. 2017, 3.5)."""
    angles = positions[..., None].float() * _frequencies(width, _SINE_BASE, positions.device)
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)[..., :width]


def turns(positions: Tensor, width: int) -> Tensor:
    """By which angles pairs of numbers of a head ``width`` wide are turned at positions ``[B, L]`` (Su et al. 2021, eq. 15):
    ``[2, B, 1, L, width / 2]``, cosines and sines."""
    angles = positions[:, None, :, None].float() * _frequencies(width, _ROTARY_BASE, positions.device)
    return torch.stack([angles.cos(), angles.sin()])


def slopes(heads: int, device: torch.device) -> Tensor:
    """How much each head minds distance, ``[heads]`` (Press et al. 2022, section 3, their rule for numbers that are no powers of
    two among them)."""
    power = 2 ** math.floor(math.log2(heads))
    own = [2 ** (-8 * (i + 1) / power) for i in range(power)]
    between = [2 ** (-4 * (i + 1) / power) for i in range(0, 2 * (heads - power), 2)]
    return torch.tensor(own + between, device=device)


def _frequencies(width: int, base: float, device: torch.device) -> Tensor:
    pairs = torch.arange(-(-width // 2), device=device)
    return base ** (-2 * pairs / width)


def _turned(states: Tensor, turn: Tensor | None) -> Tensor:
    if turn is None:
        return states
    cosines, sines = turn.to(states.dtype)
    first, second = states.view(*states.shape[:-1], -1, 2).unbind(-1)
    return torch.stack([first * cosines - second * sines, first * sines + second * cosines], dim=-1).flatten(-2)
