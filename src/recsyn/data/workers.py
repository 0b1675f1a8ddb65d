"""Work on a task done in this process, or in several others."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import RecsynError

A = TypeVar("A")
B = TypeVar("B")


class Each(Protocol):
    """Applies ``work(task, item)`` to each of many items, and gives the results in order."""

    def __call__(self, work: Callable[[Task, A], B], items: Iterable[A]) -> Iterator[B]: ...


def here(task: Task) -> Each:
    def each(work: Callable[[Task, A], B], items: Iterable[A]) -> Iterator[B]:
        return (work(task, item) for item in items)

    return each


@contextmanager
def workers(task: Task, processes: int) -> Iterator[Each]:
    """In this process, or in several others, which make the task anew from its configuration."""
    if processes < 2:
        yield here(task)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _begin, (task.to_config(),))

    def each(work: Callable[[Task, A], B], items: Iterable[A]) -> Iterator[B]:
        waiting: deque[Future[B]] = deque()
        for item in items:
            waiting.append(pool.submit(_work, work, item))
            # What is done before its turn waits in memory.
            if len(waiting) > 2 * processes:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    try:
        yield each
    except BrokenProcessPool:
        raise RecsynError("a process that was making rows has ended before its time", "use fewer --processes") from None
    finally:
        pool.shutdown(cancel_futures=True)


_working_on: list[Task] = []
"""The task of a process that makes rows for another one."""


def _begin(config: Mapping[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked for rows is told, and ends this process
    _working_on[:] = [task_from_config(config)]


def _work(work: Callable[[Task, A], B], item: A) -> B:
    return work(_working_on[0], item)
