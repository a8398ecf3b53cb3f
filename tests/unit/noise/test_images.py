"""Noise of images: its severity, and what it leaves alone."""

import numpy as np
import pytest

from bioscnn.errors import UserError
from bioscnn.noise import (
    NOISES,
    Blur,
    Brightness,
    Contrast,
    GaussianNoise,
    Occlusion,
    Rotation,
    SaltAndPepper,
    Scaling,
    Shear,
    ShotNoise,
    SpeckleNoise,
    Translation,
)
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


def test_shot_noise_has_the_variance_of_counted_photons():
    noisy = ShotNoise(60).apply(grey(np.float64), stream(1, "noise"))
    counts = 60 * noisy
    assert np.allclose(counts, np.rint(counts))
    assert counts.mean() == pytest.approx(60 * 128 / 255, rel=0.01)
    assert counts.var() == pytest.approx(60 * 128 / 255, rel=0.03)


def test_speckle_noise_is_in_proportion_to_the_intensity():
    images = np.concatenate([grey(np.float64) / 2, grey(np.float64) / 4])
    noisy = SpeckleNoise(0.2).apply(images, stream(1, "noise"))
    for part, mean in ((noisy[:20], 64 / 255), (noisy[20:], 32 / 255)):
        assert part.mean() == pytest.approx(mean, rel=0.01)
        assert part.std() == pytest.approx(0.2 * mean, rel=0.02)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.25, 0.5])
@pytest.mark.parametrize("shape", [(28, 28), (30, 40), (10, 40)])
def test_a_rectangle_of_the_share_of_the_area_is_black_each_image_at_a_place_of_its_own(share, shape):
    images = np.ones((50, 2, *shape))
    noisy = Occlusion(share).apply(images, stream(1, "noise"))
    black = noisy == 0
    assert set(np.unique(noisy)) == {0, 1} and np.array_equal(black[:, 0], black[:, 1])
    for one in black[:, 0]:
        rows, columns = np.flatnonzero(one.any(axis=1)), np.flatnonzero(one.any(axis=0))
        patch = one[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert patch.all() and patch.mean() == 1
        assert patch.size / one.size == pytest.approx(share, rel=0.15)
        assert abs(patch.shape[0] - patch.shape[1]) <= 1 or patch.shape[0] == shape[0]
    assert len(np.unique(black.reshape(50, -1), axis=0)) > 10


def test_blur_spreads_a_point_by_its_standard_deviation_and_keeps_the_light():
    point = np.zeros((1, 1, 29, 29))
    point[0, 0, 14, 14] = 1
    for sigma in (0.9, 1.5, 2.0):
        blurred = Blur(sigma).apply(point, stream(1, "noise"))[0, 0]
        x = np.arange(29) - 14
        assert blurred.sum() == pytest.approx(1, rel=1e-6)
        for axis in (0, 1):
            assert np.sqrt((blurred.sum(axis) * x**2).sum()) == pytest.approx(sigma, rel=0.05)


def test_brightness_adds_and_contrast_keeps_the_mean_of_each_image():
    images = stream(1, "images").uniform(0.2, 0.4, (5, 1, 20, 20))
    images[0] += 0.3
    np.testing.assert_allclose(Brightness(0.2).apply(images, stream(1, "noise")), images + 0.2)
    flat = Contrast(0.3).apply(images, stream(1, "noise"))
    np.testing.assert_allclose(flat.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(flat.std(axis=(1, 2, 3)), 0.3 * images.std(axis=(1, 2, 3)))


def two_points(height=41, width=51):
    """Two blobs on a line through the centre, one above the other."""
    y, x = np.mgrid[:height, :width]
    up, down = ((y - 20 - k) ** 2 + (x - 25) ** 2 for k in (-10, 10))
    return (np.exp(-up / 4) + np.exp(-down / 4))[None, None].clip(0, 1)


def places(image):
    """Centre of mass of the upper and of the lower half, from the centre of the image: (x, y)."""
    y, x = np.mgrid[:41, :51]
    halves = [image * (y < 20), image * (y > 20)]
    return [np.array([(h * (x - 25)).sum(), (h * (y - 20)).sum()]) / h.sum() for h in halves]


@pytest.mark.parametrize(
    ("noise", "expected"),
    [
        (Rotation(0.4), [(10 * np.sin(0.4), -10 * np.cos(0.4)), (-10 * np.sin(0.4), 10 * np.cos(0.4))]),
        (Shear(0.6), [(-6, -10), (6, 10)]),
        (Scaling(0.7), [(0, -7), (0, 7)]),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_images_are_turned_sheared_and_scaled_about_their_centre(noise, expected):
    images = np.repeat(two_points(), 20, axis=0)
    found = noise.apply(images, stream(1, "noise"))
    signs = set()
    for image in found:
        (first, second) = places(image[0])
        sign = np.sign(first[0] * expected[0][0]) if noise.name != "scaling" else 1
        signs.add(sign)
        mirrored = np.array(expected) * (sign, 1)
        np.testing.assert_allclose([first, second], mirrored, atol=0.2)
    assert signs == ({1} if noise.name == "scaling" else {-1, 1})


def test_translations_by_whole_pixels_are_exact_in_all_four_directions():
    images = np.repeat(pictures(np.uint8)[:1], 40, axis=0)
    found = Translation(2).apply(images, stream(1, "noise"))
    expected = set()
    for down in (-2, 2):
        for right in (-2, 2):
            moved = np.zeros((32, 32), np.uint8)
            moved[2 + down : 30 + down, 2 + right : 30 + right] = images[0, 0]
            expected.add(moved[2:30, 2:30].tobytes())
    assert {image.tobytes() for image in found} == expected
