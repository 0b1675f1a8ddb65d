"""The page of a study, as text and in a browser; without one its tests are skipped."""

from __future__ import annotations

import re
import sys
import warnings
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

from recsyn.collapse import tables
from recsyn.collapse.findings import Findings
from recsyn.collapse.outcome import Collapse, Outcome, Prediction
from recsyn.collapse.page import write_page
from recsyn.collapse.published import Published
from recsyn.errors import MissingExtra, RecsynError

HOSTILE = '<script src="x">alert(1)</script>"><img src=x onerror=y>&$\\frac{'
LONG = "long" * 60
CLOSES_ITSELF = "area base br col embed hr img input link meta source track wbr".split()


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nothing may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def chains(seed: int, many: int = 6, generations: int = 5) -> Any:
    return np.random.default_rng(seed).gamma(20, 1 / 20, (many, generations))


def rows(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


def findings(**more: Any) -> Findings:
    """Of all kinds of rows."""
    values = {"test_loss": chains(1), "tail_mass": chains(2), "variance": chains(3)}
    shown: list[dict[int, Any]] = [
        {1: rows(1, 200), 4: rows(2, 200) / 3},
        {1: rows(3, 100, 2), 4: rows(4, 100, 2)},
        {0: np.array([1, 2, 2]), 4: np.array([2, 2, 2])},
        {},
    ]
    names = ("replace", "accumulate", "mix", "weighted")
    outcomes = [Outcome({"workflow": name}, values, shown=kind) for name, kind in zip(names, shown, strict=True)]
    theory = Prediction("a", "exact", "test_loss", np.ones(5))
    told = Outcome(
        {"workflow": "verified"},
        values,
        (Collapse(1, 3, "a singular matrix"),),
        (theory,),
        failed=("no memory",),
        texts={1: ("once upon a time", "  indented", "\x1b[31m<b>"), 5: ("the the the",) * 9},
    )
    whole = {
        "title": "A study",
        "about": "First.\n\nSecond.",
        "outcomes": (*outcomes, told),
        "published": (Published({"workflow": "replace"}, "test_loss", {1: 0.25}, "a paper"),),
        "configuration": "workflow: [replace]\n",
    }
    return Findings(**(whole | more))


class Parsed(HTMLParser):
    """A page read strictly: every element is closed where it should be, and no identifier stands twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.open = html, list[str]()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open
        identifiers = [a["id"] for _, a in self.elements if "id" in a]
        assert len(identifiers) == len(set(identifiers))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs))
        self.elements.append((tag, dict(attrs)))
        if tag not in CLOSES_ITSELF:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.said.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.said))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page_of(folder: Path, found: Findings) -> Parsed:
    return Parsed(write_page(folder / "page.html", found).read_text("utf-8"))


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_page(tmp_path_factory.mktemp("page") / "page.html", findings())


@pytest.fixture(scope="module")
def hostile_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return write_page(tmp_path_factory.mktemp("page") / "page.html", hostile())


@pytest.fixture(scope="module")
def page(page_file: Path) -> Parsed:
    return Parsed(page_file.read_text("utf-8"))


def test_all_that_was_found_is_told(page: Parsed) -> None:
    found = findings()
    assert [page.text.count(words) for words in ("First.", "Second.", "workflow: [replace]", "a paper")] == [1, 1, 1, 1]
    told = [*tables.tables(found), tables.settings_table(found.outcomes)]
    captions = re.findall(r"<caption>(.*?)</caption>", page.html)
    assert sorted(captions) == sorted(table.title for table in told)
    for table in told:
        for cell in (cell for row in table.rows for cell in row):
            assert cell in page.text
    assert "1 chain collapsed" in page.text
    assert "In 1 setting not all chains ran." in page.text


def test_every_picture_is_there_and_has_words(page: Parsed) -> None:
    labels = [str(a["aria-label"]) for a in page.all("div") if a.get("role") == "img"]
    curves = [label for label in labels if "the numbers follow" in label]
    assert [label.split(" by generation")[0] for label in curves] == ["test loss", "tail mass", "variance"]
    mean = chains(1).mean(0)
    assert f"replace: {mean[0]:.4g} in generation 1, {mean[-1]:.4g} in generation 5" in curves[0]
    assert labels.count("The density of the rows of each generation.") == 1
    assert [labels.count(f"The rows of {which}.") for which in ("generation 1", "generation 4", "real rows")] == [1, 2, 1]
    assert labels.count("share of the rows, by generation.") == 2
    assert labels.count("times its value in generation 1, by generation.") == 5
    assert len(page.all("caption")) == len(page.all("table"))


def test_lines_of_texts_are_shown_as_they_are(page: Parsed) -> None:
    lines = re.findall(r"<li>([^<]*)</li>", page.html)
    assert lines[:3] == ["once upon a time", "indented", "\ufffd[31m&lt;b&gt;"]
    assert lines.count("the the the") == 5


def test_a_page_needs_nothing_else(page: Parsed) -> None:
    named = re.sub(r'xmlns(:\w+)?="[^"]*"', "", page.html)
    assert not re.search(r"https?://", named)
    assert not [a for _, a in page.elements if "src" in a or any(name.startswith("on") for name in a)]
    inner = {f"#{a['id']}" for _, a in page.elements if "id" in a} | {"data:,"}
    assert {a["href"] for _, a in page.elements if "href" in a} <= inner
    assert set(re.findall(r"url\(([^)]*)\)", page.html)) <= inner
    assert set(re.findall(r"var\((--[\w-]+)\)", page.html)) <= set(re.findall(r"(--[\w-]+):", page.html))
    assert not re.search(r"#0[15]0[0-9]0[0-9]|#0[123]0[123]0[123]", page.html), "a colour that stands for one of the page"


def hostile() -> Findings:
    outcomes = tuple(
        Outcome(
            {HOSTILE: f"{name}{i}", LONG: LONG},
            {HOSTILE: chains(i), LONG: chains(i), "test_loss": np.full((2, 3), np.nan)},
            (Collapse(0, 2, HOSTILE), Collapse(1, 2, LONG)),
            shown={1: np.array([HOSTILE, LONG])},
            failed=(HOSTILE, LONG),
            texts={1: (HOSTILE, LONG * 9)},
        )
        for i, name in enumerate((HOSTILE, LONG, "a", "b", "c", "d", "e"))
    )
    published = (Published({}, HOSTILE, {1: 1.0}, HOSTILE), Published({}, LONG, {1: 1.0}, LONG))
    return Findings(HOSTILE, f"{HOSTILE} {LONG}", outcomes, published, f"{HOSTILE}\n{LONG}")


def test_what_a_user_wrote_cannot_act(hostile_file: Path, page: Parsed) -> None:
    hurt = Parsed(hostile_file.read_text("utf-8"))
    assert hurt.all("script") == [{}]
    assert hurt.scripts == page.scripts
    own = b64encode(sha256(hurt.scripts[0].encode()).digest()).decode()
    (policy,) = [a["content"] for a in hurt.all("meta") if a.get("http-equiv")]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{own}'"
    assert not hurt.all("img")
    assert hurt.text.count(HOSTILE) > 30


def test_the_same_findings_give_the_same_bytes(tmp_path: Path, page_file: Path) -> None:
    assert write_page(str(tmp_path / "again.html"), findings()).read_bytes() == page_file.read_bytes()


def test_nothing_is_a_page_too(tmp_path: Path) -> None:
    nothing = page_of(tmp_path, Findings("Nothing", "", ()))
    assert "Nothing was run." in nothing.text
    assert not nothing.all("figure")
    failed = page_of(tmp_path, Findings("Nothing", "", (Outcome({}, {}, failed=("why",)),)))
    assert "why" in failed.text
    empty = Outcome({}, {"x": np.full((3, 2), np.nan), "y": np.array([[np.inf]]), "z": np.empty((0, 4))})
    told = page_of(tmp_path, Findings("t", "", (empty,)))
    assert told.text.count("No chain has a finite value of it.") == 3
    assert "nan" not in told.text.lower()


def test_of_very_many_settings_some_are_not_drawn_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsyn.collapse.page._MOST_SETTINGS", 2)
    outcomes = tuple(Outcome({"seed": str(i)}, {"x": np.ones((1, 2))}) for i in range(5))
    page = page_of(tmp_path, Findings("t", "", outcomes))
    assert "3 more settings are not drawn here" in page.text
    assert [a["data-name"] for a in page.all("figure") if a["data-part"] == "setting"] == ["seed 0", "seed 1"]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(RecsynError, match="the page cannot be written"):
        write_page(tmp_path / "missing" / "page.html", Findings("t", "", ()))


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_by_its_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"recsyn\[report\]"):
        write_page(tmp_path / "page.html", findings())


# In a browser


def shown(page: Any, part: str) -> list[str]:
    """The names of parts that are seen."""
    places = page.locator(f"[data-part={part}]")
    return [places.nth(i).get_attribute("data-name") for i in range(places.count()) if places.nth(i).is_visible()]


def test_a_metric_and_a_setting_are_chosen_by_keyboard(visit: Callable[..., Any], page_file: Path) -> None:
    page = visit(page_file)
    assert shown(page, "metric") == ["test loss"]
    assert shown(page, "setting") == ["workflow replace"]
    for part, first, second in (("metric", "test loss", "tail mass"), ("setting", "workflow replace", "workflow accumulate")):
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement === document.querySelector('[data-chooses={part}] select')"):
                break
        for key, now in (("ArrowDown", second), ("ArrowUp", first), ("ArrowDown", second)):
            page.keyboard.press(key)
            assert shown(page, part) == [now]
    assert shown(page, "metric") == ["tail mass"]


def test_without_javascript_all_is_seen(visit: Callable[..., Any], page_file: Path) -> None:
    page = visit(page_file, java_script_enabled=False)
    assert shown(page, "metric") == ["test loss", "tail mass", "variance"]
    assert len(shown(page, "setting")) == 5
    assert not page.locator("select").first.is_visible()
    assert "With JavaScript, one metric at a time can be chosen" in page.inner_text("main")


def test_a_choice_of_one_is_none(visit: Callable[..., Any], tmp_path: Path) -> None:
    alone = Findings("t", "", (Outcome({}, {"x": np.ones((2, 3))}),))
    page = visit(write_page(tmp_path / "page.html", alone))
    assert [page.locator("select").nth(i).is_visible() for i in range(2)] == [False, False]
    assert (shown(page, "metric"), shown(page, "setting")) == (["x"], ["all chains"])


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
@pytest.mark.parametrize("what", ["page_file", "hostile_file"])
def test_a_page_is_as_wide_as_a_small_screen(
    visit: Callable[..., Any], request: pytest.FixtureRequest, what: str, scheme: str
) -> None:
    page = visit(request.getfixturevalue(what), viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    for place in range(page.locator("[data-chooses=metric] option").count()):
        page.select_option("[data-chooses=metric] select", str(place))
        assert page.evaluate("document.documentElement.scrollWidth") == 360
    heads = page.locator("tbody th:visible")
    assert max(heads.nth(place).bounding_box()["width"] for place in range(heads.count())) < 200
    assert page.evaluate("[...document.querySelectorAll('tbody th > span')].every((head) => head.scrollWidth <= head.clientWidth)")
    ground, ink = page.evaluate(
        "(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.documentElement))"
    )
    brightness = [sum(map(int, re.findall(r"\d+", colour))) for colour in (ground, ink)]
    assert (brightness[0] < brightness[1]) == (scheme == "dark")


@pytest.mark.parametrize("what", ["page_file", "hostile_file"])
def test_legends_have_marks_of_one_size(visit: Callable[..., Any], request: pytest.FixtureRequest, what: str) -> None:
    page = visit(request.getfixturevalue(what))
    page.select_option("[data-chooses=metric] select", "1")
    marks = page.locator(".legend svg:visible")
    assert marks.count() >= 7
    boxes = [marks.nth(place).bounding_box() for place in range(marks.count())]
    assert {(round(box["width"]), round(box["height"])) for box in boxes} == {(28, 14)}
