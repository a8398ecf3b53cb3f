"""The retina: kernels as published, and what they make of images."""

import numpy as np
import pytest
from scipy.optimize import curve_fit
from scipy.signal import correlate

from bioscnn.encoding import FOVEAL_PIT, DifferenceOfGaussians, find_cells, gain_control, responses
from bioscnn.errors import UserError
from bioscnn.seeds import stream

CELLS = tuple(FOVEAL_PIT.values())
PUBLISHED = {
    "off-midget": (5, 0.8, 6.7),
    "on-midget": (11, 1.04, 6.7),
    "off-parasol": (61, 8.0, 4.8),
    "on-parasol": (243, 10.4, 4.8),
}
each_cell = pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)


def random_images(n=3, height=28, width=20):
    return stream(1, "images").random((n, 1, height, width)).astype(np.float32)


@each_cell
def test_a_kernel_is_odd_symmetric_and_blind_to_uniform_light(cell):
    kernel = cell.kernel
    assert kernel.shape == (cell.size, cell.size) and cell.size % 2 == 1
    assert abs(kernel.sum()) < 1e-12
    assert np.sum(kernel**2) == pytest.approx(1, abs=1e-12)
    for mirrored in (kernel.T, kernel[::-1], kernel[:, ::-1]):
        np.testing.assert_allclose(mirrored, kernel, atol=1e-15)


@each_cell
def test_the_kernel_has_the_published_widths(cell):
    size, sigma, ratio = PUBLISHED[cell.name]
    y, x = np.indices((size, size)) - size // 2

    def model(r2, centre, surround, width, times):
        return centre * np.exp(-r2 / (2 * width**2)) - surround * np.exp(-r2 / (2 * (times * width) ** 2))

    peak = cell.kernel[size // 2, size // 2]
    start = (peak, peak / 20, 1.3 * sigma, 0.8 * ratio)
    found, _ = curve_fit(model, (x**2 + y**2).ravel(), cell.kernel.ravel(), start, maxfev=20_000)
    assert found[2:] == pytest.approx([sigma, ratio], rel=1e-3)
    assert np.sign(found[0]) == (1 if cell.name.startswith("on") else -1)


@pytest.mark.parametrize("level", [0.0, 1.0, 0.3])
def test_uniform_images_excite_no_cell_even_where_kernels_are_wider_than_the_image(level):
    found = responses(np.full((2, 1, 28, 28), level, np.float32), CELLS)
    assert found.shape == (2, 4, 28, 28) and found.dtype == np.float32
    assert not found.any()
    assert not gain_control(found).any()


def test_a_straight_edge_gives_the_same_response_in_every_row_up_to_the_border():
    edge = np.repeat(np.float32([0, 1]), 14) * np.ones((1, 1, 28, 1), np.float32)
    for found in responses(edge, CELLS)[0]:
        assert np.ptp(found, axis=1).min() > 0.1
        np.testing.assert_allclose(found, np.tile(found[:1], (28, 1)), atol=1e-6)


@each_cell
def test_a_response_is_the_correlation_with_the_kernel(cell):
    images = random_images()
    found = responses(images, (cell,))[:, 0]
    for image, response in zip(images[:, 0], found, strict=True):
        around = np.pad(image.astype(np.float64), cell.size // 2, mode="edge")
        np.testing.assert_allclose(response, correlate(around, cell.kernel, mode="valid"), atol=1e-6)


def test_on_cells_are_excited_by_light_in_their_centre_and_off_cells_by_dark():
    spot = np.zeros((1, 1, 29, 29), np.float32)
    spot[..., 14, 14] = 1
    middle = responses(spot, CELLS)[0, :, 14, 14]
    assert np.array_equal(np.sign(middle), [-1, 1, -1, 1])


def test_responses_do_not_depend_on_the_images_beside():
    images = random_images(n=300, height=9, width=8)
    assert np.array_equal(responses(images, CELLS)[290:], responses(images[290:], CELLS))


def test_without_cells_the_images_are_the_responses():
    assert np.array_equal(responses(random_images(), ()), random_images())


def test_gain_control_makes_the_most_excited_cell_of_each_kind_1():
    found = responses(random_images(), CELLS)
    controlled = gain_control(found)
    assert controlled.dtype == np.float32
    excited = (found > 0).any(axis=(2, 3))
    assert np.array_equal(controlled.max(axis=(2, 3)), excited)
    assert excited.any(axis=0).all()
    assert np.array_equal(controlled > 0, found > 0)
    np.testing.assert_allclose(gain_control(3 * found), controlled, rtol=1e-6)


def test_cells_are_found_in_one_order_whatever_the_order_of_their_names():
    assert find_cells(reversed(PUBLISHED)) == CELLS
    assert find_cells([]) == ()


def test_unknown_and_doubled_cells_are_refused():
    with pytest.raises(UserError, match=r"(?s)encoding\.retina.*on-parasol.*did you mean \"off-midget\""):
        find_cells(["of-midget"])
    with pytest.raises(UserError, match="twice"):
        find_cells(["on-midget", "on-midget"])


@pytest.mark.parametrize("size", [2, 1, 10])
def test_a_kernel_without_a_middle_or_a_surround_is_refused(size):
    with pytest.raises(ValueError, match="odd"):
        DifferenceOfGaussians("any", size, 1.0, 2.0, 1)


@pytest.mark.parametrize(("sigma", "ratio", "sign"), [(0.0, 2.0, 1), (1.0, 1.0, 1), (1.0, 2.0, 0)])
def test_a_surround_is_wider_than_its_centre_and_on_or_off(sigma, ratio, sign):
    with pytest.raises(ValueError, match="any: sigma > 0"):
        DifferenceOfGaussians("any", 5, sigma, ratio, sign)


@pytest.mark.parametrize("shape", [(1, 1, 0, 5), (1, 3, 5, 5), (5, 5)])
def test_images_that_are_empty_or_not_grey_are_refused(shape):
    with pytest.raises(UserError, match="grey"):
        responses(np.zeros(shape, np.float32), CELLS)


@pytest.mark.parametrize("cells", [CELLS, ()])
def test_pixels_that_are_no_numbers_are_refused(cells):
    images = random_images()
    images[1, 0, 2, 3] = np.nan
    with pytest.raises(UserError, match="no numbers"):
        responses(images, cells)
