from __future__ import annotations

import dataclasses

import pytest
import torch

from recsyn.data.vocabulary import END, PAD, START
from recsyn.errors import RecsynError
from recsyn.neural.decoding import Decoded, greedy, sampled, teacher_forced
from recsyn.neural.networks import EncoderDecoder, network_for, trimmed

SHAPES = [
    *(
        {"kind": kind, "positions": p}
        for kind in ("encoder-decoder", "decoder-only")
        for p in ("learned", "sinusoidal", "rotary", "alibi", "none")
    ),
    {"kind": "encoder-only"},
    {"kind": "encoder-only", "positions": "alibi", "room": 9},
    {"kind": "decoder-only", "loops": 3, "norm": "after"},
    {"kind": "encoder-decoder", "loops": 2, "tied": True},
]


@pytest.fixture(scope="module")
def source(rows):
    return torch.from_numpy(rows.source).long()


@pytest.fixture(scope="module")
def target(rows):
    return torch.from_numpy(rows.target).long()


def plain_greedy(model, row, max_length):
    """The definition: the whole prefix anew for every token, one row at a time."""
    written = [START]
    with torch.inference_mode():
        while len(written) <= max_length + 1:
            logits = model(row[None], torch.tensor([written]))[0, -1]
            logits[[PAD, START]] = -torch.inf
            token = int(logits.argmax())
            if token == END:
                return Decoded(tuple(written[1:]), True)
            written.append(token)
    return Decoded(tuple(written[1:-1]), False)


def test_greedy_is_what_decoding_one_row_at_a_time_gives(half_trained, source):
    answers = greedy(half_trained.model, source[:60], 7, batch_size=32)
    assert answers == [plain_greedy(half_trained.model, row, 7) for row in source[:60]]


@pytest.mark.parametrize("seed", [0, 1])
def test_an_untrained_model_too(small, source, seed):
    torch.manual_seed(seed)
    model = EncoderDecoder(small, 9).eval()
    answers = greedy(model, source[:40], 15)
    assert answers == [plain_greedy(model, row, 15) for row in source[:40]]
    assert not all(answer.ended for answer in answers)
    assert all(len(answer.tokens) == 15 for answer in answers if not answer.ended)


@pytest.fixture(params=SHAPES, ids=lambda shape: " ".join(map(str, shape.values())))
def untrained(request, small):
    torch.manual_seed(5)
    return network_for(dataclasses.replace(small, decoder_layers=2, **request.param), 9).eval()


@pytest.mark.parametrize("max_length", [None, 4])
def test_every_network_writes_with_its_keys_and_values_kept_what_it_writes_without(untrained, source, max_length):
    """Rows of different lengths together, some of which end early."""
    rows = source[:24]
    answers = greedy(untrained, rows, max_length, batch_size=16)
    longest = [int(n) if max_length is None else min(max_length, int(n)) for n in untrained.longest(rows)]
    alone = [plain_greedy(untrained, trimmed(row[None])[0], most) for row, most in zip(rows, longest, strict=True)]
    assert answers == alone


def test_teacher_forcing_agrees_with_every_networks_own_answers(untrained, source):
    rows = source[:24]
    answers = greedy(untrained, rows)
    width = max(len(answer.tokens) for answer in answers) + 3
    right, wrong = torch.zeros(2, len(rows), width, dtype=torch.long)
    for row, other, answer in zip(right, wrong, answers, strict=True):
        row[: len(answer.tokens) + 2] = torch.tensor([START, *answer.tokens, END])
        changed = [*answer.tokens[:-1], answer.tokens[-1] % 6 + 3, END] if answer.tokens else [3, END]
        other[: len(changed) + 1] = torch.tensor([START, *changed])
    assert teacher_forced(untrained, rows, right).tolist() == [answer.ended for answer in answers]
    assert not teacher_forced(untrained, rows, wrong).any()


