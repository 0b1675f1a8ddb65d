"""The networks: sequences of tokens in, logits of the next token out, all at once or one token after another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor, nn

from recsyn.data.vocabulary import END, PAD
from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.attention import Attention, Kept, Layer, sines, slopes, turns

_TOKEN_SCALE = 0.3


class Writers(Protocol):
    """Rows that are being written, a token at a time."""

    def step(self, tokens: Tensor) -> Tensor:
        """Logits ``float [B, V]`` of what comes after ``tokens`` ``int64 [B]``, which come after all earlier ones."""
        ...

    def only(self, rows: Tensor) -> Writers:
        """Some of the rows."""
        ...


class Network(nn.Module, ABC):
    """What all networks have: embeddings of tokens and of positions, and a way from states to logits.

    Learned positions start from N(0, ``position_scale``): from 0.02, which is usual, small networks do not find where they are.
    Tokens start from N(0, 0.3) and the linear maps from Xavier's uniform: with torch's own N(0, 1) and its smaller linear maps the
    default recipe is not done with binary successor after its 300 steps.
    """

    def __init__(self, architecture: Architecture, vocabulary_size: int) -> None:
        super().__init__()
        self.architecture = architecture
        self.tokens = nn.Embedding(vocabulary_size, architecture.width)
        nn.init.normal_(self.tokens.weight, std=_TOKEN_SCALE)
        self.dropout = nn.Dropout(architecture.dropout)
        self.output = nn.Linear(architecture.width, vocabulary_size)
        nn.init.xavier_uniform_(self.output.weight)
        self._tie()

    def _tie(self) -> None:
        if self.architecture.tied:
            self.output.weight = self.tokens.weight

    def weights(self) -> dict[str, Tensor]:
        """All weights by name, those that serve twice once."""
        return {name: w for name, w in self.state_dict().items() if not (self.architecture.tied and name == "output.weight")}

    def take(self, weights: Mapping[str, Tensor]) -> None:
        """Put what :meth:`weights` gave in the place of one's own, without copying it."""
        twice = {"output.weight": weights["tokens.weight"]} if self.architecture.tied else {}
        self.load_state_dict({**weights, **twice}, assign=True)
        self._tie()

    @abstractmethod
    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        """Logits ``float [B, Lt, V]`` of the token after each of ``target_in`` ``int64 [B, Lt]``, which begins with START, given
        ``source`` ``int64 [B, Ls]``; PAD comes last in both. Raises :class:`RecsynError` for rows longer than its positions."""

    @abstractmethod
    def writers(self, source: Tensor) -> Writers:
        """The rows of ``source`` ``int64 [B, Ls]`` before anything is written."""

    @abstractmethod
    def longest(self, source: Tensor) -> Tensor:
        """How many tokens, END not counted, may be written for each row: ``int64 [B]``."""


def network_for(architecture: Architecture, vocabulary_size: int) -> Network:
    """A fresh network, its weights drawn from torch's random numbers."""
    return _KINDS[architecture.kind](architecture, vocabulary_size)


