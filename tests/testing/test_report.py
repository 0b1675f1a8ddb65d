"""Reports on models with planted bugs: what they must say, and that they are whole, safe and the same every time."""

from __future__ import annotations

import dataclasses
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")

from recsyn.data.answers import Answer
from recsyn.data.tasks import Task, task_from_config
from recsyn.errors import MissingExtra, RecsynError
from recsyn.lang.checker import check
from recsyn.lang.source import Source
from recsyn.semantics.reference import Reference
from recsyn.testing import charts
from recsyn.testing.budget import Budget
from recsyn.testing.campaign import run_campaign
from recsyn.testing.findings import Evidence, Result, Tally
from recsyn.testing.report import Report, Study, aligned, reduction, write_report
from recsyn.testing.rules import Condition, Rule, Score
from recsyn.testing.verdicts import Failure, Lost
from recsyn.testing.words import feature_in_words, rule_in_words
from recsyn.values import Datum, Value

EXAMPLES = Path(__file__).parents[2] / "examples"
LEAF = Value("Leaf")
BUDGET = Budget(examples=600, fresh=300, rate=200)
CLAMPED = """
fun clamp (k : Int) (n : Pos) : Pos =
  match n with
  | One  => XO One
  | XO b => XI b
  | XI b => if k == 0 then XI b else XO (clamp (k - 1) b)
  end
fun bug n = clamp 5 n
"""
IN_ORDER = "fun bug t = match t with Leaf => [] | Branch v l r => append (bug l) (v :: bug r) end"
NEVER_CLOSED = ("area base br col embed hr img input link meta source track wbr").split()


def task_of(program: str, function: str, input: str, output: str) -> Task:
    source = (EXAMPLES / f"{program}.rec").read_text("utf-8")
    distribution = {"kind": "uniform", "sizes": [1, 12]}
    config = {"name": program, "source": source, "program": f"{program}.rec", "function": function}
    return task_from_config(config | {"input": input, "output": output, "distribution": distribution})


def planted(task: Task, text: str, function: str = "bug") -> Callable[[Sequence[Datum]], list[Datum]]:
    reference = Reference(check(Source("bug.rec", task.program_source + text)))
    return lambda inputs: [reference.call(function, (value,)) for value in inputs]


@pytest.fixture(scope="module")
def successor() -> Task:
    return task_of("successor", "succ", "prefix", "prefix")


@pytest.fixture(scope="module")
def clamped(successor: Task) -> Result:
    return run_campaign(planted(successor, CLAMPED), successor, budget=BUDGET, seed=1)


@pytest.fixture(scope="module")
def right(successor: Task) -> Result:
    return run_campaign(planted(successor, "", "succ"), successor, budget=BUDGET, seed=1)


@pytest.fixture(scope="module")
def traversed() -> Result:
    task = task_of("traversal", "preorder", "bracketed", "flat")
    return run_campaign(planted(task, IN_ORDER), task, budget=BUDGET, seed=1)


