"""A family of one file, as a user writes it, and studies of it."""

from pathlib import Path
from textwrap import dedent

import pytest

FAMILY = dedent(
    """
    import numpy as np

    class Mean:
        def __init__(self, centre=3.0):
            self.centre = centre

        def real(self, n, generator):
            return generator.normal(self.centre, 1.0, n)

        def fit(self, rows, weights, generator):
            return Model(np.average(rows, weights=weights), self.centre)

        def right(self, rows):
            return rows > self.centre

    class Model:
        def __init__(self, mean, centre):
            self.mean, self.centre = mean, centre

        def sample(self, n, generator):
            return generator.normal(self.mean, 1.0, n)

        def score(self, test):
            return {"test_loss": (self.mean - self.centre) ** 2, "mean": self.mean}
    """
)
STUDY = dedent(
    """
    title: means of means
    family: {kind: "mean.py:Mean"}
    rows: 20
    generations: 4
    chains: 3
    test_rows: 10
    axes:
      workflow:
        replace: {workflow: replace}
        accumulate: {workflow: accumulate}
    """
)


@pytest.fixture
def write(tmp_path: Path):
    """A study beside its family; changes are made to its text, which is given its path."""

    def written(text: str = STUDY, family: str = FAMILY, name: str = "study.yaml") -> Path:
        (tmp_path / "mean.py").write_text(family)
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


@pytest.fixture
def yaml() -> str:
    return STUDY


@pytest.fixture
def code() -> str:
    return FAMILY


@pytest.fixture
def ending(code: str) -> str:
    """The family, whose fits to more than 60 rows diverge."""
    fit = "    def fit(self, rows, weights, generator):\n"
    diverging = "        if len(rows) > 60:\n            raise ZeroDivisionError('too many rows')\n"
    return code.replace(fit, fit + diverging)
