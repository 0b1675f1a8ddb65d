"""The page to step through: what it holds, and what it does in a browser, which serves all tests; without one they are skipped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import recsyn
from recsyn.semantics.frames import Frame, Node
from recsyn.semantics.stepper import stepper_page

HOSTILE = [
    "</script><script>window.pwned = 1</script>",
    "<!--<script x",
    "<img src=x onerror='window.pwned = 1'>",
    "]]>&lt;&amp;\"'`",
    "\u2028\u2029\0\x1b\\",
    "{{runs}} {{title}} {{digest}}",
    "\\u003c/script>",
    "😀 é ⟦",
]


@dataclass(frozen=True)
class Shown:
    """A run that is nothing but what it shows."""

    title: str
    pictures: tuple[Frame, ...]

    def frames(self) -> tuple[Frame, ...]:
        return self.pictures


def said(text: str) -> Shown:
    """A run that says one text wherever it can."""
    frame = Frame(text, ((text, False), (text, True)), (Node(text, 1), Node(text, 0, True)), ((text, text),))
    return Shown(text, (frame, frame))


class Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.tags: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.inside = tag == "script"
        if self.inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts[-1] += data


def parts(page: str) -> Parts:
    parsed = Parts()
    parsed.feed(page)
    parsed.close()
    return parsed


PLAIN = parts(stepper_page(said("plain")))


@settings(max_examples=30)
@given(st.text())
@example("</script x")
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[5])
@example("f x, call by value")
def test_whatever_is_said_is_data(text: str) -> None:
    parsed = parts(stepper_page(said(text)))
    assert parsed.tags == PLAIN.tags
    data, script = parsed.scripts
    assert data.isascii()
    assert not set(data) & set("<>&"), "browsers end a script at more than this parser does"
    assert script == PLAIN.scripts[1]
    expected = [text, [[text, 0], [text, 1]], [[text, 1, 0], [text, 0, 1]], [[text, text]]]
    assert json.loads(data) == [{"title": text, "tab": text, "frames": [expected, expected]}]


def test_one_file_that_loads_nothing() -> None:
    page = stepper_page(said("a"))
    assert "default-src 'none'" in page
    assert page.count("http") == 2, "the name of SVG, and `http-equiv`"
    assert "@import" not in page
    assert "url(" not in page


def test_no_run_at_all() -> None:
    assert "nothing to show" in stepper_page()


# In a browser

Opened = Callable[..., Any]


@pytest.fixture
def opened(visit: Opened, tmp_path: Path) -> Opened:
    """Open the page of some runs."""

    def open_page(*runs: Any, **options: Any) -> Any:
        path = tmp_path / "page.html"
        path.write_text(stepper_page(*runs), "utf-8")
        return visit(path, **options)

    return open_page


@pytest.fixture(scope="module")
def steps() -> recsyn.semantics.trace.Trace:
    program = recsyn.load(Path(__file__).parents[2] / "examples" / "traversal.rec")
    return program.trace("preorder (Branch 1 (Branch 2 Leaf Leaf) Leaf)")


def place(page: Any) -> int:
    return int(page.input_value("#number"))


def test_next_back_jump_and_play(opened: Opened, steps: Any) -> None:
    page = opened(steps)
    frames = steps.frames()
    last = len(frames) - 1
    for number, frame in enumerate(frames):
        assert place(page) == number
        assert page.inner_text(".term") == "".join(text for text, _ in frame.text)
        assert page.locator("mark").all_inner_texts() == [text for text, marked in frame.text if marked]
        assert page.inner_text("[aria-current=step]").replace("\n", "") == f"{number}{frame.rule or 'start'}"
        cells = page.locator("#state td").all_inner_texts()
        assert cells == [text for _, text in frame.state]
        if number < last:
            page.click("#next")
    assert page.is_disabled("#next")
    page.click("#back")
    assert place(page) == last - 1
    page.click("#first")
    assert place(page) == 0
    assert page.is_disabled("#back")
    page.fill("#number", "5")
    page.press("#number", "Enter")
    assert place(page) == int(page.input_value("#slider")) == 5
    page.fill("#slider", "7")
    assert place(page) == 7
    page.fill("#number", "999")
    page.press("#number", "Enter")
    assert place(page) == last
    page.click("#rules button[data-place='2']")
    assert place(page) == 2
    page.select_option("#speed", "60")
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.locator("#next:disabled").wait_for()
    assert place(page) == last
    assert page.get_attribute("#play", "aria-label") == "Play"


def test_the_keyboard(opened: Opened, steps: Any) -> None:
    page = opened(steps)
    last = len(steps)
    pressed = {"ArrowRight": [1, 2, 3], "ArrowLeft": [2, 1], "End": [last, last], "Home": [0]}
    for key, places in pressed.items():
        for expected in places:
            page.keyboard.press(key)
            assert place(page) == expected
    page.select_option("#speed", "60")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    page.locator("#rules li:nth-child(n+4) [aria-current=step]").wait_for()
    page.keyboard.press("Space")
    held = place(page)
    page.wait_for_timeout(200)
    assert place(page) == held
    page.keyboard.press("t")
    assert page.locator("svg.tree").count() == 1
    page.focus("#next")
    page.keyboard.press("Enter")
    assert place(page) == held + 1
    assert page.inner_text("#said").startswith(f"Step {held + 1} of {len(steps)}, rule ")


def test_the_term_as_a_tree(opened: Opened, steps: Any) -> None:
    page = opened(steps)
    page.click("#as-tree")
    for frame in steps.frames():
        assert page.locator("svg.tree text").all_text_contents() == [node.label for node in frame.tree]
        assert page.locator("svg.tree .node.marked").count() == sum(node.marked for node in frame.tree)
        boxes = page.evaluate(
            "Array.from(document.querySelectorAll('svg.tree rect'), r => ['x', 'y', 'width'].map(a => +r.getAttribute(a)))"
        )
        for index, (x, y, width) in enumerate(boxes):
            for other_x, other_y, other_width in boxes[:index]:
                assert y != other_y or x >= other_x + other_width or other_x >= x + width, "two nodes overlap"
        page.keyboard.press("ArrowRight")


def test_a_term_too_large_to_be_drawn_says_so(opened: Opened) -> None:
    trace = recsyn.loads("fun id x = x").trace(f"id {list(range(500))}")
    page = opened(Shown("large", (*trace.frames(), Frame("", (("a", False),), (Node("a", 0),)))))
    page.click("#as-tree")
    assert "too large to be drawn" in page.inner_text("#stage")
    assert "id (0 :: 1 :: 2 :: " in page.inner_text("#stage")


def test_what_a_program_says_is_shown_and_never_run(opened: Opened) -> None:
    page = opened(*map(said, HOSTILE))
    for index, text in enumerate(HOSTILE):
        page.evaluate(f"choose({index})")
        stage = page.evaluate("document.querySelector('.term').textContent")
        assert stage == text + text
        assert page.evaluate("document.getElementById('title').textContent") == text
        assert page.evaluate("document.querySelector('#state td').textContent") == text
        page.evaluate("view(true)")
        assert page.evaluate("document.querySelectorAll('svg.tree text').length") == 2
        page.evaluate("view(false)")
    assert page.evaluate("window.pwned") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    strings = recsyn.loads("fun f s = match s with [] => s | _ => s end").trace('f "</script><b>"')
    page = opened(strings)
    assert page.inner_text(".term") == 'f "</script><b>"'


def test_tabs_say_what_tells_runs_apart(opened: Opened) -> None:
    program = recsyn.loads("fun f xs = match xs with [] => 0 | x :: xs => x + f xs end")
    page = opened(program.trace("f [1, 2]"), program.rounds("f [1, 2]"), program.machine("f [1, 2]"))
    assert page.locator("[role=tab]").all_inner_texts() == ["call by value", "in rounds", "by its finite-state machine"]
    page = opened(program.trace("f [1, 2]"), program.trace("f [1, 3]"))
    assert page.locator("[role=tab]").all_inner_texts() == ["f [1, 2], call by value", "f [1, 3], call by value"]


def test_a_tab_for_each_run(opened: Opened, steps: Any) -> None:
    page = opened(steps, Shown("bare", (Frame("", (("a", False),)), Frame("round 1", (("b", False),)))))
    page.keyboard.press("ArrowRight")
    page.click("[role=tab]:nth-child(2)")
    assert page.inner_text(".term") == "a"
    assert page.inner_text("#title") == "bare"
    assert not page.is_visible(".view")
    assert not page.is_visible("#state-card")
    page.keyboard.press("ArrowRight")
    assert page.inner_text(".term") == "b"
    page.focus("[role=tab]:nth-child(2)")
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("[role=tab]:nth-child(1)", "aria-selected") == "true"
    assert place(page) == 1, "each run stays where it was"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone(opened: Opened, steps: Any, scheme: str) -> None:
    page = opened(steps, said("long " * 40 + "x" * 300), viewport={"width": 340, "height": 640}, color_scheme=scheme)
    for tree in (False, True):
        for run in (0, 1):
            page.evaluate(f"choose({run}); view({str(tree).lower()}); show(4)")
            assert page.evaluate("document.documentElement.scrollWidth") <= 340
    small = page.evaluate(
        "Array.from(document.querySelectorAll('button, select, input[type=number]')).filter(b => b.offsetParent)"
        ".filter(b => b.getBoundingClientRect().height < 43 || b.getBoundingClientRect().width < 43).map(b => b.outerHTML)"
    )
    assert small == [], "too small for a finger"
    colours = page.evaluate("(style => [style.color, style.backgroundColor])(getComputedStyle(document.documentElement))")
    brightness = [sum(map(int, colour[4:-1].split(","))) for colour in colours]
    assert (brightness[0] < brightness[1]) == (scheme == "light")
    assert page.locator("button:not([aria-label])").evaluate_all("bs => bs.filter(b => !b.textContent.trim()).length") == 0
