"""A model behind an endpoint that speaks as OpenAI's API does, by the standard library's HTTP."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue
from time import sleep
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.questions import Line
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.exchange import Failed, Reply, exchanged
from recsyn.testing.models.reading import beginning, read
from recsyn.testing.models.writing import PROMPT, Prompt, first_input, written
from recsyn.values import Datum

A = TypeVar("A")
_TIMEOUT = 60.0
_MOST_TOKENS = 1_024
"""What is asked of `/completions`, where servers would else stop after 16."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0


@dataclass(frozen=True, eq=False)
class Endpoint:
    """Answers each input by a question of its own to ``url``, several at a time, at temperature 0. An input has no answer where the
    endpoint refuses it, does not come back in time, or replies with what cannot be read (:mod:`recsyn.testing.models.reading`).

    What is busy (429, 408 and 5xx) is asked again after pauses that double, each half chance, or after as long as it says; what
    cannot be reached is too, if it could before. :meth:`check` raises :class:`RecsynError` where the endpoint answers nothing.
    """

    url: str
    task: Task
    prompt: Prompt
    asking: Asking = field(default_factory=Asking)
    key: str | None = field(default=None, repr=False)
    _reached: threading.Event = field(default_factory=threading.Event, repr=False)

    def __call__(self, inputs: Sequence[Datum | Line], /) -> list[Answer | Unanswered]:
        return _side_by_side(self._answered, [written(self.task, each) for each in inputs], self.asking.concurrency)

    def check(self) -> None:
        """Ask one question, whatever the answer. Raises :class:`RecsynError` where none comes."""
        try:
            self._replied(written(self.task, first_input(self.task)))
        except Failed as failed:
            raise self._refusal(failed) from None

    @property
    def _timeout(self) -> float:
        return _TIMEOUT if self.asking.timeout is None else self.asking.timeout

    @property
    def _chats(self) -> bool:
        return urlsplit(self.url).path.endswith("/chat/completions")

    def _answered(self, text: str) -> Answer | Unanswered:
        try:
            reply, ended = self._replied(text)
        except Failed as failed:
            return Unanswered(failed.trouble, failed.why)
        return read(self.task, reply, ended)

    def _replied(self, text: str) -> tuple[str, bool]:
        """The text that comes back, and whether it was over before its longest length."""
        question = self.prompt.around(text)
        content: dict[str, Any] = {} if self.asking.model is None else {"model": self.asking.model}
        if self._chats:
            content |= {"messages": [{"role": "user", "content": question}]}
        else:
            content |= {"prompt": question, "max_tokens": _MOST_TOKENS}
            # Without it a model goes on with rows of its own making.
            content |= {"stop": ["\ninput:"]} if self.prompt.template == PROMPT else {}
        content |= {"temperature": 0} | ({"max_tokens": self.asking.max_tokens} if self.asking.max_tokens else {})
        return _chosen(self._asked(content), self._chats)

    def _asked(self, content: Mapping[str, Any] | None, url: str | None = None) -> Reply:
        """What comes back in the end. Raises :class:`Failed`."""
        tries = 0
        while True:
            try:
                reply = exchanged(url or self.url, content, self.key, self._timeout)
            except Failed as failed:
                wait = failed.wait if failed.wait is not None else _pause(tries)
                again = failed.passing and (failed.status is not None or self._reached.is_set())
                if not again or tries >= self.asking.retries or wait > _LONGEST_PAUSE:
                    if failed.unreachable:
                        self._reached.clear()
                    raise
            else:
                self._reached.set()
                return reply
            tries += 1
            sleep(wait)

    def named(self) -> Endpoint:
        """The endpoint with its model's name, where none was given and it serves only one. Raises :class:`RecsynError`."""
        if self.asking.model is not None:
            return self
        address = urlsplit(self.url)
        path = address.path.removesuffix("/completions").removesuffix("/chat")
        try:
            listed = _list(self._asked(None, urlunsplit((address.scheme, address.netloc, f"{path}/models", "", ""))), "data")
        except Failed as failed:
            if failed.unreachable or failed.status in (401, 403):
                raise self._refusal(failed) from None
            return self  # It may have no such list, and answer all the same.
        names = [each.get("id") for each in listed if isinstance(each, Mapping)]
        if len(names) == 1 and isinstance(names[0], str):
            return replace(self, asking=replace(self.asking, model=names[0]))
        if names:
            raise RecsynError(f"{self.url} serves {len(names)} models", f"say which: {', '.join(map(str, names[:8]))}")
        return self

    def _refusal(self, failed: Failed) -> RecsynError:
        hint = "start its server, or mend the address" if failed.unreachable else None
        if failed.status in (401, 403):
            variable = self.asking.key_variable
            hint = f"its key is read from the environment variable {variable}, which {'it refuses' if self.key else 'is not set'}"
        elif failed.status == 404:
            hint = "an address ends in /v1, /v1/chat/completions or /v1/completions; the model's name may be wrong too"
        elif failed.trouble == "timed out":
            hint = "give it more time, or ask fewer questions at once"
        return RecsynError(f"the endpoint {self.url} does not answer: {failed.why}", hint)


