"""Examples of a part that are in the part train, too: the same bytes of a file, or of an image."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.own.own_data import OwnData

_PIECE = 1 << 20  # bytes of a file read at a time
_AT_ONCE = 1 << 28  # bytes of images in memory at a time


def in_training(data: OwnData, split: str, trials: int | None = None) -> int:
    """Return how many of the first examples of a split are in the part train, too, byte by byte.

    A photograph that was compressed again, or resized, is another one.

    Parameters
    ----------
    data : OwnData
        Images or recordings.
    split : str
        ``"validation"`` or ``"test"``.
    trials : int, optional
        How many examples; all if left out.
    """
    if "train" not in data.splits or split not in data.splits:
        return 0
    rows, training = data.splits[split].rows[:trials], data.splits["train"].rows
    if data.kind not in ("idx", "npz"):  # files of another length are others, and need not be read
        sizes = {_size(data, row) for row in rows}
        training = np.array([row for row in training if _size(data, row) in sizes], np.int64)
    training_digests = set(_digests(data, training))
    return sum(digest in training_digests for digest in _digests(data, rows))


def digests_of(images: NDArray[np.generic]) -> Iterator[bytes]:
    """Yield a hash of each image of an array."""
    return (hashlib.sha256(image.tobytes()).digest() for image in images)


def _size(data: OwnData, row: int) -> int:
    """Return the bytes of a file; -1 if it cannot be asked for them."""
    try:
        return int(data.contents.paths[row].stat().st_size)
    except OSError:
        return -1


def _digests(data: OwnData, rows: NDArray[np.int64]) -> Iterator[bytes]:
    """Yield a hash of the content of each example that can be read."""
    if data.kind in ("idx", "npz"):
        ordered, images = np.sort(rows), data.contents.examples(rows[:1])
        at_once = max(1, _AT_ONCE // images.nbytes)
        for first in range(0, len(ordered), at_once):
            yield from digests_of(data.contents.examples(ordered[first : first + at_once]))
        return
    for row in rows:
        digest = hashlib.sha256()
        try:
            with data.contents.paths[row].open("rb") as file:
                while piece := file.read(_PIECE):
                    digest.update(piece)
        except OSError:
            continue  # `bioscnn data check` names it
        yield digest.digest()
