import numpy as np
import pytest

from bioscnn.datasets import ImageSet
from bioscnn.errors import UserError


def make(n: int = 6, **changes: object) -> ImageSet:
    pixels = np.arange(n * 4, dtype=np.uint8).reshape(n, 1, 2, 2)
    fields = {"images": pixels, "labels": np.arange(n) % 3, "classes": ("a", "b", "c"), "name": "letters"}
    return ImageSet(**(fields | {"split": "test", "source": "made up"} | changes))


def test_intensities_lie_between_black_0_and_white_1():
    pixels = np.array([0, 51, 255, 0], np.uint8).reshape(1, 1, 2, 2)
    found = make(1, images=pixels).intensities()
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.ravel(), [0, 0.2, 1, 0], rtol=1e-6)


@pytest.mark.parametrize("selection", [2, slice(0, 2), np.array([0, 1])])
def test_taking_the_first_two_is_the_same_by_number_slice_and_positions(selection):
    few = make().take(selection)
    np.testing.assert_array_equal(few.images, make().images[:2])
    assert few.sha256 == make(2).sha256


def test_a_subset_of_a_subset_remembers_its_place_in_the_split():
    few = make().take(np.array([5, 3, 1])).take(slice(1, None))
    assert few.index.tolist() == [3, 1]
    assert (few.name, few.split, few.source) == ("letters", "test", "made up")
    assert few.labels.tolist() == [0, 1]


@pytest.mark.parametrize("n", [7, 0, -1])
def test_more_trials_than_images_are_refused(n):
    with pytest.raises(UserError, match="letters, test has 6 images") as caught:
        make().take(n)
    assert caught.value.value == n
    assert caught.value.expected == "1 to 6"


def test_the_hash_is_of_content_and_shape_and_not_of_provenance():
    assert make().sha256 == make(source="elsewhere", labels=(np.arange(6) % 3).astype(np.uint8)).sha256
    changed = make().images.copy()
    changed[3, 0, 1, 1] ^= 1
    others = [
        make(images=changed),
        make(images=make().images.reshape(6, 1, 4, 1)),
        make(labels=np.zeros(6, np.int64)),
    ]
    assert len({make().sha256, *(other.sha256 for other in others)}) == 4


def test_labels_and_images_of_different_length_are_refused():
    with pytest.raises(UserError, match="labels and images of different length"):
        make(labels=np.arange(5) % 3)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_label_that_names_no_class_is_refused_with_its_image(label):
    with pytest.raises(UserError, match="label of image 4 names no class") as caught:
        make(labels=np.array([0, 1, 2, 0, label, 1]))
    assert caught.value.value == label


@pytest.mark.parametrize(
    "changes",
    [
        {"images": np.zeros((6, 1, 2, 2))},
        {"images": np.zeros((6, 2, 2), np.uint8)},
        {"labels": np.zeros(6)},
        {"index": np.arange(5)},
    ],
)
def test_arrays_of_the_wrong_kind_are_refused(changes):
    with pytest.raises(UserError):
        make(**changes)
