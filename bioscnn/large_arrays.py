"""Arrays that need not fit into memory: large ones lie in a file without a name, in the cache folder."""

from __future__ import annotations

import math
import os
import shutil
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bioscnn.caches import cache_folder
from bioscnn.errors import UserError

IN_MEMORY = 16_000_000
"""Bytes up to which an array is an ordinary one."""

WITHOUT_ROOM = 256_000_000
"""Bytes up to which it is one where the disk has no room for it."""


def large_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array to be filled; one of more than `IN_MEMORY` bytes lies in a file.

    The file has no name and is gone with the array, or with the process. The system keeps as much of it in
    memory as there is room for. Copies of the process share it: what one writes the others read.

    Parameters
    ----------
    shape : tuple of int
        Its shape.
    dtype : dtype
        Its type.

    Raises
    ------
    UserError
        If there is no room on the disk of the cache folder for one of more than `WITHOUT_ROOM` bytes.

    Examples
    --------
    >>> large_array((2, 3), np.uint8).shape
    (2, 3)
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size <= IN_MEMORY:
        return np.empty(shape, dtype)
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder) as file:
            _reserve(file, size)
            return np.asarray(np.memmap(file, dtype, "r+", shape=shape))
    except OSError as error:
        if size <= WITHOUT_ROOM:
            return np.empty(shape, dtype)
        raise UserError(
            "no room for examples that do not fit into memory",
            file=folder,
            value=error.strerror,
            expected=f"{size / 1e9:.1f} GB",
            fix="free some space, name another cache folder in BIOSCNN_CACHE, or take fewer trials",
        ) from error


def _reserve(file: IO[bytes], size: int) -> None:
    """Make a file of a size whose every byte has its place on the disk."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    elif shutil.disk_usage(cache_folder()).free > size:  # pragma: no cover, macOS
        file.truncate(size)
    else:  # pragma: no cover
        raise OSError(28, "No space left on device")
