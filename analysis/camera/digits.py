"""Real recordings of N-MNIST, and the digits that they show."""

from __future__ import annotations

import numpy as np

from bioscnn.datasets import EventSet, ImageSet
from bioscnn.datasets.folders import data_folder
from bioscnn.datasets.mnist_files import TRAIN_IMAGES
from bioscnn.datasets.nmnist import held_out as is_held_out
from bioscnn.datasets.recordings import load_recordings
from bioscnn.errors import UserError


def load_digits(*, held_out: bool, n: int) -> tuple[EventSet, ImageSet]:
    """Return real recordings of training images, and those images in the same order.

    Parameters
    ----------
    held_out : bool
        Whether to take recordings that the camera was not fitted to, or those that it was.
    n : int
        At most so many recordings, evenly spread.

    Raises
    ------
    UserError
        If the data folder has not both, the recordings and the images.
    """
    folder = data_folder(None)
    path = folder and TRAIN_IMAGES.find(folder)
    if path is None:
        raise UserError(
            "the images of MNIST are in no data folder",
            key="BIOSCNN_DATA",
            value=str(folder),
            expected=f"a folder with N-MNIST/Train and {TRAIN_IMAGES.name}.gz",
        )
    recordings = load_recordings("nmnist", "validation", source="real")
    rows = np.flatnonzero(is_held_out(recordings) == held_out)
    rows = rows[np.argsort(recordings.index[rows])]
    recordings = recordings.take(rows[np.linspace(0, len(rows) - 1, min(n, len(rows))).astype(int)])
    pixels = TRAIN_IMAGES.read(path)[recordings.index][:, None]
    images = ImageSet(
        pixels, recordings.labels, recordings.classes, "mnist", "train", str(path), recordings.index
    )
    return recordings, images
