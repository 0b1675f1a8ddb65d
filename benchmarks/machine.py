"""Where something was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path


def facts() -> Mapping[str, str | int | None]:
    """The processor, its cores, the system, and the versions of Python and recsyn."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "recsyn": metadata.version("recsyn"),
    }


def _processor() -> str:
    # `platform.processor()` is empty or says only the architecture on Linux, where this file says more.
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
