"""An endpoint that answers, and all the ways in which it does not."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest

from recsyn.data.answers import Answer, Unanswered
from recsyn.data.tasks import Task
from recsyn.errors import RecsynError
from recsyn.testing.models import endpoint as endpoints
from recsyn.testing.models import exchange
from recsyn.testing.models.asking import Asking
from recsyn.testing.models.endpoint import open_endpoint
from recsyn.values import Datum

Serving = Callable[[Callable[[Any], dict[str, Any]]], Any]
MODEL = Asking(model="small")


def said(*parts: bytes, **more: Any) -> dict[str, Any]:
    return {"parts": parts, **more}


def chat(text: str | None, **more: Any) -> dict[str, Any]:
    """A reply as OpenAI's API wraps it."""
    return said(json.dumps({"choices": [{"message": {"role": "assistant", "content": text}, **more}]}).encode())


@pytest.fixture
def right(succ: Task) -> Callable[[Any], str]:
    """The right answer to what an endpoint has heard."""
    return lambda heard: " ".join(succ.output_codec.encode(succ.function(succ.input_codec.decode(heard.tokens.split()))))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made."""
    pauses: list[float] = []
    monkeypatch.setattr(endpoints, "sleep", pauses.append)
    return pauses


def answers_of(succ: Task, inputs: list[Datum]) -> list[Answer]:
    return [Answer(tuple(tokens)) for tokens in succ.answers(inputs, succ.function.of_each(inputs))]


def test_each_input_is_a_question_of_its_own(serve: Serving, right: Any, succ: Task, numbers: list[Datum]) -> None:
    server = serve(lambda heard: chat(right(heard)))
    model = open_endpoint(server.address, succ, MODEL)
    assert model(numbers) == answers_of(succ, numbers)
    assert len(server.heard) == 1 + len(numbers)
    asked = server.heard[-1]
    assert asked.path == "/v1/chat/completions"
    assert {k: v for k, v in asked.content.items() if k != "messages"} == {"model": "small", "temperature": 0}
    assert "Authorization" not in asked.headers
    assert model([]) == []


def test_completions_are_asked_for_where_the_address_says_so(serve: Serving, right: Any, succ: Task, numbers: list[Datum]) -> None:
    def handling(heard: Any) -> dict[str, Any]:
        return said(b'{"choices": [{"text": " %s\\n", "finish_reason": "stop"}]}' % right(heard).encode())

    server = serve(handling)
    model = open_endpoint(f"{server.address}/completions/", succ, Asking(model="small", max_tokens=99))
    assert model(numbers[:3]) == answers_of(succ, numbers[:3])
    content = server.heard[-1].content
    assert content["max_tokens"] == 99
    assert content["stop"] == ["\ninput:"]


def test_questions_are_asked_several_at_a_time(serve: Serving, right: Any, succ: Task, numbers: list[Datum]) -> None:
    together = threading.Barrier(4, timeout=30)

    def handling(heard: Any) -> dict[str, Any]:
        if heard.number:
            together.wait()
        return chat(right(heard))

    model = open_endpoint(serve(handling).address, succ, Asking(model="small", concurrency=4))
    assert model(numbers[:8]) == answers_of(succ, numbers[:8])


def test_the_key_is_sent_and_never_shown(
    serve: Serving, right: Any, succ: Task, numbers: list[Datum], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "sk-secret\n")

    def handling(heard: Any) -> dict[str, Any]:
        if heard.number < 1:
            return chat(right(heard))
        text = b'{"error": {"message": "Incorrect key: sk-secret."}}'
        return said(text, status=401) if heard.number == 1 else chat("sk-secret is no answer")

    server = serve(handling)
    model = open_endpoint(server.address, succ, Asking(model="small", key_variable="MY_KEY", concurrency=1))
    assert server.heard[0].headers["Authorization"] == "Bearer sk-secret"
    lost = model(numbers[:2])
    assert "HTTP 401 Unauthorized: 'Incorrect key: ….'" in str(lost[0])
    assert "sk-secret" not in f"{lost} {model!r}"


@pytest.mark.parametrize("key", ["sk-ü", "sk-a\nb"])
def test_a_key_that_no_header_holds_is_refused_unseen(key: str, succ: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(RecsynError, match="OPENAI_API_KEY holds a character") as refused:
        open_endpoint("http://127.0.0.1:1/v1", succ, MODEL)
    assert key not in str(refused.value)


def test_an_endpoint_that_is_down_is_told_at_once(succ: Task, slept: list[float]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(RecsynError, match="cannot be reached: Connection refused\n  hint: start its server"):
        open_endpoint(address, succ, MODEL)
    assert slept == []


def test_an_endpoint_that_goes_down_costs_the_inputs_alone(
    serve: Serving, right: Any, succ: Task, numbers: list[Datum], slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(lambda heard: chat(right(heard)))
    model = open_endpoint(server.address, succ, Asking(model="small", retries=3, concurrency=1))
    whole, down = endpoints.exchanged, True

    def exchanged(*arguments: Any) -> Any:
        if down:
            raise endpoints.Failed("raised", "it cannot be reached: refused", passing=True, unreachable=True)
        return whole(*arguments)

    monkeypatch.setattr(endpoints, "exchanged", exchanged)
    assert model(numbers[:4]) == [Unanswered("raised", "it cannot be reached: refused")] * 4
    # Only the first one waited: it was known to be down then.
    assert len(slept) == 3
    down = False
    assert model(numbers[:4]) == answers_of(succ, numbers[:4])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_is_busy_is_asked_again_after_growing_pauses(
    status: int, serve: Serving, right: Any, succ: Task, numbers: list[Datum], slept: list[float]
) -> None:
    server = serve(lambda heard: said(b"busy", status=status) if 1 <= heard.number <= 4 else chat(right(heard)))
    model = open_endpoint(server.address, succ, Asking(model="small", retries=4))
    assert model(numbers[:1]) == answers_of(succ, numbers[:1])
    assert len(slept) == 4
    assert all(0.25 * 2**k <= pause <= 0.5 * 2**k for k, pause in enumerate(slept))


def test_what_stays_busy_is_given_up(serve: Serving, right: Any, succ: Task, numbers: list[Datum], slept: list[float]) -> None:
    server = serve(lambda heard: said(b"out of order", status=500) if heard.number else chat(right(heard)))
    model = open_endpoint(server.address, succ, Asking(model="small", retries=2))
    assert model(numbers[:1]) == [Unanswered("raised", "HTTP 500 Internal Server Error: 'out of order'")]
    assert len(server.heard) == 1 + 3


@pytest.mark.parametrize(
    ("after", "waited"),
    [
        ("7", [7.0]),
        ("3600", []),
        (lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True), [20.0]),
        ("soon", None),
    ],
    ids=["seconds", "an hour", "a date", "no time"],
)
def test_it_waits_as_long_as_it_is_told(
    after: Any, waited: Any, serve: Serving, right: Any, succ: Task, numbers: list[Datum], slept: list[float]
) -> None:
    def handling(heard: Any) -> dict[str, Any]:
        if heard.number == 1:
            return said(b"", status=429, headers=(("Retry-After", after() if callable(after) else after),))
        return chat(right(heard))

    (answer,) = open_endpoint(serve(handling).address, succ, MODEL)(numbers[:1])
    if waited == []:
        assert answer == Unanswered("raised", "HTTP 429 Too Many Requests")
        assert slept == []
    else:
        assert isinstance(answer, Answer)
        assert slept == pytest.approx(waited, abs=2) if waited else 0 < slept[0] < 1


@pytest.mark.parametrize("parts", [(b"x",), (b"{", *[b" "] * 50)], ids=["hangs", "trickles"])
def test_what_hangs_is_timed_out(parts: tuple[bytes, ...], serve: Serving, right: Any, succ: Task, numbers: list[Datum]) -> None:
    server = serve(lambda heard: said(*parts, pause=20.0 if len(parts) == 1 else 0.1) if heard.number == 1 else chat(right(heard)))
    model = open_endpoint(server.address, succ, Asking(model="small", timeout=1.0, concurrency=1))
    assert model(numbers[:2]) == [Unanswered("timed out", "no answer within 1 s"), *answers_of(succ, numbers[1:2])]


def test_what_cannot_be_connected_to_in_time_is_timed_out(succ: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def connected(*_: Any, **__: Any) -> None:
        raise URLError(TimeoutError("timed out"))

    monkeypatch.setattr(exchange, "_OPENER", SimpleNamespace(open=connected))
    with pytest.raises(RecsynError, match=r"does not answer: no answer within 60 s"):
        open_endpoint("http://192.0.2.1/v1", succ, MODEL)


REPLIES: list[tuple[dict[str, Any], str | tuple[str, ...]]] = [
    (chat("The answer:\n\n`X1 01`\n\nas 2 + 1 = 3."), ("X1", "01")),
    (chat("I am a language model"), "no answer in 'I am a language model'"),
    (chat(None), "no text in"),
    (chat(""), ()),
    (said(b"<html>Bad gateway</html>"), "no JSON: '<html>Bad gateway</html>'"),
    (said(b"\xff\xfe\x00"), "no JSON"),
    (said(b"[" * 100_000), "no JSON"),
    (said(b""), "no JSON"),
    (said(b'{"choices": []}'), "0 choices, and one was asked for"),
    (said(b'{"choices": [{"message": {"content": "01"}}, {"message": {"content": "01"}}]}'), "2 choices"),
    (said(b'{"choices": [7]}'), "no text in"),
    (said(b'{"choices": {"message": 1}}'), "no `choices` in"),
    (said(b'{"object": "error", "message": "no such model"}'), "no `choices` in"),
    (said(b"[]"), "no `choices` in"),
]


@pytest.mark.parametrize(("reply", "meant"), REPLIES, ids=range(len(REPLIES)))
def test_replies_are_read_or_said_to_be_unreadable(
    reply: dict[str, Any], meant: str | tuple[str, ...], serve: Serving, right: Any, succ: Task, numbers: list[Datum]
) -> None:
    server = serve(lambda heard: reply if heard.number == 1 else chat(right(heard)))
    model = open_endpoint(server.address, succ, Asking(model="small", concurrency=1))
    first, second = model(numbers[:2])
    assert [second] == answers_of(succ, numbers[1:2])
    if isinstance(meant, tuple):
        assert first == Answer(meant)
    else:
        assert isinstance(first, Unanswered)
        assert first.trouble == "unreadable"
        assert meant in first.why
        assert len(first.why) < 150


def test_an_answer_that_was_cut_has_no_end(serve: Serving, succ: Task, numbers: list[Datum]) -> None:
    model = open_endpoint(serve(lambda heard: chat("X0 X0", finish_reason="length")).address, succ, MODEL)
    assert model(numbers[:1]) == [Answer(("X0", "X0"), ended=False)]


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (
            said(b"", status=401),
            "HTTP 401 Unauthorized\n  hint: its key is read from the environment variable OPENAI_API_KEY, .* not set",
        ),
        (said(b'{"error": "no model small"}', status=404), "HTTP 404 Not Found: 'no model small'\n  hint: an address ends in /v1"),
        (said(b"<html>"), "no JSON: '<html>'"),
        (said(b"x", pause=20), "no answer within 1 s\n  hint: give it more time"),
        (said(b"", status=302, headers=(("Location", "http://127.0.0.1:9/elsewhere"),)), "HTTP 302 Found"),
    ],
    ids=["no key", "no model", "no API", "hangs", "leads elsewhere"],
)
def test_what_answers_nothing_is_an_error_before_anything_runs(
    reply: dict[str, Any], told: str, serve: Serving, succ: Task
) -> None:
    server = serve(lambda heard: reply)
    with pytest.raises(
        RecsynError, match=f"(?s)^the endpoint {re.escape(server.address)}/chat/completions does not answer: {told}"
    ):
        open_endpoint(server.address, succ, Asking(model="small", timeout=1.0, retries=0))


@pytest.mark.parametrize(
    ("listed", "named"),
    [
        (b'{"data": [{"id": "only-one"}]}', "only-one"),
        (b'{"data": []}', None),
        (b"no list at all", None),
        (b'{"data": 7}', None),
        (b"[]", None),
    ],
)
def test_the_one_model_of_an_endpoint_needs_no_name(
    listed: bytes, named: str | None, serve: Serving, right: Any, succ: Task
) -> None:
    server = serve(lambda heard: said(listed) if heard.path == "/v1/models" else chat(right(heard)))
    model = open_endpoint(server.address, succ, Asking())
    assert model.asking.model == named
    assert server.heard[-1].content.get("model") == named


def test_one_of_several_models_has_to_be_named(serve: Serving, succ: Task) -> None:
    server = serve(lambda heard: said(b'{"data": [{"id": "a"}, {"id": "b"}]}'))
    with pytest.raises(RecsynError, match="serves 2 models\n  hint: say which: a, b"):
        open_endpoint(server.address, succ, Asking())


@pytest.mark.parametrize(
    ("address", "full"),
    [
        ("http://localhost:8000", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/", "http://localhost:8000/v1/chat/completions"),
        ("https://a.b/openai/v1", "https://a.b/openai/v1/chat/completions"),
        ("https://a.b/v1/completions", "https://a.b/v1/completions"),
        ("https://a.b/v1/chat/completions?version=2", "https://a.b/v1/chat/completions?version=2"),
    ],
)
def test_addresses(address: str, full: str) -> None:
    assert endpoints._full(address) == full


@pytest.mark.parametrize("address", ["http://", "http://a:port/v1", "http://[::1/v1", "http://a b/v1", "http://me:secret@a/v1"])
def test_what_is_no_address_is_told(address: str, succ: Task) -> None:
    with pytest.raises(RecsynError, match=r"no address of an endpoint|holds a name or a password") as refused:
        open_endpoint(address, succ, MODEL)
    assert "secret" not in str(refused.value)


def test_questions_are_asked_side_by_side_by_threads_that_python_does_not_wait_for() -> None:
    together = threading.Barrier(3, timeout=30)
    daemons = set()

    def work(text: str) -> str:
        together.wait()
        daemons.add(threading.current_thread().daemon)
        return text.upper()

    assert endpoints._side_by_side(work, list("abcdef"), 3) == list("ABCDEF")
    assert daemons == {True}
    assert endpoints._side_by_side(work, [], 3) == []


def test_nothing_is_begun_after_an_error() -> None:
    begun: list[str] = []

    def work(text: str) -> str:
        begun.append(text)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        endpoints._side_by_side(work, [str(i) for i in range(100_000)], 1)
    assert len(begun) < 100_000
