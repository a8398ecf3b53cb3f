"""Noise in training: of the strength that it claims, on as many examples as asked for, and off by default."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bioscnn.noise import GaussianNoise, SaltAndPepper  # noqa: E402
from bioscnn.studies.recipes import find_recipe, shipped_recipes  # noqa: E402
from bioscnn.studies.training import load_training_examples  # noqa: E402
from bioscnn.training import noise  # noqa: E402
from bioscnn.training.augmentation import augment  # noqa: E402
from bioscnn.training.examples import ImageExamples, SpikeExamples  # noqa: E402
from bioscnn.training.noise import event_noise, image_noise  # noqa: E402
from bioscnn.training.settings import RateSettings, SpikeSettings  # noqa: E402
from tests.networks import SHAPE, spikes  # noqa: E402

GREY = torch.full((4000, 1, 20, 30), 0.5)
NO_EVENTS = torch.zeros(2, 1000, 2, 40, 40)  # bins of 1 s
STILL = {"rotation": 0, "shift": 0, "scaling": 0, "shear": 0}
ROWS = torch.tensor([5, 0, 3])


def seeded():
    return torch.Generator().manual_seed(1)


def kinds_of(noisy):
    """Tell what happened to grey images: occlusion has no white pixels, the rest is Gaussian."""
    pixels = noisy.numpy()
    black, white = (pixels == 0).sum((1, 2, 3)), (pixels == 1).sum((1, 2, 3))
    whole = black + white + (pixels == 0.5).sum((1, 2, 3)) == pixels[0].size
    # Salt and pepper of a few pixels may be pepper only, and cannot be told from occlusion.
    plain = whole & (black + white >= 16)
    return pixels[~whole], pixels[plain & (white > 0)], pixels[plain & (white == 0)]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_as_many_images_get_noise_as_asked_for(share):
    noisy = image_noise(GREY, share, seeded())
    changed = (noisy != GREY).flatten(1).any(1).numpy()
    # The faintest noise shows on no pixel.
    assert 0.93 * share <= changed.mean() <= share + 0.02
    assert (GREY == 0.5).all()


def test_each_kind_of_image_noise_is_uniform_up_to_severity_4():
    gaussian, peppered, occluded = kinds_of(image_noise(GREY, 1.0, seeded()))
    assert min(map(len, (gaussian, peppered, occluded))) > 0.25 * len(GREY)
    # A deviation of 0.26 is clipped to 0 and 1 now and then, and so a little smaller.
    most, deviations = GaussianNoise.LEVELS[3], gaussian.std((1, 2, 3))
    assert 0.94 * most < deviations.max() < 1.02 * most
    assert deviations.mean() == pytest.approx(most / 2, rel=0.05)
    white, black = (peppered == 1).mean((1, 2, 3)), (peppered == 0).mean((1, 2, 3))
    assert white.mean() == pytest.approx(black.mean(), rel=0.05)
    most, least = SaltAndPepper.LEVELS[3], 16 / GREY[0].numel()
    assert (white + black).max() == pytest.approx(most, abs=0.05)
    assert (white + black).mean() == pytest.approx((most + least) / 2, rel=0.05)
    most, hidden = noise.OCCLUDED_SHARE, (occluded == 0).mean((1, 2, 3))
    assert hidden.max() == pytest.approx(most, abs=0.02)
    assert hidden.mean() == pytest.approx((most + least) / 2, rel=0.05)


def test_an_occlusion_is_one_square_anywhere_within_the_image():
    hidden = kinds_of(image_noise(GREY, 1.0, seeded()))[2][:, 0] == 0
    rows, columns = hidden.any(2), hidden.any(1)
    np.testing.assert_array_equal(hidden, rows[:, :, None] & columns[:, None, :])
    np.testing.assert_array_equal(rows.sum(1), columns.sum(1))
    assert rows.any(0).all() and columns.any(0).all()


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_as_many_recordings_get_events_as_asked_for(share):
    added = event_noise(NO_EVENTS, 1.0, share, seeded()).sum((0, 2, 3, 4)).numpy()
    # A small share of hot pixels is none on some sensors.
    assert 0.93 * share <= (added > 0).mean() <= share + 0.03
    assert (NO_EVENTS == 0).all()


def test_background_activity_and_hot_pixels_are_uniform_up_to_severity_4():
    rate = event_noise(NO_EVENTS, 1.0, 1.0, seeded()).mean(0).numpy()  # Hz
    off, on = rate.mean((0, 2, 3))
    assert off == pytest.approx(on, rel=0.02)
    pixels = rate.sum(1).reshape(len(rate), -1)
    hot = pixels.max(1) > 50  # what background activity never comes to
    background = pixels[~hot & (pixels > 0).any(1)].mean(1)
    assert 0.95 * noise.BACKGROUND_RATE < background.max() < 1.05 * noise.BACKGROUND_RATE
    assert background.mean() == pytest.approx(noise.BACKGROUND_RATE / 2, rel=0.08)
    share = (pixels[hot] > 0).mean(1)
    assert share.max() == pytest.approx(noise.HOT_SHARE, abs=0.01)
    assert share.sum() / 500 == pytest.approx(noise.HOT_SHARE / 2, rel=0.15)
    assert pixels[hot][pixels[hot] > 0].mean() == pytest.approx(noise.HOT_RATE, rel=0.01)


def test_strengths_of_events_do_not_depend_on_the_bins_in_which_they_are_counted():
    seconds, parts = (
        event_noise(torch.zeros(bins, 200, 2, 10, 10), 1 / bins, 1.0, seeded()).sum(0).mean()
        for bins in (1, 20)
    )
    assert float(seconds) == pytest.approx(float(parts), rel=0.03)


def images(n=8, maps=1):
    return np.random.default_rng(2).random((n, maps, 9, 9), np.float32)


def test_images_without_noise_are_the_same_bits_with_and_without_noisy_versions():
    alone = ImageExamples(images(), np.arange(8))
    beside = ImageExamples(images(), np.arange(8), np.stack([images()[::-1]]))
    expected = augment(torch.from_numpy(images())[ROWS], RateSettings(), seeded())
    for examples in (alone, beside):
        assert torch.equal(examples.augmented(ROWS, RateSettings(), seeded()), expected)


def test_noisy_versions_are_shown_in_the_share_asked_for_and_get_no_noise_on_top():
    versions = np.stack([np.full_like(images(), level) for level in (0.25, 0.75)])
    examples = ImageExamples(np.zeros_like(images()), np.arange(8), versions)
    settings, rows = RateSettings(**STILL, noise=0.6), torch.arange(8).repeat(500)
    shown = examples.augmented(rows, settings, seeded())
    assert torch.equal(examples.with_noise(shown, settings, seeded()), shown)
    middle = shown[:, 0, 4, 4]
    for level, share in ((0.0, 0.4), (0.25, 0.3), (0.75, 0.3)):
        assert (middle - level).abs().lt(1e-3).double().mean() == pytest.approx(share, abs=0.03)


def test_a_neuron_spikes_at_most_once_a_step_in_noise():
    trains = spikes(7)
    examples = SpikeExamples(trains, np.arange(7), SHAPE)
    whole = examples.batch(torch.arange(7))
    noisy = examples.with_noise(whole, SpikeSettings(noise=1.0), seeded())
    assert noisy.max() == 1 and (noisy >= whole).all() and noisy.sum() > whole.sum()


def test_no_recipe_shows_noise_but_those_that_say_so():
    recipes = shipped_recipes()
    assert {name for name, recipe in recipes.items() if recipe.settings(1000).noise > 0} == {
        name for name in recipes if name.endswith("-noise")
    }


def test_noise_is_added_to_an_image_before_its_front_end(monkeypatch):
    from bioscnn.datasets import load_dataset

    digits = load_dataset("mnist").take(5)
    monkeypatch.setattr("bioscnn.studies.examples.load_dataset", lambda *_, **__: digits)
    monkeypatch.setattr("bioscnn.studies.training._VERSIONS", 2)
    recipe = find_recipe("caltech-foveal-noise")
    shown = load_training_examples(recipe, "train", None)
    image, settings = torch.from_numpy(digits.intensities()), recipe.settings(5)
    from bioscnn.training.fit import generator

    drawn = generator(settings.seed, "noise")
    for version in shown.noisy:
        noisy = image_noise(image, 1.0, drawn).numpy()
        expected = recipe.front_end.intensities(noisy, 60, settings.dt)
        np.testing.assert_array_equal(version, expected)
    assert not np.array_equal(*shown.noisy)
    assert load_training_examples(recipe, "validation", None).noisy is None
