"""The report in a browser, which serves all tests; without one they are skipped."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Sequence
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

from recsyn.data.tasks import Task
from recsyn.semantics.frames import Run
from recsyn.testing import embedding
from recsyn.testing.campaign import Budget, run_campaign
from recsyn.testing.embedding import explored, shared, stepped
from recsyn.testing.findings import Evidence, Result, Tally
from recsyn.testing.report import Report, Study, write_report
from recsyn.testing.verdicts import Lost
from recsyn.testing.words import feature_in_words
from recsyn.values import Datum, Value

Answering = Callable[[Sequence[Datum]], list[Any]]
SWAPPED = "fun bug t = match t with Leaf => [] | Branch v l r => v :: append (bug l) (bug r) end"
LEAF = Value("Leaf")


@pytest.fixture(scope="module")
def result(inorder: Task, planted: Callable[[Task, str], Answering]) -> Result:
    found = run_campaign(planted(inorder, SWAPPED), inorder, budget=Budget(500, 400, 300), seed=2)
    lost = tuple(Lost(value, "raised", "a long " * 30 + "x" * 200) for value in found.searched.inputs[-3:])
    return dataclasses.replace(found, lost=lost, tallies=(Tally("small", 150, 3, 3),), remarks=("a remark",), calls=1_200)


@pytest.fixture(scope="module")
def page_file(result: Result, inorder: Task, itself: Callable[[Task], Answering], tmp_path_factory: pytest.TempPathFactory) -> Path:
    right = run_campaign(itself(inorder), inorder, budget=Budget(200, 100, 150), seed=3)
    studies = (Study("swapped </script><b>", result, (2.0, 1.0)), Study("right " + "x" * 60, right))
    return write_report(tmp_path_factory.mktemp("report") / "report.html", Report("A title", "About it.", studies))


@pytest.fixture
def page(visit: Callable[..., Any], page_file: Path) -> Any:
    return visit(page_file)


def cells(page: Any) -> dict[tuple[tuple[int, int], tuple[int, int]], tuple[int, int]]:
    """What the table shows: for each range down and across how many failed of how many."""

    def ranges(texts: list[str]) -> list[tuple[int, int]]:
        ends = [[int(end.replace("−", "-")) for end in text.split("–")] for text in texts]
        return [(each[0], each[-1]) for each in ends]

    across = ranges(page.locator(".heat thead th").all_inner_texts())
    down = ranges(page.locator(".heat tbody th").all_inner_texts())
    texts = page.locator(".heat tbody td").all_text_contents()
    shown = {}
    for place, text in enumerate(texts):
        found = re.search(r"(\d+) %(\d+) of (\d+)", text)
        row, column = divmod(place, len(across))
        shown[down[row], across[column]] = (int(found[2]), int(found[3])) if found else (0, 0)
        assert not found or int(found[1]) == int(100 * int(found[2]) / int(found[3]) + 0.5)
    assert len(texts) == len(across) * len(down)
    return shown


def counted(evidence: Evidence, down: str, across: str, places: Any) -> dict[Any, tuple[int, int]]:
    """The same counted one by one: every input is in exactly one cell."""
    counts = dict.fromkeys(places, (0, 0))
    columns = (evidence.columns[down].tolist(), evidence.columns[across].tolist())
    for y, x, failure in zip(*columns, evidence.failures, strict=True):
        (at,) = [p for p in places if p[0][0] <= y <= p[0][1] and p[1][0] <= x <= p[1][1]]
        failed, tested = counts[at]
        counts[at] = (failed + (failure is not None), tested + 1)
    return counts


def test_two_chosen_features_give_the_rates_counted_by_hand(page: Any, result: Result) -> None:
    for down, across in (("recursion_depth", "size"), ("balance", "off_spine_Branch_3"), ("labels", "growth"), ("size", "size")):
        page.select_option("#explorer-down", down)
        page.select_option("#explorer-across", across)
        for name, evidence in (("sampled", result.sampled), ("fresh", result.fresh)):
            page.select_option("#explorer-sample", name)
            shown = cells(page)
            assert len({y for y, _ in shown}) <= 10
            assert shown == counted(evidence, down, across, list(shown))
        assert feature_in_words(down) in page.inner_text(".heat caption")
    page.select_option("#explorer-study", "1")
    assert page.input_value("#explorer-down") == "size"
    assert {failed for failed, _ in cells(page).values()} == {0}


def test_cells_tell_their_numbers_to_the_keyboard(page: Any, result: Result) -> None:
    page.focus("#explorer-sample")
    page.keyboard.press("Tab")
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "End", "Home", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    shown = cells(page)
    assert page.evaluate("(e => [e.parentNode.sectionRowIndex, e.cellIndex])(document.activeElement)") == [2, 1]
    assert page.locator(".heat [tabindex='0']").count() == 1
    for (down, across), (failed, tested) in shown.items():
        if tested:
            row, column = sorted({y for y, _ in shown}).index(down), sorted({x for _, x in shown}).index(across)
            page.locator(".heat tbody tr").nth(row).locator("td").nth(column).click()
            said = page.inner_text("#explorer-said")
            # Wilson's interval as the roots of (p - x)² = z² x (1 - x) / n
            p, q = failed / tested, 1.959963984540054**2 / tested
            root = sqrt(q * q + 4 * q * p * (1 - p))
            low, high = ((2 * p + q + sign * root) / (2 * (1 + q)) for sign in (-1, 1))
            assert f": {failed} of {tested} input{'' if tested == 1 else 's'} failed, " in said
            told = [float(number) for number in re.findall(r"([\d.]+) % ?", said.partition("failed, ")[2])]
            assert told == pytest.approx([100 * p, 95, 100 * low, 100 * high], abs=0.051)


def test_a_counterexample_is_stepped_through_with_the_keyboard(page: Any, result: Result) -> None:
    failure = result.findings[0].smallest[0]
    task = result.task
    runs: list[Run] = [task.function.trace(failure.input), task.function.rounds(failure.input)]
    button = page.locator("button[data-stepped='0']")
    button.focus()
    page.keyboard.press("Enter")
    for place, run in enumerate(runs):
        if place:
            page.locator("[role=tab]").nth(1).click()
        frames = run.frames()
        for number, frame in enumerate(frames):
            assert page.inner_text("#stage .term") == "".join(text for text, _ in frame.text)
            assert page.input_value("#number") == str(number)
            page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("#stage .term") == "".join(text for text, _ in frames[-2].text)
        page.keyboard.press("Home")
        assert page.input_value("#number") == "0"
    page.focus("#number")
    page.keyboard.press("ArrowLeft")
    page.focus("[role=tab]:nth-child(2)")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("[role=tab]:nth-child(1)", "aria-selected") == "true", "on a tab the arrows go to the next tab"
    page.evaluate("{ const clear = clearInterval; window.clearInterval = (id) => { window.cleared = id; clear(id); } }")
    page.click("#play")
    page.keyboard.press("Escape")
    page.locator("#stage").wait_for(state="detached")
    assert page.evaluate("window.cleared") is not None, "it plays on where nobody sees it"
    assert not page.is_visible("#stepper")
    assert page.evaluate("document.activeElement.dataset.stepped") == "0"
    page.keyboard.press("ArrowRight")
    page.locator("button[data-stepped]").last.click()
    page.click("#stepper-close")
    page.locator("#stage").wait_for(state="detached")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(visit: Callable[..., Any], page_file: Path, scheme: str) -> None:
    page = visit(page_file, viewport={"width": 360, "height": 640}, color_scheme=scheme)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    small = "(bs => bs.filter(b => b.offsetParent && b.getBoundingClientRect().height < 43).map(b => b.outerHTML))"
    assert page.locator("button, select").evaluate_all(small) == [], "too small for a finger"
    page.locator("button[data-stepped]").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    inside = page.evaluate(
        "(d => [d.scrollWidth - d.clientWidth, d.getBoundingClientRect().right])(document.getElementById('stepper'))"
    )
    assert inside[0] <= 0
    assert inside[1] <= 360
    brightness = page.evaluate(
        "['color', 'backgroundColor'].map(n => getComputedStyle(document.querySelector('dialog'))[n].match(/\\d+/g).slice(0, 3)"
        ".reduce((sum, part) => sum + Number(part), 0))"
    )
    assert (brightness[0] < brightness[1]) == (scheme == "light")


def test_every_control_is_reached_and_shows_it(page: Any) -> None:
    wanted = page.evaluate(
        "Array.from(document.querySelectorAll('select, button, summary')).filter(e => e.checkVisibility())"
        ".map((e, place) => { e.dataset.place = place; return place; })"
    )
    reached = []
    for _ in range(200):
        page.keyboard.press("Tab")
        name, place, seen = page.evaluate(
            "(e => [e.localName, e.dataset.place, getComputedStyle(e).outlineStyle !== 'none'])(document.activeElement)"
        )
        if name == "body":
            break
        assert seen, f"no outline on {name} {place}"
        reached += [] if place is None else [int(place)]
    assert reached == wanted, "in the order of the page"


def test_without_scripts_the_charts_stand(visit: Callable[..., Any], browser: Any, page_file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.locator("figure svg").count() >= 3
    assert page.locator("figure svg").first.is_visible()
    assert not page.is_visible("#explorer")
    assert not page.locator("button[data-stepped]").first.is_visible()
    assert page.locator("noscript").is_visible()
    context.close()


def test_what_a_model_is_called_is_shown_and_never_run(page: Any) -> None:
    assert page.locator("#explorer-study option").first.text_content() == "swapped </script><b>"
    assert page.locator("b b, h3 b").count() == 0
    assert page.locator("script").count() == 2


# What is left out


def test_room_is_shared_by_those_that_need_it() -> None:
    assert shared([10, 20, 5], 100) == [10, 20, 5]
    assert shared([10, 200, 300, 5], 101) == [10, 43, 43, 5]
    assert shared([], 5) == []
    assert sum(shared([50, 60, 70], 100)) == 100


def test_inputs_that_make_a_page_too_large_are_left_out_and_counted(
    visit: Callable[..., Any], result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = len(explored([("a", result)])[0]["features"])
    monkeypatch.setattr(embedding, "_MOST_NUMBERS", 350 * features)
    page = visit(write_report(tmp_path / "report.html", Report("t", "s", (Study("a", result),))))
    assert page.inner_text("#explorer-over").endswith(": the first 175 of 300.")
    shown = cells(page)
    first = Evidence(
        result.sampled.inputs[:175], {n: c[:175] for n, c in result.sampled.columns.items()}, result.sampled.failures[:175]
    )
    assert shown == counted(first, "recursion_depth", "size", list(shown))


def test_steps_that_make_a_page_too_large_are_left_out_and_counted(inorder: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "_MOST_CHARACTERS", 40_000)
    value = LEAF
    for label in range(20):
        value = Value("Branch", (label % 7, value, LEAF))
    (whole, cut) = stepped([(inorder, LEAF), (inorder, value)])
    assert whole.shown == whole.pictures
    assert 2 < cut.shown < cut.pictures
    assert cut.shown == sum(len(run["frames"]) for run in cut.runs)
    assert 20_000 < len(json.dumps([cut.runs, whole.runs], separators=(",", ":"))) < 41_000
    frames = cut.runs[0]["frames"]
    trace = inorder.function.trace(value, limit=200).frames()
    assert tuple(frames[-1][3][-1]) == ("left out", f"{len(trace) - len(frames)} more, for the page's size")
