"""A strict reader of idx files, the format of MNIST and its relatives.

An idx file is two zero bytes, a byte for the type, a byte for the number of dimensions, each dimension as
a big-endian uint32, then the values in C order, big-endian. Specification: LeCun, Cortes and Burges, *The
MNIST database of handwritten digits*, http://yann.lecun.com/exdb/mnist/.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bioscnn.datasets.contents import FETCH_AGAIN, read_content
from bioscnn.errors import UserError

_DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_MOST_DIMENSIONS = 32  # what every supported NumPy can hold


def parse_idx(content: bytes, file: str | Path) -> NDArray[Any]:
    """Read the content of an idx file.

    Parameters
    ----------
    content : bytes
        The unpacked content.
    file : path
        Named in errors.

    Returns
    -------
    ndarray
        uint8, int8, int16, int32, float32 or float64 in native byte order, writable, with 1 to 32
        dimensions, none of them empty.

    Raises
    ------
    UserError
        If the header is wrong, or the file ends early or late; the message gives the byte offset.
    """
    if len(content) < 4:
        raise _wrong("the idx file is truncated", file, 0, f"{len(content)} bytes", "a header of 4 bytes")
    if content[:2] != b"\0\0" or content[2] not in _DTYPES:
        expected = "0x0000 and a type, such as 0x000008 for uint8"
        raise _wrong("not an idx file", file, 0, f"0x{content[:3].hex()}", expected)
    dtype, n_dimensions = np.dtype(_DTYPES[content[2]]), content[3]
    if not 1 <= n_dimensions <= _MOST_DIMENSIONS:
        expected = f"1 to {_MOST_DIMENSIONS} dimensions"
        raise _wrong("not an idx file", file, 3, n_dimensions, expected)
    start = 4 + 4 * n_dimensions
    if len(content) < start:
        expected = f"a header of {start} bytes for {n_dimensions} dimensions"
        raise _wrong("the idx file is truncated", file, len(content), "end of file", expected)
    shape = tuple(int(size) for size in np.frombuffer(content, ">u4", n_dimensions, offset=4))
    if 0 in shape:
        raise _wrong("an empty idx file", file, 4, shape, "dimensions of at least 1")
    end = start + math.prod(shape) * dtype.itemsize
    if len(content) < end:
        expected = f"{end} bytes for shape {shape}"
        raise _wrong("the idx file is truncated", file, len(content), "end of file", expected)
    if len(content) > end:
        surplus = f"{len(content) - end} bytes too many"
        raise _wrong("trailing bytes in the idx file", file, end, surplus, f"end of file for shape {shape}")
    # astype copies: the array must not share the read-only memory of the bytes.
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))


def read_idx(path: Path) -> NDArray[Any]:
    """Read an idx file, gzipped or not; see `parse_idx`."""
    return parse_idx(read_content(path), path)


def _wrong(problem: str, file: str | Path, offset: int, value: object, expected: str) -> UserError:
    return UserError(
        f"{problem}, at byte {offset}", file=file, value=value, expected=expected, fix=FETCH_AGAIN
    )
