"""Caltech101, motorbikes and airplanes: grey photographs that fill a field of 240 x 180 pixels.

As Orchard and others (2015, https://doi.org/10.3389/fnins.2015.00437) did for N-Caltech101, a photograph is
made as large as the field allows, its aspect ratio kept (bilinear, averaged over what shrinks into a pixel).
It lies in the middle; what remains of the field repeats its outermost pixels, so that no new edge appears.
Grey is the luma of ITU-R 601. Images: Li, Andreeto, Ranzato and Perona (2022), *Caltech 101*, CaltechDATA,
https://doi.org/10.22002/D1.20086.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bioscnn import seeds
from bioscnn.datasets.contents import FETCH_AGAIN
from bioscnn.datasets.event_folders import Numbered, list_numbered, subfolder, turns, wrong_layout
from bioscnn.datasets.images import ImageSet
from bioscnn.errors import UserError

CLASSES = ("motorbike", "airplane")
FOLDERS = ("Motorbikes", "airplanes")
COUNTS = (798, 800)  # photographs of each class
WIDTH, HEIGHT = 240, 180
SPLITS = {"validation": 150, "train": 1248, "test": 200}
LAYOUT = "Caltech101/101_ObjectCategories/Motorbikes/image_0001.jpg and .../airplanes/image_0001.jpg"
HOW_TO_PROVIDE = (
    "fetch https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip (137 MB, md5 "
    "3138e1922a9193bfa496528edbbc45d0), unpack the 101_ObjectCategories.tar.gz in it into the folder "
    "Caltech101/ of a data folder, and name the data folder in BIOSCNN_DATA or by --data"
)
_TEST, _VALIDATION = 100, 75  # photographs of each class


class Selection(NamedTuple):
    """Which of some files belong to a split."""

    rows: NDArray[np.int64]  # of the files, classes taking turns
    shown: NDArray[np.int64]  # positions in all 1,598 photographs: motorbikes, then airplanes, by number


def select(split: str, files: Numbered) -> Selection:
    """Return the files of a split, whatever others are there: a photograph always belongs to the same split.

    The photographs of each class are shuffled once for all; the first 100 are for testing, the next 75 for
    validation, the others for training.
    """
    first = np.concatenate([[0], np.cumsum(COUNTS)])  # position of the first photograph of each class
    parts = []
    for label, count in enumerate(COUNTS):
        shuffled = seeds.stream(1, "caltech-split", label).permutation(count)
        test, validation, train = np.split(shuffled, [_TEST, _TEST + _VALIDATION])
        parts.append(first[label] + {"test": test, "validation": validation, "train": train}[split])
    shown = first[files.labels] + files.numbers - 1
    row_of = {position: row for row, position in enumerate(shown.tolist())}
    rows = np.array([row_of[at] for at in np.concatenate(parts).tolist() if at in row_of], np.int64)
    rows = rows[turns(files.labels[rows])]
    return Selection(rows, shown[rows])


def find_caltech(place: Path | None) -> Path | None:
    """Return the folder of the photographs' classes in a data folder, or None.

    Raises
    ------
    UserError
        If a folder Caltech101 has another layout.
    """
    root = subfolder(place, "Caltech101") if place is not None else None
    if root is None:
        return None
    folder = subfolder(root, "101_ObjectCategories") or root
    if not all((folder / name).is_dir() for name in FOLDERS):
        raise wrong_layout(folder, LAYOUT)
    return folder


def load_caltech(split: str, place: Path | None) -> ImageSet:
    """Load a split, shape (n, 1, 180, 240), from the data folder.

    Parameters
    ----------
    split : str
        ``"validation"`` (150), ``"train"`` (1,248) or ``"test"`` (200), classes taking turns.
    place : path or None
        The data folder.

    Raises
    ------
    UserError
        If the photographs are not there, or one is damaged.
    """
    folder = find_caltech(place)
    if folder is None:
        raise UserError(
            "the photographs of Caltech101 are not on this machine",
            file=place,
            expected=LAYOUT,
            fix=HOW_TO_PROVIDE,
        )
    files = list_numbered([folder / name for name in FOLDERS], "image_0000.jpg", COUNTS)
    rows, shown = select(split, files)
    images = np.empty((len(rows), 1, HEIGHT, WIDTH), np.uint8)
    for image, row in zip(images, rows, strict=True):
        image[0] = read_photograph(files.paths[row])
    source = f"data folder {place}: {len(rows):,} of {SPLITS[split]:,} photographs"
    return ImageSet(images, files.labels[rows], CLASSES, "caltech101", split, source, shown)


def read_photograph(path: Path) -> NDArray[np.uint8]:
    """Read a photograph as grey values that fill the field, shape (180, 240).

    Raises
    ------
    UserError
        If the file is no intact image.
    """
    from PIL import Image

    try:
        with Image.open(path) as photograph:
            grey = photograph.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError("not an intact image", file=path, value=str(error), fix=FETCH_AGAIN) from error
    scale = min(WIDTH / grey.width, HEIGHT / grey.height)
    width, height = (max(1, round(scale * size)) for size in grey.size)
    pixels = np.asarray(grey.resize((width, height), Image.Resampling.BILINEAR))
    left, above = (WIDTH - width) // 2, (HEIGHT - height) // 2
    margins = ((above, HEIGHT - height - above), (left, WIDTH - width - left))
    return np.pad(pixels, margins, mode="edge")
