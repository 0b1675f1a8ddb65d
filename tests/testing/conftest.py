"""Tasks on the example programs, and models that are their functions with a bug planted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from recsyn.data.tasks import Task, task_from_config
from recsyn.lang.checker import check
from recsyn.lang.source import Source
from recsyn.semantics.reference import Reference
from recsyn.testing.budget import Budget
from recsyn.values import Datum, Value

EXAMPLES = Path(__file__).parents[2] / "examples"
Answering = Callable[[Sequence[Datum]], list[Any]]


@pytest.fixture(scope="session")
def make_task() -> Callable[..., Task]:
    """The task of an example function, in the notation of the papers unless other codecs are given."""

    def of(function: str, codecs: tuple[str, str] | None = None, largest: int = 15, **fields: Any) -> Task:
        program = "successor" if function == "succ" else "traversal"
        source, target = codecs or (("prefix", "prefix") if function == "succ" else ("bracketed", "flat"))
        return task_from_config(
            {
                "name": function,
                "program": f"{program}.rec",
                "source": (EXAMPLES / f"{program}.rec").read_text(),
                "function": function,
                "input": source,
                "output": target,
                "integers": [0, 6],
                "distribution": {"kind": "uniform", "sizes": [1, largest]},
                **fields,
            }
        )

    return of


@pytest.fixture(scope="session")
def succ(make_task: Callable[..., Task]) -> Task:
    made: Task = make_task("succ", largest=16)
    return made


@pytest.fixture(scope="session")
def inorder(make_task: Callable[..., Task]) -> Task:
    made: Task = make_task("inorder")
    return made


@pytest.fixture(scope="session")
def planted() -> Callable[[Task, str], Answering]:
    """The model that is the function ``bug`` of a task's program with these lines added."""

    def of(task: Task, lines: str) -> Answering:
        reference = Reference(check(Source("bug.rec", f"{task.program_source}\n{lines}")))
        return lambda inputs: [reference.call("bug", (value,)) for value in inputs]

    return of


@pytest.fixture(scope="session")
def itself() -> Callable[[Task], Answering]:
    """The model that is a task's function."""
    return lambda task: task.function.of_each


@pytest.fixture(scope="session")
def brief() -> Budget:
    return Budget(examples=1_000, fresh=500, rate=200)


@pytest.fixture(scope="session")
def pos() -> Callable[[str], Value]:
    """A binary number from its digits, the last one ``01``: ``pos("110")`` is X1 X1 X0 01."""

    def of(digits: str) -> Value:
        value = Value("One")
        for digit in reversed(digits):
            value = Value({"0": "XO", "1": "XI"}[digit], (value,))
        return value

    return of
