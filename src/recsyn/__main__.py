"""``recsyn``, which is also ``python -m recsyn``."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    # Until there is somebody to answer it, Ctrl-C only ends the process.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from recsyn.cli.main import main as answer

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return answer()


if __name__ == "__main__":
    sys.exit(main())
