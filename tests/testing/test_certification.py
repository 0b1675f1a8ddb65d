"""Every input up to a size: all right, or exactly the exceptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.front import load_model
from recsyn.testing.certification import certify
from recsyn.testing.events import BatchTested, Event
from recsyn.testing.shrinking import order
from recsyn.testing.verdicts import ModelError
from recsyn.values import Datum, preorder, size

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"


def test_a_right_model_is_right_on_every_input(succ: Task) -> None:
    asked: list[Datum] = []

    def model(inputs: Sequence[Datum]) -> list[Any]:
        asked.extend(inputs)
        return succ.function.of_each(inputs)

    certificate = certify(model, succ, 10)
    assert certificate.holds
    assert certificate.inputs == certificate.tested == len(set(asked)) == 2**10 - 1
    assert certificate.comparison is None, "the model does not judge"


def test_labels_are_gone_through_too(inorder: Task) -> None:
    """Trees of 7 labels: 7^k for each of the Catalan many shapes with k branches."""
    asked: set[Datum] = set()

    def model(inputs: Sequence[Datum]) -> list[Any]:
        asked.update(inputs)
        return inorder.function.of_each(inputs)

    certificate = certify(model, inorder, 7)
    assert certificate.inputs == 1 + 7 + 2 * 7**2 + 5 * 7**3 == len(asked)


def test_distinct_labels_are_not_repeated(make_task: Callable[..., Task]) -> None:
    task = make_task("inorder", labels="distinct", integers=[0, 3])
    seen: list[list[Datum]] = []

    def model(inputs: Sequence[Datum]) -> list[Any]:
        seen.extend([a for a in preorder(v) if isinstance(a, int)] for v in inputs)
        return task.function.of_each(inputs)

    assert certify(model, task, 7).inputs == 1 + 4 + 2 * 12 + 5 * 24 == len(seen)
    assert all(len(set(letters)) == len(letters) for letters in seen)


@pytest.mark.parametrize("wrong", [{"XO One"}, {"XI (XI (XI One))", "One"}])
def test_the_exceptions_are_those_the_smallest_first(wrong: set[str], succ: Task) -> None:
    def model(inputs: Sequence[Datum]) -> list[Any]:
        return [["?"] if str(v) in wrong else o for v, o in zip(inputs, succ.function.of_each(inputs), strict=True)]

    certificate = certify(model, succ, 8)
    assert not certificate.holds
    assert {str(f.input) for f in certificate.exceptions} == wrong
    assert certificate.failures == len(wrong)
    keys = [order(succ.space, f.input) for f in certificate.exceptions]
    assert keys == sorted(keys)
    assert {e["input"] for e in certificate.to_json()["exceptions"]} == wrong


def test_an_input_without_an_answer_is_an_exception_of_its_own(succ: Task) -> None:
    def model(inputs: Sequence[Datum]) -> list[Any]:
        outputs = succ.function.of_each(inputs)
        return [Unanswered("timed out", "late") if size(v) == 3 else o for v, o in zip(inputs, outputs, strict=True)]

    certificate = certify(model, succ, 5)
    assert not certificate.holds
    assert certificate.failures == 0
    assert [lost.loss for lost in certificate.lost] == ["timed out"] * 4


class Judging:
    """Right but where the input begins with two ones; it judges so too, or says that all is right."""

    def __init__(self, task: Task, honest: bool = True) -> None:
        self.task, self.honest = task, honest
        self.written = 0

    def __call__(self, inputs: Sequence[Datum]) -> list[Any]:
        self.written += len(inputs)
        outputs = self.task.function.of_each(inputs)
        return [["?"] if str(v).startswith("XI (XI") else o for v, o in zip(inputs, outputs, strict=True)]

    def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> np.ndarray:
        return np.array([not (self.honest and str(v).startswith("XI (XI")) for v in inputs])


def test_verdicts_by_judging_are_compared_with_answers_one_at_a_time(succ: Task) -> None:
    model = Judging(succ)
    certificate = certify(model, succ, 10)
    compared = certificate.comparison
    assert compared is not None
    assert (compared.inputs, compared.differing) == (103, 0)
    assert certificate.failures == sum(2 ** (n - 3) for n in range(3, 11))
    assert model.written == certificate.failures + compared.inputs


def test_a_judge_that_errs_is_seen_to(succ: Task) -> None:
    certificate = certify(Judging(succ, honest=False), succ, 10)
    assert certificate.failures == 0
    assert certificate.comparison is not None
    assert 15 < certificate.comparison.differing < 40, "a quarter of those that are compared"
    assert not certificate.holds


def test_what_was_tested_before_an_interrupt_is_told(succ: Task) -> None:
    heard: list[Event] = []

    def model(inputs: Sequence[Datum]) -> list[Any]:
        if any(isinstance(e, BatchTested) for e in heard):
            raise KeyboardInterrupt
        return [["?"]] * len(inputs)

    certificate = certify(model, succ, 12, listener=heard.append)
    assert certificate.interrupted
    assert (certificate.tested, certificate.failures) == (512, 512)
    assert not certificate.holds


def test_too_many_inputs_and_none_at_all_are_refused(succ: Task, inorder: Task) -> None:
    with pytest.raises(RecsynError, match="there are 536,870,911 inputs of up to 29 constructors, and at most 100,000,000"):
        certify(succ.function.of_each, succ, 29)
    with pytest.raises(RecsynError, match=r"no .* has up to 0 constructors"):
        certify(succ.function.of_each, succ, 0)


def test_a_model_that_never_answers_is_an_error(succ: Task) -> None:
    with pytest.raises(ModelError, match="the model raised ZeroDivisionError"):
        certify(lambda inputs: 1 / 0, succ, 5)  # type: ignore[arg-type,return-value]


def test_a_checkpoint_is_judged_by_teacher_forcing() -> None:
    pytest.importorskip("torch")
    model = load_model(CHECKPOINTS / "successor-reverse")
    certificate = certify(model, model.checkpoint.task, 9)
    compared = certificate.comparison
    assert compared is not None
    assert compared.differing == 0
    every = [v for s in range(10) for v in model.checkpoint.task.space.grammar.values(model.checkpoint.task.space.type, s)]
    answers = model(every)
    truth = model.checkpoint.task.function.of_each(every)
    expected = [Answer(tuple(model.checkpoint.task.output_codec.encode(o))) for o in truth]
    assert certificate.failures == sum(a != e for a, e in zip(answers, expected, strict=True)) > 0


def test_a_model_that_stops_answering_ends_it_with_what_was_tested(succ: Task) -> None:
    asked: list[int] = []

    def model(inputs: Sequence[Datum]) -> list[Any]:
        asked.append(len(inputs))
        if len(asked) > 2:
            raise OSError("no route")
        return succ.function.of_each(inputs)

    certificate = certify(model, succ, 14)
    assert certificate.stopped == "the model no longer answers: none of 512 inputs in a row: the model raised OSError: no route"
    assert (certificate.tested, len(certificate.lost)) == (3 * 512, 512)
    assert not certificate.holds
    assert not certificate.interrupted
    assert certificate.to_json()["stopped"] == certificate.stopped
