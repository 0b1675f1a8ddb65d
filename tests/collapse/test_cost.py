"""What a study costs, told before it is run."""

import time

import pytest

from recsyn.collapse import cost as costs
from recsyn.collapse.cost import cost
from recsyn.collapse.study import load_collapse


@pytest.fixture
def slow(code: str) -> str:
    """The family, whose fits take ten milliseconds."""
    return code.replace("        return Model(", "        import time; time.sleep(0.01)\n        return Model(", 1)


def test_it_is_within_a_factor_of_a_few(write, slow: str, yaml: str) -> None:
    ahead = cost(load_collapse(str(write(yaml.replace("generations: 4", "generations: 12"), slow))).cells)
    assert (ahead.chains, ahead.generations) == (6, 72)
    assert 0.3 < ahead.seconds < 6  # 0.72 are slept; what accumulates is taken to cost more as it grows


def test_a_setting_that_fails_keeps_no_other_from_being_timed(write, slow: str, yaml: str) -> None:
    broken = slow.replace("self.centre = centre", "self.centre = centre; self.bad = bad").replace(
        "centre=3.0", "centre=3.0, bad=False"
    )
    broken = broken.replace("        import time", "        if self.bad: raise TypeError('no')\n        import time")
    study = yaml.replace("accumulate: {workflow: accumulate}", "bad: {family: {bad: true}}")
    ahead = cost(load_collapse(str(write(study, broken))).cells)
    assert ahead.chains == 6
    assert 0.05 < ahead.seconds < 2


def test_no_more_is_timed_of_what_takes_long(write, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(costs, "_LONG", 0.0)
    began = time.perf_counter()
    study = load_collapse(str(write(family=slow.replace("0.01", "0.3"))))
    ahead = cost(study.cells)
    assert time.perf_counter() - began < 0.3 * 2 + 0.5  # one generation of each of two settings
    assert ahead.seconds > 0.3 * 4 * 6 * 0.9
