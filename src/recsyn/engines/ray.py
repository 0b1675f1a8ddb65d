"""Work on Ray: on one that is started on this machine for it, or on the nodes of a cluster."""

from __future__ import annotations

import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from logging import CRITICAL
from pathlib import Path
from typing import Any
from uuid import uuid4

import ray
from ray.exceptions import OutOfMemoryError, RayError, WorkerCrashedError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from recsyn.engines import Done, Ended, Heard, Work
from recsyn.engines.attempting import attempted_for_others
from recsyn.engines.environment import ONE_THREAD, environment
from recsyn.engines.telling import heard_in, tell_in
from recsyn.errors import RecsynError, quoted

_LOOK_EVERY = 0.5
"""Seconds after which what was told is looked for."""
_PATIENCE = 30.0
"""Seconds that a cluster may take to let this process in."""
_NODES_PATIENCE = 120.0
"""Seconds that all nodes may take to start a process each."""
_OBJECTS = 100_000_000
"""Bytes for what is on its way; results are small."""
_QUIET = {"RAY_USAGE_STATS_ENABLED": "0"}
_PROBE = "import logging, sys, ray; ray.init(address=sys.argv[1], logging_level=logging.CRITICAL, log_to_driver=False)"


@dataclass(frozen=True)
class Ray:
    """Each item is a task on a core of its own, never tried again by itself, at most ``processes`` at a time where these are given.
    A Ray that this process is in already is used, and left as it is; else the cluster at the address, ``HOST:PORT`` or ``auto``;
    else one that is started, and ended. Every node of a cluster has to see ``folder`` and have this version of recsyn."""

    address: str | None
    folder: Path
    processes: int | None = None

    def run(self, work: Work, items: Sequence[Any], heard: Heard) -> Iterator[Done | Ended]:
        with _ray(self.address, self.processes):
            nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
            if not nodes:
                raise RecsynError("no node of the cluster has a core to work on", "start one with `ray start --address HOST:PORT`")
            with _shared(self.folder) as shared:
                if self.address is not None or len(nodes) > 1:
                    _check(nodes, shared)
                # Enough for none to wait, and few enough to be looked after.
                together = self.processes or 2 * int(sum(node["Resources"]["CPU"] for node in nodes))
                yield from _worked_off(work, items, heard, together, shared)


@contextmanager
def _ray(address: str | None, processes: int | None) -> Iterator[None]:
    if ray.is_initialized():
        yield
        return
    if address is not None:
        _check_address(address)
    own = {"num_cpus": processes, "object_store_memory": _OBJECTS, "include_dashboard": False} if address is None else {}
    try:
        with environment(_QUIET), _refusals():
            ray.init(address=address or "local", logging_level=CRITICAL, log_to_driver=False, **own)
        yield
    finally:
        ray.shutdown()


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (RayError, OSError, RuntimeError, ValueError) as error:
        raise RecsynError(f"Ray does not begin: {_first_line(error)}", "its logs are in /tmp/ray/session_latest/logs") from None


def _check_address(address: str) -> None:
    """Ray itself would try for minutes, so another process tries it for less."""
    begin = "start a cluster with `ray start --head` and this machine as a node of it with `ray start --address HOST:PORT`"
    host, _, port = address.rpartition(":")
    if address != "auto":
        if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 2**16:
            raise RecsynError(f"{quoted(address)} is no address of a cluster", "give HOST:PORT, or auto for that of this machine")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
        except OSError as error:
            raise RecsynError(f"no cluster answers at {address}: {error.strerror or error}", begin) from None
    try:
        command = [sys.executable, "-c", _PROBE, address]
        tried = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise RecsynError(f"what answers at {address} let nobody in for {_PATIENCE:.0f} seconds", begin) from None
    if tried.returncode:
        said = tried.stderr.strip().splitlines() or [f"exit status {tried.returncode}"]
        raise RecsynError(f"the cluster at {address} does not let this process in: {said[-1]}", begin)


