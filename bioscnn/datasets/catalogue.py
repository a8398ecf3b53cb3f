"""The data sets by name: load, list, fetch, check."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from bioscnn.datasets import caltech, fashion_mnist, mnist, mnist_files
from bioscnn.datasets.archives import fetch_archive
from bioscnn.datasets.downloads import Progress
from bioscnn.datasets.folders import data_folder, places
from bioscnn.datasets.images import ImageSet
from bioscnn.datasets.mnist_files import OfficialFile
from bioscnn.datasets.own import KEYS_OF_KINDS, OwnData, check_parts, kind_and_path, with_kind
from bioscnn.datasets.recordings import EVENT_DATASETS, EventDataset, find_real
from bioscnn.errors import UserError, did_you_mean
from bioscnn.files import path_of

IMAGES = {"mnist": mnist.SPLITS, "caltech": caltech.SPLITS}
AVAILABLE = (*IMAGES, *EVENT_DATASETS)
KNOWN = (*AVAILABLE, fashion_mnist.NAME)
"""Names of all data sets that have one; own data are named by kind and path."""
_SHOWN = 10  # broken recordings or photographs of a split that are listed one by one


@dataclass(frozen=True)
class DatasetRow:
    """One split of one data set, for ``bioscnn data list``."""

    name: str
    split: str
    n: int  # images or recordings
    available: Literal["data folder", "embedded", "downloaded", "simulated", "needs download"]


@dataclass(frozen=True)
class FileRow:
    """One checked file, for ``bioscnn data check``."""

    file: str
    status: Literal["ok", "missing", "broken"]
    found: str  # what was counted, or what is wrong


def load_dataset(
    name: str,
    split: str = "validation",
    *,
    size: tuple[int, int] | None = None,
    data: Path | None = None,
    download: bool = True,
) -> ImageSet:
    """Load one split of a data set.

    Images of the user's own are named by kind and path, such as ``"folder:photographs"``; their splits and
    more of their keys are those of `bioscnn.datasets.OwnData`.

    MNIST is looked for in the data folder (``data``, else the environment variable BIOSCNN_DATA), then among
    the embedded digits (``validation`` only), then in the cache of downloads, then on the network. A split
    has the same content from every source. The photographs of Caltech101 are looked for in the data folder,
    then in the cache of downloads; they are never downloaded here: `fetch` does that.

    Parameters
    ----------
    name : str
        ``"mnist"``, ``"caltech"`` (motorbikes and airplanes of Caltech101), or own images.
    split : str
        ``"validation"`` (5,000 digits, 150 photographs), ``"train"`` (55,000; 1,248) or ``"test"`` (10,000;
        200).
    size : tuple of int, optional
        Height and width of photographs, pixels; of Caltech101 (30, 40) if left out. Digits are 28 x 28.
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
        For an unknown name, split or size, a damaged or unofficial file, or a file that cannot be had.

    Examples
    --------
    >>> images = load_dataset("mnist").take(100)
    >>> images.images.shape
    (100, 1, 28, 28)
    """
    own = _own(name, size)
    if own is not None:
        _require_kind(own.recorded, name, 'OwnData("events", Path("..."), size=(HEIGHT, WIDTH)).load()')
        return own.load_images(split)
    _require_images(name)
    splits = IMAGES[name]
    if split not in splits:
        raise UserError(
            "no such split",
            key="dataset.split",
            value=split,
            expected=", ".join(splits),
            fix=did_you_mean(split, splits),
        )
    folder = data_folder(data)
    if name == "caltech":
        return caltech.load_caltech(split, folder, size=caltech.SIZE if size is None else size)
    if size is not None:
        raise UserError(
            "the digits of MNIST have one size", key="dataset.size", value=size, fix="leave it out"
        )
    return mnist.load_mnist(split, folder, download=download)


def list_datasets(data: Path | None = None) -> list[DatasetRow]:
    """List each split with where it would come from on this machine; nothing is read or downloaded."""
    folder = data_folder(data)
    images = [
        DatasetRow("mnist", split, n, mnist.available(split, folder)) for split, n in mnist.SPLITS.items()
    ] + [_photographs(split, folder) for split in caltech.SPLITS]
    recordings = [
        _recordings(name, dataset, split, folder)
        for name, dataset in EVENT_DATASETS.items()
        for split in dataset.splits
    ]
    return images + recordings


def fetch(name: str, progress: Progress | None = None) -> list[Path]:
    """Download the files of a data set that are not in the cache yet, and return where all of them are.

    Parameters
    ----------
    name : str
        ``"mnist"`` (11 MB), ``"fashion-mnist"`` (31 MB), ``"caltech"`` (137 MB), ``"nmnist"`` (1.1 GB) or
        ``"ncaltech101"``. Photographs and recordings are unpacked.
    progress : callable, optional
        Told of the bytes of large archives as they come.

    Raises
    ------
    UserError
        For an unknown name, or if a file cannot be downloaded intact.
    """
    if name == fashion_mnist.NAME:
        return fashion_mnist.fetch()
    _require_available(name)
    if name == "caltech":
        return [fetch_archive(caltech.ARCHIVE, progress)]
    if name in EVENT_DATASETS:
        return [fetch_archive(archive, progress) for archive in EVENT_DATASETS[name].archives]
    return [mnist_files.download(file) for file in mnist_files.OFFICIAL_FILES]


def check(name: str, data: Path | None = None) -> list[FileRow]:
    """Read every file of a data set that is on this machine and verify its content.

    Parameters
    ----------
    name : str
        ``"mnist"``, ``"caltech"``, ``"nmnist"`` or ``"ncaltech101"``, or own data such as
        ``"folder:photographs"``.
    data : path, optional
        A data folder; else BIOSCNN_DATA.

    Returns
    -------
    list of FileRow
        Of MNIST, the embedded digits, then each official file; of photographs and recordings, each split,
        then those of its files that are broken. They are taken from the data folder, else from the cache of
        downloads.
    """
    own = _own(name, None)
    if own is not None:
        return _check_own(own)
    _require_available(name)
    folder = data_folder(data)
    if name == "caltech":
        return [row for split in caltech.SPLITS for row in _check_photographs(split, folder)]
    if name in EVENT_DATASETS:
        dataset = EVENT_DATASETS[name]
        return [row for split in dataset.splits for row in _check_recordings(dataset, split, folder)]
    return [_check_embedded(), *(_check_file(file, folder) for file in mnist_files.OFFICIAL_FILES)]


def _check_embedded() -> FileRow:
    try:
        return FileRow("embedded digits", "ok", f"{len(mnist.load_embedded()):,} images, as published")
    except UserError as error:
        return FileRow("embedded digits", "broken", str(error))


def _check_file(file: OfficialFile, folder: Path | None) -> FileRow:
    path = (folder and file.find(folder)) or file.cached()
    if not path.is_file():
        return _missing(f"{file.name}.gz")
    try:
        return FileRow(str(path), "ok", f"{len(file.read(path)):,} items, as published")
    except UserError as error:
        return FileRow(str(path), "broken", str(error))


def _photographs(split: str, folder: Path | None) -> DatasetRow:
    photographs = caltech.find_photographs(split, folder)
    if photographs is None:
        return DatasetRow("caltech", split, caltech.SPLITS[split], "needs download")
    return DatasetRow("caltech", split, len(photographs.paths), photographs.kind)


def _recordings(name: str, dataset: EventDataset, split: str, folder: Path | None) -> DatasetRow:
    for kind, place in places(folder):
        if (real := dataset.find(split, place, kind)) is not None:
            return DatasetRow(name, split, len(real), kind)
    simulated = dataset.has_images(split, folder)
    return DatasetRow(name, split, dataset.splits[split], "simulated" if simulated else "needs download")


def _check_photographs(split: str, folder: Path | None) -> list[FileRow]:
    title = f"Caltech101, {split}"
    try:
        photographs = caltech.find_photographs(split, folder)
    except UserError as error:
        return [FileRow(title, "broken", str(error))]
    if photographs is None:
        return [_missing(title)]
    _, broken = _read_each(
        [partial(caltech.read_photograph, path, caltech.SIZE) for path in photographs.paths]
    )
    return _checked(title, photographs.source, photographs.source, broken)


def _check_recordings(dataset: EventDataset, split: str, folder: Path | None) -> list[FileRow]:
    title = f"{dataset.title}, {split}"
    try:
        real = find_real(dataset, split, folder)
    except UserError as error:
        return [FileRow(title, "broken", str(error))]
    if real is None:
        return [_missing(title)]
    read, broken = _read_each([recording.read for recording in real.recordings])
    return _checked(title, real.source, f"{real.source}, {sum(read):,} events", broken)


def _check_own(own: OwnData) -> list[FileRow]:
    what, rows = "recordings" if own.recorded else "images", []
    for part in check_parts(own):
        title = f"{own.name}, {part.name}"
        counted = f"{part.n:,} {what}"
        if part.in_training:
            counted += f", {part.in_training:,} of which are in train, too"
        broken = [FileRow(str(error.file), "broken", error.problem) for error in part.broken]
        rows += _checked(title, counted, counted, broken)
    return rows


def _read_each(reads: Sequence[Callable[[], Sized]]) -> tuple[list[int], list[FileRow]]:
    """Return the lengths of what can be read, and a row for each file that cannot."""
    lengths, broken = [], []
    for read in reads:
        try:
            lengths.append(len(read()))
        except UserError as error:
            broken.append(FileRow(str(error.file), "broken", error.problem))
    return lengths, broken


def _checked(title: str, source: str, counted: str, broken: list[FileRow]) -> list[FileRow]:
    if broken:
        return [FileRow(title, "broken", f"{source}, {len(broken):,} broken"), *broken[:_SHOWN]]
    return [FileRow(title, "ok", counted)]


def _missing(title: str) -> FileRow:
    return FileRow(title, "missing", "in neither the data folder nor the download cache")


def _require_available(name: str) -> None:
    if name in AVAILABLE:
        return
    meant = with_kind(name)
    fix = f"write {meant}" if meant else did_you_mean(name.partition(":")[0], (*KNOWN, *KEYS_OF_KINDS))
    raise UserError(
        "unknown data set",
        key="dataset.name",
        value=name,
        expected=f"{', '.join(KNOWN)}; or own data: {', '.join(f'{kind}:PATH' for kind in KEYS_OF_KINDS)}",
        fix=fix,
    )


def _own(name: str, size: tuple[int, int] | None) -> OwnData | None:
    """Return data of the user's own, or None for the name of another data set."""
    if name == fashion_mnist.NAME:
        fashion_mnist.require(fashion_mnist.folder())
        name = f"idx:{fashion_mnist.folder()}"
    kind_path = kind_and_path(name)
    if kind_path is None:
        return None
    if not kind_path[1].strip():
        raise UserError("no path of own data", value=name, expected=f"{kind_path[0]}:PATH")
    if size is not None and "size" not in KEYS_OF_KINDS[kind_path[0]]:
        raise UserError("these images have a size of their own", key="size", value=size, fix="leave it out")
    return OwnData(kind_path[0], path_of(kind_path[1]), size)


def _require_kind(recorded: bool, title: str, instead: str) -> None:
    if recorded:
        raise UserError(
            f"{title} holds recordings of an event camera, not images",
            key="dataset.name",
            value=title,
            expected=f"images: {', '.join(IMAGES)}",
            fix=f"bioscnn.datasets.{instead}",
        )


def _require_images(name: str) -> None:
    _require_available(name)
    if name in EVENT_DATASETS:
        _require_kind(True, EVENT_DATASETS[name].title, f'load_recordings("{name}")')
