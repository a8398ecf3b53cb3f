"""Fashion-MNIST: 70,000 grey pictures of clothes in ten classes, in the files and sizes of MNIST.

It is fetched into a folder of IDX files, for which ``"fashion-mnist"`` is short in a study. Source: Xiao,
Rasul and Vollgraf (2017), *Fashion-MNIST: a novel image dataset for benchmarking machine learning
algorithms*, https://arxiv.org/abs/1708.07747; licence: MIT.
"""

from __future__ import annotations

from pathlib import Path

from bioscnn.caches import cache_folder
from bioscnn.datasets.downloads import retrieve
from bioscnn.datasets.own.idx_pairs import NAMES
from bioscnn.errors import UserError
from bioscnn.files import write_atomically

NAME = "fashion-mnist"
CLASSES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
MD5 = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
"""Of the files as they are served; published at https://github.com/zalandoresearch/fashion-mnist."""


IMAGES_MD5 = ("f4a8712d7a061bf5bd6d2ca38dc4d50a", "8181f5470baa50b63fa0f6fddb340f0a")
"""Of the unpacked files of images, for training and testing: people compress them again."""


def folder() -> Path:
    """Return where the files are kept, whether they are there or not."""
    return cache_folder() / NAME


def require(path: Path) -> None:
    """Refuse to look for the files where they are kept before they were fetched.

    Raises
    ------
    UserError
        If `path` is that folder, and it is not there.
    """
    if path == folder() and not path.is_dir():
        raise UserError(
            "Fashion-MNIST is not on this machine yet", file=path, fix=f"bioscnn data fetch {NAME}"
        )


def fetch() -> list[Path]:
    """Download the files that are not there yet, and return all of them and that of the classes' names.

    Raises
    ------
    UserError
        If a file cannot be downloaded intact.
    """
    otherwise = (
        f"fetch the files from {MIRRORS[0]} on a machine with a network and put them in {folder()}; Debian "
        'has the package dataset-fashion-mnist: dataset.name = "idx:/usr/share/datasets/fashion-mnist"'
    )
    files = [
        retrieve([mirror + name for mirror in MIRRORS], md5, folder() / name, otherwise=otherwise)
        for name, md5 in MD5.items()
    ]
    names = folder() / NAMES
    write_atomically(names, "".join(f"{name}\n" for name in CLASSES).encode())
    return [*files, names]