def _side_by_side(work: Callable[[str], A], texts: Sequence[str], many: int) -> list[A]:
    """What ``work`` makes of each text, so ``many`` at a time. After Ctrl-C nothing more is begun, and nobody waits for what was:
    not Python at its end either, as it does for the threads of an executor."""
    waiting: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, A | BaseException]] = SimpleQueue()
    for place in range(len(texts)):
        waiting.put(place)

    def work_off() -> None:
        with suppress(Empty):
            while True:
                place = waiting.get_nowait()
                try:
                    done.put((place, work(texts[place])))
                except BaseException as error:
                    done.put((place, error))

    for _ in range(min(many, len(texts))):
        threading.Thread(target=work_off, daemon=True).start()
    found: dict[int, A] = {}
    try:
        while len(found) < len(texts):
            place, outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            found[place] = outcome
    finally:
        with suppress(Empty):
            while True:
                waiting.get_nowait()
    return [found[place] for place in range(len(texts))]


def open_endpoint(address: str, task: Task, asking: Asking) -> Endpoint:
    """The endpoint at an address, asked once whether it answers. Raises :class:`RecsynError` where it does not."""
    prompt = Prompt(task, asking.prompt or PROMPT, asking.demonstrations, asking.seed)
    endpoint = Endpoint(_full(address), task, prompt, asking, _key(asking.key_variable)).named()
    endpoint.check()
    return endpoint


def _full(address: str) -> str:
    """The address that questions go to; one that names no kind of question means chats."""
    try:
        parts = urlsplit(address)
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or any(c.isspace() for c in address):
        raise RecsynError(f"{address!r} is no address of an endpoint", "one looks like http://localhost:8000/v1")
    if "@" in parts.netloc:
        raise RecsynError("the endpoint's address holds a name or a password", "a key is read from an environment variable")
    path = parts.path.rstrip("/")
    if not path.endswith("/completions"):
        path = f"{path or '/v1'}/chat/completions"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _key(variable: str) -> str | None:
    key = os.environ.get(variable, "").strip()
    # http.client would show all of it when it refuses it.
    if not all("!" <= c <= "~" for c in key):
        raise RecsynError(f"the key in the environment variable {variable} holds a character that no key has")
    return key or None


def _pause(tries: int) -> float:
    """Chance keeps those who were refused together from coming back together."""
    return float(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries)) * random.uniform(0.5, 1.0)


def _chosen(reply: Reply, chats: bool) -> tuple[str, bool]:
    """The one text of a reply. Raises :class:`Failed` where there is not exactly one."""
    choices = _list(reply, "choices")
    if len(choices) != 1:
        raise Failed("unreadable", f"{len(choices)} choices, and one was asked for, in {beginning(reply.text)}")
    choice = choices[0] if isinstance(choices[0], Mapping) else {}
    said = choice.get("message") if chats else choice
    text = said.get("content" if chats else "text") if isinstance(said, Mapping) else None
    if not isinstance(text, str):
        raise Failed("unreadable", f"no text in {beginning(reply.text)}")
    return text, choice.get("finish_reason") != "length"


def _list(reply: Reply, name: str) -> list[Any]:
    found = reply.content.get(name) if isinstance(reply.content, Mapping) else None
    if not isinstance(found, list):
        raise Failed("unreadable", f"no `{name}` in {beginning(reply.text)}")
    return found
