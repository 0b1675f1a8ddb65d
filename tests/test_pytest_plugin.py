"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

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
            "*too short, from token 1 on*",
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
    result.stdout.fnmatch_lines(["*nowhere: there is no such folder*", "*the model returned*", "*smallest counterexample: One*"])
    result.stdout.no_fnmatch_line("*Traceback*")
