"""What tests on every floor share: a checkpoint trained once, live, by the command that a user would run, and a browser."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from recsyn.cli.main import main

# How long something takes is measured by benchmarks, and no test fails where a machine is busy.
# By `make test-thorough`, properties are tried with as many examples as Hypothesis does by itself.
settings.register_profile("thorough", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("recsyn", settings.get_profile("thorough"), max_examples=40)
settings.load_profile(os.environ.get("RECSYN_PROFILE", "recsyn"))

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files with the longest tests first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.path.name not in ("test_documentation.py", "test_demo.py"))


@pytest.fixture(scope="session")
def examples() -> Path:
    return ROOT / "examples"


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A successor model trained on carries of at most 5."""
    folder = tmp_path_factory.mktemp("runs") / "successor"
    assert main(["train", "successor-reverse", "--out", str(folder)]) == 0
    return folder


CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync""".split()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for the tests of a module; without it they are skipped."""
    driver = pytest.importorskip("playwright.sync_api", reason="pages are tried out with Playwright, which is not installed")
    if CHROMIUM is None:
        pytest.skip("pages are tried out in Chromium, which is not installed")
    with driver.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a file. At the end nothing but the files may have been asked for, and nothing complained."""
    pages, asked, complaints = [], [], []

    def open_file(path: Path, **options: Any) -> Any:
        page = browser.new_page(**({"viewport": {"width": 1100, "height": 800}} | options))
        page.set_default_timeout(10_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        pages.append((page, path.as_uri()))
        page.goto(path.as_uri())
        return page

    yield open_file
    for page, _ in pages:
        page.close()
    assert [url for url in asked if not url.startswith("data:")] == [uri for _, uri in pages]
    assert complaints == []
