from __future__ import annotations

import pytest
import torch

from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture, EncoderDecoder, trimmed

VOCABULARY = 9


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return EncoderDecoder(Architecture(encoder_layers=2, decoder_layers=2, width=32, heads=4, max_positions=16), VOCABULARY)


@pytest.fixture(scope="module")
def batch():
    chance = torch.Generator().manual_seed(1)
    return torch.randint(3, VOCABULARY, (4, 7), generator=chance), torch.randint(3, VOCABULARY, (4, 5), generator=chance)


def padded(rows, extra):
    return torch.cat([rows, torch.zeros(len(rows), extra, dtype=rows.dtype)], dim=1)


def test_shapes(model, batch):
    source, target_in = batch
    assert model(source, target_in).shape == (4, 5, VOCABULARY)
    memory = model.encode(source)
    assert memory.states.shape == (4, 7, 32)
    assert not memory.padding.any()
    assert torch.equal(model.decode(target_in, memory), model(source, target_in))


@pytest.mark.parametrize("training", [True, False])
def test_padding_changes_nothing(model, batch, training):
    source, target_in = batch
    model.train(training)
    with torch.set_grad_enabled(training):  # Without gradients torch takes other code paths.
        plain = model(source, target_in)
        assert torch.allclose(model(padded(source, 6), target_in), plain, atol=1e-5)
        assert torch.allclose(model(source, padded(target_in, 3))[:, :5], plain, atol=1e-5)


def test_no_token_sees_a_later_one(model, batch):
    source, target_in = batch
    changed = target_in.clone()
    changed[:, 3] = (changed[:, 3] - 2) % 6 + 3
    before, after = model(source, target_in), model(source, changed)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not torch.isclose(before[:, 3:], after[:, 3:]).all(-1).any()


def test_every_source_token_is_seen(model, batch):
    source, target_in = batch
    for position in range(source.shape[1]):
        changed = source.clone()
        changed[:, position] = (changed[:, position] - 2) % 6 + 3
        assert not torch.isclose(model(changed, target_in), model(source, target_in)).all(-1).any()


def test_layers_start_apart(model):
    first, second = (layer.linear1.weight for layer in model.decoder)
    assert not torch.equal(first, second)


@pytest.mark.parametrize(("source", "target"), [(17, 3), (3, 17)])
def test_rows_longer_than_the_positions_are_refused(model, source, target):
    with pytest.raises(RecsynError, match="a row of 17 tokens is longer than the 16 positions"):
        model(torch.full((2, source), 3), torch.full((2, target), 3))


def test_trimming_takes_only_the_columns_that_all_rows_leave_empty():
    rows = torch.tensor([[3, 0, 4, 0, 0], [3, 3, 0, 0, 0]])
    assert trimmed(rows).tolist() == [[3, 0, 4], [3, 3, 0]]
    assert trimmed(torch.zeros(2, 3)).shape == (2, 0)
    assert trimmed(rows[:0]).shape == (0, 0)
