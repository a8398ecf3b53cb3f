"""Rank-order coding with and without the correction for overlapping kernels."""

import numpy as np
import pytest

from bioscnn.encoding import FOVEAL_PIT, find_cells, latency, rank_order, responses
from bioscnn.errors import UserError
from bioscnn.seeds import stream

CELLS = tuple(FOVEAL_PIT.values())
FINE = CELLS[:3]


def random_images(n=4, height=6, width=7):
    return stream(2, "images").random((n, 1, height, width)).astype(np.float32)


def encoded(images, cells, keep=1.0):
    return rank_order(responses(images, cells), cells, keep)


def explicit_kernels(shape, cells):
    """Every cell's kernel on a plane that holds all of them whole, and the margin around the image."""
    margin = max(cell.size for cell in cells) // 2
    kernels = []
    for cell in cells:
        for row, column in np.ndindex(shape):
            kernel = np.zeros((shape[0] + 2 * margin, shape[1] + 2 * margin))
            y, x = margin + row - cell.size // 2, margin + column - cell.size // 2
            kernel[y : y + cell.size, x : x + cell.size] = cell.kernel
            kernels.append(kernel.ravel())
    return np.array(kernels), margin


def slow_focal(image, cells):
    """Pick among explicit kernels."""
    kernels, margin = explicit_kernels(image.shape, cells)
    plane = np.pad(image.astype(np.float64), margin, mode="edge")
    coefficients, overlap = kernels @ plane.ravel(), kernels @ kernels.T
    picked, silent = [], np.ones(len(kernels), bool)
    least = 1e-6 * coefficients.max()
    while np.max(coefficients, where=silent, initial=0) > least:
        best = int(np.where(silent, coefficients, -np.inf).argmax())
        picked.append((best, coefficients[best]))
        coefficients = coefficients - coefficients[best] * overlap[best]
        silent[best] = False
    return picked


@pytest.mark.parametrize("cells", [FINE, CELLS[1:2], CELLS[::3]], ids=lambda cells: f"{len(cells)} kinds")
def test_cells_fire_as_when_explicit_kernels_are_picked_one_by_one(cells):
    images = random_images()
    code = encoded(images, cells)
    for k, image in enumerate(images[:, 0]):
        picked = slow_focal(image, cells)[: code.n_positive[k]]
        spikes = slice(code.start[k], code.start[k + 1])
        assert [cell for cell, _ in picked] == code.neuron[spikes].tolist()
        np.testing.assert_allclose(code.value[spikes], [value for _, value in picked], rtol=1e-4, atol=1e-6)
    assert code.n_spikes > 30


@pytest.mark.parametrize("kind", range(4))
def test_an_image_that_is_one_kernel_is_one_spike(kind):
    kernel = CELLS[kind].kernel
    images = np.pad(kernel, 5)[None, None]
    code = encoded(images, CELLS)
    middle = images.shape[2] // 2
    assert np.array_equal(np.unravel_index(code.neuron, code.shape), [[kind], [middle], [middle]])
    assert code.value == pytest.approx([1], abs=1e-6)


def test_uniform_images_make_no_spike():
    for cells in (CELLS, ()):
        code = encoded(np.zeros((2, 1, 9, 8), np.float32), cells)
        assert code.n_spikes == 0 and code.n_images == 2
        assert not code.maps().any()
        assert latency(code, 30, 1e-3).n_spikes == 0


@pytest.mark.parametrize("cells", [CELLS, ()], ids=["cells", "pixels"])
def test_each_cell_fires_at_most_once(cells):
    code = encoded(random_images(), cells)
    spikes = code.image() * code.size + code.neuron
    assert len(np.unique(spikes)) == code.n_spikes > 0


def test_the_order_does_not_depend_on_contrast_or_brightness():
    images = random_images(height=12, width=11)
    dim = encoded(images / 2, CELLS)
    assert np.array_equal(dim.neuron, encoded(images, CELLS).neuron)
    early = encoded(images, CELLS, keep=0.1)
    assert np.array_equal(encoded(0.25 + images / 2, CELLS, keep=0.1).neuron, early.neuron)


