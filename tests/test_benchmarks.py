"""What ``recsyn bench`` measures: the right work, on every side. No test says how long anything may take."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import recsyn
from recsyn.benchmarks import Figure, Table, collapse, evaluation, generation, interleaved, timed
from recsyn.benchmarks.backends import Work
from recsyn.benchmarks.rivals import RIVALS
from recsyn.benchmarks.rivals.rival import Rival, RivalFailed, TooSlow, output_of, written
from recsyn.benchmarks.workloads import ALL_FUNCTIONS, WORKLOADS, Case, case_of, drawn
from recsyn.cli import bench
from recsyn.cli.main import main
from recsyn.errors import MissingExtra, RecsynError
from recsyn.values import Datum, to_list

NAMED = {workload.name: workload for workload in WORKLOADS}
SMALL = {
    "W1": ["One", "XI One", "XI (XI (XO One))"],
    "W2": ["Leaf", "Branch 2 (Branch (-1) Leaf (Branch 7 Leaf Leaf)) (Branch 3 Leaf Leaf)"],
    "rev": ["[]", "[1, -2, 3]"],
    "isort": ["[]", "[3, 1, -2, 2, 1]"],
    "isortP": ["[]", "[Succ (Succ Zero), Zero, Succ Zero, Succ Zero]"],
}


def small(name: str) -> Case:
    program = recsyn.loads(NAMED[name].source)
    return case_of(NAMED[name], [program.value(text) for text in SMALL[name]])


# What the functions compute, by other means.


def number(value: Datum) -> int:
    """What binary digits, the lowest first, or Peano's count."""
    constructors = []
    while value.fields:
        constructors.append(value.constructor)
        value = value.fields[0]
    total = 1 if value.constructor == "One" else 0
    for constructor in reversed(constructors):
        total = total + 1 if constructor == "Succ" else 2 * total + (constructor == "XI")
    return total


def labels(tree: Datum) -> list[int]:
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if node.fields:
            found.append(node.fields[0])
            waiting += [node.fields[2], node.fields[1]]
    return found


ORACLES: dict[str, Callable[[Datum, Datum], bool]] = {
    "W1": lambda given, output: number(output) == number(given) + 1,
    "W2": lambda given, output: to_list(output) == labels(given),
    "rev": lambda given, output: to_list(output) == to_list(given)[::-1],
    "isort": lambda given, output: to_list(output) == sorted(to_list(given)),
    "isortP": lambda given, output: [number(n) for n in to_list(output)] == sorted(number(n) for n in to_list(given)),
}
DRAWN: dict[str, Callable[[Datum], bool]] = {
    "W1": lambda given: 20 <= number(given).bit_length() <= 64,
    "W2": lambda given: 31 <= len(labels(given)) <= 127,
    "rev": lambda given: len(to_list(given)) == 64,
    "isort": lambda given: len(to_list(given)) == 64,
    "isortP": lambda given: len(to_list(given)) == 64 and all(number(n) < 32 for n in to_list(given)),
}


@pytest.mark.parametrize("name", NAMED)
def test_every_side_in_python_computes_the_function(name: str) -> None:
    for case in (small(name), drawn(NAMED[name], 3)):
        assert all(ORACLES[name](*pair) for pair in zip(case.inputs, case.outputs, strict=True))
        for work in evaluation.SIDES.values():
            prepared = work(case)
            assert prepared.outputs(prepared.run()) == list(prepared.expected)


@pytest.mark.parametrize("name", NAMED)
def test_inputs_are_as_described_and_always_the_same(name: str) -> None:
    case = drawn(NAMED[name], 40)
    assert all(DRAWN[name](given) for given in case.inputs)
    assert len(set(case.inputs)) > 35
    assert case.inputs[:5] == drawn(NAMED[name], 5).inputs
    [middle] = case.middle().inputs
    assert middle in case.inputs


def test_one_program_holds_all_functions() -> None:
    assert {"all", *(workload.function for workload in WORKLOADS)} < set(recsyn.loads(ALL_FUNCTIONS))
    assert len(list(recsyn.loads(ALL_FUNCTIONS))) == 10