@contextmanager
def _shared(folder: Path) -> Iterator[Path]:
    """A folder of this run alone, for what nodes and this process have to see of one another."""
    shared = folder.absolute() / f".ray-{uuid4().hex}"
    try:
        shared.mkdir(parents=True)
    except OSError as error:
        raise RecsynError(f"{str(folder)!r} cannot be written to: {error.strerror}", "give another folder") from None
    try:
        yield shared
    finally:
        shutil.rmtree(shared, ignore_errors=True)


def _check(nodes: Sequence[dict[str, Any]], shared: Path) -> None:
    """That every node sees the folder and has this version of recsyn. Raises :class:`RecsynError` with those that do not."""
    own = _own_version()
    look = ray.remote(_looking())
    asked = {}
    for node in nodes:
        there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        asked[look.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(str(shared))] = node
    answered, silent = ray.wait(list(asked), num_returns=len(asked), timeout=_NODES_PATIENCE)
    for each in silent:
        raise RecsynError(f"{_name(asked[each])} does not answer", "end it with `ray stop`, or look into its logs")
    for each in answered:
        try:
            found, sees = ray.get(each)
        except RayError as error:
            raise RecsynError(f"{_name(asked[each])} does not work: {_first_line(error)}") from None
        if found != own:
            has = "no recsyn" if found is None else f"recsyn {found}"
            raise RecsynError(f"{_name(asked[each])} has {has}, and this machine {own}", f'there: pip install "recsyn=={own}"')
        if not sees:
            raise RecsynError(
                f"{_name(asked[each])} does not see the folder {str(shared.parent)!r}",
                "give a folder that all nodes share, at the same place on each",
            )


def _own_version() -> str | None:
    try:
        return version("recsyn")
    except PackageNotFoundError:
        return None


def _looking() -> Callable[[str], tuple[str | None, bool]]:
    """A function that nodes without recsyn can run too: what is made inside another one travels whole."""

    def look(folder: str) -> tuple[str | None, bool]:
        from importlib.metadata import PackageNotFoundError, version
        from pathlib import Path

        try:
            found = version("recsyn")
        except PackageNotFoundError:
            found = None
        return found, Path(folder).exists()

    return look


def _name(node: dict[str, Any]) -> str:
    return f"the node {node['NodeManagerHostname']} ({node['NodeManagerAddress']}, {node['NodeID'][:8]})"


def _task(number: int, packed: bytes, path: Sequence[str], told: Path) -> bytes:
    os.environ.update(ONE_THREAD)
    # Modules are looked for where whoever asked looks too, as far as this node has that; its own come first.
    sys.path.extend(place for place in path if place not in sys.path)
    return attempted_for_others(number, packed, partial(tell_in, told))


def _worked_off(work: Work, items: Sequence[Any], heard: Heard, together: int, shared: Path) -> Iterator[Done | Ended]:
    task = ray.remote(_task).options(num_cpus=1, max_retries=0)
    path = [str(Path(place).absolute()) for place in sys.path]
    waiting = deque(enumerate(items))
    running: dict[Any, int] = {}
    places: dict[int, int] = {}
    try:
        while waiting or running:
            while waiting and len(running) < together:
                number, item = waiting.popleft()
                running[task.remote(number, ray.cloudpickle.dumps((work, item)), path, shared / str(number))] = number
                places[number] = 0
            ready, _ = ray.wait(list(running), timeout=_LOOK_EVERY)
            for number in list(places):
                messages, places[number] = heard_in(shared / str(number), places[number])
                for message in messages:
                    heard(number, message)
            for each in ready:
                number = running.pop(each)
                del places[number]
                yield _outcome(each, number)
    finally:
        # At the end of Python it may be gone already, and what is asked of it then would start another.
        if ray.is_initialized():
            for each in running:
                with suppress(RayError):
                    ray.cancel(each, force=True)


def _outcome(each: Any, number: int) -> Done | Ended:
    try:
        outcome: Done | Ended = pickle.loads(ray.get(each))
    except OutOfMemoryError:
        return Ended(number, "Ray ended its process for want of memory")
    except WorkerCrashedError:
        return Ended(number, "its process ended before its time, perhaps for want of memory")
    except RayError as error:
        return Ended(number, f"Ray gave it up: {_first_line(error)}")
    return outcome


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
