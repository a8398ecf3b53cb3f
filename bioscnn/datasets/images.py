"""Labelled images with their provenance."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bioscnn.errors import UserError
from bioscnn.large_arrays import large_array

_AT_ONCE = 256
"""Images that are read or written at a time."""


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images, their labels, and where they come from.

    Parameters
    ----------
    images : ndarray of uint8 or float32, shape (n, channels, height, width)
        Pixels, 0 (black) to 255 (white); of float32 intensities, 0 to 1.
    labels : ndarray of int64, shape (n,)
        Class of each image, an index into ``classes``.
    classes : tuple of str
        Names of the classes.
    name : str
        Name of the data set, such as ``"mnist"``.
    split : str
        ``"train"``, ``"validation"`` or ``"test"``.
    source : str
        Which source was used, as a phrase for people.
    index : ndarray of int64, shape (n,), optional
        Position of each image within its split; 0 to n - 1 if left out.

    Raises
    ------
    UserError
        If lengths disagree, the images are of another type or shape, or a label names no class.
    """

    images: NDArray[Any] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    classes: tuple[str, ...]
    name: str
    split: str
    source: str
    index: NDArray[np.int64] = field(default=None, repr=False)  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        images, labels = np.ascontiguousarray(self.images), np.asarray(self.labels)
        place = f"{self.name}, {self.split} ({self.source})"
        if images.dtype not in (np.uint8, np.float32) or images.ndim != 4:
            raise UserError(
                "images of the wrong kind",
                file=place,
                key="images",
                value=f"{images.dtype} of shape {images.shape}",
                expected="uint8 or float32 of shape (n, channels, height, width)",
            )
        if labels.ndim != 1 or len(labels) != len(images):
            raise UserError(
                "labels and images of different length",
                file=place,
                key="labels",
                value=labels.shape,
                expected=f"one label for each of {len(images)} images",
            )
        if not np.issubdtype(labels.dtype, np.integer):
            raise UserError("labels must be integers", file=place, key="labels", value=str(labels.dtype))
        outside = np.flatnonzero((labels < 0) | (labels >= len(self.classes)))
        if len(outside):
            raise UserError(
                f"the label of image {outside[0]} names no class",
                file=place,
                key="labels",
                value=int(labels[outside[0]]),
                expected=f"0 to {len(self.classes) - 1}",
            )
        index = np.arange(len(images)) if self.index is None else np.asarray(self.index)
        if index.shape != labels.shape:
            raise UserError(
                "index and images of different length", file=place, key="index", value=index.shape
            )
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", labels.astype(np.int64))
        object.__setattr__(self, "index", index.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    @cached_property
    def sha256(self) -> str:
        """Hash of the shapes and bytes of images and labels; equal content hashes alike from any source."""
        digest = hashlib.sha256()
        for array in (self.images, self.labels.astype("<i8")):
            digest.update(f"{array.dtype.str}{array.shape}".encode())
            for first in range(0, len(array), _AT_ONCE):
                digest.update(array[first : first + _AT_ONCE].tobytes())
        return digest.hexdigest()

    def intensities(self) -> NDArray[np.float32]:
        """Return the images as numbers in [0, 1], shape (n, channels, height, width)."""
        if self.images.dtype == np.float32:
            return self.images
        scaled = large_array(self.images.shape, np.float32)
        for first in range(0, len(scaled), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            np.divide(self.images[part], np.float32(255), out=scaled[part], dtype=np.float32)
        return scaled

    def pictures(self) -> NDArray[np.uint8]:
        """Return the images as numbers from 0 to 255, shape (n, channels, height, width)."""
        if self.images.dtype == np.uint8:
            return self.images
        pictures = large_array(self.images.shape, np.uint8)
        for first in range(0, len(pictures), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            pictures[part] = np.rint(255 * self.images[part])
        return pictures

    def take(self, selection: int | slice | NDArray[np.integer]) -> Self:
        """Return some of the images.

        Parameters
        ----------
        selection : int, slice or ndarray of int
            The first so many images, a slice, or positions in this set.

        Raises
        ------
        UserError
            If more images are asked for than there are.
        """
        if isinstance(selection, int | np.integer):
            if not 1 <= selection <= len(self):
                raise UserError(
                    f"{self.name}, {self.split} has {len(self)} images",
                    key="trials",
                    value=int(selection),
                    expected=f"1 to {len(self)}",
                )
            selection = slice(int(selection))
        return replace(
            self, images=self.images[selection], labels=self.labels[selection], index=self.index[selection]
        )