def test_values_as_integers() -> None:
    assert written(small("isort")).split()[:10] == "2 0 1 3 1 1 1 -2 1 2".split()
    assert written(replace(small("W2"), outputs=())) == "2 0 1 2 1 -1 0 1 7 0 0 1 3 0 0\n"


# Other languages


def installed(name: str) -> Rival:
    [found] = [rival for rival in RIVALS if rival.name == name]
    if found.found() is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_a_rival_that_lacks_a_part_is_not_there() -> None:
    lacking = Rival("Lacking", sys.executable, (sys.executable, "-c", "import no_such_module"), lambda case, folder: too_slow)
    assert lacking.found() is None
    assert pretended("Whole", too_slow).found() == "Whole 1.0"


def with_a_wrong_output(case: Case) -> Case:
    return replace(case, outputs=(*case.outputs[:-1], case.outputs[0]))


RIVAL_NAMES = [rival.name for rival in RIVALS]


@pytest.mark.parametrize("rival", ["OCaml", "Racket"])
def test_a_rival_computes_the_function(rival: str, tmp_path: Path) -> None:
    assert installed(rival).build(small("W2"), tmp_path)(0.0) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("rival", RIVAL_NAMES)
def test_a_rival_computes_every_function(rival: str, name: str, tmp_path: Path) -> None:
    made, case = installed(rival), small(name)
    (tmp_path / "right").mkdir()
    assert made.build(case, tmp_path / "right")(0.0) > 0
    (tmp_path / "wrong").mkdir()
    with pytest.raises(RivalFailed):
        made.build(with_a_wrong_output(case), tmp_path / "wrong")(0.0)


def test_ocaml_times_no_wrong_work(tmp_path: Path) -> None:
    with pytest.raises(RivalFailed, match="the outputs are wrong"):
        installed("OCaml").build(with_a_wrong_output(small("isortP")), tmp_path)(0.0)


def test_a_command_that_fails_or_takes_too_long(tmp_path: Path) -> None:
    with pytest.raises(RivalFailed, match="no-such-command"):
        output_of(["no-such-command"], tmp_path)
    with pytest.raises(RivalFailed, match="code 3: because"):
        output_of([sys.executable, "-c", "import sys; print('because'); sys.exit(3)"], tmp_path)
    with pytest.raises(TooSlow, match=r"0\.2 seconds"):
        output_of([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, patience=0.2)


# The tables


def pretended(name: str, run: Callable[[float], float], **more: Any) -> Rival:
    return Rival(name, sys.executable, (sys.executable, "-c", f"print('{name} 1.0')"), lambda case, folder: run, **more)


def too_slow(_: float) -> float:
    raise TooSlow("it sleeps")


def evaluated(*rivals: Rival) -> Table:
    *_, table = evaluation.evaluation([small("W1"), small("rev")], rivals, repetitions=3, seconds=0.0)
    assert isinstance(table, Table)
    return table


def test_the_table_of_evaluation() -> None:
    table = evaluated(
        pretended("OCaml", lambda _: 2e-6),
        pretended("Slow", lambda _: 5.0, slow=True),
        pretended("Slower", too_slow, slow=True),
        Rival("Absent", "no-such-program", (), lambda case, folder: too_slow),
    )
    assert list(table.costs) == ["W1", "rev"]
    assert table.sides == (*evaluation.SIDES, "OCaml", "Slow")
    assert {side: len(taken) for side, taken in table.costs["W1"].items()} == {**dict.fromkeys(table.sides, 3), "Slow": 1}
    assert table.versions == {"OCaml": "OCaml 1.0", "Slow": "Slow 1.0", "Slower": "Slower 1.0"}
    assert any("Slower has no figure for rev: it sleeps" in remark for remark in table.remarks)
    assert any("Absent is not installed" in remark for remark in table.remarks)
    assert table.ratio("W1", "Slow", "OCaml") == pytest.approx(2.5e6)
    assert [figure.at_most for figure in table.figures if evaluation.PYTHON in figure.what] == [1.5, 1.5]


def test_a_backend_that_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: Case) -> Work:
        raise MissingExtra('the backend "native"', "native")

    monkeypatch.setitem(evaluation.SIDES, evaluation.NATIVE, missing)
    table = evaluated()
    assert evaluation.NATIVE not in table.sides
    assert any('pip install "recsyn[native]"' in remark for remark in table.remarks)


