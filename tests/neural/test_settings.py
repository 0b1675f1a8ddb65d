from __future__ import annotations

import math

import pytest

from recsyn.errors import RecsynError
from recsyn.neural.architecture import Architecture
from recsyn.neural.recipe import Recipe


@pytest.mark.parametrize(
    "settings",
    [
        Architecture(width=96, heads=3, dropout=0.1, kind="decoder-only", positions="alibi", tied=True),
        Recipe(betas=(0.8, 0.9), seed=5),
    ],
)
def test_a_configuration_round_trips(settings):
    assert type(settings).from_config(settings.to_config()) == settings


def test_what_a_configuration_leaves_out_has_its_default_and_whole_numbers_serve_as_numbers():
    assert Recipe.from_config({"clip": 2, "betas": [0, 0.5]}) == Recipe(clip=2.0, betas=(0.0, 0.5))


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        (Architecture, {"width": 65}, "width must be divisible by heads"),
        (Architecture, {"width": 0}, "width must be a whole number from 1 to 8192, not 0"),
        (Architecture, {"width": 10**18}, "width"),
        (Architecture, {"heads": True}, "heads must be a whole number"),
        (Architecture, {"encoder_layers": 1.0}, "encoder_layers"),
        (Architecture, {"dropout": math.nan}, "dropout must be a number from 0.0 to 0.9, not nan"),
        (Architecture, {"widht": 64}, "did you mean 'width'"),
        (Architecture, [64], "must be a mapping"),
        (Recipe, {"steps": -1}, "steps"),
        (Recipe, {"steps": 16**5_000}, "steps must be a whole number"),
        (Recipe, {16**5_000: 1}, "recipe has no field an integer of 20,001 bits"),
        (Recipe, {"seed": None}, "seed"),
        (Recipe, {"betas": [0.9]}, "betas must be 2 numbers, each from"),
        (Recipe, {"betas": [0.9, "0.9"]}, "betas"),
        (Recipe, {3: 1}, "recipe has no field 3"),
        (Recipe, {"learning-rate": 1}, "did you mean 'learning_rate'"),
    ],
)
def test_a_wrong_configuration_names_its_field(kind, config, words):
    with pytest.raises(RecsynError, match=words):
        kind.from_config(config)


def test_the_rate_warms_up_and_then_falls_to_nothing():
    recipe = Recipe(steps=100, warmup=10, learning_rate=2e-3)
    rates = [recipe.rate(step, 64) / 2e-3 for step in range(101)]
    assert rates[:11] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[55] == pytest.approx(0.5)
    assert rates[100] == pytest.approx(0)
    assert Recipe(steps=5, warmup=50).rate(4, 64) == pytest.approx(1e-4)


def test_the_papers_rate_is_their_formula():
    """C · d^-½ · min(s^-½, s · warmup^-3/2), worked out by hand: at the 4 000th of 4 000 steps of warm-up, width 512, as in
    Vaswani et al., it is 1 / √(512 · 4000)."""
    recipe = Recipe(schedule="vaswani", factor=0.3, warmup=4_000)
    assert recipe.rate(3_999, 512) == pytest.approx(0.3 * 6.987712e-4, rel=1e-6)
    assert recipe.rate(0, 128) == pytest.approx(0.3 * 128**-0.5 / 4_000**1.5)
    assert recipe.rate(15_999, 512) == pytest.approx(recipe.rate(3_999, 512) / 2)
    assert recipe.rate(1_999, 512) == pytest.approx(recipe.rate(3_999, 512) / 2)
    assert recipe.rate(99, 128) == pytest.approx(2 * recipe.rate(99, 512))
    assert Recipe(schedule="vaswani", warmup=0).rate(3, 4) == pytest.approx(0.25)


def test_patience_needs_checks():
    with pytest.raises(RecsynError, match=r"check_every is 0"):
        Recipe(patience=2)
    assert not Recipe(steps=10, check_every=20).checks
    assert Recipe(steps=20, check_every=20).checks
