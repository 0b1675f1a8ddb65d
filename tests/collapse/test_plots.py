"""Plots of made-up outcomes: that they show the numbers, all of them, and break at none."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from matplotlib.colors import to_hex, to_rgb

from recsyn.collapse import drawings, plots
from recsyn.collapse.drawings import PAPER, legible
from recsyn.collapse.findings import chosen, metrics_of
from recsyn.collapse.made import Categories, Numbers, Points, density, heat_of_metrics, heat_of_rows, made
from recsyn.collapse.outcome import Collapse, Label, Outcome, Prediction
from recsyn.collapse.panels import MOST_TOGETHER, panels
from recsyn.collapse.published import Published
from recsyn.errors import MissingExtra, RecsynError

HOSTILE = "a $\\frac{ name</text><script>alert(1)</script>\x00\ud800 \n" + "x" * 300
N = np.arange(1, 9)


def chains(seed: int, many: int = 12, generations: int = 8, scale: float = 1.0) -> Any:
    return scale * np.random.default_rng(seed).gamma(20, 1 / 20, (many, generations))


def setting(workflow: str, seed: int = 0, /, label: Label = "exact", **more: Any) -> Outcome:
    predictions = (Prediction("made-up", label, "test_loss", 1 + 0.01 * N),)
    return Outcome({"workflow": workflow}, **{"values": {"test_loss": chains(seed)}, "predictions": predictions} | more)


def by_label(figure: Any, label: str) -> list[Any]:
    return [line for axes in figure.axes for line in axes.lines if line.get_label() == label]


def words(figure: Any) -> str:
    """All that is written on it."""
    from matplotlib.text import Text

    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Nothing may warn."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def written(figure: Any, path: Path) -> bytes:
    plots.write_figure(figure, path)
    return path.read_bytes()


# Curves


def test_a_curve_is_the_mean_of_chains_that_still_ran() -> None:
    values = chains(1)
    values[3, 4:] = np.nan
    values[5, 2] = np.inf
    (line,) = by_label(plots.curves([setting("replace", values={"test_loss": values})], "test_loss"), "workflow replace")
    expected = [sum(v for v in column if abs(v) < np.inf) / sum(abs(v) < np.inf for v in column) for column in values.T.tolist()]
    assert line.get_xdata().tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert line.get_ydata() == pytest.approx(expected)


def test_bands_hold_two_standard_errors_and_most_chains() -> None:
    outcome = setting("replace", 2)
    values = outcome.values["test_loss"]
    (axes,) = plots.curves([outcome], "test_loss").axes
    wide, narrow = (band.get_paths()[0].vertices for band in axes.collections)
    for generation in range(1, 9):
        column = sorted(values[:, generation - 1])
        at = wide[wide[:, 0] == generation, 1]
        assert (at.min(), at.max()) == pytest.approx(np.quantile(column, [0.05, 0.95]))
        at = narrow[narrow[:, 0] == generation, 1]
        mean, error = np.mean(column), np.std(column, ddof=1) / np.sqrt(len(column))
        assert (at.min(), at.max()) == pytest.approx((mean - 2 * error, mean + 2 * error))


@pytest.mark.parametrize("label", ["exact", "asymptotic", "bound"])
def test_theory_is_dashed_in_the_colour_of_its_setting_and_its_label_is_told(label: Label) -> None:
    others = [setting("a", 1, predictions=()), setting("b", 2, label=label), setting("c", 3, predictions=())]
    figure = plots.curves(others, "test_loss")
    (theory,), (line,) = by_label(figure, f"theory, {label}"), by_label(figure, "b")
    assert theory.get_ydata() == pytest.approx(1 + 0.01 * N)
    assert theory.is_dashed()
    assert not line.is_dashed()
    assert theory.get_color() == line.get_color() != by_label(figure, "a")[0].get_color()
    assert f"theory, {label}" in words(figure)
    assert [other for other in ("exact", "asymptotic", "bound") if f"theory, {other}" in words(figure)] == [label]


def test_published_figures_are_hollow_and_stand_with_the_settings_that_they_are_of() -> None:
    published = [
        Published({"workflow": "b"}, "test_loss", {1: 0.5, 4: 0.7}, "a paper"),
        Published({"workflow": "b"}, "variance", {1: 9.0}, "another metric"),
        Published({"workflow": "d"}, "test_loss", {1: 9.0}, "another setting"),
    ]
    figure = plots.curves([setting("a", 1), setting("b", 2)], "test_loss", published)
    (marks,) = by_label(figure, "published")
    assert (marks.get_xdata().tolist(), marks.get_ydata().tolist()) == ([1, 4], [0.5, 0.7])
    assert marks.get_linestyle() == "None"
    assert marks.get_markerfacecolor() == PAPER.ground
    assert marks.get_markeredgecolor() == by_label(figure, "b")[0].get_color()
    assert "a paper" in words(figure)
    assert "another" not in words(figure)


def test_collapses_are_crosses_where_their_chains_ended() -> None:
    values = chains(4)
    values[2, 5:] = np.nan
    values[7] = np.nan
    collapses = (
        Collapse(2, 6, "singular"),
        Collapse(4, 3, "numbers after it"),
        Collapse(7, 1, "nothing to fit"),
        Collapse(99, 3, "of a chain that is not known"),
    )
    (axes,) = plots.curves([setting("a", values={"test_loss": values}, collapses=collapses)], "test_loss").axes
    crosses = [each for each in axes.collections if each.get_label() == "collapsed"]
    assert crosses[0].get_offsets().tolist() == [[6, values[2, 4]], [3, values[4, 1]]]
    assert [x for x, _ in crosses[1].get_offsets().tolist()] == [1, 3]


@pytest.mark.parametrize(
    ("means", "scale"),
    [([1, 2, 29], "linear"), ([1, 2, 31], "log"), ([0, 2, 31], "linear"), ([-1, 2, 31], "linear"), ([1e-9, np.nan, 1], "log")],
)
def test_the_range_decides_on_powers(means: Sequence[float], scale: str) -> None:
    outcome = Outcome({"a": "b"}, {"x": np.array([means, means], float)})
    assert plots.curves([outcome], "x").axes[0].get_yscale() == scale


def test_what_stands_beside_decides_on_powers_too() -> None:
    outcome = Outcome({"a": "b"}, {"x": np.ones((3, 2))})
    far = Published({"a": "b"}, "x", {2: 100.0}, "s")
    theory = Outcome({"a": "b"}, {"x": np.ones((3, 2))}, predictions=(Prediction("r", "bound", "x", np.array([1, 100.0])),))
    scales = [
        plots.curves([each], "x", beside).axes[0].get_yscale() for each, beside in ((outcome, ()), (outcome, (far,)), (theory, ()))
    ]
    assert scales == ["linear", "log", "log"]


def test_generations_are_whole_numbers_from_the_first_on() -> None:
    for longest in (1, 2, 5, 6, 7, 20, 33, 100, 999):
        (axes,) = plots.curves([Outcome({}, {"x": np.ones((2, longest))})], "x").axes
        ticks = axes.get_xticks().tolist()
        assert ticks[0] == 1
        assert all(tick == round(tick) for tick in ticks)
        assert len(ticks) <= 8
        assert axes.get_xlim()[0] < 1 <= longest < axes.get_xlim()[1]
        assert ticks[-1] <= longest


# Panels


def grid(**axes: Sequence[str]) -> list[Outcome]:
    points = [dict(zip(axes, names, strict=True)) for names in itertools.product(*axes.values())]
    return [Outcome(point, {"test_loss": chains(place)}) for place, point in enumerate(points)]


def test_few_settings_stand_together() -> None:
    laid = panels(grid(workflow=["replace", "accumulate"], rows=["10", "100"], noise=["1"]))
    assert [[s.label for s in panel.settings] for panel in laid.panels] == [
        ["replace, 10", "replace, 100", "accumulate, 10", "accumulate, 100"]
    ]
    assert (laid.common, laid.varied) == ("noise 1", "workflow, rows")


def test_many_settings_are_parted_along_an_axis_and_keep_their_colours() -> None:
    outcomes = grid(workflow=["replace", "accumulate", "mix"], rows=["10", "100", "200", "1000"])
    laid = panels(outcomes)
    assert [panel.title for panel in laid.panels] == ["workflow replace", "workflow accumulate", "workflow mix"]
    assert all([s.label for s in panel.settings] == ["10", "100", "200", "1000"] for panel in laid.panels)
    figure = plots.curves(outcomes, "test_loss")
    for label in ("10", "100", "200", "1000"):
        lines = by_label(figure, label)
        assert len(lines) == 3
        assert len({line.get_color() for line in lines}) == 1
        assert label in words(figure).split("\n")
    for title in ("workflow replace", "workflow accumulate", "workflow mix"):
        assert title in words(figure)
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_twelve_settings_of_one_axis_can_be_told_apart() -> None:
    figure = plots.curves(grid(workflow=[f"w{i}" for i in range(12)]), "test_loss")
    for axes, places in zip(figure.axes, (range(6), range(6, 12)), strict=True):
        lines = [line for line in axes.lines if re.fullmatch(r"w\d+", str(line.get_label()))]
        assert [line.get_label() for line in lines] == [f"w{i}" for i in places]
        assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 6
        assert [text.get_text() for text in axes.get_legend().get_texts()] == [f"w{i}" for i in places]


def test_every_setting_stands_in_one_panel_and_no_panel_is_too_full() -> None:
    generator = np.random.default_rng(5)
    for _ in range(200):
        axes = {f"axis{i}": [str(k) for k in range(generator.integers(1, 6))] for i in range(generator.integers(0, 5))}
        outcomes = [each for each in grid(**axes) if generator.random() < 0.8]
        laid = panels(outcomes)
        told = [s for panel in laid.panels for s in panel.settings]
        assert sorted(id(s.outcome) for s in told) == sorted(map(id, outcomes))
        for panel in laid.panels:
            assert 0 < len(panel.settings) <= MOST_TOGETHER
            assert len({s.style for s in panel.settings}) == len(panel.settings)
        if laid.alike:
            assert len({(s.label, s.style) for s in told}) == len({s.label for s in told})


# What may come


ODD: Mapping[str, Callable[[], list[Outcome]]] = {
    "nothing": lambda: [],
    "no values": lambda: [Outcome({"a": "b"}, {}, failed=("it did not run",))],
    "not a number": lambda: [setting("a", values={"test_loss": np.full((3, 4), np.nan)})],
    "infinite": lambda: [setting("a", values={"test_loss": np.where(chains(1) > 1, np.inf, -np.inf)}, predictions=())],
    "infinite theory": lambda: [setting("a", predictions=(Prediction("r", "bound", "test_loss", np.full(8, np.inf)),))],
    "huge": lambda: [setting("a", values={"test_loss": 1e307 * chains(2)})],
    "one chain": lambda: [setting("a", values={"test_loss": chains(3, 1)})],
    "one generation": lambda: [
        setting("a", values={"test_loss": chains(3, 5, 1)}, predictions=(Prediction("r", "exact", "test_loss", np.ones(1)),))
    ],
    "no chains": lambda: [setting("a", values={"test_loss": np.empty((0, 4))})],
    "no generations": lambda: [setting("a", values={"test_loss": np.empty((4, 0))})],
    "no predictions": lambda: [setting("a", predictions=())],
    "constant": lambda: [setting("a", values={"test_loss": np.ones((5, 6))})],
    "hostile": lambda: [setting(HOSTILE, i, collapses=(Collapse(0, 2, HOSTILE),)) for i in range(3)],
    "the same twice": lambda: [setting("a", 1), setting("a", 2)],
    "other axes": lambda: [setting("a"), Outcome({"rows": "10"}, {"test_loss": chains(1)}), Outcome({}, {"test_loss": chains(2)})],
    "long": lambda: [setting("a", values={"test_loss": chains(3, 3, 3_000)})],
}


@pytest.mark.parametrize("which", ODD)
def test_whatever_comes_is_drawn(which: str, tmp_path: Path) -> None:
    figure = plots.curves(ODD[which](), "test_loss", [Published({}, "test_loss", {1: np.nan, 2: 1.0}, HOSTILE)])
    assert written(figure, tmp_path / "a.png").startswith(b"\x89PNG")
    ElementTree.fromstring(written(figure, tmp_path / "a.svg"))


def test_files_are_the_same_every_time(tmp_path: Path) -> None:
    shown = {1: np.random.default_rng(1).normal(size=300), 5: np.random.default_rng(2).normal(size=300)}
    outcomes = [setting("replace", shown=shown), setting("mix / 0.5", 1, values={"test_loss": chains(1), "tail_mass": chains(2)})]
    first = plots.write_plots(tmp_path / "first", outcomes, metrics_of(outcomes))
    second = plots.write_plots(tmp_path / "second", outcomes, metrics_of(outcomes))
    assert [path.name for path in first] == [
        f"{name}.{ending}"
        for name in (
            "curves-test_loss",
            "curves-tail_mass",
            "rows-workflow-replace",
            "heat-workflow-replace",
            "heat-workflow-mix-0.5",
        )
        for ending in ("png", "svg")
    ]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == sorted(path.name for path in first)


def test_names_of_files_are_whole_and_their_own(tmp_path: Path) -> None:
    outcomes = [setting(name, values={"../../x": chains(1), "": chains(2), "..": chains(3)}) for name in ("é", "à")]
    written = plots.write_plots(tmp_path / "plots", outcomes, metrics_of(outcomes))
    assert len(set(written)) == len(written) == 2 * (3 + 2)
    assert {path.parent for path in written} == {tmp_path / "plots"}
    assert all(re.fullmatch(r"[a-z0-9._-]+", path.name) for path in written)


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecsynError, match="cannot be made"):
        plots.write_plots(tmp_path / "file" / "plots", [], [])


def test_without_matplotlib_its_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"recsyn\[report\]"):
        plots.curves([setting("a")], "test_loss")
    with pytest.raises(MissingExtra, match=r"recsyn\[report\]"):
        plots.write_plots(tmp_path, [], [])


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    program = "import sys, recsyn.collapse.plots, recsyn.collapse.page, recsyn.collapse.tables; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "jinja2", "torch", "sympy", "pyarrow"} & set(loaded)


# Rows


def test_rows_are_sorted_out_by_what_they_are() -> None:
    generator = np.random.default_rng(3)
    assert isinstance(made({1: generator.normal(size=9)}), Numbers)
    assert isinstance(made({1: generator.normal(size=(9, 1))}), Numbers)
    assert isinstance(made({1: generator.normal(size=(9, 2))}), Points)
    assert isinstance(made({1: generator.normal(size=(9, 4, 4))}), Points)
    assert isinstance(made({1: generator.integers(0, 3, (9, 5))}), Categories)
    assert isinstance(made({1: np.array(["a", "b"])}), Categories)
    nothing: list[Mapping[int, Any]] = [{}, {1: np.empty(0)}, {1: np.full(3, np.nan)}, {1: np.array([object()])}]
    assert [made(each) for each in (*nothing, {1: np.ones((2, 2)), 2: np.ones((2, 3))})] == [None] * 5


def test_a_density_is_one() -> None:
    rows = np.random.default_rng(4).normal(3, 2, 4_000)
    places = np.linspace(-10, 16, 400)
    found = density(rows, places)
    assert np.trapezoid(found, places) == pytest.approx(1, abs=1e-3)
    assert found[np.abs(places - 3).argmin()] == pytest.approx(1 / (2 * np.sqrt(2 * np.pi)), rel=0.08)
    # Rows that are all the same are a peak that can be seen, not a division by nothing.
    assert np.isfinite(density(np.ones(50), np.linspace(0, 2, 100))).all()


def test_each_ridge_is_a_generation_in_turn() -> None:
    generator = np.random.default_rng(5)
    shown = {generation: generator.normal(generation, 0.5, 400) for generation in (0, 1, 2, 4)}
    figure = plots.densities(setting("a", shown=shown))
    assert figure is not None
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["real", "1", "2", "4"]
    ridges = [line for line in axes.lines if line.get_color() == PAPER.settings[0]]
    peaks = [line.get_xdata()[np.argmax(line.get_ydata())] for line in ridges]
    assert peaks == pytest.approx([0, 1, 2, 4], abs=0.3)
    assert [float(np.min(line.get_ydata())) for line in ridges] == pytest.approx([3, 2, 1, 0], abs=1e-3)


def test_points_stand_where_they_are() -> None:
    shown = {generation: np.random.default_rng(generation).normal(size=(50, 2)) for generation in range(1, 12)}
    figure = plots.densities(setting("a", shown=shown))
    assert figure is not None
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    for axes, generation in zip(figure.axes, chosen(list(shown), 6), strict=True):
        assert axes.lines[0].get_xydata() == pytest.approx(shown[generation])
        assert axes.get_title(loc="left") == f"generation {generation}"


def test_many_columns_are_seen_in_the_plane_of_the_first_rows() -> None:
    generator = np.random.default_rng(6)
    flat, turned = generator.normal(size=(40, 2)) * [3, 1], np.linalg.qr(generator.normal(size=(7, 7)))[0]
    rows = flat @ turned[:2]
    points = made({1: rows, 2: rows[:5]})
    assert isinstance(points, Points)

    def apart(places: Any) -> Any:
        return np.linalg.norm(places[:, None] - places[None], axis=2)

    assert apart(points.rows[1]) == pytest.approx(apart(flat))
    assert points.rows[2] == pytest.approx(points.rows[1][:5])


def test_bars_are_shares() -> None:
    shown = {1: np.array(["b"] * 6 + ["a"] * 3 + ["c"]), 3: np.array(["b"] * 4)}
    figure = plots.densities(setting("a", shown=shown))
    assert figure is not None
    heights = [[bar.get_height() for bar in axes.patches] for axes in figure.axes]
    assert heights == [pytest.approx([0.3, 0.6, 0.1]), pytest.approx([0, 1, 0])]
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["a", "b", "c"]


def test_rare_categories_stand_together() -> None:
    rows = np.repeat(np.arange(100), np.arange(100, 0, -1))
    found = made({1: rows, 2: rows[rows > 60]})
    assert isinstance(found, Categories)
    assert found.names == (*map(str, range(23)), "all others")
    assert found.shares[1][:3] == pytest.approx(np.array([100, 99, 98]) / len(rows))
    assert [share.sum() for share in found.shares.values()] == pytest.approx([1, 1])
    assert found.shares[2][-1] == 1


def test_a_heat_map_of_rows_has_their_shares() -> None:
    generator = np.random.default_rng(7)
    rows = made({1: generator.normal(size=2_000), 9: generator.normal(0, 0.2, 2_000)})
    assert isinstance(rows, Numbers)
    heat = heat_of_rows(rows)
    assert heat.edges is not None
    counts = np.array(
        [[((low <= r) & (r < high)).sum() for low, high in itertools.pairwise(heat.edges)] for r in rows.rows.values()]
    )
    shares = counts.T / 2_000
    assert heat.strengths**2 * shares.max() == pytest.approx(shares)
    assert heat.scale[-1] == (1.0, f"{100 * shares.max():.2g} %")


def test_a_heat_map_of_metrics_tells_how_many_times_they_became() -> None:
    means = {"up": [1.0, 2, 4], "down": [8.0, 4, 0], "other": [0.0, 1, 2], "negative": [-2.0, -4, 1], "short": [1.0]}
    heat = heat_of_metrics({name: np.array(mean) for name, mean in means.items()})
    assert heat is not None
    expected = [[0, 0.5, 1], [0, -0.5, -1], [np.nan] * 3, [0, 0.5, np.nan], [0, np.nan, np.nan]]
    assert heat.strengths == pytest.approx(np.array(expected), nan_ok=True)
    assert dict(heat.scale) == {-1: "× 0.25 or less", -0.5: "× 0.5", 0: "× 1", 0.5: "× 2", 1: "× 4 or more"}
    assert heat_of_metrics({"a": np.zeros(3)}) is heat_of_metrics({}) is None


def test_cells_of_a_heat_map_are_as_strong_as_they_say() -> None:
    outcome = Outcome({"a": "b"}, {"up": np.array([[1.0, 2, 4]]), "gone": np.array([[0.0, 1, 1]]), "down": np.array([[4.0, 2, 1]])})
    figure = plots.heat_map(outcome)
    assert figure is not None
    (cells,) = figure.axes[0].collections
    assert len(cells.get_facecolor()) == 6, "nothing is said of what began at 0"
    hues = [to_hex(colour) for colour in cells.get_facecolor()]
    assert hues == [PAPER.settings[0]] * 4 + [PAPER.settings[1]] * 2
    strengths = cells.get_facecolor()[:, 3]
    assert strengths[0] < strengths[1] < strengths[2]
    assert strengths[3:] == pytest.approx(strengths[:3])


@pytest.mark.parametrize(
    "shown",
    [
        {1: np.zeros(5), 2: np.array([np.inf, np.nan, 1.0])},
        {1: np.array([1e300, -1e300]), 2: np.zeros(1)},
        {1: np.zeros((4, 3)), 2: np.ones((1, 3))},
        {0: np.zeros((4, 2))},
        {1: np.array([HOSTILE, "b$_$"] * 9)},
        {1: np.array([3])},
        {g: np.random.default_rng(g).normal(size=20) for g in range(1, 200)},
        {g: np.array([True, False, False]) for g in range(1, 50)},
    ],
)
def test_whatever_rows_come_are_drawn(shown: Mapping[int, Any], tmp_path: Path) -> None:
    outcome = setting(HOSTILE, shown=shown)
    for figure in (plots.densities(outcome), plots.heat_map(outcome)):
        assert figure is not None
        ElementTree.fromstring(written(figure, tmp_path / "a.svg"))


def test_where_no_rows_are_shown_none_are_drawn() -> None:
    assert plots.densities(setting("a")) is None
    assert plots.heat_map(Outcome({}, {})) is None
    assert plots.heat_map(setting("a")) is not None


# Words and colours


def test_metrics_come_in_order_and_generations_evenly() -> None:
    outcomes = [Outcome({}, {"b": chains(1), "test_loss": chains(2)}), Outcome({}, {"a": chains(3), "b": chains(4)})]
    assert metrics_of(outcomes) == ["b", "test_loss", "a"]
    assert chosen(range(0, 21), 5) == [0, 5, 10, 15, 20]
    assert chosen([3, 9], 5) == [3, 9]
    assert chosen([], 5) == []


def test_texts_are_legible() -> None:
    assert legible("a\n b\x00") == "a b\ufffd"
    assert len(legible("x" * 300)) == 60
    assert len(drawings.MARKERS) == len(PAPER.settings) == MOST_TOGETHER


# Machado, Oliveira and Fernandes (2009), severity 1, of linear light.
SEEN_BY = {
    "all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopes": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
DARK = "#5b8dff #d9583a #55f0a8 #e8c020 #a98fc4 #e4ecff".split()


def light(colour: str) -> Any:
    c = np.array(to_rgb(colour))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def lab(linear: Any) -> Any:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(("colours", "ground"), [(PAPER.settings, "#ffffff"), (DARK, "#1b1d20")])
def test_settings_are_told_apart_by_all(colours: Sequence[str], ground: str) -> None:
    for matrix in SEEN_BY.values():
        seen = [lab(np.clip(np.array(matrix) @ light(colour), 0, 1)) for colour in colours]
        assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) > 20
    luminances = [float(light(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (*colours, ground)]
    contrasts = [(max(own, luminances[-1]) + 0.05) / (min(own, luminances[-1]) + 0.05) for own in luminances[:-1]]
    assert min(contrasts) > 3, "what pictures need by WCAG 1.4.11"


def test_the_page_has_these_colours() -> None:
    page = Path(plots.__file__).with_name("page.html").read_text("utf-8")
    assert [f"--study-{i}: {colour}" in page for i, colour in enumerate(DARK)] == [True] * 6