def test_sampled_tokens_are_as_likely_as_the_model_holds_them(untrained, source):
    """The first tokens of one row drawn 3,000 times, by chi-square at a false-alarm rate of 1e-6."""
    row = trimmed(source[1:2])
    for temperature in (1.0, 0.5):
        logits = untrained(row, torch.tensor([[START]]))[0, 0, END:] / temperature
        expected = 3_000 * logits.softmax(-1)
        drawn = sampled(untrained, row.expand(3_000, -1), 4, temperature, max_length=1, batch_size=1_000)
        found = torch.zeros(len(expected))
        for answer in drawn:
            found[answer.tokens[0] - END if answer.tokens else 0] += 1
        likely = expected >= 5
        statistic = ((found - expected) ** 2 / expected)[likely].sum().item()
        freedom = int(likely.sum()) - 1
        assert statistic <= freedom * (1 - 2 / (9 * freedom) + 4.7534 * (2 / (9 * freedom)) ** 0.5) ** 3


def test_sampling_is_by_its_seed_and_near_greedy_when_cold(untrained, source):
    rows = source[:40]
    one = sampled(untrained, rows, 7, batch_size=16)
    assert one == sampled(untrained, rows, 7, batch_size=16) != sampled(untrained, rows, 8, batch_size=16)
    assert one[:16] == sampled(untrained, rows[:16], 7, batch_size=16)
    assert sampled(untrained, rows, 7, temperature=1e-7) == greedy(untrained, rows)
    with pytest.raises(RecsynError, match="temperature is 0"):
        sampled(untrained, rows, 7, temperature=0)


@pytest.mark.parametrize("batch_size", [512, 64, 7])
def test_teacher_forcing_gives_greedys_verdicts(half_trained, source, target, batch_size):
    verdicts = teacher_forced(half_trained.model, source, target, batch_size)
    correct = [tuple(token for token in row if token > END) for row in target.tolist()]
    answers = greedy(half_trained.model, source, 15, batch_size)
    assert verdicts.tolist() == [answer == Decoded(tokens, True) for answer, tokens in zip(answers, correct, strict=True)]
    assert 0.1 < verdicts.float().mean() < 0.9


def test_whatever_greedy_ends_teacher_forcing_accepts(half_trained, source):
    answers = greedy(half_trained.model, source, 15)
    claimed = torch.zeros(len(source), 20, dtype=torch.long)
    for row, answer in zip(claimed, answers, strict=True):
        row[: len(answer.tokens) + 2] = torch.tensor([START, *answer.tokens, END])
    assert teacher_forced(half_trained.model, source, claimed).tolist() == [answer.ended for answer in answers]


def test_an_answer_is_cut_at_max_length_and_says_so(half_trained, source):
    full, cut = (greedy(half_trained.model, source, longest) for longest in (15, 3))
    for whole, part in zip(full, cut, strict=True):
        assert part == Decoded(whole.tokens[:3], whole.ended and len(whole.tokens) <= 3)


def test_neither_padding_nor_start_is_ever_written(small, source, target):
    model = EncoderDecoder(small, 9)
    with torch.no_grad():
        model.output.bias[[PAD, START]] = 1e4
    assert {token for answer in greedy(model, source[:20], 5) for token in answer.tokens} <= set(range(3, 9))
    teacher_forced(model, source[:20], target[:20])


def test_a_target_beyond_the_positions_is_wrong_and_no_error(small, source):
    model = EncoderDecoder(small, 9)
    with torch.no_grad():
        model.output.bias[3] = 1e4
    assert greedy(model, source[:1], 15) == [Decoded((3,) * 15, False)]
    target = torch.full((2, 40), 3)
    target[1, 17:] = PAD
    assert teacher_forced(model, source[:2], target).tolist() == [False, True]


def test_wrong_lengths_are_refused(half_trained, source):
    with pytest.raises(RecsynError, match="max_length must be 0 or more, not -1"):
        greedy(half_trained.model, source, -1)
    with pytest.raises(RecsynError, match="longer than the 16 positions"):
        greedy(half_trained.model, torch.full((1, 17), 3), 5)


def test_no_rows_no_answers_and_the_mode_is_left_as_it_was(half_trained, source, target):
    assert greedy(half_trained.model, source[:0], 5) == []
    assert teacher_forced(half_trained.model, source[:0], target[:0]).shape == (0,)
    model = half_trained.model.train()
    greedy(model, source[:2], 5)
    assert model.training
    assert model.encoder.layers[0].training
    model.eval()
