"""The figures of the retina: what is drawn is what the encoding computes."""

import numpy as np
import pytest

from bioscnn import plots
from bioscnn.encoding import FOVEAL_PIT, find_cells, rank_order, reconstruct, responses
from tests.unit.test_plots import CELLS, CODE, COEFFICIENTS, PHOTOGRAPHS, TWO, qualities

NAMES = list(FOVEAL_PIT)


def titled(figure, start: str):
    return [axes for axes in figure.axes if axes.get_title(loc="left").startswith(start)]


def test_a_kernel_is_drawn_in_pixels_around_its_centre():
    for width in (plots.style.WIDE, plots.style.NARROW):
        figure = plots.kernels(CELLS, width=width)
        for cell in CELLS:
            (picture,) = titled(figure, f"{cell.name}, {cell.size} × {cell.size}")
            assert picture.images[0].get_extent() == [-cell.size / 2, cell.size / 2] * 2
            np.testing.assert_allclose(
                picture.images[0].get_array() * np.abs(cell.kernel).max(), cell.kernel, atol=1e-15
            )
        profiles = [axes for axes in figure.axes if axes.lines]
        for cell, axes in zip(CELLS, profiles, strict=True):
            line = axes.lines[1]
            assert np.sign(line.get_ydata()[cell.size // 2]) == cell.sign
            assert list(line.get_xdata()[[0, -1]]) == [-(cell.size // 2), cell.size // 2]


def test_excited_and_inhibited_cells_have_opposite_colours_on_one_scale():
    figure = plots.cell_maps(PHOTOGRAPHS, COEFFICIENTS, NAMES, TWO)
    for k, name in enumerate(NAMES):
        for axes, maps in zip(titled(figure, name), COEFFICIENTS, strict=True):
            image, largest = axes.images[0], np.abs(maps[k]).max()
            assert image.get_clim() == (-1, 1)
            np.testing.assert_allclose(image.get_array() * largest, maps[k], rtol=1e-6)
            assert axes.get_title(loc="left") == f"{name}\n±{largest:.3g}"


def test_a_cell_has_the_colour_of_its_rank_and_the_silent_have_none():
    figure = plots.firing_order(PHOTOGRAPHS, CODE, NAMES, TWO)
    ranks = np.full((2, CODE.size), np.nan)
    for image in range(2):
        fired = CODE.neuron[CODE.start[image] : CODE.start[image + 1]]
        ranks[image, fired] = 100 * np.arange(len(fired)) / len(fired)
    ranks = ranks.reshape(2, *CODE.shape)
    for k, name in enumerate(NAMES):
        for axes, rank in zip(titled(figure, name), ranks[:, k], strict=True):
            drawn = np.ma.filled(axes.images[0].get_array(), np.nan)
            np.testing.assert_allclose(drawn, rank, atol=1e-4)


def test_reconstructions_stand_beside_their_original_in_the_order_of_shares():
    cells = find_cells(["on-midget"])
    code = rank_order(responses(PHOTOGRAPHS / 255, cells), cells, 1.0)
    shown = np.stack([reconstruct(code.first(share), cells) for share in (0.01, 0.05, 0.1, 0.3, 1)], axis=1)
    figure = plots.reconstructions(PHOTOGRAPHS, shown, qualities(5), TWO)
    assert len(titled(figure, "airplane\noriginal")) == 1
    for rank, start in enumerate(("1 %: 10\n", "5 %: 50", "10 %: 100", "30 %: 300", "100 %: 1,000")):
        for axes, pictures, ssim in zip(titled(figure, start), shown, (0, 0.1), strict=True):
            np.testing.assert_array_equal(axes.images[0].get_array(), pictures[rank])
            assert axes.get_title(loc="left").endswith(f"{10 + rank:.1f} dB, {0.1 * rank + ssim:.2f}")


def test_the_mean_over_images_is_drawn_and_the_share_that_is_enough_is_marked():
    figure = plots.quality_by_share(qualities(3).sample(frac=1, random_state=1), 0.04, 0.8)
    explained, psnr, ssim = figure.axes
    for axes, expected in (
        (explained, [10, 30, 50, 70, 90]),
        (psnr, [10, 11, 12, 13, 14]),
        (ssim, [0.1, 0.2, 0.3, 0.4, 0.5]),
    ):
        mean = axes.lines[3]
        np.testing.assert_allclose(mean.get_xdata(), [1, 5, 10, 30, 100])
        np.testing.assert_allclose(mean.get_ydata(), expected)
    mark = explained.lines[4]
    assert mark.get_xdata() == pytest.approx((4, 4, 1))
    assert mark.get_ydata() == pytest.approx((0, 72, 72))
