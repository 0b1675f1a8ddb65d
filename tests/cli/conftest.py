"""The command line, called in this process."""

from __future__ import annotations

import pytest

from recsyn.cli.main import main


@pytest.fixture
def recsyn(capsys: pytest.CaptureFixture[str]):
    """Run a verb: its exit code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            code = main([str(a) for a in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run
