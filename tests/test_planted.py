"""The bugs that ``recsyn bench planted`` looks for: each is what the catalogue says of it, and what is asked is counted right."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice, product
from math import sqrt
from typing import Any

import pytest

from recsyn.benchmarks import Listing
from recsyn.benchmarks import planted as benchmark
from recsyn.benchmarks.planted import Trial, catalogue, lists, searching
from recsyn.benchmarks.planted.catalogue import FOLDER, KINDS, Correct, Planted, Subject
from recsyn.benchmarks.planted.recording import Reach, Recorder, Spent, are_right
from recsyn.benchmarks.planted.searching import Hunt
from recsyn.cli import bench
from recsyn.cli.main import main
from recsyn.data.distributions import Uniform
from recsyn.data.randomness import stream
from recsyn.testing.campaign import Budget
from recsyn.testing.shrinking import order
from recsyn.values import Datum, Value, preorder, size

STEADY = [model for model in catalogue.planted() if model.kind != "random"]
FEW, MANY = 400, 100_000
"""Inputs that are gone through in the fast tests, and in the slow ones."""


def named(models: Sequence[Planted | Correct]) -> Any:
    return pytest.mark.parametrize("model", models, ids=str)


def up_to(subject: Subject, largest: int) -> int:
    """How many inputs there are of up to a size."""
    return sum(subject.task.space.grammar.count(subject.task.space.type, s) for s in range(largest + 1))


@cache
def all_of(subject: Subject, size: int) -> tuple[Datum, ...]:
    return tuple(subject.task.space.grammar.values(subject.task.space.type, size))


@cache
def drawn(subject: Subject, size: int, count: int) -> tuple[Datum, ...]:
    space = subject.task.space
    return tuple(space.grammar.drawn(space.type, size, stream("test", subject.name, size, i)) for i in range(count))


def sizes(subject: Subject, largest: int) -> list[int]:
    space = subject.task.space
    return [s for s in range(largest + 1) if space.grammar.count(space.type, s)]


def failing(model: Planted, inputs: Sequence[Datum]) -> list[Datum]:
    right = are_right(model.subject.task, inputs, model.model()(inputs))
    return [value for value, is_right in zip(inputs, right, strict=True) if not is_right]


def before(model: Planted) -> Iterator[Datum]:
    """The inputs that come before the smallest counterexample."""
    space, smallest = model.subject.task.space, model.smallest
    assert smallest is not None
    here = order(space, smallest)
    for s in sizes(model.subject, size(smallest)):
        yield from (v for v in all_of(model.subject, s) if s < size(smallest) or order(space, v) < here)


# The catalogue


def test_what_there_is() -> None:
    models = catalogue.planted()
    assert len(models) >= 60
    assert len({model.subject.name for model in models}) >= 8
    assert len(catalogue.correct()) >= 20
    assert {model.kind for model in models} == set(KINDS)
    assert sum(model.kind == "random" for model in models) == 3
    assert len(set(map(str, models))) == len(models)
    assert not any(model.sentence[0].islower() or not model.sentence.endswith(".") for model in models)


def test_every_program_is_in_the_catalogue() -> None:
    listed = {f"{model.subject.name}/bug-{model.name}.rec" for model in STEADY}
    listed |= {f"{right.subject.name}/{right.file}" for right in catalogue.correct()}
    assert {str(path.relative_to(FOLDER)) for path in FOLDER.glob("*/*.rec")} == listed


def test_every_program_is_laid_out_and_accepted_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fmt", "--check", str(FOLDER)]) == 0
    assert main(["check", "--json", str(FOLDER)]) == 0
    assert json.loads(capsys.readouterr().out.partition("\n")[2] or "[]") == []


# The bugs


@named(STEADY)
def test_the_smallest_counterexample_is_one(model: Planted) -> None:
    assert model.smallest is not None
    assert failing(model, [model.smallest]) == [model.smallest]
    assert not failing(model, list(islice(before(model), FEW)))


@pytest.mark.slow
@named([m for m in STEADY if FEW < up_to(m.subject, size(m.smallest)) <= MANY])  # type: ignore[arg-type]
def test_no_smaller_input_fails(model: Planted) -> None:
    assert not failing(model, list(before(model)))


@pytest.mark.slow
@named([m for m in STEADY if up_to(m.subject, size(m.smallest)) > MANY])  # type: ignore[arg-type]
def test_no_smaller_input_is_seen_to_fail(model: Planted) -> None:
    """Where they are too many to go through: those of each shape with equal labels, and such as are drawn."""
    space, smallest = model.subject.task.space, model.smallest
    assert smallest is not None
    shapes = [v for s in sizes(model.subject, size(smallest)) for v in space.shapes.values(space.type, s)]
    others = [v for s in sizes(model.subject, size(smallest)) for v in drawn(model.subject, s, 3_000)]
    here = order(space, smallest)
    assert not failing(model, [v for v in (*shapes, *others) if order(space, v) < here])


@named([model for model in STEADY if model.kind == "deep"])
def test_deep_bugs_lie_beyond_what_is_trained_on(model: Planted) -> None:
    trained = model.subject.task.distribution
    assert isinstance(trained, Uniform)
    assert model.smallest is not None
    assert trained.max_size < size(model.smallest) <= model.subject.tested


@named(STEADY)
def test_rates_are_of_their_kind(model: Planted) -> None:
    least, most = {"blatant": (0.25, 1.0), "moderate": (0.005, 0.25), "rare": (1e-4, 0.005), "very rare": (0.0, 1e-4)}.get(
        model.kind, (1e-4, 0.5)
    )
    assert least < model.rate <= most


def measured(model: Planted, each: int) -> tuple[float, float]:
    """The rate of failures over sizes as likely, and how far it may be off: sizes of more than ``each`` inputs are sampled."""
    shares, doubt = [], 0.0
    for s in sizes(model.subject, model.subject.tested):
        exact = up_to(model.subject, s) - up_to(model.subject, s - 1) <= each
        inputs = all_of(model.subject, s) if exact else drawn(model.subject, s, each)
        shares.append(len(failing(model, inputs)) / len(inputs))
        doubt += 0.0 if exact else max(shares[-1] * (1 - shares[-1]) / each, 1 / each**2)
    return sum(shares) / len(shares), 5 * sqrt(doubt) / len(shares)


@named(STEADY)
def test_the_rate_is_about_as_told(model: Planted) -> None:
    rate, doubt = measured(model, 20)
    assert abs(rate - model.rate) <= doubt + 0.05 * model.rate


@pytest.mark.slow
@named(STEADY)
def test_the_rate_is_as_told(model: Planted) -> None:
    rate, doubt = measured(model, 2_000)
    assert abs(rate - model.rate) <= doubt + 0.05 * model.rate


@named([model for model in catalogue.planted() if model.kind == "random"])
def test_chance_is_the_same_in_every_run_and_of_its_rate(model: Planted) -> None:
    inputs = [v for s in sizes(model.subject, 4) for v in all_of(model.subject, s)][:50] * 80
    model_of_chance = model.model()
    wrong = len(inputs) - sum(are_right(model.subject.task, inputs, model_of_chance(inputs)))
    assert abs(wrong - model.rate * len(inputs)) <= 5 * sqrt(model.rate * len(inputs))
    first = model.model()
    assert first(inputs) == model.model()(inputs)
    assert first(inputs) != model.model()(inputs), "it is of calls, and not of inputs"


@named(catalogue.correct())
def test_models_without_a_bug_are_right(model: Correct) -> None:
    inputs = [v for s in sizes(model.subject, model.subject.tested) for v in drawn(model.subject, s, 8)]
    answers = model.model()(inputs)
    assert all(are_right(model.subject.task, inputs, answers))
    assert isinstance(answers[0], str) == model.tokens


# Counting


def nats(*counts: int) -> list[Datum]:
    return [lists.pair((lists.nat(count), lists.nat(0))) for count in counts]


def recorder(target: int, most: int) -> Recorder:
    """Of a model that is wrong on (3, 0) and (5, 0), of which one is looked for."""
    task = catalogue.subjects()["at_most"].task
    wrong = {value: Value("True") for value in nats(3, 5)}

    def model(inputs: Sequence[Datum]) -> list[Any]:
        return [wrong.get(v, right) for v, right in zip(inputs, task.function.of_each(inputs), strict=True)]

    return Recorder(model, task, nats(target)[0], most)


def test_inputs_are_counted_one_by_one_in_their_order() -> None:
    model = recorder(3, 100)
    assert [str(answer) for answer in model(nats(1, 1, 0))] == ["False", "False", "True"]
    assert model.reach == Reach(None, None, 3)
    model(nats(2, 5, 3, 5))
    assert model.reach == Reach(5, 6, 7)
    model(nats(3, 5))
    assert model.reach == Reach(5, 6, 9)


def test_nothing_is_counted_beyond_what_may_be_asked() -> None:
    model = recorder(3, 4)
    model(nats(1, 2))
    with pytest.raises(Spent):
        model(nats(5, 1, 3))
    assert model.reach == Reach(3, None, 4)
    with pytest.raises(Spent):
        model(nats(3))
    assert model.reach == Reach(3, None, 4)


def test_answers_may_be_values_lists_of_tokens_and_texts() -> None:
    subject = catalogue.subjects()["reverse"]
    inputs = [subject.value('"ab"')] * 5
    answers = [subject.value('"ba"'), ["b", "a"], "b a", "a b", ["b"]]
    assert are_right(subject.task, inputs, answers) == [True, True, True, False, False]


# The others


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_lists_build_every_shape(count: int) -> None:
    """With as many cuts as there may be at each place, every tree and every expression comes."""
    trees = {lists.tree([(0, cut) for cut in cuts]) for cuts in product(range(count), repeat=count)}
    space = catalogue.subjects()["mirror"].task.space
    assert trees == set(space.shapes.values(space.type, 2 * count + 1))
    items = product(product(("Plus", "Minus", "Times"), (0,), range(6)), repeat=count)
    expressions = {lists.expression(item) for item in items} if count < 4 else None
    space = catalogue.subjects()["evaluate"].task.space
    assert expressions is None or expressions == set(space.shapes.values(space.type, 2 * count - 1))


@pytest.mark.parametrize("name", catalogue.subjects())
def test_hypothesis_draws_inputs_of_the_task(name: str) -> None:
    subject = catalogue.subjects()[name]
    seen = list(islice(searching.drawn_by_hypothesis(subject, 30), 30))
    tokens = [subject.task.input_codec.encode(value) for value in seen]
    assert [subject.task.input_codec.decode(each) for each in tokens] == seen
    assert {type(label) for value in seen for label in preorder(value)} <= {int, str, Value}
    assert len(set(seen)) > 5


def one(text: str) -> Planted:
    return next(model for model in catalogue.planted() if str(model) == text)


@pytest.mark.parametrize("name", ["at_most: ten-at-most", "sort: nine-before-eight"])
def test_what_hypothesis_draws_until_it_fails_is_what_it_draws_anyway(name: str) -> None:
    model = one(name)
    inputs = searching.drawn_by_hypothesis(model.subject, 100)
    first = next(i for i, value in enumerate(inputs, 1) if failing(model, [value]))
    assert searching.hypothesis_itself(model, 100).failure == first == searching.by_hypothesis(model, 100).failure


def test_hypothesis_draws_the_same_where_it_draws_more() -> None:
    subject = catalogue.subjects()["at_most"]
    assert searching.drawn_by_hypothesis(subject, 600)[:500] == searching.drawn_by_hypothesis(subject, 500)


def test_subjects_of_the_same_inputs_share_what_is_drawn() -> None:
    """Which they may, since it does not depend on the function."""
    subjects = catalogue.subjects()
    shared = [(subject, searching.first_alike(subject)) for subject in subjects.values()]
    assert {(a.name, b.name) for a, b in shared if a is not b} >= {("succ", "pred"), ("preorder", "depth"), ("sort", "maximum")}
    assert all((a.tested, a.task.alphabet, a.task.space.type) == (b.tested, b.task.alphabet, b.task.space.type) for a, b in shared)
    for name, other in (("succ", "pred"), ("preorder", "mirror")):
        one, two = subjects[name], subjects[other]
        assert searching.drawn_by_hypothesis(one, 30) == searching.drawn_by_hypothesis(two, 30)
        assert searching.drawn_uniformly(one, 30) == searching.drawn_uniformly(two, 30)


def test_uniform_sampling_has_all_its_calls() -> None:
    reach = searching.by_sampling(one("succ: copies"), 300)
    assert reach.calls == 300
    assert reach.failure is not None
    assert reach.failure <= 3


def test_a_campaign_is_watched_at_the_model() -> None:
    model = one("at_most: strict")
    hunt = searching.by_campaign(model, Budget(60, 20, 20))
    assert hunt.reach.smallest == hunt.reach.failure == 1
    assert hunt.told[0] == model.smallest
    cut = searching.by_campaign(model, Budget(60, 20, 20), calls=30)
    assert (cut.result, cut.told, cut.reach.calls) == (None, (), 30)


# The listing


def trial(name: str, ours: Reach, told: bool, *others: Reach) -> Trial:
    model = one(name)

    class Told(Hunt):
        @property
        def told(self) -> tuple[Datum, ...]:
            return (self.smallest,) if told else ()

        smallest = model.smallest or Value("One")

    return Trial(model, Told(ours, None), dict(zip(("Hypothesis", "uniform"), others, strict=True)))


def test_what_is_counted_as_met() -> None:
    never = Reach(None, None, 20_000)
    trials = [
        trial("succ: clamp-5", Reach(10, 20, 99), True, Reach(5, 21, 99), never),
        trial("succ: copies", Reach(2, 2, 99), True, Reach(2, 2, 99), Reach(1, 9, 99)),
        trial("succ: two-numbers", never, False, never, never),
        trial("succ: now-and-then", Reach(7, None, 99), True, Reach(8, None, 99), never),
    ]
    assert [(figure.value, figure.at_least) for figure in benchmark.figures(trials)] == [
        (100.0, 100),
        (75.0, None),
        (75.0, None),
        (25.0, None),
        (pytest.approx(200 / 3), 95.0),
        (pytest.approx(200 / 3), None),
        (pytest.approx(100 / 3), None),
        (50.0, 90.0),
        (25.0, None),
        (25.0, None),
        (0.0, None),
    ]


def test_what_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    reach = Reach(1234, 5678, 20_000)
    listing = benchmark.bugs([trial("succ: clamp-5", reach, True, Reach(5, None, 99), Reach(None, None, 99))])
    assert listing.rows["succ: clamp-5"] == ("moderate", one("succ: clamp-5").rate, True, 1234, 5678, True, 5, None, None, None)
    bench.show(listing)
    out = capsys.readouterr().out
    assert all(shown in out for shown in ("succ: clamp-5", "1,234", "yes", "–", "≥ 95 %"))
    assert listing.to_json()["rows"]["succ: clamp-5"]["first"] == 1234
    right = catalogue.correct()[0]
    bench.show(benchmark.without_bugs({right: Hunt(reach, None)}))
    assert "20,000" in capsys.readouterr().out


def test_the_benchmark_goes_through_all_models(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    model = one("at_most: strict")
    right = catalogue.correct()[0]
    reach = Reach(1, 1, 5)
    monkeypatch.setattr(benchmark, "planted", lambda: (model,))
    monkeypatch.setattr(benchmark, "correct", lambda: (right,))
    monkeypatch.setattr(benchmark, "by_campaign", lambda _: Hunt(reach, None))
    monkeypatch.setattr(benchmark, "RIVALS", {"Hypothesis": lambda _: reach, "uniform": lambda _: reach})
    *_, listing = benchmark.tables()
    assert isinstance(listing, Listing)
    assert main(["bench", "planted", "--json"]) == 0
    out, err = capsys.readouterr()
    bugs, without = json.loads(out)["tables"]
    assert bugs["rows"].keys() == {str(model)}
    assert without["rows"] == {str(right): {"findings": 0, "calls": 5}}
    assert str(model) in err
