"""Tables of made-up outcomes, held against numbers worked out by hand."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsyn.collapse import tables
from recsyn.collapse.findings import Findings
from recsyn.collapse.outcome import Collapse, Label, Outcome, Prediction
from recsyn.collapse.published import Published

VALUES = np.array([[1.0, 2, 3], [1.5, 2, np.nan], [0.5, 5, 7]])
"""Means 1, 3, 5; standard errors 0.2887, 1, 2."""


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nothing may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def outcome(name: str = "replace", /, values: Any = VALUES, **more: Any) -> Outcome:
    return Outcome({"workflow": name}, {"test_loss": np.asarray(values, float)}, **more)


def prediction(label: Label, *values: float) -> Prediction:
    return Prediction(f"made-up-{label}", label, "test_loss", np.array(values))


def test_a_cell_is_a_mean_its_error_the_theory_and_what_was_published() -> None:
    told = outcome(predictions=(prediction("exact", 1.1, 2.5, 9),))
    published = [Published({}, "test_loss", {2: 3.25}, "a paper"), Published({}, "variance", {1: 4.0}, "of another metric")]
    table = tables.metric_table([told], "test_loss", published)
    assert table.header == ("workflow", "generation 1", "generation 2", "generation 3", "z of the last")
    assert table.rows == (("replace", "1.00 ± 0.29 (1.1; –)", "3.0 ± 1.0 (2.5; 3.25)", "5.0 ± 2.0 [2 of 3 chains] (9; –)", "-2.0"),)
    assert table.title == ("test loss, mean ± standard error over 3 chains; in brackets the theory, then what was published")


def test_brackets_hold_only_what_there_is() -> None:
    (row,) = tables.metric_table([outcome()], "test_loss").rows
    assert row == ("replace", "1.00 ± 0.29", "3.0 ± 1.0", "5.0 ± 2.0 [2 of 3 chains]")
    (row,) = tables.metric_table([outcome()], "test_loss", [Published({}, "test_loss", {1: 4.0}, "s")]).rows
    assert row[1:3] == ("1.00 ± 0.29 (4)", "3.0 ± 1.0 (–)")
    assert "brackets" not in tables.metric_table([outcome()], "test_loss").title


def test_what_says_the_most_is_told_and_labelled() -> None:
    both = outcome("a", predictions=(prediction("bound", 8, 8, 8), prediction("asymptotic", 2, 2, 2)))
    bound = outcome("b", predictions=(prediction("bound", 8, 8, 8),))
    exact = outcome("c", predictions=(prediction("asymptotic", 2, 2, 2), prediction("exact", 1, 3, 5)))
    table = tables.metric_table([both, bound, exact], "test_loss")
    assert [row[1] for row in table.rows] == ["1.00 ± 0.29 (≈ 2)", "1.00 ± 0.29 (bound 8)", "1.00 ± 0.29 (1)"]
    assert [row[-1] for row in table.rows] == ["–", "–", "+0.0"], "only exact results are held against chains"
    assert "the theory (≈ asymptotic, others exact)" in table.title
    assert "z of the last" not in tables.metric_table([both, bound], "test_loss").header


def test_z_is_of_the_last_generation_and_of_chains_that_differ() -> None:
    generator = np.random.default_rng(1)
    values = 2 + generator.normal(size=(50, 4))
    column = values[:, 3].tolist()
    mean = sum(column) / 50
    error = (sum((v - mean) ** 2 for v in column) / 49 / 50) ** 0.5
    (row,) = tables.metric_table([outcome(values=values, predictions=(prediction("exact", 9, 9, 9, 1.7),))], "test_loss").rows
    assert float(row[-1]) == pytest.approx((mean - 1.7) / error, abs=0.05)
    for alone in (np.ones((1, 3)), np.ones((4, 3)), np.full((3, 3), np.nan), np.empty((3, 0))):
        (row,) = tables.metric_table([outcome(values=alone, predictions=(prediction("exact", 1, 1, 1),))], "test_loss").rows
        assert row[-1] == "–"


def test_published_generations_have_columns() -> None:
    values = np.ones((2, 50))
    plain = tables.metric_table([outcome(values=values)], "test_loss").header[1:]
    assert (len(plain), plain[0], plain[-1]) == (5, "generation 1", "generation 50")
    told = Published({"workflow": "replace"}, "test_loss", {4: 1.0, 10: 1.0, 90: 1.0}, "s")
    other = Published({"workflow": "mix"}, "test_loss", {7: 1.0}, "s")
    header = tables.metric_table([outcome(values=values)], "test_loss", [told, other]).header[1:]
    assert header == tuple(f"generation {g}" for g in (1, 4, 10, 50))


def test_settings_need_not_have_the_same_axes_generations_or_metrics() -> None:
    short = Outcome({"rows": "10"}, {"test_loss": VALUES[:, :1]})
    other = Outcome({"rows": "20"}, {"variance": VALUES})
    table = tables.metric_table([outcome(), short, other], "test_loss")
    assert table.header[:2] == ("workflow", "rows")
    assert [row[:3] for row in table.rows] == [("replace", "–", "1.00 ± 0.29"), ("–", "10", "1.00 ± 0.29")]
    assert table.rows[1][3:] == ("–", "–")


def test_the_profile_is_of_the_first_and_the_last_generation() -> None:
    rich = Outcome({"a": "b"}, {"variance": VALUES, "test_loss": VALUES[:, :1]})
    table = tables.profile_table([rich, Outcome({"a": "c"}, {}, failed=("why",))])
    assert table.header == ("a", "variance", "test loss")
    assert table.rows == (("b", "1 → 5", "1 → 1"),)


def test_collapses_are_told_by_cause() -> None:
    collapses = (Collapse(0, 3, "singular\n|matrix|"), Collapse(2, 5, "singular\n|matrix|"), Collapse(1, 4, "overflow"))
    table = tables.collapse_table([outcome("a", collapses=collapses), outcome("b")])
    assert table is not None
    assert table.rows == (("a", "2 of 3", "3 to 5", "singular |matrix|"), ("a", "1 of 3", "4", "overflow"))
    assert r"| singular \|matrix\| |" in table.markdown()
    assert tables.collapse_table([outcome()]) is tables.failure_table([outcome()]) is None
    failed = tables.failure_table([Outcome({"workflow": "a"}, {}, failed=("no room", "killed"))])
    assert failed is not None
    assert [row[-1] for row in failed.rows] == ["no room", "killed"]
    settings = tables.settings_table([outcome("a", collapses=collapses), Outcome({"workflow": "b"}, {}, failed=("x",))])
    assert [row[1:] for row in settings.rows] == [("3", "3", "3", "no"), ("0", "0", "0", "yes")]


def test_all_of_it_is_a_page_of_markdown() -> None:
    rich = Outcome({"a|b": "c\nd"}, {"test_loss": VALUES, "variance": VALUES}, (Collapse(1, 3, "why"),), failed=("no",))
    published = (Published({}, "variance", {1: 2.0}, "paper one"), Published({}, "variance", {2: 2.0}, "paper one"))
    page = tables.markdown(Findings("A title", "About it.", (rich,), published, "a: ```b\n"))
    assert page.startswith("# A title\n\nAbout it.\n\ntest loss, mean")
    assert "Published: paper one." in page
    assert "````yaml\na: ```b\n````" in page
    rows = [line for line in page.splitlines() if line.startswith("| c d |")]
    assert len(rows) == 5
    assert len(tables.tables(Findings("t", "", (rich,)))) == 5
    assert tables.markdown(Findings("Nothing", "", ())) == "# Nothing\n"


@given(st.floats(-1e5, 1e5), st.floats(1e-6, 1e3))
def test_a_mean_has_the_digits_that_its_error_bears(mean: float, error: float) -> None:
    told, _, doubt = tables.with_error(mean, error).partition(" ± ")
    assert float(doubt) == pytest.approx(error, rel=0.051)
    assert abs(float(told) - mean) <= (0.0501 if error < 100 else 0.501) * error


@pytest.mark.parametrize(
    ("mean", "error", "told"),
    [
        (0.11170, 0.00123, "0.1117 ± 0.0012"),
        (-2.5, 0.5, "-2.50 ± 0.50"),
        (1234.5, 67, "1234 ± 67"),
        (1234.5, 670, "1234 ± 6.7e+02"),
        (3e9, 2e7, "3e+09 ± 2e+07"),
        (1.5e-12, 2e-14, "1.5e-12 ± 2e-14"),
        (1.25, 0, "1.25"),
        (1.25, np.nan, "1.25"),
        (np.nan, 1, "–"),
        (np.inf, np.nan, "–"),
    ],
)
def test_means_are_written(mean: float, error: float, told: str) -> None:
    assert tables.with_error(mean, error) == told
