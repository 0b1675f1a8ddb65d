"""A command that runs beside this process and is talked to by lines."""

from __future__ import annotations

import contextlib
import os
import queue
import shlex
import signal
import subprocess
import threading
import weakref
from collections import deque
from collections.abc import Sequence
from typing import IO

from recsyn.errors import RecsynError

_LONGEST_LINE = 16 * 2**20
_KEPT, _TOLD = 20, 300
_MOMENT = 1.0


class Silent(Exception):
    """No line has come in time."""


class Ended(Exception):
    """The command is over, and its lines are."""


class Process:
    """What is written to it, what it writes and what it complains of each have a thread of their own, so that no full pipe holds up
    another. Raises :class:`RecsynError` where the command cannot be started. It ends, and all that it has started, with
    :meth:`kill`, with the last reference to it and with Python; Ctrl-C does not reach it."""

    def __init__(self, arguments: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        self._command = shlex.join(arguments)
        try:
            self._popen = subprocess.Popen(list(arguments), stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            raise RecsynError(
                f"the command `{self._command}` cannot be started: {why}",
                "its first word is a program, found as the shell finds it",
            ) from None
        assert self._popen.stdin and self._popen.stdout and self._popen.stderr  # noqa: PT018
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._writing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._complaints: deque[bytes] = deque(maxlen=_KEPT)
        _begin(_read, self._popen.stdout, self._lines)
        _begin(_write, self._popen.stdin, self._writing)
        self._complaining = _begin(_keep, self._popen.stderr, self._complaints)
        self._finish = weakref.finalize(self, _end, self._popen, self._writing)

    def write(self, data: bytes) -> None:
        """Hand over what is to be written, without waiting for it to be read."""
        self._writing.put(data)

    def line(self, timeout: float) -> bytes:
        """The next line. Raises :class:`Silent` where none comes in so many seconds, :class:`Ended` where none will come."""
        try:
            line = self._lines.get(timeout=max(0.0, timeout))
        except queue.Empty:
            raise Silent from None
        if line is not None:
            return line
        self._lines.put(None)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(_MOMENT)
        self._complaining.join(_MOMENT)
        raise Ended(f"the command {self._ending}{self.told}")

    @property
    def told(self) -> str:
        """The end of what it has complained of, to be put after a sentence."""
        text = " ".join(b"".join(self._complaints).decode("utf-8", "replace").split())
        return f"; its last words: {text if len(text) <= _TOLD else '…' + text[-_TOLD:]}" if text else ""

    @property
    def _ending(self) -> str:
        status = self._popen.returncode
        if status is None:
            return "has closed its output"
        return f"was ended by signal {-status}" if status < 0 else f"ended with exit status {status}"

    def kill(self) -> None:
        """End it now."""
        self._finish()


def _begin(work: object, *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]
    thread.start()
    return thread


def _read(stream: IO[bytes], lines: queue.SimpleQueue[bytes | None]) -> None:
    with contextlib.suppress(OSError, ValueError), stream:
        while line := stream.readline(_LONGEST_LINE):
            if line.strip():
                lines.put(line)
    lines.put(None)


def _write(stream: IO[bytes], writing: queue.SimpleQueue[bytes | None]) -> None:
    # Who no longer reads has ended, which the other threads find out, or is killed for its silence.
    with contextlib.suppress(OSError, ValueError), stream:
        while (data := writing.get()) is not None:
            stream.write(data)
            stream.flush()


def _keep(stream: IO[bytes], complaints: deque[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError), stream:
        while line := stream.readline(_LONGEST_LINE):
            complaints.append(line[-_TOLD:])


def _end(popen: subprocess.Popen[bytes], writing: queue.SimpleQueue[bytes | None]) -> None:
    writing.put(None)
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(popen.pid, signal.SIGKILL)
        else:
            popen.kill()
    with contextlib.suppress(subprocess.TimeoutExpired):
        popen.wait(_MOMENT)
