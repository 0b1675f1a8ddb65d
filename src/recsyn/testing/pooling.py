"""A model in several processes, each with a copy of its own, on devices of their own where there are several: a batch is shared out
among them, and its answers come in order."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing import active_children, get_context
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from recsyn.errors import RecsynError
from recsyn.testing.verdicts import Graded, Judge, Model, ModelError
from recsyn.values import Datum

if TYPE_CHECKING:
    from multiprocessing.queues import SimpleQueue

Opener: TypeAlias = Callable[[str], Model]
"""Opens the model on a device. It is sent to other processes, so it has to be a function of a module, or a partial one of such."""


@dataclass(frozen=True, eq=False)
class Pool:
    """A model that other processes answer for."""

    executor: ProcessPoolExecutor
    workers: int

    def __call__(self, inputs: Sequence[Any]) -> list[Any]:
        return [answer for part in self.shared("__call__", inputs) for answer in part]

    def shared(self, method: str, *columns: Sequence[Any]) -> list[Any]:
        """A method applied to a share of the rows in each process: what each gave, in order. Raises :class:`RecsynError` as the
        model does, and :class:`ModelError` where a process has ended."""
        size = -(-len(columns[0]) // self.workers)
        parts = [[list(column[i : i + size]) for column in columns] for i in range(0, len(columns[0]), size or 1)]
        try:
            told = [future.result() for future in [self.executor.submit(_answer, method, part) for part in parts]]
        except BrokenProcessPool:
            raise ModelError("a process that answered for the model has ended before its time", "use fewer --workers") from None
        for outcome in told:
            if isinstance(outcome, _Refusal):
                raise RecsynError(outcome.message, outcome.hint)
        return told


@dataclass(frozen=True, eq=False)
class JudgingPool(Pool):
    """The same of a model that judges: see :class:`~recsyn.testing.verdicts.Judge`."""

    def correct(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.bool_]:
        return np.concatenate([np.zeros(0, np.bool_), *self.shared("correct", inputs, outputs)])


@dataclass(frozen=True, eq=False)
class GradingPool(JudgingPool):
    """The same of a model that tells its loss too: see :class:`~recsyn.testing.verdicts.Graded`."""

    def losses(self, inputs: Sequence[Datum], outputs: Sequence[Datum]) -> NDArray[np.float64]:
        return np.concatenate([np.zeros(0), *self.shared("losses", inputs, outputs)])


@contextmanager
def pooled(open_on: Opener, workers: int, devices: Sequence[str]) -> Iterator[Pool]:
    """The model that ``open_on`` opens, in ``workers`` processes, on the devices in turn. Verdicts do not depend on how many there
    are, but for rounding where a model's answers depend on what else is in a batch. Raises :class:`RecsynError` where it cannot be
    opened."""
    context = get_context("spawn")
    free = context.SimpleQueue()
    for device in islice(cycle(devices), workers):
        free.put(device)
    others = active_children()
    executor = ProcessPoolExecutor(workers, context, _begin, (open_on, free))
    try:
        opened = [future.result() for future in [executor.submit(_methods) for _ in range(workers)]]
        for methods in opened:
            if isinstance(methods, _Refusal):
                raise RecsynError(methods.message, methods.hint)
            kind = GradingPool if "losses" in methods else JudgingPool if "correct" in methods else Pool
        yield kind(executor, workers)
    except BrokenProcessPool:
        raise ModelError("a process that answered for the model has ended before its time", "use fewer --workers") from None
    finally:
        for process in active_children():
            if process not in others:
                process.terminate()  # What is still being answered nobody waits for.
        executor.shutdown(cancel_futures=True)


@dataclass(frozen=True, slots=True)
class _Refusal:
    """An error of the user's on its way between processes: what it was raised as may not be pickled."""

    message: str
    hint: str | None


_answering_for: list[Model | _Refusal] = []
"""The model of a process that answers for it."""
_answers_now = [False]


def _begin(open_on: Opener, free: SimpleQueue[str]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and ends this process
    signal.signal(signal.SIGTERM, _break_off)
    try:
        _answering_for[:] = [open_on(free.get())]
    except RecsynError as error:
        _answering_for[:] = [_Refusal(error.message, error.hint)]


def _break_off(*_: object) -> None:
    """End the answer, and not the process, which is told of its end and then ends all that it has started."""
    if _answers_now[0]:
        raise KeyboardInterrupt


def _methods() -> tuple[str, ...] | _Refusal:
    """Which ways the model of this process has of being asked beside answering."""
    model = _answering_for[0]
    if isinstance(model, _Refusal):
        return model
    if not isinstance(model, Judge):
        return ()
    return ("correct", "losses") if isinstance(model, Graded) else ("correct",)


def _answer(method: str, columns: list[list[Any]]) -> Any:
    _answers_now[0] = True
    try:
        return getattr(_answering_for[0], method)(*columns)
    except RecsynError as error:
        return _Refusal(error.message, error.hint)
    except Exception as error:  # Not every exception is one again after its way between processes.
        return _Refusal(f"the model raised {type(error).__name__}: {error}", None)
    finally:
        _answers_now[0] = False
