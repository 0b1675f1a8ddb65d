"""One question over HTTP, and all that can go wrong with it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from recsyn.data.answers import Trouble
from recsyn.testing.models.reading import beginning

_LARGEST = 8 * 2**20
_BUSY = frozenset({408, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True)
class Reply:
    """JSON, and the text that it was."""

    content: Any
    text: str


class Failed(Exception):
    """A question without a reply. ``passing`` says whether it may go better soon, ``wait`` after how many seconds the endpoint
    says so; ``status`` is that of HTTP, ``None`` where it did not come to one."""

    def __init__(
        self,
        trouble: Trouble,
        why: str,
        *,
        status: int | None = None,
        passing: bool = False,
        unreachable: bool = False,
        wait: float | None = None,
    ) -> None:
        super().__init__(why)
        self.trouble, self.why = trouble, why
        self.status, self.passing, self.unreachable, self.wait = status, passing, unreachable, wait


class _Staying(HTTPRedirectHandler):
    """Another host is not to be given the key."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = build_opener(_Staying)


def exchanged(url: str, content: Mapping[str, Any] | None, key: str | None, timeout: float) -> Reply:
    """The reply to a question, which is posted, or to none. It has ``timeout`` seconds to begin, and as many to be whole. Raises
    :class:`Failed`, in whose text the key never is."""
    data = None if content is None else json.dumps(content).encode()
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "recsyn"}
    request = Request(url, data, headers)
    if key:
        request.add_unredirected_header("Authorization", f"Bearer {key}")
    try:
        with _OPENER.open(request, timeout=timeout) as response:
            body = _whole(response, time.monotonic() + timeout)
    except HTTPError as error:
        with error:
            raise _refused(error, key) from None
    except TimeoutError:
        raise _late(timeout) from None
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        if isinstance(reason, TimeoutError):
            raise _late(timeout) from None
        why = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        raise Failed("raised", f"it cannot be reached: {_hidden(why, key)}", passing=True, unreachable=True) from None
    text = _hidden(body.decode("utf-8", "replace"), key)
    try:
        return Reply(json.loads(text), text)
    except (ValueError, RecursionError):
        raise Failed("unreadable", f"no JSON: {beginning(text)}") from None


def _whole(response: Any, until: float) -> bytes:
    """All that comes; a server that sends a byte now and then has no end otherwise."""
    parts: list[bytes] = []
    size = 0
    while part := response.read1(65_536):
        parts.append(part)
        size += len(part)
        if time.monotonic() > until:
            raise TimeoutError
        if size > _LARGEST:
            raise Failed(
                "unreadable", f"more than {_LARGEST // 2**20} MiB, which begin {beginning(parts[0].decode('utf-8', 'replace'))}"
            )
    return b"".join(parts)


def _refused(error: HTTPError, key: str | None) -> Failed:
    try:
        text = error.read(4_096).decode("utf-8", "replace")
    except (OSError, HTTPException):
        text = ""
    told = beginning(_hidden(_message(text), key)) if text.strip() else ""
    why = f"HTTP {error.code} {error.reason}" + (f": {told}" if told else "")
    return Failed("raised", why, status=error.code, passing=error.code in _BUSY, wait=_wait(error.headers.get("Retry-After")))


def _message(text: str) -> str:
    """What an error says, as OpenAI's API wraps it."""
    try:
        said = json.loads(text)["error"]
        return str(said["message"] if isinstance(said, Mapping) else said)
    except (ValueError, LookupError, TypeError, RecursionError):
        return text


def _wait(said: str | None) -> float | None:
    """Seconds from now, of a number of them or a date."""
    if said is None:
        return None
    if said.strip().isdecimal():
        return float(said)
    try:
        date = parsedate_to_datetime(said)
    except ValueError:
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _late(timeout: float) -> Failed:
    return Failed("timed out", f"no answer within {timeout:g} s")


def _hidden(text: str, key: str | None) -> str:
    return text.replace(key, "…") if key else text
