"""Distorted images: nothing changes at width zero, and nothing by more than asked for."""

import pytest

torch = pytest.importorskip("torch")

from bioscnn.training.augmentation import augment, draw_affine, move_events  # noqa: E402
from bioscnn.training.settings import RateSettings  # noqa: E402


def test_augmentation_of_width_zero_changes_nothing():
    still = RateSettings(rotation=0, shift=0, scaling=0, shear=0)
    images = torch.rand(5, 1, 8, 8)
    torch.testing.assert_close(augment(images, still, torch.Generator()), images, atol=1e-5, rtol=0)


def test_augmentation_moves_an_image_by_at_most_the_shift():
    moved = RateSettings(rotation=0, shift=2, scaling=0, shear=0)
    images = torch.zeros(200, 1, 9, 9)
    images[:, 0, 4, 4] = 1
    out = augment(images, moved, torch.Generator().manual_seed(1))
    column = (out.sum(2) * torch.arange(9)).sum((1, 2)) - 4
    assert 1.8 < column.abs().max() <= 2.0001
    torch.testing.assert_close(out.sum((1, 2, 3)), torch.ones(200))


def test_a_warp_displaces_pixels_by_the_deviation_asked_for():
    warped = RateSettings(rotation=0, shift=0, scaling=0, shear=0, warp=1.5)
    images = torch.zeros(500, 1, 29, 29)
    images[:, 0, 14, 14] = 1
    out = augment(images, warped, torch.Generator().manual_seed(1))
    seen = out.sum((1, 2, 3)) > 0.3  # a warp may also shrink the pixel
    column = ((out.sum(2) * torch.arange(29)).sum((1, 2)) / out.sum((1, 2, 3)))[seen] - 14
    # Between the points of the grid the field is a weighted mean of them, and so a little smaller.
    assert seen.float().mean() > 0.9
    assert 0.6 * 1.5 < column.std() < 1.5


def test_half_of_the_images_are_mirrored_left_and_right():
    still = RateSettings(rotation=0, shift=0, scaling=0, shear=0, mirror=0.5)
    images = torch.rand(400, 1, 7, 8)
    out = augment(images, still, torch.Generator().manual_seed(1))
    as_they_are, mirrored = ((out - other).abs().amax((1, 2, 3)) < 1e-5 for other in (images, images.flip(3)))
    assert (as_they_are ^ mirrored).all()
    assert 160 < mirrored.sum() < 240


@pytest.mark.parametrize(("key", "value"), [("rotation", 30.0), ("shear", 0.3)])
def test_images_that_are_not_square_are_turned_and_sheared_as_their_pixels_lie(key, value):
    """A turn keeps distances, and a shear moves the top across by a fraction of the height."""
    height, width, n = 200, 300, 40
    changed = RateSettings(**{"rotation": 0, "shift": 0, "scaling": 0, "shear": 0, key: value})
    affine = draw_affine(n, (height, width), changed, torch.Generator().manual_seed(1))
    for row, column in ((40, 0), (0, 60)):
        place = torch.tensor([[0, height // 2 + row, width // 2 + column]]).repeat(n, 1)
        moved, _ = move_events(place, affine, (height, width))
        there = moved[:, 1:].double() + 0.5 - torch.tensor([height, width]) / 2
        if key == "rotation":
            torch.testing.assert_close(
                there.norm(dim=1), torch.full((n,), row + column + 0.5).double(), atol=1.2, rtol=0
            )
            angles = torch.rad2deg(torch.atan2(there[:, 0], there[:, 1])) - (90 if row else 0)
            assert 25 < angles.abs().max() < 32
        else:
            across = (there[:, 1] - column - 0.5).abs()
            assert across.max() == pytest.approx(value * row, abs=1.5 if row else 0.5)


def test_events_are_mirrored_as_images_are():
    settings = RateSettings(rotation=0, shift=0, scaling=0, shear=0, mirror=1.0)
    affine = draw_affine(3, (5, 7), settings, torch.Generator().manual_seed(1))
    place = torch.tensor([[0, 1, 0], [1, 4, 6], [0, 2, 3]])
    moved, inside = move_events(place, affine, (5, 7))
    assert inside.all() and moved.tolist() == [[0, 1, 6], [1, 4, 0], [0, 2, 3]]
