"""Caltech101, motorbikes and airplanes: grey photographs that fill a field of any size.

As Orchard and others (2015, https://doi.org/10.3389/fnins.2015.00437) did for N-Caltech101, a photograph is
made as large as the field allows, its aspect ratio kept (bilinear, averaged over what shrinks into a pixel).
It lies in the middle; what remains of the field repeats its outermost pixels, so that no new edge appears.
Grey is the luma of ITU-R 601. Images: Li, Andreeto, Ranzato and Perona (2022), *Caltech 101*, CaltechDATA,
https://doi.org/10.22002/D1.20086.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioscnn import seeds
from bioscnn.datasets.archives import Archive
from bioscnn.datasets.contents import FETCH_AGAIN
from bioscnn.datasets.event_folders import Numbered, list_numbered, subfolder, turns, wrong_layout
from bioscnn.datasets.folders import places
from bioscnn.datasets.image_files import open_image
from bioscnn.datasets.images import ImageSet
from bioscnn.errors import UserError

CLASSES = ("motorbike", "airplane")
FOLDERS = ("Motorbikes", "airplanes")
COUNTS = (798, 800)  # photographs of each class
SIZE = (30, 40)  # height, width of the field, pixels
SPLITS = {"validation": 150, "train": 1248, "test": 200}
LAYOUT = "Caltech101/101_ObjectCategories/Motorbikes/image_0001.jpg and .../airplanes/image_0001.jpg"
ARCHIVE = Archive(
    "caltech-101.zip",
    "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
    md5="3138e1922a9193bfa496528edbbc45d0",
    holds="101_ObjectCategories",
    target="caltech101/101_ObjectCategories",
    page="https://data.caltech.edu/records/mzrjq-6wc02",
    tar="101_ObjectCategories.tar.gz",
)
_TEST_SIZES = (200, 176)  # of both classes together
_VALIDATION = 75  # photographs of each class
_LARGEST = 1000  # pixels
_READABLE = "a JPEG file of 8 bits a sample: grey, RGB, or CMYK with Adobe's marker"


class Selection(NamedTuple):
    """Which of some files belong to a split."""

    rows: NDArray[np.int64]  # of the files, classes taking turns
    positions: NDArray[np.int64]  # positions in all 1,598 photographs: motorbikes, then airplanes, by number


class Photographs(NamedTuple):
    """The photographs of a split that are on this machine, none of them read."""

    paths: list[Path]
    labels: NDArray[np.int64]
    positions: NDArray[np.int64]  # as in `Selection`
    kind: Literal["data folder", "downloaded"]
    source: str  # as a phrase for people


def select(split: str, files: Numbered, *, seed: int = 1, n_test: int = 200) -> Selection:
    """Return the files of a split, whatever others are there: a photograph always belongs to the same split.

    The photographs of each class are shuffled once for all; the first ``n_test / 2`` are for testing, the
    next 75 for validation, the others for training.
    """
    first = np.concatenate([[0], np.cumsum(COUNTS)])  # position of the first photograph of each class
    parts = []
    for label, count in enumerate(COUNTS):
        shuffled = seeds.stream(seed, "caltech-split", label).permutation(count)
        test, validation, train = np.split(shuffled, [n_test // 2, n_test // 2 + _VALIDATION])
        parts.append(first[label] + {"test": test, "validation": validation, "train": train}[split])
    positions = first[files.labels] + files.numbers - 1
    row_of = {position: row for row, position in enumerate(positions.tolist())}
    rows = np.array([row_of[at] for at in np.concatenate(parts).tolist() if at in row_of], np.int64)
    rows = rows[turns(files.labels[rows])]
    return Selection(rows, positions[rows])


def find_photographs(
    split: str, place: Path | None, *, seed: int = 1, n_test: int = 200
) -> Photographs | None:
    """Return the photographs of a split in a data folder, else among the downloads, or None.

    Raises
    ------
    UserError
        If a folder Caltech101 has another layout, or there are no splits with so many test images.
    """
    if n_test not in _TEST_SIZES:
        expected = " or ".join(map(str, _TEST_SIZES))
        raise UserError("no such number of test images", key="n_test", value=n_test, expected=expected)
    for kind, folder in places(place):
        root = subfolder(folder, "Caltech101")
        if root is None:
            continue
        root = subfolder(root, "101_ObjectCategories") or root
        if not all((root / name).is_dir() for name in FOLDERS):
            raise wrong_layout(root, LAYOUT)
        files = list_numbered([root / name for name in FOLDERS], "image_0000.jpg", COUNTS)
        rows, positions = select(split, files, seed=seed, n_test=n_test)
        if not len(rows):
            continue
        whole = {**SPLITS, "test": n_test, "train": sum(COUNTS) - n_test - SPLITS["validation"]}[split]
        source = f"data folder {folder}" if kind == "data folder" else f"downloaded to {folder}"
        source += f": {len(rows):,} of {whole:,} photographs"
        return Photographs([files.paths[row] for row in rows], files.labels[rows], positions, kind, source)
    return None


def load_caltech(
    split: str, place: Path | None, *, size: tuple[int, int] = SIZE, seed: int = 1, n_test: int = 200
) -> ImageSet:
    """Load a split of the photographs from the data folder, else from the cache of downloads.

    Both classes are split alike. Photographs that are not there are left out; the others stay in their split.

    Parameters
    ----------
    split : str
        ``"validation"`` (150), ``"train"`` (1,248) or ``"test"`` (200), classes taking turns.
    place : path or None
        The data folder.
    size : tuple of int
        Height and width of the field, pixels, each from 1 to 1,000.
    seed : int
        Of the shuffle that makes the splits.
    n_test : int
        200, or 176, which leaves 1,272 for training. The smaller test split is a part of the larger one, but
        12 photographs of each class move on to validation, and 12 others from validation to training.

    Returns
    -------
    ImageSet
        Named ``"caltech"``, images of shape (n, 1, height, width). Its index counts the motorbikes, then the
        airplanes, by the numbers of their files.

    Raises
    ------
    UserError
        If the photographs are not there, one is damaged, or there are no such splits or sizes.
    """
    _require_size(size)
    photographs = find_photographs(split, place, seed=seed, n_test=n_test)
    if photographs is None:
        raise UserError(
            f'photographs of the split "{split}" of Caltech101 are not on this machine',
            file=place,
            expected=f"{LAYOUT} in a data folder",
            fix=f"bioscnn data fetch caltech; or fetch {ARCHIVE.url} (137 MB, md5 {ARCHIVE.md5}), unpack the "
            f"{ARCHIVE.tar} in it into the folder Caltech101/ of a data folder, and name the data folder in "
            "BIOSCNN_DATA or by --data",
        )
    images = np.empty((len(photographs.paths), 1, *size), np.uint8)
    for image, path in zip(images, photographs.paths, strict=True):
        image[0] = read_photograph(path, size)
    return ImageSet(
        images, photographs.labels, CLASSES, "caltech", split, photographs.source, photographs.positions
    )


def read_photograph(path: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Read a photograph as grey values that fill a field, shape (height, width).

    CMYK becomes RGB, then grey, without a colour profile. Adobe writes its inks inverted, and so they are
    read; without Adobe's marker they could be either, and the file is refused.

    Raises
    ------
    UserError
        If the file is no intact JPEG image of 8 bits a sample.
    """
    from PIL import Image

    photograph = open_image(path, ["JPEG"], expected=_READABLE, fix=FETCH_AGAIN)
    kind, mode = photograph.format, photograph.mode
    if kind != "JPEG" or (mode == "CMYK" and "adobe" not in photograph.info):
        raise UserError(
            f"a photograph of another kind: {kind}, mode {mode}",
            file=path,
            expected=_READABLE,
            fix=FETCH_AGAIN,
        )
    grey = photograph.convert("L")
    height, width = size
    scale = min(width / grey.width, height / grey.height)
    covered = max(1, round(scale * grey.width)), max(1, round(scale * grey.height))
    pixels = np.asarray(grey.resize(covered, Image.Resampling.BILINEAR))
    left, above = (width - covered[0]) // 2, (height - covered[1]) // 2
    margins = ((above, height - covered[1] - above), (left, width - covered[0] - left))
    return np.pad(pixels, margins, mode="edge")


def _require_size(size: tuple[int, int]) -> None:
    whole = isinstance(size, tuple | list) and all(type(length) is int for length in size)
    if not (whole and len(size) == 2 and all(1 <= length <= _LARGEST for length in size)):
        raise UserError(
            "impossible size of images",
            key="dataset.size",
            value=size,
            expected=f"height and width in pixels, each from 1 to {_LARGEST:,}",
        )
