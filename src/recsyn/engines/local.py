"""Work in this process, or in several others of this machine."""

from __future__ import annotations

import atexit
import os
import pickle
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import Any

from recsyn.engines import Done, Ended, Heard, Work
from recsyn.engines.attempting import attempted, attempted_for_others
from recsyn.engines.environment import ONE_THREAD, environment
from recsyn.errors import RecsynError

_LOOK_EVERY = 0.5
"""Seconds after which it is seen that a process has ended whose pipe others, which it started, still hold open."""
_PATIENCE = 5.0
"""Seconds that a process may take to end."""


@dataclass(frozen=True)
class Local:
    """With one process, or one item, all is done in this one; else each of ``processes`` others works on an item at a time, on one
    thread, and where one is killed another takes its place."""

    processes: int

    def run(self, work: Work, items: Sequence[Any], heard: Heard) -> Iterator[Done | Ended]:
        if self.processes < 2 or len(items) < 2:
            yield from _here(work, items, heard)
        else:
            yield from _elsewhere(work, items, heard, min(self.processes, len(items)))


@dataclass(frozen=True)
class Elsewhere:
    """All is done in others, each on one thread, also where that is one process or one item: on the threads of this one libraries
    of tensors round sums in another way, and who goes on with the last item alone would not come to the same numbers."""

    processes: int

    def run(self, work: Work, items: Sequence[Any], heard: Heard) -> Iterator[Done | Ended]:
        if items:
            yield from _elsewhere(work, items, heard, min(self.processes, len(items)))


class _Unheard(BaseException):
    """What ``heard`` raised, on its way through work that must not take it for an error of its own."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


def _here(work: Work, items: Sequence[Any], heard: Heard) -> Iterator[Done | Ended]:
    for number, item in enumerate(items):

        def tell(message: Any, number: int = number) -> None:
            try:
                heard(number, message)
            except Exception as error:
                raise _Unheard(error) from None

        try:
            outcome = attempted(work, number, item, tell)
        except _Unheard as unheard:
            raise unheard.error from None
        yield outcome


@dataclass
class _Worker:
    process: SpawnProcess
    pipe: Connection
    begun: bool = False
    number: int | None = None
    """Of the item that it works on."""


@dataclass(frozen=True)
class _Told:
    message: Any


class _Begun:
    """The first that a process says."""


def _elsewhere(work: Work, items: Sequence[Any], heard: Heard, processes: int) -> Iterator[Done | Ended]:
    waiting = deque(enumerate(items))
    workers: list[_Worker] = []
    # Python waits at its end for processes that nobody has ended, and these would wait for work.
    end = partial(_kill, workers)
    atexit.register(end)
    try:
        for _ in range(processes):
            _start(workers)
        while waiting or any(worker.number is not None for worker in workers):
            if not workers:
                raise RecsynError(
                    "no process that works could be started, perhaps for want of memory",
                    "use fewer --processes; in a script of your own, begin under `if __name__ == '__main__':`",
                )
            ready = wait([worker.pipe for worker in workers], _LOOK_EVERY)
            for worker in list(workers):
                said = _said(worker, worker.pipe in ready)
                match said:
                    case _Told():
                        assert worker.number is not None
                        heard(worker.number, said.message)
                    case _Begun():
                        worker.begun = True
                        _give(worker, work, waiting)
                    case Done() | Ended():
                        worker.number = None
                        _give(worker, work, waiting)
                        yield said
                    case EOFError():
                        workers.remove(worker)
                        how = _end_of(worker)
                        # One that could not even start would not start the next time.
                        if worker.begun and waiting:
                            _start(workers)
                        if worker.number is not None:
                            yield Ended(worker.number, how)
    except BaseException:
        # What they have kept is enough to go on from, and they have nothing else to end well.
        for worker in workers:
            worker.process.terminate()
        raise
    finally:
        for worker in workers:
            worker.pipe.close()
        for worker in workers:
            _end_of(worker)
        atexit.unregister(end)


def _start(workers: list[_Worker]) -> None:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work_off, args=(theirs,), daemon=False)
    resource_tracker.ensure_running()  # which lets signals through again, where it is started
    # One that is interrupted before it can ignore it would complain.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with environment(ONE_THREAD):
            process.start()
    except OSError:
        ours.close()
    else:
        workers.append(_Worker(process, ours))
    finally:
        theirs.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _give(worker: _Worker, work: Work, waiting: deque[tuple[int, Any]]) -> None:
    if not waiting:
        return
    number, item = waiting[0]
    packed = pickle.dumps((number, pickle.dumps((work, item))))
    with suppress(OSError):  # It has ended meanwhile, which is seen when it is next looked at.
        worker.pipe.send_bytes(packed)
        worker.number = number
        waiting.popleft()


def _said(worker: _Worker, ready: bool) -> _Begun | _Told | Done | Ended | EOFError | None:
    """What a process says next, ``EOFError`` after the last, ``None`` while it says nothing."""
    if not ready:
        return None if worker.process.is_alive() or worker.pipe.poll() else EOFError()
    try:
        packed = worker.pipe.recv_bytes()
    except (EOFError, OSError):
        return EOFError()
    said: _Begun | _Told | Done | Ended = pickle.loads(packed)
    return said


def _end_of(worker: _Worker) -> str:
    """How a process ended, which is waited for, and not for long."""
    worker.process.join(_PATIENCE)
    if worker.process.is_alive():
        worker.process.kill()
        worker.process.join()
    code = worker.process.exitcode or 0
    worker.pipe.close()
    worker.process.close()
    if code >= 0:
        return f"its process ended before its time, with exit status {code}"
    name = next((each.name for each in signal.Signals if each == -code), f"signal {-code}")
    ended = f"its process was ended before its time by {name}"
    return f"{ended}, perhaps for want of memory" if code == -signal.SIGKILL else ended


def _kill(workers: list[_Worker]) -> None:
    for worker in workers:
        with suppress(ValueError):  # It was closed when it had ended.
            worker.process.kill()


def _work_off(pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is told, and ends this process
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    Thread(target=_end_with_the_first, daemon=True).start()

    def tell(message: Any) -> None:
        pipe.send_bytes(pickle.dumps(_Told(message)))

    with suppress(EOFError, OSError):  # Nobody waits for more.
        pipe.send_bytes(pickle.dumps(_Begun()))
        while True:
            number, packed = pickle.loads(pipe.recv_bytes())
            pipe.send_bytes(attempted_for_others(number, packed, tell))


def _end_with_the_first() -> None:
    """A process whose first one was killed would work on beside whoever starts it again."""
    first = parent_process()
    assert first
    first.join()
    os._exit(1)