class Page(HTMLParser):
    """A page read strictly: every element is closed where it should be, and no identifier stands twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.open = html, list[str]()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open
        identifiers = [a["id"] for _, a in self.elements if "id" in a]
        assert len(identifiers) == len(set(identifiers))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs))
        self.elements.append((tag, dict(attrs)))
        if tag not in NEVER_CLOSED:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def sampled(result: Result, failing: int, tested: int) -> Result:
    """The campaign as if its rate were this."""
    told = result.sampled
    failure = Failure(LEAF, ("a",), Answer(()), "too short")
    failures = (failure,) * failing + (None,) * (tested - failing)
    columns = {name: column[:tested] for name, column in told.columns.items()}
    return dataclasses.replace(result, sampled=Evidence(told.inputs[:tested], columns, failures))


def page_of(folder: Path, *studies: Study, title: str = "A title", timings: tuple[tuple[str, float], ...] = ()) -> Page:
    path = write_report(folder / "report.html", Report(title, f"About {title}.", studies, timings))
    return Page(path.read_text("utf-8"))


def test_a_finding_is_told_in_full(tmp_path: Path, clamped: Result, right: Result) -> None:
    page = page_of(tmp_path, Study("as trained", clamped), Study("repaired", right))
    (finding,) = clamped.findings
    assert "Fails where the recursion goes at least 6 calls deep" in page.text
    assert str(finding.rule) in page.text
    hits, predicted = finding.score.hits, finding.score.predicted
    assert f"100.0% {hits} of {predicted} fresh inputs under the rule failed" in page.text
    assert f"{clamped.rate.failures} of 200 inputs failed" in page.text
    assert "XI (XI (XI (XI (XI (XI One)))))" in page.text
    assert all(f"{kind} × {many}" in page.text for kind, many in finding.kinds.items())
    assert "All 600 inputs that were searched were answered right." in page.text


def test_the_reduction_is_shown_with_its_redexes(tmp_path: Path, clamped: Result) -> None:
    page = page_of(tmp_path, Study("as trained", clamped))
    trace = clamped.task.function.trace(clamped.findings[0].counterexample)
    assert len(page.all("mark")) == len(trace)
    assert f"reduces it, in {len(trace)} steps" in page.text


def test_a_page_needs_nothing_else(tmp_path: Path, clamped: Result, right: Result) -> None:
    page = page_of(
        tmp_path, Study("a", clamped, (2.0, 1.0, 0.5)), Study("b", right), timings=(("training", 3.5), ("campaign", 75.0))
    )
    named = re.sub(r'xmlns(:\w+)?="[^"]*"|createElementNS\("[^"]*"', "", page.html)
    assert not re.search(r"https?://", named)
    assert not [a for _, a in page.elements if "src" in a or any(name.startswith("on") for name in a)]
    inner = {f"#{a['id']}" for _, a in page.elements if "id" in a} | {"data:,"}
    assert {a["href"] for _, a in page.elements if "href" in a} <= inner
    assert set(re.findall(r"url\(([^)]*)\)", page.html)) <= inner
    assert set(re.findall(r"var\((--[\w-]+)\)", page.html)) <= set(re.findall(r"(--[\w-]+):", page.html))


def test_charts_have_words_and_tables_captions(tmp_path: Path, clamped: Result, right: Result) -> None:
    page = page_of(tmp_path, Study("as trained", clamped, (2.0, 1.0)), Study("repaired", right), timings=(("training", 75.0),))
    labels = [a["aria-label"] for _, a in page.elements if a.get("role") == "img"]
    assert len(labels) == 4  # shares, losses, one map for each study
    assert all(labels)
    assert len(page.all("caption")) == len(page.all("table"))
    assert "Failures by size and recursion depth" in page.text
    assert "1 min 15 s" in page.text
    assert [a["lang"] for a in page.all("html")] == ["en"]


def test_trees_are_drawn(tmp_path: Path, traversed: Result) -> None:
    page = page_of(tmp_path, Study("in order", traversed))
    trees = [a for a in page.all("svg") if a.get("class") == "tree"]
    assert [a["aria-label"] for a in trees] == [f"the tree {f.input}" for finding in traversed.findings for f in finding.smallest]
    assert "off the spine along field 3 of Branch" in page.text


def test_a_drawing_has_every_node_and_edge(traversed: Result) -> None:
    space = traversed.task.space
    drawn = charts.tree(space, Value("Branch", (7, Value("Branch", (8, LEAF, LEAF)), LEAF)))
    assert drawn is not None
    assert (drawn.count("<rect"), drawn.count("<circle"), drawn.count('class="edge"')) == (2, 3, 4)
    assert re.findall(r">(\d)</text>", drawn) == ["7", "8"]


def test_what_a_user_wrote_cannot_act(tmp_path: Path, clamped: Result) -> None:
    hostile = '<script src="x">alert(1)</script>"><img src=x onerror=y>&$\\frac{'
    failure = clamped.findings[0].failure
    answer = Answer((*failure.answer.tokens[:-1], hostile))
    finding = dataclasses.replace(clamped.findings[0], smallest=(dataclasses.replace(failure, answer=answer),))
    result = dataclasses.replace(clamped, findings=(finding,))
    page = page_of(tmp_path, Study(hostile, result, (1.0, 0.5)), title=hostile, timings=((hostile, 1.0),))
    assert page.all("script") == [{"type": "application/json", "id": "data"}, {}]
    data, script = page.scripts
    assert not set(data) & set("<>&")
    assert hostile in data.encode().decode("unicode_escape")
    assert script == page_of(tmp_path, Study("a", clamped)).scripts[1]
    (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv")]
    own = b64encode(sha256(script.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{own}'"
    assert not page.all("img")
    assert page.text.count(hostile) >= 6


def test_the_same_report_gives_the_same_bytes(tmp_path: Path, clamped: Result, traversed: Result) -> None:
    report = Report("Twice", "", (Study("a", clamped, tuple(1 / (i + 1) for i in range(2_000))), Study("b", traversed)))
    first = write_report(tmp_path / "first.html", report).read_bytes()
    assert write_report(str(tmp_path / "second.html"), report).read_bytes() == first


def test_what_was_not_measured_is_said(tmp_path: Path, clamped: Result) -> None:
    finding = dataclasses.replace(clamped.findings[0], score=Score(0, 0, 0))
    page = page_of(tmp_path, Study("a", sampled(dataclasses.replace(clamped, findings=(finding,)), 0, 0)))
    assert page.text.count("not measured") == 3
    assert "nan" not in page.text.lower()


def test_a_campaign_that_never_began(tmp_path: Path, successor: Task, clamped: Result) -> None:
    empty = dataclasses.replace(
        clamped.searched, inputs=(), failures=(), columns={n: c[:0] for n, c in clamped.searched.columns.items()}
    )
    result = dataclasses.replace(clamped, findings=(), searched=empty, fresh=empty, sampled=empty, interrupted=True)
    page = page_of(tmp_path, Study("stopped", result), Study("done", clamped))
    assert "Nothing was searched" in page.text
    assert "stopped before its end" in page.text
    assert page_of(tmp_path, Study("stopped", result)).all("figure") == []
    assert "No model was tested." in page_of(tmp_path).text


def test_failures_without_a_rule_are_told_as_such(tmp_path: Path, clamped: Result) -> None:
    told = "Fails where no simple rule predicts it"
    assert told not in page_of(tmp_path, Study("a", clamped)).text
    finding = dataclasses.replace(clamped.findings[0], rule=None)
    assert told in page_of(tmp_path, Study("a", dataclasses.replace(clamped, findings=(finding,)))).text


def test_failures_that_only_the_rate_met_are_told(tmp_path: Path, right: Result) -> None:
    page = page_of(tmp_path, Study("a", sampled(right, 3, 200)))
    assert "yet 3 of the 200 drawn for the rate were not" in page.text


def test_what_was_lost_remarked_and_stopped_is_told(tmp_path: Path, clamped: Result) -> None:
    lost = tuple(Lost(value, "raised" if i else "timed out", f"why {i}") for i, value in enumerate(clamped.searched.inputs[:9]))
    told = {"lost": lost, "tallies": (Tally("small", 150, 3, 9),), "calls": 1_234, "remarks": ("halved",), "stopped": "it is down"}
    page = page_of(tmp_path, Study("a", dataclasses.replace(clamped, **told)))
    assert "raised: 8 inputs" in page.text
    assert "timed out: 1 input " in page.text
    assert ["why 5" in page.text, "why 6" in page.text] == [True, False], "five of a kind"
    assert "<dt>Model calls</dt><dd>1\u202f234 inputs</dd><dt>No verdict</dt><dd>9 inputs</dd>" in page.html
    assert '<th scope="row">small</th><td>150</td><td>3</td><td>9</td>' in page.html
    assert "It stopped: it is down" in page.text
    assert "halved" in page.text


def test_rates_are_told_by_every_feature(tmp_path: Path, clamped: Result) -> None:
    page = page_of(tmp_path, Study("a", clamped))
    column, failing = clamped.sampled.columns["size"], clamped.sampled.failing
    for size in set(column.tolist()):
        here = failing[column == size]
        assert f'<th scope="row">{size}</th><td>{here.mean():.1%} of {len(here)}</td>' in page.html
    assert "constructors in the input size" in page.text
    assert "by every feature" not in page_of(tmp_path, Study("a", sampled(clamped, 0, 50))).text


def test_a_long_reduction_is_cut_and_says_so(traversed: Result) -> None:
    value = LEAF
    for label in range(400):
        value = Value("Branch", (label % 10, value, LEAF))
    cut = reduction(traversed.task, value)
    assert 0 < len(cut.steps) < cut.taken == 200
    assert not cut.complete
    assert len(cut.result) < 5_000


def test_losses_that_are_no_numbers_are_left_out(tmp_path: Path, clamped: Result) -> None:
    page = page_of(tmp_path, Study("a", clamped, (1.0, float("nan"), float("inf"), 0.5)), Study("b", clamped, (0.0,)))
    assert "Training loss" in page.text


@pytest.mark.parametrize(
    ("expected", "answer", "shown"),
    [
        ("a b c", Answer(("a", "x", "c")), [("a", "a", ""), ("b", "x", "first"), ("c", "c", ""), ("end", "end", "")]),
        ("a b", Answer(("a",)), [("a", "a", ""), ("b", "end", "first"), ("end", None, "further")]),
        ("", Answer(("end",)), [("end", "end", "first"), (None, "end", "further")]),
        ("a", Answer(("a",), ended=False), [("a", "a", ""), ("end", "goes on", "first")]),
    ],
)
def test_tokens_are_aligned(expected: str, answer: Answer, shown: list[tuple[str | None, str | None, str]]) -> None:
    places = aligned(Failure(0, tuple(expected.split()), answer, "wrong token"))
    assert [(p.expected and p.expected[0], p.answered and p.answered[0], p.difference) for p in places] == shown


def test_tokens_far_from_the_difference_are_left_out() -> None:
    expected = ("a",) * 500
    places = aligned(Failure(0, expected, Answer((*expected[:300], "b", *expected[301:])), "wrong token"))
    assert len(places) == 82
    assert [p.expected for p in (places[0], places[-1])] == [("…", True)] * 2
    assert [p.difference for p in places].count("first") == 1


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        ([], "on every input"),
        ([("size", "==", 1)], "where the input holds exactly 1 constructor"),
        ([("growth", ">=", -2)], "where the right output is at least −2 tokens longer than the input"),
        ([("spine_My_Node_2", "<=", 3)], "where the spine along field 2 of My_Node is at most 3 long"),
        (
            [("count_My_Node", ">=", 2), ("calls", "<=", 4)],
            "where the input holds at least 2 My_Node and the function calls itself at most 4 times",
        ),
        ([("longer", ">=", 1)], "where the right output is longer than the input"),
        ([("longer", "<=", 0)], "where the right output is no longer than the input"),
        ([("unheard_of", ">=", 2)], "where unheard_of is at least 2"),
    ],
)
def test_rules_are_put_into_words(conditions: list[tuple[str, str, int]], words: str) -> None:
    assert rule_in_words(Rule(tuple(Condition(*c) for c in conditions))) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        ("size", "constructors in the input"),
        ("count_My_Node", "My_Node in the input"),
        ("spine_My_Node_2", "My_Node on the spine along field 2"),
        ("off_spine_My_Node_2", "My_Node off the spine along field 2"),
        ("unheard_of", "unheard of"),
    ],
)
def test_features_are_put_into_words(feature: str, words: str) -> None:
    assert feature_in_words(feature) == words


def test_ranges_hold_every_number() -> None:
    column = np.array([3, 0, 99, 7])
    ranges = charts.ranges_over([column, column[:0]], 40)
    assert len(ranges) <= 40
    assert sum(rate.tested for rate in charts.rates_over(column, column > 5, ranges)) == 4
    assert charts.ranges_over([column[:0]], 40) == []


def test_a_file_that_cannot_be_written(tmp_path: Path, right: Result) -> None:
    report = Report("t", "s", (Study("a", right),))
    with pytest.raises(RecsynError, match="cannot be written"):
        write_report(tmp_path, report)
    with pytest.raises(RecsynError, match="cannot be written"):
        write_report(tmp_path / "missing" / "report.html", report)


@pytest.mark.parametrize("package", ["jinja2", "matplotlib"])
def test_a_missing_package_is_named_by_its_extra(
    tmp_path: Path, right: Result, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"recsyn\[report\]"):
        write_report(tmp_path / "report.html", Report("t", "s", (Study("a", right),)))