def test_a_side_that_computes_something_else_is_not_timed() -> None:
    case = small("rev")
    wrong = replace(case, workload=replace(case.workload, on_tuples=lambda xs: xs))
    with pytest.raises(RecsynError, match=r"tuples computes rev \(\[1, -2, 3\]\) wrongly"):
        list(evaluation.evaluation([wrong], (), repetitions=1, seconds=0.0))


def test_targets_of_the_native_backend() -> None:
    costs = {
        name: {evaluation.TUPLES: (faster,), evaluation.NATIVE: (1.0,), "OCaml": (ocaml,)}
        for name, faster, ocaml in (("W1", 81.0, 2.0), ("W2", 20.0, 0.5))
    }
    figures = {figure.what: figure for figure in evaluation.targets(Table("t", "µs", costs))}
    assert [(f.value, f.met) for f in figures.values()] == [
        (81.0, None),
        (20.0, False),
        (pytest.approx(1620**0.5), True),
        (0.5, True),
        (2.0, False),
    ]


def test_compiling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    [table] = evaluation.compiling(repetitions=1)
    assert list(table.costs) == ["first of all", "cold", "cached"]
    assert all(seconds > 0 for costs in table.costs.values() for taken in costs.values() for seconds in taken)
    assert {figure.at_most for figure in table.figures} == {25.0, 5.0}
    # What was compiled to be timed is nowhere kept.
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_medians_ratios_and_means() -> None:
    costs = {"a": {"x": (1.0, 9.0, 2.0), "y": (4.0,)}, "b": {"x": (8.0,), "y": (1.0,), "z": (1.0,)}}
    table = Table("t", "ms", costs, ("y", "nothing"))
    assert table.cost("a", "x") == 2.0
    assert table.cost("a", "z") is None
    assert table.ratios("x", "y") == {"a": 0.5, "b": 8.0, "geometric mean": pytest.approx(2.0)}
    assert table.ratios("z", "y") == {"a": None, "b": 1.0, "geometric mean": None}
    assert list(table.to_json()["ratios"]) == ["y"]


def test_whether_a_target_is_met() -> None:
    assert Figure("f", 2.0).met is None
    assert (Figure("f", 2.0, at_most=2.0).met, Figure("f", 2.1, at_most=2.0).met) == (True, False)
    assert (Figure("f", 2.0, at_least=2.0).met, Figure("f", 1.9, at_least=2.0).met) == (True, False)


def test_sides_take_turns() -> None:
    order: list[str] = []

    def side(name: str) -> Callable[[], float]:
        return lambda: order.append(name) or float(len(order))  # type: ignore[func-returns-value]

    assert interleaved({"a": side("a"), "b": side("b")}, repetitions=2) == {"a": (1.0, 3.0), "b": (2.0, 4.0)}
    assert order == ["a", "b", "a", "b"]


def test_work_is_repeated_until_it_has_taken_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("recsyn.benchmarks.process_time", lambda: clock[0])

    def work() -> None:
        clock[0] += 0.125

    assert timed(work, examples=5, seconds=0.5)() == 0.025
    assert clock[0] == (1 + 2 + 4) * 0.125


# The command


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    def tables() -> Iterator[str | Table]:
        yield "measuring …"
        yield evaluated(pretended("OCaml", lambda _: 2e-6), pretended("Slow", lambda s: 5.0, slow=True))

    monkeypatch.setattr(evaluation, "tables", tables)


@pytest.mark.usefixtures("quick")
def test_bench(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "evaluation"]) == 0
    out, err = capsys.readouterr()
    assert "measuring …" in err
    assert "geometric mean" in out
    assert "5,000,000" in out
    assert "≤ 1.5 ×" in out
    assert "processor: " in out


