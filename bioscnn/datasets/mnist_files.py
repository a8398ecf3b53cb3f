"""The four official files of MNIST: names, checksums, and the places to find them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.caches import cache_folder
from bioscnn.datasets.contents import read_content
from bioscnn.datasets.downloads import retrieve
from bioscnn.datasets.idx import parse_idx
from bioscnn.errors import UserError

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_SUBFOLDERS = ("MNIST", "MNIST/raw", "mnist", "")  # MNIST/raw is where torchvision puts it


@dataclass(frozen=True)
class OfficialFile:
    """One of the files of MNIST."""

    name: str  # uncompressed
    content_md5: str  # of the uncompressed content: people compress it again
    gz_md5: str  # of NAME.gz as the mirrors serve it

    def spellings(self) -> tuple[str, ...]:
        """Return the file names in use for this file."""
        dotted = self.name.replace("-idx", ".idx")
        return (f"{self.name}.gz", self.name, f"{dotted}.gz", dotted)

    def find(self, folder: Path) -> Path | None:
        """Return where the file is in a data folder, or None."""
        places = (folder / subfolder / spelling for subfolder in _SUBFOLDERS for spelling in self.spellings())
        return next((place for place in places if place.is_file()), None)

    def urls(self) -> tuple[str, ...]:
        """Return where the mirrors serve the file."""
        return tuple(f"{mirror}{self.name}.gz" for mirror in MIRRORS)

    def cached(self) -> Path:
        """Return where the download of this file is kept, whether it is there or not."""
        return cache_folder() / "mnist" / f"{self.name}.gz"

    def read(self, path: Path) -> NDArray[np.uint8]:
        """Read the file and check that its content is the official one.

        Raises
        ------
        UserError
            If the file is damaged or is not this part of MNIST.
        """
        content = read_content(path)
        array = parse_idx(content, path)
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if md5 != self.content_md5:
            raise UserError(
                f"not the official {self.name} of MNIST",
                file=path,
                key="md5 of the uncompressed content",
                value=md5,
                expected=self.content_md5,
                fix=f"replace it by {self.urls()[0]}, or remove it",
            )
        return array


TRAIN_IMAGES = OfficialFile(
    "train-images-idx3-ubyte", "6bbc9ace898e44ae57da46a324031adb", "f68b3c2dcbeaaa9fbdd348bbdeb94873"
)
TRAIN_LABELS = OfficialFile(
    "train-labels-idx1-ubyte", "a25bea736e30d166cdddb491f175f624", "d53e105ee54ea40749a09fcbcd1e9432"
)
TEST_IMAGES = OfficialFile(
    "t10k-images-idx3-ubyte", "2646ac647ad5339dbf082846283269ea", "9fb629c4189551a2d022fa330f9573f3"
)
TEST_LABELS = OfficialFile(
    "t10k-labels-idx1-ubyte", "27ae3e4e09519cfbb04c329615203637", "ec29112dd5afa0611ce80d1b7f02629c"
)
OFFICIAL_FILES = (TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS)


def download(file: OfficialFile) -> Path:
    """Return the file in the cache, downloading it first where it is missing or broken.

    Raises
    ------
    UserError
        If no mirror delivers the right file; the message says how to do without.
    """
    return retrieve(file.urls(), file.gz_md5, file.cached(), otherwise=how_to_provide(file))


def how_to_provide(*files: OfficialFile) -> str:
    """Return instructions for bringing files to this machine by hand."""
    urls = " and ".join(file.urls()[0] for file in files)
    by_hand = (
        f"fetch {urls} on a machine with a network and put it in {files[0].cached().parent} or in MNIST/ of "
        "a data folder"
    )
    # Nothing can be trained on the validation digits in place of the training digits.
    trains = files[0] in (TRAIN_IMAGES, TRAIN_LABELS)
    return by_hand if trains else f'{by_hand}; or use the split "validation", whose 5,000 digits are embedded'
