from __future__ import annotations

import pytest
import torch

from recsyn.data.vocabulary import END, PAD, START
from recsyn.errors import RecsynError
from recsyn.neural.architecture import EncoderDecoder
from recsyn.neural.decoding import Decoded, greedy, teacher_forced


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
    with pytest.raises(RecsynError, match="max_length must be from 0 to 15"):
        greedy(half_trained.model, source, 16)
    with pytest.raises(RecsynError, match="longer than the 16 positions"):
        greedy(half_trained.model, torch.full((1, 17), 3), 5)


def test_no_rows_no_answers_and_the_mode_is_left_as_it_was(half_trained, source, target):
    assert greedy(half_trained.model, source[:0], 5) == []
    assert teacher_forced(half_trained.model, source[:0], target[:0]).shape == (0,)
    model = half_trained.model.train()
    greedy(model, source[:2], 5)
    assert model.training
    assert model.encoder[0].training
    model.eval()
