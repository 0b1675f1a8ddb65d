"""Modules of Lightning as models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("lightning")

import lightning
import torch

import recsyn
from recsyn.data.answers import Answer
from recsyn.data.tasks import Task
from recsyn.data.vocabulary import END, PAD, START
from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.networks import network_for
from recsyn.testing.models.portions import Portions
from recsyn.testing.models.predicting import Predicting, network_model
from recsyn.testing.verdicts import ModelError
from recsyn.values import Datum

pytestmark = pytest.mark.usefixtures("one_thread")


class Module(lightning.LightningModule):
    """A module that answers as it is told, and remembers what it was given."""

    def __init__(self, answer: Callable[[Any], Any], room: int = 10**6) -> None:
        super().__init__()
        self.answer, self.room = answer, room
        self.dropout = torch.nn.Dropout()
        self.given: list[Any] = []

    def predict_step(self, batch: Any, batch_idx: int) -> Any:
        assert not self.dropout.training
        assert batch.dtype == torch.int64
        if len(batch) > self.room:
            raise MemoryError
        self.given.append(batch)
        return self.answer(batch)


def test_it_is_given_ids_of_the_tasks_vocabulary(succ: Task, numbers: list[Datum]) -> None:
    module = Module(lambda batch: batch)
    model = Predicting(module, succ)
    assert model(numbers) == [Answer(tuple(succ.input_codec.encode(each))) for each in numbers]
    assert module.training, "it is left as it was"
    (batch,) = module.given
    assert batch.tolist() == succ.encode_source(numbers).tolist()
    assert model([]) == []


X1, ONE = 4, 5


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ([X1, ONE, END, X1, PAD], Answer(("<3>", "<4>"))),
        ([START, X1, END], Answer(("<3>",))),
        ([PAD, START, X1, PAD, ONE, END], Answer(("<3>", "<4>"))),
        ([X1, START, END], Answer(("<3>", "<start>"))),
        ([X1, ONE], Answer(("<3>", "<4>"), ended=False)),
        ([END], Answer(())),
        ([], Answer((), ended=False)),
        ([99, -1, END], Answer(("<99>", "<-1>"))),
    ],
)
@pytest.mark.parametrize("wrap", [torch.tensor, list, lambda rows: map(torch.tensor, rows)], ids=["tensor", "lists", "tensors"])
def test_ids_are_read_to_the_end(row: list[int], answer: Answer, wrap: Any, succ: Task, numbers: list[Datum]) -> None:
    named = {"<3>": succ.vocabulary.tokens[X1], "<4>": succ.vocabulary.tokens[ONE]}
    expected = Answer(tuple(named.get(token, token) for token in answer.tokens), answer.ended)
    rows = [row, row]
    if not row and wrap is torch.tensor:
        wrap = lambda rows: torch.zeros(2, 0, dtype=torch.int64)  # noqa: E731
    assert Predicting(Module(lambda batch: wrap(rows)), succ)(numbers[:2]) == [expected] * 2


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (torch.zeros(2, 3, 6), r"gave float32\[2, 3, 6\]"),
        (torch.zeros(2, dtype=torch.int64), r"gave int64\[2\]"),
        (torch.zeros(3, 2, dtype=torch.int64), "3 answers for a batch of 2"),
        ([[1]], "1 answers for a batch of 2"),
        (None, "one NoneType"),
        (["a b", [1]], "no list of ids"),
        ([[1.0], [2]], "no list of ids"),
        ([1, 2], "no list of ids"),
        (torch.zeros(2, 2, dtype=torch.bool), "no list of ids"),
    ],
    ids=str,
)
def test_what_is_no_ids_is_told(raw: Any, said: str, succ: Task, numbers: list[Datum]) -> None:
    with pytest.raises(ModelError, match=said):
        Predicting(Module(lambda batch: raw), succ)(numbers[:2])


def test_batches_are_halved_until_they_fit(succ: Task, numbers: list[Datum]) -> None:
    module = Module(lambda batch: batch, room=10)
    answers = Predicting(module, succ, Portions(32))(numbers)
    assert answers == Predicting(Module(lambda batch: batch), succ)(numbers)
    assert [len(batch) for batch in module.given] == [7, 7, 7, 7, 3]


def test_another_vocabulary_is_told_before_anything_runs(succ: Task) -> None:
    embedding = torch.nn.Embedding(4, 2)
    with pytest.raises(RecsynError, match=r"predict_step of Module raised IndexError: .*\n  hint: .* of the 6 tokens of succ"):
        Predicting(Module(embedding), succ).check()


def test_a_network_of_ours_answers_as_in_a_checkpoint(succ: Task, numbers: list[Datum]) -> None:
    torch.manual_seed(0)
    small = Architecture(width=16, heads=2, feedforward=16, max_positions=24)
    model = network_model(network_for(small, len(succ.vocabulary)), succ)
    outputs = succ.function.of_each(numbers)
    answers = [Answer(tuple(tokens)) for tokens in succ.answers(numbers, outputs)]
    assert model.correct(numbers, outputs).tolist() == [a == b for a, b in zip(model(numbers), answers, strict=True)]
    with pytest.raises(RecsynError, match="the network has 9 tokens, and the vocabulary of succ has 6"):
        network_model(network_for(small, 9), succ)


def test_a_module_is_fuzzed_by_its_predict_step(succ: Task) -> None:
    result = recsyn.fuzz(Module(lambda batch: batch), succ, max_examples=50)
    assert result.rate.share > 0.9
    assert str(result.findings[0].counterexample) == "One"
    with pytest.raises(RecsynError, match="'Linear' is a Linear without predict_step"):
        recsyn.fuzz(torch.nn.Linear(1, 1), succ)