@pytest.mark.usefixtures("quick")
def test_bench_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "evaluation", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    [table] = found["tables"]
    assert {"processor", "cores", "system", "Python", "recsyn"} == set(found["machine"])
    assert table["costs"]["W1"]["OCaml"] == {"median": 2e-6, "repetitions": [2e-6] * 3}
    assert table["ratios"]["OCaml"]["Slow"]["rev"] == pytest.approx(2.5e6)
    assert table["versions"]["OCaml"] == "OCaml 1.0"


@pytest.mark.parametrize(
    ("name", "hint"), [("cheking", "did you mean `checking`?"), ("zzz", "checking, collapse, evaluation, generation, models")]
)
def test_an_unknown_benchmark(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", name]) == 2
    assert hint in capsys.readouterr().err


def test_numbers_that_could_not_be_measured(capsys: pytest.CaptureFixture[str]) -> None:
    bench.show(Table("t", "µs", {"a": {"x": (1e-9,)}, "b": {"y": (1.5,)}}, ("x",), (Figure("f", 0.0, at_least=1.0),), ("so",)))
    out = capsys.readouterr().out
    for shown in ("0.00100", "1,500,000", "–", "missed", "so"):
        assert shown in out


@pytest.mark.slow
@pytest.mark.parametrize("name", ["checking", "models"])
def test_the_other_benchmarks(name: str) -> None:
    tables = [event for event in import_module(f"recsyn.benchmarks.{name}").tables() if isinstance(event, Table)]
    assert tables
    assert all(seconds > 0 for t in tables for costs in t.costs.values() for taken in costs.values() for seconds in taken)


# Chains of regressions


@pytest.mark.parametrize("name", collapse.CASES)
def test_a_plain_loop_and_chains_side_by_side_come_to_the_same(name: str) -> None:
    workflow, design, _ = collapse.CASES[name]
    plain, ours = collapse.loop(workflow, design, 30), collapse.side_by_side(workflow, design, 300)
    for n in (0, 4, 19):
        error = (plain[:, n].var() / 30 + ours[:, n].var() / 300) ** 0.5
        assert abs(plain[:, n].mean() - ours[:, n].mean()) < 4 * error


def test_the_table_of_chains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collapse, "CASES", {"replace, same X": ("replace", "same", 64)})
    monkeypatch.setattr(collapse, "_PLAIN", 2)
    name, listing = collapse.tables()
    assert name == "replace, same X"
    [[plain, ours, times]] = listing.rows.values()
    assert plain > 0
    assert ours > 0
    assert listing.figures[0].value == pytest.approx(times, abs=0.5)
    assert listing.figures[0].at_least == 100


# Making rows

SMALL_ROWS = {generation.BY_HAND: 5, generation.PYTHON: 70, generation.NATIVE: 70}


def test_every_side_makes_rows_of_every_task() -> None:
    *_, table = generation.making(generation.makings(), 1, SMALL_ROWS)
    assert isinstance(table, Table)
    sides = {generation.BY_HAND, generation.PYTHON, generation.NATIVE, generation.FEATURES}
    assert {subject: set(costs) for subject, costs in table.costs.items()} == dict.fromkeys(("W1", "W2", "rev"), sides)
    aimed = {figure.what: figure.at_least for figure in table.figures if figure.at_least is not None}
    assert list(aimed.values()) == [6.0, 15.0, 15.0, 40.0]


@pytest.mark.parametrize("name", ["W1", "W2", "rev"])
def test_rows_by_hand_are_of_the_same_distribution(name: str) -> None:
    """Sizes and lengths between the same bounds, and of about the same mean."""
    [made] = [made for made in generation.makings() if made.name == name]
    ours, theirs = made.by_recsyn(300, "python", 0), made.by_hand(300, 0)
    for one, other in zip(ours, theirs, strict=True):
        lengths = [(rows != 0).sum(1) for rows in (one, other)]
        assert abs(lengths[0].mean() - lengths[1].mean()) <= 0.1 * lengths[1].mean()
        assert lengths[0].max() <= 1.1 * lengths[1].max()


def test_nobody_times_rows_that_are_wrong() -> None:
    [made] = [made for made in generation.makings() if made.name == "rev"]
    wrong = replace(made, function=lambda items: items)
    with pytest.raises(RecsynError, match="made wrongly"):
        list(generation.making([wrong], 1, SMALL_ROWS))
