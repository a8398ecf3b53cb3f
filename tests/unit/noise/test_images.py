"""Noise of images: its severity, and what it leaves alone."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.noise import NOISES, GaussianNoise, SaltAndPepper
from bioscnn.seeds import stream

IMAGE_NOISES = {name: kind for name, kind in NOISES.items() if kind.acts_on == "images"}
RANDOM = {
    name: kind
    for name, kind in IMAGE_NOISES.items()
    if name not in ("blur", "brightness", "contrast", "scaling")
}
DIRECTIONS = {"rotation": 2, "shear": 2, "translation": 4}
each_kind = pytest.mark.parametrize("kind", IMAGE_NOISES.values(), ids=list(IMAGE_NOISES))
each_random_kind = pytest.mark.parametrize("kind", RANDOM.values(), ids=list(RANDOM))
each_dtype = pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])


def pictures(dtype):
    images = stream(1, "images").integers(0, 256, (5, 1, 28, 28)).astype(np.uint8)
    return images if dtype == np.uint8 else (images / 255).astype(dtype)


def grey(dtype):
    return np.full((20, 1, 50, 50), 128 if dtype == np.uint8 else 128 / 255, dtype)


def intensities(images):
    return images / 255 if images.dtype == np.uint8 else images


@each_kind
@each_dtype
def test_noisy_images_are_of_the_same_kind_and_the_given_ones_untouched(kind, dtype):
    images, before = pictures(dtype), pictures(dtype)
    for severity in range(1, 6):
        noisy = kind.at(severity).apply(images, stream(1, "noise"))
        assert noisy.dtype == dtype and noisy.shape == images.shape
        assert intensities(noisy).min() >= 0 and intensities(noisy).max() <= 1
        assert not np.array_equal(noisy, images)
        assert np.array_equal(images, before)


@each_kind
@each_dtype
def test_severity_0_changes_nothing(kind, dtype):
    assert np.array_equal(kind.at(0).apply(pictures(dtype), stream(1, "noise")), pictures(dtype))


@each_random_kind
def test_the_same_seed_draws_the_same_noise_and_every_image_its_own(kind):
    first, again, other = (kind.at(3).apply(grey(np.uint8), stream(seed, "noise")) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert len(np.unique(first.reshape(20, -1), axis=0)) == DIRECTIONS.get(kind.name, 20)


@each_dtype
def test_gaussian_noise_has_the_severities_of_mnist_c(dtype):
    found = [GaussianNoise.at(s).apply(grey(dtype), stream(s, "noise")) for s in (1, 2)]
    assert [intensities(noisy).std() for noisy in found] == pytest.approx([0.08, 0.12], rel=0.02)
    assert intensities(found[0]).mean() == pytest.approx(128 / 255, abs=2e-3)
    assert GaussianNoise.at(5).sd == 0.38


@each_dtype
def test_salt_and_pepper_have_the_severities_of_mnist_c(dtype):
    for severity, share in zip(range(1, 6), (0.03, 0.06, 0.09, 0.17, 0.27), strict=True):
        noisy = intensities(SaltAndPepper.at(severity).apply(grey(dtype), stream(severity, "noise")))
        assert np.mean(noisy == 1) == pytest.approx(share / 2, rel=0.1)
        assert np.mean(noisy == 0) == pytest.approx(share / 2, rel=0.1)
        assert set(np.unique(noisy)) <= {0, intensities(grey(dtype))[0, 0, 0, 0], 1}


@each_kind
@pytest.mark.parametrize("severity", [-1, 6, 1.5])
def test_unknown_severities_are_refused(kind, severity):
    with pytest.raises(UserError, match="severity"):
        kind.at(severity)


@pytest.mark.parametrize("make", [lambda: GaussianNoise(-0.1), lambda: GaussianNoise(np.nan)])
def test_standard_deviations_that_are_none_are_refused(make):
    with pytest.raises(UserError, match=r"gaussian-noise\.sd"):
        make()


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_shares_out_of_range_are_refused(share):
    with pytest.raises(UserError, match=r"salt-and-pepper\.share"):
        SaltAndPepper(share)


@each_kind
@pytest.mark.parametrize(
    "images", [np.full((1, 1, 2, 2), 2.0), np.full((1, 1, 2, 2), np.nan), np.zeros((1, 1, 2, 2), np.int64)]
)
def test_images_of_another_kind_are_refused(kind, images):
    with pytest.raises(UserError, match="wrong kind"):
        kind.at(1).apply(images, stream(1, "noise"))
