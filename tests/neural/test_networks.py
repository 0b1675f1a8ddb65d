"""Every kind of network with every kind of positions: what it sees, what padding does, and PyTorch's own layers as an oracle."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import nn

from recsyn.data.vocabulary import END, PAD
from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.attention import sines, slopes, turns
from recsyn.neural.networks import EncoderDecoder, network_for, trimmed

VOCABULARY = 9
SMALL = {"encoder_layers": 2, "decoder_layers": 2, "width": 32, "heads": 4, "feedforward": 48, "max_positions": 24}
KINDS = ("encoder-decoder", "decoder-only", "encoder-only")
POSITIONS = ("learned", "sinusoidal", "rotary", "alibi", "none")
SHAPES = [
    *({"kind": kind, "positions": positions} for kind, positions in product(KINDS, POSITIONS)),
    *({"kind": kind, "loops": 3, "norm": "after", "tied": True, "activation": "gelu"} for kind in KINDS),
    {"kind": "decoder-only", "positions": "alibi", "loops": 2, "heads": 2},
]


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: " ".join(map(str, shape.values())))
def model(request):
    torch.manual_seed(0)
    return network_for(Architecture(**{**SMALL, **request.param}), VOCABULARY)


@pytest.fixture(scope="module")
def batch():
    chance = torch.Generator().manual_seed(1)
    return torch.randint(3, VOCABULARY, (4, 7), generator=chance), torch.randint(3, VOCABULARY, (4, 5), generator=chance)


def padded(rows, extra):
    return torch.cat([rows, torch.zeros(len(rows), extra, dtype=rows.dtype)], dim=1)


def test_shapes(model, batch):
    source, target_in = batch
    assert model(source, target_in).shape == (4, 5, VOCABULARY)
    assert model.longest(source).shape == (4,)
    assert model.writers(source).step(target_in[:, 0]).shape == (4, VOCABULARY)


@pytest.mark.parametrize("training", [True, False])
def test_padding_changes_nothing(model, batch, training):
    source, target_in = batch
    model.train(training)
    with torch.set_grad_enabled(training):  # Without gradients torch takes other code paths.
        plain = model(source, target_in)
        assert plain.isfinite().all()
        assert torch.allclose(model(padded(source, 6), target_in), plain, atol=1e-5)
        assert torch.allclose(model(source, padded(target_in, 3))[:, :5], plain, atol=1e-5)
        shorter = torch.where(torch.arange(7) < torch.tensor([[7], [3], [1], [5]]), source, PAD)
        together = model(shorter, target_in)
        alone = torch.cat([model(trimmed(row[None]), target[None]) for row, target in zip(shorter, target_in, strict=True)])
        assert torch.allclose(together, alone, atol=1e-5)


def test_gradients_are_numbers(model, batch):
    source, target_in = batch
    model(padded(source, 2), padded(target_in, 2)).square().mean().backward()
    assert all(weights.grad is None or weights.grad.isfinite().all() for weights in model.parameters())
    model.zero_grad()


def test_no_token_sees_a_later_one(model, batch):
    source, target_in = batch
    changed = target_in.clone()
    changed[:, 3] = (changed[:, 3] - 2) % 6 + 3
    before, after = model(source, target_in), model(source, changed)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    if model.architecture.kind == "encoder-only":
        assert torch.equal(before, after)
    else:
        assert not torch.isclose(before[:, 3:], after[:, 3:]).all(-1).any()


def test_every_source_token_is_seen(model, batch):
    source, target_in = batch
    for position in range(source.shape[1]):
        changed = source.clone()
        changed[:, position] = (changed[:, position] - 2) % 6 + 3
        assert not torch.isclose(model(changed, target_in), model(source, target_in)).all(-1).any()


def test_layers_start_apart(model):
    for stack in (part for part in model.children() if hasattr(part, "layers")):
        first, second = (layer.widen.weight for layer in stack.layers)
        assert not torch.equal(first, second)


def test_places_matter_where_there_are_positions(model, batch):
    """An encoder that knows of no places gives the same states in another order."""
    source, _ = batch
    order = torch.tensor([1, 0, 2, 3, 4, 5, 6])
    if model.architecture.kind == "encoder-only":
        logits, moved = (model(rows, source)[:, :7] for rows in (source, source[:, order]))
        assert torch.allclose(logits[:, order], moved, atol=1e-5) == (model.architecture.positions == "none")


@pytest.mark.parametrize(("source", "target"), [(25, 3), (3, 25)])
def test_rows_longer_than_the_positions_are_refused(model, source, target):
    if model.architecture.kind == "encoder-only" and target > source:
        logits = model(torch.full((2, source), 3), torch.full((2, target), 3))
        # Three places and two more; whatever is asked of later ones is the end.
        assert (logits[:, 5:].argmax(-1) == END).all()
        return
    with pytest.raises(RecsynError, match=r"a row of \d+ tokens is longer than the 24 positions"):
        model(torch.full((2, source), 3), torch.full((2, target), 3))


@pytest.mark.parametrize("norm", ["before", "after"])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_layers_are_those_of_pytorch(norm, activation, batch):
    """The same weights in nn.TransformerEncoderLayer and nn.TransformerDecoderLayer give the same logits."""
    torch.manual_seed(3)
    shape = Architecture(**SMALL, norm=norm, activation=activation)
    ours = EncoderDecoder(shape, VOCABULARY).eval()
    options = {"dropout": 0.0, "activation": activation, "batch_first": True, "norm_first": norm == "before"}
    source, target_in = batch
    source = torch.where(torch.arange(7) < torch.tensor([[7], [3], [1], [5]]), source, PAD)

    def attention(theirs, mine):
        theirs.in_proj_weight.data = torch.cat([mine.query.weight, mine.read.weight])
        theirs.in_proj_bias.data = torch.cat([mine.query.bias, mine.read.bias])
        theirs.out_proj.load_state_dict(mine.out.state_dict())

    def layer(kind, mine, norms):
        theirs = kind(shape.width, shape.heads, shape.feedforward, **options).eval()
        attention(theirs.self_attn, mine.self_attention)
        if mine.memory_attention is not None:
            attention(theirs.multihead_attn, mine.memory_attention)
        theirs.linear1.load_state_dict(mine.widen.state_dict())
        theirs.linear2.load_state_dict(mine.narrow.state_dict())
        for name, own in zip(norms, mine.norms, strict=True):
            getattr(theirs, name).load_state_dict(own.state_dict())
        return theirs

    states = ours.tokens(source) + ours.encoder.positions[:7]
    for mine in ours.encoder.layers:
        states = layer(nn.TransformerEncoderLayer, mine, ("norm1", "norm2"))(states, src_key_padding_mask=source == PAD)
    memory = ours.encoder.norm(states)
    written = ours.tokens(target_in) + ours.decoder.positions[:5]
    later = torch.ones(5, 5, dtype=torch.bool).triu(1)
    for mine in ours.decoder.layers:
        made = layer(nn.TransformerDecoderLayer, mine, ("norm1", "norm2", "norm3"))
        written = made(written, memory, tgt_mask=later, memory_key_padding_mask=source == PAD)
    assert torch.allclose(ours.output(ours.decoder.norm(written)), ours(source, target_in), atol=1e-5)


def test_loops_pass_through_the_same_layers_again(batch):
    source, target_in = batch
    torch.manual_seed(0)
    twice = network_for(Architecture(**{**SMALL, "kind": "decoder-only", "decoder_layers": 1, "loops": 2}), VOCABULARY)
    unrolled = network_for(Architecture(**{**SMALL, "kind": "decoder-only", "decoder_layers": 2}), VOCABULARY)
    weights = twice.state_dict()
    unrolled.load_state_dict(weights | {name.replace("layers.0", "layers.1"): w for name, w in weights.items()})
    assert torch.allclose(twice(source, target_in), unrolled(source, target_in), atol=1e-6)


# Positions


def test_sines_are_those_of_vaswani():
    found = sines(torch.arange(5), 6)
    for position, pair in product(range(5), range(3)):
        angle = position / 10_000 ** (2 * pair / 6)
        assert found[position, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
        assert found[position, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)
    assert sines(torch.arange(5), 7).shape == (5, 7)


def test_turned_products_depend_on_distance_alone():
    from recsyn.neural.attention import _turned

    query, key = torch.randn(2, 1, 1, 1, 8, generator=torch.Generator().manual_seed(0))

    def product_at(one, other):
        at = [turns(torch.tensor([[place]]), 8) for place in (one, other)]
        return (_turned(query, at[0]) * _turned(key, at[1])).sum().item()

    assert product_at(3, 7) == pytest.approx(product_at(13, 17), abs=1e-5)
    assert product_at(3, 7) != pytest.approx(product_at(3, 8), abs=1e-3)
    assert _turned(query, turns(torch.tensor([[5]]), 8)).norm() == pytest.approx(query.norm().item(), abs=1e-5)


def test_slopes_are_those_of_press():
    assert slopes(8, torch.device("cpu")).tolist() == [2.0**-i for i in range(1, 9)]
    assert slopes(12, torch.device("cpu")).tolist() == pytest.approx(
        [2.0**-i for i in range(1, 9)] + [2.0 ** -(i + 0.5) for i in range(4)]
    )


# The record


@pytest.mark.parametrize(
    ("shape", "source", "target", "why"),
    [
        ({}, 24, 24, None),
        ({}, 25, 3, "source rows of 25"),
        ({}, 3, 25, "target rows of 25"),
        ({"kind": "decoder-only"}, 12, 13, None),
        ({"kind": "decoder-only"}, 13, 13, "together, of 25"),
        ({"kind": "encoder-only"}, 5, 8, None),
        ({"kind": "encoder-only"}, 5, 9, "the room"),
        ({"kind": "encoder-only", "room": 9}, 5, 15, None),
    ],
)
def test_what_does_not_fit_is_said(shape, source, target, why):
    found = Architecture(**{**SMALL, **shape}).misfit(source, target)
    assert found is None if why is None else why in found


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ({"kind": "decoder_only"}, "did you mean 'decoder-only'"),
        ({"kind": 3}, "kind must be one of encoder-decoder, decoder-only, encoder-only, not 3"),
        ({"tied": 1}, "tied must be one of false, true, not 1"),
        ({"tied": "yes"}, "tied must be one of"),
        ({"positions": "rotary", "width": 12, "heads": 4}, "rotary positions turn pairs"),
        ({"width": 30, "heads": 4}, "width 32 is"),
    ],
)
def test_what_is_no_architecture_is_said(shape, why):
    with pytest.raises(RecsynError) as caught:
        Architecture(**shape)
    assert why in str(caught.value)


def test_trimming_takes_only_the_columns_that_all_rows_leave_empty():
    rows = torch.tensor([[3, 0, 4, 0, 0], [3, 3, 0, 0, 0]])
    assert trimmed(rows).tolist() == [[3, 0, 4], [3, 3, 0]]
    assert trimmed(torch.zeros(2, 3)).shape == (2, 0)
