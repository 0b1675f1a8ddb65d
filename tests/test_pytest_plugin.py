"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentTypeError
from pathlib import Path

import pytest

from recsyn import pytest_plugin

SUCCESSOR = """
import recsyn
PROGRAM = recsyn.loads('''
type Pos = One as "01" | XO Pos as "X0" | XI Pos as "X1"
fun succ (n : Pos) : Pos = match n with One => XO One | XO b => XI b | XI b => XO (succ b) end
''')
succ = PROGRAM["succ"]
"""


def test_a_right_model_passes_and_a_wrong_one_fails_with_the_smallest_counterexample(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUCCESSOR
        + """
def test_right(recsyn_fuzz):
    assert recsyn_fuzz(succ.of_each, succ).rate.failures == 0

def test_wrong(recsyn_fuzz):
    recsyn_fuzz(lambda inputs: [n if str(n) == "XI (XI One)" else succ(n) for n in inputs], succ)
"""
    )
    result = pytester.runpytest_subprocess("--recsyn-max-examples=400", "--recsyn-seed=1")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*smallest counterexample: XI (XI One)*",
            "*expected  X0 X0 X0 01*",
            "*answered  X1 X1 01*",
            "*           ^^ too short, from token 1 on*",
            "*succ (XI (XI One))*",
        ]
    )


def test_a_checkpoint_is_held_against_its_own_program(pytester: pytest.Pytester, checkpoint: Path) -> None:
    pytester.makepyfile(f"def test_model(recsyn_fuzz):\n    recsyn_fuzz({str(checkpoint)!r})\n")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*wrong where recursion_depth >= 6*"])


def test_a_model_that_stops_fails_the_test_with_what_was_found(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUCCESSOR
        + """
def test_missing(recsyn_fuzz):
    recsyn_fuzz("nowhere")

def test_stops(recsyn_fuzz):
    calls = []
    def model(inputs):
        calls.append(inputs)
        return inputs if len(calls) < 3 else None
    recsyn_fuzz(model, succ)
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*nowhere: there is no such folder*", "*smallest counterexample: One*", "*the model returned*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*another exception occurred*")
    result.stdout.no_fnmatch_line("*nan*")


WRONG = (
    SUCCESSOR
    + """
import pytest
def wrong(inputs):
    return [n if str(n).startswith("XI (XI (XO") else succ(n) for n in inputs]
"""
)


def test_a_marked_test_fails_with_the_counterexample_before_it_runs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        WRONG
        + """
@pytest.mark.recsyn(model=wrong, function=succ, max_examples=300)
def test_wrong():
    print("it ran")

@pytest.mark.recsyn(model=succ.of_each, function=succ, max_examples=300)
def test_right():
    print("this ran")
    assert False, "and the test itself failed"

import unittest
@pytest.mark.recsyn(model=wrong, function=succ, max_examples=300)
class TestOfUnittest(unittest.TestCase):
    def test_wrong(self):
        pass
"""
    )
    result = pytester.runpytest_subprocess("--strict-markers")
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "*smallest counterexample: XI (XI (XO One))*",
            "  expected  X0 X0 X1 01",
            "  answered  X1 X1 X0 01",
            "            ^^ wrong token, from token 1 on",
            "*and the test itself failed*",
            "*this ran*",
        ]
    )
    result.stdout.no_fnmatch_line("*it ran*")
    result.stdout.no_fnmatch_line("*traceback*")


def test_a_function_is_named_by_its_file_and_the_nearest_mark_counts(pytester: pytest.Pytester) -> None:
    program = "type Nat = Z | S Nat\nfun twice n = match n with Z => Z | S m => S (S (twice m)) end"
    folder = pytester.mkdir("models")
    (folder / "nat.rec").write_text(program)
    (folder / "test_nat.py").write_text(
        """
import pytest
pytestmark = pytest.mark.recsyn(model=lambda inputs: inputs, function="nat.rec:twice", max_examples=200)

def test_model_of_the_module():
    pass

@pytest.mark.recsyn(function="models/nat.rec:twice", max_size=1)
def test_smaller_than_what_fails():
    pass

@pytest.mark.recsyn(function="nat.rec:twise")
def test_no_function():
    pass
"""
    )
    result = pytester.runpytest_subprocess("--recsyn-max-examples=50")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*smallest counterexample: S Z*", "*defines no function `twise`*", "*twice*"])


def test_a_function_of_two_arguments_is_asked_about_pairs(pytester: pytest.Pytester) -> None:
    pytester.makefile(
        ".rec", two="type Nat = Z | S Nat\nfun plus (a : Nat) (b : Nat) : Nat = match a with Z => b | S m => S (plus m b) end"
    )
    pytester.makepyfile(
        """
import pytest
@pytest.mark.recsyn(model=lambda pairs: [pair.fields[1] for pair in pairs], function="two.rec:plus", max_examples=100)
def test_second():
    pass
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["the model is not plus: 1 finding*", "*smallest counterexample: (S Z, Z)"])


