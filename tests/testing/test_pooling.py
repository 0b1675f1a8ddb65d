"""A model in several processes answers as it does alone, in order, and what goes wrong there is told here."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from recsyn.cli.fuzz import open_again
from recsyn.data.answers import Unanswered
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.opening import open_model
from recsyn.testing.pooling import GradingPool, JudgingPool, Pool, _answer, pooled
from recsyn.testing.verdicts import Graded, Judge, ask_each, examine
from recsyn.values import size

CHECKPOINTS = Path(__file__).parents[2] / "checkpoints"
MODEL = """
from recsyn.errors import RecsynError
from recsyn.values import size

def long(inputs):
    if any(size(v) == 7 for v in inputs):
        raise RecsynError("seven is too many", "ask for fewer")
    return [str(size(v)) for v in inputs]

def dies(inputs):
    import os
    os._exit(3)

class Odd(Exception):
    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")

def odd(inputs):
    if any(size(v) == 7 for v in inputs):
        raise Odd("this", "that")
    return [str(size(v)) for v in inputs]

def sleeps(inputs):
    import time
    time.sleep(60)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models.py"
    path.write_text(MODEL)
    return path


def again(file: Path, name: str, task: Task) -> Any:
    """As the command line opens a model once more, which other processes can do too."""
    return partial(open_again, f"{file}:{name}", task.to_config(), Asking())


def test_answers_come_in_order_and_errors_are_told(file: Path, succ: Task) -> None:
    with pooled(again(file, "long", succ), 2, ["cpu"]) as pool:
        assert type(pool) is Pool
        inputs = list(succ.space.smallest(9))
        assert pool(inputs) == [str(len(str(v).split())) for v in inputs]
        assert pool(inputs[:1]) == ["1"]
        assert pool([]) == []
        with pytest.raises(RecsynError, match="seven is too many") as caught:
            pool(list(succ.space.smallest(127)))
        assert caught.value.hint == "ask for fewer"
        assert pool(inputs[:2]) == ["1", "2"], "it goes on"


def test_a_model_that_cannot_be_opened_is_told(file: Path, succ: Task) -> None:
    with pytest.raises(RecsynError, match="defines no 'short'"), pooled(again(file, "short", succ), 2, ["cpu"]):
        pass


def test_a_process_that_dies_ends_no_other(file: Path, succ: Task) -> None:
    with pooled(again(file, "dies", succ), 2, ["cpu"]) as pool, pytest.raises(RecsynError, match="ended before its time"):
        pool(list(succ.space.smallest(3)))


def test_an_exception_that_cannot_be_pickled_loses_one_input(file: Path, succ: Task) -> None:
    with pooled(again(file, "odd", succ), 2, ["cpu"]) as pool:
        inputs = [next(v for v in succ.space.smallest(255) if size(v) == n) for n in (6, 7, 8)]
        one, lost, three = ask_each(pool, succ, inputs)
    assert (str(one), str(three)) == ("6", "8")
    assert isinstance(lost, Unanswered)
    assert (lost.trouble, lost.why) == ("raised", "the model raised Odd: this and that")


def test_nobody_waits_for_what_is_still_being_answered(file: Path, succ: Task) -> None:
    with pooled(again(file, "sleeps", succ), 2, ["cpu"]) as pool:
        asked = pool.executor.submit(_answer, "__call__", [list(succ.space.smallest(1))])
        sleep(0.5)
    assert isinstance(asked.exception(), KeyboardInterrupt)


@pytest.mark.slow
def test_a_checkpoint_in_two_processes_judges_and_is_graded_as_alone() -> None:
    folder = str(CHECKPOINTS / "successor-reverse")
    alone = open_model(folder)
    task = alone.task
    inputs = list(task.space.smallest(300))
    outputs = task.function.of_each(inputs)
    assert isinstance(alone.model, Judge)
    assert isinstance(alone.model, Graded)
    with pooled(partial(open_again, folder, None, Asking()), 2, ["cpu"]) as pool:
        assert isinstance(pool, GradingPool)
        assert isinstance(pool, JudgingPool)
        assert pool.correct(inputs, outputs).tolist() == alone.model.correct(inputs, outputs).tolist()
        assert pool.losses(inputs, outputs) == pytest.approx(alone.model.losses(inputs, outputs), abs=1e-4)
        assert examine(pool, task, inputs) == examine(alone.model, task, inputs)
        one, other = (run_campaign(m, task, budget=Budget(600, 100, 100)) for m in (pool, alone.model))
        assert [f.counterexample for f in one.findings] == [f.counterexample for f in other.findings]
        assert one.rate == other.rate
