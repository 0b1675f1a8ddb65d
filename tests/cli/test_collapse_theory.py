"""``recsyn collapse theory``, as the verb calls it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from recsyn.cli import collapse_theory
from recsyn.cli.arguments import Parser
from recsyn.collapse.theory.catalogue import RESULTS
from recsyn.errors import RecsynError


def run(*arguments: str) -> None:
    parser = Parser()
    collapse_theory.add_arguments(parser)
    assert collapse_theory.run(parser.parse_args(arguments)) == 0


def test_without_a_name_all_results_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    run()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == list(RESULTS)
    assert [line.split()[-1] for line in lines[2:]] == [result.label for result in RESULTS.values()]


@pytest.mark.parametrize(
    ("name", "how"), [*((name, ()) for name in RESULTS), ("linear-mix-fresh", ("--latex",)), ("verified", ("--latex",))]
)
def test_every_result_is_told_whole(name: str, how: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    run(name, *how)
    out = capsys.readouterr().out
    result = RESULTS[name]
    assert result.statement in out
    assert result.source in out
    assert f"; {result.label})" in out
    assert all(condition.why in out for condition in result.conditions)
    assert all(f"{each.meaning}\n" in out for each in result.quantities)
    assert ("limit as n → ∞" in out) == result.by_generation
    assert "value at" in out


def test_a_value_at_sizes_and_the_limit(capsys: pytest.CaptureFixture[str]) -> None:
    run("linear-subsample", "--at", "d=10, T=100,sigma=1", "--at", "n=20")
    out = capsys.readouterr().out
    assert "value at d = 10, T = 100, sigma = 1, n = 20: 0.313313\n" in out
    assert "π" in out
    assert "  = 0.329753\n" in out


def test_a_curve_is_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    run("linear-replace-fixed", "--generations", "3", "--at", "d=2,T=5,sigma=2")
    assert [line.split() for line in capsys.readouterr().out.splitlines()[-3:]] == [["1", "4"], ["2", "8"], ["3", "12"]]


def read(capsys: pytest.CaptureFixture[str]) -> Any:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(capsys.readouterr().out, parse_constant=refuse)


@pytest.mark.parametrize("name", RESULTS)
def test_json_has_all_of_it(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    generations = ("--generations", "4") if RESULTS[name].by_generation else ()
    run(name, "--json", *generations)
    found = read(capsys)
    assert found["name"] == name
    assert len(found["curve"]) == (4 if generations else 0)
    assert found["value"] is not None
    assert ("limit" in found) == RESULTS[name].by_generation
    assert {each["name"]: each["value"] for each in found["quantities"]} == RESULTS[name].defaults


def test_json_of_a_limit_that_is_infinite_or_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    run("linear-replace-fixed", "--json")
    assert read(capsys)["limit"] == {"formula": "oo", "latex": "\\infty", "value": "infinite"}
    run("kernel-density-accumulate-variance", "--json")
    assert read(capsys)["limit"] == {"formula": None, "latex": None, "value": None}
    run("kernel-density-accumulate-variance")
    assert "no closed form found; it does not settle" in capsys.readouterr().out


def test_json_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    run("--json")
    assert [each["name"] for each in read(capsys)] == list(RESULTS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("linear-replace-fix",), "did you mean `linear-replace-fixed`"),
        (("linear-replace-fixed", "--at", "T=5"), "holds only where T > d + 1, and d = 10, T = 5"),
        (("linear-replace-fixed", "--at", "t=50"), "did you mean `T`"),
        (("linear-replace-fixed", "--at", "T"), "'T' gives no quantity a value"),
        (("linear-replace-fixed", "--at", "T=5,,d=1"), "'' gives no quantity a value"),
        (("linear-replace-fixed", "--at", "T=many"), "T is 'many', not a number"),
        (("linear-replace-fixed", "--at", "T=50", "--at", "T=60"), "gives T twice"),
        (("linear-replace-fixed", "--at", "T=nan"), "T is nan, not a whole number"),
        (("linear-replace-fixed", "--at", "T=1e400"), "T is inf, not a whole number"),
        (("linear-replace-fixed", "--at", "T=" + "9" * 5000), "not a"),
        (("golden-ratio", "--generations", "3"), "does not depend on the generation"),
        (("linear-replace-fixed", "--generations", "10001"), "10,001 generations are more than"),
        (("--at", "T=5"), "no result is named"),
        (("--generations", "5"), "no result is named"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(RecsynError) as refused:
        run(*arguments)
    assert said in str(refused.value)