def test_a_result_does_not_fail_a_test_and_the_model_is_at_hand(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        WRONG
        + """
@pytest.mark.recsyn(model=wrong, function=succ, max_examples=400, max_size=9, seed=5)
def test_rate(recsyn_result, recsyn_model):
    assert recsyn_result.findings and 0 < recsyn_result.rate.share < 0.5
    assert (recsyn_result.max_size, recsyn_result.seed) == (9, 5)
    assert recsyn_model is wrong

@pytest.mark.recsyn(model=succ.of_each, function=succ, max_examples=400)
def test_fuzz(recsyn_fuzz):
    assert recsyn_fuzz(max_examples=200).rate.failures == 0
    recsyn_fuzz(wrong)
"""
    )
    result = pytester.runpytest_subprocess("-n1")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*smallest counterexample: XI (XI (XO One))*"])


def test_options_of_the_command_line_are_those_of_campaigns(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
import recsyn.front
recsyn.front.load_model = lambda folder: folder.name
def told(model, function, **options):
    raise recsyn.RecsynError(f"{model} {function.name} {sorted(options.items())}")
recsyn.front.fuzz = told
"""
    )
    pytester.makepyfile(WRONG + "@pytest.mark.recsyn(function=succ)\ndef test_it(): pass")
    asked = ["--recsyn-checkpoint=runs/a", "--recsyn-max-examples=7", "--recsyn-max-time=1.5"]
    result = pytester.runpytest_subprocess(*asked, "--hypothesis-seed=11")
    result.stdout.fnmatch_lines(["*a succ [[]('max_examples', 7), ('seconds', 1.5), ('seed', 11)]*"])
    result = pytester.runpytest_subprocess(*asked, "--hypothesis-seed=11", "--recsyn-seed=3")
    result.stdout.fnmatch_lines(["*('seconds', 1.5), ('seed', 3)]*"])


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", ""])
def test_numbers_on_the_command_line_are_above_0(text: str) -> None:
    for read in (pytest_plugin._count, pytest_plugin._seconds):
        with pytest.raises(ArgumentTypeError, match="is no"):
            read(text)
    assert (pytest_plugin._count("7"), pytest_plugin._seconds("0.5")) == (7, 0.5)


REFUSED = [
    ("function=succ, max_example=3", ["*no field `max_example`*", "*max_examples*"]),
    ("succ", ["*takes no positional arguments*"]),
    ("model=wrong, checkpoint='runs', function=succ", ["*both a model and a checkpoint*"]),
    ("model=wrong", ["*needs the function that it is held against*"]),
    ("function=succ", ["*test_4 names no model to test*", "*--recsyn-checkpoint*"]),
    ("model=wrong, function='succ'", ["*function='succ' does not name a function*"]),
    ("model=wrong, function='nowhere.rec:succ'", ["*nowhere.rec*"]),
    ("model=wrong, function=str", ["*is no function of a program*"]),
    ("model=3, function=succ", ["*the model is 3, which cannot be called*"]),
    ("checkpoint='nowhere'", ["*nowhere: there is no such folder*"]),
    ("model=wrong, function=succ, max_examples=0", ["*max_examples is 0, not a whole number from 1 up*"]),
]


def test_what_a_mark_cannot_say_is_told(pytester: pytest.Pytester) -> None:
    tests = [f"@pytest.mark.recsyn({mark})\ndef test_{number}(): pass\n" for number, (mark, _) in enumerate(REFUSED)]
    pytester.makepyfile(WRONG + "\n".join(tests))
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=len(REFUSED))
    result.stdout.fnmatch_lines([line for _, said in REFUSED for line in said])
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*pytest_plugin.py*")


@pytest.mark.parametrize(
    ("expected", "answered", "lines"),
    [
        (["a", "bb", "c"], ["a", "d", "c"], ("a bb c", "a d  c", "  ^^")),
        (["a"], ["a", "b"], ("a", "a b", "  ^")),
        ([], ["b"], ("", "b", "^")),
        (["a"], [], ("a", "", "^")),
        (["x"] * 40, ["x"] * 20 + ["y"] * 20, ("… " + "x " * 24 + "…", "… " + "x " * 8 + "y " * 16 + "…", " " * 18 + "^")),
    ],
)
def test_the_first_difference_is_marked(expected: list[str], answered: list[str], lines: tuple[str, str, str]) -> None:
    at = next((i for i, (a, b) in enumerate(zip(expected, answered, strict=False)) if a != b), min(len(expected), len(answered)))
    assert pytest_plugin._marked_difference(expected, answered, at) == lines


def test_without_the_plugin_nothing_is_lost(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_subprocess("-p", "no:recsyn").assert_outcomes(passed=1)


@pytest.mark.parametrize("imported", ["recsyn.pytest_plugin", "recsyn.testing.registration"])
def test_what_pytest_and_hypothesis_import_is_light(imported: str) -> None:
    heavy = {"torch", "lark", "numpy", "lightning", "yaml", "rich", "pygments.lexers", "recsyn.front", "recsyn.lang"}
    script = f"import pytest, sys; before = set(sys.modules); import {imported}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ))
    added = set(done.stdout.split())
    assert imported in added
    assert not added & (heavy | {"hypothesis"}), added
    assert len(added) < 10


def test_a_model_that_raises_on_some_inputs_fails_the_test(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        SUCCESSOR
        + """
def model(inputs):
    if any(str(n) == "XI (XO One)" for n in inputs):
        raise ValueError("five")
    return succ.of_each(inputs)

def test_raises(recsyn_fuzz):
    recsyn_fuzz(model, succ, max_examples=200)
"""
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*1 input(s) without an answer: raised, the first on XI (XO One): the model raised ValueError: five*"]
    )
