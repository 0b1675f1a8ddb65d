"""An engine by its name."""

from __future__ import annotations

import os
from pathlib import Path

from recsyn.engines import Engine
from recsyn.engines.local import Elsewhere
from recsyn.errors import RecsynError, extra, quoted
from recsyn.lang.diagnostics import nearest

ENGINES = ("local", "ray")


def engine_named(name: str, processes: int | None, address: str | None, folder: Path) -> Engine:
    """``local``: this machine, in as many other processes as are given, else as it has cores. ``ray``: a Ray of this machine, or
    the cluster at an address, whose nodes all see ``folder``. Raises :class:`RecsynError` for another name and for an address that
    plays no part, :class:`~recsyn.errors.MissingExtra` without Ray."""
    if name not in ENGINES:
        raise RecsynError(f"there is no engine {quoted(name)}", nearest(name, ENGINES) or f"the engines are {', '.join(ENGINES)}")
    if name == "local":
        if address is not None:
            raise RecsynError(f"the engine local goes to no address, and {quoted(address)} is given", "add --engine ray")
        return Elsewhere(processes or os.cpu_count() or 1)
    with extra("working on Ray", "ray"):
        from recsyn.engines.ray import Ray
    return Ray(address, folder, processes)
