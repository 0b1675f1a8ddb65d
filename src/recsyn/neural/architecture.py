"""The record of a network's shape."""

from __future__ import annotations

from dataclasses import dataclass

from recsyn.errors import RecsynError
from recsyn.neural.settings import Settings, choice, setting


@dataclass(frozen=True)
class Architecture(Settings):
    """What a network (:mod:`recsyn.neural.networks`) is made of.

    ====================  ============================================================================================
    ``kind``              ``encoder-decoder``; ``decoder-only``, which reads the input as the beginning of what it writes; or
                          ``encoder-only``, which writes the whole answer at once, in the places of the input and ``room`` more
    ``positions``         ``learned``, ``sinusoidal`` (Vaswani et al. 2017), ``rotary`` (Su et al. 2021), ``alibi`` (Press et
                          al. 2022) or ``none``
    ``encoder_layers``    of an encoder; an encoder-only network has these alone
    ``decoder_layers``    of a decoder
    ``loops``             how often the layers of the decoder are passed through with the same weights (Dehghani et al. 2019)
    ``width``             of states; ``heads`` divides it
    ``feedforward``       the width within
    ``norm``              ``before`` each part of a layer, or ``after`` it, as in Vaswani et al.
    ``activation``        ``relu`` or ``gelu``
    ``tied``              whether tokens are read out by the embeddings that they are read by
    ``dropout``           in training
    ``max_positions``     the longest row that is read or written, in tokens; decoder-only, both together
    ``position_scale``    the standard deviation of learned positions at the start
    ``room``              see above
    ====================  ============================================================================================

    Raises :class:`RecsynError`, naming the field, for a value out of bounds, for a width that the heads do not divide, and for
    rotary positions of an odd number of numbers a head.
    """

    kind: str = choice("encoder-decoder", "decoder-only", "encoder-only")
    positions: str = choice("learned", "sinusoidal", "rotary", "alibi", "none")
    encoder_layers: int = setting(1, 1, 64)
    decoder_layers: int = setting(1, 1, 64)
    loops: int = setting(1, 1, 256)
    width: int = setting(64, 1, 8192)
    heads: int = setting(4, 1, 256)
    feedforward: int = setting(256, 1, 65_536)
    norm: str = choice("before", "after")
    activation: str = choice("relu", "gelu")
    tied: bool = choice(False, True)
    dropout: float = setting(0.0, 0.0, 0.9)
    max_positions: int = setting(64, 2, 65_536)
    position_scale: float = setting(0.3, 0.0, 10.0)
    room: int = setting(2, 0, 65_536)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width % self.heads:
            raise RecsynError(
                f"architecture: width must be divisible by heads, and {self.width} is not by {self.heads}",
                f"width {-(-self.width // self.heads) * self.heads} is",
            )
        if self.positions == "rotary" and self.width // self.heads % 2:
            raise RecsynError(
                f"architecture: rotary positions turn pairs of numbers, and a head has {self.width // self.heads}",
                f"width {2 * self.width} makes it even",
            )

    def misfit(self, source: int, target: int) -> str | None:
        """Why rows with a source and a target of so many tokens, each with its ends, do not fit; ``None`` where they do."""
        sides = {"source rows": source, "target rows": target}
        if self.kind == "decoder-only":
            sides = {"rows, source and target together,": source + target - 1}
        for what, longest in sides.items():
            if longest > self.max_positions:
                return f"{what} of {longest} tokens, and the architecture has {self.max_positions} positions"
        if self.kind == "encoder-only" and target - 1 > source + self.room:
            return f"answers that are longer than the input and {self.room} more, which is the room of an encoder-only architecture"
        return None
