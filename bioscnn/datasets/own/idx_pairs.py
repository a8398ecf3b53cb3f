"""IDX files of images and of labels, named as those of MNIST: a pair for training, a pair for testing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.contents import read_start
from bioscnn.datasets.idx import read_idx
from bioscnn.datasets.own.classes import check_labels, classes_of
from bioscnn.datasets.own.splits import ALL
from bioscnn.errors import UserError
from bioscnn.files import read_text, require_file

NAMES = "classes.txt"
"""File beside them with the name of each class, one a line."""

_FILE = re.compile(
    r"(?:.*[-_.])?(?P<part>train|t10k|test)[-_.](?P<what>images|labels)[-_.]idx\d[-_.]ubyte(?:\.gz)?"
)
_LAYOUT = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte"
_PARTS = {"train": "train", "t10k": "test", "test": "test"}


@dataclass(frozen=True, eq=False)
class IdxPairs:
    """Images of IDX files, which are read when they are asked for.

    Parameters
    ----------
    files : dict of (Path, Path)
        Images and labels of each part.
    labels : ndarray of int64, shape (n,)
        Of all parts, one after the other.
    classes : tuple of str
        Their names.
    part_rows : dict of ndarray of int64
        Rows of each part.
    """

    files: dict[str, tuple[Path, Path]]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    part_rows: dict[str, NDArray[np.int64]]

    def examples(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return images of one part, shape (n, channels, height, width)."""
        part = next(name for name, own in self.part_rows.items() if np.isin(rows[0], own))
        chosen: NDArray[np.uint8] = read_images(self.files[part][0])[rows - self.part_rows[part][0]]
        return chosen


def find_pairs(folder: Path) -> IdxPairs:
    """Find the pairs of a folder and read their labels.

    Raises
    ------
    UserError
        If there is no pair for training, a file lacks the other of its pair, or is there twice, or labels do
        not fit.
    """
    if not folder.is_dir():
        raise UserError("no such folder", file=folder, key="dataset.name", expected=_LAYOUT)
    paths: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.iterdir()):
        match = _FILE.fullmatch(path.name)
        if match is None or not path.is_file():
            continue
        _refuse_outside(path)
        first_path = paths.setdefault((_PARTS[match["part"]], match["what"]), path)
        if first_path is not path:
            raise UserError(
                "two files of one part",
                file=path,
                value=first_path.name,
                fix="keep one of the two in the folder",
            )
    if ("train", "images") not in paths and ("test", "images") not in paths:
        raise UserError("no pair of IDX files", file=folder, key="dataset.name", expected=_LAYOUT)
    files, labels, part_rows, first = {}, [], {}, 0
    for part in ("train", "test"):
        pair = [paths.get((part, what)) for what in ("images", "labels")]
        if pair == [None, None]:
            continue
        if None in pair:
            here = next(path for path in pair if path is not None)
            raise UserError(
                "one file of a pair",
                file=here,
                expected="images and labels",
                fix="put the other beside it",
            )
        images_file, labels_file = (path for path in pair if path is not None)
        own = check_labels(read_idx(labels_file), _count(images_file), labels_file, "labels")
        files[part], part_rows[part] = (images_file, labels_file), np.arange(first, first + len(own))
        labels.append(own)
        first += len(own)
    if "test" not in files:
        part_rows = {ALL: part_rows["train"]}
        files = {ALL: files["train"]}
    every = np.concatenate(labels)
    return IdxPairs(files, every, classes_of(every, _names(folder / NAMES), folder), part_rows)


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read a file of images, shape (n, channels, height, width).

    Raises
    ------
    UserError
        If it is damaged, of another type than unsigned bytes, or has no images of one channel or three.
    """
    require_file(path)
    images = read_idx(path)
    if images.ndim == 3:
        images = images[:, None]
    if images.ndim == 4 and images.shape[1] not in (1, 3) and images.shape[3] in (1, 3):
        images = images.transpose(0, 3, 1, 2)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1] not in (1, 3):
        raise UserError(
            "no images",
            file=path,
            value=f"{images.dtype} of shape {images.shape}",
            expected="uint8 of shape (n, height, width) or (n, channels, height, width), channels 1 or 3",
        )
    return images


def _count(path: Path) -> int:
    """Return how many images the header of a file announces; the file itself is read later."""
    start = read_start(path, 8)
    return int.from_bytes(start[4:], "big") if len(start) == 8 else len(read_images(path))


def _refuse_outside(path: Path) -> None:
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise UserError("a link that leaves the folder", file=path, fix="copy the file into the folder")


def _names(file: Path) -> list[str] | None:
    """Return the names of the classes from the file beside the images, if there is one."""
    if not file.is_file():
        return None
    _refuse_outside(file)
    try:
        text = read_text(file, 1_000_000)
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"not a text file: {error}", file=file, expected="a name of a class a line") from None
    lines = text.removeprefix("\ufeff").split("\n")  # the mark that Windows writes at the beginning
    return [line.strip() for line in lines if line.strip()]
