"""Files that say what a campaign found."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from recsyn.errors import RecsynError


def write_text(path: str | Path, text: str, what: str) -> Path:
    """Write a file, what cannot be encoded replaced. Raises :class:`RecsynError`, which calls it ``what``, where that fails."""
    target = Path(path)
    try:
        target.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise _unwritable(path, what, error) from None
    return target


def check_writable(path: str | Path, what: str) -> None:
    """Before a campaign, so that it cannot end without a place for what it found: raise :class:`RecsynError` where a file could not
    be written. Nothing that is there is changed."""
    target = Path(path)
    try:
        if target.exists():
            target.open("ab").close()
        else:
            with TemporaryFile(dir=target.parent):
                return
    except OSError as error:
        raise _unwritable(path, what, error) from None


def _unwritable(path: str | Path, what: str, error: OSError) -> RecsynError:
    return RecsynError(f"{what} cannot be written to {str(path)!r}: {error.strerror or error}")
