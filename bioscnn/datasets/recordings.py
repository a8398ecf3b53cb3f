"""Recordings of event cameras by name: those of a real camera where they are, else simulated ones."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bioscnn.datasets import caltech, mnist, ncaltech101, nmnist
from bioscnn.datasets.archives import Archive
from bioscnn.datasets.camera import N_CALTECH101, N_MNIST, Camera
from bioscnn.datasets.events import EventSet
from bioscnn.datasets.folders import data_folder, places
from bioscnn.datasets.images import ImageSet
from bioscnn.datasets.recording_store import keep, place_of, read_stored
from bioscnn.datasets.titles import TITLES
from bioscnn.errors import UserError

HELD_OUT = "held-out"
SOURCES = ("auto", "real", HELD_OUT, "simulated")
Progress = Callable[[int, int], None]
_SEED = 1  # of the simulated camera
_CAMERA_CODE = ("saccades.py", "camera.py", "film.py", "event_pixels.py")


class EventDataset(NamedTuple):
    """What there is to know about a set of recordings and the images that were shown."""

    title: str
    splits: Mapping[str, int]  # recordings of each split
    camera: Camera  # which records the images where there are no recordings
    layout: str
    archives: tuple[Archive, ...]
    find: Callable[[str, Path, str], EventSet | None]  # of a split, below a folder, called so
    images: Callable[[str, Path | None, bool], ImageSet]  # of a split, from a data folder, downloaded or not
    has_images: Callable[[str, Path | None], bool]  # whether they are on this machine


def _photographs(split: str, folder: Path | None) -> ImageSet:
    """Return the photographs at the size of the sensor, under the name that its recordings go by."""
    size = N_CALTECH101.sensor_size[::-1]
    return replace(caltech.load_caltech(split, folder, size=size), name="caltech101")


EVENT_DATASETS = {
    "nmnist": EventDataset(
        TITLES["nmnist"],
        mnist.SPLITS,
        N_MNIST,
        nmnist.LAYOUT,
        nmnist.ARCHIVES,
        nmnist.load_nmnist,
        lambda split, folder, download: mnist.load_mnist(split, folder, download=download),
        lambda split, folder: mnist.available(split, folder) != "needs download",
    ),
    "ncaltech101": EventDataset(
        TITLES["ncaltech101"],
        caltech.SPLITS,
        N_CALTECH101,
        ncaltech101.LAYOUT,
        ncaltech101.ARCHIVES,
        ncaltech101.load_ncaltech101,
        lambda split, folder, _: _photographs(split, folder),
        lambda split, folder: caltech.find_photographs(split, folder) is not None,
    ),
}


def load_recordings(
    name: str,
    split: str = "validation",
    *,
    source: str = "auto",
    trials: int | None = None,
    data: Path | None = None,
    download: bool = True,
    progress: Progress | None = None,
) -> EventSet:
    """Load one split of a set of recordings.

    Real recordings are looked for in the data folder (``data``, else the environment variable BIOSCNN_DATA),
    then in the cache of downloads; they are read one by one, when they are asked for. Where there are none,
    `bioscnn.datasets.saccades` records the images of the same split, and what it records is kept in the
    cache. Real recordings are never downloaded here: `bioscnn.datasets.fetch` does that.

    Parameters
    ----------
    name : str
        ``"nmnist"`` or ``"ncaltech101"`` (motorbikes and airplanes).
    split : str
        ``"validation"``, ``"train"`` or ``"test"``.
    source : str
        ``"real"``, ``"simulated"``, or ``"auto"``: real where there are any of this split; ``"held-out"``:
        real ones that the simulated camera was not fitted to.
    trials : int, optional
        The first so many only; the classes take turns, so they are balanced.
    data : path, optional
        A data folder.
    download : bool
        Whether images of MNIST that are nowhere on this machine may be downloaded to be recorded.
    progress : callable, optional
        Called with the numbers of simulated recordings done and wanted.

    Returns
    -------
    EventSet
        Its ``name``, ``source`` and ``simulated`` say what it is.

    Raises
    ------
    UserError
        For an unknown name, split or source, a damaged file or folder, or if neither the recordings nor the
        images can be had.

    Examples
    --------
    >>> recordings = load_recordings("nmnist", trials=10)  # doctest: +SKIP
    >>> recordings.sensor_size  # doctest: +SKIP
    (34, 34)
    """
    dataset = find_dataset(name)
    for key, value, choices in (("split", split, tuple(dataset.splits)), ("recordings", source, SOURCES)):
        if value not in choices:
            raise UserError(f"no such {key}", key=f"dataset.{key}", value=value, expected=", ".join(choices))
    folder = data_folder(data)
    real = find_real(dataset, split, folder) if source != "simulated" else None
    if real is not None and source == HELD_OUT:
        unseen = real.take(np.flatnonzero(nmnist.held_out(real)))
        real = replace(unseen, source=f"{real.source}, {len(unseen):,} of them not of the camera's fit")
    if real is not None and len(real):
        return real if trials is None else real.take(trials)
    if source in ("real", HELD_OUT):
        raise UserError(
            f'no recordings of {dataset.title}, split "{split}", are on this machine',
            key="dataset.recordings",
            value=source,
            expected=f"{dataset.layout} in a data folder",
            fix=f'bioscnn data fetch {name}; or set it to "simulated"',
        )
    images = dataset.images(split, folder, download)
    return record_once(images if trials is None else images.take(trials), dataset.camera, progress)


def find_dataset(name: str) -> EventDataset:
    """Return a set of recordings by its name.

    Raises
    ------
    UserError
        If there is none of that name.
    """
    if name not in EVENT_DATASETS:
        raise UserError(
            "unknown set of recordings", key="dataset.name", value=name, expected=", ".join(EVENT_DATASETS)
        )
    return EVENT_DATASETS[name]


def find_real(dataset: EventDataset, split: str, folder: Path | None) -> EventSet | None:
    """Return the recordings of a real camera in the data folder, else in the cache, or None; reads none."""
    for kind, place in places(folder):
        source = f"data folder {place}" if kind == "data folder" else f"downloaded to {place}"
        if (real := dataset.find(split, place, source)) is not None:
            return real
    return None


def record_once(images: ImageSet, camera: Camera, progress: Progress | None = None) -> EventSet:
    """Return the simulated recordings of some images, from the cache if they were made before."""
    from bioscnn.datasets import saccades

    place = place_of(images, camera, _SEED, _camera_code())
    return read_stored(place) or keep(saccades.record(images, camera, seed=_SEED, progress=progress), place)


def _camera_code() -> str:
    """Hash the code of the camera: other code, other recordings."""
    folder = Path(__file__).parent
    return hashlib.sha256(b"".join((folder / name).read_bytes() for name in _CAMERA_CODE)).hexdigest()
