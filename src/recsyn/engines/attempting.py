"""One piece of work tried: whatever becomes of it is data, which travels between processes."""

from __future__ import annotations

import pickle
from traceback import extract_tb, format_exception_only
from typing import Any

from recsyn.engines import Done, Ended, Tell, Work
from recsyn.errors import RecsynError


def attempted(work: Work, number: int, item: Any, tell: Tell) -> Done | Ended:
    try:
        return Done(number, work(item, tell))
    except (Exception, SystemExit) as error:
        return Ended(number, _told(error))


def attempted_for_others(number: int, packed: bytes, tell: Tell) -> bytes:
    """The same of pickled work and its item, for another process: what cannot be read here or sent back is an end too."""
    outcome = attempted(_unpacked, number, packed, tell)
    try:
        return pickle.dumps(outcome)
    except Exception as error:
        return pickle.dumps(Ended(number, f"what it gave cannot be sent: {_told(error)}"))


def _unpacked(packed: bytes, tell: Tell) -> Any:
    work, item = pickle.loads(packed)
    return work(item, tell)


def _told(error: BaseException) -> str:
    if isinstance(error, RecsynError):
        return str(error)
    said = "".join(format_exception_only(error)).strip()
    places = extract_tb(error.__traceback__)
    return f"{said} ({places[-1].filename}, line {places[-1].lineno})" if places else said
