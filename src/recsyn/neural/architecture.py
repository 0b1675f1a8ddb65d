"""The network: an encoder–decoder transformer of a few thousand to a few million parameters, and the record of its shape."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn

from recsyn.data.vocabulary import PAD
from recsyn.errors import RecsynError
from recsyn.neural.settings import Settings, setting

_TOKEN_SCALE = 0.3


@dataclass(frozen=True)
class Architecture(Settings):
    """The shape of an :class:`EncoderDecoder`. ``max_positions`` is the longest row that it reads or writes, in tokens.

    Raises :class:`RecsynError`, naming the field, for a value out of bounds and for a width that the heads do not divide.
    """

    encoder_layers: int = setting(1, 1, 64)
    decoder_layers: int = setting(1, 1, 64)
    width: int = setting(64, 1, 8192)
    heads: int = setting(4, 1, 256)
    feedforward: int = setting(256, 1, 65_536)
    dropout: float = setting(0.0, 0.0, 0.9)
    max_positions: int = setting(64, 2, 65_536)
    position_scale: float = setting(0.3, 0.0, 10.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise RecsynError(
                f"architecture: width must be divisible by heads, and {self.width} is not by {self.heads}",
                f"width {-(-self.width // self.heads) * self.heads} is",
            )


class Memory(NamedTuple):
    """What the encoder hands to the decoder: states float[B, Ls, width], and padding bool[B, Ls], true where a row is PAD."""

    states: Tensor
    padding: Tensor


class EncoderDecoder(nn.Module):
    """A pre-norm encoder–decoder of torch's own layers, with one token embedding for both sides and learned positions for each.

    Positions start from N(0, ``position_scale``): from 0.02, which is usual, small networks do not find where they are. Tokens
    start from N(0, 0.3) and the linear maps from Xavier's uniform: with torch's own N(0, 1) and its smaller linear maps the
    default recipe is not done with binary successor after its 300 steps.
    """

    def __init__(self, architecture: Architecture, vocabulary_size: int) -> None:
        super().__init__()
        shape = self.architecture = architecture
        self.tokens = nn.Embedding(vocabulary_size, shape.width)
        self.source_positions = nn.Parameter(torch.randn(shape.max_positions, shape.width) * shape.position_scale)
        self.target_positions = nn.Parameter(torch.randn(shape.max_positions, shape.width) * shape.position_scale)
        options = {"dropout": shape.dropout, "activation": "relu", "batch_first": True, "norm_first": True}
        # Made one by one: nn.TransformerEncoder copies a single layer, and all would start from the same weights.
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(shape.width, shape.heads, shape.feedforward, **options)  # type: ignore[arg-type]
            for _ in range(shape.encoder_layers)
        )
        self.decoder = nn.ModuleList(
            nn.TransformerDecoderLayer(shape.width, shape.heads, shape.feedforward, **options)  # type: ignore[arg-type]
            for _ in range(shape.decoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(shape.width)
        self.decoder_norm = nn.LayerNorm(shape.width)
        self.output = nn.Linear(shape.width, vocabulary_size)
        self.dropout = nn.Dropout(shape.dropout)
        nn.init.normal_(self.tokens.weight, std=_TOKEN_SCALE)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        """Logits float[B, Lt, V] of the token after each of ``target_in`` int64[B, Lt], which begins with START, given
        ``source`` int64[B, Ls]. Raises :class:`RecsynError` for rows longer than ``max_positions``."""
        return self.decode(target_in, self.encode(source))

    def encode(self, source: Tensor) -> Memory:
        """What the decoder is to know of ``source`` int64[B, Ls]; PAD is seen by no other token."""
        padding = source == PAD
        states = self.embed(source, self.source_positions)
        for layer in self.encoder:
            states = layer(states, src_key_padding_mask=padding)
        return Memory(self.encoder_norm(states), padding)

    def decode(self, target_in: Tensor, memory: Memory) -> Tensor:
        """Logits float[B, Lt, V]; the logits at a position depend on the tokens up to it alone."""
        states = self.embed(target_in, self.target_positions)
        length = target_in.shape[1]
        # PAD comes last in a target, so the causal mask hides it from every token that counts.
        later = torch.ones(length, length, dtype=torch.bool, device=target_in.device).triu(1)
        for layer in self.decoder:
            states = layer(states, memory.states, tgt_mask=later, tgt_is_causal=True, memory_key_padding_mask=memory.padding)
        return self.read_out(states)

    def embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """States float[B, L, width] of tokens int64[B, L] that stand at the first L of ``positions`` float[≥ L, width]."""
        length, limit = tokens.shape[1], len(positions)
        if length > limit:
            raise RecsynError(
                f"a row of {length} tokens is longer than the {limit} positions of the model",
                f"an architecture with max_positions of {length} or more can read it",
            )
        embedded: Tensor = self.dropout(self.tokens(tokens) + positions[:length])
        return embedded

    def read_out(self, states: Tensor) -> Tensor:
        """Logits float[B, L, V] of the decoder's last states float[B, L, width]."""
        logits: Tensor = self.output(self.decoder_norm(states))
        return logits


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread, and afterwards as it was: small networks gain nothing from more, and lose much on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def trimmed(rows: Tensor) -> Tensor:
    """The rows int[B, L] without the columns at the end that are PAD in every row."""
    used = (rows != PAD).any(0).nonzero()
    return rows[:, : int(used[-1]) + 1] if len(used) else rows[:, :0]
