"""An endpoint on this machine that misbehaves as it is told, commands written for a test, and inputs of the successor."""

from __future__ import annotations

import json
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from recsyn.data.tasks import Task
from recsyn.values import Datum

Handling = Callable[["Heard"], Mapping[str, Any]]
"""What is said to what was heard: the fields of :class:`Said`."""


@dataclass(frozen=True)
class Heard:
    """What came in: ``number`` counts questions from 0."""

    number: int
    path: str
    headers: Mapping[str, str]
    content: Any

    @property
    def question(self) -> str:
        """The text that the model is given."""
        text: str = self.content["messages"][0]["content"] if "messages" in self.content else self.content["prompt"]
        return text

    @property
    def tokens(self) -> str:
        """The tokens on the prompt's last line but one."""
        return self.question.splitlines()[-2].removeprefix("input: ")


@dataclass(frozen=True)
class Said:
    """What goes out. ``parts`` are sent one after another, ``pause`` seconds before each."""

    parts: tuple[bytes, ...]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    pause: float = 0.0


@dataclass
class Server:
    address: str
    heard: list[Heard] = field(default_factory=list)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Handling], Server]]:
    """A server that answers as a function says. It hangs no longer than the test lasts."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    over = threading.Event()
    running: list[ThreadingHTTPServer] = []

    def begin(handling: Handling) -> Server:
        counting = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with counting:
                    heard = Heard(len(server.heard), self.path, dict(self.headers), json.loads(body or b"null"))
                    server.heard.append(heard)
                said = Said(**handling(heard))
                self.send_response(said.status)
                for name, value in (*said.headers, ("Content-Length", str(sum(map(len, said.parts))))):
                    self.send_header(name, value)
                self.end_headers()
                for part in said.parts:
                    over.wait(said.pause)
                    self.wfile.write(part)
                    self.wfile.flush()

            do_GET = do_POST  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                """Who has hung up is of no interest."""

        made = Quiet(("127.0.0.1", 0), Handler)
        server = Server(f"http://127.0.0.1:{made.server_port}/v1")
        threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
        running.append(made)
        return server

    yield begin
    over.set()
    for made in running:
        made.shutdown()
        made.server_close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], list[str]]:
    """A command that runs these lines of Python; ``rows`` in them are the questions as they come, and ``say`` writes a line."""

    def of(lines: str) -> list[str]:
        path = tmp_path / "answering.py"
        path.write_text(
            "import json, os, sys, time\n"
            "rows = (json.loads(line) for line in sys.stdin)\n"
            "def say(id, output):\n"
            "    print(json.dumps({'id': id, 'output': output}), flush=True)\n" + lines
        )
        return [sys.executable, "-S", "-E", str(path)]

    return of


@pytest.fixture
def command(script: Callable[[str], list[str]]) -> Callable[[str], str]:
    """The same, as the words that name a model."""
    return lambda lines: f"exec:{shlex.join(script(lines))}"


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: small models gain nothing from more."""
    networks = pytest.importorskip("recsyn.neural.networks")
    with networks.one_thread():
        yield


@pytest.fixture(scope="session")
def numbers(succ: Task) -> list[Datum]:
    """The 31 smallest binary numbers."""
    return list(succ.space.smallest(31))
