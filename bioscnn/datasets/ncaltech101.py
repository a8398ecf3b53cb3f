"""N-Caltech101, motorbikes and airplanes: photographs recorded by an event camera making three saccades.

The recordings were cropped to what the photograph covered, so they differ in size; `centre` says where each
lies in the common field of 240 x 180 pixels. Splits are those of `bioscnn.datasets.caltech`, photograph by
photograph. Source: Orchard, Jayawant, Cohen and Thakor (2015), *Converting static image datasets to spiking
neuromorphic datasets using saccades*, Frontiers in Neuroscience 9:437,
https://doi.org/10.3389/fnins.2015.00437.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bioscnn.datasets.archives import Archive
from bioscnn.datasets.caltech import CLASSES, COUNTS, FOLDERS, SPLITS, select
from bioscnn.datasets.event_files import read_events
from bioscnn.datasets.event_folders import list_numbered, subfolder, wrong_layout
from bioscnn.datasets.events import EventSet, EventStream

SENSOR_SIZE = (240, 180)
LAYOUT = "N-Caltech101/Motorbikes/image_0001.bin and N-Caltech101/airplanes/image_0001.bin"
ARCHIVES = (
    Archive(
        "ncaltech101.zip",
        "https://data.mendeley.com/public-files/datasets/cy6cvx3ryv/files/"
        "36b5c52a-b49d-4853-addb-a836a8883e49/file_downloaded",
        md5="66201824eabb0239c7ab992480b50ba3",
        holds="Caltech101",
        target="ncaltech101/Caltech101",
        page="https://www.garrickorchard.com/datasets/n-caltech101",
    ),
)


def centre(stream: EventStream) -> EventStream:
    """Move a recording so that the rectangle that its events span lies in the middle of the sensor.

    Where the remainder is odd, the extra column is at the right and the extra row below. A recording without
    events stays what it is.

    Examples
    --------
    >>> corner = EventStream([0, 1], [0, 3], [0, 9], [True, True], (10, 10))
    >>> centre(corner).x.tolist(), centre(corner).y.tolist()
    ([4, 5], [3, 6])
    """
    if not len(stream):
        return stream
    moved = {}
    for axis, size in zip(("x", "y"), stream.sensor_size, strict=True):
        position = getattr(stream, axis)
        low, high = int(position.min()), int(position.max())
        moved[axis] = position + np.int16((size - (high - low + 1)) // 2 - low)
    return replace(stream, **moved)


@dataclass(frozen=True)
class CroppedFile:
    """A cropped recording in a file, which is read and centred when it is asked for."""

    path: Path

    def read(self) -> EventStream:
        """Return its events in the common field; raises `UserError` as `read_events` does."""
        return centre(read_events(self.path, SENSOR_SIZE))


def load_ncaltech101(split: str, place: Path, source: str) -> EventSet | None:
    """Return the recordings of a split below a folder, none of them read yet, or None if there are none.

    Parameters
    ----------
    split : str
        ``"validation"``, ``"train"`` or ``"test"``.
    place : path
        The folder above ``N-Caltech101`` (also spelt ``N_Caltech101``, ``NCALTECH101``, ``ncaltech101``).
    source : str
        What to call that folder.

    Raises
    ------
    UserError
        If the folder has another layout.
    """
    root = subfolder(place, "N-Caltech101")
    if root is None:
        return None
    folder = subfolder(root, "Caltech101") or root
    folders = [folder / name for name in FOLDERS]
    if not all(path.is_dir() for path in folders):
        raise wrong_layout(folder, LAYOUT)
    files = list_numbered(folders, "image_0000.bin", COUNTS)
    rows, positions = select(split, files)
    if not len(rows):
        return None
    return EventSet(
        tuple(CroppedFile(files.paths[row]) for row in rows),
        files.labels[rows],
        CLASSES,
        SENSOR_SIZE,
        "ncaltech101",
        split,
        f"{source}: {len(rows):,} of {SPLITS[split]:,} recordings",
        simulated=False,
        index=positions,
    )
