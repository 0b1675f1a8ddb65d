"""Settings at the limits of what results speak of."""

from pathlib import Path

import pytest

from recsyn.collapse.laid_over import predictions
from recsyn.collapse.study import Setting, load_collapse


@pytest.fixture
def setting(tmp_path: Path):
    def written(family: str, workflow: str, rows: int) -> Setting:
        path = tmp_path / "study.yaml"
        path.write_text(f"family: {family}\nworkflow: {workflow}\nrows: {rows}\ngenerations: 4\n")
        return load_collapse(str(path)).settings[0]

    return written


@pytest.mark.parametrize(
    ("family", "workflow", "rows"),
    [
        ("{kind: linear, features: 3, design: fresh}", "{kind: weighted, real: 0}", 25),
        ("{kind: gaussian, known: covariance}", "{kind: weighted, real: 0}", 25),
        ("{kind: discrete, probabilities: [0.5, 0.5]}", "accumulate", 1),
        # An error of 0 that rounding makes 1e-32 is no contradiction.
        ("{kind: linear, features: 3, noise: 0}", "accumulate", 25),
    ],
)
def test_where_conditions_of_a_result_are_not_met_it_says_nothing(setting, family: str, workflow: str, rows: int) -> None:
    assert predictions(setting(family, workflow, rows)) == ()


def test_within_them_it_speaks(setting) -> None:
    (spoken,) = predictions(setting("{kind: gaussian, known: covariance}", "{kind: weighted, real: 0.1}", 25))
    assert spoken.result == "golden-ratio-transient"
    assert len(predictions(setting("{kind: linear, features: 3}", "accumulate", 25))) == 2
