"""The loop, with families whose every number can be followed."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from recsyn.collapse.chain import Chain, Generation, generations
from recsyn.collapse.family import Collapsed
from recsyn.collapse.keeping import keep_generation, kept_generations
from recsyn.collapse.workflow import workflow_from_config
from recsyn.errors import RecsynError


class Mean:
    """One chain of means; real rows are around 3."""

    def real(self, n, generator):
        return generator.normal(3.0, 1.0, n)

    def fit(self, rows, weights, generator):
        return MeanModel(np.average(rows, weights=weights, axis=-1), rows.shape[-1])

    def right(self, rows):
        return rows > 3.0


@dataclass
class MeanModel:
    mean: float
    fitted_to: int

    def sample(self, n, generator):
        shape = np.shape(self.mean)
        return np.asarray(self.mean)[..., None] + generator.normal(0.0, 1.0, (*shape, n))

    def score(self, test):
        return {"test_loss": (self.mean - 3.0) ** 2, "mean": self.mean, "fitted_to": self.fitted_to}


class Means(Mean):
    """The same, batched."""

    def batch(self, chains, whole, generator):
        self.chains = chains
        return self

    def real(self, n, generator):
        return generator.normal(3.0, 1.0, (self.chains, n))


class Tracing(Mean):
    """Rows are numbers that say which model made them: real ones are 0, those of the model of generation n are n."""

    def __init__(self):
        self.seen = []

    def real(self, n, generator):
        return np.zeros(n)

    def fit(self, rows, weights, generator):
        self.seen.append((Counter(rows.tolist()), dict(zip(rows.tolist(), np.asarray(weights).tolist(), strict=True))))
        return TracingModel(len(self.seen))


@dataclass
class TracingModel:
    number: int

    def sample(self, n, generator):
        return np.full(n, float(self.number))

    def score(self, test):
        return {"test_loss": 0.0}


def traced(config, rows=8, upto=4):
    family = Tracing()
    run = list(generations(Chain(family, workflow_from_config(config), rows, upto, test_rows=1)))
    return family.seen, run


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("replace", [{0: 8}, {1: 8}, {2: 8}, {3: 8}]),
        ("accumulate", [{0: 8}, {0: 8, 1: 8}, {0: 8, 1: 8, 2: 8}, {0: 8, 1: 8, 2: 8, 3: 8}]),
        ("replace-multiple", [{0: 8}, {1: 16}, {2: 24}, {3: 32}]),
        ({"kind": "mix", "real": 0.25}, [{0: 8}, {0: 2, 1: 6}, {0: 2, 2: 6}, {0: 2, 3: 6}]),
        ({"kind": "mix", "real": 1}, [{0: 8}] * 4),
        ({"kind": "weighted", "made": 0.5}, [{0: 8}, {0: 8, 1: 4}, {0: 8, 2: 4}, {0: 8, 3: 4}]),
    ],
)
def test_what_a_generation_is_fitted_to(config, expected):
    seen, run = traced(config)
    assert [counted for counted, _ in seen] == expected
    shares = [counted.get(0, 0) / sum(counted.values()) for counted in expected]
    assert [float(generation.scores["real_share"][0]) for generation in run] == shares


def test_a_subsample_is_as_large_as_the_first_generation_and_without_replacement():
    seen, run = traced("accumulate-subsample", rows=50, upto=6)
    assert all(sum(counted.values()) == 50 for counted, _ in seen)
    assert all(many <= 50 for counted, _ in seen for many in counted.values())
    assert set(seen[5][0]) == {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}
    assert float(run[5].scores["real_share"][0]) == seen[5][0][0.0] / 50


def test_weights_are_those_of_the_workflow():
    accumulated = traced({"kind": "accumulate", "weights": [3, 2, 1]})[0]
    assert accumulated[3][1] == {0.0: 3.0, 1.0: 2.0, 2.0: 1.0, 3.0: 1.0}
    _, golden = traced({"kind": "weighted"})[0][2]
    assert golden[0.0] / (golden[0.0] + golden[2.0]) == pytest.approx((5**0.5 - 1) / 2)
    _, own = traced({"kind": "weighted", "real": 0.9, "made": 0.5})[0][2]
    assert 8 * own[0.0] / (8 * own[0.0] + 4 * own[2.0]) == pytest.approx(0.9)


def test_budgets_matched_by_rows_draw_as_many_as_the_first_generation_had():
    from recsyn.collapse.workflow import Matched

    family = Tracing()
    list(generations(Chain(family, Matched(workflow_from_config("replace-multiple")), 8, 3, test_rows=1)))
    assert [counted for counted, _ in family.seen] == [{0: 8}, {1: 8}, {2: 8}]


def test_the_first_generation_is_the_same_for_all_workflows():
    runs = [list(generations(Chain(Mean(), workflow_from_config(kind), 20, 2))) for kind in ("replace", "accumulate")]
    assert runs[0][0].scores["mean"] == runs[1][0].scores["mean"]
    assert runs[0][1].scores["mean"] != runs[1][1].scores["mean"]


@pytest.mark.parametrize("kind", ["replace", "accumulate", "accumulate-subsample", "mix", "weighted"])
@pytest.mark.parametrize(("family", "chains"), [(Mean, None), (Means, 7)])
def test_what_was_kept_goes_on_to_the_same_numbers(kind, family, chains, tmp_path):
    chain = Chain(family(), workflow_from_config(kind), 20, 5, chains=chains, test_rows=5)
    whole = list(generations(chain))
    for stop in range(6):
        folder = tmp_path / str(stop)
        for generation in whole[:stop]:
            keep_generation(folder, generation)
        kept = list(kept_generations(folder))
        assert len(kept) == stop
        rest = list(generations(Chain(family(), chain.workflow, 20, 5, chains=chains, test_rows=5), kept))
        for again, before in zip([*kept, *rest], whole, strict=True):
            assert again.number == before.number
            assert {m: v.tolist() for m, v in again.scores.items()} == {m: v.tolist() for m, v in before.scores.items()}


def test_a_damaged_generation_is_made_again(tmp_path):
    chain = Chain(Mean(), workflow_from_config("replace"), 20, 3)
    for generation in generations(chain):
        keep_generation(tmp_path, generation)
    second = sorted(tmp_path.iterdir())[1]
    second.write_bytes(second.read_bytes()[:-40])
    assert [generation.number for generation in kept_generations(tmp_path)] == [1]


def test_a_batch_and_single_chains_have_the_same_distribution():
    """The error of replace grows by 1/T a generation, that of accumulate by 1/T times 1/n²."""
    for kind, expected in [("replace", [1, 2, 3, 4]), ("accumulate", [1, 1.25, 1.25 + 1 / 9, 1.25 + 1 / 9 + 1 / 16])]:
        workflow = workflow_from_config(kind)
        batch = list(generations(Chain(Means(), workflow, 20, 4, chains=8000, test_rows=1)))
        single = [list(generations(Chain(Mean(), workflow, 20, 4, (seed,), test_rows=1))) for seed in range(400)]
        for number in range(4):
            losses = batch[number].scores["test_loss"] * 20
            assert abs(losses.mean() - expected[number]) < 4 * losses.std() / len(losses) ** 0.5
            one_by_one = np.array([float(run[number].scores["test_loss"][0]) for run in single]) * 20
            assert abs(one_by_one.mean() - expected[number]) < 4 * one_by_one.std() / 20


def test_a_filter_keeps_right_and_wrong_rows_as_often_as_it_says():
    """Rows above 3 are right, a half of what a model of mean 3 makes: of those kept, φ/(φ + ψ) are."""
    workflow = workflow_from_config({"kind": "verified", "right": 0.9, "wrong": 0.3})
    for family, chains in [(Mean(), None), (Means(), 3)]:
        first = next(generations(Chain(family, workflow, 4000, 2, chains=chains, test_rows=1)))
        right = (first.made > 3.0).mean(-1)
        assert first.made.shape[-1] == 4000
        assert np.all(abs(right - 0.75) < 4 * (0.75 * 0.25 / 4000) ** 0.5 + 0.02)


def test_a_filter_that_nothing_passes_ends_the_chain():
    class Never(Mean):
        def right(self, rows):
            return np.zeros(rows.shape, bool)

    run = list(generations(Chain(Never(), workflow_from_config({"kind": "verified"}), 10, 4)))
    assert len(run) == 1
    assert run[0].collapsed == {0: "of 2,000 rows that its model made the filter kept 0, and 10 are needed"}


class Failing(Mean):
    """A fit that fails in the third generation."""

    def __init__(self, error):
        self.error, self.fits = error, 0

    def fit(self, rows, weights, generator):
        self.fits += 1
        if self.fits == 3:
            raise self.error
        return super().fit(rows, weights, generator)


@pytest.mark.parametrize(
    "error", [Collapsed("nothing is left"), np.linalg.LinAlgError("nothing is left"), ZeroDivisionError("nothing is left")]
)
def test_a_fit_that_diverges_is_recorded_and_ends_the_chain(error):
    run = list(generations(Chain(Failing(error), workflow_from_config("replace"), 10, 6)))
    assert [generation.collapsed for generation in run] == [{}, {}, {0: "nothing is left"}]


def test_a_mistake_of_a_family_is_told_with_its_place():
    with pytest.raises(RecsynError, match="'fit' of the family Failing fails in generation 3: TypeError: no"):
        list(generations(Chain(Failing(TypeError("no")), workflow_from_config("replace"), 10, 6)))


def test_a_family_cannot_change_rows_that_others_are_fitted_to():
    class Sorting(Mean):
        def fit(self, rows, weights, generator):
            rows.sort()
            return super().fit(rows, weights, generator)

    with pytest.raises(RecsynError, match="read-only"):
        list(generations(Chain(Sorting(), workflow_from_config("replace"), 10, 2)))


def test_scores_without_a_test_loss_and_scores_that_are_no_numbers_are_told():
    class Model(MeanModel):
        def score(self, test):
            return self.scores

    class Scoring(Mean):
        def __init__(self, scores):
            self.scores = scores

        def fit(self, rows, weights, generator):
            model = Model(0.0, 1)
            model.scores = self.scores
            return model

    with pytest.raises(RecsynError, match="have no 'test_loss'"):
        list(generations(Chain(Scoring({}), workflow_from_config("replace"), 10, 2)))
    with pytest.raises(RecsynError, match="'other' of the family Scoring is no number: x"):
        list(generations(Chain(Scoring({"test_loss": 1.0, "other": "x"}), workflow_from_config("replace"), 10, 2)))


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (lambda rows: rows[:-1], "gives 9 rows in generation 1, and was asked for 10"),
        (lambda rows: np.concatenate([rows, rows]), "gives 20 rows in generation 1, and was asked for 10"),
        (lambda rows: list(rows), "and not rows"),
        (lambda rows: None, "and not rows"),
        (lambda rows: 3.0, "and not rows"),
        (lambda rows: rows.astype(object), "and not rows"),
        (lambda rows: (), "and not rows"),
        (lambda rows: (rows, rows), "first real rows are of"),
        (lambda rows: rows[:, None], r"number \(1,\) in generation 1, and the first real rows are of number \(\)"),
        (lambda rows: rows.astype(str), "rows of U"),
        (lambda rows: rows.astype(complex), "rows of c"),
    ],
)
def test_rows_that_are_none_or_too_few_or_unlike_real_ones_are_told(sample, message):
    class Model(MeanModel):
        def sample(self, n, generator):
            return sample(super().sample(n, generator))

    class Sampling(Mean):
        def fit(self, rows, weights, generator):
            return Model(rows.mean(), len(rows))

    with pytest.raises(RecsynError, match=rf"'sample' of the family Sampling.*{message}"):
        list(generations(Chain(Sampling(), workflow_from_config("replace"), 10, 2)))


@pytest.mark.parametrize("scores", [0.5, None, [("test_loss", 1.0)], {"test_loss": 1.0, 5: 2.0}])
def test_scores_that_are_no_numbers_by_name_are_told(scores):
    class Model(MeanModel):
        def score(self, test):
            return scores

    class Scoring(Mean):
        def fit(self, rows, weights, generator):
            return Model(0.0, 1)

    with pytest.raises(RecsynError, match=r"'score' of the family Scoring gives .* and not numbers by the names of metrics"):
        list(generations(Chain(Scoring(), workflow_from_config("replace"), 10, 2)))


def test_a_score_of_the_name_of_a_profiled_metric_is_the_models_own():
    class Model(MeanModel):
        def score(self, test):
            return {**super().score(test), "variance": 42.0}

    class Scoring(Mean):
        def fit(self, rows, weights, generator):
            return Model(rows.mean(), len(rows))

    run = list(generations(Chain(Scoring(), workflow_from_config("replace"), 10, 2)))
    assert [float(generation.scores["variance"][0]) for generation in run] == [42.0, 42.0]
    assert run[0].scores["drift"] == [0.0]


@pytest.mark.parametrize("right", [lambda rows: rows[:3] > 3, lambda rows: None, lambda rows: np.flatnonzero(rows > 3)])
def test_what_is_no_truth_value_for_each_row_is_told(right):
    class Judged(Mean):
        def right(self, rows):
            return right(rows)

    with pytest.raises(RecsynError, match=r"'right' of the family Judged gives .* of shape"):
        list(generations(Chain(Judged(), workflow_from_config({"kind": "verified"}), 10, 2)))


def test_a_family_that_ends_python_is_told():
    with pytest.raises(RecsynError, match="'fit' of the family Failing fails in generation 3: SystemExit: 3"):
        list(generations(Chain(Failing(SystemExit(3)), workflow_from_config("replace"), 10, 6)))


def test_rows_of_a_strided_array_go_on_to_the_same_numbers(tmp_path):
    class Model(MeanModel):
        def sample(self, n, generator):
            return generator.normal(self.mean, 1.0, (n, 7, 4)).transpose(0, 2, 1)[:, ::2]

    class Strided(Mean):
        def real(self, n, generator):
            return generator.normal(3.0, 1.0, (n, 2, 7))

        def fit(self, rows, weights, generator):
            return Model(rows.mean(), len(rows))

    for number in range(6):
        chain = Chain(Strided(), workflow_from_config("replace"), 101, 2, (number,))
        whole = list(generations(chain))
        keep_generation(tmp_path, whole[0])
        (again,) = generations(chain, list(kept_generations(tmp_path))[:1])
        assert again.scores["mean"] == whole[1].scores["mean"]


def test_chains_of_a_batch_end_alone():
    class Some(Means):
        def fit(self, rows, weights, generator):
            assert np.isfinite(rows).all()
            model = super().fit(rows, weights, generator)
            model.mean = np.where(model.mean > 3.4, np.inf, model.mean)
            return model

    run = list(generations(Chain(Some(), workflow_from_config("replace"), 10, 12, chains=40, test_rows=1)))
    ends = {chain: generation.number for generation in run for chain in generation.collapsed}
    assert 0 < len(ends) < 40
    for chain, number in ends.items():
        losses = np.array([generation.scores["test_loss"][chain] for generation in run])
        assert np.isfinite(losses[: number - 1]).all()
        assert np.isinf(losses[number - 1])
        assert np.isnan(losses[number:]).all()


def test_generations_are_plain_data():
    first = next(generations(Chain(Mean(), workflow_from_config("replace"), 10, 2)))
    assert isinstance(first, Generation)
    assert first.made.shape == (10,)
