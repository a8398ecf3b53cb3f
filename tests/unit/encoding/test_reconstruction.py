"""What the first spikes of the retina tell of an image, against what was published."""

from dataclasses import replace

import numpy as np
import pytest

from bioscnn.datasets.mnist import load_embedded
from bioscnn.encoding import FOVEAL_PIT, quality, rank_order, rank_table, reconstruct, responses, share_needed
from bioscnn.seeds import stream
from tests.unit.encoding.test_rank_order import explicit_kernels

CELLS = tuple(FOVEAL_PIT.values())


@pytest.fixture(scope="module")
def digits():
    return load_embedded().take(100).intensities()


@pytest.fixture(scope="module")
def code(digits):
    """All excited cells of 100 digits."""
    return rank_order(responses(digits, CELLS), CELLS, keep=1)


def mean_quality(digits, reconstructions):
    found = [quality(image, seen) for image, seen in zip(digits[:, 0], reconstructions, strict=True)]
    return np.mean(found, axis=0)


def test_each_further_spike_shows_more_of_the_image(digits, code):
    found = [
        mean_quality(digits, reconstruct(code.first(share), CELLS)) for share in (0.01, 0.05, 0.1, 0.3, 1)
    ]
    assert np.all(np.diff(found, axis=0) > 0)
    assert found[-1][2] > 0.95


def test_a_tenth_of_the_spikes_shows_more_than_80_percent(digits, code):
    """As Sen Bhattacharya and Furber found (IJCNN 2009), on photographs."""
    assert 0.005 < share_needed(digits, code, CELLS) < 0.1


def test_without_the_correction_for_overlap_ten_percent_and_more_are_lost(digits, code):
    found = responses(digits, CELLS).reshape(100, -1)
    order = np.argsort(-found, axis=1, kind="stable")
    neuron = order[code.image(), code.rank()]
    uncorrected = replace(code, neuron=neuron, value=found[code.image(), neuron])
    shown, lost = (mean_quality(digits, reconstruct(c.first(0.3), CELLS))[2] for c in (code, uncorrected))
    assert shown > lost + 0.1


def test_the_order_alone_shows_nearly_as_much_where_a_table_of_other_images_tells_the_contrast(digits, code):
    known = rank_order(responses(digits[50:], CELLS), CELLS, keep=0.3)
    table = rank_table(known, bins=1000)
    asked = rank_order(responses(digits[:50], CELLS), CELLS, keep=0.3)
    by_rank = mean_quality(digits[:50], reconstruct(asked, CELLS, values=table))[2]
    by_value = mean_quality(digits[:50], reconstruct(asked, CELLS))[2]
    assert 0.8 * by_value < by_rank < by_value


def test_a_table_holds_the_mean_coefficient_at_each_rank():
    code = rank_order(np.float32([[[[8, 4, 2, 1]]], [[[3, 9, 1, 5]]]]), (), keep=0.75)
    assert rank_table(code, 4).tolist() == [8.5, 4.5, 2.5, 0]
    assert rank_table(code.first(0.5), 4).tolist() == [8.5, 4.5, 0, 0]
    assert reconstruct(code, (), values=rank_table(code, 4))[1].tolist() == [[2.5, 8.5, 0, 4.5]]


def test_an_image_that_is_one_kernel_is_reconstructed_from_its_spike():
    image = np.pad(FOVEAL_PIT["on-midget"].kernel, 9)
    code = rank_order(responses(image[None, None], CELLS), CELLS)
    np.testing.assert_allclose(reconstruct(code, CELLS)[0], image, atol=1e-6)


def test_a_reconstruction_is_the_sum_of_explicit_kernels_seen_through_the_image():
    images = stream(2, "images").random((2, 1, 6, 7)).astype(np.float32)
    code = rank_order(responses(images, CELLS), CELLS, keep=0.5)
    kernels, margin = explicit_kernels((6, 7), CELLS)
    found = reconstruct(code, CELLS)
    for k in range(2):
        spikes = slice(code.start[k], code.start[k + 1])
        plane = (code.value[spikes] @ kernels[code.neuron[spikes]]).reshape(6 + 2 * margin, 7 + 2 * margin)
        np.testing.assert_allclose(found[k], plane[margin:-margin, margin:-margin], atol=1e-6)


def test_pixels_show_the_image_itself(digits):
    code = rank_order(responses(digits, ()), (), keep=1)
    assert np.array_equal(reconstruct(code, ()), digits[:, 0])


def test_the_share_needed_is_where_enough_is_explained():
    """Of n white pixels in 100, k explain ``(1 - n/100) k/n / (1 - k/100)`` of the variance."""
    image = np.zeros((1, 1, 10, 10), np.float32)
    image[..., 0, :] = 1
    code = rank_order(image, (), keep=1)
    k = np.arange(1, 11)
    explained = 0.9 * k / 10 / (1 - k / 100)
    for wanted in (0.3, 0.78, 0.8, 0.95):
        needed = k[explained >= wanted][0]
        assert share_needed(image, code, (), wanted) == pytest.approx((100 * needed - 99) / 1000)


def test_quality_does_not_depend_on_brightness_and_contrast(digits):
    image = digits[0, 0].astype(np.float64)
    noisy = image + stream(1, "noise").normal(0, 0.1, image.shape)
    for found in (quality(image, noisy), quality(image, 3 * noisy - 7)):
        assert found.psnr == pytest.approx(20, abs=0.5)
        assert found.explained == pytest.approx(image.var() / (image.var() + 0.01), rel=0.02)
        assert 0 < found.ssim < 1
    assert quality(image, 3 * noisy - 7) == pytest.approx(quality(image, noisy))
    perfect = quality(image, image / 2)
    assert perfect.psnr > 200 and perfect.ssim == pytest.approx(1) and perfect.explained == pytest.approx(1)


def test_a_blank_reconstruction_explains_nothing(digits):
    found = quality(digits[0, 0], np.zeros((28, 28)))
    assert found.explained == 0
    assert found.psnr == pytest.approx(-10 * np.log10(digits[0, 0].var()), rel=1e-5)
