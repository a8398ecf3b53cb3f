"""Gain control: each image by itself, or fixed units; pixels and cells alike."""

import numpy as np
import pytest

from bioscnn.datasets.mnist import load_embedded
from bioscnn.encoding import FOVEAL_PIT, FrontEnd, find_cells, gain_control, responses, stretched
from bioscnn.errors import UserError
from bioscnn.noise import Contrast

CELLS = find_cells(FOVEAL_PIT)
N_STEPS, DT = 60, 1e-3
MIDGETS = ("off-midget", "on-midget")


@pytest.fixture(scope="module")
def digits():
    return load_embedded().take(20).intensities()


def shown(front_end, images):
    return front_end.intensities(images, N_STEPS, DT)


def test_a_stretched_image_has_the_whole_range_and_keeps_the_order_and_ratios_of_its_pixels(digits):
    dim = 0.3 + 0.2 * digits
    found = stretched(dim)
    assert (found.min(axis=(1, 2, 3)) == 0).all() and (found.max(axis=(1, 2, 3)) == 1).all()
    np.testing.assert_allclose(found, stretched(digits), atol=1e-5)


def test_all_channels_of_an_image_have_one_range():
    colours = np.float32([[0.2, 0.4], [0.4, 0.6]]).reshape(1, 2, 1, 2)
    np.testing.assert_allclose(stretched(colours).ravel(), [0, 0.5, 0.5, 1], atol=1e-6)


@pytest.mark.parametrize("retina", [(), MIDGETS])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_image_without_contrast_is_silent_for_adapted_pixels_as_for_cells(retina, level):
    uniform = np.full((2, 1, 28, 28), level, np.float32)
    assert not FrontEnd("lif-layer", retina, gain_control="image").coefficients(uniform).any()


@pytest.mark.parametrize("retina", [(), MIDGETS])
@pytest.mark.parametrize("kind", ["currents", "lif-layer", "poisson"])
def test_with_gain_control_low_contrast_changes_nothing_and_without_it_much(digits, kind, retina):
    dim = Contrast(0.2).apply(digits, np.random.default_rng(1))
    for gain, same in (("image", True), ("none", False)):
        front_end = FrontEnd(kind, retina, gain_control=gain)
        clear, faint = (front_end.coefficients(images) for images in (digits, dim))
        assert np.allclose(clear, faint, atol=1e-5) is same


def test_where_nothing_is_said_cells_have_gain_control_and_pixels_have_none(digits):
    dim = digits / 2
    for retina, gain in ((MIDGETS, "image"), ((), "none")):
        silent, said = FrontEnd("lif-layer", retina), FrontEnd("lif-layer", retina, gain_control=gain)
        assert np.array_equal(shown(silent, dim), shown(said, dim))
    found = responses(dim, find_cells(MIDGETS))
    assert np.array_equal(FrontEnd("lif-layer", MIDGETS).coefficients(dim), gain_control(found))


def test_the_largest_response_is_that_to_the_image_that_a_cell_would_choose():
    for cell in (FOVEAL_PIT["off-midget"], FOVEAL_PIT["on-midget"]):
        liked = (cell.kernel > 0).astype(np.float32)[None, None]
        centre = responses(liked, (cell,))[0, 0, cell.size // 2, cell.size // 2]
        assert centre == pytest.approx(cell.largest_response, rel=1e-5)
    random = np.random.default_rng(1).random((20, 1, 30, 40), np.float32).round()
    assert (responses(random, CELLS).max(axis=(0, 2, 3)) < [c.largest_response for c in CELLS]).all()


def test_fixed_units_are_those_of_each_kind_whatever_the_order_of_the_names(digits):
    one, other = (
        FrontEnd("lif-layer", names, gain_control="none", full_response=units)
        for names, units in ((MIDGETS, (0.5, 2.0)), (MIDGETS[::-1], (2.0, 0.5)))
    )
    assert one == other
    found = np.clip(responses(digits, one.cells) / np.float32([0.5, 2])[:, None, None], 0, 1)
    np.testing.assert_allclose(one.coefficients(digits), found, rtol=1e-6)
    assert found[:, 0].max() == 1, "what is larger than the unit is 1"


def test_ranks_need_no_gain_control(digits):
    for kind in ("rank-order", "latency"):
        with_gain, without = (FrontEnd(kind, MIDGETS, gain_control=gain) for gain in ("image", "none"))
        assert np.array_equal(shown(with_gain, digits[:3]), shown(without, digits[:3]))


@pytest.mark.parametrize(
    ("retina", "keys", "refused"),
    [
        ((), {"gain_control": "local"}, "gain_control"),
        ((), {"full_response": (1.0,)}, "full_response"),
        (MIDGETS, {"full_response": (1.0, 2.0)}, "full_response"),
        (MIDGETS, {"full_response": (1.0,), "gain_control": "none"}, "full_response"),
    ],
)
def test_another_gain_control_and_units_that_do_not_fit_are_refused(retina, keys, refused):
    with pytest.raises(UserError) as error:
        FrontEnd("lif-layer", retina, **keys)
    assert error.value.key == refused
