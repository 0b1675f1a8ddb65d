"""Pieces of work. Each is sent to other processes, which import this module by its name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from recsyn.errors import RecsynError


def square(item, tell):
    tell("begun")
    tell(("nearly", item))
    return item * item


def fails(item, tell):
    """What becomes of an item is its own name."""
    tell(item)
    match item:
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "crashed":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "left":
            os._exit(7)
        case "exited":
            raise SystemExit("enough")
        case "refused":
            raise RecsynError("it cannot be", "give another")
        case "odd":
            raise Odd("this", "that")
        case "raised":
            raise ZeroDivisionError("by nought")
        case "unsendable":
            return lambda: None
    return item.upper()


class Odd(Exception):
    """One that does not survive pickling."""

    def __init__(self, one, other):
        super().__init__(f"{one} and {other}")


def orphaning(item, tell):
    """Killed while what it started still holds all that it had open."""
    if item:
        return item
    sleeping = subprocess.Popen(["sleep", "30"], close_fds=False)
    tell(sleeping.pid)
    os.kill(os.getpid(), signal.SIGKILL)
    return None


def meets(item, tell):
    """Ends only when ``together`` of them run at the same time."""
    folder, number, together = item
    folder = Path(folder)
    (folder / str(number)).touch()
    while len(list(folder.iterdir())) < together:
        time.sleep(0.02)
    return os.getpid()


def waits(item, tell):
    """For ever, once it has said who it is."""
    tell(os.getpid())
    while True:
        time.sleep(60)


def quick_or_waits(item, tell):
    return waits(item, tell) if item else os.getpid()


def threads(item, tell):
    return {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}


def drawn_together(item, tell):
    """The node, and of a generator numbers and what a sum of floats comes to."""
    import numpy as np

    meets(item, lambda _: None)
    _, seed, _ = item
    generator = np.random.default_rng(seed)
    for step in range(3):
        tell(step)
    node = "here"
    if "ray" in sys.modules and (ray := sys.modules["ray"]).is_initialized():
        node = ray.get_runtime_context().get_node_id()
    return node, (generator.integers(0, 2**62, 3).tolist(), float(generator.normal(size=1000).sum()))


def alone(item, tell):
    """How many of these run at once."""
    mark = Path(item) / f"running-{os.getpid()}"
    mark.touch()
    time.sleep(0.1)
    together = len(list(Path(item).glob("running-*")))
    mark.unlink()
    return together