def test_pixels_fire_in_the_order_of_their_intensity():
    images = random_images()
    images[0, 0, :2] = 0
    code = encoded(images, ())
    assert code.n_positive[0] == np.count_nonzero(images[0])
    for k, image in enumerate(images):
        values = image.ravel()[code.neuron[code.start[k] : code.start[k + 1]]]
        assert np.all(np.diff(values) <= 0) and np.all(values > 0)


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.5])
def test_so_many_of_the_excited_cells_fire(keep):
    found = responses(random_images(), FINE)
    code = rank_order(found, FINE, keep)
    assert np.array_equal(code.n_positive, np.count_nonzero(found > 0, axis=(1, 2, 3)))
    assert np.array_equal(np.diff(code.start), np.ceil(keep * code.n_positive))


def test_seven_of_a_hundred_cells_fire_whatever_7_percent_is_in_binary():
    row = np.linspace(0.1, 1, 100, dtype=np.float32).reshape(1, 1, 1, 100)
    assert [rank_order(row[..., :n], (), 0.07).n_spikes for n in (100, 99)] == [7, 7]


def test_fewer_spikes_are_the_first_of_all():
    everything = encoded(random_images(), FINE)
    for few in (everything.first(0.25), encoded(random_images(), FINE, keep=0.1)):
        assert 0 < few.n_spikes < everything.n_spikes
        place = np.repeat(everything.start[:-1], np.diff(few.start)) + few.rank()
        assert np.array_equal(few.neuron, everything.neuron[place])
        assert np.array_equal(few.value, everything.value[place])
    counts = [np.diff(code.start) for code in (everything.first(0.25), everything)]
    assert np.array_equal(counts[0], np.ceil(0.25 * counts[1]))


def test_maps_and_times_tell_the_rank_and_nothing_else():
    code = encoded(random_images(), FINE, keep=0.3)
    maps = code.maps().reshape(code.n_images, -1)
    assert maps.dtype == np.float32 and code.maps().shape == (4, 3, 6, 7)
    for k in range(code.n_images):
        n = code.start[k + 1] - code.start[k]
        spikes = slice(code.start[k], code.start[k + 1])
        np.testing.assert_allclose(maps[k, code.neuron[spikes]], 1 - np.arange(n) / n, rtol=1e-6)
        np.testing.assert_allclose(code.times()[spikes], np.arange(n) / n)
        assert np.count_nonzero(maps[k]) == n


def test_with_latencies_a_cell_of_an_earlier_rank_never_fires_later():
    code = encoded(random_images(), FINE)
    spikes = latency(code, n_steps=30, dt=1e-3)
    assert np.array_equal(spikes.counts().sum(axis=1), np.diff(code.start))
    assert spikes.counts().max() == 1
    first = spikes.first_step()
    for k in range(code.n_images):
        steps = first[k, code.neuron[code.start[k] : code.start[k + 1]]]
        assert np.all(np.diff(steps) >= 0)
        assert steps[0] == 0 and steps[-1] == 28
        assert np.ptp(np.bincount(steps)) <= 1


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, np.nan])
def test_shares_out_of_range_are_refused(share):
    with pytest.raises(UserError, match=r"encoding\.keep"):
        encoded(random_images(), FINE, keep=share)
    with pytest.raises(UserError, match="share"):
        encoded(random_images(), FINE).first(share)


def test_coefficients_that_are_no_numbers_or_of_other_cells_are_refused():
    found = responses(random_images(), FINE)
    with pytest.raises(ValueError, match="3 kinds"):
        rank_order(found, find_cells(["on-midget"]))
    found[0, 0, 0, 0] = np.nan
    with pytest.raises(UserError, match="no numbers"):
        rank_order(found, FINE)
