"""Files that say what a campaign found."""

from __future__ import annotations

from pathlib import Path

from recsyn.errors import RecsynError


def write_text(path: str | Path, text: str, what: str) -> Path:
    """Write a file, what cannot be encoded replaced. Raises :class:`RecsynError`, which calls it ``what``, where that fails."""
    target = Path(path)
    try:
        target.write_bytes(text.encode("utf-8", "replace"))
    except OSError as error:
        raise RecsynError(f"{what} cannot be written to {str(path)!r}: {error.strerror or error}") from None
    return target
