"""Do settings say what they mean, refuse nonsense at once, and give paper B's recipe to the letter?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doppelscan.encoders.contrastive import ContrastiveSettings
from doppelscan.encoders.contrastive.training import learning_rate
from doppelscan.errors import InputError


def test_paper_b_is_followed_in_2d_and_3d() -> None:
    dar = ContrastiveSettings(preset="dar")
    film, volume = dar.recipe(2), dar.recipe(3)
    assert (film.network, film.side, film.batch, film.n_outputs) == ("resnet50", 512, 64, 128)
    assert (volume.network, volume.side, volume.batch, volume.n_outputs) == ("strided", None, 10, 32)
    for recipe in (film, volume):
        assert (recipe.views, recipe.scaling, recipe.temperature) == ("paper", "extremes", 0.07)
        assert (recipe.epochs, recipe.n_steps(640)) == (200, 200 * recipe.n_batches(640))
        assert learning_rate(0, 10**6, recipe) == pytest.approx(1e-4)
        assert learning_rate(10**6 - 1, 10**6, recipe) == pytest.approx(0.5e-4)


def test_more_effort_is_more_steps_and_choices_win_over_the_preset() -> None:
    steps = [ContrastiveSettings(effort=e).recipe(2).n_steps(2600) for e in ("quick", "standard", "thorough")]
    assert steps == sorted(set(steps))
    chosen = ContrastiveSettings(side=48, batch=20, epochs=3).recipe(3)
    assert (chosen.side, chosen.n_steps(70)) == (48, 3 * 4)


@given(st.integers(1, 20_000))
def test_the_budget_is_images_shown_however_many_there_are(n_images: int) -> None:
    recipe = ContrastiveSettings().recipe(2)
    shown = recipe.n_steps(n_images) * n_images / recipe.n_batches(n_images)
    assert recipe.n_pairs <= shown <= recipe.n_pairs + recipe.batch


@pytest.mark.parametrize("n_steps", [1, 2, 100])
def test_the_rate_rises_then_falls_and_is_never_zero(n_steps: int) -> None:
    recipe = ContrastiveSettings().recipe(2)
    rates = [learning_rate(step, n_steps, recipe) for step in range(n_steps)]
    assert 0 < min(rates) <= max(rates) <= recipe.learning_rate
    peak = rates.index(max(rates))
    assert rates[: peak + 1] == sorted(rates[: peak + 1])
    assert rates[peak:] == sorted(rates[peak:], reverse=True)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(InputError) as refused:
        ContrastiveSettings(side=3, batch=1, epochs=0)
    assert [problem.where for problem in refused.value.problems] == ["side", "batch", "epochs"]
    mistyped = ContrastiveSettings()
    object.__setattr__(mistyped, "preset", "dart")  # a checker of types would refuse it before we do
    with pytest.raises(InputError, match="preset: 'dart' is none of default, dar"):
        mistyped.__post_init__()
    with pytest.raises(InputError, match="4 spatial axes"):
        ContrastiveSettings().recipe(4)


def test_settings_survive_json() -> None:
    settings = ContrastiveSettings(preset="dar", side=64, epochs=2)
    assert ContrastiveSettings(**settings.to_json()) == settings