class Stack(nn.Module):
    """Layers, one after another and ``loops`` times over, and what they know of positions."""

    def __init__(self, shape: Architecture, layers: int, loops: int, with_memory: bool) -> None:
        super().__init__()
        self.shape = shape
        self.loops = loops
        self.layers = nn.ModuleList(Layer(shape, with_memory) for _ in range(layers))
        self.norm = nn.LayerNorm(shape.width) if shape.norm == "before" else nn.Identity()
        self.positions = (
            nn.Parameter(torch.randn(shape.max_positions, shape.width) * shape.position_scale)
            if shape.positions == "learned"
            else None
        )

    def placed(self, states: Tensor, positions: Tensor) -> Tensor:
        """Embedded tokens ``[B, L, width]`` at positions ``int64 [B, L]``. Raises :class:`RecsynError` where there is none."""
        limit = self.shape.max_positions
        last = int(positions.max()) if positions.numel() else 0
        if last >= limit:
            raise RecsynError(
                f"a row of {last + 1} tokens is longer than the {limit} positions of the model",
                f"an architecture with max_positions of {last + 1} or more can read it",
            )
        if self.positions is not None:
            return states + self.positions[positions]
        return states + sines(positions, self.shape.width) if self.shape.positions == "sinusoidal" else states

    def turn(self, positions: Tensor) -> Tensor | None:
        return turns(positions, self.shape.width // self.shape.heads) if self.shape.positions == "rotary" else None

    def mask(self, visible: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
        """What may be attended to, as :class:`Attention` takes it. ``visible`` is true there and broadcasts to ``[B, 1, queries,
        keys]``; ``queries`` and ``keys`` are the columns ``int64 [L]`` at which those stand."""
        if self.shape.positions != "alibi":
            return visible
        distance = (queries[:, None] - keys[None, :]).abs()
        bias = -slopes(self.shape.heads, queries.device)[:, None, None] * distance
        return torch.where(visible, bias, -torch.inf)

    def memory(self, states: Tensor) -> list[Kept]:
        """The keys and values of a memory ``[B, L, width]``, by layer."""
        found = []
        for layer in self.layers:
            assert isinstance(layer, Layer) and isinstance(layer.memory_attention, Attention)  # noqa: PT018
            found.append(layer.memory_attention.keep(states))
        return found

    def forward(
        self,
        states: Tensor,
        mask: Tensor | None,
        turn: Tensor | None,
        earlier: Sequence[Kept | None] = (),
        memory: Sequence[Kept] = (),
        memory_mask: Tensor | None = None,
    ) -> tuple[Tensor, list[Kept]]:
        """The states after all layers, and what is kept of each, loop by loop."""
        kept: list[Kept] = []
        for place in range(self.loops * len(self.layers)):
            number = place % len(self.layers)
            before = earlier[place] if earlier else None
            read = memory[number] if memory else None
            states, own = self.layers[number](states, mask, turn, before, read, memory_mask)
            kept.append(own)
        return self.norm(states), kept


class EncoderDecoder(Network):
    """An encoder of the source, and a decoder that attends to it."""

    def __init__(self, architecture: Architecture, vocabulary_size: int) -> None:
        super().__init__(architecture, vocabulary_size)
        self.encoder = Stack(architecture, architecture.encoder_layers, 1, with_memory=False)
        self.decoder = Stack(architecture, architecture.decoder_layers, architecture.loops, with_memory=True)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """States ``float [B, Ls, width]`` of a source, and where it is no padding, ``bool [B, 1, 1, Ls]``."""
        columns = torch.arange(source.shape[1], device=source.device)
        visible = (source != PAD)[:, None, None, :]
        positions = columns.expand(source.shape)
        states = self.dropout(self.encoder.placed(self.tokens(source), positions))
        states, _ = self.encoder(states, self.encoder.mask(visible, columns, columns), self.encoder.turn(positions))
        return states, visible

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        states, visible = self.encode(source)
        columns = torch.arange(target_in.shape[1], device=source.device)
        positions = columns.expand(target_in.shape)
        # PAD comes last in a target, so what hides later tokens hides it from every token that counts.
        mask = self.decoder.mask(columns[:, None] >= columns, columns, columns)
        written = self.dropout(self.decoder.placed(self.tokens(target_in), positions))
        written, _ = self.decoder(written, mask, self.decoder.turn(positions), (), self.decoder.memory(states), visible)
        logits: Tensor = self.output(written)
        return logits

    def writers(self, source: Tensor) -> Writers:
        states, visible = self.encode(source)
        start = torch.zeros(len(source), dtype=torch.long, device=source.device)
        seen = torch.zeros(len(source), 0, dtype=torch.bool, device=source.device)
        return _Decoding(self, self.decoder, [], seen, start, self.decoder.memory(states), visible)

    def longest(self, source: Tensor) -> Tensor:
        return torch.full((len(source),), self.architecture.max_positions - 1, device=source.device)


class DecoderOnly(Network):
    """A decoder that reads the source as the beginning of the row that it writes."""

    def __init__(self, architecture: Architecture, vocabulary_size: int) -> None:
        super().__init__(architecture, vocabulary_size)
        self.decoder = Stack(architecture, architecture.decoder_layers, architecture.loops, with_memory=False)

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        states, _, _, _ = self._read(source, target_in)
        logits: Tensor = self.output(states[:, source.shape[1] :])
        return logits

    def _read(self, source: Tensor, target_in: Tensor) -> tuple[Tensor, list[Kept], Tensor, Tensor]:
        """States of both, what is kept of them, where they are no padding ``bool [B, L]``, and the length of each source."""
        lengths = (source != PAD).sum(1)
        # The sources end where the targets begin, so that all rows are written at the same column.
        shift = source.shape[1] - lengths
        columns = torch.arange(source.shape[1] + target_in.shape[1], device=source.device)
        positions = columns - shift[:, None]
        visible = positions >= 0
        positions = positions.clamp(min=0)
        tokens = torch.cat([source.gather(1, positions[:, : source.shape[1]]), target_in], dim=1)
        # Of what is hidden each place sees itself: attention to nothing is no number.
        may = (columns[:, None] >= columns) & visible[:, None, None, :] | (columns[:, None] == columns)
        # What follows the last token of a target, in a row that is not the longest, has no position of its own.
        done = nn.functional.pad((target_in == PAD) | (target_in == END), (source.shape[1], 0))
        positions = positions.masked_fill(done, 0)
        states = self.dropout(self.decoder.placed(self.tokens(tokens), positions))
        states, kept = self.decoder(states, self.decoder.mask(may, columns, columns), self.decoder.turn(positions))
        return states, kept, visible, lengths

    def writers(self, source: Tensor) -> Writers:
        _, kept, visible, lengths = self._read(source, source[:, :0])
        return _Decoding(self, self.decoder, kept, visible, lengths, [], None)

    def longest(self, source: Tensor) -> Tensor:
        return self.architecture.max_positions - 1 - (source != PAD).sum(1)


@dataclass
class _Decoding:
    """Rows that a decoder writes. ``earlier`` are the keys and values of what was read and written, of which ``visible``
    ``bool [B, L]`` tells padding; ``next`` is the position of the next token; ``memory`` is what an encoder has read."""

    network: Network
    decoder: Stack
    earlier: list[Kept]
    visible: Tensor
    next: Tensor
    memory: list[Kept]
    memory_mask: Tensor | None

    def step(self, tokens: Tensor) -> Tensor:
        positions = self.next[:, None]
        self.visible = torch.cat([self.visible, torch.ones_like(self.next, dtype=torch.bool)[:, None]], dim=1)
        columns = torch.arange(self.visible.shape[1], device=tokens.device)
        mask = self.decoder.mask(self.visible[:, None, None, :], columns[-1:], columns)
        states = self.decoder.placed(self.network.tokens(tokens[:, None]), positions)
        states, self.earlier = self.decoder(states, mask, self.decoder.turn(positions), self.earlier, self.memory, self.memory_mask)
        self.next = self.next + 1
        logits: Tensor = self.network.output(states)[:, 0]
        return logits

    def only(self, rows: Tensor) -> Writers:
        return replace(
            self,
            earlier=[kept.only(rows) for kept in self.earlier],
            visible=self.visible[rows],
            next=self.next[rows],
            memory=[kept.only(rows) for kept in self.memory],
            memory_mask=None if self.memory_mask is None else self.memory_mask[rows],
        )


class EncoderOnly(Network):
    """An encoder that writes the whole answer at once, token by token in the places of the input and in ``room`` more. What is
    asked of later places is END."""

    def __init__(self, architecture: Architecture, vocabulary_size: int) -> None:
        super().__init__(architecture, vocabulary_size)
        self.encoder = Stack(architecture, architecture.encoder_layers, architecture.loops, with_memory=False)

    def forward(self, source: Tensor, target_in: Tensor) -> Tensor:
        return self._first(self._logits(source), target_in.shape[1])

    def _logits(self, source: Tensor) -> Tensor:
        limit = self.architecture.max_positions
        if source.shape[1] <= limit:
            source = nn.functional.pad(source, (0, min(self.architecture.room, limit - source.shape[1])), value=PAD)
        columns = torch.arange(source.shape[1], device=source.device)
        positions = columns.expand(source.shape)
        visible = columns < self.longest(source)[:, None]
        states = self.dropout(self.encoder.placed(self.tokens(source), positions))
        mask = self.encoder.mask(visible[:, None, None, :], columns, columns)
        states, _ = self.encoder(states, mask, self.encoder.turn(positions))
        logits: Tensor = self.output(states)
        return torch.where(visible[..., None], logits, self._ended(logits))

    def _ended(self, logits: Tensor) -> Tensor:
        """Logits that leave no doubt of END."""
        ended = torch.full_like(logits[:1, :1], -1e4)
        ended[..., END] = 0
        return ended

    def _first(self, logits: Tensor, many: int) -> Tensor:
        """The logits at the first places, so many of them."""
        more = many - logits.shape[1]
        return logits[:, :many] if more <= 0 else torch.cat([logits, self._ended(logits).expand(len(logits), more, -1)], dim=1)

    def writers(self, source: Tensor) -> Writers:
        return _Written(self._logits(source), self._first)

    def longest(self, source: Tensor) -> Tensor:
        return ((source != PAD).sum(1) + self.architecture.room).clamp(max=self.architecture.max_positions)


@dataclass
class _Written:
    """Rows that are written already."""

    logits: Tensor
    first: Callable[[Tensor, int], Tensor]
    place: int = 0

    def step(self, tokens: Tensor) -> Tensor:
        self.place += 1
        return self.first(self.logits, self.place)[:, -1]

    def only(self, rows: Tensor) -> Writers:
        return _Written(self.logits[rows], self.first, self.place)


_KINDS: dict[str, type[Network]] = {"encoder-decoder": EncoderDecoder, "decoder-only": DecoderOnly, "encoder-only": EncoderOnly}


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
