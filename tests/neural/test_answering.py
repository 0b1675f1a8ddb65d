from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch

from recsyn.data.answers import Answer
from recsyn.errors import RecsynError
from recsyn.neural.answering import CheckpointModel
from recsyn.neural.checkpoint import Checkpoint
from recsyn.values import from_iterable, to_list


@pytest.fixture(scope="module")
def answering(half_trained):
    known = half_trained.task, half_trained.architecture, half_trained.recipe, half_trained.model
    return CheckpointModel(Checkpoint(*known, {}, Path("nowhere")))


def test_answers_and_verdicts_agree(answering, rows):
    answers, verdicts = answering(rows.inputs), answering.correct(rows.inputs, rows.outputs)
    assert verdicts.dtype == np.bool_
    right = [answer == Answer(tuple(to_list(output)), True) for answer, output in zip(answers, rows.outputs, strict=True)]
    assert verdicts.tolist() == right
    assert 0.1 < verdicts.mean() < 0.9


def test_an_answer_that_does_not_end_is_cut_at_the_last_position(answering):
    endless = copy.deepcopy(answering)
    with torch.no_grad():
        endless.checkpoint.model.output.bias[3] = 1e4
    assert endless([from_iterable("bc")] * 2) == [Answer(("a",) * 15, False)] * 2


def test_an_input_too_long_names_its_length_and_the_limit(answering):
    with pytest.raises(RecsynError, match="input 2 is 17 tokens long, END included, and the model reads at most 16"):
        answering([from_iterable("a"), from_iterable("a" * 16)])


def test_an_output_too_long_for_the_model_is_one_that_it_does_not_give(answering):
    assert answering.correct([from_iterable("ab")], [from_iterable("a" * 99)]).tolist() == [False]


def test_nothing_asked_nothing_answered(answering):
    assert answering([]) == []
    assert answering.correct([], []).shape == (0,)
