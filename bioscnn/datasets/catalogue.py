"""The data sets by name: load, list, fetch, check."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bioscnn.datasets import mnist, mnist_files
from bioscnn.datasets.folders import data_folder
from bioscnn.datasets.images import ImageSet
from bioscnn.datasets.mnist_files import OfficialFile
from bioscnn.errors import UserError

AVAILABLE = ("mnist",)
PLANNED = ("caltech", "nmnist", "ncaltech101", "folder", "idx")


@dataclass(frozen=True)
class DatasetRow:
    """One split of one data set, for ``bioscnn data list``."""

    name: str
    split: str
    n: int
    available: Literal["data folder", "embedded", "downloaded", "needs download"]


@dataclass(frozen=True)
class FileRow:
    """One checked file, for ``bioscnn data check``."""

    file: str
    status: Literal["ok", "missing", "broken"]
    found: str  # what was counted, or what is wrong


def load_dataset(
    name: str, split: str = "validation", *, data: Path | None = None, download: bool = True
) -> ImageSet:
    """Load one split of a data set.

    MNIST is looked for in the data folder (``data``, else the environment variable BIOSCNN_DATA), then
    among the embedded digits (``validation`` only), then in the cache of downloads, then on the network.
    The content of a split is the same from every source.

    Parameters
    ----------
    name : str
        ``"mnist"``.
    split : str
        ``"validation"`` (5,000 images), ``"train"`` (55,000) or ``"test"`` (10,000).
    data : path, optional
        A data folder.
    download : bool
        Whether a file that is nowhere on this machine may be downloaded.

    Returns
    -------
    ImageSet

    Raises
    ------
    UserError
        For an unknown name or split, a damaged or unofficial file, or a file that cannot be had.

    Examples
    --------
    >>> images = load_dataset("mnist").take(100)
    >>> images.images.shape
    (100, 1, 28, 28)
    """
    _require_available(name)
    if split not in mnist.SPLITS:
        raise UserError(
            "no such split",
            key="dataset.split",
            value=split,
            expected=", ".join(mnist.SPLITS),
            fix=_nearest(split, mnist.SPLITS),
        )
    return mnist.load_mnist(split, data_folder(data), download=download)


def list_datasets(data: Path | None = None) -> list[DatasetRow]:
    """List each split with where it would come from on this machine; nothing is read or downloaded."""
    folder = data_folder(data)
    return [DatasetRow("mnist", split, n, _available(split, folder)) for split, n in mnist.SPLITS.items()]


def fetch(name: str) -> list[Path]:
    """Download the files of a data set that are not in the cache yet, and return all their paths.

    Raises
    ------
    UserError
        For an unknown name, or if a file cannot be downloaded intact.
    """
    _require_available(name)
    return [mnist_files.download(file) for file in mnist_files.OFFICIAL_FILES]


def check(name: str, data: Path | None = None) -> list[FileRow]:
    """Read every file of a data set that is on this machine and verify its content.

    Parameters
    ----------
    name : str
        ``"mnist"``.
    data : path, optional
        A data folder; else BIOSCNN_DATA.

    Returns
    -------
    list of FileRow
        The embedded digits, then each official file: in the data folder, else in the cache of downloads.
    """
    _require_available(name)
    folder = data_folder(data)
    return [_check_embedded(), *(_check_file(file, folder) for file in mnist_files.OFFICIAL_FILES)]


def _check_embedded() -> FileRow:
    try:
        return FileRow("embedded digits", "ok", f"{len(mnist.load_embedded()):,} images, as published")
    except UserError as error:
        return FileRow("embedded digits", "broken", str(error))


def _check_file(file: OfficialFile, folder: Path | None) -> FileRow:
    path = (folder and file.find(folder)) or file.cached()
    if not path.is_file():
        return FileRow(f"{file.name}.gz", "missing", "in neither the data folder nor the download cache")
    try:
        return FileRow(str(path), "ok", f"{len(file.read(path)):,} items, as published")
    except UserError as error:
        return FileRow(str(path), "broken", str(error))


def _available(
    split: str, folder: Path | None
) -> Literal["data folder", "embedded", "downloaded", "needs download"]:
    files = mnist.official_files(split)
    if folder is not None and mnist.find_pair(files, folder) is not None:
        return "data folder"
    if split == "validation":
        return "embedded"
    return "downloaded" if all(file.cached().is_file() for file in files) else "needs download"


def _require_available(name: str) -> None:
    if name in AVAILABLE:
        return
    kind = name.partition(":")[0]
    today = f"one of those available today: {', '.join(AVAILABLE)}"
    if kind in PLANNED:
        raise UserError("this data set is not built yet", key="dataset.name", value=name, expected=today)
    raise UserError(
        "unknown data set",
        key="dataset.name",
        value=name,
        expected=today,
        fix=_nearest(kind, AVAILABLE + PLANNED),
    )


def _nearest(word: str, words: tuple[str, ...] | dict[str, int]) -> str | None:
    close = difflib.get_close_matches(word.lower(), words, n=1)
    return f'did you mean "{close[0]}"?' if close else None
