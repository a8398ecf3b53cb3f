"""Near-duplicates: photographs of the same thing from the same place, found by a perceptual hash."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 16
"""Rows of the hash, and steps along each of them: 256 bits."""

ALIKE = 16
"""Near-duplicates differ in at most so many bits of 256."""


def difference_hash(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return the difference hash (dHash) of grey images.

    An image is averaged into 16 rows of 17 fields; each bit says whether a field is brighter than its left
    neighbour. Brightness and contrast change no bit, another size or another paint few.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, 1, height, width)
        Grey values.

    Returns
    -------
    ndarray of bool, shape (n, 256)

    References
    ----------
    Krawetz (2013), Kind of like that, https://www.hackerfactor.com/blog/index.php?/archives/529-Kind-of-Like-That.html.
    """
    from PIL import Image

    fields = (SIDE + 1, SIDE)  # PIL: width first
    small = [
        np.asarray(Image.fromarray(grey, "L").resize(fields, Image.Resampling.BOX), np.int16)
        for grey in images[:, 0]
    ]
    return np.stack([np.diff(rows, axis=1) > 0 for rows in small]).reshape(len(images), -1)


def near_duplicates(images: NDArray[np.uint8], of: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return which images have a near-duplicate among others.

    Parameters
    ----------
    images, of : ndarray of uint8, shape (n, 1, height, width) and (m, 1, height, width)
        Those that are asked about, and the others.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether the hashes of an image and of any of the others differ in at most 16 of 256 bits.

    Examples
    --------
    >>> photographs = np.random.default_rng(1).integers(0, 256, (3, 1, 32, 34), np.uint8)
    >>> near_duplicates(photographs // 2, photographs[:1])
    array([ True, False, False])
    """
    ours, theirs = (difference_hash(group).astype(np.float32) for group in (images, of))
    differing = ours @ (1 - theirs.T) + (1 - ours) @ theirs.T
    return np.asarray(differing.min(axis=1) <= ALIKE)
